//! What was learned of a typeface: how each of its characters looks, and what tells them apart.
//!
//! A character is seen as a patch of [`ROWS`] × [`COLUMNS`] cells, [`MARGIN`] times as high as the character, in the
//! quantity in which its ink stands out; the patch is brought to mean 0 and length 1, so that paper, ink and light of
//! the scan drop out. Two things are kept of every character: its mean patch, which tells where in a row it stands
//! and how much a patch looks like it at all (`likeness`, a correlation), and the weights of a linear discriminant
//! with one covariance for all characters, which tell it from the others.

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
    calibration: Calibration,
}

/// From what a classifier says of a character to the probability that it is right: a logistic function, fitted on
/// notes that the classifier had not seen, with and without the true character among those it knew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Constant.
    pub constant: f64,
    /// Factor of the margin.
    pub margin: f64,
    /// Factor of the likeness.
    pub likeness: f64,
    /// What is added for a digit: there are fewer of them to confuse, and more was seen of each.
    pub digit: f64,
}

impl Default for Calibration {
    /// Nothing is sure until it was measured.
    fn default() -> Self {
        Self {
            constant: 0.0,
            margin: 0.0,
            likeness: 0.0,
            digit: 0.0,
        }
    }
}

/// Margins above this say no more: so much is a character never mistaken.
const WIDEST_MARGIN: f64 = 60.0;

impl Calibration {
    /// What the logistic function is of.
    pub fn terms(margin: f64, likeness: f64, digit: bool) -> [f64; 4] {
        [
            1.0,
            margin.clamp(0.0, WIDEST_MARGIN).ln_1p(),
            likeness,
            f64::from(u8::from(digit)),
        ]
    }

    /// Probability that the best character is right.
    pub fn probability(&self, margin: f64, likeness: f64, digit: bool) -> f64 {
        let [one, margin, likeness, digit] = Self::terms(margin, likeness, digit);
        let z = self.constant * one
            + self.margin * margin
            + self.likeness * likeness
            + self.digit * digit;
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
        calibration: Calibration,
    ) -> Result<Self, TypefaceError> {
        let refuse = |what: &str| Err(TypefaceError(what.to_owned()));
        let n = characters.len();
        if n == 0
            || means.dim() != (n, CELLS)
            || weights.dim() != (n, CELLS)
            || bias.len() != n
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
        let known = [
            calibration.constant,
            calibration.margin,
            calibration.likeness,
            calibration.digit,
        ];
        if !finite || known.iter().any(|v| !v.is_finite()) {
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
        Ok(Self {
            height_mm,
            characters,
            means,
            weights,
            bias,
            halves,
            calibration,
        })
    }

    /// The same with another calibration.
    pub fn calibrated(mut self, calibration: Calibration) -> Self {
        self.calibration = calibration;
        self
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

    /// The same at half resolution.
    pub fn half_likeness(&self, class: usize, patch: &[f32]) -> f32 {
        dot(row(&self.halves, class), patch)
    }

    /// The discriminant of a class, in units of log-probability before calibration.
    pub fn discriminant(&self, class: usize, patch: &[f32]) -> f32 {
        dot(row(&self.weights, class), patch) + self.bias.get(class).copied().unwrap_or(f32::MIN)
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
        let scalars: Array1<f64> = npz.by_name("scalars").map_err(odd)?;
        let characters = codes
            .iter()
            .map(|&code| char::from_u32(code))
            .collect::<Option<Vec<char>>>();
        let (Some(characters), Some(&[height_mm, constant, margin, likeness, digit])) =
            (characters, scalars.as_slice())
        else {
            return Err(TypefaceError("its arrays do not fit each other".to_owned()));
        };
        let calibration = Calibration {
            constant,
            margin,
            likeness,
            digit,
        };
        Self::new(height_mm, characters, means, weights, bias, calibration)
    }

    /// Writes it as `.npz`.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn write(&self, out: impl Write + Seek) -> Result<(), ndarray_npy::WriteNpzError> {
        let mut npz = ndarray_npy::NpzWriter::new_compressed(out);
        let codes: Array1<u32> = self.characters.iter().map(|&c| u32::from(c)).collect();
        let Calibration {
            constant,
            margin,
            likeness,
            digit,
        } = self.calibration;
        npz.add_array("characters", &codes)?;
        npz.add_array("means", &self.means)?;
        npz.add_array("weights", &self.weights)?;
        npz.add_array("bias", &self.bias)?;
        npz.add_array(
            "scalars",
            &ndarray::arr1(&[self.height_mm, constant, margin, likeness, digit]),
        )?;
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

/// Brings a patch to mean 0 and length 1; returns its length before. A flat patch becomes 0.
pub fn normalise(patch: &mut [f32]) -> f32 {
    let mean = patch.iter().sum::<f32>() / patch.len().max(1) as f32;
    let mut square = 0.0;
    for v in patch.iter_mut() {
        *v -= mean;
        square += *v * *v;
    }
    let length = square.sqrt();
    let scale = if length > 1e-6 { 1.0 / length } else { 0.0 };
    for v in patch.iter_mut() {
        *v *= scale;
    }
    length
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
