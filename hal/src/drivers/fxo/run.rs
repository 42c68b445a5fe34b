//! A string of digits on its way out: where it stands and what it waits for.

use core::time::Duration;
use loopstart_signal::{ActionId, DialStep, DialSteps, DigitMode};

/// A dial string that is being worked through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) id: ActionId,
    pub(super) purpose: Purpose,
    steps: DialSteps,
    next: usize,
    pub(super) mode: DigitMode,
    pub(super) digit: Duration,
    pub(super) gap: Duration,
    pub(super) pause: Duration,
    pub(super) wait_dial_tone: Duration,
    pub(super) flash: Duration,
    pub(super) phase: Phase,
    /// The first digit is out or on its way.
    pub(super) begun: bool,
    /// Ringback was heard and stopped before the last digit (`@`).
    pub(super) rang: bool,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reaching somebody.
    Dial {
        /// More digits follow in a later action.
        partial: bool,
        /// This action took the line off hook, so its failure puts it back.
        seized: bool,
    },
    /// Digits for somebody who was reached.
    Send,
    /// A tone for them.
    Tone,
    /// Going off hook and nothing more.
    Seize,
    /// One flash of the hook and nothing more.
    Flash,
}

/// What a run does now. Moments are sample counts of the line's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Off hook, and the channel debounces: battery and ringing are not sure yet.
    Seizing,
    /// Looks at the next step.
    Next,
    /// Waits for dial tone until then.
    DialTone {
        /// When to give up.
        until: u64,
    },
    /// Does nothing until then.
    Pause {
        /// When to go on.
        until: u64,
    },
    /// DTMF digits are going out.
    Tones,
    /// A tone is going out.
    Sound,
    /// The channel sends pulses; `DialComplete` ends that.
    Pulses {
        /// When to give up.
        until: u64,
    },
    /// The hook is to be flashed as soon as the channel takes it.
    FlashDue {
        /// When to give up.
        until: u64,
    },
    /// The hook is being flashed; `HookComplete` ends that.
    Flashing {
        /// When to give up.
        until: u64,
    },
    /// Waits for ringback and then for quiet.
    Quiet {
        /// Ringback was heard.
        ringback: bool,
        /// Samples of silence since.
        quiet: u64,
        /// When to give up.
        until: u64,
    },
}

impl Run {
    pub(super) fn new(id: ActionId, purpose: Purpose, steps: DialSteps, mode: DigitMode) -> Self {
        Self {
            id,
            purpose,
            steps,
            next: 0,
            mode,
            digit: Duration::ZERO,
            gap: Duration::ZERO,
            pause: Duration::ZERO,
            wait_dial_tone: Duration::ZERO,
            flash: Duration::ZERO,
            phase: Phase::Next,
            begun: false,
            rang: false,
        }
    }

    /// The step that is due.
    pub(super) fn step(&self) -> Option<DialStep> {
        self.steps.as_slice().get(self.next).copied()
    }

    /// Goes on to the following step.
    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// Whether this line can do all of it: no billing tone, no pulses for what is no decimal digit, and in a call
    /// nothing but digits and pauses.
    pub(super) fn is_possible(&self) -> bool {
        let mut mode = self.mode;
        self.steps.as_slice().iter().all(|step| match *step {
            DialStep::Digit(symbol) => match mode {
                DigitMode::Pulse => symbol.is_ascii_digit(),
                DigitMode::Dtmf => matches!(symbol, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D'),
            },
            DialStep::Pause => true,
            DialStep::WaitBilling => false,
            _ if self.purpose == Purpose::Send => false,
            DialStep::Tone => {
                mode = DigitMode::Dtmf;
                true
            }
            DialStep::Pulse => {
                mode = DigitMode::Pulse;
                true
            }
            DialStep::WaitDialTone | DialStep::WaitQuiet | DialStep::Flash => true,
        })
    }

    /// Whether it took the line off hook and has not begun to use it.
    pub(super) fn awaits_line(&self) -> bool {
        match self.purpose {
            Purpose::Seize => true,
            Purpose::Dial { seized, .. } => seized && !self.begun,
            Purpose::Send | Purpose::Tone | Purpose::Flash => false,
        }
    }

    /// Whether this action took the line off hook.
    pub(super) fn seized(&self) -> bool {
        matches!(self.purpose, Purpose::Seize | Purpose::Dial { seized: true, .. })
    }
}
