//! `guilloche explain`.

use std::io::{self, Write};

use anyhow::Result;
use clap::Args;

use super::Exit;
use crate::explain;
use crate::language::Language;
use crate::verdict::Verdict;

/// Print what a feature or a verdict is, how it is measured and what fools it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche explain list\n  guilloche explain line-acuity\n  guilloche explain unclear --lang zh"
)]
pub struct Arguments {
    /// A feature, a verdict, or `list`
    #[arg(value_name = "NAME")]
    name: String,
}

const COLUMNS: usize = 80;

/// Runs the command.
pub fn run(arguments: &Arguments, language: Language) -> Result<Exit> {
    let mut out = io::stdout().lock();
    if arguments.name == "list" {
        list(&mut out, language)?;
    } else {
        let (title, body) = explain::page(&arguments.name, language)?;
        out.write_all(explain::plain(&title, &body, COLUMNS).as_bytes())?;
    }
    Ok(Exit::Good)
}

fn list(out: &mut dyn Write, language: Language) -> Result<()> {
    let catalogue = language.catalogue();
    writeln!(out, "{}", catalogue.text("explain.verdicts"))?;
    for verdict in Verdict::ALL {
        line(
            out,
            verdict.as_str(),
            catalogue.text(&format!("verdict.{}.name", verdict.as_str())),
        )?;
    }
    writeln!(out, "\n{}", catalogue.text("explain.features"))?;
    for name in explain::feature_names() {
        line(out, name, catalogue.text(&format!("feature.{name}.name")))?;
    }
    writeln!(out, "\n{}", catalogue.text("explain.hint"))?;
    Ok(())
}

fn line(out: &mut dyn Write, name: &str, what: &str) -> io::Result<()> {
    if name == what {
        writeln!(out, "    {name}")
    } else {
        writeln!(out, "    {name:<20}  {what}")
    }
}
