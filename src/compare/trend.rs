//! How a reading moves with what is known of its scan: covariates such as sharpness and resolution.
//!
//! A softer scanner shows every line softer. A reading is therefore compared with what genuine objects read in
//! scans like its own: a surface of second degree over the covariates, fitted so that a few odd values do not
//! move it (Huber's estimator by modified residuals: Huber & Ronchetti, Robust Statistics, 2nd ed. 2009,
//! section 7.8).

use nalgebra::{Cholesky, DMatrix, DVector};
use ndarray::ArrayView2;

use super::robust::{quantile, sorted};

/// Residuals count in full up to so many standard deviations (Huber's 95 % efficiency at the normal).
const FULL: f64 = 1.345;
/// Least rows for each term; with fewer, a reading is taken not to depend on the covariates.
const ROWS_A_TERM: usize = 4;
/// Drawn towards no dependence with the weight of so many rows of a thousand: where the covariates hardly
/// vary by themselves, as on notes of one scanner, nothing is told of them apart.
const RIDGE: f64 = 1e-3;
/// Rounds of the estimator; each leaves less than half of what is amiss.
const ROUNDS: usize = 12;

/// The covariates' own middle and spread, and how far they were seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Of each covariate that varies: its column, middle, spread, least and greatest.
    axes: Vec<Axis>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    column: usize,
    middle: f64,
    spread: f64,
    seen: (f64, f64),
}

impl Frame {
    /// Of scans × covariates; NaN where one is not known.
    pub fn of(covariates: ArrayView2<'_, f64>) -> Self {
        let axes = covariates
            .columns()
            .into_iter()
            .enumerate()
            .filter_map(|(column, values)| {
                let values = sorted(values.iter().copied());
                let seen = (*values.first()?, *values.last()?);
                let middle = quantile(&values, 0.5)?;
                let spread = 0.5 * (quantile(&values, 0.9)? - quantile(&values, 0.1)?);
                (spread > 1e-6).then_some(Axis {
                    column,
                    middle,
                    spread,
                    seen,
                })
            })
            .collect();
        Self { axes }
    }

    /// Each covariate that varies, in spreads about its middle. Beyond what was seen nothing is told, so that
    /// it is taken as at its end; one that is not known, as in the middle.
    pub fn place(&self, covariates: &[f64]) -> Vec<f64> {
        self.axes
            .iter()
            .map(|axis| match covariates.get(axis.column) {
                Some(v) if v.is_finite() => {
                    (v.clamp(axis.seen.0, axis.seen.1) - axis.middle) / axis.spread
                }
                _ => 0.0,
            })
            .collect()
    }

    /// The terms of the surface at some covariates: 1, each, and each product of two.
    pub fn terms(&self, covariates: &[f64]) -> Vec<f64> {
        let at = self.place(covariates);
        let products = (0..at.len()).flat_map(|i| (i..at.len()).map(move |j| (i, j)));
        std::iter::once(1.0)
            .chain(at.iter().copied())
            .chain(products.map(|(i, j)| at[i] * at[j]))
            .collect()
    }

    /// The terms of each scan of scans × covariates.
    pub fn all_terms(&self, covariates: ArrayView2<'_, f64>) -> Vec<Vec<f64>> {
        let rows = covariates.rows().into_iter();
        rows.map(|row| self.terms(&row.to_vec())).collect()
    }
}

/// Terms of many scans, and what solves them.
#[derive(Debug, Clone)]
pub struct Terms {
    terms: DMatrix<f64>,
    solver: DMatrix<f64>,
}

impl Terms {
    /// Of the terms of each scan. `None` where these are too few to fit a surface.
    pub fn new(rows: &[Vec<f64>]) -> Option<Self> {
        let count = rows.first()?.len();
        if count < 2 || rows.len() < ROWS_A_TERM * count {
            return None;
        }
        let terms = DMatrix::from_fn(rows.len(), count, |row, term| {
            rows.get(row)
                .and_then(|r| r.get(term))
                .copied()
                .unwrap_or(0.0)
        });
        let mut normal = terms.tr_mul(&terms);
        for term in 1..count {
            normal[(term, term)] += RIDGE * rows.len() as f64;
        }
        let solver = Cholesky::new(normal)?.solve(&terms.transpose());
        Some(Self { terms, solver })
    }

    /// The surface nearest to one value a scan.
    pub fn fit(&self, values: &[f64]) -> Trend {
        let values = DVector::from_column_slice(values);
        let mut coefficients = &self.solver * &values;
        for _ in 0..ROUNDS {
            let mut residuals = &values - &self.terms * &coefficients;
            let sizes = sorted(residuals.iter().map(|r| r.abs()));
            // 0.6745 standard deviations: the median of absolute normal deviates.
            let limit = FULL * quantile(&sizes, 0.5).unwrap_or(0.0) / 0.6745;
            residuals.apply(|r| *r = r.clamp(-limit, limit));
            coefficients += &self.solver * residuals;
        }
        Trend {
            coefficients: coefficients.iter().copied().collect(),
        }
    }
}

/// A reading as a surface over the covariates.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trend {
    coefficients: Vec<f64>,
}

impl Trend {
    /// What it is at some terms; 0 for a trend that was not fitted.
    pub fn at(&self, terms: &[f64]) -> f64 {
        self.coefficients
            .iter()
            .zip(terms)
            .map(|(c, t)| c * t)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::Array2;

    use super::*;

    /// Covariates spread over -1..1 in a fixed order, and a surface over them.
    fn scans(count: usize) -> (Array2<f64>, Vec<f64>) {
        let at = |row: usize, column: usize| {
            let step = [0.618_034, 0.754_878][column];
            2.0 * ((row as f64 + 1.0) * step).fract() - 1.0
        };
        let covariates = Array2::from_shape_fn((count, 2), |(row, column)| at(row, column));
        let values = (0..count)
            .map(|row| surface(at(row, 0), at(row, 1)))
            .collect();
        (covariates, values)
    }

    fn surface(x: f64, y: f64) -> f64 {
        3.0 + 2.0 * x - y + 0.5 * x * x - 0.7 * x * y
    }

    fn fit(covariates: &Array2<f64>, values: &[f64]) -> (Frame, Trend) {
        let frame = Frame::of(covariates.view());
        let terms = Terms::new(&frame.all_terms(covariates.view()));
        let trend = terms.unwrap().fit(values);
        (frame, trend)
    }

    #[test]
    fn a_surface_is_found_whatever_one_scan_in_ten_reads() {
        let (covariates, mut values) = scans(120);
        for value in values.iter_mut().step_by(10) {
            *value += 40.0;
        }
        let (frame, trend) = fit(&covariates, &values);
        for (x, y) in [(0.0, 0.0), (0.8, -0.6), (-0.7, 0.9)] {
            let found = trend.at(&frame.terms(&[x, y]));
            assert!((found - surface(x, y)).abs() < 0.1, "{x} {y} {found}");
        }
    }

    #[test]
    fn beyond_what_was_seen_it_stays_as_at_the_end() {
        let (covariates, values) = scans(120);
        let (frame, trend) = fit(&covariates, &values);
        let end = trend.at(&frame.terms(&[1.0, 0.0]));
        assert!((trend.at(&frame.terms(&[9.0, 0.0])) - end).abs() < 0.05);
        let unknown = trend.at(&frame.terms(&[f64::NAN, 0.0]));
        assert!((unknown - surface(0.0, 0.0)).abs() < 0.1, "{unknown}");
    }

    #[test]
    fn covariates_that_do_not_vary_and_few_scans_tell_nothing() {
        let frame = Frame::of(Array2::from_elem((50, 2), 1.5).view());
        assert_eq!(frame.terms(&[7.0, f64::NAN]), [1.0]);
        let (covariates, _) = scans(20);
        let frame = Frame::of(covariates.view());
        assert!(Terms::new(&frame.all_terms(covariates.view())).is_none());
        assert_eq!(Trend::default().at(&[1.0, 2.0]), 0.0);
    }
}
