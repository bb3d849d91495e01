//! Evidence: how rare the readings of one object are among those of genuine ones.
//!
//! Readings come in groups (one measurement) of places (where it was made). Each reading is brought to
//! robust units of its own place. A group then speaks three times: by its oddest place, which one altered
//! place moves; by its second oddest spot, which a change of several moves, and a stain on one does not;
//! and by the mean of its places but those of the oddest spot, which a change everywhere moves. Each is ranked among the same figures
//! of the genuine objects, computed with spreads that had not seen that object (cross-conformal, five
//! folds), and beyond the largest of them by a fitted tail.
//!
//! Groups depend on each other in unknown ways, so they are combined by Bonferroni's rule, which holds
//! under any dependence: the least p-value times the number of groups examined.

use std::collections::BTreeMap;

use ndarray::Array2;

use super::robust::Spread;
use super::tail::{Rarity, Tail};

/// Folds of the cross-fit.
const FOLDS: usize = 5;
/// Least genuine objects that make a comparison.
pub const LEAST_OBJECTS: usize = 8;
/// Least spots of which the second oddest says something of its own.
const LEAST_SPOTS: usize = 4;
/// Spreads over which the tail of the oddest place falls off at least: that of the greatest of a thousand
/// normal deviates, 1/√(2 ln 1000) (Gumbel). The same for the second, as places may move together; for a
/// mean over many places, less by the root of their number.
const LEAST_SCALE: f64 = 0.27;
/// The same of a mean surprise, nats.
const LEAST_SURPRISE: f64 = 0.02;
/// Deviations are cut here: beyond, all are equally impossible.
const CUT: f64 = 1e4;

/// Which way a reading is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// Only greater values are.
    Above,
    /// Only smaller ones.
    Below,
    /// Either.
    Both,
}

impl Odd {
    fn oddness(self, spread: &Spread, value: f64) -> f64 {
        let deviation = spread.deviation(value).clamp(-CUT, CUT);
        match self {
            Self::Above => deviation,
            Self::Below => -deviation,
            Self::Both => deviation.abs(),
        }
    }
}

/// Readings of genuine objects in one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Genuine {
    /// Names of the places, one a column. Places whose names agree up to a colon are one spot, looked at
    /// in several ways.
    pub places: Vec<String>,
    /// Scans × places; NaN where nothing was measured.
    pub values: Array2<f64>,
    /// Which object each scan (row) is of.
    pub objects: Vec<usize>,
    /// Which way readings of each place are odd.
    pub odd: Vec<Odd>,
    /// Least spread that is believed, in the unit of the readings.
    pub least_spread: f64,
}

/// A group fitted to genuine objects.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    places: BTreeMap<String, (Odd, Spread)>,
    /// Of each figure that a group speaks by; none where it has too few spots.
    tails: [Option<Tail>; 3],
    objects: usize,
}

/// By what a group speaks, in the order of its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// By its oddest place.
    OnePlace,
    /// By its second oddest spot.
    SeveralPlaces,
    /// By the mean of all.
    AllPlaces,
}

const TOLD: [Told; 3] = [Told::OnePlace, Told::SeveralPlaces, Told::AllPlaces];

/// Several groups together. Copies are odd in many groups a little, rather than in one a lot; the mean
/// surprise of the groups, -ln p, is ranked among the genuine objects' own, so that however the groups
/// depend on each other is in the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    surprise: Tail,
}

impl Joint {
    /// Fits the groups' surprises on genuine objects, each group's p-values cross-fitted. `None` where
    /// too few scans were measured.
    pub fn fit<'a>(groups: impl IntoIterator<Item = (&'a Model, &'a Genuine)>) -> Option<Self> {
        let mut sums: Vec<(f64, f64)> = Vec::new();
        for (model, genuine) in groups {
            for (row, p) in model.cross_fitted(genuine).into_iter().enumerate() {
                if sums.len() <= row {
                    sums.resize(row + 1, (0.0, 0.0));
                }
                if let (Some(p), Some(sum)) = (p, sums.get_mut(row)) {
                    sum.0 += surprise(p);
                    sum.1 += 1.0;
                }
            }
        }
        let means = sums.iter().filter(|s| s.1 > 0.0).map(|s| s.0 / s.1);
        Some(Self {
            surprise: Tail::fit(means, LEAST_SURPRISE)?,
        })
    }

    /// How rare the p-values of an object's groups are together; `None` for no groups.
    pub fn judge(&self, p_values: impl IntoIterator<Item = f64>) -> Option<Rarity> {
        let (mut sum, mut count) = (0.0, 0.0);
        for p in p_values {
            sum += surprise(p);
            count += 1.0;
        }
        (count > 0.0).then(|| self.surprise.rarity(sum / count))
    }
}

/// How surprising a p-value is, nats; no single group is more than e⁻¹².
fn surprise(p: f64) -> f64 {
    -p.max(6e-6).ln()
}

/// How rare the readings of one group are.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Probability that a genuine object reads at least as oddly.
    pub rarity: Rarity,
    /// The oddest place.
    pub place: String,
    /// What was read there.
    pub value: f64,
    /// What nearly all genuine objects read there: three spreads about the centre.
    pub expected: [f64; 2],
    /// Whether one place, several or all together are what is odd.
    pub told: Told,
    /// Genuine objects compared with.
    pub objects: usize,
}

impl Model {
    /// Fits a group; `None` where too few objects were measured.
    pub fn fit(genuine: &Genuine) -> Option<Self> {
        let mut objects = genuine.objects.clone();
        objects.sort_unstable();
        objects.dedup();
        if objects.len() < LEAST_OBJECTS {
            return None;
        }
        let places = places(genuine, |_| true);
        if places.is_empty() {
            return None;
        }
        let mut figures: [Vec<f64>; 3] = Default::default();
        for held_out in held_out(genuine).into_iter().flatten() {
            for (figures, figure) in figures.iter_mut().zip(held_out) {
                figures.extend(figure);
            }
        }
        let [oddest, second, mean] = figures;
        let count = places.len() as f64;
        Some(Self {
            places,
            tails: [
                Some(Tail::fit(oddest, LEAST_SCALE)?),
                Tail::fit(second, LEAST_SCALE),
                Some(Tail::fit(mean, LEAST_SCALE / count.sqrt())?),
            ],
            objects: objects.len(),
        })
    }

    /// The rarest of the figures, multiplied by how many there are, and which it is.
    fn rarest(
        &self,
        figures: [Option<f64>; 3],
        rarity: impl Fn(&Tail, f64) -> Rarity,
    ) -> Option<(Rarity, Told)> {
        let told: Vec<(Rarity, Told)> = self
            .tails
            .iter()
            .zip(figures)
            .zip(TOLD)
            .filter_map(|((tail, figure), told)| Some((rarity(tail.as_ref()?, figure?), told)))
            .collect();
        let (rarest, by) = told
            .iter()
            .min_by(|a, b| a.0.p.total_cmp(&b.0.p))
            .copied()?;
        let p = (told.len() as f64 * rarest.p).min(1.0);
        Some((Rarity { p, ..rarest }, by))
    }

    /// The p-value of each scan of the genuine objects themselves, by spreads that had not seen its
    /// object; none where nothing was measured.
    fn cross_fitted(&self, genuine: &Genuine) -> Vec<Option<f64>> {
        let own = |tail: &Tail, figure| Rarity {
            p: tail.own_rarity(figure),
            extrapolated: false,
        };
        held_out(genuine)
            .into_iter()
            .map(|figures| Some(self.rarest(figures?, own)?.0.p))
            .collect()
    }

    /// How rare readings are, place by place; `None` where none is of a place that genuine objects
    /// have.
    pub fn judge<'a>(
        &self,
        readings: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Option<Evidence> {
        let summary = summarise(&self.places, readings)?;
        let (rarity, told) = self.rarest(summary.figures, Tail::rarity)?;
        let (_, spread) = self.places.get(summary.place)?;
        Some(Evidence {
            rarity,
            place: summary.place.to_owned(),
            value: summary.value,
            expected: [
                spread.centre - 3.0 * spread.below,
                spread.centre + 3.0 * spread.above,
            ],
            told,
            objects: self.objects,
        })
    }
}

/// The figures of each scan of the genuine objects, by spreads that had not seen its object; none where
/// nothing was measured.
fn held_out(genuine: &Genuine) -> Vec<Option<[Option<f64>; 3]>> {
    let fitted: Vec<_> = (0..FOLDS)
        .map(|fold| places(genuine, |object| object % FOLDS != fold))
        .collect();
    genuine
        .values
        .rows()
        .into_iter()
        .zip(&genuine.objects)
        .map(|(row, object)| {
            let readings = genuine
                .places
                .iter()
                .map(String::as_str)
                .zip(row.iter().copied());
            Some(summarise(fitted.get(object % FOLDS)?, readings)?.figures)
        })
        .collect()
}

/// Spreads of the places over the objects kept.
fn places(genuine: &Genuine, keep: impl Fn(usize) -> bool) -> BTreeMap<String, (Odd, Spread)> {
    genuine
        .places
        .iter()
        .zip(&genuine.odd)
        .zip(genuine.values.columns())
        .filter_map(|((place, odd), column)| {
            let kept = column
                .iter()
                .zip(&genuine.objects)
                .filter(|(_, object)| keep(**object))
                .map(|(v, _)| *v);
            Some((
                place.clone(),
                (*odd, Spread::of(kept, genuine.least_spread)?),
            ))
        })
        .collect()
}

struct Summary<'a> {
    /// Oddness of the oddest place, of the second oddest spot, of all places but the oddest spot's in the
    /// mean; with few spots, of all.
    figures: [Option<f64>; 3],
    /// The oddest place.
    place: &'a str,
    value: f64,
}

fn summarise<'a>(
    places: &BTreeMap<String, (Odd, Spread)>,
    readings: impl IntoIterator<Item = (&'a str, f64)>,
) -> Option<Summary<'a>> {
    let mut best: Option<(f64, &'a str, f64)> = None;
    // Of each spot: its oddest place; sum and number of its places.
    let mut spots: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for (place, value) in readings {
        let Some((odd, spread)) = places.get(place).filter(|_| value.is_finite()) else {
            continue;
        };
        let oddness = odd.oddness(spread, value);
        let spot = place.split_once(':').map_or(place, |(spot, _)| spot);
        let spot = spots.entry(spot).or_insert((f64::MIN, 0.0, 0.0));
        *spot = (spot.0.max(oddness), spot.1 + oddness, spot.2 + 1.0);
        if best.is_none_or(|b| oddness > b.0) {
            best = Some((oddness, place, value));
        }
    }
    let (oddest, place, value) = best?;
    let mut spots: Vec<(f64, f64, f64)> = spots.into_values().collect();
    spots.sort_by(|a, b| b.0.total_cmp(&a.0));
    let several = spots.len() >= LEAST_SPOTS;
    // A stain on one spot is no change everywhere.
    let spread_over = spots.get(usize::from(several)..)?;
    let (sum, count) = spread_over.iter().fold((0.0, 0.0), |(sum, count), spot| {
        (sum + spot.1, count + spot.2)
    });
    let second = spots.get(1).map(|spot| spot.0).filter(|_| several);
    Some(Summary {
        figures: [Some(oddest), second, Some(sum / count)],
        place,
        value,
    })
}

/// The p-value of the rarest of several groups, whatever their dependence.
pub fn combined(p_values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut count = 0.0;
    let mut least = f64::INFINITY;
    for p in p_values {
        count += 1.0;
        least = least.min(p);
    }
    (count > 0.0).then(|| (count * least).min(1.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A fixed sequence that looks normal: sums of twelve uniform values.
    struct Normal(u64);

    impl Normal {
        fn next(&mut self) -> f64 {
            (0..12)
                .map(|_| {
                    self.0 = self
                        .0
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (self.0 >> 11) as f64 / (1u64 << 53) as f64
                })
                .sum::<f64>()
                - 6.0
        }
    }

    fn genuine(n: usize, seed: u64) -> Genuine {
        let mut normal = Normal(seed);
        let centres = [1.0, 20.0, -3.0];
        Genuine {
            places: ["a", "b", "c"].map(str::to_owned).to_vec(),
            values: Array2::from_shape_fn((n, 3), |(_, c)| centres[c] + normal.next()),
            objects: (0..n).collect(),
            odd: vec![Odd::Above; 3],
            least_spread: 1e-6,
        }
    }

    #[test]
    fn genuine_objects_are_called_rare_no_oftener_than_stated() {
        let mut normal = Normal(99);
        for n in [30, 100] {
            let model = Model::fit(&genuine(n, 7)).unwrap();
            let trials = 20_000;
            let mut rare = [0usize; 2];
            for _ in 0..trials {
                let readings = [
                    ("a", 1.0 + normal.next()),
                    ("b", 20.0 + normal.next()),
                    ("c", -3.0 + normal.next()),
                ];
                let p = model.judge(readings).unwrap().rarity.p;
                rare[0] += usize::from(p <= 0.01);
                rare[1] += usize::from(p <= 0.001);
            }
            assert!(rare[0] as f64 <= 0.013 * trials as f64, "{n}: {rare:?}");
            assert!(rare[1] as f64 <= 0.002 * trials as f64, "{n}: {rare:?}");
        }
    }

    #[test]
    fn one_altered_place_and_a_change_everywhere_are_both_seen() {
        let model = Model::fit(&genuine(64, 3)).unwrap();
        let one = model.judge([("a", 1.0), ("b", 45.0), ("c", -3.0)]).unwrap();
        assert!(one.rarity.p < 1e-4 && one.place == "b" && one.told == Told::OnePlace);
        let all = model.judge([("a", 5.5), ("b", 24.5), ("c", 1.5)]).unwrap();
        assert!(all.rarity.p < 1e-3, "{}", all.rarity.p);
    }

    /// Eight places, of two of which a stain on one object changed the first.
    fn stained() -> Genuine {
        let mut normal = Normal(21);
        let mut values = Array2::from_shape_fn((64, 8), |_| normal.next());
        values[[7, 0]] = 30.0;
        Genuine {
            places: ["a:x", "a:y", "b", "c", "d", "e", "f", "g"]
                .map(str::to_owned)
                .to_vec(),
            values,
            objects: (0..64).collect(),
            odd: vec![Odd::Above; 8],
            least_spread: 1e-6,
        }
    }

    #[test]
    fn a_stain_on_one_genuine_object_does_not_hide_a_change_of_several_places() {
        let model = Model::fit(&stained()).unwrap();
        let judge = |a: [f64; 2], b: f64| {
            let rest = ["c", "d", "e", "f", "g"].map(|place| (place, 0.0));
            let readings = [("a:x", a[0]), ("a:y", a[1]), ("b", b)];
            model.judge(readings.into_iter().chain(rest)).unwrap()
        };
        let stain = judge([28.0, 25.0], 0.0);
        assert!(stain.rarity.p > 0.01, "{stain:?}");
        let changed = judge([20.0, 0.0], 20.0);
        assert!(changed.rarity.p < 1e-4, "{changed:?}");
        assert_eq!(changed.told, Told::SeveralPlaces);
    }

    #[test]
    fn many_small_oddities_are_odd_together() {
        let groups: Vec<Genuine> = (0..10).map(|seed| genuine(80, 11 + seed)).collect();
        let models: Vec<Model> = groups.iter().map(|g| Model::fit(g).unwrap()).collect();
        let joint = Joint::fit(models.iter().zip(&groups)).unwrap();
        let mut normal = Normal(5);
        let mut p_of = |shift: f64| {
            let p_values: Vec<f64> = models
                .iter()
                .map(|model| {
                    let readings = [("a", 1.0), ("b", 20.0), ("c", -3.0)]
                        .map(|(place, centre)| (place, centre + shift + normal.next()));
                    model.judge(readings).unwrap().rarity.p
                })
                .collect();
            (
                joint.judge(p_values.iter().copied()).unwrap().p,
                combined(p_values).unwrap(),
            )
        };
        let rare = (0..2000).filter(|_| p_of(0.0).0 <= 0.01).count();
        assert!(rare <= 30, "{rare} of 2000");
        let (together, least) = p_of(2.5);
        assert!(together < 1e-4 && together < least, "{together} {least}");
    }

    #[test]
    fn what_was_not_measured_says_nothing() {
        let model = Model::fit(&genuine(64, 3)).unwrap();
        assert!(model.judge([("a", f64::NAN)]).is_none());
        assert!(model.judge([("elsewhere", 1.0)]).is_none());
        assert!(Model::fit(&genuine(LEAST_OBJECTS - 1, 3)).is_none());
    }

    #[test]
    fn combining_is_bonferroni() {
        assert_eq!(combined([0.5, 0.01, 0.2]), Some(0.03));
        assert_eq!(combined([]), None);
        assert_eq!(combined([0.9, 0.8]), Some(1.0));
    }
}
