//! Hold, transfer, conference: what a flash does, as procedures of the switch plan.

mod consult;
mod ends;

use crate::errand::{Asked, Errand};
use crate::line::{Line, MAX_CALLS, Shared};
use crate::parties::{Conference, alerts};
use crate::request::Purpose;
use crate::{
    Address, CallFeatures, CallFeatures2, CallHandle, CallParams, CallState, CallStatus, Command, LineErr, MediaModes,
    Reply, RequestId, TransferMode, dial, params,
};
use alloc::vec::Vec;
use loopstart_signal::plan::{Fill, Moment, OnHook, Service, Step, Steps};
use loopstart_signal::{Caps, Time};

/// Most members of a conference by flash, besides us.
const MAX_MEMBERS: usize = 2;

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
                let hosts = (host_conference, host_consultation);
                match call {
                    Some(call) => self.setup_conference(sh, request, call, hosts, &params, now),
                    None => self.setup_empty_conference(sh, request, hosts, &params, now),
                }
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
            && p.gathering().is_none()
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
        // The first call needs no exchange to be the only member.
        if self.can_gather(sh).is_some_and(|(parent, first)| h == parent || h == first) {
            f |= F::ADD_TO_CONFERENCE;
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

    /// Whether a call could be made now, as calls of this line are by themselves.
    pub(crate) fn can_make_call(&self, sh: &Shared) -> bool {
        let voice = CallParams::default();
        let media = if self.caps.contains(Caps::VOICE) { voice.media } else { MediaModes::DATA_MODEM };
        self.check_make_call(sh, &CallParams { media, ..voice }).is_ok()
    }

    /// Whether a conference can be begun now with nobody in it.
    pub(crate) fn can_gather_anew(&self, sh: &Shared) -> bool {
        crate::caps::empty_conference(self.caps, &self.description.plan)
            && self.is_free()
            && self.parties.conference.is_none()
            && self.can_make_call(sh)
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

    /// The conference that nobody is in yet, and the call that could be its first member now.
    fn can_gather(&self, sh: &Shared) -> Option<(CallHandle, CallHandle)> {
        let (parent, first) = (self.parties.gathering()?, self.current?);
        let alone = self.parties.held.is_none() && self.parties.waiting.is_none();
        (alone && self.is_quiet() && self.talks(sh, first)).then_some((parent, first))
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
                let conference = self.conference(sh, host, Some(h), now)?;
                self.calls.push(conference);
                if let Some(call) = sh.call_mut(conference) {
                    call.requests.enter(request, Purpose::Switch)?;
                }
                self.parties.conference = Some(Conference::new(conference, Vec::new()));
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
}
