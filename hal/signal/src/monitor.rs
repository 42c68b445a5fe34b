//! Tones of the host's choice: what an application has asked to be told of (`lineMonitorTones`).
//!
//! # What does it do?
//!
//! A [`Tone`] is up to three frequencies that sound together, or silence, and how long it must last. [`Monitor`]
//! watches for up to [`MAX_TONES`] of them at once, and tells each one once whenever it appears and has lasted.
//!
//! * Frequencies within 2 % are taken, beyond 3.5 % (or 10 Hz, if that is more) refused.
//! * Each frequency from 0 to -40 dBm0, none more than 12 dB weaker than the strongest.
//! * 10 dB of signal to noise suffice. Over speech a tone is not heard: the tone must be most of what is on the line.
//! * Silence is a level below -44 dBm0; a level above -40 dBm0 ends it.
//!
//! # How does it work?
//!
//! Every 5 ms the line is correlated with all frequencies, by a bank. Every 10 ms the last twelve correlations of a
//! frequency, 60 ms, are turned by each deviation that is allowed and summed under a raised cosine: the largest sum
//! tells the frequency and the level. Most of the time a look at the powers shows that the search is not worth while.
//! A tone is there when its frequencies hold most of the line's power and neither they nor the levels wander.

use crate::SAMPLE_RATE;
use crate::bank::Bank;
use crate::filter::Complex;
use crate::level;
use crate::simd::{self, Kernel};
use alloc::boxed::Box;
use alloc::vec::Vec;
use arrayvec::ArrayVec;
use core::f32::consts::{PI, TAU};

/// Most tones of a [`Monitor`].
pub const MAX_TONES: usize = 16;
/// Most frequencies of a [`Tone`].
pub const MAX_FREQUENCIES: usize = 3;
/// Lowest and highest frequency that can be watched, in Hz.
pub const RANGE: (u32, u32) = (150, 3800);
/// Least distance of two frequencies of the same tone, in Hz: nearer ones cannot be told apart in 60 ms.
pub const MIN_DISTANCE: u32 = 40;
/// Longest duration that can be asked for, in ms.
pub const MAX_DURATION_MS: u32 = 3_600_000;

/// What to watch for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tone {
    /// Frequencies in Hz that sound together; 0 for none. All 0: silence.
    pub hz: [u32; MAX_FREQUENCIES],
    /// How long it must last before it is told, in ms. Less than 60 ms (silence: 20 ms) is as soon as it can be known.
    pub duration_ms: u32,
    /// Whatever the application knows it by.
    pub app: u32,
}

/// Why a list of tones cannot be watched for. `index`: which tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// More than [`MAX_TONES`].
    TooMany,
    /// A frequency outside [`RANGE`].
    OutOfRange {
        /// Which tone.
        index: usize,
        /// The frequency.
        hz: u32,
    },
    /// Two frequencies of a tone are the same or nearer than [`MIN_DISTANCE`].
    TooClose {
        /// Which tone.
        index: usize,
    },
    /// Longer than [`MAX_DURATION_MS`].
    TooLong {
        /// Which tone.
        index: usize,
    },
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooMany => write!(f, "more than {MAX_TONES} tones"),
            Self::OutOfRange { index, hz } => {
                write!(f, "tone {index}: {hz} Hz is not between {} and {} Hz", RANGE.0, RANGE.1)
            }
            Self::TooClose { index } => {
                write!(f, "tone {index}: two frequencies are nearer than {MIN_DISTANCE} Hz")
            }
            Self::TooLong { index } => write!(f, "tone {index}: longer than {MAX_DURATION_MS} ms"),
        }
    }
}

impl core::error::Error for Error {}

/// A tone appeared and has lasted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Which tone of the list.
    pub index: usize,
    /// Its [`Tone::app`].
    pub app: u32,
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// Level of the strongest frequency (of silence: of the line), in dBm0.
    pub level_dbm0: f32,
}

/// Samples of a hop: 5 ms.
const HOP: usize = 40;
/// Hops of a window: 60 ms.
const WINDOW: usize = 12;
/// Hops from one judgement to the next, and their time in ms.
const STRIDE: usize = 2;
const STRIDE_MS: u32 = 10;
/// Lanes of a bank, and frequencies.
const LANES: usize = 16;
const PER_BANK: usize = LANES / 2;

/// Furthest that a frequency may be off: this fraction, and some Hz for noise.
const MAX_OFF: f32 = 0.022;
const MAX_OFF_HZ: f32 = 2.0;
/// How much further is searched, so that what is too far off is not taken for what is not: in Hz.
const BEYOND: f32 = 10.0;
/// Most of the distance to another frequency of the tone that is searched.
const MAX_REACH: f32 = 0.4;
/// Largest steps of the search, in Hz.
const SEARCH: f32 = 6.0;
/// Least share of the line's power that the tone must have.
const MIN_PURITY: f32 = 0.81;
/// The same once it has been told.
const STILL_PURITY: f32 = 0.6;
/// The same, of what is anywhere within 100 Hz of its frequencies, for a search to be worth while: a correlator of 5 ms
/// has two thirds of the power of what is as far off as may be.
const WORTH_A_SEARCH: f32 = 0.55;
/// Weakest frequency, in dBm0, and the power that the strongest may be above the weakest.
const MIN_LEVEL: f32 = -42.0;
const MAX_TWIST: f32 = 16.0;
/// Most that power may differ from the beginning, as a factor, and a frequency, as a fraction and in Hz.
const MAX_CHANGE: f32 = 1.25;
const MAX_GLIDE: f32 = 0.001;
const MAX_GLIDE_HZ: f32 = 1.2;
/// Judgements after which the window is full of the tone: from then on it must be steady.
const FULL: u8 = 3;
/// What a tone counts as having lasted when it is first heard, in ms. It is heard when 40 ms of the window are full of it,
/// and for 20 ms after its end.
const FIRST_MS: u32 = 20;
/// Judgements without the tone that end it.
const MISSES: u8 = 4;
/// Levels below which there is silence, and above which there is none, in dBm0.
const SILENT: f32 = -44.0;
const LOUD: f32 = -40.0;

/// The weights of a window: a raised cosine.
static WEIGHTS: [f32; WINDOW] = weights();

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn weights() -> [f32; WINDOW] {
    let mut w = [0.0; WINDOW];
    let mut i = 0;
    while i < WINDOW {
        w[i] = (1.0 - crate::bank::cosine((i as f64 + 0.5) / WINDOW as f64)) as f32;
        i += 1;
    }
    w
}

/// The correlations of the last [`WINDOW`] hops with the frequencies of one bank, oldest first.
type History = [[f32; LANES]; WINDOW];

/// One frequency of a tone.
#[derive(Clone, Copy, Debug)]
struct Voice {
    bank: usize,
    lane: usize,
    hz: f32,
    /// How far from `hz` it is searched, in Hz: not as far as where another frequency of the tone would be found.
    reach: f32,
}

/// One tone being watched for.
#[derive(Clone, Debug)]
struct Watch {
    tone: Tone,
    voices: ArrayVec<Voice, MAX_FREQUENCIES>,
    /// How long it has lasted, in ms; 0 when it is not there.
    lasted: u32,
    misses: u8,
    told: bool,
    /// Judgements since it appeared, up to [`FULL`], and the newest of these.
    hits: u8,
    anchor: Heard,
}

/// A tone heard in one window.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// Deviations in Hz.
    deviation: [f32; MAX_FREQUENCIES],
    /// Mean square of all frequencies and of the strongest.
    power: f32,
    strongest: f32,
}

impl Heard {
    /// Whether the same tone goes on: a tone does not wander, a voice does.
    fn continues(&self, before: &Self, watch: &Watch) -> bool {
        let steady = self.power <= before.power * MAX_CHANGE && before.power <= self.power * MAX_CHANGE;
        let deviations = self.deviation.iter().zip(before.deviation).zip(&watch.voices);
        steady && deviations.into_iter().all(|((a, b), voice)| (a - b).abs() <= voice.hz * MAX_GLIDE + MAX_GLIDE_HZ)
    }
}

/// Watches for tones. All memory is taken when it is made.
#[derive(Clone, Debug)]
pub struct Monitor {
    watches: ArrayVec<Watch, MAX_TONES>,
    banks: Box<[Bank<HOP, LANES>]>,
    history: Box<[History]>,
    /// Energies of the last hops, oldest first.
    energy: [f32; WINDOW],
    hop: [f32; HOP],
    fill: usize,
    /// Hops since the last judgement.
    hops: usize,
    at: u64,
}

impl Monitor {
    /// Watches for these tones; an event tells which by its place in the list. No tones: hears nothing.
    ///
    /// # Errors
    /// When there are too many, or one is not as [`Tone`] says.
    pub fn new(tones: &[Tone]) -> Result<Self, Error> {
        let mut watches = ArrayVec::<Watch, MAX_TONES>::new();
        let mut all: Vec<u32> = Vec::new();
        for (index, tone) in tones.iter().enumerate() {
            if tone.duration_ms > MAX_DURATION_MS {
                return Err(Error::TooLong { index });
            }
            let mut voices = ArrayVec::new();
            for (i, &hz) in tone.hz.iter().enumerate().filter(|(_, hz)| **hz != 0) {
                if !(RANGE.0..=RANGE.1).contains(&hz) {
                    return Err(Error::OutOfRange { index, hz });
                }
                if tone.hz.iter().take(i).any(|other| *other != 0 && other.abs_diff(hz) < MIN_DISTANCE) {
                    return Err(Error::TooClose { index });
                }
                // Tones that share a frequency share its correlator.
                let place = all.iter().position(|known| *known == hz).unwrap_or_else(|| {
                    all.push(hz);
                    all.len() - 1
                });
                let others = tone.hz.iter().filter(|other| **other != 0 && **other != hz);
                let nearest = others.map(|other| other.abs_diff(hz)).min().unwrap_or(u32::MAX) as f32;
                let reach = (limit(hz as f32) + BEYOND).min(MAX_REACH * nearest);
                voices.push(Voice { bank: place / PER_BANK, lane: place % PER_BANK, hz: hz as f32, reach });
            }
            let watch =
                Watch { tone: *tone, voices, lasted: 0, misses: 0, told: false, hits: 0, anchor: Heard::default() };
            watches.try_push(watch).map_err(|_| Error::TooMany)?;
        }
        let hz: Vec<f32> = all.iter().map(|hz| *hz as f32).collect();
        let banks: Box<[_]> = hz.chunks(PER_BANK).map(Bank::new).collect();
        let history = banks.iter().map(|_| [[0.0; LANES]; WINDOW]).collect();
        Ok(Self { watches, banks, history, energy: [0.0; WINDOW], hop: [0.0; HOP], fill: 0, hops: 0, at: 0 })
    }

    /// Takes samples; any number at a time. Events follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        let mut rest = samples;
        while !rest.is_empty() {
            let room = self.hop.get_mut(self.fill..).unwrap_or_default();
            let taken = room.len().min(rest.len());
            for (to, from) in room.iter_mut().zip(rest) {
                *to = f32::from(*from);
            }
            rest = rest.get(taken..).unwrap_or_default();
            self.at += taken as u64;
            self.fill += taken;
            if self.fill < HOP {
                return;
            }
            self.fill = 0;
            simd::run(Correlate { monitor: self });
            self.hops += 1;
            if self.hops == STRIDE {
                self.hops = 0;
                for index in 0..self.watches.len() {
                    if let Some(event) = self.judge(index) {
                        sink(event);
                    }
                }
            }
        }
    }

    /// Forgets everything heard; the sample index goes on, and what sounds will be told again.
    pub fn reset(&mut self) {
        for watch in &mut self.watches {
            (watch.lasted, watch.misses, watch.told, watch.hits) = (0, 0, false, 0);
        }
        self.history.iter_mut().for_each(|h| *h = [[0.0; LANES]; WINDOW]);
        self.energy = [0.0; WINDOW];
        (self.fill, self.hops) = (0, 0);
    }

    /// Whether tone `index` is to be told now.
    fn judge(&mut self, index: usize) -> Option<Event> {
        let watch = self.watches.get(index)?;
        let silence = watch.voices.is_empty();
        let heard = if silence { self.silence(watch) } else { self.listen(watch) };
        let watch = self.watches.get_mut(index)?;
        let Some(heard) = heard else {
            watch.misses = watch.misses.saturating_add(1);
            if silence || watch.misses >= MISSES {
                (watch.lasted, watch.told, watch.hits) = (0, false, 0);
            }
            return None;
        };
        let steady = silence || watch.told || watch.hits < FULL || heard.continues(&watch.anchor, watch);
        if watch.lasted == 0 || !steady {
            (watch.lasted, watch.hits) = (FIRST_MS, 0);
        } else {
            // What was missed in between belongs to it.
            watch.lasted = watch.lasted.saturating_add(STRIDE_MS * (1 + u32::from(watch.misses)));
        }
        watch.misses = 0;
        if watch.hits < FULL {
            watch.hits += 1;
            watch.anchor = heard;
        }
        let due = watch.tone.duration_ms.max(if silence { FIRST_MS } else { 2 * FIRST_MS });
        if watch.told || watch.lasted < due {
            return None;
        }
        watch.told = true;
        Some(Event { index, app: watch.tone.app, at: self.at, level_dbm0: level::dbm0(heard.strongest) })
    }

    /// Whether the line is silent; with hysteresis.
    fn silence(&self, watch: &Watch) -> Option<Heard> {
        let power = self.energy.iter().rev().take(2 * STRIDE).sum::<f32>() / (2 * STRIDE * HOP) as f32;
        let limit = if watch.lasted > 0 { LOUD } else { SILENT };
        (power < level::mean_square(limit)).then_some(Heard { power, strongest: power, ..Heard::default() })
    }

    /// Whether the window is full of a tone.
    fn listen(&self, watch: &Watch) -> Option<Heard> {
        let weight: f32 = WEIGHTS.iter().sum();
        let all = WEIGHTS.iter().zip(&self.energy).map(|(w, e)| w * e).sum::<f32>() / (weight * HOP as f32);
        let least = level::mean_square(MIN_LEVEL);
        if all < least {
            return None;
        }
        // Is it worth the search? What the correlators hold, anywhere within 100 Hz.
        let around = |&Voice { bank, lane, .. }: &Voice| {
            let hops = self.history.get(bank).into_iter().flatten().zip(&WEIGHTS);
            hops.map(|(z, w)| w * phasor(z, lane).power()).sum::<f32>() * 2.0 / (weight * (HOP * HOP) as f32)
        };
        if watch.voices.iter().map(around).sum::<f32>() < WORTH_A_SEARCH * all {
            return None;
        }
        let mut heard = Heard::default();
        let mut weakest = f32::MAX;
        for (deviation, voice) in heard.deviation.iter_mut().zip(&watch.voices) {
            let (off, power) = self.search(voice)?;
            *deviation = off;
            heard.power += power;
            heard.strongest = heard.strongest.max(power);
            weakest = weakest.min(power);
        }
        let purity = if watch.told { STILL_PURITY } else { MIN_PURITY };
        let enough = heard.power >= purity * all && weakest >= least && heard.strongest <= weakest * MAX_TWIST;
        enough.then_some(heard)
    }

    /// Deviation in Hz and mean square of a frequency; `None` when it is too far off.
    fn search(&self, &Voice { bank, lane, hz, reach }: &Voice) -> Option<(f32, f32)> {
        let history = self.history.get(bank)?;
        let mut course = [Complex::default(); WINDOW];
        for (to, (z, w)) in course.iter_mut().zip(history.iter().zip(&WEIGHTS)) {
            *to = phasor(z, lane).scale(*w);
        }
        // From hop to hop the correlator's wave starts anew.
        let at = |off: f32| {
            let turns = (hz + off) * HOP as f32 / SAMPLE_RATE as f32;
            let step = Complex::unit(-TAU * (turns - libm::floorf(turns)));
            let mut turn = Complex::new(1.0, 0.0);
            let mut sum = Complex::default();
            for z in course {
                sum = sum.plus(z.times(turn));
                turn = turn.times(step);
            }
            sum.power()
        };
        let steps = libm::ceilf(reach / SEARCH).max(1.0);
        let step = reach / steps;
        let steps = steps as i32;
        let mut best = (-1.0, 0.0);
        for i in -steps..=steps {
            let off = i as f32 * step;
            let power = at(off);
            if power > best.0 {
                best = (power, off);
            }
        }
        // The top of the parabola through the best and its neighbours.
        let (mut off, mut step) = (best.1, step);
        for _ in 0..2 {
            let (a, b, c) = (at(off - step), at(off), at(off + step));
            let bend = a - 2.0 * b + c;
            if bend < 0.0 {
                off += (0.5 * (a - c) / bend).clamp(-1.0, 1.0) * step;
            }
            step *= 0.3;
        }
        if off.abs() > limit(hz) {
            return None;
        }
        let weight: f32 = WEIGHTS.iter().sum();
        // A correlator without a window weakens what is off its frequency.
        let x = PI * off * HOP as f32 / SAMPLE_RATE as f32;
        let gain = if x.abs() < 1e-3 { 1.0 } else { libm::sinf(x) / x };
        let whole = weight * HOP as f32 * gain;
        let peak_squared = at(off) * 4.0 / (whole * whole);
        Some((off, peak_squared / 2.0))
    }
}

/// How far a frequency may be off, in Hz.
fn limit(hz: f32) -> f32 {
    hz * MAX_OFF + MAX_OFF_HZ
}

/// The correlation of one hop with one frequency.
fn phasor(z: &[f32; LANES], lane: usize) -> Complex {
    Complex::new(z.get(lane).copied().unwrap_or_default(), z.get(lane + PER_BANK).copied().unwrap_or_default())
}

/// Takes in the hop that is complete.
struct Correlate<'a> {
    monitor: &'a mut Monitor,
}

impl Kernel for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let m = self.monitor;
        let mut energy = [0.0f32; 8];
        for part in m.hop.as_chunks::<8>().0 {
            for (e, x) in energy.iter_mut().zip(part) {
                *e += x * x;
            }
        }
        m.energy.rotate_left(1);
        if let Some(newest) = m.energy.last_mut() {
            *newest = energy.iter().sum();
        }
        for (bank, history) in m.banks.iter().zip(&mut m.history) {
            history.rotate_left(1);
            if let Some(newest) = history.last_mut() {
                *newest = bank.correlate(&m.hop);
            }
        }
    }
}

#[cfg(test)]
mod tests;
