//! ink-colour: the hue of each printing ink.
//!
//! # What it is
//! A press prints each ink from its own fountain: one hue, the same on every note. Copiers mix it
//! from process inks, and a forger's ink is another pigment.
//!
//! # How it is measured
//! Densities averaged over blocks of 0.26 mm: by how much half of red less green, and half of yellow
//! (red and green) less blue, grow with the mean density in windows of each zone. Being ratios of
//! logarithms they do not change with exposure, with a colour cast, nor with gamma. What lies over
//! paper and ink alike, as soil and most of a stain, is taken out as a plane of colour over the
//! window, and blocks that fit neither (a stroke of a pen) are left out. In zones that are not
//! engraved, where an overprint may lie over other print, the colour over density of the most
//! colourful blocks is looked at too (`vivid`), over the lightest near them.
//!
//! # Unit
//! Of the mean density; two-sided.
//!
//! # What it cannot see
//! An ink of the same colour in this scanner's light (metamerism). Nothing about how the ink was
//! put on.
//!
//! # What fools it
//! Writing, a stamp or the edge of a stain that covers a good part of a small zone (so one zone alone
//! makes a note unclear, not suspect); a scanner with other filters or lamp, on
//! which the notes must be enrolled anew; JPEG qualities under about 50 move hues by a few spreads
//! of genuine notes.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::chroma::{lightness, over_own_paper, red_green, yellow_blue};
use crate::compare::evidence::Odd;
use crate::compare::order::{median_point, quantile};
use crate::reference::Process;

/// Its name.
pub const ID: &str = "ink-colour";

/// See the module.
#[derive(Debug)]
pub struct InkColour;

/// Share of a zone's blocks that count as its most colourful ink.
const VIVID: f64 = 0.15;
/// Blocks with less density than this say nothing of an ink.
const LEAST_DENSITY: f32 = 0.15;

impl Feature for InkColour {
    fn id(&self) -> &'static str {
        ID
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(4.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        let mut readings = Vec::new();
        for (zone, windows) in condition.zones(face) {
            let mut push = |name: &str, ink: Option<[f32; 2]>| {
                for (axis, part) in [("red-green", 0), ("yellow-blue", 1)] {
                    readings.push(Reading {
                        zone: format!("{}:{name}{axis}", zone.id),
                        result: ink
                            .map(|ink| Measurement {
                                value: f64::from(ink[part]),
                                unit: "of the mean density",
                                zone_mm: zone.rect_mm,
                            })
                            .ok_or_else(|| Unmeasured::Covered("no ink is seen".to_owned())),
                    });
                }
            };
            let inks: Vec<[f32; 2]> = windows.iter().filter_map(|w| w.ink).collect();
            push("", median_point(&inks));
            if zone.print != Process::Intaglio {
                let blocks: Vec<[f32; 3]> = windows
                    .iter()
                    .filter_map(|w| over_own_paper(&w.blocks))
                    .flatten()
                    .collect();
                push("vivid-", vivid_ink(&blocks));
            }
        }
        Ok(readings)
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn excuse_at(&self, _place: &str) -> Option<&'static str> {
        Some("writing, a stamp or a stain may lie over this one place: look at it")
    }

    fn left_in_coarse_scans(&self) -> bool {
        true
    }

    fn least_spread(&self) -> f64 {
        0.01
    }
}

fn colourfulness(d: [f32; 3]) -> f32 {
    red_green(d).hypot(yellow_blue(d))
}

/// Colour per density of the most colourful ink: red-green and yellow-blue.
fn vivid_ink(blocks: &[[f32; 3]]) -> Option<[f32; 2]> {
    let mut ranks: Vec<f32> = blocks.iter().map(|&b| colourfulness(b)).collect();
    let limit = quantile(&mut ranks, 1.0 - VIVID)?;
    let mut sum = [0.0f32; 3];
    let mut count = 0.0f32;
    for &block in blocks.iter().filter(|&&b| colourfulness(b) >= limit) {
        for (s, v) in sum.iter_mut().zip(block) {
            *s += v;
        }
        count += 1.0;
    }
    let density = lightness(sum) / count;
    (density >= LEAST_DENSITY)
        .then(|| [red_green(sum), yellow_blue(sum)].map(|v| v / count / density))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{draw, genuine, printed};

    #[test]
    fn cast_and_gamma_do_not_change_an_ink() {
        let other = draw(11.8, |x, y, ink| {
            let [r, g, b] = printed(x, y, ink, 2).map(|v| 255.0 * (v / 255.0).powf(1.15));
            [r * 0.97, g, b * 0.94]
        });
        let first = genuine(11.8, 1);
        for part in [
            "seal:red-green",
            "seal:vivid-yellow-blue",
            "engraving:red-green",
        ] {
            let a = first.read(&InkColour, part).unwrap();
            let b = other.read(&InkColour, part).unwrap();
            assert!((a - b).abs() < 0.03, "{part} {a} {b}");
        }
    }

    #[test]
    fn another_ink_has_another_hue() {
        let blue = draw(11.8, |x, y, ink| match ink {
            2 => [50.0, 110.0, 150.0],
            _ => printed(x, y, ink, 1),
        });
        let a = genuine(11.8, 1)
            .read(&InkColour, "seal:yellow-blue")
            .unwrap();
        let b = blue.read(&InkColour, "seal:yellow-blue").unwrap();
        assert!((a - b).abs() > 0.2, "{a} {b}");
    }

    /// Coffee: brown over paper and ink alike, with an edge; and a marker's stroke, in light yellow.
    #[test]
    fn a_stain_does_not_change_an_ink() {
        let clean = genuine(11.8, 1);
        let stained = draw(11.8, |x, y, ink| {
            let [r, g, b] = printed(x, y, ink, 1);
            match (x + y) as i32 {
                ..40 => [r * 0.9, g * 0.75, b * 0.6],
                76..79 => [r * 0.95, g * 0.9, b * 0.3],
                _ => [r, g, b],
            }
        });
        for part in [
            "engraving:red-green",
            "engraving:yellow-blue",
            "engraving-right:yellow-blue",
        ] {
            let a = clean.read(&InkColour, part).unwrap();
            let b = stained.read(&InkColour, part).unwrap();
            assert!((a - b).abs() < 0.03, "{part} {a} {b}");
        }
    }

    #[test]
    fn no_ink_has_no_hue() {
        let bare = draw(11.8, |x, y, _| printed(x, y, 0, 1));
        let seal = bare.read(&InkColour, "seal:red-green");
        assert!(matches!(seal, Err(Unmeasured::Covered(_))));
    }
}
