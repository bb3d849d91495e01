//! paper-tint: the colour of unprinted paper.
//!
//! # What it is
//! The colour of unprinted paper: currency paper is a little cream, office paper is neutral or
//! bluish.
//!
//! # How it is measured
//! Twelve windows of 2.7 mm are laid where the darkest surroundings are brightest, in different
//! parts of the side. The median colour of each, and the median of these, as densities below
//! white.
//!
//! # Unit
//! Density, red-green and yellow-blue; two-sided.
//!
//! # What it cannot see
//! Forgeries on cream paper, and bleached genuine notes.
//!
//! # What fools it
//! There is nothing white in a scan to compare with: a scanner's colour cast goes straight into
//! it, as do soil, age and tea. It is weak evidence by itself and good only on the scanner of the
//! enrolled notes.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::chroma::{red_green, yellow_blue};
use crate::compare::evidence::Odd;

/// See the module.
#[derive(Debug)]
pub struct PaperTint;

impl Feature for PaperTint {
    fn id(&self) -> &'static str {
        "paper-tint"
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(4.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        Ok([
            ("red-green", red_green(condition.paper)),
            ("yellow-blue", yellow_blue(condition.paper)),
        ]
        .into_iter()
        .map(|(zone, value)| Reading {
            zone: zone.to_owned(),
            result: Ok(Measurement {
                value: f64::from(value),
                unit: "density",
                zone_mm: face.whole(),
            }),
        })
        .collect())
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn least_spread(&self) -> f64 {
        0.005
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{draw, genuine, printed};

    #[test]
    fn the_same_paper_agrees() {
        let first = genuine(11.8, 1);
        let second = genuine(7.9, 2);
        for zone in ["red-green", "yellow-blue"] {
            let a = first.read(&PaperTint, zone).unwrap();
            let b = second.read(&PaperTint, zone).unwrap();
            assert!((a - b).abs() < 0.005, "{zone} {a} {b}");
        }
    }

    #[test]
    fn white_paper_is_not_cream() {
        let office = draw(11.8, |x, y, ink| match ink {
            0 => [226.0, 227.0, 230.0],
            _ => printed(x, y, ink, 1),
        });
        let a = genuine(11.8, 1).read(&PaperTint, "yellow-blue").unwrap();
        let b = office.read(&PaperTint, "yellow-blue").unwrap();
        assert!(b > a + 0.04, "{a} {b}");
    }

    #[test]
    fn coarse_scans_are_not_examined() {
        let coarse = genuine(3.0, 1).read(&PaperTint, "red-green");
        assert!(matches!(
            coarse,
            Err(crate::features::Unmeasured::Resolution { .. })
        ));
    }
}
