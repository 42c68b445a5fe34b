//! Pulse digits by ear: the clicks that a rotary dial at the far end makes on a line.
//!
//! # What does it do?
//!
//! A pulse is a break and a make of the far loop. Of each the network lets through a click of a few milliseconds, often of only
//! one of the two. The receiver tells the digit once the clicks have been followed by silence. It takes 8 to 20 pulses
//! per second, breaks of 55 to 80 %, and clicks of -40 dBm0 (peak) and more with noise 20 dB below them.
//!
//! # How does it work?
//!
//! The energy of each millisecond, without the lowest frequencies, is compared with what it was before. A click rises
//! by [`RISE`] at once and is over within [`MAX_CLICK_MS`]; what lasts longer is speech, and voids all that belongs
//! together. Clicks without a long pause between them are a *train*; silence must come before and after it. A train is a digit
//! when its clicks are strictly regular: all periods alike, all pairs alike, all of about the same strength.
//!
//! Two clicks a moment apart happen on any line. So nothing is believed before a train with several pulses was heard
//! ([`PAIRS_TO_LEARN`], [`CLICKS_TO_LEARN`]); it teaches the speed of the dial and the shape of its pulses. Shorter digits
//! before it wait until then; those after it must agree. What was learned is forgotten after [`MEMORY_MS`].

use super::digit;
use crate::country::PulseCode;
use crate::{SAMPLE_RATE, level};
use arrayvec::ArrayVec;

/// How much a click rises above the energy before it: 15 dB.
pub const RISE: f32 = 32.0;
/// Longest click, in ms.
pub const MAX_CLICK_MS: u32 = 12;
/// Pulses of the first train that is believed when breaks and makes are both heard.
pub const PAIRS_TO_LEARN: usize = 3;
/// The same when only one click per pulse is heard.
pub const CLICKS_TO_LEARN: usize = 5;
/// How long what was learned of a dial is remembered, in ms.
pub const MEMORY_MS: u64 = 15_000;

/// Samples in a millisecond.
const MS: usize = SAMPLE_RATE as usize / 1000;
/// Between clicks and before them it is this much quieter than they are: 12 dB.
const FALL: f32 = 1.0 / 16.0;
/// Weakest click: peak of a sine at this level, dBm0.
const WEAKEST_DBM0: f32 = -40.0;
/// Silence before and after a train, in ms. The longest period of a dial is 125 ms.
const SILENCE_MS: u64 = 180;
/// Shortest and longest period, in ms: 8 to 20 pulses per second, with some room.
const PERIOD_MS: core::ops::RangeInclusive<f32> = 46.0..=132.0;
/// Share of a period that is break.
const BREAK: core::ops::RangeInclusive<f32> = 0.54..=0.81;
/// How far a period or a break may be off the mean of its train: a share, and in ms.
const IRREGULAR: f32 = 0.05;
const IRREGULAR_MS: f32 = 2.0;
/// How far the mean of a train may be off what was learned: a share.
const UNLIKE: f32 = 0.12;
/// How much clicks of one kind may differ, as a factor of energy: 9 dB.
const UNEQUAL: f32 = 8.0;
/// Most clicks of a train: ten pulses with two each, and one to see that there are too many.
const MAX_CLICKS: usize = 21;
/// Most digits that wait for a train to learn from.
const MAX_WAITING: usize = 8;

/// A digit was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// `0` to `9`.
    pub digit: u8,
    /// How many pulses it had.
    pub pulses: u8,
}

#[derive(Clone, Copy, Debug)]
struct Click {
    /// When it began, in ms.
    at: f32,
    energy: f32,
}

/// What a train says.
#[derive(Clone, Copy, Debug)]
struct Reading {
    pulses: u8,
    /// Mean period in ms; 0 when there is only one pulse.
    period: f32,
    /// Mean length of the break in ms; 0 when only one click per pulse is heard.
    open: f32,
}

/// Hears digits.
#[derive(Clone, Debug)]
pub struct Receiver {
    code: PulseCode,
    weakest: f32,
    /// Energy of the present millisecond so far, and how many samples it has.
    energy: f32,
    filled: usize,
    last: f32,
    /// Mean energy of the time without clicks.
    quiet: f32,
    /// Milliseconds so far.
    now: u64,
    /// Largest energy of the present half of [`SILENCE_MS`] and of the one before.
    maxima: (f32, f32),
    /// Largest energy in the silence before the train.
    before: f32,
    train: ArrayVec<Click, MAX_CLICKS>,
    void: bool,
    learned: Option<(Reading, u64)>,
    waiting: ArrayVec<(Reading, u64), MAX_WAITING>,
}

impl Receiver {
    /// For dials that code digits like this.
    pub fn new(code: PulseCode) -> Self {
        let peak = level::peak(WEAKEST_DBM0);
        Self {
            code,
            weakest: peak * peak,
            energy: 0.0,
            filled: 0,
            last: 0.0,
            quiet: 1.0,
            now: 0,
            maxima: (0.0, 0.0),
            before: 0.0,
            train: ArrayVec::new(),
            void: false,
            learned: None,
            waiting: ArrayVec::new(),
        }
    }

    /// Takes samples; any number at a time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        for &s in samples {
            let x = f32::from(s);
            let step = x - self.last;
            self.last = x;
            self.energy += step * step;
            self.filled += 1;
            if self.filled == MS {
                let energy = core::mem::take(&mut self.energy);
                self.filled = 0;
                self.now += 1;
                self.millisecond(energy, sink);
            }
        }
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        self.maxima = (0.0, 0.0);
        self.train.clear();
        self.void = false;
        self.learned = None;
        self.waiting.clear();
    }

    fn millisecond(&mut self, energy: f32, sink: &mut impl FnMut(Event)) {
        let since = self.train.last().map(|last| self.now as f32 - last.at);
        if let (Some(since), Some(click)) = (since, self.train.last_mut())
            && since <= MAX_CLICK_MS as f32
        {
            // A second rise so soon is the same click, ringing.
            click.energy = click.energy.max(energy);
            return;
        }
        if energy > self.weakest && energy > self.quiet * RISE {
            if self.train.is_empty() {
                self.before = self.maxima.0.max(self.maxima.1);
                self.void = false;
            }
            self.void |= self.train.try_push(Click { at: self.now as f32, energy }).is_err();
            return;
        }
        self.quiet = (self.quiet + (energy - self.quiet) / 32.0).max(1.0);
        // What is not quiet between clicks is speech, or something else.
        self.void |= self.train.last().is_some_and(|click| energy > click.energy * FALL);
        if since.is_some_and(|since| since >= SILENCE_MS as f32) {
            let quiet = self.train.iter().all(|click| self.before <= click.energy * FALL);
            let reading = if self.void || !quiet { None } else { read(&self.train) };
            self.train.clear();
            self.maxima = (0.0, 0.0);
            if let Some(reading) = reading {
                self.believe(reading, sink);
            }
        } else if since.is_none() {
            if self.now.is_multiple_of(SILENCE_MS / 2) {
                self.maxima = (0.0, self.maxima.0);
            }
            self.maxima.0 = self.maxima.0.max(energy);
        }
    }

    /// Tells the digit of a train, or keeps it until there is something to compare it with.
    fn believe(&mut self, reading: Reading, sink: &mut impl FnMut(Event)) {
        let now = self.now;
        self.learned = self.learned.filter(|(_, at)| now - at <= MEMORY_MS);
        self.waiting.retain(|(_, at)| now - *at <= MEMORY_MS);
        let enough = if reading.open > 0.0 { PAIRS_TO_LEARN } else { CLICKS_TO_LEARN };
        if let Some((known, _)) = self.learned {
            if !alike(&known, &reading) {
                return;
            }
        } else if usize::from(reading.pulses) < enough {
            // The oldest goes when there are too many.
            if self.waiting.is_full() {
                self.waiting.remove(0);
            }
            let _ = self.waiting.try_push((reading, now));
            return;
        }
        let fits = usize::from(reading.pulses) >= enough;
        let known = match self.learned {
            Some((known, _)) if !fits => known,
            _ => reading,
        };
        self.learned = Some((known, now));
        let mut tell = |r: &Reading| {
            if let Some(digit) = digit(r.pulses, self.code) {
                sink(Event { at: now * MS as u64, digit, pulses: r.pulses });
            }
        };
        self.waiting.iter().filter(|(r, _)| alike(&known, r)).for_each(|(r, _)| tell(r));
        tell(&reading);
        self.waiting.clear();
    }
}

/// Whether two trains come from one dial.
fn alike(known: &Reading, r: &Reading) -> bool {
    let near = |a: f32, b: f32| (a - b).abs() <= b * UNLIKE;
    (r.open > 0.0) == (known.open > 0.0)
        && (r.open == 0.0 || near(r.open, known.open))
        && (r.period == 0.0 || near(r.period, known.period))
}

/// Reads a train as pairs of clicks, or as single ones.
fn read(train: &[Click]) -> Option<Reading> {
    pairs(train).or_else(|| singles(train))
}

fn pairs(train: &[Click]) -> Option<Reading> {
    if !train.len().is_multiple_of(2) {
        return None;
    }
    let (breaks, makes) = (train.iter().step_by(2), train.iter().skip(1).step_by(2));
    let open = regular(breaks.clone().zip(makes.clone()).map(|(b, m)| m.at - b.at))?;
    if !(equal(breaks.clone()) && equal(makes)) {
        return None;
    }
    let pulses = u8::try_from(train.len() / 2).ok()?;
    if pulses == 1 {
        let fits = open >= PERIOD_MS.start() * BREAK.start() && open <= PERIOD_MS.end() * BREAK.end();
        return fits.then_some(Reading { pulses, period: 0.0, open });
    }
    let period = regular(breaks.clone().zip(breaks.skip(1)).map(|(a, b)| b.at - a.at))?;
    let fits = PERIOD_MS.contains(&period) && BREAK.contains(&(open / period));
    fits.then_some(Reading { pulses, period, open })
}

fn singles(train: &[Click]) -> Option<Reading> {
    let pulses = u8::try_from(train.len()).ok()?;
    if !equal(train.iter()) {
        return None;
    }
    if pulses == 1 {
        return Some(Reading { pulses, period: 0.0, open: 0.0 });
    }
    let period = regular(train.iter().zip(train.iter().skip(1)).map(|(a, b)| b.at - a.at))?;
    PERIOD_MS.contains(&period).then_some(Reading { pulses, period, open: 0.0 })
}

/// The mean of some times, if none is far from it.
fn regular(times: impl Iterator<Item = f32> + Clone) -> Option<f32> {
    let (sum, count) = times.clone().fold((0.0, 0.0), |(sum, count), t| (sum + t, count + 1.0));
    let mean = sum / count;
    times.into_iter().all(|t| (t - mean).abs() <= (mean * IRREGULAR).max(IRREGULAR_MS)).then_some(mean)
}

/// Whether clicks are of about the same strength.
fn equal<'a>(clicks: impl Iterator<Item = &'a Click>) -> bool {
    let (least, most) = clicks.fold((f32::MAX, 0.0f32), |(least, most), c| (least.min(c.energy), most.max(c.energy)));
    most <= least * UNEQUAL
}

#[cfg(test)]
mod tests;
