//! The pictures of a page: each image of a note at 72 dpi, and crops of what deviates.
//!
//! They are made while the scan is decoded anyway, and kept in a file until the page is written, so
//! that memory does not grow with the batch.

use std::io::{self, Read, Seek, SeekFrom, Write};

use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
use ndarray::Axis;

use crate::Exhibit;
use crate::note::RectMm;
use crate::pixels::{Lattice, Planes, Raster};
use crate::rectify::homography::Homography;
use crate::rectify::resample;
use crate::report::Examination;
use crate::verdict::Outcome;

/// Finest plane of a whole side, px/mm: 72 dpi, from which no note can be printed.
const PX_PER_MM: f64 = 72.0 / 25.4;
/// Paper shown around a side, mm.
const MARGIN_MM: f64 = 2.0;
/// Long side of a picture in which no note was recognised, px: that of a note of 156 mm at 72 dpi.
const LONG_SIDE: usize = 442;
/// Bytes of JPEG that all pictures of a page may have. As base64 a third more: 1,000 notes stay below
/// 60 MB with their findings, 5,000 not far above it.
const PAGE_BYTES: usize = 30_000_000;
/// Most bytes for one note of a small batch.
const NOTE_BYTES: usize = 240_000;
/// Most bytes of one picture: beyond that JPEG gains nothing at this size.
const PICTURE_BYTES: usize = 24_000;
/// Share of a note's bytes that is for crops of what deviates.
const CROPS_SHARE: f64 = 0.4;
/// Most crops of one note.
const CROPS: usize = 8;
/// Long side of a crop, px.
const CROP_PX: f64 = 420.0;
/// Print shown around a zone, mm.
const CROP_MARGIN_MM: f64 = 1.5;
/// Zones that cover more of a side than this are seen in the picture of the side.
const CROP_MOST: f64 = 0.4;

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// One of the note's files.
    File(usize),
    /// The zone of one of its findings.
    Finding(usize),
}

/// A picture for the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What it shows.
    pub shows: Shows,
    /// The part of the side it shows, mm; none where no note was recognised.
    pub view_mm: Option<RectMm>,
    /// Width and height, px.
    pub size: [u32; 2],
    /// The picture.
    pub jpeg: Vec<u8>,
}

/// Bytes of pictures that each of so many notes may have.
pub fn budget(notes: usize) -> usize {
    (PAGE_BYTES / notes.max(1)).min(NOTE_BYTES)
}

/// Pictures of one note in at most `budget` bytes.
pub fn pictures(
    exhibits: &[Exhibit<'_>],
    examination: &Examination,
    budget: usize,
) -> Vec<Picture> {
    let crops_budget = (budget as f64 * CROPS_SHARE) as usize;
    let each = ((budget - crops_budget) / exhibits.len().max(1)).min(PICTURE_BYTES);
    let mut out: Vec<Picture> = exhibits
        .iter()
        .enumerate()
        .filter_map(|(file, exhibit)| side(file, exhibit, each))
        .collect();
    out.extend(crops(exhibits, examination, crops_budget));
    out
}

/// One image, straightened where a note was recognised in it.
fn side(file: usize, exhibit: &Exhibit<'_>, bytes: usize) -> Option<Picture> {
    let scan = exhibit.scan.as_ref()?;
    let (planes, view_mm) = match (&exhibit.identity, exhibit.record.px_per_mm) {
        (Some(identity), Some(px_per_mm)) => {
            let size = identity.design.size;
            let view = RectMm::from([0.0, 0.0, size.width, size.height]).grown(MARGIN_MM);
            let planes = straightened(&scan.raster, &identity.print, view, px_per_mm);
            (planes, Some(view))
        }
        _ => {
            let long = scan.raster.width().max(scan.raster.height());
            (scan.raster.reduced(long.div_ceil(LONG_SIDE)), None)
        }
    };
    encode(Shows::File(file), view_mm, picture(&planes), bytes)
}

/// Part of a side at 72 dpi or at the scan's own resolution: reduced by means of whole blocks, then
/// sampled.
fn straightened(raster: &Raster, print: &Homography, view: RectMm, px_per_mm: f64) -> Planes {
    let target = PX_PER_MM.min(px_per_mm);
    let factor = (px_per_mm / target).round().max(1.0);
    let reduced = raster.reduced(factor as usize);
    let channels = [0, 1, 2].map(|c| Lattice::new(reduced.index_axis(Axis(0), c)));
    let cells = |mm: f64| (mm * target).round().max(1.0) as usize;
    let (rows, columns) = (cells(view.height), cells(view.width));
    let step = 1.0 / target;
    let mut out = Planes::zeros((3, rows, columns));
    for row in 0..rows {
        let y = view.y + (row as f64 + 0.5) * step;
        let mut line = print.along_row(view.x + 0.5 * step, y, step);
        for column in 0..columns {
            let [x, y] = line.next_point().map(|v| v / factor);
            for (channel, plane) in channels.iter().enumerate() {
                out[[channel, row, column]] = plane.at(x, y);
            }
        }
    }
    out
}

/// The zones of what deviates, rarest first, at the scan's own resolution.
fn crops(exhibits: &[Exhibit<'_>], examination: &Examination, bytes: usize) -> Vec<Picture> {
    let mut odd: Vec<(usize, f64)> = examination
        .findings
        .iter()
        .enumerate()
        .filter(|(_, f)| f.outcome == Outcome::Deviates && f.zone_mm.is_some())
        .map(|(index, f)| (index, f.p_value.unwrap_or(0.0)))
        .collect();
    odd.sort_by(|a, b| a.1.total_cmp(&b.1));
    odd.truncate(CROPS);
    let each = (bytes / odd.len().max(1)).min(PICTURE_BYTES);
    odd.into_iter()
        .filter_map(|(index, _)| crop(exhibits, examination, index, each))
        .collect()
}

fn crop(
    exhibits: &[Exhibit<'_>],
    examination: &Examination,
    index: usize,
    bytes: usize,
) -> Option<Picture> {
    let finding = examination.findings.get(index)?;
    let exhibit = exhibits.get(finding.file)?;
    let identity = exhibit.identity.as_ref()?;
    let zone = finding.zone_mm?;
    let size = identity.design.size;
    if zone.width * zone.height > CROP_MOST * size.width * size.height {
        return None;
    }
    let view = zone.grown(CROP_MARGIN_MM);
    let px_per_mm = exhibit
        .record
        .px_per_mm?
        .min(CROP_PX / view.width.max(view.height));
    let raster = &exhibit.scan.as_ref()?.raster;
    let planes = resample::crop(raster, &identity.print, view, px_per_mm)?;
    encode(Shows::Finding(index), Some(view), picture(&planes), bytes)
}

fn picture(planes: &Planes) -> RgbImage {
    let (_, rows, columns) = planes.dim();
    RgbImage::from_fn(columns as u32, rows as u32, |x, y| {
        Rgb([0, 1, 2].map(|c| planes[[c, y as usize, x as usize]].round() as u8))
    })
}

/// The best of four qualities that fits into the bytes; halved where none does.
fn encode(
    shows: Shows,
    view_mm: Option<RectMm>,
    mut image: RgbImage,
    bytes: usize,
) -> Option<Picture> {
    loop {
        let (width, height) = image.dimensions();
        for quality in [82, 68, 52, 36] {
            let mut jpeg = Vec::new();
            Encoder::new(&mut jpeg, quality)
                .encode(
                    image.as_raw(),
                    u16::try_from(width).ok()?,
                    u16::try_from(height).ok()?,
                    ColorType::Rgb,
                )
                .ok()?;
            if jpeg.len() <= bytes {
                return Some(Picture {
                    shows,
                    view_mm,
                    size: [width, height],
                    jpeg,
                });
            }
        }
        if width < 32 || height < 32 {
            return None;
        }
        image = picture(&Raster::Eight(image).reduced(2));
    }
}

/// The pictures of a batch, in a file until the page is written.
#[derive(Debug)]
pub struct Album<S> {
    store: S,
    end: u64,
    notes: Vec<Vec<Kept>>,
}

/// A picture in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub shows: Shows,
    pub view_mm: Option<RectMm>,
    pub size: [u32; 2],
    at: u64,
    length: usize,
}

impl<S: Read + Write + Seek> Album<S> {
    /// An album that keeps its pictures in `store`, from its beginning.
    pub fn new(store: S) -> Self {
        Self {
            store,
            end: 0,
            notes: Vec::new(),
        }
    }

    /// Adds the pictures of the next note.
    ///
    /// # Errors
    /// What the store says.
    pub fn add(&mut self, pictures: &[Picture]) -> io::Result<()> {
        let mut kept = Vec::with_capacity(pictures.len());
        // A page may have been written in between.
        self.store.seek(SeekFrom::Start(self.end))?;
        for picture in pictures {
            self.store.write_all(&picture.jpeg)?;
            kept.push(Kept {
                shows: picture.shows,
                view_mm: picture.view_mm,
                size: picture.size,
                at: self.end,
                length: picture.jpeg.len(),
            });
            self.end += picture.jpeg.len() as u64;
        }
        self.notes.push(kept);
        Ok(())
    }

    /// The pictures of a note, by its place in the batch.
    pub(super) fn of(&self, note: usize) -> &[Kept] {
        self.notes.get(note).map_or(&[], Vec::as_slice)
    }

    /// A picture as a data URI.
    pub(super) fn uri(&mut self, kept: &Kept) -> io::Result<String> {
        let mut jpeg = vec![0; kept.length];
        self.store.seek(SeekFrom::Start(kept.at))?;
        self.store.read_exact(&mut jpeg)?;
        Ok(format!("data:image/jpeg;base64,{}", base64(&jpeg)))
    }
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .chain([&0, &0])
            .take(3)
            .fold(0usize, |word, &byte| word << 8 | usize::from(byte));
        for digit in 0..4 {
            let index = word >> (18 - 6 * digit) & 63;
            match DIGITS.get(index) {
                Some(&byte) if digit <= chunk.len() => out.push(char::from(byte)),
                _ => out.push('='),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Cursor;

    use super::*;

    #[test]
    fn base64_as_in_the_standard() {
        // The test vectors of RFC 4648, section 10.
        for (text, code) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), code);
        }
    }

    #[test]
    fn a_picture_fits_into_its_bytes() {
        let noise = RgbImage::from_fn(440, 190, |x, y| {
            Rgb([x * 7919 + y * 104_729, x * 31 + y * 977, x ^ y].map(|v| (v % 251) as u8))
        });
        for bytes in [30_000, 8000, 2000] {
            let picture = encode(Shows::File(0), None, noise.clone(), bytes).unwrap();
            assert!(picture.jpeg.len() <= bytes);
        }
        assert!(encode(Shows::File(0), None, noise, 10).is_none());
    }

    #[test]
    fn the_album_gives_back_what_it_was_given() {
        let mut album = Album::new(Cursor::new(Vec::new()));
        let picture = |text: &str| Picture {
            shows: Shows::File(0),
            view_mm: None,
            size: [1, 1],
            jpeg: text.as_bytes().to_vec(),
        };
        album.add(&[picture("foo")]).unwrap();
        album.add(&[]).unwrap();
        album.add(&[picture("f"), picture("foobar")]).unwrap();
        let last = album.of(2)[1];
        assert_eq!(album.uri(&last).unwrap(), "data:image/jpeg;base64,Zm9vYmFy");
        let first = album.of(0)[0];
        assert_eq!(album.uri(&first).unwrap(), "data:image/jpeg;base64,Zm9v");
        assert!(album.of(1).is_empty() && album.of(7).is_empty());
    }
}
