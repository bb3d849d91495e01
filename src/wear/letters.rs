//! Rows of letters among dark marks: printed words, told from writing, creases and blots.
//!
//! Letters of a printed word stand between two straight lines. Where they lie over other print only pieces of them are
//! seen; these still end on the one line or the other. So a row is marks that touch one of two parallel lines and stay
//! between them, several on each, with nothing near that crosses a line: writing does not keep to lines so far.

use std::ops::{Range, RangeInclusive};

use super::{Mark, MarkKind};
use crate::compare::regions::Region;
use crate::structure::CELLS_PER_MM;

/// Height of letters, mm.
const LETTER: RangeInclusive<f64> = 1.5..=20.0;
/// How far a row may be turned, degrees, and steps in which that is looked at: on 9 mm, the width of a few letters, half
/// a step is less than [`ON_LINE`].
const TURNS: RangeInclusive<i32> = -6..=6;
const TURN: f64 = 5.0;
/// How far from a line a mark may end, cells: one, which is the least that can be told.
const ON_LINE: f64 = 1.01;
/// Least letters, or pieces of them, of a level row: a word of four; and of one that is turned, which there are many ways
/// to be. Of 250 sides of genuine notes none has a row of either kind, nor has one of 304 with strokes of pens, written
/// numbers, creases, stains, tape and folds added.
const LEVEL: usize = 4;
const TURNED: usize = 5;
/// How many of them touch each line at least, and both lines together.
const ON_EACH: usize = 3;
const ON_BOTH: usize = 7;
/// Letters of a row are no farther apart than this, heights.
const APART: f64 = 1.5;
/// No letter is wider than this, heights.
const WIDEST: f64 = 3.0;
/// So many marks are looked at, the largest.
const MOST_MARKS: usize = 60;

/// A row of letters.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The marks of which it consists, by their numbers.
    pub marks: Vec<usize>,
    /// Their widths added up, mm.
    pub width_mm: f64,
}

/// A mark's extent along and across rows that are turned, cells.
#[derive(Debug, Clone)]
struct Extent {
    mark: usize,
    across: Range<f64>,
    along: Range<f64>,
}

impl Extent {
    fn of(mark: usize, region: &Region, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let over = |part: &dyn Fn(f64, f64) -> f64| {
            let ends = region.cells.iter().map(|&(r, c)| part(r as f64, c as f64));
            let (least, most) = ends.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
            least - 0.5..most + 0.5
        };
        Self {
            mark,
            across: over(&|r, c| r * cos - c * sin),
            along: over(&|r, c| r * sin + c * cos),
        }
    }

    fn touches(&self, lines: &Range<f64>) -> [bool; 2] {
        [
            (self.across.start - lines.start).abs() <= ON_LINE,
            (self.across.end - lines.end).abs() <= ON_LINE,
        ]
    }

    fn stays_between(&self, lines: &Range<f64>) -> bool {
        self.across.start >= lines.start - ON_LINE && self.across.end <= lines.end + ON_LINE
    }

    fn lies_over(&self, lines: &Range<f64>, along: &Range<f64>) -> bool {
        self.across.end > lines.start + ON_LINE
            && self.across.start < lines.end - ON_LINE
            && self.along.end > along.start
            && self.along.start < along.end
    }
}

/// The rows of letters among marks, longest first; no mark is in two.
pub fn rows(marks: &[Mark]) -> Vec<Row> {
    let mut largest: Vec<(usize, &Region)> = marks
        .iter()
        .enumerate()
        .filter(|(_, mark)| mark.kind != MarkKind::Crease)
        .map(|(index, mark)| (index, &mark.region))
        .collect();
    largest.sort_by_key(|(_, region)| std::cmp::Reverse(region.cells.len()));
    largest.truncate(MOST_MARKS);
    if largest.len() < LEVEL {
        return Vec::new();
    }
    let mut turns: Vec<(usize, Vec<Extent>)> = TURNS
        .map(|turn| {
            let of = |(index, region): &(usize, &Region)| {
                Extent::of(*index, region, f64::from(turn) * TURN)
            };
            let mut extents: Vec<Extent> = largest.iter().map(of).collect();
            extents.sort_by(|a, b| a.along.start.total_cmp(&b.along.start));
            (if turn == 0 { LEVEL } else { TURNED }, extents)
        })
        .collect();
    let mut rows = Vec::new();
    while let Some(row) = longest(&turns) {
        for (_, extents) in &mut turns {
            extents.retain(|extent| !row.marks.contains(&extent.mark));
        }
        rows.push(row);
    }
    rows
}

/// The longest row, of extents in rows of each turn and how many make one.
fn longest(turns: &[(usize, Vec<Extent>)]) -> Option<Row> {
    let mut found: Option<Row> = None;
    for (least, extents) in turns {
        for (top, bottom) in extents
            .iter()
            .flat_map(|t| extents.iter().map(move |b| (t, b)))
        {
            let lines = top.across.start..bottom.across.end;
            if !LETTER.contains(&((lines.end - lines.start) / CELLS_PER_MM)) {
                continue;
            }
            for row in between(extents, &lines, *least) {
                if found.as_ref().is_none_or(|f| row.width_mm > f.width_mm) {
                    found = Some(row);
                }
            }
        }
    }
    found
}

/// The rows that stand between two lines. `extents` from left to right.
fn between(extents: &[Extent], lines: &Range<f64>, least: usize) -> Vec<Row> {
    let height = lines.end - lines.start;
    let letters: Vec<&Extent> = extents
        .iter()
        .filter(|e| e.stays_between(lines) && e.touches(lines).contains(&true))
        .collect();
    if letters.len() < least {
        return Vec::new();
    }
    let mut rows: Vec<Vec<&Extent>> = Vec::new();
    let mut end = f64::MIN;
    for letter in letters {
        match rows.last_mut() {
            Some(row) if letter.along.start - end <= APART * height => row.push(letter),
            _ => rows.push(vec![letter]),
        }
        end = end.max(letter.along.end);
    }
    rows.retain(|row| {
        let touching = |line: usize| row.iter().filter(|e| e.touches(lines)[line]).count();
        let (top, bottom) = (touching(0), touching(1));
        row.len() >= least
            && top.min(bottom) >= ON_EACH
            && top + bottom >= ON_BOTH
            && row.first().is_some_and(|first| {
                let last = row.iter().map(|e| e.along.end).fold(f64::MIN, f64::max);
                let along = first.along.start..last;
                !extents
                    .iter()
                    .any(|e| e.lies_over(lines, &along) && !e.stays_between(lines))
            })
    });
    rows.into_iter()
        .map(|row| Row {
            width_mm: row
                .iter()
                .map(|e| (e.along.end - e.along.start).min(WIDEST * height) / CELLS_PER_MM)
                .sum(),
            marks: row.into_iter().map(|e| e.mark).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::regions::regions;
    use ndarray::Array2;

    /// Marks drawn cell by cell.
    fn marks(inside: impl Fn(f64, f64) -> bool) -> Vec<Mark> {
        let mask = Array2::from_shape_fn((80, 160), |(r, c)| inside(c as f64, r as f64));
        let mark = |region| Mark {
            region,
            principal_mm: (0.0, 0.0),
            kind: MarkKind::Blot,
        };
        regions(&mask, 3).into_iter().map(mark).collect()
    }

    /// Six bars 12 cells high and 6 wide, 4 apart.
    fn bars(x: f64, y: f64) -> bool {
        (40.0..100.0).contains(&x) && (30.0..42.0).contains(&y) && (x - 40.0) % 10.0 < 6.0
    }

    #[test]
    fn a_word_is_a_row_level_or_turned() {
        let level = rows(&marks(bars));
        assert_eq!(level.len(), 1);
        assert_eq!(level[0].marks.len(), 6);
        assert!((level[0].width_mm - 36.0 / CELLS_PER_MM).abs() < 0.1);
        let (sin, cos) = 20f64.to_radians().sin_cos();
        let turned = rows(&marks(|x, y| {
            let (x, y) = (x - 70.0, y - 40.0);
            bars(x * cos + y * sin + 70.0, y * cos - x * sin + 36.0)
        }));
        assert_eq!(turned.len(), 1);
        assert_eq!(turned[0].marks.len(), 6);
    }

    #[test]
    fn pieces_of_letters_over_print_are_a_row() {
        // The print hides what crosses the middle.
        let pieces = rows(&marks(|x, y| bars(x, y) && !(34.0..38.0).contains(&y)));
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].marks.len(), 12);
    }

    #[test]
    fn no_letter_of_two_lines_is_left() {
        let two = rows(&marks(|x, y| bars(x, y) || bars(x - 30.0, y - 20.0)));
        let letters: usize = two.iter().map(|row| row.marks.len()).sum();
        assert_eq!(letters, 12);
    }

    #[test]
    fn marks_of_many_heights_are_no_row() {
        let writing = marks(|x, y| {
            let n = ((x - 40.0) / 10.0).floor();
            let (from, to) = (30.0 + 3.0 * (2.1 * n).sin(), 42.0 + 4.0 * (1.3 * n).cos());
            (40.0..100.0).contains(&x) && (from..to).contains(&y) && (x - 40.0) % 10.0 < 6.0
        });
        assert_eq!(rows(&writing), []);
        // A word that a line of writing crosses.
        let crossed =
            marks(|x, y| bars(x, y) || (66.0..70.0).contains(&x) && (20.0..60.0).contains(&y));
        assert!(rows(&crossed).iter().all(|row| row.marks.len() < 6));
    }
}
