//! # serial-grammar: the form of the serial number
//!
//! **What it is.** A serial number has a form that its currency fixes: how many characters, where letters stand and
//! which, where digits stand. A forger who makes up numbers, or copies them without care, may break it.
//!
//! **How it is measured.** Each print is located and read character by character; the likeliest characters are held
//! against the grammar in the currency's `series.toml`. The reader looks only for characters that some form allows at
//! their place, so what breaks the form looks like none of them, and is not read for sure.
//!
//! **Unit.** 1 where the number has a form of its grammar, 0 where not.
//!
//! **What it cannot see.** A made-up number of the right form. A character that is not allowed at its place leaves the
//! number unread: then this is not examined, and the note does not pass on its serial number.
//!
//! **What fools it.** Any copy of a genuine note.

use super::overprint::{Overprint, Reasoned};
use crate::verdict::Finding;

/// The form of the serial number.
#[derive(Debug, Clone, Copy)]
pub struct SerialGrammar;

impl Reasoned for SerialGrammar {
    fn id(&self) -> &'static str {
        "serial-grammar"
    }

    fn examine(&self, read: &Overprint<'_>) -> Finding {
        match (read.rules, &read.number.text) {
            (Some(rules), Some(text)) => {
                read.ruled(self.id(), rules.check_grammar(&read.design.id, text))
            }
            _ => read.not_examined(self.id(), read.doubt()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::overprint::tests::read;
    use crate::verdict::Outcome;

    #[test]
    fn the_form_is_checked_where_the_number_was_read() {
        let look = |prints: &[&str]| SerialGrammar.examine(&read("usd-1-1963", prints)).outcome;
        assert_eq!(look(&["K91746345B"]), Outcome::Agrees);
        assert_eq!(look(&["KK1746345B"]), Outcome::Deviates);
        assert_eq!(look(&["K9174634?B"]), Outcome::NotExamined);
        let other = SerialGrammar.examine(&read("cny-1-1980", &["XI43426488"]));
        assert_eq!(other.outcome, Outcome::Agrees);
    }
}
