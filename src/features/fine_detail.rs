//! fine-detail: whether the finest that a coarse scan shows hangs together as on genuine notes.
//!
//! # What it is
//! Below 267 dpi neither the finest lines nor the dots of a copier are seen one by one. All detail of a genuine
//! note went through the same lens and the same sharpening, so how much contrast is left at one pixel says how much
//! colour there is between neighbours. Dots of coloured inks add colour at the pixel; a reprint of a coarse picture
//! lacks contrast at the pixel, however much the scan was sharpened.
//!
//! # How it is measured
//! Over all windows of print, medians: `fall-off`, the contrast between neighbouring pixels over that between pixels
//! two apart; `print:specks`, colour in blocks of two by two pixels that the lightness does not explain, over the same;
//! and `paper:specks`, the noise of colour in unprinted paper (see dot-noise), over the same. Each kind of specks is
//! compared together with the fall-off: what they are together on genuine notes.
//!
//! # Unit
//! Log10 of amplitudes; two-sided, as pairs.
//!
//! # What it cannot see
//! Anything at 267 dpi and above: line-acuity, print-raster and dot-noise look there. What kind of print it was: a
//! blurred or noisy scan of a genuine note may look as a copy does, so that it makes a note unclear, never suspect.
//!
//! # What fools it
//! A scan that is out of focus, or noisy for want of light.

use super::dot_noise::{LINES_PX_PER_MM, paper_noise};
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::chroma::{Detail, Grid, amplitude, unexplained};
use crate::compare::evidence::Odd;
use crate::compare::order::median;
use crate::compare::spectrum::contrast;

/// See the module.
#[derive(Debug)]
pub struct FineDetail;

/// Side of the blocks whose colours are compared, px: what chroma subsampling (4:2:0) leaves.
const BLOCK: usize = 2;

impl Feature for FineDetail {
    fn id(&self) -> &'static str {
        "fine-detail"
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(4.0)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        if face.px_per_mm >= LINES_PX_PER_MM {
            return Err(Unmeasured::Other(
                "the scan is fine enough to look at lines and dots themselves".to_owned(),
            ));
        }
        let condition = face.condition()?;
        let side = condition.transform.side();
        let [mut fall_off, mut specks, mut far_all] = [Vec::new(), Vec::new(), Vec::new()];
        for window in &condition.prints {
            let (Some(near), Some(far)) = (
                contrast(&window.light, side, 1),
                contrast(&window.light, side, 2),
            ) else {
                continue;
            };
            let far = far.max(1e-9);
            far_all.push(amplitude(far) as f32);
            fall_off.push(amplitude(near.max(1e-9) / far) as f32);
            let blocks = Grid::over(&window.density, side, BLOCK);
            if let Some(colour) = unexplained(&blocks, Detail::Fine) {
                specks.push(amplitude(colour.max(1e-9) / far) as f32);
            }
        }
        let Some(scale) = median(&mut far_all) else {
            return Err(Unmeasured::Covered("no print is seen".to_owned()));
        };
        let paper: Vec<f32> = condition
            .papers
            .iter()
            .map(|w| paper_noise(w) - scale)
            .collect();
        let reading = |zone: &str, mut values: Vec<f32>| Reading {
            zone: zone.to_owned(),
            result: median(&mut values)
                .map(|v| Measurement {
                    value: f64::from(v),
                    unit: "log10",
                    zone_mm: face.whole(),
                })
                .ok_or_else(|| Unmeasured::Covered("too little is seen".to_owned())),
        };
        Ok(vec![
            reading("print:fall-off", fall_off.clone()),
            reading("print:specks", specks),
            reading("paper:fall-off", fall_off),
            reading("paper:specks", paper),
        ])
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn least_spread(&self) -> f64 {
        0.02
    }

    fn stands_in(&self, _place: &str) -> bool {
        true
    }

    fn excuse(&self) -> Option<&'static str> {
        Some("a scan out of focus or short of light does that, too")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{Drawn, dots, draw, genuine, noise, printed};

    fn read(drawn: &Drawn) -> [f64; 2] {
        ["print:fall-off", "print:specks"].map(|zone| drawn.read(&FineDetail, zone).unwrap())
    }

    #[test]
    fn one_press_agrees_with_itself() {
        let [a, b] = [1, 2].map(|seed| read(&genuine(6.4, seed)));
        assert!((a[0] - b[0]).abs() < 0.05, "{a:?} {b:?}");
        assert!((a[1] - b[1]).abs() < 0.05, "{a:?} {b:?}");
    }

    #[test]
    fn dots_of_colour_deviate() {
        let copied = draw(6.4, |x, y, ink| {
            let dot = |seed| 0.5 + 0.5 * noise((x * 6.0) as i64, (y * 6.0) as i64, seed);
            dots(printed(x, y, ink, 1), [dot(11), dot(12), dot(13)])
        });
        let (clean, copy) = (read(&genuine(6.4, 1)), read(&copied));
        assert!(copy[1] > clean[1] + 0.2, "{clean:?} {copy:?}");
    }

    #[test]
    fn fine_scans_are_left_to_others() {
        let fine = genuine(11.8, 1).read(&FineDetail, "print:specks");
        assert!(fine.is_err(), "{fine:?}");
    }
}
