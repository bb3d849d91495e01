//! # colour-shift: does the colour change when the note is turned?
//!
//! **What it is.** Flakes in optically variable ink, and the films of wide windowed threads, reflect another colour
//! when the light falls from another side. A scanner's lamp shines from one side; turn the note by half a
//! circle on the glass and it shines from the other. Print and copies of it look the same both times.
//!
//! **How it is measured.** On two scans of one side, the second with the note turned by half a circle. At each place
//! where a change is published, in cells of half a millimetre: how far a* and b* (by the paper of either scan) lie
//! from where they lay before, less what the side as a whole does. The mean of that over the darkest quarter of the
//! place, which is ink; of a thread, over the tenth that changed most. Changes in all directions, as grain and edges
//! show them, take each other away.
//!
//! **Unit.** log10 of ΔE (a*, b*): dirt and fading take a share of a change.
//!
//! **What it cannot see.** A change that takes another angle than the two that the scanner gives: a lamp on both
//! sides, or straight above, shows the same colour twice. So it is known of enrolled notes and only suspected of
//! others.
//!
//! **What fools it.** Films and inks that change their colour in another way; dirt on the place hides a change.

use ndarray::{Array2, Axis};

use super::lit::{ASIDE_MM, EDGE_MM, Lit, Place, paper_light, places};
use super::{Face, Feature, Measurement, Needs, Published, Reading, Unmeasured};
use crate::compare::evidence::Odd;
use crate::compare::order::{median, quantile};
use crate::note::{Light, RectMm, Side};
use crate::pixels::{Plane, Planes};
use crate::reference::Design;

/// The kind of `[[feature]]` that says where it is; threads that change as well are looked at beside it.
pub(crate) const INK: &str = "optically-variable-ink";
/// Cells a millimetre: the two scans are laid over each other to a fifth of a millimetre or better.
const CELLS: f64 = 2.0;
/// The same for what the side as a whole does.
const SIDE_CELLS: f64 = 1.0;
/// Share of a place's cells that are its ink: a numeral's strokes fill more of it.
pub(crate) const INKED: f64 = 0.25;
/// Share of a thread's place, with room to either side, that its windows fill.
const WINDOWS: f64 = 0.1;
/// Least change that is expected where no notes were enrolled: colours that go by two names differ by far more, and
/// what does not change differed by less than 4 on 60 specimens.
pub(crate) const LEAST_CHANGE: f64 = 6.0;
/// a* and b* reach no further apart than this.
const MOST_CHANGE: f64 = 200.0;
/// Less is as good as none: what the eye tells apart.
const NONE: f32 = 1.0;

/// See the page above.
#[derive(Debug)]
pub struct ColourShift;

impl Feature for ColourShift {
    fn id(&self) -> &'static str {
        "colour-shift"
    }

    fn needs(&self) -> Needs {
        Needs {
            light: Light::Turned,
            ..Needs::in_colour(2.0 * CELLS)
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some(INK)
    }

    fn odd(&self, _zone: &str) -> Odd {
        Odd::Below
    }

    fn published<'d>(&self, design: &'d Design, side: Side, zone: &str) -> Option<Published<'d>> {
        let fact = changing(design, side)
            .find(|place| place.name == zone)?
            .fact;
        Some(Published {
            excuse: Some("a lamp above the glass shows one colour both times: tilt the note"),
            ..Published::of(fact, [LEAST_CHANGE, MOST_CHANGE].map(f64::log10))?
        })
    }

    fn measure(&self, face: &Face<'_>) -> Result<Vec<Reading>, Unmeasured> {
        let mut places = changing(face.design, face.side).peekable();
        if places.peek().is_none() {
            return Ok(Vec::new());
        }
        let pair = Pair::of(face)?;
        Ok(places
            .map(|place| Reading {
                result: changed(&pair, &place),
                zone: place.name,
            })
            .collect())
    }

    fn least_spread(&self) -> f64 {
        0.05
    }
}

/// Where a side has what changes, by name.
fn changing(design: &Design, side: Side) -> impl Iterator<Item = Place<'_>> {
    places(design, INK, side, "ink")
        .chain(places(design, "windowed-thread", side, "thread"))
        .filter(|place| place.fact.colours.len() > 1)
}

/// The two exposures of a face: the earlier one first.
struct Pair<'f, 'a> {
    face: &'f Face<'a>,
    /// The light of the paper in each.
    paper: [[f32; 3]; 2],
    /// What a* and b* of the side as a whole have moved.
    common: [f32; 2],
}

impl<'f, 'a> Pair<'f, 'a> {
    fn of(face: &'f Face<'a>) -> Result<Self, Unmeasured> {
        let mut pair = Self {
            face,
            paper: [[1.0; 3]; 2],
            common: [0.0; 2],
        };
        let side = pair.lit(face.whole().grown(-EDGE_MM), SIDE_CELLS)?;
        pair.paper = side.each_ref().map(paper_light);
        let cells = pair.change(&side);
        pair.common = [0, 1].map(|way| {
            let mut values: Vec<f32> = cells.iter().map(|cell| cell.moved[way]).collect();
            median(&mut values).unwrap_or(0.0)
        });
        Ok(pair)
    }

    /// A place in both.
    fn lit(&self, rect: RectMm, cells: f64) -> Result<[Lit; 2], Unmeasured> {
        let missing = || Unmeasured::Other("only one scan of this side".to_owned());
        let before = self.face.before.as_ref().ok_or_else(missing)?;
        Ok([
            Lit::of(before.small_crop(rect, cells))?,
            Lit::part(self.face, rect, cells)?,
        ])
    }

    /// How far a* and b* of each cell of a place have moved, less what they have moved everywhere.
    fn change(&self, [before, now]: &[Lit; 2]) -> Array2<Cell> {
        let (before, now) = (before.lab(self.paper[0]), now.lab(self.paper[1]));
        let (_, rows, columns) = before.dim();
        Array2::from_shape_fn((rows, columns), |(row, column)| {
            let of = |lab: &Planes, channel: usize| lab[[channel, row, column]];
            Cell {
                darkness: -of(&before, 0) - of(&now, 0),
                moved: [1, 2].map(|c| of(&now, c) - of(&before, c) - self.common[c - 1]),
            }
        })
    }
}

/// What two exposures of a side show of it without its edges, which lies at `rect`.
pub(crate) struct Exposed {
    pub(crate) rect: RectMm,
    /// a* and b* of each cell now less those before, less what they have moved everywhere: two planes.
    pub(crate) moved: [Plane; 2],
    /// Before and now, over the light of the paper.
    pub(crate) over_paper: [Lit; 2],
}

/// Two exposures of a side, cell by cell.
///
/// # Errors
/// Where there is only one, or the side is not in the scan.
pub(crate) fn exposed(face: &Face<'_>, cells: f64) -> Result<Exposed, Unmeasured> {
    let pair = Pair::of(face)?;
    let rect = face.whole().grown(-EDGE_MM);
    let mut over_paper = pair.lit(rect, cells)?;
    let change = pair.change(&over_paper);
    for (lit, paper) in over_paper.iter_mut().zip(pair.paper) {
        for (mut plane, paper) in lit.planes.axis_iter_mut(Axis(0)).zip(paper) {
            plane /= paper;
        }
    }
    Ok(Exposed {
        rect,
        moved: [0, 1].map(|way| change.map(|cell| cell.moved[way])),
        over_paper,
    })
}

/// What two exposures show of one cell.
struct Cell {
    darkness: f32,
    /// a* and b*.
    moved: [f32; 2],
}

impl Cell {
    fn far(&self) -> f32 {
        self.moved[0].hypot(self.moved[1])
    }
}

fn changed(pair: &Pair<'_, '_>, place: &Place<'_>) -> Result<Measurement, Unmeasured> {
    let zone_mm = place.rect;
    let (room, share, telling): (_, _, fn(&Cell) -> f32) = if place.fact.kind == INK {
        (0.0, INKED, |cell| cell.darkness)
    } else {
        (ASIDE_MM, WINDOWS, Cell::far)
    };
    let seen = RectMm {
        x: zone_mm.x - room,
        width: zone_mm.width + 2.0 * room,
        ..zone_mm
    };
    pair.face.open(seen)?;
    let cells = pair.change(&pair.lit(seen, CELLS)?);
    let mut values: Vec<f32> = cells.iter().map(telling).collect();
    let least = quantile(&mut values, 1.0 - share).unwrap_or(0.0);
    let most = || cells.iter().filter(|cell| telling(cell) >= least);
    let count = most().count().max(1) as f32;
    let [a, b] = [0, 1].map(|way| most().map(|cell| cell.moved[way]).sum::<f32>() / count);
    let value = a.hypot(b);
    Ok(Measurement {
        value: f64::from(value.max(NONE).log10()),
        unit: "log10 ΔE",
        zone_mm,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::drawn;
    use super::*;
    use crate::enroll::{self, Read};
    use crate::pixels::Raster;
    use crate::reference::{MeasuredLight, Shown};
    use crate::verdict::{Finding, Outcome, Policy, weigh};

    const PLACE: [f64; 4] = [84.0, 40.0, 12.0, 6.0];
    const COPPER: [f64; 3] = [150.0, 90.0, 50.0];
    const GREEN: [f64; 3] = [60.0, 110.0, 60.0];

    fn design(source: Option<&str>) -> Design {
        drawn::with_fact(INK, PLACE, &["copper", "green"], source)
    }

    fn note(n: i64, ink: [f64; 3]) -> Raster {
        drawn::note(n, None, &|x, y, colour| {
            let [left, top, width, height] = PLACE;
            let (u, v) = (x - left, y - top);
            let stroke = (0.0..width).contains(&u) && (0.0..height).contains(&v);
            if stroke && u % 4.0 < 2.0 { ink } else { colour }
        })
    }

    fn found(design: &Design, before: [f64; 3], now: [f64; 3]) -> Finding {
        let (before, now) = (note(3, before), note(4, now));
        drawn::finding(&ColourShift, &drawn::turned(&before, &now, design))
    }

    #[test]
    fn ink_that_changes_agrees() {
        let finding = found(&design(Some("the bank")), COPPER, GREEN);
        assert_eq!(finding.outcome, Outcome::Agrees, "{finding:?}");
        assert!(finding.value.unwrap() > 1.5, "{finding:?}");
    }

    #[test]
    fn ink_that_does_not_is_doubted_by_facts_and_sure_beside_enrolled_notes() {
        let design = design(Some("the bank"));
        let finding = found(&design, COPPER, COPPER);
        assert_eq!(finding.outcome, Outcome::Deviates, "{finding:?}");
        assert!(finding.doubtful, "{finding:?}");

        let design = enrolled(design, 0.03);
        for (now, sure) in [(GREEN, false), (COPPER, true)] {
            let finding = weighed(&design, now);
            let deviates = finding.outcome == Outcome::Deviates;
            assert_eq!(deviates && !finding.doubtful, sure, "{finding:?}");
        }
    }

    #[test]
    fn less_than_any_enrolled_note_and_than_is_published_is_doubted() {
        // Notes that differ so much leave room for nearly no change.
        let design = enrolled(design(Some("the bank")), 0.3);
        let finding = weighed(&design, COPPER);
        assert!(finding.p_value.unwrap() > 0.01, "{finding:?}");
        assert_eq!(finding.outcome, Outcome::Deviates, "{finding:?}");
        assert!(finding.doubtful, "{finding:?}");
        assert!(
            finding.why.contains("is published (the bank)"),
            "{finding:?}"
        );
        assert_eq!(weighed(&design, GREEN).outcome, Outcome::Agrees);
        // Nobody vouches for it.
        let design = enrolled(self::design(None), 0.3);
        assert_eq!(weighed(&design, COPPER).outcome, Outcome::Agrees);
    }

    /// With forty genuine notes, whose change differs by up to three times `step`, log10 ΔE.
    fn enrolled(mut design: Design, step: f64) -> Design {
        let (before, now) = (note(3, COPPER), note(4, GREEN));
        let reads: Vec<Read> = (0..40)
            .map(|note| {
                let face = drawn::turned(&before, &now, &design);
                let mut readings = crate::features::readings(&ColourShift, &face);
                for reading in &mut readings {
                    reading.result.as_mut().unwrap().value +=
                        step * (f64::from(note as u32 % 7) - 3.0);
                }
                Read {
                    note,
                    shown: Shown::AsScanned,
                    covariates: face.covariates(),
                    readings: vec![("colour-shift", readings)],
                }
            })
            .collect();
        // Its structure knows no such ink, which would be wear.
        let mut side = drawn::DESIGN.measured[&Side::Front].clone();
        side.structure = None;
        let light = MeasuredLight {
            readings: enroll::readings(&reads),
            ..MeasuredLight::default()
        };
        side.lights.insert(Light::Turned, light);
        design.measured.insert(Side::Front, side);
        design
    }

    fn weighed(design: &Design, now: [f64; 3]) -> Finding {
        let (before, now) = (note(3, COPPER), note(5, now));
        let mut findings = [drawn::finding(
            &ColourShift,
            &drawn::turned(&before, &now, design),
        )];
        weigh(&mut findings, &Policy::default(), 40, None);
        let [finding] = findings;
        finding
    }

    #[test]
    fn one_scan_alone_and_facts_that_nobody_vouches_for_are_not_examined() {
        let raster = note(3, COPPER);
        let known = design(Some("the bank"));
        let face = Face {
            light: Light::Turned,
            ..drawn::face(&raster, &known)
        };
        let alone = drawn::finding(&ColourShift, &face);
        assert_eq!(alone.outcome, Outcome::NotExamined);
        assert!(alone.why.contains("only one scan"), "{}", alone.why);
        let doubted = found(&design(None), COPPER, COPPER);
        assert_eq!(doubted.outcome, Outcome::NotExamined, "{doubted:?}");
    }
}
