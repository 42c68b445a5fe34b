//! Text telephones: Baudot characters by frequency-shift keying (ITU-T V.18 annex A, TIA-825).
//!
//! A 1 is 1400 Hz, a 0 is 1800 Hz; a character is a start bit (0), five data bits, the least significant first, and
//! one and a half stop bits (1) or more. The rate is 45.45 or 50 bit/s. There is a carrier only while characters are
//! sent, so that each of the two speaks in turn.
//!
//! # How does it work?
//!
//! Every 1.25 ms the last 17.5 ms are compared: how much of them is 1400 Hz, how much 1800 Hz, how much neither.
//! The beginning of a start bit starts the clocks of two readers, one for each rate, which look at the middle of each bit.
//! A reader whose bits are clear and whose stop bits are where they should be is believed after three characters; it
//! then says what it has read, from the first character on.

use crate::bank::Bank;
use crate::filter::Complex;
use crate::generate::tty::{FIGURES, LETTERS, MARK, SPACE, character};
use crate::level;
use crate::simd::{self, Kernel};
use arrayvec::ArrayVec;

/// A character was received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// The character: a capital letter, a figure, a sign, space, line feed, carriage return, or backspace (which
    /// the code with all bits 0 is on text telephones).
    pub character: char,
}

/// Samples of a tick: 1.25 ms. Both frequencies make a whole number of quarter turns in one.
const TICK: usize = 10;
/// Ticks of each half of the window.
const HALF: usize = 7;
/// Lanes of the bank: two frequencies of four.
const LANES: usize = 8;
/// 1400 Hz is mark (1), 1800 Hz is space (0).
static BANK: Bank<TICK, LANES> = Bank::new(&[MARK, SPACE]);

/// Ticks of a bit at 45.45 and at 50 bit/s.
const BITS: [f32; 2] = [17.6, 16.0];
/// A change from one frequency to the other is seen when it is in the middle of the window, the beginning of a
/// carrier so many ticks earlier.
const EARLY: f32 = HALF as f32 - 2.0;
/// A bit is clear when one frequency outweighs the other so much: this of their sum.
const CLEAR: f32 = 0.35;
/// Least part of the line's power that the two must have. A window that holds an edge between the two has less.
const MIN_SHARE: f32 = 0.45;
/// The carrier is on from this part on.
const CARRIER_SHARE: f32 = 0.35;
/// So many characters without an error make a text telephone.
const BELIEVED: usize = 3;
/// Most characters that wait to be believed.
const MAX_WAITING: usize = 8;
/// Without a carrier for so long, in ticks (0.6 s), the characters before it do not count.
const FORGET: u32 = 480;
/// Weakest carrier, in dBm0.
const MIN_LEVEL: f32 = -46.0;

/// Reads characters at one rate.
#[derive(Clone, Debug)]
struct Reader {
    bit: f32,
    /// Ticks since the start bit began; `None` between characters.
    since: Option<f32>,
    /// Bits looked at, the start bit first.
    bits: u32,
    code: u8,
    clarity: f32,
    /// Characters read without an error, until they are believed.
    codes: ArrayVec<u8, MAX_WAITING>,
    /// Mean clarity of the characters.
    score: f32,
}

/// What a reader made of a tick.
enum Read {
    Nothing,
    Code(u8),
    Error,
}

impl Reader {
    fn new(bit: f32) -> Self {
        Self { bit, since: None, bits: 0, code: 0, clarity: 0.0, codes: ArrayVec::new_const(), score: 0.0 }
    }

    /// Takes what the window says: `value` is 1 for mark and -1 for space; `fresh` is how many ticks ago a start
    /// bit may have begun.
    fn tick(&mut self, value: f32, good: bool, fresh: Option<f32>) -> Read {
        let Some(since) = &mut self.since else {
            if let Some(ago) = fresh {
                self.since = Some(ago);
                self.bits = 0;
                self.code = 0;
                self.clarity = 0.0;
            }
            return Read::Nothing;
        };
        *since += 1.0;
        // The middle of a bit. Of the stop bits the first is looked at.
        if *since < (self.bits as f32 + 0.5) * self.bit {
            return Read::Nothing;
        }
        let clear = good && value.abs() >= CLEAR;
        let mark = value > 0.0;
        self.clarity += value.abs();
        let n = self.bits;
        self.bits += 1;
        match n {
            0 if clear && !mark => Read::Nothing,
            1..=5 if clear => {
                self.code |= u8::from(mark) << (n - 1);
                Read::Nothing
            }
            6 if clear && mark => {
                self.since = None;
                self.score += (self.clarity / 7.0 - self.score) / (self.codes.len() + 1) as f32;
                Read::Code(self.code)
            }
            // A start bit that was none is no error of a character.
            0 => {
                self.since = None;
                Read::Nothing
            }
            _ => {
                self.since = None;
                Read::Error
            }
        }
    }

    fn forget(&mut self) {
        self.codes.clear();
        self.score = 0.0;
    }
}

/// Receives the characters of a text telephone.
#[derive(Clone, Debug)]
pub struct Receiver {
    block: [f32; TICK],
    fill: usize,
    /// A difference over two samples, against hum.
    last: [f32; 2],
    at: u64,
    quarter: u8,
    /// Correlations of the last ticks with both frequencies, and their energies; a ring.
    past: [[Complex; 2]; 2 * HALF],
    energies: [f32; 2 * HALF],
    slot: usize,
    /// The last comparison.
    value: f32,
    readers: [Reader; 2],
    /// The reader that is believed.
    believed: Option<usize>,
    figures: bool,
    /// Ticks without a carrier.
    idle: u32,
    silence: f32,
}

impl Receiver {
    /// A receiver at rest.
    pub fn new() -> Self {
        Self {
            block: [0.0; TICK],
            fill: 0,
            last: [0.0; 2],
            at: 0,
            quarter: 0,
            past: [[Complex::default(); 2]; 2 * HALF],
            energies: [0.0; 2 * HALF],
            slot: 0,
            value: 0.0,
            readers: BITS.map(Reader::new),
            believed: None,
            figures: false,
            idle: FORGET,
            silence: level::mean_square(MIN_LEVEL) * 3.3 * (2 * HALF * TICK) as f32,
        }
    }

    /// Takes samples; any number at a time. Events follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        for &s in samples {
            let x = f32::from(s);
            let [a, b] = self.last;
            self.last = [b, x];
            if let Some(slot) = self.block.get_mut(self.fill) {
                *slot = x - a;
            }
            self.fill += 1;
            self.at += 1;
            if self.fill == TICK {
                self.fill = 0;
                self.tick(sink);
            }
        }
    }

    /// Whether characters were read that make a text telephone.
    pub fn is_tty(&self) -> bool {
        self.believed.is_some()
    }

    /// 1.25 ms have passed.
    fn tick(&mut self, sink: &mut impl FnMut(Event)) {
        self.correlate();
        let (value, share) = self.compare();
        let before = core::mem::replace(&mut self.value, value);
        let carrier = share >= CARRIER_SHARE;
        let begins = carrier && self.idle >= 2 * HALF as u32;
        self.idle = if carrier { 0 } else { self.idle.saturating_add(1) };
        if self.idle == FORGET {
            self.readers.iter_mut().for_each(Reader::forget);
            self.believed = None;
            // A new turn begins with letters.
            self.figures = false;
        }
        let fresh = if begins && value < 0.0 {
            Some(-EARLY)
        } else {
            // From mark to space: where between the two ticks it was.
            (carrier && before >= 0.0 && value < 0.0).then(|| value / (value - before).min(-1e-6))
        };
        let good = share >= MIN_SHARE;
        let read = self.readers.each_mut().map(|r| r.tick(value, good, fresh));
        for (i, read) in read.into_iter().enumerate() {
            let Some(reader) = self.readers.get_mut(i) else { continue };
            match read {
                Read::Nothing => {}
                Read::Code(code) if self.believed == Some(i) => self.tell(code, sink),
                Read::Code(_) if self.believed.is_some() => {}
                Read::Code(code) => {
                    if reader.codes.is_full() {
                        reader.codes.remove(0);
                    }
                    let _ = reader.codes.try_push(code);
                }
                Read::Error => {
                    if self.believed.is_none() {
                        reader.forget();
                    }
                }
            }
        }
        if self.believed.is_none() {
            self.believe(sink);
        }
    }

    /// Believes the better of the readers that have read enough.
    fn believe(&mut self, sink: &mut impl FnMut(Event)) {
        let full = |r: &Reader| r.codes.len() >= BELIEVED;
        let [a, b] = &self.readers;
        let best = match (full(a), full(b)) {
            (true, true) => usize::from(b.score > a.score),
            (true, false) if b.since.is_none() || a.score > b.score => 0,
            (false, true) if a.since.is_none() || b.score > a.score => 1,
            _ => return,
        };
        self.believed = Some(best);
        let codes = self.readers.get(best).map(|r| r.codes.clone()).unwrap_or_default();
        for code in codes {
            self.tell(code, sink);
        }
    }

    fn tell(&mut self, code: u8, sink: &mut impl FnMut(Event)) {
        match code {
            FIGURES => self.figures = true,
            LETTERS => self.figures = false,
            _ => {
                if let Some(character) = character(code, self.figures) {
                    sink(Event { at: self.at, character });
                }
            }
        }
    }

    fn correlate(&mut self) {
        let c = simd::run(Correlate(&self.block));
        let [m, s, ..] = c;
        let (real, imaginary) = (&[m, s], c.last_chunk::<{ LANES / 2 }>().copied().unwrap_or_default());
        let [mi, si, ..] = imaginary;
        let [mr, sr] = *real;
        // Turned to a common beginning: 1400 Hz goes on by 7 quarter turns a tick, 1800 Hz by 9.
        let mark = quarter_turns(Complex::new(mr, mi), self.quarter);
        let space = quarter_turns(Complex::new(sr, si), (4 - self.quarter) & 3);
        self.quarter = (self.quarter + 1) & 3;
        if let (Some(past), Some(energy)) = (self.past.get_mut(self.slot), self.energies.get_mut(self.slot)) {
            *past = [mark, space];
            *energy = self.block.iter().map(|x| x * x).sum();
        }
        self.slot = if self.slot + 1 < 2 * HALF { self.slot + 1 } else { 0 };
    }

    /// What the window holds: 1 for mark, -1 for space, 0 for both or none; and the share of both in the line's power.
    fn compare(&self) -> (f32, f32) {
        let energy: f32 = self.energies.iter().sum();
        if energy < self.silence {
            return (0.0, 0.0);
        }
        let (new, old) = self.past.split_at(self.slot);
        let mut sums = [[Complex::default(); 2]; 2];
        for (i, past) in old.iter().chain(new).enumerate() {
            if let Some(sum) = sums.get_mut(i / HALF) {
                for (s, p) in sum.iter_mut().zip(past) {
                    *s = s.plus(*p);
                }
            }
        }
        let [a, b] = sums;
        let [mark, space] = [0, 1].map(|k: usize| {
            let of = |x: &[Complex; 2]| x.get(k).map_or(0.0, |c| c.power());
            of(&a) + of(&b)
        });
        let both = mark + space;
        // A sine of energy E over n samples correlates to n E / 2.
        let share = 2.0 * both / ((HALF * TICK) as f32 * energy);
        ((mark - space) / (both + 1e-9), share)
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        *self = Self { at: self.at, ..Self::new() };
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

/// `x` turned by so many quarter turns.
fn quarter_turns(x: Complex, n: u8) -> Complex {
    match n & 3 {
        0 => x,
        1 => Complex::new(-x.im, x.re),
        2 => Complex::new(-x.re, -x.im),
        _ => Complex::new(x.im, -x.re),
    }
}

struct Correlate<'a>(&'a [f32; TICK]);

impl Kernel for Correlate<'_> {
    type Output = [f32; LANES];

    #[inline(always)]
    fn run(self) -> [f32; LANES] {
        BANK.correlate(self.0)
    }
}
