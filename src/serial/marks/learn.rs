//! Learns a typeface of small print from marks that are known.
//!
//! The pieces in a mark's window that are as many as its characters are taken for them; after a first round the
//! grouping is used in which they look most like themselves. The discriminant is that of the serial numbers
//! (Fisher 1936; covariance regularised after Friedman 1989).

use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array2};

use super::glyphs::{CELLS, Glyphs, GlyphsError};
use super::ink::{Ink, Piece};
use super::{Group, Mark, MarkKind, MarkReading, Unread, groups, read};

/// Rounds of taking apart and averaging.
const ROUNDS: usize = 3;
/// Groupings less like what was learned than this in the later rounds are left out.
const LEAST: f32 = 0.6;
/// Likeness of a character of which nothing was learned yet.
const UNKNOWN: f32 = 0.7;
/// Share of the mean variance that is added to every direction of the covariance.
const RIDGE: f64 = 1.0;

/// A mark that is known.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Where it stands, and what it is.
    pub mark: Mark,
    /// Its window.
    pub ink: Ink,
    /// What it says.
    pub text: String,
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// There is too little to learn from.
    #[error("{0} marks that fall into as many pieces as they have characters: 5 are needed")]
    TooFew(usize),
    /// The covariance cannot be inverted.
    #[error("the marks do not vary: they cannot be of different notes")]
    Singular,
    /// What was learned does not fit together.
    #[error(transparent)]
    Glyphs(#[from] GlyphsError),
}

/// A character as seen.
struct Seen {
    class: usize,
    patches: [[f32; CELLS]; 9],
    width: f32,
}

/// Learns a typeface.
///
/// # Errors
/// When there are too few samples.
pub fn learn(samples: &[&Sample]) -> Result<Glyphs, LearnError> {
    let mut characters: Vec<char> = samples.iter().flat_map(|s| s.text.chars()).collect();
    characters.sort_unstable();
    characters.dedup();
    let class_of = |c: char| characters.iter().position(|&k| k == c);
    let ways: Vec<Vec<Vec<Seen>>> = samples
        .iter()
        .map(|sample| ways(sample, &class_of))
        .collect();
    let n = characters.len();
    let mut means: Option<Array2<f32>> = None;
    let mut taken: Vec<&Vec<Seen>> = Vec::new();
    for _ in 0..ROUNDS {
        taken = ways
            .iter()
            .filter_map(|ways| match &means {
                None => ways.first(),
                Some(means) => ways
                    .iter()
                    .map(|way| (likeness(way, means), way))
                    .filter(|(like, _)| *like >= LEAST)
                    .max_by(|a, b| a.0.total_cmp(&b.0))
                    .map(|(_, way)| way),
            })
            .collect();
        means = Some(averages(&taken, n));
    }
    if taken.len() < 5 {
        return Err(LearnError::TooFew(taken.len()));
    }
    let known: Vec<usize> = (0..n)
        .filter(|class| {
            taken
                .iter()
                .any(|way| way.iter().any(|s| s.class == *class))
        })
        .collect();
    discriminant(&characters, &known, &taken)
}

/// Every way to take a sample's window as its characters.
fn ways(sample: &Sample, class_of: &impl Fn(char) -> Option<usize>) -> Vec<Vec<Seen>> {
    let series = sample.mark.kind == MarkKind::Series;
    let length = sample.text.chars().count();
    let mut out = Vec::new();
    for &share in sample.mark.kind.shares() {
        for Group {
            mut pieces,
            below_another,
            below,
        } in groups(&sample.ink, &sample.mark, share, None)
        {
            if series && !below_another {
                continue;
            }
            pieces.extend(below);
            if pieces.len() != length {
                continue;
            }
            let seen: Option<Vec<Seen>> = pieces
                .iter()
                .zip(sample.text.chars())
                .map(|(piece, c)| {
                    Some(Seen {
                        class: class_of(c)?,
                        patches: sample.ink.patches(piece),
                        width: width(piece),
                    })
                })
                .collect();
            out.extend(seen);
        }
    }
    out
}

fn width(piece: &Piece) -> f32 {
    piece.width() as f32 / piece.height().max(1) as f32
}

/// How much the least like character looks like what it is.
fn likeness(way: &[Seen], means: &Array2<f32>) -> f32 {
    way.iter()
        .map(|seen| {
            let mean = means.row(seen.class);
            let like = |patch: &[f32; CELLS]| mean.iter().zip(patch).map(|(a, b)| a * b).sum();
            if mean.iter().all(|v| *v == 0.0) {
                UNKNOWN
            } else {
                seen.patches.iter().map(like).fold(f32::MIN, f32::max)
            }
        })
        .fold(1.0, f32::min)
}

/// The normalised mean patch of every class; 0 where there is none.
fn averages(taken: &[&Vec<Seen>], classes: usize) -> Array2<f32> {
    let mut means = Array2::zeros((classes, CELLS));
    for seen in taken.iter().copied().flatten() {
        for patch in &seen.patches {
            for (m, v) in means.row_mut(seen.class).iter_mut().zip(patch) {
                *m += v;
            }
        }
    }
    for mut mean in means.rows_mut() {
        if let Some(mean) = mean.as_slice_mut() {
            crate::serial::typeface::normalise(mean);
        }
    }
    means
}

fn discriminant(
    characters: &[char],
    known: &[usize],
    taken: &[&Vec<Seen>],
) -> Result<Glyphs, LearnError> {
    let n = known.len();
    let mut centres = DMatrix::<f64>::zeros(CELLS, n);
    let mut counts = vec![0.0f64; n];
    let mut widths = vec![0.0f32; n];
    let all: Vec<(usize, &Seen)> = taken
        .iter()
        .copied()
        .flatten()
        .filter_map(|seen| Some((known.iter().position(|k| *k == seen.class)?, seen)))
        .collect();
    for (class, seen) in &all {
        for patch in &seen.patches {
            for (c, v) in centres.column_mut(*class).iter_mut().zip(patch) {
                *c += f64::from(*v);
            }
        }
        if let (Some(count), Some(width)) = (counts.get_mut(*class), widths.get_mut(*class)) {
            *count += 1.0;
            *width += seen.width;
        }
    }
    for (class, (count, width)) in counts.iter().zip(&mut widths).enumerate() {
        let mut column = centres.column_mut(class);
        column /= count * 9.0;
        *width /= *count as f32;
    }
    let mut within = DMatrix::<f64>::zeros(CELLS, CELLS);
    for chunk in all.chunks(200) {
        let block = DMatrix::from_fn(CELLS, chunk.len() * 9, |cell, index| {
            chunk.get(index / 9).map_or(0.0, |(class, seen)| {
                f64::from(seen.patches[index % 9][cell]) - centres[(cell, *class)]
            })
        });
        within += &block * block.transpose();
    }
    within /= (all.len() * 9).max(1) as f64;
    let ridge = RIDGE * within.trace() / CELLS as f64;
    for i in 0..CELLS {
        within[(i, i)] += ridge;
    }
    let solver = within.cholesky().ok_or(LearnError::Singular)?;
    let middle: DVector<f64> = centres.column_mean();
    let mut means = Array2::zeros((n, CELLS));
    let mut weights = Array2::zeros((n, CELLS));
    let mut bias = Array1::zeros(n);
    for class in 0..n {
        let centre = centres.column(class) - &middle;
        let weight = solver.solve(&centre);
        let constant = -weight.dot(&middle) - weight.dot(&centre) / 2.0;
        for (to, from) in weights.row_mut(class).iter_mut().zip(weight.iter()) {
            *to = *from as f32;
        }
        let mut mean: Vec<f32> = centres.column(class).iter().map(|v| *v as f32).collect();
        crate::serial::typeface::normalise(&mut mean);
        for (to, from) in means.row_mut(class).iter_mut().zip(mean) {
            *to = from;
        }
        bias[class] = constant as f32;
    }
    let characters = known
        .iter()
        .filter_map(|&class| characters.get(class).copied())
        .collect();
    Ok(Glyphs::new(
        characters,
        means,
        weights,
        bias,
        Array1::from(widths),
        counts.iter().map(|count| *count as f32).collect(),
    )?)
}

/// A mark whose note is known.
#[derive(Debug)]
pub struct Known {
    /// The note it is on: all its marks fall into one part.
    pub note: String,
    /// Its design.
    pub design: String,
    /// The mark.
    pub sample: Sample,
}

/// Reads every mark with glyphs learned on the other parts of the notes; in the order given.
///
/// # Errors
/// When too little is left to learn from.
pub fn cross_validate(
    known: &[Known],
    folds: usize,
) -> Result<Vec<Result<MarkReading, Unread>>, LearnError> {
    let folds = folds.max(2);
    let mut notes: Vec<&str> = known.iter().map(|k| k.note.as_str()).collect();
    notes.sort_unstable();
    notes.dedup();
    let fold_of = |note: &str| notes.iter().position(|n| *n == note).unwrap_or(0) % folds;
    let mut faces = Vec::new();
    for fold in 0..folds {
        let others: Vec<&Sample> = known
            .iter()
            .filter(|k| fold_of(&k.note) != fold)
            .map(|k| &k.sample)
            .collect();
        faces.push(learn(&others)?);
    }
    Ok(known
        .iter()
        .map(|known| {
            let glyphs = faces
                .get(fold_of(&known.note))
                .ok_or(Unread::NotCalibrated)?;
            read(&known.sample.ink, &known.sample.mark, glyphs)
        })
        .collect())
}
