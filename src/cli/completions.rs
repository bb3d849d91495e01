//! `guilloche completions`.

use std::io::{self, Write};

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Exit;

/// Print what makes a shell complete the words of guilloche.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guilloche completions bash > ~/.local/share/bash-completion/completions/guilloche\n  \
                  guilloche completions zsh > ~/.zfunc/_guilloche\n  \
                  guilloche completions fish > ~/.config/fish/completions/guilloche.fish\n  \
                  guilloche completions powershell >> $PROFILE"
)]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let mut text = Vec::new();
    generate(
        arguments.shell,
        &mut super::Arguments::command(),
        "guilloche",
        &mut text,
    );
    io::stdout().lock().write_all(&text)?;
    Ok(Exit::Good)
}
