//! `enroll --new`: a note that nobody described, made from genuine scans alone. The XTS 10 drawn here is
//! enrolled without what is known of it, in daylight and in other lights, and notes are judged by what was found.
//!
//! A few notes; more, with the shares printed:
//! `NEW_NOTES=30 NEW_CHECKED=100 cargo test --release --test new_note -- --nocapture`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use guilloche::note::{Light, Side};
use guilloche::reference::{Library, Process, SecurityFeature};
use guilloche::specimen::{Bed, Dial, Dials, Press, Scanner, Specimen, XtsDenomination};
use rayon::prelude::*;

/// What forgers do to print and paper, and the lights beside daylight that one side shows it in. Ink that changes its
/// colour is found out where notes are scanned turned as well; size says little on scanners that stretch.
const FORGED: [(Dial, &[Light]); 18] = [
    (Dial::Halftone, &[]),
    (Dial::Inkjet, &[]),
    (Dial::LowResolution, &[]),
    (Dial::OffsetForIntaglio, &[]),
    (Dial::InkHue, &[]),
    (Dial::LostMicrotext, &[]),
    (Dial::AlteredValue, &[]),
    (Dial::Splice, &[]),
    (Dial::WrongSerial, &[]),
    (Dial::MismatchedSerial, &[]),
    (
        Dial::MissingThread,
        &[Light::Ultraviolet, Light::Transmitted],
    ),
    (
        Dial::PrintedThread,
        &[Light::Ultraviolet, Light::Transmitted],
    ),
    (Dial::MissingWatermark, &[Light::Transmitted]),
    (Dial::PrintedWatermark, &[Light::Transmitted]),
    (Dial::MissedRegister, &[Light::Transmitted]),
    (Dial::BleachedPaper, &[Light::Ultraviolet]),
    (Dial::BrightPaper, &[Light::Ultraviolet]),
    (Dial::MissingFibres, &[Light::Ultraviolet]),
];
/// The other lights that genuine notes are enrolled in; infrared, which takes a fifth of the time, where many notes are
/// asked for.
const LIGHTS: [Light; 3] = [Light::Ultraviolet, Light::Transmitted, Light::Infrared];
/// Genuine notes that are checked where no more are asked for.
const FEW: u64 = 4;

fn checked() -> u64 {
    number("NEW_CHECKED", FEW)
}

fn lights() -> &'static [Light] {
    &LIGHTS[..if checked() > FEW { 3 } else { 2 }]
}

/// Where few notes are asked for, each is drawn in the lights that show what is forged.
fn forged() -> Vec<(Dial, &'static [Light])> {
    if checked() <= FEW {
        return FORGED.to_vec();
    }
    let dials = FORGED.into_iter().map(|(dial, _)| dial);
    let dials = dials.chain([Dial::InfraredVisible]);
    dials.map(|dial| (dial, lights())).collect()
}

/// Notes whose backs are enrolled as well.
const BACKS: u64 = 8;

fn number(name: &str, few: u64) -> u64 {
    let stated = std::env::var(name).ok();
    stated.and_then(|n| n.parse().ok()).unwrap_or(few)
}

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_guilloche"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The front of a specimen as used as notes in circulation are, or forged, by day and in other lights; the backs of some
/// that are enrolled by day as well.
fn draw(press: &Press, file: &Path, seed: u64, forged: Option<Dial>, lights: &[Light], back: bool) {
    let mut dials = Dials::none();
    dials.set(Dial::OffCentre, 0.3).unwrap();
    dials.set(Dial::FloatingOverprint, 0.4).unwrap();
    dials
        .set(Dial::Soil, [0.1, 0.25, 0.4][(seed % 3) as usize])
        .unwrap();
    dials
        .set(Dial::Creases, [0.0, 0.2, 0.3][(seed % 3) as usize])
        .unwrap();
    if let Some(dial) = forged {
        dials.set(dial, 1.0).unwrap();
    }
    let specimen = Specimen::new(XtsDenomination::Ten, seed).with(dials);
    let scanner = Scanner {
        bed: Bed::Black,
        // The first must lie upright; a little turned is upright.
        rotation: [0.0, 0.6, -0.8][(seed % 3) as usize],
        ..Scanner::default()
    };
    let suffix = |light: Light| match light {
        Light::Ultraviolet => "_uv",
        Light::Transmitted => "_light",
        Light::Infrared => "_ir",
        _ => "",
    };
    let fronts = [Light::Visible].iter().chain(lights);
    let fronts = fronts.map(|light| (Side::Front, *light, suffix(*light)));
    let back = back.then_some((Side::Back, Light::Visible, "_b"));
    for (side, light, suffix) in fronts.chain(back) {
        let scan = scanner.scan(&press.print(&specimen, side, light)).unwrap();
        let name = format!("{}{suffix}.jpg", file.display());
        fs::write(name, scan.encode().unwrap()).unwrap();
    }
}

/// Notes of a folder that are suspect, and all of them; judged by the reference note that was found, or by
/// the one that describes it.
fn suspects(folder: &Path, scans: &str, found: bool) -> (Vec<String>, usize) {
    let mut arguments = vec!["check", scans, "--each-alone", "--format", "jsonl"];
    if found {
        arguments.extend(["--references", "notes"]);
    }
    let checked = run(&arguments, folder);
    let lines: Vec<serde_json::Value> = String::from_utf8(checked.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        assert_eq!(line["identity"]["design"], "xts-10-2024", "{line}");
    }
    let suspect = lines
        .iter()
        .filter(|line| line["verdict"] == "suspect")
        .map(|line| format!("{} {}", line["note"], line["reasons"]))
        .collect();
    (suspect, lines.len())
}

#[test]
fn a_note_that_nobody_described_is_recognised_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["genuine", "good", "forged"] {
        fs::create_dir(at(name)).unwrap();
    }
    let press = Press::new(600.0).unwrap();
    let (enrolled, checked) = (number("NEW_NOTES", 30), checked());
    (0..enrolled).into_par_iter().for_each(|k| {
        draw(
            &press,
            &at("genuine").join(format!("{k:03}")),
            41_000 + k,
            None,
            lights(),
            k < BACKS,
        );
    });
    (0..checked).into_par_iter().for_each(|k| {
        draw(
            &press,
            &at("good").join(format!("{k:03}")),
            42_000 + k,
            None,
            lights(),
            false,
        );
    });
    let (kinds, forged) = (forged(), checked.div_ceil(4));
    kinds
        .par_iter()
        .enumerate()
        .for_each(|(d, (dial, lights))| {
            for k in 0..forged {
                let seed = 43_000 + 100 * d as u64 + k;
                draw(
                    &press,
                    &at("forged").join(format!("{}-{k:03}", dial.name())),
                    seed,
                    Some(*dial),
                    lights,
                    false,
                );
            }
        });
    let enroll = [
        "enroll",
        "--new",
        "XTS-10-2024",
        "--size",
        "130x62",
        "--references",
        "notes",
        "--date",
        "2026-01-02",
        "--scanner",
        "drawn",
        "genuine",
    ];
    let ran = run(&enroll, folder.path());
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let again = run(&enroll, folder.path());
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));

    // Both serial numbers are found, without being told, as other notes of the currency have them, and what is found says
    // how.
    let library = Library::load(&at("notes")).unwrap();
    let design = library.design("xts-10-2024").unwrap();
    assert_eq!(design.serial.as_deref(), Some("xts-carmine"));
    for zone in &design.zones {
        let scans = match zone.side {
            Side::Front => enrolled,
            Side::Back => enrolled.min(BACKS),
        };
        assert_eq!(zone.source, Some(format!("measured on {scans} scans")));
    }
    let described = Library::built_in().unwrap();
    for serial in ["serial-upper-right", "serial-lower-left"] {
        let zones = &described.design("xts-10-2024").unwrap().zones;
        let [x, y, w, h] = zones
            .iter()
            .find(|z| z.id == serial)
            .unwrap()
            .rect_mm
            .into();
        let (x, y) = (x + w / 2.0, y + h / 2.0);
        assert!(
            design.zones.iter().any(|zone| {
                let [left, top, width, height] = zone.rect_mm.into();
                zone.side == Side::Front
                    && zone.print == Process::Letterpress
                    && (left..left + width).contains(&x)
                    && (top..top + height).contains(&y)
            }),
            "{serial}"
        );
    }

    // And where thread and watermark lie.
    let place = |kind: &str, light: Light| {
        let fact = |f: &&SecurityFeature| f.kind == kind && f.light == Some(light);
        design.features.iter().find(fact).unwrap().rect_mm.unwrap()
    };
    for light in [Light::Ultraviolet, Light::Transmitted] {
        let x = place("security-thread", light).middle()[0];
        assert!((x - 37.4).abs() < 0.5, "{x}");
    }
    let [x, y] = place("watermark", Light::Transmitted).middle();
    assert!((x - 19.5).hypot(y - 29.5) < 3.0, "{x} {y}");
    let [x, y] = place("see-through-register", Light::Transmitted).middle();
    assert!((x - 121.3).hypot(y - 20.6) < 3.0, "{x} {y}");
    let [x, y] = place("microprint", Light::Visible).middle();
    assert!((x - 54.5).abs() < 3.0 && (y - 9.2).abs() < 0.5, "{x} {y}");

    let (alarms, good) = suspects(folder.path(), "good", true);
    let (caught, all) = suspects(folder.path(), "forged", true);
    // To compare with, where shares are asked for.
    let by_described = if checked > FEW {
        suspects(folder.path(), "forged", false).0
    } else {
        Vec::new()
    };
    eprintln!(
        "{enrolled} enrolled: {} of {good} genuine suspect, {} of {all} forged, {} as described",
        alarms.len(),
        caught.len(),
        by_described.len()
    );
    for (dial, _) in &kinds {
        let of = |all: &[String]| {
            let name = format!("{}-", dial.name());
            all.iter()
                .filter(|c| c.starts_with(&format!("\"{name}")))
                .count()
        };
        eprintln!(
            "  {}: {} of {forged}, {} as described",
            dial.name(),
            of(&caught),
            of(&by_described)
        );
    }
    assert_eq!(
        (good as u64, all as u64),
        (checked, kinds.len() as u64 * forged)
    );
    assert!(alarms.len() * 100 <= good, "{alarms:?}");
    assert!(caught.len() * 10 >= all * 9, "{caught:?}");
}
