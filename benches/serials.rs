//! Reading the overprint of a front scanned at 300 dpi: of a $1 note where the folder of scans is beside the checkout, of
//! a specimen where it is not; and of a sheet of paper without print, where no row fits well. Decoding the same file is
//! the measure to compare with.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use divan::{Bencher, black_box};
use guilloche::features::overprint::{Marks, Overprint};
use guilloche::identify::Identifier;
use guilloche::note::{Light, Side};
use guilloche::pixels::Raster;
use guilloche::rectify::homography::Homography;
use guilloche::rectify::outlines;
use guilloche::reference::Library;
use guilloche::scan::{Limits, decode};
use guilloche::specimen::{Press, Scanner, Specimen, XtsDenomination};
use image::{Rgb, RgbImage};

fn main() {
    divan::main();
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::built_in().unwrap());

static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/scans/usd-1/1db_0010.jpg");
    fs::read(real).unwrap_or_else(|_| {
        let specimen = Specimen::new(XtsDenomination::Ten, 1);
        let printed = Press::new(400.0)
            .unwrap()
            .print(&specimen, Side::Front, Light::Visible);
        Scanner::default().scan(&printed).unwrap().encode().unwrap()
    })
});

fn decoded() -> Raster {
    decode(&FILE, Path::new("front.jpg"), &Limits::default())
        .unwrap()
        .raster
}

#[divan::bench]
fn decoding(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| black_box(decoded()));
}

#[divan::bench]
fn note(bencher: Bencher<'_, '_>) {
    let raster = decoded();
    let identifier = Identifier::new(&LIBRARY);
    let found = identifier.identify(&outlines(&raster)).unwrap();
    let read = || Overprint::read(&LIBRARY, found.design, found.side, 0, &raster, &found.print);
    assert!(read().number.text.is_some());
    bencher.bench_local(read);
}

#[divan::bench(args = ["usd-1-1963", "cny-1-1980"])]
fn paper(bencher: Bencher<'_, '_>, design: &str) {
    let design = LIBRARY.design(design).unwrap();
    let (width, height) = (design.size.width, design.size.height);
    let (w, h) = (width * 300.0 / 25.4, height * 300.0 / 25.4);
    let raster = Raster::Eight(RgbImage::from_fn(w as u32, h as u32, |x, y| {
        let grain = (x * 7919 + y * 104_729) % 23;
        Rgb([210 + grain as u8, 205 + grain as u8, 190 + grain as u8])
    }));
    let quad = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
    let print = Homography::from_rectangle(width, height, &quad).unwrap();
    bencher.bench_local(|| Overprint::read(&LIBRARY, design, Side::Front, 0, &raster, &print));
}

/// The marks beside the number, with a dark block in place of every character: nothing of it can be read, so every
/// way to read it is tried.
#[divan::bench]
fn marks(bencher: Bencher<'_, '_>) {
    let design = LIBRARY.design("usd-1-1963").unwrap();
    let (width, height) = (design.size.width, design.size.height);
    let px = 300.0 / 25.4;
    let (w, h) = (width * px, height * px);
    let mut image = RgbImage::from_pixel(w as u32, h as u32, Rgb([214, 209, 194]));
    for zone in design.zones.iter().filter(|z| z.side == Side::Front) {
        let small = ["series-year", "note-position", "plate-front"].contains(&zone.id.as_str());
        if small || zone.id.starts_with("district") {
            let rect = zone.rect_mm;
            let (high, pitch) = if small { (1.0, 1.2) } else { (3.6, 4.0) };
            for n in 0..4 {
                let left = rect.x + f64::from(n) * pitch;
                for y in ((rect.y + 0.5) * px) as u32..((rect.y + 0.5 + high) * px) as u32 {
                    for x in (left * px) as u32..((left + 0.7 * high) * px) as u32 {
                        image.put_pixel(x, y, Rgb([40, 40, 40]));
                    }
                }
            }
        }
    }
    let raster = Raster::Eight(image);
    let quad = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
    let print = Homography::from_rectangle(width, height, &quad).unwrap();
    let mut read = Overprint::read(&LIBRARY, design, Side::Front, 0, &raster, &print);
    bencher.bench_local(|| {
        read.marks = Marks::default();
        read.add_marks(&LIBRARY, Side::Front, &raster, &print);
    });
}
