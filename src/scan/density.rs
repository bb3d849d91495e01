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

#[cfg(test)]
mod tests {
    use super::*;

    fn jfif(unit: u8, x: u16, y: u16) -> Option<Density> {
        let [x0, x1] = x.to_be_bytes();
        let [y0, y1] = y.to_be_bytes();
        let fields = [1, 1, unit, x0, x1, y0, y1, 0, 0];
        from_jfif(&[b"JFIF\0".as_slice(), &fields].concat())
    }

    #[test]
    fn jfif_units() {
        let of = |x_dpi, y_dpi| {
            Some(Density {
                x_dpi,
                y_dpi,
                source: DensitySource::Jfif,
            })
        };
        assert_eq!(jfif(1, 300, 600), of(300.0, 600.0));
        assert_eq!(jfif(2, 100, 200), of(254.0, 508.0));
        assert_eq!(jfif(0, 300, 300), None);
        assert_eq!(from_jfif(b"JFIF\0\x01\x01\x01\x01"), None);
        assert_eq!(from_jfif(b"JFXX\0\x01\x01\x01\x01\x2C\x01\x2C"), None);
    }

    #[test]
    fn nonsense_is_not_believed() {
        for (x, y) in [(0, 0), (1, 1), (300, 0), (20_000, 20_000)] {
            assert_eq!(jfif(1, x, y), None, "{x} × {y}");
        }
    }

    /// A little-endian EXIF block with entries of type RATIONAL (5) or SHORT (3).
    fn exif(entries: &[(u16, u16, u32, u32)]) -> Vec<u8> {
        let mut block = b"II*\0\x08\0\0\0".to_vec();
        block.extend(u16::try_from(entries.len()).unwrap_or(0).to_le_bytes());
        let mut values = Vec::new();
        let values_at = 8 + 2 + 12 * entries.len() + 4;
        for &(tag, kind, a, b) in entries {
            block.extend(tag.to_le_bytes());
            block.extend(kind.to_le_bytes());
            block.extend(1_u32.to_le_bytes());
            if kind == 5 {
                let at = u32::try_from(values_at + values.len()).unwrap_or(0);
                block.extend(at.to_le_bytes());
                values.extend(a.to_le_bytes());
                values.extend(b.to_le_bytes());
            } else {
                block.extend(a.to_le_bytes());
            }
        }
        block.extend([0; 4]);
        block.extend(values);
        block
    }

    #[test]
    fn exif_density_and_orientation() {
        let (x, y, unit, orientation) = (0x11A, 0x11B, 0x128, 0x112);
        let facts = from_exif(exif(&[
            (orientation, 3, 8, 0),
            (x, 5, 600, 2),
            (y, 5, 400, 1),
            (unit, 3, 2, 0),
        ]));
        assert_eq!(facts.orientation, Orientation::Rotate270);
        assert_eq!(
            facts.density.map(|d| (d.x_dpi, d.y_dpi)),
            Some((300.0, 400.0))
        );

        let dpi = |entries: &[_]| from_exif(exif(entries)).density.map(|d| d.x_dpi);
        assert_eq!(dpi(&[(x, 5, 240, 1)]), Some(240.0));
        assert_eq!(dpi(&[(x, 5, 100, 1), (unit, 3, 3, 0)]), Some(254.0));
        assert_eq!(dpi(&[(x, 5, 240, 1), (unit, 3, 1, 0)]), None);
        assert_eq!(dpi(&[(x, 5, 240, 0)]), None);
        assert_eq!(dpi(&[(x, 5, 72, 72)]), None);
        assert_eq!(
            from_exif(exif(&[(orientation, 3, 9, 0)])),
            ExifFacts::default()
        );
        assert_eq!(from_exif(b"II*\0garbage".to_vec()), ExifFacts::default());
        assert_eq!(from_exif(Vec::new()), ExifFacts::default());
    }

    #[test]
    fn png_density_needs_a_unit_and_comes_before_the_picture() {
        let chunk = |kind: &[u8; 4], content: &[u8]| {
            let length = u32::try_from(content.len()).unwrap_or(0).to_be_bytes();
            [&length, kind.as_slice(), content, &[0; 4]].concat()
        };
        let phys = |unit| {
            let metre = 11_811_u32.to_be_bytes();
            chunk(b"pHYs", &[metre.as_slice(), &metre, &[unit]].concat())
        };
        let png = |chunks: &[Vec<u8>]| [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks.concat()].concat();
        let (idat, iend) = (chunk(b"IDAT", b"xyz"), chunk(b"IEND", b""));
        let stated = from_png(&png(&[phys(1), idat.clone(), iend.clone()]));
        assert_eq!(stated.map(|d| d.x_dpi.round()), Some(300.0));
        assert_eq!(from_png(&png(&[phys(0), idat.clone()])), None);
        assert_eq!(from_png(&png(&[idat.clone(), phys(1)])), None);
        assert!(check_png_chunks(&png(&[idat.clone(), iend])).is_ok());
        assert!(check_png_chunks(&png(&[idat])).is_err());
        assert!(check_png_chunks(b"\x89PNG\r\n\x1a\n\xFF\xFF\xFF\xFFIDAT").is_err());
    }
}
