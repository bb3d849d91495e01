//! line-spectrum: how the lines of the print spread over fineness.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::condition::BAND_EDGES;
use crate::note::Light;

/// See the module.
#[derive(Debug)]
pub struct LineSpectrum;

impl Feature for LineSpectrum {
    fn id(&self) -> &'static str {
        "line-spectrum"
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
                    Err(Unmeasured::Covered("beyond the scan".to_owned()))
                } else if band >= condition.passed {
                    Err(Unmeasured::Resolution {
                        have: face.px_per_mm,
                        need: BAND_EDGES.get(band + 1).copied().unwrap_or(0.0) / 0.49,
                    })
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
        readings
    }
}
