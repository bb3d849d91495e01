//! From findings to a verdict.

use serde::{Deserialize, Serialize};

use crate::compare::evidence::combined;
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
    /// Least share of the features that apply, which must have been examined for a note to pass.
    pub examined: f64,
    /// Least genuine notes enrolled for statistics alone to call a note suspect.
    pub enrolled: usize,
}

impl Default for Policy {
    /// One genuine note in a thousand; doubt at ten times that; half of the features; the twenty notes
    /// that enrolment asks for.
    fn default() -> Self {
        Self {
            false_alarm: 0.001,
            doubt: 10.0,
            examined: 0.5,
            enrolled: 20,
        }
    }
}

/// What the findings on a recognised note amount to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not `passed`, in words.
    pub reasons: Vec<String>,
    /// Probability that a genuine note looks at least as odd in any feature.
    pub p_value: Option<f64>,
}

/// Judges a recognised note, and marks the findings that deviate. `enrolled` is the number of genuine
/// notes of the design that it was compared with.
pub fn judge(findings: &mut [Finding], policy: &Policy, enrolled: usize) -> Judgement {
    let p_value = combined(findings.iter().filter_map(|f| f.p_value));
    let compared = findings.iter().filter(|f| f.p_value.is_some()).count();
    let limit = policy.false_alarm / compared.max(1) as f64;
    let mut reasons = Vec::new();
    let mut doubts = Vec::new();
    for finding in findings.iter_mut() {
        let Some(p) = finding.p_value else { continue };
        if p <= limit {
            finding.outcome = Outcome::Deviates;
            reasons.push((p, finding.why.clone()));
        } else if p <= limit * policy.doubt {
            doubts.push((p, finding.why.clone()));
        }
    }
    let in_words = |mut list: Vec<(f64, String)>| -> Vec<String> {
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
        list.into_iter().map(|(_, why)| why).collect()
    };
    let judgement = |verdict, reasons| Judgement {
        verdict,
        reasons,
        p_value,
    };
    if !reasons.is_empty() {
        let mut reasons = in_words(reasons);
        if enrolled < policy.enrolled {
            reasons.push(format!(
                "only {enrolled} genuine notes of this design are enrolled: enrol {} on this scanner",
                policy.enrolled
            ));
            return judgement(Verdict::Unclear, reasons);
        }
        return judgement(Verdict::Suspect, reasons);
    }
    if !doubts.is_empty() {
        return judgement(Verdict::Unclear, in_words(doubts));
    }
    if compared == 0 {
        return judgement(
            Verdict::Unclear,
            vec![
                "the design was recognised, but no genuine notes of it are enrolled to compare with: \
                 enrol 20 of them on this scanner"
                    .to_owned(),
            ],
        );
    }
    let share = compared as f64 / findings.len().max(1) as f64;
    if share < policy.examined {
        let mut reasons = vec![format!(
            "only {compared} of {} features could be examined: look at the note",
            findings.len()
        )];
        reasons.extend(
            findings
                .iter()
                .filter(|f| f.outcome == Outcome::NotExamined)
                .map(|f| f.why.clone()),
        );
        return judgement(Verdict::Unclear, reasons);
    }
    judgement(Verdict::Passed, Vec::new())
}
