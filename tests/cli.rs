//! The command line as a script meets it: what goes where, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use common::draw::{BLACK, WHITE, note_like, on_bed, on_wood};
use common::{copy_folder, jpeg, reference_notes, specimen_references};
use image::{ImageFormat, Rgb, RgbImage, imageops};
use serde_json::Value;
use tempfile::TempDir;

/// The command in an empty folder of its own, so that names in output are short and stable.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guilloche"));
        command.current_dir(self.0.path()).args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        Ran::from(self.command(words).output().unwrap())
    }
}

struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().expect("ended by itself"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The lines of a run with `--format jsonl`.
    fn examinations(&self) -> Vec<Value> {
        examinations(&self.out)
    }

    /// Nothing was done: status 2, nothing on standard output, one sentence on standard error.
    fn refused(&self, saying: &[&str]) {
        assert_eq!(self.status, 2, "{}{}", self.out, self.err);
        assert_eq!(self.out, "");
        assert!(self.err.starts_with("error: "), "{}", self.err);
        for part in saying {
            assert!(self.err.contains(part), "{part:?} is not in: {}", self.err);
        }
    }
}

fn examinations(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn without_time(text: &str) -> Vec<Value> {
    let mut lines = examinations(text);
    for line in &mut lines {
        line["elapsed_ms"].take();
    }
    lines
}

fn paper() -> RgbImage {
    RgbImage::from_pixel(300, 130, Rgb([230, 228, 220]))
}

fn paper_jpeg() -> Vec<u8> {
    jpeg(&paper(), 90)
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

// Usage.

#[test]
fn help_and_version_are_for_standard_output() {
    let desk = Desk::new();
    for words in [
        vec!["--help"],
        vec!["check", "--help"],
        vec!["enroll", "--help"],
        vec!["references", "--help"],
        vec!["references", "show", "--help"],
        vec!["--version"],
    ] {
        let ran = desk.run(&words);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{words:?}");
        assert!(!ran.out.is_empty());
    }
    assert!(desk.run(&["--help"]).out.contains("Exit status"));
    assert_eq!(
        desk.run(&["--version"]).out,
        concat!("guilloche ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_words_are_refused() {
    let desk = Desk::new();
    desk.put("a.jpg", &paper_jpeg());
    assert_eq!(desk.run(&[]).status, 2);
    desk.run(&["chek", "a.jpg"])
        .refused(&["unrecognized subcommand 'chek'", "check"]);
    desk.run(&["check"]).refused(&["<PATH>"]);
    desk.run(&["check", "a.jpg", "--format", "xml"])
        .refused(&["'xml'", "text, jsonl, csv"]);
    for jobs in ["0", "-1", "many"] {
        desk.run(&["check", "a.jpg", &format!("--jobs={jobs}")])
            .refused(&["--jobs", "whole number from 1"]);
    }
    desk.run(&["check", "a.jpg", "--no-such-option"])
        .refused(&["--no-such-option"]);
    desk.run(&["check", "a.jpg", "--output"])
        .refused(&["--output"]);
    desk.run(&["references", "drop"]).refused(&["drop"]);
    desk.run(&["references", "show"]).refused(&["<ID>"]);
    desk.run(&["references", "verify"]).refused(&["<FOLDER>"]);
    desk.run(&["enroll", "a.jpg"])
        .refused(&["--design", "--references", "--date"]);
}

#[test]
fn nothing_to_check_is_refused() {
    let desk = Desk::new();
    fs::create_dir(desk.path("empty")).unwrap();
    desk.put("texts/labels.tsv", b"file\n");
    desk.run(&["check", "empty"])
        .refused(&["empty: no image found"]);
    desk.run(&["check", "texts"])
        .refused(&["texts: no image found (skipped: 1 other files)"]);
    desk.run(&["check", "no-such-folder"])
        .refused(&["no-such-folder", "no such file or folder"]);
    desk.run(&["check", "no-such-1.jpg", "no-such-2.jpg"])
        .refused(&["no-such-1.jpg"]);
}

// Formats.

#[test]
fn a_pipe_gets_jsonl_and_nothing_else() {
    let desk = Desk::new();
    desk.put("scans/a.jpg", &paper_jpeg());
    desk.put("scans/notes.txt", b"about");
    let ran = desk.run(&["check", "scans"]);
    assert_eq!(ran.status, 3);
    let lines = ran.examinations();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["schema"], "guilloche.examination/1");
    assert_eq!(line["note"], "a");
    assert_eq!(line["verdict"], "unrecognised");
    assert_eq!(line["files"][0]["path"], "scans/a.jpg");
    assert_eq!(
        (&line["files"][0]["width"], &line["files"][0]["height"]),
        (&300.into(), &130.into())
    );
    assert_eq!(line["files"][0]["sha256"].as_str().unwrap().len(), 64);
    assert!(line["elapsed_ms"].as_f64().unwrap() >= 0.0);
    for key in ["identity", "serial", "p_value", "fitness"] {
        assert!(
            line[key].is_null() && line.as_object().unwrap().contains_key(key),
            "{key}"
        );
    }
    assert!(line["findings"].as_array().unwrap().is_empty());
    assert!(
        line["reasons"][0]
            .as_str()
            .unwrap()
            .contains("no reference note fits")
    );
    // No progress where there is no terminal; what was skipped is said unless it is not wanted.
    assert_eq!(ran.err, "skipped: 1 other files\n");
    assert_eq!(desk.run(&["check", "scans", "--quiet"]).err, "");
}

#[test]
fn text_and_csv() {
    let desk = Desk::new();
    desk.put("scans/a.jpg", &paper_jpeg());
    desk.put("scans/=cmd.jpg", &paper_jpeg());
    desk.put("scans/b,\"c\".jpg", b"");
    let ran = desk.run(&["check", "scans", "--format", "text"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}", ran.out);
    assert!(lines[0].starts_with("unrecognised  =cmd "));
    assert!(
        lines[2].starts_with("unreadable    b,\"c\" ") && lines[2].contains("the file is empty")
    );
    assert_eq!(
        lines[3],
        "3 notes: 0 passed, 0 suspect, 0 unclear, 2 unrecognised, 1 unreadable"
    );

    let ran = desk.run(&["check", "scans", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(ran.out.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(&header[0], "note");
    let cell = |row: usize, name: &str| {
        let column = header.iter().position(|h| h == name).unwrap();
        rows[row][column].to_owned()
    };
    // A spreadsheet would run a cell that begins like a formula.
    assert_eq!(cell(0, "note"), "'=cmd");
    assert_eq!(cell(1, "verdict"), "unrecognised");
    assert_eq!(cell(2, "note"), "b,\"c\"");
    assert_eq!(cell(2, "files"), "scans/b,\"c\".jpg");
    assert!(cell(2, "reasons").contains("the file is empty"));
}

// Output.

#[test]
fn output_goes_into_the_file_and_nowhere_else() {
    let desk = Desk::new();
    desk.put("scans/a.jpg", &paper_jpeg());
    desk.put("r.jsonl", b"old");
    let ran = desk.run(&["check", "scans", "--output", "r.jsonl"]);
    assert_eq!(
        (ran.status, ran.out.as_str(), ran.err.as_str()),
        (3, "", "")
    );
    let text = fs::read_to_string(desk.path("r.jsonl")).unwrap();
    assert_eq!(examinations(&text).len(), 1);
    // Nothing is left beside it.
    let names: Vec<_> = fs::read_dir(desk.0.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn output_that_cannot_be_written_is_refused_before_any_work() {
    let desk = Desk::new();
    desk.put("a.jpg", &paper_jpeg());
    fs::create_dir(desk.path("folder")).unwrap();
    desk.run(&["check", "a.jpg", "--output", "folder"])
        .refused(&["folder: --output names a folder"]);
    desk.run(&["check", "a.jpg", "--output", "no/such/r.jsonl"])
        .refused(&["no/such/r.jsonl: cannot be written"]);
    desk.run(&["check", "a.jpg", "--output", "a.jpg/r.jsonl"])
        .refused(&["a.jpg/r.jsonl: cannot be written"]);
}

#[test]
fn a_run_that_fails_leaves_the_old_file() {
    let desk = Desk::new();
    desk.put("scans/labels.tsv", b"");
    desk.put("r.jsonl", b"old");
    desk.run(&["check", "scans", "--output", "r.jsonl"])
        .refused(&[]);
    assert_eq!(fs::read(desk.path("r.jsonl")).unwrap(), b"old");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_leaves_the_old_file() {
    let desk = Desk::new();
    desk.put("r.jsonl", b"old");
    desk.put("scans/a.jpg", &paper_jpeg());
    // A named pipe that nobody writes to: the run cannot come to its end.
    let fifo = desk.path("scans/b.jpg");
    let made = Command::new("mkfifo").arg(&fifo).status();
    if !made.is_ok_and(|s| s.success()) {
        common::say("not tested: mkfifo is not there");
        return;
    }
    let big = jpeg(&note_like(3, 6000, 2600), 90);
    for k in 0..40 {
        desk.put(&format!("scans/c{k}.jpg"), &big);
    }
    let mut child = desk
        .command(&["check", "scans", "--output", "r.jsonl", "--jobs", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(150));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "it was still running");
    assert_eq!(fs::read(desk.path("r.jsonl")).unwrap(), b"old");
}

#[test]
fn a_reader_that_leaves_is_no_fault() {
    let desk = Desk::new();
    for k in 0..30 {
        desk.put(&format!("scans/{k:02}.jpg"), &paper_jpeg());
    }
    for format in ["jsonl", "text", "csv"] {
        let mut child = desk
            .command(&["check", "scans", "--each-alone", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 10]).unwrap();
        drop(out);
        let ran = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(ran.stderr).unwrap(), "");
        assert_eq!(ran.status.code(), Some(0));
    }
    let mut child = desk
        .command(&["references", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = child.wait_with_output().unwrap();
    assert_eq!(
        (ran.status.code(), ran.stderr.as_slice()),
        (Some(0), b"".as_slice())
    );
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let desk = Desk::new();
    for k in 0..9 {
        let note = note_like(k, 600, 270);
        desk.put(&format!("scans/{k}.jpg"), &jpeg(&note, 85));
        if k % 3 == 0 {
            desk.put(
                &format!("scans/{k}_b.jpg"),
                &jpeg(&note_like(k + 50, 600, 270), 85),
            );
        }
    }
    desk.put("scans/5x.jpg", b"no picture");
    let one = desk.run(&["check", "scans", "--jobs", "1"]);
    let three = desk.run(&["check", "scans", "--jobs", "3"]);
    assert_eq!(one.status, three.status);
    let lines = without_time(&one.out);
    assert_eq!(lines, without_time(&three.out));
    assert_eq!(lines.len(), 10);
    let again = desk.run(&["check", "scans", "--jobs", "3"]);
    assert_eq!(lines, without_time(&again.out));
}

// Which files form a note.

#[test]
fn a_manifest_says_which_files_form_a_note() {
    let desk = Desk::new();
    desk.put("scans/x.jpg", &paper_jpeg());
    desk.put("scans/y.jpg", &paper_jpeg());
    desk.put(
        "notes.csv",
        b"note,file,side,light,dpi\nfirst,scans/x.jpg,front,visible,300\nfirst,scans/y.jpg,back,,\n",
    );
    let ran = desk.run(&["check", "--manifest", "notes.csv"]);
    let lines = ran.examinations();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["note"], "first");
    let files = lines[0]["files"].as_array().unwrap();
    assert_eq!(
        (&files[0]["dpi"], &files[0]["side"]),
        (&300.0.into(), &"front".into())
    );
    assert_eq!(files[1]["side"], "back");
    desk.put("wrong.csv", b"note,file,side\nfirst,scans/x.jpg,middle\n");
    desk.run(&["check", "--manifest", "wrong.csv"])
        .refused(&["wrong.csv, line 2:", "middle"]);
    desk.run(&["check", "--manifest", "none.csv"])
        .refused(&["none.csv: the manifest cannot be read"]);
}

#[test]
fn names_and_counters_pair_files() {
    let desk = Desk::new();
    for name in ["162J001", "162J002", "17", "17_b", "17_uv"] {
        desk.put(&format!("scans/{name}.jpg"), &paper_jpeg());
    }
    let notes = |words: &[&str]| -> Vec<(String, usize)> {
        let lines = desk.run(words).examinations();
        let files = |line: &Value| line["files"].as_array().unwrap().len();
        let note = |line: &Value| line["note"].as_str().unwrap().to_owned();
        lines.iter().map(|line| (note(line), files(line))).collect()
    };
    assert_eq!(
        notes(&["check", "scans"]),
        [
            ("162J001".to_owned(), 1),
            ("162J002".to_owned(), 1),
            ("17".to_owned(), 3)
        ]
    );
    let paired = notes(&["check", "scans", "--pair-consecutive"]);
    assert_eq!(paired.iter().map(|p| p.1).collect::<Vec<_>>(), [2, 3]);
}

// Broken input: every line is there, and the good file beside it is reported as ever.

/// Puts `bytes` beside a good file and returns the line of the broken one.
fn beside_a_good_one(name: &str, bytes: &[u8]) -> Value {
    let desk = Desk::new();
    desk.put("scans/good.jpg", &paper_jpeg());
    desk.put(&format!("scans/{name}"), bytes);
    broken_line(&desk)
}

/// The line of what is broken; the other must be about `good.jpg` and unharmed.
fn broken_line(desk: &Desk) -> Value {
    let ran = desk.run(&["check", "scans"]);
    assert_eq!((ran.status, ran.err.as_str()), (3, ""));
    let mut lines = ran.examinations();
    assert_eq!(lines.len(), 2);
    let good = lines.iter().position(|l| l["note"] == "good").unwrap();
    let good = lines.remove(good);
    assert_eq!(good["verdict"], "unrecognised");
    assert!(good["files"][0]["error"].is_null());
    lines.remove(0)
}

fn unreadable(line: &Value, saying: &str) {
    assert_eq!(line["verdict"], "unreadable", "{line}");
    let reason = line["reasons"][0].as_str().unwrap();
    assert!(reason.contains(saying), "{reason}");
    assert_eq!(line["files"][0]["error"], *reason);
    let path = line["files"][0]["path"].as_str().unwrap();
    assert!(reason.starts_with(path), "{reason} does not name {path}");
    assert!(line["identity"].is_null());
}

#[test]
fn an_empty_file() {
    unreadable(&beside_a_good_one("a.jpg", b""), "the file is empty");
}

#[test]
fn text_named_jpg() {
    unreadable(
        &beside_a_good_one("a.jpg", b"This is no picture.\n"),
        "text",
    );
}

#[test]
fn a_jpeg_cut_off() {
    let whole = jpeg(&note_like(1, 900, 400), 90);
    for percent in [10, 50, 99] {
        let line = beside_a_good_one("a.jpg", &whole[..whole.len() * percent / 100]);
        unreadable(&line, "ends early");
    }
}

#[test]
fn a_png_with_a_wrong_checksum() {
    let mut bytes = encoded(&note_like(1, 300, 130), ImageFormat::Png);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    unreadable(&beside_a_good_one("a.png", &bytes), "PNG");
}

#[test]
fn a_huge_header() {
    let mut bytes = encoded(&paper(), ImageFormat::Bmp);
    bytes[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bytes[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    unreadable(&beside_a_good_one("a.bmp", &bytes), "60000");
}

#[test]
fn a_missing_file_beside_a_good_one() {
    let desk = Desk::new();
    desk.put("good.jpg", &paper_jpeg());
    let ran = desk.run(&["check", "good.jpg", "gone.jpg"]);
    assert_eq!(ran.status, 3);
    let lines = ran.examinations();
    assert_eq!(lines[0]["verdict"], "unrecognised");
    unreadable(&lines[1], "gone.jpg: cannot be read");
}

#[test]
fn one_bad_side_does_not_hide_the_other() {
    let desk = Desk::new();
    desk.put("scans/7.jpg", &paper_jpeg());
    desk.put("scans/7_b.jpg", b"");
    let lines = desk.run(&["check", "scans"]).examinations();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["verdict"], "unrecognised");
    assert!(lines[0]["files"][0]["error"].is_null());
    assert!(
        lines[0]["files"][1]["error"]
            .as_str()
            .unwrap()
            .contains("empty")
    );
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn an_unreadable_file() {
        let desk = Desk::new();
        desk.put("scans/good.jpg", &paper_jpeg());
        desk.put("scans/a.jpg", &paper_jpeg());
        let path = desk.path("scans/a.jpg");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(&path).is_ok() {
            common::say("not tested: this user may read every file");
            return;
        }
        unreadable(&broken_line(&desk), "cannot be read");
    }

    #[test]
    fn a_dangling_link() {
        let desk = Desk::new();
        desk.put("scans/good.jpg", &paper_jpeg());
        symlink("nowhere.jpg", desk.path("scans/a.jpg")).unwrap();
        unreadable(&broken_line(&desk), "cannot be read");
    }

    #[test]
    fn a_pipe_named_jpg_does_not_hang() {
        let desk = Desk::new();
        desk.put("scans/good.jpg", &paper_jpeg());
        let made = Command::new("mkfifo")
            .arg(desk.path("scans/a.jpg"))
            .status();
        if !made.is_ok_and(|s| s.success()) {
            common::say("not tested: mkfifo is not there");
            return;
        }
        let lines = desk.run(&["check", "scans"]).examinations();
        assert!(lines.iter().any(|l| l["note"] == "good"));
    }

    #[test]
    fn a_folder_that_may_not_be_written() {
        let desk = Desk::new();
        desk.put("a.jpg", &paper_jpeg());
        let folder = desk.path("locked");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        if fs::write(folder.join("x"), b"").is_ok() {
            common::say("not tested: this user may write everywhere");
            return;
        }
        desk.run(&["check", "a.jpg", "--output", "locked/r.jsonl"])
            .refused(&["locked/r.jsonl: cannot be written"]);
    }

    /// Names that are no UTF-8, or hold line ends, quotes or commands for a terminal: one line each,
    /// escaped, in every format.
    #[test]
    fn odd_names() {
        let desk = Desk::new();
        fs::create_dir(desk.path("scans")).unwrap();
        for name in [
            b"gr\xFCn.jpg".as_slice(),
            b"a\nb.jpg",
            b"quo\"te'.jpg",
            b"x\x1B[2Jy.jpg",
            b"-rf.jpg",
        ] {
            let path = desk.path("scans").join(OsStr::from_bytes(name));
            fs::write(path, paper_jpeg()).unwrap();
        }
        let ran = desk.run(&["check", "scans"]);
        let mut paths: Vec<String> = ran
            .examinations()
            .iter()
            .map(|line| line["files"][0]["path"].as_str().unwrap().to_owned())
            .collect();
        paths.sort();
        assert_eq!(
            paths,
            [
                "scans/-rf.jpg",
                "scans/a\\nb.jpg",
                "scans/gr\u{FFFD}n.jpg",
                "scans/quo\"te'.jpg",
                "scans/x\\u{1b}[2Jy.jpg",
            ]
        );
        let text = desk.run(&["check", "scans", "--format", "text"]).out;
        assert_eq!(text.lines().count(), 6);
        assert!(!text.contains('\u{1b}'));
        let table = desk.run(&["check", "scans", "--format", "csv"]).out;
        assert_eq!(table.lines().count(), 6);
        assert!(!table.contains('\u{1b}'));
    }
}

// Enrolling a drawn note, and finding it again.

/// A folder with the test currency's note enrolled from drawn scans.
static ENROLLED: LazyLock<Desk> = LazyLock::new(|| {
    let desk = Desk::new();
    specimen_references(&desk.path("notes"));
    for k in 0..3 {
        desk.put(&format!("genuine/{k}.jpg"), &jpeg(&specimen(FRONT, k), 90));
        desk.put(&format!("genuine/{k}_b.jpg"), &jpeg(&specimen(BACK, k), 90));
    }
    let ran = desk.run(&[
        "enroll",
        "--design",
        "xts-1-2020",
        "--references",
        "notes",
        "--date",
        "2026-01-02",
        "--scanner",
        "drawn",
        "genuine",
    ]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.err, "");
    assert!(
        ran.out.contains("front: 3 notes measured, 0 left out"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("back: 3 notes measured, 0 left out"),
        "{}",
        ran.out
    );
    desk
});

const FRONT: u64 = 4001;
const BACK: u64 = 4002;

/// A drawn side at 6 px/mm on black, each a little turned.
fn specimen(side: u64, k: i32) -> RgbImage {
    on_bed(&note_like(side, 900, 420), BLACK, k as f32 - 1.0, 30, 3)
}

/// The line of one picture checked with the test currency in the library.
fn checked(name: &str, picture: &RgbImage) -> Value {
    let file = format!("{name}.png");
    ENROLLED.put(&file, &encoded(picture, ImageFormat::Png));
    let ran = ENROLLED.run(&["check", &file, "--references", "notes"]);
    assert_eq!(ran.status, 3, "{}", ran.err);
    ran.examinations().remove(0)
}

fn is_specimen(line: &Value, side: &str, turned: i32) {
    assert_eq!(line["identity"]["design"], "xts-1-2020", "{line}");
    assert_eq!(line["identity"]["currency"], "XTS");
    assert_eq!(line["identity"]["denomination"], "1");
    let confidence = line["identity"]["confidence"].as_f64().unwrap();
    assert!((0.5..=1.0).contains(&confidence));
    let file = &line["files"][0];
    assert_eq!(
        (&file["side"], &file["turned"]),
        (&side.into(), &turned.into()),
        "{line}"
    );
    assert_eq!(line["verdict"], "unclear");
    let reasons = line["reasons"].to_string();
    assert!(
        reasons.contains("of 29 features could be examined") && reasons.contains("scan at 200 dpi"),
        "{reasons}"
    );
}

#[test]
fn an_enrolled_note_is_listed_shown_and_verified() {
    let list = ENROLLED.run(&["references", "list", "--references", "notes"]);
    assert_eq!(list.status, 0);
    let line = list
        .out
        .lines()
        .find(|l| l.starts_with("xts-1-2020 "))
        .unwrap();
    assert!(line.contains("front: 3 notes, back: 3 notes"), "{line}");
    let show = ENROLLED.run(&["references", "show", "xts-1-2020", "--references", "notes"]);
    assert!(
        show.out.contains("front: 3 notes, drawn, 6.") && show.out.contains("2026-01-02"),
        "{}",
        show.out
    );
    let verify = ENROLLED.run(&["references", "verify", "notes"]);
    assert_eq!(
        (verify.status, verify.out.as_str()),
        (0, "1 reference note, no fault found\n")
    );
}

#[test]
fn an_enrolled_note_is_found_on_every_bed() {
    let front = note_like(FRONT, 900, 420);
    for (name, bed) in [
        ("black", BLACK),
        ("white", WHITE),
        ("grey", Rgb([128; 3])),
        ("red", Rgb([150, 40, 40])),
        ("green", Rgb([30, 90, 50])),
    ] {
        is_specimen(
            &checked(&format!("bed-{name}"), &on_bed(&front, bed, 3.0, 60, 4)),
            "front",
            0,
        );
    }
    is_specimen(
        &checked("bed-wood", &on_wood(&front, 1, -2.0, 60)),
        "front",
        0,
    );
    is_specimen(&checked("bed-none", &front), "front", 0);
}

#[test]
fn an_enrolled_note_is_found_whichever_way_it_lies() {
    let front = specimen(FRONT, 1);
    is_specimen(
        &checked("turned-90", &imageops::rotate90(&front)),
        "front",
        90,
    );
    is_specimen(
        &checked("turned-180", &imageops::rotate180(&front)),
        "front",
        180,
    );
    is_specimen(
        &checked("turned-270", &imageops::rotate270(&front)),
        "front",
        270,
    );
    is_specimen(&checked("back", &specimen(BACK, 1)), "back", 0);
    let small = imageops::resize(&front, 480, 240, imageops::FilterType::Triangle);
    is_specimen(&checked("small", &small), "front", 0);
    let grey = image::DynamicImage::ImageRgb8(front)
        .grayscale()
        .into_rgb8();
    is_specimen(&checked("grey", &grey), "front", 0);
}

#[test]
fn the_corners_of_a_drawn_note_are_found() {
    // Turned by 0°, the paper's corners are at the margin exactly.
    let line = checked(
        "corners",
        &on_bed(&note_like(FRONT, 900, 420), BLACK, 0.0, 50, 3),
    );
    let quad = &line["files"][0]["quad"];
    for (k, [x, y]) in [[50.0, 50.0], [950.0, 50.0], [950.0, 470.0], [50.0, 470.0]]
        .into_iter()
        .enumerate()
    {
        let off = (quad[k][0].as_f64().unwrap() - x).hypot(quad[k][1].as_f64().unwrap() - y);
        assert!(off < 0.3 * 6.0, "corner {k} is off by {off} px: {quad}");
    }
}

#[test]
fn front_and_back_of_different_notes_contradict() {
    let scans = ENROLLED.path("pair");
    fs::create_dir_all(&scans).unwrap();
    fs::write(scans.join("1.jpg"), jpeg(&specimen(FRONT, 2), 90)).unwrap();
    fs::write(scans.join("1_b.jpg"), jpeg(&specimen(BACK, 2), 90)).unwrap();
    let ran = ENROLLED.run(&["check", "pair", "--references", "notes"]);
    let lines = ran.examinations();
    assert_eq!(lines.len(), 1);
    let sides: Vec<&str> = [0, 1]
        .map(|k| lines[0]["files"][k]["side"].as_str().unwrap())
        .to_vec();
    assert_eq!(sides, ["front", "back"]);
    assert_eq!(lines[0]["identity"]["design"], "xts-1-2020");
    // The names were swapped: the pictures decide.
    fs::rename(scans.join("1.jpg"), scans.join("2_b.jpg")).unwrap();
    fs::rename(scans.join("1_b.jpg"), scans.join("2.jpg")).unwrap();
    let lines = ENROLLED
        .run(&["check", "pair", "--references", "notes"])
        .examinations();
    assert_eq!(lines[0]["files"][0]["side"], "back");
    assert_eq!(lines[0]["files"][1]["side"], "front");
}

#[test]
fn enrolment_refuses_what_it_cannot_use() {
    let desk = Desk::new();
    specimen_references(&desk.path("notes"));
    desk.put(
        "blank.jpg",
        &jpeg(&RgbImage::from_pixel(500, 500, WHITE), 90),
    );
    desk.put("empty.jpg", b"");
    let enroll = |design: &str, date: &str, file: &str| {
        desk.run(&[
            "enroll",
            "--design",
            design,
            "--references",
            "notes",
            "--date",
            date,
            file,
        ])
    };
    enroll("xts-9-2020", "2026-01-02", "blank.jpg").refused(&["\"xts-9-2020\"", "references list"]);
    enroll("xts-1-2020", "yesterday", "blank.jpg").refused(&["--date", "YYYY-MM-DD"]);
    enroll("xts-1-2020", "2026-13-02", "blank.jpg").refused(&["--date", "YYYY-MM-DD"]);
    enroll("xts-1-2020", "2026-01-02", "blank.jpg").refused(&["hardly any print"]);
    for (file, why) in [
        ("empty.jpg", "the file is empty"),
        ("no-such.jpg", "cannot be read"),
    ] {
        let ran = enroll("xts-1-2020", "2026-01-02", file);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""));
        assert!(
            ran.err.starts_with(&format!("left out: {file}: {why}")),
            "{}",
            ran.err
        );
        assert!(
            ran.err
                .ends_with("error: front: none of the scans could be read\n"),
            "{}",
            ran.err
        );
    }
    assert!(!desk.path("notes/xts/1-2020/measured.toml").exists());
}

/// Enrolling a built-in design into a new folder leaves a folder that can be used as it is, and added to.
#[test]
fn a_built_in_design_is_enrolled_into_a_new_folder() {
    let desk = Desk::new();
    for k in 0..2 {
        desk.put(
            &format!("genuine/{k}.jpg"),
            &jpeg(&note_like(7, 1000, 426), 90),
        );
    }
    fs::create_dir(desk.path("mine")).unwrap();
    for (design, count) in [("usd-5-1928", 1), ("usd-10-1928", 2)] {
        let ran = desk.run(&[
            "enroll",
            "--design",
            design,
            "--references",
            "mine",
            "--date",
            "2026-01-02",
            "genuine",
        ]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        let verify = desk.run(&["references", "verify", "mine"]);
        assert_eq!(verify.status, 0, "{}", verify.err);
        assert!(verify.out.starts_with(&count.to_string()), "{}", verify.out);
    }
    let list = desk
        .run(&["references", "list", "--references", "mine"])
        .out;
    let line = list.lines().find(|l| l.starts_with("usd-5-1928 ")).unwrap();
    assert!(line.contains("front: 2 notes"), "{line}");
}

// Reference notes.

#[test]
fn the_built_in_reference_notes() {
    let desk = Desk::new();
    let list = desk.run(&["references", "list"]);
    assert_eq!((list.status, list.err.as_str()), (0, ""));
    assert_eq!(desk.run(&["references"]).out, list.out);
    for id in ["usd-1-1963 ", "usd-2-1976 ", "cny-1-1980 ", "cny-100-1980 "] {
        let line = list.out.lines().find(|l| l.starts_with(id)).unwrap();
        assert!(line.contains(" notes"), "{line}");
    }
    let show = desk.run(&["references", "show", "usd-1-1963"]);
    assert_eq!(show.status, 0);
    assert!(show.out.contains("zone serial-upper-right"));
    desk.run(&["references", "show", "usd-3-1963"])
        .refused(&["\"usd-3-1963\"", "references list"]);
}

#[test]
fn verify_names_file_key_and_reason() {
    let desk = Desk::new();
    let fresh = || {
        let folder = desk.path("notes");
        let _ = fs::remove_dir_all(&folder);
        copy_folder(&reference_notes(), &folder);
    };
    let note = desk.path("notes/usd/1-1963/note.toml");
    let spoilt = |from: &str, to: &str| {
        fresh();
        let text = fs::read_to_string(&note).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&note, text.replacen(from, to, 1)).unwrap();
        desk.run(&["references", "verify", "notes"])
    };
    fresh();
    let ran = desk.run(&["references", "verify", "notes"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(
        ran.out.ends_with(" reference notes, no fault found\n"),
        "{}",
        ran.out
    );

    let file = "notes/usd/1-1963/note.toml";
    spoilt("denomination = \"1\"", "denomination = \"one\"").refused(&[file, "id"]);
    spoilt("width = 156", "width = 1560").refused(&[file, "size_mm.width", "30 to 300 mm"]);
    spoilt("rect_mm = [", "rect_mm = [500.0, ").refused(&[
        file,
        "rect_mm",
        "does not lie on a note",
    ]);
    spoilt("print = \"", "print = \"sprayed-").refused(&[file, "line ", "sprayed-"]);
    spoilt("name = ", "nmae = ").refused(&[file, "nmae"]);
    spoilt("id = ", "id = = ").refused(&[file, "line "]);

    fresh();
    fs::write(desk.path("notes/usd/1-1963/front.npz"), b"PK no archive").unwrap();
    desk.run(&["references", "verify", "notes"])
        .refused(&["front.npz", "enrol it again"]);
    fresh();
    fs::write(desk.path("notes/cny/series.toml"), b"[[grammar]]\nid = 3\n").unwrap();
    desk.run(&["references", "verify", "notes"])
        .refused(&["notes/cny/series.toml"]);
    fresh();
    fs::remove_file(desk.path("notes/usd/1-1963/front.npz")).unwrap();
    desk.run(&["references", "verify", "notes"])
        .refused(&["measured.toml", "front.npz"]);
    fs::create_dir(desk.path("empty")).unwrap();
    desk.run(&["references", "verify", "empty"])
        .refused(&["empty: holds no reference note"]);
    desk.run(&["references", "verify", "gone"])
        .refused(&["gone: cannot be read"]);
}

#[test]
fn check_with_bad_reference_notes_is_refused() {
    let desk = Desk::new();
    desk.put("a.jpg", &paper_jpeg());
    desk.put("notes/usd/1-1963/note.toml", b"id = 3\n");
    desk.run(&["check", "a.jpg", "--references", "notes"])
        .refused(&["notes/usd/1-1963/note.toml", "line 1"]);
    desk.run(&["check", "a.jpg", "--references", "gone"])
        .refused(&["gone: cannot be read"]);
    assert!(!Path::new("gone").exists());
}

#[test]
fn wrong_words_get_one_sentence_that_says_where_there_is_help() {
    let desk = tempfile::tempdir().unwrap();
    for (words, expected) in [
        (&["check"][..], "<PATH>...; `guilloche check --help`"),
        (&["chek"], "'check'; `guilloche --help`"),
        (
            &["check", ".", "--format", "xml"],
            "possible values: text, jsonl, csv; `guilloche check --help`",
        ),
        (
            &["check", ".", "--jobs", "0"],
            "write a whole number from 1; `guilloche check --help`",
        ),
        (&["check", ".", "--false-alarm", "-1"], "no share from"),
        (
            &["references", "show"],
            "<ID>; `guilloche references show --help`",
        ),
        (
            &["watch", ".", "--interval", "3"],
            "'--interval' found; `guilloche watch --help`",
        ),
        (&["measure", "nowhere"], "nothing was measured"),
    ] {
        let (status, _, said) = common::run(desk.path(), words);
        assert_eq!(status, Some(2), "{words:?}: {said}");
        let last = said.lines().last().unwrap();
        assert!(
            last.starts_with("error: ") && last.contains(expected),
            "{words:?}: {said}"
        );
        assert!(
            words[0] == "measure" || said.lines().count() == 1,
            "{words:?}: {said}"
        );
    }
}
