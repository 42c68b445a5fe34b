//! The exchange: line circuits, calls between them and with scripted far ends, advanced step by step.
//!
//! How does a step go? Every line circuit looks at its loop and reports signals; each signal moves its line's
//! [`Phase`]; then deadlines are looked at, far ends live through the step, and every circuit composes what its
//! wires carry. No input or output happens here and time is a value, so a minute takes milliseconds.

use super::call::{Call, CallId, End, Leg};
use super::event::{Event, EventKind, EventLog};
use super::features::{self, OnBusy, OnFlash};
use super::hook::HookSignal;
use super::line::{Clearing, Line, LineSignal, Phase, Recorder, Register, Stage, Treatment};
use super::numbers::{self, Destination, DialString, Does, Row, Verdict};
use super::party::{Act, Deed, Party};
use super::ringer::Ringer;
use super::settings::{MAX_LINES, Settings, date_time_after};
use super::subscriber::{FromExchange, FromTerminal, STEP};
use super::tones::Signal;
use loopstart_signal::{CallerId, DateTime, DigitMode, Name, Number, PartyId, Time};
use std::time::Duration;

/// A command could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The exchange has no such line.
    #[error("no such line")]
    NoSuchLine,
    /// The line is off hook, being rung, or in a call.
    #[error("the line is busy")]
    Busy,
    /// There is no call to end.
    #[error("no call on the line")]
    NoCall,
    /// It is no digit, or too many wait.
    #[error("not digits, or too many")]
    Digits,
}

/// A look at one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineState {
    /// The terminal is off hook.
    pub off_hook: bool,
    /// `idle`, `dialing`, `calling`, `ringing`, `talking`, `clearing`, `treatment`.
    pub phase: &'static str,
    /// There is battery.
    pub battery: bool,
    /// Polarity is reversed.
    pub reversed: bool,
    /// A terminal is plugged in.
    pub plugged: bool,
    /// The exchange's tone on the line.
    pub tone: Option<&'static str>,
    /// The line at the other end of its call.
    pub peer_line: Option<usize>,
}

/// What a called-back party does until it is answered, and then.
const CALL_BACK_WAITS: &[Act] = &[Act::Wait(60_000), Act::HangUp];
const CALL_BACK_SAYS: &[Act] = &[Act::Wait(500), Act::Voice(3_000), Act::Stay];
/// How long a call back is tried while the line is not free.
const CALL_BACK_PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct CallBack {
    line: usize,
    due: Time,
    until: Time,
    id: CallerId,
}

/// A telephone exchange. See the module's text.
pub struct Exchange {
    settings: Settings,
    now: Time,
    lines: Vec<Line>,
    calls: Vec<Call>,
    next_call: u64,
    call_backs: Vec<CallBack>,
    events: EventLog,
    signals: Vec<(usize, LineSignal)>,
    path_gain: f32,
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
        Self {
            lines: (0..count).map(|index| Line::new(index, &settings)).collect(),
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
        self.run_calls();
        for (index, (line, to)) in self.lines.iter_mut().zip(to).enumerate() {
            let composed = line.compose(now, to);
            if composed.played {
                self.events.push(Event { at: now, line: index, kind: EventKind::PlayDone });
            }
            if composed.identified
                && let Some(call) = line.phase.call().and_then(|id| self.calls.iter().find(|call| call.id == id))
            {
                let kind = EventKind::CallerId(call.caller_id.number, call.caller_id.name);
                self.events.push(Event { at: now, line: index, kind });
            }
        }
    }

    // --- what may be asked of it

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The line time of the last step.
    pub fn now(&self) -> Time {
        self.now
    }

    /// What happened.
    pub fn events(&self) -> &EventLog {
        &self.events
    }

    /// What the exchange's clock says.
    pub fn date_time(&self) -> DateTime {
        date_time_after(self.settings.date_time, self.now.since(Time::ZERO))
    }

    /// A look at a line.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn state(&self, line: usize) -> Result<LineState, Refused> {
        let circuit = self.lines.get(line).ok_or(Refused::NoSuchLine)?;
        let peer = self.call_of(line).and_then(|call| call.leg(call.end_of(line)?.other()).line());
        Ok(LineState {
            off_hook: circuit.is_off_hook(),
            phase: circuit.phase.name(),
            battery: circuit.battery && !circuit.open,
            reversed: circuit.reversed != circuit.supervised,
            plugged: circuit.plugged,
            tone: circuit.tone().map(Signal::name),
            peer_line: peer,
        })
    }

    /// Places a call to `line` from outside. The time that caller ID carries is the exchange's.
    ///
    /// # Errors
    /// [`Refused::Busy`] when the line is not free, [`Refused::NoSuchLine`].
    pub fn call(&mut self, line: usize, number: PartyId<Number>, name: PartyId<Name>) -> Result<(), Refused> {
        let id = CallerId { number, name, time: None };
        self.call_from(line, Party::calling(id, &[Act::Stay], &[Act::Stay]))
    }

    /// The far end of a line's call hangs up, or stops calling.
    ///
    /// # Errors
    /// [`Refused::NoCall`], [`Refused::NoSuchLine`].
    pub fn hang_up(&mut self, line: usize) -> Result<(), Refused> {
        self.circuit(line)?;
        let (id, end) =
            self.call_of(line).and_then(|call| Some((call.id, call.end_of(line)?.other()))).ok_or(Refused::NoCall)?;
        self.release(id, end);
        Ok(())
    }

    /// The far end sends DTMF digits (`,` is a pause of a second).
    ///
    /// # Errors
    /// [`Refused::Digits`], [`Refused::NoSuchLine`].
    pub fn send_digits(&mut self, line: usize, digits: &str) -> Result<(), Refused> {
        let circuit = self.circuit(line)?;
        let known = |b: u8| matches!(b.to_ascii_uppercase(), b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D' | b',');
        if !digits.bytes().all(known) || !circuit.source.digits(digits) {
            return Err(Refused::Digits);
        }
        Ok(())
    }

    /// Puts a tone on the line, for `ms` or until the next one.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn send_tone(&mut self, line: usize, signal: Signal, ms: Option<u32>) -> Result<(), Refused> {
        let country = self.settings.country;
        self.circuit(line)?.source.tone(signal, country, ms);
        Ok(())
    }

    /// Plays 8 kHz audio to the line, instead of what plays now; `PlayDone` follows at its end, or when the terminal
    /// goes on hook.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn play(&mut self, line: usize, clip: Vec<i16>) -> Result<(), Refused> {
        self.circuit(line)?.source.play(clip);
        Ok(())
    }

    /// Stops tones, digits and audio that commands put on the line; `PlayDone` tells of audio cut short.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn stop_sending(&mut self, line: usize) -> Result<(), Refused> {
        if self.circuit(line)?.source.stop() {
            self.event(line, EventKind::PlayDone);
        }
        Ok(())
    }

    /// Records what the terminal says while it is off hook; ends the recording under way, if any. The recording ends by
    /// itself when the terminal goes on hook.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn record(&mut self, line: usize, recorder: Option<Box<dyn Recorder>>) -> Result<(), Refused> {
        if let Some(samples) = self.circuit(line)?.record(recorder) {
            self.event(line, EventKind::RecordDone(samples));
        }
        Ok(())
    }

    /// Sets the line's polarity.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn set_polarity(&mut self, line: usize, reversed: bool) -> Result<(), Refused> {
        let circuit = self.circuit(line)?;
        circuit.supervised = false;
        if std::mem::replace(&mut circuit.reversed, reversed) != reversed {
            self.event(line, EventKind::Polarity(reversed));
        }
        Ok(())
    }

    /// Turns the line's battery on or off (a cut cable).
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn set_battery(&mut self, line: usize, on: bool) -> Result<(), Refused> {
        let circuit = self.circuit(line)?;
        if std::mem::replace(&mut circuit.battery, on) != on {
            self.event(line, EventKind::Battery(on));
        }
        Ok(())
    }

    /// A terminal is plugged in, or pulled out.
    ///
    /// # Errors
    /// [`Refused::NoSuchLine`].
    pub fn set_plugged(&mut self, line: usize, plugged: bool) -> Result<(), Refused> {
        let circuit = self.circuit(line)?;
        if std::mem::replace(&mut circuit.plugged, plugged) != plugged {
            self.event(line, if plugged { EventKind::Plugged } else { EventKind::Unplugged });
        }
        Ok(())
    }

    /// Sets the exchange's clock.
    pub fn set_date_time(&mut self, date_time: DateTime) {
        self.settings.date_time = date_time_after(date_time, Duration::ZERO);
    }

    /// Sets whether and for how long loop current is interrupted when a far end releases.
    pub fn set_open_interval(&mut self, open_interval: Option<Duration>) {
        self.settings.timing.open_interval = open_interval;
    }

    // --- within

    fn circuit(&mut self, line: usize) -> Result<&mut Line, Refused> {
        self.lines.get_mut(line).ok_or(Refused::NoSuchLine)
    }

    fn call_of(&self, line: usize) -> Option<&Call> {
        let id = self.lines.get(line)?.phase.call()?;
        self.calls.iter().find(|call| call.id == id)
    }

    fn event(&mut self, line: usize, kind: EventKind) {
        self.events.push(Event { at: self.now, line, kind });
    }

    /// Puts a tone on the line, or takes it off.
    fn tone(&mut self, line: usize, signal: Option<Signal>) {
        if let Some(circuit) = self.lines.get_mut(line) {
            circuit.set_tone(signal, &self.settings);
        }
        if let Some(signal) = signal {
            self.event(line, EventKind::Tone(signal.name()));
        }
    }

    fn set_phase(&mut self, line: usize, phase: Phase) {
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
                    Some(Phase::Ringing(id)) => self.answer(id),
                    Some(Phase::Idle) => self.dial_tone(line),
                    _ => {}
                }
            }
            LineSignal::Hook(HookSignal::Opened) => {
                // The first pulse breaks dial tone.
                if matches!(self.lines.get(line).map(|l| &l.phase), Some(Phase::Register(_))) {
                    self.tone(line, None);
                }
            }
            LineSignal::Hook(HookSignal::Flash) => {
                self.event(line, EventKind::Flash);
                match features::on_flash(line) {
                    OnFlash::Ignore => {}
                }
            }
            LineSignal::Hook(HookSignal::Released) => {
                self.event(line, EventKind::OnHook);
                self.on_hook(line);
            }
            LineSignal::Digit(symbol, mode) => self.digit(line, symbol, mode),
        }
    }

    /// Connects a register and dial tone.
    fn dial_tone(&mut self, line: usize) {
        let deadline = self.now + self.settings.timing.digit;
        self.set_phase(line, Phase::Register(Register { digits: DialString::new(), deadline }));
        self.tone(line, Some(Signal::Dial));
    }

    fn digit(&mut self, line: usize, symbol: u8, mode: DigitMode) {
        self.event(line, EventKind::Digit(symbol, mode));
        let timing = self.settings.timing;
        let count = self.lines.len();
        let Some(Line { phase: Phase::Register(register), .. }) = self.lines.get_mut(line) else { return };
        // A full register takes no more; its number was complete long before.
        let _ = register.digits.try_push(char::from(symbol));
        let digits = register.digits;
        let verdict = features::dialled(&digits).unwrap_or_else(|| numbers::look_up(&digits, count));
        let patience = if matches!(verdict, Verdict::Critical(_)) { timing.critical } else { timing.digit };
        register.deadline = self.now + patience;
        self.tone(line, None);
        if let Verdict::Complete(destination) = verdict {
            self.route(line, &digits, destination);
        }
    }

    /// The number is complete.
    fn route(&mut self, line: usize, digits: &str, destination: Destination) {
        self.event(line, EventKind::Dialed(DialString::from(digits).unwrap_or_default()));
        let until = self.now + self.settings.timing.post_dial;
        self.set_phase(line, Phase::Treatment(Treatment { stage: Stage::Connecting(destination), until }));
        self.tone(line, None);
    }

    /// The post-dial delay is over.
    fn connect(&mut self, line: usize, destination: Destination) {
        match destination {
            Destination::Treatment(signal) => self.treat(line, signal),
            Destination::Script(row) => self.call_script(line, row),
            Destination::Line(called) => {
                // A line that calls itself is busy.
                if !self.lines.get(called).is_some_and(Line::is_free) {
                    match features::on_busy(called) {
                        OnBusy::Busy => self.treat(line, Signal::Busy),
                    }
                    return;
                }
                let caller_id = CallerId {
                    number: PartyId::Known(Number::new(&numbers::number_of(line))),
                    name: PartyId::Known(Name::new(&format!("EMULATED {line}"))),
                    time: Some(self.date_time()),
                };
                self.begin_call(Leg::Line(line), Leg::Line(called), caller_id);
            }
        }
    }

    fn call_script(&mut self, line: usize, row: &'static Row) {
        let Does::Script(script) = row.does else { return };
        let id = CallerId {
            number: PartyId::Known(Number::new(&row.number.to_string())),
            name: PartyId::Known(Name::new(row.name)),
            time: None,
        };
        let party = Party::called(script, id);
        self.begin_call(Leg::Line(line), Leg::Party(Box::new(party)), CallerId::default());
    }

    /// A party outside calls a line.
    fn call_from(&mut self, line: usize, party: Party) -> Result<(), Refused> {
        if !self.circuit(line)?.is_free() {
            return Err(Refused::Busy);
        }
        let caller_id = CallerId { time: Some(self.date_time()), ..party.id };
        self.begin_call(Leg::Party(Box::new(party)), Leg::Line(line), caller_id);
        Ok(())
    }

    fn begin_call(&mut self, caller: Leg, called: Leg, caller_id: CallerId) {
        let id = CallId(self.next_call);
        self.next_call += 1;
        if let Leg::Line(line) = called {
            let ringer = Ringer::new(self.now, self.settings.country, &self.settings.timing, Some(&caller_id));
            if let Some(circuit) = self.lines.get_mut(line) {
                circuit.ringer = Some(ringer);
            }
            self.set_phase(line, Phase::Ringing(id));
            self.event(line, EventKind::Ringing);
        }
        if let Leg::Line(line) = caller {
            self.set_phase(line, Phase::Calling(id));
            self.tone(line, Some(Signal::Ringback));
        }
        let call = Call { id, caller, called, since: self.now, talking: false, caller_id, said: [[0; STEP]; 2] };
        self.calls.push(call);
    }

    /// The called end answers.
    fn answer(&mut self, id: CallId) {
        let Some(call) = self.calls.iter_mut().find(|call| call.id == id && !call.talking) else { return };
        call.talking = true;
        if let Leg::Party(party) = &mut call.caller {
            party.was_answered();
        }
        let (caller, called) = (call.caller.line(), call.called.line());
        for line in [caller, called].into_iter().flatten() {
            if let Some(circuit) = self.lines.get_mut(line) {
                circuit.ringer = None;
            }
            self.tone(line, None);
            self.set_phase(line, Phase::Talking(id));
            self.event(line, EventKind::Answered);
        }
        if self.settings.answer_supervision
            && let Some(line) = caller
        {
            self.supervise_answer(line);
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
    fn end_supervision(&mut self, line: usize) {
        if let Some(circuit) = self.lines.get_mut(line)
            && std::mem::take(&mut circuit.supervised)
        {
            let reversed = circuit.reversed;
            self.event(line, EventKind::Polarity(reversed));
        }
    }

    /// A call ends because `end` went: the other end is cleared.
    fn release(&mut self, id: CallId, end: End) {
        let Some(at) = self.calls.iter().position(|call| call.id == id) else { return };
        let call = self.calls.swap_remove(at);
        if let (End::Caller, Leg::Line(line), Leg::Party(party)) = (end, &call.caller, &call.called)
            && let Some(delay) = party.call_back
        {
            let due = self.now + delay;
            self.call_backs.retain(|back| back.line != *line);
            self.call_backs.push(CallBack { line: *line, due, until: due + CALL_BACK_PATIENCE, id: party.id });
        }
        // Both: a far end that an operator hangs up may itself be a line, still off hook.
        for end in [end, end.other()] {
            let Some(line) = call.leg(end).line() else { continue };
            match self.lines.get(line).map(|circuit| circuit.phase.clone()) {
                Some(Phase::Ringing(of)) if of == id => {
                    if let Some(circuit) = self.lines.get_mut(line) {
                        circuit.ringer = None;
                    }
                    self.set_phase(line, Phase::Idle);
                    self.event(line, EventKind::RingingStopped);
                    self.event(line, EventKind::Released);
                }
                Some(Phase::Calling(of) | Phase::Talking(of)) if of == id => self.clear(line),
                _ => {}
            }
        }
    }

    /// The far end of a line has gone, the line is still off hook: open interval, a pause, dial tone.
    fn clear(&mut self, line: usize) {
        let timing = self.settings.timing;
        let released = self.now + timing.release;
        let open = timing.open_interval.map(|interval| (released, released + interval));
        let dial_tone = open.map_or(released, |(_, end)| end) + timing.clearing_pause;
        self.set_phase(line, Phase::Clearing(Clearing { open, dial_tone }));
        self.tone(line, None);
        self.end_supervision(line);
        self.event(line, EventKind::Released);
    }

    /// The terminal went on hook.
    fn on_hook(&mut self, line: usize) {
        let Some(circuit) = self.lines.get_mut(line) else { return };
        let playing = circuit.source.stop();
        circuit.open = false;
        let phase = std::mem::replace(&mut circuit.phase, Phase::Idle);
        let recorded = circuit.record(None);
        if playing {
            self.event(line, EventKind::PlayDone);
        }
        if let Some(samples) = recorded {
            self.event(line, EventKind::RecordDone(samples));
        }
        self.tone(line, None);
        self.end_supervision(line);
        if let Some(id) = phase.call()
            && let Some(end) = self.calls.iter().find(|call| call.id == id).and_then(|call| call.end_of(line))
        {
            self.release(id, end);
        }
    }

    /// Gives the line a tone instead of a call.
    fn treat(&mut self, line: usize, signal: Signal) {
        let until = self.now + self.settings.timing.tone;
        self.set_phase(line, Phase::Treatment(Treatment { stage: Stage::Tone, until }));
        self.tone(line, Some(signal));
    }

    /// Looks at the deadlines of a line.
    fn expire(&mut self, line: usize) {
        let now = self.now;
        let timing = self.settings.timing;
        let Some(circuit) = self.lines.get_mut(line) else { return };
        match &mut circuit.phase {
            Phase::Register(register) if now >= register.deadline => {
                let digits = register.digits;
                match features::dialled(&digits).unwrap_or_else(|| numbers::look_up(&digits, self.lines.len())) {
                    Verdict::Critical(destination) => self.route(line, &digits, destination),
                    _ => self.treat(line, Signal::Reorder),
                }
            }
            Phase::Clearing(clearing) => {
                let clearing = *clearing;
                circuit.open = clearing.open.is_some_and(|(from, to)| now >= from && now < to);
                if now >= clearing.dial_tone {
                    self.dial_tone(line);
                }
            }
            Phase::Treatment(treatment) if now >= treatment.until => match treatment.stage {
                Stage::Connecting(destination) => self.connect(line, destination),
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
        for line in &mut self.lines {
            line.speech = [0; STEP];
        }
        let (now, country, gain) = (self.now, self.settings.country, self.path_gain);
        let mut deeds = Vec::new();
        for call in &mut self.calls {
            let heard = call.said.map(|said| if call.talking { attenuated(&said, gain) } else { [0; STEP] });
            let [caller_said, called_said] = &mut call.said;
            for (end, leg, heard, said) in [
                (End::Caller, &mut call.caller, &heard[1], caller_said),
                (End::Called, &mut call.called, &heard[0], called_said),
            ] {
                match leg {
                    Leg::Line(line) => {
                        if let Some(line) = self.lines.get_mut(*line) {
                            *said = line.heard;
                            line.speech = *heard;
                        }
                    }
                    Leg::Party(party) => {
                        if let Some(deed) = party.step(now, call.since, country, heard, said) {
                            deeds.push((call.id, end, deed));
                        }
                    }
                }
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
    }
}

fn attenuated(audio: &[i16; STEP], gain: f32) -> [i16; STEP] {
    audio.map(|s| (f32::from(s) * gain) as i16)
}
