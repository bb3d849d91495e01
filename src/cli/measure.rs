//! `guilloche measure`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use super::config::Config;
use super::references::library;
use super::{Exit, complain};
use crate::identify::Identifier;
use crate::scan::display_path;
use crate::scan::gather::{Capture, Options, gather};
use crate::{Settings, batch, exhibits, features};

/// Write every measurement as a table: for building feature tables, and for the curious.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche measure scans/ > measurements.tsv\n  \
                  guilloche measure scans/ --features ink-colour,paper-tint"
)]
pub struct Arguments {
    /// Image files, or folders of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Reference notes to use besides the built-in ones
    #[arg(long, value_name = "DIR")]
    references: Option<PathBuf>,
    /// Only these features
    #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
    features: Vec<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let known: Vec<&str> = features::all().iter().map(|f| f.id()).collect();
    if let Some(unknown) = arguments
        .features
        .iter()
        .find(|f| !known.contains(&f.as_str()))
    {
        bail!(
            "{unknown:?} is no feature that is measured: choose from {}",
            known.join(", ")
        );
    }
    let config = Config::here()?;
    let library = library(config.references_or(&arguments.references))?;
    let identifier = Identifier::new(&library);
    let gathered = gather(&arguments.paths, &Options::default())?;
    let settings = Settings::default();
    let jobs = super::cores();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "file\tdesign\tside\tpx_per_mm\tfeature\tzone\tvalue\tunit\twhy"
    )?;
    let work = |capture: &Capture| {
        let mut rows = Vec::new();
        let mut faults = Vec::new();
        for (source, exhibit) in capture
            .files
            .iter()
            .zip(exhibits(capture, &identifier, &settings))
        {
            let Some(face) = exhibit.face() else {
                let unrecognised = || {
                    format!(
                        "{}: no reference note fits what is in the picture",
                        display_path(&source.path)
                    )
                };
                faults.push(exhibit.record.error.clone().unwrap_or_else(unrecognised));
                continue;
            };
            let start = format!(
                "{}\t{}\t{}\t{:.3}",
                display_path(&source.path),
                face.design.id,
                face.side,
                face.px_per_mm
            );
            for (feature, readings) in features::measure_all(&face) {
                if !arguments.features.is_empty()
                    && !arguments.features.iter().any(|f| f == feature)
                {
                    continue;
                }
                for reading in readings {
                    let (value, unit, why) = match &reading.result {
                        Ok(m) => (m.value.to_string(), m.unit, String::new()),
                        Err(why) => (String::new(), "", why.to_string()),
                    };
                    rows.push(format!(
                        "{start}\t{feature}\t{}\t{value}\t{unit}\t{why}",
                        reading.zone
                    ));
                }
            }
        }
        (rows, faults)
    };
    let mut measured = false;
    batch::in_order(&gathered.captures, jobs, work, |_, (rows, faults)| {
        for row in rows {
            measured = true;
            writeln!(out, "{row}")?;
        }
        for fault in faults {
            complain(&format!("left out: {fault}"));
        }
        Ok::<(), io::Error>(())
    })?;
    if !measured {
        bail!("nothing was measured: give scans of notes that `guilloche references list` names");
    }
    Ok(Exit::Good)
}
