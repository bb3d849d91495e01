//! The vocabulary: what a banknote is to every other module.
//!
//! Lengths are millimetres from the note's top left corner as the side is seen upright,
//! x to the right, y down.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a word of the vocabulary was refused.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{found:?} is no {what}: {hint}")]
pub struct VocabularyError {
    what: &'static str,
    found: String,
    hint: &'static str,
}

/// An ISO 4217 currency code: three capital letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

impl FromStr for Currency {
    type Err = VocabularyError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(Self(code.to_owned()))
        } else {
            Err(VocabularyError {
                what: "currency",
                found: code.to_owned(),
                hint: "write the three capital letters of ISO 4217, as USD or CNY",
            })
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = VocabularyError;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A side of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The side with the serial numbers (USD, RMB, XTS).
    Front,
    /// The other side.
    Back,
}

impl Side {
    /// Both sides, front first.
    pub const ALL: [Self; 2] = [Self::Front, Self::Back];

    /// What is on the back of it.
    pub fn other(self) -> Self {
        match self {
            Self::Front => Self::Back,
            Self::Back => Self::Front,
        }
    }

    /// The word used in files and reports: `front` or `back`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The light a scan was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Light {
    /// Reflected white light: an ordinary scan.
    Visible,
    /// Fluorescence under ultraviolet light (365 nm).
    Ultraviolet,
    /// Reflected near infrared.
    Infrared,
    /// White light through the note.
    Transmitted,
    /// Reflected white light on a note that was scanned before and has been turned by half a circle on the glass since:
    /// it falls from the other side.
    Turned,
}

impl Light {
    /// Every light.
    pub const ALL: [Self; 5] = [
        Self::Visible,
        Self::Ultraviolet,
        Self::Infrared,
        Self::Transmitted,
        Self::Turned,
    ];

    /// The light that facts are stated for: what changes as a note is turned is stated of visible light.
    pub fn of_facts(self) -> Self {
        match self {
            Self::Turned => Self::Visible,
            light => light,
        }
    }

    /// Whether the note is seen as in an ordinary scan.
    pub fn by_day(self) -> bool {
        self.of_facts() == Self::Visible
    }

    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Ultraviolet => "ultraviolet",
            Self::Infrared => "infrared",
            Self::Transmitted => "transmitted",
            Self::Turned => "turned",
        }
    }
}

impl fmt::Display for Light {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Width and height of a note, mm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeMm {
    /// Long side of a note as it is read, mm.
    pub width: f64,
    /// Short side, mm.
    pub height: f64,
}

impl SizeMm {
    /// Width over height.
    pub fn aspect(self) -> f64 {
        self.width / self.height
    }
}

/// An upright rectangle on a side, mm from its top left corner. In files and JSON: `[x, y, width, height]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
pub struct RectMm {
    /// Left edge, mm.
    pub x: f64,
    /// Top edge, mm.
    pub y: f64,
    /// Width, mm.
    pub width: f64,
    /// Height, mm.
    pub height: f64,
}

impl RectMm {
    /// Whether a place, mm, lies in it.
    pub fn holds(self, [x, y]: [f64; 2]) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }

    /// Its middle, mm.
    pub fn middle(self) -> [f64; 2] {
        [self.x + self.width / 2.0, self.y + self.height / 2.0]
    }

    /// The same farther right and down, mm.
    pub fn moved(self, [right, down]: [f64; 2]) -> Self {
        Self {
            x: self.x + right,
            y: self.y + down,
            ..self
        }
    }

    /// The rectangle grown by `margin` mm on every side (shrunk where negative).
    pub fn grown(self, margin: f64) -> Self {
        Self {
            x: self.x - margin,
            y: self.y - margin,
            width: self.width + 2.0 * margin,
            height: self.height + 2.0 * margin,
        }
    }

    /// The same to tenths of a millimetre, as places are stated.
    pub fn to_tenths(self) -> Self {
        let tenths = |mm: f64| (10.0 * mm).round() / 10.0;
        Self {
            x: tenths(self.x),
            y: tenths(self.y),
            width: tenths(self.width),
            height: tenths(self.height),
        }
    }

    /// Whether it has area in common with another.
    pub fn meets(self, other: Self) -> bool {
        let along = self.x < other.x + other.width && other.x < self.x + self.width;
        along && self.y < other.y + other.height && other.y < self.y + self.height
    }

    /// Area in common with another, mm².
    pub fn common_mm2(self, other: Self) -> f64 {
        let along = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let down = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        along.max(0.0) * down.max(0.0)
    }

    /// Whether the whole rectangle lies on a note of this size.
    pub fn lies_on(self, size: SizeMm) -> bool {
        self.x >= 0.0
            && self.y >= 0.0
            && self.width > 0.0
            && self.height > 0.0
            && self.x + self.width <= size.width
            && self.y + self.height <= size.height
    }
}

impl From<[f64; 4]> for RectMm {
    fn from([x, y, width, height]: [f64; 4]) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

impl From<RectMm> for [f64; 4] {
    fn from(rect: RectMm) -> Self {
        [rect.x, rect.y, rect.width, rect.height]
    }
}
