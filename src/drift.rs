//! Drift: whether a batch of notes was scanned as the enrolled ones were.
//!
//! A scanner's sharpness, noise, colour balance and compression move every note's readings alike. So what
//! the notes of a batch read in their paper and in the steepness of their lines is compared, reading by
//! reading, with what the enrolled notes read as they were scanned: by their ranks, so that no
//! distribution is assumed, and by how far the middle has moved, so that a difference that matters to no
//! verdict is not spoken of. Where several scanners are enrolled, a batch that fits one of them fits.
//!
//! Of 306 pairs among 18 scanners drawn at random, 20 notes of the test currency on each, 305 were told
//! apart; of 600 batches of 10 or 20 drawn from 160 notes on the enrolled scanner none was called
//! another's, nor was any of 22 batches of 20 successive $1 scans. Notes in quite another state than the
//! enrolled ones look like another scanner in this: 26 worn $1 notes against 38 better ones did.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::compare::ranks::rank_sum;
use crate::compare::robust::{Spread, quantile, sorted};
use crate::features::{self, Face, Reading};
use crate::note::Side;
use crate::reference::{Library, Readings, Shown};
use crate::report::rounded;

/// Features that read the scanner more than the note: its sharpness and its colour balance. The grain of the
/// paper and the spectra of the lines tell no more, but move with wear too: among 64 $1 notes the worn ones
/// differed from the others most in these.
const TELLING: [&str; 3] = ["line-acuity", "paper-tint", "brightener-white"];
/// Least notes of a batch, and of a scanner enrolled, that can be compared.
pub const LEAST_NOTES: usize = 10;
/// Probability with which a batch of the enrolled scanner may be called another's.
pub const LEVEL: f64 = 0.01;
/// How far the middle must have moved, in spreads of the enrolled notes.
const MOVED: f64 = 1.5;

/// What tells of the scanner in one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Glimpse {
    /// The design recognised.
    pub design: String,
    /// The side.
    pub side: Side,
    /// Feature, place and value.
    pub values: Vec<(&'static str, String, f64)>,
}

impl Glimpse {
    /// Of what was measured on a side; `None` where nothing of it tells.
    pub fn of(face: &Face<'_>, readings: &[(&'static str, Vec<Reading>)]) -> Option<Self> {
        let values: Vec<_> = readings
            .iter()
            .filter(|(feature, _)| TELLING.contains(feature))
            .flat_map(|(feature, readings)| {
                readings.iter().filter_map(|reading| {
                    let value = reading.result.as_ref().ok()?.value;
                    Some((*feature, reading.zone.clone(), value))
                })
            })
            .collect();
        (!values.is_empty()).then(|| Self {
            design: face.design.id.clone(),
            side: face.side,
            values,
        })
    }
}

/// The notes of a batch that show one side of one design, beside those enrolled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The design.
    pub design: String,
    /// The side.
    pub side: Side,
    /// Notes of the batch.
    pub notes: usize,
    /// Notes enrolled, of the scanner that fits best.
    pub enrolled: usize,
    /// What the enrolled notes were scanned with, in the enroller's words.
    pub scanner: String,
    /// Probability that a batch scanned as the enrolled notes were differs as much, over all readings and
    /// all comparisons of the batch (Bonferroni).
    pub p_value: f64,
    /// Readings that have moved, the surest first; none where the batch fits.
    pub moved: Vec<Moved>,
}

/// A reading that has moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// The feature.
    pub feature: &'static str,
    /// Where.
    pub place: String,
    /// Median of the batch.
    pub median: f64,
    /// Median of the enrolled notes.
    pub enrolled: f64,
    /// By how many spreads of the enrolled notes it moved.
    pub spreads: f64,
    /// Of this reading alone.
    pub p_value: f64,
}

impl Comparison {
    /// Whether the batch was scanned otherwise than the enrolled notes.
    pub fn changed(&self) -> bool {
        self.p_value <= LEVEL
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            design,
            side,
            notes,
            enrolled,
            scanner,
            ..
        } = self;
        if !self.changed() {
            return write!(
                f,
                "the {notes} {side}s of {design} were scanned as the {enrolled} enrolled ({scanner})"
            );
        }
        write!(
            f,
            "the scanner or its settings have changed: the {notes} {side}s of {design} differ from the {enrolled} \
             enrolled ({scanner})"
        )?;
        for (index, moved) in self.moved.iter().take(3).enumerate() {
            write!(
                f,
                "{} {} ({}) reads {} in the middle, {} enrolled",
                if index == 0 { ":" } else { "," },
                moved.feature,
                moved.place,
                rounded(moved.median, 3),
                rounded(moved.enrolled, 3)
            )?;
        }
        write!(
            f,
            "; unless the notes are in quite another state, add 30 genuine ones of this scanner with \
             `guilloche enroll --add`"
        )
    }
}

/// Compares a batch with what is enrolled: every side of a design of which there are at least
/// [`LEAST_NOTES`] images, and of which as many notes are enrolled.
pub fn compare<'a>(
    library: &Library,
    batch: impl IntoIterator<Item = &'a Glimpse>,
) -> Vec<Comparison> {
    let mut sides: BTreeMap<(&str, Side), Vec<&Glimpse>> = BTreeMap::new();
    for glimpse in batch {
        let key = (glimpse.design.as_str(), glimpse.side);
        sides.entry(key).or_default().push(glimpse);
    }
    let mut found: Vec<Comparison> = sides
        .into_iter()
        .filter(|(_, glimpses)| glimpses.len() >= LEAST_NOTES)
        .filter_map(|((design, side), glimpses)| {
            let measured = library.design(design).ok()?.measured.get(&side)?;
            let readings = measured.readings.as_ref()?;
            let (enrolled, p_value, moved) = scans_as_made(readings)
                .into_iter()
                .filter(|rows| rows.len() >= LEAST_NOTES)
                .filter_map(|rows| {
                    let (p_value, moved) = against(readings, &rows, &glimpses)?;
                    Some((rows.len(), p_value, moved))
                })
                // The scanner that fits best.
                .max_by(|a, b| a.1.total_cmp(&b.1))?;
            Some(Comparison {
                design: design.to_owned(),
                side,
                notes: glimpses.len(),
                enrolled,
                scanner: measured.enrolment.scanner.clone(),
                p_value,
                moved,
            })
        })
        .collect();
    let comparisons = found.len() as f64;
    for comparison in &mut found {
        comparison.p_value = (comparison.p_value * comparisons).min(1.0);
    }
    found
}

/// For each scanner enrolled, the rows of notes as they were scanned.
fn scans_as_made(readings: &Readings) -> Vec<Vec<usize>> {
    let mut scanners: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, (shown, scanner)) in readings.shown.iter().zip(&readings.scanners).enumerate() {
        if *shown == Shown::AsScanned {
            scanners.entry(*scanner).or_default().push(row);
        }
    }
    scanners.into_values().collect()
}

/// The p-value over all readings, and those that have moved, surest first. `None` where no reading can be
/// compared.
fn against(readings: &Readings, rows: &[usize], batch: &[&Glimpse]) -> Option<(f64, Vec<Moved>)> {
    let mut values: BTreeMap<(&'static str, &str), Vec<f64>> = BTreeMap::new();
    for (feature, place, value) in batch.iter().flat_map(|g| &g.values) {
        let key = (*feature, place.as_str());
        values.entry(key).or_default().push(*value);
    }
    let mut moved = Vec::new();
    let mut compared = 0;
    for ((feature, place), now) in values {
        let Some(column) = readings.values.get(feature).and_then(|f| f.get(place)) else {
            continue;
        };
        let then = sorted(
            rows.iter()
                .filter_map(|row| column.get(*row))
                .map(|v| f64::from(*v)),
        );
        let now = sorted(now);
        if now.len().min(then.len()) < LEAST_NOTES {
            continue;
        }
        compared += 1;
        let least = features::named(feature).map_or(0.0, features::Feature::least_spread);
        let (Some(spread), Some(median)) =
            (Spread::of(then.iter().copied(), least), quantile(&now, 0.5))
        else {
            continue;
        };
        let spreads = spread.deviation(median);
        if spreads.abs() >= MOVED {
            moved.push(Moved {
                feature,
                place: place.to_owned(),
                median,
                enrolled: spread.centre,
                spreads,
                p_value: rank_sum(&now, &then),
            });
        }
    }
    if compared == 0 {
        return None;
    }
    moved.sort_by(|a, b| {
        let by_p = a.p_value.total_cmp(&b.p_value);
        by_p.then(b.spreads.abs().total_cmp(&a.spreads.abs()))
    });
    let p_value = moved
        .first()
        .map_or(1.0, |m| (m.p_value * f64::from(compared)).min(1.0));
    Some((p_value, moved))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ID: &str = "usd-2-1976";

    /// The built-in library with readings made up for one side: paper tints of notes by two scanners.
    fn library(scanners: &[(usize, f64)]) -> Library {
        let library = Library::built_in().unwrap();
        let mut design = library.design(ID).unwrap().clone();
        let mut readings = Readings::default();
        let mut tints = Vec::new();
        for (scanner, (notes, tint)) in scanners.iter().enumerate() {
            for k in 0..*notes {
                let note = 100 * scanner + k;
                // As it was scanned, and as another scanner would have shown it.
                for (shown, off) in [(Shown::AsScanned, 0.0), (Shown::Alike, 1.0)] {
                    readings.notes.push(note);
                    readings.shown.push(shown);
                    readings.scanners.push(scanner);
                    tints.push((tint + 0.01 * ((7 * k) % 11) as f64 + off) as f32);
                }
            }
        }
        let zones = BTreeMap::from([("red-green".to_owned(), tints)]);
        readings.values.insert("paper-tint".to_owned(), zones);
        design.measured.get_mut(&Side::Front).unwrap().readings = Some(readings);
        library.overlaid(Library::of(design))
    }

    fn batch(notes: usize, tint: f64) -> Vec<Glimpse> {
        (0..notes)
            .map(|k| Glimpse {
                design: ID.to_owned(),
                side: Side::Front,
                values: vec![(
                    "paper-tint",
                    "red-green".to_owned(),
                    tint + 0.01 * ((5 * k) % 11) as f64,
                )],
            })
            .collect()
    }

    #[test]
    fn another_scanner_is_told_from_the_enrolled_one() {
        let one = library(&[(30, 0.2)]);
        let same = compare(&one, &batch(20, 0.2));
        assert_eq!((same.len(), same[0].notes, same[0].enrolled), (1, 20, 30));
        assert!(!same[0].changed() && same[0].moved.is_empty(), "{same:?}");
        let other = compare(&one, &batch(20, 0.3));
        assert!(other[0].changed() && other[0].p_value < 1e-6, "{other:?}");
        let said = other[0].to_string();
        assert!(
            said.contains("paper-tint (red-green) reads 0.35 in the middle, 0.25 enrolled"),
            "{said}"
        );
        assert!(said.contains("--add"), "{said}");
    }

    #[test]
    fn a_scanner_that_was_added_is_known() {
        let both = library(&[(30, 0.2), (12, 0.4)]);
        for tint in [0.2, 0.4] {
            assert!(!compare(&both, &batch(20, tint))[0].changed(), "{tint}");
        }
        assert!(compare(&both, &batch(20, 0.3))[0].changed());
        // Too few of the second to tell.
        let few = library(&[(30, 0.2), (LEAST_NOTES - 1, 0.4)]);
        assert!(compare(&few, &batch(20, 0.4))[0].changed());
    }

    #[test]
    fn few_notes_say_nothing() {
        let one = library(&[(30, 0.2)]);
        assert!(compare(&one, &batch(LEAST_NOTES - 1, 0.9)).is_empty());
        assert!(compare(&library(&[(9, 0.2)]), &batch(20, 0.9)).is_empty());
        assert!(compare(&one, &[]).is_empty());
    }
}
