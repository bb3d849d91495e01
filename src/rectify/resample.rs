//! Straightened crops of a scan.

use image::{ImageBuffer, Rgb};
use ndarray::Axis;

use super::homography::Homography;
use crate::note::RectMm;
use crate::pixels::{Lattice, Plane, Planes, Raster};

/// Most pixels of one crop: a whole note at 1200 dpi has 24 million.
const MOST_PIXELS: f64 = 40e6;

/// A rectangle of a note, straightened: 3 × rows × columns at `px_per_mm`. `map` takes millimetres to
/// scan pixels. Where the crop is coarser than the scan, each value is the mean of a grid of samples
/// as fine as the scan, so that print rasters do not alias into the crop; where it is finer, samples
/// are bilinear. What lies beyond the scan is held from its edge.
///
/// `None` for an empty or absurdly large crop.
pub fn crop(raster: &Raster, map: &Homography, rect: RectMm, px_per_mm: f64) -> Option<Planes> {
    let frame = Frame::new(map, rect, px_per_mm)?;
    Some(match raster {
        Raster::Eight(image) => fill(image, &frame, 1.0),
        Raster::Sixteen(image) => fill(image, &frame, 1.0 / 257.0),
    })
}

/// What is cropped, and how finely.
struct Frame<'a> {
    map: &'a Homography,
    rect: RectMm,
    px_per_mm: f64,
    rows: usize,
    columns: usize,
    /// Samples down and along for each value.
    grid: usize,
}

impl<'a> Frame<'a> {
    fn new(map: &'a Homography, rect: RectMm, px_per_mm: f64) -> Option<Self> {
        let (columns, rows) = (
            (rect.width * px_per_mm).round(),
            (rect.height * px_per_mm).round(),
        );
        if !(columns >= 1.0 && rows >= 1.0 && columns * rows <= MOST_PIXELS) {
            return None;
        }
        let centre = rect.middle();
        let here = map.apply(centre);
        let right = map.apply([centre[0] + 1.0 / px_per_mm, centre[1]]);
        let down = map.apply([centre[0], centre[1] + 1.0 / px_per_mm]);
        // Scan pixels for one of the crop's.
        let scale = super::distance(&here, &right).max(super::distance(&here, &down));
        Some(Self {
            map,
            rect,
            px_per_mm,
            rows: rows as usize,
            columns: columns as usize,
            grid: (scale - 0.2).ceil().clamp(1.0, 32.0) as usize,
        })
    }
}

fn fill<T>(image: &ImageBuffer<Rgb<T>, Vec<T>>, frame: &Frame<'_>, unit: f32) -> Planes
where
    T: image::Primitive + Into<f32>,
    Rgb<T>: image::Pixel<Subpixel = T>,
{
    let (width, height) = (image.width() as usize, image.height() as usize);
    let samples = image.as_raw();
    let (rows, columns, grid) = (frame.rows, frame.columns, frame.grid);
    let mut out = Planes::zeros((3, rows, columns));
    if width == 0 || height == 0 {
        return out;
    }
    let norm = unit / (grid * grid) as f32;
    let step = 1.0 / (frame.px_per_mm * grid as f64);
    let (last_x, last_y) = ((width - 1) as f64, (height - 1) as f64);
    for row in 0..rows {
        for sub_row in 0..grid {
            let y_mm = frame.rect.y + ((row * grid + sub_row) as f64 + 0.5) * step;
            let mut line = frame.map.along_row(frame.rect.x + 0.5 * step, y_mm, step);
            for column in 0..columns {
                let mut total = [0.0f32; 3];
                for _ in 0..grid {
                    let [x, y] = line.next_point();
                    let x = (x - 0.5).clamp(0.0, last_x);
                    let y = (y - 0.5).clamp(0.0, last_y);
                    let (x0, y0) = (x as usize, y as usize);
                    let (fx, fy) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
                    let right = if x0 + 1 < width { 3 } else { 0 };
                    let below = if y0 + 1 < height { width * 3 } else { 0 };
                    let at = (y0 * width + x0) * 3;
                    let pixel = |at: usize| -> [f32; 3] {
                        match samples.get(at..at + 3) {
                            Some(&[r, g, b]) => [r.into(), g.into(), b.into()],
                            _ => [0.0; 3],
                        }
                    };
                    let (a, b) = (pixel(at), pixel(at + right));
                    let (c, d) = (pixel(at + below), pixel(at + below + right));
                    for channel in 0..3 {
                        let top = a[channel] + (b[channel] - a[channel]) * fx;
                        let bottom = c[channel] + (d[channel] - c[channel]) * fx;
                        total[channel] += top + (bottom - top) * fy;
                    }
                }
                for (channel, t) in total.iter().enumerate() {
                    out[[channel, row, column]] += t * norm;
                }
            }
        }
    }
    out
}

/// As [`crop`], many times as fast, for small parts of a note: see [`small_plane`].
pub fn small_crop(
    raster: &Raster,
    map: &Homography,
    rect: RectMm,
    px_per_mm: f64,
) -> Option<Planes> {
    let frame = Frame::new(map, rect, px_per_mm)?;
    let plane = |channel: usize| {
        let means = match raster {
            Raster::Eight(image) => Means::over(image, &frame, |p| f32::from(p[channel])),
            Raster::Sixteen(image) => Means::over(image, &frame, |p| f32::from(p[channel]) / 257.0),
        };
        means.map(|means| means.straightened(&frame))
    };
    let planes = [plane(0)?, plane(1)?, plane(2)?];
    ndarray::stack(Axis(0), &planes.each_ref().map(|plane| plane.view())).ok()
}

/// Rows × columns of one number for each pixel's red, green and blue (0..=255), in which it must be linear. The map is
/// taken as straight between every [`BLOCK`] values, which is less than a thousandth of a pixel off for a scan of any
/// usual camera, and means are taken of whole pixels of the scan. `None` for an empty or absurdly large plane, and where
/// the scan is smaller than one value.
pub fn small_plane(
    raster: &Raster,
    map: &Homography,
    rect: RectMm,
    px_per_mm: f64,
    of: impl Fn([f32; 3]) -> f32,
) -> Option<Plane> {
    let frame = Frame::new(map, rect, px_per_mm)?;
    let means = match raster {
        Raster::Eight(image) => {
            // What each level of each channel comes to, looked up faster than it is worked out.
            let nothing = of([0.0; 3]);
            let table = |channel: usize, less: f32| -> [f32; 256] {
                std::array::from_fn(|level| {
                    let mut colour = [0.0; 3];
                    colour[channel] = level as f32;
                    of(colour) - less
                })
            };
            let (red, green, blue) = (table(0, 0.0), table(1, nothing), table(2, nothing));
            let of = |[r, g, b]: [u8; 3]| {
                red[usize::from(r)] + green[usize::from(g)] + blue[usize::from(b)]
            };
            Means::over(image, &frame, of)
        }
        Raster::Sixteen(image) => {
            Means::over(image, &frame, |p| of(p.map(|v| f32::from(v) / 257.0)))
        }
    }?;
    Some(means.straightened(&frame))
}

/// Values between which [`small_plane`] takes the map as straight.
const BLOCK: usize = 16;

/// Blocks of pixels along a value, of which means are taken where pixels are many more: the scan is gone through once,
/// not once for each row of a value.
const BLOCKS: usize = 4;

/// Means over squares of whole pixels of a part of a scan, one for each block of pixels.
struct Means {
    plane: Plane,
    /// Pixels along a block.
    block: f64,
    /// Where the first cell's corner would lie if cells were blocks, scan px.
    origin: [f64; 2],
}

impl Means {
    fn over<T>(
        image: &ImageBuffer<Rgb<T>, Vec<T>>,
        frame: &Frame<'_>,
        of: impl Fn([T; 3]) -> f32,
    ) -> Option<Self>
    where
        T: image::Primitive,
        Rgb<T>: image::Pixel<Subpixel = T>,
    {
        let rect = frame.rect;
        let block = (frame.grid / BLOCKS).max(1);
        let grid = (frame.grid + block / 2) / block;
        // The pixels of the scan that are looked at.
        let corners = [
            [rect.x, rect.y],
            [rect.x + rect.width, rect.y],
            [rect.x, rect.y + rect.height],
            [rect.x + rect.width, rect.y + rect.height],
        ]
        .map(|corner| frame.map.apply(corner));
        // Where they begin, and how many blocks they make.
        let range = |axis: usize, size: usize| {
            let low = corners.iter().map(|c| c[axis]).fold(f64::MAX, f64::min);
            let high = corners.iter().map(|c| c[axis]).fold(f64::MIN, f64::max);
            let margin = (grid + 1) * block;
            let most = size.checked_sub(margin)?;
            let from = ((low.floor() - margin as f64).max(0.0) as usize).min(most);
            let to = ((high.ceil() + margin as f64).max(0.0) as usize).clamp(from + margin, size);
            Some((from, (to - from) / block))
        };
        let (left, columns) = range(0, image.width() as usize)?;
        let (top, lines) = range(1, image.height() as usize)?;
        let (wide, high) = (columns - (grid - 1), lines - (grid - 1));
        let mut means = Vec::with_capacity(wide * high);
        let mut line = vec![0.0f32; columns];
        // Sums along each of the last rows.
        let mut rows = vec![vec![0.0f32; wide]; grid];
        let add = |sums: &mut [f32], values: &[f32]| {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
        };
        let norm = 1.0 / (grid * grid * block * block) as f32;
        for row in 0..lines {
            let pixels = |down: usize| {
                let first = ((top + row * block + down) * image.width() as usize + left) * 3;
                let pixels = image.as_raw().get(first..first + 3 * columns * block);
                pixels.unwrap_or(&[]).as_chunks::<3>().0
            };
            if block == 1 {
                for (to, pixel) in line.iter_mut().zip(pixels(0)) {
                    *to = of(*pixel) * norm;
                }
            } else {
                line.fill(0.0);
                for down in 0..block {
                    for (to, pixels) in line.iter_mut().zip(pixels(down).chunks_exact(block)) {
                        *to += norm * pixels.iter().map(|pixel| of(*pixel)).sum::<f32>();
                    }
                }
            }
            rows.rotate_left(1);
            if let Some(across) = rows.last_mut() {
                across.copy_from_slice(line.get(..wide)?);
                for shift in 1..grid {
                    add(across, line.get(shift..)?);
                }
            }
            if row + 1 >= grid {
                let first = means.len();
                means.extend_from_slice(rows.first()?);
                for across in rows.iter().skip(1) {
                    add(means.get_mut(first..)?, across);
                }
            }
        }
        Some(Self {
            plane: Plane::from_shape_vec((high, wide), means).ok()?,
            block: block as f64,
            // A mean's cell has its centre half a cell in, and half its square.
            origin: [left, top].map(|o| o as f64 + ((grid * block) as f64 - block as f64) / 2.0),
        })
    }

    /// The means where the values of a crop lie.
    fn straightened(&self, frame: &Frame<'_>) -> Plane {
        let lattice = Lattice::new(self.plane.view());
        let step = 1.0 / frame.px_per_mm;
        let mut out = Plane::zeros((frame.rows, frame.columns));
        for (row, mut line) in out.outer_iter_mut().enumerate() {
            let y_mm = frame.rect.y + (row as f64 + 0.5) * step;
            let at_column = |column: usize| {
                let x_mm = frame.rect.x + (column as f64 + 0.5) * step;
                let [x, y] = frame.map.apply([x_mm, y_mm]);
                [
                    (x - self.origin[0]) / self.block,
                    (y - self.origin[1]) / self.block,
                ]
            };
            let mut from = at_column(0);
            let values = line.as_slice_mut().unwrap_or(&mut []);
            for (block, values) in values.chunks_mut(BLOCK).enumerate() {
                let to = at_column((block + 1) * BLOCK);
                let along = [0, 1].map(|axis| (to[axis] - from[axis]) / BLOCK as f64);
                lattice.along(from, along, values);
                from = to;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use image::RgbImage;

    #[test]
    fn a_crop_at_native_scale_is_the_scan() {
        let image = RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8 * 5, y as u8 * 7, 9]));
        let raster = Raster::Eight(image);
        let map = Homography::from_rectangle(
            10.0,
            7.5,
            &[[0.0, 0.0], [40.0, 0.0], [40.0, 30.0], [0.0, 30.0]],
        )
        .unwrap();
        let rect = RectMm::from([2.5, 2.5, 2.5, 1.25]);
        let got = crop(&raster, &map, rect, 4.0).unwrap();
        assert_eq!(got.dim(), (3, 5, 10));
        assert!((got[[0, 0, 0]] - 50.0).abs() < 1e-3);
        assert!((got[[1, 4, 0]] - 98.0).abs() < 1e-3);
    }

    #[test]
    fn a_fine_raster_does_not_alias_into_a_coarse_crop() {
        // Lines of two pixels' period: any direct sampling at 1:2.5 beats with them.
        let image = RgbImage::from_fn(200, 50, |x, _| Rgb([if x % 2 == 0 { 0 } else { 200 }; 3]));
        let raster = Raster::Eight(image);
        let map = Homography::from_rectangle(
            20.0,
            5.0,
            &[[0.0, 0.0], [200.0, 0.0], [200.0, 50.0], [0.0, 50.0]],
        )
        .unwrap();
        let got = crop(&raster, &map, RectMm::from([1.0, 1.0, 18.0, 3.0]), 4.0).unwrap();
        for v in &got {
            assert!((v - 100.0).abs() < 25.0, "{v}");
        }
    }

    #[test]
    fn a_small_crop_is_the_crop() {
        // As smooth as print is after scanning: the means are of slightly other pixels.
        let wave = |at: u32, period: f32| {
            let turn = at as f32 * std::f32::consts::TAU / period;
            (128.0 + 100.0 * turn.sin()) as u8
        };
        let image = RgbImage::from_fn(700, 300, |x, y| {
            Rgb([wave(x, 31.0), wave(y, 27.0), wave(x + y, 43.0)])
        });
        let raster = Raster::Eight(image);
        // A camera that looks on at a slant.
        let quad = [[3.0, 5.0], [690.0, 9.0], [681.0, 290.0], [12.0, 281.0]];
        let map = Homography::from_rectangle(60.0, 25.0, &quad).unwrap();
        for (rect, scale, apart) in [
            ([10.0, 5.0, 30.0, 8.0], 6.3, 4.0),
            ([-1.0, 20.0, 9.0, 8.0], 4.9, 4.0),
            // Of blocks of pixels: by a tenth of a wave that is hardly longer than two values.
            ([3.0, 2.0, 50.0, 20.0], 2.0, 4.0),
            ([3.0, 2.0, 50.0, 20.0], 1.0, 10.0),
        ] {
            let rect = RectMm::from(rect);
            let exact = crop(&raster, &map, rect, scale).unwrap();
            let quick = small_crop(&raster, &map, rect, scale).unwrap();
            assert_eq!(exact.dim(), quick.dim());
            for ((index, a), b) in exact.indexed_iter().zip(&quick) {
                // What lies beyond the scan is the mean of its outer pixels, not the outermost.
                let [x, y] = [index.2, index.1].map(|at| at as f64 / scale);
                let inside = rect.x + x > 0.5 && rect.y + y < 24.5;
                let most = if inside { apart } else { 40.0 };
                assert!((a - b).abs() < most, "{index:?}: {a} {b}");
            }
            let difference = small_plane(&raster, &map, rect, scale, |p| p[1] - p[0]).unwrap();
            for (index, &got) in difference.indexed_iter() {
                let at = |channel: usize| quick[[channel, index.0, index.1]];
                assert!((got - (at(1) - at(0))).abs() < 1e-2);
            }
        }
        assert!(small_crop(&raster, &map, RectMm::from([0.0, 0.0, 0.0, 1.0]), 4.0).is_none());
    }

    #[test]
    fn nothing_is_cropped_from_nothing() {
        let raster = Raster::Eight(RgbImage::new(4, 4));
        let map = Homography::identity();
        assert!(crop(&raster, &map, RectMm::from([0.0, 0.0, 0.0, 1.0]), 4.0).is_none());
        assert!(crop(&raster, &map, RectMm::from([0.0, 0.0, 1e6, 1e6]), 40.0).is_none());
    }
}
