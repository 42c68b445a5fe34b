//! Whether somebody speaks.
//!
//! Speech is loud enough, no tone of the network, and uneven: in two cases of five and more its level changes by 2 dB from
//! one 20 ms to the next. Noise does that once in ten times, data seldom, tones only at their edges. What is a single sine
//! for the moment, of whatever network or modem, is left out, whatever its level does: an answer tone may be modulated in
//! amplitude (ITU-T V.8) and turn its phase over, and noise stand beside it.

use super::HOP_MS;
use crate::filter::Complex;
use crate::level;

/// Below this nothing is speech, in dBm0.
const MIN_DBM0: f32 = -43.0;
/// Hops that are looked back on: 400 ms.
const MEMORY: usize = 40;
/// Hops among them that must be speech-like: 180 ms.
const ACTIVE: u32 = 18;
/// So many percent of which must differ in level from 20 ms before.
const UNEVEN: u32 = 40;
/// By so much, in 1/16 dB. White noise does in a tenth of the time.
const CHANGED: u32 = 30;
/// Quiet for so long, the next voice is told again: ms.
const REARM: u32 = 1000;
/// The low band is looked at where it has this share of the power.
const LOW_SHARE: f32 = 0.5;
/// A sine keeps this share of the low band's power (squared) in its turn, and the turn changes by no more than this from
/// hop to hop (squared tangent).
const COHERENT: f32 = 0.96;
const SAME_TURN: f32 = 0.0004;
/// Or in the share of the low band, from 20 ms before, by so much.
const MOVED: f32 = 0.25;
/// A sine above the low band leaves that band no more than this share of the power. It has this share of the second
/// difference, whose correlation with itself one sample later changes by no more than this from hop to hop.
const LITTLE: f32 = 0.1;
const HIGH_SINE: f32 = 0.75;
const SAME_RHO: f32 = 0.06;
/// White noise has correlations of 0 and -2/3: a hop within this of them may be such noise, and is no sign of a voice.
const LIKE_NOISE: f32 = 0.2;
/// A hop that is not speech-like.
const QUIET: u8 = u8::MAX;

#[derive(Clone, Debug)]
pub(super) struct Voice {
    /// Whether the level of the last hops changed.
    past: [u8; MEMORY],
    at: usize,
    /// Speech-like hops among these, and those that changed.
    active: u32,
    changes: u32,
    /// Power of the hop before, and of pairs of hops: the one before the newest, and the newest.
    last_power: f32,
    pairs: [f32; 2],
    /// Share of the low band in the power of the last hops.
    shares: [f32; 2],
    last_turn: Complex,
    /// Correlations of the second difference in the hop before.
    last_high: [f32; 3],
    speaking: bool,
    quiet_ms: u32,
    min_power: f32,
}

/// The change of level from one power to another, in 1/16 dB, to a quarter dB.
const fn change(a: f32, b: f32) -> u32 {
    // The bits of a float are its logarithm, nearly: 2^23 for each 3.01 dB.
    ((a.to_bits().abs_diff(b.to_bits()) >> 10) * 48) >> 13
}

/// Whether the correlations are of a sine with some noise, the same as in the hop before.
fn is_sine(now: &[f32; 3], before: &[f32; 3]) -> bool {
    let ([r0, r1, r2], [b0, b1, _]) = (*now, *before);
    // Of a sine of share p and cosine c, and white noise: r1 = p c r0, r2 = (p (2 c c - 1) - (1 - p) 4/6) r0. This is p >=
    // HIGH_SINE, solved for neither.
    const P: f32 = HIGH_SINE / 1.5;
    let share = 8.0 / 3.0 * r1 * r1 >= P * r0 * (P * r0 + 2.0 * (r2 + 2.0 / 3.0 * r0));
    share && (r1 * b0 - b1 * r0).abs() <= SAME_RHO * r0 * b0
}

/// Whether the correlations are those of white noise.
fn is_noise([r0, r1, r2]: &[f32; 3]) -> bool {
    r1.abs().max((r2 + 2.0 / 3.0 * r0).abs()) <= LIKE_NOISE * r0
}

impl Voice {
    pub(super) fn new() -> Self {
        Self {
            past: [QUIET; MEMORY],
            at: 0,
            active: 0,
            changes: 0,
            last_power: 0.0,
            pairs: [0.0; 2],
            shares: [0.0; 2],
            last_turn: Complex::default(),
            last_high: [0.0; 3],
            speaking: false,
            quiet_ms: 0,
            min_power: level::mean_square(MIN_DBM0),
        }
    }

    /// Takes the mean square of a hop, power and turn of its low band, the correlations of its second difference, and whether
    /// it is a tone. True when a voice begins.
    pub(super) fn step(&mut self, power: f32, low: f32, turn: Complex, high: &[f32; 3], tone: bool) -> bool {
        let pair = power + self.last_power;
        let share = low / power.max(1e-9);
        let mut newest = QUIET;
        if !tone && power >= self.min_power {
            let drift = turn.times(self.last_turn.conj());
            let sine = low > LOW_SHARE * power
                && turn.power() >= COHERENT * low * low
                && drift.re > 0.0
                && drift.im * drift.im <= SAME_TURN * drift.re * drift.re;
            let sine = sine || (low <= LITTLE * power && is_sine(high, &self.last_high));
            if !sine && !is_noise(high) {
                newest = u8::from(change(pair, self.pairs[0]) >= CHANGED || (share - self.shares[0]).abs() >= MOVED);
            }
        }
        self.pairs = [self.pairs[1], pair];
        self.shares = [self.shares[1], share];
        self.last_power = power;
        self.last_turn = turn;
        self.last_high = *high;
        self.remember(newest);
        let active = newest != QUIET;
        self.quiet_ms = if active { 0 } else { self.quiet_ms.saturating_add(HOP_MS) };
        if self.speaking {
            self.speaking = self.quiet_ms < REARM;
            return false;
        }
        self.speaking = active && self.active >= ACTIVE && 100 * self.changes >= UNEVEN * self.active;
        self.speaking
    }

    fn remember(&mut self, newest: u8) {
        if let Some(slot) = self.past.get_mut(self.at) {
            let oldest = core::mem::replace(slot, newest);
            if oldest != QUIET {
                self.active -= 1;
                self.changes -= u32::from(oldest);
            }
        }
        if newest != QUIET {
            self.active += 1;
            self.changes += u32::from(newest);
        }
        self.at = if self.at + 1 < MEMORY { self.at + 1 } else { 0 };
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}
