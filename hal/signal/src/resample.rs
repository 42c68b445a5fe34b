//! Resampling between any two rates, as a stream or of whole recordings.
//!
//! Each output sample is a weighted sum of the input samples around it. The weights are a sinc low pass with a Kaiser
//! window, 80 dB down in its stop band. With L the lower of the two rates it is flat to 0.425 L and stops from 0.5 L on:
//! at 8 kHz flat to 3.4 kHz, without aliases. Below 8 kHz it is flat to 3.4 kHz for as long as the aliases stay
//! above that, as at the 7200 Hz of old voice modems.
//!
//! Two rates have a common grid, on which only so many places between two input samples occur. The weights for each
//! place are computed beforehand; where there are too many, neighbouring places are mixed, with an error of less than
//! -100 dB. Places are counted in whole numbers, so that nothing drifts in an hour of sound, and each output sample
//! depends on its window only: the block size does not matter.

use crate::filter::bessel_i0;
use crate::simd::{self, Kernel};
use crate::{SAMPLE_RATE, level};
use alloc::vec;
use alloc::vec::Vec;

/// Stop band of the low pass, in dB, and the shape of the Kaiser window for it.
const STOP_DB: f64 = 80.0;
const BETA: f64 = 0.1102 * (STOP_DB - 8.7);
/// Most places between two input samples that have weights of their own.
const MAX_PLACES: u64 = 512;
/// Sums that run side by side; the number of weights is a multiple.
const LANES: usize = 16;
/// Longest window. Only rates beyond any recording's would need more; they are filtered less well.
const MAX_LENGTH: f64 = 65_536.0;
/// Input samples that are taken at a time.
const CHUNK: usize = 512;
/// Output samples that are handed on at a time.
const BLOCK: usize = 256;

/// Resamples a stream in bounded memory. Allocates only when it is made.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// The rates without their common factor.
    from: u64,
    to: u64,
    weights: Weights,
    /// Input: what the next output sample needs, and what is not yet used.
    input: Vec<f32>,
    /// Where the window of the next output sample begins in `input`.
    whole: usize,
    /// Its place between two input samples, in parts of `to`.
    part: u64,
    taken: u64,
    given: u64,
}

/// The weights for every place.
#[derive(Clone, Debug)]
struct Weights {
    /// `taps` for each place, one place more than there are.
    rows: Vec<f32>,
    taps: usize,
    places: u64,
    /// Input samples of a window before its place.
    before: usize,
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Weights {
    /// For a ratio of rates without a common factor; `scale` Hz is 1.
    fn new(from: u64, to: u64, scale: u64) -> Self {
        let (from_hz, to_hz) = (from as f64 * scale as f64, to as f64 * scale as f64);
        let lower = from_hz.min(to_hz);
        let pass = (0.425 * lower).max((0.4725 * lower).min(0.425 * f64::from(SAMPLE_RATE)));
        let stop = (lower - pass).min(pass + 0.075 * lower);
        // Zero crossings of the sinc lie this many input samples apart.
        let spread = from_hz / (pass + stop);
        // Kaiser's rule for the length.
        let length = ((STOP_DB - 7.95) / 14.36 * from_hz / (stop - pass)).min(MAX_LENGTH);
        let reach = length / 2.0;
        let before = libm::ceil(reach) as usize;
        let taps = (2 * before + 1).next_multiple_of(LANES);
        // A wide window needs fewer places for mixing.
        let enough = libm::ceil(MAX_PLACES as f64 * lower / from_hz) as u64;
        let places = if to <= MAX_PLACES { to } else { enough.clamp(16, MAX_PLACES) };
        let mut rows = Vec::with_capacity(taps * (places as usize + 1));
        let mut row = vec![0.0f64; taps];
        for place in 0..=places {
            let fraction = place as f64 / places as f64;
            for (k, weight) in row.iter_mut().enumerate() {
                let x = k as f64 - before as f64 - fraction;
                let r = x / reach;
                let window = if libm::fabs(r) < 1.0 { bessel_i0(BETA * libm::sqrt(1.0 - r * r)) } else { 0.0 };
                let angle = core::f64::consts::PI * x / spread;
                *weight = window * if x == 0.0 { 1.0 } else { libm::sin(angle) / angle };
            }
            let sum: f64 = row.iter().sum();
            rows.extend(row.iter().map(|w| (w / sum) as f32));
        }
        Self { rows, taps, places, before }
    }
}

impl Resampler {
    /// The rates it is made for, in Hz.
    pub const RATES: core::ops::RangeInclusive<u32> = 1_000..=1_000_000;

    /// From `from` Hz to `to` Hz; `None` when one of them is not in [`Resampler::RATES`].
    pub fn new(from: u32, to: u32) -> Option<Self> {
        (Self::RATES.contains(&from) && Self::RATES.contains(&to)).then(|| Self::any(from, to))
    }

    fn any(from: u32, to: u32) -> Self {
        let (from, to) = (u64::from(from.max(1)), u64::from(to.max(1)));
        let common = gcd(from, to);
        let (from, to) = (from / common, to / common);
        let weights = if from == to {
            Weights { rows: vec![1.0, 1.0], taps: 1, places: 1, before: 0 }
        } else {
            Weights::new(from, to, common)
        };
        let step = usize::try_from(from / to).unwrap_or(usize::MAX);
        let mut input = Vec::with_capacity(weights.taps.saturating_add(step).saturating_add(CHUNK + 1));
        input.resize(weights.before, 0.0);
        Self { from, to, weights, input, whole: 0, part: 0, taken: 0, given: 0 }
    }

    /// Input samples that an output sample waits for: the delay, in samples of the input rate. The output itself is not
    /// shifted: its first sample belongs to the moment of the first input sample.
    pub fn delay(&self) -> usize {
        self.weights.taps - self.weights.before
    }

    /// Takes samples; any number at a time. The results come in pieces to `sink`.
    pub fn process(&mut self, samples: &[f32], sink: &mut impl FnMut(&[f32])) {
        for part in samples.chunks(CHUNK) {
            self.taken += part.len() as u64;
            self.feed(part, u64::MAX, sink);
        }
    }

    /// The same for 16-bit samples.
    pub fn process_pcm(&mut self, samples: &[i16], sink: &mut impl FnMut(&[i16])) {
        let mut floats = [0.0f32; CHUNK];
        for part in samples.chunks(CHUNK) {
            floats.iter_mut().zip(part).for_each(|(f, s)| *f = f32::from(*s));
            self.process(floats.get(..part.len()).unwrap_or_default(), &mut |block| rounded(block, sink));
        }
    }

    /// The stream is over: gives what is left, so that it lasts as long as what came in, and begins anew.
    pub fn finish(&mut self, sink: &mut impl FnMut(&[f32])) {
        let total = u64::try_from((u128::from(self.taken) * u128::from(self.to)).div_ceil(u128::from(self.from)));
        let total = total.unwrap_or(u64::MAX);
        while self.given < total {
            self.feed(&[0.0; CHUNK], total, sink);
        }
        self.reset();
    }

    /// The same for 16-bit samples.
    pub fn finish_pcm(&mut self, sink: &mut impl FnMut(&[i16])) {
        self.finish(&mut |block| rounded(block, sink));
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        self.input.clear();
        self.input.resize(self.weights.before, 0.0);
        (self.whole, self.part, self.taken, self.given) = (0, 0, 0, 0);
    }

    /// Takes at most [`CHUNK`] samples, and gives at most `total` in all.
    fn feed(&mut self, samples: &[f32], total: u64, sink: &mut impl FnMut(&[f32])) {
        self.input.extend_from_slice(samples);
        let mut block = [0.0f32; BLOCK];
        loop {
            let room = usize::try_from(total - self.given).unwrap_or(BLOCK).min(BLOCK);
            let done = simd::run(Convolve {
                input: &self.input,
                weights: &self.weights,
                from: self.from,
                to: self.to,
                whole: &mut self.whole,
                part: &mut self.part,
                out: block.get_mut(..room).unwrap_or_default(),
            });
            self.given += done as u64;
            sink(block.get(..done).unwrap_or_default());
            if done < BLOCK {
                break;
            }
        }
        let used = self.whole.min(self.input.len());
        self.input.drain(..used);
        self.whole -= used;
    }
}

fn rounded(block: &[f32], sink: &mut impl FnMut(&[i16])) {
    let mut out = [0i16; BLOCK];
    out.iter_mut().zip(block).for_each(|(o, x)| *o = level::sample(*x));
    sink(out.get(..block.len()).unwrap_or_default());
}

/// Fills `out` as far as the input goes; answers how far.
struct Convolve<'a> {
    input: &'a [f32],
    weights: &'a Weights,
    from: u64,
    to: u64,
    whole: &'a mut usize,
    part: &'a mut u64,
    out: &'a mut [f32],
}

impl Kernel for Convolve<'_> {
    type Output = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let Weights { rows, taps, places, .. } = self.weights;
        let (step, rest) = ((self.from / self.to) as usize, self.from % self.to);
        let exact = *places == self.to;
        let row = |place: u64| {
            let at = place as usize * taps;
            rows.get(at..at + taps).unwrap_or_default()
        };
        for (done, out) in self.out.iter_mut().enumerate() {
            let Some(window) = self.input.get(*self.whole..*self.whole + taps) else { return done };
            *out = if exact {
                dot(row(*self.part), window)
            } else {
                let place = *self.part * places;
                let (near, far) = (dot(row(place / self.to), window), dot(row(place / self.to + 1), window));
                near + (far - near) * ((place % self.to) as f32 / self.to as f32)
            };
            *self.whole += step;
            *self.part += rest;
            if *self.part >= self.to {
                *self.part -= self.to;
                *self.whole += 1;
            }
        }
        self.out.len()
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (mut a16, mut b16) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut sums = [0.0f32; LANES];
    for (x, y) in (&mut a16).zip(&mut b16) {
        for (s, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *s += x * y;
        }
    }
    let rest: f32 = a16.remainder().iter().zip(b16.remainder()).map(|(x, y)| x * y).sum();
    // In pairs, as a vector unit adds them up.
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0] + rest
}

/// Samples of any rate (mono, full scale 1.0) to 16-bit samples at 8 kHz. Empty for a rate below 1 Hz.
pub fn to_8k(samples: &[f32], rate: u32) -> Vec<i16> {
    if rate == SAMPLE_RATE {
        return samples.iter().map(|x| level::sample(x * 32768.0)).collect();
    }
    if rate == 0 || samples.is_empty() {
        return Vec::new();
    }
    let count = (samples.len() as u64 * u64::from(SAMPLE_RATE)).div_ceil(u64::from(rate));
    let mut out = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
    let mut keep = |block: &[f32]| out.extend(block.iter().map(|x| level::sample(x * 32768.0)));
    let mut resampler = Resampler::any(rate, SAMPLE_RATE);
    resampler.process(samples, &mut keep);
    resampler.finish(&mut keep);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn sine(hz: f64, rate: u32, seconds: f64) -> Vec<f32> {
        (0..(f64::from(rate) * seconds) as usize)
            .map(|i| (0.5 * libm::sin(core::f64::consts::TAU * hz * i as f64 / f64::from(rate))) as f32)
            .collect()
    }

    fn whole(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
        let mut out = Vec::new();
        let mut resampler = Resampler::new(from, to).expect("rates");
        resampler.process(samples, &mut |b| out.extend_from_slice(b));
        resampler.finish(&mut |b| out.extend_from_slice(b));
        out
    }

    /// Gain in dB of the sine at `hz`, and the level of all else below the input in dB.
    fn gain_and_rest(hz: f64, from: u32, to: u32) -> (f64, f64) {
        let out = whole(&sine(hz, from, 0.5), from, to);
        let middle = &out[out.len() / 4..out.len() * 3 / 4];
        let w = core::f64::consts::TAU * hz / f64::from(to);
        // Least squares for a sine and a cosine at `hz`.
        let (mut ss, mut cc, mut sc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (i, x) in middle.iter().enumerate() {
            let (s, c, x) = (libm::sin(w * i as f64), libm::cos(w * i as f64), f64::from(*x));
            ss += s * s;
            cc += c * c;
            sc += s * c;
            xs += x * s;
            xc += x * c;
        }
        let d = ss * cc - sc * sc;
        let (a, b) = ((xs * cc - xc * sc) / d, (xc * ss - xs * sc) / d);
        let rest: f64 = middle
            .iter()
            .enumerate()
            .map(|(i, x)| {
                let e = f64::from(*x) - a * libm::sin(w * i as f64) - b * libm::cos(w * i as f64);
                e * e
            })
            .sum();
        let db = |x: f64| 10.0 * libm::log10(x.max(1e-30));
        (db((a * a + b * b) / 0.25), db(rest / middle.len() as f64 / 0.125))
    }

    #[test]
    fn tones_keep_their_shape_at_every_rate() {
        for rate in [6000, 8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000] {
            for hz in [300.0, 1000.0, 2300.0] {
                let out = to_8k(&sine(hz, rate, 0.25), rate);
                assert!(out.len().abs_diff(2000) <= 2, "{rate}: {}", out.len());
                for (n, &s) in out.iter().enumerate().take(1800).skip(200) {
                    let exact = 16384.0 * libm::sin(core::f64::consts::TAU * hz * n as f64 / 8000.0);
                    assert!((f64::from(s) - exact).abs() < 8.0, "{rate} {hz} {n}: {s} {exact}");
                }
            }
        }
    }

    #[test]
    fn flat_to_3400_hz_and_clean() {
        let rates = [7200, 9600, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 8018, 7999];
        for rate in rates {
            for (from, to) in [(rate, 8000), (8000, rate)] {
                for hz in [20.0, 1000.0, 3100.0, 3395.0] {
                    let (gain, rest) = gain_and_rest(hz, from, to);
                    assert!(gain.abs() < 0.05, "{from} to {to}, {hz} Hz: {gain} dB");
                    assert!(rest < -75.0, "{from} to {to}, {hz} Hz: {rest} dB of images and noise");
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_filtered_out() {
        for rate in [11_025, 16_000, 44_100, 48_000, 96_000, 192_000] {
            for hz in [4005.0, 4300.0, 4700.0, 5200.0, 7600.0, 11_000.0, 16_100.0, 23_900.0] {
                if hz < f64::from(rate) / 2.0 {
                    let out = whole(&sine(hz, rate, 0.5), rate, 8000);
                    let middle = &out[1000..3000];
                    let power: f64 = middle.iter().map(|x| f64::from(x * x)).sum::<f64>() / 2000.0;
                    let db = 10.0 * libm::log10(power / 0.125);
                    assert!(db < -72.0, "{rate}: {hz} Hz is {db} dB");
                }
            }
        }
    }

    #[test]
    fn block_size_does_not_matter() {
        for (from, to) in
            [(8000, 11_025), (11_025, 8000), (48_000, 8000), (44_100, 8000), (8018, 8000), (8000, 192_000)]
        {
            let input: Vec<f32> =
                sine(777.0, from, 0.1).iter().zip(sine(3210.0, from, 0.1)).map(|(a, b)| a + b).collect();
            let once = whole(&input, from, to);
            assert_eq!(once.len() as u64, (input.len() as u64 * u64::from(to)).div_ceil(u64::from(from)));
            for size in [1, 7, 160, 1000] {
                let mut parts = Vec::new();
                let mut resampler = Resampler::new(from, to).expect("rates");
                input.chunks(size).for_each(|c| resampler.process(c, &mut |b| parts.extend_from_slice(b)));
                resampler.finish(&mut |b| parts.extend_from_slice(b));
                assert!(once.iter().zip(&parts).all(|(a, b)| a.to_bits() == b.to_bits()) && once.len() == parts.len());
                // Once finished it begins anew.
                parts.clear();
                resampler.process(&input, &mut |b| parts.extend_from_slice(b));
                assert_eq!(parts[..], once[..parts.len()]);
            }
        }
    }

    #[test]
    fn memory_is_bounded() {
        for (from, to) in [(192_000, 4000), (4000, 192_000), (44_100, 8000), (191_999, 8000), (4000, 191_999)] {
            let mut resampler = Resampler::new(from, to).expect("rates");
            let room = resampler.input.capacity();
            resampler.process(&vec![0.5; 50_000], &mut |_| {});
            assert_eq!(resampler.input.capacity(), room);
            assert!(resampler.weights.rows.len() < 1 << 18, "{from} {to}: {}", resampler.weights.rows.len());
        }
        assert!(Resampler::new(999, 8000).is_none() && Resampler::new(8000, 1_000_001).is_none());
    }

    #[test]
    fn pcm_goes_through_unchanged_at_the_same_rate() {
        let input: Vec<i16> = (0..5000).map(|i| (i * 13 - 30_000) as i16).collect();
        let mut out = Vec::new();
        let mut resampler = Resampler::new(8000, 8000).expect("rates");
        resampler.process_pcm(&input, &mut |b| out.extend_from_slice(b));
        resampler.finish_pcm(&mut |b| out.extend_from_slice(b));
        assert_eq!(out, input);
    }

    #[test]
    fn there_and_back_again() {
        // A modem at 7200 Hz that plays what came in at 8000.
        let input: Vec<i16> = sine(1000.0, 8000, 1.0).iter().map(|x| level::sample(x * 32768.0)).collect();
        let (mut there, mut back) = (Vec::new(), Vec::new());
        let mut to = Resampler::new(8000, 7200).expect("rates");
        to.process_pcm(&input, &mut |b| there.extend_from_slice(b));
        to.finish_pcm(&mut |b| there.extend_from_slice(b));
        assert_eq!(there.len(), 7200);
        let mut from = Resampler::new(7200, 8000).expect("rates");
        from.process_pcm(&there, &mut |b| back.extend_from_slice(b));
        from.finish_pcm(&mut |b| back.extend_from_slice(b));
        assert_eq!(back.len(), 8000);
        assert!(input.iter().zip(&back).skip(200).take(7600).all(|(a, b)| a.abs_diff(*b) <= 8));
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(to_8k(&[], 44_100).is_empty());
        assert!(to_8k(&[0.1], 0).is_empty());
        assert_eq!(to_8k(&[2.0, -2.0, f32::NAN], 8000), [i16::MAX, i16::MIN, 0]);
    }
}
