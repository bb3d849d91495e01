//! `guilloche watch`.

mod ledger;
mod settling;

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Component, Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use clap::Args;
use sha2::{Digest, Sha256};
use signal_hook::consts::{SIGINT, SIGTERM};
use tempfile::NamedTempFile;

use self::ledger::Ledger;
use self::settling::{Fingerprint, Settling};
use super::config::Config;
use super::judging::{Judging, utc};
use super::references::counted;
use super::{Exit, complain, page};
use crate::language::Language;
use crate::report::text::{Style, Summary, Table};
use crate::report::{Examination, html, jsonl, rounded};
use crate::scan::display_path;
use crate::scan::gather::{self, Capture, GatherError, gather};
use crate::{Checker, batch, examine, exhibits};

/// Check what a scanner drops into a folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche watch scans/ --out results.jsonl --done judged/\n  \
                  guilloche watch /mnt/scanner --out results.jsonl --done judged/ --every 5 --settle 20\n  \
                  guilloche watch scans/ --pair-consecutive\n\n\
                  A note is checked when none of its files has changed for the settle time, so its back must follow its \
                  front within that time; a back that comes later is a note of its own. A file that cannot be read is \
                  given five times as long, then it is reported as unreadable, once.\n\n\
                  What is in --out is done: after a stop, a crash or a power cut, start the same command again. Without \
                  --out, lines go to standard output, and another start checks what is in the folder anew.\n\n\
                  Exit status: 0 it was stopped by Ctrl-C or SIGTERM, whatever the verdicts; 2 it could not do its work."
)]
pub struct Arguments {
    /// The folder, searched with its subfolders
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Append a JSON line for every note to this file, which may not lie in the watched folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Move scans there when their note is judged; a name that is taken gets a number
    #[arg(long, value_name = "DIR")]
    done: Option<PathBuf>,
    /// Keep a page for people current there: DIR/index.html, with the notes checked since the watch began
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Look into the folder that often
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds::<10>)]
    every: Duration,
    /// How long a note's files must not have changed before it is checked
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds::<0>)]
    settle: Duration,
    #[command(flatten)]
    judging: Judging,
    /// No remarks on standard error, and no lines on a terminal
    #[arg(long, short)]
    quiet: bool,
}

/// A time from so many milliseconds to an hour.
fn seconds<const LEAST_MS: u64>(text: &str) -> Result<Duration, String> {
    let least = Duration::from_millis(LEAST_MS);
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| (least..=Duration::from_secs(3600)).contains(time))
        .ok_or_else(|| format!("write seconds from {} to 3600", least.as_secs_f64()))
}

/// How many settle times a file that cannot be read is given: it may still be on its way.
const PATIENCE: u32 = 5;
/// Notes that the pictures of a page are made small enough for.
const DAY: usize = 1000;
/// How soon a stop is noticed while waiting.
const SLICE: Duration = Duration::from_millis(50);

/// Runs the command.
pub fn run(arguments: &Arguments, language: Language) -> Result<Exit> {
    let folder = &arguments.folder;
    let judging = arguments.judging.or(&Config::here()?);
    if !folder.is_dir() {
        bail!(
            "{}: is no folder that can be watched: check the path",
            display_path(folder)
        );
    }
    for (option, path) in [
        ("--out", arguments.out.as_ref()),
        ("--done", arguments.done.as_ref()),
        ("--history", judging.history()),
        ("--report", arguments.report.as_ref()),
    ] {
        if let Some(path) = path {
            refuse_inside(folder, option, path)?;
        }
    }
    let library = judging.library()?;
    let checker = Checker::new(&library);
    let settings = judging.settings();
    let mut memory = judging.memory()?;
    if let Some(done) = &arguments.done {
        fs::create_dir_all(done)
            .with_context(|| format!("{}: cannot be made or used", display_path(done)))?;
    }
    let ledger = match &arguments.out {
        Some(path) => Ledger::open(path)?,
        None => Ledger::default(),
    };
    let remark = |text: &str| {
        if !arguments.quiet {
            complain(text);
        }
    };
    if let Some(out) = &arguments.out {
        let name = display_path(out);
        if ledger.repaired() > 0 {
            remark(&format!(
                "{name}: a line that was cut off ({} bytes) was removed; its note is checked again",
                ledger.repaired()
            ));
        }
        if ledger.notes() > 0 {
            remark(&format!(
                "{name}: {} done before",
                counted(ledger.notes(), "note")
            ));
        }
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let stopped = || stop.load(Ordering::Relaxed);
    let mut growing = match &arguments.report {
        Some(folder) => Some(page::Growing::new(folder)?),
        None => None,
    };
    // Pictures of notes that were judged and are not on the page yet, by their first file.
    let pictures: Mutex<HashMap<String, Vec<html::Picture>>> = Mutex::default();
    let judge = |capture: &Capture| {
        let start = Instant::now();
        let exhibits = exhibits(capture, &checker.identifier, &settings);
        let mut examination = examine(&capture.note, &exhibits, &checker, &settings);
        examination.elapsed_ms = Some(rounded(start.elapsed().as_secs_f64() * 1e3, 1));
        if arguments.report.is_some()
            && let Some(first) = examination.files.first()
            && let Ok(mut pictures) = pictures.lock()
        {
            let budget = html::budget(DAY);
            pictures.insert(
                first.path.clone(),
                html::pictures(&exhibits, &examination, budget),
            );
        }
        examination
    };
    let mut consult = |examination: &mut Examination| {
        let sighting = memory.consult(examination, &utc(SystemTime::now()))?;
        // A sighting that is kept twice is the same one, so it goes before the line that says the note is done.
        memory.record(sighting.as_slice())
    };
    let mut out = io::stdout().lock();
    let terminal = out.is_terminal();
    let mut summary = Summary::default();
    let catalogue = language.catalogue();
    // Which notes will come is not known, so their names are not aligned.
    let table = Table::new(catalogue, std::iter::empty(), Style::default());
    let mut watch = Watch::new(
        folder,
        gather::Options {
            pair_consecutive: judging.pair_consecutive,
            manifest: None,
        },
        arguments.settle,
        arguments.done.clone(),
        ledger,
    );
    remark(&format!(
        "watching {}; Ctrl-C stops it",
        display_path(folder)
    ));
    let start = Instant::now();
    while !stopped() {
        let mut show = |examination: &Examination| {
            summary.add(examination);
            if let Some(growing) = &mut growing {
                let first = examination.files.first();
                let shown = first.and_then(|file| pictures.lock().ok()?.remove(&file.path));
                growing.add(examination.clone(), &shown.unwrap_or_default())?;
            }
            if terminal && !arguments.quiet {
                table.write(&mut out, examination)?;
            } else if !terminal && arguments.out.is_none() {
                jsonl::write(&mut out, examination)?;
            }
            Ok(out.flush()?)
        };
        let finished = watch.round(Round {
            now: start.elapsed(),
            jobs: judging.jobs(),
            each_alone: judging.each_alone,
            judge: &judge,
            consult: &mut consult,
            show: &mut show,
            remark: &remark,
            stopped: &stopped,
        })?;
        if let Some(growing) = &mut growing {
            let made = html::Page {
                library: &library,
                catalogue,
                made: &utc(SystemTime::now()),
                drift: &[],
            };
            let idle = finished == 0 || stopped();
            growing.refresh(&made, judging.each_alone, idle)?;
        }
        let waited = Instant::now();
        while !stopped() && waited.elapsed() < arguments.every {
            thread::sleep(SLICE.min(arguments.every));
        }
    }
    if !arguments.quiet {
        summary.write(&mut io::stderr(), catalogue)?;
    }
    Ok(Exit::Good)
}

/// Refuses what would be taken for input, or written beside it.
fn refuse_inside(folder: &Path, option: &str, path: &Path) -> Result<()> {
    if real(path)?.starts_with(real(folder)?) {
        bail!(
            "{}: {option} lies inside of the watched folder {}: name a place outside of it",
            display_path(path),
            display_path(folder)
        );
    }
    Ok(())
}

/// Where a path leads, links followed, though its last parts need not exist.
fn real(path: &Path) -> Result<PathBuf> {
    let mut real = PathBuf::new();
    for part in absolute(path)
        .with_context(|| format!("{}: is no path", display_path(path)))?
        .components()
    {
        match part {
            Component::ParentDir => drop(real.pop()),
            Component::CurDir => {}
            part => {
                real.push(part);
                real = real.canonicalize().unwrap_or(real);
            }
        }
    }
    Ok(real)
}

/// A watched folder.
struct Watch {
    folder: PathBuf,
    options: gather::Options,
    settle: Duration,
    done: Option<PathBuf>,
    ledger: Ledger,
    settling: Settling,
    /// Digests of the files as they were; none where a file could not be read.
    digests: HashMap<PathBuf, (Fingerprint, Option<String>)>,
    /// Files that could not be read as they were.
    unreadable: HashMap<PathBuf, Fingerprint>,
    /// What was said, so that it is said once.
    said: BTreeSet<String>,
    /// How soft the scans were since the watch began.
    softness: batch::Softness,
}

/// What a look into the folder needs from outside.
struct Round<'a> {
    /// The time since the watch began.
    now: Duration,
    jobs: NonZeroUsize,
    each_alone: bool,
    judge: &'a (dyn Fn(&Capture) -> Examination + Sync),
    /// Adds what is known from elsewhere to a note that was judged.
    consult: &'a mut dyn FnMut(&mut Examination) -> Result<()>,
    /// Is told every note when it is done.
    show: &'a mut dyn FnMut(&Examination) -> Result<()>,
    remark: &'a dyn Fn(&str),
    stopped: &'a dyn Fn() -> bool,
}

/// A note whose files have come to rest and are not done.
struct Ready {
    capture: Capture,
    /// As the files are, in their order.
    files: Vec<(Fingerprint, Option<String>)>,
    /// Whether a file that cannot be read now may yet become readable.
    may_come: bool,
}

/// Why a round ended early.
enum Halt {
    Stopped,
    Failed(anyhow::Error),
}

impl Watch {
    fn new(
        folder: &Path,
        options: gather::Options,
        settle: Duration,
        done: Option<PathBuf>,
        ledger: Ledger,
    ) -> Self {
        Self {
            folder: folder.to_owned(),
            options,
            settle,
            done,
            ledger,
            settling: Settling::default(),
            digests: HashMap::new(),
            unreadable: HashMap::new(),
            said: BTreeSet::new(),
            softness: batch::Softness::default(),
        }
    }

    /// Looks into the folder once and finishes every note that is ready; how many that were.
    fn round(&mut self, round: Round<'_>) -> Result<usize> {
        let Some(captures) = self.look(round.remark)? else {
            return Ok(0);
        };
        let seen = captures
            .iter()
            .flat_map(|capture| &capture.files)
            .filter_map(|file| Some((file.path.clone(), Fingerprint::of(&file.path)?)));
        self.settling.poll(seen, round.now);
        let settling = &self.settling;
        self.digests
            .retain(|path, _| settling.still(path, round.now).is_some());
        self.unreadable
            .retain(|path, _| settling.still(path, round.now).is_some());
        let mut ready = Vec::new();
        for capture in captures {
            if (round.stopped)() {
                return Ok(0);
            }
            ready.extend(self.ready(capture, round.now, round.remark));
        }
        let captures: Vec<&Capture> = ready.iter().map(|ready| &ready.capture).collect();
        let mut finished = 0;
        let halt = batch::in_order(
            &captures,
            round.jobs,
            |capture| (round.judge)(capture),
            |index, examination| {
                let Some(ready) = ready.get(index) else {
                    return Ok(());
                };
                if self.is_final(ready, &examination) {
                    let examination = self
                        .finish(ready, examination, round.each_alone, round.consult)
                        .map_err(Halt::Failed)?;
                    (round.show)(&examination).map_err(Halt::Failed)?;
                    for file in &ready.capture.files {
                        self.put_away(&file.path, round.remark);
                    }
                    finished += 1;
                }
                if (round.stopped)() {
                    Err(Halt::Stopped)
                } else {
                    Ok(())
                }
            },
        );
        match halt {
            Err(Halt::Failed(error)) => Err(error),
            Ok(()) | Err(Halt::Stopped) => Ok(finished),
        }
    }

    /// The notes in the folder; `None` while the folder is away, as a network folder may be.
    fn look(&mut self, remark: &dyn Fn(&str)) -> Result<Option<Vec<Capture>>> {
        let away = format!(
            "{}: cannot be read now: waiting for it to come back",
            display_path(&self.folder)
        );
        if !self.folder.is_dir() {
            self.say_once(away, remark);
            return Ok(None);
        }
        self.said.remove(&away);
        match gather(std::slice::from_ref(&self.folder), &self.options) {
            Ok(gathered) => {
                for why in gathered.skipped.unreadable_folders {
                    self.say_once(format!("folder not read: {why}"), remark);
                }
                Ok(Some(gathered.captures))
            }
            Err(GatherError::NoImages { .. }) => Ok(Some(Vec::new())),
            Err(error) => Err(error.into()),
        }
    }

    fn say_once(&mut self, what: String, remark: &dyn Fn(&str)) {
        if !self.said.contains(&what) {
            remark(&what);
            self.said.insert(what);
        }
    }

    /// What is left to be judged of a note when all of its files rest. Files that are done are put away.
    fn ready(&mut self, capture: Capture, now: Duration, remark: &dyn Fn(&str)) -> Option<Ready> {
        let mut rest = Duration::MAX;
        let mut states = Vec::new();
        for file in &capture.files {
            let (fingerprint, still) = self.settling.still(&file.path, now)?;
            rest = rest.min(still);
            states.push(fingerprint);
        }
        if rest < self.settle {
            return None;
        }
        let may_come = rest < self.settle * PATIENCE;
        let mut files = Vec::new();
        let mut left = Vec::new();
        for (source, fingerprint) in capture.files.into_iter().zip(states) {
            if may_come && self.unreadable.get(&source.path) == Some(&fingerprint) {
                return None;
            }
            let digest = self.digest(&source.path, fingerprint)?;
            if self
                .ledger
                .is_done(self.within(&source.path), digest.as_deref())
            {
                self.put_away(&source.path, remark);
            } else {
                left.push(source);
                files.push((fingerprint, digest));
            }
        }
        (!left.is_empty()).then_some(Ready {
            capture: Capture {
                note: capture.note,
                files: left,
            },
            files,
            may_come,
        })
    }

    /// The path of a file inside of the folder.
    fn within<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.folder).unwrap_or(path)
    }

    /// The digest of a file's bytes, none where they cannot be read; `None` where the file is gone.
    fn digest(&mut self, path: &Path, fingerprint: Fingerprint) -> Option<Option<String>> {
        if let Some((of, digest)) = self.digests.get(path)
            && *of == fingerprint
        {
            return Some(digest.clone());
        }
        let digest = match sha256(path) {
            Ok(digest) => Some(digest),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(_) => None,
        };
        self.digests
            .insert(path.to_owned(), (fingerprint, digest.clone()));
        Some(digest)
    }

    /// Whether what was judged is what is there, and would not be judged otherwise a little later.
    fn is_final(&mut self, ready: &Ready, examination: &Examination) -> bool {
        let mut is_final = true;
        for ((source, record), (fingerprint, digest)) in ready
            .capture
            .files
            .iter()
            .zip(&examination.files)
            .zip(&ready.files)
        {
            let changed = Fingerprint::of(&source.path) != Some(*fingerprint)
                || (record.sha256.is_some() && record.sha256 != *digest);
            if changed {
                self.digests.remove(&source.path);
            }
            if record.error.is_some() && ready.may_come {
                self.unreadable.insert(source.path.clone(), *fingerprint);
                is_final = false;
            }
            is_final &= !changed;
        }
        is_final
    }

    /// Evidence across the notes that were judged so far.
    fn compare(&mut self, examination: &mut Examination) {
        self.softness.count(examination);
        self.softness.settle(examination);
        let Some((design, text)) = examination.numbered() else {
            return;
        };
        let others = self
            .ledger
            .same_number(design, text, &examination.digests());
        if !others.is_empty() {
            // The same note scanned again, or a copy of it: a watch has no batch that would tell which.
            let why = format!(
                "serial number {text} was seen before, on {}",
                others.join(", ")
            );
            examination.add(batch::across("serial-repeated", true, why));
        }
    }

    /// Completes a note and writes its line.
    fn finish(
        &mut self,
        ready: &Ready,
        mut examination: Examination,
        each_alone: bool,
        consult: &mut dyn FnMut(&mut Examination) -> Result<()>,
    ) -> Result<Examination> {
        examination.note = self.ledger.free_name(&examination.note);
        for (record, (_, digest)) in examination.files.iter_mut().zip(&ready.files) {
            record.sha256 = digest.clone();
        }
        if !each_alone {
            self.compare(&mut examination);
        }
        consult(&mut examination)?;
        self.ledger.write(&examination)?;
        Ok(examination)
    }

    /// Moves a scan that is done, if that is wanted. One that cannot be moved stays, is said once, and is tried again
    /// with every look into the folder.
    fn put_away(&mut self, path: &Path, remark: &dyn Fn(&str)) {
        let Some(done) = &self.done else { return };
        if let Err(error) = move_into(done, path, self.within(path)) {
            let why = format!(
                "{}: is done, but cannot be moved to {} ({error}): move it by hand",
                display_path(path),
                display_path(done)
            );
            self.say_once(why, remark);
        }
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Moves a file to `folder`/`within`, or to the first of its names with a number that is free. A crash leaves the file
/// in either place or in both; another call tidies that up.
fn move_into(folder: &Path, path: &Path, within: &Path) -> io::Result<()> {
    let wanted = folder.join(within);
    if let Some(parent) = wanted.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut target = wanted.clone();
    for number in 2u64.. {
        // A link never replaces a file, which renaming would.
        let placed = match fs::hard_link(path, &target) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => copy_to(path, &target),
            placed => placed,
        };
        match placed {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if is_same(path, &target)? {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
        let mut name = wanted.file_stem().unwrap_or_default().to_owned();
        name.push(format!(" ({number})"));
        if let Some(extension) = wanted.extension() {
            name.push(".");
            name.push(extension);
        }
        target = wanted.with_file_name(name);
    }
    fs::remove_file(path)
}

/// For places that know no hard links, or lie on another file system.
fn copy_to(path: &Path, target: &Path) -> io::Result<()> {
    let mut from = File::open(path)?;
    let mut copy = NamedTempFile::new_in(target.parent().unwrap_or(Path::new(".")))?;
    io::copy(&mut from, &mut copy)?;
    let metadata = from.metadata()?;
    copy.as_file().set_permissions(metadata.permissions())?;
    if let Ok(modified) = metadata.modified() {
        copy.as_file().set_modified(modified)?;
    }
    copy.as_file().sync_all()?;
    copy.persist_noclobber(target)?;
    Ok(())
}

fn is_same(a: &Path, b: &Path) -> io::Result<bool> {
    Ok(fs::metadata(a)?.len() == fs::metadata(b)?.len() && sha256(a)? == sha256(b)?)
}

#[cfg(test)]
mod tests;
