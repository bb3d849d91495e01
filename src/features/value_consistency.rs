//! # value-consistency: does every place that states the value state this one?
//!
//! **What it is.** The value stands on a note many times, in figures and words. Who raises a note
//! changes some of them, mostly the figures in the corners.
//!
//! **How it is measured.** For each zone that states the value: how much worse it agrees with the
//! enrolled structure of this design than the side's other engraved zones do (their median), in
//! correlation. The side's own wear, blur and light are in both and cancel.
//!
//! **Unit.** Difference of correlations: about 0 where the zone is as true as the rest, about 1
//! where it shows something else.
//!
//! **What it cannot see.** What the zone says instead. A whole note of another value is another design.
//!
//! **What fools it.** A folded or torn corner hides its figure: covered zones are not examined.

use super::zone_structure::examined;
use super::{Face, Feature, Measurement, Needs, Reading, Unmeasured};
use crate::reference::Process;
use crate::structure::LEAST_PX_PER_MM;

/// Fewest zones without a value that stand for the rest of a side.
const LEAST_OTHERS: usize = 2;

/// See the page above.
#[derive(Debug)]
pub struct ValueConsistency;

impl Feature for ValueConsistency {
    fn id(&self) -> &'static str {
        "value-consistency"
    }

    fn needs(&self) -> Needs {
        Needs::by_day(LEAST_PX_PER_MM)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let printed = || {
            face.design.zones.iter().filter(|z| {
                z.side == face.side && !matches!(z.print, Process::Paper | Process::Letterpress)
            })
        };
        let mut others: Vec<f64> = printed()
            .filter(|z| z.value.is_none())
            .filter_map(|z| examined(face, z).ok())
            .collect();
        others.sort_by(f64::total_cmp);
        let rest = if others.len() < LEAST_OTHERS {
            None
        } else {
            others.get(others.len() / 2).copied()
        };
        Ok(printed()
            .filter(|z| z.value.is_some())
            .map(|zone| Reading {
                zone: zone.id.clone(),
                result: examined(face, zone).and_then(|own| {
                    let rest = rest.ok_or_else(|| {
                        Unmeasured::Other("too little else of the side is seen".to_owned())
                    })?;
                    Ok(Measurement {
                        value: rest - own,
                        unit: "",
                        zone_mm: zone.rect_mm,
                    })
                }),
            })
            .collect())
    }

    fn least_spread(&self) -> f64 {
        0.03
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn::*;
    use super::*;
    use crate::rectify::homography::Homography;

    #[test]
    fn a_genuine_note_agrees() {
        assert!(value(&measure(&ValueConsistency, &genuine(9)), "value-left") < 0.1);
    }

    #[test]
    fn a_replaced_figure_deviates() {
        let raised = note(9, None, &|x, y, colour| {
            if (4.0..16.0).contains(&x) && (4.0..16.0).contains(&y) {
                [228.0 - 160.0 * ink("portrait", x, y); 3]
            } else {
                colour
            }
        });
        assert!(value(&measure(&ValueConsistency, &raised), "value-left") > 0.5);
    }

    #[test]
    fn a_figure_folded_away_is_not_examined() {
        assert!(not_calibrated(&ValueConsistency));
        let folded = note(9, None, &|x, y, colour| {
            if x + y < 22.0 {
                [90.0, 90.0, 110.0]
            } else {
                colour
            }
        });
        let readings = measure(&ValueConsistency, &folded);
        let reading = readings.iter().find(|r| r.zone == "value-left").unwrap();
        assert!(matches!(reading.result, Err(Unmeasured::Covered(_))));
    }

    /// Overprint that floats far drew the map of genuine specimens askew by a millimetre at a corner: 8 of 4000 were
    /// suspect for their figure there.
    #[test]
    fn a_note_that_was_laid_askew_is_laid_right() {
        let raster = genuine(9);
        let mut askew = face(&raster, &DESIGN);
        let ends = [[0.0, 0.0], [100.0, 0.0], [100.0, 50.0], [0.0, 50.0]];
        let right = ends.map(|end| askew.print.apply(end));
        let mut quad = right;
        quad[0][0] -= 12.0;
        quad[0][1] += 9.0;
        askew.print = Homography::from_rectangle(100.0, 50.0, &quad).unwrap();
        for (end, right) in ends.into_iter().zip(right) {
            let [x, y] = askew.lies().apply(end);
            let off = (x - right[0]).hypot(y - right[1]);
            // A cell of the view.
            assert!(off < 3.5, "{off} px at {end:?}");
        }
        let readings = ValueConsistency.measure(&askew).unwrap();
        assert!(value(&readings, "value-left") < 0.1, "{readings:?}");
    }
}
