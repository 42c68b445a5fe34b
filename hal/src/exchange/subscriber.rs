//! The subscriber loop: what passes between the exchange and a terminal in one step.
//!
//! Exchange and terminals advance together in steps of [`STEP`] samples. In each step the exchange gives every
//! terminal what its pair of wires carries, and the terminal answers with its hook and its audio, which the exchange
//! sees in the next step.

use loopstart_signal::Time;
use std::time::Duration;

/// Samples in one step of the exchange: 5 ms at 8 kHz.
pub const STEP: usize = 40;

/// One step in time.
pub const STEP_TIME: Duration = Duration::from_millis(5);

/// What the pair of wires carries towards the terminal in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FromExchange {
    /// Audio of the step.
    pub audio: [i16; STEP],
    /// Ringing current flows.
    pub ringing: bool,
    /// There is battery: with the terminal off hook, loop current flows.
    pub battery: bool,
    /// Polarity is reversed.
    pub reversed: bool,
}

impl Default for FromExchange {
    /// A quiet line with battery.
    fn default() -> Self {
        Self { audio: [0; STEP], ringing: false, battery: true, reversed: false }
    }
}

/// What the terminal does to the pair of wires in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FromTerminal {
    /// Audio of the step. The exchange hears it only while the terminal is off hook.
    pub audio: [i16; STEP],
    /// The loop is closed.
    pub off_hook: bool,
}

impl Default for FromTerminal {
    /// On hook and quiet.
    fn default() -> Self {
        Self { audio: [0; STEP], off_hook: false }
    }
}

/// Something plugged into a subscriber line: an emulated voice modem, an emulated FXO port, a test telephone.
pub trait Terminal: Send {
    /// Lives through one step that begins at `now` on the line clock.
    fn step(&mut self, now: Time, line: &FromExchange) -> FromTerminal;
}
