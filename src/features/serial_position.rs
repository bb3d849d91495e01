//! # serial-position: the number belongs where the note lay on its sheet
//!
//! **What it is.** US notes carry, in small print, the position that they had on the printed sheet, as `H4`; the plate
//! number repeats its letter. Sheets are numbered by a rule, so the position follows from the running number.
//!
//! **How it is measured.** Number, series year and position are read; the position is computed by every rule that the
//! series was numbered by, and one of them must give the one printed. The letter of the plate must be that of the
//! position.
//!
//! **Unit.** 1 where it follows, 0 where not.
//!
//! **What it cannot see.** Series whose rule is not known, and replacement notes, which were numbered irregularly.
//!
//! **What fools it.** A copy of one genuine note keeps the relation. A made-up pair passes one time in 25 where two
//! rules hold. Sheets are swapped now and then at printing (354 of 356 genuine notes obeyed), so a misfit raises a
//! doubt at most; two letters that differ are a contradiction.

use super::overprint::{Overprint, Reasoned};
use crate::serial::marks::MarkKind;
use crate::verdict::{Finding, Outcome};

/// The number belongs where the note lay on its sheet.
#[derive(Debug, Clone, Copy)]
pub struct SerialPosition;

impl Reasoned for SerialPosition {
    fn id(&self) -> &'static str {
        "serial-position"
    }

    fn examine(&self, read: &Overprint<'_>) -> Finding {
        let Some(rules) = read.rules else {
            return read.not_examined(self.id(), read.doubt());
        };
        let Some(position) = read.marks.position else {
            let why = read.marks.why(MarkKind::Position);
            return read.not_examined(
                self.id(),
                format!("the position on the sheet was not read: {why}"),
            );
        };
        if let Some(letter) = read.marks.plate_letter {
            let plate = read.ruled(self.id(), rules.check_plate(position, letter));
            if plate.outcome == Outcome::Deviates {
                return plate;
            }
        }
        let (Some(serial), Some(year)) = (read.serial(), &read.marks.series) else {
            return read.not_examined(
                self.id(),
                "serial number and series year were not both read",
            );
        };
        let ruling = rules.check_position(&read.design.id, year, &serial, position);
        read.ruled(self.id(), ruling)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::overprint::tests::read;

    #[test]
    fn the_position_follows_from_the_number() {
        let look = |position: Option<&str>, plate, year: Option<&str>| {
            let mut read = read("usd-1-1963", &["B91746345A"]);
            read.marks.position = position.map(|p| p.parse().unwrap());
            read.marks.plate_letter = plate;
            read.marks.series = year.map(str::to_owned);
            SerialPosition.examine(&read)
        };
        assert_eq!(
            look(Some("D4"), Some('D'), Some("2017")).outcome,
            Outcome::Agrees
        );
        let misfit = look(Some("D3"), None, Some("2017"));
        assert!(misfit.outcome == Outcome::Deviates && misfit.doubtful);
        let plate = look(Some("D4"), Some('E'), None);
        assert!(plate.outcome == Outcome::Deviates && plate.doubtful);
        assert_eq!(look(None, None, Some("2017")).outcome, Outcome::NotExamined);
        assert_eq!(look(Some("D4"), None, None).outcome, Outcome::NotExamined);
    }
}
