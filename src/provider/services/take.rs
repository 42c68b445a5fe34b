//! Taking a call that is parked, rings elsewhere, or waits.

use super::ServiceErrand;
use crate::call::{Address as Digits, Call};
use crate::errand::{Asked, Errand};
use crate::line::{Line, MAX_CALLS, Shared};
use crate::request::Purpose;
use crate::{
    Address, CallHandle, CallOrigin, CallReason, CallState, DisconnectMode, HostCall, LineErr, RequestId, dial,
};
use alloc::string::String;
use loopstart_signal::plan::{Fill, Service};
use loopstart_signal::{Number, Time};

impl Line {
    /// Takes a parked call back.
    pub(super) fn unpark(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        address_id: u32,
        host: HostCall,
        at: &Address,
        now: Time,
    ) -> Result<CallHandle, LineErr> {
        self.ready()?;
        self.service_procedure(Service::Unpark).ok_or(LineErr::OPERATIONUNAVAIL)?;
        if address_id != 0 {
            return Err(LineErr::INVALADDRESSID);
        }
        let slot = dial::plain(&at.0)?;
        self.take(sh, request, host, (Service::Unpark, &slot, CallReason::Unpark), now)
    }

    /// Takes a call that rings in the group or at an address; with neither, the waiting call.
    pub(super) fn pickup(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        address_id: u32,
        host: HostCall,
        (address, group): (Option<&Address>, Option<&Address>),
        now: Time,
    ) -> Result<CallHandle, LineErr> {
        self.ready()?;
        if address_id != 0 {
            return Err(LineErr::INVALADDRESSID);
        }
        let (service, digits) = match (address, group) {
            (None, None) => return self.pickup_waiting(sh, request, host, now),
            // Both: at this address, whatever its group.
            (Some(address), _) => {
                self.service_procedure(Service::PickupDirected).ok_or(LineErr::OPERATIONUNAVAIL)?;
                (Service::PickupDirected, dial::plain(&address.0)?)
            }
            (None, Some(group)) => {
                self.service_procedure(Service::PickupGroup).ok_or(LineErr::OPERATIONUNAVAIL)?;
                let own = group.0.trim().is_empty();
                let digits = if own { Ok(String::new()) } else { dial::plain(&group.0) };
                (Service::PickupGroup, digits.map_err(|_| LineErr::INVALGROUPID)?)
            }
        };
        self.take(sh, request, host, (service, &digits, CallReason::Pickup), now)
    }

    /// Takes a call by a procedure of the idle line.
    fn take(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        host: HostCall,
        (service, digits, reason): (Service, &str, CallReason),
        now: Time,
    ) -> Result<CallHandle, LineErr> {
        let procedure = self.service_procedure(service).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let fill = Fill { number: Some(digits), extension: Some(digits), slot: Some(digits), ..Fill::default() };
        let steps = procedure.fill(&fill).map_err(|_| LineErr::OPERATIONUNAVAIL)?;
        self.demand_idle()?;
        let call = self.new_taken(sh, request, host, reason, now)?;
        let asked = Asked { request, owner: Some(call) };
        let slot = (service == Service::Unpark).then(|| Number::new(digits));
        self.when_idle(sh, ServiceErrand::Take { asked, call, slot }, steps, now);
        Ok(call)
    }

    /// A call that is not valid for the host yet, with its request.
    fn new_taken(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        host: HostCall,
        reason: CallReason,
        now: Time,
    ) -> Result<CallHandle, LineErr> {
        if self.calls.len() >= MAX_CALLS {
            return Err(LineErr::NOMEM);
        }
        let number = sh.number_call();
        let open = self.open.as_ref().ok_or(LineErr::INVALLINEHANDLE)?;
        let mut call = Call::new(self, open, CallOrigin::Outbound, number, now);
        call.host = Some(host);
        call.reason = reason;
        call.address = Digits::Complete;
        call.requests.enter(request, Purpose::Switch)?;
        let (slot, generation) = sh.calls.insert(call).map_err(|_| LineErr::NOMEM)?;
        let h = CallHandle::new(slot, generation);
        self.calls.push(h);
        Ok(h)
    }

    /// The codes are out, and the exchange did not refuse: somebody is there.
    pub(super) fn taken(
        &mut self,
        sh: &mut Shared,
        (asked, told): (Asked, Result<(), LineErr>),
        h: CallHandle,
        slot: Option<Number>,
        now: Time,
    ) {
        self.completed(sh, asked, told);
        if let (Ok(()), Some(slot)) = (told, slot) {
            self.services.parked.taken(slot.as_str());
        }
        // Closed meanwhile: the line is hung up.
        let Some(call) = sh.call_mut(h) else { return };
        if told.is_err() {
            call.state = Some(CallState::Idle);
            return;
        }
        call.origin = CallOrigin::Inbound;
        self.announce(sh, h);
        self.take_party(sh, h, now);
    }

    // ---- the waiting call ----

    /// Whether a flash would take a call that waits, seen or not.
    pub(super) fn can_take_unseen(&self, sh: &Shared) -> bool {
        let p = &self.parties;
        self.is_quiet()
            && p.held.is_none()
            && p.conference.is_none()
            && !p.orphan
            && self.current.is_some_and(|h| self.talks(sh, h))
            && self.plain_steps(Service::WaitingAnswer).is_some()
    }

    /// Takes the waiting call as a new one. Where no waiting call was seen the flash is done all the same: there are
    /// devices that cannot hear its tone, and people who can.
    fn pickup_waiting(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        host: HostCall,
        now: Time,
    ) -> Result<CallHandle, LineErr> {
        self.service_procedure(Service::WaitingAnswer).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let (Some(active), Some(steps)) = (self.current, self.plain_steps(Service::WaitingAnswer)) else {
            return Err(LineErr::RESOURCEUNAVAIL);
        };
        let answering = self.parties.waiting.and_then(|w| sh.call(w)).is_some_and(|w| w.requests.has(Purpose::Drop));
        if !self.can_take_unseen(sh) || answering {
            return Err(LineErr::RESOURCEUNAVAIL);
        }
        let h = self.new_taken(sh, request, host, CallReason::Pickup, now)?;
        let related = sh.call(active).map_or(0, |c| c.call_id);
        if let Some(call) = sh.call_mut(h) {
            call.related = related;
        }
        let asked = Asked { request, owner: Some(h) };
        let errand = ServiceErrand::TakeWaiting { asked, call: h, active };
        self.begin_procedure(sh, Errand::Service(errand), steps, now);
        Ok(h)
    }

    pub(super) fn took_waiting(
        &mut self,
        sh: &mut Shared,
        (asked, told): (Asked, Result<(), LineErr>),
        h: CallHandle,
        active: CallHandle,
        flashed: bool,
        now: Time,
    ) {
        self.completed(sh, asked, told);
        if told.is_err() {
            if let Some(call) = sh.call_mut(h) {
                call.state = Some(CallState::Idle);
            }
            if flashed {
                self.restore_after(sh, active, now);
            }
            return;
        }
        if let Some(waiting) = self.parties.waiting {
            let seen = sh.call(waiting).map(|w| (w.caller_id_flags, w.caller_id, w.caller_name, w.media));
            if let (Some(seen), Some(call)) = (seen, sh.call_mut(h)) {
                (call.caller_id_flags, call.caller_id, call.caller_name, call.media) = seen;
            }
            if self.offer == Some(waiting) {
                self.abandon_waiting(sh, waiting);
            } else {
                self.enter(sh, waiting, CallState::Disconnected(DisconnectMode::Pickup), now);
                self.enter(sh, waiting, CallState::Idle, now);
            }
        }
        if let Some(call) = sh.call_mut(h) {
            call.origin = CallOrigin::Inbound;
        }
        self.announce(sh, h);
        self.waiting_taken(sh, h, active, now);
    }
}
