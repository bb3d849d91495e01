//! Pixels: what a decoded scan is made of, and the planes that measurements are made on.

use std::borrow::Cow;
use std::ops::{Add, AddAssign, Range};

use image::{ImageBuffer, Rgb, RgbImage};
use ndarray::{Array2, Array3, ArrayView2, Axis, Slice, Zip};

/// One channel or derived quantity, rows × columns.
pub type Plane = Array2<f32>;

/// Red, green and blue planes: 3 × rows × columns, 0..=255 whatever the depth of the scan was.
pub type Planes = Array3<f32>;

/// The pixels of a scan as decoded: interleaved RGB, sRGB-encoded, 8 or 16 bits a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Raster {
    /// 8 bits a sample.
    Eight(RgbImage),
    /// 16 bits a sample, kept for dim lights (ultraviolet, transmitted).
    Sixteen(ImageBuffer<Rgb<u16>, Vec<u16>>),
}

impl Raster {
    /// Width, px.
    pub fn width(&self) -> usize {
        match self {
            Self::Eight(image) => image.width() as usize,
            Self::Sixteen(image) => image.width() as usize,
        }
    }

    /// Height, px.
    pub fn height(&self) -> usize {
        match self {
            Self::Eight(image) => image.height() as usize,
            Self::Sixteen(image) => image.height() as usize,
        }
    }
}

impl Raster {
    /// The scan reduced by a whole factor: each value is the mean of `factor` × `factor` samples,
    /// so nothing aliases. Rows and columns left over at the far edges make a last, smaller block
    /// only where they are at least half a block.
    pub fn reduced(&self, factor: usize) -> Planes {
        let cells = blocks(self.width(), factor) * blocks(self.height(), factor);
        let mut planes = [(); 3].map(|()| Vec::with_capacity(cells));
        let shape = self.reduce(factor, |cell| {
            for (plane, v) in planes.iter_mut().zip(cell) {
                plane.push(v);
            }
        });
        Planes::from_shape_vec((3, shape.0, shape.1), planes.concat())
            .unwrap_or_else(|_| Planes::zeros((3, shape.0, shape.1)))
    }

    /// The [`luma`] of [`Raster::reduced`].
    pub fn reduced_luma(&self, factor: usize) -> Plane {
        let cells = blocks(self.width(), factor) * blocks(self.height(), factor);
        let mut cells = Vec::with_capacity(cells);
        let shape = self.reduce(factor, |cell| cells.push(luma_of(cell)));
        Plane::from_shape_vec(shape, cells).unwrap_or_else(|_| Plane::zeros(shape))
    }

    /// Hands the reduced cells on, row for row; rows and columns of them.
    fn reduce(&self, factor: usize, cell: impl FnMut([f32; 3])) -> (usize, usize) {
        let factor = factor.max(1);
        let size = (self.width(), self.height());
        match self {
            // Sums of so few samples fit into 16 bits, and more of them into a register.
            Self::Eight(image) if factor <= 16 => {
                reduce::<u8, u16>(image.as_raw(), size, factor, 1.0, cell)
            }
            Self::Eight(image) => reduce::<u8, u32>(image.as_raw(), size, factor, 1.0, cell),
            Self::Sixteen(image) => {
                reduce::<u16, u32>(image.as_raw(), size, factor, 1.0 / 257.0, cell)
            }
        }
    }

    /// The colour of one cell of [`Raster::reduced`]; the nearest cell's where there is none.
    pub fn reduced_at(&self, factor: usize, row: usize, column: usize) -> [f32; 3] {
        let factor = factor.max(1);
        let range = |at: usize, size: usize| {
            let at = at.min(blocks(size, factor) - 1);
            at * factor..((at + 1) * factor).min(size)
        };
        let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
        for y in range(row, self.height()) {
            for x in range(column, self.width()) {
                for (sum, v) in sum.iter_mut().zip(self.get(x, y).unwrap_or_default()) {
                    *sum += v;
                }
                count += 1.0;
            }
        }
        sum.map(|v| v / count.max(1.0))
    }

    /// Red, green and blue of one pixel, 0..=255; `None` outside of the picture.
    #[inline]
    pub fn get(&self, x: usize, y: usize) -> Option<[f32; 3]> {
        if x >= self.width() || y >= self.height() {
            return None;
        }
        let (x, y) = (x as u32, y as u32);
        match self {
            Self::Eight(image) => image.get_pixel_checked(x, y).map(|p| p.0.map(f32::from)),
            Self::Sixteen(image) => image
                .get_pixel_checked(x, y)
                .map(|p| p.0.map(|v| f32::from(v) / 257.0)),
        }
    }
}

/// How many blocks of `factor` make `size`: see [`Raster::reduced`].
fn blocks(size: usize, factor: usize) -> usize {
    let factor = factor.max(1);
    ((size + factor / 2) / factor).clamp(1, size.max(1))
}

/// `Sum` holds the sum of the samples of a block.
fn reduce<T, Sum>(
    samples: &[T],
    (width, height): (usize, usize),
    factor: usize,
    scale: f32,
    mut cell: impl FnMut([f32; 3]),
) -> (usize, usize)
where
    T: Copy + Into<Sum>,
    Sum: Copy + Default + Add<Output = Sum> + AddAssign + Into<u32>,
{
    let (rows, columns) = (blocks(height, factor), blocks(width, factor));
    let mut sums = vec![Sum::default(); width * 3];
    let mut across = sums.clone();
    for row in 0..rows {
        let first = row * factor;
        let last = (first + factor).min(height);
        let line = |y: usize| {
            samples
                .get(y * width * 3..(y + 1) * width * 3)
                .unwrap_or(&[])
        };
        // Two lines at a time: the sums are read and written half as often.
        let mut y = first;
        sums.fill(Sum::default());
        while y + 1 < last {
            for ((sum, &a), &b) in sums.iter_mut().zip(line(y)).zip(line(y + 1)) {
                *sum += a.into() + b.into();
            }
            y += 2;
        }
        if y < last {
            for (sum, &sample) in sums.iter_mut().zip(line(y)) {
                *sum += sample.into();
            }
        }
        // Summed from every pixel on, not only from each block's first: by vector instructions that
        // costs less. At the far edge fewer pixels are left.
        across.clone_from(&sums);
        for pixel in 1..factor {
            for (total, &sum) in across.iter_mut().zip(sums.iter().skip(3 * pixel)) {
                *total += sum;
            }
        }
        let norm = |pixels: usize| scale / ((last - first) * pixels).max(1) as f32;
        let (whole, end) = (
            norm(factor),
            norm(factor.min(width - (columns - 1) * factor)),
        );
        let firsts = across.as_chunks::<3>().0.iter().step_by(factor);
        for (column, sums) in firsts.take(columns).enumerate() {
            let norm = if column + 1 < columns { whole } else { end };
            cell(sums.map(|sum| sum.into() as f32 * norm));
        }
    }
    (rows, columns)
}

/// How far two colours lie apart (Euclidean, RGB).
#[inline]
pub(crate) fn apart(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - y) * (x - y))
        .sum::<f32>()
        .sqrt()
}

/// Mean of colours; black where there is none.
pub(crate) fn mean_colour(colours: impl Iterator<Item = [f32; 3]>) -> [f32; 3] {
    let (mut sum, mut count) = ([0.0; 3], 0.0f32);
    for colour in colours {
        for (s, v) in sum.iter_mut().zip(colour) {
            *s += v;
        }
        count += 1.0;
    }
    sum.map(|s| s / count.max(1.0))
}

/// Luma of a colour (ITU-R BT.601 weights on the encoded samples).
#[inline]
pub(crate) fn luma_of([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// Luma of planes: rows × columns, 0..=255.
pub fn luma(planes: &Planes) -> Plane {
    let (r, g, b) = (
        planes.index_axis(Axis(0), 0),
        planes.index_axis(Axis(0), 1),
        planes.index_axis(Axis(0), 2),
    );
    Zip::from(r)
        .and(g)
        .and(b)
        .map_collect(|&r, &g, &b| luma_of([r, g, b]))
}

/// Mean over a window of (2 `radius` + 1)² around each cell; at the edges over the part inside.
pub fn box_mean(plane: &Plane, radius: usize) -> Plane {
    let (rows, columns) = plane.dim();
    let standard = plane.as_standard_layout();
    let values = standard.as_slice().unwrap_or(&[]);
    let line = |row: usize| {
        values
            .get(row * columns..(row + 1) * columns)
            .unwrap_or(&[])
    };
    // Of the rows of the window, with nothing beyond either end.
    let mut sums = vec![0.0f32; columns + 2 * radius];
    let mut scratch = Scratch::default();
    let inside = |at: usize, count: usize| {
        1.0 / ((at + radius).min(count - 1) - at.saturating_sub(radius) + 1) as f32
    };
    let shares: Vec<f32> = (0..columns).map(|c| inside(c, columns)).collect();
    let mut means = Vec::with_capacity(rows * columns);
    for row in 0..rows + radius {
        let inner = sums.get_mut(radius..).unwrap_or(&mut []);
        if row < rows {
            for (sum, v) in inner.iter_mut().zip(line(row)) {
                *sum += v;
            }
        }
        if row > 2 * radius {
            for (sum, v) in inner.iter_mut().zip(line(row - 2 * radius - 1)) {
                *sum -= v;
            }
        }
        if row >= radius {
            let across = scratch.window_sums(&sums, 2 * radius + 1);
            let share = inside(row - radius, rows);
            means.extend(
                across
                    .iter()
                    .zip(&shares)
                    .map(|(sum, part)| sum * (share * part)),
            );
        }
    }
    Plane::from_shape_vec((rows, columns), means).unwrap_or_else(|_| Plane::zeros((rows, columns)))
}

/// What [`Scratch::window_sums`] works in.
#[derive(Default)]
struct Scratch {
    doubled: [Vec<f32>; 2],
    sums: Vec<f32>,
}

impl Scratch {
    /// The sum of each `length` neighbours. Sums of 1, 2, 4, … neighbours are made of each other, and
    /// those of `length` of them: few passes, each of vector instructions.
    fn window_sums(&mut self, values: &[f32], length: usize) -> &[f32] {
        let Self {
            doubled: [now, next],
            sums,
        } = self;
        now.clear();
        now.extend_from_slice(values);
        sums.clear();
        sums.resize((values.len() + 1).saturating_sub(length), 0.0);
        let (mut width, mut done) = (1, 0);
        loop {
            if length & width != 0 {
                for (sum, v) in sums.iter_mut().zip(now.get(done..).unwrap_or(&[])) {
                    *sum += v;
                }
                done += width;
            }
            if done == length {
                return sums;
            }
            next.clear();
            next.extend(
                now.iter()
                    .zip(now.get(width..).unwrap_or(&[]))
                    .map(|(a, b)| a + b),
            );
            std::mem::swap(now, next);
            width *= 2;
        }
    }
}

/// A plane to be looked up between cell centres.
#[derive(Debug)]
pub struct Lattice<'a> {
    values: Cow<'a, [f32]>,
    rows: usize,
    columns: usize,
}

impl<'a> Lattice<'a> {
    /// Of a plane.
    pub fn new(plane: ArrayView2<'a, f32>) -> Self {
        let (rows, columns) = plane.dim();
        let values = match plane.to_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(plane.iter().copied().collect()),
        };
        Self {
            values,
            rows,
            columns,
        }
    }

    /// The value at a place (cell (0, 0) has its centre at (0.5, 0.5)), bilinear; beyond the outer
    /// centres the edge's value is held. 0 in an empty plane.
    #[inline]
    pub fn at(&self, x: f64, y: f64) -> f32 {
        let (rows, columns) = (self.rows, self.columns);
        if rows == 0 || columns == 0 {
            return 0.0;
        }
        let x = (x - 0.5).clamp(0.0, (columns - 1) as f64);
        let y = (y - 0.5).clamp(0.0, (rows - 1) as f64);
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
        let (right, below) = (
            usize::from(x0 + 1 < columns),
            if y0 + 1 < rows { columns } else { 0 },
        );
        let line = |at: usize| match self.values.get(at..=at + right) {
            Some(&[a, b]) => a + (b - a) * fx,
            Some(&[a]) => a,
            _ => 0.0,
        };
        let at = y0 * columns + x0;
        let (top, bottom) = (line(at), line(at + below));
        top + (bottom - top) * fy
    }
}

impl Lattice<'_> {
    /// The values at places in equal steps along a straight line: [`Lattice::at`] `from`, then `step`
    /// farther, and so on. Most of a plane lies well inside, where nothing need be held.
    pub fn along(&self, from: [f64; 2], step: [f64; 2], out: &mut [f32]) {
        let last = out.len().saturating_sub(1) as f64;
        let to = [from[0] + step[0] * last, from[1] + step[1] * last];
        let inside = |from: f64, to: f64, count: usize| {
            from.min(to) >= 0.501 && from.max(to) < count as f64 - 0.501
        };
        if !(inside(from[0], to[0], self.columns) && inside(from[1], to[1], self.rows)) {
            for (k, out) in out.iter_mut().enumerate() {
                *out = self.at(from[0] + step[0] * k as f64, from[1] + step[1] * k as f64);
            }
            return;
        }
        // In whole parts of 2⁻³² of a cell, counted from a cell near by: cell and rest are read off.
        const ONE: f64 = 4_294_967_296.0;
        // Nothing here is below 0: whole numbers are cut, not rounded down, which is a call on some processors.
        let corner = [0, 1].map(|k| (from[k].min(to[k]) - 0.5) as usize);
        let [mut x, mut y] = [0, 1].map(|k| ((from[k] - 0.5 - corner[k] as f64) * ONE) as i64);
        let [dx, dy] = step.map(|v| (v * ONE) as i64);
        let first = corner[1] * self.columns + corner[0];
        let values = self.values.get(first..).unwrap_or(&[]);
        let rest = |place: i64| (place as u32 >> 8) as i32 as f32 * (1.0 / 16_777_216.0);
        for out in out {
            let at = (y >> 32) as usize * self.columns + (x >> 32) as usize;
            let (fx, fy) = (rest(x), rest(y));
            if let (Some(&[a, b]), Some(&[c, d])) = (
                values.get(at..).and_then(<[f32]>::first_chunk),
                values
                    .get(at + self.columns..)
                    .and_then(<[f32]>::first_chunk),
            ) {
                let (top, bottom) = (a + (b - a) * fx, c + (d - c) * fx);
                *out = top + (bottom - top) * fy;
            }
            (x, y) = (x + dx, y + dy);
        }
    }
}

/// Sums over any rectangle of a plane, from sums that run over its rows and columns: each value is added up once.
#[derive(Debug, Clone)]
pub struct RunningSums {
    /// Over the rectangle from the first value to each row and column, one more of either than the plane has.
    sums: Vec<f64>,
    width: usize,
}

impl RunningSums {
    /// Of what `of` makes of each value, in rows of `columns`.
    pub fn over(values: &[f32], columns: usize, of: impl Fn(f64) -> f64) -> Self {
        let columns = columns.max(1);
        let width = columns + 1;
        let mut sums = vec![0.0; (values.len() / columns + 1) * width];
        for (row, values) in values.chunks_exact(columns).enumerate() {
            let (above, here) = sums.split_at_mut((row + 1) * width);
            let above = above.get(row * width + 1..).unwrap_or(&[]);
            let here = here.get_mut(1..width).unwrap_or(&mut []);
            let mut line = 0.0;
            for ((sum, above), &v) in here.iter_mut().zip(above).zip(values) {
                line += of(f64::from(v));
                *sum = above + line;
            }
        }
        Self { sums, width }
    }

    /// The sum over rows and columns from a place on.
    #[inline]
    pub fn within(&self, (top, left): (usize, usize), (rows, columns): (usize, usize)) -> f64 {
        let to = |row: usize, column: usize| {
            let sum = self.sums.get(row * self.width + column);
            sum.copied().unwrap_or(0.0)
        };
        let (bottom, right) = (top + rows, left + columns);
        to(bottom, right) - to(top, right) - to(bottom, left) + to(top, left)
    }
}

/// A part of a plane as a view. (`ndarray`'s own `s![]` expands to code that `forbid(unsafe_code)`
/// refuses.) Ranges are clamped to the plane.
#[inline]
pub fn window<'a, T>(
    plane: &'a ArrayView2<'_, T>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayView2<'a, T> {
    let (height, width) = plane.dim();
    let (top, left) = (rows.start.min(height), columns.start.min(width));
    let (bottom, right) = (rows.end.clamp(top, height), columns.end.clamp(left, width));
    let mut part = plane.view();
    part.slice_axis_inplace(Axis(0), Slice::from(top..bottom));
    part.slice_axis_inplace(Axis(1), Slice::from(left..right));
    part
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use image::Rgb;

    fn texture(rows: usize, columns: usize) -> Plane {
        Plane::from_shape_fn((rows, columns), |(r, c)| ((r * 37 + c * 101) % 89) as f32)
    }

    #[test]
    fn a_box_mean_is_the_mean_of_what_lies_inside() {
        for (rows, columns, radius) in [(9, 14, 2), (3, 5, 4), (1, 1, 3), (12, 7, 0)] {
            let plane = texture(rows, columns);
            let got = box_mean(&plane, radius);
            for ((r, c), mean) in got.indexed_iter() {
                let part = plane.view();
                let part = window(
                    &part,
                    r.saturating_sub(radius)..r + radius + 1,
                    c.saturating_sub(radius)..c + radius + 1,
                );
                let wanted = part.sum() / part.len() as f32;
                assert!((mean - wanted).abs() < 1e-4, "{mean} {wanted}");
            }
        }
    }

    #[test]
    fn values_along_a_line_are_those_at_its_places() {
        let plane = texture(30, 40);
        let lattice = Lattice::new(plane.view());
        // Well inside, both ways, and out over two edges.
        for (from, step) in [
            ([3.2, 4.7], [1.9, 0.31]),
            ([38.9, 25.3], [-2.1, -1.4]),
            ([-2.0, 20.0], [2.7, 0.8]),
        ] {
            let mut got = [0.0; 16];
            lattice.along(from, step, &mut got);
            for (k, got) in got.iter().enumerate() {
                let wanted = lattice.at(from[0] + step[0] * k as f64, from[1] + step[1] * k as f64);
                assert!((got - wanted).abs() < 1e-3, "{from:?} {k}: {got} {wanted}");
            }
        }
    }

    #[test]
    fn cells_of_a_reduced_scan_are_means_of_blocks() {
        let pixel = |x: u32, y: u32| {
            [
                (x * 7 % 256) as u8,
                (y * 11 % 256) as u8,
                (x * y % 256) as u8,
            ]
        };
        let raster = Raster::Eight(RgbImage::from_fn(23, 11, |x, y| Rgb(pixel(x, y))));
        // 23 columns leave a last block of two pixels, 11 rows one of two.
        let planes = raster.reduced(3);
        assert_eq!(planes.dim(), (3, 4, 8));
        assert_eq!(planes[[0, 0, 0]], 7.0);
        assert_eq!(planes[[1, 3, 7]], 11.0 * 9.5);
        let luma = luma(&planes);
        for ((row, column), value) in raster.reduced_luma(3).indexed_iter() {
            assert!((value - luma[[row, column]]).abs() < 1e-3);
            let one = raster.reduced_at(3, row, column);
            for (channel, v) in one.iter().enumerate() {
                assert!((v - planes[[channel, row, column]]).abs() < 1e-3);
            }
        }
        assert_eq!(raster.reduced_at(3, 99, 99), raster.reduced_at(3, 3, 7));
    }

    #[test]
    fn running_sums_are_the_sums_of_rectangles() {
        let values: Vec<f32> = (0..12).map(|v| v as f32).collect();
        let squares = RunningSums::over(&values, 4, |v| v * v);
        assert_eq!(squares.within((1, 2), (2, 2)), 36.0 + 49.0 + 100.0 + 121.0);
        assert_eq!(squares.within((0, 0), (0, 4)), 0.0);
    }
}
