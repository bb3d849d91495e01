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
