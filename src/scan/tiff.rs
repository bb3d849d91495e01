//! What `image` does not read of TIFF files: density, and images whose samples are indices or of 2 or 4 bits.

use std::io::Cursor;

use ::tiff::decoder::ifd::Value;
use ::tiff::decoder::{Decoder, DecodingResult};
use ::tiff::tags::Tag;
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::density::{Density, DensitySource, ExifFacts};
use super::{Format, Limits, ScanFault};

/// Density and orientation of the first page. A directory that cannot be parsed says nothing: decoding reports it.
pub(super) fn tags(bytes: &[u8]) -> ExifFacts {
    let Ok(mut decoder) = Decoder::new(Cursor::new(bytes)) else {
        return ExifFacts::default();
    };
    let mut ratio = |tag| match decoder.find_tag(tag) {
        Ok(Some(Value::Rational(numerator, denominator))) if denominator > 0 => {
            Some(f64::from(numerator) / f64::from(denominator))
        }
        _ => None,
    };
    let (x, y) = (ratio(Tag::XResolution), ratio(Tag::YResolution));
    let mut uint = |tag| decoder.find_tag_unsigned::<u32>(tag).ok().flatten();
    // The unit's default is the inch (TIFF 6.0, section 8).
    let unit = uint(Tag::ResolutionUnit).unwrap_or(2);
    let orientation = uint(Tag::Orientation)
        .and_then(|value| u8::try_from(value).ok())
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms);
    ExifFacts {
        density: x
            .and_then(|x| Density::from_tiff_unit(x, y.unwrap_or(x), unit, DensitySource::Tiff)),
        orientation,
    }
}

const WHITE_IS_ZERO: u32 = 0;
const BLACK_IS_ZERO: u32 = 1;
const PALETTE: u32 = 3;

/// Decodes the first page if its samples are palette indices or grey of 2 or 4 bits; `None` for all else, which
/// `image` reads itself.
pub(super) fn decode_indexed(
    bytes: &[u8],
    limits: &Limits,
) -> Result<Option<DynamicImage>, ScanFault> {
    let Ok(mut decoder) = Decoder::new(Cursor::new(bytes)) else {
        return Ok(None);
    };
    let mut uint = |tag| decoder.find_tag_unsigned::<u32>(tag).ok().flatten();
    let photometric = uint(Tag::PhotometricInterpretation);
    let bits = uint(Tag::BitsPerSample).unwrap_or(1);
    let one_sample = uint(Tag::SamplesPerPixel).unwrap_or(1) == 1;
    let colours = match (photometric, bits) {
        (Some(PALETTE), 1 | 2 | 4 | 8) if one_sample => {
            let map: Vec<u16> = decoder
                .find_tag_unsigned_vec(Tag::ColorMap)
                .ok()
                .flatten()
                .unwrap_or_default();
            palette(&map, bits)
                .ok_or_else(|| damaged("its colour map has the wrong length".to_owned()))?
        }
        (Some(WHITE_IS_ZERO | BLACK_IS_ZERO), 2 | 4) if one_sample => greys(bits),
        _ => return Ok(None),
    };
    let (width, height) = decoder.dimensions().map_err(fault)?;
    let samples = u64::from(width) * u64::from(height);
    limits.check(width, height, samples.saturating_mul(4))?;

    // The decoder knows no palettes: let it take the indices for greys.
    let mut as_grey = bytes.to_vec();
    let entry = photometric_value(&mut as_grey)
        .ok_or_else(|| unsupported("indexed colours in a BigTIFF"))?;
    let one = if bytes.starts_with(b"II") {
        [1, 0, 0, 0]
    } else {
        [0, 1, 0, 0]
    };
    if photometric == Some(PALETTE) {
        *entry = one;
    }
    let mut limited = ::tiff::decoder::Limits::default();
    limited.decoding_buffer_size = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    let mut decoder = Decoder::new(Cursor::new(&as_grey[..]))
        .map_err(fault)?
        .with_limits(limited);
    let DecodingResult::U8(packed) = decoder.read_image().map_err(fault)? else {
        return Err(damaged("its samples have the wrong size".to_owned()));
    };

    // Rows are padded to whole bytes; the first pixel is in the high bits.
    let per_byte = 8 / bits as usize;
    let row_bytes = (width as usize).div_ceil(per_byte);
    let mask = u8::try_from((1_u32 << bits) - 1).unwrap_or(u8::MAX);
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for row in packed.chunks(row_bytes.max(1)) {
        for x in 0..width as usize {
            let byte = row.get(x / per_byte).copied().unwrap_or_default();
            let shift = 8 - bits as usize * (x % per_byte + 1);
            let index = usize::from((byte >> shift) & mask);
            rgb.extend(colours.get(index).copied().unwrap_or_default());
        }
    }
    RgbImage::from_raw(width, height, rgb)
        .map(|image| Some(DynamicImage::ImageRgb8(image)))
        .ok_or_else(|| damaged("rows of its picture are missing".to_owned()))
}

/// The colours of a `ColorMap`: all reds, all greens, all blues, 16 bits each.
fn palette(map: &[u16], bits: u32) -> Option<Vec<[u8; 3]>> {
    let size = 1_usize << bits;
    let channel = |n: usize| map.get(n * size..(n + 1) * size);
    let (reds, greens, blues) = (channel(0)?, channel(1)?, channel(2)?);
    // Some writers put 8-bit values into the 16-bit fields.
    let shift = if map.iter().any(|&value| value > 255) {
        8
    } else {
        0
    };
    let byte = |value: u16| u8::try_from(value >> shift).unwrap_or(u8::MAX);
    Some(
        reds.iter()
            .zip(greens)
            .zip(blues)
            .map(|((&r, &g), &b)| [byte(r), byte(g), byte(b)])
            .collect(),
    )
}

/// Evenly spaced greys from black to white.
fn greys(bits: u32) -> Vec<[u8; 3]> {
    let top = (1_u32 << bits) - 1;
    (0..=top)
        .map(|level| [u8::try_from(level * 255 / top).unwrap_or(u8::MAX); 3])
        .collect()
}

/// The value field of the first page's `PhotometricInterpretation` entry in a classic TIFF.
fn photometric_value(bytes: &mut [u8]) -> Option<&mut [u8; 4]> {
    let little = bytes.starts_with(b"II*\0");
    if !little && !bytes.starts_with(b"MM\0*") {
        return None;
    }
    let u16_of = |b: [u8; 2]| {
        if little {
            u16::from_le_bytes(b)
        } else {
            u16::from_be_bytes(b)
        }
    };
    let offset = *bytes.get(4..)?.first_chunk::<4>()?;
    let offset = if little {
        u32::from_le_bytes(offset)
    } else {
        u32::from_be_bytes(offset)
    } as usize;
    let count = u16_of(*bytes.get(offset..)?.first_chunk::<2>()?);
    let (entries, _) = bytes.get_mut(offset + 2..)?.as_chunks_mut::<12>();
    entries
        .iter_mut()
        .take(usize::from(count))
        .find(|&&mut [a, b, ..]| u16_of([a, b]) == Tag::PhotometricInterpretation.to_u16())
        .and_then(|entry| entry.last_chunk_mut::<4>())
}

fn damaged(reason: String) -> ScanFault {
    ScanFault::Damaged {
        format: Format::Tiff,
        percent: None,
        reason,
    }
}

fn unsupported(what: &str) -> ScanFault {
    ScanFault::Unsupported {
        format: Format::Tiff,
        what: what.to_owned(),
    }
}

fn fault(error: ::tiff::TiffError) -> ScanFault {
    match error {
        ::tiff::TiffError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            ScanFault::Truncated {
                format: Format::Tiff,
                percent: None,
            }
        }
        ::tiff::TiffError::UnsupportedError(what) => unsupported(&what.to_string()),
        other => damaged(other.to_string()),
    }
}
