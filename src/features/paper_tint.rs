//! paper-tint: the colour of unprinted paper.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading};
use crate::compare::chroma::{red_green, yellow_blue};
use crate::note::Light;

/// See the module.
#[derive(Debug)]
pub struct PaperTint;

impl Feature for PaperTint {
    fn id(&self) -> &'static str {
        "paper-tint"
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
        [
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
        .collect()
    }
}
