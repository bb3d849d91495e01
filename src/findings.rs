//! From readings to findings: what was measured on a side, compared with what genuine notes read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ndarray::Array2;

use crate::compare::evidence::{Evidence, Genuine, Joint, Model, Told};
use crate::compare::order::quantile;
use crate::features::{self, Face, Feature, Measurement, Published, Reading, Unmeasured};
use crate::note::{Light, Side};
use crate::reference::{Design, Library, Readings};
use crate::report::rounded;
use crate::verdict::{Finding, Outcome};

/// What genuine notes read, fitted feature by feature when a design is first met.
#[derive(Debug)]
pub struct Experience<'a> {
    sides: BTreeMap<(&'a str, Side, Light), KnownSide<'a>>,
}

/// What is known of one side of one design in one light.
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
                design.measured.iter().flat_map(|(side, measured)| {
                    let by_day = measured.readings.iter().map(|r| (Light::Visible, r));
                    let lit = measured
                        .lights
                        .iter()
                        .map(|(light, m)| (*light, &m.readings));
                    by_day.chain(lit).map(|(light, readings)| {
                        let known = KnownSide {
                            readings,
                            scanner: &measured.enrolment.scanner,
                            fitted: OnceLock::new(),
                        };
                        ((design.id.as_str(), *side, light), known)
                    })
                })
            })
            .collect();
        Self { sides }
    }

    /// How yellow the paper of the cleanest tenth of the enrolled notes is on their own scanner (see
    /// paper-tint, which is smaller for yellower paper).
    pub fn cleanest(&self, face: &Face<'_>) -> Option<f64> {
        let known = (face.design.id.as_str(), face.side, face.light);
        let known = self.sides.get(&known)?;
        let values = known
            .readings
            .values
            .get("paper-tint")?
            .get("yellow-blue")?;
        // The first row of each note is its own scan; the others are what other scanners would show.
        let notes = &known.readings.notes;
        let before = std::iter::once(None).chain(notes.iter().map(Some));
        let mut own: Vec<f32> = values
            .iter()
            .zip(notes.iter().zip(before))
            .filter(|(v, (note, before))| v.is_finite() && Some(*note) != *before)
            .map(|(v, _)| *v)
            .collect();
        quantile(&mut own, 0.9).map(f64::from)
    }

    /// Looks at everything that was measured on a side: one finding a feature, and one for all of
    /// them together.
    pub fn findings(
        &self,
        face: &Face<'_>,
        readings: &[(&'static str, Vec<Reading>)],
        file: usize,
    ) -> Vec<Finding> {
        let known = (face.design.id.as_str(), face.side, face.light);
        let Some(known) = self.sides.get(&known) else {
            return readings
                .iter()
                .map(|(feature, readings)| by_facts(face, feature, readings, file))
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
                    None => by_facts(face, feature, readings, file),
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
            // What has an excuse by itself has one in company.
            .filter(|f| !f.doubtful)
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
            let joint = Joint::fit(
                fitted
                    .iter()
                    .filter(|(id, ..)| excuse(id).is_none())
                    .map(|(_, model, genuine)| (model, genuine)),
            );
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

/// What genuine notes read of one feature; none where nothing was measured.
pub(crate) fn genuine(feature: &dyn Feature, readings: &Readings) -> Option<Genuine> {
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

fn excuse(feature: &str) -> Option<&'static str> {
    feature_of(feature)?.excuse()
}

fn feature_of(id: &str) -> Option<&'static dyn Feature> {
    features::all().into_iter().find(|f| f.id() == id)
}

/// What published facts say of a feature for which no notes were enrolled: coarse ranges, without a
/// probability.
fn by_facts(face: &Face<'_>, feature: &str, readings: &[Reading], file: usize) -> Finding {
    let mut judged: Option<(bool, &Reading, &Measurement, Published<'_>)> = None;
    for reading in readings {
        let (Some(published), Ok(measured)) = (
            feature_of(feature).and_then(|f| f.published(face.design, face.side, &reading.zone)),
            &reading.result,
        ) else {
            continue;
        };
        let [low, high] = published.range;
        let agrees = (low..=high).contains(&measured.value);
        if judged.is_none() || !agrees {
            judged = Some((agrees, reading, measured, published));
        }
    }
    let Some((agrees, reading, measured, published)) = judged else {
        return not_examined(feature, readings, file);
    };
    let value = rounded(measured.value, 3);
    let expected = published.range.map(|v| rounded(v, 3));
    let excuse = excuse(feature).filter(|_| !agrees);
    let mut why = format!(
        "{feature} ({}): {value} {}, expected {} to {} as published ({})",
        reading.zone, measured.unit, expected[0], expected[1], published.source
    );
    if let Some(excuse) = excuse {
        why.push_str(&format!("; {excuse}"));
    }
    Finding {
        feature: feature.to_owned(),
        outcome: if agrees {
            Outcome::Agrees
        } else {
            Outcome::Deviates
        },
        doubtful: excuse.is_some(),
        file,
        zone_mm: Some(measured.zone_mm),
        value: Some(value),
        unit: measured.unit.to_owned(),
        expected: Some(expected),
        p_value: None,
        why,
    }
}

/// What could not be examined because no image in its light was given: one finding for each feature that
/// the design has.
pub fn missing_lights(design: &Design, given: &[Light]) -> Vec<Finding> {
    features::all()
        .into_iter()
        .filter(|feature| {
            let light = feature.needs().light;
            light != Light::Visible
                && !given.contains(&light)
                && features::concerns(*feature, design)
        })
        .map(|feature| {
            let light = feature.needs().light;
            let why =
                Unmeasured::Other(format!("light missing: scan the note in {light} light too"));
            let readings = [Reading::side(Err(why))];
            not_examined(feature.id(), &readings, 0)
        })
        .collect()
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
    let excuse = excuse(feature);
    let what = match evidence.told {
        Told::OnePlace => evidence.place.clone(),
        Told::SeveralPlaces => format!("several places, most of all {}", evidence.place),
        Told::AllPlaces => format!("all places together, most at {}", evidence.place),
        Told::OneAnother => format!("{} beside the other places", evidence.place),
    };
    Finding {
        feature: feature.to_owned(),
        outcome: Outcome::Agrees,
        doubtful: excuse.is_some(),
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
            match (evidence.rarity.extrapolated, excuse) {
                (true, Some(excuse)) => format!("; rarer than any of them, but {excuse}"),
                (true, None) => "; rarer than any of them".to_owned(),
                (false, _) => String::new(),
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
