//! # serial-typeface: the shapes of the characters, their spacing and their level
//!
//! **What it is.** Serial numbers are set by numbering machines in a typeface that is made for them. A forger takes
//! the nearest font at hand; stamped or pasted digits stand unevenly.
//!
//! **How it is measured.** Where a row of characters was found, three values are taken of each print: `shape`, one less
//! the median correlation of its characters with what was learned of them, compared as sharp as the scan shows
//! them; `spacing`, the upper quartile of how far they stand from even spacing along their line; `level`, the same above
//! or below it. So a stain on a quarter of the row counts nothing. Each is compared with the same value of genuine rows,
//! read with glyphs of other notes, as scanned and as a softer scan shows them. Numbers printed in uneven
//! heights by design are not judged by their level.
//!
//! **Unit.** `shape`: 1 less a correlation. `spacing` and `level`: mm.
//!
//! **What it cannot see.** A single wrong character among right ones; a row so strange that fewer than half of its
//! characters are told; a number that a pen's line reaches.
//!
//! **What fools it.** A copy of a genuine number, or the genuine typeface.

use super::overprint::{Overprint, Reasoned};
use crate::compare::evidence::combined;
use crate::compare::robust::{quantile, sorted};
use crate::compare::tail::{ACCIDENTS, Bounds, MOST_SHAPE, Tail};
use crate::serial::read::Reading;
use crate::serial::typeface::RowForm;
use crate::verdict::{Finding, Outcome};

/// The shapes of the characters, their spacing and their level.
#[derive(Debug, Clone, Copy)]
pub struct SerialTypeface;

/// Characters told from others with this probability say that a row of the typeface was found.
const TOLD: f64 = 0.5;

type Measure = (&'static str, &'static str, fn(&RowForm) -> f64);

static MEASURES: [Measure; 3] = [
    ("shape", "1 - correlation", |form| form.shape),
    ("spacing", "mm", |form| form.spacing_mm),
    ("level", "mm", |form| form.level_mm),
];

/// Differences that no tail falls off faster over, mm and 1 - correlation: what rows are measured to. Dirt on
/// a character is an accident.
const BOUNDS: Bounds = Bounds {
    scale: 0.000_1,
    shape: [ACCIDENTS, MOST_SHAPE],
};

impl Reasoned for SerialTypeface {
    fn id(&self) -> &'static str {
        "serial-typeface"
    }

    fn examine(&self, read: &Overprint<'_>) -> Finding {
        let (Some(face), Some((style, _)), None) = (read.face, read.style(), &read.unread) else {
            return read.not_examined(self.id(), read.doubt());
        };
        let rows = read.clear().map(|(row, _)| row);
        let rows: Vec<&Reading> = rows.filter(|row| is_told(row)).collect();
        if rows.is_empty() {
            let few = "too few characters of the serial number can be told";
            let why = if read.written.is_empty() {
                few.to_owned()
            } else {
                read.doubt()
            };
            return read.not_examined(self.id(), why);
        }
        let genuine: Vec<(&Measure, Vec<f64>, Tail)> = MEASURES
            .iter()
            .filter_map(|measure| {
                let values = sorted(face.rows().iter().map(measure.2));
                let tail = Tail::fit(values.iter().copied(), BOUNDS)?;
                Some((measure, values, tail))
            })
            .collect();
        let even = |row: &Reading| {
            style
                .prints
                .iter()
                .any(|print| print.place == row.place && print.even_height)
        };
        let mut p_values = Vec::new();
        let mut oddest: Option<(f64, Finding)> = None;
        for row in rows {
            for ((name, unit, value), values, tail) in &genuine {
                if *name == "level" && !even(row) {
                    continue;
                }
                let value = value(&row.form);
                let p = tail.rarity(value).p;
                p_values.push(p);
                if oddest.as_ref().is_some_and(|(least, _)| p >= *least) {
                    continue;
                }
                let finding = Finding {
                    outcome: Outcome::Agrees,
                    zone_mm: Some(row.rect_mm),
                    value: Some(value),
                    unit: (*unit).to_owned(),
                    expected: Some([0.0, quantile(values, 0.99).unwrap_or(0.0)]),
                    why: format!(
                        "{name} of the characters {}, {value:.3} {unit}, against {} genuine rows",
                        row.place,
                        values.len()
                    ),
                    ..read.not_examined(self.id(), String::new())
                };
                oddest = Some((p, finding));
            }
        }
        match oddest {
            Some((_, finding)) => Finding {
                p_value: combined(p_values),
                ..finding
            },
            None => read.not_examined(
                self.id(),
                "not calibrated: no genuine rows were measured in this typeface",
            ),
        }
    }
}

fn is_told(row: &Reading) -> bool {
    let told = row.characters.iter().filter(|c| c.confidence >= TOLD);
    2 * told.count() >= row.characters.len().max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::sync::LazyLock;

    use image::{Rgb, RgbImage};

    use super::*;
    use crate::features::overprint::tests::read;
    use crate::note::Side;
    use crate::pixels::Raster;
    use crate::rectify::homography::Homography;
    use crate::reference::Library;
    use crate::specimen::canvas::Canvas;
    use crate::specimen::glyphs::{Face, Pen, write};

    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::built_in().unwrap());
    const TEXT: &str = "AG27182818L";

    /// What comes of a front of 10 XTS on plain paper at 300 dpi, whose numbers are set in a face, every other character
    /// this many mm higher.
    fn looked(face: Face, pen: Pen, uneven: f32) -> Finding {
        let design = LIBRARY.design("xts-10-2024").unwrap();
        let scale = 300.0 / 25.4_f32;
        let (w, h) = (design.size.width, design.size.height);
        let (columns, rows) = (w * f64::from(scale), h * f64::from(scale));
        let mut image = RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
            let grain = ((x * 7919 + y * 104_729) % 7) as u8;
            Rgb([232 + grain, 230 + grain, 220 + grain])
        });
        for id in ["serial-upper-right", "serial-lower-left"] {
            let zone = design.zones.iter().find(|z| z.id == id).unwrap().rect_mm;
            let (x, y) = (zone.x as f32, zone.y as f32);
            let mut canvas = Canvas::new([x - 1.0, y - 1.0, 36.0, 5.0], scale);
            // Both faces at the advance of the genuine one.
            for (place, c) in TEXT.chars().enumerate() {
                let up = if place % 2 == 0 { uneven } else { 0.0 };
                let left = x + 2.58 * place as f32;
                write(
                    &mut canvas,
                    (face, pen),
                    &c.to_string(),
                    3.0,
                    |along, above| (left + along, y + 3.0 - above - up),
                );
            }
            let soft = canvas.plane.blurred(1, 1);
            for row in 0..(5.0 * scale) as usize {
                for (column, &ink) in soft.row(row).iter().enumerate() {
                    let (px, py) = (
                        canvas.left as u32 + column as u32,
                        canvas.top as u32 + row as u32,
                    );
                    if let Some(pixel) = image.get_pixel_mut_checked(px, py) {
                        for (v, full) in pixel.0.iter_mut().zip([0xb3, 0x1b, 0x3a]) {
                            let paper = f32::from(*v);
                            let share = f32::from(ink) / 255.0;
                            *v = (paper + (full as f32 - paper) * share) as u8;
                        }
                    }
                }
            }
        }
        let quad = [[0.0, 0.0], [columns, 0.0], [columns, rows], [0.0, rows]];
        let print = Homography::from_rectangle(w, h, &quad).unwrap();
        let raster = Raster::Eight(image);
        let read = Overprint::read(&LIBRARY, design, Side::Front, 0, &raster, &print);
        SerialTypeface.examine(&read)
    }

    #[test]
    fn the_genuine_typeface_agrees() {
        let finding = looked(Face::Numbering, Pen::NUMBERING, 0.0);
        assert!(finding.p_value.unwrap() > 0.01, "{finding:?}");
        assert_eq!(finding.outcome, Outcome::Agrees);
    }

    #[test]
    fn another_font_and_an_uneven_row_do_not() {
        let pen = Pen {
            serif: 0.1,
            ..Pen::NUMBERING
        };
        let font = looked(Face::Display, pen, 0.0);
        assert!(font.p_value.unwrap() < 1e-3, "{font:?}");
        // Its letters are of other shapes, and of other widths.
        let told = |by: &str| font.why.starts_with(by);
        assert!(told("shape") || told("spacing"), "{font:?}");
        // Every other character a sixth of its height too high: half of that from their line is well
        // beyond what the numbering of XTS does, 0.08 mm.
        let uneven = looked(Face::Numbering, Pen::NUMBERING, 0.5);
        assert!(uneven.p_value.unwrap() < 1e-3, "{uneven:?}");
        assert!(uneven.why.starts_with("level"), "{uneven:?}");
    }

    #[test]
    fn what_was_not_read_is_not_examined() {
        for prints in [&[][..], &["?????????????"][..]] {
            let finding = SerialTypeface.examine(&read("xts-10-2024", prints));
            assert_eq!(finding.outcome, Outcome::NotExamined);
            assert!(!finding.why.is_empty());
        }
    }
}
