//! From a number to a call: where it leads, who is rung, what forwarding does with it.

use super::call::{Call, CallId, End, Leg};
use super::event::EventKind;
use super::line::{Line, Phase, Stage, Treatment};
use super::numbers::{self, Destination, DialString, Does, Row, Verdict};
use super::operator::Refused;
use super::party::Party;
use super::ringer::Ringer;
use super::station::Forward;
use super::subscriber::STEP;
use super::switch::Exchange;
use super::tones::Signal;
use loopstart_signal::{CallerId, Name, Number, PartyId};

/// A call is forwarded so often at most.
const MAX_HOPS: usize = 5;
/// Most calls at a time: what the lines can have, and as many that have left them by transfer.
const MAX_CALLS: usize = 1024;

/// Where a call gets to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    /// A line that can be rung.
    Ring(usize),
    /// A line that is told that a call waits.
    Wait(usize),
    Script(&'static Row),
    Tone(Signal),
}

impl Exchange {
    /// Remembers where a line called last.
    pub(super) fn remember(&mut self, line: usize, to: Destination, digits: DialString) {
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.station.last_called = Some((to, digits));
        }
    }

    /// The number is complete.
    pub(super) fn route(&mut self, line: usize, digits: &str, destination: Destination) {
        let digits = DialString::from(digits).unwrap_or_default();
        self.event(line, EventKind::Dialed(digits));
        self.remember(line, destination, digits);
        let until = self.now + self.settings.timing.post_dial;
        self.set_phase(line, Phase::Treatment(Treatment { stage: Stage::Connecting(destination), until }));
        self.tone(line, None);
    }

    /// Where a call for `destination` gets to, after all forwarding.
    pub(super) fn reach(&mut self, mut destination: Destination, caller: Option<usize>) -> Reach {
        for _ in 0..MAX_HOPS {
            let called = match destination {
                Destination::Treatment(signal) => return Reach::Tone(signal),
                Destination::Script(row) => return Reach::Script(row),
                Destination::Line(called) => called,
            };
            let Some(circuit) = self.lines.get(called) else { return Reach::Tone(Signal::VacantCode) };
            // A line that calls itself is busy.
            if caller == Some(called) {
                return Reach::Tone(Signal::Busy);
            }
            let forward = if let Some(forward) = circuit.station.forward_all {
                forward
            } else if circuit.station.do_not_disturb {
                return Reach::Tone(Signal::Busy);
            } else if circuit.is_free() {
                return Reach::Ring(called);
            } else if self.can_wait(called) {
                return Reach::Wait(called);
            } else if let Some(forward) = circuit.station.forward_busy {
                forward
            } else {
                return Reach::Tone(Signal::Busy);
            };
            self.forwarded(called, &forward);
            destination = forward.to;
        }
        Reach::Tone(Signal::Reorder)
    }

    /// A call for a line goes elsewhere.
    fn forwarded(&mut self, line: usize, forward: &Forward) {
        self.event(line, EventKind::Forwarded(forward.number));
        let Some(burst) = self.settings.plan.reminder_ring else { return };
        let ping = Ringer::ping(self.now, self.settings.country, &self.settings.timing, burst);
        if let Some(circuit) = self.lines.get_mut(line)
            && circuit.is_free()
        {
            circuit.ringer = Some(ping);
        }
    }

    /// The post-dial delay is over.
    pub(super) fn connect(&mut self, line: usize, destination: Destination) {
        let reach = self.reach(destination, Some(line));
        let withheld = self.lines.get(line).is_some_and(|circuit| circuit.station.withhold == Some(true));
        let shown = |known: PartyId<Number>| if withheld { PartyId::Withheld } else { known };
        let caller_id = CallerId {
            number: shown(PartyId::Known(Number::new(&numbers::number_of(line)))),
            name: if withheld { PartyId::Withheld } else { PartyId::Known(Name::new(&format!("EMULATED {line}"))) },
            time: Some(self.date_time()),
        };
        if let Reach::Ring(called) | Reach::Wait(called) = reach
            && let Some(circuit) = self.lines.get_mut(called)
        {
            circuit.station.last_caller = (!withheld).then_some(Destination::Line(line));
        }
        match reach {
            Reach::Tone(signal) => self.treat(line, signal),
            _ if self.calls.len() >= MAX_CALLS => self.treat(line, Signal::Reorder),
            reach => {
                if let Some(called) = self.called_leg(reach) {
                    self.begin_call(Leg::Line(line), called, reach, caller_id);
                }
            }
        }
    }

    fn called_leg(&self, reach: Reach) -> Option<Leg> {
        Some(match reach {
            Reach::Ring(line) | Reach::Wait(line) => Leg::Line(line),
            Reach::Script(row) => Leg::Party(Box::new(scripted(row)?)),
            Reach::Tone(_) => return None,
        })
    }

    /// A party outside calls a line.
    pub(super) fn call_from(&mut self, line: usize, party: Party) -> Result<(), Refused> {
        self.lines.get(line).ok_or(Refused::NoSuchLine)?;
        if self.calls.len() >= MAX_CALLS {
            return Err(Refused::Busy);
        }
        let reach = self.reach(Destination::Line(line), None);
        let called = self.called_leg(reach).ok_or(Refused::Busy)?;
        if let (Reach::Ring(at) | Reach::Wait(at), PartyId::Known(number)) = (reach, party.id.number)
            && let Some(circuit) = self.lines.get_mut(at)
        {
            circuit.station.last_caller = match numbers::look_up(number.as_str(), 0) {
                Verdict::Complete(to) => Some(to),
                _ => None,
            };
        }
        let caller_id = CallerId { time: Some(self.date_time()), ..party.id };
        self.begin_call(Leg::Party(Box::new(party)), called, reach, caller_id);
        Ok(())
    }

    /// How a line is rung for a call from there, where the plan tells it.
    fn cadence(&self, caller: &Leg) -> Option<&[u16]> {
        let name = if matches!(caller, Leg::Line(_)) { "internal" } else { "external" };
        self.settings.plan.rings.get(name).map(Vec::as_slice)
    }

    fn begin_call(&mut self, caller: Leg, called: Leg, reach: Reach, caller_id: CallerId) {
        let id = CallId(self.next_call);
        self.next_call += 1;
        match reach {
            Reach::Ring(line) => self.ring(line, id, &caller_id, &caller),
            Reach::Wait(line) => self.begin_waiting(line, id),
            Reach::Script(_) | Reach::Tone(_) => {}
        }
        if let Leg::Line(line) = caller {
            self.set_phase(line, Phase::Calling(id));
            self.tone(line, Some(Signal::Ringback));
        }
        let call = Call { id, caller, called, since: self.now, talking: false, caller_id, said: [[0; STEP]; 2] };
        self.calls.push(call);
    }

    fn ring(&mut self, line: usize, id: CallId, caller_id: &CallerId, caller: &Leg) {
        let cadence = self.cadence(caller);
        let ringer = Ringer::new(self.now, self.settings.country, &self.settings.timing, Some(caller_id), cadence);
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.ringer = Some(ringer);
        }
        self.set_phase(line, Phase::Ringing(id));
        self.event(line, EventKind::Ringing);
    }

    /// A call that rings rings elsewhere from now on.
    pub(super) fn ring_elsewhere(&mut self, id: CallId, to: Leg) {
        let now = self.now;
        let Some(call) = self.calls.iter_mut().find(|call| call.id == id) else { return };
        let from = call.called.line();
        let to_line = to.line();
        call.called = to;
        call.since = now;
        if let Some(line) = from {
            self.stop_ringing(line, id);
        }
        if let Some(line) = to_line {
            self.set_phase(line, Phase::Ringing(id));
        }
    }

    /// Nobody answers for so long: calls are forwarded.
    pub(super) fn forward_unanswered(&mut self) {
        let mut due = Vec::new();
        for call in self.calls.iter().filter(|call| !call.talking) {
            let Leg::Line(line) = call.called else { continue };
            let Some(circuit) = self.lines.get(line) else { continue };
            let (Some((forward, after)), Phase::Ringing(_)) = (circuit.station.forward_no_answer, &circuit.phase)
            else {
                continue;
            };
            if self.now >= call.since + after.unwrap_or(self.settings.plan.no_answer) {
                due.push((call.id, line, forward, call.caller.line()));
            }
        }
        for (id, line, forward, caller) in due {
            self.forwarded(line, &forward);
            let reach = self.reach(forward.to, caller);
            let caller_id = self.calls.iter().find(|call| call.id == id).map(|call| call.caller_id);
            let Some(caller_id) = caller_id else { continue };
            match (reach, self.called_leg(reach)) {
                (Reach::Ring(to), Some(leg)) => {
                    self.ring_elsewhere(id, leg);
                    let caller = caller.map_or(Leg::Orbit, Leg::Line);
                    self.ring(to, id, &caller_id, &caller);
                }
                (Reach::Script(_), Some(leg)) => self.ring_elsewhere(id, leg),
                (Reach::Wait(to), Some(leg)) => {
                    if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
                        call.called = leg;
                    }
                    self.stop_ringing(line, id);
                    self.begin_waiting(to, id);
                }
                _ => {
                    self.refuse(id, End::Called, Signal::Busy);
                }
            }
        }
    }

    /// A line is not rung any more: the call went elsewhere.
    pub(super) fn stop_ringing(&mut self, line: usize, id: CallId) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        if circuit.phase == Phase::Ringing(id) {
            circuit.ringer = None;
            circuit.station.ring_at = None;
            circuit.station.ring_until = None;
            circuit.phase = Phase::Idle;
            self.event(line, EventKind::RingingStopped);
        }
    }

    /// Whether a number could be called without being busy.
    pub(super) fn is_free(&self, destination: Destination) -> bool {
        match destination {
            Destination::Line(line) => self.lines.get(line).is_some_and(Line::is_free),
            Destination::Script(_) => true,
            Destination::Treatment(_) => false,
        }
    }
}

/// The far end of a scripted number.
fn scripted(row: &'static Row) -> Option<Party> {
    let Does::Script(script) = row.does else { return None };
    let id = CallerId {
        number: PartyId::Known(Number::new(&row.number.to_string())),
        name: PartyId::Known(Name::new(row.name)),
        time: None,
    };
    Some(Party::called(script, id))
}
