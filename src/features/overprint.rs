//! What is read of a note, and the features that reason about it.

use super::{
    serial_colour::SerialColour, serial_district::SerialDistrict, serial_grammar::SerialGrammar,
    serial_pair::SerialPair, serial_position::SerialPosition, serial_range::SerialRange,
    serial_series::SerialSeries, serial_typeface::SerialTypeface,
};
use crate::note::{RectMm, Side};
use crate::pixels::Raster;
use crate::rectify::homography::Homography;
use crate::reference::{Design, Library};
use crate::serial::grammar::{Grammar, Serial};
use crate::serial::marks::ink::Ink;
use crate::serial::marks::{self, Mark, MarkKind, Unread};
use crate::serial::position::Position;
use crate::serial::read::{GlyphReader, Number, Reading, SerialReader, together};
use crate::serial::rules::{Outcome as Ruled, Rules, Ruling, Style, Weight};
use crate::serial::typeface::Typeface;
use crate::verdict::{Finding, Outcome};

/// How far two prints of a number float against each other, mm across and down: on 89 fronts of $1 and $2 by up to 2.15
/// and 2.25.
const TOGETHER_MM: [f64; 2] = [2.5, 2.5];

/// What was read of a note.
#[derive(Debug)]
pub struct Overprint<'a> {
    /// What the note was recognised as.
    pub design: &'a Design,
    /// What holds for its currency; none where no reference note says.
    pub rules: Option<&'a Rules>,
    /// What was learned of its typeface, where the number was looked for.
    pub face: Option<&'a Typeface>,
    /// The file that shows the serial number.
    pub file: usize,
    /// The serial number.
    pub number: Number,
    /// The inks of each print, character by character; in the order of the readings.
    pub inks: Vec<Vec<Option<&'static str>>>,
    /// Where pens' lines reach a print: neither inks nor shapes of its characters say anything.
    pub written: Vec<RectMm>,
    /// Why no print was read.
    pub unread: Option<String>,
    /// What else was read.
    pub marks: Marks,
}

/// What is printed beside the serial number; what was not read for sure is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// The series year with its letter.
    pub series: Option<String>,
    /// The letter in the bank's seal.
    pub district: Option<char>,
    /// The bank's numbers.
    pub district_numbers: Vec<u8>,
    /// Where on its sheet the note was printed.
    pub position: Option<Position>,
    /// The letter before the number of the front plate.
    pub plate_letter: Option<char>,
    /// The number of the front plate.
    pub plate_number: Option<u16>,
    /// Whether it was printed at Fort Worth, as it says beside the plate number.
    pub fort_worth: Option<bool>,
    /// The number of the back plate.
    pub plate_back: Option<u16>,
    /// What was not read, and why.
    pub unread: Vec<(MarkKind, String)>,
}

/// How far from where the nearest print of the serial number says the other overprint may lie, mm.
const FLOAT_BESIDE_NUMBER: f64 = 1.2;

impl Marks {
    /// Why a mark was not read.
    pub fn why(&self, kind: MarkKind) -> &str {
        self.unread
            .iter()
            .find(|(unread, _)| *unread == kind)
            .map_or("it was not looked for", |(_, why)| why)
    }

    fn add(&mut self, kind: MarkKind, text: &str) {
        match kind {
            MarkKind::Series => self.series = Some(text.to_owned()),
            MarkKind::Position => self.position = text.parse().ok(),
            MarkKind::PlateFront => {
                let plate = text.strip_prefix("FW");
                self.fort_worth = Some(plate.is_some());
                let plate = plate.unwrap_or(text);
                self.plate_letter = plate.chars().next();
                self.plate_number = plate.get(1..).and_then(|number| number.parse().ok());
            }
            MarkKind::PlateBack => self.plate_back = text.parse().ok(),
            MarkKind::DistrictSeal => self.district = text.chars().next(),
            MarkKind::DistrictNumber => self.district_numbers.extend(text.parse::<u8>()),
        }
    }
}

/// A feature that follows from what was read.
pub trait Reasoned: Sync {
    /// Stable name, kebab-case.
    fn id(&self) -> &'static str;
    /// What comes of it on a note.
    fn examine(&self, read: &Overprint<'_>) -> Finding;
}

/// Every feature that follows from what was read.
pub static ALL: [&dyn Reasoned; 8] = [
    &SerialGrammar,
    &SerialPair,
    &SerialDistrict,
    &SerialSeries,
    &SerialRange,
    &SerialPosition,
    &SerialColour,
    &SerialTypeface,
];

/// Said of characters that are not looked at.
const WRITTEN: &str =
    "zone covered: a pen's line runs through the serial number, or ends beside it";

impl<'a> Overprint<'a> {
    /// Reads the serial number of one side of a note.
    pub fn read(
        library: &'a Library,
        design: &'a Design,
        side: Side,
        file: usize,
        raster: &Raster,
        print: &Homography,
    ) -> Self {
        let rules = library.rules(&design.currency);
        let mut read = Self {
            design,
            rules,
            face: None,
            file,
            number: Number::default(),
            inks: Vec::new(),
            written: Vec::new(),
            unread: None,
            marks: Marks::default(),
        };
        let Some((style, grammar)) = rules.and_then(|r| r.style(&design.id)) else {
            read.unread = Some("the reference note does not describe its serial number".to_owned());
            return read;
        };
        let prints = || style.prints.iter().filter(|p| p.side == side);
        if prints().next().is_none() {
            read.unread = Some(format!("side missing: no serial number is on the {side}"));
            read.add_marks(library, side, raster, print);
            return read;
        }
        let face = prints()
            .filter_map(|p| p.lettering.as_ref())
            .find_map(|l| library.typeface(&design.currency, &l.typeface));
        let Some(face) = face else {
            read.unread = Some(
                "not calibrated: the typeface of its serial number was not learned, for want of genuine notes"
                    .to_owned(),
            );
            return read;
        };
        read.face = Some(face);
        let reader = GlyphReader::new(face);
        let mut readings: Vec<Reading> = Vec::new();
        // How far the first print that was read lies from its place.
        let mut floated: Option<[f64; 2]> = None;
        for print_of in prints() {
            let (Some(zone), Some(lettering)) = (
                zone(design, print_of.side, &print_of.zone()),
                &print_of.lettering,
            ) else {
                continue;
            };
            let read = |zone, float| reader.read(raster, print, zone, float, print_of, grammar);
            let near = floated.and_then(|by| read(zone.moved(by), TOGETHER_MM));
            let found = near
                .filter(|reading| reading.sure().is_some())
                .or_else(|| read(zone, lettering.float_mm));
            if let Some(sure) = found.iter().find(|reading| reading.sure().is_some()) {
                floated = Some(offset(sure.rect_mm, zone));
            }
            readings.extend(found);
        }
        if readings.is_empty() {
            read.unread = Some("zone covered: no row of characters is to be seen".to_owned());
        }
        read.inks = readings
            .iter()
            .map(|r| super::serial_colour::inks(raster, print, r))
            .collect();
        read.number = together(face, style.equal, grammar, readings);
        read.add_marks(library, side, raster, print);
        read
    }

    /// The prints whose characters can be looked at, each with its inks.
    pub fn clear(&self) -> impl Iterator<Item = (&Reading, &[Option<&'static str>])> {
        let inks = self
            .inks
            .iter()
            .map(Vec::as_slice)
            .chain(std::iter::repeat(&[][..]));
        let rows = self.number.readings.iter().zip(inks);
        rows.filter(|(row, _)| !self.written.contains(&row.rect_mm))
    }

    /// Notes which prints a pen's line reaches.
    pub fn leave_out(&mut self, reached: impl Fn(RectMm) -> bool) {
        let places = self.number.readings.iter().map(|row| row.rect_mm);
        self.written = places.filter(|place| reached(*place)).collect();
    }

    /// Reads the other marks on a side.
    pub fn add_marks(
        &mut self,
        library: &Library,
        side: Side,
        raster: &Raster,
        print: &Homography,
    ) {
        for (mark, window) in self.mark_windows(side, raster, print) {
            let glyphs = library.small_print(&self.design.currency, &mark.typeface);
            let found = glyphs
                .ok_or(Unread::NotCalibrated)
                .and_then(|glyphs| marks::read(&window?, mark, glyphs));
            match found {
                Ok(reading) => self.marks.add(mark.kind, &reading.text),
                Err(why) => self.marks.unread.push((mark.kind, why.to_string())),
            }
        }
    }

    /// The surroundings of each mark on a side.
    pub fn mark_windows(
        &self,
        side: Side,
        raster: &Raster,
        print: &Homography,
    ) -> Vec<(&'a Mark, Result<Ink, Unread>)> {
        let marks = self
            .rules
            .and_then(|rules| rules.style(&self.design.id))
            .map(|(style, _)| style.marks.iter());
        marks
            .into_iter()
            .flatten()
            .filter(|mark| mark.side == side)
            .map(|mark| {
                let zone = zone(self.design, side, &mark.zone).ok_or(Unread::NotCalibrated);
                let window = zone.and_then(|zone| match self.beside_mm(mark, zone) {
                    Some(beside) => {
                        let near = Mark {
                            float_mm: [FLOAT_BESIDE_NUMBER; 2],
                            ..mark.clone()
                        };
                        marks::window(&near, raster, print, zone, beside)
                    }
                    None => marks::window(mark, raster, print, zone, [0.0; 2]),
                });
                (mark, window)
            })
            .collect()
    }

    /// By how much overprint lies beside its mean place, mm: as the nearest print of the serial number does.
    fn beside_mm(&self, mark: &Mark, zone_mm: RectMm) -> Option<[f64; 2]> {
        let (style, _) = self.style().filter(|_| mark.kind.is_overprint())?;
        let across = |r: RectMm| offset(r, zone_mm)[0].abs();
        let nearest = self
            .number
            .readings
            .iter()
            .min_by(|a, b| across(a.rect_mm).total_cmp(&across(b.rect_mm)))?;
        let print = style.prints.iter().find(|p| p.place == nearest.place)?;
        let mean = zone(self.design, print.side, &print.zone())?;
        Some(offset(nearest.rect_mm, mean))
    }

    /// The number where it was read for sure, taken apart.
    pub fn serial(&self) -> Option<Serial> {
        let (_, grammar) = self.style()?;
        grammar.parse(self.number.text.as_deref()?).ok()
    }

    /// How the design's number is printed.
    pub fn style(&self) -> Option<(&'a Style, &'a Grammar)> {
        self.rules?.style(&self.design.id)
    }

    /// Why the number as a whole is not known.
    pub fn doubt(&self) -> String {
        self.unread.clone().unwrap_or_else(|| {
            if !self.written.is_empty() {
                return WRITTEN.to_owned();
            }
            let shown: Vec<String> = self
                .number
                .readings
                .iter()
                .map(|r| format!("{} {}", r.shown(), r.place))
                .collect();
            format!(
                "the serial number was not read for sure: {}",
                shown.join(", ")
            )
        })
    }

    /// The zone of the first print.
    pub fn zone_mm(&self) -> Option<RectMm> {
        self.number.readings.first().map(|r| r.rect_mm)
    }

    /// A finding that the feature could not be examined.
    pub fn not_examined(&self, feature: &str, why: impl Into<String>) -> Finding {
        Finding {
            file: self.file,
            zone_mm: self.zone_mm(),
            ..Finding::new(feature, Outcome::NotExamined, why.into())
        }
    }

    /// A rule's outcome as a finding: 1 where the rule holds, 0 where it does not.
    pub fn ruled(&self, feature: &str, ruling: Ruling) -> Finding {
        let base = self.not_examined(feature, String::new());
        let (outcome, doubtful, value, why) = match ruling.outcome {
            Ruled::Agrees { why } => (Outcome::Agrees, false, 1.0, why),
            Ruled::Deviates {
                found,
                expected,
                weight,
            } => (
                Outcome::Deviates,
                weight == Weight::Doubt,
                0.0,
                format!("{found}; expected {expected}"),
            ),
            Ruled::NotApplicable { why } => return Finding { why, ..base },
        };
        Finding {
            outcome,
            doubtful,
            value: Some(value),
            unit: "holds".to_owned(),
            expected: Some([1.0, 1.0]),
            why,
            ..base
        }
    }
}

fn zone(design: &Design, side: Side, id: &str) -> Option<RectMm> {
    design
        .zones
        .iter()
        .find(|z| z.side == side && z.id == id)
        .map(|z| z.rect_mm)
}

/// How far right and down of a place something lies, mm, from middle to middle.
fn offset(found: RectMm, place: RectMm) -> [f64; 2] {
    let ([x, y], [from_x, from_y]) = (found.middle(), place.middle());
    [x - from_x, y - from_y]
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::LazyLock;

    use super::*;
    use crate::serial::read::Character;
    use crate::serial::typeface::{RowForm, Support};

    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::built_in().unwrap());

    /// What was read of a note whose prints say this, `?` for what is in doubt.
    pub fn read(design: &str, prints: &[&str]) -> Overprint<'static> {
        let design = LIBRARY.design(design).unwrap();
        let places = ["upper-right", "lower-left"];
        let readings: Vec<Reading> = prints
            .iter()
            .zip(places)
            .map(|(text, place)| reading(text, place))
            .collect();
        let text = readings.first().and_then(Reading::sure);
        Overprint {
            design,
            rules: LIBRARY.rules(&design.currency),
            face: None,
            file: 0,
            number: Number {
                text,
                characters: Vec::new(),
                readings,
            },
            inks: Vec::new(),
            written: Vec::new(),
            unread: prints.is_empty().then(|| "zone covered".to_owned()),
            marks: Marks::default(),
        }
    }

    fn reading(text: &str, place: &str) -> Reading {
        Reading {
            place: place.to_owned(),
            characters: text
                .chars()
                .map(|c| Character {
                    best: c,
                    confidence: if c == '?' { 0.2 } else { 0.999 },
                    support: Support {
                        margin: 50.0,
                        likeness: 0.9,
                        unlike: 0.0,
                        digit: c.is_ascii_digit(),
                        again: false,
                    },
                })
                .collect(),
            scores: Vec::new(),
            middles_mm: Vec::new(),
            rect_mm: RectMm::from([1.0, 1.0, 30.0, 4.0]),
            height_mm: 3.3,
            tilt: 0.0,
            stretch: 1.0,
            form: RowForm {
                shape: 0.1,
                spacing_mm: 0.05,
                level_mm: 0.05,
            },
        }
    }

    #[test]
    fn numbers_in_typefaces_that_were_not_learned_are_not_read_and_say_so() {
        let raster = Raster::Eight(image::RgbImage::from_pixel(310, 154, image::Rgb([220; 3])));
        for id in ["cny-100-2015", "cny-100-2005", "cny-50-1999"] {
            let design = LIBRARY.design(id).unwrap();
            let print = Homography::from_rectangle(
                design.size.width,
                design.size.height,
                &[[0.0, 0.0], [310.0, 0.0], [310.0, 154.0], [0.0, 154.0]],
            )
            .unwrap();
            let read = Overprint::read(&LIBRARY, design, Side::Front, 0, &raster, &print);
            assert!(
                read.unread.as_ref().unwrap().contains("was not learned"),
                "{id}"
            );
            assert_eq!(read.number.text, None);
            for feature in ALL {
                let finding = feature.examine(&read);
                assert_eq!(finding.outcome, Outcome::NotExamined, "{id}");
                assert!(!finding.why.is_empty());
            }
        }
    }

    #[test]
    fn every_style_and_typeface_that_is_named_is_there() {
        for design in LIBRARY.designs() {
            let rules = LIBRARY.rules(&design.currency).unwrap();
            let (style, _) = rules.style(&design.id).unwrap();
            for print in style.prints.iter().filter(|p| p.lettering.is_some()) {
                let lettering = print.lettering.as_ref().unwrap();
                assert!(
                    LIBRARY
                        .typeface(&design.currency, &lettering.typeface)
                        .is_some()
                );
            }
            for series in rules.all_series() {
                for id in &series.designs {
                    assert!(
                        LIBRARY.design(id).is_ok(),
                        "series {} names {id}",
                        series.year
                    );
                }
            }
        }
    }
}
