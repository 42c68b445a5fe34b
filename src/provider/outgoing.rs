//! Calls that go out: seizing, dialling, and what the network answers.

use crate::call::{Address as Digits, Call, Queued, Witness};
use crate::line::{CallAction, Doing, Hook, Line, MAX_CALLS, Shared};
use crate::request::Purpose;
use crate::timers::{ACTION_WATCH, DIAL_WATCH, SETTLE, Timer};
use crate::{
    Address, CallHandle, CallInfoChange, CallOrigin, CallParamFlags, CallParams, CallState, DialParams, HostCall,
    LineErr, MediaModes, PartyFlags, RequestId, dial, params, services,
};
use alloc::string::String;
use core::time::Duration;
use loopstart_signal::{ActionKind, AnswerWitness, Caps, DialSteps, Failure, Number, ReleaseWitness, Time};

/// Two reversals closer than this are one: contacts bounce, and some exchanges flicker at answer.
const REVERSAL_APART: Duration = Duration::from_millis(600);
/// Longest called address that is kept, in bytes (`TAPIMAXDESTADDRESSSIZE`).
const MAX_CALLED_ID: usize = 80;
/// Most Dial requests that can wait for the one before.
const MAX_QUEUED: usize = 8;

/// What is to be done to make a call.
#[derive(Debug)]
pub(crate) struct NewCall {
    pub(crate) request: RequestId,
    pub(crate) host: HostCall,
    pub(crate) address: Option<Address>,
    pub(crate) country: u32,
    pub(crate) params: CallParams,
}

impl Line {
    /// Whether a call with these parameters could be made now.
    ///
    /// # Errors
    /// What is wrong with the parameters; `NODRIVER`, `RESOURCEUNAVAIL`, `CALLUNAVAIL`, `INUSE`.
    pub(crate) fn check_make_call(&self, sh: &Shared, params: &CallParams) -> Result<(), LineErr> {
        self.ready()?;
        params::check_call(params, self.caps, self.description.number.as_deref())?;
        services::check_codes(params.flags, self.caps, &self.description.plan)?;
        if let Some(h) = self.current {
            let ringing = sh.call(h).is_some_and(|c| c.is_incoming() && !c.is_up() && c.state_is_open());
            return Err(if ringing { LineErr::CALLUNAVAIL } else { LineErr::INUSE });
        }
        if self.ringing.active || self.offer.is_some() {
            return Err(LineErr::CALLUNAVAIL);
        }
        if self.parties.waiting.is_some() || self.parties.ring_back.is_some() {
            // It is about to ring.
            return Err(LineErr::CALLUNAVAIL);
        }
        if self.has_procedure() || self.services.waits() || self.parties.orphan {
            return Err(LineErr::INUSE);
        }
        if self.parties.held.is_some() {
            // The line is not idle for the code.
            if services::needs_switch(params.flags, self.caps, &self.description.plan) {
                return Err(LineErr::CALLUNAVAIL);
            }
            // On the dial tone that holding ended at, if that is still there.
            if self.hook == Hook::Off && !self.dial_tone {
                return Err(LineErr::CALLUNAVAIL);
            }
            if params.flags.contains(CallParamFlags::IDLE) {
                return Err(LineErr::INUSE);
            }
        }
        if params.flags.contains(CallParamFlags::IDLE) && (self.is_releasing() || !self.battery) {
            return Err(LineErr::CALLUNAVAIL);
        }
        Ok(())
    }

    /// Makes a call. While the line is still going on hook the call waits for it.
    pub(crate) fn make_call(&mut self, sh: &mut Shared, new: NewCall, now: Time) -> Result<CallHandle, LineErr> {
        let NewCall { request, host, address, country, params } = new;
        if self.open.is_none() {
            return Err(LineErr::INVALLINEHANDLE);
        }
        self.ready()?;
        params::check_country(country)?;
        params::check_call(&params, self.caps, self.description.number.as_deref())?;
        let dialable = address.as_ref().map(|a| dial::parse(&a.0, self.caps)).transpose()?;
        let switches = services::needs_switch(params.flags, self.caps, &self.description.plan);
        let coded = if switches { params.flags - CallParamFlags::SECURE } else { params.flags };
        let dialable = services::prefixed(dialable, coded, self.caps, &self.description.plan)?;
        self.check_make_call(sh, &params)?;
        let dial_params = params::dial(&params.dial);
        let kind = match dialable {
            _ if params.bearer_mode == params::BEARER_PASS_THROUGH => ActionKind::PassThrough(true),
            Some(d) if !d.is_blank() => ActionKind::Dial {
                steps: d.steps,
                digit: dial_params.digit,
                gap: dial_params.speed,
                pause: dial_params.pause,
                wait_dial_tone: dial_params.wait_for_dialtone,
                partial: d.partial,
            },
            _ => self.seizing(&dial_params).ok_or(LineErr::OPERATIONUNAVAIL)?,
        };
        if self.calls.len() >= MAX_CALLS {
            return Err(LineErr::NOMEM);
        }
        let number = sh.number_call();
        let open = self.open.as_ref().ok_or(LineErr::INVALLINEHANDLE)?;
        let mut call = Call::new(self, open, CallOrigin::Outbound, number, now);
        call.host = Some(host);
        call.bearer_mode = params.bearer_mode;
        call.media = params.media;
        call.flags = params.flags;
        call.dial = dial_params;
        call.country = country;
        call.called_id = address.map_or(String::new(), |a| a.0);
        call.no_answer_timeout = params.no_answer_timeout;
        call.wishes.data.clone_from(&params.data);
        if let Some(own) = &self.description.number {
            call.caller_id_flags = PartyFlags::ADDRESS;
            call.caller_id = Number::new(own);
        }
        call.requests.enter(request, Purpose::MakeCall)?;
        call.queue.push_back(Queued { kind, request });
        let (slot, generation) = sh.calls.insert(call).map_err(|_| LineErr::NOMEM)?;
        let h = CallHandle::new(slot, generation);
        self.calls.push(h);
        if !switches || !self.protect_before(sh, h, now) {
            self.current = Some(h);
            self.off_seen = false;
            self.settle(sh, now);
        }
        Ok(h)
    }

    /// Dials more on a call.
    pub(crate) fn dial(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        address: &Address,
        country: u32,
        now: Time,
    ) -> Result<(), LineErr> {
        use CallState as S;
        let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
        let fits = matches!(
            call.state,
            None | Some(S::DialTone(_) | S::Dialing | S::Proceeding | S::Ringback | S::Connected(_))
        );
        if !call.announced
            || !fits
            || call.requests.has(Purpose::Drop)
            || self.current != Some(h)
            || self.procedure.is_some()
            || call.is_passed_through()
        {
            return Err(LineErr::INVALCALLSTATE);
        }
        self.ready()?;
        params::check_country(country)?;
        let dialable = dial::parse(&address.0, self.caps)?;
        if dialable.is_blank() && !dialable.partial {
            // The address is complete.
            if call.address != Digits::Awaited {
                return Err(LineErr::INVALADDRESS);
            }
            call.address = Digits::Complete;
            sh.complete(h, request, Ok(()));
            self.witness(sh, h, Witness::Dialed { partial: false }, now);
            self.settle(sh, now);
            return Ok(());
        }
        if call.queue.len() >= MAX_QUEUED {
            return Err(LineErr::RESOURCEUNAVAIL);
        }
        call.requests.enter(request, Purpose::Dial)?;
        let kind = ActionKind::Dial {
            steps: dialable.steps,
            digit: call.dial.digit,
            gap: call.dial.speed,
            pause: call.dial.pause,
            wait_dial_tone: call.dial.wait_for_dialtone,
            partial: dialable.partial,
        };
        call.queue.push_back(Queued { kind, request });
        // Who is called: the whole of what was dialled up to the complete address.
        let message = if call.address == Digits::Complete || call.called_id.len() + address.0.len() > MAX_CALLED_ID {
            None
        } else {
            let more = call.called_id.trim_end_matches(';').len();
            call.called_id.truncate(more);
            call.called_id.push_str(&address.0);
            call.info_message(h, CallInfoChange::CALLED_ID).filter(|_| call.state.is_some())
        };
        sh.notify(message);
        self.settle(sh, now);
        Ok(())
    }

    /// How to go off hook and no more, if the device can.
    pub(crate) fn seizing(&self, dial: &DialParams) -> Option<ActionKind> {
        // At the dial tone beside a held call there is nothing to seize.
        if self.caps.contains(Caps::SEIZE) && self.parties.held.is_none() {
            return Some(ActionKind::Seize);
        }
        // Without Seize, an empty partial address takes the line just as well.
        self.caps.contains(Caps::DIAL_PARTIAL).then(|| ActionKind::Dial {
            steps: DialSteps::new(),
            digit: dial.digit,
            gap: dial.speed,
            pause: dial.pause,
            wait_dial_tone: dial.wait_for_dialtone,
            partial: true,
        })
    }

    /// Starts what waits for the line.
    pub(crate) fn start_next(&mut self, sh: &mut Shared, now: Time) {
        // Digits in the midst of a procedure would be taken for its own.
        if self.is_releasing() || self.action.is_some() || self.has_procedure() || self.ready().is_err() {
            return;
        }
        let Some(h) = self.current else { return };
        let Some(call) = sh.call_mut(h) else { return };
        if call.queue.is_empty() {
            return;
        }
        if !call.started
            && let Some(at) = self.guarded(now)
        {
            self.timers.start(Timer::HookGuard, at);
            return;
        }
        let Some(Queued { kind, request }) = call.queue.pop_front() else { return };
        let (what, watch) = match kind {
            ActionKind::Dial { steps, partial, .. } => {
                if call.address == Digits::Awaited {
                    call.address = Digits::Open;
                }
                (Doing::Dialing { partial, request, out: false }, DIAL_WATCH + dial::duration(&steps, &call.dial))
            }
            ActionKind::PassThrough(through) => (Doing::Passing { through, request }, ACTION_WATCH),
            _ => (Doing::Seizing, ACTION_WATCH.max(call.dial.wait_for_dialtone + ACTION_WATCH)),
        };
        call.started = true;
        self.hook = Hook::Off;
        self.timers.stop(Timer::DialTone);
        let id = sh.act(self.id(), kind);
        self.action = Some(CallAction { id, call: h, what });
        self.timers.start(Timer::CallAction, now + watch);
    }

    /// The line is off hook, or more: a call that is being made is valid from now on.
    fn vouch(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        if let Some(request) = sh.call_mut(h).and_then(|c| c.requests.take(|p| p == Purpose::MakeCall)) {
            sh.complete(h, request, Ok(()));
            self.announce(sh, h);
            // The conference that it is the first call of.
            if let Some(parent) = self.parties.gathering().filter(|p| sh.call(*p).is_some_and(|c| !c.announced)) {
                self.announce(sh, parent);
                self.enter(sh, parent, CallState::OnHoldPendingConference, now);
            }
        }
    }

    /// The digits of the running Dial are accepted.
    fn dial_accepted(&mut self, sh: &mut Shared, h: CallHandle, request: RequestId, now: Time) {
        self.vouch(sh, h, now);
        if sh.call_mut(h).is_some_and(|c| c.requests.strike(request)) {
            sh.complete(h, request, Ok(()));
        }
    }

    /// The call that is up, or being made, if events of the line are about it.
    fn concerned(&self, sh: &Shared) -> Option<CallHandle> {
        let h = self.current.filter(|_| !self.is_releasing())?;
        let call = sh.call(h)?;
        let over = matches!(call.state, Some(CallState::Disconnected(_) | CallState::Idle));
        let here = call.started && !over && (!call.is_incoming() || call.is_up());
        here.then_some(h)
    }

    pub(crate) fn progress(&mut self, sh: &mut Shared, witness: Witness, now: Time) {
        if let Some(h) = self.concerned(sh) {
            self.vouch(sh, h, now);
            self.witness(sh, h, witness, now);
        }
    }

    pub(crate) fn went_off_hook(&mut self, sh: &mut Shared, now: Time) {
        let Some(h) = self.current.filter(|_| !self.is_releasing()) else { return };
        let Some(call) = sh.call(h).filter(|c| c.started) else { return };
        let outgoing = !call.is_incoming();
        self.off_seen = true;
        self.hook = Hook::Off;
        if outgoing && self.concerned(sh).is_some() {
            self.ringing = Default::default();
            self.timers.stop(Timer::Ringing);
            self.vouch(sh, h, now);
        }
    }

    pub(crate) fn dialing(&mut self, sh: &mut Shared, now: Time) {
        if let Some(h) = self.concerned(sh)
            && let Some(CallAction { what: Doing::Dialing { request, .. }, call, .. }) = self.action
            && call == h
        {
            self.dial_accepted(sh, h, request, now);
            self.witness(sh, h, Witness::Dialing, now);
        }
    }

    pub(crate) fn dialed(&mut self, sh: &mut Shared, now: Time) {
        if let Some(h) = self.concerned(sh)
            && let Some(CallAction { what: Doing::Dialing { request, partial, out }, call, .. }) = &mut self.action
            && *call == h
            && !*out
        {
            *out = true;
            let (request, partial) = (*request, *partial);
            self.dial_out(sh, h, request, partial, now);
        }
    }

    fn dial_out(&mut self, sh: &mut Shared, h: CallHandle, request: RequestId, partial: bool, now: Time) {
        self.dial_accepted(sh, h, request, now);
        if let Some(call) = sh.call_mut(h)
            && call.address != Digits::Complete
        {
            call.address = if partial { Digits::Awaited } else { Digits::Complete };
        }
        self.witness(sh, h, Witness::Dialed { partial }, now);
    }

    pub(crate) fn answered(&mut self, sh: &mut Shared, how: AnswerWitness, now: Time) {
        let answering = self.current.filter(|&h| self.is_answering(h));
        let Some(h) = self.concerned(sh).or(answering) else { return };
        let carrier = match how {
            AnswerWitness::Carrier(rate) => Some(rate),
            _ => None,
        };
        if let Some(call) = sh.call_mut(h) {
            if let Some(rate) = carrier {
                call.media = MediaModes::DATA_MODEM;
                call.rate = rate;
            }
            if how == AnswerWitness::Polarity && call.reversed.is_none() {
                call.reversed = Some(now);
            }
        }
        self.progress(sh, Witness::Answered(how), now);
        if carrier.is_some() {
            let what = CallInfoChange::MEDIA_MODE | CallInfoChange::RATE;
            let message = sh.call(h).and_then(|c| c.info_message(h, what));
            sh.notify(message);
        }
    }

    pub(crate) fn polarity_reversed(&mut self, sh: &mut Shared, now: Time) {
        let Some(h) = self.concerned(sh) else { return };
        let Some(call) = sh.call_mut(h).filter(|c| !c.is_incoming()) else { return };
        let witness = match call.reversed {
            Some(at) if now.since(at) < REVERSAL_APART => return,
            Some(_) => Witness::Reversed { first: false },
            None => Witness::Reversed { first: true },
        };
        let first = call.reversed.is_none();
        let moved = self.witness(sh, h, witness, now);
        if first
            && (moved || sh.call(h).is_some_and(|c| matches!(c.state, Some(CallState::Connected(_)))))
            && let Some(call) = sh.call_mut(h)
        {
            call.reversed = Some(now);
        }
    }

    pub(crate) fn released(&mut self, sh: &mut Shared, how: ReleaseWitness, now: Time) {
        if let Some(h) = self.current
            && self.is_answering(h)
            && !self.is_releasing()
        {
            // The caller went as we came.
            self.witness(sh, h, Witness::Released(how), now);
        } else {
            self.progress(sh, Witness::Released(how), now);
        }
    }

    /// An action of a call was carried out.
    pub(crate) fn action_done(&mut self, sh: &mut Shared, action: CallAction, now: Time) {
        let h = action.call;
        match action.what {
            Doing::Answering { request } => self.answer_done(sh, h, request, now),
            Doing::Passing { through, request } => {
                self.vouch(sh, h, now);
                self.passing_done(sh, h, through, request, now);
            }
            Doing::Seizing => {
                self.ringing = Default::default();
                self.timers.stop(Timer::Ringing);
                self.vouch(sh, h, now);
                if !self.caps.contains(Caps::SEES_DIAL_TONE) {
                    // Off hook and waiting for digits: all that can be known.
                    self.witness(sh, h, Witness::SeizedBlind, now);
                } else if let Some(call) = sh.call(h)
                    && call.state.is_none()
                {
                    self.timers.start(Timer::DialTone, now + call.dial.wait_for_dialtone);
                }
            }
            Doing::Dialing { out: true, .. } => {}
            Doing::Dialing { partial, request, out: false } => {
                self.ringing = Default::default();
                self.timers.stop(Timer::Ringing);
                self.dial_out(sh, h, request, partial, now);
            }
        }
    }

    /// The running action of a call failed, or the device did not end it in time.
    pub(crate) fn action_failed(&mut self, sh: &mut Shared, failure: Failure, now: Time) {
        let Some(CallAction { call: h, what, .. }) = self.action.take() else { return };
        self.timers.stop(Timer::CallAction);
        let request = match what {
            Doing::Answering { request } => return self.answer_failed(sh, h, request, failure, now),
            Doing::Passing { request, .. } if !sh.call(h).is_some_and(|c| c.requests.has(Purpose::MakeCall)) => {
                return self.passing_failed(sh, h, request, failure);
            }
            Doing::Dialing { request, .. } => Some(request),
            Doing::Seizing | Doing::Passing { .. } => None,
        };
        let Some(call) = sh.call_mut(h) else { return };
        let unborn = call.requests.has(Purpose::MakeCall);
        // A Dial of its own, after the call was made.
        let later = request.filter(|_| !unborn).is_some_and(|r| call.requests.strike(r));
        let still = matches!(failure, Failure::Glare | Failure::Refused | Failure::WrongState | Failure::Lost);
        if unborn && still && !self.off_seen && self.parties.held.is_none() {
            self.hook = Hook::On;
        }
        if later && let Some(request) = request {
            let result = match failure {
                Failure::NoDialTone | Failure::Tone(_) | Failure::Released => Ok(()),
                Failure::Lost => Err(LineErr::RESOURCEUNAVAIL),
                _ => Err(LineErr::OPERATIONFAILED),
            };
            sh.complete(h, request, result);
        }
        match failure {
            Failure::NoDialTone => {
                self.vouch(sh, h, now);
                self.witness(sh, h, Witness::NoDialTone, now);
            }
            Failure::Tone(tone) => {
                self.vouch(sh, h, now);
                self.witness(sh, h, Witness::Tone(tone), now);
                if sh.call(h).is_some_and(|c| c.state.is_none()) {
                    self.witness(sh, h, Witness::Ended, now);
                }
            }
            // The event that says why comes before or after.
            Failure::Released => {
                if sh.call(h).is_some_and(Call::state_is_open) {
                    self.timers.start(Timer::Settle, now + SETTLE);
                }
            }
            _ if unborn => {
                let error = match failure {
                    Failure::Glare => LineErr::CALLUNAVAIL,
                    Failure::Lost => LineErr::RESOURCEUNAVAIL,
                    _ => LineErr::OPERATIONFAILED,
                };
                self.fail_unborn(sh, h, error, now);
            }
            // The call stays as it is; what waited behind the failed digits makes no sense any more.
            _ if later => {
                if let Some(call) = sh.call_mut(h) {
                    call.queue.clear();
                }
                sh.complete_all(h, |p| p == Purpose::Dial, Err(LineErr::OPERATIONFAILED));
            }
            // The device went silent after it had said that all is well: nothing is known to be wrong.
            Failure::Timeout => {}
            _ => {
                let early = sh
                    .call(h)
                    .is_some_and(|c| matches!(c.state, None | Some(CallState::DialTone(_) | CallState::Dialing)));
                if early {
                    self.witness(sh, h, Witness::Broken, now);
                }
            }
        }
    }

    /// A call ended, and no event told why.
    pub(crate) fn end_unexplained(&mut self, sh: &mut Shared, now: Time) {
        let Some(h) = self.current else { return };
        if sh.call(h).is_some_and(|c| c.requests.has(Purpose::MakeCall)) {
            self.fail_unborn(sh, h, LineErr::OPERATIONFAILED, now);
        } else {
            self.witness(sh, h, Witness::Ended, now);
        }
    }
}

impl Call {
    /// Whether it is neither disconnected nor idle.
    pub(crate) fn state_is_open(&self) -> bool {
        !matches!(self.state, Some(CallState::Disconnected(_) | CallState::Idle))
    }
}
