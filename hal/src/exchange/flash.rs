//! Hook flash: what it does by the state of the line's calls, from the switch plan.
//!
//! A procedure that is one flash is done at once. One that goes on with digits gets recall dial tone, with everyone held,
//! and a register for the order. Where the plan has both, the tone comes and the order is awaited for a moment; without
//! one the flash has been the whole of it.

use super::call::CallId;
use super::event::EventKind;
use super::features::{self, Bare, Code, Fit, Lead};
use super::line::{Phase, Register, Stage};
use super::numbers::DialString;
use super::station::{Group, MAX_PARTIES, Orders};
use super::switch::Exchange;
use super::tones::Signal;
use loopstart_signal::plan::{Piece, Service};
use std::time::Duration;

/// How long an order is awaited where a flash without one means nothing.
const ORDER: Duration = Duration::from_secs(15);
/// How long it is awaited where the flash alone means something: time to hear recall dial tone and to dial.
const ORDER_OR_NONE: Duration = Duration::from_millis(2_500);

/// What calls a line has, as far as a flash is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// No call, or one that rings or is dialled, and no held one.
    None,
    /// Busy tone or ringback, and no held call.
    Tone,
    /// One call.
    Single,
    /// A call waits.
    Waiting,
    /// A party is held, there is no second one (yet, or any more).
    Dialling,
    /// A party is held, the second rings.
    Ringing,
    /// A party is held, the second is busy, or cannot be reached.
    Busy,
    /// A party is held, the line talks to another.
    Both,
    /// In a conference.
    Conference,
}

impl Exchange {
    pub(crate) fn situation(&self, line: usize) -> Situation {
        let Some(circuit) = self.lines.get(line) else { return Situation::None };
        let station = &circuit.station;
        let held = !station.held.is_empty();
        match &circuit.phase {
            _ if !station.members.is_empty() => Situation::Conference,
            Phase::Talking(_) | Phase::Clearing(_) if station.waiting.is_some() => Situation::Waiting,
            Phase::Talking(_) if held => Situation::Both,
            Phase::Talking(_) => Situation::Single,
            Phase::Calling(_) if held => Situation::Ringing,
            Phase::Calling(_) => Situation::Tone,
            Phase::Treatment(treatment) => match treatment.stage {
                Stage::Tone | Stage::Howler | Stage::Lockout if held && !station.timed_out => Situation::Busy,
                _ if held => Situation::Dialling,
                Stage::Tone => Situation::Tone,
                _ => Situation::None,
            },
            Phase::Register(_) | Phase::Clearing(_) if held => Situation::Dialling,
            _ => Situation::None,
        }
    }

    /// The services that a flash can begin now, the likelier first.
    fn services(&self, line: usize, situation: Situation) -> Vec<Service> {
        use Service::*;
        let plan = &self.settings.plan;
        let two_flashes = plan.service(RetrieveRinging).is_some_and(|p| features::bare(p) == Some(Bare::TwoFlashes));
        // Where going back from a hard hold has a code of its own, a consultation is given up as one that rings.
        let by_flash = plan.service(Retrieve).is_some_and(|procedure| procedure.flashes());
        let hard = self.lines.get(line).is_some_and(|circuit| circuit.station.held_by_code);
        let mut services = match situation {
            Situation::None | Situation::Single => vec![],
            Situation::Tone => vec![self.completion(line)],
            Situation::Waiting => vec![WaitingAnswer, ReleaseAndTake, WaitingReject],
            Situation::Dialling if by_flash || hard || two_flashes => vec![Retrieve],
            Situation::Dialling => vec![RetrieveRinging],
            Situation::Ringing | Situation::Busy if two_flashes => vec![Join],
            Situation::Ringing | Situation::Busy if plan.has(RetrieveRinging) => vec![RetrieveRinging],
            Situation::Ringing | Situation::Busy => vec![Retrieve],
            Situation::Both => {
                let by_waiting = self.lines.get(line).is_some_and(|circuit| circuit.station.by_waiting);
                let mut both =
                    if self.swaps_rather_than_joins(by_waiting) { vec![Swap, Join] } else { vec![Join, Swap] };
                if plan.swap_only_with_call_waiting && !by_waiting {
                    both.retain(|&service| service != Swap);
                }
                both.extend([ReleaseAndTake, ReleaseHeld, Transfer, ConferenceAdd, Retrieve]);
                if self.lines.get(line).is_some_and(|circuit| circuit.station.held_by_code) {
                    // That is no consultation: it leads to no conference and no transfer.
                    both.retain(|&service| !matches!(service, Join | Transfer | ConferenceAdd));
                }
                both
            }
            Situation::Conference => vec![DropLast, DropFirst, Split, ConferenceDrop, ConferenceAdd, Transfer],
        };
        if matches!(situation, Situation::Ringing) {
            services.push(Transfer);
        }
        if situation == Situation::Busy {
            services.push(CompleteBusy);
        }
        services.retain(|&service| plan.has(service));
        services
    }

    /// Where one flash could be both, which is it? With a call that waited, changing over; else what the plan itself
    /// states rather than its parents.
    fn swaps_rather_than_joins(&self, by_waiting: bool) -> bool {
        let plan = &self.settings.plan;
        let distance = |service: Service| {
            let stated = plan.facts.get(service.key()).map(|fact| fact.plan.as_str());
            match stated {
                Some(stated) if stated == plan.name => 0,
                Some(stated) => plan.parents.iter().position(|parent| parent == stated).map_or(usize::MAX, |n| n + 1),
                None => usize::MAX,
            }
        };
        by_waiting || distance(Service::Swap) < distance(Service::Join)
    }

    /// A line flashed.
    pub(super) fn flash(&mut self, line: usize) {
        let now = self.now;
        let Some(circuit) = self.lines.get_mut(line) else { return };
        circuit.station.flashed = Some(now);
        if circuit.station.orders.is_some() {
            let default = self.end_orders(line);
            match default {
                // The flash before was the whole of an order; this one is the next.
                Some(service) => {
                    self.order(line, service);
                }
                None => {
                    // Changed his mind: back to the party that he talked to.
                    if self.situation(line) == Situation::Dialling {
                        self.retrieve(line);
                    }
                    return;
                }
            }
        }
        let situation = self.situation(line);
        if situation == Situation::Single {
            if self.settings.plan.has(Service::Hold) || self.settings.plan.has(Service::Consult) {
                self.consult(line);
            }
            return;
        }
        let services = self.services(line, situation);
        let is_bare = |service: Service| {
            self.settings.plan.service(service).is_some_and(|p| features::bare(p) == Some(Bare::Flash))
        };
        let bare = services.iter().copied().find(|&service| is_bare(service));
        let counts = |code: &Code| {
            services.contains(&code.service)
                && match (code.service, code.second) {
                    (Service::ConferenceAdd, true) => situation == Situation::Both,
                    (Service::ConferenceAdd, false) => situation == Situation::Conference,
                    (_, second) => !second && code.lead == Lead::Flash,
                }
        };
        let coded: Vec<usize> = (0..self.codes.len()).filter(|&n| counts(&self.codes[n])).collect();
        let pauses = bare != Some(Service::Swap) || coded.iter().any(|&n| self.codes[n].tone_first);
        match bare {
            Some(service) if coded.is_empty() => {
                self.order(line, service);
            }
            // Changing over can be undone: an order may still follow it.
            Some(service) if !pauses => {
                self.order(line, service);
                self.begin_orders(line, coded, None, false);
            }
            _ if coded.is_empty() => {}
            default => self.begin_orders(line, coded, default, true),
        }
    }

    fn begin_orders(&mut self, line: usize, codes: Vec<usize>, default: Option<Service>, pauses: bool) {
        let patience = if default.is_some() || !pauses { ORDER_OR_NONE } else { ORDER };
        let until = self.now + patience;
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let tone = circuit.tone();
        circuit.notice.stop();
        circuit.cut = false;
        circuit.station.orders = Some(Orders { digits: DialString::new(), codes, default, pauses, tone, until });
        if pauses {
            self.tone(line, Some(Signal::Stutter));
        }
    }

    /// The register for orders goes; the line is as it was before the flash. Answers what the flash alone stands for.
    pub(super) fn end_orders(&mut self, line: usize) -> Option<Service> {
        let orders = self.lines.get_mut(line)?.station.orders.take()?;
        if orders.pauses {
            self.tone(line, orders.tone);
        }
        orders.default
    }

    /// A digit while an order is taken.
    pub(super) fn order_digit(&mut self, line: usize, symbol: u8) {
        let until = self.now + self.settings.timing.critical;
        let Some(orders) = self.lines.get_mut(line).and_then(|circuit| circuit.station.orders.as_mut()) else { return };
        let _ = orders.digits.try_push(char::from(symbol));
        orders.until = until;
        let (digits, codes, pauses) = (orders.digits, orders.codes.clone(), orders.pauses);
        if pauses {
            self.tone(line, None);
        }
        let mut part = false;
        let mut whole = Vec::new();
        for n in codes {
            let Some(group) = self.codes.get(n).and_then(|code| code.groups.first()) else { continue };
            match features::fit(&group.pieces, &digits, &|blank, text| self.extent(blank, text, false)) {
                Fit::No => {}
                Fit::Part => part = true,
                Fit::Maybe(fields) | Fit::Whole(fields) => whole.push((n, fields)),
            }
        }
        match whole.first() {
            Some(&(n, fields)) if !part => {
                self.end_orders(line);
                let service = self.codes[n].service;
                let adds = service == Service::ConferenceAdd && !self.codes[n].second;
                let completes = matches!(service, Service::CompleteBusy | Service::CompleteNoAnswer);
                if adds || completes || self.codes[n].groups.len() > 1 {
                    // It goes on at dial tone.
                    if adds {
                        self.hold_front(line);
                    } else if completes && self.situation(line) == Situation::Tone {
                        self.give_up(line);
                    }
                    self.accept(line, &[(n, fields)], 0);
                } else if self.order(line, service) {
                    self.event(line, EventKind::Feature(service.key()));
                }
            }
            None if !part => {
                // No such order.
                self.end_orders(line);
            }
            _ => {}
        }
    }

    /// No order came.
    pub(super) fn expire_orders(&mut self, line: usize) {
        let now = self.now;
        let due = self.lines.get(line).and_then(|circuit| circuit.station.orders.as_ref());
        if due.is_none_or(|orders| now < orders.until) {
            return;
        }
        if let Some(service) = self.end_orders(line) {
            self.order(line, service);
        }
    }

    /// Carries out an order for the calls of a line. False: there was nothing to do.
    pub(super) fn order(&mut self, line: usize, service: Service) -> bool {
        use Service::*;
        let situation = self.situation(line);
        match (service, situation) {
            (
                Retrieve | RetrieveRinging,
                Situation::Dialling | Situation::Ringing | Situation::Busy | Situation::Both,
            )
            | (ReleaseAndTake, Situation::Both) => {
                self.retrieve(line);
            }
            (Swap, Situation::Both) => self.swap(line),
            (Join, Situation::Ringing | Situation::Busy | Situation::Both) | (ConferenceAdd, Situation::Both) => {
                self.join(line);
            }
            (Split, Situation::Conference) => self.split(line),
            (DropLast | ConferenceDrop, Situation::Conference) => self.drop_last(line),
            (DropFirst, Situation::Conference) => self.drop_first(line),
            (WaitingAnswer, Situation::Waiting) => self.take_waiting(line, true),
            (ReleaseAndTake, Situation::Waiting) => self.take_waiting(line, false),
            (WaitingReject, Situation::Waiting) => self.reject_waiting(line),
            (ReleaseHeld, Situation::Both) => {
                for id in self.take_held(line) {
                    self.drop_call(line, id);
                }
            }
            (Transfer, Situation::Both | Situation::Ringing | Situation::Conference) => {
                self.join_others(line);
                self.clear(line);
            }
            _ => return false,
        }
        true
    }

    /// Puts the line's own conversation on hold. The line is then without a call.
    pub(super) fn hold_front(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let mut group = Group::new();
        if let Phase::Talking(id) | Phase::Calling(id) = circuit.phase {
            group.push(id);
        }
        for id in std::mem::take(&mut circuit.station.members) {
            let _ = group.try_push(id);
        }
        circuit.station.held = group;
        circuit.station.held_for_good = None;
        circuit.station.held_by_code = false;
        circuit.station.by_waiting = false;
        self.event(line, EventKind::Held);
    }

    /// Holds the party and gives recall dial tone.
    fn consult(&mut self, line: usize) {
        self.hold_front(line);
        self.recall_tone(line, Signal::Stutter);
    }

    /// A register after a flash.
    pub(super) fn recall_tone(&mut self, line: usize, signal: Signal) {
        let deadline = self.now + self.settings.timing.digit;
        let register = Register { digits: DialString::new(), deadline, lead: Lead::Flash, session: None };
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.station.timed_out = false;
        }
        self.set_phase(line, Phase::Register(register));
        self.tone(line, Some(signal));
    }

    /// The held calls, which are not held any more.
    pub(super) fn take_held(&mut self, line: usize) -> Group {
        let Some(circuit) = self.lines.get_mut(line) else { return Group::new() };
        circuit.station.by_waiting = false;
        circuit.station.held_for_good = None;
        circuit.station.held_by_code = false;
        std::mem::take(&mut circuit.station.held)
    }

    /// A line talks to these: one, or a conference.
    pub(super) fn talk_to(&mut self, line: usize, group: &Group) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let Some((first, rest)) = group.split_first() else { return };
        circuit.station.members = rest.iter().copied().collect();
        circuit.station.timed_out = false;
        circuit.phase = Phase::Talking(*first);
        self.tone(line, None);
    }

    /// Back to the held party; the other leg ends.
    pub(super) fn retrieve(&mut self, line: usize) {
        let front = self.front_of(line);
        let group = self.take_held(line);
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.notice.stop();
        }
        self.talk_to(line, &group);
        if let Some(front) = front {
            self.drop_call(line, front);
        }
        self.event(line, EventKind::Retrieved);
    }

    fn front_of(&self, line: usize) -> Option<CallId> {
        self.lines.get(line)?.phase.call()
    }

    fn swap(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let by_waiting = circuit.station.by_waiting;
        let Phase::Talking(front) = circuit.phase else { return };
        let mut group = Group::new();
        group.push(front);
        let held = std::mem::replace(&mut circuit.station.held, group);
        circuit.station.by_waiting = by_waiting;
        self.talk_to(line, &held);
        self.event(line, EventKind::Swapped);
    }

    fn join(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        // With the line's own call there is no room for more.
        if circuit.station.members.len() + circuit.station.held.len() >= MAX_PARTIES {
            return;
        }
        let held = self.take_held(line);
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.station.members.extend(held);
        }
        self.event(line, EventKind::Joined);
    }

    /// Talks alone to the party that it talked to when the others were joined; these are held again.
    fn split(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        circuit.station.held = std::mem::take(&mut circuit.station.members);
        circuit.station.by_waiting = false;
        self.event(line, EventKind::Held);
    }

    /// Drops the party whose call is the latest, whoever was held when they were joined.
    fn drop_last(&mut self, line: usize) {
        // A tone in the place of a party came last.
        let last = self.front_of(line).and_then(|_| self.in_conference(line).max());
        self.drop_member(line, last, Service::DropLast);
    }

    /// Drops the party whose call is the earliest.
    fn drop_first(&mut self, line: usize) {
        let first = self.in_conference(line).min();
        self.drop_member(line, first, Service::DropFirst);
    }

    fn in_conference(&self, line: usize) -> impl Iterator<Item = CallId> {
        let members = self.lines.get(line).map_or_else(Group::new, |circuit| circuit.station.members.clone());
        members.into_iter().chain(self.front_of(line))
    }

    fn drop_member(&mut self, line: usize, member: Option<CallId>, service: Service) {
        let front = self.front_of(line);
        let Some(circuit) = self.lines.get_mut(line) else { return };
        if member == front {
            let members = std::mem::take(&mut circuit.station.members);
            self.talk_to(line, &members);
        } else {
            circuit.station.members.retain(|id| Some(*id) != member);
        }
        if let Some(member) = member {
            self.drop_call(line, member);
        }
        self.event(line, EventKind::Feature(service.key()));
    }

    /// Whether a code counts in a register. `holds`: a party is held; `by_code`: that was done by a code, which may be the
    /// same that takes it back.
    pub(super) fn code_counts(&self, code: &Code, lead: Lead, holds: bool, by_code: bool) -> bool {
        use Service::*;
        if code.second {
            return false;
        }
        let for_calls = code.service == ConferenceAdd || code.service == Retrieve && by_code;
        if code.service == Hold && by_code {
            return false;
        }
        match lead {
            Lead::DialTone => code.lead == Lead::DialTone && (holds || code.service != Retrieve),
            Lead::Flash => match code.lead {
                Lead::Flash => {
                    matches!(code.service, Hold | Park | ParkDirected | SecureDuring | BlindTransfer | CompleteBusy)
                        && !matches!(code.groups.first().map(|g| g.pieces.as_slice()), Some([Piece::Blank(_), ..]))
                }
                _ => for_calls,
            },
            Lead::Tone => code.lead == Lead::Tone,
        }
    }
}
