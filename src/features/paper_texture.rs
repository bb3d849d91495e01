//! paper-texture: the grain of unprinted paper.
//!
//! # What it is
//! The grain of unprinted paper: fibres, calendering, and the dots by which a copier imitates a
//! tint.
//!
//! # How it is measured
//! The lightness variance of twelve windows of unprinted paper in four bands of fineness, their
//! median over the windows.
//!
//! # Unit
//! Log10 of density; two-sided: dots add grain, coated paper has less.
//!
//! # What it cannot see
//! What lies below the scanner's own noise; fibres are seldom resolved below 600 dpi.
//!
//! # What fools it
//! Crumpled and soiled notes have more coarse grain, smoothing and strong JPEG leave less of the
//! fine one, another scanner has another noise. So where there is less of it than on nearly all genuine
//! notes, no feature that smoothing changes makes a note suspect: it is unclear, and to be scanned again
//! without noise reduction.

use super::{Blur, Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::order::median;
use crate::condition::BAND_EDGES;

/// Its name.
pub const ID: &str = "paper-texture";
/// The places that smoothing changes.
pub const FINE: [&str; 2] = ["fine", "finest"];

/// See the module.
#[derive(Debug)]
pub struct PaperTexture;

impl Feature for PaperTexture {
    fn id(&self) -> &'static str {
        ID
    }

    fn needs(&self) -> Needs {
        Needs::by_day(5.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        Ok(["coarse", "middle", "fine", "finest"]
            .into_iter()
            .enumerate()
            .map(|(band, zone)| {
                let mut grain: Vec<f32> = condition
                    .papers
                    .iter()
                    .filter_map(|w| w.grain[0].get(band))
                    .map(|&v| 0.5 * (v.max(1e-9) as f32).log10())
                    .collect();
                let result = if band >= condition.passed {
                    Err(Unmeasured::Resolution {
                        have: face.px_per_mm,
                        need: BAND_EDGES.get(band + 1).copied().unwrap_or(0.0) / 0.49,
                    })
                } else {
                    median(&mut grain)
                        .map(|value| Measurement {
                            value: f64::from(value),
                            unit: "log10 density",
                            zone_mm: face.whole(),
                        })
                        .ok_or_else(|| Unmeasured::Covered("no unprinted paper is seen".to_owned()))
                };
                Reading {
                    zone: zone.to_owned(),
                    result,
                }
            })
            .collect())
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn lost_to(&self, _blur: Blur) -> bool {
        true
    }

    fn least_spread(&self) -> f64 {
        0.03
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{draw, genuine, noise, printed};

    #[test]
    fn the_same_grain_agrees() {
        let first = genuine(11.8, 1);
        let second = genuine(11.8, 2);
        for band in ["coarse", "middle", "fine", "finest"] {
            let a = first.read(&PaperTexture, band).unwrap();
            let b = second.read(&PaperTexture, band).unwrap();
            assert!((a - b).abs() < 0.08, "{band} {a} {b}");
        }
    }

    #[test]
    fn a_tint_of_dots_is_grain() {
        let copy = draw(11.8, |x, y, ink| {
            let dot = 16.0 * noise((x * 8.0) as i64, (y * 8.0) as i64, 9);
            printed(x, y, ink, 1).map(|v| v + dot)
        });
        let a = genuine(11.8, 1).read(&PaperTexture, "fine").unwrap();
        let b = copy.read(&PaperTexture, "fine").unwrap();
        assert!(b > a + 0.3, "{a} {b}");
    }

    #[test]
    fn bands_beyond_the_sampling_are_not_examined() {
        let finest = genuine(7.9, 1).read(&PaperTexture, "finest");
        assert!(matches!(finest, Err(Unmeasured::Resolution { .. })));
    }
}
