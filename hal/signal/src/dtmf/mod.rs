//! DTMF (ITU-T Q.23): sender, receiver, and a cut-off for recordings.
//!
//! # What does it do?
//!
//! The [`Sender`] queues digits and pauses and mixes them into the line, the high tone 2 dB above the low one as ETSI
//! ES 201 235-2 has it.
//!
//! The [`Receiver`] tells the beginning and the end of each digit: its symbol, onset, length, level and twist. It
//! keeps to the limits of a [`Profile`], which is one of the columns of ITU-T Q.24 Annex A, or ES 201 235-3; by
//! default the widest that is safe:
//!
//! * frequencies within 1.8 % are taken, beyond 3 % refused;
//! * each tone from 0 to -40 dBm0, below -31 on a quiet line only; the high one 9 dB stronger to 10 dB weaker than the
//!   low one;
//! * a digit of 40 ms is taken, one of 23 ms is not;
//! * an interruption of 10 ms does not part a digit, a pause of 30 ms does;
//! * white noise as strong as the digit (0 to 4 kHz), dial tone 10 dB above it, hum, echoes 10 dB below it and delayed
//!   by up to 20 ms, and G.726 at 16 kbit/s are tolerated.
//!
//! On a clean line a digit is told 28 ms after its onset, in a noise 6 dB below it after 36 ms, and after 44 ms in a
//! noise as strong as the digit is. Its end is told 27 ms after it.
//!
//! The [`Clamp`] takes digits out of a line, for recordings.
//!
//! # How does the receiver work?
//!
//! Nearly all that a line carries is no digit, so most of the work is to dismiss it at little cost:
//!
//! 1. *Screen.* Every hop of 12 ms is correlated with the eight frequencies. It passes when in each group one tone
//!    stands out and when the rest could be a noise. There is no test against the whole power of the line, which dial
//!    tone and hum would fail.
//! 2. *Measurement.* Around a hop that passed, the line of some 60 ms is sent through a band pass and cut into blocks
//!    of 1 ms. The phases of both tones give their exact frequencies; where both together explain most of the line,
//!    the burst begins and ends (the most likely edges of a burst in white noise); least squares give levels and
//!    *purity*, the share of the line's energy that two steady tones explain.
//! 3. *Judgement.* What the two tones leave of the line must be next to nothing, or a noise that was there before the
//!    onset, as strong as now, and white; the tones themselves must not have been there before. The cleaner the line,
//!    the earlier this is believed. Speech leaves its other harmonics, and fails. Last, and so rarely that it may cost
//!    as much as a measurement, the spectrum beside both tones is searched for a third one that began with them: a
//!    note of music has other partials, and a chord other notes.
//! 4. A digit that is *on* is followed by correlation at its exact frequencies in a window of 10 ms until it has been
//!    away for 20 ms (between the longest interruption and the shortest pause of the profile).
//!
//! The receiver keeps the last 96 ms of the line and little else, so it needs less than 2 KiB. Measurements are
//! scheduled by sample index: the size of the blocks that come in changes nothing.

pub mod clamp;
mod company;
mod judge;
mod measure;
pub mod profile;
mod receiver;
mod screen;
mod sender;

pub use clamp::Clamp;
pub use profile::Profile;
pub use receiver::Receiver;
pub use sender::{QUEUE, Sender};

use crate::DigitEdge;

/// Low-group frequencies in Hz: the rows of the keypad.
pub const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// High-group frequencies in Hz: the columns.
pub const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// All of them, the low group first.
const TONES: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0];

const KEYS: [[u8; 4]; 4] = [*b"123A", *b"456B", *b"789C", *b"*0#D"];

/// Row and column of a symbol.
fn key(symbol: u8) -> Option<(usize, usize)> {
    let symbol = symbol.to_ascii_uppercase();
    KEYS.iter().enumerate().find_map(|(r, row)| Some((r, row.iter().position(|k| *k == symbol)?)))
}

/// The symbol of a row and a column.
fn symbol(row: usize, column: usize) -> u8 {
    KEYS.get(row).and_then(|keys| keys.get(column)).copied().unwrap_or(b' ')
}

/// The two frequencies of a digit (`0`-`9`, `*`, `#`, `A`-`D`), low and high.
pub fn frequencies(symbol: u8) -> Option<(f32, f32)> {
    let (row, column) = key(symbol)?;
    Some((*LOW.get(row)?, *HIGH.get(column)?))
}

/// A received digit's edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    pub symbol: u8,
    /// Beginning or end.
    pub edge: DigitEdge,
    /// Index of the sample at which it was decided: on a clean line 28 ms after the edge itself.
    pub at: u64,
    /// Index of the sample at which the digit began, to about 1 ms.
    pub onset: u64,
    /// At the end: how long the digit lasted, in ms, to about 1 ms; 0 at the beginning.
    pub duration_ms: u32,
    /// Level of each tone (the mean power of the two), in dBm0.
    pub level_dbm0: f32,
    /// Level of the high tone less the level of the low one, in dB.
    pub twist_db: f32,
}

#[cfg(test)]
mod tests;
