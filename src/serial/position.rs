//! Where on its sheet a note with a given number was printed.
//!
//! Numbers run through the sheets of a run at one position, then through the next position. So the position that
//! is engraved on the plate follows from the number: with runs of `sheets` sheets and the positions in printing
//! order, it is `order[(number - 1) / sheets mod order.len()]`. This one formula holds the published ones
//! (uspapermoney.info, "arithmetic": LEPE with `sheets` = 100, where `k = ceil(frac((s - 0.5) / (100 S)) S)`; COPE
//! with 200,000 or 100,000) and the long skip of Series 2021 (128,000). The numbers are data, see
//! [`crate::serial::rules::Rules`].
//!
//! A pair of number and position that somebody made up, with any of 50 positions, passes by chance 1 time in 50
//! where one rule holds (2 %), about 1 in 25 where two do ($1 of Series 2013 and 2021: 4 %), and passes any of five
//! rules about 1 time in 7. A forger who copies a real note keeps the relation intact.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A position on the sheet, as it is printed: a letter for the row of subjects and a digit for the quadrant
/// or column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The letter; plate numbers repeat it.
    pub letter: char,
    /// The digit.
    pub digit: u8,
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no note position: write a letter and a digit, as H4")]
pub struct PositionError(String);

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        match text.as_bytes() {
            [letter @ b'A'..=b'Z', digit @ b'1'..=b'9'] => Ok(Self {
                letter: char::from(*letter),
                digit: digit - b'0',
            }),
            _ => Err(PositionError(text.to_owned())),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.letter, self.digit)
    }
}

/// How numbers run over the positions of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawRule")]
pub struct PositionRule {
    /// The name by which rows refer to it.
    pub id: String,
    /// Where the rule is from.
    pub source: String,
    sheets: u64,
    order: Vec<Position>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: String,
    source: String,
    sheets: u64,
    order: String,
}

impl TryFrom<RawRule> for PositionRule {
    type Error = String;

    fn try_from(raw: RawRule) -> Result<Self, String> {
        let order = raw
            .order
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<Vec<Position>, _>>()
            .map_err(|error| format!("position rule {}: {error}", raw.id))?;
        let mut once = order.clone();
        once.sort_unstable();
        once.dedup();
        if raw.sheets == 0 || order.is_empty() || once.len() != order.len() {
            return Err(format!(
                "position rule {}: needs sheets of at least 1 and an order that names every position once",
                raw.id
            ));
        }
        Ok(Self {
            id: raw.id,
            source: raw.source,
            sheets: raw.sheets,
            order,
        })
    }
}

impl PositionRule {
    /// The position at which this number was printed; none for the number 0, which no run has.
    pub fn position_of(&self, number: u64) -> Option<Position> {
        let run = number.checked_sub(1)? / self.sheets;
        let subjects = u64::try_from(self.order.len()).ok()?;
        let place = usize::try_from(run % subjects).ok()?;
        self.order.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::serial::rules::Rules;

    fn usd() -> Rules {
        Rules::from_toml(
            "series.toml",
            include_str!("../../reference-notes/usd/series.toml"),
        )
        .unwrap()
    }

    #[test]
    fn the_order_of_lepe_is_the_published_one() {
        // k as published, against the table, for numbers on both sides of every step.
        let rules = usd();
        let rule = |id: &str| rules.position_rule(id).unwrap().clone();
        let by_k50 = |k: u64| {
            format!(
                "{}{}",
                b"ABCDEFGHIJ"[(k as usize - 1) % 10] as char,
                5 - (k - 1) / 10
            )
        };
        let by_k32 = |k: u64| {
            let (first, rows, digit) = match k {
                25..=28 => (25, b"ABCD", 1),
                29..=32 => (29, b"ABCD", 2),
                17..=20 => (17, b"EFGH", 1),
                21..=24 => (21, b"EFGH", 2),
                9..=12 => (9, b"ABCD", 3),
                13..=16 => (13, b"ABCD", 4),
                1..=4 => (1, b"EFGH", 3),
                _ => (5, b"EFGH", 4),
            };
            format!("{}{digit}", rows[(k - first) as usize] as char)
        };
        for number in (1..40_000)
            .step_by(33)
            .chain([100, 101, 4999, 5000, 5001, 3200, 3201, 95_999_999])
        {
            let k = |subjects: u64| {
                let fraction = ((number as f64 - 0.5) / (100.0 * subjects as f64)).fract();
                (fraction * subjects as f64).ceil() as u64
            };
            assert_eq!(
                rule("lepe-50").position_of(number).unwrap().to_string(),
                by_k50(k(50)),
                "{number}"
            );
            assert_eq!(
                rule("lepe-32").position_of(number).unwrap().to_string(),
                by_k32(k(32)),
                "{number}"
            );
        }
    }

    #[test]
    fn cope_runs() {
        let rules = usd();
        let at = |id: &str, n| {
            rules
                .position_rule(id)
                .unwrap()
                .position_of(n)
                .unwrap()
                .to_string()
        };
        assert_eq!(at("cope-32-200k", 1), "A1");
        assert_eq!(at("cope-32-200k", 200_000), "A1");
        assert_eq!(at("cope-32-200k", 200_001), "B1");
        assert_eq!(at("cope-32-200k", 6_400_000), "H4");
        assert_eq!(at("cope-32-200k", 6_400_001), "A1");
        assert_eq!(at("cope-32-100k", 100_001), "B1");
        assert_eq!(at("long-skip-50", 128_001), "B1");
        assert_eq!(rules.position_rule("lepe-50").unwrap().position_of(0), None);
    }

    #[test]
    fn a_made_up_pair_passes_as_often_as_the_documentation_says() {
        let rules = usd();
        let chance = |ids: &[&str]| {
            let numbers = (1..96_000_000_u64).step_by(9973);
            let (mut hits, mut all) = (0, 0);
            for number in numbers {
                let mut places: Vec<_> = ids
                    .iter()
                    .map(|id| {
                        rules
                            .position_rule(id)
                            .unwrap()
                            .position_of(number)
                            .unwrap()
                    })
                    .collect();
                places.sort_unstable();
                places.dedup();
                hits += places.len();
                all += 50;
            }
            hits as f64 / f64::from(all)
        };
        assert!((chance(&["lepe-50"]) - 0.02).abs() < 1e-9);
        assert!((chance(&["lepe-50", "long-skip-50"]) - 0.04).abs() < 0.002);
    }

    #[test]
    fn positions_are_a_letter_and_a_digit() {
        assert_eq!(
            "H4".parse::<Position>().unwrap(),
            Position {
                letter: 'H',
                digit: 4
            }
        );
        for wrong in ["", "H", "4H", "H0", "H44", "h4", "É4"] {
            assert!(wrong.parse::<Position>().is_err(), "{wrong}");
        }
    }
}
