//! Pictures drawn by code: notes of no country, papers, textures, scenes, and the bed they lie on.

use std::f32::consts::TAU;

use image::{GrayImage, Luma, Rgb, RgbImage};
use imageproc::drawing::{
    draw_antialiased_line_segment_mut, draw_filled_circle_mut, draw_filled_ellipse_mut,
    draw_filled_rect_mut, draw_hollow_ellipse_mut, draw_hollow_rect_mut, draw_polygon_mut,
};
use imageproc::geometric_transformations::{Border, Interpolation, Projection, warp_into};
use imageproc::pixelops::interpolate;
use imageproc::point::Point;
use imageproc::rect::Rect;

use super::random::Random;

pub type Colour = Rgb<u8>;

pub const WHITE: Colour = Rgb([255, 255, 255]);
pub const BLACK: Colour = Rgb([12, 12, 14]);

pub fn any_colour(random: &mut Random) -> Colour {
    Rgb([0; 3].map(|_: u8| random.whole(0, 255) as u8))
}

fn ink(random: &mut Random) -> Colour {
    Rgb([0; 3].map(|_: u8| random.whole(10, 130) as u8))
}

pub fn paper(random: &mut Random) -> Colour {
    let grey = random.whole(215, 250);
    let tint = random.whole(-12, 12);
    Rgb([grey, grey - tint.abs() / 3, grey - tint].map(|v| v.clamp(0, 255) as u8))
}

fn rect(canvas: &mut RgbImage, [x, y, w, h]: [i32; 4], colour: Colour) {
    if w > 0 && h > 0 {
        draw_filled_rect_mut(canvas, Rect::at(x, y).of_size(w as u32, h as u32), colour);
    }
}

fn frame(canvas: &mut RgbImage, [x, y, w, h]: [i32; 4], colour: Colour) {
    if w > 0 && h > 0 {
        draw_hollow_rect_mut(canvas, Rect::at(x, y).of_size(w as u32, h as u32), colour);
    }
}

fn line(canvas: &mut RgbImage, from: (f32, f32), to: (f32, f32), colour: Colour) {
    let whole = |p: (f32, f32)| (p.0.round() as i32, p.1.round() as i32);
    draw_antialiased_line_segment_mut(canvas, whole(from), whole(to), colour, interpolate);
}

fn curve(canvas: &mut RgbImage, points: impl Iterator<Item = (f32, f32)>, colour: Colour) {
    let mut last: Option<(f32, f32)> = None;
    for point in points {
        if let Some(last) = last {
            line(canvas, last, point, colour);
        }
        last = Some(point);
    }
}

/// A figure of seven strokes.
fn figure(canvas: &mut RgbImage, digit: i32, [x, y, w, h]: [i32; 4], colour: Colour) {
    const STROKES: [u8; 10] = [0x77, 0x24, 0x5D, 0x6D, 0x2E, 0x6B, 0x7B, 0x25, 0x7F, 0x6F];
    let bits = STROKES[digit.rem_euclid(10) as usize];
    let t = (w / 4).max(1);
    let half = h / 2;
    for (bit, stroke) in [
        [x, y, w, t],
        [x, y, t, half],
        [x + w - t, y, t, half],
        [x, y + half - t / 2, w, t],
        [x, y + half, t, h - half],
        [x + w - t, y + half, t, h - half],
        [x, y + h - t, w, t],
    ]
    .into_iter()
    .enumerate()
    {
        if bits >> bit & 1 == 1 {
            rect(canvas, stroke, colour);
        }
    }
}

fn number(
    canvas: &mut RgbImage,
    random: &mut Random,
    figures: i32,
    [x, y, w, h]: [i32; 4],
    colour: Colour,
) {
    for k in 0..figures {
        let digit = random.whole(0, 9);
        figure(canvas, digit, [x + k * (w + w / 3 + 1), y, w, h], colour);
    }
}

/// A line of strokes with the rhythm of text.
pub fn text_line(
    canvas: &mut RgbImage,
    random: &mut Random,
    [x, y, w, h]: [i32; 4],
    colour: Colour,
) {
    let mut at = x;
    while at < x + w {
        for _ in 0..random.whole(2, 9) {
            let width = random.whole(h / 3, h * 2 / 3).max(1);
            if at + width > x + w {
                return;
            }
            let tall = if random.chance(0.25) { h } else { h * 7 / 10 };
            let top = y + h - tall;
            match random.whole(0, 3) {
                0 => frame(canvas, [at, top, width, tall], colour),
                1 => {
                    rect(canvas, [at, top, (h / 7).max(1), tall], colour);
                    rect(canvas, [at, top, width, (h / 7).max(1)], colour);
                }
                2 => line(
                    canvas,
                    (at as f32, top as f32),
                    ((at + width) as f32, (top + tall) as f32),
                    colour,
                ),
                _ => {
                    rect(canvas, [at, top, (h / 7).max(1), tall], colour);
                    let right = at + width - (h / 7).max(1);
                    rect(canvas, [right, top, (h / 7).max(1), tall], colour);
                    rect(canvas, [at, y + h - 1, width, (h / 7).max(1)], colour);
                }
            }
            at += width + (h / 6).max(1);
        }
        at += h / 2;
    }
}

pub fn rosette(
    canvas: &mut RgbImage,
    (cx, cy): (f32, f32),
    radius: f32,
    lobes: f32,
    depth: f32,
    colour: Colour,
) {
    for ring in 0..4 {
        let phase = ring as f32 * 0.4;
        let points = (0..=360).map(move |step| {
            let angle = (step as f32).to_radians();
            let r = radius * (1.0 - depth / 2.0 + depth / 2.0 * (lobes * angle + phase).sin());
            (cx + r * angle.cos(), cy + r * angle.sin())
        });
        curve(canvas, points, colour);
    }
}

/// Interlaced waves along a band.
pub fn guilloche_band(canvas: &mut RgbImage, [x, y, w, h]: [i32; 4], period: f32, colour: Colour) {
    let across = w >= h;
    let (long, short) = if across { (w, h) } else { (h, w) };
    for strand in 0..4 {
        let phase = strand as f32 * TAU / 4.0;
        let points = (0..=long).step_by(3).map(move |t| {
            let swing = (t as f32 / period * TAU + phase).sin();
            let s = short as f32 / 2.0 * (1.0 + 0.9 * swing);
            if across {
                (x as f32 + t as f32, y as f32 + s)
            } else {
                (x as f32 + s, y as f32 + t as f32)
            }
        });
        curve(canvas, points, colour);
    }
}

/// A head in an oval, shaded by strokes.
pub fn portrait(
    canvas: &mut RgbImage,
    random: &mut Random,
    centre: (i32, i32),
    size: i32,
    colour: Colour,
) {
    let (cx, cy) = centre;
    let skin = Rgb([0; 3].map(|_: u8| random.whole(150, 230) as u8));
    draw_hollow_ellipse_mut(canvas, centre, size, size * 5 / 4, colour);
    draw_filled_ellipse_mut(canvas, (cx, cy + size), size * 7 / 10, size / 3, colour);
    draw_filled_ellipse_mut(
        canvas,
        (cx, cy - size / 5),
        size * 6 / 10,
        size * 8 / 10,
        colour,
    );
    draw_filled_ellipse_mut(canvas, (cx, cy), size / 2, size * 7 / 10, skin);
    for side in [-1, 1] {
        draw_filled_circle_mut(
            canvas,
            (cx + side * size / 5, cy - size / 8),
            (size / 14).max(1),
            colour,
        );
    }
    rect(
        canvas,
        [cx - size / 20, cy - size / 10, (size / 10).max(1), size / 4],
        colour,
    );
    rect(
        canvas,
        [
            cx - size / 5,
            cy + size / 3,
            size * 2 / 5,
            (size / 16).max(1),
        ],
        colour,
    );
    for k in 0..size / 3 {
        let y = cy - size + k * 6;
        let reach = random.between(0.3, 0.95) * size as f32;
        line(
            canvas,
            (cx as f32 - reach, y as f32),
            (cx as f32 - reach * 0.5, y as f32 + 4.0),
            colour,
        );
    }
}

/// Something made like a banknote, of no country: borders, numerals, a portrait, rosettes, text, seals.
pub fn note_like(seed: u64, width: i32, height: i32) -> RgbImage {
    let mut random = Random::new(seed);
    let random = &mut random;
    let mut canvas = RgbImage::from_pixel(width as u32, height as u32, paper(random));
    let main = ink(random);
    let second = ink(random);
    let light = Rgb(main.0.map(|v| 255 - (255 - v) / 4));
    let (w, h) = (width as f32, height as f32);
    for k in 0..random.whole(6, 24) {
        let (amplitude, base) = (random.between(0.02, 0.2) * h, k as f32 / 20.0 * h);
        let period = random.between(0.1, 0.7) * w;
        let points = (0..width)
            .step_by(6)
            .map(move |x| (x as f32, base + amplitude * (x as f32 / period * TAU).sin()));
        curve(&mut canvas, points, light);
    }
    let margin = (h * random.between(0.03, 0.09)) as i32;
    let band = (h * random.between(0.05, 0.14)) as i32;
    let period = random.between(0.04, 0.12) * w;
    guilloche_band(
        &mut canvas,
        [margin, margin, width - 2 * margin, band],
        period,
        main,
    );
    guilloche_band(
        &mut canvas,
        [margin, height - margin - band, width - 2 * margin, band],
        period,
        main,
    );
    if random.chance(0.6) {
        guilloche_band(
            &mut canvas,
            [margin, margin, band, height - 2 * margin],
            period,
            main,
        );
        guilloche_band(
            &mut canvas,
            [width - margin - band, margin, band, height - 2 * margin],
            period,
            main,
        );
    }
    if random.chance(0.9) {
        let x = (w * random.pick(&[0.22, 0.5, 0.5, 0.75, 0.8])) as i32;
        let size = (h * random.between(0.18, 0.32)) as i32;
        portrait(&mut canvas, random, (x, height / 2), size, main);
    }
    for _ in 0..random.whole(1, 4) {
        let centre = (random.between(0.1, 0.9) * w, random.between(0.3, 0.7) * h);
        let (radius, lobes) = (random.between(0.1, 0.3) * h, random.whole(5, 24) as f32);
        rosette(
            &mut canvas,
            centre,
            radius,
            lobes,
            random.between(0.2, 0.8),
            second,
        );
    }
    let (fw, fh) = ((w * 0.03) as i32, (h * random.between(0.12, 0.22)) as i32);
    let places = [
        [margin + band, margin + band / 2],
        [width - margin - band - 3 * fw, margin + band / 2],
        [margin + band, height - margin - band / 2 - fh],
        [
            width - margin - band - 3 * fw,
            height - margin - band / 2 - fh,
        ],
    ];
    for [x, y] in places {
        if random.chance(0.75) {
            number(&mut canvas, random, 2, [x, y, fw, fh], main);
        }
    }
    for _ in 0..random.whole(2, 5) {
        let size = (h * random.between(0.03, 0.09)) as i32;
        let area = [
            (w * random.between(0.1, 0.5)) as i32,
            (h * random.between(0.12, 0.8)) as i32,
            (w * random.between(0.2, 0.45)) as i32,
            size,
        ];
        text_line(&mut canvas, random, area, main);
    }
    for _ in 0..random.whole(0, 2) {
        let centre = (
            (w * random.between(0.15, 0.85)) as i32,
            (h * random.between(0.35, 0.65)) as i32,
        );
        let radius = (h * random.between(0.07, 0.13)) as i32;
        draw_filled_circle_mut(&mut canvas, centre, radius, second);
        draw_filled_circle_mut(&mut canvas, centre, radius * 7 / 10, light);
    }
    canvas
}

/// Lines of text on a page, with what else pages have.
pub fn document(seed: u64, width: i32, height: i32) -> RgbImage {
    let mut random = Random::new(seed);
    let random = &mut random;
    let mut page = RgbImage::from_pixel(width as u32, height as u32, paper(random));
    let colour = ink(random);
    let size = random.whole(7, 16);
    let margin = width / 12;
    let columns = random.whole(1, 2);
    let column = (width - 2 * margin) / columns;
    for c in 0..columns {
        let mut y = margin;
        while y < height - margin {
            if random.chance(0.08) {
                y += size * 2;
            } else if random.chance(0.05) {
                text_line(
                    &mut page,
                    random,
                    [margin + c * column, y, column / 2, size * 2],
                    colour,
                );
                y += size * 4;
            } else {
                let w = if random.chance(0.15) {
                    column / 2
                } else {
                    column - size
                };
                text_line(&mut page, random, [margin + c * column, y, w, size], colour);
                y += size * 17 / 10;
            }
        }
    }
    page
}

/// Fields with labels, boxes to tick, lines to sign.
pub fn form(seed: u64, width: i32, height: i32) -> RgbImage {
    let mut random = Random::new(seed);
    let random = &mut random;
    let mut page = RgbImage::from_pixel(width as u32, height as u32, paper(random));
    let colour = ink(random);
    let row = height / random.whole(6, 14);
    for r in 0..height / row {
        let y = r * row + row / 4;
        let split = random.whole(width / 4, width * 3 / 4);
        text_line(
            &mut page,
            random,
            [width / 20, y, split / 2, (row / 5).max(5)],
            colour,
        );
        frame(
            &mut page,
            [split, y - row / 8, width * 19 / 20 - split, row * 3 / 4],
            colour,
        );
        if random.chance(0.5) {
            text_line(
                &mut page,
                random,
                [split + 6, y, (width - split) / 2, (row / 3).max(6)],
                colour,
            );
        }
        if random.chance(0.4) {
            rect(&mut page, [width / 40, y, row / 4, row / 4], colour);
        }
    }
    page
}

pub fn table(seed: u64, width: i32, height: i32) -> RgbImage {
    let mut random = Random::new(seed);
    let random = &mut random;
    let mut page = RgbImage::from_pixel(width as u32, height as u32, paper(random));
    let colour = ink(random);
    let (columns, rows) = (random.whole(3, 8), random.whole(5, 18));
    let (cw, ch) = (width * 9 / 10 / columns, height * 9 / 10 / rows);
    for r in 0..rows {
        for c in 0..columns {
            let (x, y) = (width / 20 + c * cw, height / 20 + r * ch);
            if r == 0 {
                rect(&mut page, [x, y, cw, ch], Rgb([190, 200, 215]));
            }
            frame(&mut page, [x, y, cw, ch], colour);
            let size = (ch / 2).clamp(4, 18);
            if random.chance(0.5) {
                let figures = random.whole(1, 4);
                number(
                    &mut page,
                    random,
                    figures,
                    [x + 4, y + ch / 4, size * 2 / 3, size],
                    colour,
                );
            } else {
                text_line(
                    &mut page,
                    random,
                    [x + 4, y + ch / 4, cw * 2 / 3, size],
                    colour,
                );
            }
        }
    }
    page
}

/// Fractal noise (value noise, octaves halving), 0..=1.
fn fractal(seed: u64, width: u32, height: u32, cell: f32, octaves: u32, stretch: f32) -> Vec<f32> {
    let lattice = |octave: u32, x: i32, y: i32| {
        Random::new(
            seed ^ (u64::from(octave) << 56)
                ^ ((x as u32 as u64) << 24)
                ^ (y as u32 as u64 & 0xFF_FFFF),
        )
        .unit()
    };
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let mut out = vec![0.0; (width * height) as usize];
    let mut norm = 0.0;
    for octave in 0..octaves {
        let size = cell / 2f32.powi(octave as i32);
        let weight = 0.5f32.powi(octave as i32);
        norm += weight;
        let columns = (width as f32 / size / stretch) as usize + 2;
        let rows = (height as f32 / size) as usize + 2;
        let nodes: Vec<f32> = (0..rows * columns)
            .map(|k| lattice(octave, (k % columns) as i32, (k / columns) as i32))
            .collect();
        for y in 0..height {
            let v = y as f32 / size;
            let (j, t) = (v as usize, smooth(v.fract()));
            for x in 0..width {
                let u = x as f32 / size / stretch;
                let (i, s) = (u as usize, smooth(u.fract()));
                let at = |di: usize, dj: usize| nodes[(j + dj) * columns + i + di];
                let value = (at(0, 0) * (1.0 - s) + at(1, 0) * s) * (1.0 - t)
                    + (at(0, 1) * (1.0 - s) + at(1, 1) * s) * t;
                out[(y * width + x) as usize] += weight * value;
            }
        }
    }
    out.iter_mut().for_each(|v| *v /= norm);
    out
}

fn blend(a: Colour, b: Colour, t: f32) -> Colour {
    Rgb([0, 1, 2].map(|c| (f32::from(a.0[c]) * (1.0 - t) + f32::from(b.0[c]) * t) as u8))
}

/// Cloth, stone, wood: fractal noise between two colours, stretched or not.
pub fn texture(seed: u64, width: u32, height: u32, stretch: f32) -> RgbImage {
    let mut random = Random::new(seed);
    let (a, b) = (any_colour(&mut random), any_colour(&mut random));
    let values = fractal(seed, width, height, random.between(6.0, 120.0), 5, stretch);
    let rings = if stretch > 1.0 {
        random.between(2.0, 9.0)
    } else {
        1.0
    };
    RgbImage::from_fn(width, height, |x, y| {
        let v = values[(y * width + x) as usize] * rings;
        blend(
            a,
            b,
            if rings > 1.0 {
                v.fract()
            } else {
                ((v - 0.25) * 2.0).clamp(0.0, 1.0)
            },
        )
    })
}

/// A landscape: sky, ridges one behind the other, a sun, sometimes trees or houses.
pub fn landscape(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut random = Random::new(seed);
    let random = &mut random;
    let sky = (any_colour(random), any_colour(random));
    let clouds = fractal(seed, width, height, 90.0, 5, 2.0);
    let mut picture = RgbImage::from_fn(width, height, |x, y| {
        let t = y as f32 / height as f32;
        blend(
            blend(sky.0, sky.1, t),
            WHITE,
            (clouds[(y * width + x) as usize] - 0.5).max(0.0),
        )
    });
    let sun = (
        random.whole(0, width as i32),
        random.whole(0, height as i32 / 2),
    );
    draw_filled_circle_mut(
        &mut picture,
        sun,
        random.whole(10, 60),
        Rgb([250, 240, 200]),
    );
    for layer in 0..random.whole(2, 5) {
        let ridge = fractal(
            seed + 31 + layer as u64,
            width,
            1,
            width as f32 / 4.0,
            7,
            1.0,
        );
        let near = any_colour(random);
        let base = height as f32 * (0.3 + 0.15 * layer as f32);
        let ground = fractal(seed + 77 + layer as u64, width, height, 12.0, 3, 1.0);
        for x in 0..width {
            let top = base + (ridge[x as usize] - 0.5) * height as f32 * 0.5;
            for y in (top.max(0.0) as u32)..height {
                let shade = ground[(y * width + x) as usize] * 0.5;
                picture.put_pixel(x, y, blend(near, BLACK, shade));
            }
        }
    }
    for _ in 0..random.whole(0, 25) {
        let (x, y) = (
            random.whole(0, width as i32),
            random.whole(height as i32 / 2, height as i32),
        );
        let size = random.whole(8, 60);
        let colour = any_colour(random);
        if random.chance(0.5) {
            rect(&mut picture, [x, y - size, size * 2 / 3, size], colour);
        } else {
            let corner = |dx: i32, dy: i32| Point::new(x + dx, y + dy);
            draw_polygon_mut(
                &mut picture,
                &[corner(0, -size), corner(size / 2, 0), corner(-size / 2, 0)],
                colour,
            );
        }
    }
    picture
}

/// One or several heads before a background.
pub fn faces(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut picture = texture(seed + 5, width, height, 1.0);
    let mut random = Random::new(seed);
    for _ in 0..random.whole(1, 5) {
        let centre = (
            random.whole(0, width as i32),
            random.whole(height as i32 / 4, height as i32),
        );
        let size = random.whole(height as i32 / 8, height as i32 / 3);
        let colour = ink(&mut random);
        portrait(&mut picture, &mut random, centre, size, colour);
    }
    picture
}

pub fn checkerboard(width: u32, height: u32, cell: u32, a: Colour, b: Colour) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        if (x / cell + y / cell).is_multiple_of(2) {
            a
        } else {
            b
        }
    })
}

pub fn bricks(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut random = Random::new(seed);
    let (stone, joint) = (any_colour(&mut random), paper(&mut random));
    let (bw, bh) = (random.whole(40, 120) as u32, random.whole(16, 45) as u32);
    let grain = fractal(seed, width, height, 9.0, 3, 1.0);
    RgbImage::from_fn(width, height, |x, y| {
        let row = y / bh;
        let shifted = x + (row % 2) * bw / 2;
        if y % bh < 3 || shifted % bw < 3 {
            joint
        } else {
            let own = Random::new(seed ^ u64::from(row * 977 + shifted / bw)).unit() * 0.3;
            blend(stone, BLACK, own + 0.3 * grain[(y * width + x) as usize])
        }
    })
}

pub fn gradient(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut random = Random::new(seed);
    let (a, b) = (any_colour(&mut random), any_colour(&mut random));
    let angle = random.between(0.0, TAU);
    let radial = random.chance(0.4);
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (
            x as f32 / width as f32 - 0.5,
            y as f32 / height as f32 - 0.5,
        );
        let t = if radial {
            u.hypot(v) * 1.4
        } else {
            u * angle.cos() + v * angle.sin() + 0.5
        };
        blend(a, b, t.clamp(0.0, 1.0))
    })
}

pub fn noise(seed: u64, width: u32, height: u32, colour: bool) -> RgbImage {
    let mut random = Random::new(seed);
    RgbImage::from_fn(width, height, |_, _| {
        if colour {
            any_colour(&mut random)
        } else {
            Rgb([random.whole(0, 255) as u8; 3])
        }
    })
}

/// A business card: a mark, a name, lines of text.
pub fn card(seed: u64, width: i32, height: i32) -> RgbImage {
    let mut random = Random::new(seed);
    let random = &mut random;
    let ground = if random.chance(0.6) {
        paper(random)
    } else {
        any_colour(random)
    };
    let mut card = RgbImage::from_pixel(width as u32, height as u32, ground);
    let colour = ink(random);
    let mark = (random.whole(width / 10, width * 9 / 10), height / 4);
    match random.whole(0, 2) {
        0 => draw_filled_circle_mut(&mut card, mark, height / 7, any_colour(random)),
        1 => rect(
            &mut card,
            [mark.0, mark.1, height / 5, height / 5],
            any_colour(random),
        ),
        _ => rosette(
            &mut card,
            (mark.0 as f32, mark.1 as f32),
            height as f32 / 5.0,
            8.0,
            0.5,
            colour,
        ),
    }
    text_line(
        &mut card,
        random,
        [width / 12, height / 2, width / 2, height / 9],
        colour,
    );
    for k in 0..random.whole(1, 4) {
        let w = random.whole(width / 4, width * 2 / 3);
        text_line(
            &mut card,
            random,
            [width / 12, height * (66 + 8 * k) / 100, w, height / 18],
            colour,
        );
    }
    if random.chance(0.3) {
        rect(
            &mut card,
            [0, height * 4 / 5, width, height / 10],
            any_colour(random),
        );
    }
    card
}

/// A ticket or coupon: a patterned border, a value, a bar code, a line to tear along.
pub fn ticket(seed: u64, width: i32, height: i32) -> RgbImage {
    let mut random = Random::new(seed);
    let random = &mut random;
    let mut ticket = RgbImage::from_pixel(width as u32, height as u32, paper(random));
    let colour = ink(random);
    let band = height / random.whole(8, 14);
    let period = random.between(12.0, 60.0);
    for area in [
        [4, 4, width - 8, band],
        [4, height - 4 - band, width - 8, band],
        [4, 4, band, height - 8],
        [width - 4 - band, 4, band, height - 8],
    ] {
        guilloche_band(&mut ticket, area, period, colour);
    }
    let tear = width * random.pick(&[1, 3]) / 4;
    for y in (0..height).step_by(10) {
        rect(&mut ticket, [tear, y, 2, 5], colour);
    }
    number(
        &mut ticket,
        random,
        2,
        [width / 3, height / 4, height / 6, height / 3],
        colour,
    );
    let mut x = width * 2 / 3;
    while x < width * 9 / 10 {
        let bar = random.whole(1, 6);
        rect(&mut ticket, [x, height / 3, bar, height / 3], BLACK);
        x += bar + random.whole(2, 6);
    }
    for k in 0..3 {
        text_line(
            &mut ticket,
            random,
            [
                width / 6,
                height * (64 + 8 * k) / 100,
                width / 3,
                height / 20,
            ],
            colour,
        );
    }
    ticket
}

/// A certificate or diploma: a border all around, a portrait or seal, text in the middle.
pub fn certificate(seed: u64, width: i32, height: i32) -> RgbImage {
    let mut random = Random::new(seed);
    let random = &mut random;
    let mut page = RgbImage::from_pixel(width as u32, height as u32, paper(random));
    let colour = ink(random);
    let band = height / 10;
    for inset in [6, 10] {
        frame(
            &mut page,
            [inset, inset, width - 2 * inset, height - 2 * inset],
            colour,
        );
    }
    let period = random.between(20.0, 70.0);
    for area in [
        [14, 14, width - 28, band],
        [14, height - 14 - band, width - 28, band],
        [14, 14, band, height - 28],
        [width - 14 - band, 14, band, height - 28],
    ] {
        guilloche_band(&mut page, area, period, colour);
    }
    for (cx, cy) in [
        (band, band),
        (width - band, band),
        (band, height - band),
        (width - band, height - band),
    ] {
        rosette(
            &mut page,
            (cx as f32, cy as f32),
            band as f32 * 0.9,
            12.0,
            0.5,
            colour,
        );
    }
    let oval = (width * random.pick(&[1, 2, 3]) / 4, height / 2);
    portrait(&mut page, random, oval, height / 5, colour);
    for k in 0..5 {
        let size = if k == 0 { height / 12 } else { height / 26 };
        let x = random.whole(width / 6, width / 3);
        text_line(
            &mut page,
            random,
            [x, height * (22 + 11 * k) / 100, width / 2, size],
            colour,
        );
    }
    draw_filled_circle_mut(
        &mut page,
        (width * 4 / 5, height * 3 / 4),
        height / 12,
        any_colour(random),
    );
    page
}

/// The picture turned by `degrees` clockwise about its middle, on a bed that leaves `margin` px around
/// it; grain of ± `grain` grey levels over all, as a scanner adds.
pub fn on_bed(picture: &RgbImage, bed: Colour, degrees: f32, margin: u32, grain: i32) -> RgbImage {
    let mut scan = laid(picture, degrees, margin, |width, height| {
        RgbImage::from_pixel(width, height, bed)
    });
    if grain > 0 {
        let mut random = Random::new(u64::from(scan.width()));
        for pixel in scan.pixels_mut() {
            let by = random.whole(-grain, grain);
            pixel.0 = pixel.0.map(|v| (i32::from(v) + by).clamp(0, 255) as u8);
        }
    }
    scan
}

/// The same on wood.
pub fn on_wood(picture: &RgbImage, seed: u64, degrees: f32, margin: u32) -> RgbImage {
    laid(picture, degrees, margin, |width, height| {
        let grain = fractal(seed, width, height, 14.0, 4, 14.0);
        RgbImage::from_fn(width, height, |x, y| {
            let t = (grain[(y * width + x) as usize] * 6.0).fract();
            blend(Rgb([96, 62, 34]), Rgb([140, 96, 58]), t)
        })
    })
}

fn laid(
    picture: &RgbImage,
    degrees: f32,
    margin: u32,
    bed: impl FnOnce(u32, u32) -> RgbImage,
) -> RgbImage {
    let angle = degrees.to_radians();
    let (w, h) = (picture.width() as f32, picture.height() as f32);
    let (sin, cos) = (angle.sin().abs(), angle.cos().abs());
    let width = (w * cos + h * sin).round() as u32 + 2 * margin;
    let height = (w * sin + h * cos).round() as u32 + 2 * margin;
    let place = Projection::translate(width as f32 / 2.0, height as f32 / 2.0)
        * Projection::rotate(angle)
        * Projection::translate(-w / 2.0, -h / 2.0);
    let linear = Interpolation::Bilinear;
    let mut top = RgbImage::new(width, height);
    warp_into(picture, place, linear, Border::Replicate, &mut top);
    let sheet = GrayImage::from_pixel(picture.width(), picture.height(), Luma([255]));
    let mut cover = GrayImage::new(width, height);
    warp_into(
        &sheet,
        place,
        linear,
        Border::Constant(Luma([0])),
        &mut cover,
    );
    let mut scan = bed(width, height);
    for ((under, over), covered) in scan.pixels_mut().zip(top.pixels()).zip(cover.pixels()) {
        *under = blend(*under, *over, f32::from(covered.0[0]) / 255.0);
    }
    scan
}
