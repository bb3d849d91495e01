//! The scanner: from a lit note to pixels, with the truth.

use std::str::FromStr;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::encode::{Format, Subsampling, encode};
use super::maths::{clouds, cos, encoded, exp, hash_at, linear, noise, pow, sin};
use super::press::{Picture, Printed};
use super::{Register, SpecimenError, Truth};
use crate::note::{Light, RectMm, SizeMm};

/// What the note lies on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bed {
    /// A white lid.
    White,
    /// A black lid.
    Black,
    /// Grey of this sRGB level.
    Grey(u8),
    /// A colour, sRGB.
    Colour([u8; 3]),
    /// A wooden table.
    Wood,
}

impl FromStr for Bed {
    type Err = SpecimenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = "white, black, grey, a grey level 0 to 255, a colour as #a03050, wood";
        let wrong = || SpecimenError::Word {
            what: "bed",
            text: text.to_owned(),
            known,
        };
        match text {
            "white" => Ok(Self::White),
            "black" => Ok(Self::Black),
            "grey" => Ok(Self::Grey(128)),
            "wood" => Ok(Self::Wood),
            _ => match text.strip_prefix('#') {
                Some(hex) if hex.len() == 6 => {
                    let v = u32::from_str_radix(hex, 16).map_err(|_| wrong())?;
                    Ok(Self::Colour([(v >> 16) as u8, (v >> 8) as u8, v as u8]))
                }
                _ => text.parse().map(Self::Grey).map_err(|_| wrong()),
            },
        }
    }
}

/// The settings of a scanner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scanner {
    /// Dots per inch, 100 to 1200.
    pub dpi: f32,
    /// Turn of the note, degrees clockwise, -360 to 360.
    pub rotation: f32,
    /// What the note lies on.
    pub bed: Bed,
    /// Bed seen round the note, mm; negative cuts into the note. -10 to 60.
    pub margin_mm: f32,
    /// Standard deviation of the point spread, µm on the note, 0 to 200.
    pub blur_um: f32,
    /// Standard deviation of the noise, levels of 255, 0 to 30.
    pub noise: f32,
    /// Exponent on the encoded levels, 0.5 to 2; above 1 is darker.
    pub gamma: f32,
    /// Factors on red, green and blue, linear, 0.5 to 1.5.
    pub cast: [f32; 3],
    /// Strength of the unsharp mask, 0 to 3.
    pub sharpening: f32,
    /// File format.
    pub format: Format,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// JPEG chroma subsampling.
    pub subsampling: Subsampling,
}

impl Default for Scanner {
    /// An ordinary flatbed scanner: 300 dpi on a white lid, auto-cropped with a little margin.
    fn default() -> Self {
        Self {
            dpi: 300.0,
            rotation: 0.0,
            bed: Bed::White,
            margin_mm: 3.0,
            blur_um: 32.0,
            noise: 1.6,
            gamma: 1.0,
            cast: [1.0; 3],
            sharpening: 0.3,
            format: Format::Jpeg,
            quality: 90,
            subsampling: Subsampling::Half,
        }
    }
}

/// A scan and what is true of it.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The pixels before compression.
    pub image: RgbImage,
    /// Everything that was drawn.
    pub truth: Truth,
}

impl Scan {
    /// The bytes of the file that the scanner writes, with its density.
    ///
    /// # Errors
    /// What the encoder refuses.
    pub fn encode(&self) -> Result<Vec<u8>, SpecimenError> {
        let s = &self.truth.scanner;
        encode(&self.image, s.format, s.dpi, s.quality, s.subsampling)
    }
}

impl Scanner {
    /// Checks the settings.
    ///
    /// # Errors
    /// The first one that is out of its range.
    pub fn check(&self) -> Result<(), SpecimenError> {
        let [red, green, blue] = self.cast;
        for (name, value, low, high, unit) in [
            ("resolution", self.dpi, 100.0, 1200.0, "dpi"),
            ("rotation", self.rotation, -360.0, 360.0, "degrees"),
            ("margin", self.margin_mm, -10.0, 60.0, "mm"),
            ("blur", self.blur_um, 0.0, 200.0, "µm"),
            ("noise", self.noise, 0.0, 30.0, "levels"),
            ("gamma", self.gamma, 0.5, 2.0, ""),
            ("cast of red", red, 0.5, 1.5, ""),
            ("cast of green", green, 0.5, 1.5, ""),
            ("cast of blue", blue, 0.5, 1.5, ""),
            ("sharpening", self.sharpening, 0.0, 3.0, ""),
            ("JPEG quality", f32::from(self.quality), 1.0, 100.0, ""),
        ] {
            if !(low..=high).contains(&value) {
                let [value, low, high] = [value, low, high].map(f64::from);
                return Err(SpecimenError::Range {
                    name,
                    value,
                    low,
                    high,
                    unit,
                });
            }
        }
        Ok(())
    }

    /// Scans one side.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn scan(&self, printed: &Printed) -> Result<Scan, SpecimenError> {
        self.check()?;
        let picture = &printed.picture;
        let seed = super::maths::hash(
            printed.specimen.seed ^ printed.side as u64 ^ ((picture.light as u64) << 8),
        );
        let geometry = Geometry::new(self, picture, seed);
        let image = self.pixels(picture, &geometry, seed);
        let specimen = &printed.specimen;
        // Rectangles are on the nominal note; a note of wrong size is the same print, shrunk.
        let nominal = specimen.denomination.size();
        let (kx, ky) = (
            picture.size.width / nominal.width,
            picture.size.height / nominal.height,
        );
        let elements = printed.elements.iter().cloned().map(|mut e| {
            let r = &mut e.rect_mm;
            (r.x, r.width, r.y, r.height) = (r.x * kx, r.width * kx, r.y * ky, r.height * ky);
            e.quad_px = geometry.quad(r.x, r.y, r.width, r.height);
            e.rect_mm = RectMm::from(<[f64; 4]>::from(e.rect_mm).map(tidy));
            e
        });
        let (number, _) = specimen.serial.district();
        let truth = Truth {
            schema: "guilloche.specimen/1".to_owned(),
            design: format!("xts-{}-2024", specimen.denomination.as_str()),
            denomination: specimen.denomination,
            side: printed.side,
            light: picture.light,
            seed: specimen.seed,
            serial: specimen.serial.to_string(),
            printed_serials: specimen.printed_serials(),
            series: specimen.serial.year(),
            district: (specimen.serial.district, number),
            position: specimen.serial.position(),
            plate: printed.plate.clone(),
            size_mm: SizeMm {
                width: tidy(picture.size.width),
                height: tidy(picture.size.height),
            },
            register: Register {
                offset_mm: printed.register.offset_mm.map(tidy),
                intaglio_mm: printed.register.intaglio_mm.map(tidy),
                overprint_mm: printed.register.overprint_mm.map(tidy),
                overprint_tilt: tidy(printed.register.overprint_tilt),
            },
            dials: specimen.dials.clone(),
            scanner: self.clone(),
            size_px: [image.width(), image.height()],
            quad_px: geometry.quad(0.0, 0.0, picture.size.width, picture.size.height),
            elements: elements.collect(),
        };
        Ok(Scan { image, truth })
    }

    fn pixels(&self, picture: &Picture, geometry: &Geometry, seed: u64) -> RgbImage {
        let (w, h) = (geometry.width, geometry.height);
        let (px, py) = (
            picture.width as f64 / picture.size.width,
            picture.height as f64 / picture.size.height,
        );
        // Blur of the lens and of the aperture, as one bell, in pixels of the print.
        let aperture = px * 25.4 / f64::from(self.dpi);
        let lens = f64::from(self.blur_um) / 1000.0 * px;
        let sigma = (lens * lens + aperture * aperture / 12.0).sqrt();
        let blurred: [Vec<f32>; 3] = if picture.light == Light::Infrared {
            let one = blur(&picture.channels[0], picture.width, sigma);
            [one.clone(), one.clone(), one]
        } else {
            [0, 1, 2].map(|c| blur(&picture.channels[c], picture.width, sigma))
        };
        let (gain, lift) = match picture.light {
            // Ultraviolet scans expose for the glow.
            Light::Ultraviolet => (1.0, 0.012),
            Light::Transmitted => (1.5, 0.0),
            _ => (1.0, 0.0),
        };
        let tones: [Vec<f32>; 3] = self.cast.map(|cast| {
            let level = |i: usize| {
                let v = encoded((i as f64 / TONES as f64 * 1.25 * gain + lift) * f64::from(cast));
                (255.0 * pow(v / 255.0, f64::from(self.gamma))) as f32
            };
            (0..=TONES).map(level).collect()
        });
        // A sum of four uniform numbers of 5 bits: nearly normal, standard deviation 18.46.
        let noise: Vec<f32> = (0..=4 * 31)
            .map(|sum| self.noise * (sum as f32 - 62.0) / 18.46)
            .collect();
        let soft = (0.5 + 0.8 * sigma / aperture).max(0.5) as f32;
        let aperture = aperture as f32;
        let (step_x, step_y) = (geometry.across.0 * px, geometry.across.1 * py);
        let (across, down) = (picture.width as f32, picture.height as f32);
        let exposed = |y: usize, row: &mut [f32]| {
            let (mm_x, mm_y) = geometry.on_note(0.5, y as f64 + 0.5);
            let (from_x, from_y) = (mm_x * px - 0.5, mm_y * py - 0.5);
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                let u = (from_x + x as f64 * step_x) as f32;
                let v = (from_y + x as f64 * step_y) as f32;
                // Distance inside the note's edge, px of the scan.
                let inside_x = (u + 0.5).min(across - 0.5 - u);
                let inside_y = (v + 0.5).min(down - 0.5 - v);
                let inside = inside_x.min(inside_y) / aperture;
                let mut share = (inside / (2.0 * soft) + 0.5).clamp(0.0, 1.0);
                let mut colour = [0.0f32; 3];
                if share > 0.0 {
                    let (u, v) = (u.clamp(0.0, across - 1.001), v.clamp(0.0, down - 1.001));
                    let (i, j) = (u as u32 as usize, v as u32 as usize);
                    let (fx, fy) = (u - i as f32, v - j as f32);
                    let at = j * picture.width + i;
                    for (c, plane) in colour.iter_mut().zip(&blurred) {
                        if let ([p, q, ..], [r, s, ..]) =
                            (&plane[at..], &plane[at + picture.width..])
                        {
                            let (a, b) = (p + (q - p) * fx, r + (s - r) * fx);
                            *c = a + (b - a) * fy;
                        }
                    }
                    if let Some(there) = &picture.presence {
                        share *= f32::from(there.data[at]) / 255.0;
                    }
                }
                if share < 1.0 {
                    let bed = self.bed_at(x, y, picture.light, seed);
                    let far = (-inside).max(0.0) * 25.4 / self.dpi;
                    // The gap under the note's edge is in shadow.
                    let beyond_edge = inside < soft && picture.light != Light::Transmitted;
                    let shade = if beyond_edge {
                        1.0 - 0.30 * (1.0 - far / 0.5).max(0.0)
                    } else {
                        1.0
                    };
                    for (c, b) in colour.iter_mut().zip(bed) {
                        *c = *c * share + b * shade * (1.0 - share);
                    }
                }
                let grain = hash_at(seed, x as i32, y as i32);
                for (k, ((v, c), tone)) in pixel.iter_mut().zip(colour).zip(&tones).enumerate() {
                    let at = (c.clamp(0.0, 1.24) * (TONES as f32 / 1.25)) as u32 as usize;
                    let bits = (grain >> (20 * k)) as u32 & 0xf_ffff;
                    let sum = (bits & 31) + ((bits >> 5) & 31) + ((bits >> 10) & 31) + (bits >> 15);
                    *v = tone.get(at).copied().unwrap_or(255.0)
                        + noise.get(sum as usize).copied().unwrap_or(0.0);
                }
            }
        };
        let mut bytes = Vec::with_capacity(w * h * 3);
        let mut put = |row: &[f32]| {
            bytes.extend(row.iter().map(|v| (v + 0.5).clamp(0.0, 255.0) as u8));
        };
        // Three rows at a time are enough to sharpen the middle one.
        let mut rows = [0; 3].map(|_| vec![0.0f32; w * 3]);
        exposed(0, &mut rows[1]);
        for y in 0..h {
            let [above, row, below] = &mut rows;
            if y + 1 < h {
                exposed(y + 1, below);
            }
            if self.sharpening > 0.0 && (1..h.saturating_sub(1)).contains(&y) {
                put(&sharpened([above, row, below], self.sharpening));
            } else {
                put(row);
            }
            // The row that was above is written over next.
            rows.rotate_left(1);
        }
        RgbImage::from_raw(w as u32, h as u32, bytes).unwrap_or_default()
    }

    fn bed_at(&self, x: usize, y: usize, light: Light, seed: u64) -> [f32; 3] {
        let colour = match self.bed {
            Bed::White => [0.91, 0.91, 0.92],
            Bed::Black => [0.008, 0.008, 0.009],
            Bed::Grey(level) => [linear(level); 3],
            Bed::Colour(c) => c.map(linear),
            Bed::Wood => {
                let (u, v) = (x as f32 / self.dpi * 25.4, y as f32 / self.dpi * 25.4);
                let ring = 0.5 + 0.5 * sin(1.3 * v + 4.0 * clouds(seed, u / 60.0, v / 9.0));
                let pore = noise(seed, u / 4.0, v * 4.0);
                [0.30, 0.155, 0.070].map(|c| c * (0.75 + 0.35 * ring + 0.12 * pore))
            }
        };
        match light {
            Light::Visible | Light::Turned => colour,
            Light::Infrared => [0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]; 3],
            Light::Ultraviolet => colour.map(|c| 0.006 + 0.012 * c),
            Light::Transmitted => [1.0; 3],
        }
    }
}

/// Entries of the tone curve for linear light 0..=1.25.
const TONES: usize = 8192;

/// Where the note lies in the scan.
struct Geometry {
    width: usize,
    height: usize,
    /// Pixels a millimetre.
    scale: f64,
    sin: f64,
    cos: f64,
    /// The note's middle in the scan, px, and half its size, mm.
    middle: (f64, f64),
    half: (f64, f64),
    /// Millimetres on the note for one pixel to the right.
    across: (f64, f64),
}

impl Geometry {
    fn new(scanner: &Scanner, picture: &Picture, seed: u64) -> Self {
        let scale = f64::from(scanner.dpi) / 25.4;
        // Quarter turns are exact.
        let rotation = match picture.light {
            Light::Turned => scanner.rotation + 180.0,
            _ => scanner.rotation,
        };
        let quarter = super::maths::round(rotation / 90.0);
        let rest = (rotation - 90.0 * quarter).to_radians();
        let (s, c) = (f64::from(sin(rest)), f64::from(cos(rest)));
        let n = (s * s + c * c).sqrt();
        let (s, c) = (s / n, c / n);
        let (sin, cos) = match (quarter as i32).rem_euclid(4) {
            0 => (s, c),
            1 => (c, -s),
            2 => (-s, -c),
            _ => (-c, s),
        };
        let (w, h) = (picture.size.width, picture.size.height);
        let margin = 2.0 * f64::from(scanner.margin_mm);
        let width = ((w * cos.abs() + h * sin.abs() + margin) * scale)
            .ceil()
            .max(8.0);
        let height = ((w * sin.abs() + h * cos.abs() + margin) * scale)
            .ceil()
            .max(8.0);
        let jitter = |shift: u32| {
            ((super::maths::hash(seed ^ 0x51) >> shift) & 0xffff) as f64 / 65_536.0 - 0.5
        };
        Self {
            width: width as usize,
            height: height as usize,
            scale,
            sin,
            cos,
            middle: (0.5 * width + jitter(0), 0.5 * height + jitter(16)),
            half: (0.5 * w, 0.5 * h),
            across: (cos / scale, -sin / scale),
        }
    }

    /// Place on the note, mm, of a place in the scan, px.
    fn on_note(&self, x: f64, y: f64) -> (f64, f64) {
        let (dx, dy) = (
            (x - self.middle.0) / self.scale,
            (y - self.middle.1) / self.scale,
        );
        (
            dx * self.cos + dy * self.sin + self.half.0,
            dy * self.cos - dx * self.sin + self.half.1,
        )
    }

    fn in_scan(&self, x: f64, y: f64) -> [f64; 2] {
        let (dx, dy) = (
            (x - self.half.0) * self.scale,
            (y - self.half.1) * self.scale,
        );
        [
            self.middle.0 + dx * self.cos - dy * self.sin,
            self.middle.1 + dx * self.sin + dy * self.cos,
        ]
    }

    fn quad(&self, x: f64, y: f64, w: f64, h: f64) -> [[f64; 2]; 4] {
        [
            self.in_scan(x, y),
            self.in_scan(x + w, y),
            self.in_scan(x + w, y + h),
            self.in_scan(x, y + h),
        ]
        .map(|p| p.map(tidy))
    }
}

/// Four decimals say all there is to say, and survive JSON.
fn tidy(v: f64) -> f64 {
    (v * 10_000.0).round() / 10_000.0
}

/// Gaussian blur of a plane, `sigma` in pixels.
fn blur(plane: &[f32], width: usize, sigma: f64) -> Vec<f32> {
    let radius = (2.7 * sigma).ceil() as usize;
    if sigma < 0.2 || width == 0 {
        return plane.to_vec();
    }
    let bell: Vec<f64> = (0..=radius)
        .map(|i| exp(-0.5 * (i as f64 / sigma) * (i as f64 / sigma)))
        .collect();
    let total = bell.iter().skip(1).sum::<f64>() * 2.0 + 1.0;
    let taps: Vec<f32> = bell.iter().map(|b| (b / total) as f32).collect();
    let height = plane.len() / width;
    // Down first, row by row, so that every inner loop runs along memory.
    let mut out = vec![0.0f32; plane.len()];
    let mut sum = vec![0.0f32; width + 2 * radius];
    for (y, to) in out.chunks_exact_mut(width).enumerate() {
        let row = |y: usize| &plane[y.min(height - 1) * width..(y.min(height - 1) + 1) * width];
        let middle = &mut sum[radius..radius + width];
        middle
            .iter_mut()
            .zip(row(y))
            .for_each(|(s, v)| *s = v * taps[0]);
        for (i, k) in taps.iter().enumerate().skip(1) {
            let pairs = row(y.saturating_sub(i)).iter().zip(row(y + i));
            middle
                .iter_mut()
                .zip(pairs)
                .for_each(|(s, (a, b))| *s += k * (a + b));
        }
        let (first, last) = (sum[radius], sum[radius + width - 1]);
        sum[..radius].fill(first);
        sum[radius + width..].fill(last);
        to.iter_mut()
            .zip(&sum[radius..])
            .for_each(|(v, s)| *v = s * taps[0]);
        for (i, k) in taps.iter().enumerate().skip(1) {
            let pairs = sum[radius - i..].iter().zip(&sum[radius + i..]);
            to.iter_mut()
                .zip(pairs)
                .for_each(|(v, (a, b))| *v += k * (a + b));
        }
    }
    out
}

/// The middle one of three interleaved rows after an unsharp mask over three by three pixels; its first and last
/// pixel stay.
fn sharpened([above, row, below]: [&[f32]; 3], amount: f32) -> Vec<f32> {
    let down: Vec<f32> = above
        .iter()
        .zip(row)
        .zip(below)
        .map(|((a, b), c)| a + 2.0 * b + c)
        .collect();
    let mut out = row.to_vec();
    let (left, middle, right) = (&down[..], down.get(3..), down.get(6..));
    let sums = left
        .iter()
        .zip(middle.unwrap_or(&[]))
        .zip(right.unwrap_or(&[]));
    for (v, ((l, m), r)) in out.iter_mut().skip(3).zip(sums) {
        let soft = (l + 2.0 * m + r) / 16.0;
        *v += amount * (*v - soft);
    }
    out
}
