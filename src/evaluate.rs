//! Evaluation: how the checker does on labelled scans, each note judged by what was learned from others.
//!
//! The notes are divided into folds. For each fold, the designs are enrolled anew on the genuine notes
//! of the other folds, and its notes are checked against that, each by itself. What was made from a note,
//! worn or forged, is in that note's fold: nothing is ever judged by a model that has seen it.

pub mod figures;
pub mod labels;
pub mod level;
pub mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use crate::compare::evidence::LEAST_OBJECTS;
use crate::enroll::{EnrollError, SideScans, measure_files, read_features};
use crate::note::Side;
use crate::reference::{Library, ReferenceError};
use crate::report::Examination;
use crate::scan::display_path;
use crate::scan::gather::{Capture, Source};
use crate::{Checker, Settings, batch, check};
use labels::{Label, Truth};

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The labels are wrong.
    #[error("{file}: {what}")]
    Labels {
        /// Which file.
        file: String,
        /// What is wrong and what to do.
        what: String,
    },
    /// A scan has no label.
    #[error("{0}: no row of the labels has this file: add one, or leave the scan out")]
    Unlabelled(String),
    /// Two scans have the same base name.
    #[error("{0} and {1} have the same name: labels could mean either, rename one")]
    Twice(String, String),
    /// Two rows of a note contradict each other.
    #[error("the labels of note {note} contradict each other: {what}")]
    Contradiction {
        /// The note.
        note: String,
        /// What differs.
        what: &'static str,
    },
    /// No design has enough genuine notes.
    #[error(
        "too few genuine notes for {folds} folds: {most}, and each fold needs {LEAST_OBJECTS} in the others: label more notes, \
         or choose another number of --folds"
    )]
    TooFew {
        /// Folds wanted.
        folds: usize,
        /// The design with most notes, and how many.
        most: String,
    },
    /// A design is not known.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A fold could not be enrolled.
    #[error("fold {fold}, {design}: {source}")]
    Enroll {
        /// Which fold, from 1.
        fold: usize,
        /// Which design.
        design: String,
        /// What was wrong.
        source: EnrollError,
    },
}

/// One note, or one piece made from a note.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its images.
    pub capture: Capture,
    /// What each image is.
    pub labels: Vec<Label>,
    /// What it is.
    pub truth: Truth,
    /// The design it is of, or pretends to be.
    pub design: String,
    /// Its number, where known.
    pub serial: Option<String>,
    /// The fold it is judged in.
    pub fold: usize,
}

/// Which notes are judged in which fold.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How many folds.
    pub folds: usize,
    /// What is judged, by name.
    pub items: Vec<Item>,
    /// Designs that are enrolled anew in each fold, with the least number of notes that are enrolled.
    pub designs: BTreeMap<String, usize>,
    /// Designs with too few genuine notes to be enrolled without those that are judged, and how many
    /// notes and pieces of theirs are not judged.
    pub left_out: BTreeMap<String, usize>,
    /// Labelled files that were not among the scans.
    pub missing: usize,
}

impl Plan {
    /// Matches scans with labels by the base names of the files, and divides the notes into folds:
    /// the genuine notes of each design in turn, by name.
    ///
    /// # Errors
    /// When a scan has no label or shares its name with another, labels of a note contradict each
    /// other, or no design has enough genuine notes.
    pub fn new(
        labels: &[Label],
        captures: &[Capture],
        folds: usize,
    ) -> Result<Self, EvaluateError> {
        let by_file: BTreeMap<&str, &Label> = labels.iter().map(|l| (l.file.as_str(), l)).collect();
        let mut found: BTreeMap<&str, &Source> = BTreeMap::new();
        let mut notes: BTreeMap<&str, Vec<(&Source, &Label)>> = BTreeMap::new();
        for source in captures.iter().flat_map(|c| &c.files) {
            let name = source
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            let label = *by_file
                .get(name.as_ref())
                .ok_or_else(|| EvaluateError::Unlabelled(display_path(&source.path)))?;
            if let Some(other) = found.insert(&label.file, source) {
                return Err(EvaluateError::Twice(
                    display_path(&other.path),
                    display_path(&source.path),
                ));
            }
            notes.entry(&label.note).or_default().push((source, label));
        }
        let mut items = Vec::new();
        for (note, files) in notes {
            let contradiction = |what| EvaluateError::Contradiction {
                note: note.to_owned(),
                what,
            };
            let same = |what, differs: &dyn Fn(&Label, &Label) -> bool| {
                if files.windows(2).any(|w| match w {
                    [a, b] => differs(a.1, b.1),
                    _ => false,
                }) {
                    Err(contradiction(what))
                } else {
                    Ok(())
                }
            };
            same("truth or attack", &|a, b| a.truth != b.truth)?;
            same("design", &|a, b| a.design != b.design)?;
            let mut serials: Vec<&String> =
                files.iter().filter_map(|f| f.1.serial.as_ref()).collect();
            serials.dedup();
            let Some((_, first)) = files.first().filter(|_| serials.len() < 2) else {
                return Err(contradiction("serial"));
            };
            items.push(Item {
                capture: Capture {
                    note: note.to_owned(),
                    files: files.iter().map(|f| f.0.clone()).collect(),
                },
                truth: first.truth.clone(),
                design: first.design.clone(),
                serial: serials.first().map(|s| (*s).clone()),
                labels: files.iter().map(|f| f.1.clone()).collect(),
                fold: 0,
            });
        }
        let missing = labels.len() - found.len();
        assign(&mut items, &by_file, folds);
        let (designs, left_out) = enough(&mut items, folds)?;
        Ok(Self {
            folds,
            items,
            designs,
            left_out,
            missing,
        })
    }

    /// Scans of genuine notes that are not in a fold, of one side of a design, by note.
    fn genuine<'a>(
        &'a self,
        design: &'a str,
        side: Side,
        but: usize,
    ) -> impl Iterator<Item = &'a Source> {
        self.items
            .iter()
            .filter(move |item| {
                item.truth == Truth::Genuine && item.design == design && item.fold != but
            })
            .flat_map(|item| item.capture.files.iter().zip(&item.labels))
            .filter(move |(source, label)| label.side.or(source.side) == Some(side))
            .map(|(source, _)| source)
    }

    /// Numbered scans from which glyphs may be learned for a fold: genuine notes of the other folds,
    /// and pictures that are not judged at all.
    pub fn numbered(&self, but: usize) -> Vec<(&Source, &Label)> {
        self.items
            .iter()
            .filter(|item| match item.truth {
                Truth::Genuine => item.fold != but,
                Truth::Layout => true,
                _ => false,
            })
            .flat_map(|item| item.capture.files.iter().zip(&item.labels))
            .filter(|(source, label)| {
                let side = label.side.or(source.side).unwrap_or(Side::Front);
                label.serial.is_some() && side == Side::Front && !label.specimen
            })
            .collect()
    }
}

/// Genuine notes of each design go into the folds in turn, as does what was made from no note at hand;
/// what was made from one goes where it goes.
fn assign(items: &mut [Item], by_file: &BTreeMap<&str, &Label>, folds: usize) {
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    let mut turn = |item: &Item| {
        let count = next.entry(item.design.clone()).or_default();
        let fold = *count % folds.max(1);
        *count += 1;
        fold
    };
    let mut fold_of: BTreeMap<String, usize> = BTreeMap::new();
    for item in items.iter_mut().filter(|i| i.truth == Truth::Genuine) {
        item.fold = turn(item);
        fold_of.insert(item.capture.note.clone(), item.fold);
    }
    for item in items.iter_mut().filter(|i| i.truth != Truth::Genuine) {
        let parent = item
            .labels
            .iter()
            .filter_map(|label| by_file.get(label.made_from.as_deref()?))
            .find_map(|parent| fold_of.get(&parent.note));
        item.fold = match (parent, &item.truth) {
            (Some(fold), _) => *fold,
            // Nothing is ever enrolled from them.
            (None, Truth::Layout) => 0,
            (None, _) => turn(item),
        };
    }
}

type Designs = BTreeMap<String, usize>;

/// Designs that can be enrolled in every fold; items of others are taken out and counted.
fn enough(items: &mut Vec<Item>, folds: usize) -> Result<(Designs, Designs), EvaluateError> {
    let mut notes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for item in items.iter().filter(|i| i.truth == Truth::Genuine) {
        let counts = notes
            .entry(&item.design)
            .or_insert_with(|| vec![0; folds.max(1)]);
        if let Some(count) = counts.get_mut(item.fold) {
            *count += 1;
        }
    }
    let mut designs = BTreeMap::new();
    for (design, counts) in &notes {
        let all: usize = counts.iter().sum();
        let fewest = all - counts.iter().copied().max().unwrap_or(0);
        if fewest >= LEAST_OBJECTS {
            designs.insert((*design).to_owned(), fewest);
        }
    }
    if designs.is_empty() {
        let most = notes
            .iter()
            .map(|(design, counts)| (counts.iter().sum::<usize>(), *design))
            .max_by_key(|m| m.0);
        return Err(EvaluateError::TooFew {
            folds,
            most: most.map_or_else(
                || "none of the scans is labelled genuine".to_owned(),
                |(count, design)| format!("{count} of {design} are most"),
            ),
        });
    }
    let mut left_out: Designs = BTreeMap::new();
    items.retain(|item| {
        let kept = item.truth == Truth::Layout || designs.contains_key(&item.design);
        if !kept {
            *left_out.entry(item.design.clone()).or_default() += 1;
        }
        kept
    });
    Ok((designs, left_out))
}

/// What came of one fold.
#[derive(Debug)]
pub struct Fold {
    /// Items by their place in the plan, and what was said of them.
    pub judged: Vec<(usize, Examination)>,
    /// Scans that could not be enrolled, with the reason.
    pub left_out: Vec<String>,
}

/// Enrols the other folds' genuine notes over `library`, and checks the notes of one fold against that,
/// `jobs` at once. `lettered` puts in the typefaces that are learned from these notes, too.
///
/// # Errors
/// When a design is not known, or cannot be enrolled.
pub fn judge(
    plan: &Plan,
    fold: usize,
    library: Library,
    lettered: impl FnOnce(Library) -> Library,
    settings: &Settings,
    jobs: NonZeroUsize,
) -> Result<Fold, EvaluateError> {
    let mut library = library;
    let mut left_out = BTreeSet::new();
    let mut enrolled = Vec::new();
    for id in plan.designs.keys() {
        let mut design = library.design(id)?.clone();
        // Nothing of the shipped enrolment may remain: it may have seen the notes.
        design.measured.clear();
        for side in Side::ALL {
            let files: Vec<_> = plan
                .genuine(id, side, fold)
                .map(|s| s.path.clone())
                .collect();
            if files.is_empty() {
                continue;
            }
            let scans = SideScans {
                side,
                files: &files,
                cropped_mm: 0.0,
                scanner: "the labelled scans",
                date: "not stated",
                layout_only: false,
            };
            let measured = measure_files(&design, &scans, &mut |why| {
                left_out.insert(why);
            });
            let measured = measured.map_err(|source| EvaluateError::Enroll {
                fold: fold + 1,
                design: id.clone(),
                source,
            })?;
            design.measured.insert(side, measured.measured);
            enrolled.push((id, side, files));
        }
        library = library.overlaid(Library::of(design));
    }
    // Where a character stands is told in the frame that the fold's own notes gave.
    library = lettered(library);
    for (id, side, files) in enrolled {
        let readings = read_features(&library, id, side, &files, jobs);
        let mut design = library.design(id)?.clone();
        if let Some(measured) = design.measured.get_mut(&side) {
            measured.readings = Some(readings);
        }
        library = library.overlaid(Library::of(design));
    }
    let checker = Checker::new(&library);
    let items: Vec<(usize, &Item)> = plan
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.fold == fold)
        .collect();
    let mut judged = Vec::with_capacity(items.len());
    batch::each(
        &items,
        jobs,
        |(index, item)| (*index, check(&item.capture, &checker, settings)),
        |result| judged.push(result),
    );
    Ok(Fold {
        judged,
        left_out: left_out.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;

    fn label(file: &str, note: &str, truth: Truth, made_from: Option<&str>) -> Label {
        Label {
            file: file.to_owned(),
            note: note.to_owned(),
            truth,
            design: "usd-1-1963".to_owned(),
            side: Some(Side::Front),
            serial: None,
            made_from: made_from.map(str::to_owned),
            specimen: false,
        }
    }

    fn captures(labels: &[Label]) -> Vec<Capture> {
        labels
            .iter()
            .map(|l| Capture {
                note: l.file.clone(),
                files: vec![Source::of(&Path::new("scans").join(&l.file))],
            })
            .collect()
    }

    fn twenty() -> Vec<Label> {
        let mut labels = Vec::new();
        for k in 0..20 {
            let note = format!("n{k:02}");
            labels.push(label(&format!("{note}.jpg"), &note, Truth::Genuine, None));
            let back = format!("{note}_b.jpg");
            labels.push(Label {
                side: Some(Side::Back),
                ..label(&back, &note, Truth::Genuine, None)
            });
            let made = Truth::Counterfeit("laser".to_owned());
            let name = format!("{note}--laser");
            labels.push(label(&format!("{name}.jpg"), &name, made, Some(&back)));
        }
        labels
    }

    #[test]
    fn what_was_made_from_a_note_is_judged_with_it() {
        let labels = twenty();
        let plan = Plan::new(&labels, &captures(&labels), 5).unwrap();
        assert_eq!(plan.items.len(), 40);
        assert_eq!(plan.designs.get("usd-1-1963"), Some(&16));
        let fold_of = |note: &str| {
            let item = plan.items.iter().find(|i| i.capture.note == note);
            item.map(|i| i.fold).unwrap()
        };
        for k in 0..20 {
            let note = format!("n{k:02}");
            assert_eq!(fold_of(&note), k % 5);
            assert_eq!(fold_of(&format!("{note}--laser")), k % 5);
        }
        for fold in 0..5 {
            let enrolled: Vec<_> = plan.genuine("usd-1-1963", Side::Back, fold).collect();
            assert_eq!(enrolled.len(), 16);
            for source in enrolled {
                let name = source.path.file_stem().unwrap().to_string_lossy();
                assert!(name.ends_with("_b"), "{name}");
                assert_ne!(fold_of(name.trim_end_matches("_b")), fold);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let labels = twenty();
        let all = captures(&labels);
        let refused = |labels: &[Label], captures: &[Capture], folds| {
            Plan::new(labels, captures, folds).unwrap_err().to_string()
        };
        assert!(refused(labels.get(1..).unwrap(), &all, 5).contains("n00.jpg: no row"));
        let mut twice = all.clone();
        twice.push(Capture {
            note: "again".to_owned(),
            files: vec![Source::of(Path::new("other/n00.jpg"))],
        });
        assert!(refused(&labels, &twice, 5).contains("have the same name"));
        let mut torn = labels.clone();
        if let Some(label) = torn.get_mut(1) {
            label.truth = Truth::Layout;
        }
        assert!(refused(&torn, &all, 5).contains("note n00 contradict each other: truth"));
        let few = refused(&labels, all.get(..27).unwrap(), 5);
        assert!(
            few.contains("9 of usd-1-1963 are most") && few.contains("needs 8"),
            "{few}"
        );
    }

    #[test]
    fn designs_with_few_notes_are_counted_and_left_out() {
        let mut labels = twenty();
        labels.push(Label {
            design: "usd-2-1976".to_owned(),
            ..label("two.jpg", "two", Truth::Genuine, None)
        });
        let plan = Plan::new(&labels, &captures(&labels), 5).unwrap();
        assert_eq!(plan.left_out.get("usd-2-1976"), Some(&1));
        assert!(plan.items.iter().all(|i| i.design == "usd-1-1963"));
    }
}
