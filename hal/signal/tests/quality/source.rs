//! Signals made without the crate's own senders, so that an error in a sender cannot hide one in a receiver.
//!
//! Sines are exact rotations in double precision, all mathematics comes from `libm`, and all chance from a seed: the same
//! corpus on every machine.

use std::f64::consts::{PI, TAU};

/// Samples per second.
pub(crate) const RATE: f64 = 8000.0;

/// Samples in so many ms.
pub(crate) fn ms(ms: f64) -> usize {
    libm::round(ms * RATE / 1000.0) as usize
}

/// Reproducible random numbers (splitmix64).
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut r = Self(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ 0x5851_F42D_4C95_7F2D);
        r.bits();
        r
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn range(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.uniform()
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// About Gaussian, standard deviation 1: good enough where it is no measured noise.
    pub(crate) fn gauss(&mut self) -> f64 {
        let mut sum = 0.0;
        for _ in 0..2 {
            let b = self.bits();
            for k in 0..4 {
                sum += ((b >> (16 * k)) & 0xFFFF) as f64;
            }
        }
        (sum / 65536.0 - 4.0) * 1.224_744_871_391_589
    }
}

/// Level of a full-scale sine (ITU-T G.711).
#[expect(clippy::approx_constant, reason = "a level, not the circle constant")]
const FULL_SCALE: f64 = 3.14;

/// Peak of a sine at `dbm0`.
pub(crate) fn peak(dbm0: f64) -> f64 {
    32768.0 * libm::pow(10.0, (dbm0 - FULL_SCALE) / 20.0)
}

/// A sine, as a rotation.
#[derive(Clone)]
pub(crate) struct Sine {
    re: f64,
    im: f64,
    cos: f64,
    sin: f64,
}

impl Sine {
    /// `phase` in turns.
    pub(crate) fn new(hz: f64, phase: f64) -> Self {
        let w = TAU * hz / RATE;
        Self { re: libm::cos(TAU * phase), im: libm::sin(TAU * phase), cos: libm::cos(w), sin: libm::sin(w) }
    }

    pub(crate) fn step(&mut self) -> f64 {
        let out = self.im;
        (self.re, self.im) = (self.re * self.cos - self.im * self.sin, self.re * self.sin + self.im * self.cos);
        out
    }
}

/// Adds a sine to `out` from `at` on.
pub(crate) fn add_sine(out: &mut [f64], at: usize, length: usize, hz: f64, dbm0: f64, phase: f64) {
    let mut sine = Sine::new(hz, phase);
    let peak = peak(dbm0);
    for x in out.iter_mut().skip(at).take(length) {
        *x += peak * sine.step();
    }
}

/// To samples.
pub(crate) fn samples(signal: &[f64]) -> Vec<i16> {
    // The cast saturates.
    signal.iter().map(|x| libm::round(*x) as i16).collect()
}

/// A two-pole resonator with unity gain at 0 Hz, as formant synthesizers use it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Resonator {
    a: f32,
    b: f32,
    c: f32,
    y1: f32,
    y2: f32,
}

impl Resonator {
    pub(crate) fn tune(&mut self, hz: f64, bandwidth: f64) {
        let r = libm::expf((-PI * bandwidth / RATE) as f32);
        self.c = -r * r;
        self.b = 2.0 * r * libm::cosf((TAU * hz / RATE) as f32);
        self.a = 1.0 - self.b - self.c;
    }

    /// With unity gain at its peak instead.
    pub(crate) fn tune_to_peak(&mut self, hz: f64, bandwidth: f64) {
        self.tune(hz, bandwidth);
        let r = libm::sqrtf(-self.c);
        let c2 = libm::cosf((2.0 * TAU * hz / RATE) as f32);
        self.a = (1.0 - r) * libm::sqrtf(1.0 - 2.0 * r * c2 + r * r);
    }

    pub(crate) fn step(&mut self, x: f32) -> f32 {
        let y = self.a * x + self.b * self.y1 + self.c * self.y2;
        self.y2 = self.y1;
        self.y1 = y;
        y
    }
}
