//! The designs: what stands where on each note, and the plates that print it.

use super::canvas::{Canvas, Coverage, Point, Surface};
use super::glyphs::{Face, Pen, fitted, length, write, write_in, write_level};
use super::ink::Ink;
use super::maths::{atan2, bell, clouds, cos, mix, round, sin, sin_turns, step};
use super::vignettes;
use super::{Element, Print, XtsDenomination};
use crate::note::{RectMm, Side};
use std::f32::consts::{PI, TAU};
use std::sync::Arc;

/// What the plates extend beyond the note on every side, mm: room for the cut and the register.
pub(crate) const BLEED: f32 = 3.6;

/// A plate with its ink.
#[derive(Debug, Clone)]
pub(crate) struct Plate {
    pub(crate) name: &'static str,
    pub(crate) print: Print,
    pub(crate) plane: Arc<Coverage>,
    /// Top left corner of the plane, px from the note's nominal corner.
    pub(crate) left: i32,
    pub(crate) top: i32,
    /// Inks from left to right: x in mm and ink; between two stops the ink is a blend (rainbow print).
    pub(crate) inks: Vec<(f32, Ink)>,
}

impl Plate {
    pub(crate) fn new(
        name: &'static str,
        print: Print,
        canvas: Canvas,
        inks: Vec<(f32, Ink)>,
    ) -> Self {
        let Canvas {
            plane, left, top, ..
        } = canvas;
        Self {
            name,
            print,
            plane: Arc::new(plane),
            left,
            top,
            inks,
        }
    }
}

/// One side of a design, drawn.
#[derive(Debug, Clone)]
pub(crate) struct DrawnSide {
    pub(crate) plates: Vec<Plate>,
    pub(crate) elements: Vec<Element>,
}

/// The places and colours of one denomination, mm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) numeral: &'static str,
    pub(crate) words: &'static str,
    /// Unprinted window over the watermark, seen from the front.
    pub(crate) window: [f32; 4],
    vignette: [f32; 4],
    rosette: [f32; 3],
    title: [f32; 4],
    specimen: [f32; 4],
    pub(crate) words_at: [f32; 4],
    /// Value numerals of the front: upper left, upper right, large below.
    pub(crate) numerals: [[f32; 4]; 3],
    variable: [f32; 4],
    latent: [f32; 4],
    /// See-through register: centre and radius, seen from the front.
    register: [f32; 3],
    /// Middle of the thread, seen from the front.
    pub(crate) thread: f32,
    pub(crate) windowed: bool,
    /// Left end of the foot line of each serial.
    pub(crate) serials: [Point; 2],
    pub(crate) seal: [f32; 3],
    pub(crate) district_numbers: [Point; 4],
    pub(crate) position: Point,
    pub(crate) plate_number: Point,
    pub(crate) series: Point,
    petals: f32,
    dark: u32,
    dark_back: u32,
    rainbow: [u32; 3],
    second: u32,
    variable_inks: [u32; 2],
    pub(crate) serial_ink: u32,
    pub(crate) seal_ink: u32,
    pub(crate) glow: u32,
    pub(crate) thread_glow: u32,
    key: u64,
}

const TEN: Layout = Layout {
    width: 130.0,
    height: 62.0,
    numeral: "10",
    words: "TEN TESTARS",
    window: [7.0, 14.0, 25.0, 31.0],
    vignette: [58.5, 31.0, 17.0, 19.6],
    rosette: [92.0, 29.0, 13.6],
    title: [34.0, 4.2, 41.0, 3.8],
    specimen: [37.0, 52.6, 52.0, 5.8],
    words_at: [77.0, 46.0, 30.0, 3.3],
    numerals: [
        [5.0, 4.6, 12.0, 6.6],
        [114.0, 4.6, 11.5, 6.2],
        [108.5, 46.0, 17.0, 12.0],
    ],
    variable: [5.4, 52.6, 13.0, 6.2],
    latent: [111.0, 33.6, 13.0, 9.0],
    register: [121.3, 20.6, 3.0],
    thread: 37.4,
    windowed: false,
    serials: [(79.0, 11.4), (5.5, 50.2)],
    seal: [112.0, 22.6, 5.6],
    district_numbers: [(33.2, 13.6), (33.0, 44.6), (107.0, 16.2), (107.2, 44.6)],
    position: (19.0, 7.6),
    plate_number: (94.0, 58.6),
    series: (92.0, 52.6),
    petals: 9.0,
    dark: 0x0014_3a55,
    dark_back: 0x000f_5a55,
    rainbow: [0x0074_b4d8, 0x00ee_a07c, 0x0082_bfd2],
    second: 0x009c_cf9a,
    variable_inks: [0x0023_7a4c, 0x00a8_7a25],
    serial_ink: 0x00b3_1b3a,
    seal_ink: 0x0013_4a8c,
    glow: 0x00f2_d33a,
    thread_glow: 0x00ff_5a4a,
    key: 0x10,
};

const HUNDRED: Layout = Layout {
    width: 150.0,
    height: 72.0,
    numeral: "100",
    words: "ONE HUNDRED TESTARS",
    window: [112.0, 20.0, 31.0, 36.0],
    vignette: [83.0, 36.5, 19.4, 22.6],
    rosette: [41.5, 34.5, 16.0],
    title: [56.0, 4.8, 48.0, 4.4],
    specimen: [50.0, 61.2, 62.0, 6.8],
    words_at: [23.0, 13.0, 37.0, 3.0],
    numerals: [
        [5.5, 5.2, 19.0, 7.4],
        [126.0, 5.2, 18.5, 7.0],
        [6.0, 55.6, 30.0, 12.4],
    ],
    variable: [123.5, 61.0, 20.5, 7.0],
    latent: [6.5, 18.0, 14.5, 10.0],
    register: [106.6, 54.6, 3.3],
    thread: 106.5,
    windowed: true,
    serials: [(109.2, 17.4), (6.5, 53.4)],
    seal: [14.6, 38.0, 6.2],
    district_numbers: [(22.4, 30.0), (22.4, 47.6), (109.0, 23.0), (109.0, 50.0)],
    position: (27.0, 8.6),
    plate_number: (113.6, 68.0),
    series: (37.5, 66.8),
    petals: 12.0,
    dark: 0x004a_1a40,
    dark_back: 0x006a_2a1c,
    rainbow: [0x00e8_b25c, 0x00cf_8fb8, 0x00e6_a86a],
    second: 0x00a9_b56a,
    variable_inks: [0x008a_2f8a, 0x002f_7f6a],
    serial_ink: 0x0018_2c7a,
    seal_ink: 0x0086_2a1e,
    glow: 0x0052_e08a,
    thread_glow: 0x005a_8cff,
    key: 0x100,
};

impl Layout {
    pub(crate) fn of(denomination: XtsDenomination) -> &'static Self {
        match denomination {
            XtsDenomination::Ten => &TEN,
            XtsDenomination::Hundred => &HUNDRED,
        }
    }

    fn whole(&self) -> [f32; 4] {
        [
            -BLEED,
            -BLEED,
            self.width + 2.0 * BLEED,
            self.height + 2.0 * BLEED,
        ]
    }

    /// Draws one side at `scale` px a millimetre.
    pub(crate) fn draw(&self, side: Side, scale: f32) -> DrawnSide {
        match side {
            Side::Front => self.front(scale),
            Side::Back => self.back(scale),
        }
    }

    fn front(&self, scale: f32) -> DrawnSide {
        let mut elements = Vec::new();
        let mut note = |id: &str, print, rect: [f32; 4], text: &str| {
            elements.push(element(id, print, rect, text))
        };
        let [a, b, c] = self.rainbow;
        let (w, h) = (self.width, self.height);

        let mut first = Canvas::new(self.whole(), scale);
        self.waves(&mut first, true, self.vignette);
        let rainbow = vec![
            (0.1 * w, Ink::line(a, 0.12)),
            (0.5 * w, Ink::line(b, 0.05)),
            (0.92 * w, Ink::line(c, 0.12)),
        ];

        let mut second = Canvas::new(self.whole(), scale);
        self.rays(&mut second, self.rosette, true, self.vignette);
        self.register_mark(&mut second, self.register, 0);
        note(
            "see-through-register",
            Print::Offset,
            around(self.register),
            "",
        );

        let mut dark = Canvas::new(self.whole(), scale);
        let [cx, cy, rx, ry] = self.vignette;
        let picture = match self.numeral {
            "10" => vignettes::lighthouse,
            _ => vignettes::windmill,
        };
        vignette(&mut dark, [cx, cy, rx, ry], picture);
        let framed = [cx - rx - 0.6, cy - ry - 0.6, 2.0 * rx + 1.2, 2.0 * ry + 1.2];
        note("vignette", Print::Intaglio, framed, "");
        self.rosette(&mut dark, self.rosette);
        note(
            "rosette",
            Print::Intaglio,
            around(self.rosette),
            self.numeral,
        );
        for (id, rect) in ["numeral-upper-left", "numeral-upper-right", "numeral-large"]
            .iter()
            .zip(self.numerals)
        {
            numeral(&mut dark, self.numeral, rect);
            note(id, Print::Intaglio, rect, self.numeral);
        }
        write_in(
            &mut dark,
            (Face::Display, Pen::ENGRAVED),
            "BANK OF TESTARIA",
            self.title,
        );
        note(
            "title",
            Print::Intaglio,
            lettered("BANK OF TESTARIA", self.title),
            "BANK OF TESTARIA",
        );
        engraved_text(&mut dark, "SPECIMEN", self.specimen);
        note(
            "specimen",
            Print::Intaglio,
            lettered("SPECIMEN", grown(self.specimen, -0.1 * self.specimen[3])),
            "SPECIMEN",
        );
        write_in(
            &mut dark,
            (Face::Display, Pen::ENGRAVED),
            self.words,
            self.words_at,
        );
        note(
            "value-words",
            Print::Intaglio,
            lettered(self.words, self.words_at),
            self.words,
        );
        latent(&mut dark, self.numeral, self.latent);
        note("latent-mark", Print::Intaglio, self.latent, self.numeral);
        for y in [1.9, h - 1.9] {
            band(&mut dark, (19.5, y), (w - 19.5, y), 0.75, 3.4);
        }
        // The right third vanishes in infrared; to the eye both inks are one.
        let split = self.vignette[0] + 0.25 * self.vignette[2];
        let inks = vec![
            (split - 0.1, Ink::line(self.dark, 0.9)),
            (split + 0.1, Ink::line(self.dark, 0.08)),
        ];
        let inks = if self.numeral == "10" {
            inks
        } else {
            inks.iter()
                .rev()
                .zip([split - 0.1, split + 0.1])
                .map(|((_, ink), x)| (x, *ink))
                .collect()
        };

        let mut plates = vec![
            Plate::new("background", Print::Offset, first, rainbow),
            Plate::new(
                "rays",
                Print::Offset,
                second,
                vec![(0.0, Ink::line(self.second, 0.04))],
            ),
            Plate::new("engraving", Print::Intaglio, dark, inks),
        ];

        // Microtext: a ring round the vignette, a line under the title.
        let [x, y, width, height] = self.title;
        let text = format!("SPECIMEN {} TESTARIA ", self.numeral);
        let line = [x, y + height + 0.75, width, 0.36];
        plates.push(microtext_line(
            "microtext-line",
            &text,
            line,
            scale,
            self.dark,
        ));
        note("microtext-line", Print::Intaglio, line, &text);
        plates.push(microtext_ring(
            "microtext-ring",
            &text,
            [cx, cy, rx + 0.55, ry + 0.55],
            scale,
            self.dark,
        ));
        note("microtext-ring", Print::Intaglio, framed, &text);

        let mut variable = Canvas::new(grown(self.variable, 0.6), scale);
        thick_numeral(&mut variable, self.numeral, self.variable);
        note(
            "variable-numeral",
            Print::Screen,
            self.variable,
            self.numeral,
        );
        let [green, gold] = self.variable_inks;
        let blend = |t| Ink::line(green, 0.1).blended(Ink::line(gold, 0.1), t);
        plates.push(Plate::new(
            "variable-numeral",
            Print::Screen,
            variable,
            vec![(0.0, blend(0.25).changing_to(blend(1.0)))],
        ));

        // Seen under ultraviolet only: the value, large, over rays.
        let area = [0.30 * w, 0.2 * h, 0.42 * w, 0.6 * h];
        let mut glow = Canvas::new(area, scale);
        fluorescent(&mut glow, self.numeral, area);
        note("fluorescent-value", Print::Fluorescent, area, self.numeral);
        plates.push(Plate::new(
            "fluorescent",
            Print::Fluorescent,
            glow,
            vec![(0.0, Ink::invisible(self.glow))],
        ));
        DrawnSide { plates, elements }
    }

    fn back(&self, scale: f32) -> DrawnSide {
        let mut elements = Vec::new();
        let mut note = |id: &str, print, rect: [f32; 4], text: &str| {
            elements.push(element(id, print, rect, text))
        };
        let [a, b, c] = self.rainbow;
        let (w, h) = (self.width, self.height);
        let mirrored = |[x, y, width, height]: [f32; 4]| [w - x - width, y, width, height];
        let window = mirrored(self.window);
        let window_left = window[0] < 0.5 * w;

        let centre = [0.5 * w + if window_left { 9.0 } else { -9.0 }, 0.485 * h];
        let oval = [centre[0], centre[1], 0.245 * w, 0.275 * h];
        let mut first = Canvas::new(self.whole(), scale);
        self.waves(&mut first, false, oval);
        let rainbow = vec![
            (0.1 * w, Ink::line(b, 0.05)),
            (0.5 * w, Ink::line(a, 0.12)),
            (0.9 * w, Ink::line(c, 0.05)),
        ];
        let mut second = Canvas::new(self.whole(), scale);
        self.rays(&mut second, [centre[0], centre[1], 0.36 * h], false, oval);
        let register = [w - self.register[0], self.register[1], self.register[2]];
        self.register_mark(&mut second, register, 1);
        note("see-through-register", Print::Offset, around(register), "");

        let mut dark = Canvas::new(self.whole(), scale);
        let picture = match self.numeral {
            "10" => vignettes::nautilus,
            _ => vignettes::bridge,
        };
        vignette(&mut dark, oval, picture);
        let framed = [
            oval[0] - oval[2] - 0.6,
            oval[1] - oval[3] - 0.6,
            2.0 * oval[2] + 1.2,
            2.0 * oval[3] + 1.2,
        ];
        note("vignette", Print::Intaglio, framed, "");
        // Braid round the picture and along all four edges.
        for (grow, strands) in [(1.6, 8), (2.9, 6)] {
            let (rx, ry) = (oval[2] + grow, oval[3] + grow);
            let waves = round(2.0 * (rx + ry));
            for k in 0..strands {
                let shift = k as f32 / strands as f32;
                dark.curve(1600, 0.065, |t| {
                    let d = 0.62
                        * sin_turns(waves * t + shift)
                        * (0.75 + 0.25 * sin_turns(waves / 4.0 * t));
                    (
                        oval[0] + (rx + d) * cos(TAU * t),
                        oval[1] + (ry + d) * sin(TAU * t),
                    )
                });
            }
        }
        let m = 3.9;
        for (from, to) in [
            ((m, m), (w - m, m)),
            ((m, h - m), (w - m, h - m)),
            ((m, m), (m, h - m)),
            ((w - m, m), (w - m, h - m)),
        ] {
            band(&mut dark, from, to, 1.15, 4.6);
        }
        for grow in [0.0, 0.35] {
            let e = m - 1.5 - grow;
            dark.stroke(
                &[(e, e), (w - e, e), (w - e, h - e), (e, h - e), (e, e)],
                0.10,
            );
            let e = m + 1.5 + grow;
            dark.stroke(
                &[(e, e), (w - e, e), (w - e, h - e), (e, h - e), (e, e)],
                0.10,
            );
        }
        let size = [
            0.115 * w * if self.numeral == "10" { 0.85 } else { 1.0 },
            0.125 * h,
        ];
        let inset = 7.0;
        let corners = [
            ("numeral-upper-left", [inset, inset]),
            ("numeral-upper-right", [w - inset - size[0], inset]),
            ("numeral-lower-left", [inset, h - inset - size[1]]),
            (
                "numeral-lower-right",
                [w - inset - size[0], h - inset - size[1]],
            ),
        ];
        for (id, [x, y]) in corners {
            let rect = [x, y, size[0], size[1]];
            let c = [x + 0.5 * size[0], y + 0.5 * size[1]];
            dark.clear(grown(rect, 2.0), |px, py| {
                let q = ((px - c[0]) / (0.5 * size[0] + 1.3)).powi(2)
                    + ((py - c[1]) / (0.5 * size[1] + 1.3)).powi(2);
                if q < 1.0 { 1.0 } else { 0.0 }
            });
            numeral(&mut dark, self.numeral, rect);
            note(id, Print::Intaglio, rect, self.numeral);
        }
        let title = [0.29 * w, 7.3, 0.42 * w, 3.3];
        write_in(
            &mut dark,
            (Face::Display, Pen::ENGRAVED),
            "BANK OF TESTARIA",
            title,
        );
        note(
            "title",
            Print::Intaglio,
            lettered("BANK OF TESTARIA", title),
            "BANK OF TESTARIA",
        );
        let specimen = [0.28 * w, h - 12.0, 0.44 * w, 4.9];
        engraved_text(&mut dark, "SPECIMEN", specimen);
        note(
            "specimen",
            Print::Intaglio,
            lettered("SPECIMEN", grown(specimen, -0.1 * specimen[3])),
            "SPECIMEN",
        );
        // Between the picture and the edge.
        let (from, to) = if window_left {
            (oval[0] + oval[2] + 4.2, w - 6.6)
        } else {
            (6.6, oval[0] - oval[2] - 4.2)
        };
        for (i, word) in self.words.split(' ').enumerate() {
            let rect = [from, 0.5 * h - 1.1 + 3.8 * (i as f32 - 1.0), to - from, 2.2];
            write_in(&mut dark, (Face::Display, Pen::ENGRAVED), word, rect);
            note(
                &format!("value-word-{}", i + 1),
                Print::Intaglio,
                lettered(word, rect),
                word,
            );
        }
        let far = 0.72 * w;
        let inks = vec![
            (far - 0.1, Ink::line(self.dark_back, 0.85)),
            (far + 0.1, Ink::line(self.dark_back, 0.07)),
        ];
        let mut plates = vec![
            Plate::new("background", Print::Offset, first, rainbow),
            Plate::new(
                "rays",
                Print::Offset,
                second,
                vec![(0.0, Ink::line(self.second, 0.04))],
            ),
            Plate::new("engraving", Print::Intaglio, dark, inks),
        ];
        let text = format!("TESTARIA {} SPECIMEN ", self.numeral);
        let line = [title[0], title[1] + title[3] + 0.8, title[2], 0.36];
        plates.push(microtext_line(
            "microtext-line",
            &text,
            line,
            scale,
            self.dark_back,
        ));
        note("microtext-line", Print::Intaglio, line, &text);
        let area = grown(window, -3.0);
        let mut glow = Canvas::new(area, scale);
        fluorescent(&mut glow, self.numeral, area);
        note("fluorescent-value", Print::Fluorescent, area, self.numeral);
        plates.push(Plate::new(
            "fluorescent",
            Print::Fluorescent,
            glow,
            vec![(
                0.0,
                Ink::invisible(self.glow).blended(Ink::invisible(self.thread_glow), 0.5),
            )],
        ));
        DrawnSide { plates, elements }
    }

    /// Background: two families of waves that swell round the rosette and thin out over the watermark.
    fn waves(&self, canvas: &mut Canvas, front: bool, picture: [f32; 4]) {
        let [wx, wy, ww, wh] = if front {
            self.window
        } else {
            [
                self.width - self.window[0] - self.window[2],
                self.window[1],
                self.window[2],
                self.window[3],
            ]
        };
        let (cx, cy) = (wx + 0.5 * ww, wy + 0.5 * wh);
        let open = |x: f32, y: f32| {
            let (dx, dy) = (((x - cx) / (0.5 * ww)).abs(), ((y - cy) / (0.5 * wh)).abs());
            // A rounded rectangle: x⁴ + y⁴.
            step(0.75, 1.25, dx * dx * dx * dx + dy * dy * dy * dy)
        };
        let (rx, ry) = if front {
            (self.rosette[0], self.rosette[1])
        } else {
            (0.5 * self.width, 0.5 * self.height)
        };
        let margin = |x: f32, y: f32| {
            let d = x.min(y).min(self.width - x).min(self.height - y);
            step(2.2, 2.9, d)
        };
        let wave = |x: f32, y: f32| {
            let (dx, dy) = (x - rx, y - ry);
            let lens = 2.6 / (1.0 + (dx * dx + dy * dy) / 120.0);
            1.5 * sin_turns(x / 41.0 + 0.15)
                + 0.8 * sin_turns(x / 17.3 - y / 31.0)
                + lens * sin_turns(dy / 46.0)
        };
        let swell = |x: f32, y: f32| {
            0.55 + 0.45 * sin_turns(x / 29.0 + y / 23.0 + 0.2 * sin_turns(y / 19.0))
        };
        let frame = [2.0, 2.0, self.width - 4.0, self.height - 4.0];
        let under = |x: f32, y: f32| 1.0 - 0.72 * inside(picture, x, y);
        canvas.smooth_lines(frame, |x, y| {
            let width =
                margin(x, y) * under(x, y) * (0.05 + open(x, y) * (0.06 + 0.17 * swell(x, y)));
            ((y + wave(x, y)) / 0.58, width - 0.001)
        });
        let lean = if front { 0.30 } else { -0.30 };
        canvas.smooth_lines(frame, |x, y| {
            let width =
                margin(x, y) * under(x, y) * open(x, y) * (0.05 + 0.12 * (1.0 - swell(x, y)));
            (
                (y - 0.9 * wave(x + 13.0, self.height - y) + lean * x) / 0.83,
                width - 0.001,
            )
        });
    }

    /// Second background ink: petals round a centre, fading outwards, and a fan in the corners.
    fn rays(&self, canvas: &mut Canvas, [cx, cy, r]: [f32; 3], front: bool, picture: [f32; 4]) {
        let n = self.petals;
        let frame = [2.6, 2.6, self.width - 5.2, self.height - 5.2];
        let [wx, wy, ww, wh] = if front {
            self.window
        } else {
            [
                self.width - self.window[0] - self.window[2],
                self.window[1],
                self.window[2],
                self.window[3],
            ]
        };
        let in_window =
            |x: f32, y: f32| x > wx - 1.0 && x < wx + ww + 1.0 && y > wy - 1.0 && y < wy + wh + 1.0;
        canvas.smooth_lines(frame, |x, y| {
            let (dx, dy) = (x - cx, y - cy);
            let rho = (dx * dx + dy * dy).sqrt();
            let angle = atan2(dy, dx);
            let phase = (rho
                + 1.5 * cos(n * angle) * (rho / (0.6 * r)).min(1.6)
                + 0.5 * cos(2.0 * n * angle))
                / 0.66;
            let far = rho / r;
            let fade = if in_window(x, y) {
                0.0
            } else {
                1.0 - 0.9 * inside(picture, x, y)
            };
            (
                phase,
                fade * 0.27 * step(2.7, 0.4, far) * (0.75 + 0.25 * sin_turns(far * 2.0)) - 0.02,
            )
        });
    }

    /// Half of the see-through mark: every second sector of a star in a ring. The other side prints the rest.
    fn register_mark(&self, canvas: &mut Canvas, [cx, cy, r]: [f32; 3], half: i32) {
        canvas.clear(
            [cx - r - 0.4, cy - r - 0.4, 2.0 * r + 0.8, 2.0 * r + 0.8],
            |x, y| {
                step(
                    r + 0.4,
                    r + 0.2,
                    ((x - cx) * (x - cx) + (y - cy) * (y - cy)).sqrt(),
                )
            },
        );
        // Seen from the back, the note is mirrored: angles run the other way.
        canvas.paint([cx - r, cy - r, 2.0 * r, 2.0 * r], |x, y| {
            let dx = if half == 1 { cx - x } else { x - cx };
            let dy = y - cy;
            let rho = (dx * dx + dy * dy).sqrt() / r;
            let sector = (atan2(dy, dx) / TAU * 8.0 + 8.0).floor() as i32;
            let star =
                0.86 - 0.42 * (2.0 * super::maths::to_whole(atan2(dy, dx) / TAU * 8.0 + 0.5));
            let inside = rho < 1.0 && (rho > 0.9 || rho < star);
            if inside && sector.rem_euclid(2) == half {
                0.92
            } else {
                0.0
            }
        });
    }

    /// Rosette: an outer hypotrochoid lace, rings of petals, the numeral in a clear middle.
    fn rosette(&self, canvas: &mut Canvas, [cx, cy, r]: [f32; 3]) {
        let n = self.petals;
        // Hypotrochoids: a point at distance d from the centre of a circle of radius b rolling inside a circle.
        for (outer, wheel, arm, turns) in [
            (r * 0.83, r * 0.83 * 7.0 / (4.0 * n), 0.155 * r, 7.0),
            (r * 0.86, r * 0.86 * 11.0 / (5.0 * n), 0.10 * r, 11.0),
        ] {
            canvas.curve((turns * 620.0) as usize, 0.060, |t| {
                let a = TAU * turns * t;
                let b = (outer - wheel) / wheel * a;
                (
                    cx + (outer - wheel) * cos(a) * 1.16 + arm * cos(b),
                    cy + (outer - wheel) * sin(a) * 1.16 - arm * sin(b),
                )
            });
        }
        for (radius, depth, strands, petals) in [
            (0.90, 0.075, 10, 2.0 * n),
            (0.66, 0.10, 12, n),
            (0.52, 0.06, 8, 1.5 * n),
        ] {
            for k in 0..strands {
                let shift = TAU * k as f32 / strands as f32;
                canvas.curve(900, 0.055, |t| {
                    let a = TAU * t;
                    let rho = r
                        * (radius
                            + depth * cos(round(petals) * a + shift) * (0.8 + 0.2 * cos(n * a)));
                    (cx + rho * cos(a), cy + rho * sin(a))
                });
            }
        }
        let clear = 0.475 * r;
        canvas.clear(
            [cx - clear, cy - clear, 2.0 * clear, 2.0 * clear],
            |x, y| {
                step(
                    clear,
                    clear - 0.1,
                    ((x - cx) * (x - cx) + (y - cy) * (y - cy)).sqrt(),
                )
            },
        );
        for d in [0.0, 0.35] {
            canvas.curve(400, 0.11, |t| {
                (
                    cx + (clear - d) * cos(TAU * t),
                    cy + (clear - d) * sin(TAU * t),
                )
            });
        }
        let half = 0.80 * clear;
        numeral(
            canvas,
            self.numeral,
            [cx - half, cy - 0.62 * half, 2.0 * half, 1.24 * half],
        );
    }

    /// How dense the watermark makes the paper at a place of the front, -1 (thin, light) to 1 (thick, dark).
    pub(crate) fn watermark(&self, x: f32, y: f32) -> f32 {
        let [wx, wy, ww, wh] = self.window;
        let (u, v) = (
            (x - wx - 0.5 * ww) / (0.46 * wh),
            (y - wy - 0.44 * wh) / (0.46 * wh),
        );
        if !(-1.2..1.6).contains(&v) || u.abs() > 1.2 {
            return 0.0;
        }
        let picture = match self.numeral {
            "10" => vignettes::lighthouse(0.72 * u, 0.84 * v),
            _ => vignettes::windmill(0.8 * u, 0.84 * v),
        };
        let fade = step(1.0, 0.75, (u * u * 1.7 + v * v).sqrt());
        picture.map_or(0.0, |s: Surface| (1.55 * s.tone - 0.55) * fade)
    }
}

fn element(id: &str, print: Print, rect: [f32; 4], text: &str) -> Element {
    Element {
        id: id.to_owned(),
        print,
        text: (!text.is_empty()).then(|| text.trim().to_owned()),
        rect_mm: RectMm::from(rect.map(f64::from)),
        quad_px: [[0.0; 2]; 4],
    }
}

/// Where lettering set into a rectangle lies, with its serifs.
fn lettered(text: &str, rect: [f32; 4]) -> [f32; 4] {
    let tight = fitted(Face::Display, text, rect);
    grown(tight, 0.12 * tight[3])
}

pub(crate) fn around([cx, cy, r]: [f32; 3]) -> [f32; 4] {
    [cx - r, cy - r, 2.0 * r, 2.0 * r]
}

pub(crate) fn grown([x, y, w, h]: [f32; 4], by: f32) -> [f32; 4] {
    [x - by, y - by, w + 2.0 * by, h + 2.0 * by]
}

/// 1 inside the oval of a picture, 0 outside, with a soft edge.
fn inside([cx, cy, rx, ry]: [f32; 4], x: f32, y: f32) -> f32 {
    let (dx, dy) = ((x - cx) / (rx + 0.5), (y - cy) / (ry + 0.5));
    step(1.03, 0.98, dx * dx + dy * dy)
}

/// An engraved picture in an oval with a double rim.
fn vignette(
    canvas: &mut Canvas,
    [cx, cy, rx, ry]: [f32; 4],
    picture: fn(f32, f32) -> Option<Surface>,
) {
    canvas.engrave([cx - rx, cy - ry, 2.0 * rx, 2.0 * ry], 0.27, |x, y| {
        let (dx, dy) = ((x - cx) / rx, (y - cy) / ry);
        if dx * dx + dy * dy > 1.0 {
            return None;
        }
        picture((x - cx) / ry, dy)
    });
    for (grow, width) in [(0.0, 0.14), (1.05, 0.09)] {
        canvas.curve(900, width, |t| {
            (
                cx + (rx + grow) * cos(TAU * t),
                cy + (ry + grow) * sin(TAU * t),
            )
        });
    }
}

/// A band of braided waves from one point to another along an axis.
fn band(canvas: &mut Canvas, from: Point, to: Point, amplitude: f32, wavelength: f32) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = (dx * dx + dy * dy).sqrt();
    let waves = round(length / wavelength);
    let (ux, uy) = (dx / length, dy / length);
    let steps = (length / 0.10) as usize;
    for k in 0..10 {
        let shift = k as f32 / 10.0;
        canvas.curve(steps, 0.055, |t| {
            let pulse = 0.66 + 0.34 * sin_turns(0.5 * waves * t + 0.25);
            let along = length * t;
            let ends = step(0.0, 5.0, along.min(length - along));
            let d = ends * amplitude * pulse * sin_turns(waves * t + shift);
            (from.0 + ux * along - uy * d, from.1 + uy * along + ux * d)
        });
    }
}

/// A value numeral: a dark outline filled with fine level lines that darken towards the foot.
fn numeral(canvas: &mut Canvas, text: &str, rect: [f32; 4]) {
    hatched(canvas, text, rect, 0.26, 0.20);
}

/// Large letters of the title, filled with lines.
fn engraved_text(canvas: &mut Canvas, text: &str, rect: [f32; 4]) {
    hatched(canvas, text, rect, 0.22, 0.17);
}

fn hatched(canvas: &mut Canvas, text: &str, rect: [f32; 4], weight: f32, pitch: f32) {
    let rim = 0.15;
    let pen = |grow: f32, height: f32| Pen {
        thick: weight + 2.0 * grow / height,
        thin: 0.085 + 2.0 * grow / height,
        serif: 0.16,
    };
    let area = grown(rect, 1.2);
    // Room for the weight of the strokes inside the rectangle.
    let inner = [
        rect[0] + 0.1 * rect[3],
        rect[1] + 0.1 * rect[3],
        rect[2] - 0.2 * rect[3],
        rect[3] * 0.8,
    ];
    let height = inner[3].min(inner[2] / length(Face::Display, text));
    let mut whole = Canvas::new(area, canvas.scale);
    write_in(&mut whole, (Face::Display, pen(0.0, height)), text, inner);
    let mut core = Canvas::new(area, canvas.scale);
    write_in(&mut core, (Face::Display, pen(-rim, height)), text, inner);
    let mut shade = Canvas::new(area, canvas.scale);
    write_in(
        &mut shade,
        (Face::Display, pen(0.05, height)),
        text,
        [inner[0] + 0.28, inner[1] + 0.28, inner[2], inner[3]],
    );
    let mut fill = Canvas::new(area, canvas.scale);
    fill.lines(
        area,
        |_, y| y / pitch,
        |_, y| pitch * (0.46 + 0.40 * ((y - rect[1]) / rect[3]).clamp(0.0, 1.0)),
    );
    let mut drop = Canvas::new(area, canvas.scale);
    drop.lines(area, |x, y| (x + y) / 0.26, |_, _| 0.12);
    canvas.clear(area, |x, y| whole.at(x, y));
    canvas.paint(area, |x, y| {
        let (outer, inside) = (whole.at(x, y), core.at(x, y));
        let face = outer * (1.0 - inside) + inside * fill.at(x, y);
        face.max((1.0 - outer) * shade.at(x, y) * drop.at(x, y))
    });
}

/// A solid numeral for screen printing.
pub(crate) fn thick_numeral(canvas: &mut Canvas, text: &str, rect: [f32; 4]) {
    let pen = Pen {
        thick: 0.25,
        thin: 0.11,
        serif: 0.15,
    };
    write_in(
        canvas,
        (Face::Display, pen),
        text,
        [rect[0] + 0.8, rect[1] + 0.6, rect[2] - 1.6, rect[3] - 1.2],
    );
}

/// A figure hidden in the direction of the lines.
fn latent(canvas: &mut Canvas, text: &str, rect: [f32; 4]) {
    let mut mask = Canvas::new(rect, canvas.scale);
    let pen = Pen {
        thick: 0.30,
        thin: 0.22,
        serif: 0.0,
    };
    write_in(&mut mask, (Face::Display, pen), text, grown(rect, -1.6));
    let mut level = Canvas::new(rect, canvas.scale);
    level.lines(rect, |_, y| y / 0.28, |_, _| 0.13);
    let mut upright = Canvas::new(rect, canvas.scale);
    upright.lines(rect, |x, _| x / 0.28, |_, _| 0.13);
    canvas.clear(rect, |_, _| 1.0);
    canvas.paint(rect, |x, y| {
        mix(
            level.at(x, y),
            upright.at(x, y),
            if mask.at(x, y) > 0.5 { 1.0 } else { 0.0 },
        )
    });
    let [x, y, w, h] = rect;
    canvas.stroke(
        &[(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)],
        0.16,
    );
}

fn microtext_line(
    name: &'static str,
    text: &str,
    [x, y, w, h]: [f32; 4],
    scale: f32,
    ink: u32,
) -> Plate {
    let mut canvas = Canvas::new([x - 0.2, y - 0.2, w + 0.4, h + 0.4], scale);
    let unit = (length(Face::Display, text) + 0.3) * h;
    for k in 0..(w / unit) as usize {
        write_level(
            &mut canvas,
            (Face::Display, Pen::MICRO),
            text,
            h,
            (x + k as f32 * unit, y + h),
        );
    }
    Plate::new(
        name,
        Print::Intaglio,
        canvas,
        vec![(0.0, Ink::line(ink, 0.9))],
    )
}

fn microtext_ring(
    name: &'static str,
    text: &str,
    [cx, cy, rx, ry]: [f32; 4],
    scale: f32,
    ink: u32,
) -> Plate {
    let mut canvas = Canvas::new(
        [cx - rx - 0.6, cy - ry - 0.6, 2.0 * rx + 1.2, 2.0 * ry + 1.2],
        scale,
    );
    let h = 0.34;
    // Ramanujan's perimeter of an ellipse.
    let around = PI * (3.0 * (rx + ry) - ((3.0 * rx + ry) * (rx + 3.0 * ry)).sqrt());
    let unit = (length(Face::Display, text) + 0.3) * h;
    let count = (around / unit).floor();
    for k in 0..count as usize {
        let begin = k as f32 / count;
        write(
            &mut canvas,
            (Face::Display, Pen::MICRO),
            text,
            h,
            |along, up| {
                let a = TAU * (begin + along / around) - PI / 2.0;
                let d = up - 0.5 * h;
                (cx + (rx + d) * cos(a), cy + (ry + d) * sin(a))
            },
        );
    }
    Plate::new(
        name,
        Print::Intaglio,
        canvas,
        vec![(0.0, Ink::line(ink, 0.9))],
    )
}

fn fluorescent(canvas: &mut Canvas, text: &str, [x, y, w, h]: [f32; 4]) {
    let (cx, cy) = (x + 0.5 * w, y + 0.5 * h);
    canvas.lines(
        [x, y, w, h],
        |px, py| {
            let (dx, dy) = (px - cx, py - cy);
            ((dx * dx + dy * dy).sqrt() + 0.8 * cos(12.0 * atan2(dy, dx))) / 1.5
        },
        |px, py| {
            let (dx, dy) = ((px - cx) / (0.5 * w), (py - cy) / (0.5 * h));
            0.35 * step(1.0, 0.6, (dx * dx + dy * dy).sqrt()) - 0.02
        },
    );
    let rect = [x + 0.2 * w, y + 0.25 * h, 0.6 * w, 0.5 * h];
    canvas.clear(grown(rect, 1.0), |_, _| 0.8);
    thick_numeral(canvas, text, rect);
}

/// The district seal: a toothed ring with the district's name, its letter in the middle.
pub(crate) fn seal(
    canvas: &mut Canvas,
    [cx, cy, r]: [f32; 3],
    letter: char,
    name: &str,
    place: &dyn Fn(f32, f32) -> Point,
) {
    let ring = |canvas: &mut Canvas, radius: f32, teeth: f32, depth: f32, width: f32| {
        canvas.curve(480, width, |t| {
            let rho = radius + depth * (4.0 * super::maths::to_whole(teeth * t) - 1.0);
            place(cx + rho * cos(TAU * t), cy + rho * sin(TAU * t))
        });
    };
    ring(canvas, r - 0.32, 40.0, 0.30, 0.20);
    ring(canvas, r - 0.85, 1.0, 0.0, 0.16);
    ring(canvas, 0.56 * r, 1.0, 0.0, 0.16);
    for k in 0..5 {
        ring(
            canvas,
            (0.60 + 0.012 * k as f32) * r - 0.35,
            24.0,
            0.05 * r,
            0.07,
        );
    }
    let text = format!("{name} * SPECIMEN * ");
    let h = 0.20 * r;
    let radius = 0.70 * r - 0.5 * h + 0.02 * r;
    let fit = TAU * (radius + 0.5 * h) / ((length(Face::Display, &text) + 0.3) * h);
    write(
        canvas,
        (Face::Display, Pen::MICRO),
        &text,
        h,
        |along, up| {
            let a = along * fit / (radius + 0.5 * h) + PI;
            place(cx + (radius + up) * cos(a), cy + (radius + up) * sin(a))
        },
    );
    let big = 0.58 * r;
    let text = letter.to_string();
    let left = cx - 0.5 * length(Face::Display, &text) * big;
    let pen = Pen {
        thick: 0.22,
        thin: 0.08,
        serif: 0.15,
    };
    write(canvas, (Face::Display, pen), &text, big, |along, up| {
        place(left + along, cy + 0.5 * big - up)
    });
}

/// Keeps the noise of the paper apart between denominations.
pub(crate) fn paper_key(layout: &Layout, seed: u64) -> u64 {
    super::maths::hash(seed ^ layout.key)
}

/// Density of the paper's cloudiness at a place, about -1..=1.
pub(crate) fn formation(key: u64, x: f32, y: f32) -> f32 {
    clouds(key, x / 3.1, y / 3.1)
}

/// A soft spot of radius `r` round 0, 1 in the middle.
pub(crate) fn spot(d: f32, r: f32) -> f32 {
    bell(d / r.max(1e-3))
}
