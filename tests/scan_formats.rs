//! Every kind of file is decoded to the picture that was drawn, see `tests/files/README.md`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Cursor;
use std::path::{Path, PathBuf};

use guilloche::pixels::Raster;
use guilloche::scan::density::DensitySource;
use guilloche::scan::{Format, Limits, Scan, ScanFault, decode, load};
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};

const WIDTH: u32 = 48;
const HEIGHT: u32 = 32;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files")
        .join(name)
}

fn scan(name: &str) -> Scan {
    load(&file(name), &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// The drawn gradient at a pixel.
fn gradient(x: u32, y: u32) -> [f64; 3] {
    let along = |at: u32, size: u32| 40.0 + 170.0 * (f64::from(at) + 0.5) / f64::from(size);
    [along(x, WIDTH), along(y, HEIGHT), 128.0]
}

fn grey(x: u32, y: u32) -> [f64; 3] {
    let [r, g, b] = gradient(x, y);
    [0.299 * r + 0.587 * g + 0.114 * b; 3]
}

/// Pixels as 0..=255.
fn pixels(raster: &Raster) -> ImageBuffer<Rgb<f32>, Vec<f32>> {
    match raster {
        Raster::Eight(image) => ImageBuffer::from_fn(image.width(), image.height(), |x, y| {
            Rgb(image.get_pixel(x, y).0.map(f32::from))
        }),
        Raster::Sixteen(image) => ImageBuffer::from_fn(image.width(), image.height(), |x, y| {
            Rgb(image.get_pixel(x, y).0.map(|s| f32::from(s) / 257.0))
        }),
    }
}

/// The mean and the greatest difference between a scan and what was drawn.
fn differences(scan: &Scan, drawn: fn(u32, u32) -> [f64; 3]) -> (f64, f64) {
    let found = pixels(&scan.raster);
    assert_eq!(found.dimensions(), (WIDTH, HEIGHT));
    let mut sum = 0.0;
    let mut most: f64 = 0.0;
    for (x, y, pixel) in found.enumerate_pixels() {
        for (sample, truth) in pixel.0.iter().zip(drawn(x, y)) {
            let difference = (f64::from(*sample) - truth).abs();
            sum += difference;
            most = most.max(difference);
        }
    }
    (sum / f64::from(WIDTH * HEIGHT * 3), most)
}

fn assert_shows(scan: &Scan, drawn: fn(u32, u32) -> [f64; 3], mean: f64, most: f64) {
    let (found_mean, found_most) = differences(scan, drawn);
    assert!(
        found_mean <= mean && found_most <= most,
        "{}: mean difference {found_mean:.2} (allowed {mean}), greatest {found_most:.1} ({most})",
        scan.path.display()
    );
}

#[test]
fn jpeg_of_every_usual_kind() {
    for name in [
        "jpeg-444.jpg",
        "jpeg-422.jpg",
        "jpeg-420.jpg",
        "jpeg-444-progressive.jpg",
        "jpeg-422-progressive.jpg",
        "jpeg-420-progressive.jpg",
        "jpeg-restart.jpg",
        "jpeg-restart-progressive.jpg",
        "jpeg-rgb.jpg",
        "jpeg-cmyk-adobe.jpg",
    ] {
        let scan = scan(name);
        assert_eq!(scan.format, Format::Jpeg);
        assert_shows(&scan, gradient, 1.5, 12.0);
    }
    assert_shows(&scan("jpeg-grey.jpg"), grey, 1.0, 4.0);
    assert_shows(&scan("jpeg-grey-progressive.jpg"), grey, 1.0, 4.0);
}

/// These hold one level for each 8 × 8 block, and chroma for up to 32 × 16 pixels.
#[test]
fn jpeg_with_rare_sampling_and_colour() {
    for name in ["dc-440.jpg", "dc-411.jpg", "dc-410.jpg"] {
        assert_shows(&scan(name), gradient, 16.0, 75.0);
    }
    // Here a chroma sample stands for the whole height.
    assert_shows(&scan("dc-441.jpg"), gradient, 24.0, 75.0);
    for name in [
        "dc-rgb-adobe.jpg",
        "dc-cmyk-plain.jpg",
        "dc-cmyk-adobe-420.jpg",
        "dc-ycck.jpg",
    ] {
        assert_shows(&scan(name), gradient, 12.0, 45.0);
    }
    assert_shows(&scan("dc-grey-22.jpg"), grey, 12.0, 30.0);
}

#[test]
fn jpeg_that_would_be_decoded_to_garbage_is_refused() {
    for name in [
        "dc-not-interleaved.jpg",
        "dc-fine-colour.jpg",
        "dc-factor-3.jpg",
    ] {
        let error = load(&file(name), &Limits::default()).unwrap_err();
        assert!(
            matches!(error.fault, ScanFault::Unsupported { .. }),
            "{error}"
        );
    }
}

#[test]
fn jpeg_strength_is_reported() {
    let info = scan("jpeg-420.jpg").jpeg.unwrap();
    assert_eq!(info.quality, Some(90));
    assert_eq!(info.chroma_step, Some((2, 2)));
    assert!(!info.progressive);
    let info = scan("jpeg-422-progressive.jpg").jpeg.unwrap();
    assert_eq!(info.chroma_step, Some((2, 1)));
    assert!(info.progressive);
    assert_eq!(scan("jpeg-grey.jpg").jpeg.unwrap().chroma_step, None);
    assert_eq!(scan("jpeg-rgb.jpg").jpeg.unwrap().chroma_step, None);
    for quality in [10, 35, 50, 75, 85, 95, 100] {
        let mut bytes = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality)
            .encode_image(&RgbImage::new(8, 8))
            .unwrap();
        let scan = decode(&bytes, Path::new("q.jpg"), &Limits::default()).unwrap();
        assert_eq!(scan.jpeg.unwrap().quality, Some(quality));
    }
    assert_eq!(scan("png-300dpi.png").jpeg, None);
}

#[test]
fn jpeg_with_bytes_around_its_parts() {
    let plain = std::fs::read(file("jpeg-420.jpg")).unwrap();
    let truth = scan("jpeg-420.jpg").raster;
    let (soi, body) = plain.split_at(2);
    let (app0, after) = body.split_at(18);
    let junk = b"\xFF\xFF\xEF\x00\x05abc\xFF\xE1\x00\x08\xFF\xD9\xFF\xD9\x00\x00\xFF\xED\x00\x03P\xFF\xFE\x00\x02";
    let variants = [
        [&plain[..], b"\0\0\0scanner serial 12\xFF\xD8\xFF\xD9"].concat(),
        [&plain[..], &plain[..]].concat(),
        [soi, junk, body].concat(),
        [soi, b"\xFF\xE2\x00\x10MPF\0MM\0*1234\0\0".as_slice(), body].concat(),
        [soi, app0, b"stray bytes", after].concat(),
    ];
    for (number, bytes) in variants.iter().enumerate() {
        let scan = decode(bytes, Path::new("a.jpg"), &Limits::default())
            .unwrap_or_else(|error| panic!("variant {number}: {error}"));
        assert_eq!(scan.raster, truth, "variant {number}");
    }
}

#[test]
fn tiff_of_every_usual_kind() {
    for name in ["tiff-lzw.tif", "tiff-deflate.tif", "tiff-two-pages.tif"] {
        let scan = scan(name);
        assert_eq!(scan.format, Format::Tiff);
        assert_shows(&scan, gradient, 0.5, 0.6);
    }
    assert_shows(&scan("tiff-cmyk.tif"), gradient, 0.6, 1.1);
    assert_shows(&scan("tiff-jpeg.tif"), gradient, 2.0, 16.0);
    assert_shows(&scan("tiff-palette.tif"), gradient, 4.0, 20.0);
    assert_shows(&scan("tiff-palette-4bit.tif"), gradient, 16.0, 50.0);
    assert_shows(&scan("tiff-grey.tif"), grey, 1.0, 1.1);
    let bilevel = |x, y| [if grey(x, y)[0] < 127.5 { 0.0 } else { 255.0 }; 3];
    assert!(differences(&scan("tiff-bilevel.tif"), bilevel).0 < 3.0);
}

#[test]
fn sixteen_bits_are_kept() {
    let red = |x, y| [gradient(x, y)[0]; 3];
    let scan = scan("tiff-grey-16.tif");
    assert!(matches!(scan.raster, Raster::Sixteen(_)));
    assert_shows(&scan, red, 0.002, 0.003);

    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::from_fn(7, 5, |x, y| {
        Rgb([9_001 * x as u16, 13_001 * y as u16, 65_535])
    });
    let bytes = encoded(&DynamicImage::ImageRgb16(deep.clone()), ImageFormat::Png);
    assert_eq!(decoded(&bytes).raster, Raster::Sixteen(deep));
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn decoded(bytes: &[u8]) -> Scan {
    decode(bytes, Path::new("made.img"), &Limits::default()).unwrap()
}

#[test]
fn lossless_formats_give_the_same_pixels() {
    let drawn = RgbImage::from_fn(13, 11, |x, y| Rgb([x as u8 * 19, y as u8 * 23, 77]));
    let image = DynamicImage::ImageRgb8(drawn.clone());
    for format in [
        ImageFormat::Png,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::WebP,
    ] {
        let scan = decoded(&encoded(&image, format));
        assert_eq!(scan.raster, Raster::Eight(drawn.clone()), "{format:?}");
    }
    let luma = ImageBuffer::from_fn(13, 11, |x, y| Luma([(x * 19 + y) as u8]));
    let scan = decoded(&encoded(&DynamicImage::ImageLuma8(luma), ImageFormat::Png));
    let Raster::Eight(grey) = scan.raster else {
        panic!("8 bits became 16")
    };
    assert_eq!(grey.get_pixel(3, 4).0, [61; 3]);
}

#[test]
fn alpha_is_laid_over_white() {
    let rgba = ImageBuffer::from_fn(3, 1, |x, _| Rgba([100, 0, 200, [0, 128, 255][x as usize]]));
    let Raster::Eight(image) =
        decoded(&encoded(&DynamicImage::ImageRgba8(rgba), ImageFormat::Png)).raster
    else {
        panic!("8 bits became 16")
    };
    assert_eq!(image.get_pixel(0, 0).0, [255, 255, 255]);
    // 100 · 128/255 + 255 · 127/255 and so on.
    assert_eq!(image.get_pixel(1, 0).0, [177, 127, 227]);
    assert_eq!(image.get_pixel(2, 0).0, [100, 0, 200]);

    let deep = ImageBuffer::from_fn(2, 1, |x, _| LumaA([1_000_u16, [0, 65_535][x as usize]]));
    let Raster::Sixteen(image) = decoded(&encoded(
        &DynamicImage::ImageLumaA16(deep),
        ImageFormat::Png,
    ))
    .raster
    else {
        panic!("16 bits became 8")
    };
    assert_eq!(image.get_pixel(0, 0).0, [65_535; 3]);
    assert_eq!(image.get_pixel(1, 0).0, [1_000; 3]);
}

#[test]
fn orientation_is_applied_in_every_format_that_has_it() {
    // Turned files say 240 dpi along the stored x, which is the upright y.
    for (name, source, most) in [
        ("jpeg-turned.jpg", DensitySource::Exif, 12.0),
        ("png-turned.png", DensitySource::Exif, 0.6),
        ("webp-turned.webp", DensitySource::Exif, 0.6),
        ("tiff-turned.tif", DensitySource::Tiff, 0.6),
    ] {
        let scan = scan(name);
        assert_shows(&scan, gradient, 1.5, most);
        let density = scan.density.unwrap();
        assert_eq!((density.x_dpi, density.y_dpi), (120.0, 240.0), "{name}");
        assert_eq!(density.source, source);
    }
}

#[test]
fn density_is_read_where_a_file_states_it() {
    for (name, dpi, source) in [
        ("jpeg-420.jpg", 300.0, DensitySource::Jfif),
        ("png-300dpi.png", 300.0, DensitySource::Phys),
        ("bmp-300dpi.bmp", 300.0, DensitySource::Bmp),
        ("tiff-lzw.tif", 600.0, DensitySource::Tiff),
    ] {
        let density = scan(name).density.unwrap();
        // Pixels per metre are whole numbers.
        assert!((density.x_dpi - dpi).abs() < 0.02, "{name}: {density:?}");
        assert!((density.y_dpi - dpi).abs() < 0.02, "{name}: {density:?}");
        assert_eq!(density.source, source);
    }
    for name in ["jpeg-grey.jpg", "tiff-deflate.tif", "dc-ycck.jpg"] {
        assert_eq!(scan(name).density, None, "{name}");
    }
}

#[test]
fn the_digest_is_of_the_bytes() {
    let scan = scan("jpeg-grey.jpg");
    assert_eq!(scan.sha256.len(), 64);
    let error = decode(b"abc", Path::new("abc"), &Limits::default()).unwrap_err();
    assert!(matches!(error.fault, ScanFault::NotAnImage { .. }));
    // Bytes after the end do not change the picture, but the file.
    let mut bytes = std::fs::read(file("jpeg-grey.jpg")).unwrap();
    bytes.push(0);
    let other = decoded(&bytes);
    assert_eq!(other.raster, scan.raster);
    assert_ne!(other.sha256, scan.sha256);
}

/// All scans of the folder beside the checkout, which is not part of it.
#[test]
fn real_scans_load() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/scans");
    if !folder.is_dir() {
        say("not tested: there is no folder ../shared/scans");
        return;
    }
    let options = guilloche::scan::gather::Options::default();
    let gathered = guilloche::scan::gather::gather(&[folder], &options).unwrap();
    let mut loaded = 0;
    for source in gathered.captures.iter().flat_map(|capture| &capture.files) {
        let scan = load(&source.path, &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
        assert!(scan.raster.width() > 100 && scan.raster.height() > 50);
        loaded += 1;
    }
    assert!(loaded >= 300, "only {loaded} scans found");
}

/// Past the test runner's capture, which hides what passing tests print.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
