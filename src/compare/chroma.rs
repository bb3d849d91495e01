//! Colour in densities: how a colour departs from grey, and how much of it the lightness explains.
//!
//! Density is the negative logarithm of a value over that of the paper beside it. A factor between the
//! channels (a colour cast) falls out of it, an exponent (gamma) scales all of it alike.

use nalgebra::SMatrix;

/// Half the difference of red and green density: positive for inks that take red away, such as green.
pub fn red_green(d: [f32; 3]) -> f32 {
    0.5 * (d[0] - d[1])
}

/// A quarter of red and green less half of blue density: negative for inks that take blue away, such as
/// yellow and brown.
pub fn yellow_blue(d: [f32; 3]) -> f32 {
    0.25 * (d[0] + d[1]) - 0.5 * d[2]
}

/// Mean density of the three channels.
pub fn lightness(d: [f32; 3]) -> f32 {
    (d[0] + d[1] + d[2]) / 3.0
}

/// A square grid of colours: densities averaged over square blocks of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Blocks along each side.
    pub side: usize,
    /// Red, green and blue density, row for row.
    pub cells: Vec<[f32; 3]>,
}

impl Grid {
    /// Means over whole blocks of `block`² pixels of three planes of `side`² pixels.
    pub fn over(planes: &[Vec<f32>; 3], side: usize, block: usize) -> Self {
        let block = block.max(1);
        let count = side / block;
        let mut cells = vec![[0.0f32; 3]; count * count];
        let norm = 1.0 / (block * block) as f32;
        let mut sums = [(); 3].map(|()| vec![0.0f32; side]);
        for (row, line) in cells.chunks_exact_mut(count.max(1)).enumerate() {
            for (sums, plane) in sums.iter_mut().zip(planes) {
                sums.fill(0.0);
                for y in row * block..(row + 1) * block {
                    let values = plane.get(y * side..(y + 1) * side).unwrap_or(&[]);
                    for (sum, v) in sums.iter_mut().zip(values) {
                        *sum += v;
                    }
                }
            }
            let [red, green, blue] = &sums;
            let blocks = red
                .chunks_exact(block)
                .zip(green.chunks_exact(block))
                .zip(blue.chunks_exact(block));
            for (cell, ((red, green), blue)) in line.iter_mut().zip(blocks) {
                let mut total = [0.0f32; 3];
                for ((r, g), b) in red.iter().zip(green).zip(blue) {
                    for (total, v) in total.iter_mut().zip([r, g, b]) {
                        *total += v;
                    }
                }
                *cell = total.map(|v| v * norm);
            }
        }
        Self { side: count, cells }
    }
}

/// What is looked at in a [`Grid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The colours as they are.
    All,
    /// Only how each cell departs from its four neighbours.
    Fine,
}

/// Variance of colour (both opponent axes together) that the lightness does not explain. `None` for
/// grids too small to say.
///
/// One ink in varying thickness or coverage gives a colour that is a smooth function of its lightness,
/// slightly bent because partial coverage mixes light, not densities; a scanner whose colours are not
/// in register adds the slope of the lightness. All of that is fitted by least squares and taken out;
/// dots of several inks stay.
pub fn unexplained(grid: &Grid, detail: Detail) -> Option<f64> {
    let n = grid.side;
    let margin = match detail {
        Detail::All => 1,
        Detail::Fine => 2,
    };
    if n < 2 * margin + 4 || grid.cells.len() != n * n {
        return None;
    }
    let light: Vec<f32> = grid.cells.iter().map(|&c| lightness(c)).collect();
    // The regressors (1, lightness, its square and slopes), then the two colours; the outermost cells
    // have no slopes.
    let mut values = vec![[0.0f32; 8]; n * n];
    for y in 1..n - 1 {
        let cells = y * n + 1..(y + 1) * n - 1;
        for (i, value) in cells.clone().zip(values.get_mut(cells).unwrap_or(&mut [])) {
            let (l, c) = (light[i], grid.cells[i]);
            *value = [
                1.0,
                l,
                l * l,
                light[i + 1] - light[i - 1],
                light[i + n] - light[i - n],
                red_green(c),
                yellow_blue(c),
                0.0,
            ];
        }
    }
    // Products of the regressors with all.
    let mut sums = [[0.0f64; 8]; 5];
    let mut total = 0.0f64;
    let mut count = 0.0f64;
    for y in margin..n - margin {
        // Fine detail overlaps between neighbours: every other cell says as much as all.
        let (first, step) = match detail {
            Detail::All => (margin, 1),
            Detail::Fine => (margin + y % 2, 2),
        };
        // So few cells are added up in 32 bits.
        let mut line = [[0.0f32; 8]; 5];
        for x in (first..n - margin).step_by(step) {
            let i = y * n + x;
            let mut all = values[i];
            if detail == Detail::Fine {
                let [a, b, c, d] = [i - 1, i + 1, i - n, i + n].map(|j| &values[j]);
                for k in 1..8 {
                    all[k] -= 0.25 * ((a[k] + b[k]) + (c[k] + d[k]));
                }
            }
            for (line, u) in line.iter_mut().zip(all) {
                for (sum, v) in line.iter_mut().zip(all) {
                    *sum += u * v;
                }
            }
            let [.., a, b, _] = all.map(f64::from);
            total += a * a + b * b;
            count += 1.0;
        }
        for (sums, line) in sums.iter_mut().zip(line) {
            for (sum, v) in sums.iter_mut().zip(line) {
                *sum += f64::from(v);
            }
        }
    }
    let mut normal = SMatrix::<f64, 5, 5>::from_fn(|j, k| sums[j][k]);
    let right = SMatrix::<f64, 5, 2>::from_fn(|j, k| sums[j][5 + k]);
    for j in 0..5 {
        // Flat windows have no slopes to fit.
        normal[(j, j)] += 1e-6 * count;
    }
    let fitted = normal.cholesky()?.solve(&right);
    Some(((total - fitted.dot(&right)) / count).max(0.0))
}

/// A variance as an amplitude, log10; nothing is less than what rounding leaves.
pub fn amplitude(variance: f64) -> f64 {
    0.5 * variance.max(1e-9).log10()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Lines of one ink, the red channel shifted by `fringe`, with a speck of colour in every third cell.
    fn lines(fringe: f32, speck: f32) -> Grid {
        let side = 24;
        let ink = |x: f32, y: f32| 0.8 + 0.7 * (0.9 * x + 0.5 * y).sin();
        Grid {
            side,
            cells: (0..side * side)
                .map(|i| {
                    let (x, y) = ((i % side) as f32, (i / side) as f32);
                    let s = if i % 3 == 0 { speck } else { 0.0 };
                    [ink(x + fringe, y) + s, ink(x, y) * 0.9, ink(x, y) * 0.8]
                })
                .collect(),
        }
    }

    #[test]
    fn one_ink_is_explained_and_specks_are_not() {
        for detail in [Detail::All, Detail::Fine] {
            let clean = unexplained(&lines(0.0, 0.0), detail).unwrap();
            let fringed = unexplained(&lines(0.2, 0.0), detail).unwrap();
            let specked = unexplained(&lines(0.0, 0.3), detail).unwrap();
            assert!(clean < 1e-5, "{clean}");
            assert!(fringed < 4e-4, "{fringed}");
            assert!(specked > 2e-3, "{specked}");
        }
        assert_eq!(
            unexplained(
                &Grid {
                    side: 3,
                    cells: vec![[0.0; 3]; 9]
                },
                Detail::All
            ),
            None
        );
    }

    #[test]
    fn grey_has_no_colour() {
        assert_eq!(red_green([0.4; 3]), 0.0);
        assert_eq!(yellow_blue([0.4; 3]), 0.0);
        assert!(red_green([1.0, 0.2, 0.8]) > 0.0);
    }

    #[test]
    fn blocks_are_means() {
        let plane: Vec<f32> = (0..36).map(|i| (i % 6) as f32).collect();
        let grid = Grid::over(&[plane.clone(), plane.clone(), plane], 6, 2);
        assert_eq!(grid.side, 3);
        assert_eq!(grid.cells[1], [2.5; 3]);
    }
}
