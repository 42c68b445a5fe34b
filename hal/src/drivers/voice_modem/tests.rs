//! Transcripts in virtual time against a scripted modem.

use super::*;
use crate::ports::{Faulty, MemoryPort};
use loopstart_signal::{
    ActionKind, AnswerWitness, CallerId, DialStep, DialSteps, Digit, DigitEdge, DigitMode, Name, Number, PartyId,
    ProgressTone, ReleaseWitness,
};
use std::time::Duration;

mod bad;
mod calls;
mod chaos;
mod exchange;
mod hour;
mod models;
mod real;
mod recovery;
mod services;
mod sounds;
mod starts;
mod streams;
mod transcripts;

/// What a modem answers to a command line; `None` is silence.
type Script = fn(&str) -> Option<String>;

/// A driver, a scripted modem, and a clock that jumps.
struct Rig {
    modem: VoiceModem<Faulty<MemoryPort>>,
    far: Option<MemoryPort>,
    script: Script,
    /// Answers that differ from the script, by command.
    special: Vec<(String, Option<String>)>,
    echo: bool,
    now: Time,
    events: EventQueue,
    line: Vec<u8>,
    commands: Vec<String>,
    wire: Vec<u8>,
    later: Vec<(Time, Vec<u8>)>,
    ids: u32,
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn ok(text: &str) -> Option<String> {
    Some(if text.is_empty() { "\r\nOK\r\n".into() } else { format!("\r\n{text}\r\n\r\nOK\r\n") })
}

/// A CX930xx as its manual has it.
fn conexant(command: &str) -> Option<String> {
    match command {
        "ATI3" => ok("CX93001-EIS_V0.2013-V92"),
        "AT+GMI" => ok("CONEXANT"),
        "AT+GMM" => ok("V90"),
        "AT+FCLASS=?" => ok("0,1,1.0,2,8"),
        "AT+VCID?" => ok("1"),
        "AT+VLS=?" => ok("0,\"\",B0000000,B0000000,B0000000\r\n1,\"T\",0BE43C00,0FE43C00,0BE43C00"),
        "AT+VTS=?" => ok("(0,200-3000),(0,200-3000),(0-255)"),
        c if c.starts_with("AT") => ok(""),
        _ => None,
    }
}

/// A modem without a voice class.
fn data_only(command: &str) -> Option<String> {
    match command {
        "AT+FCLASS=?" => ok("0,1,1.0"),
        c if c.starts_with("ATX4D") || c == "ATA" => None,
        c if c.starts_with("AT+V") || c.starts_with("AT#") => Some("\r\nERROR\r\n".into()),
        c if c.starts_with("AT") => ok(""),
        _ => None,
    }
}

impl Rig {
    fn new(script: Script) -> Self {
        let (near, far) = MemoryPort::pair(1 << 16);
        Self {
            modem: VoiceModem::new(Faulty::new(near), Clock::Line),
            far: Some(far),
            script,
            special: Vec::new(),
            echo: false,
            now: Time::from_millis(1_000),
            events: EventQueue::with_capacity(256),
            line: Vec::new(),
            commands: Vec::new(),
            wire: Vec::new(),
            later: Vec::new(),
            ids: 0,
        }
    }

    /// Started and ready; what was said and told so far is forgotten.
    fn ready(script: Script) -> Self {
        let mut rig = Self::new(script);
        let told = rig.start();
        assert!(matches!(told[..], [LineEvent::Ready(_)]), "{told:?}");
        rig.commands.clear();
        rig.wire.clear();
        rig
    }

    fn start(&mut self) -> Vec<LineEvent> {
        self.modem.start(self.now, &mut self.events);
        self.run(20_000)
    }

    fn special(&mut self, command: &str, answer: Option<&str>) {
        self.special.retain(|(c, _)| c != command);
        self.special.push((command.into(), answer.map(Into::into)));
    }

    /// The modem says this at once.
    fn say(&mut self, text: &[u8]) {
        if let Some(far) = &mut self.far {
            far.write(text).unwrap();
        }
        self.modem.ready(Readiness { read: true, ..Readiness::default() }, self.now, &mut self.events);
        self.listen();
    }

    fn unplug(&mut self) {
        self.far = None;
        self.modem.ready(Readiness { read: true, hangup: true, ..Readiness::default() }, self.now, &mut self.events);
    }

    fn act(&mut self, kind: ActionKind) -> ActionId {
        self.ids += 1;
        let id = ActionId(self.ids);
        self.modem.act(&LineAction { id, kind }, self.now, &mut self.events);
        self.listen();
        id
    }

    /// Takes what the driver wrote, plans the answers.
    fn listen(&mut self) {
        let mut buffer = [0; 512];
        while let Some(Ok(n)) = self.far.as_mut().map(|far| far.read(&mut buffer)) {
            for &b in &buffer[..n] {
                self.wire.push(b);
                if self.echo {
                    self.later.push((self.now, vec![b]));
                }
                if b != b'\r' {
                    self.line.push(b);
                    continue;
                }
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line).into_owned();
                self.commands.push(line.clone());
                let special = self.special.iter().find(|(c, _)| *c == line).map(|(_, a)| a.clone());
                if line == "ATE0V1Q0" {
                    self.echo = false;
                }
                if let Some(answer) = special.unwrap_or_else(|| (self.script)(&line)) {
                    self.later.push((self.now + ms(10), answer.into_bytes()));
                }
            }
        }
    }

    /// Runs for `millis`; answers what was told meanwhile.
    fn run(&mut self, millis: u64) -> Vec<LineEvent> {
        let end = self.now + ms(millis);
        let mut told = Vec::new();
        let mut turns = 0;
        loop {
            turns += 1;
            assert!(turns < 200_000, "the driver asks to be called again and again");
            while let Some(event) = self.events.pop() {
                told.push(event);
            }
            self.listen();
            self.later.sort_by_key(|(at, _)| *at);
            let speech = self.later.first().map(|(at, _)| *at);
            let next = [self.modem.deadline(), speech].into_iter().flatten().min();
            match next {
                Some(at) if at <= end => self.now = self.now.max(at),
                _ => break,
            }
            while self.later.first().is_some_and(|(at, _)| *at <= self.now) {
                let (_, text) = self.later.remove(0);
                self.say(&text);
            }
            if self.modem.deadline().is_some_and(|at| at <= self.now) {
                self.modem.expire(self.now, &mut self.events);
            }
        }
        self.now = end;
        told
    }

    fn off_hook(script: Script) -> Self {
        let mut rig = Self::ready(script);
        rig.act(ActionKind::Seize);
        let told = rig.run(1_000);
        assert_eq!(told, [LineEvent::OffHook, done(1)]);
        rig.commands.clear();
        rig.wire.clear();
        rig
    }
}

fn done(id: u32) -> LineEvent {
    LineEvent::Done { action: ActionId(id), outcome: Outcome::Ok }
}

fn failed(id: u32, failure: Failure) -> LineEvent {
    LineEvent::Done { action: ActionId(id), outcome: Outcome::Failed(failure) }
}

const RING: LineEvent = LineEvent::Ring { pattern: 1 };

fn steps(text: &str) -> DialSteps {
    text.bytes()
        .map(|b| match b {
            b'P' => DialStep::Pulse,
            b',' => DialStep::Pause,
            b'W' => DialStep::WaitDialTone,
            d => DialStep::Digit(d),
        })
        .collect()
}

fn dial(text: &str) -> ActionKind {
    ActionKind::Dial {
        steps: steps(text),
        digit: ms(95),
        gap: ms(70),
        pause: ms(2_000),
        wait_dial_tone: ms(5_000),
        partial: false,
    }
}

fn send(text: &str) -> ActionKind {
    ActionKind::SendDigits { steps: steps(text), mode: DigitMode::Dtmf, digit: ms(100), gap: ms(80), pause: ms(1_000) }
}
