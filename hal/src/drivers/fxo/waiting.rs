//! Call waiting: a second call is announced, and who it is.
//!
//! The exchange announces it with a beep, and where it also says who calls with an alerting tone behind it. Both are one
//! announcement. To the alerting tone the line answers as a type II terminal does ([`call_waiting`]): nobody is heard for a
//! moment, a digit goes out, the identification is received.

use super::ear::Findings;
use super::{COVER, Fxo, Hook, QUIET_LEVEL, samples};
use crate::{BLOCK, EventQueue, FxoPort};
use arrayvec::ArrayVec;
use core::time::Duration;
use loopstart_signal::call_waiting::{Input, Kind, Output, Terminal};
use loopstart_signal::cid::Message;
use loopstart_signal::{LineEvent, SAMPLE_RATE, Time, level};

/// What is heard so soon after an announcement belongs to it. It is repeated after 4 to 10 s (GR-571-CORE), and the beep is
/// recognised half a second after its end.
const ANNOUNCEMENT: Duration = Duration::from_millis(2_500);

/// From the end of the alerting tone to where the detector counts it as over, at least.
const ALERT_DECIDED: Duration = Duration::from_millis(21);

/// Loud blocks that mean that there is a carrier: a click is over sooner.
const LOUD_BLOCKS: u8 = 2;

/// Quiet blocks that mean that there is none any more: one may lie across its end.
const QUIET_BLOCKS: u8 = 2;

/// What an input makes the terminal do: three things at most.
type Outputs = ArrayVec<Output, 4>;

/// The line's part in call waiting.
pub(super) struct Waiting {
    terminal: Terminal,
    /// When the last announcement was heard, on the sample clock.
    announced: Option<u64>,
    /// Nobody on our side is to be heard, nor to hear.
    muted: bool,
    /// The acknowledgement is going out.
    acknowledging: bool,
    /// The identification is awaited or received.
    listening: bool,
    /// When what is heard is no echo of ours any more, on the sample clock.
    listens_at: u64,
    /// Blocks in a row that were loud, and that were quiet.
    loud: u8,
    quiet: u8,
}

impl Waiting {
    pub(super) const fn new() -> Self {
        Self {
            terminal: Terminal::new(Kind::CallerId),
            announced: None,
            muted: false,
            acknowledging: false,
            listening: false,
            listens_at: 0,
            loud: 0,
            quiet: 0,
        }
    }

    pub(super) const fn is_muted(&self) -> bool {
        self.muted
    }

    pub(super) const fn is_listening(&self) -> bool {
        self.listening
    }

    pub(super) fn is_busy(&self) -> bool {
        self.terminal.is_busy()
    }
}

/// A moment of the sample clock.
fn moment(heard: u64) -> Time {
    Time::from_micros(heard.saturating_mul(1_000_000) / u64::from(SAMPLE_RATE))
}

impl<P: FxoPort> Fxo<P> {
    /// Whether an alerting tone can be answered now.
    pub(super) fn is_talking(&self) -> bool {
        self.run.is_none() && self.is_in_call()
    }

    /// Whether the line was answered or dialled on, and the far end is not gone.
    fn is_in_call(&self) -> bool {
        matches!(self.hook, Hook::Off(call) if !call.fresh && !call.released)
    }

    /// A beep or an alerting tone was heard.
    pub(super) fn announced(&mut self, events: &mut EventQueue) {
        if !self.is_in_call() {
            return;
        }
        let again = self.waiting.announced.is_none_or(|at| self.heard >= at.saturating_add(samples(ANNOUNCEMENT)));
        self.waiting.announced = Some(self.heard);
        if again {
            events.push(LineEvent::CallWaiting);
        }
    }

    /// The alerting tone was recognised so many samples ago.
    pub(super) fn alerted(&mut self, ago: u64, now: Time, events: &mut EventQueue) {
        self.announced(events);
        if self.is_talking() {
            let ended = moment(self.heard.saturating_sub(ago + samples(ALERT_DECIDED)));
            self.terminal(Input::Alerted { ended }, now, events);
        }
    }

    /// The call ended, or something else is to be done with the line.
    pub(super) fn end_waiting(&mut self, now: Time, events: &mut EventQueue) {
        self.terminal(Input::Ended, now, events);
        self.waiting.announced = None;
    }

    /// Hears a block while the identification is awaited.
    pub(super) fn hear_waiting(&mut self, block: &[i16], now: Time, events: &mut EventQueue) {
        let square: f32 = block.iter().map(|&s| f32::from(s) * f32::from(s)).sum();
        let loud = level::dbm0(square / block.len().max(1) as f32) > QUIET_LEVEL;
        // Not the echo of our own digit.
        let loud = loud && self.heard >= self.waiting.listens_at;
        let waiting = &mut self.waiting;
        waiting.loud = if loud { waiting.loud.saturating_add(1) } else { 0 };
        waiting.quiet = if loud { 0 } else { waiting.quiet.saturating_add(1) };
        if waiting.loud == LOUD_BLOCKS {
            self.terminal(Input::Carrier(true), now, events);
        }
        let mut outputs = Outputs::new();
        let (ear, waiting, at) = (&mut self.ear, &mut self.waiting, moment(self.heard));
        ear.hear_caller(block, &mut |message: Option<&Message>| {
            waiting.terminal.handle(Input::Frame(message), at, &mut |output| {
                let _ = outputs.try_push(output);
            });
        });
        self.carry_out(outputs, now, events);
        // Without a carrier before it this says nothing.
        if self.waiting.quiet == QUIET_BLOCKS {
            self.terminal(Input::Carrier(false), now, events);
        }
    }

    /// What is due in the present block.
    pub(super) fn proceed_waiting(&mut self, now: Time, events: &mut EventQueue) {
        if self.waiting.acknowledging && self.mouth.is_idle() {
            self.waiting.acknowledging = false;
            self.terminal(Input::Acknowledged, now, events);
        }
        let mut outputs = Outputs::new();
        self.waiting.terminal.expire(moment(self.heard), &mut |output| {
            let _ = outputs.try_push(output);
        });
        self.carry_out(outputs, now, events);
    }

    fn terminal(&mut self, input: Input<'_>, now: Time, events: &mut EventQueue) {
        let mut outputs = Outputs::new();
        self.waiting.terminal.handle(input, moment(self.heard), &mut |output| {
            let _ = outputs.try_push(output);
        });
        self.carry_out(outputs, now, events);
    }

    fn carry_out(&mut self, outputs: Outputs, now: Time, events: &mut EventQueue) {
        for output in outputs {
            match output {
                Output::Mute => self.waiting.muted = true,
                Output::Acknowledge { symbol, duration } => {
                    // Where the sender takes it not, the terminal gives up by itself.
                    self.waiting.acknowledging = self.mouth.push(symbol, duration, Duration::ZERO);
                    self.cover(COVER + BLOCK, now, events);
                }
                Output::Listen => {
                    (self.waiting.listening, self.waiting.loud, self.waiting.quiet) = (true, 0, 0);
                    self.waiting.listens_at = self.heard.saturating_add((COVER + BLOCK) as u64);
                    self.ear.await_caller();
                }
                Output::Deafen => {
                    self.waiting.listening = false;
                    let mut findings = Findings::new();
                    self.ear.forget(&mut findings);
                    self.deliver(findings, events, now);
                }
                Output::Unmute => (self.waiting.muted, self.waiting.acknowledging) = (false, false),
                Output::CallerId(caller) => events.push(LineEvent::CallerId(caller)),
                Output::GaveUp(_) => {}
            }
        }
    }
}
