//! Local alignment: where the parts of a plane lie in another of the same content, and how well they
//! agree there.

use ndarray::Array2;

use crate::pixels::{Lattice, Plane, RunningSums, window};
use crate::rectify::homography::Homography;
use crate::rectify::registration::{LEAST_VOTES, Vote, agreed};

/// Side of the blocks that vote for a [`ShiftField`], cells.
const BLOCK: usize = 24;
/// Votes that agree less than this are not heard.
const LEAST_VOTE: f32 = 0.25;
/// A vote farther than this from the median of its neighbours is an error, cells.
const OUTLIER: f64 = 1.5;

/// Mean and spread of a plane over several examples of its content.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Mean.
    pub mean: Plane,
    /// Standard deviation.
    pub deviation: Plane,
}

impl Expected {
    /// Mean and standard deviation of planes of one shape, each with a weight for each of its cells
    /// (0 where nothing was seen). `None` without planes.
    pub fn over<'a>(planes: impl IntoIterator<Item = (&'a Plane, &'a Plane)>) -> Option<Self> {
        let mut sums: Option<[Plane; 3]> = None;
        for (plane, weight) in planes {
            let [sum, square, total] =
                sums.get_or_insert_with(|| [(); 3].map(|()| Plane::zeros(plane.dim())));
            ndarray::Zip::from(sum)
                .and(square)
                .and(total)
                .and(plane)
                .and(weight)
                .for_each(|s, q, t, &v, &w| {
                    *s += w * v;
                    *q += w * v * v;
                    *t += w;
                });
        }
        let [mut mean, mut deviation, total] = sums?;
        ndarray::Zip::from(&mut mean)
            .and(&mut deviation)
            .and(&total)
            .for_each(|m, d, &t| {
                let t = t.max(1e-6);
                *m /= t;
                *d = (*d / t - *m * *m).max(0.0).sqrt();
            });
        Some(Self { mean, deviation })
    }
}

/// A plane with zeros around it, so that windows can be shifted beyond its edge.
#[derive(Debug, Clone)]
pub struct Padded {
    plane: Plane,
    /// Of squares.
    squares: RunningSums,
    pad: usize,
}

impl Padded {
    /// Pads by `pad` cells on each side.
    pub fn new(plane: &Plane, pad: usize) -> Self {
        let (rows, columns) = plane.dim();
        let shape = (rows + 2 * pad, columns + 2 * pad);
        let mut padded = Plane::zeros(shape);
        for (source, mut target) in plane
            .rows()
            .into_iter()
            .zip(padded.rows_mut().into_iter().skip(pad))
        {
            for (t, s) in target.iter_mut().skip(pad).zip(source) {
                *t = *s;
            }
        }
        let squares = RunningSums::over(padded.as_slice().unwrap_or(&[]), shape.1, |v| v * v);
        Self {
            plane: padded,
            squares,
            pad,
        }
    }

    fn energy(&self, top: usize, left: usize, rows: usize, columns: usize) -> f32 {
        self.squares.within((top, left), (rows, columns)).max(0.0) as f32
    }
}

/// Where a window was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// To the right, cells.
    pub dx: f64,
    /// Down, cells.
    pub dy: f64,
    /// Correlation there, about zero, −1..=1.
    pub agreement: f32,
}

/// A part of the reference that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// Correlations of a part of the reference with the observed plane at every `step`-th shift within
/// `radius` (a multiple of `step`) of `around` (down, right). `radius` and `around` together must
/// not exceed the padding, else the shifts beyond it are 0.
pub fn correlations(
    observed: &Padded,
    reference: &Plane,
    part: Part,
    around: (isize, isize),
    radius: usize,
    step: usize,
) -> Plane {
    let side = 2 * radius / step + 1;
    let mut out = Plane::zeros((side, side));
    let reference = reference.view();
    let patch = window(
        &reference,
        part.top..part.top + part.rows,
        part.left..part.left + part.columns,
    );
    let (rows, columns) = patch.dim();
    let patch: Vec<f32> = patch.iter().copied().collect();
    let energy: f32 = patch.iter().map(|v| v * v).sum();
    if energy <= 0.0 {
        return out;
    }
    let (height, width) = observed.plane.dim();
    let plane = observed.plane.as_slice().unwrap_or(&[]);
    let first = |at: usize, by: isize| (at + observed.pad) as isize + by - radius as isize;
    let (y0, x0) = (first(part.top, around.0), first(part.left, around.1));
    for dy in 0..side {
        let y = y0 + (dy * step) as isize;
        if y < 0 || y as usize + rows > height {
            continue;
        }
        let y = y as usize;
        for dx in 0..side {
            let x = x0 + (dx * step) as isize;
            if x < 0 || x as usize + columns > width {
                continue;
            }
            let x = x as usize;
            let scale = (energy * observed.energy(y, x, rows, columns)).sqrt();
            if scale > 0.0 {
                let there = plane.get(y * width + x..).unwrap_or(&[]);
                out[[dy, dx]] = product(&patch, columns, there, width) / scale;
            }
        }
    }
    out
}

/// Sum of the products of a patch with a part of the same shape of a plane of rows of `width`, given by
/// what lies from its first cell on. In eight running sums, which the compiler turns into vector
/// instructions.
fn product(patch: &[f32], columns: usize, plane: &[f32], width: usize) -> f32 {
    let mut sums = [0.0f32; 8];
    let mut rest = 0.0;
    for (a, b) in patch.chunks_exact(columns).zip(plane.chunks(width)) {
        let ((a8, a), (b8, b)) = (
            a.as_chunks::<8>(),
            b.get(..columns).unwrap_or(&[]).as_chunks::<8>(),
        );
        for (a, b) in a8.iter().zip(b8) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        rest += a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    }
    sums.iter().sum::<f32>() + rest
}

/// The highest of [`correlations`], to a fraction of a cell by a parabola each way.
pub fn peak(scores: &Plane, around: (isize, isize)) -> Shift {
    let radius = (scores.nrows() / 2) as isize;
    let (mut best, mut at) = (f32::MIN, (0, 0));
    for (index, &score) in scores.indexed_iter() {
        if score > best {
            (best, at) = (score, index);
        }
    }
    let value = |y: Option<usize>, x: Option<usize>| scores.get((y?, x?)).copied();
    let (y, x) = (Some(at.0), Some(at.1));
    let dy = top(
        value(at.0.checked_sub(1), x),
        best,
        value(Some(at.0 + 1), x),
    );
    let dx = top(
        value(y, at.1.checked_sub(1)),
        best,
        value(y, Some(at.1 + 1)),
    );
    Shift {
        dy: (at.0 as isize - radius + around.0) as f64 + dy,
        dx: (at.1 as isize - radius + around.1) as f64 + dx,
        agreement: best,
    }
}

/// How far from the middle one of three neighbouring values the parabola through them has its top, in steps; 0 where one
/// is missing.
pub fn top(before: Option<f32>, here: f32, after: Option<f32>) -> f64 {
    let (Some(before), Some(after)) = (before, after) else {
        return 0.0;
    };
    let curve = before - 2.0 * here + after;
    if curve < 0.0 {
        f64::from(0.5 * (before - after) / curve)
    } else {
        0.0
    }
}

/// A smooth field of shifts, known at the centres of blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftField {
    /// Shifts down and to the right, cells, at the blocks' centres.
    pub blocks: Array2<[f64; 2]>,
    /// What each block voted, before its neighbours were heard; `None` where it showed too little.
    pub votes: Array2<Option<Shift>>,
    step: (f64, f64),
}

impl ShiftField {
    /// Finds the blocks of the reference again within `radius` cells. A block that a fold or a stain
    /// misled follows its neighbours.
    pub fn find(observed: &Padded, reference: &Plane, radius: usize) -> Self {
        let (rows, columns) = reference.dim();
        let shape = ((rows / BLOCK).max(1), (columns / BLOCK).max(1));
        let (height, width) = (rows / shape.0, columns / shape.1);
        let votes = Array2::from_shape_fn(shape, |(r, c)| {
            let part = Part {
                top: r * height,
                left: c * width,
                rows: height,
                columns: width,
            };
            let scores = correlations(observed, reference, part, (0, 0), radius, 1);
            let shift = peak(&scores, (0, 0));
            (shift.agreement >= LEAST_VOTE).then_some(shift)
        });
        let near = |r: usize, c: usize| {
            let (rows, columns) = (
                r.saturating_sub(1)..(r + 2).min(shape.0),
                c.saturating_sub(1)..(c + 2).min(shape.1),
            );
            rows.flat_map(move |r| columns.clone().map(move |c| (r, c)))
        };
        let heard = Array2::from_shape_fn(shape, |(r, c)| {
            let vote = votes[[r, c]]?;
            let around: Vec<Shift> = near(r, c).filter_map(|at| votes[at]).collect();
            let far = |pick: fn(&Shift) -> f64| {
                let mut all: Vec<f64> = around.iter().map(pick).collect();
                all.sort_by(f64::total_cmp);
                let middle = all.get(all.len() / 2).copied().unwrap_or(0.0);
                (pick(&vote) - middle).abs() > OUTLIER
            };
            (!far(|s| s.dx) && !far(|s| s.dy)).then_some(vote)
        });
        let blocks = Array2::from_shape_fn(shape, |(r, c)| {
            let (mut sum, mut total) = ([0.0; 2], 1e-3);
            for at in near(r, c) {
                if let Some(vote) = heard[at] {
                    let own = if at == (r, c) { 4.0 } else { 1.0 };
                    let weight = own * f64::from(vote.agreement.powi(2));
                    sum[0] += weight * vote.dy;
                    sum[1] += weight * vote.dx;
                    total += weight;
                }
            }
            sum.map(|s| s / total)
        });
        Self {
            blocks,
            votes,
            step: (
                rows as f64 / shape.0 as f64,
                columns as f64 / shape.1 as f64,
            ),
        }
    }

    /// The map from cells of the reference to cells of the observed plane that most votes agree on. `None` for too few.
    pub fn map(&self) -> Option<Homography> {
        let votes: Vec<Vote> = self
            .votes
            .indexed_iter()
            .filter_map(|((r, c), vote)| {
                let vote = (*vote)?;
                let x = (c as f64 + 0.5) * self.step.1;
                let y = (r as f64 + 0.5) * self.step.0;
                let found = [x + vote.dx, y + vote.dy];
                Some(([x, y], found, f64::from(vote.agreement.powi(2))))
            })
            .collect();
        if votes.len() < LEAST_VOTES {
            return None;
        }
        let fit = |votes: &[Vote], round| match round {
            0 => Homography::fit_affine(votes),
            _ => Homography::fit(votes),
        };
        Some(agreed(&votes, |_| 2.0 * OUTLIER, fit)?.0)
    }

    /// How well the votes agree, all together.
    pub fn agreement(&self) -> f32 {
        self.votes.iter().flatten().map(|vote| vote.agreement).sum()
    }

    /// The shift down and to the right, cells, at a place so many cells down and along.
    pub fn at(&self, [down, along]: [f64; 2]) -> [f64; 2] {
        self.along(&self.line(down), along)
    }

    /// The shifts so many cells down, in the middle of each column of blocks.
    fn line(&self, down: f64) -> Vec<[f64; 2]> {
        let (rows, columns) = self.blocks.dim();
        let (above, below, share) = place(down, self.step.0, rows);
        (0..columns)
            .map(|block| {
                between(
                    self.blocks[[above, block]],
                    self.blocks[[below, block]],
                    share,
                )
            })
            .collect()
    }

    /// The shift so many cells along a line.
    fn along(&self, line: &[[f64; 2]], along: f64) -> [f64; 2] {
        let (left, right, share) = place(along, self.step.1, line.len());
        between(line[left], line[right], share)
    }

    /// The observed plane moved onto the reference.
    pub fn straighten(&self, observed: &Plane) -> Plane {
        let (rows, columns) = observed.dim();
        let lattice = Lattice::new(observed.view());
        let mut out = Plane::zeros((rows, columns));
        // Between the centres of blocks the shift changes evenly: those columns are a run.
        let ends: Vec<usize> = (0..self.blocks.ncols())
            .map(|block| ((block as f64 + 0.5) * self.step.1 - 0.5).ceil() as usize)
            .chain([columns])
            .collect();
        for (row, mut target) in out.rows_mut().into_iter().enumerate() {
            let y = row as f64 + 0.5;
            let line = self.line(y);
            let at = |column: usize| {
                let x = column as f64 + 0.5;
                let [down, right] = self.along(&line, x);
                [x + right, y + down]
            };
            let mut target = target.as_slice_mut().unwrap_or(&mut []);
            let mut first = 0;
            for &end in &ends {
                let (run, rest) = std::mem::take(&mut target).split_at_mut(end - first);
                target = rest;
                if let Some(last) = run.len().checked_sub(1) {
                    let (from, to) = (at(first), at(first + last));
                    let step = [0, 1].map(|k| (to[k] - from[k]) / last.max(1) as f64);
                    lattice.along(from, step, run);
                }
                first = end;
            }
        }
        out
    }
}

/// So much of the way from one shift to another.
fn between(from: [f64; 2], to: [f64; 2], share: f64) -> [f64; 2] {
    [0, 1].map(|k| from[k] + (to[k] - from[k]) * share)
}

/// The blocks before and after a cell, and how far it lies between their centres.
fn place(at: f64, step: f64, count: usize) -> (usize, usize, f64) {
    let at = (at / step - 0.5).clamp(0.0, (count - 1) as f64);
    let first = at as usize;
    (first, (first + 1).min(count - 1), at - first as f64)
}

/// Correlation about zero of a part of two planes under a weight for each cell: −1..=1, 0 where
/// nothing has a weight. `observed` lies `shift` (down, right) of the reference, bilinear.
pub fn agreement(
    observed: &Plane,
    expected: &Plane,
    weight: &Plane,
    part: Part,
    shift: [f64; 2],
) -> Agreement {
    // Of the products of weight, expected and observed; each in eight sums side by side, which the
    // compiler turns into vector instructions.
    let mut sums = [[0.0f32; 8]; 4];
    let (rows, columns) = expected.dim();
    let lattice = Lattice::new(observed.view());
    let width = part.columns.min(columns.saturating_sub(part.left));
    let mut add = |lane: usize, [v, m, w]: [f32; 3]| {
        let (wm, wv) = (w * m, w * v);
        for (sum, term) in sums.iter_mut().zip([wm * v, wm * m, wv * v, w]) {
            sum[lane] += term;
        }
    };
    let mut moved = vec![0.0; width];
    for row in part.top..(part.top + part.rows).min(rows) {
        let start = row * columns + part.left;
        let [expected, weight, observed] = [expected, weight, observed].map(|plane| {
            let cells = plane.as_slice().unwrap_or(&[]);
            cells.get(start..start + width).unwrap_or(&[])
        });
        let observed = if shift == [0.0; 2] {
            observed
        } else {
            let x = part.left as f64 + 0.5 + shift[1];
            lattice.along([x, row as f64 + 0.5 + shift[0]], [1.0, 0.0], &mut moved);
            &moved
        };
        let [v, m, w] = [observed, expected, weight].map(<[f32]>::as_chunks::<8>);
        for ((v, m), w) in v.0.iter().zip(m.0).zip(w.0) {
            for lane in 0..8 {
                add(lane, [v[lane], m[lane], w[lane]]);
            }
        }
        for ((v, m), w) in v.1.iter().zip(m.1).zip(w.1) {
            add(0, [*v, *m, *w]);
        }
    }
    let [cross, own, other, total] = sums.map(|lanes| lanes.iter().sum::<f32>());
    let scale = (own * other).sqrt();
    Agreement {
        correlation: if scale > 0.0 { cross / scale } else { 0.0 },
        gain: if own > 0.0 { cross / own } else { 0.0 },
        weight: total,
    }
}

/// See [`agreement`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Correlation, −1..=1.
    pub correlation: f32,
    /// What the expected values must be multiplied by to come nearest to the observed ones.
    pub gain: f32,
    /// Sum of the weights.
    pub weight: f32,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A smooth random texture.
    fn texture(rows: usize, columns: usize) -> Plane {
        let mut state = 7u32;
        let raw = Plane::from_shape_fn((rows, columns), |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 / 32768.0 - 1.0
        });
        crate::pixels::box_mean(&raw, 1) * 3.0
    }

    #[test]
    fn a_shift_between_the_middles_of_blocks_is_between_theirs() {
        let field = ShiftField {
            blocks: Array2::from_shape_fn((2, 3), |(r, c)| [r as f64, 10.0 * c as f64]),
            votes: Array2::default((2, 3)),
            step: (8.0, 12.0),
        };
        for (place, shift) in [
            ([4.0, 6.0], [0.0, 0.0]),
            ([8.0, 12.0], [0.5, 5.0]),
            ([12.0, 27.0], [1.0, 17.5]),
            // Beyond the middles of the outer blocks it is theirs.
            ([0.0, 40.0], [0.0, 20.0]),
        ] {
            assert_eq!(field.at(place), shift, "{place:?}");
        }
    }

    #[test]
    fn a_shifted_plane_is_found_and_straightened() {
        let reference = texture(96, 144);
        let lattice = Lattice::new(reference.view());
        let observed = Plane::from_shape_fn((96, 144), |(r, c)| {
            lattice.at(c as f64 + 0.5 - 1.5, r as f64 + 0.5 + 0.75)
        });
        let field = ShiftField::find(&Padded::new(&observed, 3), &reference, 3);
        for [dy, dx] in &field.blocks {
            assert!(
                (dx - 1.5).abs() < 0.2 && (dy + 0.75).abs() < 0.2,
                "{dx} {dy}"
            );
        }
        let part = Part {
            top: 8,
            left: 8,
            rows: 80,
            columns: 128,
        };
        let weight = Plane::ones((96, 144));
        let before = agreement(&observed, &reference, &weight, part, [0.0; 2]);
        let after = agreement(
            &field.straighten(&observed),
            &reference,
            &weight,
            part,
            [0.0; 2],
        );
        assert!(before.correlation < 0.5 && after.correlation > 0.85);
    }

    #[test]
    fn a_block_of_something_else_follows_its_neighbours() {
        let reference = texture(96, 144);
        let mut observed = reference.clone();
        for row in 24..48 {
            for column in 48..72 {
                observed[[row, column]] = -reference[[row + 40, column + 30]];
            }
        }
        let field = ShiftField::find(&Padded::new(&observed, 3), &reference, 3);
        let [dy, dx] = field.blocks[[1, 2]];
        assert!(dx.abs() < 0.5 && dy.abs() < 0.5, "{dx} {dy}");
    }

    #[test]
    fn mean_and_spread_leave_out_what_was_not_seen() {
        let one = Plane::from_elem((1, 2), 1.0);
        let three = Plane::from_elem((1, 2), 3.0);
        let mut half = Plane::ones((1, 2));
        half[[0, 1]] = 0.0;
        let all = Plane::ones((1, 2));
        let expected = Expected::over([(&one, &all), (&three, &half)]).unwrap();
        assert_eq!(expected.mean[[0, 0]], 2.0);
        assert_eq!(expected.deviation[[0, 0]], 1.0);
        assert_eq!(expected.mean[[0, 1]], 1.0);
        assert!(Expected::over(std::iter::empty()).is_none());
    }
}
