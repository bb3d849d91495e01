//! What was learned of a typeface: how each of its characters looks, and what tells them apart.
//!
//! A character is seen as a patch of [`ROWS`] × [`COLUMNS`] cells, [`MARGIN`] times as high as the character, in the
//! quantity in which its ink stands out; the patch is brought to mean 0 and length 1, so that paper, ink and light of
//! the scan drop out. Two things are kept of every character: its mean patch, which tells where in a row it stands
//! and how much a patch looks like it at all (`likeness`, a correlation), and the weights of a linear discriminant
//! with one covariance for all characters, which tell it from the others. How like its own mean a genuine print of a
//! character usually is, and how much that varies, tells a print of it from one of a character never seen.

use std::io::{Cursor, Seek, Write};

use ndarray::{Array1, Array2};

/// Rows of a patch.
pub const ROWS: usize = 24;
/// Columns of a patch.
pub const COLUMNS: usize = 16;
/// Cells of a patch.
pub const CELLS: usize = ROWS * COLUMNS;
/// Cells of a patch at half resolution.
pub const HALF_CELLS: usize = CELLS / 4;
/// Height of a patch in heights of a character.
pub const MARGIN: f64 = 1.15;

/// A typeface as learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Typeface {
    /// Height of a character, mm.
    pub height_mm: f64,
    characters: Vec<char>,
    means: Array2<f32>,
    weights: Array2<f32>,
    bias: Array1<f32>,
    halves: Array2<f32>,
    /// The means as softer scans show them.
    soft: [Array2<f32>; 2],
    usual: Vec<Usual>,
    calibration: Calibration,
    rows: Vec<RowForm>,
}

/// How like the mean of its class a genuine print of a character is, not counting the print itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Mean likeness.
    pub likeness: f32,
    /// Its standard deviation.
    pub spread: f32,
}

/// How a printed row was set, measured so that stains and scratches on a quarter of it do not count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowForm {
    /// How unlike the typeface its characters are: one less the median likeness, as sharp as the scan shows them.
    pub shape: f64,
    /// Upper quartile of how far the characters stand from even spacing, mm.
    pub spacing_mm: f64,
    /// Upper quartile of how far they stand above or below their line, mm.
    pub level_mm: f64,
}

/// What speaks for a character being read right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Support {
    /// How much more the discriminant speaks for it than for the next, on the mean of the prints.
    pub margin: f64,
    /// How much it looks like that character at all, -1..=1.
    pub likeness: f64,
    /// By how many standard deviations it looks less like its character than the rest of the row like theirs.
    pub unlike: f64,
    /// Whether it is a digit: there are fewer of them to confuse, and more was seen of each.
    pub digit: bool,
    /// Whether more than one print was read.
    pub again: bool,
}

/// From what a classifier says of a character to the probability that it is right: a logistic function, fitted on
/// notes that the classifier had not seen, with and without the true character among those it knew. One factor for
/// each of [`Self::terms`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration(pub [f64; Self::TERMS]);

impl Default for Calibration {
    /// Nothing is sure until it was measured.
    fn default() -> Self {
        Self([0.0; Self::TERMS])
    }
}

/// Margins above this say no more: so much is a character never mistaken.
const WIDEST_MARGIN: f64 = 60.0;
/// Nor does being more unlike than this, in standard deviations.
const MOST_UNLIKE: f64 = 8.0;

impl Calibration {
    /// Number of terms.
    pub const TERMS: usize = 6;

    /// What the logistic function is of.
    pub fn terms(support: &Support) -> [f64; Self::TERMS] {
        [
            1.0,
            support.margin.clamp(0.0, WIDEST_MARGIN).ln_1p(),
            support.likeness,
            support.unlike.clamp(0.0, MOST_UNLIKE),
            f64::from(u8::from(support.digit)),
            f64::from(u8::from(support.again)),
        ]
    }

    /// Probability that the best character is right.
    pub fn probability(&self, support: &Support) -> f64 {
        let terms = Self::terms(support);
        let z: f64 = self.0.iter().zip(terms).map(|(b, t)| b * t).sum();
        1.0 / (1.0 + (-z).exp())
    }
}

/// Why a file holds no typeface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: delete it and learn it again with `guilloche enroll --serials`")]
pub struct TypefaceError(String);

impl Typeface {
    /// Puts a typeface together; every array has one row a character.
    ///
    /// # Errors
    /// When the shapes do not fit each other, or a number is not finite.
    pub fn new(
        height_mm: f64,
        characters: Vec<char>,
        means: Array2<f32>,
        weights: Array2<f32>,
        bias: Array1<f32>,
        usual: Vec<Usual>,
    ) -> Result<Self, TypefaceError> {
        let refuse = |what: &str| Err(TypefaceError(what.to_owned()));
        let n = characters.len();
        if n == 0
            || means.dim() != (n, CELLS)
            || weights.dim() != (n, CELLS)
            || bias.len() != n
            || usual.len() != n
            || !means.is_standard_layout()
            || !weights.is_standard_layout()
        {
            return refuse("its arrays do not fit each other");
        }
        let finite = means
            .iter()
            .chain(&weights)
            .chain(&bias)
            .all(|v| v.is_finite());
        let usable = |u: &Usual| u.likeness.is_finite() && u.spread.is_finite() && u.spread > 0.0;
        if !finite || !usual.iter().all(usable) {
            return refuse("holds a value that is no number");
        }
        if !(0.5..=20.0).contains(&height_mm) {
            return refuse("the height of a character must be 0.5 to 20 mm");
        }
        let mut halves = Array2::zeros((n, HALF_CELLS));
        for (mean, mut half) in means.outer_iter().zip(halves.outer_iter_mut()) {
            let (mean, half) = (mean.as_slice(), half.as_slice_mut());
            if let (Some(mean), Some(half)) = (mean, half) {
                halve(mean, half);
                normalise(half);
            }
        }
        let softer = |means: &Array2<f32>| {
            let mut soft = Array2::zeros((n, CELLS));
            for (mean, mut to) in means.outer_iter().zip(soft.outer_iter_mut()) {
                if let (Some(mean), Some(to)) = (mean.as_slice(), to.as_slice_mut()) {
                    soften(mean, to);
                    normalise(to);
                }
            }
            soft
        };
        let soft = softer(&means);
        let softest = softer(&soft);
        Ok(Self {
            height_mm,
            characters,
            means,
            weights,
            bias,
            halves,
            soft: [soft, softest],
            usual,
            calibration: Calibration::default(),
            rows: Vec::new(),
        })
    }

    /// The same with what was measured by reading notes that it was not learned from: how sure its readings are, and
    /// how genuine rows are set.
    pub fn measured(mut self, calibration: Calibration, rows: Vec<RowForm>) -> Self {
        self.calibration = calibration;
        self.rows = rows;
        self
    }

    /// How the rows of genuine notes are set.
    pub fn rows(&self) -> &[RowForm] {
        &self.rows
    }

    /// The characters it knows.
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// How sure its readings are.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The places in [`Self::characters`] of those in a list; what it does not know is left out.
    pub fn classes(&self, allowed: impl Fn(char) -> bool) -> Vec<usize> {
        (0..self.characters.len())
            .filter(|&class| self.characters.get(class).is_some_and(|&c| allowed(c)))
            .collect()
    }

    /// Correlation of a normalised patch with the mean of a class.
    pub fn likeness(&self, class: usize, patch: &[f32]) -> f32 {
        dot(row(&self.means, class), patch)
    }

    /// The same, as sharp as suits the patch.
    pub fn likeness_as_sharp(&self, class: usize, patch: &[f32]) -> f32 {
        self.soft
            .iter()
            .map(|means| dot(row(means, class), patch))
            .fold(self.likeness(class, patch), f32::max)
    }

    /// Scalar product of the mean of a class with a patch that is part of rows of `WIDE` cells, given by what lies from
    /// its first cell on; its likeness times its length.
    pub fn window_likeness<const WIDE: usize>(&self, class: usize, window: &[f32]) -> f32 {
        let mut lanes = [0.0f32; COLUMNS];
        let mean = row(&self.means, class).as_chunks::<COLUMNS>().0;
        for (mean, line) in mean.iter().zip(window.chunks(WIDE)) {
            let Some(line) = line.first_chunk::<COLUMNS>() else {
                continue;
            };
            for ((lane, a), b) in lanes.iter_mut().zip(mean).zip(line) {
                *lane += a * b;
            }
        }
        lanes.iter().sum()
    }

    /// By how many standard deviations a likeness to a character is below what is usual.
    pub fn unlike(&self, character: char, likeness: f64) -> f64 {
        self.characters
            .iter()
            .position(|&c| c == character)
            .and_then(|class| self.usual.get(class))
            .map_or(0.0, |usual| {
                (f64::from(usual.likeness) - likeness) / f64::from(usual.spread)
            })
    }

    /// The same at half resolution.
    pub fn half_likeness(&self, class: usize, patch: &[f32]) -> f32 {
        dot(row(&self.halves, class), patch)
    }

    /// The discriminant of a class, in units of log-probability before calibration.
    pub fn discriminant(&self, class: usize, patch: &[f32]) -> f32 {
        dot(row(&self.weights, class), patch) + self.bias.get(class).copied().unwrap_or(f32::MIN)
    }

    /// How much more the discriminant speaks for a character than for another on a clean print of the first: its mean.
    /// 0 where one of them is not known.
    pub fn apart(&self, character: char, other: char) -> f32 {
        let class = |wanted: char| self.characters.iter().position(|&c| c == wanted);
        let Some((class, other)) = class(character).zip(class(other)) else {
            return 0.0;
        };
        let mean = row(&self.means, class).first_chunk::<CELLS>();
        mean.map_or(0.0, |mean| {
            self.discriminant(class, mean) - self.discriminant(other, mean)
        })
    }

    /// The mean patch of all digits at half resolution: what any character looks like from afar.
    pub fn any(&self) -> [f32; HALF_CELLS] {
        let mut sum = [0.0; HALF_CELLS];
        for class in self.classes(|c| c.is_ascii_digit()) {
            for (s, v) in sum.iter_mut().zip(row(&self.halves, class)) {
                *s += v;
            }
        }
        normalise(&mut sum);
        sum
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// When the bytes are no typeface.
    pub fn read(bytes: &[u8]) -> Result<Self, TypefaceError> {
        let odd = |e: ndarray_npy::ReadNpzError| TypefaceError(format!("cannot be read ({e})"));
        let mut npz = ndarray_npy::NpzReader::new(Cursor::new(bytes)).map_err(odd)?;
        let codes: Array1<u32> = npz.by_name("characters").map_err(odd)?;
        let means: Array2<f32> = npz.by_name("means").map_err(odd)?;
        let weights: Array2<f32> = npz.by_name("weights").map_err(odd)?;
        let bias: Array1<f32> = npz.by_name("bias").map_err(odd)?;
        let usual: Array2<f32> = npz.by_name("usual").map_err(odd)?;
        let rows: Array2<f64> = npz.by_name("rows").map_err(odd)?;
        let height: Array1<f64> = npz.by_name("height").map_err(odd)?;
        let calibration: Array1<f64> = npz.by_name("calibration").map_err(odd)?;
        let characters = codes
            .iter()
            .map(|&code| char::from_u32(code))
            .collect::<Option<Vec<char>>>();
        let usual: Option<Vec<Usual>> = usual
            .outer_iter()
            .map(|row| match row.to_vec().as_slice() {
                &[likeness, spread] => Some(Usual { likeness, spread }),
                _ => None,
            })
            .collect();
        let rows: Option<Vec<RowForm>> = rows
            .outer_iter()
            .map(|row| match row.to_vec().as_slice() {
                &[shape, spacing_mm, level_mm] if row.iter().all(|v| v.is_finite()) => {
                    Some(RowForm {
                        shape,
                        spacing_mm,
                        level_mm,
                    })
                }
                _ => None,
            })
            .collect();
        let calibration: Option<[f64; Calibration::TERMS]> = calibration
            .as_slice()
            .and_then(|c| c.try_into().ok())
            .filter(|c: &[f64; Calibration::TERMS]| c.iter().all(|v| v.is_finite()));
        let (Some(characters), Some(usual), Some(rows), Some(calibration), Some(&[height_mm])) =
            (characters, usual, rows, calibration, height.as_slice())
        else {
            return Err(TypefaceError("its arrays do not fit each other".to_owned()));
        };
        let face = Self::new(height_mm, characters, means, weights, bias, usual)?;
        Ok(face.measured(Calibration(calibration), rows))
    }

    /// Writes it as `.npz`.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn write(&self, out: impl Write + Seek) -> Result<(), ndarray_npy::WriteNpzError> {
        let mut npz = ndarray_npy::NpzWriter::new_compressed(out);
        let codes: Array1<u32> = self.characters.iter().map(|&c| u32::from(c)).collect();
        let pairs: Vec<[f32; 2]> = self.usual.iter().map(|u| [u.likeness, u.spread]).collect();
        let rows: Vec<[f64; 3]> = self
            .rows
            .iter()
            .map(|r| [r.shape, r.spacing_mm, r.level_mm])
            .collect();
        npz.add_array("characters", &codes)?;
        npz.add_array("means", &self.means)?;
        npz.add_array("weights", &self.weights)?;
        npz.add_array("bias", &self.bias)?;
        npz.add_array("usual", &ndarray::arr2(&pairs))?;
        npz.add_array("rows", &ndarray::arr2(&rows))?;
        npz.add_array("height", &ndarray::arr1(&[self.height_mm]))?;
        npz.add_array("calibration", &ndarray::arr1(&self.calibration.0))?;
        npz.finish()?;
        Ok(())
    }
}

fn row(rows: &Array2<f32>, index: usize) -> &[f32] {
    let width = rows.ncols();
    rows.as_slice()
        .and_then(|all| all.get(index * width..(index + 1) * width))
        .unwrap_or(&[])
}

/// Scalar product, in eight lanes.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

/// Mean of a patch and its length once the mean is taken off, in eight lanes.
pub fn mean_and_length(patch: &[f32]) -> (f32, f32) {
    let mut sums = [0.0f32; 8];
    let mut squares = [0.0f32; 8];
    for part in patch.chunks_exact(8) {
        for ((sum, square), v) in sums.iter_mut().zip(&mut squares).zip(part) {
            *sum += v;
            *square += v * v;
        }
    }
    let n = patch.len().max(1) as f32;
    let mean = sums.iter().sum::<f32>() / n;
    let square = squares.iter().sum::<f32>() - mean * mean * n;
    (mean, square.max(0.0).sqrt())
}

/// Brings a patch to mean 0 and length 1; returns its length before. A flat patch becomes 0.
pub fn normalise(patch: &mut [f32]) -> f32 {
    let (mean, length) = mean_and_length(patch);
    let scale = if length > 1e-6 { 1.0 / length } else { 0.0 };
    for v in patch.iter_mut() {
        *v = (*v - mean) * scale;
    }
    length
}

/// A patch as a softer scan shows it: means of 3 × 3 cells, the edge held.
fn soften(patch: &[f32], soft: &mut [f32]) {
    let at = |row: usize, column: usize| patch.get(row * COLUMNS + column).copied().unwrap_or(0.0);
    for (cell, to) in soft.iter_mut().enumerate() {
        let (row, column) = (cell / COLUMNS, cell % COLUMNS);
        let mut sum = 0.0;
        for r in [row.saturating_sub(1), row, (row + 1).min(ROWS - 1)] {
            for c in [
                column.saturating_sub(1),
                column,
                (column + 1).min(COLUMNS - 1),
            ] {
                sum += at(r, c);
            }
        }
        *to = sum / 9.0;
    }
}

/// Means of 2 × 2 cells.
pub fn halve(patch: &[f32], half: &mut [f32]) {
    for (pair, out) in patch
        .chunks_exact(2 * COLUMNS)
        .zip(half.chunks_exact_mut(COLUMNS / 2))
    {
        let (upper, lower) = pair.split_at(COLUMNS);
        for ((u, l), o) in upper
            .chunks_exact(2)
            .zip(lower.chunks_exact(2))
            .zip(out.iter_mut())
        {
            *o = (u.iter().sum::<f32>() + l.iter().sum::<f32>()) / 4.0;
        }
    }
}
