//! The filters of a line model: a minimum-phase response of any shape, the phase splitter that shifts frequencies,
//! and the interpolator that stands between two clocks. All allocate when they are made and never after.

use crate::SAMPLE_RATE;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::f64::consts::{PI, TAU};

/// A history of the last samples, laid out so that they can be read as one slice, newest first.
#[derive(Clone, Debug)]
struct History {
    /// Every sample is kept twice, half the buffer apart.
    twice: Box<[f32]>,
    at: usize,
}

impl History {
    fn new(length: usize) -> Self {
        Self { twice: vec![0.0; length * 2].into_boxed_slice(), at: 0 }
    }

    /// Takes the newest sample and returns all, newest first.
    fn push(&mut self, x: f32) -> &[f32] {
        let n = self.twice.len() / 2;
        self.at = if self.at == 0 { n - 1 } else { self.at - 1 };
        for i in [self.at, self.at + n] {
            if let Some(slot) = self.twice.get_mut(i) {
                *slot = x;
            }
        }
        self.twice.get(self.at..self.at + n).unwrap_or_default()
    }
}

fn dot(taps: &[f32], past: &[f32]) -> f32 {
    // Eight sums at a time, so that the compiler may use the vector unit.
    let mut sums = [0.0f32; 8];
    let (mut t8, mut p8) = (taps.chunks_exact(8), past.chunks_exact(8));
    for (t, p) in (&mut t8).zip(&mut p8) {
        for (s, (t, p)) in sums.iter_mut().zip(t.iter().zip(p)) {
            *s += t * p;
        }
    }
    let rest: f32 = t8.remainder().iter().zip(p8.remainder()).map(|(t, p)| t * p).sum();
    sums.iter().sum::<f32>() + rest
}

/// A filter with a wanted amplitude response and the least delay such a response can have, as a cable has it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    taps: Box<[f32]>,
    past: History,
}

impl Shape {
    /// Taps of the filter: 16 ms.
    const TAPS: usize = 128;
    /// Points of the discrete Fourier transform it is designed with.
    const POINTS: usize = 1024;

    /// `gain_db` is asked for the gain at frequencies of 0 to 4000 Hz; it is kept to -80 dB and more.
    pub(super) fn new(gain_db: impl Fn(f64) -> f64) -> Self {
        const N: usize = Shape::POINTS;
        let cosines: Vec<f64> = (0..N).map(|i| libm::cos(TAU * i as f64 / N as f64)).collect();
        let cos = |i: usize| cosines.get(i % N).copied().unwrap_or_default();
        let sin = |i: usize| cos(i + N - N / 4);
        // The logarithm of the amplitude is the even part of a causal cepstrum: fold it, and it is minimum-phase.
        let log: Vec<f64> = (0..=N / 2)
            .map(|k| gain_db(k as f64 * f64::from(SAMPLE_RATE) / N as f64).max(-80.0) * core::f64::consts::LN_10 / 20.0)
            .collect();
        let even = |values: &[f64], n: usize| {
            let last = values.len() - 1;
            values
                .iter()
                .enumerate()
                .map(|(k, v)| v * cos(k * n) * if k == 0 || k == last { 1.0 } else { 2.0 })
                .sum::<f64>()
                / N as f64
        };
        let cepstrum: Vec<f64> =
            (0..=N / 2).map(|n| even(&log, n) * if n == 0 || n == N / 2 { 1.0 } else { 2.0 }).collect();
        let spectrum: Vec<(f64, f64)> = (0..=N / 2)
            .map(|k| {
                let (mut re, mut im) = (0.0, 0.0);
                for (n, c) in cepstrum.iter().enumerate() {
                    re += c * cos(k * n);
                    im -= c * sin(k * n);
                }
                let size = libm::exp(re);
                (size * libm::cos(im), size * libm::sin(im))
            })
            .collect();
        let taps: Vec<f32> = (0..Self::TAPS)
            .map(|n| {
                let sum: f64 = spectrum
                    .iter()
                    .enumerate()
                    .map(|(k, (re, im))| {
                        (re * cos(k * n) - im * sin(k * n)) * if k == 0 || k == N / 2 { 1.0 } else { 2.0 }
                    })
                    .sum();
                // The last quarter fades out.
                let left = (Self::TAPS - n) as f64 / (Self::TAPS / 4) as f64;
                let fade = if left < 1.0 { 0.5 - 0.5 * libm::cos(PI * left) } else { 1.0 };
                (sum / N as f64 * fade) as f32
            })
            .collect();
        Self { taps: taps.into_boxed_slice(), past: History::new(Self::TAPS) }
    }

    pub(super) fn step(&mut self, x: f32) -> f32 {
        dot(&self.taps, self.past.push(x))
    }
}

/// Moves every frequency up or down by the same number of Hz, as carrier systems with unequal carriers do.
#[derive(Clone, Debug)]
pub(super) struct Shifter {
    taps: Box<[f32]>,
    past: History,
    phase: f64,
    step: f64,
}

impl Shifter {
    /// Taps of the Hilbert transformer (odd); the delay is half of it.
    const TAPS: usize = 127;

    pub(super) fn new(hz: f64) -> Self {
        let middle = (Self::TAPS / 2) as i32;
        let taps: Vec<f32> = (0..=middle * 2)
            .map(|n| {
                let d = n - middle;
                if d % 2 == 0 {
                    return 0.0;
                }
                let window = 0.54 + 0.46 * libm::cos(PI * f64::from(d) / f64::from(middle + 1));
                (2.0 / (PI * f64::from(d)) * window) as f32
            })
            .collect();
        Self {
            taps: taps.into_boxed_slice(),
            past: History::new(Self::TAPS),
            phase: 0.0,
            step: hz / f64::from(SAMPLE_RATE),
        }
    }

    pub(super) fn step(&mut self, x: f32) -> f32 {
        let past = self.past.push(x);
        let real = past.get(Self::TAPS / 2).copied().unwrap_or_default();
        let imaginary = dot(&self.taps, past);
        let angle = TAU * self.phase;
        self.phase += self.step;
        self.phase -= libm::floor(self.phase);
        real * libm::cos(angle) as f32 - imaginary * libm::sin(angle) as f32
    }
}

/// An elastic store: samples go in at one clock and come out at another, or with a delay that jumps.
#[derive(Clone, Debug)]
pub(super) struct Store {
    ring: Box<[f32]>,
    /// Interpolation filters for [`Self::PHASES`] + 1 fractions of a sample.
    filters: Box<[f32]>,
    /// Where the next sample goes.
    at: usize,
    /// How far behind the newest sample the output is, in samples.
    delay: f64,
    /// Added to the delay with every sample.
    drift: f64,
    /// The longest delay of the store's own, without the interpolator's.
    depth: f64,
}

impl Store {
    /// Taps of an interpolation filter; half of it is the delay of the interpolator itself.
    const TAPS: usize = 32;
    const PHASES: usize = 128;

    /// `drift`: by how much the input clock is faster than the output clock (1e-6 is 1 ppm), -0.1 to 0.1. `depth`: samples
    /// that the store holds.
    pub(super) fn new(drift: f64, depth: usize) -> Self {
        let half = (Self::TAPS / 2) as f64;
        let filters: Vec<f32> = (0..=Self::PHASES)
            .flat_map(|phase| {
                let fraction = phase as f64 / Self::PHASES as f64;
                (0..Self::TAPS).map(move |n| {
                    // Tap n is for the sample n before the newest one used.
                    let x = n as f64 - (half - 1.0) - fraction;
                    let sinc = if libm::fabs(x) < 1e-9 { 1.0 } else { libm::sin(PI * x) / (PI * x) };
                    let window = 0.42 + 0.5 * libm::cos(PI * x / half) + 0.08 * libm::cos(TAU * x / half);
                    (sinc * if libm::fabs(x) < half { window } else { 0.0 }) as f32
                })
            })
            .collect();
        let drift = drift.clamp(-0.1, 0.1);
        let depth = depth.clamp(1, 80_000);
        Self {
            ring: vec![0.0; depth + Self::TAPS + 2].into_boxed_slice(),
            filters: filters.into_boxed_slice(),
            at: 0,
            // A faster input needs room to fall behind; a slower one must have something in hand.
            delay: if drift < 0.0 { depth as f64 } else { 0.0 },
            drift,
            depth: depth as f64,
        }
    }

    /// Jumps by so many samples: forward (positive) leaves samples out, back repeats them.
    pub(super) fn jump(&mut self, samples: f64) {
        self.delay = (self.delay - samples).clamp(0.0, self.depth);
    }

    pub(super) fn step(&mut self, x: f32) -> f32 {
        let n = self.ring.len();
        if let Some(slot) = self.ring.get_mut(self.at) {
            *slot = x;
        }
        let newest = self.at;
        self.at = if self.at + 1 >= n { 0 } else { self.at + 1 };
        let whole = libm::floor(self.delay);
        let position = (self.delay - whole) * Self::PHASES as f64;
        let row = position as usize;
        let weight = (position - row as f64) as f32;
        let rows = self.filters.get(row * Self::TAPS..).unwrap_or_default();
        let (first, second) = rows.split_at(Self::TAPS.min(rows.len()));
        let start = newest + n - whole as usize;
        let mut y = 0.0;
        for (k, a) in first.iter().enumerate() {
            let b = second.get(k).copied().unwrap_or(*a);
            let past = self.ring.get((start - k) % n).copied().unwrap_or_default();
            y += past * (a + (b - a) * weight);
        }
        self.delay += self.drift;
        // The store is full or empty: a controlled slip.
        if self.delay > self.depth {
            self.delay -= self.depth;
        } else if self.delay < 0.0 {
            self.delay += self.depth;
        }
        y
    }
}

/// A plain delay of a fixed number of samples.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    ring: Box<[f32]>,
    at: usize,
}

impl Delay {
    pub(super) fn new(samples: usize) -> Self {
        Self { ring: vec![0.0; samples.max(1)].into_boxed_slice(), at: 0 }
    }

    pub(super) fn step(&mut self, x: f32) -> f32 {
        let out = match self.ring.get_mut(self.at) {
            Some(slot) => core::mem::replace(slot, x),
            None => x,
        };
        self.at = if self.at + 1 >= self.ring.len() { 0 } else { self.at + 1 };
        out
    }
}
