//! Signals for tests: reproducible noise and something much like speech.

use crate::level;
use crate::osc::Osc;
use crate::tone::TonePlayer;
use core::time::Duration;
use std::vec;
use std::vec::Vec;

/// Reproducible noise (xorshift).
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Uniform, 0 to 1.
    pub(crate) fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / 16_777_216.0
    }

    /// Gaussian, standard deviation 1.
    pub(crate) fn gauss(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| self.uniform()).sum();
        sum - 6.0
    }

    /// Adds white noise of this level.
    pub(crate) fn add(&mut self, out: &mut [i16], dbm0: f32) {
        let sigma = level::mean_square(dbm0).sqrt();
        for s in out {
            level::add(s, sigma * self.gauss());
        }
    }
}

pub(crate) fn silence(ms: usize) -> Vec<i16> {
    vec![0; ms * 8]
}

/// A steady sum of tones.
pub(crate) fn tone(freqs: &[f32], dbm0: f32, ms: usize) -> Vec<i16> {
    let mut out = silence(ms);
    TonePlayer::fixed(freqs, dbm0, Some(Duration::from_millis(ms as u64))).fill(&mut out);
    out
}

/// Adds `what` to `to` from sample `at` on.
pub(crate) fn mix_at(to: &mut [i16], what: &[i16], at: usize) {
    for (a, b) in to.iter_mut().skip(at).zip(what) {
        *a = a.saturating_add(*b);
    }
}

/// Speech-like sound: a gliding glottal pulse train or hiss through four formants that wander, in syllables of
/// 80 to 350 ms with pauses between words. `dbm0` is the level while it speaks.
pub(crate) fn speech(seed: u64, dbm0: f32, ms: usize) -> Vec<i16> {
    let mut noise = Noise::new(seed);
    let mut out: Vec<f32> = Vec::with_capacity(ms * 8);
    let female = seed.is_multiple_of(2);
    let base = if female { 190.0 } else { 105.0 };
    let mut glottis = Osc::new(base);
    // Two-pole resonators: y[n] = x + 2 r cos(w) y[n-1] - r^2 y[n-2].
    let mut states = [[0.0f32; 2]; 4];
    let mut formants = [500.0f32, 1500.0, 2500.0, 3300.0];
    let mut last_phase = 0.0;
    while out.len() < ms * 8 {
        let length = (80.0 + 270.0 * noise.uniform()) as usize * 8;
        let voiced = noise.uniform() < 0.8;
        let pitch_from = base * (0.8 + 0.5 * noise.uniform());
        let pitch_to = base * (0.8 + 0.5 * noise.uniform());
        let target = [
            280.0 + 600.0 * noise.uniform(),
            850.0 + 1500.0 * noise.uniform(),
            2200.0 + 700.0 * noise.uniform(),
            3100.0 + 400.0 * noise.uniform(),
        ];
        let loudness = 0.4 + 0.6 * noise.uniform();
        for i in 0..length {
            let t = i as f32 / length as f32;
            if i % 80 == 0 {
                for (f, goal) in formants.iter_mut().zip(target) {
                    *f += (goal - *f) * 0.15;
                }
                glottis.set(pitch_from + (pitch_to - pitch_from) * t);
            }
            let wave = glottis.sine();
            let pulse = if last_phase <= 0.0 && wave > 0.0 { 1.0 } else { 0.0 };
            last_phase = wave;
            let x = if voiced { pulse * 8.0 + 0.02 * noise.gauss() } else { 0.4 * noise.gauss() };
            let mut y = 0.0;
            for ((f, s), (bandwidth, gain)) in
                formants.iter().zip(&mut states).zip([(60.0f32, 1.0f32), (90.0, 0.6), (130.0, 0.35), (180.0, 0.2)])
            {
                let r = (-core::f32::consts::PI * bandwidth / 8000.0).exp();
                let w = core::f32::consts::TAU * f / 8000.0;
                let v = x + 2.0 * r * w.cos() * s[0] - r * r * s[1];
                s[1] = s[0];
                s[0] = v;
                y += gain * v * w.sin();
            }
            let envelope = (t * core::f32::consts::PI).sin().sqrt() * loudness;
            out.push(y * envelope);
        }
        if noise.uniform() < 0.3 {
            out.resize(out.len() + (60.0 + 300.0 * noise.uniform()) as usize * 8, 0.0);
        }
    }
    out.truncate(ms * 8);
    let active: f32 = out.iter().map(|x| x * x).sum::<f32>() / out.iter().filter(|x| **x != 0.0).count().max(1) as f32;
    let gain = (level::mean_square(dbm0) / active).sqrt();
    out.iter().map(|x| level::sample(x * gain)).collect()
}
