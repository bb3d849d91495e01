//! # optically-variable-ink: has the ink that changes colour one of its colours?
//!
//! **What it is.** Flakes in the ink reflect one colour seen from above and another at a low angle:
//! copper and green, green and blue. A scanner sees one of them, or what lies between; a copy prints
//! whatever colour its maker saw.
//!
//! **How it is measured.** At the place that is published, the mean of the darkest quarter, in linear
//! light, over the light of the side's paper: its hue, from the first of the published colours.
//! Where nobody measured genuine notes it is expected between the published colours, each as wide as
//! its word.
//!
//! **Unit.** Degrees of the colour circle.
//!
//! **What it cannot see.** Whether the colour changes, which takes two views (colour-shift): a copy in one of
//! the colours agrees. An ink that looks grey has no hue and is not examined. Notes that lay upside down or
//! sideways on the glass are compared with enrolled notes that lay so.
//!
//! **What fools it.** A scanner whose light falls otherwise than the eye's, dirt on the numeral, and
//! pictures of poor colour; so a colour out of place alone makes no note suspect.

use super::lit::{Lit, Place, hue, hue_origin, hue_range, luminance_of, places, read_at, turn};
use super::{Face, Feature, Measurement, Needs, Published, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::note::Side;
use crate::reference::Design;

/// The kind of `[[feature]]` that says where it is.
const KIND: &str = "optically-variable-ink";
/// Cells a millimetre that it is looked at in: the strokes of the smallest numeral are wider.
const CELLS: f64 = 4.0;
/// Share of the place's cells that are its ink: a thick numeral fills more.
const INK: f64 = 0.25;
/// Share of the paper's light that ink sends back at most: else nothing is printed there.
const PRINTED: f32 = 0.8;

/// See the page above.
#[derive(Debug)]
pub struct OpticallyVariableInk;

impl Feature for OpticallyVariableInk {
    fn id(&self) -> &'static str {
        KIND
    }

    fn needs(&self) -> Needs {
        Needs::in_colour(CELLS)
    }

    fn kind(&self) -> Option<&'static str> {
        Some(KIND)
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Both
    }

    fn excuse(&self) -> Option<&'static str> {
        Some("which of its colours shows depends on how the scanner's light falls: tilt the note")
    }

    fn published<'d>(&self, design: &'d Design, side: Side, zone: &str) -> Option<Published<'d>> {
        let fact = places(design, KIND, side, "ink")
            .find(|place| zone.starts_with(&place.name))?
            .fact;
        Published::of(fact, hue_range(&fact.colours)?)
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let places = places(face.design, KIND, face.side, "ink");
        read_at(places, face, |place, paper| {
            vec![Reading {
                zone: place.name.clone(),
                result: colour(face, place, paper),
            }]
        })
    }

    fn least_spread(&self) -> f64 {
        5.0
    }
}

/// The hue of the ink at a place, `paper` being the light that blank paper sends back.
fn colour(face: &Face<'_>, place: &Place<'_>, paper: [f32; 3]) -> Result<Measurement, Unmeasured> {
    let zone_mm = place.rect;
    face.open(zone_mm)?;
    let lit = Lit::part(face, zone_mm, CELLS)?;
    let ink = lit
        .darkest(INK, |_| true)
        .ok_or_else(|| Unmeasured::Covered("it lies beyond the scan".to_owned()))?;
    let sent_back = [0, 1, 2].map(|c| ink[c] / paper[c]);
    if luminance_of(sent_back) > PRINTED {
        return Err(Unmeasured::Covered("no ink is seen".to_owned()));
    }
    let hue = hue(sent_back)
        .ok_or_else(|| Unmeasured::Other("it looks grey, which has no hue".to_owned()))?;
    Ok(Measurement {
        value: turn(hue_origin(&place.fact.colours), hue),
        unit: "degrees",
        zone_mm,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn;
    use super::*;
    use crate::verdict::{Finding, Outcome};

    const PLACE: [f64; 4] = [84.0, 40.0, 12.0, 6.0];

    fn design(source: Option<&str>) -> Design {
        drawn::with_fact(KIND, PLACE, &["copper", "green"], source)
    }

    /// What is found on a note whose numeral is drawn in one colour.
    fn found(design: &Design, ink: [f64; 3]) -> Finding {
        let raster = drawn::note(3, None, &|x, y, colour| {
            let [left, top, width, height] = PLACE;
            let (u, v) = (x - left, y - top);
            let stroke = (0.0..width).contains(&u) && (0.0..height).contains(&v);
            if stroke && u % 4.0 < 2.0 { ink } else { colour }
        });
        drawn::finding(&OpticallyVariableInk, &drawn::face(&raster, design))
    }

    #[test]
    fn either_colour_agrees() {
        let design = design(Some("the bank"));
        for ink in [[150.0, 90.0, 50.0], [60.0, 110.0, 60.0]] {
            let finding = found(&design, ink);
            assert_eq!(finding.outcome, Outcome::Agrees, "{finding:?}");
            assert!(finding.why.contains("the bank"), "{}", finding.why);
        }
    }

    #[test]
    fn another_colour_deviates_but_is_only_doubt() {
        let finding = found(&design(Some("the bank")), [60.0, 60.0, 160.0]);
        assert_eq!(finding.outcome, Outcome::Deviates, "{finding:?}");
        assert!(finding.doubtful, "{finding:?}");
    }

    #[test]
    fn grey_blank_paper_and_unverified_facts_are_not_examined() {
        let known = design(Some("the bank"));
        let grey = found(&known, [70.0, 69.0, 64.0]);
        assert_eq!(grey.outcome, Outcome::NotExamined, "{grey:?}");
        assert!(grey.why.contains("no hue"), "{}", grey.why);
        let blank = found(&known, [228.0, 224.0, 205.0]);
        assert_eq!(blank.outcome, Outcome::NotExamined);
        assert!(blank.why.contains("no ink"), "{}", blank.why);
        let doubted = found(&design(None), [60.0, 60.0, 160.0]);
        assert_eq!(doubted.outcome, Outcome::NotExamined, "{doubted:?}");
    }
}
