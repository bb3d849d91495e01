//! Results read back: a line of JSON as [`crate::report::jsonl`] writes it.

use serde::Deserialize;

use crate::note::{Currency, Light, Side};
use crate::report::{MarksRecord, SCHEMA};
use crate::verdict::{Outcome, Verdict};

/// What a line says of a note, as far as it is read back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Record {
    schema: String,
    /// The note's name.
    pub note: String,
    /// Its images.
    pub files: Vec<RecordedFile>,
    /// What it is; none where no reference note fits.
    pub identity: Option<RecordedIdentity>,
    /// Its serial number.
    pub serial: Option<RecordedSerial>,
    /// What was looked at.
    pub findings: Vec<RecordedFinding>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why the verdict is not `passed`, in words.
    pub reasons: Vec<String>,
}

/// One image of a note.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RecordedFile {
    /// As it was given.
    pub path: String,
    /// Digest of its bytes.
    pub sha256: Option<String>,
    /// The side it shows.
    pub side: Option<Side>,
    /// The light it was taken in.
    pub light: Light,
}

/// What a note is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RecordedIdentity {
    /// The reference note.
    pub design: String,
    /// ISO 4217.
    pub currency: Currency,
    /// The value.
    pub denomination: String,
    /// The series printed on it.
    pub series: Option<String>,
}

/// The serial number.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RecordedSerial {
    /// The number, or none where any character is in doubt.
    pub text: Option<String>,
    /// Each print of it.
    pub readings: Vec<RecordedReading>,
    /// What is printed beside it.
    #[serde(default)]
    pub marks: MarksRecord,
}

/// One print of the serial number.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RecordedReading {
    /// Which print.
    pub place: String,
    /// What it says; `?` where a character is in doubt.
    pub text: Option<String>,
}

/// One feature looked at.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RecordedFinding {
    /// Its name.
    pub feature: String,
    /// What came of it.
    pub outcome: Outcome,
    /// One sentence.
    pub why: String,
}

/// Why a line is none of ours.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not the JSON of an examination.
    #[error("is no result of guilloche ({0})")]
    NotARecord(#[from] serde_json::Error),
    /// Of another version.
    #[error("is a result of the schema {0:?}, this version reads {SCHEMA}")]
    OtherSchema(String),
}

impl Record {
    /// Reads one line, with or without its end.
    ///
    /// # Errors
    /// [`RecordError`] where it is something else.
    pub fn parse(line: &[u8]) -> Result<Self, RecordError> {
        let record: Self = serde_json::from_slice(line)?;
        if record.schema == SCHEMA {
            Ok(record)
        } else {
            Err(RecordError::OtherSchema(record.schema))
        }
    }

    /// The serial number that was read for sure, with the design it belongs to.
    pub fn numbered(&self) -> Option<(&str, &str)> {
        let text = self.serial.as_ref()?.text.as_deref()?;
        Some((self.identity.as_ref()?.design.as_str(), text))
    }
}
