//! uniformity: whether all parts of a side were made alike.
//!
//! # What it is
//! One sheet, one press: all engraved parts of a side share one ink, and all of its paper is one
//! paper. A note that is pieced together from a genuine and a copied part has two.
//!
//! # How it is measured
//! How far the quarter of the places that lie farthest from the side's median lie from it:
//! `engraved-ink` in the hue of the ink of the engraved windows (see ink-colour), `engraved-mix`
//! in their scatter about one line of colour (see ink-separation), `paper-tint` and `paper-noise`
//! in the colour and colour noise of the windows of paper. Zones over which an overprint may float
//! are left out. No other note is needed for it.
//!
//! # Unit
//! Of the mean density, density, and log10 of density; greater is less like a genuine note.
//!
//! # What it cannot see
//! Joints between two genuine notes, and copied parts smaller than a quarter of the places.
//!
//! # What fools it
//! Stains and writing over several zones; light that falls off across the note (cameras) for the
//! paper's tint.

use super::{Blur, Face, Feature, Measurement, Needs, Reading, Unmeasured, dot_noise};
use crate::compare::chroma::{Detail, red_green, unexplained, yellow_blue};
use crate::compare::order::median_point;
use crate::condition::PrintWindow;
use crate::reference::{Process, Zone};

/// See the module.
#[derive(Debug)]
pub struct Uniformity;

impl Feature for Uniformity {
    fn id(&self) -> &'static str {
        "uniformity"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(4.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        let engraved: Vec<&PrintWindow> = condition
            .zones(face)
            .into_iter()
            .filter(|(zone, _)| zone.print == Process::Intaglio && !is_overprinted(face, zone))
            .flat_map(|(_, windows)| windows)
            .collect();
        let inks: Vec<[f32; 2]> = engraved.iter().filter_map(|w| w.ink).collect();
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
        Ok([
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
        .collect())
    }

    fn lost_to(&self, _blur: Blur) -> bool {
        true
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}

/// How far an overprint may float, mm: 3 on $1 notes.
const FLOAT_MM: f64 = 3.0;

/// Whether another printing may lie over a zone.
fn is_overprinted(face: &Face<'_>, zone: &Zone) -> bool {
    face.design
        .zones
        .iter()
        .filter(|z| z.overprints(face.side))
        .any(|z| z.rect_mm.grown(FLOAT_MM).meets(zone.rect_mm))
}

/// Mean distance from their median of the quarter of the points that lie farthest from it.
fn spread(points: &[[f32; 2]]) -> Option<f64> {
    if points.len() < 4 {
        return None;
    }
    let [x, y] = median_point(points)?;
    let mut distances: Vec<f32> = points.iter().map(|p| (p[0] - x).hypot(p[1] - y)).collect();
    distances.sort_by(|a, b| b.total_cmp(a));
    distances.truncate(points.len().div_ceil(4));
    Some(f64::from(distances.iter().sum::<f32>()) / distances.len() as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{PAPER, draw, genuine, printed};

    #[test]
    fn one_sheet_is_uniform() {
        let value = genuine(11.8, 1).read(&Uniformity, "engraved-ink").unwrap();
        assert!(value < 0.03, "{value}");
        let value = genuine(11.8, 1).read(&Uniformity, "paper-tint").unwrap();
        assert!(value < 0.005, "{value}");
    }

    #[test]
    fn a_pieced_note_is_not() {
        let pieced = draw(11.8, |x, y, ink| match ink {
            1 if x > 60.0 => [62.0, 45.0, 40.0],
            0 if x > 60.0 => PAPER.map(|v| v.min(212.0)),
            _ => printed(x, y, ink, 1),
        });
        let ink = pieced.read(&Uniformity, "engraved-ink").unwrap();
        assert!(ink > 0.06, "{ink}");
        let tint = pieced.read(&Uniformity, "paper-tint").unwrap();
        assert!(tint > 0.01, "{tint}");
    }

    #[test]
    fn one_engraved_zone_is_nothing_to_compare() {
        let cut = genuine(11.8, 1).read_cut(&Uniformity, "engraved-ink", 40.0);
        assert!(matches!(cut, Err(Unmeasured::Other(_))));
    }
}
