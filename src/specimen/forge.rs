//! What forgers do to a note.

use std::sync::Arc;

use super::canvas::{Canvas, Coverage};
use super::design::{Layout, grown};
use super::glyphs::{Face, Pen, write_in};
use super::ink::{Ink, Paper};
use super::maths::{Random, mix, round, sin_turns, step};
use super::press::{Layer, Sheet, thread_text};
use super::{Dial, Print, Specimen};
use crate::note::Side;

/// How a copy is put on paper.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Process {
    /// Continuous tone from a picture of so many dots per inch.
    Contone(f32),
    /// Clustered dots, lines per inch.
    Halftone(f32),
    /// Dispersed dots.
    Inkjet,
}

/// Applies the dials that change inks, plates and the whole print.
pub(crate) fn apply(sheet: &mut Sheet, specimen: &Specimen, side: Side) {
    let dials = &specimen.dials;
    let hue = dials.get(Dial::InkHue);
    let infrared = dials.get(Dial::InfraredVisible);
    let constant = dials.get(Dial::ConstantInk);
    for layer in sheet.layers.iter_mut().filter(|l| l.is_print()) {
        for (_, ink) in &mut layer.inks {
            if hue > 0.0 {
                *ink = ink.turned_hue(0.2 * hue);
            }
            if infrared > 0.0 {
                *ink = ink.infrared_as_seen(infrared);
            }
            if constant > 0.0 {
                *ink = ink.constant(constant);
            }
        }
    }
    let lost = dials.get(Dial::LostMicrotext);
    if lost > 0.0 {
        for layer in sheet
            .layers
            .iter_mut()
            .filter(|l| l.name.starts_with("microtext"))
        {
            // A line of the same ink: the letters run together over a third of a millimetre.
            let flat = layer.plane.blurred((0.13 * sheet.scale) as usize, 2);
            layer.plane = Arc::new(mixed(&layer.plane, &flat, lost, 0.9));
        }
    }
    let flat = dials.get(Dial::OffsetForIntaglio);
    if flat > 0.0 {
        for layer in sheet
            .layers
            .iter_mut()
            .filter(|l| l.print == Print::Intaglio)
        {
            let soft = layer.plane.blurred((0.055 * sheet.scale) as usize, 2);
            layer.plane = Arc::new(mixed(&layer.plane, &soft, flat, 0.72));
        }
    }
    let low = dials.get(Dial::LowResolution);
    if low > 0.0 {
        copy(
            sheet,
            low,
            Process::Contone(150.0 - 60.0 * low),
            specimen.seed,
        );
    }
    let halftone = dials.get(Dial::Halftone);
    if halftone > 0.0 {
        copy(
            sheet,
            halftone,
            Process::Halftone(screen_ruling(specimen.seed)),
            specimen.seed,
        );
    }
    let inkjet = dials.get(Dial::Inkjet);
    if inkjet > 0.0 {
        copy(sheet, inkjet, Process::Inkjet, specimen.seed);
    }
    let spliced = dials.get(Dial::Splice);
    if spliced > 0.0 {
        splice(sheet, spliced, specimen.seed, side);
    }
}

fn screen_ruling(seed: u64) -> f32 {
    let rulings = [133.0, 141.0, 150.0, 160.0, 175.0];
    let pick = Random::new(seed, "screen").below(rulings.len() as u64) as usize;
    rulings.get(pick).copied().unwrap_or(150.0)
}

/// Between a plane and a replacement of `density`.
fn mixed(sharp: &Coverage, soft: &Coverage, t: f32, density: f32) -> Coverage {
    let data = sharp.data.iter().zip(&soft.data);
    Coverage {
        data: data
            .map(|(&a, &b)| (mix(f32::from(a), density * f32::from(b), t) + 0.5) as u8)
            .collect(),
        ..*sharp
    }
}

/// Replaces the print by a copy of itself, by `amount`.
fn copy(sheet: &mut Sheet, amount: f32, process: Process, seed: u64) {
    let view = sheet.copier_view();
    let planes = separated(&view, sheet, process, seed);
    for layer in sheet.layers.iter_mut().filter(|l| l.is_print()) {
        layer.strength *= 1.0 - amount;
    }
    lay(sheet, planes, amount);
}

fn lay(sheet: &mut Sheet, planes: [Coverage; 4], strength: f32) {
    for (channel, plane) in planes.into_iter().enumerate() {
        sheet.layers.push(Layer {
            plane: Arc::new(plane),
            left: 0,
            top: 0,
            inks: vec![(0.0, Ink::process(channel))],
            strength,
            print: Print::Offset,
            name: ["cyan", "magenta", "yellow", "black"][channel],
        });
    }
}

/// Cyan, magenta, yellow and black of a picture, ready to print.
fn separated(view: &[Vec<f32>; 3], sheet: &Sheet, process: Process, seed: u64) -> [Coverage; 4] {
    let (w, h) = (sheet.width, sheet.height);
    let inks = [0, 1, 2].map(|ink| Ink::process(ink).visible.absorbs);
    let mut planes = [(); 4].map(|()| Coverage::blank(w, h));
    let [red, green, blue] = view;
    for (i, ((r, g), b)) in red.iter().zip(green).zip(blue).enumerate() {
        let lightest = r.max(*g).max(*b);
        if r.min(*g).min(*b) > 0.985 {
            continue;
        }
        // Grey component replacement: black takes over in the darks.
        let grey = 1.0 - lightest;
        let black = grey * (0.3 + 0.7 * grey);
        let left = 1.0 / (1.0 - 0.97 * black);
        let light = [r * left, g * left, b * left];
        // Films multiply: each ink is solved for in the channel it absorbs most, the other two held.
        let mut cover = [0.0f32; 3];
        for _ in 0..3 {
            for c in 0..3 {
                let (a, b) = ((c + 1) % 3, (c + 2) % 3);
                let others = (1.0 - cover[a] * inks[a][c]) * (1.0 - cover[b] * inks[b][c]);
                cover[c] = ((1.0 - light[c] / others.max(0.02)) / inks[c][c]).clamp(0.0, 1.0);
            }
        }
        for (plane, v) in planes.iter_mut().zip([cover[0], cover[1], cover[2], black]) {
            if let Some(p) = plane.data.get_mut(i) {
                *p = (255.0 * v + 0.5) as u8;
            }
        }
    }
    // The copier's own lens.
    let lens = ((0.03 * sheet.scale) as usize).max(1);
    for (channel, plane) in planes.iter_mut().enumerate() {
        match process {
            Process::Contone(dpi) => *plane = coarse(plane, sheet.scale * 25.4 / dpi),
            Process::Halftone(ruling) => {
                *plane = plane.blurred(lens, 1);
                let angle = [15.0, 75.0, 0.0, 45.0][channel] / 360.0;
                screen(
                    plane,
                    ruling / 25.4 / sheet.scale,
                    angle,
                    Random::new(seed, "screen phase").unit(),
                );
            }
            Process::Inkjet => {
                *plane = plane.blurred(lens, 1);
                diffuse(plane, seed.wrapping_add(channel as u64));
                *plane = plane.blurred((0.028 * sheet.scale).max(1.0) as usize, 1);
                plane
                    .data
                    .iter_mut()
                    .for_each(|v| *v = (1.25 * f32::from(*v)).min(255.0) as u8);
            }
        }
    }
    planes
}

/// Sampled at cells of `cell` px and interpolated again.
fn coarse(plane: &Coverage, cell: f32) -> Coverage {
    let (w, h) = (plane.width, plane.height);
    let soft = plane.blurred((0.42 * cell) as usize, 1);
    let (columns, rows) = (
        (w as f32 / cell) as usize + 2,
        (h as f32 / cell) as usize + 2,
    );
    let at = |i: usize, j: usize| -> f32 {
        let x = ((i as f32 + 0.5) * cell) as usize;
        let y = ((j as f32 + 0.5) * cell) as usize;
        soft.data
            .get(y.min(h - 1) * w + x.min(w - 1))
            .map_or(0.0, |&v| f32::from(v))
    };
    let grid: Vec<f32> = (0..rows)
        .flat_map(|j| (0..columns).map(move |i| (i, j)))
        .map(|(i, j)| at(i, j))
        .collect();
    let mut out = Coverage::blank(w, h);
    for (y, row) in out.data.chunks_exact_mut(w).enumerate() {
        let gy = (y as f32 / cell - 0.5).max(0.0);
        let (j, fy) = (gy as usize, gy - (gy as usize) as f32);
        let (a, b) = (
            grid.get(j * columns..).unwrap_or(&[]),
            grid.get((j + 1) * columns..).unwrap_or(&[]),
        );
        for (x, v) in row.iter_mut().enumerate() {
            let gx = (x as f32 / cell - 0.5).max(0.0);
            let (i, fx) = (gx as usize, gx - (gx as usize) as f32);
            if let (Some(p), Some(q), Some(r), Some(s)) =
                (a.get(i), a.get(i + 1), b.get(i), b.get(i + 1))
            {
                *v = mix(mix(*p, *q, fx), mix(*r, *s, fx), fy) as u8;
            }
        }
    }
    out
}

/// Clustered round dots: `ruling` lines a px, at an angle in turns.
fn screen(plane: &mut Coverage, ruling: f32, angle: f32, phase: f32) {
    let (c, s) = (ruling * sin_turns(angle + 0.25), ruling * sin_turns(angle));
    let w = plane.width;
    for (y, row) in plane.data.chunks_exact_mut(w.max(1)).enumerate() {
        for (x, v) in row.iter_mut().enumerate() {
            if *v == 0 {
                continue;
            }
            let (u, t) = (
                x as f32 * c - y as f32 * s + phase,
                x as f32 * s + y as f32 * c,
            );
            let hill = 0.5 - 0.25 * (sin_turns(u + 0.25) + sin_turns(t + 0.25));
            let threshold = hill - 0.07 * sin_turns(hill);
            let tone = f32::from(*v) / 255.0;
            // Dot gain.
            let tone = tone + 0.28 * tone * (1.0 - tone);
            *v = (255.0 * ((tone - threshold) * 4.5 + 0.5).clamp(0.0, 1.0)) as u8;
        }
    }
}

/// Error diffusion after Floyd and Steinberg (1976), back and forth, with a little noise against worms.
fn diffuse(plane: &mut Coverage, seed: u64) {
    let w = plane.width;
    if w == 0 {
        return;
    }
    let mut random = Random::new(seed, "dots");
    let mut below = vec![0i32; w + 2];
    for (y, row) in plane.data.chunks_exact_mut(w).enumerate() {
        let mut next = vec![0i32; w + 2];
        let mut carry = 0;
        let forward = y % 2 == 0;
        let mut word = 0u64;
        for k in 0..w {
            let x = if forward { k } else { w - 1 - k };
            if k % 8 == 0 {
                word = random.word();
            }
            let noise = ((word >> (8 * (k % 8))) & 63) as i32 - 32;
            let want = i32::from(row[x]) + (carry + below[x + 1]) / 16;
            let dot = if row[x] > 2 && want > 127 + noise {
                255
            } else {
                0
            };
            row[x] = dot as u8;
            let error = (want - dot).clamp(-255, 255);
            let (ahead, behind) = if forward { (x + 2, x) } else { (x, x + 2) };
            carry = 7 * error;
            next[behind] += 3 * error;
            next[x + 1] += 5 * error;
            next[ahead] += error;
        }
        below = next;
    }
}

/// One part of the note replaced by a copy, on other paper, not quite in place.
fn splice(sheet: &mut Sheet, amount: f32, seed: u64, side: Side) {
    let (w, h) = (sheet.width, sheet.height);
    let mut random = Random::new(seed, "splice");
    let split = random.between(0.36, 0.64) * w as f32;
    let lean = random.between(-0.25, 0.25);
    let right = random.unit() < 0.5;
    let process = if random.unit() < 0.5 {
        Process::Inkjet
    } else {
        Process::Halftone(screen_ruling(seed))
    };
    let (dx, dy) = (
        round(0.35 * sheet.scale) as usize,
        round(0.25 * sheet.scale) as usize,
    );
    // Signed distance to the seam, px: positive on the copied part. Seen from the back, the note is mirrored.
    let copied = |x: usize, y: usize| {
        let x = if side == Side::Front {
            x as f32
        } else {
            (w - 1 - x) as f32
        };
        let d = x - split - lean * (y as f32 - 0.5 * h as f32);
        if right { d } else { -d }
    };
    let view = sheet.copier_view();
    let mut planes = separated(&view, sheet, process, seed);
    for plane in &mut planes {
        let from = plane.clone();
        for y in 0..h {
            for x in 0..w {
                let inside = copied(x, y) > 0.0;
                let v = if inside && x >= dx && y >= dy {
                    from.data[(y - dy) * w + x - dx]
                } else {
                    0
                };
                plane.data[y * w + x] = v;
            }
        }
    }
    for layer in sheet.layers.iter_mut().filter(|l| l.is_print()) {
        let mut plane = (*layer.plane).clone();
        let (left, top, width) = (layer.left, layer.top, plane.width.max(1));
        for (py, row) in plane.data.chunks_exact_mut(width).enumerate() {
            let y = (py as i32 + top).clamp(0, h as i32 - 1) as usize;
            for (px, v) in row.iter_mut().enumerate() {
                let x = (px as i32 + left).clamp(0, w as i32 - 1) as usize;
                if *v > 0 && copied(x, y) > 0.0 {
                    *v = (f32::from(*v) * (1.0 - amount)) as u8;
                }
            }
        }
        layer.plane = Arc::new(plane);
    }
    let hair = 0.11 * sheet.scale;
    let mut other = Coverage::blank(w, h);
    let mut seam = Coverage::blank(w, h);
    for y in 0..h {
        for x in 0..w {
            let d = copied(x, y);
            other.data[y * w + x] = (255.0 * step(-0.5, 0.5, d)) as u8;
            seam.data[y * w + x] = (220.0 * step(hair, 0.0, d.abs())) as u8;
        }
    }
    let film = |plane, ink, strength, print| Layer {
        plane: Arc::new(plane),
        left: 0,
        top: 0,
        inks: vec![(0.0, ink)],
        strength,
        print,
        name: "splice",
    };
    let first = sheet.layers.iter().position(Layer::is_print).unwrap_or(0);
    sheet.layers.insert(
        first,
        film(
            other,
            Ink::bare(&Paper::new(0.75)),
            0.7 * amount,
            Print::Paper,
        ),
    );
    lay(sheet, planes, amount);
    sheet
        .layers
        .push(film(seam, Ink::soil(), 0.9 * amount, Print::Paper));
}

/// Values of the other denomination on patches over the true ones.
pub(crate) fn altered(
    values: &[(String, [f32; 4])],
    specimen: &Specimen,
    layout: &Layout,
    scale: f32,
    shift: (i32, i32),
) -> Vec<Layer> {
    let amount = specimen.dials.get(Dial::AlteredValue);
    let count = (amount * values.len() as f32).ceil() as usize;
    let other = Layout::of(specimen.denomination.other());
    let (dx, dy) = (shift.0 as f32 / scale, shift.1 as f32 / scale);
    let mut layers = Vec::new();
    let mut random = Random::new(specimen.seed, "altered");
    let words: Vec<&str> = other.words.split(' ').collect();
    for (i, (id, rect)) in values.iter().take(count).enumerate() {
        let rect = [rect[0] + dx, rect[1] + dy, rect[2], rect[3]];
        let area = grown(rect, 0.5);
        let mut patch = Canvas::new(area, scale);
        patch.paint(area, |_, _| 1.0);
        let ink = Ink::bare(&Paper::new(0.2));
        layers.push(Layer::new("patch", Print::Letterpress, patch, ink, 0.97));
        let mut figure = Canvas::new(grown(area, 0.5), scale);
        let off = [
            rect[0] + random.between(-0.25, 0.25),
            rect[1] + random.between(-0.25, 0.25),
            rect[2],
            rect[3],
        ];
        let pen = Pen {
            thick: 0.24,
            thin: 0.08,
            serif: 0.14,
        };
        let text = if id == "value-words" {
            other.words
        } else if id.starts_with("value-word") {
            words
                .get(i % words.len().max(1))
                .copied()
                .unwrap_or(other.words)
        } else {
            other.numeral
        };
        write_in(
            &mut figure,
            (Face::Display, pen),
            text,
            grown(off, -0.12 * rect[3]),
        );
        let dark = if layout.numeral == "10" {
            0x0020_4a66
        } else {
            0x0055_2a4c
        };
        layers.push(Layer::new(
            "patch-figure",
            Print::Letterpress,
            figure,
            Ink::line(dark, 0.8),
            0.9,
        ));
    }
    layers
}

/// Grey prints that feign a thread and a watermark.
pub(crate) fn printed_security(
    sheet: &mut Sheet,
    specimen: &Specimen,
    side: Side,
    (thread_shift, mark): (f32, &Canvas),
    window: [f32; 4],
) {
    let layout = Layout::of(specimen.denomination);
    let thread = specimen.dials.get(Dial::PrintedThread);
    if thread > 0.0 {
        let x = layout.thread + thread_shift;
        let x = if side == Side::Front {
            x
        } else {
            layout.width - x
        };
        let rect = [x - 0.6, 0.0, 1.2, layout.height];
        let mut canvas = Canvas::new(rect, sheet.scale);
        canvas.paint(rect, |_, _| 0.8);
        let mut letters = Canvas::new(rect, sheet.scale);
        thread_text(
            &mut letters,
            &format!("XTS {}", layout.numeral),
            x,
            side,
            0.0,
            layout.height,
        );
        canvas.clear(rect, |x, y| 0.9 * letters.at(x, y));
        sheet.layers.push(Layer::new(
            "printed-thread",
            Print::Offset,
            canvas,
            Ink::feigned(),
            thread,
        ));
    }
    let watermark = specimen.dials.get(Dial::PrintedWatermark);
    if watermark > 0.0 && side == Side::Front {
        let mut canvas = Canvas::new(grown(window, 0.5), sheet.scale);
        let look = |x: f32, y: f32| (mark.at(x, y) * 255.0 - 128.0) / 127.0;
        canvas.paint(window, |x, y| 0.05 + 0.62 * look(x, y).max(0.0));
        let soft = canvas.plane.blurred((0.08 * sheet.scale) as usize, 2);
        canvas.plane = soft;
        sheet.layers.push(Layer::new(
            "printed-watermark",
            Print::Offset,
            canvas,
            Ink::feigned(),
            watermark,
        ));
    }
}
