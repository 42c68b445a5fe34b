//! Completion: a busy line is watched, and its caller is rung when both are free.

use super::event::EventKind;
use super::line::{Line, Phase, Stage, Treatment};
use super::numbers::{Destination, DialString};
use super::services::{NOTICE, Outcome};
use super::switch::Exchange;
use super::tones::Signal;
use loopstart_signal::Time;
use loopstart_signal::plan::{Service, Step, Waits};
use std::time::Duration;

/// Most requests of a line.
const MAX_WATCHES: usize = 5;
/// How long the caller is rung.
const RINGS: Duration = Duration::from_secs(30);
/// After so long it is rung again.
const AGAIN: Duration = Duration::from_secs(60);
/// So often it is rung at most.
const TRIES: u8 = 2;
/// Both must have been free for so long, so that who has just hung up is not rung at once.
const SETTLED: Duration = Duration::from_secs(2);

/// Busy tone sounds so long before an announcement offers to call back, and between two of them.
const BEFORE_OFFER: Duration = Duration::from_secs(4);

/// A request to be called back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Watch {
    line: usize,
    target: Destination,
    number: DialString,
    /// It is forgotten then.
    until: Option<Time>,
    /// The party did not answer: it must have used its line first.
    unused: bool,
    /// Both are free since.
    free: Option<Time>,
    /// The caller is rung since.
    rings: Option<Time>,
    /// Not before.
    not_before: Time,
    tries: u8,
}

impl Exchange {
    /// Watches the line that was called last. `gone`: it did not answer, and who is not there is rung only after he has used
    /// his telephone.
    pub(super) fn watch(&mut self, line: usize, gone: bool) -> Outcome {
        let last = self.lines.get(line).and_then(|circuit| circuit.station.last_called);
        let Some((target, number)) = last.filter(|(target, _)| *target != Destination::Line(line)) else {
            return Outcome::Refused;
        };
        self.watches.retain(|watch| watch.line != line || watch.target != target);
        if self.watches.iter().filter(|watch| watch.line == line).count() >= MAX_WATCHES {
            return Outcome::Refused;
        }
        let until = self.settings.plan.callback_life.map(|life| self.now + life);
        self.watches.push(Watch {
            line,
            target,
            number,
            until,
            unused: gone && self.is_free(target) && matches!(target, Destination::Line(_)),
            free: None,
            rings: None,
            not_before: self.now,
            tries: 0,
        });
        Outcome::Done
    }

    /// Which completion can be asked for now: often both have the same code.
    pub(super) fn completion(&self, line: usize) -> Service {
        let rings = self.lines.get(line).is_some_and(|circuit| matches!(circuit.phase, Phase::Calling(_)));
        if rings && self.settings.plan.has(Service::CompleteNoAnswer) {
            Service::CompleteNoAnswer
        } else {
            Service::CompleteBusy
        }
    }

    /// Forgets everything that a line wants.
    pub(super) fn unwatch(&mut self, line: usize) {
        self.watches.retain(|watch| watch.line != line);
    }

    /// The line lifted: the call that it wanted is made.
    pub(super) fn call_watched(&mut self, line: usize, target: Destination) {
        let number = self.watches.iter().find(|watch| watch.line == line && watch.target == target).map(|w| w.number);
        self.watches.retain(|watch| watch.line != line || watch.target != target);
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.ringer = None;
        }
        self.route(line, &number.unwrap_or_default(), target);
    }

    pub(super) fn step_watches(&mut self) {
        let now = self.now;
        for mut watch in std::mem::take(&mut self.watches) {
            if let Some(since) = watch.rings {
                let offered = self.lines.get(watch.line).is_some_and(|l| l.phase == Phase::Offering(watch.target));
                if offered && now < since + RINGS {
                    self.watches.push(watch);
                } else if offered {
                    self.stop_offering(watch.line);
                    watch.rings = None;
                    watch.free = None;
                    watch.not_before = now + AGAIN;
                    watch.tries += 1;
                    if watch.tries < TRIES {
                        self.watches.push(watch);
                    }
                }
                continue;
            }
            if watch.until.is_some_and(|until| now >= until) {
                continue;
            }
            if let Destination::Line(party) = watch.target {
                watch.unused &= !self.lines.get(party).is_some_and(Line::is_off_hook);
            }
            let free =
                !watch.unused && self.lines.get(watch.line).is_some_and(Line::is_free) && self.is_free(watch.target);
            watch.free = if free { watch.free.or(Some(now)) } else { None };
            if watch.free.is_some_and(|since| now >= since + SETTLED) && now >= watch.not_before {
                watch.rings = Some(now);
                self.set_phase(watch.line, Phase::Offering(watch.target));
                let plan = self.settings.plan.clone();
                self.ring_again(watch.line, plan.callback_ring.as_deref());
            }
            self.watches.push(watch);
        }
    }

    /// Busy tone begins: where the plan has the exchange offer to call back by an announcement, that comes in its turn.
    pub(super) fn begin_offer(&mut self, line: usize, signal: Signal) {
        let plan = &self.settings.plan;
        let speaks = plan.service(Service::CompleteBusy).is_some_and(
            |p| matches!(p.steps().first(), Some(Step::Wait(waits)) if waits.contains(Waits::ANNOUNCEMENT)),
        );
        let due = self.now + BEFORE_OFFER;
        if let Some(circuit) = self.lines.get_mut(line) {
            // With a held party a digit asks for nothing here.
            let alone = circuit.station.held.is_empty() && circuit.station.members.is_empty();
            circuit.station.offer = (speaks && alone && signal == Signal::Busy).then_some(due);
        }
    }

    /// Announcement and busy tone take turns.
    pub(super) fn step_offer(&mut self, line: usize) {
        let now = self.now;
        let Some(circuit) = self.lines.get_mut(line) else { return };
        if circuit.station.offer.is_none_or(|due| now < due) {
            return;
        }
        if !matches!(circuit.phase, Phase::Treatment(Treatment { stage: Stage::Tone, .. })) {
            circuit.station.offer = None;
            return;
        }
        let spoke = circuit.tone().is_none();
        circuit.station.offer = Some(now + if spoke { BEFORE_OFFER } else { NOTICE });
        if !spoke {
            circuit.notice.speak(NOTICE);
        }
        self.tone(line, spoke.then_some(Signal::Busy));
    }

    fn stop_offering(&mut self, line: usize) {
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.ringer = None;
            circuit.phase = Phase::Idle;
        }
        self.event(line, EventKind::RingingStopped);
    }
}
