//! # visible-watermark: is something printed where the watermark lies?
//!
//! **What it is.** A watermark is in the paper: it shows when held against the light, and hardly or not
//! at all lying on a scanner. Forgers print it in grey or white, and then it shows on the surface.
//!
//! **How it is measured.** In the watermark's zone, on the side aligned with its reference at 72 dpi: what
//! departs from genuine notes, averaged over 1 mm, as a root mean square. What genuine notes show there
//! (print below, a watermark that shines through) is expected.
//!
//! **Unit.** Local contrast; greater is less like a genuine note.
//!
//! **What it cannot see.** Designs whose watermark has no known place, or that have none; prints fainter
//! than the paper's own unevenness; whether a watermark is in the paper at all: that takes transmitted light.
//!
//! **What fools it.** Stains, writing and creases in the zone look like print.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::note::RectMm;
use crate::pixels::{Plane, box_mean, window};
use crate::structure::{LEAST_PX_PER_MM, part};

/// Cells around each that are averaged: 3 × 3, 1 mm.
const AROUND: usize = 1;
/// Differences count as no more than this.
const MOST: f32 = 1.5;
/// Least share of the zone that must be seen.
const LEAST_SEEN: f32 = 0.5;

/// See the page above.
#[derive(Debug)]
pub struct VisibleWatermark;

impl Feature for VisibleWatermark {
    fn id(&self) -> &'static str {
        "visible-watermark"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(LEAST_PX_PER_MM)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let places = places(face);
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let (view, structure) = face.view()?;
        let readings = places.into_iter().map(|(zone, zone_mm)| {
            let cells = part(zone_mm, view.aligned.contrast.dim());
            let cut = |plane: &Plane| {
                let view = plane.view();
                let (rows, columns) = (
                    cells.top..cells.top + cells.rows,
                    cells.left..cells.left + cells.columns,
                );
                window(&view, rows, columns).to_owned()
            };
            let weight = cut(&view.shown_weight);
            let seen = weight.iter().filter(|w| **w > 0.0).count() as f32;
            let result = if seen < LEAST_SEEN * weight.len() as f32 {
                Err(Unmeasured::Covered(
                    "too little of the watermark's zone is seen".to_owned(),
                ))
            } else {
                let mut off = cut(&view.aligned.contrast) - cut(&structure.print.mean);
                ndarray::Zip::from(&mut off).and(&weight).for_each(|v, &w| {
                    *v = if w > 0.0 { v.clamp(-MOST, MOST) } else { 0.0 };
                });
                let smooth = box_mean(&off, AROUND);
                let (sum, total) = smooth
                    .iter()
                    .zip(&weight)
                    .fold((0.0f32, 0.0f32), |(sum, total), (v, w)| {
                        (sum + w * v * v, total + w)
                    });
                Ok(Measurement {
                    value: f64::from((sum / total.max(1e-6)).sqrt()),
                    unit: "local contrast",
                    zone_mm,
                })
            };
            Reading { zone, result }
        });
        Ok(readings.collect())
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}

/// Where this side has a watermark.
fn places(face: &Face<'_>) -> Vec<(String, RectMm)> {
    let zones = face
        .design
        .zones
        .iter()
        .filter(|z| z.side == face.side && z.id.starts_with("watermark"))
        .map(|z| (z.id.clone(), z.rect_mm));
    let facts = face
        .design
        .features
        .iter()
        .filter(|f| matches!(f.kind.as_str(), "watermark" | "white-watermark"))
        .filter(|f| f.side == Some(face.side))
        .filter_map(|f| Some((f.kind.clone(), f.rect_mm?)));
    let mut all: Vec<(String, RectMm)> = zones.collect();
    for (kind, rect) in facts {
        if !all.iter().any(|(name, _)| *name == kind) {
            all.push((kind, rect));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::*;
    use crate::note::Side;
    use crate::reference::{Design, Process, Zone};

    const ZONE: [f64; 4] = [22.0, 13.0, 14.0, 18.0];

    fn design(base: &Design) -> Design {
        let mut design = base.clone();
        design.zones.push(Zone {
            id: "watermark".to_owned(),
            side: Side::Front,
            rect_mm: RectMm::from(ZONE),
            print: Process::Paper,
            value: None,
            examine: Vec::new(),
            source: None,
            unverified: true,
        });
        design
    }

    #[test]
    fn a_blank_zone_agrees_and_a_printed_head_deviates() {
        let design = design(&DESIGN);
        let read = |raster| {
            let readings = VisibleWatermark.measure(&face(&raster, &design)).unwrap();
            value(&readings, "watermark")
        };
        let blank = read(genuine(9));
        let printed = read(note(9, None, &|x, y, colour| {
            let radius = (x - 29.0).hypot(y - 22.0);
            if radius < 5.0 && radius % 2.5 < 1.3 {
                colour.map(|v| 0.88 * v)
            } else {
                colour
            }
        }));
        assert!(blank < 0.2 && printed > blank + 0.2, "{blank} {printed}");
    }

    #[test]
    fn designs_without_one_are_not_examined() {
        assert!(measure(&VisibleWatermark, &genuine(9)).is_empty());
    }

    #[test]
    fn without_a_reference_nothing_is_seen() {
        let (raster, design) = (genuine(9), design(&UNMEASURED));
        let result = VisibleWatermark.measure(&face(&raster, &design));
        assert!(matches!(result, Err(Unmeasured::NotCalibrated(_))));
    }
}
