//! Motifs: a small picture found in a slightly larger one, by correlation. Pictures are planes × rows × columns,
//! and all planes move together.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView3, Axis, Slice};

use super::align::top;

/// Rounds of averaging: the first as the pictures lie, the others each where it fits the mean best.
const ROUNDS: usize = 3;

/// Where a motif fits best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Correlation coefficient there, -1..=1; 0 where either is flat.
    pub correlation: f32,
    /// First row and column of the picture that the motif covers.
    pub at: (usize, usize),
    /// How strongly it shows there: the factor on it that leaves least of the picture.
    pub strength: f32,
}

/// Looks for a motif in a picture at every shift that keeps it inside; `None` where the picture is
/// smaller than the motif, or has not as many planes.
pub fn find(picture: &Array3<f32>, motif: &Array3<f32>) -> Option<Fit> {
    best(picture, motif, |correlation| correlation)
}

/// The same for a motif or its negative: where either fits best.
pub fn find_either(picture: &Array3<f32>, motif: &Array3<f32>) -> Option<Fit> {
    best(picture, motif, f32::abs)
}

fn best(picture: &Array3<f32>, motif: &Array3<f32>, rank: impl Fn(f32) -> f32) -> Option<Fit> {
    let (planes, rows, columns) = motif.dim();
    let (of_picture, height, width) = picture.dim();
    let (down, across) = (height.checked_sub(rows)?, width.checked_sub(columns)?);
    if of_picture != planes {
        return None;
    }
    let mut best: Option<Fit> = None;
    for row in 0..=down {
        for column in 0..=across {
            let part = part(picture, row..row + rows, column..column + columns);
            let (correlation, strength) = correlation(&part, &motif.view());
            if best.is_none_or(|b| rank(correlation) > rank(b.correlation)) {
                best = Some(Fit {
                    correlation,
                    at: (row, column),
                    strength,
                });
            }
        }
    }
    best
}

/// Where two motifs of one size lie that show through each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Both {
    /// First row and column that each covers, between the cells.
    pub at: [(f64, f64); 2],
    /// How strongly each shows: the factors on them that leave least of the picture.
    pub strength: [f32; 2],
    /// How much the second explains at best where it lies more than `apart` cells off, of what it does where it fits
    /// best, 0..=1: near 1 it might as well lie there.
    pub rival: f32,
}

/// Two motifs, each at a shift.
#[derive(Debug, Clone, Copy)]
struct Placed {
    /// How much of the picture they explain.
    value: f32,
    at: [(usize, usize); 2],
    strength: [f32; 2],
}

/// Looks for two motifs in a picture at once, the first within `near` cells of the middle, the second at every shift
/// that keeps it inside: where they explain most of it in the least squares. `None` where the picture is smaller than
/// they are, or sizes differ, or one is flat.
pub fn find_both(
    picture: &Array3<f32>,
    motifs: [&Array3<f32>; 2],
    near: usize,
    apart: usize,
) -> Option<Both> {
    let (planes, rows, columns) = motifs[0].dim();
    let (of_picture, height, width) = picture.dim();
    if of_picture != planes || motifs[1].dim() != motifs[0].dim() {
        return None;
    }
    let (down, across) = (height.checked_sub(rows)?, width.checked_sub(columns)?);
    let picture = centred(picture);
    let motifs = motifs.map(centred);
    let energy = motifs.each_ref().map(|m| dot(&m.view(), &m.view()));
    if energy[0] <= 0.0 || energy[1] <= 0.0 {
        return None;
    }
    // What each shift of each has in common with the picture, and with the other, by how far they lie apart.
    let alike = motifs.each_ref().map(|motif| {
        Array2::from_shape_fn((down + 1, across + 1), |(y, x)| {
            dot(&part(&picture, y..y + rows, x..x + columns), &motif.view())
        })
    });
    let common = Array2::from_shape_fn((2 * down + 1, 2 * across + 1), |(y, x)| {
        let (y, x) = (overlap(y, down, rows), overlap(x, across, columns));
        dot(&part(&motifs[0], y.0, x.0), &part(&motifs[1], y.1, x.1))
    });
    let explained = |[first, second]: [(usize, usize); 2]| -> Option<(f32, [f32; 2])> {
        let (one, two) = (*alike[0].get(first)?, *alike[1].get(second)?);
        let apart = (
            (down + second.0).checked_sub(first.0)?,
            (across + second.1).checked_sub(first.1)?,
        );
        let both = *common.get(apart)?;
        let scale = energy[0] * energy[1] - both * both;
        if scale <= 1e-3 * energy[0] * energy[1] {
            return None;
        }
        let strength = [
            (energy[1] * one - both * two) / scale,
            (energy[0] * two - both * one) / scale,
        ];
        Some((strength[0] * one + strength[1] * two, strength))
    };
    let about = |most: usize| (most / 2).saturating_sub(near)..=(most / 2 + near).min(most);
    let firsts: Vec<(usize, usize)> = about(down)
        .flat_map(|y| about(across).map(move |x| (y, x)))
        .collect();
    // For each place of the second, the best of the first.
    let places: Vec<Placed> = (0..=down)
        .flat_map(|y| (0..=across).map(move |x| (y, x)))
        .filter_map(|second| {
            firsts
                .iter()
                .filter_map(|&first| {
                    let at = [first, second];
                    let (value, strength) = explained(at)?;
                    Some(Placed {
                        value,
                        at,
                        strength,
                    })
                })
                .filter(|placed| placed.strength.iter().all(|s| *s > 0.0))
                .max_by(|a, b| a.value.total_cmp(&b.value))
        })
        .collect();
    let Placed {
        value,
        at,
        strength,
    } = *places.iter().max_by(|a, b| a.value.total_cmp(&b.value))?;
    let beside = |which: usize, rows: isize, columns: isize| {
        let mut moved = at;
        let (y, x) = moved[which];
        moved[which] = (y.checked_add_signed(rows)?, x.checked_add_signed(columns)?);
        explained(moved).map(|found| found.0)
    };
    let between = |which: usize| {
        let (y, x) = at[which];
        // What lies beside may explain more where the search does not go.
        let top = |before, after| top(before, value, after).clamp(-0.5, 0.5);
        (
            y as f64 + top(beside(which, -1, 0), beside(which, 1, 0)),
            x as f64 + top(beside(which, 0, -1), beside(which, 0, 1)),
        )
    };
    // What the first explains alone, where it lies, says nothing of the second.
    let alone = alike[0].get(at[0]).map_or(0.0, |one| one * one / energy[0]);
    let rival = places
        .iter()
        .filter(|other| {
            let (y, x) = other.at[1];
            y.abs_diff(at[1].0).max(x.abs_diff(at[1].1)) > apart
        })
        .map(|other| (other.value - alone) / (value - alone).max(f32::MIN_POSITIVE))
        .fold(0.0, f32::max);
    Some(Both {
        at: [between(0), between(1)],
        strength,
        rival,
    })
}

/// The parts of two lines of `length` cells that lie on each other, where the second begins `apart - most` cells after
/// the first.
fn overlap(apart: usize, most: usize, length: usize) -> (Range<usize>, Range<usize>) {
    let (ahead, behind) = (apart.saturating_sub(most), most.saturating_sub(apart));
    let (ahead, behind) = (ahead.min(length), behind.min(length));
    (ahead..length - behind, behind..length - ahead)
}

/// A picture less all that pictures of the same size explain of it in the least squares; each plane about its mean.
pub fn beyond<'a>(
    picture: &Array3<f32>,
    explained_by: impl IntoIterator<Item = &'a Array3<f32>>,
) -> Array3<f32> {
    let take = |from: &mut Array3<f32>, away: &Array3<f32>| {
        let energy = dot(&away.view(), &away.view());
        if energy > 0.0 && away.dim() == from.dim() {
            let share = dot(&from.view(), &away.view()) / energy;
            from.zip_mut_with(away, |v, a| *v -= share * a);
        }
    };
    let mut left = centred(picture);
    let mut before: Vec<Array3<f32>> = Vec::new();
    for other in explained_by {
        // What is new in it.
        let mut other = centred(other);
        before.iter().for_each(|known| take(&mut other, known));
        take(&mut left, &other);
        before.push(other);
    }
    left
}

/// A picture as it is seen through the paper.
pub fn mirrored(picture: &Array3<f32>) -> Array3<f32> {
    let mut out = picture.clone();
    out.invert_axis(Axis(2));
    out
}

/// Each plane about its mean.
fn centred(picture: &Array3<f32>) -> Array3<f32> {
    let mut out = picture.clone();
    for mut plane in out.axis_iter_mut(Axis(0)) {
        let mean = plane.sum() / plane.len().max(1) as f32;
        plane.mapv_inplace(|v| v - mean);
    }
    out
}

/// Sum of the products of two pictures of one size.
fn dot(a: &ArrayView3<'_, f32>, b: &ArrayView3<'_, f32>) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Some rows and columns of a picture, all planes.
fn part(picture: &Array3<f32>, rows: Range<usize>, columns: Range<usize>) -> ArrayView3<'_, f32> {
    let mut part = picture.view();
    part.slice_axis_inplace(Axis(1), Slice::from(rows));
    part.slice_axis_inplace(Axis(2), Slice::from(columns));
    part
}

/// Pearson's correlation of two pictures of one size, each plane about its own mean, 0 where either is flat; and the
/// slope of the first on the second.
fn correlation(a: &ArrayView3<'_, f32>, b: &ArrayView3<'_, f32>) -> (f32, f32) {
    let (mut ab, mut aa, mut bb) = (0.0f32, 0.0f32, 0.0f32);
    for (a, b) in a.axis_iter(Axis(0)).zip(b.axis_iter(Axis(0))) {
        let n = a.len() as f32;
        let (mean_a, mean_b) = (a.sum() / n, b.sum() / n);
        for (x, y) in a.iter().zip(b.iter()) {
            let (x, y) = (x - mean_a, y - mean_b);
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
    }
    let scale = (aa * bb).sqrt();
    if scale > 0.0 {
        (ab / scale, ab / bb)
    } else {
        (0.0, 0.0)
    }
}

/// The motif that several pictures share: their mean, each moved by at most `reach` cells to where it
/// fits the others best. `reach` cells on every side of the pictures are room for that and no part of
/// the motif. `None` for no pictures, or pictures of several sizes, or too small.
pub fn shared(pictures: &[Array3<f32>], reach: usize) -> Option<Array3<f32>> {
    let (planes, rows, columns) = pictures.first()?.dim();
    let (inner_rows, inner_columns) = (
        rows.checked_sub(2 * reach)?,
        columns.checked_sub(2 * reach)?,
    );
    if inner_rows == 0
        || inner_columns == 0
        || pictures.iter().any(|p| p.dim() != (planes, rows, columns))
    {
        return None;
    }
    let mut motif: Option<Array3<f32>> = None;
    for _ in 0..ROUNDS {
        let mut sum = Array3::<f32>::zeros((planes, inner_rows, inner_columns));
        for picture in pictures {
            let (row, column) = motif
                .as_ref()
                .and_then(|motif| find(picture, motif))
                .map_or((reach, reach), |fit| fit.at);
            let part = part(
                picture,
                row..row + inner_rows,
                column..column + inner_columns,
            );
            for (mut sum, plane) in sum.axis_iter_mut(Axis(0)).zip(part.axis_iter(Axis(0))) {
                let mean = plane.sum() / plane.len() as f32;
                sum.zip_mut_with(&plane, |s, v| *s += v - mean);
            }
        }
        motif = Some(sum / pictures.len() as f32);
    }
    motif
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn blob(row: f32, column: f32) -> Array3<f32> {
        Array3::from_shape_fn((2, 30, 40), |(plane, y, x)| {
            let (dy, dx) = (y as f32 - row, x as f32 - column);
            let shape = (-(dy * dy + 2.0 * dx * dx) / 30.0).exp();
            (1.0 - 3.0 * plane as f32) * shape + 0.01 * ((7 * y + 13 * x) % 5) as f32
        })
    }

    #[test]
    fn a_moved_motif_is_found_where_it_lies() {
        let motif = shared(&[blob(15.0, 20.0), blob(17.0, 18.0), blob(14.0, 21.0)], 5).unwrap();
        assert_eq!(motif.dim(), (2, 20, 30));
        let first = find(&blob(15.0, 20.0), &motif).unwrap();
        let moved = find(&blob(18.0, 16.0), &motif).unwrap();
        assert!(moved.correlation > 0.95, "{moved:?}");
        let by = |axis: fn(&Fit) -> usize| axis(&moved) as isize - axis(&first) as isize;
        assert_eq!((by(|f| f.at.0), by(|f| f.at.1)), (3, -4));
    }

    #[test]
    fn two_motifs_that_lie_on_each_other_are_found_between_the_cells() {
        let own = shared(&[blob(15.0, 20.0)], 5).unwrap();
        // Another shape, in the other plane.
        let ring = |row: f32, column: f32| {
            Array3::from_shape_fn((2, 30, 40), |(plane, y, x)| {
                let r = (y as f32 - row).hypot(x as f32 - column);
                plane as f32 * (-(r - 6.0).powi(2) / 4.0).exp()
            })
        };
        let other = shared(&[ring(15.0, 20.0)], 5).unwrap();
        let found = |picture: &Array3<f32>| find_both(picture, [&own, &other], 3, 3).unwrap();
        let mixed = blob(15.0, 20.0) * 0.8 + ring(17.4, 18.7) * 0.5;
        let there = found(&mixed);
        let (down, across) = (there.at[1].0 - there.at[0].0, there.at[1].1 - there.at[0].1);
        assert!(
            (down - 2.4).abs() < 0.3 && (across + 1.3).abs() < 0.3,
            "{there:?}"
        );
        assert!(
            (there.strength[0] - 0.8).abs() < 0.1 && (there.strength[1] - 0.5).abs() < 0.1,
            "{there:?}"
        );
        assert!(there.rival < 0.7, "{there:?}");
        let missing = found(&blob(15.0, 20.0));
        assert!(missing.strength[1] < 0.1, "{missing:?}");
    }

    #[test]
    fn what_pictures_explain_together_is_taken_away() {
        let picture = |of: fn(f32, f32) -> f32| {
            Array3::from_shape_fn((1, 12, 20), |(_, y, x)| of(y as f32, x as f32))
        };
        let (front, back) = (picture(|_, x| x), picture(|y, x| y + 0.5 * x));
        let paper = picture(|y, x| (y * x * 0.1).sin());
        let whole = &front * 2.0 + &back * 0.3 + &paper + 5.0;
        let left = beyond(&whole, [&front, &back]);
        let expected = beyond(&paper, [&front, &back]);
        let off = (&left - &expected).mapv(f32::abs);
        assert!(off.iter().all(|v| *v < 1e-3), "{off}");
    }

    #[test]
    fn flat_and_small_pictures_say_nothing() {
        let motif = shared(&[blob(15.0, 20.0)], 5).unwrap();
        let flat = Array3::from_elem((2, 30, 40), 3.0);
        assert!(find(&flat, &motif).unwrap().correlation.abs() < 1e-3);
        assert!(find(&Array3::zeros((2, 5, 5)), &motif).is_none());
        assert!(find(&Array3::zeros((1, 30, 40)), &motif).is_none());
        assert!(shared(&[], 2).is_none());
    }
}
