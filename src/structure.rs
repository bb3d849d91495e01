//! The printed structure of a side at 72 dpi, and its fine registration.
//!
//! The print map of a recognised note is good to a few tenths of a millimetre. What is left has causes
//! of its own: paper creeps, folds shorten it, and each printing of the note (engraving, overprint)
//! floats against the others. So the side is straightened once, turned into normalised local
//! contrast, and its blocks are found again in the reference, each for itself; the overprint is then
//! looked for by itself.

use std::ops::RangeInclusive;

use ndarray::{Array2, Axis, Zip};

use crate::compare::align::{Expected, Padded, Part, Shift, ShiftField, correlations, peak};
use crate::compare::tiles::{self, Detail, TILE_MM};
use crate::note::{RectMm, SizeMm};
use crate::pixels::{Lattice, Plane, Planes, Raster};
use crate::rectify::homography::Homography;
use crate::rectify::registration::local_contrast;
use crate::rectify::{Quad, distance};

/// Cells for a millimetre of the note: 72 dpi, the finest plane that a reference note may hold.
pub const CELLS_PER_MM: f64 = 72.0 / 25.4;

/// Least resolution at which fine detail is enrolled, scan px/mm.
pub const DETAIL_PX_PER_MM: f64 = 7.0;

/// Least resolution of a scan for a plane of this fineness, scan px/mm.
pub const LEAST_PX_PER_MM: f64 = 3.5;

/// How far a block may lie from where the print map says, cells: 1 mm.
const CREEP: usize = 3;
/// The main printing is looked for again where a corner lies further off than this, cells: a local alignment follows
/// less than [`CREEP`], and blocks lie inside of the corners.
const ASTRAY: f64 = 2.0;
/// How far an overprint may lie from its mean place, cells: 4.2 mm. On $1 notes it was up to 3 % of
/// the height and 2 % of the width, 3.1 mm.
const FLOAT: usize = 12;
/// How far one overprinted element may lie from where the others say, cells: 1.8 mm. Seals and
/// numbers of different inks are printed by different forms.
const PLAY: usize = 5;
/// Added to the spread of a cell over the enrolled notes, in units of local contrast.
const SPREAD_FLOOR: f32 = 0.3;

/// Rows and columns of the plane of a side.
pub fn shape(size: SizeMm) -> (usize, usize) {
    let cells = |mm: f64| (mm * CELLS_PER_MM).round() as usize;
    (cells(size.height), cells(size.width))
}

/// The cells that a rectangle covers, at least one each way, cut to the plane.
pub fn part(rect: RectMm, shape: (usize, usize)) -> Part {
    let range = |from: f64, length: f64, most: usize| {
        let first = ((from * CELLS_PER_MM).round().max(0.0) as usize).min(most.saturating_sub(1));
        let count = ((length * CELLS_PER_MM).round().max(1.0) as usize).min(most - first);
        (first, count)
    };
    let (top, rows) = range(rect.y, rect.height, shape.0);
    let (left, columns) = range(rect.x, rect.width, shape.1);
    Part {
        top,
        left,
        rows,
        columns,
    }
}

/// Least pixels a cell of a [`Reduced`] scan; from half as many again, cells are means of 2 × 2 samples.
const PX_PER_CELL: f64 = 1.25;

/// Samples along a row from one exact place to the next: 6 mm or less.
const EXACT: usize = 16;

/// A scan reduced as far as a plane of 72 dpi allows.
#[derive(Debug, Clone)]
pub struct Reduced {
    luma: Plane,
    factor: f64,
    /// Samples each way of a cell.
    grid: usize,
}

/// By how much a scan is reduced, and samples each way of a cell.
fn sampling(px_per_mm: f64) -> (usize, usize) {
    let px_per_cell = px_per_mm / CELLS_PER_MM;
    let factor = (px_per_cell / PX_PER_CELL).floor().max(1.0);
    let fine = px_per_cell / factor >= 1.5 * PX_PER_CELL;
    (factor as usize, if fine { 2 } else { 1 })
}

impl Reduced {
    /// Reduces a scan that shows the note at `px_per_mm`.
    pub fn new(raster: &Raster, px_per_mm: f64) -> Self {
        let (factor, grid) = sampling(px_per_mm);
        Self {
            luma: raster.reduced_luma(factor),
            factor: factor as f64,
            grid,
        }
    }

    /// The side straightened; `print` takes its millimetres to scan pixels, `outline` is the paper's
    /// where it was seen.
    pub fn straighten(&self, print: &Homography, size: SizeMm, outline: Option<&Quad>) -> Straight {
        let (rows, columns) = shape(size);
        let (height, width) = self.luma.dim();
        let inside = outline.and_then(|quad| inside(quad, print));
        let mut luma = Plane::zeros((rows, columns));
        let mut seen = Plane::zeros((rows, columns));
        let step = 1.0 / (self.grid as f64 * CELLS_PER_MM);
        let share = 1.0 / (self.grid * self.grid) as f32;
        let scale = 1.0 / self.factor;
        let lattice = Lattice::new(self.luma.view());
        let (mut values, mut within) = (vec![0.0f32; columns * self.grid], vec![true; columns]);
        let (mut sum, mut count) = (0.0f64, 0.0f64);
        for row in 0..rows {
            luma.row_mut(row).fill(0.0);
            within.fill(true);
            for sub in 0..self.grid {
                let y_mm = ((row * self.grid + sub) as f64 + 0.5) * step;
                let at = |sample: usize| {
                    let [x, y] = print.apply([(sample as f64 + 0.5) * step, y_mm]);
                    [x * scale, y * scale]
                };
                let mut from = at(0);
                for (block, values) in values.chunks_mut(EXACT).enumerate() {
                    // A homography is all but linear over a few mm: exact at every so many samples.
                    let to = at((block + 1) * EXACT);
                    let along = [0, 1].map(|k| (to[k] - from[k]) / EXACT as f64);
                    let place = |k: usize| [0, 1].map(|axis| from[axis] + along[axis] * k as f64);
                    lattice.along(from, along, values);
                    // One or two samples a cell, and a block is whole cells.
                    let first = block * EXACT / self.grid;
                    let ends = [from, place(values.len() - 1)];
                    let seen = ends.iter().all(|p| {
                        p[0] >= 0.0 && p[1] >= 0.0 && p[0] < width as f64 && p[1] < height as f64
                    });
                    if !seen {
                        for k in 0..values.len() {
                            let [x, y] = place(k);
                            if !(x >= 0.0 && y >= 0.0 && x <= width as f64 && y <= height as f64)
                                && let Some(within) = within.get_mut(first + k / self.grid)
                            {
                                *within = false;
                            }
                        }
                    }
                    from = to;
                }
                for (to, samples) in luma
                    .row_mut(row)
                    .iter_mut()
                    .zip(values.chunks_exact(self.grid))
                {
                    *to += share * samples.iter().sum::<f32>();
                }
            }
            let span = span(inside.as_ref(), (row as f64 + 0.5) / CELLS_PER_MM);
            let cells = luma.row(row).into_iter().zip(seen.row_mut(row));
            for (column, ((value, seen), within)) in cells.zip(&within).enumerate() {
                if *within && span.contains(&((column as f64 + 0.5) / CELLS_PER_MM)) {
                    *seen = 1.0;
                    sum += f64::from(*value);
                    count += 1.0;
                }
            }
        }
        let mean = (sum / count.max(1.0)) as f32;
        Zip::from(&mut luma).and(&seen).for_each(|v, &s| {
            if s == 0.0 {
                *v = mean;
            }
        });
        let mut contrast = local_contrast(&luma);
        contrast *= &seen;
        Straight {
            luma,
            contrast,
            seen,
        }
    }
}

/// Half planes, in mm on the side, whose common part is the paper.
fn inside(quad: &Quad, print: &Homography) -> Option<[[f64; 3]; 4]> {
    let back = print.inverse()?;
    let corners = quad.map(|p| back.apply(p));
    let centre = [0, 1].map(|k| corners.iter().map(|p| p[k]).sum::<f64>() / 4.0);
    let mut lines = [[0.0; 3]; 4];
    for (k, line) in lines.iter_mut().enumerate() {
        let ([ax, ay], [bx, by]) = (corners[k], corners[(k + 1) % 4]);
        let (a, b) = (ay - by, bx - ax);
        let c = -(a * ax + b * ay);
        let sign = (a * centre[0] + b * centre[1] + c).signum();
        *line = [a * sign, b * sign, c * sign];
    }
    Some(lines)
}

/// The part of a row at `y` in which all half planes hold.
fn span(lines: Option<&[[f64; 3]; 4]>, y: f64) -> RangeInclusive<f64> {
    let (mut from, mut to) = (f64::MIN, f64::MAX);
    for [a, b, c] in lines.into_iter().flatten() {
        let rest = b * y + c;
        if *a > 0.0 {
            from = from.max(-rest / a);
        } else if *a < 0.0 {
            to = to.min(-rest / a);
        } else if rest < 0.0 {
            to = f64::MIN;
        }
    }
    from..=to
}

/// A straightened side, [`CELLS_PER_MM`].
#[derive(Debug, Clone)]
pub struct Straight {
    /// Luma, 0..=255.
    pub luma: Plane,
    /// Normalised local contrast; 0 where nothing was seen.
    pub contrast: Plane,
    /// 1 where paper was seen, else 0.
    pub seen: Plane,
}

/// Colours of the cells of a straightened side, looked up where they are asked for: few are.
#[derive(Debug, Clone, Copy)]
pub struct Colours<'a> {
    raster: &'a Raster,
    print: &'a Homography,
    factor: usize,
    grid: usize,
}

impl<'a> Colours<'a> {
    /// Of a side that [`Reduced`] was made of, with the same map.
    pub fn new(raster: &'a Raster, print: &'a Homography, px_per_mm: f64) -> Self {
        let (factor, grid) = sampling(px_per_mm);
        Self {
            raster,
            print,
            factor,
            grid,
        }
    }

    /// Red, green and blue of one point of a cell.
    pub fn at(&self, row: usize, column: usize) -> [f32; 3] {
        let mm = |cell: usize| (cell as f64 + 0.5 / self.grid as f64) / CELLS_PER_MM;
        let [x, y] = self.print.apply([mm(column), mm(row)]);
        let cell = |px: f64| (px / self.factor as f64).max(0.0) as usize;
        self.raster.reduced_at(self.factor, cell(y), cell(x))
    }
}

/// Every so many cells one is looked at for the colours of tiles, down and along: 16 of a tile.
const STEP: usize = 3;

/// Mean red, green and blue of each tile of a side, 3 × tiles down × tiles along; NaN where less than half of a tile is
/// `open`, which is asked of cells of 72 dpi.
pub fn tile_colours(
    colours: &Colours<'_>,
    size: SizeMm,
    open: impl Fn(usize, usize) -> bool,
) -> Planes {
    let (rows, columns) = tiles::shape(size);
    let mut sums = Planes::zeros((3, rows, columns));
    let mut counts = Array2::from_elem((rows, columns), [0.0f32; 2]);
    let tile = |cell: usize| ((cell as f64 + 0.5) / CELLS_PER_MM / TILE_MM) as usize;
    let (height, width) = shape(size);
    for row in (1..height).step_by(STEP) {
        for column in (1..width).step_by(STEP) {
            let Some([seen, all]) = counts.get_mut((tile(row), tile(column))) else {
                continue;
            };
            *all += 1.0;
            if !open(row, column) {
                continue;
            }
            *seen += 1.0;
            for (channel, level) in colours.at(row, column).into_iter().enumerate() {
                sums[[channel, tile(row), tile(column)]] += level;
            }
        }
    }
    for mut plane in sums.axis_iter_mut(Axis(0)) {
        plane.zip_mut_with(&counts, |sum, [seen, all]| {
            *sum = if 2.0 * seen >= *all {
                *sum / seen.max(1.0)
            } else {
                f32::NAN
            };
        });
    }
    sums
}

/// What genuine notes show: normalised local contrast of the printings.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// All of the print, aligned on the main printing.
    pub print: Expected,
    /// The same aligned on the overprint; 0 outside of its zones.
    pub overprint: Expected,
    /// Fine detail by tiles; none where the enrolled scans were too coarse for it.
    pub detail: Option<ExpectedDetail>,
    /// Colours by tiles, as [`palette`] states them; none where they were not enrolled. 3 × tiles down × tiles along.
    pub palette: Option<Planes>,
}

/// What genuine notes show of fine detail, tile by tile, each note's mean taken off.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedDetail {
    /// Of luma.
    pub luma: Expected,
    /// Of colour.
    pub colour: Expected,
}

impl ExpectedDetail {
    /// Learns it from several notes. `None` without notes.
    pub fn learn(notes: &[Detail]) -> Option<Self> {
        let levelled = |pick: fn(&Detail) -> &Plane| -> Vec<(Plane, Plane)> {
            notes
                .iter()
                .map(|note| {
                    let seen = note.seen.mapv(|s| f32::from(u8::from(s)));
                    let mean = (pick(note) * &seen).sum() / seen.sum().max(1.0);
                    (pick(note) - mean, seen)
                })
                .collect()
        };
        let (luma, colour) = (levelled(|n| &n.luma), levelled(|n| &n.colour));
        Some(Self {
            luma: Expected::over(luma.iter().map(|(v, s)| (v, s)))?,
            colour: Expected::over(colour.iter().map(|(v, s)| (v, s)))?,
        })
    }
}

impl Structure {
    /// What is looked for to align the main printing: the more a cell varies on genuine notes, the
    /// less; nothing where the overprint stands, which would draw blank paper after it.
    pub fn main_printing(&self) -> Plane {
        Zip::from(&self.print.mean)
            .and(&self.print.deviation)
            .and(&self.overprint.mean)
            .and(&self.overprint.deviation)
            .map_collect(|&mean, &deviation, &m, &d| {
                if m != 0.0 || d != 0.0 {
                    0.0
                } else {
                    mean * precision(deviation)
                }
            })
    }

    /// What is looked for to find the overprint: the more a cell varies on genuine notes once the
    /// overprint is aligned (what is printed below, digits), the less.
    pub fn sought(&self) -> Plane {
        weighted(&self.overprint)
    }
}

fn weighted(expected: &Expected) -> Plane {
    Zip::from(&expected.mean)
        .and(&expected.deviation)
        .map_collect(|&mean, &deviation| mean * precision(deviation))
}

/// How much a cell tells that deviates so on genuine notes.
fn precision(deviation: f32) -> f32 {
    1.0 / (deviation * deviation + SPREAD_FLOOR * SPREAD_FLOOR)
}

/// How much each cell tells, where the side is open to view.
pub fn weight(expected: &Expected, open: &Plane) -> Plane {
    Zip::from(&expected.deviation)
        .and(open)
        .map_collect(|&deviation, &open| open * precision(deviation))
}

/// A side aligned with the structure of its reference.
#[derive(Debug, Clone)]
pub struct Aligned {
    /// Where the blocks of the main printing were found.
    pub field: ShiftField,
    /// Local contrast, on the reference's cells.
    pub contrast: Plane,
    /// 1 where paper was seen, likewise.
    pub seen: Plane,
}

impl Aligned {
    /// Aligns a side with the main printing.
    pub fn new(straight: &Straight, sought: &Plane) -> Self {
        let field = ShiftField::find(&Padded::new(&straight.contrast, CREEP), sought, CREEP);
        Self {
            contrast: field.straighten(&straight.contrast),
            seen: straight.seen.clone(),
            field,
        }
    }

    /// Where the main printing lies, from millimetres as it should to millimetres as it does; `None` where that is
    /// nowhere further off than a local alignment follows.
    pub fn lies(&self, size: SizeMm) -> Option<Homography> {
        let map = self.field.map()?;
        let (rows, columns) = self.contrast.dim();
        let (right, below) = (columns as f64, rows as f64);
        let corners = [[0.0, 0.0], [right, 0.0], [right, below], [0.0, below]];
        let moved = corners.map(|corner| map.apply(corner));
        let off = corners.iter().zip(&moved).map(|(a, b)| distance(a, b));
        if off.fold(0.0, f64::max) <= ASTRAY {
            return None;
        }
        let quad = moved.map(|[x, y]| [x * size.width / right, y * size.height / below]);
        Homography::from_rectangle(size.width, size.height, &quad)
    }
}

/// Where the overprint lies: that of all its elements together, and of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Overprint {
    /// Shift of the whole against its mean place, cells.
    pub shift: Shift,
    /// Shift of each element, cells, and how well it agrees there.
    pub elements: Vec<Shift>,
}

/// Finds the overprint's elements (`parts` of the plane sought) in the contrast of an aligned side.
pub fn find_overprint(contrast: &Plane, sought: &Plane, parts: &[Part]) -> Overprint {
    let padded = Padded::new(contrast, FLOAT + PLAY);
    let scores: Vec<Plane> = parts
        .iter()
        .map(|part| correlations(&padded, sought, *part, (0, 0), FLOAT, 2))
        .collect();
    let side = FLOAT + 1;
    let mut joint = Plane::zeros((side, side));
    let cells: usize = parts.iter().map(|p| p.rows * p.columns).sum();
    for (score, part) in scores.iter().zip(parts) {
        joint.scaled_add(
            (part.rows * part.columns) as f32 / cells.max(1) as f32,
            score,
        );
    }
    // Every other shift: each element is looked for all around.
    let coarse = peak(&joint, (0, 0));
    let shift = Shift {
        dx: 2.0 * coarse.dx,
        dy: 2.0 * coarse.dy,
        ..coarse
    };
    let around = (shift.dy.round() as isize, shift.dx.round() as isize);
    let elements = parts
        .iter()
        .map(|part| {
            peak(
                &correlations(&padded, sought, *part, around, PLAY, 1),
                around,
            )
        })
        .collect();
    Overprint { shift, elements }
}

/// Rounds of averaging and aligning again.
const ROUNDS: usize = 3;

/// Learns the structure of a side from several straightened notes. `overprint` are the parts where
/// the overprint's elements lie in the mean. `None` without notes.
pub fn learn(
    notes: &[Straight],
    overprint: &[Part],
    detail: Option<ExpectedDetail>,
    palette: Option<Planes>,
) -> Option<Structure> {
    let mut print = Expected::over(notes.iter().map(|n| (&n.contrast, &n.seen)))?;
    let mut aligned = Vec::new();
    for _ in 0..ROUNDS {
        let mut sought = weighted(&print);
        for part in overprint {
            for row in part.top..part.top + part.rows {
                for column in part.left..part.left + part.columns {
                    sought[[row, column]] = 0.0;
                }
            }
        }
        aligned = notes
            .iter()
            .map(|note| Aligned::new(note, &sought))
            .collect::<Vec<Aligned>>();
        print = Expected::over(aligned.iter().map(|n| (&n.contrast, &n.seen)))?;
    }
    let mut structure = Structure {
        overprint: Expected {
            mean: Plane::zeros(print.mean.dim()),
            deviation: Plane::zeros(print.mean.dim()),
        },
        print,
        detail,
        palette,
    };
    if !overprint.is_empty() {
        // The mean of all is blurred, so one note's is the first to be looked for.
        let mut sought = aligned.first()?.contrast.clone();
        for _ in 0..=ROUNDS {
            let found: Vec<Vec<Shift>> = aligned
                .iter()
                .map(|note| find_overprint(&note.contrast, &sought, overprint).elements)
                .collect();
            let middle: Vec<[f64; 2]> = (0..overprint.len())
                .map(|element| {
                    [|s: &Shift| s.dy, |s: &Shift| s.dx].map(|pick: fn(&Shift) -> f64| {
                        let mut all: Vec<f64> = found
                            .iter()
                            .filter_map(|s| s.get(element))
                            .map(pick)
                            .collect();
                        all.sort_by(f64::total_cmp);
                        all.get(all.len() / 2).copied().unwrap_or(0.0)
                    })
                })
                .collect();
            let placed: Vec<(Plane, Plane)> = aligned
                .iter()
                .zip(&found)
                .map(|(note, shifts)| {
                    let moves: Vec<(Part, [f64; 2])> = overprint
                        .iter()
                        .zip(shifts)
                        .zip(&middle)
                        .map(|((part, s), m)| (*part, [s.dy - m[0], s.dx - m[1]]))
                        .collect();
                    (moved(&note.contrast, &moves), moved(&note.seen, &moves))
                })
                .collect();
            structure.overprint = Expected::over(placed.iter().map(|(c, s)| (c, s)))?;
            sought = structure.sought();
        }
    }
    Some(structure)
}

/// Parts of a plane, each moved back by a shift down and to the right; 0 elsewhere.
fn moved(plane: &Plane, moves: &[(Part, [f64; 2])]) -> Plane {
    let lattice = Lattice::new(plane.view());
    let mut out = Plane::zeros(plane.dim());
    for (part, [dy, dx]) in moves {
        for row in part.top..part.top + part.rows {
            for column in part.left..part.left + part.columns {
                out[[row, column]] = lattice.at(column as f64 + 0.5 + dx, row as f64 + 0.5 + dy);
            }
        }
    }
    out
}
