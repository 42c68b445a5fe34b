//! Hold, transfer, conference: what a flash does, as procedures of the switch plan.

use crate::call::{Address as Digits, Call, Queued, Witness};
use crate::errand::{Asked, Consultation, Errand, error_of};
use crate::line::{Hook, Line, MAX_CALLS, Shared};
use crate::parties::{Conference, alerts};
use crate::procedure::Trouble;
use crate::request::Purpose;
use crate::timers::Timer;
use crate::{
    Address, CallFeatures, CallFeatures2, CallHandle, CallOrigin, CallParamFlags, CallParams, CallReason, CallState,
    CallStatus, Command, ConnectedMode, DialToneMode, HostCall, LineErr, PartyFlags, Reply, RequestId, TransferMode,
    dial, params, services,
};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use loopstart_signal::plan::{Fill, Moment, OnHook, Service, Step, Steps, Waits};
use loopstart_signal::{ActionKind, Caps, Number, Time};

/// Most members of a conference by flash, besides us.
const MAX_MEMBERS: usize = 2;

const ACTIVE: CallState = CallState::Connected(ConnectedMode::Active);

/// Features that depend on who else is on the line.
const SWITCHED: CallFeatures = CallFeatures::HOLD
    .union(CallFeatures::UNHOLD)
    .union(CallFeatures::SWAP_HOLD)
    .union(CallFeatures::SETUP_TRANSFER)
    .union(CallFeatures::COMPLETE_TRANSFER)
    .union(CallFeatures::BLIND_TRANSFER)
    .union(CallFeatures::SETUP_CONFERENCE)
    .union(CallFeatures::PREPARE_ADD_TO_CONFERENCE)
    .union(CallFeatures::ADD_TO_CONFERENCE)
    .union(CallFeatures::REMOVE_FROM_CONFERENCE)
    .union(CallFeatures::PARK)
    .union(CallFeatures::COMPLETE_CALL)
    .union(CallFeatures::SECURE_CALL)
    .union(CallFeatures::REDIRECT);

/// Calls of a line, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) active: u32,
    pub(crate) held: u32,
    pub(crate) pending: u32,
}

impl Line {
    /// Carries out a command that needs the exchange.
    pub(crate) fn switch_command(&mut self, sh: &mut Shared, command: Command, now: Time) -> Result<Reply, LineErr> {
        match command {
            Command::Hold { request, call } => self.hold(sh, request, call, now),
            Command::Unhold { request, call } => self.unhold(sh, request, call, now),
            Command::SwapHold { request, active, held } => self.swap_hold(sh, request, active, held, now),
            Command::SetupTransfer { request, call, host, params } => {
                self.setup_transfer(sh, request, call, host, &params, now)
            }
            Command::CompleteTransfer { request, call, consultation, mode } => {
                self.complete_transfer(sh, request, call, consultation, mode, now)
            }
            Command::BlindTransfer { request, call, address, country } => {
                self.blind_transfer(sh, request, call, &address, country, now)
            }
            Command::SetupConference { request, call, host_conference, host_consultation, params, .. } => {
                let call = call.ok_or(LineErr::INVALCALLHANDLE)?;
                self.setup_conference(sh, request, call, (host_conference, host_consultation), &params, now)
            }
            Command::PrepareAddToConference { request, conference, host, params } => {
                self.prepare_add(sh, request, conference, host, &params, now)
            }
            Command::AddToConference { request, conference, call } => self.add(sh, request, conference, call, now),
            Command::RemoveFromConference { request, call } => self.remove_member(sh, request, call, now),
            command => self.service_command(sh, command, now),
        }
    }

    // ---- what can be done ----

    /// Whether the line could hold this call now to reach somebody else.
    fn can_consult(&self, sh: &Shared, h: CallHandle) -> bool {
        let p = &self.parties;
        self.is_quiet()
            && self.talks(sh, h)
            && p.held.is_none()
            && p.waiting.is_none()
            && !p.orphan
            && !p.ignored
            && self.consult_steps().is_some()
    }

    /// How the transfer of the held call to the current one is completed, when it can be.
    fn transfer_steps(&self, sh: &Shared) -> Option<Steps> {
        let steps = self.plain_steps(Service::Transfer)?;
        let moment = self.moment(sh);
        // Where hanging up completes it, it must do so at this moment; an order needs somebody who answered.
        let by_hook = !steps.iter().any(|step| matches!(step, Step::Flash | Step::Dial(_)));
        let answered = moment == Moment::ActiveAndHeld;
        (answered || by_hook && self.description.plan.on_hook(moment) == OnHook::Joins).then_some(steps)
    }

    /// Whether the current call can be joined with the held one.
    fn join_steps(&self, sh: &Shared) -> Option<Steps> {
        let steps = self.plain_steps(Service::Join)?;
        let state = self.current.and_then(|h| sh.call(h)).and_then(|c| c.state);
        let answered = matches!(state, Some(CallState::Connected(_)));
        let ringing = matches!(state, Some(CallState::Proceeding | CallState::Ringback));
        // An order (digits after the flash) needs an answered call; and where one flash goes back it does not join.
        let by_flash = !steps.iter().any(|step| matches!(step, Step::Dial(_)));
        let bridges = self
            .description
            .plan
            .service(Service::RetrieveRinging)
            .is_some_and(|procedure| procedure.steps().iter().filter(|step| **step == Step::Flash).count() > 1);
        (answered || ringing && by_flash && bridges).then_some(steps)
    }

    /// The pair of held and consultation call, when this call is one of the two.
    fn pair(&self, sh: &Shared, h: CallHandle) -> Option<(CallHandle, CallHandle)> {
        let (held, current) = (self.parties.held?, self.current?);
        let announced = sh.call(held)?.announced && sh.call(current)?.announced;
        (announced && self.is_quiet() && (h == held || h == current)).then_some((held, current))
    }

    /// What can be done with a call as things stand, of what needs the exchange.
    pub(crate) fn switch_features(&self, sh: &Shared, h: CallHandle) -> (CallFeatures, CallFeatures2) {
        use CallFeatures as F;
        let mut f = F::empty();
        let mut f2 = CallFeatures2::empty();
        let plan = &self.description.plan;
        let p = &self.parties;
        let conference = p.is_conference(h);
        let dial = self.caps.intersects(Caps::DIAL_DTMF | Caps::DIAL_PULSE);
        if self.can_consult(sh, h) {
            if !conference {
                f.set(F::HOLD, self.hold_steps().is_some());
                if plan.has(Service::Transfer) || plan.has(Service::Join) {
                    f |= F::SETUP_TRANSFER;
                    f2.set(CallFeatures2::ONE_STEP_TRANSFER, dial);
                }
                f.set(F::SETUP_CONFERENCE, plan.has(Service::Join));
                f.set(F::BLIND_TRANSFER, dial && plan.has(Service::BlindTransfer));
            } else {
                f.set(F::PREPARE_ADD_TO_CONFERENCE, self.has_room() && plan.has(Service::Join));
            }
        }
        if p.held == Some(h) && self.is_quiet() && self.can_unhold(sh) {
            f |= F::UNHOLD;
        }
        if let Some((held, current)) = self.pair(sh, h) {
            let plain = p.conference.is_none();
            f.set(F::SWAP_HOLD, (plain || p.by_waiting) && self.can_swap(sh, current));
            let add = p.is_conference(held) && !p.by_waiting && self.join_steps(sh).is_some();
            f.set(F::ADD_TO_CONFERENCE, add);
            if plain && !p.by_waiting {
                f2.set(CallFeatures2::TRANSFER_NORMAL, self.transfer_steps(sh).is_some() && self.is_transferable(sh));
                f2.set(CallFeatures2::TRANSFER_CONFERENCE, self.join_steps(sh).is_some());
                let either = CallFeatures2::TRANSFER_NORMAL | CallFeatures2::TRANSFER_CONFERENCE;
                f.set(F::COMPLETE_TRANSFER, f2.intersects(either));
            }
        }
        f.set(F::REMOVE_FROM_CONFERENCE, self.is_quiet() && self.removable(sh, h));
        (f, f2)
    }

    /// Leaves what cannot be done as things stand out of a call's features.
    pub(crate) fn limit_features(&self, sh: &Shared, h: CallHandle, status: &mut CallStatus) {
        let Some(call) = sh.call(h) else { return };
        let possible = crate::caps::call_features(self.caps, &self.description.plan);
        let (now, how) = self.switch_features(sh, h);
        let services = self.service_features(sh, h);
        let dropping = call.requests.has(Purpose::Drop);
        let valid = call.announced && !dropping;
        status.features -= SWITCHED;
        if valid {
            status.features |= (now | services.0) & possible & SWITCHED;
            status.features2 = how | services.1;
        }
        if self.service != crate::line::Service::Ready {
            status.features &= CallFeatures::DROP;
            status.features2 = CallFeatures2::empty();
            return;
        }
        if self.has_procedure() {
            // The line is the procedure's. Whoever drops waits for its end.
            let line = CallFeatures::DIAL | CallFeatures::GENERATE_DIGITS | CallFeatures::GENERATE_TONE;
            status.features -= line | CallFeatures::ANSWER;
        }
        if self.current != Some(h) {
            status.features -= CallFeatures::DIAL | CallFeatures::GENERATE_DIGITS | CallFeatures::GENERATE_TONE;
        }
        if self.parties.waiting == Some(h) && !self.can_take_waiting(sh, h) {
            status.features -= CallFeatures::ANSWER;
        }
        if !self.can_drop(sh, h) && !dropping {
            status.features -= CallFeatures::DROP;
        }
    }

    /// How many calls there are, of each kind.
    pub(crate) fn counts(&self, sh: &Shared) -> Counts {
        use CallState as S;
        let mut counts = Counts::default();
        for call in self.calls.iter().filter_map(|h| sh.call(*h)).filter(|c| c.counts()) {
            match call.state {
                Some(S::OnHold) => counts.held += 1,
                Some(S::OnHoldPendingTransfer | S::OnHoldPendingConference) => counts.pending += 1,
                _ => counts.active += 1,
            }
        }
        counts
    }

    fn has_room(&self) -> bool {
        self.parties.conference.as_ref().is_some_and(|c| c.parties() < MAX_MEMBERS)
    }

    fn can_unhold(&self, sh: &Shared) -> bool {
        (self.current.is_none() || !self.parties.by_waiting) && self.way_back(sh).is_some()
    }

    fn can_swap(&self, sh: &Shared, current: CallHandle) -> bool {
        let plan = &self.description.plan;
        self.talks(sh, current)
            && self.plain_steps(Service::Swap).is_some()
            && (!plan.swap_only_with_call_waiting || self.parties.by_waiting)
    }

    /// Whether the current call is in a state in which a transfer to it makes sense.
    fn is_transferable(&self, sh: &Shared) -> bool {
        use CallState as S;
        let state = self.current.and_then(|h| sh.call(h)).and_then(|c| c.state);
        matches!(state, Some(S::Connected(_) | S::Ringback | S::Proceeding | S::Busy(_)))
    }

    /// Refuses a command on a call unless the feature is there.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`; `OPERATIONUNAVAIL` when the line never can, `INVALCALLSTATE` when it cannot now.
    fn demand(&self, sh: &Shared, h: CallHandle, feature: CallFeatures) -> Result<(), LineErr> {
        let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        self.ready()?;
        if !crate::caps::call_features(self.caps, &self.description.plan).contains(feature) {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        let dropping = call.requests.has(Purpose::Drop);
        if dropping || !self.switch_features(sh, h).0.contains(feature) {
            return Err(LineErr::INVALCALLSTATE);
        }
        Ok(())
    }

    /// Enters a request into the ledger of a call.
    fn ask(&self, sh: &mut Shared, owner: CallHandle, request: RequestId) -> Result<Asked, LineErr> {
        let call = sh.call_mut(owner).ok_or(LineErr::INVALCALLHANDLE)?;
        call.requests.enter(request, Purpose::Switch)?;
        Ok(Asked { request, owner: Some(owner) })
    }

    // ---- hold ----

    fn hold(&mut self, sh: &mut Shared, request: RequestId, h: CallHandle, now: Time) -> Result<Reply, LineErr> {
        self.demand(sh, h, CallFeatures::HOLD)?;
        let steps = self.hold_steps().ok_or(LineErr::OPERATIONUNAVAIL)?;
        let asked = self.ask(sh, h, request)?;
        self.begin_procedure(sh, Errand::Hold { asked, call: h }, steps, now);
        Ok(Reply::Ok)
    }

    fn unhold(&mut self, sh: &mut Shared, request: RequestId, h: CallHandle, now: Time) -> Result<Reply, LineErr> {
        self.demand(sh, h, CallFeatures::UNHOLD)?;
        let steps = self.way_back(sh).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let asked = Some(self.ask(sh, h, request)?);
        let ended = self.current;
        if let Some(ended) = ended {
            self.end_digits(sh, ended, now);
        }
        let alerts = ended.is_some_and(|h| self.is_calling(h, sh.call(h)) || alerts(sh.call(h)));
        self.begin_procedure(sh, Errand::Retrieve { asked, held: h, ended, alerts }, steps, now);
        Ok(Reply::Ok)
    }

    fn swap_hold(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        active: CallHandle,
        held: CallHandle,
        now: Time,
    ) -> Result<Reply, LineErr> {
        sh.call(held).ok_or(LineErr::INVALCALLHANDLE)?;
        self.demand(sh, active, CallFeatures::SWAP_HOLD)?;
        if self.current != Some(active) || self.parties.held != Some(held) {
            return Err(LineErr::INVALCALLSTATE);
        }
        let steps = self.plain_steps(Service::Swap).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let asked = self.ask(sh, active, request)?;
        self.begin_procedure(sh, Errand::Swap { asked, active, held }, steps, now);
        Ok(Reply::Ok)
    }

    // ---- consultation ----

    /// A consultation call that is not valid for the host yet, with its request.
    fn consultation(
        &self,
        sh: &mut Shared,
        request: RequestId,
        host: HostCall,
        of: CallHandle,
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
        call.related = sh.call(of).map_or(0, |of| of.call_id);
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

    fn insert(&self, sh: &mut Shared, call: Call) -> Result<CallHandle, LineErr> {
        let (slot, generation) = sh.calls.insert(call).map_err(|_| LineErr::NOMEM)?;
        Ok(CallHandle::new(slot, generation))
    }

    fn setup_transfer(
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
        let consultation = self.consultation(sh, request, host, h, params, now)?;
        self.calls.push(consultation);
        let asked = Asked { request, owner: Some(consultation) };
        let errand = Errand::Consult { asked, held: h, consultation, why: Consultation::Transfer };
        self.begin_procedure(sh, errand, steps, now);
        Ok(Reply::Call(consultation))
    }

    fn setup_conference(
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
        let consultation = self.consultation(sh, request, host_consultation, h, params, now)?;
        let conference = match self.conference(sh, host_conference, h, now) {
            Ok(conference) => conference,
            Err(error) => {
                sh.calls.remove(consultation.slot(), consultation.generation());
                return Err(error);
            }
        };
        self.calls.extend([conference, consultation]);
        self.parties.conference = Some(Conference { parent: conference, members: vec![h], strangers: 0 });
        let asked = Asked { request, owner: Some(consultation) };
        let errand = Errand::Consult { asked, held: conference, consultation, why: Consultation::Conference };
        self.begin_procedure(sh, errand, steps, now);
        Ok(Reply::Conference { conference, consultation })
    }

    /// The call that stands for a conference with `of`; not valid for the host yet.
    fn conference(&self, sh: &mut Shared, host: HostCall, of: CallHandle, now: Time) -> Result<CallHandle, LineErr> {
        let number = sh.number_call();
        let open = self.open.as_ref().ok_or(LineErr::INVALLINEHANDLE)?;
        let mut call = Call::new(self, open, CallOrigin::Conference, number, now);
        call.host = Some(host);
        call.started = true;
        call.address = Digits::Complete;
        if let Some(of) = sh.call(of) {
            call.related = of.call_id;
            call.media = of.media;
        }
        self.insert(sh, call)
    }

    fn prepare_add(
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
        let consultation = self.consultation(sh, request, host, h, params, now)?;
        self.calls.push(consultation);
        let asked = Asked { request, owner: Some(consultation) };
        let errand = Errand::Consult { asked, held: h, consultation, why: Consultation::Conference };
        self.begin_procedure(sh, errand, steps, now);
        Ok(Reply::Call(consultation))
    }

    fn add(
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
        let steps = self.join_steps(sh).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let asked = self.ask(sh, h, request)?;
        self.begin_procedure(sh, Errand::Join { asked, conference, joined: h }, steps, now);
        Ok(Reply::Ok)
    }

    fn remove_member(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        now: Time,
    ) -> Result<Reply, LineErr> {
        self.demand(sh, h, CallFeatures::REMOVE_FROM_CONFERENCE)?;
        let steps = self.drop_last_steps().ok_or(LineErr::OPERATIONUNAVAIL)?;
        let asked = Some(self.ask(sh, h, request)?);
        self.begin_procedure(sh, Errand::DropLast { asked, member: h }, steps, now);
        Ok(Reply::Ok)
    }

    // ---- transfer ----

    fn complete_transfer(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        consultation: CallHandle,
        mode: TransferMode,
        now: Time,
    ) -> Result<Reply, LineErr> {
        sh.call(consultation).ok_or(LineErr::INVALCALLHANDLE)?;
        self.demand(sh, h, CallFeatures::COMPLETE_TRANSFER)?;
        if self.parties.held != Some(h) || self.current != Some(consultation) {
            return Err(LineErr::INVALCALLSTATE);
        }
        match mode {
            TransferMode::Transfer => {
                let steps = self.transfer_steps(sh).ok_or(LineErr::OPERATIONUNAVAIL)?;
                if !self.is_transferable(sh) {
                    return Err(LineErr::INVALCALLSTATE);
                }
                let asked = self.ask(sh, h, request)?;
                self.begin_procedure(sh, Errand::Transfer { asked, held: h, consultation }, steps, now);
                Ok(Reply::Ok)
            }
            TransferMode::Conference { host } => {
                if !self.description.plan.has(Service::Join) {
                    return Err(LineErr::OPERATIONUNAVAIL);
                }
                let steps = self.join_steps(sh).ok_or(LineErr::INVALCALLSTATE)?;
                if self.calls.len() >= MAX_CALLS {
                    return Err(LineErr::NOMEM);
                }
                let conference = self.conference(sh, host, h, now)?;
                self.calls.push(conference);
                if let Some(call) = sh.call_mut(conference) {
                    call.requests.enter(request, Purpose::Switch)?;
                }
                self.parties.conference = Some(Conference { parent: conference, members: Vec::new(), strangers: 0 });
                let asked = Asked { request, owner: Some(conference) };
                self.begin_procedure(sh, Errand::Join { asked, conference, joined: consultation }, steps, now);
                Ok(Reply::Call(conference))
            }
        }
    }

    fn blind_transfer(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        address: &Address,
        country: u32,
        now: Time,
    ) -> Result<Reply, LineErr> {
        self.demand(sh, h, CallFeatures::BLIND_TRANSFER)?;
        params::check_country(country)?;
        let number = dial::plain(&address.0)?;
        let procedure = self.description.plan.service(Service::BlindTransfer).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let fill = Fill { number: Some(&number), extension: Some(&number), ..Fill::default() };
        let steps = procedure.fill(&fill).map_err(|_| LineErr::OPERATIONUNAVAIL)?;
        let asked = self.ask(sh, h, request)?;
        self.begin_procedure(sh, Errand::BlindTransfer { asked, call: h }, steps, now);
        Ok(Reply::Ok)
    }

    // ---- ends ----

    /// A procedure of these ended.
    pub(crate) fn switched(
        &mut self,
        sh: &mut Shared,
        errand: Errand,
        result: Result<(), Trouble>,
        flashed: bool,
        now: Time,
    ) {
        let mut told = result.map_err(error_of);
        // A call came to wait as we flashed: the recall dial tone is for what becomes of that one.
        if self.parties.heard && matches!(errand, Errand::Hold { .. } | Errand::Consult { .. }) {
            told = told.and(Err(LineErr::CALLUNAVAIL));
        }
        match errand {
            Errand::Hold { asked, call } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.put_aside(sh, call, CallState::OnHold, now);
                    self.parties.by_waiting = false;
                    // The tone that holding ended at was the procedure's; the next call is made on it.
                    self.dial_tone = self.hook == Hook::Off
                        && self.hold_steps().is_some_and(|steps| {
                            let tones = Waits::DIAL | Waits::RECALL_DIAL;
                            matches!(steps.last(), Some(Step::Wait(waits)) if waits.intersects(tones))
                        });
                } else if flashed {
                    self.restore(sh, call, now);
                }
            }
            Errand::Retrieve { asked, held, ended, .. } if told.is_err() && self.hook == Hook::On => {
                // It was hung up for the other, and the other did not come back: nobody is there any more.
                let own = asked.is_some_and(|a| a.owner == ended);
                self.completed_if(sh, asked, if own { Ok(()) } else { told });
                self.parties.by_waiting = false;
                self.parties.held = None;
                for h in ended.into_iter().chain(self.current) {
                    self.enter(sh, h, CallState::Idle, now);
                }
                self.witness(sh, held, Witness::Ended, now);
            }
            Errand::Retrieve { asked, held, ended, .. } => {
                let own = asked.is_some_and(|a| a.owner == ended);
                self.completed_if(sh, asked, told);
                if told.is_err() {
                    return self.not_back(sh, asked.is_none(), now);
                }
                let gone = ended.filter(|h| sh.call(*h).is_some());
                if own && let Some(h) = gone {
                    self.enter(sh, h, CallState::Idle, now);
                }
                self.take_back(sh, held, now);
                if !own && let Some(h) = gone {
                    self.enter(sh, h, CallState::Idle, now);
                }
            }
            Errand::Swap { asked, active, held } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    let kind = sh.call(held).and_then(|c| c.state).filter(|s| s.is_held());
                    let there = sh.call(held).is_some();
                    self.put_aside(sh, active, kind.unwrap_or(CallState::OnHold), now);
                    if there {
                        self.take_party(sh, held, now);
                    } else if let Some(back) = self.plain_steps(Service::Swap) {
                        // Closed meanwhile: held again, and nobody's.
                        self.parties.orphan = true;
                        let errand = Errand::Retrieve { asked: None, held: active, ended: None, alerts: false };
                        self.begin_procedure(sh, errand, back, now);
                    }
                }
            }
            Errand::Consult { asked, held, consultation, why } => {
                self.consulted(sh, (asked, told), held, consultation, why, flashed, now);
            }
            // Whether it helped nobody knows; the call is as connected as before.
            Errand::Restore => {}
            Errand::Join { asked, conference, joined } => self.joined(sh, (asked, told), conference, joined, now),
            Errand::Transfer { asked, held, consultation } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.parties.held = None;
                    for h in [held, consultation] {
                        self.enter(sh, h, CallState::Idle, now);
                    }
                    self.current = None;
                }
            }
            Errand::BlindTransfer { asked, call } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.enter(sh, call, CallState::Idle, now);
                } else if flashed && result == Err(Trouble::Refused) {
                    self.leave_refused(sh, call, now);
                } else if flashed {
                    self.restore(sh, call, now);
                }
            }
            Errand::DropLast { asked, member } => {
                self.completed_if(sh, asked, told);
                if told.is_ok() {
                    self.dropped_last(sh, member, now);
                }
            }
            Errand::TakeWaiting { asked, waiting, active } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.waiting_taken(sh, waiting, active, now);
                } else if flashed {
                    self.restore(sh, active, now);
                }
            }
            Errand::RejectWaiting { asked, waiting } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.enter(sh, waiting, CallState::Idle, now);
                }
            }
            Errand::ReleaseHeld { asked, call } => {
                self.completed_if(sh, asked, told);
                if told.is_ok() {
                    self.enter(sh, call, CallState::Idle, now);
                }
            }
            Errand::Service(_) => {}
        }
    }

    /// The current call becomes the held one.
    pub(crate) fn put_aside(&mut self, sh: &mut Shared, h: CallHandle, state: CallState, now: Time) {
        self.end_digits(sh, h, now);
        if self.current == Some(h) {
            self.current = None;
            self.stop_call_timers();
        }
        if sh.call(h).is_none() {
            self.parties.orphan = true;
            return;
        }
        self.parties.held = Some(h);
        self.enter(sh, h, state, now);
    }

    /// A held or waiting call becomes the current one.
    pub(crate) fn take_party(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        if self.parties.held == Some(h) {
            self.parties.held = None;
        }
        if self.parties.waiting == Some(h) {
            self.parties.waiting = None;
            self.timers.stop(Timer::Waiting);
        }
        self.current = Some(h);
        self.off_seen = true;
        self.hook = Hook::Off;
        if let Some(call) = sh.call_mut(h) {
            call.started = true;
        }
        self.enter(sh, h, ACTIVE, now);
    }

    /// Back to the held party.
    fn take_back(&mut self, sh: &mut Shared, held: CallHandle, now: Time) {
        self.parties.by_waiting = false;
        if sh.call(held).is_none() {
            // Its call was closed meanwhile: the line is tidied up.
            self.parties.held = None;
            self.current = None;
            self.parties.orphan = false;
            return;
        }
        // The parking of one call for another is over for both.
        if let Some(current) = self.current.take_if(|h| *h != held) {
            self.stop_call_timers();
            let over = matches!(sh.call(current).and_then(|c| c.state), Some(CallState::Idle));
            self.take_party(sh, held, now);
            if !over {
                self.enter(sh, current, CallState::Idle, now);
            }
            return;
        }
        self.take_party(sh, held, now);
    }

    /// The way back failed. Nobody knows who is on the line: for a call that nobody wants any more it is hung up.
    fn not_back(&mut self, sh: &mut Shared, background: bool, now: Time) {
        if background {
            self.release(sh, now);
        }
    }

    /// A flash holds the party although the rest of the procedure failed: back to it.
    pub(crate) fn restore(&mut self, sh: &mut Shared, call: CallHandle, now: Time) {
        if self.hook == Hook::On || self.service != crate::line::Service::Ready {
            // The line is down: the far end is gone.
            self.witness(sh, call, Witness::Ended, now);
            return;
        }
        let steps = self.plain_steps(Service::Retrieve).unwrap_or_else(|| vec![Step::Flash]);
        self.begin_procedure(sh, Errand::Restore, steps, now);
    }

    /// The same where busy tone or reorder is heard: the exchange leaves that as it leaves a second call that is busy.
    pub(crate) fn leave_refused(&mut self, sh: &mut Shared, call: CallHandle, now: Time) {
        match self.plain_steps(Service::RetrieveRinging) {
            Some(steps) if self.hook == Hook::Off && self.service == crate::line::Service::Ready => {
                self.begin_procedure(sh, Errand::Restore, steps, now);
            }
            _ => self.restore(sh, call, now),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what an errand knows")]
    fn consulted(
        &mut self,
        sh: &mut Shared,
        (asked, told): (Asked, Result<(), LineErr>),
        held: CallHandle,
        consultation: CallHandle,
        why: Consultation,
        flashed: bool,
        now: Time,
    ) {
        self.completed(sh, asked, told);
        let talking = self.current;
        if told.is_err() || sh.call(consultation).is_none() {
            if let Some(call) = sh.call_mut(consultation) {
                call.state = Some(CallState::Idle);
                call.queue.clear();
            }
            // A conference that was being made is none.
            if why == Consultation::Conference && sh.call(held).is_none_or(|c| !c.announced) {
                self.parties.conference = None;
                if let Some(call) = sh.call_mut(held) {
                    call.state = Some(CallState::Idle);
                }
            }
            if flashed && let Some(call) = talking {
                self.restore(sh, call, now);
            }
            return;
        }
        match why {
            Consultation::Transfer => self.put_aside(sh, held, CallState::OnHoldPendingTransfer, now),
            Consultation::Conference => {
                let new = sh.call(held).is_some_and(|c| !c.announced);
                if new {
                    self.announce(sh, held);
                }
                let first = talking.filter(|h| *h != held);
                if let Some(first) = first {
                    self.end_digits(sh, first, now);
                    self.current = None;
                    self.stop_call_timers();
                }
                self.put_aside(sh, held, CallState::OnHoldPendingConference, now);
                let host = sh.call(held).and_then(|c| c.host);
                if let (Some(first), Some(host)) = (first, host) {
                    self.enter(sh, first, CallState::Conferenced(host), now);
                }
            }
        }
        self.parties.by_waiting = false;
        self.announce(sh, consultation);
        self.current = Some(consultation);
        self.off_seen = true;
        if let Some(call) = sh.call_mut(consultation) {
            call.started = true;
        }
        let tone = if self.caps.contains(Caps::SEES_DIAL_TONE) && self.description.plan.recall.dial_tone {
            CallState::DialTone(DialToneMode::Special)
        } else {
            CallState::Dialing
        };
        self.dial_tone = true;
        self.enter(sh, consultation, tone, now);
    }

    fn joined(
        &mut self,
        sh: &mut Shared,
        (asked, told): (Asked, Result<(), LineErr>),
        conference: CallHandle,
        joined: CallHandle,
        now: Time,
    ) {
        let new = sh.call(conference).is_some_and(|c| !c.announced);
        self.completed(sh, asked, told);
        if told.is_err() {
            if new {
                self.parties.conference = None;
                if let Some(call) = sh.call_mut(conference) {
                    call.state = Some(CallState::Idle);
                }
            }
            return;
        }
        let Some(host) = sh.call(conference).and_then(|c| c.host) else {
            // Closed meanwhile: nobody wants the conference, and who was to come into it goes with it.
            self.witness(sh, joined, Witness::Ended, now);
            return self.release(sh, now);
        };
        let first = self.parties.held.filter(|h| *h != conference);
        self.parties.held = None;
        self.end_digits(sh, joined, now);
        self.current = None;
        self.stop_call_timers();
        let member = CallState::Conferenced(host);
        if new {
            self.announce(sh, conference);
            self.take_party(sh, conference, now);
        }
        for h in first.into_iter().chain([joined]) {
            // Closed meanwhile: still in the exchange's bridge, but no member of ours.
            if sh.call(h).is_some() {
                self.enter(sh, h, member, now);
                if let Some(c) = &mut self.parties.conference {
                    c.members.push(h);
                    // Who came last goes first, whoever was held when they were joined.
                    c.members.sort_by_key(|member| sh.call(*member).map_or(0, |call| call.call_id));
                }
            } else if let Some(c) = &mut self.parties.conference {
                c.strangers += 1;
            }
        }
        if !new {
            self.take_party(sh, conference, now);
        }
    }

    /// The last member is out: the other one is an ordinary call again.
    fn dropped_last(&mut self, sh: &mut Shared, member: CallHandle, now: Time) {
        self.enter(sh, member, CallState::Idle, now);
        let Some(mut conference) = self.parties.conference.take() else { return };
        conference.members.retain(|h| *h != member && sh.call(*h).is_some());
        match conference.members.as_slice() {
            [one] => {
                self.end_digits(sh, conference.parent, now);
                self.enter(sh, conference.parent, CallState::Idle, now);
                self.take_party(sh, *one, now);
            }
            _ => self.parties.conference = Some(conference),
        }
    }
}
