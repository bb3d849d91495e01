//! Serial numbers: what they look like, what they must satisfy, where they were printed on the sheet.
//!
//! The rules of a currency are data (`reference-notes/<currency>/series.toml`, see [`rules::Rules`]); this module
//! holds no fact about any note.

pub mod grammar;
pub mod learn;
pub mod locate;
pub mod marks;
pub mod position;
pub mod read;
pub mod rules;
pub mod typeface;
pub mod watchlist;
