//! Calls whose modem the host speaks to itself (`LINEBEARERMODE_PASSTHROUGH`), and the other parameters of a call.
//!
//! While a call is passed through the device is the host's, through the descriptor that it gets for the class
//! `comm/datamodem`; nothing is heard of the line. It ends when the host sets bearer mode VOICE, or with the call.

use crate::call::{Call, Witness};
use crate::line::{CallAction, Doing, Hook, Line, Shared};
use crate::params::{self, BEARER_PASS_THROUGH, BEARER_VOICE};
use crate::request::Purpose;
use crate::timers::{ACTION_WATCH, Timer};
use crate::{CallFeatures, CallHandle, CallInfoChange, CallState, DialParams, LineErr, RequestId};
use loopstart_signal::{ActionKind, Failure, Time};

/// What can be done with a call that is passed through.
pub(crate) const FEATURES: CallFeatures =
    CallFeatures::DROP.union(CallFeatures::SET_CALL_PARAMS).union(CallFeatures::SET_CALL_DATA);

/// What the host wants to change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewParams {
    pub(crate) request: RequestId,
    pub(crate) bearer_mode: u32,
    pub(crate) min_rate: u32,
    pub(crate) max_rate: u32,
    pub(crate) dial: Option<DialParams>,
}

impl Call {
    /// Whether the host speaks to the modem itself.
    pub(crate) fn is_passed_through(&self) -> bool {
        self.bearer_mode == BEARER_PASS_THROUGH
    }

    /// Whether the device can be asked to hear something of it.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_up() && !self.is_passed_through()
    }
}

impl Line {
    /// Changes bearer mode, rates and dial parameters of a call.
    pub(crate) fn set_call_params(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        new: NewParams,
        now: Time,
    ) -> Result<(), LineErr> {
        params::check_bearer(new.bearer_mode, new.min_rate, new.max_rate, self.caps)?;
        let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        if !call.is_open() {
            return Err(LineErr::INVALCALLSTATE);
        }
        if self.action.is_some_and(|a| a.call == h && matches!(a.what, Doing::Passing { .. })) {
            return Err(LineErr::INVALCALLSTATE);
        }
        if call.bearer_mode != new.bearer_mode {
            self.start_passing(sh, h, new.request, new.bearer_mode == BEARER_PASS_THROUGH, now)?;
        }
        let Some(call) = sh.call_mut(h) else { return Err(LineErr::INVALCALLHANDLE) };
        if let Some(dial) = new.dial {
            call.dial = params::dial(&dial);
        }
        if call.bearer_mode == new.bearer_mode {
            self.tell_params(sh, h, new.request, new.dial.is_some());
        } else if new.dial.is_some() {
            let message = call.info_message(h, CallInfoChange::DIAL_PARAMS);
            sh.notify(message);
        }
        Ok(())
    }

    fn tell_params(&self, sh: &mut Shared, h: CallHandle, request: RequestId, dial: bool) {
        let mut what = CallInfoChange::BEARER_MODE | CallInfoChange::RATE;
        what.set(CallInfoChange::DIAL_PARAMS, dial);
        sh.complete(h, request, Ok(()));
        let message = sh.call(h).and_then(|c| c.info_message(h, what));
        sh.notify(message);
    }

    /// Asks the device to let the host speak to the modem itself, or no more.
    fn start_passing(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        request: RequestId,
        through: bool,
        now: Time,
    ) -> Result<(), LineErr> {
        let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
        let fits = if through {
            call.is_ringing() || matches!(call.state, Some(CallState::Connected(_)))
        } else {
            call.is_up()
        };
        let busy = self.action.is_some() || self.is_releasing() || !call.queue.is_empty() || self.has_procedure();
        // The exchange's side of several parties cannot be left to the host.
        if !fits || busy || self.current != Some(h) || !self.parties.is_empty() {
            return Err(LineErr::INVALCALLSTATE);
        }
        self.ready()?;
        call.requests.enter(request, Purpose::Params)?;
        call.started = true;
        // The host may take the line as soon as it can.
        self.hook = Hook::Off;
        let id = sh.act(self.id(), ActionKind::PassThrough(through));
        self.action = Some(CallAction { id, call: h, what: Doing::Passing { through, request } });
        self.timers.start(Timer::CallAction, now + ACTION_WATCH);
        Ok(())
    }

    /// The modem is the host's, or ours again.
    pub(crate) fn passing_done(
        &mut self,
        sh: &mut Shared,
        h: CallHandle,
        through: bool,
        request: RequestId,
        now: Time,
    ) {
        if through {
            self.ringing = Default::default();
            self.timers.stop(Timer::Ringing);
        }
        let Some(call) = sh.call_mut(h) else { return };
        call.bearer_mode = if through { BEARER_PASS_THROUGH } else { BEARER_VOICE };
        let asked = call.requests.strike(request);
        if asked {
            sh.complete(h, request, Ok(()));
        }
        if through {
            self.witness(sh, h, Witness::PassedThrough, now);
        }
        if asked {
            let what = CallInfoChange::BEARER_MODE | CallInfoChange::RATE;
            let message = sh.call(h).and_then(|c| c.info_message(h, what));
            sh.notify(message);
        }
    }

    /// It is not: the call stays as it was.
    pub(crate) fn passing_failed(&mut self, sh: &mut Shared, h: CallHandle, request: RequestId, failure: Failure) {
        let Some(call) = sh.call_mut(h) else { return };
        if call.is_ringing() && failure != Failure::Timeout {
            self.hook = Hook::On;
        }
        let error = if failure == Failure::Lost { LineErr::RESOURCEUNAVAIL } else { LineErr::OPERATIONFAILED };
        if call.requests.strike(request) {
            sh.complete(h, request, Err(error));
        }
    }
}
