//! The specimen press: a currency of our own, XTS (ISO 4217's code for tests), whose every line is known.
//!
//! A [`Press`] draws the designs once; [`Press::print`] prints one side of a [`Specimen`] as it looks in one
//! [`Light`]; a [`Scanner`] turns that into a scan, with the [`Truth`] of everything that was drawn beside it.
//! Genuine prints are solid line art in separate inks on separate plates that float against each other;
//! [`Dials`] turn on what forgers do and what happens to notes. Nothing in it resembles a real currency: the
//! pictures are analytic forms, every side says SPECIMEN, and there is no EURion constellation.
//!
//! The same seed, dials and settings give the same bytes on every machine: all arithmetic that shows in the pixels
//! is made of operations that IEEE 754 fixes.

mod batch;
pub(crate) mod canvas;
mod design;
mod dials;
mod encode;
mod forge;
pub(crate) mod glyphs;
mod ink;
mod maths;
mod press;
mod scanner;
mod serial;
mod vignettes;
mod wear;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use batch::{BatchKind, BatchNote, write_batch};
pub use canvas::Coverage;
pub use dials::{Dial, DialKind, Dials};
pub use encode::{Format, Subsampling, encode};
pub use press::{Picture, Press, Printed};
pub use scanner::{Bed, Scan, Scanner};
pub use serial::{DISTRICTS, HIGHEST, LETTERS, SERIES, XtsSerial, check_letter};

use crate::note::{Light, RectMm, Side, SizeMm};
pub(crate) use maths::Random;

/// Why the press or the scanner refused.
#[derive(Debug, thiserror::Error)]
pub enum SpecimenError {
    /// A dial beyond its range.
    #[error("dial {name}: {value:?} is not a number from 0 to 1")]
    Dial {
        /// The dial.
        name: &'static str,
        /// What was asked.
        value: String,
    },
    /// No dial of that name.
    #[error("there is no {kind} called {name:?}: choose from {known}")]
    UnknownDial {
        /// `defect`, `wear` or `dial`.
        kind: &'static str,
        /// What was asked.
        name: String,
        /// What there is.
        known: String,
    },
    /// A word that is none of a fixed set.
    #[error("{text:?} is no {what}: choose from {known}")]
    Word {
        /// What was expected.
        what: &'static str,
        /// What was asked.
        text: String,
        /// What there is.
        known: &'static str,
    },
    /// A setting outside its range.
    #[error("{name}: {value} is outside {low} to {high} {unit}")]
    Range {
        /// The setting.
        name: &'static str,
        /// What was asked.
        value: f64,
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
        /// Unit.
        unit: &'static str,
    },
    /// A serial that breaks the rules of XTS.
    #[error("{text:?} is no XTS serial: {why}")]
    Serial {
        /// What was asked.
        text: String,
        /// The rule.
        why: &'static str,
    },
    /// The scan could not be encoded.
    #[error("the scan could not be written as {format}: {why}")]
    Encode {
        /// File format.
        format: &'static str,
        /// The encoder's words.
        why: String,
    },
    /// A file of a batch could not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A denomination of XTS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum XtsDenomination {
    /// XTS 10: a lighthouse and a nautilus, blue; 130 × 62 mm.
    #[serde(rename = "10")]
    Ten,
    /// XTS 100: a windmill and a bridge, violet; 150 × 72 mm.
    #[serde(rename = "100")]
    Hundred,
}

impl XtsDenomination {
    /// Both, the lower value first.
    pub const ALL: [Self; 2] = [Self::Ten, Self::Hundred];

    /// The value as printed on the note.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ten => "10",
            Self::Hundred => "100",
        }
    }

    /// Nominal size.
    pub fn size(self) -> SizeMm {
        let layout = design::Layout::of(self);
        SizeMm {
            width: f64::from(layout.width),
            height: f64::from(layout.height),
        }
    }

    /// The other one.
    fn other(self) -> Self {
        match self {
            Self::Ten => Self::Hundred,
            Self::Hundred => Self::Ten,
        }
    }
}

impl FromStr for XtsDenomination {
    type Err = SpecimenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|d| d.as_str() == text)
            .ok_or_else(|| SpecimenError::Word {
                what: "denomination of XTS",
                text: text.to_owned(),
                known: "10, 100",
            })
    }
}

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Print {
    /// Flat fine lines of the background.
    Offset,
    /// Engraved: sharp, dense, in relief.
    Intaglio,
    /// The overprint: serials, seal, district numbers.
    Letterpress,
    /// Optically variable ink, printed through a screen.
    Screen,
    /// Fluorescent ink that is invisible by day.
    Fluorescent,
    /// In the paper itself.
    Paper,
}

/// One thing on a side and where it lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// Name, kebab-case.
    pub id: String,
    /// How it is printed.
    pub print: Print,
    /// What it says, if it says anything.
    pub text: Option<String>,
    /// Where it lies on the note as cut and printed, mm from the note's corner.
    pub rect_mm: RectMm,
    /// Its corners in the scan, px, clockwise from the top left of the note as read.
    pub quad_px: [[f64; 2]; 4],
}

/// One note to be printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Specimen {
    /// Which value.
    pub denomination: XtsDenomination,
    /// Decides everything that differs from note to note: registers, fibres, places of wear.
    pub seed: u64,
    /// The serial number it should carry.
    pub serial: XtsSerial,
    /// Defects and wear.
    pub dials: Dials,
}

impl Specimen {
    /// A genuine new note with a serial drawn from the seed.
    pub fn new(denomination: XtsDenomination, seed: u64) -> Self {
        let mut random = Random::new(seed, "serial");
        let pick = |n: u64, len: usize| n as usize % len;
        let series = SERIES[pick(random.word(), SERIES.len())].0;
        let district = DISTRICTS[pick(random.word(), DISTRICTS.len())].0;
        let number = random.below(u64::from(HIGHEST)) as u32 + 1;
        Self {
            denomination,
            seed,
            serial: XtsSerial {
                series,
                district,
                number,
            },
            dials: Dials::none(),
        }
    }

    /// The same note with these dials.
    #[must_use]
    pub fn with(mut self, dials: Dials) -> Self {
        self.dials = dials;
        self
    }

    /// The note's size as it lies there, mm: the nominal one, but for the dial `wrong-size`.
    pub fn size(&self) -> SizeMm {
        let size = self.denomination.size();
        let wrong = f64::from(self.dials.get(Dial::WrongSize));
        SizeMm {
            width: size.width * (1.0 - 0.05 * wrong),
            height: size.height * (1.0 - 0.02 * wrong),
        }
    }

    /// The two serials as printed, upper right and lower left: equal and true on a genuine note.
    pub fn printed_serials(&self) -> [String; 2] {
        let mut serial = self.serial;
        if self.dials.get(Dial::RepeatedSerial) > 0.0 {
            serial = XtsSerial {
                series: 'A',
                district: 'G',
                number: 27_182_818,
            };
        }
        let mut text = serial.to_string();
        let wrong = self.dials.get(Dial::WrongSerial);
        if wrong > 0.0 {
            let next = |set: &[char], c: char| {
                let at = set.iter().position(|&l| l == c).unwrap_or(0);
                set.get((at + 5) % set.len()).copied().unwrap_or(c)
            };
            let mut chars: Vec<char> = text.chars().collect();
            if wrong >= 0.34 {
                let letters: Vec<char> = DISTRICTS.iter().map(|d| d.0).collect();
                chars[1] = next(&letters, chars[1]);
            }
            if wrong >= 0.67 {
                chars[2] = '9';
            }
            let ten: String = chars.iter().take(10).collect();
            chars[10] = next(&LETTERS, check_letter(&ten).unwrap_or('A'));
            text = chars.into_iter().collect();
        }
        let mut second = text.clone();
        let differ = (8.0 * self.dials.get(Dial::MismatchedSerial)).ceil() as usize;
        if differ > 0 {
            let mut random = Random::new(self.seed, "mismatched");
            let mut chars: Vec<char> = text.chars().collect();
            // Digits are changed from the last to the first, each to another digit.
            for c in chars.iter_mut().skip(2).take(8).rev().take(differ) {
                let digit = c.to_digit(10).unwrap_or(0) + 1 + random.below(9) as u32;
                *c = char::from_digit(digit % 10, 10).unwrap_or('0');
            }
            second = chars.into_iter().collect();
        }
        [text, second]
    }
}

/// Everything about one scan: what was drawn, where it lies, and every setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Names this format.
    pub schema: String,
    /// Design, as in the reference notes: `xts-10-2024`.
    pub design: String,
    /// Value as printed.
    pub denomination: XtsDenomination,
    /// Which side.
    pub side: Side,
    /// Which light.
    pub light: Light,
    /// The note's seed.
    pub seed: u64,
    /// The serial that the note should carry.
    pub serial: String,
    /// The serials as printed, upper right and lower left.
    pub printed_serials: [String; 2],
    /// Series year printed on the note.
    pub series: u16,
    /// District letter of the seal and number printed four times.
    pub district: (char, u8),
    /// Position on the sheet and plate number.
    pub position: String,
    /// Plate number as printed, with the letter of the position.
    pub plate: String,
    /// Size of the note as it lies there, mm.
    pub size_mm: SizeMm,
    /// Shift of each print against the cut, mm: offset, intaglio, overprint; and the overprint's tilt, degrees.
    pub register: Register,
    /// Defects and wear that are on.
    pub dials: Dials,
    /// The scanner's settings.
    pub scanner: Scanner,
    /// Width and height of the scan, px.
    pub size_px: [u32; 2],
    /// The note's corners in the scan, px, clockwise from the top left of the note as read, before corners were
    /// folded or torn. The middle of the first pixel is (0.5, 0.5).
    pub quad_px: [[f64; 2]; 4],
    /// Everything drawn on this side.
    pub elements: Vec<Element>,
}

/// How the prints of one side lie on the cut note.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Register {
    /// Offset background, mm to the right and down.
    pub offset_mm: [f64; 2],
    /// Engraving, mm.
    pub intaglio_mm: [f64; 2],
    /// Serials and seal, mm.
    pub overprint_mm: [f64; 2],
    /// Turn of the overprint, degrees clockwise.
    pub overprint_tilt: f64,
}
