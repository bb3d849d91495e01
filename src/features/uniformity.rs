//! uniformity: whether all parts of a side were made alike.
//!
//! (page to come)

use super::ink_colour::mean_ink;
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured, dot_noise};
use crate::compare::chroma::{Detail, lightness, red_green, unexplained, yellow_blue};
use crate::compare::robust::median;
use crate::condition::PrintWindow;
use crate::note::Light;
use crate::reference::{Process, Zone};

/// See the module.
#[derive(Debug)]
pub struct Uniformity;

impl Feature for Uniformity {
    fn id(&self) -> &'static str {
        "uniformity"
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
        let engraved: Vec<&PrintWindow> = condition
            .zones(face)
            .into_iter()
            .filter(|(zone, _)| zone.print == Process::Intaglio && !is_overprinted(face, zone))
            .flat_map(|(_, windows)| windows)
            .collect();
        let inks: Vec<[f32; 2]> = engraved
            .iter()
            .filter_map(|w| mean_ink(&w.blocks.cells, lightness, 0.2))
            .collect();
        let mixes: Vec<[f32; 2]> = engraved
            .iter()
            .filter_map(|w| unexplained(&w.blocks, Detail::All))
            .map(|v| [0.5 * (v.max(1e-9) as f32).log10(), 0.0])
            .collect();
        let tints: Vec<[f32; 2]> = condition
            .papers
            .iter()
            .map(|w| [red_green(w.tint), yellow_blue(w.tint)])
            .collect();
        let noise: Vec<[f32; 2]> = condition
            .papers
            .iter()
            .map(|w| [dot_noise::paper_noise(w), 0.0])
            .collect();
        [
            ("engraved-ink", inks, "of the mean density"),
            ("engraved-mix", mixes, "log10 density"),
            ("paper-tint", tints, "density"),
            ("paper-noise", noise, "log10 density"),
        ]
        .into_iter()
        .map(|(zone, values, unit)| Reading {
            zone: zone.to_owned(),
            result: spread(&values)
                .map(|value| Measurement {
                    value,
                    unit,
                    zone_mm: face.whole(),
                })
                .ok_or_else(|| Unmeasured::Other("fewer than four places to compare".to_owned())),
        })
        .collect()
    }
}

/// How far an overprint may float, mm: 3 on $1 notes.
const FLOAT_MM: f64 = 3.0;

/// Whether another printing may lie over a zone.
fn is_overprinted(face: &Face<'_>, zone: &Zone) -> bool {
    let a = zone.rect_mm;
    face.design
        .zones
        .iter()
        .filter(|z| z.side == face.side && z.print == Process::Letterpress)
        .any(|z| {
            let b = z.rect_mm.grown(FLOAT_MM);
            a.x < b.x + b.width
                && b.x < a.x + a.width
                && a.y < b.y + b.height
                && b.y < a.y + a.height
        })
}

/// Mean distance from their median of the quarter of the points that lie farthest from it.
fn spread(points: &[[f32; 2]]) -> Option<f64> {
    if points.len() < 4 {
        return None;
    }
    let middle = |part: usize| median(&mut points.iter().map(|p| p[part]).collect::<Vec<_>>());
    let (x, y) = (middle(0)?, middle(1)?);
    let mut distances: Vec<f32> = points.iter().map(|p| (p[0] - x).hypot(p[1] - y)).collect();
    distances.sort_by(|a, b| b.total_cmp(a));
    distances.truncate(points.len().div_ceil(4));
    Some(f64::from(distances.iter().sum::<f32>()) / distances.len() as f64)
}
