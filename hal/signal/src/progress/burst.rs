//! When tones begin and end, to some milliseconds, and how much like an exchange's tone they are.
//!
//! A fit over 40 ms says well what a tone is and badly when it began. So the edges come from the power of the low band:
//! once a tone is found, its beginning is where the power, averaged over whole beats, last passed half of what it is now,
//! and its end where it falls below half. Gaps of 25 ms are seen that way, and lengths are right to about 5 ms. Where the
//! power shows no edge (speech gives way to a tone, or a tone to another) the fits tell the time.

use super::front::{LOW, LOW_MS};
use super::past::{Past, SAMPLES};
use super::spectrum::{FILL, Found, SignatureId, Signatures};
use arrayvec::ArrayVec;

/// Hops without the tone, though there is power, that end it.
const MISSING: u32 = 4;
/// Hops with another tone that end it.
const OTHER: u32 = 3;
/// A tone younger than this was not yet known well: what it turns out to be it was from the beginning, in samples of the
/// low band.
const YOUNG: u64 = 45;
/// A fit holds when so many samples of its window are of the tone.
const FILLED: u64 = 17;
/// A tone that is averaged over less than this beats not at all, or several times in a window of a fit.
const WHOLE: usize = 10;
/// Share of the power that remains at an edge.
const HALF: f32 = 0.5;
/// Once found, a tone has at least this share of the power that the window had on average, or it has just ended.
const STILL_ON: f32 = 0.6;

/// So long after its beginning, on average, a tone above the low band is found for the second time, in ms.
const HIGH_BEGIN_MS: u64 = 25;
/// So long before it was found last it ended, on average, in ms.
const HIGH_END_MS: u64 = 5;
/// Not found for so long, it has ended.
const HIGH_MISSING_MS: u64 = 20;

/// Ratio of a clean tone's greatest power to its least: 2 dB.
const CLEAN_SWELL: f32 = 1.6;
/// It is found for the first time after so long, counted from the second time on, and then once in so long at least, in ms.
const FOUND_AFTER_MS: u64 = 70;
const FOUND_EVERY_MS: u64 = 13;
/// Share of its power that a tone explains on average which is alone, with some leave for short ones: their windows are
/// never full.
const ALONE_SHARE: f32 = 0.87;
const ALONE_LEAVE: f32 = 0.1;
/// Share of a tone with hardly anything else in the low band, and of the low band in all.
const FINE_SHARE: f32 = 0.955;
const FINE_PART_OF_ALL: f32 = 0.75;
/// Share and swell of a pure tone.
const PURE_SHARE: f32 = 0.965;
const PURE_SWELL: f32 = 1.25;
/// A hop of the pause after a tone is loud above this share of the tone's power; so many loud hops are but clicks.
const LOUD: f32 = 0.8;
const CLICKS: u32 = 3;

/// A change of what the line carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    /// What it carries from now on; `None` is anything but a tone of the country.
    pub(super) to: Option<SignatureId>,
    /// When, in ms.
    pub(super) at: u64,
    /// The tone that is on is not what it seemed: no change, but a better name from its beginning on.
    pub(super) renamed: bool,
    /// Of the tone that ends, if one does.
    pub(super) quality: Quality,
}

/// What is known of a burst besides its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quality {
    /// Steady, and found all the time.
    pub(super) clean: bool,
    /// The same, and hardly anything else with it.
    pub(super) fine: bool,
    /// The same, and nothing else.
    pub(super) pure: bool,
    /// Little else with it, and it began out of silence, or what noise there is.
    pub(super) alone: bool,
}

impl Quality {
    const BEST: Self = Self { clean: true, fine: true, pure: true, alone: true };
}

/// The changes in a hop: an end and a beginning in either band.
pub(super) type Turns = ArrayVec<Turn, 4>;

/// How much a burst is like a tone of an exchange.
#[derive(Clone, Copy, Debug)]
struct Purity {
    hops: u32,
    shares: f32,
    weakest: f32,
    strongest: f32,
    /// Sums of the power of the low band, and of all.
    low: f32,
    all: f32,
    /// Share and power in the newest hop, which may be the last, with its edge in it.
    newest: Option<(f32, f32)>,
    alone: bool,
}

impl Purity {
    const fn new(alone: bool) -> Self {
        Self { hops: 0, shares: 0.0, weakest: f32::INFINITY, strongest: 0.0, low: 0.0, all: 0.0, newest: None, alone }
    }

    fn add(&mut self, share: f32, power: f32, past: &Past) {
        self.low += past.low();
        self.all += past.all();
        let newest = self.newest.replace((share, power));
        if let Some((share, power)) = newest {
            self.hops += 1;
            self.shares += share;
            self.weakest = self.weakest.min(power);
            self.strongest = self.strongest.max(power);
        }
    }

    /// The quality of a burst of so many ms.
    fn quality(&self, ms: u64) -> Quality {
        let hops = self.hops as f32;
        let clean = u64::from(self.hops) * FOUND_EVERY_MS + FOUND_AFTER_MS >= ms
            && self.strongest <= CLEAN_SWELL * self.weakest;
        let fine = clean && self.shares >= FINE_SHARE * hops && self.low >= FINE_PART_OF_ALL * self.all;
        let pure = fine && self.shares >= PURE_SHARE * hops && self.strongest <= PURE_SWELL * self.weakest;
        let alone = self.alone && self.shares + ALONE_LEAVE >= ALONE_SHARE * hops;
        Quality { clean, fine, pure, alone }
    }
}

/// A tone that is on. Times in samples of the low band.
#[derive(Clone, Copy, Debug)]
struct On {
    id: SignatureId,
    /// Samples to average the power over.
    steady: usize,
    /// Its power.
    power: f32,
    since: u64,
    /// When it was last found.
    seen: u64,
    missing: u32,
    /// Another tone that was found, in how many hops, and when for the first time.
    other: Option<(SignatureId, u32, u64)>,
    purity: Purity,
}

/// A tone above the low band. It is looked at every 10 ms, and so are its edges. Times in ms.
#[derive(Clone, Copy, Debug)]
struct HighOn {
    id: SignatureId,
    since: u64,
    /// When it was last found.
    seen: u64,
}

/// Follows the tones of a line.
#[derive(Clone, Debug)]
pub(super) struct Bursts {
    on: Option<On>,
    high: Option<HighOn>,
    /// What was found above the low band in the hop before.
    high_before: Option<SignatureId>,
    /// When the last tone ended, in samples of the low band: none begins before.
    ended: u64,
    /// Power above which the pause after a tone is loud, and hops that were.
    limit: f32,
    loud: u32,
}

impl Bursts {
    pub(super) const fn new() -> Self {
        Self { on: None, high: None, high_before: None, ended: 0, limit: 0.0, loud: 0 }
    }

    pub(super) const fn is_on(&self) -> bool {
        self.on.is_some() || self.high.is_some()
    }

    /// Whether nothing but noise was heard since the last tone.
    pub(super) const fn is_quiet(&self) -> bool {
        self.loud <= CLICKS
    }

    /// The quality of the tone that is on, so far.
    pub(super) fn quality(&self) -> Quality {
        self.on.map_or(Quality::BEST, |on| on.purity.quality(0))
    }

    /// A hop has come which holds this tone above the low band.
    pub(super) fn step_high(&mut self, past: &Past, found: Option<SignatureId>, turns: &mut Turns) {
        let now = past.now();
        if let Some(on) = &mut self.high {
            if found == Some(on.id) {
                on.seen = now;
                return;
            }
            if found.is_none() && now < on.seen + HIGH_MISSING_MS {
                return;
            }
            let at = on.seen.saturating_sub(HIGH_END_MS).max(on.since);
            self.high = None;
            self.high_before = found;
            self.ended = at / u64::from(LOW_MS);
            let _ = turns.try_push(Turn { to: None, at, renamed: false, quality: Quality::BEST });
            return;
        }
        // Once is nothing: noise does it now and then.
        let again = core::mem::replace(&mut self.high_before, found) == found;
        if let Some(id) = found.filter(|_| again)
            && self.on.is_none()
        {
            let since = now.saturating_sub(HIGH_BEGIN_MS);
            self.high = Some(HighOn { id, since, seen: now });
            self.limit = past.all() * LOUD;
            self.loud = 0;
            let _ = turns.try_push(Turn { to: Some(id), at: since, renamed: false, quality: Quality::default() });
        }
    }

    /// A hop of the low band has come, which holds `found`.
    pub(super) fn step(&mut self, past: &Past, found: Option<Found>, signatures: &Signatures, turns: &mut Turns) {
        if self.high.is_some() {
            return;
        }
        let Some(on) = &mut self.on else {
            if past.count() > self.ended + 10 && past.all() > self.limit {
                self.loud += 1;
            }
            if let Some(found) = found {
                self.begin(past, found, signatures, turns);
            }
            return;
        };
        if let Some(at) = on.fell(past) {
            self.end(at, turns);
            return;
        }
        match found {
            Some(found) if found.id == on.id => on.go_on(found, past),
            Some(found) => {
                let (hops, first) = match on.other {
                    Some((id, hops, first)) if id == found.id => (hops + 1, first),
                    _ => (1, past.count()),
                };
                on.other = Some((found.id, hops, first));
                if hops >= OTHER {
                    self.change(found.id, first, past, signatures, turns);
                }
            }
            None => {
                on.missing += 1;
                if on.missing >= MISSING {
                    let at = on.seen.saturating_sub(3).max(on.since);
                    self.end(at, turns);
                }
            }
        }
    }

    fn begin(&mut self, past: &Past, found: Found, signatures: &Signatures, turns: &mut Turns) {
        let Some(signature) = signatures.of(found.id) else { return };
        let steady = signature.steady();
        let power = past.power(steady) / steady as f32;
        let window = past.power(FILL) / FILL as f32;
        let rose = rose(past, steady, power);
        // What has just ended still fills a part of the window.
        let new = rose.is_some_and(|at| at > self.ended + 2) || past.count() > self.ended + signature.span() as u64 + 6;
        if power < STILL_ON * window || !new {
            return;
        }
        let since = rose.unwrap_or(past.count().saturating_sub(FILLED)).max(self.ended);
        let alone = past.quiet_before(past.count() - since + (steady / 2) as u64, since - self.ended, power);
        let mut purity = Purity::new(alone);
        purity.add(found.share, power, past);
        self.limit = power * LOUD;
        self.loud = 0;
        self.on = Some(On { id: found.id, steady, power, since, seen: past.count(), missing: 0, other: None, purity });
        let at = since * u64::from(LOW_MS);
        let _ = turns.try_push(Turn { to: Some(found.id), at, renamed: false, quality: Quality::default() });
    }

    fn change(&mut self, id: SignatureId, first: u64, past: &Past, signatures: &Signatures, turns: &mut Turns) {
        let Some(on) = &mut self.on else { return };
        let Some(signature) = signatures.of(id) else { return };
        let renamed = first < on.since + YOUNG;
        let quality = on.purity.quality(first.saturating_sub(on.since) * u64::from(LOW_MS));
        if !renamed {
            on.since = first.saturating_sub(FILLED).max(on.since);
        }
        let steady = signature.steady();
        *on = On {
            id,
            steady,
            power: past.power(steady) / steady as f32,
            since: on.since,
            seen: past.count(),
            missing: 0,
            other: None,
            purity: Purity::new(renamed && quality.alone),
        };
        let _ = turns.try_push(Turn { to: Some(id), at: on.since * u64::from(LOW_MS), renamed, quality });
    }

    fn end(&mut self, at: u64, turns: &mut Turns) {
        let ms = |on: &On| at.saturating_sub(on.since) * u64::from(LOW_MS);
        let quality = self.on.take().map_or(Quality::default(), |on| on.purity.quality(ms(&on)));
        self.ended = at;
        let _ = turns.try_push(Turn { to: None, at: at * u64::from(LOW_MS), renamed: false, quality });
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}

impl On {
    /// It was found again.
    fn go_on(&mut self, found: Found, past: &Past) {
        self.seen = past.count();
        self.missing = 0;
        self.other = None;
        let span = if self.steady < WHOLE { FILL } else { self.steady };
        let power = past.power(span) / span as f32;
        self.power += 0.2 * (power - self.power);
        self.purity.add(found.share, power, past);
    }

    /// When the power fell below half within the newest hop, if it did.
    fn fell(&self, past: &Past) -> Option<u64> {
        let limit = HALF * self.power * self.steady as f32;
        let mut sum: f32 = (LOW - 1..LOW - 1 + self.steady).map(|ago| past.power_at(ago)).sum();
        for ago in (0..LOW).rev() {
            if sum < limit {
                return Some((past.count() - ago as u64).saturating_sub(self.steady as u64 / 2).max(self.since));
            }
            if ago > 0 {
                sum += past.power_at(ago - 1) - past.power_at(ago - 1 + self.steady);
            }
        }
        None
    }
}

/// When the power last rose above half of `power`, if it did.
fn rose(past: &Past, steady: usize, power: f32) -> Option<u64> {
    let limit = HALF * power * steady as f32;
    let mut sum = past.power(steady);
    for ago in 0..SAMPLES.saturating_sub(steady) {
        if sum < limit {
            return Some(past.count().saturating_sub((ago + steady / 2) as u64));
        }
        sum += past.power_at(ago + steady) - past.power_at(ago);
    }
    None
}
