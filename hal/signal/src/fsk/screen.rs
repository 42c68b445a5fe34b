//! The cheap watch on a line: which stretches of 10 ms may be mark, or a channel seizure.

use super::front::HOP;
use crate::SAMPLE_RATE;
use crate::bank::cosine;
use crate::simd::{self, Kernel};

/// Samples before the hop that the filter needs.
pub(super) const BEFORE: usize = 5;

/// What a hop may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing of ours.
    Other,
    /// Mark of either modem.
    Mark,
    /// 0 1 0 1 ...
    Seizure,
}

/// A wave of one frequency over a hop: cosine and sine.
#[repr(align(64))]
struct Wave([[f32; HOP]; 2]);

/// Mark is at 1200 or 1300 Hz, and what lies between shows in both.
static MARKS: [Wave; 2] = [Wave::new(1200.0), Wave::new(1300.0)];
/// A seizure repeats 600 times a second around 1700 Hz, with either modem: these are its lines, the middle one first.
static LINES: [Wave; 3] = [Wave::new(1700.0), Wave::new(1100.0), Wave::new(2300.0)];

/// Energy of a filtered hop of mark at -48 dBm0 (GR-30-CORE: to be ignored below -48.24 dBm).
const LEAST_ENERGY: f32 = 7.86e6;
/// Least share of the energy that mark has: enough with noise as strong as the signal.
const MARK_SHARE: f32 = 0.55;
/// Least share of the energy in the lines of a seizure, and in the middle one.
const SEIZURE_SHARE: (f32, f32) = (0.7, 0.3);
/// Correlation of neighbouring samples, over the energy, of what may be ours. Mark has 0.56, seizures 0.2, noise 0.17;
/// voices mostly more.
const NEIGHBOURS: (f32, f32) = (-0.3, 0.85);
/// Neighbours that are looked at.
const PAIRS: usize = 64;

struct Watch<'a> {
    before: &'a [i16; BEFORE],
    hop: &'a [i16; HOP],
}

impl Kernel for Watch<'_> {
    type Output = Look;

    #[inline(always)]
    fn run(self) -> Look {
        let mut x = [0.0f32; BEFORE + HOP];
        let (first, rest) = x.split_at_mut(BEFORE);
        for (x, s) in first.iter_mut().zip(self.before) {
            *x = f32::from(*s);
        }
        for (x, s) in rest.iter_mut().zip(self.hop) {
            *x = f32::from(*s);
        }
        // (1 - z^-2)^2 (1 + z^-1): no hum, little above 3200 Hz.
        let mut y = [0.0f32; HOP];
        let [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] =
            [0, 1, 2, 3, 4, 5].map(|k| x.get(k..).and_then(<[f32]>::first_chunk::<HOP>))
        else {
            return Look::Other;
        };
        for i in 0..HOP {
            y[i] = ((a[i] + b[i]) + (e[i] + f[i])) - 2.0 * (c[i] + d[i]);
        }
        let energy = dot(&y, &y);
        if energy < LEAST_ENERGY {
            return Look::Other;
        }
        let (first, _) = y.split_at(PAIRS);
        let neighbours = dot(first, y.split_at(1).1) * (HOP as f32 / PAIRS as f32);
        if neighbours < NEIGHBOURS.0 * energy || neighbours > NEIGHBOURS.1 * energy {
            return Look::Other;
        }
        // What a single tone would have.
        let whole = energy * (HOP as f32 / 2.0);
        let [low, high] = &MARKS;
        if low.power(&y) + high.power(&y) > MARK_SHARE * whole {
            return Look::Mark;
        }
        let [middle, left, right] = &LINES;
        let power = middle.power(&y);
        if power > SEIZURE_SHARE.1 * whole && power + left.power(&y) + right.power(&y) > SEIZURE_SHARE.0 * whole {
            return Look::Seizure;
        }
        Look::Other
    }
}

impl Wave {
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
    const fn new(hz: f64) -> Self {
        let mut table = [[0.0; HOP]; 2];
        let mut n = 0;
        while n < HOP {
            let turns = hz * n as f64 / SAMPLE_RATE as f64;
            table[0][n] = cosine(turns) as f32;
            table[1][n] = cosine(turns - 0.25) as f32;
            n += 1;
        }
        Self(table)
    }

    /// The squared correlation.
    #[inline(always)]
    fn power(&self, y: &[f32; HOP]) -> f32 {
        let [cos, sin] = &self.0;
        let (re, im) = (dot(cos, y), dot(sin, y));
        re * re + im * im
    }
}

/// The sum of the products, over whole chunks of 16.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for ((s, a), b) in sums.iter_mut().zip(a).zip(b) {
            *s += a * b;
        }
    }
    // Halves, so that the additions need not wait for each other.
    let eight: [f32; 8] = core::array::from_fn(|i| sums[i] + sums[i + 8]);
    let four: [f32; 4] = core::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Looks at a hop; `before` are the samples before it.
pub(super) fn look(before: &[i16; BEFORE], hop: &[i16; HOP]) -> Look {
    simd::run(Watch { before, hop })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsk::{BELL202, Format, Sender, V23};
    use crate::test_signal::{Noise, silence, tone};
    use std::vec::Vec;

    fn looks(samples: &[i16]) -> Vec<Look> {
        let hops: Vec<&[i16; HOP]> = samples.as_chunks::<HOP>().0.iter().collect();
        hops.windows(2).filter_map(|w| Some(look(w[0].last_chunk()?, w[1]))).collect()
    }

    #[test]
    fn marks_are_seen_and_weak_ones_are_not() {
        for hz in [1182.0, 1200.0, 1218.0, 1250.0, 1280.5, 1300.0, 1319.5] {
            assert!(looks(&tone(&[hz], -46.5, 300)).iter().all(|l| *l == Look::Mark), "{hz}");
            assert!(looks(&tone(&[hz], -49.5, 300)).iter().all(|l| *l == Look::Other), "{hz}");
        }
        // 1.5 % off either way, in noise 5 dB below.
        for hz in [1182.0, 1200.0, 1218.0, 1280.5, 1300.0, 1319.5] {
            let mut noisy = tone(&[hz], -20.0, 5000);
            Noise::new(3).add(&mut noisy, -25.0);
            let looks = looks(&noisy);
            let marks = looks.iter().filter(|l| **l == Look::Mark).count();
            assert!(marks * 100 >= looks.len() * 98, "{hz} {marks} of {}", looks.len());
        }
    }

    #[test]
    fn hum_does_not_hide_mark() {
        let mut signal = tone(&[1200.0], -30.0, 1000);
        for (hz, above) in [(60.0, 18.0), (120.0, 12.0), (200.0, 6.0), (3200.0, 6.0)] {
            crate::test_signal::mix_at(&mut signal, &tone(&[hz], -30.0 + above, 1000), 0);
        }
        assert!(looks(&signal).iter().all(|l| *l == Look::Mark));
    }

    #[test]
    fn seizures_are_seen() {
        for spec in [BELL202, V23] {
            let mut sender = Sender::new(spec, -20.0);
            assert!(sender.load_with(&[], Format { mark: 0, trailing: 0, ..Format::default() }));
            let mut signal = silence(250);
            sender.mix(&mut signal);
            assert!(looks(&signal[..1920]).iter().all(|l| *l == Look::Seizure), "{spec:?}");
        }
    }
}
