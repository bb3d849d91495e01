//! Rates of a few counted events, and how far from the truth they may be.

use serde::Serialize;

/// Probability that a bound is wrong, both sides together.
pub const BEYOND: f64 = 0.05;

/// A share that was counted, with its 95 % bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// Clopper-Pearson bounds of the share, 95 %: see [`bounds`].
    pub bounds: [f64; 2],
}

impl Rate {
    /// `count` of `of`.
    pub fn new(count: usize, of: usize) -> Self {
        Self {
            count,
            of,
            bounds: bounds(count, of),
        }
    }

    /// How many of those for which `counted` holds.
    pub fn counted<T>(items: &[T], counted: impl Fn(&T) -> bool) -> Self {
        Self::new(items.iter().filter(|i| counted(i)).count(), items.len())
    }

    /// The share; `None` of nothing.
    pub fn share(&self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }
}

/// The 95 % bounds of a rate of which `count` events were seen in `of` independent trials (Clopper &
/// Pearson, Biometrika 26, 1934): at no true rate are they wrong more often than in 1 of 40 cases on
/// either side. From 0 to 1 where there were no trials.
pub fn bounds(count: usize, of: usize) -> [f64; 2] {
    if of == 0 {
        return [0.0, 1.0];
    }
    let each = BEYOND / 2.0;
    // Lower: the rate at which as many or more are seen with probability 2.5 %.
    let low = if count == 0 {
        0.0
    } else {
        solve(|p| 1.0 - at_most(count - 1, of, p) < each)
    };
    // Upper: the rate at which as many or fewer are.
    let high = if count >= of {
        1.0
    } else {
        solve(|p| at_most(count, of, p) > each)
    };
    [low, high]
}

/// Where a condition that holds for small rates ends to hold.
fn solve(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let mid = 0.5 * (low + high);
        if holds(mid) {
            low = mid;
        } else {
            high = mid;
        }
    }
    0.5 * (low + high)
}

/// Probability of at most `count` events in `of` trials at a rate `p` inside of 0 to 1.
fn at_most(count: usize, of: usize, p: f64) -> f64 {
    let mut logarithm = of as f64 * (-p).ln_1p();
    let odds = (p / (1.0 - p)).ln();
    let mut sum = logarithm.exp();
    for k in 1..=count.min(of) {
        logarithm += ((of - k + 1) as f64 / k as f64).ln() + odds;
        sum += logarithm.exp();
    }
    sum.min(1.0)
}

/// A point of the detection error trade-off: what a threshold on p-values lets through, and what it
/// raises alarms on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DetPoint {
    /// The threshold: at or below it is an alarm.
    pub level: f64,
    /// Alarms on what deserves none.
    pub false_alarms: Rate,
    /// Of what deserves one, that which raised none.
    pub misses: Rate,
}

/// The detection error trade-off at given levels, from the p-values of what deserves no alarm and of
/// what does.
pub fn det(levels: &[f64], genuine: &[f64], other: &[f64]) -> Vec<DetPoint> {
    levels
        .iter()
        .map(|&level| DetPoint {
            level,
            false_alarms: Rate::counted(genuine, |p| *p <= level),
            misses: Rate::counted(other, |p| *p > level),
        })
        .collect()
}

/// The share of alarms that are real, where `prior` of all things deserve one: Bayes' rule. `None`
/// where there would be no alarm at all.
pub fn real_alarms(prior: f64, caught: f64, false_alarms: f64) -> Option<f64> {
    let real = prior * caught;
    let all = real + (1.0 - prior) * false_alarms;
    (all > 0.0).then(|| real / all)
}

/// How many things without a false alarm would have to be seen before the upper bound of the
/// false-alarm rate lets half of the alarms be real. `None` where nothing is caught.
pub fn needed_for_half(prior: f64, caught: f64) -> Option<f64> {
    let rate = prior * caught / (1.0 - prior);
    (rate > 0.0 && rate < 1.0).then(|| ((BEYOND / 2.0).ln() / (-rate).ln_1p()).ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_tables() {
        // Of R's binom.test (Clopper-Pearson).
        for (count, of, low, high) in [
            (0, 10, 0.0, 0.308_497),
            (10, 10, 0.691_503, 1.0),
            (1, 20, 0.001_265, 0.248_733),
            (5, 10, 0.187_086, 0.812_914),
            (0, 64, 0.0, 0.056_009),
        ] {
            let [l, h] = bounds(count, of);
            assert!((l - low).abs() < 2e-6, "{count} of {of}: {l}");
            assert!((h - high).abs() < 2e-6, "{count} of {of}: {h}");
        }
        assert_eq!(bounds(0, 0), [0.0, 1.0]);
    }

    #[test]
    fn bounds_of_many_trials_are_near_the_normal_ones() {
        let [low, high] = bounds(50_000, 100_000);
        let half = 1.959_964 * (0.25f64 / 100_000.0).sqrt();
        assert!((low - (0.5 - half)).abs() < 2e-5, "{low}");
        assert!((high - (0.5 + half)).abs() < 2e-5, "{high}");
        // None of many: the rule of three, with 2.5 % on this side.
        let [low, high] = bounds(0, 20_000);
        assert_eq!(low, 0.0);
        assert!((high - 3.689 / 20_000.0).abs() < 1e-7, "{high}");
    }

    #[test]
    fn a_level_trades_misses_for_false_alarms() {
        let points = det(&[0.1, 0.01], &[0.05, 0.5, 0.9, 0.2], &[0.001, 0.05, 0.4]);
        let counts: Vec<_> = points
            .iter()
            .map(|p| (p.false_alarms.count, p.misses.count))
            .collect();
        assert_eq!(counts, [(1, 1), (0, 2)]);
        assert_eq!((points[0].false_alarms.of, points[0].misses.of), (4, 3));
    }

    #[test]
    fn few_alarms_are_real_where_few_things_deserve_one() {
        // 81 false alarms to a real one: 0.2 % false alarms at 1 in 40,000.
        let share = real_alarms(1.0 / 40_000.0, 1.0, 0.002).unwrap_or(1.0);
        assert!((share - 1.0 / 80.998).abs() < 1e-5, "{share}");
        assert_eq!(real_alarms(0.0, 1.0, 0.0), None);
        let needed = needed_for_half(1.0 / 40_000.0, 1.0).unwrap_or(0.0);
        let upper = bounds(0, needed as usize)[1];
        let half = real_alarms(1.0 / 40_000.0, 1.0, upper).unwrap_or(0.0);
        assert!((half - 0.5).abs() < 1e-4, "{half} after {needed}");
    }
}
