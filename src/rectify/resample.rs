//! Straightened crops of a scan.

use image::{ImageBuffer, Rgb};

use super::homography::Homography;
use crate::note::RectMm;
use crate::pixels::{Planes, Raster};

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
        let centre = [rect.x + rect.width / 2.0, rect.y + rect.height / 2.0];
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

/// As [`crop`], several times as fast, for small parts of a note: the map is taken as straight between every
/// [`BLOCK`] samples, which is less than a thousandth of a pixel off for a scan of any usual camera.
pub fn small_crop(
    raster: &Raster,
    map: &Homography,
    rect: RectMm,
    px_per_mm: f64,
) -> Option<Planes> {
    let frame = Frame::new(map, rect, px_per_mm)?;
    match raster {
        Raster::Eight(image) => straight(image, &frame, 1.0),
        Raster::Sixteen(image) => straight(image, &frame, 1.0 / 257.0),
    }
}

/// Samples between which [`small_crop`] takes the map as straight.
const BLOCK: usize = 16;

fn straight<T>(image: &ImageBuffer<Rgb<T>, Vec<T>>, frame: &Frame<'_>, unit: f32) -> Option<Planes>
where
    T: image::Primitive + Into<f32>,
    Rgb<T>: image::Pixel<Subpixel = T>,
{
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width < 2 || height < 2 {
        return None;
    }
    let samples = image.as_raw();
    let (rows, columns, grid) = (frame.rows, frame.columns, frame.grid);
    let step = 1.0 / (frame.px_per_mm * grid as f64);
    // A little short of the last pixel: the next one is looked at, too.
    let (last_x, last_y) = (width as f32 - 1.01, height as f32 - 1.01);
    let fine = columns * grid;
    let mut sums = vec![[0.0f32; 3]; columns];
    let mut out = Planes::zeros((3, rows, columns));
    let norm = unit / (grid * grid) as f32;
    for row in 0..rows {
        sums.fill([0.0; 3]);
        for sub_row in 0..grid {
            let y_mm = frame.rect.y + ((row * grid + sub_row) as f64 + 0.5) * step;
            let at_column = |column: usize| {
                frame
                    .map
                    .apply([frame.rect.x + (column as f64 + 0.5) * step, y_mm])
            };
            let mut from = at_column(0);
            for first in (0..fine).step_by(BLOCK) {
                let to = at_column(first + BLOCK);
                let [dx, dy] = [0, 1].map(|axis| ((to[axis] - from[axis]) / BLOCK as f64) as f32);
                let [x, y] = from.map(|v| v as f32 - 0.5);
                from = to;
                for index in 0..BLOCK.min(fine - first) {
                    let x = (x + dx * index as f32).clamp(0.0, last_x);
                    let y = (y + dy * index as f32).clamp(0.0, last_y);
                    let (x0, y0) = (x as usize, y as usize);
                    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
                    let at = (y0 * width + x0) * 3;
                    let (Some(&[a, b, c, d, e, f]), Some(&[g, h, i, j, k, l]), Some(sum)) = (
                        samples.get(at..at + 6),
                        samples.get(at + 3 * width..at + 3 * width + 6),
                        sums.get_mut((first + index) / grid),
                    ) else {
                        continue;
                    };
                    for (sum, [a, b, c, d]) in
                        sum.iter_mut()
                            .zip([[a, d, g, j], [b, e, h, k], [c, f, i, l]])
                    {
                        let (a, b, c, d): (f32, f32, f32, f32) =
                            (a.into(), b.into(), c.into(), d.into());
                        let (upper, lower) = (a + (b - a) * fx, c + (d - c) * fx);
                        *sum += upper + (lower - upper) * fy;
                    }
                }
            }
        }
        for (column, sum) in sums.iter().enumerate() {
            for (channel, v) in sum.iter().enumerate() {
                out[[channel, row, column]] = v * norm;
            }
        }
    }
    Some(out)
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
        let image = RgbImage::from_fn(700, 300, |x, y| {
            Rgb([
                (x * 31 % 251) as u8,
                (y * 17 % 241) as u8,
                ((x + y) % 256) as u8,
            ])
        });
        let raster = Raster::Eight(image);
        // A camera that looks on at a slant.
        let quad = [[3.0, 5.0], [690.0, 9.0], [681.0, 290.0], [12.0, 281.0]];
        let map = Homography::from_rectangle(60.0, 25.0, &quad).unwrap();
        for (rect, scale) in [([10.0, 5.0, 30.0, 8.0], 6.3), ([-1.0, 20.0, 9.0, 8.0], 4.9)] {
            let rect = RectMm::from(rect);
            let exact = crop(&raster, &map, rect, scale).unwrap();
            let quick = small_crop(&raster, &map, rect, scale).unwrap();
            assert_eq!(exact.dim(), quick.dim());
            for (a, b) in exact.iter().zip(&quick) {
                assert!((a - b).abs() < 3.0, "{a} {b}");
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
