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
use crate::serial::position::Position;
use crate::serial::read::{GlyphReader, Number, SerialReader, together};
use crate::serial::rules::{Outcome as Ruled, Print, Rules, Ruling, Style, Weight};
use crate::serial::typeface::Typeface;
use crate::verdict::{Finding, Outcome};

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
        let readings: Vec<_> = prints()
            .filter_map(|print_of| {
                let zone = zone(design, print_of)?;
                reader.read(raster, print, zone, print_of, grammar)
            })
            .collect();
        if readings.is_empty() {
            read.unread = Some("zone covered: no row of characters is to be seen".to_owned());
        }
        read.inks = readings
            .iter()
            .map(|r| super::serial_colour::inks(raster, print, r))
            .collect();
        read.number = together(face, style.equal, grammar, readings);
        read
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
            feature: feature.to_owned(),
            outcome: Outcome::NotExamined,
            doubtful: false,
            file: self.file,
            zone_mm: self.zone_mm(),
            value: None,
            unit: String::new(),
            expected: None,
            p_value: None,
            why: why.into(),
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

fn zone(design: &Design, print: &Print) -> Option<RectMm> {
    let id = print.zone();
    design
        .zones
        .iter()
        .find(|z| z.side == print.side && z.id == id)
        .map(|z| z.rect_mm)
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::LazyLock;

    use super::*;
    use crate::serial::read::{Character, Reading};
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
