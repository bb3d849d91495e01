//! `guilloche check`.

use std::env;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::config::Config;
use super::judging::{Judging, utc};
use super::sink::Sink;
use super::{Exit, complain, page};
use crate::features::Face;
use crate::history::Sighting;
use crate::language::Language;
use crate::report::text::{Style, Summary, Table};
use crate::report::{Examination, csv, html, jsonl, overlay, rounded, words};
use crate::scan::gather::{self, Capture, gather};
use crate::verdict::{Finding, Verdict};
use crate::{Checker, Exhibit, batch, drift, examine_and_show, exhibits, scan};

/// Check scans: files, or folders of them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche check scans/\n  guilloche check scans/ --format csv --output today.csv\n  \
                        guilloche check --manifest notes.csv\n\nFiles of one note share a stem: 17.jpg and 17_b.jpg are \
                        front and back of note 17; _uv, _ir and _light name other lights."
)]
pub struct Arguments {
    /// Image files, or folders of them (searched with their subfolders)
    #[arg(value_name = "PATH", required_unless_present = "manifest")]
    paths: Vec<PathBuf>,
    /// What is written; text for people on a terminal, jsonl into a pipe
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write there instead of to standard output; the file appears when it is complete
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// CSV that says which files form a note: note,file,side,light,dpi
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    judging: Judging,
    /// Also write a page for people: DIR/index.html
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// With --format text: every finding, not only the first reason
    #[arg(long, short)]
    verbose: bool,
    /// Write pictures of each scan: its outline (.outline.png), the straightened note with zones and wear above
    /// what departs from genuine notes (.note.png), and the crops behind the findings (.crops.png)
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// No progress and no remarks on standard error
    #[arg(long, short)]
    quiet: bool,
    /// No progress on standard error
    #[arg(long)]
    no_progress: bool,
}

/// What is written for each note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a note, for people
    Text,
    /// One JSON object a line
    Jsonl,
    /// One row a note, for a spreadsheet
    Csv,
}

/// Runs the command.
pub fn run(arguments: &Arguments, language: Language) -> Result<Exit> {
    if let Some(first) = arguments.paths.first()
        && arguments.manifest.is_none()
        && arguments
            .paths
            .iter()
            .all(|path| path.symlink_metadata().is_err())
    {
        bail!(
            "{}: no such file or folder: check the path",
            scan::display_path(first)
        );
    }
    let judging = arguments.judging.or(&Config::here()?);
    let library = judging.library()?;
    let checker = Checker::new(&library);
    let gathered = gather(
        &arguments.paths,
        &gather::Options {
            pair_consecutive: judging.pair_consecutive,
            manifest: arguments.manifest.clone(),
        },
    )?;
    if let Some(folder) = &arguments.dump {
        fs::create_dir_all(folder).with_context(|| {
            format!(
                "{}: cannot be made: check the folder given with --dump",
                scan::display_path(folder)
            )
        })?;
    }
    let mut memory = judging.memory()?;
    let mut album = match &arguments.report {
        Some(folder) => Some(page::album(folder)?),
        None => None,
    };
    let mut sink = Sink::open(arguments.output.as_deref())?;
    let format = arguments.format.unwrap_or_else(|| {
        if arguments.output.is_none() && io::stdout().is_terminal() {
            Format::Text
        } else {
            Format::Jsonl
        }
    });
    let catalogue = language.catalogue();
    let table = Table::new(
        catalogue,
        gathered.captures.iter().map(|c| c.note.as_str()),
        Style {
            colour: arguments.output.is_none() && colour(),
            verbose: arguments.verbose,
        },
    );
    let progress = progress(arguments, gathered.captures.len());
    let settings = judging.settings();
    let mut summary = Summary::default();
    if format == Format::Csv {
        csv::write_header(sink.writer())?;
    }
    let picture_bytes = html::budget(gathered.captures.len());
    let work = |capture: &Capture| {
        let start = Instant::now();
        let exhibits = exhibits(capture, &checker.identifier, &settings);
        // Files of a note come in the order in which they were given.
        let mut sources = capture.files.iter();
        let mut show = |exhibit: &Exhibit<'_>, face: Option<&Face<'_>>, findings: &[Finding]| {
            if let (Some(folder), Some(source)) = (&arguments.dump, sources.next()) {
                dump(folder, &source.path, exhibit, face, findings);
            }
        };
        let mut examination =
            examine_and_show(&capture.note, &exhibits, &checker, &settings, &mut show);
        examination.elapsed_ms = Some(rounded(start.elapsed().as_secs_f64() * 1e3, 1));
        let pictures = arguments
            .report
            .as_ref()
            .map(|_| html::pictures(&exhibits, &examination, picture_bytes));
        (examination, pictures.unwrap_or_default())
    };
    let now = utc(SystemTime::now());
    let mut sightings: Vec<Sighting> = Vec::new();
    let mut glimpses = Vec::new();
    // For people: what needs them stays on the screen; and the page is written when all is known.
    let (mut suspects, mut reported): (Vec<Examination>, Vec<Examination>) = Default::default();
    let mut finish = |mut examination: Examination| -> Result<()> {
        glimpses.append(&mut examination.scanner);
        sightings.extend(memory.consult(&mut examination, &now)?);
        summary.add(&examination);
        let out = sink.writer();
        match format {
            Format::Text if examination.verdict == Verdict::Suspect => {
                suspects.push(examination.clone());
            }
            Format::Text => table.write(out, &examination)?,
            Format::Jsonl => jsonl::write(out, &examination)?,
            Format::Csv => csv::write(out, &examination)?,
        }
        sink.show()?;
        if arguments.report.is_some() {
            reported.push(examination);
        }
        Ok(())
    };
    // Evidence across notes is there when the last of them was read.
    let mut held: Vec<Examination> = Vec::new();
    batch::in_order(
        &gathered.captures,
        judging.jobs(),
        work,
        |_, (examination, pictures)| {
            progress.inc(1);
            if let Some(album) = &mut album {
                album
                    .add(&pictures)
                    .context("the pictures of the report cannot be written: check the disk")?;
            }
            if judging.each_alone {
                finish(examination)
            } else {
                held.push(examination);
                Ok(())
            }
        },
    )?;
    batch::compare(&mut held);
    held.into_iter().try_for_each(&mut finish)?;
    memory.record(&sightings)?;
    progress.finish_and_clear();
    if format == Format::Text {
        for suspect in &suspects {
            table.write(sink.writer(), suspect)?;
        }
        summary.write(sink.writer(), catalogue)?;
    }
    sink.finish()?;
    // It takes a batch to tell a scanner by.
    let drift = match judging.each_alone {
        true => Vec::new(),
        false => drift::compare(&library, &glimpses),
    };
    if let (Some(folder), Some(album)) = (&arguments.report, &mut album) {
        let made = html::Page {
            library: &library,
            catalogue,
            made: &now,
            drift: &drift,
        };
        page::write(folder, &made, &reported, album)?;
    }
    if !arguments.quiet {
        for side in &drift {
            if let Some(sentence) = words::drift(catalogue, side) {
                complain(&sentence);
            }
        }
    }
    let skipped = gathered.skipped.to_string();
    if !arguments.quiet && skipped != "nothing skipped" {
        complain(&skipped);
    }
    Ok(exit(&summary))
}

/// Whether colour helps: a terminal that shows it, and nobody who asked for none (no-color.org).
fn colour() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal()
        && !set("NO_COLOR")
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

fn exit(summary: &Summary) -> Exit {
    let unsure = [Verdict::Unclear, Verdict::Unrecognised, Verdict::Unreadable];
    if summary.count(Verdict::Suspect) > 0 {
        Exit::Suspect
    } else if unsure.iter().any(|v| summary.count(*v) > 0) {
        Exit::Unsure
    } else {
        Exit::Good
    }
}

fn progress(arguments: &Arguments, notes: usize) -> ProgressBar {
    if arguments.quiet || arguments.no_progress || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(notes as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} notes {wide_bar} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// Writes the pictures of one image. One that cannot be written is said and left out: the check goes on.
fn dump(
    folder: &Path,
    path: &Path,
    exhibit: &Exhibit<'_>,
    face: Option<&Face<'_>>,
    findings: &[Finding],
) {
    let Some(scan) = &exhibit.scan else { return };
    let mut pictures = vec![("outline", overlay::outline(&scan.raster, &exhibit.record))];
    if let Some(face) = face {
        pictures.extend(overlay::note(face, findings).map(|p| ("note", p)));
        pictures.extend(overlay::crops(face, findings).map(|p| ("crops", p)));
    }
    for (what, picture) in pictures {
        let mut file = folder.join(path.file_stem().unwrap_or_default());
        file.as_mut_os_string().push(format!(".{what}.png"));
        if let Err(error) = picture.save(&file) {
            complain(&format!("{}: {error}", scan::display_path(&file)));
        }
    }
}
