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

#[cfg(test)]
mod tests {
    use super::*;

    /// An uncompressed TIFF of 5 × 2 pixels of 4 bits: 0 to 4, then 15 down to 11. Palette entry i is (17 i, 0, 255).
    fn four_bit(photometric: u16, big_endian: bool) -> Vec<u8> {
        let u16_bytes = |v: u16| {
            if big_endian {
                v.to_be_bytes()
            } else {
                v.to_le_bytes()
            }
        };
        let u32_bytes = |v: u32| {
            if big_endian {
                v.to_be_bytes()
            } else {
                v.to_le_bytes()
            }
        };
        let rows = [0x01, 0x23, 0x40, 0xFE, 0xDC, 0xB0];
        const RATIONALS: u32 = 2 * 8;
        let data_at: u32 = 8 + 2 + 13 * 12 + 4;
        // Tag, type (3 SHORT, 4 LONG, 5 RATIONAL), count, value.
        let entries: [(u16, u16, u32, u32); 13] = [
            (256, 3, 1, 5),
            (257, 3, 1, 2),
            (258, 3, 1, 4),
            (259, 3, 1, 1),
            (262, 3, 1, u32::from(photometric)),
            (273, 4, 1, data_at + RATIONALS),
            (277, 3, 1, 1),
            (278, 3, 1, 2),
            (279, 4, 1, 6),
            (282, 5, 1, data_at),
            (283, 5, 1, data_at + 8),
            (296, 3, 1, 3),
            (320, 3, 48, data_at + RATIONALS + 6),
        ];
        let mut file = if big_endian { b"MM\0*" } else { b"II*\0" }.to_vec();
        file.extend(u32_bytes(8));
        file.extend(u16_bytes(13));
        for (tag, kind, count, value) in entries {
            file.extend(u16_bytes(tag));
            file.extend(u16_bytes(kind));
            file.extend(u32_bytes(count));
            if kind == 3 && count == 1 {
                file.extend(u16_bytes(u16::try_from(value).unwrap_or(0)));
                file.extend([0, 0]);
            } else {
                file.extend(u32_bytes(value));
            }
        }
        file.extend(u32_bytes(0));
        for number in [200, 2, 50, 1] {
            file.extend(u32_bytes(number));
        }
        file.extend(rows);
        for channel in 0..3 {
            for index in 0..16 {
                file.extend(u16_bytes([index * 17 * 257, 0, u16::MAX][channel]));
            }
        }
        file
    }

    fn reds(photometric: u16, big_endian: bool) -> Option<Vec<u8>> {
        let file = four_bit(photometric, big_endian);
        let image = decode_indexed(&file, &Limits::default()).ok()??.into_rgb8();
        Some(image.pixels().map(|pixel| pixel.0[0]).collect())
    }

    #[test]
    fn four_bits_in_both_byte_orders() {
        let levels = vec![0, 17, 34, 51, 68, 255, 238, 221, 204, 187];
        let inverse: Vec<u8> = levels.iter().map(|level| 255 - level).collect();
        for big_endian in [false, true] {
            assert_eq!(reds(1, big_endian), Some(levels.clone()));
            assert_eq!(reds(0, big_endian), Some(inverse.clone()));
            assert_eq!(reds(3, big_endian), Some(levels.clone()));
            let file = four_bit(3, big_endian);
            let image = decode_indexed(&file, &Limits::default()).ok().flatten();
            let last = image.map(|image| image.into_rgb8().get_pixel(4, 1).0);
            assert_eq!(last, Some([187, 0, 255]));
        }
    }

    #[test]
    fn densities_per_centimetre() {
        for big_endian in [false, true] {
            let density = tags(&four_bit(3, big_endian)).density;
            assert_eq!(density.map(|d| (d.x_dpi, d.y_dpi)), Some((254.0, 127.0)));
        }
        assert_eq!(tags(b"II*\0").density, None);
    }

    #[test]
    fn palettes_of_8_bit_values() {
        let map = [0, 200, 0, 100, 0, 50];
        assert_eq!(palette(&map, 1), Some(vec![[0, 0, 0], [200, 100, 50]]));
        assert_eq!(palette(&map, 2), None);
    }
}
