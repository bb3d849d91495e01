//! ink-separation: whether each printed area is one ink on paper.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::chroma::{Detail, unexplained};
use crate::compare::robust::mean;
use crate::note::Light;

/// See the module.
#[derive(Debug)]
pub struct InkSeparation;

impl Feature for InkSeparation {
    fn id(&self) -> &'static str {
        "ink-separation"
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
        condition
            .zones(face)
            .into_iter()
            .map(|(zone, windows)| {
                let value = mean(windows.iter().map(|w| unexplained(&w.blocks, Detail::All)));
                Reading {
                    zone: zone.id.clone(),
                    result: value
                        .map(|v| Measurement {
                            value: 0.5 * v.max(1e-9).log10(),
                            unit: "log10 density",
                            zone_mm: zone.rect_mm,
                        })
                        .ok_or_else(|| Unmeasured::Covered("beyond the scan".to_owned())),
                }
            })
            .collect()
    }
}
