//! The page for people, as a browser shows it; text for a terminal; `explain`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn guilloche(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let (status, out, err) = common::run(folder, words);
    (status.unwrap(), out, err)
}

/// A Chromium on the path; says so where there is none.
fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let found = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.is_file());
    if found.is_none() {
        common::say("not tested: there is no Chromium to open the report with");
    }
    found
}

/// Runs Chromium on a page; standard output.
fn browse(chromium: &Path, desk: &Path, page: &Path, options: &[&str]) -> String {
    let output = Command::new(chromium)
        // The sandbox does not start for root; the page is our own.
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .arg(format!(
            "--user-data-dir={}",
            desk.join("profile").display()
        ))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Two specimens in two lights, and pictures of nothing with names that want to be more than names.
fn batch() -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    let (status, _, err) = guilloche(
        desk.path(),
        &[
            "specimen",
            "scans",
            "--light",
            "visible,ultraviolet",
            "--count",
            "2",
            "--press-dpi",
            "300",
            "--bed",
            "black",
        ],
    );
    assert_eq!(status, 0, "{err}");
    for name in hostile_names() {
        fs::write(desk.path().join("scans").join(name), "no picture").unwrap();
    }
    desk
}

fn hostile_names() -> Vec<String> {
    let mut names = vec![
        "'single'.jpg".to_owned(),
        format!("{}.jpg", "long".repeat(50)),
    ];
    if cfg!(unix) {
        names.push("<img src=x onerror=alert(1)>.jpg".to_owned());
        names.push("\"double\".jpg".to_owned());
        names.push("two\nlines.jpg".to_owned());
    }
    names
}

/// What a person would do, step by step; writes what came of it as `name=value` lines.
const STEPS: &str = include_str!("data/report-steps.js");

#[test]
fn a_browser_opens_filters_searches_switches_lights_and_prints() {
    let Some(chromium) = chromium() else { return };
    let desk = batch();
    let (status, _, err) = guilloche(desk.path(), &["check", "scans", "--report", "page"]);
    // Unreadable files are no failure of the command.
    assert!(status == 3 || status == 1, "{err}");
    let page = desk.path().join("page/index.html");
    let names: Vec<_> = fs::read_dir(desk.path().join("page")).unwrap().collect();
    assert_eq!(names.len(), 1, "the page is one file");

    let html = fs::read_to_string(&page).unwrap();
    let watched = html
        .replacen(
            "<body>",
            "<body><script>var attacks = 0, errors = 0; alert = () => { attacks += 1; };\
             onerror = () => { errors += 1; };</script>",
            1,
        )
        .replacen("</body>", &format!("<script>{STEPS}</script></body>"), 1);
    let tried = desk.path().join("tried.html");
    fs::write(&tried, watched).unwrap();
    let hostile = hostile_names().len();
    for width in [1280, 390] {
        let size = format!("--window-size={width},900");
        let dom = browse(
            &chromium,
            desk.path(),
            &tried,
            &[&size, "--virtual-time-budget=10000", "--dump-dom"],
        );
        let result = dom
            .split_once("<pre id=\"result\">")
            .and_then(|(_, rest)| rest.split_once("</pre>"))
            .expect("every step was done")
            .0;
        let said: BTreeMap<&str, &str> = result.lines().filter_map(|l| l.split_once('=')).collect();
        let notes = (2 + hostile).to_string();
        let unreadable = hostile.to_string();
        for (name, expected) in [
            ("notes", notes.as_str()),
            ("bodies-at-first", "0"),
            ("filtered", &unreadable),
            ("pressed", "true"),
            ("unfiltered", &notes),
            ("not-found", "0,true"),
            ("found", "xts-10-1"),
            ("counted", "1"),
            ("pictures", "4"),
            ("shown", "1"),
            ("decoded", "true"),
            ("switched", "true"),
            ("lit", "true"),
            ("light-pressed", "1"),
            ("zones", "true"),
            ("fields", "true"),
            ("opened", &notes),
            ("foreign", "0"),
            ("attacks", "0"),
            ("errors", "0"),
            ("names", if cfg!(unix) { "1" } else { "0" }),
            ("wide", "false"),
        ] {
            assert_eq!(
                said.get(name),
                Some(&expected),
                "{width} px: {name} of {result}"
            );
        }
    }

    let pdf = desk.path().join("page.pdf");
    let option = format!("--print-to-pdf={}", pdf.display());
    browse(&chromium, desk.path(), &page, &[&option]);
    let bytes = fs::read(&pdf).unwrap();
    assert!(
        bytes.starts_with(b"%PDF-") && bytes.len() > 10_000,
        "{}",
        bytes.len()
    );
}

#[test]
fn the_report_is_refused_where_it_cannot_be_written() {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("a.jpg"), "no picture").unwrap();
    let (status, out, err) = guilloche(desk.path(), &["check", "a.jpg", "--report", "a.jpg"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("a.jpg: cannot be made or written to"), "{err}");
    assert_eq!(err.lines().count(), 1);
}

#[test]
fn text_is_in_the_language_that_was_asked_for() {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("a.jpg"), "no picture").unwrap();
    let words = ["check", "a.jpg", "--format", "text"];
    let (_, english, _) = guilloche(desk.path(), &words);
    assert!(english.starts_with("unreadable "), "{english}");
    let (_, chinese, _) = guilloche(desk.path(), &[&words[..], &["--lang", "zh"]].concat());
    assert!(chinese.starts_with("无法读取"), "{chinese}");
    assert!(chinese.contains("共 1 张"), "{chinese}");
    let by_environment = Command::new(env!("CARGO_BIN_EXE_guilloche"))
        .current_dir(desk.path())
        .env_remove("LC_MESSAGES")
        .env("LC_ALL", "zh_CN.UTF-8")
        .args(words)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(by_environment.stdout).unwrap(), chinese);
    // JSON is for programs: the same in every language.
    let json = |lang| {
        let (_, out, _) = guilloche(
            desk.path(),
            &["check", "a.jpg", "--format", "jsonl", "--lang", lang],
        );
        let mut value: serde_json::Value = serde_json::from_str(&out).unwrap();
        value["elapsed_ms"] = serde_json::Value::Null;
        value
    };
    assert_eq!(json("en"), json("zh"));
    let (status, _, err) = guilloche(desk.path(), &["check", "a.jpg", "--lang", "fr"]);
    assert_eq!(status, 2);
    assert!(err.contains("say en or zh"), "{err}");
}

#[test]
fn suspects_come_last_and_verbose_says_everything() {
    let desk = tempfile::tempdir().unwrap();
    for (folder, seed, defect) in [("scans/a", "1", "altered-value"), ("scans/b", "2", "")] {
        let mut words = vec![
            "specimen",
            folder,
            "--seed",
            seed,
            "--press-dpi",
            "300",
            "--bed",
            "black",
        ];
        if !defect.is_empty() {
            words.extend(["--defect", defect]);
        }
        assert_eq!(guilloche(desk.path(), &words).0, 0);
    }
    let run = |more: &[&str]| {
        let (_, out, _) = guilloche(
            desk.path(),
            &[&["check", "scans", "--format", "text"], more].concat(),
        );
        out
    };
    let out = run(&[]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "{out}");
    assert!(
        lines[0].starts_with("passed  ") || lines[0].starts_with("unclear "),
        "{out}"
    );
    assert!(lines[1].starts_with("suspect "), "{out}");
    assert!(lines[2].starts_with("2 notes: "), "{out}");
    assert!(!out.contains('\u{1b}'), "no colour into a pipe");
    let verbose = run(&["--verbose"]);
    assert!(verbose.lines().count() > 40, "{verbose}");
    assert!(verbose.contains("  value-consistency  "), "{verbose}");
}

#[test]
fn explain_prints_pages_and_names_the_nearest() {
    let desk = tempfile::tempdir().unwrap();
    let (status, list, _) = guilloche(desk.path(), &["explain", "list"]);
    assert_eq!(status, 0);
    let names: Vec<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_whitespace().next())
        .collect();
    assert!(names.len() > 25 && names.contains(&"suspect") && names.contains(&"seams"));
    for lang in ["en", "zh"] {
        for name in &names {
            let (status, page, err) = guilloche(desk.path(), &["explain", name, "--lang", lang]);
            assert_eq!(status, 0, "{err}");
            assert!(page.starts_with(&format!("{name}: ")), "{page}");
            assert!(!page.contains("**"), "{page}");
        }
    }
    let (status, out, err) = guilloche(desk.path(), &["explain", "seam"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("did you mean seams"), "{err}");
    assert_eq!(err.lines().count(), 1);
}
