//! Every emulated model of modem against the driver: the same calls for each, under virtual time.

use super::exchange::{Bench, Tap, streams};
use super::*;
use crate::drivers::voice_modem::codec::Coding;
use crate::exchange::EventKind;
use crate::exchange::modem::{self, Modem};
use loopstart_signal::country::US;
use loopstart_signal::{Heed, g711, linear};
use std::fs::File;
use std::io::{Read, Write};

/// What the driver is to make of a model.
struct Expected {
    model: &'static modem::Profile,
    /// The profile it finds.
    profile: &'static str,
    /// The format it chooses: number, coding, samples per second.
    format: Option<(u32, Coding, u16)>,
}

const fn expected(model: &'static modem::Profile, profile: &'static str, format: (u32, Coding, u16)) -> Expected {
    Expected { model, profile, format: Some(format) }
}

/// The voice modems.
const VOICE: &[Expected] = &[
    expected(&modem::STANDARD, "v253", (128, Coding::Unsigned8, 8_000)),
    expected(&modem::SILENT, "v253", (128, Coding::Unsigned8, 8_000)),
    expected(&modem::CONEXANT, "conexant", (1, Coding::Unsigned8, 8_000)),
    expected(&modem::USR5637, "usr5637", (129, Coding::Linear16, 8_000)),
    expected(&modem::SI24XX, "si24xx", (1, Coding::Unsigned8, 8_000)),
    expected(&modem::AGERE, "agere", (128, Coding::Unsigned8, 8_000)),
    expected(&modem::CIRRUS, "cirrus", (0, Coding::Unsigned8, 8_000)),
    expected(&modem::ROCKWELL, "rockwell", (4, Coding::Rockwell4, 7_200)),
];

/// Those without a voice class.
const DATA: &[Expected] = &[
    Expected { model: &modem::DATA_ONLY, profile: "v253", format: None },
    Expected { model: &modem::OLD_USR5637, profile: "usr5637", format: None },
];

/// Samples that a coding carries without loss.
fn on_grid(coding: Coding, samples: &[i16]) -> Vec<i16> {
    let nearest = |sample: i16| match coding {
        Coding::Unsigned8 | Coding::Signed8 => linear::unsigned8_decode(linear::unsigned8_encode(sample)),
        Coding::MuLaw => g711::ulaw_decode(g711::ulaw_encode(sample)),
        Coding::ALaw => g711::alaw_decode(g711::alaw_encode(sample)),
        _ => sample,
    };
    samples.iter().map(|s| nearest(*s)).collect()
}

/// A prompt that begins and ends at full swing, and in which no piece is like another.
fn prompt(length: usize) -> Vec<i16> {
    let mut noise = 1u32;
    let sample = |i: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let tone = 6_000.0 * (0.31 * (i as f32 + 5.0)).sin() + 3_000.0 * (0.093 * i as f32).cos();
        tone as i16 + (noise >> 22) as i16
    };
    (0..length).map(sample).collect()
}

fn write(file: &mut File, samples: &[i16]) {
    file.write_all(&samples.iter().flat_map(|s| s.to_ne_bytes()).collect::<Vec<_>>()).unwrap();
}

fn read(file: &mut File) -> Vec<i16> {
    let (mut all, mut part) = (Vec::new(), [0; 4_096]);
    while let Ok(n @ 1..) = file.read(&mut part) {
        all.extend(part[..n].chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])));
    }
    all
}

/// Where `wanted` begins in `heard`, found by its middle: the first and the last of it may be what is wrong.
fn place(heard: &[i16], wanted: &[i16]) -> Option<usize> {
    let middle = wanted.len() / 2;
    let window = wanted.get(middle..middle + 400)?;
    let error = |at: usize| -> f64 {
        let differences = heard[at..].iter().zip(window).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        differences.sum()
    };
    let last = heard.len().checked_sub(window.len())?;
    (0..=last).min_by(|a, b| error(*a).total_cmp(&error(*b)))?.checked_sub(middle)
}

/// Signal to distortion, in dB.
fn distortion(heard: &[i16], wanted: &[i16]) -> f64 {
    let power = |x: f64| x * x;
    let signal: f64 = wanted.iter().map(|s| power(f64::from(*s))).sum();
    let noise: f64 = heard.iter().zip(wanted).map(|(a, b)| power(f64::from(*a) - f64::from(*b))).sum();
    10.0 * (signal / noise.max(1e-9)).log10()
}

/// What is heard of a prompt: sample for sample where the format loses nothing, within its own distortion where it does.
#[track_caller]
fn compare(what: &str, coding: Coding, rate: u16, heard: &[i16], wanted: &[i16]) {
    let at = place(heard, wanted).unwrap_or_else(|| panic!("{what}: {} samples", heard.len()));
    let tail = heard.get(at..at + wanted.len()).unwrap_or_else(|| panic!("{what}: the end is missing"));
    let lossless = rate == 8_000 && !matches!(coding, Coding::Ima | Coding::Rockwell4);
    if lossless {
        let first = tail.iter().zip(wanted).position(|(a, b)| a != b);
        assert_eq!(first, None, "{what}: sample {first:?} of {} differs", wanted.len());
    } else {
        // 4 bits: IMA and Rockwell have some 20 dB on speech; the noise in the prompt is harder.
        let (all, first, last) = (
            distortion(tail, wanted),
            distortion(&tail[..400], &wanted[..400]),
            distortion(&tail[wanted.len() - 8..], &wanted[wanted.len() - 8..]),
        );
        assert!(
            all > 12.0 && first > 6.0 && last > 3.0,
            "{what}: {all:.1} dB, {first:.1} and {last:.1} dB at its ends"
        );
    }
}

fn symbols(told: &[LineEvent]) -> String {
    let begun = told.iter().filter_map(|e| match e {
        LineEvent::Digit(d) if d.edge == DigitEdge::Begin => Some(char::from(d.symbol)),
        _ => None,
    });
    begun.collect()
}

/// What the exchange has received as digits on line 0.
fn received(bench: &Bench) -> String {
    let digits = bench.exchange.events().iter().filter_map(|e| match e.kind {
        EventKind::Digit(d, _) if e.line == 0 => Some(char::from(d)),
        _ => None,
    });
    digits.collect()
}

/// Rings line 0 from outside.
fn ring(bench: &mut Bench, number: &str) -> Vec<LineEvent> {
    bench.exchange.call(0, PartyId::Known(Number::new(number)), PartyId::Known(Name::new("JANE DOE"))).unwrap();
    bench.run(8_000);
    bench.take(0)
}

#[track_caller]
fn identified(name: &str, told: &[LineEvent], number: &str) {
    assert!(told.contains(&RING), "{name}: {told:?}");
    let id = told.iter().find_map(|e| if let LineEvent::CallerId(id) = e { Some(*id) } else { None });
    let id = id.unwrap_or_else(|| panic!("{name} has not told who calls: {told:?}"));
    assert_eq!(id.number, PartyId::Known(Number::new(number)), "{name}");
    assert_eq!(id.name, PartyId::Known(Name::new("JANE DOE")), "{name}");
    assert!(id.time.is_some(), "{name}");
}

fn ready(expected: &Expected) -> Bench {
    let name = expected.model.name;
    let (bench, caps) = Bench::ready(expected.model);
    let driver = &bench.drivers[0];
    assert_eq!(driver.profile().name, expected.profile, "{name}");
    assert_eq!(driver.format().map(|f| (f.id, f.coding, f.rate)), expected.format, "{name}");
    let voice = expected.format.is_some();
    assert_eq!(
        caps.contains(Caps::VOICE | Caps::AUDIO | Caps::SENDS_DTMF | Caps::HEARS_DTMF),
        voice,
        "{name}: {caps:?}"
    );
    assert_eq!(caps.contains(Caps::DATA), !voice, "{name}: {caps:?}");
    assert_eq!(caps.contains(Caps::CALLER_ID), expected.model.identifies, "{name}: {caps:?}");
    bench
}

/// Line 0 rung and answered.
fn talking(expected: &Expected) -> Bench {
    let mut bench = ready(expected);
    ring(&mut bench, "2125550100");
    bench.act(0, 1, ActionKind::Answer);
    bench.run(1_500);
    let told = bench.take(0);
    assert!(told.ends_with(&[LineEvent::OffHook, done(1)]), "{}: {told:?}", expected.model.name);
    bench
}

#[test]
fn the_same_as_the_names_say() {
    let tested: Vec<&str> = VOICE.iter().chain(DATA).map(|e| e.model.name).collect();
    assert!(modem::PROFILES.iter().all(|p| tested.contains(&p.name)), "a model is not tested");
}

#[test]
fn incoming_calls() {
    for expected in VOICE {
        let name = expected.model.name;
        let mut bench = ready(expected);
        let told = ring(&mut bench, "2125550100");
        identified(name, &told, "2125550100");
        bench.act(0, 1, ActionKind::Answer);
        bench.run(1_500);
        let told = bench.take(0);
        assert!(told.ends_with(&[LineEvent::OffHook, done(1)]), "{name}: {told:?}");
        // Digits both ways.
        bench.act(0, 2, ActionKind::Listen(Heed::DTMF));
        bench.exchange.send_digits(0, "1590*#").unwrap();
        bench.run(4_000);
        let told = bench.take(0);
        assert_eq!(symbols(&told), "1590*#", "{name}: {told:?}");
        bench.act(0, 3, send("42*#7"));
        bench.run(4_000);
        assert!(bench.take(0).contains(&done(3)), "{name}");
        assert_eq!(received(&bench), "42*#7", "{name}");
        // The far end hangs up.
        bench.exchange.hang_up(0).unwrap();
        bench.run(25_000);
        let told = bench.take(0);
        let seen = told.iter().any(|e| {
            matches!(
                e,
                LineEvent::Released(_)
                    | LineEvent::Tone(ProgressTone::Dial | ProgressTone::Reorder | ProgressTone::Busy)
            )
        });
        assert!(seen, "{name}: {told:?}");
        bench.act(0, 4, ActionKind::Release);
        bench.run(2_000);
        let told = bench.take(0);
        assert!(told.ends_with(&[LineEvent::OnHook, done(4)]), "{name}: {told:?}");
        // And the next one is identified again, after all the changes of class.
        identified(name, &ring(&mut bench, "2125550199"), "2125550199");
        bench.exchange.hang_up(0).unwrap();
        bench.run(10_000);
        assert!(bench.take(0).contains(&LineEvent::RingStopped), "{name}");
    }
}

#[test]
fn outgoing_calls() {
    for expected in VOICE {
        let name = expected.model.name;
        let mut bench = ready(expected);
        let mut id = 0;
        let mut call = |bench: &mut Bench, number: &str, millis: u64| {
            id += 2;
            bench.act(0, id, dial(number));
            bench.run(millis);
            let told = bench.take(0);
            assert!(told.starts_with(&[LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed]), "{name}: {told:?}");
            bench.act(0, id + 1, ActionKind::Release);
            bench.run(3_000);
            let after = bench.take(0);
            assert!(after.contains(&done(id + 1)), "{name}: {after:?}");
            told
        };
        let busy = call(&mut bench, "5550121", 15_000);
        let rings = call(&mut bench, "5550122", 15_000);
        let answers = call(&mut bench, "5550120", 25_000);
        if !expected.model.reports_progress {
            continue;
        }
        let saw_busy = busy
            .iter()
            .any(|e| matches!(e, LineEvent::Released(ReleaseWitness::Busy) | LineEvent::Tone(ProgressTone::Busy)));
        assert!(saw_busy, "{name}: {busy:?}");
        let saw_ringback = rings.contains(&LineEvent::Tone(ProgressTone::Ringback));
        // A Rockwell says nothing of ringback: its VCON comes when the far end has answered.
        assert!(saw_ringback || expected.model.dialect == modem::Dialect::Rockwell, "{name}: {rings:?}");
        let answered = |told: &[LineEvent]| told.iter().any(|e| matches!(e, LineEvent::Answered(_)));
        assert!(!answered(&busy) && !answered(&rings) && answered(&answers), "{name}: {answers:?}");
    }
}

#[test]
fn prompts_and_recordings() {
    for expected in VOICE {
        let name = expected.model.name;
        let Some((_, coding, rate)) = expected.format else { continue };
        let mut bench = talking(expected);
        let (mut reader, mut writer) = streams(&mut bench.drivers[0]);
        drop(reader);
        // Played: what the program says is on the line, from the first sample to the last.
        let wanted = on_grid(coding, &prompt(8_000));
        bench.tap = Some(Tap::default());
        write(&mut writer, &wanted);
        bench.run(3_000);
        let tap = bench.tap.take().unwrap();
        compare(&format!("{name} plays"), coding, rate, &tap.said, &wanted);
        // Recorded: what the line says reaches the program.
        (reader, writer) = streams(&mut bench.drivers[0]);
        drop(writer);
        bench.run(500);
        read(&mut reader);
        bench.tap = Some(Tap::default());
        bench.exchange.play(0, prompt(8_000)).unwrap();
        let mut heard = Vec::new();
        for _ in 0..100 {
            bench.run(20);
            heard.extend(read(&mut reader));
        }
        let line = bench.tap.take().unwrap().heard;
        let from = line.iter().position(|s| *s != 0).unwrap();
        let wanted = on_grid(coding, &line[from..from + 8_000]);
        compare(&format!("{name} records"), coding, rate, &heard, &wanted);
        // An action in the middle of it, and the end of the call.
        bench.act(0, 2, send("5"));
        bench.run(2_500);
        assert!(bench.take(0).contains(&done(2)), "{name}");
        bench.act(0, 3, ActionKind::Release);
        bench.run(3_000);
        let told = bench.take(0);
        assert!(told.ends_with(&[LineEvent::OnHook, done(3)]), "{name}: {told:?}");
    }
}

#[test]
fn a_modem_that_lost_its_power_is_set_up_again() {
    for expected in VOICE.iter().chain(DATA).filter(|e| e.model.identifies) {
        let name = expected.model.name;
        let mut bench = ready(expected);
        // New from the switch: echo on, caller identification off.
        bench.firmware[0] = Modem::new(expected.model, US);
        bench.run(90_000);
        bench.take(0);
        identified(name, &ring(&mut bench, "2125550100"), "2125550100");
    }
}

#[test]
fn messages_wait() {
    for expected in VOICE.iter().chain(DATA).filter(|e| e.model.identifies) {
        let mut bench = ready(expected);
        for on in [true, false] {
            bench.exchange.set_messages(0, on).unwrap();
            bench.run(5_000);
            assert_eq!(bench.take(0), [LineEvent::MessageWaiting(on)], "{}", expected.model.name);
        }
    }
}

#[test]
fn modems_for_data() {
    for expected in DATA {
        let name = expected.model.name;
        let mut bench = ready(expected);
        let told = ring(&mut bench, "2125550100");
        if expected.model.identifies {
            identified(name, &told, "2125550100");
        }
        assert!(told.contains(&RING), "{name}: {told:?}");
        bench.exchange.hang_up(0).unwrap();
        bench.run(10_000);
        bench.act(0, 1, dial("5550121"));
        bench.run(20_000);
        let told = bench.take(0);
        let busy = told.iter().any(|e| matches!(e, LineEvent::Released(ReleaseWitness::Busy)));
        assert!(busy, "{name}: {told:?}");
    }
    let old = ready(&DATA[1]);
    assert!(old.drivers[0].advice().is_some_and(|advice| advice.contains("1.2.21")), "{:?}", old.drivers[0].advice());
}
