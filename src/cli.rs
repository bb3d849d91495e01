//! The command line: clap types, one file a command, exit codes in one place.

mod check;
mod completions;
mod config;
mod demo;
mod enroll;
mod evaluate;
mod explain;
mod features;
mod form;
mod glyphs;
mod history;
mod judging;
mod labelled;
mod level;
mod man;
mod marks;
mod measure;
mod page;
mod references;
mod sink;
mod specimen;
mod watch;

use std::env;
use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use config::Config;

use crate::language::Language;
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
    after_help = "Examples:\n  guilloche demo\n  guilloche check scans/\n  guilloche watch scans/ --out results.jsonl\n\n\
                  Defaults for --references, --false-alarm, --history and --lang (language = \"zh\") may stand in a file \
                  guilloche.toml in the current folder or one above it, as in: false-alarm = 0.0005\n\n\
                  Exit status: 0 every note passed; 1 at least one suspect; 3 none suspect, but at least one \
                  unclear, unrecognised or unreadable; 2 the command could not do its work.",
    arg_required_else_help = true,
    propagate_version = true
)]
struct Arguments {
    /// Language of reports, text and pages: en or zh [default: as the environment says]
    #[arg(long, value_name = "LANG", global = true)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

/// The language asked for, else the configured one, else the first that the environment names for
/// messages.
fn language(asked: Option<Language>) -> Result<Language> {
    if let Some(language) = asked.or(Config::here()?.language) {
        return Ok(language);
    }
    Ok(["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty())
        .map_or(Language::English, |value| {
            Language::of_locale(&value.to_string_lossy())
        }))
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check scans: files, or folders of them
    Check(check::Arguments),
    /// Check what a scanner drops into a folder
    Watch(watch::Arguments),
    /// Print a batch of specimen notes, good and bad, check it and say what happened
    Demo(demo::Arguments),
    /// Draw specimen notes of XTS, a currency of our own, as scans with their truth
    Specimen(specimen::Arguments),
    /// List, show or verify reference notes
    References(references::Arguments),
    /// Write every measurement of scans as a table
    Measure(measure::Arguments),
    /// Say how far each feature can be trusted, measured on labelled scans and on specimens
    Features(features::Arguments),
    /// Measure on drawn specimens whether the stated level of false alarms holds
    Level(level::Arguments),
    /// Measure genuine scans of one design into its reference note
    Enroll(enroll::Arguments),
    /// Print what a feature or a verdict is, how it is measured and what fools it
    Explain(explain::Arguments),
    /// Measure on labelled scans how well notes are checked, each judged by what was learned from others
    Evaluate(evaluate::Arguments),
    /// Look into a history of serial numbers
    History(history::HistoryArgs),
    /// Fill what is known of a note into a page for a report on counterfeit money
    Form(form::Arguments),
    /// Print what makes a shell complete the words of guilloche
    Completions(completions::Arguments),
    /// Print the manual page of guilloche, or of one of its commands
    Man(man::Arguments),
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
            match usage(&error) {
                Some(sentence) => complain(&sentence),
                // Help, asked for or wanted; printing it may fail as nobody reads it.
                None => drop(error.print()),
            }
            return exit.into();
        }
    };
    match run(&arguments) {
        Ok(exit) => exit.into(),
        // Whoever read our output has had enough of it.
        Err(error) if is_broken_pipe(&error) => Exit::Good.into(),
        Err(error) => {
            complain(&format!("error: {error:#}"));
            Exit::Failed.into()
        }
    }
}

/// What is wrong with the words of a command, in one sentence; none where it is help that is to be shown.
fn usage(error: &clap::Error) -> Option<String> {
    use clap::error::ErrorKind;
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion
    ) {
        return None;
    }
    let said = error.to_string();
    // Clap puts each thing on a line of its own, then how the command is used, then where there is help.
    let words = said
        .lines()
        .map(str::trim)
        .take_while(|line| {
            !line.starts_with("Usage: ") && !line.starts_with("For more information")
        })
        // Nobody who mistypes an option means its name as a value.
        .filter(|line| !line.is_empty() && !line.starts_with("tip: to pass "))
        .map(|line| line.strip_prefix("tip: ").unwrap_or(line))
        .map(|line| line.trim_start_matches('[').trim_end_matches(']'))
        .collect::<Vec<_>>();
    let (first, more) = words.split_first()?;
    let list = first.ends_with(':');
    let more = more.join(if list { ", " } else { "; " });
    let shown = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("Usage: "));
    let command = match shown {
        Some(shown) => shown
            .split(' ')
            .take_while(|word| !word.starts_with(['<', '[', '-']))
            .collect::<Vec<_>>()
            .join(" "),
        None => std::iter::once("guilloche".to_owned())
            .chain(
                env::args_os()
                    .filter_map(|word| word.into_string().ok())
                    .find(|word| Arguments::command().find_subcommand(word).is_some()),
            )
            .collect::<Vec<_>>()
            .join(" "),
    };
    let join = match (list, more.is_empty()) {
        (_, true) => "",
        (true, _) => " ",
        (false, _) => "; ",
    };
    Some(format!(
        "{first}{join}{more}; `{command} --help` shows examples"
    ))
}

/// As many threads as there are cores.
fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn run(arguments: &Arguments) -> Result<Exit> {
    let language = || language(arguments.lang);
    match &arguments.command {
        Command::Check(arguments) => check::run(arguments, language()?),
        Command::Watch(arguments) => watch::run(arguments, language()?),
        Command::Demo(arguments) => demo::run(arguments, language()?),
        Command::References(arguments) => references::run(arguments),
        Command::Specimen(arguments) => specimen::run(arguments),
        Command::Measure(arguments) => measure::run(arguments),
        Command::Features(arguments) => features::run(arguments),
        Command::Level(arguments) => level::run(arguments),
        Command::Enroll(arguments) => enroll::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Explain(arguments) => explain::run(arguments, language()?),
        Command::History(arguments) => {
            history::run(arguments, io::stdout().lock()).map(|()| Exit::Good)
        }
        Command::Form(arguments) => form::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Every command below this one, with itself.
    fn all(command: &clap::Command) -> Vec<&clap::Command> {
        let below = command.get_subcommands().filter(|c| c.get_name() != "help");
        std::iter::once(command)
            .chain(below.flat_map(all))
            .collect()
    }

    /// The examples of a command, without what the shell does with their output.
    fn examples(command: &clap::Command) -> Vec<String> {
        let text = command
            .get_after_long_help()
            .or(command.get_after_help())
            .map_or_else(String::new, ToString::to_string);
        let whole = text.replace("\\\n", " ");
        whole
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("guilloche "))
            .map(|line| line.split(['>', '|']).next().unwrap_or_default().to_owned())
            .collect()
    }

    /// Words as a shell takes them apart.
    fn words(line: &str) -> Vec<String> {
        let quoted = line.split('"').enumerate();
        quoted
            .flat_map(|(index, part)| match index % 2 {
                1 => vec![part.to_owned()],
                _ => part.split_whitespace().map(str::to_owned).collect(),
            })
            .collect()
    }

    #[test]
    fn every_command_shows_examples_that_work() {
        let mut root = Arguments::command();
        root.build();
        for command in all(&root) {
            let path = command.get_display_name().unwrap_or(command.get_name());
            let examples = examples(command);
            assert!(!examples.is_empty(), "{path} shows no example");
            let own: Vec<&str> = path.split('-').skip(1).collect();
            assert!(
                examples
                    .iter()
                    .any(|example| example.starts_with(&own.join(" "))),
                "{path} shows none of its own"
            );
            for example in &examples {
                let words = std::iter::once("guilloche".to_owned()).chain(words(example));
                if let Err(error) = Arguments::try_parse_from(words) {
                    unreachable!("{example}: {error}");
                }
            }
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
