//! Whether the far end of a dialled call answered, judged by what is heard.
//!
//! Nothing on a loop-start line says so, unless the exchange reverses the polarity. What can be heard: ringback that
//! was there and has stopped, or a voice. A voice behind a special information tone, busy or reorder is an
//! announcement and no answer.

use super::ear::Heard;
use core::time::Duration;
use loopstart_signal::{AnswerWitness, DigitEdge, ProgressTone, Time};

/// A second reversal this soon after the first belongs to it (a common default of line equipment).
const REVERSAL_APART: Duration = Duration::from_millis(600);

/// Watches a call from the last digit on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AnswerWatch {
    ringback: bool,
    refused: bool,
    answered: bool,
    reversed: Option<Time>,
}

impl AnswerWatch {
    /// Begins to watch. `ringback`: it was heard already, before the last digit (`@`).
    pub(super) fn new(ringback: bool) -> Self {
        Self { ringback, ..Self::default() }
    }

    /// What is heard from now on says nothing of this call: the exchange has put another one on the line.
    pub(super) fn turn_away(&mut self) {
        self.answered = true;
    }

    /// Whether the answer was told.
    pub(super) const fn is_answered(&self) -> bool {
        self.answered
    }

    /// Judges one finding. `ringback_gap` is the longest silence within ringback, in ms.
    pub(super) fn hear(&mut self, heard: Heard, ringback_gap: u32) -> Option<AnswerWitness> {
        match heard {
            Heard::Tone(ProgressTone::Ringback) => self.ringback = true,
            Heard::Tone(ProgressTone::CallWaiting | ProgressTone::Confirmation) => {}
            Heard::Tone(_) => self.refused = true,
            Heard::ToneEnded(ProgressTone::Ringback) => return self.answer(AnswerWitness::RingbackStopped),
            Heard::Silence(ms) if self.ringback && ms > ringback_gap + ringback_gap / 4 => {
                return self.answer(AnswerWitness::RingbackStopped);
            }
            // Only somebody who answered sends digits.
            Heard::Voice | Heard::Unasked | Heard::Digit(_, DigitEdge::Begin) => {
                return self.answer(AnswerWitness::Voice);
            }
            _ => {}
        }
        None
    }

    fn answer(&mut self, witness: AnswerWitness) -> Option<AnswerWitness> {
        if self.answered || self.refused {
            return None;
        }
        self.answered = true;
        Some(witness)
    }

    /// The polarity was reversed.
    pub(super) fn reverse(&mut self, now: Time) -> Reversal {
        match self.reversed {
            None => match self.answer(AnswerWitness::Polarity) {
                Some(witness) => {
                    self.reversed = Some(now);
                    Reversal::Answered(witness)
                }
                None => Reversal::Nothing,
            },
            Some(then) if now.since(then) >= REVERSAL_APART => Reversal::Released,
            Some(_) => Reversal::Nothing,
        }
    }
}

/// What a reversal of polarity means for a dialled call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reversal {
    /// The far end answered.
    Answered(AnswerWitness),
    /// The far end, whose answer was told by a reversal, is gone.
    Released,
    /// Nothing that is sure.
    Nothing,
}
