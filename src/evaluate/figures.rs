//! What an evaluation found, as figures.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Plan;
use super::labels::Truth;
use crate::compare::rates::{DetPoint, Rate, det, needed_for_half, real_alarms};
use crate::reference::Library;
use crate::report::{Examination, rounded};
use crate::verdict::{Finding, Outcome, Verdict};

/// The schema of [`Figures`] in JSON.
pub const SCHEMA: &str = "guilloche.evaluation/1";

/// Levels at which the trade-off is shown.
pub const LEVELS: [f64; 6] = [0.1, 0.03, 0.01, 0.003, 0.001, 0.0001];

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Asked {
    /// The command, fit to be given again.
    pub command: String,
    /// The program's version.
    pub version: String,
    /// How many folds.
    pub folds: usize,
    /// Share of genuine notes that may be called suspect.
    pub false_alarm: f64,
    /// Share of notes in circulation that are counterfeit.
    pub prior: f64,
    /// Which glyphs serial numbers were read with.
    pub glyphs: String,
}

/// Everything that an evaluation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What was asked for.
    pub asked: Asked,
    /// Designs enrolled anew in each fold, and the least number of notes.
    pub enrolled: BTreeMap<String, usize>,
    /// Designs not judged for want of genuine notes, with how many notes and pieces.
    pub not_judged: BTreeMap<String, usize>,
    /// Labelled files that were not among the scans.
    pub missing: usize,
    /// Scans that were not enrolled, and why.
    pub not_enrolled: Vec<String>,
    /// Designs and sides told right, file by file.
    pub identity: Vec<Identity>,
    /// Serial numbers of genuine notes, worn ones included.
    pub serials: Vec<Serials>,
    /// Genuine notes by design.
    pub genuine: Vec<Verdicts>,
    /// Genuine notes with wear added, by design and what was done to them.
    pub worn: Vec<Verdicts>,
    /// Counterfeits by kind.
    pub counterfeits: Vec<Verdicts>,
    /// Miss rate against false-alarm level, by currency.
    pub det: Vec<Det>,
    /// What each feature caught, by kind of counterfeit.
    pub features: Vec<Caught>,
    /// The share of real alarms, by currency.
    pub alarms: Vec<Alarms>,
    /// Genuine notes called suspect.
    pub false_alarms: Vec<Case>,
    /// Genuine notes that did not pass, but were not called suspect.
    pub unclear: Vec<Case>,
    /// Counterfeits not called suspect.
    pub misses: Vec<Case>,
}

/// How often design and side were told right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identity {
    /// What the files show.
    pub of: String,
    /// The design.
    pub design: Rate,
    /// Design and side; files whose side is not labelled count by their design.
    pub design_and_side: Rate,
}

/// How serial numbers were read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Serials {
    /// The currency.
    pub currency: String,
    /// As labelled.
    pub right: Rate,
    /// Stated, but another.
    pub misread: Rate,
    /// Not stated.
    pub unread: Rate,
}

/// Verdicts on one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdicts {
    /// Which.
    pub of: String,
    /// How many.
    pub notes: usize,
    /// Passed.
    pub passed: Rate,
    /// Unclear, unrecognised or unreadable: a person has to look.
    pub unclear: Rate,
    /// Suspect.
    pub suspect: Rate,
}

/// The trade-off of one currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Det {
    /// The currency.
    pub currency: String,
    /// By p-values alone.
    pub by_p_value: Vec<DetPoint>,
    /// Contradictions for sure, as of two serial numbers, raise an alarm at any level.
    pub with_contradictions: Vec<DetPoint>,
}

/// What a feature caught of one kind of counterfeit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Caught {
    /// How the counterfeits were made.
    pub kind: String,
    /// How many there are.
    pub notes: usize,
    /// The feature.
    pub feature: String,
    /// On how many it deviates for sure.
    pub deviates: usize,
    /// On how many it alone does.
    pub alone: usize,
    /// On how many more it deviates, but in doubt.
    pub doubtful: usize,
}

/// The share of alarms that are real.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarms {
    /// The currency.
    pub currency: String,
    /// Genuine notes called suspect, worn ones not counted.
    pub false_alarms: Rate,
    /// Counterfeits called suspect.
    pub caught: Rate,
    /// Share of real alarms if false alarms are as frequent as was asked for.
    pub at_level: Option<f64>,
    /// If they are as frequent as the upper bound of what was measured.
    pub at_upper_bound: Option<f64>,
    /// Genuine notes without a false alarm that would show that half of the alarms are real.
    pub needed_for_half: Option<f64>,
}

/// A note to be looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// The note.
    pub note: String,
    /// What it is.
    pub of: String,
    /// What was said of it.
    pub verdict: Verdict,
    /// Its p-value.
    pub p_value: Option<f64>,
    /// Why, in words; for what passed, the rarest finding.
    pub reasons: Vec<String>,
}

/// One judged item.
struct Judged<'a> {
    item: &'a super::Item,
    said: &'a Examination,
    currency: String,
}

/// Counts what came of judging every item of a plan.
pub fn figures(
    plan: &Plan,
    judged: &[(usize, Examination)],
    library: &Library,
    asked: Asked,
    not_enrolled: Vec<String>,
) -> Figures {
    let all: Vec<Judged<'_>> = judged
        .iter()
        .filter_map(|(index, said)| {
            let item = plan.items.get(*index)?;
            let currency = match library.design(&item.design) {
                Ok(design) => design.currency.to_string(),
                Err(_) => item.design.clone(),
            };
            Some(Judged {
                item,
                said,
                currency,
            })
        })
        .collect();
    let cases = |wanted: &dyn Fn(&Judged<'_>) -> bool| -> Vec<Case> {
        all.iter().filter(|j| wanted(j)).map(case).collect()
    };
    let genuine = |j: &Judged<'_>| matches!(j.item.truth, Truth::Genuine | Truth::Worn(_));
    let forged = |j: &Judged<'_>| matches!(j.item.truth, Truth::Counterfeit(_));
    Figures {
        schema: SCHEMA,
        enrolled: plan.designs.clone(),
        not_judged: plan.left_out.clone(),
        missing: plan.missing,
        not_enrolled,
        identity: identity(&all),
        serials: serials(&all),
        genuine: verdicts(&all, |j| {
            (j.item.truth == Truth::Genuine).then(|| j.item.design.clone())
        }),
        worn: verdicts(&all, |j| match &j.item.truth {
            Truth::Worn(how) => Some(format!("{}, {how}", j.item.design)),
            _ => None,
        }),
        counterfeits: verdicts(&all, |j| kind(j).map(|k| format!("{}, {k}", j.currency))),
        det: trade_off(&all),
        features: features(&all),
        alarms: alarms(&all, &asked),
        false_alarms: cases(&|j| genuine(j) && j.said.verdict == Verdict::Suspect),
        unclear: cases(&|j| {
            genuine(j) && !matches!(j.said.verdict, Verdict::Suspect | Verdict::Passed)
        }),
        misses: cases(&|j| forged(j) && j.said.verdict != Verdict::Suspect),
        asked,
    }
}

fn kind<'a>(judged: &Judged<'a>) -> Option<&'a str> {
    match &judged.item.truth {
        Truth::Counterfeit(how) => Some(how),
        _ => None,
    }
}

/// Items by group, in order of the groups' names.
fn grouped<'a, 'b>(
    all: &'b [Judged<'a>],
    group: impl Fn(&Judged<'a>) -> Option<String>,
) -> BTreeMap<String, Vec<&'b Judged<'a>>> {
    let mut groups: BTreeMap<String, Vec<&Judged<'a>>> = BTreeMap::new();
    for judged in all {
        if let Some(name) = group(judged) {
            groups.entry(name).or_default().push(judged);
        }
    }
    groups
}

fn verdicts<'a>(
    all: &[Judged<'a>],
    group: impl Fn(&Judged<'a>) -> Option<String>,
) -> Vec<Verdicts> {
    grouped(all, group)
        .into_iter()
        .map(|(of, notes)| {
            let rate = |wanted: &dyn Fn(Verdict) -> bool| {
                Rate::counted(&notes, |j| wanted(j.said.verdict))
            };
            Verdicts {
                of,
                notes: notes.len(),
                passed: rate(&|v| v == Verdict::Passed),
                unclear: rate(&|v| !matches!(v, Verdict::Passed | Verdict::Suspect)),
                suspect: rate(&|v| v == Verdict::Suspect),
            }
        })
        .collect()
}

fn identity(all: &[Judged<'_>]) -> Vec<Identity> {
    let groups = grouped(all, |j| match &j.item.truth {
        Truth::Genuine => Some("genuine notes".to_owned()),
        Truth::Worn(how) => Some(format!("genuine notes, {how}")),
        Truth::Layout => Some("pictures of layouts".to_owned()),
        Truth::Counterfeit(_) => None,
    });
    groups
        .into_iter()
        .map(|(of, notes)| {
            let files: Vec<(bool, bool)> = notes
                .iter()
                .flat_map(|j| {
                    let design = j.said.identity.as_ref().map(|i| i.design.as_str());
                    let right = design == Some(j.item.design.as_str());
                    j.item
                        .labels
                        .iter()
                        .zip(&j.said.files)
                        .map(move |(label, file)| {
                            (
                                right,
                                right && label.side.is_none_or(|s| file.side == Some(s)),
                            )
                        })
                })
                .collect();
            Identity {
                of,
                design: Rate::counted(&files, |f| f.0),
                design_and_side: Rate::counted(&files, |f| f.1),
            }
        })
        .collect()
}

fn serials(all: &[Judged<'_>]) -> Vec<Serials> {
    let groups = grouped(all, |j| {
        let genuine = matches!(j.item.truth, Truth::Genuine | Truth::Worn(_));
        (genuine && j.item.serial.is_some()).then(|| j.currency.clone())
    });
    groups
        .into_iter()
        .map(|(currency, notes)| {
            let read: Vec<Option<bool>> = notes
                .iter()
                .map(|j| {
                    let text = j.said.serial.as_ref().and_then(|s| s.text.as_ref());
                    text.map(|text| Some(text) == j.item.serial.as_ref())
                })
                .collect();
            Serials {
                currency,
                right: Rate::counted(&read, |r| *r == Some(true)),
                misread: Rate::counted(&read, |r| *r == Some(false)),
                unread: Rate::counted(&read, Option::is_none),
            }
        })
        .collect()
}

/// Findings that speak against a note for sure.
fn certain(said: &Examination) -> impl Iterator<Item = &Finding> {
    said.findings
        .iter()
        .filter(|f| f.outcome == Outcome::Deviates && !f.doubtful)
}

fn trade_off(all: &[Judged<'_>]) -> Vec<Det> {
    let groups = grouped(all, |j| {
        matches!(j.item.truth, Truth::Genuine | Truth::Counterfeit(_)).then(|| j.currency.clone())
    });
    groups
        .into_iter()
        .filter(|(_, notes)| notes.iter().any(|j| kind(j).is_some()))
        .map(|(currency, notes)| {
            let points = |contradictions: bool| {
                let of = |forged: bool| -> Vec<f64> {
                    notes
                        .iter()
                        .filter(|j| kind(j).is_some() == forged)
                        .map(|j| {
                            let sure = certain(j.said).any(|f| f.p_value.is_none());
                            if contradictions && sure {
                                0.0
                            } else {
                                j.said.p_value.unwrap_or(1.0)
                            }
                        })
                        .collect()
                };
                det(&LEVELS, &of(false), &of(true))
            };
            Det {
                currency,
                by_p_value: points(false),
                with_contradictions: points(true),
            }
        })
        .collect()
}

fn features(all: &[Judged<'_>]) -> Vec<Caught> {
    let groups = grouped(all, |j| kind(j).map(|k| format!("{}, {k}", j.currency)));
    let mut caught = Vec::new();
    for (kind, notes) in groups {
        let mut rows: BTreeMap<&str, Caught> = BTreeMap::new();
        for judged in &notes {
            let sure: BTreeSet<&str> = certain(judged.said).map(|f| f.feature.as_str()).collect();
            let odd: BTreeSet<&str> = judged
                .said
                .findings
                .iter()
                .filter(|f| f.outcome == Outcome::Deviates)
                .map(|f| f.feature.as_str())
                .collect();
            for &feature in &odd {
                let row = rows.entry(feature).or_insert_with(|| Caught {
                    kind: kind.clone(),
                    notes: notes.len(),
                    feature: feature.to_owned(),
                    deviates: 0,
                    alone: 0,
                    doubtful: 0,
                });
                if sure.contains(feature) {
                    row.deviates += 1;
                    row.alone += usize::from(sure.len() == 1);
                } else {
                    row.doubtful += 1;
                }
            }
        }
        let mut rows: Vec<Caught> = rows.into_values().collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.deviates, row.doubtful)));
        caught.append(&mut rows);
    }
    caught
}

fn alarms(all: &[Judged<'_>], asked: &Asked) -> Vec<Alarms> {
    let groups = grouped(all, |j| {
        matches!(j.item.truth, Truth::Genuine | Truth::Counterfeit(_)).then(|| j.currency.clone())
    });
    groups
        .into_iter()
        .map(|(currency, notes)| {
            let rate = |forged: bool| {
                let of: Vec<Verdict> = notes
                    .iter()
                    .filter(|j| kind(j).is_some() == forged)
                    .map(|j| j.said.verdict)
                    .collect();
                Rate::counted(&of, |v| *v == Verdict::Suspect)
            };
            let (false_alarms, caught) = (rate(false), rate(true));
            let share = |alarms: f64| real_alarms(asked.prior, caught.share()?, alarms);
            Alarms {
                at_level: share(asked.false_alarm),
                at_upper_bound: share(false_alarms.bounds[1]),
                needed_for_half: caught
                    .share()
                    .and_then(|caught| needed_for_half(asked.prior, caught)),
                currency,
                false_alarms,
                caught,
            }
        })
        .collect()
}

fn case(judged: &Judged<'_>) -> Case {
    let said = judged.said;
    let mut reasons = said.reasons.clone();
    if reasons.is_empty() {
        let rarest = said
            .findings
            .iter()
            .filter(|f| f.p_value.is_some())
            .min_by(|a, b| {
                a.p_value
                    .unwrap_or(1.0)
                    .total_cmp(&b.p_value.unwrap_or(1.0))
            });
        reasons.extend(rarest.map(|f| f.why.clone()));
    }
    Case {
        note: judged.item.capture.note.clone(),
        of: match &judged.item.truth {
            Truth::Genuine | Truth::Layout => judged.item.design.clone(),
            Truth::Worn(how) | Truth::Counterfeit(how) => {
                format!("{}, {how}", judged.item.design)
            }
        },
        verdict: said.verdict,
        p_value: said.p_value.map(|p| rounded(p, 6)),
        reasons,
    }
}
