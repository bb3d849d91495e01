//! Learns a typeface from prints whose number is known.
//!
//! The rows are found with what is learned so far, first with a mere box for every character, and what stands at each
//! place is averaged; after a few rounds the means are sharp. From them, and from the same patches shifted, stretched
//! and blurred a little as scans do, comes a linear discriminant with one covariance for all characters (Fisher 1936;
//! regularised after Friedman 1989), so that a character of which few were seen profits from all.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array2};

use super::grammar::Grammar;
use super::locate::{Line, Row, Strip, find, look, offsets};
use super::read::{Character, GlyphReader, Reading, Scores, decide, summed, together};
use super::rules::TypefaceFacts;
use super::typeface::{
    self, CELLS, COLUMNS, Calibration, MARGIN, ROWS, RowForm, Support, Typeface, TypefaceError,
    Usual,
};

/// A print whose number is known.
#[derive(Debug)]
pub struct Sample {
    /// Its surroundings.
    pub strip: Strip,
    /// The middles of its characters from the first, mm.
    pub cells_mm: Vec<f64>,
    /// What it says.
    pub text: Vec<char>,
}

/// Rounds of finding and averaging.
const ROUNDS: usize = 5;
/// A drawn character is used while fewer prints of it than this were seen.
const FEW: usize = 3;
/// Rows less like what was learned than this in the last round are left out.
const LEAST: f32 = 0.55;
/// Share of the mean variance that is added to every direction of the covariance.
const RIDGE: f64 = 1.0;

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// There is too little to learn from.
    #[error(
        "{0} prints with digits and a known number are too few to learn a typeface: 5 are needed"
    )]
    TooFew(usize),
    /// The covariance cannot be inverted.
    #[error("the prints do not vary: they cannot be of different notes")]
    Singular,
    /// What was learned does not fit together.
    #[error(transparent)]
    Typeface(#[from] TypefaceError),
}

/// What was learned, and which samples it was not learned from.
#[derive(Debug)]
pub struct Learned {
    /// The typeface, not calibrated.
    pub face: Typeface,
    /// For each sample, how much its row looks like its number; below [`LEAST`] it was left out.
    pub likeness: Vec<f32>,
    /// Mean place of each cell from where it was stated, mm across and down, by length of the number.
    pub drift_mm: Vec<[f64; 2]>,
}

/// Learns a typeface.
///
/// # Errors
/// When there are too few samples.
pub fn learn(samples: &[&Sample], facts: &TypefaceFacts) -> Result<Learned, LearnError> {
    if samples.len() < 5 {
        return Err(LearnError::TooFew(samples.len()));
    }
    let mut characters: Vec<char> = samples
        .iter()
        .flat_map(|s| &s.text)
        .copied()
        .chain(facts.drawn.keys().copied())
        .collect();
    characters.sort_unstable();
    characters.dedup();
    let class_of = |c: char| characters.iter().position(|&k| k == c);
    let wanted: Vec<Vec<Vec<usize>>> = samples
        .iter()
        .map(|s| {
            s.text
                .iter()
                .map(|&c| class_of(c).into_iter().collect())
                .collect()
        })
        .collect();
    let n = characters.len();
    let mut means = Array2::from_shape_fn((n, CELLS), |(_, cell)| boxed(cell));
    for mut mean in means.outer_iter_mut() {
        if let Some(mean) = mean.as_slice_mut() {
            typeface::normalise(mean);
        }
    }
    let mut lines: Vec<Option<Line>> = vec![None; samples.len()];
    let mut likeness = vec![0.0; samples.len()];
    for round in 0..ROUNDS {
        let face = provisional(facts.height_mm, &characters, &means)?;
        let any = face.any();
        let mut stands: Vec<Stand> = Vec::new();
        for (index, (sample, wanted)) in samples.iter().zip(&wanted).enumerate() {
            let offsets = offsets(&sample.cells_mm, sample.strip.px_per_mm());
            // A row that fits is only moved; one that does not is looked for again.
            let row = match (lines.get(index).copied().flatten(), likeness.get(index)) {
                (Some(line), Some(&like)) if round > 1 && like > 0.75 => {
                    look(&sample.strip, &offsets, &face, wanted, line)
                }
                _ => match find(&sample.strip, &offsets, &face, &any, wanted) {
                    Some(row) => row,
                    None => continue,
                },
            };
            if let (Some(line), Some(like)) = (lines.get_mut(index), likeness.get_mut(index)) {
                (*line, *like) = (Some(row.line), row.likeness);
            }
            if row.likeness >= if round == 0 { 0.25 } else { LEAST } {
                stands.extend(standing(index, &row, &offsets, wanted));
            }
        }
        // First where the row says that a character stands, then where it is most like itself.
        centre(&mut stands, n, if round + 2 < ROUNDS { 0.0 } else { 1.0 });
        let mut sums = Array2::<f32>::zeros((n, CELLS));
        let mut counts = vec![0usize; n];
        let mut cells = [0.0; CELLS];
        for stand in &stands {
            let Some(sample) = samples.get(stand.sample) else {
                continue;
            };
            sample
                .strip
                .patch(stand.at, stand.tilt, stand.scale, &mut cells);
            for (s, v) in sums.row_mut(stand.class).iter_mut().zip(&cells) {
                *s += v;
            }
            if let Some(count) = counts.get_mut(stand.class) {
                *count += 1;
            }
        }
        for (class, count) in counts.iter().enumerate() {
            let mut mean = sums.row(class).to_vec();
            if *count < FEW
                && let Some(strokes) = characters.get(class).and_then(|c| facts.drawn.get(c))
            {
                // A drawing counts as one print.
                let mut drawing = drawn(strokes, facts);
                typeface::normalise(&mut drawing);
                for (m, d) in mean.iter_mut().zip(drawing) {
                    *m += d;
                }
            } else if *count == 0 {
                continue;
            }
            typeface::normalise(&mut mean);
            for (to, from) in means.row_mut(class).iter_mut().zip(mean) {
                *to = from;
            }
        }
    }
    discriminant(samples, facts, characters, means, likeness)
}

/// A character in a row.
struct Stand {
    sample: usize,
    place: usize,
    class: usize,
    /// Where it stands by the row, then where it is taken from; strip px.
    at: [f64; 2],
    /// By how much it is more like itself beside that.
    beside: [f64; 2],
    tilt: f64,
    scale: f64,
}

fn standing(sample: usize, row: &Row, offsets: &[f64], wanted: &[Vec<usize>]) -> Vec<Stand> {
    row.patches
        .iter()
        .zip(offsets)
        .zip(wanted.iter().flatten())
        .enumerate()
        .map(|(place, ((patch, offset), class))| {
            let at = row.line.at(*offset);
            Stand {
                sample,
                place,
                class: *class,
                at,
                beside: [patch.at[0] - at[0], patch.at[1] - at[1]],
                tilt: row.line.tilt,
                scale: row.line.stretch,
            }
        })
        .collect()
}

/// Moves every character by a share of what it lies beside its place, but no class as a whole: else the few of a rare
/// class would wander off together.
fn centre(stands: &mut [Stand], classes: usize, share: f64) {
    let mut sums = vec![([0.0; 2], 0usize); classes];
    for stand in stands.iter() {
        if let Some((sum, count)) = sums.get_mut(stand.class) {
            *sum = [sum[0] + stand.beside[0], sum[1] + stand.beside[1]];
            *count += 1;
        }
    }
    for stand in stands {
        if let Some((sum, count)) = sums.get(stand.class) {
            for axis in [0, 1] {
                stand.at[axis] += share * (stand.beside[axis] - sum[axis] / (*count).max(1) as f64);
            }
        }
    }
}

fn provisional(
    height_mm: f64,
    characters: &[char],
    means: &Array2<f32>,
) -> Result<Typeface, TypefaceError> {
    Typeface::new(
        height_mm,
        characters.to_vec(),
        means.clone(),
        means.clone(),
        Array1::zeros(characters.len()),
        vec![UNTOLD; characters.len()],
    )
}

/// What is usual where nothing was measured.
const UNTOLD: Usual = Usual {
    likeness: 1.0,
    spread: 1.0,
};
/// What is usual for all characters counts as this many prints of each.
const COMMON: f64 = 3.0;

/// How like the mean of its class each character is on other prints: a print is compared with the mean of the others.
/// `drawn` says of each class whether a drawing counts as one more print.
///
/// The mean of few prints is itself rough. A print is `r` like the true form of its character; then it is
/// `r² / √(r² + (1 − r²) / n)` like the mean of n prints with errors of their own, and less like it by more.
fn usual(patches: &[(usize, [f32; CELLS])], drawn: &[bool]) -> Vec<Usual> {
    let classes = drawn.len();
    let mut sums = Array2::<f32>::zeros((classes, CELLS));
    let mut counts = vec![0usize; classes];
    for (class, cells) in patches {
        if let Some(count) = counts.get_mut(*class) {
            *count += 1;
        }
        for (s, v) in sums.row_mut(*class).iter_mut().zip(cells) {
            *s += v;
        }
    }
    let mut likeness: Vec<Vec<f64>> = vec![Vec::new(); classes];
    for (class, cells) in patches {
        let mut others: Vec<f32> = sums
            .row(*class)
            .iter()
            .zip(cells)
            .map(|(s, v)| s - v)
            .collect();
        // Nothing but rounding is left of the only print of a class.
        if typeface::normalise(&mut others) > 0.1
            && let Some(likeness) = likeness.get_mut(*class)
        {
            likeness.push(f64::from(typeface::dot(&others, cells)));
        }
    }
    let moments = |values: &[f64]| {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        (mean, square)
    };
    let all: Vec<f64> = likeness.iter().flatten().copied().collect();
    let (common, common_square) = if all.is_empty() {
        (1.0, 1.0)
    } else {
        moments(&all)
    };
    let of_prints = |n: f64| {
        let square = common * common;
        square / (square + (1.0 - square) / n.max(1.0)).sqrt()
    };
    likeness
        .iter()
        .zip(drawn)
        .zip(&counts)
        .map(|((values, drawn), count)| {
            let n = values.len() as f64;
            let prints = (*count + usize::from(*drawn)) as f64;
            let expected = of_prints(prints);
            let rougher = (1.0 - expected) / (1.0 - common).max(1e-6);
            let (mean, square) = moments(values);
            // Each was compared with one print less.
            let mean = mean + expected - of_prints(prints - 1.0);
            let weighed = |own: f64, common: f64| (n * own + COMMON * common) / (n + COMMON);
            Usual {
                likeness: weighed(mean, expected) as f32,
                spread: weighed(square, common_square * rougher * rougher)
                    .sqrt()
                    .max(0.01) as f32,
            }
        })
        .collect()
}

/// What is known of a character before any was seen: it fills a box.
fn boxed(cell: usize) -> f32 {
    let (row, column) = ((cell / COLUMNS) as f32 + 0.5, (cell % COLUMNS) as f32 + 0.5);
    let edge =
        |at: f32, half: f32, size: f32| (half + 0.5 - (at - size / 2.0).abs()).clamp(0.0, 1.0);
    edge(row, ROWS as f32 / 2.3, ROWS as f32) * edge(column, 5.5, COLUMNS as f32)
}

/// Cells over which the edge of a stroke is soft, as printed and scanned, in the mean of many prints. With it drawings
/// of 15 letters of the US typeface correlate with those means by 0.96, the least by 0.91; with 2 cells by 0.93 at most.
const SOFT: f64 = 4.0;

/// A patch of drawn strokes.
fn drawn(strokes: &[Vec<f64>], facts: &TypefaceFacts) -> Vec<f32> {
    let height = ROWS as f64 / MARGIN;
    let (width, radius) = (facts.width * height, facts.stroke * height / 2.0);
    let place = |x: f64, y: f64| {
        // Strokes end within the box.
        [
            COLUMNS as f64 / 2.0 + (x - 0.5) * (width - 2.0 * radius),
            ROWS as f64 / 2.0 + (y - 0.5) * (height - 2.0 * radius),
        ]
    };
    (0..CELLS)
        .map(|cell| {
            let at = [(cell % COLUMNS) as f64 + 0.5, (cell / COLUMNS) as f64 + 0.5];
            let mut near = f64::MAX;
            for stroke in strokes {
                let points: Vec<[f64; 2]> = stroke
                    .chunks_exact(2)
                    .filter_map(|p| Some(place(*p.first()?, *p.last()?)))
                    .collect();
                for (a, b) in points.iter().zip(points.iter().skip(1)) {
                    near = near.min(distance_to(at, *a, *b));
                }
            }
            ((radius - near) / SOFT + 0.5).clamp(0.0, 1.0) as f32
        })
        .collect()
}

fn distance_to(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let t = if square > 0.0 {
        (((p[0] - a[0]) * along[0] + (p[1] - a[1]) * along[1]) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (p[0] - a[0] - t * along[0]).hypot(p[1] - a[1] - t * along[1])
}

/// Ways in which a scan may show the same character: shift across and down in cells, scale, blurred or not.
fn ways() -> Vec<(f64, f64, f64, bool)> {
    let mut ways = Vec::new();
    for across in [-0.5, 0.5] {
        for down in [-0.5, 0.5] {
            for scale in [0.96, 1.04] {
                for soft in [false, true] {
                    ways.push((across, down, scale, soft));
                }
            }
        }
    }
    ways
}

fn discriminant(
    samples: &[&Sample],
    facts: &TypefaceFacts,
    characters: Vec<char>,
    means: Array2<f32>,
    likeness: Vec<f32>,
) -> Result<Learned, LearnError> {
    let face = provisional(facts.height_mm, &characters, &means)?;
    let any = face.any();
    let n = characters.len();
    let ways = ways();
    let mut stands = Vec::new();
    for (index, (sample, like)) in samples.iter().zip(&likeness).enumerate() {
        let offsets = offsets(&sample.cells_mm, sample.strip.px_per_mm());
        let wanted: Vec<Vec<usize>> = sample
            .text
            .iter()
            .map(|c| characters.iter().position(|k| k == c).into_iter().collect())
            .collect();
        if *like >= LEAST
            && let Some(row) = find(&sample.strip, &offsets, &face, &any, &wanted)
        {
            stands.extend(standing(index, &row, &offsets, &wanted));
        }
    }
    let longest = samples.iter().map(|s| s.cells_mm.len()).max().unwrap_or(0);
    let mut drift = vec![([0.0; 2], 0usize); longest];
    for stand in &stands {
        if let (Some((sum, count)), Some(sample)) =
            (drift.get_mut(stand.place), samples.get(stand.sample))
        {
            let scale = sample.strip.px_per_mm();
            *sum = [
                sum[0] + stand.beside[0] / scale,
                sum[1] + stand.beside[1] / scale,
            ];
            *count += 1;
        }
    }
    centre(&mut stands, n, 1.0);
    let blurred: Vec<Strip> = samples.iter().map(|s| s.strip.blurred()).collect();
    let mut patches: Vec<(usize, [f32; CELLS])> = Vec::new();
    let mut plain: Vec<(usize, [f32; CELLS])> = Vec::new();
    for stand in &stands {
        let (Some(sample), Some(blurred)) = (samples.get(stand.sample), blurred.get(stand.sample))
        else {
            continue;
        };
        let mut cells = [0.0; CELLS];
        sample
            .strip
            .patch(stand.at, stand.tilt, stand.scale, &mut cells);
        plain.push((stand.class, cells));
        for &(across, down, scale, soft) in &ways {
            let strip = if soft { blurred } else { &sample.strip };
            let mut cells = [0.0; CELLS];
            let at = [stand.at[0] + across, stand.at[1] + down];
            strip.patch(at, stand.tilt, stand.scale * scale, &mut cells);
            patches.push((stand.class, cells));
        }
    }
    // Means over all ways of seeing; of a drawn character its drawing stands for them.
    let mut centres = DMatrix::<f64>::zeros(CELLS, n);
    let mut counts = vec![0usize; n];
    for (class, cells) in &patches {
        if let Some(count) = counts.get_mut(*class) {
            *count += 1;
        }
        for (c, v) in centres.column_mut(*class).iter_mut().zip(cells) {
            *c += f64::from(*v);
        }
    }
    let mut with_drawing = vec![false; n];
    for (class, count) in counts.iter().enumerate() {
        let mut column = centres.column_mut(class);
        let strokes = characters
            .get(class)
            .filter(|_| *count < FEW * ways.len())
            .and_then(|c| facts.drawn.get(c));
        let mut prints = *count as f64;
        if let Some(strokes) = strokes {
            if let Some(with) = with_drawing.get_mut(class) {
                *with = true;
            }
            // A drawing counts as one print, as blunt as the means of others.
            let weight = ways.len() as f64;
            let mut drawing = drawn(strokes, facts);
            typeface::normalise(&mut drawing);
            for (c, v) in column.iter_mut().zip(drawing) {
                *c += 0.9 * weight * f64::from(v);
            }
            prints += weight;
        }
        column /= prints.max(1.0);
    }
    let mut within = DMatrix::<f64>::zeros(CELLS, CELLS);
    for chunk in patches.chunks(2000) {
        let block = DMatrix::from_fn(CELLS, chunk.len(), |cell, index| {
            chunk.get(index).map_or(0.0, |(class, cells)| {
                f64::from(cells[cell]) - centres[(cell, *class)]
            })
        });
        within += &block * block.transpose();
    }
    within /= patches.len().max(1) as f64;
    let ridge = RIDGE * within.trace() / CELLS as f64;
    for i in 0..CELLS {
        within[(i, i)] += ridge;
    }
    let solver = within.cholesky().ok_or(LearnError::Singular)?;
    let middle: DVector<f64> = centres.column_mean();
    let mut weights = Array2::zeros((n, CELLS));
    let mut bias = Array1::zeros(n);
    for class in 0..n {
        let centre = centres.column(class) - &middle;
        let weight = solver.solve(&centre);
        let constant = -weight.dot(&middle) - weight.dot(&centre) / 2.0;
        for (to, from) in weights.row_mut(class).iter_mut().zip(weight.iter()) {
            *to = *from as f32;
        }
        bias[class] = constant as f32;
    }
    Ok(Learned {
        face: Typeface::new(
            facts.height_mm,
            characters,
            means,
            weights,
            bias,
            usual(&plain, &with_drawing),
        )?,
        likeness,
        drift_mm: drift
            .into_iter()
            .map(|(sum, count)| sum.map(|s| s / count.max(1) as f64))
            .collect(),
    })
}

/// What came of reading one character of a note that nothing was learned from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// What spoke for the character read.
    pub support: Support,
    /// Whether it was right.
    pub right: bool,
    /// How much it counts.
    pub weight: f64,
}

/// Fits the calibration: penalised logistic regression by Newton's method. The penalty keeps it finite where
/// every reading was right.
pub fn calibrate<'a>(trials: impl Iterator<Item = &'a Trial> + Clone) -> Calibration {
    const N: usize = Calibration::TERMS;
    let mut beta = DVector::<f64>::zeros(N);
    for _ in 0..50 {
        let mut gradient = DVector::<f64>::zeros(N);
        let mut curvature = DMatrix::<f64>::identity(N, N) * 0.01;
        gradient -= &beta * 0.01;
        for trial in trials.clone() {
            let x = DVector::from_row_slice(&Calibration::terms(&trial.support));
            let p = 1.0 / (1.0 + (-beta.dot(&x)).exp());
            let y = if trial.right { 1.0 } else { 0.0 };
            gradient += &x * ((y - p) * trial.weight);
            curvature += &x * x.transpose() * (p * (1.0 - p) * trial.weight);
        }
        let Some(step) = curvature.lu().solve(&gradient) else {
            break;
        };
        // Short steps: far out the curvature is flat.
        let length = step.norm();
        beta += &step * (5.0 / length.max(5.0));
        if length < 1e-9 {
            break;
        }
    }
    let mut terms = [0.0; N];
    terms.copy_from_slice(beta.as_slice());
    Calibration(terms)
}

/// A print of a known number, and what is needed to judge a reading of it.
#[derive(Debug)]
pub struct Known {
    /// The note that it is on: prints of one note are learned from together or not at all.
    pub note: String,
    /// The note's design.
    pub design: String,
    /// Which print.
    pub place: String,
    /// What the number looks like.
    pub grammar: Grammar,
    /// The print.
    pub sample: Sample,
}

/// What came of reading the notes that nothing was learned from, each in its turn.
#[derive(Debug, Default)]
pub struct CrossValidation {
    /// Every note in order of name.
    pub notes: Vec<NoteTrial>,
    /// Every character of a print by itself: probability stated, and whether it was right.
    pub characters: Vec<(f64, bool)>,
    /// Fitted on all of it.
    pub calibration: Calibration,
    /// How the rows are set, of the notes that were read right; as they are, and as a softer scan shows them.
    pub rows: Vec<RowForm>,
}

/// What came of reading one note.
#[derive(Debug)]
pub struct NoteTrial {
    /// Its name.
    pub note: String,
    /// Its design.
    pub design: String,
    /// Its number.
    pub truth: String,
    /// What was read for sure.
    pub text: Option<String>,
    /// The likeliest number, sure or not.
    pub likeliest: String,
    /// The prints, `?` where a character was in doubt.
    pub shown: Vec<String>,
    /// The least sure character of all prints together.
    pub weakest: Option<Character>,
}

/// Readings with the true character withheld count this much where the typeface lacks characters that may stand there:
/// those that were never seen are rare.
const UNKNOWN_SHARE: f64 = 0.01;
/// And this much where it knows all that may stand there.
const KNOWN_SHARE: f64 = 0.0005;

/// Reads every note with what was learned from the notes of other folds; what makes a reading sure is fitted on the
/// other folds, too.
///
/// # Errors
/// When a fold leaves too little to learn from.
pub fn cross_validate(
    known: &[Known],
    facts: &TypefaceFacts,
    folds: usize,
) -> Result<CrossValidation, LearnError> {
    let folds = folds.max(2);
    let notes: Vec<(&str, Vec<&Known>)> = by_note(known).into_iter().collect();
    let held_out = |fold: usize| {
        notes
            .iter()
            .enumerate()
            .filter(move |(index, _)| index % folds == fold)
            .map(|(_, note)| note)
    };
    let mut faces = Vec::new();
    let mut trials: Vec<Vec<Trial>> = Vec::new();
    let mut readings: BTreeMap<&str, Vec<Reading>> = BTreeMap::new();
    for fold in 0..folds {
        let others: Vec<&Sample> = (0..folds)
            .filter(|&other| other != fold)
            .flat_map(held_out)
            .flat_map(|(_, prints)| prints.iter().map(|k| &k.sample))
            .collect();
        let face = learn(&others, facts)?.face;
        let reader = GlyphReader::new(&face);
        let mut of_fold = Vec::new();
        for (note, prints) in held_out(fold) {
            let read = readings_of(&reader, prints);
            if let Some(first) = prints.first() {
                try_note(&reader, first, &read, &mut of_fold);
            }
            readings.insert(note, read);
        }
        faces.push(face);
        trials.push(of_fold);
    }
    let mut out = CrossValidation {
        calibration: calibrate(trials.iter().flatten()),
        ..CrossValidation::default()
    };
    for (fold, face) in faces.into_iter().enumerate() {
        let others = trials
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != fold)
            .flat_map(|(_, trials)| trials);
        let face = face.measured(calibrate(others), Vec::new());
        for (note, known) in held_out(fold) {
            let read = readings.remove(note).unwrap_or_default();
            judge(&mut out, &face, note, known, read);
        }
    }
    out.notes.sort_by(|a, b| a.note.cmp(&b.note));
    Ok(out)
}

/// Reads the notes of each character that has a drawing by that drawing alone: with what was learned from the notes that
/// do not show it; characters that too few notes lack are passed over. How sure that is, is said by `calibration`.
///
/// # Errors
/// When nothing can be learned for another reason.
pub fn by_drawing(
    known: &[Known],
    facts: &TypefaceFacts,
    calibration: &Calibration,
) -> Result<CrossValidation, LearnError> {
    let mut out = CrossValidation::default();
    for character in facts.drawn.keys() {
        let (with, without): (Vec<&Known>, Vec<&Known>) = known
            .iter()
            .partition(|k| k.sample.text.contains(character));
        if with.is_empty() {
            continue;
        }
        let samples: Vec<&Sample> = without.iter().map(|k| &k.sample).collect();
        let face = match learn(&samples, facts) {
            Err(LearnError::TooFew(_)) => continue,
            learned => learned?.face,
        };
        let face = face.measured(*calibration, Vec::new());
        let reader = GlyphReader::new(&face);
        for (note, prints) in by_note(with) {
            let read = readings_of(&reader, &prints);
            judge(&mut out, &face, note, &prints, read);
        }
    }
    Ok(out)
}

/// The prints of each note.
fn by_note<'k>(known: impl IntoIterator<Item = &'k Known>) -> BTreeMap<&'k str, Vec<&'k Known>> {
    let mut notes: BTreeMap<&str, Vec<&Known>> = BTreeMap::new();
    for known in known {
        notes.entry(&known.note).or_default().push(known);
    }
    notes
}

/// The prints of a note that are read.
fn readings_of(reader: &GlyphReader<'_>, prints: &[&Known]) -> Vec<Reading> {
    prints
        .iter()
        .filter_map(|known| reading(reader, known, &known.sample.strip))
        .collect()
}

fn reading(reader: &GlyphReader<'_>, known: &Known, strip: &Strip) -> Option<Reading> {
    let cells_mm = &known.sample.cells_mm;
    let row = reader.find(strip, cells_mm, &known.grammar)?;
    reader.reading(strip, &known.place, &row, cells_mm, &known.grammar)
}

/// Tries the prints of a note one by one and together.
fn try_note(
    reader: &GlyphReader<'_>,
    known: &Known,
    readings: &[Reading],
    trials: &mut Vec<Trial>,
) {
    let mut tried: Vec<(Vec<Scores>, usize)> =
        readings.iter().map(|r| (r.scores.clone(), 1)).collect();
    if readings.len() > 1 {
        tried.push((summed(readings), readings.len()));
    }
    for (scores, prints) in tried {
        let mut trial = |c: &Character, truth: char, weight| {
            trials.push(Trial {
                support: c.support,
                right: c.best == truth,
                weight,
            });
        };
        for (c, &truth) in decide(reader.face(), &scores, &known.grammar, prints)
            .iter()
            .zip(&known.sample.text)
        {
            trial(c, truth, 1.0);
        }
        // The same as if one true character had never been seen.
        for (place, &truth) in known.sample.text.iter().enumerate() {
            let mut withheld = scores.clone();
            if let Some(scores) = withheld.get_mut(place) {
                scores.retain(|s| s.0 != truth);
            }
            let share = if reader.knows(&known.grammar.allowed(place)) {
                KNOWN_SHARE
            } else {
                UNKNOWN_SHARE
            };
            let read = decide(reader.face(), &withheld, &known.grammar, prints);
            if let Some(c) = read.get(place) {
                trial(c, truth, share);
            }
        }
    }
}

/// Decides a note again with what makes a reading sure.
fn judge(
    out: &mut CrossValidation,
    face: &Typeface,
    note: &str,
    known: &[&Known],
    mut prints: Vec<Reading>,
) {
    let Some(first) = known.first() else { return };
    let truth: String = first.sample.text.iter().collect();
    for print in &mut prints {
        print.characters = decide(face, &print.scores, &first.grammar, 1);
        out.characters.extend(
            print
                .characters
                .iter()
                .zip(truth.chars())
                .map(|(c, t)| (c.confidence, c.best == t)),
        );
    }
    let shown = prints.iter().map(Reading::shown).collect();
    let forms: Vec<RowForm> = prints.iter().map(|r| r.form).collect();
    let number = together(face, true, &first.grammar, prints);
    if number.text.as_ref() == Some(&truth) {
        out.rows.extend(forms);
        let reader = GlyphReader::new(face);
        out.rows.extend(
            known
                .iter()
                .filter_map(|k| reading(&reader, k, &k.sample.strip.blurred()))
                .map(|r| r.form),
        );
    }
    let weakest = number
        .characters
        .iter()
        .min_by(|a, b| a.confidence.total_cmp(&b.confidence));
    out.notes.push(NoteTrial {
        note: note.to_owned(),
        design: first.design.clone(),
        truth,
        likeliest: number.characters.iter().map(|c| c.best).collect(),
        weakest: weakest.cloned(),
        text: number.text,
        shown,
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Prints of a class: its form, and more or less grain of their own.
    fn prints(class: usize, count: usize) -> Vec<(usize, [f32; CELLS])> {
        (0..count)
            .map(|print| {
                let mut cells: [f32; CELLS] = std::array::from_fn(|cell| {
                    let form = (cell / (3 + class)) % 2;
                    let mixed = ((cell + 1) * 7919 + (print + 1) * 104_729 + class * 31)
                        .wrapping_mul(2_654_435_761);
                    let grain = 0.6 + 0.3 * (print % 3) as f32;
                    form as f32 + grain * ((mixed >> 7) % 1000) as f32 / 1000.0
                });
                typeface::normalise(&mut cells);
                (class, cells)
            })
            .collect()
    }

    #[test]
    fn prints_are_less_like_the_mean_of_few() {
        let patches = [prints(0, 60), prints(1, 1), prints(2, 1)].concat();
        let usual = usual(&patches, &[false, false, true]);
        let [many, one, with_drawing] = usual.try_into().unwrap();
        assert!(one.likeness < with_drawing.likeness && with_drawing.likeness < many.likeness);
        assert!(one.spread > with_drawing.spread && with_drawing.spread > many.spread);
        // What two prints of the same class are like each other.
        let all = prints(0, 60);
        let pairs = (0..60).flat_map(|a| (0..a).map(move |b| (a, b)));
        let alike: f32 = pairs
            .map(|(a, b)| typeface::dot(&all[a].1, &all[b].1))
            .sum();
        assert!((alike / (60.0 * 59.0 / 2.0) - one.likeness).abs() < 0.02);
    }

    #[test]
    fn every_drawing_is_told_from_every_other_letter() {
        let library = crate::reference::Library::built_in().unwrap();
        let (usd, id) = ("USD".parse().unwrap(), "usd-overprint");
        let facts = library.rules(&usd).unwrap().typeface(id).unwrap();
        let face = library.typeface(&usd, id).unwrap();
        let reader = GlyphReader::new(face);
        let letters: Vec<char> = ('A'..='Y').filter(|c| *c != 'O').collect();
        assert!(facts.drawn.keys().eq(&letters));
        for (&letter, strokes) in &facts.drawn {
            let mut cells = [0.0; CELLS];
            cells.copy_from_slice(&drawn(strokes, facts));
            typeface::normalise(&mut cells);
            let mut scores = reader.scores(&cells, &letters);
            scores.sort_by(|a, b| b.1.total_cmp(&a.1));
            assert_eq!(scores[0].0, letter, "{:?}", &scores[..3]);
            assert!(scores[0].1 - scores[1].1 > 10.0, "{:?}", &scores[..3]);
        }
    }

    #[test]
    fn a_letter_that_every_note_shows_is_passed_over() {
        let library = crate::reference::Library::built_in().unwrap();
        let usd = "USD".parse().unwrap();
        let rules = library.rules(&usd).unwrap();
        let (style, grammar) = rules.style("usd-1-1963").unwrap();
        let lettering = style.prints[0].lettering.as_ref().unwrap();
        let facts = rules.typeface(&lettering.typeface).unwrap();
        let paper = image::RgbImage::from_pixel(400, 120, image::Rgb([214, 209, 194]));
        let raster = crate::pixels::Raster::Eight(paper);
        let quad = [[0.0, 0.0], [400.0, 0.0], [400.0, 120.0], [0.0, 120.0]];
        let map = crate::rectify::homography::Homography::from_rectangle(40.0, 12.0, &quad);
        let known: Vec<Known> = (0..6)
            .map(|k| Known {
                note: format!("{k}.jpg"),
                design: "usd-1-1963".to_owned(),
                place: style.prints[0].place.clone(),
                grammar: grammar.clone(),
                sample: Sample {
                    strip: Strip::cut(
                        &raster,
                        &map.unwrap(),
                        crate::note::RectMm::from([4.0, 4.0, 31.0, 4.0]),
                        [1.0, 1.0],
                        lettering.seen_in,
                        facts.height_mm,
                    )
                    .unwrap(),
                    cells_mm: lettering.cells_mm.clone(),
                    text: format!("F0000000{k}F").chars().collect(),
                },
            })
            .collect();
        let found = by_drawing(&known, facts, &Calibration::default()).unwrap();
        assert!(found.notes.is_empty());
    }
}
