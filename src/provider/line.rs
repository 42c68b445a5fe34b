//! A line device: whether it works, its hook, its outstanding actions and timers.
//!
//! What a line does for calls that go out is in `outgoing`, for calls that come in in `incoming`, for digits in
//! `digits`. At most one call is attached to the line at a time (`current`); ended calls live on until the host closes
//! them.

mod device;
mod ending;
mod hook;

use crate::call::{self, Call, Witness};
use crate::caps::{address_state, line_state};
use crate::digits::Digits;
use crate::incoming::Ringing;
use crate::media::Media;
use crate::media_control::Trigger;
use crate::messages::Messages;
use crate::params;
use crate::parties::Parties;
use crate::procedure::Running;
use crate::request::{Ledger, Purpose};
use crate::services::Services;
use crate::slots::Slots;
use crate::timers::{RECALL_GRACE, Timer, Timers};
use crate::{
    CallHandle, CallState, DeviceDescription, DeviceId, HostLine, LineErr, LineHandle, LineState, MediaModes,
    Notification, Output, RequestId,
};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use loopstart_signal::{
    ActionId, ActionKind, CallerId, Caps, Failure, LineAction, LineEvent, Outcome, ProgressTone, Time,
};

/// Most calls one line may have, ended ones that the host has not closed included.
pub(crate) const MAX_CALLS: usize = 256;

/// What all lines share: the calls, and the way out.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) calls: Slots<Call>,
    pub(crate) out: VecDeque<Output>,
    last_action: u32,
    last_call: u32,
}

impl Shared {
    pub(crate) fn call(&self, call: CallHandle) -> Option<&Call> {
        self.calls.get(call.slot(), call.generation())
    }

    pub(crate) fn call_mut(&mut self, call: CallHandle) -> Option<&mut Call> {
        self.calls.get_mut(call.slot(), call.generation())
    }

    /// The next unique number of a call.
    pub(crate) fn number_call(&mut self) -> u32 {
        self.last_call = self.last_call.wrapping_add(1).max(1);
        self.last_call
    }

    /// Sends an action to a device.
    pub(crate) fn act(&mut self, device: DeviceId, kind: ActionKind) -> ActionId {
        self.last_action = self.last_action.wrapping_add(1);
        let id = ActionId(self.last_action);
        self.out.push_back(Output::Act(device, LineAction { id, kind }));
        id
    }

    /// Sends a message to the host, if there is one.
    pub(crate) fn notify(&mut self, message: impl Into<Option<Notification>>) {
        if let Some(message) = message.into() {
            self.out.push_back(Output::Notify(message));
        }
    }

    /// Completes a request that was struck out of its ledger, or never entered.
    pub(crate) fn complete(&mut self, call: CallHandle, request: RequestId, result: Result<(), LineErr>) {
        if let Some(line) = self.call(call).map(|c| c.line) {
            self.out.push_back(Output::Complete { request, result, line, call: Some(call) });
        }
    }

    /// Completes the open requests of a call for which `which` holds.
    pub(crate) fn complete_all(
        &mut self,
        call: CallHandle,
        which: impl Fn(Purpose) -> bool,
        result: Result<(), LineErr>,
    ) {
        while let Some(request) = self.call_mut(call).and_then(|c| c.requests.take(&which)) {
            self.complete(call, request, result);
        }
    }
}

/// An open line.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) handle: LineHandle,
    pub(crate) host: HostLine,
    pub(crate) line_states: u32,
    pub(crate) address_states: u32,
    pub(crate) media: MediaModes,
}

/// Whether the device works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Not ready yet.
    Starting,
    /// In service.
    Ready,
    /// Out of service for now.
    Lost,
    /// Gone for good.
    Gone,
}

/// The hook, as far as known. What may be off hook counts as off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    On,
    Off,
}

/// The running action of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallAction {
    pub(crate) id: ActionId,
    pub(crate) call: CallHandle,
    pub(crate) what: Doing,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Seizing,
    /// `out`: the last digit was reported out; only the end of the action is outstanding.
    Dialing {
        partial: bool,
        request: RequestId,
        out: bool,
    },
    Answering {
        request: RequestId,
    },
    /// Leaving the modem to the host (`through`), or taking it back.
    Passing {
        through: bool,
        request: RequestId,
    },
}

/// A running Release.
#[derive(Clone, Copy, Debug)]
struct Release {
    id: ActionId,
    attempt: u32,
    /// The line was seen on hook; only the end of the action is outstanding.
    down: bool,
}

/// A line device.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) index: u16,
    pub(crate) description: DeviceDescription,
    pub(crate) caps: Caps,
    pub(crate) service: Service,
    pub(crate) battery: bool,
    /// The polarity is not the one with which the device came into service.
    pub(crate) reversed: bool,
    pub(crate) messages: Messages,
    pub(crate) open: Option<Open>,
    /// The device was removed; the entry goes when the host has closed the line.
    pub(crate) removed: bool,
    remove_told: bool,
    close_told: bool,

    pub(crate) hook: Hook,
    /// Loop current was witnessed since the running call began.
    pub(crate) off_seen: bool,
    /// The device was lost while off hook.
    hook_unsure: bool,
    /// Before this the exchange might take a new seizure for a flash.
    pub(crate) guard_until: Time,

    /// The call attached to the line: the one whose party hears and is heard. A conference counts as one.
    pub(crate) current: Option<CallHandle>,
    /// The others.
    pub(crate) parties: Parties,
    /// The switch procedure under way.
    pub(crate) procedure: Option<Box<Running>>,
    /// When the last flash is over; none: nothing flashed, or that was long enough ago.
    pub(crate) flash_over: Option<Time>,
    /// Dial tone is on the line, as far as heard.
    pub(crate) dial_tone: bool,
    /// Requests of the line itself.
    pub(crate) requests: Ledger,
    /// What is known of the exchange's services.
    pub(crate) services: Services,
    /// The call the host was asked about.
    pub(crate) offer: Option<CallHandle>,
    /// All calls of the open line.
    pub(crate) calls: Vec<CallHandle>,
    /// Calls that count, and how many the host was told of.
    pub(crate) counted: u32,
    counted_told: u32,

    pub(crate) action: Option<CallAction>,
    release: Option<Release>,
    pub(crate) ringing: Ringing,
    /// Caller identification that came before its ring.
    pub(crate) caller: Option<CallerId>,
    pub(crate) digits: Digits,
    pub(crate) media: Media,
    pub(crate) timers: Timers,
    /// The deadline entered for this line.
    pub(crate) scheduled: Option<Time>,
}

impl Line {
    pub(crate) fn new(index: u16, description: DeviceDescription) -> Self {
        Self {
            index,
            description,
            caps: Caps::empty(),
            service: Service::Starting,
            battery: true,
            reversed: false,
            messages: Messages::None,
            open: None,
            removed: false,
            remove_told: false,
            close_told: false,
            hook: Hook::On,
            off_seen: false,
            hook_unsure: false,
            guard_until: Time::ZERO,
            current: None,
            parties: Parties::default(),
            procedure: None,
            flash_over: None,
            dial_tone: false,
            requests: Ledger::default(),
            services: Services::default(),
            offer: None,
            calls: Vec::new(),
            counted: 0,
            counted_told: 0,
            action: None,
            release: None,
            ringing: Ringing::default(),
            caller: None,
            digits: Digits::default(),
            media: Media::default(),
            timers: Timers::default(),
            scheduled: None,
        }
    }

    pub(crate) const fn id(&self) -> DeviceId {
        self.description.id
    }

    /// # Errors
    /// `NODRIVER` when the device is gone, `RESOURCEUNAVAIL` when it is not in service.
    pub(crate) fn ready(&self) -> Result<(), LineErr> {
        match self.service {
            Service::Ready => Ok(()),
            Service::Gone => Err(LineErr::NODRIVER),
            Service::Starting | Service::Lost => Err(LineErr::RESOURCEUNAVAIL),
        }
    }

    /// Whether a hang-up is under way.
    pub(crate) const fn is_releasing(&self) -> bool {
        self.release.is_some()
    }

    /// Whether a call could be made now.
    pub(crate) fn is_free(&self) -> bool {
        self.service == Service::Ready
            && self.current.is_none()
            && self.parties.is_empty()
            && !self.has_procedure()
            && !self.services.waits()
            && !self.ringing.active
            && self.offer.is_none()
    }

    /// Whether an answer is under way for this call.
    pub(crate) fn is_answering(&self, h: CallHandle) -> bool {
        self.action.is_some_and(|a| a.call == h && matches!(a.what, Doing::Answering { .. }))
    }

    /// Takes in what the device said.
    pub(crate) fn event(&mut self, sh: &mut Shared, event: LineEvent, now: Time) {
        // Whoever it is meant for, the line is as it is.
        self.reversed ^= event == LineEvent::PolarityReversed && self.service == Service::Ready;
        match event {
            LineEvent::Ready(caps) => self.back(sh, caps, now),
            LineEvent::Lost(loss) => self.lost(sh, loss, now),
            LineEvent::Battery(present) => self.cable(sh, present),
            // A device that is out of service has nothing to say about calls.
            _ if self.service != Service::Ready => {}
            LineEvent::Done { action, outcome } => self.done(sh, action, outcome, now),
            // What the exchange says to a procedure is none of a call's business.
            _ if self.procedure_event(sh, &event, now) => {}
            LineEvent::Ring { pattern } => self.ring(sh, pattern, now),
            LineEvent::RingStopped => self.ring_stopped(sh, now),
            LineEvent::CallerId(id) => self.caller_id(sh, &id, now),
            LineEvent::OffHook => self.went_off_hook(sh, now),
            LineEvent::OnHook => self.went_on_hook(sh, now),
            LineEvent::Dialing => self.dialing(sh, now),
            LineEvent::Dialed => self.dialed(sh, now),
            LineEvent::Tone(tone) => {
                self.first_dial_tone(sh, tone);
                self.dial_tone = matches!(tone, ProgressTone::Dial | ProgressTone::StutterDial);
                let talks = self.current.is_some_and(|h| self.talks(sh, h));
                let grace = self.flash_over.map(|at| at + RECALL_GRACE).filter(|until| now < *until);
                match grace.filter(|_| self.dial_tone && talks) {
                    // The exchange waits whether an order follows the flash. If it stays the call is over.
                    Some(until) => self.timers.start(Timer::Recall, until),
                    None => self.progress(sh, Witness::Tone(tone), now),
                }
            }
            LineEvent::ToneEnded => {
                self.dial_tone = false;
                self.progress(sh, Witness::ToneEnded, now);
            }
            LineEvent::Answered(how) => self.answered(sh, how, now),
            LineEvent::PolarityReversed => self.polarity_reversed(sh, now),
            LineEvent::Released(how) => self.released(sh, how, now),
            LineEvent::Digit(digit) => self.digit(sh, digit, now),
            LineEvent::MessageWaiting(on) => self.message_waiting(sh, on),
            LineEvent::CallWaiting => self.call_waits(sh, now),
            LineEvent::Media(sign) => self.media_heard(sh, sign, now),
            LineEvent::CustomTone(index) => self.tone_heard(sh, index, now),
        }
        self.settle(sh, now);
    }

    /// Fires the timers that are due.
    pub(crate) fn expire(&mut self, sh: &mut Shared, now: Time) {
        let mut any = false;
        while let Some(timer) = self.timers.pop_due(now) {
            any = true;
            self.fire(sh, timer, now);
        }
        if any {
            self.settle(sh, now);
        }
    }

    fn fire(&mut self, sh: &mut Shared, timer: Timer, now: Time) {
        match timer {
            Timer::Procedure => self.procedure_timer(sh, now),
            Timer::Waiting => self.waiting_gone(sh, now),
            Timer::Recall if self.dial_tone => self.progress(sh, Witness::Tone(ProgressTone::Dial), now),
            Timer::Recall => {}
            Timer::RingBack => self.no_ring_back(sh, now),
            Timer::CallAction => self.action_failed(sh, Failure::Timeout, now),
            Timer::Release => self.release_failed(sh, Failure::Timeout, now),
            Timer::Send => self.sending_ended(sh, Outcome::Failed(Failure::Timeout), now),
            Timer::CancelSend => self.cancelling_ended(sh, now),
            Timer::Listen => self.digits.listening = None,
            Timer::WatchTones => self.watch_ended(Outcome::Failed(Failure::Timeout)),
            Timer::Speaker => self.speaker_ended(sh, Outcome::Failed(Failure::Timeout)),
            Timer::Medium => self.medium_lasts(sh, now),
            Timer::Ringing => self.ring_stopped(sh, now),
            Timer::CallerId => self.caller = None,
            Timer::NoAnswer => {
                if let Some(h) = self.current
                    && self.witness(sh, h, Witness::NoAnswer, now)
                {
                    self.release(sh, now);
                }
            }
            Timer::DialTone => {
                if let Some(h) = self.current
                    && sh.call(h).is_some_and(|c| c.state.is_none())
                    && self.witness(sh, h, Witness::NoDialTone, now)
                {
                    self.release(sh, now);
                }
            }
            Timer::Settle => self.end_unexplained(sh, now),
            // Only wakes the line up.
            Timer::HookGuard => {}
            Timer::Gather => self.gather_timeout(sh, now),
            Timer::Completion => self.completions_expire(sh, now),
            Timer::Remove => self.tell_removed(sh),
        }
    }

    fn done(&mut self, sh: &mut Shared, id: ActionId, outcome: Outcome, now: Time) {
        if let Some(action) = self.action.filter(|a| a.id == id) {
            match outcome {
                Outcome::Ok => {
                    self.action = None;
                    self.timers.stop(Timer::CallAction);
                    self.action_done(sh, action, now);
                }
                Outcome::Failed(failure) => self.action_failed(sh, failure, now),
            }
        } else if self.procedure_done(sh, id, outcome, now) {
        } else if let Some(release) = self.release.filter(|r| r.id == id) {
            match outcome {
                Outcome::Failed(failure) if failure != Failure::WrongState && !release.down => {
                    self.release_failed(sh, failure, now);
                }
                _ => {
                    if !release.down {
                        self.line_down(sh, now);
                    }
                    self.release = None;
                    self.timers.stop(Timer::Release);
                }
            }
        } else {
            self.digits_done(sh, id, outcome, now);
        }
    }

    /// What follows any input: waiting actions start, a ringing is offered, counts are told.
    pub(crate) fn settle(&mut self, sh: &mut Shared, now: Time) {
        self.forget_gathering(sh, now);
        self.start_next(sh, now);
        self.start_service(sh, now);
        if self.parties.heard && !self.has_procedure() {
            self.parties.heard = false;
            self.call_waits(sh, now);
        }
        self.consider_offer(sh, now);
        self.follow_listeners(sh, now);
        if self.counted != self.counted_told {
            self.tell_counts(sh);
        }
        self.tell_rings(sh);
    }

    /// Moves a call to the state this witness leads to; false when it leads nowhere.
    pub(crate) fn witness(&mut self, sh: &mut Shared, h: CallHandle, witness: Witness, now: Time) -> bool {
        let Some(call) = sh.call(h) else { return false };
        let Some(to) = call::next(call.state, call.address, witness) else { return false };
        self.enter(sh, h, to, now)
    }

    /// Moves a call to a state, if the call model allows the step.
    pub(crate) fn enter(&mut self, sh: &mut Shared, h: CallHandle, to: CallState, now: Time) -> bool {
        let Some(call) = sh.call(h) else { return false };
        if !call::legal(call.state, to) {
            return false;
        }
        self.trigger(sh, h, Trigger::State(to));
        let over = matches!(to, CallState::Disconnected(_) | CallState::Idle);
        if over {
            self.end_digits(sh, h, now);
            // What was asked of the call cannot be done any more.
            sh.complete_all(h, |purpose| purpose != Purpose::Drop, Err(LineErr::OPERATIONFAILED));
        }
        if to == CallState::Idle {
            // Whoever wanted its end has it.
            sh.complete_all(h, |_| true, Ok(()));
        }
        let Some(call) = sh.call_mut(h) else { return false };
        if over {
            call.queue.clear();
        }
        if to == CallState::Idle && call.counts() {
            self.counted = self.counted.saturating_sub(1);
            self.owe_again();
        }
        call.state = Some(to);
        call.entered = now;
        let message = call.state_message(h);
        let no_answer = call.no_answer_timeout;
        sh.notify(message);
        if self.current == Some(h) {
            self.timers.stop(Timer::DialTone);
            match to {
                CallState::Proceeding | CallState::Ringback => {
                    if !no_answer.is_zero() && !self.timers.runs(Timer::NoAnswer) {
                        self.timers.start(Timer::NoAnswer, now + no_answer);
                    }
                }
                _ => self.timers.stop(Timer::NoAnswer),
            }
            if over {
                self.timers.stop(Timer::Settle);
            }
            if to == CallState::Idle {
                self.detach();
            }
        }
        if over {
            self.party_over(sh, h, to, now);
        }
        true
    }

    /// The call attached to the line is so no more.
    pub(crate) fn detach(&mut self) {
        self.current = None;
        self.off_seen = false;
        self.stop_call_timers();
    }

    pub(crate) fn stop_call_timers(&mut self) {
        for timer in [Timer::NoAnswer, Timer::DialTone, Timer::Settle] {
            self.timers.stop(timer);
        }
    }

    /// The host may be told of this call from now on.
    pub(crate) fn announce(&mut self, sh: &mut Shared, h: CallHandle) {
        if let Some(call) = sh.call_mut(h)
            && !call.announced
        {
            call.announced = true;
            self.counted += 1;
        }
    }

    // ---- telling the host ----

    /// Tells a change of the line's state if the host wants to hear of it.
    pub(crate) fn tell_line(&self, sh: &mut Shared, bit: u32, state: LineState) {
        if let Some(open) = &self.open
            && open.line_states & bit != 0
            && !self.close_told
        {
            sh.notify(Notification::LineState { host_line: open.host, line: open.handle, state });
        }
    }

    /// Tells changes of the address (`LINEADDRESSSTATE_` bits) if the host wants to hear of them.
    pub(crate) fn tell_address(&self, sh: &mut Shared, what: u32) {
        if let Some(open) = &self.open
            && open.address_states & what != 0
            && !self.close_told
        {
            let what = open.address_states & what;
            sh.notify(Notification::AddressState { host_line: open.host, line: open.handle, address: 0, what });
        }
    }

    fn tell_counts(&mut self, sh: &mut Shared) {
        let crossed = |n: u32| (self.counted == n) != (self.counted_told == n);
        let mut what = address_state::NUM_CALLS;
        if crossed(0) {
            what |= if self.counted == 0 { address_state::IN_USE_ZERO } else { address_state::IN_USE_ONE };
        }
        self.counted_told = self.counted;
        self.tell_address(sh, what);
        self.tell_line(sh, line_state::NUM_CALLS, LineState::NumCalls);
    }

    /// Whether the host can be offered calls now.
    pub(crate) fn takes_calls(&self) -> bool {
        !self.close_told && self.open.as_ref().is_some_and(|open| !open.media.is_empty())
    }

    /// The media of a call that comes in.
    pub(crate) fn incoming_media(&self) -> MediaModes {
        let wanted = self.open.as_ref().map_or(MediaModes::empty(), |open| open.media);
        let possible = wanted & params::media(self.caps);
        if wanted.bits().count_ones() == 1 { wanted } else { possible | MediaModes::UNKNOWN }
    }
}
