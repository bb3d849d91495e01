//! What `check` and `watch` have in common: how notes are judged, and what was known of them before.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, Result};
use clap::Args;

use super::config::Config;
use super::references::library;
use crate::history::{History, SeenFile, Sighting};
use crate::reference::Library;
use crate::report::Examination;
use crate::serial::watchlist::Watchlist;
use crate::verdict::{Finding, Outcome, Policy};
use crate::{Settings, batch, scan};

/// Options of every command that judges notes.
#[derive(Debug, Args)]
pub struct Judging {
    /// Reference notes to use besides the built-in ones; the same design id replaces the built-in one
    #[arg(long, value_name = "DIR")]
    references: Option<PathBuf>,
    /// Pair a scanner's counter: 001 is a front, 002 its back
    #[arg(long)]
    pub pair_consecutive: bool,
    /// Notes at once [default: the machine's cores]
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// Judge every note by itself: no evidence across notes of the batch
    #[arg(long)]
    pub each_alone: bool,
    /// Share of genuine notes that may be called suspect, on enrolled designs [default: 0.001]
    #[arg(long, value_name = "P", value_parser = probability, allow_negative_numbers = true)]
    false_alarm: Option<f64>,
    /// SQLite file of serial numbers seen before: read, then added to
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// CSV of serial prefixes reported on counterfeits (prefix,design,note,source): a hint, never a verdict
    #[arg(long, value_name = "CSV")]
    watchlist: Option<PathBuf>,
}

/// A level that can be held: more than 0, and at most one note in ten.
pub fn probability(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|p| (1e-9..=0.1).contains(p))
        .ok_or_else(|| format!("{text:?} is no share from 0.000000001 to 0.1"))
}

pub fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "write a whole number from 1".to_owned())
}

impl Judging {
    /// Fills in from the configuration what the command line does not say.
    pub fn or(&self, config: &Config) -> Self {
        Self {
            references: self.references.clone().or(config.references.clone()),
            pair_consecutive: self.pair_consecutive,
            jobs: self.jobs,
            each_alone: self.each_alone,
            false_alarm: self.false_alarm.or(config.false_alarm),
            history: self.history.clone().or(config.history.clone()),
            watchlist: self.watchlist.clone(),
        }
    }

    /// The reference notes.
    pub fn library(&self) -> Result<Library> {
        library(self.references.as_deref())
    }

    /// Notes at once.
    pub fn jobs(&self) -> NonZeroUsize {
        self.jobs.unwrap_or_else(super::cores)
    }

    /// The policy, with everything else as usual.
    pub fn settings(&self) -> Settings {
        let usual = Policy::default();
        Settings {
            policy: Policy {
                false_alarm: self.false_alarm.unwrap_or(usual.false_alarm),
                ..usual
            },
            ..Settings::default()
        }
    }

    /// The file of serial numbers seen before.
    pub fn history(&self) -> Option<&PathBuf> {
        self.history.as_ref()
    }

    /// Opens what is known of serial numbers.
    pub fn memory(&self) -> Result<Memory> {
        let watchlist = match &self.watchlist {
            Some(path) => {
                let name = scan::display_path(path);
                let file =
                    fs::File::open(path).with_context(|| format!("{name}: cannot be read"))?;
                Watchlist::from_csv(&name, file)?
            }
            None => Watchlist::default(),
        };
        let history = match &self.history {
            Some(path) => Some(History::open(path)?),
            None => None,
        };
        Ok(Memory { watchlist, history })
    }
}

/// What is known of serial numbers from elsewhere and before.
#[derive(Debug)]
pub struct Memory {
    watchlist: Watchlist,
    history: Option<History>,
}

impl Memory {
    /// Says what is known of a note's serial number, and gives the row to be kept of this time.
    pub fn consult(&self, examination: &mut Examination, now: &str) -> Result<Option<Sighting>> {
        watch(&self.watchlist, examination);
        match &self.history {
            Some(history) => seen(history, examination, now),
            None => Ok(None),
        }
    }

    /// Keeps the rows.
    pub fn record(&mut self, sightings: &[Sighting]) -> Result<()> {
        if let Some(history) = &mut self.history {
            history.record(sightings)?;
        }
        Ok(())
    }
}

/// Says where the serial number falls under the watch-list.
fn watch(watchlist: &Watchlist, examination: &mut Examination) {
    let Some((design, text)) = examination.numbered() else {
        return;
    };
    let hits: Vec<String> = watchlist
        .matches(design, text)
        .map(|hit| {
            let note = if hit.note.is_empty() { "" } else { ", " };
            format!(
                "serial numbers that begin with {} are on a watch-list ({}{note}{})",
                hit.prefix, hit.source, hit.note
            )
        })
        .collect();
    for why in hits {
        // Genuine notes share every such prefix: said beside the verdict, not part of it.
        examination.findings.push(Finding {
            outcome: Outcome::NotExamined,
            ..batch::across("serial-watchlist", true, why.clone())
        });
        examination.reasons.push(why);
    }
}

/// Says when and where the serial number was seen before, and gives the row to be kept of this time.
fn seen(history: &History, examination: &mut Examination, now: &str) -> Result<Option<Sighting>> {
    let Some((design, text)) = examination.numbered() else {
        return Ok(None);
    };
    let (design, text) = (design.to_owned(), text.to_owned());
    let files: Vec<SeenFile> = examination
        .files
        .iter()
        .filter_map(|file| {
            Some(SeenFile {
                path: file.path.clone(),
                sha256: file.sha256.clone()?,
            })
        })
        .collect();
    let hashes: Vec<&str> = files.iter().map(|f| f.sha256.as_str()).collect();
    for before in history.seen_before(&text, &design, &hashes)? {
        let paths: Vec<&str> = before.files.iter().map(|f| f.path.as_str()).collect();
        // The same note again, or a copy of it: the history cannot tell which.
        examination.add(batch::across(
            "serial-history",
            true,
            format!(
                "serial number {text} was seen before: {} in {}",
                before.when,
                paths.join(", ")
            ),
        ));
    }
    Ok(Some(Sighting {
        serial: text,
        design,
        note: examination.note.clone(),
        when: now.to_owned(),
        verdict: examination.verdict.as_str().to_owned(),
        files,
    }))
}

/// A time as RFC 3339 in UTC, to the second. Days are counted as Hinnant does, in years that begin in March.
pub fn utc(time: SystemTime) -> String {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let (day, rest) = (seconds / 86_400, seconds % 86_400);
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + 400 * era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}
