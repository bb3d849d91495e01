//! Enrolment: measures genuine scans of one design into its reference note.

mod both_sides;
mod in_light;
mod lanczos;
mod letters;
mod numbers;
pub mod scanners;
mod undescribed;

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use ndarray::{Array, Array2, Dimension};

pub use numbers::SerialStyle;

use crate::compare::motif;
use crate::compare::palette::{self, palette};
use crate::features::{Face, lit, measure_all, see_through_register, watermark};
use crate::identify::Identifier;
use crate::reference::{Covariates, Design, Library, MeasuredLight, Readings, Shown};
use crate::scan::density::Density;
use crate::scan::gather::{Capture, Source};
use crate::scan::{self, Limits, Scan, display_path};
use crate::{Exhibit, Settings, batch, exhibit, present, present_over, turned_faces};
use std::num::NonZeroUsize;

use crate::compare::align::Part;
use crate::compare::tiles::{Detail, detail};
use crate::identify::{MARGIN, cells, grown, lying, registered_quad, sample};
use crate::note::{Light, Side, SizeMm};
use crate::pixels::{Plane, Planes, Raster};
use crate::rectify::edges::{Against, SettledOutline, SideSource, settle};
use crate::rectify::homography::Homography;
use crate::rectify::registration::{PaddedGrid, register};
use crate::rectify::{Origin, Outlines, Quad, distance, long_side, outlines, side_lengths, turns};
use crate::reference::{
    Enrolment, LAYOUT_COLUMNS, LAYOUT_ROWS, MeasuredSide, SecurityFeature, Zone, add_structure,
};
use crate::structure::{
    CELLS_PER_MM, Colours, DETAIL_PX_PER_MM, ExpectedDetail, LEAST_PX_PER_MM, Reduced, Straight,
    Structure, learn, part, shape, tile_colours,
};

/// A scan whose structure agrees less than this with the others of its side is no note of the design,
/// or too poor to learn from.
const LEAST_AGREEMENT: f32 = 0.35;
/// A note's outline is taken to fit the design where its aspect is within this share of nominal.
const ASPECT: f64 = 0.05;

/// Least standard deviation of a layout's local contrast: blank paper has less; on the 39 sides of
/// real notes that were enrolled it was 0.53 to 0.94.
const LEAST_PRINT: f32 = 0.2;

/// Why nothing was enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// No scan of the side could be used.
    #[error(
        "{side}: none of {tried} scans shows a note of this size: check --design, and that the whole note is in the scan"
    )]
    NothingUsable {
        /// The side.
        side: Side,
        /// Scans tried.
        tried: usize,
    },
    /// No scan of the side could be read.
    #[error("{side}: none of the scans could be read")]
    NothingReadable {
        /// The side.
        side: Side,
    },
    /// A side that was never enrolled cannot be added to.
    #[error(
        "{side}: no genuine notes of {design} are enrolled to add to: enrol them without --add"
    )]
    NothingToAddTo {
        /// The side.
        side: Side,
        /// The design.
        design: String,
    },
    /// None of the scans to be added is of the side.
    #[error("{side}: none of {tried} scans was recognised as {design}: check --design and --side")]
    NothingRecognised {
        /// The side.
        side: Side,
        /// The design.
        design: String,
        /// Scans tried.
        tried: usize,
    },
    /// What was enrolled has no print.
    #[error(
        "{side}: the {notes} scans show hardly any print: check that they show this side of the note"
    )]
    NoPrint {
        /// The side.
        side: Side,
        /// Scans used.
        notes: usize,
    },
    /// Scans too coarse to tell where print lies.
    #[error(
        "{side}: the scans are too coarse to describe an unknown note by: scan at 150 dpi or more"
    )]
    TooCoarse {
        /// The side.
        side: Side,
    },
    /// The measurements could not be written.
    #[error("{file}: cannot be written ({reason}): check the folder given with --references")]
    NotWritten {
        /// Which file.
        file: String,
        /// What the system said.
        reason: String,
    },
}

/// What came of enrolling one side.
#[derive(Debug)]
pub struct Enrolled {
    /// The measurements.
    pub measured: MeasuredSide,
    /// Scans that were used, by their place in the input, each with where its note lies.
    pub used: Vec<(usize, Quad)>,
    /// Scans left out, by their place in the input, with the reason.
    pub left_out: Vec<(usize, String)>,
}

/// One scan while its side is enrolled.
struct Sheet {
    index: usize,
    outlines: Outlines,
    quads: Vec<Quad>,
    registered: Option<Quad>,
    px_per_mm: f64,
    reduced: Option<Reduced>,
    detail: Option<Detail>,
    palette: Option<Planes>,
}

/// Measures one side from scans of genuine notes: `tried` of them, each got by its number when it is needed, which
/// is twice; `None` for one that cannot be had. The first must lie upright; the others may lie as they are. `zones`
/// says where overprint lies. `cropped_mm` is what the scanner's own cropping cuts off each side of the paper (0 for
/// scans that show the whole note). `provenance` says what the scans were made with, and when, in the enroller's words.
///
/// The frame of reference is the paper: its corners, the median over the notes, so that neither the cut of one
/// note nor one outline that was found wrong shifts the design.
///
/// # Errors
/// When no scan can be used.
pub fn measure_side(
    side: Side,
    size: SizeMm,
    zones: &[Zone],
    tried: usize,
    scan: &mut dyn FnMut(usize) -> Option<Raster>,
    cropped_mm: f64,
    provenance: Enrolment,
) -> Result<Enrolled, EnrollError> {
    let mut left_out = Vec::new();
    let mut sheets = Vec::new();
    let mut first: Option<Plane> = None;
    for index in 0..tried {
        let Some(raster) = scan(index) else {
            continue;
        };
        let outlines = outlines(&raster);
        let mut sheet = Sheet {
            index,
            quads: quads(&outlines, size, cropped_mm, first.is_none()),
            outlines,
            registered: None,
            px_per_mm: 0.0,
            reduced: None,
            detail: None,
            palette: None,
        };
        let found = match &first {
            None => sheet.quads.first().map(|quad| (*quad, 1.0)),
            Some(layout) => best(&sheet, layout),
        };
        let Some((quad, score)) = found else {
            left_out.push((index, "no outline of this shape found".to_owned()));
            continue;
        };
        if score < LEAST_AGREEMENT {
            left_out.push((index, format!("agrees only {score:.2} with the first scan")));
            continue;
        }
        if first.is_none() {
            first = sample(&sheet.outlines, &quad).map(|grid| grid.core());
        }
        sheet.registered = Some(quad);
        sheets.push(sheet);
    }

    // So far all lie in the frame of the first outline, which may be wrong.
    let seen: Vec<(Quad, Option<Quad>)> = sheets
        .iter()
        .filter_map(|sheet| Some((sheet.registered?, own_outline(sheet, size, cropped_mm))))
        .collect();
    reframe(&mut sheets, &seen);
    let layout = average(&sheets).ok_or(EnrollError::NothingUsable { side, tried })?;

    // Second round: all against the average of the first, and the edges of each to a fraction of a pixel.
    let mut papers = Vec::new();
    for sheet in &mut sheets {
        let Some((quad, _)) = best(sheet, &layout) else {
            continue;
        };
        let Some(raster) = scan(sheet.index) else {
            continue;
        };
        let px_per_mm = side_lengths(&quad).0 / size.width;
        let settled = settle(
            &raster,
            &quad,
            4.0 * px_per_mm,
            1.2 * px_per_mm,
            Against::Margin,
        );
        papers.push((quad, uncropped(&settled, size, cropped_mm)));
        sheet.registered = Some(quad);
        sheet.px_per_mm = px_per_mm;
        if !provenance.layout_only && px_per_mm >= LEAST_PX_PER_MM {
            sheet.reduced = Some(Reduced::new(&raster, px_per_mm));
            // Tiles are large against what the last round moves.
            if let Some(print) = Homography::from_rectangle(size.width, size.height, &quad) {
                sheet.palette = palette(&colours(&raster, &print, px_per_mm, size));
                let fine = px_per_mm >= DETAIL_PX_PER_MM;
                sheet.detail = fine.then(|| detail(&raster, &print, size));
            }
        }
    }
    let layout = average(&sheets).ok_or(EnrollError::NothingUsable { side, tried })?;

    // Last round: all against the average of the second, in the frame of the median paper.
    for sheet in &mut sheets {
        let Some((quad, score)) = best(sheet, &layout) else {
            continue;
        };
        if score < LEAST_AGREEMENT {
            left_out.push((
                sheet.index,
                format!("agrees only {score:.2} with the average of the others"),
            ));
            sheet.registered = None;
            continue;
        }
        sheet.registered = Some(quad);
    }
    reframe(&mut sheets, &papers);
    sheets.retain(|sheet| sheet.registered.is_some());
    let layout = average(&sheets).ok_or(EnrollError::NothingUsable { side, tried })?;
    if layout.std(0.0) < LEAST_PRINT {
        let notes = sheets.len();
        return Err(EnrollError::NoPrint { side, notes });
    }
    let mut scales: Vec<f64> = sheets.iter().map(|s| s.px_per_mm).collect();
    scales.sort_by(f64::total_cmp);
    let px_per_mm = scales.get(scales.len() / 2).copied().unwrap_or(0.0);
    left_out.sort_by_key(|l| l.0);
    let straight = straightened(&sheets, size);
    Ok(Enrolled {
        used: sheets
            .iter()
            .filter_map(|sheet| Some((sheet.index, sheet.registered?)))
            .collect(),
        measured: MeasuredSide {
            enrolment: Enrolment {
                notes: sheets.len(),
                px_per_mm: (px_per_mm * 100.0).round() / 100.0,
                ..provenance
            },
            layout,
            structure: structure(&straight, &sheets, side, size, zones),
            readings: None,
            lights: BTreeMap::new(),
        },
        left_out,
    })
}

/// Mean colours of the tiles that lie in the scan.
fn colours(raster: &Raster, print: &Homography, px_per_mm: f64, size: SizeMm) -> Planes {
    let (width, height) = (raster.width() as f64, raster.height() as f64);
    tile_colours(
        &Colours::new(raster, print, px_per_mm),
        size,
        |row, column| {
            let [x, y] = print.apply([column, row].map(|at| (at as f64 + 0.5) / CELLS_PER_MM));
            (0.0..width).contains(&x) && (0.0..height).contains(&y)
        },
    )
}

/// The sheets that are fine enough for it, straightened.
fn straightened(sheets: &[Sheet], size: SizeMm) -> Vec<Straight> {
    sheets
        .iter()
        .filter_map(|sheet| {
            let print = Homography::from_rectangle(size.width, size.height, &sheet.registered?)?;
            Some(sheet.reduced.as_ref()?.straighten(&print, size, None))
        })
        .collect()
}

/// Mean red, green and blue of the notes at 72 dpi, the scans read anew one at a time; `None` without
/// notes.
fn mean_colour(paths: &[PathBuf], used: &[(usize, Quad)], size: SizeMm) -> Option<Planes> {
    let (rows, columns) = shape(size);
    let mut sum = Planes::zeros((3, rows, columns));
    let mut notes = 0.0f32;
    for (index, quad) in used {
        let Some(path) = paths.get(*index) else {
            continue;
        };
        // Read once already: a scan that is gone since is one note less.
        let Ok(scan) = scan::load(path, &Limits::default()) else {
            continue;
        };
        let Some(print) = Homography::from_rectangle(size.width, size.height, quad) else {
            continue;
        };
        let colours = Colours::new(&scan.raster, &print, side_lengths(quad).0 / size.width);
        let cells = Array2::from_shape_fn((rows, columns), |(row, column)| colours.at(row, column));
        for (channel, mut plane) in sum.outer_iter_mut().enumerate() {
            plane += &cells.mapv(|cell| cell[channel]);
        }
        notes += 1.0;
    }
    (notes > 0.0).then(|| sum / notes)
}

/// The printed structure of the sheets that are fine enough for it.
fn structure(
    notes: &[Straight],
    sheets: &[Sheet],
    side: Side,
    size: SizeMm,
    zones: &[Zone],
) -> Option<Structure> {
    let overprint: Vec<Part> = zones
        .iter()
        .filter(|zone| zone.overprints(side))
        .map(|zone| part(zone.rect_mm, shape(size)))
        .collect();
    let details: Vec<Detail> = sheets.iter().filter_map(|s| s.detail.clone()).collect();
    let palettes: Vec<Planes> = sheets.iter().filter_map(|s| s.palette.clone()).collect();
    let palette = palette::middle(&palettes);
    learn(notes, &overprint, ExpectedDetail::learn(&details), palette)
}

/// Outlines that may be the note, both ways up unless it is known to lie upright; likeliest first.
fn quads(outlines: &Outlines, size: SizeMm, cropped_mm: f64, upright: bool) -> Vec<Quad> {
    let mut found: Vec<(f64, Quad)> = Vec::new();
    for outline in &outlines.candidates {
        for (quad, turned) in lying(outline) {
            if upright && turned != 0 {
                continue;
            }
            let quad = match outline.origin {
                Origin::Bed => quad,
                Origin::Frame => enlarged(&quad, size, [cropped_mm; 4]),
            };
            let (across, down) = side_lengths(&quad);
            let off = (across / down / size.aspect()).ln();
            let rank = match outline.origin {
                Origin::Bed => off.abs(),
                // A frame of another shape is a bed that was not told from the note.
                Origin::Frame if off.abs() < ASPECT => off.abs() + 0.02,
                Origin::Frame => off.abs() + 1.0,
            };
            found.push((rank, quad));
            // Cut by the frame: what is seen, completed to the design's shape.
            for (axis, by) in [(0, (-off).exp()), (1, off.exp())] {
                for anchor in [0.0, 1.0] {
                    let open = match (axis, anchor == 0.0) {
                        (0, true) => outline.cut[1],
                        (0, false) => outline.cut[3],
                        (_, true) => outline.cut[2],
                        (_, false) => outline.cut[0],
                    };
                    if by > 1.0 + ASPECT && by < 1.8 && open {
                        found.push((0.2, grown(&quad, by, axis, anchor)));
                    }
                }
            }
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
        .into_iter()
        .flat_map(|(_, [a, b, c, d])| {
            let over = (!upright).then_some([c, d, a, b]);
            [Some([a, b, c, d]), over].into_iter().flatten()
        })
        .collect()
}

/// Where the sheet's note lies if it has this layout, and how well it agrees.
fn best(sheet: &Sheet, layout: &Plane) -> Option<(Quad, f32)> {
    let mut best: Option<(Quad, f32)> = None;
    for start in sheet.registered.iter().chain(&sheet.quads) {
        let mut quad = *start;
        let mut score = f32::MIN;
        for radius in [MARGIN, 2, 2] {
            let Some(registration) = sample(&sheet.outlines, &quad)
                .and_then(|grid: PaddedGrid| register(&grid, layout, radius))
            else {
                break;
            };
            if registration.score < score {
                break;
            }
            score = registration.score;
            let Some(moved) = registered_quad(&registration.map, &quad) else {
                break;
            };
            quad = moved;
        }
        if best.is_none_or(|b| score > b.1) && score > f32::MIN {
            best = Some((quad, score));
        }
    }
    best
}

/// Mean local contrast of the registered sheets, each cell over the sheets that show it.
fn average(sheets: &[Sheet]) -> Option<Plane> {
    let mut sum = Array2::<f32>::zeros((LAYOUT_ROWS, LAYOUT_COLUMNS));
    let mut count = Array2::<f32>::zeros((LAYOUT_ROWS, LAYOUT_COLUMNS));
    for sheet in sheets {
        let Some(grid) = sheet
            .registered
            .and_then(|quad| sample(&sheet.outlines, &quad))
        else {
            continue;
        };
        sum += &grid.core();
        count += &grid.core_seen();
    }
    if count.sum() == 0.0 {
        return None;
    }
    Some(
        ndarray::Zip::from(&sum)
            .and(&count)
            .map_collect(|&s, &n| if n > 0.0 { s / n } else { 0.0 }),
    )
}

/// The paper's corners: the settled outline, with what the scanner cropped off added to the sides
/// that are the frame. `None` where a side was not seen.
fn uncropped(settled: &SettledOutline, size: SizeMm, cropped_mm: f64) -> Option<Quad> {
    let mut added = [0.0; 4];
    for (add, side) in added.iter_mut().zip(settled.sides) {
        *add = match side {
            SideSource::Edge => 0.0,
            SideSource::Frame => cropped_mm,
            SideSource::Print => return None,
        };
    }
    Some(enlarged(&settled.quad, size, added))
}

/// The outline of a note of which `added` mm are missing at top, right, bottom and left.
fn enlarged(quad: &Quad, size: SizeMm, added: [f64; 4]) -> Quad {
    let [top, right, bottom, left] = added;
    let (width, height) = (size.width - left - right, size.height - top - bottom);
    let Some(map) = Homography::from_rectangle(width, height, quad) else {
        return *quad;
    };
    [
        [-left, -top],
        [width + right, -top],
        [width + right, height + bottom],
        [-left, height + bottom],
    ]
    .map(|p| map.apply(p))
}

/// How far a corner of a note's own outline may lie from where the print puts it, as a share of the long side.
const OWN: f64 = 0.3;

/// The outline that was found for a sheet, whatever its print says: the one nearest to where the print lies.
fn own_outline(sheet: &Sheet, size: SizeMm, cropped_mm: f64) -> Option<Quad> {
    let print = sheet.registered?;
    let reach = OWN * long_side(&print);
    let apart = |quad: &Quad| {
        let corners = quad.iter().zip(&print);
        corners.map(|(a, b)| distance(a, b)).fold(0.0, f64::max)
    };
    sheet
        .outlines
        .candidates
        .iter()
        .flat_map(|outline| {
            turns(&outline.quad).map(|quad| match outline.origin {
                Origin::Bed => quad,
                Origin::Frame => enlarged(&quad, size, [cropped_mm; 4]),
            })
        })
        .map(|quad| (apart(&quad), quad))
        .filter(|(off, _)| *off < reach)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, quad)| quad)
}

/// Puts the registered sheets into the frame of the paper, where it was seen on any.
fn reframe(sheets: &mut [Sheet], papers: &[(Quad, Option<Quad>)]) {
    let Some(map) = paper_frame(papers) else {
        return;
    };
    for sheet in sheets {
        sheet.registered = sheet
            .registered
            .map(|quad| registered_quad(&map, &quad).unwrap_or(quad));
    }
}

/// From cells of the paper's frame to cells of the print's frame: the median place of the paper's
/// corners as seen from the print, over the sheets on which all of it was seen. `None` where there is
/// none; the outlines are then taken as they were registered.
fn paper_frame(papers: &[(Quad, Option<Quad>)]) -> Option<Homography> {
    let mut places: [[Vec<f64>; 2]; 4] = Default::default();
    for (print, paper) in papers {
        let (Some(paper), Some(to_cells)) = (paper, cells(print).and_then(|map| map.inverse()))
        else {
            continue;
        };
        for (place, corner) in places.iter_mut().zip(paper) {
            for (list, v) in place.iter_mut().zip(to_cells.apply(*corner)) {
                list.push(v);
            }
        }
    }
    let median = |list: &mut Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list.get(list.len() / 2).copied()
    };
    let mut quad = [[0.0; 2]; 4];
    for (corner, place) in quad.iter_mut().zip(&mut places) {
        for (v, list) in corner.iter_mut().zip(place) {
            *v = median(list)?;
        }
    }
    cells(&quad)
}

/// Scans of genuine notes, all of one side, and how they came about.
#[derive(Debug, Clone, Copy)]
pub struct SideScans<'a> {
    /// The side.
    pub side: Side,
    /// The scans; the first lies upright.
    pub files: &'a [PathBuf],
    /// What the scanner's own cropping cuts off each side of the paper, mm.
    pub cropped_mm: f64,
    /// What the scans were made with, in the enroller's words.
    pub scanner: &'a str,
    /// The day of enrolment, YYYY-MM-DD.
    pub date: &'a str,
    /// The pictures show the layout but are too poor to judge notes by.
    pub layout_only: bool,
}

/// Measures one side of a design from files, without what the features read. `left_out` is told each scan that could not be used.
///
/// # Errors
/// When no scan can be read, or used.
pub fn measure_files(
    design: &Design,
    scans: &SideScans<'_>,
    left_out: &mut dyn FnMut(String),
) -> Result<Enrolled, EnrollError> {
    let side = scans.side;
    let mut unreadable: BTreeMap<usize, String> = BTreeMap::new();
    // One at a time: a thousand scans do not fit into memory.
    let mut raster = |index: usize| {
        let path = scans.files.get(index)?;
        match scan::load(path, &Limits::default()) {
            Ok(scan) => Some(scan.raster),
            Err(error) => {
                unreadable.insert(index, error.to_string());
                None
            }
        }
    };
    let enrolled = measure_side(
        side,
        design.size,
        &design.zones,
        scans.files.len(),
        &mut raster,
        scans.cropped_mm,
        Enrolment {
            notes: 0,
            scanner: scans.scanner.to_owned(),
            date: scans.date.to_owned(),
            px_per_mm: 0.0,
            layout_only: scans.layout_only,
        },
    );
    let none = unreadable.len() == scans.files.len();
    unreadable.into_values().for_each(&mut *left_out);
    if none {
        return Err(EnrollError::NothingReadable { side });
    }
    let enrolled = enrolled?;
    for (index, why) in &enrolled.left_out {
        if let Some(path) = scans.files.get(*index) {
            left_out(format!("{}: {why}", display_path(path)));
        }
    }
    Ok(enrolled)
}

/// Finds out where the print lies on a side of a design that nobody described, and its inks: the zones
/// are what [`enrol_side`] then measures. The first scan must lie upright.
///
/// # Errors
/// When no scan can be read or used, or all are too coarse.
pub fn describe_side(design: &Design, scans: &SideScans<'_>) -> Result<Described, EnrollError> {
    let side = scans.side;
    // What is left out is said when the side is enrolled.
    let enrolled = measure_files(design, scans, &mut |_| ())?;
    let measured = &enrolled.measured;
    let colour = mean_colour(scans.files, &enrolled.used, design.size);
    let (Some(structure), Some(colour)) = (&measured.structure, &colour) else {
        return Err(EnrollError::TooCoarse { side });
    };
    let notes = measured.enrolment.notes;
    Ok(Described {
        zones: undescribed::zones(side, design.size, structure, colour, notes),
        inks: undescribed::inks(side, colour, notes),
        measured: enrolled.measured,
    })
}

/// What was found out of a side that nobody described.
#[derive(Debug)]
pub struct Described {
    /// Where its print lies.
    pub zones: Vec<Zone>,
    /// Its inks; `None` where nothing is printed.
    pub inks: Option<SecurityFeature>,
    /// Its layout and structure, by which images in other lights are laid over it.
    pub measured: MeasuredSide,
}

/// Notes by which features are looked for at most: where they lie, more would not say better.
const MOST_DESCRIBED: usize = 60;

/// What features were found of a design that nobody described.
#[derive(Debug)]
pub struct Features {
    /// What it has, and where.
    pub facts: Vec<SecurityFeature>,
    /// How its serial number is printed, where it is as on other notes of the currency.
    pub serial: Option<SerialStyle>,
}

/// Finds out what features a design that nobody described has, by day and in other lights as far as there are images in
/// them. `design` has the layouts of its sides by day; `library` is what else notes may be recognised as.
pub fn describe_features(
    library: &Library,
    design: &Design,
    captures: &[Capture],
    jobs: NonZeroUsize,
) -> Features {
    let library = library.clone().overlaid(Library::of(design.clone()));
    let identifier = Identifier::new(&library);
    let every = captures.len().div_ceil(MOST_DESCRIBED).max(1);
    let items: Vec<&Capture> = captures.iter().step_by(every).collect();
    let work = |capture: &&Capture| Shows::of(capture, &identifier, &library, &design.id);
    let mut seen = Shows::default();
    batch::each(&items, jobs, work, |shows| {
        seen.lettered.extend(shows.lettered);
        seen.numbered.extend(shows.numbered);
        seen.lit.extend(shows.lit);
        seen.through.extend(shows.through);
        seen.turned.extend(shows.turned);
    });
    let mut facts = letters::facts(design.size, &seen.lettered);
    facts.extend(in_light::facts(design.size, &seen.lit));
    facts.extend(both_sides::facts(&seen.through));
    facts.extend(in_light::changing(&seen.turned));
    let rules = library.rules(&design.currency);
    let serial = rules.and_then(|rules| numbers::style(design.size, rules, &seen.numbered));
    Features { facts, serial }
}

/// Mean of pictures, which are of one size as pictures of one design are; `None` for none.
fn mean<D: Dimension>(
    pictures: impl ExactSizeIterator<Item = Array<f32, D>>,
) -> Option<Array<f32, D>> {
    let count = pictures.len() as f32;
    Some(pictures.reduce(|sum, picture| sum + picture)? / count)
}

/// What features are looked for in.
#[derive(Default)]
struct Shows {
    lettered: Vec<letters::Lettered>,
    numbered: Vec<numbers::Numbered>,
    lit: Vec<in_light::Seen>,
    through: Vec<both_sides::Through>,
    turned: Vec<in_light::Turned>,
}

impl Shows {
    /// What the images of one note show.
    fn of(capture: &Capture, identifier: &Identifier<'_>, library: &Library, design: &str) -> Self {
        let mut shows = Self::default();
        let by_day = (capture.files.iter())
            .filter(|source| source.light.is_none_or(|light| light == Light::Visible));
        for source in by_day {
            let exhibit = exhibit(source, identifier, &Settings::default());
            let Some(face) = exhibit.face().filter(|face| face.design.id == design) else {
                continue;
            };
            shows.lettered.extend(letters::Lettered::of(&face));
            shows.numbered.extend(numbers::Numbered::of(&face, library));
        }
        in_other_lights(capture, identifier, design, (0, 0), |face, by_day, _| {
            shows.lit.extend(in_light::Seen::of(face, by_day));
            shows.through.extend(both_sides::Through::of(face, by_day));
        });
        after_turning(capture, identifier, design, (0, 0), |face, _| {
            shows.turned.extend(in_light::Turned::of(face));
        });
        shows
    }
}

/// Stands between the scanners of an enrolment in its provenance.
const BETWEEN_SCANNERS: &str = "; ";

/// Adds what the features read on further scans to what is enrolled of a side: of another scanner, or of
/// more notes. The layout and the structure stay, so that all readings are of the same. Returns the side,
/// and how many notes were added. `left_out` is told each scan that could not be used.
///
/// # Errors
/// When the side is not enrolled, or none of the scans is recognised as it.
pub fn add_to_side(
    library: &Library,
    design: &Design,
    scans: &SideScans<'_>,
    jobs: NonZeroUsize,
    left_out: &mut dyn FnMut(String),
) -> Result<(MeasuredSide, usize), EnrollError> {
    let side = scans.side;
    let enrolled = design.measured.get(&side).cloned();
    let Some((mut readings, mut measured)) =
        enrolled.and_then(|mut measured| Some((measured.readings.take()?, measured)))
    else {
        return Err(EnrollError::NothingToAddTo {
            side,
            design: design.id.clone(),
        });
    };
    let more = read_features(library, &design.id, side, scans.files, jobs);
    for (index, path) in scans.files.iter().enumerate() {
        if more.notes.contains(&index) {
            continue;
        }
        left_out(match scan::load(path, &Limits::default()) {
            Err(error) => error.to_string(),
            Ok(_) => format!(
                "{}: not recognised as the {side} of {}",
                display_path(path),
                design.id
            ),
        });
    }
    let added = more.count();
    if added == 0 {
        return Err(EnrollError::NothingRecognised {
            side,
            design: design.id.clone(),
            tried: scans.files.len(),
        });
    }
    let enrolment = &mut measured.enrolment;
    let mut scanners = enrolment.scanner.split(BETWEEN_SCANNERS);
    let scanner = match scanners.position(|known| known == scans.scanner) {
        Some(known) => known,
        None => {
            let known = enrolment.scanner.split(BETWEEN_SCANNERS).count();
            enrolment.scanner = [&enrolment.scanner, scans.scanner].join(BETWEEN_SCANNERS);
            known
        }
    };
    readings.append(&more, scanner);
    enrolment.notes += added;
    enrolment.date = scans.date.to_owned();
    measured.readings = Some(readings);
    Ok((measured, added))
}

/// How many other scanners of each kind each genuine scan is also measured as.
const OTHER_SCANNERS: u64 = 3;

/// What every feature reads on genuine scans of one side, as they are and as other scanners would have
/// shown them. `library` must hold the side's own new measurements. Scans that are not recognised as
/// this side any more are passed over.
pub fn read_features(
    library: &Library,
    design: &str,
    side: Side,
    scans: &[PathBuf],
    jobs: NonZeroUsize,
) -> Readings {
    let identifier = Identifier::new(library);
    let work = |(note, path): &(usize, &PathBuf)| -> Vec<Read> {
        // What cannot be read any more was said when it was measured.
        match scan::load(path, &Limits::default()) {
            Ok(scan) => read_scan(&scan, *note, &identifier, design, side),
            Err(_) => Vec::new(),
        }
    };
    let items: Vec<(usize, &PathBuf)> = scans.iter().enumerate().collect();
    let mut all: Vec<Read> = Vec::new();
    batch::each(&items, jobs, work, |reads| all.extend(reads));
    readings(&all)
}

/// What every feature reads on one scan of a note, as it is and as other scanners would have shown it; empty
/// where it is not recognised as this side.
pub fn read_scan(
    scan: &Scan,
    note: usize,
    identifier: &Identifier<'_>,
    design: &str,
    side: Side,
) -> Vec<Read> {
    let others = [(Shown::Alike, 0), (Shown::SofterOrSharper, 64)]
        .into_iter()
        .flat_map(|(kind, first)| (first..first + OTHER_SCANNERS).map(move |other| (kind, other)))
        .filter_map(|(kind, other)| {
            let seed = (note as u64) << 8 | other;
            Some((kind, scanners::on_another(&scan.raster, kind, seed)?))
        });
    std::iter::once((Shown::AsScanned, scan.raster.clone()))
        .chain(others)
        .filter_map(|(kind, raster)| {
            let exhibit = present(shown(scan, raster), &Source::of(&scan.path), identifier);
            let face = exhibit.face()?;
            (face.design.id == design && face.side == side).then(|| Read {
                note,
                shown: kind,
                covariates: face.covariates(),
                readings: measure_all(&face),
            })
        })
        .collect()
}

/// A scan with other pixels of the same picture: its density follows their number.
fn shown(scan: &Scan, raster: Raster) -> Scan {
    let area = |raster: &Raster| raster.width() as f64 * raster.height() as f64;
    let scale = (area(&raster) / area(&scan.raster)).sqrt();
    Scan {
        path: scan.path.clone(),
        sha256: scan.sha256.clone(),
        format: scan.format,
        density: scan.density.map(|density| Density {
            x_dpi: density.x_dpi * scale,
            y_dpi: density.y_dpi * scale,
            source: density.source,
        }),
        jpeg: scan.jpeg,
        raster,
    }
}

/// What was read on several scans, all made with one scanner, as a reference note keeps it.
pub fn readings<'a>(reads: impl IntoIterator<Item = &'a Read>) -> Readings {
    let mut readings = Readings::default();
    for read in reads {
        append(&mut readings, read);
    }
    filled_up(readings)
}

/// Adds what one scan reads.
fn append(readings: &mut Readings, read: &Read) {
    let row = readings.notes.len();
    readings.notes.push(read.note);
    readings.scanners.push(0);
    readings.shown.push(read.shown);
    readings.covariates.push(read.covariates);
    for (feature, zones) in &read.readings {
        for zone in zones {
            let Ok(measurement) = &zone.result else {
                continue;
            };
            let values = readings
                .values
                .entry((*feature).to_owned())
                .or_default()
                .entry(zone.zone.clone())
                .or_default();
            values.resize(row, f32::NAN);
            values.push(measurement.value as f32);
        }
    }
}

/// Every zone with a value for every scan.
fn filled_up(mut readings: Readings) -> Readings {
    let rows = readings.notes.len();
    for values in readings.values.values_mut().flat_map(BTreeMap::values_mut) {
        values.resize(rows, f32::NAN);
    }
    readings
}

/// What was measured in other lights, by side.
pub type Lights = BTreeMap<(Side, Light), MeasuredLight>;

/// What every feature reads in other lights on genuine notes of a design, as they are and as other
/// scanners would have shown them. Each note needs a visible image of the side as well. `library` must
/// hold the design's measurements in visible light; images that cannot be laid over their visible one are
/// passed over.
pub fn read_lights(
    library: &Library,
    design: &Design,
    captures: &[Capture],
    jobs: NonZeroUsize,
) -> Lights {
    let items: Vec<(usize, &Capture)> = captures.iter().enumerate().collect();
    // First the motifs, then what the features read with their help.
    let mut pictures = MotifPictures::new();
    let identifier = Identifier::new(library);
    let work = |(note, capture): &(usize, &Capture)| {
        let mut found = Vec::new();
        in_other_lights(
            capture,
            &identifier,
            &design.id,
            (*note, 0),
            |face, by_day, _| found.extend(motif_pictures(face, by_day)),
        );
        found
    };
    batch::each(&items, jobs, work, |found| {
        for (at, kind, picture) in found {
            let of_light = pictures.entry(at).or_default();
            of_light.entry(kind).or_default().push(picture);
        }
    });
    let mut lights = Lights::new();
    for (at, motifs) in motifs(pictures) {
        lights.entry(at).or_default().motifs = motifs;
    }
    let library = library
        .clone()
        .overlaid(Library::of(with_lights(design, &lights)));
    let identifier = Identifier::new(&library);
    let work = |(note, capture): &(usize, &Capture)| {
        let mut reads = Vec::new();
        let mut read = |face: &Face<'_>, kind| {
            let read = Read {
                note: *note,
                shown: kind,
                covariates: face.covariates(),
                readings: measure_all(face),
            };
            // A side without anything that changes says nothing when it is turned.
            if read.readings.iter().any(|(_, places)| !places.is_empty()) {
                reads.push(((face.side, face.light), read));
            }
        };
        let (id, scanners) = (&design.id, (*note, OTHER_SCANNERS));
        in_other_lights(capture, &identifier, id, scanners, |face, _, kind| {
            read(face, kind);
        });
        after_turning(capture, &identifier, id, scanners, &mut read);
        reads
    };
    batch::each(&items, jobs, work, |reads| {
        for (at, read) in reads {
            append(&mut lights.entry(at).or_default().readings, &read);
        }
    });
    for light in lights.values_mut() {
        light.readings = filled_up(std::mem::take(&mut light.readings));
    }
    lights
}

/// Pictures that motifs are made of, by side and light, and by their names.
type MotifPictures = BTreeMap<(Side, Light), BTreeMap<&'static str, Vec<Planes>>>;

/// What one image in another light adds to them.
fn motif_pictures(
    face: &Face<'_>,
    by_day: &[Face<'_>],
) -> Vec<((Side, Light), &'static str, Planes)> {
    let place = |kind, side| {
        let fact = lit::facts(face.design, kind, face.side, face.light).next()?;
        lit::on_side(fact, side, face.design.size)
    };
    let mut out = Vec::new();
    if let Some(rect) = place(watermark::ID, face.side)
        && let Ok(picture) = lit::shade(face, rect)
    {
        out.push(((face.side, face.light), watermark::ID, picture));
    }
    for day in by_day {
        let at = (day.side, face.light);
        if let Some(rect) = place(watermark::ID, day.side)
            && let Ok(picture) = lit::shade(day, rect)
        {
            out.push((at, watermark::PRINT, picture));
        }
        if let Some(rect) = place(see_through_register::ID, day.side)
            && let Ok(picture) = lit::print_shade(day, rect)
        {
            out.push((at, see_through_register::ID, picture));
        }
    }
    out
}

/// The motifs by side and light, and by their names.
fn motifs(pictures: MotifPictures) -> BTreeMap<(Side, Light), BTreeMap<String, Planes>> {
    // Print lies as the design has it, with the room about it.
    let prints: BTreeMap<(Side, Light), Planes> = pictures
        .iter()
        .filter_map(|(at, kinds)| Some((*at, motif::shared(kinds.get(watermark::PRINT)?, 0)?)))
        .collect();
    let mut out: BTreeMap<(Side, Light), BTreeMap<String, Planes>> = BTreeMap::new();
    for ((side, light), kinds) in pictures {
        let motifs = out.entry((side, light)).or_default();
        let (own, other) = (
            prints.get(&(side, light)),
            prints.get(&(side.other(), light)),
        );
        for (kind, pictures) in kinds {
            let motif = match kind {
                watermark::PRINT => own.cloned(),
                watermark::ID => {
                    let paper: Vec<Planes> = pictures
                        .iter()
                        .map(|picture| watermark::without_print(picture, own, other))
                        .collect();
                    motif::shared(&paper, lit::MOTIF_REACH)
                }
                _ => motif::shared(&pictures, lit::MOTIF_REACH),
            };
            motifs.extend(motif.map(|motif| (kind.to_owned(), motif)));
        }
    }
    out
}

/// The design with what was measured in other lights, where its side was measured by day.
pub fn with_lights(design: &Design, lights: &Lights) -> Design {
    let mut known = design.clone();
    for ((side, light), measured) in lights {
        if let Some(side) = known.measured.get_mut(side) {
            side.lights.insert(*light, measured.clone());
        }
    }
    known
}

/// Shows every image of a note in another light, and as `others` other scanners would have made it, laid
/// over the visible images, and shows these beside it.
fn in_other_lights(
    capture: &Capture,
    identifier: &Identifier<'_>,
    design: &str,
    (note, others): (usize, u64),
    mut show: impl FnMut(&Face<'_>, &[Face<'_>], Shown),
) {
    let lit = |source: &Source| source.light.is_some_and(|light| !light.by_day());
    if !capture.files.iter().any(lit) {
        return;
    }
    let settings = Settings::default();
    let by_day: Vec<_> = capture
        .files
        .iter()
        .filter(|source| source.light.is_none_or(|light| light == Light::Visible))
        .map(|source| exhibit(source, identifier, &settings))
        .filter(|exhibit| exhibit.identity.is_some())
        .collect();
    let faces: Vec<Face<'_>> = by_day
        .iter()
        .filter_map(|exhibit| exhibit.face())
        .filter(|face| face.design.id == design)
        .collect();
    if faces.is_empty() {
        return;
    }
    for (file, source) in capture
        .files
        .iter()
        .filter(|source| lit(source))
        .enumerate()
    {
        // What cannot be read is said by whoever lists the files.
        let Ok(scan) = scan::load(&source.path, &settings.limits) else {
            continue;
        };
        let more = (0..others).filter_map(|other| {
            let seed = (note as u64) << 16 | (file as u64 + 1) << 8 | other;
            Some((
                Shown::Alike,
                scanners::on_another(&scan.raster, Shown::Alike, seed)?,
            ))
        });
        for (kind, raster) in std::iter::once((Shown::AsScanned, scan.raster.clone())).chain(more) {
            let exhibit = present_over(shown(&scan, raster), source, &by_day, identifier);
            if let Some(face) = exhibit.face()
                && face.design.id == design
            {
                show(&face, &faces, kind);
            }
        }
    }
}

/// Shows each side of a note that was scanned once more after the note was turned, as it lies in the later scan, and as
/// `others` other scanners would have made both.
fn after_turning(
    capture: &Capture,
    identifier: &Identifier<'_>,
    design: &str,
    (note, others): (usize, u64),
    mut show: impl FnMut(&Face<'_>, Shown),
) {
    let turned = |source: &Source| source.light == Some(Light::Turned);
    if !capture.files.iter().any(turned) {
        return;
    }
    let limits = Limits::default();
    let by_day = capture
        .files
        .iter()
        .filter(|source| source.light.is_none_or(Light::by_day));
    // What cannot be read is said by whoever lists the files.
    let scans: Vec<Scan> = by_day
        .filter_map(|source| scan::load(&source.path, &limits).ok())
        .collect();
    for other in std::iter::once(None).chain((0..others).map(Some)) {
        let as_other = |scan: &Scan| {
            let raster = match other {
                None => scan.raster.clone(),
                Some(other) => {
                    // No image in another light has this number.
                    let seed = (note as u64) << 16 | 0xff << 8 | other;
                    scanners::on_another(&scan.raster, Shown::Alike, seed)?
                }
            };
            Some(present(
                shown(scan, raster),
                &Source::of(&scan.path),
                identifier,
            ))
        };
        let exhibits: Vec<Exhibit<'_>> = scans.iter().filter_map(as_other).collect();
        let faces: Vec<(usize, Face<'_>)> = exhibits
            .iter()
            .enumerate()
            .filter_map(|(file, exhibit)| Some((file, exhibit.face()?)))
            .collect();
        let turned = turned_faces(&exhibits, &faces);
        if turned.is_empty() {
            return;
        }
        let kind = other.map_or(Shown::AsScanned, |_| Shown::Alike);
        for (_, face) in turned.iter().filter(|(_, face)| face.design.id == design) {
            show(face, kind);
        }
    }
}

/// What one scan of a note reads.
#[derive(Debug, Clone)]
pub struct Read {
    /// Which note.
    pub note: usize,
    /// How the scan shows it.
    pub shown: Shown,
    /// What is known of the scan.
    pub covariates: Covariates,
    /// By feature.
    pub readings: Vec<(&'static str, Vec<crate::features::Reading>)>,
}

/// Writes measurements into `<folder>/<currency>/<value>-<edition>/`: the planes of each side, and
/// `measured.toml` with how they came about. Sides that were measured before stay.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    folder: &Path,
    sides: &BTreeMap<Side, MeasuredSide>,
) -> Result<Vec<PathBuf>, EnrollError> {
    let failed = |file: &Path, reason: String| EnrollError::NotWritten {
        file: file.display().to_string(),
        reason,
    };
    fs::create_dir_all(folder).map_err(|e| failed(folder, e.to_string()))?;
    let mut written = Vec::new();
    for (side, measured) in sides {
        let file = folder.join(format!("{side}.npz"));
        let mut bytes = Cursor::new(Vec::new());
        let mut npz = ndarray_npy::NpzWriter::new_compressed(&mut bytes);
        npz.add_array("layout", &measured.layout)
            .map_err(|e| failed(&file, e.to_string()))?;
        if let Some(structure) = &measured.structure {
            add_structure(&mut npz, structure).map_err(|e| failed(&file, e.to_string()))?;
        }
        npz.finish().map_err(|e| failed(&file, e.to_string()))?;
        fs::write(&file, bytes.into_inner()).map_err(|e| failed(&file, e.to_string()))?;
        written.push(file);
        let file = folder.join(format!("{side}-readings.npz"));
        if let Some(readings) = &measured.readings {
            let bytes = readings
                .to_npz()
                .map_err(|e| failed(&file, e.to_string()))?;
            fs::write(&file, bytes).map_err(|e| failed(&file, e.to_string()))?;
            written.push(file);
        }
        for (light, of_light) in &measured.lights {
            let file = folder.join(format!("{side}-{light}.npz"));
            let bytes = of_light
                .to_npz()
                .map_err(|e| failed(&file, e.to_string()))?;
            fs::write(&file, bytes).map_err(|e| failed(&file, e.to_string()))?;
            written.push(file);
        }
    }
    let file = folder.join("measured.toml");
    let enrolments: BTreeMap<Side, &Enrolment> = sides
        .iter()
        .map(|(side, m)| (*side, &m.enrolment))
        .collect();
    let text = toml::to_string(&enrolments).map_err(|e| failed(&file, e.to_string()))?;
    fs::write(&file, text).map_err(|e| failed(&file, e.to_string()))?;
    written.push(file);
    Ok(written)
}
