//! One JSON line per note.

use std::io::{self, Write};

use super::Examination;

/// Writes one line.
///
/// # Errors
/// What the writer says.
pub fn write(out: &mut dyn Write, examination: &Examination) -> io::Result<()> {
    let line = serde_json::to_string(examination).map_err(io::Error::other)?;
    writeln!(out, "{line}")
}
