//! The paper's edges to a fraction of a pixel, near where they are expected.

use ndarray::Array2;

use super::Quad;
use super::bed::{Line, robust_line};
use super::homography::Point;
use crate::pixels::{Raster, apart, mean_colour};

/// Profiles across each side.
const PROFILES: usize = 40;
/// Positions along each profile.
const POSITIONS: usize = 61;
/// Steps of colour beyond this count as much as this: a black line is no better an edge than a
/// clear one of paper (Euclidean, RGB 0..=255).
const ENOUGH: f32 = 48.0;
/// Mean capped step along a side that makes it an edge.
const CLEAR: f32 = 5.0;
/// Step that an edge beside the frame needs to be believed before it: print beside the margin of a
/// cropped note reaches a few levels, a strip of bed dozens.
const FRAME: f32 = 16.0;

/// Where the margin's colour is looked for, in standard deviations of the expected edge inwards: deep
/// enough to be paper where the edge lies as far inside.
const MARGIN_DEPTHS: [f64; 5] = [1.0, 1.25, 1.5, 1.75, 2.0];

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

/// What tells paper from what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The colour of the note's own margin: where no bed can be counted on.
    Margin,
    /// The colour of the bed outside, at any shade: where the note was seen against it. A shadow is
    /// bed, and print that runs off the paper is paper.
    Bed,
}

/// Settles each side of `expected` on the paper's edge: among lines within `reach` px of it, the one
/// with the clearest step of colour all along, nearer ones preferred (`spread` px is the standard
/// deviation of what is expected). A side whose edge is not to be seen keeps its place, or goes to
/// the frame where that is as near.
pub fn settle(
    raster: &Raster,
    expected: &Quad,
    reach: f64,
    spread: f64,
    against: Against,
) -> SettledOutline {
    let margin = match against {
        Against::Margin => Some(margin_colour(raster, expected, spread)),
        Against::Bed => None,
    };
    let mut lines = [None; 4];
    let mut sides = [SideSource::Print; 4];
    let mut quality = 0.0;
    for side in 0..4 {
        let (a, b) = (expected[side], expected[(side + 1) % 4]);
        let (line, source, clearness) = settle_side(raster, margin, a, b, reach, spread);
        lines[side] = line.or_else(|| Line::through(a, b));
        sides[side] = source;
        quality += clearness / 4.0;
    }
    SettledOutline {
        quad: corners(raster, expected, &lines),
        sides,
        quality,
    }
}

/// Where neighbouring sides cross; a corner whose sides do not cross stays.
fn corners(raster: &Raster, expected: &Quad, lines: &[Option<Line>; 4]) -> Quad {
    let (width, height) = (raster.width() as f64, raster.height() as f64);
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
    quad
}

/// Colour of the paper just inside the edges: the median over a strip along all four sides.
fn margin_colour(raster: &Raster, expected: &Quad, spread: f64) -> [f32; 3] {
    let mut colours: [Vec<f32>; 3] = Default::default();
    for side in 0..4 {
        let (a, b) = (expected[side], expected[(side + 1) % 4]);
        let length = super::distance(&a, &b).max(1.0);
        let along = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
        for profile in 0..PROFILES {
            let d = length * (0.1 + 0.8 * profile as f64 / (PROFILES - 1) as f64);
            for depth in MARGIN_DEPTHS {
                let s = depth * spread;
                let x = a[0] + along[0] * d - along[1] * s;
                let y = a[1] + along[1] * d + along[0] * s;
                if x < 0.0 || y < 0.0 {
                    continue;
                }
                if let Some(colour) = raster.get(x as usize, y as usize) {
                    for (list, v) in colours.iter_mut().zip(colour) {
                        list.push(v);
                    }
                }
            }
        }
    }
    colours.map(|mut list| {
        list.sort_by(f32::total_cmp);
        list.get(list.len() / 2).copied().unwrap_or(0.0)
    })
}

fn settle_side(
    raster: &Raster,
    margin: Option<[f32; 3]>,
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
    let steps = colour_steps(raster, margin, a, along, outward, length, step, window);
    let offset = |position: usize| (position as f64 - (POSITIONS / 2) as f64) * step;
    let nearness = |s: f64| (-0.5 * (s / spread).powi(2)).exp() as f32;

    // Every line from a position at one end to one at the other: which has most step along it?
    let tilt = POSITIONS / 6;
    let mut best = (0.0f32, 0usize, 0usize, 0.0f32);
    for rise in 0..=2 * tilt {
        // Where each profile meets a line that starts at position 0, `tilt` up.
        let offsets: Vec<usize> = (0..PROFILES)
            .map(|profile| {
                let part = profile as f64 / (PROFILES - 1) as f64;
                (tilt as f64 + (rise as f64 - tilt as f64) * part).round() as usize
            })
            .collect();
        for first in 0..POSITIONS {
            let last = first + rise;
            if last < tilt || last - tilt >= POSITIONS {
                continue;
            }
            let last = last - tilt;
            let sum: f32 = steps
                .rows()
                .into_iter()
                .zip(&offsets)
                .filter_map(|(row, offset)| row.get((first + offset).checked_sub(tilt)?).copied())
                .sum();
            let mean = sum / PROFILES as f32;
            let middle = (first as f64 + last as f64) / 2.0;
            let score = mean * nearness((middle - (POSITIONS / 2) as f64) * step);
            if score > best.0 {
                best = (score, first, last, mean);
            }
        }
    }
    // Against a bed that was seen all round, there is no frame, and a faint edge is where it was seen.
    // Nor is there where a clear edge lies inside of a strip of bed.
    let frame = margin.and_then(|margin| {
        let clear = best.3 >= FRAME;
        frame_line(raster, a, b, reach).filter(|(line, _)| {
            !(clear && bed_along(raster, line, a, along, outward, length, margin))
        })
    });
    // An edge expected beyond the frame was cut off by it, however far.
    let frame_score = frame.map_or(0.0, |(_, s)| FRAME * nearness(s.max(0.0)));
    let (score, mut first, mut last, mean) = best;
    if margin.is_none() && mean < CLEAR {
        (first, last) = (POSITIONS / 2, POSITIONS / 2);
    } else if mean < CLEAR || score < frame_score {
        return match frame {
            Some((line, s)) if s < 2.0 * spread => (Some(line), SideSource::Frame, 0.0),
            _ => (None, SideSource::Print, 0.0),
        };
    }
    let at = |s: f64, d: f64| {
        [
            a[0] + along[0] * d + outward[0] * s,
            a[1] + along[1] * d + outward[1] * s,
        ]
    };
    let rough = Line::through(
        at(offset(first), 0.03 * length),
        at(offset(last), 0.97 * length),
    );
    let line = rough.map(|rough| {
        let mut line = rough;
        for _ in 0..2 {
            // Where most of a side stands out from every shade of what is outside, that is a bed: a shadow
            // on it would pull the crossing outwards, print that runs off the paper inwards. Paper that is
            // itself such a shade, grey on a white bed, has only its crossing.
            let points = ends_of_bed(raster, line, a, along, outward, length, spread);
            line = if points.len() < PROFILES {
                let points = crossings(raster, line, a, along, outward, length, spread);
                robust_line(&points, line, 2.0 * spread).unwrap_or(line)
            } else {
                straight(points).unwrap_or(line)
            };
        }
        line
    });
    (line, SideSource::Edge, f64::from((mean / ENOUGH).min(1.0)))
}

/// The line through the whole of an edge, least squares: a bowed edge belongs to it with its ends as
/// with its middle. Only what lies off by more than four standard deviations of the rest, as a folded
/// corner or a tear, does not.
fn straight(mut points: Vec<Point>) -> Option<Line> {
    for _ in 0..6 {
        if points.len() < 4 {
            return None;
        }
        let line = Line::fit(&points.iter().map(|&p| (p, 1.0)).collect::<Vec<_>>())?;
        let off: Vec<f64> = points.iter().map(|&p| line.distance(p).abs()).collect();
        let mut sorted = off.clone();
        sorted.sort_by(f64::total_cmp);
        let far = 4.0 * (1.4826 * sorted.get(sorted.len() / 2)?).max(LEAST_SCATTER);
        if off.iter().all(|d| *d <= far) {
            return Some(line);
        }
        let mut off = off.iter();
        points.retain(|_| off.next().is_some_and(|d| *d <= far));
    }
    Line::fit(&points.iter().map(|&p| (p, 1.0)).collect::<Vec<_>>())
}

/// Paper is a shade of the bed where less than this of the way to its colour is anything else.
const SHADE: f32 = 0.15;

/// Scatter that places along an edge have at least, px: they are interpolated between pixels.
const LEAST_SCATTER: f64 = 0.125;

/// Steps of a profile each way from where the edge is expected.
const STEPS: usize = 12;
/// Samples along the edge for each step of a profile.
const ALONG: usize = 8;

/// Where a profile stands `d` px along an edge from `a`, and how far outward from there the line lies.
fn profile_from(
    line: Line,
    a: Point,
    along: Point,
    outward: Point,
    d: f64,
) -> Option<(Point, f64)> {
    let base = [a[0] + along[0] * d, a[1] + along[1] * d];
    Some((base, line.along(base, outward)?))
}

/// Where the bed ends along an edge, a place a profile. A profile is a stretch of the edge, and what
/// is looked at is how unlike any shade of the bed its samples are, so that a shadow beside the edge
/// does not pull the place towards it. The root of the mean square counts print that runs off the
/// paper as well as colour: its lines may leave the mean of a stretch as the bed's.
fn ends_of_bed(
    raster: &Raster,
    line: Line,
    a: Point,
    along: Point,
    outward: Point,
    length: f64,
    spread: f64,
) -> Vec<Point> {
    let reach = spread.max(3.0);
    let step = reach / STEPS as f64;
    // Steps about the line that belong to neither side.
    let near = ((0.25 * spread).max(1.5) / step).round() as usize;
    let stretch = 0.94 * length / (2 * PROFILES) as f64;
    // Where each profile begins, its samples (steps × along, inside first), and the bed's colour.
    let mut profiles: Vec<(Point, Vec<[f32; 3]>, [f32; 3])> = Vec::with_capacity(2 * PROFILES);
    let mut textured = 0;
    for index in 0..2 * PROFILES {
        let start = 0.03 * length + index as f64 * stretch;
        let middle = start + 0.5 * stretch;
        let Some((base, s0)) = profile_from(line, a, along, outward, middle) else {
            continue;
        };
        let place = |d: f64, s: f64| {
            [
                base[0] + along[0] * d + outward[0] * (s0 + s),
                base[1] + along[1] * d + outward[1] * (s0 + s),
            ]
        };
        let samples: Option<Vec<[f32; 3]>> = (0..=2 * STEPS)
            .flat_map(|k| (0..ALONG).map(move |j| (k, j)))
            .map(|(k, j)| {
                let d = ((j as f64 + 0.5) / ALONG as f64 - 0.5) * stretch;
                let [x, y] = place(d, k as f64 * step - reach);
                colour_at(raster, x, y)
            })
            .collect();
        let Some(samples) = samples else { continue };
        let (Some(inside), Some(outside)) = (
            samples.get(..(STEPS + 1 - near) * ALONG),
            samples.get((STEPS + near) * ALONG..),
        ) else {
            continue;
        };
        let bed = mean_colour(outside.iter().copied());
        let paper = mean_colour(inside.iter().copied());
        let unlike = apart_from_shades(paper, bed);
        let texture = mean_square_unlike(inside, bed);
        if 2.0 * unlike * unlike < texture && texture > CLEAR * CLEAR {
            textured += 1;
        } else if unlike < SHADE * apart(paper, bed) {
            continue;
        }
        profiles.push((place(0.0, -reach), samples, bed));
    }
    // Where most of what sets the inside apart from the bed is texture, its mean colour says little.
    let textured = 2 * textured > profiles.len();
    profiles
        .iter()
        .filter_map(|([x, y], samples, bed)| {
            let end = if textured {
                split(samples)
            } else {
                let unlike: Vec<f32> = samples
                    .chunks(ALONG)
                    .map(|row| mean_square_unlike(row, *bed).sqrt())
                    .collect();
                outermost(&unlike, near)
            }?;
            Some([x + outward[0] * end * step, y + outward[1] * end * step])
        })
        .collect()
}

fn mean_square_unlike(colours: &[[f32; 3]], bed: [f32; 3]) -> f32 {
    mean(colours.iter().map(|c| apart_from_shades(*c, bed).powi(2)))
}

/// The outermost step, with its fraction, at which a profile is as far from the bed as the rim of
/// paper is: print makes the inside more unlike the bed than paper is, so a third of the way.
fn outermost(unlike: &[f32], near: usize) -> Option<f64> {
    let inside = mean(unlike.get(..STEPS + 1 - near)?.iter().copied());
    let outside = mean(unlike.get(STEPS + near..)?.iter().copied());
    if inside - outside < CLEAR {
        return None;
    }
    let level = outside + 0.35 * (inside - outside);
    unlike
        .windows(2)
        .enumerate()
        .rev()
        .find_map(|(k, pair)| match pair {
            [before, after] if *before >= level && *after < level => {
                Some(k as f64 + f64::from((before - level) / (before - after)))
            }
            _ => None,
        })
}

/// The step at which a profile falls into two parts, each normally distributed in colour, with the
/// greatest likelihood: where print as light and dark as the bed ends, and the bed is even.
fn split(samples: &[[f32; 3]]) -> Option<f64> {
    let steps = samples.len() / ALONG;
    // Sums of colours and of their products over the steps before each.
    let mut sums = vec![[0.0f64; 9]];
    let mut total = [0.0; 9];
    for row in samples.chunks(ALONG) {
        for colour in row {
            let [r, g, b] = colour.map(f64::from);
            let terms = [r, g, b, r * r, g * g, b * b, r * g, r * b, g * b];
            for (t, v) in total.iter_mut().zip(terms) {
                *t += v;
            }
        }
        sums.push(total);
    }
    let spread = |from: [f64; 9], to: [f64; 9], rows: usize| {
        let n = (rows * ALONG) as f64;
        let m: [f64; 9] = std::array::from_fn(|k| (to[k] - from[k]) / n);
        let (r, g, b) = (
            m[3] - m[0] * m[0] + QUANTUM,
            m[4] - m[1] * m[1] + QUANTUM,
            m[5] - m[2] * m[2] + QUANTUM,
        );
        let (rg, rb, gb) = (m[6] - m[0] * m[1], m[7] - m[0] * m[2], m[8] - m[1] * m[2]);
        let det = r * (g * b - gb * gb) - rg * (rg * b - gb * rb) + rb * (rg * gb - g * rb);
        n * det.max(QUANTUM).ln()
    };
    let (first, last) = (sums.first().copied()?, sums.last().copied()?);
    (2..steps - 1)
        .filter_map(|k| {
            let here = sums.get(k).copied()?;
            Some((k, spread(first, here, k) + spread(here, last, steps - k)))
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(k, _)| k as f64 - 0.5)
}

/// Variance of a channel that rounding and compression make at least.
const QUANTUM: f64 = 4.0;

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (mut sum, mut count) = (0.0, 0);
    for v in values {
        sum += v;
        count += 1;
    }
    sum / count.max(1) as f32
}

/// Where each profile crosses from paper to bed near a line: half way between the colour inside and
/// the colour outside, to a fraction of a pixel.
fn crossings(
    raster: &Raster,
    line: Line,
    a: Point,
    along: Point,
    outward: Point,
    length: f64,
    spread: f64,
) -> Vec<Point> {
    let reach = spread.max(3.0);
    let near = (0.25 * spread).max(1.5);
    let count = (2.0 * reach) as usize + 1;
    let mut points = Vec::with_capacity(2 * PROFILES);
    let mut profile: Vec<Option<[f32; 3]>> = Vec::with_capacity(count);
    for index in 0..2 * PROFILES {
        let d = (0.03 + 0.94 * index as f64 / (2 * PROFILES - 1) as f64) * length;
        let Some((base, s0)) = profile_from(line, a, along, outward, d) else {
            continue;
        };
        let place = |s: f64| [base[0] + outward[0] * s, base[1] + outward[1] * s];
        profile.clear();
        for k in 0..count {
            let [x, y] = place(s0 - reach + k as f64);
            profile.push(colour_at(raster, x, y));
        }
        let mean = |from: f64, to: f64| -> Option<[f32; 3]> {
            let (from, to) = (
                (from + reach).round().max(0.0) as usize,
                ((to + reach).round() as usize).min(count - 1),
            );
            let n = (to + 1).checked_sub(from).filter(|n| *n > 0)? as f32;
            let mut total = [0.0; 3];
            for colour in profile.get(from..=to)? {
                for (t, v) in total.iter_mut().zip((*colour)?) {
                    *t += v / n;
                }
            }
            Some(total)
        };
        let (Some(inside), Some(outside)) = (mean(-reach, -near), mean(near, reach)) else {
            continue;
        };
        let way: Vec<f32> = outside.iter().zip(inside).map(|(o, i)| o - i).collect();
        let square: f32 = way.iter().map(|w| w * w).sum();
        if square < CLEAR * CLEAR {
            continue;
        }
        let progress = |colour: &Option<[f32; 3]>| {
            colour.map(|c| {
                c.iter()
                    .zip(inside)
                    .zip(&way)
                    .map(|((c, i), w)| (c - i) * w)
                    .sum::<f32>()
                    / square
            })
        };
        let mut best: Option<f64> = None;
        for (k, pair) in profile.windows(2).enumerate() {
            let [before, after] = pair else { continue };
            let (Some(p), Some(q)) = (progress(before), progress(after)) else {
                continue;
            };
            if p < 0.5 && q >= 0.5 {
                let s = k as f64 + f64::from((0.5 - p) / (q - p)) - reach;
                if best.is_none_or(|b| s.abs() < b.abs()) {
                    best = Some(s);
                }
            }
        }
        if let Some(s) = best {
            points.push(place(s0 + s));
        }
    }
    points
}

/// Mean colour of five pixels along an edge.
fn smeared_at(raster: &Raster, [x, y]: Point, along: Point) -> Option<[f32; 3]> {
    let mut total = [0.0; 3];
    for shift in [-2.0, -1.0, 0.0, 1.0, 2.0] {
        let colour = colour_at(raster, x + along[0] * shift, y + along[1] * shift)?;
        for (t, v) in total.iter_mut().zip(colour) {
            *t += v / 5.0;
        }
    }
    Some(total)
}

/// Colour between pixel centres, bilinear; none within half a pixel of the frame's outside.
fn colour_at(raster: &Raster, x: f64, y: f64) -> Option<[f32; 3]> {
    let (x, y) = (x - 0.5, y - 0.5);
    if x < 0.0 || y < 0.0 {
        return None;
    }
    let (x0, y0) = (x as usize, y as usize);
    let (fx, fy) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
    let corners = [
        (raster.get(x0, y0)?, (1.0 - fx) * (1.0 - fy)),
        (raster.get(x0 + 1, y0)?, fx * (1.0 - fy)),
        (raster.get(x0, y0 + 1)?, (1.0 - fx) * fy),
        (raster.get(x0 + 1, y0 + 1)?, fx * fy),
    ];
    let mut out = [0.0; 3];
    for (colour, weight) in corners {
        for (o, c) in out.iter_mut().zip(colour) {
            *o += c * weight;
        }
    }
    Some(out)
}

/// The frame side that a note's side runs along, and how far outward of it the frame lies (negative
/// where the note goes on beyond); `None` where it is farther than `reach` outward.
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
    (outward <= reach).then(|| Line::through(from, to).map(|line| (line, outward)))?
}

/// Whether a strip of bed lies beside the frame: even in colour, which the margin's is not.
fn bed_along(
    raster: &Raster,
    frame: &Line,
    a: Point,
    along: Point,
    outward: Point,
    length: f64,
    margin: [f32; 3],
) -> bool {
    let colours: Vec<[f32; 3]> = (0..PROFILES)
        .filter_map(|profile| {
            let d = (0.03 + 0.94 * profile as f64 / (PROFILES - 1) as f64) * length;
            let base = [a[0] + along[0] * d, a[1] + along[1] * d];
            let s = frame.along(base, outward)? - 2.0;
            smeared_at(
                raster,
                [base[0] + outward[0] * s, base[1] + outward[1] * s],
                along,
            )
        })
        .collect();
    let median = |mut list: Vec<f32>| {
        list.sort_by(f32::total_cmp);
        list.get(list.len() / 2).copied()
    };
    let middle = [0, 1, 2].map(|k| median(colours.iter().map(|c| c[k]).collect()).unwrap_or(0.0));
    let uneven = median(colours.iter().map(|c| apart(*c, middle)).collect());
    uneven.is_some_and(|uneven| uneven < EVEN && apart(middle, margin) > 2.0 * EVEN)
}

/// Median deviation of a bed from its colour, with its noise and the scanner's compression.
const EVEN: f32 = 5.0;

/// How much more like paper a window inside of each position is than one outside: profiles ×
/// positions, positions running outwards; 0 where a window leaves the scan. Likeness is capped, so
/// that the print's own border, with paper on both sides, makes no step.
#[allow(clippy::too_many_arguments)]
fn colour_steps(
    raster: &Raster,
    margin: Option<[f32; 3]>,
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
        // The bed far outside of this profile, or as far as the scan shows it.
        let bed = (1..=samples / 4).rev().find_map(|back| {
            let end = samples.checked_sub(samples / 4 - back)?;
            mean(end.checked_sub(samples / 8)?..end)
        });
        let likeness = |colour: [f32; 3]| match (margin, bed) {
            (Some(margin), _) => ENOUGH - apart(colour, margin).min(ENOUGH),
            (None, Some(bed)) => apart_from_shades(colour, bed).min(ENOUGH),
            (None, None) => 0.0,
        };
        for position in 0..POSITIONS {
            let centre = position + window;
            if let (Some(inside), Some(outside)) =
                (mean(centre - window..centre), mean(centre..centre + window))
            {
                out[[profile, position]] = (likeness(inside) - likeness(outside)).max(0.0);
            }
        }
    }
    out
}

/// Darkest shade of the bed that a note's shadow makes.
const DEEPEST_SHADOW: f32 = 0.4;

/// Distance of a colour from a bed's colour in any shade from its own down to a deep shadow.
fn apart_from_shades(colour: [f32; 3], bed: [f32; 3]) -> f32 {
    let square: f32 = bed.iter().map(|v| v * v).sum();
    let along: f32 = colour.iter().zip(bed).map(|(c, b)| c * b).sum();
    let shade = (along / square.max(1.0)).clamp(DEEPEST_SHADOW, 1.0);
    apart(colour, bed.map(|v| v * shade))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use image::{Rgb, RgbImage};

    /// A bed of 150 grey levels above, and below row 60 what `inside` says.
    fn bed_above(inside: impl Fn(u32, u32) -> [u8; 3]) -> Raster {
        Raster::Eight(RgbImage::from_fn(800, 120, |x, y| {
            Rgb(if y < 60 { [150; 3] } else { inside(x, y) })
        }))
    }

    /// The upper edge of what lies below row 60, looked for from 3 px off and tilted.
    fn edge(raster: &Raster) -> Line {
        let rough = Line::through([0.0, 57.0], [800.0, 61.0]).unwrap();
        let (a, along, outward) = ([0.0, 60.0], [1.0, 0.0], [0.0, -1.0]);
        let points = ends_of_bed(raster, rough, a, along, outward, 800.0, 10.0);
        assert!(points.len() > PROFILES);
        straight(points).unwrap()
    }

    fn off(line: &Line) -> f64 {
        let at = |x: f64| line.along([x, 60.0], [0.0, 1.0]).unwrap().abs();
        at(0.0).max(at(800.0))
    }

    #[test]
    fn paper_ends_where_its_colour_does() {
        let paper = edge(&bed_above(|_, _| [240, 236, 220]));
        assert!(off(&paper) < 0.5, "{}", off(&paper));
    }

    #[test]
    fn print_as_light_and_dark_as_the_bed_ends_where_the_bed_is_even() {
        // Its mean is the bed's colour.
        let print = edge(&bed_above(|x, y| {
            if (x / 2 + y / 3) % 2 == 0 {
                [130, 150, 170]
            } else {
                [170, 150, 130]
            }
        }));
        assert!(off(&print) < 0.6, "{}", off(&print));
    }

    #[test]
    fn a_bowed_edge_counts_with_its_ends_and_a_folded_corner_does_not() {
        let bow = |x: f64| 0.5 - 3.0 * (x / 400.0 - 1.0).powi(2);
        let points = |folded: f64| {
            let at = |x: f64| [x, bow(x) + if x < folded { 20.0 } else { 0.0 }];
            (0..80).map(|k| at(f64::from(k) * 10.0 + 5.0)).collect()
        };
        let (whole, folded) = (
            straight(points(0.0)).unwrap(),
            straight(points(60.0)).unwrap(),
        );
        let middle = |line: Line| line.along([400.0, 0.0], [0.0, 1.0]).unwrap();
        // The mean of the bow: a third of its height above the ends.
        assert!((middle(whole) + 0.5).abs() < 0.05, "{}", middle(whole));
        assert!((middle(folded) - middle(whole)).abs() < 0.3);
    }
}
