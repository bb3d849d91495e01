//! The `guilloche` command: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    guilloche::cli::main()
}
