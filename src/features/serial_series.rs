//! # serial-series: the series fits the design and the number
//!
//! **What it is.** The series year printed on a US note, the first letter of an eleven-character serial number, the
//! signatures and the design belong together; not every series was made of every design.
//!
//! **How it is measured.** The year is read off the note where it can be, the letter off the serial number; both are
//! held against the table of series in `series.toml`. Letters and years that the table does not know are newer than
//! it, and say nothing. What the table has from memory only raises a doubt at most.
//!
//! **Unit.** 1 where they belong together, 0 where not.
//!
//! **What it cannot see.** A series that the table does not know.
//!
//! **What fools it.** A copy of one genuine note.

use super::overprint::{Overprint, Reasoned};
use crate::serial::rules::SeriesMarks;
use crate::verdict::Finding;

/// The series fits the design and the number.
#[derive(Debug, Clone, Copy)]
pub struct SerialSeries;

impl Reasoned for SerialSeries {
    fn id(&self) -> &'static str {
        "serial-series"
    }

    fn examine(&self, read: &Overprint<'_>) -> Finding {
        let Some(rules) = read.rules.filter(|_| read.unread.is_none()) else {
            return read.not_examined(self.id(), read.doubt());
        };
        let marks = SeriesMarks {
            year: read.marks.series.as_deref(),
            signatures: None,
        };
        let ruling = rules.check_series(&read.design.id, read.serial().as_ref(), marks);
        read.ruled(self.id(), ruling)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::overprint::tests::read;
    use crate::verdict::Outcome;

    #[test]
    fn letter_year_and_design() {
        let look = |design, serial: &str, year: Option<&str>| {
            let mut read = read(design, &[serial]);
            read.marks.series = year.map(str::to_owned);
            SerialSeries.examine(&read).outcome
        };
        assert_eq!(look("usd-20-2004", "PB12345678A", None), Outcome::Agrees);
        assert_eq!(
            look("usd-20-2004", "PB12345678A", Some("2013")),
            Outcome::Deviates
        );
        assert_eq!(
            look("usd-20-2004", "RB12345678A", None),
            Outcome::NotExamined
        );
        assert_eq!(
            look("usd-1-1963", "B12345678A", Some("2021")),
            Outcome::Agrees
        );
        assert_eq!(look("usd-1-1963", "B12345678A", None), Outcome::NotExamined);
    }
}
