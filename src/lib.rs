//! Checks scanned banknotes: finds the note in a scan, recognises it, measures its security features,
//! compares them with reference notes and says why a note is suspect.
//!
//! Data flows one way: scan → rectify → identify → features → compare → verdict → report. Each arrow
//! is a public function, so a program can stop, look or replace at any of them; [`check`] is all of
//! them in order.

pub mod batch;
#[cfg(feature = "cli")]
pub mod cli;
pub mod enroll;
pub mod history;
pub mod identify;
pub mod note;
pub mod pixels;
pub mod rectify;
pub mod reference;
pub mod report;
pub mod scan;
pub mod serial;
pub mod verdict;
