//! # security-thread: is there a thread inside the paper?
//!
//! **What it is.** A strip of plastic or metal in the paper: a dark line from edge to edge when light
//! comes through the note. A line printed on the surface lets more light through.
//!
//! **How it is measured.** Band by band, 2 mm high, how much less light comes through each column than
//! 1.5 to 3.5 mm beside it. The thread is the column, near its published place or anywhere where none is
//! published, that three quarters of the bands show most. `dark` is how dark it is, `place` how far its
//! middle lies from the published one, `continuous` the share of its length that is at least half as
//! dark.
//!
//! **Unit.** `dark`: natural logarithm of light; `place`: mm; `continuous`: of its length,
//! 0 to 1.
//!
//! **What it cannot see.** What the thread says; a thread laid between two sheets.
//!
//! **What fools it.** A fold from edge to edge near the thread's place, if the thread is missing.

use super::lit::{Lit, facts, on_side, upright_line};
use super::uv_thread::thread_search;
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::note::{Light, RectMm};

/// Cells a millimetre that it is looked for in.
const CELLS: f64 = 4.0;
/// Least darkness of a line that has a place, ln.
pub(crate) const LEAST: f32 = 0.05;

/// See the page above.
#[derive(Debug)]
pub struct SecurityThread;

impl Feature for SecurityThread {
    fn id(&self) -> &'static str {
        "security-thread"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Transmitted,
            px_per_mm: CELLS,
            colour: false,
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some("security-thread")
    }

    fn odd(&self, zone: &str) -> Odd {
        match zone {
            "place" => Odd::Both,
            _ => Odd::Below,
        }
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let Some(fact) = facts(face.design, "security-thread", face.side, face.light).next() else {
            return Ok(Vec::new());
        };
        let (lit, rect) = Lit::inside(face, CELLS)?;
        let place = on_side(fact, face.side, face.design.size);
        let darkness = lit.luminance().mapv(|v| -v.max(1e-3).ln());
        let line = upright_line(&darkness, rect, CELLS, thread_search(place, rect))
            .ok_or_else(|| Unmeasured::Covered("the thread lies beyond the scan".to_owned()))?;
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
        let mut out = vec![reading("dark", f64::from(line.strength), "ln")];
        if line.strength >= LEAST {
            out.push(reading("continuous", line.continuous, "of its length"));
            if let Some(place) = place {
                out.push(reading("place", line.x - place.middle()[0], "mm"));
            }
        }
        Ok(out)
    }

    fn least_spread(&self) -> f64 {
        0.05
    }

    /// Three quarters of its length count, and what lies on so much of it, or beside, is no accident of a note.
    fn accidents(&self) -> bool {
        false
    }
}
