//! Whether the stated level holds: on specimens, of which there can be as many as it takes.
//!
//! Fronts of 10 XTS in random wear are drawn for several random scanners. On each scanner some are enrolled
//! and others are judged, by the features of a visible scan and the verdict's policy; serial numbers, which
//! rules judge, are left aside. The structure that notes are compared with is that of the built-in reference
//! note, enrolled on other specimens and another scanner; only the readings are enrolled anew.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use crate::compare::rates::Rate;
use crate::drift::{self, Glimpse};
use crate::enroll::{Read, read_scan, readings};
use crate::features::measure_all;
use crate::findings::Experience;
use crate::identify::Identifier;
use crate::note::{Light, Side};
use crate::reference::{Design, Library, ReferenceError};
use crate::scan::gather::Source;
use crate::scan::{Limits, Scan, decode};
use crate::specimen::{
    Bed, Dial, DialKind, Dials, Press, Random, Scanner, Specimen, SpecimenError, Subsampling,
    XtsDenomination,
};
use crate::verdict::{Finding, Outcome, Policy, Verdict, judge, weigh};
use crate::{batch, present};

/// The levels that are tried.
pub const LEVELS: [f64; 3] = [0.01, 0.001, 0.0001];
/// Where defect dials are set.
pub const VALUES: [f32; 2] = [0.5, 1.0];
/// Notes of a batch whose scanner is asked for.
const BATCH: usize = 20;
/// The design.
const DESIGN: &str = "xts-10-2024";

/// How much is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Random scanners.
    pub scanners: usize,
    /// Notes enrolled on each: every one of these numbers is tried.
    pub enrolled: Vec<usize>,
    /// Further genuine notes judged on each.
    pub judged: usize,
    /// Forged notes for each defect dial and value, on the first scanner.
    pub forged: usize,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum LevelError {
    /// A specimen could not be drawn.
    #[error(transparent)]
    Specimen(#[from] SpecimenError),
    /// The reference note of the specimens is missing.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

/// Genuine notes called suspect with so many enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Notes enrolled.
    pub enrolled: usize,
    /// The level asked for.
    pub level: f64,
    /// Called suspect, enrolled on the same scanner.
    pub same: Rate,
    /// Called suspect, enrolled on the next one.
    pub other: Rate,
    /// How many of those called suspect, by either, each feature spoke against.
    pub against: BTreeMap<String, usize>,
}

/// Forged notes called suspect at 0.001, the most notes enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct Caught {
    /// The dial.
    pub dial: Dial,
    /// Its value.
    pub value: f32,
    /// Called suspect.
    pub suspect: Rate,
    /// Not passed.
    pub stopped: Rate,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What was drawn.
    pub size: Size,
    /// Sides that were drawn and not recognised.
    pub lost: usize,
    /// The level, by notes enrolled.
    pub held: Vec<Held>,
    /// The defects.
    pub caught: Vec<Caught>,
    /// Batches of twenty called another scanner's, of their own scanner and of the next.
    pub drift: [Rate; 2],
}

/// A verdict, and the features that are sure to deviate.
type Judged = (Verdict, Vec<String>);

/// Draws and judges.
///
/// # Errors
/// When the press refuses, or the library lacks the design.
pub fn study(library: &Library, size: Size, jobs: NonZeroUsize) -> Result<Found, LevelError> {
    let design = library.design(DESIGN)?;
    let identifier = Identifier::new(library);
    let press = Press::new(600.0)?;
    let scanners: Vec<Scanner> = (0..size.scanners).map(|s| scanner(s as u64)).collect();
    let draw = |scanner: &Scanner, specimen: &Specimen| -> Option<Scan> {
        let printed = press.print(specimen, Side::Front, Light::Visible);
        let bytes = scanner.scan(&printed).ok()?.encode().ok()?;
        decode(&bytes, Path::new("specimen.jpg"), &Limits::default()).ok()
    };

    let most = size.enrolled.iter().copied().max().unwrap_or(0);
    let mut lost = 0;
    let mut enrolled: Vec<Library> = Vec::new();
    for (s, scanner) in scanners.iter().enumerate() {
        let notes: Vec<usize> = (0..most).collect();
        let mut reads: Vec<Vec<Read>> = Vec::new();
        let work = |note: &usize| {
            let scan = draw(scanner, &worn(s, *note)).into_iter();
            scan.flat_map(|scan| read_scan(&scan, *note, &identifier, DESIGN, Side::Front))
                .collect()
        };
        batch::each(&notes, jobs, work, |read| reads.push(read));
        lost += reads.iter().filter(|r| r.is_empty()).count();
        for count in &size.enrolled {
            enrolled.push(with_readings(design, reads.iter().take(*count).flatten()));
        }
    }
    let known: Vec<Experience<'_>> = enrolled.iter().map(Experience::new).collect();

    // Verdicts of one scan by each set of enrolled notes that it is judged by, and what tells its scanner.
    let judged = |scan: Scan, by: &[usize]| -> Option<(Vec<[Judged; LEVELS.len()]>, Glimpse)> {
        let exhibit = present(scan, &Source::of(Path::new("specimen.jpg")), &identifier);
        let face = exhibit.face().filter(|f| f.design.id == DESIGN)?;
        let readings = measure_all(&face);
        let verdicts = by.iter().filter_map(|at| {
            let count = size.enrolled.get(at % size.enrolled.len())?;
            let findings = known.get(*at)?.findings(&face, &readings, 0);
            Some(LEVELS.map(|false_alarm| {
                let mut findings = findings.clone();
                let policy = Policy {
                    false_alarm,
                    ..Policy::default()
                };
                weigh(&mut findings, &policy, *count, None);
                (judge(&findings, *count).0, against(&findings))
            }))
        });
        let verdicts = verdicts.collect();
        Some((verdicts, Glimpse::of(&face, &readings)?))
    };
    let sizes = size.enrolled.len();
    let mut by_own: Vec<Vec<[Judged; LEVELS.len()]>> = vec![Vec::new(); sizes];
    let mut by_next = by_own.clone();
    let mut drift = [(0, 0); 2];
    for (s, scanner) in scanners.iter().enumerate() {
        let next = (s + 1) % scanners.len();
        let by: Vec<usize> = (s * sizes..(s + 1) * sizes)
            .chain(next * sizes..(next + 1) * sizes)
            .collect();
        let notes: Vec<usize> = (most..most + size.judged).collect();
        let mut glimpses: Vec<Glimpse> = Vec::new();
        let work = |note: &usize| judged(draw(scanner, &worn(s, *note))?, &by);
        batch::each(&notes, jobs, work, |found| match found {
            None => lost += 1,
            Some((verdicts, glimpse)) => {
                glimpses.push(glimpse);
                let columns = by_own.iter_mut().chain(&mut by_next);
                for (column, verdict) in columns.zip(verdicts) {
                    column.push(verdict);
                }
            }
        });
        for batch in glimpses.chunks_exact(BATCH) {
            for (place, (changed, all)) in [s, next].into_iter().zip(&mut drift) {
                let Some(library) = enrolled.get((place + 1) * sizes - 1) else {
                    continue;
                };
                *all += 1;
                *changed += usize::from(
                    drift::compare(library, batch)
                        .iter()
                        .any(drift::Comparison::changed),
                );
            }
        }
    }
    let mut held = Vec::new();
    for (at, enrolled) in size.enrolled.iter().enumerate() {
        for (level_at, level) in LEVELS.iter().enumerate() {
            let judged = |columns: &[Vec<[Judged; LEVELS.len()]>]| -> Vec<Judged> {
                let columns = columns.get(at).into_iter().flatten();
                columns.filter_map(|v| v.get(level_at).cloned()).collect()
            };
            let (same, other) = (judged(&by_own), judged(&by_next));
            let suspect = |(verdict, _): &Judged| *verdict == Verdict::Suspect;
            let mut against = BTreeMap::new();
            for (_, features) in same.iter().chain(&other).filter(|j| suspect(j)) {
                for feature in features {
                    *against.entry(feature.clone()).or_default() += 1;
                }
            }
            held.push(Held {
                enrolled: *enrolled,
                level: *level,
                same: Rate::counted(&same, suspect),
                other: Rate::counted(&other, suspect),
                against,
            });
        }
    }

    let mut caught = Vec::new();
    if let Some(scanner) = scanners.first() {
        for dial in Dial::ALL.iter().filter(|d| d.kind() == DialKind::Defect) {
            for value in VALUES {
                let notes: Vec<usize> = (0..size.forged).collect();
                let mut verdicts = Vec::new();
                let work = |note: &usize| {
                    let mut specimen = worn(0, 1_000_000 + note);
                    specimen.dials.set(*dial, value).ok()?;
                    judged(draw(scanner, &specimen)?, &[sizes.checked_sub(1)?])
                };
                batch::each(&notes, jobs, work, |found| {
                    // One that is not recognised does not pass.
                    let verdict = found.and_then(|f| Some(f.0.first()?.get(1)?.0));
                    verdicts.push(verdict.unwrap_or(Verdict::Unrecognised));
                });
                caught.push(Caught {
                    dial: *dial,
                    value,
                    suspect: Rate::counted(&verdicts, |v| *v == Verdict::Suspect),
                    stopped: Rate::counted(&verdicts, |v| *v != Verdict::Passed),
                });
            }
        }
    }
    Ok(Found {
        size,
        lost,
        held,
        caught,
        drift: drift.map(|(changed, all)| Rate::new(changed, all)),
    })
}

/// Each feature once that is sure to deviate.
fn against(findings: &[Finding]) -> Vec<String> {
    let sure = |f: &&Finding| f.outcome == Outcome::Deviates && !f.doubtful;
    let mut features: Vec<String> = findings
        .iter()
        .filter(sure)
        .map(|f| f.feature.clone())
        .collect();
    features.sort();
    features.dedup();
    features
}

/// The design alone, with these readings of its front.
fn with_readings<'a>(design: &Design, reads: impl Iterator<Item = &'a Read>) -> Library {
    let mut design = design.clone();
    if let Some(front) = design.measured.get_mut(&Side::Front) {
        let readings = readings(reads);
        front.enrolment.notes = readings.count();
        front.readings = Some(readings);
    }
    Library::of(design)
}

/// A scanner at 300 dpi, as no two are alike.
fn scanner(number: u64) -> Scanner {
    let mut random = Random::new(number, "level scanner");
    Scanner {
        bed: Bed::Black,
        blur_um: random.between(24.0, 44.0),
        noise: random.between(0.6, 3.0),
        gamma: random.between(0.88, 1.15),
        cast: [0; 3].map(|_| random.between(0.94, 1.05)),
        sharpening: random.between(0.0, 0.6),
        quality: random.between(84.0, 96.0) as u8,
        subsampling: if random.unit() < 0.5 {
            Subsampling::Half
        } else {
            Subsampling::Quarter
        },
        ..Scanner::default()
    }
}

/// A genuine note in random wear: all are handled, one in twelve has had each kind of accident.
fn worn(scanner: usize, note: usize) -> Specimen {
    let seed = 7_000_000 + 2_000_000 * scanner as u64 + note as u64;
    let mut random = Random::new(seed, "level wear");
    let mut dials = Dials::none();
    let use_ = [
        (Dial::Soil, 0.5),
        (Dial::Creases, 0.5),
        (Dial::Faded, 0.2),
        (Dial::OffCentre, 0.6),
        (Dial::FloatingOverprint, 0.6),
    ];
    let accidents = [
        Dial::FoldedCorner,
        Dial::Tear,
        Dial::Stain,
        Dial::Writing,
        Dial::Stamp,
        Dial::Washed,
    ];
    let use_ = use_.map(|(dial, most)| (dial, random.between(0.0, most)));
    let accidents = accidents.map(|dial| {
        let happened = random.unit() < 1.0 / 12.0;
        let size = random.between(0.1, 0.5);
        (dial, if happened { size } else { 0.0 })
    });
    for (dial, value) in use_.into_iter().chain(accidents) {
        // Values lie in the dials' range.
        let _ = dials.set(dial, value);
    }
    Specimen::new(XtsDenomination::Ten, seed).with(dials)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn scanners_and_wear_differ_and_repeat() {
        assert_eq!(scanner(3), scanner(3));
        assert_ne!(scanner(3), scanner(4));
        scanner(3).check().unwrap();
        assert_eq!(worn(1, 5).dials, worn(1, 5).dials);
        assert_ne!(worn(1, 5).dials, worn(2, 5).dials);
    }

    #[test]
    fn features_that_are_sure_to_deviate_are_named_once() {
        let finding = |feature, outcome| Finding::new(feature, outcome, String::new());
        let mut doubted = finding("paper-tint", Outcome::Deviates);
        doubted.doubtful = true;
        let findings = [
            finding("microprint", Outcome::Deviates),
            doubted,
            finding("line-acuity", Outcome::Agrees),
            finding("microprint", Outcome::Deviates),
        ];
        assert_eq!(against(&findings), ["microprint"]);
    }

    #[test]
    fn every_note_drawn_is_counted() {
        let library = Library::built_in().unwrap();
        let size = Size {
            scanners: 2,
            enrolled: vec![8, 10],
            judged: 2,
            forged: 0,
        };
        let found = study(&library, size, NonZeroUsize::new(2).unwrap()).unwrap();
        assert_eq!(found.lost, 0);
        assert_eq!(found.held.len(), 2 * LEVELS.len());
        for held in &found.held {
            assert_eq!((held.same.of, held.other.of), (4, 4));
            // Fewer than thirty enrolled notes call none suspect.
            assert_eq!(held.same.count, 0);
            assert!(held.against.is_empty());
        }
        assert!(found.caught.iter().all(|c| c.suspect.of == 0));
        assert_eq!(found.drift[0].of, 0);
    }
}
