//! Reports: what was found, for programs and for people.

pub mod csv;
pub mod html;
pub mod jsonl;
pub mod overlay;
pub mod said;
pub mod text;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::drift::Glimpse;
use crate::features::Unmeasured;
use crate::note::{Currency, Light, Side};
use crate::rectify::edges::SideSource;
use crate::scan::display_path;
use crate::scan::gather::Source;
use crate::verdict::{Finding, Verdict, judge, overall};

/// The schema of [`Examination`] in JSON.
pub const SCHEMA: &str = "guilloche.examination/1";

/// Everything said of one note. Its JSON is the contract with scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Examination {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The note's name, unique in a run.
    pub note: String,
    /// Its images, in the order they were given.
    pub files: Vec<FileRecord>,
    /// What it is; none where no reference note fits.
    pub identity: Option<IdentityRecord>,
    /// Its serial number.
    pub serial: Option<SerialRecord>,
    /// What was looked at.
    pub findings: Vec<Finding>,
    /// The verdict.
    pub verdict: Verdict,
    /// Share of enrolled genuine notes that look at least as odd.
    pub p_value: Option<f64>,
    /// Why the verdict is not `passed`, in words.
    pub reasons: Vec<String>,
    /// The category of ECB/2010/14.
    pub category: &'static str,
    /// Wear; none where it was not measured.
    pub fitness: Option<Fitness>,
    /// Genuine notes enrolled of the sides that were compared.
    #[serde(skip)]
    pub enrolled: usize,
    /// What its images tell of the scanner: see [`crate::drift`].
    #[serde(skip)]
    pub scanner: Vec<Glimpse>,
    /// Of its images by day, whether they are softer than the enrolled scans; those of which it is not known are left
    /// out.
    #[serde(skip)]
    pub softer: BTreeMap<usize, bool>,
    /// What the note took on one core, ms; filled in by who holds a clock.
    pub elapsed_ms: Option<f64>,
}

impl Examination {
    /// Adds evidence that came from outside of the note's own images, and judges anew.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.judge_anew();
    }

    /// Takes what is odd in these softer images for the scanner's doing where it is usual beside scans as soft, and
    /// judges anew. A note scanned without colour stays what it is.
    pub fn excuse_softness(&mut self, files: &BTreeSet<usize>) {
        if files.is_empty() || self.colourless() {
            return;
        }
        let mut excused = false;
        for finding in &mut self.findings {
            if files.contains(&finding.file)
                && let Some(usual) = finding.if_scanner.take()
            {
                *finding = *usual;
                excused = true;
            }
        }
        if excused {
            self.p_value = overall(&self.findings);
            self.judge_anew();
        }
    }

    /// Whether something was not examined because the scan has no colour.
    pub fn colourless(&self) -> bool {
        let why = Unmeasured::Colourless.to_string();
        self.findings.iter().any(|f| f.why.ends_with(&why))
    }

    fn judge_anew(&mut self) {
        if matches!(self.verdict, Verdict::Unreadable | Verdict::Unrecognised) {
            return;
        }
        let (verdict, mut reasons) = judge(&self.findings, self.enrolled);
        reasons.extend(self.files.iter().filter_map(|f| f.error.clone()));
        self.verdict = verdict;
        self.category = category(verdict, self.fitness.as_ref());
        self.reasons = reasons;
    }

    /// Digests of its files.
    pub fn digests(&self) -> BTreeSet<&str> {
        let digests = self.files.iter().map(|file| file.sha256.as_deref());
        digests.flatten().collect()
    }

    /// The serial number that was read for sure, with the design it belongs to.
    pub fn numbered(&self) -> Option<(&str, &str)> {
        let text = self.serial.as_ref()?.text.as_deref()?;
        Some((self.identity.as_ref()?.design.as_str(), text))
    }
}

/// One image of a note.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileRecord {
    /// As given; what is not UTF-8 is escaped.
    pub path: String,
    /// Digest of the file's bytes; none where it could not be read.
    pub sha256: Option<String>,
    /// The side it shows.
    pub side: Option<Side>,
    /// The light it was taken in.
    pub light: Light,
    /// Density that file or manifest state, dpi.
    pub dpi: Option<f64>,
    /// Resolution on the note as measured by its size, px/mm.
    pub px_per_mm: Option<f64>,
    /// Width, px.
    pub width: Option<usize>,
    /// Height, px.
    pub height: Option<usize>,
    /// Corners of the paper, px: top left, top right, bottom right, bottom left of the upright note.
    pub quad: Option<[[f64; 2]; 4]>,
    /// How each side (top, right, bottom, left of the upright note) of the outline was found.
    pub sides: Option<[SideSource; 4]>,
    /// How clear the edges were, 0..=1.
    pub quality: Option<f64>,
    /// Agreement of its print with the layout of the design, -1..=1.
    pub agreement: Option<f64>,
    /// By how much the note lies turned clockwise in the scan, degrees.
    pub turned: Option<u16>,
    /// Why the image could not be used.
    pub error: Option<String>,
}

impl FileRecord {
    /// What is said of a file before it is read.
    pub fn unread(source: &Source) -> Self {
        Self {
            path: display_path(&source.path),
            sha256: None,
            side: source.side,
            light: source.light.unwrap_or(Light::Visible).of_facts(),
            dpi: source.dpi,
            px_per_mm: None,
            width: None,
            height: None,
            quad: None,
            sides: None,
            quality: None,
            agreement: None,
            turned: None,
            error: None,
        }
    }
}

/// What a note is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdentityRecord {
    /// The reference note.
    pub design: String,
    /// ISO 4217.
    pub currency: Currency,
    /// The value.
    pub denomination: String,
    /// The series printed on it, where it was read.
    pub series: Option<String>,
    /// Probability that this is right.
    pub confidence: f64,
}

/// The serial number as read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SerialRecord {
    /// The number, or none where any character is in doubt.
    pub text: Option<String>,
    /// Probability that it is right.
    pub confidence: f64,
    /// Each print of it.
    pub readings: Vec<ReadingRecord>,
    /// What is printed beside it; none of what was not read for sure.
    pub marks: MarksRecord,
}

/// What is printed beside the serial number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MarksRecord {
    /// The series year with its letter.
    pub series: Option<String>,
    /// The letter in the bank's seal.
    pub district: Option<char>,
    /// The bank's numbers, as many as were read.
    pub district_numbers: Vec<u8>,
    /// Where on its sheet the note was printed.
    pub position: Option<String>,
    /// Letter and number of the front plate.
    pub plate_front: Option<String>,
    /// Whether it says that it was printed at Fort Worth.
    pub fort_worth: Option<bool>,
    /// The number of the back plate.
    pub plate_back: Option<u16>,
}

/// One print of the serial number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadingRecord {
    /// Which print.
    pub place: String,
    /// What it says; `?` where a character is in doubt.
    pub text: Option<String>,
    /// Probability that all of it is right.
    pub confidence: f64,
}

/// Wear.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fitness {
    /// `fit` or `unfit`.
    pub grade: String,
    /// Soil, 0 as the cleanest enrolled notes to 1; none where none are enrolled.
    pub soil: Option<f64>,
    /// What else is wrong with the paper.
    pub defects: Vec<String>,
    /// What this scan cannot show.
    pub not_examined: Vec<String>,
}

/// The category of ECB/2010/14: a note that passed and is worn out is 4b.
pub fn category(verdict: Verdict, fitness: Option<&Fitness>) -> &'static str {
    match verdict {
        Verdict::Passed if fitness.is_some_and(|f| f.grade == "unfit") => "4b",
        _ => verdict.category(),
    }
}

/// Rounds for output, so that reports are short and the same on every machine.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    let rounded = (value * scale).round() / scale;
    if rounded.is_finite() { rounded } else { 0.0 }
}

/// What tests say of notes.
#[cfg(test)]
pub(crate) mod samples {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;

    /// Of a note with these files, which show nothing that is known.
    pub(crate) fn examination(note: &str, files: &[(&str, Option<&str>)]) -> Examination {
        let record = |(path, digest): &(&str, Option<&str>)| FileRecord {
            sha256: digest.map(str::to_owned),
            ..FileRecord::unread(&Source::of(Path::new(path)))
        };
        Examination {
            schema: SCHEMA,
            note: note.to_owned(),
            files: files.iter().map(record).collect(),
            identity: None,
            serial: None,
            findings: Vec::new(),
            verdict: Verdict::Unrecognised,
            p_value: None,
            reasons: Vec::new(),
            category: "1",
            fitness: None,
            enrolled: 64,
            scanner: Vec::new(),
            softer: BTreeMap::new(),
            elapsed_ms: None,
        }
    }

    /// Of the front of a $1 note in `path`, with these findings.
    pub(crate) fn one_dollar(note: &str, path: &str, findings: Vec<Finding>) -> Examination {
        let mut examination = examination(note, &[(path, None)]);
        for file in &mut examination.files {
            file.side = Some(Side::Front);
        }
        examination.identity = Some(IdentityRecord {
            design: "usd-1-1963".to_owned(),
            currency: "USD".parse().unwrap(),
            denomination: "1".to_owned(),
            series: None,
            confidence: 1.0,
        });
        (examination.verdict, examination.reasons) = judge(&findings, examination.enrolled);
        examination.category = examination.verdict.category();
        examination.findings = findings;
        examination
    }
}
