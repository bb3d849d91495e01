//! brightener-white: blue in the paper that only an optical brightener gives.
//!
//! # What it is
//! Office paper holds brighteners that turn ultraviolet into blue light, so that it looks bluer
//! than any undyed paper. Currency paper has none.
//!
//! # How it is measured
//! The density of green less that of blue in twelve windows of unprinted paper; the third highest,
//! because soil only ever yellows paper.
//!
//! # Unit
//! Density; greater (bluer) is less like a genuine note.
//!
//! # What it cannot see
//! Unbrightened or yellowed paper; and scanners with lamps (most light-emitting diodes) that have
//! no ultraviolet excite nothing. An ultraviolet scan sees far more.
//!
//! # What fools it
//! A bluish colour cast of the scanner. A genuine note that was washed with a detergent.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::order::quantile;

/// See the module.
#[derive(Debug)]
pub struct BrightenerWhite;

impl Feature for BrightenerWhite {
    fn id(&self) -> &'static str {
        "brightener-white"
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(4.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        let mut excess: Vec<f32> = condition
            .papers
            .iter()
            .map(|w| w.tint[1] - w.tint[2])
            .collect();
        Ok(vec![Reading::side(
            quantile(&mut excess, 0.75)
                .map(|v| Measurement {
                    value: f64::from(v),
                    unit: "density",
                    zone_mm: face.whole(),
                })
                .ok_or_else(|| Unmeasured::Covered("no unprinted paper is seen".to_owned())),
        )])
    }

    fn least_spread(&self) -> f64 {
        0.003
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{draw, genuine, printed};

    #[test]
    fn soil_does_not_make_paper_bluer() {
        let clean = genuine(11.8, 1).read(&BrightenerWhite, "side").unwrap();
        let soiled = draw(11.8, |x, y, ink| {
            let [r, g, b] = printed(x, y, ink, 2);
            let dirt = if x < 50.0 { 0.0 } else { 12.0 };
            [r - dirt, g - 1.2 * dirt, b - 1.6 * dirt]
        });
        let soiled = soiled.read(&BrightenerWhite, "side").unwrap();
        assert!(soiled < clean + 0.005, "{soiled} {clean}");
    }

    #[test]
    fn brightened_paper_is_bluer() {
        let clean = genuine(11.8, 1).read(&BrightenerWhite, "side").unwrap();
        let office = draw(11.8, |x, y, ink| match ink {
            0 => [226.0, 227.0, 236.0],
            _ => printed(x, y, ink, 1),
        });
        let office = office.read(&BrightenerWhite, "side").unwrap();
        assert!(office > clean + 0.1, "{office} {clean}");
    }

    #[test]
    fn coarse_scans_are_not_examined() {
        let coarse = genuine(3.0, 1).read(&BrightenerWhite, "side");
        assert!(matches!(coarse, Err(Unmeasured::Resolution { .. })));
    }
}
