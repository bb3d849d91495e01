//! Scan: from a file to pixels that can be trusted, with their density and the file's digest.
//!
//! Strict on purpose: a file that was cut or damaged is an error, never a picture whose rest is grey, because a
//! missing part of a note would be taken for a missing security feature. What a file is, is decided by its content;
//! the extension is only used to choose files of a folder ([`gather`]).

pub mod density;
pub mod gather;
mod jpeg;
mod tiff;

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::io::{self, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageReader, Pixel, Primitive, Rgb};
use sha2::{Digest, Sha256};

use crate::pixels::Raster;
use density::Density;
pub use jpeg::JpegInfo;

/// A decoded scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// The file as it was given.
    pub path: PathBuf,
    /// SHA-256 of the file's bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Kind of file, by content.
    pub format: Format,
    /// The pixels, turned upright as the file's orientation tag says, alpha laid over white.
    pub raster: Raster,
    /// Pixels per inch as the file states them, after turning. `None` where it states none or nonsense.
    pub density: Option<Density>,
    /// How strongly a JPEG was compressed. `None` for the other formats.
    pub jpeg: Option<JpegInfo>,
}

/// The kinds of image file that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, baseline or progressive, 8 bit.
    Jpeg,
    /// Portable Network Graphics.
    Png,
    /// Tagged Image File Format, first page.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// WebP.
    WebP,
}

impl Format {
    /// The format whose signature the bytes begin with.
    fn of(bytes: &[u8]) -> Option<Self> {
        let tiff: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
        if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if tiff.iter().any(|magic| bytes.starts_with(magic)) {
            Some(Self::Tiff)
        } else if bytes.starts_with(b"BM") {
            Some(Self::Bmp)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else {
            None
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::WebP => "WebP",
        })
    }
}

/// How much one file may cost. Both are checked against the file's header, before anything is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most pixels of an image.
    pub pixels: u64,
    /// Most bytes of a file, and of the memory that decoding it needs.
    pub bytes: u64,
}

impl Default for Limits {
    /// 200 megapixels (an A4 page at 1,200 dpi has 139) and 2 GiB.
    fn default() -> Self {
        Self {
            pixels: 200_000_000,
            bytes: 2 << 30,
        }
    }
}

impl Limits {
    /// Whether an image of this size, needing so many bytes, may be decoded.
    fn check(&self, width: u32, height: u32, bytes: u64) -> Result<(), ScanFault> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.pixels {
            return Err(ScanFault::TooManyPixels {
                width,
                height,
                limit: self.pixels,
            });
        }
        if bytes > self.bytes {
            return Err(ScanFault::TooManyBytes {
                bytes,
                limit: self.bytes,
            });
        }
        Ok(())
    }
}

/// A file that could not be made into a [`Scan`].
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", display_path(path))]
pub struct ScanError {
    /// The file as it was given.
    pub path: PathBuf,
    /// What is wrong with it; part of this error's message and therefore not its source.
    pub fault: ScanFault,
}

/// What is wrong with a file, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanFault {
    /// The file could not be opened or read.
    #[error("cannot be read ({0}); check that the file exists and that you may read it")]
    Io(io::Error),
    /// A folder, pipe or device.
    #[error("is not a regular file; name an image file, or a folder to search for images")]
    NotAFile,
    /// Zero bytes.
    #[error("the file is empty; scan the note again or copy the file again")]
    Empty,
    /// Content of some other kind.
    #[error(
        "is not an image that can be read ({looks_like}); save it as JPEG, PNG, TIFF, BMP or WebP"
    )]
    NotAnImage {
        /// What the content looks like.
        looks_like: &'static str,
    },
    /// More pixels than [`Limits::pixels`].
    #[error(
        "the image is {width} × {height} pixels, more than the limit of {limit} pixels; \
         crop it to the note or scan at a lower resolution"
    )]
    TooManyPixels {
        /// Width in the header, px.
        width: u32,
        /// Height in the header, px.
        height: u32,
        /// [`Limits::pixels`].
        limit: u64,
    },
    /// More memory than [`Limits::bytes`].
    #[error(
        "needs {bytes} bytes of memory, more than the limit of {limit}; crop it to the note or scan at a lower resolution"
    )]
    TooManyBytes {
        /// Bytes needed.
        bytes: u64,
        /// [`Limits::bytes`].
        limit: u64,
    },
    /// The file stops before its picture does.
    #[error(
        "the {format} ends early{}: the file was cut while it was written or copied; copy or scan it again",
        at_percent(*percent)
    )]
    Truncated {
        /// Kind of file.
        format: Format,
        /// How much of the picture is there, from the top, where that is known.
        percent: Option<u8>,
    },
    /// The content contradicts itself.
    #[error("the {format} is damaged{} ({reason}); copy or scan it again", at_percent(*percent))]
    Damaged {
        /// Kind of file.
        format: Format,
        /// How much of the picture could be decoded, from the top, where that is known.
        percent: Option<u8>,
        /// In the decoder's words.
        reason: String,
    },
    /// A valid file of a variant that is not read.
    #[error("this {format} cannot be read: {what}; save it as ordinary 8-bit JPEG, PNG or TIFF")]
    Unsupported {
        /// Kind of file.
        format: Format,
        /// The variant.
        what: String,
    },
    /// The decoder gave up by panicking, which some do on malicious input.
    #[error("the {format} is damaged (its decoder failed: {reason}); copy or scan it again")]
    DecoderFailed {
        /// Kind of file.
        format: Format,
        /// The panic's message.
        reason: String,
    },
}

fn at_percent(percent: Option<u8>) -> String {
    percent.map_or_else(String::new, |p| format!(" (at {p} % of its picture)"))
}

/// Reads and decodes a file.
///
/// # Errors
/// [`ScanError`] for everything from a missing file to a picture that is not complete; a file that is larger than
/// [`Limits::bytes`] is not read.
pub fn load(path: &Path, limits: &Limits) -> Result<Scan, ScanError> {
    let bytes = read(path, limits).map_err(|fault| ScanError {
        path: path.to_owned(),
        fault,
    })?;
    decode(&bytes, path, limits)
}

fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, ScanFault> {
    let metadata = std::fs::metadata(path).map_err(ScanFault::Io)?;
    // A pipe could block for ever and a device has no end.
    if !metadata.is_file() {
        return Err(ScanFault::NotAFile);
    }
    if metadata.len() > limits.bytes {
        return Err(ScanFault::TooManyBytes {
            bytes: metadata.len(),
            limit: limits.bytes,
        });
    }
    std::fs::read(path).map_err(ScanFault::Io)
}

/// Decodes the bytes of a file; `path` only names it in the result and in messages.
///
/// # Errors
/// As [`load`].
pub fn decode(bytes: &[u8], path: &Path, limits: &Limits) -> Result<Scan, ScanError> {
    let decoded = Format::of(bytes)
        .ok_or_else(|| not_an_image(bytes))
        .and_then(|format| {
            contained(format, || decode_as(format, bytes, limits)).map(|parts| (format, parts))
        });
    match decoded {
        Ok((format, parts)) => Ok(Scan {
            path: path.to_owned(),
            sha256: hex(&Sha256::digest(bytes)),
            format,
            raster: parts.raster,
            density: parts.density,
            jpeg: parts.jpeg,
        }),
        Err(fault) => Err(ScanError {
            path: path.to_owned(),
            fault,
        }),
    }
}

/// What the decoder of one format delivers.
struct Parts {
    raster: Raster,
    density: Option<Density>,
    jpeg: Option<JpegInfo>,
}

fn decode_as(format: Format, bytes: &[u8], limits: &Limits) -> Result<Parts, ScanFault> {
    match format {
        Format::Jpeg => {
            let jpeg = jpeg::decode(bytes, limits)?;
            let exif = jpeg.exif.map(density::from_exif).unwrap_or_default();
            Ok(upright(
                DynamicImage::ImageRgb8(jpeg.image),
                exif.orientation,
                jpeg.jfif.or(exif.density),
                Some(jpeg.info),
            ))
        }
        Format::Tiff => {
            let tags = tiff::tags(bytes);
            let image = match tiff::decode_indexed(bytes, limits)? {
                Some(image) => image,
                None => decode_with_image(format, image::ImageFormat::Tiff, bytes, limits)?.0,
            };
            Ok(upright(image, tags.orientation, tags.density, None))
        }
        Format::Png => {
            density::check_png_chunks(bytes)?;
            let (image, exif) = decode_with_image(format, image::ImageFormat::Png, bytes, limits)?;
            let density = density::from_png(bytes).or(exif.density);
            Ok(upright(image, exif.orientation, density, None))
        }
        Format::Bmp => {
            let (image, _) = decode_with_image(format, image::ImageFormat::Bmp, bytes, limits)?;
            let density = density::from_bmp(bytes);
            Ok(upright(image, Orientation::NoTransforms, density, None))
        }
        Format::WebP => {
            let (image, exif) = decode_with_image(format, image::ImageFormat::WebP, bytes, limits)?;
            Ok(upright(image, exif.orientation, exif.density, None))
        }
    }
}

/// Decodes everything that is not a JPEG; the sizes in the header are checked first.
fn decode_with_image(
    format: Format,
    codec: image::ImageFormat,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(DynamicImage, density::ExifFacts), ScanFault> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), codec);
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(limits.bytes);
    reader.limits(decoder_limits);
    let fault = |error: ImageError| from_image_error(format, &error, limits);
    let mut decoder = reader.into_decoder().map_err(fault)?;
    let (width, height) = decoder.dimensions();
    let colour = decoder.color_type();
    let deep = colour.bytes_per_pixel() > colour.channel_count();
    let rgb_bytes = u64::from(width) * u64::from(height) * if deep { 6 } else { 3 };
    limits.check(width, height, decoder.total_bytes().max(rgb_bytes))?;
    let exif = decoder
        .exif_metadata()
        .ok()
        .flatten()
        .map(density::from_exif)
        .unwrap_or_default();
    let image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    Ok((image, exif))
}

fn from_image_error(format: Format, error: &ImageError, limits: &Limits) -> ScanFault {
    match error {
        ImageError::IoError(io) if io.kind() == io::ErrorKind::UnexpectedEof => {
            ScanFault::Truncated {
                format,
                percent: None,
            }
        }
        ImageError::Unsupported(what) => ScanFault::Unsupported {
            format,
            what: what.to_string(),
        },
        ImageError::Limits(_) => ScanFault::TooManyBytes {
            bytes: limits.bytes.saturating_add(1),
            limit: limits.bytes,
        },
        other => ScanFault::Damaged {
            format,
            percent: None,
            reason: other.to_string(),
        },
    }
}

/// Turns the image as its orientation tag says and makes it RGB.
fn upright(
    mut image: DynamicImage,
    orientation: Orientation,
    density: Option<Density>,
    jpeg: Option<JpegInfo>,
) -> Parts {
    image.apply_orientation(orientation);
    let on_its_side = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let density = if on_its_side {
        density.map(Density::transposed)
    } else {
        density
    };
    Parts {
        raster: to_raster(image),
        density,
        jpeg,
    }
}

/// RGB without alpha; only images of more than 8 bits become 16-bit rasters.
fn to_raster(image: DynamicImage) -> Raster {
    match image {
        DynamicImage::ImageRgb8(rgb) => Raster::Eight(rgb),
        DynamicImage::ImageRgba8(rgba) => Raster::Eight(over_white(&rgba)),
        DynamicImage::ImageLumaA8(_) => Raster::Eight(over_white(&image.into_rgba8())),
        DynamicImage::ImageLuma8(_) => Raster::Eight(image.into_rgb8()),
        DynamicImage::ImageRgb16(rgb) => Raster::Sixteen(rgb),
        DynamicImage::ImageLuma16(_) => Raster::Sixteen(image.into_rgb16()),
        // 16-bit and float images with alpha, and float images.
        other if other.color().has_alpha() => Raster::Sixteen(over_white(&other.into_rgba16())),
        other => Raster::Sixteen(other.into_rgb16()),
    }
}

/// Lays an image over white paper, as a viewer would show it on a page.
fn over_white<S: Primitive>(
    image: &ImageBuffer<image::Rgba<S>, Vec<S>>,
) -> ImageBuffer<Rgb<S>, Vec<S>>
where
    image::Rgba<S>: Pixel<Subpixel = S>,
    Rgb<S>: Pixel<Subpixel = S>,
    f64: From<S>,
{
    let white = S::DEFAULT_MAX_VALUE;
    let mut out = ImageBuffer::new(image.width(), image.height());
    for (to, from) in out.pixels_mut().zip(image.pixels()) {
        let [r, g, b, alpha] = from.0;
        *to = if alpha == white {
            Rgb([r, g, b])
        } else {
            let opacity = f64::from(alpha) / f64::from(white);
            Rgb([r, g, b].map(|sample| {
                let mixed = f64::from(sample) * opacity + f64::from(white) * (1.0 - opacity);
                S::from(mixed.round()).unwrap_or(white)
            }))
        };
    }
    out
}

/// What bytes that are no image look like.
fn not_an_image(bytes: &[u8]) -> ScanFault {
    if bytes.is_empty() {
        return ScanFault::Empty;
    }
    let head = bytes.get(..512).unwrap_or(bytes);
    let looks_like = if head.starts_with(b"%PDF") {
        "it is a PDF document"
    } else if head.starts_with(b"GIF8") {
        "it is a GIF"
    } else if matches!(
        head.get(4..12),
        Some(b"ftypheic" | b"ftypheix" | b"ftypmif1")
    ) {
        "it is a HEIC photo"
    } else if head.get(4..12) == Some(b"ftypavif") {
        "it is an AVIF"
    } else if head.get(4..8) == Some(b"jP  ") || head.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        "it is a JPEG 2000"
    } else if head
        .iter()
        .all(|&b| b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r'))
    {
        "it looks like text"
    } else {
        "its first bytes are those of no known image format"
    };
    ScanFault::NotAnImage { looks_like }
}

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a decoder whose panic would be caught and reported as [`ScanFault::DecoderFailed`].
///
/// The library never touches the process-wide panic hook. A program that does not want the hook's message on standard
/// error for such a file installs a hook that stays quiet while this is true.
pub fn panic_is_contained() -> bool {
    DECODING.get()
}

/// Runs a decoder; its panic becomes an error.
fn contained<T>(
    format: Format,
    decoder: impl FnOnce() -> Result<T, ScanFault>,
) -> Result<T, ScanFault> {
    let before = DECODING.replace(true);
    // Nothing of the decoder's state outlives a panic: it only borrows the bytes of the file.
    let outcome = catch_unwind(AssertUnwindSafe(decoder));
    DECODING.set(before);
    outcome.unwrap_or_else(|panic| {
        Err(ScanFault::DecoderFailed {
            format,
            reason: panic_message(panic.as_ref()),
        })
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    if let Some(message) = panic.downcast_ref::<&str>() {
        (*message).to_owned()
    } else if let Some(message) = panic.downcast_ref::<String>() {
        message.clone()
    } else {
        "no message".to_owned()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path as it may be shown: bytes that are not UTF-8 become U+FFFD, and control characters, which could
/// command a terminal or reorder a line, are escaped.
pub fn display_path(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Besides the controls proper: line separators and the marks that change the direction of text.
        let hidden = matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || hidden {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_panicking_decoder_is_an_error() {
        assert!(!panic_is_contained());
        let outcome: Result<(), _> = contained(Format::Tiff, || {
            assert!(panic_is_contained());
            panic!("index {} out of range", 7)
        });
        assert!(!panic_is_contained());
        let Err(ScanFault::DecoderFailed { format, reason }) = outcome else {
            panic!("the panic was not caught")
        };
        assert_eq!(
            (format, reason.as_str()),
            (Format::Tiff, "index 7 out of range")
        );
    }

    #[test]
    fn what_could_command_a_terminal_is_escaped() {
        assert_eq!(display_path(Path::new("a/ü 1.jpg")), "a/ü 1.jpg");
        assert_eq!(
            display_path(Path::new("a\u{1b}[31m\r\n")),
            "a\\u{1b}[31m\\r\\n"
        );
        assert_eq!(display_path(Path::new("a\u{202e}gpj")), "a\\u{202e}gpj");
    }

    #[test]
    fn the_digest_is_sha256() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hex(&Sha256::digest(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
