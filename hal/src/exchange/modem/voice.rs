//! The voice class (V.253): what an idle and a busy line say to the host, the streams, and the commands with +V.

use super::commands::{Answer, Values};
use super::events::{self, Event, Reporting};
use super::format::Coder;
use super::monitor::{Events, Heard};
use super::output::{Code, XOFF, XON};
use super::ringing::{Call, tenths, wanted};
use super::settings::{RATES, VoiceSettings};
use super::stream::{Player, SilenceWatch, amplify};
use super::tones::{Tones, UNIT};
use super::{Dialect, Digits, Listing, Modem, Next, State, Stop};
use crate::exchange::subscriber::{FromExchange, STEP};
use loopstart_signal::at::command::{Form, Parameters, Syntax};
use loopstart_signal::dle::{self, Item};
use loopstart_signal::{DigitEdge, SAMPLE_RATE};
use std::time::Duration;

/// How often a digit that is on is told again, where it is.
const REPETITION: Duration = Duration::from_millis(70);

/// Puts blanks around the sign of `TAG=value`.
fn space(line: &mut Vec<u8>) {
    if let Some(at) = line.iter().position(|b| *b == b'=') {
        line.splice(at..=at, *b" = ");
    }
}

impl Modem {
    /// Which of the states of event reporting this is.
    fn reporting(&self) -> Reporting {
        match self.state {
            State::Transmit => Reporting::Transmit,
            State::Receive | State::Duplex => Reporting::Receive,
            _ => Reporting::Command,
        }
    }

    /// Whether event `number` is told now.
    fn tells(&self, number: u8) -> bool {
        let Some(route) = self.profile.routes.iter().find(|r| r.label == self.route) else { return false };
        let mut mask = events::mask(self.profile, route, self.reporting());
        if matches!(self.state, State::Duplex) {
            mask |= events::mask(self.profile, route, Reporting::Transmit);
        }
        self.class == 8 && mask & self.voice.events & events::bit(number) != 0
    }

    fn tell(&mut self, event: Event) {
        if self.tells(event.number) {
            self.output.event(event.code);
        }
    }

    /// Tells lines that the host did not ask for: as a complex event in class 8, as text otherwise.
    fn tell_lines(&mut self, number: u8, lines: &[Vec<u8>]) {
        if lines.is_empty() {
            return;
        }
        let text = number == events::CALLER_ID && self.profile.caller_id.text_in_voice;
        if self.class != 8 || text {
            self.output.unsolicited_text(&self.settings, lines);
        } else if self.tells(number) {
            self.output.report(&self.settings, lines);
        }
    }

    /// Whether results that were not asked for may be sent: not into a stream.
    fn may_interject(&self) -> bool {
        !matches!(self.state, State::Data(_) | State::Transmit | State::Receive | State::Duplex)
    }

    fn ring(&mut self) {
        if self.class == 8 {
            self.tell(events::RING);
        } else if self.may_interject() {
            self.output.unsolicited(&self.settings, Code::Ring);
        }
    }

    /// A step of the line on hook.
    pub(super) fn idle_step(&mut self, line: &FromExchange) {
        let mut calls = Vec::new();
        self.ringing.step(self.now, line, |call| calls.push(call));
        for call in calls {
            self.tell_call(call);
        }
        if self.ring_due.is_some_and(|at| self.now >= at) {
            self.ring_due = None;
            self.ring();
        }
    }

    fn tell_call(&mut self, call: Call) {
        let [cadence, delay] = self.settings.ring_cadence;
        match call {
            Call::Ring => {
                let rings = self.ringing.rings();
                self.settings.count_rings(rings);
                if cadence == 0 {
                    self.ring();
                }
                let automatic = self.settings.auto_answer();
                if automatic > 0 && rings >= automatic && matches!(self.state, State::Command) {
                    self.line.clear();
                    if let Next::End(code) = self.answer() {
                        self.output.result(&self.settings, code);
                    }
                }
            }
            Call::Burst(silence) if cadence == 1 => {
                self.tell_lines(events::CADENCE, &[format!("DROF={}", tenths(silence)).into_bytes()]);
            }
            Call::BurstEnd(length) if cadence == 1 => {
                self.tell_lines(events::CADENCE, &[format!("DRON={}", tenths(length)).into_bytes()]);
                if delay > 0 {
                    self.ring_due = Some(self.now + Duration::from_millis(100) * delay.into());
                }
            }
            Call::CallerId(found) => {
                if let Some(formatted) = wanted(&self.settings)
                    && self.may_interject()
                {
                    let mut lines = found.lines(formatted);
                    if self.profile.caller_id.spaced {
                        lines.iter_mut().for_each(space);
                    }
                    self.tell_lines(events::CALLER_ID, &lines);
                }
                // What is no caller is not repeated as one.
                if !found.is_message_waiting() {
                    self.last_caller = Some(found);
                }
            }
            Call::Stopped => self.settings.count_rings(0),
            Call::Burst(_) | Call::BurstEnd(_) => {}
        }
    }

    /// Tells what was heard on the line off hook.
    pub(super) fn tell_heard(&mut self, heard: &Events, interrupted: bool, reversed: bool) {
        if interrupted {
            if matches!(self.state, State::Data(_)) {
                self.state = State::Command;
                self.fail(Code::NoCarrier);
            }
            self.tell(events::LOOP_BREAK);
        }
        if reversed {
            self.tell(events::POLARITY);
        }
        if let Some((symbol, at)) = self.repeated
            && self.now >= at
        {
            self.output.event(symbol);
            self.repeated = Some((symbol, self.now + REPETITION));
        }
        // While a call is being set up, its result tells most of it.
        let dialling = matches!(self.state, State::Dial(..));
        for &sound in heard {
            match sound {
                Heard::Digit { symbol, edge } => {
                    if self.dtmf_events && self.tells(events::DTMF) {
                        self.tell_digit(symbol, edge);
                    }
                }
                sound => {
                    let Some(event) = events::of(sound) else { continue };
                    let during_dialling = matches!(event.code, dle::event::RINGBACK | dle::event::SIT);
                    if self.profile.reports_progress && (!dialling || during_dialling) {
                        self.tell(event);
                    }
                }
            }
        }
    }

    fn tell_digit(&mut self, symbol: u8, edge: DigitEdge) {
        match (self.profile.digits, edge) {
            (Digits::Bare, DigitEdge::Begin) => self.output.event(symbol),
            (Digits::Bare, DigitEdge::End) => {}
            (form, DigitEdge::Begin) => {
                self.output.event(dle::event::DTMF_BEGIN);
                self.output.event(symbol);
                self.repeated = (form == Digits::Repeated).then_some((symbol, self.now + REPETITION));
            }
            (_, DigitEdge::End) => {
                self.repeated = None;
                self.output.event(dle::event::DTMF_END);
            }
        }
    }

    // Streams.

    fn route_has(&self, test: impl Fn(&super::Route) -> bool) -> bool {
        self.profile.routes.iter().any(|r| r.label == self.route && test(r))
    }

    /// Samples per second of the stream.
    fn sampling(&self) -> u32 {
        let rates = self.profile.formats.get(self.voice.format).map_or(&[][..], |f| f.rates);
        let usual =
            if rates.contains(&SAMPLE_RATE) { SAMPLE_RATE } else { rates.first().copied().unwrap_or(SAMPLE_RATE) };
        if rates.contains(&self.voice.sampling) { self.voice.sampling } else { usual }
    }

    pub(super) fn enter_stream(&mut self, state: State) -> Next {
        self.line.clear();
        let (rate, format) = (self.sampling(), self.profile.formats.get(self.voice.format));
        let Some(encoding) = format.map(|f| f.encoding) else { return Next::End(Code::Error) };
        self.player = Player::new(encoding, rate);
        self.recorder = Some(Coder::new(encoding, rate));
        self.repeated = None;
        self.decoder.reset();
        self.silence = SilenceWatch::default();
        self.active = self.now;
        self.held = false;
        self.state = state;
        self.output.result(&self.settings, Code::Connect);
        Next::Wait
    }

    /// Ends a stream with OK.
    fn leave_stream(&mut self) {
        if matches!(self.state, State::Receive | State::Duplex) {
            self.output.end_of_stream();
        }
        self.state = State::Command;
        self.held = false;
        let code = if self.profile.dialect == Dialect::Rockwell { Code::Vcon } else { Code::Ok };
        self.output.result(&self.settings, code);
    }

    /// A byte of the host in a stream's state.
    pub(super) fn stream_byte(&mut self, byte: u8) {
        if self.settings.host_holds() && matches!(byte, XON | XOFF) && !self.decoder.is_shielded() {
            self.held = byte == XOFF;
            return;
        }
        if matches!(self.state, State::Receive) {
            match self.profile.stop {
                Stop::Shielded => {}
                Stop::AnyCharacter => return self.leave_stream(),
                Stop::Return if byte == b'\r' => return self.leave_stream(),
                Stop::Return => return,
            }
        }
        let Some(item) = self.decoder.push(byte) else { return };
        let code = match &self.state {
            State::Receive => match item {
                Item::Event(code) => Some(code),
                // What is no command means nothing here.
                Item::Data(_) | Item::TwoDle | Item::End => None,
            },
            _ => self.player.push(item),
        };
        let receiving = matches!(self.state, State::Receive | State::Duplex);
        match code {
            Some(b'!' | dle::ESC | b'^') if receiving => self.leave_stream(),
            Some(b'/') => self.dtmf_events = false,
            Some(b'~') => self.dtmf_events = true,
            Some(b'u') => self.voice.transmit_gain = self.voice.transmit_gain.saturating_add(4),
            Some(b'd') => self.voice.transmit_gain = self.voice.transmit_gain.saturating_sub(4).max(1),
            _ => {}
        }
    }

    /// Sends what the line says to the host.
    pub(super) fn record(&mut self, audio: &[i16; STEP]) {
        if !matches!(self.state, State::Receive | State::Duplex) {
            return;
        }
        let hears_line = self.off_hook && self.route_has(super::Route::has_line);
        let gain = self.voice.receive_gain;
        let heard = audio.map(|sample| if hears_line { amplify(sample, gain) } else { 0 });
        let (holds, mut overrun) = (self.settings.host_holds(), false);
        if let Some(recorder) = &mut self.recorder {
            let output = &mut self.output;
            recorder.give(&heard, &mut |bytes| overrun |= output.sample(bytes, holds));
        }
        if overrun {
            self.tell(events::OVERRUN);
        }
        let level = if hears_line { self.monitor.level() } else { f32::NEG_INFINITY };
        if let Some(code) = self.silence.step(level, self.voice.silence)
            && self.profile.hears_silence
        {
            self.tell(events::silence(code));
        }
    }

    /// Plays, and ends what is played out.
    pub(super) fn stream_step(&mut self, audio: &mut [i16; STEP]) {
        if matches!(self.state, State::Receive) {
            return;
        }
        if self.player.play(self.voice.transmit_gain, audio) {
            self.tell(events::UNDERRUN);
        }
        if !self.route_has(super::Route::has_line) {
            // Played to a speaker, which takes its time and is not on the line.
            *audio = [0; STEP];
        }
        if self.settings.holds_host()
            && let Some(byte) = self.player.flow()
        {
            self.output.byte(byte);
        }
        if self.player.is_done() {
            self.leave_stream();
        }
    }

    /// +VIT: nothing passed between host and modem for too long.
    pub(super) fn watch_inactivity(&mut self) {
        let limit = Duration::from_secs(self.voice.inactivity.into());
        if self.class != 8 || !self.off_hook || limit.is_zero() || self.now.since(self.active) < limit {
            return;
        }
        if matches!(self.state, State::Receive | State::Duplex) {
            self.output.end_of_stream();
        }
        self.state = State::Command;
        self.held = false;
        self.line.clear();
        self.release();
        self.output.result(&self.settings, Code::NoCarrier);
    }

    // Commands.

    /// Enters or leaves the voice class.
    pub(super) fn set_class(&mut self, class: u8) {
        if class == 8 && self.class != 8 {
            self.voice = VoiceSettings::new();
            self.dtmf_events = true;
        }
        self.class = class;
        // A line that is off hook stays so: the call goes on in the other class.
        self.route = if class == 8 && self.off_hook { 1 } else { 0 };
    }

    /// Commands of V.253 that work in every class: caller identification and ring cadence.
    pub(super) fn caller_command(&mut self, name: &str, form: Form<'_>) -> Next {
        match name {
            "+VCID" => {
                let read = self.settings.caller_id.to_string();
                self.answer_value(form, Answer { allowed: "(0-2)", read }, |m, v| {
                    v.one(0..=2, &mut m.settings.caller_id)
                })
            }
            "+VDR" => {
                let [on, delay] = self.settings.ring_cadence;
                self.answer_value(form, Answer { allowed: "(0,1),(0-255)", read: format!("{on},{delay}") }, |m, v| {
                    v.two(0..=1, 0..=255, &mut m.settings.ring_cadence)
                })
            }
            "+VRID" => {
                let formatted = match form {
                    Form::Test => return self.say("(0,1)"),
                    Form::Execute => true,
                    Form::Set(list) => match list.only_number() {
                        Ok(None | Some(0)) => true,
                        Ok(Some(1)) => false,
                        _ => return Next::End(Code::Error),
                    },
                    Form::Read => return Next::End(Code::Error),
                };
                if let Some(found) = &self.last_caller {
                    let lines = found.lines(formatted);
                    self.output.text(&self.settings, lines);
                }
                Next::Go
            }
            _ => Next::End(Code::Error),
        }
    }

    /// Commands of V.253 that belong to class 8.
    pub(super) fn voice_command(&mut self, name: &str, form: Form<'_>) -> Next {
        if self.class != 8 {
            return Next::End(Code::Error);
        }
        let v = self.voice;
        let number = |value: u8, allowed| Answer { allowed, read: value.to_string() };
        match name {
            "+VLS" => self.route_command(form),
            "+VSM" => self.format_command(form),
            "+VTX" => match form {
                Form::Execute if self.route_has(super::Route::can_play) => self.enter_stream(State::Transmit),
                _ => Next::End(Code::Error),
            },
            "+VRX" => match form {
                Form::Execute if self.route_has(super::Route::can_record) => self.enter_stream(State::Receive),
                _ => Next::End(Code::Error),
            },
            "+VTR" if self.profile.duplex => match form {
                Form::Execute if self.route_has(|r| r.can_play() && r.can_record()) => self.enter_stream(State::Duplex),
                _ => Next::End(Code::Error),
            },
            "+VTS" => match form {
                Form::Test => self.say("(200-3000),(200-3000),(0-255)"),
                Form::Set(list) if self.off_hook => match Tones::parse(list, &self.voice, UNIT) {
                    Ok(tones) => {
                        self.state = State::Tones(Box::new(tones));
                        Next::Wait
                    }
                    Err(Syntax) => Next::End(Code::Error),
                },
                _ => Next::End(Code::Error),
            },
            "+VTD" => self.answer_value(form, number(v.tone, "(0-255)"), |m, v| v.one(0..=255, &mut m.voice.tone)),
            "+VSD" => {
                let [level, time] = v.silence;
                let answer = Answer { allowed: "(0-255),(0-255)", read: format!("{level},{time}") };
                self.answer_value(form, answer, |m, v| v.two(0..=255, 0..=255, &mut m.voice.silence))
            }
            "+VGR" | "+VGT" => {
                let (allowed, least, greatest) = self.profile.gains;
                let receives = name == "+VGR";
                // No gain at all would be silence.
                let (allowed, least) = if !receives && least == 0 { ("(1-255)", 1) } else { (allowed, least) };
                let read = if receives { v.receive_gain } else { v.transmit_gain };
                self.answer_value(form, number(read, allowed), |m, v| {
                    let gain = if receives { &mut m.voice.receive_gain } else { &mut m.voice.transmit_gain };
                    v.one(least.into()..=greatest.into(), gain)
                })
            }
            "+VIT" => {
                self.answer_value(form, number(v.inactivity, "(0-255)"), |m, v| v.one(0..=255, &mut m.voice.inactivity))
            }
            "+VRA" => self.answer_value(form, number(v.ringback_gone, "(0-255)"), |m, v| {
                v.one(0..=255, &mut m.voice.ringback_gone)
            }),
            "+VRN" => self.answer_value(form, number(v.ringback_never, "(0-255)"), |m, v| {
                v.one(0..=255, &mut m.voice.ringback_never)
            }),
            "+VNH" => self.answer_value(form, number(v.hangup, "(0-2)"), |m, v| v.one(0..=2, &mut m.voice.hangup)),
            "+FLO" => {
                let [flow, _] = self.settings.flow_control;
                self.answer_value(form, number(flow, "(0-2)"), |m, v| {
                    let [flow, other] = &mut m.settings.flow_control;
                    let fits = v.one(0..=2, flow);
                    *other = *flow;
                    fits
                })
            }
            "+VDT" => {
                let [on, time] = v.tone_cadence;
                let answer = Answer { allowed: "(0),(0-255)", read: format!("{on},{time}") };
                self.answer_value(form, answer, |m, v| v.two(0..=0, 0..=255, &mut m.voice.tone_cadence))
            }
            "+VPR" => {
                let answer = Answer { allowed: "(0,3,12,24,48,96,192,384,576,1152,2304)", read: v.rate.to_string() };
                // In units of 100 bit/s.
                self.answer_value(form, answer, |m, v| match v.only() {
                    Some(Some(n)) if RATES.contains(&n.saturating_mul(100)) => {
                        m.voice.rate = n;
                        true
                    }
                    Some(None) => true,
                    _ => false,
                })
            }
            "+VEM" if self.profile.event_mask => match form {
                Form::Test => self.say("(00000000-FFFFFFFF)"),
                Form::Read => self.say(&format!("{:08X}", v.events)),
                Form::Set(list) => {
                    let mut all = list.iter();
                    match (all.next().map(|p| p.hex()), all.next()) {
                        (Some(Ok(mask)), None) => {
                            self.voice.events = mask.unwrap_or(u32::MAX);
                            Next::Go
                        }
                        _ => Next::End(Code::Error),
                    }
                }
                Form::Execute => Next::End(Code::Error),
            },
            "+VIP" => {
                if matches!(form, Form::Test) {
                    return Next::Go;
                }
                self.voice = VoiceSettings::new();
                Next::Go
            }
            _ => Next::End(Code::Error),
        }
    }

    fn route_command(&mut self, form: Form<'_>) -> Next {
        match form {
            Form::Test => {
                let lines: Vec<String> = self
                    .profile
                    .routes
                    .iter()
                    .map(|r| {
                        let field = |reporting| events::mask(self.profile, r, reporting);
                        let (transmit, receive) = (field(Reporting::Transmit), field(Reporting::Receive));
                        let command = field(Reporting::Command);
                        format!("{},\"{}\",{transmit:08X},{receive:08X},{command:08X}", r.label, r.primitives)
                    })
                    .collect();
                self.output.text(&self.settings, lines);
                Next::Go
            }
            Form::Read => self.say(&self.route.to_string()),
            Form::Set(list) => {
                let wanted = list.iter().next().map(|p| p.number());
                let Some(Ok(label)) = wanted else { return Next::End(Code::Error) };
                let label = label.unwrap_or(0);
                let Some(route) = self.profile.routes.iter().find(|r| u32::from(r.label) == label) else {
                    return Next::End(Code::Error);
                };
                if !route.has_line() {
                    self.release();
                }
                self.route = route.label;
                if !route.has_line() || self.off_hook {
                    return Next::Go;
                }
                self.state = State::Seize(self.may_seize(), Code::Ok);
                Next::Wait
            }
            Form::Execute => Next::End(Code::Error),
        }
    }

    fn format_command(&mut self, form: Form<'_>) -> Next {
        match form {
            Form::Test => {
                let lines: Vec<String> = self
                    .profile
                    .formats
                    .iter()
                    .map(|f| {
                        let rates = f.rates.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
                        let (id, name, bits) = (f.id, f.name, f.encoding.bits());
                        match self.profile.listing {
                            Listing::Ranges => format!("{id},\"{name}\",{bits},0,({rates}),(0),(0)"),
                            Listing::Numbers => format!("{id},\"{name}\",{bits},0,{rates},0,0"),
                        }
                    })
                    .collect();
                self.output.text(&self.settings, lines);
                Next::Go
            }
            Form::Read => {
                let id = self.profile.formats.get(self.voice.format).map_or(0, |f| f.id);
                self.say(&format!("{id},{},0,0", self.sampling()))
            }
            Form::Set(list) => match self.find_format(list) {
                Ok((found, rate)) => {
                    (self.voice.format, self.voice.sampling) = (found, rate);
                    Next::Go
                }
                Err(Syntax) => Next::End(Code::Error),
            },
            Form::Execute => Next::End(Code::Error),
        }
    }

    /// Format, sampling rate, silence compression (none) of +VSM.
    fn find_format(&self, list: Parameters<'_>) -> Result<(usize, u32), Syntax> {
        let values = Values::read(list)?;
        let [id, rate, compression, sensitivity] = values.four()?;
        let found = match id {
            None => self.voice.format,
            Some(id) => self.profile.formats.iter().position(|f| u32::from(f.id) == id).ok_or(Syntax)?,
        };
        let rates = self.profile.formats.get(found).map_or(&[][..], |f| f.rates);
        let fits = rate.is_none_or(|r| rates.contains(&r) || r == 0)
            && compression.is_none_or(|c| c == 0)
            && sensitivity.is_none_or(|s| s == 0);
        if fits { Ok((found, rate.unwrap_or(0))) } else { Err(Syntax) }
    }
}
