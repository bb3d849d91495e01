//! The same note on other scanners: what a scan would have been like with another resolution, tone
//! curve, colour balance, sharpness, noise and compression.
//!
//! Enrolling on one scanner would call every other scanner a forger. So each genuine scan is also
//! measured as several other scanners would have shown it, and the ranges expected of genuine notes
//! include what scanners do. Nothing here looks at a forgery.

use image::imageops::{FilterType, resize};
use image::{DynamicImage, RgbImage};

use crate::pixels::{Planes, Raster};
use crate::specimen::{Format, Subsampling, encode};

/// Ranges that scanners are drawn from: resolution relative to the scan at hand, exponent on encoded
/// levels, factors on the three channels, weight of neighbours (positive blurs, negative sharpens),
/// standard deviation of noise in levels, JPEG quality.
const SCALE: (f64, f64) = (0.7, 1.25);
const GAMMA: (f64, f64) = (0.85, 1.2);
const CAST: (f64, f64) = (0.93, 1.05);
const NEIGHBOURS: (f64, f64) = (-0.08, 0.06);
const NOISE: (f64, f64) = (0.0, 2.5);
const QUALITY: (f64, f64) = (82.0, 96.0);
/// Larger scans are not drawn again, pixels.
const MOST_PIXELS: f64 = 40e6;

/// A fixed stream of numbers for a seed (SplitMix64; Steele, Lea & Flood 2014).
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn within(&mut self, (low, high): (f64, f64)) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal, standard deviation 1: the sum of four uniform numbers.
    fn noise(&mut self) -> f32 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|k| (bits >> (16 * k)) & 0xffff).sum();
        (sum as f32 / 65535.0 - 2.0) * 1.732
    }
}

/// The scan as another scanner would have made it; the same for the same seed. `None` where it is too
/// large to be drawn again.
pub fn on_another(raster: &Raster, seed: u64) -> Option<Raster> {
    let mut stream = Stream(seed);
    let scale = stream.within(SCALE);
    let gamma = stream.within(GAMMA) as f32;
    let cast = [0; 3].map(|_| stream.within(CAST) as f32);
    let neighbours = stream.within(NEIGHBOURS) as f32;
    let noise = stream.within(NOISE) as f32;
    let quality = stream.within(QUALITY) as u8;
    let subsampling = if stream.next() & 1 == 0 {
        Subsampling::Quarter
    } else {
        Subsampling::Half
    };
    let planes = filtered(&rescaled(raster, scale)?, neighbours);
    let (_, rows, columns) = planes.dim();
    let image = RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
        image::Rgb([0, 1, 2].map(|channel| {
            let level = (planes[[channel, y as usize, x as usize]] / 255.0).clamp(0.0, 1.0);
            let level = level.powf(gamma) * cast[channel] * 255.0 + noise * stream.noise();
            level.round().clamp(0.0, 255.0) as u8
        }))
    });
    let bytes = encode(&image, Format::Jpeg, 300.0, quality, subsampling).ok()?;
    let limits = crate::scan::Limits::default();
    crate::scan::decode(&bytes, std::path::Path::new("another scanner"), &limits)
        .ok()
        .map(|scan| scan.raster)
}

/// The scan at another resolution, levels of 255. By Lanczos's kernel, which passes what the sampling can
/// carry: bilinear interpolation would soften every scan, as no scanner does. `None` for an empty or
/// absurdly large one.
fn rescaled(raster: &Raster, scale: f64) -> Option<Planes> {
    let side = |length: usize| (length as f64 * scale).round();
    let (columns, rows) = (side(raster.width()), side(raster.height()));
    if !(columns >= 1.0 && rows >= 1.0 && columns * rows <= MOST_PIXELS) {
        return None;
    }
    let (columns, rows) = (columns as u32, rows as u32);
    let image = match raster {
        Raster::Eight(image) => DynamicImage::from(image.clone()),
        Raster::Sixteen(image) => DynamicImage::from(image.clone()),
    };
    let image = resize(&image.into_rgb32f(), columns, rows, FilterType::Lanczos3);
    let mut out = Planes::zeros((3, rows as usize, columns as usize));
    for (x, y, pixel) in image.enumerate_pixels() {
        for (channel, v) in pixel.0.iter().enumerate() {
            out[[channel, y as usize, x as usize]] = v * 255.0;
        }
    }
    Some(out)
}

/// Each sample mixed with its four neighbours, each at `weight`; the edges stay.
fn filtered(planes: &Planes, weight: f32) -> Planes {
    let mut out = planes.clone();
    let (channels, rows, columns) = planes.dim();
    for channel in 0..channels {
        for row in 1..rows.saturating_sub(1) {
            for column in 1..columns.saturating_sub(1) {
                let around = planes[[channel, row - 1, column]]
                    + planes[[channel, row + 1, column]]
                    + planes[[channel, row, column - 1]]
                    + planes[[channel, row, column + 1]];
                out[[channel, row, column]] =
                    planes[[channel, row, column]] * (1.0 - 4.0 * weight) + around * weight;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_seed_is_a_scanner() {
        let raster = Raster::Eight(RgbImage::from_fn(90, 60, |x, y| {
            image::Rgb([(x * 2) as u8, (y * 4) as u8, 120])
        }));
        let first = on_another(&raster, 5).unwrap();
        assert_eq!(first, on_another(&raster, 5).unwrap());
        assert_ne!(first, on_another(&raster, 6).unwrap());
        let scale = first.width() as f64 / 90.0;
        assert!((SCALE.0 - 0.02..SCALE.1 + 0.02).contains(&scale));
    }
}
