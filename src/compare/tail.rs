//! How rare a value is: conformal where values were seen, extrapolated beyond.

use super::robust::{quantile, sorted};

/// Share of the values that the tail is fitted to.
const TAIL: f64 = 0.25;
/// Least values in the tail for a fit.
const LEAST: usize = 8;
/// Greatest shape of a tail: beyond, values have no variance.
pub const MOST_SHAPE: f64 = 0.5;

/// Least shape of the tail of what accidents cause: stains, folds and strokes of a pen come in any size, and
/// few genuine objects have had one. With 0.1, 4 of 144 genuine notes were rarer than 1 in 100, judged by
/// others; with this, 1.
pub const ACCIDENTS: f64 = 0.2;

/// What a tail can be, as few values cannot show how light or heavy it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// It falls off no faster than over this, so that values which are nearly all the same do not make any
    /// other impossible.
    pub scale: f64,
    /// Its least and greatest shape: 0 falls off as an exponential, as means of many values and logarithms of
    /// probabilities do; what single accidents cause falls off more slowly.
    pub shape: [f64; 2],
}

/// How rare a value is among genuine ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rarity {
    /// Probability that a genuine value is at least as large.
    pub p: f64,
    /// True where it is less than any number of values seen could show, and a fitted tail says it.
    pub extrapolated: bool,
}

/// Genuine values and a generalised Pareto tail fitted to the largest quarter of them by
/// probability-weighted moments (Hosking & Wallis, Technometrics 29, 1987).
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    sorted: Vec<f64>,
    threshold: f64,
    scale: f64,
    shape: f64,
}

impl Tail {
    /// Of genuine values; `None` for fewer than four.
    pub fn fit(values: impl IntoIterator<Item = f64>, bounds: Bounds) -> Option<Self> {
        let sorted = sorted(values);
        let n = sorted.len();
        if n < 4 {
            return None;
        }
        let exceeding = ((n as f64 * TAIL).round() as usize).max(LEAST.min(n - 1));
        let threshold = sorted.get(n - exceeding - 1).copied()?;
        let excess: Vec<f64> = sorted
            .get(n - exceeding..)?
            .iter()
            .map(|v| v - threshold)
            .collect();
        let m = excess.len() as f64;
        let mean = excess.iter().sum::<f64>() / m;
        // The second probability-weighted moment: weights fall from 1 at the smallest excess to 0.
        let weighted = excess
            .iter()
            .enumerate()
            .map(|(i, x)| x * (1.0 - (i as f64 + 0.65) / m))
            .sum::<f64>()
            / m;
        let free = 2.0 - mean / (mean - 2.0 * weighted).max(1e-12);
        // In Hosking's sign the shape is negated.
        let shape = if free.is_finite() && mean > 0.0 {
            free.clamp(bounds.shape[0], bounds.shape[1])
        } else {
            bounds.shape[0]
        };
        let spread = quantile(&sorted, 0.75)? - quantile(&sorted, 0.25)?;
        let scale = (mean * (1.0 - shape)).max(0.05 * spread).max(bounds.scale);
        Some(Self {
            threshold,
            scale,
            shape,
            sorted,
        })
    }

    /// How rare a value at least as large is. Among the values seen: the conformal p-value
    /// (1 + values at least as large) / (n + 1); beyond the largest: the fitted tail, where that is less.
    pub fn rarity(&self, value: f64) -> Rarity {
        let n = self.sorted.len();
        let below = self.sorted.partition_point(|v| *v < value);
        let conformal = (n - below + 1) as f64 / (n + 1) as f64;
        let excess = value - self.threshold;
        if below < n || excess <= 0.0 {
            return Rarity {
                p: conformal,
                extrapolated: false,
            };
        }
        let tail = self.beyond(value);
        Rarity {
            p: tail.min(conformal),
            extrapolated: tail < conformal,
        }
    }

    /// How rare one of the values seen is among the others. The largest has the fitted tail, as a new
    /// one beyond all of them would.
    pub fn own_rarity(&self, value: f64) -> f64 {
        let n = self.sorted.len().max(2);
        let others = n - 1 - self.sorted.partition_point(|v| *v < value).min(n - 1);
        let conformal = (others + 1) as f64 / n as f64;
        if others > 0 {
            conformal
        } else {
            conformal.min(self.beyond(value))
        }
    }

    /// The fitted tail above its threshold.
    fn beyond(&self, value: f64) -> f64 {
        let n = self.sorted.len();
        let exceeding = self.sorted.partition_point(|v| *v <= self.threshold);
        // Where all values are alike none exceeds the threshold; one more might.
        let share = ((n - exceeding) as f64 / n as f64).max(1.0 / (n + 1) as f64);
        let excess = (value - self.threshold).max(0.0);
        let excess = excess / self.scale;
        // The limit for shapes near 0.
        if self.shape < 1e-6 {
            share * (-excess).exp()
        } else {
            share * (1.0 + self.shape * excess).powf(-1.0 / self.shape)
        }
    }

    /// The least p-value that was seen rather than extrapolated.
    pub fn floor(&self) -> f64 {
        1.0 / (self.sorted.len() + 1) as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn least(scale: f64) -> Bounds {
        Bounds {
            scale,
            shape: [0.1, MOST_SHAPE],
        }
    }

    /// Quantiles of the standard exponential distribution: its own tail at any threshold.
    fn exponential(n: usize) -> Vec<f64> {
        (0..n)
            .map(|i| -(1.0 - (i as f64 + 0.5) / n as f64).ln())
            .collect()
    }

    #[test]
    fn seen_values_have_conformal_p_values() {
        let tail = Tail::fit((1..=99).map(f64::from), least(1e-9)).unwrap();
        assert!((tail.rarity(50.0).p - 0.51).abs() < 1e-9);
        assert!(!tail.rarity(50.0).extrapolated);
        assert!((tail.floor() - 0.01).abs() < 1e-9);
    }

    #[test]
    fn the_tail_of_an_exponential_is_not_understated() {
        let tail = Tail::fit(exponential(200), least(1e-9)).unwrap();
        for value in [7.0, 9.0, 12.0] {
            let rarity = tail.rarity(value);
            let truth = f64::exp(-value);
            assert!(rarity.extrapolated);
            assert!(rarity.p >= truth, "{} for {truth}", rarity.p);
            assert!(rarity.p < 400.0 * truth, "{} for {truth}", rarity.p);
        }
    }

    #[test]
    fn a_tail_that_may_fall_off_as_an_exponential_does() {
        let floor = Bounds {
            scale: 1e-9,
            shape: [0.0, MOST_SHAPE],
        };
        let tail = Tail::fit(exponential(200), floor).unwrap();
        let p = tail.rarity(15.0).p;
        let truth = f64::exp(-15.0);
        assert!(p > 0.2 * truth && p < 20.0 * truth, "{p} for {truth}");
        assert!(
            p < 0.1
                * Tail::fit(exponential(200), least(1e-9))
                    .unwrap()
                    .rarity(15.0)
                    .p
        );
    }

    #[test]
    fn a_tail_bound_to_an_exponential_ignores_how_heavy_a_few_values_make_it() {
        let mut values = exponential(30);
        values.push(12.0);
        let tail = |shape| Tail::fit(values.iter().copied(), Bounds { scale: 1e-9, shape });
        let (free, bound) = (tail([0.0, MOST_SHAPE]).unwrap(), tail([0.0; 2]).unwrap());
        assert!(bound.rarity(25.0).p < 0.01 * free.rarity(25.0).p);
    }

    #[test]
    fn rarer_is_rarer() {
        let tail = Tail::fit(exponential(60), least(1e-9)).unwrap();
        let mut last = 1.0;
        for i in 0..200 {
            let p = tail.rarity(f64::from(i) * 0.2).p;
            assert!(p <= last + 1e-12);
            last = p;
        }
        assert!(last < 1e-4);
    }

    #[test]
    fn constant_values_do_not_make_everything_rare() {
        let tail = Tail::fit(vec![1.0; 40], least(0.5)).unwrap();
        assert!(tail.rarity(1.0).p > 0.9);
        assert!(tail.rarity(2.0).p > 0.001);
        assert!(tail.rarity(20.0).p < 1e-6);
    }
}
