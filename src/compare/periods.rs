//! Whether the steps between neighbouring pixels grow and shrink with a period, both ways alike: what is left of
//! the pixels of a coarser picture that was enlarged, as interpolation makes values between them smoother than those
//! at them (Gallagher, Detection of linear and cubic interpolation in JPEG compressed images, CRV 2005).

use std::ops::RangeInclusive;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use super::order::quantile;
use super::spectrum::hann;

/// Side of the blocks of JPEG, px: steps across their borders are no more than their neighbours', as compression makes
/// them.
const BLOCK: usize = 8;
/// Steps of so many orders are looked at: first differences, which a picture enlarged by two shows, and second ones,
/// which others do.
const ORDERS: usize = 2;
/// Where among the windows' powers at a frequency the one lies that counts: lines that run the same way in less than
/// half of them are no grid of pixels, which is everywhere.
const VOTE: f64 = 0.5;
/// Frequencies below this are left out everywhere, cycles/px: the print's own.
const LEAST: f64 = 0.13;
/// The surroundings of a frequency reach from and to so many steps of the spectrum; the taper spreads over the nearer.
const AROUND: RangeInclusive<usize> = 3..=6;

/// The spectra, in windows of one side, of how large steps are along the rows and down the columns.
pub struct Periods {
    side: usize,
    fourier: Arc<dyn RealToComplex<f32>>,
    /// Of the steps of each order.
    tapers: [Vec<f32>; ORDERS],
    /// Rows and columns, each by the order of the steps and by frequency, side / 2 + 1 of them: the power in each window.
    powers: [[Vec<Vec<f32>>; ORDERS]; 2],
}

impl std::fmt::Debug for Periods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Periods").field("side", &self.side).finish()
    }
}

impl Periods {
    /// For windows of `side` × `side`.
    pub fn new(side: usize) -> Self {
        let side = side.max(2 * BLOCK);
        let of = || vec![Vec::new(); side / 2 + 1];
        Self {
            side,
            fourier: RealFftPlanner::new().plan_fft_forward(side),
            tapers: [hann(side - 1), hann(side - 2)],
            powers: [[of(), of()], [of(), of()]],
        }
    }

    /// Adds a window whose upper left pixel is the scan's pixel `[left, top]`. One of another size, or without any
    /// steps, says nothing.
    pub fn add(&mut self, window: &[f32], [left, top]: [usize; 2]) {
        if window.len() != self.side * self.side {
            return;
        }
        let [rows, columns] = steps(window, self.side);
        let ways = self.powers.iter_mut().zip([rows, columns]);
        for ((powers, means), first) in ways.zip([left, top]) {
            for (order, (powers, means)) in powers.iter_mut().zip(means).enumerate() {
                let across =
                    |at: usize| (1..=order + 1).any(|by| (first + at + by).is_multiple_of(BLOCK));
                let taper = &self.tapers[order];
                add_spectrum(&*self.fourier, powers, means, taper, across);
            }
        }
    }

    /// How strong the period is that stands out most: its median power over that at the frequencies around it, one way
    /// of the two the less, and its frequency, cycles/px. `None` where no frequency within these is looked at.
    pub fn strongest(&self, within: RangeInclusive<f64>) -> Option<(f64, f64)> {
        let ways = self.powers.each_ref().map(|orders| {
            let [first, second] = orders.each_ref().map(|powers| {
                let vote = |of: &Vec<f32>| quantile(&mut of.clone(), VOTE).unwrap_or(0.0);
                beside_around(&powers.iter().map(vote).collect::<Vec<f32>>(), self.side)
            });
            let best: Vec<f64> = first.iter().zip(second).map(|(a, b)| a.max(b)).collect();
            best
        });
        let [rows, columns] = &ways;
        let near = |way: &[f64], at: usize| {
            let near = way.iter().skip(at.saturating_sub(1)).take(3);
            near.copied().fold(0.0, f64::max)
        };
        let of = |way: &[f64], at: usize| way.get(at).copied().unwrap_or(0.0);
        let (strength, at) = (least(self.side)..=self.side / 2)
            .filter(|at| within.contains(&(*at as f64 / self.side as f64)))
            .map(|at| {
                // Pixels of the scan are not always square to the note's: a step of the spectrum apart is the same.
                let row = of(rows, at).min(near(columns, at));
                let column = of(columns, at).min(near(rows, at));
                (row.max(column), at)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        // Between two steps where both stand out.
        let (mut sum, mut moment) = (0.0, 0.0);
        for at in at.saturating_sub(1)..=(at + 1).min(self.side / 2) {
            let out = (of(rows, at).min(of(columns, at)) - 1.0).max(0.0);
            sum += out;
            moment += out * at as f64;
        }
        let at = if sum > 0.0 { moment / sum } else { at as f64 };
        Some((strength, at / self.side as f64))
    }
}

/// The first value of a spectrum that is looked at.
fn least(side: usize) -> usize {
    (LEAST * side as f64).ceil() as usize
}

/// Mean size of the steps of either order at each place along the rows, and down the columns.
fn steps(window: &[f32], side: usize) -> [[Vec<f32>; ORDERS]; 2] {
    let of = || [vec![0.0f32; side - 1], vec![0.0f32; side - 2]];
    let [mut rows, mut columns] = [of(), of()];
    for row in window.chunks_exact(side) {
        let (next, after) = (row.iter().skip(1), row.iter().skip(2));
        for ((sum, a), b) in rows[0].iter_mut().zip(row).zip(next.clone()) {
            *sum += (b - a).abs();
        }
        for (((sum, a), b), c) in rows[1].iter_mut().zip(row).zip(next).zip(after) {
            *sum += (a - 2.0 * b + c).abs();
        }
    }
    let lines: Vec<&[f32]> = window.chunks_exact(side).collect();
    for (sum, pair) in columns[0].iter_mut().zip(lines.windows(2)) {
        *sum = pair[0]
            .iter()
            .zip(pair[1])
            .map(|(a, b)| (b - a).abs())
            .sum();
    }
    for (sum, three) in columns[1].iter_mut().zip(lines.windows(3)) {
        let of = three[0].iter().zip(three[1]).zip(three[2]);
        *sum = of.map(|((a, b), c)| (a - 2.0 * b + c).abs()).sum();
    }
    [rows, columns]
}

/// Adds the power spectrum of `means`, but for those `across` the borders of blocks, over its own mean.
fn add_spectrum(
    fourier: &dyn RealToComplex<f32>,
    powers: &mut [Vec<f32>],
    mut means: Vec<f32>,
    taper: &[f32],
    across: impl Fn(usize) -> bool,
) {
    let side = fourier.len();
    let inner = means.iter().enumerate().filter(|(at, _)| !across(*at));
    let (total, count) = inner.fold((0.0f32, 0.0f32), |(t, n), (_, v)| (t + v, n + 1.0));
    let mean = total / count;
    if mean.is_nan() || mean <= 0.0 {
        return;
    }
    for (at, (value, taper)) in means.iter_mut().zip(taper).enumerate() {
        *value = if across(at) {
            0.0
        } else {
            (*value - mean) * taper
        };
    }
    means.resize(side, 0.0);
    let mut spectrum = fourier.make_output_vec();
    // Fails only on lengths that do not fit, and these do.
    if fourier.process(&mut means, &mut spectrum).is_err() {
        return;
    }
    let power: Vec<f32> = spectrum.iter().map(|v| v.norm_sqr()).collect();
    let seen = power.get(least(side)..).unwrap_or(&[]);
    let usual = seen.iter().sum::<f32>() / seen.len() as f32;
    if usual > 0.0 {
        for (powers, power) in powers.iter_mut().zip(power) {
            powers.push(power / usual);
        }
    }
}

/// Each value of a spectrum over the mean of those around it, which goes on beyond its end as in a mirror.
fn beside_around(spectrum: &[f32], side: usize) -> Vec<f64> {
    let at = |place: usize| {
        let place = place.min(side.saturating_sub(place));
        spectrum.get(place).filter(|_| place >= least(side))
    };
    let own = spectrum.iter().enumerate();
    own.map(|(place, own)| {
        let around = AROUND.flat_map(|by| [place.checked_sub(by), Some(place + by)]);
        let known = around.flatten().filter_map(at);
        let (total, count) = known.fold((0.0f64, 0.0f64), |(t, n), v| (t + f64::from(*v), n + 1.0));
        f64::from(*own) * count / total.max(1e-9)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIDE: usize = 64;

    /// Sixty windows of what `value` says of each pixel of a scan.
    fn read(value: impl Fn(usize, usize) -> f32) -> Periods {
        let mut periods = Periods::new(SIDE);
        for window in 0..60 {
            let [left, top] = [window % 10 * 71, window / 10 * 67];
            let values: Vec<f32> = (0..SIDE * SIDE)
                .map(|at| value(left + at % SIDE, top + at / SIDE))
                .collect();
            periods.add(&values, [left, top]);
        }
        periods
    }

    /// A number in -1..1 for each cell.
    fn noise(x: usize, y: usize) -> f32 {
        let mut h = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        h = (h ^ (h >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        h ^= h >> 32;
        (h & 0xffff) as f32 / 32_768.0 - 1.0
    }

    /// Noise of so many px a cell, interpolated linearly.
    fn enlarged(x: usize, y: usize, by: f64, from: f64) -> f32 {
        let [u, v] = [x, y].map(|at| at as f64 / by + from);
        let (c, r) = (u as usize, v as usize);
        let [p, q] = [u.fract() as f32, v.fract() as f32];
        let across = |r: usize| noise(c, r) * (1.0 - p) + noise(c + 1, r) * p;
        across(r) * (1.0 - q) + across(r + 1) * q
    }

    #[test]
    fn an_enlarged_picture_shows_its_pixels() {
        for (by, from) in [(2.0, 0.25), (2.5, 0.1), (3.0, 0.3)] {
            let periods = read(|x, y| enlarged(x, y, by, from) + 0.1 * noise(x, y + 5000));
            let (strength, frequency) = periods.strongest(0.28..=0.5).unwrap();
            assert!(strength > 3.0, "{by}: {strength}");
            assert!((frequency - 1.0 / by).abs() < 0.02, "{by}: {frequency}");
        }
    }

    #[test]
    fn noise_has_none_and_neither_has_a_blurred_picture() {
        let smooth = |x: usize, y: usize| {
            let of = |dx, dy| noise(x + dx, y + dy);
            (0..9).map(|at| of(at % 3, at / 3)).sum::<f32>() / 9.0 + 0.1 * noise(x, y + 5000)
        };
        for periods in [read(noise), read(smooth)] {
            let (strength, _) = periods.strongest(0.28..=0.5).unwrap();
            assert!(strength < 1.5, "{strength}");
        }
    }

    #[test]
    fn the_blocks_of_jpeg_are_left_out() {
        let blocks = |x: usize, y: usize| noise(x, y) + 6.0 * noise(x / BLOCK, y / BLOCK + 7000);
        let (strength, _) = read(blocks).strongest(0.28..=0.5).unwrap();
        assert!(strength < 1.5, "{strength}");
    }

    #[test]
    fn what_has_a_period_one_way_alone_does_not_count() {
        let ruled = |x: usize, y: usize| {
            let line = if x.is_multiple_of(3) { 4.0 } else { 0.0 };
            line * noise(x / 3, y) + noise(x, y + 5000)
        };
        let (strength, _) = read(ruled).strongest(0.28..=0.5).unwrap();
        assert!(strength < 1.5, "{strength}");
    }

    #[test]
    fn nothing_is_said_where_nothing_was_seen() {
        let mut periods = Periods::new(SIDE);
        periods.add(&[1.0; SIDE * SIDE], [0, 0]);
        periods.add(&[1.0; 12], [0, 0]);
        assert_eq!(periods.strongest(0.3..=0.5).map(|s| s.0), Some(0.0));
        assert_eq!(periods.strongest(0.6..=0.7), None);
    }
}
