//! The front end: what one hop of 10 ms holds, in three sums.
//!
//! The line is differenced over two samples first (`d[n] = x[n] - x[n-2]`), which takes away hum and offset and
//! favours 1000 to 3000 Hz. A sine satisfies `d[n] + d[n-2] = 2 cos(w) d[n-1]`, so that three sums of products give
//! its frequency and how much of the hop it is, whatever the frequency. White noise adds to these sums in known
//! proportions and is told apart exactly.

use crate::SAMPLE_RATE;
use crate::level;
use crate::simd::{self, Kernel};

/// Samples of a hop: 10 ms.
pub(super) const HOP: usize = 80;
/// Milliseconds of a hop.
pub(super) const HOP_MS: u32 = 10;
/// Samples of a hop that are summed: a whole number of vectors from its middle.
const SUMMED: usize = 64;
const FIRST: usize = (HOP - SUMMED) / 2;

/// A hop and the two samples before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop<'a> {
    pub(super) samples: &'a [i16; HOP],
    pub(super) before: [i16; 2],
}

/// The sums over a hop, or over several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    /// Of `d[n-1]` squared.
    pub(super) energy: f32,
    /// Of `(d[n] + d[n-2]) d[n-1]`.
    pub(super) cross: f32,
    /// Of `d[n] + d[n-2]` squared.
    pub(super) pair: f32,
}

/// The tone that explains a hop best.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rough {
    /// Its frequency in Hz.
    pub(super) hz: f32,
    /// Its share of the line's power, as if all else were white noise; 0 to 1.
    pub(super) share: f32,
}

impl Moments {
    pub(super) fn plus(self, o: Self) -> Self {
        Self { energy: self.energy + o.energy, cross: self.cross + o.cross, pair: self.pair + o.pair }
    }

    /// Whether the hop may be a tone: what a notch at the best frequency leaves is small. Costs next to nothing, and
    /// lets pass a tone that stands out of white noise by 10 dB above 700 Hz, by 15 dB above 400 Hz.
    pub(super) fn may_be_tone(&self) -> bool {
        self.energy > 0.0 && self.pair * self.energy - self.cross * self.cross <= MAX_REST * self.energy * self.energy
    }

    /// As [`Self::may_be_tone`], above 1000 Hz.
    pub(super) fn is_high_tone(&self) -> bool {
        self.pair * self.energy - self.cross * self.cross <= MAX_HIGH_REST * self.energy * self.energy
    }

    /// Whether `next` may be more of the same tone.
    pub(super) fn goes_on_in(&self, next: &Self) -> bool {
        let (a, b) = (self.energy, next.energy);
        // The ratio of the sums is twice the cosine.
        let turned = self.cross * b - next.cross * a;
        a <= MAX_CHANGE * b && b <= MAX_CHANGE * a && turned * turned <= (MAX_TURN * MAX_TURN) * (a * b) * (a * b)
    }

    /// Twice the cosine of the frequency, somewhat nearer to 0 in noise.
    pub(super) fn cosine2(&self) -> f32 {
        self.cross / self.energy.max(1e-9)
    }

    /// The tone and its share.
    pub(super) fn rough(&self) -> Rough {
        // r0 = s + 2 n, r1 = s cos w, r2 = s cos 2w - n for a tone of power s and noise of power n before the
        // differences. Eliminating s and n leaves 4 r1 c^2 - (r0 + 2 r2) c - r1 = 0 for c = cos w.
        let r0 = self.energy;
        let r1 = self.cross / 2.0;
        let p = self.pair - r0;
        let root = libm::sqrtf(p * p + 16.0 * r1 * r1);
        let c = if p > 0.0 {
            let r = if r1 == 0.0 { 1e-20 } else { r1 };
            (p + root) / (8.0 * r)
        } else {
            2.0 * r1 / (root - p).max(1e-20)
        };
        let c = c.clamp(-1.0, 1.0);
        // Near 2000 Hz the second moment says nothing, near 1333 and 2667 Hz their sum.
        let tone = if c.abs() > 0.35 { r1 / c } else { p / (4.0 * c * c - 1.0) };
        let noise = ((r0 - tone) / 2.0).max(0.0);
        let tone = tone.max(0.0) / (4.0 * (1.0 - c * c)).max(1e-3);
        Rough {
            hz: libm::acosf(c) * (SAMPLE_RATE as f32 / core::f32::consts::TAU),
            share: if tone > 0.0 { tone / (tone + noise) } else { 0.0 },
        }
    }

    /// Mean square of the line over a hop, had it been white noise.
    pub(super) fn power(&self) -> f32 {
        self.energy * const { 1.0 / (2 * SUMMED) as f32 }
    }
}

/// Most that a notch leaves of a tone in noise, in units of the power behind the differences.
const MAX_REST: f32 = 0.75;
const MAX_HIGH_REST: f32 = 0.3;
/// Most that a tone changes from hop to hop: its power (modulation and noise), and twice the cosine of its frequency.
const MAX_CHANGE: f32 = 1.8;
const MAX_TURN: f32 = 0.06;

/// Where no sample exceeds the peak of this level, nothing is looked at, in dBm0: 4 dB below the weakest tone.
const SILENCE_DBM0: f32 = -47.0;

/// Cuts the line into hops.
#[derive(Clone, Debug)]
pub(super) struct Front {
    block: [i16; HOP],
    fill: usize,
    before: [i16; 2],
    silence: u16,
}

impl Front {
    pub(super) fn new() -> Self {
        Self { block: [0; HOP], fill: 0, before: [0; 2], silence: level::peak(SILENCE_DBM0) as u16 }
    }

    /// Calls `hop` for each complete hop that `samples` make, with the hop's sums; those of silence are 0.
    pub(super) fn process(&mut self, mut samples: &[i16], mut hop: impl FnMut(Hop<'_>, Moments)) {
        if self.fill > 0 {
            let (head, rest) = samples.split_at(samples.len().min(HOP - self.fill));
            self.keep(head);
            samples = rest;
            if self.fill < HOP {
                return;
            }
            self.fill = 0;
            let block = self.block;
            self.hop(&block, &mut hop);
        }
        let (hops, rest) = samples.as_chunks::<HOP>();
        for samples in hops {
            self.hop(samples, &mut hop);
        }
        self.keep(rest);
    }

    fn keep(&mut self, samples: &[i16]) {
        for (to, from) in self.block.iter_mut().skip(self.fill).zip(samples) {
            *to = *from;
        }
        self.fill += samples.len();
    }

    fn hop(&mut self, samples: &[i16; HOP], hop: &mut impl FnMut(Hop<'_>, Moments)) {
        let before = self.before;
        let [.., a, b] = *samples;
        self.before = [a, b];
        let moments = match simd::run(Sums { samples, silence: self.silence }) {
            // Added up here: within the kernel it would spoil the vectors of the loop.
            Some([energy, cross, pair]) => Moments { energy: total(energy), cross: total(cross), pair: total(pair) },
            None => Moments::default(),
        };
        hop(Hop { samples, before }, moments);
    }
}

/// Sums that are formed side by side.
const LANES: usize = 16;

#[inline(always)]
fn total([a, b, c, d]: [f32; 4]) -> f32 {
    (a + c) + (b + d)
}

/// Sixteen sums as four.
#[inline(always)]
fn fold(sums: &[f32; LANES]) -> [f32; 4] {
    let mut four = [0.0f32; 4];
    for part in sums.as_chunks::<4>().0 {
        for (sum, x) in four.iter_mut().zip(part) {
            *sum += x;
        }
    }
    four
}

struct Sums<'a> {
    samples: &'a [i16; HOP],
    silence: u16,
}

/// The summed part of a hop, so many samples earlier.
#[inline(always)]
fn earlier<const N: usize>(samples: &[i16; HOP]) -> &[i16; SUMMED] {
    match samples.get(FIRST - N..).and_then(|s| s.first_chunk()) {
        Some(part) => part,
        None => &[0; SUMMED],
    }
}

impl Kernel for Sums<'_> {
    type Output = Option<[[f32; 4]; 3]>;

    #[inline(always)]
    fn run(self) -> Self::Output {
        let now = earlier::<0>(self.samples);
        let peak = now.iter().fold(0, |peak: u16, s| peak.max(s.unsigned_abs()));
        if peak < self.silence {
            return None;
        }
        let lanes = |x| <[i16]>::as_chunks::<LANES>(x).0;
        let parts = lanes(now)
            .iter()
            .zip(lanes(earlier::<1>(self.samples)))
            .zip(lanes(earlier::<3>(self.samples)))
            .zip(lanes(earlier::<4>(self.samples)));
        let mut sums = [[0.0f32; LANES]; 3];
        let [energy, cross, pair] = &mut sums;
        for (((x0, x1), x3), x4) in parts {
            for (i, (((a, b), c), d)) in x0.iter().zip(x1).zip(x3).zip(x4).enumerate() {
                // d[n] + d[n-2] is x[n] - x[n-4].
                let p = f32::from(*a) - f32::from(*d);
                let b = f32::from(*b) - f32::from(*c);
                energy[i] += b * b;
                cross[i] += p * b;
                pair[i] += p * p;
            }
        }
        let [energy, cross, pair] = &sums;
        Some([fold(energy), fold(cross), fold(pair)])
    }
}
