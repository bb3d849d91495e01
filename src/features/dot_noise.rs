//! dot-noise: specks of colour in unprinted paper and within the lines of one ink.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::chroma::{Detail, Grid, unexplained};
use crate::compare::robust::{mean, median};
use crate::condition::{Condition, PrintWindow};
use crate::note::Light;

/// See the module.
#[derive(Debug)]
pub struct DotNoise;

/// Resolution at which the specks within lines are looked at, px/mm: two pixels a cell.
const LINES_PX_PER_MM: f64 = 10.5;
/// Side of the cells whose colours are compared, mm.
const CELL_MM: f64 = 0.17;

impl Feature for DotNoise {
    fn id(&self) -> &'static str {
        "dot-noise"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Visible,
            px_per_mm: 7.4,
        }
    }

    fn measure(&self, face: &Face<'_>) -> Vec<Reading> {
        let condition = match face.condition() {
            Ok(condition) => condition,
            Err(why) => return vec![Reading::side(Err(why))],
        };
        let mut readings = vec![paper(face, condition)];
        let block = (CELL_MM * face.px_per_mm).round().max(1.0) as usize;
        let side = condition.transform.side();
        for (zone, windows) in condition.zones(face) {
            let result = if face.px_per_mm < LINES_PX_PER_MM {
                Err(Unmeasured::Resolution {
                    have: face.px_per_mm,
                    need: LINES_PX_PER_MM,
                })
            } else {
                specks(windows, side, block)
                    .map(|value| Measurement {
                        value,
                        unit: "log10 density",
                        zone_mm: zone.rect_mm,
                    })
                    .ok_or_else(|| Unmeasured::Covered("beyond the scan".to_owned()))
            };
            readings.push(Reading {
                zone: zone.id.clone(),
                result,
            });
        }
        readings
    }
}

fn paper(face: &Face<'_>, condition: &Condition) -> Reading {
    let mut noise: Vec<f32> = condition.papers.iter().map(paper_noise).collect();
    Reading {
        zone: "paper".to_owned(),
        result: median(&mut noise)
            .map(|v| Measurement {
                value: f64::from(v),
                unit: "log10 density",
                zone_mm: face.whole(),
            })
            .ok_or_else(|| Unmeasured::Covered("no unprinted paper is seen".to_owned())),
    }
}

/// Colour noise of a window of paper in the coarse and middle bands, log10 density.
pub(super) fn paper_noise(window: &crate::condition::PaperWindow) -> f32 {
    let [_, red_green, yellow_blue] = &window.grain;
    let variance: f64 = red_green
        .iter()
        .take(2)
        .chain(yellow_blue.iter().take(2))
        .sum();
    (0.5 * variance.max(1e-9).log10()) as f32
}

fn specks(windows: &[PrintWindow], side: usize, block: usize) -> Option<f64> {
    let variance = mean(
        windows
            .iter()
            .map(|w| unexplained(&Grid::over(&w.density, side, block), Detail::Fine)),
    )?;
    Some(0.5 * variance.max(1e-9).log10())
}
