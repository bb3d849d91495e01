//! `guilloche enroll --serials`: learns typefaces, and measures how well they are then read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Exit, complain};
use crate::identify::Identifier;
use crate::note::{Currency, Side};
use crate::reference::Library;
use crate::scan::display_path;
use crate::scan::gather::{Options, Source, gather};
use crate::serial::learn::{CrossValidation, Known, Sample, cross_validate, learn};
use crate::serial::locate::Strip;
use crate::{Settings, batch, evaluate, exhibit};

/// A row of the labels; other columns are left alone.
#[derive(Debug, Deserialize)]
struct Label {
    file: String,
    design: String,
    serial: String,
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
    let labels = read_labels(labels)?;
    let identifier = Identifier::new(library);
    let gathered = gather(scans, &Options::default())?;
    let mut wanted: Vec<(&Source, &Label)> = Vec::new();
    for source in gathered.captures.iter().flat_map(|c| &c.files) {
        let name = source
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        if let Some(label) = labels.get(name.as_ref()) {
            wanted.push((source, label));
        }
    }
    let mut faces: BTreeMap<(Currency, String), Vec<Known>> = BTreeMap::new();
    let jobs = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    batch::in_order(
        &wanted,
        jobs,
        |(source, label)| prints(library, &identifier, source, label),
        |index, found| {
            match found {
                Ok(found) => {
                    for (key, known) in found {
                        faces.entry(key).or_default().push(known);
                    }
                }
                Err(why) => {
                    if let Some((source, _)) = wanted.get(index) {
                        complain(&format!(
                            "left out: {}: {why:#}",
                            display_path(&source.path)
                        ));
                    }
                }
            }
            Ok::<(), anyhow::Error>(())
        },
    )?;
    if faces.is_empty() {
        bail!(
            "none of the labelled scans shows a number whose lettering is described in a series.toml"
        );
    }
    let mut out = io::stdout().lock();
    for ((currency, id), known) in faces {
        let Some(facts) = library.rules(&currency).and_then(|r| r.typeface(&id)) else {
            continue;
        };
        let mut validation = CrossValidation::default();
        for folds in FOLDS {
            validation = cross_validate(&known, facts, folds)?;
            report(&mut out, &id, folds, &validation)?;
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
        let folder = references.join(currency.to_string().to_lowercase());
        let file = folder.join(format!("glyphs-{id}.npz"));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&file, bytes.into_inner()))
            .with_context(|| format!("{}: cannot be written", display_path(&file)))?;
        writeln!(out, "wrote {}", display_path(&file))?;
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
    let mut faces: BTreeMap<(Currency, String), Vec<Known>> = BTreeMap::new();
    let taken = batch::in_order(
        &labelled,
        jobs,
        |(source, label)| prints(library, &identifier, source, label),
        |_, found| {
            for (key, known) in found.into_iter().flatten() {
                faces.entry(key).or_default().push(known);
            }
            Ok::<(), std::convert::Infallible>(())
        },
    );
    match taken {
        Ok(()) => {}
        Err(never) => match never {},
    }
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

fn read_labels(path: &Path) -> Result<BTreeMap<String, Label>> {
    let context = || format!("{}: cannot be read as labels", display_path(path));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_path(path)
        .with_context(context)?;
    let mut labels = BTreeMap::new();
    for label in reader.deserialize() {
        let label: Label = label.with_context(context)?;
        if !label.serial.is_empty() {
            labels.insert(label.file.clone(), label);
        }
    }
    Ok(labels)
}

type Prints = Vec<((Currency, String), Known)>;

/// The labelled prints of one scan.
fn prints(
    library: &Library,
    identifier: &Identifier<'_>,
    source: &Source,
    label: &Label,
) -> Result<Prints> {
    let shown = exhibit(source, identifier, &Settings::default());
    let (Some(scan), Some(identity)) = (&shown.scan, &shown.identity) else {
        bail!(
            "{}",
            shown
                .record
                .error
                .unwrap_or_else(|| "not recognised".to_owned())
        );
    };
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

fn report(out: &mut impl Write, id: &str, folds: usize, found: &CrossValidation) -> Result<()> {
    writeln!(out, "{id}: read with glyphs of other notes, {folds} folds")?;
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
