//! Reading the overprint of a front scanned at 300 dpi, on a sheet of paper without print: the costliest case, as every
//! candidate row is looked at closely.
#![allow(clippy::unwrap_used)]

use guilloche::features::overprint::Overprint;
use guilloche::note::Side;
use guilloche::pixels::Raster;
use guilloche::rectify::homography::Homography;
use guilloche::reference::Library;
use image::{Rgb, RgbImage};

fn main() {
    divan::main();
}

#[divan::bench(args = ["usd-1-1963", "cny-1-1980"])]
fn read(bencher: divan::Bencher<'_, '_>, design: &str) {
    let library = Library::built_in().unwrap();
    let design = library.design(design).unwrap();
    let (width, height) = (design.size.width, design.size.height);
    let (w, h) = (width * 300.0 / 25.4, height * 300.0 / 25.4);
    let raster = Raster::Eight(RgbImage::from_fn(w as u32, h as u32, |x, y| {
        let grain = (x * 7919 + y * 104_729) % 23;
        Rgb([210 + grain as u8, 205 + grain as u8, 190 + grain as u8])
    }));
    let quad = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
    let print = Homography::from_rectangle(width, height, &quad).unwrap();
    bencher.bench_local(|| Overprint::read(&library, design, Side::Front, 0, &raster, &print));
}
