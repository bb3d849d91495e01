//! Finds out where the print of a side lies that nobody described: what is alike on every note, what
//! changes from note to note, and the inks.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis, Zip};

use crate::compare::chroma::{lightness, red_green, yellow_blue};
use crate::compare::order::{median, quantile};
use crate::compare::regions::regions;
use crate::note::{Light, RectMm, Side, SizeMm};
use crate::pixels::{Planes, box_mean};
use crate::reference::{Process, SecurityFeature, Zone};
use crate::structure::{CELLS_PER_MM, Structure};

/// Radius over which means and spreads of cells are averaged: with the cell itself 1.8 mm, less than
/// the height of a serial number and more than the gaps of its figures.
const RADIUS: usize = 2;
/// Cells next to the edge that are left out: 2 mm, where the cut of the paper wanders.
const EDGE: usize = 6;
/// Cells of paper that a line of figures is followed across, to each side: 1.1 mm.
const GAP: usize = 3;
/// Least cells of a region that changes from note to note: 6 mm². On real notes figures beside a seal
/// took 15 mm² and more, and plate numbers less.
const LEAST_VARYING: usize = 48;
/// Side of the tiles that constant print is divided into, mm: that of a numeral or a seal.
const TILE_MM: f64 = 18.0;
/// Least side of a zone, mm: a window of print must fit in.
const LEAST_MM: f64 = 4.5;
/// Share of a tile that must be alike on all notes to be examined.
const LEAST_PRINTED: f64 = 0.4;
/// Least density of an ink seen at 72 dpi.
const LEAST_DENSITY: f32 = 0.15;
/// Width of the bins of chroma that inks are told apart by, of the mean density.
const BIN: f32 = 0.25;
/// Least share of the printed cells that a colour must have to be called an ink.
const LEAST_SHARE: f64 = 0.05;

/// Least notes that say anything of all.
pub(super) const LEAST_NOTES: usize = 5;
/// Share of the notes that show what all are said to have: the others may be torn, stained, folded or written on there.
pub(super) const NEARLY_ALL: f64 = 0.9;

/// Density and colour of a cell.
type Cell = (f32, [f32; 3]);

/// The zones of a side. `colour` is the mean of the straightened notes, `notes` how many there were.
///
/// A cell of the averaged notes is alike on all where the square of its mean contrast is more than its
/// variance; it changes from note to note where the variance is more than twice the other, and is as
/// strong as half of the side's print: overprint, whose figures differ and whose place floats. Blank
/// paper is neither. What changes is overprint, a zone a connected region; what is alike is divided
/// into tiles. Print of at least half the density of the side's darkest is taken for engraved.
pub(super) fn zones(
    side: Side,
    size: SizeMm,
    structure: &Structure,
    colour: &Planes,
    notes: usize,
) -> Vec<Zone> {
    let alike = box_mean(&structure.print.mean.mapv(|v| v * v), RADIUS);
    let varied = box_mean(&structure.print.deviation.mapv(|v| v * v), RADIUS);
    let mut all: Vec<f32> = Zip::from(&alike)
        .and(&varied)
        .map_collect(|a, v| a + v)
        .into_iter()
        .collect();
    let usual = median(&mut all).unwrap_or(0.0);
    let (rows, columns) = alike.dim();
    let inside = |row: usize, column: usize| {
        (EDGE..rows.saturating_sub(EDGE)).contains(&row)
            && (EDGE..columns.saturating_sub(EDGE)).contains(&column)
    };
    let mut varying = Array2::from_shape_fn((rows, columns), |at| {
        inside(at.0, at.1) && varied[at] > usual && varied[at] > 2.0 * alike[at]
    });
    let mut bridged = varying.clone();
    for ((row, column), _) in varying.indexed_iter().filter(|(_, set)| **set) {
        let last = [(row + 1).min(rows - 1), (column + GAP).min(columns - 1)];
        let first = [row.saturating_sub(1), column.saturating_sub(GAP)];
        mark(&mut bridged, [first[0], first[1], last[0], last[1]]);
    }
    let mut found = Vec::new();
    let mut overprint = Vec::new();
    for region in regions(&bridged, LEAST_VARYING) {
        let cells = region.cells.iter().filter(|at| varying[**at]);
        if cells.clone().count() >= LEAST_VARYING
            && let Some(bounds) = bounds(cells.copied())
        {
            overprint.push(bounds);
        }
    }
    for bounds in &overprint {
        found.push(Zone {
            id: format!("varying-{}", found.len() + 1),
            side,
            rect_mm: rect(*bounds, size),
            print: Process::Letterpress,
            value: None,
            examine: Vec::new(),
            source: measured_on(notes),
            unverified: false,
        });
        mark(&mut varying, *bounds);
    }
    let density = densities(colour);
    let print = density.map_axis(Axis(0), |d| lightness([d[0], d[1], d[2]]));
    let mut tiles = Vec::new();
    let count = |cells: usize| ((cells as f64 / CELLS_PER_MM / TILE_MM).round() as usize).max(1);
    let (down, across) = (count(rows), count(columns));
    for at in 0..down * across {
        let (r, c) = (at / across, at % across);
        let cells = (r * rows / down..(r + 1) * rows / down).flat_map(|row| {
            (c * columns / across..(c + 1) * columns / across).map(move |column| (row, column))
        });
        let printed: Vec<(usize, usize)> = cells
            .filter(|&at| inside(at.0, at.1) && !varying[at] && alike[at] > varied[at])
            .collect();
        let Some(bounds) = bounds(printed.iter().copied()) else {
            continue;
        };
        let [top, left, bottom, right] = bounds;
        let area = (bottom - top + 1) * (right - left + 1);
        let place = rect(bounds, size);
        if (printed.len() as f64) < LEAST_PRINTED * area as f64
            || place.width.min(place.height) < LEAST_MM
        {
            continue;
        }
        let mut inked: Vec<f32> = printed.iter().map(|&at| print[at]).collect();
        tiles.push((place, quantile(&mut inked, 0.9).unwrap_or(0.0)));
    }
    let darkest = tiles.iter().map(|t| t.1).fold(0.0, f32::max);
    for (k, (rect_mm, dark)) in tiles.into_iter().enumerate() {
        found.push(Zone {
            id: format!("constant-{}", k + 1),
            side,
            rect_mm,
            print: if dark >= 0.5 * darkest {
                Process::Intaglio
            } else {
                Process::Offset
            },
            value: None,
            examine: Vec::new(),
            source: measured_on(notes),
            unverified: false,
        });
    }
    found
}

/// The inks of a side, as far as 72 dpi tells them apart: colours of one chroma that make up a
/// twentieth of its print or more, the commonest first. `None` where nothing is printed.
pub(super) fn inks(side: Side, colour: &Planes, notes: usize) -> Option<SecurityFeature> {
    let density = densities(colour);
    let mut bins: BTreeMap<(i32, i32), Vec<Cell>> = BTreeMap::new();
    let mut printed = 0;
    for (d, v) in density
        .lanes(Axis(0))
        .into_iter()
        .zip(colour.lanes(Axis(0)))
    {
        let d = [d[0], d[1], d[2]];
        let light = lightness(d);
        if light < LEAST_DENSITY {
            continue;
        }
        printed += 1;
        let bin = |v: f32| (v / light / BIN).round() as i32;
        bins.entry((bin(red_green(d)), bin(yellow_blue(d))))
            .or_default()
            .push((light, [v[0], v[1], v[2]]));
    }
    let mut inks: Vec<Vec<Cell>> = bins
        .into_values()
        .filter(|cells| cells.len() as f64 >= LEAST_SHARE * f64::from(printed))
        .collect();
    inks.sort_by_key(|cells| std::cmp::Reverse(cells.len()));
    let colours: Vec<String> = inks
        .into_iter()
        .map(|mut cells| {
            // Where it lies densest it is least thinned by paper.
            cells.sort_by(|a, b| b.0.total_cmp(&a.0));
            cells.truncate(cells.len().div_ceil(5));
            let n = cells.len() as f32;
            let mean = |c: usize| cells.iter().map(|cell| cell.1[c]).sum::<f32>() / n;
            let [r, g, b] = [0, 1, 2].map(|c| mean(c).round().clamp(0.0, 255.0) as u8);
            format!("#{r:02x}{g:02x}{b:02x}")
        })
        .collect();
    (!colours.is_empty()).then(|| {
        let seen = colours.join(", ");
        let expect = format!("At 72 dpi the inks of the {side} look like {seen}.");
        SecurityFeature {
            colours,
            ..fact("main-colour", side, Light::Visible, &expect, notes)
        }
    })
}

/// A fact that scans of `notes` notes show of a side.
pub(super) fn fact(
    kind: &str,
    side: Side,
    light: Light,
    expect: &str,
    notes: usize,
) -> SecurityFeature {
    SecurityFeature {
        kind: kind.to_owned(),
        side: Some(side),
        light: Some(light),
        rect_mm: None,
        colours: Vec::new(),
        text: None,
        motif: None,
        from_series: None,
        expect: expect.to_owned(),
        source: measured_on(notes),
        unverified: false,
    }
}

/// The source of what was measured.
pub(super) fn measured_on(notes: usize) -> Option<String> {
    Some(format!("measured on {notes} scans"))
}

/// Optical density of each channel over the side's lightest tone.
fn densities(colour: &Planes) -> Planes {
    let mut out = colour.clone();
    for mut plane in out.axis_iter_mut(Axis(0)) {
        let mut values: Vec<f32> = plane.iter().copied().collect();
        let paper = quantile(&mut values, 0.95).unwrap_or(255.0).max(1.0);
        plane.mapv_inplace(|v| (paper / v.max(1.0)).log10().max(0.0));
    }
    out
}

/// Sets the cells from first row and column to last row and column.
fn mark(cells: &mut Array2<bool>, [top, left, bottom, right]: [usize; 4]) {
    for row in top..=bottom {
        for column in left..=right {
            cells[[row, column]] = true;
        }
    }
}

/// First row, first column, last row, last column.
pub(super) fn bounds(mut cells: impl Iterator<Item = (usize, usize)>) -> Option<[usize; 4]> {
    let (row, column) = cells.next()?;
    Some(
        cells.fold([row, column, row, column], |[t, l, b, r], (row, column)| {
            [t.min(row), l.min(column), b.max(row), r.max(column)]
        }),
    )
}

/// To tenths of a millimetre, on the note.
fn rect([top, left, bottom, right]: [usize; 4], size: SizeMm) -> RectMm {
    let mm = |cells: usize| (cells as f64 / CELLS_PER_MM * 10.0).round() / 10.0;
    let (x, y) = (mm(left), mm(top));
    let length = |from: f64, to: f64| ((to - from) * 10.0).round() / 10.0;
    RectMm {
        x,
        y,
        width: length(x, mm(right + 1).min(size.width)),
        height: length(y, mm(bottom + 1).min(size.height)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::compare::align::Expected;
    use crate::pixels::Plane;
    use crate::structure::shape;

    const SIZE: SizeMm = SizeMm {
        width: 100.0,
        height: 50.0,
    };

    /// A side with print on its left half (dark) and right quarter (pale), and figures that change.
    fn side() -> (Structure, Planes) {
        let shape = shape(SIZE);
        let at = |(row, column): (usize, usize)| {
            (column as f64 / CELLS_PER_MM, row as f64 / CELLS_PER_MM)
        };
        let figures = |x: f64, y: f64| (55.0..71.0).contains(&x) && (10.0..14.0).contains(&y);
        let mean = Plane::from_shape_fn(shape, |p| {
            let (x, y) = at(p);
            if figures(x, y) || (50.0..75.0).contains(&x) {
                0.0
            } else if (p.0 + p.1) % 2 == 0 {
                0.8
            } else {
                -0.8
            }
        });
        let deviation = Plane::from_shape_fn(shape, |p| {
            let (x, y) = at(p);
            if figures(x, y) { 1.0 } else { 0.15 }
        });
        let colour = Planes::from_shape_fn((3, shape.0, shape.1), |(c, row, column)| {
            let (x, _) = at((row, column));
            match x {
                x if x < 50.0 => [40.0, 70.0, 60.0][c],
                x if x < 75.0 => 240.0,
                _ => [230.0, 180.0, 110.0][c],
            }
        });
        let print = Expected { mean, deviation };
        let none = Expected {
            mean: Plane::zeros(shape),
            deviation: Plane::zeros(shape),
        };
        let structure = Structure {
            print,
            overprint: none,
            detail: None,
            palette: None,
        };
        (structure, colour)
    }

    #[test]
    fn figures_print_and_blank_paper_are_told_apart() {
        let (structure, colour) = side();
        let zones = zones(Side::Front, SIZE, &structure, &colour, 30);
        let varying: Vec<&Zone> = zones
            .iter()
            .filter(|z| z.print == Process::Letterpress)
            .collect();
        let [figures] = varying.as_slice() else {
            unreachable!("{varying:?}")
        };
        let r = figures.rect_mm;
        assert!(
            (r.x - 55.0).abs() < 1.5 && (r.width - 16.0).abs() < 2.0,
            "{r:?}"
        );
        assert!(
            (r.y - 10.0).abs() < 1.5 && (r.height - 4.0).abs() < 2.0,
            "{r:?}"
        );
        for zone in &zones {
            assert!(zone.rect_mm.lies_on(SIZE), "{zone:?}");
            assert_eq!(zone.source.as_deref(), Some("measured on 30 scans"));
            let middle = zone.rect_mm.middle()[0];
            match zone.print {
                Process::Intaglio => assert!(middle < 50.0, "{zone:?}"),
                Process::Offset => assert!(middle > 75.0, "{zone:?}"),
                _ => {}
            }
        }
        assert!(zones.iter().any(|z| z.print == Process::Intaglio));
        assert!(zones.iter().any(|z| z.print == Process::Offset));
    }

    #[test]
    fn inks_are_named_the_commonest_first() {
        let (_, colour) = side();
        let inks = inks(Side::Front, &colour, 30).unwrap();
        assert_eq!(inks.colours, ["#28463c", "#e6b46e"]);
        let blank = Planes::from_elem((3, 20, 30), 240.0);
        assert!(super::inks(Side::Front, &blank, 30).is_none());
    }
}
