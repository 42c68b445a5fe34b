//! A small exchange made of events: the other side of the switch plan's procedures, written a second time and without the
//! provider's knowledge. It carries out actions as a device on a line of that exchange would, and knows who talks to whom.

use super::agreement::PLACE;
use loopstart_signal::plan::{Fill, Moment, OnHook, Plan, Service, Step, Waits};
use loopstart_signal::{
    ActionId, ActionKind, AnswerWitness, DialStep, Failure, LineAction, LineEvent, MediaSign, Outcome, ProgressTone,
    SitKind,
};
use std::collections::VecDeque;
use std::format;
use std::string::String;
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

/// Where calls are forwarded to.
pub(super) const FORWARDED_TO: &str = "5550199";
/// Where calls ring that are taken from here.
pub(super) const RINGS_AT: &str = "5550133";
/// Stands for a party that was taken, parked or ringing elsewhere.
pub(super) const TAKEN: &str = "taken";
/// Stands for a party that was joined busy.
const BUSY_TONE: &str = "busy tone";

/// A far end, by its number.
pub(super) type Party = String;

/// What the exchange does with the line.
#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Idle,
    /// Dial tone, or digits so far.
    Register(String),
    /// The called party rings.
    Calling(Party),
    /// A tone instead of a call: busy, or reorder.
    Treatment,
    /// An incoming call rings; or a party that is given back.
    Ringing(Vec<Party>),
    Talking,
    /// The far end went.
    Clearing,
    /// Everyone is held while an order is awaited.
    Order(String),
}

/// The exchange, as far as one line knows it.
#[derive(Debug)]
pub(super) struct Switchboard {
    plan: Arc<Plan>,
    phase: Phase,
    off_hook: bool,
    active: Vec<Party>,
    held: Vec<Party>,
    waiting: Option<Party>,
    /// The active party when the members of the conference were joined.
    talked: Option<Party>,
    by_waiting: bool,
    /// Somebody was joined busy since the line was last on hook.
    joined_busy: bool,
    /// Held by code: the line is free for another call.
    hard: bool,
    /// What the flash does without an order.
    bare: Option<Service>,
    /// How long an order has been awaited.
    ordered_ms: u64,
    /// The phase before an order.
    before: Option<Phase>,
    actions: VecDeque<LineAction>,
    /// What is still to be told.
    pub(super) events: VecDeque<LineEvent>,
}

/// Who is what to the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) active: Vec<Party>,
    pub(super) held: Vec<Party>,
    pub(super) waiting: Option<Party>,
    /// Somebody was joined busy since the line was last on hook.
    pub(super) joined_busy: bool,
    /// Nothing is under way that would change this.
    pub(super) settled: bool,
    pub(super) idle: bool,
}

/// A plain flash does it; an order of these digits does it.
enum Form {
    Bare,
    Digits(String),
}

impl Switchboard {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            phase: Phase::Idle,
            off_hook: false,
            active: vec![],
            held: vec![],
            waiting: None,
            talked: None,
            by_waiting: false,
            joined_busy: false,
            hard: false,
            bare: None,
            ordered_ms: 0,
            before: None,
            actions: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The device is gone and comes back: on hook, nobody there.
    pub(super) fn reset(&mut self) {
        *self = Self::new(Arc::clone(&self.plan));
    }

    pub(super) fn look(&self) -> Look {
        Look {
            active: if self.phase == Phase::Talking { self.active.clone() } else { vec![] },
            held: self.held.clone(),
            waiting: self.waiting.clone(),
            joined_busy: self.joined_busy,
            settled: self.actions.is_empty() && self.events.is_empty() && !matches!(self.phase, Phase::Order(_)),
            idle: self.phase == Phase::Idle && !self.off_hook,
        }
    }

    pub(super) fn act(&mut self, action: LineAction) {
        // Going on hook cuts short what runs.
        if action.kind == ActionKind::Release {
            while let Some(cut) = self.actions.pop_front() {
                self.done(cut.id, Outcome::Failed(Failure::Cancelled));
            }
        }
        self.actions.push_back(action);
    }

    fn done(&mut self, action: ActionId, outcome: Outcome) {
        self.events.push_back(LineEvent::Done { action, outcome });
    }

    fn tone(&mut self, tone: ProgressTone) {
        self.events.push_back(LineEvent::Tone(tone));
    }

    fn form(&self, service: Service) -> Option<Form> {
        let steps = self.plan.service(service)?.fill(&Default::default()).ok()?;
        if steps.first() != Some(&Step::Flash) {
            return None;
        }
        let digits: String = steps
            .iter()
            .filter_map(|step| match step {
                Step::Dial(digits) => Some(digits.as_str()),
                _ => None,
            })
            .collect();
        Some(if digits.is_empty() { Form::Bare } else { Form::Digits(digits) })
    }

    /// The services that make sense as things stand.
    fn fitting(&self) -> Vec<Service> {
        use Service as S;
        let answered = self.before.as_ref().unwrap_or(&self.phase) == &Phase::Talking;
        if self.active.len() > 1 && answered {
            return vec![S::DropLast, S::DropFirst, S::Split];
        }
        if self.waiting.is_some() && answered && self.held.is_empty() {
            return vec![S::WaitingAnswer, S::ReleaseAndTake, S::WaitingReject];
        }
        if self.held.is_empty() {
            return vec![];
        }
        if answered && !self.active.is_empty() {
            return match self.by_waiting {
                true => vec![S::Swap, S::ReleaseAndTake, S::ReleaseHeld],
                false => vec![S::Join, S::Swap, S::ReleaseAndTake, S::ReleaseHeld],
            };
        }
        match self.before.as_ref().unwrap_or(&self.phase) {
            Phase::Calling(_) | Phase::Treatment if self.bridges() => vec![S::Join],
            Phase::Calling(_) | Phase::Treatment => vec![S::RetrieveRinging, S::Retrieve, S::ReleaseAndTake],
            _ if self.form(S::Retrieve).is_none() => vec![S::RetrieveRinging],
            _ => vec![S::Retrieve, S::ReleaseAndTake],
        }
    }

    /// Whether a flash while the second party rings or is busy lets everybody hear that.
    fn bridges(&self) -> bool {
        let flashes = |p: &loopstart_signal::plan::Procedure| p.steps().iter().filter(|s| **s == Step::Flash).count();
        self.plan.service(Service::RetrieveRinging).is_some_and(|p| flashes(p) > 1)
    }

    fn carry_out(&mut self, service: Service) {
        use Service as S;
        match service {
            S::Retrieve | S::RetrieveRinging | S::ReleaseAndTake => {
                if self.held.is_empty()
                    && let Some(waiting) = self.waiting.take()
                {
                    self.held.push(waiting);
                }
                self.active = core::mem::take(&mut self.held);
                self.by_waiting = false;
                self.phase = Phase::Talking;
            }
            S::Swap => core::mem::swap(&mut self.active, &mut self.held),
            S::WaitingAnswer => {
                self.held = core::mem::take(&mut self.active);
                self.active.extend(self.waiting.take());
                self.by_waiting = true;
            }
            S::WaitingReject => self.waiting = None,
            S::ReleaseHeld => {
                self.held.clear();
                self.by_waiting = false;
            }
            S::Join => {
                if let Phase::Calling(party) = self.phase.clone() {
                    // It rings on, heard by all; answered at once here.
                    self.active = vec![party.clone()];
                    self.tone(ProgressTone::Ringback);
                } else if self.phase == Phase::Treatment {
                    self.active = vec![BUSY_TONE.into()];
                    self.joined_busy = true;
                    self.tone(ProgressTone::Busy);
                }
                self.phase = Phase::Talking;
                let second = core::mem::take(&mut self.active);
                self.talked = second.first().cloned();
                self.active = core::mem::take(&mut self.held);
                self.active.extend(second);
                // In the order in which they came; numbers rise.
                self.active.sort();
            }
            S::DropLast => {
                self.active.pop();
            }
            S::DropFirst => {
                self.active.remove(0);
            }
            // The party that was active when they were joined stays active.
            S::Split => {
                let talked = self.talked.take();
                (self.active, self.held) =
                    core::mem::take(&mut self.active).into_iter().partition(|p| Some(p) == talked.as_ref());
                self.by_waiting = false;
            }
            _ => {}
        }
    }

    fn flash(&mut self) {
        if let Phase::Order(_) = self.phase {
            // The flash before was the whole of an order, and this one is the next; or it goes back to where it was.
            self.phase = self.before.take().unwrap_or(Phase::Talking);
            match self.bare.take() {
                Some(service) => self.carry_out(service),
                None => return,
            }
        }
        if self.phase == Phase::Clearing && self.held.is_empty() {
            // The tone goes on.
            return self.tone(ProgressTone::Reorder);
        }
        let fitting = self.fitting();
        let orders = fitting.iter().any(|service| matches!(self.form(*service), Some(Form::Digits(_))));
        let bare = fitting.iter().copied().find(|service| matches!(self.form(*service), Some(Form::Bare)));
        if let Some(service) = bare.filter(|_| !orders) {
            return self.carry_out(service);
        }
        if orders {
            self.bare = bare;
            self.ordered_ms = 0;
            self.before = Some(core::mem::replace(&mut self.phase, Phase::Order(String::new())));
            return self.tone(ProgressTone::StutterDial);
        }
        // Who is busy can be had watched by a code at the recall dial tone.
        let watched = self.plan.service(Service::CompleteBusy).is_some_and(loopstart_signal::plan::Procedure::flashes);
        if self.phase == Phase::Treatment && self.held.is_empty() && watched {
            self.phase = Phase::Register(String::new());
            return self.tone(ProgressTone::StutterDial);
        }
        let consult = self.plan.has(Service::Consult) || self.plan.has(Service::Hold);
        if self.phase == Phase::Talking && self.held.is_empty() && !self.active.is_empty() && consult {
            self.held = core::mem::take(&mut self.active);
            self.by_waiting = false;
            self.hard = false;
            self.phase = Phase::Register(String::new());
            self.tone(ProgressTone::StutterDial);
        }
    }

    /// What of these services was dialled so far, if it is one of them: which, what the exchange says to it, and whether it
    /// was all.
    fn order(&self, so_far: &str, fills: &[(Service, Fill)]) -> Option<(Service, Vec<LineEvent>, bool)> {
        fills.iter().find_map(|(service, fill)| {
            let steps = self.plan.service(*service)?.fill(fill).ok()?;
            let codes = steps.iter().filter(|step| matches!(step, Step::Dial(_))).count();
            let mut dialled = String::new();
            let mut chunk = 0;
            for (at, step) in steps.iter().enumerate() {
                let Step::Dial(digits) = step else { continue };
                dialled.push_str(digits);
                chunk += 1;
                // A number alone is a call, and what becomes of it is decided on hook.
                if dialled != so_far || codes == 1 && *service == Service::BlindTransfer {
                    continue;
                }
                let says = match steps.get(at + 1) {
                    Some(Step::Wait(waits)) if waits.contains(Waits::ANNOUNCEMENT) => {
                        vec![LineEvent::Media(MediaSign::Voice)]
                    }
                    Some(Step::Wait(waits)) if waits.intersects(Waits::PROMPT | Waits::RECALL_DIAL | Waits::DIAL) => {
                        vec![LineEvent::Tone(ProgressTone::StutterDial)]
                    }
                    Some(Step::Wait(waits)) if waits.contains(Waits::CONFIRM) => {
                        vec![LineEvent::Tone(ProgressTone::Confirmation)]
                    }
                    Some(Step::Wait(waits)) if waits.contains(Waits::ANSWER) => {
                        vec![LineEvent::Tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::Voice)]
                    }
                    _ => vec![],
                };
                return Some((*service, says, chunk == codes));
            }
            None
        })
    }

    /// A call is sent away, parked or protected by digits at the recall dial tone.
    fn sent_away(&self, so_far: &str) -> Option<(Service, Vec<LineEvent>, bool)> {
        let own = self.plan.park_slot("5550100");
        let number = so_far.get(so_far.len().saturating_sub(7)..).unwrap_or_default();
        let fill = |blank| Fill { number: Some(blank), extension: Some(blank), slot: Some(blank), ..Fill::default() };
        self.order(
            so_far,
            &[
                (Service::BlindTransfer, fill(number)),
                (Service::Park, fill(own)),
                (Service::ParkDirected, fill(PLACE)),
                (Service::SecureDuring, Fill::default()),
            ],
        )
    }

    /// A code at the dial tone.
    fn code(&self, so_far: &str) -> Option<(Service, Vec<LineEvent>, bool)> {
        use Service as S;
        let fill = Fill {
            number: Some(FORWARDED_TO),
            extension: Some(RINGS_AT),
            slot: Some(PLACE),
            seconds: u32::try_from(self.plan.no_answer.as_secs()).ok(),
        };
        let codes = [
            S::ForwardAll,
            S::ForwardAllOff,
            S::ForwardBusy,
            S::ForwardBusyOff,
            S::ForwardNoAnswer,
            S::ForwardNoAnswerAfter,
            S::ForwardNoAnswerOff,
            S::ForwardBusyNoAnswer,
            S::ForwardBusyNoAnswerOff,
            S::DoNotDisturb,
            S::DoNotDisturbOff,
            S::CompleteBusy,
            S::CompleteBusyOff,
            S::PickupGroup,
            S::PickupDirected,
            S::Unpark,
        ];
        self.order(so_far, &codes.map(|service| (service, fill)))
    }

    /// A code at the dial tone was dialled, or begun.
    fn coded(&mut self, digits: &str, (service, says, all): (Service, Vec<LineEvent>, bool)) {
        use Service as S;
        self.events.extend(says);
        if !all {
            self.phase = Phase::Register(digits.into());
        } else if matches!(service, S::PickupGroup | S::PickupDirected | S::Unpark) {
            self.active = vec![TAKEN.into()];
            self.phase = Phase::Talking;
        } else {
            self.phase = Phase::Clearing;
        }
    }

    fn dialled(&mut self, digits: &str) {
        if let Phase::Register(so_far) = &self.phase
            && !self.held.is_empty()
            && let Some((service, says, all)) = self.sent_away(&format!("{so_far}{digits}"))
        {
            self.events.extend(says);
            if all && service != Service::SecureDuring {
                self.held.clear();
                self.phase = Phase::Clearing;
            } else if let Phase::Register(so_far) = &mut self.phase {
                so_far.push_str(digits);
            }
            return;
        }
        let so_far = match &self.phase {
            Phase::Register(so_far) => Some(format!("{so_far}{digits}")),
            // A digit while busy tone is heard.
            Phase::Treatment => Some(digits.into()),
            _ => None,
        };
        if let Some(so_far) = so_far.filter(|_| self.held.is_empty())
            && let Some(code) = self.code(&so_far)
        {
            return self.coded(&so_far, code);
        }
        match &mut self.phase {
            Phase::Order(_) => {
                let fit = self
                    .fitting()
                    .into_iter()
                    .find(|service| matches!(self.form(*service), Some(Form::Digits(order)) if order == digits));
                self.phase = self.before.take().unwrap_or(Phase::Talking);
                // A number is no order: it is a consultation call, as after any recall.
                if fit.is_none() && digits.len() >= 7 && self.held.is_empty() && self.active.len() == 1 {
                    self.held = core::mem::take(&mut self.active);
                    self.phase = Phase::Register(String::new());
                    return self.dialled(digits);
                }
                match fit {
                    Some(service) => self.carry_out(service),
                    None => self.tone(ProgressTone::Reorder),
                }
            }
            Phase::Register(so_far) => {
                so_far.push_str(digits);
                let number = so_far.clone();
                // Call hold by code, where holding has one: dial tone again.
                let hold = self.form(Service::Hold);
                if !self.held.is_empty() && !self.hard && matches!(hold, Some(Form::Digits(code)) if code == number) {
                    self.hard = true;
                    self.phase = Phase::Register(String::new());
                    return self.tone(ProgressTone::Dial);
                }
                // Back by a code that is dialled at dial tone.
                let back = self.plan.service(Service::Retrieve).and_then(|p| p.fill(&Default::default()).ok());
                if self.hard && back.is_some_and(|steps| steps == [Step::Dial(number.clone())]) {
                    return self.carry_out(Service::Retrieve);
                }
                if number.len() < 7 {
                    return;
                }
                match number.as_bytes().last() {
                    Some(b'1') => {
                        self.phase = Phase::Treatment;
                        self.tone(ProgressTone::Busy);
                    }
                    Some(b'2') => {
                        self.phase = Phase::Treatment;
                        self.tone(ProgressTone::Reorder);
                    }
                    Some(b'7') => {
                        self.phase = Phase::Treatment;
                        self.tone(ProgressTone::Sit(SitKind::VacantCode));
                    }
                    _ => {
                        self.phase = Phase::Calling(number);
                        self.tone(ProgressTone::Ringback);
                    }
                }
            }
            _ => {}
        }
    }

    fn on_hook(&mut self) {
        self.off_hook = false;
        self.joined_busy = false;
        let moment = if self.by_waiting || self.waiting.is_some() && self.held.is_empty() {
            Moment::CallWaiting
        } else if self.active.len() > 1 {
            Moment::Conference
        } else {
            match self.before.as_ref().unwrap_or(&self.phase) {
                Phase::Talking if !self.active.is_empty() => Moment::ActiveAndHeld,
                Phase::Calling(_) => Moment::ConsultRinging,
                Phase::Treatment => Moment::ConsultBusy,
                _ => Moment::ConsultDialing,
            }
        };
        self.before = None;
        self.active.clear();
        let others: Vec<Party> = match self.waiting.take() {
            Some(waiting) if self.held.is_empty() => vec![waiting],
            _ => core::mem::take(&mut self.held),
        };
        self.by_waiting = false;
        self.phase = Phase::Idle;
        if !others.is_empty() && self.plan.on_hook(moment) == OnHook::RingsBack {
            self.phase = Phase::Ringing(others);
            self.events.push_back(LineEvent::Ring { pattern: 1 });
        }
    }

    /// The device carries out its next action. False when there is none.
    pub(super) fn work(&mut self) -> bool {
        let Some(LineAction { id, kind }) = self.actions.pop_front() else { return false };
        let wrong = Outcome::Failed(Failure::WrongState);
        match kind {
            ActionKind::Seize if self.off_hook => self.done(id, wrong),
            ActionKind::Seize => {
                if matches!(self.phase, Phase::Ringing(_)) {
                    return self.refuse(id, Failure::Glare);
                }
                self.go_off_hook();
                self.done(id, Outcome::Ok);
            }
            ActionKind::Answer => {
                let Phase::Ringing(parties) = core::mem::replace(&mut self.phase, Phase::Idle) else {
                    return self.refuse(id, Failure::WrongState);
                };
                self.off_hook = true;
                self.active = parties;
                self.phase = Phase::Talking;
                self.done(id, Outcome::Ok);
            }
            ActionKind::Dial { steps, .. } => {
                if !self.off_hook {
                    if matches!(self.phase, Phase::Ringing(_)) {
                        return self.refuse(id, Failure::Glare);
                    }
                    self.go_off_hook();
                }
                let digits: String = steps
                    .as_slice()
                    .iter()
                    .filter_map(|step| match step {
                        DialStep::Digit(symbol) => Some(char::from(*symbol)),
                        _ => None,
                    })
                    .collect();
                self.events.extend([LineEvent::Dialing, LineEvent::Dialed]);
                self.done(id, Outcome::Ok);
                self.dialled(&digits);
            }
            ActionKind::Release => {
                if self.off_hook {
                    self.events.push_back(LineEvent::OnHook);
                    self.done(id, Outcome::Ok);
                    self.on_hook();
                } else {
                    self.done(id, Outcome::Ok);
                }
            }
            ActionKind::Flash(time) => {
                if !self.off_hook {
                    return self.refuse(id, Failure::WrongState);
                }
                let (from, to) = self.plan.recall.accept;
                assert!((from..=to).contains(&time), "a flash the exchange would not know");
                self.done(id, Outcome::Ok);
                self.flash();
            }
            _ => self.done(id, Outcome::Ok),
        }
        true
    }

    fn refuse(&mut self, id: ActionId, failure: Failure) -> bool {
        self.done(id, Outcome::Failed(failure));
        true
    }

    fn go_off_hook(&mut self) {
        self.off_hook = true;
        self.phase = Phase::Register(String::new());
        self.events.push_back(LineEvent::OffHook);
        self.tone(ProgressTone::Dial);
    }

    /// Time passes: an order is not awaited for ever, and an announcement comes again.
    pub(super) fn pass(&mut self, ms: u64) {
        let says = self.plan.service(Service::CompleteBusy).and_then(|procedure| procedure.steps().first());
        if self.phase == Phase::Treatment
            && self.events.is_empty()
            && ms >= 500
            && matches!(says, Some(Step::Wait(waits)) if waits.contains(Waits::ANNOUNCEMENT))
        {
            self.events.push_back(LineEvent::Media(MediaSign::Voice));
        }
        if let Phase::Order(_) = self.phase
            && self.actions.is_empty()
        {
            self.ordered_ms += ms;
            if self.ordered_ms >= if self.bare.is_some() { 2_500 } else { 15_000 } {
                self.phase = self.before.take().unwrap_or(Phase::Talking);
                if let Some(service) = self.bare.take() {
                    self.events.push_back(LineEvent::ToneEnded);
                    self.carry_out(service);
                }
            }
        }
    }

    // ---- what far ends do ----

    /// The called party answers.
    pub(super) fn answers(&mut self) {
        if let Phase::Calling(party) = &self.phase {
            self.active = vec![party.clone()];
            self.phase = Phase::Talking;
            self.events.push_back(LineEvent::Answered(AnswerWitness::RingbackStopped));
        }
    }

    /// The only party of the line goes.
    pub(super) fn far_end_goes(&mut self) {
        if self.phase == Phase::Talking && self.active.len() == 1 {
            self.active.clear();
            self.phase = Phase::Clearing;
            self.tone(ProgressTone::Reorder);
        }
    }

    /// Somebody calls the line; false when it is busy.
    pub(super) fn calls(&mut self, party: &str) -> bool {
        let free = self.actions.is_empty() && self.events.is_empty();
        if self.phase == Phase::Idle && !self.off_hook && free {
            self.phase = Phase::Ringing(vec![party.into()]);
            self.events.push_back(LineEvent::Ring { pattern: 1 });
            self.events.push_back(super::from_number(party));
            return true;
        }
        let alone = self.held.is_empty() && self.active.len() == 1 && self.waiting.is_none();
        if self.phase == Phase::Talking && alone && free && self.plan.has(Service::WaitingAnswer) {
            self.waiting = Some(party.into());
            self.events.push_back(LineEvent::CallWaiting);
            self.events.push_back(super::from_number(party));
            return true;
        }
        false
    }

    /// The caller that rings, or waits, rings on.
    pub(super) fn repeats(&mut self) {
        match &self.phase {
            Phase::Ringing(_) => self.events.push_back(LineEvent::Ring { pattern: 1 }),
            Phase::Talking if self.waiting.is_some() => self.events.push_back(LineEvent::CallWaiting),
            _ => {}
        }
    }

    /// The ringing caller gives up.
    pub(super) fn gives_up(&mut self) {
        if let Phase::Ringing(_) = self.phase {
            self.phase = Phase::Idle;
            self.events.push_back(LineEvent::RingStopped);
        }
    }
}
