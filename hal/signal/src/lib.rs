//! The vocabulary, receivers and generators of an analog telephone line.
//!
//! This package is pure: no input or output, no clock, no thread, no `unsafe` but for the choice of the vector unit. Time and samples come in
//! as values and decisions come out as values, so that a minute of telephony is tested in milliseconds.
//!
//! Units throughout: frequencies in Hz, times in [`Time`] (microseconds) or samples at [`SAMPLE_RATE`],
//! levels in dBm0 (a full-scale sine is +3.14 dBm0, ITU-T G.711).
#![no_std]
#![deny(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod action;
pub mod adpcm;
pub mod answer;
pub mod at;
mod bank;
pub mod call_waiting;
mod caps;
pub mod cas;
pub mod cid;
pub mod clip;
pub mod country;
pub mod decode;
pub mod dle;
pub mod dtmf;
mod event;
mod filter;
pub mod fsk;
pub mod g711;
pub mod generate;
pub mod level;
pub mod line_model;
pub mod linear;
pub mod monitor;
mod osc;
pub mod plan;
pub mod progress;
pub mod pulse;
pub mod resample;
pub mod ring;
mod simd;
#[cfg(test)]
mod test_signal;
mod text;
mod time;
pub mod tone;

pub use action::{
    ActionId, ActionKind, DialStep, DialSteps, Failure, Heed, LineAction, MAX_DIAL_STEPS, MAX_TONE_PARTS,
    MAX_WATCHED_TONES, MediaOrder, OutTone, Outcome, ToneKind, TonePart, ToneWatch, WatchedTone,
};
pub use caps::Caps;
pub use event::{
    AnswerWitness, CallerId, DateTime, Digit, DigitEdge, DigitMode, LineEvent, Loss, MediaSign, PartyId, ProgressTone,
    ReleaseWitness, SitKind,
};
pub use text::{Name, Number, Text};
pub use time::{Clock, Time};

/// Samples per second of every line, in Hz.
pub const SAMPLE_RATE: u32 = 8_000;
