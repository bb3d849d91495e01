//! `guilloche form`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use super::Exit;
use super::sink::Sink;
use crate::form;
use crate::record::Record;
use crate::scan::display_path;

/// Fill what is known of a note into a page for a report on counterfeit money.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche form results.jsonl 17 --kind ssf1604 --output 17.html\n  \
                  guilloche form results.jsonl scans/17.jpg --kind cny --output 17.html\n\n\
                  Open the page in a browser, complete what is open, print it. It carries the data of the official form, and \
                  is not that form."
)]
pub struct Arguments {
    /// Results as `check --format jsonl` or `watch --out` write them
    #[arg(value_name = "RESULTS.jsonl")]
    results: PathBuf,
    /// The note: its name in the results, or one of its files
    #[arg(value_name = "NOTE")]
    note: String,
    /// Which form
    #[arg(long, value_enum)]
    kind: Kind,
    /// Write there instead of to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The forms there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Counterfeit Note Report of the US Secret Service
    Ssf1604,
    /// 假币收缴凭证, the receipt of the People's Republic of China
    Cny,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let record = find(&arguments.results, &arguments.note)?;
    let page = match arguments.kind {
        Kind::Ssf1604 => form::ssf1604(&record),
        Kind::Cny => form::cny(&record),
    }?;
    if let Some(output) = &arguments.output
        && let (Ok(output), Ok(results)) = (output.canonicalize(), arguments.results.canonicalize())
        && output == results
    {
        bail!(
            "{}: --output would replace the results: name another file",
            display_path(&output)
        );
    }
    let mut sink = Sink::open(arguments.output.as_deref())?;
    sink.writer().write_all(page.as_bytes())?;
    sink.finish()?;
    Ok(Exit::Good)
}

/// The one note of this name, or with a file of this name.
fn find(results: &Path, note: &str) -> Result<Record> {
    let name = display_path(results);
    let file =
        File::open(results).with_context(|| format!("{name}: cannot be read: check the path"))?;
    let mut reader = BufReader::new(file);
    let mut found: Vec<Record> = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .with_context(|| format!("{name}: cannot be read: check the path"))?;
        if read == 0 {
            break;
        }
        let record = match Record::parse(&line) {
            Ok(record) => record,
            // Somebody is just writing it.
            Err(_) if number > 1 && !line.ends_with(b"\n") => break,
            Err(error) => bail!("{name}, line {number}: {error}"),
        };
        if record.note == note || record.files.iter().any(|file| file.path == note) {
            found.push(record);
        }
    }
    match found.len() {
        0 => bail!(
            "{name}: has no note {note:?}: give its name, or the path of one of its files, as the results have it"
        ),
        1 => found.pop().with_context(|| name),
        several => {
            let files: Vec<&str> = found
                .iter()
                .filter_map(|record| Some(record.files.first()?.path.as_str()))
                .collect();
            bail!(
                "{name}: {several} notes are called {note:?}: name a file instead, of {}",
                files.join(", ")
            )
        }
    }
}
