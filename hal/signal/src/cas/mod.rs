//! Alerting tone of call waiting (CAS, DT-AS): 2130 + 2750 Hz, over live speech.
//!
//! # What does it do?
//!
//! The exchange sends both tones together to say that caller identification follows: for 75 to 85 ms during a call, for
//! 88 to 110 ms on hook (GR-30-CORE, EN 300 659, BT SIN 227). During a call the near end may speak at the same time and
//! be louder than the tones; and no speech may be taken for them, because the terminal then mutes the call. [`Detector`]
//! tells each tone once, soon after its end: by then 21 ms have passed, seldom more than 30. [`Sender`] sends them.
//!
//! * Each tone from 0 to -38 dBm0, the one at most 7 dB stronger than the other; refused below -40 dBm0.
//! * Frequencies up to 1.1 % off are taken, 2.5 % off are refused; over loud speech 0.5 % is what counts.
//! * 71.5 ms are taken (see [`Limits`]), 69 ms are refused; so are tones longer than 119 ms, and steady ones.
//!
//! # How does it work?
//!
//! Two stages: a cheap one that misses nothing, and a careful one that believes little.
//!
//! Every 5 ms the last 10 ms of the line are correlated with both tones. From one correlation to the next a tone turns
//! by the same angle each time. The turns of the last 70 ms are summed; where both sums are a fair share of the power,
//! turn as the tones do and are of like strength, there is a candidate. When its sums have fallen again, 15 to 20 ms
//! after its end, the second stage looks at the last 150 ms (`measure`):
//!
//! * the frequencies, to 1 Hz, and how much of the power in their bands is theirs;
//! * the burst, the same for both, that explains most of both tones' courses: from it length and levels;
//! * how pure and how even each tone is, and how it stands out from the bands beside it and from what was before;
//! * what networks do not do: frequencies, levels or a length far from the usual, a phase that drifts;
//! * whether both are harmonics of a voice: then there are neighbours one fundamental away.
//!
//! All this is added up as points, each about a factor of e in likelihood; above zero it is an alerting tone. What is
//! unusual counts less the cleaner the line is: on hook, where nobody speaks, the tolerances are wide.

mod measure;
mod sender;

use crate::bank::cosine;
use crate::level;
use crate::simd::{self, Kernel};
use measure::Measured;
pub use sender::Sender;

/// The two frequencies, in Hz (GR-30-CORE, EN 300 659-2).
pub const TONES: [f32; 2] = [2130.0, 2750.0];

/// The alerting tone was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// How long it lasted, in ms.
    pub duration_ms: u32,
    /// Level of the weaker tone, in dBm0.
    pub level_dbm0: f32,
}

/// How long an alerting tone may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// During a call: 75 to 85 ms (71.5 to 92 ms are taken).
    OffHook,
    /// On hook, before caller identification without ringing: 88 to 110 ms (80 to 119 ms are taken).
    OnHook,
    /// Either (71.5 to 119 ms are taken).
    #[default]
    Both,
}

impl Limits {
    /// Shortest and longest tone that is taken, in samples.
    const fn samples(self) -> (f32, f32) {
        match self {
            Self::OffHook => (71.5 * 8.0, 92.0 * 8.0),
            Self::OnHook => (80.0 * 8.0, 119.0 * 8.0),
            Self::Both => (71.5 * 8.0, 119.0 * 8.0),
        }
    }
}

/// Samples of a hop: 5 ms.
const HOP: usize = 40;
/// Hops of the line that are kept for the measurement: 150 ms.
const HOPS: usize = 30;
/// Samples kept.
const KEPT: usize = HOP * HOPS;
/// Turns from one window to the next that are summed: with the windows themselves 75 ms.
const CORE: usize = 13;
/// Samples of a window.
const WINDOW: usize = 2 * HOP;

/// Floats side by side in a vector.
const LANES: usize = 16;

/// Least level of the line in a window, in dBm0.
const MIN_LINE: f32 = -41.0;
/// Least level of either tone to begin with, in dBm0.
const MIN_TONE: f32 = -42.0;

/// Least square of the share of a tone's power that turns as one.
const MIN_COHERENCE: f32 = 0.28;
/// Most that the coherent powers of the two may differ: 10.5 dB, squared.
const MAX_RATIO: f32 = 126.0;
/// Furthest that the turns may lie off, as tangents: 40 and 45 Hz.
const MAX_TURN: [f32; 2] = [3.1, 6.0];
/// A candidate lasts while the product of both coherent powers is this share of its largest, ...
const LEVEL: f32 = 0.8;
/// ... and is over when it is this share, or after so many hops.
const MAX_FALL: f32 = 0.3;
const MAX_AGE: u8 = 6;
/// Hops after an event in which no candidate begins, so that what is left of the tone is not told again.
const DEAF: u8 = 16;

/// Cosine and negated sine of both tones under a raised-cosine window, scaled so that a correlation is the tone's peak
/// as a fraction of full scale (squares of squares of sample values are more than a float holds).
static WAVES: [[f32; WINDOW]; 4] = waves();

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn waves() -> [[f32; WINDOW]; 4] {
    let mut table = [[0.0; WINDOW]; 4];
    let mut n = 0;
    while n < WINDOW {
        let window = (0.5 - 0.5 * cosine((n as f64 + 0.5) / WINDOW as f64)) * 4.0 / WINDOW as f64 / 32768.0;
        let mut k = 0;
        while k < 2 {
            let turns = TONES[k] as f64 * n as f64 / crate::SAMPLE_RATE as f64;
            table[k][n] = (cosine(turns) * window) as f32;
            table[2 + k][n] = (-cosine(turns - 0.25) * window) as f32;
            k += 1;
        }
        n += 1;
    }
    table
}

/// The advance of both tones over one hop, conjugated: real and imaginary parts.
const BACK: [[f32; 2]; 2] = back();

const fn back() -> [[f32; 2]; 2] {
    let [a, b] = [TONES[0] as f64 * HOP as f64 / 8000.0, TONES[1] as f64 * HOP as f64 / 8000.0];
    [[cosine(a) as f32, cosine(b) as f32], [-cosine(a - 0.25) as f32, -cosine(b - 0.25) as f32]]
}

/// Two tones that may be it.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// Largest product of both coherent powers.
    best: f32,
    /// Hops since then.
    age: u8,
}

/// Hears alerting tones.
#[derive(Clone, Debug)]
pub struct Detector {
    min: f32,
    max: f32,
    /// The last samples, as a ring of hops; `row` is the one being filled, up to `fill`.
    raw: [[i16; HOP]; HOPS],
    row: usize,
    fill: usize,
    at: u64,
    /// Whether the hop before was loud enough.
    loud: bool,
    /// Correlations of the newest window: real parts of both tones, then imaginary.
    z: [f32; 4],
    /// Turns from window to window: real parts, imaginary parts, powers, of both tones each; a ring.
    turns: [[f32; 8]; CORE],
    turn: usize,
    candidate: Option<Candidate>,
    /// Hops until a candidate may begin.
    deaf: u8,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// Takes tones of either length.
    pub fn new() -> Self {
        Self::with_limits(Limits::Both)
    }

    /// Takes tones of these lengths.
    pub fn with_limits(limits: Limits) -> Self {
        let (min, max) = limits.samples();
        Self {
            min,
            max,
            raw: [[0; HOP]; HOPS],
            row: 0,
            fill: 0,
            at: 0,
            loud: false,
            z: [0.0; 4],
            turns: [[0.0; 8]; CORE],
            turn: 0,
            candidate: None,
            deaf: 0,
        }
    }

    /// Samples come soon: what they are going to need is brought close to the processor.
    pub(crate) fn fetch(&self) {
        simd::fetch(&self.turns);
        // The 20 ms that are written next; of the end of the ring it may be a little less.
        if let Some(rows) = self.raw.get(self.row.min(HOPS - 4)..).and_then(|r| r.first_chunk::<4>()) {
            simd::fetch(rows);
        }
        simd::fetch(&self.z);
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        let (min, max, at) = (self.min, self.max, self.at);
        *self = Self { min, max, at, ..Self::new() };
    }

    /// Takes samples; any number at a time. Events follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        let mut rest = samples;
        while !rest.is_empty() {
            let (taken, age) = simd::run(Listen { detector: self, samples: rest });
            rest = rest.get(taken..).unwrap_or_default();
            if let Some(age) = age
                && let Some(m) = self.measure(age)
                && m.is_alert(self.min, self.max)
            {
                self.deaf = DEAF;
                sink(Event {
                    at: self.at,
                    duration_ms: libm::roundf(m.samples / 8.0) as u32,
                    level_dbm0: level::dbm0(m.power[0].min(m.power[1])),
                });
            }
        }
    }

    /// Measures the candidate whose core ended `age` hops ago.
    fn measure(&self, age: u8) -> Option<Measured> {
        let mut x = [0.0f32; KEPT];
        let order = (self.row..HOPS).chain(0..self.row);
        for (to, row) in x.chunks_exact_mut(HOP).zip(order.filter_map(|i| self.raw.get(i))) {
            for (to, from) in to.iter_mut().zip(row) {
                *to = f32::from(*from);
            }
        }
        let end = KEPT - HOP * usize::from(age).min(HOPS / 2);
        simd::run(measure::Measure { x: &x, end, min: self.min, max: self.max })
    }
}

/// The first stage: from samples to candidates. Stops at the first candidate that is over.
struct Listen<'a> {
    detector: &'a mut Detector,
    samples: &'a [i16],
}

impl Kernel for Listen<'_> {
    /// Samples taken, and the age of the candidate.
    type Output = (usize, Option<u8>);

    #[inline(always)]
    fn run(self) -> Self::Output {
        let d = self.detector;
        let mut taken = 0;
        loop {
            let Some(to) = d.raw.get_mut(d.row).and_then(|r| r.get_mut(d.fill..)) else { return (taken, None) };
            let from = self.samples.get(taken..).unwrap_or_default();
            let n = to.len().min(from.len());
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
            taken += n;
            d.at += n as u64;
            d.fill += n;
            if d.fill < HOP {
                return (taken, None);
            }
            d.fill = 0;
            let over = d.hop();
            d.row = if d.row + 1 < HOPS { d.row + 1 } else { 0 };
            if over.is_some() {
                return (taken, over);
            }
        }
    }
}

impl Detector {
    /// A hop is complete.
    #[inline(always)]
    fn hop(&mut self) -> Option<u8> {
        self.deaf = self.deaf.saturating_sub(1);
        let old = self.raw.get(self.row.checked_sub(1).unwrap_or(HOPS - 1))?;
        let new = self.raw.get(self.row)?;
        let mut x = [0.0f32; WINDOW];
        if let [older, newer] = x.as_chunks_mut::<HOP>().0 {
            let eight = |row: &mut [f32; HOP], samples: &[i16; HOP]| {
                for (x, s) in row.as_chunks_mut::<8>().0.iter_mut().zip(samples.as_chunks::<8>().0) {
                    *x = s.map(f32::from);
                }
            };
            eight(older, old);
            eight(newer, new);
        }
        let min = const { min_energy() };
        let mut energy = [0.0f32; 8];
        for part in x[HOP..].as_chunks::<8>().0 {
            for (e, x) in energy.iter_mut().zip(part) {
                *e += x * x;
            }
        }
        let loud = simd::sum_of_eight(&energy) >= min;
        let either = loud || self.loud;
        self.loud = loud;
        if !either && self.candidate.is_none() {
            self.z = [0.0; 4];
            self.remember([0.0; 8]);
            return None;
        }
        let mut sums = [[0.0f32; LANES]; 4];
        for (sum, wave) in sums.iter_mut().zip(&WAVES) {
            for (x, w) in x.as_chunks::<LANES>().0.iter().zip(wave.as_chunks::<LANES>().0) {
                for ((s, x), w) in sum.iter_mut().zip(x).zip(w) {
                    *s += x * w;
                }
            }
        }
        let z = simd::sums(&sums);
        let p = self.z;
        self.z = z;
        // z times the conjugate of the one before.
        let power = [z[0] * z[0] + z[2] * z[2], z[1] * z[1] + z[3] * z[3]];
        self.remember([
            z[0] * p[0] + z[2] * p[2],
            z[1] * p[1] + z[3] * p[3],
            z[2] * p[0] - z[0] * p[2],
            z[3] * p[1] - z[1] * p[3],
            power[0],
            power[1],
            0.0,
            0.0,
        ]);
        let min = const { peak_squared(MIN_TONE) };
        if self.candidate.is_none() && (power[0] < min || power[1] < min) {
            return None;
        }
        let mut s = [0.0f32; 8];
        for row in &self.turns {
            s.iter_mut().zip(row).for_each(|(s, t)| *s += t);
        }
        let turned = |k: usize| {
            let (re, im, [c, b]) = (s[k], s[2 + k], [BACK[0][k], BACK[1][k]]);
            let (re, im, p) = (re * c - im * b, re * b + im * c, s[4 + k]);
            let whole = re * re + im * im;
            let good = re > 0.0 && im.abs() < re * MAX_TURN[k] && whole > MIN_COHERENCE * p * p;
            (good, whole)
        };
        let ((good0, c0), (good1, c1)) = (turned(0), turned(1));
        let product = c0 * c1;
        let good = good0 && good1 && c0 < c1 * MAX_RATIO && c1 < c0 * MAX_RATIO;
        match &mut self.candidate {
            Some(c) if good && product > c.best * LEVEL => {
                *c = Candidate { best: c.best.max(product), age: 0 };
            }
            Some(c) => {
                c.age += 1;
                if product < c.best * MAX_FALL || c.age > MAX_AGE {
                    let age = c.age;
                    self.candidate = None;
                    return Some(age);
                }
            }
            None if good && self.deaf == 0 => self.candidate = Some(Candidate { best: product, age: 0 }),
            None => {}
        }
        None
    }

    #[inline(always)]
    fn remember(&mut self, turn: [f32; 8]) {
        if let Some(slot) = self.turns.get_mut(self.turn) {
            *slot = turn;
        }
        self.turn = if self.turn + 1 < CORE { self.turn + 1 } else { 0 };
    }
}

/// Square of the peak of a sine at `dbm0`, of full scale 1.
const fn peak_squared(dbm0: f32) -> f32 {
    // 10^(x/10) by squaring: exact enough, and at compile time.
    let x = (dbm0 - level::FULL_SCALE) as f64 / 10.0 * core::f64::consts::LN_10;
    let small = x / 1024.0;
    let mut y = 1.0 + small * (1.0 + small / 2.0 * (1.0 + small / 3.0));
    let mut i = 0;
    while i < 10 {
        y *= y;
        i += 1;
    }
    y as f32
}

/// Least energy of a hop.
const fn min_energy() -> f32 {
    peak_squared(MIN_LINE) * 32768.0 * 32768.0 / 2.0 * HOP as f32
}

#[cfg(test)]
mod tests;
