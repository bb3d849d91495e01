//! # uv-thread: does the security thread glow in its colour, at its place?
//!
//! **What it is.** The security threads of many notes glow under ultraviolet light, each value in its
//! own colour.
//!
//! **How it is measured.** Band by band, 2 mm high, how far each column of the side stands out in linear
//! light from what lies 1.5 to 3.5 mm beside it. The thread is the column, near its published place or
//! anywhere where none is published, that three quarters of the bands show most. `glow` is how far it
//! stands out, `place` how far its middle lies from the published one, `hue` its colour.
//!
//! **Unit.** `glow`: doublings above a hundredth of the scanner's full scale; `place`: mm; `hue`: degrees
//! from the published colour on the hue circle.
//!
//! **What it cannot see.** A thread that was drawn in the right fluorescent ink.
//!
//! **What fools it.** Dirt and paint over the thread dim it; a scan that is exposed so far that the glow
//! turns white has no hue, and the hue is then not examined.

use ndarray::Axis;

use super::lit::{
    Line, Lit, doublings, facts, hue, hue_origin, hue_range, on_side, turn, upright_line,
};
use super::{Face, Feature, Measurement, Needs, Published, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::order::median;
use crate::note::{Light, RectMm, Side};
use crate::reference::Design;

/// Cells a millimetre that it is looked for in.
const CELLS: f64 = 4.0;
/// How far off its published place a thread is looked for, mm.
pub(crate) const REACH_MM: f64 = 3.0;
/// Least light that is told from none, of full scale.
pub(crate) const FLOOR: f32 = 0.01;

/// See the page above.
#[derive(Debug)]
pub struct UvThread;

impl Feature for UvThread {
    fn id(&self) -> &'static str {
        "uv-thread"
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
        Some("security-thread")
    }

    fn odd(&self, zone: &str) -> Odd {
        match zone {
            "glow" => Odd::Below,
            _ => Odd::Both,
        }
    }

    fn published<'d>(&self, design: &'d Design, side: Side, zone: &str) -> Option<Published<'d>> {
        let fact = facts(design, "security-thread", side, Light::Ultraviolet).next()?;
        (zone == "hue")
            .then(|| Published::of(fact, hue_range(&fact.colours)?))
            .flatten()
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let Some(fact) = facts(face.design, "security-thread", face.side, face.light).next() else {
            return Ok(Vec::new());
        };
        let (lit, rect) = Lit::inside(face, CELLS)?;
        let place = on_side(fact, face.side, face.design.size);
        let luminance = lit.luminance();
        let line = upright_line(&luminance, rect, CELLS, thread_search(place, rect))
            .ok_or_else(|| Unmeasured::Covered("the thread lies beyond the scan".to_owned()))?;
        Ok(readings(&lit, rect, line, fact, place))
    }

    fn least_spread(&self) -> f64 {
        0.3
    }
}

/// Where a thread is looked for, mm: near its place, or all over the side.
pub(crate) fn thread_search(place: Option<RectMm>, inside: RectMm) -> [f64; 2] {
    place.map_or([inside.x, inside.x + inside.width], |p| {
        let middle = p.middle()[0];
        [middle - REACH_MM, middle + REACH_MM]
    })
}

fn readings(
    lit: &Lit,
    rect: RectMm,
    line: Line,
    fact: &crate::reference::SecurityFeature,
    place: Option<RectMm>,
) -> Vec<Reading> {
    let zone_mm = RectMm {
        x: line.x - 0.75,
        width: 1.5,
        ..rect
    };
    let reading = |zone: &str, value: f64, unit| Reading {
        zone: zone.to_owned(),
        result: Ok(Measurement {
            value,
            unit,
            zone_mm,
        }),
    };
    let mut out = vec![reading(
        "glow",
        doublings(line.strength, FLOOR),
        "doublings",
    )];
    if line.strength < FLOOR {
        // Nothing glows: it has neither a place nor a colour.
        return out;
    }
    if let Some(place) = place {
        out.push(reading("place", line.x - place.middle()[0], "mm"));
    }
    match colour(lit, rect, line).and_then(hue) {
        Some(hue) => out.push(reading(
            "hue",
            turn(hue_origin(&fact.colours), hue),
            "degrees",
        )),
        None => out.push(Reading {
            zone: "hue".to_owned(),
            result: Err(Unmeasured::Other(
                "the thread's glow is grey: scan it with less exposure".to_owned(),
            )),
        }),
    }
    out
}

/// The line's colour beyond that of what lies beside it.
fn colour(lit: &Lit, rect: RectMm, line: Line) -> Option<[f32; 3]> {
    let at = |mm: f64| ((mm - rect.x) * CELLS).round().max(0.0) as usize;
    let mut out = [0.0; 3];
    for (channel, value) in out.iter_mut().enumerate() {
        let plane = lit.planes.index_axis(Axis(0), channel);
        let middle = |from: f64, to: f64| -> Option<f32> {
            let columns = at(from)..at(to).min(plane.ncols());
            let mut values: Vec<f32> = columns.flat_map(|x| plane.column(x).to_vec()).collect();
            median(&mut values)
        };
        let beside = [
            middle(line.x - 3.5, line.x - 1.5),
            middle(line.x + 1.5, line.x + 3.5),
        ];
        let beside = beside.into_iter().flatten().reduce(f32::min)?;
        *value = (middle(line.x - 0.5, line.x + 0.5)? - beside).max(0.0);
    }
    Some(out)
}
