//! Wear: what use has done to a note, as areas and masks, so that it is not taken for forgery.
//!
//! Everything is judged on the straightened side at 72 dpi beside its reference: where genuine notes
//! are blank, what is darker than the paper around is a stain, a stroke or a crease; what has the
//! colour of the bed is no paper. Clear tape shows in no visible scan for certain, and is not looked for.

pub mod letters;
mod lines;

use ndarray::{Array2, Zip};

use crate::compare::align::{Part, agreement};
use crate::compare::regions::{Region, around, regions};
use crate::note::RectMm;
use crate::pixels::{Plane, Raster, apart, box_mean, mean_colour, window};
use crate::rectify::edges::{SettledOutline, SideSource};
use crate::structure::{self, Aligned, CELLS_PER_MM, Colours, Straight, Structure};

/// Square millimetres of a cell.
pub const CELL_MM2: f64 = 1.0 / (CELLS_PER_MM * CELLS_PER_MM);

/// Colour distance (RGB, 0..=255) from the margin's paper that makes a corner bed.
const BED: f32 = 40.0;
/// Colour distance within which neighbouring cells are the same bed.
const SAME_BED: f32 = 26.0;
/// The bed is known where its samples deviate less than this, levels.
const EVEN_BED: f32 = 10.0;
/// Where the bed is sampled, mm beyond the paper: past its shadow.
const BESIDE: [f64; 2] = [1.6, 2.4];
/// Longest leg of a folded corner, mm.
const LONGEST_FOLD: f64 = 30.0;
/// Where what should be printed beside a bare corner shows with this share of its contrast, no flap lies there.
const NO_FLAP: f32 = 0.5;
/// Least area of a stain and of a stroke, mm²: JR/T 0153-2022 counts spots above 4 mm².
const LEAST_STAIN: f64 = 4.0;
/// Least area of a mark, mm².
const LEAST_MARK: f64 = 0.75;
/// Least area of a hole or tear, mm².
const LEAST_HOLE: f64 = 1.5;
/// A line this long and this narrow is a crease, mm.
const CREASE: (f64, f64) = (6.0, 1.3);
/// Pens draw lines up to this wide, mm, and longer than [`LEAST_STROKE`].
const PEN: f64 = 1.0;
/// A pen's line is not seen to its end: no mark is looked for within a millimetre of overprint, which floats by three.
/// So far from where it was seen, mm, it may go on.
const FOLLOWED: f64 = 4.0;
/// Least extent of a stroke of a pen, mm.
const LEAST_STROKE: f64 = 2.5;

/// What a mark in a place that should be blank is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// A straight narrow line.
    Crease,
    /// One of a row of letters, or a piece of one: see [`letters`].
    Letter,
    /// A thin line that is not straight, or short, or darker than creases are: written by hand.
    Stroke,
    /// Anything else.
    Blot,
}

/// A dark mark in a place that should be blank.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Its cells and bounds.
    pub region: Region,
    /// Length and width of the rectangle of the same moments, mm.
    pub principal_mm: (f64, f64),
    /// What it looks like.
    pub kind: MarkKind,
}

impl Mark {
    /// Area, mm².
    pub fn area_mm2(&self) -> f64 {
        area(&self.region)
    }

    /// Whether it is thin and at least as long as a crease.
    fn is_line(&self) -> bool {
        matches!(self.kind, MarkKind::Crease | MarkKind::Stroke)
            && self.principal_mm.0.max(extent(&self.region)) >= CREASE.0
    }

    /// Where it lies, mm: left, top, right, bottom.
    pub fn bounds_mm(&self) -> [f64; 4] {
        let [top, left, bottom, right] = self.region.bounds;
        [left, top, right + 1, bottom + 1].map(|v| v as f64 / CELLS_PER_MM)
    }
}

fn area(region: &Region) -> f64 {
    region.cells.len() as f64 * CELL_MM2
}

/// The longer of height and width, mm.
fn extent(region: &Region) -> f64 {
    region.height().max(region.width()) as f64 / CELLS_PER_MM
}

/// A corner that is not there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corner {
    /// How far it reaches along both edges, mm.
    pub legs_mm: (f64, f64),
    /// True where its flap covers the print beside it; false where it is missing, or folded behind.
    pub flap: bool,
}

impl Corner {
    /// Area of the triangle, mm².
    pub fn area_mm2(&self) -> f64 {
        0.5 * self.legs_mm.0 * self.legs_mm.1
    }
}

/// Where the bed is seen inside of the paper's outline.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gaps {
    /// Holes, mm² each.
    pub holes_mm2: Vec<f64>,
    /// Tears, length in mm each.
    pub tears_mm: Vec<f64>,
    /// Parts missing along an edge, mm² each.
    pub missing_mm2: Vec<f64>,
}

/// The wear of one side.
#[derive(Debug, Clone)]
pub struct Wear {
    /// Median luma of paper without print, 0..=255; none where the side has too little of it.
    pub paper_luma: Option<f64>,
    /// Share by which the paper's luma varies from place to place: deviation over median.
    pub unevenness: Option<f64>,
    /// Stains as far as they lie on unprinted paper, mm² each.
    pub stains_mm2: Vec<f64>,
    /// Creases seen on unprinted paper, mm in length.
    pub creases_mm: f64,
    /// Folded or missing corners.
    pub corners: Vec<Corner>,
    /// Holes, tears and missing parts; none where no bed is seen beside the note to tell them by.
    pub gaps: Option<Gaps>,
    /// 1 where the side is not there to be seen: folded, torn off, a hole.
    pub hidden: Plane,
    /// 1 where the side cannot be seen as it was printed: hidden, stained or written over.
    pub covered: Plane,
    /// True where a stain lies.
    pub stained: Array2<bool>,
    /// True where a line of a pen runs, over print as well: see [`MarkKind::Stroke`].
    pub written: Array2<bool>,
    /// The dark marks, creases among them.
    pub marks: Vec<Mark>,
    /// Rows of letters among them, longest first.
    pub rows: Vec<letters::Row>,
}

impl Wear {
    /// Area of the marks of one kind, mm².
    pub fn marks_mm2(&self, kind: MarkKind) -> f64 {
        self.marks
            .iter()
            .filter(|m| m.kind == kind)
            .map(Mark::area_mm2)
            .sum()
    }

    /// Share of a rectangle (mm on the side) that is covered.
    pub fn covered_share(&self, rect: RectMm) -> f64 {
        let part = structure::part(rect, self.covered.dim());
        let mut sum = 0.0f32;
        for row in part.top..part.top + part.rows {
            let line = self.covered.row(row);
            sum += line.iter().skip(part.left).take(part.columns).sum::<f32>();
        }
        f64::from(sum) / (part.rows * part.columns).max(1) as f64
    }

    /// Whether a line of a pen runs through a rectangle (mm on the side), or may where it was not seen.
    pub fn reached(&self, rect: RectMm) -> bool {
        self.crossed(rect.grown(FOLLOWED))
    }

    /// Whether a mark of ink lies in a rectangle (mm on the side), or beside it where it may go on.
    pub fn marked(&self, rect: RectMm) -> bool {
        let near = rect.grown(FOLLOWED);
        self.marks.iter().any(|mark| {
            let [left, top, right, bottom] = mark.bounds_mm();
            mark.kind != MarkKind::Crease
                && near.meets(RectMm::from([left, top, right - left, bottom - top]))
        })
    }

    /// Whether a line of a pen is seen to run through a rectangle (mm on the side): its ink is not the note's.
    pub fn crossed(&self, rect: RectMm) -> bool {
        let part = structure::part(rect, self.written.dim());
        let (rows, columns) = (part.top + part.rows, part.left + part.columns);
        let written = self.written.view();
        let here = window(&written, part.top..rows, part.left..columns);
        here.iter().any(|written| *written)
    }
}

/// The bed's colour beside the note, 0..=255; none where it is not seen, or is uneven.
pub fn bed_colour(raster: &Raster, outline: &SettledOutline, px_per_mm: f64) -> Option<[f32; 3]> {
    let centre = [0, 1].map(|k| outline.quad.iter().map(|p| p[k]).sum::<f64>() / 4.0);
    let mut samples: [Vec<f32>; 3] = Default::default();
    for (k, source) in outline.sides.iter().enumerate() {
        if *source != SideSource::Edge {
            continue;
        }
        let (from, to) = (outline.quad[k], outline.quad[(k + 1) % 4]);
        let along = [to[0] - from[0], to[1] - from[1]];
        let length = along[0].hypot(along[1]).max(1.0);
        let mut out = [along[1] / length, -along[0] / length];
        if (from[0] - centre[0]) * out[0] + (from[1] - centre[1]) * out[1] < 0.0 {
            out = out.map(|v| -v);
        }
        for step in 0..40 {
            let t = 0.1 + 0.8 * f64::from(step) / 39.0;
            for beside in BESIDE.map(|mm| mm * px_per_mm) {
                let [x, y] = [0, 1].map(|k| from[k] + t * along[k] + beside * out[k]);
                if x >= 0.0
                    && y >= 0.0
                    && let Some(colour) = raster.get(x as usize, y as usize)
                {
                    for (list, v) in samples.iter_mut().zip(colour) {
                        list.push(v);
                    }
                }
            }
        }
    }
    let mut bed = [0.0; 3];
    for (bed, list) in bed.iter_mut().zip(&mut samples) {
        if list.len() < 40 {
            return None;
        }
        *bed = median(list)?;
        let mut off: Vec<f32> = list.iter().map(|v| (v - *bed).abs()).collect();
        if median(&mut off)? > EVEN_BED {
            return None;
        }
    }
    Some(bed)
}

/// A corner where the bed shows, in cells, which corner, and how far it reaches.
#[derive(Debug, Clone, Copy)]
pub struct BareCorner {
    bottom: bool,
    right: bool,
    across: f64,
    down: f64,
}

/// Corners where the bed shows.
pub fn bare_corners(straight: &Straight, colours: Colours<'_>) -> Vec<BareCorner> {
    let (rows, columns) = straight.luma.dim();
    let mut found = Vec::new();
    let Some(margin) = margin_colour(straight, colours) else {
        return found;
    };
    let most = (LONGEST_FOLD * CELLS_PER_MM) as usize;
    let most = most.min(rows / 2).min(columns / 2);
    for (bottom, right) in [(false, false), (false, true), (true, true), (true, false)] {
        // Cells counted from this corner.
        let cell = |r: usize, c: usize| {
            (
                if bottom { rows - 1 - r } else { r },
                if right { columns - 1 - c } else { c },
            )
        };
        let colour = |r: usize, c: usize| {
            let (r, c) = cell(r, c);
            colours.at(r, c)
        };
        let seen = |r: usize, c: usize| {
            let (r, c) = cell(r, c);
            straight.seen[[r, c]] > 0.0
        };
        // The first cell of paper or bed along the diagonal, and a little inwards.
        let Some(start) = (0..most).find(|&k| seen(k, k)) else {
            continue;
        };
        let start = start + 2;
        if start + 2 >= most {
            continue;
        }
        let seed = mean_colour(
            (start..start + 2).flat_map(|r| (start..start + 2).map(move |c| colour(r, c))),
        );
        if apart(seed, margin) < BED {
            continue;
        }
        let bed = Array2::from_shape_fn((most, most), |(r, c)| {
            seen(r, c) && apart(colour(r, c), seed) < SAME_BED
        });
        let Some(region) = regions(&bed, 1)
            .into_iter()
            .find(|region| region.cells.contains(&(start, start)))
        else {
            continue;
        };
        // The legs of the triangle: how far the bed reaches along both edges.
        let reach = |pick: fn(&(usize, usize)) -> (usize, usize)| {
            region
                .cells
                .iter()
                .map(pick)
                .filter(|(across, _)| *across <= start + 3)
                .map(|(_, along)| along)
                .max()
                .unwrap_or(0) as f64
                + 1.0
        };
        let (across, down) = (reach(|c| (c.0, c.1)), reach(|c| (c.1, c.0)));
        let filled = region.cells.len() as f64 / (0.5 * across * down);
        if !(0.4..1.9).contains(&filled) || across.min(down) < 6.0
            // What goes on beyond any fold is soil, no bed.
            || across.max(down) >= most as f64
        {
            continue;
        }
        found.push(BareCorner {
            bottom,
            right,
            across,
            down,
        });
    }
    found
}

impl BareCorner {
    /// 1 where the triangle, and (with `flap`) what its flap covers, lie; 1 mm more for its shadow.
    fn mask(&self, shape: (usize, usize), flap: bool) -> Plane {
        let mut mask = Plane::zeros(shape);
        let (rows, columns) = shape;
        let (across, down) = (self.across, self.down);
        // Twice the triangle's height: the fold's mirror image of it is the flap.
        let slope = (1.0 / across).hypot(1.0 / down);
        let shadow = CELLS_PER_MM * slope;
        let reach = |length: f64, most: usize| {
            ((2.0 * length + 4.0 * CELLS_PER_MM).ceil() as usize).min(most)
        };
        // The mirrored corner may lie farther in than either leg.
        let far = across.max(down);
        for r in 0..reach(far, rows) {
            for c in 0..reach(far, columns) {
                let (x, y) = (c as f64 + 0.5, r as f64 + 0.5);
                let depth = x / across + y / down;
                // Beyond the fold, only as far along it as the flap reaches.
                let (mx, my) = mirrored(x, y, across, down);
                let under = depth > 1.0 && mx > -CELLS_PER_MM && my > -CELLS_PER_MM;
                if depth < 1.0 + shadow || (flap && under && depth < 2.0 + shadow) {
                    let r = if self.bottom { rows - 1 - r } else { r };
                    let c = if self.right { columns - 1 - c } else { c };
                    mask[[r, c]] = 1.0;
                }
            }
        }
        mask
    }

    /// Whether its flap hides the print beside it: unless what should be printed there is seen there.
    fn has_flap(&self, aligned: &Aligned, structure: &Structure) -> bool {
        let shape = aligned.contrast.dim();
        let flap = self.mask(shape, true) - self.mask(shape, false);
        let whole = Part {
            top: 0,
            left: 0,
            rows: shape.0,
            columns: shape.1,
        };
        let weight = structure::weight(&structure.print, &(flap * &aligned.seen));
        let found = agreement(
            &aligned.contrast,
            &structure.print.mean,
            &weight,
            whole,
            [0.0; 2],
        );
        found.gain < NO_FLAP
    }
}

/// The point mirrored at the line from (across, 0) to (0, down).
fn mirrored(x: f64, y: f64, across: f64, down: f64) -> (f64, f64) {
    let (a, b) = (1.0 / across, 1.0 / down);
    let k = 2.0 * (a * x + b * y - 1.0) / (a * a + b * b);
    (x - k * a, y - k * b)
}

/// Median colour 1 to 2 mm inside the edges.
fn margin_colour(straight: &Straight, colours: Colours<'_>) -> Option<[f32; 3]> {
    let (rows, columns) = straight.luma.dim();
    let mut lists: [Vec<f32>; 3] = Default::default();
    let near = |length: usize| {
        let far = length.saturating_sub(6).max(6)..length.saturating_sub(3);
        (3..6.min(length.saturating_sub(3))).chain(far)
    };
    let mut add = |r: usize, c: usize| {
        if straight.seen[[r, c]] > 0.0 {
            for (list, v) in lists.iter_mut().zip(colours.at(r, c)) {
                list.push(v);
            }
        }
    };
    for r in near(rows) {
        (3..columns.saturating_sub(3)).for_each(|c| add(r, c));
    }
    for r in 6..rows.saturating_sub(6) {
        near(columns).for_each(|c| add(r, c));
    }
    let mut out = [0.0; 3];
    for (o, mut list) in out.iter_mut().zip(lists) {
        *o = median(&mut list)?;
    }
    Some(out)
}

fn median(list: &mut [f32]) -> Option<f32> {
    let middle = list.len() / 2;
    (!list.is_empty()).then(|| *list.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// Measures the wear of an aligned side. `excused` is 1 where overprint was found: it floats, and is no
/// mark. `bed` is the colour that is seen beside the note.
pub fn measure(
    straight: &Straight,
    colours: Colours<'_>,
    aligned: &Aligned,
    structure: &Structure,
    excused: &Plane,
    bed: Option<[f32; 3]>,
) -> Wear {
    let shape = straight.luma.dim();
    let mut hidden = Plane::zeros(shape);
    let mut corners = Vec::new();
    for corner in bare_corners(straight, colours) {
        let flap = corner.has_flap(aligned, structure);
        Zip::from(&mut hidden)
            .and(&corner.mask(shape, flap))
            .for_each(|c, &m| *c = c.max(m));
        corners.push(Corner {
            legs_mm: (corner.across / CELLS_PER_MM, corner.down / CELLS_PER_MM),
            flap,
        });
    }
    let gaps = bed.map(|bed| {
        let beside = margin_colour(straight, colours).unwrap_or(bed);
        if apart(bed, beside) < BED {
            return Gaps::default();
        }
        let bed = |r: usize, c: usize| apart(colours.at(r, c), bed) < SAME_BED;
        gaps(aligned, structure, (&bed, excused), &mut hidden)
    });
    let open = Zip::from(&aligned.seen)
        .and(&hidden)
        .and(excused)
        .map_collect(|&seen, &hidden, &excused| seen > 0.0 && hidden == 0.0 && excused == 0.0);
    // Where genuine notes show nothing, and always nothing.
    let paper = Zip::from(&structure.print.mean)
        .and(&structure.print.deviation)
        .and(&open)
        .map_collect(|&mean, &deviation, &open| open && mean.abs() < 0.6 && deviation < 0.45);
    let Stains {
        paper_luma,
        unevenness,
        stained,
        areas,
    } = stains(&straight.luma, &paper);
    let mut marks = marks(aligned, structure, &open);
    let rows = letters::rows(&marks);
    for index in rows.iter().flat_map(|row| &row.marks) {
        if let Some(mark) = marks.get_mut(*index) {
            mark.kind = MarkKind::Letter;
        }
    }
    let written = match paper_luma.filter(|_| marks.iter().any(Mark::is_line)) {
        Some(paper) => {
            let luma = aligned.field.straighten(&straight.luma);
            lines::written(&mut marks, (&luma, paper), aligned, structure, &open)
        }
        None => Array2::from_elem(shape, false),
    };
    let mut covered = hidden.clone();
    for mark in &marks {
        if mark.kind == MarkKind::Stroke {
            for &at in &mark.region.cells {
                covered[at] = 1.0;
            }
        }
    }
    Zip::from(&mut covered)
        .and(&stained)
        .and(&written)
        .for_each(|c, &stained, &written| {
            if stained || written {
                *c = 1.0;
            }
        });
    Wear {
        paper_luma,
        unevenness,
        stains_mm2: areas,
        creases_mm: marks
            .iter()
            .filter(|m| m.kind == MarkKind::Crease)
            .map(|m| m.principal_mm.0)
            .sum(),
        corners,
        gaps,
        hidden,
        covered,
        stained,
        written,
        marks,
        rows,
    }
}

/// What [`stains`] finds.
struct Stains {
    paper_luma: Option<f64>,
    unevenness: Option<f64>,
    /// Where, on and between print.
    stained: Array2<bool>,
    /// On unprinted paper, mm² each.
    areas: Vec<f64>,
}

/// Places where the paper is darker than elsewhere, averaged over 2 mm with the print left out.
fn stains(luma: &Plane, paper: &Array2<bool>) -> Stains {
    let mut found = Stains {
        paper_luma: None,
        unevenness: None,
        stained: Array2::from_elem(luma.dim(), false),
        areas: Vec::new(),
    };
    let mut lumas = sampled(luma, paper);
    // Less than a fiftieth of the side is too little to speak of its paper.
    if lumas.len() * 150 < luma.len() {
        return found;
    }
    let Some(level) = median(&mut lumas) else {
        return found;
    };
    let share = box_mean(&paper.mapv(|p| f32::from(u8::from(p))), 3);
    // About the level, so that paper of that level adds nothing.
    let off = Zip::from(luma)
        .and(paper)
        .map_collect(|&v, &p| if p { v - level } else { 0.0 });
    let mut local = box_mean(&off, 3);
    Zip::from(&mut local)
        .and(&share)
        .for_each(|v, &s| *v = if s > 0.25 { *v / s } else { 0.0 });
    let clear = Zip::from(paper)
        .and(&share)
        .map_collect(|&p, &s| p && s > 0.5);
    let mut deviations = sampled(&local, &clear);
    for v in &mut deviations {
        *v = v.abs();
    }
    let spread = 1.4826 * median(&mut deviations).unwrap_or(0.0);
    let dark = (5.0 * spread).max(0.08 * level);
    let mask = Zip::from(&local)
        .and(&share)
        .map_collect(|&v, &s| s > 0.25 && v < -dark);
    for region in regions(&mask, (LEAST_STAIN / CELL_MM2) as usize) {
        let bare = region.cells.iter().filter(|at| clear[**at]).count() as f64 * CELL_MM2;
        if bare < LEAST_STAIN {
            continue;
        }
        found.areas.push(bare);
        for at in region.cells {
            found.stained[at] = true;
        }
    }
    found.paper_luma = Some(f64::from(level));
    found.unevenness = Some(f64::from(spread / level.max(1.0)));
    found
}

/// The values under a mask, of every third row: they say as much of the median as all.
fn sampled(plane: &Plane, mask: &Array2<bool>) -> Vec<f32> {
    let mut values = Vec::with_capacity(plane.len() / 3);
    for (line, mask) in plane.rows().into_iter().zip(mask.rows()).step_by(3) {
        values.extend(line.iter().zip(mask).filter(|(_, m)| **m).map(|(v, _)| *v));
    }
    values
}

/// Holes, tears and missing parts: regions of the bed's colour where genuine notes show something else.
/// What they hide is marked in `hidden`.
fn gaps(
    aligned: &Aligned,
    structure: &Structure,
    (bed, excused): (&dyn Fn(usize, usize) -> bool, &Plane),
    hidden: &mut Plane,
) -> Gaps {
    let mut found = Gaps::default();
    let shape = aligned.seen.dim();
    // Black overprint may have the bed's colour, and floats.
    let open =
        |at: (usize, usize)| aligned.seen[at] > 0.0 && hidden[at] == 0.0 && excused[at] == 0.0;
    let mask = Array2::from_shape_fn(shape, |(r, c)| open((r, c)) && bed(r, c));
    let beyond = |r: usize, c: usize| -> bool {
        let reach = 3;
        let Some((top, left)) = r.checked_sub(reach).zip(c.checked_sub(reach)) else {
            return true;
        };
        [(top, c), (r + reach, c), (r, left), (r, c + reach)]
            .iter()
            .any(|at| aligned.seen.get(*at).is_none_or(|s| *s == 0.0))
    };
    for region in regions(&mask, (LEAST_HOLE / CELL_MM2) as usize) {
        let n = region.cells.len() as f32;
        let unlike = region
            .cells
            .iter()
            .map(|at| (aligned.contrast[*at] - structure.print.mean[*at]).abs())
            .sum::<f32>();
        // Print of the bed's colour is no hole.
        if unlike < 0.5 * n {
            continue;
        }
        let (length, width) = region.principal();
        let (length, width) = (length / CELLS_PER_MM, width / CELLS_PER_MM);
        let at_edge = region.cells.iter().any(|(r, c)| beyond(*r, *c));
        if !at_edge {
            found.holes_mm2.push(area(&region));
        } else if length > 3.0 * width && width < 4.0 {
            found.tears_mm.push(length);
        } else {
            found.missing_mm2.push(area(&region));
        }
        for at in region.cells.iter().flat_map(|at| around(*at, shape)) {
            hidden[at] = 1.0;
        }
    }
    found
}

/// Dark regions where genuine notes are lighter, and always so.
fn marks(aligned: &Aligned, structure: &Structure, open: &Array2<bool>) -> Vec<Mark> {
    let (rows, columns) = aligned.contrast.dim();
    let edge = (1.5 * CELLS_PER_MM) as usize;
    let mut mask = Zip::from(&structure.print.mean)
        .and(&structure.print.deviation)
        .and(&aligned.contrast)
        .and(open)
        .map_collect(|&mean, &deviation, &seen, &open| {
            open && mean > -0.4 && deviation < 0.7 && mean - seen > (3.0 * deviation).max(0.9)
        });
    for (r, mut line) in mask.rows_mut().into_iter().enumerate() {
        let outer = r < edge || r + edge >= rows;
        for (c, m) in line.iter_mut().enumerate() {
            if outer || c < edge || c + edge >= columns {
                *m = false;
            }
        }
    }
    regions(&mask, (LEAST_MARK / CELL_MM2).ceil() as usize)
        .into_iter()
        .map(|region| {
            let (length, width) = region.principal();
            let principal_mm = (length / CELLS_PER_MM, width / CELLS_PER_MM);
            let kind = if principal_mm.0 >= CREASE.0 && principal_mm.1 <= CREASE.1 {
                MarkKind::Crease
            } else if extent(&region) >= LEAST_STROKE && line_width(&region, &mask) <= PEN {
                MarkKind::Stroke
            } else {
                MarkKind::Blot
            };
            Mark {
                principal_mm,
                kind,
                region,
            }
        })
        .collect()
}

/// Width of the line of which a region consists, mm: twice its area over its circumference.
fn line_width(region: &Region, mask: &Array2<bool>) -> f64 {
    let sides: usize = region
        .cells
        .iter()
        .map(|&(r, c)| {
            let set = |r: Option<usize>, c: Option<usize>| {
                r.zip(c)
                    .and_then(|at| mask.get(at))
                    .copied()
                    .unwrap_or(false)
            };
            [
                (r.checked_sub(1), Some(c)),
                (Some(r + 1), Some(c)),
                (Some(r), c.checked_sub(1)),
                (Some(r), Some(c + 1)),
            ]
            .iter()
            .filter(|(r, c)| !set(*r, *c))
            .count()
        })
        .sum();
    2.0 * region.cells.len() as f64 / sides.max(1) as f64 / CELLS_PER_MM
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn::{DESIGN, face, genuine, note};

    fn worn(raster: &Raster) -> Wear {
        let face = face(raster, &DESIGN);
        let (view, _) = face.view().unwrap();
        view.wear.clone()
    }

    #[test]
    fn a_clean_note_has_no_wear() {
        let wear = worn(&genuine(9));
        assert!(wear.stains_mm2.is_empty() && wear.corners.is_empty());
        assert_eq!(wear.gaps, Some(Gaps::default()));
        assert_eq!(wear.creases_mm, 0.0);
        assert!(wear.covered.mean().unwrap() < 0.002);
    }

    #[test]
    fn a_stain_is_as_large_as_it_is() {
        let stain = note(9, None, &|x, y, colour| {
            if (x - 28.0).hypot(y - 25.0) < 5.0 {
                colour.map(|v| 0.8 * v)
            } else {
                colour
            }
        });
        let wear = worn(&stain);
        let area: f64 = wear.stains_mm2.iter().sum();
        assert!((50.0..110.0).contains(&area), "{area}");
        let here = RectMm::from([26.0, 23.0, 4.0, 4.0]);
        assert!(wear.covered_share(here) > 0.9);
    }

    #[test]
    fn a_crease_is_no_writing_and_writing_no_crease() {
        let crease = worn(&note(9, None, &|x, y, colour| {
            if (x - y - 2.0).abs() < 0.4 && (20.0..34.0).contains(&x) {
                [110.0; 3]
            } else {
                colour
            }
        }));
        assert!((12.0..25.0).contains(&crease.creases_mm));
        assert!(crease.marks_mm2(MarkKind::Stroke) < 1.0);
        let writing = worn(&note(9, None, &|x, y, colour| {
            let near = (y - 30.0 - 4.0 * (x / 3.0).sin()).abs() < 0.5;
            if near && (62.0..72.0).contains(&x) {
                [50.0, 50.0, 120.0]
            } else {
                colour
            }
        }));
        let area = writing.marks_mm2(MarkKind::Stroke);
        assert!((4.0..25.0).contains(&area), "{area}");
        assert_eq!(writing.creases_mm, 0.0);
    }

    #[test]
    fn a_pens_line_is_darker_than_a_crease_and_goes_on_over_print() {
        // Over blank paper, through the portrait, over blank paper.
        let line = |colour: [f64; 3]| {
            worn(&note(9, None, &move |x, y, paper| {
                let near = (y - 23.0 - 0.05 * (x - 22.0)).abs() < 0.35;
                if near && (22.0..73.0).contains(&x) {
                    colour
                } else {
                    paper
                }
            }))
        };
        let pen = line([35.0, 40.0, 90.0]);
        assert_eq!(pen.creases_mm, 0.0);
        assert!(pen.marks_mm2(MarkKind::Stroke) > 10.0);
        let portrait = RectMm::from([48.0, 23.0, 3.0, 3.0]);
        assert!(pen.crossed(portrait) && pen.covered_share(portrait) > 0.2);
        assert!(!pen.crossed(RectMm::from([48.0, 30.0, 3.0, 3.0])));
        // The seal begins where the line ends.
        let seal = RectMm::from([75.0, 20.0, 12.0, 12.0]);
        assert!(pen.reached(seal) && !pen.crossed(seal));
        let crease = line([150.0; 3]);
        assert!(crease.creases_mm > 20.0);
        assert!(crease.written.iter().all(|written| !written));
        assert!(pen.marked(seal) && !crease.marked(seal));
    }

    #[test]
    fn corners_are_folded_over_or_gone() {
        // 12 mm along both edges; what is folded over is the blank other side.
        let corner = |x: f64, y: f64| x + y < 12.0;
        let flap = worn(&note(9, None, &|x, y, colour| {
            let (mx, my) = (12.0 - y, 12.0 - x);
            if corner(x, y) {
                [90.0, 90.0, 110.0]
            } else if mx > 0.0 && my > 0.0 && corner(mx, my) {
                [228.0, 224.0, 205.0]
            } else {
                colour
            }
        }));
        let gone = worn(&note(9, None, &|x, y, colour| {
            if corner(x, y) {
                [90.0, 90.0, 110.0]
            } else {
                colour
            }
        }));
        for (wear, folded) in [(&flap, true), (&gone, false)] {
            assert_eq!(wear.corners.len(), 1);
            let corner = wear.corners.first().unwrap();
            assert!((60.0..85.0).contains(&corner.area_mm2()), "{corner:?}");
            assert_eq!(corner.flap, folded);
        }
    }

    #[test]
    fn holes_tears_and_missing_parts_show_the_bed() {
        let bed = [90.0, 90.0, 110.0];
        let torn = worn(&note(9, None, &|x, y, colour| {
            let hole = (x - 30.0).hypot(y - 25.0) < 2.0;
            let tear = (x - 62.0).abs() < 0.12 * (y - 38.0) && y > 38.0;
            let missing = (25.0..33.0).contains(&x) && y < 4.0;
            if hole || tear || missing { bed } else { colour }
        }));
        let gaps = torn.gaps.unwrap();
        assert_eq!(gaps.holes_mm2.len(), 1);
        assert!((8.0..17.0).contains(gaps.holes_mm2.first().unwrap()));
        assert_eq!(gaps.tears_mm.len(), 1);
        assert!((7.0..14.0).contains(gaps.tears_mm.first().unwrap()));
        assert_eq!(gaps.missing_mm2.len(), 1);
        assert!((20.0..40.0).contains(gaps.missing_mm2.first().unwrap()));
    }

    #[test]
    fn without_a_bed_nothing_is_said_of_holes() {
        let raster = genuine(9);
        let mut face = face(&raster, &DESIGN);
        face.outline.sides = [SideSource::Frame; 4];
        let (view, _) = face.view().unwrap();
        assert!(view.wear.gaps.is_none());
    }
}
