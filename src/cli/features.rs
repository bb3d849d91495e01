//! `guilloche features`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use super::Exit;
use super::references::library;
use crate::compare::auc::auc;
use crate::compare::evidence::Model;
use crate::compare::order::quantile;
use crate::features::{self, Face, Reading};
use crate::findings::{Among, genuine};
use crate::identify::Identifier;
use crate::note::{Light, Side};
use crate::reference::{COVARIATES, Readings, Shown};
use crate::scan::gather::Source;
use crate::scan::{self, Limits};
use crate::specimen::{Bed, Dial, DialKind, Dials, Press, Scanner, Specimen, XtsDenomination};
use crate::{batch, present};

/// Say of every feature how far it can be trusted: spread, what moves it, what it tells apart, cost.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes docs/features.md and docs/features.svg:\n  guilloche features --scans ../shared/scans --specimens 24 --output docs"
)]
pub struct Arguments {
    /// Folder with labels.tsv and usd-1/, usd-2/, cny-1/, cny-100/, worn/, forged/ (each its labels.tsv)
    #[arg(long, value_name = "DIR")]
    scans: Option<PathBuf>,
    /// Folder for features.md and features.svg
    #[arg(long, value_name = "DIR", default_value = "docs")]
    output: PathBuf,
    /// Reference notes to use besides the built-in ones
    #[arg(long, value_name = "DIR")]
    references: Option<PathBuf>,
    /// Specimen notes for each dial and value; 0 leaves the dials out
    #[arg(long, value_name = "N", default_value_t = 8)]
    specimens: u64,
}

/// A measured scan and what is known of it.
struct Row {
    design: String,
    side: Side,
    /// The genuine note it shows, or was made from.
    note: String,
    /// Empty for genuine scans, `worn`, or the kind of forgery.
    kind: String,
    condition: String,
    readings: Vec<(&'static str, Vec<Reading>)>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    // Before the minutes of work, not after them.
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("{}: cannot make the folder", arguments.output.display()))?;
    let library = library(arguments.references.as_deref())?;
    let identifier = Identifier::new(&library);
    let jobs = super::cores();
    let mut page = String::from(HEAD);
    if let Some(scans) = &arguments.scans {
        let labelled = labelled(scans)?;
        let work = |l: &Labelled| {
            let scan = scan::load(&l.path, &Limits::default()).ok()?;
            let exhibit = present(scan, &Source::of(&l.path), &identifier);
            let face = exhibit.face()?;
            (face.design.id == l.design).then(|| Row {
                design: l.design.clone(),
                side: face.side,
                note: l.note.clone(),
                kind: l.kind.clone(),
                condition: l.condition.clone(),
                readings: features::measure_all(&face),
            })
        };
        let mut rows = Vec::new();
        batch::in_order(&labelled, jobs, work, |_, row: Option<Row>| {
            rows.extend(row);
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap_or_default();
        let costs = labelled
            .iter()
            .find(|l| l.design == "usd-1-1963")
            .and_then(|l| {
                let scan = scan::load(&l.path, &Limits::default()).ok()?;
                let exhibit = present(scan, &Source::of(&l.path), &identifier);
                exhibit.face().map(|face| costs(&face, || exhibit.face()))
            })
            .unwrap_or_default();
        of_scans(&mut page, &rows, &costs)?;
    }
    if arguments.specimens > 0 {
        let curves = dials(&identifier, arguments.specimens, jobs)?;
        of_dials(&mut page, &curves, arguments.specimens)?;
        write(&arguments.output.join("features.svg"), &plot(&curves))?;
    }
    write(&arguments.output.join("features.md"), &page)?;
    Ok(Exit::Good)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)
        .with_context(|| format!("{}: cannot be written: check the folder", path.display()))
}

const HEAD: &str = "# Features: how far each can be trusted

Made by `guilloche features --scans ../shared/scans --specimens 24 --output docs`; do not edit. Scores are -ln p of a feature's readings against genuine notes of the \
same side, fitted on one half of the notes and judged on the other (forgeries with the half their genuine note is \
in), both ways round. AUC: the probability that a forgery scores above a genuine note.
";

/// A scan with its labels.
struct Labelled {
    path: PathBuf,
    design: String,
    note: String,
    kind: String,
    condition: String,
}

/// Every labelled scan of enrolled designs, genuine first.
fn labelled(scans: &Path) -> Result<Vec<Labelled>> {
    let mut all: Vec<Labelled> = Vec::new();
    let mut note_of: BTreeMap<String, String> = BTreeMap::new();
    for folder in ["", "worn", "forged"] {
        let table = scans.join(folder).join("labels.tsv");
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b'\t')
            .flexible(true)
            .from_path(&table)
            .with_context(|| format!("{}: cannot be read", table.display()))?;
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            let row = row.with_context(|| format!("{}: is no table", table.display()))?;
            let get = |column: &str| row.get(column).cloned().unwrap_or_default();
            let file = get("file");
            let made_from = get("made_from");
            let note = note_of
                .get(&made_from)
                .cloned()
                .unwrap_or_else(|| get("note"));
            let found = ["usd-1", "usd-2", "cny-1", "cny-100"]
                .iter()
                .map(|f| scans.join(f).join(&file))
                .chain([scans.join(folder).join(&file)])
                .find(|p| p.is_file());
            let Some(path) = found else { continue };
            if folder.is_empty() {
                note_of.insert(file, note.clone());
            }
            all.push(Labelled {
                path,
                design: get("design"),
                note,
                kind: match folder {
                    "" => String::new(),
                    "worn" => "worn".to_owned(),
                    _ => get("attack"),
                },
                condition: get("condition"),
            });
        }
    }
    Ok(all)
}

/// Milliseconds of each feature on a face: fastest of several, what they share by itself.
fn costs<'a>(warm: &Face<'_>, fresh: impl Fn() -> Option<Face<'a>>) -> Vec<(&'static str, f64)> {
    let fastest = |work: &dyn Fn() -> usize| {
        (0..15)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(work());
                start.elapsed().as_secs_f64() * 1e3
            })
            .fold(f64::MAX, f64::min)
    };
    // Measured once, so that each feature's own share is seen.
    let _ = (warm.view().is_ok(), warm.condition().is_ok());
    let view = || fresh().map_or(0, |f| usize::from(f.view().is_ok()));
    let all = || fresh().map_or(0, |f| features::measure_all(&f).len());
    let mut out = vec![
        ("view and wear, shared", fastest(&view)),
        ("all features", fastest(&all)),
    ];
    for feature in features::all() {
        if feature.needs().light == Light::Visible {
            let own = || features::readings(feature, warm).len();
            out.push((feature.id(), fastest(&own)));
        }
    }
    out
}

/// Scores of one feature: of genuine notes, of worn ones, and of each kind of forgery.
type Scores = BTreeMap<String, Vec<f64>>;

/// Scores every row by models that were fitted to the other half of the notes.
fn scores(rows: &[Row]) -> BTreeMap<&'static str, Scores> {
    let mut out: BTreeMap<&'static str, Scores> = BTreeMap::new();
    let sides: BTreeSet<(&str, Side)> = rows.iter().map(|r| (r.design.as_str(), r.side)).collect();
    for (design, side) in sides {
        let here: Vec<&Row> = rows
            .iter()
            .filter(|r| r.design == design && r.side == side)
            .collect();
        let notes: BTreeSet<&str> = here
            .iter()
            .filter(|r| r.kind.is_empty())
            .map(|r| r.note.as_str())
            .collect();
        let half = |note: &str| notes.iter().position(|n| *n == note).map(|at| at % 2);
        for trained in 0..2 {
            let fitted = readings(
                here.iter()
                    .filter(|r| r.kind.is_empty() && half(&r.note) == Some(trained))
                    .copied(),
            );
            for feature in features::all() {
                let Some(model) =
                    genuine(feature, &fitted, Among::AsSharp).and_then(|g| Model::fit(&g))
                else {
                    continue;
                };
                for row in here.iter().filter(|r| half(&r.note) == Some(1 - trained)) {
                    if let Some(score) = score(&model, feature.id(), &row.readings) {
                        let of = out.entry(feature.id()).or_default();
                        of.entry(row.kind.clone()).or_default().push(score);
                    }
                }
            }
        }
    }
    out
}

/// -ln p of what a feature read; none where it was not examined.
fn score(model: &Model, id: &str, readings: &[(&'static str, Vec<Reading>)]) -> Option<f64> {
    let own = readings.iter().find(|(feature, _)| *feature == id)?;
    let measured = own
        .1
        .iter()
        .filter_map(|r| Some((r.zone.as_str(), r.result.as_ref().ok()?.value)));
    Some(-model.judge(measured, &[])?.rarity.p.max(1e-12).ln())
}

/// Rows as a reference note holds them.
fn readings<'a>(rows: impl Iterator<Item = &'a Row>) -> Readings {
    let mut out = Readings::default();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        let next = numbers.len();
        out.notes.push(*numbers.entry(&row.note).or_insert(next));
        out.shown.push(Shown::AsScanned);
        out.covariates.push([f64::NAN; COVARIATES]);
        let count = out.notes.len();
        for (feature, zones) in &row.readings {
            for zone in zones {
                if let Ok(m) = &zone.result {
                    let places = out.values.entry((*feature).to_owned()).or_default();
                    let values = places.entry(zone.zone.clone()).or_default();
                    values.resize(count - 1, f32::NAN);
                    values.push(m.value as f32);
                }
            }
        }
    }
    let count = out.notes.len();
    for values in out.values.values_mut().flat_map(BTreeMap::values_mut) {
        values.resize(count, f32::NAN);
    }
    out
}

fn middle(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f32> = values.map(|v| v as f32).collect();
    quantile(&mut all, 0.5).map(f64::from)
}

/// A number for a table; a dash where there is none.
fn cell(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.decimals$}"))
}

fn of_scans(page: &mut String, rows: &[Row], costs: &[(&'static str, f64)]) -> Result<()> {
    let count = |kind: &str| rows.iter().filter(|r| r.kind == kind).count();
    writeln!(
        page,
        "\n## On scans\n\n{} sides of genuine notes, {} as other scanners would show them, {} forged.\n\n\
         Spread: 1.48 × the median absolute deviation over genuine sides, median of all places. Wear: worn and \
         very worn notes against good ones, and scanner: the same side as another scanner shows it, both in \
         genuine spreads (median of all places; 1 is as far as one genuine note from the next). Cost: fastest of \
         15 on one side at 300 dpi, what features share being measured already.\n",
        count(""),
        count("worn"),
        rows.len() - count("") - count("worn"),
    )?;
    writeln!(
        page,
        "| feature | unit | places | spread | wear | scanner | cost, ms | least dpi |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|---|---|")?;
    for feature in features::all() {
        let needs = feature.needs();
        if needs.light != Light::Visible {
            continue;
        }
        // (design, side, place) to (note, kind, condition, value)
        type Seen<'a> = (&'a str, &'a str, &'a str, f64);
        let mut places: BTreeMap<(&str, Side, &str), Vec<Seen<'_>>> = BTreeMap::new();
        let mut unit = "";
        for row in rows
            .iter()
            .filter(|r| r.kind.is_empty() || r.kind == "worn")
        {
            for reading in row
                .readings
                .iter()
                .filter(|r| r.0 == feature.id())
                .flat_map(|r| &r.1)
            {
                if let Ok(m) = &reading.result {
                    unit = m.unit;
                    let key = (row.design.as_str(), row.side, reading.zone.as_str());
                    let seen = (
                        row.note.as_str(),
                        row.kind.as_str(),
                        row.condition.as_str(),
                        m.value,
                    );
                    places.entry(key).or_default().push(seen);
                }
            }
        }
        let (mut spreads, mut wears, mut scanners) = (Vec::new(), Vec::new(), Vec::new());
        for all in places.values() {
            let usual = || all.iter().filter(|s| s.1.is_empty());
            let Some(centre) = middle(usual().map(|s| s.3)) else {
                continue;
            };
            let Some(off) = middle(usual().map(|s| (s.3 - centre).abs())) else {
                continue;
            };
            if usual().count() < 8 {
                continue;
            }
            let spread = (1.4826 * off).max(feature.least_spread());
            spreads.push(1.4826 * off);
            let good = middle(usual().filter(|s| s.2 == "good").map(|s| s.3));
            let worn = middle(usual().filter(|s| s.2.ends_with("worn")).map(|s| s.3));
            if let (Some(good), Some(worn)) = (good, worn) {
                wears.push((good - worn).abs() / spread);
            }
            for other in all.iter().filter(|s| s.1 == "worn") {
                if let Some(own) = usual().find(|s| s.0 == other.0) {
                    scanners.push((own.3 - other.3).abs() / spread);
                }
            }
        }
        let cost = costs.iter().find(|c| c.0 == feature.id()).map(|c| c.1);
        writeln!(
            page,
            "| {} | {unit} | {} | {} | {} | {} | {} | {} |",
            feature.id(),
            places.len(),
            cell(middle(spreads.into_iter()), 3),
            cell(middle(wears.into_iter()), 2),
            cell(middle(scanners.into_iter()), 2),
            cell(cost, 2),
            if needs.px_per_mm > 0.0 {
                format!("{:.0}", needs.px_per_mm * 25.4)
            } else {
                "any".to_owned()
            },
        )?;
    }
    for name in ["view and wear, shared", "all features"] {
        let cost = costs.iter().find(|c| c.0 == name).map(|c| c.1);
        writeln!(page, "| *{name}* | | | | | | {} | |", cell(cost, 2))?;
    }
    let scores = scores(rows);
    let kinds: BTreeSet<&str> = rows
        .iter()
        .map(|r| r.kind.as_str())
        .filter(|k| !k.is_empty())
        .collect();
    writeln!(
        page,
        "\n### AUC by kind\n\nOf notes as other scanners show them (worn) it should be near 0.5; the model here was \
         fitted to one scanner, without the other scanners that `enroll` adds.\n"
    )?;
    let names: Vec<String> = kinds.iter().map(|k| (*k).to_owned()).collect();
    writeln!(page, "| feature | {} |", names.join(" | "))?;
    writeln!(page, "|---|{}", "---|".repeat(names.len()))?;
    for feature in features::all() {
        let Some(of) = scores.get(feature.id()) else {
            continue;
        };
        let usual = of.get("").map_or(&[][..], Vec::as_slice);
        let cells: Vec<String> = kinds
            .iter()
            .map(|kind| cell(of.get(*kind).and_then(|odd| auc(usual, odd)), 2))
            .collect();
        writeln!(page, "| {} | {} |", feature.id(), cells.join(" | "))?;
    }
    Ok(())
}

/// How one feature answers one dial.
struct Curve {
    dial: Dial,
    feature: &'static str,
    /// AUC at each of [`VALUES`].
    areas: Vec<f64>,
}

/// Where dials are set.
const VALUES: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// The first seed: far from those that were enrolled.
const SEED: u64 = 90_001;
/// What the specimens of the dials are of.
const DESIGN: &str = "xts-100-2024";

/// The curves of all features, dial by dial.
fn dials(identifier: &Identifier<'_>, count: u64, jobs: NonZeroUsize) -> Result<Vec<Curve>> {
    let press = Press::new(600.0)?;
    let scanner = Scanner {
        bed: Bed::Black,
        ..Scanner::default()
    };
    let design = identifier.library().design(DESIGN)?;
    let measured = design.measured.get(&Side::Front);
    let models: Vec<(&'static str, Model)> = measured
        .and_then(|side| side.readings.as_ref())
        .into_iter()
        .flat_map(|known| {
            features::all()
                .into_iter()
                .filter_map(|f| Some((f.id(), Model::fit(&genuine(f, known, Among::AsSharp)?)?)))
        })
        .collect();
    // No dial at all is drawn once, twice as often; the notes of the dials at 0 are the same for all.
    let mut jobs_to_do: Vec<(Option<(Dial, f32)>, u64)> = (0..2 * count)
        .map(|k| (None, SEED + 1_000_000 + k))
        .collect();
    let at = |dial: Dial, value: f32| (if value > 0.0 { dial } else { Dial::ALL[0] }, value);
    jobs_to_do.extend((0..count).map(|k| (Some(at(Dial::ALL[0], 0.0)), SEED + k)));
    for dial in Dial::ALL {
        for value in VALUES.into_iter().filter(|value| *value > 0.0) {
            jobs_to_do.extend((0..count).map(|k| (Some((*dial, value)), SEED + k)));
        }
    }
    let work = |(dial, seed): &(Option<(Dial, f32)>, u64)| -> Option<BTreeMap<&'static str, f64>> {
        let dials = match dial {
            Some((dial, value)) => Dials::one(*dial, *value).ok()?,
            None => Dials::none(),
        };
        let specimen = Specimen::new(XtsDenomination::Hundred, *seed).with(dials);
        let printed = press.print(&specimen, Side::Front, Light::Visible);
        let bytes = scanner.scan(&printed).ok()?.encode().ok()?;
        let name = Path::new("specimen.jpg");
        let decoded = scan::decode(&bytes, name, &Limits::default()).ok()?;
        let exhibit = present(decoded, &Source::of(name), identifier);
        let face = exhibit.face()?;
        let measured = features::measure_all(&face);
        let scores = models
            .iter()
            .filter_map(|(id, model)| Some((*id, score(model, id, &measured)?)));
        (face.design.id == DESIGN).then(|| scores.collect())
    };
    let mut scored = Vec::new();
    batch::in_order(&jobs_to_do, jobs, work, |_, scores| {
        scored.push(scores);
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap_or_default();
    let pick = |feature: &str, wanted: Option<(Dial, f32)>| -> Vec<f64> {
        jobs_to_do
            .iter()
            .zip(&scored)
            .filter(|(job, _)| job.0 == wanted)
            .filter_map(|(_, scores)| scores.as_ref()?.get(feature).copied())
            .collect()
    };
    let mut curves = Vec::new();
    for dial in Dial::ALL {
        for feature in features::all() {
            let usual = pick(feature.id(), None);
            let areas: Option<Vec<f64>> = VALUES
                .iter()
                .map(|value| auc(&usual, &pick(feature.id(), Some(at(*dial, *value)))))
                .collect();
            if let Some(areas) = areas {
                curves.push(Curve {
                    dial: *dial,
                    feature: feature.id(),
                    areas,
                });
            }
        }
    }
    Ok(curves)
}

/// The curve of a dial that ends highest.
fn best(curves: &[Curve], dial: Dial) -> Option<&Curve> {
    curves.iter().filter(|c| c.dial == dial).max_by(|a, b| {
        a.areas
            .last()
            .unwrap_or(&0.0)
            .total_cmp(b.areas.last().unwrap_or(&0.0))
    })
}

fn of_dials(page: &mut String, curves: &[Curve], count: u64) -> Result<()> {
    writeln!(
        page,
        "\n## On specimens\n\nFronts of 100 XTS at 300 dpi, {count} for each dial and value against {} without a \
         dial, judged by the built-in reference; AUC of the feature that answers best at 1. The notes are the same \
         for every dial: how far a feature is from 0.5 at 0 is chance, and goes along the row. Dials that no \
         visible scan shows, and those of serial numbers, which rules judge, stay where they are at 0.\n",
        2 * count
    )?;
    for kind in [DialKind::Defect, DialKind::Wear] {
        let head: Vec<String> = VALUES.iter().map(f32::to_string).collect();
        writeln!(
            page,
            "| {} dial | feature | {} |",
            kind.as_str(),
            head.join(" | ")
        )?;
        writeln!(page, "|---|---|{}", "---|".repeat(head.len()))?;
        for dial in Dial::ALL.iter().filter(|d| d.kind() == kind) {
            if let Some(curve) = best(curves, *dial) {
                let areas: Vec<String> = curve.areas.iter().map(|a| format!("{a:.2}")).collect();
                writeln!(
                    page,
                    "| {} | {} | {} |",
                    dial.name(),
                    curve.feature,
                    areas.join(" | ")
                )?;
            }
        }
        writeln!(page)?;
    }
    let named = |wanted: &dyn Fn(Dial) -> Option<String>| -> String {
        let all: Vec<String> = Dial::ALL.iter().filter_map(|d| wanted(*d)).collect();
        if all.is_empty() {
            "none".to_owned()
        } else {
            all.join(", ")
        }
    };
    let of = |kind: DialKind, dial: Dial| best(curves, dial).filter(|_| dial.kind() == kind);
    let last = |curve: &Curve| curve.areas.last().copied().unwrap_or(0.0);
    writeln!(
        page,
        "Defect dials that no feature tells with an AUC of 0.98 at 1: {}.\n\nDefect dials whose curve falls by \
         more than 0.05 from one value to the next: {}.\n\nFeatures that answer a wear dial at 1 with an AUC above \
         0.65: {}.\n",
        named(&|dial| {
            let curve = of(DialKind::Defect, dial).filter(|curve| last(curve) < 0.98)?;
            Some(format!("{} ({:.2})", dial.name(), last(curve)))
        }),
        named(&|dial| {
            let curve = of(DialKind::Defect, dial)?;
            let mut steps = curve.areas.windows(2);
            let falls = steps.any(|pair| matches!(pair, [a, b] if b < &(a - 0.05)));
            falls.then(|| dial.name().to_owned())
        }),
        named(&|dial| {
            let answers: Vec<String> = curves
                .iter()
                .filter(|c| c.dial == dial && dial.kind() == DialKind::Wear && last(c) > 0.65)
                .map(|c| format!("{} {:.2}", c.feature, last(c)))
                .collect();
            (!answers.is_empty()).then(|| format!("{} ({})", dial.name(), answers.join("; ")))
        }),
    )?;
    writeln!(
        page,
        "![AUC of the best feature over each defect dial](features.svg)"
    )?;
    Ok(())
}

/// One small plot a defect dial: AUC from 0.4 to 1 over the dial from 0 to 1.
fn plot(curves: &[Curve]) -> String {
    const WIDE: usize = 150;
    const HIGH: usize = 110;
    const ACROSS: usize = 6;
    let dials: Vec<&Curve> = Dial::ALL
        .iter()
        .filter(|d| d.kind() == DialKind::Defect)
        .filter_map(|d| best(curves, *d))
        .collect();
    let rows = dials.len().div_ceil(ACROSS);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" \
         font-size=\"9\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        ACROSS * WIDE,
        rows * HIGH
    );
    for (k, curve) in dials.iter().enumerate() {
        let (left, top) = (
            (k % ACROSS * WIDE + 12) as f64,
            (k / ACROSS * HIGH + 30) as f64,
        );
        let (w, h) = (WIDE as f64 - 24.0, HIGH as f64 - 42.0);
        let points: Vec<String> = curve
            .areas
            .iter()
            .zip(VALUES)
            .map(|(area, value)| {
                let y = top + h * (1.0 - (area.clamp(0.4, 1.0) - 0.4) / 0.6);
                format!("{:.1},{y:.1}", left + w * f64::from(value))
            })
            .collect();
        svg.push_str(&format!(
            "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{}</text><text x=\"{left}\" y=\"{}\" \
             fill=\"gray\">{}</text>\n<rect x=\"{left}\" y=\"{top}\" width=\"{w}\" height=\"{h}\" fill=\"none\" \
             stroke=\"silver\"/>\n<polyline points=\"{}\" fill=\"none\" stroke=\"#1f5fbf\" stroke-width=\"2\"/>\n",
            top - 14.0,
            curve.dial.name(),
            top - 4.0,
            curve.feature,
            points.join(" ")
        ));
    }
    svg.push_str("</svg>\n");
    svg
}
