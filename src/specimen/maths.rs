//! Elementary functions and random numbers that give the same bits on every machine.
//!
//! The system's mathematical library differs between platforms in the last bit, which would show in the bytes of
//! a scan. These use only additions, multiplications, divisions and square roots, which IEEE 754 fixes.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

/// Adding and subtracting it rounds to the nearest whole number (1.5 × 2²³).
const ROUND: f32 = 12_582_912.0;

/// Nearest whole number, for |x| < 2²².
pub(crate) fn round(x: f32) -> f32 {
    (x + ROUND) - ROUND
}

/// Distance to the nearest whole number, 0..=0.5.
pub(crate) fn to_whole(x: f32) -> f32 {
    (x - round(x)).abs()
}

/// Sine of an angle in turns; absolute error below 1e-5.
pub(crate) fn sin_turns(turns: f32) -> f32 {
    let t = turns - round(turns);
    let t = if t > 0.25 {
        0.5 - t
    } else if t < -0.25 {
        -0.5 - t
    } else {
        t
    };
    let a = t * TAU;
    let s = a * a;
    a * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s / 362_880.0))))
}

/// Sine of an angle in radians.
pub(crate) fn sin(radians: f32) -> f32 {
    sin_turns(radians / TAU)
}

/// Cosine of an angle in radians.
pub(crate) fn cos(radians: f32) -> f32 {
    sin_turns(radians / TAU + 0.25)
}

/// Angle of (x, y) in radians, -π..=π; absolute error below 1e-3.
pub(crate) fn atan2(y: f32, x: f32) -> f32 {
    let (ax, ay) = (x.abs(), y.abs());
    let big = ax.max(ay);
    if big == 0.0 {
        return 0.0;
    }
    let q = ax.min(ay) / big;
    let s = q * q;
    // Polynomial of Abramowitz and Stegun, 4.4.49, shortened.
    let mut angle =
        q * (0.999_866 + s * (-0.330_299_5 + s * (0.180_141 + s * (-0.085_133 + s * 0.020_835_1))));
    if ay > ax {
        angle = FRAC_PI_2 - angle;
    }
    if x < 0.0 {
        angle = PI - angle;
    }
    if y < 0.0 { -angle } else { angle }
}

/// e to the x.
pub(crate) fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    // e^x = (e^(x/1024))^1024: the series needs few terms on so small an argument.
    let r = x / 1024.0;
    let mut value = 1.0 + r * (1.0 + r / 2.0 * (1.0 + r / 3.0 * (1.0 + r / 4.0)));
    for _ in 0..10 {
        value *= value;
    }
    value
}

/// A bell of height 1: e to the -x²/2, as f32.
pub(crate) fn bell(x: f32) -> f32 {
    exp(-0.5 * f64::from(x) * f64::from(x)) as f32
}

/// Natural logarithm of a positive number.
fn ln(x: f64) -> f64 {
    let (mut m, mut halvings) = (x.max(1e-300), 0.0);
    while m > 1.5 {
        m /= 2.0;
        halvings += 1.0;
    }
    while m < 0.75 {
        m *= 2.0;
        halvings -= 1.0;
    }
    let z = (m - 1.0) / (m + 1.0);
    let s = z * z;
    let series = z
        * (2.0
            + s * (2.0 / 3.0
                + s * (2.0 / 5.0 + s * (2.0 / 7.0 + s * (2.0 / 9.0 + s * 2.0 / 11.0)))));
    series + halvings * std::f64::consts::LN_2
}

/// x to the power p, for x ≥ 0.
pub(crate) fn pow(x: f64, p: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { exp(p * ln(x)) }
}

/// Smooth step from 0 at `a` to 1 at `b`.
pub(crate) fn step(a: f32, b: f32, x: f32) -> f32 {
    let t = ((x - a) / (b - a)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Linear mix: `a` at 0, `b` at 1.
pub(crate) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// sRGB byte to linear reflectance 0..=1 (IEC 61966-2-1).
pub(crate) fn linear(byte: u8) -> f32 {
    let c = f64::from(byte) / 255.0;
    (if c <= 0.040_45 {
        c / 12.92
    } else {
        pow((c + 0.055) / 1.055, 2.4)
    }) as f32
}

/// Linear reflectance 0..=1 to an sRGB level 0..=255.
pub(crate) fn encoded(linear: f64) -> f64 {
    let c = linear.clamp(0.0, 1.0);
    255.0
        * (if c <= 0.003_130_8 {
            c * 12.92
        } else {
            1.055 * pow(c, 1.0 / 2.4) - 0.055
        })
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a good hash of a 64-bit word.
pub(crate) fn hash(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Hash of a place under a key.
pub(crate) fn hash_at(key: u64, x: i32, y: i32) -> u64 {
    hash(
        key ^ ((u64::from(x as u32) << 32) | u64::from(y as u32))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15),
    )
}

/// SplitMix64: the random numbers of a note.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// A stream of its own for each purpose, so that one more draw here changes nothing there.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let mut state = hash(seed ^ 0x5851_f42d_4c95_7f2d);
        for byte in purpose.bytes() {
            state = hash(state ^ u64::from(byte).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        Self(state)
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        hash(self.0)
    }

    /// Uniform in 0..1.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.word() >> 40) as f32 / 16_777_216.0
    }

    /// Uniform in `from..to`.
    pub(crate) fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * self.unit()
    }

    /// Uniform in `0..count`.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.word() % count.max(1)
    }

    /// Nearly normal, mean 0, standard deviation 1, never beyond ±3.5 (sum of twelve uniforms, cut).
    pub(crate) fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| self.unit()).sum();
        (sum - 6.0).clamp(-3.5, 3.5)
    }
}

/// Smooth noise on a unit lattice, -1..=1.
pub(crate) fn noise(key: u64, x: f32, y: f32) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (x - x0, y - y0);
    let (sx, sy) = (fx * fx * (3.0 - 2.0 * fx), fy * fy * (3.0 - 2.0 * fy));
    let at = |dx: i32, dy: i32| {
        (hash_at(key, x0 as i32 + dx, y0 as i32 + dy) >> 40) as f32 / 8_388_608.0 - 1.0
    };
    mix(mix(at(0, 0), at(1, 0), sx), mix(at(0, 1), at(1, 1), sx), sy)
}

/// Sum of four octaves of [`noise`], about -1..=1.
pub(crate) fn clouds(key: u64, x: f32, y: f32) -> f32 {
    let (mut sum, mut scale, mut height) = (0.0, 1.0, 0.5);
    for octave in 0..4 {
        sum += height * noise(key.wrapping_add(octave), x * scale, y * scale);
        scale *= 2.03;
        height *= 0.5;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_agree_with_the_system() {
        for i in -2000..2000 {
            let x = i as f32 * 0.01;
            assert!((sin(x) - x.sin()).abs() < 2e-5, "sin {x}");
            assert!((cos(x) - x.cos()).abs() < 2e-5, "cos {x}");
            assert!((atan2(x, 1.7) - x.atan2(1.7)).abs() < 1e-3, "atan2 {x}");
            assert!((atan2(1.3, x) - 1.3f32.atan2(x)).abs() < 1e-3, "atan2 {x}");
        }
        for i in 1..400 {
            let x = f64::from(i) * 0.03;
            assert!((pow(x, 0.37) / x.powf(0.37) - 1.0).abs() < 1e-6, "pow {x}");
            assert!((exp(-x) / (-x).exp() - 1.0).abs() < 1e-8, "exp {x}");
        }
        for byte in 0..=255u8 {
            assert!((encoded(f64::from(linear(byte))) - f64::from(byte)).abs() < 0.01);
        }
    }
}
