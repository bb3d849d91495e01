//! The commands around specimens, as a newcomer meets them: demo, specimen, enroll.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use common::run;
use serde_json::Value;

#[test]
fn the_demo_prints_checks_and_explains() {
    let desk = tempfile::tempdir().unwrap();
    let (code, said, complaints) = run(desk.path(), &["demo"]);
    assert_eq!((code, complaints.as_str()), (Some(0), ""));
    let folder = desk.path().join("guilloche-demo");
    let results: Vec<Value> = fs::read_to_string(folder.join("results.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), 24);
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(page.contains("data-search=") && page.trim_end().ends_with("</html>"));
    for note in &results {
        let name = note["note"].as_str().unwrap();
        assert!(said.contains(name), "{name}");
        let verdict = note["verdict"].as_str().unwrap();
        // Each verdict that was given is explained, with its name first.
        assert!(said.contains(&format!("\n    {verdict}: ")), "{verdict}");
        // What only the serial numbers tell, each by itself or against each other.
        let told_by = match name {
            "20-forged-mismatched-serialsxts10" => Some("serial-pair"),
            "21-forged-repeated-serialxts100" | "22-forged-repeated-serialxts100" => {
                Some("serial-repeated")
            }
            _ => None,
        };
        if let Some(feature) = told_by {
            assert_eq!(verdict, "suspect", "{name}");
            let findings = note["findings"].as_array().unwrap();
            let found = findings.iter().find(|f| f["feature"] == feature).unwrap();
            assert_eq!(found["outcome"], "deviates", "{name}");
        }
        match name {
            "23-broken-file" => assert_eq!(verdict, "unreadable"),
            "24-no-note-at-all" => assert_eq!(verdict, "unrecognised"),
            _ => {
                let value = name.rsplit_once("xts").unwrap().1;
                assert_eq!(
                    note["identity"]["design"],
                    format!("xts-{value}-2024"),
                    "{name}"
                );
                assert_eq!(note["files"][0]["side"], "front", "{name}");
                assert_eq!(note["files"][1]["side"], "back", "{name}");
            }
        }
    }
    assert!(!said.contains("\n    suspect: ") || results.iter().any(|n| n["verdict"] == "suspect"));

    // A second run takes the folder for its own and spares what it did not write.
    fs::write(folder.join("mine.jpg"), "mine").unwrap();
    let before = fs::read(folder.join("results.jsonl")).unwrap();
    assert_eq!(run(desk.path(), &["demo"]).0, Some(0));
    assert_eq!(fs::read(folder.join("results.jsonl")).unwrap(), before);
    assert_eq!(fs::read(folder.join("mine.jpg")).unwrap(), b"mine");
}

#[test]
fn the_demo_keeps_out_of_other_folders() {
    let desk = tempfile::tempdir().unwrap();
    fs::create_dir(desk.path().join("photos")).unwrap();
    fs::write(desk.path().join("photos/me.jpg"), "me").unwrap();
    let (code, said, complaints) = run(desk.path(), &["demo", "photos"]);
    assert_eq!((code, said.as_str()), (Some(2), ""));
    assert!(
        complaints.contains("photos: holds files that no demo wrote"),
        "{complaints}"
    );
    assert_eq!(complaints.lines().count(), 1);
    let (code, _, complaints) = run(desk.path(), &["demo", "photos/me.jpg"]);
    assert_eq!(code, Some(2));
    assert!(complaints.contains("is no folder"), "{complaints}");
    let count = fs::read_dir(desk.path().join("photos")).unwrap().count();
    assert_eq!(count, 1);
}

#[test]
fn wrong_values_of_specimens_are_refused_in_a_sentence() {
    let desk = tempfile::tempdir().unwrap();
    for (words, expected) in [
        (
            vec!["--denomination", "20"],
            "\"20\" is no denomination of XTS: choose from 10, 100",
        ),
        (vec!["--side", "top"], "\"top\" is no side"),
        (vec!["--light", "x-ray"], "\"x-ray\" is no light"),
        (
            vec!["--wear", "soil=1.5"],
            "dial soil: \"1.5\" is not a number from 0 to 1",
        ),
        (vec!["--wear", "soil=much"], "dial soil: \"much\""),
        (
            vec!["--wear", "halftone=1"],
            "there is no wear called \"halftone\"",
        ),
        (
            vec!["--defect", "colour"],
            "there is no defect called \"colour\"",
        ),
        (
            vec!["--dpi", "50"],
            "resolution: 50 is outside 100 to 1200 dpi",
        ),
        (vec!["--press-dpi", "72"], "72 is outside 300 to 1200 dpi"),
        (
            vec!["--margin", "100"],
            "margin: 100 is outside -10 to 60 mm",
        ),
        (vec!["--noise", "nan"], "noise: NaN is outside"),
        (
            vec!["--quality", "0"],
            "JPEG quality: 0 is outside 1 to 100",
        ),
        (vec!["--bed", "lawn"], "\"lawn\" is no bed"),
        (vec!["--format", "gif"], "\"gif\" is no"),
        (vec!["--cast", "1,1"], "is not three numbers"),
        (
            vec!["--serial", "AG27182818K"],
            "the check letter does not fit",
        ),
        (vec!["--count", "-1"], "invalid value"),
    ] {
        let mut all = vec!["specimen", "notes"];
        all.extend(&words);
        // Values that begin with a minus are written with an equals sign, as clap wants them.
        let joined = format!("{}={}", words[0], words[1]);
        if words[1].starts_with('-') {
            all.truncate(2);
            all.push(&joined);
        }
        let (code, said, complaints) = run(desk.path(), &all);
        assert_eq!((code, said.as_str()), (Some(2), ""), "{words:?}");
        assert!(complaints.contains(expected), "{words:?}: {complaints}");
        assert!(!desk.path().join("notes").exists(), "{words:?}");
    }
}

#[test]
fn enrolment_learns_other_lights_of_notes_seen_by_day() {
    let desk = tempfile::tempdir().unwrap();
    let specimen = [
        "specimen",
        "scans",
        "--side",
        "front",
        "--light",
        "visible,ultraviolet",
        "--count",
        "2",
        "--press-dpi",
        "300",
        "--bed",
        "black",
    ];
    assert_eq!(run(desk.path(), &specimen).0, Some(0));
    let enroll = |references: &str, scans: &str| {
        let words = [
            "enroll",
            "--design",
            "xts-10-2024",
            "--references",
            references,
            "--date",
            "2026-01-01",
            scans,
        ];
        run(desk.path(), &words)
    };
    let (code, said, complaints) = enroll("notes", "scans");
    assert_eq!(code, Some(0), "{complaints}");
    assert!(
        said.contains("front: 2 notes measured, 0 left out"),
        "{said}"
    );
    assert!(said.contains("front, ultraviolet: 2 notes"), "{said}");
    let (code, _, complaints) = enroll("other", "scans/xts-10-1_front_uv.jpg");
    assert_eq!(code, Some(2));
    assert!(
        complaints.contains("none of the scans was made in visible light"),
        "{complaints}"
    );
}

/// Fronts of XTS 10 as a scanner with these settings shows them.
fn scanned(desk: &Path, folder: &str, seed: &str, count: &str, settings: &[&str]) {
    let words = [
        "specimen",
        folder,
        "--side",
        "front",
        "--seed",
        seed,
        "--count",
        count,
        "--press-dpi",
        "300",
        "--dpi",
        "150",
        "--bed",
        "black",
    ];
    let (code, _, complaints) = run(desk, &[&words, settings].concat());
    assert_eq!(code, Some(0), "{complaints}");
}

#[test]
fn another_scanner_is_learned_beside_the_first() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    // So blue that its notes are odd beside the first scanner's, also as scans of its sharpness.
    let blue = ["--cast", "0.75,0.95,1", "--gamma", "1.3", "--blur", "70"];
    scanned(desk, "first", "1", "16", &[]);
    scanned(desk, "second", "101", "12", &blue);
    scanned(desk, "today", "201", "14", &blue);
    let enroll = |scans: &str, scanner: &str, more: &[&str]| {
        let words = [
            "enroll",
            "--design",
            "xts-10-2024",
            "--references",
            "notes",
            "--date",
            "2026-01-01",
            "--scanner",
            scanner,
            scans,
        ];
        run(desk, &[&words, more].concat())
    };
    let shown = || {
        run(
            desk,
            &["references", "show", "xts-10-2024", "--references", "notes"],
        )
        .1
    };
    let checked = |scans: &str, more: &[&str]| -> (Vec<f64>, String) {
        let words = ["check", scans, "--references", "notes"];
        let (_, said, complaints) = run(desk, &[&words, more].concat());
        let p_values = said
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["p_value"]
                    .as_f64()
                    .unwrap()
            })
            .collect();
        (
            p_values,
            complaints.replace("skipped: 14 other files\n", ""),
        )
    };

    assert_eq!(enroll("first", "desk scanner", &[]).0, Some(0));
    let (before, complaints) = checked("today", &[]);
    let changed = "the scanner or its settings have changed: the 14 fronts of xts-10-2024 differ from the 16 enrolled \
                   (desk scanner): ";
    assert!(complaints.starts_with(changed), "{complaints}");
    assert_eq!(complaints.lines().count(), 1);
    for silent in ["--quiet", "--each-alone"] {
        assert_eq!(checked("today", &[silent]).1, "", "{silent}");
    }
    let (code, said, complaints) = enroll("second", "till scanner", &["--add"]);
    assert_eq!((code, complaints.as_str()), (Some(0), ""));
    assert!(
        said.contains("front: 12 notes added, 0 left out, 28 enrolled in all"),
        "{said}"
    );
    assert!(
        shown().contains("front: 28 notes, desk scanner; till scanner, "),
        "{}",
        shown()
    );
    let (after, complaints) = checked("today", &[]);
    assert_eq!(complaints, "");
    let mean = |p: &[f64]| p.iter().sum::<f64>() / p.len() as f64;
    assert!(
        before.len() == 14 && mean(&after) > mean(&before),
        "{before:?} {after:?}"
    );

    // What is no note of the design is said and left out.
    fs::create_dir(desk.join("mixed")).unwrap();
    fs::copy(
        desk.join("today/xts-10-201_front.jpg"),
        desk.join("mixed/a.jpg"),
    )
    .unwrap();
    fs::write(desk.join("mixed/b.jpg"), "b").unwrap();
    let (code, said, complaints) = enroll("mixed", "till scanner", &["--add"]);
    assert_eq!(code, Some(0), "{complaints}");
    assert!(
        said.contains("front: 1 note added, 1 left out, 29 enrolled in all"),
        "{said}"
    );
    assert!(
        complaints.starts_with("left out: mixed/b.jpg: "),
        "{complaints}"
    );
    assert!(
        shown().contains("front: 29 notes, desk scanner; till scanner, "),
        "{}",
        shown()
    );

    for (design, more, expected) in [
        (
            "usd-5-2006",
            vec!["--add"],
            "no genuine notes of usd-5-2006 are enrolled to add to",
        ),
        (
            "xts-100-2024",
            vec!["--add"],
            "none of 14 scans was recognised as xts-100-2024",
        ),
        (
            "xts-10-2024",
            vec!["--add", "--layout-only"],
            "cannot be used with",
        ),
    ] {
        let words = [
            "enroll",
            "--design",
            design,
            "--references",
            "other",
            "--date",
            "2026-01-01",
            "today",
        ];
        let (code, _, complaints) = run(desk, &[&words, more.as_slice()].concat());
        assert_eq!(code, Some(2), "{design}");
        assert!(complaints.contains(expected), "{design}: {complaints}");
        assert!(!desk.join("other").exists());
    }
}
