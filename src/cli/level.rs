//! `guilloche level`: whether the stated level of false alarms holds on specimens.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::Exit;
use super::references::library;
use super::sink::Sink;
use crate::compare::rates::Rate;
use crate::evaluate::level::{Found, Size, study};

/// See the command.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  guilloche level --output docs/level.md")]
pub struct Arguments {
    /// Random scanners
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = count)]
    scanners: usize,
    /// Notes enrolled on each scanner; every one of these numbers is tried
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "30,100,300", value_parser = count)]
    enrolled: Vec<usize>,
    /// Further genuine notes judged on each scanner
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = count)]
    judged: usize,
    /// Forged notes for each defect, at half and in full
    #[arg(long, value_name = "N", default_value_t = 10)]
    forged: usize,
    /// Reference notes to use besides the built-in ones
    #[arg(long, value_name = "DIR")]
    references: Option<PathBuf>,
    /// Write there instead of to standard output; the file appears when it is complete
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn count(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=1_000_000).contains(n))
        .ok_or_else(|| "write a whole number from 1 to 1000000".to_owned())
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let library = library(arguments.references.as_deref())?;
    let jobs = super::cores();
    let size = Size {
        scanners: arguments.scanners,
        enrolled: arguments.enrolled.clone(),
        judged: arguments.judged,
        forged: arguments.forged,
    };
    let mut sink = Sink::open(arguments.output.as_deref())?;
    let found = study(&library, size, jobs)?;
    write(sink.writer(), &found)?;
    sink.finish()?;
    Ok(Exit::Good)
}

fn rate(rate: &Rate) -> String {
    let [low, high] = rate.bounds;
    let percent = |v: f64| 100.0 * v;
    match rate.share() {
        Some(share) => format!(
            "{} of {}: {:.2} % ({:.2} to {:.2})",
            rate.count,
            rate.of,
            percent(share),
            percent(low),
            percent(high)
        ),
        None => "\u{2013}".to_owned(),
    }
}

fn write(out: &mut dyn Write, found: &Found) -> Result<()> {
    let Size {
        scanners,
        enrolled,
        judged,
        forged,
    } = &found.size;
    let list: Vec<String> = enrolled.iter().map(usize::to_string).collect();
    writeln!(
        out,
        "# Does the level hold?\n\n\
         Made by `guilloche level --scanners {scanners} --enrolled {} --judged {judged} --forged {forged}`; do not edit. Fronts of \
         10 XTS, drawn by the specimen press in random wear (all soiled, creased, faded, cut off centre and overprinted \
         afar by random amounts; one in twelve each with a folded corner, a tear, a stain, writing, a stamp, or washed), on \
         {scanners} random scanners at 300 dpi (sharpness, noise, tone curve, colour balance, compression). On each scanner the \
         first notes are enrolled and {judged} others judged by the features of the visible scan; serial numbers, which rules \
         judge, are left aside. Bounds are 95 %, two-sided, after Clopper and Pearson. {} sides were not recognised.\n",
        list.join(","),
        found.lost
    )?;
    writeln!(
        out,
        "## Genuine notes called suspect\n\n| enrolled | level | enrolled on the same scanner | enrolled on another | against those suspect |\n\
         |---:|---:|---:|---:|---|"
    )?;
    for held in &found.held {
        let against: Vec<String> = held
            .against
            .iter()
            .map(|(feature, notes)| format!("{feature} {notes}"))
            .collect();
        writeln!(
            out,
            "| {} | {} % | {} | {} | {} |",
            held.enrolled,
            100.0 * held.level,
            rate(&held.same),
            rate(&held.other),
            against.join(", ")
        )?;
    }
    let [same, other] = &found.drift;
    writeln!(
        out,
        "\n## A change of scanner\n\nBatches of 20 said to be of another scanner than the enrolled notes: of the same, {}; of \
         another, {}.\n",
        rate(same),
        rate(other)
    )?;
    if *forged > 0 {
        writeln!(
            out,
            "## Defects\n\nWith {} enrolled, at the level 0.1 %, first scanner. What no visible scan shows (threads and \
             watermarks in the paper, fibres, infrared) and what only serial numbers show cannot be caught here.\n\n\
             | defect | dial | suspect | suspect or unclear |\n|---|---:|---:|---:|",
            enrolled.last().copied().unwrap_or(0)
        )?;
        for caught in &found.caught {
            writeln!(
                out,
                "| {} | {} | {} | {} |",
                caught.dial.name(),
                caught.value,
                rate(&caught.suspect),
                rate(&caught.stopped)
            )?;
        }
    }
    Ok(())
}
