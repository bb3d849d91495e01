//! `guilloche enroll`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::references::counted;
use super::{Exit, complain};
use crate::enroll::{
    SideScans, add_to_side, describe_features, describe_side, measure_files, read_features,
    read_lights, with_lights, write,
};
use crate::note::{Light, Side, SizeMm};
use crate::reference::{Design, Library, Process, ReferenceError, is_day};
use crate::scan::display_path;
use crate::scan::gather::{Options, gather};

/// Measure genuine scans of one design into its reference note.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  guilloche enroll --design usd-1-1963 --references my-notes --date 2026-01-31 \\\n      --scanner \"Canon DR-C225, 300 dpi\" scans/\n  guilloche check --references my-notes today/\n\n\
                        Scan genuine notes only: what is measured here is what other notes are compared with."
)]
pub struct Arguments {
    /// The design the notes are of, as usd-1-1963
    #[arg(long, value_name = "ID", required_unless_present_any = ["serials", "marks", "new"])]
    design: Option<String>,
    /// Make a reference note for notes that nobody described, as XTS-10-2024, from genuine scans alone: finds what is
    /// alike on all notes, what changes and the inks; written to DIR/<currency>/<value>-<year>/note.toml
    #[arg(long, value_name = "CURRENCY-VALUE-YEAR", requires = "size", conflicts_with_all = ["design", "serials", "marks", "add", "layout_only"])]
    new: Option<String>,
    /// Width and height of the new note in mm, as 150x72
    #[arg(long, value_name = "WxH", value_parser = size, requires = "new")]
    size: Option<SizeMm>,
    /// Learn the typefaces of serial numbers instead: a TSV with the columns file, design and serial that says what is
    /// printed on the scans; written to DIR/<currency>/glyphs-<typeface>.npz
    #[arg(long, value_name = "LABELS", conflicts_with = "design")]
    serials: Option<PathBuf>,
    /// Learn the small print beside the serial numbers instead: a TSV with the columns file, design, serial, series,
    /// position, facility, face_plate and back_plate; written to DIR/<currency>/marks-<typeface>.npz
    #[arg(long, value_name = "LABELS", conflicts_with_all = ["design", "serials"])]
    marks: Option<PathBuf>,
    /// Where the measurements are written, as DIR/usd/1-1963/; `check --references DIR` uses them
    #[arg(long, value_name = "DIR")]
    references: PathBuf,
    /// What the scans were made with; kept with the measurements
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    scanner: String,
    /// The day, YYYY-MM-DD; kept with the measurements
    #[arg(long, value_name = "DATE", value_parser = date, required_unless_present_any = ["serials", "marks"])]
    date: Option<String>,
    /// The side of images whose names do not say it (17.jpg and 17_b.jpg do: front and back)
    #[arg(long, value_name = "SIDE", value_parser = ["front", "back"], default_value = "front")]
    side: String,
    /// What the scanner's own cropping cuts off each side of the paper, mm
    #[arg(long, value_name = "MM", default_value_t = 0.0, value_parser = cropped)]
    cropped: f64,
    /// The pictures show the layout but are too poor to judge notes by
    #[arg(long)]
    layout_only: bool,
    /// Add the scans to what is enrolled, as of another scanner or of more notes, instead of replacing it; scans that were
    /// enrolled before would count twice
    #[arg(long, conflicts_with_all = ["serials", "layout_only", "cropped"])]
    add: bool,
    /// Scans of genuine notes, the first of each side upright; files or folders
    #[arg(value_name = "SCAN", required = true)]
    scans: Vec<PathBuf>,
}

/// A scanner crops a few millimetres at most; more would be another note.
fn cropped(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|mm| (0.0..=5.0).contains(mm))
        .ok_or_else(|| "write a width from 0 to 5 mm".to_owned())
}

fn size(text: &str) -> Result<SizeMm, String> {
    text.split_once(['x', 'X', '×'])
        .and_then(|(width, height)| {
            Some(SizeMm {
                width: width.trim().parse().ok()?,
                height: height.trim().parse().ok()?,
            })
        })
        .ok_or_else(|| "write width and height in mm, as 150x72".to_owned())
}

fn date(text: &str) -> Result<String, String> {
    match is_day(text) {
        true => Ok(text.to_owned()),
        false => Err("write a day as YYYY-MM-DD".to_owned()),
    }
}

/// The built-in reference notes with those of `folder` laid over them; a folder that holds none yet,
/// or is not there, is where the first will be written.
fn known(folder: &Path) -> Result<Library, ReferenceError> {
    if !folder.exists() {
        return Library::built_in();
    }
    match Library::load(folder) {
        Ok(own) => Ok(Library::built_in()?.overlaid(own)),
        Err(ReferenceError::Empty(_)) => Library::built_in(),
        Err(error) => Err(error),
    }
}

fn side_scans<'a>(arguments: &'a Arguments, side: Side, files: &'a [PathBuf]) -> SideScans<'a> {
    SideScans {
        side,
        files,
        cropped_mm: arguments.cropped,
        scanner: &arguments.scanner,
        date: arguments.date.as_deref().unwrap_or_default(),
        layout_only: arguments.layout_only,
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let library = known(&arguments.references)?;
    if let Some(labels) = &arguments.serials {
        return super::glyphs::learn_serials(
            &library,
            labels,
            &arguments.references,
            &arguments.scans,
        );
    }
    if let Some(labels) = &arguments.marks {
        return super::marks::learn_marks(
            &library,
            labels,
            &arguments.references,
            &arguments.scans,
        );
    }
    let mut undescribed = match (&arguments.new, arguments.size) {
        (Some(id), Some(size)) => {
            let design = Design::undescribed(id, size)?;
            let note = arguments.references.join(design.folder()).join("note.toml");
            if note.exists() {
                bail!(
                    "{} is there already: --design {} measures it anew",
                    display_path(&note),
                    design.id
                );
            }
            Some(design)
        }
        _ => None,
    };
    let gathered = gather(&arguments.scans, &Options::default())?;
    let unnamed = if arguments.side == "back" {
        Side::Back
    } else {
        Side::Front
    };
    let mut by_side: BTreeMap<Side, Vec<PathBuf>> = BTreeMap::new();
    for capture in &gathered.captures {
        for file in &capture.files {
            // The layout is that of the print by day; other lights are laid over it below.
            if file.light.is_some_and(|light| light != Light::Visible) {
                continue;
            }
            by_side
                .entry(file.side.unwrap_or(unnamed))
                .or_default()
                .push(file.path.clone());
        }
    }
    if by_side.is_empty() {
        bail!("none of the scans was made in visible light: give ordinary scans of the notes");
    }
    let jobs = super::cores();
    let mut out = io::stdout().lock();
    if let Some(design) = &mut undescribed {
        let mut layouts = BTreeMap::new();
        for (side, files) in &by_side {
            let described = describe_side(design, &side_scans(arguments, *side, files))?;
            let (zones, inks) = (described.zones, described.inks);
            let varying = zones
                .iter()
                .filter(|zone| zone.print == Process::Letterpress)
                .count();
            writeln!(
                out,
                "{side}: {} alike on all notes, {} that change, {} found",
                counted(zones.len() - varying, "zone"),
                counted(varying, "zone"),
                counted(inks.as_ref().map_or(0, |inks| inks.colours.len()), "ink"),
            )?;
            design.zones.extend(zones);
            design.features.extend(inks);
            layouts.insert(*side, described.measured);
        }
        let known = Design {
            measured: layouts,
            ..design.clone()
        };
        let found = describe_features(&library, &known, &gathered.captures, jobs);
        for light in Light::ALL {
            let mut kinds: Vec<(&str, usize)> = Vec::new();
            for fact in found.facts.iter().filter(|fact| fact.light == Some(light)) {
                match kinds.iter_mut().find(|(kind, _)| *kind == fact.kind) {
                    Some((_, count)) => *count += 1,
                    None => kinds.push((&fact.kind, 1)),
                }
            }
            let kinds: Vec<String> = kinds
                .into_iter()
                .map(|(kind, count)| match count {
                    1 => kind.to_owned(),
                    _ => format!("{count} × {kind}"),
                })
                .collect();
            if !kinds.is_empty() {
                writeln!(out, "{light}: {} found", kinds.join(", "))?;
            }
        }
        design.features.extend(found.facts);
        if let Some(serial) = found.serial {
            let places: Vec<&str> = (serial.zones.iter())
                .map(|zone| zone.id.trim_start_matches("serial-"))
                .collect();
            let places = places.join(" and ");
            writeln!(
                out,
                "serial number: {places}, in the style {}",
                serial.style
            )?;
            serial.state(design);
        }
    }
    let design = match &undescribed {
        Some(design) => design,
        None => library.design(arguments.design.as_deref().unwrap_or_default())?,
    };
    let mut measured = design.measured.clone();
    for (&side, files) in &by_side {
        let scans = side_scans(arguments, side, files);
        let mut left_out = 0;
        let mut leave_out = |why: String| {
            left_out += 1;
            complain(&format!("left out: {why}"));
        };
        let enrolled = if arguments.add {
            let (enrolled, added) = add_to_side(&library, design, &scans, jobs, &mut leave_out)?;
            writeln!(
                out,
                "{side}: {} added, {left_out} left out, {} enrolled in all",
                counted(added, "note"),
                enrolled.enrolment.notes
            )?;
            enrolled
        } else {
            let enrolled = measure_files(design, &scans, &mut leave_out)?.measured;
            writeln!(
                out,
                "{side}: {} measured, {left_out} left out",
                counted(enrolled.enrolment.notes, "note"),
            )?;
            enrolled
        };
        measured.insert(side, enrolled);
    }
    if !arguments.layout_only {
        let mut known = design.clone();
        known.measured.clone_from(&measured);
        let own = library.clone().overlaid(Library::of(known.clone()));
        let lights = read_lights(&own, &known, &gathered.captures, jobs);
        // A side may be there for its motifs alone.
        let read = lights.iter().filter(|(_, of)| of.readings.count() > 0);
        for ((side, light), of_light) in read {
            let notes = counted(of_light.readings.count(), "note");
            writeln!(out, "{side}, {light}: {notes} measured")?;
        }
        let known = with_lights(&known, &lights);
        measured.clone_from(&known.measured);
        if !arguments.add {
            // By day last: what other lights showed is looked for there, too.
            let own = library.clone().overlaid(Library::of(known));
            for (side, files) in &by_side {
                if let Some(measured) = measured.get_mut(side) {
                    let readings = read_features(&own, &design.id, *side, files, jobs);
                    measured.readings = Some(readings);
                }
            }
        }
    }
    let folder = arguments.references.join(design.folder());
    for file in write(&folder, &measured).with_context(|| "the measurements were not kept")? {
        writeln!(out, "wrote {}", display_path(&file))?;
    }
    let note = folder.join("note.toml");
    let text = match &undescribed {
        Some(design) => Some(design.to_toml()?.into_bytes()),
        None => Library::built_in_note(&design.id).map(<[u8]>::to_vec),
    };
    if !note.exists()
        && let Some(text) = text
    {
        fs::write(&note, text)
            .with_context(|| format!("{}: cannot be written", display_path(&note)))?;
        writeln!(out, "wrote {}", display_path(&note))?;
    }
    Ok(Exit::Good)
}
