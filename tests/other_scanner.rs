//! Scanners softer or sharper than the enrolled one, and coarser ones: no genuine note is suspect for it, and copies are
//! not passed for it.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::run;
use image::{Pixel, RgbImage};
use imageproc::filter::{gaussian_blur_f32, median_filter};
use serde_json::Value;

/// Verdicts, each with its reasons, on fronts of XTS 10 as a scanner with these settings shows them.
fn judged(desk: &Path, folder: &str, settings: &[&str]) -> Vec<(String, String)> {
    print(desk, folder, settings);
    check(desk, &[folder, "--each-alone"])
}

fn print(desk: &Path, folder: &str, settings: &[&str]) {
    let words = [
        "specimen",
        folder,
        "--denomination",
        "10",
        "--side",
        "front",
        "--bed",
        "black",
    ];
    let (code, _, complaints) = run(desk, &[&words, settings].concat());
    assert_eq!(code, Some(0), "{complaints}");
}

fn check(desk: &Path, what: &[&str]) -> Vec<(String, String)> {
    let (_, said, _) = run(desk, &[&["check", "--format", "jsonl"], what].concat());
    let found: Vec<(String, String)> = said
        .lines()
        .map(|line| {
            let note: Value = serde_json::from_str(line).unwrap();
            let verdict = note["verdict"].as_str().unwrap().to_owned();
            (verdict, note["reasons"].to_string())
        })
        .collect();
    assert!(!found.is_empty(), "{what:?}");
    found
}

/// Genuine notes, lightly worn; how many is to be said.
const GENUINE: [&str; 6] = [
    "--seed",
    "801",
    "--wear",
    "soil=0.2",
    "--wear",
    "creases=0.2",
];

#[test]
fn a_softer_or_sharper_scanner_makes_no_genuine_note_suspect() {
    let desk = tempfile::tempdir().unwrap();
    let scanners: [&[&str]; 4] = [
        &["--blur", "45"],
        &["--blur", "60"],
        &["--blur", "70", "--sharpening", "0.8"],
        &["--sharpening", "1"],
    ];
    for (at, settings) in scanners.into_iter().enumerate() {
        let found = judged(
            desk.path(),
            &format!("genuine-{at}"),
            &[&GENUINE[..], &["--count", "4"], settings].concat(),
        );
        assert_eq!(found.len(), 4);
        for (verdict, reasons) in found {
            assert_ne!(verdict, "suspect", "{settings:?}: {reasons}");
        }
    }
}

#[test]
fn a_copy_is_no_less_suspect_on_a_softer_scanner() {
    let desk = tempfile::tempdir().unwrap();
    for defect in ["halftone", "inkjet"] {
        let settings = [
            "--seed", "901", "--count", "2", "--defect", defect, "--blur", "60",
        ];
        for (verdict, reasons) in judged(desk.path(), defect, &settings) {
            assert_eq!(verdict, "suspect", "{defect}: {reasons}");
        }
    }
}

/// Verdicts on fronts of XTS 10, each changed as a scanner may change it.
fn changed(
    desk: &Path,
    folder: &str,
    settings: &[&str],
    change: impl Fn(&RgbImage) -> RgbImage,
) -> Vec<(String, String)> {
    print(desk, folder, settings);
    let changed = format!("{folder}-changed");
    std::fs::create_dir(desk.join(&changed)).unwrap();
    for entry in std::fs::read_dir(desk.join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "jpg") {
            let picture = change(&image::open(&path).unwrap().to_rgb8());
            let name = path.with_extension("png");
            let name = name.file_name().unwrap();
            picture.save(desk.join(&changed).join(name)).unwrap();
        }
    }
    check(desk, &[&changed, "--each-alone"])
}

/// Genuine notes changed so are unclear for this reason, and a screen of dots is suspect all the same.
fn explains(change: impl Fn(&RgbImage) -> RgbImage, reason: &str) {
    let desk = tempfile::tempdir().unwrap();
    let settings = [&GENUINE[..], &["--count", "2"]].concat();
    let found = changed(desk.path(), "genuine", &settings, &change);
    assert_eq!(found.len(), 2);
    for (verdict, reasons) in found {
        assert_eq!(verdict, "unclear", "{reasons}");
        assert!(reasons.contains(reason), "{reasons}");
    }
    let settings = ["--seed", "901", "--count", "1", "--defect", "halftone"];
    for (verdict, reasons) in changed(desk.path(), "halftone", &settings, &change) {
        assert_eq!(verdict, "suspect", "{reasons}");
    }
}

#[test]
fn a_scanner_that_smooths_explains_what_is_missing() {
    explains(
        |picture| median_filter(picture, 1, 1),
        "the paper shows less grain than",
    );
}

#[test]
fn a_corner_that_stands_off_the_glass_explains_what_is_missing_there() {
    let lifted = |picture: &RgbImage| {
        let soft = gaussian_blur_f32(picture, 1.5);
        RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
            let far = f64::from(x).hypot(f64::from(y)) / 600.0;
            let share = (1.5 - far).clamp(0.0, 1.0) as f32;
            let (flat, soft) = (picture.get_pixel(x, y), soft.get_pixel(x, y));
            flat.map2(soft, |a, b| {
                (f32::from(a) * (1.0 - share) + f32::from(b) * share).round() as u8
            })
        })
    };
    explains(
        lifted,
        "some of the engraving is as sharp as on genuine notes",
    );
}

#[test]
fn what_is_only_soft_is_unclear_and_says_so() {
    let desk = tempfile::tempdir().unwrap();
    let settings = [
        "--seed",
        "901",
        "--count",
        "2",
        "--defect",
        "low-resolution",
    ];
    for (verdict, reasons) in judged(desk.path(), "reprint", &settings) {
        assert_ne!(verdict, "passed", "{reasons}");
        assert!(
            verdict == "suspect" || reasons.contains("softer than the enrolled ones"),
            "{reasons}"
        );
    }
}

#[test]
fn a_batch_tells_a_soft_scanner_from_a_soft_note() {
    let desk = tempfile::tempdir().unwrap();
    let settings = [&GENUINE[..], &["--count", "11", "--blur", "62"]].concat();
    print(desk.path(), "soft", &settings);
    let unclear = |found: Vec<(String, String)>| -> Vec<String> {
        assert_eq!(found.len(), 11);
        assert!(found.iter().all(|(verdict, _)| verdict != "suspect"));
        let unclear = found
            .into_iter()
            .filter(|(verdict, _)| verdict == "unclear");
        unclear.map(|(_, reasons)| reasons).collect()
    };
    let alone = unclear(check(desk.path(), &["soft", "--each-alone"]));
    assert!(!alone.is_empty());
    for reasons in &alone {
        assert!(
            reasons.contains("softer than the enrolled ones"),
            "{reasons}"
        );
    }
    let together = unclear(check(desk.path(), &["soft"]));
    assert!(together.len() < alone.len(), "{together:?}");
}
