//! # visible-thread: is there a line from edge to edge where a thread should not show?
//!
//! **What it is.** A security thread lies in the paper; held flat it shows little or nothing.
//! Forgers print it: a line from the upper to the lower edge, visible at any angle.
//!
//! **How it is measured.** On the side aligned with its reference at 72 dpi: what is darker or
//! lighter than genuine notes, averaged over each column in each quarter of the height, 4 mm
//! from the edges or more. Of a band 1 mm wide the faintest of its three columns counts: a thread is
//! as broad, a crease is not. For each
//! band, what at least three quarters show alike. `dark` and `light` are the strongest bands.
//!
//! **Unit.** Local contrast.
//!
//! **What it cannot see.** Threads that genuine notes show too: what is enrolled is expected.
//!
//! **What fools it.** The fold down the middle of most worn notes is such a line; it is fainter and
//! narrower, and the enrolled notes have it too.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::note::RectMm;
use crate::structure::{CELLS_PER_MM, LEAST_PX_PER_MM};

/// Width of a band, cells: 1 mm.
const BAND: usize = 3;
/// Cells next to the edges that are left out, where the paper's edge is a line itself: 4 mm.
const MARGIN: usize = 11;
/// Quarters of the height.
const PARTS: usize = 4;

/// See the page above.
#[derive(Debug)]
pub struct VisibleThread;

impl Feature for VisibleThread {
    fn id(&self) -> &'static str {
        "visible-thread"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(LEAST_PX_PER_MM)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let (view, structure) = face.view()?;
        let contrast = &view.aligned.contrast;
        let (rows, columns) = contrast.dim();
        // Of each column of each quarter: of weighted differences, of weights.
        let mut sums = [(); PARTS].map(|()| [(); 2].map(|()| vec![0.0f32; columns]));
        let lines = contrast
            .rows()
            .into_iter()
            .zip(structure.print.mean.rows())
            .zip(view.shown_weight.rows());
        for (row, ((seen, mean), weight)) in lines.enumerate() {
            let part = (row * PARTS / rows).min(PARTS - 1);
            let [sums, weights] = &mut sums[part];
            let totals = sums.iter_mut().zip(weights);
            for ((((sum, total), v), m), w) in totals.zip(seen).zip(mean).zip(weight) {
                *sum += w * (v - m).clamp(-1.5, 1.5);
                *total += w;
            }
        }
        let inner = MARGIN..columns.saturating_sub(MARGIN + BAND);
        let reading = |zone: &str, sign: f32| {
            let mut best = (0.0f32, 0usize);
            for first in inner.clone() {
                let mut shown = [0.0f32; PARTS];
                for (value, [sums, totals]) in shown.iter_mut().zip(&sums) {
                    let columns = sums.iter().zip(totals).skip(first).take(BAND);
                    let columns = columns.map(|(sum, total)| sign * sum / total.max(1e-6));
                    *value = columns.fold(f32::MAX, f32::min);
                }
                shown.sort_by(f32::total_cmp);
                // The second least of four: three quarters show at least this.
                if shown[1] > best.0 {
                    best = (shown[1], first);
                }
            }
            Reading {
                zone: zone.to_owned(),
                result: Ok(Measurement {
                    value: f64::from(best.0),
                    unit: "contrast",
                    zone_mm: RectMm::from([
                        best.1 as f64 / CELLS_PER_MM,
                        0.0,
                        BAND as f64 / CELLS_PER_MM,
                        face.design.size.height,
                    ]),
                }),
            }
        };
        Ok(vec![reading("dark", -1.0), reading("light", 1.0)])
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::*;

    fn line(strength: f64, width: f64) -> Raster {
        note(9, None, &move |x, _, colour| {
            if (33.0..33.0 + width).contains(&x) {
                colour.map(|v| v * strength)
            } else {
                colour
            }
        })
    }

    use crate::pixels::Raster;

    #[test]
    fn a_genuine_note_shows_none() {
        let readings = measure(&VisibleThread, &genuine(9));
        assert!(value(&readings, "dark") < 0.15);
        assert!(value(&readings, "light") < 0.15);
    }

    #[test]
    fn a_printed_line_deviates() {
        let readings = measure(&VisibleThread, &line(0.7, 1.2));
        assert!(value(&readings, "dark") > 0.5);
        let reading = readings.iter().find(|r| r.zone == "dark").unwrap();
        assert!((reading.result.as_ref().unwrap().zone_mm.x - 33.0).abs() < 1.0);
    }

    #[test]
    fn a_crease_is_narrower_than_a_thread() {
        let dark = |width| value(&measure(&VisibleThread, &line(0.5, width)), "dark");
        let (crease, thread) = (dark(0.3), dark(1.2));
        assert!(crease < 0.25 * thread, "{crease} {thread}");
    }

    #[test]
    fn without_a_reference_nothing_is_seen() {
        assert!(not_calibrated(&VisibleThread));
    }
}
