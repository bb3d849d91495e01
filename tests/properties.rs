//! Properties that hold for every map, every outline and every picture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::OnceLock;

use guilloche::identify::Identifier;
use guilloche::note::{Light, Side};
use guilloche::pixels::Raster;
use guilloche::rectify::edges::{Against, SideSource, settle};
use guilloche::rectify::homography::Homography;
use guilloche::rectify::{Quad, outlines, turns};
use guilloche::reference::Library;
use guilloche::specimen::{Bed, Press, Scanner, Specimen, XtsDenomination};
use image::{Rgb, RgbImage};
use proptest::prelude::*;

fn identifier() -> &'static Identifier<'static> {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    static IDENTIFIER: OnceLock<Identifier<'static>> = OnceLock::new();
    IDENTIFIER.get_or_init(|| Identifier::new(LIBRARY.get_or_init(|| Library::built_in().unwrap())))
}

fn farthest(a: &Quad, b: &Quad) -> f64 {
    a.iter()
        .zip(b)
        .map(|(p, q)| (p[0] - q[0]).hypot(p[1] - q[1]))
        .fold(0.0, f64::max)
}

/// Where a rectangle lies when turned about its middle.
fn turned(middle: [f64; 2], (width, height): (f64, f64), degrees: f64) -> Quad {
    let (s, c) = degrees.to_radians().sin_cos();
    [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]].map(|[u, v]| {
        let (x, y) = (u * width, v * height);
        [middle[0] + c * x - s * y, middle[1] + s * x + c * y]
    })
}

/// A sheet of one colour with a darker frame printed on it, on a bed of another, its edges smooth.
fn sheet(size: (u32, u32), quad: &Quad, paper: [u8; 3], bed: [u8; 3]) -> RgbImage {
    let (w, h) = (1600.0, 680.0);
    let back = Homography::from_rectangle(w, h, quad)
        .unwrap()
        .inverse()
        .unwrap();
    let scale = w / (quad[1][0] - quad[0][0]).hypot(quad[1][1] - quad[0][1]);
    RgbImage::from_fn(size.0, size.1, |x, y| {
        let [u, v] = back.apply([f64::from(x) + 0.5, f64::from(y) + 0.5]);
        let inside = u.min(w - u).min(v.min(h - v)) / scale;
        let share = (inside + 0.5).clamp(0.0, 1.0);
        let printed = if inside * scale > 60.0 { 0.6 } else { 1.0 };
        let grain = f64::from((x * 7 + y * 13 + x * y % 5) % 5) - 2.0;
        Rgb([0, 1, 2].map(|k| {
            let v = f64::from(paper[k]) * printed * share + f64::from(bed[k]) * (1.0 - share);
            (v + grain).clamp(0.0, 255.0) as u8
        }))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_map_takes_the_rectangle_to_its_quadrilateral_and_back(
        width in 20.0..300.0f64,
        height in 20.0..300.0f64,
        degrees in -180.0..180.0f64,
        x in 0.0..5000.0f64,
        y in 0.0..5000.0f64,
        scale in 1.0..40.0f64,
        bend in prop::array::uniform8(-0.1..0.1f64),
        (u, v) in (0.0..1.0f64, 0.0..1.0f64),
    ) {
        let mut quad = turned([x, y], (width * scale, height * scale), degrees);
        for (k, corner) in quad.iter_mut().enumerate() {
            corner[0] += bend[2 * k] * height.min(width) * scale;
            corner[1] += bend[2 * k + 1] * height.min(width) * scale;
        }
        let map = Homography::from_rectangle(width, height, &quad).unwrap();
        let corners = [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]];
        prop_assert!(farthest(&corners.map(|p| map.apply(p)), &quad) < 1e-6 * scale * 300.0);
        let back = map.inverse().unwrap();
        let p = [u * width, v * height];
        let there = map.apply(p);
        let again = back.apply(there);
        prop_assert!((again[0] - p[0]).hypot(again[1] - p[1]) < 1e-6);
        let both = map.then(&back).apply(p);
        prop_assert!((both[0] - p[0]).hypot(both[1] - p[1]) < 1e-6);
        let walked = map.along_row(p[0], p[1], 0.5).next_point();
        prop_assert!((walked[0] - there[0]).hypot(walked[1] - there[1]) < 1e-6);
    }
}

/// A drawn sheet is seen to a few pixels of the overview, and its edges to a fraction of one of the scan's.
fn lies_where_it_was_drawn(
    degrees: f64,
    long: f64,
    (paper, bed): ([u8; 3], [u8; 3]),
    (dx, dy): (f64, f64),
) -> Result<(), TestCaseError> {
    let apart: i32 = paper
        .iter()
        .zip(bed)
        .map(|(p, b)| (i32::from(*p) - i32::from(b)).pow(2))
        .sum();
    prop_assume!(apart > 60 * 60);
    let side = (long + 120.0) as u32;
    let middle = [f64::from(side) / 2.0 + dx, f64::from(side) / 2.0 + dy];
    let truth = turned(middle, (long, 0.425 * long), degrees);
    let raster = Raster::Eight(sheet((side, side), &truth, paper, bed));
    let found = outlines(&raster);
    let nearest = found
        .candidates
        .iter()
        .flat_map(|seen| turns(&seen.quad))
        .min_by(|a, b| farthest(a, &truth).total_cmp(&farthest(b, &truth)))
        .unwrap();
    let rough = farthest(&nearest, &truth);
    let factor = found.overview.factor.max(side.div_ceil(400) as usize) as f64;
    prop_assert!(
        rough < 3.0 * factor + 1.0,
        "{rough} px off in an overview of {factor}"
    );
    let px_per_mm = long / 156.0;
    let settled = settle(
        &raster,
        &nearest,
        3.0 * px_per_mm,
        1.2 * px_per_mm,
        Against::Bed,
    );
    prop_assert_eq!(settled.sides, [SideSource::Edge; 4]);
    let off = farthest(&settled.quad, &truth);
    prop_assert!(off < 1.0, "{off} px off");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    /// The overview finds the sheet to a few of its own pixels, the edges to a fraction of one of the scan's.
    #[test]
    fn a_sheet_is_found_where_it_lies(
        // As often nearly level as not: along such an edge the colour changes little from pixel to pixel.
        degrees in prop_oneof![
            -180.0..180.0f64,
            (-2i32..=2, -0.8..0.8f64).prop_map(|(quarters, off)| 90.0 * f64::from(quarters) + off),
        ],
        long in 300.0..900.0f64,
        paper in prop::array::uniform3(150u8..250),
        bed in prop::array::uniform3(0u8..250),
        (dx, dy) in (-20.0..20.0f64, -20.0..20.0f64),
    ) {
        lies_where_it_was_drawn(degrees, long, (paper, bed), (dx, dy))?;
    }

    /// Grey paper on a white bed: no colour tells it from a shadow.
    #[test]
    fn a_sheet_that_is_a_shade_of_the_bed_is_found_where_it_lies(
        degrees in -180.0..180.0f64,
        long in 300.0..900.0f64,
        grey in 155u8..205,
        tint in prop::array::uniform3(0u8..6),
        part in 0.65..0.85f64,
        (dx, dy) in (-20.0..20.0f64, -20.0..20.0f64),
    ) {
        let paper = tint.map(|t| grey + t);
        let bed = [(f64::from(grey) / part).min(250.0) as u8; 3];
        lies_where_it_was_drawn(degrees, long, (paper, bed), (dx, dy))?;
    }

    /// No picture without a note is recognised, whatever its shape; and none makes the program stop.
    #[test]
    fn pictures_of_nothing_are_not_recognised(
        (width, height) in (1u32..500, 1u32..500),
        paint in 0u8..4,
        seed in any::<u32>(),
        period in 2u32..90,
    ) {
        let picture = RgbImage::from_fn(width, height, |x, y| {
            let noise = (x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b) ^ seed).wrapping_mul(0xc2b2_ae35);
            let level = match paint {
                0 => (noise >> 24) as u8,
                1 => ((x + y) * 255 / (width + height)) as u8,
                2 => if (x / period + y / period) % 2 == 0 { 30 } else { 220 },
                _ => (seed % 256) as u8,
            };
            Rgb([level, level.wrapping_add((seed >> 8) as u8 % 40), level / 2])
        });
        let found = outlines(&Raster::Eight(picture));
        prop_assert!(identifier().identify(&found).is_none());
    }
}

/// A camera that is held a little askew sees a quadrilateral, not a rectangle.
#[test]
fn a_note_seen_in_perspective_is_found_and_recognised() {
    let press = Press::new(300.0).unwrap();
    for (k, bend) in [
        [0.02, 0.0, 0.0, 0.03, -0.03, 0.0, 0.0, -0.02],
        [0.04, 0.02, -0.04, 0.02, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.05, 0.0, -0.05, 0.0, 0.0],
    ]
    .iter()
    .enumerate()
    {
        for (denomination, side) in [
            (XtsDenomination::Ten, Side::Back),
            (XtsDenomination::Hundred, Side::Front),
        ] {
            let specimen = Specimen::new(denomination, 40 + k as u64);
            let scanner = Scanner {
                bed: Bed::Grey(70),
                margin_mm: 12.0,
                rotation: 4.0 * k as f32,
                ..Scanner::default()
            };
            let scan = scanner
                .scan(&press.print(&specimen, side, Light::Visible))
                .unwrap();
            let (w, h) = (
                f64::from(scan.image.width()),
                f64::from(scan.image.height()),
            );
            let mut frame = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
            for (k, corner) in frame.iter_mut().enumerate() {
                corner[0] += bend[2 * k] * h;
                corner[1] += bend[2 * k + 1] * h;
            }
            let map = Homography::from_rectangle(w, h, &frame).unwrap();
            let back = map.inverse().unwrap();
            let truth = scan.truth.quad_px.map(|p| map.apply(p));
            let bed = *scan.image.get_pixel(2, 2);
            let seen = RgbImage::from_fn(scan.image.width(), scan.image.height(), |x, y| {
                let [u, v] = back.apply([f64::from(x) + 0.5, f64::from(y) + 0.5]);
                between(&scan.image, u - 0.5, v - 0.5).unwrap_or(bed)
            });
            let raster = Raster::Eight(seen);
            let found = outlines(&raster);
            let identity = identifier().identify(&found).expect("not recognised");
            assert_eq!(
                (identity.design.id.as_str(), identity.side, identity.turned),
                (scan.truth.design.as_str(), side, 0)
            );
            let px_per_mm = 300.0 / 25.4;
            let settled = settle(
                &raster,
                &found.candidates[0].quad,
                3.0 * px_per_mm,
                1.2 * px_per_mm,
                Against::Bed,
            );
            let off = farthest(&settled.quad, &truth) / px_per_mm;
            assert!(off < 0.25, "{k} {side}: {off:.3} mm off");
        }
    }
}

/// Colour between pixels; none outside.
fn between(image: &RgbImage, x: f64, y: f64) -> Option<Rgb<u8>> {
    if x < 0.0 || y < 0.0 {
        return None;
    }
    let (i, j) = (x as u32, y as u32);
    if i + 1 >= image.width() || j + 1 >= image.height() {
        return None;
    }
    let (fx, fy) = (x - f64::from(i), y - f64::from(j));
    let at = |i, j| image.get_pixel(i, j).0.map(f64::from);
    let (a, b, c, d) = (at(i, j), at(i + 1, j), at(i, j + 1), at(i + 1, j + 1));
    Some(Rgb([0, 1, 2].map(|k| {
        let top = a[k] + (b[k] - a[k]) * fx;
        let below = c[k] + (d[k] - c[k]) * fx;
        (top + (below - top) * fy + 0.5) as u8
    })))
}
