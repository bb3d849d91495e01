//! Security features: what is looked for on a straightened side, and what came of it.
//!
//! A feature is one file below `features/`; its doc comment is the page that `explain` prints. A
//! feature measures; what a measurement means is decided by comparing it with genuine notes.

pub mod brightener_white;
pub mod colour_shift;
pub mod dimensions;
pub mod dot_noise;
#[cfg(test)]
pub(crate) mod drawn;
#[cfg(test)]
pub(crate) mod drawn_prints;
pub mod fine_detail;
pub mod foreign_marks;
pub mod ink_colour;
pub mod ink_separation;
pub mod ir_zones;
pub mod line_acuity;
pub mod line_spectrum;
pub(crate) mod lit;
pub mod microprint;
pub mod optically_variable_ink;
pub mod overprint;
pub mod overprint_register;
pub mod palette;
pub mod paper_texture;
pub mod paper_tint;
pub mod pixel_grid;
pub mod print_raster;
pub mod seams;
pub mod security_thread;
pub mod see_through_register;
pub mod serial_colour;
pub mod serial_district;
pub mod serial_grammar;
pub mod serial_pair;
pub mod serial_position;
pub mod serial_range;
pub mod serial_series;
pub mod serial_typeface;
pub mod uniformity;
pub mod uv_fibres;
pub mod uv_paper;
pub mod uv_print;
pub mod uv_thread;
pub mod value_consistency;
pub mod visible_thread;
pub mod visible_watermark;
pub mod watermark;
pub mod windowed_thread;
pub mod zone_structure;

use std::sync::{Arc, OnceLock};

use crate::compare::align::{Agreement, Part, Shift, agreement};
use crate::compare::evidence::Odd;
use crate::condition::Condition;
use crate::note::{Light, RectMm, Side};
use crate::pixels::{Plane, Planes, Raster};
use crate::rectify::edges::SettledOutline;
use crate::rectify::homography::Homography;
use crate::rectify::resample;
use crate::reference::{Covariates, Design, SecurityFeature, Zone};
use crate::scan::JpegInfo;
use crate::structure::{
    self, Aligned, Colours, LEAST_PX_PER_MM, Overprint, Reduced, Straight, Structure,
};
use crate::wear::{self, Wear};

/// An element of the overprint that agrees less than this with its reference wherever it is looked for is not there: on 74
/// genuine $1 and $2 notes none of 592 agreed less than 0.30.
const LEAST_PRINTED: f32 = 0.25;
/// Places looked at for colour, down and across the note.
const GREY_ROWS: usize = 40;
const GREY_COLUMNS: usize = 80;
/// Share of a place that wear may cover.
const MOST_COVERED: f64 = 0.25;
/// What rounding and compression make of equal channels, levels of 255.
const GREY_WITHIN: f32 = 2.5;

/// One side of a recognised note in one light, ready to be measured.
#[derive(Debug, Clone)]
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
    /// Its structure at 72 dpi, once someone has asked for it: see [`Face::view`].
    pub view: Arc<OnceLock<Result<View, Unmeasured>>>,
    /// See [`Face::condition`]; empty until it is asked for.
    pub condition: Arc<OnceLock<Option<Condition>>>,
    /// How the side looked before the note was turned; of faces in [`Light::Turned`].
    pub before: Option<Exposure<'a>>,
}

/// Another picture of the same side.
#[derive(Debug, Clone)]
pub struct Exposure<'a> {
    /// The scan.
    pub raster: &'a Raster,
    /// From millimetres on the upright side to its pixels.
    pub print: Homography,
}

impl Exposure<'_> {
    /// A straightened crop: see [`resample::small_crop`].
    pub fn small_crop(&self, rect: RectMm, px_per_mm: f64) -> Option<Planes> {
        resample::small_crop(self.raster, &self.print, rect, px_per_mm)
    }
}

/// A side's printed structure beside that of its reference.
#[derive(Debug)]
pub struct View {
    /// From millimetres on the upright side to scan pixels, by the main printing.
    pub print: Homography,
    /// The side, straightened.
    pub straight: Straight,
    /// Moved onto the reference's main printing.
    pub aligned: Aligned,
    /// 1 where the side is to be seen as it was printed, 0 where it is cut off or covered by wear.
    pub open: Plane,
    /// How much each cell tells, main printing.
    pub print_weight: Plane,
    /// The same, stains and strokes of a pen included: for what looks for marks.
    pub shown_weight: Plane,
    /// How much each cell tells, overprint.
    pub overprint_weight: Plane,
    /// The zones with overprint, and where it was found; `None` where the side has none.
    pub overprint: Option<(Vec<String>, Overprint)>,
    /// What use has done to it.
    pub wear: Wear,
}

impl View {
    /// How a zone agrees with its reference where it fits best.
    pub fn agreement(&self, zone: &Zone, structure: &Structure) -> (Agreement, [f64; 2]) {
        let part = structure::part(zone.rect_mm, self.aligned.contrast.dim());
        if let Some((zones, overprint)) = &self.overprint
            && let Some(shift) = zones
                .iter()
                .position(|id| *id == zone.id)
                .and_then(|at| overprint.elements.get(at))
        {
            let by = [shift.dy, shift.dx];
            let found = agreement(
                &self.aligned.contrast,
                &structure.overprint.mean,
                &self.overprint_weight,
                part,
                by,
            );
            return (found, by);
        }
        (self.print_agreement(part, structure), [0.0; 2])
    }

    /// Where overprint stands on genuine notes, and where it was found, mm; nothing of what was not found.
    pub fn overprinted(&self, design: &Design) -> Vec<RectMm> {
        let named = |id: &String| design.zones.iter().find(|zone| zone.id == *id);
        self.overprint
            .iter()
            .flat_map(|(zones, found)| zones.iter().zip(&found.elements))
            .filter(|(_, shift)| shift.agreement >= LEAST_PRINTED)
            .filter_map(|(id, shift)| Some((named(id)?.rect_mm, shift)))
            .flat_map(|(rect, shift)| [rect, rect.moved(shift_mm(shift))])
            .collect()
    }

    /// How a part of the main printing agrees with the reference.
    pub fn print_agreement(&self, part: Part, structure: &Structure) -> Agreement {
        agreement(
            &self.aligned.contrast,
            &structure.print.mean,
            &self.print_weight,
            part,
            [0.0; 2],
        )
    }
}

impl Face<'_> {
    /// The structure that the side is compared with.
    pub fn structure(&self) -> Option<&Structure> {
        self.design.measured.get(&self.side)?.structure.as_ref()
    }

    /// The side's structure, measured when first asked for.
    ///
    /// # Errors
    /// Where there is nothing to compare with, or the scan is too coarse.
    pub fn view(&self) -> Result<(&View, &Structure), Unmeasured> {
        let structure = self.structure().ok_or_else(|| {
            Unmeasured::NotCalibrated(format!(
                "no {} of {} was enrolled at 90 dpi or more",
                self.side, self.design.id
            ))
        })?;
        let view = self.view.get_or_init(|| self.look(structure));
        view.as_ref()
            .map(|view| (view, structure))
            .map_err(Clone::clone)
    }

    fn look(&self, structure: &Structure) -> Result<View, Unmeasured> {
        if self.px_per_mm < LEAST_PX_PER_MM {
            return Err(Unmeasured::Resolution {
                have: self.px_per_mm,
                need: LEAST_PX_PER_MM,
            });
        }
        let size = self.design.size;
        let reduced = Reduced::new(self.raster, self.px_per_mm);
        let sought = structure.main_printing();
        let look = |print: &Homography| {
            let straight = reduced.straighten(print, size, Some(&self.outline.quad));
            let aligned = Aligned::new(&straight, &sought);
            (straight, aligned)
        };
        let mut print = self.print;
        let (mut straight, mut aligned) = look(&print);
        // Overprint that floats far leads the first look astray, by a millimetre at the corners: the main printing
        // says better.
        for _ in 0..2 {
            let Some(better) = aligned.lies(size).map(|map| map.then(&print)) else {
                break;
            };
            let (next, found) = look(&better);
            if found.field.agreement() <= aligned.field.agreement() {
                break;
            }
            (print, straight, aligned) = (better, next, found);
        }
        let overprinted: Vec<&Zone> = self
            .design
            .zones
            .iter()
            .filter(|zone| zone.overprints(self.side))
            .collect();
        let overprint = (!overprinted.is_empty()).then(|| {
            let parts: Vec<Part> = overprinted
                .iter()
                .map(|zone| structure::part(zone.rect_mm, aligned.contrast.dim()))
                .collect();
            let found = structure::find_overprint(&aligned.contrast, &structure.sought(), &parts);
            (
                overprinted
                    .iter()
                    .map(|z| z.id.clone())
                    .collect::<Vec<String>>(),
                found,
            )
        });
        let excused = excused(&overprinted, overprint.as_ref(), aligned.contrast.dim());
        let bed = wear::bed_colour(self.raster, &self.outline, self.px_per_mm);
        let colours = Colours::new(self.raster, &print, self.px_per_mm);
        let wear = wear::measure(&straight, colours, &aligned, structure, &excused, bed);
        let open = &aligned.seen * &wear.covered.mapv(|c| 1.0 - c);
        let print_weight = structure::weight(&structure.print, &open);
        let overprint_weight = structure::weight(&structure.overprint, &open);
        let shown = &aligned.seen * &wear.hidden.mapv(|h| 1.0 - h);
        let shown_weight = structure::weight(&structure.print, &shown);
        Ok(View {
            print,
            wear,
            open,
            shown_weight,
            straight,
            aligned,
            print_weight,
            overprint_weight,
            overprint,
        })
    }

    /// A straightened crop: see [`resample::crop`].
    pub fn crop(&self, rect: RectMm, px_per_mm: f64) -> Option<Planes> {
        resample::crop(self.raster, self.lies(), rect, px_per_mm)
    }

    /// A straightened crop of few pixels: see [`resample::small_crop`].
    pub fn small_crop(&self, rect: RectMm, px_per_mm: f64) -> Option<Planes> {
        resample::small_crop(self.raster, self.lies(), rect, px_per_mm)
    }

    /// From millimetres on the upright side, as the print lies, to scan pixels: by the main printing where that was
    /// looked for.
    pub fn lies(&self) -> &Homography {
        let by_day = self.light.by_day();
        let seen = by_day.then(|| self.view().ok()).flatten();
        seen.map_or(&self.print, |(view, _)| &view.print)
    }

    /// Whether a place can be looked at: it lies in the scan, as in the one before the note was turned, and wear leaves
    /// most of it open.
    ///
    /// # Errors
    /// [`Unmeasured::Covered`].
    pub fn open(&self, rect: RectMm) -> Result<(), Unmeasured> {
        let before = self.before.as_ref().map(|b| (b.raster, &b.print));
        let mut scans = before.into_iter().chain([(self.raster, self.lies())]);
        if !scans.all(|(raster, print)| holds(raster, print, rect)) {
            return Err(Unmeasured::Covered("it lies beyond the scan".to_owned()));
        }
        let wear = self.view().ok().map(|(view, _)| &view.wear);
        if wear.is_some_and(|wear| wear.covered_share(rect) > MOST_COVERED) {
            return Err(Unmeasured::Covered("wear covers it".to_owned()));
        }
        Ok(())
    }

    /// The whole side, mm.
    pub fn whole(&self) -> RectMm {
        let size = self.design.size;
        RectMm::from([0.0, 0.0, size.width, size.height])
    }

    /// Whether the scan has colours: in shades of grey no pixel of a note has any, in colour the paper alone
    /// has a tint or noise.
    pub fn coloured(&self) -> bool {
        let size = self.design.size;
        (0..GREY_ROWS * GREY_COLUMNS).any(|at| {
            let place = [
                size.width * ((at % GREY_COLUMNS) as f64 + 0.5) / GREY_COLUMNS as f64,
                size.height * ((at / GREY_COLUMNS) as f64 + 0.5) / GREY_ROWS as f64,
            ];
            let [x, y] = self.print.apply(place);
            let inside = x >= 0.0 && y >= 0.0;
            let colour = inside.then(|| self.raster.get(x as usize, y as usize));
            colour
                .flatten()
                .is_some_and(|[r, g, b]| (r - g).abs().max((g - b).abs()) > GREY_WITHIN)
        })
    }

    /// What is known of the scan itself that readings depend on, as far as it is known.
    pub fn covariates(&self) -> Covariates {
        let [along, down] = match self.light {
            Light::Visible => self.condition().map_or([None; 2], |c| c.edge_widths),
            _ => [None; 2],
        };
        [along, down, Some(self.px_per_mm)].map(|v| v.map_or(f64::NAN, f64::ln))
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

/// Whether all of a place lies within a scan.
fn holds(raster: &Raster, print: &Homography, rect: RectMm) -> bool {
    let (right, below) = (rect.x + rect.width, rect.y + rect.height);
    let corners = [
        [rect.x, rect.y],
        [right, rect.y],
        [right, below],
        [rect.x, below],
    ];
    let (width, height) = (raster.width() as f64, raster.height() as f64);
    corners.into_iter().all(|corner| {
        let [x, y] = print.apply(corner);
        (0.0..=width).contains(&x) && (0.0..=height).contains(&y)
    })
}

/// How far something lies to the right and down, mm.
fn shift_mm(shift: &Shift) -> [f64; 2] {
    [shift.dx, shift.dy].map(|cells| cells / structure::CELLS_PER_MM)
}

/// 1 where overprint was found, with a millimetre around it.
fn excused(
    zones: &[&Zone],
    overprint: Option<&(Vec<String>, Overprint)>,
    shape: (usize, usize),
) -> Plane {
    let mut out = Plane::zeros(shape);
    for (zone, shift) in zones
        .iter()
        .zip(overprint.iter().flat_map(|o| &o.1.elements))
    {
        let moved = zone.rect_mm.moved(shift_mm(shift));
        let part = structure::part(moved.grown(1.0), shape);
        for row in part.top..part.top + part.rows {
            for column in part.left..part.left + part.columns {
                out[[row, column]] = 1.0;
            }
        }
    }
    out
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
    /// Whether it looks at colours.
    pub colour: bool,
}

impl Needs {
    /// Either side by day and in colour, at least at so many scan px/mm.
    pub const fn in_colour(px_per_mm: f64) -> Self {
        Self {
            colour: true,
            ..Self::by_day(px_per_mm)
        }
    }

    /// Either side by day, at least at so many scan px/mm.
    pub const fn by_day(px_per_mm: f64) -> Self {
        Self {
            side: None,
            light: Light::Visible,
            px_per_mm,
            colour: false,
        }
    }
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
    /// The scan is in shades of grey.
    #[error("scanned without colour: scan the note in colour")]
    Colourless,
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

/// What takes fine detail from a scan, though a copier may have, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blur {
    /// The scanner's noise reduction, everywhere: a median filter and the like.
    Smoothing,
    /// Parts of the note stood off the glass.
    Defocus,
}

/// A security feature.
pub trait Feature: Sync {
    /// Stable name, kebab-case: in `note.toml`, JSON and `explain`.
    fn id(&self) -> &'static str;
    /// What it needs to be examined at all.
    fn needs(&self) -> Needs;
    /// Measures it wherever this side has it, zone by zone, always in the same order. A face that
    /// does not meet [`Feature::needs`] is not handed to it.
    ///
    /// # Errors
    /// Why the side as a whole cannot be examined.
    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured>;
    /// Which way a reading is unlike genuine ones.
    fn odd(&self, _zone: &str) -> Odd {
        Odd::Above
    }
    /// Differences smaller than this mean nothing, in the unit of the readings: what the measurement
    /// itself can tell apart.
    fn least_spread(&self) -> f64;
    /// Whether a stain, a fold or a stroke of a pen can push a reading far. What only a press or a paper mill decides
    /// has no such accidents: its tail may fall off as that of a normal distribution does.
    fn accidents(&self) -> bool {
        true
    }
    /// The kind of `[[feature]]` in `note.toml` that it looks for: it is looked for on designs that have
    /// one in its light. None where every design has it.
    fn kind(&self) -> Option<&'static str> {
        None
    }
    /// Why a genuine note may deviate all the same: then a deviation alone makes no note suspect.
    fn excuse(&self) -> Option<&'static str> {
        None
    }
    /// The same where this one place of it deviates and the others do not.
    fn excuse_at(&self, _place: &str) -> Option<&'static str> {
        self.excuse()
    }
    /// Whether readings of a place come from scans too coarse to tell a copy from a camera's doing: they make a note
    /// unclear at most, at a level of their own.
    fn stands_in(&self, _place: &str) -> bool {
        false
    }
    /// Whether it has that level too, in scans in which another stands in: it is all that such a scan shows of the inks.
    fn left_in_coarse_scans(&self) -> bool {
        false
    }
    /// Whether fine detail that a scan lost this way changes it as a copy does.
    fn lost_to(&self, _blur: Blur) -> bool {
        false
    }
    /// What a reading is expected to be where no notes were enrolled, if that is published and vouched
    /// for.
    fn published<'d>(
        &self,
        _design: &'d Design,
        _side: Side,
        _zone: &str,
    ) -> Option<Published<'d>> {
        None
    }
}

/// A coarse range that a published fact gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published<'d> {
    /// Least and greatest reading that agree.
    pub range: [f64; 2],
    /// Who says so.
    pub source: &'d str,
    /// Why a genuine note may read something else all the same, until notes are enrolled.
    pub excuse: Option<&'static str>,
}

impl<'d> Published<'d> {
    /// What a fact gives; `None` where nobody vouches for it.
    pub fn of(fact: &'d SecurityFeature, range: [f64; 2]) -> Option<Self> {
        let source = fact.source.as_deref().filter(|_| !fact.unverified)?;
        Some(Self {
            range,
            source,
            excuse: None,
        })
    }
}

/// Whether a design has what a feature looks for.
pub fn concerns(feature: &dyn Feature, design: &Design) -> bool {
    let light = feature.needs().light.of_facts();
    feature.kind().is_none_or(|kind| {
        design
            .features
            .iter()
            .any(|fact| fact.kind == kind && fact.light == Some(light))
    })
}

/// Every feature, in the order of reports.
pub fn all() -> Vec<&'static dyn Feature> {
    vec![
        &dimensions::Dimensions,
        &zone_structure::ZoneStructure,
        &value_consistency::ValueConsistency,
        &overprint_register::OverprintRegister,
        &seams::Seams,
        &foreign_marks::ForeignMarks,
        &visible_thread::VisibleThread,
        &visible_watermark::VisibleWatermark,
        &line_acuity::LineAcuity,
        &line_spectrum::LineSpectrum,
        &microprint::Microprint,
        &print_raster::PrintRaster,
        &pixel_grid::PixelGrid,
        &dot_noise::DotNoise,
        &fine_detail::FineDetail,
        &ink_colour::InkColour,
        &palette::Palette,
        &ink_separation::InkSeparation,
        &optically_variable_ink::OpticallyVariableInk,
        &windowed_thread::WindowedThread,
        &colour_shift::ColourShift,
        &paper_tint::PaperTint,
        &brightener_white::BrightenerWhite,
        &paper_texture::PaperTexture,
        &uniformity::Uniformity,
        &uv_paper::UvPaper,
        &uv_thread::UvThread,
        &uv_print::UvPrint,
        &uv_fibres::UvFibres,
        &ir_zones::IrZones,
        &watermark::Watermark,
        &security_thread::SecurityThread,
        &see_through_register::SeeThroughRegister,
    ]
}

/// The feature of this name.
pub fn named(id: &str) -> Option<&'static dyn Feature> {
    all().into_iter().find(|feature| feature.id() == id)
}

/// Measures every feature that applies to this side in this light.
pub fn measure_all(face: &Face<'_>) -> Vec<(&'static str, Vec<Reading>)> {
    all()
        .into_iter()
        .filter(|feature| {
            let needs = feature.needs();
            needs.light == face.light
                && needs.side.is_none_or(|side| side == face.side)
                && concerns(*feature, face.design)
        })
        .map(|feature| (feature.id(), readings(feature, face)))
        .collect()
}

/// What one feature reads on a side, or that the scan is too coarse for it.
pub(crate) fn readings(feature: &dyn Feature, face: &Face<'_>) -> Vec<Reading> {
    let need = feature.needs().px_per_mm;
    if face.px_per_mm < need {
        return vec![Reading::side(Err(Unmeasured::Resolution {
            have: face.px_per_mm,
            need,
        }))];
    }
    if feature.needs().colour && !face.coloured() {
        return vec![Reading::side(Err(Unmeasured::Colourless))];
    }
    feature
        .measure(face)
        .unwrap_or_else(|why| vec![Reading::side(Err(why))])
}
