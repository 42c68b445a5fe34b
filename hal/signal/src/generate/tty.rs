//! Text telephone in Baudot code: the sender (TIA-825, ITU-T V.18 annex A).
//!
//! A character is a start bit (1800 Hz), five bits from the lowest, and stop bits (1400 Hz). Two of the 32 codes shift
//! between letters and figures; the sender puts them in where they are needed, and once before the first character.
//! The carrier (1400 Hz) stands 150 ms before the first character and 300 ms after the last.

use crate::SAMPLE_RATE;
use crate::level;
use crate::osc::Osc;
use arrayvec::ArrayVec;

/// Most codes that wait in a [`Sender`], shifts included.
pub const QUEUE: usize = 512;
/// Frequencies of mark (1) and space (0), in Hz.
pub const MARK: f32 = 1400.0;
/// See [`MARK`].
pub const SPACE: f32 = 1800.0;

/// Codes that shift.
pub const LETTERS: u8 = 31;
/// See [`LETTERS`].
pub const FIGURES: u8 = 27;

/// Carrier before the first character and after the last, in samples.
const LEAD: u32 = SAMPLE_RATE * 150 / 1000;
const TAIL: u32 = SAMPLE_RATE * 300 / 1000;

/// What the codes mean in letters shift; NUL where they print nothing.
const LETTER_CODES: &[u8; 32] = b"\x08E\nA SIU\rDRJNFCKTZLWHYPQOBG\0MXV\0";
/// The same in figures shift.
const FIGURE_CODES: &[u8; 32] = b"\x083\n- \x0087\r$4',!:(5\")2=6019?+\0./;\0";

/// Speed of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rate {
    /// 45.45 bit/s (North America): a bit lasts 22 ms.
    B45,
    /// 50 bit/s (United Kingdom, Australia and others): a bit lasts 20 ms.
    B50,
}

impl Rate {
    /// Samples of a bit.
    pub const fn bit(self) -> u32 {
        match self {
            Self::B45 => SAMPLE_RATE * 22 / 1000,
            Self::B50 => SAMPLE_RATE * 20 / 1000,
        }
    }
}

/// The shift in which a character is written, and its code. Small letters are written as large ones. `None` for what
/// the code does not have. Space, line ends and backspace are the same in both shifts and ask for none.
pub fn code(c: char) -> Option<(Option<u8>, u8)> {
    let byte = u8::try_from(c.to_ascii_uppercase()).ok().filter(|b| *b != 0)?;
    let find = |table: &[u8; 32]| table.iter().position(|x| *x == byte).map(|i| i as u8);
    match (find(LETTER_CODES), find(FIGURE_CODES)) {
        (Some(code), Some(_)) => Some((None, code)),
        (Some(code), None) => Some((Some(LETTERS), code)),
        (None, Some(code)) => Some((Some(FIGURES), code)),
        (None, None) => None,
    }
}

/// The character of a code (0 to 31) in letters or figures shift; `None` for the shifts and for unused codes.
pub fn character(code: u8, figures: bool) -> Option<char> {
    let table = if figures { FIGURE_CODES } else { LETTER_CODES };
    table.get(usize::from(code)).filter(|b| **b != 0).map(|b| char::from(*b))
}

/// Sends text.
#[derive(Clone, Debug)]
pub struct Sender {
    bit: u32,
    osc: Osc,
    amplitude: f32,
    /// Codes to send, and how many are out.
    codes: ArrayVec<u8, QUEUE>,
    at: usize,
    shift: Option<u8>,
    state: State,
    /// Samples left of this state.
    left: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Idle,
    Lead,
    /// Bit of the present code: 0 start, 1 to 5 data, 6 stop.
    Bit(u8),
    Tail,
}

impl Sender {
    /// A sender at rest, with a level in dBm0.
    pub fn new(rate: Rate, level_dbm0: f32) -> Self {
        Self {
            bit: rate.bit(),
            osc: Osc::new(MARK),
            amplitude: level::peak(level_dbm0),
            codes: ArrayVec::new(),
            at: 0,
            shift: None,
            state: State::Idle,
            left: 0,
        }
    }

    /// Queues text. The answer is how many of its characters were taken: all, unless the queue is full. What the code
    /// does not have is left out.
    pub fn type_text(&mut self, text: &str) -> usize {
        self.codes.drain(..self.at);
        self.at = 0;
        for (i, c) in text.chars().enumerate() {
            let Some((shift, code)) = code(c) else { continue };
            let shift =
                shift.or(if self.shift.is_none() { Some(LETTERS) } else { None }).filter(|s| self.shift != Some(*s));
            if self.codes.remaining_capacity() < 1 + usize::from(shift.is_some()) {
                return i;
            }
            if let Some(shift) = shift {
                self.codes.push(shift);
                self.shift = Some(shift);
            }
            self.codes.push(code);
        }
        text.chars().count()
    }

    /// Whether nothing is left to send, the carrier after the last character included.
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle && self.at >= self.codes.len()
    }

    /// The state that follows, its length set.
    fn advance(&mut self) {
        let more = self.at < self.codes.len();
        (self.state, self.left) = match self.state {
            State::Idle if more => (State::Lead, LEAD),
            State::Idle => (State::Idle, 0),
            State::Lead => (State::Bit(0), self.bit),
            // Two stop bits; receivers ask for one and a half.
            State::Bit(5) => (State::Bit(6), self.bit * 2),
            State::Bit(6) => {
                self.at += 1;
                if self.at < self.codes.len() { (State::Bit(0), self.bit) } else { (State::Tail, TAIL) }
            }
            State::Bit(n) => (State::Bit(n + 1), self.bit),
            State::Tail if more => (State::Bit(0), self.bit),
            State::Tail => {
                self.osc.restart();
                // The next text begins with a shift again.
                self.shift = None;
                (State::Idle, 0)
            }
        };
        let mark = match self.state {
            State::Bit(0) => false,
            State::Bit(n @ 1..=5) => self.codes.get(self.at).is_some_and(|code| code >> (n - 1) & 1 == 1),
            _ => true,
        };
        self.osc.set(if mark { MARK } else { SPACE });
    }

    pub(crate) fn next(&mut self) -> f32 {
        if self.left == 0 {
            self.advance();
            if self.left == 0 {
                return 0.0;
            }
        }
        self.left -= 1;
        self.amplitude * self.osc.sine()
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            let x = self.next();
            level::add(s, x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    /// Reads what a sender sent: bits from zero crossings of the exact signal, nothing robust.
    fn read(samples: &[i16], rate: Rate) -> (Vec<u8>, String) {
        // One sample differs in phase by 63 degrees at mark and 81 degrees at space: compare correlations.
        let power = |at: usize, hz: f32| {
            let mut osc = Osc::new(hz);
            let (mut re, mut im) = (0.0f32, 0.0f32);
            for &s in samples.iter().skip(at).take(rate.bit() as usize / 2) {
                let (c, q) = osc.cos_sin();
                re += f32::from(s) * c;
                im += f32::from(s) * q;
            }
            re * re + im * im
        };
        let mark = |at: usize| power(at, MARK) > power(at, SPACE);
        let bit = rate.bit() as usize;
        let (mut codes, mut text, mut figures) = (Vec::new(), String::new(), false);
        let mut at = 0;
        while at + 8 * bit < samples.len() {
            if mark(at) || power(at, SPACE) < 1e10 {
                at += 1;
                continue;
            }
            // The window is half a bit long and flips when half of it is space.
            let start = at + bit / 4;
            let code = (0..5).fold(0, |sum, n| sum | u8::from(mark(start + (n + 1) * bit + bit / 4)) << n);
            codes.push(code);
            match code {
                LETTERS => figures = false,
                FIGURES => figures = true,
                _ => text.extend(character(code, figures)),
            }
            at = start + 7 * bit;
        }
        (codes, text)
    }

    #[test]
    fn what_is_typed_is_read() {
        for rate in [Rate::B45, Rate::B50] {
            let mut sender = Sender::new(rate, -12.0);
            let text = "hello 555-0123, THE QUICK BROWN FOX? (1 + 1 = 2); GA\r\n";
            assert_eq!(sender.type_text(text), text.len());
            let mut line = vec![0; 8000 * 20];
            sender.mix(&mut line[4000..]);
            assert!(sender.is_idle());
            assert_eq!(read(&line, rate).1, text.to_ascii_uppercase());
        }
    }

    #[test]
    fn shifts_come_once_and_first() {
        let mut sender = Sender::new(Rate::B45, -12.0);
        sender.type_text("A1 2B");
        let mut line = vec![0; 8000 * 4];
        sender.mix(&mut line);
        let codes = read(&line, Rate::B45).0;
        assert_eq!(codes, [LETTERS, 3, FIGURES, 23, 4, 19, LETTERS, 25]);
    }

    #[test]
    fn timing_is_exact() {
        let mut sender = Sender::new(Rate::B45, -12.0);
        sender.type_text("E");
        let mut line = vec![0; 8000];
        sender.mix(&mut line);
        let last = line.iter().rposition(|s| *s != 0).expect("sound");
        let length = LEAD + 2 * 8 * 176 + TAIL;
        assert!((last as u32 + 1).abs_diff(length) <= 1, "{last} {length}");
    }

    #[test]
    fn every_character_has_its_code() {
        for figures in [false, true] {
            for value in 0..32 {
                if let Some(c) = character(value, figures) {
                    let (shift, found) = code(c).expect("in the code");
                    assert_eq!(found, value, "{c:?}");
                    assert!(shift.is_none_or(|s| (s == FIGURES) == figures));
                }
            }
        }
        assert_eq!((code('~'), code('\0'), code('é')), (None, None, None));
        assert_eq!(code('7'), Some((Some(FIGURES), 7)));
        assert_eq!(code('q'), Some((Some(LETTERS), 23)));
    }

    #[test]
    fn a_full_queue_says_so() {
        let mut sender = Sender::new(Rate::B45, -12.0);
        let taken = sender.type_text(&"A1".repeat(400));
        assert_eq!(taken, 256);
        assert!(!sender.is_idle());
    }
}
