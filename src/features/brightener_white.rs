//! brightener-white: blue in the paper that only an optical brightener gives.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::robust::quantile;
use crate::note::Light;

/// See the module.
#[derive(Debug)]
pub struct BrightenerWhite;

impl Feature for BrightenerWhite {
    fn id(&self) -> &'static str {
        "brightener-white"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Visible,
            px_per_mm: 4.0,
        }
    }

    fn measure(&self, face: &Face<'_>) -> Vec<Reading> {
        let condition = match face.condition() {
            Ok(condition) => condition,
            Err(why) => return vec![Reading::side(Err(why))],
        };
        let mut excess: Vec<f32> = condition
            .papers
            .iter()
            .map(|w| w.tint[1] - w.tint[2])
            .collect();
        vec![Reading::side(
            quantile(&mut excess, 0.75)
                .map(|v| Measurement {
                    value: f64::from(v),
                    unit: "density",
                    zone_mm: face.whole(),
                })
                .ok_or_else(|| Unmeasured::Covered("no unprinted paper is seen".to_owned())),
        )]
    }
}
