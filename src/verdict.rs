//! From findings to a verdict.

use serde::{Deserialize, Serialize};

use crate::note::RectMm;

/// What guilloche says of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No defect found in what could be examined.
    Passed,
    /// At least one security feature is missing or clearly out of tolerance.
    Suspect,
    /// Recognised, but too little could be examined, or wear explains the deviation.
    Unclear,
    /// No reference note fits.
    Unrecognised,
    /// No image could be read.
    Unreadable,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] = [
        Self::Passed,
        Self::Suspect,
        Self::Unclear,
        Self::Unrecognised,
        Self::Unreadable,
    ];

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Suspect => "suspect",
            Self::Unclear => "unclear",
            Self::Unrecognised => "unrecognised",
            Self::Unreadable => "unreadable",
        }
    }

    /// The category of ECB/2010/14, annex IIa: 1 not a note that is known, 2 suspect, 3 not clearly
    /// authenticated, 4a genuine and fit (4b unfit).
    pub fn category(self) -> &'static str {
        match self {
            Self::Passed => "4a",
            Self::Suspect => "2",
            Self::Unclear => "3",
            Self::Unrecognised | Self::Unreadable => "1",
        }
    }
}

/// What came of looking at one feature in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As on genuine notes.
    Agrees,
    /// Not as on genuine notes.
    Deviates,
    /// Could not look; `why` says the cause.
    NotExamined,
}

/// One feature looked at in one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The feature's stable name.
    pub feature: String,
    /// What came of it.
    pub outcome: Outcome,
    /// True where genuine notes deviate now and then, or another reason than forgery may explain it: such a
    /// deviation makes a note unclear at most.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
    /// Which of the note's files.
    pub file: usize,
    /// Where, mm from the top left corner.
    pub zone_mm: Option<RectMm>,
    /// The value measured.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// The range expected.
    pub expected: Option<[f64; 2]>,
    /// Share of enrolled genuine notes that look at least as odd.
    pub p_value: Option<f64>,
    /// One sentence.
    pub why: String,
}

/// The verdict on a recognised note, with its reasons in words.
pub fn judge(findings: &[Finding]) -> (Verdict, Vec<String>) {
    let deviating = |doubtful: bool| -> Vec<String> {
        findings
            .iter()
            .filter(|f| f.outcome == Outcome::Deviates && f.doubtful == doubtful)
            .map(|f| f.why.clone())
            .collect()
    };
    let (certain, doubtful) = (deviating(false), deviating(true));
    if !certain.is_empty() {
        return (Verdict::Suspect, [certain, doubtful].concat());
    }
    if !doubtful.is_empty() {
        return (Verdict::Unclear, doubtful);
    }
    if findings.iter().all(|f| f.outcome != Outcome::Agrees) {
        return (
            Verdict::Unclear,
            vec!["no feature was examined yet: the design was recognised, nothing more".to_owned()],
        );
    }
    (Verdict::Passed, Vec::new())
}
