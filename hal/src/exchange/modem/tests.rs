//! Transcripts in virtual time: what a program types, what the line does, what the modem answers, to the byte.

mod calls;
mod dialogue;
mod on_exchange;
mod robust;
mod streams;

use super::*;
use loopstart_signal::cid::{Frame, ON_HOOK_MARK_BITS, ON_HOOK_SEIZURE_BITS};
use loopstart_signal::country::{Segment, US};
use loopstart_signal::fsk;
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{CallerId, DateTime, Name, Number, PartyId, dtmf};

/// A modem on a line that the test plays.
struct Rig {
    modem: Modem,
    now: Time,
    line: FromExchange,
    /// What the line says.
    tone: Option<TonePlayer>,
    digits: dtmf::Sender,
    fsk: fsk::Sender,
    /// What the modem said to the line while off hook.
    said: Vec<i16>,
    off_hook: bool,
    /// Times at which the hook changed.
    hooks: Vec<(u64, bool)>,
}

impl Rig {
    fn new() -> Self {
        Self::with(&STANDARD)
    }

    fn with(profile: &'static Profile) -> Self {
        Self::within(profile, US)
    }

    fn within(profile: &'static Profile, country: &'static Country) -> Self {
        Self {
            modem: Modem::new(profile, country),
            now: Time::from_millis(10_000),
            line: FromExchange::default(),
            tone: None,
            digits: dtmf::Sender::new(-9.0),
            fsk: fsk::Sender::new(fsk::BELL202, -13.0),
            said: Vec::new(),
            off_hook: false,
            hooks: Vec::new(),
        }
    }

    /// One with echo off.
    fn quiet() -> Self {
        let mut rig = Self::new();
        rig.expect("ATE0\r", "ATE0\r\r\nOK\r\n");
        rig
    }

    /// One with echo off, in class 8.
    fn voice() -> Self {
        let mut rig = Self::quiet();
        rig.expect("AT+FCLASS=8\r", "\r\nOK\r\n");
        rig
    }

    /// One with echo off, in class 8, off hook.
    fn online() -> Self {
        let mut rig = Self::voice();
        rig.expect("AT+VLS=1\r", "\r\nOK\r\n");
        assert!(rig.off_hook);
        rig
    }

    fn step(&mut self) {
        self.line.audio = [0; STEP];
        if let Some(tone) = &mut self.tone {
            tone.mix(&mut self.line.audio);
        }
        self.digits.mix(&mut self.line.audio);
        self.fsk.mix(&mut self.line.audio);
        let from = self.modem.step(self.now, &self.line);
        if from.off_hook != self.off_hook {
            self.off_hook = from.off_hook;
            self.hooks.push((self.now.millis(), from.off_hook));
        }
        if from.off_hook {
            self.said.extend(from.audio);
        }
        self.now = self.now + super::super::subscriber::STEP_TIME;
    }

    fn take(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buffer = [0; 300];
        loop {
            let n = self.modem.transmit(&mut buffer);
            if n == 0 {
                return all;
            }
            all.extend(&buffer[..n]);
        }
    }

    /// Lets `ms` pass; answers what the modem sent.
    fn run(&mut self, ms: u64) -> Vec<u8> {
        let mut all = Vec::new();
        for _ in 0..ms / 5 {
            self.step();
            all.extend(self.take());
        }
        all
    }

    /// Runs until the modem has sent `text`, at most `ms`; answers all it sent and how long it took.
    #[track_caller]
    fn run_until(&mut self, text: &str, ms: u64) -> (Vec<u8>, u64) {
        let mut all = Vec::new();
        for passed in 0..ms / 5 {
            all.extend(self.run(5));
            if all.windows(text.len()).any(|w| w == text.as_bytes()) {
                return (all, passed * 5);
            }
        }
        panic!("no {text:?} in {:?}", String::from_utf8_lossy(&all));
    }

    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.modem.receive(bytes.as_ref());
    }

    /// Sends, and wants exactly this within 20 ms of line time.
    #[track_caller]
    fn expect(&mut self, sent: &str, answer: &str) {
        self.send(sent);
        let got = self.run(20);
        assert_eq!(String::from_utf8_lossy(&got), answer, "after {sent:?}");
    }

    /// Sends a command that begins a stream from the modem, and reads its CONNECT.
    #[track_caller]
    fn start(&mut self, sent: &str) {
        self.send(sent);
        assert_text(&self.run(5), "\r\nCONNECT\r\n");
    }

    fn play(&mut self, segments: &'static [Segment]) {
        self.tone = Some(TonePlayer::new(segments, -13.0));
    }

    /// One cycle of ringing: 2 s on, then `off` ms.
    fn ring(&mut self, off: u64) -> Vec<u8> {
        self.line.ringing = true;
        let mut all = self.run(2_000);
        self.line.ringing = false;
        all.extend(self.run(off));
        all
    }

    fn caller_id(&mut self) {
        let frame = Frame::from_caller_id(&caller());
        assert!(self.fsk.load(frame.bytes(), ON_HOOK_SEIZURE_BITS, ON_HOOK_MARK_BITS));
    }
}

fn caller() -> CallerId {
    CallerId {
        number: PartyId::Known(Number::new("8475550001")),
        name: PartyId::Known(Name::new("U.S.ROBOTICS")),
        time: Some(DateTime { month: 10, day: 15, hour: 20, minute: 38 }),
    }
}

#[track_caller]
fn assert_text(got: &[u8], expected: &str) {
    assert_eq!(String::from_utf8_lossy(got), expected);
}
