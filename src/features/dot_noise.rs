//! dot-noise: specks of colour in unprinted paper and within the lines of one ink.
//!
//! # What it is
//! Inkjet and laser printers make black, grey and every tint from cyan, magenta, yellow and black
//! dots. At the fineness of the dots, colour then varies where a genuine note has one ink, or only
//! paper.
//!
//! # How it is measured
//! `paper`: the variance of both opponent colour densities at 0.5 to 2.4 cycles/mm in twelve
//! windows of unprinted paper, their median. Zones: colours in cells of 0.17 mm less the mean of
//! their neighbours', and of that what a parabola in the lightness and the slopes of the lightness
//! do not explain: one ink of varying thickness, and a scanner whose colours are not in register,
//! are explained.
//!
//! # Unit
//! Log10 of density; greater is less like a genuine note.
//!
//! # What it cannot see
//! Monochrome copies. Chroma subsampling in JPEG (4:2:0) leaves of the dots only what is coarser
//! than two pixels; encoder qualities under 55 leave too little, and the zones are then not
//! examined, as below 10.5 px/mm.
//!
//! # What fools it
//! Coloured fibres, stains of ink and stamps raise single zones. A note printed with a spot ink
//! instead of process inks shows nothing here: see ink-colour.

use super::{Blur, Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::chroma::{Detail, Grid, amplitude, unexplained};
use crate::compare::order::{mean, median};
use crate::condition::{Condition, PrintWindow, fine_colour};

/// See the module.
#[derive(Debug)]
pub struct DotNoise;

/// Resolution at which the specks within lines are looked at, px/mm: two pixels a cell.
pub(crate) const LINES_PX_PER_MM: f64 = 10.5;
/// Side of the cells whose colours are compared, mm.
const CELL_MM: f64 = 0.17;

impl Feature for DotNoise {
    fn id(&self) -> &'static str {
        "dot-noise"
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(7.4)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        let mut readings = vec![paper(face, condition)];
        let seen = condition.fine_lines().and_then(|()| fine_colour(face));
        let block = (CELL_MM * face.px_per_mm).round().max(1.0) as usize;
        let side = condition.transform.side();
        for (zone, windows) in condition.zones(face) {
            let result = if let Err(why) = &seen {
                Err(why.clone())
            } else if face.px_per_mm < LINES_PX_PER_MM {
                Err(Unmeasured::Resolution {
                    have: face.px_per_mm,
                    need: LINES_PX_PER_MM,
                })
            } else {
                specks(windows, side, block)
                    .map(|value| Measurement {
                        value,
                        unit: "log10 density",
                        zone_mm: zone.rect_mm,
                    })
                    .ok_or_else(|| Unmeasured::Covered("covered, or beyond the scan".to_owned()))
            };
            readings.push(Reading {
                zone: zone.id.clone(),
                result,
            });
        }
        Ok(readings)
    }

    fn lost_to(&self, _blur: Blur) -> bool {
        true
    }

    fn least_spread(&self) -> f64 {
        0.03
    }
}

fn paper(face: &Face<'_>, condition: &Condition) -> Reading {
    let mut noise: Vec<f32> = condition.papers.iter().map(paper_noise).collect();
    Reading {
        zone: "paper".to_owned(),
        result: median(&mut noise)
            .map(|v| Measurement {
                value: f64::from(v),
                unit: "log10 density",
                zone_mm: face.whole(),
            })
            .ok_or_else(|| Unmeasured::Covered("no unprinted paper is seen".to_owned())),
    }
}

/// Colour noise of a window of paper in the coarse and middle bands, log10 density.
pub(super) fn paper_noise(window: &crate::condition::PaperWindow) -> f32 {
    let [_, red_green, yellow_blue] = &window.grain;
    let variance: f64 = red_green
        .iter()
        .take(2)
        .chain(yellow_blue.iter().take(2))
        .sum();
    amplitude(variance) as f32
}

fn specks(windows: &[PrintWindow], side: usize, block: usize) -> Option<f64> {
    let variance = mean(
        windows
            .iter()
            .map(|w| unexplained(&Grid::over(&w.density, side, block), Detail::Fine)),
    )?;
    Some(amplitude(variance))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{Drawn, dots, draw, genuine, noise, printed};

    fn inkjet(px_per_mm: f64) -> Drawn {
        draw(px_per_mm, |x, y, ink| {
            let dot = |seed| 0.5 + 0.5 * noise((x * 10.0) as i64, (y * 10.0) as i64, seed);
            dots(printed(x, y, ink, 1), [dot(11), dot(12), dot(13)])
        })
    }

    #[test]
    fn one_ink_agrees_with_one_ink() {
        let first = genuine(11.8, 1);
        let second = genuine(11.8, 2);
        for zone in ["paper", "engraving", "seal"] {
            let a = first.read(&DotNoise, zone).unwrap();
            let b = second.read(&DotNoise, zone).unwrap();
            assert!((a - b).abs() < 0.1, "{zone} {a} {b}");
        }
    }

    #[test]
    fn dots_of_process_inks_are_noise() {
        let first = genuine(11.8, 1);
        let copied = inkjet(11.8);
        for zone in ["paper", "engraving", "seal"] {
            let clean = first.read(&DotNoise, zone).unwrap();
            let copy = copied.read(&DotNoise, zone).unwrap();
            assert!(copy > clean + 0.3, "{zone} {copy} {clean}");
        }
    }

    #[test]
    fn coarse_scans_show_only_the_paper() {
        let coarse = genuine(8.0, 1);
        assert!(coarse.read(&DotNoise, "paper").is_ok());
        let lines = coarse.read(&DotNoise, "engraving");
        assert!(matches!(lines, Err(Unmeasured::Resolution { .. })));
    }
}
