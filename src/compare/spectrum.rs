//! What fineness the contrast of small square windows has: power spectra, and contrast at a distance.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Window sides that transform fast; [`fast_side`] picks among them.
const SIDES: [usize; 19] = [
    8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 54, 60, 64, 72, 80, 90, 96, 108, 128,
];

/// The fast window side nearest to a length in pixels.
pub fn fast_side(length: f64) -> usize {
    let mut best = SIDES[0];
    for side in SIDES {
        if (side as f64 - length).abs() < (best as f64 - length).abs() {
            best = side;
        }
    }
    best
}

/// A two-dimensional Fourier transform of square windows of one side, with a Hann taper.
pub struct Transform {
    side: usize,
    rows: Arc<dyn RealToComplex<f32>>,
    columns: Arc<dyn Fft<f32>>,
    taper: Vec<f32>,
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transform")
            .field("side", &self.side)
            .finish()
    }
}

impl Transform {
    /// Plans windows of `side` × `side`.
    pub fn new(side: usize) -> Self {
        let side = side.max(2);
        Self {
            side,
            rows: RealFftPlanner::new().plan_fft_forward(side),
            columns: FftPlanner::new().plan_fft_forward(side),
            taper: hann(side),
        }
    }

    /// Power of a window of `side`² values: side × (side / 2 + 1), row for row (frequency down: 0,
    /// 1, … side / 2, then the negative ones), columns from frequency 0 upwards. One-sided: all values
    /// add up to the window's tapered variance. All 0 for a window of another size.
    pub fn power(&self, window: &[f32]) -> Vec<f32> {
        let (n, half) = (self.side, self.side / 2 + 1);
        let mut power = vec![0.0; n * half];
        if window.len() != n * n {
            return power;
        }
        let mean = window.iter().sum::<f32>() / window.len() as f32;
        let mut line = vec![0.0f32; n];
        let mut spectrum = vec![Complex::new(0.0f32, 0.0); half];
        let mut scratch = self.rows.make_scratch_vec();
        // Transposed: each column of the spectrum lies together for the second pass.
        let mut turned = vec![Complex::new(0.0f32, 0.0); half * n];
        for (row, (values, &down)) in window.chunks_exact(n).zip(&self.taper).enumerate() {
            for ((t, &v), &across) in line.iter_mut().zip(values).zip(&self.taper) {
                *t = (v - mean) * across * down;
            }
            // Fails only on lengths that do not fit, and these do.
            if self
                .rows
                .process_with_scratch(&mut line, &mut spectrum, &mut scratch)
                .is_err()
            {
                return power;
            }
            for (column, &value) in spectrum.iter().enumerate() {
                turned[column * n + row] = value;
            }
        }
        let mut scratch = vec![Complex::new(0.0f32, 0.0); self.columns.get_inplace_scratch_len()];
        self.columns.process_with_scratch(&mut turned, &mut scratch);
        let square: f32 = self.taper.iter().map(|w| w * w).sum();
        let norm = 1.0 / (square * square * (n * n) as f32);
        for (column, values) in turned.chunks_exact(n).enumerate() {
            let fold = if column == 0 || 2 * column == n {
                1.0
            } else {
                2.0
            };
            for (row, value) in values.iter().enumerate() {
                power[row * half + column] = value.norm_sqr() * norm * fold;
            }
        }
        power
    }

    /// The frequency of each value of [`Transform::power`], cycles a pixel: (across, down), row for row.
    pub fn frequencies(&self) -> impl Iterator<Item = (f64, f64)> + use<> {
        let (n, half) = (self.side, self.side / 2 + 1);
        (0..n).flat_map(move |row| {
            let down = if 2 * row > n {
                row as f64 - n as f64
            } else {
                row as f64
            };
            (0..half).map(move |column| (column as f64 / n as f64, down / n as f64))
        })
    }

    /// The window's side, px.
    pub fn side(&self) -> usize {
        self.side
    }
}

/// Hann's taper of so many values, none of them 0.
pub fn hann(count: usize) -> Vec<f32> {
    let step = std::f32::consts::TAU / (count + 1) as f32;
    (1..=count)
        .map(|i| 0.5 - 0.5 * (step * i as f32).cos())
        .collect()
}

/// Which band each value of a power spectrum falls into, by its frequency whatever its direction.
#[derive(Debug, Clone)]
pub struct Bands {
    band: Vec<u8>,
    count: usize,
}

/// Outside of every band.
const NONE: u8 = u8::MAX;

impl Bands {
    /// Bands between neighbouring `edges`, in cycles a pixel divided by `pixel` (so cycles/mm where
    /// `pixel` is a pixel's length in mm).
    pub fn new(transform: &Transform, edges: &[f64], pixel: f64) -> Self {
        let band = transform
            .frequencies()
            .map(|(across, down)| {
                let frequency = across.hypot(down) / pixel;
                let above = edges.iter().filter(|&&edge| frequency >= edge).count();
                match above {
                    0 => NONE,
                    n if n == edges.len() => NONE,
                    n => (n - 1) as u8,
                }
            })
            .collect();
        Self {
            band,
            count: edges.len().saturating_sub(1),
        }
    }

    /// Variance in each band.
    pub fn energy(&self, power: &[f32]) -> Vec<f64> {
        let mut energy = vec![0.0f64; self.count];
        for (&band, &value) in self.band.iter().zip(power) {
            if let Some(e) = energy.get_mut(usize::from(band)) {
                *e += f64::from(value);
            }
        }
        energy
    }

    /// Mean power in one band; `None` where no frequency falls into it.
    pub fn mean(&self, power: &[f32], wanted: usize) -> Option<f64> {
        let (mut sum, mut count) = (0.0f64, 0.0f64);
        for (&band, &value) in self.band.iter().zip(power) {
            if usize::from(band) == wanted {
                sum += f64::from(value);
                count += 1.0;
            }
        }
        (count > 0.0).then(|| sum / count)
    }

    /// How unevenly the power of one band is spread: the logarithm (base 10) of its arithmetic over its
    /// geometric mean. 0.25 for noise; lines, which put their power into few frequencies, more.
    pub fn concentration(&self, power: &[f32], wanted: usize) -> f64 {
        let (mut sum, mut logs, mut count) = (0.0f64, 0.0f64, 0.0f64);
        for (&band, &value) in self.band.iter().zip(power) {
            if usize::from(band) == wanted {
                sum += f64::from(value);
                logs += f64::from(value.max(1e-20).log10());
                count += 1.0;
            }
        }
        if count == 0.0 {
            return 0.0;
        }
        (sum / count).max(1e-20).log10() - logs / count
    }
}

/// Contrast of a window of `side`² pixels with what lies `reach` px to the left, right, above and below: the mean
/// square. `None` where the window is too small.
pub fn contrast(window: &[f32], side: usize, reach: usize) -> Option<f64> {
    if side <= 2 * reach || window.len() != side * side {
        return None;
    }
    let mut sum = 0.0;
    for y in reach..side - reach {
        let row = |y: usize| window.get(y * side..(y + 1) * side);
        let (above, own, below) = (row(y - reach)?, row(y)?, row(y + reach)?);
        let mut line = 0.0f32;
        for x in reach..side - reach {
            let beside = (own[x - reach] + own[x + reach]) + (above[x] + below[x]);
            let by = own[x] - 0.25 * beside;
            line += by * by;
        }
        sum += f64::from(line);
    }
    Some(sum / ((side - 2 * reach) * (side - 2 * reach)) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_at_its_distance() {
        let n = 12;
        let window = |of: fn(usize, usize) -> f32| -> Vec<f32> {
            (0..n * n).map(|i| of(i % n, i / n)).collect()
        };
        let chequered = window(|x, y| if (x + y) % 2 == 0 { 1.0 } else { -1.0 });
        assert_eq!(contrast(&chequered, n, 1), Some(4.0));
        assert_eq!(contrast(&chequered, n, 2), Some(0.0));
        let slope = window(|x, y| x as f32 - 2.0 * y as f32);
        assert_eq!(contrast(&slope, n, 1), Some(0.0));
        for (side, reach) in [(n, 6), (n - 1, 1)] {
            assert_eq!(contrast(&slope, side, reach), None);
        }
    }

    #[test]
    fn a_wave_shows_at_its_frequency_and_nowhere_else() {
        let n = 32;
        let transform = Transform::new(n);
        let window: Vec<f32> = (0..n * n)
            .map(|i| (std::f32::consts::TAU * (i % n) as f32 * 8.0 / n as f32).cos())
            .collect();
        let bands = Bands::new(&transform, &[0.05, 0.15, 0.35, 0.5], 1.0);
        let energy = bands.energy(&transform.power(&window));
        assert!((energy[1] - 0.5).abs() < 0.05, "{energy:?}");
        let means = [0, 1, 3].map(|band| bands.mean(&transform.power(&window), band));
        assert!(means[1] > means[0] && means[2].is_none(), "{means:?}");
        assert!(energy[0] < 1e-3 && energy[2] < 1e-3, "{energy:?}");
    }

    #[test]
    fn lines_are_more_concentrated_than_noise() {
        let n = 48;
        let transform = Transform::new(n);
        let bands = Bands::new(&transform, &[0.1, 0.4], 1.0);
        let lines: Vec<f32> = (0..n * n)
            .map(|i| ((i % n) as f32 * 1.1 + (i / n) as f32 * 0.6).sin())
            .collect();
        let mut state = 1u32;
        let noise: Vec<f32> = (0..n * n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as f32 / 65_536.0
            })
            .collect();
        let of_noise = bands.concentration(&transform.power(&noise), 0);
        let of_lines = bands.concentration(&transform.power(&lines), 0);
        assert!((of_noise - 0.25).abs() < 0.05, "{of_noise}");
        assert!(of_lines > 1.0, "{of_lines}");
    }

    #[test]
    fn sides_are_the_nearest_fast_ones() {
        assert_eq!(fast_side(62.0), 60);
        assert_eq!(fast_side(1.0), 8);
        assert_eq!(fast_side(1e6), 128);
    }
}
