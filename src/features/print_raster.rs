//! print-raster: a periodic screen that is the same all over the note.
//!
//! # What it is
//! Printers and offset presses make tones from screens: dots on a lattice that is the same all
//! over the note. Engraving has line families too, but each part of a note has others, and blank
//! paper has none.
//!
//! # How it is measured
//! Power spectra of the lightness of all windows of print (and, apart, of unprinted paper) are
//! divided by the mean power at the same fineness, capped at four times it, and averaged over the
//! windows frequency by frequency. A frequency that stands out in one part of the note is voted
//! down by the rest; the highest that stays, over the mean of its neighbours, is the measurement.
//! Looked at from 2.4 cycles/mm up to the sampling's limit; the axes of the scan are left out
//! because the grid of JPEG blocks lies there. Of designs that nobody enrolled, and are known to
//! have no print in a screen, `print` may read up to 4.2: genuine sides of four designs, 1221
//! readings with those as other scanners would show them, go up to 4.12, all but 13 to 3, and
//! pictures of 21 other sides to 3.0; laser copies at 300 dpi read 5.4 to 7.2.
//!
//! # Unit
//! Multiples of the power around it; greater is less like a genuine note.
//!
//! # What it cannot see
//! Screens finer than half the sampling unless they alias; screens at 0 and 90 degrees to the
//! scan; dispersed (inkjet, frequency-modulated) dots, which have no lattice: see dot-noise.
//!
//! # What fools it
//! A scanner that resamples leaves a weak lattice of its own, as does a reprint of a low-
//! resolution picture. Designs with offset screens have theirs on genuine notes, which enrolment
//! learns.

use super::{Face, Feature, Measurement, Needs, Published, Reading, Unmeasured};
use crate::compare::spectrum::Transform;
use crate::note::Side;
use crate::reference::Design;

/// See the module.
#[derive(Debug)]
pub struct PrintRaster;

/// Screens coarser than this would be seen with the naked eye, cycles/mm.
const LEAST_FREQUENCY: f64 = 2.4;
/// The surroundings of a frequency reach so far, in steps of the spectrum, and leave out what the taper spreads.
const FAR: usize = 5;
const NEAR: usize = 1;
/// Least frequencies that make surroundings.
const LEAST_AROUND: f32 = 20.0;
/// What one window can say at most, in units of the mean power at the same fineness.
const CAP: f32 = 4.0;
/// The most that print without a screen reads: see the page above.
const NO_SCREEN: f64 = 4.2;

impl Feature for PrintRaster {
    fn id(&self) -> &'static str {
        "print-raster"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(7.4)
    }

    fn published<'d>(&self, design: &'d Design, side: Side, zone: &str) -> Option<Published<'d>> {
        if zone != "print" {
            return None;
        }
        let fact = design
            .absent
            .iter()
            .find(|fact| fact.kind == "printing-screen" && fact.side.is_none_or(|of| of == side))?;
        Published::of(fact, [0.0, NO_SCREEN])
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        let print: Vec<&[f32]> = condition
            .prints
            .iter()
            .map(|w| w.power.as_slice())
            .collect();
        let paper: Vec<&[f32]> = condition
            .papers
            .iter()
            .map(|w| w.power.as_slice())
            .collect();
        Ok([
            ("print", peak(&condition.transform, &print, face.px_per_mm)),
            (
                "paper",
                peak(&condition.paper_transform, &paper, face.px_per_mm),
            ),
        ]
        .into_iter()
        .map(|(zone, value)| Reading {
            zone: zone.to_owned(),
            result: Ok(Measurement {
                value,
                unit: "of the power around it",
                zone_mm: face.whole(),
            }),
        })
        .collect())
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}

/// The highest mean over windows of the power at one frequency, each over that at all of the same fineness, beside
/// the mean around it: blur along one way of the scan tilts the spectrum, and a lattice stands out of it.
fn peak(transform: &Transform, windows: &[&[f32]], px_per_mm: f64) -> f64 {
    let n = transform.side();
    // Each value's ring, 0 where it is not looked at: too coarse, or on the axes, where the grid of
    // JPEG blocks and the scanner's own lines stand.
    let rings: Vec<usize> = transform
        .frequencies()
        .map(|(across, down)| {
            let frequency = (across * across + down * down).sqrt();
            let on_axis = across * (n as f64) < 1.5 || down.abs() * (n as f64) < 1.5;
            if frequency * px_per_mm < LEAST_FREQUENCY || on_axis || frequency > 0.5 {
                0
            } else {
                (frequency * n as f64 + 0.5) as usize
            }
        })
        .collect();
    let mut sums = vec![0.0f32; rings.len()];
    for power in windows {
        let mut ring_sum = vec![(0.0f32, 0.0f32); n + 1];
        for (&ring, &p) in rings.iter().zip(*power) {
            if let Some((sum, count)) = ring_sum.get_mut(ring) {
                *sum += p;
                *count += 1.0;
            }
        }
        for ((sum, &ring), &p) in sums.iter_mut().zip(&rings).zip(*power) {
            if ring > 0
                && let Some((total, count)) = ring_sum.get(ring)
            {
                *sum += (p * count / total.max(1e-12)).min(CAP);
            }
        }
    }
    let mut highest = 0.0f32;
    let half = rings.len() / n.max(1);
    for (at, _) in rings.iter().enumerate().filter(|(_, ring)| **ring > 0) {
        let (row, column) = (at / half, at % half);
        let (mut around, mut count) = (0.0f32, 0.0f32);
        for down in 0..=2 * FAR {
            // Rows go round: the last are the negative frequencies.
            let line = (row + n + down - FAR) % n * half;
            for across in column.saturating_sub(FAR)..(column + FAR + 1).min(half) {
                let near = down.abs_diff(FAR) <= NEAR && across.abs_diff(column) <= NEAR;
                if !near && rings.get(line + across).is_some_and(|ring| *ring > 0) {
                    around += sums.get(line + across).copied().unwrap_or(0.0);
                    count += 1.0;
                }
            }
        }
        if count >= LEAST_AROUND {
            highest = highest.max(sums.get(at).copied().unwrap_or(0.0) * count / around.max(1e-6));
        }
    }
    f64::from(highest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{Drawn, dots, draw, genuine, printed};

    #[test]
    fn line_art_on_other_paper_agrees_and_paper_has_no_lattice() {
        let (first, second) = (genuine(11.8, 1), genuine(11.8, 2));
        let read = |drawn: &Drawn, zone| drawn.read(&PrintRaster, zone).unwrap();
        let (a, b) = (read(&first, "print"), read(&second, "print"));
        assert!((a - b).abs() < 0.5, "{a} {b}");
        assert!(read(&first, "paper") < 3.0, "{}", read(&first, "paper"));
    }

    #[test]
    fn a_scanner_softer_one_way_than_the_other_makes_no_lattice() {
        let softer = draw(11.8, |x, y, ink| {
            let mut sum = [0.0f32; 3];
            for step in -2..=2 {
                let x = x + f64::from(step) * 0.06;
                for (s, v) in sum.iter_mut().zip(printed(x, y, ink, 1)) {
                    *s += v / 5.0;
                }
            }
            sum
        });
        let value = softer.read(&PrintRaster, "paper").unwrap();
        assert!(value < 3.0, "{value}");
    }

    #[test]
    fn a_screen_stands_out() {
        let copy = draw(11.8, |x, y, ink| {
            // 110 lines to the inch at 30 degrees.
            let (u, v) = (0.866 * x + 0.5 * y, 0.866 * y - 0.5 * x);
            let wave = |t: f64| (std::f64::consts::TAU * 4.33 * t).cos() as f32;
            dots(printed(x, y, ink, 1), [0.5 + 0.25 * (wave(u) + wave(v)); 3])
        });
        let first = genuine(11.8, 1);
        for zone in ["print", "paper"] {
            let clean = first.read(&PrintRaster, zone).unwrap();
            let value = copy.read(&PrintRaster, zone).unwrap();
            assert!(value > clean + 0.7, "{zone} {value} {clean}");
        }
    }

    #[test]
    fn coarse_scans_are_not_examined() {
        let coarse = genuine(5.9, 1).read(&PrintRaster, "print");
        assert!(matches!(
            coarse,
            Err(crate::features::Unmeasured::Resolution { .. })
        ));
    }
}
