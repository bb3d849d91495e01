//! # ir-zones: which print stays in infrared light, and which vanishes?
//!
//! **What it is.** Inks that look alike are made to differ in the near infrared: part of a picture stays
//! dark, the rest vanishes. Copies are all of one kind.
//!
//! **How it is measured.** In each printed place of the side: the span of linear light from its darkest
//! to its lightest tenth, as a share of the light of the side's paper. Print that vanishes has next to
//! none; which places those are is learned from genuine notes.
//!
//! **Unit.** Share of the paper's light.
//!
//! **What it cannot see.** Places without a zone in the reference note, and those below 10 mm².
//!
//! **What fools it.** Rubbed and faded print spans less; stamps and writing in carbon ink span more.

use super::lit::{Lit, upper};
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::note::Light;
use crate::reference::Process;

/// Cells a millimetre.
const CELLS: f64 = 4.0;
/// Smallest place that is measured, mm².
const LEAST_AREA: f64 = 10.0;

/// See the page above.
#[derive(Debug)]
pub struct IrZones;

impl Feature for IrZones {
    fn id(&self) -> &'static str {
        "ir-zones"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Infrared,
            px_per_mm: CELLS,
            colour: false,
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some("infrared-pattern")
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let zones: Vec<_> = face
            .design
            .zones
            .iter()
            .filter(|zone| {
                zone.side == face.side
                    && zone.print != Process::Paper
                    && zone.rect_mm.width * zone.rect_mm.height >= LEAST_AREA
            })
            .collect();
        if zones.is_empty() {
            return Err(Unmeasured::NotCalibrated(
                "no printed place of this side is known".to_owned(),
            ));
        }
        let paper = upper(&Lit::inside(face, 2.0)?.0.luminance(), 0.2);
        if paper <= 0.0 {
            return Err(Unmeasured::Covered("no paper is seen".to_owned()));
        }
        Ok(zones
            .into_iter()
            .map(|zone| Reading {
                zone: zone.id.clone(),
                result: Lit::part(face, zone.rect_mm, CELLS).map(|lit| {
                    let light = lit.luminance();
                    Measurement {
                        value: f64::from((upper(&light, 0.1) - upper(&light, 0.9)) / paper),
                        unit: "of the paper",
                        zone_mm: zone.rect_mm,
                    }
                }),
            })
            .collect())
    }

    fn least_spread(&self) -> f64 {
        0.01
    }
}
