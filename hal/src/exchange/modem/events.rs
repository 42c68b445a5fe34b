//! The events of V.253: their numbers, their codes, and in which states each is told.

use super::monitor::{Heard, ModemTone};
use super::profile::{Profile, Route};
use loopstart_signal::{ProgressTone, dle::event};

/// A simple event: its number (V.253 table 9) and the byte after `<DLE>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) number: u8,
    pub(super) code: u8,
}

pub(super) const RING: Event = Event { number: 3, code: event::RING };
pub(super) const LOOP_BREAK: Event = Event { number: 13, code: event::LOOP_BREAK };
pub(super) const POLARITY: Event = Event { number: 14, code: event::POLARITY };
pub(super) const UNDERRUN: Event = Event { number: 23, code: event::UNDERRUN };
pub(super) const OVERRUN: Event = Event { number: 5, code: event::OVERRUN };

/// Number of the caller-identification report.
pub(super) const CALLER_ID: u8 = 0;
/// Number of the ring-cadence report (distinctive ring).
pub(super) const CADENCE: u8 = 2;
/// Number of DTMF digits.
pub(super) const DTMF: u8 = 4;

/// The events of silence: from the start, and after sound.
pub(super) const fn silence(code: u8) -> Event {
    Event { number: if code == event::SILENCE { 9 } else { 10 }, code }
}

/// The event of something heard; digits have codes of their own.
pub(super) const fn of(heard: Heard) -> Option<Event> {
    let (number, code) = match heard {
        Heard::Tone(ProgressTone::Dial) => (20, event::DIAL_TONE),
        Heard::Tone(ProgressTone::StutterDial) => (29, event::STUTTER),
        Heard::Tone(ProgressTone::Ringback) => (18, event::RINGBACK),
        Heard::Tone(ProgressTone::Busy) => (19, event::BUSY),
        Heard::Tone(ProgressTone::Reorder) => (21, event::REORDER),
        Heard::Tone(ProgressTone::Sit(_)) => (11, event::SIT),
        Heard::Tone(ProgressTone::CallWaiting) => (15, event::CALL_WAITING),
        Heard::Modem(ModemTone::Answer) => (25, event::ANSWER_TONE),
        Heard::Modem(ModemTone::DataAnswer) => (26, event::DATA_ANSWER),
        Heard::Modem(ModemTone::FaxCalling) => (6, event::FAX_CALLING),
        Heard::Modem(ModemTone::DataCalling) => (7, event::DATA_CALLING),
        Heard::Voice => (27, event::VOICE_LOWER),
        Heard::Tone(_) | Heard::Digit { .. } => return None,
    };
    Some(Event { number, code })
}

/// The states that V.253 distinguishes for event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reporting {
    Transmit,
    Receive,
    Command,
}

/// What is told of an idle line.
const IDLE: &[u8] = &[CALLER_ID, CADENCE, RING.number];
/// What is told of the line in all states.
const LINE: &[u8] = &[DTMF, 6, 7, 11, LOOP_BREAK.number, POLARITY.number, 15, 18, 19, 20, 21, 25, 26, 29];

/// The same of a modem that does not report the progress of calls.
const LINE_QUIET: &[u8] = &[DTMF, LOOP_BREAK.number];

/// Event n is bit 31 - n.
pub(super) const fn bit(number: u8) -> u32 {
    if number < 32 { 1 << (31 - number) } else { 0 }
}

fn bits(numbers: &[u8]) -> u32 {
    numbers.iter().fold(0, |mask, n| mask | bit(*n))
}

/// The events that a modem can tell with a route selected, in a state, as +VLS=? lists them.
pub(super) fn mask(profile: &Profile, route: &Route, reporting: Reporting) -> u32 {
    if route.label == 0 {
        return bits(IDLE);
    }
    let progress = profile.reports_progress;
    let line = match (route.has_line(), progress) {
        (false, _) => 0,
        (true, false) => bits(LINE_QUIET),
        (true, true) => bits(LINE),
    };
    let own = match reporting {
        Reporting::Transmit if route.can_play() => bits(&[UNDERRUN.number]),
        Reporting::Receive if route.can_record() && progress => bits(&[OVERRUN.number, 9, 10, 27]),
        Reporting::Receive if route.can_record() => bits(&[OVERRUN.number, 9, 10]),
        Reporting::Command if route.has_line() && progress => bits(&[27]),
        _ => 0,
    };
    bits(IDLE) | line | own
}

#[cfg(test)]
mod tests {
    use super::super::profile::{SILENT, STANDARD};
    use super::*;

    #[test]
    fn event_0_is_the_most_significant_bit() {
        let none = Route { label: 0, primitives: "" };
        assert_eq!(mask(&STANDARD, &none, Reporting::Command), 0xb000_0000);
        let line = Route { label: 1, primitives: "T" };
        assert_eq!(mask(&STANDARD, &line, Reporting::Transmit) & 0x0000_0100, 0x100, "23: underrun");
        assert_eq!(mask(&STANDARD, &line, Reporting::Receive) & 0x0460_0000, 0x0460_0000, "5, 9, 10");
        assert_eq!(mask(&STANDARD, &line, Reporting::Command) & 0x0460_0100, 0);
    }

    #[test]
    fn a_modem_without_call_progress_does_not_promise_any() {
        let line = Route { label: 1, primitives: "T" };
        assert_eq!(mask(&SILENT, &line, Reporting::Command), 0xb000_0000 | 0x0800_0000 | 0x0004_0000, "4, 13");
    }
}
