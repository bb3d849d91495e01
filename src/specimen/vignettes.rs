//! The engraved pictures: analytic forms, lit from the upper left. `u` runs to the right and `v` down, both 0 in
//! the middle; `v` is ±1 at the top and bottom of the picture.

use std::f32::consts::{PI, TAU};

use super::canvas::Surface;
use super::maths::{atan2, clouds, cos, mix, noise, sin, step};

/// Tone of a form whose normal has the components (x to the right, y down, z to the eye).
fn lit(nx: f32, ny: f32, nz: f32) -> f32 {
    let light = -0.62 * nx - 0.42 * ny + 0.66 * nz;
    (0.95 - 0.98 * light).clamp(0.04, 1.0)
}

/// Shading across an upright round column, `s` from -1 to 1: tone and the sag of level lines.
fn column(s: f32) -> (f32, f32) {
    let nz = (1.0 - s * s).max(0.0).sqrt();
    (lit(s, 0.0, nz), nz)
}

fn plain(tone: f32, angle: f32, bend: f32) -> Option<Surface> {
    Some(Surface {
        tone: tone.clamp(0.0, 0.97),
        angle,
        bend,
    })
}

fn sky(u: f32, v: f32, key: u64) -> (f32, f32) {
    let cloud = step(0.02, 0.34, clouds(key, 1.5 * u + 3.0, 3.4 * v) + 0.25 * v);
    let edge = step(
        0.02,
        0.16,
        clouds(key, 1.5 * u + 2.95, 3.4 * v - 0.12) + 0.25 * v,
    ) - cloud;
    let clear = mix(0.46, 0.10, (v + 1.0) / 1.4);
    (
        mix(clear, 0.05, cloud) + 0.25 * edge.max(0.0),
        0.05 * clouds(key, 4.0 * u, 4.0 * v),
    )
}

/// A lighthouse on its rock, with the sea behind it.
pub(crate) fn lighthouse(u: f32, v: f32) -> Option<Surface> {
    let du = u - 0.06;
    let lamp = -0.62;
    // Dome and finial.
    let (dx, dy) = (du / 0.105, (v + 0.70) / 0.105);
    if dy <= 0.0 && dx * dx + dy * dy < 1.0 {
        let nz = (1.0 - dx * dx - dy * dy).sqrt();
        return plain(0.25 + 0.75 * lit(dx, dy, nz), 0.0, 0.25 * nz);
    }
    if du.abs() < 0.010 && (-0.92..-0.8).contains(&v) || du.hypot2(v + 0.83) < 0.0006 {
        return plain(0.95, 0.0, 0.0);
    }
    // Lantern with its bars, gallery and brackets.
    if (-0.70..-0.55).contains(&v) && du.abs() < 0.088 {
        let bar = sin(du * 70.0).abs() > 0.86 || (v + 0.625).abs() < 0.006;
        return plain(
            if bar { 0.85 } else { 0.05 + 1.5 * du.abs() },
            PI / 2.0,
            0.0,
        );
    }
    if (-0.55..-0.525).contains(&v) && du.abs() < 0.165 {
        return plain(0.45 + 2.0 * du, 0.0, 0.0);
    }
    let railing = (-0.595..-0.55).contains(&v) && du.abs() < 0.16;
    if railing && (sin(du * 110.0).abs() > 0.8 || v < -0.588) {
        return plain(0.8, 0.0, 0.0);
    }
    if (-0.525..-0.46).contains(&v) && du.abs() < 0.15 - 0.9 * (v + 0.525) {
        return plain(0.62 + 1.8 * du, 0.0, 0.0);
    }
    // Tower.
    let down = (v + 0.5) / 1.0;
    let half = 0.088 + 0.05 * down + 0.045 * down * down;
    let rock =
        0.44 + 0.75 * du * du + 0.10 * clouds(11, 3.2 * u, 0.3) + 0.04 * noise(12, 13.0 * u, 0.0);
    if v > -0.5 && v <= rock && du.abs() < half {
        let s = du / half;
        let (tone, nz) = column(s);
        let band = (down * 5.2) as i32 % 2 == 1;
        let window = du.abs() < 0.018 && [-0.28, 0.06, 0.30].iter().any(|w| (v - w).abs() < 0.032);
        let door = (v - 0.44).abs() < 0.07 && (du + 0.02).abs() < 0.03;
        let tone = if window || door {
            0.95
        } else if band {
            0.46 + 0.5 * tone
        } else {
            0.03 + 0.72 * tone
        };
        return plain(tone, 0.0, -0.5 * nz);
    }
    // Rock.
    if v > rock {
        let here = clouds(13, 5.0 * u + 0.8 * v, 6.0 * v);
        let lift = here - clouds(13, 5.0 * (u - 0.03) + 0.8 * v, 6.0 * (v - 0.03));
        let tone = 0.55 + 1.5 * lift + 0.35 * (v - rock) - 0.22 * step(0.05, 0.0, v - rock);
        return plain(tone, 0.75, 0.5 * here);
    }
    // Sea: swell that grows towards the eye, white where it breaks.
    if v > 0.34 {
        let depth = (v - 0.34) / 0.66;
        let swell = sin((26.0 / (0.35 + depth)) + 5.0 * u + 1.6 * clouds(14, 4.0 * u, 9.0 * v));
        let foam = step(0.09, 0.0, rock - v) * step(-0.3, 0.3, noise(15, 22.0 * u, 22.0 * v));
        let tone = 0.48 + 0.30 * swell * (0.35 + depth) - 0.5 * foam;
        return plain(
            tone,
            0.0,
            (0.10 + 0.35 * depth) * sin(9.0 * u + 30.0 * v + 3.0 * noise(16, 3.0 * u, 8.0 * v)),
        );
    }
    let (mut tone, bend) = sky(u, v, 17);
    // Two beams of light.
    let spread = (v - lamp).abs() - 0.035 - 0.24 * du.abs();
    tone = mix(tone * 0.12, tone + 0.06, step(-0.02, 0.03, spread));
    if v > 0.30 {
        tone += 0.22 * step(0.30, 0.34, v) * step(0.05, 0.25, clouds(18, 6.0 * u, 0.0) + 0.25);
    }
    plain(tone, 0.0, bend)
}

trait Hypot2 {
    fn hypot2(self, other: f32) -> f32;
}

impl Hypot2 for f32 {
    /// Sum of the squares.
    fn hypot2(self, other: f32) -> f32 {
        self * self + other * other
    }
}

/// A windmill on a hill, with fields before it.
pub(crate) fn windmill(u: f32, v: f32) -> Option<Surface> {
    let (hx, hy) = (0.02, -0.30);
    // Sails: four lattices round the hub.
    for k in 0..4 {
        let a = 0.42 + k as f32 * PI / 2.0;
        let (along, across) = (
            (u - hx) * cos(a) + (v - hy) * sin(a),
            (v - hy) * cos(a) - (u - hx) * sin(a),
        );
        if (0.0..0.66).contains(&along) && across.abs() < 0.016 {
            return plain(0.88, a, 0.0);
        }
        if (0.13..0.64).contains(&along) && (0.016..0.135).contains(&across) {
            let bars = (along * 22.0).fract() < 0.22 || (across * 22.0).fract() < 0.30;
            let edge = across > 0.125 || along > 0.63;
            return plain(if bars || edge { 0.80 } else { 0.13 }, a + PI / 4.0, 0.0);
        }
    }
    if (u - hx).hypot2(v - hy) < 0.0022 {
        return plain(0.9, 0.0, 0.0);
    }
    // Cap.
    let (cx, cy) = ((u - 0.05) / 0.19, (v + 0.28) / 0.17);
    if cy <= 0.0 && cx * cx + cy * cy < 1.0 {
        let nz = (1.0 - cx * cx - cy * cy).sqrt();
        return plain(0.2 + 0.8 * lit(cx, cy, nz), 0.25, 0.5 * nz);
    }
    // Tower of eight flat sides, three of them seen; gallery half way.
    let hill = 0.50 + 0.16 * (u - 0.05) * (u - 0.05) + 0.03 * noise(21, 3.0 * u, 0.0);
    let down = (v + 0.28) / 0.8;
    let half = 0.17 + 0.12 * down;
    if (v - 0.20).abs() < 0.018 && (u - 0.05).abs() < half + 0.10 {
        return plain(0.75, 0.0, 0.0);
    }
    if (0.115..0.20).contains(&v)
        && (u - 0.05).abs() < half + 0.095
        && (sin(u * 95.0).abs() > 0.86 || v < 0.127)
    {
        return plain(0.8, 0.0, 0.0);
    }
    if v > -0.28 && v < hill + 0.02 && (u - 0.05).abs() < half {
        let s = (u - 0.05) / half;
        let side = if s < -0.45 {
            0.16
        } else if s < 0.42 {
            0.34
        } else {
            0.74
        };
        let seam = (s + 0.45).abs() < 0.02 || (s - 0.42).abs() < 0.02 || s.abs() > 0.97;
        let window = [(-0.1, -0.02), (0.05, -0.1), (0.0, 0.36)]
            .iter()
            .any(|(wu, wv)| (u - 0.05 - wu).abs() < 0.025 && (v - wv).abs() < 0.04);
        let shadow = 0.28 * step(0.20, 0.21, v) * step(0.34, 0.21, v);
        let board = 0.10 * step(0.75, 0.95, (v * 26.0).fract());
        let tone = if seam {
            0.8
        } else if window {
            0.92
        } else {
            side + shadow + board
        };
        return plain(
            tone,
            0.0,
            if s > 0.42 {
                0.25 * s
            } else if s < -0.45 {
                -0.25 * s
            } else {
                0.0
            },
        );
    }
    // Fields in strips, each ploughed its own way, and a path.
    if v > hill {
        let depth = (v - hill) / (1.0 - 0.45);
        let path =
            (u - 0.05 + 0.5 * depth * depth - 0.25 * sin(3.0 * depth)).abs() < 0.03 + 0.09 * depth;
        if path {
            return plain(0.10 + 0.06 * noise(22, 30.0 * u, 30.0 * v), 0.0, 0.0);
        }
        let strip = ((u - 0.05) / (0.35 + depth) * 4.0 + 20.0).floor();
        let furrow = sin((u - 0.05) / (0.35 + depth) * 4.0 * TAU * 3.0);
        let shade = noise(23, strip * 7.3, (depth * 2.2).floor() * 3.1);
        let grass = noise(24, 40.0 * u, 20.0 * v);
        return plain(
            0.42 + 0.22 * shade + 0.16 * furrow + 0.10 * grass,
            0.5 * shade,
            0.12 * grass,
        );
    }
    // Far trees, a low sun with rays, clouds.
    let trees = hill - 0.07 - 0.05 * clouds(25, 5.0 * u, 1.0) - 0.03 * noise(26, 17.0 * u, 0.0);
    if v > trees {
        return plain(
            0.62 + 0.35 * noise(27, 26.0 * u, 26.0 * v),
            0.9,
            0.2 * noise(28, 20.0 * u, 20.0 * v),
        );
    }
    let (tone, bend) = sky(u, v, 29);
    let (sx, sy) = (u + 0.52, v - 0.18);
    let sun = sx.hypot2(sy).sqrt();
    if sun < 0.13 {
        return plain(0.03, 0.0, 0.0);
    }
    let ray = sin(26.0 * atan2(sy, sx));
    plain(tone + 0.16 * ray * step(0.75, 0.13, sun), 0.0, bend)
}

/// A nautilus shell over waves.
pub(crate) fn nautilus(u: f32, v: f32) -> Option<Surface> {
    let (x, y) = (0.62 * (0.22 - u), 0.62 * (v + 0.10));
    let r = x.hypot2(y).sqrt().max(1e-4);
    let angle = atan2(y, x);
    // A logarithmic spiral that grows threefold a turn; `turn` is the place across the whorls.
    let ln_growth = 1.0986;
    let turn = ln(r / 0.52) / ln_growth - angle / TAU;
    let whorl = turn.floor();
    let across = turn - whorl;
    let outside = whorl > -1.0;
    // The mouth of the shell.
    let (mx, my) = (x + 0.60, y - 0.02);
    let mouth = (mx / 0.31).hypot2(my / 0.17);
    if mouth < 1.0 {
        return plain(0.88 - 0.45 * mouth, 1.2, 0.4 * mouth);
    }
    if !outside && r > 0.012 {
        let s = 2.0 * across - 1.0;
        let nz = (1.0 - s * s).max(0.0).sqrt();
        let tone = lit(s * cos(angle), s * sin(angle), nz);
        let run = angle - TAU * whorl;
        let stripe = step(
            0.1,
            0.7,
            sin(run * 7.0 + 1.4 * sin(3.0 * across)) + 0.8 * across - 0.35,
        ) * step(-3.2, -1.6, whorl);
        let seam = step(0.07, 0.0, across) + step(0.96, 1.0, across);
        let growth = 0.07 * sin(run * 60.0 + 5.0 * across);
        return plain(
            0.04 + 0.66 * tone + 0.30 * stripe + 0.5 * seam + growth,
            0.35,
            0.75 * nz,
        );
    }
    // Waves and bubbles.
    let bubble = |bx: f32, by: f32, br: f32| {
        let (dx, dy) = ((u - bx) / br, (v - by) / br);
        let q = dx.hypot2(dy);
        (q < 1.0).then(|| (lit(dx, dy, (1.0 - q).sqrt()) * 0.6, q))
    };
    for (bx, by, br) in [
        (-0.95, -0.62, 0.07),
        (1.02, 0.45, 0.06),
        (0.92, -0.66, 0.05),
        (-1.12, -0.30, 0.045),
        (1.2, -0.1, 0.05),
    ] {
        if let Some((tone, q)) = bubble(bx, by, br) {
            return plain(tone + 0.5 * step(0.8, 1.0, q), 0.0, 0.2);
        }
    }
    let swell = sin(17.0 * v + 1.8 * sin(2.6 * u + 1.0) + 0.8 * clouds(31, 2.0 * u, 2.0 * v));
    let near = step(1.05, 0.78, r);
    plain(
        0.30 + 0.17 * swell + 0.18 * near * step(-0.4, 0.6, x + y),
        0.0,
        0.30 * sin(5.0 * u + 4.0 * v),
    )
}

/// Natural logarithm, three digits: log2 from the bits, a polynomial for the rest.
fn ln(x: f32) -> f32 {
    let bits = x.max(1e-20).to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let m = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    let z = (m - 1.0) / (m + 1.0);
    let s = z * z;
    std::f32::consts::LN_2 * exponent as f32
        + 2.0 * z * (1.0 + s * (1.0 / 3.0 + s * (0.2 + s / 7.0)))
}

/// A bridge of three arches over a river, hills behind.
pub(crate) fn bridge(u: f32, v: f32) -> Option<Surface> {
    let deck = -0.16 + 0.07 * u * u;
    let water = 0.36;
    let arch = |cx: f32, radius: f32| {
        let (dx, dy) = (u - cx, v - water);
        (dy < 0.0).then(|| (dx.hypot2(1.15 * dy).sqrt() / radius, dx))
    };
    let arches = [(-0.98, 0.34), (0.0, 0.44), (0.98, 0.34)];
    let over = v < water;
    if over && v > deck {
        for (cx, radius) in arches {
            if let Some((q, dx)) = arch(cx, radius) {
                if q < 1.0 {
                    // The vault's inner side on the left, the far bank through it.
                    let vault = (dx + 0.06).hypot2(1.15 * (v - water)).sqrt() > radius;
                    let tone = if vault {
                        0.95
                    } else {
                        0.07 + 0.30 * step(0.24, 0.36, v) + 0.08 * noise(41, 14.0 * u, 30.0 * v)
                    };
                    return plain(tone, 0.0, 0.0);
                }
                if q < 1.13 {
                    // Wedge stones of the arch.
                    let joint = sin(23.0 * atan2(v - water, dx)).abs() < 0.22;
                    return plain(if joint { 0.85 } else { 0.20 }, 0.0, 0.0);
                }
            }
        }
        // Masonry in courses, darker to the right of each pier.
        let course = (v * 24.0).floor();
        let joint = (v * 24.0).fract() < 0.13
            || (u * 11.0 + 0.5 * (course - 2.0 * (course * 0.5).floor())).rem_euclid(1.0) < 0.07;
        let stone = noise(42, (u * 11.0 + 0.5 * course).floor() * 3.3, course * 5.1);
        let parapet = v < deck + 0.05;
        let tone = if joint {
            0.82
        } else if parapet {
            0.14 + 0.1 * stone
        } else {
            0.52 + 0.18 * stone
        };
        return plain(tone, 0.0, 0.0);
    }
    if (deck - 0.02..deck).contains(&v) {
        return plain(0.8, 0.0, 0.0);
    }
    // Lamps on the deck.
    for cx in [-0.55, 0.0, 0.55] {
        let top = -0.16 + 0.07 * cx * cx;
        if (u - cx).abs() < 0.009 && (top - 0.16..top).contains(&v) {
            return plain(0.9, 0.0, 0.0);
        }
        let q = (u - cx).hypot2(v - top + 0.18) / 0.0010;
        if q < 1.0 {
            return plain(0.15 + 0.8 * q * q, 0.0, 0.0);
        }
    }
    if v >= water {
        let depth = (v - water) / (1.0 - water);
        let ripple = sin(18.0 / (0.22 + depth) + 3.0 * clouds(43, 3.0 * u, 10.0 * v));
        // The bridge upside down, broken by ripples.
        let mirrored = water - (v - water) * 1.2 + 0.03 * ripple;
        let shaft = arches
            .iter()
            .all(|(cx, radius)| (u - cx).hypot2((mirrored - water) * 1.07).sqrt() > *radius)
            && mirrored > deck;
        let tone = if shaft { 0.66 } else { 0.26 } + 0.20 * ripple * (0.4 + depth);
        return plain(tone, 0.0, 0.25 * sin(7.0 * u + 40.0 * v));
    }
    let hill = |key: u64, base: f32, height: f32, wide: f32| {
        base - height * clouds(key, u * wide + 5.0, 0.5) - 0.02 * noise(key, 15.0 * u, 0.0)
    };
    if v > hill(44, -0.20, 0.30, 1.3) {
        let here = clouds(45, 6.0 * u, 6.0 * v);
        return plain(0.50 + 0.45 * here + 0.2 * u, 0.7, 0.5 * here);
    }
    if v > hill(46, -0.36, 0.34, 0.9) {
        let here = clouds(47, 4.0 * u, 4.0 * v);
        return plain(0.30 + 0.4 * here, -0.6, 0.4 * here);
    }
    let (tone, bend) = sky(u, v, 48);
    plain(tone, 0.0, bend)
}
