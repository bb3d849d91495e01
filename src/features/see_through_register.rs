//! # see-through-register: do the parts on both sides make one picture?
//!
//! **What it is.** Parts of a figure printed on front and back at one pass, so exactly that they make one
//! figure when light comes through the note. Who prints the sides one after the other misses it.
//!
//! **How it is measured.** The logarithm of the light that comes through its place, at 72 dpi, in colour, as paper and
//! threads are grey. In it the part of this side and the part of the other one, each the mean of what daylight shows of
//! the enrolled notes there, are looked for together within 2.5 mm of where they belong.
//! `figure:along` and `figure:down` are how far the other side's part lies from where this side's would have it, `own`
//! and `other` how strongly the parts show.
//!
//! **Unit.** `figure:…`: mm; `own`, `other`: of what daylight shows.
//!
//! **What it cannot see.** Errors below about half a millimetre: those of genuine notes. Figures in one grey ink under
//! a thread.
//!
//! **What fools it.** Stains and writing that run through the figure.

use super::lit::{facts, motif, motif_mm, on_side, print_shade};
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::motif::{Both, find_both, mirrored};
use crate::note::{Light, RectMm, Side};
use crate::pixels::Planes;

/// The name of its motifs.
pub(crate) const ID: &str = "see-through-register";

/// Cells by which this side's part lies off at most, as the print of the side was found: 1 mm.
const NEAR: usize = 3;
/// Cells between places that are not the same: 1 mm.
const APART: usize = 3;

/// Where the other side's part fits nearly as well elsewhere, it is not known where it lies. On 32 genuine specimens,
/// soiled, faded, soft and at 220 dpi, other places explained at most 0.59 as much, on 64 out of register 0.67.
const RIVAL: f32 = 0.8;

/// See the page above.
#[derive(Debug)]
pub struct SeeThroughRegister;

impl Feature for SeeThroughRegister {
    fn id(&self) -> &'static str {
        ID
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Transmitted,
            px_per_mm: 4.0,
            colour: true,
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some(ID)
    }

    fn odd(&self, zone: &str) -> Odd {
        if zone.starts_with("figure:") {
            Odd::Both
        } else {
            Odd::Below
        }
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let zone_mm = facts(face.design, ID, face.side, face.light)
            .find_map(|fact| on_side(fact, face.side, face.design.size))
            .ok_or_else(|| {
                Unmeasured::NotCalibrated("it is not known where the register lies".to_owned())
            })?;
        let part = |side: Side| {
            motif(face, ID, side).ok_or_else(|| {
                let why = format!("no {side} was enrolled together with transmitted light");
                Unmeasured::NotCalibrated(why)
            })
        };
        let own = part(face.side)?;
        let other = mirrored(part(face.side.other())?);
        let found = parts(&print_shade(face, zone_mm)?, [own, &other])?;
        Ok(readings(found, zone_mm))
    }

    fn least_spread(&self) -> f64 {
        0.05
    }

    /// The press decides; what runs through the figure hides it, and it is not examined.
    fn accidents(&self) -> bool {
        false
    }
}

/// Where the parts of both sides lie in what is seen through the note.
///
/// # Errors
/// Where the sizes do not fit, or it is not known where the other side's part lies.
pub(crate) fn parts(picture: &Planes, prints: [&Planes; 2]) -> Result<Both, Unmeasured> {
    let found = find_both(picture, prints, NEAR, APART)
        .ok_or_else(|| Unmeasured::NotCalibrated("enrol the design again".to_owned()))?;
    if found.rival > RIVAL {
        let why = "the part of the other side does not stand out there";
        return Err(Unmeasured::Covered(why.to_owned()));
    }
    Ok(found)
}

fn readings(found: Both, zone_mm: RectMm) -> Vec<Reading> {
    let [own, other] = found.at;
    let [own_shows, other_shows] = found.strength.map(f64::from);
    [
        ("figure:along", motif_mm(other.1 - own.1), "mm"),
        ("figure:down", motif_mm(other.0 - own.0), "mm"),
        ("own", own_shows, "of what daylight shows"),
        ("other", other_shows, "of what daylight shows"),
    ]
    .map(|(zone, value, unit)| Reading {
        zone: zone.to_owned(),
        result: Ok(Measurement {
            value,
            unit,
            zone_mm,
        }),
    })
    .into()
}
