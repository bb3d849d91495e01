//! The same note on other scanners: what a scan would have been like with another resolution, tone
//! curve, colour balance, sharpness, noise and compression.
//!
//! Enrolling on one scanner would call every other scanner a forger. So each genuine scan is also
//! measured as several other scanners would have shown it, and the ranges expected of genuine notes
//! include what scanners do. Nothing here looks at a forgery.

use image::RgbImage;
use ndarray::{Array1, ArrayView1, ArrayViewMut1, Axis, Zip, aview1};

use super::lanczos::rescaled;
use crate::pixels::{Planes, Raster};
use crate::reference::Shown;
use crate::specimen::{Format, Subsampling, encode};

/// Ranges that scanners are drawn from: resolution relative to the scan at hand, exponent on encoded
/// levels, factors on the three channels, by how much more of the blur lies along the rows than down them, standard
/// deviation of noise in levels, JPEG quality.
const SCALE: (f64, f64) = (0.7, 1.25);
/// Sheet-fed scanners stretch by up to 4 % along the feed, flatbeds do not.
const STRETCH: (f64, f64) = (-0.03, 0.03);
const GAMMA: (f64, f64) = (0.85, 1.2);
const CAST: (f64, f64) = (0.93, 1.05);
/// Filters and drivers differ in how much of each colour they mix into the others: colours about grey, factor.
const SATURATION: (f64, f64) = (0.9, 1.1);
const ALONG: (f64, f64) = (-0.5, 0.5);
const NOISE: (f64, f64) = (0.0, 2.5);
const QUALITY: (f64, f64) = (82.0, 96.0);

/// Ranges of what scanners do to sharpness; every other one sharpens.
struct Sharpness {
    /// Blur beside that of the scan at hand, standard deviation, px.
    blur: (f64, f64),
    /// The same of those that sharpen.
    blur_before: (f64, f64),
    /// Share of what differs from the surroundings that is added.
    sharpening: (f64, f64),
    /// The surroundings, standard deviation, px.
    surroundings: (f64, f64),
}

/// Of scanners about as sharp.
const ALIKE: Sharpness = Sharpness {
    blur: (0.0, 0.35),
    blur_before: (0.0, 0.0),
    sharpening: (0.0, 0.45),
    surroundings: (0.7, 0.7),
};
/// Of any, down to the poorest that is worth using: one pixel and a tenth leave a third of the contrast of lines that
/// are four and a half pixels apart.
const OTHERS: Sharpness = Sharpness {
    blur: (0.0, 1.1),
    blur_before: (0.0, 1.1),
    sharpening: (0.0, 1.2),
    surroundings: (0.7, 1.6),
};

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

/// The scan as another scanner would have made it; the same for the same kind and seed. `None` where it is too
/// large to be drawn again.
pub fn on_another(raster: &Raster, kind: Shown, seed: u64) -> Option<Raster> {
    let sharpness = match kind {
        Shown::AsScanned | Shown::Alike => ALIKE,
        Shown::SofterOrSharper => OTHERS,
    };
    let mut stream = Stream(seed);
    let scale = stream.within(SCALE);
    let stretch = stream.within(STRETCH);
    let gamma = stream.within(GAMMA) as f32;
    let cast = [0; 3].map(|_| stream.within(CAST) as f32);
    let sharpens = stream.next() & 1 == 0;
    let blur = stream.within(if sharpens {
        sharpness.blur_before
    } else {
        sharpness.blur
    });
    let along = stream.within(ALONG);
    let sharpening = stream.within(sharpness.sharpening) as f32;
    let surroundings = stream.within(sharpness.surroundings);
    let noise = stream.within(NOISE) as f32;
    let quality = stream.within(QUALITY) as u8;
    let subsampling = if stream.next() & 1 == 0 {
        Subsampling::Quarter
    } else {
        Subsampling::Half
    };
    // A stream of its own leaves the noise as it was without it.
    let saturation = Stream(!seed).within(SATURATION) as f32;
    let rescaled = rescaled(raster, [scale * (1.0 + stretch), scale])?;
    let mut planes = blurred(&rescaled, [blur * (1.0 - along), blur * (1.0 + along)]);
    if sharpens {
        let around = blurred(&planes, [surroundings; 2]);
        planes.zip_mut_with(&around, |v, around| *v += sharpening * (*v - around));
    }
    let (_, rows, columns) = planes.dim();
    let mut image = RgbImage::new(columns as u32, rows as u32);
    // Step by step along a row: the processor then works on several samples at once.
    let mut line: Vec<f32> = Vec::new();
    for (y, row) in image.chunks_exact_mut(3 * columns.max(1)).enumerate() {
        let [red, green, blue] = [0, 1, 2].map(|c| planes.index_axis(Axis(0), c));
        let pixels = red.row(y).into_iter().zip(green.row(y)).zip(blue.row(y));
        line.clear();
        for ((&red, &green), &blue) in pixels {
            let grey = (red + green + blue) / 3.0;
            line.extend([red, green, blue].map(|level| {
                let level = grey + saturation * (level - grey);
                (level / 255.0).clamp(0.0, 1.0)
            }));
        }
        line.iter_mut().for_each(|level| *level = level.powf(gamma));
        for (out, level) in row.chunks_exact_mut(3).zip(line.chunks_exact(3)) {
            for ((out, level), cast) in out.iter_mut().zip(level).zip(cast) {
                let level = level * cast * 255.0 + noise * stream.noise();
                // The cast cuts to 0 and 255.
                *out = (level + 0.5) as u8;
            }
        }
    }
    let bytes = encode(&image, Format::Jpeg, 300.0, quality, subsampling).ok()?;
    let limits = crate::scan::Limits::default();
    crate::scan::decode(&bytes, std::path::Path::new("another scanner"), &limits)
        .ok()
        .map(|scan| scan.raster)
}

/// Blurred by a Gaussian bell of such standard deviations down the columns and along the rows, px; the edges are
/// taken to go on.
fn blurred(planes: &Planes, [down, along]: [f64; 2]) -> Planes {
    let mut out = planes.clone();
    let [down, along] = [bell(down), bell(along)];
    let reach = along.len() - 1;
    let mut line = Vec::new();
    for mut plane in out.outer_iter_mut() {
        if down.len() > 1 {
            let before = plane.to_owned();
            let last = before.nrows().saturating_sub(1);
            for (y, row) in plane.outer_iter_mut().enumerate() {
                spread(row, &down, |off| {
                    [y.saturating_sub(off), (y + off).min(last)].map(|y| before.row(y))
                });
            }
        }
        if reach == 0 {
            continue;
        }
        for row in plane.outer_iter_mut() {
            let (Some(first), Some(last)) = (row.first().copied(), row.last().copied()) else {
                continue;
            };
            line.clear();
            line.resize(reach, first);
            line.extend(&row);
            line.resize(line.len() + reach, last);
            let columns = row.len();
            spread(row, &along, |off| {
                [reach - off, reach + off].map(|from| aview1(&line[from..from + columns]))
            });
        }
    }
    out
}

/// Weighs a row by the middle of a bell and what lies at each distance on both sides of it by the rest.
fn spread<'v>(
    mut row: ArrayViewMut1<'_, f32>,
    bell: &[f32],
    beside: impl Fn(usize) -> [ArrayView1<'v, f32>; 2],
) {
    let mut sides = Array1::<f32>::zeros(row.len());
    for (off, weight) in bell.iter().enumerate().skip(1) {
        let [a, b] = beside(off);
        Zip::from(&mut sides)
            .and(a)
            .and(b)
            .for_each(|sum, a, b| *sum += weight * (a + b));
    }
    row *= bell[0];
    row += &sides;
}

/// Weights of a Gaussian bell from its middle outwards; all of them, both ways, add up to 1.
fn bell(sigma: f64) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as usize;
    let height = |x: usize| (-0.5 * (x as f64 / sigma.max(1e-3)).powi(2)).exp();
    let whole = 1.0 + 2.0 * (1..=reach).map(height).sum::<f64>();
    (0..=reach).map(|x| (height(x) / whole) as f32).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_bell_spreads_a_point_and_keeps_its_light() {
        let mut point = Planes::zeros((3, 21, 21));
        point[[1, 10, 10]] = 1.0;
        let out = blurred(&point, [0.8, 1.2]);
        assert!((out.sum() - 1.0).abs() < 1e-5);
        let variance = |axis: usize| {
            let values = out.indexed_iter().map(|((_, y, x), v)| {
                let off = [y, x][axis] as f32 - 10.0;
                v * off * off
            });
            values.sum::<f32>()
        };
        assert!((variance(0) - 0.64).abs() < 0.03, "{}", variance(0));
        assert!((variance(1) - 1.44).abs() < 0.06, "{}", variance(1));
        let flat = Planes::from_elem((3, 4, 4), 7.0);
        assert!(
            blurred(&flat, [0.9, 0.0])
                .iter()
                .all(|v| (v - 7.0).abs() < 1e-4)
        );
    }

    #[test]
    fn a_seed_is_a_scanner() {
        let raster = Raster::Eight(RgbImage::from_fn(90, 60, |x, y| {
            image::Rgb([(x * 2) as u8, (y * 4) as u8, 120])
        }));
        let on = |kind, seed| on_another(&raster, kind, seed).unwrap();
        let first = on(Shown::Alike, 5);
        assert_eq!(first, on(Shown::Alike, 5));
        assert_ne!(first, on(Shown::Alike, 6));
        assert_ne!(first, on(Shown::SofterOrSharper, 5));
        let scale = first.width() as f64 / 90.0;
        assert!((SCALE.0 * 0.95..SCALE.1 * 1.05).contains(&scale));
    }
}
