//! What the serial number and the rest of the overprint of a currency must satisfy, read from its `series.toml`.
//!
//! A rule compares what was read with what the reference note says and gives a [`Ruling`]. What was not read, and
//! what is newer than the reference note (a series letter that it does not know), is not applicable and never
//! counts against a note.
//!
//! The tables of a `series.toml`, all but `currency` optional:
//!
//! | table | says |
//! |---|---|
//! | `[[grammar]]` | `id`, `source`, `star` (mark of a replacement note); `[grammar.class]` names, by one letter each, the characters of a place and their `part` (`series`, `district`, `prefix`, `number`, `block`); `[[grammar.form]]` is a `pattern` of those letters, likeliest form first; `[[grammar.never]]` gives reasons for characters that are not used; `[grammar.check]` is the `alphabet` and the `weights` of a check character |
//! | `[[style]]` | `id`, `grammar`, `source`, `equal` (all prints read the same); a `[[style.print]]` for each printed number: `place`, `side`, `vertical`, `even_height`, and the inks in `colours`, with the number of `places` each has where that is known; `[style.print.lettering]` says how to read it; a `[[style.mark]]` for other print that is read: `kind`, `zone`, `side`, `typeface`, `float_mm`, `height_mm`, see [`super::marks::Mark`] |
//! | `[[typeface]]` | `id`, `height_mm` of a character, `source`; `drawn` strokes of characters that are rare, see [`super::typeface`] |
//! | `[[district]]` | `letter`, `number`, `name` of an issuing bank |
//! | `[[series]]` | `letter`, `year`, `signatures`, `designs`, and which of these are `sourced`: the others raise a doubt at most |
//! | `[[range]]` | `first` and `last` running number of `denominations` (and `series`); the first row that fits holds |
//! | `[[position_rule]]` | `id`, `source`, `sheets` of a run, `order` of positions, see [`super::position`] |
//! | `[[position]]` | the `rules` by which `denominations` of `series` were numbered; rows with `star` for replacement notes; `binding = false` where a misfit says nothing |
//! | `[source]` | where `series`, `districts`, `range` and `plate` (position letter = plate letter) are from |

use serde::Deserialize;

use super::grammar::{Grammar, Serial};
use super::marks::Mark;
use super::position::{Position, PositionRule};
use crate::note::{Currency, Side};

/// Why a `series.toml` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Not TOML, or not of the form that this module describes.
    #[error("{origin}: {message}")]
    Format {
        /// The file.
        origin: String,
        /// What is wrong, with line and column where known.
        message: String,
    },
    /// A table refers to another that does not exist, or repeats one.
    #[error("{origin}: {what}")]
    Inconsistent {
        /// The file.
        origin: String,
        /// What is wrong, and in which table.
        what: String,
    },
}

/// The rules of one currency.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The currency.
    pub currency: Currency,
    #[serde(default)]
    grammar: Vec<Grammar>,
    #[serde(default)]
    style: Vec<Style>,
    #[serde(default)]
    typeface: Vec<TypefaceFacts>,
    #[serde(skip)]
    design: Vec<Design>,
    #[serde(default)]
    district: Vec<District>,
    #[serde(default)]
    series: Vec<Series>,
    #[serde(default)]
    source: Sources,
    #[serde(default)]
    range: Vec<Range>,
    #[serde(default)]
    position_rule: Vec<PositionRule>,
    #[serde(default)]
    position: Vec<Printing>,
}

/// How a serial number is printed on a design.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// The name by which designs refer to it.
    pub id: String,
    /// The grammar of the number.
    pub grammar: String,
    /// Whether all prints must read the same.
    pub equal: bool,
    /// Where this is from.
    pub source: String,
    /// Every place where the number is printed.
    #[serde(rename = "print")]
    pub prints: Vec<Print>,
    /// The other print that is read.
    #[serde(default, rename = "mark")]
    pub marks: Vec<Mark>,
}

/// One printed number.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Print {
    /// The place in words, as `upper-right`: the name that readings carry.
    pub place: String,
    /// The side of the note.
    pub side: Side,
    /// Whether the characters run down the note.
    #[serde(default)]
    pub vertical: bool,
    /// Whether all characters are of one height.
    #[serde(default = "yes")]
    pub even_height: bool,
    /// The inks from the first character to the last.
    pub colours: Vec<Ink>,
    /// How it is read; none where nothing was learned of its typeface.
    pub lettering: Option<Lettering>,
}

impl Print {
    /// The id of the zone in a `note.toml` where this number stands.
    pub fn zone(&self) -> String {
        format!("serial-{}", self.place)
    }
}

/// How the characters of a number stand in a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lettering {
    /// The id of the [`TypefaceFacts`].
    pub typeface: String,
    /// Where the ink stands out.
    pub seen_in: SeenIn,
    /// The middle of each character from that of the first, mm.
    pub cells_mm: Vec<f64>,
    /// How far the number may lie from its mean place, across and down, mm.
    pub float_mm: [f64; 2],
}

/// The quantity in which an ink stands out from what is printed beneath it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeenIn {
    /// Loss in red less loss in green, against the paper: green ink, and no black one.
    GreenInk,
    /// Darkness in red.
    Red,
    /// Darkness in green.
    Green,
    /// Darkness in blue.
    Blue,
    /// Darkness.
    Luma,
}

/// What is stated of a typeface; what was learned of it is a [`super::typeface::Typeface`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypefaceFacts {
    /// The name by which letterings refer to it.
    pub id: String,
    /// Height of a character, mm.
    pub height_mm: f64,
    /// Where this is from.
    pub source: String,
    /// Width of a drawn letter, in parts of the height.
    #[serde(default = "usual_width")]
    pub width: f64,
    /// Width of a stroke, in parts of the height.
    #[serde(default = "usual_stroke")]
    pub stroke: f64,
    /// Characters drawn as strokes: each a run of x, y in parts of the character's box, from its upper left.
    #[serde(default)]
    pub drawn: std::collections::BTreeMap<char, Vec<Vec<f64>>>,
}

fn usual_width() -> f64 {
    0.6
}

fn usual_stroke() -> f64 {
    0.13
}

fn yes() -> bool {
    true
}

/// A stretch of a printed number in one ink.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ink {
    /// The ink in words, as `dark-red`.
    pub name: String,
    /// Characters printed in it; not given where it is not known or not regular.
    pub places: Option<usize>,
}

impl Print {
    /// The ink of every place, where the reference note says how many characters each ink has.
    pub fn ink_of_places(&self) -> Option<Vec<&str>> {
        let mut inks = Vec::new();
        for ink in &self.colours {
            inks.extend(std::iter::repeat_n(ink.name.as_str(), ink.places?));
        }
        Some(inks)
    }
}

/// What the rules need to know of a design of the currency: from its `note.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Design {
    /// The design's id, as `usd-1-1963`.
    pub id: String,
    /// The value in units of the currency, as printed in reports.
    pub denomination: String,
    /// The style of its serial number.
    pub style: String,
}

/// A bank that notes are printed for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct District {
    /// Its letter.
    pub letter: char,
    /// Its number.
    pub number: u8,
    /// Its name.
    pub name: String,
}

/// A series of notes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The letter in the serial number, where one stands for the series.
    pub letter: Option<char>,
    /// The year as printed, with its letter: `2017A`.
    pub year: String,
    /// The signatures, where they vary.
    pub signatures: Option<String>,
    /// The designs made in this series.
    pub designs: Vec<String>,
    /// Which of these facts a published source states.
    pub sourced: Vec<SeriesFact>,
}

/// A fact of a [`Series`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeriesFact {
    /// The letter belongs to the year.
    Letter,
    /// The signatures belong to the year.
    Signatures,
    /// These and no other designs were made.
    Designs,
}

/// Where the tables without a source of their own are from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sources {
    series: String,
    districts: String,
    range: String,
    plate: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    denominations: Vec<String>,
    #[serde(default)]
    series: Vec<String>,
    first: u64,
    last: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Printing {
    denominations: Vec<String>,
    series: Vec<String>,
    #[serde(default)]
    star: bool,
    #[serde(default = "yes")]
    binding: bool,
    rules: Vec<String>,
}

/// How much a deviation weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A genuine note cannot show it.
    Contradiction,
    /// Genuine notes show it now and then, or the rule is not beyond doubt: unclear at most.
    Doubt,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// What was read satisfies the rule.
    Agrees {
        /// In words.
        why: String,
    },
    /// It does not.
    Deviates {
        /// What was read, in words.
        found: String,
        /// What the rule expects, in words.
        expected: String,
        /// How much that weighs.
        weight: Weight,
    },
    /// The rule says nothing about this note.
    NotApplicable {
        /// Why not.
        why: String,
    },
}

/// The outcome of a rule and where the rule is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// What was found.
    pub outcome: Outcome,
    /// Where the rule is from; empty where there is no rule.
    pub source: String,
}

impl Ruling {
    fn agrees(source: &str, why: String) -> Self {
        Self {
            outcome: Outcome::Agrees { why },
            source: source.to_owned(),
        }
    }

    fn deviates(source: &str, weight: Weight, found: String, expected: String) -> Self {
        Self {
            outcome: Outcome::Deviates {
                found,
                expected,
                weight,
            },
            source: source.to_owned(),
        }
    }

    fn not_applicable(source: &str, why: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::NotApplicable { why: why.into() },
            source: source.to_owned(),
        }
    }
}

/// What is printed beside the serial number to tell the bank; what was not read is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DistrictMarks<'a> {
    /// The letter in the seal or in the indicator under the number.
    pub letter: Option<char>,
    /// The bank's number, as often as it was read.
    pub numbers: &'a [u8],
}

/// What is printed on the note about its series; what was not read is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeriesMarks<'a> {
    /// The year with its letter, as `2017A`.
    pub year: Option<&'a str>,
    /// The signatures as [`Series::signatures`] writes them.
    pub signatures: Option<&'a str>,
}

impl Rules {
    /// Reads a `series.toml`; `origin` names the file in messages.
    ///
    /// # Errors
    /// When it is not of the right form, or one of its tables refers to one that is not there.
    pub fn from_toml(origin: &str, text: &str) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(text).map_err(|error| RulesError::Format {
            origin: origin.to_owned(),
            message: error.to_string(),
        })?;
        match rules.inconsistency() {
            None => Ok(rules),
            Some(what) => Err(RulesError::Inconsistent {
                origin: origin.to_owned(),
                what,
            }),
        }
    }

    fn inconsistency(&self) -> Option<String> {
        fn repeated<T: PartialEq>(items: impl Iterator<Item = T>) -> Option<T> {
            let mut seen = Vec::new();
            for item in items {
                if seen.contains(&item) {
                    return Some(item);
                }
                seen.push(item);
            }
            None
        }
        let grammars = self.grammar.iter().map(|g| &g.id);
        let styles = self.style.iter().map(|s| &s.id);
        let typefaces = self.typeface.iter().map(|t| &t.id);
        let rules = self.position_rule.iter().map(|r| &r.id);
        for (table, twice) in [
            ("grammar", repeated(grammars)),
            ("style", repeated(styles)),
            ("typeface", repeated(typefaces)),
            ("position_rule", repeated(rules)),
        ] {
            if let Some(id) = twice {
                return Some(format!("[[{table}]] {id:?} is there twice"));
            }
        }
        if let Some(letter) = repeated(self.series.iter().filter_map(|s| s.letter)) {
            return Some(format!("[[series]] letter {letter:?} is there twice"));
        }
        if let Some(letter) = repeated(self.district.iter().map(|d| d.letter)) {
            return Some(format!("[[district]] letter {letter:?} is there twice"));
        }
        for style in &self.style {
            let Some(grammar) = self.grammar(&style.grammar) else {
                return Some(format!(
                    "[[style]] {:?} names no grammar {:?}",
                    style.id, style.grammar
                ));
            };
            if style.prints.is_empty() {
                return Some(format!("[[style]] {:?} has no [[style.print]]", style.id));
            }
            for print in &style.prints {
                if let Some(lettering) = &print.lettering {
                    if self.typeface(&lettering.typeface).is_none() {
                        return Some(format!(
                            "[[style.print]] {:?} of {:?} names no typeface {:?}",
                            print.place, style.id, lettering.typeface
                        ));
                    }
                    let cells = lettering.cells_mm.len();
                    if grammar.forms.iter().any(|form| form.places.len() != cells) {
                        return Some(format!(
                            "[[style.print]] {:?} of {:?} has {cells} cells_mm, which is not the length of grammar {:?}",
                            print.place, style.id, grammar.id
                        ));
                    }
                }
                if let Some(inks) = print.ink_of_places()
                    && grammar
                        .forms
                        .iter()
                        .any(|form| form.places.len() != inks.len())
                {
                    return Some(format!(
                        "[[style.print]] {:?} of {:?} colours {} places, which is not the length of grammar {:?}",
                        print.place,
                        style.id,
                        inks.len(),
                        grammar.id
                    ));
                }
            }
        }
        for mark in self.style.iter().flat_map(|style| &style.marks) {
            let [least, most] = mark.height_mm;
            let float = mark.float_mm.iter().all(|mm| (0.0..=20.0).contains(mm));
            if !(least > 0.1 && least < most && most <= 20.0 && float) {
                return Some(format!(
                    "[[style.mark]] {:?} is higher or floats farther than any",
                    mark.zone
                ));
            }
        }
        for range in &self.range {
            if range.first > range.last {
                return Some(format!(
                    "[[range]] runs from {} to {}",
                    range.first, range.last
                ));
            }
        }
        for printing in &self.position {
            if let Some(id) = printing
                .rules
                .iter()
                .find(|id| self.position_rule(id).is_none())
            {
                return Some(format!("[[position]] names no position_rule {id:?}"));
            }
        }
        let years = self
            .range
            .iter()
            .flat_map(|range| &range.series)
            .chain(self.position.iter().flat_map(|printing| &printing.series));
        for year in years {
            if !self.series.iter().any(|series| series.year == *year) {
                return Some(format!("series {year:?} is not among the [[series]]"));
            }
        }
        None
    }

    /// The issuing banks.
    pub fn districts(&self) -> &[District] {
        &self.district
    }

    /// Tells the designs that these rules are asked about.
    pub fn set_designs(&mut self, designs: impl IntoIterator<Item = Design>) {
        self.design = designs.into_iter().collect();
    }

    /// What is stated of a typeface, by its id.
    pub fn typeface(&self, id: &str) -> Option<&TypefaceFacts> {
        self.typeface.iter().find(|typeface| typeface.id == id)
    }

    /// Every style of printed numbers.
    pub fn styles(&self) -> &[Style] {
        &self.style
    }

    /// A grammar by its id.
    pub fn grammar(&self, id: &str) -> Option<&Grammar> {
        self.grammar.iter().find(|grammar| grammar.id == id)
    }

    /// A design by its id.
    pub fn design(&self, id: &str) -> Option<&Design> {
        self.design.iter().find(|design| design.id == id)
    }

    /// How a design's serial number is printed, and its grammar.
    pub fn style(&self, design: &str) -> Option<(&Style, &Grammar)> {
        let design = self.design(design)?;
        let style = self.style.iter().find(|style| style.id == design.style)?;
        Some((style, self.grammar(&style.grammar)?))
    }

    /// A position rule by its id.
    pub fn position_rule(&self, id: &str) -> Option<&PositionRule> {
        self.position_rule.iter().find(|rule| rule.id == id)
    }

    /// Every series, in the order of the file: what a reader of the printed year may expect.
    pub fn all_series(&self) -> &[Series] {
        &self.series
    }

    /// Whether a text is a serial number of the design.
    pub fn check_grammar(&self, design: &str, text: &str) -> Ruling {
        let Some((_, grammar)) = self.style(design) else {
            return no_rule("the design has no serial grammar");
        };
        match grammar.parse(text) {
            Ok(serial) => Ruling::agrees(
                &grammar.source,
                format!("{serial} has the form: {}", serial.form),
            ),
            Err(error) => {
                let forms: Vec<&str> = grammar
                    .forms
                    .iter()
                    .map(|form| form.about.as_str())
                    .collect();
                Ruling::deviates(
                    &grammar.source,
                    Weight::Contradiction,
                    format!("{text}: {error}"),
                    forms.join("; or "),
                )
            }
        }
    }

    /// Whether the prints that were read for sure are the same: place and text of each.
    pub fn check_pair(&self, design: &str, sure: &[(&str, &str)]) -> Ruling {
        let Some((style, _)) = self.style(design) else {
            return no_rule("the design has no serial style");
        };
        if !style.equal || style.prints.len() < 2 {
            return Ruling::not_applicable(&style.source, "the number is printed once");
        }
        let Some(((_, first), others)) = sure.split_first() else {
            return Ruling::not_applicable(&style.source, "no print was read for sure");
        };
        if others.is_empty() {
            return Ruling::not_applicable(&style.source, "only one print was read for sure");
        }
        if others.iter().all(|(_, text)| text == first) {
            return Ruling::agrees(
                &style.source,
                format!("all {} prints read {first}", sure.len()),
            );
        }
        let found: Vec<String> = sure
            .iter()
            .map(|(place, text)| format!("{text} {place}"))
            .collect();
        Ruling::deviates(
            &style.source,
            Weight::Contradiction,
            found.join(", "),
            "the same number in every place".to_owned(),
        )
    }

    /// Whether seal letter and bank numbers are those of the letter in the serial number.
    pub fn check_district(&self, serial: &Serial, marks: DistrictMarks<'_>) -> Ruling {
        let source = &self.source.districts;
        let Some(letter) = serial.letter(super::grammar::Part::District) else {
            return Ruling::not_applicable(source, "the serial number names no bank");
        };
        let Some(district) = self
            .district
            .iter()
            .find(|district| district.letter == letter)
        else {
            return Ruling::not_applicable(source, unknown(&format!("bank letter {letter}")));
        };
        if marks.letter.is_none() && marks.numbers.is_empty() {
            return Ruling::not_applicable(
                source,
                "neither the seal's letter nor a bank number was read",
            );
        }
        let mut wrong = Vec::new();
        if let Some(seal) = marks.letter.filter(|&seal| seal != letter) {
            wrong.push(format!("seal letter {seal}"));
        }
        let mut numbers: Vec<u8> = marks
            .numbers
            .iter()
            .copied()
            .filter(|&number| number != district.number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        wrong.extend(numbers.iter().map(|number| format!("bank number {number}")));
        if wrong.is_empty() {
            Ruling::agrees(
                source,
                format!("{letter} is {} ({})", district.name, district.number),
            )
        } else {
            // An altered letter stands against every mark of the note; a single one may be misread.
            let others = self.district.iter().filter(|other| other.letter != letter);
            let sure = others.into_iter().any(|other| {
                let seal = marks.letter == Some(other.letter);
                let numbers = marks.numbers.iter().filter(|n| **n == other.number);
                usize::from(seal) + numbers.count() >= 2
            });
            Ruling::deviates(
                source,
                if sure {
                    Weight::Contradiction
                } else {
                    Weight::Doubt
                },
                format!("{} beside serial number {serial}", wrong.join(" and ")),
                format!("{letter} and {} for {}", district.number, district.name),
            )
        }
    }

    /// Whether series letter, series year, signatures and design belong together.
    pub fn check_series(
        &self,
        design: &str,
        serial: Option<&Serial>,
        marks: SeriesMarks<'_>,
    ) -> Ruling {
        let source = &self.source.series;
        if self.series.is_empty() || self.design(design).is_none() {
            return Ruling::not_applicable(
                source,
                "the reference note lists no series for this design",
            );
        }
        let letter = serial.and_then(|serial| serial.letter(super::grammar::Part::Series));
        if let Some(year) = marks.year
            && !self.series.iter().any(|series| series.year == year)
        {
            return Ruling::not_applicable(source, unknown(&format!("series {year}")));
        }
        if let Some(letter) = letter {
            let Some(series) = self
                .series
                .iter()
                .find(|series| series.letter == Some(letter))
            else {
                return Ruling::not_applicable(source, unknown(&format!("series letter {letter}")));
            };
            if let Some(year) = marks.year.filter(|&year| year != series.year) {
                return Ruling::deviates(
                    source,
                    series.weight(SeriesFact::Letter),
                    format!("series {year} with letter {letter}"),
                    format!("series {} for letter {letter}", series.year),
                );
            }
            return series.check(source, design, marks.signatures);
        }
        let Some(year) = marks.year else {
            return Ruling::not_applicable(source, "the series was not read");
        };
        // Several rows may share a year; the design tells them apart.
        let rows = || self.series.iter().filter(|series| series.year == year);
        let row = rows()
            .find(|series| series.designs.iter().any(|id| id == design))
            .or_else(|| rows().next());
        match row {
            Some(series) => series.check(source, design, marks.signatures),
            None => Ruling::not_applicable(source, unknown(&format!("series {year}"))),
        }
    }

    /// Whether the running number is one that was printed for circulation. `year` is the series, where known.
    pub fn check_range(&self, design: &str, year: Option<&str>, serial: &Serial) -> Ruling {
        let source = &self.source.range;
        let row = self.design(design).and_then(|design| {
            self.range.iter().find(|range| {
                range.denominations.contains(&design.denomination)
                    && (range.series.is_empty()
                        || year
                            .is_some_and(|year| range.series.iter().any(|listed| listed == year)))
            })
        });
        let Some(range) = row else {
            return Ruling::not_applicable(
                source,
                "the reference note gives no range for this design",
            );
        };
        let number = serial.number();
        let within = format!("{} to {}", range.first, range.last);
        if (range.first..=range.last).contains(&number) {
            Ruling::agrees(source, format!("{number} lies in {within}"))
        } else {
            Ruling::deviates(
                source,
                Weight::Doubt,
                format!("number {number}, as on specimens and uncut sheets"),
                format!("{within} for circulation"),
            )
        }
    }

    /// Where a note may have been printed on its sheet, with the id of the rule that says so. Empty where no rule
    /// is listed for this series. `star` is true for replacement notes, which have number lines of their own.
    pub fn expected_positions(
        &self,
        denomination: &str,
        year: &str,
        number: u64,
        star: bool,
    ) -> Vec<(Position, &PositionRule)> {
        self.printing(denomination, year, star)
            .into_iter()
            .flat_map(|printing| &printing.rules)
            .filter_map(|id| self.position_rule(id))
            .filter_map(|rule| Some((rule.position_of(number)?, rule)))
            .collect()
    }

    fn printing(&self, denomination: &str, year: &str, star: bool) -> Option<&Printing> {
        self.position.iter().find(|printing| {
            printing.star == star
                && printing
                    .denominations
                    .iter()
                    .any(|listed| listed == denomination)
                && printing.series.iter().any(|listed| listed == year)
        })
    }

    /// Whether the printed position follows from the running number. Unclear at most: sheets are swapped now and then.
    pub fn check_position(
        &self,
        design: &str,
        year: &str,
        serial: &Serial,
        position: Position,
    ) -> Ruling {
        let Some(design) = self.design(design) else {
            return no_rule("the reference note does not list this design");
        };
        let Some(printing) = self.printing(&design.denomination, year, serial.star) else {
            return no_rule("no rule is known for how this series was numbered");
        };
        let expected =
            self.expected_positions(&design.denomination, year, serial.number(), serial.star);
        if let Some((_, rule)) = expected.iter().find(|(place, _)| *place == position) {
            return Ruling::agrees(
                &rule.source,
                format!("{serial} belongs at {position} ({})", rule.id),
            );
        }
        let mut sources: Vec<&str> = expected
            .iter()
            .map(|(_, rule)| rule.source.as_str())
            .collect();
        sources.dedup();
        let source = sources.join("; ");
        let places: Vec<String> = expected
            .iter()
            .map(|(place, rule)| format!("{place} ({})", rule.id))
            .collect();
        let expected = format!("{} for {serial} of series {year}", places.join(" or "));
        if printing.binding && !places.is_empty() {
            Ruling::deviates(
                &source,
                Weight::Doubt,
                format!("position {position}"),
                expected,
            )
        } else {
            Ruling::not_applicable(
                &source,
                format!(
                    "position {position}, rules name {expected}: too irregular there to say anything"
                ),
            )
        }
    }

    /// Whether the letter before the plate number is that of the position.
    pub fn check_plate(&self, position: Position, plate_letter: char) -> Ruling {
        let source = &self.source.plate;
        if source.is_empty() {
            no_rule("the reference note says nothing of plate letters")
        } else if position.letter == plate_letter {
            Ruling::agrees(
                source,
                format!("position {position} and plate letter {plate_letter}"),
            )
        } else {
            // Both are a millimetre high and may be misread.
            Ruling::deviates(
                source,
                Weight::Doubt,
                format!("plate letter {plate_letter} with position {position}"),
                format!("plate letter {}", position.letter),
            )
        }
    }

    /// Whether every character of a print is in its ink. `inks` holds the ink found at each place, none where it
    /// could not be told.
    pub fn check_colour(&self, design: &str, place: &str, inks: &[Option<&str>]) -> Ruling {
        let Some((style, _)) = self.style(design) else {
            return no_rule("the design has no serial style");
        };
        let source = &style.source;
        let Some(expected) = style
            .prints
            .iter()
            .find(|print| print.place == place)
            .and_then(Print::ink_of_places)
        else {
            return Ruling::not_applicable(
                source,
                "the reference note does not say which place has which ink",
            );
        };
        if inks.len() != expected.len() {
            return Ruling::not_applicable(
                source,
                format!(
                    "{} characters were found, {} are printed",
                    inks.len(),
                    expected.len()
                ),
            );
        }
        let told: Vec<(usize, &str, &str)> = inks
            .iter()
            .zip(&expected)
            .enumerate()
            .filter_map(|(place, (ink, expected))| Some((place + 1, (*ink)?, *expected)))
            .collect();
        if told.is_empty() {
            return Ruling::not_applicable(source, "no ink could be told");
        }
        let wrong: Vec<String> = told
            .iter()
            .filter(|(_, ink, expected)| ink != expected)
            .map(|(place, ink, _)| format!("{ink} at place {place}"))
            .collect();
        let in_words = in_runs(&expected);
        if wrong.is_empty() {
            Ruling::agrees(source, in_words)
        } else {
            // A dark ink loses its hue on a coarse or dim picture: black may be any ink.
            let hued = told
                .iter()
                .any(|(_, ink, expected)| ink != expected && *ink != "black");
            let weight = if hued {
                Weight::Contradiction
            } else {
                Weight::Doubt
            };
            Ruling::deviates(source, weight, wrong.join(", "), in_words)
        }
    }
}

impl Series {
    fn weight(&self, fact: SeriesFact) -> Weight {
        if self.sourced.contains(&fact) {
            Weight::Contradiction
        } else {
            Weight::Doubt
        }
    }

    fn check(&self, source: &str, design: &str, signatures: Option<&str>) -> Ruling {
        let year = &self.year;
        if !self.designs.iter().any(|id| id == design) {
            return Ruling::deviates(
                source,
                self.weight(SeriesFact::Designs),
                format!("series {year} on {design}"),
                format!("series {year} on {}", self.designs.join(", ")),
            );
        }
        if let (Some(found), Some(expected)) = (signatures, &self.signatures)
            && found != expected
        {
            return Ruling::deviates(
                source,
                self.weight(SeriesFact::Signatures),
                format!("signatures {found} on series {year}"),
                format!("signatures {expected}"),
            );
        }
        Ruling::agrees(source, format!("series {year} was made on {design}"))
    }
}

fn no_rule(why: &str) -> Ruling {
    Ruling::not_applicable("", why)
}

fn unknown(what: &str) -> String {
    format!("{what} is newer than this reference note, or unknown to it")
}

/// `4 dark-red, 6 black`.
fn in_runs(inks: &[&str]) -> String {
    let runs: Vec<String> = inks
        .chunk_by(|a, b| a == b)
        .filter_map(|run| Some(format!("{} {}", run.len(), run.first()?)))
        .collect();
    runs.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const USD: &str = include_str!("../../reference-notes/usd/series.toml");
    const CNY: &str = include_str!("../../reference-notes/cny/series.toml");

    fn with(mut rules: Rules, designs: &[(&str, &str, &str)]) -> Rules {
        rules.set_designs(designs.iter().map(|(id, denomination, style)| Design {
            id: (*id).to_owned(),
            denomination: (*denomination).to_owned(),
            style: (*style).to_owned(),
        }));
        rules
    }

    fn usd() -> Rules {
        with(
            Rules::from_toml("usd/series.toml", USD).unwrap(),
            &[
                ("usd-1-1963", "1", "usd-black-seal"),
                ("usd-2-1976", "2", "usd-black-seal"),
                ("usd-5-1999", "5", "usd-universal-seal"),
                ("usd-5-2006", "5", "usd-universal-seal"),
                ("usd-20-1996", "20", "usd-universal-seal"),
                ("usd-20-2004", "20", "usd-universal-seal"),
                ("usd-50-2004", "50", "usd-universal-seal"),
                ("usd-100-2009", "100", "usd-universal-seal"),
            ],
        )
    }

    fn cny() -> Rules {
        with(
            Rules::from_toml("cny/series.toml", CNY).unwrap(),
            &[
                ("cny-100-1980", "100", "cny-fourth-100-yuan"),
                ("cny-100-2005", "100", "cny-2005-irregular"),
                ("cny-100-2015", "100", "cny-2015"),
            ],
        )
    }

    fn one(text: &str) -> Serial {
        usd()
            .grammar("usd-one-letter")
            .unwrap()
            .parse(text)
            .unwrap()
    }

    fn two(text: &str) -> Serial {
        usd()
            .grammar("usd-two-letters")
            .unwrap()
            .parse(text)
            .unwrap()
    }

    fn weight(ruling: &Ruling) -> Option<Weight> {
        match &ruling.outcome {
            Outcome::Deviates {
                weight,
                found,
                expected,
            } => {
                assert!(!found.is_empty() && !expected.is_empty() && !ruling.source.is_empty());
                Some(*weight)
            }
            _ => None,
        }
    }

    fn agrees(ruling: &Ruling) -> bool {
        matches!(ruling.outcome, Outcome::Agrees { .. })
    }

    fn skipped(ruling: &Ruling) -> bool {
        matches!(ruling.outcome, Outcome::NotApplicable { .. })
    }

    #[test]
    fn district_letter_number_and_seal() {
        let (rules, serial) = (usd(), one("K91746345B"));
        let check = |letter, numbers: &[u8]| {
            rules.check_district(&serial, DistrictMarks { letter, numbers })
        };
        assert!(agrees(&check(Some('K'), &[11, 11, 11, 11])));
        assert!(agrees(&check(None, &[11])));
        assert!(skipped(&check(None, &[])));
        assert_eq!(weight(&check(Some('L'), &[11])), Some(Weight::Doubt));
        assert_eq!(weight(&check(None, &[12, 11])), Some(Weight::Doubt));
        assert_eq!(
            weight(&check(Some('L'), &[12])),
            Some(Weight::Contradiction)
        );
        let ruling = check(Some('K'), &[11, 12, 12]);
        let Outcome::Deviates {
            found, expected, ..
        } = ruling.outcome
        else {
            panic!()
        };
        assert_eq!(found, "bank number 12 beside serial number K91746345B");
        assert_eq!(expected, "K and 11 for Dallas");
    }

    #[test]
    fn series_letter_year_signatures_and_design() {
        let rules = usd();
        let check = |design, text, year, signatures| {
            let serial = two(text);
            rules.check_series(design, Some(&serial), SeriesMarks { year, signatures })
        };
        assert!(agrees(&check(
            "usd-20-2004",
            "PB12345678A",
            Some("2017A"),
            Some("Carranza-Mnuchin")
        )));
        assert!(agrees(&check("usd-20-2004", "PB12345678A", None, None)));
        assert_eq!(
            weight(&check("usd-20-2004", "PB12345678A", Some("2013"), None)),
            Some(Weight::Contradiction)
        );
        assert_eq!(
            weight(&check("usd-50-2004", "NB12345678A", None, None)),
            Some(Weight::Contradiction)
        );
        assert_eq!(
            weight(&check("usd-20-1996", "MB12345678A", None, None)),
            Some(Weight::Doubt)
        );
        assert_eq!(
            weight(&check("usd-20-2004", "PB12345678A", None, Some("Rios-Lew"))),
            Some(Weight::Contradiction)
        );
        // 2006 has two letters: H on the old design, I on the new.
        assert!(agrees(&check(
            "usd-5-1999",
            "HF12345678A",
            Some("2006"),
            None
        )));
        assert!(agrees(&check(
            "usd-5-2006",
            "IF12345678A",
            Some("2006"),
            None
        )));
        assert_eq!(
            weight(&check("usd-5-2006", "HF12345678A", Some("2006"), None)),
            Some(Weight::Contradiction)
        );
    }

    #[test]
    fn what_is_newer_than_the_reference_note_never_deviates() {
        let rules = usd();
        for letter in ["R", "S", "T", "U", "W", "X", "Y"] {
            let serial = two(&format!("{letter}B12345678A"));
            for design in ["usd-5-2006", "usd-100-2009", "usd-500-2030"] {
                for year in [None, Some("2013"), Some("2029")] {
                    let marks = SeriesMarks {
                        year,
                        signatures: Some("Nobody-Else"),
                    };
                    assert!(
                        skipped(&rules.check_series(design, Some(&serial), marks)),
                        "{letter} {year:?}"
                    );
                }
            }
        }
        let serial = two("MB12345678A");
        let marks = SeriesMarks {
            year: Some("2029"),
            signatures: None,
        };
        assert!(skipped(&rules.check_series(
            "usd-5-2006",
            Some(&serial),
            marks
        )));
        assert!(skipped(&rules.check_position(
            "usd-5-2006",
            "2029",
            &serial,
            "A1".parse().unwrap()
        )));
    }

    #[test]
    fn series_year_on_one_dollar() {
        let rules = usd();
        let check = |design, year| {
            rules.check_series(
                design,
                Some(&one("B12345678A")),
                SeriesMarks {
                    year,
                    signatures: None,
                },
            )
        };
        assert!(agrees(&check("usd-1-1963", Some("2021"))));
        assert!(skipped(&check("usd-1-1963", None)));
        assert!(skipped(&check("usd-1-1963", Some("2031"))));
        // From memory only, so no more than a doubt.
        assert_eq!(
            weight(&check("usd-2-1976", Some("2017"))),
            Some(Weight::Doubt)
        );
    }

    #[test]
    fn ranges() {
        let rules = usd();
        let check = |year, text| rules.check_range("usd-1-1963", year, &one(text));
        assert!(agrees(&check(Some("2017"), "B96000000A")));
        assert_eq!(
            weight(&check(Some("2017"), "B96000001A")),
            Some(Weight::Doubt)
        );
        assert_eq!(weight(&check(None, "B00000000A")), Some(Weight::Doubt));
        assert!(agrees(&check(Some("1963A"), "B99999999A")));
        assert!(agrees(&rules.check_range(
            "usd-100-2009",
            None,
            &two("MB99200000A")
        )));
        assert_eq!(
            weight(&rules.check_range("usd-100-2009", None, &two("MB99200001A"))),
            Some(Weight::Doubt)
        );
        assert!(skipped(&rules.check_range(
            "usd-3-1999",
            None,
            &one("B00000001A")
        )));
    }

    #[test]
    fn positions_and_plates() {
        let rules = usd();
        let check = |year, text: &str, position: &str| {
            rules.check_position("usd-1-1963", year, &one(text), position.parse().unwrap())
        };
        assert!(agrees(&check("2017", "B91746345A", "D4")));
        assert_eq!(
            weight(&check("2017", "B91746345A", "D3")),
            Some(Weight::Doubt)
        );
        assert!(agrees(&check("2021", "B04163385A", "C4")));
        assert!(skipped(&check("2021", "B04163385*", "A1")));
        assert!(skipped(&check("1963", "B04163385A", "A1")));
        let (d4, plate) = ("D4".parse().unwrap(), usd());
        assert!(agrees(&plate.check_plate(d4, 'D')));
        assert_eq!(weight(&plate.check_plate(d4, 'E')), Some(Weight::Doubt));
        assert!(skipped(&cny().check_plate(d4, 'E')));
    }

    #[test]
    fn pairs() {
        let rules = usd();
        let (up, low) = (("upper-right", "K91746345B"), ("lower-left", "K91746345B"));
        assert!(agrees(&rules.check_pair("usd-1-1963", &[up, low])));
        assert!(skipped(&rules.check_pair("usd-1-1963", &[up])));
        assert!(skipped(&rules.check_pair("usd-1-1963", &[])));
        let ruling = rules.check_pair("usd-1-1963", &[up, ("lower-left", "K91746346B")]);
        assert_eq!(weight(&ruling), Some(Weight::Contradiction));
        let Outcome::Deviates { found, .. } = ruling.outcome else {
            panic!()
        };
        assert_eq!(found, "K91746345B upper-right, K91746346B lower-left");
        assert!(skipped(&cny().check_pair("cny-100-1980", &[up, low])));
    }

    #[test]
    fn colours_of_the_2015_edition() {
        let rules = cny();
        let mut inks = [Some("dark-red"); 10];
        inks[4..].fill(Some("black"));
        assert!(agrees(&rules.check_colour(
            "cny-100-2015",
            "horizontal",
            &inks
        )));
        inks[2] = None;
        assert!(agrees(&rules.check_colour(
            "cny-100-2015",
            "horizontal",
            &inks
        )));
        inks[3] = Some("black");
        let ruling = rules.check_colour("cny-100-2015", "horizontal", &inks);
        assert_eq!(weight(&ruling), Some(Weight::Doubt));
        let mut red = inks;
        red[7] = Some("dark-red");
        let red = rules.check_colour("cny-100-2015", "horizontal", &red);
        assert_eq!(weight(&red), Some(Weight::Contradiction));
        let Outcome::Deviates {
            found, expected, ..
        } = ruling.outcome
        else {
            panic!()
        };
        assert_eq!(
            (found.as_str(), expected.as_str()),
            ("black at place 4", "4 dark-red, 6 black")
        );
        assert!(skipped(&rules.check_colour(
            "cny-100-2015",
            "horizontal",
            &inks[..9]
        )));
        assert!(skipped(&rules.check_colour(
            "cny-100-2015",
            "vertical",
            &[None; 10]
        )));
        assert!(skipped(&rules.check_colour(
            "cny-100-2005",
            "horizontal",
            &inks
        )));
    }

    #[test]
    fn a_file_that_refers_to_nothing_is_refused() {
        for (from, to, says) in [
            (
                "grammar = \"usd-one-letter\"",
                "grammar = \"usd-none\"",
                "names no grammar",
            ),
            (
                "typeface = \"usd-overprint\"",
                "typeface = \"usd-none\"",
                "names no typeface",
            ),
            ("cells_mm = [0.0, 3.81, ", "cells_mm = [", "has 8 cells_mm"),
            ("places = 10", "places = 9", "not the length of grammar"),
            ("letter = \"Q\"", "letter = \"P\"", "is there twice"),
            (
                "rules = [\"lepe-50\"]",
                "rules = [\"lepe-60\"]",
                "names no position_rule",
            ),
            (
                "series = [\"2013\"]",
                "series = [\"3013\"]",
                "not among the [[series]]",
            ),
            ("A5 B5", "A5 A5", "every position once"),
            (
                "currency = \"USD\"",
                "currency = \"USD\"\nextra = 1",
                "unknown field",
            ),
            (
                "first = 1\nlast = 96000000",
                "first = 1\nlast = 0",
                "runs from",
            ),
        ] {
            assert!(USD.contains(from), "{from}");
            let error = Rules::from_toml("usd/series.toml", &USD.replacen(from, to, 1))
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("usd/series.toml: ") && error.contains(says),
                "{error}"
            );
        }
    }
}
