//! Labels: what is known of scans, one row a file.

use std::collections::BTreeSet;
use std::io::Read;

use super::EvaluateError;
use crate::note::Side;

/// What a file shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// A genuine note as it was scanned.
    Genuine,
    /// A genuine note to which honest wear or another scanner's ways were added; what, in a word.
    Worn(String),
    /// A counterfeit; how it was made.
    Counterfeit(String),
    /// A picture that is good for telling the design, not for judging it.
    Layout,
}

/// A row of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Base name of the file.
    pub file: String,
    /// The physical note; its files share it.
    pub note: String,
    /// What it is.
    pub truth: Truth,
    /// The design, as `usd-1-1963`.
    pub design: String,
    /// The side it shows, where that is said.
    pub side: Option<Side>,
    /// What is printed as its serial number, where that is known and legible.
    pub serial: Option<String>,
    /// Base name of the file that this one was made from.
    pub made_from: Option<String>,
    /// True for a specimen, whose number is none that a note bears.
    pub specimen: bool,
}

/// The columns that must be there; others may be.
const COLUMNS: [&str; 7] = [
    "file", "note", "truth", "attack", "design", "side", "serial",
];

/// Reads labels: tab-separated, the first row names the columns `file`, `note`, `truth` (`genuine`,
/// `counterfeit` or `layout`), `attack` (how a counterfeit was made, or what was done to a genuine
/// note), `design`, `side`, `serial` and, where files were made from others, `made_from`. `name` is
/// what messages call it.
///
/// # Errors
/// When a column is missing, a row says what cannot be, or a file is there twice.
pub fn read(name: &str, text: impl Read) -> Result<Vec<Label>, EvaluateError> {
    let refuse = |what: String| EvaluateError::Labels {
        file: name.to_owned(),
        what,
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .from_reader(text);
    let headers = reader
        .headers()
        .map_err(|e| refuse(format!("cannot be read ({e})")))?
        .clone();
    let at = |column: &str| headers.iter().position(|h| h == column);
    if let Some(missing) = COLUMNS.iter().find(|c| at(c).is_none()) {
        return Err(refuse(format!(
            "has no column {missing}: the first row must name {}, separated by tabs",
            COLUMNS.join(", ")
        )));
    }
    let mut labels = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, row) in reader.records().enumerate() {
        let line = index + 2;
        let row = row.map_err(|e| refuse(format!("line {line}: cannot be read ({e})")))?;
        let cell = |column: &str| at(column).and_then(|i| row.get(i)).unwrap_or("").trim();
        let some = |column: &str| Some(cell(column).to_owned()).filter(|text| !text.is_empty());
        let attack = some("attack");
        let truth = match (cell("truth"), attack) {
            ("genuine", None) => Truth::Genuine,
            ("genuine", Some(attack)) => Truth::Worn(attack),
            ("counterfeit", Some(attack)) => Truth::Counterfeit(attack),
            ("counterfeit", None) => {
                return Err(refuse(format!(
                    "line {line}: a counterfeit without attack: say how it was made"
                )));
            }
            ("layout", _) => Truth::Layout,
            (other, _) => {
                return Err(refuse(format!(
                    "line {line}: truth is {other:?}: write genuine, counterfeit or layout"
                )));
            }
        };
        let side = match cell("side") {
            "" => None,
            text => Some(
                Side::ALL
                    .into_iter()
                    .find(|side| side.as_str() == text)
                    .ok_or_else(|| {
                        refuse(format!(
                            "line {line}: side is {text:?}: write front or back"
                        ))
                    })?,
            ),
        };
        for column in ["file", "note", "design"] {
            if cell(column).is_empty() {
                return Err(refuse(format!("line {line}: {column} is empty")));
            }
        }
        let file = cell("file").to_owned();
        if !seen.insert(file.clone()) {
            return Err(refuse(format!("line {line}: {file} is there twice")));
        }
        labels.push(Label {
            file,
            note: cell("note").to_owned(),
            truth,
            design: cell("design").to_owned(),
            side,
            serial: some("serial"),
            made_from: some("made_from"),
            specimen: cell("defects").contains("specimen"),
        });
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str = "file\tnote\ttruth\tattack\tdesign\tside\tserial\tmade_from\n\
                        a.jpg\ta\tgenuine\t\txts-10-2024\tfront\tAG1\t\n\
                        b.jpg\tb\tcounterfeit\tlaser\txts-10-2024\tfront\t\ta.jpg\n\
                        c.jpg\tc\tgenuine\tnuisance\txts-10-2024\t\tAG1\ta.jpg\n";

    #[test]
    fn rows_are_read() {
        let labels = read("labels.tsv", GOOD.as_bytes()).unwrap();
        let truths: Vec<_> = labels.iter().map(|l| l.truth.clone()).collect();
        assert_eq!(
            truths,
            [
                Truth::Genuine,
                Truth::Counterfeit("laser".to_owned()),
                Truth::Worn("nuisance".to_owned())
            ]
        );
        assert_eq!(labels[0].side, Some(Side::Front));
        assert_eq!(labels[1].made_from.as_deref(), Some("a.jpg"));
        assert_eq!((labels[2].side, labels[1].serial.clone()), (None, None));
    }

    #[test]
    fn wrong_rows_are_named() {
        for (old, new, said) in [
            ("\tdesign\t", "\tmodel\t", "has no column design"),
            ("a\tgenuine", "a\treal", "line 2: truth is \"real\""),
            ("laser", "", "line 3: a counterfeit without attack"),
            ("front\tAG1", "top\tAG1", "line 2: side is \"top\""),
            ("b.jpg\tb", "a.jpg\tb", "line 3: a.jpg is there twice"),
            ("b.jpg\tb", "b.jpg\t", "line 3: note is empty"),
        ] {
            let text = GOOD.replacen(old, new, 1);
            let message = read("labels.tsv", text.as_bytes()).unwrap_err().to_string();
            assert!(message.starts_with("labels.tsv: "), "{message}");
            assert!(message.contains(said), "{message}");
        }
    }
}
