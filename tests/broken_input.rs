//! Broken files are errors that say what to do; none is a picture, none stops the others.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Instant;

use guilloche::scan::gather::{GatherError, Options, gather};
use guilloche::scan::{Limits, ScanError, ScanFault, decode, display_path, load};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files")
        .join(name);
    std::fs::read(path).unwrap()
}

fn refused(bytes: &[u8]) -> ScanError {
    match decode(bytes, Path::new("scans/a.jpg"), &Limits::default()) {
        Ok(scan) => panic!(
            "{} × {} px were decoded",
            scan.raster.width(),
            scan.raster.height()
        ),
        Err(error) => error,
    }
}

/// A picture with detail, so that its data are spread over the file.
fn textured(format: ImageFormat) -> Vec<u8> {
    let drawn = RgbImage::from_fn(200, 120, |x, y| {
        let at = |a: u32, b: u32| ((x * a + y * b) % 251) as u8;
        Rgb([at(7, 13), at(31, 3), at(5, 57)])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(drawn)
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

#[test]
fn an_empty_file() {
    let error = refused(b"");
    assert!(matches!(error.fault, ScanFault::Empty));
    assert_eq!(
        error.to_string(),
        "scans/a.jpg: the file is empty; scan the note again or copy the file again"
    );
}

#[test]
fn text_named_jpg() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("note.jpg");
    std::fs::write(&path, "This is no picture.\n").unwrap();
    let error = load(&path, &Limits::default()).unwrap_err();
    assert!(matches!(error.fault, ScanFault::NotAnImage { .. }));
    let message = error.to_string();
    assert!(
        message.contains("note.jpg") && message.contains("text"),
        "{message}"
    );
}

#[test]
fn other_kinds_of_file_are_named() {
    for (bytes, name) in [
        (b"%PDF-1.7\n%\xE2\xE3".as_slice(), "PDF"),
        (b"GIF89a\x01\0\x01\0", "GIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000"),
        (b"\x7FELF\x02\x01", "no known image"),
    ] {
        let message = refused(bytes).to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn a_jpeg_cut_anywhere() {
    let bytes = textured(ImageFormat::Jpeg);
    for (percent, most) in [(10, 12), (50, 55), (99, 100)] {
        let error = refused(&bytes[..bytes.len() * percent / 100]);
        let ScanFault::Truncated {
            percent: Some(found),
            ..
        } = error.fault
        else {
            panic!("{error}")
        };
        assert!(
            found <= most && usize::from(found) + 20 > percent,
            "{error}"
        );
    }
    let message = refused(&bytes[..bytes.len() / 2]).to_string();
    assert!(
        message.starts_with("scans/a.jpg: the JPEG ends early (at "),
        "{message}"
    );
    assert!(message.ends_with("copy or scan it again"), "{message}");
}

/// Cut at every byte, and with an end marker put behind the cut as some copying programs do.
#[test]
fn a_cut_jpeg_with_an_end_marker_is_no_grey_picture() {
    for name in [
        "jpeg-420.jpg",
        "jpeg-444-progressive.jpg",
        "jpeg-grey.jpg",
        "jpeg-restart.jpg",
        "jpeg-restart-progressive.jpg",
        "jpeg-cmyk-adobe.jpg",
        "dc-411.jpg",
    ] {
        let bytes = fixture(name);
        let whole = decode(&bytes, Path::new(name), &Limits::default()).unwrap();
        // The last two bytes are the end marker itself.
        for cut in 0..bytes.len() - 2 {
            refused(&bytes[..cut]);
            let ended = [&bytes[..cut], b"\xFF\xD9"].concat();
            if let Ok(scan) = decode(&ended, Path::new(name), &Limits::default()) {
                assert!(scan.raster == whole.raster, "{name} cut at {cut}");
            }
        }
    }
}

#[test]
fn the_other_formats_cut_anywhere() {
    for format in [
        ImageFormat::Png,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::WebP,
    ] {
        let bytes = textured(format);
        for percent in [1, 10, 50, 90, 99] {
            refused(&bytes[..bytes.len() * percent / 100]);
        }
    }
    for name in [
        "tiff-lzw.tif",
        "tiff-palette.tif",
        "tiff-jpeg.tif",
        "tiff-two-pages.tif",
    ] {
        let bytes = fixture(name);
        let whole = decode(&bytes, Path::new(name), &Limits::default()).unwrap();
        for cut in (0..bytes.len()).step_by(7) {
            if let Ok(scan) = decode(&bytes[..cut], Path::new(name), &Limits::default()) {
                assert!(scan.raster == whole.raster, "{name} cut at {cut}");
            }
        }
    }
}

#[test]
fn a_png_with_a_wrong_checksum() {
    let mut bytes = textured(ImageFormat::Png);
    let idat = bytes.windows(4).position(|four| four == b"IDAT").unwrap();
    let length = u32::from_be_bytes(bytes[idat - 4..idat].try_into().unwrap()) as usize;
    bytes[idat + 4 + length] ^= 1;
    let error = refused(&bytes);
    assert!(matches!(error.fault, ScanFault::Damaged { .. }), "{error}");

    let mut bytes = textured(ImageFormat::Png);
    bytes[idat + 4 + length / 2] ^= 0x10;
    assert!(matches!(refused(&bytes).fault, ScanFault::Damaged { .. }));
}

/// Headers of 60,000 × 60,000 pixels in every format.
#[test]
fn a_huge_header_is_refused_before_anything_is_allocated() {
    const SIDE: u32 = 60_000;
    let mut png = textured(ImageFormat::Png);
    png[16..20].copy_from_slice(&SIDE.to_be_bytes());
    png[20..24].copy_from_slice(&SIDE.to_be_bytes());
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());

    let mut bmp = textured(ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&SIDE.to_le_bytes());
    bmp[22..26].copy_from_slice(&SIDE.to_le_bytes());

    let mut jpeg = fixture("jpeg-420.jpg");
    let frame = jpeg.windows(2).position(|two| two == b"\xFF\xC0").unwrap();
    let side = u16::try_from(SIDE).unwrap().to_be_bytes();
    jpeg[frame + 5..frame + 7].copy_from_slice(&side);
    jpeg[frame + 7..frame + 9].copy_from_slice(&side);

    let tiffs = ["tiff-lzw.tif", "tiff-palette.tif"].map(|name| {
        let mut tiff = fixture(name);
        let directory = u32::from_le_bytes(tiff[4..8].try_into().unwrap()) as usize;
        for entry in tiff[directory + 2..].chunks_exact_mut(12).take(12) {
            if matches!(u16::from_le_bytes([entry[0], entry[1]]), 256 | 257 | 278) {
                // Width, height and rows of a strip: one LONG.
                entry[2..12].copy_from_slice(&[4, 0, 1, 0, 0, 0, 0x60, 0xEA, 0, 0]);
            }
        }
        tiff
    });
    let [tiff, indexed_tiff] = tiffs;
    for bytes in [png, bmp, jpeg, tiff, indexed_tiff] {
        let start = Instant::now();
        let error = refused(&bytes);
        assert!(
            matches!(
                error.fault,
                ScanFault::TooManyPixels {
                    width: SIDE,
                    height: SIDE,
                    ..
                }
            ),
            "{error}"
        );
        assert!(start.elapsed().as_millis() < 500, "{error}");
    }
}

/// As PNG defines it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}

#[test]
fn limits_can_be_set() {
    let bytes = textured(ImageFormat::Png);
    let path = Path::new("a.png");
    let few = Limits {
        pixels: 200 * 120 - 1,
        ..Limits::default()
    };
    assert!(decode(&bytes, path, &few).is_err());
    let enough = Limits {
        pixels: 200 * 120,
        bytes: 200 * 120 * 3,
    };
    assert!(decode(&bytes, path, &enough).is_ok());
    let little = Limits {
        bytes: 200 * 120 * 3 - 1,
        ..enough
    };
    let fault = decode(&bytes, path, &little).unwrap_err().fault;
    assert!(matches!(fault, ScanFault::TooManyBytes { .. }));
}

/// Whatever a byte is changed to, decoding ends with a picture of some size or an error.
#[test]
fn changed_bytes_never_panic() {
    for name in [
        "jpeg-420.jpg",
        "jpeg-420-progressive.jpg",
        "dc-cmyk-adobe-420.jpg",
        "tiff-palette-4bit.tif",
        "tiff-lzw.tif",
        "tiff-bilevel.tif",
        "png-turned.png",
        "bmp-300dpi.bmp",
        "webp-turned.webp",
    ] {
        let bytes = fixture(name);
        let limits = Limits {
            pixels: 1_000_000,
            bytes: 100_000_000,
        };
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 600) {
            for value in [0, 0xFF, bytes[at] ^ 0x10] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let outcome = decode(&changed, Path::new(name), &limits);
                if let Err(error) = outcome {
                    assert!(error.to_string().starts_with(name));
                }
            }
        }
    }
}

#[test]
fn a_folder_without_images() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("labels.tsv"), "file\n").unwrap();
    std::fs::write(folder.path().join(".hidden.jpg"), "").unwrap();
    let error = gather(&[folder.path().to_owned()], &Options::default()).unwrap_err();
    let message = error.to_string();
    let GatherError::NoImages { skipped, .. } = error else {
        panic!("{message}")
    };
    assert_eq!((skipped.not_images, skipped.hidden), (1, 1));
    assert!(
        message.contains("no image found (skipped: 1 other files, 1 hidden)"),
        "{message}"
    );
}

#[test]
fn a_missing_file_and_a_folder_as_file() {
    let error = load(Path::new("no/such/file.jpg"), &Limits::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no/such/file.jpg: cannot be read"),
        "{error}"
    );
    let error = load(&std::env::temp_dir(), &Limits::default()).unwrap_err();
    assert!(matches!(error.fault, ScanFault::NotAFile));
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let gathered = gather(&[folder.to_owned()], &Options::default()).unwrap();
        gathered
            .captures
            .into_iter()
            .flat_map(|capture| capture.files)
            .map(|source| source.path)
            .collect()
    }

    #[test]
    fn an_unreadable_file_does_not_stop_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, textured(ImageFormat::Png)).unwrap();
        std::fs::write(folder.path().join("b.png"), textured(ImageFormat::Png)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        assert_eq!(files(folder.path()).len(), 2);
        if std::fs::read(&path).is_ok() {
            say("not tested: this user may read every file");
            return;
        }
        let error = load(&path, &Limits::default()).unwrap_err();
        assert!(matches!(error.fault, ScanFault::Io(_)), "{error}");
    }

    #[test]
    fn a_dangling_link_is_a_note_that_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("b.png"), textured(ImageFormat::Png)).unwrap();
        symlink("nowhere.jpg", folder.path().join("a.jpg")).unwrap();
        symlink("nowhere.txt", folder.path().join("c.txt")).unwrap();
        symlink("b.png", folder.path().join("d.png")).unwrap();
        symlink(".", folder.path().join("loop")).unwrap();
        let found = files(folder.path());
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(names, ["a.jpg", "b.png", "d.png"]);
        assert!(matches!(
            load(&found[0], &Limits::default()).unwrap_err().fault,
            ScanFault::Io(_)
        ));
        assert!(load(&found[2], &Limits::default()).is_ok());
    }

    #[test]
    fn a_name_that_is_not_utf8_or_commands_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let latin1 = folder.path().join(OsStr::from_bytes(b"gr\xFCn.png"));
        let command = folder.path().join("x\u{1b}[2Jy\n.png");
        for path in [&latin1, &command] {
            std::fs::write(path, textured(ImageFormat::Png)).unwrap();
            assert!(load(path, &Limits::default()).is_ok());
        }
        assert!(display_path(&latin1).ends_with("gr\u{FFFD}n.png"));
        assert!(display_path(&command).ends_with("x\\u{1b}[2Jy\\n.png"));
        let gathered = gather(&[folder.path().to_owned()], &Options::default()).unwrap();
        let notes: Vec<_> = gathered.captures.iter().map(|c| c.note.as_str()).collect();
        assert_eq!(notes, ["gr\u{FFFD}n", "x\\u{1b}[2Jy\\n"]);
    }
}

/// Past the test runner's capture, which hides what passing tests print.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
