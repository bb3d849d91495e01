//! The pages that `explain` prints: what a feature or a verdict is, how it is measured, what it cannot
//! see and what fools it.
//!
//! The English page of a feature is the doc comment of its file below `features/`; all others are in
//! `explain/`, one file a language.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use crate::features::{self, overprint};
use crate::findings::TOGETHER;
use crate::language::Language;
use crate::verdict::Verdict;

/// The doc comments of the features' files: name of the file without its ending, text.
static DOCS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/feature_pages.rs"));

/// What is examined beyond the features of a side.
const BEYOND: [&str; 4] = [
    TOGETHER,
    "serial-repeated",
    "serial-history",
    "serial-watchlist",
];

/// A name that has no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} is no feature and no verdict{nearest}: `guilloche explain list` names all of them"
)]
pub struct UnknownName {
    name: String,
    nearest: String,
}

/// The names of all features, in the order of reports.
pub fn feature_names() -> Vec<&'static str> {
    overprint::ALL
        .iter()
        .map(|f| f.id())
        .chain(features::all().iter().map(|f| f.id()))
        .chain(BEYOND)
        .collect()
}

/// The names of all pages: verdicts, then features.
pub fn names() -> Vec<&'static str> {
    Verdict::ALL
        .iter()
        .map(|v| v.as_str())
        .chain(feature_names())
        .collect()
}

/// A page: its title, and its paragraphs with Markdown's marks.
///
/// # Errors
/// Names the nearest pages where there is none of this name.
pub fn page(name: &str, language: Language) -> Result<(String, Vec<String>), UnknownName> {
    let text = match language {
        Language::English => {
            doc_comment(name).or_else(|| section(include_str!("explain/en.md"), name))
        }
        Language::Chinese => section(include_str!("explain/zh.md"), name),
    };
    let text = text.ok_or_else(|| unknown(name))?;
    let (title, body) = text.split_once('\n').unwrap_or((&text, ""));
    Ok((
        title.trim_start_matches(['#', ' ']).to_owned(),
        paragraphs(body, language),
    ))
}

/// The doc comment of a feature's file.
fn doc_comment(name: &str) -> Option<String> {
    if !feature_names().contains(&name) {
        return None;
    }
    let file = name.replace('-', "_");
    DOCS.iter()
        .find(|(stem, _)| *stem == file)
        .map(|(_, text)| (*text).to_owned())
}

/// The part of a file below `# name: title`, with that line.
fn section(file: &str, name: &str) -> Option<String> {
    let start = format!("# {name}: ");
    let mut lines = file
        .lines()
        .skip_while(|line| !line.starts_with(&start))
        .peekable();
    let first = lines.next()?;
    let body: Vec<&str> = std::iter::once(first)
        .chain(lines.take_while(|line| !line.starts_with("# ")))
        .collect();
    Some(body.join("\n"))
}

/// Lines joined to paragraphs; a heading of its own becomes the beginning of what follows it.
fn paragraphs(body: &str, language: Language) -> Vec<String> {
    let join = match language {
        Language::English => " ",
        Language::Chinese => "",
    };
    let mut out: Vec<String> = Vec::new();
    let mut heading = String::new();
    for block in body.split("\n\n") {
        let mut lines: Vec<&str> = Vec::new();
        for line in block.lines().map(str::trim).filter(|l| !l.is_empty()) {
            match line.strip_prefix("# ") {
                Some(title) => heading = format!("**{title}.** "),
                None => lines.push(line),
            }
        }
        if !lines.is_empty() {
            out.push(format!("{heading}{}", lines.join(join)));
            heading.clear();
        }
    }
    out
}

fn unknown(name: &str) -> UnknownName {
    let mut near: Vec<(f64, &str)> = names()
        .into_iter()
        .map(|known| (strsim::jaro_winkler(&name.to_lowercase(), known), known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = near.iter().take(3).map(|n| n.1).collect();
    UnknownName {
        name: name.to_owned(),
        nearest: if near.is_empty() {
            String::new()
        } else {
            format!(", did you mean {}", near.join(" or "))
        },
    }
}

/// A page for a terminal: without Markdown's marks, in lines of at most so many columns.
pub fn plain(title: &str, paragraphs: &[String], columns: usize) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{title}");
    for paragraph in paragraphs {
        let _ = writeln!(out);
        let text = paragraph.replace("**", "").replace('`', "");
        for line in wrapped(&text, columns) {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

/// Lines of at most so many columns, broken at spaces and beside wide characters; never before what may
/// not begin a line.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    const NOT_FIRST: &str = "，。、；：？！）”》%";
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut width = 0;
    // What has not yet a place: a word, or one wide character.
    let mut piece = String::new();
    let mut piece_width = 0;
    let mut place =
        |piece: &mut String, piece_width: &mut usize, line: &mut String, width: &mut usize| {
            if *width
                + piece
                    .trim_end()
                    .chars()
                    .filter_map(UnicodeWidthChar::width)
                    .sum::<usize>()
                > columns
                && *width > 0
            {
                lines.push(line.trim_end().to_owned());
                line.clear();
                *width = 0;
            }
            line.push_str(piece);
            *width += *piece_width;
            piece.clear();
            *piece_width = 0;
        };
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        piece.push(character);
        let own = character.width().unwrap_or(0);
        piece_width += own;
        let next = characters.peek().copied();
        let breaks = next.is_none_or(|next| {
            !NOT_FIRST.contains(next)
                && next != ' '
                && (character == ' ' || own == 2 || next.width() == Some(2))
        });
        if breaks {
            place(&mut piece, &mut piece_width, &mut line, &mut width);
        }
    }
    if !line.trim_end().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn every_feature_and_verdict_has_its_page_in_every_language() {
        for language in Language::ALL {
            for name in names() {
                let (title, body) =
                    page(name, language).unwrap_or_else(|e| panic!("{language}: {e}"));
                assert!(
                    title.starts_with(&format!("{name}: ")),
                    "{language}: {title}"
                );
                // What it is, how, what it cannot see, what fools it.
                assert!(body.len() >= 4, "{language}: {name}: {body:?}");
                assert!(
                    body.iter().all(|p| p.starts_with("**")),
                    "{language}: {name}: {body:?}"
                );
            }
        }
    }

    #[test]
    fn every_heading_names_a_page() {
        for file in [include_str!("explain/en.md"), include_str!("explain/zh.md")] {
            let mut seen = std::collections::BTreeSet::new();
            for line in file.lines().filter_map(|l| l.strip_prefix("# ")) {
                let (name, title) = line.split_once(": ").unwrap();
                assert!(seen.insert(name), "{name} is there twice");
                assert!(!title.is_empty() && !name.contains(' '), "{line}");
            }
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let error = page("line-accuity", Language::English)
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean line-acuity"), "{error}");
        let error = page("xyzzy", Language::English).unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
        assert!(page("overprint", Language::English).is_err());
    }

    #[test]
    fn lines_are_as_wide_as_told() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("一二三四，五", 8), ["一二三", "四，五"]);
        assert_eq!(wrapped("incomprehensible", 5), ["incomprehensible"]);
        for name in names() {
            let (title, body) = page(name, Language::Chinese).unwrap();
            for line in plain(&title, &body, 60).lines().skip(1) {
                assert!(line.width() <= 60, "{line}");
            }
        }
    }
}
