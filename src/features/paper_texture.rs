//! paper-texture: the grain of unprinted paper.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::robust::median;
use crate::condition::BAND_EDGES;
use crate::note::Light;

/// See the module.
#[derive(Debug)]
pub struct PaperTexture;

impl Feature for PaperTexture {
    fn id(&self) -> &'static str {
        "paper-texture"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Visible,
            px_per_mm: 5.0,
        }
    }

    fn measure(&self, face: &Face<'_>) -> Vec<Reading> {
        let condition = match face.condition() {
            Ok(condition) => condition,
            Err(why) => return vec![Reading::side(Err(why))],
        };
        ["coarse", "middle", "fine", "finest"]
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
            .collect()
    }
}
