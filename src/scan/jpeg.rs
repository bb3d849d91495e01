//! JPEG by `zune-jpeg`, in a form that leaves it nothing to be lenient about.
//!
//! The file is taken apart into its segments first and handed on as frame, tables and scans only. That settles here, by
//! the rules of libjpeg, what depends on metadata (colour model, density, orientation), keeps odd APPn and COM segments
//! and bytes after the end away from the decoder, and makes a picture that lacks data detectable: after each scan's
//! data come bits that no Huffman code consists of, so that decoding on past the end is an error instead of grey.

use image::RgbImage;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::density::{Density, from_jfif};
use super::{Format, Limits, ScanFault};

/// How a JPEG was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JpegInfo {
    /// The quality setting, 1..=100, of the Independent JPEG Group's encoder whose luminance quantisation table (ITU-T
    /// T.81, K.1, scaled) is nearest to the file's. `None` where the file has no table.
    pub quality: Option<u8>,
    /// How many pixels share one chroma sample, across and down: (1, 1) is 4:4:4, (2, 1) 4:2:2, (2, 2) 4:2:0.
    /// `None` for grey and for images not stored as luma and chroma.
    pub chroma_step: Option<(u8, u8)>,
    /// Stored in scans of increasing detail.
    pub progressive: bool,
}

/// A decoded JPEG, not yet turned upright.
pub(super) struct Decoded {
    pub(super) image: RgbImage,
    pub(super) info: JpegInfo,
    pub(super) jfif: Option<Density>,
    pub(super) exif: Option<Vec<u8>>,
}

/// How the samples mean colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Grey,
    Rgb,
    YCbCr,
    /// Four inks; `inverted` is Adobe's convention that 255 is no ink.
    Cmyk {
        inverted: bool,
    },
    /// As Adobe writes it: YCbCr of the inverted inks, and black.
    Ycck,
}

/// A component of the frame.
struct Component {
    id: u8,
    across: u8,
    down: u8,
    /// Number of its quantisation table.
    table: u8,
    /// For each coefficient, in zigzag order, the lowest bit sent so far; 255 is nothing.
    low_bit: [u8; 64],
}

/// The frame header.
struct Frame {
    progressive: bool,
    width: u32,
    height: u32,
    components: Vec<Component>,
    /// Where the first component's specification stands in the rewritten file.
    specs_at: usize,
}

/// What walking over the segments gathers.
struct Segments {
    /// The file as the decoder gets it.
    rewritten: Vec<u8>,
    frame: Option<Frame>,
    /// The quantisation tables, zigzag order.
    tables: [Option<[u16; 64]>; 4],
    jfif_seen: bool,
    jfif: Option<Density>,
    exif: Option<Vec<u8>>,
    /// The colour transform of Adobe's APP14 segment.
    adobe: Option<u8>,
    colour: Option<Colour>,
    /// Scans so far.
    scans: usize,
    /// Whether the end marker was reached.
    complete: bool,
}

const SOI: [u8; 2] = [0xFF, 0xD8];
const EOI: [u8; 2] = [0xFF, 0xD9];
/// An APP14 segment that tells the decoder the colour transform; its last byte is filled in at the first scan.
const ADOBE: &[u8; 16] = b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00\x01";
const TRANSFORM_AT: usize = SOI.len() + ADOBE.len() - 1;
/// One bits, as many as a decoder may fetch ahead and more: a Huffman code never consists of ones only (ITU-T T.81, C.2).
const ONES: [u8; 32] = {
    let mut stuffed = [0xFF; 32];
    let mut i = 1;
    while i < stuffed.len() {
        stuffed[i] = 0;
        i += 2;
    }
    stuffed
};

fn damaged(reason: impl Into<String>) -> ScanFault {
    ScanFault::Damaged {
        format: Format::Jpeg,
        percent: None,
        reason: reason.into(),
    }
}

fn unsupported(what: impl Into<String>) -> ScanFault {
    ScanFault::Unsupported {
        format: Format::Jpeg,
        what: what.into(),
    }
}

/// Decodes a JPEG. Its orientation tag, if any, is in the EXIF block and not yet applied.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, ScanFault> {
    let segments = Segments::walk(bytes, limits)?;
    let complete = segments.complete;
    let truncated = |percent| ScanFault::Truncated {
        format: Format::Jpeg,
        percent,
    };
    let (Some(frame), Some(colour)) = (segments.frame, segments.colour) else {
        return Err(if complete {
            damaged("it has no picture")
        } else {
            truncated(Some(0))
        });
    };

    let out = match colour {
        Colour::Cmyk { .. } => ColorSpace::CMYK,
        _ => ColorSpace::RGB,
    };
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(out);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&segments.rewritten), options);
    let row = frame.width as usize * out.num_components();
    let mut pixels = vec![0; row * frame.height as usize];
    let outcome = decoder.decode_into(&mut pixels);
    if !complete {
        let percent = (!frame.progressive).then(|| decoded_percent(&pixels, row));
        return Err(truncated(percent));
    }
    outcome.map_err(|error| ScanFault::Damaged {
        format: Format::Jpeg,
        percent: (!frame.progressive).then(|| decoded_percent(&pixels, row)),
        // Static messages come in quotes.
        reason: error.to_string().trim_matches('"').to_owned(),
    })?;
    if !frame.is_refined() {
        return Err(damaged("scans with the finer details are missing"));
    }

    if let Colour::Cmyk { inverted } = colour {
        pixels = inks_to_rgb(&pixels, inverted);
    }
    let image = RgbImage::from_raw(frame.width, frame.height, pixels)
        .ok_or_else(|| damaged("its size is contradictory"))?;
    let quality = frame
        .components
        .first()
        .and_then(|luma| segments.tables.get(usize::from(luma.table)))
        .and_then(Option::as_ref)
        .map(nearest_quality);
    Ok(Decoded {
        image,
        info: JpegInfo {
            quality,
            chroma_step: frame.chroma_step(colour),
            progressive: frame.progressive,
        },
        jfif: segments.jfif,
        exif: segments.exif,
    })
}

impl Frame {
    /// Parses the content of an SOF segment.
    fn parse(content: &[u8], progressive: bool, specs_at: usize) -> Result<Self, ScanFault> {
        let Some((&[precision, h0, h1, w0, w1, count], specs)) = content.split_first_chunk::<6>()
        else {
            return Err(damaged("its frame header is too short"));
        };
        if precision != 8 {
            return Err(unsupported(format!("it has {precision} bits a sample")));
        }
        let (specs, rest) = specs.as_chunks::<3>();
        if specs.len() != usize::from(count) || !rest.is_empty() {
            return Err(damaged("its frame header has the wrong length"));
        }
        let mut components: Vec<Component> = Vec::with_capacity(specs.len());
        for &[id, factors, table] in specs {
            let (across, down) = (factors >> 4, factors & 15);
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
                return Err(damaged("its sampling factors are not between 1 and 4"));
            }
            if components.iter().any(|other| other.id == id) {
                return Err(damaged("two components have the same number"));
            }
            components.push(Component {
                id,
                across,
                down,
                table,
                low_bit: [u8::MAX; 64],
            });
        }
        if let Some((first, others)) = components.split_first() {
            // zune-jpeg 0.5 refuses the former and decodes the latter to garbage without an error.
            if components.iter().any(|c| c.across == 3 || c.down == 3) {
                return Err(unsupported("a sampling factor is 3"));
            }
            if others
                .iter()
                .any(|c| c.across > first.across || c.down > first.down)
            {
                return Err(unsupported("its colours are finer than its brightness"));
            }
        }
        let width = u32::from(u16::from_be_bytes([w0, w1]));
        let height = u32::from(u16::from_be_bytes([h0, h1]));
        if width == 0 {
            return Err(damaged("its width is 0"));
        }
        if height == 0 {
            return Err(unsupported("its height is stated only after the picture"));
        }
        Ok(Self {
            progressive,
            width,
            height,
            components,
            specs_at,
        })
    }

    /// Memory for decoding: the pixels, and for a progressive file all coefficients, 16 bits each.
    fn bytes_needed(&self) -> u64 {
        let (most_across, most_down) = self.largest_factors();
        let pixels = u64::from(self.width) * u64::from(self.height);
        let per_pixel = if self.components.len() == 4 { 4 + 3 } else { 3 };
        let samples: u64 = self
            .components
            .iter()
            .map(|c| pixels * u64::from(c.across) * u64::from(c.down))
            .sum::<u64>()
            / (u64::from(most_across) * u64::from(most_down)).max(1);
        pixels * per_pixel + if self.progressive { samples * 2 } else { 0 }
    }

    fn largest_factors(&self) -> (u8, u8) {
        self.components.iter().fold((1, 1), |(across, down), c| {
            (across.max(c.across), down.max(c.down))
        })
    }

    fn chroma_step(&self, colour: Colour) -> Option<(u8, u8)> {
        if !matches!(colour, Colour::YCbCr | Colour::Ycck) {
            return None;
        }
        let (most_across, most_down) = self.largest_factors();
        let chroma = self.components.get(1)?;
        Some((most_across / chroma.across, most_down / chroma.down))
    }

    /// Whether a progressive file sent all bits of every coefficient that it sent at all, and all of luma's.
    fn is_refined(&self) -> bool {
        !self.progressive
            || self.components.iter().enumerate().all(|(number, c)| {
                c.low_bit
                    .iter()
                    .enumerate()
                    .all(|(k, &bit)| bit == 0 || (bit == u8::MAX && number > 0 && k > 0))
            })
    }
}

impl Segments {
    fn walk(bytes: &[u8], limits: &Limits) -> Result<Self, ScanFault> {
        let mut rewritten = Vec::with_capacity(bytes.len() + 1024);
        rewritten.extend_from_slice(&SOI);
        rewritten.extend_from_slice(ADOBE);
        let mut walk = Self {
            rewritten,
            frame: None,
            tables: [None; 4],
            jfif_seen: false,
            jfif: None,
            exif: None,
            adobe: None,
            colour: None,
            scans: 0,
            complete: false,
        };
        let mut rest = bytes.get(SOI.len()..).unwrap_or_default();
        while let Some((marker, after)) = next_marker(rest) {
            rest = after;
            match marker {
                0xD9 => {
                    walk.complete = true;
                    break;
                }
                // Markers without content that have no meaning here.
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let Some((length, after)) = rest.split_first_chunk::<2>() else {
                break;
            };
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((content, after)) = length
                .checked_sub(2)
                .map(|length| after.split_at_checked(length))
                .ok_or_else(|| damaged("a segment is shorter than its own length field"))?
            else {
                break;
            };
            rest = after;
            walk.segment(marker, content, limits)?;
            if marker == 0xDA {
                let length = scan_length(rest);
                let (data, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                walk.rewritten.extend_from_slice(data);
                walk.scans += 1;
                // In a progressive file the decoder expects a marker right behind the first scan.
                let progressive = walk.frame.as_ref().is_some_and(|frame| frame.progressive);
                if !progressive || walk.scans > 1 {
                    walk.rewritten.extend_from_slice(&ONES);
                }
                rest = after;
            }
        }
        walk.rewritten.extend_from_slice(&EOI);
        Ok(walk)
    }

    fn segment(&mut self, marker: u8, content: &[u8], limits: &Limits) -> Result<(), ScanFault> {
        match marker {
            0xE0 => {
                self.jfif_seen |= content.starts_with(b"JFIF\0");
                self.jfif = self.jfif.or_else(|| from_jfif(content));
            }
            0xE1 => {
                if let (None, Some(block)) = (&self.exif, content.strip_prefix(b"Exif\0\0")) {
                    self.exif = Some(block.to_vec());
                }
            }
            0xEE => {
                if let Some(&transform) = content.strip_prefix(b"Adobe").and_then(|c| c.get(6)) {
                    self.adobe = Some(transform);
                }
            }
            0xDB => {
                self.quantisation(content);
                self.copy(marker, content);
            }
            0xC4 | 0xDD => self.copy(marker, content),
            0xC0..=0xC2 => {
                if self.frame.is_some() {
                    return Err(damaged("it has two frames"));
                }
                let specs_at = self.rewritten.len() + 4 + 6;
                let frame = Frame::parse(content, marker == 0xC2, specs_at)?;
                limits.check(frame.width, frame.height, frame.bytes_needed())?;
                self.frame = Some(frame);
                self.copy(marker, content);
            }
            0xC3 => return Err(unsupported("it is compressed without loss")),
            0xC9..=0xCC => return Err(unsupported("it uses arithmetic coding")),
            0xC5..=0xC7 | 0xCD..=0xCF | 0xDE => return Err(unsupported("it is hierarchical")),
            0xDC => return Err(unsupported("its height is stated only after the picture")),
            0xDA => self.scan(content)?,
            _ => {}
        }
        Ok(())
    }

    fn copy(&mut self, marker: u8, content: &[u8]) {
        // The content came out of a segment, so its length fits.
        let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
        self.rewritten.extend_from_slice(&[0xFF, marker]);
        self.rewritten.extend_from_slice(&length.to_be_bytes());
        self.rewritten.extend_from_slice(content);
    }

    /// Notes the tables of a DQT segment; whether they are valid is the decoder's business.
    fn quantisation(&mut self, mut content: &[u8]) {
        while let Some((&kind, after)) = content.split_first() {
            let wide = kind >> 4 != 0;
            let Some((values, after)) = after.split_at_checked(if wide { 128 } else { 64 }) else {
                return;
            };
            content = after;
            let mut table = [0; 64];
            for (k, value) in table.iter_mut().enumerate() {
                *value = if wide {
                    let high = values.get(2 * k).copied().unwrap_or_default();
                    let low = values.get(2 * k + 1).copied().unwrap_or_default();
                    u16::from_be_bytes([high, low])
                } else {
                    values.get(k).copied().map(u16::from).unwrap_or_default()
                };
            }
            if let Some(slot) = self.tables.get_mut(usize::from(kind & 15)) {
                *slot = Some(table);
            }
        }
    }

    /// Copies the header of a scan; the first one settles the colour model.
    fn scan(&mut self, content: &[u8]) -> Result<(), ScanFault> {
        let Some(frame) = &mut self.frame else {
            return Err(damaged("a scan comes before the frame header"));
        };
        let colour = match self.colour {
            Some(colour) => colour,
            None => {
                let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
                let colour = colour_model(&ids, self.jfif_seen, self.adobe)?;
                self.colour = Some(colour);
                if let Some(transform) = self.rewritten.get_mut(TRANSFORM_AT) {
                    *transform = match colour {
                        Colour::Cmyk { .. } => 0,
                        Colour::Ycck => 2,
                        _ => 1,
                    };
                }
                // The decoder takes these names, and only these, as RGB.
                for number in 0..frame.components.len() {
                    if let Some(id) = self.rewritten.get_mut(frame.specs_at + 3 * number) {
                        *id = decoder_id(colour, number);
                    }
                }
                colour
            }
        };
        let wrong = || damaged("a scan header has the wrong length");
        let (&count, fields) = content.split_first().ok_or_else(wrong)?;
        let (chosen, range) = fields
            .split_at_checked(2 * usize::from(count))
            .ok_or_else(wrong)?;
        let &[first, last, bits] = <&[u8; 3]>::try_from(range).map_err(|_| wrong())?;
        if !frame.progressive && usize::from(count) != frame.components.len() {
            // zune-jpeg 0.5 decodes some of these to garbage without an error (zune-image issues 419 and 422).
            return Err(unsupported(
                "it stores its colours one after the other (non-interleaved baseline)",
            ));
        }
        let mut header = vec![count];
        for &[id, tables] in chosen.as_chunks::<2>().0 {
            let (number, component) = frame
                .components
                .iter_mut()
                .enumerate()
                .find(|(_, component)| component.id == id)
                .ok_or_else(|| damaged("a scan names a component that does not exist"))?;
            header.extend_from_slice(&[decoder_id(colour, number), tables]);
            if let Some(sent) = component
                .low_bit
                .get_mut(usize::from(first)..=usize::from(last))
            {
                sent.fill(bits & 15);
            }
        }
        header.extend_from_slice(range);
        self.copy(0xDA, &header);
        Ok(())
    }
}

/// The name a component gets in the rewritten file.
fn decoder_id(colour: Colour, number: usize) -> u8 {
    match (colour, number) {
        (Colour::Rgb, 0) => b'R',
        (Colour::Rgb, 1) => b'G',
        (Colour::Rgb, 2) => b'B',
        _ => u8::try_from(number + 1).unwrap_or(u8::MAX),
    }
}

/// The colour model by the rules of libjpeg (`default_decompress_parms`); four components without Adobe's marker are
/// plain inks, with it they are inverted.
fn colour_model(ids: &[u8], jfif: bool, adobe: Option<u8>) -> Result<Colour, ScanFault> {
    match ids.len() {
        1 => Ok(Colour::Grey),
        3 if jfif => Ok(Colour::YCbCr),
        3 => Ok(match adobe {
            Some(0) => Colour::Rgb,
            Some(_) => Colour::YCbCr,
            None if ids == b"RGB" => Colour::Rgb,
            None => Colour::YCbCr,
        }),
        4 => Ok(match adobe {
            Some(2) => Colour::Ycck,
            Some(_) => Colour::Cmyk { inverted: true },
            None => Colour::Cmyk { inverted: false },
        }),
        n => Err(unsupported(format!("it has {n} colour components"))),
    }
}

/// The next marker and what follows it. Bytes that belong to no segment are skipped, as every other reader does.
fn next_marker(mut bytes: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = position_of_ff(bytes)?;
        bytes = bytes.get(at + 1..)?;
        match bytes.split_first()? {
            // Padding: the next byte begins a marker again. A stuffed zero is data.
            (0xFF | 0, _) => {}
            (&marker, after) => return Some((marker, after)),
        }
    }
}

/// Length of the entropy-coded data at the beginning of `bytes`: up to a marker that is no restart marker.
fn scan_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(offset) = bytes.get(at..).and_then(position_of_ff) {
        at += offset;
        match bytes.get(at + 1) {
            Some(0 | 0xD0..=0xD7) => at += 2,
            Some(0xFF) => at += 1,
            Some(_) => return at,
            None => break,
        }
    }
    bytes.len()
}

/// The first byte 0xFF, which is rare in entropy-coded data: blocks without one are passed over in a form that
/// compilers vectorise.
fn position_of_ff(bytes: &[u8]) -> Option<usize> {
    let blocks = bytes.as_chunks::<32>().0;
    let has_ff = |block: &[u8; 32]| block.iter().fold(0, |most: u8, &byte| most.max(byte)) == 0xFF;
    let passed = blocks.iter().take_while(|block| !has_ff(block)).count() * 32;
    let rest = bytes.get(passed..)?;
    Some(passed + rest.iter().position(|&byte| byte == 0xFF)?)
}

/// How much of a picture was decoded: rows at the end that are as they were made (0), or as the decoder fills them
/// (128), were not.
fn decoded_percent(pixels: &[u8], row: usize) -> u8 {
    let rows = pixels.len() / row.max(1);
    let empty = pixels
        .rchunks_exact(row.max(1))
        .take_while(|row| row.iter().all(|&s| s == 0) || row.iter().all(|&s| s == 128))
        .count();
    // At most 100.
    u8::try_from((rows - empty) * 100 / rows.max(1)).unwrap_or(100)
}

/// Inks to RGB, without a profile: each ink takes away its complement, black takes away all.
fn inks_to_rgb(inks: &[u8], inverted: bool) -> Vec<u8> {
    let flip = if inverted { 0 } else { 255 };
    let mut rgb = Vec::with_capacity(inks.len() / 4 * 3);
    for &[c, m, y, k] in inks.as_chunks::<4>().0 {
        let black = u32::from(k ^ flip);
        rgb.extend([c, m, y].map(|ink| {
            let light = u32::from(ink ^ flip) * black;
            // Rounded; at most 255.
            u8::try_from((light + 127) / 255).unwrap_or(u8::MAX)
        }));
    }
    rgb
}

/// The luminance table of ITU-T T.81, table K.1, in zigzag order.
const K1_ZIGZAG: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81,
    87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

/// The setting whose scaled table K.1 is nearest to `table`, by the sum of absolute differences.
fn nearest_quality(table: &[u16; 64]) -> u8 {
    let distance = |quality: u8| -> u32 {
        let quality = u32::from(quality);
        let scale = if quality < 50 {
            5000 / quality
        } else {
            200 - 2 * quality
        };
        K1_ZIGZAG
            .iter()
            .zip(table)
            .map(|(&standard, &found)| {
                let scaled = ((u32::from(standard) * scale + 50) / 100).clamp(1, 255);
                scaled.abs_diff(u32::from(found))
            })
            .sum()
    };
    (1..=100)
        .min_by_key(|&quality| distance(quality))
        .unwrap_or(100)
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn colour_models_by_the_rules_of_libjpeg() {
        let model = |ids: &[u8], jfif, adobe| colour_model(ids, jfif, adobe).ok();
        assert_eq!(model(&[1], true, None), Some(Colour::Grey));
        assert_eq!(model(&[1, 2, 3], false, None), Some(Colour::YCbCr));
        assert_eq!(model(b"RGB", false, None), Some(Colour::Rgb));
        assert_eq!(model(b"RGB", true, None), Some(Colour::YCbCr));
        assert_eq!(model(&[1, 2, 3], false, Some(0)), Some(Colour::Rgb));
        assert_eq!(model(&[1, 2, 3], true, Some(0)), Some(Colour::YCbCr));
        assert_eq!(model(b"RGB", false, Some(1)), Some(Colour::YCbCr));
        assert_eq!(model(&[1, 2, 3, 4], false, Some(2)), Some(Colour::Ycck));
        let cmyk = |inverted| Some(Colour::Cmyk { inverted });
        assert_eq!(model(&[1, 2, 3, 4], false, Some(0)), cmyk(true));
        assert_eq!(model(&[1, 2, 3, 4], false, None), cmyk(false));
        assert_eq!(model(&[1, 2], false, None), None);
    }

    #[test]
    fn inks_become_light() {
        assert_eq!(
            inks_to_rgb(&[0, 0, 0, 0, 255, 0, 0, 0], false),
            [255, 255, 255, 0, 255, 255]
        );
        assert_eq!(inks_to_rgb(&[0, 0, 0, 255], false), [0, 0, 0]);
        assert_eq!(
            inks_to_rgb(&[200, 100, 50, 255, 200, 100, 50, 51], true),
            [200, 100, 50, 40, 20, 10]
        );
    }

    #[test]
    fn the_end_of_a_scan_is_a_marker_that_is_no_restart() {
        for before in [0, 1, 31, 32, 33, 100] {
            let data = vec![7; before];
            let scan = |tail: &[u8]| scan_length(&[&data, tail].concat()) - before;
            assert_eq!(scan(b"\xFF\x00\xFF\xD3\x01\xFF\xD9"), 5);
            assert_eq!(scan(b"\xFF\xFF\xD9"), 1);
            assert_eq!(scan(b"\x01\x02"), 2);
            assert_eq!(scan(b"\x01\xFF"), 2);
        }
        assert_eq!(position_of_ff(&[0xFE; 70]), None);
        let mut bytes = [0xFE; 70];
        for at in [69, 64, 40, 32, 31, 0] {
            bytes[at] = 0xFF;
            assert_eq!(position_of_ff(&bytes), Some(at));
        }
    }

    #[test]
    fn a_progressive_file_must_send_all_bits_that_it_begins() {
        let frame = |low_bits: [[u8; 64]; 2]| Frame {
            progressive: true,
            width: 8,
            height: 8,
            components: low_bits
                .map(|low_bit| Component {
                    id: 1,
                    across: 1,
                    down: 1,
                    table: 0,
                    low_bit,
                })
                .into(),
            specs_at: 0,
        };
        let mut only_level = [u8::MAX; 64];
        only_level[0] = 0;
        let mut rough = [0; 64];
        rough[5] = 1;
        assert!(frame([[0; 64]; 2]).is_refined());
        assert!(frame([[0; 64], only_level]).is_refined());
        assert!(!frame([only_level, [0; 64]]).is_refined());
        assert!(!frame([[0; 64], rough]).is_refined());
        assert!(!frame([[0; 64], [u8::MAX; 64]]).is_refined());
    }

    #[test]
    fn variants_that_cannot_be_decoded_are_named() {
        let frame = |marker: u8, precision: u8, height: u8| {
            let mut bytes = b"\xFF\xD8\xFF".to_vec();
            bytes.extend([marker, 0, 11, precision, 0, height, 0, 8, 1, 1, 0x11, 0]);
            bytes.extend(b"\xFF\xD9");
            bytes
        };
        for (bytes, part) in [
            (frame(0xC0, 12, 8), "12 bits a sample"),
            (frame(0xC3, 8, 8), "without loss"),
            (frame(0xC9, 8, 8), "arithmetic"),
            (frame(0xC5, 8, 8), "hierarchical"),
            (frame(0xC0, 8, 0), "height is stated only after"),
        ] {
            match decode(&bytes, &Limits::default()) {
                Err(fault @ ScanFault::Unsupported { .. }) => {
                    assert!(fault.to_string().contains(part), "{fault}");
                }
                Err(fault) => panic!("{fault}"),
                Ok(_) => panic!("decoded, though {part}"),
            }
        }
    }
}
