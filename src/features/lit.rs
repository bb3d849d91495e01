//! What a side shows in a light other than daylight: straightened, in linear light, with the facts that
//! say what to look for.

use ndarray::{Axis, Zip};

use super::{Face, Reading, Unmeasured};
use crate::compare::order::{median, quantile};
use crate::note::{Light, RectMm, Side, SizeMm};
use crate::pixels::{Plane, Planes, box_mean};
use crate::reference::{Design, SecurityFeature};

/// Paper next to the edges that is left out, mm: shadow, bed, worn edges.
pub(crate) const EDGE_MM: f64 = 3.0;
/// Cells of a motif per millimetre: 72 dpi, the most that is kept of a note.
const MOTIF_CELLS: f64 = 72.0 / 25.4;
/// Cells on each side by which a motif may lie off its mean place: 2.5 mm.
pub(crate) const MOTIF_REACH: usize = 7;
/// The same in mm: the room about a motif.
pub(crate) const MOTIF_ROOM_MM: f64 = MOTIF_REACH as f64 / MOTIF_CELLS;

/// Luminance of linear light (ITU-R BT.709 weights).
pub(crate) fn luminance_of([r, g, b]: [f32; 3]) -> f32 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// A part of a side in linear light.
#[derive(Debug)]
pub(crate) struct Lit {
    /// Red, green and blue, 0..=1 of the scanner's full scale.
    pub(crate) planes: Planes,
}

impl Lit {
    /// A part of the side.
    pub(crate) fn part(face: &Face<'_>, rect: RectMm, px_per_mm: f64) -> Result<Self, Unmeasured> {
        Self::of(face.small_crop(rect, px_per_mm))
    }

    /// The same of a crop, where there is one.
    pub(crate) fn of(crop: Option<Planes>) -> Result<Self, Unmeasured> {
        let mut planes =
            crop.ok_or_else(|| Unmeasured::Covered("it lies beyond the scan".to_owned()))?;
        planes.mapv_inplace(linear);
        Ok(Self { planes })
    }

    /// L*, a* and b* of each cell, by the light that the side's paper sends back.
    pub(crate) fn lab(&self, paper: [f32; 3]) -> Planes {
        let mut out = Planes::zeros(self.planes.dim());
        for (mut out, rgb) in out
            .lanes_mut(Axis(0))
            .into_iter()
            .zip(self.planes.lanes(Axis(0)))
        {
            let light = [0, 1, 2].map(|c| rgb[c] / paper[c]);
            for (out, value) in out.iter_mut().zip(lab(light)) {
                *out = value;
            }
        }
        out
    }

    /// The side without its edges, and where it begins, mm.
    pub(crate) fn inside(face: &Face<'_>, px_per_mm: f64) -> Result<(Self, RectMm), Unmeasured> {
        let rect = face.whole().grown(-EDGE_MM);
        Ok((Self::part(face, rect, px_per_mm)?, rect))
    }

    /// Luminance of each cell.
    pub(crate) fn luminance(&self) -> Plane {
        let channel = |c| self.planes.index_axis(Axis(0), c);
        Zip::from(channel(0))
            .and(channel(1))
            .and(channel(2))
            .map_collect(|&r, &g, &b| luminance_of([r, g, b]))
    }

    /// Mean colour of the cells that are chosen; `None` where none is.
    pub(crate) fn mean(&self, chosen: impl Fn((usize, usize)) -> bool) -> Option<[f32; 3]> {
        let (_, rows, columns) = self.planes.dim();
        let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
        for row in 0..rows {
            for column in 0..columns {
                if !chosen((row, column)) {
                    continue;
                }
                for (c, s) in sum.iter_mut().enumerate() {
                    *s += self.planes[[c, row, column]];
                }
                count += 1.0;
            }
        }
        (count > 0.0).then(|| sum.map(|s| s / count))
    }

    /// Mean colour of the darkest `share` of the cells that are chosen: the ink of a place.
    pub(crate) fn darkest(
        &self,
        share: f64,
        chosen: impl Fn((usize, usize)) -> bool,
    ) -> Option<[f32; 3]> {
        let light = self.luminance();
        let cells = light.indexed_iter().filter(|(at, _)| chosen(*at));
        let dark = quantile(&mut cells.map(|(_, v)| *v).collect::<Vec<_>>(), share)?;
        self.mean(|at| chosen(at) && light[at] <= dark)
    }
}

/// CIE 1976 L*, a* and b* of linear light that is stated over that of the paper, which is white (with the matrix of
/// IEC 61966-2-1): one unit is about what the eye tells apart.
pub(crate) fn lab([r, g, b]: [f32; 3]) -> [f32; 3] {
    let root = |v: f32| {
        if v > 216.0 / 24389.0 {
            v.cbrt()
        } else {
            (24389.0 / 27.0 * v + 16.0) / 116.0
        }
    };
    let over_white = |weights: [f32; 3]| {
        let light = weights[0] * r + weights[1] * g + weights[2] * b;
        root(light / weights.iter().sum::<f32>())
    };
    let x = over_white([0.4124, 0.3576, 0.1805]);
    let y = over_white([0.2126, 0.7152, 0.0722]);
    let z = over_white([0.0193, 0.1192, 0.9505]);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// What the side's paper sends back, channel by channel: its lightest tenth.
pub(crate) fn paper_light(side: &Lit) -> [f32; 3] {
    [0, 1, 2].map(|c| {
        let plane = side.planes.index_axis(Axis(0), c).to_owned();
        upper(&plane, PAPER).max(0.01)
    })
}

/// Share of the side that is lighter than what is taken for its paper.
const PAPER: f64 = 0.1;

/// sRGB level 0..=255 to linear light 0..=1 (IEC 61966-2-1).
fn linear(level: f32) -> f32 {
    let v = level.clamp(0.0, 255.0) / 255.0;
    if v <= 0.04045 {
        v / 12.92
    } else {
        ((v + 0.055) / 1.055).powf(2.4)
    }
}

/// Linear light to an sRGB level 0..=1.
fn encoded(light: f32) -> f32 {
    let v = light.clamp(0.0, 1.0);
    if v <= 0.003_130_8 {
        12.92 * v
    } else {
        1.055 * v.powf(1.0 / 2.4) - 0.055
    }
}

/// Luminance of what the side's paper sends back: its median, print and all.
pub(crate) fn paper_level(lit: &Lit) -> f32 {
    let mut values: Vec<f32> = lit.luminance().into_iter().collect();
    median(&mut values).unwrap_or(0.0)
}

/// The value that a share of a part's cells exceeds.
pub(crate) fn upper(plane: &Plane, share: f64) -> f32 {
    let mut values: Vec<f32> = plane.iter().copied().collect();
    quantile(&mut values, 1.0 - share).unwrap_or(0.0)
}

/// How far a light stands out from another, in doublings; `floor` is what cannot be told from none.
pub(crate) fn doublings(above: f32, floor: f32) -> f64 {
    f64::from((above.max(0.0) / floor + 1.0).log2())
}

/// The facts of a kind that this side shows in its light: those of the side itself, and those of the
/// paper, whichever side they are stated for.
pub(crate) fn facts<'d>(
    design: &'d Design,
    kind: &'static str,
    side: Side,
    light: Light,
) -> impl Iterator<Item = &'d SecurityFeature> {
    let in_paper = kind != "fluorescent-print" && kind != "infrared-pattern";
    design.features.iter().filter(move |fact| {
        fact.kind == kind
            && fact.light == Some(light.of_facts())
            && (in_paper || fact.side.is_none_or(|s| s == side))
    })
}

/// A place where a side shows a feature by day.
#[derive(Debug, Clone)]
pub(crate) struct Place<'d> {
    /// Its name, with a number.
    pub(crate) name: String,
    /// Where, mm.
    pub(crate) rect: RectMm,
    /// Who says so, and what it shows.
    pub(crate) fact: &'d SecurityFeature,
}

/// Where a side shows a kind of feature by day, by `name` and number; places that nobody states are none.
pub(crate) fn places<'d>(
    design: &'d Design,
    kind: &'static str,
    side: Side,
    name: &'static str,
) -> impl Iterator<Item = Place<'d>> {
    facts(design, kind, side, Light::Visible)
        .filter(move |fact| fact.side == Some(side))
        .filter_map(|fact| Some((fact.rect_mm?, fact)))
        .enumerate()
        .map(move |(k, (rect, fact))| Place {
            name: format!("{name}-{}", k + 1),
            rect,
            fact,
        })
}

/// What is read at each of these places, whose names then also say how the note lies on the glass; `read` gets the
/// light of the side's paper as well.
///
/// # Errors
/// Where the side is not in the scan.
pub(crate) fn read_at<'d>(
    places: impl Iterator<Item = Place<'d>>,
    face: &Face<'_>,
    read: impl Fn(&Place<'d>, [f32; 3]) -> Vec<Reading>,
) -> Result<Vec<Reading>, Unmeasured> {
    let mut places = places.peekable();
    if places.peek().is_none() {
        return Ok(Vec::new());
    }
    let (side, _) = Lit::inside(face, 1.0)?;
    let paper = paper_light(&side);
    let way_up = way_up(face);
    Ok(places
        .flat_map(|mut place| {
            place.name.push_str(way_up);
            read(&place, paper)
        })
        .collect())
}

/// How far a thread may lie to either side of its place, mm: what paper mills and cutting allow.
pub(crate) const ASIDE_MM: f64 = 1.0;

/// How the note lies on the glass, as the end of a place's name: what colour shows of what changes with the light depends
/// on it, so that notes are compared with those that lay alike.
fn way_up(face: &Face<'_>) -> &'static str {
    let ends = [0.0, face.design.size.width].map(|x| face.lies().apply([x, 0.0]));
    let [along, down] = [0, 1].map(|way| ends[1][way] - ends[0][way]);
    if along.abs() < down.abs() {
        "-sideways"
    } else if along < 0.0 {
        "-upside-down"
    } else {
        ""
    }
}

/// Where a fact of the paper lies on a side: mirrored where it is stated for the other one. Without a
/// side it is stated as seen from the front.
pub(crate) fn on_side(fact: &SecurityFeature, side: Side, size: SizeMm) -> Option<RectMm> {
    let rect = fact.rect_mm?;
    Some(if fact.side.unwrap_or(Side::Front) == side {
        rect
    } else {
        RectMm {
            x: size.width - rect.x - rect.width,
            ..rect
        }
    })
}

/// The logarithm of the luminance of a place and 2.5 mm around it, at 72 dpi, one plane: what a watermark is looked for
/// in, and made of.
///
/// # Errors
/// Where the place is not in the scan.
pub(crate) fn shade(face: &Face<'_>, rect: RectMm) -> Result<Planes, Unmeasured> {
    let lit = Lit::part(face, rect.grown(MOTIF_ROOM_MM), MOTIF_CELLS)?;
    Ok(lit
        .luminance()
        .mapv(|v| v.max(1e-3).ln())
        .insert_axis(Axis(0)))
}

/// How much less the mean of the channels counts than what each differs from it, in [`print_shade`].
const GREY_COUNTS: f32 = 0.2;

/// The same in four planes for what is printed in colour: how far the logarithm of each channel lies above their
/// mean, and that mean. Paper, clouds in it and threads are grey and move the mean alone, which therefore counts less.
///
/// # Errors
/// Where the place is not in the scan.
pub(crate) fn print_shade(face: &Face<'_>, rect: RectMm) -> Result<Planes, Unmeasured> {
    let lit = Lit::part(face, rect.grown(MOTIF_ROOM_MM), MOTIF_CELLS)?;
    let (_, rows, columns) = lit.planes.dim();
    let mut out = Planes::zeros((4, rows, columns));
    for (mut out, rgb) in out
        .lanes_mut(Axis(0))
        .into_iter()
        .zip(lit.planes.lanes(Axis(0)))
    {
        let logs = [rgb[0], rgb[1], rgb[2]].map(|v| v.max(1e-3).ln());
        let mean = logs.iter().sum::<f32>() / 3.0;
        for (out, log) in out.iter_mut().zip(logs) {
            *out = log - mean;
        }
        out[3] = GREY_COUNTS * mean;
    }
    for mut plane in out.axis_iter_mut(Axis(0)) {
        // Lines finer than the cells would say where they fit rather than where the figure does.
        let smooth = box_mean(&plane.to_owned(), 1);
        plane.assign(&smooth);
    }
    Ok(out)
}

/// Millimetres of so many cells of a motif.
pub(crate) fn motif_mm(cells: f64) -> f64 {
    cells / MOTIF_CELLS
}

/// The motif that was enrolled for a kind of feature on a side in this face's light.
pub(crate) fn motif<'d>(face: &Face<'d>, kind: &str, side: Side) -> Option<&'d Planes> {
    let side = face.design.measured.get(&side)?;
    side.lights.get(&face.light)?.motifs.get(kind)
}

/// A line from edge to edge across the side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    /// How far three quarters of it stand out at least, in the unit of the plane.
    pub(crate) strength: f32,
    /// Its middle, mm from the left edge.
    pub(crate) x: f64,
    /// Share of its length where it stands out half as far.
    pub(crate) continuous: f64,
}

/// Half the width of the strip that a line's strength is averaged over, mm.
const HALF_LINE_MM: f64 = 0.5;
/// From where to where beside the line its surroundings are looked at, mm.
const BESIDE_MM: [f64; 2] = [1.5, 3.5];
/// Height of the bands that are looked at one by one, mm.
const BAND_MM: f64 = 2.0;

/// The line that stands out most among those whose middle lies within `search` (mm); `plane` begins at
/// `from` and is greater where the line is.
pub(crate) fn upright_line(
    plane: &Plane,
    from: RectMm,
    px_per_mm: f64,
    search: [f64; 2],
) -> Option<Line> {
    let cells = |mm: f64| ((mm * px_per_mm).round() as usize).max(1);
    let (half, near, far) = (
        cells(HALF_LINE_MM),
        cells(BESIDE_MM[0]),
        cells(BESIDE_MM[1]),
    );
    let columns = plane.ncols();
    // Band by band: how far each column's strip stands out from what lies on both sides of it.
    let bands: Vec<Vec<f32>> = plane
        .axis_chunks_iter(Axis(0), cells(BAND_MM))
        .map(|band| {
            let mut sums = vec![0.0f32; columns + 1];
            for (column, line) in band.columns().into_iter().enumerate() {
                sums[column + 1] = sums[column] + line.sum() / band.nrows() as f32;
            }
            let mean = |first: isize, last: isize| -> Option<f32> {
                let first = first.max(0) as usize;
                let last = (last.max(0) as usize).min(columns);
                (last > first).then(|| (sums[last] - sums[first]) / (last - first) as f32)
            };
            let (half, near, far) = (half as isize, near as isize, far as isize);
            (0..columns as isize)
                .map(|x| {
                    let here = mean(x - half, x + half + 1).unwrap_or(0.0);
                    let beside = [mean(x - far, x - near), mean(x + near, x + far)];
                    let beside = beside.into_iter().flatten().reduce(f32::max);
                    here - beside.unwrap_or(here)
                })
                .collect()
        })
        .collect();
    let column = |mm: f64| ((mm - from.x) * px_per_mm).round();
    let first = column(search[0]).clamp(0.0, columns as f64) as usize;
    let last = column(search[1]).clamp(0.0, columns as f64) as usize;
    let weakest_quarter = |x: usize| -> f32 {
        let mut values: Vec<f32> = bands.iter().filter_map(|b| b.get(x).copied()).collect();
        quantile(&mut values, 0.25).unwrap_or(0.0)
    };
    let strengths: Vec<f32> = (first..last).map(weakest_quarter).collect();
    let (at, strength) = strengths
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map(|(i, v)| (i, *v))?;
    // The middle of what stands out at least half as far around there.
    let (mut sum, mut total) = (0.0f64, 0.0f64);
    let reach = 2 * half;
    for (i, v) in strengths.iter().enumerate() {
        if i + reach >= at && i <= at + reach && *v > 0.5 * strength {
            sum += f64::from(*v) * (i as f64 + 0.5);
            total += f64::from(*v);
        }
    }
    let middle = if total > 0.0 { sum / total } else { at as f64 };
    let shown = bands
        .iter()
        .filter_map(|b| b.get(first + at))
        .filter(|v| **v > 0.5 * strength)
        .count();
    Some(Line {
        strength,
        x: from.x + (first as f64 + middle) / px_per_mm,
        continuous: if strength > 0.0 {
            shown as f64 / bands.len().max(1) as f64
        } else {
            0.0
        },
    })
}

/// Hues of the words that describe colours: the middle and how far the word reaches to either side, degrees on the hue circle of sRGB (red 0, green 120, blue 240). Neighbouring words overlap, as
/// people's use of them does. Colours without a hue (black, dark, white) have none.
const HUES: [(&str, f64, f64); 13] = [
    ("red", 0.0, 25.0),
    ("copper", 22.0, 25.0),
    ("orange", 28.0, 28.0),
    ("gold", 45.0, 25.0),
    ("yellow", 60.0, 28.0),
    ("green", 125.0, 45.0),
    ("blue-green", 180.0, 35.0),
    ("blue", 228.0, 38.0),
    ("purple", 280.0, 35.0),
    ("violet", 280.0, 35.0),
    ("magenta", 312.0, 30.0),
    ("pink", 335.0, 40.0),
    ("carmine", 345.0, 30.0),
];

/// The hue that a colour word, or an sRGB hex colour, stands for, and how far it reaches, degrees.
pub(crate) fn hue_of(word: &str) -> Option<(f64, f64)> {
    if let Some(hex) = word.strip_prefix('#') {
        let value = u32::from_str_radix(hex, 16).ok()?;
        let channel = |shift: u32| linear(((value >> shift) & 255) as f32);
        return Some((hue([channel(16), channel(8), channel(0)])?, 25.0));
    }
    let found = HUES.iter().find(|(name, ..)| *name == word)?;
    Some((found.1, found.2))
}

/// A colour in linear light as sRGB hex, as light as it can be; `None` for greys, which have no hue.
pub(crate) fn hex_of(light: [f32; 3]) -> Option<String> {
    let most = light.into_iter().fold(0.0, f32::max);
    let light = light.map(|v| v / most.max(f32::MIN_POSITIVE));
    hue(light)?;
    let [r, g, b] = light.map(|v| (255.0 * encoded(v)).round() as u8);
    Some(format!("#{r:02x}{g:02x}{b:02x}"))
}

/// Hue of a colour in linear light, degrees on the circle of sRGB; `None` for greys: where the channels
/// differ by less than a fifth of the greatest.
pub(crate) fn hue(colour: [f32; 3]) -> Option<f64> {
    let [r, g, b] = colour.map(encoded);
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most <= 0.0 || most - least < 0.2 * most {
        return None;
    }
    let along = f64::from(2.0 * r - g - b);
    let across = 3f64.sqrt() * f64::from(g - b);
    Some(across.atan2(along).to_degrees().rem_euclid(360.0))
}

/// From one hue to another the short way round, -180..180 degrees.
pub(crate) fn turn(from: f64, to: f64) -> f64 {
    (to - from + 180.0).rem_euclid(360.0) - 180.0
}

/// The hues that a fact's colours reach, degrees from the first of them: what a reading is expected to
/// lie within where no notes were enrolled. `None` where no colour has a hue.
pub(crate) fn hue_range(colours: &[String]) -> Option<[f64; 2]> {
    let mut known = colours.iter().filter_map(|word| hue_of(word));
    let (first, reach) = known.next()?;
    Some(known.fold([-reach, reach], |[low, high], (hue, reach)| {
        let by = turn(first, hue);
        [low.min(by - reach), high.max(by + reach)]
    }))
}

/// The hue that readings are stated from: a fact's first colour that has one, else red.
pub(crate) fn hue_origin(colours: &[String]) -> f64 {
    colours
        .iter()
        .find_map(|word| hue_of(word))
        .map_or(0.0, |(hue, _)| hue)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::reference::Library;

    #[test]
    fn a_colour_as_hex_has_its_hue() {
        let light = [0.02, 0.3, 0.11];
        let (found, _) = hue_of(&hex_of(light).unwrap()).unwrap();
        assert!(turn(found, hue(light).unwrap()).abs() < 1.0);
        // A sum over notes is as good as a mean.
        assert_eq!(hex_of(light.map(|v| 30.0 * v)), hex_of(light));
        assert_eq!(hex_of([0.2, 0.2, 0.21]), None);
        assert_eq!(hex_of([0.0; 3]), None);
    }

    #[test]
    fn colour_words_are_where_the_eye_puts_them() {
        for (hex, word) in [
            ("#ff5a4a", "red"),
            ("#5a8cff", "blue"),
            ("#ff6a3a", "orange"),
            ("#d8f060", "yellow"),
            ("#60e060", "green"),
        ] {
            let (seen, _) = hue_of(hex).unwrap();
            let (middle, reach) = hue_of(word).unwrap();
            assert!(turn(middle, seen).abs() <= reach, "{hex} {word} {seen}");
        }
        assert_eq!(hue([0.3; 3]), None);
        assert_eq!(turn(350.0, 10.0), 20.0);
        assert_eq!(hue_of("dark"), None);
    }

    /// A colour that is misspelt in a note.toml would quietly never be looked for.
    #[test]
    fn every_glow_that_a_reference_note_states_is_understood() {
        for design in Library::built_in().unwrap().designs() {
            for fact in &design.features {
                if fact.light == Some(Light::Ultraviolet) && fact.kind != "paper-fluorescence" {
                    for word in &fact.colours {
                        assert!(hue_of(word).is_some(), "{}: {word}", design.id);
                    }
                }
            }
        }
    }

    #[test]
    fn a_line_is_found_between_broader_things() {
        let rect = RectMm::from([3.0, 3.0, 94.0, 44.0]);
        let plane = Plane::from_shape_fn((176, 376), |(row, column)| {
            let x = 3.0 + (column as f64 + 0.5) / 4.0;
            let line = (x - 40.0).abs() < 0.6 && row < 150;
            let field = x > 70.0;
            if line || field { 0.5 } else { 0.1 }
        });
        let line = upright_line(&plane, rect, 4.0, [3.0, 97.0]).unwrap();
        assert!((line.x - 40.0).abs() < 0.3, "{line:?}");
        assert!(
            line.strength > 0.3 && (0.8..0.95).contains(&line.continuous),
            "{line:?}"
        );
        let none = upright_line(&plane, rect, 4.0, [50.0, 60.0]).unwrap();
        assert!(none.strength.abs() < 0.01, "{none:?}");
    }
}
