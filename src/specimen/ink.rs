//! What inks and paper do in each light.

use super::maths::linear;
use crate::note::Light;

/// What full coverage of an ink does to the light that comes from below it: `v → v (1 - absorbs) + adds`,
/// for red, green and blue, linear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Response {
    pub(crate) absorbs: [f32; 3],
    pub(crate) adds: [f32; 3],
}

impl Response {
    const NONE: Self = Self {
        absorbs: [0.0; 3],
        adds: [0.0; 3],
    };

    fn absorbs(k: [f32; 3]) -> Self {
        Self {
            absorbs: k,
            adds: [0.0; 3],
        }
    }

    fn opaque(colour: [f32; 3]) -> Self {
        Self {
            absorbs: [1.0; 3],
            adds: colour,
        }
    }

    /// Between two responses.
    pub(crate) fn mixed(self, other: Self, t: f32) -> Self {
        let blend = |a: [f32; 3], b: [f32; 3]| [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * t);
        Self {
            absorbs: blend(self.absorbs, other.absorbs),
            adds: blend(self.adds, other.adds),
        }
    }

    /// A weaker film: `strength` 0..=1 of the effect.
    pub(crate) fn weakened(self, strength: f32) -> Self {
        Self {
            absorbs: self.absorbs.map(|v| v * strength),
            adds: self.adds.map(|v| v * strength),
        }
    }
}

/// An ink, or anything else that lies on or in the paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ink {
    pub(crate) visible: Response,
    ultraviolet: Response,
    infrared: Response,
    transmitted: Response,
    /// By day where the light falls from the other side, if that differs.
    turned: Option<Response>,
}

/// sRGB hex to linear reflectance.
fn rgb(hex: u32) -> [f32; 3] {
    [
        linear((hex >> 16) as u8),
        linear((hex >> 8) as u8),
        linear(hex as u8),
    ]
}

impl Ink {
    /// A printing ink of the colour (sRGB hex, as a full film on white paper). `infrared` is what it absorbs
    /// there, 0 (vanishes) to 1.
    pub(crate) fn line(colour: u32, infrared: f32) -> Self {
        let k = rgb(colour).map(|v| 1.0 - v);
        Self {
            visible: Response::absorbs(k),
            ultraviolet: Response::absorbs([0.8; 3]),
            infrared: Response::absorbs([infrared; 3]),
            transmitted: Response::absorbs(k.map(|v| 0.75 * v)),
            turned: None,
        }
    }

    /// The same by day, but as `other` where the light falls from the other side: flakes that lie aslant in the ink
    /// (magnetically aligned, as of rolling bars) or in a film.
    pub(crate) fn changing_to(self, other: Self) -> Self {
        Self {
            turned: Some(other.visible),
            ..self
        }
    }

    /// The same, but less changing by `amount` 0..=1: 1 is one colour whichever way the light falls.
    pub(crate) fn constant(self, amount: f32) -> Self {
        let turned = self.turned.map(|t| t.mixed(self.visible, amount));
        Self { turned, ..self }
    }

    /// The same ink with light of its own under ultraviolet (linear).
    pub(crate) fn glowing(self, light: u32) -> Self {
        Self {
            ultraviolet: Response {
                absorbs: [0.8; 3],
                adds: rgb(light),
            },
            ..self
        }
    }

    /// Fluorescent ink that nobody sees by day.
    pub(crate) fn invisible(light: u32) -> Self {
        Self {
            visible: Response::NONE,
            ultraviolet: Response {
                absorbs: [0.6; 3],
                adds: rgb(light),
            },
            infrared: Response::NONE,
            transmitted: Response::NONE,
            turned: None,
        }
    }

    /// A security thread inside the paper: a faint shade in reflected light, dark against the light.
    pub(crate) fn embedded_thread(glow: u32) -> Self {
        Self {
            visible: Response::absorbs([0.045; 3]),
            ultraviolet: Response {
                absorbs: [0.5; 3],
                adds: rgb(glow),
            },
            infrared: Response::absorbs([0.04; 3]),
            transmitted: Response::absorbs([0.88; 3]),
            turned: None,
        }
    }

    /// A length of thread that lies on the surface: a film, silver from one side and gold from the other.
    pub(crate) fn window_thread(glow: u32) -> Self {
        Self {
            visible: Response::opaque(rgb(0x00a9_b5b8)),
            ultraviolet: Response::opaque(rgb(glow).map(|v| 1.3 * v)),
            infrared: Response::opaque([0.62; 3]),
            transmitted: Response::absorbs([0.9; 3]),
            turned: Some(Response::opaque(rgb(0x00c4_a04c))),
        }
    }

    /// A coloured fibre of the paper.
    pub(crate) fn fibre(colour: u32, glow: u32) -> Self {
        Self {
            visible: Response::absorbs(rgb(colour).map(|v| 0.8 * (1.0 - v))),
            ultraviolet: Response::opaque(rgb(glow)),
            infrared: Response::absorbs([0.05; 3]),
            transmitted: Response::absorbs([0.25; 3]),
            turned: None,
        }
    }

    /// Process inks of copiers and printers. Carbon black stays in infrared, the dyes vanish.
    pub(crate) fn process(channel: usize) -> Self {
        match channel {
            0 => Self::line(0x0000_9fd6, 0.06),
            1 => Self::line(0x00d4_1f7a, 0.05),
            2 => Self::line(0x00f5_dd1c, 0.03),
            _ => Self::line(0x001c_1a1c, 0.92),
        }
    }

    /// Grey printed on the surface to feign a thread or a watermark: nothing glows, nothing is in the paper.
    pub(crate) fn feigned() -> Self {
        Self {
            visible: Response::absorbs([0.34, 0.33, 0.30]),
            ultraviolet: Response::absorbs([0.5; 3]),
            infrared: Response::absorbs([0.2; 3]),
            transmitted: Response::absorbs([0.3; 3]),
            turned: None,
        }
    }

    /// Dirt of many hands.
    pub(crate) fn soil() -> Self {
        Self {
            visible: Response::absorbs([0.40, 0.47, 0.60]),
            ultraviolet: Response::absorbs([0.7; 3]),
            infrared: Response::absorbs([0.22; 3]),
            transmitted: Response::absorbs([0.28, 0.33, 0.42]),
            turned: None,
        }
    }

    /// Coffee, tea, wine: what spills.
    pub(crate) fn spill(colour: u32) -> Self {
        Self {
            visible: Response::absorbs(rgb(colour).map(|v| 1.0 - v)),
            ultraviolet: Response::absorbs([0.85; 3]),
            infrared: Response::absorbs([0.06; 3]),
            transmitted: Response::absorbs(rgb(colour).map(|v| 0.7 * (1.0 - v))),
            turned: None,
        }
    }

    /// Bare paper showing where a print is rubbed off.
    pub(crate) fn bare(paper: &Paper) -> Self {
        Self {
            visible: Response::opaque(paper.visible),
            ultraviolet: Response::opaque(paper.ultraviolet),
            infrared: Response::opaque(paper.infrared),
            transmitted: Response::absorbs([-0.12; 3]),
            turned: None,
        }
    }

    /// Clear adhesive tape: yellowish, glossy, glowing a little.
    pub(crate) fn tape() -> Self {
        Self {
            visible: Response {
                absorbs: [0.16, 0.18, 0.27],
                adds: [0.05; 3],
            },
            ultraviolet: Response {
                absorbs: [0.4; 3],
                adds: [0.05, 0.09, 0.16],
            },
            infrared: Response {
                absorbs: [0.10; 3],
                adds: [0.03; 3],
            },
            transmitted: Response::absorbs([0.14, 0.16, 0.22]),
            turned: None,
        }
    }

    /// The hue turned by `turns` of the circle in YIQ, lightness kept; other lights are left alone.
    pub(crate) fn turned_hue(self, turns: f32) -> Self {
        let [r, g, b] = self.visible.absorbs;
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        let i = 0.596 * r - 0.274 * g - 0.322 * b;
        let q = 0.211 * r - 0.523 * g + 0.312 * b;
        let (s, c) = (
            super::maths::sin_turns(turns),
            super::maths::sin_turns(turns + 0.25),
        );
        let (i, q) = (i * c - q * s, i * s + q * c);
        let k = [
            y + 0.956 * i + 0.621 * q,
            y - 0.272 * i - 0.647 * q,
            y - 1.106 * i + 1.703 * q,
        ];
        let visible = Response {
            absorbs: k.map(|v| v.clamp(0.02, 0.985)),
            ..self.visible
        };
        Self { visible, ..self }
    }

    /// In infrared as dark as the eye sees it, by `amount` 0..=1.
    pub(crate) fn infrared_as_seen(self, amount: f32) -> Self {
        let [r, g, b] = self.visible.absorbs;
        let seen = Response {
            absorbs: [0.3 * r + 0.59 * g + 0.11 * b; 3],
            adds: self.visible.adds,
        };
        Self {
            infrared: self.infrared.mixed(seen, amount),
            ..self
        }
    }

    /// Colours between two inks, as in a rainbow print.
    pub(crate) fn blended(self, other: Self, t: f32) -> Self {
        Self {
            visible: self.visible.mixed(other.visible, t),
            ultraviolet: self.ultraviolet.mixed(other.ultraviolet, t),
            infrared: self.infrared.mixed(other.infrared, t),
            transmitted: self.transmitted.mixed(other.transmitted, t),
            turned: self.turned.or(other.turned).map(|_| {
                self.response(Light::Turned)
                    .mixed(other.response(Light::Turned), t)
            }),
        }
    }

    /// What the ink does in a light.
    pub(crate) fn response(&self, light: Light) -> Response {
        match light {
            Light::Visible => self.visible,
            Light::Ultraviolet => self.ultraviolet,
            Light::Infrared => self.infrared,
            Light::Transmitted => self.transmitted,
            Light::Turned => self.turned.unwrap_or(self.visible),
        }
    }
}

/// The sheet itself: what comes from bare paper in each light, linear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paper {
    pub(crate) visible: [f32; 3],
    pub(crate) ultraviolet: [f32; 3],
    pub(crate) infrared: [f32; 3],
    pub(crate) transmitted: [f32; 3],
}

impl Paper {
    /// Cream rag paper without brightener; `bright` 0..=1 makes it office paper.
    pub(crate) fn new(bright: f32) -> Self {
        let blend = |a: [f32; 3], b: [f32; 3]| [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * bright);
        Self {
            visible: blend(rgb(0x00ee_e8d3), rgb(0x00f4_f6fb)),
            ultraviolet: blend(rgb(0x0024_2029), rgb(0x00a9_c4f5)),
            infrared: [0.80; 3],
            transmitted: blend([0.42, 0.385, 0.30], [0.44, 0.43, 0.41]),
        }
    }

    pub(crate) fn in_light(&self, light: Light) -> [f32; 3] {
        match light {
            Light::Visible | Light::Turned => self.visible,
            Light::Ultraviolet => self.ultraviolet,
            Light::Infrared => self.infrared,
            Light::Transmitted => self.transmitted,
        }
    }
}
