//! # foreign-marks: is there text or a figure where genuine notes are blank?
//!
//! **What it is.** Play, film and training money says so: COPY, REPLICA, MOTION PICTURE, 样, 练功券.
//! Such words are printed: letters of one height, on one line.
//!
//! **How it is measured.** Dark regions where the enrolled notes are lighter, and always so, at 72
//! dpi; creases (long narrow lines) and what belongs to the overprint are left out. `row`: the summed
//! widths of the longest row of marks that end on one of two parallel lines, 1.5 to 20 mm apart and
//! turned by up to 30°, three or more on each, and stay between them: letters, or the pieces of letters
//! that other print leaves to be seen. Marks that stand in no row are wear: see the note's fitness.
//!
//! **Unit.** mm.
//!
//! **What it cannot see.** Pale marks, words that lie over dark print for the most part, words of one or
//! two letters, and words that stand where genuine notes differ from each other, as near the serial
//! numbers.
//!
//! **What fools it.** Printed stamps of banks and block letters written by hand stand in rows too.
//! Words in letters that keep to no line pass for handwriting, a single large letter for a blot.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::note::RectMm;
use crate::structure::LEAST_PX_PER_MM;
use crate::wear::{Mark, Wear};

/// See the page above.
#[derive(Debug)]
pub struct ForeignMarks;

impl Feature for ForeignMarks {
    fn id(&self) -> &'static str {
        "foreign-marks"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(LEAST_PX_PER_MM)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let (view, _) = face.view()?;
        let (value, place) = longest_row(&view.wear);
        Ok(vec![Reading {
            zone: "row".to_owned(),
            result: Ok(Measurement {
                value,
                unit: "mm",
                zone_mm: place.unwrap_or(face.whole()),
            }),
        }])
    }

    fn least_spread(&self) -> f64 {
        2.0
    }

    fn excuse(&self) -> Option<&'static str> {
        Some("handwriting and stamps may stand in rows, too: read what is there")
    }
}

/// Summed widths of the longest row of letters, and where it is.
fn longest_row(wear: &Wear) -> (f64, Option<RectMm>) {
    let Some(row) = wear.rows.first() else {
        return (0.0, None);
    };
    let bounds = row.marks.iter().filter_map(|i| wear.marks.get(*i));
    let [left, top, right, bottom] =
        bounds
            .map(Mark::bounds_mm)
            .fold([f64::MAX, f64::MAX, 0.0, 0.0], |all: [f64; 4], one| {
                [
                    all[0].min(one[0]),
                    all[1].min(one[1]),
                    all[2].max(one[2]),
                    all[3].max(one[3]),
                ]
            });
    let place = RectMm::from([left, top, right - left, bottom - top]);
    (row.width_mm, Some(place))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::*;

    /// Five bars of one height in a row, 1 mm wide, 4 mm high.
    fn letters(x: f64, y: f64, colour: [f64; 3]) -> [f64; 3] {
        let inside =
            (62.0..72.0).contains(&x) && (36.0..40.0).contains(&y) && (x - 62.0) % 2.0 < 1.0;
        if inside { [50.0; 3] } else { colour }
    }

    #[test]
    fn a_genuine_note_has_none() {
        let readings = measure(&ForeignMarks, &genuine(9));
        assert_eq!(value(&readings, "row"), 0.0);
    }

    #[test]
    fn a_word_deviates_and_a_stroke_of_a_pen_is_no_word() {
        let readings = measure(&ForeignMarks, &note(9, None, &letters));
        assert!(value(&readings, "row") > 4.0);
        let stroke = note(9, None, &|x, y, colour| {
            let near = (y - 30.0 - 4.0 * (x / 3.0).sin()).abs() < 0.5;
            if near && (62.0..72.0).contains(&x) {
                [50.0; 3]
            } else {
                colour
            }
        });
        let readings = measure(&ForeignMarks, &stroke);
        assert_eq!(value(&readings, "row"), 0.0);
    }

    #[test]
    fn without_a_reference_nothing_is_foreign() {
        assert!(not_calibrated(&ForeignMarks));
    }
}
