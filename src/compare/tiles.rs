//! Fine detail by tiles: how much luma and colour change from sample to sample, and whether one part
//! of the tiles differs from the rest.

use std::ops::Range;

use ndarray::Array2;

use crate::note::SizeMm;
use crate::pixels::{Plane, Raster, luma_of};
use crate::rectify::homography::Homography;

/// Side of a tile, mm.
pub const TILE_MM: f64 = 4.0;
/// Every how many-th row is read.
const ROW_STEP: usize = 3;
/// Least tiles on either side of a cut.
const LEAST_SIDE: usize = 4;

/// Detail of each tile: logarithm of the mean second difference along the scan's rows, the mean being that of square
/// roots, squared.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// Of luma, scan levels.
    pub luma: Plane,
    /// Of colour (red less green, and blue less green), scan levels.
    pub colour: Plane,
    /// Which tiles lie in the scan.
    pub seen: Array2<bool>,
}

/// Tiles down and along a side.
pub fn shape(size: SizeMm) -> (usize, usize) {
    let count = |mm: f64| (mm / TILE_MM).floor().max(1.0) as usize;
    (count(size.height), count(size.width))
}

/// Measures the tiles of a side on the scan's own samples: nothing is resampled, every third row is
/// read. `map` takes millimetres to scan pixels.
pub fn detail(raster: &Raster, map: &Homography, size: SizeMm) -> Detail {
    let (rows, columns) = shape(size);
    let mut out = Detail {
        luma: Plane::zeros((rows, columns)),
        colour: Plane::zeros((rows, columns)),
        seen: Array2::from_elem((rows, columns), false),
    };
    let (width, height) = (raster.width() as f64, raster.height() as f64);
    let mut line = [(); 3].map(|()| Vec::new());
    for row in 0..rows {
        for column in 0..columns {
            let corner = |right: f64, down: f64| {
                map.apply([
                    (column as f64 + right) * TILE_MM,
                    (row as f64 + down) * TILE_MM,
                ])
            };
            let corners = [
                corner(0.1, 0.1),
                corner(0.9, 0.1),
                corner(0.9, 0.9),
                corner(0.1, 0.9),
            ];
            let range = |axis: usize| {
                let (mut low, mut high) = (f64::MAX, f64::MIN);
                for c in corners {
                    low = low.min(c[axis]);
                    high = high.max(c[axis]);
                }
                (low, high)
            };
            let ((left, right), (top, bottom)) = (range(0), range(1));
            if !(left >= 0.0 && top >= 0.0 && right <= width && bottom <= height) {
                continue;
            }
            let (mut luma, mut colour, mut count) = (0.0f32, 0.0f32, 0.0f32);
            let mut y = top as usize;
            while y < bottom as usize {
                read_row(raster, y, left as usize..right as usize, &mut line);
                let [light, red, blue] = line.each_ref().map(|values| change(values));
                luma += light;
                colour += red + blue;
                count += line[0].len().saturating_sub(2) as f32;
                y += ROW_STEP;
            }
            if count > 0.0 {
                // Half a level: the least that eight bits tell.
                out.luma[[row, column]] = ((luma / count).powi(2) + 0.5).ln();
                out.colour[[row, column]] = ((colour / count).powi(2) + 0.5).ln();
                out.seen[[row, column]] = true;
            }
        }
    }
    out
}

/// Summed roots of the second differences of a line.
fn change(line: &[f32]) -> f32 {
    // Eight sums side by side, which the compiler turns into vector instructions.
    let mut sums = [0.0f32; 8];
    let (second, third) = (line.get(1..).unwrap_or(&[]), line.get(2..).unwrap_or(&[]));
    let (a8, b8, c8) = (
        line.get(..third.len()).unwrap_or(&[]).as_chunks::<8>(),
        second.get(..third.len()).unwrap_or(&[]).as_chunks::<8>(),
        third.as_chunks::<8>(),
    );
    for ((a, b), c) in a8.0.iter().zip(b8.0).zip(c8.0) {
        for (((sum, a), b), c) in sums.iter_mut().zip(a).zip(b).zip(c) {
            *sum += bend(*a, *b, *c);
        }
    }
    let rest = a8.1.iter().zip(b8.1).zip(c8.1);
    sums.iter().sum::<f32>() + rest.map(|((a, b), c)| bend(*a, *b, *c)).sum::<f32>()
}

/// Root of the second difference of three neighbours.
fn bend(a: f32, b: f32, c: f32) -> f32 {
    (a - 2.0 * b + c).abs().sqrt()
}

/// Luma, red less green and blue less green of a piece of a row, each in a line of its own.
fn read_row(raster: &Raster, y: usize, columns: Range<usize>, out: &mut [Vec<f32>; 3]) {
    let [luma, red, blue] = out;
    for line in [&mut *luma, red, blue] {
        line.clear();
        line.resize(columns.len(), 0.0);
    }
    let lines = luma.iter_mut().zip(red).zip(blue);
    if let Raster::Eight(image) = raster {
        let start = y * raster.width();
        let range = 3 * (start + columns.start)..3 * (start + columns.end);
        let samples = image.as_raw().get(range).unwrap_or(&[]);
        for (((luma, red), blue), pixel) in lines.zip(samples.as_chunks::<3>().0) {
            let [r, g, b] = pixel.map(f32::from);
            *luma = luma_of([r, g, b]);
            *red = r - g;
            *blue = b - g;
        }
    } else {
        for (((luma, red), blue), x) in lines.zip(columns) {
            let [r, g, b] = raster.get(x, y).unwrap_or([0.0; 3]);
            *luma = luma_of([r, g, b]);
            *red = r - g;
            *blue = b - g;
        }
    }
}

/// What is left of tile values once a line through (expected, observed) is taken off, in units of
/// each tile's deviation; `None` where a tile is not seen. The line takes in how sharp the scan is.
/// Where neighbouring tiles differ by more than genuine ones do (noise, strong compression), their
/// difference is the unit: it knows nothing of steps between parts.
pub fn standardised(
    observed: &Plane,
    seen: &Array2<bool>,
    mean: &Plane,
    deviation: &Plane,
    floor: f32,
) -> Array2<Option<f32>> {
    let weight = |at: (usize, usize)| {
        if seen[at] {
            1.0 / (deviation[at] * deviation[at] + floor * floor)
        } else {
            0.0
        }
    };
    let (mut w, mut x, mut y, mut xx, mut xy) = (0.0f32, 0.0, 0.0, 0.0, 0.0);
    for (at, &m) in mean.indexed_iter() {
        let (k, v) = (weight(at), observed[at]);
        w += k;
        x += k * m;
        y += k * v;
        xx += k * m * m;
        xy += k * m * v;
    }
    let determinant = w * xx - x * x;
    let (slope, start) = if determinant > 1e-6 {
        let slope = (w * xy - x * y) / determinant;
        (slope, (y - slope * x) / w)
    } else {
        (1.0, if w > 0.0 { (y - x) / w } else { 0.0 })
    };
    let mut off = Array2::from_shape_fn(mean.dim(), |at| {
        seen[at].then(|| (observed[at] - start - slope * mean[at]) / deviation[at].hypot(floor))
    });
    let mut steps: Vec<f32> = off
        .rows()
        .into_iter()
        .flat_map(|row| {
            row.iter()
                .zip(row.iter().skip(1))
                .filter_map(|(a, b)| Some((a.as_ref()? - b.as_ref()?).abs()))
                .collect::<Vec<f32>>()
        })
        .collect();
    let middle = steps.len() / 2;
    if !steps.is_empty() {
        // Median of a normal variable's absolute value is 0.6745 σ; a difference has √2 σ.
        let spread = *steps.select_nth_unstable_by(middle, f32::total_cmp).1
            / (0.6745 * std::f32::consts::SQRT_2);
        off.mapv_inplace(|v| v.map(|v| v / spread.max(1.0)));
    }
    off
}

/// The straight cut, down or across, whose two sides differ most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// Difference of the sides' medians.
    pub step: f32,
    /// True for a cut from top to bottom.
    pub down: bool,
    /// Tiles before it.
    pub at: usize,
}

/// Finds the cut with the greatest difference; `None` where too few tiles are seen.
pub fn best_cut(values: &Array2<Option<f32>>) -> Option<Cut> {
    let (rows, columns) = values.dim();
    // In order, so that the middle of either side is found by counting.
    let mut ordered: Vec<((usize, usize), f32)> = values
        .indexed_iter()
        .filter_map(|(at, value)| Some((at, (*value)?)))
        .collect();
    ordered.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut best: Option<Cut> = None;
    for (down, count) in [(true, columns), (false, rows)] {
        let place = |(row, column): (usize, usize)| if down { column } else { row };
        for at in LEAST_SIDE..(count + 1).saturating_sub(LEAST_SIDE) {
            let first = ordered.iter().filter(|(tile, _)| place(*tile) < at).count();
            let median = |size: usize, second: bool| {
                if size < LEAST_SIDE * LEAST_SIDE {
                    return None;
                }
                let mut side = ordered
                    .iter()
                    .filter(|(tile, _)| (place(*tile) >= at) == second);
                side.nth(size / 2).map(|(_, value)| *value)
            };
            if let (Some(first), Some(second)) =
                (median(first, false), median(ordered.len() - first, true))
            {
                let step = (first - second).abs();
                if best.is_none_or(|b| step > b.step) {
                    best = Some(Cut { step, down, at });
                }
            }
        }
    }
    best
}

/// The largest mean, either way, of 3 × 3 neighbouring tiles about the median of all, and its tile.
pub fn oddest_patch(values: &Array2<Option<f32>>) -> Option<(f32, (usize, usize))> {
    let mut all: Vec<f32> = values.iter().flatten().copied().collect();
    all.sort_by(f32::total_cmp);
    let middle = *all.get(all.len() / 2)?;
    let (rows, columns) = values.dim();
    let mut best: Option<(f32, (usize, usize))> = None;
    for row in 1..rows.saturating_sub(1) {
        for column in 1..columns.saturating_sub(1) {
            let (mut sum, mut count) = (0.0, 0);
            for r in row - 1..=row + 1 {
                for c in column - 1..=column + 1 {
                    if let Some(v) = values[[r, c]] {
                        sum += v - middle;
                        count += 1;
                    }
                }
            }
            if count >= 7 {
                let mean = (sum / count as f32).abs();
                if best.is_none_or(|b| mean > b.0) {
                    best = Some((mean, (row, column)));
                }
            }
        }
    }
    best
}
