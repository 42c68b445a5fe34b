//! Other people's programs as judges: what we send must be read by them, and what they send must be read by us.
//!
//! Each test names the programs it needs and says `SKIPPED` aloud (`--nocapture`) where one is not installed. The
//! recordings in `tests/vectors` were made by the same programs and need none of them; its README tells how.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "these tests run programs and read files")]

mod hear;
mod tools;
mod vectors;

use hear::hear;
use loopstart_signal::country::US;
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{
    CallerId, DateTime, Name, Number, PartyId, ProgressTone, cid, clip, country, dtmf, fsk, generate,
};
use std::time::Duration;
use tools::{have, raw, run, samples, sox, spandsp, text, wav};

const ALL_DIGITS: &str = "123A456B789C*0#D";

fn seconds(s: f64) -> Vec<i16> {
    vec![0; (s * 8000.0) as usize]
}

/// Our digits.
fn digits(text: &str, on_ms: u64, off_ms: u64, dbm0: f32) -> Vec<i16> {
    let mut sender = dtmf::Sender::new(dbm0);
    sender.push_pause(Duration::from_millis(100));
    for d in text.bytes() {
        assert!(sender.push(d, Duration::from_millis(on_ms), Duration::from_millis(off_ms)));
    }
    let mut out = seconds(0.3 + text.len() as f64 * (on_ms + off_ms) as f64 / 1000.0);
    sender.mix(&mut out);
    out
}

fn caller() -> CallerId {
    CallerId {
        number: PartyId::Known(Number::new("5550197")),
        name: PartyId::Known(Name::new("J. DOE")),
        time: Some(DateTime { month: 5, day: 17, hour: 12, minute: 34 }),
    }
}

/// Our frame, on hook.
fn frame(spec: fsk::Spec, frame: &cid::Frame) -> Vec<i16> {
    let mut sender = fsk::Sender::new(spec, -13.5);
    assert!(sender.load(frame.bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS));
    let mut out = seconds(2.5);
    sender.mix(&mut out[2400..]);
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A signal of ours by name.
fn signal(name: &str, country: &str, length: f64) -> Vec<i16> {
    let country = country::by_code(country).expect("a country of the table");
    let mut out = seconds(length + 1.2);
    let end = 1600 + (length * 8000.0) as usize;
    generate::parse(name, country, Some(-15.0)).expect("a signal").fill(&mut out[1600..end]);
    out
}

#[test]
fn multimon_reads_our_digits() {
    if !have(&["multimon-ng", "sox"]) {
        return;
    }
    for (on, off, level) in [(50, 50, -10.0), (80, 60, -20.0)] {
        let path = wav("digits.wav", &digits(ALL_DIGITS, on, off, level));
        // Sox is called by multimon-ng for anything but raw samples at 22050 Hz.
        let told = text("multimon-ng", &["-q", "-a", "DTMF", "-t", "wav", &path]);
        let read: String = told.lines().filter_map(|l| l.strip_prefix("DTMF: ")).collect();
        assert_eq!(read, ALL_DIGITS, "{on} ms {level} dBm0:\n{told}");
    }
}

#[test]
fn spandsp_reads_our_digits() {
    let Some(program) = spandsp() else { return };
    for (on, off, level) in [(45, 45, -6.0), (50, 50, -10.0), (80, 60, -24.0)] {
        let told = text(program, &["dtmf-rx", &raw("digits.raw", &digits(ALL_DIGITS, on, off, level))]);
        assert_eq!(told.trim(), ALL_DIGITS, "{on} ms {level} dBm0");
    }
}

#[test]
fn we_read_digits_of_spandsp() {
    let Some(program) = spandsp() else { return };
    for (on, off) in [("40", "40"), ("50", "50"), ("100", "100")] {
        let heard = hear("us", &samples(&run(program, &["dtmf-tx", ALL_DIGITS, on, off])));
        assert_eq!(heard.digits, ALL_DIGITS);
    }
}

#[test]
fn we_read_digits_of_sox() {
    if !have(&["sox"]) {
        return;
    }
    for (digit, low, high) in [('1', "697", "1209"), ('5', "770", "1336"), ('9', "852", "1477"), ('D', "941", "1633")] {
        let out = sox(
            "digit.wav",
            &["synth", "0.05", "sine", low, "sine", high, "remix", "1,2", "gain", "-12", "pad", "0.1", "0.2"],
        );
        assert_eq!(hear("us", &out).digits, digit.to_string());
    }
}

#[test]
fn minimodem_reads_our_frames() {
    if !have(&["minimodem"]) {
        return;
    }
    let told = text(
        "minimodem",
        &[
            "--rx",
            "-q",
            "-f",
            &wav("frame.wav", &frame(fsk::BELL202, &cid::Frame::from_caller_id(&caller()))),
            "callerid",
        ],
    );
    for line in ["Time:  05/17 12:34", "Phone: 5550197", "Name:  J. DOE"] {
        assert!(told.contains(line), "{told}");
    }
    // In V.23 the bytes alone: those of the seizure come first.
    let sent = cid::Frame::from_caller_id(&caller());
    let path = wav("frame.wav", &frame(fsk::V23, &sent));
    let told = run("minimodem", &["--rx", "-q", "-M", "1300", "-S", "2100", "-f", &path, "1200"]);
    assert!(told.windows(sent.bytes().len()).any(|w| w == sent.bytes()), "{told:02x?}");
}

#[test]
fn we_read_frames_of_minimodem() {
    if !have(&["minimodem", "sox"]) {
        return;
    }
    let sent = cid::Frame::from_caller_id(&caller());
    for (carrier, mark, space) in [(cid::Carrier::Bell202, "1200", "2200"), (cid::Carrier::V23, "1300", "2100")] {
        // Minimodem sends bytes, with bits of whole samples: 40 at 48 000 Hz. The mark is a tone of sox.
        let modem = |name: &str, bytes: &[u8]| {
            let path = tools::Temporary::new(name);
            let mut child = std::process::Command::new("minimodem")
                .args(["--tx", "-q", "-R", "48000", "-v", "0.2", "-M", mark, "-S", space, "-f", &path, "1200"])
                .stdin(std::process::Stdio::piped())
                .spawn()
                .expect("minimodem starts");
            std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), bytes).expect("it reads");
            assert!(child.wait().expect("it ends").success());
            let slow = tools::Temporary::new(name);
            run("sox", &["-R", "-D", &path, "-r", "8000", &slow]);
            tools::read_wav(std::path::Path::new(&*slow))
        };
        let mut line = seconds(0.3);
        line.extend(modem("seizure.wav", &[0x55; 30]));
        line.extend(sox("mark.wav", &["synth", "0.15", "sine", mark, "gain", "-14"]));
        line.extend(modem("message.wav", sent.bytes()));
        line.extend(seconds(0.3));
        assert_eq!(hear("us", &line).frames, [(carrier, hex(sent.bytes()))]);
    }
}

#[test]
fn spandsp_reads_our_frames() {
    let Some(program) = spandsp() else { return };
    for (standard, spec) in [("1", fsk::BELL202), ("2", fsk::V23)] {
        for sent in
            [cid::Frame::from_caller_id(&caller()), cid::Frame::sdmf(&caller()), cid::Frame::message_waiting(true)]
        {
            let told = text(program, &["adsi-rx", standard, &raw("frame.raw", &frame(spec, &sent))]);
            // It tells the frame without its checksum.
            let bytes = sent.bytes();
            assert_eq!(told.trim(), hex(&bytes[..bytes.len() - 1]));
        }
    }
}

/// Fields for the program: date and time, number, name.
const FIELDS: [&str; 3] = ["01:3035313731323334", "02:35353530313937", "07:4a2e20444f45"];
const FRAME: &str = "801b0108303531373132333402073535353031393707064a2e20444f45cf";

#[test]
fn we_read_frames_of_spandsp() {
    let Some(program) = spandsp() else { return };
    for (standard, carrier) in [("1", cid::Carrier::Bell202), ("2", cid::Carrier::V23)] {
        let out = run(program, &["adsi-tx", standard, "80", FIELDS[0], FIELDS[1], FIELDS[2]]);
        assert_eq!(hear("us", &samples(&out)).frames, [(carrier, FRAME.to_owned())]);
    }
}

#[test]
fn we_read_japanese_frames_of_spandsp() {
    let Some(program) = spandsp() else { return };
    // Number and its attribute.
    let out = run(program, &["adsi-tx", "4", "40", "02:30333132333435363738", "21:40"]);
    let heard = hear("jp", &samples(&out));
    assert_eq!(heard.frames, [(cid::Carrier::Ntt, "400f020a30333132333435363738210140".to_owned())]);
}

#[test]
fn spandsp_reads_our_caller_id_by_digits() {
    let Some(program) = spandsp() else { return };
    let message = clip::Message { number: PartyId::Known(Number::new("5550197")), redirecting: PartyId::Absent };
    let mut sender = dtmf::Sender::new(-12.0);
    assert!(message.send(clip::Form::AtoC, &mut sender));
    let mut out = seconds(2.0);
    sender.mix(&mut out[800..]);
    let told = text(program, &["adsi-rx", "5", &raw("clip.raw", &out)]);
    assert_eq!(told.trim(), hex(b"A5550197C"));
}

#[test]
fn we_read_caller_id_by_digits_of_spandsp() {
    let Some(program) = spandsp() else { return };
    for (end, country, digits) in [("43", "se", "A5550197C"), ("23", "dk", "A5550197#")] {
        let mut out = samples(&run(program, &["adsi-tx", "5", end, "41:35353530313937"]));
        out.extend(seconds(1.0));
        assert_eq!(hear(country, &out).clips, [digits]);
    }
}

/// Our name, the number of modem_connect_tones.h, what our detector calls it.
const ANSWERS: [(&str, &str, &str); 4] =
    [("cng", "1", "Cng"), ("ced", "2", "Ced"), ("ans", "3", "Ans"), ("ansam", "5", "AnsAm")];

#[test]
fn spandsp_knows_our_answer_tones() {
    let Some(program) = spandsp() else { return };
    // It tells them apart by reversals and modulation only when it looks for them.
    for (name, number, _) in ANSWERS.into_iter().chain([("bell", "8", "")]) {
        let length = if name == "cng" { 7.5 } else { 3.3 };
        let told = text(program, &["connect-rx", number, &raw("answer.raw", &signal(name, "us", length))]);
        assert!(told.lines().any(|l| l == number), "{name}: {told}");
    }
}

#[test]
fn we_know_answer_tones_of_spandsp() {
    let Some(program) = spandsp() else { return };
    for (_, number, name) in ANSWERS.into_iter().chain([("", "4", "AnsAm"), ("", "8", "Ans")]) {
        let length = if name == "Cng" { "7500" } else { "3300" };
        let heard = hear("us", &samples(&run(program, &["connect-tx", number, length])));
        assert!(!heard.answers.is_empty() && heard.answers.iter().all(|a| a == name), "{number}: {:?}", heard.answers);
        assert_eq!((heard.digits.as_str(), heard.tones.len(), heard.frames.len()), ("", 0, 0));
    }
}

#[test]
fn spandsp_measures_our_tones() {
    let Some(program) = spandsp() else { return };
    for (code, name, f1, f2, on, off) in [
        ("us", "busy", "480", "620", 500, 500),
        ("us", "reorder", "480", "620", 250, 250),
        ("de", "busy", "425", "0", 480, 480),
        ("gb", "busy", "400", "0", 375, 375),
        ("fr", "ringback", "440", "0", 1500, 3500),
    ] {
        let length = f64::from(on + off) * 3.0 / 1000.0;
        let told = text(program, &["tone-rx", &raw("tone.raw", &signal(name, code, length)), f1, f2]);
        let pieces: Vec<(bool, i32)> = told
            .lines()
            .filter_map(|l| {
                let (first, ms) = (l.split(' ').next()?, l.split(' ').nth(2)?);
                Some((first != "-1", ms.parse().ok()?))
            })
            .collect();
        // The silence before comes first; the last pause has no end. Times come in steps of 16 ms.
        let middle = pieces.get(1..5).unwrap_or_else(|| panic!("{code} {name}:\n{told}"));
        for ((sounds, ms), expected) in middle.iter().zip([(true, on), (false, off), (true, on), (false, off)]) {
            assert_eq!(*sounds, expected.0, "{code} {name}:\n{told}");
            assert!((ms - expected.1).abs() <= 32, "{code} {name}:\n{told}");
        }
    }
}

#[test]
fn we_know_tones_of_spandsp_and_sox() {
    if let Some(program) = spandsp() {
        for (country, f1, f2, on, off, tone) in [
            ("us", "480", "620", "500", "500", ProgressTone::Busy),
            ("us", "480", "620", "250", "250", ProgressTone::Reorder),
            ("us", "350", "440", "1000", "0", ProgressTone::Dial),
            ("us", "440", "480", "2000", "4000", ProgressTone::Ringback),
            ("de", "425", "0", "480", "480", ProgressTone::Busy),
            ("gb", "400", "0", "375", "375", ProgressTone::Busy),
            ("fr", "440", "0", "1500", "3500", ProgressTone::Ringback),
        ] {
            let heard = hear(country, &samples(&run(program, &["tone-tx", "7000", f1, f2, on, off])));
            assert_eq!(heard.tones, [tone], "{country} {f1}");
        }
    }
    if have(&["sox"]) {
        let dial = ["synth", "3", "sine", "350", "sine", "440", "remix", "1,2", "gain", "-15", "pad", "0.3", "0.3"];
        assert_eq!(hear("us", &sox("dial.wav", &dial)).tones, [ProgressTone::Dial]);
        let busy = ["synth", "0.5", "sine", "425", "gain", "-15", "pad", "0", "0.5", "repeat", "4"];
        assert_eq!(hear("it", &sox("busy.wav", &busy)).tones, [ProgressTone::Busy]);
    }
}

#[test]
fn we_hear_the_alerting_tone_of_sox() {
    if !have(&["sox"]) {
        return;
    }
    let tone = [
        "synth", "0.08", "sine", "2130", "sine", "2750", "remix", "1,2", "gain", "-16", "pad", "0.4", "0.4", "repeat",
        "4",
    ];
    assert_eq!(hear("us", &sox("cas.wav", &tone)).alerts, 5);
}

#[test]
fn sox_measures_our_levels() {
    if !have(&["sox"]) {
        return;
    }
    let mut out = seconds(2.0);
    TonePlayer::fixed(&[1000.0], -12.0, None).fill(&mut out);
    let path = wav("level.wav", &out);
    let told = std::process::Command::new("sox").args([&path, "-n", "stats"]).output().expect("sox starts");
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    let rms: f64 = told
        .lines()
        .find_map(|l| l.strip_prefix("RMS lev dB"))
        .and_then(|v| v.trim().parse().ok())
        .unwrap_or_else(|| panic!("{told}"));
    // A full-scale sine is 3.01 dB below full scale in sox.
    let expected = -12.0 - f64::from(loopstart_signal::level::FULL_SCALE) - 3.01;
    assert!((rms - expected).abs() < 0.05, "{rms}");
    assert_eq!(country::by_code("us"), Some(US));
}
