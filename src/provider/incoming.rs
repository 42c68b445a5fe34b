//! Calls that come in: ringing, caller identification, offering, answering.

use crate::call::{Call, Witness};
use crate::caps::{RING_MODES, line_state};
use crate::line::{CallAction, Doing, Hook, Line, MAX_CALLS, Service, Shared};
use crate::request::Purpose;
use crate::timers::{ACTION_WATCH, CALLER_ID_KEPT, RING_SILENCE, Timer};
use crate::{
    CallHandle, CallInfoChange, CallOrigin, CallReason, CallState, DisconnectMode, HostCall, LineErr, LineState,
    Output, PartyFlags, RequestId,
};
use loopstart_signal::{ActionKind, CallerId, Caps, Failure, Time};

/// Most ring messages that are made up for after a slow answer to an offer.
const MAX_LATE_RINGS: u32 = 8;

/// The ringing of a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ringing {
    /// It rings.
    pub(crate) active: bool,
    /// Ring mode, from 1; 0 when silent.
    pub(crate) mode: u32,
    /// Rings so far.
    pub(crate) rings: u32,
    /// Rings the host was told of.
    told: u32,
    /// The host does not want this call: it rings out unheard.
    pub(crate) swallow: bool,
    /// It stopped while an answer was under way.
    stopped: bool,
}

impl Line {
    /// A ring that a procedure waited for.
    pub(crate) fn note_ring(&mut self, pattern: u8, now: Time) {
        self.ringing.active = true;
        self.ringing.swallow = true;
        self.ringing.mode = u32::from(pattern).clamp(1, RING_MODES);
        self.timers.start(Timer::Ringing, now + RING_SILENCE);
    }

    pub(crate) fn ring(&mut self, sh: &mut Shared, pattern: u8, now: Time) {
        if self.ring_back(sh, now) {
            self.timers.start(Timer::Ringing, now + RING_SILENCE);
            return;
        }
        if let Some(h) = self.current {
            let Some(call) = sh.call(h) else { return };
            if matches!(call.state, Some(CallState::Disconnected(_))) {
                // Only a line on hook can ring: the old call is over.
                if !self.is_releasing() {
                    self.on_hook(now);
                    self.parties_down(sh, now);
                    let engaged = self.is_engaged(h);
                    self.witness(sh, h, Witness::Dropped, now);
                    if engaged {
                        self.release(sh, now);
                    }
                }
            } else if !call.is_incoming() {
                if call.announced {
                    // A line off hook does not ring.
                    return;
                }
                if !call.started && !self.is_releasing() {
                    self.fail_unborn(sh, h, LineErr::CALLUNAVAIL, now);
                }
                // Else it is for the device to tell whether the ring or the seizure won.
            } else if call.is_up() {
                return;
            }
        }
        if !self.ringing.active {
            self.ringing = Ringing { active: true, ..Ringing::default() };
        }
        self.ringing.stopped = false;
        self.ringing.mode = u32::from(pattern).clamp(1, RING_MODES);
        self.ringing.rings = self.ringing.rings.saturating_add(1);
        self.timers.start(Timer::Ringing, now + RING_SILENCE);
        if self.ringing.rings >= 2
            && let Some(h) = self.current
        {
            self.no_caller_id(sh, h);
            self.reason_by_ring(sh, h);
        }
    }

    /// Caller identification comes before the second ring and before the answer, or hardly at all.
    fn no_caller_id(&self, sh: &mut Shared, h: CallHandle) {
        if let Some(call) = sh.call_mut(h)
            && call.caller_id_flags == PartyFlags::UNKNOWN
        {
            call.caller_id_flags = PartyFlags::UNAVAIL;
            let message = call.info_message(h, CallInfoChange::CALLER_ID);
            sh.notify(message);
        }
    }

    /// The host does not want the ringing call. A loop cannot reject ringing: let it ring out.
    pub(crate) fn ring_out(&mut self) {
        if self.off_seen || self.ringing.stopped {
            // We were in the call, or it stopped while we took it: this ringing is over.
            self.ringing = Ringing::default();
            self.timers.stop(Timer::Ringing);
        } else {
            self.ringing.swallow = self.ringing.active;
        }
    }

    pub(crate) fn ring_stopped(&mut self, sh: &mut Shared, now: Time) {
        self.timers.stop(Timer::Ringing);
        if let Some(h) = self.current
            && self.is_answering(h)
        {
            // Our going off hook stops the ringing too; the end of the answer will tell.
            self.ringing.stopped = true;
            return;
        }
        self.ringing = Ringing::default();
        // Who rang is not who rings next.
        self.caller = None;
        self.timers.stop(Timer::CallerId);
        self.caller_gone(sh, now);
    }

    fn caller_gone(&mut self, sh: &mut Shared, now: Time) {
        let Some(h) = self.current.filter(|_| !self.is_releasing()) else { return };
        if self.offer == Some(h) {
            self.abandon(sh, h, DisconnectMode::Unavail);
        } else if sh.call(h).is_some_and(Call::is_ringing) {
            self.witness(sh, h, Witness::RingStopped, now);
            if self.hook == Hook::On {
                self.finish_alone(sh, h, now);
            }
        }
    }

    /// Ends a call of which nothing is left on the line.
    fn finish_alone(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        sh.complete_all(h, |_| true, Err(LineErr::OPERATIONFAILED));
        self.witness(sh, h, Witness::Dropped, now);
    }

    /// The call ended before the host had taken it.
    pub(crate) fn abandon(&mut self, sh: &mut Shared, h: CallHandle, why: DisconnectMode) {
        if let Some(call) = sh.call_mut(h) {
            call.abandoned = Some(why);
        }
        self.detach();
    }

    pub(crate) fn caller_id(&mut self, sh: &mut Shared, id: &CallerId, now: Time) {
        match self.current.and_then(|h| Some((h, sh.call_mut(h)?))) {
            Some((h, call)) if call.is_incoming() && !call.is_up() => {
                if call.identify(id) {
                    let message = call.info_message(h, CallInfoChange::CALLER_ID);
                    sh.notify(message);
                }
            }
            // Some other caller, during a call of ours.
            Some((_, call)) if call.is_up() => self.waiting_caller(sh, id, now),
            _ => {
                self.caller = Some(*id);
                self.timers.start(Timer::CallerId, now + CALLER_ID_KEPT);
            }
        }
    }

    /// Whether this one ring may be the exchange's reminder that a call was forwarded, which cannot be answered: it is short,
    /// comes once and tells no caller. A modem says no more of it than `RING`.
    fn may_be_alert(&self) -> bool {
        self.ringing.rings < 2
            && self.ringing.mode <= 1
            && self.caller.is_none()
            && self.description.plan.reminder_ring.is_some()
            && self.forwards_all()
    }

    /// Offers a ringing to the host when it can be.
    pub(crate) fn consider_offer(&mut self, sh: &mut Shared, now: Time) {
        if !self.ringing.active
            || self.ringing.swallow
            || self.may_be_alert()
            || self.current.is_some()
            || self.offer.is_some()
            || self.is_releasing()
            || self.service != Service::Ready
            || !self.takes_calls()
            || self.calls.len() >= MAX_CALLS
        {
            return;
        }
        let number = sh.number_call();
        let Some(open) = &self.open else { return };
        let (line, host) = (open.handle, open.host);
        let unknown = if self.caps.contains(Caps::CALLER_ID) { PartyFlags::UNKNOWN } else { PartyFlags::UNAVAIL };
        let mut call = Call::new(self, open, CallOrigin::Inbound, number, now);
        call.media = self.incoming_media();
        (call.reason, call.completion) = self.why_it_rings(self.ringing.mode);
        if call.reason == CallReason::Unknown && self.is_reminder(now) {
            call.reason = CallReason::Reminder;
        }
        call.caller_id_flags = unknown;
        if let Some(id) = self.caller.take() {
            self.timers.stop(Timer::CallerId);
            call.identify(&id);
        }
        // No room: the ringing is offered again with the next ring.
        let Ok((slot, generation)) = sh.calls.insert(call) else { return };
        let h = CallHandle::new(slot, generation);
        self.calls.push(h);
        self.current = Some(h);
        self.offer = Some(h);
        self.off_seen = false;
        sh.out.push_back(Output::Offer { host, line, call: h });
    }

    /// The host's answer to an offer.
    pub(crate) fn offered(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        host: Option<HostCall>,
        now: Time,
    ) -> Result<(), LineErr> {
        if self.offer != Some(h) {
            return Err(LineErr::INVALCALLHANDLE);
        }
        let Some(host) = host else {
            self.close_call(sh, h, now);
            return Ok(());
        };
        self.offer = None;
        let Some(call) = sh.call_mut(h) else { return Err(LineErr::INVALCALLHANDLE) };
        call.host = Some(host);
        let abandoned = call.abandoned;
        let known = !call.caller_id_flags.intersects(PartyFlags::UNKNOWN | PartyFlags::UNAVAIL);
        self.announce(sh, h);
        let waits = sh.call(h).is_some_and(|c| c.waits);
        self.witness(sh, h, if waits { Witness::Waits } else { Witness::Offered }, now);
        if known {
            let message = sh.call(h).and_then(|c| c.info_message(h, CallInfoChange::CALLER_ID));
            sh.notify(message);
        }
        match abandoned {
            Some(DisconnectMode::Unavail) => {
                self.witness(sh, h, Witness::RingStopped, now);
                self.finish_alone(sh, h, now);
            }
            Some(_) => {
                self.witness(sh, h, Witness::Broken, now);
            }
            None => {}
        }
        self.settle(sh, now);
        Ok(())
    }

    /// Tells the host of rings it has not heard of.
    pub(crate) fn tell_rings(&mut self, sh: &mut Shared) {
        if !self.ringing.active || self.offer.is_some() || self.current.is_none() && self.may_be_alert() {
            return;
        }
        let Ringing { mode, rings, told, .. } = self.ringing;
        self.ringing.told = rings;
        for count in told.max(rings.saturating_sub(MAX_LATE_RINGS))..rings {
            self.tell_line(sh, line_state::RINGING, LineState::Ringing { mode, count });
        }
    }

    /// Claims an offered call. Nobody but the host needs to know.
    pub(crate) fn accept(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        now: Time,
    ) -> Result<(), LineErr> {
        let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        let offered = matches!(call.state, Some(CallState::Offering(_))) && !call.requests.has(Purpose::Drop);
        if !offered || self.is_answering(h) {
            return Err(LineErr::INVALCALLSTATE);
        }
        sh.complete(h, request, Ok(()));
        self.witness(sh, h, Witness::Accepted, now);
        Ok(())
    }

    /// Answers an offered call.
    pub(crate) fn answer(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        now: Time,
    ) -> Result<(), LineErr> {
        if self.parties.waiting == Some(h) {
            return self.answer_waiting(sh, request, h, now);
        }
        // A service that was being asked for as it rang has the line until it ends.
        let busy = self.action.is_some() || self.is_releasing() || self.has_procedure();
        let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
        if busy || !call.is_ringing() || self.current != Some(h) || call.requests.has(Purpose::Drop) {
            return Err(LineErr::INVALCALLSTATE);
        }
        self.ready()?;
        call.requests.enter(request, Purpose::Answer)?;
        call.started = true;
        let id = sh.act(self.id(), ActionKind::Answer);
        self.action = Some(CallAction { id, call: h, what: Doing::Answering { request } });
        self.hook = Hook::Off;
        self.off_seen = false;
        self.timers.start(Timer::CallAction, now + ACTION_WATCH);
        Ok(())
    }

    /// We took the call.
    pub(crate) fn answer_done(&mut self, sh: &mut Shared, h: CallHandle, request: RequestId, now: Time) {
        self.ringing = Ringing::default();
        self.timers.stop(Timer::Ringing);
        if sh.call_mut(h).is_some_and(|c| c.requests.strike(request)) {
            sh.complete(h, request, Ok(()));
        }
        self.witness(sh, h, Witness::Taken, now);
        self.completion_used(sh, h);
        self.no_caller_id(sh, h);
    }

    /// We did not.
    pub(crate) fn answer_failed(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        request: RequestId,
        failure: Failure,
        now: Time,
    ) {
        if failure != Failure::Timeout && !self.off_seen {
            self.hook = Hook::On;
        }
        let error = if failure == Failure::Lost { LineErr::RESOURCEUNAVAIL } else { LineErr::OPERATIONFAILED };
        if sh.call_mut(h).is_some_and(|c| c.requests.strike(request)) {
            sh.complete(h, request, Err(error));
        }
        if self.ringing.stopped {
            self.ringing = Ringing::default();
            self.caller_gone(sh, now);
        }
    }
}
