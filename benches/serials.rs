//! Reading the overprint of a front scanned at 300 dpi: of a $1 note where the folder of scans is beside the checkout, of
//! a specimen where it is not; and of a sheet of paper without print, where no row fits well. Decoding the same file is
//! the measure to compare with.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use divan::{Bencher, black_box};
use guilloche::features::overprint::Overprint;
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
