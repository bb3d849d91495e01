//! Checks scanned banknotes: finds the note in a scan, recognises it, measures its security features,
//! compares them with reference notes and says why a note is suspect.
//!
//! Data flows one way: scan → rectify → identify → features → compare → verdict → report. Each arrow
//! is a public function, so a program can stop, look or replace at any of them; [`check`] is all of
//! them in order.

pub mod batch;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compare;
pub mod condition;
pub mod drift;
pub mod enroll;
pub mod evaluate;
pub mod features;
pub mod findings;
pub mod history;
pub mod identify;
pub mod language;
pub mod note;
pub mod pixels;
pub mod rectify;
pub mod reference;
pub mod report;
pub mod scan;
pub mod serial;
pub mod specimen;
pub mod structure;
pub mod verdict;
pub mod wear;

use std::sync::OnceLock;

use drift::Glimpse;
use features::overprint::{self, Overprint};
use features::{Face, measure_all};
use findings::Experience;
use identify::{Identifier, Identity};
use note::Light;
use rectify::edges::{Against, SettledOutline, settle};
use rectify::{Outlines, Quad, outlines, side_lengths};
use reference::Library;
use report::{Examination, FileRecord, IdentityRecord, ReadingRecord, SerialRecord, rounded};
use scan::gather::{Capture, Source};
use scan::{Limits, Scan, display_path};
use verdict::{Policy, Verdict, judge, overall, weigh};

/// What a run is to do.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How much one file may cost.
    pub limits: Limits,
    /// How evidence becomes a verdict.
    pub policy: Policy,
}

/// A library made ready for checking.
#[derive(Debug)]
pub struct Checker<'a> {
    /// Recognises designs.
    pub identifier: Identifier<'a>,
    /// Knows what genuine notes read.
    pub experience: Experience<'a>,
}

impl<'a> Checker<'a> {
    /// Of a library.
    pub fn new(library: &'a Library) -> Self {
        Self {
            identifier: Identifier::new(library),
            experience: Experience::new(library),
        }
    }
}

/// An image of a note, found and recognised as far as it could be.
#[derive(Debug)]
pub struct Exhibit<'a> {
    /// The decoded scan; none where it could not be read.
    pub scan: Option<Scan>,
    /// What it shows.
    pub identity: Option<Identity<'a>>,
    /// Where the paper ends.
    pub outline: Option<SettledOutline>,
    /// What is said of it.
    pub record: FileRecord,
}

impl Exhibit<'_> {
    /// The side ready to be measured; `None` where nothing was recognised.
    pub fn face(&self) -> Option<Face<'_>> {
        let (scan, identity) = (self.scan.as_ref()?, self.identity.as_ref()?);
        Some(Face {
            design: identity.design,
            side: identity.side,
            light: self.record.light,
            raster: &scan.raster,
            jpeg: scan.jpeg,
            dpi: self.record.dpi,
            print: identity.print,
            px_per_mm: self.record.px_per_mm?,
            outline: self.outline.clone()?,
            view: OnceLock::new(),
            condition: OnceLock::new(),
        })
    }
}

/// Examines one note.
pub fn check(capture: &Capture, checker: &Checker<'_>, settings: &Settings) -> Examination {
    let exhibits: Vec<Exhibit<'_>> = capture
        .files
        .iter()
        .map(|source| exhibit(source, &checker.identifier, settings))
        .collect();
    examine(&capture.note, exhibits, checker, settings)
}

/// Loads one image, finds the note in it and recognises it.
pub fn exhibit<'a>(
    source: &Source,
    identifier: &Identifier<'a>,
    settings: &Settings,
) -> Exhibit<'a> {
    match scan::load(&source.path, &settings.limits) {
        Ok(scan) => present(scan, source, identifier),
        Err(error) => Exhibit {
            scan: None,
            identity: None,
            outline: None,
            record: FileRecord {
                error: Some(error.to_string()),
                ..unread(source)
            },
        },
    }
}

/// What is said of a file before it is read.
fn unread(source: &Source) -> FileRecord {
    FileRecord {
        path: display_path(&source.path),
        sha256: None,
        side: source.side,
        light: source.light.unwrap_or(Light::Visible),
        dpi: source.dpi,
        px_per_mm: None,
        width: None,
        height: None,
        quad: None,
        sides: None,
        quality: None,
        agreement: None,
        turned: None,
        error: None,
    }
}

/// Finds the note in a scan and recognises it.
pub fn present<'a>(scan: Scan, source: &Source, identifier: &Identifier<'a>) -> Exhibit<'a> {
    let mut record = unread(source);
    record.sha256 = Some(scan.sha256.clone());
    record.width = Some(scan.raster.width());
    record.height = Some(scan.raster.height());
    record.dpi = record
        .dpi
        .or(scan.density.as_ref().map(|d| rounded(d.x_dpi, 2)));
    let found = outlines(&scan.raster);
    let identity = identifier.identify(&found);
    if let Some(identity) = &identity {
        record.side = Some(identity.side);
        record.turned = Some(identity.turned);
        record.agreement = Some(rounded(f64::from(identity.score), 3));
    }
    let mut outline = None;
    if let Some((settled, px_per_mm)) = settled(&scan, &found, identity.as_ref()) {
        record.quad = Some(settled.quad.map(|p| p.map(|v| rounded(v, 2))));
        record.sides = Some(settled.sides);
        record.quality = Some(rounded(settled.quality, 3));
        record.px_per_mm = px_per_mm.map(|v| rounded(v, 3));
        outline = Some(settled);
    }
    Exhibit {
        scan: Some(scan),
        identity,
        outline,
        record,
    }
}

/// How far the paper's edge may lie from where the print says, mm: on 40 $1 notes the print lay up to
/// 2.9 mm off its mean place on the paper, and scanners crop up to 1.2 mm off the paper.
const EDGE_REACH_MM: f64 = 4.5;
/// Standard deviation of the same, mm.
const EDGE_SPREAD_MM: f64 = 1.2;
/// How far an outline seen against the bed may lie from where the print says, mm: off-centre notes and
/// shadows included. Its size is checked as well.
const SEEN_REACH_MM: f64 = 7.0;
/// How far inside of what stands out from the bed the paper may begin, mm: the note's shadow stands out
/// as well.
const SHADOW_MM: f64 = 3.0;

/// The paper's outline: near where the print of a recognised note says, else near the likeliest
/// outline.
fn settled(
    scan: &Scan,
    found: &Outlines,
    identity: Option<&Identity<'_>>,
) -> Option<(SettledOutline, Option<f64>)> {
    if let Some(identity) = identity {
        let size = identity.design.size;
        let corners: Quad = [
            [0.0, 0.0],
            [size.width, 0.0],
            [size.width, size.height],
            [0.0, size.height],
        ]
        .map(|p| identity.print.apply(p));
        let px_per_mm = side_lengths(&corners).0 / size.width;
        let reach = EDGE_REACH_MM * px_per_mm;
        let settled =
            match rectify::seen_near(&found.candidates, &corners, SEEN_REACH_MM * px_per_mm) {
                Some(seen) => settle(
                    &scan.raster,
                    &seen,
                    SHADOW_MM * px_per_mm,
                    EDGE_SPREAD_MM * px_per_mm,
                    Against::Bed,
                ),
                None => settle(
                    &scan.raster,
                    &corners,
                    reach,
                    EDGE_SPREAD_MM * px_per_mm,
                    Against::Margin,
                ),
            };
        return Some((settled, Some(px_per_mm)));
    }
    let likeliest = found.candidates.first()?;
    let reach = 0.02 * rectify::long_side(&likeliest.quad);
    Some((
        settle(
            &scan.raster,
            &likeliest.quad,
            reach,
            reach / 2.0,
            Against::Margin,
        ),
        None,
    ))
}

/// Says what the images of one note amount to.
fn examine(
    note: &str,
    exhibits: Vec<Exhibit<'_>>,
    checker: &Checker<'_>,
    settings: &Settings,
) -> Examination {
    let mut identity = joint_identity(&exhibits);
    let mut reasons = Vec::new();
    let mut findings = Vec::new();
    let mut p_value = None;
    let mut serial = None;
    let mut scanner = Vec::new();
    if let Joint::One(identity) = &mut identity
        && let Some(read) = read(&exhibits, checker.identifier.library())
    {
        findings.extend(overprint::ALL.iter().map(|feature| feature.examine(&read)));
        identity.series = read.marks.series.clone();
        serial = Some(serial_record(&read));
    }
    let verdict = if exhibits.iter().all(|e| e.scan.is_none()) {
        Verdict::Unreadable
    } else {
        match &identity {
            Joint::None => {
                reasons.push("no reference note fits what is in the picture".to_owned());
                Verdict::Unrecognised
            }
            Joint::Contradiction(what) => {
                reasons.push(what.clone());
                Verdict::Unclear
            }
            Joint::One(_) => {
                let faces: Vec<(usize, Face<'_>)> = exhibits
                    .iter()
                    .enumerate()
                    .filter_map(|(file, exhibit)| Some((file, exhibit.face()?)))
                    .collect();
                for (file, face) in &faces {
                    let readings = measure_all(face);
                    scanner.extend(Glimpse::of(face, &readings));
                    findings.extend(checker.experience.findings(face, &readings, *file));
                }
                let enrolled = faces
                    .iter()
                    .filter_map(|(_, face)| face.design.measured.get(&face.side))
                    .map(|side| side.enrolment.notes)
                    .min()
                    .unwrap_or(0);
                weigh(&mut findings, &settings.policy, enrolled);
                p_value = overall(&findings);
                let (verdict, why) = judge(&findings);
                reasons.extend(why);
                verdict
            }
        }
    };
    reasons.extend(exhibits.iter().filter_map(|e| e.record.error.clone()));
    Examination {
        schema: report::SCHEMA,
        note: note.to_owned(),
        files: exhibits.into_iter().map(|e| e.record).collect(),
        identity: match identity {
            Joint::One(identity) => Some(identity),
            _ => None,
        },
        serial,
        findings,
        verdict,
        p_value,
        reasons,
        category: verdict.category(),
        fitness: None,
        scanner,
        elapsed_ms: None,
    }
}

/// Reads the overprint off the first image that shows it in visible light; off the first image at all where none
/// does, to say so.
fn read<'a>(exhibits: &[Exhibit<'a>], library: &'a Library) -> Option<Overprint<'a>> {
    let mut first = None;
    for (file, exhibit) in exhibits.iter().enumerate() {
        let (Some(scan), Some(identity)) = (&exhibit.scan, &exhibit.identity) else {
            continue;
        };
        if exhibit.record.light != Light::Visible {
            continue;
        }
        let read = Overprint::read(
            library,
            identity.design,
            identity.side,
            file,
            &scan.raster,
            &identity.print,
        );
        if read.unread.is_none() {
            return Some(read);
        }
        first = first.or(Some(read));
    }
    first
}

fn serial_record(read: &Overprint<'_>) -> SerialRecord {
    SerialRecord {
        text: read.number.text.clone(),
        confidence: rounded(read.number.confidence(), 4),
        readings: read
            .number
            .readings
            .iter()
            .map(|reading| ReadingRecord {
                place: reading.place.clone(),
                text: Some(reading.shown()),
                confidence: rounded(reading.confidence(), 4),
            })
            .collect(),
    }
}

/// What all images of a note say together.
enum Joint {
    One(IdentityRecord),
    Contradiction(String),
    None,
}

fn joint_identity(exhibits: &[Exhibit<'_>]) -> Joint {
    let known: Vec<(&Identity<'_>, &FileRecord)> = exhibits
        .iter()
        .filter_map(|e| e.identity.as_ref().map(|i| (i, &e.record)))
        .collect();
    let Some((first, record)) = known
        .iter()
        .max_by(|a, b| a.0.confidence.total_cmp(&b.0.confidence))
    else {
        return Joint::None;
    };
    if let Some((other, other_record)) = known.iter().find(|(i, _)| i.design.id != first.design.id)
    {
        return Joint::Contradiction(format!(
            "the images show different notes: {} {} and {} {}: check that they belong together",
            record.path, first.design.id, other_record.path, other.design.id
        ));
    }
    let doubt: f64 = known.iter().map(|(i, _)| 1.0 - i.confidence).product();
    Joint::One(IdentityRecord {
        design: first.design.id.clone(),
        currency: first.design.currency.clone(),
        denomination: first.design.denomination.clone(),
        series: None,
        confidence: rounded(1.0 - doubt, 4),
    })
}
