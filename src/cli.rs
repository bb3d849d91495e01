//! The command line: clap types, one file a command, exit codes in one place.

mod check;
mod demo;
mod enroll;
mod evaluate;
mod glyphs;
mod history;
mod measure;
mod references;
mod specimen;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::scan;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every note passed, or the command did its work.
    Good,
    /// At least one note is suspect.
    Suspect,
    /// The command could not do its work.
    Failed,
    /// No note is suspect, but at least one is unclear, unrecognised or unreadable.
    Unsure,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Suspect => 1,
            Exit::Failed => 2,
            Exit::Unsure => 3,
        })
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "guilloche",
    version,
    about = "Checks scanned banknotes (USD, RMB): finds the note in a scan, recognises it, compares it with \
             reference notes and says why it is suspect.",
    after_help = "Exit status: 0 every note passed; 1 at least one suspect; 3 none suspect, but at least one \
                  unclear, unrecognised or unreadable; 2 the command could not do its work.",
    arg_required_else_help = true,
    propagate_version = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check scans: files, or folders of them
    Check(check::Arguments),
    /// Print a batch of specimen notes, good and bad, check it and say what happened
    Demo(demo::Arguments),
    /// Draw specimen notes of XTS, a currency of our own, as scans with their truth
    Specimen(specimen::Arguments),
    /// List, show or verify reference notes
    References(references::Arguments),
    /// Write every measurement of scans as a table
    Measure(measure::Arguments),
    /// Measure genuine scans of one design into its reference note
    Enroll(enroll::Arguments),
    /// Measure on labelled scans how well notes are checked, each judged by what was learned from others
    Evaluate(evaluate::Arguments),
    /// Look into a history of serial numbers
    History(history::HistoryArgs),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    quiet_contained_panics();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no failures; both go where clap sends them.
            let exit = if error.use_stderr() {
                Exit::Failed
            } else {
                Exit::Good
            };
            let _ = error.print();
            return exit.into();
        }
    };
    let result = match &arguments.command {
        Command::Check(arguments) => check::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::References(arguments) => references::run(arguments),
        Command::Specimen(arguments) => specimen::run(arguments),
        Command::Measure(arguments) => measure::run(arguments),
        Command::Enroll(arguments) => enroll::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::History(arguments) => {
            history::run(arguments, io::stdout().lock()).map(|()| Exit::Good)
        }
    };
    match result {
        Ok(exit) => exit.into(),
        // Whoever read our output has had enough of it.
        Err(error) if is_broken_pipe(&error) => Exit::Good.into(),
        Err(error) => {
            complain(&format!("error: {error:#}"));
            Exit::Failed.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|e| e.downcast_ref::<io::Error>())
        .any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// One line to standard error.
#[allow(clippy::print_stderr)]
fn complain(text: &str) {
    eprintln!("{text}");
}

/// A decoder that panics on a broken file is reported with that file; the usual message would only
/// tear the progress line.
fn quiet_contained_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !scan::panic_is_contained() {
            usual(info);
        }
    }));
}
