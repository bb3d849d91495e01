//! # windowed-thread: does the thread come to the surface, now and then?
//!
//! **What it is.** A windowed thread is woven into the paper: it lies on the surface in windows, bright or coloured,
//! and inside the paper between them. A thread that is printed or glued on runs from edge to edge; one that is left
//! out shows nothing.
//!
//! **How it is measured.** Along the place that is published, and a millimetre to either side, in cells of a quarter
//! of a millimetre: how far the colour of a strip lies from that of what is printed 1 to 3 mm beside it, on that side
//! from which it differs less, millimetre by millimetre down the note. `thread-1:strength` is what the strongest
//! quarter of the strip reaches, where the strip stands out most; `thread-1:windows` is the share of the strip that
//! reaches half of that, cell by cell; `thread-1:hue` the hue of those parts, from the first of the published colours.
//!
//! **Unit.** log10 of ΔE (L*, a*, b*, over the side's paper); a share; turns of the colour circle.
//!
//! **What it cannot see.** What is written on the thread, and whether its picture moves: tilt the note. Whether its
//! colour changes takes two scans (colour-shift). Notes that lay upside down or sideways on the glass are compared with
//! enrolled notes that lay so.
//!
//! **What fools it.** Foil glued on piece by piece. Print beside the thread that differs from it as the thread does.

use ndarray::{ArrayView2, Axis};

use super::lit::{
    ASIDE_MM, EDGE_MM, Lit, Place, hue, hue_origin, hue_range, places, read_at, turn,
};
use super::{Face, Feature, Measurement, Needs, Published, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::order::quantile;
use crate::note::{RectMm, Side};
use crate::reference::Design;

/// The kind of `[[feature]]` that says where it is.
const KIND: &str = "windowed-thread";
/// Cells a millimetre.
const CELLS: f64 = 4.0;
/// Share of the place's width that the strip fills: the place has room on both sides.
const STRIP: f64 = 0.8;
/// What is looked at beside it: from and to, cells from the strip's edge.
const BESIDE: [usize; 2] = [4, 12];
/// Cells down the note that are looked at together: a millimetre.
const DOWN: usize = 4;
/// Share of the strip that windows fill at least.
const WINDOWS: f64 = 0.25;
/// Of the strength, what a window reaches everywhere.
const WINDOW: f32 = 0.5;
/// A strip that stands out less is none, ΔE: about what the eye tells apart.
const LEAST: f32 = 1.0;

/// Degrees.
const CIRCLE: f64 = 360.0;

/// See the page above.
#[derive(Debug)]
pub struct WindowedThread;

impl Feature for WindowedThread {
    fn id(&self) -> &'static str {
        KIND
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(CELLS)
    }

    fn kind(&self) -> Option<&'static str> {
        Some(KIND)
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn published<'d>(&self, design: &'d Design, side: Side, zone: &str) -> Option<Published<'d>> {
        let fact = places(design, KIND, side, "thread")
            .find(|place| zone.starts_with(&place.name) && zone.ends_with(":hue"))?
            .fact;
        Some(Published {
            excuse: Some("which colour a film shows depends on how the lamp shines: tilt the note"),
            ..Published::of(fact, hue_range(&fact.colours)?.map(|v| v / CIRCLE))?
        })
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let places = places(face.design, KIND, face.side, "thread");
        read_at(places, face, |place, paper| {
            thread(face, place, paper).unwrap_or_else(|why| {
                vec![Reading {
                    zone: place.name.clone(),
                    result: Err(why),
                }]
            })
        })
    }

    fn least_spread(&self) -> f64 {
        0.05
    }
}

/// What one thread reads, looked at in three ways.
fn thread(
    face: &Face<'_>,
    Place { name, rect, fact }: &Place<'_>,
    paper: [f32; 3],
) -> Result<Vec<Reading>, Unmeasured> {
    let strip = ((STRIP * rect.width * CELLS).round() as usize).max(1);
    let room = ASIDE_MM + BESIDE[1] as f64 / CELLS;
    let whole = face.whole().grown(-EDGE_MM);
    let rect = RectMm {
        x: rect.x - room,
        width: rect.width + 2.0 * room,
        ..whole
    };
    face.open(rect)?;
    let lit = Lit::part(face, rect, CELLS)?;
    let lab = lit.lab(paper);
    let columns = lab.dim().2;
    let bands: Vec<[Vec<f32>; 3]> = lab
        .axis_windows(Axis(1), DOWN)
        .into_iter()
        .map(|band| [0, 1, 2].map(|c| sums(&band.index_axis(Axis(0), c))))
        .collect();
    let first = BESIDE[1];
    let last = columns.saturating_sub(BESIDE[1] + strip);
    let out_of = |at: usize, step: usize| -> Vec<f32> {
        let bands = bands.iter().step_by(step);
        bands.map(|band| apart(band, at, strip)).collect()
    };
    let strength = |at: usize| quantile(&mut out_of(at, DOWN), 1.0 - WINDOWS).unwrap_or(0.0);
    let (at, strength) = (first..=last)
        .map(|at| (at, strength(at)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .ok_or_else(|| Unmeasured::Covered("it lies beyond the scan".to_owned()))?;
    // Cell by cell: a window's end is where half of a band lies in it, wherever bands begin.
    let windows: Vec<bool> = out_of(at, 1)
        .iter()
        .map(|v| *v > WINDOW * strength)
        .collect();
    let zone_mm = RectMm {
        x: rect.x + at as f64 / CELLS,
        width: strip as f64 / CELLS,
        ..whole
    };
    let measured = |value: f64, unit| {
        Ok(Measurement {
            value,
            unit,
            zone_mm,
        })
    };
    let shown = windows.iter().filter(|shown| **shown).count() as f64 / windows.len().max(1) as f64;
    let in_windows = |(row, column): (usize, usize)| {
        windows.get(row.saturating_sub(DOWN / 2)) == Some(&true)
            && (at..at + strip).contains(&column)
    };
    let colour = lit
        .mean(in_windows)
        .map(|light| [0, 1, 2].map(|c| light[c] / paper[c]));
    let hue = match (strength >= LEAST, colour.and_then(hue)) {
        (true, Some(hue)) if !fact.colours.is_empty() => {
            measured(turn(hue_origin(&fact.colours), hue) / CIRCLE, "turns")
        }
        _ => Err(Unmeasured::Other(
            "it looks grey, which has no hue".to_owned(),
        )),
    };
    let windows = if strength >= LEAST {
        measured(shown, "of its length")
    } else {
        Err(Unmeasured::Other("no thread is seen".to_owned()))
    };
    let strength = measured(f64::from(strength.max(LEAST).log10()), "log10 ΔE");
    let ways = [("strength", strength), ("windows", windows), ("hue", hue)];
    Ok(ways
        .into_iter()
        .map(|(way, result)| Reading {
            zone: format!("{name}:{way}"),
            result,
        })
        .collect())
}

/// Sums of the columns of a band, each over those before it, as means down the band.
fn sums(band: &ArrayView2<'_, f32>) -> Vec<f32> {
    let mut out = vec![0.0f32];
    let mut sum = 0.0;
    for column in band.columns() {
        sum += column.mean().unwrap_or(0.0);
        out.push(sum);
    }
    out
}

/// How far the colour of a strip lies from what is beside it, ΔE, on the side from which it differs less.
fn apart(band: &[Vec<f32>; 3], at: usize, strip: usize) -> f32 {
    let mean = |from: usize, to: usize| {
        band.each_ref().map(|sums| {
            let ends = sums.get(to).zip(sums.get(from));
            ends.map_or(0.0, |(to_here, from_here)| to_here - from_here) / (to - from).max(1) as f32
        })
    };
    let [near, far] = BESIDE;
    let here = mean(at, at + strip);
    let left = mean(at.saturating_sub(far), at.saturating_sub(near));
    let right = mean(at + strip + near, at + strip + far);
    [left, right]
        .map(|beside| {
            let squares = here.iter().zip(beside).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f32>().sqrt()
        })
        .into_iter()
        .fold(f32::MAX, f32::min)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::{face, finding, note, value, with_fact};
    use super::*;
    use crate::verdict::Outcome;

    const PLACE: [f64; 4] = [62.0, 0.0, 1.4, 50.0];
    const MAGENTA: [f64; 3] = [190.0, 60.0, 160.0];

    /// What is read where a thread lies in `shown` of every ten millimetres.
    fn read(colour: [f64; 3], shown: f64, aside: f64) -> Vec<Reading> {
        let raster = note(3, None, &|x, y, paper| {
            let thread = (62.0 + aside..63.4 + aside).contains(&x);
            if thread && y % 10.0 < shown {
                colour
            } else {
                paper
            }
        });
        let design = with_fact(KIND, PLACE, &["magenta", "green"], Some("the bank"));
        WindowedThread.measure(&face(&raster, &design)).unwrap()
    }

    #[test]
    fn windows_are_told_from_a_line_and_from_nothing() {
        for aside in [0.0, 0.8, -0.8] {
            let windows = read(MAGENTA, 5.0, aside);
            let line = read(MAGENTA, 10.0, aside);
            let share = |readings: &[Reading]| value(readings, "thread-1:windows");
            assert!((share(&windows) - 0.5).abs() < 0.12, "{windows:?}");
            assert!(share(&line) > 0.9, "{line:?}");
            let nothing = read(MAGENTA, 0.0, aside);
            let strength = |readings: &[Reading]| value(readings, "thread-1:strength");
            assert!(strength(&windows) > strength(&nothing) + 0.5, "{nothing:?}");
        }
    }

    #[test]
    fn a_film_of_another_colour_is_doubted() {
        let design = with_fact(KIND, PLACE, &["magenta", "green"], Some("the bank"));
        for (colour, expected) in [
            (MAGENTA, Outcome::Agrees),
            ([60.0, 160.0, 60.0], Outcome::Agrees),
            ([50.0, 80.0, 200.0], Outcome::Deviates),
            ([150.0, 150.0, 140.0], Outcome::NotExamined),
        ] {
            let raster = note(3, None, &|x, y, paper| {
                let window = (62.0..63.4).contains(&x) && y % 10.0 < 5.0;
                if window { colour } else { paper }
            });
            let found = finding(&WindowedThread, &face(&raster, &design));
            assert_eq!(found.outcome, expected, "{found:?}");
            assert_eq!(found.doubtful, expected == Outcome::Deviates);
        }
    }

    #[test]
    fn a_place_beyond_the_scan_is_not_examined() {
        let raster = note(3, None, &|_, _, paper| paper);
        let place = [108.0, 0.0, 1.4, 50.0];
        let design = with_fact(KIND, place, &["magenta"], Some("the bank"));
        let found = finding(&WindowedThread, &face(&raster, &design));
        assert_eq!(found.outcome, Outcome::NotExamined, "{found:?}");
        assert!(found.why.contains("beyond the scan"), "{}", found.why);
    }
}
