//! The scan, reduced, with what was found in it drawn on top.

use image::{Rgb, RgbImage};
use imageproc::drawing::draw_line_segment_mut;

use super::FileRecord;
use crate::pixels::Raster;

/// Long side of an overlay, px.
const LONG_SIDE: usize = 1200;
const OUTLINE: Rgb<u8> = Rgb([255, 0, 160]);
const TOP: Rgb<u8> = Rgb([0, 120, 255]);

/// Draws the outline of the note; its top side in another colour, which shows the way up.
pub fn outline(raster: &Raster, record: &FileRecord) -> RgbImage {
    let factor = raster.width().max(raster.height()).div_ceil(LONG_SIDE);
    let planes = raster.reduced(factor);
    let (_, rows, columns) = planes.dim();
    let mut picture = RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
        Rgb([0, 1, 2].map(|c| planes[[c, y as usize, x as usize]] as u8))
    });
    if let Some(quad) = record.quad {
        let scale = 1.0 / factor as f64;
        for (k, (from, to)) in quad.iter().zip(quad.iter().cycle().skip(1)).enumerate() {
            let colour = if k == 0 { TOP } else { OUTLINE };
            for shift in 0..2 {
                let point =
                    |p: &[f64; 2]| ((p[0] * scale) as f32, (p[1] * scale) as f32 + shift as f32);
                draw_line_segment_mut(&mut picture, point(from), point(to), colour);
            }
        }
    }
    picture
}
