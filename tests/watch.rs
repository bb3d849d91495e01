//! A watched folder: every scan is judged once, whatever happens to the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::create_dir(desk.path("in")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guilloche"));
        command
            .current_dir(self.0.path())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// A watch that is quick about it.
    fn watch(&self, more: &[&str]) -> Child {
        let words = ["watch", "in", "--every", "0.05", "--settle", "0.4"];
        self.command(&[&words, more].concat()).spawn().unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        fs::read_to_string(self.path("out.jsonl"))
            .unwrap_or_default()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Drawn notes, front and back, at 100 dpi.
    fn specimens(&self, count: usize) -> Vec<[Vec<u8>; 2]> {
        let count = count.to_string();
        let ran = self.run(&[
            "specimen",
            "drawn",
            "--count",
            &count,
            "--press-dpi",
            "300",
            "--dpi",
            "100",
        ]);
        assert!(ran.status.success());
        let mut scans: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        for entry in fs::read_dir(self.path("drawn")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "jpg") {
                scans.insert(path.clone(), fs::read(path).unwrap());
            }
        }
        let scans: Vec<Vec<u8>> = scans.into_values().collect();
        scans
            .chunks(2)
            .map(|pair| {
                // Sorted by name: back, front.
                let [back, front] = pair else {
                    panic!("{} scans", pair.len())
                };
                [front.clone(), back.clone()]
            })
            .collect()
    }
}

/// The same picture in other bytes: a JPEG with a comment.
fn with_comment(jpeg: &[u8], text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len() + 2).unwrap().to_be_bytes();
    [
        &jpeg[..2],
        &[0xFF, 0xFE],
        &length,
        text.as_bytes(),
        &jpeg[2..],
    ]
    .concat()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
}

fn wait_until(what: &str, seconds: u64, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(seconds), "{what}");
        sleep(Duration::from_millis(50));
    }
}

/// As a scanner does: the file is there before it is whole.
fn drop_slowly(path: &Path, bytes: &[u8]) {
    let mut file = File::create(path).unwrap();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    file.write_all(first).unwrap();
    sleep(Duration::from_millis(5));
    file.write_all(second).unwrap();
}

#[cfg(unix)]
#[test]
fn two_hundred_files_and_five_kills_make_one_line_each() {
    let desk = Desk::new();
    let notes = desk.specimens(4);
    // 160 fronts, of which 36 have a back; two files that cannot be read; two of those that are told apart by their
    // bytes only.
    let mut drops: Vec<(String, Vec<u8>)> = Vec::new();
    for number in 0..160 {
        let [front, back] = &notes[number % notes.len()];
        let name = format!("n{number:03}");
        drops.push((format!("{name}.jpg"), with_comment(front, &name)));
        if number < 36 {
            drops.push((format!("{name}_b.jpg"), with_comment(back, &name)));
        }
    }
    let cut = &notes[0][0];
    drops.push(("cut.jpg".to_owned(), cut[..cut.len() / 2].to_vec()));
    drops.push(("empty.jpg".to_owned(), Vec::new()));
    drops.push(("same.jpg".to_owned(), notes[1][0].clone()));
    drops.push(("again.jpg".to_owned(), notes[1][0].clone()));
    assert_eq!(drops.len(), 200);

    let options = ["--out", "out.jsonl", "--done", "done", "--quiet"];
    let input = desk.path("in");
    let dropping = {
        let drops = drops.clone();
        std::thread::spawn(move || {
            for (name, bytes) in drops {
                drop_slowly(&input.join(name), &bytes);
                sleep(Duration::from_millis(25));
            }
        })
    };
    let mut lines = Vec::new();
    for kill in 0..5u64 {
        let mut child = desk.watch(&options);
        // Not before it has done something, and at another moment of its work each time.
        let before = lines.last().copied().unwrap_or(0);
        wait_until("no line is written", 30, || {
            let text = fs::read(desk.path("out.jsonl")).unwrap_or_default();
            text.iter().filter(|byte| **byte == b'\n').count() > before
        });
        sleep(Duration::from_millis(130 * kill + 37));
        if kill % 2 == 0 {
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().code(), None);
        } else {
            signal(&child, "TERM");
            assert_eq!(child.wait().unwrap().code(), Some(0));
        }
        if kill == 2 {
            // As when it is killed in the middle of a line.
            let mut out = File::options()
                .append(true)
                .open(desk.path("out.jsonl"))
                .unwrap();
            out.write_all(b"{\"schema\":\"guilloche.examination/1\",\"note\":\"n0")
                .unwrap();
        }
        let text = fs::read(desk.path("out.jsonl")).unwrap();
        lines.push(text.iter().filter(|byte| **byte == b'\n').count());
    }
    dropping.join().unwrap();
    assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "{lines:?}");
    let last = desk.watch(&options);
    wait_until("files are left", 60, || files(&desk.path("in")).is_empty());
    signal(&last, "TERM");
    let ended = last.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stdout.is_empty() && ended.stderr.is_empty());

    let mut judged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for line in desk.lines() {
        *names.entry(line["note"].to_string()).or_insert(0) += 1;
        for file in line["files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap().strip_prefix("in/").unwrap();
            let digest = file["sha256"].as_str().unwrap().to_owned();
            judged.entry(path.to_owned()).or_default().push(digest);
            let readable = !["cut.jpg", "empty.jpg"].contains(&path);
            assert_eq!(line["verdict"] == "unreadable", !readable, "{line}");
        }
    }
    let expected: BTreeMap<String, Vec<String>> = drops
        .iter()
        .map(|(name, bytes)| (name.clone(), vec![sha256(bytes)]))
        .collect();
    assert_eq!(judged, expected);
    assert!(names.values().all(|count| *count == 1), "{names:?}");
    let done = files(&desk.path("done"));
    assert_eq!(done.len(), drops.len());
    for (name, bytes) in &drops {
        assert!(
            fs::read(desk.path("done").join(name)).unwrap() == *bytes,
            "{name}"
        );
    }
}

#[cfg(unix)]
#[test]
fn without_outputs_lines_go_to_standard_output_and_files_stay() {
    let desk = Desk::new();
    let [front, back] = desk.specimens(1).remove(0);
    fs::write(desk.path("in/7.jpg"), front).unwrap();
    fs::write(desk.path("in/7_b.jpg"), back).unwrap();
    fs::write(desk.path("in/notes.txt"), "no image").unwrap();
    let words = [
        "watch", "in", "--every", "0.05", "--settle", "0.4", "--jobs", "1", "--report", "page",
    ];
    let said = File::create(desk.path("said.jsonl")).unwrap();
    let child = desk.command(&words).stdout(said).spawn().unwrap();
    let read = || fs::read_to_string(desk.path("said.jsonl")).unwrap();
    wait_until("nothing is said", 20, || read().ends_with('\n'));
    sleep(Duration::from_millis(300));
    signal(&child, "INT");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let text = read();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["note"], "7");
    assert_eq!(line["files"].as_array().unwrap().len(), 2);
    assert_eq!(line["identity"]["currency"], "XTS");
    assert_eq!(files(&desk.path("in")).len(), 3);
    let page = fs::read_to_string(desk.path("page/index.html")).unwrap();
    assert!(page.contains("in/7_b.jpg") && page.contains("data:image/jpeg;base64,"));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.starts_with("watching in; Ctrl-C stops it\n1 notes: "),
        "{said}"
    );
}

#[test]
fn what_cannot_work_is_refused_in_a_sentence() {
    let desk = Desk::new();
    fs::write(desk.path("diary.txt"), "dear diary\n").unwrap();
    fs::write(desk.path("prefixes.csv"), "colour\n").unwrap();
    for (words, expected) in [
        (
            &["nowhere"][..],
            "nowhere: is no folder that can be watched",
        ),
        (
            &["diary.txt"],
            "diary.txt: is no folder that can be watched",
        ),
        (
            &["in", "--out", "in/out.jsonl"],
            "--out lies inside of the watched folder",
        ),
        (
            &["in", "--done", "in"],
            "--done lies inside of the watched folder",
        ),
        (
            &["in", "--done", "in/../in/done"],
            "--done lies inside of the watched folder",
        ),
        (
            &["in", "--history", "in/h.sqlite"],
            "--history lies inside of the watched folder",
        ),
        (
            &["in", "--out", "diary.txt"],
            "diary.txt, line 1: is no result of guilloche",
        ),
        (
            &["in", "--out", "no/out.jsonl"],
            "no/out.jsonl: cannot be written",
        ),
        (&["in", "--out", "in/.."], "in/..: cannot be written"),
        (
            &["in", "--done", "diary.txt"],
            "diary.txt: cannot be made or used",
        ),
        (&["in", "--every", "0"], "write seconds from 0.01 to 3600"),
        (
            &["in", "--every", "soon"],
            "write seconds from 0.01 to 3600",
        ),
        (&["in", "--settle=-1"], "write seconds from 0 to 3600"),
        (&["in", "--settle", "nan"], "write seconds from 0 to 3600"),
        (&["in", "--references", "nowhere"], "nowhere"),
        (&["in", "--watchlist", "prefixes.csv"], "prefixes.csv"),
        (&["in", "--manifest", "notes.csv"], "--manifest"),
        (&[], "<FOLDER>"),
    ] {
        let ran = desk.run(&[&["watch"], words].concat());
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{words:?}: {said}");
        assert!(ran.stdout.is_empty());
        assert!(said.contains(expected), "{words:?}: {said}");
        assert!(said.starts_with("error: "), "{said}");
    }
    assert_eq!(
        fs::read_to_string(desk.path("diary.txt")).unwrap(),
        "dear diary\n"
    );
    assert!(files(&desk.path("in")).is_empty());
    assert!(!desk.path("h.sqlite").exists());
}
