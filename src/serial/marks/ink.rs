//! Small print on paper: how dark each place is, and the pieces that stand by themselves.

use super::glyphs::{CELLS, COLUMNS, MARGIN, ROWS};
use crate::note::RectMm;
use crate::pixels::{Plane, Raster};
use crate::rectify::homography::Homography;
use crate::rectify::resample;

/// Ink fainter than this part of the paper's light is none: paper grain and soil reach it.
const FAINTEST: f32 = 0.15;
/// Part of a window that is as dark as its ink.
const INKED: f64 = 0.01;
/// Most pixels of a window: a seal's has 14,000.
const MOST_PIXELS: f64 = 1e6;

/// How much ink is seen at each place of a window, 1 where it is as dark as its darkest hundredth.
#[derive(Debug, Clone)]
pub struct Ink {
    /// Rows × columns.
    pub plane: Plane,
    origin: [f64; 2],
    /// Pixels of the window for a millimetre.
    pub px_per_mm: f64,
}

/// A stretch of ink, px of the window: `right` and `bottom` are beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Left edge.
    pub left: usize,
    /// Top edge.
    pub top: usize,
    /// Right edge.
    pub right: usize,
    /// Bottom edge.
    pub bottom: usize,
    /// Pixels of ink.
    pub area: usize,
}

impl Piece {
    /// Width, px.
    pub fn width(&self) -> usize {
        self.right - self.left
    }

    /// Height, px.
    pub fn height(&self) -> usize {
        self.bottom - self.top
    }

    /// The box around two.
    pub fn with(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
            area: self.area + other.area,
        }
    }

    fn middle(&self) -> [f64; 2] {
        [
            (self.left + self.right) as f64 / 2.0,
            (self.top + self.bottom) as f64 / 2.0,
        ]
    }
}

/// Pieces that stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Left to right.
    pub pieces: Vec<Piece>,
}

impl Line {
    /// The box around it.
    pub fn around(&self) -> Option<Piece> {
        self.pieces.iter().copied().reduce(|a, b| a.with(&b))
    }
}

impl Ink {
    /// Cuts out a window; `None` where it shows nothing but paper, or there is nothing to cut.
    pub fn cut(raster: &Raster, map: &Homography, rect: RectMm, px_per_mm: f64) -> Option<Self> {
        let (columns, rows) = (
            (rect.width * px_per_mm).round(),
            (rect.height * px_per_mm).round(),
        );
        if !(columns >= 8.0 && rows >= 8.0 && columns * rows <= MOST_PIXELS) {
            return None;
        }
        let light = resample::small_plane(raster, map, rect, px_per_mm, |[red, green, blue]| {
            (red + 2.0 * green + blue) * 0.25
        })?;
        let [dark, paper] = levels(&light, [INKED, 0.5]);
        let strong = 1.0 - dark / paper.max(1.0);
        if strong < FAINTEST {
            return None;
        }
        Some(Self {
            plane: light.mapv(|v| (1.0 - v / paper) / strong),
            origin: [rect.x, rect.y],
            px_per_mm,
        })
    }

    /// A box of the window, mm on the note.
    pub fn to_mm(&self, piece: &Piece) -> RectMm {
        RectMm {
            x: self.origin[0] + piece.left as f64 / self.px_per_mm,
            y: self.origin[1] + piece.top as f64 / self.px_per_mm,
            width: piece.width() as f64 / self.px_per_mm,
            height: piece.height() as f64 / self.px_per_mm,
        }
    }

    /// Stretches of ink darker than `share` that do not touch the edge of the window; pixels hang together over
    /// corners as well.
    pub fn pieces(&self, share: f32) -> Vec<Piece> {
        let (rows, columns) = self.plane.dim();
        let mut parents: Vec<usize> = Vec::new();
        let mut boxes: Vec<Piece> = Vec::new();
        // Runs of the row before: first column, one beyond the last, label.
        let mut before: Vec<(usize, usize, usize)> = Vec::new();
        for (row, line) in self.plane.rows().into_iter().enumerate() {
            let mut runs = Vec::new();
            let mut start = None;
            let dark = line.iter().map(|&v| v > share).chain([false]);
            for (column, dark) in dark.enumerate() {
                match (start, dark) {
                    (None, true) => start = Some(column),
                    (Some(first), false) => {
                        let label = boxes.len();
                        parents.push(label);
                        boxes.push(Piece {
                            left: first,
                            top: row,
                            right: column,
                            bottom: row + 1,
                            area: column - first,
                        });
                        for &(left, right, other) in &before {
                            if left <= column && first <= right {
                                join(&mut parents, other, label);
                            }
                        }
                        runs.push((first, column, label));
                        start = None;
                    }
                    _ => {}
                }
            }
            before = runs;
        }
        let mut whole: Vec<Option<Piece>> = vec![None; boxes.len()];
        for (label, piece) in boxes.iter().enumerate() {
            let top = find(&mut parents, label);
            if let Some(sum) = whole.get_mut(top) {
                *sum = Some(sum.map_or(*piece, |s| s.with(piece)));
            }
        }
        whole
            .into_iter()
            .flatten()
            .filter(|p| p.left > 0 && p.top > 0 && p.right < columns && p.bottom < rows)
            .collect()
    }

    /// Lines of characters whose height is within `heights_mm`, from the top; each piece is a character or a part of
    /// one.
    pub fn lines(&self, share: f32, heights_mm: [f64; 2]) -> Vec<Line> {
        let [least, most] = heights_mm.map(|h| h * self.px_per_mm);
        let pieces = self.pieces(share);
        let tall = |p: &Piece| p.height() as f64 >= least;
        let mut seeds: Vec<Piece> = pieces
            .iter()
            .copied()
            .filter(|p| tall(p) && p.height() as f64 <= most)
            .collect();
        seeds.sort_by_key(|p| (usize::MAX - p.height(), p.left));
        let mut lines: Vec<(Piece, Vec<Piece>)> = Vec::new();
        for seed in seeds {
            let slack = 0.35 * least;
            let home = lines.iter_mut().find(|(around, _)| {
                let middle = around.middle()[1];
                (seed.top as f64) < middle
                    && middle < seed.bottom as f64
                    && seed.top as f64 >= around.top as f64 - slack
                    && seed.bottom as f64 <= around.bottom as f64 + slack
            });
            match home {
                Some((around, members)) => {
                    *around = around.with(&seed);
                    members.push(seed);
                }
                None => lines.push((seed, vec![seed])),
            }
        }
        let mut out: Vec<(usize, Line)> = lines
            .into_iter()
            .map(|(around, mut members)| {
                members.extend(pieces.iter().filter(|p| {
                    !tall(p)
                        && p.area >= 3
                        && p.top + 1 >= around.top
                        && p.bottom <= around.bottom + 1
                }));
                let mut pieces = merged(members);
                pieces.retain(|p| tall(p));
                (around.top, Line { pieces })
            })
            .collect();
        out.sort_by_key(|(top, _)| *top);
        out.into_iter().map(|(_, line)| line).collect()
    }

    /// The normalised patches around a box and half a cell beside its middle: it is known to about that much.
    pub fn patches(&self, piece: &Piece) -> [[f32; CELLS]; 9] {
        const WIDE: usize = 2 * COLUMNS + 1;
        const HIGH: usize = 2 * ROWS + 1;
        let cell = piece.height() as f64 * MARGIN / ROWS as f64;
        // All are every other value of one larger patch.
        let mut fine = [0.0; WIDE * HIGH];
        self.sample::<HIGH, WIDE>(piece.middle(), cell / 2.0, &mut fine);
        let mut out = [[0.0; CELLS]; 9];
        for (index, patch) in out.iter_mut().enumerate() {
            let (down, across) = (index / 3, index % 3);
            let lines = fine.chunks_exact(WIDE).skip(down).step_by(2);
            for (to, from) in patch.chunks_exact_mut(COLUMNS).zip(lines) {
                for (v, from) in to.iter_mut().zip(from.iter().skip(across).step_by(2)) {
                    *v = *from;
                }
            }
            crate::serial::typeface::normalise(patch);
        }
        out
    }

    /// The normalised patch around a place, with cells of `cell` px.
    pub fn patch_at(&self, at: [f64; 2], cell: f64, out: &mut [f32; CELLS]) {
        self.sample::<ROWS, COLUMNS>(at, cell, out);
        crate::serial::typeface::normalise(out);
    }

    /// `R` × `C` values around a place, `cell` px apart; the edge is held.
    fn sample<const R: usize, const C: usize>(&self, [x, y]: [f64; 2], cell: f64, out: &mut [f32]) {
        let (rows, columns) = self.plane.dim();
        let Some(values) = self.plane.as_slice() else {
            return;
        };
        // The patch stands straight, so its columns are the same in every row.
        let place = |at: f64, last: usize| {
            let at = (at - 0.5).clamp(0.0, last as f64);
            let whole = at as usize;
            (whole, (at - whole as f64) as f32)
        };
        let places: [(usize, f32); C] = std::array::from_fn(|column| {
            let across = x + (column as f64 + 0.5 - C as f64 / 2.0) * cell;
            place(across, columns.saturating_sub(1))
        });
        for (row, cells) in out.chunks_exact_mut(C).enumerate() {
            let down = y + (row as f64 + 0.5 - R as f64 / 2.0) * cell;
            let (above, fall) = place(down, rows.saturating_sub(1));
            let below = (above + 1).min(rows.saturating_sub(1));
            let line = |row: usize| values.get(row * columns..(row + 1) * columns);
            let (Some(above), Some(below)) = (line(above), line(below)) else {
                continue;
            };
            for (v, &(left, along)) in cells.iter_mut().zip(&places) {
                let at = |line: &[f32]| match line.get(left..) {
                    Some(&[a, b, ..]) => a + (b - a) * along,
                    Some(&[a]) => a,
                    _ => 0.0,
                };
                let (upper, lower) = (at(above), at(below));
                *v = upper + (lower - upper) * fall;
            }
        }
    }

    /// Pixels darker than `share` within a box and in none of the others.
    pub fn beside(&self, share: f32, within: &Piece, others: &[Piece]) -> usize {
        let (rows, columns) = self.plane.dim();
        let mut count = 0;
        for row in within.top..within.bottom.min(rows) {
            for column in within.left..within.right.min(columns) {
                let covered = others.iter().any(|p| {
                    row + 1 >= p.top && row <= p.bottom && column + 1 >= p.left && column <= p.right
                });
                if !covered && self.plane[[row, column]] > share {
                    count += 1;
                }
            }
        }
        count
    }
}

fn find(parents: &mut [usize], label: usize) -> usize {
    let mut at = label;
    while let Some(&parent) = parents.get(at) {
        if parent == at {
            break;
        }
        let above = parents.get(parent).copied().unwrap_or(parent);
        if let Some(p) = parents.get_mut(at) {
            *p = above;
        }
        at = parent;
    }
    at
}

fn join(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(parents, a), find(parents, b));
    if let Some(parent) = parents.get_mut(a.max(b)) {
        *parent = a.min(b);
    }
}

/// Pieces above each other are one character.
fn merged(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_by_key(|p| (p.left, p.top));
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        let mut piece = piece;
        // What is joined may reach over others in turn.
        while let Some(at) = out.iter().position(|other| {
            let shared = piece.right.min(other.right) as f64 - piece.left.max(other.left) as f64;
            shared > 0.5 * piece.width().min(other.width()) as f64
        }) {
            piece = piece.with(&out.swap_remove(at));
        }
        out.push(piece);
    }
    out.sort_by_key(|p| p.left);
    out
}

/// The values below which these shares of a window lie.
fn levels<const N: usize>(light: &Plane, shares: [f64; N]) -> [f32; N] {
    let mut counts = [0usize; 512];
    for &v in light {
        if let Some(count) = counts.get_mut(((2.0 * v) as usize).min(511)) {
            *count += 1;
        }
    }
    shares.map(|share| {
        let mut seen = 0;
        let bin = counts.iter().position(|count| {
            seen += count;
            seen as f64 >= share * light.len() as f64
        });
        (bin.unwrap_or(0) as f32 + 0.5) / 2.0
    })
}
