//! Whether somebody speaks.
//!
//! Speech is loud enough, no tone of the network, uneven from one moment to the next, and spread over its
//! spectrum. Steady noise, data carriers and ringing fail the third test, and keypad or fax tones the fourth: a
//! short Fourier transform finds the two strongest peaks, which hold nearly all power of a tone or pair.

use super::spectrum::{HOP, HOP_MS};
use crate::filter::Complex;
use crate::level;

/// Points of the transform: 32 ms.
const POINTS: usize = 256;
/// Below this nothing is speech, in dBm0.
const MIN_DBM0: f32 = -43.0;
/// Share of the power in the two strongest peaks from which it is a tone.
const TONAL: f32 = 0.9;
/// Hops that are looked back on: 400 ms.
const MEMORY: usize = 40;
/// Hops among them that must be speech-like: 250 ms.
const ACTIVE: usize = 25;
/// Least standard deviation of their levels, in dB. White noise has 0.7.
const UNEVEN: f32 = 2.0;
/// Quiet for so long, the next voice is told again: ms.
const REARM: u32 = 1000;

#[derive(Clone, Debug)]
pub(super) struct Voice {
    /// The last samples, oldest first.
    samples: [f32; POINTS],
    window: [f32; POINTS],
    twiddles: [Complex; POINTS / 2],
    /// Levels in dB of the last hops; `None` where it was not speech-like.
    past: [Option<f32>; MEMORY],
    speaking: bool,
    quiet: u32,
    min_power: f32,
}

impl Voice {
    pub(super) fn new() -> Self {
        let turn = core::f64::consts::TAU / POINTS as f64;
        let mut window = [0.0; POINTS];
        for (i, w) in window.iter_mut().enumerate() {
            *w = (0.5 - 0.5 * libm::cos(turn * i as f64)) as f32;
        }
        let mut twiddles = [Complex::default(); POINTS / 2];
        for (i, t) in twiddles.iter_mut().enumerate() {
            *t = Complex::new(libm::cos(turn * i as f64) as f32, -libm::sin(turn * i as f64) as f32);
        }
        Self {
            samples: [0.0; POINTS],
            window,
            twiddles,
            past: [None; MEMORY],
            speaking: false,
            quiet: 0,
            min_power: level::mean_square(MIN_DBM0),
        }
    }

    /// Takes a hop, its mean square, and whether it is a tone of the network. True when a voice begins.
    pub(super) fn push(&mut self, hop: &[f32; HOP], power: f32, network_tone: bool) -> bool {
        self.samples.rotate_left(HOP);
        for (to, from) in self.samples.iter_mut().skip(POINTS - HOP).zip(hop) {
            *to = *from;
        }
        let active = !network_tone && power >= self.min_power && !self.tonal();
        self.past.rotate_left(1);
        if let Some(newest) = self.past.last_mut() {
            *newest = active.then(|| level::dbm0(power));
        }
        self.quiet = if active { 0 } else { self.quiet.saturating_add(HOP_MS) };
        if self.speaking {
            self.speaking = self.quiet < REARM;
            return false;
        }
        self.speaking = self.speech();
        self.speaking
    }

    fn speech(&self) -> bool {
        let count = self.past.iter().flatten().count();
        if count < ACTIVE || self.quiet > 0 {
            return false;
        }
        let n = count as f32;
        let mean = self.past.iter().flatten().sum::<f32>() / n;
        let variance = self.past.iter().flatten().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n;
        variance >= UNEVEN * UNEVEN
    }

    /// Whether one or two sines are nearly all there is.
    fn tonal(&self) -> bool {
        let mut spectrum = [Complex::default(); POINTS];
        for (i, (x, w)) in self.samples.iter().zip(&self.window).enumerate() {
            let reversed = (i as u8).reverse_bits();
            if let Some(slot) = spectrum.get_mut(usize::from(reversed)) {
                *slot = Complex::new(x * w, 0.0);
            }
        }
        let mut half = 1;
        while half < POINTS {
            let stride = POINTS / (2 * half);
            for block in spectrum.chunks_exact_mut(2 * half) {
                let (low, high) = block.split_at_mut(half);
                for ((a, b), w) in low.iter_mut().zip(high).zip(self.twiddles.iter().step_by(stride)) {
                    let t = b.times(*w);
                    *b = a.plus(t.scale(-1.0));
                    *a = a.plus(t);
                }
            }
            half *= 2;
        }
        let mut powers = [0.0f32; POINTS / 2];
        for (p, c) in powers.iter_mut().zip(&spectrum) {
            *p = c.power();
        }
        let total: f32 = powers.iter().sum();
        let peaks: f32 = (0..2).map(|_| take_peak(&mut powers)).sum();
        total > 0.0 && peaks >= TONAL * total
    }

    pub(super) fn reset(&mut self) {
        self.samples = [0.0; POINTS];
        self.past = [None; MEMORY];
        self.speaking = false;
        self.quiet = 0;
    }
}

/// Takes the strongest peak out of a power spectrum (two bins to each side, the width of the window's main lobe).
fn take_peak(powers: &mut [f32]) -> f32 {
    let top = powers.iter().enumerate().fold((0, 0.0), |top, (i, p)| if *p > top.1 { (i, *p) } else { top });
    let from = top.0.saturating_sub(2);
    powers.iter_mut().skip(from).take(top.0 + 3 - from).map(core::mem::take).sum()
}
