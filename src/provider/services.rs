//! Services of the exchange: forward, park, pickup, completion, secure calls, as procedures of the switch plan.
//!
//! What concerns the line alone — forwarding, taking a call that rings or is parked elsewhere, giving a completion up —
//! needs an idle line. Its procedure waits until the line is on hook, and fails when a call comes in before.

mod completion;
mod forward;
mod line_switch;
mod park;
mod secure;
mod take;

pub(crate) use forward::{MAX_ENTRIES as MAX_FORWARD_ENTRIES, forward_modes, ring_range};
pub(crate) use line_switch::needs_switch;
pub(crate) use secure::{can_prefix, check_codes, prefixed};

use crate::errand::{Asked, Errand, error_of};
use crate::line::{Hook, Line, Shared};
use crate::procedure::{Proof, Trouble};
use crate::request::Purpose;
use crate::timers::Timer;
use crate::{
    AddressFeatures, CallFeatures, CallFeatures2, CallHandle, CallState, Command, LineErr, LineFeatures, Reply,
    RequestId,
};
use loopstart_signal::plan::{Piece, Plan, Procedure, Service, Step, Steps, Waits};
use loopstart_signal::{Caps, Failure, Number, Time};

pub(crate) use completion::MAX_COMPLETIONS;

/// `LINEPARKMODE_DIRECTED`.
const PARK_DIRECTED: u32 = 1;
/// `LINEPARKMODE_NONDIRECTED`.
const PARK_NONDIRECTED: u32 = 2;
/// `LINECALLCOMPLMODE_CALLBACK`.
const CALLBACK: u32 = 2;
/// `LINECALLCOMPLCOND_BUSY`.
const WHEN_BUSY: u32 = 1;
/// `LINECALLCOMPLCOND_NOANSWER`.
const WHEN_NO_ANSWER: u32 = 2;

/// What a procedure of a service is for.
#[derive(Clone, Debug)]
pub(crate) enum ServiceErrand {
    /// Nothing but to be carried out.
    Plain { asked: Asked },
    /// The step of a forwarding that is under way.
    Forward,
    /// Park this call.
    Park { asked: Asked, call: CallHandle, slot: Number },
    /// Send this offered call elsewhere.
    Redirect { asked: Asked, call: CallHandle },
    /// Take a call that rings or is parked elsewhere.
    Take { asked: Asked, call: CallHandle, slot: Option<Number> },
    /// Take the waiting call as a new one.
    TakeWaiting { asked: Asked, call: CallHandle, active: CallHandle },
    /// Have this call completed. `first`: the procedure begins with hanging up; `ends`: it hangs up somewhere.
    Complete { asked: Asked, call: CallHandle, id: u32, first: bool, ends: bool },
    /// Give the completions up, of which this one was named.
    Uncomplete { asked: Asked, id: u32 },
    /// Protect this call. `back`: a flash leads back to it.
    Secure { asked: Asked, call: CallHandle, back: bool },
    /// Switch call waiting off for the line, before this call.
    SwitchOff { call: CallHandle },
    /// Switch it on again.
    SwitchOn,
}

/// What a line remembers of the exchange's services.
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// A procedure that waits for the line to be on hook.
    pending: Option<(ServiceErrand, Steps)>,
    /// The forwarding under way.
    forwarding: Option<forward::Forwarding>,
    /// What is forwarded, as far as known.
    forwards: forward::Forwards,
    /// Outstanding completions.
    completions: completion::Completions,
    /// Calls that were parked here and may come back.
    parked: park::Parked,
    /// Whether call waiting was switched off for a call.
    line_switch: line_switch::LineSwitch,
}

impl Services {
    /// Whether a procedure waits for the line to be on hook.
    pub(crate) const fn waits(&self) -> bool {
        self.pending.is_some()
    }

    /// How many completions are outstanding.
    pub(crate) fn completions(&self) -> u32 {
        self.completions.count()
    }

    /// What is forwarded where, and after how many rings.
    pub(crate) fn forwards(&self) -> (alloc::vec::Vec<crate::ForwardEntry>, u32) {
        (self.forwards.entries(), self.forwards.rings())
    }
}

// ---- what can ever be done ----

/// Signals that prove that a code was taken.
const PROOFS: Waits = Waits::CONFIRM.union(Waits::ANNOUNCEMENT).union(Waits::ANSWER);

/// Whether a device can carry out this procedure: flash, and dial what is in it. Pulses have no star and no number sign.
fn able(caps: Caps, procedure: &Procedure) -> bool {
    let pulses = |piece: &Piece| match piece {
        Piece::Digits(digits) => digits.bytes().all(|b| b.is_ascii_digit()),
        Piece::Blank(_) => true,
    };
    procedure.steps().iter().all(|step| match step {
        Step::Flash => caps.contains(Caps::FLASH),
        Step::Dial(_) if caps.contains(Caps::DIAL_DTMF) => true,
        Step::Dial(pieces) => caps.contains(Caps::DIAL_PULSE) && pieces.iter().all(pulses),
        _ => true,
    })
}

/// Whether a procedure tells by a signal that it was taken.
fn proves(procedure: &Procedure) -> bool {
    procedure.steps().iter().any(|step| matches!(step, Step::Wait(waits) if waits.intersects(PROOFS)))
}

/// Whether a device hears what proves that this procedure was taken.
fn is_heard(caps: Caps, procedure: &Procedure) -> bool {
    let mut heard = Waits::empty();
    heard.set(Waits::CONFIRM, caps.contains(Caps::SEES_CONFIRMATION));
    heard.set(Waits::ANNOUNCEMENT, caps.contains(Caps::HEARS_MEDIA));
    heard.set(Waits::ANSWER, caps.contains(Caps::SEES_ANSWER));
    procedure.steps().iter().all(|step| match step {
        Step::Wait(waits) => !waits.intersects(PROOFS) || waits.intersects(heard),
        _ => true,
    })
}

/// The procedure of a service, when the device can carry it out.
fn procedure(caps: Caps, plan: &Plan, service: Service) -> Option<&Procedure> {
    plan.service(service).filter(|procedure| able(caps, procedure))
}

fn has(caps: Caps, plan: &Plan, service: Service) -> bool {
    procedure(caps, plan, service).is_some()
}

/// `LINEPARKMODE_` bits.
pub(crate) fn park_modes(caps: Caps, plan: &Plan) -> u32 {
    let bit = |service, bit| if has(caps, plan, service) { bit } else { 0 };
    bit(Service::ParkDirected, PARK_DIRECTED) | bit(Service::Park, PARK_NONDIRECTED)
}

/// `LINECALLCOMPLCOND_` bits: in which state a call can be completed. A state that the device does not see never comes.
pub(crate) fn completion_conditions(caps: Caps, plan: &Plan) -> u32 {
    let busy = caps.contains(Caps::SEES_BUSY) && has(caps, plan, Service::CompleteBusy);
    let no_answer = has(caps, plan, Service::CompleteNoAnswer);
    (if busy { WHEN_BUSY } else { 0 }) | if no_answer { WHEN_NO_ANSWER } else { 0 }
}

/// `LINECALLCOMPLMODE_` bits.
pub(crate) fn completion_modes(caps: Caps, plan: &Plan) -> u32 {
    if completion_conditions(caps, plan) == 0 { 0 } else { CALLBACK }
}

/// What calls can ever do with these services.
pub(crate) fn call_features(caps: Caps, plan: &Plan) -> (CallFeatures, CallFeatures2) {
    let (mut f, mut f2) = (CallFeatures::empty(), CallFeatures2::empty());
    let park = park_modes(caps, plan);
    f.set(CallFeatures::PARK, park != 0);
    f2.set(CallFeatures2::PARK_DIRECTED, park & PARK_DIRECTED != 0);
    f2.set(CallFeatures2::PARK_NONDIRECTED, park & PARK_NONDIRECTED != 0);
    let complete = completion_modes(caps, plan) != 0;
    f.set(CallFeatures::COMPLETE_CALL, complete);
    f2.set(CallFeatures2::COMPLETION_CALL_BACK, complete);
    f.set(CallFeatures::SECURE_CALL, has(caps, plan, Service::SecureDuring));
    f.set(CallFeatures::REDIRECT, has(caps, plan, Service::Redirect));
    (f, f2)
}

/// What a line and its address can ever do with these services.
pub(crate) fn line_features(caps: Caps, plan: &Plan) -> (LineFeatures, AddressFeatures) {
    use {AddressFeatures as A, LineFeatures as L};
    let (mut line, mut address) = (L::empty(), A::empty());
    let (number, nowhere) = forward::can(caps, plan);
    line.set(L::FORWARD, number || nowhere);
    line.set(L::FORWARD_FORWARD, number);
    line.set(L::FORWARD_DO_NOT_DISTURB, nowhere);
    address.set(A::FORWARD, number || nowhere);
    address.set(A::FORWARD_FORWARD, number);
    address.set(A::FORWARD_DO_NOT_DISTURB, nowhere);
    let group = has(caps, plan, Service::PickupGroup);
    let direct = has(caps, plan, Service::PickupDirected);
    let waiting = has(caps, plan, Service::WaitingAnswer);
    address.set(A::PICKUP, group || direct || waiting);
    address.set(A::PICKUP_GROUP, group);
    address.set(A::PICKUP_DIRECT, direct);
    address.set(A::PICKUP_WAITING, waiting);
    address.set(A::UNPARK, has(caps, plan, Service::Unpark));
    address.set(A::UNCOMPLETE_CALL, completion_modes(caps, plan) != 0 && has(caps, plan, Service::CompleteBusyOff));
    (line, address)
}

impl Line {
    // ---- what can be done now ----

    /// What of services the line and its address can do now.
    pub(crate) fn line_service_features(&self, sh: &Shared) -> (LineFeatures, AddressFeatures) {
        use AddressFeatures as A;
        let (mut line, mut address) = line_features(self.caps, &self.description.plan);
        let free = self.is_free() && self.parties.ring_back.is_none();
        let waiting = self.can_take_unseen(sh);
        address.set(A::PICKUP_WAITING, waiting && address.contains(A::PICKUP_WAITING));
        if self.services.completions.count() == 0 {
            address -= A::UNCOMPLETE_CALL;
        }
        if !free {
            line = LineFeatures::empty();
            address &= A::PICKUP_WAITING;
        }
        let pickup = A::PICKUP_GROUP | A::PICKUP_DIRECT | A::PICKUP_WAITING;
        address.set(A::PICKUP, address.intersects(pickup));
        (line, address)
    }

    /// What of services can be done with a call as things stand.
    pub(crate) fn service_features(&self, sh: &Shared, h: CallHandle) -> (CallFeatures, CallFeatures2) {
        use {CallFeatures as F, CallFeatures2 as F2};
        let (possible, possible2) = call_features(self.caps, &self.description.plan);
        let (mut f, mut f2) = (F::empty(), F2::empty());
        if !self.is_quiet() {
            return (f, f2);
        }
        // A flash would take a call that waits, wanted or not.
        if self.talks(sh, h) && self.parties.is_empty() && !self.parties.ignored {
            f |= possible & (F::PARK | F::SECURE_CALL);
            f2 |= possible2 & (F2::PARK_DIRECTED | F2::PARK_NONDIRECTED);
        }
        if self.completion_service(sh, h).is_some() {
            f |= F::COMPLETE_CALL;
            f2 |= F2::COMPLETION_CALL_BACK;
        }
        if self.is_offered(sh, h) {
            f |= possible & F::REDIRECT;
        }
        (f, f2)
    }

    /// Whether this call rings or waits here.
    fn is_offered(&self, sh: &Shared, h: CallHandle) -> bool {
        let here = self.current == Some(h) || self.parties.waiting == Some(h);
        here && sh.call(h).is_some_and(|c| c.announced && c.is_ringing())
    }

    // ---- commands ----

    /// Carries out a command about a service of the exchange.
    pub(crate) fn service_command(&mut self, sh: &mut Shared, command: Command, now: Time) -> Result<Reply, LineErr> {
        match command {
            Command::Forward { request, address_id, list, rings, .. } => {
                self.forward(sh, request, address_id, &list, rings, now).map(|()| Reply::Ok)
            }
            Command::Park { request, call, at } => self.park(sh, request, call, at.as_ref(), now),
            Command::Redirect { request, call, address, country } => {
                self.redirect(sh, request, call, &address, country, now)
            }
            Command::Unpark { request, address_id, host, at, .. } => {
                self.unpark(sh, request, address_id, host, &at, now).map(Reply::Call)
            }
            Command::Pickup { request, address_id, host, address, group, .. } => {
                self.pickup(sh, request, address_id, host, (address.as_ref(), group.as_ref()), now).map(Reply::Call)
            }
            Command::CompleteCall { request, call, mode, .. } => {
                self.complete_call(sh, request, call, mode, now).map(Reply::Completion)
            }
            Command::UncompleteCall { request, completion, .. } => {
                self.uncomplete_call(sh, request, completion, now).map(|()| Reply::Ok)
            }
            Command::SecureCall { request, call } => self.secure_call(sh, request, call, now).map(|()| Reply::Ok),
            Command::FlashHook { request, .. } => self.flash_hook(sh, request, now).map(|()| Reply::Ok),
            _ => Err(LineErr::OPERATIONUNAVAIL),
        }
    }

    /// The steps of a service, filled in, when the device can carry them out.
    fn service_procedure(&self, service: Service) -> Option<&Procedure> {
        procedure(self.caps, &self.description.plan, service)
    }

    /// Refuses a service that concerns a call unless it is there.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`; `OPERATIONUNAVAIL` when the line never can, `INVALCALLSTATE` when it cannot now.
    fn demand_service(&self, sh: &Shared, h: CallHandle, feature: CallFeatures) -> Result<(), LineErr> {
        let call = sh.call(h).ok_or(LineErr::INVALCALLHANDLE)?;
        self.ready()?;
        if !call_features(self.caps, &self.description.plan).0.contains(feature) {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        if call.requests.has(Purpose::Drop) || !self.service_features(sh, h).0.contains(feature) {
            return Err(LineErr::INVALCALLSTATE);
        }
        Ok(())
    }

    /// Refuses a service that concerns the line alone unless the line is idle.
    ///
    /// # Errors
    /// `NODRIVER`, `RESOURCEUNAVAIL`.
    fn demand_idle(&self) -> Result<(), LineErr> {
        self.ready()?;
        if self.is_free() && self.parties.ring_back.is_none() { Ok(()) } else { Err(LineErr::RESOURCEUNAVAIL) }
    }

    /// Enters a request into the ledger of a call.
    fn ask_of_call(sh: &mut Shared, owner: CallHandle, request: RequestId) -> Result<Asked, LineErr> {
        let call = sh.call_mut(owner).ok_or(LineErr::INVALCALLHANDLE)?;
        call.requests.enter(request, Purpose::Switch)?;
        Ok(Asked { request, owner: Some(owner) })
    }

    /// Enters a request into the ledger of the line.
    fn ask_of_line(&mut self, request: RequestId) -> Result<Asked, LineErr> {
        if self.open.is_none() {
            return Err(LineErr::INVALLINEHANDLE);
        }
        self.requests.enter(request, Purpose::Switch)?;
        Ok(Asked { request, owner: None })
    }

    // ---- procedures of the idle line ----

    /// Carries a procedure out as soon as the line is on hook.
    fn when_idle(&mut self, sh: &mut Shared, errand: ServiceErrand, steps: Steps, now: Time) {
        self.services.pending = Some((errand, steps));
        self.settle(sh, now);
    }

    /// Begins the procedure that waited for the line, if one did and the line is on hook.
    pub(crate) fn start_service(&mut self, sh: &mut Shared, now: Time) {
        if self.is_releasing() || self.has_procedure() {
            return;
        }
        let Some((errand, steps)) = self.services.pending.take() else { return self.switch_on_again(sh, now) };
        if let ServiceErrand::Take { call, .. } | ServiceErrand::SwitchOff { call } = errand
            && sh.call(call).is_none_or(|c| c.state.is_some())
        {
            // Dropped or closed before anything was done.
            return;
        }
        if !self.is_free() {
            return self.service_ended(sh, errand, Err(Trouble::Device(Failure::Glare)), false, now);
        }
        if self.hook == Hook::Off {
            self.services.pending = Some((errand, steps));
            return self.release(sh, now);
        }
        self.begin_procedure(sh, Errand::Service(errand), steps, now);
    }

    /// The procedure of a service ended.
    pub(crate) fn service_ended(
        &mut self,
        sh: &mut Shared,
        errand: ServiceErrand,
        result: Result<Proof, Trouble>,
        flashed: bool,
        now: Time,
    ) {
        let told = told(result);
        let plain = result.map(|_| ());
        match errand {
            ServiceErrand::SwitchOff { call } => self.switched_off(sh, call, plain),
            ServiceErrand::SwitchOn => self.switched_on(plain),
            ServiceErrand::Plain { asked } => self.completed(sh, asked, told),
            ServiceErrand::Forward => self.forward_step_ended(sh, result, now),
            ServiceErrand::Park { asked, call, .. } | ServiceErrand::Redirect { asked, call } => {
                self.completed(sh, asked, told);
                if let (Ok(()), ServiceErrand::Park { slot, .. }) = (told, &errand) {
                    self.services.parked.enter(*slot, &self.description.plan, now);
                }
                if told.is_ok() {
                    self.enter(sh, call, CallState::Idle, now);
                } else if flashed && result == Err(Trouble::Refused) && self.current == Some(call) {
                    self.leave_refused(sh, call, now);
                } else if flashed {
                    self.restore_after(sh, call, now);
                }
            }
            ServiceErrand::Take { asked, call, slot } => self.taken(sh, (asked, told), call, slot, now),
            ServiceErrand::TakeWaiting { asked, call, active } => {
                self.took_waiting(sh, (asked, told), call, active, flashed, now);
            }
            ServiceErrand::Complete { asked, call, id, first, ends } => {
                self.completion_ended(sh, (asked, told), call, id, (first, ends, flashed), now);
            }
            ServiceErrand::Uncomplete { asked, id } => self.uncompleted(sh, (asked, told), id),
            ServiceErrand::Secure { asked, call, back } => {
                self.secured(sh, (asked, told), call, back, flashed, now);
            }
        }
    }

    /// A flash holds the party although the rest failed: back to it, unless the call has ended meanwhile.
    fn restore_after(&mut self, sh: &mut Shared, call: CallHandle, now: Time) {
        if self.current == Some(call) {
            self.restore(sh, call, now);
        }
    }

    // ---- device and host ----

    /// The device is lost: what was under way is over. The exchange keeps what it was told.
    pub(crate) fn lose_services(&mut self) {
        self.services.pending = None;
        self.services.forwarding = None;
        self.follow_completions();
    }

    /// The host closes the line.
    pub(crate) fn close_services(&mut self) {
        self.services.pending = None;
        self.services.forwarding = None;
        self.services.completions = Default::default();
        self.services.parked = Default::default();
        self.timers.stop(Timer::Completion);
    }
}

/// What a request ends with.
fn told(result: Result<Proof, Trouble>) -> Result<(), LineErr> {
    result.map(|_| ()).map_err(|trouble| match error_of(trouble) {
        // The line is in use after all.
        LineErr::CALLUNAVAIL => LineErr::RESOURCEUNAVAIL,
        other => other,
    })
}
