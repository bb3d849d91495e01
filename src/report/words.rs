//! What was found, in the words of a person who handles cash.
//!
//! Sentences are made from the fields of a finding through the catalogue of a language; `why` is for
//! programs and for who looks closely.

use super::Examination;
use super::said::said;
use crate::drift::Comparison;
use crate::findings::TOGETHER;
use crate::language::Catalogue;
use crate::note::RectMm;
use crate::reference::{Design, Library};
use crate::verdict::{Finding, Outcome, Verdict};

/// A feature's name; its id where no catalogue has it.
pub fn name<'a>(catalogue: &'a Catalogue, feature: &'a str) -> &'a str {
    catalogue
        .get(&format!("feature.{feature}.name"))
        .unwrap_or(feature)
}

/// The sentence on a finding: that it agrees or deviates, or why it was not examined.
pub fn sentence(catalogue: &Catalogue, finding: &Finding) -> String {
    let part = match finding.outcome {
        Outcome::Agrees => "agrees",
        Outcome::Deviates => "deviates",
        Outcome::NotExamined => return cause(catalogue, finding),
    };
    catalogue
        .get(&format!("feature.{}.{part}", finding.feature))
        .map_or_else(|| said(catalogue, &finding.why), str::to_owned)
}

/// What a person can do to look closer.
pub fn look<'a>(catalogue: &'a Catalogue, finding: &Finding) -> Option<&'a str> {
    catalogue.get(&format!("feature.{}.look", finding.feature))
}

/// How the sentences begin that say why something was not examined, and their keys.
const CAUSES: [(&str, &str); 9] = [
    ("resolution too low", "cause.resolution"),
    ("the scan is blurred", "cause.blurred"),
    ("JPEG too strong", "cause.compressed"),
    ("scanned without colour", "cause.colourless"),
    ("zone covered", "cause.covered"),
    ("not calibrated", "cause.not-calibrated"),
    ("side missing", "cause.side-missing"),
    ("light missing", "cause.light-missing"),
    ("the serial number was not read", "cause.serial-unread"),
];

/// Why something was not examined.
pub fn cause(catalogue: &Catalogue, finding: &Finding) -> String {
    let prefix = format!("{}: ", finding.feature);
    let why = finding.why.strip_prefix(&prefix).unwrap_or(&finding.why);
    match CAUSES.iter().find(|(start, _)| why.starts_with(start)) {
        Some((_, key)) => catalogue.text(key).to_owned(),
        None if finding.feature == "serial-watchlist" => {
            catalogue.text("feature.serial-watchlist.agrees").to_owned()
        }
        None => catalogue.fill("cause.other", &[("why", &said(catalogue, why))]),
    }
}

/// The measured value beside what is expected; none where the finding is a rule or has no value.
pub fn measured(catalogue: &Catalogue, finding: &Finding) -> Option<String> {
    let (value, [low, high]) = (finding.value?, finding.expected?);
    if finding.unit == "holds" {
        return None;
    }
    let unit = catalogue
        .get(&format!("unit.{}", finding.unit))
        .unwrap_or(&finding.unit);
    let key = if finding.unit.is_empty() {
        "finding.measured-plain"
    } else {
        "finding.measured"
    };
    Some(catalogue.fill(
        key,
        &[
            ("value", &number(value)),
            ("unit", unit),
            ("low", &number(low)),
            ("high", &number(high)),
        ],
    ))
}

/// How rare a genuine note is that looks as odd.
pub fn rarity(catalogue: &Catalogue, finding: &Finding) -> Option<String> {
    let p = finding.p_value?;
    if p > 0.5 {
        return None;
    }
    // Beyond that the tail of a few dozen enrolled notes says nothing.
    const RAREST: f64 = 100_000.0;
    let one_in = 1.0 / p.max(1e-9);
    if one_in > RAREST {
        return Some(catalogue.fill("finding.rarer", &[("notes", &grouped(RAREST))]));
    }
    // Two digits: the tail is not known better.
    let scale = 10f64.powf(one_in.log10().floor() - 1.0).max(1.0);
    let one_in = grouped((one_in / scale).round() * scale);
    Some(catalogue.fill("finding.rarity", &[("notes", &one_in)]))
}

/// A number as people write it: at most three decimals, with a minus sign.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    let text = if magnitude >= 100.0 {
        format!("{magnitude:.0}")
    } else {
        let text = format!("{magnitude:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if value < 0.0 && text != "0" {
        format!("\u{2212}{text}")
    } else {
        text
    }
}

/// A whole number with commas between thousands.
pub fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The name of the zone that a finding lies in, where it is one of the design's.
pub fn zone(
    catalogue: &Catalogue,
    library: &Library,
    examination: &Examination,
    finding: &Finding,
) -> Option<String> {
    let design = library
        .design(&examination.identity.as_ref()?.design)
        .ok()?;
    let side = examination.files.get(finding.file)?.side?;
    let rect = finding.zone_mm?;
    if covers(rect, design) {
        return None;
    }
    let zone = design
        .zones
        .iter()
        .filter(|z| z.side == side)
        .find(|z| near(z.rect_mm, rect))?;
    Some(zone_name(catalogue, &zone.id))
}

/// Whether a rectangle is as good as the whole side.
pub fn covers(rect: RectMm, design: &Design) -> bool {
    rect.width * rect.height > 0.8 * design.size.width * design.size.height
}

fn near(a: RectMm, b: RectMm) -> bool {
    let (a, b): ([f64; 4], [f64; 4]) = (a.into(), b.into());
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.2)
}

/// The findings that deviate, as a person should look at them: certain ones first, then rarest first;
/// what sums up all features comes after what it sums up. With their place among the findings.
pub fn deviating(examination: &Examination) -> Vec<(usize, &Finding)> {
    let mut found: Vec<(usize, &Finding)> = examination
        .findings
        .iter()
        .enumerate()
        .filter(|(_, f)| f.outcome == Outcome::Deviates)
        .collect();
    let rank = |f: &Finding| (f.doubtful, f.feature == TOGETHER);
    found.sort_by(|(_, a), (_, b)| {
        let by_p = a
            .p_value
            .unwrap_or(0.0)
            .total_cmp(&b.p_value.unwrap_or(0.0));
        rank(a).cmp(&rank(b)).then(by_p)
    });
    found
}

/// Why the verdict is not `passed`, one sentence each.
pub fn reasons(catalogue: &Catalogue, examination: &Examination) -> Vec<String> {
    let errors = examination
        .files
        .iter()
        .filter_map(|file| Some(fault(catalogue, &file.path, file.error.as_deref()?)));
    let mut out: Vec<String> = Vec::new();
    match examination.verdict {
        Verdict::Passed | Verdict::Unreadable => {}
        Verdict::Unrecognised => out.push(catalogue.text("reason.unrecognised").to_owned()),
        Verdict::Suspect | Verdict::Unclear => {
            let deviating = deviating(examination);
            for (_, finding) in &deviating {
                let sentence = sentence(catalogue, finding);
                if !out.contains(&sentence) {
                    out.push(sentence);
                }
            }
            for (said, reason) in [
                (" genuine notes are enrolled: enrol ", "reason.few-enrolled"),
                (" dpi, the enrolled notes at ", "reason.other-resolution"),
                (
                    " than the enrolled ones (edges of ink ",
                    "reason.other-sharpness",
                ),
                ("; the paper shows less grain than ", "reason.smoothed"),
                ("; some of the engraving is as sharp as ", "reason.not-flat"),
            ] {
                if deviating.iter().any(|(_, f)| f.why.contains(said)) {
                    out.push(catalogue.text(reason).to_owned());
                }
            }
            if deviating.is_empty() {
                out.push(undecided(catalogue, examination));
            }
        }
    }
    out.extend(errors);
    out
}

/// What is wrong with a file: its name and why.
fn fault(catalogue: &Catalogue, path: &str, error: &str) -> String {
    let why = error
        .strip_prefix(path)
        .and_then(|rest| rest.strip_prefix(": "));
    match why {
        Some(why) => format!("{path}: {}", said(catalogue, why)),
        None => said(catalogue, error),
    }
}

/// Why a note is unclear in which nothing deviates.
fn undecided(catalogue: &Catalogue, examination: &Examination) -> String {
    let findings = &examination.findings;
    if examination.identity.is_none() {
        return catalogue.text("reason.contradiction").to_owned();
    }
    if findings.iter().all(|f| f.p_value.is_none()) {
        return catalogue.text("reason.not-enrolled").to_owned();
    }
    if examination.colourless() {
        return catalogue.text("cause.colourless").to_owned();
    }
    let examined = findings
        .iter()
        .filter(|f| f.outcome != Outcome::NotExamined)
        .count();
    catalogue.fill(
        "reason.few-examined",
        &[
            ("examined", &examined.to_string()),
            ("all", &findings.len().to_string()),
        ],
    )
}

/// That the scanner has changed, and what says so; none where it has not.
pub fn drift(catalogue: &Catalogue, comparison: &Comparison) -> Option<String> {
    /// Readings that are named: more say the same.
    const NAMED: usize = 3;
    if !comparison.changed() {
        return None;
    }
    let moved: Vec<String> = comparison
        .moved
        .iter()
        .take(NAMED)
        .map(|moved| {
            let place = zone_name(catalogue, &moved.place);
            catalogue.fill(
                "drift.moved",
                &[
                    ("feature", name(catalogue, moved.feature)),
                    ("place", &place),
                    ("median", &number(moved.median)),
                    ("enrolled", &number(moved.enrolled)),
                ],
            )
        })
        .collect();
    let side = catalogue.get(&format!("drift.{}s", comparison.side));
    Some(catalogue.fill(
        "drift.changed",
        &[
            ("notes", &comparison.notes.to_string()),
            ("side", side.unwrap_or_default()),
            ("design", &comparison.design),
            ("enrolled", &comparison.enrolled.to_string()),
            ("scanner", &comparison.scanner),
            ("moved", &catalogue.list(&moved)),
        ],
    ))
}

/// The name of a zone in words.
pub(super) fn zone_name(catalogue: &Catalogue, id: &str) -> String {
    catalogue
        .get(&format!("zone.{id}"))
        .or_else(|| catalogue.get(&format!("drift.place.{id}")))
        .map_or_else(|| id.replace('-', " "), str::to_owned)
}

/// The name of a verdict.
pub fn verdict(catalogue: &Catalogue, verdict: Verdict) -> &str {
    catalogue
        .get(&format!("verdict.{}.name", verdict.as_str()))
        .unwrap_or(verdict.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::Unmeasured;
    use crate::language::Language;

    fn finding(why: String) -> Finding {
        Finding::new("line-acuity", Outcome::NotExamined, why)
    }

    #[test]
    fn every_cause_has_words_of_its_own() {
        let causes = [
            Unmeasured::Resolution {
                have: 4.0,
                need: 7.0,
            },
            Unmeasured::Blurred("x".to_owned()),
            Unmeasured::Compressed("x".to_owned()),
            Unmeasured::Colourless,
            Unmeasured::Covered("x".to_owned()),
            Unmeasured::NotCalibrated("x".to_owned()),
        ];
        for language in Language::ALL {
            let catalogue = language.catalogue();
            let said: Vec<String> = causes
                .iter()
                .map(|c| cause(catalogue, &finding(format!("line-acuity: {c}"))))
                .collect();
            for (index, one) in said.iter().enumerate() {
                assert!(!said[..index].contains(one), "{one}");
                assert!(!one.contains("cause."), "{one}");
            }
            // One that no catalogue has is quoted.
            let other = Unmeasured::Other("nobody ever said this".to_owned());
            let said = cause(catalogue, &finding(format!("line-acuity: {other}")));
            assert!(said.contains("nobody ever said this"), "{said}");
        }
    }

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!(number(1.25), "1.25");
        assert_eq!(number(-0.5), "\u{2212}0.5");
        assert_eq!(number(-0.0001), "0");
        assert_eq!(number(1234.5), "1234");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(grouped(999.0), "999");
    }
}
