//! What several tests share: pictures drawn by code, and the folder of real scans.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Each test program uses its own part.

pub mod draw;
pub mod random;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::RgbImage;

/// Past the test runner's capture, which hides what passing tests print.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs the program in a folder, in English: its status, and what it said on standard output and error.
pub fn run(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_guilloche"))
        .current_dir(folder)
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env("LANG", "C")
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

/// The folder of real scans beside the checkout; says so where it is not there.
pub fn real_scans() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/scans");
    if root.is_dir() {
        Some(root)
    } else {
        say("not tested: there is no folder ../shared/scans");
        None
    }
}

/// The built-in reference notes as files.
pub fn reference_notes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-notes")
}

/// Copies a folder with its subfolders.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Images of a folder, sorted by name.
pub fn images(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jpg" || e == "png"))
        .collect();
    found.sort();
    found
}

/// The picture as a JPEG file.
pub fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .unwrap();
    bytes
}

/// Size of the drawn notes, mm.
pub const SPECIMEN_MM: (f64, f64) = (150.0, 70.0);

/// Writes `xts/1-2020/note.toml`: a design of the test currency with nothing measured yet.
pub fn specimen_references(folder: &Path) {
    let design = folder.join("xts/1-2020");
    fs::create_dir_all(&design).unwrap();
    let (width, height) = SPECIMEN_MM;
    fs::write(
        design.join("note.toml"),
        format!(
            "id = \"xts-1-2020\"\nname = \"Drawn note of the test currency\"\ncurrency = \"XTS\"\n\
             denomination = \"1\"\nedition = \"2020\"\n\n\
             [size_mm]\nwidth = {width:?}\nheight = {height:?}\nsource = \"drawn so\"\n"
        ),
    )
    .unwrap();
}
