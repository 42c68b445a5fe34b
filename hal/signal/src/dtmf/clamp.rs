//! DTMF cut-off: a line for recordings and conferences from which digits are taken out.
//!
//! The samples come back [`DELAY`] samples late. A digit on a clean line is recognised 29 ms after its onset, one in a
//! noise as strong as itself after 45 ms; so its very beginning has not left the delay yet, and nothing of it is
//! heard. Only what the [`Receiver`] believes to be a digit is silenced: speech passes as it came.

use super::{Profile, Receiver, profile};
use crate::DigitEdge;

/// Samples by which a [`Clamp`] delays: 48 ms.
pub const DELAY: usize = 384;

/// Samples that are decided together. Divides [`DELAY`].
const STEP: u64 = 32;
/// Samples silenced before the onset and after the end of a digit (2 ms): both are known to 1 ms.
const GUARD: u64 = 16;

/// Silences digits.
#[derive(Clone, Debug)]
pub struct Clamp {
    receiver: Receiver,
    /// The last [`DELAY`] samples, in a ring.
    past: [i16; DELAY],
    /// Samples taken in.
    at: u64,
    digit: Digit,
}

/// The digit that is silenced, in samples of the line.
#[derive(Clone, Copy, Debug)]
enum Digit {
    None,
    /// From here on.
    Open(u64),
    /// From the one to the other.
    Closed(u64, u64),
}

impl Clamp {
    /// A clamp for all that the default receiver takes.
    pub fn new() -> Self {
        Self::with(profile::DEFAULT)
    }

    /// A clamp for the digits of `profile`.
    pub fn with(profile: Profile) -> Self {
        Self { receiver: Receiver::with(profile), past: [0; DELAY], at: 0, digit: Digit::None }
    }

    /// Replaces `samples` by those of [`DELAY`] samples before, digits silenced. Any number at a time; the first
    /// [`DELAY`] that come out are silence.
    pub fn process(&mut self, samples: &mut [i16]) {
        let mut left = samples;
        while !left.is_empty() {
            // What is silenced is decided at every whole step, so that the size of the blocks changes nothing.
            let n = left.len().min((STEP - self.at % STEP) as usize);
            let (part, rest) = left.split_at_mut(n);
            self.receiver.process(part, &mut |event| {
                self.digit = match event.edge {
                    // What is left of a digit just before goes too, and the gap between them.
                    DigitEdge::Begin => match self.digit {
                        Digit::Closed(from, to) if to + DELAY as u64 > self.at => Digit::Open(from),
                        _ => Digit::Open(event.onset.saturating_sub(GUARD)),
                    },
                    DigitEdge::End => {
                        let end = event.onset + u64::from(event.duration_ms) * 8;
                        Digit::Closed(event.onset.saturating_sub(GUARD), end + GUARD)
                    }
                };
            });
            for sample in part {
                let Some(slot) = self.past.get_mut((self.at % DELAY as u64) as usize) else { return };
                let old = core::mem::replace(slot, *sample);
                // Index of the sample that leaves; those before the first are silence.
                let silent = match (self.at.checked_sub(DELAY as u64), self.digit) {
                    (None, _) => true,
                    (_, Digit::None) => false,
                    (Some(i), Digit::Open(from)) => i >= from,
                    (Some(i), Digit::Closed(from, to)) => i >= from && i < to,
                };
                *sample = if silent { 0 } else { old };
                self.at += 1;
            }
            left = rest;
        }
    }

    /// Forgets everything heard and delayed; silence comes out until the delay is filled anew.
    pub fn reset(&mut self) {
        self.receiver.reset();
        self.past = [0; DELAY];
        self.digit = Digit::None;
    }
}

impl Default for Clamp {
    fn default() -> Self {
        Self::new()
    }
}
