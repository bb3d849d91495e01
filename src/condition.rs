//! The condition a scan is in: its own paper white, grain and pass band, and small windows of its print
//! at the scan's own sampling. Measured once a side; every feature of the print is relative to it.
//!
//! Windows are read as they lie in the scan, without resampling, because interpolation would change
//! the noise and the screens that are looked for. Frequencies are in cycles for a millimetre of the note.

use std::ops::AddAssign;
use std::sync::LazyLock;

use crate::compare::chroma::{Grid, colour_of_density};
use crate::compare::order::{median, quantile};
use crate::compare::spectrum::{Bands, Transform, fast_side};
use crate::compare::steepness::edge_widths;
use crate::features::{Face, Unmeasured};
use crate::note::RectMm;
use crate::pixels::{Raster, luma_of};
use crate::rectify::homography::Homography;
use crate::reference::{Process, Zone};
use crate::wear::Wear;

/// Edges of the frequency bands, cycles/mm: coarse, middle, fine, finest. A 200 dpi scan passes the
/// first three, a 300 dpi scan all. Engraved lines stand 3 to 8 to the millimetre.
pub const BAND_EDGES: [f64; 5] = [0.5, 1.2, 2.4, 3.6, 5.4];
/// Side of the windows of print, mm.
const WINDOW_MM: f64 = 5.4;
/// Side of the windows of paper, mm.
const PAPER_MM: f64 = 2.7;
/// Side of the blocks that colours are averaged over, mm: the eye's and the chroma subsampling's scale.
const BLOCK_MM: f64 = 0.26;
/// What has less than this share of the grain of most windows of paper (variance) is none: the bed seen through a
/// hole, or glare. No window of 74 genuine $1 and $2 notes has less than 0.3 of it.
const LEAST_GRAIN: f64 = 0.05;
/// Grain coarser than this is the paper's shading, cycles/px.
const LEAST_GRAIN_FREQUENCY: f64 = 0.08;
/// An edge of ink counts where it climbs this share of the density of the window's own ink, so that the same edges count
/// on faded and washed notes.
const LEAST_CLIMB: f32 = 0.3;
/// And at least this much density: more than the grain of paper and sensors.
const LEAST_DENSITY: f32 = 0.1;
/// Of a window of print, the share of pixels that are lighter than its ink.
const INK: f64 = 0.95;
/// Every how many-th pixel is looked at for it.
const INK_STEP: usize = 7;
/// Fewer edges than this in a window say nothing of its sharpness.
const LEAST_EDGES: usize = 8;
/// Side of a cell of the search for paper, mm.
const CELL_MM: f64 = 0.45;
/// Cells within this of a place that count as its surroundings in the search for paper.
const PAPER_CELLS: usize = 3;
/// Paper is looked for in so many columns and rows of parts of the side.
const PARTS: (usize, usize) = (8, 4);
/// And taken from the brightest of them in each quarter of the length, so that no quarter is left out
/// because it is darker.
const STRIP_COLUMNS: usize = 2;
/// So many from each quarter.
const STRIP_WINDOWS: usize = 3;
/// Print nearer than this to the edge is not looked at, mm.
const EDGE_MM: f64 = 1.5;
/// Values darker than this, of 255, count as this: below lies the scanner's own darkness.
const DARKEST: f32 = 4.0;
/// From this resolution on the fine band lies well within what the sampling passes, px/mm.
const FULL_PX_PER_MM: f64 = 10.5;
/// A scan is blurred where the grain falls off more than this, log10 of amplitudes. On 64 $1 notes at
/// 300 dpi the fall was never below -0.09; of 40 sides softened by a Gaussian and encoded again at quality 92 it was below
/// this on 17 at one pixel, on 35 at 1.2.
const BLURRED: f64 = -0.28;
/// The same for coarser scans, whose sampling itself takes grain away: the same notes at 200 dpi fell
/// by up to -0.33. And for scans with sharp edges: what is missing of the grain, the paper never had.
const BLURRED_COARSE: f64 = -0.45;
/// Where the sharpest of a scan's engraving has edges no wider than this in both directions, it has been neither blurred
/// nor smoothed, pixels (of [`SHARPEST_MM`] where pixels are finer). 148 of 148 sides of $1 and $2 notes at 300 dpi: at
/// most 1.69; after a median filter of 3 × 3 pixels 2 of 37, after two, or softened by 0.7 px, none.
const SHARP: f64 = 1.7;
/// The share of windows that is taken for the sharpest.
const SHARPEST_SHARE: f64 = 0.25;
/// Fewer windows of engraving have no sharpest share: one or two of them may hold edges that their border cuts off.
const LEAST_ENGRAVED: usize = 16;
/// Width of the sharpest edges of engraving on paper, mm: finer pixels do not make them narrower.
/// Measured on 64 $1 notes at 300 dpi, and the same enlarged to 400 dpi.
const SHARPEST_MM: f64 = 0.087;
/// Colour within lines is not judged where neighbouring pixels differ less, levels (see
/// [`colour_detail`]). $1 scans and copies of them at 300 dpi, encoded again: 0.74 or more at quality 75,
/// 0.13 to 0.6 at 60, 0 to 0.3 at 50, where colour dots dispersed over copies were no longer told from
/// genuine lines.
const LEAST_COLOUR: f32 = 0.08;
/// Places that are looked at for it, down and along.
const COLOUR_ROWS: usize = 24;
const COLOUR_COLUMNS: usize = 80;
/// Windows that wear covers by more than this share are left out, and those that a pen's line crosses.
const MOST_COVERED: f64 = 0.25;
/// Zones narrower than this are left out, mm: a window would see mostly other print.
const LEAST_ZONE_MM: f64 = 3.0;

/// A window of unprinted paper.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperWindow {
    /// Where, mm.
    pub zone_mm: RectMm,
    /// Densities below white (255) of its median colour.
    pub tint: [f32; 3],
    /// Variance of lightness, red-green and yellow-blue density in each of the bands.
    pub grain: [Vec<f64>; 3],
    /// Power spectrum of the lightness density.
    pub power: Vec<f32>,
}

/// A window of print.
#[derive(Debug, Clone, PartialEq)]
pub struct PrintWindow {
    /// Which of the design's zones.
    pub zone: usize,
    /// The scan's pixel at its upper left: column, row.
    pub origin: [usize; 2],
    /// Red, green and blue density over the paper's, side × side.
    pub density: [Vec<f32>; 3],
    /// Mean density of the three.
    pub light: Vec<f32>,
    /// The densities averaged over square blocks of a quarter of a millimetre.
    pub blocks: Grid,
    /// The colour of its ink: red-green and yellow-blue for each unit of density. `None` where no ink is seen.
    pub ink: Option<[f32; 2]>,
    /// Power spectrum of the lightness density.
    pub power: Vec<f32>,
    /// Widths of the edges of ink along the rows of the scan and down its columns, px: the whole climb over
    /// its steepest step.
    pub edges: [Vec<f32>; 2],
}

impl PrintWindow {
    /// Its density as JPEG's luma weighs the channels: what subsampling of colours leaves alone.
    pub fn luma(&self) -> Vec<f32> {
        let [r, g, b] = &self.density;
        let pixels = r.iter().zip(g).zip(b);
        pixels.map(|((&r, &g), &b)| luma_of([r, g, b])).collect()
    }
}

/// See the module.
#[derive(Debug)]
pub struct Condition {
    /// Densities of the paper below white, median over its windows.
    pub paper: [f32; 3],
    /// Unprinted paper, as spread over the side as it is.
    pub papers: Vec<PaperWindow>,
    /// The transform that made their spectra.
    pub paper_transform: Transform,
    /// Windows of print, zone by zone.
    pub prints: Vec<PrintWindow>,
    /// The transform that made the spectra of the print.
    pub transform: Transform,
    /// Its bands.
    pub bands: Bands,
    /// How many of the bands the sampling passes.
    pub passed: usize,
    /// How much less the grain of the paper is in the fine band than in the middle one, log10 of
    /// amplitudes: what is left of it where the scan is blurred. `None` where the sampling does not pass
    /// the fine band.
    pub grain_fall: Option<f64>,
    /// How wide edges of ink are along the note and down it, px: median over the windows of print, each
    /// by its median edge. What the lens, the sampling, smoothing and sharpening leave of the print's own
    /// sharpness; few scanners are as sharp along their line as across it. `None` where no window has edges
    /// enough.
    pub edge_widths: [Option<f64>; 2],
    /// The same of the sharpest quarter of the windows of engraving, where there are enough: flat and slanting lines climb
    /// slowly in the sharpest scan.
    sharpest_edges: [Option<f64>; 2],
    px_per_mm: f64,
}

impl Condition {
    /// Measures a side. `None` where no paper is seen.
    pub fn measure(face: &Face<'_>) -> Option<Self> {
        let pixel = 1.0 / face.px_per_mm;
        let small = Transform::new(fast_side(PAPER_MM * face.px_per_mm));
        let small_bands = Bands::new(&small, &BAND_EDGES, pixel);
        let mut papers: Vec<PaperWindow> = paper_places(face)?
            .into_iter()
            .filter_map(|at| paper_window(face, at, &small, &small_bands))
            .collect();
        let grain = |w: &PaperWindow| w.grain[0].iter().sum::<f64>();
        let mut grains: Vec<f32> = papers.iter().map(|w| grain(w) as f32).collect();
        let usual = median(&mut grains).map_or(0.0, f64::from);
        papers.retain(|w| grain(w) >= LEAST_GRAIN * usual);
        papers.sort_by(|a, b| {
            (a.zone_mm.y, a.zone_mm.x)
                .partial_cmp(&(b.zone_mm.y, b.zone_mm.x))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let mut paper = [0.0f32; 3];
        for (channel, tint) in paper.iter_mut().enumerate() {
            let mut tints: Vec<f32> = papers.iter().map(|p| p.tint[channel]).collect();
            *tint = median(&mut tints)?;
        }
        let transform = Transform::new(fast_side(WINDOW_MM * face.px_per_mm));
        let bands = Bands::new(&transform, &BAND_EDGES, pixel);
        let block = (BLOCK_MM * face.px_per_mm).round().max(1.0) as usize;
        let wear = face.view().ok().map(|(view, _)| &view.wear);
        let window_mm = transform.side() as f64 / face.px_per_mm;
        let mut prints = Vec::new();
        for (zone, shown) in face.design.zones.iter().enumerate() {
            if shown.side != face.side {
                continue;
            }
            for centre in window_centres(shown) {
                let half = window_mm / 2.0;
                let [x, y] = centre.map(|v| v - half);
                let window = RectMm::from([x, y, window_mm, window_mm]);
                let closed =
                    |wear: &Wear| wear.covered_share(window) > MOST_COVERED || wear.crossed(window);
                if wear.is_some_and(closed) {
                    continue;
                }
                let Some(origin) = origin(face, centre, transform.side()) else {
                    continue;
                };
                let Some(density) = read(face, origin, transform.side(), paper) else {
                    continue;
                };
                let light = mixed(&density, [1.0 / 3.0; 3]);
                let blocks = Grid::over(&density, transform.side(), block);
                prints.push(PrintWindow {
                    zone,
                    origin,
                    ink: colour_of_density(&blocks),
                    blocks,
                    power: transform.power(&light),
                    edges: edge_widths(&light, transform.side(), least_climb(&light)),
                    light,
                    density,
                });
            }
        }
        let nyquist = 0.49 * face.px_per_mm;
        let passed = BAND_EDGES.iter().skip(1).filter(|&&e| e <= nyquist).count();
        let mut falls: Vec<f32> = papers
            .iter()
            .map(|w| {
                let [light, ..] = &w.grain;
                let of = |band: usize| light.get(band).copied().unwrap_or(0.0).max(1e-9);
                (0.5 * (of(2) / of(1)).log10()) as f32
            })
            .collect();
        let engraved = |window: &PrintWindow| {
            let zone = face.design.zones.get(window.zone);
            zone.is_some_and(|zone| zone.print == Process::Intaglio)
        };
        let widths = |way: usize, chosen: &dyn Fn(&PrintWindow) -> bool| -> Vec<f32> {
            let windows = prints.iter().filter(|window| chosen(window));
            windows
                .map(|window| &window.edges[way])
                .filter(|edges| edges.len() >= LEAST_EDGES)
                .filter_map(|edges| median(&mut edges.clone()))
                .collect()
        };
        let sharpest = |way: usize| {
            let mut widths = widths(way, &engraved);
            let share = quantile(&mut widths, SHARPEST_SHARE).map(f64::from);
            share.filter(|_| widths.len() >= LEAST_ENGRAVED)
        };
        let [x0, y0] = face.lies().apply([0.0, 0.0]);
        let [x1, y1] = face.lies().apply([face.design.size.width, 0.0]);
        let lies_along_rows = (x1 - x0).abs() >= (y1 - y0).abs();
        let ways = if lies_along_rows { [0, 1] } else { [1, 0] };
        let edge_widths = ways.map(|way| median(&mut widths(way, &|_| true)).map(f64::from));
        Some(Self {
            edge_widths,
            sharpest_edges: [0, 1].map(|k| sharpest(ways[k]).or(edge_widths[k])),
            grain_fall: median(&mut falls).filter(|_| passed > 2).map(f64::from),
            px_per_mm: face.px_per_mm,
            paper,
            papers,
            paper_transform: small,
            prints,
            transform,
            bands,
            passed,
        })
    }
}

impl Condition {
    /// Why fine lines cannot be judged in this scan, where it is so: its own paper has lost its grain.
    ///
    /// # Errors
    /// [`Unmeasured::Blurred`].
    pub fn fine_lines(&self) -> Result<(), Unmeasured> {
        let (least, fall) = match self.grain_fall {
            Some(fall) if self.px_per_mm >= FULL_PX_PER_MM && !self.sharp() => (BLURRED, fall),
            Some(fall) => (BLURRED_COARSE, fall),
            None => return Ok(()),
        };
        if fall < least {
            return Err(Unmeasured::Blurred(format!(
                "the paper's own grain falls off by {:.0} % towards fine detail: clean the glass, press \
                 the note flat, or turn smoothing off",
                100.0 * (1.0 - 10f64.powf(fall))
            )));
        }
        Ok(())
    }

    /// Whether edges of ink are as narrow as paper and pixels let them be, along the note and down it.
    fn sharp(&self) -> bool {
        let limit = SHARP * sharpest_px(self.px_per_mm);
        self.sharpest_edges
            .iter()
            .all(|width| width.is_some_and(|width| width <= limit))
    }

    /// How much grain of the paper is finer than an enlarged picture can show, with so many pixels (cycles) for each of
    /// the scan's, to how much is coarser: log10 of amplitudes, median over the windows of paper. `None` where the scan
    /// shows nothing finer.
    pub fn grain_beyond(&self, frequency: f64) -> Option<f64> {
        let coarser = (0.4 * frequency).max(LEAST_GRAIN_FREQUENCY);
        let edges = [LEAST_GRAIN_FREQUENCY, coarser, 0.6 * frequency, 0.5];
        let bands = Bands::new(&self.paper_transform, &edges, 1.0);
        let falls = self.papers.iter().filter_map(|paper| {
            let of = |band: usize| Some(bands.mean(&paper.power, band)?.max(1e-12));
            Some((0.5 * (of(2)? / of(0)?).log10()) as f32)
        });
        median(&mut falls.collect::<Vec<f32>>()).map(f64::from)
    }

    /// The printed zones of a side that are large enough for a window, each with its windows: none
    /// where they are covered or lie beyond the scan.
    pub fn zones<'a>(&self, face: &Face<'a>) -> Vec<(&'a Zone, &[PrintWindow])> {
        let mut rest = self.prints.as_slice();
        let mut out = Vec::new();
        for (index, zone) in face.design.zones.iter().enumerate() {
            if zone.side != face.side || window_centres(zone).is_empty() {
                continue;
            }
            let count = rest.iter().take_while(|w| w.zone == index).count();
            let (windows, after) = rest.split_at(count);
            rest = after;
            out.push((zone, windows));
        }
        out
    }
}

/// Width of the sharpest edge that a scan of so many pixels a millimetre can show, px.
pub fn sharpest_px(px_per_mm: f64) -> f64 {
    (SHARPEST_MM * px_per_mm).max(1.0)
}

/// Why the colour within lines cannot be judged, where compression or smoothing took it.
///
/// # Errors
/// [`Unmeasured::Compressed`].
pub fn fine_colour(face: &Face<'_>) -> Result<(), Unmeasured> {
    colour_detail(face, LEAST_COLOUR)
}

/// Whether neighbouring pixels differ in colour by as much as `least`, levels: the median over the side
/// of how far blue less luma departs from the mean of the pixels two to the left and right. Every sensor
/// has some noise of colour; strong compression leaves none of it, whatever a file says of itself.
///
/// # Errors
/// [`Unmeasured::Compressed`].
pub fn colour_detail(face: &Face<'_>, least: f32) -> Result<(), Unmeasured> {
    let size = face.design.size;
    let mut changes = Vec::new();
    for row in 1..COLOUR_ROWS {
        let y = size.height * row as f64 / COLOUR_ROWS as f64;
        for column in 1..COLOUR_COLUMNS {
            let x = size.width * column as f64 / COLOUR_COLUMNS as f64;
            let [x, y] = face.lies().apply([x, y]);
            if !(x >= 2.0 && y >= 0.0) {
                continue;
            }
            let (x, y) = (x as usize, y as usize);
            let colour = |x: usize| {
                let colour = face.raster.get(x, y)?;
                Some(colour[2] - luma_of(colour))
            };
            if let (Some(a), Some(b), Some(c)) = (colour(x - 2), colour(x), colour(x + 2)) {
                changes.push((b - 0.5 * (a + c)).abs());
            }
        }
    }
    match median(&mut changes) {
        Some(change) if change < least => Err(Unmeasured::Compressed(format!(
            "neighbouring pixels differ in colour by {change:.2} levels, {least} needed: scan with less \
             compression and without smoothing"
        ))),
        _ => Ok(()),
    }
}

/// How far an edge of ink must climb in a window to count, density.
fn least_climb(light: &[f32]) -> f32 {
    let mut values: Vec<f32> = light.iter().step_by(INK_STEP).copied().collect();
    let ink = quantile(&mut values, INK).unwrap_or(0.0);
    (LEAST_CLIMB * ink).max(LEAST_DENSITY)
}

/// Where windows of a zone are put: one, or two or three along it where it is large.
fn window_centres(zone: &Zone) -> Vec<[f64; 2]> {
    let rect = zone.rect_mm;
    // What is printed through a screen is there to change its colour with the light.
    if matches!(zone.print, Process::Paper | Process::Screen)
        || rect.width.min(rect.height) < LEAST_ZONE_MM
    {
        return Vec::new();
    }
    let count = |length: f64| match length {
        l if l > 40.0 => 3,
        l if l > 12.0 => 2,
        _ => 1,
    };
    let (across, down) = (count(rect.width), count(rect.height));
    // Along the diagonal where a zone is large both ways.
    let windows = across.max(down);
    (0..windows)
        .map(|i| {
            let at = (f64::from(i) + 0.5) / f64::from(windows);
            [
                rect.x + rect.width * if across > 1 { at } else { 0.5 },
                rect.y + rect.height * if down > 1 { at } else { 0.5 },
            ]
        })
        .collect()
}

static DENSITY: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|v| density_of(v as f32)));

/// Density below white (255).
pub(crate) fn density_of(value: f32) -> f32 {
    -(value.max(DARKEST) / 255.0).ln()
}

/// The scan's pixel at the upper left of a window around a place in mm. `None` where the window is not wholly in the
/// scan.
fn origin(face: &Face<'_>, centre: [f64; 2], side: usize) -> Option<[usize; 2]> {
    let [x, y] = face.lies().apply(centre);
    let half = side as f64 / 2.0;
    let (left, top) = ((x - half).round(), (y - half).round());
    if !(left >= 0.0 && top >= 0.0) {
        return None;
    }
    let (left, top) = (left as usize, top as usize);
    if left + side > face.raster.width() || top + side > face.raster.height() {
        return None;
    }
    Some([left, top])
}

/// Densities over `paper` of a window of the scan.
fn read(
    face: &Face<'_>,
    [left, top]: [usize; 2],
    side: usize,
    paper: [f32; 3],
) -> Option<[Vec<f32>; 3]> {
    match face.raster {
        Raster::Eight(image) => {
            let table = &*DENSITY;
            copy(
                image.as_raw(),
                face.raster.width(),
                (left, top),
                side,
                paper,
                |v| table[usize::from(v)],
            )
        }
        Raster::Sixteen(image) => copy(
            image.as_raw(),
            face.raster.width(),
            (left, top),
            side,
            paper,
            |v| density_of(f32::from(v) / 257.0),
        ),
    }
}

fn copy<T: Copy>(
    samples: &[T],
    width: usize,
    (left, top): (usize, usize),
    side: usize,
    paper: [f32; 3],
    density: impl Fn(T) -> f32,
) -> Option<[Vec<f32>; 3]> {
    let [mut red, mut green, mut blue] = [(); 3].map(|()| vec![0.0f32; side * side]);
    let lines = red
        .chunks_exact_mut(side)
        .zip(green.chunks_exact_mut(side))
        .zip(blue.chunks_exact_mut(side));
    for (row, ((red, green), blue)) in lines.enumerate() {
        let start = ((top + row) * width + left) * 3;
        let pixels = samples.get(start..start + side * 3)?.as_chunks::<3>().0;
        for (((pixel, red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
            *red = density(pixel[0]) - paper[0];
            *green = density(pixel[1]) - paper[1];
            *blue = density(pixel[2]) - paper[2];
        }
    }
    Some([red, green, blue])
}

fn paper_window(
    face: &Face<'_>,
    centre: [f64; 2],
    transform: &Transform,
    bands: &Bands,
) -> Option<PaperWindow> {
    let density = read(
        face,
        origin(face, centre, transform.side())?,
        transform.side(),
        [0.0; 3],
    )?;
    let mut tint = [0.0f32; 3];
    for (tint, plane) in tint.iter_mut().zip(&density) {
        *tint = median(&mut plane.clone())?;
    }
    let mix = |weights| transform.power(&mixed(&density, weights));
    let light = mix([1.0 / 3.0; 3]);
    let side = transform.side() as f64 / face.px_per_mm;
    Some(PaperWindow {
        zone_mm: RectMm {
            x: centre[0] - side / 2.0,
            y: centre[1] - side / 2.0,
            width: side,
            height: side,
        },
        tint,
        grain: [
            bands.energy(&light),
            bands.energy(&mix([0.5, -0.5, 0.0])),
            bands.energy(&mix([0.25, 0.25, -0.5])),
        ],
        power: light,
    })
}

/// A weighted sum of three planes.
fn mixed([r, g, b]: &[Vec<f32>; 3], weights: [f32; 3]) -> Vec<f32> {
    r.iter()
        .zip(g)
        .zip(b)
        .map(|((r, g), b)| r * weights[0] + g * weights[1] + b * weights[2])
        .collect()
}

/// Where unprinted paper is, mm: the places whose darkest surroundings are brightest, one in each part
/// of the side, from the brighter parts of each quarter of its length.
fn paper_places(face: &Face<'_>) -> Option<Vec<[f64; 2]>> {
    let cell = (CELL_MM * face.px_per_mm).round().max(1.0) as usize;
    let width = face.raster.width();
    let (columns, rows) = (width / cell, face.raster.height() / cell);
    if columns == 0 || rows == 0 {
        return None;
    }
    let sums = match face.raster {
        Raster::Eight(image) if cell <= 257 => {
            cell_sums::<u8, u16>(image.as_raw(), width, cell, columns, rows)
        }
        Raster::Eight(image) => cell_sums::<u8, u32>(image.as_raw(), width, cell, columns, rows),
        Raster::Sixteen(image) => cell_sums::<u16, u32>(image.as_raw(), width, cell, columns, rows),
    };
    let darkest = lowest_around(&sums, columns, rows);
    let to_cells = Homography::fit_affine(&[
        ([0.0, 0.0], [0.0, 0.0], 1.0),
        ([cell as f64, 0.0], [1.0, 0.0], 1.0),
        ([0.0, cell as f64], [0.0, 1.0], 1.0),
    ])?;
    let back = face.lies().then(&to_cells).inverse()?;
    let (width, height) = (face.design.size.width, face.design.size.height);
    let margin = EDGE_MM + CELL_MM * PAPER_CELLS as f64;
    let mut best = vec![(0.0f32, [0.0f64; 2]); PARTS.0 * PARTS.1];
    // Every other cell each way: each holds the least of its surroundings.
    for row in (0..rows).step_by(2) {
        // Not exactly its centre, which may lie halfway between two pixels: rounding would toss.
        let mut line = back.along_row(0.52, row as f64 + 0.52, 2.0);
        for value in darkest.iter().skip(row * columns).take(columns).step_by(2) {
            let [x, y] = line.next_point();
            if !(x > margin && y > margin && x < width - margin && y < height - margin) {
                continue;
            }
            let part = ((x / width * PARTS.0 as f64) as usize).min(PARTS.0 - 1) * PARTS.1
                + ((y / height * PARTS.1 as f64) as usize).min(PARTS.1 - 1);
            if let Some(best) = best.get_mut(part)
                && *value > best.0
            {
                *best = (*value, [x, y]);
            }
        }
    }
    let mut places = Vec::new();
    for strip in best.chunks_exact_mut(STRIP_COLUMNS * PARTS.1) {
        strip.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let seen = strip
            .iter()
            .take(STRIP_WINDOWS)
            .filter(|(value, _)| *value > 0.0);
        places.extend(seen.map(|(_, at)| *at));
    }
    Some(places)
}

/// Sums of all samples of every third row of each cell, in whole numbers. `Sum` holds the sum of as
/// many samples as a cell has rows.
fn cell_sums<T, Sum>(
    samples: &[T],
    width: usize,
    cell: usize,
    columns: usize,
    rows: usize,
) -> Vec<f32>
where
    T: Copy + Into<Sum>,
    Sum: Copy + Default + AddAssign + Into<u32>,
{
    let mut sums = vec![0.0f32; columns * rows];
    let mut down = vec![Sum::default(); columns * cell * 3];
    for (row, line) in sums.chunks_exact_mut(columns).enumerate() {
        down.fill(Sum::default());
        for y in (row * cell..(row + 1) * cell).step_by(3) {
            let samples = samples.get(y * width * 3..).unwrap_or(&[]);
            for (sum, &v) in down.iter_mut().zip(samples) {
                *sum += v.into();
            }
        }
        for (sum, values) in line.iter_mut().zip(down.chunks_exact(cell * 3)) {
            *sum = values.iter().map(|&v| v.into()).sum::<u32>() as f32;
        }
    }
    sums
}

/// The lowest value within [`PAPER_CELLS`] of each cell.
fn lowest_around(cells: &[f32], columns: usize, rows: usize) -> Vec<f32> {
    // Unlike `f32::min` one vector instruction; there is nothing here that is no number.
    let lower = |a: &mut f32, b: f32| *a = if b < *a { b } else { *a };
    let mut across = cells.to_vec();
    for (out, line) in across
        .chunks_exact_mut(columns)
        .zip(cells.chunks_exact(columns))
    {
        for shift in 1..=PAPER_CELLS.min(columns - 1) {
            for (o, &v) in out.iter_mut().zip(line.iter().skip(shift)) {
                lower(o, v);
            }
            for (o, &v) in out.iter_mut().skip(shift).zip(line) {
                lower(o, v);
            }
        }
    }
    let mut down = across.clone();
    for shift in 1..=PAPER_CELLS.min(rows.saturating_sub(1)) {
        let offset = shift * columns;
        for (o, &v) in down.iter_mut().zip(across.iter().skip(offset)) {
            lower(o, v);
        }
        for (o, &v) in down.iter_mut().skip(offset).zip(&across) {
            lower(o, v);
        }
    }
    down
}
