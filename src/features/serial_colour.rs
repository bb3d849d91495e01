//! # serial-colour: the ink of each character
//!
//! **What it is.** Serial numbers are printed in inks that the issuer states: green on US notes, dark red and black
//! with a fixed place of change on the RMB notes of 2015 and 2019. Copies in grey, and copies by inks of another hue,
//! differ.
//!
//! **How it is measured.** At each character the darkest quarter of the pixels is compared with the paper around: how
//! much of red, green and blue is missing. What is missing of each, as a share of all, gives the ink: green where
//! least green is missing, red where least red is, blue where least blue is, black where all miss alike. Between
//! these nothing is said.
//!
//! **Unit.** 1 where every ink that could be told is the one stated, 0 where one is not.
//!
//! **What it cannot see.** The exact hue; inks under a strong cast of light; those of a number that a pen's line
//! reaches.
//!
//! **What fools it.** Any print in an ink of about the right hue, as a colour copy has.

use ndarray::Axis;

use super::overprint::{Overprint, Reasoned};
use crate::note::RectMm;
use crate::pixels::Raster;
use crate::rectify::homography::Homography;
use crate::rectify::resample;
use crate::serial::read::Reading;
use crate::verdict::{Finding, Outcome};

/// The ink of each character.
#[derive(Debug, Clone, Copy)]
pub struct SerialColour;

/// By how much the shares of two channels must differ before a hue is told.
const HUE: f32 = 0.12;
/// Within this the shares are alike.
const ALIKE: f32 = 0.06;
/// Least loss of light for ink to be told at all.
const FAINT: f32 = 0.12;

impl Reasoned for SerialColour {
    fn id(&self) -> &'static str {
        "serial-colour"
    }

    fn examine(&self, read: &Overprint<'_>) -> Finding {
        let Some(rules) = read.rules.filter(|_| read.unread.is_none()) else {
            return read.not_examined(self.id(), read.doubt());
        };
        let mut last = None;
        for (reading, inks) in read.clear() {
            let ruling = rules.check_colour(&read.design.id, &reading.place, inks);
            let finding = Finding {
                zone_mm: Some(reading.rect_mm),
                ..read.ruled(self.id(), ruling)
            };
            if finding.outcome == Outcome::Deviates {
                return finding;
            }
            last = Some(finding);
        }
        last.unwrap_or_else(|| read.not_examined(self.id(), read.doubt()))
    }
}

/// The ink of each character of a reading.
pub fn inks(raster: &Raster, print: &Homography, reading: &Reading) -> Vec<Option<&'static str>> {
    let height = reading.height_mm;
    reading
        .middles_mm
        .iter()
        .map(|[x, y]| {
            let rect = RectMm {
                x: x - 0.4 * height,
                y: y - 0.6 * height,
                width: 0.8 * height,
                height: 1.2 * height,
            };
            ink(&resample::small_crop(raster, print, rect, 5.0)?)
        })
        .collect()
}

/// The ink in a crop around one character.
fn ink(crop: &crate::pixels::Planes) -> Option<&'static str> {
    let channel = |i: usize| crop.index_axis(Axis(0), i);
    let (red, green, blue) = (channel(0), channel(1), channel(2));
    let mut pixels: Vec<[f32; 3]> = red
        .iter()
        .zip(green)
        .zip(blue)
        .map(|((r, g), b)| [*r, *g, *b])
        .collect();
    let by_light = |a: &[f32; 3], b: &[f32; 3]| a.iter().sum::<f32>().total_cmp(&b.iter().sum());
    let mean = |part: &[[f32; 3]]| {
        let n = part.len().max(1) as f32;
        [0, 1, 2].map(|c| part.iter().map(|p| p[c]).sum::<f32>() / n)
    };
    let quarter = pixels.len() / 4;
    if quarter == 0 {
        return None;
    }
    pixels.select_nth_unstable_by(quarter, by_light);
    let dark = mean(pixels.get(..quarter)?);
    let brightest = pixels.len() - quarter;
    pixels.select_nth_unstable_by(brightest, by_light);
    let paper = mean(pixels.get(brightest..)?);
    let loss = [0, 1, 2].map(|c| 1.0 - dark[c] / paper[c].max(1.0));
    let all: f32 = loss.iter().sum();
    if all < 3.0 * FAINT {
        return None;
    }
    let [r, g, b] = loss.map(|l| l / all);
    if r - g > HUE && b - g > -ALIKE {
        Some("green")
    } else if g - r > HUE && b - r > HUE {
        Some("dark-red")
    } else if r - b > HUE && g - b > ALIKE {
        Some("blue")
    } else if (r - g).abs() < ALIKE && (g - b).abs() < ALIKE && (r - b).abs() < ALIKE {
        Some("black")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::overprint::tests::read;

    #[test]
    fn every_ink_is_the_one_stated() {
        let look = |design, serial: &str, ink: Option<&'static str>| {
            let mut read = read(design, &[serial]);
            read.inks = vec![vec![ink; 10]];
            SerialColour.examine(&read).outcome
        };
        assert_eq!(
            look("usd-1-1963", "B91746345A", Some("green")),
            Outcome::Agrees
        );
        assert_eq!(
            look("usd-1-1963", "B91746345A", Some("black")),
            Outcome::Deviates
        );
        assert_eq!(look("usd-1-1963", "B91746345A", None), Outcome::NotExamined);
    }

    #[test]
    fn a_pens_line_says_nothing_of_the_ink_below() {
        let mut read = read("usd-1-1963", &["B91746345A"]);
        read.inks = vec![vec![Some("green"); 10]];
        read.inks[0][7] = Some("blue");
        read.leave_out(|_| false);
        assert_eq!(SerialColour.examine(&read).outcome, Outcome::Deviates);
        let number = read.number.readings[0].rect_mm;
        read.leave_out(|rect| rect == number);
        assert_eq!(SerialColour.examine(&read).outcome, Outcome::NotExamined);
    }

    #[test]
    fn inks_are_told_by_what_they_take_from_the_paper() {
        let of = |rgb: [f32; 3]| {
            ink(&crate::pixels::Planes::from_shape_fn(
                (3, 12, 12),
                |(c, row, _)| {
                    if row < 4 {
                        rgb[c]
                    } else {
                        [225.0, 220.0, 198.0][c]
                    }
                },
            ))
        };
        assert_eq!(of([76.0, 152.0, 100.0]), Some("green"));
        assert_eq!(of([50.0, 48.0, 44.0]), Some("black"));
        assert_eq!(of([150.0, 60.0, 55.0]), Some("dark-red"));
        assert_eq!(of([70.0, 90.0, 150.0]), Some("blue"));
        assert_eq!(of([215.0, 212.0, 190.0]), None);
    }
}
