//! Drawing a plate: anti-aliased strokes, line families and masks on a plane of ink coverage.

use super::maths;

/// A place on a side, mm.
pub(crate) type Point = (f32, f32);

/// How much of each pixel is covered by ink, 0 (none) to 255 (all), row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width × height` bytes.
    pub data: Vec<u8>,
}

impl Coverage {
    /// A plane without ink.
    pub fn blank(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            data: vec![0; width * height],
        }
    }

    /// The row, empty if there is none.
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        self.data
            .get(y * self.width..(y + 1) * self.width)
            .unwrap_or(&[])
    }

    /// Mean over the plane, 0..=1.
    pub fn mean(&self) -> f64 {
        let sum: u64 = self.data.iter().map(|&v| u64::from(v)).sum();
        sum as f64 / 255.0 / self.data.len().max(1) as f64
    }

    /// Blurred by `passes` running means of `2 radius + 1` pixels in both directions.
    pub(crate) fn blurred(&self, radius: usize, passes: usize) -> Self {
        let mut plane = self.clone();
        for _ in 0..passes {
            plane = plane.averaged(radius);
        }
        plane
    }

    fn averaged(&self, radius: usize) -> Self {
        let (w, h) = (self.width, self.height);
        let mut out = Self::blank(w, h);
        if radius == 0 || w == 0 || h == 0 {
            return self.clone();
        }
        let n = 2 * radius as u32 + 1;
        // A rounded quotient by multiplication, exact for sums of up to 65 535 bytes: a division costs several times
        // as much.
        let inverse = (1u64 << 40) / u64::from(n) + 1;
        let mean = |sum: u32| ((u64::from(sum + n / 2) * inverse) >> 40) as u8;
        let mut across = vec![0u8; w * h];
        for (from, to) in self.data.chunks_exact(w).zip(across.chunks_exact_mut(w)) {
            let at = |x: isize| u32::from(from[x.clamp(0, w as isize - 1) as usize]);
            let mut sum: u32 = (-(radius as isize)..=radius as isize).map(at).sum();
            for (x, v) in to.iter_mut().enumerate() {
                *v = mean(sum);
                sum += at(x as isize + radius as isize + 1);
                sum -= at(x as isize - radius as isize);
            }
        }
        let line = |y: isize| {
            let y = y.clamp(0, h as isize - 1) as usize;
            &across[y * w..(y + 1) * w]
        };
        let mut sums = vec![0u32; w];
        for y in -(radius as isize)..=radius as isize {
            sums.iter_mut()
                .zip(line(y))
                .for_each(|(s, &v)| *s += u32::from(v));
        }
        for (y, to) in out.data.chunks_exact_mut(w).enumerate() {
            let (enter, leave) = (
                line((y + radius + 1) as isize),
                line(y as isize - radius as isize),
            );
            for ((v, s), (&a, &b)) in to.iter_mut().zip(&mut sums).zip(enter.iter().zip(leave)) {
                *v = mean(*s);
                *s += u32::from(a);
                *s -= u32::from(b);
            }
        }
        out
    }
}

/// A plane of coverage with a place on the side.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    pub(crate) plane: Coverage,
    /// Pixels a millimetre.
    pub(crate) scale: f32,
    /// The plane's top left corner, whole pixels from the origin of the side.
    pub(crate) left: i32,
    pub(crate) top: i32,
}

/// What an engraver sees at a place: how dark, and how the lines run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surface {
    /// 0 light to 1 dark: the width of the lines over their pitch.
    pub(crate) tone: f32,
    /// Direction of the lines: their normal is (sin, cos) of this angle, radians.
    pub(crate) angle: f32,
    /// Displacement of the lines along their normal, mm: they follow the form.
    pub(crate) bend: f32,
}

/// Share of a pixel at distance `d` from the middle of a line of half-width `r` that the line covers, px.
fn line_coverage(d: f32, r: f32) -> f32 {
    ((d + 0.5).min(r) - (d - 0.5).max(-r)).clamp(0.0, 1.0)
}

impl Canvas {
    /// A blank canvas over the rectangle `x, y, width, height` in mm.
    pub(crate) fn new([x, y, width, height]: [f32; 4], scale: f32) -> Self {
        let (left, top) = ((x * scale).floor() as i32, (y * scale).floor() as i32);
        let right = ((x + width) * scale).ceil() as i32;
        let bottom = ((y + height) * scale).ceil() as i32;
        Self {
            plane: Coverage::blank(
                (right - left).max(0) as usize,
                (bottom - top).max(0) as usize,
            ),
            scale,
            left,
            top,
        }
    }

    /// Columns (or rows) of the plane from `a` to `b` mm, cut to the plane.
    fn span(&self, a: f32, b: f32, origin: i32, len: usize) -> (usize, usize) {
        let from = ((a * self.scale).floor() as i32 - origin).clamp(0, len as i32);
        let to = ((b * self.scale).ceil() as i32 - origin).clamp(0, len as i32);
        (from as usize, to as usize)
    }

    /// Darkens every pixel of a rectangle (mm) to at least `coverage(x, y)`.
    pub(crate) fn paint(&mut self, [x, y, w, h]: [f32; 4], coverage: impl Fn(f32, f32) -> f32) {
        let (x0, x1) = self.span(x, x + w, self.left, self.plane.width);
        let (y0, y1) = self.span(y, y + h, self.top, self.plane.height);
        let (width, scale, left, top) = (self.plane.width, self.scale, self.left, self.top);
        for py in y0..y1 {
            let y = (py as i32 + top) as f32 / scale + 0.5 / scale;
            for px in x0..x1 {
                let x = (px as i32 + left) as f32 / scale + 0.5 / scale;
                let c = (coverage(x, y).clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
                let v = &mut self.plane.data[py * width + px];
                *v = (*v).max(c);
            }
        }
    }

    /// Takes ink away: multiplies by `1 - coverage(x, y)` in a rectangle (mm).
    pub(crate) fn clear(&mut self, [x, y, w, h]: [f32; 4], coverage: impl Fn(f32, f32) -> f32) {
        let (x0, x1) = self.span(x, x + w, self.left, self.plane.width);
        let (y0, y1) = self.span(y, y + h, self.top, self.plane.height);
        let (width, scale, left, top) = (self.plane.width, self.scale, self.left, self.top);
        for py in y0..y1 {
            let y = ((py as i32 + top) as f32 + 0.5) / scale;
            for px in x0..x1 {
                let x = ((px as i32 + left) as f32 + 0.5) / scale;
                let v = &mut self.plane.data[py * width + px];
                *v = (f32::from(*v) * (1.0 - coverage(x, y).clamp(0.0, 1.0)) + 0.5) as u8;
            }
        }
    }

    /// A family of lines: the lines lie where `phase` is a whole number; `width` in mm (0 or less: no line).
    pub(crate) fn lines(
        &mut self,
        [x, y, w, h]: [f32; 4],
        phase: impl Fn(f32, f32) -> f32,
        line_width: impl Fn(f32, f32) -> f32,
    ) {
        let (x0, x1) = self.span(x, x + w, self.left, self.plane.width);
        let (y0, y1) = self.span(y, y + h, self.top, self.plane.height);
        if x0 >= x1 || y0 >= y1 {
            return;
        }
        let (width, scale, left, top) = (self.plane.width, self.scale, self.left, self.top);
        let place = |p: usize, origin: i32| ((p as i32 + origin) as f32 + 0.5) / scale;
        let fill = |row: &mut Vec<f32>, py: usize| {
            row.clear();
            let y = place(py, top);
            row.extend((x0..=x1).map(|px| phase(place(px, left), y)));
        };
        let (mut this, mut next) = (
            Vec::with_capacity(x1 - x0 + 1),
            Vec::with_capacity(x1 - x0 + 1),
        );
        fill(&mut this, y0);
        for py in y0..y1 {
            fill(&mut next, py + 1);
            let y = place(py, top);
            for px in x0..x1 {
                let i = px - x0;
                let half = 0.5 * scale * line_width(place(px, left), y);
                if half <= 0.0 {
                    continue;
                }
                let (gx, gy) = (this[i + 1] - this[i], next[i] - this[i]);
                let slope = (gx * gx + gy * gy).sqrt().max(1e-6);
                // Two pixels a line is the finest a plane can hold; a jump of phase is an edge between two forms.
                let c = if slope > 0.6 {
                    0.3
                } else {
                    line_coverage(maths::to_whole(this[i]) / slope, half)
                };
                let v = &mut self.plane.data[py * width + px];
                *v = (*v).max((c * 255.0 + 0.5) as u8);
            }
            std::mem::swap(&mut this, &mut next);
        }
    }

    /// A family of lines whose phase and width (mm) vary slowly: both are worked out every fourth pixel.
    pub(crate) fn smooth_lines(&mut self, rect: [f32; 4], family: impl Fn(f32, f32) -> (f32, f32)) {
        let step = 4.0 / self.scale;
        let (columns, rows) = ((rect[2] / step) as usize + 3, (rect[3] / step) as usize + 3);
        let places = (0..rows).flat_map(|j| (0..columns).map(move |i| (i as f32, j as f32)));
        let grid: Vec<(f32, f32)> = places
            .map(|(i, j)| family(rect[0] + i * step, rect[1] + j * step))
            .collect();
        let look = |x: f32, y: f32, part: fn((f32, f32)) -> f32| {
            let (gx, gy) = (
                ((x - rect[0]) / step).max(0.0),
                ((y - rect[1]) / step).max(0.0),
            );
            let (i, j) = ((gx as usize).min(columns - 2), (gy as usize).min(rows - 2));
            let (fx, fy) = (gx - i as f32, gy - j as f32);
            let at = j * columns + i;
            let top = maths::mix(part(grid[at]), part(grid[at + 1]), fx);
            maths::mix(
                top,
                maths::mix(part(grid[at + columns]), part(grid[at + columns + 1]), fx),
                fy,
            )
        };
        self.lines(rect, |x, y| look(x, y, |g| g.0), |x, y| look(x, y, |g| g.1));
    }

    /// Engraves a picture: lines of one pitch (mm) whose width follows the tone, crossed in the darks.
    pub(crate) fn engrave(
        &mut self,
        rect: [f32; 4],
        pitch: f32,
        surface: impl Fn(f32, f32) -> Option<Surface>,
    ) {
        // The forms are smooth, so they are sampled at a third of the pixels each way.
        let step = 2.5 / self.scale;
        let (columns, rows) = ((rect[2] / step) as usize + 3, (rect[3] / step) as usize + 3);
        let mut grid = Vec::with_capacity(columns * rows);
        for j in 0..rows {
            for i in 0..columns {
                grid.push(surface(
                    rect[0] + i as f32 * step,
                    rect[1] + j as f32 * step,
                ));
            }
        }
        let look = |x: f32, y: f32| -> Option<Surface> {
            let (gx, gy) = (
                ((x - rect[0]) / step).max(0.0),
                ((y - rect[1]) / step).max(0.0),
            );
            let (i, j) = ((gx as usize).min(columns - 2), (gy as usize).min(rows - 2));
            let (fx, fy) = (gx - i as f32, gy - j as f32);
            let at = |i: usize, j: usize| grid[j * columns + i];
            let near = at(i + usize::from(fx > 0.5), j + usize::from(fy > 0.5))?;
            let (Some(a), Some(b), Some(c), Some(d)) =
                (at(i, j), at(i + 1, j), at(i, j + 1), at(i + 1, j + 1))
            else {
                return Some(near);
            };
            let same = |s: Surface| {
                (s.angle - near.angle).abs() < 1e-3 && (s.bend - near.bend).abs() < 0.5 * pitch
            };
            if !(same(a) && same(b) && same(c) && same(d)) {
                return Some(near);
            }
            let blend = |f: fn(Surface) -> f32| {
                maths::mix(maths::mix(f(a), f(b), fx), maths::mix(f(c), f(d), fx), fy)
            };
            Some(Surface {
                tone: blend(|s| s.tone),
                angle: near.angle,
                bend: blend(|s| s.bend),
            })
        };
        let phase = |turn: f32, scale: f32| {
            move |x: f32, y: f32, s: Surface| {
                let (sin, cos) = (maths::sin(s.angle + turn), maths::cos(s.angle + turn));
                (x * sin + y * cos + s.bend * scale) / pitch
            }
        };
        let first = phase(0.0, 1.0);
        self.lines(
            rect,
            |x, y| look(x, y).map_or(0.0, |s| first(x, y, s)),
            |x, y| {
                look(x, y).map_or(0.0, |s| {
                    if s.tone < 0.03 {
                        0.0
                    } else {
                        pitch * (0.09 + 0.80 * s.tone)
                    }
                })
            },
        );
        let second = phase(0.62, 0.6);
        self.lines(
            rect,
            |x, y| look(x, y).map_or(0.0, |s| second(x, y, s)),
            |x, y| look(x, y).map_or(0.0, |s| pitch * 0.9 * (s.tone - 0.50)),
        );
    }

    /// One straight stroke with round ends; points and width in mm.
    pub(crate) fn segment(&mut self, from: Point, to: Point, width: f32) {
        let r = 0.5 * width * self.scale;
        let (ax, ay) = (
            from.0 * self.scale - self.left as f32,
            from.1 * self.scale - self.top as f32,
        );
        let (bx, by) = (
            to.0 * self.scale - self.left as f32,
            to.1 * self.scale - self.top as f32,
        );
        let reach = r + 1.0;
        let cut = |v: f32, len: usize| v.clamp(0.0, len as f32) as usize;
        let (x0, x1) = (
            cut(ax.min(bx) - reach, self.plane.width),
            cut(ax.max(bx) + reach + 1.0, self.plane.width),
        );
        let (y0, y1) = (
            cut(ay.min(by) - reach, self.plane.height),
            cut(ay.max(by) + reach + 1.0, self.plane.height),
        );
        let (dx, dy) = (bx - ax, by - ay);
        let inverse = 1.0 / (dx * dx + dy * dy).max(1e-9);
        for py in y0..y1 {
            let row = &mut self.plane.data[py * self.plane.width + x0..py * self.plane.width + x1];
            let qy = py as f32 + 0.5 - ay;
            for (i, v) in row.iter_mut().enumerate() {
                let qx = (x0 + i) as f32 + 0.5 - ax;
                let t = ((qx * dx + qy * dy) * inverse).clamp(0.0, 1.0);
                let (ex, ey) = (qx - t * dx, qy - t * dy);
                let d2 = ex * ex + ey * ey;
                if d2 < reach * reach {
                    let c = line_coverage(d2.sqrt(), r);
                    *v = (*v).max((c * 255.0 + 0.5) as u8);
                }
            }
        }
    }

    /// A curve through the points, of one width (mm).
    pub(crate) fn stroke(&mut self, points: &[Point], width: f32) {
        for pair in points.windows(2) {
            if let [a, b] = pair {
                self.segment(*a, *b, width);
            }
        }
    }

    /// A curve `f(t)`, t from 0 to 1, in `count` steps.
    pub(crate) fn curve(&mut self, count: usize, width: f32, f: impl Fn(f32) -> Point) {
        let mut last = f(0.0);
        for i in 1..=count {
            let next = f(i as f32 / count as f32);
            self.segment(last, next, width);
            last = next;
        }
    }

    /// Coverage at a place (mm), 0..=1; 0 outside.
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        let px = (x * self.scale).floor() as i32 - self.left;
        let py = (y * self.scale).floor() as i32 - self.top;
        if px < 0 || py < 0 || px as usize >= self.plane.width || py as usize >= self.plane.height {
            return 0.0;
        }
        f32::from(self.plane.data[py as usize * self.plane.width + px as usize]) / 255.0
    }
}
