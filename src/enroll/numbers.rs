//! Finds out how the serial number of a note that nobody described is printed: where, and in which of the styles that
//! are known of its currency's other notes.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::order::median;
use crate::features::Face;
use crate::note::{RectMm, Side, SizeMm};
use crate::reference::{Design, Library, Process, Zone};
use crate::serial::read::{GlyphReader, SerialReader};
use crate::serial::rules::{Print, Rules, Style};

use super::undescribed::{LEAST_NOTES, measured_on};

/// How far a number may lie beyond what changes from note to note, mm.
const BEYOND_MM: [f64; 2] = [1.5, 1.5];
/// Share of the notes on which a number must be read for sure; the others may be worn there.
const MOST_NOTES: f64 = 0.8;
/// A zone is the number's own where the number covers this much of it.
const OWN: f64 = 0.5;

/// What is read in the places of one side that change from note to note.
pub(super) struct Numbered {
    side: Side,
    /// By style and zone.
    read: BTreeMap<(String, String), (String, RectMm)>,
}

impl Numbered {
    /// Reads each place in each style of the currency.
    pub(super) fn of(face: &Face<'_>, library: &Library) -> Option<Self> {
        let currency = &face.design.currency;
        let rules = library.rules(currency)?;
        let mut read = BTreeMap::new();
        for style in rules.styles() {
            let print = lettered(style, face.side).next();
            let typeface = print
                .and_then(|print| library.typeface(currency, &print.lettering.as_ref()?.typeface));
            let (Some(print), Some(typeface), Some(grammar)) =
                (print, typeface, rules.grammar(&style.grammar))
            else {
                continue;
            };
            let reader = GlyphReader::new(typeface);
            let changing = face.design.zones.iter();
            for zone in changing.filter(|zone| zone.overprints(face.side)) {
                let reading = reader.read(
                    face.raster,
                    face.lies(),
                    zone.rect_mm,
                    BEYOND_MM,
                    print,
                    grammar,
                );
                if let Some(reading) = reading
                    && let Some(text) = reading.sure()
                {
                    read.insert((style.id.clone(), zone.id.clone()), (text, reading.rect_mm));
                }
            }
        }
        Some(Self {
            side: face.side,
            read,
        })
    }
}

/// The prints of a style on a side of which it is known how they stand in a row.
fn lettered(style: &Style, side: Side) -> impl Iterator<Item = &Print> {
    (style.prints.iter()).filter(move |print| print.side == side && print.lettering.is_some())
}

/// How a design's serial number is printed.
#[derive(Debug)]
pub struct SerialStyle {
    /// The style's name in the rules of the currency.
    pub style: String,
    /// Where its prints lie.
    pub zones: Vec<Zone>,
}

impl SerialStyle {
    /// States it of a design. What it covers of what was found to change is no zone of its own any more.
    pub fn state(self, design: &mut Design) {
        let own = |zone: &Zone| {
            let prints = self.zones.iter().filter(|print| print.side == zone.side);
            let covered = prints
                .map(|print| print.rect_mm.common_mm2(zone.rect_mm))
                .sum::<f64>();
            covered >= OWN * zone.rect_mm.width * zone.rect_mm.height
        };
        design
            .zones
            .retain(|zone| zone.print != Process::Letterpress || !own(zone));
        design.zones.extend(self.zones);
        design.serial = Some(self.style);
    }
}

/// The style in which most numbers of a side are read for sure, each another than the last note's, and all prints alike
/// where they must be; `None` where there is none.
pub(super) fn style(size: SizeMm, rules: &Rules, seen: &[Numbered]) -> Option<SerialStyle> {
    let found = rules.styles().iter().filter_map(|style| {
        let side = lettered(style, Side::Front)
            .next()
            .map_or(Side::Back, |print| print.side);
        let group: Vec<&Numbered> = seen.iter().filter(|note| note.side == side).collect();
        if group.len() < LEAST_NOTES {
            return None;
        }
        let prints: Vec<&Print> = lettered(style, side).collect();
        let read = read_on_most(style, &group, prints.len());
        let numbers = read.values().map(Vec::len).sum::<usize>();
        let mut zones = Vec::new();
        let mut left = read;
        for print in prints {
            let fits = |places: &&String| {
                left.get(*places)
                    .map_or(0, |rects| said(print, middle(rects), size))
            };
            let best = left.keys().max_by_key(fits)?.clone();
            let rects = left.remove(&best)?;
            zones.push(Zone {
                id: print.zone(),
                side,
                rect_mm: middle(&rects),
                print: Process::Letterpress,
                value: None,
                examine: Vec::new(),
                source: measured_on(group.len()),
                unverified: false,
            });
        }
        let style = style.id.clone();
        (!zones.is_empty()).then_some((numbers, SerialStyle { style, zones }))
    });
    found
        .max_by_key(|(numbers, _)| *numbers)
        .map(|(_, style)| style)
}

/// By zone, where the number was read on each note: only zones in which most notes have one, none of them all the same,
/// and the same as in the others where all prints of a note must be alike; empty for fewer than `prints`.
fn read_on_most(
    style: &Style,
    group: &[&Numbered],
    prints: usize,
) -> BTreeMap<String, Vec<RectMm>> {
    // What each note says most often is its number where all prints are alike.
    let number = |note: &Numbered| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let of_style = note.read.iter().filter(|((id, _), _)| *id == style.id);
        of_style.for_each(|(_, (text, _))| *counts.entry(text).or_default() += 1);
        let most = counts.into_iter().max_by_key(|(_, count)| *count)?;
        Some(most.0.to_owned())
    };
    let mut rects: BTreeMap<String, Vec<RectMm>> = BTreeMap::new();
    let mut texts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for note in group {
        let number = number(note);
        for ((id, zone), (text, rect)) in &note.read {
            if *id == style.id && (!style.equal || number.as_ref() == Some(text)) {
                rects.entry(zone.clone()).or_default().push(*rect);
                texts.entry(zone.clone()).or_default().insert(text);
            }
        }
    }
    let least = MOST_NOTES * group.len() as f64;
    rects.retain(|zone, rects| {
        let different = texts.get(zone).map_or(0, BTreeSet::len);
        rects.len() as f64 >= least && 2 * different > rects.len()
    });
    if rects.len() < prints {
        rects.clear();
    }
    rects
}

/// How many words of a print's place hold of where a number lies.
fn said(print: &Print, rect: RectMm, size: SizeMm) -> usize {
    let [x, y] = rect.middle();
    let holds = |word: &&str| match *word {
        "upper" => y < 0.5 * size.height,
        "lower" => y > 0.5 * size.height,
        "left" => x < 0.5 * size.width,
        "right" => x > 0.5 * size.width,
        _ => false,
    };
    print.place.split('-').filter(holds).count()
}

/// Where a number lies on most notes, to tenths of a millimetre.
fn middle(rects: &[RectMm]) -> RectMm {
    let of = |value: fn(&RectMm) -> f64| {
        let mut values: Vec<f32> = rects.iter().map(|rect| value(rect) as f32).collect();
        f64::from(median(&mut values).unwrap_or(0.0))
    };
    let place = RectMm {
        x: of(|r| r.x),
        y: of(|r| r.y),
        width: of(|r| r.width),
        height: of(|r| r.height),
    };
    place.to_tenths()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIZE: SizeMm = SizeMm {
        width: 130.0,
        height: 62.0,
    };
    const UPPER: RectMm = RectMm {
        x: 78.0,
        y: 8.0,
        width: 28.0,
        height: 3.2,
    };
    const LOWER: RectMm = RectMm {
        x: 5.0,
        y: 47.0,
        width: 28.0,
        height: 3.2,
    };

    /// Notes with what is read of them in two zones.
    fn notes(read: impl Fn(usize) -> [Option<String>; 2]) -> Vec<Numbered> {
        (0..10)
            .map(|note| {
                let zones = read(note).into_iter().zip([("low", LOWER), ("up", UPPER)]);
                let read = zones.filter_map(|(text, (zone, rect))| {
                    let at = ("xts-carmine".to_owned(), zone.to_owned());
                    Some((at, (text?, rect.moved([0.1 * note as f64, 0.0]))))
                });
                Numbered {
                    side: Side::Front,
                    read: read.collect(),
                }
            })
            .collect()
    }

    fn found(read: impl Fn(usize) -> [Option<String>; 2]) -> Option<SerialStyle> {
        let library = Library::built_in().unwrap();
        let rules = library.rules(&"XTS".parse().unwrap()).unwrap();
        style(SIZE, rules, &notes(read))
    }

    fn number(note: usize) -> Option<String> {
        Some(format!("AA{note}"))
    }

    #[test]
    fn a_number_is_found_where_its_style_has_it() {
        // One is not read: worn.
        let found = found(|note| [number(note), number(note).filter(|_| note != 3)]).unwrap();
        assert_eq!(found.style, "xts-carmine");
        let places: Vec<(&str, f64)> = (found.zones.iter())
            .map(|zone| (zone.id.as_str(), zone.rect_mm.y))
            .collect();
        assert_eq!(
            places,
            [("serial-upper-right", 8.0), ("serial-lower-left", 47.0)]
        );
        let mut design = Design::undescribed("XTS-10-2024", SIZE).unwrap();
        let zone = |id: &str, rect_mm: RectMm| Zone {
            id: id.to_owned(),
            rect_mm,
            ..found.zones[0].clone()
        };
        design.zones = vec![
            zone("own", UPPER.grown(0.5)),
            zone("more", LOWER.grown(4.0)),
        ];
        found.state(&mut design);
        let ids: Vec<&str> = design.zones.iter().map(|zone| zone.id.as_str()).collect();
        assert_eq!(ids, ["more", "serial-upper-right", "serial-lower-left"]);
        assert_eq!(design.serial.as_deref(), Some("xts-carmine"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        // The same on all notes; another in each place; only in one place; read on few.
        assert!(found(|_| [number(0), number(0)]).is_none());
        assert!(found(|note| [number(note), number(note + 50)]).is_none());
        assert!(found(|note| [number(note), None]).is_none());
        assert!(found(|note| [number(note), number(note).filter(|_| note < 5)]).is_none());
    }
}
