//! From findings to a verdict.

use serde::{Deserialize, Serialize};

use crate::compare::evidence::combined;
use crate::findings::TOGETHER;
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

/// How evidence becomes a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Share of genuine notes that may be called suspect.
    pub false_alarm: f64,
    /// A note is unclear where evidence is within this factor of being suspect.
    pub doubt: f64,
    /// Least genuine notes enrolled for statistics alone to call a note suspect.
    pub enrolled: usize,
}

impl Default for Policy {
    /// One genuine note in a thousand; doubt at ten times that; with fewer than thirty notes the tail is too uncertain (on 20 of 40 ¥100 notes, one of the other 20 was called suspect).
    fn default() -> Self {
        Self {
            false_alarm: 0.001,
            doubt: 10.0,
            enrolled: 30,
        }
    }
}

/// Least share of what was looked for that must have been examined for a note to pass.
const EXAMINED: f64 = 0.5;

/// Marks the findings whose p-value says that they deviate. Half of the level goes to the sides judged
/// by all their features together, half to single features, each shared among all that were compared
/// (Bonferroni), which holds however they depend on each other. Deviations that the level does
/// not quite reach, or that rest on too few enrolled notes, are doubtful.
pub fn weigh(findings: &mut [Finding], policy: &Policy, enrolled: usize) {
    let shares = shares(findings);
    for (finding, share) in findings.iter_mut().zip(shares) {
        let Some(p) = finding.p_value else { continue };
        let limit = policy.false_alarm * share;
        if p > limit * policy.doubt {
            finding.doubtful = false;
            continue;
        }
        finding.outcome = Outcome::Deviates;
        finding.doubtful |= p > limit || enrolled < policy.enrolled;
        if enrolled < policy.enrolled {
            finding.why.push_str(&format!(
                "; only {enrolled} genuine notes are enrolled: enrol {} on this scanner",
                policy.enrolled
            ));
        }
    }
}

/// The share of the level that each finding gets: half for those on all features together, half for the
/// others.
fn shares(findings: &[Finding]) -> Vec<f64> {
    let count = |together: bool| {
        findings
            .iter()
            .filter(|f| f.p_value.is_some() && (f.feature == TOGETHER) == together)
            .count()
            .max(1) as f64
    };
    let (joint, single) = (count(true), count(false));
    findings
        .iter()
        .map(|f| 0.5 / if f.feature == TOGETHER { joint } else { single })
        .collect()
}

/// Probability that a genuine note is at least as odd in anything that was compared; `None` where nothing
/// was.
pub fn overall(findings: &[Finding]) -> Option<f64> {
    let rarest = |together: bool| {
        combined(
            findings
                .iter()
                .filter(|f| (f.feature == TOGETHER) == together)
                .filter_map(|f| f.p_value),
        )
    };
    // Each kind has half of the level.
    [rarest(true), rarest(false)]
        .into_iter()
        .flatten()
        .min_by(f64::total_cmp)
        .map(|p| (2.0 * p).min(1.0))
}

/// The verdict on a recognised note, with its reasons in words, rarest first.
pub fn judge(findings: &[Finding]) -> (Verdict, Vec<String>) {
    let deviating = |doubtful: bool| -> Vec<String> {
        let mut found: Vec<&Finding> = findings
            .iter()
            .filter(|f| f.outcome == Outcome::Deviates && f.doubtful == doubtful)
            .collect();
        found.sort_by(|a, b| {
            a.p_value
                .unwrap_or(0.0)
                .total_cmp(&b.p_value.unwrap_or(0.0))
        });
        found.into_iter().map(|f| f.why.clone()).collect()
    };
    let (certain, doubtful) = (deviating(false), deviating(true));
    if !certain.is_empty() {
        return (Verdict::Suspect, [certain, doubtful].concat());
    }
    if !doubtful.is_empty() {
        return (Verdict::Unclear, doubtful);
    }
    if findings.iter().all(|f| f.p_value.is_none()) {
        let why = "the design was recognised, but no genuine notes of it are enrolled to compare with: \
                   enrol 30 of them on this scanner";
        return (Verdict::Unclear, vec![why.to_owned()]);
    }
    let examined = findings
        .iter()
        .filter(|f| f.outcome != Outcome::NotExamined)
        .count();
    if (examined as f64) < EXAMINED * findings.len() as f64 {
        let mut causes: Vec<String> = Vec::new();
        for finding in findings
            .iter()
            .filter(|f| f.outcome == Outcome::NotExamined)
        {
            let cause = finding
                .why
                .split_once(": ")
                .map_or(finding.why.as_str(), |w| w.1);
            if !causes.iter().any(|c| c == cause) {
                causes.push(cause.to_owned());
            }
        }
        let mut reasons = vec![format!(
            "only {examined} of {} features could be examined: look at the note",
            findings.len()
        )];
        reasons.append(&mut causes);
        return (Verdict::Unclear, reasons);
    }
    (Verdict::Passed, Vec::new())
}
