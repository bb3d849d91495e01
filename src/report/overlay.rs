//! Pictures of what was found: the scan with its outline, the straightened note with zones, wear and
//! residuals, and the crops behind the findings.

use image::{Rgb, RgbImage};
use imageproc::drawing::{draw_filled_rect_mut, draw_hollow_rect_mut, draw_line_segment_mut};
use imageproc::rect::Rect;

use super::FileRecord;
use crate::features::Face;
use crate::note::RectMm;
use crate::pixels::{Planes, Raster};
use crate::structure::CELLS_PER_MM;
use crate::verdict::{Finding, Outcome};
use crate::wear::MarkKind;

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

/// Pixels for a millimetre of the straightened note.
const NOTE_PX_PER_MM: f64 = 7.0;
const ZONE: Rgb<u8> = Rgb([0, 150, 220]);
const DEVIATES: Rgb<u8> = Rgb([230, 0, 0]);
const AGREES: Rgb<u8> = Rgb([0, 160, 60]);
const UNSEEN: Rgb<u8> = Rgb([128, 128, 128]);
/// Tints of wear: hidden, stained, creases, strokes of a pen, letters, other marks.
const WEAR: [[f32; 3]; 6] = [
    [255.0, 0.0, 255.0],
    [255.0, 140.0, 0.0],
    [0.0, 200.0, 200.0],
    [60.0, 60.0, 255.0],
    [255.0, 0.0, 0.0],
    [160.0, 0.0, 160.0],
];

/// The straightened side with its zones (blue), the places of deviations (red) and wear (tinted: hidden
/// magenta, stains orange, creases cyan, strokes blue, letters red, other marks purple); below it, where it
/// was compared, what is darker (red) and lighter (blue) than genuine notes. `None` where it cannot be cut out.
pub fn note(face: &Face<'_>, findings: &[Finding]) -> Option<RgbImage> {
    let mut upper = picture(&face.crop(face.whole(), NOTE_PX_PER_MM)?);
    let (width, height) = upper.dimensions();
    let view = face.view().ok();
    let cell = |x: u32, y: u32| {
        let at = |v: u32| (f64::from(v) / NOTE_PX_PER_MM * CELLS_PER_MM) as usize;
        (at(y), at(x))
    };
    if let Some((view, _)) = view {
        let wear = &view.wear;
        let mut tints = ndarray::Array2::<u8>::zeros(wear.hidden.dim());
        for (tint, (hidden, stained)) in tints.iter_mut().zip(wear.hidden.iter().zip(&wear.stained))
        {
            if *hidden > 0.0 {
                *tint = 1;
            } else if *stained {
                *tint = 2;
            }
        }
        for mark in &wear.marks {
            let tint = match mark.kind {
                MarkKind::Crease => 3,
                MarkKind::Stroke => 4,
                MarkKind::Letter => 5,
                MarkKind::Blot => 6,
            };
            for at in &mark.region.cells {
                tints[*at] = tint;
            }
        }
        for (x, y, pixel) in upper.enumerate_pixels_mut() {
            let tint = tints.get(cell(x, y)).copied().unwrap_or(0);
            if let Some(colour) = usize::from(tint).checked_sub(1).and_then(|k| WEAR.get(k)) {
                for (v, c) in pixel.0.iter_mut().zip(colour) {
                    *v = (0.5 * f32::from(*v) + 0.5 * c) as u8;
                }
            }
        }
    }
    for zone in face.design.zones.iter().filter(|z| z.side == face.side) {
        frame(&mut upper, zone.rect_mm, ZONE);
    }
    for finding in findings.iter().filter(|f| f.outcome == Outcome::Deviates) {
        if let Some(rect) = finding.zone_mm {
            frame(&mut upper, rect.grown(-0.4), DEVIATES);
        }
    }
    let Some((view, structure)) = view else {
        return Some(upper);
    };
    let off = &view.aligned.contrast - &structure.print.mean;
    let lower = RgbImage::from_fn(width, height, |x, y| {
        let at = cell(x, y);
        if view.open.get(at).is_none_or(|open| *open == 0.0) {
            return UNSEEN;
        }
        let off = off.get(at).copied().unwrap_or(0.0).clamp(-2.0, 2.0) / 2.0;
        let fade = |v: f32| (255.0 * (1.0 - v.max(0.0))) as u8;
        if off < 0.0 {
            Rgb([255, fade(-off), fade(-off)])
        } else {
            Rgb([fade(off), fade(off), 255])
        }
    });
    let mut both = RgbImage::new(width, 2 * height);
    image::imageops::replace(&mut both, &upper, 0, 0);
    image::imageops::replace(&mut both, &lower, 0, i64::from(height));
    Some(both)
}

/// Height of the strip of crops, px.
const STRIP: u32 = 110;
/// Places larger than this are shown by their middle, mm.
const LONGEST_CROP: f64 = 32.0;

/// The places behind the findings, side by side in their order, each under a bar that says what came of it:
/// green agrees, red deviates, grey was not examined. `None` without any place.
pub fn crops(face: &Face<'_>, findings: &[Finding]) -> Option<RgbImage> {
    let mut shown: Vec<(RgbImage, Rgb<u8>)> = Vec::new();
    for finding in findings {
        let Some(rect) = finding.zone_mm else {
            continue;
        };
        let (width, height) = (rect.width.min(LONGEST_CROP), rect.height.min(LONGEST_CROP));
        let middle = RectMm::from([
            rect.x + (rect.width - width) / 2.0,
            rect.y + (rect.height - height) / 2.0,
            width,
            height,
        ]);
        let Some(planes) = face.crop(middle, f64::from(STRIP - 10) / height.max(1.0)) else {
            continue;
        };
        let bar = match finding.outcome {
            Outcome::Agrees => AGREES,
            Outcome::Deviates => DEVIATES,
            Outcome::NotExamined => UNSEEN,
        };
        shown.push((picture(&planes), bar));
    }
    let width: u32 = shown.iter().map(|(crop, _)| crop.width() + 6).sum();
    if width == 0 {
        return None;
    }
    let mut strip = RgbImage::from_pixel(width, STRIP, Rgb([255; 3]));
    let mut left = 3;
    for (crop, bar) in &shown {
        let rect = Rect::at(left, 0).of_size(crop.width().max(1), 6);
        draw_filled_rect_mut(&mut strip, rect, *bar);
        image::imageops::replace(&mut strip, crop, i64::from(left), 8);
        left += crop.width() as i32 + 6;
    }
    Some(strip)
}

fn picture(planes: &Planes) -> RgbImage {
    let (_, rows, columns) = planes.dim();
    RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
        Rgb([0, 1, 2].map(|c| planes[[c, y as usize, x as usize]] as u8))
    })
}

fn frame(picture: &mut RgbImage, rect: RectMm, colour: Rgb<u8>) {
    let px = |mm: f64| (mm * NOTE_PX_PER_MM).round();
    let size = |mm: f64| px(mm).max(2.0) as u32;
    let place = Rect::at(px(rect.x) as i32, px(rect.y) as i32);
    let rect = place.of_size(size(rect.width), size(rect.height));
    draw_hollow_rect_mut(picture, rect, colour);
}
