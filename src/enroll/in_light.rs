//! Finds out what a note that nobody described shows in lights other than daylight: a thread and a watermark against
//! the light, what glows under ultraviolet, that its inks look otherwise in infrared, and which of them change their colour
//! when the light falls from the other side.

use ndarray::{Array2, Array3, Axis, Zip};

use crate::compare::motif;
use crate::compare::order::{median, quantile};
use crate::compare::regions::regions;
use crate::features::colour_shift::{Exposed, exposed};
use crate::features::lit::{Line, Lit, hex_of, hue, paper_level, turn, upright_line};
use crate::features::{Face, colour_shift, security_thread, uv_thread};
use crate::note::{Light, RectMm, Side, SizeMm};
use crate::pixels::{Plane, box_mean, window};
use crate::reference::SecurityFeature;

use super::mean;
use super::undescribed::{LEAST_NOTES, NEARLY_ALL, bounds, fact};

/// Cells a millimetre of the pictures that are laid over each other.
const CELLS: f64 = 2.0;
/// Cells a millimetre in which a thread is looked for.
const THREAD_CELLS: f64 = 4.0;
/// How far threads lie from where most do, mm: what paper mills and cutting allow.
const ASIDE_MM: f64 = 1.5;
/// Width that is stated of a thread, mm: threads are 1 to 4 mm wide, and its middle is what is looked for.
const THREAD_MM: f64 = 1.2;
/// Room about a glowing thread that is no print, mm.
const BESIDE_THREAD_MM: f64 = 2.5;
/// Darkness by day (natural logarithm, over that of the side's lightest tenth) below which paper has no print.
const BLANK: f32 = 0.1;
/// Least width and height of a blank window that may hold a watermark, mm.
const LEAST_WINDOW_MM: f64 = 12.0;
/// How far watermarks lie from where most do, cells: 2 mm.
const REACH: usize = 4;
/// Least correlation of the paper's shades in the window with those that the notes share: clouds in paper are of one
/// sheet alone.
const LEAST_SHARED: f32 = 0.5;
/// Least share of the notes on which a cell of glowing print glows: figures differ from note to note, and fibres lie
/// anywhere.
const SOME: f32 = 0.3;
/// Least turn of the hue of ink that is said to change, degrees: less than between any two colours that are published of
/// such inks, as green and blue.
const LEAST_TURN: f64 = 20.0;
/// Gaps in print, cells: between strokes and figures, 1.5 mm.
const GAP: usize = 3;
/// Least area of print that glows or changes its colour, cells: 8 mm².
const LEAST_CELLS: usize = 32;

/// What one image of a note in another light shows.
#[derive(Debug)]
pub(super) struct Seen {
    side: Side,
    light: Light,
    /// Where the picture lies, mm.
    rect: RectMm,
    /// The picture.
    lit: Lit,
    /// How dark print makes the place by day, on this side and, mirrored, on the other where that was scanned.
    by_day: Plane,
    /// The line from edge to edge that stands out most.
    line: Option<Line>,
}

impl Seen {
    /// `None` where the side does not lie in the scan, or was not scanned by day.
    pub(super) fn of(face: &Face<'_>, by_day: &[Face<'_>]) -> Option<Self> {
        let (lit, rect) = Lit::inside(face, CELLS).ok()?;
        let (fine, _) = Lit::inside(face, THREAD_CELLS).ok()?;
        let standing_out = match face.light {
            // Print is dark against the light as well.
            Light::Transmitted => darkness(&fine) - printed(face.side, by_day, THREAD_CELLS)?,
            _ => fine.luminance(),
        };
        let all_over = [rect.x, rect.x + rect.width];
        Some(Self {
            side: face.side,
            light: face.light,
            rect,
            by_day: printed(face.side, by_day, CELLS)?,
            line: upright_line(&standing_out, rect, THREAD_CELLS, all_over),
            lit,
        })
    }
}

/// How dark each cell is, natural logarithm.
fn darkness(lit: &Lit) -> Plane {
    lit.luminance().mapv(|v| -v.max(1e-3).ln())
}

/// How dark print makes each place of a side by day, over its lightest tenth, the other side's print seen through it.
fn printed(side: Side, by_day: &[Face<'_>], px_per_mm: f64) -> Option<Plane> {
    let of = |side: Side| {
        let face = by_day.iter().find(|face| face.side == side)?;
        let mut dark = darkness(&Lit::inside(face, px_per_mm).ok()?.0);
        let mut values: Vec<f32> = dark.iter().copied().collect();
        let paper = quantile(&mut values, 0.1).unwrap_or(0.0);
        dark -= paper;
        Some(dark)
    };
    let mut out = of(side)?;
    if let Some(mut behind) = of(side.other()) {
        behind.invert_axis(Axis(1));
        out += &behind;
    }
    Some(out)
}

/// What a design has in other lights, by images of its notes.
pub(super) fn facts(size: SizeMm, seen: &[Seen]) -> Vec<SecurityFeature> {
    let mut found: Vec<SecurityFeature> = Vec::new();
    for light in [Light::Ultraviolet, Light::Infrared, Light::Transmitted] {
        for side in Side::ALL {
            let group = seen.iter().filter(|s| s.side == side && s.light == light);
            let group: Vec<&Seen> = group.collect();
            if group.len() < LEAST_NOTES {
                continue;
            }
            // What is in the paper is stated once, for the side that showed it first.
            let known =
                |kind: &str| (found.iter()).any(|f| f.kind == kind && f.light == Some(light));
            let fact = |kind: &str, rect_mm: Option<RectMm>, expect: &str| SecurityFeature {
                rect_mm,
                ..fact(kind, side, light, expect, group.len())
            };
            let mut own = Vec::new();
            match light {
                Light::Ultraviolet => {
                    if !known("paper-fluorescence") {
                        own.push(fact(
                            "paper-fluorescence",
                            None,
                            "The paper sends back as much light as that of the enrolled notes.",
                        ));
                        own.push(fact(
                            "fluorescent-fibres",
                            None,
                            "As many fibres glow as on the enrolled notes.",
                        ));
                    }
                    let thread = thread(&group, size, uv_thread::FLOOR);
                    if let Some(rect) = thread.filter(|_| !known("security-thread")) {
                        own.push(SecurityFeature {
                            colours: colours(&group, |seen| RectMm {
                                x: seen.line.map_or(rect.x, |line| line.x - 0.5 * THREAD_MM),
                                ..rect
                            }),
                            ..fact(
                                "security-thread",
                                Some(rect),
                                "A thread glows from edge to edge.",
                            )
                        });
                    }
                    for rect in glowing(&group, thread) {
                        own.push(SecurityFeature {
                            colours: colours(&group, |_| rect),
                            ..fact("fluorescent-print", Some(rect), "Print glows here.")
                        });
                    }
                }
                Light::Infrared => own.push(fact(
                    "infrared-pattern",
                    None,
                    "Each place is as dark as on the enrolled notes.",
                )),
                _ => {
                    if !known("security-thread")
                        && let Some(rect) = thread(&group, size, security_thread::LEAST)
                    {
                        let expect = "A dark thread runs from edge to edge.";
                        own.push(fact("security-thread", Some(rect), expect));
                    }
                    if !known("watermark")
                        && let Some(rect) = watermark(&group)
                    {
                        let expect = "The blank window is shaded as on the enrolled notes.";
                        own.push(fact("watermark", Some(rect), expect));
                    }
                }
            }
            found.extend(own);
        }
    }
    found
}

/// Where nearly all notes have a line from edge to edge that stands out by `least` or more.
fn thread(group: &[&Seen], size: SizeMm, least: f32) -> Option<RectMm> {
    let lines = group.iter().filter_map(|seen| seen.line);
    let standing_out = lines.filter(|line| line.strength >= least);
    let mut places: Vec<f32> = standing_out.map(|line| line.x as f32).collect();
    let middle = f64::from(median(&mut places)?);
    let there = places
        .iter()
        .filter(|x| (f64::from(**x) - middle).abs() <= ASIDE_MM);
    let place = RectMm {
        x: (middle - 0.5 * THREAD_MM).clamp(0.0, size.width - THREAD_MM),
        y: 0.0,
        width: THREAD_MM,
        height: size.height,
    };
    (there.count() as f64 >= NEARLY_ALL * group.len() as f64).then(|| place.to_tenths())
}

/// Where print glows, largest first; a thread is none.
fn glowing(group: &[&Seen], thread: Option<RectMm>) -> Vec<RectMm> {
    let glows = |seen: &&Seen| {
        let least = paper_level(&seen.lit) + uv_thread::FLOOR;
        let light = seen.lit.luminance();
        light.mapv(|light| if light > least { 1.0 } else { 0.0 })
    };
    let (Some(share), Some(rect)) = (mean(group.iter().map(glows)), group.first().map(|s| s.rect))
    else {
        return Vec::new();
    };
    let closed = thread.map(|rect| rect.grown(BESIDE_THREAD_MM));
    let glows = Array2::from_shape_fn(share.dim(), |at| {
        share[at] >= SOME && !closed.is_some_and(|thread| lies_in(at, rect, thread))
    });
    places(&glows, rect)
}

/// Where cells of a picture are set, the most first, with gaps as between strokes and figures.
fn places(set: &Array2<bool>, picture: RectMm) -> Vec<RectMm> {
    let near = box_mean(&set.mapv(|set| if set { 1.0 } else { 0.0 }), GAP);
    let mut found: Vec<(usize, RectMm)> = regions(&near.mapv(|v| v > 1e-3), LEAST_CELLS)
        .iter()
        .filter_map(|region| {
            let cells = region.cells.iter().copied().filter(|at| set[*at]);
            let count = cells.clone().count();
            let [top, left, bottom, right] = bounds(cells)?;
            let part = [left, top, right + 1, bottom + 1];
            (count >= LEAST_CELLS).then(|| (count, place(picture, part)))
        })
        .collect();
    found.sort_by_key(|(cells, _)| std::cmp::Reverse(*cells));
    found.into_iter().map(|(_, rect)| rect).collect()
}

/// What the two exposures of one note's side show.
pub(super) struct Turned {
    side: Side,
    exposed: Exposed,
}

impl Turned {
    /// `None` where there are not two.
    pub(super) fn of(face: &Face<'_>) -> Option<Self> {
        Some(Self {
            side: face.side,
            exposed: exposed(face, CELLS).ok()?,
        })
    }
}

/// Inks that change their colour when the light falls from the other side.
pub(super) fn changing(seen: &[Turned]) -> Vec<SecurityFeature> {
    let mut found = Vec::new();
    for side in Side::ALL {
        let group: Vec<&Exposed> = (seen.iter().filter(|s| s.side == side))
            .map(|s| &s.exposed)
            .collect();
        if group.len() < LEAST_NOTES {
            continue;
        }
        let moved = |way: usize| mean(group.iter().map(|e| e.moved[way].clone()));
        let (Some(a), Some(b), Some(first)) = (moved(0), moved(1), group.first()) else {
            continue;
        };
        let far = Zip::from(&a)
            .and(&b)
            .map_collect(|a, b| f64::from(a.hypot(*b)) > colour_shift::LEAST_CHANGE);
        for rect in places(&far, first.rect) {
            let [before, now] = [0, 1].map(|exposure| {
                let inks = group.iter().filter_map(|e| {
                    let inside = |at| lies_in(at, e.rect, rect);
                    e.over_paper[exposure].darkest(colour_shift::INKED, inside)
                });
                inks.fold([0.0; 3], |sum: [f32; 3], ink| {
                    [0, 1, 2].map(|c| sum[c] + ink[c] / group.len() as f32)
                })
            });
            let (Some(from), Some(to)) = (hue(before), hue(now)) else {
                continue;
            };
            // Raised ink is lighter from one side and hides more of what is printed below from the other.
            if turn(from, to).abs() < LEAST_TURN {
                continue;
            }
            let expect = "The ink changes its colour when the note is turned.";
            found.push(SecurityFeature {
                rect_mm: Some(rect),
                colours: [before, now].into_iter().filter_map(hex_of).collect(),
                ..fact(colour_shift::INK, side, Light::Visible, expect, group.len())
            });
        }
    }
    found
}

/// Whether the middle of a cell of a picture lies in a place.
fn lies_in((row, column): (usize, usize), picture: RectMm, place: RectMm) -> bool {
    let x = picture.x + (column as f64 + 0.5) / CELLS;
    let y = picture.y + (row as f64 + 0.5) / CELLS;
    place.holds([x, y])
}

/// The colour in which the lightest half of a place glows beyond the paper, if it has one.
fn colours(group: &[&Seen], place: impl Fn(&Seen) -> RectMm) -> Vec<String> {
    let beyond = |seen: &&Seen| -> Option<[f32; 3]> {
        let (place, lit) = (place(seen), &seen.lit);
        let light = lit.luminance();
        let inside = |at| lies_in(at, seen.rect, place);
        let cells = light.indexed_iter().filter(|(at, _)| inside(*at));
        let middle = median(&mut cells.map(|(_, v)| *v).collect::<Vec<_>>())?;
        let glow = lit.mean(|at| inside(at) && light[at] >= middle)?;
        let level = paper_level(lit);
        let paper = lit.mean(|at| !inside(at) && light[at] <= level)?;
        Some([0, 1, 2].map(|c| (glow[c] - paper[c]).max(0.0)))
    };
    let found: Vec<[f32; 3]> = group.iter().filter_map(beyond).collect();
    let sum = [0, 1, 2].map(|c| found.iter().map(|rgb| rgb[c]).sum::<f32>());
    hex_of(sum).into_iter().collect()
}

/// The largest window without print on either side, where the paper of the notes is shaded alike.
fn watermark(group: &[&Seen]) -> Option<RectMm> {
    let rect = group.first()?.rect;
    let print = box_mean(&mean(group.iter().map(|seen| seen.by_day.clone()))?, 1);
    let mut all: Vec<f32> = print.iter().copied().collect();
    let paper = quantile(&mut all, 0.1)?;
    let [left, top, right, bottom] = largest_window(&print.mapv(|v| v < paper + BLANK))?;
    let least = (LEAST_WINDOW_MM * CELLS) as usize;
    if right - left < least || bottom - top < least {
        return None;
    }
    let shades: Vec<Array3<f32>> = group
        .iter()
        .map(|seen| {
            let light = box_mean(&darkness(&seen.lit), 1);
            let part = window(&light.view(), top..bottom, left..right).to_owned();
            part.insert_axis(Axis(0))
        })
        .collect();
    let shared = motif::shared(&shades, REACH)?;
    let mut fits: Vec<f32> = shades
        .iter()
        .filter_map(|shade| Some(motif::find(shade, &shared)?.correlation))
        .collect();
    (median(&mut fits)? >= LEAST_SHARED).then(|| place(rect, [left, top, right, bottom]))
}

/// The largest rectangle of cells that are set: left, top, right, bottom.
fn largest_window(set: &Array2<bool>) -> Option<[usize; 4]> {
    let (rows, columns) = set.dim();
    let mut heights = vec![0usize; columns];
    let mut best: Option<(usize, [usize; 4])> = None;
    for row in 0..rows {
        for (column, height) in heights.iter_mut().enumerate() {
            *height = if set[[row, column]] { *height + 1 } else { 0 };
        }
        for left in 0..columns {
            let mut lowest = usize::MAX;
            for (right, height) in heights.iter().enumerate().skip(left) {
                lowest = lowest.min(*height);
                if lowest == 0 {
                    break;
                }
                let area = lowest * (right + 1 - left);
                if best.is_none_or(|(most, _)| area > most) {
                    best = Some((area, [left, row + 1 - lowest, right + 1, row + 1]));
                }
            }
        }
    }
    best.map(|(_, window)| window)
}

/// Cells (left, top, right, bottom) of a picture as a place, to tenths of a millimetre.
fn place(picture: RectMm, [left, top, right, bottom]: [usize; 4]) -> RectMm {
    let mm = |cells: usize| cells as f64 / CELLS;
    let place = RectMm {
        x: picture.x + mm(left),
        y: picture.y + mm(top),
        width: mm(right - left),
        height: mm(bottom - top),
    };
    place.to_tenths()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIZE: SizeMm = SizeMm {
        width: 106.0,
        height: 56.0,
    };
    const INSIDE: RectMm = RectMm {
        x: 3.0,
        y: 3.0,
        width: 100.0,
        height: 50.0,
    };

    /// A picture of the side, by place, mm.
    fn plane(cells: f64, of: impl Fn(f64, f64) -> f32) -> Plane {
        let shape = [INSIDE.height, INSIDE.width].map(|mm| (mm * cells) as usize);
        Plane::from_shape_fn(shape, |(row, column)| {
            of(
                INSIDE.x + (column as f64 + 0.5) / cells,
                INSIDE.y + (row as f64 + 0.5) / cells,
            )
        })
    }

    fn lit(of: impl Fn(usize, f64, f64) -> f32) -> Lit {
        let channels = [0, 1, 2].map(|channel| plane(CELLS, |x, y| of(channel, x, y)));
        let channels = channels.each_ref().map(|channel| channel.view());
        Lit {
            planes: ndarray::stack(Axis(0), &channels).unwrap(),
        }
    }

    /// Notes in a light: light by place (mm) and note, darkness of print by day by place.
    fn notes(
        light: Light,
        shown: impl Fn(f64, f64, usize) -> f32,
        day: impl Fn(f64, f64) -> f32,
    ) -> Vec<Seen> {
        (0..8)
            .map(|note| {
                let fine = plane(THREAD_CELLS, |x, y| match light {
                    Light::Transmitted => -shown(x, y, note).ln() - day(x, y),
                    _ => shown(x, y, note),
                });
                let all_over = [INSIDE.x, INSIDE.x + INSIDE.width];
                Seen {
                    side: Side::Front,
                    light,
                    rect: INSIDE,
                    lit: lit(|_, x, y| shown(x, y, note)),
                    by_day: plane(CELLS, &day),
                    line: upright_line(&fine, INSIDE, THREAD_CELLS, all_over),
                }
            })
            .collect()
    }

    fn of<'f>(found: &'f [SecurityFeature], kind: &str) -> Vec<&'f SecurityFeature> {
        found.iter().filter(|f| f.kind == kind).collect()
    }

    /// Within so many mm of its corner and its size.
    fn assert_lies(fact: &SecurityFeature, rect: [f64; 4], corner: f64, size: f64) {
        let found: [f64; 4] = fact.rect_mm.unwrap().into();
        let most = [corner, corner, size, size];
        let near = found.iter().zip(rect).zip(most);
        for ((found, wanted), most) in near {
            assert!((found - wanted).abs() < most, "{fact:?}");
        }
    }

    /// Print all about a blank window.
    fn print(x: f64, y: f64) -> f32 {
        let window = (8.0..30.0).contains(&x) && (10.0..40.0).contains(&y);
        if window { 0.0 } else { 0.8 }
    }

    #[test]
    fn a_thread_and_a_watermark_are_found_against_the_light() {
        let shown = |x: f64, y: f64, note: usize| {
            let thread = (x - 60.0 - 0.1 * note as f64).abs() < 0.6;
            // A disc, and clouds that are another note's own.
            let disc = (x - 19.0).hypot(y - 25.0) < 6.0;
            let cloud =
                0.02 * ((x * 0.7 + note as f64).sin() * (y * 0.9 + note as f64).cos()) as f32;
            let dark = print(x, y) + if thread { 0.7 } else { 0.0 } + if disc { 0.2 } else { 0.0 };
            (-dark - cloud).exp()
        };
        let found = facts(SIZE, &notes(Light::Transmitted, shown, print));
        let [thread] = of(&found, "security-thread")[..] else {
            unreachable!("{found:?}")
        };
        let middle = thread.rect_mm.unwrap().middle()[0];
        assert!((middle - 60.4).abs() < 0.5, "{thread:?}");
        assert_eq!(thread.source.as_deref(), Some("measured on 8 scans"));
        let [watermark] = of(&found, "watermark")[..] else {
            unreachable!("{found:?}")
        };
        assert_lies(watermark, [8.0, 10.0, 22.0, 30.0], 1.1, 2.1);
    }

    #[test]
    fn clouds_and_printed_lines_are_neither() {
        let line = |x: f64, y: f64| print(x, y) + if (x - 60.0).abs() < 0.6 { 0.5 } else { 0.0 };
        let shown = |x: f64, y: f64, note: usize| {
            // Long one way on one note and another way on the next.
            let turn = 0.39 * note as f64;
            let cloud = 0.1 * (0.8 * (x * turn.cos() + y * turn.sin()) + 1.7 * turn).sin() as f32;
            (-line(x, y) - cloud).exp()
        };
        let found = facts(SIZE, &notes(Light::Transmitted, shown, line));
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn what_glows_on_all_notes_is_found() {
        let shown = |x: f64, y: f64, note: usize| {
            let numeral = (40.0..52.0).contains(&x) && (20.0..30.0).contains(&y);
            // A fibre lies elsewhere on each note.
            let fibre = (x - 70.0 - 2.0 * note as f64).abs() < 0.4 && (y - 12.0).abs() < 2.0;
            if numeral || fibre { 0.3 } else { 0.02 }
        };
        let found = facts(SIZE, &notes(Light::Ultraviolet, shown, print));
        let [numeral] = of(&found, "fluorescent-print")[..] else {
            unreachable!("{found:?}")
        };
        assert_lies(numeral, [40.0, 20.0, 12.0, 10.0], 0.6, 1.1);
        assert!(of(&found, "security-thread").is_empty());
        assert_eq!(of(&found, "paper-fluorescence").len(), 1);
    }

    const GREEN: [f32; 3] = [0.1, 0.4, 0.15];
    const GOLD: [f32; 3] = [0.4, 0.3, 0.05];

    #[test]
    fn ink_that_changes_its_colour_is_found() {
        let green = |x: f64, y: f64| (40.0..52.0).contains(&x) && (20.0..26.0).contains(&y);
        let ink = |ink: [f32; 3]| lit(|c, x, y| if green(x, y) { ink[c] } else { 1.0 });
        let turned = |changes: bool, now: [f32; 3]| -> Vec<Turned> {
            (0..8)
                .map(|note| {
                    let speck =
                        |x: f64, y: f64| (x - 60.0 - 5.0 * note as f64).hypot(y - 40.0) < 2.0;
                    let moved = |way: usize, x: f64, y: f64| match (changes && green(x, y), way) {
                        (true, 0) => 9.0,
                        _ if speck(x, y) => 20.0,
                        _ => 0.0,
                    };
                    Turned {
                        side: Side::Front,
                        exposed: Exposed {
                            rect: INSIDE,
                            moved: [0, 1].map(|way| plane(CELLS, |x, y| moved(way, x, y))),
                            over_paper: [ink(GREEN), ink(now)],
                        },
                    }
                })
                .collect()
        };
        let found = changing(&turned(true, GOLD));
        let [ink] = &found[..] else {
            unreachable!("{found:?}")
        };
        assert_eq!(ink.kind, "optically-variable-ink");
        assert_lies(ink, [40.0, 20.0, 12.0, 6.0], 0.6, 1.1);
        assert_eq!(ink.colours.len(), 2, "{ink:?}");
        assert!(changing(&turned(false, GREEN)).is_empty());
        // Raised ink in another light.
        assert!(changing(&turned(true, GREEN.map(|v| 0.7 * v))).is_empty());
    }

    #[test]
    fn a_few_notes_say_nothing_of_all() {
        let mut few = notes(Light::Infrared, |_, _, _| 0.5, print);
        assert_eq!(of(&facts(SIZE, &few), "infrared-pattern").len(), 1);
        few.truncate(LEAST_NOTES - 1);
        assert!(facts(SIZE, &few).is_empty());
    }

    #[test]
    fn the_largest_window_is_found() {
        let set = Array2::from_shape_fn((8, 12), |(row, column)| {
            row == 1 || (3..7).contains(&row) && (4..10).contains(&column)
        });
        assert_eq!(largest_window(&set), Some([4, 3, 10, 7]));
        assert_eq!(largest_window(&Array2::from_elem((3, 3), false)), None);
    }
}
