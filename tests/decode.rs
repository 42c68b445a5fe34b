//! `loopstart tone` and `loopstart decode` against each other: what is written decodes back, in every coding and at every
//! rate; pictures; and files that are none.

use loopstart::signal::{country, dtmf};
use serde_json::Value;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn loopstart() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopstart"));
    for name in ["LOOPSTART_DEVICES", "LOOPSTART_EMULATED", "LOOPSTART_LOG"] {
        command.env_remove(name);
    }
    command.env("LOOPSTART_CONFIG", "/dev/null").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn run(arguments: &[&str]) -> Output {
    loopstart().args(arguments).output().expect("the command starts")
}

/// Exit status, and the one line on standard error that goes with it.
fn refused(output: &Output, status: i32) -> String {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{error}");
    assert_eq!(error.lines().count(), 1, "one line: {error}");
    assert!(error.starts_with("loopstart: "), "{error}");
    assert!(output.stdout.is_empty());
    error
}

/// A directory for files that goes away.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a tone.
    fn tone(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let output = loopstart().arg("tone").args(arguments).arg("-o").arg(&path).output().expect("starts");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
        assert!(text(&output.stdout).contains(name), "it says what it wrote");
        path
    }

    /// What is decoded of a tone.
    fn heard(&self, tone: &[&str], decode: &[&str]) -> Vec<Value> {
        decoded(&self.tone("tone.wav", tone), decode)
    }
}

fn decoded(path: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = loopstart().args(["decode", "--json"]).args(arguments).arg(path).output().expect("starts");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
    let events: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let times: Vec<f64> = events.iter().map(|e| e["t"].as_f64().expect("a time")).collect();
    assert!(times.windows(2).all(|w| w[0] <= w[1]), "in order of time: {times:?}");
    events
}

fn digits(events: &[Value]) -> String {
    events.iter().filter(|e| e["ev"] == "dtmf").filter_map(|e| e["digit"].as_str()).collect()
}

/// The values of a key, of the events of a kind.
fn of<'a>(events: &'a [Value], ev: &str, key: &str) -> Vec<&'a str> {
    events.iter().filter(|e| e["ev"] == ev).filter_map(|e| e[key].as_str()).collect()
}

#[test]
fn tones_of_the_network() {
    let files = Files::new();
    for code in ["us", "gb", "de", "fr", "br", "it"] {
        let plan = country::by_code(code).expect("a country");
        for tone in ["dial", "ringback", "busy", "reorder", "sit"] {
            if tone == "reorder" && plan.reorder == plan.busy {
                continue;
            }
            let events = files.heard(&[tone, "--country", code, "--seconds", "14"], &["--country", code]);
            assert_eq!(of(&events, "tone", "tone"), [tone], "{code}");
        }
    }
}

#[test]
fn other_tones() {
    let files = Files::new();
    for (tone, word) in [
        ("stutter", "stutter"),
        ("callwaiting", "callwaiting"),
        ("confirmation", "confirmation"),
        ("howler", "howler"),
        ("vacant", "sit"),
        ("cng", "cng"),
        ("ced", "ced"),
        ("ans", "ans"),
        ("ansam", "ansam"),
        ("bell", "ans"),
        // As text.
        ("440+480:2000,0:4000", "ringback"),
        ("350+440", "dial"),
    ] {
        let events = files.heard(&[tone], &[]);
        assert_eq!(of(&events, "tone", "tone"), [word], "{tone}");
    }
    let events = files.heard(&["vacant"], &[]);
    assert_eq!(of(&events, "tone", "sit"), ["vacant-code"]);
    let events = files.heard(&["unobtainable", "--country", "gb"], &["--country", "gb"]);
    assert_eq!(of(&events, "tone", "tone"), ["unobtainable"]);
}

#[test]
fn alerting_tone() {
    let files = Files::new();
    for tone in ["cas", "dtas"] {
        let events = files.heard(&[tone, "--level", "-20"], &[]);
        assert_eq!(events.len(), 1, "{tone}: {events:?}");
        let event = &events[0];
        assert_eq!(event["ev"], "cas");
        let t = event["t"].as_f64().expect("a time");
        assert!((0.3..0.5).contains(&t), "{t}");
        assert!((event["level_dbm0"].as_f64().expect("a level") + 20.0).abs() < 1.0, "{event}");
    }
}

#[test]
fn text_telephone_and_answering_machine() {
    let files = Files::new();
    let events = files.heard(&["tty", "HELLO, THIS IS 42 GA"], &[]);
    assert_eq!(of(&events, "hint", "hint").first(), Some(&"tty"), "{events:?}");

    // A greeting, then the beep: two files as one.
    let beep = std::fs::read(files.tone("beep.raw", &["1000:350,0:1500", "--seconds", "1.85", "--format", "raw"]))
        .expect("there is a file");
    let mut sound: Vec<u8> = vec![0; 8_000];
    sound.extend(voice(4.0).iter().flat_map(|s| s.to_le_bytes()));
    sound.extend(vec![0; 4_000]);
    sound.extend(beep);
    let path = files.path("machine.wav");
    std::fs::write(&path, wav(1, 16, 8_000, &sound)).expect("a file");
    let events = decoded(&path, &[]);
    let hints = of(&events, "hint", "hint");
    for hint in ["voice", "machine", "beep"] {
        assert!(hints.contains(&hint), "{hint}: {events:?}");
    }
    let beep = events.iter().find(|e| e["hint"] == "beep").expect("a beep");
    assert!((beep["hz"].as_f64().expect("a frequency") - 1_000.0).abs() < 5.0, "{beep}");
    assert!((beep["duration_ms"].as_f64().expect("a length") - 350.0).abs() < 30.0, "{beep}");
}

/// Something like a voice: a gliding buzz through four resonances that wander, in syllables.
fn voice(seconds: f64) -> Vec<i16> {
    use std::f64::consts::{PI, TAU};
    let (mut phase, mut states, mut formants) = (0.0f64, [[0.0f64; 2]; 4], [500.0, 1_500.0, 2_500.0, 3_300.0]);
    let mut state = 1u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    let mut sound = Vec::new();
    while sound.len() < (seconds * 8_000.0) as usize {
        let length = 640 + (random() * 1_600.0) as usize;
        let (from, to) = (90.0 + 50.0 * random(), 90.0 + 50.0 * random());
        let goals = [
            280.0 + 600.0 * random(),
            850.0 + 1_500.0 * random(),
            2_200.0 + 700.0 * random(),
            3_100.0 + 400.0 * random(),
        ];
        for n in 0..length {
            let t = n as f64 / length as f64;
            phase += (from + (to - from) * t) / 8_000.0;
            let x = if phase >= 1.0 { 8.0 } else { 0.0 };
            phase = phase.fract();
            let mut y = 0.0;
            for (((f, goal), s), (bandwidth, gain)) in formants.iter_mut().zip(goals).zip(&mut states).zip([
                (60.0, 1.0),
                (90.0, 0.6),
                (130.0, 0.35),
                (180.0, 0.2),
            ]) {
                *f += (goal - *f) * 0.002;
                let (r, w) = ((-PI * bandwidth / 8_000.0f64).exp(), TAU * *f / 8_000.0);
                *s = [x + 2.0 * r * w.cos() * s[0] - r * r * s[1], s[0]];
                y += gain * s[0] * w.sin();
            }
            sound.push((y * (t * PI).sin().sqrt() * 600.0) as i16);
        }
    }
    sound
}

/// A WAV file of one channel.
fn wav(tag: u16, bits: u16, rate: u32, sound: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0".to_vec();
    file.extend(tag.to_le_bytes());
    file.extend(1u16.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(bits) / 8).to_le_bytes());
    file.extend((bits / 8).to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend(u32::MAX.to_le_bytes());
    file.extend(sound);
    file
}

#[test]
fn digits_in_every_coding_and_at_every_rate() {
    let files = Files::new();
    let all = "1234567890*#ABCD";
    for (encoding, format) in [("pcm16", "wav"), ("mulaw", "wav"), ("alaw", "wav")] {
        for rate in ["8000", "11025", "44100", "48000", "192000"] {
            let tone = ["digits", all, "--encoding", encoding, "--format", format, "--rate", rate];
            assert_eq!(digits(&files.heard(&tone, &[])), all, "{encoding} {rate}");
        }
    }
    // Timing and level are as asked for.
    let events = files.heard(&["digits", "555-1234,#", "--on", "60", "--off", "45", "--level", "-20"], &[]);
    assert_eq!(digits(&events), "5551234#");
    for (n, event) in events.iter().filter(|e| e["ev"] == "dtmf").enumerate() {
        let (t, onset) =
            (event["t"].as_f64().expect("a time"), 0.25 + 0.105 * n as f64 + if n == 7 { 1.0 } else { 0.0 });
        assert!((onset + 0.01..onset + 0.06).contains(&t), "digit {n} at {t}, began at {onset}");
        assert!((event["duration_ms"].as_f64().expect("a length") - 60.0).abs() < 12.0, "{event}");
        assert!((event["level_dbm0"].as_f64().expect("a level") + 20.0).abs() < 1.0, "{event}");
    }
}

#[test]
fn more_digits_than_fit_at_once() {
    let files = Files::new();
    let many = "159#0*".repeat(120);
    assert_eq!(digits(&files.heard(&["digits", &many, "--on", "50", "--off", "50"], &[])), many);
}

#[test]
fn a_long_digit_is_told_with_its_length_and_in_its_place() {
    let files = Files::new();
    let events = files.heard(&["digits", "7", "--on", "4000"], &[]);
    assert_eq!(events[0]["ev"], "dtmf", "{events:?}");
    assert!(events[0]["t"].as_f64().expect("a time") < 0.35);
    assert!((events[0]["duration_ms"].as_f64().expect("a length") - 4_000.0).abs() < 15.0, "{events:?}");
    // One that goes on for longer than anybody waits, and beyond the end of the file.
    let events = files.heard(&["digits", "7", "--on", "15000", "--seconds", "14", "--silence", "0"], &[]);
    assert_eq!(digits(&events), "7");
    assert!(events[0]["duration_ms"].as_f64().expect("a length") >= 9_900.0, "{events:?}");
}

#[test]
fn caller_identification_by_modem() {
    let files = Files::new();
    for (modem, country) in [("bell202", "us"), ("v23", "gb")] {
        for form in ["mdmf", "sdmf"] {
            for off_hook in [false, true] {
                let mut tone = vec!["cid", "--number", "5551234", "--time", "11211345", "--form", form];
                tone.extend(["--country", country]);
                if form == "mdmf" {
                    tone.extend(["--name", "JANE DOE"]);
                }
                if off_hook {
                    tone.push("--off-hook");
                }
                let events = files.heard(&tone, &["--country", country]);
                let frames: Vec<&Value> = events.iter().filter(|e| e["ev"] == "cid").collect();
                assert_eq!(frames.len(), 1, "{tone:?}: {events:?}");
                let frame = frames[0];
                assert_eq!((&frame["ok"], &frame["proto"]), (&true.into(), &modem.into()), "{tone:?}");
                let fields = &frame["fields"];
                assert_eq!((&fields["number"], &fields["time"]), (&"5551234".into(), &"11211345".into()));
                assert_eq!(fields.get("name").and_then(Value::as_str), (form == "mdmf").then_some("JANE DOE"));
                let raw = frame["raw"].as_str().expect("bytes");
                assert!(raw.starts_with(if form == "mdmf" { "80" } else { "04" }), "{raw}");
                let sum = (0..raw.len()).step_by(2).map(|n| u32::from_str_radix(&raw[n..n + 2], 16).expect("hex"));
                assert_eq!(sum.sum::<u32>() % 256, 0);
            }
        }
    }
    for (option, reason) in [("--withheld", "P"), ("--unavailable", "O")] {
        let events = files.heard(&["cid", option], &[]);
        assert_eq!(events[0]["fields"], serde_json::json!({"reason": reason, "name_reason": reason}));
        assert_eq!(events[0]["params"][0]["type"], "04");
    }
    // The Japanese form is that of Japan.
    for tone in [&["--form", "ntt"][..], &["--country", "jp"]] {
        for (what, fields) in [
            (&["--number", "0312345678"][..], serde_json::json!({"number": "0312345678"})),
            (&["--withheld"], serde_json::json!({"reason": "P"})),
            (&["--unavailable"], serde_json::json!({"reason": "O"})),
        ] {
            let events = files.heard(&[&["cid"], what, tone].concat(), &["--country", "jp"]);
            let frames: Vec<&Value> = events.iter().filter(|e| e["ev"] == "cid").collect();
            assert_eq!(frames.len(), 1, "{tone:?}: {events:?}");
            assert_eq!((&frames[0]["ok"], &frames[0]["proto"]), (&true.into(), &"ntt".into()), "{events:?}");
            assert_eq!(frames[0]["fields"], fields);
        }
    }
    let events = files.heard(&["cid", "--lamp", "on"], &[]);
    assert_eq!(events[0]["fields"], serde_json::json!({"message_waiting": true}));
}

#[test]
fn caller_identification_by_digits() {
    let files = Files::new();
    for (country, marks, written) in [
        ("se", "ac", "A5551234C"),
        ("dk", "a#", "A5551234#"),
        ("nl", "dc", "D5551234C"),
        ("tw", "d#", "D5551234#"),
        ("cn", "c", "5551234C"),
    ] {
        let tone = ["cid", "--form", "dtmf", "--number", "5551234", "--marks", marks, "--country", country];
        let events = files.heard(&tone, &["--country", country]);
        assert_eq!(of(&events, "dtmfclip", "digits"), [written], "{events:?}");
        assert_eq!(of(&events, "dtmfclip", "number"), ["5551234"]);
        assert_eq!(digits(&events), written, "the digits are told too");
    }
    let events = files.heard(&["cid", "--withheld", "--country", "dk"], &["--country", "dk"]);
    assert_eq!(of(&events, "dtmfclip", "reason"), ["P"], "{events:?}");
}

#[test]
fn a_line_with_faults() {
    let files = Files::new();
    let events =
        files.heard(&["digits", "5551234", "--snr", "15", "--loss", "10", "--hum", "-20@60", "--g726", "32"], &[]);
    assert_eq!(digits(&events), "5551234");
    for event in events.iter().filter(|e| e["ev"] == "dtmf") {
        assert!((event["level_dbm0"].as_f64().expect("a level") + 20.0).abs() < 2.0, "{event}");
    }
    let noisy = |seed: &str| {
        let path = files.tone("noisy.wav", &["busy", "--snr", "10", "--seconds", "1", "--seed", seed]);
        std::fs::read(path).expect("a file")
    };
    assert!(noisy("1") == noisy("1") && noisy("1") != noisy("2"));
}

#[test]
fn through_pipes() {
    let written = loopstart().args(["tone", "digits", "159"]).output().expect("starts");
    assert!(written.status.success() && written.stderr.is_empty());
    assert_eq!(written.stdout.len(), 44 + 2 * (2 * 2_000 + 3 * 1_280), "the header tells no more than there is");
    let mut decode = loopstart()
        .args(["decode", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = decode.stdin.take().expect("a pipe");
    // In pieces that fit nothing.
    written.stdout.chunks(777).for_each(|piece| stdin.write_all(piece).expect("it reads"));
    drop(stdin);
    let output = decode.wait_with_output().expect("it ends");
    let events: Vec<Value> =
        text(&output.stdout).lines().map(|l| serde_json::from_str(l).expect("a line of JSON")).collect();
    assert_eq!(digits(&events), "159");
}

#[test]
fn memory_does_not_grow_with_the_length() {
    let files = Files::new();
    let plot = files.path("long.svg");
    let mut decode = loopstart()
        .args(["decode", "-", "--plot"])
        .arg(&plot)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = decode.stdin.take().expect("a pipe");
    let mut out = decode.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || out.read_to_end(&mut Vec::new()));
    let mut sender = dtmf::Sender::new(-10.0);
    let mut minute = vec![0i16; 60 * 8_000];
    for digit in b"1234567890" {
        let time = std::time::Duration::from_millis(80);
        assert!(sender.push(*digit, time, time));
    }
    sender.mix(&mut minute);
    let minute: Vec<u8> = minute.iter().flat_map(|s| s.to_le_bytes()).collect();
    stdin.write_all(&wav(1, 16, 8_000, &[])).expect("it reads");
    let peak = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", decode.id())).expect("it runs");
        let line = status.lines().find(|l| l.starts_with("VmHWM")).expect("a line");
        line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
    };
    for _ in 0..3 {
        stdin.write_all(&minute).expect("it reads");
    }
    let before = peak();
    for _ in 0..12 {
        stdin.write_all(&minute).expect("it reads");
    }
    let after = peak();
    drop(stdin);
    assert!(decode.wait().expect("it ends").success());
    reader.join().expect("no panic").expect("it reads");
    assert!(after < before + 1_024, "{before} kB after three minutes, {after} kB after fifteen");
    assert!(std::fs::metadata(&plot).expect("a picture").len() < 2_000_000);
}

#[test]
fn pictures() {
    let files = Files::new();
    let recording = files.tone("a<b>&\"c\".wav", &["cid", "--number", "5551234", "--name", "</text><script>&"]);
    let plot = files.path("plot.svg");
    let output = loopstart().args(["decode", "--plot"]).arg(&plot).arg(&recording).output().expect("starts");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(text(&output.stdout).contains("5551234"), "what is decoded is told as well");
    let svg = std::fs::read_to_string(&plot).expect("a picture");
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    assert!(
        svg.contains("a&lt;b&gt;&amp;&quot;c&quot;.wav") && svg.contains("5551234 &lt;/text&gt;&lt;script&gt;&amp;")
    );
    assert!(!svg.contains("<script") && svg.contains("data:image/png;base64,") && svg.contains("time, s"));

    let output = loopstart().args(["decode", "--plot"]).arg(&recording).arg(&recording).output().expect("starts");
    assert!(refused(&output, 2).contains("overwrite"));
    assert!(std::fs::read(&recording).expect("still there").starts_with(b"RIFF"));
    let nowhere = files.path("no/such/directory.svg");
    let output =
        loopstart().args(["decode", "--json", "--plot"]).arg(nowhere).arg(&recording).output().expect("starts");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn files_that_are_none() {
    let files = Files::new();
    let good = std::fs::read(files.tone("good.wav", &["digits", "5", "--on", "50"])).expect("a file");
    let with = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    for (what, bytes) in [
        ("nothing", vec![]),
        ("text", b"RIFF, she said, and left.".to_vec()),
        ("half a header", good[..30].to_vec()),
        ("no sound", good[..36].to_vec()),
        ("no channels", with(22, &[0, 0])),
        ("no rate", with(24, &[0; 4])),
        ("a rate of none", with(24, &[0xFF; 4])),
        ("no alignment", with(32, &[0, 0])),
        ("an unknown coding", with(20, &[0x55, 0])),
        ("a chunk larger than all", with(16, &[0xFE, 0xFF, 0xFF, 0xFF])),
        ("a picture", b"\x89PNG\r\n\x1a\n0123456789abcdef".to_vec()),
    ] {
        let path = files.path("bad.wav");
        std::fs::write(&path, bytes).expect("a file");
        let output = loopstart().args(["decode", "--json"]).arg(&path).output().expect("starts");
        assert!(refused(&output, 2).contains("bad.wav"), "{what}");
    }
    for (what, bytes) in [
        ("cut in the middle", good[..good.len() / 2 * 2 - 1_001].to_vec()),
        ("length 0", with(40, &[0; 4])),
        ("length unknown", with(40, &[0xFF; 4])),
        ("length of a pipe", with(40, &0x7FFF_F000u32.to_le_bytes())),
        ("wrong total length", with(4, &[0; 4])),
    ] {
        let path = files.path("odd.wav");
        std::fs::write(&path, bytes).expect("a file");
        assert_eq!(digits(&decoded(&path, &[])), "5", "{what}");
    }
    // A file without sound is one.
    let path = files.path("empty.wav");
    std::fs::write(&path, &good[..44]).expect("a file");
    assert_eq!(decoded(&path, &["--plot", files.path("empty.svg").to_str().expect("UTF-8")]), [] as [Value; 0]);
}

#[test]
fn wrong_requests() {
    let files = Files::new();
    let path = files.path("x.wav");
    let path = path.to_str().expect("UTF-8");
    for (arguments, hint) in [
        (&["busyy"][..], "ringback"),
        (&["440:x"], "milliseconds"),
        (&["digits"], "5551234#"),
        (&["digits", "12X"], "'X'"),
        (&["digits", ""], "digits"),
        (&["busy", "5551234"], "takes no text"),
        (&["cid"], "--number"),
        (&["cid", "--number", "5", "--name", "A", "--form", "sdmf"], "no name"),
        (&["cid", "--number", "5", "--name", "é"], "ASCII"),
        (&["cid", "--number", "5551234", "--form", "dtmf", "--name", "A"], "number only"),
        (&["cid", "--number", "5", "--form", "ntt", "--name", "A"], "number only"),
        (&["cid", "--number", "5", "--form", "ntt", "--modem", "bell202"], "V.23"),
        (&["cid", "--number", "5", "--marks", "ac"], "--form dtmf"),
        (&["busy", "--number", "5"], "tone cid"),
        (&["tty", "naïve"], "'ï'"),
        (&["confirmation", "--country", "fr"], "'fr'"),
    ] {
        let output = loopstart().arg("tone").args(arguments).args(["-o", path]).output().expect("starts");
        let error = refused(&output, 2);
        assert!(error.contains(hint), "{arguments:?}: {error}");
    }
    for arguments in [
        &["tone"][..],
        &["tone", "busy", "--rate", "7999"],
        &["tone", "busy", "--seconds", "0"],
        &["tone", "busy", "--seconds", "nan"],
        &["tone", "busy", "--level", "20"],
        &["tone", "cid", "--time", "13010000"],
        &["tone", "cid", "--number", "1", "--withheld"],
        &["tone", "busy", "--g726", "8"],
        &["decode", "-", "--plot", ""],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    assert!(!Path::new(path).exists(), "nothing is written for a request that is none");
    let output = run(&["tone", "busy", "-o", "/does/not/exist.wav"]);
    assert!(refused(&output, 1).contains("/does/not/exist.wav"));
}

#[test]
fn all_tones_are_listed() {
    let rows: Vec<Value> = text(&run(&["tone", "--list", "--json"]).stdout)
        .lines()
        .map(|l| serde_json::from_str(l).expect("a line of JSON"))
        .collect();
    assert!(rows.len() > 20 && rows.iter().all(|r| r["name"].is_string() && r["what"].is_string()));
    let people = text(&run(&["tone", "--list", "--country", "fr"]).stdout);
    assert!(people.contains("ansam") && people.contains("none is known for France"), "{people}");
    // Each of them can be written.
    let files = Files::new();
    for row in rows.iter().filter(|r| r["known"] == true) {
        let name = row["name"].as_str().expect("a name");
        let path = files.tone("any.wav", &[name, "--seconds", "0.5"]);
        let size = std::fs::metadata(path).expect("a file").len();
        // Messages have silence around them.
        assert!([44 + 8_000, 44 + 16_000].contains(&size), "{name}: {size}");
    }
}
