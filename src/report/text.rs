//! One line per note for a terminal, and a summary.

use std::collections::BTreeMap;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Examination, words};
use crate::language::Catalogue;
use crate::verdict::{Finding, Outcome, Verdict};

/// Most columns for a note's name.
const NAME: usize = 40;
/// Columns for what a note is, and for its serial number.
const WHAT: usize = 8;
const SERIAL: usize = 11;

/// How lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Verdicts in colour.
    pub colour: bool,
    /// Every finding below its note.
    pub verbose: bool,
}

/// Lines that stand below each other.
#[derive(Debug)]
pub struct Table<'a> {
    catalogue: &'a Catalogue,
    verdict: usize,
    name: usize,
    style: Style,
}

impl<'a> Table<'a> {
    /// For notes of these names.
    pub fn new<'n>(
        catalogue: &'a Catalogue,
        names: impl Iterator<Item = &'n str>,
        style: Style,
    ) -> Self {
        let verdict = Verdict::ALL
            .iter()
            .map(|v| words::verdict(catalogue, *v).width())
            .max()
            .unwrap_or(0);
        Self {
            catalogue,
            verdict,
            name: names
                .map(UnicodeWidthStr::width)
                .max()
                .unwrap_or(0)
                .min(NAME),
            style,
        }
    }

    /// Writes one note: verdict, name, what it is, its number, why.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut dyn Write, examination: &Examination) -> io::Result<()> {
        let what = examination.identity.as_ref().map_or_else(
            || "-".to_owned(),
            |i| format!("{} {}", i.currency, i.denomination),
        );
        let serial = examination
            .serial
            .as_ref()
            .and_then(|s| s.text.as_deref())
            .unwrap_or("");
        let verdict = padded(
            words::verdict(self.catalogue, examination.verdict),
            self.verdict,
        );
        let verdict = match colour(examination.verdict) {
            Some(code) if self.style.colour => format!("\u{1b}[{code}m{verdict}\u{1b}[0m"),
            _ => verdict,
        };
        let reasons = words::reasons(self.catalogue, examination);
        let mut why = reasons.first().cloned().unwrap_or_default();
        if reasons.len() > 1 && !self.style.verbose {
            let count = (reasons.len() - 1).to_string();
            why.push(' ');
            why.push_str(&self.catalogue.fill("text.more", &[("count", &count)]));
        }
        let line = format!(
            "{verdict}  {}  {}  {}  {why}",
            padded(&shortened(&examination.note, self.name), self.name),
            padded(&what, WHAT),
            padded(serial, SERIAL),
        );
        writeln!(out, "{}", line.trim_end())?;
        if self.style.verbose {
            for finding in &examination.findings {
                self.finding(out, finding)?;
            }
        }
        Ok(())
    }

    fn finding(&self, out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
        let outcome = self.catalogue.text(match finding.outcome {
            Outcome::Agrees => "text.agrees",
            Outcome::Deviates if finding.doubtful => "text.doubtful",
            Outcome::Deviates => "text.deviates",
            Outcome::NotExamined => "text.not-examined",
        });
        let mut said = vec![words::sentence(self.catalogue, finding)];
        said.extend(words::measured(self.catalogue, finding));
        if finding.outcome == Outcome::Deviates {
            said.extend(words::rarity(self.catalogue, finding));
        }
        writeln!(
            out,
            "    {}  {}  {}",
            padded(outcome, self.verdict),
            padded(&finding.feature, 18),
            said.join(" ")
        )
    }
}

/// The code of SGR for a verdict; passed notes and those that are none need no eye.
fn colour(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Passed => Some("32"),
        Verdict::Suspect => Some("1;31"),
        Verdict::Unclear => Some("33"),
        Verdict::Unrecognised | Verdict::Unreadable => None,
    }
}

/// A text in so many columns of a terminal, in which Chinese characters take two.
fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// The beginning and the end of a name that is wider than its columns.
fn shortened(name: &str, columns: usize) -> String {
    if name.width() <= columns {
        return name.to_owned();
    }
    let room = columns.saturating_sub(1);
    let take = |characters: &mut dyn Iterator<Item = char>, room: usize| -> String {
        let mut used = 0;
        characters
            .take_while(|c| {
                used += c.width().unwrap_or(0);
                used <= room
            })
            .collect()
    };
    let front = take(&mut name.chars(), room.div_ceil(2));
    let back = take(&mut name.chars().rev(), room / 2);
    format!("{front}…{}", back.chars().rev().collect::<String>())
}

/// Counts by verdict and by value.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    verdicts: BTreeMap<Verdict, usize>,
    values: BTreeMap<String, usize>,
}

impl Summary {
    /// Counts a note.
    pub fn add(&mut self, examination: &Examination) {
        *self.verdicts.entry(examination.verdict).or_default() += 1;
        if let Some(identity) = &examination.identity {
            let value = format!("{} {}", identity.currency, identity.denomination);
            *self.values.entry(value).or_default() += 1;
        }
    }

    /// How many notes have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    /// Writes the counts in two lines.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut dyn Write, catalogue: &Catalogue) -> io::Result<()> {
        let total: usize = self.verdicts.values().sum();
        let counts: Vec<String> = Verdict::ALL
            .iter()
            .map(|v| {
                let count = self.count(*v).to_string();
                let verdict = words::verdict(catalogue, *v);
                catalogue.fill("text.count", &[("count", &count), ("verdict", verdict)])
            })
            .collect();
        let counts = catalogue.list(&counts);
        let total = total.to_string();
        writeln!(
            out,
            "{}",
            catalogue.fill("text.summary", &[("total", &total), ("counts", &counts)])
        )?;
        let values: Vec<String> = self
            .values
            .iter()
            .map(|(value, count)| {
                let count = count.to_string();
                catalogue.fill("text.value", &[("count", &count), ("value", value)])
            })
            .collect();
        if values.is_empty() {
            Ok(())
        } else {
            let values = catalogue.list(&values);
            writeln!(
                out,
                "{}",
                catalogue.fill("text.recognised", &[("values", &values)])
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_what_a_terminal_shows() {
        assert_eq!(padded("可疑币", 8), "可疑币  ");
        assert_eq!(padded("suspect", 3), "suspect");
        assert_eq!(shortened("short", 10), "short");
        assert_eq!(shortened("0123456789", 7), "012…789");
        let name = "一二三四五六七八";
        assert!(shortened(name, 9).width() <= 9);
        assert!(shortened(name, 9).starts_with('一') && shortened(name, 9).ends_with('八'));
    }
}
