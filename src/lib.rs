//! Checks scanned banknotes: finds the note in a scan, recognises it, measures its security features,
//! compares them with reference notes and says why a note is suspect.
//!
//! Data flows one way: scan → rectify → identify → features → compare → verdict → report.

pub mod note;
pub mod pixels;
pub mod specimen;
