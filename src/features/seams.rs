//! # seams: is the note of one piece?
//!
//! **What it is.** A note put together from two (half genuine, half copy; a genuine corner pasted on)
//! shows it where the parts meet: sharpness and noise of the print, and its colour noise, change
//! along a line, which on a note of one piece nothing does.
//!
//! **How it is measured.** In tiles of 4 mm, on the scan's own samples: logarithm of the mean second
//! difference, of luma and of colour, as a mean of square roots, in which the few strong edges of a
//! pen or a stamp count little. What genuine notes show in each tile is taken off, with the straight
//! line that the scan's own sharpness makes of it. Tiles that wear covers, that reach beyond the
//! paper, or where overprint stands or should stand, are left out. `luma-cut`, `colour-cut`: the
//! largest difference between the medians on both sides of any straight cut, down or across.
//! `luma-patch`, `colour-patch`: the largest mean of 3 × 3 tiles against the rest.
//!
//! **Unit.** Standard deviations of a tile over genuine notes, or of neighbouring tiles on this scan
//! where those differ more, as they do in noisy and strongly compressed ones.
//!
//! **What it cannot see.** Parts that were printed by the same process, as two halves of genuine notes.
//!
//! **What fools it.** Tape, and stamps and writing over print, change sharpness: one odd patch alone
//! makes a note unclear at most. A fold that lies out of focus.

use super::{Blur, Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::tiles::{self, TILE_MM};
use crate::condition::colour_detail;
use crate::note::RectMm;
use crate::pixels::{Plane, window};
use crate::structure::{DETAIL_PX_PER_MM, part};

/// Coarser scans mix colours of neighbouring lines, scan px/mm: 230 dpi. At 200 dpi genuine notes deviated
/// by half as much again as at 300.
const COLOUR_PX_PER_MM: f64 = 9.0;
/// Where neighbouring pixels differ less, compression took the colour detail away, levels: $1 scans had
/// 0.74 or more at a quality of 75, at most 0.6 at 60, where genuine notes deviated as much as copies.
const LEAST_COLOUR: f32 = 0.65;
/// The reading of the oddest part.
const PATCH: &str = "patch";

/// Added to a tile's deviation, in logarithms: 10 %.
const FLOOR: f32 = 0.1;

/// See the page above.
#[derive(Debug)]
pub struct Seams;

impl Feature for Seams {
    fn id(&self) -> &'static str {
        "seams"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(DETAIL_PX_PER_MM)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let detail = face
            .structure()
            .and_then(|s| s.detail.as_ref())
            .ok_or_else(|| {
                Unmeasured::NotCalibrated("no detail of this side was enrolled".to_owned())
            })?;
        let size = face.design.size;
        let mut observed = tiles::detail(face.raster, face.lies(), size);
        if let Ok((view, _)) = face.view() {
            let overprint = view.overprinted(face.design);
            for (at, seen) in observed.seen.indexed_iter_mut() {
                let tile = tile(at);
                *seen &= open(&view.open, tile) && !overprint.iter().any(|rect| rect.meets(tile));
            }
        }
        let mut readings = Vec::new();
        for (name, values, expected) in [
            ("luma", &observed.luma, &detail.luma),
            ("colour", &observed.colour, &detail.colour),
        ] {
            let off = tiles::standardised(
                values,
                &observed.seen,
                &expected.mean,
                &expected.deviation,
                FLOOR,
            );
            let unfit = unfit(face).filter(|_| name == "colour");
            let few = || Unmeasured::Covered("too little of the side is seen".to_owned());
            let cut = tiles::best_cut(&off).ok_or_else(few).map(|cut| {
                let at = cut.at as f64 * TILE_MM;
                Measurement {
                    value: f64::from(cut.step),
                    unit: "σ",
                    zone_mm: if cut.down {
                        RectMm::from([at - 1.0, 0.0, 2.0, size.height])
                    } else {
                        RectMm::from([0.0, at - 1.0, size.width, 2.0])
                    },
                }
            });
            let patch = tiles::oddest_patch(&off)
                .ok_or_else(few)
                .map(|(value, (row, column))| Measurement {
                    value: f64::from(value),
                    unit: "σ",
                    zone_mm: RectMm::from([
                        (column as f64 - 1.0) * TILE_MM,
                        (row as f64 - 1.0) * TILE_MM,
                        3.0 * TILE_MM,
                        3.0 * TILE_MM,
                    ]),
                });
            for (what, result) in [("cut", cut), (PATCH, patch)] {
                readings.push(Reading {
                    zone: format!("{name}-{what}"),
                    result: unfit.clone().map_or(result, Err),
                });
            }
        }
        Ok(readings)
    }

    // A change of sharpness is what it looks for.
    fn lost_to(&self, blur: Blur) -> bool {
        blur == Blur::Smoothing
    }

    fn least_spread(&self) -> f64 {
        0.3
    }

    /// A pasted piece differs in luma and colour; what lies over the print differs from it in one of them.
    fn excuse_at(&self, place: &str) -> Option<&'static str> {
        let excuse = "a stamp, writing or tape may lie over the print there: look at it";
        place.ends_with(PATCH).then_some(excuse)
    }
}

/// Where a tile lies.
fn tile((row, column): (usize, usize)) -> RectMm {
    let [x, y] = [column, row].map(|at| at as f64 * TILE_MM);
    RectMm::from([x, y, TILE_MM, TILE_MM])
}

/// Whether all of a tile is to be seen as it was printed: it lies on the paper, and wear covers none of it.
fn open(open: &Plane, tile: RectMm) -> bool {
    let part = part(tile, open.dim());
    let (rows, columns) = (
        part.top..part.top + part.rows,
        part.left..part.left + part.columns,
    );
    window(&open.view(), rows, columns)
        .iter()
        .all(|open| *open > 0.5)
}

/// Why colour detail cannot be judged, if so.
fn unfit(face: &Face<'_>) -> Option<Unmeasured> {
    if face.px_per_mm < COLOUR_PX_PER_MM {
        return Some(Unmeasured::Resolution {
            have: face.px_per_mm,
            need: COLOUR_PX_PER_MM,
        });
    }
    colour_detail(face, LEAST_COLOUR).err()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::*;

    use crate::pixels::Raster;
    use crate::specimen::{Format, Subsampling, encode};

    const ALL: [&str; 4] = ["luma-cut", "luma-patch", "colour-cut", "colour-patch"];

    #[test]
    fn a_note_of_one_piece_agrees() {
        let readings = measure(&Seams, &genuine(9));
        for zone in ALL {
            assert!(
                value(&readings, zone) < 3.0,
                "{zone} {}",
                value(&readings, zone)
            );
        }
    }

    #[test]
    fn a_part_with_dots_of_colour_deviates() {
        let forged = note(9, None, &|x, y, colour| {
            if x < 60.0 {
                return colour;
            }
            let dot = (x * 9.0).sin() * (y * 9.0).sin() * 25.0;
            [colour[0] + dot, colour[1] - dot, colour[2] + dot]
        });
        let readings = measure(&Seams, &forged);
        assert!(value(&readings, "colour-cut") > 6.0);
        let cut = readings.iter().find(|r| r.zone == "colour-cut").unwrap();
        let place = cut.result.as_ref().unwrap().zone_mm;
        assert!((place.x + place.width / 2.0 - 60.0).abs() < 5.0);
    }

    #[test]
    fn a_hole_and_floating_overprint_are_no_seam() {
        let hole = note(9, None, &|x, y, colour| {
            let gone = (x - 50.0).hypot(y - 24.0) < 7.0;
            if gone { BED_COLOUR } else { colour }
        });
        let floated = note(9, Some(("treasury-seal", 4.0)), &|_, _, colour| colour);
        for raster in [hole, floated] {
            let readings = measure(&Seams, &raster);
            for zone in ALL {
                let value = value(&readings, zone);
                assert!(value < 3.0, "{zone} {value}");
            }
        }
    }

    #[test]
    fn a_removed_seal_deviates() {
        let removed = note(9, None, &|x, y, colour| {
            let seal = (73.0..89.0).contains(&x) && (18.0..34.0).contains(&y);
            if seal { [228.0, 224.0, 205.0] } else { colour }
        });
        let patch = |raster: &Raster| value(&measure(&Seams, raster), "luma-patch");
        let (genuine, removed) = (patch(&genuine(9)), patch(&removed));
        assert!(removed > genuine + 3.0, "{removed} {genuine}");
    }

    #[test]
    fn strong_compression_hides_colour() {
        assert!(not_calibrated(&Seams));
        let Raster::Eight(image) = genuine(9) else {
            return;
        };
        let strong = encode(&image, Format::Jpeg, 254.0, 40, Subsampling::Quarter).unwrap();
        // Written again without loss: no file says that it was compressed.
        let raster = Raster::Eight(image::load_from_memory(&strong).unwrap().to_rgb8());
        let face = face(&raster, &DESIGN);
        for reading in Seams.measure(&face).unwrap() {
            let colour = reading.zone.starts_with("colour");
            assert_eq!(
                matches!(reading.result, Err(Unmeasured::Compressed(_))),
                colour
            );
        }
    }
}
