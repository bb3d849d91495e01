//! How values vary together: a covariance that few objects can carry, and how far an object lies from it.
//!
//! Places of one object share much of their variation: a softer scanner softens all lines alike. What
//! departs from the others, given how they vary together, may lie well within what each place shows by
//! itself.

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::ArrayView2;

/// Deviations are cut here when the covariance is estimated, so that a few odd values do not widen it.
const ESTIMATED_WITHIN: f64 = 4.0;

/// Covariance of deviations about their centres, in units of their spreads.
#[derive(Debug, Clone)]
pub struct Scatter {
    /// Inverse of the covariance.
    precision: DMatrix<f64>,
}

/// How far an object lies from the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// Mahalanobis distance.
    pub distance: f64,
    /// How many places were measured.
    pub places: usize,
    /// The place that departs most from what the other places let expect.
    pub place: usize,
    /// What they let expect of its deviation, and the standard deviation about that.
    pub expected: (f64, f64),
}

impl Scatter {
    /// Of scans × places of deviations, of so many independent objects; NaN where nothing was measured
    /// counts as the centre. The sample covariance is shrunk towards equal variances without correlation
    /// by the oracle-approximating weight (Chen, Wiesel, Eldar & Hero, IEEE Trans. Signal Process. 58,
    /// 2010). `None` for fewer than two places or objects.
    pub fn fit(deviations: ArrayView2<'_, f64>, objects: usize) -> Option<Self> {
        let (rows, places) = deviations.dim();
        if places < 2 || objects < 2 || rows == 0 {
            return None;
        }
        let values = DMatrix::from_fn(rows, places, |row, place| {
            let value = deviations[[row, place]];
            if value.is_finite() {
                value.clamp(-ESTIMATED_WITHIN, ESTIMATED_WITHIN)
            } else {
                0.0
            }
        });
        let sample = values.tr_mul(&values) / rows as f64;
        let (n, p) = (objects as f64, places as f64);
        let trace = sample.trace();
        let squares = sample.norm_squared();
        let spare = (n + 1.0 - 2.0 / p) * (squares - trace * trace / p);
        let weight = if spare > 0.0 {
            (((1.0 - 2.0 / p) * squares + trace * trace) / spare).clamp(0.0, 1.0)
        } else {
            1.0
        };
        let mut covariance = sample * (1.0 - weight);
        for i in 0..places {
            covariance[(i, i)] += weight * trace / p;
        }
        let precision = Cholesky::new(covariance)?.inverse();
        Some(Self { precision })
    }

    /// Where an object with these deviations lies, each cut to `within`; places that are NaN are left out.
    /// `None` for fewer than two that were measured.
    pub fn distance(&self, deviations: &[f64], within: f64) -> Option<Distance> {
        let places = self.precision.nrows();
        let (seen, unseen): (Vec<usize>, Vec<usize>) =
            (0..places).partition(|&i| deviations.get(i).is_some_and(|v| v.is_finite()));
        if seen.len() < 2 || deviations.len() != places {
            return None;
        }
        let values = DVector::from_iterator(
            places,
            deviations.iter().map(|v| {
                if v.is_finite() {
                    v.clamp(-within, within)
                } else {
                    0.0
                }
            }),
        );
        let solved = &self.precision * &values;
        let mut square = values.dot(&solved);
        // The precision of the places seen alone is P_ss - P_su P_uu^-1 P_us (Schur complement).
        let correction = if unseen.is_empty() {
            None
        } else {
            let among = self.precision.select_rows(&unseen).select_columns(&unseen);
            let factor = Cholesky::new(among)?;
            let across = self.precision.select_rows(&unseen);
            let weighted = factor.solve(&across);
            let of_unseen = solved.select_rows(&unseen);
            square -= of_unseen.dot(&factor.solve(&of_unseen));
            Some((across, weighted, of_unseen))
        };
        let (at, solved, precision) = seen
            .iter()
            .map(|&i| match &correction {
                None => (i, solved[i], self.precision[(i, i)]),
                Some((across, weighted, of_unseen)) => (
                    i,
                    solved[i] - weighted.column(i).dot(of_unseen),
                    self.precision[(i, i)] - weighted.column(i).dot(&across.column(i)),
                ),
            })
            .map(|(i, solved, precision)| (i, solved, precision.max(f64::MIN_POSITIVE)))
            .max_by(|a, b| {
                let departure = |c: &(usize, f64, f64)| c.1.abs() / c.2.sqrt();
                departure(a).total_cmp(&departure(b))
            })?;
        Some(Distance {
            distance: square.max(0.0).sqrt(),
            places: seen.len(),
            place: at,
            expected: (values[at] - solved / precision, precision.powf(-0.5)),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::Array2;

    use super::*;

    /// A fixed sequence that looks normal.
    fn normal(n: usize) -> impl FnMut() -> f64 {
        let mut state = n as u64;
        move || {
            (0..12)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (state >> 11) as f64 / (1u64 << 53) as f64
                })
                .sum::<f64>()
                - 6.0
        }
    }

    /// Ten places that share nine tenths of their variance.
    fn shared(rows: usize) -> Array2<f64> {
        let mut next = normal(3);
        let mut out = Array2::zeros((rows, 10));
        for mut row in out.rows_mut() {
            let common = next();
            row.mapv_inplace(|_: f64| 0.95 * common + 0.312 * next());
        }
        out
    }

    #[test]
    fn a_large_sample_gives_the_distance_of_its_covariance() {
        let scatter = Scatter::fit(shared(20_000).view(), 20_000).unwrap();
        // All places together move along what they share: variance 0.9 + 0.1/10 of the mean.
        let along = scatter.distance(&[1.0; 10], 8.0).unwrap().distance;
        let expected = (1.0f64 / (0.9025 + 0.00973)).sqrt();
        assert!((along - expected).abs() < 0.1, "{along} {expected}");
        // One against the others departs from it.
        let mut one = [0.0; 10];
        one[4] = 1.5;
        let against = scatter.distance(&one, 8.0).unwrap();
        assert_eq!(against.place, 4);
        assert!(against.distance > 3.0 * along, "{against:?}");
        let (middle, spread) = against.expected;
        assert!(middle.abs() < 0.1 && (0.25..0.4).contains(&spread));
    }

    #[test]
    fn a_place_left_out_is_as_one_never_there() {
        let all = shared(60);
        let scatter = Scatter::fit(all.view(), 60).unwrap();
        let mut values = [0.3, -0.2, 0.9, 0.0, 0.4, 1.1, -0.6, 0.2, 0.5, 0.1];
        values[2] = f64::NAN;
        values[9] = f64::NAN;
        let found = scatter.distance(&values, 8.0).unwrap();
        // The same from the covariance of the eight places alone.
        let seen = [0, 1, 3, 4, 5, 6, 7, 8];
        let covariance = scatter.precision.clone().try_inverse().unwrap();
        let part = covariance.select_rows(&seen).select_columns(&seen);
        let precision = part.try_inverse().unwrap();
        let v = DVector::from_iterator(8, seen.iter().map(|&i| values[i]));
        let solved = &precision * &v;
        let expected = v.dot(&solved).sqrt();
        assert!((found.distance - expected).abs() < 1e-9);
        let at = seen.iter().position(|&i| i == found.place).unwrap();
        assert!((found.expected.1 - precision[(at, at)].powf(-0.5)).abs() < 1e-9);
        assert!((found.expected.0 - (v[at] - solved[at] / precision[(at, at)])).abs() < 1e-9);
    }

    #[test]
    fn few_objects_are_shrunk_and_missing_places_left_out() {
        let mut few = shared(12);
        few[[3, 2]] = f64::NAN;
        let scatter = Scatter::fit(few.view(), 12).unwrap();
        let mut values = [0.5; 10];
        values[7] = f64::NAN;
        let seen = scatter.distance(&values, 8.0).unwrap();
        assert!(seen.distance > 0.0 && seen.distance < 6.0, "{seen:?}");
        values = [f64::NAN; 10];
        values[0] = 1.0;
        assert!(scatter.distance(&values, 8.0).is_none());
        assert!(Scatter::fit(few.view(), 1).is_none());
    }

    #[test]
    fn constant_places_have_no_scatter() {
        assert!(Scatter::fit(Array2::zeros((20, 3)).view(), 20).is_none());
    }
}
