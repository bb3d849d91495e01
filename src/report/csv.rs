//! One CSV row per note, for a spreadsheet.

use std::io::{self, Write};

use super::Examination;

/// The columns.
pub const HEADER: [&str; 13] = [
    "note",
    "verdict",
    "category",
    "design",
    "currency",
    "denomination",
    "series",
    "serial",
    "confidence",
    "p_value",
    "reasons",
    "files",
    "elapsed_ms",
];

/// Writes the header row.
///
/// # Errors
/// What the writer says.
pub fn write_header(out: &mut dyn Write) -> io::Result<()> {
    write_row(out, &HEADER.map(str::to_owned))
}

/// Writes one row. Lists are joined by `; `.
///
/// # Errors
/// What the writer says.
pub fn write(out: &mut dyn Write, examination: &Examination) -> io::Result<()> {
    let identity = examination.identity.as_ref();
    let number = |value: Option<f64>| value.map_or(String::new(), |v| v.to_string());
    let files: Vec<&str> = examination.files.iter().map(|f| f.path.as_str()).collect();
    let row = [
        examination.note.clone(),
        examination.verdict.as_str().to_owned(),
        examination.category.to_owned(),
        identity.map_or(String::new(), |i| i.design.clone()),
        identity.map_or(String::new(), |i| i.currency.to_string()),
        identity.map_or(String::new(), |i| i.denomination.clone()),
        identity.and_then(|i| i.series.clone()).unwrap_or_default(),
        examination
            .serial
            .as_ref()
            .and_then(|s| s.text.clone())
            .unwrap_or_default(),
        number(identity.map(|i| i.confidence)),
        number(examination.p_value),
        examination.reasons.join("; "),
        files.join("; "),
        number(examination.elapsed_ms),
    ];
    write_row(out, &row.map(inert))
}

/// A cell that begins like a formula is written as text, so that a file name cannot run in a spreadsheet.
fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}

fn write_row(out: &mut dyn Write, row: &[String]) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    writer.write_record(row)?;
    let bytes = writer
        .into_inner()
        .map_err(|e| io::Error::other(e.to_string()))?;
    out.write_all(&bytes)
}
