//! `guilloche enroll`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::references::library;
use super::{Exit, complain};
use crate::enroll::{measure_side, write};
use crate::note::Side;
use crate::reference::Enrolment;
use crate::scan::gather::{Options, gather};
use crate::scan::{self, Limits, display_path};

/// Measure genuine scans of one design into its reference note.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  guilloche enroll --design usd-1-1963 --references my-notes --scanner \"Canon DR-C225, 300 dpi\" scans/\n\n\
                        Scan genuine notes only: what is measured here is what other notes are compared with."
)]
pub struct Arguments {
    /// The design the notes are of, as usd-1-1963
    #[arg(long, value_name = "ID", required_unless_present = "serials")]
    design: Option<String>,
    /// Learn the typefaces of serial numbers instead: a TSV with the columns file, design and serial that says what is
    /// printed on the scans; written to DIR/<currency>/glyphs-<typeface>.npz
    #[arg(long, value_name = "LABELS", conflicts_with = "design")]
    serials: Option<PathBuf>,
    /// Where the measurements are written: DIR/<currency>/<value>-<year>/
    #[arg(long, value_name = "DIR")]
    references: PathBuf,
    /// What the scans were made with; kept with the measurements
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    scanner: String,
    /// The day, YYYY-MM-DD; kept with the measurements
    #[arg(long, value_name = "DATE", required_unless_present = "serials")]
    date: Option<String>,
    /// The side of images whose name does not say
    #[arg(long, value_name = "SIDE", value_parser = ["front", "back"], default_value = "front")]
    side: String,
    /// What the scanner's own cropping cuts off each side of the paper, mm
    #[arg(long, value_name = "MM", default_value_t = 0.0, value_parser = cropped)]
    cropped: f64,
    /// The pictures show the layout but are too poor to judge notes by
    #[arg(long)]
    layout_only: bool,
    /// Scans of genuine notes, the first of each side upright; files or folders
    #[arg(value_name = "SCAN", required = true)]
    scans: Vec<PathBuf>,
}

/// A scanner crops a few millimetres at most; more would be another note.
fn cropped(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|mm| (0.0..=5.0).contains(mm))
        .ok_or_else(|| format!("{text:?} is no width from 0 to 5 mm"))
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let library = library(
        arguments
            .references
            .is_dir()
            .then_some(arguments.references.as_path()),
    )?;
    if let Some(labels) = &arguments.serials {
        return super::glyphs::learn_serials(
            &library,
            labels,
            &arguments.references,
            &arguments.scans,
        );
    }
    let design = library.design(arguments.design.as_deref().unwrap_or_default())?;
    let gathered = gather(&arguments.scans, &Options::default())?;
    let unnamed = if arguments.side == "back" {
        Side::Back
    } else {
        Side::Front
    };
    let mut by_side: BTreeMap<Side, Vec<PathBuf>> = BTreeMap::new();
    for capture in &gathered.captures {
        for file in &capture.files {
            by_side
                .entry(file.side.unwrap_or(unnamed))
                .or_default()
                .push(file.path.clone());
        }
    }
    let mut measured = design.measured.clone();
    let mut out = io::stdout().lock();
    for (side, files) in by_side {
        let mut paths = Vec::new();
        let mut rasters = Vec::new();
        for path in files {
            match scan::load(&path, &Limits::default()) {
                Ok(scan) => {
                    paths.push(path);
                    rasters.push(scan.raster);
                }
                Err(error) => complain(&format!("left out: {error}")),
            }
        }
        if rasters.is_empty() {
            bail!("{side}: none of the scans could be read");
        }
        let enrolled = measure_side(
            side,
            design.size,
            rasters,
            arguments.cropped,
            Enrolment {
                notes: 0,
                scanner: arguments.scanner.clone(),
                date: arguments.date.clone().unwrap_or_default(),
                px_per_mm: 0.0,
                layout_only: arguments.layout_only,
            },
        )?;
        for (index, why) in &enrolled.left_out {
            if let Some(path) = paths.get(*index) {
                complain(&format!("left out: {}: {why}", display_path(path)));
            }
        }
        writeln!(
            out,
            "{side}: {} notes measured, {} left out",
            enrolled.measured.enrolment.notes,
            enrolled.left_out.len()
        )?;
        measured.insert(side, enrolled.measured);
    }
    let folder = arguments
        .references
        .join(design.currency.to_string().to_lowercase())
        .join(format!("{}-{}", design.denomination, design.edition));
    for file in write(&folder, &measured).with_context(|| "the measurements were not kept")? {
        writeln!(out, "wrote {}", display_path(&file))?;
    }
    let note = folder.join("note.toml");
    if !note.exists() {
        complain(&format!(
            "{} is not there: the measurements are used once the design's note.toml lies beside them",
            display_path(&note)
        ));
    }
    Ok(Exit::Good)
}
