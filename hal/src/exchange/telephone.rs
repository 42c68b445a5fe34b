//! A telephone for tests, and a bench on which telephones stand around an exchange under virtual time.

use super::event::EventKind;
use super::settings::Settings;
use super::subscriber::{FromExchange, FromTerminal, STEP, STEP_TIME, Terminal};
use super::switch::Exchange;
use loopstart_signal::country::US;
use loopstart_signal::pulse::Train;
use loopstart_signal::{DigitEdge, Time, cid, dtmf, level};
use std::collections::VecDeque;
use std::time::Duration;

/// A telephone that notes what its line does.
pub(crate) struct Telephone {
    pub(crate) off_hook: bool,
    sender: dtmf::Sender,
    /// States of the loop that come first: pulses, a flash.
    breaks: VecDeque<(bool, Duration)>,
    breaking: Option<(bool, Time)>,
    /// Audio heard since last taken.
    pub(crate) heard: Vec<i16>,
    /// When ringing began and ended.
    pub(crate) rings: Vec<(Time, bool)>,
    /// When battery went and came.
    pub(crate) battery: Vec<(Time, bool)>,
    pub(crate) reversals: Vec<(Time, bool)>,
    pub(crate) digits: String,
    pub(crate) callers: Vec<cid::Message>,
    last: FromExchange,
    receiver: dtmf::Receiver,
    cid: cid::Receiver,
    /// Audio to say.
    pub(crate) say: VecDeque<i16>,
}

impl Telephone {
    pub(crate) fn new() -> Self {
        Self {
            off_hook: false,
            sender: dtmf::Sender::new(-8.0),
            breaks: VecDeque::new(),
            breaking: None,
            heard: Vec::new(),
            rings: Vec::new(),
            battery: Vec::new(),
            reversals: Vec::new(),
            digits: String::new(),
            callers: Vec::new(),
            last: FromExchange::default(),
            receiver: dtmf::Receiver::new(),
            cid: cid::Receiver::new(),
            say: VecDeque::new(),
        }
    }

    /// Sends DTMF digits.
    pub(crate) fn dial(&mut self, digits: &str) {
        for symbol in digits.bytes() {
            assert!(self.sender.push(symbol, Duration::from_millis(70), Duration::from_millis(70)));
        }
    }

    /// Sends DTMF digits of this length.
    pub(crate) fn dial_for(&mut self, digits: &str, time: Duration) {
        for symbol in digits.bytes() {
            assert!(self.sender.push(symbol, time, time));
        }
    }

    /// Sends digits as pulses.
    pub(crate) fn dial_pulses(&mut self, digits: &str) {
        for symbol in digits.bytes() {
            self.breaks.extend(Train::new(symbol, US.pulse).unwrap().map(|step| (step.closed, step.duration)));
        }
    }

    /// Opens the loop for a moment.
    pub(crate) fn flash(&mut self, ms: u64) {
        self.breaks.push_back((false, Duration::from_millis(ms)));
    }
}

impl Terminal for Telephone {
    fn step(&mut self, now: Time, line: &FromExchange) -> FromTerminal {
        if line.ringing != self.last.ringing {
            self.rings.push((now, line.ringing));
        }
        if line.battery != self.last.battery {
            self.battery.push((now, line.battery));
        }
        if line.reversed != self.last.reversed {
            self.reversals.push((now, line.reversed));
        }
        self.last = *line;
        self.heard.extend(line.audio);
        let digits = &mut self.digits;
        self.receiver.process(&line.audio, &mut |event: dtmf::Event| {
            if event.edge == DigitEdge::Begin {
                digits.push(char::from(event.symbol));
            }
        });
        let callers = &mut self.callers;
        self.cid.process(&line.audio, &mut |event| {
            // A frame that an answer cut short is not believed, and no caller.
            let cid::Event::Frame { message, .. } = event;
            callers.extend(message.cloned());
        });
        if self.breaking.is_none_or(|(_, until)| now >= until) {
            let from = self.breaking.map_or(now, |(_, until)| until);
            self.breaking = self.breaks.pop_front().map(|(closed, time)| (closed, from + time));
        }
        let mut audio = [0; STEP];
        if self.off_hook {
            self.sender.mix(&mut audio);
            for s in &mut audio {
                *s = s.saturating_add(self.say.pop_front().unwrap_or(0));
            }
        }
        FromTerminal { audio, off_hook: self.off_hook && self.breaking.is_none_or(|(closed, _)| closed) }
    }
}

/// An exchange with a telephone on every line.
pub(crate) struct Bench {
    pub(crate) exchange: Exchange,
    pub(crate) phones: Vec<Telephone>,
    pub(crate) now: Time,
    from: Vec<FromTerminal>,
    to: Vec<FromExchange>,
    seen: u64,
}

impl Bench {
    pub(crate) fn new(lines: usize) -> Self {
        Self::with(Settings::new(US, lines))
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let lines = settings.lines;
        Self {
            exchange: Exchange::new(settings),
            phones: (0..lines).map(|_| Telephone::new()).collect(),
            now: Time::ZERO,
            from: vec![FromTerminal::default(); lines],
            to: vec![FromExchange::default(); lines],
            seen: 0,
        }
    }

    /// Lets time go by. What phones have heard before is forgotten.
    pub(crate) fn run(&mut self, ms: u64) {
        for phone in &mut self.phones {
            phone.heard.clear();
        }
        for _ in 0..ms / 5 {
            self.exchange.step(self.now, &self.from, &mut self.to);
            for ((phone, to), from) in self.phones.iter_mut().zip(&self.to).zip(&mut self.from) {
                *from = phone.step(self.now, to);
            }
            self.now = self.now + STEP_TIME;
        }
    }

    /// Takes a phone off hook, dials when dial tone is there, and lets three seconds go by.
    pub(crate) fn dial(&mut self, phone: usize, number: &str) {
        self.phones[phone].off_hook = true;
        self.run(500);
        self.phones[phone].dial(number);
        // The last digit, and the post-dial delay.
        self.run(140 * number.len() as u64 + 600);
    }

    /// What happened on a line since the last call.
    pub(crate) fn happened(&mut self, line: usize) -> Vec<EventKind> {
        let events = self.exchange.events();
        let kinds = events.since(self.seen).1.filter(|e| e.line == line).map(|e| e.kind.clone()).collect();
        self.seen = events.next();
        kinds
    }

    pub(crate) fn phase(&self, line: usize) -> &'static str {
        self.exchange.state(line).unwrap().phase
    }

    /// Level of a frequency in what a phone heard in the last run, dBm0.
    pub(crate) fn level(&self, phone: usize, hz: f32) -> f32 {
        level_of(&self.phones[phone].heard, hz)
    }
}

/// Level of a frequency, dBm0 (one bin of a Fourier transform).
pub(crate) fn level_of(samples: &[i16], hz: f32) -> f32 {
    let (mut re, mut im) = (0f64, 0f64);
    for (n, &s) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * f64::from(hz) * n as f64 / 8000.0;
        re += f64::from(s) * angle.cos();
        im += f64::from(s) * angle.sin();
    }
    let peak = 2.0 * re.hypot(im) / samples.len().max(1) as f64;
    level::dbm0((peak * peak / 2.0) as f32)
}
