//! From readings to findings: what was measured on a side, compared with what genuine notes read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ndarray::Array2;

use crate::compare::evidence::{Evidence, Genuine, Joint, Model};
use crate::features::{self, Face, Feature, Reading};
use crate::note::Side;
use crate::reference::{Library, Readings};
use crate::report::rounded;
use crate::verdict::{Finding, Outcome};

/// What genuine notes read, fitted feature by feature when a design is first met.
#[derive(Debug)]
pub struct Experience<'a> {
    sides: BTreeMap<(&'a str, Side), KnownSide<'a>>,
}

/// What is known of one side of one design.
#[derive(Debug)]
struct KnownSide<'a> {
    readings: &'a Readings,
    scanner: &'a str,
    fitted: OnceLock<Fitted>,
}

/// Models of one side's features, each by itself and all together.
#[derive(Debug)]
struct Fitted {
    models: BTreeMap<&'static str, Model>,
    joint: Option<Joint>,
}

impl<'a> Experience<'a> {
    /// Of all notes enrolled in a library.
    pub fn new(library: &'a Library) -> Self {
        let sides = library
            .designs()
            .iter()
            .flat_map(|design| {
                design.measured.iter().filter_map(|(side, measured)| {
                    let known = KnownSide {
                        readings: measured.readings.as_ref()?,
                        scanner: &measured.enrolment.scanner,
                        fitted: OnceLock::new(),
                    };
                    Some(((design.id.as_str(), *side), known))
                })
            })
            .collect();
        Self { sides }
    }

    /// Looks at everything that was measured on a side: one finding a feature, and one for all of
    /// them together.
    pub fn findings(
        &self,
        face: &Face<'_>,
        readings: &[(&'static str, Vec<Reading>)],
        file: usize,
    ) -> Vec<Finding> {
        let Some(known) = self.sides.get(&(face.design.id.as_str(), face.side)) else {
            return readings
                .iter()
                .map(|(feature, readings)| not_examined(feature, readings, file))
                .collect();
        };
        let fitted = known.fitted();
        let mut findings: Vec<Finding> = readings
            .iter()
            .map(|(feature, readings)| {
                let measured = readings
                    .iter()
                    .filter_map(|r| Some((r.zone.as_str(), r.result.as_ref().ok()?.value)));
                match fitted.models.get(feature).and_then(|m| m.judge(measured)) {
                    Some(evidence) => examined(feature, readings, evidence, known.scanner, file),
                    None => not_examined(feature, readings, file),
                }
            })
            .collect();
        findings.extend(fitted.together(&findings, known, file));
        findings
    }
}

impl Fitted {
    /// All features of a side together.
    fn together(
        &self,
        findings: &[Finding],
        known: &KnownSide<'_>,
        file: usize,
    ) -> Option<Finding> {
        let mut rarest: Vec<(f64, &str)> = findings
            .iter()
            .filter_map(|f| Some((f.p_value?, f.feature.as_str())))
            .collect();
        if rarest.len() < 2 {
            return None;
        }
        let rarity = self.joint.as_ref()?.judge(rarest.iter().map(|r| r.0))?;
        rarest.sort_by(|a, b| a.0.total_cmp(&b.0));
        let odd: Vec<&str> = rarest.iter().take(3).map(|r| r.1).collect();
        Some(Finding {
            feature: TOGETHER.to_owned(),
            outcome: Outcome::Agrees,
            doubtful: false,
            file,
            zone_mm: None,
            value: None,
            unit: String::new(),
            expected: None,
            p_value: Some(rarity.p),
            why: format!(
                "{} features together, most of all {}: odd as 1 in {:.0} genuine notes ({} of them were \
                 measured, {}{})",
                rarest.len(),
                odd.join(", "),
                (1.0 / rarity.p.max(1e-12)).round(),
                known.readings.count(),
                known.scanner,
                if rarity.extrapolated {
                    "; rarer than any of them"
                } else {
                    ""
                }
            ),
        })
    }
}

/// The name of the finding on all features of a side together.
pub const TOGETHER: &str = "all-features";

impl KnownSide<'_> {
    fn fitted(&self) -> &Fitted {
        self.fitted.get_or_init(|| {
            let fitted: Vec<(&'static str, Model, Genuine)> = features::all()
                .into_iter()
                .filter_map(|feature| {
                    let genuine = genuine(feature, self.readings)?;
                    Some((feature.id(), Model::fit(&genuine)?, genuine))
                })
                .collect();
            let joint = Joint::fit(fitted.iter().map(|(_, model, genuine)| (model, genuine)));
            Fitted {
                joint,
                models: fitted
                    .into_iter()
                    .map(|(id, model, _)| (id, model))
                    .collect(),
            }
        })
    }
}

fn genuine(feature: &dyn Feature, readings: &Readings) -> Option<Genuine> {
    let zones = readings.values.get(feature.id())?;
    let places: Vec<String> = zones.keys().cloned().collect();
    let columns: Vec<&Vec<f32>> = zones.values().collect();
    let values = Array2::from_shape_fn((readings.notes.len(), columns.len()), |(row, column)| {
        columns
            .get(column)
            .and_then(|values| values.get(row))
            .map_or(f64::NAN, |v| f64::from(*v))
    });
    Some(Genuine {
        odd: places.iter().map(|place| feature.odd(place)).collect(),
        places,
        values,
        objects: readings.notes.clone(),
        least_spread: feature.least_spread(),
    })
}

/// A finding that agrees until the verdict's policy says otherwise.
fn examined(
    feature: &str,
    readings: &[Reading],
    evidence: Evidence,
    scanner: &str,
    file: usize,
) -> Finding {
    let measurement = readings
        .iter()
        .find(|r| r.zone == evidence.place)
        .and_then(|r| r.result.as_ref().ok());
    let unit = measurement.map_or("", |m| m.unit);
    let value = rounded(evidence.value, 3);
    let expected = evidence.expected.map(|v| rounded(v, 3));
    let what = if evidence.overall {
        format!("all places together, most at {}", evidence.place)
    } else {
        evidence.place.clone()
    };
    Finding {
        feature: feature.to_owned(),
        outcome: Outcome::Agrees,
        doubtful: false,
        file,
        zone_mm: measurement.map(|m| m.zone_mm),
        value: Some(value),
        unit: unit.to_owned(),
        expected: Some(expected),
        p_value: Some(evidence.rarity.p),
        why: format!(
            "{feature} ({what}): {value} {unit}, expected {} to {} as on {} genuine notes ({scanner}){}",
            expected[0],
            expected[1],
            evidence.objects,
            if evidence.rarity.extrapolated {
                "; rarer than any of them"
            } else {
                ""
            }
        ),
    }
}

fn not_examined(feature: &str, readings: &[Reading], file: usize) -> Finding {
    let why = readings.iter().find_map(|r| r.result.as_ref().err());
    let measured = readings.iter().any(|r| r.result.is_ok());
    let why = match (measured, why) {
        (true, _) => {
            "not calibrated: no genuine notes of this design were measured for it".to_owned()
        }
        (false, Some(why)) => why.to_string(),
        (false, None) => "this side has no place for it".to_owned(),
    };
    Finding {
        feature: feature.to_owned(),
        outcome: Outcome::NotExamined,
        doubtful: false,
        file,
        zone_mm: None,
        value: None,
        unit: String::new(),
        expected: None,
        p_value: None,
        why: format!("{feature}: {why}"),
    }
}
