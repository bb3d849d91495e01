//! Where a printed number stands: a row of characters at known distances, that floats, tilts and stretches a little
//! against the design.

use super::rules::SeenIn;
use super::typeface::{self, CELLS, COLUMNS, HALF_CELLS, MARGIN, ROWS, Typeface};
use crate::compare::order::median;
use crate::note::RectMm;
use crate::pixels::{Lattice, Plane, Raster, RunningSums, box_mean, luma_of};
use crate::rectify::homography::Homography;
use crate::rectify::resample;

/// Tilts that are tried, as a slope: a print turned by more than 3.5° was never seen.
const TILTS: [f64; 7] = [-0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06];
/// Stretches that are tried.
const STRETCHES: [f64; 3] = [0.955, 1.0, 1.045];
/// Rows of characters that are looked at closely.
const CANDIDATES: usize = 4;
/// A row in which the characters are on the mean as like as this, and none is doubtful, is taken without looking at
/// others: a row taken beside its place has a character where there is none.
const SURELY: f32 = 0.85;

/// How often a row is set straight by what its characters show at full resolution.
const STRAIGHTENED: usize = 2;

/// What a square pixel away from the row costs a character in likeness: they stand straight.
const AWAY: f32 = 0.004;

/// A character less like any at half resolution than this may be none.
const DOUBTFUL: f32 = 0.75;

/// The surroundings of a printed number: how much of its ink is seen at each place.
#[derive(Debug, Clone)]
pub struct Strip {
    ink: Plane,
    half: Plane,
    origin: [f64; 2],
    px_per_mm: f64,
}

/// The place of a row of characters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Its middle, strip px.
    pub middle: [f64; 2],
    /// Slope.
    pub tilt: f64,
    /// Length over nominal.
    pub stretch: f64,
}

/// Strip px for a millimetre, for characters of a height.
pub fn px_per_mm(height_mm: f64) -> f64 {
    ROWS as f64 / (MARGIN * height_mm)
}

impl Strip {
    /// Cuts out a zone with room for the print to float; `None` where there is nothing to cut.
    pub fn cut(
        raster: &Raster,
        print: &Homography,
        zone: RectMm,
        float_mm: [f64; 2],
        seen_in: SeenIn,
        height_mm: f64,
    ) -> Option<Self> {
        let [across, down] = float_mm;
        let rect = RectMm {
            x: zone.x - across,
            y: zone.y - down,
            width: zone.width + 2.0 * across,
            height: zone.height + 2.0 * down,
        };
        let px_per_mm = px_per_mm(height_mm);
        let ink = match seen_in {
            SeenIn::GreenInk => {
                let red = paper(raster, print, rect, |p| p[0]);
                let green = paper(raster, print, rect, |p| p[1]);
                let (red, green) = (1.0 / red, 1.0 / green);
                let ink = |p: [f32; 3]| p[1] * green - p[0] * red;
                resample::small_plane(raster, print, rect, px_per_mm, ink)
            }
            SeenIn::Red => darkness(raster, print, rect, px_per_mm, |p| p[0]),
            SeenIn::Green => darkness(raster, print, rect, px_per_mm, |p| p[1]),
            SeenIn::Blue => darkness(raster, print, rect, px_per_mm, |p| p[2]),
            SeenIn::Luma => darkness(raster, print, rect, px_per_mm, luma_of),
        }?;
        let half = halved(&ink);
        Some(Self {
            ink,
            half,
            origin: [rect.x, rect.y],
            px_per_mm,
        })
    }

    /// The same as a softer scan shows it.
    pub fn blurred(&self) -> Self {
        Self {
            ink: box_mean(&self.ink, 1),
            ..self.clone()
        }
    }

    /// A place of the strip in mm on the note.
    pub fn to_mm(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            self.origin[0] + x / self.px_per_mm,
            self.origin[1] + y / self.px_per_mm,
        ]
    }

    /// Pixels of the strip for a millimetre.
    pub fn px_per_mm(&self) -> f64 {
        self.px_per_mm
    }

    /// The normalised patch around a place.
    pub fn patch(&self, at: [f64; 2], tilt: f64, scale: f64, out: &mut [f32; CELLS]) {
        sample::<ROWS, COLUMNS>(&self.ink, at, tilt, scale, out);
        typeface::normalise(out);
    }

    /// The patch at half resolution whose first cell stands in a row and a column of the half-resolution plane.
    fn half_patch(&self, top: isize, left: isize, out: &mut [f32; HALF_CELLS]) {
        const C: usize = COLUMNS / 2;
        let (rows, columns) = self.half.dim();
        let Some(cells) = self.half.as_slice() else {
            return;
        };
        for (row, line) in out.chunks_exact_mut(C).enumerate() {
            let row = (top + row as isize).clamp(0, rows.saturating_sub(1) as isize) as usize;
            let inside = usize::try_from(left)
                .ok()
                .filter(|left| left + C <= columns)
                .and_then(|left| cells.get(row * columns + left..row * columns + left + C));
            if let Some(inside) = inside {
                line.copy_from_slice(inside);
                continue;
            }
            for (column, v) in line.iter_mut().enumerate() {
                let last = columns.saturating_sub(1) as isize;
                let column = (left + column as isize).clamp(0, last) as usize;
                *v = cells.get(row * columns + column).copied().unwrap_or(0.0);
            }
        }
    }
}

/// `R` × `C` values of a plane around a place, turned by a small slope.
fn sample<const R: usize, const C: usize>(
    plane: &Plane,
    [x, y]: [f64; 2],
    tilt: f64,
    scale: f64,
    out: &mut [f32],
) {
    let lattice = Lattice::new(plane.view());
    let across = (0.5 - C as f64 / 2.0) * scale;
    for (row, line) in out.chunks_exact_mut(C).enumerate() {
        let down = (row as f64 + 0.5 - R as f64 / 2.0) * scale;
        let first = [x + across - tilt * down, y + down + tilt * across];
        lattice.along(first, [scale, tilt * scale], line);
    }
}

/// What is missing of the paper's light.
fn darkness(
    raster: &Raster,
    print: &Homography,
    rect: RectMm,
    px_per_mm: f64,
    of: impl Fn([f32; 3]) -> f32,
) -> Option<Plane> {
    let per_paper = 1.0 / paper(raster, print, rect, &of);
    resample::small_plane(raster, print, rect, px_per_mm, |p| 1.0 - of(p) * per_paper)
}

/// Places down and across at which the light of the paper is looked at.
const PAPER: [usize; 2] = [20, 64];

/// Median over a rectangle of the note, at least 1, up to 255.
fn paper(raster: &Raster, print: &Homography, rect: RectMm, of: impl Fn([f32; 3]) -> f32) -> f32 {
    let [down, across] = PAPER;
    let (width, height) = (rect.width / across as f64, rect.height / down as f64);
    let mut seen = Vec::with_capacity(down * across);
    for row in 0..down {
        let y = rect.y + (row as f64 + 0.5) * height;
        let mut walk = print.along_row(rect.x + 0.5 * width, y, width);
        for _ in 0..across {
            let [x, y] = walk.next_point();
            // What lies beyond the scan is held from its edge.
            let x = (x.max(0.0) as usize).min(raster.width().saturating_sub(1));
            let y = (y.max(0.0) as usize).min(raster.height().saturating_sub(1));
            seen.extend(raster.get(x, y).map(&of));
        }
    }
    median(&mut seen).unwrap_or(1.0).max(1.0)
}

fn halved(plane: &Plane) -> Plane {
    let (rows, columns) = (plane.nrows() / 2, plane.ncols() / 2);
    let mut out = Plane::zeros((rows, columns));
    for row in 0..rows {
        for column in 0..columns {
            let at = |r: usize, c: usize| plane[[2 * row + r, 2 * column + c]];
            out[[row, column]] = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0;
        }
    }
    out
}

/// The middle of each character from the middle of the row, strip px.
pub fn offsets(cells_mm: &[f64], px_per_mm: f64) -> Vec<f64> {
    let middle = cells_mm.iter().sum::<f64>() / cells_mm.len().max(1) as f64;
    cells_mm.iter().map(|c| (c - middle) * px_per_mm).collect()
}

impl Line {
    /// Where a character stands that is this far from the middle.
    pub fn at(&self, offset: f64) -> [f64; 2] {
        let along = offset * self.stretch;
        [self.middle[0] + along, self.middle[1] + self.tilt * along]
    }
}

/// Rows where characters may stand, likeliest first. `any` is what any character looks like at half resolution.
pub fn candidates(strip: &Strip, offsets: &[f64], any: &[f32; HALF_CELLS]) -> Vec<Line> {
    let map = character_map(&strip.half, any);
    let (rows, columns) = map.dim();
    let mut found: Vec<(f32, Line)> = Vec::new();
    let reach = offsets.iter().fold(0.0f64, |m, o| m.max(o.abs())) / 2.0;
    for stretch in STRETCHES {
        // The whole row lies in the strip.
        let first = (reach * stretch).ceil() as usize;
        let Some(width) = columns.checked_sub(2 * first).filter(|&w| w > 0) else {
            continue;
        };
        let mut total = Plane::zeros((rows, width));
        let (mut tops, mut rows_of_tops) = (vec![f32::MIN; width], vec![0u32; width]);
        for tilt in TILTS {
            total.fill(0.0);
            for offset in offsets {
                let along = offset * stretch / 2.0;
                let from = (first as isize + along.round() as isize).max(0) as usize;
                add_window(&mut total, &map, from, (along * tilt).round() as isize);
            }
            // The best of each column of a coarse raster is enough: neighbours are settled later.
            tops.fill(f32::MIN);
            for (row, line) in (0u32..).zip(total.as_slice().unwrap_or(&[]).chunks_exact(width)) {
                for ((top, at), &v) in tops.iter_mut().zip(&mut rows_of_tops).zip(line) {
                    let better = v > *top;
                    *top = if better { v } else { *top };
                    *at = if better { row } else { *at };
                }
            }
            let best = tops.chunks(4).enumerate().filter_map(|(left, scores)| {
                let scores = scores.iter().enumerate();
                let (beside, score) = scores.max_by(|a, b| a.1.total_cmp(b.1))?;
                let column = 4 * left + beside;
                Some((*score, *rows_of_tops.get(column)? as usize, column))
            });
            for (score, row, column) in best {
                let line = Line {
                    middle: [2.0 * (first + column) as f64 + 1.0, 2.0 * row as f64 + 1.0],
                    tilt,
                    stretch,
                };
                found.push((score, line));
            }
        }
    }
    let near = |a: &Line, b: &Line| {
        [0, 1]
            .iter()
            .all(|&k| (a.middle[k] - b.middle[k]).abs() < 0.35 * ROWS as f64)
    };
    let mut lines = Vec::with_capacity(CANDIDATES);
    while lines.len() < CANDIDATES {
        let likeliest = found.iter().reduce(|a, b| if b.0 > a.0 { b } else { a });
        let Some(&(_, line)) = likeliest else { break };
        found.retain(|(_, other)| !near(&line, other));
        lines.push(line);
    }
    lines
}

/// How much each place of a half-resolution strip looks like the middle of some character.
fn character_map(half: &Plane, any: &[f32; HALF_CELLS]) -> Plane {
    const R: usize = ROWS / 2;
    const C: usize = COLUMNS / 2;
    let (rows, columns) = half.dim();
    let mut dots = Plane::zeros((rows, columns));
    for (tap, weight) in any.iter().enumerate() {
        let (down, across) = (
            (tap / C) as isize - R as isize / 2,
            (tap % C) as isize - C as isize / 2,
        );
        add_scaled(&mut dots, half, across, down, *weight);
    }
    let squares = half.mapv(|v| v * v);
    let (mean, mean_square) = (window_mean::<R, C>(half), window_mean::<R, C>(&squares));
    let cells = (R * C) as f32;
    let lengths = ndarray::Zip::from(&mean)
        .and(&mean_square)
        .map_collect(|&m, &s| ((s - m * m).max(0.0) * cells).sqrt());
    let mut sorted: Vec<f32> = lengths.iter().copied().collect();
    let place = sorted.len() * 9 / 10;
    let strong = if sorted.is_empty() {
        1.0
    } else {
        *sorted.select_nth_unstable_by(place, f32::total_cmp).1
    };
    // Flat places look like anything: what is much weaker than the print counts little.
    let floor = (0.3 * strong).max(1e-6);
    ndarray::Zip::from(&dots)
        .and(&lengths)
        .map_collect(|&d, &l| (d / (l + floor)).max(0.0))
}

/// Adds to a window's width of each row what stands `down` from it, from a column on.
fn add_window(total: &mut Plane, map: &Plane, from: usize, down: isize) {
    let (rows, columns) = map.dim();
    let width = total.ncols();
    let (Some(source), Some(target)) = (map.as_slice(), total.as_slice_mut()) else {
        return;
    };
    for (row, target) in target.chunks_exact_mut(width.max(1)).enumerate() {
        let Some(row) = row.checked_add_signed(down).filter(|&r| r < rows) else {
            continue;
        };
        let line = source.get(row * columns..(row + 1) * columns);
        for (t, s) in target
            .iter_mut()
            .zip(line.and_then(|l| l.get(from..)).unwrap_or(&[]))
        {
            *t += s;
        }
    }
}

/// Adds to each place what stands `across` and `down` from it, times a weight.
fn add_scaled(total: &mut Plane, map: &Plane, across: isize, down: isize, weight: f32) {
    let (rows, columns) = map.dim();
    let Some(source) = map.as_slice() else { return };
    let Some(target) = total.as_slice_mut() else {
        return;
    };
    let skip_source = across.max(0) as usize;
    let skip_target = (-across).max(0) as usize;
    let Some(width) = columns.checked_sub(across.unsigned_abs()) else {
        return;
    };
    for (row, target) in target.chunks_exact_mut(columns.max(1)).enumerate() {
        let Some(from) = row.checked_add_signed(down).filter(|&r| r < rows) else {
            continue;
        };
        let start = from * columns + skip_source;
        let (Some(source), Some(target)) = (
            source.get(start..start + width),
            target.get_mut(skip_target..skip_target + width),
        ) else {
            continue;
        };
        for (t, s) in target.iter_mut().zip(source) {
            *t += weight * s;
        }
    }
}

/// Mean over the window of `R` × `C` around each place; what lies outside counts as 0.
fn window_mean<const R: usize, const C: usize>(plane: &Plane) -> Plane {
    let mut across = Plane::zeros(plane.dim());
    for c in 0..C {
        add_scaled(
            &mut across,
            plane,
            c as isize - C as isize / 2,
            0,
            1.0 / C as f32,
        );
    }
    let mut out = Plane::zeros(plane.dim());
    for r in 0..R {
        add_scaled(
            &mut out,
            &across,
            0,
            r as isize - R as isize / 2,
            1.0 / R as f32,
        );
    }
    out
}

/// A row of characters found, with a patch of each.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it stands.
    pub line: Line,
    /// Mean likeness of its characters to the best that may stand at their place.
    pub likeness: f32,
    /// The patches, left to right.
    pub patches: Vec<Patch>,
}

/// One character of a row, before it is told which.
#[derive(Debug, Clone)]
pub struct Patch {
    /// Its middle, strip px.
    pub at: [f64; 2],
    /// Normalised.
    pub cells: [f32; CELLS],
    /// Likeness to the best class.
    pub likeness: f32,
    /// The patch beside it that is nearly as like another class, normalised, where there is one: a T looks like an I
    /// to whom looks too low to see its bar.
    pub rival: Option<[f32; CELLS]>,
}

/// Finds the row in a strip; `classes` are those of the typeface that may stand at each place. `None` where the
/// strip is too small to hold it.
pub fn find(
    strip: &Strip,
    offsets: &[f64],
    face: &Typeface,
    any: &[f32; HALF_CELLS],
    classes: &[Vec<usize>],
) -> Option<Row> {
    let mut best: Option<Settled> = None;
    for line in candidates(strip, offsets, any) {
        let settled = settle(strip, offsets, face, classes, line);
        let sure = settled.likeness > SURELY && settled.least > DOUBTFUL;
        if best.as_ref().is_none_or(|b| settled.likeness > b.likeness) {
            best = Some(settled);
        }
        if sure {
            break;
        }
    }
    let mut best = best?;
    // Among many equal strokes a row may be taken one character too far on either side.
    if best.least < DOUBTFUL {
        let pitch = offsets
            .last()
            .zip(offsets.first())
            .map_or(0.0, |(last, first)| {
                (last - first) / offsets.len().saturating_sub(1).max(1) as f64
            });
        let line = best.line;
        for cells in [-2.0, -1.0, 1.0, 2.0] {
            let moved = Line {
                middle: line.at(cells * pitch),
                ..line
            };
            let settled = settle(strip, offsets, face, classes, moved);
            if settled.likeness > best.likeness {
                best = settled;
            }
        }
    }
    Some(closely(strip, offsets, face, classes, best))
}

/// Looks closely at one row: moves it to where its characters stand, and takes their patches.
pub fn look(
    strip: &Strip,
    offsets: &[f64],
    face: &Typeface,
    classes: &[Vec<usize>],
    line: Line,
) -> Row {
    let settled = settle(strip, offsets, face, classes, line);
    closely(strip, offsets, face, classes, settled)
}

/// A row as half resolution shows it.
struct Settled {
    line: Line,
    /// Mean likeness of its characters.
    likeness: f32,
    /// That of the least like.
    least: f32,
    /// What each looks most like.
    classes: Vec<Vec<usize>>,
}

/// Moves a row to where its characters stand at half resolution, from coarse to fine.
fn settle(
    strip: &Strip,
    offsets: &[f64],
    face: &Typeface,
    classes: &[Vec<usize>],
    line: Line,
) -> Settled {
    const R: isize = ROWS as isize / 2;
    const C: isize = COLUMNS as isize / 2;
    let mut settled = Settled {
        line,
        likeness: -1.0,
        least: -1.0,
        classes: Vec::new(),
    };
    let mut half = [0.0; HALF_CELLS];
    for reach in [2, 1] {
        let mut seen = Vec::with_capacity(offsets.len());
        let (mut total, mut least) = (0.0, 1.0f32);
        let mut likeliest = Vec::with_capacity(offsets.len());
        for (offset, classes) in offsets.iter().zip(classes) {
            let at = settled.line.at(*offset);
            let left = (at[0] / 2.0).round() as isize - C / 2;
            let top = (at[1] / 2.0).round() as isize - R / 2;
            let mut best = (-1.0, at, None);
            for down in -reach..=reach {
                for across in -reach - 1..=reach + 1 {
                    let (top, left) = (top + down, left + across);
                    strip.half_patch(top, left, &mut half);
                    let (_, length) = typeface::mean_and_length(&half);
                    let per_length = 1.0 / length.max(1e-6);
                    for &class in classes {
                        // The mean of a class is 0 over the patch, so that of the patch drops out.
                        let like = face.half_likeness(class, &half) * per_length;
                        if like > best.0 {
                            let middle = [2 * left + C, 2 * top + R];
                            best = (like, middle.map(|m| m as f64), Some(class));
                        }
                    }
                }
            }
            total += best.0;
            least = least.min(best.0);
            seen.push((*offset, best.1, f64::from(best.0)));
            likeliest.push(best.2.into_iter().collect());
        }
        settled = Settled {
            line: fitted(&seen, settled.line),
            likeness: total / offsets.len().max(1) as f32,
            least,
            classes: likeliest,
        };
    }
    settled
}

/// Sets a row straight and takes its patches.
fn closely(
    strip: &Strip,
    offsets: &[f64],
    face: &Typeface,
    classes: &[Vec<usize>],
    settled: Settled,
) -> Row {
    let take = |line: &Line, classes: &[Vec<usize>], finely: bool| -> Vec<Patch> {
        offsets
            .iter()
            .zip(classes)
            .map(|(offset, classes)| closest(strip, line, line.at(*offset), face, classes, finely))
            .collect()
    };
    // Half resolution shows where the row stands within a pixel or two only, and a letter taken beside its place is
    // taken for another. What it is most like is enough to set the row straight, and whole pixels are.
    let mut line = settled.line;
    for _ in 0..STRAIGHTENED {
        let seen: Vec<Sighting> = take(&line, &settled.classes, false)
            .iter()
            .zip(offsets)
            .map(|(patch, offset)| (*offset, patch.at, f64::from(patch.likeness)))
            .collect();
        line = fitted(&seen, line);
    }
    let patches = take(&line, classes, true);
    let total: f32 = patches.iter().map(|p| p.likeness).sum();
    Row {
        line,
        likeness: total / patches.len().max(1) as f32,
        patches,
    }
}

/// How far whole pixels are tried around a place, across and down.
const NEAR: [usize; 2] = [2, 2];
/// A class whose likeness is less than that of the best by no more than this is nearly as like: genuine prints are
/// 0.9 like their class, give or take 0.04.
const NEARLY: f32 = 0.08;

/// The patch near a place that looks most like one of the classes: within two pixels each way, and where it is
/// looked at finely to half a pixel.
fn closest(
    strip: &Strip,
    line: &Line,
    at: [f64; 2],
    face: &Typeface,
    classes: &[usize],
    finely: bool,
) -> Patch {
    const WIDE: usize = COLUMNS + 2 * NEAR[0];
    const HIGH: usize = ROWS + 2 * NEAR[1];
    // A row that is longer than it should be has larger characters.
    let scale = line.stretch;
    let beside = |[x, y]: [f64; 2], [across, down]: [f64; 2]| {
        [
            x + scale * (across - line.tilt * down),
            y + scale * (down + line.tilt * across),
        ]
    };
    let mut best = Closest {
        at,
        cells: [0.0; CELLS],
        likeness: -1.0,
        score: f32::MIN,
        class: None,
        window: [0; 2],
        of_each: Vec::new(),
    };
    // All whole steps are windows of one larger patch.
    let mut around = [0.0; WIDE * HIGH];
    sample::<HIGH, WIDE>(&strip.ink, at, line.tilt, scale, &mut around);
    best.look::<WIDE>(&around, face, classes, |step| beside(at, step), at);
    let rival = finely
        .then(|| best.rival::<WIDE>(&around, classes))
        .flatten();
    if finely {
        // All half steps are windows of three; what the character is most like is known well enough.
        let middle = best.at;
        let likeliest: Vec<usize> = best.class.into_iter().collect();
        let classes = likeliest.as_slice();
        let here = |step| beside(middle, step);
        let mut beside = [0.0; ROWS * (COLUMNS + 1)];
        sample::<ROWS, { COLUMNS + 1 }>(&strip.ink, middle, line.tilt, scale, &mut beside);
        best.look::<{ COLUMNS + 1 }>(&beside, face, classes, here, at);
        let mut above = [0.0; (ROWS + 1) * COLUMNS];
        sample::<{ ROWS + 1 }, COLUMNS>(&strip.ink, middle, line.tilt, scale, &mut above);
        best.look::<COLUMNS>(&above, face, classes, here, at);
        let mut both = [0.0; (ROWS + 1) * (COLUMNS + 1)];
        sample::<{ ROWS + 1 }, { COLUMNS + 1 }>(&strip.ink, middle, line.tilt, scale, &mut both);
        best.look::<{ COLUMNS + 1 }>(&both, face, classes, here, at);
    }
    typeface::normalise(&mut best.cells);
    Patch {
        at: best.at,
        cells: best.cells,
        likeness: best.likeness,
        rival,
    }
}

/// The best patch so far.
struct Closest {
    at: [f64; 2],
    cells: [f32; CELLS],
    likeness: f32,
    /// Likeness, less what it costs to stand away from the row.
    score: f32,
    /// What it is most like.
    class: Option<usize>,
    /// The window, down and across, that it was taken from.
    window: [usize; 2],
    /// Of each class that was looked for last, its best score and window.
    of_each: Vec<(f32, [usize; 2])>,
}

impl Closest {
    /// Looks at every window of a larger patch of `WIDE` columns. `here` is the place of a window this far from the
    /// middle, in cells; `at` is where the row says that the character stands.
    fn look<const WIDE: usize>(
        &mut self,
        around: &[f32],
        face: &Typeface,
        classes: &[usize],
        here: impl Fn([f64; 2]) -> [f64; 2],
        at: [f64; 2],
    ) {
        let [spare_columns, spare_rows] = [WIDE - COLUMNS, around.len() / WIDE - ROWS];
        let lengths = Lengths::of::<WIDE>(around);
        self.of_each.clear();
        self.of_each.resize(classes.len(), (f32::MIN, [0; 2]));
        for down in 0..=spare_rows {
            for across in 0..=spare_columns {
                let window = around.get(down * WIDE + across..).unwrap_or(&[]);
                let per_length = 1.0 / lengths.at(down, across).max(1e-6);
                let here = here([
                    across as f64 - spare_columns as f64 / 2.0,
                    down as f64 - spare_rows as f64 / 2.0,
                ]);
                let away = (here[0] - at[0]).powi(2) + 2.0 * (here[1] - at[1]).powi(2);
                let away = AWAY * away as f32;
                let mut better = None;
                for (&class, of_class) in classes.iter().zip(&mut self.of_each) {
                    // The mean of a class is 0 over the patch, so that of the patch drops out.
                    let likeness = face.window_likeness::<WIDE>(class, window) * per_length;
                    let score = likeness - away;
                    if score > of_class.0 {
                        *of_class = (score, [down, across]);
                    }
                    if score > self.score {
                        (self.score, self.likeness) = (score, likeness);
                        better = Some(class);
                    }
                }
                if better.is_some() {
                    (self.at, self.class, self.window) = (here, better, [down, across]);
                    copy::<WIDE>(window, &mut self.cells);
                }
            }
        }
    }

    /// Where another class of those that were looked for last is nearly as like, elsewhere.
    fn rival<const WIDE: usize>(&self, around: &[f32], classes: &[usize]) -> Option<[f32; CELLS]> {
        let others = classes.iter().zip(&self.of_each);
        let (_, (score, [down, across])) = others
            .filter(|(class, _)| Some(**class) != self.class)
            .max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
        if self.score - score > NEARLY || [*down, *across] == self.window {
            return None;
        }
        let mut cells = [0.0; CELLS];
        copy::<WIDE>(around.get(down * WIDE + across..)?, &mut cells);
        typeface::normalise(&mut cells);
        Some(cells)
    }
}

/// Takes a patch out of rows of `WIDE` cells, given by what lies from its first cell on.
fn copy<const WIDE: usize>(window: &[f32], cells: &mut [f32; CELLS]) {
    let lines = cells.as_chunks_mut::<COLUMNS>().0.iter_mut();
    for (to, from) in lines.zip(window.chunks(WIDE)) {
        if let Some(from) = from.first_chunk() {
            *to = *from;
        }
    }
}

/// Lengths of the patches that are windows of a larger one, their means taken off.
struct Lengths {
    sums: RunningSums,
    squares: RunningSums,
}

impl Lengths {
    fn of<const WIDE: usize>(around: &[f32]) -> Self {
        Self {
            sums: RunningSums::over(around, WIDE, |v| v),
            squares: RunningSums::over(around, WIDE, |v| v * v),
        }
    }

    fn at(&self, top: usize, left: usize) -> f32 {
        let [sum, square] =
            [&self.sums, &self.squares].map(|of| of.within((top, left), (ROWS, COLUMNS)));
        (square - sum * sum / CELLS as f64).max(0.0).sqrt() as f32
    }
}

/// A character seen: its offset along the row, its place, its likeness.
pub type Sighting = (f64, [f64; 2], f64);

/// The line through places where characters were seen; what lies off it by more than
/// a few pixels is left out. Tilt and stretch stay within what is tried.
pub fn fitted(seen: &[Sighting], before: Line) -> Line {
    let mut used: Vec<Sighting> = seen
        .iter()
        .map(|&(o, p, like)| (o, p, like.max(0.05).powi(2)))
        .collect();
    let mut line = before;
    for round in 0..3 {
        let weight: f64 = used.iter().map(|u| u.2).sum();
        if used.len() < 3 || weight <= 0.0 {
            return before;
        }
        let mean =
            |f: &dyn Fn(&Sighting) -> f64| used.iter().map(|u| f(u) * u.2).sum::<f64>() / weight;
        let (o, x, y) = (mean(&|u| u.0), mean(&|u| u.1[0]), mean(&|u| u.1[1]));
        let spread = mean(&|u| (u.0 - o).powi(2));
        if spread < 1e-9 {
            return before;
        }
        let along = mean(&|u| (u.0 - o) * (u.1[0] - x)) / spread;
        let slope = mean(&|u| (u.0 - o) * (u.1[1] - y)) / spread / along.max(0.1);
        let stretch = along.clamp(0.93, 1.07);
        let tilt = slope.clamp(-0.08, 0.08);
        line = Line {
            middle: [x - stretch * o, y - tilt * stretch * o],
            tilt,
            stretch,
        };
        let limit = [4.0, 2.5, 2.0][round];
        let kept: Vec<_> = used
            .iter()
            .copied()
            .filter(|(o, p, _)| {
                let [x, y] = line.at(*o);
                (p[0] - x).hypot(p[1] - y) < limit
            })
            .collect();
        if kept.len() >= 3 && kept.len() * 2 > seen.len() {
            used = kept;
        }
    }
    line
}
