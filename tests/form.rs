//! Forms, from the results to the page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SLY: &str = "<img src=x onerror=alert(1)>";

fn line(note: &str, path: &str, currency: &str, verdict: &str) -> String {
    serde_json::json!({
        "schema": "guilloche.examination/1",
        "note": note,
        "files": [{"path": path, "sha256": "ab12", "side": "front", "light": "visible", "dpi": 300}],
        "identity": {"design": format!("{}-20-2004", currency.to_lowercase()), "currency": currency,
                     "denomination": "20", "series": null, "confidence": 0.99},
        "serial": {"text": "IB12345678C", "confidence": 0.99, "readings": []},
        "findings": [],
        "verdict": verdict,
        "p_value": null,
        "reasons": ["paper-tint: too white"],
        "category": "2",
        "fitness": null,
        "elapsed_ms": 20.0,
    })
    .to_string()
}

struct Desk(TempDir);

impl Desk {
    fn new(lines: &[String]) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.path("r.jsonl"), lines.join("\n") + "\n").unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn form(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_guilloche"))
            .current_dir(self.0.path())
            .arg("form")
            .args(words)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    fn refused(&self, words: &[&str], expected: &str) {
        let (code, out, said) = self.form(words);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{words:?}: {said}");
        assert!(
            said.starts_with("error: ") && said.contains(expected),
            "{said}"
        );
    }
}

#[test]
fn a_note_is_found_by_name_or_file() {
    let desk = Desk::new(&[
        line("1", "a/1.jpg", "USD", "suspect"),
        line("1", "b/1.jpg", "CNY", "unclear"),
        line("2", "a/2.jpg", "USD", "unrecognised"),
    ]);
    let (code, page, said) = desk.form(&["r.jsonl", "a/1.jpg", "--kind", "ssf1604"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(page.contains("a/1.jpg") && page.contains("IB12345678C"));
    let (code, page, _) = desk.form(&["r.jsonl", "2", "--kind", "cny", "--output", "2.html"]);
    assert_eq!((code, page.as_str()), (Some(0), ""));
    let page = fs::read_to_string(desk.path("2.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("假币收缴凭证"));
    desk.refused(
        &["r.jsonl", "1", "--kind", "cny"],
        "2 notes are called \"1\": name a file instead, of a/1.jpg, b/1.jpg",
    );
    desk.refused(
        &["r.jsonl", "b/1.jpg", "--kind", "ssf1604"],
        "recognised as CNY, but the Secret Service's form is for US dollars",
    );
}

#[test]
fn what_makes_no_form_is_refused_in_a_sentence() {
    let desk = Desk::new(&[
        line("good", "good.jpg", "USD", "passed"),
        line("torn", "torn.jpg", "USD", "unreadable"),
        line("bad", "bad.jpg", "USD", "suspect"),
    ]);
    fs::write(desk.path("diary.txt"), "dear diary\n").unwrap();
    for (words, expected) in [
        (
            &["r.jsonl", "good", "--kind", "cny"][..],
            "\"good\" passed: no defect was found",
        ),
        (
            &["r.jsonl", "torn", "--kind", "cny"],
            "\"torn\" is unreadable",
        ),
        (
            &["r.jsonl", "other", "--kind", "cny"],
            "r.jsonl: has no note \"other\"",
        ),
        (
            &["none.jsonl", "bad", "--kind", "cny"],
            "none.jsonl: cannot be read",
        ),
        (
            &["diary.txt", "bad", "--kind", "cny"],
            "diary.txt, line 1: is no result of guilloche",
        ),
        (&["r.jsonl", "bad"], "--kind"),
        (&["r.jsonl", "bad", "--kind", "eur"], "ssf1604, cny"),
        (&["r.jsonl", "--kind", "cny"], "<NOTE>"),
        (
            &["r.jsonl", "bad", "--kind", "cny", "--output", "no/f.html"],
            "no/f.html: cannot be written",
        ),
        (
            &["r.jsonl", "bad", "--kind", "cny", "--output", "r.jsonl"],
            "would replace the results",
        ),
    ] {
        desk.refused(words, expected);
    }
    assert_eq!(
        fs::read_to_string(desk.path("r.jsonl"))
            .unwrap()
            .lines()
            .count(),
        3
    );
}

#[test]
fn a_line_that_is_being_written_is_not_there_yet() {
    let desk = Desk::new(&[line("bad", "bad.jpg", "USD", "suspect")]);
    let mut text = fs::read_to_string(desk.path("r.jsonl")).unwrap();
    text.push_str("{\"schema\":\"guill");
    fs::write(desk.path("r.jsonl"), text).unwrap();
    let words = ["r.jsonl", "bad", "--kind", "ssf1604"];
    assert_eq!(desk.form(&words).0, Some(0));
}

#[test]
fn names_are_text_in_the_page() {
    let long = "x".repeat(200);
    let quoted = "\"quoted\" 'name'\u{1b}\n.jpg";
    let desk = Desk::new(&[
        line(SLY, &format!("{SLY}.jpg"), "USD", "suspect"),
        line(&long, &long, "USD", "suspect"),
        line(quoted, quoted, "USD", "suspect"),
    ]);
    for kind in ["ssf1604", "cny"] {
        let (code, page, _) = desk.form(&["r.jsonl", SLY, "--kind", kind]);
        assert_eq!(code, Some(0));
        assert!(!page.contains("<img") && !page.contains("<script"));
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;.jpg"));
        assert!(
            desk.form(&["r.jsonl", &long, "--kind", kind])
                .1
                .contains(&long)
        );
        assert_eq!(desk.form(&["r.jsonl", quoted, "--kind", kind]).0, Some(0));
    }
}

/// One page of paper each, and not wider than a telephone's screen.
#[test]
fn the_page_in_a_browser() {
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
    else {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"not tested: there is no Chromium to print forms with\n",
        );
        return;
    };
    let desk = Desk::new(&[line(SLY, "scans/1.jpg", "USD", "suspect")]);
    for kind in ["ssf1604", "cny"] {
        let (page, pdf) = (format!("{kind}.html"), format!("{kind}.pdf"));
        let words = ["r.jsonl", SLY, "--kind", kind, "--output", &page];
        assert_eq!(desk.form(&words).0, Some(0));
        let (page, pdf) = (desk.path(&page), desk.path(&pdf));
        let url = format!("file://{}", page.display());
        let browse = |options: &[&str]| {
            let profile = format!("--user-data-dir={}", desk.path("profile").display());
            let output = Command::new(browser)
                .args(["--headless", "--no-sandbox", "--disable-gpu", &profile])
                .args(options)
                .arg(&url)
                .output()
                .unwrap();
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let dom = browse(&["--dump-dom"]);
        assert!(dom.contains("&lt;img src=x onerror=alert(1)&gt;"), "{dom}");
        assert!(!dom.contains("<img"));
        browse(&[
            "--no-pdf-header-footer",
            &format!("--print-to-pdf={}", pdf.display()),
        ]);
        assert_eq!(pages(&pdf), 1, "{kind}");
    }
}

/// How many pages a PDF has, by its page objects.
fn pages(pdf: &Path) -> usize {
    let bytes = fs::read(pdf).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.matches("/Type /Page\n").count()
}
