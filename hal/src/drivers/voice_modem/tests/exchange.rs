//! The driver against the emulated modem's firmware on the emulated exchange, under virtual time.

use super::*;
use crate::exchange::modem::{self, Modem};
use crate::exchange::modem_port::ModemFirmware;
use crate::exchange::subscriber::{FromExchange, FromTerminal, STEP_TIME, Terminal};
use crate::exchange::{EventKind, Exchange, Settings};
use loopstart_signal::country::US;

/// Two lines with a driver and a modem each.
pub(super) struct Bench {
    pub(super) exchange: Exchange,
    pub(super) from: Vec<FromTerminal>,
    pub(super) to: Vec<FromExchange>,
    pub(super) firmware: Vec<Modem>,
    wires: Vec<MemoryPort>,
    pub(super) drivers: Vec<VoiceModem<MemoryPort>>,
    queues: Vec<EventQueue>,
    pub(super) told: Vec<Vec<(u64, LineEvent)>>,
    pub(super) now: Time,
    /// What line 0 said and heard, while that is wanted.
    pub(super) tap: Option<Tap>,
    /// What passed between the driver and the modem of line 0.
    pub(super) wire: Vec<(u64, Side, Vec<u8>)>,
}

/// Audio of a line, as it is between modem and exchange.
#[derive(Default)]
pub(super) struct Tap {
    pub(super) said: Vec<i16>,
    pub(super) heard: Vec<i16>,
}

/// Who sent bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Driver,
    Modem,
}

impl Bench {
    pub(super) fn new(profile: &'static modem::Profile) -> Self {
        let (mut firmware, mut wires, mut drivers, mut queues) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..2 {
            let (near, far) = MemoryPort::pair(1 << 14);
            firmware.push(Modem::new(profile, US));
            wires.push(far);
            let mut driver = VoiceModem::new(near, Clock::Line);
            let mut queue = EventQueue::with_capacity(256);
            driver.start(Time::ZERO, &mut queue);
            drivers.push(driver);
            queues.push(queue);
        }
        let exchange = Exchange::new(Settings::new(US, 2));
        let (from, to) = (vec![FromTerminal::default(); 2], vec![FromExchange::default(); 2]);
        let told = vec![Vec::new(), Vec::new()];
        let now = Time::ZERO;
        Self { exchange, from, to, firmware, wires, drivers, queues, told, now, tap: None, wire: Vec::new() }
    }

    pub(super) fn ready(profile: &'static modem::Profile) -> (Self, Caps) {
        let mut bench = Self::new(profile);
        bench.run(5_000);
        let told = bench.take(0);
        bench.take(1);
        let [LineEvent::Ready(caps)] = told[..] else { panic!("{told:?}") };
        (bench, caps)
    }

    pub(super) fn run(&mut self, millis: u64) {
        let end = self.now + ms(millis);
        while self.now < end {
            self.exchange.step(self.now, &self.from, &mut self.to);
            for i in 0..2 {
                let (firmware, wire) = (&mut self.firmware[i], &mut self.wires[i]);
                let mut buffer = [0; 256];
                let room = firmware.room().min(buffer.len());
                if let Ok(n) = wire.read(&mut buffer[..room]) {
                    firmware.receive(&buffer[..n]);
                    if i == 0 {
                        self.wire.push((self.now.millis(), Side::Driver, buffer[..n].to_vec()));
                    }
                }
                self.from[i] = firmware.step(self.now, &self.to[i]);
                if let (0, Some(tap)) = (i, &mut self.tap) {
                    tap.said.extend(self.from[0].audio);
                    tap.heard.extend(self.to[0].audio);
                }
                loop {
                    let n = firmware.transmit(&mut buffer);
                    if n == 0 {
                        break;
                    }
                    wire.write(&buffer[..n]).unwrap();
                    if i == 0 {
                        self.wire.push((self.now.millis(), Side::Modem, buffer[..n].to_vec()));
                    }
                }
            }
            self.now = self.now + STEP_TIME;
            for i in 0..2 {
                let (driver, queue) = (&mut self.drivers[i], &mut self.queues[i]);
                driver.ready(Readiness { read: true, ..Readiness::default() }, self.now, queue);
                while driver.deadline().is_some_and(|at| at <= self.now) {
                    driver.expire(self.now, queue);
                }
                while let Some(event) = queue.pop() {
                    self.told[i].push((self.now.millis(), event));
                }
            }
        }
    }

    pub(super) fn act(&mut self, line: usize, id: u32, kind: ActionKind) {
        self.drivers[line].act(&LineAction { id: ActionId(id), kind }, self.now, &mut self.queues[line]);
    }

    pub(super) fn take(&mut self, line: usize) -> Vec<LineEvent> {
        self.told[line].drain(..).map(|(_, event)| event).collect()
    }
}

#[test]
fn the_emulated_modem_is_a_voice_modem() {
    let (_, caps) = Bench::ready(&modem::STANDARD);
    println!("{caps:?}");
    let wanted = Caps::VOICE
        | Caps::CALLER_ID
        | Caps::SENDS_DTMF
        | Caps::HEARS_DTMF
        | Caps::SEES_RINGBACK
        | Caps::SEES_ANSWER
        | Caps::SEES_RELEASE
        | Caps::SEES_REORDER;
    assert!(caps.contains(wanted), "{:?} is missing", wanted - caps);
    let (_, caps) = Bench::ready(&modem::DATA_ONLY);
    assert!(caps.contains(Caps::DATA) && !caps.contains(Caps::VOICE), "{caps:?}");
}

#[test]
fn one_driver_calls_the_other() {
    let (mut bench, _) = Bench::ready(&modem::STANDARD);
    bench.act(0, 1, dial("5550101"));
    bench.run(10_000);
    let caller = bench.take(0);
    assert_eq!(caller[..4], [LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed, done(1)], "{caller:?}");
    let called = bench.take(1);
    let id = called.iter().find_map(|e| match e {
        LineEvent::CallerId(id) => Some(*id),
        _ => None,
    });
    assert_eq!(called.first(), Some(&RING), "{called:?}");
    assert_eq!(id.map(|i| i.number), Some(PartyId::Known(Number::new("5550100"))), "{called:?}");
    assert_eq!(id.map(|i| i.name), Some(PartyId::Known(Name::new("EMULATED 0"))));
    assert!(caller.contains(&LineEvent::Tone(ProgressTone::Ringback)), "{caller:?}");

    bench.act(1, 1, ActionKind::Answer);
    bench.act(1, 2, ActionKind::Listen(loopstart_signal::Heed::DTMF));
    bench.run(1_000);
    assert!(bench.take(1).ends_with(&[LineEvent::OffHook, done(1)]));
    bench.run(12_000);
    let answered = bench.take(0);
    assert!(answered.iter().any(|e| matches!(e, LineEvent::Answered(_))), "{answered:?}");

    bench.act(0, 2, send("159#"));
    bench.run(3_000);
    let told = bench.take(0);
    assert!(told.contains(&done(2)), "{told:?}");
    let digits: Vec<u8> = bench
        .take(1)
        .iter()
        .filter_map(|e| match e {
            LineEvent::Digit(d) if d.edge == DigitEdge::Begin => Some(d.symbol),
            _ => None,
        })
        .collect();
    assert_eq!(String::from_utf8_lossy(&digits), "159#");

    bench.act(0, 3, ActionKind::Release);
    bench.run(3_000);
    let told = bench.take(0);
    assert_eq!(told, [LineEvent::OnHook, done(3)]);
    bench.run(20_000);
    let told = bench.take(1);
    assert!(
        told.iter().any(|e| matches!(
            e,
            LineEvent::Released(ReleaseWitness::LoopCurrent) | LineEvent::Tone(ProgressTone::Dial | ProgressTone::Busy)
        )),
        "the far end's hanging up was seen: {told:?}"
    );
    bench.act(1, 3, ActionKind::Release);
    bench.run(2_000);
    assert!(bench.take(1).ends_with(&[LineEvent::OnHook, done(3)]));
    // And once more the other way round, after all those class changes.
    bench.act(1, 4, dial("5550100"));
    bench.run(10_000);
    let told = bench.take(0);
    assert!(told.iter().any(|e| matches!(e, LineEvent::CallerId(_))) && told.contains(&RING), "{told:?}");
}

#[test]
fn the_numbers_of_the_exchange() {
    for (number, wanted) in [
        ("5550121", vec![LineEvent::Released(ReleaseWitness::Busy), LineEvent::Tone(ProgressTone::Busy)]),
        ("5550123", vec![LineEvent::Tone(ProgressTone::Reorder), LineEvent::Released(ReleaseWitness::Busy)]),
        ("5550122", vec![LineEvent::Tone(ProgressTone::Ringback)]),
        ("5550131", vec![LineEvent::PolarityReversed]),
        ("5550125", vec![LineEvent::Released(ReleaseWitness::LoopCurrent)]),
    ] {
        let (mut bench, _) = Bench::ready(&modem::STANDARD);
        bench.act(0, 1, dial(number));
        bench.run(25_000);
        let told = bench.take(0);
        println!("{number}: {told:?}");
        assert!(told.iter().any(|e| wanted.contains(e)), "{number}: {told:?}");
        let answers = told.iter().filter(|e| matches!(e, LineEvent::Answered(_))).count();
        assert_eq!(answers, usize::from(matches!(number, "5550131" | "5550125")), "{number}: {told:?}");
        bench.act(0, 2, ActionKind::Release);
        bench.run(3_000);
        assert!(bench.take(0).contains(&done(2)));
    }
}

#[test]
fn an_abandoned_call_stops_ringing() {
    let (mut bench, _) = Bench::ready(&modem::STANDARD);
    bench.act(0, 1, dial("5550101"));
    bench.run(8_000);
    bench.act(0, 2, ActionKind::Release);
    bench.run(15_000);
    let told = bench.take(1);
    assert_eq!(told.last(), Some(&LineEvent::RingStopped), "{told:?}");
}

#[test]
fn a_flash_is_a_flash_and_no_release() {
    let (mut bench, _) = Bench::ready(&modem::STANDARD);
    bench.act(0, 1, dial("5550120"));
    bench.run(20_000);
    bench.take(0);
    bench.act(0, 2, ActionKind::Flash(ms(500)));
    bench.run(2_000);
    let told = bench.take(0);
    assert!(told.contains(&done(2)), "{told:?}");
    assert!(!told.iter().any(|e| matches!(e, LineEvent::Released(_))), "{told:?}");
    let flashed = |e: &crate::exchange::Event| e.line == 0 && e.kind == EventKind::Flash;
    assert!(bench.exchange.events().iter().any(flashed), "the exchange saw it");
}

/// A program's two streams into a driver.
pub(super) fn streams(driver: &mut VoiceModem<MemoryPort>) -> (std::fs::File, std::fs::File) {
    use crate::drivers::audio::Direction;
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let streams = driver.audio().expect("streams");
    [Direction::FromLine, Direction::ToLine]
        .map(|direction| {
            let (theirs, ours) = streams.gate().open(1, direction, false).unwrap().expect("a place");
            streams.attach(ours);
            fcntl(&theirs, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
            std::fs::File::from(theirs)
        })
        .into()
}

#[test]
fn programs_hear_what_they_say_come_back_from_the_echo() {
    use std::io::{Read, Write};
    let (mut bench, caps) = Bench::ready(&modem::STANDARD);
    assert!(caps.contains(Caps::AUDIO | Caps::SENDS_TONES | Caps::SPEAKER), "{caps:?}");
    bench.act(0, 1, dial("5550120"));
    bench.run(20_000);
    let (mut reader, mut writer) = streams(&mut bench.drivers[0]);
    let mut tone = loopstart_signal::tone::TonePlayer::fixed(&[1_000.0], -13.0, Some(ms(400)));
    let mut heard = Vec::new();
    for _ in 0..50 {
        let mut block = [0i16; 160];
        tone.mix(&mut block);
        writer.write_all(&block.iter().flat_map(|s| s.to_ne_bytes()).collect::<Vec<_>>()).unwrap();
        bench.run(20);
        let mut bytes = [0; 4_096];
        while let Ok(n @ 1..) = reader.read(&mut bytes) {
            heard.extend(bytes[..n].chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])));
        }
    }
    assert!(heard.len() > 6_000, "{} samples in a second", heard.len());
    let mut monitor = loopstart_signal::monitor::Monitor::new(&[loopstart_signal::monitor::Tone {
        hz: [1_000, 0, 0],
        duration_ms: 300,
        app: 0,
    }])
    .unwrap();
    let mut found = 0;
    monitor.process(&heard, &mut |_| found += 1);
    assert_eq!(found, 1, "the echo of what was said");
    // Digits interrupt the stream, and the call ends as ever.
    bench.act(0, 2, send("12"));
    bench.run(3_000);
    assert!(bench.take(0).contains(&done(2)));
    bench.act(0, 3, ActionKind::Release);
    bench.run(3_000);
    let told = bench.take(0);
    assert!(told.ends_with(&[LineEvent::OnHook, done(3)]), "{told:?}");
}

#[test]
fn a_tone_is_heard_at_the_far_end() {
    use loopstart_signal::{OutTone, ToneKind, TonePart};
    let (mut bench, _) = Bench::ready(&modem::STANDARD);
    bench.act(0, 1, dial("5550101"));
    bench.run(8_000);
    bench.act(1, 1, ActionKind::Answer);
    bench.run(10_000);
    let (mut reader, _writer) = streams(&mut bench.drivers[1]);
    bench.run(500);
    let part = TonePart { hz: 1_500, on_ms: 0, off_ms: 0, level_dbm0: -10.0 };
    let tone = ToneKind::Custom([part, TonePart::default(), TonePart::default(), TonePart::default()]);
    bench.act(0, 2, ActionKind::SendTone(OutTone { tone, duration: Some(ms(600)) }));
    let mut heard = Vec::new();
    for _ in 0..100 {
        use std::io::Read;
        bench.run(20);
        let mut bytes = [0; 4_096];
        while let Ok(n @ 1..) = reader.read(&mut bytes) {
            heard.extend(bytes[..n].chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])));
        }
    }
    assert!(bench.take(0).contains(&done(2)));
    let hz = |heard: &[i16]| heard.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
    let loud: Vec<i16> = heard.iter().copied().skip_while(|s| s.unsigned_abs() < 1_000).take(3_200).collect();
    assert!((580..=620).contains(&hz(&loud)), "0.4 s of 1500 Hz: {}", hz(&loud));
}
