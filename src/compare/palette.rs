//! How the colours of a side lie to each other, whatever light and camera make of them all.
//!
//! Another lamp, white balance or tone curve moves all colours of a picture together: about as a linear map of their
//! plane, and only along a few of the ways in which such a map can vary. Inks of other hues, or mixed from other inks, map
//! otherwise, or by no one map.

use nalgebra::{Matrix4, Matrix4x2, Vector2, Vector4};
use ndarray::Axis;

use super::chroma::{lightness, red_green, yellow_blue};
use super::order::{median, quantile};
use crate::pixels::Planes;

/// Share of the tiles that are lighter than what is taken for paper.
const PAPER: f64 = 0.05;
/// Least level that counts, of 255: below is the camera's own black.
const BLACK: f32 = 8.0;
/// Rounds in which what fits badly comes to count less.
const ROUNDS: usize = 4;
/// Tiles count in full up to so many medians of what is left.
const FULL: f32 = 1.5;
/// Least spread of the colours along either way of their plane, beside what goes with lightness, in spreads of lightness.
/// With less, tiles of one genuine note differ from another's by as much, and the map is anything: on $1 and $2 it is
/// 0.016 to 0.024, and the maps of genuine notes are as unlike along the two ways as they are strong; on ¥1 0.038 and on
/// ¥100 0.079.
const LEAST_SPREAD: f64 = 0.03;
/// Least tiles that must be seen.
const LEAST_TILES: usize = 60;

/// Red less green, yellow less blue, and lightness of each tile of 3 × rows × columns levels, NaN where it is not seen,
/// as densities over the side's paper in spreads of its lightness, which exposure and tone curve scale. `None` where
/// too little is seen.
pub fn palette(tiles: &Planes) -> Option<Planes> {
    let mut density = tiles.mapv(|level| {
        // `max` drops what is not a number.
        let seen = if level.is_nan() {
            level
        } else {
            level.max(BLACK)
        };
        -seen.log10()
    });
    for mut plane in density.axis_iter_mut(Axis(0)) {
        let mut seen: Vec<f32> = plane.iter().copied().filter(|v| v.is_finite()).collect();
        if seen.len() < LEAST_TILES {
            return None;
        }
        let paper = quantile(&mut seen, PAPER)?;
        plane.mapv_inplace(|v| v - paper);
    }
    let mut out = Planes::zeros(density.dim());
    for (mut out, d) in out
        .lanes_mut(Axis(0))
        .into_iter()
        .zip(density.lanes(Axis(0)))
    {
        let d = [d[0], d[1], d[2]];
        for (out, value) in out
            .iter_mut()
            .zip([red_green(d), yellow_blue(d), lightness(d)])
        {
            *out = value;
        }
    }
    let light: Vec<f32> = out
        .index_axis(Axis(0), 2)
        .iter()
        .copied()
        .filter(|v| v.is_finite())
        .collect();
    let count = light.len() as f32;
    let mean = light.iter().sum::<f32>() / count;
    let spread = (light.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count).sqrt();
    (spread > 0.0).then(|| out / spread)
}

/// The median of several palettes, tile by tile; NaN where none shows a tile. `None` for none, or of several sizes.
pub fn middle(palettes: &[Planes]) -> Option<Planes> {
    let dim = palettes.first()?.dim();
    if palettes.iter().any(|p| p.dim() != dim) {
        return None;
    }
    Some(Planes::from_shape_fn(dim, |at| {
        let seen = palettes.iter().filter_map(|p| p.get(at).copied());
        let mut seen: Vec<f32> = seen.filter(|v| v.is_finite()).collect();
        median(&mut seen).unwrap_or(f32::NAN)
    }))
}

/// The map that takes the colours of genuine notes to those of a side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Map {
    /// By how much it turns them, radians.
    pub turn: f64,
    /// By how much it makes them stronger, natural logarithm.
    pub strength: f64,
    /// How much more it stretches red against green than yellow against blue, of its strength.
    pub stretch: f64,
    /// How much it slants them, likewise.
    pub slant: f64,
    /// What it leaves, the median of the tiles, over its strength: natural logarithm.
    pub left: f64,
}

/// Standard deviation of the expected colours along the way in which they spread least, whatever goes with lightness left
/// out.
fn narrowest(tiles: &[(Vector4<f64>, [f64; 2])]) -> f64 {
    let count = tiles.len() as f64;
    let mean = tiles.iter().map(|(terms, _)| terms).sum::<Vector4<f64>>() / count;
    let square = |terms: &Vector4<f64>| (terms - mean) * (terms - mean).transpose();
    let covariance = tiles
        .iter()
        .map(|(terms, _)| square(terms))
        .sum::<Matrix4<f64>>()
        / count;
    let with_light = Vector2::new(covariance[(0, 2)], covariance[(1, 2)]);
    let light = covariance[(2, 2)].max(f64::MIN_POSITIVE);
    let beside = covariance.fixed_view::<2, 2>(0, 0) - with_light * with_light.transpose() / light;
    beside.symmetric_eigenvalues().min().max(0.0).sqrt()
}

/// Fits the map by least squares in which what fits badly counts less (Huber's weights); `None` where too few tiles are
/// seen in both, or the colours do not spread over their plane.
pub fn map(seen: &Planes, expected: &Planes) -> Option<Map> {
    if seen.dim() != expected.dim() {
        return None;
    }
    let lanes = seen.lanes(Axis(0)).into_iter().zip(expected.lanes(Axis(0)));
    let tiles: Vec<(Vector4<f64>, [f64; 2])> = lanes
        .filter(|(seen, expected)| seen.iter().chain(expected).all(|v| v.is_finite()))
        .map(|(seen, expected)| {
            let [a, b, light] = [0, 1, 2].map(|k| f64::from(expected[k]));
            (
                Vector4::new(a, b, light, 1.0),
                [0, 1].map(|k| f64::from(seen[k])),
            )
        })
        .collect();
    if tiles.len() < LEAST_TILES || narrowest(&tiles) < LEAST_SPREAD {
        return None;
    }
    let mut weights = vec![1.0f64; tiles.len()];
    let mut fitted = Matrix4x2::zeros();
    let mut left = 0.0;
    for _ in 0..ROUNDS {
        let (mut normal, mut right) = (Matrix4::zeros(), Matrix4x2::zeros());
        for ((terms, [a, b]), weight) in tiles.iter().zip(&weights) {
            normal += *weight * terms * terms.transpose();
            right.set_column(0, &(right.column(0) + *weight * *a * terms));
            right.set_column(1, &(right.column(1) + *weight * *b * terms));
        }
        fitted = normal.cholesky()?.solve(&right);
        let off: Vec<f32> = tiles
            .iter()
            .map(|(terms, [a, b])| {
                let expected = terms.transpose() * fitted;
                (a - expected[0]).hypot(b - expected[1]) as f32
            })
            .collect();
        let middle = median(&mut off.clone())?;
        left = f64::from(middle);
        let full = f64::from(FULL * middle);
        for (weight, off) in weights.iter_mut().zip(off) {
            *weight = (full / f64::from(off).max(1e-9)).min(1.0);
        }
    }
    let [a, b, c, d] = [
        fitted[(0, 0)],
        fitted[(1, 0)],
        fitted[(0, 1)],
        fitted[(1, 1)],
    ];
    // As a map of complex numbers: a multiple of each, and one of its conjugate. However little is left of the colours along
    // one way, the second is at most as strong as the first.
    let turning = [a + d, c - b].map(|v| 0.5 * v);
    let unlike = [a - d, b + c].map(|v| 0.5 * v);
    let strength = turning[0].hypot(turning[1]);
    if strength <= 1e-3 {
        return None;
    }
    Some(Map {
        turn: turning[1].atan2(turning[0]),
        strength: strength.ln(),
        stretch: unlike[0] / strength,
        slant: unlike[1] / strength,
        left: (left.max(1e-6) / strength).ln(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Tiles of many colours on light paper: levels of red, green and blue.
    fn coloured() -> Planes {
        Planes::from_shape_fn((3, 12, 24), |(channel, row, column)| {
            let (x, y) = (column as f32 / 24.0, row as f32 / 12.0);
            let waves = [
                (7.0 * x).sin(),
                (5.0 * y + 2.0).sin(),
                (6.0 * (x - y)).sin(),
            ];
            150.0 + 60.0 * waves[channel]
        })
    }

    /// Densities mixed by a matrix, as levels.
    fn mixed(levels: &Planes, mix: [[f32; 3]; 3]) -> Planes {
        let mut out = levels.clone();
        for mut lane in out.lanes_mut(Axis(0)) {
            let d = [lane[0], lane[1], lane[2]].map(|v| -(v / 255.0).log10());
            for (level, row) in lane.iter_mut().zip(mix) {
                let density: f32 = row.iter().zip(d).map(|(m, d)| m * d).sum();
                *level = 255.0 * 10f32.powf(-density);
            }
        }
        out
    }

    const SAME: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

    #[test]
    fn exposure_cast_and_contrast_map_colours_onto_themselves() {
        let genuine = palette(&coloured()).unwrap();
        let mut cast = mixed(&coloured(), SAME.map(|row| row.map(|v| 0.8 * v)));
        for (mut plane, factor) in cast.axis_iter_mut(Axis(0)).zip([0.9, 1.0, 0.8]) {
            plane *= factor;
        }
        let map = map(&palette(&cast).unwrap(), &genuine).unwrap();
        for value in [map.turn, map.strength, map.stretch, map.slant] {
            assert!(value.abs() < 0.02, "{map:?}");
        }
        assert!(map.left < -4.0, "{map:?}");
    }

    #[test]
    fn turned_hues_and_stronger_colours_are_told() {
        let genuine = palette(&coloured()).unwrap();
        // Red, green and blue change places by a sixth each.
        let turned = mixed(
            &coloured(),
            [[0.83, 0.17, 0.0], [0.0, 0.83, 0.17], [0.17, 0.0, 0.83]],
        );
        let turned = map(&palette(&turned).unwrap(), &genuine).unwrap();
        assert!(turned.turn.abs() > 0.15, "{turned:?}");
        let stronger = mixed(
            &coloured(),
            [[1.2, -0.1, -0.1], [-0.1, 1.2, -0.1], [-0.1, -0.1, 1.2]],
        );
        let stronger = map(&palette(&stronger).unwrap(), &genuine).unwrap();
        assert!(
            stronger.strength > 0.15 && stronger.turn.abs() < 0.05,
            "{stronger:?}"
        );
    }

    #[test]
    fn other_inks_in_part_of_the_side_fit_no_map() {
        let genuine = palette(&coloured()).unwrap();
        let other = mixed(
            &coloured(),
            [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]],
        );
        let mut half = coloured();
        for ((channel, row, column), level) in half.indexed_iter_mut() {
            if (row + column) % 2 == 0 {
                *level = other[[channel, row, column]];
            }
        }
        let whole = map(&genuine, &genuine).unwrap();
        let half = map(&palette(&half).unwrap(), &genuine).unwrap();
        assert!(half.left > whole.left + 2.0, "{half:?} {whole:?}");
    }

    #[test]
    fn tiles_that_are_not_seen_are_left_out_and_few_say_nothing() {
        let genuine = palette(&coloured()).unwrap();
        let mut part = coloured();
        for ((_, _, column), level) in part.indexed_iter_mut() {
            if column < 8 {
                *level = f32::NAN;
            }
        }
        let part = palette(&part).unwrap();
        assert!(part[[0, 0, 0]].is_nan());
        assert!(map(&part, &genuine).unwrap().turn.abs() < 0.02);
        // What one lacks the others show.
        let both = middle(&[genuine.clone(), part]).unwrap();
        assert_eq!(both[[0, 0, 0]], genuine[[0, 0, 0]]);
        assert!(middle(&[]).is_none());
        let mut few = coloured();
        few.fill(f32::NAN);
        assert!(palette(&few).is_none());
        // Shades of grey do not spread over the plane of colours.
        let grey = Planes::from_shape_fn((3, 12, 24), |(_, row, column)| {
            100.0 + (7 * row + 5 * column) as f32 % 90.0
        });
        let grey = palette(&grey).unwrap();
        assert!(map(&grey, &grey).is_none());
    }
}
