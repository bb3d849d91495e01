//! From readings to findings: what was measured on a side, compared with what genuine notes read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ndarray::Array2;

use crate::compare::evidence::{Evidence, Genuine, Model};
use crate::features::{self, Face, Feature, Reading, measure_all};
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
    models: OnceLock<BTreeMap<&'static str, Model>>,
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
                        models: OnceLock::new(),
                    };
                    Some(((design.id.as_str(), *side), known))
                })
            })
            .collect();
        Self { sides }
    }

    /// Looks at everything there is to look at on a side: one finding a feature.
    pub fn findings(&self, face: &Face<'_>, file: usize) -> Vec<Finding> {
        let known = self.sides.get(&(face.design.id.as_str(), face.side));
        measure_all(face)
            .into_iter()
            .map(|(feature, readings)| {
                let evidence = known.and_then(|known| {
                    let measured = readings
                        .iter()
                        .filter_map(|r| Some((r.zone.as_str(), r.result.as_ref().ok()?.value)));
                    known.models().get(feature)?.judge(measured)
                });
                match (evidence, known) {
                    (Some(evidence), Some(known)) => {
                        examined(feature, &readings, evidence, known.scanner, file)
                    }
                    _ => not_examined(feature, &readings, file),
                }
            })
            .collect()
    }
}

impl KnownSide<'_> {
    fn models(&self) -> &BTreeMap<&'static str, Model> {
        self.models.get_or_init(|| {
            features::all()
                .into_iter()
                .filter_map(|feature| {
                    Some((feature.id(), Model::fit(&genuine(feature, self.readings)?)?))
                })
                .collect()
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
