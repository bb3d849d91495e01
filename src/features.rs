//! Security features: what is looked for on a straightened side, and what came of it.
//!
//! A feature is one file below `features/`; its doc comment is the page that `explain` prints. A
//! feature measures; what a measurement means is decided by comparing it with genuine notes.

pub mod overprint;
pub mod serial_colour;
pub mod serial_district;
pub mod serial_grammar;
pub mod serial_pair;
pub mod serial_position;
pub mod serial_range;
pub mod serial_series;

use crate::note::{Light, RectMm, Side};
use crate::pixels::{Planes, Raster};
use crate::rectify::edges::SettledOutline;
use crate::rectify::homography::Homography;
use crate::rectify::resample;
use crate::reference::{Design, Zone};
use crate::scan::JpegInfo;

/// One side of a recognised note in one light, ready to be measured.
#[derive(Debug)]
pub struct Face<'a> {
    /// What it was recognised as.
    pub design: &'a Design,
    /// The side it shows.
    pub side: Side,
    /// The light it was taken in.
    pub light: Light,
    /// The scan.
    pub raster: &'a Raster,
    /// How strongly it was compressed.
    pub jpeg: Option<JpegInfo>,
    /// Stated density, dpi, where it can be trusted.
    pub dpi: Option<f64>,
    /// From millimetres on the upright side, as the print lies, to scan pixels.
    pub print: Homography,
    /// Scan pixels for a millimetre of the note.
    pub px_per_mm: f64,
    /// The paper's outline, scan px.
    pub outline: SettledOutline,
}

impl Face<'_> {
    /// A straightened crop: see [`resample::crop`].
    pub fn crop(&self, rect: RectMm, px_per_mm: f64) -> Option<Planes> {
        resample::crop(self.raster, &self.print, rect, px_per_mm)
    }
}

/// What a feature needs to be examined at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needs {
    /// The side, where it matters.
    pub side: Option<Side>,
    /// The light.
    pub light: Light,
    /// Least resolution on the note, scan px/mm.
    pub px_per_mm: f64,
}

/// What was measured in one zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The value; greater is less like a genuine note unless the feature's page says otherwise.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// Where, mm.
    pub zone_mm: RectMm,
}

/// Why a zone could not be examined. Never a low score.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unmeasured {
    /// The scan is too coarse.
    #[error("resolution too low: {have:.1} px/mm, {need:.1} needed: scan at {} dpi", (need * 25.4 / 50.0).ceil() * 50.0)]
    Resolution {
        /// On the note, px/mm.
        have: f64,
        /// px/mm.
        need: f64,
    },
    /// The scan is blurred.
    #[error("the scan is blurred: {0}")]
    Blurred(String),
    /// The scan was compressed too strongly.
    #[error("JPEG too strong: {0}")]
    Compressed(String),
    /// The zone is covered, folded away or beyond the scan.
    #[error("zone covered: {0}")]
    Covered(String),
    /// Nothing to compare with yet.
    #[error("not calibrated: {0}")]
    NotCalibrated(String),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// A security feature.
pub trait Feature: Sync {
    /// Stable name, kebab-case: in `note.toml`, JSON and `explain`.
    fn id(&self) -> &'static str;
    /// What it needs to be examined at all.
    fn needs(&self) -> Needs;
    /// Measures it in a zone.
    ///
    /// # Errors
    /// Why it could not be examined there.
    fn measure(&self, face: &Face<'_>, zone: &Zone) -> Result<Measurement, Unmeasured>;
}
