//! The specimen press: what every dial does, that truth is true, that the same seed gives the same bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::OnceLock;

use guilloche::note::{Light, RectMm, Side};
use guilloche::specimen::{
    Bed, DISTRICTS, Dial, Dials, Format, HIGHEST, Picture, Press, Printed, SERIES, Scanner,
    Specimen, Subsampling, XtsDenomination, XtsSerial,
};
use rustfft::{FftPlanner, num_complex::Complex};
use sha2::{Digest, Sha256};

/// One press for most tests: 300 dpi is enough where no screen or microtext is looked at.
fn press() -> &'static Press {
    static PRESS: OnceLock<Press> = OnceLock::new();
    PRESS.get_or_init(|| Press::new(300.0).unwrap())
}

fn fine_press() -> &'static Press {
    static PRESS: OnceLock<Press> = OnceLock::new();
    PRESS.get_or_init(|| Press::new(600.0).unwrap())
}

fn ten(seed: u64) -> Specimen {
    Specimen::new(XtsDenomination::Ten, seed)
}

fn with(dial: Dial, value: f32, seed: u64) -> Specimen {
    ten(seed).with(Dials::one(dial, value).unwrap())
}

/// Mean absolute difference of two pictures, paper that is gone counting in full.
fn difference(a: &Picture, b: &Picture) -> f64 {
    let mut sum = 0.0;
    for (p, q) in a.channels.iter().zip(&b.channels) {
        sum += p
            .iter()
            .zip(q)
            .map(|(x, y)| f64::from((x - y).abs()))
            .sum::<f64>()
            / p.len() as f64;
    }
    let there = |p: &Picture| {
        p.presence
            .as_ref()
            .map_or(1.0, guilloche::specimen::Coverage::mean)
    };
    sum + (there(a) - there(b)).abs()
}

/// Values of one channel in a rectangle of the note, with its width.
fn crop(picture: &Picture, channel: usize, rect: RectMm) -> (Vec<f32>, usize) {
    let scale = picture.width as f64 / picture.size.width;
    let px = |mm: f64| (mm * scale) as usize;
    let (x0, x1, y0, y1) = (
        px(rect.x),
        px(rect.x + rect.width),
        px(rect.y),
        px(rect.y + rect.height),
    );
    let rows = (y0..y1).flat_map(|y| {
        picture.channels[channel][y * picture.width + x0..y * picture.width + x1].to_vec()
    });
    (rows.collect(), x1 - x0)
}

fn mean(v: &[f32]) -> f64 {
    v.iter().map(|&x| f64::from(x)).sum::<f64>() / v.len() as f64
}

fn deviation(v: &[f32]) -> f64 {
    let m = mean(v);
    (v.iter().map(|&x| (f64::from(x) - m).powi(2)).sum::<f64>() / v.len() as f64).sqrt()
}

/// Mean absolute step from pixel to pixel along a row.
fn roughness((v, width): &(Vec<f32>, usize)) -> f64 {
    let steps = v.chunks_exact(*width).flat_map(|row| {
        row.windows(2)
            .map(|p| (p[1] - p[0]).abs())
            .collect::<Vec<_>>()
    });
    mean(&steps.collect::<Vec<_>>())
}

fn zone(printed: &Printed, id: &str) -> RectMm {
    printed
        .elements
        .iter()
        .find(|e| e.id == id)
        .unwrap_or_else(|| panic!("no {id}"))
        .rect_mm
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let scanner = Scanner {
        dpi: 100.0,
        ..Scanner::default()
    };
    let mut worn = Dials::none();
    for &dial in Dial::ALL {
        worn.set(dial, 0.5).unwrap();
    }
    let mut digest = Sha256::new();
    for (specimen, side, light) in [
        (ten(1), Side::Front, Light::Visible),
        (ten(1), Side::Back, Light::Transmitted),
        (
            Specimen::new(XtsDenomination::Hundred, 2),
            Side::Front,
            Light::Ultraviolet,
        ),
        (
            Specimen::new(XtsDenomination::Hundred, 2),
            Side::Back,
            Light::Infrared,
        ),
        (ten(3).with(worn), Side::Front, Light::Visible),
    ] {
        let print = || {
            scanner
                .scan(&press().print(&specimen, side, light))
                .unwrap()
        };
        let (a, b) = (print(), print());
        assert_eq!(a.encode().unwrap(), b.encode().unwrap());
        assert_eq!(a.truth, b.truth);
        digest.update(a.image.as_raw());
    }
    let hex: String = digest
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    // Changes with every change of the designs; it must not change with the machine.
    assert_eq!(hex, include_str!("specimen.sha256").trim());
}

#[test]
fn every_dial_shows_and_grows() {
    for &dial in Dial::ALL {
        let (side, light) = match dial {
            Dial::MissingThread | Dial::MissingWatermark | Dial::MissedRegister => {
                (Side::Front, Light::Transmitted)
            }
            Dial::MissingFibres => (Side::Front, Light::Ultraviolet),
            Dial::InfraredVisible => (Side::Front, Light::Infrared),
            Dial::ConstantInk => (Side::Front, Light::Turned),
            _ => (Side::Front, Light::Visible),
        };
        // Serials change in steps and wrong size is no matter of ink: they have tests of their own.
        if matches!(
            dial,
            Dial::WrongSerial | Dial::RepeatedSerial | Dial::MismatchedSerial | Dial::WrongSize
        ) {
            continue;
        }
        let genuine = press().print(&ten(5), side, light).picture;
        let at = |value| {
            difference(
                &genuine,
                &press().print(&with(dial, value, 5), side, light).picture,
            )
        };
        assert_eq!(at(0.0), 0.0, "{}", dial.name());
        let (little, half, full) = (at(0.25), at(0.6), at(1.0));
        // Paper is of the other value or it is not.
        if dial == Dial::BleachedPaper {
            assert!(little > 0.0 && little == half && half == full);
            continue;
        }
        // A print that is moved on differs all the same once its lines lie beside their places.
        if dial == Dial::MissedRegister {
            assert!(little > 0.0 && half > 0.0 && full > 0.0);
            continue;
        }
        assert!(
            little > 0.0 && half > little && full > half,
            "{}: {little} {half} {full}",
            dial.name()
        );
    }
}

#[test]
fn serial_dials_break_the_rules() {
    let honest = ten(8);
    let [a, b] = honest.printed_serials();
    assert_eq!(a, b);
    assert_eq!(a.parse::<XtsSerial>().unwrap(), honest.serial);
    for value in [0.1, 0.5, 1.0] {
        let [a, b] = with(Dial::WrongSerial, value, 8).printed_serials();
        assert_eq!(a, b);
        assert!(a.parse::<XtsSerial>().is_err(), "{a}");
    }
    assert_eq!(
        with(Dial::RepeatedSerial, 1.0, 8).printed_serials(),
        with(Dial::RepeatedSerial, 1.0, 9).printed_serials()
    );
    for (value, expected) in [(0.1, 1), (0.5, 4), (1.0, 8)] {
        let [a, b] = with(Dial::MismatchedSerial, value, 8).printed_serials();
        assert_eq!(
            a.chars().zip(b.chars()).filter(|(x, y)| x != y).count(),
            expected,
            "{a} {b}"
        );
    }
}

/// Energy between 120 and 190 lines an inch over the energy at all higher frequencies, in the red of 600 dpi.
fn screen_energy(picture: &Picture, rect: RectMm) -> f64 {
    let n = 256;
    let (v, width) = crop(picture, 0, rect);
    let m = mean(&v) as f32;
    let mut field: Vec<Complex<f32>> = Vec::new();
    for y in 0..n {
        for x in 0..n {
            let window = |k: usize| (std::f32::consts::PI * (k as f32 + 0.5) / n as f32).sin();
            field.push(Complex::new(
                (v[y * width + x] - m) * window(x) * window(y),
                0.0,
            ));
        }
    }
    let fft = FftPlanner::new().plan_fft_forward(n);
    for _ in 0..2 {
        field.chunks_exact_mut(n).for_each(|row| fft.process(row));
        field = (0..n * n).map(|i| field[(i % n) * n + i / n]).collect();
    }
    let frequency = |k: usize| {
        (if k > n / 2 {
            k as f64 - n as f64
        } else {
            k as f64
        }) * 600.0
            / n as f64
    };
    let (mut ring, mut all) = (0.0, 0.0);
    for y in 0..n {
        for x in 0..n {
            let f = (frequency(x).powi(2) + frequency(y).powi(2)).sqrt();
            let energy = f64::from(field[y * n + x].norm_sqr());
            if f > 20.0 {
                all += energy;
            }
            if (120.0..190.0).contains(&f) {
                ring += energy;
            }
        }
    }
    ring / all
}

#[test]
fn screens_and_dots_and_soft_lines() {
    let rect = RectMm {
        x: 38.0,
        y: 17.0,
        width: 11.2,
        height: 11.2,
    };
    let print =
        |dial, value| fine_press().print(&with(dial, value, 11), Side::Front, Light::Visible);
    let ring: Vec<f64> = [0.0, 0.5, 1.0]
        .map(|v| screen_energy(&print(Dial::Halftone, v).picture, rect))
        .to_vec();
    assert!(
        ring[2] > 1.5 * ring[0] && ring[2] > ring[1] && ring[1] > ring[0],
        "{ring:?}"
    );
    // Along a line of background ink the colour is even; dots of four inks make it jump from pixel to pixel.
    let background = RectMm {
        x: 21.0,
        y: 53.0,
        width: 14.0,
        height: 5.0,
    };
    let jumps = |p: &Printed| {
        let (r, width) = crop(&p.picture, 0, background);
        let (b, _) = crop(&p.picture, 2, background);
        let chroma: Vec<f32> = r.iter().zip(&b).map(|(r, b)| r - b).collect();
        let second = chroma
            .chunks_exact(width)
            .flat_map(|row| row.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).abs()));
        mean(&second.collect::<Vec<_>>())
    };
    let dots = [0.0, 0.5, 1.0].map(|v| jumps(&print(Dial::Inkjet, v)));
    assert!(dots[1] > dots[0] && dots[2] > 1.5 * dots[0], "{dots:?}");
    for dial in [Dial::OffsetForIntaglio, Dial::LowResolution] {
        let sharp = [0.0, 0.5, 1.0].map(|v| {
            let p = print(dial, v);
            roughness(&crop(&p.picture, 1, zone(&p, "specimen")))
        });
        assert!(
            sharp[1] < sharp[0] && sharp[2] < 0.7 * sharp[0],
            "{dial:?} {sharp:?}"
        );
    }
    let letters = [0.0, 1.0].map(|v| {
        let p = print(Dial::LostMicrotext, v);
        roughness(&crop(&p.picture, 1, zone(&p, "microtext-line")))
    });
    assert!(letters[1] < 0.8 * letters[0], "{letters:?}");
}

#[test]
fn paper_and_ink_in_other_lights() {
    let look = |dials: Dials, light| press().print(&ten(13).with(dials), Side::Front, light);
    let one = |dial| Dials::one(dial, 1.0).unwrap();
    let window = RectMm {
        x: 12.0,
        y: 20.0,
        width: 14.0,
        height: 18.0,
    };
    let level = |p: &Printed| mean(&crop(&p.picture, 1, window).0);
    // Dull paper, bright copy.
    let (dull, bright) = (
        look(Dials::none(), Light::Ultraviolet),
        look(one(Dial::BrightPaper), Light::Ultraviolet),
    );
    assert!(level(&bright) > 10.0 * level(&dull));
    // Inks that vanish in infrared, unless they are the wrong ones.
    let (vanish, stay) = (
        look(Dials::none(), Light::Infrared),
        look(one(Dial::InfraredVisible), Light::Infrared),
    );
    let dark = |p: &Printed| 0.8 - mean(&crop(&p.picture, 0, zone(p, "numeral-large")).0);
    assert!(
        dark(&stay) > 3.0 * dark(&vanish),
        "{} {}",
        dark(&stay),
        dark(&vanish)
    );
    // Thread and watermark against the light.
    let through = look(Dials::none(), Light::Transmitted);
    for dial in [Dial::MissingThread, Dial::PrintedThread] {
        let without = look(one(dial), Light::Transmitted);
        let thread = |p: &Printed| mean(&crop(&p.picture, 1, zone(p, "thread")).0);
        assert!(thread(&without) > 1.8 * thread(&through), "{dial:?}");
    }
    for dial in [Dial::MissingWatermark, Dial::PrintedWatermark] {
        let without = look(one(dial), Light::Transmitted);
        let shading = |p: &Printed| deviation(&crop(&p.picture, 1, window).0);
        assert!(
            shading(&without) < 0.75 * shading(&through),
            "{dial:?} {} {}",
            shading(&without),
            shading(&through)
        );
    }
    // A printed thread shows by day, a real one hardly.
    let none = look(one(Dial::MissingThread), Light::Visible);
    let by_day = |dials| {
        let p = look(dials, Light::Visible);
        let thread = |of: &Printed| mean(&crop(&of.picture, 1, zone(&p, "thread")).0);
        thread(&none) - thread(&p)
    };
    let (real, printed) = (by_day(Dials::none()), by_day(one(Dial::PrintedThread)));
    assert!(real > 0.0 && printed > 4.0 * real, "{real} {printed}");
}

#[test]
fn the_truth_says_where_the_note_lies() {
    for (rotation, wrong) in [
        (0.0, 0.0),
        (2.3, 0.0),
        (90.0, 0.0),
        (180.0, 1.0),
        (-37.0, 0.0),
    ] {
        let specimen = with(Dial::WrongSize, wrong, 17);
        let scanner = Scanner {
            rotation,
            bed: Bed::Black,
            noise: 0.0,
            sharpening: 0.0,
            dpi: 200.0,
            ..Scanner::default()
        };
        let scan = scanner
            .scan(&press().print(&specimen, Side::Front, Light::Visible))
            .unwrap();
        let quad = scan.truth.quad_px;
        let length = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) / 200.0 * 25.4;
        assert!((length(quad[0], quad[1]) - specimen.size().width).abs() < 1e-3);
        assert!((length(quad[1], quad[2]) - specimen.size().height).abs() < 1e-3);
        // Half a millimetre inside each edge there is paper, outside there is bed.
        for (k, corner) in quad.iter().enumerate() {
            let next = quad[(k + 1) % 4];
            let (dx, dy) = (next[0] - corner[0], next[1] - corner[1]);
            let n = dx.hypot(dy);
            for t in [0.1, 0.35, 0.6, 0.9] {
                let at = |side: f64| {
                    let off = side * 0.5 * 200.0 / 25.4;
                    let (x, y) = (
                        corner[0] + dx * t - dy / n * off,
                        corner[1] + dy * t + dx / n * off,
                    );
                    scan.image.get_pixel(x as u32, y as u32).0[1]
                };
                assert!(
                    at(1.0) > 120 && at(-1.0) < 60,
                    "{rotation}: {} {}",
                    at(1.0),
                    at(-1.0)
                );
            }
        }
        let json = serde_json::to_string(&scan.truth).unwrap();
        assert!(serde_json::from_str::<guilloche::specimen::Truth>(&json).unwrap() == scan.truth);
    }
}

#[test]
fn serials_lie_where_the_truth_says() {
    let specimen = with(Dial::FloatingOverprint, 1.0, 23);
    let printed = press().print(&specimen, Side::Front, Light::Ultraviolet);
    // The serial's ink glows red: all of the red light in the upper half lies in its zone.
    let z = zone(&printed, "serial-upper-right").grown(0.7);
    let inside = mean(&crop(&printed.picture, 0, z).0);
    let above = RectMm {
        y: z.y - z.height,
        ..z
    };
    assert!(inside > 3.0 * mean(&crop(&printed.picture, 0, above).0).max(0.01));
    let text = specimen.printed_serials()[0].clone();
    let characters: String = (1..=11)
        .map(|i| {
            printed
                .elements
                .iter()
                .find(|e| e.id == format!("serial-upper-right-{i}"))
                .unwrap()
                .text
                .clone()
                .unwrap()
        })
        .collect();
    assert_eq!(characters, text);
}

#[test]
fn wrong_settings_are_refused() {
    let printed = press().print(&ten(1), Side::Front, Light::Visible);
    for scanner in [
        Scanner {
            dpi: 50.0,
            ..Scanner::default()
        },
        Scanner {
            dpi: f32::NAN,
            ..Scanner::default()
        },
        Scanner {
            noise: -1.0,
            ..Scanner::default()
        },
        Scanner {
            margin_mm: 100.0,
            ..Scanner::default()
        },
        Scanner {
            quality: 0,
            ..Scanner::default()
        },
        Scanner {
            cast: [1.0, 9.0, 1.0],
            ..Scanner::default()
        },
    ] {
        let error = scanner.scan(&printed).unwrap_err().to_string();
        assert!(error.contains("outside"), "{error}");
    }
    assert!(Press::new(72.0).is_err() && Press::new(f32::NAN).is_err());
    for bed in ["", "#12", "#gggggg", "300", "lawn"] {
        assert!(bed.parse::<Bed>().is_err(), "{bed}");
    }
    assert!("20".parse::<XtsDenomination>().is_err() && "gif".parse::<Format>().is_err());
    assert!("4:1:1".parse::<Subsampling>().is_err() && "AG27182818K".parse::<XtsSerial>().is_err());
}

#[test]
fn files_carry_their_density() {
    let scan = Scanner {
        dpi: 150.0,
        ..Scanner::default()
    }
    .scan(&press().print(&ten(1), Side::Back, Light::Visible))
    .unwrap();
    let jpeg = scan.encode().unwrap();
    // JFIF: unit inch, across and down.
    assert_eq!(&jpeg[13..18], [1, 0, 150, 0, 150]);
    let write = |format| {
        guilloche::specimen::encode(&scan.image, format, 150.0, 90, Subsampling::Full).unwrap()
    };
    let png = write(Format::Png);
    assert_eq!(&png[37..41], b"pHYs");
    assert_eq!(u32::from_be_bytes(png[41..45].try_into().unwrap()), 5906);
    assert_eq!(
        u32::from_le_bytes(write(Format::Bmp)[38..42].try_into().unwrap()),
        5906
    );
    for format in [Format::Tiff, Format::Webp] {
        let exif = exif::Reader::new()
            .read_from_container(&mut std::io::Cursor::new(write(format)))
            .unwrap();
        let field = exif
            .get_field(exif::Tag::XResolution, exif::In::PRIMARY)
            .unwrap();
        assert_eq!(field.display_value().to_string(), "150", "{format:?}");
    }
}

#[test]
fn the_rules_are_those_of_the_reference_notes() {
    let rules: toml::Table = include_str!("../reference-notes/xts/series.toml")
        .parse()
        .unwrap();
    let rows = |name: &str| rules[name].as_array().unwrap().clone();
    let districts: Vec<_> = rows("district")
        .iter()
        .map(|d| {
            (
                d["letter"].as_str().unwrap().to_owned(),
                d["number"].as_integer().unwrap(),
                d["name"].as_str().unwrap().to_uppercase(),
            )
        })
        .collect();
    let ours: Vec<_> = DISTRICTS
        .iter()
        .map(|(l, n, name)| (l.to_string(), i64::from(*n), (*name).to_owned()))
        .collect();
    assert_eq!(districts, ours);
    let series: Vec<_> = rows("series")
        .iter()
        .map(|s| {
            (
                s["letter"].as_str().unwrap().to_owned(),
                s["year"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(series, SERIES.map(|(l, y)| (l.to_string(), y.to_string())));
    assert_eq!(
        rows("range")[0]["last"].as_integer(),
        Some(i64::from(HIGHEST))
    );
    let rule = &rows("position_rule")[0];
    let order: Vec<_> = rule["order"]
        .as_str()
        .unwrap()
        .split(' ')
        .map(str::to_owned)
        .collect();
    let sheets = rule["sheets"].as_integer().unwrap() as u32;
    for number in [
        1, 99_999, 100_000, 100_001, 3_999_999, 4_000_000, 4_000_001, 71_999_999,
    ] {
        let serial = XtsSerial {
            series: 'A',
            district: 'A',
            number,
        };
        assert_eq!(
            serial.position(),
            order[((number - 1) / sheets) as usize % order.len()]
        );
    }
    assert_eq!(guilloche::specimen::check_letter("AG27182818"), Some('L'));
}
