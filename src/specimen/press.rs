//! Printing: the cached designs, the plates of one note, and how they look in a light.

use std::f32::consts::TAU;
use std::sync::{Arc, OnceLock};

use super::canvas::{Canvas, Coverage, Point};
use super::design::{self, DrawnSide, Layout, Plate, around};
use super::glyphs::{Face, Pen, write, write_level};
use super::ink::{Ink, Paper, Response};
use super::maths::{Random, hash_at, mix};
use super::{
    Dial, Element, Print, Register, Specimen, SpecimenError, XtsDenomination, forge, wear,
};
use crate::note::{Light, RectMm, Side, SizeMm};

const MM_PER_INCH: f32 = 25.4;

/// A press at one resolution. Designs are drawn when they are first used and kept.
#[derive(Debug)]
pub struct Press {
    scale: f32,
    sides: [[OnceLock<DrawnSide>; 2]; 2],
    /// The plates of each side as they are seen through the paper.
    behind: [[OnceLock<Vec<Arc<Coverage>>>; 2]; 2],
    watermarks: [OnceLock<Canvas>; 2],
}

/// A film of ink on the note: the plane lies at `left`, `top` px.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) plane: Arc<Coverage>,
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) inks: Vec<(f32, Ink)>,
    /// 1 prints in full, 0 not at all.
    pub(crate) strength: f32,
    pub(crate) print: Print,
    pub(crate) name: &'static str,
}

impl Layer {
    pub(crate) fn new(
        name: &'static str,
        print: Print,
        canvas: Canvas,
        ink: Ink,
        strength: f32,
    ) -> Self {
        let Canvas {
            plane, left, top, ..
        } = canvas;
        Self {
            plane: Arc::new(plane),
            left,
            top,
            inks: vec![(0.0, ink)],
            strength,
            print,
            name,
        }
    }

    /// Whether it belongs to what a copier would copy.
    pub(crate) fn is_print(&self) -> bool {
        self.print != Print::Paper
    }
}

/// What lies on one side of a note before it is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) scale: f32,
    pub(crate) paper: Paper,
    /// From the paper upwards.
    pub(crate) layers: Vec<Layer>,
    /// Where there is paper; all over if there is none.
    pub(crate) presence: Option<Coverage>,
    /// Roughness of the paper, 1 for a new note.
    pub(crate) rough: f32,
}

/// What the eye of the scanner gets: linear light, row by row, one plane a channel.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue, linear, 0..=1 (fluorescence may be brighter).
    pub channels: [Vec<f32>; 3],
    /// Share of each pixel that is paper; `None` where the note is whole.
    pub presence: Option<Coverage>,
    /// The note's size, mm.
    pub size: SizeMm,
    /// The light.
    pub light: Light,
}

/// One side of a note, printed and lit.
#[derive(Debug, Clone)]
pub struct Printed {
    /// How it looks.
    pub picture: Picture,
    /// The note.
    pub specimen: Specimen,
    /// The side.
    pub side: Side,
    /// Everything on it; `quad_px` is filled in by the scanner.
    pub elements: Vec<Element>,
    /// How the prints lie.
    pub register: Register,
    /// Plate number as printed.
    pub plate: String,
}

/// Shifts of one side in px, and the overprint's tilt in radians.
#[derive(Debug, Clone, Copy)]
struct Shifts {
    offset: (i32, i32),
    intaglio: (i32, i32),
    overprint: (i32, i32),
    tilt: f32,
    /// Of what is in the paper, on the front.
    thread: i32,
    watermark: (i32, i32),
}

impl Press {
    /// A press that draws at `dpi` dots per inch, 300 to 1200. 600 resolves the microtext.
    ///
    /// # Errors
    /// Another resolution.
    pub fn new(dpi: f32) -> Result<Self, SpecimenError> {
        if !(300.0..=1200.0).contains(&dpi) {
            return Err(SpecimenError::Range {
                name: "press resolution",
                value: f64::from(dpi),
                low: 300.0,
                high: 1200.0,
                unit: "dpi",
            });
        }
        Ok(Self {
            scale: dpi / MM_PER_INCH,
            sides: Default::default(),
            behind: Default::default(),
            watermarks: Default::default(),
        })
    }

    fn side(&self, denomination: XtsDenomination, side: Side) -> &DrawnSide {
        of_side(&self.sides, denomination, side)
            .get_or_init(|| Layout::of(denomination).draw(side, self.scale))
    }

    /// A plane of this side as it is seen through the paper: those of the plates are made once.
    fn through(
        &self,
        denomination: XtsDenomination,
        side: Side,
        plane: &Arc<Coverage>,
    ) -> Arc<Coverage> {
        let plates = &self.side(denomination, side).plates;
        let made = of_side(&self.behind, denomination, side).get_or_init(|| {
            let planes = plates.iter().map(|p| seen_through(&p.plane));
            planes.map(Arc::new).collect()
        });
        let mut pairs = plates.iter().zip(made);
        match pairs.find(|(plate, _)| Arc::ptr_eq(&plate.plane, plane)) {
            Some((_, made)) => Arc::clone(made),
            None => Arc::new(seen_through(plane)),
        }
    }

    /// Thickness of the paper, 128 where there is no mark.
    fn watermark(&self, denomination: XtsDenomination) -> &Canvas {
        let [ten, hundred] = &self.watermarks;
        let cell = match denomination {
            XtsDenomination::Ten => ten,
            XtsDenomination::Hundred => hundred,
        };
        cell.get_or_init(|| {
            let layout = Layout::of(denomination);
            // Wire and felt blur a watermark: a quarter of the resolution holds it.
            let mut canvas = Canvas::new(design::grown(layout.window, 1.0), self.scale / 4.0);
            let [x, y, w, h] = layout.window;
            canvas.paint(design::grown(layout.window, 1.0), |x, y| {
                0.502 + 0.498 * layout.watermark(x, y)
            });
            // The value beside it in thin paper, bright against the light.
            let mut value = Canvas::new(design::grown(layout.window, 1.0), self.scale / 4.0);
            design::thick_numeral(
                &mut value,
                layout.numeral,
                [x + 0.28 * w, y + 0.84 * h, 0.44 * w, 0.2 * h],
            );
            for (v, n) in canvas.plane.data.iter_mut().zip(&value.plane.data) {
                *v = mix(f32::from(*v), 0.0, f32::from(*n) / 255.0) as u8;
            }
            canvas.plane = canvas.plane.blurred(1, 2);
            canvas
        })
    }

    fn shifts(&self, specimen: &Specimen, side: Side) -> Shifts {
        let mut random = Random::new(specimen.seed, "register");
        let layout = Layout::of(specimen.denomination);
        let px = |mm: f32| super::maths::round(mm * self.scale) as i32;
        let mut normal = |sigma: f32, most: f32| (sigma * random.normal()).clamp(-most, most);
        let mut cut = (normal(0.30, 0.8), normal(0.25, 0.6));
        let front_offset = (normal(0.12, 0.3), normal(0.12, 0.3));
        let missed = 1.4 * specimen.dials.get(Dial::MissedRegister);
        let back_offset = (
            normal(0.12, 0.3) + 0.8 * missed,
            normal(0.12, 0.3) - 0.6 * missed,
        );
        let back_intaglio = (normal(0.2, 0.5), normal(0.2, 0.5));
        let mut over = (normal(0.35, 0.9), normal(0.3, 0.8));
        let mut tilt = normal(0.0015, 0.004);
        let thread = normal(0.4, 1.0);
        let watermark = (normal(0.5, 1.2), normal(0.5, 1.2));
        let mut random = Random::new(specimen.seed, "float");
        let mut sign = || if random.unit() < 0.5 { -1.0 } else { 1.0 };
        let off = specimen.dials.get(Dial::OffCentre);
        cut = (cut.0 + sign() * 2.4 * off, cut.1 + sign() * 2.4 * off);
        cut = (cut.0.clamp(-2.9, 2.9), cut.1.clamp(-2.9, 2.9));
        let float = specimen.dials.get(Dial::FloatingOverprint);
        over = (
            over.0 + sign() * 0.026 * layout.width * float,
            over.1 + sign() * 0.024 * layout.height * float,
        );
        tilt += sign() * 0.0185 * float;
        let sum = |a: (f32, f32), b: (f32, f32)| (px(a.0 + b.0), px(a.1 + b.1));
        match side {
            Side::Front => Shifts {
                offset: sum(cut, front_offset),
                intaglio: sum(cut, (0.0, 0.0)),
                overprint: sum(cut, over),
                tilt,
                thread: px(cut.0 + thread),
                watermark: sum(cut, watermark),
            },
            Side::Back => {
                let cut_back = (-cut.0, cut.1);
                Shifts {
                    offset: sum(cut_back, back_offset),
                    intaglio: sum(cut_back, back_intaglio),
                    overprint: sum(cut_back, over),
                    tilt,
                    thread: px(cut.0 + thread),
                    watermark: sum(cut, watermark),
                }
            }
        }
    }

    /// Prints one side and lights it.
    pub fn print(&self, specimen: &Specimen, side: Side, light: Light) -> Printed {
        let (mut sheet, elements, register, plate) = self.sheet(specimen, side);
        if light == Light::Transmitted {
            // What the other side carries is seen through the paper.
            let (behind, ..) = self.sheet(specimen, side.other());
            let through = behind
                .layers
                .into_iter()
                .filter(|l| l.is_print())
                .map(|layer| {
                    let plane = self.through(specimen.denomination, side.other(), &layer.plane);
                    let left = sheet.width as i32 - layer.left - plane.width as i32;
                    let mm = sheet.width as f32 / sheet.scale;
                    let inks = layer
                        .inks
                        .iter()
                        .rev()
                        .map(|(x, ink)| (mm - x, *ink))
                        .collect();
                    Layer {
                        plane,
                        left,
                        inks,
                        strength: 0.75 * layer.strength,
                        ..layer
                    }
                });
            let through: Vec<Layer> = through.collect();
            sheet.layers.splice(0..0, through);
        }
        let watermark = self.watermark(paper_of(specimen));
        let shifts = self.shifts(specimen, side);
        let picture = sheet.lit(light, specimen, side, watermark, shifts.watermark);
        Printed {
            picture,
            specimen: specimen.clone(),
            side,
            elements,
            register,
            plate,
        }
    }

    fn sheet(&self, specimen: &Specimen, side: Side) -> (Sheet, Vec<Element>, Register, String) {
        let layout = Layout::of(specimen.denomination);
        let dials = &specimen.dials;
        let drawn = self.side(specimen.denomination, side);
        let shifts = self.shifts(specimen, side);
        let scale = self.scale;
        let mut sheet = Sheet {
            width: super::maths::round(layout.width * scale) as usize,
            height: super::maths::round(layout.height * scale) as usize,
            scale,
            paper: Paper::new(dials.get(Dial::BrightPaper)),
            layers: Vec::new(),
            presence: None,
            rough: 1.0,
        };
        let mut elements = drawn.elements.clone();
        let shift_of = |print| match print {
            Print::Offset | Print::Fluorescent => shifts.offset,
            Print::Letterpress => shifts.overprint,
            Print::Intaglio | Print::Screen => shifts.intaglio,
            Print::Paper => (0, 0),
        };
        let mm = |(x, y): (i32, i32)| {
            [
                f64::from(x) / f64::from(scale),
                f64::from(y) / f64::from(scale),
            ]
        };
        for element in &mut elements {
            let [x, y] = mm(shift_of(element.print));
            element.rect_mm = RectMm {
                x: element.rect_mm.x + x,
                y: element.rect_mm.y + y,
                ..element.rect_mm
            };
        }
        self.thread_and_fibres(&mut sheet, specimen, side, shifts.thread, &mut elements);
        for plate in &drawn.plates {
            let (dx, dy) = shift_of(plate.print);
            sheet.layers.push(Layer {
                plane: Arc::clone(&plate.plane),
                left: plate.left + dx,
                top: plate.top + dy,
                inks: plate
                    .inks
                    .iter()
                    .map(|(x, ink)| (x + dx as f32 / scale, *ink))
                    .collect(),
                strength: 1.0,
                print: plate.print,
                name: plate.name,
            });
        }
        let mut plate_number = String::new();
        if side == Side::Front {
            plate_number = self.overprint(&mut sheet, specimen, shifts, &mut elements);
        }
        let altered = forge::altered(
            &self.other_values(specimen, side),
            specimen,
            layout,
            scale,
            shifts.intaglio,
        );
        sheet.layers.extend(altered);
        forge::apply(&mut sheet, specimen, side);
        let watermark_at = match side {
            Side::Front => layout.window,
            Side::Back => [
                layout.width - layout.window[0] - layout.window[2],
                layout.window[1],
                layout.window[2],
                layout.window[3],
            ],
        };
        let mark = self.watermark(specimen.denomination);
        forge::printed_security(
            &mut sheet,
            specimen,
            side,
            (shifts.thread as f32 / scale, mark),
            watermark_at,
        );
        wear::apply(&mut sheet, specimen, side);
        let register = Register {
            offset_mm: mm(shifts.offset),
            intaglio_mm: mm(shifts.intaglio),
            overprint_mm: mm(shifts.overprint),
            overprint_tilt: f64::from(shifts.tilt).to_degrees(),
        };
        (sheet, elements, register, plate_number)
    }

    /// Places that state the value, as rectangles of the design.
    fn other_values(&self, specimen: &Specimen, side: Side) -> Vec<(String, [f32; 4])> {
        let drawn = self.side(specimen.denomination, side);
        let states = |e: &&Element| e.id.starts_with("numeral") || e.id.starts_with("value-word");
        let rect = |r: RectMm| <[f64; 4]>::from(r).map(|v| v as f32);
        drawn
            .elements
            .iter()
            .filter(states)
            .map(|e| (e.id.clone(), rect(e.rect_mm)))
            .collect()
    }

    fn thread_and_fibres(
        &self,
        sheet: &mut Sheet,
        specimen: &Specimen,
        side: Side,
        shift: i32,
        elements: &mut Vec<Element>,
    ) {
        let note = Layout::of(specimen.denomination);
        let layout = Layout::of(paper_of(specimen));
        let dials = &specimen.dials;
        let scale = self.scale;
        let there = 1.0
            - dials
                .get(Dial::MissingThread)
                .max(dials.get(Dial::PrintedThread));
        let middle = layout.thread + shift as f32 / scale;
        let x = match side {
            Side::Front => middle,
            Side::Back => note.width - middle,
        };
        let rect = [x - 0.6, 0.0, 1.2, note.height];
        let text = format!("XTS {}", layout.numeral);
        elements.push(Element {
            id: "thread".to_owned(),
            print: Print::Paper,
            text: Some(text.clone()),
            rect_mm: RectMm::from(rect.map(f64::from)),
            quad_px: [[0.0; 2]; 4],
        });
        let mut random = Random::new(specimen.seed, "thread");
        let phase = random.unit() * 11.0;
        if there > 0.0 {
            let mut thread = Canvas::new(rect, scale);
            thread.paint(rect, |_, _| 1.0);
            let mut letters = Canvas::new(rect, scale);
            thread_text(&mut letters, &text, x, side, phase, note.height);
            thread.clear(rect, |x, y| 0.85 * letters.at(x, y));
            sheet.layers.push(Layer::new(
                "thread",
                Print::Paper,
                thread,
                Ink::embedded_thread(layout.thread_glow),
                there,
            ));
            if layout.windowed && side == Side::Front {
                let mut windows = Canvas::new(rect, scale);
                windows.paint(rect, |px, y| {
                    let open = (y + phase).rem_euclid(11.0) < 5.0;
                    if open && (px - x).abs() < 0.6 {
                        1.0
                    } else {
                        0.0
                    }
                });
                windows.clear(rect, |x, y| 0.8 * letters.at(x, y));
                sheet.layers.push(Layer::new(
                    "thread-window",
                    Print::Paper,
                    windows,
                    Ink::window_thread(layout.thread_glow),
                    there,
                ));
            }
        }
        let mut random = Random::new(
            specimen.seed,
            if side == Side::Front {
                "fibres"
            } else {
                "fibres of the back"
            },
        );
        let count = 34 + random.below(22);
        for _ in 0..count {
            let at = (random.unit() * note.width, random.unit() * note.height);
            let (length, turn, bow) = (
                random.between(2.0, 4.6),
                random.between(0.0, TAU),
                random.between(-1.3, 1.3),
            );
            let (dx, dy) = (super::maths::cos(turn), super::maths::sin(turn));
            let ink = match random.below(5) {
                0 | 1 => Ink::fibre(0x00c0_3040, 0x00ff_6a3a),
                2 | 3 => Ink::fibre(0x0030_50b0, 0x0050_90ff),
                _ => Ink::fibre(0x00e6_e0cc, 0x00d8_f060),
            };
            let mut canvas = Canvas::new([at.0 - 3.2, at.1 - 3.2, 6.4, 6.4], scale);
            let thickness = random.between(0.035, 0.06);
            canvas.curve(10, thickness, |t| {
                let s = t - 0.5;
                let b = bow * (0.25 - s * s);
                (
                    at.0 + length * s * dx - b * dy,
                    at.1 + length * s * dy + b * dx,
                )
            });
            let strength = random.between(0.35, 0.95) * (1.0 - dials.get(Dial::MissingFibres));
            sheet
                .layers
                .push(Layer::new("fibre", Print::Paper, canvas, ink, strength));
        }
    }

    /// Serials, seal, district numbers, and the small marks of plate and series. Returns the plate number.
    fn overprint(
        &self,
        sheet: &mut Sheet,
        specimen: &Specimen,
        shifts: Shifts,
        elements: &mut Vec<Element>,
    ) -> String {
        let layout = Layout::of(specimen.denomination);
        let scale = self.scale;
        let (dx, dy) = (
            shifts.overprint.0 as f32 / scale,
            shifts.overprint.1 as f32 / scale,
        );
        let (sin, cos) = (
            super::maths::sin(shifts.tilt),
            super::maths::cos(shifts.tilt),
        );
        let middle = (0.5 * layout.width, 0.5 * layout.height);
        let place = |x: f32, y: f32| -> Point {
            let (x, y) = (x - middle.0, y - middle.1);
            (
                middle.0 + x * cos - y * sin + dx,
                middle.1 + x * sin + y * cos + dy,
            )
        };
        let mut add = |id: String, print, text: String, corners: [Point; 2]| {
            let [a, b] = corners;
            let rect = [
                a.0.min(b.0),
                a.1.min(b.1),
                (a.0 - b.0).abs(),
                (a.1 - b.1).abs(),
            ];
            elements.push(Element {
                id,
                print,
                text: Some(text),
                rect_mm: RectMm::from(rect.map(f64::from)),
                quad_px: [[0.0; 2]; 4],
            });
        };
        let height = if layout.numeral == "10" { 3.0 } else { 3.3 };
        let ink = Ink::line(layout.serial_ink, 0.55).glowing(0x00e0_5030);
        for ((text, foot), id) in specimen
            .printed_serials()
            .iter()
            .zip(layout.serials)
            .zip(["serial-upper-right", "serial-lower-left"])
        {
            let long = super::glyphs::length(Face::Numbering, text) * height;
            let at = place(foot.0 + 0.5 * long, foot.1 - 0.5 * height);
            let reach = 0.5 * long;
            let mut canvas = Canvas::new(
                [
                    at.0 - reach - 1.5,
                    at.1 - 0.5 * height - 1.5,
                    2.0 * reach + 3.0,
                    height + 3.0,
                ],
                scale,
            );
            // Numbering wheels never stand quite level.
            let mut random = Random::new(specimen.seed, "wheels");
            let jitter: Vec<f32> = text.chars().map(|_| 0.035 * random.normal()).collect();
            let advance = long / text.chars().count().max(1) as f32;
            let ends = write(
                &mut canvas,
                (Face::Numbering, Pen::NUMBERING),
                text,
                height,
                |along, up| {
                    let wheel = jitter
                        .get((along / advance) as usize)
                        .copied()
                        .unwrap_or(0.0);
                    place(foot.0 + along, foot.1 - up + wheel)
                },
            );
            add(
                id.to_owned(),
                Print::Letterpress,
                text.clone(),
                [place(foot.0, foot.1 - height), place(foot.0 + long, foot.1)],
            );
            for (i, (c, (from, to))) in text.chars().zip(ends).enumerate() {
                add(
                    format!("{id}-{}", i + 1),
                    Print::Letterpress,
                    c.to_string(),
                    [
                        place(foot.0 + from, foot.1 - height),
                        place(foot.0 + to, foot.1),
                    ],
                );
            }
            sheet
                .layers
                .push(Layer::new("serial", Print::Letterpress, canvas, ink, 0.96));
        }
        let (number, name) = specimen.serial.district();
        let seal_ink = Ink::line(layout.seal_ink, 0.12);
        let [sx, sy, r] = layout.seal;
        let at = place(sx, sy);
        let mut canvas = Canvas::new(around([at.0, at.1, r + 0.5]), scale);
        design::seal(
            &mut canvas,
            layout.seal,
            specimen.serial.district,
            name,
            &place,
        );
        sheet.layers.push(Layer::new(
            "seal",
            Print::Letterpress,
            canvas,
            seal_ink,
            0.93,
        ));
        add(
            "district-seal".into(),
            Print::Letterpress,
            specimen.serial.district.to_string(),
            [place(sx - r, sy - r), place(sx + r, sy + r)],
        );
        let text = number.to_string();
        for (i, at) in layout.district_numbers.into_iter().enumerate() {
            let h = 2.1;
            let long = super::glyphs::length(Face::Display, &text) * h;
            let corner = place(at.0, at.1);
            let mut canvas = Canvas::new(
                [corner.0 - 1.0, corner.1 - h - 1.0, long + 2.0, h + 2.0],
                scale,
            );
            let pen = Pen {
                thick: 0.2,
                thin: 0.08,
                serif: 0.12,
            };
            write(&mut canvas, (Face::Display, pen), &text, h, |along, up| {
                place(at.0 + along, at.1 - up)
            });
            sheet.layers.push(Layer::new(
                "district-number",
                Print::Letterpress,
                canvas,
                seal_ink,
                0.93,
            ));
            add(
                format!("district-number-{}", i + 1),
                Print::Letterpress,
                text.clone(),
                [place(at.0, at.1 - h), place(at.0 + long, at.1)],
            );
        }
        // Small marks of the engraved plate.
        let mut random = Random::new(specimen.seed, "plate");
        let position = specimen.serial.position();
        let plate = format!("{}{}", &position[..1], 1 + random.below(240));
        let (ix, iy) = (
            shifts.intaglio.0 as f32 / scale,
            shifts.intaglio.1 as f32 / scale,
        );
        let series = format!("SERIES {}", specimen.serial.year());
        for (id, text, at, h) in [
            ("note-position", &position, layout.position, 1.7),
            ("plate-front", &plate, layout.plate_number, 1.3),
            ("series", &series, layout.series, 1.3),
        ] {
            let long = super::glyphs::length(Face::Display, text) * h;
            let foot = (at.0 + ix, at.1 + iy);
            let mut canvas =
                Canvas::new([foot.0 - 0.5, foot.1 - h - 0.5, long + 1.0, h + 1.0], scale);
            write_level(&mut canvas, (Face::Display, Pen::MICRO), text, h, foot);
            sheet.layers.push(Layer::new(
                id,
                Print::Intaglio,
                canvas,
                dark_ink(self.side(specimen.denomination, Side::Front)),
                1.0,
            ));
            add(
                id.into(),
                Print::Intaglio,
                text.clone(),
                [(foot.0, foot.1 - h), (foot.0 + long, foot.1)],
            );
        }
        plate
    }
}

/// The value whose paper the note is printed on.
fn paper_of(specimen: &Specimen) -> XtsDenomination {
    if specimen.dials.get(Dial::BleachedPaper) > 0.0 {
        specimen.denomination.other()
    } else {
        specimen.denomination
    }
}

/// What is kept for a side of a value.
fn of_side<T>(kept: &[[T; 2]; 2], denomination: XtsDenomination, side: Side) -> &T {
    let [ten, hundred] = kept;
    let [front, back] = match denomination {
        XtsDenomination::Ten => ten,
        XtsDenomination::Hundred => hundred,
    };
    match side {
        Side::Front => front,
        Side::Back => back,
    }
}

/// A plane seen from the other side through the paper: mirrored and softened.
fn seen_through(plane: &Coverage) -> Coverage {
    let mut plane = plane.clone();
    let width = plane.width.max(1);
    plane.data.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    plane.blurred(1, 2)
}

/// Ink of the engraving.
fn dark_ink(drawn: &DrawnSide) -> Ink {
    let engraving: Option<&Plate> = drawn.plates.iter().find(|p| p.name == "engraving");
    engraving
        .and_then(|p| p.inks.first())
        .map_or(Ink::feigned(), |(_, ink)| *ink)
}

/// Text along a thread, read from below, seen mirrored from the back.
pub(crate) fn thread_text(
    canvas: &mut Canvas,
    text: &str,
    x: f32,
    side: Side,
    phase: f32,
    height: f32,
) {
    let h = 0.72;
    let unit = (super::glyphs::length(Face::Display, text) + 0.9) * h;
    let pen = Pen {
        thick: 0.16,
        thin: 0.14,
        serif: 0.0,
    };
    let flip = if side == Side::Front { 1.0 } else { -1.0 };
    for k in 0..(height / unit) as usize + 2 {
        let from = k as f32 * unit - phase.rem_euclid(unit);
        write(canvas, (Face::Display, pen), text, h, |along, up| {
            (x + flip * (up - 0.5 * h), from + along)
        });
    }
}

impl Sheet {
    /// How the sheet looks in a light.
    fn lit(
        &self,
        light: Light,
        specimen: &Specimen,
        side: Side,
        watermark: &Canvas,
        shift: (i32, i32),
    ) -> Picture {
        let (w, h) = (self.width, self.height);
        let layout = Layout::of(specimen.denomination);
        let size = specimen.size();
        let grey = light == Light::Infrared;
        let mut channels: [Vec<f32>; 3] = [Vec::new(), Vec::new(), Vec::new()];
        for channel in channels.iter_mut().take(if grey { 1 } else { 3 }) {
            channel.reserve_exact(w * h);
        }
        let films: Vec<Film> = self
            .layers
            .iter()
            .filter_map(|l| Film::new(l, light, self))
            .collect();
        let key = design::paper_key(layout, specimen.seed);
        let cloud = Clouds::new(key, self, side);
        // Amplitudes of grain, cloudiness and watermark in this light.
        let (grain, cloudy, marked) = match light {
            Light::Visible | Light::Turned => (0.030, 0.016, 0.016),
            Light::Ultraviolet => (0.10, 0.06, 0.02),
            Light::Infrared => (0.022, 0.014, 0.012),
            Light::Transmitted => (0.055, 0.13, 0.40),
        };
        let (grain, cloudy) = (grain * self.rough, cloudy * self.rough);
        let marked = marked
            * (1.0
                - specimen
                    .dials
                    .get(Dial::MissingWatermark)
                    .max(specimen.dials.get(Dial::PrintedWatermark)));
        let base = self.paper.in_light(light);
        let relief = match light {
            Light::Visible | Light::Infrared => 0.05,
            // The other flank catches the lamp.
            Light::Turned => -0.05,
            Light::Ultraviolet | Light::Transmitted => 0.0,
        };
        let relief = relief
            * (1.0 - specimen.dials.get(Dial::OffsetForIntaglio))
            * (1.0 - specimen.dials.get(Dial::Washed) * 0.4);
        let mut tone = vec![0.0f32; w];
        let mut row = vec![0.0f32; w];
        for y in 0..h {
            self.paper_row(&mut tone, y, (key, grain), (&cloud, cloudy));
            if marked > 0.0 {
                self.watermark_row(&mut tone, y, watermark, shift, side, marked);
            }
            if relief != 0.0 {
                for film in films
                    .iter()
                    .filter(|f| f.layer.print == Print::Intaglio && f.layer.name == "engraving")
                {
                    film.relief(&mut tone, y, relief * film.layer.strength);
                }
            }
            for (c, channel) in channels
                .iter_mut()
                .enumerate()
                .take(if grey { 1 } else { 3 })
            {
                let b = base[c];
                row.iter_mut().zip(&tone).for_each(|(v, t)| *v = b * t);
                for film in &films {
                    film.over(&mut row, y, c);
                }
                channel.extend_from_slice(&row);
            }
        }
        if grey {
            let first = channels[0].clone();
            channels[1].clone_from(&first);
            channels[2] = first;
        }
        Picture {
            width: w,
            height: h,
            channels,
            presence: self.presence.clone(),
            size,
            light,
        }
    }

    /// Visible light from the prints alone, over white: what a copier sees. Rows of three channels.
    pub(crate) fn copier_view(&self) -> [Vec<f32>; 3] {
        let films: Vec<Film> = self
            .layers
            .iter()
            .filter(|l| l.is_print())
            .filter_map(|l| Film::new(l, Light::Visible, self))
            .collect();
        [0, 1, 2].map(|c| {
            let mut plane = vec![1.0f32; self.width * self.height];
            for (y, row) in plane.chunks_exact_mut(self.width).enumerate() {
                for film in &films {
                    film.over(row, y, c);
                }
            }
            plane
        })
    }

    fn paper_row(
        &self,
        tone: &mut [f32],
        y: usize,
        (key, grain): (u64, f32),
        (cloud, cloudy): (&Clouds, f32),
    ) {
        // Pulp is a few pixels across: one random number serves 2 × 2 pixels, at two phases.
        let amount = grain / 65_536.0;
        let (ya, yb) = ((y / 2) as i32, (y as i32 + 1) / 2);
        let n = tone.len();
        let mut x = 0;
        let mut last = 0.0f32;
        while x < n {
            let a = hash_at(key, (x / 4) as i32, ya);
            let b = hash_at(key ^ 0x55, (x / 4) as i32, yb);
            for k in 0..4usize.min(n - x) {
                let shift = 16 * (k / 2) as u32;
                let coarse = ((a >> shift) & 0xffff) as f32 + ((b >> (32 + shift)) & 0xffff) as f32
                    - 65_535.0;
                let smooth = 0.5 * (coarse + last);
                last = coarse;
                if let Some(t) = tone.get_mut(x + k) {
                    *t = 1.0 + amount * smooth;
                }
            }
            x += 4;
        }
        cloud.add(tone, y, cloudy);
    }

    fn watermark_row(
        &self,
        tone: &mut [f32],
        y: usize,
        mark: &Canvas,
        shift: (i32, i32),
        side: Side,
        amount: f32,
    ) {
        let py = (y as i32 - shift.1).div_euclid(4) - mark.top;
        if py < 0 || py as usize + 1 >= mark.plane.height {
            return;
        }
        let (a, b) = (mark.plane.row(py as usize), mark.plane.row(py as usize + 1));
        let fy = (y as i32 - shift.1).rem_euclid(4) as f32 / 4.0;
        let n = tone.len();
        for i in 0..mark.plane.width.saturating_sub(1) {
            let (l, r) = (
                mix(f32::from(a[i]), f32::from(b[i]), fy),
                mix(f32::from(a[i + 1]), f32::from(b[i + 1]), fy),
            );
            if l == 128.0 && r == 128.0 {
                continue;
            }
            for k in 0..4 {
                let front = (mark.left + i as i32) * 4 + k + shift.0;
                let x = if side == Side::Front {
                    front
                } else {
                    n as i32 - 1 - front
                };
                if let Some(t) = usize::try_from(x).ok().and_then(|x| tone.get_mut(x)) {
                    *t *= 1.0 - amount * (mix(l, r, k as f32 / 4.0) - 128.0) / 127.0;
                }
            }
        }
    }
}

/// Cloudiness of the paper on a coarse grid.
struct Clouds {
    columns: usize,
    grid: Vec<f32>,
}

impl Clouds {
    const STEP: usize = 12;

    fn new(key: u64, sheet: &Sheet, side: Side) -> Self {
        let (columns, rows) = (sheet.width / Self::STEP + 3, sheet.height / Self::STEP + 3);
        let mm = Self::STEP as f32 / sheet.scale;
        let width = sheet.width as f32 / sheet.scale;
        let mut grid = Vec::with_capacity(columns * rows);
        for j in 0..rows {
            for i in 0..columns {
                let x = i as f32 * mm;
                let x = if side == Side::Front { x } else { width - x };
                grid.push(design::formation(key, x, j as f32 * mm));
            }
        }
        Self { columns, grid }
    }

    fn add(&self, tone: &mut [f32], y: usize, amount: f32) {
        let (j, fy) = (y / Self::STEP, (y % Self::STEP) as f32 / Self::STEP as f32);
        let a = self.grid.get(j * self.columns..).unwrap_or(&[]);
        let b = self.grid.get((j + 1) * self.columns..).unwrap_or(&[]);
        for (i, chunk) in tone.chunks_mut(Self::STEP).enumerate() {
            if let (Some(p), Some(q), Some(r), Some(s)) =
                (a.get(i), a.get(i + 1), b.get(i), b.get(i + 1))
            {
                let (l, r) = (mix(*p, *r, fy), mix(*q, *s, fy));
                let slope = (r - l) / Self::STEP as f32;
                for (k, t) in chunk.iter_mut().enumerate() {
                    *t += amount * (l + slope * k as f32);
                }
            }
        }
    }
}

/// A layer ready to be laid over rows.
struct Film<'a> {
    layer: &'a Layer,
    /// What full coverage absorbs, for each channel: one number, or one a column.
    absorbs: [Vec<f32>; 3],
    adds: [f32; 3],
    nothing: bool,
    /// Columns of the note and of the plane where it begins, and how many.
    from: usize,
    skip: usize,
    count: usize,
}

impl<'a> Film<'a> {
    fn new(layer: &'a Layer, light: Light, sheet: &Sheet) -> Option<Self> {
        if layer.strength <= 0.0 {
            return None;
        }
        let from = layer.left.clamp(0, sheet.width as i32) as usize;
        let to = (layer.left + layer.plane.width as i32).clamp(0, sheet.width as i32) as usize;
        let skip = (from as i32 - layer.left).max(0) as usize;
        let count = to.saturating_sub(from);
        let weaken = layer.strength / 255.0;
        let at = |x: f32| -> Option<Response> {
            let stops = &layer.inks;
            let after = stops
                .iter()
                .position(|(s, _)| *s > x)
                .unwrap_or(stops.len());
            let right = stops.get(after);
            let left = after.checked_sub(1).and_then(|i| stops.get(i));
            let response = match (left, right) {
                (Some((a, i)), Some((b, j))) => i.blended(*j, (x - a) / (b - a)).response(light),
                (Some((_, i)), None) | (None, Some((_, i))) => i.response(light),
                (None, None) => return None,
            };
            Some(response.weakened(weaken))
        };
        let first = at(0.0)?;
        let absorbs = if layer.inks.len() > 1 {
            let responses: Vec<Response> = (from..to)
                .filter_map(|x| at(x as f32 / sheet.scale))
                .collect();
            [0, 1, 2].map(|c| responses.iter().map(|r| r.absorbs[c]).collect())
        } else {
            first.absorbs.map(|k| vec![k])
        };
        let nothing = first.adds == [0.0; 3] && absorbs.iter().all(|k| k.iter().all(|v| *v == 0.0));
        (!nothing && count > 0).then_some(Self {
            layer,
            absorbs,
            adds: first.adds,
            nothing,
            from,
            skip,
            count,
        })
    }

    fn coverage(&self, y: usize) -> Option<&[u8]> {
        let py = usize::try_from(y as i32 - self.layer.top).ok()?;
        if py >= self.layer.plane.height || self.nothing {
            return None;
        }
        self.layer
            .plane
            .row(py)
            .get(self.skip..self.skip + self.count)
    }

    fn over(&self, row: &mut [f32], y: usize, c: usize) {
        let Some(coverage) = self.coverage(y) else {
            return;
        };
        let Some(row) = row.get_mut(self.from..self.from + self.count) else {
            return;
        };
        let (k, e) = (&self.absorbs[c], self.adds[c]);
        if let [k] = k.as_slice() {
            if e == 0.0 {
                row.iter_mut()
                    .zip(coverage)
                    .for_each(|(v, &a)| *v *= 1.0 - f32::from(a) * k);
            } else {
                row.iter_mut()
                    .zip(coverage)
                    .for_each(|(v, &a)| *v = *v * (1.0 - f32::from(a) * k) + f32::from(a) * e);
            }
        } else {
            row.iter_mut()
                .zip(coverage)
                .zip(k)
                .for_each(|((v, &a), k)| *v = *v * (1.0 - f32::from(a) * k) + f32::from(a) * e);
        }
    }

    /// Raised ink catches the scanner's lamp on one flank and shades the other.
    fn relief(&self, tone: &mut [f32], y: usize, amount: f32) {
        let (Some(coverage), Some(tone)) = (
            self.coverage(y),
            tone.get_mut(self.from..self.from + self.count),
        ) else {
            return;
        };
        if coverage.len() < 4 {
            return;
        }
        let amount = amount / 255.0;
        for ((t, &a), &b) in tone.iter_mut().skip(1).zip(coverage).zip(&coverage[2..]) {
            *t += amount * (f32::from(a) - f32::from(b));
        }
    }
}
