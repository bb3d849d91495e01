//! # overprint-register: does the overprint lie where a press puts it?
//!
//! **What it is.** Seals and serial numbers are printed after the engraving, by other forms: on
//! dollars one for the bank's seal and numbers, one for the Treasury's seal and the serial numbers.
//! A form floats against the engraving from note to note, but its elements keep their places among
//! each other.
//!
//! **How it is measured.** The elements are found by correlation with the enrolled structure, together
//! within ±4.2 mm, then each for itself within ±1.8 mm. `bank-x`, `bank-y`, `numbering-x` and
//! `numbering-y` are a form's shift against its mean place (median of its elements); for each
//! element of three or more, its distance from where its form is.
//!
//! **Unit.** mm; those of a form are signed (right, down), and both directions deviate.
//!
//! **What it cannot see.** An overprint copied together with the rest of the note.
//!
//! **What fools it.** A crease between two elements moves them by up to half a millimetre.
//! Misprints that collectors pay for are genuine and deviate.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::align::Shift;
use crate::compare::evidence::Odd;
use crate::note::RectMm;
use crate::structure::{CELLS_PER_MM, LEAST_PX_PER_MM};

/// Least correlation of an element that is found.
const FOUND: f32 = 0.5;

/// See the page above.
#[derive(Debug)]
pub struct OverprintRegister;

impl Feature for OverprintRegister {
    fn id(&self) -> &'static str {
        "overprint-register"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(LEAST_PX_PER_MM)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let (view, _) = face.view()?;
        let Some((zones, found)) = &view.overprint else {
            return Ok(Vec::new());
        };
        let size = face.design.size;
        let whole = RectMm::from([0.0, 0.0, size.width, size.height]);
        let missing = || Unmeasured::Other("the overprint was not found".to_owned());
        let mut readings = Vec::new();
        for form in ["bank", "numbering"] {
            let elements: Vec<(&String, &Shift)> = zones
                .iter()
                .zip(&found.elements)
                .filter(|(id, _)| form_of(id) == form)
                .collect();
            if elements.is_empty() {
                continue;
            }
            let middle = |pick: fn(&Shift) -> f64| {
                let mut all: Vec<f64> = elements
                    .iter()
                    .filter(|(_, s)| s.agreement >= FOUND)
                    .map(|(_, s)| pick(s))
                    .collect();
                all.sort_by(f64::total_cmp);
                all.get(all.len() / 2).copied()
            };
            let place = middle(|s| s.dx).zip(middle(|s| s.dy));
            let reading = |zone: String, rect: RectMm, cells: Option<f64>| Reading {
                zone,
                result: cells.ok_or_else(missing).map(|cells| Measurement {
                    value: cells / CELLS_PER_MM,
                    unit: "mm",
                    zone_mm: rect,
                }),
            };
            readings.push(reading(format!("{form}-x"), whole, place.map(|p| p.0)));
            readings.push(reading(format!("{form}-y"), whole, place.map(|p| p.1)));
            if elements.len() < 3 {
                continue;
            }
            for (id, shift) in elements {
                let rect = face
                    .design
                    .zones
                    .iter()
                    .find(|z| z.side == face.side && z.id == *id)
                    .map_or(whole, |z| z.rect_mm);
                let off = place
                    .filter(|_| shift.agreement >= FOUND)
                    .map(|(dx, dy)| (shift.dx - dx).hypot(shift.dy - dy));
                readings.push(reading(id.clone(), rect, off));
            }
        }
        Ok(readings)
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn least_spread(&self) -> f64 {
        0.1
    }
}

/// The form that an element stands in.
fn form_of(id: &str) -> &'static str {
    if id.starts_with("district-") || id.starts_with("federal-reserve-") || id == "bank-indicator" {
        "bank"
    } else {
        "numbering"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::*;

    #[test]
    fn a_form_keeps_its_elements_together() {
        let readings = measure(&OverprintRegister, &genuine(9));
        for zone in ["treasury-seal", "serial-upper-right", "serial-lower-left"] {
            // About a cell.
            assert!(value(&readings, zone) < 0.4, "{zone}");
        }
        assert!(value(&readings, "numbering-x").abs() < 1.7);
    }

    #[test]
    fn an_element_set_apart_deviates() {
        let forged = note(9, Some(("treasury-seal", 1.1)), &|_, _, colour| colour);
        let readings = measure(&OverprintRegister, &forged);
        let apart = value(&readings, "treasury-seal");
        assert!((apart - 1.1).abs() < 0.3, "{apart}");
        assert!(value(&readings, "serial-lower-left") < 0.3);
    }

    #[test]
    fn an_element_that_is_not_there_has_no_place() {
        assert!(not_calibrated(&OverprintRegister));
        let erased = note(9, None, &|x, y, colour| {
            if x > 72.0 && (18.0..34.0).contains(&y) {
                [226.0, 222.0, 204.0]
            } else {
                colour
            }
        });
        let readings = measure(&OverprintRegister, &erased);
        let seal = readings.iter().find(|r| r.zone == "treasury-seal").unwrap();
        assert!(seal.result.is_err());
    }
}
