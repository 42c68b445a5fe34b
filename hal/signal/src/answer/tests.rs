use super::*;
use crate::country;
use crate::dtmf;
use crate::fsk;
use crate::generate::tty::{Rate, Sender};
use crate::generate::{AnswerTone, Signal};
use crate::level;
use crate::line_model::{Hum, Interruptions, Law, LineModel, Settings as Line, g726};
use crate::osc::Osc;
use crate::test_signal::{Noise, mix_at, silence, speech, tone};
use crate::tone::TonePlayer;
use crate::{CallerId, Number, PartyId, cid};
use core::time::Duration;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

pub(super) fn events(line: &[i16]) -> Vec<Event> {
    let mut out = Vec::new();
    Detector::new().process(line, &mut |e| out.push(e));
    out
}

pub(super) fn name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Cng => "cng",
        Kind::Ced => "ced",
        Kind::Ans => "ans",
        Kind::AnsAm => "ansam",
        Kind::Tty => "tty",
        Kind::Machine { .. } => "machine",
        Kind::GreetingEnd { .. } => "greeting end",
        Kind::Beep { .. } => "beep",
    }
}

/// The names of what is told, in order.
pub(super) fn told(line: &[i16]) -> Vec<&'static str> {
    events(line).iter().map(|e| name(&e.kind)).collect()
}

/// What is told of tones, text and beeps.
fn signals(line: &[i16]) -> Vec<&'static str> {
    told(line).into_iter().filter(|n| !matches!(*n, "machine" | "greeting end")).collect()
}

/// An answer tone: its frequency in Hz, ms from reversal to reversal (0: none), depth and frequency of its modulation.
fn answer_tone(hz: f32, reversal_ms: f32, depth: f32, am_hz: f32, dbm0: f32, ms: usize) -> Vec<i16> {
    let (mut carrier, mut envelope) = (Osc::new(hz), Osc::new(am_hz));
    let period = reversal_ms * 8.0;
    (0..ms * 8)
        .map(|i| {
            let sign = if period > 0.0 && (i as f32 / period) as u32 % 2 == 1 { -1.0 } else { 1.0 };
            level::sample(level::peak(dbm0) * sign * (1.0 + depth * envelope.sine()) * carrier.sine())
        })
        .collect()
}

fn between(before: usize, what: &[i16], after: usize) -> Vec<i16> {
    let mut line = silence(before);
    line.extend(what);
    line.extend(silence(after));
    line
}

/// Ways in which a line spoils a signal of this level.
fn lines(dbm0: f32, seed: u64) -> Vec<(&'static str, Line)> {
    let line = Line { seed, ..Line::default() };
    let hum = |hz| Some(Hum { hz, dbm0: dbm0 + 3.0, partials: 5 });
    vec![
        ("clean", line),
        ("10 dB SNR", Line { noise_dbm0: Some(dbm0 - 10.0), ..line }),
        ("50 Hz hum", Line { hum: hum(50.0), ..line }),
        ("60 Hz hum, 15 dB SNR", Line { hum: hum(60.0), noise_dbm0: Some(dbm0 - 15.0), ..line }),
        ("mu-law", Line { law: Some(Law::Mu), ..line }),
        ("A-law", Line { law: Some(Law::A), ..line }),
        ("G.726-32", Line { law: Some(Law::Mu), adpcm: Some(g726::Rate::Kbit32), ..line }),
        ("interrupted", Line { interruptions: Some(Interruptions { per_second: 2.0, ms: 15.0 }), ..line }),
        ("channel bank", Line { channel_bank: true, ..line }),
        ("offset 3 Hz", Line { frequency_offset_hz: 3.0, ..line }),
    ]
}

#[test]
fn answer_tones_are_right_at_first_telling() {
    let mut noise = Noise::new(1);
    let mut wrong = Vec::new();
    for (level, seed) in [(0.0, 1), (-12.0, 2), (-25.0, 3), (-38.0, 4), (-43.0, 5)] {
        for (line_name, line) in lines(level, seed) {
            // At the lowest level G.726 and companding leave little more than a tone's sign.
            if line_name == "G.726-32" && level < -40.0 {
                continue;
            }
            for (expected, reversals, depth, bell) in [
                ("ced", false, 0.0, false),
                ("ans", true, 0.0, false),
                ("ansam", true, 0.2, false),
                ("ansam", false, 0.2, false),
                ("ans", false, 0.0, true),
            ] {
                let hz = if bell { 2225.0 * (0.99 + 0.02 * noise.uniform()) } else { 2070.0 + 60.0 * noise.uniform() };
                let period = if reversals { 426.0 + 48.0 * noise.uniform() } else { 0.0 };
                let depth = if depth > 0.0 { 0.17 + 0.06 * noise.uniform() } else { 0.0 };
                let call = answer_tone(hz, period, depth, 15.0 + 0.2 * (noise.uniform() - 0.5), level, 3000);
                let mut call = between(300, &call, 400);
                LineModel::new(&line).process(&mut call);
                let got = told(&call);
                if got != [expected] {
                    wrong
                        .push(format!("{level} dBm0 {line_name}: {hz} Hz {period} ms {depth}: {got:?} for {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn answer_tones_are_told_in_time() {
    let at = |call: &[i16]| {
        let e = events(&between(1000, call, 500));
        (e.len(), e.first().map_or(0, |e| e.at / 8 - 1000))
    };
    let tone = |reversals, depth| answer_tone(2100.0, reversals, depth, 15.0, -15.0, 3000);
    let (n, ced) = at(&tone(0.0, 0.0));
    assert!(n == 1 && (500..=600).contains(&ced), "{ced}");
    let (n, ans) = at(&tone(450.0, 0.0));
    assert!(n == 1 && (440..=500).contains(&ans), "{ans}");
    let (n, ansam) = at(&tone(450.0, 0.2));
    assert!(n == 1 && (380..=450).contains(&ansam), "{ansam}");
}

#[test]
fn a_tone_whose_beginning_was_missed_waits_for_its_reversal() {
    for cut in [50, 150, 250, 350, 440] {
        let tone = answer_tone(2100.0, 450.0, 0.0, 15.0, -20.0, 3000);
        assert_eq!(told(&between(500, &tone[cut * 8..], 300)), ["ans"], "{cut} ms");
        // The recording may begin within the tone.
        assert_eq!(told(&between(0, &tone[cut * 8..], 300)), ["ans"], "{cut} ms");
    }
}

#[test]
fn answer_tones_are_told_once_and_again_in_the_next_call() {
    let ced = answer_tone(2100.0, 0.0, 0.0, 15.0, -15.0, 2600);
    let mut line = between(500, &ced, 0);
    line[16_000..16_320].fill(0);
    line.extend(silence(3000));
    line.extend(&ced);
    line.extend(silence(500));
    assert_eq!(told(&line), ["ced", "ced"]);
    // Too short, and beside the frequencies.
    assert!(told(&between(500, &ced[..400 * 8], 500)).is_empty());
    for hz in [2040.0, 2160.0, 2280.0] {
        assert!(told(&between(500, &tone(&[hz], -15.0, 3000), 500)).is_empty(), "{hz}");
    }
}

#[test]
fn the_crates_own_answer_tones() {
    for (expected, signal) in [
        ("ced", Signal::Ced),
        ("ans", Signal::Ans),
        ("ansam", Signal::AnsAm),
        ("ans", Signal::Bell),
        ("cng", Signal::Cng),
        ("tty", Signal::Tty),
    ] {
        let mut part = silence(3300);
        signal.generator(country::US, None).unwrap().fill(&mut part);
        assert_eq!(told(&between(700, &part, 500)), [expected]);
    }
    let mut part = silence(3000);
    AnswerTone::new(-12.0, None, true).fill(&mut part);
    assert_eq!(told(&between(700, &part, 500)), ["ansam"]);
}

/// A fax machine's calling tone.
fn cng(hz: f32, on_ms: usize, bursts: usize, dbm0: f32) -> Vec<i16> {
    (0..bursts).flat_map(|_| between(0, &tone(&[hz], dbm0, on_ms), 3000)).collect()
}

#[test]
fn calling_tones_of_fax_machines() {
    let mut noise = Noise::new(2);
    let mut wrong = Vec::new();
    for (level, seed) in [(0.0, 1), (-15.0, 2), (-30.0, 3), (-43.0, 4)] {
        for (line_name, line) in lines(level, seed) {
            let hz = 1062.0 + 76.0 * noise.uniform();
            let on = (430.0 + 140.0 * noise.uniform()) as usize;
            let mut call = between(400, &cng(hz, on, 3, level), 0);
            LineModel::new(&line).process(&mut call);
            let got = told(&call);
            if got != ["cng"] {
                wrong.push(format!("{level} dBm0 {line_name}: {hz} Hz, {on} ms: {got:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    // After the first burst, not within it.
    let at = events(&between(1000, &cng(1100.0, 500, 1, -15.0), 500))[0].at / 8;
    assert!((1500..1650).contains(&at), "{at}");
}

#[test]
fn other_tones_near_1100_hz_are_no_calling_tones() {
    for (hz, on) in [(1100.0, 300), (1100.0, 800), (1100.0, 3000), (1030.0, 500), (1170.0, 500), (1300.0, 600)] {
        assert!(told(&between(500, &cng(hz, on, 2, -15.0), 0)).is_empty(), "{hz} Hz, {on} ms");
    }
    assert!(told(&between(500, &cng(1100.0, 40, 1, -15.0), 0)).is_empty());
    let dual: Vec<i16> = (0..3).flat_map(|_| between(0, &tone(&[1100.0, 1700.0], -15.0, 500), 500)).collect();
    assert!(told(&between(500, &dual, 0)).is_empty());
}

pub(super) fn typed(rate: Rate, dbm0: f32, text: &str) -> Vec<i16> {
    let mut sender = Sender::new(rate, dbm0);
    sender.type_text(text);
    let mut out = Vec::new();
    while !sender.is_idle() {
        let mut part = silence(20);
        sender.mix(&mut part);
        out.extend(part);
    }
    out
}

fn read(line: &[i16]) -> String {
    let mut out = String::new();
    tty::Receiver::new().process(line, &mut |e| out.push(e.character));
    out
}

const TEXT: &str = "HELLO, THIS IS 555 0123. GA";

#[test]
fn text_telephones_are_told_and_read() {
    let mut wrong = Vec::new();
    for rate in [Rate::B45, Rate::B50] {
        for (level, seed) in [(-5.0, 1), (-20.0, 2), (-35.0, 3), (-43.0, 4)] {
            for (line_name, line) in lines(level, seed) {
                // An interruption of 15 ms takes most of a bit.
                if line_name == "interrupted" || (line_name == "G.726-32" && level < -40.0) {
                    continue;
                }
                let mut call = between(600, &typed(rate, level, TEXT), 800);
                LineModel::new(&line).process(&mut call);
                let (got, text) = (told(&call), read(&call));
                if got != ["tty"] || text != TEXT {
                    wrong.push(format!("{rate:?} {level} dBm0 {line_name}: {got:?} {text:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn text_at_a_rate_one_percent_off_and_without_a_lead() {
    for scale in [0.99f32, 1.01] {
        let call = typed(Rate::B45, -20.0, TEXT);
        let resampled: Vec<i16> =
            (0..(call.len() as f32 / scale) as usize - 2).map(|i| call[(i as f32 * scale) as usize]).collect();
        // Nearest samples make a noisy line of it.
        assert_eq!(read(&between(100, &resampled, 800)), TEXT, "{scale}");
        assert_eq!(told(&between(100, &resampled, 800)), ["tty"], "{scale}");
    }
    // Cut into the carrier that stands before the first character: the first bit comes out of silence.
    for rate in [Rate::B45, Rate::B50] {
        let call = typed(rate, -20.0, TEXT);
        assert_eq!(read(&between(500, &call[150 * 8..], 800)), TEXT);
    }
}

#[test]
fn text_resumes_with_letters_in_the_next_turn() {
    let mut line = between(500, &typed(Rate::B45, -20.0, "CALL 55"), 3000);
    line.extend(typed(Rate::B45, -25.0, "OK 7"));
    line.extend(silence(500));
    assert_eq!(read(&line), "CALL 55OK 7");
    assert_eq!(told(&line), ["tty"]);
}

/// What is no text telephone, no answer tone and no beep.
fn foreign(seed: u64) -> Vec<(&'static str, Vec<i16>)> {
    let id = CallerId { number: PartyId::Known(Number::new("5550101")), ..CallerId::default() };
    let frame = |spec| {
        let mut modem = fsk::Sender::new(spec, -15.0);
        modem.load(cid::Frame::from_caller_id(&id).bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS);
        let mut out = silence(1200);
        modem.mix(&mut out);
        out
    };
    let mut digits = silence(4000);
    let mut sender = dtmf::Sender::new(-10.0);
    for d in b"1234567890*#ABCD" {
        sender.push(*d, Duration::from_millis(110), Duration::from_millis(70));
    }
    sender.mix(&mut digits);
    let mut noise = silence(5000);
    Noise::new(seed).add(&mut noise, -25.0);
    let signal = |s: Signal, ms: usize| {
        let mut out = silence(ms);
        s.generator(country::US, None).unwrap().fill(&mut out);
        out
    };
    vec![
        ("speech", speech(seed, -18.0, 20_000)),
        ("Bell 202", frame(fsk::BELL202)),
        ("V.23", frame(fsk::V23)),
        ("digits", digits),
        ("noise", noise),
        ("special information tone", signal(Signal::Sit, 6000)),
        ("howler", signal(Signal::Howler, 4000)),
        ("alerting tone", signal(Signal::Cas, 80)),
        ("calling modem", signal(Signal::Calling, 5000)),
        ("milliwatt", signal(Signal::Milliwatt, 5000)),
        ("silence", silence(2000)),
    ]
}

#[test]
fn nothing_else_is_told() {
    for seed in 1..=6 {
        for (what, samples) in foreign(seed) {
            let call = between(300, &samples, 1500);
            assert_eq!(signals(&call), [""; 0], "{what}, {seed}");
            assert_eq!(read(&call), "", "{what}, {seed}");
            if what != "speech" {
                assert_eq!(told(&call), [""; 0], "{what}, {seed}");
                // After a voice, too.
                let mut after = speech(seed, -18.0, 1200);
                after.extend(silence(300));
                after.extend(&call);
                // A burst of 1300 Hz may be a beep until the next comes.
                let beeps = usize::from(what == "calling modem");
                assert!(signals(&after).len() <= beeps, "{what} after a voice, {seed}: {:?}", signals(&after));
            }
        }
    }
}

#[test]
fn no_countrys_tones_are_told() {
    for country in country::all() {
        for segments in [
            country.dial,
            country.stutter,
            country.ringback,
            country.busy,
            country.reorder,
            country.sit,
            country.confirmation,
            country.unobtainable,
        ] {
            let mut part = silence(9000);
            TonePlayer::new(segments, -15.0).fill(&mut part);
            let mut call = speech(3, -15.0, 1000);
            call.extend(silence(400));
            call.extend(&part);
            let got: Vec<_> = told(&call).into_iter().filter(|n| *n != "greeting end").collect();
            assert_eq!(got, [""; 0], "{}: {segments:?}", country.code);
        }
    }
}

#[test]
fn beeps_of_all_frequencies_and_lengths() {
    let mut noise = Noise::new(5);
    let mut wrong = Vec::new();
    for i in 0..60u64 {
        let hz = 400.0 + 1600.0 * (i as f32 + noise.uniform()) / 60.0;
        let most = if hz < 500.0 { 750.0 } else { 1400.0 };
        let ms = (100.0 + most * noise.uniform()) as usize;
        let level = -30.0 + 22.0 * noise.uniform();
        let voice = 1000 + (5000.0 * noise.uniform()) as usize;
        let mut call = speech(i, level - 2.0, voice);
        call.extend(silence(100 + (1500.0 * noise.uniform()) as usize));
        call.extend(tone(&[hz], level, ms));
        call.extend(silence(2000));
        Noise::new(i).add(&mut call, level - 25.0);
        let got = events(&call);
        let beep = got.iter().find_map(|e| if let Kind::Beep { hz, ms } = e.kind { Some((hz, ms)) } else { None });
        let right = beep.is_some_and(|(f, length)| (f - hz).abs() < 0.005 * hz && length.abs_diff(ms as u32) <= 15);
        let machine = got.iter().filter(|e| matches!(e.kind, Kind::Machine { .. })).count();
        if !right || machine != 1 {
            wrong.push(format!("{i}: {hz} Hz, {ms} ms, {level} dBm0: {got:?}"));
        }
    }
    // Speech in which a word ends like a tone may hide one.
    assert!(wrong.len() <= 1, "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn tones_that_are_no_beeps() {
    let voice = speech(7, -15.0, 1200);
    let after = |what: &[i16]| {
        let mut call = voice.clone();
        call.extend(silence(400));
        call.extend(what);
        call.extend(silence(2000));
        signals(&call)
    };
    assert_eq!(after(&tone(&[1000.0], -15.0, 400)), ["beep"]);
    assert_eq!(after(&tone(&[1000.0], -15.0, 60)), [""; 0]);
    assert_eq!(after(&tone(&[1000.0], -15.0, 1800)), [""; 0]);
    assert_eq!(after(&tone(&[350.0], -15.0, 400)), [""; 0]);
    assert_eq!(after(&tone(&[2150.0], -15.0, 400)), [""; 0]);
    assert_eq!(after(&tone(&[1209.0, 697.0], -15.0, 400)), [""; 0]);
    // Of a pair that is 8 dB apart the stronger alone would do.
    let mut twisted = tone(&[1336.0], -12.0, 300);
    mix_at(&mut twisted, &tone(&[852.0], -20.0, 300), 0);
    assert_eq!(after(&twisted), [""; 0]);
    // A glide of 4 %.
    let mut osc = Osc::new(1000.0);
    let glide: Vec<i16> = (0..3200)
        .map(|i| {
            osc.set(1000.0 + i as f32 / 80.0);
            level::sample(4000.0 * osc.sine())
        })
        .collect();
    assert_eq!(after(&glide), [""; 0]);
    // Somebody goes on speaking.
    let mut interrupted = tone(&[1000.0], -15.0, 300);
    interrupted.extend(speech(8, -15.0, 1500));
    assert_eq!(after(&interrupted), [""; 0]);
    // Nobody has spoken before.
    assert_eq!(told(&between(1000, &tone(&[1000.0], -15.0, 400), 1500)), [""; 0]);
    // Fax machines' tones are no beeps, unless a machine has spoken.
    assert_eq!(after(&tone(&[1100.0], -15.0, 500)), ["cng"]);
    assert_eq!(after(&tone(&[1100.0], -15.0, 250)), ["beep"]);
    let mut machine = speech(9, -15.0, 5000);
    machine.extend(silence(300));
    machine.extend(tone(&[1100.0], -15.0, 500));
    machine.extend(silence(1500));
    assert_eq!(signals(&machine), ["beep"]);
}

#[test]
fn greetings_have_their_length() {
    for (length, seed) in [(500, 1), (900, 2), (1400, 3), (2200, 4)] {
        let got = events(&between(700, &speech(seed, -20.0, length), 2000));
        let [Event { at, kind: Kind::GreetingEnd { greeting_ms, pause_ms } }] = got[..] else {
            panic!("{length}: {got:?}")
        };
        assert!(greeting_ms.abs_diff(length as u32) < 200, "{length}: {greeting_ms}");
        assert!((690..=720).contains(&pause_ms));
        let ended = (700 + length) as u64;
        assert!((ended + 500..ended + 800).contains(&(at / 8)), "{at}");
    }
    for (length, seed) in [(3500, 5), (8000, 6)] {
        let got = events(&between(700, &speech(seed, -20.0, length), 2000));
        let [Event { at, kind: Kind::Machine { .. } }, Event { kind: Kind::GreetingEnd { greeting_ms, .. }, .. }] =
            got[..]
        else {
            panic!("{length}: {got:?}")
        };
        assert!((3300..4000).contains(&(at / 8)), "{at}");
        assert!(greeting_ms.abs_diff(length as u32) < 200, "{length}: {greeting_ms}");
    }
}

#[test]
fn limits_are_the_applications() {
    let line = between(500, &speech(5, -20.0, 3500), 2000);
    let machine = |settings| {
        let mut told = false;
        Detector::with_settings(settings).process(&line, &mut |e| told |= matches!(e.kind, Kind::Machine { .. }));
        told
    };
    assert!(machine(Settings { greeting_ms: 1500, ..Settings::default() }));
    assert!(!machine(Settings { greeting_ms: 4000, ..Settings::default() }));
}

#[test]
fn only_the_first_voice_of_a_call_is_a_greeting() {
    let mut line = between(300, &speech(2, -20.0, 900), 1500);
    line.extend(speech(4, -20.0, 6000));
    line.extend(silence(1500));
    assert_eq!(told(&line), ["greeting end"]);
    // The next call on the same line.
    let mut detector = Detector::new();
    let mut got = Vec::new();
    detector.process(&line, &mut |e| got.push(name(&e.kind)));
    detector.hint(progress::Kind::Tone(ProgressTone::Ringback));
    detector.process(&line[2400 * 8..], &mut |e| got.push(name(&e.kind)));
    assert_eq!(got, ["greeting end", "machine", "greeting end"]);
    detector.answered();
    detector.process(&line[2400 * 8..], &mut |e| got.push(name(&e.kind)));
    assert_eq!(got[3..], ["machine", "greeting end"]);
}

/// What the exchange of this project plays to its callers: 4.2 s of greeting, 0.3 s of pause and a beep of 1000 Hz;
/// 2100 Hz for 3 s; ANSam for 5 s; at -12 dBm0 behind ringback.
#[test]
fn the_emulated_exchanges_far_ends() {
    let ring = |wait: usize| {
        let mut part = silence(2000);
        TonePlayer::new(country::US.ringback, -19.0).fill(&mut part);
        part.extend(silence(wait));
        part
    };
    let mut machine = ring(600);
    machine.extend(speech(11, -16.0, 4200));
    machine.extend(silence(300));
    machine.extend(tone(&[1000.0], -12.0, 600));
    machine.extend(silence(3000));
    let got = told(&machine);
    assert!(got.contains(&"machine") && got.contains(&"beep"), "{got:?}");
    let mut fax = ring(1900);
    fax.extend(tone(&[2100.0], -12.0, 3000));
    fax.extend(silence(1000));
    assert_eq!(told(&fax), ["ced"]);
    let mut modem = ring(1900);
    modem.extend(answer_tone(2100.0, 450.0, 0.2, 15.0, -12.0, 5000));
    modem.extend(silence(1000));
    assert_eq!(told(&modem), ["ansam"]);
}

#[test]
fn blocks_of_any_size_give_the_same() {
    let mut line = between(500, &speech(12, -20.0, 4000), 300);
    line.extend(tone(&[880.0], -18.0, 400));
    line.extend(silence(1500));
    line.extend(answer_tone(2100.0, 450.0, 0.0, 15.0, -20.0, 2000));
    line.extend(typed(Rate::B45, -20.0, "HELLO"));
    line.extend(silence(300));
    let whole = events(&line);
    assert!(whole.len() >= 4, "{whole:?}");
    for size in [1, 7, 79, 80, 81, 160, 1000] {
        let mut detector = Detector::new();
        let mut got = Vec::new();
        for block in line.chunks(size) {
            detector.process(block, &mut |e| got.push(e));
        }
        assert_eq!(got, whole, "{size}");
    }
}

#[test]
fn reset_forgets_all_but_the_time() {
    let tone = answer_tone(2100.0, 0.0, 0.0, 15.0, -20.0, 1000);
    let mut detector = Detector::new();
    let mut got = Vec::new();
    detector.process(&tone[..400 * 8], &mut |e| got.push(e));
    detector.reset();
    detector.process(&tone[..400 * 8], &mut |e| got.push(e));
    assert!(got.is_empty());
    detector.process(&tone[..400 * 8], &mut |e| got.push(e));
    assert_eq!(got.len(), 1);
    assert!(got[0].at > 800 * 8);
}

#[test]
fn extreme_samples_do_no_harm() {
    let mut noise = Noise::new(9);
    let mut detector = Detector::new();
    let mut reader = tty::Receiver::new();
    for i in 0..2000 {
        let block: Vec<i16> = (0..97)
            .map(|k| match i % 5 {
                0 => i16::MIN,
                1 => i16::MAX,
                2 if k % 2 == 0 => i16::MIN,
                2 => i16::MAX,
                3 => (noise.uniform() * 65_535.0 - 32_768.0) as i16,
                _ => 0,
            })
            .collect();
        detector.process(&block, &mut |e| assert!(!matches!(e.kind, Kind::Beep { hz, .. } if !hz.is_finite())));
        reader.process(&block, &mut |_| {});
    }
    // And it works on.
    let mut got = Vec::new();
    detector.process(&between(9000, &cng(1100.0, 500, 1, -15.0), 0), &mut |e| got.push(name(&e.kind)));
    assert_eq!(got.last(), Some(&"cng"));
}

#[test]
fn a_line_needs_less_than_2_kib() {
    assert!(size_of::<Detector>() <= 2048, "{}", size_of::<Detector>());
}
