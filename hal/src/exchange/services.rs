//! Feature codes: what is dialled at dial tone, or after a flash, and what comes of it.

use super::event::EventKind;
use super::features::{self, Code, Extent, Fields, Fit, Lead};
use super::flash::Situation;
use super::line::{After, Line, Phase, Register, Stage, Treatment};
use super::numbers::{self, Destination, DialString, Verdict};
use super::station::{Courtesy, Forward, Session};
use super::switch::Exchange;
use super::tones::Signal;
use loopstart_signal::plan::{Blank, Service, Waits};
use std::time::Duration;

/// How long an announcement lasts, and a confirmation until dial tone comes.
pub(super) const NOTICE: Duration = Duration::from_secs(2);
/// A slot's number is complete when no digit follows for so long.
const SLOT: Duration = Duration::from_millis(1_500);
/// Most digits of a slot.
const SLOT_DIGITS: usize = 6;
/// The second try to forward to a number that did not answer confirms, within this time.
const COURTESY_REPEAT: Duration = Duration::from_secs(120);
/// Limits of the time after which an unanswered call is forwarded, seconds.
const NO_ANSWER_S: std::ops::RangeInclusive<u32> = 5..=120;

/// What came of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done: the subscriber hears that.
    Done,
    /// Not possible now: reorder.
    Refused,
    /// Something else goes on with the line already.
    Moved,
}

impl Exchange {
    /// How far `digits` fill a blank. `holds`: only slots that hold a call count.
    pub(super) fn extent(&self, blank: Blank, digits: &str, holds: bool) -> Extent {
        match blank {
            Blank::Number => self.number_extent(digits),
            // An extension, or a line's number.
            Blank::Extension => self.number_extent(digits),
            Blank::Seconds => match digits.len() {
                0 => Extent::More,
                1 => Extent::Maybe,
                2 => Extent::Done,
                _ => Extent::Never,
            },
            Blank::Slot => {
                let (digits, closed) = digits.strip_suffix('#').map_or((digits, false), |digits| (digits, true));
                if !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() > SLOT_DIGITS {
                    return Extent::Never;
                }
                if holds {
                    let mut slots = self.orbits.iter().filter(|orbit| orbit.slot.starts_with(digits));
                    return match (slots.next(), slots.next()) {
                        (None, _) => Extent::Never,
                        (Some(orbit), None) if orbit.slot.as_str() == digits => Extent::Done,
                        (Some(_), _) if self.orbits.iter().any(|orbit| orbit.slot.as_str() == digits) => Extent::Maybe,
                        _ => Extent::More,
                    };
                }
                match digits.len() {
                    0 if closed => Extent::Never,
                    0 => Extent::More,
                    _ if closed => Extent::Done,
                    // An extension is a slot too.
                    _ if self.number_extent(digits) == Extent::Done => Extent::Done,
                    _ => Extent::Maybe,
                }
            }
        }
    }

    fn number_extent(&self, digits: &str) -> Extent {
        match self.look_up(digits) {
            Verdict::Incomplete => Extent::More,
            Verdict::Critical(_) => Extent::Maybe,
            Verdict::Complete(Destination::Treatment(Signal::Reorder)) => Extent::Never,
            Verdict::Complete(_) => Extent::Done,
        }
    }

    /// Looks a number up as a subscriber dials it.
    pub(super) fn look_up(&self, digits: &str) -> Verdict {
        numbers::dialled(digits, self.settings.plan.access.as_ref(), self.lines.len())
    }

    /// The place that a complete number leads to, if there is one.
    pub(super) fn destination(&self, digits: &str) -> Option<Destination> {
        match self.look_up(digits) {
            Verdict::Complete(to) | Verdict::Critical(to) => match to {
                Destination::Treatment(Signal::Reorder | Signal::VacantCode) => None,
                to => Some(to),
            },
            Verdict::Incomplete => None,
        }
    }

    /// Looks at what is in a line's register. `timed_out`: no more digits come.
    pub(super) fn consider(&mut self, line: usize, timed_out: bool) {
        let timing = self.settings.timing;
        let Some(Line { phase: Phase::Register(register), station, .. }) = self.lines.get(line) else { return };
        let (digits, holds) = (register.digits, !station.held.is_empty());
        let by_code = station.held_by_code;
        let group = register.session.as_ref().map_or(0, |session| session.group);
        let candidates: Vec<usize> = match &register.session {
            Some(session) => session.codes.clone(),
            None => (0..self.codes.len())
                .filter(|&n| self.code_counts(&self.codes[n], register.lead, holds, by_code))
                .collect(),
        };
        let in_session = register.session.is_some();
        let mut whole: Vec<(usize, Fields)> = Vec::new();
        let (mut part, mut maybe, mut slot) = (false, false, false);
        let spelt = features::spelt(&self.settings.plan, &digits).filter(|_| !in_session);
        let digits_of_code = spelt.unwrap_or(digits);
        for n in candidates {
            let Some(code) = self.codes.get(n) else { continue };
            let Some(pieces) = code.groups.get(group).map(|group| group.pieces.as_slice()) else { continue };
            let occupied = code.service == Service::Unpark;
            match features::fit(pieces, &digits_of_code, &|blank, text| self.extent(blank, text, occupied)) {
                Fit::No => {}
                Fit::Part => part = true,
                Fit::Maybe(fields) => {
                    maybe = true;
                    slot |= fields.slot.is_some();
                    whole.push((n, fields));
                }
                Fit::Whole(fields) => whole.push((n, fields)),
            }
        }
        if !whole.is_empty() && (timed_out || !(part || maybe)) {
            self.accept(line, &whole, group);
            return;
        }
        let verdict = match in_session {
            true if whole.is_empty() && !part => Verdict::Complete(Destination::Treatment(Signal::Reorder)),
            true => Verdict::Incomplete,
            false => self.look_up(&digits),
        };
        let none = whole.is_empty() && !part;
        let patience = match verdict {
            Verdict::Complete(to) if none => return self.route(line, &digits, to),
            Verdict::Critical(to) | Verdict::Complete(to) if timed_out && to != NOWHERE => {
                return self.route(line, &digits, to);
            }
            _ if timed_out => {
                if let Some(circuit) = self.lines.get_mut(line) {
                    circuit.station.timed_out = true;
                }
                return self.treat(line, Signal::Reorder);
            }
            _ if slot => SLOT,
            _ if !whole.is_empty() => timing.critical,
            Verdict::Critical(_) => timing.critical,
            Verdict::Complete(to) if to != NOWHERE => timing.critical,
            _ => timing.digit,
        };
        let deadline = self.now + patience;
        if let Some(Line { phase: Phase::Register(register), .. }) = self.lines.get_mut(line) {
            register.deadline = deadline;
        }
        // In the number of a code too.
        let access = self.settings.plan.access.as_ref();
        if (!in_session || part) && access.is_some_and(|a| a.second_dial_tone && a.prefix == digits.as_str()) {
            self.tone(line, Some(Signal::Dial));
        }
    }

    /// A group of a code is complete.
    pub(super) fn accept(&mut self, line: usize, whole: &[(usize, Fields)], group: usize) {
        let Some(&(first, fields)) = whole.first() else { return };
        let Some(code) = self.codes.get(first) else { return };
        let before = match self.lines.get(line).map(|circuit| &circuit.phase) {
            Some(Phase::Register(Register { session: Some(session), .. })) => session.fields,
            _ => Fields::default(),
        };
        let signal = code.groups.get(group).map_or(Waits::empty(), |group| group.signal);
        if code.groups.len() > group + 1 {
            let codes: Vec<usize> =
                whole.iter().map(|(n, _)| *n).filter(|&n| self.codes[n].groups.len() > group + 1).collect();
            let lead = code.lead;
            let session = Session { codes, group: group + 1, fields: before.and(fields) };
            self.next_group(line, session, lead, signal);
            return;
        }
        let ready: Vec<(Code, Fields)> = whole
            .iter()
            .filter_map(|(n, fields)| Some((self.codes.get(*n)?.clone(), before.and(*fields))))
            .filter(|(code, _)| code.groups.len() == group + 1)
            .collect();
        let mut outcome = Outcome::Refused;
        for (code, fields) in &ready {
            let this = self.serve(line, code, fields, signal);
            if this != Outcome::Refused {
                self.event(line, EventKind::Feature(code.service.key()));
                outcome = this;
            }
            // What moves the line is done once.
            if this == Outcome::Moved {
                break;
            }
        }
        match outcome {
            Outcome::Done => self.confirm(line, signal),
            Outcome::Refused => self.treat(line, Signal::Reorder),
            Outcome::Moved => {}
        }
    }

    /// The next group of a code is dialled.
    fn next_group(&mut self, line: usize, session: Session, lead: Lead, signal: Waits) {
        let deadline = self.now + self.settings.timing.digit;
        let register = Register { digits: DialString::new(), deadline, lead, session: Some(Box::new(session)) };
        self.set_phase(line, Phase::Register(register));
        let tone = if signal.contains(Waits::RECALL_DIAL) {
            Some(Signal::Stutter)
        } else if signal.contains(Waits::DIAL) {
            Some(Signal::Dial)
        } else if signal.contains(Waits::CONFIRM) {
            Some(Signal::Confirmation)
        } else {
            None
        };
        self.tone(line, tone);
        if tone.is_none()
            && signal.intersects(Waits::PROMPT | Waits::ANNOUNCEMENT)
            && let Some(circuit) = self.lines.get_mut(line)
        {
            circuit.notice.speak(NOTICE);
        }
    }

    /// Tells the subscriber that it is done.
    fn confirm(&mut self, line: usize, signal: Waits) {
        let heard = signal & !Waits::ANSWER;
        if heard.intersects(Waits::RECALL_DIAL | Waits::DIAL) && !heard.contains(Waits::CONFIRM) {
            let tone = if heard.contains(Waits::DIAL) { Signal::Dial } else { Signal::Stutter };
            self.any_dial_tone(line, Some(tone));
            return;
        }
        let speaks = heard.intersects(Waits::ANNOUNCEMENT | Waits::PROMPT);
        let tone_known = !self.settings.country.confirmation.is_empty();
        let tone = !speaks || (heard.contains(Waits::CONFIRM) && tone_known);
        self.notice(line, After::DialTone, tone);
    }

    /// A confirmation tone, or an announcement, and then this.
    pub(super) fn notice(&mut self, line: usize, after: After, tone: bool) {
        let until = self.now + NOTICE;
        self.set_phase(line, Phase::Treatment(Treatment { stage: Stage::Notice(after), until }));
        self.tone(line, tone.then_some(Signal::Confirmation));
        if !tone && let Some(circuit) = self.lines.get_mut(line) {
            circuit.notice.speak(NOTICE);
        }
    }

    /// A confirmation or an announcement is over.
    pub(super) fn after_notice(&mut self, line: usize, after: After) {
        match after {
            After::DialTone => self.any_dial_tone(line, None),
            After::Call(to) => self.connect(line, to),
        }
    }

    /// Dial tone; recall dial tone when a party is held.
    pub(super) fn any_dial_tone(&mut self, line: usize, tone: Option<Signal>) {
        if self.lines.get(line).is_some_and(|circuit| !circuit.station.held.is_empty()) {
            self.recall_tone(line, tone.unwrap_or(Signal::Stutter));
        } else {
            self.dial_tone(line);
            if let Some(tone) = tone {
                self.tone(line, Some(tone));
            }
        }
    }

    /// Carries out a service.
    fn serve(&mut self, line: usize, code: &Code, fields: &Fields, signal: Waits) -> Outcome {
        use Service::*;
        let number = fields.number.unwrap_or_default();
        let to = self.destination(&number);
        let forward = to.map(|to| Forward { to, number });
        let done = |done: bool| if done { Outcome::Done } else { Outcome::Refused };
        let Some(circuit) = self.lines.get_mut(line) else { return Outcome::Refused };
        let station = &mut circuit.station;
        match code.service {
            ForwardAll => return self.forward_all(line, forward, signal),
            ForwardBusy | ForwardNoAnswer | ForwardNoAnswerAfter | ForwardBusyNoAnswer => {
                // A line that forwards to itself would only be busy.
                let Some(forward) = forward.filter(|forward| forward.to != Destination::Line(line)) else {
                    return Outcome::Refused;
                };
                let after = match fields.seconds {
                    Some(s) if !NO_ANSWER_S.contains(&s) => return Outcome::Refused,
                    s => s.map(|s| Duration::from_secs(u64::from(s))),
                };
                if matches!(code.service, ForwardBusy | ForwardBusyNoAnswer) {
                    station.forward_busy = Some(forward);
                }
                if code.service != ForwardBusy {
                    station.forward_no_answer = Some((forward, after));
                }
            }
            ForwardAllOff => {
                station.forward_all = None;
                station.courtesy = None;
            }
            ForwardBusyOff => station.forward_busy = None,
            ForwardNoAnswerOff => station.forward_no_answer = None,
            ForwardBusyNoAnswerOff => {
                station.forward_busy = None;
                station.forward_no_answer = None;
            }
            ForwardAllCheck => return done(station.forward_all.is_some()),
            ForwardBusyCheck => return done(station.forward_busy.is_some()),
            ForwardNoAnswerCheck => return done(station.forward_no_answer.is_some()),
            DoNotDisturb => station.do_not_disturb = true,
            DoNotDisturbOff => station.do_not_disturb = false,
            WaitingOn => station.waiting_off = false,
            WaitingOff => station.waiting_off = true,
            // Where the code holds for the line, the call comes after a hang-up.
            SecureBefore if code.hangs_up && to.is_none() => station.waiting_off = true,
            SecureBefore => {
                station.secure = true;
                return self.place(line, &number);
            }
            SecureDuring => station.secure = true,
            WithholdNumber => {
                station.withhold = Some(true);
                return self.place(line, &number);
            }
            ShowNumber => {
                station.withhold = Some(false);
                return self.place(line, &number);
            }
            CallReturn => {
                let Some(to) = station.last_caller else { return Outcome::Refused };
                // Where it speaks first, it calls then.
                if signal.intersects(Waits::ANNOUNCEMENT | Waits::PROMPT) {
                    self.notice(line, After::Call(to), false);
                } else {
                    let until = self.now + self.settings.timing.post_dial;
                    self.set_phase(line, Phase::Treatment(Treatment { stage: Stage::Connecting(to), until }));
                    self.tone(line, None);
                }
                return Outcome::Moved;
            }
            Hold => {
                if station.held.is_empty() {
                    return Outcome::Refused;
                }
                station.held_by_code = true;
                // Where the procedure ends on hook, the call stays held there.
                station.held_for_good = code.hangs_up.then_some(self.now);
            }
            Retrieve => {
                if station.held.is_empty() {
                    return Outcome::Refused;
                }
                self.retrieve(line);
                return Outcome::Moved;
            }
            ConferenceAdd | BlindTransfer => return self.place(line, &number),
            CompleteBusy => return self.watch(line, false),
            CompleteNoAnswer => return self.watch(line, true),
            CompleteBusyOff => self.unwatch(line),
            Park => return self.park(line, None, signal),
            ParkDirected => {
                let slot = fields.slot.or(fields.extension);
                return slot.map_or(Outcome::Refused, |slot| self.park(line, Some(slot), signal));
            }
            Unpark => {
                let slot = fields.slot.or(fields.extension).unwrap_or_default();
                return self.unpark(line, &slot);
            }
            PickupGroup => return self.pick_up(line, None),
            PickupDirected => {
                let at = fields.extension.and_then(|extension| self.destination(&extension));
                return match at {
                    Some(Destination::Line(at)) => self.pick_up(line, Some(at)),
                    _ => Outcome::Refused,
                };
            }
            RetrieveRinging | Swap | Join | Split | DropLast | DropFirst | ConferenceDrop | WaitingAnswer
            | ReleaseAndTake | WaitingReject | ReleaseHeld | Transfer => {
                return match self.situation(line) {
                    Situation::None => Outcome::Refused,
                    _ if self.order(line, code.service) => Outcome::Moved,
                    _ => Outcome::Refused,
                };
            }
            Consult | Redirect => return Outcome::Refused,
        }
        Outcome::Done
    }

    /// Calls the number that belongs to a code.
    fn place(&mut self, line: usize, number: &str) -> Outcome {
        match self.look_up(number) {
            Verdict::Complete(to) | Verdict::Critical(to) => {
                self.route(line, number, to);
                Outcome::Moved
            }
            Verdict::Incomplete => Outcome::Refused,
        }
    }

    /// Forwards all calls; where the plan wants it, only once a call to the number is answered.
    fn forward_all(&mut self, line: usize, forward: Option<Forward>, signal: Waits) -> Outcome {
        let now = self.now;
        let Some(forward) = forward.filter(|forward| forward.to != Destination::Line(line)) else {
            return Outcome::Refused;
        };
        let Some(circuit) = self.lines.get_mut(line) else { return Outcome::Refused };
        let station = &mut circuit.station;
        let repeated = station
            .courtesy
            .is_some_and(|courtesy| courtesy.forward == forward && now < courtesy.since + COURTESY_REPEAT);
        if !self.settings.plan.courtesy_call || !signal.contains(Waits::ANSWER) || repeated {
            station.forward_all = Some(forward);
            station.courtesy = None;
            return Outcome::Done;
        }
        station.courtesy = Some(Courtesy { call: None, forward, since: now });
        self.place(line, &forward.number);
        Outcome::Moved
    }

    /// A call was answered: was it the one that confirms forwarding?
    pub(super) fn courtesy_answered(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let called = circuit.station.last_called.map(|(_, digits)| digits);
        if let Some(courtesy) = circuit.station.courtesy.filter(|courtesy| Some(courtesy.forward.number) == called) {
            circuit.station.forward_all = Some(courtesy.forward);
            circuit.station.courtesy = None;
        }
    }

    /// A digit while busy tone or ringback sounds.
    pub(super) fn tone_digit(&mut self, line: usize, symbol: u8) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let digits = &mut circuit.station.tone_digits;
        if digits.is_full() {
            digits.clear();
        }
        digits.push(char::from(symbol));
        let digits = *digits;
        let mut part = false;
        let mut whole = Vec::new();
        for (n, code) in self.codes.iter().enumerate() {
            let other = matches!(code.service, Service::CompleteBusy | Service::CompleteNoAnswer)
                && code.service != self.completion(line);
            let counts = !other && self.code_counts(code, Lead::Tone, false, false);
            let Some(group) = code.groups.first().filter(|_| counts) else { continue };
            match features::fit(&group.pieces, &digits, &|blank, text| self.extent(blank, text, false)) {
                Fit::No => {}
                Fit::Part => part = true,
                Fit::Maybe(fields) | Fit::Whole(fields) => whole.push((n, fields)),
            }
        }
        if part && whole.is_empty() {
            return;
        }
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.station.tone_digits.clear();
            circuit.notice.stop();
        }
        if !whole.is_empty() {
            self.give_up(line);
            self.accept(line, &whole, 0);
        }
    }

    /// The call that a line makes ends: the line asks for something else.
    pub(super) fn give_up(&mut self, line: usize) {
        if let Some(id) = self.lines.get(line).and_then(|circuit| circuit.phase.call()) {
            self.set_phase(line, Phase::Idle);
            self.drop_call(line, id);
        }
    }
}

/// What cannot be dialled leads here.
const NOWHERE: Destination = Destination::Treatment(Signal::Reorder);
