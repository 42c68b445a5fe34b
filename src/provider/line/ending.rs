//! Calls end, for the host or with the line.

use crate::call::Witness;
use crate::line::{Hook, Line, Service, Shared};
use crate::request::Purpose;
use crate::timers::Timer;
use crate::{CallHandle, CallState, LineErr, RequestId};
use loopstart_signal::Time;

impl Line {
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
}
