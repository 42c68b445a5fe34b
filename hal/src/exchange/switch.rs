//! The exchange: line circuits, calls between them and with scripted far ends, advanced step by step.
//!
//! How does a step go? Every line circuit looks at its loop and reports signals; each signal moves its line's
//! [`Phase`]; then deadlines are looked at, far ends live through the step, and every circuit composes what its
//! wires carry. No input or output happens here and time is a value, so a minute takes milliseconds.

use super::call::{Call, CallId, End, Leg};
use super::complete::Watch;
use super::event::{Event, EventKind, EventLog};
use super::features::{self, Code, Lead};
use super::hook::HookSignal;
use super::line::{Clearing, Line, LineSignal, Phase, Register, Stage, Treatment};
use super::music::Music;
use super::numbers::DialString;
use super::operator::Refused;
use super::orbit::Orbit;
use super::party::{Act, Deed, Party};
use super::settings::{MAX_LINES, Settings};
use super::subscriber::{FromExchange, FromTerminal, STEP};
use super::tones::Signal;
use loopstart_signal::plan::Service;
use loopstart_signal::{CallerId, DigitMode, Time};
use std::time::Duration;

/// What a called-back party does until it is answered, and then.
const CALL_BACK_WAITS: &[Act] = &[Act::Wait(60_000), Act::HangUp];
const CALL_BACK_SAYS: &[Act] = &[Act::Wait(500), Act::Voice(3_000), Act::Stay];
/// How long a call back is tried while the line is not free.
const CALL_BACK_PATIENCE: Duration = Duration::from_secs(60);

/// A call that was transferred from one outside party to another ends after so long.
const LINELESS: Duration = Duration::from_secs(3_600);

#[derive(Debug)]
struct CallBack {
    line: usize,
    due: Time,
    until: Time,
    id: CallerId,
}

/// A call that was transferred while it rang: it comes back when nobody answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransferRecall {
    pub(crate) call: CallId,
    /// Who transferred it.
    pub(crate) line: usize,
    pub(crate) due: Time,
}

/// A telephone exchange. See the module's text.
pub struct Exchange {
    pub(super) settings: Settings,
    pub(super) now: Time,
    pub(super) lines: Vec<Line>,
    pub(super) calls: Vec<Call>,
    pub(super) next_call: u64,
    call_backs: Vec<CallBack>,
    /// The plan's feature codes.
    pub(super) codes: Vec<Code>,
    pub(super) orbits: Vec<Orbit>,
    pub(super) watches: Vec<Watch>,
    pub(super) transfers: Vec<TransferRecall>,
    pub(super) events: EventLog,
    signals: Vec<(usize, LineSignal)>,
    pub(super) path_gain: f32,
    music: Option<Music>,
    /// What held parties hear in this step.
    pub(super) music_audio: [i16; STEP],
    pub(super) speech: Vec<[i16; STEP]>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("country", &self.settings.country.code)
            .field("lines", &self.lines.len())
            .field("calls", &self.calls.len())
            .finish_non_exhaustive()
    }
}

impl Exchange {
    /// An exchange at rest. The number of lines is brought into 1 to [`MAX_LINES`].
    pub fn new(settings: Settings) -> Self {
        let count = settings.lines.clamp(1, MAX_LINES);
        let codes = features::codes(&settings.plan);
        let on_tone = |code: &Code| {
            code.lead == Lead::Flash && matches!(code.service, Service::CompleteBusy | Service::CompleteNoAnswer)
        };
        let flash_on_tone = codes.iter().any(on_tone);
        // Behind a private exchange one waits with music.
        let music = match settings.plan.facts.get("hold.music").map(|fact| fact.value.as_str()) {
            Some(stated) => stated == "yes",
            None => settings.plan.access.is_some(),
        };
        Self {
            lines: (0..count).map(|index| Line::new(index, &settings, flash_on_tone)).collect(),
            codes,
            orbits: Vec::new(),
            watches: Vec::new(),
            transfers: Vec::new(),
            music: music.then(Music::new),
            music_audio: [0; STEP],
            speech: Vec::new(),
            path_gain: 10f32.powf(-settings.path_loss_db.clamp(0.0, 30.0) / 20.0),
            settings,
            now: Time::ZERO,
            calls: Vec::new(),
            next_call: 0,
            call_backs: Vec::new(),
            events: EventLog::new(),
            signals: Vec::new(),
        }
    }

    /// Lives through the step that begins at `now`: `from` is what each terminal did in the step before, `to` what each
    /// terminal's wires carry in this one. Missing terminals count as on hook.
    pub fn step(&mut self, now: Time, from: &[FromTerminal], to: &mut [FromExchange]) {
        self.now = now;
        let on_hook = FromTerminal::default();
        let mut signals = std::mem::take(&mut self.signals);
        for (index, line) in self.lines.iter_mut().enumerate() {
            let from = from.get(index).unwrap_or(&on_hook);
            if let Some(samples) = line.supervise(now, from, |signal| signals.push((index, signal))) {
                self.events.push(Event { at: now, line: index, kind: EventKind::RecordDone(samples) });
            }
        }
        for (line, signal) in signals.drain(..) {
            self.signal(line, signal);
        }
        self.signals = signals;
        for line in 0..self.lines.len() {
            self.expire(line);
        }
        self.place_call_backs();
        self.forward_unanswered();
        self.recall_transfers();
        self.recall_parked();
        self.step_watches();
        self.run_calls();
        for (index, (line, to)) in self.lines.iter_mut().zip(to).enumerate() {
            let composed = line.compose(now, to);
            if composed.played {
                self.events.push(Event { at: now, line: index, kind: EventKind::PlayDone });
            }
            if circuit_is_over(line) {
                line.ringer = None;
            }
            if composed.identified
                && let Some(call) = line.phase.call().and_then(|id| self.calls.iter().find(|call| call.id == id))
            {
                let kind = EventKind::CallerId(call.caller_id.number, call.caller_id.name);
                self.events.push(Event { at: now, line: index, kind });
            }
        }
    }

    pub(super) fn circuit(&mut self, line: usize) -> Result<&mut Line, Refused> {
        self.lines.get_mut(line).ok_or(Refused::NoSuchLine)
    }

    pub(super) fn call_of(&self, line: usize) -> Option<&Call> {
        let id = self.lines.get(line)?.phase.call()?;
        self.calls.iter().find(|call| call.id == id)
    }

    pub(super) fn event(&mut self, line: usize, kind: EventKind) {
        self.events.push(Event { at: self.now, line, kind });
    }

    /// Puts a tone on the line, or takes it off.
    pub(super) fn tone(&mut self, line: usize, signal: Option<Signal>) {
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.set_tone(signal, &self.settings);
        }
        if let Some(signal) = signal {
            self.event(line, EventKind::Tone(signal.name()));
        }
    }

    pub(super) fn set_phase(&mut self, line: usize, phase: Phase) {
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.phase = phase;
        }
    }

    /// A line circuit reported something.
    fn signal(&mut self, line: usize, signal: LineSignal) {
        match signal {
            LineSignal::Hook(HookSignal::Seized) => {
                self.event(line, EventKind::OffHook);
                match self.lines.get(line).map(|circuit| circuit.phase.clone()) {
                    // Also in the silence between two rings: the call is answered.
                    Some(Phase::Ringing(id)) => self.lift(line, id),
                    Some(Phase::Offering(target)) => self.call_watched(line, target),
                    Some(Phase::Idle) => {
                        if let Some(circuit) = self.lines.get_mut(line) {
                            circuit.ringer = None;
                            circuit.notice.stop();
                        }
                        self.dial_tone(line);
                    }
                    _ => {}
                }
            }
            LineSignal::Hook(HookSignal::Opened) => {
                let now = self.now;
                let Some(circuit) = self.lines.get_mut(line) else { return };
                circuit.station.opened = now;
                // The first pulse breaks dial tone.
                if matches!(circuit.phase, Phase::Register(_)) && circuit.station.orders.is_none() {
                    self.tone(line, None);
                }
            }
            LineSignal::Hook(HookSignal::Flash) => {
                self.event(line, EventKind::Flash);
                self.flash(line);
            }
            LineSignal::Hook(HookSignal::Released) => {
                self.event(line, EventKind::OnHook);
                self.on_hook(line);
            }
            LineSignal::Digit(symbol, mode) => self.digit(line, symbol, mode),
        }
    }

    /// Connects a register and dial tone; a special one while calls are forwarded or messages wait, where the plan has that.
    pub(super) fn dial_tone(&mut self, line: usize) {
        let deadline = self.now + self.settings.timing.digit;
        let register = Register { digits: DialString::new(), deadline, lead: Lead::DialTone, session: None };
        let tells = self.settings.plan.facts.contains_key("forward.indication");
        let stutters = self.settings.plan.stutter_tells_messages;
        let Some(circuit) = self.lines.get_mut(line) else { return };
        circuit.station.timed_out = false;
        let special = tells && circuit.station.forwards() || stutters && circuit.station.messages;
        self.set_phase(line, Phase::Register(register));
        self.tone(line, Some(if special { Signal::Stutter } else { Signal::Dial }));
    }

    fn digit(&mut self, line: usize, symbol: u8, mode: DigitMode) {
        self.event(line, EventKind::Digit(symbol, mode));
        if self.acknowledged(line, symbol) {
            return;
        }
        let Some(circuit) = self.lines.get_mut(line) else { return };
        if circuit.station.orders.is_some() {
            self.order_digit(line, symbol);
            return;
        }
        match &mut circuit.phase {
            Phase::Register(register) => {
                // A full register takes no more; its number was complete long before.
                let _ = register.digits.try_push(char::from(symbol));
                circuit.notice.stop();
                self.tone(line, None);
                self.consider(line, false);
            }
            Phase::Calling(_) | Phase::Treatment(Treatment { stage: Stage::Tone, .. })
                if circuit.station.held.is_empty() && circuit.station.members.is_empty() =>
            {
                self.tone_digit(line, symbol);
            }
            _ => {}
        }
    }

    /// The called end answers.
    pub(super) fn answer(&mut self, id: CallId) {
        let Some(call) = self.calls.iter_mut().find(|call| call.id == id && !call.talking) else { return };
        call.talking = true;
        if let Leg::Party(party) = &mut call.caller {
            party.was_answered();
        }
        let (caller, called) = (call.caller.line(), call.called.line());
        for line in [caller, called].into_iter().flatten() {
            let Some(circuit) = self.lines.get_mut(line) else { continue };
            if circuit.phase.call() == Some(id) {
                circuit.ringer = None;
                circuit.phase = Phase::Talking(id);
                // While an order is taken its tone stays; none comes back after it.
                match circuit.station.orders.as_mut().filter(|orders| orders.pauses) {
                    Some(orders) => orders.tone = None,
                    None => self.tone(line, None),
                }
            }
            self.event(line, EventKind::Answered);
        }
        if let Some(line) = caller {
            self.courtesy_answered(line);
            if self.settings.answer_supervision {
                self.supervise_answer(line);
            }
        }
    }

    /// Reverses a caller's polarity because the call was answered.
    fn supervise_answer(&mut self, line: usize) {
        if let Some(circuit) = self.lines.get_mut(line)
            && !std::mem::replace(&mut circuit.supervised, true)
        {
            let reversed = !circuit.reversed;
            self.event(line, EventKind::Polarity(reversed));
        }
    }

    /// Polarity is as it was before the answer.
    pub(super) fn end_supervision(&mut self, line: usize) {
        if let Some(circuit) = self.lines.get_mut(line)
            && std::mem::take(&mut circuit.supervised)
        {
            let reversed = circuit.reversed;
            self.event(line, EventKind::Polarity(reversed));
        }
    }

    /// A line leaves one of its calls, which ends.
    pub(super) fn drop_call(&mut self, line: usize, id: CallId) {
        let end = self.calls.iter().find(|call| call.id == id).and_then(|call| call.end_of(line));
        if let Some(end) = end {
            self.release(id, end);
        }
    }

    /// A call ends because `end` will not have it: a line at the other end hears this, unless it does other things by now.
    pub(super) fn refuse(&mut self, id: CallId, end: End, signal: Signal) {
        let far = self.calls.iter().find(|call| call.id == id).and_then(|call| call.leg(end.other()).line());
        let listens = |line: &usize| {
            let circuit = self.lines.get(*line);
            circuit.is_some_and(|circuit| circuit.phase.call() == Some(id) && circuit.is_off_hook())
        };
        let far =
            far.filter(listens).filter(|&line| self.lines.get(line).is_some_and(|c| c.station.members.is_empty()));
        self.release(id, end);
        if let Some(far) = far {
            self.treat(far, signal);
        }
    }

    /// A call ends because `end` went: the other end is cleared.
    pub(super) fn release(&mut self, id: CallId, end: End) {
        let Some(at) = self.calls.iter().position(|call| call.id == id) else { return };
        let call = self.calls.swap_remove(at);
        self.orbits.retain(|orbit| orbit.call != id);
        if let (End::Caller, Leg::Line(line), Leg::Party(party)) = (end, &call.caller, &call.called)
            && let Some(delay) = party.call_back
        {
            let due = self.now + delay;
            self.call_backs.retain(|back| back.line != *line);
            self.call_backs.push(CallBack { line: *line, due, until: due + CALL_BACK_PATIENCE, id: party.id });
        }
        // Both: a far end that an operator hangs up may itself be a line, still off hook.
        for end in [end, end.other()] {
            if let Some(line) = call.leg(end).line() {
                self.detach(line, id);
            }
        }
    }

    /// A call of a line has ended: whatever it was to the line, it is not any more.
    pub(super) fn detach(&mut self, line: usize, id: CallId) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let station = &mut circuit.station;
        if station.waiting.is_some_and(|waiting| waiting.call == id) {
            self.end_waiting(line);
            self.event(line, EventKind::Released);
        } else if station.held.contains(&id) {
            station.held.retain(|held| *held != id);
            if station.held.is_empty() {
                station.by_waiting = false;
                station.held_for_good = None;
                station.held_by_code = false;
            }
            self.event(line, EventKind::Released);
        } else if station.members.contains(&id) {
            station.members.retain(|member| *member != id);
            self.event(line, EventKind::Released);
        } else {
            match circuit.phase {
                Phase::Ringing(of) if of == id => {
                    circuit.ringer = None;
                    circuit.station.ring_at = None;
                    circuit.station.ring_until = None;
                    circuit.phase = Phase::Idle;
                    self.event(line, EventKind::RingingStopped);
                    self.event(line, EventKind::Released);
                }
                Phase::Calling(of) | Phase::Talking(of) if of == id => {
                    let members = std::mem::take(&mut circuit.station.members);
                    if members.is_empty() {
                        // What a flash stood for is gone with the call.
                        circuit.station.orders = None;
                        self.clear(line);
                    } else {
                        self.talk_to(line, &members);
                        self.event(line, EventKind::Released);
                    }
                }
                _ => {}
            }
        }
    }

    /// The far end of a line has gone, the line is still off hook: open interval, a pause, dial tone. Loop current is not
    /// interrupted while the line has another call.
    pub(super) fn clear(&mut self, line: usize) {
        let timing = self.settings.timing;
        let released = self.now + timing.release;
        let holds = self.lines.get(line).is_some_and(|circuit| !circuit.station.held.is_empty());
        let open = timing.open_interval.filter(|_| !holds).map(|interval| (released, released + interval));
        let dial_tone = open.map_or(released, |(_, end)| end) + timing.clearing_pause;
        self.set_phase(line, Phase::Clearing(Clearing { open, dial_tone }));
        self.tone(line, None);
        self.end_supervision(line);
        self.event(line, EventKind::Released);
    }

    /// Gives the line a tone instead of a call.
    pub(super) fn treat(&mut self, line: usize, signal: Signal) {
        let until = self.now + self.settings.timing.tone;
        self.set_phase(line, Phase::Treatment(Treatment { stage: Stage::Tone, until }));
        self.tone(line, Some(signal));
        self.begin_offer(line, signal);
    }

    /// Looks at the deadlines of a line.
    fn expire(&mut self, line: usize) {
        self.step_waiting(line);
        self.expire_orders(line);
        self.expire_ring_back(line);
        self.step_offer(line);
        let now = self.now;
        let timing = self.settings.timing;
        let Some(circuit) = self.lines.get_mut(line) else { return };
        match &mut circuit.phase {
            Phase::Idle if circuit.station.messages_due && circuit.ringer.is_none() => {
                circuit.station.messages_due = false;
                circuit.notice.messages(circuit.station.messages);
            }
            Phase::Register(register) if now >= register.deadline && circuit.station.orders.is_none() => {
                self.consider(line, true);
            }
            Phase::Clearing(clearing) => {
                let clearing = *clearing;
                circuit.open = clearing.open.is_some_and(|(from, to)| now >= from && now < to);
                // While a call waits the line is not free for dialling.
                if now >= clearing.dial_tone && circuit.station.waiting.is_none() && circuit.station.orders.is_none() {
                    self.any_dial_tone(line, None);
                }
            }
            Phase::Treatment(treatment) if now >= treatment.until => match treatment.stage {
                Stage::Connecting(destination) => self.connect(line, destination),
                Stage::Notice(after) => self.after_notice(line, after),
                Stage::Tone => {
                    *treatment = Treatment { stage: Stage::Howler, until: now + timing.howler };
                    self.tone(line, Some(Signal::Howler));
                }
                Stage::Howler => {
                    treatment.stage = Stage::Lockout;
                    self.tone(line, None);
                }
                Stage::Lockout => {}
            },
            _ => {}
        }
    }

    fn place_call_backs(&mut self) {
        let now = self.now;
        for mut back in std::mem::take(&mut self.call_backs) {
            if now < back.due {
                self.call_backs.push(back);
            } else if now < back.until {
                let party = Party::calling(back.id, CALL_BACK_WAITS, CALL_BACK_SAYS);
                if self.call_from(back.line, party).is_err() {
                    back.due = now + Duration::from_secs(1);
                    self.call_backs.push(back);
                }
            }
        }
    }

    /// Far ends live through the step, and audio passes between the ends of every call.
    fn run_calls(&mut self) {
        let (now, country) = (self.now, self.settings.country);
        self.music_audio = self.music.as_mut().map_or([0; STEP], Music::step);
        for line in &mut self.lines {
            line.sound_tone();
        }
        self.mix_lines();
        let mut heard = Vec::new();
        for (at, call) in self.calls.iter().enumerate() {
            for end in [End::Caller, End::Called] {
                if matches!(call.leg(end), Leg::Party(_)) {
                    heard.push((at, end, self.heard_by_party(call, end)));
                }
            }
        }
        let mut deeds = Vec::new();
        for (at, end, heard) in heard {
            let Some(call) = self.calls.get_mut(at) else { continue };
            let (id, since) = (call.id, call.since);
            let [caller_said, called_said] = &mut call.said;
            let (leg, said) = match end {
                End::Caller => (&mut call.caller, caller_said),
                End::Called => (&mut call.called, called_said),
            };
            if let Leg::Party(party) = leg
                && let Some(deed) = party.step(now, since, country, &heard, said)
            {
                deeds.push((id, end, deed));
            }
        }
        for (id, end, deed) in deeds {
            match deed {
                Deed::Answer => self.answer(id),
                Deed::HangUp => self.release(id, end),
                Deed::Reverse => {
                    let call = self.calls.iter().find(|call| call.id == id);
                    if let Some(line) = call.and_then(|call| call.leg(end.other()).line()) {
                        self.supervise_answer(line);
                    }
                }
            }
        }
        // Two far ends that were connected with each other, and nobody on a line hears them: they are gone.
        let lineless = |call: &Call| matches!((&call.caller, &call.called), (Leg::Party(_), Leg::Party(_)));
        self.calls.retain(|call| !lineless(call) || now < call.since + LINELESS);
    }
}

/// A reminder burst is over.
fn circuit_is_over(line: &Line) -> bool {
    line.ringer.as_ref().is_some_and(super::ringer::Ringer::is_over)
}
