//! Digits of a call: reported singly, collected, sent. What is sent, digits or tones, is one thing at a time.

use crate::line::{Line, Service, Shared};
use crate::media_control::Trigger;
use crate::timers::{ACTION_WATCH, Timer};
use crate::{
    Address, CallHandle, CallState, DigitModes, GatherEnd, GatherRequest, GenerateEnd, LineErr, Notification, caps,
    dial, params,
};
use alloc::string::String;
use core::time::Duration;
use loopstart_signal::{ActionId, ActionKind, Caps, Digit, DigitEdge, DigitMode, Heed, Outcome, Time};

/// Most digits one collection may take.
const MAX_GATHER: u32 = 65_536;

/// A running collection.
#[derive(Debug)]
pub(crate) struct Gather {
    end_to_end: u32,
    modes: DigitModes,
    count: u32,
    /// One bit for each of `0`-`9 * # A`-`D`.
    termination: u16,
    inter_timeout: Duration,
    digits: String,
}

/// What the host wants sent.
#[derive(Debug)]
pub(crate) struct Generate {
    pub(crate) end_to_end: u32,
    pub(crate) mode: DigitMode,
    /// None: stop sending.
    pub(crate) digits: Option<Address>,
    /// Length of a digit; zero = default.
    pub(crate) duration: Duration,
}

/// Digits on their way out.
#[derive(Clone, Copy, Debug)]
struct Sending {
    action: ActionId,
    call: CallHandle,
    end_to_end: u32,
}

/// Digits that wait until the device has stopped sending the ones before.
#[derive(Debug)]
struct Waiting {
    call: CallHandle,
    end_to_end: u32,
    kind: ActionKind,
    /// Longest time it may take; none: until it is stopped.
    watch: Option<Duration>,
}

/// What a device does about digits.
#[derive(Debug)]
pub(crate) struct Digits {
    sending: Option<Sending>,
    cancelling: Option<ActionId>,
    /// At most one; a newer one takes its place.
    waiting: Option<alloc::boxed::Box<Waiting>>,
    /// What the device was told to report.
    listens: Heed,
    /// The running Listen.
    pub(crate) listening: Option<ActionId>,
    /// What the device cannot; it is asked again when the host asks again.
    refused: Heed,
}

impl Default for Digits {
    fn default() -> Self {
        Self {
            sending: None,
            cancelling: None,
            waiting: None,
            listens: Heed::empty(),
            listening: None,
            refused: Heed::empty(),
        }
    }
}

impl Digits {
    /// The host asks again for what the device may have refused.
    pub(crate) fn ask_again(&mut self, what: Heed) {
        self.refused -= what;
    }

    /// The device was lost: nothing of this holds any more.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// What a device must report for these digits.
pub(crate) fn digit_heed(modes: DigitModes) -> Heed {
    let mut heed = Heed::empty();
    heed.set(Heed::DTMF, modes.intersects(DigitModes::DTMF | DigitModes::DTMF_END));
    heed.set(Heed::PULSES, modes.contains(DigitModes::PULSE));
    heed
}

/// What a device can report.
fn possible_heed(caps: Caps) -> Heed {
    let mut heed = digit_heed(caps::monitor_modes(caps));
    heed.set(Heed::MEDIA, caps.contains(Caps::HEARS_MEDIA));
    heed
}

/// The bit of a digit in a set.
fn bit(symbol: u8) -> u16 {
    b"0123456789*#ABCD".iter().position(|&d| d == symbol).map_or(0, |at| 1 << at)
}

fn tick(now: Time) -> u32 {
    now.millis() as u32
}

impl Line {
    // ---- what the far end sends ----

    /// Sets which digits are reported.
    pub(crate) fn monitor(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        modes: DigitModes,
        now: Time,
    ) -> Result<(), LineErr> {
        let possible = caps::monitor_modes(self.caps);
        let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
        if modes.is_empty() {
            call.monitor = modes;
        } else {
            if !call.can_be_monitored() {
                return Err(LineErr::INVALCALLSTATE);
            }
            check_modes(modes, possible)?;
            call.monitor = modes;
            self.digits.ask_again(digit_heed(modes));
        }
        self.settle(sh, now);
        Ok(())
    }

    /// Starts a collection, or ends the running one.
    pub(crate) fn gather(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        end_to_end: u32,
        wanted: Option<GatherRequest>,
        now: Time,
    ) -> Result<(), LineErr> {
        let possible = caps::monitor_modes(self.caps);
        let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        let Some(wanted) = wanted else {
            self.end_gather(sh, h, GatherEnd::Cancel, now);
            self.settle(sh, now);
            return Ok(());
        };
        if !call.counts() || matches!(call.state, Some(CallState::Disconnected(_))) {
            return Err(LineErr::INVALCALLSTATE);
        }
        check_modes(wanted.modes, possible)?;
        if wanted.count == 0 || wanted.count > MAX_GATHER {
            return Err(LineErr::INVALPARAM);
        }
        let mut termination = 0;
        for &c in &wanted.termination {
            let symbol = dial::digit(char::from(c)).ok_or(LineErr::INVALDIGITS)?;
            termination |= bit(symbol);
        }
        let (least, greatest) = params::GATHER_TIMEOUT;
        for timeout in [wanted.first_timeout, wanted.inter_timeout] {
            if !timeout.is_zero() && !(least..=greatest).contains(&timeout) {
                return Err(LineErr::INVALTIMEOUT);
            }
        }
        self.end_gather(sh, h, GatherEnd::Cancel, now);
        if let Some(call) = sh.call_mut(h) {
            call.gather = Some(Gather {
                end_to_end,
                modes: wanted.modes,
                count: wanted.count,
                termination,
                inter_timeout: wanted.inter_timeout,
                digits: String::new(),
            });
        }
        if !wanted.first_timeout.is_zero() && self.current == Some(h) {
            self.timers.start(Timer::Gather, now + wanted.first_timeout);
        }
        self.digits.ask_again(digit_heed(wanted.modes));
        self.settle(sh, now);
        Ok(())
    }

    pub(crate) fn digit(&mut self, sh: &mut Shared, digit: Digit, now: Time) {
        let Some(h) = self.current.filter(|_| !self.is_releasing()) else { return };
        let Some(call) = sh.call_mut(h).filter(|c| c.is_up() && c.announced) else { return };
        let Some(symbol) = dial::digit(char::from(digit.symbol)) else { return };
        let mode = match (digit.mode, digit.edge) {
            (DigitMode::Dtmf, DigitEdge::Begin) => DigitModes::DTMF,
            (DigitMode::Dtmf, DigitEdge::End) => DigitModes::DTMF_END,
            (DigitMode::Pulse, DigitEdge::End) => return,
            (DigitMode::Pulse, DigitEdge::Begin) => DigitModes::PULSE,
        };
        let message = call.host.filter(|_| call.monitor.contains(mode)).map(|host| Notification::Digit {
            host_line: call.host_line,
            line: call.line,
            host,
            call: h,
            symbol,
            mode: digit.mode,
            end: digit.edge == DigitEdge::End,
            tick: tick(now),
        });
        let mut end = None;
        if let Some(gather) = &mut call.gather {
            // With both edges wanted a digit still counts once, at its beginning.
            let counts = match mode {
                DigitModes::DTMF_END => gather.modes & (DigitModes::DTMF | DigitModes::DTMF_END) == mode,
                _ => gather.modes.contains(mode),
            };
            if counts {
                gather.digits.push(char::from(symbol));
                if gather.termination & bit(symbol) != 0 {
                    end = Some(GatherEnd::TerminationDigit);
                } else if gather.digits.len() >= gather.count as usize {
                    end = Some(GatherEnd::BufferFull);
                } else if gather.inter_timeout.is_zero() {
                    self.timers.stop(Timer::Gather);
                } else {
                    self.timers.start(Timer::Gather, now + gather.inter_timeout);
                }
            }
        }
        sh.notify(message);
        if let Some(why) = end {
            self.end_gather(sh, h, why, now);
        }
        self.trigger(sh, h, Trigger::Digit(symbol, mode));
    }

    pub(crate) fn gather_timeout(&mut self, sh: &mut Shared, now: Time) {
        let Some(h) = self.current else { return };
        let none_yet = sh.call(h).and_then(|c| c.gather.as_ref()).is_some_and(|g| g.digits.is_empty());
        self.end_gather(sh, h, if none_yet { GatherEnd::FirstTimeout } else { GatherEnd::InterTimeout }, now);
    }

    fn end_gather(&mut self, sh: &mut Shared, h: CallHandle, why: GatherEnd, now: Time) {
        let Some(call) = sh.call_mut(h) else { return };
        let Some(gather) = call.gather.take() else { return };
        if self.current == Some(h) {
            self.timers.stop(Timer::Gather);
        }
        let message = call.host.filter(|_| call.counts()).map(|host| Notification::Gathered {
            host_line: call.host_line,
            line: call.line,
            host,
            call: h,
            end_to_end: gather.end_to_end,
            why,
            digits: gather.digits,
            tick: tick(now),
        });
        sh.notify(message);
    }

    /// Has the device listen exactly while somebody wants to know of the far end of a call that is up.
    pub(crate) fn follow_listeners(&mut self, sh: &mut Shared, now: Time) {
        if self.service != Service::Ready || self.is_releasing() {
            return;
        }
        if self.digits.listening.is_none() {
            let heard = self.current.and_then(|h| sh.call(h)).filter(|c| c.is_heard());
            let wanted = heard.map_or(Heed::empty(), |call| {
                let gathered = call.gather.as_ref().map_or(DigitModes::empty(), |gather| gather.modes);
                digit_heed(call.monitor | gathered) | self.media_heed(call)
            });
            let wanted = if self.procedure_heeds_media() { wanted | Heed::MEDIA } else { wanted };
            let wanted = (wanted & possible_heed(self.caps)) - self.digits.refused;
            if wanted != self.digits.listens {
                self.listen(sh, wanted, now);
            }
        }
        self.follow_media(sh, now);
    }

    fn listen(&mut self, sh: &mut Shared, heed: Heed, now: Time) {
        self.digits.listens = heed;
        self.digits.listening = Some(sh.act(self.id(), ActionKind::Listen(heed)));
        self.timers.start(Timer::Listen, now + ACTION_WATCH);
    }

    // ---- what we send ----

    /// Sends digits, or stops.
    pub(crate) fn generate(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        wanted: Generate,
        now: Time,
    ) -> Result<(), LineErr> {
        let Generate { end_to_end, mode, digits, duration } = wanted;
        let Some(digits) = digits else {
            return self.stop_sending(sh, h, now);
        };
        self.check_sending(sh, h)?;
        let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        let possible = caps::generate_modes(self.caps);
        if possible.is_empty() {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        if mode != DigitMode::Dtmf {
            return Err(LineErr::INVALDIGITMODE);
        }
        let steps = dial::parse_digits(&digits.0)?;
        let mut with = call.dial;
        with.digit = params::limited(duration, params::MIN_DIAL.digit, params::MAX_DIAL.digit, with.digit);
        if steps.is_empty() {
            self.cancel_sending(sh, h, now);
            Self::tell_generated(sh, h, end_to_end, GenerateEnd::Done, now);
            return Ok(());
        }
        let kind = ActionKind::SendDigits { steps, mode, digit: with.digit, gap: with.speed, pause: with.pause };
        let watch = ACTION_WATCH + dial::duration(&steps, &with);
        self.start_sending(sh, h, end_to_end, kind, Some(watch), now);
        Ok(())
    }

    /// Whether digits or tones can be sent on this call now.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`, `INVALCALLSTATE`.
    pub(crate) fn check_sending(&self, sh: &Shared, h: CallHandle) -> Result<(), LineErr> {
        use CallState as S;
        let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        let up =
            matches!(call.state, Some(S::DialTone(_) | S::Dialing | S::Proceeding | S::Ringback | S::Connected(_)));
        let here = self.current == Some(h) && !self.is_releasing();
        if up && here && call.counts() && !call.is_passed_through() && !self.has_procedure() {
            Ok(())
        } else {
            Err(LineErr::INVALCALLSTATE)
        }
    }

    /// Sends digits or a tone, instead of what is being sent. `watch`: longest time it may take; none: until it is stopped.
    pub(crate) fn start_sending(
        &mut self,
        sh: &mut Shared,
        call: CallHandle,
        end_to_end: u32,
        kind: ActionKind,
        watch: Option<Duration>,
        now: Time,
    ) {
        self.cancel_sending(sh, call, now);
        if self.digits.cancelling.is_some() {
            self.digits.waiting = Some(alloc::boxed::Box::new(Waiting { call, end_to_end, kind, watch }));
        } else {
            self.send(sh, call, end_to_end, kind, watch, now);
        }
    }

    /// Stops sending, for the host.
    pub(crate) fn stop_sending(&mut self, sh: &mut Shared, h: CallHandle, now: Time) -> Result<(), LineErr> {
        sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        self.cancel_sending(sh, h, now);
        Ok(())
    }

    fn send(
        &mut self,
        sh: &mut Shared,
        call: CallHandle,
        end_to_end: u32,
        kind: ActionKind,
        watch: Option<Duration>,
        now: Time,
    ) {
        let action = sh.act(self.id(), kind);
        self.digits.sending = Some(Sending { action, call, end_to_end });
        if let Some(watch) = watch {
            self.timers.start(Timer::Send, now + watch);
        }
    }

    pub(crate) fn cancel_sending(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        if let Some(waiting) = self.digits.waiting.take_if(|w| w.call == h) {
            Self::tell_generated(sh, h, waiting.end_to_end, GenerateEnd::Cancel, now);
        }
        if let Some(sending) = self.digits.sending.take_if(|s| s.call == h) {
            self.timers.stop(Timer::Send);
            Self::tell_generated(sh, h, sending.end_to_end, GenerateEnd::Cancel, now);
            if self.digits.cancelling.is_none() && self.service == Service::Ready && !self.is_releasing() {
                self.digits.cancelling = Some(sh.act(self.id(), ActionKind::CancelDigits));
                self.timers.start(Timer::CancelSend, now + ACTION_WATCH);
            }
        }
    }

    fn tell_generated(sh: &mut Shared, h: CallHandle, end_to_end: u32, why: GenerateEnd, now: Time) {
        let Some(call) = sh.call(h) else { return };
        let message = call.host.filter(|_| call.counts()).map(|host| Notification::Generated {
            host_line: call.host_line,
            line: call.line,
            host,
            call: h,
            end_to_end,
            why,
            tick: tick(now),
        });
        sh.notify(message);
    }

    // ---- ends ----

    pub(crate) fn digits_done(&mut self, sh: &mut Shared, id: ActionId, outcome: Outcome, now: Time) {
        if self.digits.sending.is_some_and(|s| s.action == id) {
            self.sending_ended(sh, outcome, now);
        } else if self.digits.cancelling == Some(id) {
            self.cancelling_ended(sh, now);
        } else if self.digits.listening == Some(id) {
            self.digits.listening = None;
            self.timers.stop(Timer::Listen);
            if outcome != Outcome::Ok {
                let asked = core::mem::replace(&mut self.digits.listens, Heed::empty());
                // Digits matter more: media are given up first.
                self.digits.refused |= if asked.contains(Heed::MEDIA) { Heed::MEDIA } else { asked };
            }
        } else {
            self.media_done(sh, id, outcome);
        }
    }

    pub(crate) fn sending_ended(&mut self, sh: &mut Shared, outcome: Outcome, now: Time) {
        self.timers.stop(Timer::Send);
        if let Some(Sending { call, end_to_end, .. }) = self.digits.sending.take() {
            let why = if outcome == Outcome::Ok { GenerateEnd::Done } else { GenerateEnd::Cancel };
            Self::tell_generated(sh, call, end_to_end, why, now);
        }
    }

    pub(crate) fn cancelling_ended(&mut self, sh: &mut Shared, now: Time) {
        self.digits.cancelling = None;
        self.timers.stop(Timer::CancelSend);
        if let Some(waiting) = self.digits.waiting.take() {
            let Waiting { call, end_to_end, kind, watch } = *waiting;
            self.send(sh, call, end_to_end, kind, watch, now);
        }
    }

    /// The speech path of a call ends: so does everything about its digits.
    pub(crate) fn end_digits(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        self.cancel_sending(sh, h, now);
        self.end_gather(sh, h, GatherEnd::Cancel, now);
        if let Some(call) = sh.call_mut(h) {
            call.monitor = DigitModes::empty();
        }
        self.end_media(sh, h);
    }

    /// The host has closed a call: the device stops, and nobody is told.
    pub(crate) fn digits_of_closed(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        if self.current == Some(h) {
            self.timers.stop(Timer::Gather);
        }
        self.cancel_sending(sh, h, now);
    }

    /// The line goes on hook: what runs is cut short by that. Listening ends before.
    pub(crate) fn forget_digits(&mut self, sh: &mut Shared, now: Time) {
        if let Some(h) = self.current {
            self.cancel_sending_silently(sh, h, now);
        }
        self.digits.sending = None;
        self.digits.cancelling = None;
        self.digits.waiting = None;
        self.timers.stop(Timer::Send);
        self.timers.stop(Timer::CancelSend);
        if !self.digits.listens.is_empty() {
            self.listen(sh, Heed::empty(), now);
        }
        self.forget_media(sh, now);
    }

    /// Tells the end of what is being sent without asking the device to stop: going on hook does that.
    fn cancel_sending_silently(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        let waiting = self.digits.waiting.take_if(|w| w.call == h).map(|w| w.end_to_end);
        let sending = self.digits.sending.take_if(|s| s.call == h).map(|s| s.end_to_end);
        for end_to_end in [waiting, sending].into_iter().flatten() {
            Self::tell_generated(sh, h, end_to_end, GenerateEnd::Cancel, now);
        }
    }
}

fn check_modes(modes: DigitModes, possible: DigitModes) -> Result<(), LineErr> {
    if possible.is_empty() {
        Err(LineErr::OPERATIONUNAVAIL)
    } else if modes.is_empty() || !possible.contains(modes) {
        Err(LineErr::INVALDIGITMODE)
    } else {
        Ok(())
    }
}
