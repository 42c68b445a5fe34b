//! Starting a modem: wake it (`ladder`), ask what it is and can do, set it up. Recovering it is the same with a harder wake-up.

use super::call::Job;
use super::chat::{Kind, Reply};
use super::dial::{Command, put};
use super::ladder::Rung;
use super::{EventQueue, Port, Service, VoiceModem, profile};
use loopstart_signal::at::{ResultCode, integers, ranges_contain, value};
use loopstart_signal::country::US;
use loopstart_signal::{ActionKind, Caps, Failure, LineEvent, Loss, ReleaseWitness, Time, dle};
use std::time::Duration;

/// Out of service, the modem is tried again after this.
const RETRY: Duration = Duration::from_secs(30);
/// Commands without an answer before initialising is given up.
const MISSES: u8 = 3;

/// How far the start is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Waking it.
    Rung(Rung),
    Quiet,
    OnHook,
    Identify,
    Maker,
    Model,
    /// What else may name it, while nothing did.
    Other(u8),
    Classes,
    ClassZero,
    Basics,
    Basic(u8),
    Extra(u8),
    CountryCheck,
    Country,
    EnterVoice,
    Routes,
    Tones,
    Formats,
    LeaveVoice,
    CallerId(u8),
    CallerIdCheck(u8),
}

/// What a failed combined command is tried as one by one.
const BASICS: [&str; 5] = ["AT&C1", "AT&D2", "ATS0=0", "ATX4", LOUDSPEAKER];
/// Off until somebody wants it.
const LOUDSPEAKER: &str = "ATM0";

/// What else a modem may name itself by.
const OTHERS: [&str; 3] = ["ATI6", "AT+FMI", "ATI"];
/// A modem that cannot be used is asked again after this: another one may be plugged in.
const REFUSED: Duration = Duration::from_secs(3_600);

/// What has been found out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    caps: Caps0,
    heard: usize,
    misses: u8,
    quiet_again: u8,
    /// Which of the profile's ways turns caller identification on.
    pub(super) caller_id: Option<u8>,
    voice: bool,
    /// A profile was found by what it says of itself.
    identified: bool,
    /// What is known of its firmware.
    pub(super) advice: Option<&'static str>,
    /// It reads the setting of caller identification back as on, and takes no harm from being asked.
    verified: bool,
    /// The health check asks about caller identification.
    checks_caller_id: bool,
    /// The eighth bit of what it says is a parity bit.
    pub(super) parity: bool,
    /// It reports voices, and so its silence says something.
    pub(super) tells_voice: bool,
    /// It answers in numbers whatever it is told.
    pub(super) numeric: bool,
}

/// Capabilities under construction: empty by default.
#[derive(Clone, Copy, Debug)]
struct Caps0(Caps);

impl Default for Caps0 {
    fn default() -> Self {
        Self(Caps::empty())
    }
}

impl<P: Port> VoiceModem<P> {
    /// Begins the start, or the recovery of a modem that stopped answering (`hard`).
    pub(super) fn begin_start(&mut self, hard: bool, now: Time, events: &mut EventQueue) {
        self.drop_flight();
        self.lines.clear();
        self.shield.reset();
        self.health = None;
        self.noise = 0;
        self.start = State::default();
        self.online = false;
        self.untidy = false;
        self.call.forget_job();
        if hard {
            self.end_streams(now, events);
        }
        self.port.set_dtr(true);
        self.begin_rung(Rung::Attention, now, events);
    }

    /// The modem stopped answering: what it was asked for has failed, and it is started anew.
    pub(super) fn recover(&mut self, now: Time, events: &mut EventQueue) {
        if matches!(self.job, Job::Start(_)) {
            return;
        }
        self.begin_start(true, now, events);
    }

    /// Ends whatever voice stream may run: abort for receiving, end for playing. Nothing in command state.
    fn end_streams(&mut self, now: Time, events: &mut EventQueue) {
        self.put_bytes(&[dle::DLE, b'!', dle::DLE, dle::ESC, dle::DLE, dle::ETX, b'\r']);
        self.flush(now, events);
        self.hold_until(now + Duration::from_millis(100));
    }

    /// Bytes came while starting.
    pub(super) fn heard_byte(&mut self) {
        self.start.heard = self.start.heard.saturating_add(1);
    }

    fn give_up(&mut self, now: Time, events: &mut EventQueue) {
        let loss = if self.start.heard > 0 { Loss::Garbled } else { Loss::Silent };
        self.out_of_service(loss, now + RETRY, events);
    }

    /// The modem is one that cannot be used.
    fn refuse(&mut self, now: Time, events: &mut EventQueue) {
        self.start.advice = Some(self.profile.refuse);
        self.out_of_service(Loss::Unsupported, now + REFUSED, events);
    }

    fn out_of_service(&mut self, loss: Loss, retry: Time, events: &mut EventQueue) {
        let told = matches!(self.service, Service::Lost(_));
        self.quiesce();
        self.service = Service::Lost(retry);
        if !told {
            events.push(LineEvent::Lost(loss));
        }
        self.fail_all(Failure::Lost, events);
    }

    pub(super) fn start_step(&mut self, step: Step, reply: Reply, now: Time, events: &mut EventQueue) {
        let answered = matches!(reply, Reply::Code(_));
        let next = match step {
            Step::Rung(rung) => match self.after_rung(rung, reply, now) {
                Some(next) => next,
                None => return self.give_up(now, events),
            },
            // Every modem knows this line, but noise before it may have spoilt it. What refuses it again and again is no
            // modem, or none that can be talked to.
            Step::Quiet if reply == Reply::Code(ResultCode::Error) && !self.chat.numeric => {
                self.start.misses += 1;
                if self.start.misses >= MISSES {
                    return self.give_up(now, events);
                }
                Step::Quiet
            }
            step => {
                if !answered {
                    self.start.misses += 1;
                    if self.start.misses >= MISSES {
                        return self.give_up(now, events);
                    }
                }
                match self.learn(step, reply) {
                    Some(Step::Classes) if !self.profile.refuse.is_empty() => return self.refuse(now, events),
                    Some(next) => next,
                    None => return self.finish_start(now, events),
                }
            }
        };
        self.begin_step(next, now, events);
    }

    fn begin_step(&mut self, step: Step, now: Time, events: &mut EventQueue) {
        self.job = Job::Start(step);
        let profile = self.profile;
        match step {
            Step::Rung(rung) => self.begin_rung(rung, now, events),
            Step::Quiet => self.ask(b"ATE0V1Q0", now, events),
            Step::OnHook => self.send(b"ATH", Kind::HangUp, Duration::from_secs(3), now, events),
            Step::Identify => self.ask(b"ATI3", now, events),
            Step::Maker => self.ask(b"AT+GMI", now, events),
            Step::Model => self.ask(b"AT+GMM", now, events),
            Step::Other(n) => match OTHERS.get(usize::from(n)) {
                Some(command) => self.ask(command.as_bytes(), now, events),
                None => self.begin_step(Step::Classes, now, events),
            },
            Step::Classes => self.ask(profile.classes.as_bytes(), now, events),
            Step::ClassZero | Step::LeaveVoice => self.ask(profile.leave_voice.as_bytes(), now, events),
            Step::Basics => self.ask(b"AT&C1&D2S0=0X4M0", now, events),
            Step::Basic(n) => match BASICS.get(usize::from(n)) {
                Some(command) => self.ask(command.as_bytes(), now, events),
                None => self.begin_step(Step::Extra(0), now, events),
            },
            Step::Extra(n) => match profile.init.get(usize::from(n)) {
                Some(command) => self.ask(command.as_bytes(), now, events),
                None => self.begin_step(Step::CountryCheck, now, events),
            },
            Step::CountryCheck | Step::Country => match self.country_command(step == Step::Country) {
                Some(command) => self.ask(&command, now, events),
                None if self.start.voice => self.begin_step(Step::EnterVoice, now, events),
                None => self.begin_step(Step::CallerId(0), now, events),
            },
            Step::EnterVoice => self.ask(profile.enter_voice.as_bytes(), now, events),
            Step::Routes if profile.routes.is_empty() => self.begin_step(Step::Tones, now, events),
            Step::Routes => self.ask(profile.routes.as_bytes(), now, events),
            // What has no list of its own cannot be asked.
            Step::Tones if profile.tones.command.is_empty() || profile.tones.pairs => {
                self.begin_step(Step::Formats, now, events);
            }
            Step::Tones => {
                let mut command = Command::new();
                put(&mut command, profile.tones.command.as_bytes());
                put(&mut command, b"?");
                self.ask(&command, now, events);
            }
            Step::Formats if profile.stream.list.is_empty() => self.begin_step(Step::LeaveVoice, now, events),
            Step::Formats => self.ask(profile.stream.list.as_bytes(), now, events),
            Step::CallerId(n) => match profile.caller_id.get(usize::from(n)) {
                Some((set, _)) => self.ask(set.as_bytes(), now, events),
                None => self.finish_start(now, events),
            },
            Step::CallerIdCheck(n) => match profile.caller_id.get(usize::from(n)) {
                Some((_, query)) => self.ask(query.as_bytes(), now, events),
                None => self.finish_start(now, events),
            },
        }
    }

    /// Takes in an answer of the initialisation; what comes next, `None` at the end.
    fn learn(&mut self, step: Step, reply: Reply) -> Option<Step> {
        let ok = reply.is_ok();
        let info = self.chat.info.clone();
        let first = info.split(|b| *b == b'\n').next().unwrap_or_default();
        let state = &mut self.start;
        Some(match step {
            // A digit in answer: the modem was in numeric mode when it read the command, or does not know V1.
            Step::Quiet if self.chat.numeric && state.quiet_again < 2 => {
                state.quiet_again += 1;
                self.chat.numeric = false;
                Step::Quiet
            }
            Step::Quiet => {
                state.numeric = self.chat.numeric;
                Step::OnHook
            }
            Step::OnHook => Step::Identify,
            Step::Identify => {
                self.identity(&info);
                Step::Maker
            }
            Step::Maker => {
                self.identity(&info);
                Step::Model
            }
            Step::Model => {
                self.identity(&info);
                self.after_identity(0)
            }
            Step::Other(n) => {
                self.identity(&info);
                self.after_identity(n + 1)
            }
            Step::CountryCheck if ok => {
                let code = self.country_code().map(|code| [hex(code >> 4), hex(code)]);
                let answer = value(first, b"+GCI");
                let is = code.is_some_and(|code| answer.get(..2).is_some_and(|a| a.eq_ignore_ascii_case(&code)));
                if is { self.after_country() } else { Step::Country }
            }
            Step::CountryCheck | Step::Country => self.after_country(),
            Step::Classes => {
                let name = self.profile.classes.trim_start_matches("AT").trim_end_matches("=?");
                let classes = info.split(|b| *b == b'\n');
                let has_voice = classes.map(|l| value(l, name.as_bytes())).any(|l| ranges_contain(l, 8));
                state.voice = ok && has_voice && self.profile.voice;
                Step::ClassZero
            }
            Step::ClassZero => Step::Basics,
            Step::Basics if ok => {
                state.caps.0 |= Caps::SPEAKER;
                Step::Extra(0)
            }
            Step::Basics => Step::Basic(0),
            Step::Basic(n) => {
                if ok && BASICS.get(usize::from(n)) == Some(&LOUDSPEAKER) {
                    state.caps.0 |= Caps::SPEAKER;
                }
                Step::Basic(n + 1)
            }
            Step::Extra(n) => Step::Extra(n + 1),
            // Only what was tried counts: firmware is known that lists the class and refuses it.
            Step::EnterVoice if ok => {
                state.caps.0 |= VOICE;
                if self.profile.tones.pairs {
                    state.caps.0 |= Caps::SENDS_DTMF | Caps::SENDS_TONES;
                }
                if self.profile.vcon_is_answer {
                    state.caps.0 |= Caps::SEES_ANSWER;
                }
                if self.profile.stream.list.is_empty() {
                    self.codec.set(super::codec::choose(self.profile, b""));
                    state.caps.0.set(Caps::AUDIO, self.codec.format().is_some());
                }
                Step::Routes
            }
            Step::EnterVoice => {
                state.voice = false;
                Step::LeaveVoice
            }
            Step::Routes => {
                if ok {
                    let mask = event_mask(&info);
                    state.caps.0 |= witnesses(mask);
                    state.tells_voice = reports(mask, VOICE_EVENT);
                }
                Step::Tones
            }
            Step::Tones => {
                if ok {
                    state.caps.0 |= Caps::SENDS_DTMF | Caps::SENDS_TONES;
                }
                Step::Formats
            }
            Step::Formats => {
                self.codec.set(if ok { super::codec::choose(self.profile, &info) } else { None });
                state.caps.0.set(Caps::AUDIO, self.codec.format().is_some());
                Step::LeaveVoice
            }
            Step::LeaveVoice => Step::CallerId(0),
            Step::CallerId(n) if ok => Step::CallerIdCheck(n),
            Step::CallerId(n) => Step::CallerId(n + 1),
            Step::CallerIdCheck(n) => {
                let (_, query) = self.profile.caller_id.get(usize::from(n))?;
                let name = query.trim_start_matches("AT").trim_end_matches('?');
                // A modem that reads the setting back as off did not take it. One that cannot be asked may have.
                let read = integers(value(first, name.as_bytes())).next().filter(|_| ok);
                state.verified = read.is_some_and(|n| n > 0) && !self.chat.numeric;
                if read == Some(0) {
                    Step::CallerId(n + 1)
                } else {
                    state.caller_id = Some(n);
                    return None;
                }
            }
            Step::Rung(_) => return None,
        })
    }

    fn identity(&mut self, info: &[u8]) {
        if !self.chosen && !self.start.identified {
            let found = profile::by_identity(info);
            self.start.identified = *found != *profile::DEFAULT;
            if self.start.identified {
                self.profile = found;
            }
        }
        self.start.advice = self.start.advice.or_else(|| self.profile.advice(info));
    }

    /// What to ask next: what else may name the modem, while nothing did.
    fn after_identity(&self, n: u8) -> Step {
        let known = self.chosen || self.start.identified || usize::from(n) >= OTHERS.len();
        if known { Step::Classes } else { Step::Other(n) }
    }

    fn after_country(&self) -> Step {
        if self.start.voice { Step::EnterVoice } else { Step::CallerId(0) }
    }

    /// The code of the line's country, unless that is the one taken for granted: a modem's own setting is left alone then.
    fn country_code(&self) -> Option<u8> {
        (self.country.code != US.code).then(|| crate::t35::code(self.country.code)).flatten()
    }

    /// Asks for the modem's country, or sets it.
    fn country_command(&self, set: bool) -> Option<Command> {
        let code = self.country_code()?;
        let (before, after) = self.profile.country.split_once("{code}")?;
        let mut command = Command::new();
        if set {
            put(&mut command, before.as_bytes());
            put(&mut command, &[hex(code >> 4), hex(code)]);
            put(&mut command, after.as_bytes());
        } else {
            put(&mut command, before.strip_suffix('=')?.as_bytes());
            put(&mut command, b"?");
        }
        Some(command)
    }

    fn finish_start(&mut self, now: Time, events: &mut EventQueue) {
        let mut caps = self.start.caps.0;
        if caps.contains(Caps::VOICE) {
            caps |= BOTH;
        } else {
            caps |= BOTH | DATA;
        }
        caps.set(Caps::CALLER_ID, self.start.caller_id.is_some());
        self.job = Job::None;
        self.voice_class = false;
        let before = self.service;
        self.service = Service::Ready;
        self.watch_lines(now);
        self.streams.set_able(caps.contains(Caps::AUDIO));
        if self.off_hook {
            self.off_hook = false;
            self.call = super::call::State::default();
            self.hear.close_digit(events);
            self.end_hearing();
            if !self.queue.iter().any(|a| a.kind == ActionKind::Release) {
                events.push(LineEvent::Released(ReleaseWitness::ResultCode));
            }
            events.push(LineEvent::OnHook);
        }
        if before != Service::Ready || caps != self.caps {
            self.caps = caps;
            events.push(LineEvent::Ready(caps));
        }
        self.end_job(now, events);
    }

    /// Time to ask an idle modem whether it is there.
    pub(super) fn check_health(&mut self, now: Time, events: &mut EventQueue) {
        self.health = Some(now + self.guards.health);
        if self.service != Service::Ready || self.job != Job::None || self.off_hook || self.ringing.is_ringing() {
            return;
        }
        self.job = Job::Health;
        // Also brings back a modem that was thrown into numeric answers or echo.
        self.ask(b"ATE0V1Q0", now, events);
    }

    /// Whether the reply to the health check is one.
    pub(super) fn health_reply(&mut self, reply: Reply, now: Time, events: &mut EventQueue) {
        if std::mem::take(&mut self.start.checks_caller_id) {
            // A modem that reads it back as off has lost its settings: it was without power, or reset.
            let way = self.start.caller_id.and_then(|n| self.profile.caller_id.get(usize::from(n)));
            let name = way.map_or("", |(_, query)| query.trim_start_matches("AT").trim_end_matches('?'));
            let lost = reply.is_ok() && integers(value(&self.chat.info, name.as_bytes())).next() == Some(0);
            return if lost { self.begin_start(false, now, events) } else { self.end_job(now, events) };
        }
        if matches!(reply, Reply::Code(ResultCode::Ok | ResultCode::Error)) {
            if self.chat.numeric && !self.start.numeric && self.start.quiet_again < 2 {
                // The reply may be one to the command before, and this one lost.
                self.start.quiet_again += 1;
                return self.ask(b"ATE0V1Q0", now, events);
            }
            self.start.numeric |= self.chat.numeric;
            let way = self.start.caller_id.and_then(|n| self.profile.caller_id.get(usize::from(n)));
            match way {
                Some((_, query)) if self.start.verified && self.queue.is_empty() => {
                    self.start.checks_caller_id = true;
                    self.ask(query.as_bytes(), now, events);
                }
                _ => self.end_job(now, events),
            }
        } else {
            self.recover(now, events);
        }
    }
}

/// A hexadecimal digit.
const fn hex(n: u8) -> u8 {
    match n & 15 {
        n @ 0..=9 => b'0' + n,
        n => b'A' - 10 + n,
    }
}

/// What a modem in the voice class can do and see at least: result codes of `X4`, shielded digits, the hook.
const VOICE: Caps =
    Caps::VOICE.union(Caps::SEIZE).union(Caps::FLASH).union(Caps::HEARS_DTMF).union(Caps::HEARS_DTMF_END);
/// What every modem can.
const BOTH: Caps = Caps::DIAL_DTMF
    .union(Caps::DIAL_PULSE)
    .union(Caps::DIAL_PARTIAL)
    .union(Caps::WAIT_DIAL_TONE)
    .union(Caps::WAIT_QUIET)
    .union(Caps::WAIT_BILLING)
    .union(Caps::SEES_BUSY)
    .union(Caps::SEES_NO_DIAL_TONE);
/// What a data call tells: its carrier, and a modem that gives up by itself.
const DATA: Caps = Caps::DATA.union(Caps::SEES_ANSWER).union(Caps::SEES_RELEASE).union(Caps::SEES_NO_ANSWER);

/// The events that the modem says it reports with the line selected (`+VLS=?`): `1,"T",TX,RX,IDLE` with hexadecimal masks in
/// which the most significant bit is event 0.
fn event_mask(info: &[u8]) -> u32 {
    let mut mask = 0u32;
    for line in info.split(|b| *b == b'\n') {
        let line = value(line, b"+VLS");
        let Some(rest) = line.strip_prefix(b"(").or(Some(line)).and_then(|l| l.strip_prefix(b"1,")) else { continue };
        let fields = rest.split(|b| *b == b',').map(|f| f.trim_ascii().trim_ascii_end());
        for field in fields.filter(|f| f.len() >= 8 && f.len() <= 10) {
            let digits = field.get(..8).and_then(|f| std::str::from_utf8(f).ok());
            mask |= digits.and_then(|d| u32::from_str_radix(d, 16).ok()).unwrap_or(0);
        }
    }
    mask
}

/// The number of the event that tells of voices.
const VOICE_EVENT: u32 = 27;

const fn reports(mask: u32, event: u32) -> bool {
    mask & (0x8000_0000 >> event) != 0
}

/// What these events vouch for.
fn witnesses(mask: u32) -> Caps {
    if mask == 0 {
        // It does not say. These every V.253 modem is expected to report.
        return Caps::SEES_DIAL_TONE | Caps::SEES_RINGBACK | Caps::SEES_ANSWER;
    }
    let mut caps = Caps::empty();
    for (event, cap) in [
        (18, Caps::SEES_RINGBACK.union(Caps::SEES_ANSWER)),
        (VOICE_EVENT, Caps::SEES_ANSWER),
        (14, Caps::SEES_ANSWER.union(Caps::SEES_RELEASE)),
        (13, Caps::SEES_RELEASE),
        (20, Caps::SEES_DIAL_TONE),
        (21, Caps::SEES_REORDER),
        (11, Caps::SEES_SIT),
        (15, Caps::SEES_CALL_WAITING),
        (6, Caps::HEARS_MEDIA),
        (7, Caps::HEARS_MEDIA),
        (17, Caps::HEARS_MEDIA),
        (25, Caps::HEARS_MEDIA),
        (26, Caps::HEARS_MEDIA),
    ] {
        if reports(mask, event) {
            caps |= cap;
        }
    }
    caps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_masks_tell_what_is_witnessed() {
        // Bits 4, 6 to 10: digits, calling tones, silence; no call progress.
        assert_eq!(
            witnesses(event_mask(b"0,\"\",B0000000,B0000000,B0000000\n1,\"T\",0BE00000,0FE00000,0BE00000\n")),
            Caps::HEARS_MEDIA
        );
        assert!(
            witnesses(event_mask(b"(1,\"T\",00003C00,00003C00,00003C00)\n"))
                .contains(Caps::SEES_RINGBACK | Caps::SEES_REORDER)
        );
        assert_eq!(witnesses(event_mask(b"+VLS: 1,\"T\",0004000000,0,0\n")), Caps::SEES_RELEASE);
        assert!(witnesses(event_mask(b"(0-7)")).contains(Caps::SEES_RINGBACK), "it does not say");
    }
}
