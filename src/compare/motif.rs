//! Motifs: a small picture found in a slightly larger one, by correlation. Pictures are planes × rows × columns,
//! and all planes move together.

use std::ops::Range;

use ndarray::{Array3, ArrayView3, Axis, Slice};

/// Rounds of averaging: the first as the pictures lie, the others each where it fits the mean best.
const ROUNDS: usize = 3;

/// Where a motif fits best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Correlation coefficient there, -1..=1; 0 where either is flat.
    pub correlation: f32,
    /// First row and column of the picture that the motif covers.
    pub at: (usize, usize),
    /// The same between the cells, where the parabola through the correlations there and beside has its top.
    pub between: (f64, f64),
    /// How strongly the motif shows there: the factor on it that leaves least of the picture.
    pub strength: f32,
}

/// Looks for a motif in a picture at every shift that keeps it inside; `None` where the picture is
/// smaller than the motif, or has not as many planes.
pub fn find(picture: &Array3<f32>, motif: &Array3<f32>) -> Option<Fit> {
    let (planes, rows, columns) = motif.dim();
    let (of_picture, height, width) = picture.dim();
    let (down, across) = (height.checked_sub(rows)?, width.checked_sub(columns)?);
    if of_picture != planes {
        return None;
    }
    let mut scores = ndarray::Array2::<f32>::zeros((down + 1, across + 1));
    let mut best: Option<Fit> = None;
    for ((row, column), score) in scores.indexed_iter_mut() {
        let part = part(picture, row..row + rows, column..column + columns);
        let (correlation, strength) = correlation(&part, &motif.view());
        *score = correlation;
        if best.is_none_or(|b| correlation > b.correlation) {
            best = Some(Fit {
                correlation,
                at: (row, column),
                between: (row as f64, column as f64),
                strength,
            });
        }
    }
    let mut best = best?;
    let (row, column) = best.at;
    let score = |row: usize, column: usize| scores.get((row, column)).copied();
    best.between.0 += top(
        row.checked_sub(1).and_then(|before| score(before, column)),
        best.correlation,
        score(row + 1, column),
    );
    best.between.1 += top(
        column.checked_sub(1).and_then(|before| score(row, before)),
        best.correlation,
        score(row, column + 1),
    );
    Some(best)
}

/// Where between -1/2 and 1/2 the parabola through three neighbouring values has its top; 0 where one is missing.
fn top(before: Option<f32>, here: f32, after: Option<f32>) -> f64 {
    let (Some(before), Some(after)) = (before, after) else {
        return 0.0;
    };
    let curve = f64::from(before - 2.0 * here + after);
    if curve < 0.0 {
        (0.5 * f64::from(before - after) / curve).clamp(-0.5, 0.5)
    } else {
        0.0
    }
}

/// A picture without a motif: what of it shows where it fits is taken away.
pub fn without(picture: &Array3<f32>, motif: &Array3<f32>, fit: &Fit) -> Array3<f32> {
    let (_, rows, columns) = motif.dim();
    let (row, column) = fit.at;
    let mut out = picture.clone();
    let mut part = out.view_mut();
    part.slice_axis_inplace(Axis(1), Slice::from(row..row + rows));
    part.slice_axis_inplace(Axis(2), Slice::from(column..column + columns));
    for (mut plane, motif) in part.axis_iter_mut(Axis(0)).zip(motif.axis_iter(Axis(0))) {
        let mean = motif.sum() / motif.len().max(1) as f32;
        plane.zip_mut_with(&motif, |v, m| *v -= fit.strength * (m - mean));
    }
    out
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
        let between = find(&blob(15.4, 19.7), &motif).unwrap().between;
        let (down, across) = (between.0 - first.between.0, between.1 - first.between.1);
        assert!(
            (down - 0.4).abs() < 0.1 && (across + 0.3).abs() < 0.1,
            "{down} {across}"
        );
    }

    #[test]
    fn what_is_taken_away_is_found_no_more() {
        let motif = shared(&[blob(15.0, 20.0)], 5).unwrap();
        let picture = blob(17.0, 18.0) * 0.5;
        let fit = find(&picture, &motif).unwrap();
        assert!((fit.strength - 0.5).abs() < 0.05, "{fit:?}");
        let left = without(&picture, &motif, &fit);
        assert!(
            left.iter().map(|v| v * v).sum::<f32>()
                < 0.1 * picture.iter().map(|v| v * v).sum::<f32>()
        );
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
