//! Call waiting with caller identification: what a terminal does (type II; GR-30-CORE, TIA-777, EN 300 659-2).
//!
//! # What does it do?
//!
//! During a call the exchange announces a second one with a beep (SAS) and then the alerting tone (CAS). A
//! [`Terminal`] is told what was heard and answers what is to be done: mute, acknowledge with a digit, listen for the
//! caller identification, unmute. It holds no audio: [`cas::Detector`](crate::cas::Detector) hears the tone,
//! [`dtmf::Sender`](crate::dtmf::Sender) sends the digit, [`cid::Receiver`](crate::cid::Receiver) reads the frame.
//! The beep itself asks nothing of the terminal; [`progress::Detector`](crate::progress::Detector) tells it.
//!
//! # How does it work?
//!
//! ```text
//! exchange   SAS 300 ms  CAS 80 ms                            marks, frame
//! terminal                       mute   D 60 ms   listen ...               unmute
//!                               |<- up to 100 ->|<--- up to 500 ms --->|   |<- up to 50 ms
//! ```
//!
//! Time is passed in. After each call, [`Terminal::deadline`] says when [`Terminal::expire`] wants to be called.

use crate::cid::Message;
use crate::{CallerId, Time};
use core::time::Duration;

/// From the end of the alerting tone to the acknowledgement: at most (GR-30-CORE).
pub const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(100);
/// The same, at least (EN 300 659-2: 40 to 160 ms).
pub const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(40);
/// Length of the acknowledgement: 60 ms, 55 to 65 (TIA-777, EN 300 659-2).
pub const ACKNOWLEDGE_FOR: Duration = Duration::from_millis(60);
/// From the end of the acknowledgement to the carrier: at most (GR-30-CORE, EN 300 659-2).
pub const CARRIER_WITHIN: Duration = Duration::from_millis(500);
/// What a receiver may take to tell that there is a carrier.
const CARRIER_NOTICE: Duration = Duration::from_millis(40);
/// From the end of the frame, or from when there is none, to the microphone's return: at most (GR-30-CORE).
pub const UNMUTE_WITHIN: Duration = Duration::from_millis(50);
/// Longest message: 105 bits of mark, 258 bytes of 10 bits, and the 20 bits of mark that GR-30-CORE lets an exchange
/// insert between any two, at 1188 bit/s.
pub const LONGEST_MESSAGE: Duration = Duration::from_millis(6_700);
/// How long a carrier may be gone before the message counts as cut off.
const CARRIER_GAP: Duration = Duration::from_millis(30);
/// How long the device may take to send the acknowledgement beyond its length.
const SENDING_SLACK: Duration = Duration::from_millis(200);

/// What a terminal can do with the second call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Shows who calls: acknowledges with `D`.
    #[default]
    CallerId,
    /// Has softkeys (ADSI, type III): acknowledges with `A`.
    Adsi,
}

impl Kind {
    /// The digit that acknowledges.
    pub const fn symbol(self) -> u8 {
        match self {
            Self::CallerId => b'D',
            Self::Adsi => b'A',
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input<'a> {
    /// The alerting tone was heard; it ended at this time, as well as that is known.
    Alerted {
        /// When it ended.
        ended: Time,
    },
    /// The acknowledgement is out. Need not be told: without it the terminal reckons from the digit's length.
    Acknowledged,
    /// The modem's carrier came or went.
    Carrier(bool),
    /// A caller-identification frame ended; `None` when it was not believed.
    Frame(Option<&'a Message>),
    /// An extension on the same line went off hook (true) or all are on hook (false).
    Extension(bool),
    /// The call is over, or the hook flashed.
    Ended,
}

/// What is to be done, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output {
    /// Mute microphone and earpiece.
    Mute,
    /// Send this digit (ITU-T Q.23) now, for this long.
    Acknowledge {
        /// `D` or `A`.
        symbol: u8,
        /// How long.
        duration: Duration,
    },
    /// Reset the caller-identification receiver and feed it.
    Listen,
    /// Feed it no longer.
    Deafen,
    /// Microphone and earpiece on.
    Unmute,
    /// The second caller.
    CallerId(CallerId),
    /// Nothing came of it.
    GaveUp(Reason),
}

/// Why nothing came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An extension is off hook: terminals that cannot agree on who answers must all be quiet (TIA-777).
    Extension,
    /// It was too late to acknowledge: the exchange would take the digit for the speaker's.
    TooLate,
    /// The device did not send the acknowledgement.
    NotSent,
    /// No carrier came: there was no alerting tone, or the exchange did not hear the acknowledgement.
    NoCarrier,
    /// The carrier went before the frame ended, or stayed for longer than any.
    NoFrame,
    /// The frame was damaged.
    Damaged,
    /// The call ended.
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Talking,
    /// Muted; acknowledges at this time.
    Waiting {
        at: Time,
    },
    /// The digit goes out until this time.
    Sending {
        until: Time,
    },
    /// Listens for the carrier until this time.
    Listening {
        until: Time,
    },
    /// The carrier is there.
    Receiving {
        until: Time,
    },
}

/// A type II terminal's part in call waiting.
#[derive(Clone, Debug)]
pub struct Terminal {
    kind: Kind,
    state: State,
    extension: bool,
    /// Whether the device tells when the digit is out: learnt from its first time.
    told: bool,
}

impl Terminal {
    /// A terminal in a call.
    pub const fn new(kind: Kind) -> Self {
        Self { kind, state: State::Talking, extension: false, told: false }
    }

    /// Whether the alerting tone was heard and the matter is not settled: microphone and earpiece are muted.
    pub fn is_busy(&self) -> bool {
        self.state != State::Talking
    }

    /// When [`Self::expire`] is to be called at the latest; `None` when it need not be.
    pub fn deadline(&self) -> Option<Time> {
        match self.state {
            State::Talking => None,
            State::Waiting { at } => Some(at),
            State::Sending { until } | State::Listening { until } | State::Receiving { until } => Some(until),
        }
    }

    /// Takes what happened at `now`.
    pub fn handle(&mut self, input: Input<'_>, now: Time, sink: &mut impl FnMut(Output)) {
        match (input, self.state) {
            (Input::Alerted { ended }, State::Talking) => self.alerted(ended, now, sink),
            // The exchange did not hear the acknowledgement, and asks again.
            (Input::Alerted { ended }, State::Listening { .. }) => {
                sink(Output::Deafen);
                self.state = State::Talking;
                self.wait(ended, now, sink);
            }
            (Input::Acknowledged, State::Sending { .. }) => {
                self.told = true;
                self.listen(now, sink);
            }
            (Input::Carrier(true), State::Listening { .. }) => {
                self.state = State::Receiving { until: now + LONGEST_MESSAGE };
            }
            // The frame's last bits may still be on their way through the receiver.
            (Input::Carrier(false), State::Receiving { until }) => {
                self.state = State::Receiving { until: until.min(now + CARRIER_GAP) };
            }
            (Input::Carrier(true), State::Receiving { .. }) => {
                self.state = State::Receiving { until: now + LONGEST_MESSAGE };
            }
            (Input::Frame(Some(message)), State::Listening { .. } | State::Receiving { .. }) => {
                self.settle(sink);
                sink(Output::CallerId(message.caller_id()));
            }
            (Input::Frame(None), State::Listening { .. } | State::Receiving { .. }) => {
                self.give_up(Reason::Damaged, sink);
            }
            (Input::Extension(off_hook), state) => {
                self.extension = off_hook;
                // Once the digit is out the exchange sends: what an extension does is no matter then.
                if off_hook && matches!(state, State::Waiting { .. }) {
                    self.give_up(Reason::Extension, sink);
                }
            }
            (Input::Ended, State::Talking) => {}
            (Input::Ended, _) => self.give_up(Reason::Ended, sink),
            // Too early, too late or twice: the modem hears its own digit, or a frame comes unasked.
            (Input::Alerted { .. } | Input::Acknowledged | Input::Carrier(_) | Input::Frame(_), _) => {}
        }
    }

    /// Does what is due at `now`.
    pub fn expire(&mut self, now: Time, sink: &mut impl FnMut(Output)) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            State::Talking => {}
            State::Waiting { .. } => {
                sink(Output::Acknowledge { symbol: self.kind.symbol(), duration: ACKNOWLEDGE_FOR });
                let slack = if self.told { SENDING_SLACK } else { Duration::ZERO };
                self.state = State::Sending { until: now + ACKNOWLEDGE_FOR + slack };
            }
            State::Sending { .. } if self.told => self.give_up(Reason::NotSent, sink),
            State::Sending { .. } => self.listen(now, sink),
            State::Listening { .. } => self.give_up(Reason::NoCarrier, sink),
            State::Receiving { .. } => self.give_up(Reason::NoFrame, sink),
        }
    }

    fn alerted(&mut self, ended: Time, now: Time, sink: &mut impl FnMut(Output)) {
        if self.extension {
            sink(Output::GaveUp(Reason::Extension));
        } else if now > ended + ACKNOWLEDGE_WITHIN {
            sink(Output::GaveUp(Reason::TooLate));
        } else {
            sink(Output::Mute);
            self.wait(ended, now, sink);
        }
    }

    /// Acknowledges as soon as both standards allow.
    fn wait(&mut self, ended: Time, now: Time, sink: &mut impl FnMut(Output)) {
        let at = ended + ACKNOWLEDGE_AFTER;
        self.state = State::Waiting { at };
        if self.extension {
            self.give_up(Reason::Extension, sink);
        } else if now > ended + ACKNOWLEDGE_WITHIN {
            self.give_up(Reason::TooLate, sink);
        } else {
            self.expire(now, sink);
        }
    }

    fn listen(&mut self, now: Time, sink: &mut impl FnMut(Output)) {
        self.state = State::Listening { until: now + CARRIER_WITHIN + CARRIER_NOTICE };
        sink(Output::Listen);
    }

    /// Back to the call.
    fn settle(&mut self, sink: &mut impl FnMut(Output)) {
        if matches!(self.state, State::Listening { .. } | State::Receiving { .. }) {
            sink(Output::Deafen);
        }
        self.state = State::Talking;
        sink(Output::Unmute);
    }

    fn give_up(&mut self, reason: Reason, sink: &mut impl FnMut(Output)) {
        self.settle(sink);
        sink(Output::GaveUp(reason));
    }
}

#[cfg(test)]
mod tests;
