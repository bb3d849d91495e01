//! # serial-pair: the prints of the serial number are equal
//!
//! **What it is.** Where a number is printed twice, both prints are set by one machine and are the same. Notes put
//! together from parts of two notes, and forgeries whose number is changed in one place, show two numbers.
//!
//! **How it is measured.** Each print is read by itself. Only prints in which every character is sure are compared.
//!
//! **Unit.** 1 where all sure prints are the same, 0 where two differ.
//!
//! **What it cannot see.** Anything where only one print is legible.
//!
//! **What fools it.** A copy of one genuine note, or both numbers changed alike.

use super::overprint::{Overprint, Reasoned};
use crate::verdict::Finding;

/// The prints of the serial number are equal.
#[derive(Debug, Clone, Copy)]
pub struct SerialPair;

impl Reasoned for SerialPair {
    fn id(&self) -> &'static str {
        "serial-pair"
    }

    fn examine(&self, read: &Overprint<'_>) -> Finding {
        let Some(rules) = read.rules.filter(|_| read.unread.is_none()) else {
            return read.not_examined(self.id(), read.doubt());
        };
        let sure: Vec<(&str, String)> = read
            .number
            .readings
            .iter()
            .filter_map(|r| Some((r.place.as_str(), r.sure()?)))
            .collect();
        let sure: Vec<(&str, &str)> = sure.iter().map(|(p, t)| (*p, t.as_str())).collect();
        read.ruled(self.id(), rules.check_pair(&read.design.id, &sure))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::overprint::tests::read;
    use crate::verdict::Outcome;

    #[test]
    fn equal_prints_agree_and_others_do_not() {
        let look = |prints: &[&str]| SerialPair.examine(&read("usd-1-1963", prints)).outcome;
        assert_eq!(look(&["K91746345B", "K91746345B"]), Outcome::Agrees);
        assert_eq!(look(&["K91746345B", "K91746346B"]), Outcome::Deviates);
        assert_eq!(look(&["K91746345B", "K9174634?B"]), Outcome::NotExamined);
        assert_eq!(look(&[]), Outcome::NotExamined);
    }
}
