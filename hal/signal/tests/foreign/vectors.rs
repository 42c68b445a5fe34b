//! Recordings made by other programs: see the README beside them.

use crate::hear::{Heard, hear};
use crate::tools::read_wav;
use loopstart_signal::{ProgressTone, cid};
use std::path::Path;

fn listen(country: &str, name: &str) -> Heard {
    hear(country, &read_wav(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)))
}

const FRAME: &str = "801b0108303531373132333402073535353031393707064a2e20444f45cf";

#[test]
fn digits() {
    for name in ["dtmf-spandsp.wav", "dtmf-sox.wav"] {
        assert_eq!(listen("us", name), Heard { digits: "123A456B789C*0#D".into(), ..Heard::default() }, "{name}");
    }
}

#[test]
fn frames() {
    for (name, country, carrier, bytes) in [
        ("bell202-spandsp.wav", "us", cid::Carrier::Bell202, FRAME),
        ("bell202-minimodem.wav", "us", cid::Carrier::Bell202, FRAME),
        ("v23-spandsp.wav", "gb", cid::Carrier::V23, FRAME),
        ("v23-minimodem.wav", "gb", cid::Carrier::V23, FRAME),
        ("ntt-spandsp.wav", "jp", cid::Carrier::Ntt, "400f020a30333132333435363738210140"),
    ] {
        let heard = listen(country, name);
        assert_eq!(heard.frames, [(carrier, bytes.to_owned())], "{name}");
        assert_eq!((heard.digits.as_str(), heard.alerts, heard.tones), ("", 0, vec![]), "{name}");
    }
}

#[test]
fn caller_id_by_digits() {
    assert_eq!(listen("se", "clip-spandsp.wav").clips, ["A5550197C"]);
    assert_eq!(listen("dk", "clip-hash-spandsp.wav").clips, ["A5550197#"]);
}

#[test]
fn answer_tones() {
    for (name, answer) in [
        ("cng-spandsp.wav", "Cng"),
        ("ced-spandsp.wav", "Ced"),
        ("ans-spandsp.wav", "Ans"),
        ("ansam-spandsp.wav", "AnsAm"),
        ("tty-minimodem.wav", "Tty"),
    ] {
        assert_eq!(listen("us", name), Heard { answers: vec![answer.into()], ..Heard::default() }, "{name}");
    }
}

#[test]
fn progress_tones() {
    assert_eq!(listen("us", "busy-us-sox.wav").tones, [ProgressTone::Busy]);
    assert_eq!(listen("gb", "ringback-gb-sox.wav").tones, [ProgressTone::Ringback]);
    assert!(matches!(listen("de", "sit-sox.wav").tones[..], [ProgressTone::Sit(_)]));
}

#[test]
fn alerting_tone() {
    assert_eq!(listen("us", "cas-speech-sox-espeak.wav").alerts, 1);
}

/// Nothing at all is to be heard in speech.
#[test]
fn speech() {
    assert_eq!(listen("us", "speech-espeak.wav"), Heard::default());
}
