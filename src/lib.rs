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
pub mod explain;
pub mod features;
pub mod findings;
pub mod fitness;
pub mod form;
pub mod history;
pub mod identify;
pub mod language;
pub mod note;
pub mod pixels;
pub mod record;
pub mod rectify;
pub mod reference;
pub mod report;
pub mod scan;
pub mod serial;
pub mod specimen;
pub mod structure;
pub mod verdict;
pub mod wear;

use std::collections::BTreeMap;
use std::sync::Arc;

use drift::Glimpse;
use features::overprint::{self, Marks, Overprint};
use features::{Exposure, Face, Unmeasured, measure_all};
use findings::{Experience, missing_lights};
use identify::lights::{ByDay, lay_over};
use identify::{Identifier, Identity};
use note::{Light, Side};
use rectify::edges::{Against, SettledOutline, settle};
use rectify::{Outlines, outlines, side_lengths};
use reference::Library;
use report::{
    Examination, FileRecord, IdentityRecord, MarksRecord, ReadingRecord, SerialRecord, rounded,
};
use scan::gather::{Capture, Source};
use scan::{Limits, Scan};
use verdict::{Finding, OtherResolution, Policy, Verdict, judge, overall, weigh};

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
    /// Where the note may lie, and the overview that was looked at.
    pub found: Option<Outlines>,
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
            view: Arc::default(),
            condition: Arc::default(),
            before: None,
        })
    }
}

/// The sides that were scanned once more with the note turned by half a circle on the glass, each as it lies in the
/// later scan: two exposures of one side in visible light, in which whatever changes with the angle of the light
/// shows two colours. `faces` are those of the exhibits, each with its place among them, as these are.
pub fn turned_faces<'e>(
    exhibits: &[Exhibit<'_>],
    faces: &[(usize, Face<'e>)],
) -> Vec<(usize, Face<'e>)> {
    let lies = |file: usize| Some(exhibits.get(file)?.identity.as_ref()?.turned);
    let by_day = || {
        faces
            .iter()
            .filter(|(_, face)| face.light == Light::Visible)
    };
    let mut out: Vec<(usize, Face<'e>)> = Vec::new();
    for (file, later) in by_day() {
        let earlier = by_day()
            .take_while(|(other, _)| other < file)
            .find(|(other, earlier)| {
                let half = |turned: u16| (turned + 180) % 360;
                let same = earlier.design.id == later.design.id && earlier.side == later.side;
                same && lies(*other) == lies(*file).map(half)
            });
        let taken = out.iter().any(|(_, face)| face.side == later.side);
        if let (Some((_, earlier)), false) = (earlier, taken) {
            let face = Face {
                light: Light::Turned,
                before: Some(Exposure {
                    raster: earlier.raster,
                    print: *earlier.lies(),
                }),
                ..later.clone()
            };
            out.push((*file, face));
        }
    }
    out
}

/// Examines one note.
pub fn check(capture: &Capture, checker: &Checker<'_>, settings: &Settings) -> Examination {
    let exhibits = exhibits(capture, &checker.identifier, settings);
    examine(&capture.note, &exhibits, checker, settings)
}

/// Loads the images of one note, finds the note in them and recognises it; images in other lights are
/// laid over those in visible light. In the order of the files.
pub fn exhibits<'a>(
    capture: &Capture,
    identifier: &Identifier<'a>,
    settings: &Settings,
) -> Vec<Exhibit<'a>> {
    let light = |source: &Source| source.light.unwrap_or(Light::Visible);
    let (by_day, others): (Vec<_>, Vec<_>) = capture
        .files
        .iter()
        .enumerate()
        .partition(|(_, source)| light(source) == Light::Visible);
    let (mut order, mut out): (Vec<usize>, Vec<Exhibit<'a>>) = by_day
        .into_iter()
        .map(|(at, source)| (at, exhibit(source, identifier, settings)))
        .unzip();
    let more: Vec<Exhibit<'a>> = others
        .iter()
        .map(|(_, source)| match light(source) {
            Light::Turned => exhibit(source, identifier, settings),
            _ => match scan::load(&source.path, &settings.limits) {
                Ok(scan) => present_over(scan, source, &out, identifier),
                Err(error) => unreadable(source, error.to_string()),
            },
        })
        .collect();
    order.extend(others.iter().map(|(at, _)| *at));
    out.extend(more);
    let mut out: Vec<(usize, Exhibit<'a>)> = order.into_iter().zip(out).collect();
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(_, exhibit)| exhibit).collect()
}

/// Loads one image, finds the note in it and recognises it.
pub fn exhibit<'a>(
    source: &Source,
    identifier: &Identifier<'a>,
    settings: &Settings,
) -> Exhibit<'a> {
    match scan::load(&source.path, &settings.limits) {
        Ok(scan) => present(scan, source, identifier),
        Err(error) => unreadable(source, error.to_string()),
    }
}

fn unreadable<'a>(source: &Source, error: String) -> Exhibit<'a> {
    Exhibit {
        scan: None,
        identity: None,
        outline: None,
        found: None,
        record: FileRecord {
            error: Some(error),
            ..FileRecord::unread(source)
        },
    }
}

/// Finds the note in a scan and recognises it.
pub fn present<'a>(scan: Scan, source: &Source, identifier: &Identifier<'a>) -> Exhibit<'a> {
    let found = outlines(&scan.raster);
    let identity = identifier.identify(&found);
    let settled = settled(&scan, &found, identity.as_ref());
    described(scan, source, found, identity, settled)
}

/// Lays a scan in another light over those in visible light; recognises it by itself where none of those
/// was recognised.
pub fn present_over<'a>(
    scan: Scan,
    source: &Source,
    by_day: &[Exhibit<'a>],
    identifier: &Identifier<'a>,
) -> Exhibit<'a> {
    let known: Vec<ByDay<'_, 'a>> = by_day
        .iter()
        .filter_map(|e| {
            Some(ByDay {
                raster: &e.scan.as_ref()?.raster,
                outlines: e.found.as_ref()?,
                identity: e.identity.as_ref()?,
                outline: e.outline.as_ref()?,
            })
        })
        .collect();
    if known.is_empty() {
        return present(scan, source, identifier);
    }
    let found = outlines(&scan.raster);
    let light = source.light.unwrap_or(Light::Visible);
    let Some((identity, outline)) = lay_over(&scan.raster, light, &found, &known) else {
        let mut exhibit = described(scan, source, found, None, None);
        exhibit.record.error = Some(format!(
            "{}: too few marks agree with the visible image to lay it over: scan both lights without moving the note",
            exhibit.record.path
        ));
        return exhibit;
    };
    let corners = identity.corners();
    let px_per_mm = side_lengths(&corners).0 / identity.design.size.width;
    described(
        scan,
        source,
        found,
        Some(identity),
        Some((outline, Some(px_per_mm))),
    )
}

/// A scan with what was found in it, and what is said of it.
fn described<'a>(
    scan: Scan,
    source: &Source,
    found: Outlines,
    identity: Option<Identity<'a>>,
    settled: Option<(SettledOutline, Option<f64>)>,
) -> Exhibit<'a> {
    let mut record = FileRecord::unread(source);
    record.sha256 = Some(scan.sha256.clone());
    record.width = Some(scan.raster.width());
    record.height = Some(scan.raster.height());
    record.dpi = record
        .dpi
        .or(scan.density.as_ref().map(|d| rounded(d.x_dpi, 2)));
    if let Some(identity) = &identity {
        record.side = Some(identity.side);
        record.turned = Some(identity.turned);
        record.agreement = Some(rounded(f64::from(identity.score), 3));
    }
    let mut outline = None;
    if let Some((settled, px_per_mm)) = settled {
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
        found: Some(found),
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
        let corners = identity.corners();
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
pub fn examine(
    note: &str,
    exhibits: &[Exhibit<'_>],
    checker: &Checker<'_>,
    settings: &Settings,
) -> Examination {
    examine_and_show(note, exhibits, checker, settings, &mut |_, _, _| ())
}

/// An image, its side where it was recognised, and what was found on it.
pub type Show<'a> = dyn FnMut(&Exhibit<'_>, Option<&Face<'_>>, &[Finding]) + 'a;

/// [`examine`] that hands over each image with all that was measured on it, for pictures of it.
pub fn examine_and_show(
    note: &str,
    exhibits: &[Exhibit<'_>],
    checker: &Checker<'_>,
    settings: &Settings,
    show: &mut Show<'_>,
) -> Examination {
    let mut identity = joint_identity(exhibits);
    let mut reasons = Vec::new();
    let mut findings = Vec::new();
    let mut p_value = None;
    let mut serial = None;
    let mut fitness = None;
    let mut faces: Vec<(usize, Face<'_>)> = exhibits
        .iter()
        .enumerate()
        .filter_map(|(file, exhibit)| Some((file, exhibit.face()?)))
        .collect();
    let turned = turned_faces(exhibits, &faces);
    faces.extend(turned);
    let mut scanner = Vec::new();
    let mut softer = BTreeMap::new();
    let mut enrolled = 0;
    let library = checker.identifier.library();
    let mut read = match &identity {
        Joint::One(_) => read(exhibits, library),
        _ => None,
    };
    if let Some(read) = &mut read {
        let face = faces.iter().find(|(file, _)| *file == read.file);
        if let Some((view, _)) = face.and_then(|(_, face)| face.view().ok()) {
            read.leave_out(|rect| view.wear.reached(rect));
        }
    }
    let other_note = |read| other_serial(read, exhibits, library);
    if let Some(what) = read.as_ref().and_then(other_note) {
        identity = Joint::Contradiction(what);
    }
    if let (Joint::One(identity), Some(read)) = (&mut identity, &read) {
        findings.extend(overprint::ALL.iter().map(|feature| feature.examine(read)));
        identity.series = read.marks.series.clone();
        serial = Some(serial_record(read));
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
                for (at, (file, face)) in faces.iter().enumerate() {
                    let readings = measure_all(face);
                    if face.light == Light::Visible {
                        // A side that was scanned twice tells of the scanner once.
                        let mut before = faces.iter().take(at);
                        if !before.any(|f| f.1.side == face.side) {
                            scanner.extend(Glimpse::of(face, &readings));
                        }
                        let soft = checker.experience.softer(face);
                        softer.extend(soft.map(|soft| (*file, soft)));
                    }
                    findings.extend(checker.experience.findings(face, &readings, *file));
                }
                enrolled = faces
                    .iter()
                    .filter_map(|(_, face)| {
                        let side = face.design.measured.get(&face.side)?;
                        match face.light {
                            Light::Visible => Some(side.readings.as_ref()?.count()),
                            light => Some(side.lights.get(&light)?.readings.count())
                                .filter(|notes| *notes > 0),
                        }
                    })
                    .min()
                    .unwrap_or(0);
                fitness = fitness::grade(faces.iter().map(|f| &f.1), &checker.experience);
                let mut by_day = faces.iter().filter(|f| f.1.light == Light::Visible);
                let other = by_day.find_map(|(_, face)| {
                    let measured = face.design.measured.get(&face.side)?;
                    measured.readings.as_ref()?;
                    OtherResolution::than(measured.enrolment.px_per_mm, face.px_per_mm)
                });
                weigh(&mut findings, &settings.policy, enrolled, other.as_ref());
                p_value = overall(&findings);
                let (mut verdict, why) = judge(&findings, enrolled);
                reasons.extend(why);
                let colourless = faces
                    .iter()
                    .any(|(_, face)| face.light == Light::Visible && !face.coloured());
                if colourless && verdict == Verdict::Passed {
                    verdict = Verdict::Unclear;
                    reasons.push(Unmeasured::Colourless.to_string());
                }
                // Not asked for, so it is said and not held against the note.
                let given: Vec<Light> = faces.iter().map(|(_, face)| face.light).collect();
                if let Some((_, face)) = faces.first() {
                    findings.extend(missing_lights(face.design, &given));
                }
                verdict
            }
        }
    };
    for (file, exhibit) in exhibits.iter().enumerate() {
        let face = faces.iter().find(|f| f.0 == file).map(|f| &f.1);
        let own: Vec<Finding> = findings
            .iter()
            .filter(|f| f.file == file)
            .cloned()
            .collect();
        show(exhibit, face, &own);
    }
    drop(faces);
    reasons.extend(exhibits.iter().filter_map(|e| e.record.error.clone()));
    Examination {
        schema: report::SCHEMA,
        note: note.to_owned(),
        files: exhibits.iter().map(|e| e.record.clone()).collect(),
        identity: match identity {
            Joint::One(identity) => Some(identity),
            _ => None,
        },
        serial,
        findings,
        verdict,
        p_value,
        reasons,
        category: report::category(verdict, fitness.as_ref()),
        fitness,
        enrolled,
        scanner,
        softer,
        elapsed_ms: None,
    }
}

/// The images in visible light in which a note was recognised, with their places among all.
fn by_day<'e, 'a>(
    exhibits: &'e [Exhibit<'a>],
) -> impl Iterator<Item = (usize, &'e Scan, &'e Identity<'a>)> {
    exhibits
        .iter()
        .enumerate()
        .filter(|(_, exhibit)| exhibit.record.light == Light::Visible)
        .filter_map(|(file, e)| Some((file, e.scan.as_ref()?, e.identity.as_ref()?)))
}

/// Reads the overprint off the first image that shows it in visible light; off the first image at all where none
/// does, to say so.
fn read<'a>(exhibits: &[Exhibit<'a>], library: &'a Library) -> Option<Overprint<'a>> {
    let mut first = None;
    for (file, scan, identity) in by_day(exhibits) {
        let mut read = overprint_of(library, (file, scan, identity));
        if read.unread.is_none() {
            add_other_sides(&mut read, exhibits, identity.side, library);
            return Some(read);
        }
        first = first.or(Some(read));
    }
    first
}

fn overprint_of<'a>(
    library: &'a Library,
    (file, scan, identity): (usize, &Scan, &Identity<'a>),
) -> Overprint<'a> {
    let (design, side) = (identity.design, identity.side);
    Overprint::read(library, design, side, file, &scan.raster, &identity.print)
}

/// Why the images are not of one note, where another image of the side that was read shows another serial number.
fn other_serial<'a>(
    read: &Overprint<'a>,
    exhibits: &[Exhibit<'a>],
    library: &'a Library,
) -> Option<String> {
    let first = read.number.text.as_ref()?;
    let side = exhibits.get(read.file)?.identity.as_ref()?.side;
    by_day(exhibits)
        .filter(|(file, _, identity)| *file > read.file && identity.side == side)
        .find_map(|image| {
            let second = overprint_of(library, image).number.text?;
            let path = |file: usize| exhibits.get(file).map_or("", |e| e.record.path.as_str());
            (second != *first).then(|| {
                format!(
                    "the images show different notes: {} {first} and {} {second}: check that they belong together",
                    path(read.file),
                    path(image.0)
                )
            })
        })
}

/// Adds the marks on the other sides of the note, as the number of the back plate.
fn add_other_sides(
    read: &mut Overprint<'_>,
    exhibits: &[Exhibit<'_>],
    side: Side,
    library: &Library,
) {
    let mut seen = vec![side];
    for (_, scan, identity) in by_day(exhibits) {
        if identity.design.id == read.design.id && !seen.contains(&identity.side) {
            seen.push(identity.side);
            read.add_marks(library, identity.side, &scan.raster, &identity.print);
        }
    }
}

fn marks_record(marks: &Marks) -> MarksRecord {
    MarksRecord {
        series: marks.series.clone(),
        district: marks.district,
        district_numbers: marks.district_numbers.clone(),
        position: marks.position.map(|p| p.to_string()),
        plate_front: marks
            .plate_letter
            .zip(marks.plate_number)
            .map(|(letter, number)| format!("{letter}{number}")),
        fort_worth: marks.fort_worth,
        plate_back: marks.plate_back,
    }
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
        marks: marks_record(&read.marks),
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
