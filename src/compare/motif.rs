//! Motifs: a small picture found in a slightly larger one, by correlation.

use ndarray::{Array2, ArrayView2};

use crate::pixels::window;

/// Rounds of averaging: the first as the pictures lie, the others each where it fits the mean best.
const ROUNDS: usize = 3;

/// Where a motif fits best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Correlation coefficient there, -1..=1; 0 where either is flat.
    pub correlation: f32,
    /// First row and column of the picture that the motif covers.
    pub at: (usize, usize),
}

/// Looks for a motif in a picture at every shift that keeps it inside; `None` where the picture is
/// smaller than the motif.
pub fn find(picture: &Array2<f32>, motif: &Array2<f32>) -> Option<Fit> {
    let (rows, columns) = motif.dim();
    let (down, across) = (
        picture.nrows().checked_sub(rows)?,
        picture.ncols().checked_sub(columns)?,
    );
    let view = picture.view();
    let mut best: Option<Fit> = None;
    for row in 0..=down {
        for column in 0..=across {
            let part = window(&view, row..row + rows, column..column + columns);
            let correlation = correlation(&part, &motif.view());
            if best.is_none_or(|b| correlation > b.correlation) {
                best = Some(Fit {
                    correlation,
                    at: (row, column),
                });
            }
        }
    }
    best
}

/// Pearson's correlation of two pictures of one size; 0 where either is flat.
fn correlation(a: &ArrayView2<'_, f32>, b: &ArrayView2<'_, f32>) -> f32 {
    let n = a.len() as f32;
    let (mean_a, mean_b) = (a.sum() / n, b.sum() / n);
    let (mut ab, mut aa, mut bb) = (0.0f32, 0.0f32, 0.0f32);
    for (x, y) in a.iter().zip(b.iter()) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    let scale = (aa * bb).sqrt();
    if scale > 0.0 { ab / scale } else { 0.0 }
}

/// The motif that several pictures share: their mean, each moved by at most `reach` cells to where it
/// fits the others best. `reach` cells on every side of the pictures are room for that and no part of
/// the motif. `None` for no pictures, or pictures of several sizes, or too small.
pub fn shared(pictures: &[Array2<f32>], reach: usize) -> Option<Array2<f32>> {
    let (rows, columns) = pictures.first()?.dim();
    let (inner_rows, inner_columns) = (
        rows.checked_sub(2 * reach)?,
        columns.checked_sub(2 * reach)?,
    );
    if inner_rows == 0 || inner_columns == 0 || pictures.iter().any(|p| p.dim() != (rows, columns))
    {
        return None;
    }
    let mut motif: Option<Array2<f32>> = None;
    for _ in 0..ROUNDS {
        let mut sum = Array2::<f32>::zeros((inner_rows, inner_columns));
        for picture in pictures {
            let (row, column) = motif
                .as_ref()
                .and_then(|motif| find(picture, motif))
                .map_or((reach, reach), |fit| fit.at);
            let view = picture.view();
            let part = window(&view, row..row + inner_rows, column..column + inner_columns);
            let mean = part.sum() / part.len() as f32;
            sum += &part.mapv(|v| v - mean);
        }
        motif = Some(sum / pictures.len() as f32);
    }
    motif
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn blob(row: f32, column: f32) -> Array2<f32> {
        Array2::from_shape_fn((30, 40), |(y, x)| {
            let (dy, dx) = (y as f32 - row, x as f32 - column);
            (-(dy * dy + 2.0 * dx * dx) / 30.0).exp() + 0.01 * ((7 * y + 13 * x) % 5) as f32
        })
    }

    #[test]
    fn a_moved_motif_is_found_where_it_lies() {
        let motif = shared(&[blob(15.0, 20.0), blob(17.0, 18.0), blob(14.0, 21.0)], 5).unwrap();
        assert_eq!(motif.dim(), (20, 30));
        let first = find(&blob(15.0, 20.0), &motif).unwrap();
        let moved = find(&blob(18.0, 16.0), &motif).unwrap();
        assert!(moved.correlation > 0.95, "{moved:?}");
        let by = |axis: fn(&Fit) -> usize| axis(&moved) as isize - axis(&first) as isize;
        assert_eq!((by(|f| f.at.0), by(|f| f.at.1)), (3, -4));
    }

    #[test]
    fn flat_and_small_pictures_say_nothing() {
        let motif = shared(&[blob(15.0, 20.0)], 5).unwrap();
        let flat = Array2::from_elem((30, 40), 3.0);
        assert!(find(&flat, &motif).unwrap().correlation.abs() < 1e-3);
        assert!(find(&Array2::zeros((5, 5)), &motif).is_none());
        assert!(shared(&[], 2).is_none());
    }
}
