//! Fitness: whether a genuine note is good enough to go out again, by what a scan can show.
//!
//! Limits: stains, JR/T 0153-2022 (unprinted paper); missing parts, tears, writing, the counter rule of the
//! People's Bank of China of 2003; lost length and width, the European Central Bank's minimum standards.
//! A folded corner is named and makes no note unfit by itself: no limit for it was found published.

use crate::features::Face;
use crate::findings::Experience;
use crate::note::Light;
use crate::rectify::edges::SideSource;
use crate::rectify::side_lengths;
use crate::report::{Fitness, rounded};
use crate::wear::{Mark, MarkKind, Wear};

/// All stains together, and one of them, mm².
const STAINS: (f64, f64) = (60.0, 40.0);
/// Smaller spots are not counted, mm² (JR/T 0153-2022).
const SPOT: f64 = 4.0;
/// Writing and stains, mm².
const WRITING: f64 = 200.0;
/// Writing below this is not told from the play of the print, mm²: on 52 sides of good $1 notes without
/// defects marks of all kinds added up to less.
const LEAST_WRITING: f64 = 8.0;
/// Missing parts, corners and holes together, mm².
const MISSING: f64 = 20.0;
/// One tear this long, or two of the second length, mm.
const TEARS: (f64, f64) = (10.0, 5.0);
/// Lost length and width of the paper, mm.
const SHORT: (f64, f64) = (6.0, 5.0);
/// The largest increase of the paper's density that the European Central Bank's limit samples show
/// (0.04 to 0.08, through a magenta filter). A scanner is no densitometer: what is measured is how much
/// yellower than the cleanest tenth of the enrolled notes the paper is.
const SOIL: f64 = 0.08;

/// Grades the sides of a note. `None` where no side was seen in visible light well enough.
pub fn grade<'a, 'b: 'a>(
    faces: impl Iterator<Item = &'a Face<'b>>,
    experience: &Experience<'_>,
) -> Option<Fitness> {
    let mut all = Defects::default();
    let mut soil: Option<f64> = None;
    let mut seen = Vec::new();
    for face in faces.filter(|face| face.light == Light::Visible) {
        // Wear is counted once where a side was scanned twice.
        if seen.contains(&face.side) {
            continue;
        }
        let Ok((view, _)) = face.view() else { continue };
        seen.push(face.side);
        all.add(&view.wear);
        all.shortened(face);
        if let Ok(condition) = face.condition()
            && let Some(cleanest) = experience.cleanest(face)
        {
            // Blue less red and green, natural logarithms, to density.
            let yellow = crate::compare::chroma::yellow_blue(condition.paper);
            let more = 2.0 * (cleanest - f64::from(yellow)) / std::f64::consts::LN_10;
            let share = (more / SOIL).clamp(0.0, 1.0);
            soil = Some(soil.map_or(share, |s| s.max(share)));
        }
    }
    if seen.is_empty() {
        return None;
    }
    if soil.is_some_and(|s| s >= 1.0) {
        all.push("soil", true);
    }
    let mut not_examined = vec!["tape".to_owned()];
    if all.blind {
        not_examined.extend(["tears", "holes", "missing parts"].map(str::to_owned));
    }
    Some(Fitness {
        grade: if all.unfit { "unfit" } else { "fit" }.to_owned(),
        soil: soil.map(|s| rounded(s, 2)),
        defects: all.names.into_iter().map(str::to_owned).collect(),
        not_examined,
    })
}

/// What was found on the sides so far.
#[derive(Debug, Default)]
struct Defects {
    names: Vec<&'static str>,
    unfit: bool,
    /// No bed beside the note to tell holes by.
    blind: bool,
}

impl Defects {
    fn push(&mut self, name: &'static str, unfit: bool) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        self.unfit |= unfit;
    }

    fn add(&mut self, wear: &Wear) {
        let largest = |all: &[f64]| all.iter().copied().fold(0.0, f64::max);
        // A dark compact mark is a stain of ink.
        let blots = wear.marks.iter().filter(|m| m.kind == MarkKind::Blot);
        let spots: Vec<f64> = blots
            .map(Mark::area_mm2)
            .filter(|area| *area > SPOT)
            .chain(wear.stains_mm2.iter().copied())
            .collect();
        let stains: f64 = spots.iter().sum();
        if stains > 0.0 {
            self.push("stain", stains > STAINS.0 || largest(&spots) > STAINS.1);
        }
        let writing = wear.marks_mm2(MarkKind::Stroke);
        if writing > LEAST_WRITING {
            self.push("writing", writing + stains > WRITING);
        }
        if wear.creases_mm > 0.0 {
            self.push("crease", false);
        }
        let mut missing = 0.0;
        for corner in &wear.corners {
            if corner.flap {
                self.push("folded-corner", false);
            } else {
                // Folded behind looks the same from here.
                missing += corner.area_mm2();
                self.push("missing-corner", false);
            }
        }
        match &wear.gaps {
            Some(gaps) => {
                for (name, areas) in [
                    ("hole", &gaps.holes_mm2),
                    ("missing-part", &gaps.missing_mm2),
                ] {
                    if !areas.is_empty() {
                        self.push(name, false);
                        missing += areas.iter().sum::<f64>();
                    }
                }
                if !gaps.tears_mm.is_empty() {
                    let long = gaps.tears_mm.iter().filter(|t| **t > TEARS.1).count();
                    self.push("tear", long > 1 || largest(&gaps.tears_mm) > TEARS.0);
                }
            }
            None => self.blind = true,
        }
        self.unfit |= missing > MISSING;
    }

    /// Paper that is shorter than the print says, where all of its edges are seen.
    fn shortened(&mut self, face: &Face<'_>) {
        if face.outline.sides != [SideSource::Edge; 4] {
            return;
        }
        let Some(back) = face.lies().inverse() else {
            return;
        };
        let (width, height) = side_lengths(&face.outline.quad.map(|p| back.apply(p)));
        if face.design.size.width - width >= SHORT.0 || face.design.size.height - height >= SHORT.1
        {
            self.push("folded-edge", true);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn::{DESIGN, face, genuine, note};
    use crate::pixels::Raster;
    use crate::reference::Library;

    fn graded(raster: &Raster) -> Fitness {
        let face = face(raster, &DESIGN);
        grade(
            std::iter::once(&face),
            &Experience::new(&Library::default()),
        )
        .unwrap()
    }

    #[test]
    fn a_clean_note_is_fit() {
        let fitness = graded(&genuine(9));
        assert_eq!(fitness.grade, "fit");
        assert!(fitness.defects.is_empty(), "{:?}", fitness.defects);
        assert_eq!(
            (fitness.soil, fitness.not_examined),
            (None, vec!["tape".to_owned()])
        );
    }

    #[test]
    fn a_large_stain_and_a_long_tear_are_unfit_and_a_small_hole_is_not() {
        let stain = |radius: f64| {
            note(9, None, &move |x, y, colour| {
                if (x - 28.0).hypot(y - 25.0) < radius {
                    colour.map(|v| 0.8 * v)
                } else {
                    colour
                }
            })
        };
        let large = graded(&stain(5.0));
        assert_eq!(
            (large.grade.as_str(), large.defects),
            ("unfit", vec!["stain".to_owned()])
        );
        let bed = [90.0, 90.0, 110.0];
        let tear = graded(&note(9, None, &|x, y, colour| {
            if (x - 62.0).abs() < 0.1 * (y - 30.0) && y > 30.0 {
                bed
            } else {
                colour
            }
        }));
        assert!(tear.grade == "unfit" && tear.defects.contains(&"tear".to_owned()));
        let hole = graded(&note(9, None, &|x, y, colour| {
            if (x - 30.0).hypot(y - 25.0) < 1.5 {
                bed
            } else {
                colour
            }
        }));
        assert!(hole.grade == "fit" && hole.defects.contains(&"hole".to_owned()));
    }

    #[test]
    fn a_side_without_reference_is_not_graded() {
        let raster = genuine(9);
        let face = face(&raster, &crate::features::drawn::UNMEASURED);
        assert!(
            grade(
                std::iter::once(&face),
                &Experience::new(&Library::default())
            )
            .is_none()
        );
    }
}
