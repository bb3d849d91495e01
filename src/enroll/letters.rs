//! Finds out where level lines of tiny letters lie on a note that nobody described: dark rows between lighter ones, with
//! strokes all along them, in the same place on all notes.

use ndarray::Array3;

use crate::compare::order::{median, quantile};
use crate::condition::density_of;
use crate::features::Face;
use crate::features::dot_noise::LINES_PX_PER_MM;
use crate::features::microprint::{LETTERS_MM, varies};
use crate::note::{Light, RectMm, Side, SizeMm};
use crate::pixels::{Plane, luma};
use crate::reference::SecurityFeature;
use crate::structure::CELLS_PER_MM;

use super::undescribed::{LEAST_NOTES, fact};

/// Rows and columns a millimetre in which they are looked for: 300 dpi.
const PX_PER_MM: f64 = 300.0 / 25.4;
/// Rows that letters may be high: 0.25 to 0.7 mm.
const HEIGHTS: [usize; 4] = [3, 4, 6, 8];
/// Rows above and below that must be lighter, of which the first may be blurred.
const BESIDE: [usize; 2] = [2, 3];
/// Length of the pieces that are looked at, and from one to the next, mm.
const PIECE_MM: f64 = 5.0;
const STEP_MM: f64 = 2.5;
/// Rows by which a line may lie off on a note: 0.2 mm.
const FLOAT: usize = 2;
/// Least mean density of a line.
const LEAST_DENSITY: f32 = 0.05;
/// Least variation between strokes, of the mean density: a drawn line has a tenth of that.
const LEAST_VARIED: f32 = 0.15;
/// How much of a line's density its surroundings must lack on most notes.
const LEAST_ISOLATED: f32 = 0.35;
/// Least length of a line, mm: microprint on notes is stated to run over whole borders and words.
const LEAST_MM: f64 = 15.0;
/// Most lines that are examined on a side: each is one more chance of an odd reading.
const MOST: usize = 3;
/// Lines nearer to each other than this are one, mm.
const APART_MM: f64 = 1.0;

/// How much each place of a side looks like a part of a line of letters.
pub(super) struct Lettered {
    side: Side,
    /// Heights × rows × pieces: by how much of its density it stands out from above and below; 0 where it does not
    /// vary as letters do.
    isolated: Array3<f32>,
}

impl Lettered {
    /// `None` for scans that are too coarse, or not made by day.
    pub(super) fn of(face: &Face<'_>) -> Option<Self> {
        if face.light != Light::Visible || face.px_per_mm < LINES_PX_PER_MM {
            return None;
        }
        let (view, _) = face.view().ok()?;
        let light = luma(&face.crop(face.whole(), PX_PER_MM)?);
        let moved = |piece: usize, row: usize| {
            let middle = [
                row as f64 / PX_PER_MM,
                piece as f64 * STEP_MM + 0.5 * PIECE_MM,
            ];
            let cells = view.aligned.field.at(middle.map(|mm| mm * CELLS_PER_MM));
            cells[0] / CELLS_PER_MM * PX_PER_MM
        };
        Some(Self {
            side: face.side,
            isolated: isolated(&light.mapv(density_of), moved),
        })
    }
}

/// See [`Lettered`]; `moved` says by how many rows the print of a piece lies lower than on the mean of the notes.
fn isolated(density: &Plane, moved: impl Fn(usize, usize) -> f64) -> Array3<f32> {
    let (rows, columns) = density.dim();
    let px = |mm: f64| (mm * PX_PER_MM).round() as usize;
    let (wide, within) = (px(PIECE_MM), px(LETTERS_MM) / 2);
    let mut all: Vec<f32> = density.iter().copied().collect();
    let paper = quantile(&mut all, 0.05).unwrap_or(0.0);
    let pieces = (columns.saturating_sub(wide) as f64 / PX_PER_MM / STEP_MM) as usize + 1;
    let mut out = Array3::zeros((HEIGHTS.len(), rows, pieces));
    for piece in 0..pieces {
        let first = px(piece as f64 * STEP_MM);
        let last = (first + wide).min(columns);
        let part = |row: usize| {
            density
                .row(row)
                .iter()
                .skip(first)
                .take(last - first)
                .copied()
                .collect::<Vec<f32>>()
        };
        let lines: Vec<Vec<f32>> = (0..rows).map(part).collect();
        let mean = |line: &Vec<f32>| line.iter().sum::<f32>() / line.len().max(1) as f32 - paper;
        let means: Vec<f32> = lines.iter().map(mean).collect();
        for row in 0..rows {
            let top = row as f64 + moved(piece, row).round();
            if top < 0.0 {
                continue;
            }
            for (height, high) in HEIGHTS.into_iter().enumerate() {
                out[[height, row, piece]] =
                    line(&lines, &means, top as usize, high, paper, within).unwrap_or(0.0);
            }
        }
    }
    out
}

/// By how much of their density `high` rows stand out from those above and below; `None` where they are not of letters.
fn line(
    lines: &[Vec<f32>],
    means: &[f32],
    top: usize,
    high: usize,
    paper: f32,
    within: usize,
) -> Option<f32> {
    let lightest = |rows: [Option<usize>; 2]| {
        let means = rows.into_iter().flatten().map(|row| means.get(row));
        means
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .copied()
            .reduce(f32::min)
    };
    let above = lightest(BESIDE.map(|by| top.checked_sub(by)))?;
    let below = lightest(BESIDE.map(|by| Some(top + high - 1 + by)))?;
    let inside = means.get(top..top + high)?;
    let mean = inside.iter().sum::<f32>() / high as f32;
    let stands_out = (mean - above.max(below)) / mean;
    if mean < LEAST_DENSITY || stands_out < LEAST_ISOLATED {
        return None;
    }
    let columns = lines.first()?.len();
    let inked = lines.get(top..top + high)?;
    let profile: Vec<f32> = (0..columns)
        .map(|column| inked.iter().map(|line| line[column]).sum::<f32>() / high as f32 - paper)
        .collect();
    (varies(&profile, within)? >= LEAST_VARIED).then_some(stands_out)
}

/// A line that was found: height and row, and its first piece and the one after its last.
struct Run {
    height: usize,
    row: usize,
    pieces: std::ops::Range<usize>,
    /// How much it stands out, over all its pieces.
    strength: f32,
}

impl Run {
    fn rect(&self) -> RectMm {
        let tenths = |mm: f64| (10.0 * mm).round() / 10.0;
        let hundredths = |mm: f64| (100.0 * mm).round() / 100.0;
        RectMm {
            x: tenths(self.pieces.start as f64 * STEP_MM),
            y: hundredths(self.row as f64 / PX_PER_MM),
            width: tenths((self.pieces.len() - 1) as f64 * STEP_MM + PIECE_MM),
            height: hundredths(HEIGHTS[self.height] as f64 / PX_PER_MM),
        }
    }
}

/// The lines of tiny letters of a design, by what its notes show.
pub(super) fn facts(size: SizeMm, seen: &[Lettered]) -> Vec<SecurityFeature> {
    let mut found = Vec::new();
    for side in Side::ALL {
        let group: Vec<&Array3<f32>> = (seen.iter().filter(|s| s.side == side))
            .map(|s| &s.isolated)
            .collect();
        if group.len() < LEAST_NOTES {
            continue;
        }
        let mut kept: Vec<RectMm> = Vec::new();
        for run in runs(&group) {
            let rect = run.rect();
            let near = |other: &RectMm| {
                let apart = (rect.middle()[1] - other.middle()[1]).abs();
                let meet = rect.x < other.x + other.width && other.x < rect.x + rect.width;
                apart < APART_MM && meet
            };
            if kept.len() < MOST && rect.lies_on(size) && !kept.iter().any(near) {
                kept.push(rect);
            }
        }
        let expect = "Print as fine as tiny letters runs along here.";
        found.extend(kept.into_iter().map(|rect| SecurityFeature {
            rect_mm: Some(rect),
            ..fact("microprint", side, Light::Visible, expect, group.len())
        }));
    }
    found
}

/// Lines that most notes show, what stands out most over its whole length first.
fn runs(group: &[&Array3<f32>]) -> Vec<Run> {
    let Some(shape) = group.first().map(|first| first.dim()) else {
        return Vec::new();
    };
    let (heights, rows, pieces) = shape;
    let about = |row: usize| row.saturating_sub(FLOAT)..(row + FLOAT + 1).min(rows);
    let on_most = Array3::from_shape_fn(shape, |(height, row, piece)| {
        let best = |note: &&Array3<f32>| {
            about(row)
                .map(|row| note[[height, row, piece]])
                .fold(0.0, f32::max)
        };
        let mut best: Vec<f32> = group.iter().map(best).collect();
        median(&mut best).unwrap_or(0.0) >= LEAST_ISOLATED
    });
    let mean = Array3::from_shape_fn(shape, |at| {
        group.iter().map(|note| note[at]).sum::<f32>() / group.len() as f32
    });
    let least = ((LEAST_MM - PIECE_MM) / STEP_MM).round() as usize + 1;
    let mut found = Vec::new();
    for height in 0..heights {
        for row in 0..rows {
            let mut piece = 0;
            while piece < pieces {
                let shown = (piece..pieces).take_while(|at| on_most[[height, row, *at]]);
                let end = piece + shown.count();
                if end - piece >= least {
                    let strength = |row: usize| -> f32 {
                        (piece..end).map(|at| mean[[height, row, at]]).sum()
                    };
                    let best = about(row).map(|row| (row, strength(row)));
                    if let Some((row, strength)) = best.max_by(|a, b| a.1.total_cmp(&b.1)) {
                        found.push(Run {
                            height,
                            row,
                            pieces: piece..end,
                            strength,
                        });
                    }
                }
                piece = end.max(piece + 1);
            }
        }
    }
    found.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIZE: SizeMm = SizeMm {
        width: 80.0,
        height: 20.0,
    };

    /// Notes with something in the rows 10 to 10.36 mm, from 20 to 50 mm.
    fn notes(print: impl Fn(f64, usize) -> f32) -> Vec<Lettered> {
        let shape = [SIZE.height, SIZE.width].map(|mm| (mm * PX_PER_MM) as usize);
        (0..8)
            .map(|note| {
                let density = Plane::from_shape_fn(shape, |(row, column)| {
                    let y = (row as f64 + 0.5) / PX_PER_MM;
                    let x = (column as f64 + 0.5) / PX_PER_MM;
                    // A field of upright lines above it.
                    let field = y < 8.0 && (4.0 * x).fract() < 0.5;
                    let line = (10.0..10.36).contains(&y) && (20.0..50.0).contains(&x);
                    match (field, line) {
                        (true, _) => 0.6,
                        (_, true) => print(x, note),
                        _ => 0.0,
                    }
                });
                Lettered {
                    side: Side::Front,
                    isolated: isolated(&density, |_, _| 0.0),
                }
            })
            .collect()
    }

    fn strokes(x: f64) -> f32 {
        if (3.5 * x).fract() < 0.45 { 0.7 } else { 0.0 }
    }

    #[test]
    fn a_line_of_strokes_is_found() {
        let found = facts(SIZE, &notes(|x, _| strokes(x)));
        let [line] = &found[..] else {
            unreachable!("{found:?}")
        };
        let [x, y, width, height] = line.rect_mm.unwrap().into();
        assert!(
            (y - 10.0).abs() < 0.15 && (height - 0.36).abs() < 0.15,
            "{line:?}"
        );
        assert!(
            (x - 20.0).abs() < 2.6 && (width - 30.0).abs() < 5.1,
            "{line:?}"
        );
        assert_eq!(line.source.as_deref(), Some("measured on 8 scans"));
    }

    #[test]
    fn drawn_lines_and_what_some_notes_have_are_none() {
        assert!(facts(SIZE, &notes(|_, _| 0.5)).is_empty());
        let few = notes(|x, note| if note < 3 { strokes(x) } else { 0.0 });
        assert!(facts(SIZE, &few).is_empty());
        let mut all = notes(|x, _| strokes(x));
        all.truncate(LEAST_NOTES - 1);
        assert!(facts(SIZE, &all).is_empty());
    }
}
