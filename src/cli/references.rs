//! `guilloche references`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::Exit;
use super::config::Config;
use crate::note::Side;
use crate::reference::{Design, Level, Library};
use crate::scan::display_path;
use crate::serial::rules::Rules;

/// List, show or verify reference notes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche references\n  guilloche references show usd-1-1963\n  \
                  guilloche references verify my-notes"
)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// Reference notes to use besides the built-in ones
    #[arg(long, value_name = "DIR", global = true)]
    references: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All designs: what is measured, what is layout only, what is fact only
    #[command(after_help = "Example:\n  guilloche references list --references my-notes")]
    List,
    /// Everything known of one design
    #[command(after_help = "Example:\n  guilloche references show usd-1-1963")]
    Show {
        /// The design, as usd-1-1963
        id: String,
    },
    /// Check the reference notes of a folder against the format
    #[command(after_help = "Example:\n  guilloche references verify my-notes")]
    Verify {
        /// A folder laid out as <currency>/<value>-<year>/note.toml
        folder: PathBuf,
    },
}

/// The built-in reference notes with those of a folder laid over them.
///
/// # Errors
/// When one breaks a rule of the format; the message names file, key and reason.
pub fn library(folder: Option<&Path>) -> Result<Library> {
    let built_in = Library::built_in()?;
    Ok(match folder {
        Some(folder) => built_in.overlaid(Library::load(folder)?),
        None => built_in,
    })
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let mut out = io::stdout().lock();
    let known = || library(Config::here()?.references_or(&arguments.references));
    match &arguments.action {
        None | Some(Action::List) => list(&mut out, &known()?)?,
        Some(Action::Show { id }) => show(&mut out, known()?.design(id)?)?,
        Some(Action::Verify { folder }) => {
            let library = Library::load(folder)?;
            verify_series(folder, &library)?;
            writeln!(
                out,
                "{}, no fault found",
                counted(library.designs().len(), "reference note")
            )?;
        }
    }
    Ok(Exit::Good)
}

/// Checks the serial rules of each currency.
fn verify_series(folder: &Path, library: &Library) -> Result<()> {
    let currencies: BTreeSet<String> = library
        .designs()
        .iter()
        .map(|design| design.currency.to_string().to_lowercase())
        .collect();
    for currency in currencies {
        let file = folder.join(&currency).join("series.toml");
        let name = display_path(&file);
        match fs::read_to_string(&file) {
            Ok(text) => drop(Rules::from_toml(&name, &text)?),
            // Without rules of its own the folder is laid over others that have them.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => bail!("{name}: cannot be read ({error}): check that it may be read"),
        }
    }
    Ok(())
}

/// `1 note`, `2 notes`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn list(out: &mut dyn Write, library: &Library) -> io::Result<()> {
    for design in library.designs() {
        writeln!(
            out,
            "{:<16}  {:<5} x {:<5} mm  {:<44}  {}",
            design.id,
            design.size.width,
            design.size.height,
            level(design),
            design.name
        )?;
    }
    let count = |level| {
        library
            .designs()
            .iter()
            .filter(|d| d.level() == level)
            .count()
    };
    writeln!(
        out,
        "{} designs: {} measured, {} layout only, {} fact only",
        library.designs().len(),
        count(Level::Measured),
        count(Level::Layout),
        count(Level::Facts)
    )
}

/// What is measured of a design, side by side.
fn level(design: &Design) -> String {
    let sides: Vec<String> = Side::ALL
        .iter()
        .filter_map(|side| {
            let enrolment = &design.measured.get(side)?.enrolment;
            Some(if enrolment.layout_only {
                format!("{side}: layout only")
            } else {
                format!("{side}: {}", counted(enrolment.notes, "note"))
            })
        })
        .collect();
    if sides.is_empty() {
        "facts only".to_owned()
    } else {
        sides.join(", ")
    }
}

fn show(out: &mut dyn Write, design: &Design) -> io::Result<()> {
    writeln!(out, "{}: {}", design.id, design.name)?;
    writeln!(
        out,
        "{} {}, edition {}, {} x {} mm ({})",
        design.currency,
        design.denomination,
        design.edition,
        design.size.width,
        design.size.height,
        design.size_source.as_deref().unwrap_or("unverified")
    )?;
    for (side, measured) in &design.measured {
        let e = &measured.enrolment;
        writeln!(
            out,
            "{side}: {}{}, {}, {} px/mm, {}",
            counted(e.notes, "note"),
            if e.layout_only { ", layout only" } else { "" },
            e.scanner,
            e.px_per_mm,
            e.date
        )?;
    }
    if design.measured.is_empty() {
        writeln!(
            out,
            "not measured: `guilloche enroll --design {}` makes it complete",
            design.id
        )?;
    }
    let vouched = |source: &Option<String>, unverified: bool| match source {
        Some(source) if !unverified => format!("[{source}]"),
        Some(source) => format!("[unverified; {source}]"),
        None => "[unverified]".to_owned(),
    };
    for zone in &design.zones {
        let [x, y, w, h] = zone.rect_mm.into();
        writeln!(
            out,
            "zone {:<24} {:<5} {x:>6.1} {y:>5.1} {w:>5.1} x {h:>4.1} mm  {}",
            zone.id,
            zone.side.as_str(),
            vouched(&zone.source, zone.unverified)
        )?;
    }
    for (what, features) in [("has", &design.features), ("has no", &design.absent)] {
        for feature in features {
            writeln!(
                out,
                "{what} {}: {} {}",
                feature.kind,
                feature.expect,
                vouched(&feature.source, feature.unverified)
            )?;
        }
    }
    Ok(())
}
