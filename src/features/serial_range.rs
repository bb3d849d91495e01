//! # serial-range: the running number was printed for circulation
//!
//! **What it is.** Each block of numbers ends at a limit. Higher numbers, and zero, are on specimens and on uncut
//! sheets sold to collectors.
//!
//! **How it is measured.** The running number is held against the range in `series.toml`.
//!
//! **Unit.** 1 within the range, 0 beyond it.
//!
//! **What it cannot see.** A made-up number within the range; that is most of them.
//!
//! **What fools it.** Nothing needs to. A note from a cut-up souvenir sheet is genuine and lies beyond: so this raises a
//! doubt at most.

use super::overprint::{Overprint, Reasoned};
use crate::verdict::Finding;

/// The running number was printed for circulation.
#[derive(Debug, Clone, Copy)]
pub struct SerialRange;

impl Reasoned for SerialRange {
    fn id(&self) -> &'static str {
        "serial-range"
    }

    fn examine(&self, read: &Overprint<'_>) -> Finding {
        let (Some(rules), Some(serial)) = (read.rules, read.serial()) else {
            return read.not_examined(self.id(), read.doubt());
        };
        let year = read.marks.series.as_deref();
        read.ruled(self.id(), rules.check_range(&read.design.id, year, &serial))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::overprint::tests::read;
    use crate::verdict::Outcome;

    #[test]
    fn beyond_the_range_is_a_doubt() {
        let look = |serial: &str| SerialRange.examine(&read("usd-1-1963", &[serial]));
        assert_eq!(look("B96000000A").outcome, Outcome::Agrees);
        let beyond = look("B99000000A");
        assert!(beyond.outcome == Outcome::Deviates && beyond.doubtful);
        assert_eq!(look("B9900000?A").outcome, Outcome::NotExamined);
    }
}
