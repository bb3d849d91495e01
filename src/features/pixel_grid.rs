//! pixel-grid: the pixels of the picture a reprint was made from.
//!
//! # What it is
//! A picture of a note, of 80 to 165 pixels to the inch, that is printed again is enlarged to the
//! printer's dots: values between its pixels are interpolated, and smoother than those at them.
//! The print is soft and has a grid; a genuine note in a scan out of focus is as soft, and has
//! none.
//!
//! # How it is measured
//! Over all windows of print, how large the steps between neighbouring pixels are, on average over
//! the rows, for each column, and the other way round (first and second differences). Of the power
//! spectra of these, each window's over its own mean, the median over the windows counts, so that
//! lines of one part of the note do not; how far the frequency that stands out most stands out of
//! those around it, both ways alike, is the measurement. Steps across the borders of JPEG's blocks
//! are left out. It counts where edges of ink are no sharper than such pixels can show them: at
//! least 0.9 of their pitch wide (0.8 in scans below 267 dpi).
//!
//! # Unit
//! Multiples of the power around it, at least 1; greater is less like a genuine note. 1 where no
//! such grid stands out.
//!
//! # What it cannot see
//! Reprints of finer pictures, whose pixels the scan does not show apart, and of coarser ones that
//! were not interpolated: their pixels are squares with sharp edges, see line-spectrum. Grids that
//! lie askew in the scan by more than two degrees.
//!
//! # What fools it
//! A program that enlarges a coarse scan leaves the same grid. From 150 dpi nothing finer than the
//! coarse scan's pixels is left of the paper's grain, and where so little of it is left nothing is
//! measured; from 200 dpi and more the edges are too sharp for the grid. In between, from about
//! 180 dpi to 300, or where the enlarged scan was sharpened or given noise, a genuine note may be
//! taken for a reprint: do not enlarge scans. Below 267 dpi cameras do it themselves: there a grid
//! makes a note unclear, never suspect.

use std::ops::RangeInclusive;

use super::dot_noise::LINES_PX_PER_MM;
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::periods::Periods;
use crate::condition::Condition;

/// See the module.
#[derive(Debug)]
pub struct PixelGrid;

/// The print of scans too coarse to tell who enlarged a picture.
const COARSE: &str = "print-coarse";
/// Pixels of pictures that are reprinted, to the millimetre: 81 to 165 to the inch. Coarser ones are seen to be such.
const PER_MM: RangeInclusive<f64> = 3.2..=6.5;
/// And the fewest of them to a pixel of a coarse scan, in which all that it shows may be such a picture's.
const LEAST_PER_PX: f64 = 0.27;
/// A grid of other pixels is none of these, and stands out more than what it leaves within them: so it is looked for
/// from so many to a pixel of the scan.
const FROM_PER_PX: f64 = 0.2;
/// The most that a scan shows apart.
const MOST_PER_PX: f64 = 0.5;
/// Least width of edges, pixels of the picture. Sides of genuine notes at 200 dpi, enlarged to 300, have the grid of a
/// picture of 100 dpi, and edges of up to 0.84.
const EDGES: f64 = 0.9;
/// The same in coarse scans: cameras sharpen.
const EDGES_COARSE: f64 = 0.8;
/// Grain finer than the pixels show over coarser, and grain finer than half of what the scan shows, log10. Sides of
/// genuine notes at 150 dpi, enlarged to 300, have -0.82 and -0.86 or less, genuine notes at 300 dpi -0.43 or more.
const ENLARGED: [f64; 2] = [-0.75, -0.82];

impl Feature for PixelGrid {
    fn id(&self) -> &'static str {
        "pixel-grid"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(4.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        condition.fine_lines()?;
        let fine = face.px_per_mm >= LINES_PX_PER_MM;
        let found = strongest(face, condition, if fine { EDGES } else { EDGES_COARSE })?;
        if let Some((_, per_px)) = found.filter(|_| fine) {
            let grain = [per_px, MOST_PER_PX].map(|per_px| condition.grain_beyond(per_px));
            let lost = |(grain, limit): (Option<f64>, f64)| grain.is_none_or(|g| g < limit);
            if grain.into_iter().zip(ENLARGED).any(lost) {
                return Err(Unmeasured::Blurred(format!(
                    "it was enlarged from about {:.0} dpi: scan at 300 dpi",
                    per_px * face.px_per_mm * 25.4
                )));
            }
        }
        Ok(vec![Reading {
            zone: if fine { "print" } else { COARSE }.to_owned(),
            result: Ok(Measurement {
                value: found.map_or(1.0, |(strength, _)| strength),
                unit: "of the power around it",
                zone_mm: face.whole(),
            }),
        }])
    }

    fn least_spread(&self) -> f64 {
        0.1
    }

    fn stands_in(&self, place: &str) -> bool {
        place == COARSE
    }

    /// Neither stains nor folds nor pens leave a grid.
    fn accidents(&self) -> bool {
        false
    }
}

/// How far a grid stands out of the print, and its pixels to one of the scan, see the page above; `None` where none
/// counts, with edges at least so wide in its pixels.
///
/// # Errors
/// Where there are too few edges.
fn strongest(
    face: &Face<'_>,
    condition: &Condition,
    edges: f64,
) -> Result<Option<(f64, f64)>, Unmeasured> {
    let [Some(along), Some(down)] = condition.edge_widths else {
        return Err(Unmeasured::Other("too few edges of ink".to_owned()));
    };
    let sharper = along.min(down);
    // No grid that could be seen has pixels so small.
    if sharper < edges / MOST_PER_PX {
        return Ok(None);
    }
    let [least, most] = [PER_MM.start(), PER_MM.end()].map(|per_mm| per_mm / face.px_per_mm);
    let mut periods = Periods::new(condition.transform.side());
    for window in &condition.prints {
        periods.add(&window.luma(), window.origin);
    }
    let strongest = periods.strongest(least.min(FROM_PER_PX)..=MOST_PER_PX);
    Ok(strongest.filter(|(strength, per_px)| {
        *strength > 1.0
            && (least.min(LEAST_PER_PX)..=most).contains(per_px)
            && sharper * per_px >= edges
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{Drawn, draw, genuine, ink, inked, noise, reprinted};

    #[test]
    fn sharp_print_has_no_grid() {
        for px_per_mm in [11.8, 15.7] {
            let value = genuine(px_per_mm, 1).read(&PixelGrid, "print").unwrap();
            assert!(value < 1.5, "{value}");
        }
    }

    #[test]
    fn soft_print_without_a_grid_agrees() {
        let soft = draw(11.8, |x, y, _| {
            // Grain in cells that the scan does not show apart: a grid, too, else.
            let mut sum = [3.0 * noise((x * 36.0) as i64, (y * 36.0) as i64, 3); 3];
            for i in 0..9 {
                let (dx, dy) = (f64::from(i % 3 - 1) * 0.09, f64::from(i / 3 - 1) * 0.09);
                for (s, v) in sum.iter_mut().zip(inked(ink(x + dx, y + dy))) {
                    *s += v / 9.0;
                }
            }
            sum
        });
        let value = soft.read(&PixelGrid, "print").unwrap();
        assert!(value < 2.0, "{value}");
    }

    #[test]
    fn the_pixels_of_a_reprinted_picture_stand_out() {
        for per_mm in [3.94, 5.0] {
            let value = reprinted(11.8, per_mm).read(&PixelGrid, "print").unwrap();
            assert!(value > 3.0, "{per_mm}: {value}");
        }
    }

    #[test]
    fn the_pixels_stand_out_of_coarse_scans_too() {
        let of = |drawn: Drawn| drawn.read(&PixelGrid, COARSE).unwrap();
        let (clean, copy) = (of(genuine(7.0, 1)), of(reprinted(7.0, 3.1)));
        assert!(clean < 1.5 && copy > 2.5, "{clean} {copy}");
    }

    #[test]
    fn coarser_scans_are_not_examined() {
        let coarse = genuine(3.5, 1).read(&PixelGrid, "print");
        assert!(matches!(coarse, Err(Unmeasured::Resolution { .. })));
    }

    #[test]
    fn enlarged_scans_are_not_examined() {
        let enlarged = genuine(5.9, 1).enlarged(2);
        let value = enlarged.read(&PixelGrid, "print");
        assert!(matches!(value, Err(Unmeasured::Blurred(_))), "{value:?}");
    }
}
