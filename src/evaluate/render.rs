//! An evaluation for people: as Markdown, or as plain text.

use std::io::{self, Write};

use super::figures::{Asked, Case, Figures, Verdicts};
use crate::compare::rates::{DetPoint, Rate};

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For a terminal.
    Text,
    /// For a page.
    Markdown,
}

/// A part of the page.
enum Block {
    Title(&'static str),
    Paragraph(String),
    List(Vec<String>),
    Table(Vec<&'static str>, Vec<Vec<String>>),
}

/// Writes everything.
///
/// # Errors
/// What the writer says.
pub fn write(out: &mut dyn Write, figures: &Figures, style: Style) -> io::Result<()> {
    let mut first = true;
    for block in blocks(figures) {
        if !first {
            writeln!(out)?;
        }
        match (style, block) {
            (Style::Markdown, Block::Title(text)) if first => writeln!(out, "# {text}")?,
            (Style::Markdown, Block::Title(text)) => writeln!(out, "## {text}")?,
            (Style::Text, Block::Title(text)) => {
                writeln!(out, "{text}\n{}", "-".repeat(text.chars().count()))?;
            }
            (_, Block::Paragraph(text)) => writeln!(out, "{text}")?,
            (_, Block::List(items)) => {
                for item in items {
                    writeln!(out, "- {item}")?;
                }
            }
            (Style::Markdown, Block::Table(header, rows)) => {
                writeln!(out, "| {} |", header.join(" | "))?;
                let rule: Vec<&str> = (0..header.len())
                    .map(|column| if column == 0 { "---" } else { "---:" })
                    .collect();
                writeln!(out, "|{}|", rule.join("|"))?;
                for row in rows {
                    writeln!(out, "| {} |", row.join(" | "))?;
                }
            }
            (Style::Text, Block::Table(header, rows)) => aligned(out, &header, &rows)?,
        }
        first = false;
    }
    Ok(())
}

/// A table in columns: the first to the left, the others to the right.
fn aligned(out: &mut dyn Write, header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (column, (cell, width)) in cells.zip(&widths).enumerate() {
            if column == 0 {
                text.push_str(&format!("{cell:<width$}"));
            } else {
                text.push_str(&format!("  {cell:>width$}"));
            }
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&mut header.iter().copied())?;
    for row in rows {
        line(&mut row.iter().map(String::as_str))?;
    }
    Ok(())
}

fn blocks(figures: &Figures) -> Vec<Block> {
    let asked = &figures.asked;
    let mut out = vec![Block::Title("Evaluation on labelled scans")];
    out.push(Block::Paragraph(how(asked)));
    out.push(Block::Paragraph(format!("Made by: `{}`", asked.command)));
    out.push(Block::List(conditions(figures)));

    out.push(Block::Title("Identity"));
    out.push(Block::Table(
        vec!["files of", "files", "design right", "design and side right"],
        figures
            .identity
            .iter()
            .map(|i| {
                vec![
                    i.of.clone(),
                    i.design.of.to_string(),
                    rate(&i.design),
                    rate(&i.design_and_side),
                ]
            })
            .collect(),
    ));

    out.push(Block::Title("Serial numbers"));
    out.push(Block::Paragraph(asked.glyphs.clone()));
    out.push(Block::Table(
        vec!["currency", "notes", "right", "misread", "not read"],
        figures
            .serials
            .iter()
            .map(|s| {
                vec![
                    s.currency.clone(),
                    s.right.of.to_string(),
                    rate(&s.right),
                    rate(&s.misread),
                    rate(&s.unread),
                ]
            })
            .collect(),
    ));

    out.push(Block::Title("Genuine notes"));
    out.push(verdict_table("design", &figures.genuine));
    if !figures.worn.is_empty() {
        out.push(Block::Title("Genuine notes with wear added"));
        out.push(verdict_table("design, what was added", &figures.worn));
    }
    out.push(Block::Title("Counterfeits"));
    if figures.counterfeits.is_empty() {
        out.push(Block::Paragraph("None are labelled.".to_owned()));
    } else {
        out.push(verdict_table("currency, kind", &figures.counterfeits));
        trade_off(figures, &mut out);
        out.push(Block::Title("Which features caught what"));
        out.push(Block::Paragraph(
            "On how many counterfeits of a kind a feature deviates for sure, on how many of these it alone does, and on \
             how many more it deviates, but in doubt."
                .to_owned(),
        ));
        out.push(Block::Table(
            vec![
                "currency, kind",
                "of",
                "feature",
                "deviates",
                "alone",
                "in doubt",
            ],
            figures
                .features
                .iter()
                .map(|f| {
                    vec![
                        f.kind.clone(),
                        f.notes.to_string(),
                        f.feature.clone(),
                        f.deviates.to_string(),
                        f.alone.to_string(),
                        f.doubtful.to_string(),
                    ]
                })
                .collect(),
        ));
    }
    real_alarms(figures, &mut out);
    for (title, cases, none) in [
        (
            "Every false alarm",
            &figures.false_alarms,
            "No genuine note was called suspect.",
        ),
        (
            "Every genuine note that was unclear",
            &figures.unclear,
            "None was.",
        ),
        (
            "Every counterfeit that was not called suspect",
            &figures.misses,
            "All were.",
        ),
    ] {
        out.push(Block::Title(title));
        if cases.is_empty() {
            out.push(Block::Paragraph(none.to_owned()));
        } else {
            out.push(Block::List(cases.iter().map(case).collect()));
        }
    }
    out
}

fn how(asked: &Asked) -> String {
    format!(
        "guilloche {}, {} folds by note: in each fold the designs are enrolled anew on the genuine notes of the other \
         folds, and each note of the fold is judged by itself against that. What was made from a note, worn or forged, \
         is judged in that note's fold. Bounds are 95 %, two-sided, after Clopper and Pearson; they hold for notes \
         drawn as these were, not for other scanners or other counterfeiters.",
        asked.version, asked.folds
    )
}

fn conditions(figures: &Figures) -> Vec<String> {
    let asked = &figures.asked;
    let mut out = vec![format!(
        "Suspect at the level {} of genuine notes (`--false-alarm`), or by a contradiction.",
        asked.false_alarm
    )];
    for (design, notes) in &figures.enrolled {
        out.push(format!(
            "{design}: at least {notes} genuine notes enrolled in each fold."
        ));
    }
    for (design, count) in &figures.not_judged {
        out.push(format!(
            "{design}: {count} notes and pieces not judged: too few of its genuine notes are labelled to enrol it \
             without them."
        ));
    }
    if figures.missing > 0 {
        out.push(format!(
            "{} labelled files were not among the scans.",
            figures.missing
        ));
    }
    out.extend(
        figures
            .not_enrolled
            .iter()
            .map(|why| format!("Not enrolled: {why}.")),
    );
    out
}

fn verdict_table(what: &'static str, rows: &[Verdicts]) -> Block {
    Block::Table(
        vec![what, "notes", "passed", "unclear", "suspect"],
        rows.iter()
            .map(|v| {
                vec![
                    v.of.clone(),
                    v.notes.to_string(),
                    rate(&v.passed),
                    rate(&v.unclear),
                    rate(&v.suspect),
                ]
            })
            .collect(),
    )
}

fn trade_off(figures: &Figures, out: &mut Vec<Block>) {
    out.push(Block::Title("Misses against false alarms"));
    out.push(Block::Paragraph(
        "An alarm is a p-value at or below the level; on the right, a contradiction for sure (as of two serial numbers) \
         raises one at any level. Verdicts are stricter: with fewer than 30 notes enrolled, p-values alone make a note \
         unclear, not suspect."
            .to_owned(),
    ));
    let cell = |p: &DetPoint| [rate(&p.false_alarms), rate(&p.misses)];
    let rows = figures
        .det
        .iter()
        .flat_map(|det| {
            det.by_p_value
                .iter()
                .zip(&det.with_contradictions)
                .map(|(alone, with)| {
                    let [false_alarms, misses] = cell(alone);
                    let [with_false_alarms, with_misses] = cell(with);
                    vec![
                        det.currency.clone(),
                        alone.level.to_string(),
                        false_alarms,
                        misses,
                        with_false_alarms,
                        with_misses,
                    ]
                })
        })
        .collect();
    out.push(Block::Table(
        vec![
            "currency",
            "level",
            "false alarms",
            "misses",
            "false alarms, with contradictions",
            "misses, with contradictions",
        ],
        rows,
    ));
}

fn real_alarms(figures: &Figures, out: &mut Vec<Block>) {
    let asked = &figures.asked;
    out.push(Block::Title("How many alarms are real"));
    out.push(Block::Paragraph(format!(
        "Where {} notes are counterfeit, and counterfeits are caught as often as here. False alarms as frequent as the \
         level asked for is what the program aims at; the upper bound is all that so few genuine notes can vouch for.",
        one_in(asked.prior)
    )));
    let share = |share: Option<f64>| share.map_or("-".to_owned(), one_in);
    out.push(Block::Table(
        vec![
            "currency",
            "false alarms",
            "caught",
            "real alarms, at the level asked for",
            "real alarms, at the upper bound",
            "notes without a false alarm needed to vouch for 1 in 2",
        ],
        figures
            .alarms
            .iter()
            .map(|a| {
                vec![
                    a.currency.clone(),
                    rate(&a.false_alarms),
                    rate(&a.caught),
                    share(a.at_level),
                    share(a.at_upper_bound),
                    a.needed_for_half
                        .map_or("-".to_owned(), |n| format!("{n:.0}")),
                ]
            })
            .collect(),
    ));
}

/// `1 in 40000`, with three figures at least.
fn one_in(share: f64) -> String {
    if share <= 0.0 {
        return "0".to_owned();
    }
    let every = 1.0 / share;
    if every < 100.0 {
        format!("1 in {every:.1}")
    } else {
        format!("1 in {every:.0}")
    }
}

/// `3 of 40, 7.5 % (1.6 to 20.4)`.
fn rate(rate: &Rate) -> String {
    let Some(share) = rate.share() else {
        return "-".to_owned();
    };
    let [low, high] = rate.bounds.map(|b| 100.0 * b);
    format!(
        "{}, {:.1} % ({low:.1} to {high:.1})",
        rate.count,
        100.0 * share
    )
}

fn case(case: &Case) -> String {
    let p = case.p_value.map_or(String::new(), |p| format!(", p {p}"));
    let reasons: Vec<&str> = case.reasons.iter().map(String::as_str).collect();
    format!(
        "{} ({}): {}{p}: {}",
        case.note,
        case.of,
        case.verdict.as_str(),
        reasons.join("; ")
    )
}
