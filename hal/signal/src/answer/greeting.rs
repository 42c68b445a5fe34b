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
const LOUD_DBM0: f32 = -5.0;
/// Activity stands out of the quietest moments by this factor: 8 dB.
const OVER_FLOOR: f32 = 6.0;
/// The quietest moment is sought in the last one to two times so many hops.
const FLOOR_HOPS: u32 = 100;
/// Active hops among the last 16 that begin a burst.
const BEGINS: u32 = 6;
/// Active hops that judge a burst.
const JUDGED: u32 = 16;
/// It is judged again after so many more.
const JUDGE_EVERY: u32 = 8;
/// Standard deviation of the level of speech, in dB: usual, least in a few words, and least in more than [`LONG`]
/// active hops. Digits have 0.5, most music less than 3.
const UNEVEN_DB: (f32, f32, f32) = (3.2, 2.0, 3.2);
/// Change of the spectrum from hop to hop (of twice the cosine of the mean frequency) that is one.
const CHANGE: f32 = 0.06;
/// Part of the hops of speech that change the spectrum: usual, and least.
const CHANGING: (f32, f32) = (0.4, 0.08);
/// Both together, each in units of the usual: in a few words, and in more than [`LONG`] active hops.
const SPEECH: (f32, f32) = (1.6, 2.1);
const LONG: u32 = 100;
/// A spectrum that stays within this for so many hops, pauses included, is that of a tone, or of several.
const STEADY: f32 = 0.05;
const STEADY_HOPS: u64 = 40;
/// From so many hops on it is held: most vowels are shorter. Most part of a burst of speech that is held.
const HELD_HOPS: u64 = 10;
const HELD: f32 = 0.45;
/// Part of what was that a hop leaves in the smoothed spectrum: tones that beat fill several hops.
const SMOOTHING: f32 = 0.85;
/// Hops between words that are not heard as a pause.
const JOINED: u64 = 3;

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
    /// The hop at which the last stretch of activity began, and the last active one before it.
    stretch: u64,
    before: u64,
    active: u32,
    /// Hops since the last active one.
    paused: u64,
    /// Sums of the logarithms of the levels of so many hops, and of their squares.
    counted: u32,
    levels: f32,
    squares: f32,
    /// Pairs of hops that follow each other, and those of them that changed.
    pairs: u32,
    changes: u32,
    /// Hops whose spectrum is held.
    held: u32,
    /// Whether it is speech, as far as it went.
    speech: bool,
    /// Another ear has heard a voice in it.
    vouched: bool,
}

impl Burst {
    /// Whether it is speech: as far as it went, to 80 ms.
    pub(super) fn is_speech(&self) -> bool {
        self.speech || (self.vouched && self.active >= JUDGED && self.held as f32 <= HELD * self.active as f32)
    }

    fn judge(&self) -> bool {
        let n = self.counted.max(1) as f32;
        let mean = self.levels / n;
        let variance = self.squares / n - mean * mean;
        let uneven = libm::sqrtf(variance.max(0.0)) * DB;
        let long = self.active >= LONG;
        let changing = self.changes as f32 / self.pairs.max(1) as f32;
        self.active >= JUDGED
            && uneven >= if long { UNEVEN_DB.2 } else { UNEVEN_DB.1 }
            && changing >= CHANGING.1
            && self.held as f32 <= HELD * self.active as f32
            && uneven / UNEVEN_DB.0 + changing / CHANGING.0 >= if long { SPEECH.1 } else { SPEECH.0 }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// Nobody speaks.
    Quiet,
    /// A burst goes on.
    Goes,
    /// A burst was followed by the pause that ends it.
    Ended,
}

/// Finds bursts of voice.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    /// Activity of the last 16 hops, the newest lowest.
    recent: u16,
    /// The burst that is on, or the last one.
    burst: Burst,
    on: bool,
    hop: u64,
    /// The power of the last hop, and what follows it closely.
    power: f32,
    smooth: f32,
    floor: [f32; 2],
    floor_hops: u32,
    spectrum: f32,
    /// Smoothed sums, what their ratio was when it last changed, and the hop then.
    energy: f32,
    cross: f32,
    steady: f32,
    steady_since: u64,
    pause_hops: u64,
    quiet: f32,
    loud: f32,
}

impl Voice {
    /// Bursts are ended by a pause of `pause_ms`.
    pub(super) fn new(pause_ms: u32) -> Self {
        Self {
            recent: 0,
            burst: Burst::default(),
            on: false,
            hop: 0,
            power: 0.0,
            smooth: 0.0,
            floor: [f32::MAX; 2],
            floor_hops: 0,
            spectrum: 0.0,
            energy: 0.0,
            cross: 0.0,
            steady: 0.0,
            steady_since: 0,
            pause_hops: u64::from((pause_ms / HOP_MS).max(1)),
            quiet: level::mean_square(QUIET_DBM0),
            loud: level::mean_square(LOUD_DBM0),
        }
    }

    /// Takes a hop. `tone_hops` is for how many hops, this one included, there has been a steady tone.
    pub(super) fn push(&mut self, m: &Moments, tone_hops: u32) -> Activity {
        self.hop += 1;
        let power = m.power();
        let threshold = self.threshold(power);
        let loud = power > threshold;
        let spectrum = m.cosine2();
        let changed = (spectrum - self.spectrum).abs() > CHANGE;
        self.spectrum = spectrum;
        let steady = if loud { self.steady_hops(m) } else { 0 };
        let tone_hops = u64::from(tone_hops).max(if steady >= STEADY_HOPS { steady } else { 0 });
        let active = loud && tone_hops == 0;
        if tone_hops > 0 {
            self.withdraw(tone_hops);
        }
        let (follows, within) = (self.recent & 1 == 1, self.recent & 3 == 3);
        self.recent = self.recent << 1 | u16::from(active);
        if !self.on && self.recent.count_ones() >= BEGINS {
            let length = u64::from(16 - self.recent.leading_zeros());
            let first = self.hop + 1 - length;
            self.burst = Burst { first, stretch: first, before: first, last: first, ..Burst::default() };
            self.on = true;
        }
        let last_power = core::mem::replace(&mut self.power, power);
        if !self.on {
            return Activity::Quiet;
        }
        let burst = &mut self.burst;
        burst.paused = if active { 0 } else { self.hop.saturating_sub(burst.last) };
        if active {
            if self.hop > burst.last + JOINED {
                burst.before = burst.last;
                burst.stretch = self.hop;
            }
            burst.last = self.hop;
            burst.active += 1;
            burst.held += u32::from(steady >= HELD_HOPS);
            // Counted are hops between others: the first and the last of a sound are filled in part.
            if within {
                let l = log2(last_power);
                burst.counted += 1;
                burst.levels += l;
                burst.squares += l * l;
            }
            if follows {
                burst.pairs += 1;
                burst.changes += u32::from(changed);
            }
            if burst.active.is_multiple_of(JUDGE_EVERY) {
                burst.speech = burst.judge();
            }
        } else if burst.paused >= self.pause_hops {
            burst.speech = burst.judge();
            self.on = false;
            self.recent = 0;
            return Activity::Ended;
        }
        Activity::Goes
    }

    /// For how many hops the spectrum has stayed.
    fn steady_hops(&mut self, m: &Moments) -> u64 {
        self.energy = self.energy * SMOOTHING + m.energy;
        self.cross = self.cross * SMOOTHING + m.cross;
        let spectrum = self.cross / self.energy;
        if (spectrum - self.steady).abs() > STEADY {
            self.steady = spectrum;
            self.steady_since = self.hop;
        }
        self.hop - self.steady_since
    }

    /// What went for a voice in the last `hops` was a tone.
    fn withdraw(&mut self, hops: u64) {
        // The tone's first hop was filled in part, and may be one earlier.
        let onset = self.hop.saturating_sub(hops + 1);
        let mask = u32::try_from(hops + 1).ok().and_then(|n| 1u16.checked_shl(n)).unwrap_or(0).wrapping_sub(1);
        self.recent &= !mask;
        let burst = &mut self.burst;
        if self.on && burst.last >= onset {
            let alone = burst.stretch + 2 >= onset;
            burst.last = if alone { burst.before } else { onset.saturating_sub(1) }.max(burst.first);
        }
    }

    /// The burst that is on, or the last one.
    pub(super) fn burst(&self) -> &Burst {
        &self.burst
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

    /// Another ear hears a voice: the burst that is on is one, unless it is held.
    pub(super) fn vouch(&mut self) {
        self.burst.vouched |= self.on;
    }

    /// Forgets the burst that is on.
    pub(super) fn reset(&mut self) {
        self.recent = 0;
        self.burst = Burst::default();
        self.on = false;
        self.floor = [f32::MAX; 2];
        self.floor_hops = 0;
        self.smooth = 0.0;
    }
}
