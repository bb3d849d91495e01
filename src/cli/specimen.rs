//! `guilloche specimen`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::Exit;
use crate::note::{Light, Side};
use crate::specimen::{
    Bed, Dial, DialKind, Dials, Format, Press, Scanner, Specimen, SpecimenError, Subsampling,
    XtsDenomination, XtsSerial,
};

/// Print specimen notes of XTS, the test currency, as scans with their truth beside them.
#[derive(Debug, Args)]
#[command(after_help = dials_help())]
pub struct Arguments {
    /// Folder for the scans; made where it is missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Value of the note: 10 or 100
    #[arg(long, value_name = "VALUE", default_value = "10", value_parser = parsed::<XtsDenomination>)]
    denomination: XtsDenomination,
    /// Sides to print
    #[arg(long, value_name = "SIDE", value_delimiter = ',', default_value = "front,back", value_parser = side)]
    side: Vec<Side>,
    /// Lights to scan in: visible, ultraviolet, infrared, transmitted; turned is visible light on the note turned by
    /// half a circle
    #[arg(long, value_name = "LIGHT", value_delimiter = ',', default_value = "visible", value_parser = light)]
    light: Vec<Light>,
    /// Decides everything that differs from note to note; the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many notes, with seeds N, N + 1, …
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    count: u64,
    /// Serial number instead of the seed's, as AG27182818L
    #[arg(long, value_name = "SERIAL", value_parser = parsed::<XtsSerial>)]
    serial: Option<XtsSerial>,
    /// Turn on a defect, NAME or NAME=0..1; may be given more than once
    #[arg(long, value_name = "NAME=0..1")]
    defect: Vec<String>,
    /// Turn on wear, NAME or NAME=0..1; may be given more than once
    #[arg(long, value_name = "NAME=0..1")]
    wear: Vec<String>,
    /// Resolution of the press, 300 to 1200 dpi; below 600 microtext is lost
    #[arg(long, value_name = "DPI", default_value_t = 600.0)]
    press_dpi: f32,
    #[command(flatten)]
    scanner: ScannerArguments,
}

/// The scanner's settings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Scanner")]
struct ScannerArguments {
    /// Resolution of the scan, 100 to 1200 dpi
    #[arg(long, default_value_t = 300.0)]
    dpi: f32,
    /// Turn of the note, degrees clockwise
    #[arg(
        long,
        value_name = "DEGREES",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    rotation: f32,
    /// What the note lies on: white, black, grey, a grey level 0 to 255, a colour as #a03050, wood
    #[arg(long, default_value = "white", value_parser = parsed::<Bed>)]
    bed: Bed,
    /// Bed seen round the note, mm; negative cuts into the note
    #[arg(
        long,
        value_name = "MM",
        default_value_t = 3.0,
        allow_negative_numbers = true
    )]
    margin: f32,
    /// Standard deviation of the point spread, µm
    #[arg(long, value_name = "MICROMETRES", default_value_t = 32.0)]
    blur: f32,
    /// Standard deviation of the noise, levels of 255
    #[arg(long, value_name = "LEVELS", default_value_t = 1.6)]
    noise: f32,
    /// Exponent on the encoded levels; above 1 is darker
    #[arg(long, default_value_t = 1.0)]
    gamma: f32,
    /// Factors on red, green and blue, as 1.05,1,0.92
    #[arg(long, value_name = "R,G,B", default_value = "1,1,1", value_parser = cast)]
    cast: [f32; 3],
    /// Strength of the unsharp mask
    #[arg(long, default_value_t = 0.3)]
    sharpening: f32,
    /// File format: jpeg, png, tiff, bmp, webp
    #[arg(long, default_value = "jpeg", value_parser = parsed::<Format>)]
    format: Format,
    /// JPEG quality, 1 to 100
    #[arg(long, default_value_t = 90)]
    quality: u8,
    /// JPEG chroma subsampling: 4:4:4, 4:2:2, 4:2:0
    #[arg(long, default_value = "4:2:2", value_parser = parsed::<Subsampling>)]
    subsampling: Subsampling,
}

/// The help of every dial, from the table that the press works by.
fn dials_help() -> String {
    let mut text = String::from(
        "Examples:\n  guilloche specimen notes/ --count 10\n  guilloche specimen notes/ --denomination 100 --defect halftone=0.5 --wear soil --dpi 200\n\nEvery dial goes from 0 (nothing) to 1 (in full); all may be combined.\n",
    );
    for kind in [DialKind::Defect, DialKind::Wear] {
        text.push_str(&format!("\n--{} NAME=VALUE:\n", kind.as_str()));
        for dial in Dial::ALL.iter().filter(|d| d.kind() == kind) {
            // Wrapped here: clap would lose the hanging indent.
            let mut line = format!("  {:<20}", dial.name());
            for word in dial.help().split(' ') {
                if line.chars().count() + 1 + word.chars().count() > 78 {
                    text.push_str(&line);
                    text.push('\n');
                    line = " ".repeat(22);
                }
                line.push(' ');
                line.push_str(word);
            }
            text.push_str(&line);
            text.push('\n');
        }
    }
    text.push_str("\nExample:\n  guilloche specimen notes --denomination 100 --defect halftone --wear soil=0.4 --dpi 600");
    text
}

fn parsed<T: std::str::FromStr<Err = SpecimenError>>(text: &str) -> Result<T, SpecimenError> {
    text.parse()
}

fn side(text: &str) -> Result<Side, String> {
    let found = Side::ALL.into_iter().find(|s| s.as_str() == text);
    found.ok_or_else(|| format!("{text:?} is no side: choose front, back or front,back"))
}

fn light(text: &str) -> Result<Light, String> {
    let found = Light::ALL.into_iter().find(|l| l.as_str() == text);
    found.ok_or_else(|| {
        format!(
            "{text:?} is no light: choose from visible, ultraviolet, infrared, transmitted, turned"
        )
    })
}

fn cast(text: &str) -> Result<[f32; 3], String> {
    let numbers: Vec<f32> = text
        .split(',')
        .filter_map(|v| v.trim().parse().ok())
        .collect();
    numbers
        .try_into()
        .map_err(|_| format!("{text:?} is not three numbers, as 1.05,1,0.92"))
}

/// Runs the command: writes `xts-<value>-<seed>_<side>[_<light>].<ext>` and the truth as `….json` beside each.
pub fn run(arguments: &Arguments) -> Result<Exit> {
    let mut dials = Dials::none();
    for text in &arguments.defect {
        dials.parse(DialKind::Defect, text)?;
    }
    for text in &arguments.wear {
        dials.parse(DialKind::Wear, text)?;
    }
    let s = &arguments.scanner;
    let scanner = Scanner {
        dpi: s.dpi,
        rotation: s.rotation,
        bed: s.bed,
        margin_mm: s.margin,
        blur_um: s.blur,
        noise: s.noise,
        gamma: s.gamma,
        cast: s.cast,
        sharpening: s.sharpening,
        format: s.format,
        quality: s.quality,
        subsampling: s.subsampling,
    };
    scanner.check()?;
    let press = Press::new(arguments.press_dpi)?;
    let directory = &arguments.directory;
    std::fs::create_dir_all(directory)
        .with_context(|| format!("{}: cannot make the folder", directory.display()))?;
    for seed in (0..arguments.count).map(|k| arguments.seed.wrapping_add(k)) {
        let mut specimen = Specimen::new(arguments.denomination, seed).with(dials.clone());
        if let Some(serial) = arguments.serial {
            specimen.serial = serial;
        }
        for &side in &arguments.side {
            for &light in &arguments.light {
                let scan = scanner.scan(&press.print(&specimen, side, light))?;
                let mut stem = format!("xts-{}-{seed}_{side}", arguments.denomination.as_str());
                // The suffixes by which `check` groups the files of a note.
                stem.push_str(match light {
                    Light::Visible => "",
                    Light::Ultraviolet => "_uv",
                    Light::Infrared => "_ir",
                    Light::Transmitted => "_light",
                    Light::Turned => "_turned",
                });
                let path = directory.join(format!("{stem}.{}", scanner.format.extension()));
                let write = |path: PathBuf, bytes: Vec<u8>| {
                    std::fs::write(&path, bytes)
                        .with_context(|| format!("{}: cannot be written", path.display()))
                };
                write(path, scan.encode()?)?;
                write(
                    directory.join(format!("{stem}.json")),
                    serde_json::to_vec_pretty(&scan.truth)?,
                )?;
            }
        }
    }
    Ok(Exit::Good)
}
