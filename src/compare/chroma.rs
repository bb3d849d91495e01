//! Colour in densities: how a colour departs from grey, and how much of it the lightness explains.
//!
//! Density is the negative logarithm of a value over that of the paper beside it. A factor between the
//! channels (a colour cast) falls out of it, an exponent (gamma) scales all of it alike.

use nalgebra::{SMatrix, Vector3};

use super::order::{median, quantile};

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

/// Passes of the robust fit in [`colour_of_density`].
const PASSES: usize = 4;
/// Cells farther from it than so many robust standard deviations have no weight there.
const FAR: f32 = 3.0;
/// Density has to vary by this much (standard deviation) for a fit to colour.
const LEAST_VARIATION: f64 = 0.05;

/// How much red-green and yellow-blue a grid gains for each unit of density: the colour of its ink. `None` where its
/// density hardly varies.
///
/// Paper and whatever lies over paper and ink alike (soil, a stain, light that falls off) add a colour that changes
/// slowly over the grid: a plane, which is fitted beside the gain. Cells that fit neither, as under a stroke of
/// another ink, are left out: least squares with Tukey's biweight, reweighted.
pub fn colour_of_density(grid: &Grid) -> Option<[f32; 2]> {
    let n = grid.side;
    // Density, the terms of the plane and the two colours; eight go through the processor at once.
    let cells: Vec<[f32; 8]> = grid
        .cells
        .iter()
        .enumerate()
        .map(|(i, &c)| {
            let (x, y) = ((i % n) as f32, (i / n) as f32);
            let middle = 0.5 * n as f32;
            [
                lightness(c),
                1.0,
                x / middle - 1.0,
                y / middle - 1.0,
                red_green(c),
                yellow_blue(c),
                0.0,
                0.0,
            ]
        })
        .collect();
    let mut weights = vec![1.0f32; cells.len()];
    let mut fitted = fit_weighted(&cells, &weights, n)?;
    for _ in 1..PASSES {
        let distances: Vec<f32> = cells
            .iter()
            .map(|[light, _, x, y, red_green, yellow_blue, ..]| {
                let left = |axis: usize, value: f32| {
                    value
                        - fitted[(0, axis)] * light
                        - fitted[(1, axis)]
                        - fitted[(2, axis)] * x
                        - fitted[(3, axis)] * y
                };
                left(0, *red_green).powi(2) + left(1, *yellow_blue).powi(2)
            })
            .collect();
        let spread = 1.4826 * median(&mut distances.clone())?.sqrt();
        let limit = (FAR * spread).powi(2).max(1e-9);
        for (weight, distance) in weights.iter_mut().zip(&distances) {
            *weight = (1.0 - distance / limit).max(0.0).powi(2);
        }
        fitted = fit_weighted(&cells, &weights, n)?;
    }
    Some([fitted[(0, 0)], fitted[(0, 1)]])
}

/// The weighted least squares of [`colour_of_density`]: coefficients of density, one, x and y for each of the two
/// colours. `None` where the density hardly varies.
fn fit_weighted(cells: &[[f32; 8]], weights: &[f32], side: usize) -> Option<SMatrix<f32, 4, 2>> {
    let mut normal = SMatrix::<f64, 4, 4>::zeros();
    let mut right = SMatrix::<f64, 4, 2>::zeros();
    for (row, weights) in cells.chunks(side.max(1)).zip(weights.chunks(side.max(1))) {
        // So few cells are added up in 32 bits.
        let mut sums = [[0.0f32; 8]; 4];
        for (cell, &weight) in row.iter().zip(weights) {
            for (sums, u) in sums.iter_mut().zip(cell) {
                for (sum, v) in sums.iter_mut().zip(cell) {
                    *sum += weight * u * v;
                }
            }
        }
        normal += SMatrix::<f64, 4, 4>::from_fn(|j, k| f64::from(sums[j][k]));
        right += SMatrix::<f64, 4, 2>::from_fn(|j, k| f64::from(sums[j][4 + k]));
    }
    let total = normal[(1, 1)];
    let mean = normal[(0, 1)] / total;
    if (normal[(0, 0)] / total - mean * mean).max(0.0).sqrt() < LEAST_VARIATION {
        return None;
    }
    for j in 0..4 {
        normal[(j, j)] += 1e-6 * total;
    }
    Some(normal.cholesky()?.solve(&right).map(|v| v as f32))
}

/// Parts along each side of a grid in which [`over_own_paper`] looks for paper.
const PAPER_PARTS: usize = 3;
/// Share of their cells that count as it, the lightest.
const LIGHTEST: f64 = 0.2;

/// The cells of a grid over a plane of densities through the lightest of each of its parts: over the paper where the
/// grid shows some, with what lies over it.
pub fn over_own_paper(grid: &Grid) -> Option<Vec<[f32; 3]>> {
    let n = grid.side;
    let at = |i: usize| {
        let (x, y) = ((i % n) as f64, (i / n) as f64);
        Vector3::new(1.0, x, y)
    };
    let mut normal = SMatrix::<f64, 3, 3>::zeros();
    let mut right = SMatrix::<f64, 3, 3>::zeros();
    let part = |p: usize| p * n / PAPER_PARTS..(p + 1) * n / PAPER_PARTS;
    for (rows, columns) in
        (0..PAPER_PARTS).flat_map(|r| (0..PAPER_PARTS).map(move |c| (part(r), part(c))))
    {
        let cells: Vec<(usize, [f32; 3])> = rows
            .flat_map(|y| columns.clone().map(move |x| y * n + x))
            .filter_map(|i| Some((i, *grid.cells.get(i)?)))
            .collect();
        let mut lights: Vec<f32> = cells.iter().map(|c| lightness(c.1)).collect();
        let limit = quantile(&mut lights, LIGHTEST)?;
        for (i, cell) in cells.into_iter().filter(|c| lightness(c.1) <= limit) {
            normal += at(i) * at(i).transpose();
            right += at(i) * Vector3::from(cell.map(f64::from)).transpose();
        }
    }
    let plane = normal.cholesky()?.solve(&right).transpose();
    let over = grid.cells.iter().enumerate().map(|(i, cell)| {
        let paper = plane * at(i);
        std::array::from_fn(|channel| cell[channel] - paper[channel] as f32)
    });
    Some(over.collect())
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

    /// Lines of an ink that gains 0.3 red-green and loses 0.2 yellow-blue for each unit of density, under a layer that
    /// grows to the right, and under another colour where `covered`.
    fn layered(covered: impl Fn(usize) -> bool) -> Grid {
        let side = 21;
        let cells = (0..side * side).map(|i| {
            let light = 0.6 + 0.5 * (0.8 * (i % side) as f32 + 0.5 * (i / side) as f32).sin();
            let layer = 0.02 * (i % side) as f32;
            let (red_green, yellow_blue) = (0.3 * light + layer, -0.2 * light - layer);
            // What lightness, red-green and yellow-blue are of red, green and blue, solved for these.
            let blue = light - yellow_blue * 4.0 / 3.0;
            let yellow = light + yellow_blue * 2.0 / 3.0;
            let over = if covered(i) { 0.8 } else { 0.0 };
            [yellow + red_green, yellow - red_green, blue + over]
        });
        Grid {
            side,
            cells: cells.collect(),
        }
    }

    #[test]
    fn a_layer_over_paper_and_ink_is_not_the_inks() {
        let clear = colour_of_density(&layered(|_| false)).unwrap();
        let covered = colour_of_density(&layered(|i| i % 21 < 3)).unwrap();
        for [red_green, yellow_blue] in [clear, covered] {
            assert!((red_green - 0.3).abs() < 0.02, "{red_green}");
            assert!((yellow_blue + 0.2).abs() < 0.02, "{yellow_blue}");
        }
    }

    #[test]
    fn paper_has_no_ink() {
        let paper = Grid {
            side: 21,
            cells: vec![[0.1, 0.12, 0.2]; 441],
        };
        assert_eq!(colour_of_density(&paper), None);
        let over = over_own_paper(&paper).unwrap();
        assert!(over.iter().flatten().all(|v| v.abs() < 1e-5));
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
