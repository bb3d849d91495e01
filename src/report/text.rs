//! One line per note for a terminal, and a summary.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Examination;
use crate::verdict::Verdict;

/// Writes one note: verdict, name, what it is, why.
///
/// # Errors
/// What the writer says.
pub fn write(out: &mut dyn Write, examination: &Examination) -> io::Result<()> {
    let what = examination.identity.as_ref().map_or_else(
        || "-".to_owned(),
        |i| format!("{} {}", i.currency, i.denomination),
    );
    let serial = examination
        .serial
        .as_ref()
        .and_then(|s| s.text.as_deref())
        .unwrap_or("");
    write!(
        out,
        "{:<12}  {:<24}  {what:<8}  {serial:<11}",
        examination.verdict.as_str(),
        examination.note,
    )?;
    let reasons = examination.reasons.join("; ");
    writeln!(out, "  {reasons}")
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
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let total: usize = self.verdicts.values().sum();
        let verdicts: Vec<String> = Verdict::ALL
            .iter()
            .map(|v| format!("{} {}", self.count(*v), v.as_str()))
            .collect();
        writeln!(out, "{total} notes: {}", verdicts.join(", "))?;
        let values: Vec<String> = self
            .values
            .iter()
            .map(|(value, count)| format!("{count} x {value}"))
            .collect();
        if values.is_empty() {
            Ok(())
        } else {
            writeln!(out, "recognised: {}", values.join(", "))
        }
    }
}
