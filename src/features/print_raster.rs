//! print-raster: a periodic screen that is the same all over the note.
//!
//! (page to come)

use super::{Face, Feature, Measurement, Needs, Reading};
use crate::compare::spectrum::Transform;
use crate::note::Light;

/// See the module.
#[derive(Debug)]
pub struct PrintRaster;

/// Screens coarser than this would be seen with the naked eye, cycles/mm.
const LEAST_FREQUENCY: f64 = 2.4;
/// What one window can say at most, in units of the mean power at the same fineness.
const CAP: f32 = 4.0;

impl Feature for PrintRaster {
    fn id(&self) -> &'static str {
        "print-raster"
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
        let print: Vec<&[f32]> = condition
            .prints
            .iter()
            .map(|w| w.power.as_slice())
            .collect();
        let paper: Vec<&[f32]> = condition
            .papers
            .iter()
            .map(|w| w.power.as_slice())
            .collect();
        [
            ("print", peak(&condition.transform, &print, face.px_per_mm)),
            (
                "paper",
                peak(&condition.paper_transform, &paper, face.px_per_mm),
            ),
        ]
        .into_iter()
        .map(|(zone, value)| Reading {
            zone: zone.to_owned(),
            result: Ok(Measurement {
                value,
                unit: "of the power at the same fineness",
                zone_mm: face.whole(),
            }),
        })
        .collect()
    }
}

/// The highest mean over windows of the power at one frequency over that at all of the same fineness.
fn peak(transform: &Transform, windows: &[&[f32]], px_per_mm: f64) -> f64 {
    let n = transform.side();
    // Each value's ring, 0 where it is not looked at: too coarse, or on the axes, where the grid of
    // JPEG blocks and the scanner's own lines stand.
    let rings: Vec<usize> = transform
        .frequencies()
        .map(|(across, down)| {
            let frequency = across.hypot(down);
            let on_axis = across * (n as f64) < 1.5 || down.abs() * (n as f64) < 1.5;
            if frequency * px_per_mm < LEAST_FREQUENCY || on_axis || frequency > 0.5 {
                0
            } else {
                (frequency * n as f64).round() as usize
            }
        })
        .collect();
    let mut sums = vec![0.0f32; rings.len()];
    for power in windows {
        let mut ring_sum = vec![(0.0f32, 0.0f32); n + 1];
        for (&ring, &p) in rings.iter().zip(*power) {
            if let Some((sum, count)) = ring_sum.get_mut(ring) {
                *sum += p;
                *count += 1.0;
            }
        }
        for ((sum, &ring), &p) in sums.iter_mut().zip(&rings).zip(*power) {
            if ring > 0
                && let Some((total, count)) = ring_sum.get(ring)
            {
                *sum += (p * count / total.max(1e-12)).min(CAP);
            }
        }
    }
    let count = windows.len().max(1) as f32;
    f64::from(sums.iter().fold(0.0f32, |a, &b| a.max(b)) / count)
}
