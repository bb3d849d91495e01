//! A scan at another resolution.
//!
//! By Lanczos's kernel of three lobes, which passes what the sampling can carry: bilinear interpolation would
//! soften every scan, as no scanner does (Duchon, "Lanczos filtering in one and two dimensions", 1979). What
//! `image::imageops::resize` makes, a few times as fast: enrolment draws every scan six times anew.

use std::f32::consts::PI;

use crate::pixels::{Planes, Raster};

/// Reach of the kernel, samples of the coarser of both scans.
const LOBES: f32 = 3.0;
/// Rows that are made together: what is added up along them then lies side by side.
const LANES: usize = 16;
/// Larger scans are not drawn again, pixels.
const MOST_PIXELS: f64 = 40e6;

/// The scan so many times as wide and as high, levels of 255, those beyond black and white cut. `None` for an empty
/// or absurdly large one.
pub fn rescaled(raster: &Raster, [across, down]: [f64; 2]) -> Option<Planes> {
    let columns = (raster.width() as f64 * across).round();
    let rows = (raster.height() as f64 * down).round();
    if !(columns >= 1.0 && rows >= 1.0 && columns * rows <= MOST_PIXELS) {
        return None;
    }
    let (columns, rows) = (columns as usize, rows as usize);
    let levels: Vec<f32> = match raster {
        Raster::Eight(image) => image.iter().map(|v| f32::from(*v) / 255.0).collect(),
        Raster::Sixteen(image) => image.iter().map(|v| f32::from(*v) / 65535.0).collect(),
    };
    let width = 3 * raster.width();
    let taps_down = taps(raster.height(), rows);
    let taps_across = taps(raster.width(), columns);
    let mut out = Planes::zeros((3, rows, columns));
    let mut line = vec![0.0f32; width];
    // Each pixel of a row, for all rows that are made together: as high as they will be, then as wide.
    let mut high = vec![[[0.0f32; LANES]; 3]; raster.width()];
    let mut made = vec![[[0.0f32; LANES]; 3]; columns];
    for top in (0..rows).step_by(LANES) {
        for (lane, tap) in taps_down.iter().skip(top).take(LANES).enumerate() {
            line.fill(0.0);
            let from = levels.chunks_exact(width).skip(tap.first);
            for (weight, row) in tap.weights.iter().zip(from) {
                for (sum, v) in line.iter_mut().zip(row) {
                    *sum += v * weight;
                }
            }
            for (lanes, v) in high.as_flattened_mut().iter_mut().zip(&line) {
                lanes[lane] = *v;
            }
        }
        for (sums, tap) in made.iter_mut().zip(&taps_across) {
            *sums = weighed(high.get(tap.first..).unwrap_or(&[]), &tap.weights);
        }
        for (channel, mut plane) in out.outer_iter_mut().enumerate() {
            let rows = plane.outer_iter_mut().skip(top).take(LANES);
            for (lane, mut row) in rows.enumerate() {
                for (out, made) in row.iter_mut().zip(&made) {
                    *out = made[channel][lane].clamp(0.0, 1.0) * 255.0;
                }
            }
        }
    }
    Some(out)
}

/// The sum of pixels by their weights, each of many rows.
fn weighed(pixels: &[[[f32; LANES]; 3]], weights: &[f32]) -> [[f32; LANES]; 3] {
    let mut sums = [[0.0f32; LANES]; 3];
    for (weight, pixel) in weights.iter().zip(pixels) {
        for (sums, samples) in sums.iter_mut().zip(pixel) {
            for (sum, v) in sums.iter_mut().zip(samples) {
                *sum += v * weight;
            }
        }
    }
    sums
}

/// What one sample is made of.
struct Tap {
    /// The first sample that counts.
    first: usize,
    /// The weights of it and of those that follow; all of them add up to 1.
    weights: Vec<f32>,
}

/// For each of `to` samples, which of `from` make it.
fn taps(from: usize, to: usize) -> Vec<Tap> {
    let step = from as f32 / to as f32;
    // Made smaller, a scan is softened as much as the coarser sampling asks for.
    let stretch = step.max(1.0);
    let reach = LOBES * stretch;
    (0..to)
        .map(|at| {
            let middle = (at as f32 + 0.5) * step;
            let first = ((middle - reach).floor().max(0.0) as usize).min(from.saturating_sub(1));
            let end = ((middle + reach).ceil() as usize).clamp(first + 1, from.max(first + 1));
            let mut weights: Vec<f32> = (first..end)
                .map(|sample| lanczos((sample as f32 - (middle - 0.5)) / stretch))
                .collect();
            let sum: f32 = weights.iter().sum();
            weights.iter_mut().for_each(|w| *w /= sum);
            Tap { first, weights }
        })
        .collect()
}

fn lanczos(x: f32) -> f32 {
    let sinc = |x: f32| {
        if x == 0.0 {
            1.0
        } else {
            (x * PI).sin() / (x * PI)
        }
    };
    if x.abs() < LOBES {
        sinc(x) * sinc(x / LOBES)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use image::imageops::{FilterType, resize};
    use image::{DynamicImage, ImageBuffer, Rgb, RgbImage};

    fn texture(x: u32, y: u32, channel: u32) -> u32 {
        (x * 37 + y * 101 + channel * 59 + x * y) % 89
    }

    #[test]
    fn scans_are_rescaled_as_the_image_crate_does_it() {
        let eight = RgbImage::from_fn(61, 37, |x, y| {
            Rgb([0, 1, 2].map(|c| (texture(x, y, c) * 2 + 70) as u8))
        });
        let sixteen = ImageBuffer::from_fn(20, 35, |x, y| {
            Rgb([0, 1, 2].map(|c| (texture(x, y, c) * 700) as u16))
        });
        for raster in [Raster::Eight(eight), Raster::Sixteen(sixteen)] {
            for scale in [[0.7, 0.9], [1.25, 1.2], [1.0, 0.71], [0.1, 3.0]] {
                let got = rescaled(&raster, scale).unwrap();
                let (_, rows, columns) = got.dim();
                let image = match &raster {
                    Raster::Eight(image) => DynamicImage::from(image.clone()),
                    Raster::Sixteen(image) => DynamicImage::from(image.clone()),
                };
                let (width, height) = (columns as u32, rows as u32);
                let want = resize(&image.into_rgb32f(), width, height, FilterType::Lanczos3);
                for (x, y, pixel) in want.enumerate_pixels() {
                    for (channel, v) in pixel.0.iter().enumerate() {
                        let got = got[[channel, y as usize, x as usize]];
                        assert!((got - v * 255.0).abs() < 1e-3, "{scale:?}: {got}, {v}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_is_made_of_nothing_and_nothing_absurd() {
        let raster = Raster::Eight(RgbImage::new(30, 20));
        assert!(rescaled(&raster, [0.01, 1.0]).is_none());
        assert!(rescaled(&raster, [1e6, 1e6]).is_none());
        assert!(rescaled(&Raster::Eight(RgbImage::new(0, 0)), [1.0, 1.0]).is_none());
    }
}
