//! Plane projective maps: from millimetres on a note to pixels of a scan and back.

use nalgebra::{Matrix3, SMatrix, SVector, Vector3};

/// A point: x to the right, y down. Pixels are counted from the outer corner of the top left one,
/// so its centre is (0.5, 0.5).
pub type Point = [f64; 2];

/// A plane projective map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homography(Matrix3<f64>);

impl Homography {
    /// The map that moves nothing.
    pub fn identity() -> Self {
        Self(Matrix3::identity())
    }

    /// The map that takes the rectangle 0..`width` × 0..`height` to a quadrilateral given as
    /// top left, top right, bottom right, bottom left. `None` where three corners lie on a line.
    pub fn from_rectangle(width: f64, height: f64, quad: &[Point; 4]) -> Option<Self> {
        let corners = [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]];
        let pairs: Vec<(Point, Point, f64)> = corners
            .iter()
            .zip(quad)
            .map(|(&from, &to)| (from, to, 1.0))
            .collect();
        Self::fit(&pairs)
    }

    /// The map that best takes the first points to the second, each pair with its weight:
    /// least squares of the linearised equations after Hartley's normalisation
    /// (Hartley & Zisserman, Multiple View Geometry, 2nd ed., 4.4). At least four pairs.
    /// `None` where they do not fix a map.
    pub fn fit(pairs: &[(Point, Point, f64)]) -> Option<Self> {
        if pairs.len() < 4 {
            return None;
        }
        let from = normalisation(pairs.iter().map(|p| p.0))?;
        let to = normalisation(pairs.iter().map(|p| p.1))?;
        let mut normal = SMatrix::<f64, 8, 8>::zeros();
        let mut right = SVector::<f64, 8>::zeros();
        for (a, b, weight) in pairs {
            let [x, y] = Self(from).apply(*a);
            let [u, v] = Self(to).apply(*b);
            for (row, value) in [
                ([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], u),
                ([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y], v),
            ] {
                let row = SVector::<f64, 8>::from(row);
                normal += row * row.transpose() * *weight;
                right += row * value * *weight;
            }
        }
        let h = normal.lu().solve(&right)?;
        let matrix = Matrix3::new(h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], 1.0);
        let map = to.try_inverse()? * matrix * from;
        let finite = map.iter().all(|v| v.is_finite()) && map.determinant().abs() > 1e-12;
        finite.then_some(Self(map))
    }

    /// The best affine map (six parameters) for the same pairs; at least three.
    pub fn fit_affine(pairs: &[(Point, Point, f64)]) -> Option<Self> {
        if pairs.len() < 3 {
            return None;
        }
        let mut normal = Matrix3::<f64>::zeros();
        let mut right_x = Vector3::<f64>::zeros();
        let mut right_y = Vector3::<f64>::zeros();
        for (a, b, weight) in pairs {
            let row = Vector3::new(a[0], a[1], 1.0);
            normal += row * row.transpose() * *weight;
            right_x += row * b[0] * *weight;
            right_y += row * b[1] * *weight;
        }
        let lu = normal.lu();
        let (x, y) = (lu.solve(&right_x)?, lu.solve(&right_y)?);
        let map = Matrix3::new(x[0], x[1], x[2], y[0], y[1], y[2], 0.0, 0.0, 1.0);
        let finite = map.iter().all(|v| v.is_finite()) && map.determinant().abs() > 1e-12;
        finite.then_some(Self(map))
    }

    /// The best similarity (turn, scale, shift: four parameters) for the same pairs; at least two.
    pub fn fit_similarity(pairs: &[(Point, Point, f64)]) -> Option<Self> {
        let total: f64 = pairs.iter().map(|p| p.2).sum();
        if pairs.len() < 2 || total <= 0.0 {
            return None;
        }
        let mean = |of: fn(&(Point, Point, f64)) -> Point| {
            let sum = pairs.iter().fold([0.0; 2], |[x, y], pair| {
                let [a, b] = of(pair);
                [x + pair.2 * a, y + pair.2 * b]
            });
            sum.map(|v| v / total)
        };
        let (from, to) = (mean(|p| p.0), mean(|p| p.1));
        // As complex numbers: to = factor × from, in the least squares about both means.
        let (mut along, mut across, mut square) = (0.0, 0.0, 0.0);
        for (a, b, weight) in pairs {
            let ([x, y], [u, v]) = (
                [a[0] - from[0], a[1] - from[1]],
                [b[0] - to[0], b[1] - to[1]],
            );
            along += weight * (x * u + y * v);
            across += weight * (x * v - y * u);
            square += weight * (x * x + y * y);
        }
        let (c, s) = (along / square, across / square);
        let map = Matrix3::new(
            c,
            -s,
            to[0] - c * from[0] + s * from[1],
            s,
            c,
            to[1] - s * from[0] - c * from[1],
            0.0,
            0.0,
            1.0,
        );
        let finite = map.iter().all(|v| v.is_finite()) && map.determinant().abs() > 1e-12;
        finite.then_some(Self(map))
    }

    /// Where a point goes.
    #[inline]
    pub fn apply(&self, [x, y]: Point) -> Point {
        let m = &self.0;
        let w = m[(2, 0)] * x + m[(2, 1)] * y + m[(2, 2)];
        [
            (m[(0, 0)] * x + m[(0, 1)] * y + m[(0, 2)]) / w,
            (m[(1, 0)] * x + m[(1, 1)] * y + m[(1, 2)]) / w,
        ]
    }

    /// Walks along a row of the source plane in equal steps, at a division a point.
    pub fn along_row(&self, x: f64, y: f64, step: f64) -> Walk {
        let m = &self.0;
        let at = |row: usize| m[(row, 0)] * x + m[(row, 1)] * y + m[(row, 2)];
        Walk {
            at: [at(0), at(1), at(2)],
            step: [m[(0, 0)] * step, m[(1, 0)] * step, m[(2, 0)] * step],
        }
    }

    /// First `self`, then `next`.
    pub fn then(&self, next: &Self) -> Self {
        Self(next.0 * self.0)
    }

    /// The map back; `None` where it is degenerate.
    pub fn inverse(&self) -> Option<Self> {
        self.0.try_inverse().map(Self)
    }
}

/// See [`Homography::along_row`].
#[derive(Debug, Clone)]
pub struct Walk {
    at: [f64; 3],
    step: [f64; 3],
}

impl Walk {
    /// The image of the next point of the row.
    #[inline]
    pub fn next_point(&mut self) -> Point {
        let [x, y, w] = self.at;
        for (a, s) in self.at.iter_mut().zip(self.step) {
            *a += s;
        }
        [x / w, y / w]
    }
}

/// Moves points to their mean and scales their mean distance to √2.
fn normalisation(points: impl Iterator<Item = Point> + Clone) -> Option<Matrix3<f64>> {
    let n = points.clone().count() as f64;
    let (sx, sy) = points
        .clone()
        .fold((0.0, 0.0), |(a, b), [x, y]| (a + x, b + y));
    let (mx, my) = (sx / n, sy / n);
    let spread = points.map(|[x, y]| (x - mx).hypot(y - my)).sum::<f64>() / n;
    if !spread.is_finite() || spread < 1e-9 {
        return None;
    }
    let s = std::f64::consts::SQRT_2 / spread;
    Some(Matrix3::new(
        s,
        0.0,
        -s * mx,
        0.0,
        s,
        -s * my,
        0.0,
        0.0,
        1.0,
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_quadrilateral_gets_its_corners_and_the_way_back() {
        let quad = [[10.0, 20.0], [310.0, 35.0], [300.0, 180.0], [5.0, 160.0]];
        let map = Homography::from_rectangle(156.0, 66.3, &quad).unwrap();
        for (corner, expected) in [[0.0, 0.0], [156.0, 0.0], [156.0, 66.3], [0.0, 66.3]]
            .iter()
            .zip(quad)
        {
            let got = map.apply(*corner);
            assert!((got[0] - expected[0]).abs() < 1e-6 && (got[1] - expected[1]).abs() < 1e-6);
            let back = map.inverse().unwrap().apply(got);
            assert!((back[0] - corner[0]).abs() < 1e-6 && (back[1] - corner[1]).abs() < 1e-6);
        }
    }

    #[test]
    fn corners_on_a_line_are_refused() {
        let quad = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 1.0]];
        let map = Homography::from_rectangle(1.0, 1.0, &quad);
        assert!(map.is_none_or(|m| m.inverse().is_none()));
        assert!(Homography::fit(&[([0.0, 0.0], [0.0, 0.0], 1.0); 4]).is_none());
    }

    #[test]
    fn a_similarity_keeps_its_shape_whatever_the_pairs_say() {
        let turned = |[x, y]: Point| [7.0 - 2.0 * y, 3.0 + 2.0 * x];
        let corners = [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0]];
        let pairs = corners.map(|p| (p, turned(p), 1.0));
        let map = Homography::fit_similarity(&pairs).unwrap();
        let [x, y] = map.apply([1.0, 5.0]);
        assert!((x + 3.0).abs() < 1e-9 && (y - 5.0).abs() < 1e-9);
        // One corner pulled away moves and scales the square, and leaves it one.
        let mut pairs = pairs;
        pairs[2].1[0] += 3.0;
        let map = Homography::fit_similarity(&pairs).unwrap();
        let [a, b, _, d] = corners.map(|p| map.apply(p));
        let (along, down) = ([b[0] - a[0], b[1] - a[1]], [d[0] - a[0], d[1] - a[1]]);
        assert!((along[0] * down[0] + along[1] * down[1]).abs() < 1e-9);
        assert!(Homography::fit_similarity(&[([1.0, 1.0], [2.0, 2.0], 1.0); 3]).is_none());
    }

    #[test]
    fn an_affine_fit_outvotes_nothing_but_follows_weights() {
        let pairs = [
            ([0.0, 0.0], [1.0, 2.0], 1.0),
            ([1.0, 0.0], [3.0, 2.0], 1.0),
            ([0.0, 1.0], [1.0, 4.0], 1.0),
            ([1.0, 1.0], [99.0, 99.0], 1e-12),
        ];
        let got = Homography::fit_affine(&pairs).unwrap().apply([0.5, 0.5]);
        assert!((got[0] - 2.0).abs() < 1e-6 && (got[1] - 3.0).abs() < 1e-6);
    }
}
