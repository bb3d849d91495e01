//! Notes drawn for the tests: random blocks stand for engraving, each note with its own paper noise
//! and its own float of the overprint.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use image::{Rgb, RgbImage};

use super::{Exposure, Face, Feature, Reading};
use crate::compare::align::Part;
use crate::compare::tiles;
use crate::findings::Experience;
use crate::note::{Light, RectMm, Side, SizeMm};
use crate::pixels::Raster;
use crate::rectify::edges::{SettledOutline, SideSource};
use crate::rectify::homography::Homography;
use crate::reference::{Design, Enrolment, Library, MeasuredSide, Process, SecurityFeature, Zone};
use crate::structure::{ExpectedDetail, Reduced, learn, part, shape};
use crate::verdict::Finding;

pub const SIZE: SizeMm = SizeMm {
    width: 100.0,
    height: 50.0,
};
const PX: f64 = 10.0;
/// Bed around the note, mm.
const BED: f64 = 2.0;
/// Colour of the bed.
pub const BED_COLOUR: [f64; 3] = [90.0, 90.0, 110.0];

const ZONES: [(&str, [f64; 4], bool, bool); 7] = [
    ("portrait", [40.0, 10.0, 20.0, 28.0], false, false),
    ("title", [25.0, 3.0, 50.0, 5.0], false, false),
    ("border", [25.0, 43.0, 50.0, 4.0], false, false),
    ("value-left", [4.0, 4.0, 12.0, 12.0], false, true),
    ("treasury-seal", [75.0, 20.0, 12.0, 12.0], true, false),
    ("serial-upper-right", [65.0, 12.0, 24.0, 4.0], true, false),
    ("serial-lower-left", [10.0, 36.0, 24.0, 4.0], true, false),
];

fn noise(a: i64, b: i64, c: i64) -> f64 {
    let mut h =
        (a.wrapping_mul(0x9E37_79B9) ^ b.wrapping_mul(0x85EB_CA6B) ^ c.wrapping_mul(0xC2B2_AE35))
            .wrapping_mul(0x27D4_EB2F_1656_67C5);
    h ^= h >> 29;
    h = h.wrapping_mul(0x1656_67B1_9E37_79F9);
    ((h >> 33) & 0xFFFF) as f64 / 65535.0
}

/// What is to be drawn at a place (mm): red, green and blue of a note, given what a genuine one shows.
pub type Alter<'a> = &'a dyn Fn(f64, f64, [f64; 3]) -> [f64; 3];

/// How much ink a zone has at a place of it.
pub fn ink(zone: &str, x: f64, y: f64) -> f64 {
    let index = ZONES.iter().position(|z| z.0 == zone).unwrap() as i64;
    if noise((x / 0.9).floor() as i64, (y / 0.9).floor() as i64, index) > 0.5 {
        1.0
    } else {
        0.0
    }
}

/// Where the overprint of note `n` lies, mm.
fn float(n: i64) -> [f64; 2] {
    [1.6 * (noise(n, 1, 77) - 0.5), 1.2 * (noise(n, 2, 77) - 0.5)]
}

/// Draws note `n`; `apart` moves the element named by so many mm to the right.
pub fn note(n: i64, apart: Option<(&str, f64)>, alter: Alter<'_>) -> Raster {
    let (width, height) = (
        ((SIZE.width + 2.0 * BED) * PX) as u32,
        ((SIZE.height + 2.0 * BED) * PX) as u32,
    );
    Raster::Eight(RgbImage::from_fn(width, height, |px, py| {
        let (x, y) = (
            (f64::from(px) + 0.5) / PX - BED,
            (f64::from(py) + 0.5) / PX - BED,
        );
        if x < 0.0 || y < 0.0 || x > SIZE.width || y > SIZE.height {
            return Rgb(BED_COLOUR.map(|v| v as u8));
        }
        let mut colour = [228.0, 224.0, 205.0];
        for (id, [left, top, w, h], overprint, _) in ZONES {
            let mut by = if overprint { float(n) } else { [0.0; 2] };
            if let Some((moved, right)) = apart
                && moved == id
            {
                by[0] += right;
            }
            let (u, v) = (x - left - by[0], y - top - by[1]);
            if (0.0..w).contains(&u) && (0.0..h).contains(&v) && ink(id, u, v) > 0.5 {
                colour = [60.0, 70.0, 60.0];
            }
        }
        let colour = alter(x, y, colour);
        let mut k = 0;
        Rgb(colour.map(|v| {
            k += 1;
            (v + 8.0 * (noise(i64::from(px), i64::from(py), 100 * n + k) - 0.5)).clamp(0.0, 255.0)
                as u8
        }))
    }))
}

/// A genuine note.
pub fn genuine(n: i64) -> Raster {
    note(n, None, &|_, _, colour| colour)
}

fn print() -> Homography {
    Homography::from_rectangle(SIZE.width, SIZE.height, &quad()).unwrap()
}

fn quad() -> [[f64; 2]; 4] {
    let (x0, y0) = (BED * PX, BED * PX);
    let (x1, y1) = (x0 + SIZE.width * PX, y0 + SIZE.height * PX);
    [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

/// The design, enrolled from six drawn notes.
pub static DESIGN: LazyLock<Design> = LazyLock::new(|| {
    let zones: Vec<Zone> = ZONES
        .iter()
        .map(|(id, rect, overprint, value)| Zone {
            id: (*id).to_owned(),
            side: Side::Front,
            rect_mm: RectMm::from(*rect),
            print: if *overprint {
                Process::Letterpress
            } else {
                Process::Intaglio
            },
            value: value.then(|| "1".to_owned()),
            examine: Vec::new(),
            source: None,
            unverified: true,
        })
        .collect();
    let notes: Vec<Raster> = (1..7).map(genuine).collect();
    let straight: Vec<_> = notes
        .iter()
        .map(|raster| Reduced::new(raster, PX).straighten(&print(), SIZE, None))
        .collect();
    let details: Vec<_> = notes
        .iter()
        .map(|raster| tiles::detail(raster, &print(), SIZE))
        .collect();
    let overprint: Vec<Part> = zones
        .iter()
        .filter(|z| z.print == Process::Letterpress)
        .map(|z| part(z.rect_mm, shape(SIZE)))
        .collect();
    let measured = MeasuredSide {
        enrolment: Enrolment {
            notes: 6,
            scanner: "drawn".to_owned(),
            date: "2026-01-01".to_owned(),
            px_per_mm: PX,
            layout_only: false,
        },
        layout: ndarray::Array2::zeros((1, 1)),
        structure: learn(&straight, &overprint, ExpectedDetail::learn(&details), None),
        readings: None,
        lights: BTreeMap::new(),
    };
    Design {
        id: "xts-1-2000".to_owned(),
        name: "drawn".to_owned(),
        currency: "XTS".parse().unwrap(),
        denomination: "1".to_owned(),
        edition: "2000".to_owned(),
        serial: None,
        size: SIZE,
        size_source: None,
        zones,
        features: Vec::new(),
        absent: Vec::new(),
        measured: BTreeMap::from([(Side::Front, measured)]),
    }
});

/// The same without measurements.
pub static UNMEASURED: LazyLock<Design> = LazyLock::new(|| Design {
    measured: BTreeMap::new(),
    ..DESIGN.clone()
});

/// The design without measurements, but with a fact of what its front shows by day.
pub fn with_fact(kind: &str, place: [f64; 4], colours: &[&str], source: Option<&str>) -> Design {
    let mut design = UNMEASURED.clone();
    design.features.push(SecurityFeature {
        kind: kind.to_owned(),
        side: Some(Side::Front),
        light: Some(Light::Visible),
        rect_mm: Some(RectMm::from(place)),
        colours: colours.iter().map(|&word| word.to_owned()).collect(),
        text: None,
        motif: None,
        from_series: None,
        expect: "It is there.".to_owned(),
        source: source.map(str::to_owned),
        unverified: source.is_none(),
    });
    design
}

/// The side of a drawn note that was scanned once more after it was turned.
pub fn turned<'a>(before: &'a Raster, now: &'a Raster, design: &'a Design) -> Face<'a> {
    Face {
        light: Light::Turned,
        before: Some(Exposure {
            raster: before,
            print: print(),
        }),
        ..face(now, design)
    }
}

/// What is found on a face by one feature.
pub fn finding(feature: &dyn Feature, face: &Face<'_>) -> Finding {
    let read = vec![(feature.id(), super::readings(feature, face))];
    let library = Library::of(face.design.clone());
    let experience = Experience::new(&library);
    experience.findings(face, &read, 0).remove(0)
}

/// The side of a drawn note.
pub fn face<'a>(raster: &'a Raster, design: &'a Design) -> Face<'a> {
    Face {
        design,
        side: Side::Front,
        light: Light::Visible,
        raster,
        jpeg: None,
        dpi: Some(25.4 * PX),
        print: print(),
        px_per_mm: PX,
        outline: SettledOutline {
            quad: quad(),
            sides: [SideSource::Edge; 4],
            quality: 1.0,
        },
        view: Arc::default(),
        condition: Arc::default(),
        before: None,
    }
}

/// The value measured in a zone.
pub fn value(readings: &[Reading], zone: &str) -> f64 {
    let reading = readings.iter().find(|r| r.zone == zone).unwrap();
    reading.result.as_ref().unwrap().value
}

/// Measures a drawn note.
pub fn measure(feature: &dyn Feature, raster: &Raster) -> Vec<Reading> {
    super::readings(feature, &face(raster, &DESIGN))
}

/// Whether every zone says that there is nothing to compare with.
pub fn not_calibrated(feature: &dyn Feature) -> bool {
    let raster = genuine(20);
    let readings = super::readings(feature, &face(&raster, &UNMEASURED));
    !readings.is_empty()
        && readings
            .iter()
            .all(|r| matches!(r.result, Err(super::Unmeasured::NotCalibrated(_))))
}
