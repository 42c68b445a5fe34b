//! Park orbits and pickup: calls that a line takes which are not its own.

use super::call::{CallId, End, Leg};
use super::event::EventKind;
use super::line::{After, Line, Phase};
use super::numbers::{DialString, extension_of, number_of};
use super::services::Outcome;
use super::station::Group;
use super::switch::Exchange;
use loopstart_signal::Time;
use loopstart_signal::plan::Waits;
use std::time::Duration;

/// Most parked calls.
const MAX_PARKED: usize = 64;
/// How many slots there are from a site's first one.
const SLOTS: u32 = 20;
/// How long the one who parked a call is rung with it.
const RINGS: Duration = Duration::from_secs(30);

/// A parked call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Orbit {
    pub(crate) slot: DialString,
    pub(crate) call: CallId,
    /// Which end is parked at.
    end: End,
    parker: usize,
    /// When it rings, or stops ringing.
    due: Time,
    rings: bool,
}

impl Exchange {
    /// What a line is called inside: its extension, or its number where there are no extensions.
    fn own_extension(&self, line: usize) -> String {
        if self.settings.plan.access.is_some() { extension_of(line) } else { number_of(line) }
    }

    fn is_taken(&self, slot: &str) -> bool {
        self.orbits.iter().any(|orbit| orbit.slot.as_str() == slot)
    }

    /// The slot for a call that is parked where the exchange chooses: the first free one from the site's first on, or
    /// the line's own extension.
    fn choose_slot(&self, line: usize) -> Option<DialString> {
        let own = self.own_extension(line);
        let first = self.settings.plan.park_slot(&own);
        let slot = match first.parse::<u32>() {
            Ok(n) if first != own => {
                (n..n.saturating_add(SLOTS)).map(|n| n.to_string()).find(|slot| !self.is_taken(slot))?
            }
            _ => first.to_owned(),
        };
        DialString::from(&slot).ok()
    }

    /// Parks the held call.
    pub(super) fn park(&mut self, line: usize, slot: Option<DialString>, signal: Waits) -> Outcome {
        let Some(slot) = slot.or_else(|| self.choose_slot(line)) else { return Outcome::Refused };
        let held = self.lines.get(line).map(|circuit| circuit.station.held.clone());
        let Some(&[id]) = held.as_deref() else { return Outcome::Refused };
        if self.is_taken(&slot) || self.orbits.len() >= MAX_PARKED {
            return Outcome::Refused;
        }
        let due = self.now + self.settings.plan.park_timeout;
        let Some(call) = self.calls.iter_mut().find(|call| call.id == id) else { return Outcome::Refused };
        let Some(end) = call.end_of(line) else { return Outcome::Refused };
        *call.leg_mut(end) = Leg::Orbit;
        self.take_held(line);
        self.orbits.push(Orbit { slot, call: id, end, parker: line, due, rings: false });
        self.event(line, EventKind::Parked(slot));
        if signal.contains(Waits::ANNOUNCEMENT) && !signal.contains(Waits::CONFIRM) {
            self.notice(line, After::DialTone, false);
            return Outcome::Moved;
        }
        Outcome::Done
    }

    /// Takes the call parked at `slot`; without one, that at the line's own extension.
    pub(super) fn unpark(&mut self, line: usize, slot: &str) -> Outcome {
        let Some(at) = self.orbits.iter().position(|orbit| orbit.slot.as_str() == slot) else {
            return Outcome::Refused;
        };
        let orbit = self.orbits.swap_remove(at);
        if orbit.rings {
            self.stop_ringing(orbit.parker, orbit.call);
        }
        let Some(call) = self.calls.iter_mut().find(|call| call.id == orbit.call) else { return Outcome::Refused };
        *call.leg_mut(orbit.end) = Leg::Line(line);
        let group: Group = std::iter::once(orbit.call).collect();
        self.talk_to(line, &group);
        self.event(line, EventKind::Unparked);
        Outcome::Moved
    }

    /// Takes a call that rings at `at`, or at any line.
    pub(super) fn pick_up(&mut self, line: usize, at: Option<usize>) -> Outcome {
        let rings = |n: usize| {
            let Some(Line { phase: Phase::Ringing(id), ringer: Some(_), .. }) = self.lines.get(n) else { return None };
            let call = self.calls.iter().find(|call| call.id == *id && !call.talking)?;
            (n != line && call.called.line() == Some(n) && call.caller.line() != Some(line))
                .then_some((n, *id, call.since))
        };
        let found = match at {
            Some(at) => rings(at),
            // The one that rings longest.
            None => (0..self.lines.len()).filter_map(rings).min_by_key(|(_, _, since)| *since),
        };
        let Some((rang, id, _)) = found else { return Outcome::Refused };
        self.stop_ringing(rang, id);
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
            call.called = Leg::Line(line);
        }
        self.set_phase(line, Phase::Ringing(id));
        self.event(line, EventKind::PickedUp);
        self.answer(id);
        Outcome::Moved
    }

    /// Parked calls ring the line that parked them, when their time is over.
    pub(super) fn recall_parked(&mut self) {
        let now = self.now;
        let timeout = self.settings.plan.park_timeout;
        for at in 0..self.orbits.len() {
            let Some(orbit) = self.orbits.get(at).copied().filter(|orbit| now >= orbit.due) else { continue };
            let mut due = now + timeout;
            let mut rings = false;
            if orbit.rings {
                // Nobody there: it stays parked.
                self.stop_ringing(orbit.parker, orbit.call);
                self.set_leg(&orbit, Leg::Orbit);
            } else if self.lines.get(orbit.parker).is_some_and(Line::is_free) {
                self.set_leg(&orbit, Leg::Line(orbit.parker));
                self.set_phase(orbit.parker, Phase::Ringing(orbit.call));
                self.ring_again(orbit.parker, None);
                due = now + RINGS;
                rings = true;
            } else {
                due = now + Duration::from_secs(1);
            }
            if let Some(orbit) = self.orbits.get_mut(at) {
                (orbit.due, orbit.rings) = (due, rings);
            }
        }
        let calls = &self.calls;
        self.orbits.retain(|orbit| calls.iter().any(|call| call.id == orbit.call));
    }

    fn set_leg(&mut self, orbit: &Orbit, leg: Leg) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == orbit.call) {
            *call.leg_mut(orbit.end) = leg;
        }
    }

    /// The slots that hold a call, and who is parked there: for a look at the exchange.
    pub fn parked(&self) -> impl Iterator<Item = &str> {
        self.orbits.iter().map(|orbit| orbit.slot.as_str())
    }
}
