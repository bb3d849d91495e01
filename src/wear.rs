//! Wear: what use has done to a note, as areas and masks, so that it is not taken for forgery.
//!
//! Everything is judged on the straightened side at 72 dpi beside its reference: where genuine notes
//! are blank, what is darker than the paper around is a stain, a stroke or a crease.

use ndarray::Array2;

use crate::compare::regions::{Region, regions};
use crate::pixels::{Plane, box_mean};
use crate::structure::{Aligned, CELLS_PER_MM, Straight, Structure};

/// Square millimetres of a cell.
pub const CELL_MM2: f64 = 1.0 / (CELLS_PER_MM * CELLS_PER_MM);

/// Colour distance (RGB, 0..=255) from the margin's paper that makes a corner bed.
const BED: f32 = 40.0;
/// Colour distance within which neighbouring cells are the same bed.
const SAME_BED: f32 = 26.0;
/// Longest leg of a folded corner, mm.
const LONGEST_FOLD: f64 = 30.0;
/// Least area of a stain and of a stroke, mm²: JR/T 0153-2022 counts spots above 4 mm².
const LEAST_STAIN: f64 = 4.0;
/// Least area of a mark, mm².
const LEAST_MARK: f64 = 0.75;
/// A line this long and this narrow is a crease, mm.
const CREASE: (f64, f64) = (6.0, 1.3);

/// What a mark in a place that should be blank is.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Its cells and bounds.
    pub region: Region,
    /// Length and width of the rectangle of the same moments, mm.
    pub principal_mm: (f64, f64),
    /// Mean darkness against what genuine notes show, units of local contrast.
    pub depth: f64,
}

impl Mark {
    /// A straight narrow line.
    pub fn is_crease(&self) -> bool {
        self.principal_mm.0 >= CREASE.0 && self.principal_mm.1 <= CREASE.1
    }

    /// Area, mm².
    pub fn area_mm2(&self) -> f64 {
        self.region.cells.len() as f64 * CELL_MM2
    }
}

/// The wear of one side.
#[derive(Debug, Clone)]
pub struct Wear {
    /// Median luma of paper without print, 0..=255; none where the side has too little of it.
    pub paper_luma: Option<f64>,
    /// Red less blue of the same.
    pub paper_tint: Option<f64>,
    /// Share by which the paper's luma varies from place to place: deviation over median.
    pub unevenness: Option<f64>,
    /// Stains, mm².
    pub stains_mm2: f64,
    /// Creases seen on unprinted paper, mm in length.
    pub creases_mm: f64,
    /// Other dark marks where there should be none, mm².
    pub marks_mm2: f64,
    /// Folded or missing corners, mm² of the side that cannot be seen.
    pub corners_mm2: f64,
    /// 1 where a folded corner hides or takes away the side.
    pub hidden: Plane,
    /// True where a stain lies.
    pub stained: Array2<bool>,
    /// The dark marks, creases among them.
    pub marks: Vec<Mark>,
}

/// Corners where the bed shows: the folded triangle and what its flap covers. 1 where hidden.
pub fn hidden_corners(straight: &Straight) -> Plane {
    let (rows, columns) = straight.luma.dim();
    let mut hidden = Plane::zeros((rows, columns));
    let Some(margin) = margin_colour(straight) else {
        return hidden;
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
            [0, 1, 2].map(|k| straight.colour[[k, r, c]])
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
        if distance(seed, margin) < BED {
            continue;
        }
        let bed = Array2::from_shape_fn((most, most), |(r, c)| {
            seen(r, c) && distance(colour(r, c), seed) < SAME_BED
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
        // Twice the triangle's height: the fold's mirror image of it is the flap. 1 mm for its shadow.
        let slope = (1.0 / across).hypot(1.0 / down);
        let limit = 2.0 + CELLS_PER_MM * slope;
        for r in 0..rows {
            for c in 0..columns {
                let (x, y) = (c as f64 + 0.5, r as f64 + 0.5);
                let depth = x / across + y / down;
                // Beyond the fold, only as far along it as the flap reaches.
                let (mx, my) = mirrored(x, y, across, down);
                let flap = depth > 1.0 && mx > -CELLS_PER_MM && my > -CELLS_PER_MM;
                if depth < 1.0 + CELLS_PER_MM * slope || (flap && depth < limit) {
                    hidden[cell(r, c)] = 1.0;
                }
            }
        }
    }
    hidden
}

/// The point mirrored at the line from (across, 0) to (0, down).
fn mirrored(x: f64, y: f64, across: f64, down: f64) -> (f64, f64) {
    let (a, b) = (1.0 / across, 1.0 / down);
    let k = 2.0 * (a * x + b * y - 1.0) / (a * a + b * b);
    (x - k * a, y - k * b)
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - y) * (x - y))
        .sum::<f32>()
        .sqrt()
}

fn mean_colour(colours: impl Iterator<Item = [f32; 3]>) -> [f32; 3] {
    let (mut sum, mut count) = ([0.0; 3], 0.0f32);
    for colour in colours {
        for (s, v) in sum.iter_mut().zip(colour) {
            *s += v;
        }
        count += 1.0;
    }
    sum.map(|s| s / count.max(1.0))
}

/// Median colour 1 to 2 mm inside the edges.
fn margin_colour(straight: &Straight) -> Option<[f32; 3]> {
    let (rows, columns) = straight.luma.dim();
    let mut lists: [Vec<f32>; 3] = Default::default();
    for ((r, c), &seen) in straight.seen.indexed_iter() {
        let depth = r.min(c).min(rows - 1 - r).min(columns - 1 - c);
        if seen > 0.0 && (3..6).contains(&depth) {
            for (k, list) in lists.iter_mut().enumerate() {
                list.push(straight.colour[[k, r, c]]);
            }
        }
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

/// Where genuine notes show nothing, and always nothing.
fn blank(structure: &Structure, at: (usize, usize)) -> bool {
    structure.print.mean[at].abs() < 0.6 && structure.print.deviation[at] < 0.45
}

/// Measures the wear of an aligned side. `excused` is 1 where overprint was found: it floats, and is no mark.
pub fn measure(
    straight: &Straight,
    aligned: &Aligned,
    structure: &Structure,
    hidden: Plane,
    excused: &Plane,
) -> Wear {
    let (rows, columns) = straight.luma.dim();
    let free = |at: (usize, usize)| aligned.seen[at] > 0.0 && hidden[at] == 0.0;
    let paper = Array2::from_shape_fn((rows, columns), |at| {
        free(at) && excused[at] == 0.0 && blank(structure, at)
    });
    let pick = |value: &dyn Fn((usize, usize)) -> f32| -> Vec<f32> {
        paper
            .indexed_iter()
            .filter(|(_, p)| **p)
            .map(|(at, _)| value(at))
            .collect()
    };
    // Less than a fiftieth of the side is too little to speak of its paper.
    let mut lumas = pick(&|at| straight.luma[at]);
    let enough = lumas.len() * 50 >= rows * columns;
    let paper_luma = if enough { median(&mut lumas) } else { None };
    let mut tints = pick(&|(r, c)| straight.colour[[0, r, c]] - straight.colour[[2, r, c]]);
    let paper_tint = if enough { median(&mut tints) } else { None };

    // Paper averaged over 2 mm, print left out.
    let share = box_mean(&paper.mapv(|p| f32::from(u8::from(p))), 3);
    let masked = Plane::from_shape_fn((rows, columns), |at| {
        if paper[at] { straight.luma[at] } else { 0.0 }
    });
    let smooth = box_mean(&masked, 3);
    let mut stained = Array2::from_elem((rows, columns), false);
    let mut unevenness = None;
    if let Some(level) = paper_luma {
        let local = |at: (usize, usize)| smooth[at] / share[at];
        let judged = |at: (usize, usize)| paper[at] && share[at] > 0.5;
        let mut off: Vec<f32> = paper
            .indexed_iter()
            .filter(|(at, _)| judged(*at))
            .map(|(at, _)| (local(at) - level).abs())
            .collect();
        let spread = 1.4826 * median(&mut off).unwrap_or(0.0);
        unevenness = Some(f64::from(spread / level.max(1.0)));
        let dark = level - (5.0 * spread).max(0.08 * level);
        let mask = Array2::from_shape_fn((rows, columns), |at| judged(at) && local(at) < dark);
        for region in regions(&mask, (LEAST_STAIN / CELL_MM2) as usize) {
            for at in region.cells {
                stained[at] = true;
            }
        }
    }
    let marks = marks(aligned, structure, &free, excused);
    let sum = |wanted: &dyn Fn(&Mark) -> bool, of: &dyn Fn(&Mark) -> f64| {
        marks.iter().filter(|m| wanted(m)).map(of).sum::<f64>()
    };
    Wear {
        paper_luma: paper_luma.map(f64::from),
        paper_tint: paper_tint.map(f64::from),
        unevenness,
        stains_mm2: stained.iter().filter(|s| **s).count() as f64 * CELL_MM2,
        creases_mm: sum(&Mark::is_crease, &|m| m.principal_mm.0),
        marks_mm2: sum(&|m| !m.is_crease(), &Mark::area_mm2),
        corners_mm2: f64::from(hidden.sum()) * CELL_MM2,
        hidden,
        stained,
        marks,
    }
}

/// Dark regions where genuine notes are lighter, and always so.
fn marks(
    aligned: &Aligned,
    structure: &Structure,
    free: &dyn Fn((usize, usize)) -> bool,
    excused: &Plane,
) -> Vec<Mark> {
    let (rows, columns) = aligned.contrast.dim();
    let edge = (1.5 * CELLS_PER_MM) as usize;
    let depth = |at: (usize, usize)| structure.print.mean[at] - aligned.contrast[at];
    let mask = Array2::from_shape_fn((rows, columns), |at| {
        let (r, c) = at;
        let inner = r >= edge && c >= edge && r + edge < rows && c + edge < columns;
        inner
            && free(at)
            && excused[at] == 0.0
            && structure.print.mean[at] > -0.4
            && structure.print.deviation[at] < 0.7
            && depth(at) > (3.0 * structure.print.deviation[at]).max(0.9)
    });
    regions(&mask, (LEAST_MARK / CELL_MM2).ceil() as usize)
        .into_iter()
        .map(|region| {
            let (length, width) = region.principal();
            let n = region.cells.len() as f64;
            Mark {
                principal_mm: (length / CELLS_PER_MM, width / CELLS_PER_MM),
                depth: region
                    .cells
                    .iter()
                    .map(|at| f64::from(depth(*at)))
                    .sum::<f64>()
                    / n,
                region,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::features::drawn::{DESIGN, face, genuine, note};
    use crate::pixels::Raster;

    /// Stains, creases, marks and corners of a drawn note: mm², mm, mm², mm².
    fn worn(raster: &Raster) -> [f64; 4] {
        let face = face(raster, &DESIGN);
        let (view, _) = face.view().unwrap();
        let wear = &view.wear;
        [
            wear.stains_mm2,
            wear.creases_mm,
            wear.marks_mm2,
            wear.corners_mm2,
        ]
    }

    #[test]
    fn a_clean_note_has_no_wear() {
        let [stains, creases, marks, corners] = worn(&genuine(9));
        assert_eq!([stains, creases, corners], [0.0; 3]);
        assert!(marks < 2.0, "{marks}");
    }

    #[test]
    fn each_kind_is_told_from_the_others() {
        let stain = note(9, None, &|x, y, colour| {
            if (x - 28.0).hypot(y - 25.0) < 5.0 {
                colour.map(|v| 0.8 * v)
            } else {
                colour
            }
        });
        let [stains, ..] = worn(&stain);
        assert!((50.0..110.0).contains(&stains), "{stains}");
        let crease = note(9, None, &|x, y, colour| {
            if (x - y - 2.0).abs() < 0.4 && (20.0..34.0).contains(&x) {
                [110.0; 3]
            } else {
                colour
            }
        });
        let [_, creases, ..] = worn(&crease);
        assert!((12.0..25.0).contains(&creases), "{creases}");
        let fold = note(9, None, &|x, y, colour| {
            if (100.0 - x) + (50.0 - y) < 12.0 {
                [90.0, 90.0, 110.0]
            } else {
                colour
            }
        });
        let [.., corners] = worn(&fold);
        // The triangle of 72 mm², its flap, and 1 mm around.
        assert!((140.0..200.0).contains(&corners), "{corners}");
    }
}
