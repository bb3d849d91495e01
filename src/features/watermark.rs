//! # watermark: is there a watermark in the paper, shaded, with the right motif?
//!
//! **What it is.** Thick and thin places of the paper that make a picture when light comes through it.
//! Each value has its own, so a note printed on the bleached paper of another value has the wrong one.
//!
//! **How it is measured.** The logarithm of the light that comes through the watermark's place, at
//! 72 dpi, less what daylight shows there on both sides of the enrolled notes: that is print. `motif` is how far the
//! correlation of what is left with the mean of the enrolled notes is from 1, where it fits best within 2.5 mm, and
//! `strength` how strongly that shows. `shades-dark` is how far the darkest twentieth lies below the middle,
//! `shades-light` how far the lightest fiftieth lies above: a genuine watermark has both, and every
//! shade between.
//!
//! **Unit.** `motif`: 1 minus the correlation; `strength`: of the enrolled mean; `shades-…`: natural logarithms of
//! light.
//!
//! **What it cannot see.** A watermark that was pressed into the paper or made of the same motif
//! otherwise.
//!
//! **What fools it.** Stains and heavy dirt in the window.

use ndarray::Axis;

use super::lit::{facts, motif, on_side, shade, upper};
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::motif::{beyond, find, mirrored};
use crate::note::{Light, Side};
use crate::pixels::Planes;

/// The name of its motif.
pub(crate) const ID: &str = "watermark";
/// The name of the motif of what daylight shows in its place.
pub(crate) const PRINT: &str = "watermark-print";

/// See the page above.
#[derive(Debug)]
pub struct Watermark;

/// What light from behind shows of a watermark, with what daylight shows there on the same side, and on the other as
/// that side shows it; without what is not known.
pub(crate) fn without_print(
    picture: &Planes,
    own: Option<&Planes>,
    other: Option<&Planes>,
) -> Planes {
    let other = other.map(mirrored);
    beyond(picture, own.into_iter().chain(&other))
}

impl Feature for Watermark {
    fn id(&self) -> &'static str {
        ID
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Transmitted,
            px_per_mm: 3.0,
            colour: false,
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some(ID)
    }

    fn odd(&self, zone: &str) -> Odd {
        match zone {
            "motif" => Odd::Above,
            _ => Odd::Below,
        }
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let zone_mm = facts(face.design, ID, face.side, face.light)
            .find_map(|fact| on_side(fact, face.side, face.design.size))
            .ok_or_else(|| {
                Unmeasured::NotCalibrated("it is not known where the watermark lies".to_owned())
            })?;
        let print = |side: Side| motif(face, PRINT, side);
        let picture = without_print(
            &shade(face, zone_mm)?,
            print(face.side),
            print(face.side.other()),
        );
        let reading = |zone: &str, value: f32, unit| Reading {
            zone: zone.to_owned(),
            result: Ok(Measurement {
                value: f64::from(value),
                unit,
                zone_mm,
            }),
        };
        let light = picture.index_axis(Axis(0), 0).to_owned();
        let middle = upper(&light, 0.5);
        let mut out = vec![
            reading("shades-dark", middle - upper(&light, 0.95), "ln"),
            reading("shades-light", upper(&light, 0.02) - middle, "ln"),
        ];
        let enrolled = motif(face, ID, face.side);
        if let Some(fit) = enrolled.and_then(|motif| find(&picture, motif)) {
            out.push(reading("motif", 1.0 - fit.correlation, "1 - correlation"));
            out.push(reading("strength", fit.strength, "of the enrolled mean"));
        }
        Ok(out)
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}
