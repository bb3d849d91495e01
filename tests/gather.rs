//! Files are grouped into notes by name, counter or manifest; every image is in exactly one note.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use guilloche::note::{Light, Side};
use guilloche::scan::gather::{Capture, GatherError, Gathered, Options, Source, gather};
use tempfile::TempDir;

/// A folder with empty files of these names; for grouping, content does not matter.
fn folder(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    folder
}

fn gathered(folder: &TempDir, options: &Options) -> Gathered {
    gather(&[folder.path().to_owned()], options).unwrap_or_else(|error| panic!("{error}"))
}

/// Notes as `note: file side light, file side light`.
fn shown(folder: &TempDir, captures: &[Capture]) -> Vec<String> {
    let source = |source: &Source| {
        let path = source
            .path
            .strip_prefix(folder.path())
            .unwrap_or(&source.path);
        let side = source.side.map_or("-", Side::as_str);
        match source.light {
            None => format!("{} {side}", path.display()),
            Some(light) => format!("{} {side} {light}", path.display()),
        }
    };
    captures
        .iter()
        .map(|capture| {
            let files: Vec<String> = capture.files.iter().map(source).collect();
            format!("{}: {}", capture.note, files.join(", "))
        })
        .collect()
}

fn by_name(names: &[&str]) -> Vec<String> {
    let folder = folder(names);
    let found = gathered(&folder, &Options::default());
    let images: usize = found.captures.iter().map(|c| c.files.len()).sum();
    assert_eq!(images, names.len(), "every image is in exactly one note");
    shown(&folder, &found.captures)
}

#[test]
fn front_and_back_of_the_sheet_fed_scanner() {
    assert_eq!(
        by_name(&["1db_0001.jpg", "1db_0001_b.jpg", "1db_0002.jpg"]),
        [
            "1db_0001: 1db_0001.jpg front, 1db_0001_b.jpg back",
            "1db_0002: 1db_0002.jpg -",
        ]
    );
}

#[test]
fn every_suffix_joined_by_every_joiner() {
    assert_eq!(
        by_name(&[
            "n1-front.jpg",
            "n1.back.JPG",
            "n2_F.tif",
            "n2_B.tif",
            "n3.a.png",
            "n3-b.png"
        ]),
        [
            "n1: n1-front.jpg front, n1.back.JPG back",
            "n2: n2_B.tif back, n2_F.tif front",
            "n3: n3-b.png back, n3.a.png front",
        ]
    );
}

#[test]
fn lights_and_sides_in_any_order() {
    assert_eq!(
        by_name(&[
            "x.jpg",
            "x_b.jpg",
            "x_uv.jpg",
            "x_b_uv.jpg",
            "x-ir-front.jpg",
            "x_light.png"
        ]),
        [
            "x: x-ir-front.jpg front infrared, x.jpg front, x_b.jpg back, x_b_uv.jpg back ultraviolet, \
             x_light.png - transmitted, x_uv.jpg front ultraviolet"
        ]
    );
}

#[test]
fn words_inside_a_name_are_no_suffixes() {
    assert_eq!(
        by_name(&[
            "067TZA8C.jpg",
            "1db_0014--erase.jpg",
            "1db_0014.jpg",
            "X-a.jpg",
            "_b.jpg",
            "cny-1-1999-back-1.jpg",
            "cny-1-1999-front-1.jpg",
            "feedback.jpg",
            "uv.jpg",
        ]),
        [
            "067TZA8C: 067TZA8C.jpg -",
            "1db_0014--erase: 1db_0014--erase.jpg -",
            "1db_0014: 1db_0014.jpg -",
            "X: X-a.jpg front",
            "_b: _b.jpg -",
            "cny-1-1999-back-1: cny-1-1999-back-1.jpg -",
            "cny-1-1999-front-1: cny-1-1999-front-1.jpg -",
            "feedback: feedback.jpg -",
            "uv: uv.jpg -",
        ]
    );
}

#[test]
fn files_that_claim_the_same_side_are_notes_of_their_own() {
    assert_eq!(
        by_name(&["x_a.jpg", "x_front.jpg", "x_b.jpg"]),
        [
            "x_a.jpg: x_a.jpg front",
            "x_b.jpg: x_b.jpg back",
            "x_front.jpg: x_front.jpg front"
        ]
    );
    assert_eq!(
        by_name(&["x.jpg", "x.png", "x_b.jpg", "x_b.png"]),
        [
            "x.jpg: x.jpg front, x_b.jpg back",
            "x.png: x.png front, x_b.png back"
        ]
    );
    assert_eq!(
        by_name(&["x.jpg", "x_a.jpg", "x_b.jpg"]),
        ["x: x_a.jpg front, x_b.jpg back", "x.jpg: x.jpg -"]
    );
}

#[test]
fn equal_stems_in_different_folders_are_different_notes() {
    assert_eq!(
        by_name(&["a/in/1.jpg", "a/in/1_b.jpg", "b/in/1.jpg", "b/2.jpg"]),
        [
            "a/in/1: a/in/1.jpg front, a/in/1_b.jpg back",
            "2: b/2.jpg -",
            "b/in/1: b/in/1.jpg -",
        ]
    );
}

#[test]
fn hidden_files_and_other_files_are_counted() {
    let folder = folder(&[
        "a.jpg",
        ".b.jpg",
        ".trash/c.jpg",
        "labels.tsv",
        "notes.txt",
        "d.JPEG",
    ]);
    let found = gathered(&folder, &Options::default());
    assert_eq!(
        shown(&folder, &found.captures),
        ["a: a.jpg -", "d: d.JPEG -"]
    );
    assert_eq!((found.skipped.hidden, found.skipped.not_images), (2, 2));
    assert_eq!(
        found.skipped.to_string(),
        "skipped: 2 other files, 2 hidden"
    );
}

#[test]
fn input_order_is_kept_and_nothing_is_taken_twice() {
    let folder = folder(&["in/b.jpg", "in/a.jpg", "scan.dat"]);
    let root = folder.path();
    let paths = [
        root.join("scan.dat"),
        root.join("in/b.jpg"),
        root.join("in/../in"),
        root.join("missing.png"),
    ];
    let found = gather(&paths, &Options::default()).unwrap();
    let notes: Vec<&str> = found.captures.iter().map(|c| c.note.as_str()).collect();
    assert_eq!(notes, ["scan", "b", "a", "missing"]);
    assert_eq!(found.skipped.repeated, 1);
}

#[test]
fn a_scanner_counter_is_paired_only_when_asked() {
    let names = [
        "162J001.jpg",
        "162J002.jpg",
        "162J003.jpg",
        "162J005.jpg",
        "162J006.jpg",
        "162J008.jpg",
    ];
    assert_eq!(by_name(&names).len(), 6);

    let folder = folder(&names);
    let options = Options {
        pair_consecutive: true,
        manifest: None,
    };
    assert_eq!(
        shown(&folder, &gathered(&folder, &options).captures),
        [
            "162J001: 162J001.jpg front, 162J002.jpg back",
            "162J003: 162J003.jpg -",
            "162J005: 162J005.jpg front, 162J006.jpg back",
            "162J008: 162J008.jpg -",
        ]
    );
}

#[test]
fn counters_pair_across_a_carry_but_not_across_prefixes_folders_or_marked_files() {
    let folder = folder(&[
        "009.jpg",
        "010.jpg",
        "999.jpg",
        "1000.jpg",
        "A1.jpg",
        "B2.jpg",
        "p/C1.jpg",
        "q/C2.jpg",
        "D1_a.jpg",
        "D2.jpg",
        "E1.jpg",
        "E2.png",
        "18446744073709551615.jpg",
    ]);
    let options = Options {
        pair_consecutive: true,
        manifest: None,
    };
    let found = shown(&folder, &gathered(&folder, &options).captures);
    let pairs: Vec<_> = found.iter().filter(|note| note.contains(',')).collect();
    assert_eq!(
        pairs,
        [
            "009: 009.jpg front, 010.jpg back",
            "999: 999.jpg front, 1000.jpg back"
        ]
    );
}

fn with_manifest(folder: &TempDir, table: &str) -> Result<Gathered, GatherError> {
    let path = folder.path().join("notes.csv");
    std::fs::write(&path, table).unwrap();
    let options = Options {
        pair_consecutive: false,
        manifest: Some(path),
    };
    gather(&[], &options)
}

#[test]
fn a_manifest_says_which_files_form_a_note() {
    let folder = folder(&["p/1.jpg"]);
    let table = "\u{FEFF}note,file,side,light,dpi\n\
                 # 7,p/1.jpg,front,,300\n\
                 n2,\"p/2,3.jpg\",,uv,\n\
                 # 7,p/4.jpg,B,visible,\n\
                 n2,p/5.jpg\n";
    let found = with_manifest(&folder, table).unwrap();
    assert_eq!(
        shown(&folder, &found.captures),
        [
            "# 7: p/1.jpg front, p/4.jpg back visible",
            "n2: p/2,3.jpg - ultraviolet, p/5.jpg -",
        ]
    );
    assert_eq!(found.captures[0].files[0].dpi, Some(300.0));
    assert_eq!(found.captures[0].files[1].dpi, None);
}

#[test]
fn files_that_the_manifest_does_not_name_are_gathered_by_name() {
    let folder = folder(&["1.jpg", "2.jpg", "2_b.jpg", "x.jpg"]);
    let manifest = folder.path().join("notes.csv");
    std::fs::write(&manifest, "note,file,side\nx,1.jpg,front\nx,x.jpg,back\n").unwrap();
    let options = Options {
        pair_consecutive: false,
        manifest: Some(manifest),
    };
    assert_eq!(
        shown(&folder, &gathered(&folder, &options).captures),
        ["x: 1.jpg front, x.jpg back", "2: 2.jpg front, 2_b.jpg back"]
    );
}

#[test]
fn a_wrong_manifest_is_refused_with_its_line() {
    let folder = folder(&[]);
    for (table, line, part) in [
        ("note,path\n", 1, "\"path\" is not known"),
        ("note,note,file\n", 1, "\"note\" is there twice"),
        ("note,side\n", 1, "the columns note and file are needed"),
        ("", 1, "the columns note and file are needed"),
        (
            "note,file,side\na,1.jpg,front\nb,2.jpg,top\n",
            3,
            "\"top\" is no side",
        ),
        ("note,file,light\na,1.jpg,red\n", 2, "\"red\" is no light"),
        ("note,file,dpi\na,1.jpg,0\n", 2, "\"0\" is no density"),
        ("note,file,dpi\na,1.jpg,NaN\n", 2, "\"NaN\" is no density"),
        ("note,file\na,1.jpg\n,2.jpg\n", 3, "the note is missing"),
        ("note,file\na,\n", 2, "the file is missing"),
        ("note,file\na\n", 2, "the file is missing"),
        ("note,file\na,1,2.jpg\n", 2, "3 fields"),
        (
            "note,file\na,1.jpg\nb,1.jpg\n",
            3,
            "named before, on line 2",
        ),
        (
            "note,file,side,light\na,1.jpg,front,\na,2.jpg,front,visible\n",
            3,
            "same side and light",
        ),
    ] {
        let error = with_manifest(&folder, table).unwrap_err();
        let message = error.to_string();
        let GatherError::ManifestRow { line: found, .. } = error else {
            panic!("{message}")
        };
        assert!(
            found == line && message.contains(part),
            "{table:?}: {message}"
        );
    }
    let missing = Options {
        manifest: Some(PathBuf::from("no/such.csv")),
        ..Options::default()
    };
    let error = gather(&[], &missing).unwrap_err();
    assert!(
        matches!(error, GatherError::ManifestUnreadable { .. }),
        "{error}"
    );
}

#[test]
fn no_input_at_all() {
    let error = gather(&[], &Options::default()).unwrap_err();
    assert!(matches!(error, GatherError::NoInput));
    let empty = folder(&[]);
    let error = with_manifest(&empty, "note,file\n").unwrap_err();
    assert!(matches!(error, GatherError::NoImages { .. }));
}

/// The real scans, of the folder beside the checkout: 64 and 10 notes with two sides, the rest single images.
#[test]
fn real_scans_are_grouped() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/scans");
    if !root.is_dir() {
        say("not tested: there is no folder ../shared/scans");
        return;
    }
    let sizes = |name: &str| {
        let found = gather(&[root.join(name)], &Options::default()).unwrap();
        let images: usize = found.captures.iter().map(|c| c.files.len()).sum();
        (found.captures.len(), images)
    };
    assert_eq!(sizes("usd-1"), (64, 128));
    assert_eq!(sizes("usd-2"), (10, 20));
    assert_eq!(sizes("cny-1"), (40, 40));
    assert_eq!(sizes("cny-100"), (40, 40));
    assert_eq!(sizes("layouts"), (36, 36));
    let all = gather(&[root], &Options::default()).unwrap();
    let sources = all.captures.iter().flat_map(|c| &c.files);
    assert!(sources.clone().all(|s| s.light != Some(Light::Ultraviolet)));
    assert_eq!(sources.count(), 370);
}

/// Past the test runner's capture, which hides what passing tests print.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
