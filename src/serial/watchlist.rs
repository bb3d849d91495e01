//! A user's list of serial prefixes that were reported on counterfeits: a hint that raises scrutiny, never a verdict.
//! Genuine notes share every such prefix.
//!
//! CSV with the header `prefix,design,note,source`:
//!
//! ```csv
//! prefix,design,note,source
//! HD90,cny-100,reported in 2009,central bank notice
//! ```
//!
//! `design` is a design id, or the leading words of some (`cny-100` for all 100 yuan designs, `cny` for all RMB).

use std::io::Read;

use serde::Deserialize;

/// A prefix that was reported.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Watched {
    /// The first characters of the serial number.
    pub prefix: String,
    /// The design id or its leading words.
    pub design: String,
    /// What was reported, as the user wrote it; may be empty.
    pub note: String,
    /// Who reported it.
    pub source: String,
}

/// A watch-list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watchlist {
    entries: Vec<Watched>,
}

/// Why a watch-list was refused.
#[derive(Debug, thiserror::Error)]
#[error("{origin}{}: {what}", line.map_or_else(String::new, |line| format!(", line {line}")))]
pub struct WatchlistError {
    origin: String,
    line: Option<u64>,
    what: String,
}

const HEADER: [&str; 4] = ["prefix", "design", "note", "source"];

impl Watchlist {
    /// Reads a list; `origin` names the file in messages.
    ///
    /// # Errors
    /// With the line number, when the header or a row is not as the module says.
    pub fn from_csv(origin: &str, csv: impl Read) -> Result<Self, WatchlistError> {
        let refuse = |line: Option<u64>, what: String| WatchlistError {
            origin: origin.to_owned(),
            line,
            what,
        };
        let unreadable = |error: csv::Error| {
            refuse(
                error.position().map(csv::Position::line),
                format!("not readable as CSV: {error}"),
            )
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(csv);
        let header = reader.headers().map_err(unreadable)?;
        let written: Vec<&str> = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}'))
            .collect();
        if written != HEADER {
            return Err(refuse(
                Some(1),
                format!(
                    "the header is {:?}; write {:?}",
                    written.join(","),
                    HEADER.join(",")
                ),
            ));
        }
        let mut entries: Vec<Watched> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let line = record.position().map(csv::Position::line);
            let entry: Watched = record
                .deserialize(None)
                .map_err(|error| refuse(line, error.to_string()))?;
            let capital_or_digit = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
            if entry.prefix.is_empty() || !entry.prefix.chars().all(capital_or_digit) {
                return Err(refuse(
                    line,
                    format!(
                        "prefix {:?} must be capital letters and digits, without spaces",
                        entry.prefix
                    ),
                ));
            }
            if entry.design.is_empty() {
                return Err(refuse(
                    line,
                    "design is empty: write a design id or its beginning, as cny-100".into(),
                ));
            }
            if entry.source.is_empty() {
                return Err(refuse(
                    line,
                    "source is empty: write who reported the prefix".into(),
                ));
            }
            if entries
                .iter()
                .any(|other| other.prefix == entry.prefix && other.design == entry.design)
            {
                return Err(refuse(
                    line,
                    format!("{} for {} is there twice", entry.prefix, entry.design),
                ));
            }
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// The entries that a serial number of a design falls under.
    pub fn matches<'a>(
        &'a self,
        design: &'a str,
        serial: &'a str,
    ) -> impl Iterator<Item = &'a Watched> {
        self.entries.iter().filter(move |entry| {
            let rest = design.strip_prefix(entry.design.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
                && serial.starts_with(&entry.prefix)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn read(text: &str) -> Result<Watchlist, String> {
        Watchlist::from_csv("watch.csv", text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn prefixes_by_design() {
        let list = read(
            "\u{feff}prefix,design,note,source\nHD90,cny-100,\"reported, 2009\",central bank\r\nH,cny-100-2005,,police\n",
        )
        .unwrap();
        let hits = |design, serial| -> Vec<String> {
            list.matches(design, serial)
                .map(|hit| hit.prefix.clone())
                .collect()
        };
        assert_eq!(hits("cny-100-2005", "HD90261234"), ["HD90", "H"]);
        assert_eq!(hits("cny-100-1999", "HD90261234"), ["HD90"]);
        assert!(hits("cny-100-1999", "HD80261234").is_empty());
        assert!(hits("cny-1000-1999", "HD90261234").is_empty());
        assert!(hits("cny-10-2005", "HD90261234").is_empty());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let row = |row: &str| {
            read(&format!("prefix,design,note,source\nAB,cny,,me\n{row}\n")).unwrap_err()
        };
        assert_eq!(
            row("ab,cny,,me"),
            "watch.csv, line 3: prefix \"ab\" must be capital letters and digits, without spaces"
        );
        assert!(row(",cny,,me").starts_with("watch.csv, line 3: prefix"));
        assert!(row("AC,,,me").starts_with("watch.csv, line 3: design is empty"));
        assert!(row("AC,cny,,").starts_with("watch.csv, line 3: source is empty"));
        assert!(row("AB,cny,x,me").ends_with("AB for cny is there twice"));
        assert!(row("AB,cny").starts_with("watch.csv, line 3: not readable as CSV"));
        assert!(
            read("prefix;design\n")
                .unwrap_err()
                .starts_with("watch.csv, line 1: the header is")
        );
        assert!(read("").unwrap_err().contains("the header is"));
        let bytes = b"prefix,design,note,source\nAB,cny,\xff,me\n";
        assert!(
            Watchlist::from_csv("w", &bytes[..])
                .unwrap_err()
                .to_string()
                .starts_with("w, line 2")
        );
    }
}
