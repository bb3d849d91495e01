//! line-acuity: how steep the edges of the print are.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::robust::median;
use crate::note::Light;

/// See the module.
#[derive(Debug)]
pub struct LineAcuity;

/// Width of the sharpest edges of engraving on paper, mm: finer pixels do not make them narrower.
/// Measured on 64 $1 notes at 300 dpi, and the same enlarged to 400 dpi.
const SHARPEST_MM: f64 = 0.087;
/// An edge counts where it climbs this much density.
const LEAST_CLIMB: f32 = 0.35;
/// Fewer edges than this in a zone say nothing.
const LEAST_EDGES: usize = 24;

impl Feature for LineAcuity {
    fn id(&self) -> &'static str {
        "line-acuity"
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
        let side = condition.transform.side();
        condition
            .zones(face)
            .into_iter()
            .map(|(zone, windows)| {
                let mut widths = Vec::new();
                for window in windows {
                    edges(&window.light, side, &mut widths);
                }
                let result = if windows.is_empty() {
                    Err(Unmeasured::Covered("beyond the scan".to_owned()))
                } else if widths.len() < LEAST_EDGES {
                    Err(Unmeasured::Other("too few edges of ink".to_owned()))
                } else {
                    median(&mut widths)
                        .map(|px| Measurement {
                            value: f64::from(px) / (SHARPEST_MM * face.px_per_mm).max(1.0),
                            unit: "of the sharpest edge",
                            zone_mm: zone.rect_mm,
                        })
                        .ok_or_else(|| Unmeasured::Other("no edge of ink".to_owned()))
                };
                Reading {
                    zone: zone.id.clone(),
                    result,
                }
            })
            .collect()
    }
}

/// Widths, px, of the edges along every third row and column: the whole climb over the steepest step.
fn edges(light: &[f32], side: usize, widths: &mut Vec<f32>) {
    for start in (0..side).step_by(3) {
        climbs(light.iter().skip(start * side).take(side), widths);
        climbs(light.iter().skip(start).step_by(side), widths);
    }
}

fn climbs<'a>(line: impl Iterator<Item = &'a f32>, widths: &mut Vec<f32>) {
    let (mut last, mut climb, mut steepest) = (None, 0.0f32, 0.0f32);
    let mut close = |climb: f32, steepest: f32| {
        if climb.abs() >= LEAST_CLIMB {
            widths.push(climb.abs() / steepest);
        }
    };
    for &value in line {
        if let Some(last) = last {
            let step: f32 = value - last;
            if step * climb < 0.0 {
                close(climb, steepest);
                (climb, steepest) = (0.0, 0.0);
            }
            climb += step;
            steepest = steepest.max(step.abs());
        }
        last = Some(value);
    }
    close(climb, steepest);
}
