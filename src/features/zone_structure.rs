//! # zone-structure: is every printed element there, and is it this one?
//!
//! **What it is.** Portrait, vignettes, seals, titles, numerals and borders look the same on every
//! note of a design. One that is missing, replaced, mirrored or altered has another structure.
//!
//! **How it is measured.** The side is straightened at 72 dpi and turned into normalised local
//! contrast, so that ink colour, soil and light fall out. Its blocks are aligned with the reference
//! one by one; the overprint, which floats against the engraving, is found by itself. For each zone: one minus the correlation with the mean of the enrolled notes, each cell weighted by the inverse
//! of its variance over them.
//!
//! **Unit.** None: 0 where the zone is like the mean of genuine notes, 1 where it shows nothing of
//! it, up to 2 where it shows the opposite.
//!
//! **What it cannot see.** How the element was printed: a good copy has the same structure at 72 dpi.
//! Elements that differ from note to note (serial numbers) are only held to be there.
//!
//! **What fools it.** Heavy wear lowers the agreement of a zone as a poor copy does; zones that are
//! mostly covered are not examined.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::note::Light;
use crate::reference::Process;
use crate::structure::{LEAST_PX_PER_MM, part};

/// Share of a zone's cells that must be seen.
const LEAST_SEEN: f32 = 0.5;

/// See the page above.
#[derive(Debug)]
pub struct ZoneStructure;

impl Feature for ZoneStructure {
    fn id(&self) -> &'static str {
        "zone-structure"
    }

    fn needs(&self) -> Needs {
        Needs {
            side: None,
            light: Light::Visible,
            px_per_mm: LEAST_PX_PER_MM,
        }
    }

    fn measure(&self, face: &Face<'_>) -> Vec<Reading> {
        face.design
            .zones
            .iter()
            .filter(|zone| zone.side == face.side && zone.print != Process::Paper)
            .map(|zone| {
                let result = face.view().and_then(|(view, structure)| {
                    let cells = part(zone.rect_mm, view.aligned.contrast.dim());
                    if seen_share(&view.aligned.seen, cells) < LEAST_SEEN {
                        return Err(Unmeasured::Covered("most of it is not to be seen".to_owned()));
                    }
                    let (found, _) = view.agreement(zone, structure);
                    Ok(Measurement {
                        value: 1.0 - f64::from(found.correlation),
                        unit: "",
                        zone_mm: zone.rect_mm,
                    })
                });
                Reading {
                    zone: zone.id.clone(),
                    result,
                }
            })
            .collect()
    }
}

/// Mean of a plane over a part.
fn seen_share(plane: &crate::pixels::Plane, cells: crate::compare::align::Part) -> f32 {
    crate::pixels::window(
        &plane.view(),
        cells.top..cells.top + cells.rows,
        cells.left..cells.left + cells.columns,
    )
    .mean()
    .unwrap_or(0.0)
}
