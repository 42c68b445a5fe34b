//! What the line carries, every 10 ms: silence, one of the country's tones, or something else.
//!
//! Each distinct set of frequencies in the country's plan is a *signature*. A window of 40 ms is fitted with
//! the signature's sinusoids by least squares; the share of the window's power that the fit explains, not the
//! level, decides whether the tone is there. The fit keeps close tones apart (400 + 450 Hz beat with 20 ms, 413 + 438 Hz
//! with 40 ms). A modulated tone is fitted with its carrier and both side bands.

use crate::SAMPLE_RATE;
use crate::country::Segment;
use crate::filter::{Biquad, Complex};
use crate::level;
use crate::osc::Osc;
use arrayvec::ArrayVec;

/// Samples of a hop: 10 ms.
pub(super) const HOP: usize = 80;
/// Hops of a window: 40 ms.
const WINDOW: usize = 4;
/// Most signatures of a country; the richest plan has nine.
const MAX_SIGNATURES: usize = 16;
/// Most sinusoids of a signature.
const MAX_PARTS: usize = 4;
/// Most distinct frequencies.
const MAX_FREQS: usize = 32;

/// Below this it is silent, in dBm0.
const SILENCE: f32 = -46.0;
/// Share of the power that a signature must explain. A tone 1.5 % off still gives 0.78 at 450 Hz.
const MIN_SHARE: f32 = 0.62;
/// A simpler signature is preferred to one that explains no more than this above it, per sinusoid.
const COST: f32 = 0.03;
/// Each tone of a pair must have at least this share of what both have: 9 dB of twist.
const MIN_BALANCE: f32 = 0.11;

/// Share of the carrier in a modulated tone: two thirds at 100 %. The edge of a burst looks more modulated than that.
const MIN_CARRIER: f32 = 0.6;

/// Index of a signature.
pub(super) type SignatureId = u8;

/// What a window holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Silence,
    Tone(SignatureId),
    Other,
}

/// A set of frequencies that sound together.
#[derive(Clone, Debug)]
struct Signature {
    freqs: &'static [f32],
    am: f32,
    /// Indices into the bank.
    parts: ArrayVec<usize, MAX_PARTS>,
    /// Inverse of the Gram matrix of the sinusoids.
    inverse: [[Complex; MAX_PARTS]; MAX_PARTS],
}

/// One correlator.
#[derive(Clone, Debug)]
struct Correlator {
    hz: f32,
    wave: [Complex; HOP],
    /// Rotation from one hop to the next.
    turn: Complex,
    past: [Complex; WINDOW],
}

/// The front end of the detector.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    hum: Biquad,
    block: [f32; HOP],
    fill: usize,
    bank: ArrayVec<Correlator, MAX_FREQS>,
    signatures: ArrayVec<Signature, MAX_SIGNATURES>,
    energy: [f32; WINDOW],
    silence: f32,
}

impl Spectrum {
    pub(super) fn new() -> Self {
        Self {
            hum: Biquad::high_pass(200.0),
            block: [0.0; HOP],
            fill: 0,
            bank: ArrayVec::new(),
            signatures: ArrayVec::new(),
            energy: [0.0; WINDOW],
            silence: level::mean_square(SILENCE),
        }
    }

    /// The signature of a segment that is not silent, added if it is new. `None` when there is no room.
    pub(super) fn signature(&mut self, segment: &Segment) -> Option<SignatureId> {
        let known = self.signatures.iter().position(|s| s.freqs == segment.freqs && s.am == segment.am);
        if let Some(i) = known {
            return u8::try_from(i).ok();
        }
        let mut parts = ArrayVec::new();
        for &f in segment.freqs {
            parts.try_push(self.part(f)?).ok()?;
            if segment.am > 0.0 {
                parts.try_push(self.part(f - segment.am)?).ok()?;
                parts.try_push(self.part(f + segment.am)?).ok()?;
            }
        }
        let inverse = self.inverse(&parts);
        let signature = Signature { freqs: segment.freqs, am: segment.am, parts, inverse };
        self.signatures.try_push(signature).ok()?;
        u8::try_from(self.signatures.len() - 1).ok()
    }

    /// The correlator of a frequency.
    fn part(&mut self, hz: f32) -> Option<usize> {
        if let Some(i) = self.bank.iter().position(|c| c.hz == hz) {
            return Some(i);
        }
        let mut osc = Osc::new(hz);
        let mut wave = [Complex::default(); HOP];
        for w in &mut wave {
            let (cos, sin) = osc.cos_sin();
            *w = Complex::new(cos, -sin);
        }
        let (cos, sin) = osc.cos_sin();
        let turn = Complex::new(cos, -sin);
        self.bank.try_push(Correlator { hz, wave, turn, past: [Complex::default(); WINDOW] }).ok()?;
        Some(self.bank.len() - 1)
    }

    /// Inverts the Gram matrix of some sinusoids over the window, by elimination.
    fn inverse(&self, parts: &[usize]) -> [[Complex; MAX_PARTS]; MAX_PARTS] {
        let n = (HOP * WINDOW) as f32;
        let hz = |i: usize| parts.get(i).and_then(|p| self.bank.get(*p)).map_or(0.0, |c| c.hz);
        // Rows of (Gram | identity).
        let mut rows = [[Complex::default(); 2 * MAX_PARTS]; MAX_PARTS];
        let count = parts.len().min(MAX_PARTS);
        for (i, row) in rows.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell = if j == i + MAX_PARTS || (i == j && i >= count) {
                    Complex::new(1.0, 0.0)
                } else if i < count && j < count {
                    // Mean of exp(j (w_j - w_i) n) over the window.
                    let mut osc = Osc::new(hz(j) - hz(i));
                    let sum = (0..HOP * WINDOW).fold(Complex::default(), |sum, _| {
                        let (cos, sin) = osc.cos_sin();
                        sum.plus(Complex::new(cos, sin))
                    });
                    sum.scale(1.0 / n)
                } else {
                    Complex::default()
                };
            }
        }
        for i in 0..MAX_PARTS {
            let Some(mut pivot) = rows.get(i).copied() else { continue };
            let p = pivot.get(i).copied().unwrap_or_default();
            // The matrix is positive definite; the bound only keeps equal frequencies from dividing by zero.
            let k = p.conj().scale(1.0 / p.power().max(1e-6));
            pivot = pivot.map(|c| c.times(k));
            for (j, row) in rows.iter_mut().enumerate() {
                if j == i {
                    *row = pivot;
                } else {
                    let f = row.get(i).copied().unwrap_or_default().scale(-1.0);
                    for (c, p) in row.iter_mut().zip(pivot) {
                        *c = c.plus(f.times(p));
                    }
                }
            }
        }
        let mut inverse = [[Complex::default(); MAX_PARTS]; MAX_PARTS];
        for (to, from) in inverse.iter_mut().zip(rows) {
            for (t, f) in to.iter_mut().zip(from.into_iter().skip(MAX_PARTS)) {
                *t = f;
            }
        }
        inverse
    }

    /// Takes one sample; answers at the end of a hop with what the window holds.
    pub(super) fn step(&mut self, sample: i16) -> Option<Heard> {
        let x = self.hum.step(f32::from(sample));
        if let Some(slot) = self.block.get_mut(self.fill) {
            *slot = x;
        }
        self.fill += 1;
        if self.fill < HOP {
            return None;
        }
        self.fill = 0;
        self.energy.rotate_left(1);
        if let Some(newest) = self.energy.last_mut() {
            *newest = self.block.iter().map(|x| x * x).sum();
        }
        for c in &mut self.bank {
            let mut sum = Complex::default();
            for (x, w) in self.block.iter().zip(&c.wave) {
                sum = sum.plus(w.scale(*x));
            }
            c.past.rotate_left(1);
            if let Some(newest) = c.past.last_mut() {
                *newest = sum;
            }
        }
        Some(self.classify())
    }

    fn classify(&self) -> Heard {
        let n = (HOP * WINDOW) as f32;
        let power = self.energy.iter().sum::<f32>() / n;
        if power < self.silence {
            return Heard::Silence;
        }
        let mut best = (0.0f32, None);
        for (i, s) in self.signatures.iter().enumerate() {
            let Some(share) = self.share(s, power) else { continue };
            let score = share - COST * s.parts.len() as f32;
            if score > best.0 {
                best = (score, u8::try_from(i).ok());
            }
        }
        best.1.map_or(Heard::Other, Heard::Tone)
    }

    /// The share of the power that a signature explains, if it is present.
    fn share(&self, s: &Signature, power: f32) -> Option<f32> {
        let n = (HOP * WINDOW) as f32;
        // Mean of x[n] exp(-j w n) over the window, counted from its beginning.
        let mut c = [Complex::default(); MAX_PARTS];
        for (c, part) in c.iter_mut().zip(&s.parts) {
            let correlator = self.bank.get(*part)?;
            let sum =
                correlator.past.iter().rev().fold(Complex::default(), |sum, p| p.plus(sum.times(correlator.turn)));
            *c = sum.scale(1.0 / n);
        }
        let mut explained = 0.0;
        let mut own = [0.0f32; MAX_PARTS];
        for ((row, c_i), own) in s.inverse.iter().zip(c).zip(&mut own) {
            let amplitude = row.iter().zip(c).fold(Complex::default(), |sum, (h, c_j)| sum.plus(h.times(c_j)));
            explained += c_i.conj().times(amplitude).re;
            *own = amplitude.power();
        }
        // Positive frequencies hold half of a real signal's power.
        let share = 2.0 * explained / power;
        if share < MIN_SHARE {
            return None;
        }
        let total: f32 = own.iter().sum();
        let present = if s.am > 0.0 {
            // The carrier is the strongest; side bands may be weak.
            own.first().is_some_and(|carrier| *carrier >= MIN_CARRIER * total)
        } else {
            own.iter()
                .take(s.parts.len())
                .all(|p| *p >= MIN_BALANCE / s.parts.len() as f32 * 2.0 * total || s.parts.len() == 1)
        };
        present.then_some(share.min(1.0))
    }

    /// Mean square of the newest hop.
    pub(super) fn power(&self) -> f32 {
        self.energy.last().copied().unwrap_or(0.0) / HOP as f32
    }

    /// The samples of the newest hop, without hum.
    pub(super) fn hop(&self) -> &[f32; HOP] {
        &self.block
    }

    pub(super) fn reset(&mut self) {
        self.hum.reset();
        self.fill = 0;
        self.energy = [0.0; WINDOW];
        for c in &mut self.bank {
            c.past = [Complex::default(); WINDOW];
        }
    }
}

/// Milliseconds of a hop.
pub(super) const HOP_MS: u32 = (HOP as u32 * 1000) / SAMPLE_RATE;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::{all, by_code};
    use crate::test_signal::{Noise, silence, speech};
    use crate::tone::TonePlayer;
    use std::vec::Vec;

    fn hear(spectrum: &mut Spectrum, samples: &[i16]) -> Vec<Heard> {
        samples.iter().filter_map(|s| spectrum.step(*s)).collect()
    }

    /// Every steady part of every country's tones is told from all others of that country.
    #[test]
    fn all_signatures_of_all_countries_are_told_apart() {
        for c in all() {
            let mut spectrum = Spectrum::new();
            let segments: Vec<&'static Segment> = [c.dial, c.stutter, c.ringback, c.busy, c.reorder, c.call_waiting]
                .into_iter()
                .flatten()
                .filter(|s| !s.freqs.is_empty())
                .collect();
            let ids: Vec<_> = segments.iter().map(|s| spectrum.signature(s).expect("room")).collect();
            for (segment, id) in segments.iter().zip(ids) {
                for noise_db in [-70.0, -27.0] {
                    let mut signal = silence(400);
                    let steady = core::slice::from_ref(*segment);
                    TonePlayer::new(steady, -15.0).fill(&mut signal);
                    Noise::new(1).add(&mut signal, noise_db);
                    spectrum.reset();
                    let heard = hear(&mut spectrum, &signal);
                    let right = heard[4..].iter().filter(|h| **h == Heard::Tone(id)).count();
                    // The players' segments end; what counts is the time before that.
                    let whole = ((segment.ms / 10) as usize).min(40);
                    let whole = if segment.ms == 0 { 40 } else { whole };
                    assert!(
                        right * 10 >= whole.saturating_sub(4).max(1) * 8,
                        "{} {:?} {noise_db}: {right} of {whole} {heard:?}",
                        c.code,
                        segment.freqs
                    );
                }
            }
        }
    }

    #[test]
    fn frequency_tolerance() {
        let us = by_code("us").expect("us");
        let mut spectrum = Spectrum::new();
        let dial = spectrum.signature(&us.dial[0]).expect("room");
        let count = |spectrum: &mut Spectrum, k: f32| {
            let signal = crate::test_signal::tone(&[350.0 * k, 440.0 * k], -15.0, 400);
            spectrum.reset();
            hear(spectrum, &signal).iter().filter(|h| **h == Heard::Tone(dial)).count()
        };
        for k in [0.985, 1.015] {
            assert!(count(&mut spectrum, k) >= 36, "{k}");
        }
        for k in [0.95, 1.05] {
            assert_eq!(count(&mut spectrum, k), 0, "{k}");
        }
    }

    #[test]
    fn silence_and_speech_are_no_tones() {
        let us = by_code("us").expect("us");
        let mut spectrum = Spectrum::new();
        for tone in [us.dial, us.ringback, us.busy, us.call_waiting] {
            assert!(spectrum.signature(&tone[0]).is_some());
        }
        assert!(hear(&mut spectrum, &silence(100)).iter().all(|h| *h == Heard::Silence));
        let heard = hear(&mut spectrum, &speech(1, -15.0, 20_000));
        let tones = heard.iter().filter(|h| matches!(h, Heard::Tone(_))).count();
        assert!(tones * 20 < heard.len(), "{tones} of {}", heard.len());
    }
}
