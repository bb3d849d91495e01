//! What findings say in detail, in the words of a language.
//!
//! Such sentences are made where something is found and are kept in English, for programs. The section `said`
//! of the English catalogue holds their patterns: a sentence that fits one is said by the text of the same key,
//! with what stands in the braces said in turn. One that fits none stays as it is.

use crate::language::{Catalogue, Language};

/// The section of the catalogues.
const SECTION: &str = "said.";
/// The name of a brace whose content is quoted: file names and the like, which may look like a sentence.
const QUOTED: &str = "files";
/// What was found and what is expected: neither goes on beyond the other.
const EXPECTED: &str = "said.expected";

/// An English sentence in the words of a catalogue.
pub fn said(catalogue: &Catalogue, sentence: &str) -> String {
    let english = Language::English.catalogue();
    if catalogue.language == english.language {
        return sentence.to_owned();
    }
    // Of the patterns that fit: one that quotes, then what joins two sentences, then what says most itself.
    let found = english
        .section(SECTION)
        .filter_map(|(key, pattern)| Some((key, fit(pattern, sentence)?)))
        .min_by_key(|(key, values)| {
            let quotes = values.iter().any(|v| v.0 == QUOTED);
            let open: usize = values.iter().map(|v| v.1.len()).sum();
            (!quotes, *key != EXPECTED, open)
        });
    let Some((key, values)) = found else {
        return sentence.to_owned();
    };
    let values: Vec<(&str, String)> = values
        .into_iter()
        .map(|(name, value)| match name {
            QUOTED => (name, value.to_owned()),
            _ => (name, said(catalogue, value)),
        })
        .collect();
    let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
    catalogue.fill(key, &values)
}

/// What stands in a sentence for each brace of a pattern, each as short as may be; none where it does not fit.
fn fit<'a>(pattern: &'a str, sentence: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut values = Vec::new();
    let (first, mut pattern) = match pattern.split_once('{') {
        Some(split) => split,
        None => return (pattern == sentence).then_some(values),
    };
    let mut rest = sentence.strip_prefix(first)?;
    loop {
        let (name, after) = pattern.split_once('}')?;
        let (literal, next) = match after.split_once('{') {
            Some((literal, next)) => (literal, Some(next)),
            None => (after, None),
        };
        let Some(next) = next else {
            let value = rest.strip_suffix(literal)?;
            values.push((name, value));
            return Some(values);
        };
        let (value, tail) = rest.split_once(literal)?;
        values.push((name, value));
        (pattern, rest) = (next, tail);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::reference::Library;
    use crate::serial::position::Position;
    use crate::serial::rules::{DistrictMarks, Outcome, Ruling, SeriesMarks};

    fn chinese(sentence: &str) -> String {
        said(Language::Chinese.catalogue(), sentence)
    }

    #[test]
    fn a_sentence_is_said_with_all_its_parts() {
        let english = "seal letter C and bank number 3 beside serial number K91746345B; expected K and 11 for Dallas";
        assert_eq!(
            chinese(english),
            "冠字号码 K91746345B 旁有印章字母 C和银行编号 3；应为K 和 11（Dallas）"
        );
        assert_eq!(said(Language::English.catalogue(), english), english);
        let other = "nobody ever said this";
        assert_eq!(chinese(other), other);
    }

    /// Whether two lower-case words of English stand together.
    fn is_english(text: &str) -> bool {
        let words: Vec<&str> = text.split(' ').collect();
        let lower = |w: &str| w.len() > 1 && w.chars().all(|c| c.is_ascii_lowercase());
        words.windows(2).any(|pair| pair.iter().all(|w| lower(w)))
    }

    fn detail(ruling: &Ruling) -> String {
        match &ruling.outcome {
            Outcome::Agrees { why } | Outcome::NotApplicable { why } => why.clone(),
            Outcome::Deviates {
                found, expected, ..
            } => format!("{found}; expected {expected}"),
        }
    }

    #[test]
    fn whatever_the_rules_find_is_said() {
        let library = Library::built_in().unwrap();
        let usd = library.rules(&"USD".parse().unwrap()).unwrap();
        let cny = library.rules(&"CNY".parse().unwrap()).unwrap();
        let serial = |design: &str, text: &str| usd.style(design).unwrap().1.parse(text).unwrap();
        let k = serial("usd-1-1963", "K91746345B");
        let pb = serial("usd-20-2004", "PB12345678A");
        let high = serial("usd-1-1963", "B99000000A");
        let marks = |letter, numbers| DistrictMarks { letter, numbers };
        let year = |year| SeriesMarks {
            year,
            signatures: None,
        };
        let place = |text: &str| text.parse::<Position>().unwrap();
        let mut rulings = vec![
            usd.check_pair("usd-1-1963", &[("upper-right", "K1"), ("lower-left", "K1")]),
            usd.check_pair("usd-1-1963", &[("upper-right", "K1"), ("lower-left", "K2")]),
            usd.check_pair("usd-1-1963", &[("upper-right", "K1")]),
            usd.check_pair("usd-1-1963", &[]),
            usd.check_pair("none", &[]),
            cny.check_pair("cny-1-1980", &[]),
            usd.check_district(&k, marks(Some('K'), &[11])),
            usd.check_district(&k, marks(Some('C'), &[3, 11])),
            usd.check_district(&k, marks(None, &[3, 4])),
            usd.check_district(&k, marks(None, &[])),
            usd.check_range("usd-1-1963", Some("2017"), &k),
            usd.check_range("usd-1-1963", Some("2017"), &high),
            usd.check_range("none", None, &k),
            usd.check_plate(place("H4"), 'H'),
            usd.check_plate(place("H4"), 'G'),
            cny.check_plate(place("H4"), 'G'),
            cny.check_colour("cny-100-1980", "horizontal", &[Some("blue")]),
            usd.check_colour("usd-1-1963", "upper-right", &[None; 10]),
            usd.check_colour("usd-1-1963", "upper-right", &[Some("green"); 10]),
            usd.check_colour("usd-1-1963", "upper-right", &[Some("black"); 10]),
            usd.check_colour("usd-1-1963", "upper-right", &[Some("black"); 9]),
            usd.check_colour("none", "upper-right", &[]),
        ];
        for text in [
            "K91746345B",
            "K9174634B",
            "KK1746345B",
            "KO1746345B",
            "K91746345Z",
        ] {
            rulings.push(usd.check_grammar("usd-1-1963", text));
            rulings.push(usd.check_grammar("usd-20-2004", text));
            rulings.push(cny.check_grammar("cny-100-2015", text));
        }
        for (design, serial, year) in [
            ("usd-1-1963", Some(&k), year(Some("2017"))),
            ("usd-1-1963", Some(&k), year(Some("3017"))),
            ("usd-1-1963", None, year(None)),
            ("usd-5-1999", None, year(Some("2017"))),
            ("usd-20-2004", Some(&pb), year(Some("2013"))),
            ("usd-20-2004", Some(&pb), year(Some("2017"))),
            ("none", None, year(None)),
        ] {
            rulings.push(usd.check_series(design, serial, year));
        }
        for year in ["1963", "2013", "2017", "2017A"] {
            for (design, serial) in [("usd-1-1963", &k), ("usd-20-2004", &pb), ("none", &k)] {
                for position in ["A1", "D3", "H4"] {
                    rulings.push(usd.check_position(design, year, serial, place(position)));
                }
            }
        }
        let details: BTreeSet<String> = rulings.iter().map(detail).collect();
        assert!(details.len() > 40);
        for detail in details {
            let said = chinese(&detail);
            assert!(said != detail && !is_english(&said), "{detail}: {said}");
        }
    }

    #[test]
    fn names_of_files_stay_as_they_are() {
        let said = chinese("serial number A1 is also on 4 black, position H4; expected {text}.jpg");
        assert_eq!(
            said,
            "冠字号码 A1 还见于 4 black, position H4; expected {text}.jpg"
        );
    }

    #[test]
    fn every_pattern_fits_itself() {
        for (key, pattern) in Language::English.catalogue().section(SECTION) {
            let values = fit(pattern, pattern).unwrap();
            assert!(
                values.iter().all(|(n, v)| *v == format!("{{{n}}}")),
                "{key}"
            );
        }
    }
}
