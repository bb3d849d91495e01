//! Images in other lights: where the note lies in an ultraviolet, infrared or transmitted image, from the
//! visible image of the same side.
//!
//! Most of what is printed is seen in every light, if not as strongly: dark lines stay dark. So the
//! visible image's own local contrast is what the other image is registered to, beginning where the note
//! lay in the visible image (a scanner that switches lamps leaves the note where it is) and at every
//! outline seen, both ways up.

use super::{Identity, MARGIN, finer_cells, finer_sample, lying};
use crate::compare::order::median;
use crate::note::Light;
use crate::pixels::{Plane, Raster};
use crate::rectify::edges::SettledOutline;
use crate::rectify::homography::{Homography, Point};
use crate::rectify::registration::{
    PaddedGrid, Registration, agreement_in_place, register, register_by,
};
use crate::rectify::{Outlines, Overview, Quad, side_lengths};
use crate::reference::LAYOUT_COLUMNS;

/// Least agreement of the marks common to both images, in the finer look: 360 images of specimens in three lights,
/// laid over their own visible image, reached 0.59 to 0.86, 540 of another side or value at most 0.21.
const LEAST_AGREEMENT: f32 = 0.3;

/// Share of the best agreement in the rough look that others must have to be looked at more finely.
const PROMISING: f32 = 0.5;

/// Cells of the finer look for each cell of a layout, down and along: frames, rosettes and broad letters make
/// any two sides agree a little in cells of 1.2 mm, and nothing does in cells of 0.4 mm but the same print.
const FINER: usize = 3;

/// Pixels for each cell of the finer look.
const PIXELS: f64 = 1.5;

/// A recognised image in visible light.
#[derive(Debug, Clone, Copy)]
pub struct ByDay<'s, 'a> {
    /// Its pixels.
    pub raster: &'s Raster,
    /// Where the note may lie in it, and its overview.
    pub outlines: &'s Outlines,
    /// What it shows.
    pub identity: &'s Identity<'a>,
    /// The paper's outline.
    pub outline: &'s SettledOutline,
}

/// Lays an image in another light over those in visible light: what it then shows, and the paper's
/// outline in it. Its score is the agreement of the marks; its confidence is 0, for it says nothing
/// that the visible image did not. `None` where too few marks agree with any of them.
pub fn lay_over<'a>(
    raster: &Raster,
    light: Light,
    outlines: &Outlines,
    by_day: &[ByDay<'_, 'a>],
) -> Option<(Identity<'a>, SettledOutline)> {
    let mut best: Option<(f32, Quad, &ByDay<'_, 'a>)> = None;
    for day in by_day {
        let near = roughly(raster, light, outlines, day);
        if let Some((score, quad)) = finely(raster, light, day, &near)
            && best.as_ref().is_none_or(|b| score > b.0)
        {
            best = Some((score, quad, day));
        }
    }
    let (score, quad, day) = best?;
    if score < LEAST_AGREEMENT {
        return None;
    }
    let size = day.identity.design.size;
    let print = Homography::from_rectangle(size.width, size.height, &quad)?;
    let moved = day.identity.print.inverse()?.then(&print);
    let identity = Identity {
        print,
        score,
        confidence: 0.0,
        ..day.identity.clone()
    };
    let outline = SettledOutline {
        quad: day.outline.quad.map(|p| moved.apply(p)),
        ..day.outline.clone()
    };
    Some((identity, outline))
}

/// Maps from pixels of the visible image to those of this one under which marks agree in cells of a layout, found
/// near the first guesses. Both images are of one piece of paper, so one is the other shifted, turned and scaled; a
/// freer map would follow what the light shows of the other side instead.
fn roughly(
    raster: &Raster,
    light: Light,
    outlines: &Outlines,
    day: &ByDay<'_, '_>,
) -> Vec<Homography> {
    let view = |of: &Outlines| View {
        luma: of.overview.luma.clone(),
        factor: of.overview.factor,
        finer: 1,
    };
    let corners = day.identity.corners();
    let Some(marks) = view(day.outlines).sample(&corners).map(|grid| grid.core()) else {
        return Vec::new();
    };
    let shown = view(outlines).in_light(light);
    let similar = |from: &Homography, to: &Homography, votes: &[(Point, Point, f64)]| {
        let votes: Vec<_> = votes
            .iter()
            .map(|(a, b, weight)| (from.apply(*a), to.apply(*b), *weight))
            .collect();
        Some(
            from.then(&Homography::fit_similarity(&votes)?)
                .then(&to.inverse()?),
        )
    };
    let found: Vec<(f32, Homography)> = starts(raster, outlines, day)
        .into_iter()
        .filter_map(|start| {
            shown.register(&corners, start, &marks, |grid, radius, from, to| {
                register_by(grid, &marks, radius, |votes, _| similar(from, to, votes))
            })
        })
        .collect();
    let best = found.iter().map(|f| f.0).fold(0.0, f32::max);
    found
        .into_iter()
        .filter(|(score, _)| *score > PROMISING * best)
        .map(|(_, map)| map)
        .collect()
}

/// Once more in finer cells, where marks are many enough for any map: how well they agree at best from any of these
/// starts, and where the corners of the print lie.
fn finely(
    raster: &Raster,
    light: Light,
    day: &ByDay<'_, '_>,
    starts: &[Homography],
) -> Option<(f32, Quad)> {
    let corners = day.identity.corners();
    let view = |raster: &Raster, corners: &Quad| {
        let cell = side_lengths(corners).0 / (FINER * LAYOUT_COLUMNS) as f64;
        let factor = ((cell / PIXELS).round() as usize).max(1);
        View {
            luma: Overview::new(raster, factor).luma,
            factor,
            finer: FINER,
        }
    };
    // The starts differ little in scale.
    let first = starts.first()?;
    let there = corners.map(|p| first.apply(p));
    let marks = view(day.raster, &corners).sample(&corners)?.core();
    let shown = view(raster, &there).in_light(light);
    let (score, map) = starts
        .iter()
        .filter_map(|start| {
            shown.register(&corners, *start, &marks, |grid, radius, _, _| {
                register(grid, &marks, radius)
            })
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some((score, corners.map(|p| map.apply(p))))
}

/// From pixels of the visible image to those of this one, as first guesses: as it lay, and the paper's outline
/// laid on each that is seen, both ways up.
fn starts(raster: &Raster, outlines: &Outlines, day: &ByDay<'_, '_>) -> Vec<Homography> {
    let size = |raster: &Raster| (raster.width() as f64, raster.height() as f64);
    let frame = |(w, h): (f64, f64)| [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
    let same = (frame(size(day.raster)), frame(size(raster)));
    let seen = outlines
        .candidates
        .iter()
        .flat_map(lying)
        .flat_map(|([a, b, c, d], _)| [[a, b, c, d], [c, d, a, b]])
        .map(|quad| (day.outline.quad, quad));
    std::iter::once(same)
        .chain(seen)
        .filter_map(|(from, to)| {
            let pairs: Vec<_> = from.into_iter().zip(to).map(|(a, b)| (a, b, 1.0)).collect();
            Homography::fit_similarity(&pairs)
        })
        .collect()
}

/// An image as marks are looked for in it.
struct View {
    luma: Plane,
    /// Image pixels for each pixel of the plane.
    factor: usize,
    /// Cells for each cell of a layout, down and along.
    finer: usize,
}

impl View {
    /// All that is lighter than the paper brought down to the paper where the light makes things glow: what
    /// glows is not seen by day, and what print there is, is dark on dark.
    fn in_light(mut self, light: Light) -> Self {
        if light == Light::Ultraviolet {
            let mut levels: Vec<f32> = self.luma.iter().copied().collect();
            if let Some(paper) = median(&mut levels) {
                self.luma.mapv_inplace(|v| v.min(paper));
            }
        }
        self
    }

    fn sample(&self, quad: &Quad) -> Option<PaddedGrid> {
        finer_sample(&self.luma, self.factor, quad, self.finer)
    }

    /// The map from pixels of the visible image, where the print's corners lie at `corners`, that `look` finds around
    /// `start`, and how well the marks agree under it. `look` gets the grid to register, a radius, and the maps from
    /// cells to pixels of the visible image and of this one.
    fn register(
        &self,
        corners: &Quad,
        start: Homography,
        marks: &Plane,
        look: impl Fn(&PaddedGrid, usize, &Homography, &Homography) -> Option<Registration>,
    ) -> Option<(f32, Homography)> {
        let by_day = finer_cells(corners, self.finer)?;
        let back = by_day.inverse()?;
        let under = |map: &Homography| {
            let quad = corners.map(|p| map.apply(p));
            Some((finer_cells(&quad, self.finer)?, self.sample(&quad)?))
        };
        let (mut here, mut grid) = under(&start)?;
        // In place: parts that look each for their own best place agree with anything a little.
        let mut best = (agreement_in_place(&grid, marks), start);
        for radius in [MARGIN, 2, 2] {
            let Some(found) = look(&grid, radius, &by_day, &here) else {
                break;
            };
            let map = back.then(&found.map).then(&here);
            let Some(next) = under(&map) else { break };
            let score = agreement_in_place(&next.1, marks);
            if score <= best.0 {
                break;
            }
            best = (score, map);
            (here, grid) = next;
        }
        Some(best)
    }
}
