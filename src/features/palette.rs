//! palette: how the colours of the print lie to each other.
//!
//! # What it is
//! A note is printed in several inks whose hues lie to each other as the engraver chose them. Another
//! lamp, white balance or camera moves them all together; a forger's inks, or a copier's, lie
//! otherwise.
//!
//! # How it is measured
//! The mean colour of tiles of 4 mm over the whole side, as density over the side's lightest, in
//! spreads of its lightness. From the colours of the enrolled notes at the same places to these the
//! linear map is fitted that leaves least, whatever lightness adds: `turn` is by how much it turns
//! the plane of red, green, yellow and blue, `strength` by how much it makes colours stronger,
//! `stretch` and `slant` how unlike it is along the two, and `left` what the map does not explain. All
//! five are judged together, as they go together on genuine notes: lamps and cameras change them along
//! a few ways only.
//!
//! # Unit
//! `turn` in radians, `strength` and `left` natural logarithms, `stretch` and `slant` of the strength;
//! two-sided.
//!
//! # What it cannot see
//! Prints in one ink, or in shades of grey. Inks that were changed in a small part of the note: see
//! ink-colour.
//!
//! # What fools it
//! A camera or lamp unlike those of the enrolled notes: enrol notes on the one in use. Dirt over most of
//! the note.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::palette::{map, palette};
use crate::structure::{Colours, tile_colours};

/// See the module.
#[derive(Debug)]
pub struct Palette;

impl Feature for Palette {
    fn id(&self) -> &'static str {
        "palette"
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(4.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let (view, structure) = face.view()?;
        let expected = structure.palette.as_ref().ok_or_else(|| {
            Unmeasured::NotCalibrated("no colours of the whole side were enrolled".to_owned())
        })?;
        let colours = Colours::new(face.raster, &view.print, face.px_per_mm);
        let seen = tile_colours(&colours, face.design.size, |row, column| {
            view.open.get((row, column)).is_some_and(|open| *open > 0.0)
        });
        let seen = palette(&seen)
            .ok_or_else(|| Unmeasured::Covered("too little of the side is seen".to_owned()))?;
        let map = map(&seen, expected).ok_or_else(|| {
            Unmeasured::Other("there are too few colours to compare with each other".to_owned())
        })?;
        let reading = |zone: &str, value: f64, unit| Reading {
            zone: format!("map:{zone}"),
            result: Ok(Measurement {
                value,
                unit,
                zone_mm: face.whole(),
            }),
        };
        Ok(vec![
            reading("turn", map.turn, "rad"),
            reading("strength", map.strength, "ln"),
            reading("stretch", map.stretch, "of its strength"),
            reading("slant", map.slant, "of its strength"),
            reading("left", map.left, "ln"),
        ])
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn left_in_coarse_scans(&self) -> bool {
        true
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::super::readings;
    use super::*;
    use crate::compare::palette::middle;
    use crate::note::Side;
    use crate::pixels::{Planes, Raster};
    use crate::reference::Design;

    /// Note `n` printed in several inks, as `other` changes their red, green and blue shares of light.
    fn coloured(n: i64, other: fn([f64; 3]) -> [f64; 3]) -> Raster {
        note(n, None, &|x, y, colour| {
            let inks = [(0.11 * x).sin(), (0.17 * y).sin(), (0.09 * (x - y)).sin()];
            let light = other(inks.map(|ink| 0.75 + 0.25 * ink));
            [0, 1, 2].map(|c| colour[c] * light[c])
        })
    }

    fn enrolled() -> Design {
        let palettes: Vec<Planes> = (1..6)
            .map(|n| {
                let raster = coloured(n, |light| light);
                let face = face(&raster, &DESIGN);
                let colours = Colours::new(&raster, &face.print, face.px_per_mm);
                palette(&tile_colours(&colours, SIZE, |_, _| true)).unwrap()
            })
            .collect();
        let mut design = DESIGN.clone();
        let front = design.measured.get_mut(&Side::Front).unwrap();
        front.structure.as_mut().unwrap().palette = middle(&palettes);
        design
    }

    #[test]
    fn genuine_colours_agree_in_another_light_and_other_inks_deviate() {
        let design = enrolled();
        let turn = |raster: Raster| {
            let readings = Palette.measure(&face(&raster, &design)).unwrap();
            value(&readings, "map:turn")
        };
        let genuine = turn(coloured(9, |light| light));
        let warm = turn(coloured(9, |[r, g, b]| [r, 0.93 * g, 0.8 * b]));
        let recoloured = turn(coloured(9, |[r, g, b]| {
            [0.7 * r + 0.3 * g, 0.7 * g + 0.3 * b, 0.7 * b + 0.3 * r]
        }));
        assert!(
            genuine.abs() < 0.05 && warm.abs() < 0.05,
            "{genuine} {warm}"
        );
        assert!(recoloured.abs() > 0.2, "{recoloured}");
    }

    #[test]
    fn one_ink_on_paper_has_no_colours_to_compare() {
        let mut design = DESIGN.clone();
        let grey = |n| note(n, None, &|_, _, [r, ..]| [r; 3]);
        let raster = grey(1);
        let face_of = face(&raster, &DESIGN);
        let colours = Colours::new(&raster, &face_of.print, face_of.px_per_mm);
        let expected = palette(&tile_colours(&colours, SIZE, |_, _| true));
        let front = design.measured.get_mut(&Side::Front).unwrap();
        front.structure.as_mut().unwrap().palette = expected;
        let other = grey(2);
        let read = readings(&Palette, &face(&other, &design));
        let why = read[0].result.as_ref().unwrap_err();
        assert!(
            matches!(why, Unmeasured::Other(_) | Unmeasured::Colourless),
            "{why}"
        );
    }

    #[test]
    fn without_enrolled_colours_nothing_is_seen() {
        assert!(not_calibrated(&Palette));
        let raster = genuine(9);
        let result = Palette.measure(&face(&raster, &DESIGN));
        assert!(matches!(result, Err(Unmeasured::NotCalibrated(_))));
    }
}
