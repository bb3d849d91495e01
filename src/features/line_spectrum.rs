//! line-spectrum: how the lines of the print spread over fineness.
//!
//! # What it is
//! Engraving is line art: families of lines of a given fineness and direction. Copies lose the
//! finest lines (low resolution, bleeding ink), fill them, or add energy of their own where
//! engraving has none (dots).
//!
//! # How it is measured
//! The power spectrum of the lightness density in windows of 5.4 mm of each zone, as it lies in
//! the scan. `middle`, `fine` and `finest` are the energies at 1.2 to 2.4, 2.4 to 3.6 and 3.6 to
//! 5.4 cycles/mm over that at 0.5 to 1.2; `order` says how much the fine energy is gathered in few
//! frequencies and directions (arithmetic over geometric mean): lines are, dispersed dots are not.
//!
//! # Unit
//! Logarithms to base 10; two-sided.
//!
//! # What it cannot see
//! A good reproduction in line art (offset from a redrawn plate). Frequencies above what the
//! sampling passes: `finest` needs 280 dpi, `fine` 190 dpi.
//!
//! # What fools it
//! Another scanner's sharpness tilts all zones alike: a scan softer or sharper than the enrolled
//! ones is judged beside genuine notes in scans like it. Heavy
//! soil and crumpling add coarse energy. Writing across a zone adds middle energy.

use super::{Blur, Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::condition::BAND_EDGES;

/// See the module.
#[derive(Debug)]
pub struct LineSpectrum;

impl Feature for LineSpectrum {
    fn id(&self) -> &'static str {
        "line-spectrum"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(5.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        let blurred = condition.fine_lines();
        let mut readings = Vec::new();
        for (zone, windows) in condition.zones(face) {
            let mut energy = [0.0f64; 4];
            let mut order = 0.0;
            for window in windows {
                for (sum, e) in energy.iter_mut().zip(condition.bands.energy(&window.power)) {
                    *sum += e;
                }
                order += condition.bands.concentration(&window.power, 2) / windows.len() as f64;
            }
            let mut push = |name: &str, band: usize, value: f64| {
                let result = if windows.is_empty() {
                    Err(Unmeasured::Covered(
                        "covered, or beyond the scan".to_owned(),
                    ))
                } else if band >= condition.passed {
                    Err(Unmeasured::Resolution {
                        have: face.px_per_mm,
                        need: BAND_EDGES.get(band + 1).copied().unwrap_or(0.0) / 0.49,
                    })
                } else if let (Err(why), 2..) = (&blurred, band) {
                    Err(why.clone())
                } else {
                    Ok(Measurement {
                        value,
                        unit: "log10",
                        zone_mm: zone.rect_mm,
                    })
                };
                readings.push(Reading {
                    zone: format!("{}:{name}", zone.id),
                    result,
                });
            };
            let ratio = |band: usize| (energy[band].max(1e-9) / energy[0].max(1e-9)).log10();
            push("middle", 1, ratio(1));
            push("fine", 2, ratio(2));
            push("finest", 3, ratio(3));
            push("order", 2, order);
        }
        Ok(readings)
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn lost_to(&self, _blur: Blur) -> bool {
        true
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{dots, draw, genuine, noise, printed};

    #[test]
    fn lines_on_other_paper_agree() {
        let first = genuine(11.8, 1);
        let second = genuine(11.8, 2);
        for part in [
            "engraving:middle",
            "engraving:fine",
            "engraving:finest",
            "engraving:order",
        ] {
            let a = first.read(&LineSpectrum, part).unwrap();
            let b = second.read(&LineSpectrum, part).unwrap();
            assert!((a - b).abs() < 0.1, "{part} {a} {b}");
        }
    }

    #[test]
    fn dispersed_dots_have_no_order() {
        let copy = draw(11.8, |x, y, ink| {
            let dot = 0.5 + 0.5 * noise((x * 12.0) as i64, (y * 12.0) as i64, 5);
            dots(printed(x, y, ink, 1).map(|v| 0.5 * v + 60.0), [dot; 3])
        });
        let lines = genuine(11.8, 1)
            .read(&LineSpectrum, "engraving:order")
            .unwrap();
        let order = copy.read(&LineSpectrum, "engraving:order").unwrap();
        assert!(order < lines - 0.15, "{order} {lines}");
    }

    #[test]
    fn bands_beyond_the_sampling_are_not_examined() {
        let note = genuine(7.9, 1);
        assert!(note.read(&LineSpectrum, "engraving:fine").is_ok());
        let finest = note.read(&LineSpectrum, "engraving:finest");
        assert!(matches!(finest, Err(Unmeasured::Resolution { .. })));
    }
}
