//! # visible-watermark: is something printed where the watermark lies?
//!
//! **What it is.** A watermark is in the paper: it shows when held against the light, and hardly or not
//! at all lying on a scanner. Forgers print it in grey or white, and then it shows on the surface.
//!
//! **How it is measured.** In the watermark's zone, on the side aligned with its reference at 72 dpi: what
//! departs from genuine notes, averaged over 1 mm, as a root mean square. What genuine notes show there
//! (print below, a watermark that shines through) is expected. Where the watermark was enrolled in light from
//! behind, `picture` is the geometric mean of how strongly that picture shows by day, darker or lighter, within
//! 1.4 mm of its place, and of its correlation with what is seen there: creases and dirt do not look like it.
//!
//! **Unit.** Local contrast; `picture`: of what light from behind shows. Greater is less like a genuine note.
//!
//! **What it cannot see.** Designs whose watermark has no known place, or that have none; prints fainter
//! than the paper's own unevenness; whether a watermark is in the paper at all: that takes transmitted light.
//!
//! **What fools it.** Stains, writing and creases in the zone look like print, but not like the picture.

use super::lit::{MOTIF_REACH, facts, shade};
use super::watermark;
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::motif::find_either;
use crate::note::{Light, RectMm};
use crate::pixels::{Plane, Planes, box_mean, window};
use crate::structure::{LEAST_PX_PER_MM, part};

/// Cells around each that are averaged: 3 × 3, 1 mm.
const AROUND: usize = 1;
/// Differences count as no more than this.
const MOST: f32 = 1.5;
/// Least share of the zone that must be seen.
const LEAST_SEEN: f32 = 0.5;

/// Halved cells on each side by which the picture may lie off its place: 1.4 mm.
const SHIFT: usize = 2;

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
        let picture = picture(face).map(|(zone_mm, strength)| Reading {
            zone: "picture".to_owned(),
            result: strength.map(|value| Measurement {
                value,
                unit: "of what light from behind shows",
                zone_mm,
            }),
        });
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
        Ok(readings.chain(picture).collect())
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Above
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}

/// Where the picture of the watermark should lie, and how strongly it shows by day; `None` where it was not enrolled.
fn picture(face: &Face<'_>) -> Option<(RectMm, Result<f64, Unmeasured>)> {
    let enrolled = face.design.measured.get(&face.side)?;
    let motifs = &enrolled.lights.get(&Light::Transmitted)?.motifs;
    let motif = motifs.get(watermark::ID)?;
    let fact = facts(face.design, watermark::ID, face.side, Light::Transmitted).next()?;
    let zone_mm = fact.rect_mm.filter(|_| fact.side == Some(face.side))?;
    let strength = || {
        let print = motifs.get(watermark::PRINT);
        let seen = watermark::without_print(&shade(face, zone_mm)?, print, None);
        // A watermark is shaded softly: half of the fineness shows all of it.
        let seen = halved(&seen, MOTIF_REACH - 2 * SHIFT);
        let fit = find_either(&seen, &halved(motif, 0));
        fit.map(|fit| f64::from((fit.strength * fit.correlation).abs().sqrt()))
            .ok_or_else(|| Unmeasured::Other("the scan is too small to look for it".to_owned()))
    };
    Some((zone_mm, strength()))
}

/// Each four cells as one, without so many cells along every edge.
fn halved(picture: &Planes, without: usize) -> Planes {
    let (planes, rows, columns) = picture.dim();
    let half = |count: usize| count.saturating_sub(2 * without) / 2;
    Planes::from_shape_fn(
        (planes, half(rows), half(columns)),
        |(plane, row, column)| {
            let [row, column] = [row, column].map(|at| 2 * at + without);
            let two =
                |row: usize| picture[[plane, row, column]] + picture[[plane, row, column + 1]];
            0.25 * (two(row) + two(row + 1))
        },
    )
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
    use crate::pixels::Raster;
    use crate::reference::{Design, MeasuredLight, Process, Readings, SecurityFeature, Zone};
    use crate::structure::CELLS_PER_MM;

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

    /// The design with a round watermark that was enrolled in light from behind, where it is brightest in the middle.
    fn enrolled() -> Design {
        let mut design = design(&DESIGN);
        let [x, y, width, height] = ZONE;
        let cells = |mm: f64| (mm * CELLS_PER_MM).round() as usize;
        let motif = Planes::from_shape_fn((1, cells(height), cells(width)), |(_, row, column)| {
            let [dx, dy] = [(column, width), (row, height)]
                .map(|(at, length)| at as f64 / CELLS_PER_MM - 0.5 * length);
            (-(dx * dx + dy * dy) / 16.0).exp() as f32
        });
        let light = MeasuredLight {
            readings: Readings::default(),
            motifs: [(watermark::ID.to_owned(), motif)].into(),
        };
        let front = design.measured.get_mut(&Side::Front).unwrap();
        front.lights.insert(Light::Transmitted, light);
        design.features.push(SecurityFeature {
            kind: watermark::ID.to_owned(),
            side: Some(Side::Front),
            light: Some(Light::Transmitted),
            rect_mm: Some(RectMm::from([x, y, width, height])),
            colours: vec![],
            text: None,
            motif: None,
            from_series: None,
            expect: "It is bright in the middle.".to_owned(),
            source: None,
            unverified: false,
        });
        design
    }

    #[test]
    fn the_enrolled_picture_deviates_where_it_is_printed_and_creases_do_not() {
        let design = enrolled();
        let read = |raster: Raster| {
            let readings = VisibleWatermark.measure(&face(&raster, &design)).unwrap();
            value(&readings, "picture")
        };
        let blank = read(genuine(9));
        // In grey, a little off its place.
        let printed = read(note(9, None, &|x, y, colour| {
            let square = (x - 29.6).powi(2) + (y - 21.6).powi(2);
            colour.map(|v| v * (1.0 - 0.15 * (-square / 16.0).exp()))
        }));
        let creased = read(note(9, None, &|x, y, colour| {
            let crease = (x - 27.0).abs() < 0.2 || (x + y - 50.0).abs() < 0.3;
            colour.map(|v| if crease { 0.7 * v } else { v })
        }));
        assert!(blank < 0.15 && printed > 0.3, "{blank} {printed}");
        assert!(creased < 0.5 * printed, "{creased} {printed}");
    }

    #[test]
    fn without_a_picture_from_behind_it_is_not_looked_for() {
        let readings = VisibleWatermark.measure(&face(&genuine(9), &design(&DESIGN)));
        assert!(readings.unwrap().iter().all(|r| r.zone != "picture"));
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
