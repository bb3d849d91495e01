//! # serial-district: the bank in the number, the seal and the numbers
//!
//! **What it is.** A US note names its Federal Reserve Bank several times: by a letter of the serial number, by the
//! letter in the seal or under the number, and by its number, 1 to 12. All belong together.
//!
//! **How it is measured.** The serial number is read, then the letter in the seal and the numbers around it; what was
//! read for sure is compared with the table of banks in `series.toml`.
//!
//! **Unit.** 1 where all agree, 0 where not.
//!
//! **What it cannot see.** Marks that are covered, or too small in the scan to be read.
//!
//! **What fools it.** A copy of one genuine note.

use super::overprint::{Overprint, Reasoned};
use crate::serial::rules::DistrictMarks;
use crate::verdict::Finding;

/// The bank in the number, the seal and the numbers.
#[derive(Debug, Clone, Copy)]
pub struct SerialDistrict;

impl Reasoned for SerialDistrict {
    fn id(&self) -> &'static str {
        "serial-district"
    }

    fn examine(&self, read: &Overprint<'_>) -> Finding {
        let (Some(rules), Some(serial)) = (read.rules, read.serial()) else {
            return read.not_examined(self.id(), read.doubt());
        };
        let marks = DistrictMarks {
            letter: read.marks.district,
            numbers: &read.marks.district_numbers,
        };
        read.ruled(self.id(), rules.check_district(&serial, marks))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::overprint::tests::read;
    use crate::verdict::Outcome;

    #[test]
    fn seal_and_numbers_belong_to_the_letter() {
        let look = |letter, numbers: &[u8]| {
            let mut read = read("usd-1-1963", &["K91746345B"]);
            read.marks.district = letter;
            read.marks.district_numbers = numbers.to_vec();
            SerialDistrict.examine(&read)
        };
        assert_eq!(look(Some('K'), &[11, 11]).outcome, Outcome::Agrees);
        // One mark alone may be misread; two that name the same other bank are not.
        for (letter, numbers, doubtful) in [
            (Some('L'), &[][..], true),
            (None, &[11, 12][..], true),
            (Some('L'), &[12, 11][..], false),
        ] {
            let finding = look(letter, numbers);
            assert_eq!(finding.outcome, Outcome::Deviates);
            assert_eq!(finding.doubtful, doubtful, "{finding:?}");
        }
        assert_eq!(look(None, &[]).outcome, Outcome::NotExamined);
    }
}
