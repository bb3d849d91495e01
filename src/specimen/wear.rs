//! What happens to notes in use. Places are drawn from the seed as seen from the front; the back is mirrored.

use std::f32::consts::TAU;
use std::sync::Arc;

use super::canvas::{Canvas, Coverage};
use super::design::spot;
use super::glyphs::{Face, Pen, write, write_level};
use super::ink::{Ink, Paper};
use super::maths::{Random, atan2, clouds, cos, mix, noise, sin, step};
use super::press::{Layer, Sheet};
use super::{Dial, Print, Specimen};
use crate::note::Side;

/// Applies the wear dials.
pub(crate) fn apply(sheet: &mut Sheet, specimen: &Specimen, side: Side) {
    let on = |dial| specimen.dials.get(dial);
    let seed = specimen.seed;
    let (w, h) = (
        sheet.width as f32 / sheet.scale,
        sheet.height as f32 / sheet.scale,
    );
    let note = Note {
        w,
        h,
        back: side == Side::Back,
    };
    fade(sheet, on(Dial::Faded), on(Dial::Washed));
    if on(Dial::Creases) > 0.0 {
        creases(sheet, note, on(Dial::Creases), seed);
    }
    if on(Dial::Soil) > 0.0 {
        soil(sheet, note, on(Dial::Soil), seed);
    }
    if on(Dial::Stain) > 0.0 {
        stain(sheet, note, on(Dial::Stain), seed);
    }
    if side == Side::Front {
        if on(Dial::Writing) > 0.0 {
            writing(sheet, note, on(Dial::Writing), seed);
        }
        if on(Dial::Stamp) > 0.0 {
            stamp(sheet, note, on(Dial::Stamp), seed);
        }
    }
    if on(Dial::Tape) > 0.0 {
        tape(sheet, note, on(Dial::Tape), seed);
    }
    if on(Dial::FoldedCorner) > 0.0 {
        folded_corner(sheet, note, on(Dial::FoldedCorner), seed);
    }
    if on(Dial::Tear) > 0.0 {
        tear(sheet, note, on(Dial::Tear), seed);
    }
    if on(Dial::Hole) > 0.0 {
        hole(sheet, note, on(Dial::Hole), seed);
    }
}

/// Size of the note in mm and which side is up.
#[derive(Debug, Clone, Copy)]
struct Note {
    w: f32,
    h: f32,
    back: bool,
}

impl Note {
    /// A place on the front, as seen on this side (and the reverse: it is its own inverse).
    fn x(self, x: f32) -> f32 {
        if self.back { self.w - x } else { x }
    }

    fn whole(self) -> [f32; 4] {
        [0.0, 0.0, self.w, self.h]
    }
}

fn fade(sheet: &mut Sheet, faded: f32, washed: f32) {
    for layer in sheet.layers.iter_mut().filter(|l| l.is_print()) {
        let loss = match layer.print {
            Print::Intaglio => 0.22,
            Print::Fluorescent => 0.5,
            _ => 0.40,
        };
        layer.strength *= (1.0 - 0.5 * faded) * (1.0 - loss * washed);
    }
    if washed > 0.0 {
        sheet.rough += 1.8 * washed;
        let bright = Paper::new(1.0);
        let blend = |a: [f32; 3], b: [f32; 3], t: f32| [0, 1, 2].map(|c| mix(a[c], b[c], t));
        sheet.paper.visible = blend(sheet.paper.visible, bright.visible, 0.35 * washed);
        sheet.paper.ultraviolet = blend(sheet.paper.ultraviolet, bright.ultraviolet, 0.45 * washed);
    }
}

fn push(sheet: &mut Sheet, name: &'static str, canvas: Canvas, ink: Ink, strength: f32) {
    sheet
        .layers
        .push(Layer::new(name, Print::Paper, canvas, ink, strength));
}

fn creases(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    let mut random = Random::new(seed, "creases");
    let count = 2 + (12.0 * amount) as usize;
    let mut rubbed = Canvas::new(note.whole(), sheet.scale);
    let mut dirt = Canvas::new(note.whole(), sheet.scale);
    for k in 0..count {
        // The first two are the folds of a wallet, the others fall anywhere.
        let (from, to) = match k {
            0 => (
                (0.5 * note.w + random.between(-4.0, 4.0), 0.0),
                (0.5 * note.w + random.between(-4.0, 4.0), note.h),
            ),
            1 => (
                (0.0, 0.5 * note.h + random.between(-3.0, 3.0)),
                (note.w, 0.5 * note.h + random.between(-3.0, 3.0)),
            ),
            _ => {
                let (x, y) = (random.between(0.0, note.w), random.between(0.0, note.h));
                let (a, r) = (random.between(0.0, TAU), random.between(8.0, 32.0));
                (
                    (x - r * cos(a), y - r * sin(a)),
                    (x + r * cos(a), y + r * sin(a)),
                )
            }
        };
        let key = seed.wrapping_add(k as u64);
        let weight = random.between(0.5, 1.0) * if k < 2 { 1.0 } else { 0.75 };
        let at = |t: f32, off: f32| {
            let wander = 0.35 * clouds(key, 9.0 * t, 0.5) + off;
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let n = (dx * dx + dy * dy).sqrt().max(1e-3);
            (
                note.x(from.0 + dx * t - dy / n * wander),
                from.1 + dy * t + dx / n * wander,
            )
        };
        let steps = 160;
        for i in 0..steps {
            let (t, u) = (i as f32 / steps as f32, (i + 1) as f32 / steps as f32);
            let worn = (0.55 + 0.9 * noise(key ^ 7, 40.0 * t, 0.0)).clamp(0.0, 1.0) * weight;
            if worn > 0.1 {
                rubbed.segment(at(t, 0.0), at(u, 0.0), 0.30 * worn * (0.5 + 0.5 * amount));
            }
            dirt.segment(at(t, 0.22), at(u, 0.22), 0.20 * weight);
        }
    }
    let dirt_soft = dirt.plane.blurred((0.06 * sheet.scale) as usize, 1);
    dirt.plane = dirt_soft;
    push(
        sheet,
        "crease-rubbed",
        rubbed,
        Ink::bare(&sheet.paper.clone()),
        0.35 + 0.45 * amount,
    );
    push(sheet, "crease-dirt", dirt, Ink::soil(), 0.3 + 0.6 * amount);
}

fn soil(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    // Dirt is smooth: a grid of 0.8 mm holds it.
    let step_px = (0.8 * sheet.scale) as usize;
    let (columns, rows) = (sheet.width / step_px + 2, sheet.height / step_px + 2);
    let key = Random::new(seed, "soil").word();
    let mut grid = Vec::with_capacity(columns * rows);
    for j in 0..rows {
        for i in 0..columns {
            let (x, y) = (note.x(i as f32 * 0.8), j as f32 * 0.8);
            let edge = x.min(y).min(note.w - x).min(note.h - y).max(0.0);
            let fold = spot(x - 0.5 * note.w, 3.0);
            let patch = clouds(key, x / 16.0, y / 16.0);
            grid.push(amount * (0.36 + 0.26 * patch + 0.26 * spot(edge, 3.2) + 0.12 * fold));
        }
    }
    let mut plane = Coverage::blank(sheet.width, sheet.height);
    for (y, row) in plane.data.chunks_exact_mut(sheet.width.max(1)).enumerate() {
        let (j, fy) = (y / step_px, (y % step_px) as f32 / step_px as f32);
        for (i, chunk) in row.chunks_mut(step_px).enumerate() {
            let at = |i: usize, j: usize| grid.get(j * columns + i).copied().unwrap_or(0.0);
            let (l, r) = (
                mix(at(i, j), at(i, j + 1), fy),
                mix(at(i + 1, j), at(i + 1, j + 1), fy),
            );
            for (k, v) in chunk.iter_mut().enumerate() {
                *v = (255.0 * mix(l, r, k as f32 / step_px as f32).clamp(0.0, 1.0)) as u8;
            }
        }
    }
    sheet.rough += 0.5 * amount;
    sheet.layers.push(Layer {
        plane: Arc::new(plane),
        left: 0,
        top: 0,
        inks: vec![(0.0, Ink::soil())],
        strength: 1.0,
        print: Print::Paper,
        name: "soil",
    });
}

fn stain(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    let mut random = Random::new(seed, "stain");
    let r = 2.0 + 12.0 * amount;
    let (cx, cy) = (
        note.x(random.between(0.2, 0.8) * note.w),
        random.between(0.2, 0.8) * note.h,
    );
    let colour = [0x00c9_a06a, 0x00c0_7a8a, 0x008f_a3d0][random.below(3) as usize];
    let key = random.word();
    let area = [cx - 1.3 * r, cy - 1.3 * r, 2.6 * r, 2.6 * r];
    let mut canvas = Canvas::new(area, sheet.scale);
    canvas.paint(area, |x, y| {
        let (dx, dy) = (x - cx, y - cy);
        let rho = (dx * dx + dy * dy).sqrt();
        let edge = r
            * (0.92
                + 0.14
                    * noise(
                        key,
                        1.4 * cos(atan2(dy, dx)) + 5.0,
                        1.4 * sin(atan2(dy, dx)) + 5.0,
                    ));
        let d = edge - rho;
        if d < 0.0 {
            0.0
        } else {
            0.42 + 0.12 * noise(key ^ 3, x / 4.0, y / 4.0) + 0.5 * spot(d, 0.45)
        }
    });
    let through = if note.back { 0.55 } else { 1.0 };
    push(
        sheet,
        "stain",
        canvas,
        Ink::spill(colour),
        through * (0.5 + 0.5 * amount),
    );
}

fn writing(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    let mut random = Random::new(seed, "writing");
    let mut canvas = Canvas::new(note.whole(), sheet.scale);
    let (mut x, mut y) = (
        random.between(0.12, 0.45) * note.w,
        random.between(0.3, 0.6) * note.h,
    );
    let (start, slope) = (x, random.between(-0.12, 0.12));
    let letters = 3 + (17.0 * amount) as usize;
    let size = random.between(2.2, 3.4);
    let mut last = (x, y);
    for letter in 0..letters {
        let (wide, tall, loops) = (
            random.between(0.5, 1.0) * size,
            random.between(0.4, 1.35) * size,
            random.between(0.5, 1.6),
        );
        let gap = letter % 6 == 5;
        for i in 0..=24 {
            let t = i as f32 / 24.0;
            let a = TAU * loops * t;
            let next = (
                x + wide * t + 0.30 * wide * sin(a) * t,
                y + slope * (x - start) - 0.5 * tall * (1.0 - cos(a)) * (1.0 - 0.3 * t),
            );
            if i > 0 || !gap && letter > 0 {
                canvas.segment(
                    last,
                    next,
                    0.30 + 0.06 * noise(seed, 9.0 * t, letter as f32),
                );
            }
            last = next;
        }
        x += wide + if gap { 0.9 * size } else { 0.1 * size };
        if gap {
            last = (x, y + slope * (x - start));
        }
        if x > 0.86 * note.w {
            (x, y) = (start, y + 1.8 * size);
            last = (x, y);
        }
    }
    push(
        sheet,
        "writing",
        canvas,
        Ink::line(
            [0x0022_2f8f, 0x0022_2224, 0x00a0_2a2a][random.below(3) as usize],
            0.08,
        ),
        0.88,
    );
}

fn stamp(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    let mut random = Random::new(seed, "stamp");
    let (cx, cy) = (
        random.between(0.25, 0.75) * note.w,
        random.between(0.35, 0.65) * note.h,
    );
    let r = 10.5;
    let turn = random.between(-0.5, 0.5);
    let area = [cx - r - 1.0, cy - r - 1.0, 2.0 * r + 2.0, 2.0 * r + 2.0];
    let mut canvas = Canvas::new(area, sheet.scale);
    for (radius, width) in [(r, 0.6), (0.66 * r, 0.3)] {
        canvas.curve(300, width, |t| {
            (cx + radius * cos(TAU * t), cy + radius * sin(TAU * t))
        });
    }
    let pen = Pen {
        thick: 0.18,
        thin: 0.15,
        serif: 0.0,
    };
    let h = 0.19 * r;
    write(
        &mut canvas,
        (Face::Display, pen),
        "BRANCH 07 - PAID - ",
        h,
        |along, up| {
            let a = along / (0.80 * r) + turn - 2.6;
            let rho = 0.74 * r + up;
            (cx + rho * cos(a), cy + rho * sin(a))
        },
    );
    write_level(
        &mut canvas,
        (Face::Display, pen),
        "12.03",
        0.26 * r,
        (cx - 0.50 * r, cy + 0.13 * r),
    );
    let key = random.word();
    canvas.clear(area, |x, y| {
        step(
            -0.15,
            0.75,
            noise(key, x / 1.7, y / 1.7) + 0.5 * noise(key, 6.0 * x, 6.0 * y),
        )
    });
    push(
        sheet,
        "stamp",
        canvas,
        Ink::line([0x00b8_2030, 0x0030_3f9f][random.below(2) as usize], 0.15),
        0.25 + 0.65 * amount,
    );
}

fn tape(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    let mut random = Random::new(seed, "tape");
    let wide = random.between(12.0, 18.0);
    let (x, lean) = (
        random.between(0.2, 0.75) * note.w,
        random.between(-0.08, 0.08),
    );
    let mut canvas = Canvas::new(note.whole(), sheet.scale);
    canvas.paint(note.whole(), |px, y| {
        let d = (note.x(px) - x - lean * y).abs() - 0.5 * wide;
        let shine = 0.10 * noise(seed ^ 5, px / 9.0, y / 1.3);
        step(0.05, -0.05, d) * (0.82 + shine) + 0.18 * spot(d, 0.12)
    });
    let strength = if note.back { 0.25 } else { 1.0 };
    push(
        sheet,
        "tape",
        canvas,
        Ink::tape(),
        strength * (0.3 + 0.7 * amount),
    );
}

/// Takes paper away where `gone(x, y)` (front, mm) is positive; it is a distance in mm, for a smooth edge.
fn cut(sheet: &mut Sheet, note: Note, area: [f32; 4], gone: impl Fn(f32, f32) -> f32) {
    let mut canvas = Canvas::new([0.0, 0.0, 0.1, 0.1], sheet.scale);
    canvas.plane = Coverage::blank(sheet.width, sheet.height);
    (canvas.left, canvas.top) = (0, 0);
    let area = if note.back {
        [note.w - area[0] - area[2], area[1], area[2], area[3]]
    } else {
        area
    };
    let scale = sheet.scale;
    canvas.paint(area, |x, y| gone(note.x(x), y) * scale + 0.5);
    let there = sheet.presence.get_or_insert_with(|| {
        let mut all = Coverage::blank(sheet.width, sheet.height);
        all.data.fill(255);
        all
    });
    there
        .data
        .iter_mut()
        .zip(&canvas.plane.data)
        .for_each(|(v, g)| *v = (*v).min(255 - g));
}

fn folded_corner(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    let mut random = Random::new(seed, "corner");
    let (right, below) = (random.unit() < 0.5, random.unit() < 0.5);
    let (a, b) = (
        16.0 * amount * random.between(0.7, 1.0),
        16.0 * amount * random.between(0.7, 1.0),
    );
    let x0 = if right { note.w - a } else { 0.0 };
    let y0 = if below { note.h - b } else { 0.0 };
    let n = (1.0 / (a * a) + 1.0 / (b * b)).sqrt();
    cut(sheet, note, [x0, y0, a, b], |x, y| {
        let dx = if right { note.w - x } else { x };
        let dy = if below { note.h - y } else { y };
        (1.0 - dx / a - dy / b) / n
    });
}

fn tear(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    let mut random = Random::new(seed, "tear");
    let long = 3.0 + 19.0 * amount;
    let (x, top) = (random.between(0.15, 0.85) * note.w, random.unit() < 0.5);
    let (lean, gape) = (
        random.between(-0.5, 0.5),
        random.between(0.5, 1.0) * (0.3 + amount),
    );
    let key = random.word();
    let middle = move |d: f32| {
        x + lean * d + 0.6 * clouds(key, d / 3.0, 0.0) + 0.16 * noise(key, 3.0 * d, 1.0)
    };
    let area = [x - 14.0, if top { 0.0 } else { note.h - long }, 28.0, long];
    let depth = move |y: f32| if top { y } else { note.h - y };
    // Torn fibres show white beside the gap.
    let mut white = Canvas::new(area, sheet.scale);
    white.paint(area, |px, y| {
        let d = depth(y);
        step(
            0.55,
            0.1,
            (note.x(px) - middle(d)).abs() - gape * (1.0 - d / long),
        ) * step(long, 0.8 * long, d)
    });
    if !note.back {
        push(
            sheet,
            "tear-fibres",
            white,
            Ink::bare(&sheet.paper.clone()),
            0.75,
        );
    }
    cut(sheet, note, area, |px, y| {
        let d = depth(y);
        gape * (1.0 - d / long) - (px - middle(d)).abs()
    });
}

fn hole(sheet: &mut Sheet, note: Note, amount: f32, seed: u64) {
    let mut random = Random::new(seed, "hole");
    let r = 0.5 + 3.5 * amount;
    let (cx, cy) = (
        random.between(0.12, 0.88) * note.w,
        random.between(0.15, 0.85) * note.h,
    );
    let key = random.word();
    cut(
        sheet,
        note,
        [cx - 1.3 * r, cy - 1.3 * r, 2.6 * r, 2.6 * r],
        |x, y| {
            let (dx, dy) = (x - cx, y - cy);
            let a = atan2(dy, dx);
            r * (1.0 + 0.13 * noise(key, 2.0 * cos(a) + 3.0, 2.0 * sin(a) + 3.0))
                - (dx * dx + dy * dy).sqrt()
        },
    );
}
