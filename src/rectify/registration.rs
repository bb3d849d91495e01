//! Registration of a sampled grid to a reference grid by block matching.
//!
//! Both grids hold normalised local contrast, so soil, lighting and ink colour fall out and only the
//! printed structure speaks. Blocks vote for a map; blocks that a fold, a stain or another motif
//! covers are outvoted.

use ndarray::{Array2, ArrayView2, Axis, Zip};

use super::homography::{Homography, Point};
use crate::pixels::{Lattice, Plane, box_mean, window};

/// Blocks down and along the grid.
const BLOCKS: (usize, usize) = (4, 8);

/// Share of the grid's energy that may disagree without lowering the score: a folded corner, a stain.
const FORGIVEN: f32 = 0.2;

/// Fewest votes that fix a homography.
pub const LEAST_VOTES: usize = 16;

/// Half width of the window of [`local_contrast`], cells.
const WINDOW: usize = 5;

/// Local contrast: deviation from the local mean in units of the local standard deviation, within
/// windows of 11 × 11 cells. The deviation is floored at a quarter of the whole plane's, so that flat
/// areas do not turn their noise into structure; the result is clipped to ±3.
pub fn local_contrast(plane: &Plane) -> Plane {
    let n = plane.len().max(1) as f32;
    let mean = plane.sum() / n;
    let variance = plane.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
    let floor = (0.25 * variance.sqrt()).max(0.5);
    let centred = plane.mapv(|v| v - mean);
    let local = box_mean(&centred, WINDOW);
    let square = box_mean(&centred.mapv(|v| v * v), WINDOW);
    let mut out = centred;
    Zip::from(&mut out)
        .and(&local)
        .and(&square)
        .for_each(|v, &m, &q| {
            let spread = ((q - m * m).max(0.0) + floor * floor).sqrt();
            *v = ((*v - m) / spread).clamp(-3.0, 3.0);
        });
    out
}

/// A grid sampled with a margin, so that it can be matched at shifts.
#[derive(Debug, Clone)]
pub struct PaddedGrid {
    /// Local contrast, (rows + 2 `margin`) × (columns + 2 `margin`); 0 where nothing was seen.
    pub contrast: Plane,
    /// 1 where the scan was seen, else 0.
    pub seen: Array2<f32>,
    /// Cells added on every side.
    pub margin: usize,
}

impl PaddedGrid {
    /// Samples a luma plane: `map` takes grid cells (cell (0, 0) spans 0..1) to the plane's pixels.
    /// Each cell is the mean of 2 × 2 samples.
    pub fn sample(
        plane: &Plane,
        map: &Homography,
        rows: usize,
        columns: usize,
        margin: usize,
    ) -> Self {
        let (height, width) = plane.dim();
        let lattice = Lattice::new(plane.view());
        let shape = (rows + 2 * margin, columns + 2 * margin);
        let mut grid = Plane::zeros(shape);
        let mut seen = Array2::zeros(shape);
        let mut sum = 0.0f64;
        let mut count = 0.0f64;
        let start = 0.25 - margin as f64;
        let (right, bottom) = (width as f64, height as f64);
        let cells = grid.rows_mut().into_iter().zip(seen.rows_mut());
        for (row, (mut values, mut seen)) in cells.enumerate() {
            let mut lines =
                [0.0, 0.5].map(|half| map.along_row(start, start + row as f64 + half, 0.5));
            for (cell, visible) in values.iter_mut().zip(seen.iter_mut()) {
                let mut value = 0.0;
                let mut inside = 0.0;
                for line in &mut lines {
                    for _ in 0..2 {
                        let [x, y] = line.next_point();
                        if x >= 0.0 && y >= 0.0 && x <= right && y <= bottom {
                            value += lattice.at(x, y);
                            inside += 1.0;
                        }
                    }
                }
                if inside > 2.0 {
                    *cell = value / inside;
                    *visible = 1.0;
                    sum += f64::from(*cell);
                    count += 1.0;
                }
            }
        }
        let mean = (sum / count.max(1.0)) as f32;
        Zip::from(&mut grid).and(&seen).for_each(|v, &s| {
            if s == 0.0 {
                *v = mean;
            }
        });
        let mut contrast = local_contrast(&grid);
        contrast *= &seen;
        Self {
            contrast,
            seen,
            margin,
        }
    }

    /// The grid without its margin.
    pub fn core(&self) -> Plane {
        let m = self.margin;
        let (rows, columns) = self.contrast.dim();
        window(&self.contrast.view(), m..rows - m, m..columns - m).to_owned()
    }

    /// What was seen, without the margin.
    pub fn core_seen(&self) -> Plane {
        let m = self.margin;
        let (rows, columns) = self.seen.dim();
        window(&self.seen.view(), m..rows - m, m..columns - m).to_owned()
    }

    /// The grid as seen with the note turned by 180°.
    pub fn turned(&self) -> Self {
        let half = |a: &Array2<f32>| {
            let mut view = a.view();
            view.invert_axis(Axis(0));
            view.invert_axis(Axis(1));
            view.as_standard_layout().into_owned()
        };
        Self {
            contrast: half(&self.contrast),
            seen: half(&self.seen),
            margin: self.margin,
        }
    }
}

/// A grid at half the resolution, for a first look.
#[derive(Debug, Clone)]
pub struct Glance {
    half: Plane,
    /// Sum of the squares of all but the outermost cells, at shifts of up to one cell down and along.
    energy: [[f32; 3]; 3],
}

impl Glance {
    /// Halves a grid: each value is the mean of 2 × 2 cells.
    pub fn of(grid: &ArrayView2<'_, f32>) -> Self {
        let (rows, columns) = grid.dim();
        let half = Plane::from_shape_fn((rows / 2, columns / 2), |(r, c)| {
            0.25 * (grid[[2 * r, 2 * c]]
                + grid[[2 * r + 1, 2 * c]]
                + grid[[2 * r, 2 * c + 1]]
                + grid[[2 * r + 1, 2 * c + 1]])
        });
        let view = half.view();
        let energy = [0, 1, 2].map(|dy| {
            [0, 1, 2].map(|dx| {
                let part = inner(&view, dy, dx);
                dot(&part, &part)
            })
        });
        Self { half, energy }
    }

    /// Correlation coefficient with a grid of the same shape about zero, best over shifts of up to one
    /// cell.
    pub fn agreement(&self, reference: &Self) -> f32 {
        let (rows, columns) = reference.half.dim();
        if self.half.dim() != (rows, columns) || rows < 3 || columns < 3 {
            return 0.0;
        }
        let (observed, reference_half) = (self.half.view(), reference.half.view());
        let wanted = inner(&reference_half, 1, 1);
        let mut best = 0.0f32;
        for (dy, energies) in self.energy.iter().enumerate() {
            for (dx, energy) in energies.iter().enumerate() {
                let scale = (reference.energy[1][1] * energy).sqrt();
                if scale > 0.0 {
                    best = best.max(dot(&wanted, &inner(&observed, dy, dx)) / scale);
                }
            }
        }
        best
    }
}

/// All but two rows and columns, of which `dy` and `dx` lie before it.
fn inner<'a>(plane: &'a ArrayView2<'_, f32>, dy: usize, dx: usize) -> ArrayView2<'a, f32> {
    let (rows, columns) = plane.dim();
    window(
        plane,
        dy..rows.saturating_sub(2) + dy,
        dx..columns.saturating_sub(2) + dx,
    )
}

/// Sum of the products of two planes of one shape.
pub fn dot(a: &ArrayView2<'_, f32>, b: &ArrayView2<'_, f32>) -> f32 {
    let mut total = 0.0;
    for (x, y) in a.rows().into_iter().zip(b.rows()) {
        total += match (x.as_slice(), y.as_slice()) {
            (Some(x), Some(y)) => dot_lanes(x, y),
            _ => x.dot(&y),
        };
    }
    total
}

/// The place of the greatest value that is a number.
fn at_of(scores: &Array2<f32>) -> (usize, usize) {
    let mut best = ((0, 0), f32::MIN);
    for (at, &score) in scores.indexed_iter() {
        if score > best.1 {
            best = (at, score);
        }
    }
    best.0
}

/// Sums of the squares of all cells above and to the left: (rows + 1) × (columns + 1).
fn square_sums(plane: &Plane) -> Array2<f64> {
    let (rows, columns) = plane.dim();
    let mut sums = Array2::zeros((rows + 1, columns + 1));
    for (r, row) in plane.rows().into_iter().enumerate() {
        let mut line = 0.0;
        for (c, &v) in row.iter().enumerate() {
            line += f64::from(v * v);
            sums[[r + 1, c + 1]] = sums[[r, c + 1]] + line;
        }
    }
    sums
}

/// Dot product in eight running sums, which the compiler turns into vector instructions.
#[inline]
fn dot_lanes(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a8.zip(b8) {
        for (s, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *s += x * y;
        }
    }
    sums.iter().sum::<f32>() + tail
}

/// Correlation of a grid with the reference as it lies, where it was seen; 0 where less than half was.
/// Unlike a registration's score, no block may look for a better place.
pub fn agreement_in_place(observed: &PaddedGrid, reference: &Plane) -> f32 {
    let (core, seen) = (observed.core(), observed.core_seen());
    if core.dim() != reference.dim() || seen.sum() < 0.5 * seen.len() as f32 {
        return 0.0;
    }
    let visible = reference * &seen;
    let (core, visible) = (core.view(), visible.view());
    let scale = (dot(&core, &core) * dot(&visible, &visible)).sqrt();
    if scale > 0.0 {
        dot(&core, &visible) / scale
    } else {
        0.0
    }
}

/// How one block of the reference was found again.
#[derive(Debug, Clone, Copy)]
struct BlockMatch {
    centre: Point,
    found: Point,
    agreement: f32,
    energy: f32,
}

/// A reference grid found again in a sampled one.
#[derive(Debug, Clone)]
pub struct Registration {
    /// From reference cells to observed cells.
    pub map: Homography,
    /// Agreement of structure, -1..=1: energy-weighted mean correlation of the blocks, the worst
    /// fifth of the energy left out.
    pub score: f32,
    /// Root mean square distance of the blocks' votes from the map, cells.
    pub residual: f32,
}

fn match_blocks(observed: &PaddedGrid, reference: &Plane, radius: usize) -> Vec<BlockMatch> {
    let (rows, columns) = reference.dim();
    let (block_rows, block_columns) = (rows / BLOCKS.0, columns / BLOCKS.1);
    let radius = radius.min(observed.margin);
    let (contrast, seen) = (observed.contrast.view(), observed.seen.view());
    let reference = reference.view();
    let squares = square_sums(&observed.contrast);
    let side = 2 * radius + 1;
    let mut out = Vec::with_capacity(BLOCKS.0 * BLOCKS.1);
    for block_row in 0..BLOCKS.0 {
        for block_column in 0..BLOCKS.1 {
            let (top, left) = (block_row * block_rows, block_column * block_columns);
            let patch = window(
                &reference,
                top..top + block_rows,
                left..left + block_columns,
            );
            let energy = dot(&patch, &patch);
            let (y0, x0) = (
                top + observed.margin - radius,
                left + observed.margin - radius,
            );
            let visible = window(
                &seen,
                y0 + radius..y0 + radius + block_rows,
                x0 + radius..x0 + radius + block_columns,
            )
            .sum()
                / (block_rows * block_columns) as f32;
            if visible < 0.6 || energy <= 0.0 {
                continue;
            }
            let score_at = |dy: usize, dx: usize| {
                let (y1, x1) = (y0 + dy, x0 + dx);
                let (y2, x2) = (y1 + block_rows, x1 + block_columns);
                let own =
                    squares[[y2, x2]] - squares[[y1, x2]] - squares[[y2, x1]] + squares[[y1, x1]];
                let scale = (energy * own.max(0.0) as f32).sqrt();
                let part = window(&contrast, y1..y2, x1..x2);
                if scale > 1e-6 {
                    dot(&patch, &part) / scale
                } else {
                    0.0
                }
            };
            let mut scores = Array2::<f32>::from_elem((side, side), f32::NAN);
            let (mut best, mut at) = (f32::MIN, (radius, radius));
            let mut look = |y: usize, x: usize, scores: &mut Array2<f32>| {
                if let Some(score) = scores.get_mut((y, x))
                    && score.is_nan()
                {
                    *score = score_at(y, x);
                    if *score > best {
                        (best, at) = (*score, (y, x));
                    }
                }
            };
            // Structure is a few cells wide, so every other shift shows where the peak is.
            let coarse = if radius > 2 { 2 } else { 1 };
            for dy in (0..side).step_by(coarse) {
                for dx in (0..side).step_by(coarse) {
                    look(dy, dx, &mut scores);
                }
            }
            for _ in 0..2 {
                let (y, x) = at_of(&scores);
                for dy in y.saturating_sub(1)..=y + 1 {
                    for dx in x.saturating_sub(1)..=x + 1 {
                        look(dy, dx, &mut scores);
                    }
                }
            }
            let offset = |index: usize, before: f32, after: f32| {
                let curve = before - 2.0 * best + after;
                let fine = if index > 0 && index + 1 < side && curve < 0.0 {
                    0.5 * (before - after) / curve
                } else {
                    0.0
                };
                index as f64 + f64::from(fine) - radius as f64
            };
            let value = |y: usize, x: usize| {
                let score = scores.get((y, x)).copied().unwrap_or(best);
                if score.is_nan() { best } else { score }
            };
            let dy = offset(
                at.0,
                value(at.0.wrapping_sub(1), at.1),
                value(at.0 + 1, at.1),
            );
            let dx = offset(
                at.1,
                value(at.0, at.1.wrapping_sub(1)),
                value(at.0, at.1 + 1),
            );
            let centre = [
                left as f64 + block_columns as f64 / 2.0,
                top as f64 + block_rows as f64 / 2.0,
            ];
            out.push(BlockMatch {
                centre,
                found: [centre[0] + dx, centre[1] + dy],
                agreement: best,
                energy,
            });
        }
    }
    out
}

/// Finds the reference in the grid: blocks are matched within `radius` cells and vote for a map,
/// affine where they are few, projective otherwise; votes far from it lose their weight.
/// `None` where fewer than four blocks are seen.
pub fn register(observed: &PaddedGrid, reference: &Plane, radius: usize) -> Option<Registration> {
    register_by(observed, reference, radius, |pairs, round| {
        let supporting = pairs.iter().filter(|pair| pair.2 > 0.05).count();
        if round > 1 && supporting >= LEAST_VOTES {
            Homography::fit(pairs)
        } else {
            Homography::fit_affine(pairs)
        }
    })
}

/// Where a place lies in the reference, where it was found, and how much that counts.
pub type Vote = (Point, Point, f64);

/// The map that most votes agree on, and how far they lie from it (root of the mean square): least squares that hear
/// votes far from the map less and less (Tukey's biweight). `reach` says of all distances from the map beyond which one
/// is not heard; `fit` makes a map of votes, and is told the round, 0 being the one in which all are heard.
pub fn agreed(
    votes: &[Vote],
    reach: impl Fn(&[f64]) -> f64,
    fit: impl Fn(&[Vote], usize) -> Option<Homography>,
) -> Option<(Homography, f64)> {
    let mut weights: Vec<f64> = votes.iter().map(|vote| vote.2).collect();
    let mut map = Homography::identity();
    let mut residual = 0.0;
    for round in 0..4 {
        let pairs: Vec<Vote> = votes
            .iter()
            .zip(&weights)
            .map(|((from, to, _), &w)| (*from, *to, w + 1e-9))
            .collect();
        map = fit(&pairs, round)?;
        let distances: Vec<f64> = votes
            .iter()
            .map(|(from, to, _)| {
                let [x, y] = map.apply(*from);
                (x - to[0]).hypot(y - to[1])
            })
            .collect();
        let reach = reach(&distances);
        let mut total = (0.0, 0.0);
        for ((w, d), vote) in weights.iter_mut().zip(&distances).zip(votes) {
            let u = d / reach;
            let tukey = if u < 1.0 { (1.0 - u * u).powi(2) } else { 0.0 };
            *w = vote.2 * tukey;
            total.0 += *w * d * d;
            total.1 += *w;
        }
        residual = (total.0 / total.1.max(1e-9)).sqrt();
    }
    Some((map, residual))
}

/// The same with maps of another kind: `fit` makes one of the votes, from reference cells to observed cells; see
/// [`agreed`].
pub fn register_by(
    observed: &PaddedGrid,
    reference: &Plane,
    radius: usize,
    fit: impl Fn(&[Vote], usize) -> Option<Homography>,
) -> Option<Registration> {
    let blocks = match_blocks(observed, reference, radius);
    if blocks.len() < 4 {
        return None;
    }
    let votes: Vec<Vote> = blocks
        .iter()
        .map(|b| (b.centre, b.found, f64::from(b.agreement.max(0.0).powi(3))))
        .collect();
    let reach = |distances: &[f64]| {
        let mut sorted = distances.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
        middle.max(0.25) * 3.0
    };
    let (map, residual) = agreed(&votes, reach, fit)?;
    Some(Registration {
        map,
        score: forgiving_mean(&blocks),
        residual: residual as f32,
    })
}

/// Energy-weighted mean agreement of the blocks seen, without the worst [`FORGIVEN`] of the energy.
fn forgiving_mean(blocks: &[BlockMatch]) -> f32 {
    let mut sorted: Vec<(f32, f32)> = blocks.iter().map(|b| (b.agreement, b.energy)).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let total: f32 = sorted.iter().map(|b| b.1).sum();
    let wanted = total * (1.0 - FORGIVEN);
    let (mut sum, mut used) = (0.0, 0.0);
    for (agreement, energy) in sorted {
        let take = energy.min(wanted - used);
        if take <= 0.0 {
            break;
        }
        sum += agreement * take;
        used += take;
    }
    if used > 0.0 { sum / used } else { 0.0 }
}
