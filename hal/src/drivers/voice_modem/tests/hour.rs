//! Long streams in virtual time: an hour of audio, every coding, and modems whose clock is not ours.

use super::exchange::streams;
use super::*;
use crate::drivers::voice_modem::codec::Coding;
use crate::drivers::voice_modem::profile::{Profile, Stream, V253};
use crate::exchange::modem::{self, Modem};
use crate::exchange::modem_port::ModemFirmware;
use crate::exchange::subscriber::{FromExchange, STEP, STEP_TIME, Terminal};
use loopstart_signal::country::US;
use loopstart_signal::{g711, linear};
use std::fs::File;
use std::io::{Read, Write};

/// A driver and a modem on a line that is nothing but battery and audio.
struct Wire {
    driver: VoiceModem<MemoryPort>,
    firmware: Modem,
    far: MemoryPort,
    queue: EventQueue,
    now: Time,
    /// Steps of the modem for 1000 of ours.
    pace: u32,
    ahead: u32,
    line: FromExchange,
    /// What the modem plays goes here, and the line is asked what it says.
    heard: Vec<i16>,
    says: fn(u64) -> i16,
    said: u64,
    speaking: bool,
}

/// A sample that tells its place, and comes through 8 bits as it is.
fn grid(n: u64) -> i16 {
    let mixed = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
    linear::unsigned8_decode(if mixed == 0x80 { 0x81 } else { mixed })
}

impl Wire {
    fn off_hook(model: &'static modem::Profile, profile: &'static Profile) -> Self {
        let (near, far) = MemoryPort::pair(1 << 14);
        let mut wire = Self {
            driver: VoiceModem::new(near, Clock::Line).with_profile(profile),
            firmware: Modem::new(model, US),
            far,
            queue: EventQueue::with_capacity(256),
            now: Time::ZERO,
            pace: 1_000,
            ahead: 0,
            line: FromExchange { battery: true, ..FromExchange::default() },
            heard: Vec::new(),
            says: |_| 0,
            said: 0,
            speaking: false,
        };
        wire.driver.start(wire.now, &mut wire.queue);
        wire.run(5_000);
        wire.driver.act(&LineAction { id: ActionId(1), kind: ActionKind::Seize }, wire.now, &mut wire.queue);
        wire.run(2_000);
        let told: Vec<LineEvent> = std::iter::from_fn(|| wire.queue.pop()).collect();
        assert!(told.ends_with(&[LineEvent::OffHook, done(1)]), "{told:?}");
        wire.heard.clear();
        wire
    }

    fn run(&mut self, millis: u64) {
        for _ in 0..millis / 5 {
            self.ahead += self.pace;
            while self.ahead >= 1_000 {
                self.ahead -= 1_000;
                self.step_modem();
            }
            self.now = self.now + STEP_TIME;
            let readiness = Readiness { read: true, write: true, ..Readiness::default() };
            self.driver.ready(readiness, self.now, &mut self.queue);
            while self.driver.deadline().is_some_and(|at| at <= self.now) {
                self.driver.expire(self.now, &mut self.queue);
            }
        }
    }

    fn step_modem(&mut self) {
        let mut buffer = [0; 256];
        let room = self.firmware.room().min(buffer.len());
        if let Ok(n) = self.far.read(&mut buffer[..room]) {
            self.firmware.receive(&buffer[..n]);
        }
        self.line.audio = [0; STEP];
        if self.speaking {
            for slot in &mut self.line.audio {
                *slot = (self.says)(self.said);
                self.said += 1;
            }
        }
        let from = self.firmware.step(self.now, &self.line);
        self.heard.extend(from.audio);
        while let n @ 1.. = self.firmware.transmit(&mut buffer) {
            self.far.write(&buffer[..n]).unwrap();
        }
    }
}

/// Writes what the program's socket takes of the samples from `next` on.
fn feed(writer: &mut File, next: &mut u64, end: u64, sample: fn(u64) -> i16) {
    while *next < end {
        let count = (end - *next).min(160);
        let bytes: Vec<u8> = (*next..*next + count).flat_map(|n| sample(n).to_ne_bytes()).collect();
        match writer.write(&bytes) {
            Ok(n) => *next += n as u64 / 2,
            Err(_) => return,
        }
    }
}

fn drain(reader: &mut File, into: &mut Vec<i16>) {
    let mut part = [0; 8_192];
    while let Ok(n @ 1..) = reader.read(&mut part) {
        into.extend(part[..n].chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])));
    }
}

/// Follows samples as they arrive: each must be the next one.
struct Follower {
    next: u64,
    sample: fn(u64) -> i16,
    /// Silence between two samples, once it had begun.
    gaps: u64,
    silent: u64,
}

impl Follower {
    fn new(sample: fn(u64) -> i16) -> Self {
        Self { next: 0, sample, gaps: 0, silent: 0 }
    }

    #[track_caller]
    fn follow(&mut self, heard: &mut Vec<i16>) {
        for sample in heard.drain(..) {
            // No sample of the grid is silence.
            if sample == 0 {
                self.silent += u64::from(self.next > 0);
                continue;
            }
            if std::mem::take(&mut self.silent) > 0 {
                self.gaps += 1;
            }
            assert_eq!(sample, (self.sample)(self.next), "sample {}", self.next);
            self.next += 1;
        }
    }
}

const HOUR: u64 = 3_600;
const RATE: u64 = 8_000;

#[test]
fn an_hour_both_ways_sample_for_sample() {
    let mut wire = Wire::off_hook(&modem::STANDARD, &V253);
    let (mut reader, mut writer) = streams(&mut wire.driver);
    let (mut sent, mut recorded) = (0, Vec::new());
    wire.run(1_000);
    drain(&mut reader, &mut Vec::new());
    (wire.says, wire.speaking) = (|n| grid(n ^ 0x5555), true);
    let (mut played, mut heard) = (Follower::new(grid), Follower::new(|n| grid(n ^ 0x5555)));
    let end = HOUR * RATE;
    for _ in 0..HOUR * 50 {
        feed(&mut writer, &mut sent, end, grid);
        wire.run(20);
        played.follow(&mut wire.heard);
        drain(&mut reader, &mut recorded);
        heard.follow(&mut recorded);
    }
    // What is still in the buffers of program, driver and modem.
    wire.speaking = false;
    wire.run(3_000);
    played.follow(&mut wire.heard);
    drain(&mut reader, &mut recorded);
    heard.follow(&mut recorded);
    assert_eq!((played.next, played.gaps), (sent, 0), "played");
    assert_eq!((heard.next, heard.gaps), (wire.said, 0), "recorded");
    // The hour was not longer than an hour, either: what was sent is what a line carries, but for what was ahead.
    assert!(end - sent < RATE, "{sent}");
}

#[test]
fn a_modem_with_a_slower_clock_loses_nothing() {
    // Its clock is half a percent slow: its buffer fills, and flow control holds us.
    let mut wire = Wire::off_hook(&modem::STANDARD, &V253);
    wire.pace = 995;
    let (reader, mut writer) = streams(&mut wire.driver);
    drop(reader);
    let (mut sent, mut played) = (0, Follower::new(grid));
    for _ in 0..300 * 50 {
        feed(&mut writer, &mut sent, u64::MAX, grid);
        wire.run(20);
        played.follow(&mut wire.heard);
    }
    drop(writer);
    wire.run(5_000);
    played.follow(&mut wire.heard);
    assert_eq!((played.next, played.gaps), (sent, 0));
    let expected = 300 * RATE * 995 / 1_000;
    // What is more waits on the wire, which holds 2 s.
    assert!(sent.abs_diff(expected) < 3 * RATE, "{sent} of {expected}");
}

#[test]
fn a_modem_with_a_faster_clock_pauses_and_loses_nothing() {
    let mut wire = Wire::off_hook(&modem::STANDARD, &V253);
    wire.pace = 1_004;
    let (reader, mut writer) = streams(&mut wire.driver);
    drop(reader);
    let (mut sent, mut played) = (0, Follower::new(grid));
    for _ in 0..300 * 50 {
        feed(&mut writer, &mut sent, u64::MAX, grid);
        wire.run(20);
        played.follow(&mut wire.heard);
    }
    drop(writer);
    wire.run(3_000);
    played.follow(&mut wire.heard);
    assert_eq!(played.next, sent);
    // It plays 1.2 s more than is said: it runs dry once in 50 s, and gets 0.2 s ahead again.
    assert!((4..=8).contains(&played.gaps), "{}", played.gaps);
}

/// A model with this format alone, and a profile that wants no other.
fn only(coding: Coding) -> (&'static modem::Profile, &'static Profile) {
    let model = if coding == Coding::Ima { &modem::CONEXANT } else { &modem::STANDARD };
    let prefer: &'static [Coding] = Box::leak(Box::new([coding]));
    (model, Box::leak(Box::new(Profile { stream: Stream { prefer, ..V253.stream }, ..V253 })))
}

#[test]
fn every_coding_both_ways() {
    for coding in [Coding::Unsigned8, Coding::Signed8, Coding::MuLaw, Coding::ALaw, Coding::Linear16, Coding::Ima] {
        let (model, profile) = only(coding);
        let mut wire = Wire::off_hook(model, profile);
        assert_eq!(wire.driver.format().map(|f| f.coding), Some(coding));
        let (mut reader, mut writer) = streams(&mut wire.driver);
        wire.run(500);
        drain(&mut reader, &mut Vec::new());
        wire.heard.clear();
        // Speech has most of its power below 1 kHz; so has this.
        let sample: fn(u64) -> i16 = |n| {
            let t = n as f32;
            (5_000.0 * (t * 0.39).sin() + 2_500.0 * (t * 0.071).sin() + 1_000.0 * (t * 0.71).cos()) as i16 | 1
        };
        (wire.says, wire.speaking, wire.said) = (sample, true, 0);
        let (mut sent, mut recorded) = (0, Vec::new());
        for _ in 0..50 * 20 {
            feed(&mut writer, &mut sent, 20 * RATE, sample);
            wire.run(20);
            drain(&mut reader, &mut recorded);
        }
        wire.speaking = false;
        wire.run(2_000);
        drain(&mut reader, &mut recorded);
        let played: Vec<i16> = wire.heard.iter().copied().skip_while(|s| s.unsigned_abs() < 200).collect();
        let recorded: Vec<i16> = recorded.into_iter().skip_while(|s| s.unsigned_abs() < 200).collect();
        for (way, heard, count) in [("played", played, sent), ("recorded", recorded, wire.said)] {
            let at = (0..64).min_by_key(|shift| error(&heard, *shift, coding, sample)).unwrap();
            let lost = error(&heard, at, coding, sample);
            let signal: u64 = (0..count).map(|n| i64::from(sample(n)).pow(2) as u64).sum::<u64>() / count;
            let decibels = 10.0 * (signal as f64 / (lost as f64 / count as f64).max(1e-3)).log10();
            let floor = if coding == Coding::Ima { 20.0 } else { 100.0 };
            assert!(at < 8 && decibels > floor, "{coding:?} {way}: {decibels:.1} dB, from sample {at}");
            assert!(heard.len() as u64 + 8 > count, "{coding:?} {way}: {} of {count}", heard.len());
        }
    }
}

/// The square of what a coding does not account for, with `heard` beginning at sample `shift`.
fn error(heard: &[i16], shift: u64, coding: Coding, sample: fn(u64) -> i16) -> u64 {
    let through = |s: i16| match coding {
        Coding::Unsigned8 | Coding::Signed8 => linear::unsigned8_decode(linear::unsigned8_encode(s)),
        Coding::MuLaw => g711::ulaw_decode(g711::ulaw_encode(s)),
        Coding::ALaw => g711::alaw_decode(g711::alaw_encode(s)),
        _ => s,
    };
    let end = heard.len().min(20 * RATE as usize - 64);
    let pairs = heard.iter().take(end).zip(shift..);
    pairs.map(|(a, n)| (i64::from(*a) - i64::from(through(sample(n)))).pow(2) as u64).sum()
}
