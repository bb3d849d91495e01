//! Where the note lies in a scan: its outline, and the map between millimetres and pixels.
//!
//! The bed is what can be reached from the frame without crossing a step of colour; the rest is the
//! note. Where that fails (no bed to be seen, or one of the paper's colour) the frame itself is
//! offered as outline, and the printed structure decides later which outline was right.

pub mod bed;
pub mod edges;
pub mod homography;
pub mod registration;
pub mod resample;

use crate::pixels::{Plane, Planes, Raster, luma};
use homography::Point;

/// A quadrilateral in scan pixels: top left, top right, bottom right, bottom left as the note lies
/// in the scan. Pixels are counted from the outer corner of the top left one.
pub type Quad = [Point; 4];

/// Long side of the overview in which the bed is told from the note, px.
const OVERVIEW: usize = 400;

/// Columns of the print overview along the note, px: two to three for each cell of a layout plane.
const ALONG_NOTE: f64 = 384.0;

/// How an outline was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The bed was seen around it.
    Bed,
    /// It is the frame of the scan.
    Frame,
}

/// A place where the note may lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Its corners, scan px.
    pub quad: Quad,
    /// How it was found.
    pub origin: Origin,
    /// Which sides (top, right, bottom, left) run along the frame: the note may go on beyond.
    pub cut: [bool; 4],
}

/// A reduced scan.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Red, green, blue.
    pub planes: Planes,
    /// Their luma.
    pub luma: Plane,
    /// Scan pixels for each overview pixel.
    pub factor: usize,
}

impl Overview {
    /// Reduces a scan by a whole factor.
    pub fn new(raster: &Raster, factor: usize) -> Self {
        let planes = raster.reduced(factor);
        let luma = luma(&planes);
        Self {
            planes,
            luma,
            factor: factor.max(1),
        }
    }
}

/// Where the note may lie, likeliest first, and the overview in which to look at its print.
#[derive(Debug, Clone)]
pub struct Outlines {
    /// At least one: the frame.
    pub candidates: Vec<Outline>,
    /// Reduced so that the note has a few pixels for each cell of a layout plane.
    pub overview: Overview,
}

/// Finds where the note may lie.
pub fn outlines(raster: &Raster) -> Outlines {
    let (width, height) = (raster.width() as f64, raster.height() as f64);
    let long = raster.width().max(raster.height());
    let overview = Overview::new(raster, long.div_ceil(OVERVIEW));
    let frame = Outline {
        quad: [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]],
        origin: Origin::Frame,
        cut: [true; 4],
    };
    let mut candidates = bed::outlines(&overview, width, height);
    let smallest = candidates
        .iter()
        .map(|c| long_side(&c.quad))
        .fold(long_side(&frame.quad), f64::min);
    candidates.push(frame);
    let fine = ((smallest / ALONG_NOTE).round() as usize).max(1);
    // Reading the scan a second time pays only where the note is small in it.
    let overview = if 2 * fine <= overview.factor {
        Overview::new(raster, fine)
    } else {
        overview
    };
    Outlines {
        candidates,
        overview,
    }
}

/// How much smaller than the print says, and how much larger, an outline may be. Where a note fills the
/// frame, what is seen against the "bed" of its margin is the border of the print: that is smaller.
const SIZE: std::ops::Range<f64> = 0.98..1.065;

/// The outline seen against the bed that lies within `reach` px of `quad` at every corner and has its
/// size, its corners in the order of `quad`'s.
pub fn seen_near(candidates: &[Outline], quad: &Quad, reach: f64) -> Option<Quad> {
    candidates
        .iter()
        .filter(|outline| outline.origin == Origin::Bed)
        .find_map(|outline| {
            turns(&outline.quad).into_iter().find(|seen| {
                let (expected, got) = (side_lengths(quad), side_lengths(seen));
                let near = seen.iter().zip(quad).all(|(a, b)| distance(a, b) < reach);
                near && SIZE.contains(&(got.0 / expected.0)) && SIZE.contains(&(got.1 / expected.1))
            })
        })
}

/// A quadrilateral with each of its corners as the first.
pub fn turns(quad: &Quad) -> [Quad; 4] {
    [0, 1, 2, 3].map(|turn| {
        let mut turned = *quad;
        turned.rotate_left(turn);
        turned
    })
}

/// Mean length of a quadrilateral's longer pair of sides, px.
pub fn long_side(quad: &Quad) -> f64 {
    let (across, down) = side_lengths(quad);
    across.max(down)
}

/// Mean lengths of top and bottom, and of left and right, px.
pub fn side_lengths(quad: &Quad) -> (f64, f64) {
    let [a, b, c, d] = quad;
    (
        (distance(a, b) + distance(d, c)) / 2.0,
        (distance(a, d) + distance(b, c)) / 2.0,
    )
}

pub(crate) fn distance(a: &Point, b: &Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
