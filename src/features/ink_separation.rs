//! ink-separation: whether each printed area is one ink on paper.
//!
//! # What it is
//! Where one ink lies on paper, every colour between is a mixture of these two, so that all lie on
//! one line in colour space. Process colours and misregistered separations scatter about it.
//!
//! # How it is measured
//! Opponent colours of blocks of 0.26 mm in windows of each zone; what a parabola in the lightness
//! density and its slopes explains is taken out (partial coverage bends the line, a scanner's
//! colour registration adds the slopes). What stays is the variance, averaged over the windows.
//!
//! # Unit
//! Log10 of density; greater is less like a genuine note.
//!
//! # What it cannot see
//! A copy in one ink. Blocks are larger than dots, so very fine and regular dots average out.
//! Where a design has two inks in one zone the genuine value is high, and little is seen against
//! it.
//!
//! # What fools it
//! Stains, writing, stamps and coloured fibres. Strong JPEG: under quality 55 it is not examined.

use super::{Blur, Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::chroma::{Detail, amplitude, unexplained};
use crate::compare::order::mean;
use crate::condition::fine_colour;

/// Its name.
pub const ID: &str = "ink-separation";

/// See the module.
#[derive(Debug)]
pub struct InkSeparation;

impl Feature for InkSeparation {
    fn id(&self) -> &'static str {
        ID
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(4.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        fine_colour(face)?;
        Ok(condition
            .zones(face)
            .into_iter()
            .map(|(zone, windows)| {
                let value = mean(windows.iter().map(|w| unexplained(&w.blocks, Detail::All)));
                Reading {
                    zone: zone.id.clone(),
                    result: value
                        .map(|v| Measurement {
                            value: amplitude(v),
                            unit: "log10 density",
                            zone_mm: zone.rect_mm,
                        })
                        .ok_or_else(|| {
                            Unmeasured::Covered("covered, or beyond the scan".to_owned())
                        }),
                }
            })
            .collect())
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
    use crate::features::drawn_prints::{dots, draw, genuine, noise, printed};

    #[test]
    fn one_ink_agrees_with_one_ink() {
        let first = genuine(11.8, 1);
        let second = genuine(11.8, 2);
        for zone in ["engraving", "seal"] {
            let a = first.read(&InkSeparation, zone).unwrap();
            let b = second.read(&InkSeparation, zone).unwrap();
            assert!((a - b).abs() < 0.1, "{zone} {a} {b}");
        }
    }

    #[test]
    fn process_inks_do_not_lie_on_a_line() {
        let copy = draw(11.8, |x, y, ink| {
            let dot = |seed| 0.5 + 0.5 * noise((x * 6.0) as i64, (y * 6.0) as i64, seed);
            dots(printed(x, y, ink, 1), [dot(11), dot(12), dot(13)])
        });
        let first = genuine(11.8, 1);
        for zone in ["engraving", "seal"] {
            let clean = first.read(&InkSeparation, zone).unwrap();
            let value = copy.read(&InkSeparation, zone).unwrap();
            assert!(value > clean + 0.3, "{zone} {value} {clean}");
        }
    }

    #[test]
    fn zones_beyond_the_scan_are_not_examined() {
        let cut = genuine(11.8, 1).read_cut(&InkSeparation, "engraving", 31.0);
        assert!(matches!(cut, Err(Unmeasured::Covered(_))));
    }
}
