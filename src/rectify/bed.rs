//! The bed: what surrounds the note in a scan.

use std::collections::VecDeque;

use ndarray::Array2;

use super::homography::Point;
use super::{Origin, Outline, Overview, Quad};
use crate::pixels::apart;

/// A pixel joins the bed where it is within this many noise levels of the bed beside it.
const NOISE_LEVELS: f32 = 5.0;
/// Least and greatest step of colour (Euclidean, RGB 0..=255) taken for the note's edge.
const STEP: (f32, f32) = (9.0, 30.0);
/// Difference of colour across a pixel that is an edge on any bed, whatever its noise.
const EDGE: f32 = 1.5 * STEP.1;
/// By how much more an outline encloses than another where that is one of its print only.
const LARGER: f64 = 1.04;
/// How fast the bed's colour follows what it meets, a pixel.
const FOLLOW: f32 = 0.15;
/// Share of the overview that a note must cover at least.
const LEAST_AREA: f64 = 0.015;

/// Share of its quadrilateral that a note's mask fills at least, folded corners and tears included.
const FULL: f64 = 0.95;
/// Share below which a mask is no outline at all: the bed was followed into the note.
const RAGGED: f64 = 0.8;

/// Outlines of what is not bed, the one that best fills its quadrilateral first. Empty where nothing
/// large enough is left, or where it is no quadrilateral.
///
/// The step of colour that stops the bed is first taken from the bed's own noise. Where that leaves
/// something ragged, a smaller and a greater one are tried as well.
pub fn outlines(overview: &Overview, width: f64, height: f64) -> Vec<Outline> {
    let ring = Ring::of(overview);
    let mut found: Vec<(f64, Outline)> = Vec::new();
    for factor in [1.0, 0.6, 1.8] {
        let step = (NOISE_LEVELS * ring.noise * factor).clamp(STEP.0 * factor, STEP.1 * factor);
        let look = |edge| outline(overview, &ring, (step, edge), width, height);
        if let Some((fill, outline)) = look(f32::INFINITY) {
            if fill > FULL {
                // What looks like a note may be its print, where the bed was led onto the paper.
                let beside = look(EDGE).filter(|(fill, beside)| {
                    *fill > FULL && area(&beside.quad) > LARGER * area(&outline.quad)
                });
                return [outline].into_iter().chain(beside.map(|b| b.1)).collect();
            }
            if fill > RAGGED {
                found.push((fill, outline));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, outline)| outline).collect()
}

fn outline(
    overview: &Overview,
    ring: &Ring,
    (step, edge): (f32, f32),
    width: f64,
    height: f64,
) -> Option<(f64, Outline)> {
    let note = largest_component(&opened(&not_bed(overview, ring, step, edge)))?;
    let (rows, columns) = note.dim();
    let boundary = boundary(&note);
    let quad = fit_quad(&boundary.points)?;
    let fill = 1.0 - (boundary.area / area(&quad) - 1.0).abs();
    let scale = overview.factor as f64;
    let limits = (columns as f64, rows as f64);
    let mut cut = [false; 4];
    for (side, cut) in cut.iter_mut().enumerate() {
        let (a, b) = (quad.get(side)?, quad.get((side + 1) % 4)?);
        *cut = near_frame(*a, *b, limits);
    }
    let quad = quad.map(|[x, y]| {
        [
            (x * scale).clamp(-0.1 * width, 1.1 * width),
            (y * scale).clamp(-0.1 * height, 1.1 * height),
        ]
    });
    Some((
        fill,
        Outline {
            quad,
            origin: Origin::Bed,
            cut,
        },
    ))
}

fn area(quad: &Quad) -> f64 {
    let mut twice = 0.0;
    for (p, q) in quad.iter().zip(quad.iter().cycle().skip(1)) {
        twice += p[0] * q[1] - p[1] * q[0];
    }
    (twice / 2.0).abs().max(1e-9)
}

fn near_frame(a: Point, b: Point, (width, height): (f64, f64)) -> bool {
    let close = |v: f64, limit: f64| v < 2.5 || v > limit - 2.5;
    let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    close(middle[0], width) || close(middle[1], height)
}

/// The outermost pixels of an overview: bed, unless the note fills the frame.
struct Ring {
    places: Vec<(usize, usize)>,
    /// Median step of colour from one to the next.
    noise: f32,
}

impl Ring {
    fn of(overview: &Overview) -> Self {
        let (_, rows, columns) = overview.planes.dim();
        let across = (0..columns).flat_map(|c| [(0, c), (rows - 1, c)]);
        let down = (1..rows.saturating_sub(1)).flat_map(|r| [(r, 0), (r, columns - 1)]);
        let places: Vec<(usize, usize)> = across.chain(down).collect();
        let mut steps: Vec<f32> = places
            .iter()
            .map(|&(r, c)| {
                let next = if r == 0 || r + 1 == rows {
                    (r, (c + 1).min(columns - 1))
                } else {
                    ((r + 1).min(rows - 1), c)
                };
                apart(colour(overview, r, c), colour(overview, next.0, next.1))
            })
            .collect();
        steps.sort_by(f32::total_cmp);
        let noise = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
        Self { places, noise }
    }
}

fn colour(overview: &Overview, row: usize, column: usize) -> [f32; 3] {
    [0, 1, 2].map(|channel| overview.planes[[channel, row, column]])
}

/// True where the bed does not reach. The bed grows from the frame inwards, pixel by pixel, as long
/// as the colour stays within `step` of the bed's own beside it, which follows shadows and vignettes; it
/// does not go on from where an `edge` lies: along one that is nearly level each pixel holds a little
/// more of the paper than the one before, and would lead the bed onto it. In a bed with edges of its
/// own, as of a sleeve, it may have to.
fn not_bed(overview: &Overview, ring: &Ring, step: f32, edge: f32) -> Array2<bool> {
    let (_, rows, columns) = overview.planes.dim();
    let mut note = Array2::from_elem((rows, columns), true);
    let mut level = Array2::from_elem((rows, columns), [0.0f32; 3]);
    let mut queue = VecDeque::with_capacity(rows * columns / 2);
    for &(r, c) in &ring.places {
        note[[r, c]] = false;
        level[[r, c]] = colour(overview, r, c);
        queue.push_back((r, c));
    }
    while let Some((r, c)) = queue.pop_front() {
        if edge.is_finite() && on_an_edge(overview, r, c, edge) {
            continue;
        }
        let here = level[[r, c]];
        let neighbours = [
            (r.wrapping_sub(1), c),
            (r + 1, c),
            (r, c.wrapping_sub(1)),
            (r, c + 1),
        ];
        for (nr, nc) in neighbours {
            if nr >= rows || nc >= columns || !note[[nr, nc]] {
                continue;
            }
            let there = colour(overview, nr, nc);
            if apart(here, there) < step {
                note[[nr, nc]] = false;
                let mut mixed = here;
                for (m, t) in mixed.iter_mut().zip(there) {
                    *m += FOLLOW * (t - *m);
                }
                level[[nr, nc]] = mixed;
                queue.push_back((nr, nc));
            }
        }
    }
    note
}

/// Whether the colour before a pixel and behind it, across or down, are further apart than `step`.
fn on_an_edge(overview: &Overview, row: usize, column: usize, step: f32) -> bool {
    let (_, rows, columns) = overview.planes.dim();
    let down = (1..rows.saturating_sub(1)).contains(&row)
        && apart(
            colour(overview, row - 1, column),
            colour(overview, row + 1, column),
        ) > step;
    down || (1..columns.saturating_sub(1)).contains(&column)
        && apart(
            colour(overview, row, column - 1),
            colour(overview, row, column + 1),
        ) > step
}

/// Erosion then dilation by one pixel: cuts dust and thin lines off.
fn opened(mask: &Array2<bool>) -> Array2<bool> {
    let (rows, columns) = mask.dim();
    let near = |m: &Array2<bool>, r: usize, c: usize, wanted: bool| {
        let (r0, r1) = (r.saturating_sub(1), (r + 1).min(rows - 1));
        let (c0, c1) = (c.saturating_sub(1), (c + 1).min(columns - 1));
        (r0..=r1).any(|y| (c0..=c1).any(|x| m[[y, x]] == wanted))
    };
    let eroded = Array2::from_shape_fn((rows, columns), |(r, c)| {
        mask[[r, c]] && !near(mask, r, c, false)
    });
    Array2::from_shape_fn((rows, columns), |(r, c)| near(&eroded, r, c, true))
}

/// The largest 4-connected part of a mask.
fn largest_component(mask: &Array2<bool>) -> Option<Array2<bool>> {
    let (rows, columns) = mask.dim();
    let mut labels = Array2::<u32>::zeros((rows, columns));
    let (mut next, mut best, mut best_size) = (0u32, 0u32, 0usize);
    let mut stack = Vec::new();
    for r in 0..rows {
        for c in 0..columns {
            if !mask[[r, c]] || labels[[r, c]] != 0 {
                continue;
            }
            next += 1;
            labels[[r, c]] = next;
            stack.push((r, c));
            let mut size = 0;
            while let Some((y, x)) = stack.pop() {
                size += 1;
                for (ny, nx) in [
                    (y.wrapping_sub(1), x),
                    (y + 1, x),
                    (y, x.wrapping_sub(1)),
                    (y, x + 1),
                ] {
                    if ny < rows && nx < columns && mask[[ny, nx]] && labels[[ny, nx]] == 0 {
                        labels[[ny, nx]] = next;
                        stack.push((ny, nx));
                    }
                }
            }
            if size > best_size {
                (best, best_size) = (next, size);
            }
        }
    }
    (best_size as f64 >= LEAST_AREA * (rows * columns) as f64).then(|| labels.mapv(|l| l == best))
}

/// The rim of a mask.
struct Boundary {
    /// Outer corners of the outermost pixels in each row and column, overview px.
    points: Vec<Point>,
    /// Pixels inside, holes filled.
    area: f64,
}

fn boundary(mask: &Array2<bool>) -> Boundary {
    let mut points = Vec::new();
    let mut area = 0.0;
    for (r, row) in mask.rows().into_iter().enumerate() {
        let first = row.iter().position(|&m| m);
        let last = row.iter().rposition(|&m| m);
        if let (Some(first), Some(last)) = (first, last) {
            points.push([first as f64, r as f64 + 0.5]);
            points.push([last as f64 + 1.0, r as f64 + 0.5]);
            area += (last + 1 - first) as f64;
        }
    }
    for (c, column) in mask.columns().into_iter().enumerate() {
        let first = column.iter().position(|&m| m);
        let last = column.iter().rposition(|&m| m);
        if let (Some(first), Some(last)) = (first, last) {
            points.push([c as f64 + 0.5, first as f64]);
            points.push([c as f64 + 0.5, last as f64 + 1.0]);
        }
    }
    Boundary { points, area }
}

/// A line as a·x + b·y = c with a² + b² = 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    a: f64,
    b: f64,
    c: f64,
}

impl Line {
    /// Through two points; `None` where they are one.
    pub fn through(p: Point, q: Point) -> Option<Self> {
        let (dx, dy) = (q[0] - p[0], q[1] - p[1]);
        let length = dx.hypot(dy);
        (length > 1e-9).then(|| {
            let (a, b) = (-dy / length, dx / length);
            Self {
                a,
                b,
                c: a * p[0] + b * p[1],
            }
        })
    }

    /// Total least squares with weights; `None` where the points fix no line.
    pub fn fit(points: &[(Point, f64)]) -> Option<Self> {
        let total: f64 = points.iter().map(|p| p.1).sum();
        if total <= 0.0 {
            return None;
        }
        let mean = |k: usize| points.iter().map(|(p, w)| p[k] * w).sum::<f64>() / total;
        let (mx, my) = (mean(0), mean(1));
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (p, w) in points {
            let (dx, dy) = (p[0] - mx, p[1] - my);
            xx += w * dx * dx;
            xy += w * dx * dy;
            yy += w * dy * dy;
        }
        if xx + yy <= 1e-12 {
            return None;
        }
        let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
        let (a, b) = (-angle.sin(), angle.cos());
        Some(Self {
            a,
            b,
            c: a * mx + b * my,
        })
    }

    /// Signed distance of a point.
    pub fn distance(&self, p: Point) -> f64 {
        self.a * p[0] + self.b * p[1] - self.c
    }

    /// How far from `point` in `direction` the line lies; `None` where they are parallel.
    pub fn along(&self, point: Point, direction: Point) -> Option<f64> {
        let rate = self.a * direction[0] + self.b * direction[1];
        (rate.abs() > 1e-6).then(|| -self.distance(point) / rate)
    }

    /// Where two lines cross; `None` where they are parallel.
    pub fn crossing(&self, other: &Self) -> Option<Point> {
        let det = self.a * other.b - other.a * self.b;
        (det.abs() > 1e-6).then(|| {
            [
                (self.c * other.b - other.c * self.b) / det,
                (self.a * other.c - other.a * self.c) / det,
            ]
        })
    }
}

/// Robust line through points: starts from all, then Tukey weights about the fit.
pub fn robust_line(points: &[Point], start: Line, reach: f64) -> Option<Line> {
    let mut line = start;
    for round in 0..6 {
        let scale = reach / f64::from(1 << round.min(3));
        let weighted: Vec<(Point, f64)> = points
            .iter()
            .map(|&p| {
                let u = line.distance(p) / scale;
                (
                    p,
                    if u.abs() < 1.0 {
                        (1.0 - u * u).powi(2)
                    } else {
                        0.0
                    },
                )
            })
            .filter(|p| p.1 > 0.0)
            .collect();
        if weighted.len() < 4 {
            return None;
        }
        line = Line::fit(&weighted)?;
    }
    Some(line)
}

/// Four lines around boundary points: the smallest rectangle around them first, then each side by
/// its own points, so that a folded corner or a tear moves no side.
fn fit_quad(boundary: &[Point]) -> Option<Quad> {
    let whole: Vec<imageproc::point::Point<i32>> = boundary
        .iter()
        .map(|p| imageproc::point::Point::new((p[0] * 8.0) as i32, (p[1] * 8.0) as i32))
        .collect();
    if whole.len() < 8 {
        return None;
    }
    let rect = imageproc::geometry::min_area_rect(&whole)
        .map(|p| [f64::from(p.x) / 8.0, f64::from(p.y) / 8.0]);
    let mut quad = ordered(rect)?;
    for _ in 0..2 {
        let reach = 0.06 * super::long_side(&quad);
        let mut lines = Vec::with_capacity(4);
        for side in 0..4 {
            let (a, b) = (*quad.get(side)?, *quad.get((side + 1) % 4)?);
            let start = Line::through(a, b)?;
            let length = super::distance(&a, &b);
            let along: Vec<Point> = boundary
                .iter()
                .copied()
                .filter(|p| {
                    let t = ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1]))
                        / (length * length);
                    (0.04..=0.96).contains(&t) && start.distance(*p).abs() < reach
                })
                .collect();
            lines.push(robust_line(&along, start, reach).unwrap_or(start));
        }
        let mut corners = [[0.0; 2]; 4];
        for (k, corner) in corners.iter_mut().enumerate() {
            *corner = lines.get((k + 3) % 4)?.crossing(lines.get(k)?)?;
        }
        quad = corners;
    }
    is_convex(&quad).then_some(quad)
}

/// Corners in the order top left, top right, bottom right, bottom left: the side that points most
/// to the right is the top.
fn ordered(corners: [Point; 4]) -> Option<Quad> {
    let cx = corners.iter().map(|p| p[0]).sum::<f64>() / 4.0;
    let cy = corners.iter().map(|p| p[1]).sum::<f64>() / 4.0;
    let mut sorted = corners;
    sorted.sort_by(|p, q| {
        (p[1] - cy)
            .atan2(p[0] - cx)
            .total_cmp(&(q[1] - cy).atan2(q[0] - cx))
    });
    // Clockwise on the screen; turn until the first side runs to the right.
    let start = (0..4).max_by(|&i, &j| {
        let run = |k: usize| {
            let (a, b) = (sorted[k % 4], sorted[(k + 1) % 4]);
            (b[0] - a[0]) / super::distance(&a, &b).max(1e-9)
        };
        run(i).total_cmp(&run(j))
    })?;
    sorted.rotate_left(start);
    Some(sorted)
}

/// Whether the corners turn the same way all round, and enclose an area.
fn is_convex(quad: &Quad) -> bool {
    (0..4).all(|k| {
        let (a, b, c) = (quad[k], quad[(k + 1) % 4], quad[(k + 2) % 4]);
        (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) > 1.0
    })
}
