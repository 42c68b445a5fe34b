//! DTMF (ITU-T Q.23): sender and receiver.
//!
//! # What does it do?
//!
//! The sender queues digits and pauses and mixes them into the line, the high tone 2 dB above the low one as
//! ETSI ES 201 235-2 has it.
//!
//! The receiver tells the beginning and the end of each digit. It keeps to ITU-T Q.24 (columns AT&T and NTT):
//!
//! * frequencies within 1.8 % are taken, beyond 3 % refused;
//! * each tone from 0 to -39 dBm0, the high one 9 dB stronger to 10 dB weaker than the low one;
//! * a digit of 40 ms is taken, one of 23 ms is not;
//! * a gap of 10 ms does not split a digit, one of 30 ms does;
//! * noise 15 dB below the digit, dial tone up to 10 dB above it, and hum are tolerated.
//!
//! # How does the receiver work?
//!
//! High pass and notches take away hum and dial tone. What is left goes through two linear-phase band passes, one for
//! each tone group, so that each group holds a single sine if a digit is present. Every 4 ms each group is
//! correlated with its four frequencies. Over a sliding window of four such steps (16 ms) the phase advance from step to
//! step gives the frequency, and the sum along that advance gives the tone's power. A window is a *hit* when in both
//! groups the tone is nearly all there is, both frequencies are near enough, the levels are plausible, and both
//! tones together are most of what the line carries outside the dial-tone band; speech fails one of these.
//!
//! The window must be full of the digit for a hit, so the number of hits in a row measures the digit's length
//! (`.` miss, `x` hit, 4 ms each):
//!
//! ```text
//! 23 ms digit   ..xxx....           at most three hits: refused
//! 40 ms digit   ..xxxxxx...         at least six hits: taken at the fifth
//! 10 ms gap     xxx......xxx        about six misses: the same digit goes on
//! 30 ms gap     xxx...........xxx   about eleven misses: another digit
//! ```

use crate::filter::{BandPass, Biquad, Complex, wrap};
use crate::level;
use crate::osc::Osc;
use crate::{DigitEdge, SAMPLE_RATE};
use alloc::collections::VecDeque;
use core::time::Duration;

/// Most digits and pauses that wait in a [`Sender`].
pub const QUEUE: usize = 256;

/// Low-group frequencies in Hz: the rows of the keypad.
pub const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// High-group frequencies in Hz: the columns.
pub const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

const KEYS: [[u8; 4]; 4] = [*b"123A", *b"456B", *b"789C", *b"*0#D"];

/// Row and column of a symbol.
fn key(symbol: u8) -> Option<(usize, usize)> {
    let symbol = symbol.to_ascii_uppercase();
    KEYS.iter().enumerate().find_map(|(r, row)| Some((r, row.iter().position(|k| *k == symbol)?)))
}

/// The two frequencies of a digit (`0`-`9`, `*`, `#`, `A`-`D`), low and high.
pub fn frequencies(symbol: u8) -> Option<(f32, f32)> {
    let (row, column) = key(symbol)?;
    Some((*LOW.get(row)?, *HIGH.get(column)?))
}

#[derive(Clone, Copy, Debug)]
struct Item {
    /// Low and high frequency; `None` for a pause.
    tones: Option<(f32, f32)>,
    on: u64,
    off: u64,
}

/// Sends digits. Allocates only when it is made.
#[derive(Debug)]
pub struct Sender {
    low_amplitude: f32,
    high_amplitude: f32,
    queue: VecDeque<Item>,
    low: Osc,
    high: Osc,
    now: Item,
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        // With room for a full queue, so that the copy does not allocate later either.
        let mut queue = VecDeque::with_capacity(QUEUE);
        queue.extend(self.queue.iter().copied());
        Self { queue, ..*self }
    }
}

const IDLE: Item = Item { tones: None, on: 0, off: 0 };

/// Samples in a duration.
fn samples(d: Duration) -> u64 {
    u64::try_from(d.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000).unwrap_or(u64::MAX)
}

impl Sender {
    /// `level_dbm0` is the mean level of the two tones: the low one is 1 dB below it, the high one 1 dB above.
    pub fn new(level_dbm0: f32) -> Self {
        Self {
            low_amplitude: level::peak(level_dbm0 - 1.0),
            high_amplitude: level::peak(level_dbm0 + 1.0),
            queue: VecDeque::with_capacity(QUEUE),
            low: Osc::default(),
            high: Osc::default(),
            now: IDLE,
        }
    }

    /// Queues a digit that sounds for `on` and is followed by silence for `off`; false when it is no digit, or
    /// the queue is full.
    pub fn push(&mut self, symbol: u8, on: Duration, off: Duration) -> bool {
        let Some(tones) = frequencies(symbol) else { return false };
        self.queue_item(Item { tones: Some(tones), on: samples(on), off: samples(off) })
    }

    /// Queues a pause; false when the queue is full.
    pub fn push_pause(&mut self, pause: Duration) -> bool {
        self.queue_item(Item { tones: None, on: 0, off: samples(pause) })
    }

    fn queue_item(&mut self, item: Item) -> bool {
        let room = self.queue.len() < QUEUE;
        if room {
            self.queue.push_back(item);
        }
        room
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            while self.now.on == 0 && self.now.off == 0 {
                let Some(item) = self.queue.pop_front() else { return };
                self.now = item;
                if let Some((low, high)) = item.tones {
                    self.low = Osc::new(low);
                    self.high = Osc::new(high);
                }
            }
            if self.now.on > 0 {
                self.now.on -= 1;
                level::add(s, self.low_amplitude * self.low.sine() + self.high_amplitude * self.high.sine());
            } else {
                self.now.off -= 1;
            }
        }
    }

    /// Whether nothing is left to send, the silence after the last digit included.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.now.on == 0 && self.now.off == 0
    }

    /// Drops what waits and stops at once.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.now = IDLE;
    }
}

/// A received digit's edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    pub symbol: u8,
    /// Beginning or end.
    pub edge: DigitEdge,
    /// Index of the sample at which it was decided: about 35 ms after the edge itself.
    pub at: u64,
    /// At the end: how long the digit lasted, in ms, to about 5 ms; 0 at the beginning.
    pub duration_ms: u32,
    /// Level of each tone (the mean power of the two), in dBm0.
    pub level_dbm0: f32,
}

/// Samples of a step.
const STEP: usize = 32;
/// Milliseconds of a step.
const STEP_MS: u32 = 4;
/// Steps of a window.
const WINDOW: usize = 4;
/// Taps of the group filters; their delay is exactly one step.
const TAPS: usize = 65;

/// Largest deviation of a frequency from its nominal value.
const MAX_DEVIATION: f32 = 0.025;
/// The least share of a group's power that its tone must have.
const MIN_PURITY: f32 = 0.94;
/// The least share of the line's power (dial tone and hum aside) that both tones must have.
const MIN_SHARE: f32 = 0.78;
/// Weakest tone, in dBm0.
const MIN_LEVEL: f32 = -40.0;
/// Most that the high tone may be above and below the low one, as factors of power: 9.5 and 10.5 dB.
const MAX_TWIST: f32 = 8.9;
const MAX_REVERSE_TWIST: f32 = 11.2;
/// Most that a tone's power may change during the first hits: a factor of 1.8 dB.
const MAX_CHANGE: f32 = 1.5;
/// Most that a tone's frequency may change during the first hits, in Hz.
const MAX_GLIDE: f32 = 12.0;
/// Hits in a row that make a digit.
const HITS: u32 = 5;
/// Misses in a row that end one.
const MISSES: u32 = 9;
/// A digit lasts this much longer than the time from its first to its last hit: the window, less what the
/// edges of a window may lack.
const HIT_EXCESS_MS: u32 = 18;

/// One group: its filter and correlators.
#[derive(Clone, Debug)]
struct Group {
    filter: BandPass<TAPS>,
    /// Cosine and sine of each frequency over one step.
    waves: [[Complex; STEP]; 4],
    hz: [f32; 4],
    /// What the filters before this point do to each frequency (power).
    gain: [f32; 4],
    block: [f32; STEP],
    /// Correlations of the last steps, oldest first.
    past: [[Complex; 4]; WINDOW],
    energy: [f32; WINDOW],
}

/// The tone found in a group.
#[derive(Clone, Copy, Debug)]
struct Found {
    index: usize,
    /// Deviation from the nominal frequency, in Hz.
    deviation: f32,
    /// Mean square of the tone, as it was before the filters.
    power: f32,
    /// Mean square as it is behind the filters common to both groups.
    filtered: f32,
}

impl Group {
    fn new(hz: [f32; 4], low: f64, high: f64, front: &[Biquad]) -> Self {
        let filter = BandPass::new(low, high, 3.0);
        let mut waves = [[Complex::default(); STEP]; 4];
        for (wave, f) in waves.iter_mut().zip(hz) {
            let mut osc = Osc::new(f);
            for w in wave {
                let (cos, sin) = osc.cos_sin();
                *w = Complex::new(cos, -sin);
            }
        }
        let gain = hz.map(|f| front.iter().map(|b| b.power_gain(f64::from(f))).product());
        Self {
            filter,
            waves,
            hz,
            gain,
            block: [0.0; STEP],
            past: [[Complex::default(); 4]; WINDOW],
            energy: [0.0; WINDOW],
        }
    }

    fn reset(&mut self) {
        self.filter.reset();
        self.past = [[Complex::default(); 4]; WINDOW];
        self.energy = [0.0; WINDOW];
    }

    /// Takes in the step that `block` now holds.
    fn step(&mut self) {
        self.past.rotate_left(1);
        self.energy.rotate_left(1);
        if let (Some(past), Some(energy)) = (self.past.last_mut(), self.energy.last_mut()) {
            *energy = self.block.iter().map(|x| x * x).sum();
            for (c, wave) in past.iter_mut().zip(&self.waves) {
                let mut sum = Complex::default();
                for (x, w) in self.block.iter().zip(wave) {
                    sum = sum.plus(w.scale(*x));
                }
                *c = sum;
            }
        }
    }

    /// The tone that fills the window, if one does.
    fn tone(&self) -> Option<Found> {
        let strength = |i: usize| self.past.iter().filter_map(|p| p.get(i)).map(|c| c.power()).sum::<f32>();
        let mut index = 0;
        for i in 1..4 {
            if strength(i) > strength(index) {
                index = i;
            }
        }
        let at = |k: usize| self.past.get(k).and_then(|p| p.get(index)).copied().unwrap_or_default();
        let turn = (1..WINDOW).fold(Complex::default(), |sum, k| sum.plus(at(k).times(at(k - 1).conj())));
        let hz = *self.hz.get(index)?;
        let per_step = core::f32::consts::TAU * STEP as f32 / SAMPLE_RATE as f32;
        let advance = turn.angle();
        let deviation = wrap(advance - wrap(per_step * hz)) / per_step;
        if deviation.abs() > hz * MAX_DEVIATION {
            return None;
        }
        let sum =
            (0..WINDOW).fold(Complex::default(), |sum, k| sum.plus(at(k).times(Complex::unit(-advance * k as f32))));
        let n = (STEP * WINDOW) as f32;
        // A sine of mean square P correlates to n * sqrt(P / 2).
        let inside = 2.0 * sum.power() / (n * n);
        let all = self.energy.iter().sum::<f32>() / n;
        if inside < MIN_PURITY * all {
            return None;
        }
        let own = self.filter.power_gain(f64::from(hz + deviation)).max(0.01);
        let filtered = inside / own;
        Some(Found { index, deviation, power: filtered / self.gain.get(index)?.max(0.01), filtered })
    }
}

/// A digit heard in one window.
#[derive(Clone, Copy, Debug)]
struct Hit {
    symbol: u8,
    /// Mean power of the two tones.
    power: f32,
    /// Deviation of both frequencies, in Hz.
    deviation: [f32; 2],
    /// Power of both tones.
    powers: [f32; 2],
}

/// Hits in a row that agree.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: Hit,
    hits: u32,
}

impl Run {
    /// Whether `hit` goes on with the run: a digit is steady, speech that passes for one is not.
    fn continues(&self, hit: &Hit) -> bool {
        let near = |a: f32, b: f32| a <= b * MAX_CHANGE && b <= a * MAX_CHANGE;
        self.first.symbol == hit.symbol
            && self.first.deviation.iter().zip(hit.deviation).all(|(a, b)| (a - b).abs() <= MAX_GLIDE)
            && self.first.powers.iter().zip(hit.powers).all(|(a, b)| near(*a, b))
    }
}

/// A digit that is on.
#[derive(Clone, Copy, Debug)]
struct Current {
    symbol: u8,
    /// Steps at its first and its last hit.
    first: u64,
    last: u64,
    misses: u32,
    power: f32,
}

/// Receives digits.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Against hum and dial tone.
    front: [Biquad; 4],
    low: Group,
    high: Group,
    /// Energy behind the front filters: of this step so far, and of the window (one step late, as the groups are).
    energy: f32,
    past_energy: [f32; WINDOW + 1],
    fill: usize,
    at: u64,
    steps: u64,
    candidate: Option<Run>,
    current: Option<Current>,
    min_power: f32,
}

impl Receiver {
    /// A receiver at rest.
    pub fn new() -> Self {
        let front =
            [Biquad::high_pass(200.0), Biquad::notch(350.0, 3.0), Biquad::notch(405.0, 3.0), Biquad::notch(440.0, 3.0)];
        Self {
            low: Group::new(LOW, 610.0, 1070.0, &front),
            high: Group::new(HIGH, 1080.0, 1770.0, &front),
            front,
            energy: 0.0,
            past_energy: [0.0; WINDOW + 1],
            fill: 0,
            at: 0,
            steps: 0,
            candidate: None,
            current: None,
            min_power: level::mean_square(MIN_LEVEL),
        }
    }

    /// Takes samples; any number at a time. Events follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        for &s in samples {
            let x = self.front.iter_mut().fold(f32::from(s), |x, f| f.step(x));
            self.energy += x * x;
            let (low, high) = (self.low.filter.step(x), self.high.filter.step(x));
            if let (Some(l), Some(h)) = (self.low.block.get_mut(self.fill), self.high.block.get_mut(self.fill)) {
                *l = low;
                *h = high;
            }
            self.at += 1;
            self.fill += 1;
            if self.fill == STEP {
                self.fill = 0;
                self.low.step();
                self.high.step();
                self.past_energy.rotate_left(1);
                if let Some(newest) = self.past_energy.last_mut() {
                    *newest = self.energy;
                }
                self.energy = 0.0;
                self.steps += 1;
                let hit = self.hit();
                self.decide(hit, sink);
            }
        }
    }

    /// Whether the window holds a digit.
    fn hit(&self) -> Option<Hit> {
        let all: f32 = self.past_energy.iter().take(WINDOW).sum::<f32>() / (STEP * WINDOW) as f32;
        // Silence needs no arithmetic.
        if all < self.min_power {
            return None;
        }
        let low = self.low.tone()?;
        let high = self.high.tone()?;
        let plausible = low.power.min(high.power) >= self.min_power
            && high.power <= low.power * MAX_TWIST
            && low.power <= high.power * MAX_REVERSE_TWIST
            && low.filtered + high.filtered >= MIN_SHARE * all;
        let symbol = *KEYS.get(low.index)?.get(high.index)?;
        plausible.then_some(Hit {
            symbol,
            power: (low.power + high.power) / 2.0,
            deviation: [low.deviation, high.deviation],
            powers: [low.power, high.power],
        })
    }

    fn decide(&mut self, hit: Option<Hit>, sink: &mut impl FnMut(Event)) {
        self.candidate = match (hit, self.candidate) {
            (Some(h), Some(run)) if run.continues(&h) => Some(Run { hits: run.hits.saturating_add(1), ..run }),
            (Some(first), _) => Some(Run { first, hits: 1 }),
            (None, _) => None,
        };
        if let Some(current) = &mut self.current {
            if hit.is_some_and(|h| h.symbol == current.symbol) {
                current.last = self.steps;
                current.misses = 0;
                return;
            }
            current.misses += 1;
            let replaced = self.candidate.is_some_and(|run| run.hits >= HITS);
            if current.misses < MISSES && !replaced {
                return;
            }
            let lasted = u32::try_from(current.last - current.first).unwrap_or(u32::MAX);
            sink(Event {
                symbol: current.symbol,
                edge: DigitEdge::End,
                at: self.at,
                duration_ms: lasted.saturating_mul(STEP_MS).saturating_add(HIT_EXCESS_MS),
                level_dbm0: level::dbm0(current.power),
            });
            self.current = None;
        }
        if let Some((hit, n)) = hit.zip(self.candidate.map(|run| run.hits)).filter(|(_, n)| *n >= HITS) {
            self.current = Some(Current {
                symbol: hit.symbol,
                first: self.steps - u64::from(n - 1),
                last: self.steps,
                misses: 0,
                power: hit.power,
            });
            sink(Event {
                symbol: hit.symbol,
                edge: DigitEdge::Begin,
                at: self.at,
                duration_ms: 0,
                level_dbm0: level::dbm0(hit.power),
            });
        }
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        self.front.iter_mut().for_each(Biquad::reset);
        self.low.reset();
        self.high.reset();
        self.past_energy = [0.0; WINDOW + 1];
        self.energy = 0.0;
        self.candidate = None;
        self.current = None;
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
