//! Who is on the line besides the party one talks with: held, waiting, in conference; and how calls leave it.

use crate::call::{Call, Witness};
use crate::errand::{Asked, Errand};
use crate::line::{Hook, Line, Service, Shared};
use crate::request::Purpose;
use crate::timers::{RING_BACK, Timer};
use crate::{CallHandle, CallState, LineErr, Output, RequestId};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;
use loopstart_signal::plan::{Fill, Joined, Moment, OnHook, Service as PlanService, Step, Steps, Waits};
use loopstart_signal::{Caps, Time};

/// Between joining a party and dropping it again.
const BETWEEN_FLASHES: Duration = Duration::from_millis(700);
/// An answer shorter than this may not be seen as one by an exchange that rings.
const TAKEN: Duration = Duration::from_millis(500);

/// A conference.
#[derive(Debug)]
pub(crate) struct Conference {
    /// The call that stands for it.
    pub(crate) parent: CallHandle,
    /// Its members, in the order they came.
    pub(crate) members: Vec<CallHandle>,
    /// Parties in the exchange's bridge whose calls the host has closed.
    pub(crate) strangers: usize,
    /// The member that one talked to when they were joined.
    pub(crate) talked: Option<CallHandle>,
    /// It was set up on an idle line, and nobody has been added yet: the exchange knows nothing of it.
    pub(crate) gathering: bool,
}

impl Conference {
    /// A conference of these members.
    pub(crate) const fn new(parent: CallHandle, members: Vec<CallHandle>) -> Self {
        Self { parent, members, strangers: 0, talked: None, gathering: false }
    }

    /// How many the exchange has joined, besides us.
    pub(crate) fn parties(&self) -> usize {
        self.members.len() + self.strangers
    }
}

/// What a ring after a hang-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RingBack {
    /// The waiting call, which rings now.
    Waiting(CallHandle),
    /// A party that nobody wants any more.
    Unwanted,
}

/// Who is on the line besides the current call.
#[derive(Debug, Default)]
pub(crate) struct Parties {
    /// The call that the exchange holds.
    pub(crate) held: Option<CallHandle>,
    /// The second call, offered.
    pub(crate) waiting: Option<CallHandle>,
    /// The conference, current or held.
    pub(crate) conference: Option<Conference>,
    /// The tone of a waiting call was heard while a procedure ran; it is offered afterwards.
    pub(crate) heard: bool,
    /// A call waits that the host does not want: a flash would still take it.
    pub(crate) ignored: bool,
    /// Held and current call came to be a pair because one of them waited.
    pub(crate) by_waiting: bool,
    /// The exchange holds a party whose call the host has closed.
    pub(crate) orphan: bool,
    /// What a ring within the next seconds is.
    pub(crate) ring_back: Option<RingBack>,
}

impl Parties {
    /// Whether nobody is there.
    pub(crate) fn is_empty(&self) -> bool {
        let joined = self.conference.as_ref().is_some_and(|c| !c.gathering);
        self.held.is_none() && self.waiting.is_none() && !joined && !self.orphan
    }

    /// The conference that nobody is in yet.
    pub(crate) fn gathering(&self) -> Option<CallHandle> {
        self.conference.as_ref().filter(|c| c.gathering).map(|c| c.parent)
    }

    /// Whether the exchange has only one party of this line, or none.
    fn has_one_at_most(&self) -> bool {
        self.held.is_none()
            && self.waiting.is_none()
            && !self.orphan
            && self.conference.as_ref().is_none_or(|c| c.parties() < 2)
    }

    /// Whether this call is the conference.
    pub(crate) fn is_conference(&self, h: CallHandle) -> bool {
        self.conference.as_ref().is_some_and(|c| c.parent == h)
    }

    /// Whether this call is a member of the conference.
    pub(crate) fn is_member(&self, h: CallHandle) -> bool {
        self.conference.as_ref().is_some_and(|c| c.members.contains(&h))
    }
}

/// Whether a second call rings or is busy, or may soon: its tones may be heard on the way back from it.
pub(crate) fn alerts(call: Option<&Call>) -> bool {
    use CallState as S;
    let state = call.and_then(|c| c.state);
    matches!(state, Some(S::Dialing | S::Proceeding | S::Ringback | S::Busy(_) | S::SpecialInfo(_)))
}

impl Line {
    // ---- what can be done ----

    /// Whether a procedure could be begun.
    pub(crate) fn is_quiet(&self) -> bool {
        self.service == Service::Ready && !self.has_procedure() && !self.is_releasing()
    }

    /// Whether this call is the current one and connected.
    pub(crate) fn talks(&self, sh: &Shared, h: CallHandle) -> bool {
        self.current == Some(h)
            && sh.call(h).is_some_and(|c| {
                c.announced && !c.is_passed_through() && matches!(c.state, Some(CallState::Connected(_)))
            })
    }

    /// The steps of a service that needs nothing filled in, when the device can carry them out.
    pub(crate) fn plain_steps(&self, service: PlanService) -> Option<Steps> {
        let procedure = self.description.plan.service(service)?;
        if procedure.flashes() && !self.caps.contains(Caps::FLASH) {
            return None;
        }
        procedure.fill(&Default::default()).ok()
    }

    /// Whether digits of this call are going out.
    pub(crate) fn is_dialling(&self, h: CallHandle) -> bool {
        self.action.is_some_and(|action| action.call == h)
    }

    /// Whether they are digits of a call that nobody has answered, and not an extension dialled during a conversation.
    pub(crate) fn is_calling(&self, h: CallHandle, call: Option<&Call>) -> bool {
        self.is_dialling(h) && !call.is_some_and(|c| matches!(c.state, Some(CallState::Connected(_))))
    }

    /// How to hold. Where holding ends on hook the way back is not stated, so it is not offered.
    pub(crate) fn hold_steps(&self) -> Option<Steps> {
        self.plain_steps(PlanService::Hold).filter(|steps| !steps.contains(&Step::OnHook))
    }

    /// How to take this member out of the conference: what is done first, and what follows once that has split it.
    fn removal(&self, member: CallHandle) -> Option<(Steps, Steps)> {
        let conference = self.parties.conference.as_ref().filter(|c| c.members.len() >= 2)?;
        let last = match conference.members.iter().position(|m| *m == member)? {
            at if at + 1 == conference.members.len() => true,
            // Who is first among more of them nobody knows.
            0 if conference.parties() == 2 => false,
            _ => return None,
        };
        if let Some(steps) = self.plain_steps(if last { PlanService::DropLast } else { PlanService::DropFirst }) {
            return Some((steps, Steps::new()));
        }
        let active = match self.description.plan.split_active.filter(|_| conference.parties() == 2)? {
            Joined::First => !last,
            Joined::Last => last,
            Joined::Active => conference.talked? == member,
        };
        let order = if active { PlanService::ReleaseAndTake } else { PlanService::ReleaseHeld };
        let split = self.plain_steps(PlanService::Split)?;
        let mut rest = vec![Step::Pause(BETWEEN_FLASHES)];
        rest.extend(self.plain_steps(order).filter(|steps| !steps.contains(&Step::OnHook))?);
        Some((split, rest))
    }

    /// Takes a member out of the conference, if that can be done.
    pub(crate) fn begin_removal(&mut self, sh: &mut Shared, asked: Option<Asked>, member: CallHandle, now: Time) {
        if let Some((steps, rest)) = self.removal(member) {
            self.begin_procedure(sh, Errand::Remove { asked, member, split: false, rest }, steps, now);
        }
    }

    /// How to get to the dial tone for a consultation call.
    pub(crate) fn consult_steps(&self) -> Option<Steps> {
        let plan = &self.description.plan;
        let Some(procedure) = plan.service(PlanService::Consult) else { return self.hold_steps() };
        if procedure.flashes() && !self.caps.contains(Caps::FLASH) {
            return None;
        }
        // The number is dialled later, as a call.
        let mut steps = procedure.fill(&Fill { number: Some(""), ..Fill::default() }).ok()?;
        steps.retain(|step| !matches!(step, Step::Dial(digits) if digits.is_empty()));
        Some(steps)
    }

    /// How to drop the last member of a conference of three.
    pub(crate) fn drop_last_steps(&self) -> Option<Steps> {
        self.plain_steps(PlanService::DropLast)
    }

    /// How to end the current call and get back to the held party.
    pub(crate) fn way_back(&self, sh: &Shared) -> Option<Steps> {
        let state = match self.current {
            // The flash comes after the digits.
            Some(h) if self.is_calling(h, sh.call(h)) => Some(CallState::Proceeding),
            Some(h) => sh.call(h).and_then(|c| c.state),
            None => None,
        };
        self.way_back_from(sh, state, self.current.and_then(|h| sh.call(h)).map_or(0, |c| c.call_id))
    }

    /// The same from a current call in this state and of this number, which may be gone already.
    pub(crate) fn way_back_from(&self, sh: &Shared, state: Option<CallState>, number: u32) -> Option<Steps> {
        use CallState as S;
        let plan = &self.description.plan;
        let release_and_take = || {
            let flashes = plan.service(PlanService::ReleaseAndTake).is_some_and(|p| p.flashes());
            if flashes { self.plain_steps(PlanService::ReleaseAndTake) } else { None }
        };
        let ring_back = |moment| {
            (plan.on_hook(moment) == OnHook::RingsBack)
                .then(|| vec![Step::OnHook, Step::Wait(Waits::RING), Step::OffHook])
        };
        match state {
            Some(S::Connected(_)) if self.parties.by_waiting => {
                release_and_take().or_else(|| ring_back(Moment::CallWaiting))
            }
            Some(S::Connected(_)) => release_and_take()
                .or_else(|| {
                    // What is dropped is the party that came last.
                    let held = self.parties.held.and_then(|h| sh.call(h)).map_or(0, |c| c.call_id);
                    if self.current.is_some() && number < held {
                        return None;
                    }
                    let mut steps = self.plain_steps(PlanService::Join)?;
                    steps.push(Step::Pause(BETWEEN_FLASHES));
                    steps.extend(self.drop_last_steps()?);
                    Some(steps)
                })
                .or_else(|| ring_back(Moment::ActiveAndHeld)),
            Some(S::Proceeding | S::Ringback | S::Busy(_) | S::SpecialInfo(_)) => self
                .plain_steps(PlanService::RetrieveRinging)
                .or_else(|| self.plain_steps(PlanService::Retrieve))
                .or_else(release_and_take),
            // A consultation call that is being dialled is left as one that rings is, where going back from a hard hold has a
            // code of its own.
            _ => {
                let by_flash = plan.service(PlanService::Retrieve).is_some_and(|p| p.flashes());
                let consulting = self.current.is_some() && !by_flash;
                let ringing = || self.plain_steps(PlanService::RetrieveRinging).filter(|_| consulting);
                ringing().or_else(|| self.plain_steps(PlanService::Retrieve))
            }
        }
    }

    /// The moment at which the line would be hung up now.
    pub(crate) fn moment(&self, sh: &Shared) -> Moment {
        use CallState as S;
        if self.parties.by_waiting || self.parties.waiting.is_some() && self.parties.held.is_none() {
            return Moment::CallWaiting;
        }
        if self.parties.conference.as_ref().is_some_and(|c| self.current == Some(c.parent)) {
            return Moment::Conference;
        }
        match self.current.and_then(|h| sh.call(h)).and_then(|c| c.state) {
            Some(S::Connected(_)) => Moment::ActiveAndHeld,
            Some(S::Proceeding | S::Ringback) => Moment::ConsultRinging,
            Some(S::Busy(_) | S::SpecialInfo(_)) => Moment::ConsultBusy,
            _ => Moment::ConsultDialing,
        }
    }

    // ---- requests of the line ----

    /// Completes a request of the line that was struck out of its ledger.
    pub(crate) fn complete_line(&self, sh: &mut Shared, request: RequestId, result: Result<(), LineErr>) {
        if let Some(open) = &self.open {
            sh.out.push_back(Output::Complete { request, result, line: open.handle, call: None });
        }
    }

    /// Ends the requests of the line, and the procedure, with it.
    pub(crate) fn end_line_requests(&mut self, sh: &mut Shared, error: LineErr) {
        while let Some(request) = self.requests.take(|_| true) {
            self.complete_line(sh, request, Err(error));
        }
    }

    // ---- leaving ----

    /// Whether a call can be dropped now, where others are on the line.
    pub(crate) fn can_drop(&self, sh: &Shared, h: CallHandle) -> bool {
        let p = &self.parties;
        if p.is_empty() || self.service != Service::Ready || self.has_procedure() {
            return true;
        }
        if self.current == Some(h) {
            return match (p.held, p.is_conference(h)) {
                (Some(_), _) => {
                    self.way_back(sh).is_some() || self.description.plan.on_hook(self.moment(sh)) == OnHook::Releases
                }
                (None, _) => true,
            };
        }
        if p.held == Some(h) {
            // The order for it is one between two calls that talk.
            return match self.current {
                Some(current) => {
                    self.talks(sh, current)
                        && !p.is_conference(h)
                        && self.plain_steps(PlanService::ReleaseHeld).is_some()
                }
                None => self.way_back(sh).is_some(),
            };
        }
        if p.is_member(h) {
            return self.removable(sh, h);
        }
        true
    }

    /// Whether a member can be taken out of the conference.
    pub(crate) fn removable(&self, sh: &Shared, h: CallHandle) -> bool {
        let Some(conference) = &self.parties.conference else { return false };
        self.talks(sh, conference.parent) && self.removal(h).is_some()
    }

    /// Ends a call for the host while others are on the line, or a procedure is.
    pub(crate) fn drop_party(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        now: Time,
    ) -> Result<(), LineErr> {
        if !self.can_drop(sh, h) && !sh.call(h).is_some_and(|c| c.requests.has(Purpose::Drop)) {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        let busy = self.has_procedure();
        let call = sh.call_mut(h).ok_or(LineErr::INVALCALLHANDLE)?;
        let again = call.requests.has(Purpose::Drop);
        call.requests.enter(request, Purpose::Drop)?;
        if again {
            // It waits for the same end.
            return Ok(());
        }
        call.queue.clear();
        call.drop_awaits = busy;
        if !busy {
            sh.complete_all(h, |purpose| purpose != Purpose::Drop, Err(LineErr::OPERATIONFAILED));
            self.end_digits(sh, h, now);
            self.begin_drop(sh, h, now);
        }
        self.settle(sh, now);
        Ok(())
    }

    /// Ends a call whose Drop is in its ledger.
    fn begin_drop(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        let Some(request) = sh.call(h).and_then(|c| c.requests.first(Purpose::Drop)) else { return };
        let asked = Some(Asked { request, owner: Some(h) });
        let idle = sh.call(h).is_none_or(|c| c.state == Some(CallState::Idle));
        let alone = self.parties.is_empty();
        if idle || self.service != Service::Ready {
            return self.finish_drop(sh, h, now);
        }
        if self.parties.waiting == Some(h) {
            match self.plain_steps(PlanService::WaitingReject) {
                Some(steps) if self.current.is_some_and(|c| self.talks(sh, c)) => {
                    let asked = Asked { request, owner: Some(h) };
                    self.begin_procedure(sh, Errand::RejectWaiting { asked, waiting: h }, steps, now);
                }
                // Nobody hears its tone any more.
                _ => {
                    self.finish_drop(sh, h, now);
                    self.ignore_waiting(now);
                }
            }
        } else if self.current == Some(h) {
            match self.parties.held {
                Some(held) => match self.way_back(sh) {
                    Some(steps) => {
                        let errand = Errand::Retrieve {
                            asked,
                            held,
                            ended: Some(h),
                            alerts: self.is_calling(h, sh.call(h)) || alerts(sh.call(h)),
                        };
                        self.begin_procedure(sh, errand, steps, now);
                    }
                    None => self.release(sh, now),
                },
                None if self.is_engaged(h) => self.release(sh, now),
                None => self.finish_drop(sh, h, now),
            }
        } else if self.parties.held == Some(h) {
            if self.current.is_none() {
                // First back to it, then on hook: hung up while held it would be given back by ringing.
                if let Some(mut steps) = self.way_back(sh)
                    && let Some(call) = sh.call_mut(h)
                {
                    call.drop_awaits = true;
                    if steps.last() == Some(&Step::OffHook) {
                        // Taken for less the exchange would go on ringing.
                        steps.push(Step::Pause(TAKEN));
                    }
                    let errand = Errand::Retrieve { asked: None, held: h, ended: None, alerts: false };
                    self.begin_procedure(sh, errand, steps, now);
                }
            } else if let Some(steps) = self.plain_steps(PlanService::ReleaseHeld) {
                self.begin_procedure(sh, Errand::ReleaseHeld { asked, call: h }, steps, now);
            }
        } else if !alone && self.parties.is_member(h) {
            if self.removable(sh, h) {
                self.begin_removal(sh, asked, h, now);
            }
        } else {
            return self.finish_drop(sh, h, now);
        }
        let begun = self.has_procedure() || self.is_releasing();
        if !begun && sh.call(h).is_some_and(|c| c.requests.has(Purpose::Drop)) {
            // The way that was there is gone.
            sh.complete_all(h, |p| p == Purpose::Drop, Err(LineErr::OPERATIONFAILED));
        }
    }

    /// What follows the end of a procedure: drops that waited for it, and what nobody wants any more.
    pub(crate) fn tidy(&mut self, sh: &mut Shared, now: Time) {
        let waits = |sh: &Shared, h: &CallHandle| sh.call(*h).is_some_and(|c| c.drop_awaits);
        while !self.has_procedure() {
            let Some(h) = self.calls.iter().copied().find(|h| waits(sh, h)) else { break };
            if let Some(call) = sh.call_mut(h) {
                call.drop_awaits = false;
            }
            sh.complete_all(h, |purpose| purpose != Purpose::Drop, Err(LineErr::OPERATIONFAILED));
            self.end_digits(sh, h, now);
            if self.can_drop(sh, h) {
                self.begin_drop(sh, h, now);
            } else {
                sh.complete_all(h, |_| true, Err(LineErr::OPERATIONUNAVAIL));
            }
        }
        if self.hook == Hook::On && !self.has_procedure() {
            // The procedure ended on hook: a party that was nobody's any more went with it.
            self.parties.orphan = false;
        }
        if self.has_procedure() || self.is_releasing() || self.current.is_some() || self.service != Service::Ready {
            return;
        }
        match self.parties.held {
            // Held for a consultation call that is gone.
            Some(held) if !self.holds_for_good(sh, held) => match self.way_back(sh) {
                Some(steps) => {
                    let errand = Errand::Retrieve { asked: None, held, ended: None, alerts: false };
                    self.begin_procedure(sh, errand, steps, now);
                }
                None => self.release(sh, now),
            },
            None if self.hook == Hook::Off && self.offer.is_none() && self.action.is_none() => self.leave(sh, now),
            _ => {}
        }
    }

    /// Hangs up where the exchange may hold a party that nobody wants any more. Hung up while held it would be given back by
    /// ringing, so first back to it.
    fn leave(&mut self, sh: &mut Shared, now: Time) {
        let rings = self.description.plan.on_hook(self.moment(sh)) == OnHook::RingsBack;
        match self.way_back(sh).filter(|steps| !steps.contains(&Step::OnHook)) {
            Some(steps) if self.parties.orphan && rings => self.begin_procedure(sh, Errand::Leave, steps, now),
            _ => self.release(sh, now),
        }
    }

    /// Back at the party that nobody wants, or not.
    pub(crate) fn left(&mut self, sh: &mut Shared, back: bool, now: Time) {
        if back {
            self.parties.orphan = false;
        }
        self.release(sh, now);
    }

    /// Without a call that could be its first a conference that nobody is in is over.
    pub(crate) fn forget_gathering(&mut self, sh: &mut Shared, now: Time) {
        let p = &self.parties;
        if self.current.is_some() || p.held.is_some() || p.waiting.is_some() || p.orphan || self.has_procedure() {
            return;
        }
        let Some(parent) = p.gathering() else { return };
        if sh.call(parent).is_some_and(|call| call.announced) {
            self.enter(sh, parent, CallState::Idle, now);
        } else if let Some(call) = sh.call_mut(parent) {
            call.state = Some(CallState::Idle);
        }
        self.parties.conference = None;
    }

    /// Whether a held call is held because the host wanted just that.
    fn holds_for_good(&self, sh: &Shared, held: CallHandle) -> bool {
        sh.call(held).is_some_and(|c| c.state == Some(CallState::OnHold))
    }

    /// A call is over: it is no party any more.
    pub(crate) fn party_over(&mut self, sh: &mut Shared, h: CallHandle, to: CallState, now: Time) {
        if let Some(conference) = self.parties.conference.take_if(|c| c.parent == h) {
            if self.parties.held == Some(h) {
                self.parties.held = None;
            }
            // Who was joined goes with the conference.
            for member in conference.members {
                self.enter(sh, member, to, now);
            }
            return;
        }
        if let Some(conference) = &mut self.parties.conference {
            conference.members.retain(|member| *member != h);
        }
        if to != CallState::Idle {
            return;
        }
        if self.parties.held == Some(h) {
            self.parties.held = None;
            self.parties.by_waiting = false;
        }
        if self.parties.waiting == Some(h) {
            self.parties.waiting = None;
            self.timers.stop(Timer::Waiting);
        }
    }

    /// The host closed a call, which is no longer there; true when there is nothing more to do about it.
    pub(crate) fn close_party(&mut self, sh: &mut Shared, h: CallHandle, call: &Call, now: Time) -> bool {
        if self.parties.conference.take_if(|c| c.gathering && c.parent == h).is_some() {
            return true;
        }
        if self.parties.is_empty() && !self.has_procedure() {
            return false;
        }
        if self.parties.waiting == Some(h) {
            self.parties.waiting = None;
            self.ignore_waiting(now);
            return true;
        }
        if self.parties.is_conference(h) {
            let members = self.parties.conference.take().map_or_else(Vec::new, |c| c.members);
            for member in members {
                self.enter(sh, member, CallState::Idle, now);
            }
            if self.parties.held == Some(h) {
                self.parties.held = None;
                self.parties.orphan = true;
            }
            if self.has_procedure() && self.current == Some(h) {
                // Its end finds the conference gone, and tidies up.
                self.current = None;
            }
            return self.current != Some(h);
        }
        if let Some(conference) = &mut self.parties.conference
            && let Some(at) = conference.members.iter().position(|member| *member == h)
        {
            conference.members.remove(at);
            conference.strangers += 1;
            if self.current == Some(h) {
                // The first one, who is still talked with while the conference is set up.
                self.current = None;
            }
            return true;
        }
        if self.has_procedure() {
            // Its end finds the call gone, and tidies up.
            if self.current == Some(h) {
                self.current = None;
            }
            if self.parties.held == Some(h) {
                self.parties.held = None;
                self.parties.orphan = true;
            }
            return true;
        }
        if self.parties.held == Some(h) {
            self.parties.held = None;
            self.parties.by_waiting = false;
            if self.service != Service::Ready {
            } else if self.current.is_none() {
                self.parties.orphan = true;
                self.leave(sh, now);
            } else if self.current.is_some_and(|current| self.talks(sh, current))
                && let Some(steps) = self.plain_steps(PlanService::ReleaseHeld)
            {
                // The order for it is one between two calls that talk.
                self.begin_procedure(sh, Errand::ReleaseHeld { asked: None, call: h }, steps, now);
            } else {
                self.parties.orphan = true;
            }
            return true;
        }
        if self.current == Some(h) && self.parties.held.is_some() && call.state.is_some() {
            let calling = self.is_calling(h, Some(call));
            let state = if calling { Some(CallState::Proceeding) } else { call.state };
            let way = self.way_back_from(sh, state, call.call_id);
            let alerts = calling || alerts(Some(call));
            self.detach();
            match (way, self.parties.held) {
                (Some(steps), Some(held)) if self.service == Service::Ready => {
                    let errand = Errand::Retrieve { asked: None, held, ended: None, alerts };
                    self.begin_procedure(sh, errand, steps, now);
                }
                _ => self.release(sh, now),
            }
            return true;
        }
        false
    }

    /// The line is closed, or nothing on it is wanted any more.
    pub(crate) fn leave_all(&mut self, sh: &mut Shared, now: Time) {
        let busy = !self.parties.is_empty() || self.has_procedure();
        self.forget_procedure();
        if busy && self.hook == Hook::Off && self.service == Service::Ready {
            self.release(sh, now);
        }
        self.parties = Parties { ring_back: self.parties.ring_back, ..Parties::default() };
        self.timers.stop(Timer::Waiting);
    }

    /// The device is lost: so is everybody on it.
    pub(crate) fn lose_parties(&mut self, sh: &mut Shared, now: Time) {
        self.forget_procedure();
        let parties = core::mem::take(&mut self.parties);
        let (parent, members) = parties.conference.map_or((None, Vec::new()), |c| (Some(c.parent), c.members));
        let others = [parties.held, parties.waiting, parent].into_iter().flatten().chain(members);
        let current = self.current;
        for h in others.filter(|h| current != Some(*h)) {
            sh.complete_all(h, |_| true, Err(LineErr::RESOURCEUNAVAIL));
            if self.offer == Some(h) {
                self.abandon_waiting(sh, h);
            } else {
                self.witness(sh, h, Witness::Broken, now);
            }
        }
        // Calls that were being made behind a procedure.
        let unborn: Vec<_> = self
            .calls
            .iter()
            .copied()
            .filter(|h| self.current != Some(*h) && sh.call(*h).is_some_and(|c| c.state.is_none() && !c.is_incoming()))
            .collect();
        for h in unborn {
            self.fail_unborn(sh, h, LineErr::RESOURCEUNAVAIL, now);
        }
    }

    /// The line goes on hook: does the exchange give somebody back by ringing?
    pub(crate) fn expect_ring_back(&mut self, sh: &Shared) {
        let p = &self.parties;
        if p.ignored && p.is_empty() && self.description.plan.on_hook(Moment::CallWaiting) == OnHook::RingsBack {
            // Unwanted while it waited; ringing it is an ordinary call again.
            return;
        }
        if p.has_one_at_most() || self.description.plan.on_hook(self.moment(sh)) != OnHook::RingsBack {
            return;
        }
        self.parties.ring_back = Some(match p.waiting.filter(|_| p.held.is_none()) {
            Some(waiting) => RingBack::Waiting(waiting),
            None => RingBack::Unwanted,
        });
    }

    /// The line is on hook: who was held is gone, unless he rings.
    pub(crate) fn parties_down(&mut self, sh: &mut Shared, now: Time) {
        if self.parties.ring_back.is_some() {
            self.timers.start(Timer::RingBack, now + RING_BACK);
        }
        self.parties.orphan = false;
        self.parties.by_waiting = false;
        if core::mem::take(&mut self.parties.ignored) {
            self.timers.stop(Timer::Waiting);
        }
        if let Some(held) = self.parties.held.take().filter(|h| self.current != Some(*h)) {
            self.witness(sh, held, Witness::Dropped, now);
        }
    }
}
