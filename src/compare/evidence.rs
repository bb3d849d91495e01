//! Evidence: how rare the readings of one object are among those of genuine ones.
//!
//! Readings come in groups (one measurement) of places (where it was made), and places of spots, each looked
//! at in one way or several. Each reading is brought to robust units of its own place, about what scans like
//! its own let expect there (see trend), and those of a spot to one distance, by how they vary together. A
//! group then speaks four times: by its oddest spot, which one altered spot moves; by its second oddest, which
//! a change of several moves, and a stain on one does not; by the mean of all but the oddest, which a change
//! everywhere moves; and, where it has many places, by how these lie to each other, given how they vary
//! together among genuine objects.
//! Each is ranked among the same figures of the genuine objects, computed with spreads that had not seen
//! that object (cross-conformal, five folds), and beyond the largest of them by a fitted tail. It is ranked
//! among the scans most like its own, as many as there are objects (localized conformal prediction: Guan,
//! Biometrika 110, 2023): what a coarse or blurred scan may read says nothing of a fine one.
//!
//! Groups depend on each other in unknown ways, so they are combined by Bonferroni's rule, which holds
//! under any dependence: the least p-value times the number of groups examined.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::{Array2, Axis};

use super::robust::Spread;
use super::scatter::Scatter;
use super::tail::{ACCIDENTS, Bounds, MOST_SHAPE, Rarity, Tail};
use super::trend::{Frame, Terms, Trend};

/// Folds of the cross-fit.
const FOLDS: usize = 5;
/// Least genuine objects that make a comparison.
pub const LEAST_OBJECTS: usize = 8;
/// Least spots of which the second oddest says something of its own.
const LEAST_SPOTS: usize = 4;
/// Least places whose lie to each other says something of its own; of fewer, the other figures tell as much.
const LEAST_PLACES: usize = 8;
/// Spreads over which the tail of the oddest spot falls off at least: that of the greatest of a thousand
/// normal deviates, 1/√(2 ln 1000) (Gumbel). The same for the second, as spots may move together; for a
/// mean over many, less by the root of their number.
const LEAST_SCALE: f64 = 0.27;
/// Groups whose surprises are looked at together: what a printing process leaves shows in a few of them, and
/// the mean of all would thin it out.
const MOST_SURPRISING: usize = 3;
/// Nats over which the tail of their mean surprise falls off at least: a surprise is -ln p, so each falls off
/// over one.
const LEAST_SURPRISE: Bounds = Bounds {
    scale: 1.0 / MOST_SURPRISING as f64,
    shape: [0.0, MOST_SHAPE],
};
/// The tail of squared figures where there are no accidents: the square of the distance of a pair of normal deviates
/// falls off over two, exactly.
const NORMAL: Bounds = Bounds {
    scale: 2.0,
    shape: [0.0; 2],
};
/// Deviations are cut here: beyond, all are equally impossible.
const CUT: f64 = 1e4;
/// And here where many places are looked at together, as one alone is told by itself.
const CUT_TOGETHER: f64 = 8.0;

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
    fn oddness(self, deviation: f64) -> f64 {
        let deviation = deviation.clamp(-CUT, CUT);
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
    /// Scans × covariates: what is known of each scan itself that readings may depend on; NaN where it is not
    /// known.
    pub covariates: Array2<f64>,
    /// Which way readings of each place are odd.
    pub odd: Vec<Odd>,
    /// Least spread that is believed, in the unit of the readings.
    pub least_spread: f64,
    /// Whether accidents can push a reading far: stains, folds, strokes of a pen.
    pub accidents: bool,
}

/// A group fitted to genuine objects.
#[derive(Debug, Clone)]
pub struct Model {
    places: Places,
    /// The genuine scans, in their order.
    scans: Vec<Seen>,
    /// What the tail of each figure can be.
    bounds: [Bounds; FIGURES],
    /// The tail of each figure that a group speaks by, where no covariates vary; none where it has too few
    /// places for it.
    tails: Option<Tails>,
    objects: usize,
    /// See [`Genuine::accidents`].
    accidents: bool,
}

type Tails = [Option<Tail>; FIGURES];

/// The figures of a genuine scan, by spreads that had not seen its object, none where nothing was measured; and
/// where its covariates lie.
#[derive(Debug, Clone)]
struct Seen {
    at: Vec<f64>,
    figures: [Option<f64>; FIGURES],
}

/// What is known of the places of a group.
#[derive(Debug, Clone)]
struct Places {
    frame: Frame,
    known: BTreeMap<String, Place>,
    /// How they vary together, in the order of their names.
    scatter: Option<Scatter>,
    /// How the places of a spot vary together, in the order of their names; of spots with several, either
    /// way of which is odd.
    spots: BTreeMap<String, Scatter>,
}

/// What is known of one place.
#[derive(Debug, Clone)]
struct Place {
    odd: Odd,
    /// What the covariates let expect.
    trend: Trend,
    /// Of readings less that.
    spread: Spread,
}

impl Place {
    /// Of one reading a scan; `None` for too few.
    fn fit(
        odd: Odd,
        values: &[f64],
        terms: &[Vec<f64>],
        design: Option<&Terms>,
        least_spread: f64,
    ) -> Option<Self> {
        let trend = if values.iter().all(|v| v.is_finite()) {
            design.map(|design| design.fit(values))
        } else {
            let (values, terms): (Vec<f64>, Vec<Vec<f64>>) = values
                .iter()
                .zip(terms)
                .filter(|(value, _)| value.is_finite())
                .map(|(value, terms)| (*value, terms.clone()))
                .unzip();
            Terms::new(&terms).map(|design| design.fit(&values))
        }
        .unwrap_or_default();
        let left = values.iter().zip(terms).map(|(v, t)| v - trend.at(t));
        let spread = Spread::of(left, least_spread)?;
        Some(Self { odd, trend, spread })
    }

    /// Deviation of a reading, spreads, in a scan with these terms.
    fn deviation(&self, value: f64, terms: &[f64]) -> f64 {
        self.spread.deviation(value - self.trend.at(terms))
    }

    /// The reading with this deviation.
    fn value(&self, deviation: f64, terms: &[f64]) -> f64 {
        self.trend.at(terms) + self.spread.value(deviation)
    }
}

/// By what a group speaks, in the order of its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// By its oddest spot.
    OnePlace,
    /// By its second oddest spot.
    SeveralPlaces,
    /// By the mean of all but the oddest.
    AllPlaces,
    /// By how they lie to each other.
    OneAnother,
}

const FIGURES: usize = 4;
const TOLD: [Told; FIGURES] = [
    Told::OnePlace,
    Told::SeveralPlaces,
    Told::AllPlaces,
    Told::OneAnother,
];

/// Several groups together. Copies are odd in some groups a little, rather than in one a lot; the mean
/// surprise, -ln p, of the most surprising groups is ranked among the genuine objects' own, so that however
/// the groups depend on each other is in the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    surprise: Tail,
}

impl Joint {
    /// Fits the surprises of groups of the same genuine scans, each group's p-values cross-fitted. `None`
    /// where too few scans were measured.
    pub fn fit<'a>(groups: impl IntoIterator<Item = &'a Model>) -> Option<Self> {
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for model in groups {
            for (row, p) in model.cross_fitted().into_iter().enumerate() {
                if rows.len() <= row {
                    rows.resize(row + 1, Vec::new());
                }
                if let (Some(p), Some(own)) = (p, rows.get_mut(row)) {
                    own.push(surprise(p));
                }
            }
        }
        Some(Self {
            surprise: Tail::fit(rows.into_iter().filter_map(mean_surprise), LEAST_SURPRISE)?,
        })
    }

    /// How rare the p-values of an object's groups are together; `None` for no groups.
    pub fn judge(&self, p_values: impl IntoIterator<Item = f64>) -> Option<Rarity> {
        let mean = mean_surprise(p_values.into_iter().map(surprise).collect())?;
        Some(self.surprise.rarity(mean))
    }
}

/// Mean of the greatest surprises; `None` for none.
fn mean_surprise(mut surprises: Vec<f64>) -> Option<f64> {
    surprises.sort_by(|a, b| b.total_cmp(a));
    surprises.truncate(MOST_SURPRISING);
    let count = surprises.len() as f64;
    (count > 0.0).then(|| surprises.iter().sum::<f64>() / count)
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
    /// What nearly all genuine objects read there: three spreads about the centre; where readings are
    /// compared with each other, of those with the same other readings.
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
        let places = Places::fit(genuine, |_| true)?;
        let scans: Vec<Seen> = held_out(genuine)
            .into_iter()
            .zip(genuine.covariates.rows())
            .map(|(figures, covariates)| Seen {
                at: places.frame.place(&covariates.to_vec()),
                figures: ranked(figures.unwrap_or_default(), genuine.accidents),
            })
            .collect();
        let of_accidents = Bounds {
            scale: LEAST_SCALE,
            shape: [ACCIDENTS, MOST_SHAPE],
        };
        // A mean over many is near normal, whatever its parts are.
        let over = |count: usize| Bounds {
            scale: LEAST_SCALE / (count as f64).sqrt(),
            shape: [
                if count >= LEAST_PLACES {
                    0.0
                } else {
                    ACCIDENTS
                },
                MOST_SHAPE,
            ],
        };
        let mut spots: Vec<&str> = places.known.keys().map(|p| spot_of(p)).collect();
        spots.dedup();
        let mut model = Self {
            tails: None,
            scans,
            bounds: if genuine.accidents {
                let (spots, places) = (over(spots.len()), over(places.known.len()));
                [of_accidents, of_accidents, spots, places]
            } else {
                [NORMAL; FIGURES]
            },
            accidents: genuine.accidents,
            places,
            objects: objects.len(),
        };
        let middle = model.places.frame.place(&[]);
        let tails = model.tails(&middle).into_owned();
        // Too few to tell anything by.
        let [Some(_), _, Some(_), _] = &tails else {
            return None;
        };
        model.tails = Some(tails).filter(|_| middle.is_empty());
        Some(model)
    }

    /// The tail of each figure over the scans nearest to a place; none where too few scans have the figure.
    fn tails(&self, at: &[f64]) -> Cow<'_, Tails> {
        if let Some(tails) = &self.tails {
            return Cow::Borrowed(tails);
        }
        let mut near: Vec<(f64, &Seen)> = self
            .scans
            .iter()
            .filter(|seen| seen.figures.iter().any(Option::is_some))
            .map(|seen| {
                let apart = seen.at.iter().zip(at).map(|(a, b)| (a - b).powi(2));
                (apart.sum(), seen)
            })
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Where no covariate varies, all are as near.
        let reach = near.get(self.objects - 1).map_or(f64::MAX, |n| n.0);
        let near: Vec<&Seen> = near
            .into_iter()
            .take_while(|(apart, _)| *apart <= reach)
            .map(|(_, seen)| seen)
            .collect();
        Cow::Owned(std::array::from_fn(|figure| {
            let values = near.iter().filter_map(|seen| seen.figures[figure]);
            Tail::fit(values, self.bounds[figure])
        }))
    }

    /// The rarest of the figures, multiplied by how many there are, and which it is.
    fn rarest(
        tails: &Tails,
        figures: [Option<f64>; FIGURES],
        rarity: impl Fn(&Tail, f64) -> Rarity,
    ) -> Option<(Rarity, Told)> {
        let told: Vec<(Rarity, Told)> = tails
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
    fn cross_fitted(&self) -> Vec<Option<f64>> {
        let own = |tail: &Tail, figure| Rarity {
            p: tail.own_rarity(figure),
            extrapolated: false,
        };
        self.scans
            .iter()
            .map(|seen| Some(Self::rarest(&self.tails(&seen.at), seen.figures, own)?.0.p))
            .collect()
    }

    /// By how many spreads a reading of one place departs from what genuine objects read there in a scan with these
    /// covariates; `None` where they have no such place.
    pub fn deviation(&self, place: &str, value: f64, covariates: &[f64]) -> Option<f64> {
        let known = self.places.known.get(place)?;
        Some(known.deviation(value, &self.places.frame.terms(covariates)))
    }

    /// How rare readings are, place by place, in a scan with these covariates; `None` where none is of a
    /// place that genuine objects have.
    pub fn judge<'a>(
        &self,
        readings: impl IntoIterator<Item = (&'a str, f64)>,
        covariates: &[f64],
    ) -> Option<Evidence> {
        let terms = self.places.frame.terms(covariates);
        let summary = summarise(&self.places, readings, &terms)?;
        let tails = self.tails(&self.places.frame.place(covariates));
        let figures = ranked(summary.figures, self.accidents);
        let (rarity, told) = Self::rarest(&tails, figures, Tail::rarity)?;
        let Oddest {
            place,
            expected: (middle, width),
        } = match told {
            Told::OneAnother => summary.of_all?,
            Told::OnePlace | Told::SeveralPlaces | Told::AllPlaces => summary.of_spots,
        };
        let known = self.places.known.get(place)?;
        Some(Evidence {
            rarity,
            place: place.to_owned(),
            value: *summary.values.get(place)?,
            expected: [-3.0, 3.0].map(|by| known.value(middle + by * width, &terms)),
            told,
            objects: self.objects,
        })
    }
}

/// Figures as they are ranked: where there are no accidents their squares, whose tails a normal distribution gives the
/// shape of an exponential.
fn ranked(figures: [Option<f64>; FIGURES], accidents: bool) -> [Option<f64>; FIGURES] {
    if accidents {
        figures
    } else {
        figures.map(|figure| figure.map(|value| value * value.abs()))
    }
}

/// The figures of each scan of the genuine objects, by spreads that had not seen its object; none where
/// nothing was measured.
fn held_out(genuine: &Genuine) -> Vec<Option<[Option<f64>; FIGURES]>> {
    let fitted: Vec<_> = (0..FOLDS)
        .map(|fold| Places::fit(genuine, |object| object % FOLDS != fold))
        .collect();
    genuine
        .values
        .rows()
        .into_iter()
        .zip(&genuine.objects)
        .zip(genuine.covariates.rows())
        .map(|((row, object), covariates)| {
            let places = fitted.get(object % FOLDS)?.as_ref()?;
            let terms = places.frame.terms(&covariates.to_vec());
            let readings = genuine
                .places
                .iter()
                .map(String::as_str)
                .zip(row.iter().copied());
            Some(summarise(places, readings, &terms)?.figures)
        })
        .collect()
}

impl Places {
    /// Over the objects kept; `None` where none of the places was measured on enough of them.
    fn fit(genuine: &Genuine, keep: impl Fn(usize) -> bool) -> Option<Self> {
        let kept: Vec<usize> = (0..genuine.objects.len())
            .filter(|&row| genuine.objects.get(row).is_some_and(|o| keep(*o)))
            .collect();
        let covariates = genuine.covariates.select(Axis(0), &kept);
        let frame = Frame::of(covariates.view());
        let terms = frame.all_terms(covariates.view());
        let design = Terms::new(&terms);
        let columns: BTreeMap<&str, (usize, Place)> = genuine
            .places
            .iter()
            .zip(&genuine.odd)
            .zip(genuine.values.columns())
            .enumerate()
            .filter_map(|(at, ((place, odd), column))| {
                let values: Vec<f64> = kept
                    .iter()
                    .filter_map(|&row| column.get(row).copied())
                    .collect();
                let least = genuine.least_spread;
                let known = Place::fit(*odd, &values, &terms, design.as_ref(), least)?;
                Some((place.as_str(), (at, known)))
            })
            .collect();
        if columns.is_empty() {
            return None;
        }
        let mut objects: Vec<usize> = kept
            .iter()
            .filter_map(|&row| genuine.objects.get(row).copied())
            .collect();
        objects.sort_unstable();
        objects.dedup();
        // How an object's readings depend on each other is seen anew through each lens.
        let independent = if design.is_some() {
            kept.len()
        } else {
            objects.len()
        };
        let together = |places: &[&(usize, Place)]| {
            let deviations =
                Array2::from_shape_fn((kept.len(), places.len()), |(row, at)| {
                    match (kept.get(row), terms.get(row), places.get(at)) {
                        (Some(&row), Some(terms), Some((column, known))) => {
                            known.deviation(genuine.values[[row, *column]], terms)
                        }
                        _ => f64::NAN,
                    }
                });
            Scatter::fit(deviations.view(), independent)
        };
        let mut by_spot: BTreeMap<&str, Vec<&(usize, Place)>> = BTreeMap::new();
        for (place, column) in &columns {
            by_spot.entry(spot_of(place)).or_default().push(column);
        }
        let spots = by_spot
            .into_iter()
            .filter(|(_, places)| places.iter().all(|(_, known)| known.odd == Odd::Both))
            .filter_map(|(spot, places)| Some((spot.to_owned(), together(&places)?)))
            .collect();
        let scatter = (columns.len() >= LEAST_PLACES)
            .then(|| together(&columns.values().collect::<Vec<_>>()))
            .flatten();
        Some(Self {
            spots,
            scatter,
            known: columns
                .into_iter()
                .map(|(place, (_, known))| (place.to_owned(), known))
                .collect(),
            frame,
        })
    }

    /// How odd one spot is, by the deviations of its places.
    fn spot<'a>(&self, spot: &str, read: &[(&'a str, Odd, f64)]) -> Option<(f64, Oddest<'a>)> {
        if read.len() > 1
            && let Some(scatter) = self.spots.get(spot)
        {
            let known = self.known.keys().filter(|place| spot_of(place) == spot);
            let deviations: Vec<f64> = known
                .map(|place| read.iter().find(|r| r.0 == place).map_or(f64::NAN, |r| r.2))
                .collect();
            if let Some(found) = scatter.distance(&deviations, CUT) {
                let place = self.known.keys().filter(|p| spot_of(p) == spot);
                let place = place.map(String::as_str).nth(found.place)?;
                let (place, ..) = read.iter().find(|r| r.0 == place)?;
                let expected = found.expected;
                return Some((found.distance, Oddest { place, expected }));
            }
        }
        let (place, oddness) = read
            .iter()
            .map(|(place, odd, deviation)| (*place, odd.oddness(*deviation)))
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        let expected = (0.0, 1.0);
        Some((oddness, Oddest { place, expected }))
    }
}

/// The place that departs most.
#[derive(Debug, Clone, Copy)]
struct Oddest<'a> {
    place: &'a str,
    /// What is expected of its deviation, and the standard deviation about that.
    expected: (f64, f64),
}

struct Summary<'a> {
    /// Oddness of the oddest spot, of the second oddest, of all but the oddest in the mean (with few spots,
    /// of all), and of how the places of these lie to each other.
    figures: [Option<f64>; FIGURES],
    /// The oddest place of the oddest spot.
    of_spots: Oddest<'a>,
    /// The place that departs most from the others.
    of_all: Option<Oddest<'a>>,
    /// What was read, by place.
    values: BTreeMap<&'a str, f64>,
}

/// The spot that a place is of.
fn spot_of(place: &str) -> &str {
    place.split_once(':').map_or(place, |(spot, _)| spot)
}

fn summarise<'a>(
    places: &Places,
    readings: impl IntoIterator<Item = (&'a str, f64)>,
    terms: &[f64],
) -> Option<Summary<'a>> {
    let mut values: BTreeMap<&'a str, f64> = BTreeMap::new();
    let mut by_spot: BTreeMap<&str, Vec<(&'a str, Odd, f64)>> = BTreeMap::new();
    for (place, value) in readings {
        if let Some(known) = places.known.get(place).filter(|_| value.is_finite()) {
            values.insert(place, value);
            let read = by_spot.entry(spot_of(place)).or_default();
            read.push((place, known.odd, known.deviation(value, terms)));
        }
    }
    let mut spots: Vec<(f64, Oddest<'a>)> = by_spot
        .iter()
        .filter_map(|(spot, read)| places.spot(spot, read))
        .collect();
    spots.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (oddest, of_spots) = *spots.first()?;
    let several = spots.len() >= LEAST_SPOTS;
    // A stain on one spot is no change everywhere.
    let others = spots.get(usize::from(several)..)?;
    let mean = others.iter().map(|spot| spot.0).sum::<f64>() / others.len() as f64;
    let second = spots.get(1).map(|spot| spot.0).filter(|_| several);
    let lie = places
        .scatter
        .as_ref()
        .filter(|_| values.len() >= LEAST_PLACES)
        .and_then(|scatter| {
            let deviations: Vec<f64> = places
                .known
                .iter()
                .map(|(place, known)| {
                    values
                        .get(place.as_str())
                        .filter(|_| !several || spot_of(place) != spot_of(of_spots.place))
                        .map_or(f64::NAN, |value| known.deviation(*value, terms))
                })
                .collect();
            scatter.distance(&deviations, CUT_TOGETHER)
        });
    let of_all = lie.and_then(|lie| {
        let name = places.known.keys().nth(lie.place)?;
        let (place, _) = values.get_key_value(name.as_str())?;
        let expected = lie.expected;
        Some(Oddest { place, expected })
    });
    Some(Summary {
        figures: [
            Some(oddest),
            second,
            Some(mean),
            lie.map(|lie| lie.distance / (lie.places as f64).sqrt()),
        ],
        of_spots,
        of_all,
        values,
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
            covariates: Array2::zeros((n, 0)),
            odd: vec![Odd::Above; 3],
            least_spread: 1e-6,
            accidents: true,
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
                let p = model.judge(readings, &[]).unwrap().rarity.p;
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
        let one = model
            .judge([("a", 1.0), ("b", 45.0), ("c", -3.0)], &[])
            .unwrap();
        assert!(one.rarity.p < 1e-4 && one.place == "b" && one.told == Told::OnePlace);
        let all = model
            .judge([("a", 5.5), ("b", 24.5), ("c", 1.5)], &[])
            .unwrap();
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
            covariates: Array2::zeros((64, 0)),
            odd: vec![Odd::Above; 8],
            least_spread: 1e-6,
            accidents: true,
        }
    }

    #[test]
    fn a_stain_on_one_genuine_object_does_not_hide_a_change_of_several_places() {
        let model = Model::fit(&stained()).unwrap();
        let judge = |a: [f64; 2], b: f64| {
            let rest = ["c", "d", "e", "f", "g"].map(|place| (place, 0.0));
            let readings = [("a:x", a[0]), ("a:y", a[1]), ("b", b)];
            model.judge(readings.into_iter().chain(rest), &[]).unwrap()
        };
        let stain = judge([28.0, 25.0], 0.0);
        assert!(stain.rarity.p > 0.01, "{stain:?}");
        let changed = judge([20.0, 0.0], 20.0);
        assert!(changed.rarity.p < 1e-4, "{changed:?}");
        assert_eq!(changed.told, Told::SeveralPlaces);
    }

    /// Ten spots, each looked at in two ways, all of which share most of their variation.
    fn shared(n: usize) -> Genuine {
        let mut normal = Normal(31);
        let mut values = Array2::zeros((n, 20));
        for mut row in values.rows_mut() {
            let common = normal.next();
            row.mapv_inplace(|_: f64| common + 0.2 * normal.next());
        }
        Genuine {
            places: (0..10)
                .flat_map(|spot| ["x", "y"].map(|way| format!("{spot}:{way}")))
                .collect(),
            values,
            objects: (0..n).collect(),
            covariates: Array2::zeros((n, 0)),
            odd: vec![Odd::Both; 20],
            least_spread: 1e-6,
            accidents: true,
        }
    }

    #[test]
    fn what_departs_from_how_places_vary_together_is_odd_within_each_range() {
        let genuine = shared(64);
        let model = Model::fit(&genuine).unwrap();
        let judge = |of: &dyn Fn(usize) -> f64| {
            let places = genuine.places.iter().enumerate();
            let readings = places.map(|(at, place)| (place.as_str(), of(at)));
            model.judge(readings, &[]).unwrap()
        };
        // All moved alike, as far as genuine objects move.
        assert!(judge(&|_| 1.5).rarity.p > 0.05);
        // Every spot looked at in one way moved one way, in the other the other way.
        let turned = judge(&|at| if at % 2 == 0 { 1.0 } else { -1.0 });
        assert!(turned.rarity.p < 1e-6, "{turned:?}");
        let [low, high] = turned.expected;
        assert!(!(low..high).contains(&turned.value), "{turned:?}");
        // Half of the spots against the others.
        let parted = judge(&|at| if at < 10 { 1.0 } else { -1.0 });
        assert!(parted.rarity.p < 1e-6, "{parted:?}");
        assert_eq!(parted.told, Told::OneAnother);
    }

    /// Five places that follow a covariate, each in its own measure.
    fn following(n: usize) -> Genuine {
        let mut normal = Normal(41);
        let covariates = Array2::from_shape_fn((n, 1), |(row, _)| row as f64 / n as f64);
        let values = Array2::from_shape_fn((n, 5), |(row, column)| {
            (column + 2) as f64 * 10.0 * covariates[[row, 0]] + normal.next()
        });
        Genuine {
            places: ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(),
            values,
            objects: (0..n).map(|row| row * 64 / n).collect(),
            covariates,
            odd: vec![Odd::Both; 5],
            least_spread: 1e-6,
            accidents: true,
        }
    }

    #[test]
    fn a_reading_is_compared_with_those_of_scans_like_its_own() {
        let model = Model::fit(&following(256)).unwrap();
        let judge = |readings: f64, covariate: f64| {
            let places = ["a", "b", "c", "d", "e"].into_iter().enumerate();
            let readings = places.map(|(at, place)| (place, (at + 2) as f64 * 10.0 * readings));
            model.judge(readings, &[covariate]).unwrap()
        };
        for at in [0.1, 0.5, 0.9] {
            assert!(judge(at, at).rarity.p > 0.1, "{at}");
        }
        let off = |value, at| model.deviation("a", value, &[at]).unwrap();
        assert!(off(10.0, 0.5).abs() < 1.0 && off(10.0, 0.9) < -5.0);
        assert_eq!(model.deviation("elsewhere", 10.0, &[0.5]), None);
        // As in a scan of quite another covariate.
        let other = judge(0.5, 0.9);
        assert!(other.rarity.p < 1e-4, "{other:?}");
        let [low, high] = other.expected;
        assert!(
            (3.0..9.0).contains(&(high - low)) && other.value < low,
            "{other:?}"
        );
        // Not known: as in the middle.
        assert!(judge(0.5, f64::NAN).rarity.p > 0.1);
    }

    #[test]
    fn many_small_oddities_are_odd_together() {
        let groups: Vec<Genuine> = (0..10).map(|seed| genuine(80, 11 + seed)).collect();
        let models: Vec<Model> = groups.iter().map(|g| Model::fit(g).unwrap()).collect();
        let joint = Joint::fit(&models).unwrap();
        let mut normal = Normal(5);
        let mut p_of = |shift: f64| {
            let p_values: Vec<f64> = models
                .iter()
                .map(|model| {
                    let readings = [("a", 1.0), ("b", 20.0), ("c", -3.0)]
                        .map(|(place, centre)| (place, centre + shift + normal.next()));
                    model.judge(readings, &[]).unwrap().rarity.p
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
        assert!(model.judge([("a", f64::NAN)], &[]).is_none());
        assert!(model.judge([("elsewhere", 1.0)], &[]).is_none());
        assert!(Model::fit(&genuine(LEAST_OBJECTS - 1, 3)).is_none());
    }

    #[test]
    fn combining_is_bonferroni() {
        assert_eq!(combined([0.5, 0.01, 0.2]), Some(0.03));
        assert_eq!(combined([]), None);
        assert_eq!(combined([0.9, 0.8]), Some(1.0));
    }
}
