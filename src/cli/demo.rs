//! `guilloche demo`.

use std::env;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::references::library;
use super::{Exit, page};
use crate::Checker;
use crate::language::Language;
use crate::report::{Examination, html, jsonl};
use crate::scan::display_path;
use crate::scan::gather::{self, gather};
use crate::specimen::{BatchKind, BatchNote, Press, write_batch};
use crate::verdict::Verdict;
use crate::{Settings, batch, examine, exhibits};

/// Print a batch of specimen notes, good and bad, check it and say what happened.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche demo\n  guilloche demo another-folder\n\n\
                        The notes are of XTS, a currency that exists only here. A second run writes the same files again.\n\n\
                        Exit status: 0 the demo ran, whatever the verdicts; 2 it could not."
)]
pub struct Arguments {
    /// Folder for the scans and the results; new, empty, or of an earlier demo
    #[arg(value_name = "DIR", default_value = "guilloche-demo")]
    directory: PathBuf,
}

/// Resolution of the press, dpi: what a scan of 300 dpi can show, in a few seconds.
const PRESS_DPI: f32 = 400.0;
/// Says to people what the folder is, and to a later demo that it may write there.
const ABOUT_FILE: &str = "about-this-folder.txt";
const ABOUT: &str = "Made by `guilloche demo`: specimen notes of XTS, a currency for tests, as scans.\n\
    truth/ says of each scan what was drawn where; results.jsonl is what the checker found,\n\
    index.html the report for people.\n\
    Another `guilloche demo` writes these files again and leaves all others alone.\n";
const RESULTS_FILE: &str = "results.jsonl";
const COLUMNS: usize = 96;

/// Runs the command.
pub fn run(arguments: &Arguments, language: Language) -> Result<Exit> {
    let folder = &arguments.directory;
    claim(folder)?;
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(
        out,
        "Printing and scanning specimen notes into {} ...",
        display_path(folder)
    )?;
    out.flush()?;
    let notes = write_batch(&Press::new(PRESS_DPI)?, folder)?;
    let examinations = examine_batch(&notes, folder, language)?;
    let judged: Vec<(&BatchNote, &Examination)> = notes.iter().zip(&examinations).collect();
    summarise(&mut out, &judged)?;
    what_next(&mut out, folder, &judged)?;
    out.flush()?;
    Ok(Exit::Good)
}

/// Makes the folder the demo's own, unless somebody else's files are in it.
fn claim(folder: &Path) -> Result<()> {
    let shown = display_path(folder);
    let about = folder.join(ABOUT_FILE);
    if folder.exists() && !about.is_file() {
        let empty = fs::read_dir(folder)
            .with_context(|| format!("{shown}: is no folder that can be read: name a new one"))?
            .next()
            .is_none();
        if !empty {
            bail!(
                "{shown}: holds files that no demo wrote: name a new folder, as in `guilloche demo another-folder`"
            );
        }
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("{shown}: cannot be made: name another folder"))?;
    fs::write(&about, ABOUT).with_context(|| format!("{}: cannot be written", display_path(&about)))
}

/// Checks the notes as `check` would, in their order and against each other, and keeps the results.
fn examine_batch(
    notes: &[BatchNote],
    folder: &Path,
    language: Language,
) -> Result<Vec<Examination>> {
    let results = &folder.join(RESULTS_FILE);
    let mut album = page::album(folder)?;
    let library = library(None)?;
    let checker = Checker::new(&library);
    let mut captures = Vec::with_capacity(notes.len());
    for note in notes {
        captures.extend(gather(&note.files, &gather::Options::default())?.captures);
    }
    let mut file = BufWriter::new(
        fs::File::create(results)
            .with_context(|| format!("{}: cannot be written", display_path(results)))?,
    );
    let settings = Settings::default();
    let jobs = super::cores();
    let picture_bytes = html::budget(captures.len());
    let mut examinations = Vec::with_capacity(captures.len());
    batch::in_order(
        &captures,
        jobs,
        |capture| {
            let exhibits = exhibits(capture, &checker.identifier, &settings);
            let examination = examine(&capture.note, &exhibits, &checker, &settings);
            let pictures = html::pictures(&exhibits, &examination, picture_bytes);
            (examination, pictures)
        },
        |_, (examination, pictures)| {
            album.add(&pictures)?;
            examinations.push(examination);
            Ok::<(), io::Error>(())
        },
    )?;
    batch::compare(&mut examinations);
    for examination in &examinations {
        jsonl::write(&mut file, examination)?;
    }
    file.flush()?;
    let made = html::Page {
        library: &library,
        catalogue: language.catalogue(),
        made: &super::judging::utc(SystemTime::now()),
        // Half of the notes are forged in ways that look like another scanner.
        drift: &[],
    };
    page::write(folder, &made, &examinations, &mut album)?;
    Ok(examinations)
}

/// Each note: what was drawn, and what the checker says of it.
fn summarise(out: &mut dyn Write, judged: &[(&BatchNote, &Examination)]) -> Result<()> {
    writeln!(out)?;
    paragraph(
        out,
        "",
        &format!(
            "These {} scans are of notes that guilloche drew itself: XTS is the code that ISO 4217 keeps for tests. \
             So we know what each one is, and can see what the checker, which does not, makes of it.",
            judged.len()
        ),
    )?;
    for (note, examination) in judged {
        writeln!(out)?;
        paragraph(out, "", &format!("{}: {}", note.stem, note.about))?;
        let mut said = examination.verdict.as_str().to_owned();
        if let Some(identity) = &examination.identity {
            said.push_str(&format!(
                ", recognised as {} {}",
                identity.currency, identity.denomination
            ));
        }
        if let Some(text) = examination.serial.as_ref().and_then(|s| s.text.as_ref()) {
            said.push_str(&format!(", number {text}"));
        }
        if !examination.reasons.is_empty() {
            said.push_str(": ");
            said.push_str(&examination.reasons.join("; "));
        }
        paragraph(out, "    ", &said)?;
    }
    Ok(())
}

/// How often each verdict was right, what the verdicts mean, and where to go from here.
fn what_next(
    out: &mut dyn Write,
    folder: &Path,
    judged: &[(&BatchNote, &Examination)],
) -> Result<()> {
    writeln!(out)?;
    for (kind, name) in [
        (BatchKind::Good, "good notes"),
        (BatchKind::Forged, "forgeries"),
        (BatchKind::NoNote, "files without a whole note"),
    ] {
        let of_kind: Vec<Verdict> = judged
            .iter()
            .filter(|(note, _)| note.kind == kind)
            .map(|(_, examination)| examination.verdict)
            .collect();
        let counts: Vec<String> = Verdict::ALL
            .iter()
            .map(|v| (v, of_kind.iter().filter(|w| *w == v).count()))
            .filter(|(_, count)| *count > 0)
            .map(|(verdict, count)| format!("{count} {}", verdict.as_str()))
            .collect();
        writeln!(out, "{} {name}: {}", of_kind.len(), counts.join(", "))?;
    }
    for (kind, verdict, what) in [
        (BatchKind::Good, Verdict::Suspect, "False alarms"),
        (BatchKind::Forged, Verdict::Passed, "Forgeries that passed"),
        (
            BatchKind::Forged,
            Verdict::Unclear,
            "Forgeries left to a person's eye",
        ),
    ] {
        let names: Vec<&str> = judged
            .iter()
            .filter(|(note, examination)| note.kind == kind && examination.verdict == verdict)
            .map(|(note, _)| note.stem.as_str())
            .collect();
        if !names.is_empty() {
            paragraph(out, "", &format!("{what}: {}", names.join(", ")))?;
        }
    }
    writeln!(out, "\nWhat the verdicts mean:")?;
    for verdict in Verdict::ALL {
        if judged.iter().any(|(_, e)| e.verdict == verdict) {
            paragraph(
                out,
                "    ",
                &format!("{}: {}", verdict.as_str(), meaning(verdict)),
            )?;
        }
    }
    let shown = display_path(folder);
    // As it was called: nothing was installed yet where the demo is the first thing somebody runs.
    let program = env::args_os().next().unwrap_or_default();
    let program = display_path(Path::new(&program));
    writeln!(
        out,
        "\nWhat to do next:\n\
         \x20   Look at the scans in {shown}; {shown}/truth says what was drawn where.\n\
         \x20   Open {shown}/index.html: the report, for people.\n\
         \x20   Read {shown}/{RESULTS_FILE}: all that was found, one line a note.\n\
         \x20   {program} check FOLDER\n\
         \x20       checks scans of your own.\n\
         \x20   {program} references list\n\
         \x20       shows which notes are known, and how well.\n\
         \x20   {program} specimen --help\n\
         \x20       prints other specimens, with defects and wear as you like."
    )?;
    Ok(())
}

fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => {
            "no defect was found in what could be examined; that is no proof that a note is genuine"
        }
        Verdict::Suspect => {
            "at least one security feature is missing or clearly not as on genuine notes: have the note examined"
        }
        Verdict::Unclear => {
            "the note was recognised, but too little could be examined, or wear may explain what is odd: look at it"
        }
        Verdict::Unrecognised => "no reference note fits what is in the picture",
        Verdict::Unreadable => "the file holds no picture that could be read: scan the note again",
    }
}

/// Writes a text in lines of at most [`COLUMNS`] characters, those after the first indented a little more.
fn paragraph(out: &mut dyn Write, indent: &str, text: &str) -> Result<()> {
    let mut line = indent.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            writeln!(out, "{line}")?;
            line = format!("{indent}  ");
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")?;
    Ok(())
}
