//! Reads the small print beside a serial number: series year, position on the sheet, plate numbers, the bank's seal
//! letter and its numbers.
//!
//! A mark stands near a known place. What is dark there falls into pieces; pieces beside each other are a line, and a
//! line is read as each of the forms that the mark may have. Each piece is fitted to its own height and told by
//! what was learned of its typeface ([`glyphs::Glyphs`]). Where ink runs together or breaks depends on the darkness
//! from which on a place counts as ink, so several are tried. A reading must look like what it says, clearly more than
//! like anything else, and must leave no ink of its line over; else there is none. Where each mark stands, and how
//! high it is, is data (`[[style.mark]]` in `series.toml`).

pub mod glyphs;
pub mod ink;
pub mod learn;

use std::ops::RangeInclusive;

use serde::Deserialize;

use self::glyphs::{CELLS, Glyphs, MARGIN, ROWS, Told};
use self::ink::{Ink, Line, Piece};
use crate::note::{RectMm, Side};
use crate::pixels::Raster;
use crate::rectify::homography::Homography;

/// Characters less like what they are taken for than this are not read.
const LEAST_LIKENESS: f32 = 0.75;
/// The same of the large overprint, of which some letters and digits were never seen: those withheld looked up to 0.85
/// like another letter, 0.83 like another digit, but no more than 0.52 like a 1, which is slim.
const LEAST_LIKENESS_OVERPRINT: f32 = 0.87;
const LEAST_LIKENESS_SLIM: f32 = 0.72;
/// The same where no other character is known that it could be.
const LEAST_LIKENESS_ALONE: f32 = 0.85;
/// The same of the series year: digits withheld looked up to 0.66 like another.
const LEAST_LIKENESS_SERIES: f32 = 0.7;
/// Characters told from the next by less than this are not read; in units of the discriminant.
const LEAST_MARGIN: f32 = 6.0;
/// A character of which fewer prints were learned is told from others by it, but is not read. A seal's letter is: its
/// likeness alone tells a letter that was never seen.
const FEW: f32 = 3.0;
/// A reading this like and this clear is taken without looking at others.
const SURELY: (f32, f32) = (0.88, 8.0);
/// Another reading that is less like what it says by this is no rival.
const RIVAL: f32 = 0.08;
/// Characters of one size differ in height by no more than this.
const EVEN: f64 = 1.3;
/// Parts of full ink from which on a place counts as ink, in the order in which they are tried.
const SHARES: [f32; 5] = [0.6, 0.45, 0.75, 0.33, 0.88];
/// The same for the series year, whose characters stand close.
const CLOSE_SHARES: [f32; 5] = [0.75, 0.6, 0.9, 0.45, 1.05];
/// Ink that must be explained.
const FAINT_SHARE: f32 = 0.35;
/// Ink that may be left over, in squares of the least height: a speck of dirt.
const LEFT_OVER: f64 = 0.1;
/// Most pixels a millimetre that a window is cut at: small print at 300 dpi has no more to show.
const FINEST: f64 = 12.0;
/// Pixels of the scan that the lowest character must be high.
const LEAST_PX: f64 = 5.0;

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// The series year, with its letter below.
    Series,
    /// The position on the sheet: letter and digit.
    Position,
    /// FW where the note is from Fort Worth, the plate's letter and its number.
    PlateFront,
    /// The number of the back plate.
    PlateBack,
    /// The letter in the bank's seal.
    DistrictSeal,
    /// The bank's number.
    DistrictNumber,
}

/// Where a mark stands on a design.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// What it says.
    pub kind: MarkKind,
    /// The zone in the `note.toml`.
    pub zone: String,
    /// The side it is on.
    pub side: Side,
    /// The id of the typeface: `marks-<id>.npz`.
    pub typeface: String,
    /// How far it may lie from its mean place, across and down, mm.
    pub float_mm: [f64; 2],
    /// Least and greatest height of a character, mm.
    pub height_mm: [f64; 2],
}

/// A mark as read.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkReading {
    /// What it says, as `2017A`, `B2`, `FWB67` or `10`.
    pub text: String,
    /// How much the least like character looks like what it was taken for, -1..=1.
    pub likeness: f32,
    /// How clearly the least clear one is told from the next.
    pub margin: f32,
    /// Where it stands, mm.
    pub rect_mm: RectMm,
}

/// Why a mark was not read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unread {
    /// The reference note does not say where it is, or its typeface was not learned.
    #[error("not calibrated: its place or its typeface is not known")]
    NotCalibrated,
    /// The scan is too coarse.
    #[error("resolution too low: {have:.1} px/mm, {need:.1} needed")]
    Resolution {
        /// On the note, px/mm.
        have: f64,
        /// px/mm.
        need: f64,
    },
    /// There is no print, or it is covered.
    #[error("no print of its form is to be seen")]
    Nothing,
    /// It is not clear.
    #[error("it looks like {shown}, but not clearly (likeness {likeness:.2}, margin {margin:.1})")]
    Doubt {
        /// What it looks like.
        shown: String,
        /// See [`MarkReading::likeness`].
        likeness: f32,
        /// See [`MarkReading::margin`].
        margin: f32,
    },
    /// There is more ink than what was read.
    #[error("it looks like {0}, but there is more ink beside it")]
    LeftOver(String),
    /// It can be read in two ways.
    #[error("it can be read as {0} or {1}")]
    TwoWays(String, String),
}

/// What may stand at one place of a mark.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// A to L: banks, positions and series use no others.
    Letter,
    Digit,
    Only(&'static str),
}

impl Place {
    fn allows(self, c: char) -> bool {
        match self {
            Self::Letter => ('A'..='L').contains(&c),
            Self::Digit => c.is_ascii_digit(),
            Self::Only(these) => these.contains(c),
        }
    }
}

impl MarkKind {
    /// How many characters stand in its line.
    fn lengths(self) -> RangeInclusive<usize> {
        match self {
            Self::Series => 4..=4,
            Self::Position => 2..=2,
            Self::PlateFront => 2..=6,
            Self::PlateBack => 1..=3,
            Self::DistrictSeal => 1..=1,
            Self::DistrictNumber => 1..=2,
        }
    }

    /// What may stand at each place of a line of so many characters.
    fn forms(self, length: usize) -> Vec<Vec<Place>> {
        use Place::{Digit, Letter, Only};
        let plate = |before: &[Place]| {
            let digits = length.saturating_sub(before.len());
            let form = [before, &vec![Digit; digits]].concat();
            ((1..=3).contains(&digits) && form.len() == length).then_some(form)
        };
        match self {
            Self::Series => vec![vec![Only("12"), Only("90"), Digit, Digit]],
            Self::Position => vec![vec![Letter, Digit]],
            Self::PlateFront => [plate(&[Letter]), plate(&[Only("F"), Only("W"), Letter])]
                .into_iter()
                .flatten()
                .collect(),
            Self::PlateBack => plate(&[]).into_iter().collect(),
            Self::DistrictSeal => vec![vec![Letter]],
            Self::DistrictNumber if length == 1 => vec![vec![Only("123456789")]],
            Self::DistrictNumber => vec![vec![Only("1"), Only("012")]],
        }
    }

    /// Whether it is printed with the serial number, and floats as it does.
    pub fn is_overprint(self) -> bool {
        matches!(self, Self::DistrictSeal | Self::DistrictNumber)
    }

    /// How far to its left and right there is nothing else, mm.
    fn clear_mm(self) -> [f64; 2] {
        match self {
            Self::Series => [0.3, 0.3],
            Self::Position => [0.4, 0.4],
            Self::PlateFront => [1.0, 1.0],
            Self::PlateBack => [1.0, 0.5],
            Self::DistrictSeal => [0.0, 0.0],
            Self::DistrictNumber => [1.5, 1.5],
        }
    }

    fn shares(self) -> &'static [f32] {
        match self {
            Self::Series => &CLOSE_SHARES,
            _ => &SHARES,
        }
    }
}

/// The surroundings of a mark. `beside` is by how much the overprint lies beside its mean place, mm.
///
/// # Errors
/// Why there is nothing to read.
pub fn window(
    mark: &Mark,
    raster: &Raster,
    map: &Homography,
    zone: RectMm,
    beside: [f64; 2],
) -> Result<Ink, Unread> {
    let middle = zone.middle();
    let [x, y] = map.apply(middle);
    let [right, down] = map.apply([middle[0] + 1.0, middle[1]]);
    let have = (right - x).hypot(down - y);
    let need = LEAST_PX / mark.height_mm[0];
    if have.is_nan() || have < need {
        return Err(Unread::Resolution { have, need });
    }
    let [across, down] = mark.float_mm;
    let rect = RectMm {
        x: zone.x + beside[0] - across,
        y: zone.y + beside[1] - down,
        width: zone.width + 2.0 * across,
        height: zone.height + 2.0 * down,
    };
    let px_per_mm = (22.0 / mark.height_mm[0]).min(FINEST);
    Ink::cut(raster, map, rect, px_per_mm).ok_or(Unread::Nothing)
}

/// A line taken as so many characters.
#[derive(Debug, Clone)]
struct Group {
    pieces: Vec<Piece>,
    /// Whether another line is above.
    below_another: bool,
    /// What stands below, of a series year.
    below: Option<Piece>,
}

/// Every way to take the lines in a window as characters.
fn groups(ink: &Ink, mark: &Mark, share: f32, glyphs: Option<&Glyphs>) -> Vec<Group> {
    let lines = ink.lines(share, mark.height_mm);
    let mut out = Vec::new();
    for line in &lines {
        let Some(around) = line.around() else {
            continue;
        };
        let (below_another, below) = if mark.kind == MarkKind::Series {
            neighbours(&lines, &around, ink.px_per_mm)
        } else {
            (false, None)
        };
        let mut push = |pieces| {
            out.push(Group {
                pieces,
                below_another,
                below,
            });
        };
        for length in mark.kind.lengths() {
            let pieces = &line.pieces;
            if pieces.len() == length {
                push(pieces.clone());
            } else if pieces.len() == length + 1 {
                // One character broke in two.
                for (at, (a, b)) in pieces.iter().zip(pieces.iter().skip(1)).enumerate() {
                    let gap = b.left as f64 - a.right as f64;
                    if gap <= 0.25 * a.height() as f64 {
                        let mut pieces = pieces.clone();
                        pieces.splice(at..at + 2, [a.with(b)]);
                        push(pieces);
                    }
                }
            } else if let (MarkKind::Series, Some(glyphs)) = (mark.kind, glyphs) {
                // Characters that run together.
                if let Some(pieces) = slide(ink, line, glyphs) {
                    push(pieces);
                }
            }
        }
    }
    out
}

/// Whether a line is above this one, and the character below its middle.
fn neighbours(lines: &[Line], around: &Piece, px_per_mm: f64) -> (bool, Option<Piece>) {
    let middle = |p: &Piece| {
        [
            (p.left + p.right) as f64 / 2.0,
            (p.top + p.bottom) as f64 / 2.0,
        ]
    };
    let [x, y] = middle(around);
    let height = around.height() as f64;
    let near = |p: &Piece| {
        let [other, at] = middle(p);
        let lower = (at - y) / height;
        ((other - x).abs() < 0.9 * px_per_mm).then_some(lower)
    };
    let above = lines.iter().filter_map(Line::around).any(|other| {
        other.width() > 2 * other.height()
            && near(&other).is_some_and(|lower| (-1.8..-0.8).contains(&lower))
    });
    let below = lines
        .iter()
        .flat_map(|line| &line.pieces)
        .find(|p| near(p).is_some_and(|lower| (0.9..1.8).contains(&lower)));
    (above, below.copied())
}

/// Takes a line of digits that run together apart: where digits of known widths, side by side, look most like
/// themselves (a shortest path over places and digits).
fn slide(ink: &Ink, line: &Line, glyphs: &Glyphs) -> Option<Vec<Piece>> {
    let around = line.around()?;
    let height = around.height() as f64;
    if (around.width() as f64) < 2.2 * height || around.width() as f64 > 4.5 * height {
        return None;
    }
    let forms = MarkKind::Series.forms(4);
    let form = forms.first()?;
    let classes: Vec<usize> = glyphs.classes(|c| c.is_ascii_digit());
    let cell = height * MARGIN / ROWS as f64;
    let middle = (around.top + around.bottom) as f64 / 2.0;
    let places = around.width();
    let mut patch = [0.0; CELLS];
    // How much each place looks like the middle of each digit.
    let mut likes = vec![vec![0.0f32; classes.len()]; places];
    for (place, likes) in likes.iter_mut().enumerate() {
        for down in [-0.5, 0.5] {
            let x = (around.left + place) as f64 + 0.5;
            ink.patch_at([x, middle + down], cell, &mut patch);
            for (like, &class) in likes.iter_mut().zip(&classes) {
                *like = like.max(glyphs.likeness(class, &patch));
            }
        }
    }
    let half = |class: usize| classes.get(class).map_or(0.4, |&c| glyphs.width(c)) * height / 2.0;
    let allowed = |at: usize, class: usize| {
        let character = classes.get(class).and_then(|&c| glyphs.character(c));
        form.get(at)
            .zip(character)
            .is_some_and(|(place, c)| place.allows(c))
    };
    // Best sum up to a character that ends a path here, and where the one before it stands.
    type Step = (f32, Option<(usize, usize)>);
    let mut table: Vec<Vec<Vec<Step>>> = Vec::new();
    for at in 0..4 {
        let mut row = vec![vec![(f32::MIN, None); classes.len()]; places];
        for (place, cells) in row.iter_mut().enumerate() {
            for (class, cell) in cells.iter_mut().enumerate() {
                if !allowed(at, class) {
                    continue;
                }
                let like = likes
                    .get(place)
                    .and_then(|l| l.get(class))
                    .copied()
                    .unwrap_or(0.0);
                let (left, right) = (place as f64 - half(class), place as f64 + half(class));
                if at == 0 {
                    if left.abs() < 0.15 * height {
                        *cell = (like, None);
                    }
                    continue;
                }
                if at == 3 && (places as f64 - right).abs() > 0.15 * height {
                    continue;
                }
                let Some(before) = table.last() else { continue };
                for other in 0..classes.len() {
                    // Characters stand side by side: the one before ends close to the left of this one.
                    let ends = left - half(other);
                    let first = ((ends - 0.3 * height).floor() + 1.0).max(0.0) as usize;
                    let beyond = ((ends + 0.08 * height).ceil().max(0.0) as usize).min(place);
                    for earlier in first..beyond {
                        let step = before.get(earlier).and_then(|steps| steps.get(other));
                        let Some(&(sum, _)) = step else { continue };
                        if sum > f32::MIN && sum + like > cell.0 {
                            *cell = (sum + like, Some((earlier, other)));
                        }
                    }
                }
            }
        }
        table.push(row);
    }
    let mut best: (f32, Option<(usize, usize)>) = (f32::MIN, None);
    for (place, steps) in table.last()?.iter().enumerate() {
        for (class, step) in steps.iter().enumerate() {
            if step.0 > best.0 {
                best = (step.0, Some((place, class)));
            }
        }
    }
    let mut pieces = Vec::new();
    let mut at = best.1;
    for row in table.iter().rev() {
        let (place, class) = at?;
        let x = (around.left + place) as f64 + 0.5;
        pieces.push(Piece {
            left: (x - half(class)).max(0.0).round() as usize,
            right: (x + half(class)).round() as usize,
            area: 0,
            ..around
        });
        at = row.get(place)?.get(class)?.1;
    }
    pieces.reverse();
    Some(pieces)
}

struct Parse {
    text: String,
    likeness: f32,
    margin: f32,
    /// Whether every character looks like what it was taken for.
    alike: bool,
    /// Whether every character is told from the others.
    clear: bool,
    pieces: Vec<Piece>,
}

impl Parse {
    fn doubt(&self) -> Unread {
        Unread::Doubt {
            shown: self.text.clone(),
            likeness: self.likeness,
            margin: self.margin,
        }
    }

    fn add(&mut self, told: Told, kind: MarkKind) {
        self.text.push(told.best);
        self.likeness = self.likeness.min(told.likeness);
        self.margin = self.margin.min(told.margin);
        let least = match kind {
            _ if told.margin.is_infinite() => LEAST_LIKENESS_ALONE,
            MarkKind::DistrictNumber if told.best == '1' => LEAST_LIKENESS_SLIM,
            MarkKind::DistrictSeal | MarkKind::DistrictNumber => LEAST_LIKENESS_OVERPRINT,
            MarkKind::Series => LEAST_LIKENESS_SERIES,
            _ => LEAST_LIKENESS,
        };
        self.alike &= told.likeness >= least;
        let seen = told.prints >= FEW || kind == MarkKind::DistrictSeal;
        self.clear &= told.margin >= LEAST_MARGIN && seen;
    }
}

/// Whether digits are as high as each other, and the letter of a plate higher.
fn sizes_fit(kind: MarkKind, form: &[Place], pieces: &[Piece]) -> bool {
    let heights = |wanted: fn(&Place) -> bool| {
        let all = form
            .iter()
            .zip(pieces)
            .filter(move |(place, _)| wanted(place));
        let all = all.map(|(_, piece)| piece.height() as f64);
        all.fold((f64::MAX, 0.0f64), |(low, high), h| {
            (low.min(h), high.max(h))
        })
    };
    let (low, high) = heights(|place| !matches!(place, Place::Letter));
    let (letter, _) = heights(|place| matches!(place, Place::Letter));
    high <= EVEN * low && (kind != MarkKind::PlateFront || letter > EVEN * high)
}

/// The best reading of some pieces.
fn parse(ink: &Ink, mark: &Mark, glyphs: &Glyphs, group: &Group) -> Option<Parse> {
    let mut forms = mark.kind.forms(group.pieces.len());
    forms.retain(|form| sizes_fit(mark.kind, form, &group.pieces));
    if forms.is_empty() {
        return None;
    }
    let seen: Vec<[[f32; CELLS]; 9]> = group.pieces.iter().map(|p| ink.patches(p)).collect();
    let mut best: Option<(f32, Parse)> = None;
    for form in forms {
        let mut out = Parse {
            text: String::new(),
            likeness: 1.0,
            margin: f32::INFINITY,
            alike: true,
            clear: true,
            pieces: group.pieces.clone(),
        };
        let mut sum = 0.0;
        for (place, patches) in form.iter().zip(&seen) {
            let classes = glyphs.classes(|c| place.allows(c));
            let Some(told) = glyphs.tell(patches, &classes) else {
                break;
            };
            sum += told.likeness;
            if let Place::Only(these) = place
                && these.len() == 1
            {
                // What can be nothing else is told by its likeness.
                out.add(
                    Told {
                        margin: LEAST_MARGIN.max(SURELY.1),
                        ..told
                    },
                    mark.kind,
                );
            } else {
                out.add(told, mark.kind);
            }
        }
        if out.text.len() == form.len() && best.as_ref().is_none_or(|b| sum > b.0) {
            best = Some((sum, out));
        }
    }
    let (_, mut parse) = best?;
    if let Some(letter) = group.below {
        let classes = glyphs.classes(|c| Place::Letter.allows(c));
        let told = glyphs.tell(&ink.patches(&letter), &classes)?;
        parse.add(told, mark.kind);
        parse.pieces.push(letter);
    }
    Some(parse)
}

/// Whether there is ink in the line that is none of the characters.
fn left_over(ink: &Ink, mark: &Mark, parse: &Parse) -> bool {
    let line = match parse.pieces.get(..4) {
        Some(digits) if mark.kind == MarkKind::Series => digits,
        _ => &parse.pieces,
    };
    let Some(around) = line.iter().copied().reduce(|a, b| a.with(&b)) else {
        return true;
    };
    let px = |mm: f64| (mm * ink.px_per_mm).round() as usize;
    let [before, after] = mark.kind.clear_mm().map(px);
    let beside = Piece {
        left: around.left.saturating_sub(before),
        right: around.right + after,
        ..around
    };
    let mut count = ink.beside(FAINT_SHARE, &beside, &parse.pieces);
    if mark.kind == MarkKind::Series {
        let middle = (around.left + around.right) / 2;
        let below = Piece {
            left: middle.saturating_sub(px(0.7)),
            right: middle + px(0.7),
            top: around.bottom + px(0.15),
            bottom: around.bottom + px(1.5),
            area: 0,
        };
        count += ink.beside(FAINT_SHARE, &below, &parse.pieces);
    }
    count as f64 > LEFT_OVER * (mark.height_mm[0] * ink.px_per_mm).powi(2)
}

/// Reads a mark in its window.
///
/// # Errors
/// Why it was not read.
pub fn read(ink: &Ink, mark: &Mark, glyphs: &Glyphs) -> Result<MarkReading, Unread> {
    let mut alike: Vec<Parse> = Vec::new();
    let mut doubt: Option<(f32, Unread)> = None;
    for &share in mark.kind.shares() {
        for group in groups(ink, mark, share, Some(glyphs)) {
            let Some(parse) = parse(ink, mark, glyphs, &group) else {
                continue;
            };
            let why = if parse.alike && left_over(ink, mark, &parse) {
                Unread::LeftOver(parse.text)
            } else {
                let why = parse.doubt();
                if parse.alike {
                    alike.push(parse);
                    continue;
                }
                why
            };
            if doubt.as_ref().is_none_or(|d| parse.likeness > d.0) {
                doubt = Some((parse.likeness, why));
            }
        }
        let sure = |p: &Parse| p.clear && p.likeness >= SURELY.0 && p.margin >= SURELY.1;
        if alike.iter().any(sure) {
            break;
        }
    }
    // A longer reading explains more; a shorter one may lack what is pale.
    alike.sort_by(|a, b| {
        let length = b.text.len().cmp(&a.text.len());
        length
            .then(b.clear.cmp(&a.clear))
            .then(b.likeness.total_cmp(&a.likeness))
    });
    let Some(best) = alike.first() else {
        return Err(doubt.map_or(Unread::Nothing, |d| d.1));
    };
    if !best.clear {
        return Err(best.doubt());
    }
    let rival = alike.iter().find(|p| {
        p.text.len() == best.text.len() && p.text != best.text && p.likeness > best.likeness - RIVAL
    });
    if let Some(rival) = rival {
        return Err(Unread::TwoWays(best.text.clone(), rival.text.clone()));
    }
    let around = best.pieces.iter().copied().reduce(|a, b| a.with(&b));
    Ok(MarkReading {
        text: best.text.clone(),
        likeness: best.likeness,
        margin: best.margin,
        rect_mm: around.map(|p| ink.to_mm(&p)).ok_or(Unread::Nothing)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use image::{Rgb, RgbImage};

    use super::learn::{Sample, learn};
    use super::*;

    /// Strokes of characters of the tests, in parts of their box.
    fn strokes(c: char) -> &'static [&'static [[f64; 2]]] {
        match c {
            'A' => &[
                &[[0.0, 1.0], [0.4, 0.0], [0.8, 1.0]],
                &[[0.2, 0.65], [0.6, 0.65]],
            ],
            'B' => &[
                &[[0.0, 1.0], [0.0, 0.0], [0.6, 0.1], [0.6, 0.4], [0.0, 0.5]],
                &[[0.0, 0.5], [0.7, 0.6], [0.7, 0.9], [0.0, 1.0]],
            ],
            'H' => &[
                &[[0.0, 0.0], [0.0, 1.0]],
                &[[0.7, 0.0], [0.7, 1.0]],
                &[[0.0, 0.5], [0.7, 0.5]],
            ],
            'F' => &[
                &[[0.7, 0.0], [0.0, 0.0], [0.0, 1.0]],
                &[[0.0, 0.5], [0.5, 0.5]],
            ],
            'W' => &[&[[0.0, 0.0], [0.2, 1.0], [0.5, 0.2], [0.8, 1.0], [1.0, 0.0]]],
            '1' => &[
                &[[0.1, 0.2], [0.3, 0.0], [0.3, 1.0]],
                &[[0.0, 1.0], [0.6, 1.0]],
            ],
            '2' => &[&[[0.0, 0.2], [0.3, 0.0], [0.6, 0.2], [0.0, 1.0], [0.7, 1.0]]],
            '4' => &[&[[0.7, 0.7], [0.0, 0.7], [0.5, 0.0], [0.5, 1.0]]],
            _ => &[&[[0.0, 0.0], [0.7, 0.0], [0.2, 1.0]]],
        }
    }

    const MAP_PX_PER_MM: f64 = 12.0;

    /// A plate mark on grained paper: each character at its place, mm across; `pale` draws one of them in less ink.
    fn drawn(text: &str, n: u32, pale: Option<usize>) -> Raster {
        let mut segments: Vec<([f64; 2], [f64; 2], f64)> = Vec::new();
        let mut x = 2.0 + 0.01 * f64::from(n % 7);
        let letter = text.find(|c: char| !"FW".contains(c)).unwrap();
        for (at, c) in text.chars().enumerate() {
            let (height, top) = if at == letter { (1.7, 1.5) } else { (0.9, 2.3) };
            let ink = if pale == Some(at) { 0.45 } else { 1.0 };
            for stroke in strokes(c) {
                for pair in stroke.windows(2) {
                    let place = |p: [f64; 2]| [x + p[0] * height, top + p[1] * height];
                    segments.push((place(pair[0]), place(pair[1]), ink));
                }
            }
            x += height + if at + 1 == letter { 0.5 } else { 0.25 };
        }
        Raster::Eight(RgbImage::from_fn(156, 60, |px, py| {
            let at = [f64::from(px), f64::from(py)].map(|v| (v + 0.5) / MAP_PX_PER_MM);
            let mut dark: f64 = 0.0;
            for (a, b, ink) in &segments {
                let along = [b[0] - a[0], b[1] - a[1]];
                let square = along[0].powi(2) + along[1].powi(2);
                let t = ((at[0] - a[0]) * along[0] + (at[1] - a[1]) * along[1]) / square;
                let t = t.clamp(0.0, 1.0);
                let apart = (at[0] - a[0] - t * along[0]).hypot(at[1] - a[1] - t * along[1]);
                dark = dark.max(ink * ((0.15 - apart) / 0.1).clamp(0.0, 1.0));
            }
            let grain = f64::from((px * 7919 + py * 104_729 + n * 31) % 23);
            Rgb([(205.0 + grain - 150.0 * dark) as u8; 3])
        }))
    }

    fn mark() -> Mark {
        Mark {
            kind: MarkKind::PlateFront,
            zone: "plate-front".to_owned(),
            side: Side::Front,
            typeface: "drawn".to_owned(),
            float_mm: [0.5, 0.5],
            height_mm: [0.7, 1.9],
        }
    }

    fn ink(raster: &Raster, scale: f64) -> Result<Ink, Unread> {
        let (w, h) = (13.0, 5.0);
        let (right, bottom) = (w * MAP_PX_PER_MM * scale, h * MAP_PX_PER_MM * scale);
        let quad = [[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]];
        let map = Homography::from_rectangle(w, h, &quad).unwrap();
        let zone = RectMm::from([1.0, 1.0, 11.0, 3.0]);
        window(&mark(), raster, &map, zone, [0.0; 2])
    }

    fn glyphs() -> Glyphs {
        let texts = [
            "FWA12", "B47", "FWH71", "A24", "FWB17", "H42", "FWA74", "B21",
        ];
        let samples: Vec<Sample> = (0..24)
            .map(|n| {
                let text = texts[n % texts.len()];
                Sample {
                    mark: mark(),
                    ink: ink(&drawn(text, n as u32, None), 1.0).unwrap(),
                    text: text.to_owned(),
                }
            })
            .collect();
        learn(&samples.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_mark_is_read_or_left_unread() {
        let glyphs = glyphs();
        let look = |text: &str, pale| read(&ink(&drawn(text, 99, pale), 1.0)?, &mark(), &glyphs);
        for text in ["FWH14", "B72", "FWA1", "H214"] {
            assert_eq!(look(text, None).unwrap().text, text);
        }
        // A digit that hardly printed must not be dropped, nor the place of the printing.
        for pale in 0..5 {
            let read = look("FWH14", Some(pale));
            assert!(read.is_err() || read.unwrap().text == "FWH14", "{pale}");
        }
        // A letter that was never seen.
        assert!(look("FWX14", None).is_err());
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let glyphs = glyphs();
        let blank = Raster::Eight(RgbImage::from_pixel(156, 60, Rgb([210; 3])));
        assert_eq!(ink(&blank, 1.0).unwrap_err(), Unread::Nothing);
        let coarse = ink(&drawn("B72", 3, None), 0.4).unwrap_err();
        assert!(matches!(coarse, Unread::Resolution { .. }));
        // Two lines of digits where a letter is expected.
        let digits = read(
            &ink(&drawn("7172", 3, None), 1.0).unwrap(),
            &mark(),
            &glyphs,
        );
        assert!(digits.is_err());
    }

    #[test]
    fn glyphs_are_kept_as_numbers() {
        let glyphs = glyphs();
        let mut bytes = std::io::Cursor::new(Vec::new());
        glyphs.write(&mut bytes).unwrap();
        assert_eq!(Glyphs::read(bytes.get_ref()).unwrap(), glyphs);
        let broken = Glyphs::read(b"no npz").unwrap_err();
        assert!(broken.to_string().contains("enroll --marks"));
    }
}
