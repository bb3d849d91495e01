//! Which design, which side, which way up.
//!
//! Every outline that may hold a note is sampled as a grid of normalised local contrast and compared
//! with the layout of every reference note: roughly with all of them, then by registration with the
//! few that are left. Ink colours, soil and lighting play no part, so a copy in grey is recognised
//! as the design it copies.

pub mod lights;

use crate::note::Side;
use crate::pixels::Plane;
use crate::rectify::homography::{Homography, Point};
use crate::rectify::registration::{
    Glance, PaddedGrid, Registration, agreement_in_place, register,
};
use crate::rectify::{Origin, Outline, Outlines, Quad, distance, side_lengths};
use crate::reference::{Design, LAYOUT_COLUMNS, LAYOUT_ROWS, Library};

/// Cells sampled beyond the outline on each side, so that it may be off by as much.
pub(crate) const MARGIN: usize = 5;
/// How often a match is sampled again where it was found at most: the frame as outline may be a
/// tenth of the note off, and the first map skewed by what was cut off.
const ROUNDS: usize = 4;
/// Designs that are registered after the first look.
const SHORTLIST: usize = 4;
/// The same where none of those few fitted.
const LONGLIST: usize = 12;
/// Share of the best first look that a third and fourth design must reach.
const PROMISING: f32 = 0.6;
/// How much sampling again where the print was found adds to the score at most.
const REFINING: f32 = 0.3;

/// A layout in a library, ready for comparing.
#[derive(Debug)]
struct Template<'a> {
    design: &'a Design,
    side: Side,
    layout: &'a Plane,
    glance: Glance,
}

/// Compares scans with a library's layouts.
#[derive(Debug)]
pub struct Identifier<'a> {
    library: &'a Library,
    templates: Vec<Template<'a>>,
}

/// What a scan shows.
#[derive(Debug, Clone)]
pub struct Identity<'a> {
    /// The design.
    pub design: &'a Design,
    /// The side.
    pub side: Side,
    /// By how much the note lies turned clockwise in the scan: 0, 90, 180 or 270 degrees.
    pub turned: u16,
    /// Probability that design and side are right.
    pub confidence: f64,
    /// Agreement of the printed structure, -1..=1.
    pub score: f32,
    /// From millimetres on the upright side (of nominal size) to scan pixels, as the print says.
    pub print: Homography,
}

impl Identity<'_> {
    /// Where the corners of the nominal note lie in the scan, as the print says.
    pub fn corners(&self) -> Quad {
        let size = self.design.size;
        [
            [0.0, 0.0],
            [size.width, 0.0],
            [size.width, size.height],
            [0.0, size.height],
        ]
        .map(|p| self.print.apply(p))
    }
}

/// One outline seen one way up.
struct View {
    quad: Quad,
    turned: u16,
    grid: PaddedGrid,
    glance: Glance,
}

/// A view matched with a template.
#[derive(Clone)]
struct Match<'a> {
    design: &'a Design,
    side: Side,
    layout: &'a Plane,
    turned: u16,
    quad: Quad,
    registration: Registration,
    /// Agreement where it was found, no part of it looking for a better place, once that was sampled.
    in_place: Option<f32>,
}

impl<'a> Identifier<'a> {
    /// Prepares a library's layouts.
    pub fn new(library: &'a Library) -> Self {
        let templates = library
            .designs()
            .iter()
            .flat_map(|design| {
                design
                    .measured
                    .iter()
                    .map(move |(side, measured)| Template {
                        design,
                        side: *side,
                        layout: &measured.layout,
                        glance: Glance::of(&measured.layout.view()),
                    })
            })
            .collect();
        Self { library, templates }
    }

    /// The library that it compares with.
    pub fn library(&self) -> &'a Library {
        self.library
    }

    /// Says what the scan shows; `None` where no layout fits.
    pub fn identify(&self, outlines: &Outlines) -> Option<Identity<'a>> {
        let best = self.candidates(outlines);
        let top = best.first()?;
        let second = best
            .iter()
            .find(|m| m.design.id != top.design.id || m.side != top.side)
            .map_or(0.0, |m| m.registration.score);
        let agreement = top.in_place.unwrap_or_else(|| in_place(top, outlines));
        let confidence = confidence(agreement, top.registration.score - second.max(0.0));
        let print = print_map(top)?;
        (confidence >= RECOGNISED).then_some(Identity {
            design: top.design,
            side: top.side,
            turned: top.turned,
            confidence,
            score: agreement,
            print,
        })
    }

    /// The best matches, best first.
    fn candidates(&self, outlines: &Outlines) -> Vec<Match<'a>> {
        let views = views(outlines);
        let mut found = self.best_matches(&views, outlines, SHORTLIST);
        if found.first().is_none_or(|m| m.registration.score < SURE) {
            // Now every design that the first look does not rule out, and further outlines.
            found = self.best_matches(&views, outlines, LONGLIST);
            let more = self.further_views(outlines);
            found.extend(self.best_matches(&more, outlines, LONGLIST));
            found.sort_by(|a, b| b.registration.score.total_cmp(&a.registration.score));
        }
        found
    }

    fn best_matches(&self, views: &[View], outlines: &Outlines, most: usize) -> Vec<Match<'a>> {
        let mut rough: Vec<(f32, &Template<'a>, &View)> = self
            .templates
            .iter()
            .filter_map(|template| {
                views
                    .iter()
                    .map(|view| (view.glance.agreement(&template.glance), template, view))
                    .max_by(|a, b| a.0.total_cmp(&b.0))
            })
            .collect();
        rough.sort_by(|a, b| b.0.total_cmp(&a.0));
        let enough = match most {
            SHORTLIST => rough.first().map_or(0.0, |best| PROMISING * best.0),
            _ => f32::MIN,
        };
        let mut found: Vec<Match<'a>> = rough
            .iter()
            .enumerate()
            .take_while(|(rank, (agreement, ..))| {
                *rank < 2 || (*rank < most && *agreement > enough)
            })
            .map(|(_, candidate)| candidate)
            .filter_map(|(_, template, view)| match_view(template, view))
            .collect();
        found.sort_by(|a, b| b.registration.score.total_cmp(&a.registration.score));
        // Once more from where they came out, as long as another could still be the best.
        let mut best = f32::MIN;
        for found in &mut found {
            if found.registration.score + REFINING < best {
                break;
            }
            refine(found, outlines);
            best = best.max(found.registration.score);
        }
        found.sort_by(|a, b| b.registration.score.total_cmp(&a.registration.score));
        found
    }

    /// Further outlines, for notes that were not found at first: those that go on beyond the frame
    /// (the sides that are seen, completed to the shape of each size of note in the library), and
    /// those that lie inside of it on a bed of their own colour.
    fn further_views(&self, outlines: &Outlines) -> Vec<View> {
        let mut aspects: Vec<f64> = Vec::new();
        for template in &self.templates {
            let aspect = template.design.size.aspect();
            if aspects.iter().all(|a| (a / aspect - 1.0).abs() > 0.01) {
                aspects.push(aspect);
            }
        }
        let mut out = Vec::new();
        for outline in &outlines.candidates {
            for quad in lying(outline) {
                let (across, down) = side_lengths(&quad.0);
                for aspect in &aspects {
                    let (wider, taller) = (aspect * down / across, across / (aspect * down));
                    for (grow, axis) in [(wider, 0), (taller, 1)] {
                        if !(1.02..1.8).contains(&grow) {
                            continue;
                        }
                        for anchor in [0.0, 1.0] {
                            let grown = grown(&quad.0, grow, axis, anchor);
                            out.extend(view(outlines, grown, quad.1));
                        }
                    }
                    if outline.origin == Origin::Frame {
                        for share in [0.95, 0.88, 0.8] {
                            let (x, y) = if wider < 1.0 {
                                (wider, 1.0)
                            } else {
                                (1.0, taller)
                            };
                            let inner = grown(&quad.0, share * x, 0, 0.5);
                            let inner = grown(&inner, share * y, 1, 0.5);
                            out.extend(view(outlines, inner, quad.1));
                        }
                    }
                }
            }
        }
        out
    }
}

/// The quadrilateral stretched along one axis about one of its ends.
pub(crate) fn grown(quad: &Quad, by: f64, axis: usize, anchor: f64) -> Quad {
    let Some(map) = Homography::from_rectangle(1.0, 1.0, quad) else {
        return *quad;
    };
    [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]].map(|mut p: Point| {
        p[axis] = anchor + (p[axis] - anchor) * by;
        map.apply(p)
    })
}

/// The outline with its long side across, and by how much the note is then turned; both ways for
/// shapes that are nearly square.
pub(crate) fn lying(outline: &Outline) -> Vec<(Quad, u16)> {
    let (across, down) = side_lengths(&outline.quad);
    let [a, b, c, d] = outline.quad;
    let mut out = Vec::new();
    if across > 0.8 * down {
        out.push(([a, b, c, d], 0));
    }
    if down > 0.8 * across {
        // The note's top runs down the right of the scan.
        out.push(([b, c, d, a], 90));
    }
    out
}

fn views(outlines: &Outlines) -> Vec<View> {
    outlines
        .candidates
        .iter()
        .flat_map(lying)
        .flat_map(|(quad, turned)| view(outlines, quad, turned))
        .collect()
}

/// The view of an outline and the one upside down.
fn view(outlines: &Outlines, quad: Quad, turned: u16) -> Vec<View> {
    let Some(grid) = sample(outlines, &quad) else {
        return Vec::new();
    };
    let [a, b, c, d] = quad;
    let over = grid.turned();
    [(quad, turned, grid), ([c, d, a, b], turned + 180, over)]
        .into_iter()
        .map(|(quad, turned, grid)| View {
            quad,
            turned,
            glance: Glance::of(&grid.core().view()),
            grid,
        })
        .collect()
}

pub(crate) fn cells(quad: &Quad) -> Option<Homography> {
    finer_cells(quad, 1)
}

/// From cells, so many for each cell of a layout down and along, to pixels.
fn finer_cells(quad: &Quad, finer: usize) -> Option<Homography> {
    let (columns, rows) = (finer * LAYOUT_COLUMNS, finer * LAYOUT_ROWS);
    Homography::from_rectangle(columns as f64, rows as f64, quad)
}

pub(crate) fn sample(outlines: &Outlines, quad: &Quad) -> Option<PaddedGrid> {
    finer_sample(&outlines.overview.luma, outlines.overview.factor, quad, 1)
}

/// The same of a scan reduced by a factor, in finer cells.
fn finer_sample(luma: &Plane, factor: usize, quad: &Quad, finer: usize) -> Option<PaddedGrid> {
    let scale = 1.0 / factor as f64;
    let map = finer_cells(&quad.map(|[x, y]| [x * scale, y * scale]), finer)?;
    let (rows, columns) = (finer * LAYOUT_ROWS, finer * LAYOUT_COLUMNS);
    Some(PaddedGrid::sample(luma, &map, rows, columns, MARGIN))
}

/// Registers a view with a template.
fn match_view<'a>(template: &Template<'a>, view: &View) -> Option<Match<'a>> {
    Some(Match {
        design: template.design,
        side: template.side,
        layout: template.layout,
        turned: view.turned,
        quad: view.quad,
        registration: register(&view.grid, template.layout, MARGIN)?,
        in_place: None,
    })
}

/// Samples and registers again where the reference was found, until it lies there or is no better.
fn refine(found: &mut Match<'_>, outlines: &Outlines) {
    for _ in 0..ROUNDS {
        let Some(moved) = registered_quad(&found.registration.map, &found.quad) else {
            return;
        };
        let (before, after) = (side_lengths(&found.quad), side_lengths(&moved));
        // A map that halves or doubles the note was voted for by chance.
        let sane = |ratio: f64| (0.6..1.7).contains(&ratio);
        if !sane(after.0 / before.0) || !sane(after.1 / before.1) {
            return;
        }
        let Some(grid) = sample(outlines, &moved) else {
            return;
        };
        let in_place = Some(agreement_in_place(&grid, found.layout));
        match register(&grid, found.layout, MARGIN) {
            Some(again) if again.score >= found.registration.score => {
                let there = near_identity(&again.map);
                (found.quad, found.registration) = (moved, again);
                if there {
                    found.in_place = in_place;
                    return;
                }
            }
            _ => {
                found.in_place = in_place;
                return;
            }
        }
    }
}

/// A map that moves no corner by more than this, cells, is not worth sampling again for: a cell is
/// 1.2 mm, and the peak of a correlation is found to a few hundredths of a cell so near to a sample.
const NEAR: f64 = 0.25;

fn near_identity(map: &Homography) -> bool {
    let (w, h) = (LAYOUT_COLUMNS as f64, LAYOUT_ROWS as f64);
    [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]]
        .iter()
        .all(|corner| distance(&map.apply(*corner), corner) < NEAR)
}

/// Where the corners of the reference lie, given where its cells were found in a sampled outline.
pub(crate) fn registered_quad(map: &Homography, quad: &Quad) -> Option<Quad> {
    let to_scan = map.then(&cells(quad)?);
    let (w, h) = (LAYOUT_COLUMNS as f64, LAYOUT_ROWS as f64);
    Some([[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]].map(|p| to_scan.apply(p)))
}

fn print_map(found: &Match<'_>) -> Option<Homography> {
    let quad = registered_quad(&found.registration.map, &found.quad)?;
    Homography::from_rectangle(found.design.size.width, found.design.size.height, &quad)
}

/// Score from which no further outlines are tried.
const SURE: f32 = 0.8;

/// Least confidence with which a note is called recognised.
const RECOGNISED: f64 = 0.5;

/// Agreement of a match where it came out, no part of it looking for a better place.
fn in_place(found: &Match<'_>, outlines: &Outlines) -> f32 {
    registered_quad(&found.registration.map, &found.quad)
        .and_then(|quad| sample(outlines, &quad))
        .map_or(0.0, |grid| agreement_in_place(&grid, found.layout))
}

/// Probability that the best match is right, from its agreement in place and its lead over the next
/// design.
fn confidence(agreement: f32, lead: f32) -> f64 {
    let (agreement, lead) = (f64::from(agreement), f64::from(lead));
    1.0 / (1.0 + (-(40.0 * (agreement - 0.62) + 8.0 * (lead - 0.1).min(0.1))).exp())
}
