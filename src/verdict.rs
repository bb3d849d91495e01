//! From findings to a verdict.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::compare::evidence::combined;
use crate::features::{self, Feature};
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
    /// True where the scan is too coarse to tell a copy from a camera's doing by it: see [`Policy::coarse`].
    #[serde(skip)]
    pub stands_in: bool,
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
    /// Of a scan softer or sharper than the enrolled ones, or one that lost detail without a copier: the finding it would be
    /// had it been made as they were, where that is odder and the scanner does not explain it.
    #[serde(skip)]
    pub as_enrolled: Option<Box<Finding>>,
    /// Of what deviates in a softer scan and would not beside scans as soft: the finding it is where the batch shows
    /// that the scanner is the cause.
    #[serde(skip)]
    pub if_scanner: Option<Box<Finding>>,
    /// Of a reading odder than that of any enrolled note: what published facts say that it should have been.
    #[serde(skip)]
    pub against_facts: Option<String>,
    /// One sentence.
    pub why: String,
}

impl Finding {
    /// A sure finding on the note's first file, without place, measurement or statistics.
    pub fn new(feature: &str, outcome: Outcome, why: String) -> Self {
        Self {
            feature: feature.to_owned(),
            outcome,
            doubtful: false,
            stands_in: false,
            file: 0,
            zone_mm: None,
            value: None,
            unit: String::new(),
            expected: None,
            p_value: None,
            as_enrolled: None,
            if_scanner: None,
            against_facts: None,
            why,
        }
    }
}

/// How evidence becomes a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Share of genuine notes that may be called suspect.
    pub false_alarm: f64,
    /// A note is unclear where evidence is within this factor of being suspect.
    pub doubt: f64,
    /// Share of genuine notes that fine-detail, pixel-grid, ink-colour and palette may each make unclear in scans too
    /// coarse for the features of print: these are what such a scan leaves of them, so they have a level of their own.
    pub coarse: f64,
    /// Least genuine notes enrolled for statistics alone to call a note suspect.
    pub enrolled: usize,
}

impl Default for Policy {
    /// One genuine note in a thousand; doubt at ten times that; three in a hundred for each of the four features of a
    /// coarse scan (at five, 2 of 22 worn $1 at 200 to 400 dpi were unclear); with fewer than thirty notes the tail is too
    /// uncertain (on 20 of 40 ¥100 notes, one of the other 20 was called suspect).
    fn default() -> Self {
        Self {
            false_alarm: 0.001,
            doubt: 10.0,
            coarse: 0.03,
            enrolled: 30,
        }
    }
}

/// A scan of quite another resolution than those of the notes that it is compared with, px/mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OtherResolution {
    scan: f64,
    enrolled: f64,
}

impl OtherResolution {
    /// `None` where the scan is about as fine as the enrolled ones were in the median.
    pub fn than(enrolled: f64, scan: f64) -> Option<Self> {
        (!ABOUT.contains(&(scan / enrolled))).then_some(Self { scan, enrolled })
    }
}

/// 250 and 400 dpi are about 300; 200 and 600 are not. Without this, of genuine specimens on scanners other than the
/// one that enrolled at 300 dpi, 26 of 128 were called suspect at 150 and 200 dpi, 1 of 20 at 600 dpi, none of 40
/// at 250 and 400 dpi.
const ABOUT: RangeInclusive<f64> = 0.8..=1.5;

/// More genuine notes than this share are as odd beside scans as sharp: that would explain it.
pub const USUAL: f64 = 0.05;

/// What is said of a note of whose design none are enrolled.
const NOT_ENROLLED: &str = "the design was recognised, but no genuine notes of it are enrolled to compare with: enrol 30 of them \
                            on this scanner";

/// Least share of what was looked for that must have been examined for a note to pass.
const EXAMINED: f64 = 0.5;

/// Marks the findings whose p-value says that they deviate. The level is shared among all that was
/// compared (Bonferroni), which holds however features depend on each other; a side's features together
/// count as one more. Deviations that the level does not quite reach, or that rest on too few enrolled
/// notes, or on a scan of another resolution than theirs, are doubtful: what a note reads at another resolution depends
/// on the scanner. So is what neither an enrolled note read nor a published fact allows: genuine notes that differ much
/// from each other leave much room, but not beyond what their maker says of them.
pub fn weigh(
    findings: &mut [Finding],
    policy: &Policy,
    enrolled: usize,
    other: Option<&OtherResolution>,
) {
    let compared = findings
        .iter()
        .filter(|f| !f.stands_in && f.p_value.is_some())
        .count();
    let shared = policy.false_alarm / compared.max(1) as f64;
    let coarse: Vec<usize> = findings
        .iter()
        .filter(|f| f.stands_in && f.p_value.is_some())
        .map(|f| f.file)
        .collect();
    for finding in findings {
        let Some(p) = finding.p_value else { continue };
        let as_enrolled = finding.as_enrolled.take();
        let against_facts = finding.against_facts.take();
        let stands_in = finding.stands_in;
        let left = features::named(&finding.feature).is_some_and(Feature::left_in_coarse_scans);
        let all_that_shows = stands_in || left;
        let doubt = if all_that_shows && coarse.contains(&finding.file) {
            policy.coarse.max(shared * policy.doubt)
        } else {
            shared * policy.doubt
        };
        if p > doubt {
            finding.doubtful = false;
            // Odd beside the enrolled scans alone: the scanner may be the cause, and so may a copier.
            if let Some(odder) = as_enrolled.filter(|f| f.p_value.is_some_and(|p| p <= doubt)) {
                let odder = Finding {
                    outcome: Outcome::Deviates,
                    doubtful: true,
                    ..*odder
                };
                let usual = std::mem::replace(finding, odder);
                if p > USUAL {
                    finding.if_scanner = Some(Box::new(usual));
                }
            } else if let Some(published) = against_facts {
                finding.outcome = Outcome::Deviates;
                finding.doubtful = true;
                finding.why.push_str(&format!("; {published}"));
            }
            continue;
        }
        finding.outcome = Outcome::Deviates;
        if stands_in || all_that_shows && p > shared * policy.doubt {
            finding
                .why
                .push_str("; how a note was printed shows at 300 dpi: scan it again");
        }
        finding.doubtful |=
            stands_in || p > shared || enrolled < policy.enrolled || other.is_some();
        if let Some(OtherResolution { scan, enrolled }) = other {
            finding.why.push_str(&format!(
                "; scanned at {:.0} dpi, the enrolled notes at {:.0}: scan it as they were, or enrol 30 notes \
                 at this resolution",
                scan * 25.4,
                enrolled * 25.4
            ));
        }
        if enrolled < policy.enrolled {
            finding.why.push_str(&format!(
                "; only {enrolled} genuine notes are enrolled: enrol {} on this scanner",
                policy.enrolled
            ));
        }
    }
}

/// Probability that a genuine note is at least as odd in anything that was compared; `None` where nothing
/// was.
pub fn overall(findings: &[Finding]) -> Option<f64> {
    combined(
        findings
            .iter()
            .filter(|f| !f.stands_in)
            .filter_map(|f| f.p_value),
    )
}

/// The verdict on a recognised note of whose design so many genuine notes are enrolled, with its reasons
/// in words, rarest first.
pub fn judge(findings: &[Finding], enrolled: usize) -> (Verdict, Vec<String>) {
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
    let not_enrolled: Vec<String> = (enrolled == 0)
        .then(|| NOT_ENROLLED.to_owned())
        .into_iter()
        .collect();
    if !certain.is_empty() {
        return (Verdict::Suspect, [certain, doubtful, not_enrolled].concat());
    }
    if !doubtful.is_empty() || !not_enrolled.is_empty() {
        return (Verdict::Unclear, [doubtful, not_enrolled].concat());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::ink_colour;

    fn finding(p_value: Option<f64>) -> Finding {
        Finding {
            p_value,
            ..Finding::new("line-acuity", Outcome::Agrees, "why".to_owned())
        }
    }

    #[test]
    fn a_scan_of_another_resolution_makes_no_note_suspect() {
        for same in [9.8, 15.7] {
            assert_eq!(OtherResolution::than(11.8, same), None);
        }
        assert!(OtherResolution::than(11.8, 23.6).is_some());
        let other = OtherResolution::than(11.8, 7.9);
        let mut findings = [finding(Some(1e-9)), finding(Some(0.5))];
        weigh(&mut findings, &Policy::default(), 64, other.as_ref());
        let (verdict, reasons) = judge(&findings, 64);
        assert_eq!(verdict, Verdict::Unclear);
        assert!(
            reasons[0].contains("scanned at 201 dpi, the enrolled notes at 300"),
            "{reasons:?}"
        );
    }

    #[test]
    fn what_stands_in_makes_unclear_and_no_more() {
        for (p, expected) in [
            (1e-9, Verdict::Unclear),
            (0.0, Verdict::Unclear),
            (0.02, Verdict::Unclear),
            (0.04, Verdict::Passed),
        ] {
            let mut findings = [finding(Some(p)), finding(Some(0.5))];
            findings[0].stands_in = true;
            weigh(&mut findings, &Policy::default(), 64, None);
            assert_eq!(judge(&findings, 64).0, expected, "{p}");
            assert_eq!(overall(&findings), Some(0.5));
        }
    }

    #[test]
    fn in_a_coarse_scan_colour_has_the_level_of_what_stands_in() {
        for (detail, expected) in [(Some(0.5), Verdict::Unclear), (None, Verdict::Passed)] {
            let mut findings = [finding(Some(0.02)), finding(detail), finding(Some(0.5))];
            findings[0].feature = ink_colour::ID.to_owned();
            findings[1].stands_in = true;
            weigh(&mut findings, &Policy::default(), 64, None);
            assert_eq!(judge(&findings, 64).0, expected, "{detail:?}");
        }
        // What would be suspect in a fine scan is in a coarse one.
        let mut findings = [finding(Some(1e-9)), finding(Some(0.5))];
        findings[0].feature = ink_colour::ID.to_owned();
        findings[1].stands_in = true;
        weigh(&mut findings, &Policy::default(), 64, None);
        assert_eq!(judge(&findings, 64).0, Verdict::Suspect);
    }

    #[test]
    fn what_is_odd_beside_the_enrolled_scans_alone_is_unclear() {
        let judged = |beside_its_like: f64, as_enrolled: f64| {
            let mut findings = [finding(Some(beside_its_like)), finding(Some(0.5))];
            findings[0].as_enrolled = Some(Box::new(Finding {
                why: "softer".to_owned(),
                ..finding(Some(as_enrolled))
            }));
            weigh(&mut findings, &Policy::default(), 64, None);
            judge(&findings, 64)
        };
        assert_eq!(judged(1e-7, 1e-9).0, Verdict::Suspect);
        assert_eq!(
            judged(0.04, 1e-9),
            (Verdict::Unclear, vec!["softer".to_owned()])
        );
        assert_eq!(judged(0.5, 0.02).0, Verdict::Passed);
        let explained = |beside_its_like: f64| {
            let mut findings = [finding(Some(beside_its_like)), finding(Some(0.5))];
            findings[0].as_enrolled = Some(Box::new(finding(Some(1e-9))));
            weigh(&mut findings, &Policy::default(), 64, None);
            findings[0].if_scanner.as_ref().and_then(|f| f.p_value)
        };
        assert_eq!(explained(0.06), Some(0.06));
        assert_eq!(explained(0.04), None);
    }

    #[test]
    fn what_neither_an_enrolled_note_nor_a_fact_allows_is_unclear() {
        for (p, against_facts, expected) in [
            (0.02, None, Verdict::Passed),
            (0.02, Some("6 to 200 is published"), Verdict::Unclear),
            (1e-9, Some("6 to 200 is published"), Verdict::Suspect),
        ] {
            let mut findings = [finding(Some(p)), finding(Some(0.5))];
            findings[0].against_facts = against_facts.map(str::to_owned);
            weigh(&mut findings, &Policy::default(), 64, None);
            let (verdict, reasons) = judge(&findings, 64);
            assert_eq!(verdict, expected, "{p} {against_facts:?}");
            if verdict == Verdict::Unclear {
                assert_eq!(reasons, ["why; 6 to 200 is published"]);
            }
        }
    }

    fn verdict(p_values: &[f64], enrolled: usize) -> Verdict {
        let mut findings: Vec<Finding> = p_values.iter().map(|p| finding(Some(*p))).collect();
        weigh(&mut findings, &Policy::default(), enrolled, None);
        judge(&findings, enrolled).0
    }

    #[test]
    fn the_level_is_shared_among_all_that_was_compared() {
        // 0.001 shared by four.
        assert_eq!(verdict(&[0.000_24, 0.5, 0.5, 0.5], 64), Verdict::Suspect);
        assert_eq!(verdict(&[0.000_26, 0.5, 0.5, 0.5], 64), Verdict::Unclear);
        assert_eq!(verdict(&[0.002_6, 0.5, 0.5, 0.5], 64), Verdict::Passed);
        let findings: Vec<Finding> = [0.01, 0.5].map(|p| finding(Some(p))).to_vec();
        assert_eq!(overall(&findings), Some(0.02));
        assert_eq!(overall(&[finding(None)]), None);
    }

    #[test]
    fn few_enrolled_notes_call_no_note_suspect_and_none_pass_no_note() {
        assert_eq!(verdict(&[1e-9, 0.5], 29), Verdict::Unclear);
        assert_eq!(verdict(&[0.5, 0.5], 29), Verdict::Passed);
        assert_eq!(verdict(&[0.5, 0.5], 0), Verdict::Unclear);
    }

    #[test]
    fn a_contradiction_needs_no_statistics() {
        let contradiction = Finding {
            outcome: Outcome::Deviates,
            ..finding(None)
        };
        let (verdict, reasons) = judge(std::slice::from_ref(&contradiction), 0);
        assert_eq!(verdict, Verdict::Suspect);
        // It says what to enrol, too.
        assert_eq!(reasons, ["why", NOT_ENROLLED]);
        let doubtful = Finding {
            doubtful: true,
            ..contradiction
        };
        assert_eq!(
            judge(&[doubtful, finding(Some(0.5))], 64).0,
            Verdict::Unclear
        );
    }

    #[test]
    fn a_note_of_which_little_was_seen_does_not_pass() {
        let unseen = Finding {
            outcome: Outcome::NotExamined,
            why: "line-acuity: too coarse".to_owned(),
            ..finding(None)
        };
        let (verdict, reasons) = judge(&[finding(Some(0.5)), unseen.clone(), unseen], 64);
        assert_eq!(verdict, Verdict::Unclear);
        assert!(reasons.iter().any(|r| r == "too coarse"), "{reasons:?}");
    }
}
