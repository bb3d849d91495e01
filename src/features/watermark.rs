//! # watermark: is there a watermark in the paper, shaded, with the right motif?
//!
//! **What it is.** Thick and thin places of the paper that make a picture when light comes through it.
//! Each value has its own, so a note printed on the bleached paper of another value has the wrong one.
//!
//! **How it is measured.** The logarithm of the light that comes through the watermark's place, at
//! 72 dpi. `motif` is how far its correlation with the mean of the enrolled notes is from 1, where it
//! fits best within 2.5 mm. `shades-dark` is how far the darkest twentieth lies below the middle,
//! `shades-light` how far the lightest fiftieth lies above: a genuine watermark has both, and every
//! shade between.
//!
//! **Unit.** `motif`: 1 minus the correlation; `shades-…`: natural logarithms of light.
//!
//! **What it cannot see.** A watermark that was pressed into the paper or made of the same motif
//! otherwise.
//!
//! **What fools it.** Stains and heavy dirt in the window; print of the other side that shows through is
//! in the enrolled mean as well.

use ndarray::Axis;

use super::lit::{facts, motif, on_side, shade, upper};
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::motif::find;
use crate::note::Light;

/// See the page above.
#[derive(Debug)]
pub struct Watermark;

impl Feature for Watermark {
    fn id(&self) -> &'static str {
        "watermark"
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
        Some("watermark")
    }

    fn odd(&self, zone: &str) -> Odd {
        match zone {
            "motif" => Odd::Above,
            _ => Odd::Below,
        }
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let zone_mm = facts(face.design, "watermark", face.side, face.light)
            .find_map(|fact| on_side(fact, face.side, face.design.size))
            .ok_or_else(|| {
                Unmeasured::NotCalibrated("it is not known where the watermark lies".to_owned())
            })?;
        let picture = shade(face, zone_mm)?;
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
        let enrolled = motif(face, "watermark", face.side);
        if let Some(fit) = enrolled.and_then(|motif| find(&picture, motif)) {
            out.push(reading("motif", 1.0 - fit.correlation, "1 - correlation"));
        }
        Ok(out)
    }

    fn least_spread(&self) -> f64 {
        0.02
    }
}
