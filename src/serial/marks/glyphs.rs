//! What was learned of a typeface of small print: for every character its mean patch of [`ROWS`] × [`COLUMNS`] cells,
//! fitted to its own height, and the weights of a linear discriminant with one covariance for all characters.

use std::io::{Cursor, Seek, Write};

use ndarray::{Array1, Array2};

use crate::serial::typeface::dot;

/// Rows of a patch.
pub const ROWS: usize = 12;
/// Columns of a patch.
pub const COLUMNS: usize = 10;
/// Cells of a patch.
pub const CELLS: usize = ROWS * COLUMNS;
/// Height of a patch in heights of the character.
pub const MARGIN: f64 = 1.15;

/// A typeface of small print as learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyphs {
    characters: Vec<char>,
    means: Array2<f32>,
    weights: Array2<f32>,
    bias: Array1<f32>,
    widths: Array1<f32>,
    prints: Array1<f32>,
}

/// Why a file holds no glyphs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: delete it and learn it again with `guilloche enroll --marks`")]
pub struct GlyphsError(String);

/// What speaks for a character.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// The likeliest.
    pub best: char,
    /// How much the patch looks like it at all, -1..=1.
    pub likeness: f32,
    /// How much more the discriminant speaks for it than for the next; infinite where no other is known.
    pub margin: f32,
    /// How many prints of it were learned.
    pub prints: f32,
}

impl Glyphs {
    /// Puts a typeface together; every array has one row a character. `widths` are in heights of the character,
    /// `prints` says how many of each were seen.
    ///
    /// # Errors
    /// When the shapes do not fit each other, or a number is not finite.
    pub fn new(
        characters: Vec<char>,
        means: Array2<f32>,
        weights: Array2<f32>,
        bias: Array1<f32>,
        widths: Array1<f32>,
        prints: Array1<f32>,
    ) -> Result<Self, GlyphsError> {
        let n = characters.len();
        let fits = n > 0
            && means.dim() == (n, CELLS)
            && weights.dim() == (n, CELLS)
            && bias.len() == n
            && widths.len() == n
            && prints.len() == n
            && means.is_standard_layout()
            && weights.is_standard_layout();
        if !fits {
            return Err(GlyphsError("its arrays do not fit each other".to_owned()));
        }
        let rows = weights.iter().chain(&bias).chain(&widths).chain(&prints);
        if !means.iter().chain(rows).all(|v| v.is_finite()) {
            return Err(GlyphsError("holds a value that is no number".to_owned()));
        }
        Ok(Self {
            characters,
            means,
            weights,
            bias,
            widths,
            prints,
        })
    }

    /// The characters it knows.
    pub fn characters(&self) -> &[char] {
        &self.characters
    }

    /// The places in [`Self::characters`] of those that are allowed.
    pub fn classes(&self, allowed: impl Fn(char) -> bool) -> Vec<usize> {
        (0..self.characters.len())
            .filter(|&class| self.characters.get(class).is_some_and(|&c| allowed(c)))
            .collect()
    }

    /// Correlation of a normalised patch with the mean of a class.
    pub fn likeness(&self, class: usize, patch: &[f32; CELLS]) -> f32 {
        dot(row(&self.means, class), patch)
    }

    /// Width of a class in heights.
    pub fn width(&self, class: usize) -> f64 {
        f64::from(self.widths.get(class).copied().unwrap_or(0.8))
    }

    /// The character of a class.
    pub fn character(&self, class: usize) -> Option<char> {
        self.characters.get(class).copied()
    }

    /// Tells which of some classes the best of a few patches of one character shows: the one most like any of them
    /// says where it stands. `None` where there are no classes.
    pub fn tell(&self, patches: &[[f32; CELLS]], classes: &[usize]) -> Option<Told> {
        let mut place = (f32::MIN, None);
        for patch in patches {
            for &class in classes {
                let like = self.likeness(class, patch);
                if like > place.0 {
                    place = (like, Some(patch));
                }
            }
        }
        let patch = place.1?;
        let mut first: Option<(usize, f32)> = None;
        let mut second = f32::NEG_INFINITY;
        for &class in classes {
            let bias = self.bias.get(class).copied().unwrap_or(f32::MIN);
            let score = dot(row(&self.weights, class), patch) + bias;
            match first {
                Some((_, top)) if score <= top => second = second.max(score),
                _ => {
                    second = first.map_or(second, |f| f.1);
                    first = Some((class, score));
                }
            }
        }
        let (class, score) = first?;
        Some(Told {
            best: self.character(class)?,
            likeness: self.likeness(class, patch),
            margin: score - second,
            prints: self.prints.get(class).copied().unwrap_or(0.0),
        })
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// When the bytes are no glyphs.
    pub fn read(bytes: &[u8]) -> Result<Self, GlyphsError> {
        let odd = |e: ndarray_npy::ReadNpzError| GlyphsError(format!("cannot be read ({e})"));
        let mut npz = ndarray_npy::NpzReader::new(Cursor::new(bytes)).map_err(odd)?;
        let codes: Array1<u32> = npz.by_name("characters").map_err(odd)?;
        let characters = codes
            .iter()
            .map(|&code| char::from_u32(code))
            .collect::<Option<Vec<char>>>()
            .ok_or_else(|| GlyphsError("names a character that is none".to_owned()))?;
        Self::new(
            characters,
            npz.by_name("means").map_err(odd)?,
            npz.by_name("weights").map_err(odd)?,
            npz.by_name("bias").map_err(odd)?,
            npz.by_name("widths").map_err(odd)?,
            npz.by_name("prints").map_err(odd)?,
        )
    }

    /// Writes it as `.npz`.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn write(&self, out: impl Write + Seek) -> Result<(), ndarray_npy::WriteNpzError> {
        let mut npz = ndarray_npy::NpzWriter::new_compressed(out);
        let codes: Array1<u32> = self.characters.iter().map(|&c| u32::from(c)).collect();
        npz.add_array("characters", &codes)?;
        npz.add_array("means", &self.means)?;
        npz.add_array("weights", &self.weights)?;
        npz.add_array("bias", &self.bias)?;
        npz.add_array("widths", &self.widths)?;
        npz.add_array("prints", &self.prints)?;
        npz.finish()?;
        Ok(())
    }
}

fn row(rows: &Array2<f32>, index: usize) -> &[f32] {
    rows.as_slice()
        .and_then(|all| all.get(index * CELLS..(index + 1) * CELLS))
        .unwrap_or(&[])
}
