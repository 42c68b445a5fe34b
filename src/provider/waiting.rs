//! Call waiting: a second call during a call, offered, taken by a flash, refused or left alone.

use crate::call::{Call, Witness};
use crate::errand::{Asked, Errand};
use crate::line::{Line, MAX_CALLS, Service, Shared};
use crate::parties::RingBack;
use crate::request::Purpose;
use crate::timers::{Timer, WAITING_SILENCE};
use crate::{
    CallHandle, CallInfoChange, CallOrigin, CallState, ConnectedMode, DisconnectMode, LineErr, OfferingMode, Output,
    PartyFlags, RequestId,
};
use loopstart_signal::plan::Service as PlanService;
use loopstart_signal::{CallerId, Caps, Time};

impl Line {
    /// The tone of a waiting call was heard.
    pub(crate) fn call_waits(&mut self, sh: &mut Shared, now: Time) {
        if self.has_procedure() {
            // Of a call that is known it says nothing new.
            self.parties.heard = self.parties.waiting.is_none();
            return;
        }
        let p = &self.parties;
        if let Some(waiting) = p.waiting {
            if sh.call(waiting).is_some_and(|c| c.state != Some(CallState::Idle)) {
                self.timers.start(Timer::Waiting, now + WAITING_SILENCE);
            }
            return;
        }
        if p.ignored {
            return self.ignore_waiting(now);
        }
        let Some(current) = self.current.filter(|h| self.talks(sh, *h)) else { return };
        if p.held.is_some()
            || p.conference.as_ref().is_some_and(|c| c.parties() > 1)
            || self.is_releasing()
            || self.offer.is_some()
            || !self.takes_calls()
            || self.calls.len() >= MAX_CALLS
        {
            return;
        }
        let number = sh.number_call();
        let Some(open) = &self.open else { return };
        let (line, host) = (open.handle, open.host);
        let mut call = Call::new(self, open, CallOrigin::Inbound, number, now);
        call.media = self.incoming_media();
        call.waits = true;
        if self.caps.contains(Caps::CALLER_ID) {
            call.caller_id_flags = PartyFlags::UNKNOWN;
        }
        call.related = sh.call(current).map_or(0, |c| c.call_id);
        if let Some(id) = self.caller.take() {
            self.timers.stop(Timer::CallerId);
            call.identify(&id);
        }
        let Ok((slot, generation)) = sh.calls.insert(call) else { return };
        let h = CallHandle::new(slot, generation);
        self.calls.push(h);
        self.parties.waiting = Some(h);
        self.offer = Some(h);
        self.timers.start(Timer::Waiting, now + WAITING_SILENCE);
        sh.out.push_back(Output::Offer { host, line, call: h });
    }

    /// The host does not want the waiting call: its tone means nothing from here on, but a flash would still take it.
    pub(crate) fn ignore_waiting(&mut self, now: Time) {
        self.parties.ignored = true;
        self.timers.start(Timer::Waiting, now + WAITING_SILENCE);
    }

    /// Its tone came no more: the caller gave up.
    pub(crate) fn waiting_gone(&mut self, sh: &mut Shared, now: Time) {
        self.parties.ignored = false;
        let Some(h) = self.parties.waiting else { return };
        if self.offer == Some(h) {
            return self.abandon_waiting(sh, h);
        }
        sh.complete_all(h, |_| true, Err(LineErr::OPERATIONFAILED));
        self.witness(sh, h, Witness::RingStopped, now);
        self.witness(sh, h, Witness::Dropped, now);
    }

    /// The waiting call ended before the host had taken it.
    pub(crate) fn abandon_waiting(&mut self, sh: &mut Shared, h: CallHandle) {
        if let Some(call) = sh.call_mut(h) {
            call.abandoned = Some(DisconnectMode::Unavail);
        }
        self.parties.waiting = None;
        self.timers.stop(Timer::Waiting);
    }

    /// Caller identification during a call is the waiting caller's.
    pub(crate) fn waiting_caller(&mut self, sh: &mut Shared, id: &CallerId, now: Time) {
        match self.parties.waiting {
            Some(h) => {
                if let Some(call) = sh.call_mut(h)
                    && call.identify(id)
                {
                    let message = call.info_message(h, CallInfoChange::CALLER_ID);
                    sh.notify(message);
                }
            }
            // Of a call that the host does not want.
            None if self.parties.ignored => {}
            // It came before its tone was told.
            None => {
                self.caller = Some(*id);
                self.timers.start(Timer::CallerId, now + crate::timers::CALLER_ID_KEPT);
            }
        }
    }

    /// Whether a waiting call can be taken now.
    pub(crate) fn can_take_waiting(&self, sh: &Shared, h: CallHandle) -> bool {
        self.parties.waiting == Some(h)
            && self.is_quiet()
            && self.parties.held.is_none()
            && self.current.is_some_and(|c| self.talks(sh, c))
            && self.plain_steps(PlanService::WaitingAnswer).is_some()
    }

    /// Takes the waiting call and holds the active one (`lineAnswer`).
    pub(crate) fn answer_waiting(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        now: Time,
    ) -> Result<(), LineErr> {
        self.ready()?;
        let ringing = sh.call(h).is_some_and(Call::is_ringing);
        if !ringing || !self.can_take_waiting(sh, h) {
            return Err(LineErr::INVALCALLSTATE);
        }
        let (Some(active), Some(steps)) = (self.current, self.plain_steps(PlanService::WaitingAnswer)) else {
            return Err(LineErr::INVALCALLSTATE);
        };
        let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
        call.requests.enter(request, Purpose::Answer)?;
        let asked = Asked { request, owner: Some(h) };
        self.begin_procedure(sh, Errand::TakeWaiting { asked, waiting: h, active }, steps, now);
        Ok(())
    }

    /// The flash went out: active and waiting party have changed places.
    pub(crate) fn waiting_taken(&mut self, sh: &mut Shared, waiting: CallHandle, active: CallHandle, now: Time) {
        self.put_aside(sh, active, CallState::OnHold, now);
        if sh.call(waiting).is_none() {
            // Closed meanwhile: it is on the line all the same, and is ended.
            self.parties.waiting = None;
            self.parties.by_waiting = true;
            let talking = Some(CallState::Connected(ConnectedMode::Active));
            match self.way_back_from(sh, talking, 0).filter(|_| sh.call(active).is_some()) {
                Some(steps) => {
                    let errand = Errand::Retrieve { asked: None, held: active, ended: None, alerts: false };
                    self.begin_procedure(sh, errand, steps, now);
                }
                None => self.release(sh, now),
            }
            return;
        }
        self.take_party(sh, waiting, now);
        self.parties.by_waiting = true;
        if let Some(call) = sh.call_mut(waiting) {
            call.waits = false;
            if call.caller_id_flags == PartyFlags::UNKNOWN {
                call.caller_id_flags = PartyFlags::UNAVAIL;
                let message = call.info_message(waiting, CallInfoChange::CALLER_ID);
                sh.notify(message);
            }
        }
    }

    /// Nobody was given back by ringing: a call that waited is gone.
    pub(crate) fn no_ring_back(&mut self, sh: &mut Shared, now: Time) {
        if let Some(RingBack::Waiting(h)) = self.parties.ring_back.take()
            && self.parties.waiting == Some(h)
        {
            self.waiting_gone(sh, now);
        }
    }

    /// A ring so soon after the hang-up that it is somebody whom the exchange gives back: true when it is dealt with.
    pub(crate) fn ring_back(&mut self, sh: &mut Shared, now: Time) -> bool {
        let Some(back) = self.parties.ring_back.take() else { return false };
        self.timers.stop(Timer::RingBack);
        match back {
            RingBack::Unwanted => {
                self.ringing.active = true;
                self.ringing.swallow = true;
                true
            }
            RingBack::Waiting(h) => {
                if sh.call(h).is_none_or(|c| !c.is_ringing())
                    || self.current.is_some()
                    || self.service != Service::Ready
                {
                    return false;
                }
                self.parties.waiting = None;
                self.timers.stop(Timer::Waiting);
                self.current = Some(h);
                if let Some(call) = sh.call_mut(h) {
                    call.waits = false;
                }
                self.enter(sh, h, CallState::Offering(OfferingMode::Active), now);
                false
            }
        }
    }
}
