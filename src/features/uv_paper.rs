//! # uv-paper: does the paper glow under ultraviolet light?
//!
//! **What it is.** Banknote paper is made of cotton without brightener and stays dark under ultraviolet
//! light; office paper glows bluish white.
//!
//! **How it is measured.** The median luminance of the side in linear light, 3 mm from the edges or
//! more. Print covers part of the paper on every note alike, and what glows covers less than half.
//!
//! **Unit.** Percent of the scanner's full scale. Where no notes were enrolled, paper that is stated to
//! be dark is expected below 10 %.
//!
//! **What it cannot see.** A forgery on paper without brightener.
//!
//! **What fools it.** A note that went through the laundry carries its brightener: so a note is never
//! called suspect for this alone.

use super::lit::{Lit, facts, paper_level};
use super::{Face, Feature, Measurement, Needs, Published, Reading, Unmeasured};
use crate::note::{Light, Side};
use crate::reference::Design;

/// Paper that is stated to be dark sends back less than this, percent: dark paper of the specimens
/// 1 to 5, office paper 20 and more.
const DARK: f64 = 10.0;

/// See the page above.
#[derive(Debug)]
pub struct UvPaper;

impl Feature for UvPaper {
    fn id(&self) -> &'static str {
        "uv-paper"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Ultraviolet,
            px_per_mm: 2.0,
            colour: false,
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some("paper-fluorescence")
    }

    fn excuse(&self) -> Option<&'static str> {
        Some("the brightener of a laundry makes genuine paper glow as well")
    }

    fn published<'d>(&self, design: &'d Design, side: Side, _zone: &str) -> Option<Published<'d>> {
        let fact = facts(design, "paper-fluorescence", side, Light::Ultraviolet).next()?;
        let dark = fact.colours.iter().any(|c| c == "dark");
        dark.then(|| Published::of(fact, [0.0, DARK])).flatten()
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let (lit, rect) = Lit::inside(face, 2.0)?;
        Ok(vec![Reading::side(Ok(Measurement {
            value: 100.0 * f64::from(paper_level(&lit)),
            unit: "%",
            zone_mm: rect,
        }))])
    }

    fn least_spread(&self) -> f64 {
        0.5
    }
}
