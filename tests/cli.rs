//! The command as a user meets it: what it prints, where, and with which exit status.

use loopstart::hal::exchange::{EmulatedExchange, LineKind, ServeSettings};
use loopstart::signal::tone::TonePlayer;
use loopstart::signal::{CallerId, DateTime, Number, PartyId, SAMPLE_RATE, cid, country, dtmf, fsk, g711};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// The command with a clean environment: no configuration of the machine reaches it.
fn loopstart() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopstart"));
    for name in ["LOOPSTART_DEVICES", "LOOPSTART_EMULATED", "LOOPSTART_LOG"] {
        command.env_remove(name);
    }
    command.env("LOOPSTART_CONFIG", "/dev/null").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    loopstart().args(arguments).output().expect("the command starts")
}

fn emulated(arguments: &[&str]) -> Output {
    let mut command = loopstart();
    command.env("LOOPSTART_DEVICES", "emulated:0,emulated:1").env("LOOPSTART_EMULATED", "speed=20");
    command.args(arguments).output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn objects(output: &Output) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    text(&output.stdout).lines().map(parse).collect()
}

/// Exit status, and the one line on standard error that goes with it.
fn refused(output: &Output, status: i32) -> String {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{error}");
    assert_eq!(error.lines().count(), 1, "one line: {error}");
    error
}

/// A running command that is ended when the test is over, whatever happens.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> (Self, BufReader<std::process::ChildStdout>) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        let out = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        (Self(child), out)
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.0.id()).expect("a pid")), signal).expect("it runs");
    }

    /// Exit status and standard error.
    fn end(mut self) -> (Option<i32>, String) {
        let mut error = String::new();
        self.0.stderr.take().expect("a pipe").read_to_string(&mut error).expect("UTF-8");
        (self.0.wait().expect("it ends").code(), error)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line for which `wanted` says yes; fails at the end of the output.
fn line_with(out: &mut impl BufRead, wanted: impl Fn(&str) -> bool) -> String {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert!(out.read_line(&mut line).expect("UTF-8") > 0, "it ended after:\n{seen}");
        if wanted(&line) {
            return line;
        }
        seen.push_str(&line);
    }
}

#[test]
fn wrong_usage() {
    for arguments in [
        &[][..],
        &["telephone"],
        &["demo", "--speed", "0"],
        &["demo", "--speed", "1e9"],
        &["demo", "--plan", ""],
        &["call"],
        &["call", ""],
        &["call", "5550121", "--timeout", "0"],
        &["call", "5550121", "--digits", "12x"],
        &["decode"],
        &["decode", "--channel", "0", "x.wav"],
        &["decode", "--country", "zz", "x.wav"],
        &["exchange"],
        &["watch", "--devise", "x"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_is_no_error() {
    for arguments in [&["--help"][..], &["--version"], &["demo", "--help"], &["help", "call"]] {
        let output = run(arguments);
        assert!(output.status.success() && !output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn settings_that_are_wrong() {
    let error = refused(&run(&["watch", "--device", "modem7"]), 2);
    assert!(error.contains("modem7") && error.contains("serial:/dev/ttyACM0"), "{error}");
    let output = loopstart().env("LOOPSTART_EMULATED", "speed=fast").arg("list").output().expect("starts");
    assert!(refused(&output, 2).contains("speed=fast"));
    let output = loopstart().env("LOOPSTART_CONFIG", "/nowhere/at/all").arg("list").output().expect("starts");
    assert!(refused(&output, 2).contains("/nowhere/at/all"));
}

#[test]
fn no_device_at_all() {
    let output = loopstart().env("LOOPSTART_DEVICES", "").arg("list").output().expect("starts");
    assert!(output.status.success() && output.stderr.is_empty());
    assert!(text(&output.stdout).contains("LOOPSTART_DEVICES"), "it says what to try");
    let error = refused(&loopstart().env("LOOPSTART_DEVICES", "").args(["call", "1"]).output().expect("starts"), 1);
    assert!(error.contains("emulated:0"), "{error}");
    let missing = "serial:/dev/does-not-exist";
    let error = refused(&run(&["call", "1", "--device", missing]), 1);
    assert!(error.contains(missing) && error.contains("no such device"), "{error}");
    let output = loopstart().env("LOOPSTART_DEVICES", missing).args(["list", "--json"]).output().expect("starts");
    let rows = objects(&output);
    assert!(output.status.success());
    assert!(rows[0]["selector"] == missing && rows[0]["state"] == "failed" && rows[0]["hint"].is_string(), "{rows:?}");
}

#[test]
fn list_says_what_lines_can_do() {
    let output = emulated(&["list", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows = objects(&output);
    for (row, (selector, kind)) in
        rows.iter().zip([("emulated:0", "emulated voice modem"), ("emulated:1", "emulated FXO port")])
    {
        assert_eq!((row["selector"].as_str(), row["kind"].as_str()), (Some(selector), Some(kind)));
        assert_eq!(row["state"], "ready");
        let caps = row["caps"].as_array().expect("a list");
        for cap in ["voice calls", "caller identification", "busy", "receiving digits"] {
            assert!(caps.iter().any(|c| c == cap), "{selector} lacks {cap}: {caps:?}");
        }
    }
    let people = text(&emulated(&["list"]).stdout);
    assert!(people.contains("emulated:1  emulated FXO port, ready"), "{people}");
}

#[test]
fn the_demo_checks_itself() {
    // The ordinary calls; the services of plans have tests of their own.
    let output = run(&["demo", "--plan", "plain", "--json", "--speed", "20"]);
    let events = objects(&output);
    assert_eq!(output.status.code(), Some(0), "{}\n{}", text(&output.stderr), text(&output.stdout));
    let summary = events.last().expect("a summary");
    assert!(summary["ev"] == "summary" && summary["ok"] == true, "{summary}");
    assert_eq!(summary["calls"], 10);
    // What is claimed at the end was told before.
    for line in ["emulated:0", "emulated:1"] {
        let states: Vec<&str> =
            events.iter().filter(|e| e["line"] == line).filter_map(|e| e["state"].as_str()).collect();
        for state in ["OFFERING", "CONNECTED", "DISCONNECTED", "BUSY", "RINGBACK", "SPECIALINFO", "IDLE"] {
            assert!(states.contains(&state), "{line} was never {state}: {states:?}");
        }
    }
    let digits: String = events.iter().filter(|e| e["ev"] == "digit").filter_map(|e| e["digit"].as_str()).collect();
    assert_eq!(digits, "159#260D84A37*");
    assert!(events.iter().any(|e| e["ev"] == "callerid" && e["number"] == "5550101" && e["name"] == "EMULATED 1"));
    // Time does not run backwards on a line.
    let times: Vec<f64> = events.iter().filter(|e| e["line"] == "emulated:0").filter_map(|e| e["t"].as_f64()).collect();
    assert!(times.windows(2).all(|w| w[0] <= w[1] + 0.1), "{times:?}");
}

#[test]
fn calls_end_with_their_reason() {
    for (number, reason) in [("5550121", "busy"), ("5550124", "check the number")] {
        for device in ["emulated:0", "emulated:1"] {
            let output = emulated(&["call", number, "--device", device]);
            let error = refused(&output, 1);
            assert!(error.contains(reason), "{device} {number}: {error}");
        }
    }
    let error = refused(&emulated(&["call", "5550122", "--timeout", "15"]), 1);
    assert!(error.contains("answer"), "{error}");
}

#[test]
fn a_call_that_is_answered() {
    let output = emulated(&["call", "5550125", "--json", "--digits", "12#"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let states: Vec<Value> = objects(&output).iter().map(|e| e["state"].clone()).collect();
    let place = |name: &str| states.iter().position(|s| s == name).unwrap_or_else(|| panic!("{name}: {states:?}"));
    assert!(place("CONNECTED") < place("DISCONNECTED"));
}

#[test]
fn ctrl_c_hangs_up() {
    let mut command = loopstart();
    command.args(["call", "5550122", "--device", "emulated:1"]).env("LOOPSTART_EMULATED", "speed=20");
    let (call, mut out) = Running::start(&mut command);
    line_with(&mut out, |line| line.contains("RINGBACK"));
    call.signal(Signal::SIGINT);
    let (status, error) = call.end();
    assert_eq!(status, Some(1));
    assert!(error.contains("interrupted"), "{error}");
}

#[test]
fn watch_tells_of_a_call_and_ends_at_sigterm() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("control");
    let mut command = loopstart();
    command
        .args(["watch", "--json", "--device", "emulated:0", "--device", "emulated:1"])
        .env("LOOPSTART_EMULATED", format!("speed=5,control={}", socket.display()));
    let (watch, mut out) = Running::start(&mut command);
    // The card is in service at once, perhaps before anybody looks; the modem takes a moment.
    line_with(&mut out, |line| line.contains("inservice"));
    // The name tries to clear the terminal.
    assert!(control(&socket, "call 1 5551234 EVIL\u{1b}[2J").starts_with("ok"));
    let line = line_with(&mut out, |line| line.contains("callerid"));
    assert!(line.contains("5551234") && line.contains("EVIL") && !line.contains('\u{1b}'), "{line}");
    // A device that goes away in the middle of a call is told, and the call ends for good.
    assert!(control(&socket, "unplug 1").starts_with("ok"));
    line_with(&mut out, |line| line.contains("outofservice"));
    line_with(&mut out, |line| line.contains("\"gone\""));
    line_with(&mut out, |line| line.contains("IDLE"));
    // There is another device to watch.
    watch.signal(Signal::SIGTERM);
    assert_eq!(watch.end(), (Some(0), String::new()));
    assert!(!socket.exists(), "the control socket is removed");
}

#[test]
fn watch_takes_a_modem_that_comes_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let (link, settings) = (directory.path().join("modem"), directory.path().join("settings.toml"));
    let selector = format!("serial:{}", link.display());
    std::fs::write(&settings, format!("devices = [\"{selector}\"]\nhotplug = true\nunplugged = 1\n")).expect("a file");
    let lines = vec![LineKind::Modem { symlink: Some(link) }];
    let exchange =
        EmulatedExchange::start(ServeSettings { country: country::US, speed: 1.0, control: None, lines }).expect("one");
    let mut command = loopstart();
    command.args(["watch", "--json"]).env("LOOPSTART_CONFIG", &settings);
    let (watch, mut out) = Running::start(&mut command);
    line_with(&mut out, |line| line.contains("inservice"));
    exchange.unplug(0).expect("plugged in");
    line_with(&mut out, |line| line.contains("outofservice"));
    line_with(&mut out, |line| line.contains("\"gone\""));
    exchange.plug(0).expect("unplugged");
    line_with(&mut out, |line| line.contains("\"watched\""));
    // Whether it is in service already nobody tells: it rings until it is.
    assert_eq!(exchange.command("call 0 5551234"), "ok\n");
    line_with(&mut out, |line| line.contains("OFFERING"));
    watch.signal(Signal::SIGTERM);
    assert_eq!(watch.end(), (Some(0), String::new()));
}

/// Sends a command to an exchange's control socket; answers the last line of the reply.
fn control(socket: &Path, command: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("the control socket is there");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    writeln!(stream, "{command}").expect("it listens");
    line_with(&mut BufReader::new(stream), |line| line.starts_with("ok") || line.starts_with("err"))
}

#[test]
fn an_exchange_serves_modems_to_anybody() {
    let directory = tempfile::tempdir().expect("a directory");
    let (modem, socket) = (directory.path().join("modem"), directory.path().join("control"));
    let mut command = loopstart();
    command.arg("exchange").arg("--modem").arg(&modem).arg("--control").arg(&socket).args(["--speed", "20"]);
    let (exchange, mut out) = Running::start(&mut command);
    line_with(&mut out, |line| line.contains("Ctrl-C"));
    let mut port = std::fs::File::options().read(true).write(true).open(&modem).expect("the modem is there");
    port.write_all(b"ATE0\r").expect("it takes commands");
    let mut answer = Vec::new();
    while !answer.ends_with(b"OK\r\n") {
        let mut byte = [0];
        assert_eq!(port.read(&mut byte).expect("it answers"), 1);
        answer.push(byte[0]);
    }
    assert!(control(&socket, "call 0 5551234 A CALLER").starts_with("ok"));
    let mut ring = BufReader::new(port);
    line_with(&mut ring, |line| line.trim() == "RING");
    line_with(&mut out, |line| line.contains("ringing"));
    exchange.signal(Signal::SIGTERM);
    assert_eq!(exchange.end(), (Some(0), String::new()));
    assert!(modem.symlink_metadata().is_err() && !socket.exists(), "link and socket are removed");
}

#[test]
fn an_exchange_takes_no_path_of_others() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("letter");
    std::fs::write(&path, "dear").expect("a file");
    let output = loopstart().arg("exchange").arg("--modem").arg(&path).output().expect("starts");
    assert!(refused(&output, 1).contains("letter"));
    assert_eq!(std::fs::read(&path).expect("still there"), b"dear");
}

/// A recording of digits in the right channel of a stereo file.
fn recording(directory: &Path, digits: &str) -> PathBuf {
    let mut sender = dtmf::Sender::new(-10.0);
    let mut samples = vec![0i16; SAMPLE_RATE as usize / 4];
    for digit in digits.bytes() {
        assert!(sender.push(digit, Duration::from_millis(70), Duration::from_millis(70)));
        let mut sound = vec![0; SAMPLE_RATE as usize * 14 / 100];
        sender.mix(&mut sound);
        samples.extend(sound);
    }
    let path = directory.join("digits.wav");
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(&path, spec).expect("a file");
    for sample in samples {
        file.write_sample(0i16).expect("written");
        file.write_sample(sample).expect("written");
    }
    file.finalize().expect("written");
    path
}

#[test]
fn decode_hears_digits() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path(), "159#0A");
    let path = path.to_str().expect("UTF-8");
    let output = run(&["decode", "--json", "--channel", "2", path]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let digits: Vec<Value> = objects(&output).into_iter().filter(|e| e["ev"] == "dtmf").collect();
    let symbols: String = digits.iter().filter_map(|e| e["digit"].as_str()).collect();
    assert_eq!(symbols, "159#0A");
    for (n, digit) in digits.iter().enumerate() {
        // The time is that of the decision, soon after the digit began.
        let (t, onset) = (digit["t"].as_f64().expect("a time"), 0.25 + 0.14 * n as f64);
        assert!((onset + 0.01..onset + 0.06).contains(&t), "digit {n} at {t}, began at {onset}");
        let ms = digit["duration_ms"].as_f64().expect("a duration");
        assert!((55.0..=85.0).contains(&ms), "{ms}");
        let level = digit["level_dbm0"].as_f64().expect("a level");
        assert!((level + 10.0).abs() < 1.0, "{level}");
    }
    assert!(
        !objects(&run(&["decode", "--json", path])).iter().any(|e| e["ev"] == "dtmf"),
        "the left channel is silent"
    );
    assert!(refused(&run(&["decode", "--channel", "3", path]), 2).contains("channel 3"));
}

#[test]
fn decode_reads_caller_identification_and_tones() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("line.wav");
    let id = CallerId {
        number: PartyId::Known(Number::new("5551234")),
        name: PartyId::Withheld,
        time: Some(DateTime { month: 11, day: 21, hour: 13, minute: 45 }),
    };
    let frame = cid::Frame::from_caller_id(&id);
    let mut samples = vec![0i16; SAMPLE_RATE as usize / 2];
    let mut sender = fsk::Sender::new(fsk::BELL202, -13.0);
    sender.load(frame.bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS);
    while !sender.is_idle() {
        let mut sound = [0; 80];
        sender.mix(&mut sound);
        samples.extend(sound);
    }
    let message_ends = samples.len() as f64 / f64::from(SAMPLE_RATE);
    samples.resize(samples.len() + SAMPLE_RATE as usize, 0);
    let mut busy = vec![0; 4 * SAMPLE_RATE as usize];
    TonePlayer::new(country::US.busy, -20.0).mix(&mut busy);
    samples.extend(busy);
    // mu-law: one byte a sample, with a header of its own.
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0\0\0data".to_vec();
    file.extend(u32::try_from(samples.len()).expect("short").to_le_bytes());
    file.extend(samples.iter().map(|s| g711::ulaw_encode(*s)));
    std::fs::write(&path, file).expect("a file");

    let output = run(&["decode", "--json", "--country", "us", path.to_str().expect("UTF-8")]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let events = objects(&output);
    let messages: Vec<&Value> = events.iter().filter(|e| e["ev"] == "cid").collect();
    assert_eq!(messages.len(), 1, "{events:?}");
    let message = messages[0];
    assert_eq!((&message["proto"], &message["ok"]), (&"bell202".into(), &true.into()));
    let raw: String = frame.bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(message["raw"], raw);
    let fields = serde_json::json!({"time": "11211345", "number": "5551234", "name_reason": "P"});
    assert_eq!(message["fields"], fields);
    assert!((message["t"].as_f64().expect("a time") - message_ends).abs() < 0.1);
    let tones: Vec<&Value> = events.iter().filter(|e| e["ev"] == "tone").map(|e| &e["tone"]).collect();
    assert_eq!(tones, ["busy"]);
}

#[test]
fn decode_refuses_what_is_no_recording() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("note\u{1b}[31m.wav");
    std::fs::write(&path, "RIFF, she said").expect("a file");
    for path in [path.as_path(), Path::new("/does/not/exist.wav"), directory.path()] {
        let output = loopstart().arg("decode").arg(path).output().expect("starts");
        let error = refused(&output, 2);
        assert!(!error.contains('\u{1b}') && output.stdout.is_empty(), "{error}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path(), &"1234567890".repeat(40));
    let mut command = loopstart();
    command.args(["decode", "--json", "--channel", "2"]).arg(path);
    let (decode, mut out) = Running::start(&mut command);
    line_with(&mut out, |line| line.contains("dtmf"));
    drop(out);
    assert_eq!(decode.end(), (Some(0), String::new()));
}
