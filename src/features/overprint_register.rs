//! # overprint-register: does the overprint lie where a press puts it?
//!
//! **What it is.** Seals and serial numbers are printed after the engraving, by another form. The
//! whole overprint floats against the engraving from note to note, but its elements keep their places
//! among each other, for they stand in one form.
//!
//! **How it is measured.** The elements are found by correlation with the enrolled structure, together
//! within ±4.6 mm, then each for itself within ±1.4 mm. `shift-x` and `shift-y` are the whole's
//! shift against its mean place; for each element, its distance from where the others put it.
//!
//! **Unit.** mm; `shift-x` and `shift-y` are signed (right, down), and both directions deviate.
//!
//! **What it cannot see.** An overprint copied together with the rest of the note.
//!
//! **What fools it.** A crease between two elements moves them by up to half a millimetre.
//! Misprints that collectors pay for are genuine and deviate.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::note::{Light, RectMm};
use crate::structure::{CELLS_PER_MM, LEAST_PX_PER_MM};

/// Least correlation of an element that is found.
const FOUND: f32 = 0.35;

/// See the page above.
#[derive(Debug)]
pub struct OverprintRegister;

impl Feature for OverprintRegister {
    fn id(&self) -> &'static str {
        "overprint-register"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Visible,
            px_per_mm: LEAST_PX_PER_MM,
        }
    }

    fn measure(&self, face: &Face<'_>) -> Vec<Reading> {
        let overprint = match face.view() {
            Ok((view, _)) => &view.overprint,
            Err(why) => {
                return vec![Reading {
                    zone: "side".to_owned(),
                    result: Err(why),
                }];
            }
        };
        let Some((zones, found)) = overprint else {
            return Vec::new();
        };
        let size = face.design.size;
        let whole = RectMm::from([0.0, 0.0, size.width, size.height]);
        let mm = |cells: f64| cells / CELLS_PER_MM;
        let sure: Vec<_> = found
            .elements
            .iter()
            .filter(|s| s.agreement >= FOUND)
            .collect();
        let middle = |pick: fn(&crate::compare::align::Shift) -> f64| {
            let mut all: Vec<f64> = sure.iter().map(|s| pick(s)).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied()
        };
        let place = middle(|s| s.dx).zip(middle(|s| s.dy));
        let missing = || Unmeasured::Other("the overprint was not found".to_owned());
        let mut readings: Vec<Reading> = [
            ("shift-x", place.map(|p| p.0)),
            ("shift-y", place.map(|p| p.1)),
        ]
        .into_iter()
        .map(|(zone, value)| Reading {
            zone: zone.to_owned(),
            result: value.map_or_else(
                || Err(missing()),
                |v| {
                    Ok(Measurement {
                        value: mm(v),
                        unit: "mm",
                        zone_mm: whole,
                    })
                },
            ),
        })
        .collect();
        if zones.len() < 3 {
            return readings;
        }
        for (id, shift) in zones.iter().zip(&found.elements) {
            let rect = face
                .design
                .zones
                .iter()
                .find(|z| z.side == face.side && z.id == *id)
                .map_or(whole, |z| z.rect_mm);
            let result = match place {
                Some((dx, dy)) if shift.agreement >= FOUND => Ok(Measurement {
                    value: mm((shift.dx - dx).hypot(shift.dy - dy)),
                    unit: "mm",
                    zone_mm: rect,
                }),
                _ => Err(missing()),
            };
            readings.push(Reading {
                zone: id.clone(),
                result,
            });
        }
        readings
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn least_spread(&self) -> f64 {
        0.1
    }
}
