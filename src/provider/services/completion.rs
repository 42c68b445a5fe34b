//! Completion of calls: the exchange watches a busy or silent party and calls back.

use super::ServiceErrand;
use crate::call::Witness;
use crate::caps::line_state;
use crate::errand::{Asked, Errand};
use crate::line::{Hook, Line, Shared};
use crate::timers::Timer;
use crate::{BusyMode, CallFeatures, CallHandle, CallInfoChange, CallReason, CallState, LineErr, LineState, RequestId};
use alloc::vec::Vec;
use loopstart_signal::Time;
use loopstart_signal::plan::{Service, Step, Waits};

/// Completions that can be outstanding.
pub(crate) const MAX_COMPLETIONS: usize = 5;

/// All `LINECALLCOMPLMODE_` bits.
const MODES: u32 = 0xf;

/// A completion that the exchange has taken.
#[derive(Clone, Copy, Debug)]
struct Completion {
    id: u32,
    /// When the exchange forgets it; none: it does not.
    until: Option<Time>,
}

/// The outstanding completions of a line.
#[derive(Debug, Default)]
pub(super) struct Completions {
    /// Oldest first.
    open: Vec<Completion>,
    /// The number given last.
    last: u32,
}

impl Completions {
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap_or(u32::MAX)
    }

    fn has(&self, id: u32) -> bool {
        self.open.iter().any(|c| c.id == id)
    }

    fn number(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1).max(1);
        self.last
    }
}

impl Line {
    /// How this call could be completed now: not when others are on the line.
    pub(super) fn completion_service(&self, sh: &Shared, h: CallHandle) -> Option<Service> {
        let call = sh.call(h).filter(|c| c.announced && !c.is_incoming())?;
        if self.current != Some(h) || !self.parties.is_empty() || !self.is_quiet() || self.is_dialling(h) {
            return None;
        }
        let service = match call.state? {
            CallState::Busy(BusyMode::Station | BusyMode::Unknown) => Service::CompleteBusy,
            CallState::Ringback | CallState::Proceeding => Service::CompleteNoAnswer,
            _ => return None,
        };
        self.service_procedure(service).map(|_| service)
    }

    /// Has the exchange call back when the party is free. The number counts once the request completed.
    pub(super) fn complete_call(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        mode: u32,
        now: Time,
    ) -> Result<u32, LineErr> {
        let feature = self.demand_service(sh, h, CallFeatures::COMPLETE_CALL);
        if !matches!(feature, Err(LineErr::INVALCALLHANDLE)) && (mode.count_ones() != 1 || mode & !MODES != 0) {
            return Err(LineErr::INVALCALLCOMPLMODE);
        }
        feature?;
        if mode != super::CALLBACK {
            return Err(LineErr::INVALCALLCOMPLMODE);
        }
        let service = self.completion_service(sh, h).ok_or(LineErr::INVALCALLSTATE)?;
        let procedure = self.service_procedure(service).ok_or(LineErr::OPERATIONUNAVAIL)?;
        if self.services.completions.open.len() >= MAX_COMPLETIONS {
            return Err(LineErr::COMPLETIONOVERRUN);
        }
        let mut steps = procedure.fill(&Default::default()).map_err(|_| LineErr::OPERATIONUNAVAIL)?;
        if procedure.starts_idle() {
            // A code for the idle line: this call is over first.
            steps.insert(0, Step::OnHook);
        }
        // What the call's state tells need not be heard again.
        let known = match service {
            Service::CompleteBusy => Waits::BUSY,
            _ => Waits::RINGBACK,
        };
        if matches!(steps.first(), Some(Step::Wait(waits)) if waits.intersects(known)) {
            steps.remove(0);
        }
        let first = steps.first() == Some(&Step::OnHook);
        let ends = steps.contains(&Step::OnHook);
        let asked = Self::ask_of_call(sh, h, request)?;
        let id = self.services.completions.number();
        let errand = ServiceErrand::Complete { asked, call: h, id, first, ends };
        self.begin_procedure(sh, Errand::Service(errand), steps, now);
        Ok(id)
    }

    pub(super) fn completion_ended(
        &mut self,
        sh: &mut Shared,
        (asked, told): (Asked, Result<(), LineErr>),
        h: CallHandle,
        id: u32,
        (first, ends, flashed): (bool, bool, bool),
        now: Time,
    ) {
        self.completed(sh, asked, told);
        if told.is_ok() {
            let until = self.description.plan.callback_life.map(|life| now + life);
            self.services.completions.open.push(Completion { id, until });
            self.follow_completions();
            self.tell_line(sh, line_state::NUM_COMPLETIONS, LineState::NumCompletions);
            if ends || self.hook == Hook::On {
                self.enter(sh, h, CallState::Idle, now);
            }
        } else if self.current == Some(h) && (first || self.hook == Hook::On) {
            // Hung up for it, in vain: the call is over all the same.
            self.witness(sh, h, Witness::Ended, now);
            if self.hook == Hook::Off {
                self.release(sh, now);
            }
        } else if flashed {
            self.restore_after(sh, h, now);
        }
    }

    /// Gives completions up. Exchanges have one code for all of them.
    pub(super) fn uncomplete_call(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        id: u32,
        now: Time,
    ) -> Result<(), LineErr> {
        self.ready()?;
        let procedure = self.service_procedure(Service::CompleteBusyOff).ok_or(LineErr::OPERATIONUNAVAIL)?;
        if !self.services.completions.has(id) {
            return Err(LineErr::INVALCOMPLETIONID);
        }
        let steps = procedure.fill(&Default::default()).map_err(|_| LineErr::OPERATIONUNAVAIL)?;
        self.demand_idle()?;
        let asked = self.ask_of_line(request)?;
        self.when_idle(sh, ServiceErrand::Uncomplete { asked, id }, steps, now);
        Ok(())
    }

    pub(super) fn uncompleted(&mut self, sh: &mut Shared, (asked, told): (Asked, Result<(), LineErr>), id: u32) {
        self.completed(sh, asked, told);
        if told.is_err() {
            return;
        }
        for other in core::mem::take(&mut self.services.completions.open) {
            if other.id != id {
                self.tell_line(sh, line_state::COMPLETION_CANCEL, LineState::CompletionCancelled(other.id));
            }
        }
        self.follow_completions();
        self.tell_line(sh, line_state::NUM_COMPLETIONS, LineState::NumCompletions);
    }

    // ---- the exchange calls back ----

    /// The reason and completion of a call that begins to ring in this mode: a distinctive ring while a completion is
    /// outstanding is the exchange calling back.
    pub(crate) fn why_it_rings(&self, mode: u32) -> (CallReason, u32) {
        match self.services.completions.open.first() {
            Some(oldest) if mode > 1 => (CallReason::CallCompletion, oldest.id),
            _ => (CallReason::Unknown, 0),
        }
    }

    /// A cycle of ringing is over, and its pattern known: that of a completion may be the reason of this call.
    pub(crate) fn reason_by_ring(&self, sh: &mut Shared, h: CallHandle) {
        let (reason, completion) = self.why_it_rings(self.ringing.mode);
        if let Some(call) = sh.call_mut(h)
            && completion != 0
            && call.reason == CallReason::Unknown
            && call.is_ringing()
        {
            (call.reason, call.completion) = (reason, completion);
            let message = call.info_message(h, CallInfoChange::REASON | CallInfoChange::COMPLETION_ID);
            sh.notify(message);
        }
    }

    /// A call was answered: the completion that it comes from is used up.
    pub(crate) fn completion_used(&mut self, sh: &mut Shared, h: CallHandle) {
        let Some(id) = sh.call(h).map(|c| c.completion).filter(|id| self.services.completions.has(*id)) else { return };
        self.services.completions.open.retain(|c| c.id != id);
        self.follow_completions();
        self.tell_line(sh, line_state::NUM_COMPLETIONS, LineState::NumCompletions);
    }

    /// The exchange has forgotten completions.
    pub(crate) fn completions_expire(&mut self, sh: &mut Shared, now: Time) {
        let mut gone = Vec::new();
        self.services.completions.open.retain(|c| {
            let over = c.until.is_some_and(|until| until <= now);
            if over {
                gone.push(c.id);
            }
            !over
        });
        for &id in &gone {
            self.tell_line(sh, line_state::COMPLETION_CANCEL, LineState::CompletionCancelled(id));
        }
        if !gone.is_empty() {
            self.tell_line(sh, line_state::NUM_COMPLETIONS, LineState::NumCompletions);
        }
        self.follow_completions();
    }

    /// Waits for the end of the completion that ends next.
    pub(super) fn follow_completions(&mut self) {
        match self.services.completions.open.iter().filter_map(|c| c.until).min() {
            Some(until) => self.timers.start(Timer::Completion, until),
            None => self.timers.stop(Timer::Completion),
        }
    }
}
