//! Bursts of voice: when somebody speaks, for how long without a pause, and whether it is speech at all.
//!
//! A hop is active when it stands out of the quietest moments of the last two seconds. A burst of activity is
//! speech when its level goes up and down and its spectrum never stays: noise, data and music that is held fail the
//! one, tones and digits the other.

use super::front::{HOP_MS, Moments};
use crate::level;

/// Below this nothing is active, in dBm0.
const QUIET_DBM0: f32 = -46.0;
/// Louder than this is active whatever came before, in dBm0.
const LOUD_DBM0: f32 = -28.0;
/// Activity stands out of the quietest moments by this factor: 8 dB.
const OVER_FLOOR: f32 = 6.0;
/// The quietest moment is sought in the last one to two times so many hops.
const FLOOR_HOPS: u32 = 100;
/// Active hops among the last 16 that begin a burst.
const BEGINS: u32 = 6;
/// Active hops that judge a burst.
const JUDGED: u32 = 20;
/// It is judged again after so many more.
const JUDGE_EVERY: u32 = 8;
/// Least standard deviation of the level of speech, in dB.
const UNEVEN_DB: f32 = 2.6;
/// Change of the spectrum from hop to hop (of twice the cosine of the mean frequency) that is one.
const CHANGE: f32 = 0.06;
/// Least part of the hops of speech that change the spectrum.
const CHANGING: f32 = 0.4;

/// Decibels in a factor of two.
const DB: f32 = 3.010_3;

/// The logarithm to base 2, to 0.09.
fn log2(x: f32) -> f32 {
    x.to_bits() as f32 * (1.0 / 8_388_608.0) - 127.0
}

/// A burst of activity.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Burst {
    /// Hops at which it began, and at which it was last active.
    first: u64,
    last: u64,
    active: u32,
    /// Hops since the last active one.
    paused: u64,
    /// Sums of the logarithms of the levels, and of their squares.
    levels: f32,
    squares: f32,
    /// Pairs of hops that follow each other, and those of them that changed.
    pairs: u32,
    changes: u32,
    /// Whether it is speech, as far as it went.
    speech: bool,
}

impl Burst {
    /// Whether it is speech: as far as it went, to 80 ms.
    pub(super) fn is_speech(&self) -> bool {
        self.speech
    }

    fn judge(&self) -> bool {
        let n = self.active.max(1) as f32;
        let mean = self.levels / n;
        let variance = self.squares / n - mean * mean;
        self.active >= JUDGED
            && variance >= (UNEVEN_DB / DB) * (UNEVEN_DB / DB)
            && self.changes as f32 >= CHANGING * self.pairs as f32
    }

    /// From its beginning to its last active hop, in ms.
    pub(super) fn ms(&self) -> u32 {
        u32::try_from(self.last + 1 - self.first).unwrap_or(u32::MAX).saturating_mul(HOP_MS)
    }

    /// The pause so far, in ms.
    pub(super) fn pause_ms(&self) -> u32 {
        u32::try_from(self.paused).unwrap_or(u32::MAX).saturating_mul(HOP_MS)
    }
}

/// What a hop did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Activity {
    /// Nobody speaks.
    Quiet,
    /// A burst goes on.
    Burst(Burst),
    /// A burst was followed by the pause that ends it.
    Ended(Burst),
}

/// Finds bursts of voice.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    /// Activity of the last 16 hops, the newest lowest.
    recent: u16,
    burst: Option<Burst>,
    hop: u64,
    /// Logarithm of the last level, and what follows it closely.
    smooth: f32,
    floor: [f32; 2],
    floor_hops: u32,
    spectrum: f32,
    pause_hops: u64,
    quiet: f32,
    loud: f32,
}

impl Voice {
    /// Bursts are ended by a pause of `pause_ms`.
    pub(super) fn new(pause_ms: u32) -> Self {
        Self {
            recent: 0,
            burst: None,
            hop: 0,
            smooth: 0.0,
            floor: [f32::MAX; 2],
            floor_hops: 0,
            spectrum: 0.0,
            pause_hops: u64::from((pause_ms / HOP_MS).max(1)),
            quiet: level::mean_square(QUIET_DBM0),
            loud: level::mean_square(LOUD_DBM0),
        }
    }

    /// Takes a hop; `tone` says that it holds a steady tone.
    pub(super) fn push(&mut self, m: &Moments, tone: bool) -> Activity {
        self.hop += 1;
        let power = m.power();
        let threshold = self.threshold(power);
        let active = !tone && power > threshold;
        let follows = self.recent & 1 == 1;
        self.recent = self.recent << 1 | u16::from(active);
        if self.burst.is_none() && self.recent.count_ones() >= BEGINS {
            let length = u64::from(16 - self.recent.leading_zeros());
            self.burst = Some(Burst { first: self.hop + 1 - length, ..Burst::default() });
        }
        let Some(burst) = &mut self.burst else { return Activity::Quiet };
        burst.paused = if active { 0 } else { self.hop.saturating_sub(burst.last) };
        if active {
            burst.last = self.hop;
            let l = log2(power);
            burst.active += 1;
            burst.levels += l;
            burst.squares += l * l;
            let spectrum = m.cosine2();
            if follows {
                burst.pairs += 1;
                burst.changes += u32::from((spectrum - self.spectrum).abs() > CHANGE);
            }
            self.spectrum = spectrum;
            if burst.active.is_multiple_of(JUDGE_EVERY) {
                burst.speech = burst.judge();
            }
        } else if burst.paused >= self.pause_hops {
            let burst = *burst;
            self.burst = None;
            self.recent = 0;
            return Activity::Ended(burst);
        }
        Activity::Burst(*burst)
    }

    /// The burst that is on.
    pub(super) fn burst(&self) -> Option<&Burst> {
        self.burst.as_ref()
    }

    /// What a hop must exceed to be active.
    fn threshold(&mut self, power: f32) -> f32 {
        self.smooth += (power - self.smooth) * 0.4;
        let [now, before] = &mut self.floor;
        *now = now.min(self.smooth);
        self.floor_hops += 1;
        if self.floor_hops >= FLOOR_HOPS {
            self.floor_hops = 0;
            *before = *now;
            *now = f32::MAX;
        }
        let [now, before] = self.floor;
        (now.min(before) * OVER_FLOOR).clamp(self.quiet, self.loud)
    }

    /// Forgets the burst that is on.
    pub(super) fn reset(&mut self) {
        self.recent = 0;
        self.burst = None;
        self.floor = [f32::MAX; 2];
        self.floor_hops = 0;
        self.smooth = 0.0;
    }
}
