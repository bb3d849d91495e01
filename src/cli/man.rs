//! `guilloche man`.

use std::io::{self, Write};

use anyhow::{Result, bail};
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::Exit;

/// Print the manual page of guilloche, or of one of its commands.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche man | man -l -\n  guilloche man check > guilloche-check.1\n  \
                  guilloche man references show > guilloche-references-show.1"
)]
pub struct Arguments {
    /// The command, as check
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let mut command = super::Arguments::command();
    // Fills in the names and options that commands have from those above them.
    command.build();
    let mut found = &command;
    for word in &arguments.command {
        let Some(next) = found.find_subcommand(word) else {
            bail!(
                "{word:?}: is no command of {}: see --help",
                found.get_name()
            );
        };
        found = next;
    }
    let mut page = Vec::new();
    Man::new(found.clone()).render(&mut page)?;
    io::stdout().lock().write_all(&page)?;
    Ok(Exit::Good)
}
