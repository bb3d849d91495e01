//! From readings to findings: what was measured on a side, compared with what genuine notes read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use ndarray::Array2;

use crate::compare::evidence::{Evidence, Genuine, Joint, Model, Told};
use crate::compare::order;
use crate::compare::robust::{quantile, sorted};
use crate::compare::trend::{Frame, Terms, Trend};
use crate::features::{
    self, Blur, Face, Feature, Measurement, Published, Reading, Unmeasured, ink_colour,
    ink_separation, line_acuity, paper_texture,
};
use crate::note::{Light, RectMm, Side};
use crate::reference::{COVARIATES, Covariates, Design, Library, Process, Readings, Shown};
use crate::report::rounded;
use crate::verdict::{Finding, Outcome, USUAL};

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
    sharpness: OnceLock<Option<Sharpness>>,
    /// By scans about as sharp as the enrolled ones.
    as_sharp: OnceLock<Fitted>,
    /// By scans of any sharpness, each reading beside those in scans about as sharp as its own.
    of_any: OnceLock<Fitted>,
}

/// Models of one side's features, each by itself and all together.
#[derive(Debug)]
struct Fitted {
    models: BTreeMap<&'static str, Model>,
    joint: Option<Joint>,
}

/// Which of the scans of genuine notes readings are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// Those about as sharp as they were enrolled.
    AsSharp,
    /// All, by their sharpness and resolution.
    OfAny,
}

impl Among {
    /// What it takes to find scans like one with these covariates.
    fn covariates(self, of: &Covariates) -> &[f64] {
        match self {
            Self::AsSharp => &[],
            Self::OfAny => of,
        }
    }
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
                            sharpness: OnceLock::new(),
                            as_sharp: OnceLock::new(),
                            of_any: OnceLock::new(),
                        };
                        ((design.id.as_str(), *side, light), known)
                    })
                })
            })
            .collect();
        Self { sides }
    }

    fn known<'s>(&'s self, face: &'s Face<'_>) -> Option<&'s KnownSide<'s>> {
        let side = (face.design.id.as_str(), face.side, face.light);
        self.sides.get(&side)
    }

    /// Whether a scan is softer than the enrolled ones; `None` where their sharpness is not known.
    pub fn softer(&self, face: &Face<'_>) -> Option<bool> {
        let other = self.known(face)?.sharpness()?.other(&face.covariates());
        Some(other.is_some_and(|o| o.softer()))
    }

    /// How yellow the paper of the cleanest tenth of the enrolled notes is on their own scanner (see
    /// paper-tint, which is smaller for yellower paper).
    pub fn cleanest(&self, face: &Face<'_>) -> Option<f64> {
        let known = self.known(face)?;
        let values = known
            .readings
            .values
            .get("paper-tint")?
            .get("yellow-blue")?;
        let mut own: Vec<f32> = values
            .iter()
            .zip(&known.readings.shown)
            .filter(|(v, shown)| v.is_finite() && **shown == Shown::AsScanned)
            .map(|(v, _)| *v)
            .collect();
        order::quantile(&mut own, 0.9).map(f64::from)
    }

    /// Looks at everything that was measured on a side: one finding a feature, and one for all of
    /// them together.
    ///
    /// A scan softer or sharper than the enrolled ones may come from another scanner, or show a copy. What deviates
    /// in it must be odd both beside the enrolled scans and beside scans as sharp as it is: the greater of the two
    /// p-values holds whichever it was. What is odd beside the enrolled ones alone stays a doubt in a softer scan, in
    /// which a copy that is only soft looks as usual as a genuine note; a sharper scan hides nothing.
    ///
    /// What a scan lost for another reason than that it shows a copy is a doubt: where the paper has less grain than nearly all
    /// genuine notes show in such scans, and where only parts of the engraving are soft.
    pub fn findings(
        &self,
        face: &Face<'_>,
        readings: &[(&'static str, Vec<Reading>)],
        file: usize,
    ) -> Vec<Finding> {
        let Some(known) = self.known(face) else {
            return readings
                .iter()
                .map(|(feature, readings)| by_facts(face, feature, readings, file))
                .collect();
        };
        let sharpness = known.sharpness().and_then(|s| s.other(&face.covariates()));
        let among = sharpness.map_or(Among::AsSharp, |_| Among::OfAny);
        let blur = known.blur(among, face, readings);
        let look = |among| known.look(among, face, readings, file, blur);
        let as_enrolled = look(Among::AsSharp);
        let Some(sharpness) = sharpness else {
            return as_enrolled;
        };
        let mut as_sharp = look(Among::OfAny);
        as_enrolled
            .into_iter()
            .map(|enrolled| {
                let at = as_sharp.iter().position(|f| f.feature == enrolled.feature);
                match at.map(|at| as_sharp.swap_remove(at)) {
                    Some(beside) if beside.p_value > enrolled.p_value => {
                        let usual = beside.p_value.is_some_and(|p| p > USUAL);
                        let odder = Finding {
                            why: format!("{}; {sharpness}", enrolled.why),
                            ..enrolled
                        };
                        let odder = (sharpness.softer() || !usual).then(|| Box::new(odder));
                        Finding {
                            as_enrolled: odder.or(beside.as_enrolled),
                            ..beside
                        }
                    }
                    _ => enrolled,
                }
            })
            .collect()
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
            .filter(|f| !f.doubtful && !f.stands_in)
            .filter_map(|f| Some((f.p_value?, f.feature.as_str())))
            .collect();
        if rarest.len() < 2 {
            return None;
        }
        let rarity = self.joint.as_ref()?.judge(rarest.iter().map(|r| r.0))?;
        rarest.sort_by(|a, b| a.0.total_cmp(&b.0));
        let odd: Vec<&str> = rarest.iter().take(3).map(|r| r.1).collect();
        let why = format!(
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
        );
        Some(Finding {
            file,
            p_value: Some(rarity.p),
            ..Finding::new(TOGETHER, Outcome::Agrees, why)
        })
    }
}

/// The name of the finding on all features of a side together.
pub const TOGETHER: &str = "all-features";

impl KnownSide<'_> {
    fn sharpness(&self) -> Option<&Sharpness> {
        let of = || Sharpness::of(self.readings);
        self.sharpness.get_or_init(of).as_ref()
    }

    fn fitted(&self, among: Among) -> &Fitted {
        let fitted = match among {
            Among::AsSharp => &self.as_sharp,
            Among::OfAny => &self.of_any,
        };
        fitted.get_or_init(|| {
            let models: BTreeMap<&'static str, Model> = features::all()
                .into_iter()
                .filter_map(|feature| {
                    let genuine = genuine(feature, self.readings, among)?;
                    Some((feature.id(), Model::fit(&genuine)?))
                })
                .collect();
            let alone = models.iter().filter(|(id, _)| excuse(id).is_none());
            let joint = Joint::fit(alone.map(|(_, model)| model));
            Fitted { models, joint }
        })
    }

    /// What took fine detail from a scan, as far as it shows: all of the paper has less grain than nearly all genuine notes
    /// have in scans about as sharp, or some of the engraving is as sharp as it should be and some far from it.
    fn blur(
        &self,
        among: Among,
        face: &Face<'_>,
        readings: &[(&'static str, Vec<Reading>)],
    ) -> Option<Blur> {
        let covariates = face.covariates();
        let deviations = |feature: &str, wanted: &dyn Fn(&str) -> bool| -> Vec<f64> {
            let model = self.fitted(among).models.get(feature);
            let measured = readings
                .iter()
                .filter(|r| r.0 == feature)
                .flat_map(|r| &r.1);
            let off = measured.filter(|r| wanted(&r.zone)).filter_map(|r| {
                let value = r.result.as_ref().ok()?.value;
                model?.deviation(&r.zone, value, among.covariates(&covariates))
            });
            sorted(off)
        };
        let grain = deviations(paper_texture::ID, &|band| {
            paper_texture::FINE.contains(&band)
        });
        if grain.first().is_some_and(|least| *least < SMOOTH) {
            return Some(Blur::Smoothing);
        }
        let engraved = |id: &str| {
            let mut zones = face.design.zones.iter().filter(|z| z.side == face.side);
            zones.any(|z| z.id == id && z.print == Process::Intaglio)
        };
        let width = deviations(line_acuity::ID, &engraved);
        let sharp = quantile(&width, SHARP_SHARE).is_some_and(|width| width < SHARP);
        let soft = width.last().is_some_and(|most| *most > SOFT);
        (sharp && soft).then_some(Blur::Defocus)
    }

    fn look(
        &self,
        among: Among,
        face: &Face<'_>,
        readings: &[(&'static str, Vec<Reading>)],
        file: usize,
        blur: Option<Blur>,
    ) -> Vec<Finding> {
        let fitted = self.fitted(among);
        let covariates = face.covariates();
        let covariates = among.covariates(&covariates);
        let scanner = match among {
            Among::AsSharp => self.scanner.to_owned(),
            Among::OfAny => format!(
                "{}, as a scanner of this sharpness shows them",
                self.scanner
            ),
        };
        let mut findings: Vec<Finding> = readings
            .iter()
            .map(|(feature, readings)| {
                let measured = readings
                    .iter()
                    .filter_map(|r| Some((r.zone.as_str(), r.result.as_ref().ok()?.value)));
                let model = fitted.models.get(feature);
                match model.and_then(|m| m.judge(measured, covariates)) {
                    Some(evidence) => {
                        let against_facts = against_facts(face, feature, &evidence);
                        Finding {
                            against_facts,
                            ..examined(face, feature, readings, evidence, &scanner, file)
                        }
                    }
                    None => by_facts(face, feature, readings, file),
                }
            })
            .collect();
        let mut together = fitted.together(&findings, self, file);
        if let Some(blur) = blur {
            for finding in &mut findings {
                let Some(p) = finding.p_value else { continue };
                if features::named(&finding.feature).is_some_and(|f| f.lost_to(blur)) {
                    finding.doubtful = true;
                    if p <= USUAL {
                        finding.why.push_str(explanation(blur));
                    }
                }
            }
            // Sure is only what the others say together.
            together = together.map(|all| {
                let all = Finding {
                    doubtful: true,
                    why: format!("{}{}", all.why, explanation(blur)),
                    ..all
                };
                match fitted.together(&findings, self, file) {
                    None => all,
                    Some(others) => Finding {
                        as_enrolled: Some(Box::new(all)),
                        ..others
                    },
                }
            });
        }
        findings.extend(together);
        findings
    }
}

/// Spreads below what is expected from which on there is less grain than on nearly all genuine notes: on 3 of 128 sides of
/// $1 by those of other notes, on 64 of 64 through a median filter over 3 × 3 pixels.
const SMOOTH: f64 = -2.0;

/// Where so much of the engraving is less than so many spreads wider than expected, it is as sharp as it should be: on 64
/// sides of $1 by those of other notes at most 1.0.
const SHARP_SHARE: f64 = 0.25;
const SHARP: f64 = 2.0;
/// And wider by more than this is far from it: the softest engraving of these sides was off by at most 3.9.
const SOFT: f64 = 4.0;

/// What is said of a finding that may have this cause.
fn explanation(blur: Blur) -> &'static str {
    match blur {
        Blur::Smoothing => {
            "; the paper shows less grain than nearly all genuine notes, so the scanner may have smoothed the picture: turn its \
             noise reduction off and scan the note again"
        }
        Blur::Defocus => {
            "; some of the engraving is as sharp as on genuine notes and some is not, so the note may not have lain flat: press it \
             flat and scan it again"
        }
    }
}

/// Share of the enrolled scans, as scanners about as sharp show them, that is softer than a scan which counts as about as
/// sharp as they are, and that is sharper. The softest of all would be the softer the more notes are enrolled, and what
/// is usual in scans as soft as it is stands beyond nearly all others: of 4,550 times a genuine specimen beside those of
/// another scanner, 362 were then called suspect at 1 % with 300 enrolled and 159 with 100; with this, 15 and 34.
const BEYOND: f64 = 0.025;

/// How wide edges of ink are in the enrolled scans, and as scanners about as sharp show them, by resolution: along
/// the note and down it.
#[derive(Debug)]
struct Sharpness {
    ways: [Way; 2],
}

#[derive(Debug)]
struct Way {
    frame: Frame,
    trend: Trend,
    /// Within what all but the sharpest and the softest of the enrolled scans depart from the trend, natural
    /// logarithms of px: see [`BEYOND`].
    seen: (f64, f64),
}

impl Sharpness {
    /// `None` where it is not known of the enrolled scans.
    fn of(readings: &Readings) -> Option<Self> {
        let way = |width: fn(&Covariates) -> f64| {
            let known: Vec<(f64, f64)> = readings
                .covariates
                .iter()
                .zip(&readings.shown)
                .filter(|(c, shown)| width(c).is_finite() && **shown != Shown::SofterOrSharper)
                .map(|(c, _)| (width(c), c[2]))
                .collect();
            let resolutions = Array2::from_shape_fn((known.len(), 1), |(row, _)| {
                known.get(row).map_or(f64::NAN, |k| k.1)
            });
            let frame = Frame::of(resolutions.view());
            let terms = frame.all_terms(resolutions.view());
            let widths: Vec<f64> = known.iter().map(|k| k.0).collect();
            let trend = Terms::new(&terms).map(|terms| terms.fit(&widths));
            let trend = trend.unwrap_or_default();
            let left = sorted(widths.iter().zip(&terms).map(|(w, t)| w - trend.at(t)));
            let seen = (quantile(&left, BEYOND)?, quantile(&left, 1.0 - BEYOND)?);
            Some(Way { frame, trend, seen })
        };
        let ways = [way(|c| c[0])?, way(|c| c[1])?];
        Some(Self { ways })
    }

    /// How a scan differs, most of all; `None` where it is about as sharp, or its sharpness is not known.
    fn other(&self, &[along, down, resolution]: &Covariates) -> Option<OtherSharpness> {
        let differing = self
            .ways
            .iter()
            .zip([along, down])
            .filter_map(|(way, width)| {
                let expected = way.trend.at(&way.frame.terms(&[resolution]));
                let (least, greatest) = way.seen;
                let off = width - expected;
                let beyond = (least - off).max(off - greatest);
                (beyond > 0.0).then(|| {
                    let enrolled = [least, greatest].map(|by| (expected + by).exp());
                    let width = width.exp();
                    (beyond, OtherSharpness { width, enrolled })
                })
            });
        differing.max_by(|a, b| a.0.total_cmp(&b.0)).map(|d| d.1)
    }
}

/// A scan softer or sharper than the enrolled ones.
#[derive(Debug, Clone, Copy, PartialEq)]
struct OtherSharpness {
    /// How wide edges of ink are in it, px.
    width: f64,
    /// Least and greatest width in enrolled scans at its resolution, px.
    enrolled: [f64; 2],
}

impl OtherSharpness {
    fn softer(&self) -> bool {
        let [_, greatest] = self.enrolled;
        self.width > greatest
    }
}

impl fmt::Display for OtherSharpness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            width,
            enrolled: [least, greatest],
        } = self;
        let (what, advice) = if self.softer() {
            (
                "softer",
                "clean the glass, press the note flat, check it among ten notes or more of this scanner",
            )
        } else {
            ("sharper", "turn sharpening off")
        };
        write!(
            f,
            "the scan is {what} than the enrolled ones (edges of ink are {width:.2} px wide, {least:.2} to \
             {greatest:.2} enrolled), which may be why: {advice}, or enrol 30 notes on this scanner"
        )
    }
}

/// What genuine notes read of one feature; none where nothing was measured.
pub(crate) fn genuine(feature: &dyn Feature, readings: &Readings, among: Among) -> Option<Genuine> {
    let zones = readings.values.get(feature.id())?;
    let places: Vec<String> = zones.keys().cloned().collect();
    let columns: Vec<&Vec<f32>> = zones.values().collect();
    let rows: Vec<usize> = readings
        .shown
        .iter()
        .enumerate()
        .filter(|(_, shown)| among == Among::OfAny || **shown != Shown::SofterOrSharper)
        .map(|(row, _)| row)
        .collect();
    let values = Array2::from_shape_fn((rows.len(), columns.len()), |(row, column)| {
        let values = columns.get(column).zip(rows.get(row));
        values
            .and_then(|(values, row)| values.get(*row))
            .map_or(f64::NAN, |v| f64::from(*v))
    });
    let covariates = match among {
        Among::AsSharp => 0,
        Among::OfAny => COVARIATES,
    };
    Some(Genuine {
        odd: places.iter().map(|place| feature.odd(place)).collect(),
        places,
        values,
        objects: rows
            .iter()
            .filter_map(|row| readings.notes.get(*row).copied())
            .collect(),
        covariates: Array2::from_shape_fn((rows.len(), covariates), |(row, at)| {
            let known = rows.get(row).and_then(|row| readings.covariates.get(*row));
            known.map_or(f64::NAN, |c| c[at])
        }),
        least_spread: feature.least_spread(),
        accidents: feature.accidents(),
    })
}

/// What published facts say against a reading that no enrolled note comes near; `None` where they allow it.
fn against_facts(face: &Face<'_>, feature: &str, evidence: &Evidence) -> Option<String> {
    let published = features::named(feature)?.published(face.design, face.side, &evidence.place)?;
    let [low, high] = published.range;
    let beyond = evidence.rarity.extrapolated && !(low..=high).contains(&evidence.value);
    beyond.then(|| {
        let [low, high] = published.range.map(|v| rounded(v, 3));
        format!("{low} to {high} is published ({})", published.source)
    })
}

/// Said of what deviates in one place only, through or beside which a pen's line runs.
const WRITTEN: &str = "; a pen's line runs there, which may be why: look at the note";
/// Said of an ink that is odd in one place only, where there is a mark beside the print.
const MARKED: &str = "; a stamp or writing lies there, whose ink it may be: look at the note";

/// What use has left in a place that may be why it deviates.
fn left_there(face: &Face<'_>, feature: &str, zone: RectMm) -> Option<&'static str> {
    let view = face.light.by_day().then(|| face.view().ok()).flatten();
    let (view, _) = view?;
    let ink = [ink_colour::ID, ink_separation::ID].contains(&feature);
    if view.wear.reached(zone) {
        Some(WRITTEN)
    } else {
        (ink && view.wear.marked(zone)).then_some(MARKED)
    }
}

fn excuse(feature: &str) -> Option<&'static str> {
    features::named(feature)?.excuse()
}

/// What published facts say of a feature for which no notes were enrolled: coarse ranges, without a
/// probability.
fn by_facts(face: &Face<'_>, feature: &str, readings: &[Reading], file: usize) -> Finding {
    let mut judged: Option<(bool, &Reading, &Measurement, Published<'_>)> = None;
    for reading in readings {
        let (Some(published), Ok(measured)) = (
            features::named(feature)
                .and_then(|f| f.published(face.design, face.side, &reading.zone)),
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
    let excuse = excuse(feature).or(published.excuse).filter(|_| !agrees);
    let mut why = format!(
        "{feature} ({}): {value} {}, expected {} to {} as published ({})",
        reading.zone, measured.unit, expected[0], expected[1], published.source
    );
    if let Some(excuse) = excuse {
        why.push_str(&format!("; {excuse}"));
    }
    let outcome = if agrees {
        Outcome::Agrees
    } else {
        Outcome::Deviates
    };
    Finding {
        doubtful: excuse.is_some(),
        file,
        zone_mm: Some(measured.zone_mm),
        value: Some(value),
        unit: measured.unit.to_owned(),
        expected: Some(expected),
        ..Finding::new(feature, outcome, why)
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
            let why = Unmeasured::Other(match light {
                Light::Turned => {
                    "light missing: scan the note once more, turned by half a circle".to_owned()
                }
                _ => format!("light missing: scan the note in {light} light too"),
            });
            let readings = [Reading::side(Err(why))];
            not_examined(feature.id(), &readings, 0)
        })
        .collect()
}

/// A finding that agrees until the verdict's policy says otherwise.
fn examined(
    face: &Face<'_>,
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
    let excuse = features::named(feature).and_then(|f| match evidence.told {
        Told::OnePlace => f.excuse_at(&evidence.place),
        Told::SeveralPlaces | Told::AllPlaces | Told::OneAnother => f.excuse(),
    });
    let alone = matches!(evidence.told, Told::OnePlace | Told::OneAnother);
    let left = measurement
        .filter(|_| alone && evidence.rarity.p <= USUAL)
        .and_then(|m| left_there(face, feature, m.zone_mm));
    let what = match evidence.told {
        Told::OnePlace => evidence.place.clone(),
        Told::SeveralPlaces => format!("several places, most of all {}", evidence.place),
        Told::AllPlaces => format!("all places together, most at {}", evidence.place),
        Told::OneAnother => format!("{} beside the other places", evidence.place),
    };
    let why = format!(
        "{feature} ({what}): {value} {unit}, expected {} to {} as on {} genuine notes ({scanner}){}{}",
        expected[0],
        expected[1],
        evidence.objects,
        match (evidence.rarity.extrapolated, excuse) {
            (true, Some(excuse)) => format!("; rarer than any of them, but {excuse}"),
            (true, None) => "; rarer than any of them".to_owned(),
            (false, _) => String::new(),
        },
        left.unwrap_or_default()
    );
    Finding {
        doubtful: excuse.or(left).is_some(),
        stands_in: features::named(feature).is_some_and(|f| f.stands_in(&evidence.place)),
        file,
        zone_mm: measurement.map(|m| m.zone_mm),
        value: Some(value),
        unit: unit.to_owned(),
        expected: Some(expected),
        p_value: Some(evidence.rarity.p),
        ..Finding::new(feature, Outcome::Agrees, why)
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
    let why = format!("{feature}: {why}");
    Finding {
        file,
        ..Finding::new(feature, Outcome::NotExamined, why)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::enroll::{self, Read};
    use crate::features::drawn::{self, DESIGN, face};
    use crate::features::measure_all;

    /// Thirty notes at 11.8 px/mm, edges 1.6 to 1.72 px wide, each also as an alike scanner at another resolution and as
    /// a far softer one shows it.
    fn readings() -> Readings {
        let mut readings = Readings::default();
        for note in 0..30 {
            let width = 1.6 + 0.004 * f64::from(note);
            let scale = 0.7 + 0.02 * f64::from(note);
            for (shown, width, resolution) in [
                (Shown::AsScanned, width, 11.8),
                (Shown::Alike, width * (0.7 + 0.3 * scale), 11.8 * scale),
                (Shown::SofterOrSharper, 2.6, 11.8),
            ] {
                readings.notes.push(note as usize);
                readings.shown.push(shown);
                readings
                    .covariates
                    .push([width, width, resolution].map(f64::ln));
            }
        }
        readings
    }

    #[test]
    fn what_deviates_where_a_pens_line_runs_is_a_doubt() {
        let mut design = DESIGN.clone();
        let reads: Vec<Read> = (0..12)
            .map(|n| {
                let raster = drawn::genuine(n);
                let face = face(&raster, &DESIGN);
                Read {
                    note: n as usize,
                    shown: Shown::AsScanned,
                    covariates: face.covariates(),
                    readings: measure_all(&face),
                }
            })
            .collect();
        design.measured.get_mut(&Side::Front).unwrap().readings = Some(enroll::readings(&reads));
        let library = Library::of(design);
        let experience = Experience::new(&library);
        // The seal is missing; a line ends beside its place, or does not.
        let of = |pen: bool| {
            let raster = drawn::note(20, None, &|x, y, colour| {
                if pen && (62.0..73.5).contains(&x) && (y - 26.0).abs() < 0.35 {
                    [30.0, 35.0, 80.0]
                } else if x > 74.0 && (18.0..34.0).contains(&y) {
                    [228.0, 224.0, 205.0]
                } else {
                    colour
                }
            });
            let face = face(&raster, &library.designs()[0]);
            let findings = experience.findings(&face, &measure_all(&face), 0);
            findings
                .into_iter()
                .find(|f| f.feature == "zone-structure")
                .unwrap()
        };
        let (missing, beside_a_line) = (of(false), of(true));
        for finding in [&missing, &beside_a_line] {
            assert!(finding.why.contains("treasury-seal"), "{}", finding.why);
            assert!(finding.p_value.unwrap() < 0.01, "{finding:?}");
        }
        assert!(!missing.doubtful);
        assert!(
            beside_a_line.doubtful && beside_a_line.why.ends_with(WRITTEN),
            "{}",
            beside_a_line.why
        );
    }

    #[test]
    fn a_stamp_is_why_an_ink_is_odd_and_not_why_print_is_missing() {
        let raster = drawn::note(20, None, &|x, y, colour| {
            if (67.0..71.5).contains(&x) && (24.0..28.0).contains(&y) {
                [170.0, 40.0, 70.0]
            } else {
                colour
            }
        });
        let face = face(&raster, &DESIGN);
        let zone = |id| DESIGN.zones.iter().find(|z| z.id == id).unwrap().rect_mm;
        let seal = zone("treasury-seal");
        assert_eq!(left_there(&face, ink_separation::ID, seal), Some(MARKED));
        assert_eq!(left_there(&face, "zone-structure", seal), None);
        let far = zone("serial-lower-left");
        assert_eq!(left_there(&face, ink_separation::ID, far), None);
    }

    #[test]
    fn a_softer_scan_is_told_from_the_enrolled_ones_at_its_resolution() {
        let sharpness = Sharpness::of(&readings()).unwrap();
        let other = |along: f64, down: f64, resolution: f64| {
            sharpness.other(&[along, down, resolution].map(f64::ln))
        };
        assert_eq!(other(1.65, 1.7, 11.8), None);
        // Coarser scans have narrower edges, in px.
        assert_eq!(other(1.53, 1.53, 9.0), None);
        assert!(other(1.8, 1.8, 9.0).is_some());
        let softer = other(1.65, 2.3, 11.8).unwrap().to_string();
        assert!(
            softer.contains("softer than the enrolled ones (edges of ink are 2.30 px"),
            "{softer}"
        );
        let sharper = other(1.3, 1.4, 11.8).unwrap().to_string();
        assert!(
            sharper.contains("sharper") && sharper.contains("1.30 px"),
            "{sharper}"
        );
        assert_eq!(other(f64::NAN, f64::NAN, 11.8), None);
    }

    #[test]
    fn notes_enrolled_without_their_sharpness_tell_of_none() {
        let mut readings = readings();
        for covariates in &mut readings.covariates {
            covariates[..2].fill(f64::NAN);
        }
        assert!(Sharpness::of(&readings).is_none());
    }
}
