//! Consultation calls, and conferences made with them.

use crate::call::{Address as Digits, Call, Queued};
use crate::errand::{Asked, Consultation, Errand};
use crate::line::{Line, MAX_CALLS, Shared};
use crate::parties::Conference;
use crate::request::Purpose;
use crate::{
    CallFeatures, CallHandle, CallOrigin, CallParamFlags, CallParams, CallReason, CallState, HostCall, LineErr,
    PartyFlags, Reply, RequestId, dial, params, services,
};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use loopstart_signal::{ActionKind, Number, Time};

impl Line {
    /// A consultation call that is not valid for the host yet, with its request.
    pub(super) fn consultation(
        &self,
        sh: &mut Shared,
        request: RequestId,
        host: HostCall,
        of: Option<CallHandle>,
        params: &CallParams,
        now: Time,
    ) -> Result<CallHandle, LineErr> {
        params::check_call(params, self.caps, self.description.number.as_deref())?;
        let one_step = params.flags.contains(CallParamFlags::ONE_STEP_TRANSFER);
        let target = match (&params.target, one_step) {
            (Some(target), true) => Some(dial::parse(&target.0, self.caps)?),
            (None, true) => return Err(LineErr::INVALCALLPARAMS),
            (_, false) => None,
        };
        let target = services::prefixed(target, params.flags, self.caps, &self.description.plan)?;
        if self.calls.len() + 1 >= MAX_CALLS {
            return Err(LineErr::NOMEM);
        }
        let number = sh.number_call();
        let open = self.open.as_ref().ok_or(LineErr::INVALLINEHANDLE)?;
        let mut call = Call::new(self, open, CallOrigin::Outbound, number, now);
        call.host = Some(host);
        call.bearer_mode = params.bearer_mode;
        call.media = params.media;
        call.flags = params.flags;
        call.dial = params::dial(&params.dial);
        call.no_answer_timeout = params.no_answer_timeout;
        call.wishes.data.clone_from(&params.data);
        call.reason = CallReason::Transfer;
        call.related = of.and_then(|of| sh.call(of)).map_or(0, |of| of.call_id);
        if let Some(own) = &self.description.number {
            call.caller_id_flags = PartyFlags::ADDRESS;
            call.caller_id = Number::new(own);
        }
        call.requests.enter(request, Purpose::Switch)?;
        if let Some(target) = target.filter(|target| !target.is_blank()) {
            call.called_id = params.target.as_ref().map_or(String::new(), |target| target.0.clone());
            let kind = ActionKind::Dial {
                steps: target.steps,
                digit: call.dial.digit,
                gap: call.dial.speed,
                pause: call.dial.pause,
                wait_dial_tone: call.dial.wait_for_dialtone,
                partial: target.partial,
            };
            call.queue.push_back(Queued { kind, request });
        }
        self.insert(sh, call)
    }

    pub(super) fn insert(&self, sh: &mut Shared, call: Call) -> Result<CallHandle, LineErr> {
        let (slot, generation) = sh.calls.insert(call).map_err(|_| LineErr::NOMEM)?;
        Ok(CallHandle::new(slot, generation))
    }

    pub(super) fn setup_transfer(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        host: HostCall,
        params: &CallParams,
        now: Time,
    ) -> Result<Reply, LineErr> {
        self.demand(sh, h, CallFeatures::SETUP_TRANSFER)?;
        let steps = self.consult_steps().ok_or(LineErr::OPERATIONUNAVAIL)?;
        let consultation = self.consultation(sh, request, host, Some(h), params, now)?;
        self.calls.push(consultation);
        let asked = Asked { request, owner: Some(consultation) };
        let errand = Errand::Consult { asked, held: h, consultation, why: Consultation::Transfer };
        self.begin_procedure(sh, errand, steps, now);
        Ok(Reply::Call(consultation))
    }

    pub(super) fn setup_conference(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        (host_conference, host_consultation): (HostCall, HostCall),
        params: &CallParams,
        now: Time,
    ) -> Result<Reply, LineErr> {
        self.demand(sh, h, CallFeatures::SETUP_CONFERENCE)?;
        if params.flags.contains(CallParamFlags::NO_HOLD_CONFERENCE) {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        let steps = self.consult_steps().ok_or(LineErr::OPERATIONUNAVAIL)?;
        let consultation = self.consultation(sh, request, host_consultation, Some(h), params, now)?;
        let conference = match self.conference(sh, host_conference, Some(h), now) {
            Ok(conference) => conference,
            Err(error) => {
                sh.calls.remove(consultation.slot(), consultation.generation());
                return Err(error);
            }
        };
        self.calls.extend([conference, consultation]);
        self.parties.conference = Some(Conference::new(conference, vec![h]));
        let asked = Asked { request, owner: Some(consultation) };
        let errand = Errand::Consult { asked, held: conference, consultation, why: Consultation::Conference };
        self.begin_procedure(sh, errand, steps, now);
        Ok(Reply::Conference { conference, consultation })
    }

    /// A conference on an idle line. Its first call is made as any other, and added when it is answered; the exchange
    /// learns of the conference with the second.
    pub(super) fn setup_empty_conference(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        (host_conference, host_consultation): (HostCall, HostCall),
        params: &CallParams,
        now: Time,
    ) -> Result<Reply, LineErr> {
        self.ready()?;
        if !crate::caps::empty_conference(self.caps, &self.description.plan)
            || params.flags.contains(CallParamFlags::NO_HOLD_CONFERENCE)
        {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        self.check_make_call(sh, params)?;
        if !self.can_gather_anew(sh) {
            return Err(LineErr::INUSE);
        }
        let dial = params::dial(&params.dial);
        let seizing = self.seizing(&dial).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let conference = self.conference(sh, host_conference, None, now)?;
        let first = match self.consultation(sh, request, host_consultation, Some(conference), params, now) {
            Ok(first) => first,
            Err(error) => {
                sh.calls.remove(conference.slot(), conference.generation());
                return Err(error);
            }
        };
        if let Some(call) = sh.call_mut(first) {
            call.requests.strike(request);
            call.requests.enter(request, Purpose::MakeCall)?;
            call.reason = CallReason::Direct;
            if call.queue.is_empty() {
                call.queue.push_back(Queued { kind: seizing, request });
            }
        }
        if let (Some(media), Some(call)) = (sh.call(first).map(|c| c.media), sh.call_mut(conference)) {
            call.media = media;
        }
        self.calls.extend([conference, first]);
        self.parties.conference = Some(Conference { gathering: true, ..Conference::new(conference, Vec::new()) });
        self.current = Some(first);
        self.off_seen = false;
        self.settle(sh, now);
        Ok(Reply::Conference { conference, consultation: first })
    }

    /// The call that stands for a conference with `of`; not valid for the host yet.
    pub(super) fn conference(
        &self,
        sh: &mut Shared,
        host: HostCall,
        of: Option<CallHandle>,
        now: Time,
    ) -> Result<CallHandle, LineErr> {
        let number = sh.number_call();
        let open = self.open.as_ref().ok_or(LineErr::INVALLINEHANDLE)?;
        let mut call = Call::new(self, open, CallOrigin::Conference, number, now);
        call.host = Some(host);
        call.started = true;
        call.address = Digits::Complete;
        if let Some(of) = of.and_then(|of| sh.call(of)) {
            call.related = of.call_id;
            call.media = of.media;
        }
        self.insert(sh, call)
    }

    pub(super) fn prepare_add(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        host: HostCall,
        params: &CallParams,
        now: Time,
    ) -> Result<Reply, LineErr> {
        let handle = |error| if error == LineErr::INVALCALLHANDLE { LineErr::INVALCONFCALLHANDLE } else { error };
        if self.parties.is_conference(h) && !self.has_room() {
            return Err(LineErr::CONFERENCEFULL);
        }
        self.demand(sh, h, CallFeatures::PREPARE_ADD_TO_CONFERENCE).map_err(handle)?;
        let steps = self.consult_steps().ok_or(LineErr::OPERATIONUNAVAIL)?;
        let consultation = self.consultation(sh, request, host, Some(h), params, now)?;
        self.calls.push(consultation);
        let asked = Asked { request, owner: Some(consultation) };
        let errand = Errand::Consult { asked, held: h, consultation, why: Consultation::Conference };
        self.begin_procedure(sh, errand, steps, now);
        Ok(Reply::Call(consultation))
    }

    pub(super) fn add(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        conference: CallHandle,
        h: CallHandle,
        now: Time,
    ) -> Result<Reply, LineErr> {
        sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        if h == conference || self.parties.is_member(h) {
            return Err(LineErr::INVALCALLHANDLE);
        }
        self.demand(sh, conference, CallFeatures::ADD_TO_CONFERENCE)?;
        if !self.parties.is_conference(conference) || self.current != Some(h) {
            return Err(LineErr::INVALCALLSTATE);
        }
        if self.parties.gathering() == Some(conference) {
            sh.complete(h, request, Ok(()));
            self.gathered(sh, conference, h, now);
            return Ok(Reply::Ok);
        }
        let steps = self.join_steps(sh).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let asked = self.ask(sh, h, request)?;
        self.begin_procedure(sh, Errand::Join { asked, conference, joined: h }, steps, now);
        Ok(Reply::Ok)
    }

    /// The first call is the conference's only member.
    fn gathered(&mut self, sh: &mut Shared, conference: CallHandle, first: CallHandle, now: Time) {
        let Some(host) = sh.call(conference).and_then(|c| c.host) else { return };
        self.end_digits(sh, first, now);
        self.stop_call_timers();
        if let Some(c) = &mut self.parties.conference {
            c.gathering = false;
            c.members.push(first);
        }
        self.enter(sh, first, CallState::Conferenced(host), now);
        self.take_party(sh, conference, now);
    }

    pub(super) fn remove_member(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        now: Time,
    ) -> Result<Reply, LineErr> {
        self.demand(sh, h, CallFeatures::REMOVE_FROM_CONFERENCE)?;
        let asked = Some(self.ask(sh, h, request)?);
        self.begin_removal(sh, asked, h, now);
        Ok(Reply::Ok)
    }
}
