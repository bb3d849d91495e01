//! Reading the overprint of a front scanned at 300 dpi, on a sheet of paper without print: the costliest case, as every
//! candidate row is looked at closely.
#![allow(clippy::unwrap_used)]

use guilloche::features::overprint::{Marks, Overprint};
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

/// The marks beside the number, with a dark block in place of every character: nothing of it can be read, so every
/// way to read it is tried.
#[divan::bench]
fn marks(bencher: divan::Bencher<'_, '_>) {
    let library = Library::built_in().unwrap();
    let design = library.design("usd-1-1963").unwrap();
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
    let mut read = Overprint::read(&library, design, Side::Front, 0, &raster, &print);
    bencher.bench_local(|| {
        read.marks = Marks::default();
        read.add_marks(&library, Side::Front, &raster, &print);
    });
}
