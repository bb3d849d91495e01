//! Notes drawn for the tests of the features: no design of any country.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use image::imageops::{FilterType, resize};
use image::{Rgb, RgbImage};

use super::{Face, Feature, Unmeasured, readings};
use crate::note::{Light, RectMm, Side, SizeMm};
use crate::pixels::Raster;
use crate::rectify::edges::{SettledOutline, SideSource};
use crate::rectify::homography::Homography;
use crate::reference::{Design, Process, SecurityFeature, Zone};

/// Colour in a place, mm: 0..=255.
pub type Colour = [f32; 3];

pub const PAPER: Colour = [229.0, 224.0, 199.0];
pub const BLACK: Colour = [45.0, 50.0, 48.0];
pub const GREEN: Colour = [50.0, 135.0, 85.0];
const SIZE: SizeMm = SizeMm {
    width: 90.0,
    height: 45.0,
};

/// Where a line of tiny letters lies, mm: left, top, width, height.
pub const MICROPRINT: [f64; 4] = [10.0, 40.0, 24.0, 0.36];

/// A drawn note and its scan.
pub struct Drawn {
    design: Design,
    raster: Raster,
    px_per_mm: f64,
}

/// A number in -1..1 that depends on nothing but its cell, of the same for ever.
pub fn noise(x: i64, y: i64, seed: u64) -> f32 {
    let mut h = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
        ^ seed.wrapping_mul(0x1656_67b1_9e37_79f9);
    h = (h ^ (h >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h ^= h >> 32;
    (h & 0xffff) as f32 / 32_768.0 - 1.0
}

/// What the press puts in a place: 0 paper, 1 black engraving, 2 green seal.
pub fn ink(x: f64, y: f64) -> u8 {
    let inside = |r: [f64; 4]| x >= r[0] && x < r[0] + r[2] && y >= r[1] && y < r[1] + r[3];
    let (left, right) = (
        inside([10.0, 8.0, 20.0, 28.0]),
        inside([64.0, 8.0, 16.0, 28.0]),
    );
    if left || right {
        // Engraved lines of changing direction and width, three to four to the millimetre.
        let phase = if left {
            3.3 * x + 1.2 * y + 0.8 * (0.7 * y).sin()
        } else {
            1.0 * x + 3.6 * y + 0.9 * (0.8 * x).sin()
        };
        let width = 0.45 + 0.25 * (0.9 * x).sin() * (0.8 * y).cos();
        return u8::from(phase.fract() < width);
    }
    if inside(MICROPRINT) {
        // Two strokes and a gap for each letter, four letters to the millimetre.
        return u8::from(!(0.35..0.6).contains(&(4.0 * x).fract()) && (2.0 * x).fract() < 0.8);
    }
    let (dx, dy) = (x - 47.0, y - 22.0);
    let radius = dx.hypot(dy);
    if radius < 8.0 && (radius * 0.6).fract() < 0.7 {
        return 2;
    }
    0
}

/// Draws what `colour` says of each place, given its ink, as a scanner sees it: each pixel the mean
/// of 3 × 3 points, with a little noise of its own.
pub fn draw(px_per_mm: f64, colour: impl Fn(f64, f64, u8) -> Colour) -> Drawn {
    let (width, height) = (SIZE.width * px_per_mm, SIZE.height * px_per_mm);
    let image = RgbImage::from_fn(width as u32, height as u32, |px, py| {
        let mut sum = [0.0f32; 3];
        for i in 0..9 {
            let x = (f64::from(px) + (f64::from(i % 3) + 0.5) / 3.0) / px_per_mm;
            let y = (f64::from(py) + (f64::from(i / 3) + 0.5) / 3.0) / px_per_mm;
            for (s, v) in sum.iter_mut().zip(colour(x, y, ink(x, y))) {
                *s += v / 9.0;
            }
        }
        // Each channel its own, as sensors have.
        let grain = [7, 8, 9].map(|seed| 2.0 * noise(i64::from(px), i64::from(py), seed));
        let [r, g, b] = sum;
        Rgb([r + grain[0], g + grain[1], b + grain[2]].map(|v| v.round().clamp(0.0, 255.0) as u8))
    });
    Drawn {
        design: design(),
        raster: Raster::Eight(image),
        px_per_mm,
    }
}

/// The genuine note: each ink its one colour, on paper with some grain.
pub fn genuine(px_per_mm: f64, seed: u64) -> Drawn {
    draw(px_per_mm, |x, y, ink| printed(x, y, ink, seed))
}

/// The genuine colour of a place.
pub fn printed(x: f64, y: f64, ink: u8, seed: u64) -> Colour {
    let grain = 3.0 * noise((x * 8.0) as i64, (y * 8.0) as i64, seed);
    inked(ink).map(|v| v + grain)
}

/// The colour of an ink, of paper where there is none.
pub fn inked(ink: u8) -> Colour {
    match ink {
        1 => BLACK,
        2 => GREEN,
        _ => PAPER,
    }
}

/// A reprint of a picture with so many pixels to the millimetre, each the mean of the print over it, with straight
/// lines between them; the paper's grain and the scanner's noise are fresh.
pub fn reprinted(px_per_mm: f64, per_mm: f64) -> Drawn {
    let pixel = |column: i64, row: i64| {
        let mut sum = [0.0f32; 3];
        for i in 0..16 {
            let at = |place: i64, part: u8| (place as f64 + (f64::from(part) + 0.5) / 4.0) / per_mm;
            let (x, y) = (at(column, i % 4), at(row, i / 4));
            for (s, v) in sum.iter_mut().zip(inked(ink(x, y))) {
                *s += v / 16.0;
            }
        }
        sum
    };
    let columns = (SIZE.width * per_mm) as i64 + 3;
    let rows = (SIZE.height * per_mm) as i64 + 3;
    let pixels: Vec<Colour> = (0..rows * columns)
        .map(|at| pixel(at % columns, at / columns))
        .collect();
    draw(px_per_mm, |x, y, _| {
        let [u, v] = [x, y].map(|mm| (mm * per_mm + 0.5).max(0.0));
        let mut mixed = [3.0 * noise((x * 8.0) as i64, (y * 8.0) as i64, 5); 3];
        for (column, row, weight) in corners(u, v) {
            let at = row * columns + column;
            let colour = pixels.get(at as usize).copied().unwrap_or(PAPER);
            for (m, c) in mixed.iter_mut().zip(colour) {
                *m += weight * c;
            }
        }
        mixed
    })
}

/// The cells around a place, column and row, each with its weight in what lies between them.
pub fn corners(u: f64, v: f64) -> [(i64, i64, f32); 4] {
    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, below)| {
        let part = |at: f64, next: i64| {
            if next == 1 {
                at.fract()
            } else {
                1.0 - at.fract()
            }
        };
        let weight = (part(u, right) * part(v, below)) as f32;
        (u as i64 + right, v as i64 + below, weight)
    })
}

/// Dots of single process inks in place of a colour: `pick` in 0..1 says for each of the inks where
/// its dots lie.
pub fn dots(colour: Colour, pick: [f32; 3]) -> Colour {
    let mut out = [0.0; 3];
    for ((o, c), p) in out.iter_mut().zip(colour).zip(pick) {
        *o = if p < c / 245.0 { 245.0 } else { 50.0 };
    }
    out
}

fn design() -> Design {
    let zone = |id: &str, rect: [f64; 4], print| Zone {
        id: id.to_owned(),
        side: Side::Front,
        rect_mm: RectMm::from(rect),
        print,
        value: None,
        examine: vec![],
        source: None,
        unverified: false,
    };
    Design {
        id: "xts-drawn".to_owned(),
        name: "Drawn".to_owned(),
        currency: "XTS".parse().unwrap(),
        denomination: "1".to_owned(),
        edition: "drawn".to_owned(),
        serial: None,
        size: SIZE,
        size_source: Some("drawn".to_owned()),
        zones: vec![
            zone("engraving", [10.0, 8.0, 20.0, 28.0], Process::Intaglio),
            zone(
                "engraving-right",
                [64.0, 8.0, 16.0, 28.0],
                Process::Intaglio,
            ),
            zone("seal", [39.0, 14.0, 16.0, 16.0], Process::Letterpress),
        ],
        features: vec![SecurityFeature {
            kind: "microprint".to_owned(),
            side: Some(Side::Front),
            light: Some(Light::Visible),
            rect_mm: Some(RectMm::from(MICROPRINT)),
            colours: vec![],
            text: None,
            motif: None,
            from_series: None,
            expect: "A line of tiny letters.".to_owned(),
            source: None,
            unverified: false,
        }],
        absent: vec![],
        measured: BTreeMap::new(),
    }
}

impl Drawn {
    fn face(&self, shift_mm: f64) -> Face<'_> {
        let (w, h, s) = (SIZE.width, SIZE.height, self.px_per_mm);
        let right = shift_mm * s;
        let quad = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]].map(|[x, y]| [x * s + right, y * s]);
        Face {
            design: &self.design,
            side: Side::Front,
            light: Light::Visible,
            raster: &self.raster,
            jpeg: None,
            dpi: None,
            print: Homography::from_rectangle(w, h, &quad).unwrap(),
            px_per_mm: s,
            outline: SettledOutline {
                quad,
                sides: [SideSource::Frame; 4],
                quality: 0.0,
            },
            view: std::sync::Arc::default(),
            condition: std::sync::Arc::default(),
            before: None,
        }
    }

    /// The scan, enlarged by a program with straight lines between its pixels.
    pub fn enlarged(mut self, by: u32) -> Self {
        if let Raster::Eight(image) = &self.raster {
            let (width, height) = (image.width() * by, image.height() * by);
            self.raster = Raster::Eight(resize(image, width, height, FilterType::Triangle));
            self.px_per_mm *= f64::from(by);
        }
        self
    }

    /// What a feature reads in a zone.
    pub fn read(&self, feature: &dyn Feature, zone: &str) -> Result<f64, Unmeasured> {
        pick(&self.face(0.0), feature, zone)
    }

    /// The same where the scan shows only what lies right of `left_mm`.
    pub fn read_cut(
        &self,
        feature: &dyn Feature,
        zone: &str,
        left_mm: f64,
    ) -> Result<f64, Unmeasured> {
        pick(&self.face(-left_mm), feature, zone)
    }
}

fn pick(face: &Face<'_>, feature: &dyn Feature, zone: &str) -> Result<f64, Unmeasured> {
    let all = readings(feature, face);
    let found = all.into_iter().find(|r| r.zone == zone || r.zone == "side");
    found.unwrap().result.map(|m| m.value)
}
