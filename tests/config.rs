//! `guilloche.toml`, and what helps to write a command line: examples, completions, manual pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::process::Command;

use common::{jpeg, run, specimen_references};
use image::{Rgb, RgbImage};
use tempfile::TempDir;

/// A shop with a configuration, and a folder of scans in it.
fn shop(config: &str) -> TempDir {
    let shop = tempfile::tempdir().unwrap();
    fs::create_dir(shop.path().join("today")).unwrap();
    let paper = RgbImage::from_pixel(300, 130, Rgb([230, 228, 220]));
    fs::write(shop.path().join("today/a.jpg"), jpeg(&paper, 90)).unwrap();
    fs::write(shop.path().join("guilloche.toml"), config).unwrap();
    shop
}

#[test]
fn paths_are_those_beside_the_file() {
    let shop = shop(
        "references = \"ours\"\nhistory = \"seen.sqlite\"\nfalse-alarm = 0.01\nlanguage = \"zh\"\n",
    );
    specimen_references(&shop.path().join("ours"));
    let today = shop.path().join("today");
    let (code, listed, _) = run(&today, &["references"]);
    assert_eq!(code, Some(0));
    assert!(listed.contains("xts-1-2020"), "{listed}");
    assert_eq!(
        run(&today, &["references", "show", "xts-1-2020"]).0,
        Some(0)
    );

    let (code, _, said) = run(&today, &["history", "list"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("seen.sqlite"), "{said}");
    let (code, _, said) = run(&today, &["check", "a.jpg"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(shop.path().join("seen.sqlite").is_file());
    assert_eq!(run(&today, &["history", "list"]).0, Some(0));

    // A file in the folder itself hides the one above.
    fs::write(today.join("guilloche.toml"), "").unwrap();
    let (_, listed, _) = run(&today, &["references"]);
    assert!(!listed.contains("xts-1-2020"));
    let (code, _, said) = run(&today, &["history", "list"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("no history is named"), "{said}");
}

#[test]
fn the_command_line_goes_before_the_file() {
    let shop = shop("references = \"nowhere\"\nhistory = \"seen.sqlite\"\n");
    specimen_references(&shop.path().join("others"));
    let (code, _, said) = run(shop.path(), &["check", "today"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("nowhere"), "{said}");
    let words = [
        "check",
        "today",
        "--references",
        "others",
        "--history",
        "h.sqlite",
    ];
    assert_eq!(run(shop.path(), &words).0, Some(3));
    assert!(shop.path().join("h.sqlite").is_file());
    assert!(!shop.path().join("seen.sqlite").exists());
}

#[test]
fn faults_name_file_and_key() {
    for (config, expected) in [
        ("colour = 1\n", "guilloche.toml: key `colour`: is unknown"),
        (
            "false-alarm = 2\n",
            "guilloche.toml: key `false-alarm`: \"2\" is no share",
        ),
        (
            "language = \"fr\"\n",
            "guilloche.toml: key `language`: \"fr\" is no language",
        ),
        (
            "history = true\n",
            "guilloche.toml: key `history`: write a path",
        ),
        ("history\n", "guilloche.toml: line 1: "),
    ] {
        let shop = shop(config);
        for words in [
            &["check", "a.jpg"][..],
            &["watch", "."],
            &["references"],
            &["measure", "a.jpg"],
        ] {
            let (code, out, said) = run(&shop.path().join("today"), words);
            assert_eq!((code, out.as_str()), (Some(2), ""), "{words:?}");
            assert!(said.contains(expected), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
        // What needs no configuration works all the same.
        assert_eq!(run(shop.path(), &["man"]).0, Some(0));
    }
}

#[test]
fn completions_for_every_shell() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let (code, text, said) = run(folder.path(), &["completions", shell]);
        assert_eq!((code, said.as_str()), (Some(0), ""));
        for word in ["check", "watch", "pair-consecutive"] {
            assert!(text.contains(word), "{shell} lacks {word}");
        }
    }
    let (_, text, _) = run(folder.path(), &["completions", "bash"]);
    fs::write(folder.path().join("guilloche.bash"), text).unwrap();
    // The shell itself completes with it.
    let script = "source ./guilloche.bash; COMP_WORDS=(guilloche wat); COMP_CWORD=1; \
                  _guilloche guilloche wat guilloche; echo ${COMPREPLY[@]}";
    let output = Command::new("bash")
        .current_dir(folder.path())
        .args(["-c", script])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "watch\n");
    let (code, out, said) = run(folder.path(), &["completions", "cmd"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        said.contains("'cmd'") && said.contains("powershell"),
        "{said}"
    );
}

#[test]
fn manual_pages() {
    let folder = tempfile::tempdir().unwrap();
    for (words, parts) in [
        (
            &["man"][..],
            &[".TH guilloche 1", "watch", "Exit status"][..],
        ),
        (
            &["man", "check"],
            &[".TH guilloche-check 1", "guilloche check scans/"],
        ),
        (
            &["man", "references", "show"],
            &[".TH guilloche-references-show 1"],
        ),
    ] {
        let (code, page, said) = run(folder.path(), words);
        assert_eq!((code, said.as_str()), (Some(0), ""));
        for part in parts {
            assert!(page.contains(part), "{words:?} lacks {part}:\n{page}");
        }
    }
    let (code, out, said) = run(folder.path(), &["man", "chek"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        said.contains("\"chek\": is no command of guilloche"),
        "{said}"
    );
}
