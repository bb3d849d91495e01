//! The form of a serial number: which characters may stand at which place, and what they mean.

use std::fmt;

use serde::Deserialize;

/// What a character of a serial number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Stands for the series (USD of eleven characters).
    Series,
    /// Stands for the bank that the note was printed for (USD).
    District,
    /// Part of a prefix without meaning of its own (RMB).
    Prefix,
    /// A digit of the running number.
    Number,
    /// The block of numbers, or the mark of a replacement note (USD).
    Block,
}

/// The characters that may stand at one place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// What they mean.
    pub part: Part,
    /// The characters, each once.
    pub characters: String,
}

/// One form that a number may have: a class for each place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The form in words.
    pub about: String,
    /// One class a place, left to right.
    pub places: Vec<Class>,
}

impl Form {
    fn first_misfit(&self, text: &[char]) -> Option<usize> {
        (0..self.places.len().max(text.len())).find(|&place| {
            match (self.places.get(place), text.get(place)) {
                (Some(class), Some(&c)) => !class.characters.contains(c),
                _ => true,
            }
        })
    }
}

/// Characters that a grammar never uses, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// The characters.
    pub characters: String,
    /// The reason, a clause.
    pub why: String,
}

/// A check character at the end of a number: the sum of the others' values, each times the weight of its
/// place, modulo the size of the alphabet, is its place in the alphabet. The value of a digit is the digit,
/// that of a letter its place (from 0) in the alphabet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The characters it may be, in the order of their values.
    pub alphabet: String,
    /// One weight for each of the other places.
    pub weights: Vec<u16>,
}

impl Check {
    /// The check character that belongs after these characters; none where one of them has no value.
    pub fn expected(&self, others: &[char]) -> Option<char> {
        let value = |c: char| {
            c.to_digit(10)
                .map(|digit| digit as usize)
                .or_else(|| self.alphabet.chars().position(|a| a == c))
        };
        let mut sum = 0;
        for (&c, &weight) in others.iter().zip(&self.weights) {
            sum += value(c)? * usize::from(weight);
        }
        let size = self.alphabet.chars().count();
        self.alphabet.chars().nth(sum.checked_rem(size)?)
    }
}

/// The forms of a serial number, read from a currency's `series.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawGrammar")]
pub struct Grammar {
    /// The name by which styles refer to it.
    pub id: String,
    /// Where the grammar is from.
    pub source: String,
    /// The mark of a replacement note, where there is one.
    pub star: Option<char>,
    /// The forms, the likeliest first.
    pub forms: Vec<Form>,
    /// What is never used.
    pub never: Vec<Never>,
    /// How the last character follows from the others, where it does.
    pub check: Option<Check>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrammar {
    id: String,
    source: String,
    star: Option<char>,
    class: std::collections::BTreeMap<char, Class>,
    form: Vec<RawForm>,
    #[serde(default)]
    never: Vec<Never>,
    check: Option<Check>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawForm {
    pattern: String,
    about: String,
}

impl TryFrom<RawGrammar> for Grammar {
    type Error = String;

    fn try_from(raw: RawGrammar) -> Result<Self, String> {
        let id = raw.id;
        for (name, class) in &raw.class {
            if class.characters.is_empty() {
                return Err(format!("grammar {id}: class {name:?} has no characters"));
            }
            if let Some(never) = raw.never.iter().find(|never| {
                never
                    .characters
                    .chars()
                    .any(|c| class.characters.contains(c))
            }) {
                return Err(format!(
                    "grammar {id}: class {name:?} allows one of {:?}, which the grammar never uses",
                    never.characters
                ));
            }
            if class.part == Part::Number && !class.characters.chars().all(|c| c.is_ascii_digit()) {
                return Err(format!(
                    "grammar {id}: class {name:?} is part of the number, so it may hold digits only"
                ));
            }
        }
        if raw.form.is_empty() {
            return Err(format!("grammar {id}: give at least one [[grammar.form]]"));
        }
        let forms = raw
            .form
            .into_iter()
            .map(|form| {
                let places = form
                    .pattern
                    .chars()
                    .map(|name| {
                        raw.class.get(&name).cloned().ok_or_else(|| {
                            format!("grammar {id}: pattern {:?} names no class {name:?}", form.pattern)
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                // Eighteen digits fit in the u64 that holds the running number.
                let digits = places.iter().filter(|class| class.part == Part::Number).count();
                if !(1..=18).contains(&digits) {
                    return Err(format!(
                        "grammar {id}: pattern {:?} has {digits} places of the number; 1 to 18 are possible",
                        form.pattern
                    ));
                }
                if let Some(check) = &raw.check
                    && (check.weights.len() + 1 != places.len() || check.alphabet.is_empty())
                {
                    return Err(format!(
                        "grammar {id}: pattern {:?} needs in check an alphabet and {} weights, one for each place but the last",
                        form.pattern,
                        places.len().saturating_sub(1)
                    ));
                }
                Ok(Form { about: form.about, places })
            })
            .collect::<Result<Vec<_>, String>>()?;
        Ok(Self {
            id,
            source: raw.source,
            star: raw.star,
            forms,
            never: raw.never,
            check: raw.check,
        })
    }
}

/// Why a text is no serial number of a grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// No form has this many characters.
    #[error("{found} characters, where a serial number has {expected}")]
    Length {
        /// Characters found, spaces not counted.
        found: usize,
        /// The lengths possible, in words.
        expected: String,
    },
    /// A character stands where it cannot.
    #[error("{found:?} at place {place}, where {allowed} may stand{}", because(.why))]
    Character {
        /// The place, counted from 1.
        place: usize,
        /// What stands there.
        found: char,
        /// What may stand there in the form that fits furthest.
        allowed: String,
        /// Why not, where the grammar gives a reason.
        why: Option<String>,
    },
    /// The last character does not follow from the others.
    #[error("the check character is {found:?}, where the other characters call for {expected:?}")]
    Check {
        /// What stands there.
        found: char,
        /// What should stand there.
        expected: char,
    },
}

fn because(why: &Option<String>) -> String {
    why.as_ref()
        .map_or_else(String::new, |why| format!(": {why}"))
}

impl Grammar {
    /// Every character that some form allows at a place (counted from 0), in order of character code.
    /// Empty beyond the longest form.
    pub fn allowed(&self, place: usize) -> Vec<char> {
        let mut all: Vec<char> = self
            .forms
            .iter()
            .filter_map(|form| form.places.get(place))
            .flat_map(|class| class.characters.chars())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Reads a text by the first form that fits. White space is ignored: digits are printed with gaps.
    ///
    /// # Errors
    /// What does not fit, told by the form that fits furthest from the left.
    pub fn parse(&self, text: &str) -> Result<Serial, GrammarError> {
        let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        let mut furthest: Option<(usize, &Form)> = None;
        for form in &self.forms {
            match form.first_misfit(&characters) {
                None => {
                    if let Some((&found, others)) = characters.split_last()
                        && let Some(check) = &self.check
                        && let Some(expected) = check.expected(others).filter(|c| *c != found)
                    {
                        return Err(GrammarError::Check { found, expected });
                    }
                    return Ok(Serial {
                        characters: characters
                            .iter()
                            .zip(&form.places)
                            .map(|(&c, class)| (c, class.part))
                            .collect(),
                        form: form.about.clone(),
                        star: self.star.is_some_and(|star| characters.contains(&star)),
                    });
                }
                Some(place) => {
                    if form.places.len() == characters.len()
                        && furthest.is_none_or(|(best, _)| place > best)
                    {
                        furthest = Some((place, form));
                    }
                }
            }
        }
        let misfit = furthest.and_then(|(place, form)| {
            Some((place, *characters.get(place)?, form.places.get(place)?))
        });
        match misfit {
            Some((place, found, class)) => Err(GrammarError::Character {
                place: place + 1,
                found,
                allowed: spans(&class.characters),
                why: self
                    .never
                    .iter()
                    .find(|never| never.characters.contains(found))
                    .map(|never| never.why.clone()),
            }),
            None => {
                let mut lengths: Vec<usize> =
                    self.forms.iter().map(|form| form.places.len()).collect();
                lengths.sort_unstable();
                lengths.dedup();
                let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
                Err(GrammarError::Length {
                    found: characters.len(),
                    expected: lengths.join(" or "),
                })
            }
        }
    }
}

/// `ABCDEF0123` as `A-F 0-3`.
fn spans(characters: &str) -> String {
    let mut sorted: Vec<char> = characters.chars().collect();
    sorted.sort_unstable();
    let mut runs: Vec<(char, char)> = Vec::new();
    for c in sorted {
        match runs.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 >= u32::from(c) => *last = c,
            _ => runs.push((c, c)),
        }
    }
    let words: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    words.join(" ")
}

/// A serial number that fits its grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serial {
    characters: Vec<(char, Part)>,
    /// The form it has, in words.
    pub form: String,
    /// Whether it carries the mark of a replacement note.
    pub star: bool,
}

impl Serial {
    /// The characters of one part, left to right; empty where the grammar has no such part.
    pub fn part(&self, part: Part) -> String {
        self.characters
            .iter()
            .filter(|(_, p)| *p == part)
            .map(|(c, _)| *c)
            .collect()
    }

    /// The one character of a part; none where the part has no or several characters.
    pub fn letter(&self, part: Part) -> Option<char> {
        let mut of_part = self
            .characters
            .iter()
            .filter(|(_, p)| *p == part)
            .map(|(c, _)| *c);
        match (of_part.next(), of_part.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// The running number.
    pub fn number(&self) -> u64 {
        self.characters
            .iter()
            .filter(|(_, part)| *part == Part::Number)
            .filter_map(|(c, _)| c.to_digit(10))
            .fold(0, |number, digit| number * 10 + u64::from(digit))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.characters
            .iter()
            .try_for_each(|(c, _)| write!(f, "{c}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::serial::rules::Rules;

    fn grammar(currency: &str, id: &str) -> Grammar {
        let text = match currency {
            "usd" => include_str!("../../reference-notes/usd/series.toml"),
            "xts" => include_str!("../../reference-notes/xts/series.toml"),
            _ => include_str!("../../reference-notes/cny/series.toml"),
        };
        let rules = Rules::from_toml("series.toml", text).unwrap();
        rules.grammar(id).unwrap().clone()
    }

    #[test]
    fn one_letter_dollar_numbers() {
        let usd = grammar("usd", "usd-one-letter");
        let serial = usd.parse("K 91746345 B").unwrap();
        assert_eq!(serial.to_string(), "K91746345B");
        assert_eq!(serial.number(), 91_746_345);
        assert_eq!(serial.letter(Part::District), Some('K'));
        assert_eq!(serial.letter(Part::Block), Some('B'));
        assert_eq!(serial.letter(Part::Series), None);
        assert!(!serial.star);
        assert!(usd.parse("B00012345*").unwrap().star);
    }

    #[test]
    fn refusals_name_the_place_and_the_reason() {
        let usd = grammar("usd", "usd-one-letter");
        assert_eq!(
            usd.parse("M91746345B").unwrap_err().to_string(),
            "'M' at place 1, where A-L may stand"
        );
        assert_eq!(
            usd.parse("A91746345O").unwrap_err().to_string(),
            "'O' at place 10, where * A-N P-Y may stand: the letter O is not used: it looks like a zero"
        );
        assert_eq!(
            usd.parse("A9174634B").unwrap_err().to_string(),
            "9 characters, where a serial number has 10"
        );
        let two = grammar("usd", "usd-two-letters");
        assert!(two.parse("A91746345B").is_err());
        assert_eq!(
            two.parse("QB91746345C").unwrap().letter(Part::Series),
            Some('Q')
        );
        assert!(usd.parse("").is_err());
        assert!(usd.parse("é9174634\u{0}B").is_err());
    }

    #[test]
    fn mixed_numbers() {
        let cny = grammar("cny", "cny-mixed");
        for (text, prefix, number) in [
            ("XI43426488", "XI", 43_426_488),
            ("P8A3614001", "P8A", 3_614_001),
            ("Q24G912244", "Q24G", 912_244),
            ("A123B00001", "A123B", 1),
        ] {
            let serial = cny.parse(text).unwrap();
            assert_eq!(serial.part(Part::Prefix), prefix);
            assert_eq!(serial.number(), number);
            assert_eq!(serial.to_string(), text);
        }
        let error = cny.parse("AV12345678").unwrap_err();
        assert!(error.to_string().contains("V is never used"), "{error}");
        assert!(cny.parse("A1234B0001").is_err());
        assert!(
            grammar("cny", "cny-two-letters")
                .parse("P8A3614001")
                .is_err()
        );
    }

    #[test]
    fn the_check_letter_of_specimens_is_the_one_that_is_printed() {
        use crate::specimen::{Specimen, XtsDenomination};
        let xts = grammar("xts", "xts");
        for seed in 0..200 {
            let text = Specimen::new(XtsDenomination::Ten, seed).serial.to_string();
            assert_eq!(xts.parse(&text).unwrap().to_string(), text);
        }
        assert_eq!(
            xts.parse("AG27182818K").unwrap_err().to_string(),
            "the check character is 'K', where the other characters call for 'L'"
        );
        assert!(xts.parse("AG27182819L").is_err());
        assert!(xts.parse("GA27182818L").is_err());
    }

    #[test]
    fn a_reader_may_ask_what_stands_where() {
        let cny = grammar("cny", "cny-mixed");
        assert_eq!(cny.allowed(0).len(), 25);
        assert_eq!(cny.allowed(1).len(), 35);
        assert_eq!(cny.allowed(9), ('0'..='9').collect::<Vec<_>>());
        assert!(cny.allowed(10).is_empty());
    }

    #[test]
    fn a_grammar_that_contradicts_itself_is_refused() {
        let base = "id = 'g'\nsource = 's'\n[[form]]\npattern = 'an'\nabout = ''\n[class]\nn = { part = 'number', characters = '01' }\n";
        let parse = |rest: &str| toml::from_str::<Grammar>(&format!("{base}{rest}"));
        assert!(parse("a = { part = 'prefix', characters = 'AB' }").is_ok());
        assert!(parse("b = { part = 'prefix', characters = 'AB' }").is_err());
        assert!(parse("a = { part = 'number', characters = 'AB' }").is_err());
        assert!(parse("a = { part = 'prefix', characters = '' }").is_err());
        let checked = "a = { part = 'prefix', characters = 'AB' }\n[check]\nalphabet = 'AB'\n";
        assert!(parse(&format!("{checked}weights = [2]")).is_ok());
        assert!(parse(&format!("{checked}weights = [2, 3]")).is_err());
        assert!(
            parse(
                "a = { part = 'prefix', characters = 'AB' }\n[[never]]\ncharacters = 'B'\nwhy = ''"
            )
            .is_err()
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[A-Z0-9* ]{0,12}|\\PC{0,14}") {
            for (currency, id) in [("cny", "cny-two-letters"), ("cny", "cny-mixed"), ("xts", "xts")] {
                let grammar = grammar(currency, id);
                let written: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                match grammar.parse(&text) {
                    Ok(serial) => {
                        proptest::prop_assert_eq!(serial.to_string(), written);
                        proptest::prop_assert!(serial.number() < 100_000_000);
                    }
                    Err(GrammarError::Length { found, .. }) => {
                        proptest::prop_assert_eq!(found, written.chars().count());
                        proptest::prop_assert_ne!(found, grammar.forms[0].places.len());
                    }
                    Err(GrammarError::Character { place, found, .. }) => {
                        proptest::prop_assert_eq!(written.chars().nth(place - 1), Some(found));
                    }
                    Err(GrammarError::Check { .. }) => {
                        proptest::prop_assert!(grammar.check.is_some());
                    }
                }
            }
        }
    }
}
