//! # dimensions: has the note the size and the shape of its design?
//!
//! **What it is.** Notes are cut to a nominal size, and the print on them has a fixed shape.
//!
//! **How it is measured.** `aspect`: width over height of the paper's outline against nominal.
//! `print-aspect`: the same for the print, from the map that takes the design's millimetres to the
//! scan; it needs no edge. `width`, `height` (paper) and `print-scale`: absolute size against
//! nominal, where the scan states a density that can be trusted: one by which the note would be off
//! by more than 12 % is not that of the picture.
//!
//! **Unit.** % above (positive) or below nominal; both directions deviate.
//!
//! **What it cannot see.** Where the scanner cropped the note, its frame is no edge and the paper is
//! not examined. A copy at 100 % has the right size.
//!
//! **What fools it.** Scanners stretch: sheet-fed ones by 1 to 4 % along the feed. Folded edges and
//! torn sides shorten the paper. So absolute size alone says little, and of notes that were not enrolled it
//! is doubted only where neither a scanner nor the differences between genuine notes explain it.

use super::{Face, Feature, Measurement, Needs, Published, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::note::{RectMm, Side};
use crate::rectify::edges::SideSource;
use crate::rectify::side_lengths;
use crate::reference::Design;

/// See the page above.
#[derive(Debug)]
pub struct Dimensions;

/// A stated density by which the note would be farther off its size than this is none of this picture: scanners
/// stretch by up to 4 %, and nobody who copies a note misses its size by more than a few.
const MOST_OFF: f64 = 0.12;
/// Most that a genuine note is off its published size or shape in a scan, %: scanners stretch by up to 4, and the longest
/// and the shortest of 25 notes of one size differed by 2.6 (coincommunity.com, topic 439163).
const PUBLISHED: f64 = 7.0;

impl Feature for Dimensions {
    fn id(&self) -> &'static str {
        "dimensions"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(0.0)
    }

    fn published<'d>(&self, design: &'d Design, _side: Side, _zone: &str) -> Option<Published<'d>> {
        Some(Published {
            range: [-PUBLISHED, PUBLISHED],
            source: design.size_source.as_deref()?,
            excuse: Some(
                "a scanner may have stretched it, or a camera seen it at a slant: lay it on a genuine note",
            ),
        })
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let size = face.design.size;
        let paper = side_lengths(&face.outline.quad);
        let print = side_lengths(
            &[
                [0.0, 0.0],
                [size.width, 0.0],
                [size.width, size.height],
                [0.0, size.height],
            ]
            .map(|p| face.lies().apply(p)),
        );
        let [top, right, bottom, left] = face.outline.sides.map(|s| s == SideSource::Edge);
        let cropped = |seen: bool| {
            if seen {
                Ok(())
            } else {
                Err(Unmeasured::Covered(
                    "the paper's edges are not all in the scan".to_owned(),
                ))
            }
        };
        let scale = (print.0 * print.1 / (size.width * size.height)).sqrt();
        let px_per_mm = face
            .dpi
            .map(|dpi| dpi / 25.4)
            .filter(|stated| (scale / stated - 1.0).abs() < MOST_OFF)
            .ok_or_else(|| {
                Unmeasured::Other("the scan states no density that can be trusted".to_owned())
            });
        let percent = |ratio: f64| 100.0 * (ratio - 1.0);
        let shape = |lengths: (f64, f64)| percent(lengths.0 / lengths.1 / size.aspect());
        let results = [
            (
                "aspect",
                cropped(top && right && bottom && left).map(|()| shape(paper)),
            ),
            ("print-aspect", Ok(shape(print))),
            (
                "width",
                cropped(left && right)
                    .and_then(|()| px_per_mm.clone())
                    .map(|p| percent(paper.0 / p / size.width)),
            ),
            (
                "height",
                cropped(top && bottom)
                    .and_then(|()| px_per_mm.clone())
                    .map(|p| percent(paper.1 / p / size.height)),
            ),
            ("print-scale", px_per_mm.map(|p| percent(scale / p))),
        ];
        Ok(results
            .into_iter()
            .map(|(zone, result)| Reading {
                zone: zone.to_owned(),
                result: result.map(|value| Measurement {
                    value,
                    unit: "%",
                    zone_mm: RectMm::from([0.0, 0.0, size.width, size.height]),
                }),
            })
            .collect())
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn least_spread(&self) -> f64 {
        0.5
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::*;
    use crate::verdict::Outcome;

    #[test]
    fn a_note_of_the_right_size_agrees() {
        for reading in measure(&Dimensions, &genuine(9)) {
            assert!(
                reading.result.unwrap().value.abs() < 0.1,
                "{}",
                reading.zone
            );
        }
    }

    #[test]
    fn a_stretched_note_deviates() {
        let raster = genuine(9);
        let mut face = face(&raster, &DESIGN);
        face.outline.quad[1][0] += 50.0;
        face.outline.quad[2][0] += 50.0;
        let readings = Dimensions.measure(&face).unwrap();
        assert!((value(&readings, "aspect") - 5.0).abs() < 0.1);
        assert!((value(&readings, "width") - 5.0).abs() < 0.1);
        assert!(value(&readings, "height").abs() < 0.1);
    }

    #[test]
    fn published_sizes_leave_room_for_scanners_and_are_doubted_beyond() {
        let raster = genuine(9);
        let found = |source: Option<&str>, longer: f64| {
            let design = Design {
                size_source: source.map(str::to_owned),
                ..DESIGN.clone()
            };
            let mut face = face(&raster, &design);
            for corner in [1, 2] {
                face.outline.quad[corner][0] += longer * DESIGN.size.width * face.px_per_mm;
            }
            finding(&Dimensions, &face)
        };
        let stretched = found(Some("the bank"), 0.06);
        assert_eq!(stretched.outcome, Outcome::Agrees, "{stretched:?}");
        let enlarged = found(Some("the bank"), 0.09);
        assert_eq!(enlarged.outcome, Outcome::Deviates, "{enlarged:?}");
        assert!(enlarged.doubtful, "{enlarged:?}");
        // Nobody vouches for the size.
        assert_eq!(found(None, 0.09).outcome, Outcome::NotExamined);
    }

    #[test]
    fn a_density_of_another_picture_is_not_trusted() {
        let raster = genuine(9);
        let mut face = face(&raster, &DESIGN);
        face.dpi = Some(72.0);
        for reading in Dimensions.measure(&face).unwrap() {
            let shape = reading.zone.ends_with("aspect");
            assert_eq!(reading.result.is_ok(), shape, "{}", reading.zone);
        }
    }

    #[test]
    fn a_cropped_note_and_an_untrusted_density_are_not_examined() {
        let raster = genuine(9);
        let mut face = face(&raster, &DESIGN);
        face.outline.sides[1] = SideSource::Frame;
        face.dpi = None;
        for reading in Dimensions.measure(&face).unwrap() {
            assert_eq!(reading.result.is_ok(), reading.zone == "print-aspect");
        }
    }
}
