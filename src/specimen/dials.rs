//! Every dial of the press, from 0 (nothing) to 1 (in full), in one table: the help, the parser and the truth
//! are made from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SpecimenError;

/// What a dial is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DialKind {
    /// What makes a note a forgery.
    Defect,
    /// What happens to genuine notes.
    Wear,
}

impl DialKind {
    /// The word used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Defect => "defect",
            Self::Wear => "wear",
        }
    }
}

macro_rules! dials {
    ($($variant:ident, $kind:ident, $name:literal, $help:literal;)+) => {
        /// A dial of the press.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Dial {
            $(#[doc = $help] $variant,)+
        }

        impl Dial {
            /// Every dial, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name on the command line and in the truth, kebab-case.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether it forges or wears.
            pub fn kind(self) -> DialKind {
                match self { $(Self::$variant => DialKind::$kind,)+ }
            }

            /// What the dial does, in one sentence.
            pub fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)+ }
            }
        }
    };
}

dials! {
    Halftone, Defect, "halftone", "colour copy: the picture is separated into four process inks and printed in clustered dots, 133 to 175 lines per inch at four angles";
    Inkjet, Defect, "inkjet", "inkjet copy: four process inks in dispersed dots that bleed into the paper";
    LowResolution, Defect, "low-resolution", "reprint of a picture of 150 dpi (slight) to 90 dpi (in full), without a screen";
    OffsetForIntaglio, Defect, "offset-for-intaglio", "the engraved print done in offset: paler, softer, no relief, line widths evened out";
    InkHue, Defect, "ink-hue", "inks of another hue, turned by up to a fifth of the colour circle";
    MissingThread, Defect, "missing-thread", "no thread in the paper";
    PrintedThread, Defect, "printed-thread", "a grey line on the surface instead of the thread";
    MissingWatermark, Defect, "missing-watermark", "no watermark in the paper";
    PrintedWatermark, Defect, "printed-watermark", "a grey picture on the surface instead of the watermark";
    BleachedPaper, Defect, "bleached-paper", "printed on the paper of the other value: its watermark and its thread (any value above 0)";
    MissingFibres, Defect, "missing-fibres", "no fibres in the paper";
    MissedRegister, Defect, "missed-register", "the flat print of the back up to 1.4 mm off that of the front";
    BrightPaper, Defect, "bright-paper", "office paper: bluish white by day, bright under ultraviolet";
    InfraredVisible, Defect, "infrared-visible", "every ink stays dark in infrared, also those that should vanish";
    WrongSerial, Defect, "wrong-serial", "a serial that breaks the rules: wrong check letter; from 0.34 a district that is not the seal's; from 0.67 a number above the printed range";
    RepeatedSerial, Defect, "repeated-serial", "the serial of the forger's one plate, whatever the seed (any value above 0)";
    MismatchedSerial, Defect, "mismatched-serial", "the second serial differs from the first, in one digit (slight) to eight";
    AlteredValue, Defect, "altered-value", "numerals and words of another denomination pasted over the value, at one place (slight) to all";
    Splice, Defect, "splice", "one part of the note comes from a copy; the seam shows";
    WrongSize, Defect, "wrong-size", "a note up to 5 % shorter and 2 % lower than it should be";
    LostMicrotext, Defect, "lost-microtext", "microtext that is only a grey line";
    ConstantInk, Defect, "constant-ink", "the numeral in colour-changing ink printed in one that changes less (slight) or not at all (in full)";
    Soil, Wear, "soil", "dirt of handling, yellow-brown, darker at the edges";
    Creases, Wear, "creases", "folds with rubbed ink and dirt in them, two (slight) to fourteen";
    FoldedCorner, Wear, "folded-corner", "a corner folded behind the note, up to 16 mm";
    Tear, Wear, "tear", "a tear from an edge, up to 22 mm";
    Hole, Wear, "hole", "a hole, up to 4 mm in radius";
    Stain, Wear, "stain", "a spill with a dark rim, up to 14 mm in radius";
    Writing, Wear, "writing", "writing in ballpoint pen";
    Stamp, Wear, "stamp", "a bank's rubber stamp";
    Tape, Wear, "tape", "a strip of clear tape across the note";
    Washed, Wear, "washed", "been through the laundry: paler inks, rough paper, brightener";
    Faded, Wear, "faded", "faded inks, down to half their density";
    OffCentre, Wear, "off-centre", "cut off centre, up to 2.4 mm each way";
    FloatingOverprint, Wear, "floating-overprint", "serials and seal shifted against the design, up to 3 % of the width and the height, and tilted by up to 1.2 degrees";
}

/// The settings of all dials. Dials that are not named are 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, f32>", into = "BTreeMap<String, f32>")]
pub struct Dials(Vec<(Dial, f32)>);

impl Dials {
    /// No defect, no wear.
    pub fn none() -> Self {
        Self::default()
    }

    /// One dial turned on.
    ///
    /// # Errors
    /// As [`Dials::set`].
    pub fn one(dial: Dial, value: f32) -> Result<Self, SpecimenError> {
        let mut dials = Self::none();
        dials.set(dial, value)?;
        Ok(dials)
    }

    /// Turns a dial.
    ///
    /// # Errors
    /// A value that is not a number from 0 to 1.
    pub fn set(&mut self, dial: Dial, value: f32) -> Result<(), SpecimenError> {
        if !(0.0..=1.0).contains(&value) {
            return Err(SpecimenError::Dial {
                name: dial.name(),
                value: value.to_string(),
            });
        }
        self.0.retain(|(d, _)| *d != dial);
        if value > 0.0 {
            self.0.push((dial, value));
        }
        Ok(())
    }

    /// How far a dial is turned.
    pub fn get(&self, dial: Dial) -> f32 {
        self.0
            .iter()
            .find(|(d, _)| *d == dial)
            .map_or(0.0, |(_, v)| *v)
    }

    /// Turns the dial named in `name=value`; `name` alone turns it to 1.
    ///
    /// # Errors
    /// A name that is not in the table or is of the other kind, or a value outside 0..=1.
    pub fn parse(&mut self, kind: DialKind, text: &str) -> Result<(), SpecimenError> {
        let (name, value) = text.split_once('=').unwrap_or((text, "1"));
        let dial = named(name).filter(|d| d.kind() == kind).ok_or_else(|| {
            let known: Vec<_> = Dial::ALL
                .iter()
                .filter(|d| d.kind() == kind)
                .map(|d| d.name())
                .collect();
            SpecimenError::UnknownDial {
                kind: kind.as_str(),
                name: name.to_owned(),
                known: known.join(", "),
            }
        })?;
        let number = value.parse::<f32>().unwrap_or(f32::NAN);
        self.set(dial, number).map_err(|_| SpecimenError::Dial {
            name: dial.name(),
            value: value.to_owned(),
        })
    }

    /// The dials that are on, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Dial, f32)> + '_ {
        self.0.iter().copied()
    }
}

fn named(name: &str) -> Option<Dial> {
    Dial::ALL.iter().copied().find(|d| d.name() == name)
}

impl TryFrom<BTreeMap<String, f32>> for Dials {
    type Error = SpecimenError;

    fn try_from(map: BTreeMap<String, f32>) -> Result<Self, Self::Error> {
        let mut dials = Self::none();
        for (name, value) in map {
            let dial = named(&name).ok_or_else(|| SpecimenError::UnknownDial {
                kind: "dial",
                name,
                known: Dial::ALL
                    .iter()
                    .map(|d| d.name())
                    .collect::<Vec<_>>()
                    .join(", "),
            })?;
            dials.set(dial, value)?;
        }
        Ok(dials)
    }
}

impl From<Dials> for BTreeMap<String, f32> {
    fn from(dials: Dials) -> Self {
        dials
            .iter()
            .map(|(d, v)| (d.name().to_owned(), v))
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_are_refused() {
        for text in [
            "soil=1.01",
            "soil=-0.1",
            "soil=nan",
            "soil=",
            "soil=x",
            "halftone=1",
            "sOil=1",
            "",
        ] {
            assert!(
                Dials::none().parse(DialKind::Wear, text).is_err(),
                "{text:?}"
            );
        }
        let error = Dials::none()
            .parse(DialKind::Defect, "halfton=1")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("halfton") && error.contains("inkjet"),
            "{error}"
        );
        assert!(Dials::none().set(Dial::Hole, f32::NAN).is_err());
    }

    #[test]
    fn dials_survive_json() {
        let mut dials = Dials::one(Dial::Soil, 0.25).unwrap();
        dials.parse(DialKind::Defect, "splice").unwrap();
        let json = serde_json::to_string(&dials).unwrap();
        assert_eq!(json, r#"{"soil":0.25,"splice":1.0}"#);
        let back: Dials = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (
                back.get(Dial::Soil),
                back.get(Dial::Splice),
                back.get(Dial::Tear)
            ),
            (0.25, 1.0, 0.0)
        );
        assert!(serde_json::from_str::<Dials>(r#"{"spil":1}"#).is_err());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Dial::ALL.iter().map(|d| d.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Dial::ALL.len());
    }
}
