//! A line device: whether it works, its hook, its outstanding actions and timers.
//!
//! What a line does for calls that go out is in `outgoing`, for calls that come in in `incoming`, for digits in
//! `digits`. At most one call is attached to the line at a time (`current`); ended calls live on until the host closes
//! them.

use crate::call::{self, Call, Witness};
use crate::caps::{address_state, line_state};
use crate::digits::Digits;
use crate::incoming::Ringing;
use crate::media::Media;
use crate::media_control::Trigger;
use crate::params;
use crate::parties::Parties;
use crate::procedure::Running;
use crate::request::{Ledger, Purpose};
use crate::services::Services;
use crate::slots::Slots;
use crate::timers::{ACTION_WATCH, HOOK_GUARD, RECALL_GRACE, REMOVE_PATIENCE, SETTLE, Timer, Timers};
use crate::{
    CallHandle, CallState, DeviceDescription, DeviceId, DisconnectMode, HostLine, LineErr, LineHandle, LineState,
    MediaModes, Notification, Output, RequestId,
};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use loopstart_signal::{
    ActionId, ActionKind, CallerId, Caps, Failure, LineAction, LineEvent, Loss, Outcome, ProgressTone, Time,
};

/// Most calls one line may have, ended ones that the host has not closed included.
pub(crate) const MAX_CALLS: usize = 256;
/// How often a Release that nobody waits for is tried.
const RELEASE_ATTEMPTS: u32 = 3;

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
    guard_until: Time,

    /// The call attached to the line: the one whose party hears and is heard. A conference counts as one.
    pub(crate) current: Option<CallHandle>,
    /// The others.
    pub(crate) parties: Parties,
    /// The switch procedure under way.
    pub(crate) procedure: Option<Box<Running>>,
    /// When the last flash is over.
    pub(crate) flash_over: Time,
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
            flash_over: Time::ZERO,
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
            LineEvent::OffHook => self.went_off_hook(sh),
            LineEvent::OnHook => self.went_on_hook(sh, now),
            LineEvent::Dialing => self.dialing(sh, now),
            LineEvent::Dialed => self.dialed(sh, now),
            LineEvent::Tone(tone) => {
                self.dial_tone = matches!(tone, ProgressTone::Dial | ProgressTone::StutterDial);
                let talks = self.current.is_some_and(|h| self.talks(sh, h));
                if self.dial_tone && talks && self.flash_over != Time::ZERO && now < self.flash_over + RECALL_GRACE {
                    // The exchange waits whether an order follows the flash. If it stays the call is over.
                    self.timers.start(Timer::Recall, self.flash_over + RECALL_GRACE);
                } else {
                    self.progress(sh, Witness::Tone(tone), now);
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

    // ---- hook ----

    /// Goes on hook. Nothing else is done with the device until it is.
    pub(crate) fn release(&mut self, sh: &mut Shared, now: Time) {
        if self.release.is_some() || self.service != Service::Ready {
            return;
        }
        self.action = None;
        self.timers.stop(Timer::CallAction);
        self.forget_digits(sh, now);
        self.expect_ring_back(sh);
        self.send_release(sh, 1, now);
    }

    fn send_release(&mut self, sh: &mut Shared, attempt: u32, now: Time) {
        let id = sh.act(self.id(), ActionKind::Release);
        self.release = Some(Release { id, attempt, down: false });
        self.timers.start(Timer::Release, now + ACTION_WATCH);
    }

    /// The line is on hook.
    fn line_down(&mut self, sh: &mut Shared, now: Time) {
        self.on_hook(now);
        self.parties_down(sh, now);
        if let Some(release) = &mut self.release {
            release.down = true;
        }
        if let Some(h) = self.current
            && sh.call(h).is_some_and(|c| c.requests.has(Purpose::Drop))
        {
            self.finish_drop(sh, h, now);
        }
    }

    pub(crate) fn on_hook(&mut self, now: Time) {
        if self.hook == Hook::Off {
            self.guard_until = now + HOOK_GUARD;
        }
        self.hook = Hook::On;
        self.off_seen = false;
    }

    fn release_failed(&mut self, sh: &mut Shared, failure: Failure, now: Time) {
        let Some(release) = self.release.take() else { return };
        self.timers.stop(Timer::Release);
        if release.down {
            return;
        }
        if let Some(h) = self.current
            && sh.call(h).is_some_and(|c| c.requests.has(Purpose::Drop))
        {
            let error = if failure == Failure::Lost { LineErr::RESOURCEUNAVAIL } else { LineErr::OPERATIONFAILED };
            sh.complete_all(h, |_| true, Err(error));
        } else if release.attempt < RELEASE_ATTEMPTS {
            self.send_release(sh, release.attempt + 1, now);
        } else {
            self.line_down(sh, now);
        }
    }

    fn went_on_hook(&mut self, sh: &mut Shared, now: Time) {
        if let Some(release) = self.release {
            if !release.down {
                self.line_down(sh, now);
            }
            return;
        }
        let Some(h) = self.current else {
            self.on_hook(now);
            return;
        };
        let Some(call) = sh.call(h) else { return };
        // Before the line was seen off hook this tells nothing new.
        if call.is_up() || matches!(call.state, Some(CallState::Disconnected(_))) {
            let up = call.is_up();
            self.on_hook(now);
            if up && !self.timers.runs(Timer::Settle) {
                // The device hung up by itself; the event that tells why may be on its way.
                self.timers.start(Timer::Settle, now + SETTLE);
            }
        }
    }

    /// Whether the line is off hook, or the device still busy with this call: a Release is needed to end it.
    pub(crate) fn is_engaged(&self, h: CallHandle) -> bool {
        self.hook == Hook::Off || self.action.is_some_and(|a| a.call == h)
    }

    /// When a new call may seize the line, if not now.
    pub(crate) fn guarded(&self, now: Time) -> Option<Time> {
        (self.guard_until > now).then_some(self.guard_until)
    }

    // ---- ending calls ----

    /// Ends a call for the host (`lineDrop`).
    pub(crate) fn drop_call(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        now: Time,
    ) -> Result<(), LineErr> {
        let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
        if call.state == Some(CallState::Idle) || (call.state.is_none() && call.is_incoming()) {
            return Err(LineErr::INVALCALLSTATE);
        }
        let plain = self.parties.is_empty() && !self.has_procedure();
        if !plain {
            return self.drop_party(sh, request, h, now);
        }
        let Some(call) = sh.call_mut(h) else { return Err(LineErr::INVALCALLHANDLE) };
        call.requests.enter(request, Purpose::Drop)?;
        call.queue.clear();
        let (started, ringing) = (call.started, call.is_ringing());
        sh.complete_all(h, |purpose| purpose != Purpose::Drop, Err(LineErr::OPERATIONFAILED));
        self.end_digits(sh, h, now);
        if self.current == Some(h) {
            self.stop_call_timers();
        }
        if ringing {
            self.ring_out();
        }
        if self.current == Some(h) && started && self.is_engaged(h) && self.service == Service::Ready {
            self.release(sh, now);
        } else {
            self.finish_drop(sh, h, now);
        }
        self.settle(sh, now);
        Ok(())
    }

    pub(crate) fn finish_drop(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        sh.complete_all(h, |_| true, Ok(()));
        self.witness(sh, h, Witness::Dropped, now);
    }

    /// A call that never became valid for the host has failed.
    pub(crate) fn fail_unborn(&mut self, sh: &mut Shared, h: CallHandle, error: LineErr, now: Time) {
        sh.complete_all(h, |_| true, Err(error));
        let Some(call) = sh.call_mut(h) else { return };
        call.state = Some(CallState::Idle);
        call.entered = now;
        call.queue.clear();
        let started = call.started;
        if self.current == Some(h) {
            self.detach();
            if self.action.is_some_and(|a| a.call == h) {
                self.action = None;
                self.timers.stop(Timer::CallAction);
            }
            if started && self.hook == Hook::Off {
                self.release(sh, now);
            }
        }
    }

    /// The host's last use of a call.
    pub(crate) fn close_call(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        sh.complete_all(h, |_| true, Err(LineErr::OPERATIONFAILED));
        let Some(call) = sh.calls.remove(h.slot(), h.generation()) else { return };
        self.calls.retain(|&other| other != h);
        if call.counts() {
            self.counted = self.counted.saturating_sub(1);
        }
        self.digits_of_closed(sh, h, now);
        if self.offer == Some(h) {
            self.offer = None;
        }
        if self.close_party(sh, h, &call, now) {
            // Others are on the line.
        } else if self.current == Some(h) {
            if call.is_incoming() {
                self.ring_out();
            }
            self.detach();
            if call.started && self.is_engaged(h) {
                self.release(sh, now);
            }
        }
        self.settle(sh, now);
    }

    /// The host closes the line; nothing of it is left.
    pub(crate) fn close(&mut self, sh: &mut Shared, now: Time) {
        let calls = core::mem::take(&mut self.calls);
        // All requests end before anything else happens.
        for &h in &calls {
            sh.complete_all(h, |_| true, Err(LineErr::OPERATIONFAILED));
        }
        self.end_line_requests(sh, LineErr::OPERATIONFAILED);
        self.leave_all(sh, now);
        self.close_services();
        self.close_media();
        self.open = None;
        for h in calls {
            self.close_call(sh, h, now);
        }
        self.counted = 0;
        self.counted_told = 0;
        self.offer = None;
        self.close_told = false;
        if self.removed {
            self.tell_removed(sh);
        }
        self.settle(sh, now);
    }

    // ---- device ----

    fn back(&mut self, sh: &mut Shared, caps: Caps, now: Time) {
        if self.service == Service::Gone {
            return;
        }
        let was = core::mem::replace(&mut self.service, Service::Ready);
        let old = core::mem::replace(&mut self.caps, caps);
        if was != Service::Ready {
            self.reversed = false;
            self.tell_line(sh, line_state::IN_SERVICE, LineState::InService);
        }
        if old != caps {
            self.tell_line(sh, line_state::CAPS_CHANGE, LineState::CapsChange);
        }
        if core::mem::take(&mut self.hook_unsure) {
            self.hook = Hook::Off;
            self.release(sh, now);
        }
    }

    fn lost(&mut self, sh: &mut Shared, loss: Loss, now: Time) {
        if self.service == Service::Gone {
            return;
        }
        let was = self.service;
        self.service = if loss == Loss::Gone { Service::Gone } else { Service::Lost };
        if was != Service::Lost {
            self.tell_line(sh, line_state::OUT_OF_SERVICE, LineState::OutOfService);
        }
        self.hook_unsure |= self.hook == Hook::Off;
        self.hook = Hook::On;
        self.end_line_requests(sh, LineErr::RESOURCEUNAVAIL);
        self.lose_parties(sh, now);
        self.action = None;
        self.release = None;
        self.ringing = Ringing::default();
        self.caller = None;
        if let Some(h) = self.current {
            let unborn = sh.call(h).is_none_or(|c| !c.announced && !c.is_incoming());
            sh.complete_all(h, |_| true, Err(LineErr::RESOURCEUNAVAIL));
            if unborn {
                self.fail_unborn(sh, h, LineErr::RESOURCEUNAVAIL, now);
            } else if self.offer == Some(h) {
                self.abandon(sh, h, DisconnectMode::Unknown);
            } else {
                self.witness(sh, h, Witness::Broken, now);
            }
        }
        self.digits.reset();
        self.lose_media(sh);
        self.timers.stop_all();
        self.lose_services();
        if self.service == Service::Gone {
            self.tell_close(sh);
        }
    }

    /// The device was removed for good.
    pub(crate) fn remove(&mut self, sh: &mut Shared, now: Time) {
        self.lost(sh, Loss::Gone, now);
        self.removed = true;
        if self.open.is_some() {
            self.timers.start(Timer::Remove, now + REMOVE_PATIENCE);
        } else {
            self.tell_removed(sh);
        }
        self.settle(sh, now);
    }

    fn tell_close(&mut self, sh: &mut Shared) {
        // What changed before must be told before.
        if self.counted != self.counted_told {
            self.tell_counts(sh);
        }
        if let Some(open) = &self.open
            && !self.close_told
        {
            sh.notify(Notification::Close { host_line: open.host, line: open.handle });
            self.close_told = true;
        }
    }

    fn tell_removed(&mut self, sh: &mut Shared) {
        if !self.remove_told {
            self.remove_told = true;
            sh.notify(Notification::Remove { device: self.id() });
        }
    }

    fn cable(&mut self, sh: &mut Shared, present: bool) {
        if self.battery == present {
            return;
        }
        self.battery = present;
        if present {
            self.tell_line(sh, line_state::CONNECTED, LineState::Connected);
        } else {
            self.tell_line(sh, line_state::DISCONNECTED, LineState::Disconnected);
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
