//! Security features: what is looked for on a straightened side, and what came of it.
//!
//! A feature is one file below `features/`; its doc comment is the page that `explain` prints. A
//! feature measures; what a measurement means is decided by comparing it with genuine notes.

pub mod brightener_white;
pub mod dot_noise;
#[cfg(test)]
pub(crate) mod drawn;
pub mod ink_colour;
pub mod ink_separation;
pub mod line_acuity;
pub mod line_spectrum;
pub mod paper_texture;
pub mod paper_tint;
pub mod print_raster;
pub mod uniformity;

use std::sync::OnceLock;

use crate::condition::Condition;
use crate::note::{Light, RectMm, Side};
use crate::pixels::{Planes, Raster};
use crate::rectify::edges::SettledOutline;
use crate::rectify::homography::Homography;
use crate::rectify::resample;
use crate::reference::Design;
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
    /// See [`Face::condition`]; empty until it is asked for.
    pub condition: OnceLock<Option<Condition>>,
}

impl Face<'_> {
    /// A straightened crop: see [`resample::crop`].
    pub fn crop(&self, rect: RectMm, px_per_mm: f64) -> Option<Planes> {
        resample::crop(self.raster, &self.print, rect, px_per_mm)
    }

    /// The whole side, mm.
    pub fn whole(&self) -> RectMm {
        let size = self.design.size;
        RectMm::from([0.0, 0.0, size.width, size.height])
    }

    /// The scan's own paper, grain and windows of its print, measured once.
    ///
    /// # Errors
    /// [`Unmeasured::Covered`] where no paper is seen.
    pub fn condition(&self) -> Result<&Condition, Unmeasured> {
        self.condition
            .get_or_init(|| Condition::measure(self))
            .as_ref()
            .ok_or_else(|| Unmeasured::Covered("no unprinted paper is seen".to_owned()))
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

/// What came of looking at one zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The zone's id, or a name of the feature's own for what is no single zone.
    pub zone: String,
    /// The measurement, or why there is none.
    pub result: Result<Measurement, Unmeasured>,
}

impl Reading {
    /// A reading of the whole side.
    pub fn side(result: Result<Measurement, Unmeasured>) -> Self {
        Self {
            zone: "side".to_owned(),
            result,
        }
    }
}

/// A security feature.
pub trait Feature: Sync {
    /// Stable name, kebab-case: in `note.toml`, JSON and `explain`.
    fn id(&self) -> &'static str;
    /// What it needs to be examined at all.
    fn needs(&self) -> Needs;
    /// Measures it wherever this side has it, zone by zone, always in the same order. A face that
    /// does not meet [`Feature::needs`] is not handed to it.
    fn measure(&self, face: &Face<'_>) -> Vec<Reading>;
}

/// Every feature, in the order of reports.
pub fn all() -> Vec<&'static dyn Feature> {
    vec![
        &line_acuity::LineAcuity,
        &line_spectrum::LineSpectrum,
        &print_raster::PrintRaster,
        &dot_noise::DotNoise,
        &ink_colour::InkColour,
        &ink_separation::InkSeparation,
        &paper_tint::PaperTint,
        &brightener_white::BrightenerWhite,
        &paper_texture::PaperTexture,
        &uniformity::Uniformity,
    ]
}

/// Measures every feature that applies to this side in this light.
pub fn measure_all(face: &Face<'_>) -> Vec<(&'static str, Vec<Reading>)> {
    all()
        .into_iter()
        .filter(|feature| {
            let needs = feature.needs();
            needs.light == face.light && needs.side.is_none_or(|side| side == face.side)
        })
        .map(|feature| (feature.id(), readings(feature, face)))
        .collect()
}

/// What one feature reads on a side, or that the scan is too coarse for it.
fn readings(feature: &dyn Feature, face: &Face<'_>) -> Vec<Reading> {
    let need = feature.needs().px_per_mm;
    if face.px_per_mm < need {
        return vec![Reading::side(Err(Unmeasured::Resolution {
            have: face.px_per_mm,
            need,
        }))];
    }
    feature.measure(face)
}
