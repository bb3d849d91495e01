//! # see-through-register: do the parts on both sides make one picture?
//!
//! **What it is.** Parts of a figure printed on front and back at one pass, so exactly that they make one
//! figure when light comes through the note. Who prints the sides one after the other misses it.
//!
//! **How it is measured.** The logarithm of the light that comes through its place, at 72 dpi: how far its
//! correlation with the mean of the enrolled notes is from 1, where it fits best within 2.5 mm.
//!
//! **Unit.** 1 minus the correlation.
//!
//! **What it cannot see.** Errors below about a quarter of a millimetre: those of genuine notes.
//!
//! **What fools it.** Stains, writing and thread that run through the figure.

use super::lit::{facts, motif, motif_picture, on_side};
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::motif::find;
use crate::note::Light;

/// See the page above.
#[derive(Debug)]
pub struct SeeThroughRegister;

impl Feature for SeeThroughRegister {
    fn id(&self) -> &'static str {
        "see-through-register"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Transmitted,
            px_per_mm: 4.0,
            colour: false,
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some("see-through-register")
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let zone_mm = facts(face.design, "see-through-register", face.side, face.light)
            .find_map(|fact| on_side(fact, face.side, face.design.size))
            .ok_or_else(|| {
                Unmeasured::NotCalibrated("it is not known where the register lies".to_owned())
            })?;
        let motif = motif(face, "see-through-register").ok_or_else(|| {
            Unmeasured::NotCalibrated("no notes were enrolled in transmitted light".to_owned())
        })?;
        let fit = find(&motif_picture(face, zone_mm)?, motif)
            .ok_or_else(|| Unmeasured::NotCalibrated("enrol the design again".to_owned()))?;
        Ok(vec![Reading::side(Ok(Measurement {
            value: 1.0 - f64::from(fit.correlation),
            unit: "1 - correlation",
            zone_mm,
        }))])
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}
