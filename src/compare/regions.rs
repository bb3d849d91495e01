//! Connected regions of a mask, and their shapes.

use ndarray::Array2;

/// A connected region (eight neighbours), lengths in cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Its cells: row, column.
    pub cells: Vec<(usize, usize)>,
    /// First row, first column, last row, last column.
    pub bounds: [usize; 4],
}

impl Region {
    /// Rows spanned.
    pub fn height(&self) -> usize {
        self.bounds[2] - self.bounds[0] + 1
    }

    /// Columns spanned.
    pub fn width(&self) -> usize {
        self.bounds[3] - self.bounds[1] + 1
    }

    /// Length and width of the rectangle with the same second moments: a straight line is long and
    /// narrow whichever way it runs.
    pub fn principal(&self) -> (f64, f64) {
        let n = self.cells.len() as f64;
        let mean = |pick: fn(&(usize, usize)) -> f64| self.cells.iter().map(pick).sum::<f64>() / n;
        let (row, column) = (mean(|c| c.0 as f64), mean(|c| c.1 as f64));
        let (mut yy, mut xx, mut xy) = (1.0 / 12.0, 1.0 / 12.0, 0.0);
        for (r, c) in &self.cells {
            let (y, x) = (*r as f64 - row, *c as f64 - column);
            yy += y * y / n;
            xx += x * x / n;
            xy += x * y / n;
        }
        let middle = (yy + xx) / 2.0;
        let half = ((yy - xx) / 2.0).hypot(xy);
        let side = |variance: f64| (12.0 * variance.max(0.0)).sqrt();
        (side(middle + half), side(middle - half))
    }
}

/// A cell and its eight neighbours, row by row, as far as they lie on a plane of so many rows and columns.
pub fn around(
    (row, column): (usize, usize),
    (rows, columns): (usize, usize),
) -> impl Iterator<Item = (usize, usize)> {
    let lines = row.saturating_sub(1)..(row + 2).min(rows);
    let across = column.saturating_sub(1)..(column + 2).min(columns);
    lines.flat_map(move |y| across.clone().map(move |x| (y, x)))
}

/// The regions of the cells that are true, in reading order of their first cells; those of fewer than
/// `least` cells are left out.
pub fn regions(mask: &Array2<bool>, least: usize) -> Vec<Region> {
    let mut open = mask.clone();
    let mut found = Vec::new();
    for (row, line) in mask.rows().into_iter().enumerate() {
        for (column, _) in line.iter().enumerate().filter(|(_, set)| **set) {
            if !open[[row, column]] {
                continue;
            }
            open[[row, column]] = false;
            let mut cells = vec![(row, column)];
            let mut bounds = [row, column, row, column];
            let mut next = 0;
            while let Some(&(r, c)) = cells.get(next) {
                next += 1;
                bounds = [
                    bounds[0].min(r),
                    bounds[1].min(c),
                    bounds[2].max(r),
                    bounds[3].max(c),
                ];
                for at in around((r, c), mask.dim()) {
                    if open[at] {
                        open[at] = false;
                        cells.push(at);
                    }
                }
            }
            if cells.len() >= least {
                found.push(Region { cells, bounds });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn regions_have_their_shapes() {
        let mut mask = Array2::from_elem((40, 40), false);
        for k in 5..30 {
            mask[[k, k]] = true;
        }
        for r in 2..6 {
            for c in 30..38 {
                mask[[r, c]] = true;
            }
        }
        mask[[38, 1]] = true;
        let found = regions(&mask, 2);
        assert_eq!(found.len(), 2);
        let (length, width) = found.first().unwrap().principal();
        assert!((length - 8.0).abs() < 0.1 && (width - 4.0).abs() < 0.1);
        let (length, width) = found.get(1).unwrap().principal();
        assert!(length > 33.0 && width < 1.1, "{length} {width}");
    }
}
