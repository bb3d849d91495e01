//! `guilloche history`: what serial numbers were seen before.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::history::{History, Sighting};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::config::{Config, FILE};

/// Look into a history of serial numbers
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche check scans/ --history seen.sqlite\n  \
                  guilloche history find QB91746345C --history seen.sqlite"
)]
pub struct HistoryArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One line for every note in the history, oldest first
    #[command(after_help = "Example:\n  guilloche history list --history seen.sqlite")]
    List {
        #[command(flatten)]
        file: FileArg,
    },
    /// Every sighting of a serial number, with its files
    #[command(after_help = "Example:\n  guilloche history find QB91746345C --history seen.sqlite")]
    Find {
        /// The serial number, as QB91746345C
        serial: String,
        #[command(flatten)]
        file: FileArg,
    },
    /// The whole history as CSV
    #[command(after_help = "Example:\n  guilloche history export --history seen.sqlite > seen.csv")]
    Export {
        #[command(flatten)]
        file: FileArg,
    },
}

#[derive(Debug, Args)]
struct FileArg {
    /// The history that `check --history` wrote [default: that of guilloche.toml]
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

impl FileArg {
    fn open(&self) -> Result<History> {
        let path = match &self.history {
            Some(path) => path.clone(),
            None => Config::here()?.history.with_context(|| {
                format!("no history is named: say --history FILE, or write `history` into {FILE}")
            })?,
        };
        Ok(History::open_existing(&path)?)
    }
}

/// Runs the command and writes its answer to `out`.
pub fn run(args: &HistoryArgs, mut out: impl Write) -> Result<()> {
    match &args.command {
        Command::List { file } => {
            file.open()?.each(|row| line(&mut out, &row))?;
        }
        Command::Find { serial, file } => {
            let found = file.open()?.find(serial)?;
            if found.is_empty() {
                writeln!(out, "{} was not seen", shown(serial))?;
            }
            for row in &found {
                line(&mut out, row)?;
                for file in &row.files {
                    writeln!(out, "    {}  {}", file.sha256, shown(&file.path))?;
                }
            }
        }
        Command::Export { file } => file.open()?.export(&mut out)?,
    }
    out.flush()?;
    Ok(())
}

fn line(out: &mut impl Write, row: &Sighting) -> io::Result<()> {
    let Sighting {
        when,
        serial,
        design,
        verdict,
        note,
        ..
    } = row;
    writeln!(
        out,
        "{}  {serial:<11}  {design:<14}  {verdict:<12}  {}",
        shown(when),
        shown(note)
    )
}

/// A name from a file system may hold control characters, which a terminal would obey.
fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let (plain, escaped) = if c.is_control() {
                (None, Some(c.escape_default()))
            } else {
                (Some(c), None)
            };
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::history::SeenFile;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        history: HistoryArgs,
    }

    #[test]
    fn list_find_export() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.sqlite");
        let row = Sighting {
            serial: "QB91746345C".into(),
            design: "xts-1-2020".into(),
            note: "a\u{1b}[2Jb".into(),
            when: "2026-01-02T03:04:05Z".into(),
            verdict: "passed".into(),
            files: vec![SeenFile {
                path: "a.jpg".into(),
                sha256: "ab".into(),
            }],
        };
        History::open(&path).unwrap().record(&[row]).unwrap();
        let answer = |words: &[&str]| {
            let words = ["history"].iter().chain(words).copied();
            let words = words.chain(["--history", path.to_str().unwrap()]);
            let mut out = Vec::new();
            run(&Program::try_parse_from(words).unwrap().history, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let line =
            "2026-01-02T03:04:05Z  QB91746345C  xts-1-2020      passed        a\\u{1b}[2Jb\n";
        assert_eq!(answer(&["list"]), line);
        assert_eq!(
            answer(&["find", "QB91746345C"]),
            format!("{line}    ab  a.jpg\n")
        );
        assert_eq!(
            answer(&["find", "QB00000000C"]),
            "QB00000000C was not seen\n"
        );
        assert!(
            answer(&["export"])
                .starts_with("serial,design,note,when,verdict,files,sha256\nQB91746345C,")
        );
    }
}
