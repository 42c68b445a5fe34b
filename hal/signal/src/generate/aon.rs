//! Caller identification of the former Soviet networks (AON): the answer to a request tone, by multi-frequency pulses.
//!
//! Each character is two of six frequencies for 40 ms, without a gap to the next. A packet is the start mark, the
//! caller's category and seven digits from the last to the first, then the start mark of the next turn. A character
//! that is the same as the one before it is replaced by the repeat mark, so that neighbours always differ.

use crate::SAMPLE_RATE;
use crate::level;
use crate::osc::Osc;
use core::fmt;

/// Frequencies in Hz.
const FREQS: [f32; 6] = [700.0, 900.0, 1100.0, 1300.0, 1500.0, 1700.0];
/// Which two of them are a digit 0 to 9, the start mark and the repeat mark.
const PAIRS: [(u8, u8); 12] =
    [(3, 4), (0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (2, 5), (3, 5)];
const START: u8 = 10;
const REPEAT: u8 = 11;
/// Samples of a character.
const CHARACTER: u32 = SAMPLE_RATE * 40 / 1000;
/// Characters of one turn: start, category, seven digits.
const TURN: usize = 9;

/// Why there is no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AonError {
    /// A number has seven decimal digits.
    Number,
    /// A category is a digit from 0 to 9.
    Category,
}

impl fmt::Display for AonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "the number must have seven decimal digits",
            Self::Category => "the category must be a digit from 0 to 9",
        })
    }
}

impl core::error::Error for AonError {}

/// Sends a packet over and over.
#[derive(Clone, Debug)]
pub struct Aon {
    turn: [u8; TURN],
    /// Characters left to send.
    count: u32,
    at: usize,
    last: u8,
    left: u32,
    low: Osc,
    high: Osc,
    amplitude: f32,
}

impl Aon {
    /// A packet for `number` (seven digits), sent `turns` times and closed by a start mark, each frequency at `level_dbm0`
    /// dBm0.
    ///
    /// # Errors
    /// The number or the category is none.
    pub fn new(category: u8, number: &str, turns: u32, level_dbm0: f32) -> Result<Self, AonError> {
        let category = category.checked_sub(b'0').filter(|c| *c <= 9).ok_or(AonError::Category)?;
        if number.len() != TURN - 2 || !number.bytes().all(|d| d.is_ascii_digit()) {
            return Err(AonError::Number);
        }
        let mut turn = [START; TURN];
        for (slot, value) in
            turn.iter_mut().skip(1).zip(core::iter::once(category).chain(number.bytes().rev().map(|d| d - b'0')))
        {
            *slot = value;
        }
        Ok(Self {
            turn,
            count: turns.saturating_mul(TURN as u32).saturating_add(1),
            at: 0,
            last: u8::MAX,
            left: 0,
            low: Osc::default(),
            high: Osc::default(),
            amplitude: level::peak(level_dbm0),
        })
    }

    /// Whether all is sent.
    pub fn is_over(&self) -> bool {
        self.count == 0 && self.left == 0
    }

    fn next(&mut self) -> f32 {
        if self.left == 0 {
            if self.count == 0 {
                return 0.0;
            }
            self.count -= 1;
            self.left = CHARACTER;
            let meant = self.turn.get(self.at).copied().unwrap_or(START);
            self.at = (self.at + 1) % TURN;
            // After a repeat mark the same character may stand itself again.
            let sent = if meant == self.last { REPEAT } else { meant };
            self.last = sent;
            if let Some(&(low, high)) = PAIRS.get(usize::from(sent)) {
                let hz = |i: u8| FREQS.get(usize::from(i)).copied().unwrap_or_default();
                self.low.set(hz(low));
                self.high.set(hz(high));
            }
        }
        self.left -= 1;
        self.amplitude * (self.low.sine() + self.high.sine())
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
    use std::vec;
    use std::vec::Vec;

    /// The two strongest frequencies of each character.
    fn read(line: &[i16]) -> Vec<(u8, u8)> {
        line.chunks_exact(CHARACTER as usize)
            .map(|part| {
                let mut power: Vec<(f32, u8)> = FREQS
                    .iter()
                    .enumerate()
                    .map(|(i, &hz)| {
                        let mut osc = Osc::new(hz);
                        let (re, im) = part.iter().fold((0.0, 0.0), |(re, im), &s| {
                            let (c, q) = osc.cos_sin();
                            (re + f32::from(s) * c, im + f32::from(s) * q)
                        });
                        (re * re + im * im, i as u8)
                    })
                    .collect();
                power.sort_by(|a, b| b.0.total_cmp(&a.0));
                (power[0].1.min(power[1].1), power[0].1.max(power[1].1))
            })
            .collect()
    }

    #[test]
    fn a_packet_is_sent_backwards_with_repeats() {
        let mut aon = Aon::new(b'1', "2445577", 2, -12.0).expect("a packet");
        let mut line = vec![0; 320 * 19];
        aon.mix(&mut line);
        assert!(aon.is_over());
        let want = [START, 1, 7, REPEAT, 5, REPEAT, 4, REPEAT, 2].map(|c| PAIRS[usize::from(c)]);
        let seen = read(&line);
        assert_eq!(seen[..9], want);
        assert_eq!(seen[9..18], want);
        assert_eq!(seen[18], PAIRS[usize::from(START)]);
    }

    #[test]
    fn three_alike_are_told_apart() {
        let mut aon = Aon::new(b'7', "0777123", 1, -12.0).expect("a packet");
        let mut line = vec![0; 320 * 10];
        aon.mix(&mut line);
        let want = [START, 7, 3, 2, 1, 7, REPEAT, 7, 0, START].map(|c| PAIRS[usize::from(c)]);
        assert_eq!(read(&line), want);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(Aon::new(b'1', "123456", 1, 0.0).err(), Some(AonError::Number));
        assert_eq!(Aon::new(b'1', "123456A", 1, 0.0).err(), Some(AonError::Number));
        assert_eq!(Aon::new(b'A', "1234567", 1, 0.0).err(), Some(AonError::Category));
    }
}
