//! Two typefaces of our own, as skeletons of strokes: a display face for titles, values and microtext, and a
//! numbering face for serials, whose 0 carries a dot and whose 1 stands on a slab.

use super::canvas::{Canvas, Point};
use super::maths::{cos, sin};

/// A typeface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// Titles, numerals and microtext.
    Display,
    /// Serial numbers: every character has the same advance.
    Numbering,
}

/// Weights of a face as shares of the height of a capital.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen {
    /// Width of upright strokes.
    pub(crate) thick: f32,
    /// Width of level strokes.
    pub(crate) thin: f32,
    /// Half-length of the serifs on the ends of upright strokes; 0 for none.
    pub(crate) serif: f32,
}

impl Pen {
    /// High contrast with hairline serifs.
    pub(crate) const ENGRAVED: Self = Self {
        thick: 0.18,
        thin: 0.065,
        serif: 0.14,
    };
    /// One weight, no serifs: for microtext.
    pub(crate) const MICRO: Self = Self {
        thick: 0.14,
        thin: 0.14,
        serif: 0.0,
    };
    /// The numbering machine's.
    pub(crate) const NUMBERING: Self = Self {
        thick: 0.15,
        thin: 0.10,
        serif: 0.0,
    };
}

/// Skeletons on a grid of 8 × 9: strokes apart by `|`, points as `xy` digits from the top left;
/// `-` runs straight through the points, `~` is a smooth curve through them, `o` an ellipse between two corners.
fn skeleton(face: Face, c: char) -> &'static str {
    if face == Face::Numbering {
        match c {
            '0' => return "o00 89|-44 45",
            '1' => return "-12 40 49|-09 89",
            '2' => return "~02 11 40 71 73 55 27 09|-09 89 88",
            '3' => return "-02 00 80 44|~44 74 86 78 49 19 07",
            '4' => return "-60 05 06 86|-63 69|-49 89",
            '5' => return "-82 80 10 04|~04 43 74 86 78 49 19 07",
            '6' => return "~72 60 30 12 05 07 29 59 77 75 54 24 06",
            '7' => return "-02 00 80 46 49",
            '8' => return "~40 11 12 44 72 71 40|~44 16 07 49 87 76 44",
            '9' => return "~83 65 35 14 12 30 60 82 84 67 39 18",
            'A' => return "-09 30 50 89|-26 66|-09 19|-79 89",
            'M' => return "-09 00 45 80 89",
            _ => {}
        }
    }
    match c {
        'A' => "-09 40 89|-26 66",
        'B' => "-00 09|-00 40|~40 61 72 63 44|-04 44|~44 75 87 78 49|-49 09",
        'C' => "~82 70 40 12 04 05 17 49 79 87",
        'D' => "-00 09|-00 30|~30 71 84 85 78 39|-39 09",
        'E' => "-81 80 00 09 89 88|-04 54",
        'F' => "-81 80 00 09|-04 54",
        'G' => "~82 70 40 12 04 05 17 49 69 87|-55 85 88",
        'H' => "-00 09|-80 89|-04 84",
        'I' => "-40 49",
        'J' => "-70 76|~76 68 39 18 06",
        'K' => "-00 09|-80 05|-33 89",
        'L' => "-00 09 89 88",
        'M' => "-09 00 47 80 89",
        'N' => "-09 00 89 80",
        'O' => "o00 89",
        'P' => "-00 09|-00 50|~50 81 83 55|-55 05",
        'Q' => "o00 89|-56 89",
        'R' => "-00 09|-00 50|~50 81 83 55|-55 05|-45 89",
        'S' => "~82 71 40 11 12 34 55 77 78 49 18 07",
        'T' => "-01 00 80 81|-40 49",
        'U' => "-00 06|~06 18 49 78 86|-86 80",
        'V' => "-00 49 80",
        'W' => "-00 29 42 69 80",
        'X' => "-00 89|-80 09",
        'Y' => "-00 44 80|-44 49",
        'Z' => "-01 00 80 09 89 88",
        '0' => "o00 89",
        '1' => "-12 40 49",
        '2' => "~02 11 40 71 73 55 27 09|-09 89 88",
        '3' => "~01 30 60 72 63 44|~44 75 87 68 39 08",
        '4' => "-60 06 86|-60 69",
        '5' => "-80 10 04|~04 43 74 86 78 49 19 08",
        '6' => "~71 40 12 05 07 39 59 77 75 54 24 06",
        '7' => "-01 00 80 49",
        '8' => "~40 11 12 44 72 71 40|~44 16 07 49 87 76 44",
        '9' => "~83 65 35 14 12 30 50 82 84 67 49 18",
        '-' => "-14 74",
        '.' => "-49 49",
        '*' => "-42 46|-23 65|-63 25",
        '/' => "-09 80",
        _ => "",
    }
}

/// Width of the skeleton and advance beyond it, in heights of a capital.
fn metrics(face: Face, c: char) -> (f32, f32) {
    match (face, c) {
        (Face::Numbering, 'M' | 'W') => (0.62, 0.24),
        (Face::Numbering, _) => (0.56, 0.30),
        (_, 'I') => (0.16, 0.3),
        (_, '1') => (0.4, 0.3),
        (_, 'M') => (0.78, 0.3),
        (_, 'W') => (0.9, 0.28),
        (_, 'O' | 'Q' | 'C' | 'G' | 'D') => (0.66, 0.3),
        (_, 'E' | 'F' | 'L' | 'S' | 'J') => (0.48, 0.3),
        (_, ' ' | '.') => (0.2, 0.2),
        _ => (0.56, 0.3),
    }
}

/// Length of a line of text in heights of a capital, without the advance after the last character.
pub(crate) fn length(face: Face, text: &str) -> f32 {
    let mut sum = 0.0;
    let mut gap = 0.0;
    for c in text.chars() {
        let (width, advance) = metrics(face, c);
        sum += gap + width;
        gap = advance;
    }
    sum
}

/// Draws text. `place` takes the distance along the line and the height above its foot, both in mm, and says
/// where that is on the side. Returns the place along the line where each character begins and ends, mm.
pub(crate) fn write(
    canvas: &mut Canvas,
    (face, pen): (Face, Pen),
    text: &str,
    height: f32,
    place: impl Fn(f32, f32) -> Point,
) -> Vec<(f32, f32)> {
    let mut ends = Vec::new();
    let mut along = 0.0;
    for c in text.chars() {
        let (width, advance) = metrics(face, c);
        let slab = face == Face::Numbering && c.is_ascii_alphabetic();
        for stroke in skeleton(face, c).split('|').filter(|s| !s.is_empty()) {
            let (kind, points) = points(stroke);
            let smooth = kind != '-';
            let spot = |p: Point| place((along + p.0 * width) * height, (1.0 - p.1) * height);
            let path = match kind {
                '~' => smoothed(&points),
                'o' => ellipse(&points),
                _ => points.clone(),
            };
            for pair in path.windows(2) {
                if let [a, b] = pair {
                    let (dx, dy) = ((b.0 - a.0) * width, b.1 - a.1);
                    let upright = dy.abs() / (dx * dx + dy * dy).sqrt().max(1e-6);
                    let weight = pen.thin + (pen.thick - pen.thin) * upright * upright;
                    canvas.segment(spot(*a), spot(*b), weight * height);
                }
            }
            let serif = if slab { 0.12 } else { pen.serif };
            if serif > 0.0 && !smooth {
                for (end, next) in [
                    (points.first(), points.get(1)),
                    (points.last(), points.iter().rev().nth(1)),
                ] {
                    if let (Some(e), Some(n)) = (end, next) {
                        let upright = (e.1 - n.1).abs() > 0.45 && (e.0 - n.0).abs() * width < 0.6;
                        if upright && (e.1 < 0.01 || e.1 > 0.99) {
                            let reach = serif / width;
                            canvas.segment(
                                spot((e.0 - reach, e.1)),
                                spot((e.0 + reach, e.1)),
                                pen.thin * height,
                            );
                        }
                    }
                }
            }
        }
        ends.push((along * height, (along + width) * height));
        along += width + advance;
    }
    ends
}

/// Draws a level line of text whose foot begins at `at`.
pub(crate) fn write_level(
    canvas: &mut Canvas,
    style: (Face, Pen),
    text: &str,
    height: f32,
    at: Point,
) {
    write(canvas, style, text, height, |along, up| {
        (at.0 + along, at.1 - up)
    });
}

/// Where a line of text comes to lie in the middle of a rectangle `x, y, width, height` (mm), as large as fits.
pub(crate) fn fitted(face: Face, text: &str, rect: [f32; 4]) -> [f32; 4] {
    let long = length(face, text).max(0.1);
    let height = rect[3].min(rect[2] / long);
    let (x, y) = (
        rect[0] + 0.5 * (rect[2] - long * height),
        rect[1] + 0.5 * (rect[3] - height),
    );
    [x, y, long * height, height]
}

/// Draws a level line of text in the middle of a rectangle, as large as fits.
pub(crate) fn write_in(canvas: &mut Canvas, style: (Face, Pen), text: &str, rect: [f32; 4]) {
    let [x, y, _, height] = fitted(style.0, text, rect);
    write_level(canvas, style, text, height, (x, y + height));
}

fn points(stroke: &str) -> (char, Vec<Point>) {
    let kind = stroke.chars().next().unwrap_or('-');
    let numbers = stroke.trim_start_matches(['~', '-', 'o']).split(' ');
    let points = numbers
        .filter_map(|p| {
            let mut digits = p.chars().filter_map(|d| d.to_digit(10)).map(|d| d as f32);
            Some((digits.next()? / 8.0, digits.next()? / 9.0))
        })
        .collect();
    (kind, points)
}

/// An ellipse between two corners, a little squared as lettering wants it.
fn ellipse(corners: &[Point]) -> Vec<Point> {
    let [a, b] = corners else { return Vec::new() };
    let (cx, cy) = (0.5 * (a.0 + b.0), 0.5 * (a.1 + b.1));
    let (rx, ry) = (0.5 * (b.0 - a.0), 0.5 * (b.1 - a.1));
    (0..=40)
        .map(|i| {
            let t = std::f32::consts::TAU * i as f32 / 40.0;
            let (x, y) = (sin(t), cos(t));
            let square = 1.0 + 0.5 * x * x * y * y;
            (cx + rx * x * square, cy - ry * y * square)
        })
        .collect()
}

/// A Catmull-Rom curve through the points, closed where the last is the first.
fn smoothed(points: &[Point]) -> Vec<Point> {
    let n = points.len();
    if n < 3 {
        return points.to_vec();
    }
    let closed = points.first() == points.last();
    let at = |i: isize| -> Point {
        let last = n as isize - 1;
        let i = if closed {
            i.rem_euclid(last)
        } else {
            i.clamp(0, last)
        };
        points.get(i as usize).copied().unwrap_or((0.0, 0.0))
    };
    let mut out = Vec::with_capacity(8 * n);
    for i in 0..n as isize - 1 {
        let (a, b, c, d) = (at(i - 1), at(i), at(i + 1), at(i + 2));
        for step in 0..8 {
            let t = step as f32 / 8.0;
            let spline = |a: f32, b: f32, c: f32, d: f32| {
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                    + (3.0 * b - a - 3.0 * c + d) * t * t * t)
            };
            out.push((spline(a.0, b.0, c.0, d.0), spline(a.1, b.1, c.1, d.1)));
        }
    }
    out.push(at(n as isize - 1));
    out
}
