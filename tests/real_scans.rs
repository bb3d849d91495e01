//! Recognition and corners on real scans, of the folder beside the checkout. Notes are tested against
//! reference notes that were enrolled without them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::draw::{on_bed, on_wood};
use common::{images, jpeg, real_scans, reference_notes, say};
use guilloche::enroll::{measure_side, write};
use guilloche::features::pixel_grid::PixelGrid;
use guilloche::features::{Feature, Unmeasured};
use guilloche::identify::Identifier;
use guilloche::note::Side;
use guilloche::pixels::Raster;
use guilloche::rectify::{outlines, side_lengths};
use guilloche::reference::{Enrolment, Library};
use guilloche::scan::gather::{Capture, Source};
use guilloche::scan::{Limits, decode, load};
use guilloche::verdict::Verdict;
use guilloche::{Checker, Settings, check, exhibit, present};
use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb, RgbImage};
use imageproc::filter::gaussian_blur_f32;
use imageproc::geometric_transformations::{Border, Interpolation, Projection, warp_into};
use rayon::prelude::*;

/// A picture and what it shows.
struct Labelled {
    file: PathBuf,
    design: String,
    side: Side,
}

/// The rows of a `labels.tsv` whose files lie in one of `folders`.
fn labelled(table: &Path, folders: &[PathBuf]) -> Vec<Labelled> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_path(table)
        .unwrap();
    let mut rows: Vec<Labelled> = reader
        .deserialize::<BTreeMap<String, String>>()
        .filter_map(|row| {
            let row = row.unwrap();
            let file = folders
                .iter()
                .map(|f| f.join(&row["file"]))
                .find(|f| f.is_file())?;
            let side = if row["side"] == "back" {
                Side::Back
            } else {
                Side::Front
            };
            Some(Labelled {
                file,
                design: row["design"].clone(),
                side,
            })
        })
        .collect();
    rows.sort_by(|a, b| a.file.cmp(&b.file));
    rows
}

fn picture(file: &Path) -> RgbImage {
    match load(file, &Limits::default()).unwrap().raster {
        Raster::Eight(image) => image,
        Raster::Sixteen(image) => DynamicImage::ImageRgb16(image).into_rgb8(),
    }
}

/// The built-in reference notes, with these designs enrolled from these pictures only.
fn enrolled(rows: &[&Labelled], folder: &Path) -> Library {
    let built_in = Library::built_in().unwrap();
    let mut by_design: BTreeMap<&str, BTreeMap<Side, Vec<&Path>>> = BTreeMap::new();
    for row in rows {
        let sides = by_design.entry(&row.design).or_default();
        sides.entry(row.side).or_default().push(&row.file);
    }
    for (id, sides) in by_design {
        let design = built_in.design(id).unwrap();
        let measured = sides
            .into_iter()
            .map(|(side, files)| {
                let mut scan = |k: usize| files.get(k).map(|file| Raster::Eight(picture(file)));
                let provenance = Enrolment {
                    notes: 0,
                    scanner: "test".into(),
                    date: "2026-01-01".into(),
                    px_per_mm: 0.0,
                    layout_only: false,
                };
                let (size, zones) = (design.size, &design.zones);
                let tried = files.len();
                let enrolled =
                    measure_side(side, size, zones, tried, &mut scan, 0.0, provenance).unwrap();
                (side, enrolled.measured)
            })
            .collect();
        let (currency, rest) = id.split_once('-').unwrap();
        let below = Path::new(currency).join(rest);
        write(&folder.join(&below), &measured).unwrap();
        let note = below.join("note.toml");
        fs::copy(reference_notes().join(&note), folder.join(&note)).unwrap();
    }
    built_in.overlaid(Library::load(folder).unwrap())
}

/// What one reading came to: right or not, agreement and confidence; zeros where nothing was recognised.
struct Reading {
    what: String,
    right: bool,
    agreement: f32,
    confidence: f64,
}

fn read(identifier: &Identifier<'_>, row: &Labelled, kind: &str, scan: RgbImage) -> Reading {
    let found = identifier.identify(&outlines(&Raster::Eight(scan)));
    let name = row.file.file_name().unwrap().to_string_lossy();
    let (right, agreement, confidence, got) = match &found {
        Some(found) => (
            found.design.id == row.design && found.side == row.side,
            found.score,
            found.confidence,
            format!("{} {}", found.design.id, found.side),
        ),
        None => (false, 0.0, 0.0, "unrecognised".to_owned()),
    };
    Reading {
        what: format!("{kind}: {name} is {got} ({agreement:.3}, {confidence:.3})"),
        right,
        agreement,
        confidence,
    }
}

/// Prints the share that is right and the weakest of them; returns the share.
fn summed_up(kind: &str, readings: &[Reading]) -> f64 {
    let right = readings.iter().filter(|r| r.right).count();
    let least = readings
        .iter()
        .filter(|r| r.right)
        .map(|r| (r.agreement, r.confidence))
        .fold((1.0f32, 1.0f64), |a, b| (a.0.min(b.0), a.1.min(b.1)));
    say(&format!(
        "{kind}: {right} of {} right; least agreement {:.3}, confidence {:.3}",
        readings.len(),
        least.0,
        least.1
    ));
    for reading in readings.iter().filter(|r| !r.right) {
        say(&format!("  {}", reading.what));
    }
    right as f64 / readings.len() as f64
}

/// The notes of the four folders in two halves, by turns; front and back of a note stay together.
fn halves(scans: &Path) -> [Vec<Labelled>; 2] {
    let mut halves = [Vec::new(), Vec::new()];
    for (folder, images_a_note) in [("usd-1", 2), ("usd-2", 2), ("cny-1", 1), ("cny-100", 1)] {
        let rows = labelled(&scans.join("labels.tsv"), &[scans.join(folder)]);
        for (k, row) in rows.into_iter().enumerate() {
            halves[k / images_a_note % 2].push(row);
        }
    }
    halves
}

/// Enrolled on one half of the notes, every note of the other half is recognised, both ways; so are
/// its worn images.
#[test]
fn notes_that_were_not_enrolled_are_recognised() {
    let Some(scans) = real_scans() else { return };
    let halves = halves(&scans);
    let worn = labelled(&scans.join("worn/labels.tsv"), &[scans.join("worn")]);
    assert_eq!(worn.len(), 22);
    let mut readings = Vec::new();
    let mut worn_readings = Vec::new();
    for (enrol, test) in [(0, 1), (1, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let library = enrolled(&halves[enrol].iter().collect::<Vec<_>>(), folder.path());
        let identifier = Identifier::new(&library);
        readings.par_extend(
            halves[test]
                .par_iter()
                .map(|row| read(&identifier, row, "half", picture(&row.file))),
        );
        // A worn image shows a note of usd-1: its name begins with that note's.
        let own = |row: &&Labelled| {
            let name = row.file.file_name().unwrap().to_string_lossy();
            let stem = name.split("--").next().unwrap().to_owned() + ".jpg";
            halves[test].iter().any(|other| other.file.ends_with(&stem))
        };
        worn_readings.par_extend(
            worn.par_iter()
                .filter(own)
                .map(|row| read(&identifier, row, "worn", picture(&row.file))),
        );
    }
    assert_eq!((readings.len(), worn_readings.len()), (228, 22));
    let whole = summed_up("other half", &readings);
    let worn = summed_up("worn", &worn_readings);
    assert!(whole == 1.0 && worn == 1.0, "{whole} {worn}");
}

/// Reduced so that the long side is at most `long` px.
fn at_most(scan: &RgbImage, long: u32) -> RgbImage {
    let (w, h) = scan.dimensions();
    if w.max(h) <= long {
        return scan.clone();
    }
    let k = f64::from(long) / f64::from(w.max(h));
    let side = |v: u32| ((f64::from(v) * k).round() as u32).max(1);
    imageops::resize(scan, side(w), side(h), FilterType::Triangle)
}

fn each_pixel(scan: &RgbImage, change: impl Fn([f32; 3]) -> [f32; 3]) -> RgbImage {
    let mut out = scan.clone();
    for pixel in out.pixels_mut() {
        pixel.0 = change(pixel.0.map(f32::from)).map(|v| v.round().clamp(0.0, 255.0) as u8);
    }
    out
}

/// `share` of the picture cut off at one side: 0 top, 1 right, 2 bottom, 3 left.
fn cut_off(scan: &RgbImage, side: usize, share: f32) -> RgbImage {
    let (w, h) = scan.dimensions();
    let (dx, dy) = ((w as f32 * share) as u32, (h as f32 * share) as u32);
    let (x, y, w, h) = match side % 4 {
        0 => (0, dy, w, h - dy),
        1 => (0, 0, w - dx, h),
        2 => (0, 0, w, h - dy),
        _ => (dx, 0, w - dx, h),
    };
    imageops::crop_imm(scan, x, y, w, h).to_image()
}

type Change = fn(&RgbImage, usize) -> RgbImage;

/// What is done to a picture; the number is its place in the list, so that not all are changed alike.
const CHANGES: [(&str, Change); 16] = [
    ("as it is", |s, _| s.clone()),
    ("turned by 90°", |s, _| imageops::rotate90(s)),
    ("turned by 180°", |s, _| imageops::rotate180(s)),
    ("turned by 270°", |s, _| imageops::rotate270(s)),
    ("grey", |s, _| {
        each_pixel(s, |[r, g, b]| [0.299 * r + 0.587 * g + 0.114 * b; 3])
    }),
    ("hue shifted", |s, _| {
        each_pixel(s, |[r, g, b]| {
            [0.7 * r + 0.3 * g, 0.7 * g + 0.3 * b, 0.7 * b + 0.3 * r]
        })
    }),
    ("channels in the other order", |s, _| {
        each_pixel(s, |[r, g, b]| [b, g, r])
    }),
    ("channels moved round", |s, _| {
        each_pixel(s, |[r, g, b]| [g, b, r])
    }),
    ("blurred", |s, _| gaussian_blur_f32(s, 2.0)),
    ("brighter, less contrast", |s, _| {
        each_pixel(s, |p| p.map(|v| 90.0 + 0.6 * v))
    }),
    ("darker", |s, _| {
        each_pixel(s, |p| p.map(|v| 204.0 * (v / 255.0).powf(1.9)))
    }),
    ("JPEG 40", |s, _| {
        image::load_from_memory(&jpeg(s, 40)).unwrap().into_rgb8()
    }),
    ("400 px long", |s, _| at_most(s, 400)),
    ("5 % cut off one side", |s, k| cut_off(s, k, 0.05)),
    ("10 % cut off one side", |s, k| cut_off(s, k, 0.10)),
    ("noise", |s, _| on_bed(s, Rgb([200; 3]), 0.0, 0, 40)),
];

/// The bed that the note, cut out of its picture, is laid on.
const BEDS: [(&str, Change); 6] = [
    ("on grey, turned by 2 to 9°", |s, k| {
        on_bed(s, Rgb([128; 3]), 2.0 + (k % 8) as f32, 40, 2)
    }),
    ("on black, turned by -4 to -18°", |s, k| {
        on_bed(s, Rgb([10; 3]), -4.0 - 2.0 * (k % 8) as f32, 30, 2)
    }),
    ("on white, turned by -3 to 3°", |s, k| {
        on_bed(s, Rgb([252; 3]), (k % 7) as f32 - 3.0, 60, 2)
    }),
    ("on blue, turned by any angle", |s, k| {
        on_bed(s, Rgb([40, 70, 120]), 37.0 * k as f32, 30, 2)
    }),
    ("on wood, turned by 1 to 5°", |s, k| {
        on_wood(s, k as u64, 1.0 + (k % 5) as f32, 50)
    }),
    ("a quarter of the picture", |s, k| {
        on_bed(s, Rgb([70, 75, 80]), 10.0 * k as f32, s.width() / 2, 2)
    }),
];

/// The note alone, upright, as it was found in a picture of which it is known what it shows.
fn cut_out(identifier: &Identifier<'_>, row: &Labelled, scan: &RgbImage) -> Option<RgbImage> {
    let found = identifier.identify(&outlines(&Raster::Eight(scan.clone())))?;
    if found.design.id != row.design || found.side != row.side {
        return None;
    }
    let size = found.design.size;
    let corners = [
        [0.0, 0.0],
        [size.width, 0.0],
        [size.width, size.height],
        [0.0, size.height],
    ];
    let quad = corners.map(|corner| found.print.apply(corner));
    let px_per_mm = side_lengths(&quad).0 / size.width;
    let upright = corners.map(|[x, y]| ((x * px_per_mm) as f32, (y * px_per_mm) as f32));
    let project =
        Projection::from_control_points(quad.map(|[x, y]| (x as f32, y as f32)), upright)?;
    let mut note = RgbImage::new(upright[2].0 as u32, upright[2].1 as u32);
    warp_into(
        scan,
        project,
        Interpolation::Bilinear,
        Border::Replicate,
        &mut note,
    );
    Some(note)
}

/// Least share right of each kind of change.
const LEAST_RIGHT: f64 = 0.95;
/// The same for web pictures with pale margins laid on a white bed, where no edge is to be seen.
const LEAST_RIGHT_ON_WHITE: f64 = 0.8;

/// Reads the pictures changed in every way; returns the ways in which too few are read right.
fn changed(rows: &[Labelled], identifier: &Identifier<'_>, what: &str) -> Vec<String> {
    let pictures: Vec<RgbImage> = rows
        .par_iter()
        .map(|row| at_most(&picture(&row.file), 700))
        .collect();
    let notes: Vec<RgbImage> = rows
        .par_iter()
        .zip(&pictures)
        .filter_map(|(row, scan)| cut_out(identifier, row, scan))
        .collect();
    assert_eq!(notes.len(), pictures.len());
    let mut short = Vec::new();
    let changes = CHANGES.iter().map(|change| (change, &pictures));
    let beds = BEDS.iter().map(|bed| (bed, &notes));
    for ((kind, change), pictures) in changes.chain(beds) {
        let readings: Vec<Reading> = rows
            .par_iter()
            .zip(pictures)
            .enumerate()
            .map(|(k, (row, scan))| read(identifier, row, kind, change(scan, k)))
            .collect();
        let share = summed_up(&format!("{what}, {kind}"), &readings);
        let least = if kind.starts_with("on white") {
            LEAST_RIGHT_ON_WHITE
        } else {
            LEAST_RIGHT
        };
        if share < least {
            short.push(format!("{what}, {kind}: {share:.3}"));
        }
    }
    short
}

/// Pictures of further designs, most of them the only one of their design, however they are changed.
#[test]
fn layouts_are_recognised_however_they_are_changed() {
    let Some(scans) = real_scans() else { return };
    let rows = labelled(&scans.join("layouts/labels.tsv"), &[scans.join("layouts")]);
    assert_eq!(rows.len(), 36);
    let library = Library::built_in().unwrap();
    let short = changed(&rows, &Identifier::new(&library), "layouts");
    assert!(short.is_empty(), "{short:#?}");
}

/// Notes that were not enrolled, however they are changed: three scans of each design and side.
#[test]
fn notes_that_were_not_enrolled_are_recognised_however_they_are_changed() {
    let Some(scans) = real_scans() else { return };
    let [enrol, test] = halves(&scans);
    let folder = tempfile::tempdir().unwrap();
    let library = enrolled(&enrol.iter().collect::<Vec<_>>(), folder.path());
    let mut taken: BTreeMap<(String, Side), usize> = BTreeMap::new();
    let rows: Vec<Labelled> = test
        .into_iter()
        .filter(|row| {
            let count = taken.entry((row.design.clone(), row.side)).or_default();
            *count += 1;
            *count <= 3
        })
        .collect();
    let short = changed(&rows, &Identifier::new(&library), "other half");
    assert!(short.is_empty(), "{short:#?}");
}

/// Where a design has several pictures, each is recognised by what the others taught.
#[test]
fn a_second_picture_of_a_layout_is_recognised() {
    let Some(scans) = real_scans() else { return };
    let rows = labelled(&scans.join("layouts/labels.tsv"), &[scans.join("layouts")]);
    let mut readings = Vec::new();
    for (k, left_out) in rows.iter().enumerate() {
        let others: Vec<&Labelled> = rows
            .iter()
            .enumerate()
            .filter(|(i, row)| {
                *i != k && row.design == left_out.design && row.side == left_out.side
            })
            .map(|(_, row)| row)
            .collect();
        if others.is_empty() {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let library = enrolled(&others, folder.path());
        let identifier = Identifier::new(&library);
        readings.push(read(
            &identifier,
            left_out,
            "left out",
            picture(&left_out.file),
        ));
    }
    assert_eq!(readings.len(), 5);
    // One of five, a photograph of a note laid on a pale sheet, is not found on it.
    assert!(summed_up("second pictures", &readings) >= 0.8);
}

/// Designs that nobody enrolled: a picture at 300 dpi is not suspect, and is when it is printed as a laser copier does.
/// Dispersed dots cannot be told there: genuine designs differ as much in their specks of colour.
#[test]
fn a_screen_makes_a_note_suspect_that_nobody_enrolled() {
    let Some(scans) = real_scans() else { return };
    let library = Library::built_in().unwrap();
    let checker = Checker::new(&library);
    let folder = tempfile::tempdir().unwrap();
    // With the width at which the note is shown at 300 dpi, px.
    let pictures = [
        ("usd-100-1996-front-1.jpg", 1843),
        ("usd-100-2009-front-1.png", 1843),
        ("usd-100-2009-front-2.jpg", 1843),
        ("cny-100-2005-front-1.jpg", 3032),
        ("cny-100-2015-front-1.jpg", 1843),
    ];
    pictures.into_par_iter().for_each(|(name, width)| {
        let picture = picture(&scans.join("layouts").join(name));
        let height = width * picture.height() / picture.width();
        let picture = imageops::resize(&picture, width, height, FilterType::CatmullRom);
        for (what, shown, expected) in [
            ("as it is", picture.clone(), Verdict::Unclear),
            ("screened", screened(&picture), Verdict::Suspect),
        ] {
            let file = folder.path().join(format!("{name}.jpg"));
            fs::write(&file, jpeg(&shown, 92)).unwrap();
            let capture = Capture {
                note: "note".to_owned(),
                files: vec![Source::of(&file)],
            };
            let found = check(&capture, &checker, &Settings::default());
            assert_eq!(
                found.verdict, expected,
                "{name} {what}: {:?}",
                found.reasons
            );
            let says_so = found.reasons.iter().any(|r| r.contains("print-raster"));
            assert_eq!(says_so, expected == Verdict::Suspect, "{:?}", found.reasons);
        }
    });
}

/// The pixels of a picture that a note was printed from are told from those of a scan that a program enlarged: these are
/// genuine notes.
#[test]
fn a_reprinted_picture_has_a_grid_and_an_enlarged_scan_does_not_count() {
    let Some(scans) = real_scans() else { return };
    let library = Library::built_in().unwrap();
    let identifier = Identifier::new(&library);
    let grid = |bytes: &[u8], name: &Path| -> Result<f64, Unmeasured> {
        let scan = decode(bytes, name, &Limits::default()).unwrap();
        let exhibit = present(scan, &Source::of(name), &identifier);
        let face = exhibit.face().expect("recognised");
        let readings = PixelGrid.measure(&face)?;
        readings.into_iter().next().unwrap().result.map(|m| m.value)
    };
    // A fifth of the genuine notes, and every reprint.
    let genuine: Vec<PathBuf> = images(&scans.join("usd-1"))
        .into_iter()
        .step_by(5)
        .collect();
    genuine.into_par_iter().for_each(|file| {
        let scan = picture(&file);
        let as_it_is = grid(&fs::read(&file).unwrap(), &file).unwrap();
        assert!(as_it_is < 1.5, "{} {as_it_is}", file.display());
        for (share, filter) in [
            (2.0, FilterType::Triangle),
            (2.0, FilterType::Lanczos3),
            (1.5, FilterType::Triangle),
            (1.5, FilterType::CatmullRom),
        ] {
            let [width, height] =
                [scan.width(), scan.height()].map(|side| (f64::from(side) / share).round() as u32);
            let coarse = imageops::resize(&scan, width, height, FilterType::Lanczos3);
            let enlarged = imageops::resize(&coarse, scan.width(), scan.height(), filter);
            let found = grid(&jpeg(&enlarged, 90), &file);
            let told = !found.as_ref().is_ok_and(|strength| *strength > 2.0);
            assert!(told, "{} {share} {filter:?}: {found:?}", file.display());
        }
    });
    let reprints: Vec<PathBuf> = images(&scans.join("forged"))
        .into_iter()
        .filter(|file| {
            file.to_string_lossy().contains("1db_") && file.to_string_lossy().contains("lowres")
        })
        .collect();
    assert_eq!(reprints.len(), 6);
    for file in reprints {
        let strength = grid(&fs::read(&file).unwrap(), &file).unwrap();
        assert!(strength > 3.0, "{} {strength}", file.display());
    }
}

/// A picture at 300 dpi in cyan, magenta, yellow and black dots at 15, 75, 0 and 45 degrees, 150 lines to the inch, as
/// drawn at 1200 dpi.
fn screened(picture: &RgbImage) -> RgbImage {
    const FINE: u32 = 4;
    const INKS: [[f32; 3]; 4] = [
        [0.10, 0.62, 0.85],
        [0.80, 0.12, 0.45],
        [0.95, 0.87, 0.10],
        [0.10, 0.10, 0.10],
    ];
    let step = std::f32::consts::TAU * 150.0 / (300.0 * FINE as f32);
    let ways = [15.0f32, 75.0, 0.0, 45.0].map(|angle| angle.to_radians().sin_cos());
    let fine = imageops::resize(
        picture,
        FINE * picture.width(),
        FINE * picture.height(),
        FilterType::Triangle,
    );
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let mut sum = [0.0f32; 3];
        for (v, u) in (0..FINE).flat_map(|v| (0..FINE).map(move |u| (v, u))) {
            let (x, y) = (FINE * x + u, FINE * y + v);
            let ink = fine
                .get_pixel(x, y)
                .0
                .map(|level| 1.0 - f32::from(level) / 255.0);
            let black = 0.6 * ink[0].min(ink[1]).min(ink[2]);
            let cover = [ink[0] - black, ink[1] - black, ink[2] - black, black];
            let mut light = [1.0f32; 3];
            for ((cover, (sin, cos)), ink) in cover.into_iter().zip(ways).zip(INKS) {
                let (across, down) = (step * x as f32, step * y as f32);
                let wave = (cos * across + sin * down).cos() + (cos * down - sin * across).cos();
                if cover > 0.5 - 0.25 * wave {
                    light = [0, 1, 2].map(|c| light[c] * ink[c]);
                }
            }
            sum = [0, 1, 2].map(|c| sum[c] + light[c]);
        }
        Rgb(sum.map(|light| (255.0 * light / (FINE * FINE) as f32).round() as u8))
    })
}

/// The corners marked by hand: see `tests/corners/README.md`.
mod corners {
    use super::*;

    /// Largest distance between a corner found and a corner marked, mm, by group of scans.
    const WITHIN_MM: [(&str, f64); 5] = [
        ("worn", 0.15),
        ("usd, whole paper seen", 0.15),
        ("usd, cut by the frame", 0.05),
        // Camera captures of bowed notes, 4.4 to 8.7 px/mm, marked to ±0.1 to 0.16 mm. Farther than 0.3 mm: one
        // whose right edge is blurred over 5 px, and two whose bed is as light as their print.
        ("cny", 0.45),
        // Curled notes whose paper leaves its own straight lines by 2 mm: marked to ±0.3 and 0.4 mm.
        ("layouts", 0.75),
    ];
    /// What is wanted of a corner, mm, and the least number of marked scans that keep to it.
    const WANTED: (f64, usize) = (0.3, 20);

    struct Mark {
        file: String,
        corners: [[f64; 2]; 4],
        px_per_mm: f64,
    }

    fn marks() -> Vec<Mark> {
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corners/marks.tsv");
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b'\t')
            .quoting(false)
            .from_path(table)
            .unwrap();
        reader
            .records()
            .map(|row| {
                let row = row.unwrap();
                let number = |k: usize| row[k].parse::<f64>().unwrap();
                Mark {
                    file: row[0].to_owned(),
                    corners: [0, 1, 2, 3].map(|k| [number(1 + 2 * k), number(2 + 2 * k)]),
                    px_per_mm: number(9),
                }
            })
            .collect()
    }

    fn group(mark: &Mark) -> &'static str {
        let [[left, top], ..] = mark.corners;
        match mark.file.split('/').next().unwrap() {
            "worn" => "worn",
            "layouts" => "layouts",
            "cny-1" | "cny-100" => "cny",
            _ if left == 0.0 && top == 0.0 => "usd, cut by the frame",
            _ => "usd, whole paper seen",
        }
    }

    /// The largest distance of a corner from its mark, mm. The quadrilateral found begins at the
    /// note's own top left, the marks at the scan's: each mark has the corner nearest to it.
    fn farthest(mark: &Mark, quad: &[[f64; 2]; 4]) -> f64 {
        let off = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        mark.corners
            .iter()
            .map(|m| quad.iter().map(|c| off(m, c)).fold(f64::MAX, f64::min))
            .fold(0.0, f64::max)
            / mark.px_per_mm
    }

    #[test]
    fn corners_lie_where_they_were_marked() {
        let Some(scans) = real_scans() else { return };
        let library = Library::built_in().unwrap();
        let identifier = Identifier::new(&library);
        let marks = marks();
        let distances: Vec<f64> = marks
            .par_iter()
            .map(|mark| {
                let source = Source {
                    path: scans.join(&mark.file),
                    side: None,
                    light: None,
                    dpi: None,
                };
                let found = exhibit(&source, &identifier, &Settings::default());
                let quad = found
                    .record
                    .quad
                    .expect("a quadrilateral is always reported");
                farthest(mark, &quad)
            })
            .collect();
        let mut far = Vec::new();
        for (mark, distance) in marks.iter().zip(&distances) {
            let said = format!("{}: {} {distance:.2} mm", group(mark), mark.file);
            say(&format!("corners, {said}"));
            let (_, within) = WITHIN_MM.iter().find(|(g, _)| *g == group(mark)).unwrap();
            if distance > within {
                far.push(said);
            }
        }
        assert!(
            far.is_empty(),
            "farther than their group is held to: {far:?}"
        );
        let (wanted, least) = WANTED;
        let near = distances.iter().filter(|d| **d <= wanted).count();
        say(&format!(
            "corners within {wanted} mm: {near} of {}",
            marks.len()
        ));
        assert!(
            near >= least,
            "{near} of {} within {wanted} mm",
            marks.len()
        );
    }
}

/// Every picture of the folder is used by some test here.
#[test]
fn the_scans_are_all_there() {
    let Some(scans) = real_scans() else { return };
    let count = |folder: &str| images(&scans.join(folder)).len();
    let counts = ["usd-1", "usd-2", "cny-1", "cny-100", "layouts", "worn"].map(count);
    assert_eq!(counts, [128, 20, 40, 40, 36, 22]);
}
