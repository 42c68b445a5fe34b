//! Hanging up: what becomes of the other parties, from the switch plan.

use super::call::{CallId, Leg};
use super::event::EventKind;
use super::features::{self, Bare};
use super::flash::Situation;
use super::line::{Phase, Stage};
use super::numbers::{self, Verdict};
use super::ringer::Ringer;
use super::station::Group;
use super::switch::{Exchange, TransferRecall};
use super::tones::Signal;
use loopstart_signal::plan::{Moment, OnHook, Service};
use std::time::Duration;

/// From the hang-up to ringing with the held or waiting party.
const RING_BACK: Duration = Duration::from_secs(1);
/// How long it rings before that party is released.
const RING_BACK_FOR: Duration = Duration::from_secs(60);
/// After so long an unanswered transfer comes back where the plan tells no time.
const TRANSFER_RECALL: Duration = Duration::from_secs(30);

impl Exchange {
    fn moment(&self, line: usize) -> Option<Moment> {
        match self.situation(line) {
            Situation::Both => Some(Moment::ActiveAndHeld),
            Situation::Dialling => Some(Moment::ConsultDialing),
            Situation::Ringing => Some(Moment::ConsultRinging),
            Situation::Busy => Some(Moment::ConsultBusy),
            Situation::Conference => Some(Moment::Conference),
            Situation::Waiting => Some(Moment::CallWaiting),
            // The party that one talked with is gone; a call waits still.
            Situation::None | Situation::Tone | Situation::Single => {
                let waits = self.lines.get(line).is_some_and(|circuit| circuit.station.waiting.is_some());
                waits.then_some(Moment::CallWaiting)
            }
        }
    }

    /// What hanging up does now. A line that has transfer by hanging up transfers, whatever its plan says of lines
    /// without.
    fn hanging_up(&self, line: usize, moment: Moment) -> OnHook {
        let plan = &self.settings.plan;
        let station = self.lines.get(line).map(|circuit| &circuit.station);
        // One of the two waited: no consultation, and nobody is to be transferred.
        let waited = moment == Moment::ActiveAndHeld && station.is_some_and(|station| station.by_waiting);
        let moment = if waited { Moment::CallWaiting } else { moment };
        let guarded = plan.facts.contains_key("onhook.guard_ms")
            && !matches!(moment, Moment::CallWaiting)
            && station.is_some_and(|s| s.flashed.is_some_and(|at| s.opened < at + plan.on_hook_guard));
        if guarded {
            return OnHook::Releases;
        }
        // Who put a party on hold with a code wants it back.
        if station.is_some_and(|station| station.held_by_code) && plan.on_hook(moment) == OnHook::Joins {
            return OnHook::RingsBack;
        }
        let transfers = plan.service(Service::Transfer).is_some_and(|p| features::bare(p) == Some(Bare::OnHook));
        let transferable = matches!(moment, Moment::ActiveAndHeld | Moment::ConsultRinging);
        if transfers && transferable { OnHook::Joins } else { plan.on_hook(moment) }
    }

    /// The terminal went on hook.
    pub(super) fn on_hook(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let playing = circuit.source.stop();
        circuit.open = false;
        let recorded = circuit.record(None);
        if playing {
            self.event(line, EventKind::PlayDone);
        }
        if let Some(samples) = recorded {
            self.event(line, EventKind::RecordDone(samples));
        }
        if let Some(service) = self.end_orders(line) {
            self.order(line, service);
        }
        if !self.lines.get(line).is_some_and(|circuit| circuit.station.held.is_empty()) {
            self.finish_dialling(line);
        }
        let moment = self.moment(line);
        let what = moment.map(|moment| self.hanging_up(line, moment));
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let front = circuit.phase.call();
        circuit.notice.stop();
        circuit.cut = false;
        circuit.station.secure = false;
        circuit.station.withhold = None;
        circuit.station.timed_out = false;
        circuit.station.tone_digits.clear();
        let stays = moment == Some(Moment::ConsultDialing) && circuit.station.held_for_good.is_some();
        self.tone(line, None);
        self.end_supervision(line);
        match what {
            _ if stays => {
                self.set_phase(line, Phase::Idle);
            }
            None => {
                self.set_phase(line, Phase::Idle);
                if let Some(front) = front {
                    self.drop_call(line, front);
                }
            }
            Some(OnHook::Joins) if !matches!(moment, Some(Moment::ConsultDialing | Moment::CallWaiting)) => {
                self.join_others(line);
                self.set_phase(line, Phase::Idle);
            }
            Some(OnHook::Releases) => self.release_all(line),
            Some(OnHook::RingsBack | OnHook::Joins) => self.ring_back(line),
        }
    }

    /// A number that could be complete is, when the line hangs up.
    fn finish_dialling(&mut self, line: usize) {
        let Some(circuit) = self.lines.get(line) else { return };
        match &circuit.phase {
            Phase::Register(register) if register.session.is_none() => {
                let digits = register.digits;
                let access = self.settings.plan.access.as_ref();
                if let Verdict::Critical(to) = numbers::dialled(&digits, access, self.lines.len()) {
                    self.remember(line, to, digits);
                    self.connect(line, to);
                }
            }
            Phase::Treatment(treatment) => {
                if let Stage::Connecting(to) = treatment.stage {
                    self.connect(line, to);
                }
            }
            _ => {}
        }
    }

    /// All calls of a line end; it is idle.
    fn release_all(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let front = circuit.phase.call();
        circuit.phase = Phase::Idle;
        let members = std::mem::take(&mut circuit.station.members);
        let held = self.take_held(line);
        let waiting = self.end_waiting(line);
        for id in front.into_iter().chain(members).chain(held).chain(waiting) {
            self.drop_call(line, id);
        }
    }

    /// The active call ends; the line rings with the held or the waiting party.
    fn ring_back(&mut self, line: usize) {
        let now = self.now;
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let front = circuit.phase.call();
        let mut back = match circuit.station.held.is_empty() {
            true => std::mem::take(&mut circuit.station.members),
            false => self.take_held(line),
        };
        if let Some(waiting) = self.end_waiting(line) {
            back = std::iter::once(waiting).collect();
        }
        let Some(circuit) = self.lines.get_mut(line) else { return };
        circuit.phase = Phase::Idle;
        circuit.station.by_waiting = false;
        if let Some((&first, rest)) = back.split_first() {
            circuit.phase = Phase::Ringing(first);
            circuit.station.held = rest.iter().copied().collect();
            circuit.station.ring_at = Some(now + RING_BACK);
            circuit.station.ring_until = Some(now + RING_BACK + RING_BACK_FOR);
        }
        if let Some(front) = front {
            self.drop_call(line, front);
        }
    }

    /// The other parties of a line are connected, and the line is out.
    pub(super) fn join_others(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let front = circuit.phase.call();
        let members = std::mem::take(&mut circuit.station.members);
        circuit.phase = Phase::Idle;
        let held = self.take_held(line);
        let mut group = held;
        for id in members {
            if group.try_push(id).is_err() {
                self.drop_call(line, id);
            }
        }
        match (front, group.as_slice()) {
            (Some(front), &[other]) => self.connect_pair(line, other, front),
            (Some(front), _) => {
                if group.try_push(front).is_err() {
                    self.drop_call(line, front);
                }
                self.hand_over(line, &group);
            }
            // Transferred to busy: that is what he hears.
            (None, _) => {
                for id in group {
                    let end = self.calls.iter().find(|call| call.id == id).and_then(|call| call.end_of(line));
                    if let Some(end) = end {
                        self.refuse(id, end, Signal::Busy);
                    }
                }
            }
        }
        self.event(line, EventKind::Transferred);
    }

    /// Makes one call of two that meet at a line: `held` is answered, `second` may still ring.
    fn connect_pair(&mut self, line: usize, held: CallId, second: CallId) {
        let Some(at) = self.calls.iter().position(|call| call.id == held) else { return };
        let mut call = self.calls.swap_remove(at);
        let Some(end) = call.end_of(line) else { return };
        let leg = std::mem::replace(call.leg_mut(end.other()), Leg::Orbit);
        let Some(other) = self.calls.iter_mut().find(|call| call.id == second) else { return };
        let Some(end) = other.end_of(line) else { return };
        let talking = other.talking;
        let far = leg.line();
        if far.is_some() && far == other.leg(end.other()).line() {
            // He was both: nobody is left to be connected.
            if let Some(far) = far {
                self.detach(far, held);
            }
            self.release(second, end);
            return;
        }
        *other.leg_mut(end) = leg;
        if let Some(far) = far {
            self.rename(far, held, second, talking);
        }
        if !talking {
            let plan = &self.settings.plan;
            let has = plan.facts.keys().any(|key| key.starts_with("transfer.recall"));
            let after = plan.hold_recall.or(has.then_some(TRANSFER_RECALL));
            if let Some(after) = after {
                let due = self.now + after;
                self.transfers.push(TransferRecall { call: second, line, due });
            }
        }
    }

    /// A line's call has another name now, and may ring again.
    fn rename(&mut self, line: usize, from: CallId, to: CallId, talking: bool) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        for id in circuit.station.members.iter_mut().chain(circuit.station.held.iter_mut()) {
            if *id == from {
                *id = to;
            }
        }
        match circuit.phase {
            Phase::Talking(id) if id == from => {
                circuit.phase = if talking { Phase::Talking(to) } else { Phase::Calling(to) };
                let pauses = circuit.station.orders.as_mut().filter(|orders| orders.pauses);
                let ringback = (!talking).then_some(Signal::Ringback);
                match pauses {
                    Some(orders) => orders.tone = ringback,
                    None => self.tone(line, ringback),
                }
            }
            Phase::Calling(id) if id == from => circuit.phase = Phase::Calling(to),
            Phase::Ringing(id) if id == from => circuit.phase = Phase::Ringing(to),
            _ => {}
        }
    }

    /// A conference goes on without the line that made it: another line of this exchange carries it.
    fn hand_over(&mut self, line: usize, group: &Group) {
        let far = |exchange: &Self, id: CallId| {
            exchange.calls.iter().find(|call| call.id == id && call.talking).and_then(|call| call.far(line)?.line())
        };
        let free = |exchange: &Self, hub: usize| {
            exchange.lines.get(hub).is_some_and(|c| !c.station.has_more() && c.station.orders.is_none())
        };
        let hub =
            group.iter().copied().find_map(|id| far(self, id).filter(|&hub| free(self, hub)).map(|hub| (id, hub)));
        let Some((own, hub)) = hub else {
            for &id in group {
                self.drop_call(line, id);
            }
            return;
        };
        // The call with the hub goes; its other calls end at the hub.
        let others: Group = group.iter().copied().filter(|&id| id != own).collect();
        self.calls.retain(|call| call.id != own);
        for &id in &others {
            if let Some(call) = self.calls.iter_mut().find(|call| call.id == id)
                && let Some(end) = call.end_of(line)
            {
                *call.leg_mut(end) = Leg::Line(hub);
            }
        }
        self.talk_to(hub, &others);
    }

    /// The line lifts while it rings with a call that it had before, or with a new one.
    pub(super) fn lift(&mut self, line: usize, id: CallId) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        circuit.ringer = None;
        circuit.station.ring_at = None;
        circuit.station.ring_until = None;
        if !self.calls.iter().any(|call| call.id == id && call.talking) {
            self.answer(id);
            return;
        }
        self.orbits.retain(|orbit| orbit.call != id);
        let mut group: Group = std::iter::once(id).collect();
        let parked_for_good = self.lines.get(line).is_some_and(|circuit| circuit.station.held_for_good.is_some());
        if !parked_for_good {
            for other in self.take_held(line) {
                let _ = group.try_push(other);
            }
        }
        self.talk_to(line, &group);
        self.event(line, EventKind::Retrieved);
    }

    /// Rings a line with something of its own: no caller identification, the plan's ring for it.
    pub(super) fn ring_again(&mut self, line: usize, cadence: Option<&[u16]>) {
        let plan = self.settings.plan.clone();
        let cadence = cadence.or_else(|| plan.rings.get("recall").map(Vec::as_slice));
        let ringer = Ringer::new(self.now, self.settings.country, &self.settings.timing, None, cadence);
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.ringer = Some(ringer);
        }
        self.event(line, EventKind::Recall);
        self.event(line, EventKind::Ringing);
    }

    /// Looks at what a line rings with of its own.
    pub(super) fn expire_ring_back(&mut self, line: usize) {
        let now = self.now;
        let Some(circuit) = self.lines.get_mut(line) else { return };
        if circuit.station.ring_at.is_some_and(|at| now >= at) {
            circuit.station.ring_at = None;
            self.ring_again(line, None);
            return;
        }
        if circuit.station.ring_until.is_some_and(|until| now >= until) {
            circuit.station.ring_until = None;
            if let Phase::Ringing(id) = circuit.phase {
                let rest = std::mem::take(&mut circuit.station.held);
                self.drop_call(line, id);
                for id in rest {
                    self.drop_call(line, id);
                }
            }
            return;
        }
        // Held for good, and for too long.
        let recall = self.settings.plan.hold_recall;
        if circuit.phase == Phase::Idle
            && let (Some(since), Some(after)) = (circuit.station.held_for_good, recall)
            && now >= since + after
        {
            self.ring_back(line);
        }
    }

    /// Transfers that nobody answered come back.
    pub(super) fn recall_transfers(&mut self) {
        let now = self.now;
        for mut transfer in std::mem::take(&mut self.transfers) {
            let rings = self.calls.iter().any(|call| call.id == transfer.call && !call.talking);
            if !rings {
                continue;
            }
            if now >= transfer.due {
                if self.lines.get(transfer.line).is_some_and(super::line::Line::is_free) {
                    self.ring_elsewhere(transfer.call, Leg::Line(transfer.line));
                    self.ring_again(transfer.line, None);
                    continue;
                }
                transfer.due = now + Duration::from_secs(1);
            }
            self.transfers.push(transfer);
        }
    }
}
