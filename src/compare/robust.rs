//! Location and scale that a few odd values do not move.

/// The value below which a share `q` (0..=1) of sorted values lies, interpolated; `None` for none.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (low, part) = (at.floor() as usize, at.fract());
    let a = sorted.get(low)?;
    let b = sorted.get((low + 1).min(last))?;
    Some(a + (b - a) * part)
}

/// Finite values in ascending order.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut out: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    out.sort_by(f64::total_cmp);
    out
}

/// Centre and spread of values, each side by its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Median.
    pub centre: f64,
    /// Standard deviation that a normal distribution with this upper half would have.
    pub above: f64,
    /// The same of the lower half.
    pub below: f64,
}

impl Spread {
    /// Of at least five finite values; `None` for fewer. Each half's spread is the greater of those
    /// that its quartile and its 90 % point tell, and never less than a tenth of the other half's, nor
    /// than `least`: a feature that never varied on a few notes may vary on the next.
    pub fn of(values: impl IntoIterator<Item = f64>, least: f64) -> Option<Self> {
        let sorted = sorted(values);
        if sorted.len() < 5 {
            return None;
        }
        let centre = quantile(&sorted, 0.5)?;
        // 0.6745 and 1.2816 standard deviations: the quartiles and deciles of a normal distribution.
        let half = |quartile: f64, decile: f64| {
            let near = (quantile(&sorted, quartile)? - centre).abs() / 0.6745;
            let far = (quantile(&sorted, decile)? - centre).abs() / 1.2816;
            Some(near.max(far))
        };
        let (above, below) = (half(0.75, 0.9)?, half(0.25, 0.1)?);
        let floor = least.max(f64::MIN_POSITIVE);
        Some(Self {
            centre,
            above: above.max(0.1 * below).max(floor),
            below: below.max(0.1 * above).max(floor),
        })
    }

    /// Deviation of a value in spreads of its side: negative below the centre.
    pub fn deviation(&self, value: f64) -> f64 {
        let off = value - self.centre;
        if off >= 0.0 {
            off / self.above
        } else {
            off / self.below
        }
    }

    /// The value with this deviation.
    pub fn value(&self, deviation: f64) -> f64 {
        let unit = if deviation >= 0.0 {
            self.above
        } else {
            self.below
        };
        self.centre + deviation * unit
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn quantiles_are_interpolated() {
        let values = sorted([3.0, 1.0, 2.0, f64::NAN]);
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 0.75), Some(2.5));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn an_outlier_moves_nothing() {
        let clean = Spread::of((0..100).map(f64::from), 0.0).unwrap();
        let dirty = Spread::of((0..100).map(f64::from).chain([1e9]), 0.0).unwrap();
        assert!((clean.centre - dirty.centre).abs() < 1.0);
        assert!((clean.above - dirty.above).abs() < 2.0);
    }

    #[test]
    fn each_side_has_its_own_spread() {
        let values = (0..50)
            .map(|i| -f64::from(i) * 0.1)
            .chain((0..50).map(f64::from));
        let spread = Spread::of(values, 0.0).unwrap();
        assert!(spread.above > 5.0 * spread.below);
        assert!(spread.deviation(10.0) > 0.0 && spread.deviation(-10.0) < -2.0);
        for value in [-4.0, 0.5, 30.0] {
            assert!((spread.value(spread.deviation(value)) - value).abs() < 1e-9);
        }
    }

    #[test]
    fn too_few_values_have_no_spread() {
        assert_eq!(Spread::of([1.0, 2.0, 3.0, 4.0], 0.0), None);
        let constant = Spread::of([1.0; 9], 0.01).unwrap();
        assert_eq!(constant.above, 0.01);
    }
}
