//! The paper's edges to a fraction of a pixel, near where they are expected.

use ndarray::Array2;

use super::Quad;
use super::bed::{Line, robust_line};
use super::homography::Point;
use crate::pixels::Raster;

/// Profiles across each side.
const PROFILES: usize = 40;
/// Positions along each profile.
const POSITIONS: usize = 61;
/// Steps of colour beyond this count as much as this: a black line is no better an edge than a
/// clear one of paper (Euclidean, RGB 0..=255).
const ENOUGH: f32 = 24.0;
/// Mean capped step along a side that makes it an edge.
const CLEAR: f32 = 5.0;

/// How one side of the outline was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SideSource {
    /// A step of colour between bed and paper.
    Edge,
    /// The frame of the scan: the note was cropped there, or fills it.
    Frame,
    /// No edge to be seen: where the print says that the paper ends.
    Print,
}

/// A settled outline.
#[derive(Debug, Clone, PartialEq)]
pub struct SettledOutline {
    /// Corners, scan px.
    pub quad: Quad,
    /// Top, right, bottom, left.
    pub sides: [SideSource; 4],
    /// Mean colour step along the sides that are edges, 0..=1 of a clear one.
    pub quality: f64,
}

/// Settles each side of `expected` on the paper's edge: among lines within `reach` px of it, the one
/// with the clearest step of colour all along, nearer ones preferred (`spread` px is the standard
/// deviation of what is expected). A side whose edge is not to be seen keeps its place, or goes to
/// the frame where that is as near.
pub fn settle(raster: &Raster, expected: &Quad, reach: f64, spread: f64) -> SettledOutline {
    let (width, height) = (raster.width() as f64, raster.height() as f64);
    let mut lines = [None; 4];
    let mut sides = [SideSource::Print; 4];
    let mut quality = 0.0;
    for side in 0..4 {
        let (a, b) = (expected[side], expected[(side + 1) % 4]);
        let (line, source, clearness) = settle_side(raster, a, b, reach, spread);
        lines[side] = line.or_else(|| Line::through(a, b));
        sides[side] = source;
        quality += clearness / 4.0;
    }
    let mut quad = *expected;
    for k in 0..4 {
        if let (Some(before), Some(after)) = (lines[(k + 3) % 4], lines[k])
            && let Some(corner) = before.crossing(&after)
        {
            quad[k] = [
                corner[0].clamp(-width, 2.0 * width),
                corner[1].clamp(-height, 2.0 * height),
            ];
        }
    }
    SettledOutline {
        quad,
        sides,
        quality,
    }
}

fn settle_side(
    raster: &Raster,
    a: Point,
    b: Point,
    reach: f64,
    spread: f64,
) -> (Option<Line>, SideSource, f64) {
    let length = super::distance(&a, &b).max(1.0);
    let along = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
    // Corners run clockwise, so the outside is to the left of the way along a side.
    let outward = [along[1], -along[0]];
    let step = (2.0 * reach / (POSITIONS - 1) as f64).max(0.25);
    let window = ((spread * 0.5 / step).round() as usize).clamp(2, 8);
    let steps = colour_steps(raster, a, along, outward, length, step, window);
    let offset = |position: usize| (position as f64 - (POSITIONS / 2) as f64) * step;
    let nearness = |s: f64| (-0.5 * (s / spread).powi(2)).exp() as f32;

    // Every line from a position at one end to one at the other: which has most step along it?
    let tilt = (POSITIONS / 6) as isize;
    let mut best = (0.0f32, 0usize, 0usize, 0.0f32);
    for first in 0..POSITIONS {
        for change in -tilt..=tilt {
            let last = first as isize + change;
            if last < 0 || last >= POSITIONS as isize {
                continue;
            }
            let mut sum = 0.0;
            for profile in 0..PROFILES {
                let t = profile as f64 / (PROFILES - 1) as f64;
                let at = (first as f64 + change as f64 * t).round() as usize;
                sum += steps[[profile, at.min(POSITIONS - 1)]];
            }
            let mean = sum / PROFILES as f32;
            let middle = (first as f64 + last as f64) / 2.0;
            let score = mean * nearness((middle - (POSITIONS / 2) as f64) * step);
            if score > best.0 {
                best = (score, first, last as usize, mean);
            }
        }
    }
    let frame = frame_line(raster, a, b, reach);
    let frame_score = frame.map_or(0.0, |(_, s)| CLEAR * nearness(s));
    let (score, first, last, mean) = best;
    if mean < CLEAR || score < frame_score {
        return match frame {
            Some((line, s)) if nearness(s) > nearness(2.0 * spread) => {
                (Some(line), SideSource::Frame, 0.0)
            }
            _ => (None, SideSource::Print, 0.0),
        };
    }
    // Sub-pixel: the peak of each profile near the line, then a robust line through the peaks.
    let mut points = Vec::with_capacity(PROFILES);
    for profile in 0..PROFILES {
        let t = profile as f64 / (PROFILES - 1) as f64;
        let centre = (first as f64 + (last as f64 - first as f64) * t).round() as usize;
        let from = centre.saturating_sub(3).max(1);
        let to = (centre + 3).min(POSITIONS - 2);
        let Some(peak) = (from..=to).max_by(|&i, &j| {
            steps[[profile, i]].total_cmp(&steps[[profile, j]])
        }) else {
            continue;
        };
        let (before, here, after) = (
            steps[[profile, peak - 1]],
            steps[[profile, peak]],
            steps[[profile, peak + 1]],
        );
        if here < CLEAR {
            continue;
        }
        let curve = before - 2.0 * here + after;
        let fine = if curve < 0.0 {
            f64::from(0.5 * (before - after) / curve).clamp(-0.5, 0.5)
        } else {
            0.0
        };
        let s = offset(peak) + fine * step;
        let d = (0.03 + 0.94 * t) * length;
        points.push([
            a[0] + along[0] * d + outward[0] * s,
            a[1] + along[1] * d + outward[1] * s,
        ]);
    }
    let at = |s: f64, d: f64| {
        [
            a[0] + along[0] * d + outward[0] * s,
            a[1] + along[1] * d + outward[1] * s,
        ]
    };
    let start = Line::through(at(offset(first), 0.03 * length), at(offset(last), 0.97 * length));
    let line = start.and_then(|start| robust_line(&points, start, 4.0 * step).or(Some(start)));
    (
        line,
        SideSource::Edge,
        f64::from((mean / ENOUGH).min(1.0)),
    )
}

/// The frame side that a note's side runs along, and how far outward it lies; `None` where it is
/// farther than `reach`.
fn frame_line(raster: &Raster, a: Point, b: Point, reach: f64) -> Option<(Line, f64)> {
    let (width, height) = (raster.width() as f64, raster.height() as f64);
    let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let corners = [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]];
    // A line along the frame: a tilt of a twentieth is more than a fed or cropped note has.
    let flat = |d: f64, along: f64| d.abs() < 0.05 * along.abs();
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (from, to, outward) = if flat(dy, dx) && dx > 0.0 {
        (corners[0], corners[1], middle[1])
    } else if flat(dx, dy) && dy > 0.0 {
        (corners[1], corners[2], width - middle[0])
    } else if flat(dy, dx) {
        (corners[2], corners[3], height - middle[1])
    } else if flat(dx, dy) {
        (corners[3], corners[0], middle[0])
    } else {
        return None;
    };
    (outward.abs() <= reach).then(|| Line::through(from, to).map(|line| (line, outward)))?
}

/// Capped colour step between a window outside and one inside of each position, profiles × positions.
/// Positions run outwards. 0 where a window leaves the scan.
fn colour_steps(
    raster: &Raster,
    a: Point,
    along: Point,
    outward: Point,
    length: f64,
    step: f64,
    window: usize,
) -> Array2<f32> {
    let mut out = Array2::zeros((PROFILES, POSITIONS));
    let samples = POSITIONS + 2 * window;
    let mut sums: Vec<Option<[f32; 3]>> = Vec::with_capacity(samples + 1);
    for profile in 0..PROFILES {
        let t = profile as f64 / (PROFILES - 1) as f64;
        let d = (0.03 + 0.94 * t) * length;
        sums.clear();
        for index in 0..samples {
            let s = (index as f64 - (samples / 2) as f64) * step;
            let mut total = [0.0f32; 3];
            let mut seen = 0.0;
            for side in [-1.0, 0.0, 1.0] {
                let x = a[0] + along[0] * (d + side) + outward[0] * s;
                let y = a[1] + along[1] * (d + side) + outward[1] * s;
                if x < 0.0 || y < 0.0 {
                    continue;
                }
                if let Some(colour) = raster.get(x as usize, y as usize) {
                    for (t, v) in total.iter_mut().zip(colour) {
                        *t += v;
                    }
                    seen += 1.0;
                }
            }
            sums.push((seen > 0.0).then(|| total.map(|v| v / seen)));
        }
        for position in 0..POSITIONS {
            let centre = position + window;
            let mean = |range: std::ops::Range<usize>| {
                let count = range.len() as f32;
                let mut total = [0.0f32; 3];
                for index in range {
                    let colour = (*sums.get(index)?)?;
                    for (t, v) in total.iter_mut().zip(colour) {
                        *t += v / count;
                    }
                }
                Some(total)
            };
            if let (Some(inside), Some(outside)) =
                (mean(centre - window..centre), mean(centre..centre + window))
            {
                let square: f32 = inside.iter().zip(outside).map(|(i, o)| (i - o) * (i - o)).sum();
                out[[profile, position]] = square.sqrt().min(ENOUGH);
            }
        }
    }
    out
}
