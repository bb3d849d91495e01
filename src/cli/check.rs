//! `guilloche check`.

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tempfile::NamedTempFile;

use super::references::library;
use super::{Exit, complain};
use crate::history::{History, SeenFile, Sighting};
use crate::report::text::Summary;
use crate::report::{Examination, csv, jsonl, overlay, rounded, text};
use crate::scan::gather::{self, Capture, gather};
use crate::serial::watchlist::Watchlist;
use crate::verdict::{Finding, Outcome, Policy, Verdict};
use crate::{Checker, Settings, batch, check, drift, scan};

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
    /// Reference notes to use besides the built-in ones; the same design id replaces the built-in one
    #[arg(long, value_name = "DIR")]
    references: Option<PathBuf>,
    /// CSV that says which files form a note: note,file,side,light,dpi
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Pair a scanner's counter: 001 is a front, 002 its back
    #[arg(long)]
    pair_consecutive: bool,
    /// Notes at once [default: the machine's cores]
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// Judge every note by itself: no evidence across notes of the batch
    #[arg(long)]
    each_alone: bool,
    /// Share of genuine notes that may be called suspect, on enrolled designs
    #[arg(long, value_name = "P", default_value_t = 0.001, value_parser = probability)]
    false_alarm: f64,
    /// SQLite file of serial numbers seen before: read, then added to
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// CSV of serial prefixes reported on counterfeits (prefix,design,note,source): a hint, never a verdict
    #[arg(long, value_name = "CSV")]
    watchlist: Option<PathBuf>,
    /// Write each scan with what was found in it drawn on top
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// No progress and no remarks on standard error
    #[arg(long, short)]
    quiet: bool,
    /// No progress on standard error
    #[arg(long)]
    no_progress: bool,
}

/// A level that can be held: more than 0, and at most one note in ten.
pub(super) fn probability(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|p| (1e-9..=0.1).contains(p))
        .ok_or_else(|| format!("{text:?} is no share from 0.000000001 to 0.1"))
}

pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "write a whole number from 1".to_owned())
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

/// Where results go: standard output, or a file that appears when it is complete.
pub(super) enum Sink {
    Standard(BufWriter<io::StdoutLock<'static>>),
    File(BufWriter<NamedTempFile>, PathBuf),
}

impl Sink {
    pub(super) fn open(output: Option<&Path>) -> Result<Self> {
        let Some(path) = output else {
            return Ok(Self::Standard(BufWriter::new(io::stdout().lock())));
        };
        if path.is_dir() {
            bail!(
                "{}: --output names a folder: name a file in it",
                scan::display_path(path)
            );
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = NamedTempFile::new_in(folder).with_context(|| {
            format!(
                "{}: cannot be written: check that the folder exists and may be written to",
                scan::display_path(path)
            )
        })?;
        Ok(Self::File(BufWriter::new(file), path.to_owned()))
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Standard(out) => out,
            Self::File(out, _) => out,
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Standard(mut out) => out.flush()?,
            Self::File(out, path) => {
                let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                // Temporary files are private; a result has the rights of any new file.
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt;
                    let _ = file
                        .as_file()
                        .set_permissions(fs::Permissions::from_mode(0o644));
                }
                file.persist(&path)
                    .with_context(|| format!("{}: cannot be written", scan::display_path(&path)))?;
            }
        }
        Ok(())
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
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
    let library = library(arguments.references.as_deref())?;
    let checker = Checker::new(&library);
    let gathered = gather(
        &arguments.paths,
        &gather::Options {
            pair_consecutive: arguments.pair_consecutive,
            manifest: arguments.manifest.clone(),
        },
    )?;
    let jobs = match arguments.jobs {
        Some(jobs) => jobs,
        None => thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
    };
    if let Some(folder) = &arguments.dump {
        fs::create_dir_all(folder).with_context(|| {
            format!(
                "{}: cannot be made: check the folder given with --dump",
                scan::display_path(folder)
            )
        })?;
    }
    let watchlist = match &arguments.watchlist {
        Some(path) => {
            let name = scan::display_path(path);
            let file = fs::File::open(path).with_context(|| format!("{name}: cannot be read"))?;
            Watchlist::from_csv(&name, file)?
        }
        None => Watchlist::default(),
    };
    let mut history = match &arguments.history {
        Some(path) => Some(History::open(path)?),
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
    let progress = progress(arguments, gathered.captures.len());
    let settings = Settings {
        policy: Policy {
            false_alarm: arguments.false_alarm,
            ..Policy::default()
        },
        ..Settings::default()
    };
    let mut summary = Summary::default();
    if format == Format::Csv {
        csv::write_header(sink.writer())?;
    }
    let work = |capture: &Capture| {
        let start = Instant::now();
        let mut examination = check(capture, &checker, &settings);
        examination.elapsed_ms = Some(rounded(start.elapsed().as_secs_f64() * 1e3, 1));
        if let Some(folder) = &arguments.dump {
            dump(folder, capture, &examination, &settings);
        }
        examination
    };
    let now = utc(SystemTime::now());
    let mut sightings: Vec<Sighting> = Vec::new();
    let mut glimpses = Vec::new();
    let mut finish = |mut examination: Examination| -> Result<()> {
        glimpses.append(&mut examination.scanner);
        watch(&watchlist, &mut examination);
        if let Some(history) = &history {
            sightings.extend(seen(history, &mut examination, &now)?);
        }
        summary.add(&examination);
        let out = sink.writer();
        match format {
            Format::Text => text::write(out, &examination)?,
            Format::Jsonl => jsonl::write(out, &examination)?,
            Format::Csv => csv::write(out, &examination)?,
        }
        if matches!(sink, Sink::Standard(_)) {
            sink.writer().flush()?;
        }
        Ok(())
    };
    // Evidence across notes is there when the last of them was read.
    let mut held: Vec<Examination> = Vec::new();
    batch::in_order(&gathered.captures, jobs, work, |_, examination| {
        progress.inc(1);
        if arguments.each_alone {
            finish(examination)
        } else {
            held.push(examination);
            Ok(())
        }
    })?;
    batch::find_repeats(&mut held);
    held.into_iter().try_for_each(&mut finish)?;
    if let Some(history) = &mut history {
        history.record(&sightings)?;
    }
    progress.finish_and_clear();
    if format == Format::Text {
        summary.write(sink.writer())?;
    }
    sink.finish()?;
    if !arguments.quiet && !arguments.each_alone {
        for side in drift::compare(&library, &glimpses) {
            if side.changed() {
                complain(&side.to_string());
            }
        }
    }
    let skipped = gathered.skipped.to_string();
    if !arguments.quiet && skipped != "nothing skipped" {
        complain(&skipped);
    }
    Ok(exit(&summary))
}

/// Says where the serial number falls under the watch-list.
fn watch(watchlist: &Watchlist, examination: &mut Examination) {
    let Some((design, text)) = examination.numbered() else {
        return;
    };
    let hits: Vec<String> = watchlist
        .matches(design, text)
        .map(|hit| {
            let note = if hit.note.is_empty() { "" } else { ", " };
            format!(
                "serial numbers that begin with {} are on a watch-list ({}{note}{})",
                hit.prefix, hit.source, hit.note
            )
        })
        .collect();
    for why in hits {
        // Genuine notes share every such prefix: said beside the verdict, not part of it.
        examination.findings.push(Finding {
            outcome: Outcome::NotExamined,
            ..batch::across("serial-watchlist", true, why.clone())
        });
        examination.reasons.push(why);
    }
}

/// Says when and where the serial number was seen before, and gives the row to be kept of this time.
fn seen(history: &History, examination: &mut Examination, now: &str) -> Result<Option<Sighting>> {
    let Some((design, text)) = examination.numbered() else {
        return Ok(None);
    };
    let (design, text) = (design.to_owned(), text.to_owned());
    let files: Vec<SeenFile> = examination
        .files
        .iter()
        .filter_map(|file| {
            Some(SeenFile {
                path: file.path.clone(),
                sha256: file.sha256.clone()?,
            })
        })
        .collect();
    let hashes: Vec<&str> = files.iter().map(|f| f.sha256.as_str()).collect();
    for before in history.seen_before(&text, &design, &hashes)? {
        let paths: Vec<&str> = before.files.iter().map(|f| f.path.as_str()).collect();
        // The same note again, or a copy of it: the history cannot tell which.
        examination.add(batch::across(
            "serial-history",
            true,
            format!(
                "serial number {text} was seen before: {} in {}",
                before.when,
                paths.join(", ")
            ),
        ));
    }
    Ok(Some(Sighting {
        serial: text,
        design,
        note: examination.note.clone(),
        when: now.to_owned(),
        verdict: examination.verdict.as_str().to_owned(),
        files,
    }))
}

/// A time as RFC 3339 in UTC, to the second. Days are counted as Hinnant does, in years that begin in March.
fn utc(time: SystemTime) -> String {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let (day, rest) = (seconds / 86_400, seconds % 86_400);
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + 400 * era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
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

/// Writes the overlays of one note. One that cannot be written is said and left out: the check goes on.
fn dump(folder: &Path, capture: &Capture, examination: &Examination, settings: &Settings) {
    for (source, record) in capture.files.iter().zip(&examination.files) {
        let Ok(scan) = scan::load(&source.path, &settings.limits) else {
            continue;
        };
        let name = source.path.file_stem().unwrap_or_default();
        let mut file = folder.join(name);
        file.as_mut_os_string().push(".outline.png");
        if let Err(error) = overlay::outline(&scan.raster, record).save(&file) {
            complain(&format!("{}: {error}", scan::display_path(&file)));
        }
    }
}
