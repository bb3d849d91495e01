//! Pixels: what a decoded scan is made of, and the planes that measurements are made on.

use std::borrow::Cow;
use std::ops::{Add, AddAssign, Range};

use image::{ImageBuffer, Rgb, RgbImage};
use ndarray::{Array2, Array3, ArrayView1, ArrayView2, ArrayViewMut1, Axis, Slice, Zip};

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
        let factor = factor.max(1);
        match self {
            // Sums of so few lines fit into 16 bits, and more of them into a register.
            Self::Eight(image) if factor <= 257 => {
                reduce::<u8, u16>(image.as_raw(), self.width(), self.height(), factor, 1.0)
            }
            Self::Eight(image) => {
                reduce::<u8, u32>(image.as_raw(), self.width(), self.height(), factor, 1.0)
            }
            Self::Sixteen(image) => {
                let unit = 1.0 / 257.0;
                reduce::<u16, u32>(image.as_raw(), self.width(), self.height(), factor, unit)
            }
        }
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

/// `Sum` holds the sum of as many lines as the factor says.
fn reduce<T, Sum>(samples: &[T], width: usize, height: usize, factor: usize, scale: f32) -> Planes
where
    T: Copy + Into<Sum>,
    Sum: Copy + Default + Add<Output = Sum> + AddAssign + Into<u32>,
{
    let blocks = |n: usize| ((n + factor / 2) / factor).max(1).min(n.max(1));
    let (rows, columns) = (blocks(height), blocks(width));
    let mut planes = Planes::zeros((3, rows, columns));
    let area = rows * columns;
    let Some(cells) = planes.as_slice_mut() else {
        return Planes::zeros((3, rows, columns));
    };
    let (red, rest) = cells.split_at_mut(area);
    let (green, blue) = rest.split_at_mut(area);
    let lines = red
        .chunks_exact_mut(columns)
        .zip(green.chunks_exact_mut(columns))
        .zip(blue.chunks_exact_mut(columns));
    let mut sums = vec![Sum::default(); width * 3];
    for (row, ((red, green), blue)) in lines.enumerate() {
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
        let blocks = sums.chunks(factor * 3).take(columns);
        for (((block, red), green), blue) in blocks.zip(red).zip(green).zip(blue) {
            let mut total = [0u32; 3];
            for pixel in block.as_chunks::<3>().0 {
                for (t, &v) in total.iter_mut().zip(pixel) {
                    *t += v.into();
                }
            }
            let norm = scale / ((last - first) * block.len() / 3).max(1) as f32;
            [*red, *green, *blue] = total.map(|t| t as f32 * norm);
        }
    }
    planes
}

/// Luma of planes (ITU-R BT.601 weights on the encoded samples): rows × columns, 0..=255.
pub fn luma(planes: &Planes) -> Plane {
    let (r, g, b) = (
        planes.index_axis(Axis(0), 0),
        planes.index_axis(Axis(0), 1),
        planes.index_axis(Axis(0), 2),
    );
    Zip::from(r)
        .and(g)
        .and(b)
        .map_collect(|&r, &g, &b| 0.299 * r + 0.587 * g + 0.114 * b)
}

/// Mean over a window of (2 `radius` + 1)² around each cell; at the edges over the part inside.
pub fn box_mean(plane: &Plane, radius: usize) -> Plane {
    let (rows, columns) = plane.dim();
    let mut across = Plane::zeros((rows, columns));
    for (source, mut target) in plane.rows().into_iter().zip(across.rows_mut()) {
        running_mean(source, &mut target, radius);
    }
    // All columns at once, a row at a time: memory is read as it lies.
    let mut out = Plane::zeros((rows, columns));
    let mut sums = vec![0.0f64; columns];
    for row in across.rows().into_iter().take(radius) {
        for (sum, &v) in sums.iter_mut().zip(row) {
            *sum += f64::from(v);
        }
    }
    for (r, mut target) in out.rows_mut().into_iter().enumerate() {
        if r + radius < rows {
            for (sum, &v) in sums.iter_mut().zip(across.row(r + radius)) {
                *sum += f64::from(v);
            }
        }
        if r > radius {
            for (sum, &v) in sums.iter_mut().zip(across.row(r - radius - 1)) {
                *sum -= f64::from(v);
            }
        }
        let count = (r + radius).min(rows - 1) - r.saturating_sub(radius) + 1;
        let share = 1.0 / count as f64;
        for (value, sum) in target.iter_mut().zip(&sums) {
            *value = (sum * share) as f32;
        }
    }
    out
}

fn running_mean(source: ArrayView1<'_, f32>, target: &mut ArrayViewMut1<'_, f32>, radius: usize) {
    let n = source.len();
    let (Some(source), Some(target)) = (source.as_slice(), target.as_slice_mut()) else {
        return;
    };
    let whole = 1.0 / (2 * radius + 1) as f64;
    let mut sum: f64 = source.iter().take(radius).map(|v| f64::from(*v)).sum();
    for (i, target) in target.iter_mut().enumerate() {
        if let Some(v) = source.get(i + radius) {
            sum += f64::from(*v);
        }
        if i > radius
            && let Some(v) = source.get(i - radius - 1)
        {
            sum -= f64::from(*v);
        }
        // Divided only at the ends, where the window is shorter.
        let norm = if i >= radius && i + radius < n {
            whole
        } else {
            1.0 / ((i + radius).min(n - 1) - i.saturating_sub(radius) + 1) as f64
        };
        *target = (sum * norm) as f32;
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
