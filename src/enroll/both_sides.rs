//! Finds out where a note that nobody described shows best how exactly its sides lie on each other: where print of both
//! stands out against the light, and lies together alike on all notes.

use ndarray::{Axis, Slice};

use crate::compare::motif::{Both, mirrored};
use crate::compare::order::{median, quantile};
use crate::features::lit::{EDGE_MM, MOTIF_REACH, MOTIF_ROOM_MM, motif_mm, print_shade};
use crate::features::{Face, see_through_register};
use crate::note::{Light, RectMm, Side};
use crate::pixels::Planes;
use crate::reference::SecurityFeature;

use super::mean;
use super::undescribed::{LEAST_NOTES, NEARLY_ALL, fact};

/// Width and height of the places that are looked at, cells: 6 mm, as registers are stated to be.
const WINDOW: usize = 17;
/// Cells from one place to the next: 2 mm.
const STEP: usize = 6;
/// How much flat print shows against the light of what it does by day: light passes it once, not on its way in and out
/// again. The lines of engraving hold less back than they darken the paper between them, and show a fifth to two fifths.
const FLAT: std::ops::RangeInclusive<f32> = 0.4..=0.65;
/// How many places are looked at on the mean of the notes: those where the fainter of both prints is strongest.
const PRINTED: usize = 500;
/// How many places are looked at note by note: those where the fainter of both prints stands out most.
const CANDIDATES: usize = 60;
/// How far the sides may lie apart on nearly all notes from what they do on most, mm: what the register itself cannot
/// tell.
const MOST_APART_MM: f64 = 0.5;

/// How far the sides may lie apart on most notes, mm, by paper that is cut differently and by the enrolled notes' own cut;
/// beyond it little of what a feature searches would be left for those that lie off.
const USUALLY_APART_MM: f32 = 1.5;

/// What one image against the light shows of both sides.
pub(super) struct Through {
    side: Side,
    /// Where the pictures lie, mm.
    rect: RectMm,
    /// The light that comes through.
    picture: Planes,
    /// The side's own print by day.
    own: Planes,
    /// That of the other side, as seen from this one; `None` where it was not scanned.
    other: Option<Planes>,
}

impl Through {
    /// `None` for images not made against the light.
    pub(super) fn of(face: &Face<'_>, by_day: &[Face<'_>]) -> Option<Self> {
        if face.light != Light::Transmitted {
            return None;
        }
        let rect = face.whole().grown(-EDGE_MM);
        let shade = |face: &Face<'_>| print_shade(face, rect.grown(-MOTIF_ROOM_MM)).ok();
        let day = |side: Side| shade(by_day.iter().find(|day| day.side == side)?);
        Some(Self {
            side: face.side,
            rect,
            picture: shade(face)?,
            own: day(face.side)?,
            other: day(face.side.other()).map(|other| mirrored(&other)),
        })
    }
}

/// The register of both sides, by images of a design's notes; `None` where none is found.
pub(super) fn facts(seen: &[Through]) -> Option<SecurityFeature> {
    Side::ALL.into_iter().find_map(|side| {
        let group: Vec<&Through> = seen.iter().filter(|s| s.side == side).collect();
        let backs: Vec<&Planes> = group.iter().filter_map(|s| s.other.as_ref()).collect();
        if backs.len() < LEAST_NOTES {
            return None;
        }
        let own = mean(group.iter().map(|s| s.own.clone()))?;
        let other = mean(backs.into_iter().cloned())?;
        let through = mean(group.iter().map(|s| s.picture.clone()))?;
        let found = candidates(&through, [&own, &other])
            .into_iter()
            .filter_map(|at| {
                let parts = [&own, &other].map(|print| part(print, at, 0));
                let prints = [&parts[0], &parts[1]];
                // A few notes tell of most places that they are none.
                told_apart(group.get(..LEAST_NOTES)?, prints, at)?;
                Some((told_apart(&group, prints, at)?, at))
            });
        let (told, at) = found
            .filter(|(told, _)| told.apart_mm <= MOST_APART_MM)
            .min_by(|a, b| a.0.rival.total_cmp(&b.0.rival))?;
        let rect_mm = place(group.first()?.rect, at);
        let apart = told.apart_mm;
        let expect = format!(
            "Print of both sides lies together here within {apart:.1} mm on nine notes of ten."
        );
        Some(SecurityFeature {
            rect_mm: Some(rect_mm),
            ..fact(
                see_through_register::ID,
                side,
                Light::Transmitted,
                &expect,
                group.len(),
            )
        })
    })
}

/// A window of a picture, and so many cells about it.
fn part(picture: &Planes, (row, column): (usize, usize), about: usize) -> Planes {
    let cells = |first: usize| Slice::from(first - about..first + WINDOW + about);
    picture
        .slice_axis(Axis(1), cells(row))
        .slice_axis(Axis(2), cells(column))
        .to_owned()
}

/// Where flat print of both sides stands out against the light, the most first: first row and column of windows with
/// room about them. `through` is the mean light that comes through.
fn candidates(through: &Planes, prints: [&Planes; 2]) -> Vec<(usize, usize)> {
    let (_, rows, columns) = through.dim();
    let starts = |length: usize| {
        (MOTIF_REACH..(length + 1).saturating_sub(WINDOW + MOTIF_REACH)).step_by(STEP)
    };
    let most = |mut found: Vec<(f32, (usize, usize))>, count: usize| {
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.truncate(count);
        found
    };
    let places = starts(rows).flat_map(|row| starts(columns).map(move |column| (row, column)));
    let printed = |at| {
        let shown = prints.map(|print| variance(&part(print, at, 0)));
        (shown[0].min(shown[1]), at)
    };
    let printed = most(places.map(printed).collect(), PRINTED);
    let stands_out = |(_, at): (f32, (usize, usize))| {
        let parts = prints.map(|print| part(print, at, 0));
        let both =
            see_through_register::parts(&part(through, at, MOTIF_REACH), [&parts[0], &parts[1]])
                .ok()?;
        let flat = both.strength.iter().all(|strength| FLAT.contains(strength));
        let shown = [0, 1].map(|k| both.strength[k].powi(2) * variance(&parts[k]));
        flat.then_some((shown[0].min(shown[1]), at))
    };
    let standing_out = most(
        printed.into_iter().filter_map(stands_out).collect(),
        CANDIDATES,
    );
    standing_out.into_iter().map(|(_, at)| at).collect()
}

/// Variance of a picture, all planes.
fn variance(picture: &Planes) -> f32 {
    picture.axis_iter(Axis(0)).map(|plane| plane.var(0.0)).sum()
}

/// How well the sides are told apart at a place.
struct Told {
    /// How far they lie apart on nearly all notes from what they do on most, mm.
    apart_mm: f64,
    /// How well the other side's print fits elsewhere, on most notes: see [`Both::rival`].
    rival: f32,
}

/// `None` where they are not told apart on nearly all notes.
fn told_apart(group: &[&Through], prints: [&Planes; 2], at: (usize, usize)) -> Option<Told> {
    let found: Vec<Both> = group
        .iter()
        .filter_map(|seen| {
            see_through_register::parts(&part(&seen.picture, at, MOTIF_REACH), prints).ok()
        })
        .collect();
    if (found.len() as f64) < NEARLY_ALL * group.len() as f64 {
        return None;
    }
    let middle = |of: &dyn Fn(&Both) -> f32| median(&mut found.iter().map(of).collect::<Vec<_>>());
    let along = |both: &Both| motif_mm(both.at[1].1 - both.at[0].1) as f32;
    let down = |both: &Both| motif_mm(both.at[1].0 - both.at[0].0) as f32;
    let usual = [middle(&along)?, middle(&down)?];
    if usual[0].hypot(usual[1]) > USUALLY_APART_MM {
        return None;
    }
    let off = |both: &Both| (along(both) - usual[0]).hypot(down(both) - usual[1]);
    Some(Told {
        apart_mm: f64::from(quantile(
            &mut found.iter().map(off).collect::<Vec<_>>(),
            NEARLY_ALL,
        )?),
        rival: middle(&|both| both.rival)?,
    })
}

/// A window as a place, to tenths of a millimetre.
fn place(picture: RectMm, (row, column): (usize, usize)) -> RectMm {
    let place = RectMm {
        x: picture.x + motif_mm(column as f64),
        y: picture.y + motif_mm(row as f64),
        width: motif_mm(WINDOW as f64),
        height: motif_mm(WINDOW as f64),
    };
    place.to_tenths()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const RECT: RectMm = RectMm {
        x: 3.0,
        y: 3.0,
        width: 50.0,
        height: 30.0,
    };
    /// Where the register lies, cells.
    const MARK: (f32, f32) = (40.0, 90.0);

    /// Every second sector of a star of 3 mm, and engraving in a corner.
    fn print(half: usize, (down, along): (f32, f32), engraved: f32) -> Planes {
        let (rows, columns) = (motif_cells(RECT.height), motif_cells(RECT.width));
        Planes::from_shape_fn((2, rows, columns), |(plane, row, column)| {
            let (y, x) = (row as f32 - down, column as f32 - along);
            let (dy, dx) = (y - MARK.0, x - MARK.1);
            let sector = ((dy.atan2(dx) / std::f32::consts::TAU + 0.5) * 8.0) as usize;
            let star = dy.hypot(dx) < 8.5 && sector % 2 == half;
            let corner = y < 30.0 && x < 40.0;
            let lines = corner && (x * 0.9 + half as f32 * y).sin() > 0.0;
            match (star, lines) {
                (true, _) => [1.0, -0.5][plane],
                (_, true) => engraved,
                _ => 0.0,
            }
        })
    }

    fn motif_cells(mm: f64) -> usize {
        (mm / motif_mm(1.0)) as usize
    }

    /// Notes whose backs lie off by up to so many cells.
    fn notes(float: f32, backs: usize) -> Vec<Through> {
        apart(float, 0.0, backs)
    }

    /// The same, all of them also off to one side.
    fn apart(float: f32, aside: f32, backs: usize) -> Vec<Through> {
        (0..10)
            .map(|note| {
                let angle = note as f32 * 2.4;
                let off = (float * angle.sin(), aside + float * angle.cos());
                let at = (0.0, 0.0);
                Through {
                    side: Side::Front,
                    rect: RECT,
                    // What is engraved shows little.
                    picture: 0.5 * (print(0, at, 0.4) + print(1, off, 0.4)),
                    own: print(0, at, 1.0),
                    other: (note < backs).then(|| print(1, at, 1.0)),
                }
            })
            .collect()
    }

    #[test]
    fn flat_print_that_lies_together_on_all_notes_is_found() {
        let found = facts(&notes(0.5, 6)).unwrap();
        let [x, y] = found.rect_mm.unwrap().middle();
        let mark = [MARK.1, MARK.0].map(|cells| 3.0 + motif_mm(f64::from(cells)));
        assert!((x - mark[0]).hypot(y - mark[1]) < 3.5, "{found:?} {mark:?}");
        assert_eq!(found.source.as_deref(), Some("measured on 10 scans"));
    }

    #[test]
    fn sides_that_float_and_unseen_backs_say_nothing() {
        assert!(facts(&notes(3.0, 6)).is_none());
        assert!(facts(&apart(0.5, 5.0, 6)).is_none());
        assert!(facts(&notes(0.5, LEAST_NOTES - 1)).is_none());
    }
}
