//! # uv-print: does the fluorescent print glow, in its colour?
//!
//! **What it is.** Print in fluorescent ink that is not seen by day, and inks that glow besides being
//! seen, as of serial numbers.
//!
//! **How it is measured.** In each place with fluorescent print, and where the serial numbers stand: how
//! far the brightest twentieth of it stands out from the side's paper, what share of it glows, and the
//! colour of what glows, in linear light.
//!
//! **Unit.** `…-glow`: doublings above a hundredth of the scanner's full scale; `…-area`: percent;
//! `…-hue`: degrees from the published colour on the hue circle.
//!
//! **What it cannot see.** What the glowing print says; a copy in fluorescent inks.
//!
//! **What fools it.** Dirt dims the glow; tape and laundry add one.

use ndarray::Zip;

use super::lit::{Lit, doublings, facts, hue, hue_origin, hue_range, paper_level, turn, upper};
use super::{Face, Feature, Measurement, Needs, Published, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::note::{Light, RectMm, Side};
use crate::reference::{Design, SecurityFeature};

/// Cells a millimetre: letters of a serial number are a few cells high.
const CELLS: f64 = 4.0;
/// Least light that is told from none, of full scale.
const FLOOR: f32 = 0.01;
/// Share of a place that is taken to be the brightest of it.
const BRIGHTEST: f64 = 0.05;
/// Room for the float of serial numbers, mm.
const FLOAT_MM: f64 = 1.0;

/// See the page above.
#[derive(Debug)]
pub struct UvPrint;

/// Places with fluorescent print: name, rectangle, and the fact that states it.
fn places<'d>(face: &Face<'d>) -> Vec<(String, RectMm, &'d SecurityFeature)> {
    let design = face.design;
    let mut out = Vec::new();
    let mut any = None;
    for (i, fact) in facts(design, "fluorescent-print", face.side, face.light).enumerate() {
        any = any.or(Some(fact));
        if let Some(rect) = fact.rect_mm {
            out.push((format!("print-{}", i + 1), rect, fact));
        }
    }
    let serials = design
        .zones
        .iter()
        .filter(|zone| zone.side == face.side && zone.id.starts_with("serial-"));
    if let Some(fact) = any {
        out.extend(serials.map(|zone| (zone.id.clone(), zone.rect_mm.grown(FLOAT_MM), fact)));
    }
    out
}

impl Feature for UvPrint {
    fn id(&self) -> &'static str {
        "uv-print"
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
        Some("fluorescent-print")
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn published<'d>(&self, design: &'d Design, side: Side, zone: &str) -> Option<Published<'d>> {
        let number = zone.strip_prefix("print-")?.strip_suffix("-hue")?;
        let index: usize = number.parse().ok()?;
        let fact = facts(design, "fluorescent-print", side, Light::Ultraviolet)
            .nth(index.checked_sub(1)?)?;
        // The first colour is that of the place; others are those of print elsewhere.
        Published::of(fact, hue_range(fact.colours.get(..1)?)?)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let places = places(face);
        if places.is_empty() {
            return Err(Unmeasured::NotCalibrated(
                "it is not published where the fluorescent print lies".to_owned(),
            ));
        }
        let paper = paper_level(&Lit::inside(face, 2.0)?.0);
        let mut out = Vec::new();
        for (name, rect, fact) in places {
            let lit = Lit::part(face, rect, CELLS)?;
            let luminance = lit.luminance();
            let above = upper(&luminance, BRIGHTEST) - paper;
            let glows = luminance.mapv(|v| v - paper > 0.5 * above.max(FLOOR));
            let share = Zip::from(&glows).fold(0.0, |n, g| if *g { n + 1.0 } else { n })
                / glows.len() as f64;
            let mut push = |what: &str, value: f64, unit| {
                out.push(Reading {
                    zone: format!("{name}-{what}"),
                    result: Ok(Measurement {
                        value,
                        unit,
                        zone_mm: rect,
                    }),
                });
            };
            push("glow", doublings(above, FLOOR), "doublings");
            if above <= FLOOR {
                continue;
            }
            push("area", 100.0 * share, "%");
            if let Some(hue) = lit.mean(|at| glows.get(at) == Some(&true)).and_then(hue) {
                push("hue", turn(hue_origin(&fact.colours), hue), "degrees");
            }
        }
        Ok(out)
    }

    fn least_spread(&self) -> f64 {
        0.3
    }
}
