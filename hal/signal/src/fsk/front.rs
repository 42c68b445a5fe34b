//! From samples to sums that tell the phase and strength of mark and space over any stretch.
//!
//! A linear-phase complex band pass keeps the channel (500 to 2920 Hz) and makes the signal analytic. It is turned down
//! by mark and by space, and summed up: the correlation with either tone between any two moments, also between
//! samples, is then the difference of two sums.

use crate::SAMPLE_RATE;
use crate::bank::cosine;
use crate::filter::Complex;
use crate::osc::sine;
use crate::simd::{self, Kernel};

/// Samples taken at a time: 10 ms.
pub(super) const HOP: usize = 80;
/// Taps of the band pass; it delays by `(TAPS - 1) / 2`.
const TAPS: usize = 49;
/// Samples before the hop that the band pass needs.
pub(super) const HISTORY: usize = TAPS - 1;
/// Samples by which the band pass delays.
const DELAY: usize = HISTORY / 2;
/// Samples per second.
const RATE: f64 = SAMPLE_RATE as f64;
/// Half-amplitude edges of the band pass, in Hz.
const LOW: f64 = 500.0;
const HIGH: f64 = 2920.0;
/// Samples of a bit, nearly.
const BIT: usize = 7;
/// Sums kept from the hop before.
pub(super) const TAIL: usize = 16;

/// Real and imaginary taps.
struct Analytic {
    re: [f32; TAPS],
    im: [f32; TAPS],
}

static ANALYTIC: Analytic = Analytic::new();

impl Analytic {
    /// A windowed sinc (Hamming: 53 dB), moved up to the middle of the channel. A sine of peak `a` inside comes out with
    /// length `a`.
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
    const fn new() -> Self {
        let (mut re, mut im) = ([0.0; TAPS], [0.0; TAPS]);
        let half = (HIGH - LOW) / 2.0 / RATE;
        let middle = (HIGH + LOW) / 2.0 / RATE;
        let mut sum = 0.0;
        let mut k = 0;
        while k < TAPS {
            sum += Self::low_pass(k, half);
            k += 1;
        }
        k = 0;
        while k < TAPS {
            let x = k as f64 - DELAY as f64;
            let tap = 2.0 * Self::low_pass(k, half) / sum;
            // Oldest sample first, hence the turned sign of the imaginary part.
            re[k] = (tap * cosine(middle * x)) as f32;
            im[k] = (tap * cosine(middle * x + 0.25)) as f32;
            k += 1;
        }
        Self { re, im }
    }

    const fn low_pass(k: usize, half: f64) -> f64 {
        let x = k as f64 - DELAY as f64;
        let window = 0.54 + 0.46 * cosine(x / (TAPS as f64 - 1.0));
        let sinc = if k == DELAY { 2.0 * half } else { cosine(half * x - 0.25) / (core::f64::consts::PI * x) };
        window * sinc
    }
}

/// Share of white noise that the band pass lets through.
pub(super) const NOISE_BAND: f32 = ((HIGH - LOW) / RATE) as f32;

/// The analytic signal of a hop.
pub(super) struct Signal {
    pub(super) re: [f32; HOP],
    pub(super) im: [f32; HOP],
}

struct Filter<'a>(&'a [f32; HISTORY + HOP]);

impl Kernel for Filter<'_> {
    type Output = Signal;

    #[inline(always)]
    fn run(self) -> Signal {
        let mut out = Signal { re: [0.0; HOP], im: [0.0; HOP] };
        for (k, (hr, hi)) in ANALYTIC.re.iter().zip(&ANALYTIC.im).enumerate() {
            let x = self.0.iter().skip(k);
            for ((x, re), im) in x.zip(&mut out.re).zip(&mut out.im) {
                *re += hr * x;
                *im += hi * x;
            }
        }
        out
    }
}

/// The analytic signal of the hop at the end of `x`, [`DELAY`] samples late.
pub(super) fn analytic(x: &[f32; HISTORY + HOP]) -> Signal {
    simd::run(Filter(x))
}

/// Phase advance per sample, as a fraction of a turn of 2^32.
pub(super) fn step(hz: f32) -> u32 {
    (f64::from(hz) / RATE * 4_294_967_296.0) as i64 as u32
}

/// Cosine and sine.
pub(super) fn unit(phase: u32) -> Complex {
    Complex::new(sine(phase.wrapping_add(1 << 30)), sine(phase))
}

/// Turns the signal down by one tone and sums it up.
#[derive(Clone, Debug)]
pub(super) struct Tone {
    step: u32,
    phase: u32,
    tail: [Complex; TAIL],
}

/// `sums[i]` is the sum of the samples before sample `i - TAIL` of the hop.
pub(super) type Sums = [Complex; TAIL + HOP + 1];

struct Turn<'a> {
    signal: &'a Signal,
    phase: u32,
    step: u32,
}

impl Kernel for Turn<'_> {
    type Output = Signal;

    #[inline(always)]
    fn run(self) -> Signal {
        let mut out = Signal { re: [0.0; HOP], im: [0.0; HOP] };
        let parts = self.signal.re.iter().zip(&self.signal.im);
        for (n, ((re, im), (or, oi))) in parts.zip(out.re.iter_mut().zip(&mut out.im)).enumerate() {
            let p = self.phase.wrapping_add(self.step.wrapping_mul(n as u32));
            let (c, s) = (sine(p.wrapping_add(1 << 30)), sine(p));
            *or = re * c + im * s;
            *oi = im * c - re * s;
        }
        out
    }
}

impl Tone {
    /// The phase is 0 at the first sample.
    pub(super) fn new(hz: f32) -> Self {
        Self { step: step(hz), phase: 0, tail: [Complex::default(); TAIL] }
    }

    /// Takes the next hop.
    pub(super) fn take(&mut self, signal: &Signal) -> Sums {
        let turned = simd::run(Turn { signal, phase: self.phase, step: self.step });
        self.phase = self.phase.wrapping_add(self.step.wrapping_mul(HOP as u32));
        let mut sums = [Complex::default(); TAIL + HOP + 1];
        let mut sum = Complex::default();
        let parts = turned.re.iter().zip(&turned.im).map(|(re, im)| Complex::new(*re, *im));
        for (out, x) in sums.iter_mut().skip(1).zip(self.tail.iter().copied().chain(parts.clone())) {
            sum = sum.plus(x);
            *out = sum;
        }
        for (tail, x) in self.tail.iter_mut().zip(parts.skip(HOP - TAIL)) {
            *tail = x;
        }
        sums
    }
}

/// The share of a hop's power that one or the other tone has, bit after bit; wherever the bits really begin.
pub(super) fn explained(signal: &Signal, mark: &Sums, space: &Sums) -> f32 {
    let energy: f32 = signal.re.iter().zip(&signal.im).map(|(re, im)| re * re + im * im).sum();
    let parts = |sums: &Sums| {
        let ends: [Complex; HOP / BIT + 1] =
            core::array::from_fn(|i| sums.get(TAIL + i * BIT).copied().unwrap_or_default());
        let mut powers = [0.0; HOP / BIT];
        for (power, (a, b)) in powers.iter_mut().zip(ends.iter().zip(ends.iter().skip(1))) {
            *power = Complex::new(b.re - a.re, b.im - a.im).power();
        }
        powers
    };
    let heard: f32 = parts(mark).iter().zip(&parts(space)).map(|(m, s)| m.max(*s)).sum();
    heard / (BIT as f32 * energy.max(1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_signal::tone;
    use std::vec::Vec;

    /// Amplitude of a sine of peak 1000 after the band pass.
    fn gain(hz: f32) -> f32 {
        let x = tone(&[hz], crate::level::dbm0(500_000.0), 100);
        let mut part = [0.0; HISTORY + HOP];
        part.iter_mut().zip(&x[200..]).for_each(|(p, s)| *p = f32::from(*s));
        let y = analytic(&part);
        let power: f32 = y.re.iter().zip(&y.im).map(|(re, im)| re * re + im * im).sum();
        libm::sqrtf(power / HOP as f32) / 1000.0
    }

    #[test]
    fn passes_the_channel_and_nothing_else() {
        for hz in [900.0, 1200.0, 1700.0, 2200.0, 2500.0] {
            assert!((gain(hz) - 1.0).abs() < 0.03, "{hz} {}", gain(hz));
        }
        for hz in [50.0, 60.0, 120.0, 200.0, 3250.0, 3400.0, 3900.0] {
            assert!(gain(hz) < 0.01, "{hz} {}", gain(hz));
        }
    }

    #[test]
    fn two_tones_explain_a_modem_and_no_vowel() {
        use crate::fsk::{BELL202, Format, Sender};
        use crate::test_signal::{Noise, mix_at, silence};
        let shares = |x: &[i16]| -> Vec<f32> {
            let (mut mark, mut space) = (Tone::new(1200.0), Tone::new(2200.0));
            let hops = x.windows(HISTORY + HOP).step_by(HOP);
            hops.map(|w| {
                let signal = analytic(&core::array::from_fn(|i| f32::from(w[i])));
                explained(&signal, &mark.take(&signal), &space.take(&signal))
            })
            .collect()
        };
        let mut sender = Sender::new(BELL202, -20.0);
        assert!(
            sender.load_with(
                b"0123456789 abcdefghij",
                Format { seizure: 0, mark: 80, trailing: 30, ..Format::default() }
            )
        );
        let mut signal = silence(200);
        sender.mix(&mut signal);
        Noise::new(1).add(&mut signal, -23.0);
        assert!(shares(&signal).iter().all(|s| *s > 0.5), "{:?}", shares(&signal));
        let mut vowel = silence(200);
        (3..15).for_each(|n| mix_at(&mut vowel, &tone(&[200.0 * n as f32], -30.0, 200), 0));
        assert!(shares(&vowel).iter().all(|s| *s < 0.45), "{:?}", shares(&vowel));
    }

    #[test]
    fn sums_tell_the_phase() {
        let x = tone(&[1300.0], crate::level::dbm0(500_000.0), 100);
        let mut tone = Tone::new(1300.0);
        let mut last = None;
        for start in (0..4).map(|n| n * HOP) {
            let mut part = [0.0; HISTORY + HOP];
            part.iter_mut().zip(&x[start..]).for_each(|(p, s)| *p = f32::from(*s));
            let sums = tone.take(&analytic(&part));
            let bit = |i: usize| Complex::new(sums[i + 7].re - sums[i].re, sums[i + 7].im - sums[i].im);
            for c in [bit(20), bit(60), bit(89)] {
                assert!((libm::sqrtf(c.power()) - 7000.0).abs() < 100.0);
                let angle = *last.get_or_insert(c.angle());
                assert!((c.angle() - angle).abs() < 0.02);
            }
        }
    }
}
