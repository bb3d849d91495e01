//! # uv-fibres: are there fibres in the paper that glow?
//!
//! **What it is.** Fibres strewn into the pulp that glow in a few colours under ultraviolet light, at
//! random places.
//!
//! **How it is measured.** Narrow strokes 1 to 8 mm long that stand out from their surroundings (1 mm) in
//! colour (greatest less least channel, linear light), away from the edges and from thread, serial numbers and fluorescent print. A fibre
//! glows in one of the published colours; lint, which carries brightener, glows bluish white and is not
//! counted, nor is what is short, broad or of another colour.
//!
//! **Unit.** Doublings: 5 for 31 fibres, 0 for none.
//!
//! **What it cannot see.** Whether a fibre lies in the paper or was printed on it.
//!
//! **What fools it.** Dirt hides fibres. Where the paper itself glows, after a laundry, they are not told
//! from it, and not examined.

use ndarray::Axis;

use super::lit::{Lit, facts, hue, hue_of, on_side, turn};
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::order::median;
use crate::compare::regions::regions;
use crate::note::{Light, RectMm};
use crate::pixels::box_mean;

/// Cells a millimetre: a fibre is a tenth of a millimetre wide.
const CELLS: f64 = 7.0;
/// Lengths of fibres, mm.
const LENGTH_MM: [f64; 2] = [1.0, 8.0];
/// Greatest width of what is seen of a fibre, mm.
const WIDTH_MM: f64 = 0.9;
/// Least light that stands out, of full scale.
const LEAST: f32 = 0.01;
/// The same in standard deviations of the paper's grain.
const LEAST_DEVIATIONS: f32 = 6.0;

/// Where more than this share of full scale would be needed to stand out, fibres are not told: they
/// stand out by 0.03 to 0.5 on the specimens.
const TOO_BRIGHT: f32 = 0.05;

/// See the page above.
#[derive(Debug)]
pub struct UvFibres;

impl Feature for UvFibres {
    fn id(&self) -> &'static str {
        "uv-fibres"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Ultraviolet,
            px_per_mm: CELLS,
            colour: false,
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some("fluorescent-fibres")
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Below
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let fact = facts(face.design, "fluorescent-fibres", face.side, face.light).next();
        let colours: Vec<(f64, f64)> = fact
            .into_iter()
            .flat_map(|fact| &fact.colours)
            .filter_map(|word| hue_of(word))
            .collect();
        let (lit, rect) = Lit::inside(face, CELLS)?;
        // How coloured each cell is: print and grain are grey in this light.
        let colour = lit.planes.map_axis(Axis(0), |rgb| {
            let (most, least) = rgb
                .iter()
                .fold((0.0f32, 1.0f32), |(m, l), v| (m.max(*v), l.min(*v)));
            most - least
        });
        let above = &colour - &box_mean(&colour, CELLS as usize);
        let mut sizes: Vec<f32> = above.iter().map(|v| v.abs()).collect();
        // Of a normal distribution, the median of the absolute values is 0.6745 standard deviations.
        let grain = median(&mut sizes).unwrap_or(0.0) / 0.6745;
        let least = (LEAST_DEVIATIONS * grain).max(LEAST);
        if least > TOO_BRIGHT {
            return Err(Unmeasured::Other(
                "the paper itself glows so much that fibres are not told from it".to_owned(),
            ));
        }
        let closed = glowing_places(face);
        let mut mask = above.mapv(|v| v > 0.5 * least);
        for ((row, column), shown) in mask.indexed_iter_mut() {
            let place = [
                rect.x + (column as f64 + 0.5) / CELLS,
                rect.y + (row as f64 + 0.5) / CELLS,
            ];
            *shown &= !closed.iter().any(|closed| closed.holds(place));
        }
        let background = [0, 1, 2].map(|c| {
            let plane = lit.planes.index_axis(Axis(0), c);
            let mut values: Vec<f32> = plane.iter().copied().collect();
            median(&mut values).unwrap_or(0.0)
        });
        let fibres = regions(&mask, 5)
            .iter()
            .filter(|region| region.cells.iter().any(|at| above[*at] > least))
            .filter(|region| {
                let (length, width) = region.principal();
                let (length, width) = (length / CELLS, width / CELLS);
                if !(LENGTH_MM[0]..LENGTH_MM[1]).contains(&length)
                    || width > WIDTH_MM
                    || length < 2.0 * width
                {
                    return false;
                }
                let mut sum = [0.0f32; 3];
                for at in &region.cells {
                    for (c, s) in sum.iter_mut().enumerate() {
                        *s += (lit.planes[[c, at.0, at.1]] - background[c]).max(0.0)
                            / region.cells.len() as f32;
                    }
                }
                hue(sum).is_some_and(|seen| {
                    colours.is_empty()
                        || colours
                            .iter()
                            .any(|(middle, reach)| turn(*middle, seen).abs() <= *reach)
                })
            })
            .count();
        Ok(vec![Reading::side(Ok(Measurement {
            value: (fibres as f64 + 1.0).log2(),
            unit: "doublings",
            zone_mm: rect,
        }))])
    }

    fn least_spread(&self) -> f64 {
        0.3
    }

    /// Fibres are strewn at random: no accident takes nearly all of them away.
    fn accidents(&self) -> bool {
        false
    }
}

/// Where other things glow.
fn glowing_places(face: &Face<'_>) -> Vec<RectMm> {
    let of = |kind| {
        facts(face.design, kind, face.side, face.light)
            .filter_map(|fact| on_side(fact, face.side, face.design.size))
    };
    let print = of("fluorescent-print").map(|r| r.grown(1.0));
    let thread = of("security-thread").map(|r| r.grown(2.5));
    let serials = face
        .design
        .zones
        .iter()
        .filter(|zone| zone.side == face.side && zone.id.starts_with("serial-"))
        .map(|zone| zone.rect_mm.grown(2.0));
    print.chain(thread).chain(serials).collect()
}
