//! Lines drawn with a pen: as long and narrow as creases, and darker. They go on over print, where they cannot be told
//! by themselves, and hide it.

use ndarray::Array2;

use super::{Mark, MarkKind, median};
use crate::compare::regions::{Region, around};
use crate::pixels::Plane;
use crate::structure::{Aligned, CELLS_PER_MM, Structure};

/// Shadow and dirt leave a crease more than this share of the paper's luma where it is darkest; a darker line is ink.
/// Creases on genuine notes and on specimens keep 0.47 and more in the median along them, nine in ten of 337 pieces of
/// ballpoint lines, drawn on $1 scans, 0.45 and less.
const INK: f64 = 0.45;
/// Where a line goes on over print, it is darker than genuine notes by so many deviations and at least so much contrast.
const GOES_ON: (f32, f32) = (2.0, 0.7);
/// Between two pieces of a line up to this far apart, mm, it goes on where it is dark nearly all the way.
const GAP: f64 = 30.0;
const DARK_SHARE: f64 = 0.9;
/// More pieces than this are not joined: a note so scribbled over is covered as it is.
const MOST_PIECES: usize = 30;

/// Makes strokes of the creases that are ink, and follows strokes as long. Returns where these lines run, and what lies
/// beside them within a cell, which has some of them: row × column of the reference's cells.
pub fn written(
    marks: &mut [Mark],
    (luma, paper): (&Plane, f64),
    aligned: &Aligned,
    structure: &Structure,
    open: &Array2<bool>,
) -> Array2<bool> {
    let dark = |at: (usize, usize)| luma.get(at).is_some_and(|v| f64::from(*v) < INK * paper);
    let mut lines: Vec<&Region> = Vec::new();
    for mark in marks.iter_mut().filter(|mark| mark.is_line()) {
        let darkest = |at: &(usize, usize)| {
            let cells = around(*at, luma.dim());
            cells.map(|at| luma[at]).fold(f32::INFINITY, f32::min)
        };
        let mut lumas: Vec<f32> = mark.region.cells.iter().map(darkest).collect();
        if median(&mut lumas).is_some_and(|line| f64::from(line) < INK * paper) {
            mark.kind = MarkKind::Stroke;
            lines.push(&mark.region);
        }
    }
    let mut taken = Array2::from_elem(open.dim(), false);
    let mut cells: Vec<(usize, usize)> = Vec::new();
    let mut take = |at: (usize, usize), cells: &mut Vec<(usize, usize)>| {
        if taken.get(at) == Some(&false) {
            taken[at] = true;
            cells.push(at);
        }
    };
    for (k, line) in lines.iter().enumerate() {
        for at in &line.cells {
            take(*at, &mut cells);
        }
        for other in lines.iter().take(MOST_PIECES).skip(k + 1) {
            for at in between(line, other, &dark) {
                take(at, &mut cells);
            }
        }
    }
    let darker = |at: (usize, usize)| {
        let off = structure.print.mean[at] - aligned.contrast[at];
        open[at] && off > (GOES_ON.0 * structure.print.deviation[at]).max(GOES_ON.1)
    };
    let mut next = 0;
    while let Some(at) = cells.get(next).copied() {
        next += 1;
        for at in around(at, open.dim()).filter(|at| darker(*at)) {
            take(at, &mut cells);
        }
    }
    for at in cells {
        for at in around(at, open.dim()) {
            taken[at] = true;
        }
    }
    taken
}

/// The cells on the straight way between two pieces where they come nearest; none where it is too far, or not dark.
fn between(
    one: &Region,
    other: &Region,
    dark: &dyn Fn((usize, usize)) -> bool,
) -> Vec<(usize, usize)> {
    let off = |a: &(usize, usize), b: &(usize, usize)| {
        let [r, c] = [a.0.abs_diff(b.0), a.1.abs_diff(b.1)].map(|v| v as f64);
        r.hypot(c)
    };
    let pairs = one
        .cells
        .iter()
        .flat_map(|a| other.cells.iter().map(move |b| (off(a, b), a, b)));
    let Some((far, a, b)) = pairs.min_by(|x, y| x.0.total_cmp(&y.0)) else {
        return Vec::new();
    };
    if far > GAP * CELLS_PER_MM {
        return Vec::new();
    }
    let steps = far.ceil().max(1.0) as usize;
    let way: Vec<(usize, usize)> = (0..=steps)
        .map(|step| {
            let k = step as f64 / steps as f64;
            let on = |from: usize, to: usize| {
                (from as f64 + k * (to as f64 - from as f64)).round() as usize
            };
            (on(a.0, b.0), on(a.1, b.1))
        })
        .collect();
    let shape = (usize::MAX, usize::MAX);
    let seen = way.iter().filter(|at| around(**at, shape).any(dark));
    if (seen.count() as f64) < DARK_SHARE * way.len() as f64 {
        return Vec::new();
    }
    way
}
