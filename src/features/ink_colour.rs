//! ink-colour: the hue of each printing ink.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::chroma::{lightness, red_green, yellow_blue};
use crate::compare::robust::quantile;
use crate::note::Light;
use crate::reference::Process;

/// See the module.
#[derive(Debug)]
pub struct InkColour;

/// Share of a zone's blocks that count as its densest ink.
const DENSEST: f64 = 0.2;
/// Share of a zone's blocks that count as its most colourful ink.
const VIVID: f64 = 0.15;
/// Blocks with less density than this say nothing of an ink.
const LEAST_DENSITY: f32 = 0.15;

impl Feature for InkColour {
    fn id(&self) -> &'static str {
        "ink-colour"
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
        let mut readings = Vec::new();
        for (zone, windows) in condition.zones(face) {
            let blocks: Vec<[f32; 3]> = windows
                .iter()
                .flat_map(|w| w.blocks.cells.iter().copied())
                .collect();
            let mut push = |name: &str, ink: Option<[f32; 2]>| {
                for (axis, part) in [("red-green", 0), ("yellow-blue", 1)] {
                    readings.push(Reading {
                        zone: format!("{}:{name}{axis}", zone.id),
                        result: ink
                            .map(|ink| Measurement {
                                value: f64::from(ink[part]),
                                unit: "of the mean density",
                                zone_mm: zone.rect_mm,
                            })
                            .ok_or_else(|| Unmeasured::Covered("no ink is seen".to_owned())),
                    });
                }
            };
            push("", mean_ink(&blocks, lightness, DENSEST));
            if zone.print != Process::Intaglio {
                push("vivid-", mean_ink(&blocks, colourfulness, VIVID));
            }
        }
        readings
    }
}

fn colourfulness(d: [f32; 3]) -> f32 {
    red_green(d).hypot(yellow_blue(d))
}

/// Colour per density of the ink in those blocks that rank highest by `rank`: red-green and yellow-blue.
pub(super) fn mean_ink(
    blocks: &[[f32; 3]],
    rank: impl Fn([f32; 3]) -> f32,
    share: f64,
) -> Option<[f32; 2]> {
    let mut ranks: Vec<f32> = blocks.iter().map(|&b| rank(b)).collect();
    let limit = quantile(&mut ranks, 1.0 - share)?;
    let mut sum = [0.0f32; 3];
    let mut count = 0.0f32;
    for &block in blocks.iter().filter(|&&b| rank(b) >= limit) {
        for (s, v) in sum.iter_mut().zip(block) {
            *s += v;
        }
        count += 1.0;
    }
    let density = lightness(sum) / count;
    (density >= LEAST_DENSITY)
        .then(|| [red_green(sum), yellow_blue(sum)].map(|v| v / count / density))
}
