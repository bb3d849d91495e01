//! `guilloche enroll --serials`: learns typefaces, and measures how well they are then read.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Deserialize;

use super::Exit;
use super::labelled::{self, TypefaceId};
use crate::identify::Identifier;
use crate::note::Side;
use crate::reference::Library;
use crate::scan::gather::Source;
use crate::serial::learn::{CrossValidation, Known, Sample, by_drawing, cross_validate, learn};
use crate::serial::locate::Strip;
use crate::{Settings, batch, evaluate, exhibit};

/// A row of the labels; other columns are left alone.
#[derive(Debug, Deserialize)]
struct Label {
    file: String,
    design: String,
    serial: String,
}

impl labelled::Label for Label {
    fn file(&self) -> &str {
        &self.file
    }
}

/// Parts into which the notes are divided to calibrate what was learned.
const PARTS: usize = 5;
/// Parts into which they are divided to measure how well they are read. With two, many letters are not learned.
const FOLDS: [usize; 2] = [2, PARTS];

/// Learns every typeface that the labelled scans show, and writes it below `references`.
pub fn learn_serials(
    library: &Library,
    labels: &Path,
    references: &Path,
    scans: &[PathBuf],
) -> Result<Exit> {
    let mut labels: BTreeMap<String, Label> = labelled::read(labels)?;
    labels.retain(|_, label| !label.serial.is_empty());
    let faces = labelled::by_typeface(library, &labels, scans, |identifier, _, source, label| {
        prints(library, identifier, source, label)
    })?;
    if faces.is_empty() {
        bail!(
            "none of the labelled scans shows a number whose lettering is described in a series.toml"
        );
    }
    let mut out = io::stdout().lock();
    for (typeface, known) in faces {
        let (currency, id) = &typeface;
        let Some(facts) = library.rules(currency).and_then(|r| r.typeface(id)) else {
            continue;
        };
        let mut validation = CrossValidation::default();
        for folds in FOLDS {
            validation = cross_validate(&known, facts, folds)?;
            writeln!(out, "{id}: read with glyphs of other notes, {folds} folds")?;
            report(&mut out, &validation)?;
        }
        if !facts.drawn.is_empty() {
            writeln!(
                out,
                "{id}: characters that have a drawing read by it alone, with glyphs of notes that do not show them"
            )?;
            report(
                &mut out,
                &by_drawing(&known, facts, &validation.calibration)?,
            )?;
        }
        let samples: Vec<&Sample> = known.iter().map(|k| &k.sample).collect();
        let learned = learn(&samples, facts)?;
        for (known, like) in known.iter().zip(&learned.likeness) {
            if *like < 0.6 {
                writeln!(out, "  poor: {} {} ({like:.2})", known.note, known.place)?;
            }
        }
        let drift: Vec<String> = learned
            .drift_mm
            .iter()
            .map(|[x, y]| format!("{x:.2}/{y:.2}"))
            .collect();
        writeln!(out, "  cells off by, mm: {}", drift.join(" "))?;
        let face = learned
            .face
            .measured(validation.calibration, validation.rows);
        let mut bytes = Cursor::new(Vec::new());
        face.write(&mut bytes)?;
        labelled::write(
            &mut out,
            references,
            &typeface,
            "glyphs",
            bytes.into_inner(),
        )?;
    }
    Ok(Exit::Good)
}

/// A library with the typefaces that numbered scans show, learned from these alone, and the names of those
/// that could be learned. Scans of which no number can be had are passed over.
pub fn learned(
    library: &Library,
    numbered: &[(&Source, &evaluate::labels::Label)],
    jobs: NonZeroUsize,
) -> (Library, Vec<String>) {
    let identifier = Identifier::new(library);
    let labelled: Vec<(&Source, Label)> = numbered
        .iter()
        .filter_map(|(source, label)| {
            Some((
                *source,
                Label {
                    file: label.file.clone(),
                    design: label.design.clone(),
                    serial: label.serial.clone()?,
                },
            ))
        })
        .collect();
    let mut faces: BTreeMap<TypefaceId, Vec<Known>> = BTreeMap::new();
    batch::each(
        &labelled,
        jobs,
        |(source, label)| prints(library, &identifier, source, label),
        |found| {
            for (key, known) in found.into_iter().flatten() {
                faces.entry(key).or_default().push(known);
            }
        },
    );
    let mut own = library.clone();
    let mut names = Vec::new();
    for ((currency, id), known) in faces {
        let Some(facts) = library.rules(&currency).and_then(|r| r.typeface(&id)) else {
            continue;
        };
        let samples: Vec<&Sample> = known.iter().map(|k| &k.sample).collect();
        let (Ok(validation), Ok(learned)) =
            (cross_validate(&known, facts, PARTS), learn(&samples, facts))
        else {
            continue;
        };
        let face = learned
            .face
            .measured(validation.calibration, validation.rows);
        names.push(id.clone());
        own = own.with_typeface(currency, id, face);
    }
    (own, names)
}

/// The labelled prints of one scan.
fn prints(
    library: &Library,
    identifier: &Identifier<'_>,
    source: &Source,
    label: &Label,
) -> Result<Vec<(TypefaceId, Known)>> {
    let shown = exhibit(source, identifier, &Settings::default());
    let (scan, identity) = labelled::recognised(&shown)?;
    let design = identity.design;
    if design.id != label.design || identity.side != Side::Front {
        bail!("recognised as {} {}", design.id, identity.side);
    }
    let Some(rules) = library.rules(&design.currency) else {
        return Ok(Vec::new());
    };
    let Some((style, grammar)) = rules.style(&design.id) else {
        return Ok(Vec::new());
    };
    grammar.parse(&label.serial)?;
    let mut found = Vec::new();
    for print in &style.prints {
        let zone_id = print.zone();
        let (Some(lettering), Some(zone)) = (
            &print.lettering,
            design
                .zones
                .iter()
                .find(|z| z.side == print.side && z.id == zone_id),
        ) else {
            continue;
        };
        let Some(facts) = rules.typeface(&lettering.typeface) else {
            continue;
        };
        let strip = Strip::cut(
            &scan.raster,
            &identity.print,
            zone.rect_mm,
            lettering.float_mm,
            lettering.seen_in,
            facts.height_mm,
        );
        if let Some(strip) = strip {
            found.push((
                (design.currency.clone(), lettering.typeface.clone()),
                Known {
                    note: label.file.clone(),
                    design: design.id.clone(),
                    place: print.place.clone(),
                    grammar: grammar.clone(),
                    sample: Sample {
                        strip,
                        cells_mm: lettering.cells_mm.clone(),
                        text: label.serial.chars().collect(),
                    },
                },
            ));
        }
    }
    Ok(found)
}

fn report(out: &mut impl Write, found: &CrossValidation) -> Result<()> {
    let mut designs: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for note in &found.notes {
        let counts = designs.entry(&note.design).or_default();
        let place = match &note.text {
            Some(text) if *text == note.truth => 0,
            None => 1,
            Some(_) => 2,
        };
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
        if place > 0
            && let Some(weakest) = &note.weakest
        {
            writeln!(
                out,
                "  {} {}: {} {} ({:?}, probability {:.3})",
                note.note,
                note.truth,
                note.likeliest,
                note.shown.join(" "),
                weakest.support,
                weakest.confidence
            )?;
        }
    }
    for (design, [right, none, wrong]) in designs {
        let all = right + none + wrong;
        writeln!(
            out,
            "  {design}: {all} notes, {right} right, {none} not sure, {wrong} wrong"
        )?;
    }
    writeln!(out, "  probability stated  characters  right")?;
    for (low, high) in [
        (0.0, 0.5),
        (0.5, 0.9),
        (0.9, 0.97),
        (0.97, 0.99),
        (0.99, 0.999),
        (0.999, 1.1),
    ] {
        let bin = || {
            found
                .characters
                .iter()
                .filter(|(p, _)| (low..high).contains(p))
        };
        let (all, right) = (bin().count(), bin().filter(|(_, right)| *right).count());
        if all > 0 {
            let share = 100.0 * right as f64 / all as f64;
            writeln!(
                out,
                "  {low:.3} to {:.3}      {all:6}      {share:.2} %",
                f64::min(high, 1.0)
            )?;
        }
    }
    Ok(())
}
