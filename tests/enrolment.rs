//! What enrolling genuine scans comes to when a scan is not as it should be.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use guilloche::enroll::measure_side;
use guilloche::note::{Light, Side};
use guilloche::pixels::Raster;
use guilloche::reference::{Enrolment, Library, MeasuredSide};
use guilloche::specimen::{Bed, Press, Scan, Scanner, Specimen, XtsDenomination};

fn scan(press: &Press, seed: u64) -> Scan {
    let scanner = Scanner {
        bed: Bed::Grey(40),
        dpi: 150.0,
        rotation: seed as f32 - 2.0,
        ..Scanner::default()
    };
    let specimen = Specimen::new(XtsDenomination::Ten, seed);
    scanner
        .scan(&press.print(&specimen, Side::Front, Light::Visible))
        .unwrap()
}

fn enrolled(scans: &[Scan]) -> MeasuredSide {
    let library = Library::built_in().unwrap();
    let design = library.design("xts-10-2024").unwrap();
    let provenance = Enrolment {
        notes: 0,
        scanner: "test".into(),
        date: "2026-01-01".into(),
        px_per_mm: 0.0,
        layout_only: true,
    };
    let mut raster = |k: usize| scans.get(k).map(|s| Raster::Eight(s.image.clone()));
    measure_side(
        Side::Front,
        design.size,
        &design.zones,
        scans.len(),
        &mut raster,
        0.0,
        provenance,
    )
    .unwrap()
    .measured
}

/// The bed laid over a wedge along the left edge: what is left is a quadrilateral, too.
fn with_a_wedge_hidden(mut scan: Scan) -> Scan {
    let [a, b, _, d] = scan.truth.quad_px;
    let bed = *scan.image.get_pixel(2, 2);
    for (x, y, pixel) in scan.image.enumerate_pixels_mut() {
        let (dx, dy) = (f64::from(x) - a[0], f64::from(y) - a[1]);
        let share = |to: [f64; 2]| {
            let (u, v) = (to[0] - a[0], to[1] - a[1]);
            (dx * u + dy * v) / (u * u + v * v)
        };
        if share(b) < 0.15 * (1.0 - share(d)) {
            *pixel = bed;
        }
    }
    scan
}

#[test]
fn one_wrong_outline_does_not_shift_the_design_even_the_first() {
    let press = Press::new(300.0).unwrap();
    let scans: Vec<Scan> = (0..5).map(|seed| scan(&press, seed)).collect();
    let clean = enrolled(&scans);
    let mut scans = scans;
    let first = scans.remove(0);
    scans.insert(0, with_a_wedge_hidden(first));
    let with_one = enrolled(&scans);
    let (a, b) = (&clean.layout, &with_one.layout);
    let alike = (a * b).sum() / ((a * a).sum() * (b * b).sum()).sqrt();
    assert!(alike > 0.95, "{alike}");
    assert_eq!(with_one.enrolment.notes, 5);
}
