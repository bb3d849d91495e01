//! `guilloche evaluate`.

use std::fs;
use std::io::{IsTerminal, stderr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::glyphs::learned;
use super::judging::{jobs, probability};
use super::references::library;
use super::sink::Sink;
use super::{Exit, complain};
use crate::evaluate::figures::{Asked, figures};
use crate::evaluate::render::{self, Style};
use crate::evaluate::{Fold, Plan, judge, labels};
use crate::reference::Library;
use crate::scan::display_path;
use crate::scan::gather::{Options, gather};
use crate::verdict::Policy;
use crate::{Settings, batch};

/// Measure on labelled scans how well notes are checked, each judged by what was learned from others
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  guilloche evaluate labels.tsv scans/ --format markdown --output evaluation.md\n\nLABELS is tab-separated with \
                        the columns file, note, truth (genuine, counterfeit or layout), attack (how a counterfeit was made, or what was \
                        done to a genuine note), design, side and serial; made_from names the file that one was made from: both \
                        are then judged by the same model, which has seen neither."
)]
pub struct Arguments {
    /// Labels (files that end in .tsv), and the scans they are of: files, or folders of them
    #[arg(value_name = "LABELS.tsv|SCAN", required = true, num_args = 2..)]
    paths: Vec<PathBuf>,
    /// Parts into which the notes are divided; each is judged by what was learned from the others
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = folds)]
    folds: usize,
    /// The share of notes in circulation that is counterfeit, as 1/40000 or 0.000025
    #[arg(long, value_name = "SHARE", default_value = "1/40000", value_parser = prior)]
    prior: f64,
    /// Share of genuine notes that may be called suspect
    #[arg(long, value_name = "P", default_value_t = 0.001, value_parser = probability)]
    false_alarm: f64,
    /// Reference notes to use besides the built-in ones
    #[arg(long, value_name = "DIR")]
    references: Option<PathBuf>,
    /// Notes at once [default: the machine's cores]
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// What is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write there instead of to standard output; the file appears when it is complete
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How the figures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// A page
    Markdown,
}

fn folds(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (2..=100).contains(n))
        .ok_or_else(|| "write a whole number from 2 to 100".to_owned())
}

/// A share as a fraction or a decimal number.
fn prior(text: &str) -> Result<f64, String> {
    let share = match text.split_once('/') {
        Some((above, below)) => match (above.trim().parse::<f64>(), below.trim().parse::<f64>()) {
            (Ok(above), Ok(below)) => Some(above / below),
            _ => None,
        },
        None => text.parse().ok(),
    };
    share
        .filter(|share| *share > 0.0 && *share < 1.0)
        .ok_or_else(|| format!("{text:?} is no share between 0 and 1: write it as 1/40000"))
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let (tables, scans): (Vec<&PathBuf>, Vec<&PathBuf>) = arguments
        .paths
        .iter()
        .partition(|path| path.extension().is_some_and(|e| e == "tsv"));
    if tables.is_empty() {
        bail!("no labels are given: name a file that ends in .tsv");
    }
    if scans.is_empty() {
        bail!("no scans are given: name files or folders beside the labels");
    }
    let mut known = Vec::new();
    for table in tables {
        let name = display_path(table);
        let file = fs::File::open(table)
            .with_context(|| format!("{name}: cannot be read: check the path"))?;
        for label in labels::read(&name, file)? {
            if let Some(twice) = known
                .iter()
                .find(|other: &&labels::Label| other.file == label.file)
            {
                bail!(
                    "{name}: {} is in another file of labels as well",
                    twice.file
                );
            }
            known.push(label);
        }
    }
    let library = library(arguments.references.as_deref())?;
    let scans: Vec<PathBuf> = scans.into_iter().cloned().collect();
    let gathered = gather(&scans, &Options::default())?;
    let plan = Plan::new(&known, &gathered.captures, arguments.folds)?;
    let mut sink = Sink::open(arguments.output.as_deref())?;
    let settings = Settings {
        policy: Policy {
            false_alarm: arguments.false_alarm,
            ..Policy::default()
        },
        ..Settings::default()
    };
    let all = match arguments.jobs {
        Some(jobs) => jobs,
        None => super::cores(),
    };
    // Folds side by side, as enrolling reads scans one after the other; more cores share a fold.
    let at_once = all.min(NonZeroUsize::new(plan.folds).unwrap_or(NonZeroUsize::MIN));
    let each = NonZeroUsize::new(all.get() / at_once.get()).unwrap_or(NonZeroUsize::MIN);
    let numbers: Vec<usize> = (0..plan.folds).collect();
    let mut judged = Vec::new();
    let mut not_enrolled = Vec::new();
    let mut faces: Option<Vec<String>> = None;
    batch::in_order(
        &numbers,
        at_once,
        |&fold| -> Result<(Fold, Vec<String>)> {
            let mut faces = Vec::new();
            let lettered = |enrolled: Library| {
                let (own, names) = learned(&enrolled, &plan.numbered(fold), each);
                faces = names;
                own
            };
            let done = judge(&plan, fold, library.clone(), lettered, &settings, each)?;
            Ok((done, faces))
        },
        |fold, result| -> Result<()> {
            let (done, learned) = result?;
            judged.extend(done.judged);
            not_enrolled.extend(done.left_out);
            // Shipped glyphs in one fold are shipped glyphs.
            match &mut faces {
                Some(faces) => faces.retain(|face| learned.contains(face)),
                None => faces = Some(learned),
            }
            if stderr().is_terminal() {
                complain(&format!("fold {} of {} judged", fold + 1, plan.folds));
            }
            Ok(())
        },
    )?;
    not_enrolled.sort();
    not_enrolled.dedup();
    judged.sort_by_key(|(index, _)| *index);
    let asked = Asked {
        command: command(arguments),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        folds: arguments.folds,
        false_alarm: arguments.false_alarm,
        prior: arguments.prior,
        glyphs: glyphs(&faces.unwrap_or_default()),
    };
    let found = figures(&plan, &judged, &library, asked, not_enrolled);
    let out = sink.writer();
    match arguments.format {
        Format::Text => render::write(out, &found, Style::Text)?,
        Format::Markdown => render::write(out, &found, Style::Markdown)?,
        Format::Json => {
            serde_json::to_writer(&mut *out, &found)?;
            writeln!(out)?;
        }
    }
    sink.finish()?;
    Ok(Exit::Good)
}

fn glyphs(faces: &[String]) -> String {
    if faces.is_empty() {
        "Read with the glyphs shipped: the labelled numbers were too few to learn others from. Where these notes were \
         among those that the shipped ones were learned from, the figures flatter."
            .to_owned()
    } else {
        format!(
            "Read with glyphs learned in each fold from the other folds' numbers: {}. Any other lettering was read with \
             the glyphs shipped.",
            faces.join(", ")
        )
    }
}

/// The command, so that it can be given again; what is as by default is left out.
fn command(arguments: &Arguments) -> String {
    let mut words = vec!["guilloche evaluate".to_owned()];
    words.extend(arguments.paths.iter().map(|path| shown(path)));
    if arguments.folds != 5 {
        words.push(format!("--folds {}", arguments.folds));
    }
    let one_in = (1.0 / arguments.prior).round();
    if one_in != 40_000.0 {
        words.push(format!("--prior {}", arguments.prior));
    }
    if arguments.false_alarm != 0.001 {
        words.push(format!("--false-alarm {}", arguments.false_alarm));
    }
    if let Some(folder) = &arguments.references {
        words.push(format!("--references {}", shown(folder)));
    }
    match arguments.format {
        Format::Text => {}
        Format::Json => words.push("--format json".to_owned()),
        Format::Markdown => words.push("--format markdown".to_owned()),
    }
    if let Some(file) = &arguments.output {
        words.push(format!("--output {}", shown(file)));
    }
    words.join(" ")
}

fn shown(path: &Path) -> String {
    let text = display_path(path);
    if text.contains(char::is_whitespace) {
        format!("'{text}'")
    } else {
        text
    }
}
