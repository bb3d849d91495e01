//! Images in other lights: where the note lies in an ultraviolet, infrared or transmitted image, from the
//! visible image of the same side.
//!
//! Most of what is printed is seen in every light, if not as strongly: dark lines stay dark. So the
//! visible image's own local contrast is what the other image is registered to, beginning where the note
//! lay in the visible image (a scanner that switches lamps leaves the note where it is) and at every
//! outline seen, both ways up.

use super::{Identity, MARGIN, lying, registered_quad, sample};
use crate::compare::order::median;
use crate::note::Light;
use crate::pixels::{Plane, Raster};
use crate::rectify::edges::SettledOutline;
use crate::rectify::homography::Homography;
use crate::rectify::registration::{agreement_in_place, register};
use crate::rectify::{Outlines, Quad};

/// Least agreement of the marks common to both images. Sides of three specimens laid over their own
/// visible image reached 0.36 to 0.92, the back of another value laid over a front at most 0.31.
const LEAST_AGREEMENT: f32 = 0.33;

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
    let shown = match light {
        Light::Ultraviolet => without_glow(outlines),
        _ => outlines.clone(),
    };
    let mut best: Option<(f32, Quad, &ByDay<'_, 'a>)> = None;
    for day in by_day {
        let corners = day.identity.corners();
        let Some(marks) = sample(day.outlines, &corners).map(|grid| grid.core()) else {
            continue;
        };
        let (across, down) = (
            raster.width() as f64 / day.raster.width() as f64,
            raster.height() as f64 / day.raster.height() as f64,
        );
        let same = corners.map(|[x, y]| [x * across, y * down]);
        let seen = outlines
            .candidates
            .iter()
            .flat_map(lying)
            .flat_map(|([a, b, c, d], _)| [[a, b, c, d], [c, d, a, b]]);
        for start in std::iter::once(same).chain(seen) {
            if let Some((score, quad)) = registered(&shown, &marks, start)
                && best.as_ref().is_none_or(|b| score > b.0)
            {
                best = Some((score, quad, day));
            }
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

/// The overview with all that is lighter than its paper brought down to the paper: what glows is not seen
/// by day, and what print there is, is dark on dark.
fn without_glow(outlines: &Outlines) -> Outlines {
    let mut out = outlines.clone();
    let mut levels: Vec<f32> = out.overview.luma.iter().copied().collect();
    if let Some(paper) = median(&mut levels) {
        out.overview.luma.mapv_inplace(|v| v.min(paper));
    }
    out
}

/// Where the marks lie, looked for around `start`, and how well they agree there.
fn registered(outlines: &Outlines, marks: &Plane, start: Quad) -> Option<(f32, Quad)> {
    // In place: parts that look each for their own best place agree with anything a little.
    let agreement = |quad: &Quad| -> Option<f32> {
        sample(outlines, quad).map(|grid| agreement_in_place(&grid, marks))
    };
    let mut best = agreement(&start).map(|score| (score, start));
    let mut quad = start;
    for radius in [MARGIN, 2, 2] {
        let Some(moved) = sample(outlines, &quad)
            .and_then(|grid| register(&grid, marks, radius))
            .and_then(|found| registered_quad(&found.map, &quad))
        else {
            break;
        };
        let Some(score) = agreement(&moved) else {
            break;
        };
        if best.is_some_and(|b| score <= b.0) {
            break;
        }
        best = Some((score, moved));
        quad = moved;
    }
    best
}
