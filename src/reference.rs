//! Reference notes: what is known of each design, loaded from `note.toml` and measured `.npz` files,
//! validated, and kept ready for the stages that compare with it.
//!
//! The format is described in `reference-notes/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Cursor};
use std::ops::RangeInclusive;
use std::path::Path;

use ndarray::{Array, Array1, Array2, Dimension, arr2};
use ndarray_npy::{NpzReader, ReadNpzError, ReadableElement};
use serde::{Deserialize, Serialize};

use crate::compare::align::Expected;
use crate::compare::tiles;
use crate::note::{Currency, Light, RectMm, Side, SizeMm, VocabularyError};
use crate::pixels::Planes;
use crate::serial::marks::glyphs::Glyphs;
use crate::serial::rules::{self, Rules};
use crate::serial::typeface::Typeface;
use crate::structure::{self, ExpectedDetail, Structure};

/// Rows of a layout plane: cells down the note's height.
pub const LAYOUT_ROWS: usize = 56;
/// Columns of a layout plane: cells along the note's width.
pub const LAYOUT_COLUMNS: usize = 128;

static BUILT_IN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/reference_notes.rs"));

/// Why a reference note could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// A file or folder could not be read.
    #[error("{file}: cannot be read ({reason}): check that it exists and may be read")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// A file is not of the format.
    #[error("{file}: {key}: {reason}")]
    Invalid {
        /// Which file.
        file: String,
        /// Which key, or the line where the text is no TOML.
        key: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A folder holds no reference note.
    #[error("{0}: holds no reference note: expected <currency>/<value>-<year>/note.toml below it")]
    Empty(String),
    /// No design has this id.
    #[error("no reference note is called {0:?}: `guilloche references list` shows all")]
    Unknown(String),
}

/// The printing process of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Process {
    /// Engraved, raised print.
    Intaglio,
    /// Flat background print.
    Offset,
    /// Serial numbers and seals.
    Letterpress,
    /// Screen print, as of optically variable ink.
    Screen,
    /// Unprinted paper.
    Paper,
}

/// What is false is not written.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

/// A place on a side that is examined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Stable name, kebab-case, unique on its side.
    pub id: String,
    /// The side it is on.
    pub side: Side,
    /// Where it is, mm.
    pub rect_mm: RectMm,
    /// How it is printed.
    pub print: Process,
    /// The value it states, as the note's denomination is written.
    #[serde(default)]
    pub value: Option<String>,
    /// The features looked for here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examine: Vec<String>,
    /// Who says so; `measured` for what was measured on genuine scans.
    #[serde(default)]
    pub source: Option<String>,
    /// True where nobody vouches for it: such a fact can never fail a note.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unverified: bool,
}

impl Zone {
    /// Whether it is overprint on a side: numbers and seals, printed last, whose place floats.
    pub fn overprints(&self, side: Side) -> bool {
        self.side == side && self.print == Process::Letterpress
    }
}

/// A security feature that an edition has, or must not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityFeature {
    /// What it is: security-thread, watermark, optically-variable-ink, …
    pub kind: String,
    /// The side it shows on; none where it is in the paper.
    #[serde(default)]
    pub side: Option<Side>,
    /// The light it shows in.
    #[serde(default)]
    pub light: Option<Light>,
    /// Where it is, mm.
    #[serde(default)]
    pub rect_mm: Option<RectMm>,
    /// Colours it shows: sRGB hex, or names where only those are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub colours: Vec<String>,
    /// What it says.
    #[serde(default)]
    pub text: Option<String>,
    /// What it pictures.
    #[serde(default)]
    pub motif: Option<String>,
    /// The first series or year of printing that has it, where older notes of the design do not:
    /// without that read off the note, its absence says nothing.
    #[serde(default)]
    pub from_series: Option<String>,
    /// What a genuine note shows, in one sentence.
    pub expect: String,
    /// Who says so.
    #[serde(default)]
    pub source: Option<String>,
    /// True where nobody vouches for it: such a fact can never fail a note.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unverified: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SizeFact {
    width: f64,
    height: f64,
    #[serde(default)]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    unverified: bool,
}

/// `note.toml` as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteFile {
    id: String,
    name: String,
    currency: Currency,
    denomination: String,
    edition: String,
    serial: Option<String>,
    size_mm: SizeFact,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    zone: Vec<Zone>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    feature: Vec<SecurityFeature>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    absent: Vec<SecurityFeature>,
}

impl NoteFile {
    fn of(design: &Design) -> Self {
        Self {
            id: design.id.clone(),
            name: design.name.clone(),
            currency: design.currency.clone(),
            denomination: design.denomination.clone(),
            edition: design.edition.clone(),
            serial: design.serial.clone(),
            size_mm: SizeFact {
                width: design.size.width,
                height: design.size.height,
                source: design.size_source.clone(),
                unverified: design.size_source.is_none(),
            },
            zone: design.zones.clone(),
            feature: design.features.clone(),
            absent: design.absent.clone(),
        }
    }
}

/// How the measurements of one side came about: one table of `measured.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// Genuine notes measured; 0 where a picture only shows the layout.
    pub notes: usize,
    /// What the scans were made with, in the enroller's words.
    pub scanner: String,
    /// The day of enrolment, YYYY-MM-DD.
    pub date: String,
    /// Median resolution of the scans, px/mm.
    pub px_per_mm: f64,
    /// True where the layout is from pictures that are too poor to judge a note by.
    pub layout_only: bool,
}

/// What was measured on one side.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredSide {
    /// How it came about.
    pub enrolment: Enrolment,
    /// Normalised local contrast of the printed layout, averaged over the enrolled notes:
    /// [`LAYOUT_ROWS`] × [`LAYOUT_COLUMNS`] (at most 28 dpi on any note).
    pub layout: Array2<f32>,
    /// The printed structure at 72 dpi; none where only pictures or coarse scans were there.
    pub structure: Option<Structure>,
    /// What the features read on the enrolled notes; none where they were not measured.
    pub readings: Option<Readings>,
    /// What was measured in other lights.
    pub lights: BTreeMap<Light, MeasuredLight>,
}

/// What was measured on one side in a light other than daylight: `<side>-<light>.npz`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeasuredLight {
    /// What the features read.
    pub readings: Readings,
    /// By kind of feature, at 72 dpi: the mean logarithm of the light that comes through its place, or of what daylight
    /// shows there of this side's part. Planes × rows × columns.
    pub motifs: BTreeMap<String, Planes>,
}

/// What the name of a motif in an archive begins with.
const MOTIF: &str = "motif-";

impl MeasuredLight {
    /// As an archive: the arrays of [`Readings::to_npz`], and `motif-<kind>`.
    ///
    /// # Errors
    /// When the archive cannot be made.
    pub fn to_npz(&self) -> Result<Vec<u8>, ndarray_npy::WriteNpzError> {
        let mut bytes = Cursor::new(Vec::new());
        let mut npz = ndarray_npy::NpzWriter::new_compressed(&mut bytes);
        self.readings.add_to(&mut npz)?;
        for (kind, motif) in &self.motifs {
            npz.add_array(format!("{MOTIF}{kind}"), motif)?;
        }
        npz.finish()?;
        Ok(bytes.into_inner())
    }

    fn from_npz(name: &str, bytes: &[u8]) -> Result<Self, ReferenceError> {
        let broken = |key: &str, why: &str| invalid(name, key, &format!("{why}: enrol it again"));
        let readings = Readings::from_npz(name, bytes)?;
        let mut npz = ndarray_npy::NpzReader::new(Cursor::new(bytes))
            .map_err(|e| broken("archive", &format!("is no .npz file ({e})")))?;
        let names = npz.names().map_err(|e| broken("archive", &e.to_string()))?;
        let mut motifs = BTreeMap::new();
        for key in names {
            let key = key.trim_end_matches(".npy");
            let Some(kind) = key.strip_prefix(MOTIF) else {
                continue;
            };
            let motif: Planes = npz.by_name(key).map_err(|e| broken(key, &e.to_string()))?;
            if motif.is_empty() || motif.iter().any(|v| !v.is_finite()) {
                return Err(broken(key, "holds no picture"));
            }
            motifs.insert(kind.to_owned(), motif);
        }
        Ok(Self { readings, motifs })
    }
}

/// How a genuine note was shown when it was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it was scanned.
    AsScanned,
    /// As a scanner about as sharp would have shown it.
    Alike,
    /// As a softer or sharper scanner would have.
    SofterOrSharper,
}

impl Shown {
    const ALL: [Self; 3] = [Self::AsScanned, Self::Alike, Self::SofterOrSharper];
}

/// How many covariates there are: the natural logarithms of how wide edges of ink are along the note and down
/// it, px (not known in other lights than day's), and of the resolution, px/mm.
pub const COVARIATES: usize = 3;
/// The covariates of a scan: what its readings depend on besides the note. NaN where one is not known.
pub type Covariates = [f64; COVARIATES];

/// What the features read on genuine notes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readings {
    /// Which note each scan is of; a note has several where it was also measured as other scanners
    /// would have shown it.
    pub notes: Vec<usize>,
    /// How each scan shows its note.
    pub shown: Vec<Shown>,
    /// Which scanner each scan was made with, in the order in which scanners were enrolled; a scan as another would have
    /// shown it counts to the one it was made with.
    pub scanners: Vec<usize>,
    /// What is known of each scan that its readings depend on.
    pub covariates: Vec<Covariates>,
    /// By feature and zone, one value a scan; NaN where the zone was not examined.
    pub values: BTreeMap<String, BTreeMap<String, Vec<f32>>>,
}

impl Readings {
    /// How many notes were measured.
    pub fn count(&self) -> usize {
        self.notes.iter().collect::<BTreeSet<_>>().len()
    }

    /// Adds the readings of further notes, none of which is among these, all made with one scanner.
    pub fn append(&mut self, more: &Self, scanner: usize) {
        let (rows, added) = (self.notes.len(), more.notes.len());
        let first = self.notes.iter().max().map_or(0, |last| last + 1);
        self.notes
            .extend(more.notes.iter().map(|note| first + note));
        self.scanners.resize(rows + added, scanner);
        self.shown.extend(&more.shown);
        self.covariates.extend(&more.covariates);
        for (feature, zones) in &more.values {
            let own = self.values.entry(feature.clone()).or_default();
            for (zone, values) in zones {
                let own = own.entry(zone.clone()).or_default();
                own.resize(rows, f32::NAN);
                own.extend(values);
            }
        }
        for values in self.values.values_mut().flat_map(BTreeMap::values_mut) {
            values.resize(rows + added, f32::NAN);
        }
    }

    /// As an archive of arrays named `<feature>/<zone>`, and `notes`, `scanners`, `shown` and
    /// `covariates`.
    ///
    /// # Errors
    /// When the archive cannot be made.
    pub fn to_npz(&self) -> Result<Vec<u8>, ndarray_npy::WriteNpzError> {
        let mut bytes = Cursor::new(Vec::new());
        let mut npz = ndarray_npy::NpzWriter::new_compressed(&mut bytes);
        self.add_to(&mut npz)?;
        npz.finish()?;
        Ok(bytes.into_inner())
    }

    fn add_to<W: io::Write + io::Seek>(
        &self,
        npz: &mut ndarray_npy::NpzWriter<W>,
    ) -> Result<(), ndarray_npy::WriteNpzError> {
        let notes: Vec<u32> = self.notes.iter().map(|n| *n as u32).collect();
        npz.add_array("notes", &Array1::from(notes))?;
        let scanners: Vec<u32> = self.scanners.iter().map(|n| *n as u32).collect();
        npz.add_array("scanners", &Array1::from(scanners))?;
        let shown: Vec<u8> = self.shown.iter().map(|shown| *shown as u8).collect();
        npz.add_array("shown", &Array1::from(shown))?;
        npz.add_array("covariates", &arr2(&self.covariates))?;
        for (feature, zones) in &self.values {
            for (zone, values) in zones {
                npz.add_array(format!("{feature}/{zone}"), &Array1::from(values.clone()))?;
            }
        }
        Ok(())
    }

    fn from_npz(name: &str, bytes: &[u8]) -> Result<Self, ReferenceError> {
        let broken = |key: &str, why: &str| invalid(name, key, &format!("{why}: enrol it again"));
        let mut npz = ndarray_npy::NpzReader::new(Cursor::new(bytes))
            .map_err(|e| broken("archive", &format!("is no .npz file ({e})")))?;
        let names = npz.names().map_err(|e| broken("archive", &e.to_string()))?;
        let notes: Array1<u32> = npz
            .by_name("notes")
            .map_err(|e| broken("notes", &e.to_string()))?;
        // One scanner where nothing is said of others.
        let scanners: Array1<u32> = optional(&mut npz, "scanners")
            .map_err(|e| broken("scanners", &e.to_string()))?
            .unwrap_or_else(|| Array1::zeros(notes.len()));
        if scanners.len() != notes.len() {
            return Err(broken("scanners", "has not one value a scan"));
        }
        let kept: Option<Array1<u8>> =
            optional(&mut npz, "shown").map_err(|e| broken("shown", &e.to_string()))?;
        let shown = match kept {
            Some(kept) => kept
                .iter()
                .map(|v| Shown::ALL.get(usize::from(*v)).copied())
                .collect::<Option<Vec<Shown>>>()
                .filter(|shown| shown.len() == notes.len())
                .ok_or_else(|| broken("shown", "has not one known value a scan"))?,
            // Reference notes of before held each note first as it was scanned, then as scanners about as sharp would
            // have shown it.
            None => (0..notes.len())
                .map(|row| match row.checked_sub(1).and_then(|r| notes.get(r)) {
                    Some(before) if notes.get(row) == Some(before) => Shown::Alike,
                    _ => Shown::AsScanned,
                })
                .collect(),
        };
        // And they held no covariates.
        let covariates: Array2<f64> = optional(&mut npz, "covariates")
            .map_err(|e| broken("covariates", &e.to_string()))?
            .unwrap_or_else(|| Array2::from_elem((notes.len(), COVARIATES), f64::NAN));
        if covariates.dim() != (notes.len(), COVARIATES) {
            return Err(broken("covariates", "has not the right values a scan"));
        }
        let mut readings = Self {
            shown,
            covariates: covariates
                .rows()
                .into_iter()
                .map(|row| std::array::from_fn(|at| row[at]))
                .collect(),
            notes: notes.iter().map(|n| *n as usize).collect(),
            scanners: scanners.iter().map(|n: &u32| *n as usize).collect(),
            values: BTreeMap::new(),
        };
        for key in names {
            let Some((feature, zone)) = key.split_once('/') else {
                continue;
            };
            let values: Array1<f32> = npz
                .by_name(&key)
                .map_err(|e| broken(&key, &e.to_string()))?;
            if values.len() != readings.notes.len() {
                return Err(broken(&key, "has not one value a scan"));
            }
            readings
                .values
                .entry(feature.to_owned())
                .or_default()
                .insert(zone.to_owned(), values.to_vec());
        }
        Ok(readings)
    }
}

/// How much is known of a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Only what is published.
    Facts,
    /// Also what the layout looks like.
    Layout,
    /// Genuine notes were measured.
    Measured,
}

/// A design: one reference note.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// `usd-1-1963`.
    pub id: String,
    /// One line for people.
    pub name: String,
    /// Currency.
    pub currency: Currency,
    /// Value as printed on the note.
    pub denomination: String,
    /// The year that names the design.
    pub edition: String,
    /// The style of its serial number in the currency's `series.toml`.
    pub serial: Option<String>,
    /// Nominal size.
    pub size: SizeMm,
    /// Who vouches for the size; `None` where it is unverified.
    pub size_source: Option<String>,
    /// Places that are examined.
    pub zones: Vec<Zone>,
    /// What the edition has.
    pub features: Vec<SecurityFeature>,
    /// What it must not have.
    pub absent: Vec<SecurityFeature>,
    /// What was measured, by side.
    pub measured: BTreeMap<Side, MeasuredSide>,
}

/// Who says how large a note is that nobody described.
const STATED_SIZE: &str = "stated when it was enrolled";

impl Design {
    /// A design of which nothing is known but its size; `id` as `XTS-10-2024`.
    ///
    /// # Errors
    /// When the id or the size breaks a rule of `note.toml`.
    pub fn undescribed(id: &str, size: SizeMm) -> Result<Self, ReferenceError> {
        let mut parts = id.splitn(3, '-');
        let (Some(currency), Some(denomination), Some(edition)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid(
                "--new",
                id,
                "write CURRENCY-VALUE-YEAR, as XTS-10-2024",
            ));
        };
        let currency: Currency = currency
            .to_uppercase()
            .parse()
            .map_err(|e: VocabularyError| invalid("--new", "currency", &e.to_string()))?;
        let edition = edition.to_lowercase();
        let design = Self {
            id: format!(
                "{}-{denomination}-{edition}",
                currency.to_string().to_lowercase()
            ),
            name: format!("{currency} {denomination} ({edition}), described by its scans"),
            currency,
            denomination: denomination.to_owned(),
            edition,
            serial: None,
            size,
            size_source: Some(STATED_SIZE.to_owned()),
            zones: Vec::new(),
            features: Vec::new(),
            absent: Vec::new(),
            measured: BTreeMap::new(),
        };
        let file = NoteFile::of(&design);
        validate("--new", &format!("{}/", design.folder()), &file)?;
        Ok(design)
    }

    /// The folder of its reference note: `xts/10-2024`.
    pub fn folder(&self) -> String {
        let currency = self.currency.to_string().to_lowercase();
        format!("{currency}/{}-{}", self.denomination, self.edition)
    }

    /// The `note.toml` of a design made by [`Design::undescribed`], with the zones and features that were
    /// found since.
    ///
    /// # Errors
    /// When it cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(&NoteFile::of(self))
    }

    /// How much is known: the best of its sides.
    pub fn level(&self) -> Level {
        self.measured
            .values()
            .map(|side| {
                if side.enrolment.layout_only {
                    Level::Layout
                } else {
                    Level::Measured
                }
            })
            .max()
            .unwrap_or(Level::Facts)
    }
}

/// All reference notes in use.
#[derive(Debug, Clone, Default)]
pub struct Library {
    designs: Vec<Design>,
    rules: BTreeMap<Currency, Rules>,
    typefaces: BTreeMap<(Currency, String), Typeface>,
    small_print: BTreeMap<(Currency, String), Glyphs>,
}

impl Library {
    /// The reference notes that the program carries.
    ///
    /// # Errors
    /// When one of them breaks a rule of the format.
    pub fn built_in() -> Result<Self, ReferenceError> {
        let files = BUILT_IN
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
            .collect();
        Self::from_files(&files)
    }

    /// The text of a built-in `note.toml`, for a folder in which the design is enrolled anew.
    pub fn built_in_note(id: &str) -> Option<&'static [u8]> {
        let (currency, design) = id.split_once('-')?;
        let wanted = format!("{currency}/{design}/note.toml");
        let (_, bytes) = BUILT_IN.iter().find(|(name, _)| *name == wanted)?;
        Some(bytes)
    }

    /// The reference notes below a folder laid out as `reference-notes/` is.
    ///
    /// # Errors
    /// When the folder cannot be read, holds none, or one breaks a rule of the format.
    pub fn load(folder: &Path) -> Result<Self, ReferenceError> {
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|e| ReferenceError::Unreadable {
                file: folder.display().to_string(),
                // The file is named already.
                reason: e
                    .io_error()
                    .map_or_else(|| e.to_string(), ToString::to_string),
            })?;
            let path = entry.path();
            if entry.file_type().is_file()
                && path.extension().is_some_and(|e| e == "toml" || e == "npz")
            {
                let bytes = fs::read(path).map_err(|e| ReferenceError::Unreadable {
                    file: path.display().to_string(),
                    reason: e.to_string(),
                })?;
                files.insert(path.display().to_string().replace('\\', "/"), bytes);
            }
        }
        let library = Self::from_files(&files)?;
        if library.designs.is_empty()
            && library.rules.is_empty()
            && library.typefaces.is_empty()
            && library.small_print.is_empty()
        {
            return Err(ReferenceError::Empty(folder.display().to_string()));
        }
        Ok(library)
    }

    fn from_files(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, ReferenceError> {
        let mut designs: Vec<Design> = Vec::new();
        let mut rules = BTreeMap::new();
        let mut typefaces = BTreeMap::new();
        let mut small_print = BTreeMap::new();
        for (name, bytes) in files {
            if name.ends_with("series.toml") {
                let read = read_rules(name, bytes)?;
                rules.insert(read.currency.clone(), read);
            } else if let Some((currency, id)) = learned_name(name, "glyphs-") {
                let face =
                    Typeface::read(bytes).map_err(|e| invalid(name, "glyphs", &e.to_string()))?;
                typefaces.insert((currency, id), face);
            } else if let Some((currency, id)) = learned_name(name, "marks-") {
                let glyphs =
                    Glyphs::read(bytes).map_err(|e| invalid(name, "glyphs", &e.to_string()))?;
                small_print.insert((currency, id), glyphs);
            }
            let Some(folder) = name.strip_suffix("note.toml") else {
                continue;
            };
            let design = read_design(folder, name, bytes, files)?;
            if designs.iter().any(|other| other.id == design.id) {
                return Err(invalid(
                    name,
                    "id",
                    &format!("{:?} is there twice", design.id),
                ));
            }
            designs.push(design);
        }
        designs.sort_by(|a, b| a.id.cmp(&b.id));
        let mut library = Self {
            designs,
            rules,
            typefaces,
            small_print,
        };
        library.tell_rules();
        Ok(library)
    }

    /// Tells every currency's rules which designs there are.
    fn tell_rules(&mut self) {
        for (currency, rules) in &mut self.rules {
            let designs = self.designs.iter().filter(|d| d.currency == *currency);
            let told = designs.filter_map(|design| {
                Some(rules::Design {
                    id: design.id.clone(),
                    denomination: design.denomination.clone(),
                    style: design.serial.clone()?,
                })
            });
            rules.set_designs(told);
        }
    }

    /// What holds for a currency.
    pub fn rules(&self, currency: &Currency) -> Option<&Rules> {
        self.rules.get(currency)
    }

    /// What was learned of a typeface of a currency.
    pub fn typeface(&self, currency: &Currency, id: &str) -> Option<&Typeface> {
        self.typefaces.get(&(currency.clone(), id.to_owned()))
    }

    /// What was learned of a typeface of small print of a currency.
    pub fn small_print(&self, currency: &Currency, id: &str) -> Option<&Glyphs> {
        self.small_print.get(&(currency.clone(), id.to_owned()))
    }

    /// These reference notes with others added; one with the same id replaces what was there, as do the rules of a
    /// currency and the glyphs of a typeface.
    pub fn overlaid(mut self, others: Self) -> Self {
        self.rules.extend(others.rules);
        self.typefaces.extend(others.typefaces);
        self.small_print.extend(others.small_print);
        for design in others.designs {
            self.designs.retain(|old| old.id != design.id);
            self.designs.push(design);
        }
        self.designs.sort_by(|a, b| a.id.cmp(&b.id));
        self.tell_rules();
        self
    }

    /// With another set of glyphs for a typeface of a currency.
    pub fn with_typeface(mut self, currency: Currency, id: String, face: Typeface) -> Self {
        self.typefaces.insert((currency, id), face);
        self
    }

    /// A library of one design.
    pub fn of(design: Design) -> Self {
        Self {
            designs: vec![design],
            ..Self::default()
        }
    }

    /// Every design, by id.
    pub fn designs(&self) -> &[Design] {
        &self.designs
    }

    /// The design with this id.
    ///
    /// # Errors
    /// When there is none.
    pub fn design(&self, id: &str) -> Result<&Design, ReferenceError> {
        self.designs
            .iter()
            .find(|design| design.id == id)
            .ok_or_else(|| ReferenceError::Unknown(id.to_owned()))
    }
}

/// An array that an archive need not hold.
fn optional<A: ReadableElement, D: Dimension>(
    npz: &mut NpzReader<Cursor<&[u8]>>,
    key: &str,
) -> Result<Option<Array<A, D>>, ReadNpzError> {
    let held = npz.names()?.iter().any(|name| name == key);
    held.then(|| npz.by_name(key)).transpose()
}

fn invalid(file: &str, key: &str, reason: &str) -> ReferenceError {
    ReferenceError::Invalid {
        file: file.to_owned(),
        key: key.to_owned(),
        reason: reason.to_owned(),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(name: &str, bytes: &[u8]) -> Result<T, ReferenceError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| invalid(name, "text", "is not UTF-8: save it as UTF-8"))?;
    toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(1, |span| {
            text.bytes()
                .take(span.start)
                .filter(|b| *b == b'\n')
                .count()
                + 1
        });
        invalid(name, &format!("line {line}"), e.message())
    })
}

fn read_rules(name: &str, bytes: &[u8]) -> Result<Rules, ReferenceError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| invalid(name, "text", "is not UTF-8: save it as UTF-8"))?;
    Rules::from_toml("rules", text).map_err(|e| invalid(name, "series", &e.to_string()))
}

/// Currency and id of a file `<currency>/<kind><id>.npz`.
fn learned_name(path: &str, kind: &str) -> Option<(Currency, String)> {
    let (folder, file) = path.rsplit_once('/')?;
    let id = file.strip_prefix(kind)?.strip_suffix(".npz")?;
    let currency = folder.rsplit('/').next()?.to_uppercase().parse().ok()?;
    Some((currency, id.to_owned()))
}

fn read_design(
    folder: &str,
    name: &str,
    bytes: &[u8],
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Design, ReferenceError> {
    let file: NoteFile = parse(name, bytes)?;
    validate(name, folder, &file)?;
    let enrolments: BTreeMap<Side, Enrolment> = match files.get(&format!("{folder}measured.toml")) {
        Some(bytes) => parse(&format!("{folder}measured.toml"), bytes)?,
        None => BTreeMap::new(),
    };
    let mut measured = BTreeMap::new();
    for (side, enrolment) in enrolments {
        if !is_day(&enrolment.date) {
            return Err(invalid(
                &format!("{folder}measured.toml"),
                &format!("{side}.date"),
                &format!(
                    "is {:?}: write the day of enrolment as YYYY-MM-DD",
                    enrolment.date
                ),
            ));
        }
        let npz = format!("{folder}{side}.npz");
        let bytes = files.get(&npz).ok_or_else(|| {
            invalid(
                &format!("{folder}measured.toml"),
                side.as_str(),
                &format!("says that the {side} was measured, but {side}.npz is not beside it: enrol it again"),
            )
        })?;
        let layout = read_layout(&npz, bytes)?;
        let size = SizeMm {
            width: file.size_mm.width,
            height: file.size_mm.height,
        };
        let structure = read_structure(&npz, bytes, size)?;
        let readings = format!("{folder}{side}-readings.npz");
        let readings = match files.get(&readings) {
            Some(bytes) => Some(Readings::from_npz(&readings, bytes)?),
            None => None,
        };
        let mut lights = BTreeMap::new();
        for light in Light::ALL {
            let name = format!("{folder}{side}-{light}.npz");
            if let Some(bytes) = files.get(&name) {
                lights.insert(light, MeasuredLight::from_npz(&name, bytes)?);
            }
        }
        measured.insert(
            side,
            MeasuredSide {
                enrolment,
                layout,
                structure,
                readings,
                lights,
            },
        );
    }
    Ok(Design {
        id: file.id,
        name: file.name,
        currency: file.currency,
        denomination: file.denomination,
        edition: file.edition,
        serial: file.serial,
        size: SizeMm {
            width: file.size_mm.width,
            height: file.size_mm.height,
        },
        size_source: file.size_mm.source.filter(|_| !file.size_mm.unverified),
        zones: file.zone,
        features: file.feature,
        absent: file.absent,
        measured,
    })
}

fn read_layout(name: &str, bytes: &[u8]) -> Result<Array2<f32>, ReferenceError> {
    let mut npz = ndarray_npy::NpzReader::new(Cursor::new(bytes)).map_err(|e| {
        invalid(
            name,
            "archive",
            &format!("is no .npz file ({e}): enrol it again"),
        )
    })?;
    let layout: Array2<f32> = npz.by_name("layout").map_err(|e| {
        invalid(
            name,
            "layout",
            &format!("cannot be read ({e}): enrol it again"),
        )
    })?;
    if layout.dim() != (LAYOUT_ROWS, LAYOUT_COLUMNS) {
        return Err(invalid(
            name,
            "layout",
            &format!(
                "has {:?} cells, not {LAYOUT_ROWS} × {LAYOUT_COLUMNS}: enrol it again",
                layout.dim()
            ),
        ));
    }
    if layout.iter().any(|v| !v.is_finite()) {
        return Err(invalid(
            name,
            "layout",
            "holds a value that is no number: enrol it again",
        ));
    }
    Ok(layout)
}

/// Steps for a unit of local contrast in a stored mean, whose values lie within ±3.
const MEAN_STEPS: f32 = 40.0;
/// The same for a stored deviation, which is at most 3.
const DEVIATION_STEPS: f32 = 80.0;

/// The name of a side's colours by tiles in its archive.
const PALETTE: &str = "palette";

/// Writes a side's structure as bytes: `print-mean`, `print-deviation`, `overprint-mean`,
/// `overprint-deviation`; and its detail and its colours by tiles, where they were measured.
///
/// # Errors
/// When the archive cannot be written.
pub fn add_structure<W: io::Write + io::Seek>(
    npz: &mut ndarray_npy::NpzWriter<W>,
    structure: &Structure,
) -> Result<(), ndarray_npy::WriteNpzError> {
    for (name, expected) in [
        ("print", &structure.print),
        ("overprint", &structure.overprint),
    ] {
        let mean = expected.mean.mapv(|v| (v * MEAN_STEPS).round() as i8);
        let deviation = expected
            .deviation
            .mapv(|v| (v * DEVIATION_STEPS).round() as u8);
        npz.add_array(format!("{name}-mean"), &mean)?;
        npz.add_array(format!("{name}-deviation"), &deviation)?;
    }
    if let Some(detail) = &structure.detail {
        for (name, expected) in [("luma", &detail.luma), ("colour", &detail.colour)] {
            npz.add_array(format!("{name}-detail-mean"), &expected.mean)?;
            npz.add_array(format!("{name}-detail-deviation"), &expected.deviation)?;
        }
    }
    if let Some(palette) = &structure.palette {
        npz.add_array(PALETTE, palette)?;
    }
    Ok(())
}

fn read_structure(
    name: &str,
    bytes: &[u8],
    size: SizeMm,
) -> Result<Option<Structure>, ReferenceError> {
    let refuse = |key: &str, reason: &dyn std::fmt::Display| {
        invalid(
            name,
            key,
            &format!("cannot be read ({reason}): enrol it again"),
        )
    };
    let mut npz =
        ndarray_npy::NpzReader::new(Cursor::new(bytes)).map_err(|e| refuse("archive", &e))?;
    let names = npz.names().map_err(|e| refuse("archive", &e))?;
    if !names.iter().any(|n| n.starts_with("print-mean")) {
        return Ok(None);
    }
    let shape = structure::shape(size);
    let mut read = |printing: &str| {
        let key = format!("{printing}-mean");
        let mean: Array2<i8> = npz.by_name(&key).map_err(|e| refuse(&key, &e))?;
        let key = format!("{printing}-deviation");
        let deviation: Array2<u8> = npz.by_name(&key).map_err(|e| refuse(&key, &e))?;
        if mean.dim() != shape || deviation.dim() != shape {
            return Err(refuse(
                &key,
                &format!("{:?} cells, not {shape:?}", deviation.dim()),
            ));
        }
        Ok(Expected {
            mean: mean.mapv(|v| f32::from(v) / MEAN_STEPS),
            deviation: deviation.mapv(|v| f32::from(v) / DEVIATION_STEPS),
        })
    };
    let (print, overprint) = (read("print")?, read("overprint")?);
    let detail = if names.iter().any(|n| n.starts_with("luma-detail-mean")) {
        let mut read = |name: &str| -> Result<Expected, ReferenceError> {
            let mut plane = |key: String| -> Result<Array2<f32>, ReferenceError> {
                let plane: Array2<f32> = npz.by_name(&key).map_err(|e| refuse(&key, &e))?;
                let wanted = tiles::shape(size);
                if plane.dim() != wanted || plane.iter().any(|v| !v.is_finite()) {
                    return Err(refuse(&key, &format!("not {wanted:?} numbers")));
                }
                Ok(plane)
            };
            Ok(Expected {
                mean: plane(format!("{name}-detail-mean"))?,
                deviation: plane(format!("{name}-detail-deviation"))?,
            })
        };
        Some(ExpectedDetail {
            luma: read("luma")?,
            colour: read("colour")?,
        })
    } else {
        None
    };
    let palette: Option<Planes> = optional(&mut npz, PALETTE).map_err(|e| refuse(PALETTE, &e))?;
    let (rows, columns) = tiles::shape(size);
    let fits = |palette: &Planes| {
        palette.dim() == (3, rows, columns) && palette.iter().all(|v| !v.is_infinite())
    };
    if palette.as_ref().is_some_and(|palette| !fits(palette)) {
        return Err(refuse(
            PALETTE,
            &format!("not 3 × {rows} × {columns} numbers"),
        ));
    }
    Ok(Some(Structure {
        palette,
        print,
        overprint,
        detail,
    }))
}

/// A fact is vouched for by exactly one of a source and the mark `unverified`.
fn check_source(
    name: &str,
    key: &str,
    source: Option<&str>,
    unverified: bool,
) -> Result<(), ReferenceError> {
    match (source, unverified) {
        (None, false) => Err(invalid(
            name,
            key,
            "has neither a `source` nor `unverified = true`: say who says so",
        )),
        (Some(text), _) if text.trim().is_empty() => Err(invalid(
            name,
            key,
            "has an empty `source`: say who says so, or write `unverified = true`",
        )),
        _ => Ok(()),
    }
}

/// Whether a text is a day, YYYY-MM-DD.
pub(crate) fn is_day(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut next = |figures: usize, range: RangeInclusive<u16>| {
        parts
            .next()
            .filter(|part| part.len() == figures && part.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|part| part.parse().ok())
            .is_some_and(|value| range.contains(&value))
    };
    next(4, 1900..=2999) && next(2, 1..=12) && next(2, 1..=31) && parts.next().is_none()
}

fn begins_with_year(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|year| year.bytes().all(|b| b.is_ascii_digit()))
}

fn validate(name: &str, folder: &str, file: &NoteFile) -> Result<(), ReferenceError> {
    let expected_id = format!(
        "{}-{}-{}",
        file.currency.to_string().to_lowercase(),
        file.denomination,
        file.edition
    );
    if file.id != expected_id {
        return Err(invalid(
            name,
            "id",
            &format!(
                "is {:?}, but currency, denomination and edition make {expected_id:?}",
                file.id
            ),
        ));
    }
    let expected_folder = format!(
        "{}/{}-{}/",
        file.currency.to_string().to_lowercase(),
        file.denomination,
        file.edition
    );
    if !folder.ends_with(&expected_folder) {
        return Err(invalid(
            name,
            "id",
            &format!("is {:?}, so the file belongs in {expected_folder}", file.id),
        ));
    }
    if !file
        .denomination
        .parse::<f64>()
        .is_ok_and(|v| v > 0.0 && v.is_finite())
    {
        return Err(invalid(
            name,
            "denomination",
            &format!(
                "is {:?}: write the value in figures, as \"100\" or \"0.5\"",
                file.denomination
            ),
        ));
    }
    if !begins_with_year(&file.edition) {
        return Err(invalid(
            name,
            "edition",
            &format!(
                "is {:?}: write the year of the design first, as \"2004a\"",
                file.edition
            ),
        ));
    }
    let size = SizeMm {
        width: file.size_mm.width,
        height: file.size_mm.height,
    };
    // The smallest and largest notes in use anywhere are well inside of these.
    for (key, value) in [
        ("size_mm.width", size.width),
        ("size_mm.height", size.height),
    ] {
        if !(30.0..=300.0).contains(&value) {
            return Err(invalid(
                name,
                key,
                &format!("is {value}: a note is 30 to 300 mm"),
            ));
        }
    }
    if size.width < size.height {
        return Err(invalid(
            name,
            "size_mm",
            "is taller than wide: give the note as it is read",
        ));
    }
    check_source(
        name,
        "size_mm",
        file.size_mm.source.as_deref(),
        file.size_mm.unverified,
    )?;
    let mut seen = BTreeSet::new();
    for zone in &file.zone {
        let key = format!("zone {:?} ({})", zone.id, zone.side);
        if zone.id.is_empty()
            || !zone
                .id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(invalid(
                name,
                &key,
                "the id must be small letters, figures and hyphens",
            ));
        }
        if !seen.insert((zone.side, zone.id.clone())) {
            return Err(invalid(name, &key, "is there twice on this side"));
        }
        if !zone.rect_mm.lies_on(size) {
            return Err(invalid(
                name,
                &key,
                &format!(
                    "rect_mm {:?} does not lie on a note of {} x {} mm",
                    <[f64; 4]>::from(zone.rect_mm),
                    size.width,
                    size.height
                ),
            ));
        }
        check_source(name, &key, zone.source.as_deref(), zone.unverified)?;
    }
    for (table, features) in [("feature", &file.feature), ("absent", &file.absent)] {
        for feature in features {
            let key = format!("{table} {:?}", feature.kind);
            if let Some(rect) = feature.rect_mm
                && !rect.lies_on(size)
            {
                return Err(invalid(name, &key, "rect_mm does not lie on the note"));
            }
            if let Some(series) = &feature.from_series
                && !begins_with_year(series)
            {
                return Err(invalid(
                    name,
                    &key,
                    &format!(
                        "from_series is {series:?}: write the year first, as \"1990\" or \"2003A\""
                    ),
                ));
            }
            check_source(name, &key, feature.source.as_deref(), feature.unverified)?;
        }
    }
    for absent in &file.absent {
        if file.feature.iter().any(|f| {
            f.kind == absent.kind
                && f.side == absent.side
                && f.light == absent.light
                && f.rect_mm == absent.rect_mm
        }) {
            return Err(invalid(
                name,
                &format!("absent {:?}", absent.kind),
                "contradicts a [[feature]] of the same kind, side, light and place",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const GOOD: &str = r#"
id = "usd-1-1963"
name = "One dollar"
currency = "USD"
denomination = "1"
edition = "1963"

[size_mm]
width = 156.0
height = 66.3
source = "the Bureau"

[[zone]]
id = "portrait"
side = "front"
rect_mm = [60.0, 16.0, 35.0, 40.0]
print = "intaglio"
source = "measured"

[[feature]]
kind = "security-thread"
light = "transmitted"
expect = "A thread."
source = "the Bureau"

[[absent]]
kind = "watermark"
light = "transmitted"
expect = "No watermark."
unverified = true
"#;

    const NAME: &str = "notes/usd/1-1963/note.toml";

    fn load(files: &[(&str, &str)]) -> Result<Library, ReferenceError> {
        let files = files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect();
        Library::from_files(&files)
    }

    /// The message that the good note earns when a part of it is replaced.
    fn refused(old: &str, new: &str) -> String {
        assert!(GOOD.contains(old), "{old:?} is not in the good note");
        match load(&[(NAME, &GOOD.replacen(old, new, 1))]) {
            Ok(_) => panic!("{old:?} -> {new:?} was accepted"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn accepts_the_good_note() {
        let library = load(&[(NAME, GOOD)]).unwrap();
        let design = library.design("usd-1-1963").unwrap();
        assert_eq!(design.level(), Level::Facts);
        assert_eq!((design.zones.len(), design.absent.len()), (1, 1));
        assert!(library.design("usd-3-1963").is_err());
    }

    #[test]
    fn every_rule_names_file_and_key() {
        let zone = r#"zone "portrait" (front)"#;
        let thread = r#"feature "security-thread""#;
        for (old, new, key, reason) in [
            (
                r#"id = "usd-1-1963""#,
                r#"id = "usd-1-1969""#,
                "id",
                "make \"usd-1-1963\"",
            ),
            (
                r#"edition = "1963""#,
                r#"edition = "old""#,
                "id",
                "make \"usd-1-old\"",
            ),
            (
                r#"currency = "USD""#,
                r#"currency = "usd""#,
                "line 4",
                "three capital letters",
            ),
            (
                r#"name = "One dollar""#,
                r#"colour = "green""#,
                "line 3",
                "unknown field",
            ),
            (
                r#"name = "One dollar""#,
                "",
                "line 1",
                "missing field `name`",
            ),
            (
                "width = 156.0",
                "width = 15.6",
                "size_mm.width",
                "30 to 300 mm",
            ),
            (
                "height = 66.3",
                "height = nan",
                "size_mm.height",
                "30 to 300 mm",
            ),
            (
                "height = 66.3",
                "height = 166.3",
                "size_mm",
                "taller than wide",
            ),
            (
                r#"source = "the Bureau""#,
                "",
                "size_mm",
                "neither a `source` nor `unverified = true`",
            ),
            (
                r#"source = "the Bureau""#,
                r#"source = " ""#,
                "size_mm",
                "empty `source`",
            ),
            (
                r#"id = "portrait""#,
                r#"id = "Portrait""#,
                r#"zone "Portrait" (front)"#,
                "small letters",
            ),
            (
                r#"id = "portrait""#,
                r#"id = """#,
                r#"zone "" (front)"#,
                "small letters",
            ),
            (
                "[60.0, 16.0, 35.0, 40.0]",
                "[130.0, 16.0, 35.0, 40.0]",
                zone,
                "does not lie on a note",
            ),
            (
                "[60.0, 16.0, 35.0, 40.0]",
                "[60.0, 16.0, 0.0, 40.0]",
                zone,
                "does not lie on a note",
            ),
            (
                "[60.0, 16.0, 35.0, 40.0]",
                "[60.0, 16.0, nan, 40.0]",
                zone,
                "does not lie on a note",
            ),
            (
                "[60.0, 16.0, 35.0, 40.0]",
                "[60.0, 16.0, 35.0]",
                "line 16",
                "length 4",
            ),
            (
                r#"print = "intaglio""#,
                r#"print = "woodcut""#,
                "line 17",
                "unknown variant",
            ),
            (r#"source = "measured""#, "", zone, "neither a `source` nor"),
            (
                r#"source = "measured""#,
                r#"source = "measured"
[[zone]]
id = "portrait"
side = "front"
rect_mm = [1.0, 1.0, 5.0, 5.0]
print = "offset"
unverified = true"#,
                zone,
                "twice on this side",
            ),
            (
                r#"expect = "A thread.""#,
                r#"expect = "A thread."
rect_mm = [150.0, 0.0, 9.0, 66.0]"#,
                thread,
                "does not lie on the note",
            ),
            (
                r#"expect = "A thread.""#,
                r#"expect = "A thread."
from_series = "new""#,
                thread,
                "write the year first",
            ),
            (
                r#"expect = "A thread."
source = "the Bureau""#,
                r#"expect = "A thread.""#,
                thread,
                "neither a `source` nor",
            ),
            (
                "unverified = true",
                "unverified = false",
                r#"absent "watermark""#,
                "neither a `source` nor",
            ),
            (
                r#"kind = "watermark""#,
                r#"kind = "security-thread""#,
                r#"absent "security-thread""#,
                "contradicts",
            ),
        ] {
            let message = refused(old, new);
            assert!(
                message.starts_with(&format!("{NAME}: {key}: ")),
                "{message}"
            );
            assert!(message.contains(reason), "{reason:?} is not in {message:?}");
        }
    }

    #[test]
    fn values_and_editions_in_figures() {
        let text = GOOD
            .replace("usd-1-1963", "usd-one-1963")
            .replace(r#"denomination = "1""#, r#"denomination = "one""#);
        let message = load(&[("usd/one-1963/note.toml", &text)])
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("usd/one-1963/note.toml: denomination: "),
            "{message}"
        );
        let text = GOOD
            .replace("usd-1-1963", "usd-1-new")
            .replace(r#"edition = "1963""#, r#"edition = "new""#);
        let message = load(&[("usd/1-new/note.toml", &text)])
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("usd/1-new/note.toml: edition: "),
            "{message}"
        );
    }

    #[test]
    fn the_folder_repeats_the_id_and_no_id_is_there_twice() {
        let message = load(&[("notes/usd/1-1969/note.toml", GOOD)])
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("notes/usd/1-1969/note.toml: id: "),
            "{message}"
        );
        let message = load(&[
            ("a/usd/1-1963/note.toml", GOOD),
            ("b/usd/1-1963/note.toml", GOOD),
        ])
        .unwrap_err()
        .to_string();
        assert!(
            message.starts_with("b/usd/1-1963/note.toml: id: "),
            "{message}"
        );
        assert!(message.contains("there twice"), "{message}");
    }

    #[test]
    fn what_was_measured_must_be_there_and_readable() {
        let measured = r#"
[front]
notes = 3
scanner = "flatbed"
date = "2026-01-01"
px_per_mm = 11.8
layout_only = false
"#;
        let toml = "notes/usd/1-1963/measured.toml";
        let message = load(&[(NAME, GOOD), (toml, measured)])
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with(&format!("{toml}: front: ")),
            "{message}"
        );
        for (old, new, key) in [
            ("2026-01-01", "", "front.date: "),
            ("2026-01-01", "last spring", "front.date: "),
            ("2026-01-01", "2026-13-01", "front.date: "),
            ("date = \"2026-01-01\"\n", "", "line "),
        ] {
            let message = load(&[(NAME, GOOD), (toml, &measured.replace(old, new))])
                .unwrap_err()
                .to_string();
            assert!(message.starts_with(&format!("{toml}: {key}")), "{message}");
            assert!(message.contains("date"), "{message}");
        }
        let npz = "notes/usd/1-1963/front.npz";
        let message = load(&[(NAME, GOOD), (toml, measured), (npz, "no archive")])
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with(&format!("{npz}: archive: ")),
            "{message}"
        );
        let message = load(&[
            (NAME, GOOD),
            (toml, &measured.replace("notes = 3", "notes = -3")),
        ])
        .unwrap_err()
        .to_string();
        assert!(
            message.starts_with(&format!("{toml}: line 3: ")),
            "{message}"
        );
    }

    #[test]
    fn a_layout_has_its_size_and_only_numbers() {
        let npz = |layout: &Array2<f32>| {
            let mut bytes = Cursor::new(Vec::new());
            let mut writer = ndarray_npy::NpzWriter::new(&mut bytes);
            writer.add_array("layout", layout).unwrap();
            writer.finish().unwrap();
            bytes.into_inner()
        };
        let good = Array2::<f32>::zeros((LAYOUT_ROWS, LAYOUT_COLUMNS));
        assert_eq!(read_layout("front.npz", &npz(&good)).unwrap(), good);
        let mut hole = good.clone();
        hole[[3, 4]] = f32::NAN;
        for (layout, reason) in [(hole, "no number"), (Array2::zeros((4, 4)), "56 × 128")] {
            let message = read_layout("front.npz", &npz(&layout))
                .unwrap_err()
                .to_string();
            assert!(message.starts_with("front.npz: layout: "), "{message}");
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn text_must_be_utf8() {
        let files = [(NAME.to_owned(), vec![0x69, 0xff])].into_iter().collect();
        let message = Library::from_files(&files).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{NAME}: text: ")), "{message}");
    }

    #[test]
    fn readings_of_further_notes_are_further_rows() {
        let readings = |notes: &[usize], zones: &[(&str, &[f32])]| Readings {
            notes: notes.to_vec(),
            scanners: vec![0; notes.len()],
            shown: vec![Shown::Alike; notes.len()],
            covariates: vec![[0.1, 0.2, 2.5]; notes.len()],
            values: BTreeMap::from([(
                "paper-tint".to_owned(),
                zones
                    .iter()
                    .map(|(zone, values)| ((*zone).to_owned(), values.to_vec()))
                    .collect(),
            )]),
        };
        let mut all = readings(
            &[0, 0, 2],
            &[("a", &[1.0, 2.0, 3.0]), ("b", &[4.0, 5.0, 6.0])],
        );
        let more = readings(&[0, 1], &[("a", &[7.0, 8.0]), ("c", &[9.0, 10.0])]);
        all.append(&more, 1);
        assert_eq!((all.notes.clone(), all.count()), (vec![0, 0, 2, 3, 4], 4));
        assert_eq!(all.scanners, [0, 0, 0, 1, 1]);
        let shown = format!("{:?}", all.values["paper-tint"]);
        assert_eq!(
            shown,
            r#"{"a": [1.0, 2.0, 3.0, 7.0, 8.0], "b": [4.0, 5.0, 6.0, NaN, NaN], "c": [NaN, NaN, NaN, 9.0, 10.0]}"#
        );
        let kept = Readings::from_npz("x", &all.to_npz().unwrap()).unwrap();
        assert_eq!((kept.notes, kept.scanners), (all.notes, all.scanners));
        assert_eq!(kept.covariates, [[0.1, 0.2, 2.5]; 5]);
        assert_eq!(kept.shown, [Shown::Alike; 5]);
    }

    #[test]
    fn every_design_a_cash_handler_meets_is_built_in() {
        let library = Library::built_in().unwrap();
        for id in "usd-1-1963 usd-2-1976 usd-5-1928 usd-5-1999 usd-5-2006 usd-10-1928 usd-10-1999 \
                   usd-10-2004a usd-20-1928 usd-20-1996 usd-20-2004 usd-50-1928 usd-50-1996 \
                   usd-50-2004 usd-100-1928 usd-100-1996 usd-100-2009 \
                   cny-100-1999 cny-100-2005 cny-100-2015 cny-50-1999 cny-50-2005 cny-50-2019 \
                   cny-20-1999 cny-20-2005 cny-20-2019 cny-10-1999 cny-10-2005 cny-10-2019 \
                   cny-5-1999 cny-5-2005 cny-5-2020 cny-1-1999 cny-1-2019 \
                   cny-100-1980 cny-50-1980 cny-10-1980 cny-5-1980 cny-2-1980 cny-1-1980 \
                   cny-0.5-1980 cny-0.2-1980 cny-0.1-1980"
            .split_whitespace()
        {
            let design = library.design(id).unwrap();
            assert!(!design.features.is_empty(), "{id} has no feature");
            assert!(design.serial.is_some(), "{id} has no serial grammar");
            for zone in &design.zones {
                assert!(
                    zone.value
                        .as_ref()
                        .is_none_or(|v| *v == design.denomination),
                    "{id}: {} states another value",
                    zone.id
                );
            }
        }
    }

    #[test]
    fn a_note_that_nobody_described_is_written_as_it_is_read() {
        let size = SizeMm {
            width: 130.0,
            height: 62.0,
        };
        let mut design = Design::undescribed("XTS-10-2024", size).unwrap();
        assert_eq!(
            (design.id.as_str(), design.edition.as_str()),
            ("xts-10-2024", "2024")
        );
        design.zones.push(Zone {
            id: "constant-1".to_owned(),
            side: Side::Front,
            rect_mm: RectMm::from([2.1, 2.1, 16.2, 18.4]),
            print: Process::Offset,
            value: None,
            examine: Vec::new(),
            source: Some("measured on 30 scans".to_owned()),
            unverified: false,
        });
        let name = "notes/xts/10-2024/note.toml";
        let library = load(&[(name, &design.to_toml().unwrap())]).unwrap();
        assert_eq!(library.designs(), [design]);
        for (id, width, key) in [
            ("XTS-10", 130.0, "CURRENCY-VALUE-YEAR"),
            ("XTSS-10-2024", 130.0, "currency"),
            ("XTS-ten-2024", 130.0, "denomination"),
            ("XTS-10-now", 130.0, "edition"),
            ("XTS-10-2024", 12.0, "size_mm.width"),
        ] {
            let refused = Design::undescribed(id, SizeMm { width, ..size });
            let message = refused.unwrap_err().to_string();
            assert!(
                message.starts_with("--new: ") && message.contains(key),
                "{message}"
            );
        }
    }

    #[test]
    fn kinds_are_of_the_documented_list() {
        let readme = include_str!("../reference-notes/README.md");
        for design in Library::built_in().unwrap().designs() {
            for feature in design.features.iter().chain(&design.absent) {
                assert!(
                    readme.contains(&format!("| `{}` |", feature.kind)),
                    "{}: {:?} is not in the list of kinds",
                    design.id,
                    feature.kind
                );
            }
        }
    }
}
