//! # zone-structure: is every printed element there, and is it this one?
//!
//! **What it is.** Portrait, vignettes, seals, titles, numerals and borders look the same on every
//! note of a design. One that is missing, replaced, mirrored or altered has another structure.
//!
//! **How it is measured.** The side is straightened at 72 dpi and turned into normalised local
//! contrast, so that ink colour, soil and light fall out. Its blocks are aligned with the reference
//! one by one; the overprint, which floats against the engraving, is found by itself. For each zone: its
//! correlation with the mean of the enrolled notes, each cell weighted by the inverse of its variance over
//! them, as what differs over what agrees. A noisy scan raises that by one factor everywhere, on pale
//! print as on bold: beside the other zones it is no deviation.
//!
//! **Unit.** log10 of variances: -1 where a tenth as much differs as agrees, 0 where as much, 2 where the zone
//! shows nothing of what is expected.
//!
//! **What it cannot see.** How the element was printed: a good copy has the same structure at 72 dpi.
//! Elements that differ from note to note (serial numbers) are only held to be there.
//!
//! **What fools it.** Heavy wear lowers the agreement of a zone as a poor copy does; zones that are
//! mostly covered are not examined.

use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::pixels::window;
use crate::reference::{Process, Zone};
use crate::structure::{LEAST_PX_PER_MM, part};

/// Share of a zone's cells that must be seen.
const LEAST_SEEN: f32 = 0.5;

/// Correlations below and above say no more.
const CLAMP: (f64, f64) = (0.1, 0.995);

/// See the page above.
#[derive(Debug)]
pub struct ZoneStructure;

impl Feature for ZoneStructure {
    fn id(&self) -> &'static str {
        "zone-structure"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(LEAST_PX_PER_MM)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        Ok(face
            .design
            .zones
            .iter()
            .filter(|zone| zone.side == face.side && zone.print != Process::Paper)
            .map(|zone| {
                let result = examined(face, zone).map(|correlation| Measurement {
                    value: differing(correlation),
                    unit: "log10",
                    zone_mm: zone.rect_mm,
                });
                Reading {
                    zone: zone.id.clone(),
                    result,
                }
            })
            .collect())
    }

    fn least_spread(&self) -> f64 {
        // At a correlation of 0.9 this is 0.03 of it.
        0.15
    }
}

/// What differs over what agrees, log10 of variances: a zone that holds the expected structure of variance S and
/// anything else of variance N correlates with it by 1/√(1 + N/S).
fn differing(correlation: f64) -> f64 {
    (correlation.clamp(CLAMP.0, CLAMP.1).powi(-2) - 1.0).log10()
}

/// Correlation of a zone with its reference.
///
/// # Errors
/// Where there is no reference, or too little of the zone is to be seen.
pub fn examined(face: &Face<'_>, zone: &Zone) -> Result<f64, Unmeasured> {
    let (view, structure) = face.view()?;
    let cells = part(zone.rect_mm, view.open.dim());
    let seen = window(
        &view.open.view(),
        cells.top..cells.top + cells.rows,
        cells.left..cells.left + cells.columns,
    )
    .mean()
    .unwrap_or(0.0);
    if seen < LEAST_SEEN {
        return Err(Unmeasured::Covered(format!(
            "{:.0} % of it is to be seen",
            100.0 * seen
        )));
    }
    Ok(f64::from(view.agreement(zone, structure).0.correlation))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::*;

    #[test]
    fn a_genuine_note_agrees() {
        for reading in measure(&ZoneStructure, &genuine(9)) {
            assert!(reading.result.unwrap().value < -1.0, "{}", reading.zone);
        }
    }

    #[test]
    fn a_mirrored_and_a_missing_element_deviate() {
        let forged = note(9, None, &|x, y, colour| {
            if (40.0..60.0).contains(&x) && (10.0..38.0).contains(&y) {
                let ink = ink("portrait", 60.0 - x, y - 10.0);
                [228.0 - 160.0 * ink; 3]
            } else if x > 72.0 && (18.0..34.0).contains(&y) {
                [226.0, 222.0, 204.0]
            } else {
                colour
            }
        });
        let readings = measure(&ZoneStructure, &forged);
        assert!(value(&readings, "portrait") > 1.0);
        assert!(value(&readings, "treasury-seal") > 1.0);
        assert!(value(&readings, "title") < -1.0);
    }

    #[test]
    fn soil_does_not_deviate() {
        let soiled = note(9, None, &|x, _, colour| {
            colour.map(|v| v * (0.6 + 0.003 * x))
        });
        for reading in measure(&ZoneStructure, &soiled) {
            assert!(reading.result.unwrap().value < -0.7, "{}", reading.zone);
        }
    }

    #[test]
    fn what_is_not_to_be_seen_is_not_examined() {
        assert!(not_calibrated(&ZoneStructure));
        let raster = genuine(9);
        let mut face = face(&raster, &DESIGN);
        // The paper ends before the seal.
        face.outline.quad[1][0] = 720.0;
        face.outline.quad[2][0] = 720.0;
        let readings = ZoneStructure.measure(&face).unwrap();
        let seal = readings.iter().find(|r| r.zone == "treasury-seal").unwrap();
        assert!(matches!(seal.result, Err(Unmeasured::Covered(_))));
    }
}
