//! line-acuity: how steep the edges of the print are.
//!
//! # What it is
//! Engraved and letterpress edges are as sharp as ink on paper can be: at 300 dpi they climb from
//! paper to ink within little more than a pixel. A reprint of a scan cannot be sharper than that
//! scan was, and inkjet ink runs along the fibres; toner dots make edges steeper than any ink on a
//! fibre.
//!
//! # How it is measured
//! In windows of 5.4 mm of each zone, along every third row and column, every monotonous climb or
//! fall of at least 0.3 of the density of the window's ink (0.1 or more) counts as an edge, on faded
//! notes as on new ones; its width is the whole climb over its steepest step. The median width of
//! the zone is divided by that of the sharpest edge the scan could show: one pixel, or 0.087 mm
//! where pixels are finer.
//!
//! # Unit
//! Multiples of the sharpest edge; two-sided: a copy is wider or, made of dots, narrower than
//! genuine notes are.
//!
//! # What it cannot see
//! Anything about colour. Below 7.4 px/mm (200 dpi) a pixel is wider than the edges of a reprint.
//! Only an offset or letterpress copy from a good plate has edges as sharp.
//!
//! # What fools it
//! A scanner that is softer or sharpens more than the one of the enrolled notes moves every zone
//! alike: a scan softer or sharper than theirs is judged beside genuine notes in scans like it,
//! and a copy that is only soft is unclear there. Where the edges are soft and the paper's grain is
//! blurred away too, nothing is measured. A note that does not lie flat is soft in parts: where some of
//! the engraving is as sharp as on genuine notes and some far from it, what lack of focus takes makes no
//! note suspect. Sharpening a reprint before printing gains little: it
//! steepens edges, but cannot make them narrow.

use super::{Blur, Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::order::median;
use crate::condition::sharpest_px;

/// Its name.
pub const ID: &str = "line-acuity";

/// See the module.
#[derive(Debug)]
pub struct LineAcuity;

/// Fewer edges than this in a zone say nothing.
const LEAST_EDGES: usize = 24;

impl Feature for LineAcuity {
    fn id(&self) -> &'static str {
        ID
    }

    fn needs(&self) -> Needs {
        Needs::by_day(7.4)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let condition = face.condition()?;
        condition.fine_lines()?;
        Ok(condition
            .zones(face)
            .into_iter()
            .map(|(zone, windows)| {
                let mut widths: Vec<f32> = windows
                    .iter()
                    .flat_map(|w| w.edges.iter().flatten().copied())
                    .collect();
                let result = if windows.is_empty() {
                    Err(Unmeasured::Covered(
                        "covered, or beyond the scan".to_owned(),
                    ))
                } else if widths.len() < LEAST_EDGES {
                    Err(Unmeasured::Other("too few edges of ink".to_owned()))
                } else {
                    median(&mut widths)
                        .map(|px| Measurement {
                            value: f64::from(px) / sharpest_px(face.px_per_mm),
                            unit: "of the sharpest edge",
                            zone_mm: zone.rect_mm,
                        })
                        .ok_or_else(|| Unmeasured::Other("no edge of ink".to_owned()))
                };
                Reading {
                    zone: zone.id.clone(),
                    result,
                }
            })
            .collect())
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn lost_to(&self, _blur: Blur) -> bool {
        true
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{corners, draw, genuine, inked, noise, printed};

    #[test]
    fn sharp_lines_agree_at_every_resolution() {
        let fine = genuine(15.7, 1).read(&LineAcuity, "engraving").unwrap();
        let full = genuine(11.8, 2).read(&LineAcuity, "engraving").unwrap();
        assert!((fine - full).abs() < 0.25, "{fine} {full}");
    }

    #[test]
    fn a_reprint_of_a_coarse_picture_is_blurred() {
        let full = genuine(11.8, 2).read(&LineAcuity, "seal").unwrap();
        // Each point is the mean of what lies within a quarter of a millimetre; the grain is fresh.
        let reprint = draw(11.8, |x, y, _| {
            let mut sum = [0.0f32; 3];
            for i in 0..9 {
                let (dx, dy) = (f64::from(i % 3 - 1) * 0.09, f64::from(i / 3 - 1) * 0.09);
                let ink = crate::features::drawn_prints::ink(x + dx, y + dy);
                for (s, v) in sum.iter_mut().zip(printed(x, y, ink, 3)) {
                    *s += v / 9.0;
                }
            }
            sum
        });
        let blurred = reprint.read(&LineAcuity, "seal").unwrap();
        assert!(blurred > full + 0.4, "{blurred} {full}");
    }

    #[test]
    fn soft_paper_is_told_from_a_soft_scan() {
        // Grain of a third of a millimetre, with nothing finer.
        let soft_paper = |x: f64, y: f64, ink: u8| {
            let corners = corners(3.0 * x, 3.0 * y).into_iter();
            let grain = corners.map(|(column, row, weight)| weight * noise(column, row, 4));
            let grain = 3.0 * grain.sum::<f32>();
            inked(ink).map(|v| v + grain)
        };
        let sharp = draw(11.8, soft_paper).read(&LineAcuity, "engraving");
        let full = genuine(11.8, 2).read(&LineAcuity, "engraving").unwrap();
        assert!((sharp.unwrap() - full).abs() < 0.1);
        let soft = draw(5.9, soft_paper).enlarged(2);
        let soft = soft.read(&LineAcuity, "engraving");
        assert!(matches!(soft, Err(Unmeasured::Blurred(_))), "{soft:?}");
    }

    #[test]
    fn coarse_scans_and_cut_zones_are_not_examined() {
        let coarse = genuine(5.9, 1).read(&LineAcuity, "engraving");
        assert!(matches!(coarse, Err(Unmeasured::Resolution { .. })));
        let cut = genuine(11.8, 1).read_cut(&LineAcuity, "engraving", 31.0);
        assert!(matches!(cut, Err(Unmeasured::Covered(_))));
    }
}
