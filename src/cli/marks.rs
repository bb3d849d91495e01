//! `guilloche enroll --marks`: learns the small print beside the serial numbers, and measures how well it is then read.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Deserialize;

use super::labelled::{self, TypefaceId};
use super::{Exit, complain};
use crate::features::overprint::Overprint;
use crate::identify::Identifier;
use crate::reference::Library;
use crate::scan::display_path;
use crate::scan::gather::Source;
use crate::serial::marks::MarkKind;
use crate::serial::marks::learn::{Known, Sample, cross_validate, learn};
use crate::serial::rules::Rules;
use crate::{Settings, exhibit};

/// A row of the labels; other columns are left alone.
#[derive(Debug, Deserialize)]
struct Label {
    file: String,
    design: String,
    serial: String,
    series: String,
    position: String,
    facility: String,
    face_plate: String,
    back_plate: String,
}

impl labelled::Label for Label {
    fn file(&self) -> &str {
        &self.file
    }
}

/// Parts into which the notes are divided to measure how well they are read.
const FOLDS: usize = 5;

impl Label {
    /// What a mark of the note says; `None` where the label does not tell.
    fn text(&self, kind: MarkKind, rules: &Rules) -> Option<String> {
        let text = match kind {
            MarkKind::Series => self.series.clone(),
            MarkKind::Position => self.position.clone(),
            MarkKind::PlateFront if self.face_plate.is_empty() => String::new(),
            MarkKind::PlateFront if self.facility == "FW" => format!("FW{}", self.face_plate),
            MarkKind::PlateFront => self.face_plate.clone(),
            MarkKind::PlateBack => self.back_plate.clone(),
            MarkKind::DistrictSeal => self.serial.get(..1)?.to_owned(),
            MarkKind::DistrictNumber => rules
                .districts()
                .iter()
                .find(|district| self.serial.starts_with(district.letter))?
                .number
                .to_string(),
        };
        (!text.is_empty()).then_some(text)
    }
}

/// Learns every typeface of small print that the labelled scans show, and writes it below `references`.
pub fn learn_marks(
    library: &Library,
    labels: &Path,
    references: &Path,
    scans: &[PathBuf],
) -> Result<Exit> {
    let labels = labelled::read(labels)?;
    let faces = labelled::by_typeface(
        library,
        &labels,
        scans,
        |identifier, note, source, label| known(library, identifier, note, source, label),
    )?;
    if faces.is_empty() {
        bail!("none of the labelled scans shows a mark that is described in a series.toml");
    }
    let mut out = io::stdout().lock();
    for (typeface, known) in faces {
        report(&mut out, &typeface.1, &known)?;
        let samples: Vec<&Sample> = known.iter().map(|k| &k.sample).collect();
        let glyphs = learn(&samples)?;
        let mut bytes = Cursor::new(Vec::new());
        glyphs.write(&mut bytes)?;
        labelled::write(&mut out, references, &typeface, "marks", bytes.into_inner())?;
    }
    Ok(Exit::Good)
}

/// The labelled marks of one scan, with their typefaces.
fn known(
    library: &Library,
    identifier: &Identifier<'_>,
    note: &str,
    source: &Source,
    label: &Label,
) -> Result<Vec<(TypefaceId, Known)>> {
    let shown = exhibit(source, identifier, &Settings::default());
    let (scan, identity) = labelled::recognised(&shown)?;
    let (design, side) = (identity.design, identity.side);
    if design.id != label.design {
        bail!("recognised as {}", design.id);
    }
    let Some(rules) = library.rules(&design.currency) else {
        return Ok(Vec::new());
    };
    let read = Overprint::read(library, design, side, 0, &scan.raster, &identity.print);
    let mut found = Vec::new();
    for (mark, window) in read.mark_windows(side, &scan.raster, &identity.print) {
        let Some(text) = label.text(mark.kind, rules) else {
            continue;
        };
        match window {
            Ok(ink) => found.push((
                (design.currency.clone(), mark.typeface.clone()),
                Known {
                    note: note.to_owned(),
                    design: design.id.clone(),
                    sample: Sample {
                        mark: mark.clone(),
                        ink,
                        text,
                    },
                },
            )),
            Err(why) => complain(&format!(
                "left out: {}: {}: {why}",
                display_path(&source.path),
                mark.zone
            )),
        }
    }
    Ok(found)
}

fn report(out: &mut impl Write, id: &str, known: &[Known]) -> Result<()> {
    writeln!(out, "{id}: read with glyphs of other notes, {FOLDS} folds")?;
    let read = cross_validate(known, FOLDS)?;
    // All, read, right.
    let mut counts: BTreeMap<(&str, MarkKind), [usize; 3]> = BTreeMap::new();
    for (known, read) in known.iter().zip(&read) {
        let Sample { mark, text, .. } = &known.sample;
        let count = counts.entry((&known.design, mark.kind)).or_default();
        count[0] += 1;
        let place = format!("{} {} {text}", known.note, mark.zone);
        match read {
            Ok(read) => {
                count[1] += 1;
                count[2] += usize::from(read.text == *text);
                if read.text != *text {
                    writeln!(
                        out,
                        "  wrong: {place}: {} (likeness {:.2}, margin {:.1})",
                        read.text, read.likeness, read.margin
                    )?;
                }
            }
            Err(why) => writeln!(out, "  not read: {place}: {why}")?,
        }
    }
    for ((design, kind), [all, read, right]) in counts {
        let name = name_of(kind);
        writeln!(out, "  {design} {name}: {all}, {read} read, {right} right")?;
    }
    Ok(())
}

fn name_of(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Series => "series",
        MarkKind::Position => "position",
        MarkKind::PlateFront => "plate-front",
        MarkKind::PlateBack => "plate-back",
        MarkKind::DistrictSeal => "district-seal",
        MarkKind::DistrictNumber => "district-number",
    }
}
