//! microprint: whether lines of tiny letters are letters.
//!
//! # What it is
//! Letters of a third of a millimetre are clean on a genuine note. On a copy they run together to a
//! grey line, or break into dots.
//!
//! # How it is measured
//! Where the reference note says that a line of them lies, and 0.4 mm around it, the rows are taken,
//! as many as the line is high, of which three quarters stand out most from as many above and below:
//! those under larger letters are dark beneath these alone. They are sampled twice as finely as the
//! scan, so that it does not matter how strokes lie on pixels. Along these, in pieces of 5 mm: how much the
//! density varies within a third of a millimetre, as between the strokes of letters and not between
//! lines of a background, over its mean above the paper's. The median of the pieces counts, so that no
//! crease or stroke of a pen does.
//!
//! # Unit
//! Log10 of a share of the mean density; smaller is less like a genuine note.
//!
//! # What it cannot see
//! Whether the letters say what they should, and lines whose place is not known or that are not
//! level. Below 267 dpi letters are a pixel or two wide, and nothing is measured.
//!
//! # What fools it
//! A scan out of focus: the letters run together there too. The sharpness of the scan is taken into
//! account, and where the paper's grain is blurred away nothing is measured. Dots of a copy may
//! vary as letters do: see print-raster and dot-noise.

use super::dot_noise::LINES_PX_PER_MM;
use super::{Blur, Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::order::{median, quantile};
use crate::condition::density_of;
use crate::note::RectMm;
use crate::pixels::Planes;
use crate::structure::CELLS_PER_MM;

/// See the module.
#[derive(Debug)]
pub struct Microprint;

/// How far the line may lie from where it is stated to, mm: it floats against other print by a fifth, and the paper that
/// places are stated on is cut as exactly.
const FLOAT_MM: f64 = 0.4;
/// Samples along a pixel of the scan, and down it: strokes are as wide as pixels, and between two of them a single sample
/// would show less of them than on one.
const SAMPLES: f64 = 2.0;
/// Length of the pieces that are looked at, mm.
const PIECE_MM: f64 = 5.0;
/// Strokes of letters and the gaps between them vary within this, mm; lines of a background vary more slowly.
pub(crate) const LETTERS_MM: f64 = 0.35;
/// Share of its length along which a line of letters is dark, at least.
const ALL_ALONG: f64 = 0.75;
/// Least mean density of the line over its surroundings.
const LEAST_DENSITY: f32 = 0.05;

impl Feature for Microprint {
    fn id(&self) -> &'static str {
        "microprint"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(LINES_PX_PER_MM)
    }

    fn kind(&self) -> Option<&'static str> {
        Some("microprint")
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let facts = face.design.features.iter();
        let places: Vec<Option<RectMm>> = facts
            .filter(|fact| fact.kind == "microprint" && fact.side.is_none_or(|s| s == face.side))
            .map(|fact| fact.rect_mm)
            .collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let lines: Vec<RectMm> = places.into_iter().flatten().collect();
        if lines.is_empty() {
            return Err(Unmeasured::Other(
                "where it lies is not known: look at it with a lens".to_owned(),
            ));
        }
        face.condition()?.fine_lines()?;
        let readings = lines.into_iter().enumerate().map(|(at, line)| Reading {
            zone: format!("line-{}", at + 1),
            result: face.open(line).and_then(|()| letters(face, line)),
        });
        Ok(readings.collect())
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Below
    }

    fn lost_to(&self, _blur: Blur) -> bool {
        true
    }

    fn least_spread(&self) -> f64 {
        0.02
    }

    /// A stain, a fold or a stroke of a pen lies over few of the pieces, and the median stays: of 1,480 genuine
    /// specimens in all sorts of wear none read more than 3.2 spreads below the middle.
    fn accidents(&self) -> bool {
        false
    }
}

fn letters(face: &Face<'_>, line: RectMm) -> Result<Measurement, Unmeasured> {
    // The line goes with the print around it.
    let shift = face.view().map_or([0.0; 2], |(view, _)| {
        let [x, y] = line.middle().map(|mm| mm * CELLS_PER_MM);
        view.aligned
            .field
            .at([y, x])
            .map(|cells| cells / CELLS_PER_MM)
    });
    let lies = line.moved([shift[1], shift[0]]);
    // As many rows as the line is high above it and below, wherever it floats to.
    let room = FLOAT_MM + lies.height;
    let around = RectMm {
        y: lies.y - room,
        height: lies.height + 2.0 * room,
        ..lies
    };
    let beyond = || Unmeasured::Covered("it lies beyond the scan".to_owned());
    let px_per_mm = SAMPLES * face.px_per_mm;
    let crop = face.crop(around, px_per_mm).ok_or_else(beyond)?;
    let pixels = |mm: f64| (mm * px_per_mm).round().max(1.0) as usize;
    let paper = face.condition()?.paper.iter().sum::<f32>() / 3.0;
    let profile = standing_out(&crop, pixels(line.height), paper).ok_or_else(beyond)?;
    let within = pixels(LETTERS_MM) / 2;
    let mut shares: Vec<f32> = profile
        .chunks_exact(pixels(PIECE_MM).min(profile.len().max(1)))
        .filter_map(|piece| varies(piece, within))
        .collect();
    let value = median(&mut shares)
        .ok_or_else(|| Unmeasured::Other("no line of print is seen there".to_owned()))?;
    Ok(Measurement {
        value: f64::from(value.max(1e-3).log10()),
        unit: "log10",
        zone_mm: line,
    })
}

/// Density along the `high` rows that stand out most from as many above and below, over that of the side's paper.
fn standing_out(crop: &Planes, high: usize, paper: f32) -> Option<Vec<f32>> {
    let (_, rows, columns) = crop.dim();
    let density = |row: usize, column: usize| {
        let levels = [0, 1, 2].map(|channel| crop[[channel, row, column]]);
        density_of(levels.iter().sum::<f32>() / 3.0)
    };
    let lines: Vec<Vec<f32>> = (0..rows)
        .map(|row| (0..columns).map(|column| density(row, column)).collect())
        .collect();
    let along = |first: usize| -> Vec<f32> {
        let mut sum = vec![0.0f32; columns];
        for line in lines.iter().skip(first).take(high) {
            sum.iter_mut().zip(line).for_each(|(sum, v)| *sum += v);
        }
        sum
    };
    // What three quarters of each `high` rows exceed.
    let dark: Vec<f32> = (0..=rows.checked_sub(high)?)
        .map(|first| quantile(&mut along(first), 1.0 - ALL_ALONG).unwrap_or(0.0))
        .collect();
    let last = dark.len().checked_sub(high + 1)?;
    let stands_out = |first: usize| dark[first] - dark[first - high].max(dark[first + high]);
    let first = (high..=last).max_by(|a, b| stands_out(*a).total_cmp(&stands_out(*b)))?;
    let profile = along(first).into_iter();
    Some(profile.map(|sum| sum / high as f32 - paper).collect())
}

/// How much a profile varies about its mean over `within` to either side, over its mean; `None` where there is no
/// print.
pub(crate) fn varies(profile: &[f32], within: usize) -> Option<f32> {
    let mean = profile.iter().sum::<f32>() / profile.len() as f32;
    if mean.is_nan() || mean < LEAST_DENSITY {
        return None;
    }
    let square = |at: usize| {
        let near = profile.get(at.saturating_sub(within)..(at + within + 1).min(profile.len()));
        let near = near.unwrap_or(&[]);
        let off = profile.get(at).copied().unwrap_or(0.0)
            - near.iter().sum::<f32>() / near.len().max(1) as f32;
        off * off
    };
    let variance = (0..profile.len()).map(square).sum::<f32>() / profile.len() as f32;
    Some(variance.sqrt() / mean)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::features::drawn_prints::{BLACK, MICROPRINT, PAPER, draw, genuine, printed};

    #[test]
    fn letters_agree_with_letters() {
        let of = |seed| genuine(11.8, seed).read(&Microprint, "line-1").unwrap();
        let (a, b) = (of(1), of(2));
        assert!((a - b).abs() < 0.05, "{a} {b}");
    }

    #[test]
    fn a_grey_line_deviates() {
        let clean = genuine(11.8, 1).read(&Microprint, "line-1").unwrap();
        let grey = draw(11.8, |x, y, ink| {
            let [left, top, width, height] = MICROPRINT;
            let inside = (left..left + width).contains(&x) && (top..top + height).contains(&y);
            if inside {
                let of = |channel: usize| 0.5 * (PAPER[channel] + BLACK[channel]);
                return [of(0), of(1), of(2)];
            }
            printed(x, y, ink, 1)
        });
        let value = grey.read(&Microprint, "line-1").unwrap();
        assert!(value < clean - 0.4, "{clean} {value}");
    }

    #[test]
    fn larger_letters_above_a_grey_line_are_not_taken_for_it() {
        let [left, top, width, height] = MICROPRINT;
        let shown = |grey: bool| {
            draw(11.8, |x, y, ink| {
                let along = (left..left + width).contains(&x);
                // Stems with serifs at their feet, which end 0.45 mm above the line.
                let above = top - 0.45 - y;
                let stem = if (0.0..0.3).contains(&above) {
                    0.55
                } else {
                    0.3
                };
                let title = along && (0.0..3.0).contains(&above) && (x / 1.6).fract() < stem;
                let line = along && (top..top + height).contains(&y);
                if title {
                    BLACK
                } else if grey && line {
                    [0, 1, 2].map(|c| 0.75 * PAPER[c] + 0.25 * BLACK[c])
                } else {
                    printed(x, y, ink, 1)
                }
            })
        };
        let [letters, grey] = [false, true].map(|grey| shown(grey).read(&Microprint, "line-1"));
        let (letters, grey) = (letters.unwrap(), grey.unwrap());
        assert!(grey < letters - 0.3, "{grey} {letters}");
    }

    #[test]
    fn coarse_scans_and_cut_lines_are_not_examined() {
        let coarse = genuine(7.9, 1).read(&Microprint, "line-1");
        assert!(matches!(coarse, Err(Unmeasured::Resolution { .. })));
        let cut = genuine(11.8, 1).read_cut(&Microprint, "line-1", 31.0);
        assert!(matches!(cut, Err(Unmeasured::Covered(_))), "{cut:?}");
    }

    #[test]
    fn where_no_line_is_printed_nothing_is_measured() {
        let bare = draw(11.8, |x, y, ink| {
            let [_, top, _, height] = MICROPRINT;
            let row = (top..top + height).contains(&y);
            printed(x, y, if row { 0 } else { ink }, 1)
        });
        let value = bare.read(&Microprint, "line-1");
        assert!(matches!(value, Err(Unmeasured::Other(_))), "{value:?}");
    }
}
