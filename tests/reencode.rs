//! What is read of a note does not rest on how its file was written: copies stay apart from genuine notes
//! when both are encoded anew, without loss, without a density, and a pixel smaller.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use guilloche::features::measure_all;
use guilloche::identify::Identifier;
use guilloche::note::{Light, Side};
use guilloche::pixels::Raster;
use guilloche::present;
use guilloche::reference::Library;
use guilloche::scan::gather::Source;
use guilloche::scan::{Limits, decode};
use guilloche::specimen::{
    Bed, Dial, Dials, Format, Press, Scanner, Specimen, Subsampling, XtsDenomination, encode,
};
use image::{DynamicImage, ImageFormat, RgbImage};

/// The picture of a scanned specimen.
fn drawn(press: &Press, seed: u64, dial: Option<Dial>) -> RgbImage {
    let dials = dial.map_or_else(Dials::none, |d| Dials::one(d, 1.0).unwrap());
    let specimen = Specimen::new(XtsDenomination::Hundred, seed).with(dials);
    let scanner = Scanner {
        bed: Bed::Black,
        ..Scanner::default()
    };
    let scan = scanner
        .scan(&press.print(&specimen, Side::Front, Light::Visible))
        .unwrap();
    let bytes = scan.encode().unwrap();
    let Raster::Eight(image) = decode(&bytes, Path::new("drawn.jpg"), &Limits::default())
        .unwrap()
        .raster
    else {
        panic!("eight bits");
    };
    image
}

/// The same picture as different programs would write it.
fn rewritten(image: &RgbImage) -> Vec<(&'static str, Vec<u8>)> {
    let png = |image: &RgbImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        DynamicImage::from(image.clone())
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    };
    let jpeg =
        |quality, subsampling| encode(image, Format::Jpeg, 300.0, quality, subsampling).unwrap();
    let (w, h) = image.dimensions();
    vec![
        ("png", png(image)),
        (
            "cut.png",
            png(&image::imageops::crop_imm(image, 1, 1, w - 1, h - 1).to_image()),
        ),
        ("fine.jpg", jpeg(95, Subsampling::Full)),
        ("coarse.jpg", jpeg(82, Subsampling::Quarter)),
    ]
}

/// The mean reading of a feature.
fn read(bytes: &[u8], name: &str, identifier: &Identifier<'_>, feature: &str) -> f64 {
    let path = Path::new(name);
    let scan = decode(bytes, path, &Limits::default()).unwrap();
    let exhibit = present(scan, &Source::of(path), identifier);
    let face = exhibit.face().expect("recognised");
    let all = measure_all(&face);
    let (_, readings) = all.iter().find(|(id, _)| *id == feature).unwrap();
    let values: Vec<f64> = readings
        .iter()
        .filter_map(|r| r.result.as_ref().ok().map(|m| m.value))
        .collect();
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn copies_stay_apart_however_files_are_written() {
    let library = Library::built_in().unwrap();
    let identifier = Identifier::new(&library);
    let press = Press::new(600.0).unwrap();
    for (feature, dial) in [
        ("print-raster", Dial::Halftone),
        ("dot-noise", Dial::Inkjet),
    ] {
        // By rewriting: the readings of two notes.
        let readings = |dial: Option<Dial>| {
            let mut all: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for seed in [71, 72] {
                for (name, bytes) in rewritten(&drawn(&press, seed, dial)) {
                    let value = read(&bytes, &format!("note.{name}"), &identifier, feature);
                    all.entry(name).or_default().push(value);
                }
            }
            all
        };
        let (genuine, copied) = (readings(None), readings(Some(dial)));
        for (name, genuine) in &genuine {
            let most = genuine.iter().copied().fold(f64::MIN, f64::max);
            let least = copied[name].iter().copied().fold(f64::MAX, f64::min);
            assert!(
                most < least,
                "{feature}, {name}: {genuine:?} {:?}",
                copied[name]
            );
        }
    }
}
