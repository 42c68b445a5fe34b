//! Call waiting: a call for a line that talks to someone else.
//!
//! The line hears the call-waiting tone of its country, its far end hears nothing meanwhile. Then comes the alerting
//! tone; a terminal that answers it with DTMF D gets caller identification, and again the far end hears nothing of it
//! (GR-30-CORE, GR-575-CORE, EN 300 659-2). The tone is repeated while the call waits.

use super::call::{CallId, End};
use super::event::EventKind;
use super::line::Phase;
use super::switch::Exchange;
use super::tones::Signal;
use loopstart_signal::Time;
use loopstart_signal::country::Country;
use loopstart_signal::plan::Service;
use std::time::Duration;

/// From the end of the call-waiting tone to the alerting tone.
const BEFORE_ALERT: Duration = Duration::from_millis(80);
/// The alerting tone.
const ALERT: Duration = Duration::from_millis(80);
/// The terminal answers within 160 ms after the alerting tone (GR-30); a digit is known some 40 ms after its onset.
const ACKNOWLEDGE: Duration = Duration::from_millis(250);
/// From the terminal's answer to data: it lasts 65 ms, and 50 to 500 ms follow (GR-30).
const BEFORE_DATA: Duration = Duration::from_millis(200);
/// The tone is repeated after so long at least, and at most.
const REPEATED: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(10));
/// Where a country's tone is not known it sounds so long.
const UNKNOWN_TONE: Duration = Duration::from_millis(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The call-waiting tone sounds.
    Tone,
    /// Silence before the alerting tone.
    Gap,
    /// The alerting tone, and the time to answer it.
    Alert,
    /// The terminal answered.
    Answered,
    Data,
    Quiet,
}

/// A call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) call: CallId,
    stage: Stage,
    /// When the stage ends.
    until: Time,
    /// When the tone comes again.
    again: Time,
    /// The alerting tone was sent.
    alerted: bool,
}

/// One pass of a country's tone, and how long from one to the next.
fn tone(country: &Country) -> (Duration, Duration) {
    let segments = country.call_waiting;
    let ms = |ms: u32| Duration::from_millis(u64::from(ms));
    let cycle = ms(segments.iter().map(|segment| segment.ms).sum());
    let pause = segments.last().filter(|last| last.freqs.is_empty()).map_or(0, |last| last.ms);
    let sounds = cycle.saturating_sub(ms(pause));
    (if sounds.is_zero() { UNKNOWN_TONE } else { sounds.min(REPEATED.0) }, cycle.clamp(REPEATED.0, REPEATED.1))
}

impl Exchange {
    /// Whether a call can wait for this line.
    pub(super) fn can_wait(&self, line: usize) -> bool {
        let Some(circuit) = self.lines.get(line) else { return false };
        let station = &circuit.station;
        matches!(circuit.phase, Phase::Talking(_))
            && self.call_of(line).is_some_and(|call| call.talking)
            && !station.has_more()
            && station.orders.is_none()
            && !station.secure
            && !station.waiting_off
            && self.settings.plan.has(Service::WaitingAnswer)
    }

    /// A call begins to wait.
    pub(super) fn begin_waiting(&mut self, line: usize, call: CallId) {
        let now = self.now;
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.station.waiting =
                Some(Waiting { call, stage: Stage::Quiet, until: now, again: now, alerted: false });
        }
        self.event(line, EventKind::Waiting);
    }

    /// The call that waited does not any more.
    pub(super) fn end_waiting(&mut self, line: usize) -> Option<CallId> {
        let circuit = self.lines.get_mut(line)?;
        let waiting = circuit.station.waiting.take()?;
        circuit.notice.stop();
        circuit.cut = false;
        Some(waiting.call)
    }

    /// The terminal answered the alerting tone.
    pub(super) fn acknowledged(&mut self, line: usize, symbol: u8) -> bool {
        let now = self.now;
        let Some(waiting) = self.lines.get_mut(line).and_then(|circuit| circuit.station.waiting.as_mut()) else {
            return false;
        };
        // D: caller identification during a call. A: the terminal takes other data too.
        let answers = waiting.stage == Stage::Alert && matches!(symbol, b'D' | b'A');
        if answers {
            waiting.stage = Stage::Answered;
            waiting.until = now + BEFORE_DATA;
        }
        answers
    }

    /// Lives through the step.
    pub(super) fn step_waiting(&mut self, line: usize) {
        let (now, country) = (self.now, self.settings.country);
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let Some(mut waiting) = circuit.station.waiting else { return };
        let mut identified = None;
        match waiting.stage {
            Stage::Quiet if now >= waiting.again && matches!(circuit.phase, Phase::Talking(_)) => {
                let (sounds, cycle) = tone(country);
                circuit.notice.tone(Signal::CallWaiting, country, sounds);
                circuit.cut = true;
                waiting.stage = Stage::Tone;
                waiting.until = now + sounds;
                waiting.again = now + cycle;
            }
            Stage::Tone if now >= waiting.until => {
                if waiting.alerted {
                    circuit.cut = false;
                    waiting.stage = Stage::Quiet;
                } else {
                    waiting.stage = Stage::Gap;
                    waiting.until = now + BEFORE_ALERT;
                }
            }
            Stage::Gap if now >= waiting.until => {
                circuit.notice.alert();
                waiting.alerted = true;
                waiting.stage = Stage::Alert;
                waiting.until = now + ALERT + ACKNOWLEDGE;
            }
            Stage::Alert if now >= waiting.until => {
                circuit.cut = false;
                waiting.stage = Stage::Quiet;
            }
            Stage::Answered if now >= waiting.until => {
                if let Some(call) = self.calls.iter().find(|call| call.id == waiting.call) {
                    circuit.notice.identify(&call.caller_id);
                    identified = Some(EventKind::CallerId(call.caller_id.number, call.caller_id.name));
                }
                waiting.stage = Stage::Data;
            }
            Stage::Data if circuit.notice.is_identified() => {
                circuit.cut = false;
                waiting.stage = Stage::Quiet;
            }
            _ => {}
        }
        circuit.station.waiting = Some(waiting);
        if let Some(kind) = identified {
            self.event(line, kind);
        }
    }

    /// The line takes the waiting call; the active one is held, or ends.
    pub(super) fn take_waiting(&mut self, line: usize, hold: bool) {
        let Some(id) = self.end_waiting(line) else { return };
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let front = match circuit.phase {
            Phase::Talking(front) => Some(front),
            _ => None,
        };
        circuit.phase = Phase::Ringing(id);
        circuit.station.by_waiting = true;
        if let Some(front) = front {
            if hold {
                circuit.station.held.clear();
                circuit.station.held.push(front);
                self.event(line, EventKind::Held);
            } else {
                circuit.station.by_waiting = false;
                self.end_supervision(line);
                self.drop_call(line, front);
            }
        }
        self.answer(id);
    }

    /// The line refuses the waiting call: its caller hears busy.
    pub(super) fn reject_waiting(&mut self, line: usize) {
        if let Some(id) = self.end_waiting(line) {
            self.refuse(id, End::Called, Signal::Busy);
        }
    }
}
