//! Writing a scan with its density: JPEG, PNG, TIFF, BMP, WebP.

use std::io::Cursor;
use std::str::FromStr;

use image::codecs::{bmp::BmpEncoder, png::PngEncoder, webp::WebPEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use jpeg_encoder::{ColorType, Encoder, PixelDensity, SamplingFactor};
use serde::{Deserialize, Serialize};

use super::SpecimenError;

/// A file format for scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// JPEG, density in JFIF.
    Jpeg,
    /// PNG, density in pHYs.
    Png,
    /// TIFF without compression, density in its tags.
    Tiff,
    /// BMP, density in its header.
    Bmp,
    /// WebP without loss, density in Exif.
    Webp,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::Tiff, Self::Bmp, Self::Webp];

    /// The file name's extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Tiff => "tif",
            Self::Bmp => "bmp",
            Self::Webp => "webp",
        }
    }
}

impl FromStr for Format {
    type Err = SpecimenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "png" => Ok(Self::Png),
            "tiff" | "tif" => Ok(Self::Tiff),
            "bmp" => Ok(Self::Bmp),
            "webp" => Ok(Self::Webp),
            _ => Err(SpecimenError::Word {
                what: "image format",
                text: text.to_owned(),
                known: "jpeg, png, tiff, bmp, webp",
            }),
        }
    }
}

/// Chroma subsampling of JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Subsampling {
    /// Full chroma.
    #[serde(rename = "4:4:4")]
    Full,
    /// Half across.
    #[serde(rename = "4:2:2")]
    Half,
    /// Half across and down.
    #[serde(rename = "4:2:0")]
    Quarter,
}

impl FromStr for Subsampling {
    type Err = SpecimenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "4:4:4" => Ok(Self::Full),
            "4:2:2" => Ok(Self::Half),
            "4:2:0" => Ok(Self::Quarter),
            _ => Err(SpecimenError::Word {
                what: "chroma subsampling",
                text: text.to_owned(),
                known: "4:4:4, 4:2:2, 4:2:0",
            }),
        }
    }
}

/// The bytes of an image file. `quality` (1..=100) and `subsampling` are JPEG's.
///
/// # Errors
/// What the encoder refuses, as a side longer than the format allows.
pub fn encode(
    image: &RgbImage,
    format: Format,
    dpi: f32,
    quality: u8,
    subsampling: Subsampling,
) -> Result<Vec<u8>, SpecimenError> {
    let (w, h) = image.dimensions();
    let wrong = |why: String| SpecimenError::Encode {
        format: format.extension(),
        why,
    };
    let rgb = ExtendedColorType::Rgb8;
    match format {
        Format::Jpeg => {
            let (Ok(w), Ok(h)) = (u16::try_from(w), u16::try_from(h)) else {
                return Err(wrong(format!(
                    "{w} × {h} px is more than JPEG's 65535 a side: lower the resolution"
                )));
            };
            let mut bytes = Vec::new();
            let mut encoder = Encoder::new(&mut bytes, quality.clamp(1, 100));
            encoder.set_sampling_factor(match subsampling {
                Subsampling::Full => SamplingFactor::F_1_1,
                Subsampling::Half => SamplingFactor::F_2_1,
                Subsampling::Quarter => SamplingFactor::F_2_2,
            });
            let dots = super::maths::round(dpi) as u16;
            encoder.set_density(PixelDensity::dpi(dots));
            encoder
                .encode(image.as_raw(), w, h, ColorType::Rgb)
                .map_err(|e| wrong(e.to_string()))?;
            Ok(bytes)
        }
        Format::Png => {
            let mut bytes = Vec::new();
            PngEncoder::new(&mut bytes)
                .write_image(image.as_raw(), w, h, rgb)
                .map_err(|e| wrong(e.to_string()))?;
            // IHDR is always the first chunk and 25 bytes long; pHYs goes behind it.
            let metre = (f64::from(dpi) / 0.0254 + 0.5) as u32;
            let mut chunk = b"pHYs".to_vec();
            chunk.extend_from_slice(&metre.to_be_bytes());
            chunk.extend_from_slice(&metre.to_be_bytes());
            chunk.push(1);
            let mut whole = 9u32.to_be_bytes().to_vec();
            whole.extend_from_slice(&chunk);
            whole.extend_from_slice(&crc32(&chunk).to_be_bytes());
            bytes.splice(33..33, whole);
            Ok(bytes)
        }
        Format::Bmp => {
            let mut bytes = Vec::new();
            let mut cursor = Cursor::new(&mut bytes);
            BmpEncoder::new(&mut cursor)
                .encode(image.as_raw(), w, h, rgb)
                .map_err(|e| wrong(e.to_string()))?;
            let metre = (f64::from(dpi) / 0.0254 + 0.5) as u32;
            // BITMAPINFOHEADER: pixels a metre, across and down.
            for at in [38, 42] {
                if let Some(slot) = bytes.get_mut(at..at + 4) {
                    slot.copy_from_slice(&metre.to_le_bytes());
                }
            }
            Ok(bytes)
        }
        Format::Tiff => Ok(tiff(dpi, Some(image))),
        Format::Webp => {
            let mut bytes = Vec::new();
            let mut encoder = WebPEncoder::new_lossless(&mut bytes);
            encoder
                .set_exif_metadata(tiff(dpi, None))
                .map_err(|e| wrong(e.to_string()))?;
            encoder
                .write_image(image.as_raw(), w, h, rgb)
                .map_err(|e| wrong(e.to_string()))?;
            Ok(bytes)
        }
    }
}

/// A little-endian TIFF with its resolution; without an image it is the block that Exif uses.
fn tiff(dpi: f32, image: Option<&RgbImage>) -> Vec<u8> {
    let mut entries: Vec<(u16, u16, u32, u32)> = Vec::new();
    let count: u32 = if image.is_some() { 13 } else { 3 };
    let after = 8 + 2 + 12 * count + 4;
    let (bits, ratio, pixels) = (after, after + 6, after + 14);
    if let Some(image) = image {
        let (w, h) = image.dimensions();
        entries.extend([
            (256, 4, 1, w),
            (257, 4, 1, h),
            (258, 3, 3, bits),
            (259, 3, 1, 1),
            (262, 3, 1, 2),
            (273, 4, 1, pixels),
            (274, 3, 1, 1),
            (277, 3, 1, 3),
            (278, 4, 1, h),
            (279, 4, 1, w * h * 3),
        ]);
    }
    entries.extend([(282, 5, 1, ratio), (283, 5, 1, ratio), (296, 3, 1, 2)]);
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for (tag, kind, n, value) in entries {
        out.extend_from_slice(&tag.to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&n.to_le_bytes());
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(&[0; 4]);
    for _ in 0..3 {
        out.extend_from_slice(&8u16.to_le_bytes());
    }
    out.extend_from_slice(&((100.0 * dpi) as u32).to_le_bytes());
    out.extend_from_slice(&100u32.to_le_bytes());
    if let Some(image) = image {
        out.extend_from_slice(image.as_raw());
    }
    out
}

/// CRC-32 as PNG wants it (ISO 3309), bit by bit: chunks here are short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| {
            if c & 1 == 1 {
                0xedb8_8320 ^ (c >> 1)
            } else {
                c >> 1
            }
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_read_back() {
        let image = RgbImage::from_fn(37, 23, |x, y| {
            image::Rgb([(x * 6) as u8, (y * 10) as u8, 90])
        });
        for format in Format::ALL {
            let bytes = encode(&image, format, 300.0, 92, Subsampling::Full).unwrap();
            let back = image::load_from_memory(&bytes).unwrap().to_rgb8();
            assert_eq!(back.dimensions(), (37, 23), "{format:?}");
            let worst = back
                .iter()
                .zip(image.iter())
                .map(|(a, b)| a.abs_diff(*b))
                .max()
                .unwrap();
            assert!(
                worst <= if format == Format::Jpeg { 14 } else { 0 },
                "{format:?}: {worst}"
            );
        }
    }

    #[test]
    fn check_sum_of_png() {
        // The CRC of an empty IEND chunk, as in every PNG.
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }
}
