//! Reads printed serial numbers, character by character, and says how sure each is.

use super::grammar::Grammar;
use super::locate::{Row, Strip, find, fitted, offsets};
use super::rules::Print;
use super::typeface::{CELLS, HALF_CELLS, RowForm, Support, Typeface};
use crate::compare::robust::{quantile, sorted};
use crate::note::RectMm;
use crate::pixels::Raster;
use crate::rectify::homography::Homography;

/// A character is sure from this probability on: in cross-validation no character of a scan above it was wrong
/// (docs/serials.md).
pub const SURE: f64 = 0.98;
/// What the discriminant says between two characters, in what it says on a clean print, for a print to contradict another:
/// 1 in 100 of 1,480 characters of genuine $1 and $2 prints says less, each against its nearest rival.
const CLEAR: f32 = 0.75;
/// Rows whose characters look on the mean less like any than this hold no number.
pub const LEAST_LIKENESS: f32 = 0.5;

/// Something that reads a printed number.
pub trait SerialReader: Sync {
    /// Reads one print whose mean place is `zone`, and which lies within `float_mm` of it, across and down; `None` where
    /// no row of characters is to be seen.
    fn read(
        &self,
        raster: &Raster,
        map: &Homography,
        zone: RectMm,
        float_mm: [f64; 2],
        print: &Print,
        grammar: &Grammar,
    ) -> Option<Reading>;
}

/// One character as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Character {
    /// The likeliest.
    pub best: char,
    /// Probability that it is right.
    pub confidence: f64,
    /// What that was said from.
    pub support: Support,
}

impl Character {
    fn sure(&self) -> bool {
        self.confidence >= SURE
    }

    /// Makes it no surer than a toss.
    fn doubt(&mut self) {
        self.confidence = self.confidence.min(0.5);
    }
}

/// What is known of one place of a number before it is decided: discriminant and likeness of each character.
pub type Scores = Vec<(char, f32, f32)>;

/// One print as read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Which print.
    pub place: String,
    /// Left to right.
    pub characters: Vec<Character>,
    /// What was decided from.
    pub scores: Vec<Scores>,
    /// Where the characters stand, mm on the note as its print lies; their middles.
    pub middles_mm: Vec<[f64; 2]>,
    /// The box around the row, mm.
    pub rect_mm: RectMm,
    /// Height of a character, mm.
    pub height_mm: f64,
    /// Slope of the row.
    pub tilt: f64,
    /// Length of the row over nominal.
    pub stretch: f64,
    /// How the row is set.
    pub form: RowForm,
}

impl Reading {
    /// What it says, `?` where a character is not sure.
    pub fn shown(&self) -> String {
        shown(&self.characters)
    }

    /// What it says, where every character is sure.
    pub fn sure(&self) -> Option<String> {
        sure(&self.characters)
    }

    /// Probability that all of it is right.
    pub fn confidence(&self) -> f64 {
        confidence(&self.characters)
    }
}

fn shown(characters: &[Character]) -> String {
    characters
        .iter()
        .map(|c| if c.sure() { c.best } else { '?' })
        .collect()
}

fn sure(characters: &[Character]) -> Option<String> {
    let all = !characters.is_empty() && characters.iter().all(Character::sure);
    all.then(|| characters.iter().map(|c| c.best).collect())
}

fn confidence(characters: &[Character]) -> f64 {
    characters.iter().map(|c| c.confidence).product()
}

/// The reader that knows typefaces by their glyphs.
#[derive(Debug)]
pub struct GlyphReader<'a> {
    face: &'a Typeface,
    any: [f32; HALF_CELLS],
}

impl<'a> GlyphReader<'a> {
    /// A reader for one typeface.
    pub fn new(face: &'a Typeface) -> Self {
        Self {
            face,
            any: face.any(),
        }
    }

    /// The typeface.
    pub fn face(&self) -> &Typeface {
        self.face
    }

    /// Finds the row of characters in a strip.
    pub fn find(&self, strip: &Strip, cells_mm: &[f64], grammar: &Grammar) -> Option<Row> {
        let classes: Vec<Vec<usize>> = (0..cells_mm.len())
            .map(|place| {
                let allowed = grammar.allowed(place);
                self.face.classes(|c| allowed.contains(&c))
            })
            .collect();
        let offsets = offsets(cells_mm, strip.px_per_mm());
        find(strip, &offsets, self.face, &self.any, &classes)
    }

    /// Whether it knows all of these characters.
    pub fn knows(&self, characters: &[char]) -> bool {
        let known = self.face.characters();
        characters.iter().all(|c| known.contains(c))
    }

    /// What speaks for each character at one place.
    pub fn scores(&self, patch: &[f32; CELLS], allowed: &[char]) -> Scores {
        self.face
            .classes(|c| allowed.contains(&c))
            .into_iter()
            .filter_map(|class| {
                Some((
                    *self.face.characters().get(class)?,
                    self.face.discriminant(class, patch),
                    self.face.likeness(class, patch),
                ))
            })
            .collect()
    }

    /// Reads a row of characters; `None` where it looks like none.
    pub fn reading(
        &self,
        strip: &Strip,
        place: &str,
        row: &Row,
        cells_mm: &[f64],
        grammar: &Grammar,
    ) -> Option<Reading> {
        let height_mm = self.face.height_mm;
        if row.likeness < LEAST_LIKENESS {
            return None;
        }
        let scores: Vec<Scores> = row
            .patches
            .iter()
            .enumerate()
            .map(|(place, patch)| {
                let allowed = grammar.allowed(place);
                let here = self.scores(&patch.cells, &allowed);
                match &patch.rival {
                    Some(rival) => between(here, &self.scores(rival, &allowed)),
                    None => here,
                }
            })
            .collect();
        let middles_mm: Vec<[f64; 2]> = row.patches.iter().map(|p| strip.to_mm(p.at)).collect();
        Some(Reading {
            place: place.to_owned(),
            characters: decide(self.face, &scores, grammar, 1),
            form: self.form(strip, row, &offsets(cells_mm, strip.px_per_mm()), &scores),
            scores,
            rect_mm: around(&middles_mm, height_mm),
            middles_mm,
            height_mm,
            tilt: row.line.tilt,
            stretch: row.line.stretch,
        })
    }

    /// How a row is set; its characters are taken for the likeliest that may stand at their place.
    fn form(&self, strip: &Strip, row: &Row, offsets: &[f64], scores: &[Scores]) -> RowForm {
        let unlike = sorted(row.patches.iter().zip(scores).map(|(patch, scores)| {
            let best = scores.iter().max_by(|a, b| a.1.total_cmp(&b.1));
            let classes = self.face.classes(|c| best.is_some_and(|b| b.0 == c));
            let like = classes
                .iter()
                .map(|&class| self.face.likeness_as_sharp(class, &patch.cells))
                .fold(-1.0, f32::max);
            1.0 - f64::from(like)
        }));
        let seen: Vec<_> = row
            .patches
            .iter()
            .zip(offsets)
            .map(|(patch, offset)| (*offset, patch.at, 1.0))
            .collect();
        let line = fitted(&seen, row.line);
        let beside = |axis: usize| {
            let off = seen.iter().map(|(offset, at, _)| {
                (at[axis] - line.at(*offset)[axis]).abs() / strip.px_per_mm()
            });
            quantile(&sorted(off), 0.75).unwrap_or(0.0)
        };
        RowForm {
            shape: quantile(&unlike, 0.5).unwrap_or(2.0),
            spacing_mm: beside(0),
            level_mm: beside(1),
        }
    }
}

/// What speaks for each character at two places where it may stand: it must win at both. The likeness is that where it is
/// more like.
fn between(here: Scores, there: &Scores) -> Scores {
    here.into_iter()
        .zip(there)
        .map(|((c, a, like), (_, b, other))| (c, 0.5 * (a + b), like.max(*other)))
        .collect()
}

/// Decides every place of a number by the form of the grammar that fits best. `scores` are of one print, or sums over
/// this many.
pub fn decide(
    face: &Typeface,
    scores: &[Scores],
    grammar: &Grammar,
    prints: usize,
) -> Vec<Character> {
    let mut best: (f32, Vec<(char, f64, f64)>) = (f32::MIN, Vec::new());
    for form in &grammar.forms {
        if form.places.len() != scores.len() {
            continue;
        }
        let mut total = 0.0;
        let mut characters = Vec::new();
        for (class, scores) in form.places.iter().zip(scores) {
            let mut first: Option<(char, f32, f32)> = None;
            let mut second: Option<f32> = None;
            for &(c, score, likeness) in scores {
                if !class.characters.contains(c) {
                    continue;
                }
                match first {
                    Some((_, top, _)) if score <= top => {
                        second = Some(second.map_or(score, |s| s.max(score)));
                    }
                    _ => {
                        second = first.map(|f| f.1).or(second);
                        first = Some((c, score, likeness));
                    }
                }
            }
            let Some((c, score, likeness)) = first else {
                break;
            };
            let margin = second.map_or(0.0, |s| f64::from(score - s)) / prints.max(1) as f64;
            total += score;
            characters.push((c, margin, f64::from(likeness)));
        }
        if characters.len() == scores.len() && total > best.0 {
            best = (total, characters);
        }
    }
    let unlike: Vec<f64> = best
        .1
        .iter()
        .map(|&(c, _, likeness)| face.unlike(c, likeness))
        .collect();
    best.1
        .iter()
        .enumerate()
        .map(|(place, &(c, margin, likeness))| {
            // A soft scan makes all of a row less like its typeface, a strange character only itself.
            let others = sorted(
                unlike
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != place)
                    .map(|(_, u)| *u),
            );
            let row = quantile(&others, 0.5).unwrap_or(0.0);
            let support = Support {
                margin,
                likeness,
                unlike: unlike.get(place).copied().unwrap_or(0.0) - row,
                digit: c.is_ascii_digit(),
                again: prints > 1,
            };
            Character {
                best: c,
                confidence: face.calibration().probability(&support),
                support,
            }
        })
        .collect()
}

impl SerialReader for GlyphReader<'_> {
    fn read(
        &self,
        raster: &Raster,
        map: &Homography,
        zone: RectMm,
        float_mm: [f64; 2],
        print: &Print,
        grammar: &Grammar,
    ) -> Option<Reading> {
        let lettering = print.lettering.as_ref()?;
        let height_mm = self.face.height_mm;
        let strip = Strip::cut(raster, map, zone, float_mm, lettering.seen_in, height_mm)?;
        let row = self.find(&strip, &lettering.cells_mm, grammar)?;
        self.reading(&strip, &print.place, &row, &lettering.cells_mm, grammar)
    }
}

fn around(middles: &[[f64; 2]], height: f64) -> RectMm {
    let low = |axis: usize| middles.iter().map(|m| m[axis]).fold(f64::MAX, f64::min);
    let high = |axis: usize| middles.iter().map(|m| m[axis]).fold(f64::MIN, f64::max);
    let (left, top) = (low(0) - 0.35 * height, low(1) - 0.5 * height);
    RectMm {
        x: left,
        y: top,
        width: high(0) + 0.35 * height - left,
        height: high(1) + 0.5 * height - top,
    }
}

/// The places where two prints say different characters, both for sure.
fn differences(first: &Reading, second: &Reading) -> Vec<usize> {
    let pairs = first.characters.iter().zip(&second.characters);
    pairs
        .enumerate()
        .filter(|(_, (a, b))| a.best != b.best && a.sure() && b.sure())
        .map(|(place, _)| place)
        .collect()
}

/// Where prints differ from the first, but nowhere both are [`CLEAR`] of the other's character, what is not clear is
/// doubted: print below, as the numeral that an E stands on, may make an F of it.
fn doubt_differences(face: &Typeface, readings: &mut [Reading]) {
    let Some((first, others)) = readings.split_first_mut() else {
        return;
    };
    for second in others {
        let clear: Vec<(usize, [bool; 2])> = differences(first, second)
            .into_iter()
            .map(|place| {
                let both = [
                    clear(face, first, second, place),
                    clear(face, second, first, place),
                ];
                (place, both)
            })
            .collect();
        if clear.iter().any(|(_, both)| *both == [true; 2]) {
            continue;
        }
        for (place, both) in clear {
            for (print, clear) in [&mut *first, &mut *second].into_iter().zip(both) {
                let character = print.characters.get_mut(place);
                character.filter(|_| !clear).map(Character::doubt);
            }
        }
    }
}

/// Whether a print is [`CLEAR`] of what another says at a place.
fn clear(face: &Typeface, print: &Reading, other: &Reading, place: usize) -> bool {
    let best = |reading: &Reading| reading.characters.get(place).map(|c| c.best);
    let (Some(own), Some(other)) = (best(print), best(other)) else {
        return false;
    };
    let score = |wanted: char| {
        let mut scores = print.scores.get(place)?.iter();
        scores.find(|(c, ..)| *c == wanted).map(|s| s.1)
    };
    let apart = score(own).zip(score(other)).map(|(own, other)| own - other);
    apart.is_some_and(|apart| apart >= CLEAR * face.apart(own, other))
}

/// What all prints of a number say together.
#[derive(Debug, Clone, Default)]
pub struct Number {
    /// The number, where every character is sure.
    pub text: Option<String>,
    /// The likeliest characters.
    pub characters: Vec<Character>,
    /// The prints.
    pub readings: Vec<Reading>,
}

impl Number {
    /// Probability that all of it is right.
    pub fn confidence(&self) -> f64 {
        if self.characters.is_empty() {
            0.0
        } else {
            confidence(&self.characters)
        }
    }
}

/// Puts the prints of one number together: those that agree strengthen each other, and a place that is doubtful in
/// one may be sure in the other. Where prints must be `equal` and two do not fit, nothing is said.
pub fn together(
    face: &Typeface,
    equal: bool,
    grammar: &Grammar,
    mut readings: Vec<Reading>,
) -> Number {
    if equal {
        doubt_differences(face, &mut readings);
    }
    let mut number = Number {
        readings,
        ..Number::default()
    };
    let Some(first) = number.readings.first() else {
        return number;
    };
    let fits = |other: &Reading| differences(first, other).is_empty();
    if equal && number.readings.iter().all(fits) {
        let scores = summed(&number.readings);
        number.characters = decide(face, &scores, grammar, number.readings.len());
        number.text = sure(&number.characters);
    } else {
        // The doubtful number is the less sure of them.
        number.characters = number
            .readings
            .iter()
            .min_by(|a, b| a.confidence().total_cmp(&b.confidence()))
            .map(|r| r.characters.clone())
            .unwrap_or_default();
        number.characters.iter_mut().for_each(Character::doubt);
    }
    number
}

/// What speaks for each character over all prints: discriminants add up, and of likenesses the best counts, as the
/// other print may be stained there.
pub fn summed(readings: &[Reading]) -> Vec<Scores> {
    let mut prints = readings.iter();
    let mut scores = prints.next().map_or_else(Vec::new, |r| r.scores.clone());
    for other in prints {
        for (sum, add) in scores.iter_mut().zip(&other.scores) {
            for ((_, score, likeness), (_, more, like)) in sum.iter_mut().zip(add) {
                *score += more;
                *likeness = likeness.max(*like);
            }
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::reference::Library;

    /// A reading of characters that are each so much of the way from another.
    fn reading(face: &Typeface, said: &[(char, char, f32)]) -> Reading {
        let character = |best| Character {
            best,
            confidence: 1.0,
            support: Support {
                margin: 0.0,
                likeness: 0.97,
                unlike: 0.0,
                digit: false,
                again: false,
            },
        };
        Reading {
            place: String::new(),
            characters: said.iter().map(|(best, ..)| character(*best)).collect(),
            scores: said
                .iter()
                .map(|&(best, other, share)| {
                    let apart = share * face.apart(best, other);
                    vec![(best, apart, 0.97), (other, 0.0, 0.94)]
                })
                .collect(),
            middles_mm: Vec::new(),
            rect_mm: RectMm::from([0.0; 4]),
            height_mm: face.height_mm,
            tilt: 0.0,
            stretch: 1.0,
            form: RowForm {
                shape: 0.0,
                spacing_mm: 0.0,
                level_mm: 0.0,
            },
        }
    }

    #[test]
    fn only_a_clear_character_contradicts_the_other_print() {
        let library = Library::built_in().unwrap();
        let currency = "XTS".parse().unwrap();
        let face = library.typeface(&currency, "xts-100").unwrap();
        let said = |first: &[(char, char, f32)], second: &[(char, char, f32)]| {
            let mut readings = [reading(face, first), reading(face, second)];
            doubt_differences(face, &mut readings);
            readings.map(|r| r.shown())
        };
        let whole = ('E', 'F', 0.9);
        assert_eq!(said(&[whole], &[('F', 'E', 0.9)]), ["E", "F"]);
        assert_eq!(said(&[whole], &[('F', 'E', 0.5)]), ["E", "?"]);
        // One place where they clearly differ is enough.
        let (three, four) = (('3', '4', 0.9), ('4', '3', 0.9));
        assert_eq!(
            said(&[whole, three], &[('F', 'E', 0.5), four]),
            ["E3", "F4"]
        );
    }

    #[test]
    fn a_character_must_win_wherever_it_may_stand() {
        // A T seen too low for its bar, and where its bar is seen.
        let low = vec![('I', 66.0, 0.91), ('T', -4.0, 0.57)];
        let high = vec![('I', -20.0, 0.52), ('T', 60.0, 0.88)];
        assert_eq!(
            between(low.clone(), &high),
            [('I', 23.0, 0.91), ('T', 28.0, 0.88)]
        );
        // An I has no bar there either.
        assert_eq!(
            between(low, &vec![('I', 50.0, 0.85), ('T', 10.0, 0.83)]),
            [('I', 58.0, 0.91), ('T', 3.0, 0.83)]
        );
    }
}
