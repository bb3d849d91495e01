//! A batch of notes for people who have none: good ones, worn ones, each kind of forgery, and what is no note.

use std::fs;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use rayon::prelude::*;

use super::canvas::Canvas;
use super::encode::{Format, Subsampling, encode};
use super::glyphs::{Face, Pen, write_level};
use super::{Bed, Dial, DialKind, Dials, Press, Scanner, Specimen, SpecimenError, XtsDenomination};
use crate::note::{Light, Side};

/// What an entry of the batch is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchKind {
    /// A genuine note, as new or worn.
    Good,
    /// A note with a defect that no wear makes.
    Forged,
    /// No whole picture of a note.
    NoNote,
}

/// One entry of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchNote {
    /// What its files begin with: says what it is.
    pub stem: String,
    /// What it is meant to be.
    pub kind: BatchKind,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Its image files.
    pub files: Vec<PathBuf>,
}

type Entry = (
    &'static str,
    XtsDenomination,
    &'static [(Dial, f32)],
    &'static str,
);

const TEN: XtsDenomination = XtsDenomination::Ten;
const HUNDRED: XtsDenomination = XtsDenomination::Hundred;

const NOTES: [Entry; 22] = [
    ("01-good-new", TEN, &[], "a new note"),
    ("02-good-new", HUNDRED, &[], "a new note"),
    (
        "03-good-upside-down",
        TEN,
        &[(Dial::Soil, 0.15)],
        "a good note, scanned upside down",
    ),
    (
        "04-good-used",
        TEN,
        &[(Dial::Soil, 0.4), (Dial::Creases, 0.35)],
        "a good note in daily use",
    ),
    (
        "05-good-used",
        HUNDRED,
        &[
            (Dial::Soil, 0.45),
            (Dial::Creases, 0.5),
            (Dial::Faded, 0.15),
        ],
        "a good note in daily use",
    ),
    (
        "06-good-stained",
        TEN,
        &[(Dial::Stain, 0.6), (Dial::Soil, 0.2)],
        "a good note with a stain",
    ),
    (
        "07-good-written-on",
        HUNDRED,
        &[(Dial::Writing, 0.5), (Dial::Stamp, 0.7)],
        "a good note, written on and stamped",
    ),
    (
        "08-good-folded-corner",
        TEN,
        &[(Dial::FoldedCorner, 0.7), (Dial::Creases, 0.2)],
        "a good note with a folded corner",
    ),
    (
        "09-good-torn-and-taped",
        HUNDRED,
        &[(Dial::Tear, 0.6), (Dial::Tape, 0.8), (Dial::Soil, 0.3)],
        "a good note, torn and mended",
    ),
    (
        "10-good-cut-off-centre",
        TEN,
        &[(Dial::OffCentre, 0.8), (Dial::FloatingOverprint, 0.9)],
        "a good note, cut off centre, its serials shifted",
    ),
    (
        "11-good-washed",
        HUNDRED,
        &[(Dial::Washed, 0.6)],
        "a good note that went through the laundry",
    ),
    (
        "12-forged-colour-copy",
        TEN,
        &[(Dial::Halftone, 1.0), (Dial::BrightPaper, 0.6)],
        "a colour copy",
    ),
    (
        "13-forged-inkjet",
        HUNDRED,
        &[(Dial::Inkjet, 1.0), (Dial::BrightPaper, 0.4)],
        "an inkjet copy",
    ),
    (
        "14-forged-low-resolution",
        TEN,
        &[(Dial::LowResolution, 1.0)],
        "printed from a picture of low resolution",
    ),
    (
        "15-forged-offset",
        HUNDRED,
        &[(Dial::OffsetForIntaglio, 1.0), (Dial::LostMicrotext, 1.0)],
        "offset print where there should be engraving",
    ),
    (
        "16-forged-ink-hue",
        TEN,
        &[(Dial::InkHue, 0.8)],
        "inks of the wrong hue",
    ),
    (
        "17-forged-spliced",
        HUNDRED,
        &[(Dial::Splice, 1.0)],
        "half of it is a copy",
    ),
    (
        "18-forged-raised-value",
        TEN,
        &[(Dial::AlteredValue, 1.0)],
        "a 10 made into a 100",
    ),
    (
        "19-forged-printed-thread",
        HUNDRED,
        &[(Dial::PrintedThread, 1.0), (Dial::PrintedWatermark, 1.0)],
        "thread and watermark printed on",
    ),
    (
        "20-forged-mismatched-serials",
        TEN,
        &[(Dial::MismatchedSerial, 0.25)],
        "its two serials differ",
    ),
    (
        "21-forged-repeated-serial",
        HUNDRED,
        &[(Dial::RepeatedSerial, 1.0)],
        "carries the same serial as the next",
    ),
    (
        "22-forged-repeated-serial",
        HUNDRED,
        &[(Dial::RepeatedSerial, 1.0)],
        "carries the same serial as the one before",
    ),
];

/// Writes the batch into a folder, which is made where it is missing: front and back of 22 notes, a broken file and
/// a picture of something else; the truth of each scan lies in `truth/`. The same press resolution gives the same
/// bytes. Notes are printed on the threads of the current rayon pool.
///
/// # Errors
/// A file that cannot be written.
pub fn write_batch(press: &Press, folder: &Path) -> Result<Vec<BatchNote>, SpecimenError> {
    let truth = folder.join("truth");
    fs::create_dir_all(&truth).map_err(|source| SpecimenError::Write {
        path: truth.clone(),
        source,
    })?;
    let written: Result<Vec<BatchNote>, SpecimenError> = NOTES
        .par_iter()
        .enumerate()
        .map(|(k, entry)| note(press, folder, k, entry))
        .collect();
    let mut notes = written?;
    // A file whose transfer was cut short.
    let whole = Scanner::default()
        .scan(&press.print(&Specimen::new(TEN, 900), Side::Front, Light::Visible))?
        .encode()?;
    let half = whole.get(..whole.len() / 2).unwrap_or(&whole).to_vec();
    let broken = folder.join("23-broken-file.jpg");
    write(&broken, half)?;
    notes.push(BatchNote {
        stem: "23-broken-file".to_owned(),
        kind: BatchKind::NoNote,
        about: "a scan that broke off half way",
        files: vec![broken],
    });
    let other = folder.join("24-no-note-at-all.jpg");
    write(
        &other,
        encode(&shopping_list(), Format::Jpeg, 300.0, 90, Subsampling::Half)?,
    )?;
    notes.push(BatchNote {
        stem: "24-no-note-at-all".to_owned(),
        kind: BatchKind::NoNote,
        about: "a shopping list",
        files: vec![other],
    });
    Ok(notes)
}

fn write(path: &Path, bytes: Vec<u8>) -> Result<(), SpecimenError> {
    fs::write(path, bytes).map_err(|source| SpecimenError::Write {
        path: path.to_owned(),
        source,
    })
}

fn note(
    press: &Press,
    folder: &Path,
    k: usize,
    (name, denomination, dials, about): &Entry,
) -> Result<BatchNote, SpecimenError> {
    let mut set = Dials::none();
    for (dial, value) in *dials {
        set.set(*dial, *value)?;
    }
    let specimen = Specimen::new(*denomination, 100 + k as u64).with(set);
    let stem = format!("{name}-xts{}", denomination.as_str());
    // Beds and turns of a scanner on a busy day.
    let beds = [Bed::White, Bed::Black, Bed::Grey(150), Bed::White];
    let light = if name.contains("upside-down") {
        Light::Turned
    } else {
        Light::Visible
    };
    let scanner = Scanner {
        rotation: ((k * 7) % 11) as f32 * 0.3 - 1.5,
        bed: beds.get(k % beds.len()).copied().unwrap_or(Bed::White),
        ..Scanner::default()
    };
    let mut files = Vec::new();
    for side in Side::ALL {
        let scan = scanner.scan(&press.print(&specimen, side, light))?;
        let path = folder.join(format!("{stem}_{side}.jpg"));
        write(&path, scan.encode()?)?;
        let json = serde_json::to_vec_pretty(&scan.truth).map_err(|e| SpecimenError::Encode {
            format: "json",
            why: e.to_string(),
        })?;
        write(
            &folder.join("truth").join(format!("{stem}_{side}.json")),
            json,
        )?;
        files.push(path);
    }
    let forged = specimen
        .dials
        .iter()
        .any(|(dial, _)| dial.kind() == DialKind::Defect);
    Ok(BatchNote {
        stem,
        kind: if forged {
            BatchKind::Forged
        } else {
            BatchKind::Good
        },
        about,
        files,
    })
}

/// Something else that lay on the scanner.
fn shopping_list() -> RgbImage {
    let scale = 300.0 / 25.4;
    let mut canvas = Canvas::new([0.0, 0.0, 105.0, 74.0], scale);
    let pen = Pen {
        thick: 0.13,
        thin: 0.11,
        serif: 0.0,
    };
    for (i, line) in [
        "SHOPPING LIST",
        "2 BREAD",
        "1 BUTTER",
        "6 EGGS",
        "3 APPLES",
        "1 LAMP OIL",
    ]
    .iter()
    .enumerate()
    {
        write_level(
            &mut canvas,
            (Face::Display, pen),
            line,
            5.0,
            (12.0, 16.0 + 10.0 * i as f32),
        );
    }
    let (w, h) = (canvas.plane.width as u32, canvas.plane.height as u32);
    RgbImage::from_fn(w, h, |x, y| {
        let ink = canvas
            .plane
            .data
            .get((y * w + x) as usize)
            .copied()
            .unwrap_or(0);
        let grain = (super::maths::hash_at(24, x as i32, y as i32) % 5) as u8;
        let paper = if (y / 60) % 2 == 0 { 236 } else { 232 } + grain;
        let dark = |full: u8| paper - (u16::from(ink) * u16::from(paper - full) / 255) as u8;
        Rgb([dark(40), dark(44), dark(90)])
    })
}
