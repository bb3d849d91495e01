//! Density: pixels per inch as a file states it, from JFIF, EXIF, PNG `pHYs`, TIFF tags and the BMP header.

use exif::{In, Reader, Tag, Value};
use image::metadata::Orientation;

use super::{Format, ScanFault};

/// Pixels per inch along both axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density {
    /// Pixels per inch from left to right.
    pub x_dpi: f64,
    /// Pixels per inch from top to bottom.
    pub y_dpi: f64,
    /// Where the file says so.
    pub source: DensitySource,
}

/// The part of a file that states the density.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DensitySource {
    /// JFIF APP0 segment of a JPEG.
    Jfif,
    /// EXIF `XResolution` and `YResolution`.
    Exif,
    /// PNG `pHYs` chunk.
    Phys,
    /// TIFF `XResolution` and `YResolution`.
    Tiff,
    /// Pixels per metre in a BMP header.
    Bmp,
}

const CM_PER_INCH: f64 = 2.54;
const M_PER_INCH: f64 = 0.0254;

impl Density {
    /// Least and greatest density that is believed, dpi: below, an aspect ratio (1 × 1) was written as a density and a
    /// note would be narrower than 60 px; above, no scanner exists.
    pub const BELIEVED: std::ops::RangeInclusive<f64> = 10.0..=10_000.0;

    /// `None` where a figure cannot be true.
    pub(super) fn believed(x_dpi: f64, y_dpi: f64, source: DensitySource) -> Option<Self> {
        (Self::BELIEVED.contains(&x_dpi) && Self::BELIEVED.contains(&y_dpi)).then_some(Self {
            x_dpi,
            y_dpi,
            source,
        })
    }

    /// The density of the image turned by a quarter.
    pub(super) fn transposed(self) -> Self {
        Self {
            x_dpi: self.y_dpi,
            y_dpi: self.x_dpi,
            ..self
        }
    }

    /// From a resolution and its TIFF unit: 2 inch, 3 centimetre, anything else no unit at all.
    pub(super) fn from_tiff_unit(x: f64, y: f64, unit: u32, source: DensitySource) -> Option<Self> {
        match unit {
            2 => Self::believed(x, y, source),
            3 => Self::believed(x * CM_PER_INCH, y * CM_PER_INCH, source),
            _ => None,
        }
    }
}

/// From the payload of a JPEG's APP0 segment (ITU-T T.871, 10.1): `JFIF\0`, version, unit, two densities.
pub(super) fn from_jfif(payload: &[u8]) -> Option<Density> {
    let fields = payload.strip_prefix(b"JFIF\0")?;
    let &[_, _, unit, x0, x1, y0, y1] = fields.first_chunk::<7>()?;
    let x = f64::from(u16::from_be_bytes([x0, x1]));
    let y = f64::from(u16::from_be_bytes([y0, y1]));
    match unit {
        1 => Density::believed(x, y, DensitySource::Jfif),
        2 => Density::believed(x * CM_PER_INCH, y * CM_PER_INCH, DensitySource::Jfif),
        _ => None,
    }
}

/// What an EXIF block says about the pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ExifFacts {
    pub(super) density: Option<Density>,
    pub(super) orientation: Orientation,
}

impl Default for ExifFacts {
    fn default() -> Self {
        Self {
            density: None,
            orientation: Orientation::NoTransforms,
        }
    }
}

/// From an EXIF block, beginning with its TIFF header. A block that cannot be parsed says nothing.
pub(super) fn from_exif(block: Vec<u8>) -> ExifFacts {
    let parsed = Reader::new()
        .continue_on_error(true)
        .read_raw(block)
        .or_else(|error| error.distill_partial_result(|_| {}));
    let Ok(exif) = parsed else {
        return ExifFacts::default();
    };
    let uint = |tag| {
        exif.get_field(tag, In::PRIMARY)
            .and_then(|field| field.value.get_uint(0))
    };
    let ratio = |tag| match exif.get_field(tag, In::PRIMARY).map(|field| &field.value) {
        Some(Value::Rational(values)) => values.first().map(|value| value.to_f64()),
        _ => None,
    };
    let density = ratio(Tag::XResolution).and_then(|x| {
        let y = ratio(Tag::YResolution).unwrap_or(x);
        // The unit's default is the inch (EXIF 2.32, 4.6.4).
        let unit = uint(Tag::ResolutionUnit).unwrap_or(2);
        Density::from_tiff_unit(x, y, unit, DensitySource::Exif)
    });
    let orientation = uint(Tag::Orientation)
        .and_then(|value| u8::try_from(value).ok())
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms);
    ExifFacts {
        density,
        orientation,
    }
}

/// The chunks of a PNG: type and content, up to the first that is cut off.
fn png_chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (content, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        // The checksum.
        rest = after.get(4..)?;
        Some((kind, content))
    })
}

/// Whether the PNG reaches its end chunk: the decoder is content when it has all rows.
pub(super) fn check_png_chunks(bytes: &[u8]) -> Result<(), ScanFault> {
    if png_chunks(bytes).any(|(kind, _)| kind == b"IEND") {
        Ok(())
    } else {
        Err(ScanFault::Truncated {
            format: Format::Png,
            percent: None,
        })
    }
}

/// From a PNG's `pHYs` chunk (PNG 3rd edition, 11.3.4.3).
pub(super) fn from_png(bytes: &[u8]) -> Option<Density> {
    let (_, content) = png_chunks(bytes)
        .take_while(|(kind, _)| *kind != b"IDAT")
        .find(|(kind, _)| *kind == b"pHYs")?;
    let (x, rest) = content.split_first_chunk::<4>()?;
    let (y, unit) = rest.split_first_chunk::<4>()?;
    // Unit 1 is the metre; 0 means that the numbers are only an aspect ratio.
    if unit != [1] {
        return None;
    }
    let dpi = |per_metre: &[u8; 4]| f64::from(u32::from_be_bytes(*per_metre)) * M_PER_INCH;
    Density::believed(dpi(x), dpi(y), DensitySource::Phys)
}

/// From the pixels per metre in a BMP's information header (bytes 38 to 45 of the file).
pub(super) fn from_bmp(bytes: &[u8]) -> Option<Density> {
    let header_size = u32::from_le_bytes(*bytes.get(14..)?.first_chunk::<4>()?);
    // The older core header has no density.
    if header_size < 40 {
        return None;
    }
    let dpi = |at: usize| {
        let field = bytes.get(at..)?.first_chunk::<4>()?;
        Some(f64::from(i32::from_le_bytes(*field)) * M_PER_INCH)
    };
    Density::believed(dpi(38)?, dpi(42)?, DensitySource::Bmp)
}
