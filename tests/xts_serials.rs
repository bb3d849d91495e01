//! Serial numbers of XTS notes under moderate wear are read, and none is read wrong. `GUILLOCHE_XTS_SERIALS=2000` reads
//! as many as docs/serials.md states.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::Path;

use guilloche::features::overprint::Overprint;
use guilloche::identify::Identifier;
use guilloche::note::{Light, Side};
use guilloche::rectify::outlines;
use guilloche::reference::Library;
use guilloche::scan::{Limits, decode};
use guilloche::specimen::{Bed, Dial, Dials, Press, Scanner, Specimen, XtsDenomination};
use rayon::prelude::*;

/// Notes read where nothing else is asked for.
const NOTES: u64 = 120;
/// Seeds from here on; the typefaces were learned from seeds 6001 to 6160.
const FIRST: u64 = 20_000;

/// A value from 0 to `most` that the seed and a salt decide.
fn some(seed: u64, salt: u64, most: f32) -> f32 {
    let mixed = (seed + salt * 0x9e37_79b9).wrapping_mul(0xd134_2543_de82_ef95);
    most * (mixed >> 40) as f32 / (1u64 << 24) as f32
}

#[test]
fn numbers_under_moderate_wear_are_read_and_none_is_read_wrong() {
    let count = std::env::var("GUILLOCHE_XTS_SERIALS").map_or(NOTES, |n| n.parse().unwrap());
    let library = Library::built_in().unwrap();
    let identifier = Identifier::new(&library);
    let press = Press::new(400.0).unwrap();
    let read: Vec<(u64, String, Option<String>)> = (FIRST..FIRST + count)
        .into_par_iter()
        .map(|seed| {
            let denomination = if seed % 2 == 0 {
                XtsDenomination::Ten
            } else {
                XtsDenomination::Hundred
            };
            let mut dials = Dials::none();
            for (salt, (dial, most)) in [
                (Dial::Soil, 0.5),
                (Dial::Creases, 0.4),
                (Dial::Faded, 0.2),
                (Dial::OffCentre, 0.5),
                (Dial::FloatingOverprint, 0.6),
            ]
            .into_iter()
            .enumerate()
            {
                dials.set(dial, some(seed, salt as u64, most)).unwrap();
            }
            let specimen = Specimen::new(denomination, seed).with(dials);
            let scanner = Scanner {
                bed: "black".parse::<Bed>().unwrap(),
                rotation: some(seed, 9, 2.0) - 1.0,
                ..Scanner::default()
            };
            let bytes = scanner
                .scan(&press.print(&specimen, Side::Front, Light::Visible))
                .unwrap()
                .encode()
                .unwrap();
            let raster = decode(&bytes, Path::new("front.jpg"), &Limits::default())
                .unwrap()
                .raster;
            let text = identifier
                .identify(&outlines(&raster))
                .filter(|found| found.side == Side::Front)
                .and_then(|found| {
                    let print = &found.print;
                    let read =
                        Overprint::read(&library, found.design, found.side, 0, &raster, print);
                    read.number.text
                });
            (seed, specimen.serial.to_string(), text)
        })
        .collect();
    for (seed, truth, text) in &read {
        if text.as_ref() != Some(truth) {
            eprintln!("seed {seed}: {truth} read as {text:?}");
        }
    }
    let right = read
        .iter()
        .filter(|(_, truth, text)| text.as_ref() == Some(truth));
    let right = right.count() as u64;
    let unread = read.iter().filter(|r| r.2.is_none()).count() as u64;
    eprintln!("{count} notes: {right} right, {unread} not sure");
    assert_eq!(right + unread, count, "a number was read wrong");
    assert!(
        right as f64 >= 0.999 * count as f64,
        "{right} of {count} were read"
    );
}
