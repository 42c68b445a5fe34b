//! What a host may put into an address: each string is refused at once with the documented error, or dials exactly what
//! it says. No string becomes a command of the modem.

mod common;
#[path = "common/pty.rs"]
mod pty;

use common::{Rig, Told, Watchdog};
use loopstart::provider::{Address, CallHandle, CallState, Command, GenerateEnd, HostCall, LineErr, Notification};
use loopstart::signal::DigitMode;
use pty::{FakeModem, obedient};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);
const HOST: HostCall = HostCall(3);

/// What no device dials. The first offending character decides.
fn refused_everywhere() -> Vec<(String, LineErr)> {
    let invalid = |text: &str| (text.to_owned(), LineErr::INVALADDRESS);
    let mut all: Vec<_> = [
        "\0",
        "\x01\x02",
        "555\t0120",
        "\x1b[2J",
        "\x7f",
        "\x10\x03",
        "+++",
        "+++ATH0",
        "ATH0",
        "AT+FCLASS=0",
        "555;0120",
        ";;",
        ";1",
        "5550120;ATH0",
        "5550120E",
        "5550120+",
        "5550120=1",
        "5550120&F",
        "S0=1",
        "LH",
        "HELLO",
        "5550120\"",
        "\u{665}\u{665}\u{665}",
        "\u{ff15}",
        "５５５",
        "555\u{202e}0120",
        "5550120\u{7}",
        "☎",
        "é",
        "\u{10ffff}",
        "5550120\u{a0}",
    ]
    .map(invalid)
    .to_vec();
    all.push(invalid(&"5".repeat(10_000)));
    all.push(invalid(&"5".repeat(129)));
    all.push(invalid(&",".repeat(10_000)));
    all.push(("5?".into(), LineErr::DIALPROMPT));
    all.push(("W?".into(), LineErr::DIALPROMPT));
    all.push(("5550120:".into(), LineErr::DIALVOICEDETECT));
    all
}

/// Ends a call and waits for IDLE.
fn end(rig: &mut Rig, call: CallHandle) {
    assert_eq!(rig.drop_call(call), Ok(()));
    rig.runtime.close_call(call).expect("a call");
    // States of a call that is over are not those of the next one with the same handle.
    rig.seen.retain(|t| matches!(t, Told::Completed(..)));
}

/// Refused strings change nothing: no call is there, nothing is told.
fn are_refused(rig: &mut Rig, strings: &[(String, LineErr)]) {
    for (text, error) in strings {
        let before = Instant::now();
        assert_eq!(rig.call(0, HOST, text).unwrap_err(), *error, "{text:?}");
        assert!(before.elapsed() < Duration::from_secs(1), "at once");
    }
    rig.catch_up();
    assert!(
        rig.seen.iter().all(|t| matches!(t, Told::Line(..) | Told::Other(_) | Told::Completed(..))),
        "{:?}",
        rig.seen
    );
    let line = rig.lines[0];
    assert_eq!(rig.runtime.query(|p| p.line_status(line)).expect("open").active_calls, 0);
}

/// The digits that the exchange collected, and the numbers it took.
fn dialed(rig: &Rig) -> (String, Vec<String>) {
    let text = rig.runtime.with_exchange(|e| e.command("events")).expect("an exchange");
    let events: Vec<serde_json::Value> =
        text.lines().filter(|l| l.starts_with('{')).map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let take = |ev: &str, key: &str| -> Vec<String> {
        events.iter().filter(|e| e["ev"] == ev).filter_map(|e| e[key].as_str().map(str::to_owned)).collect()
    };
    (take("digit", "digit").concat(), take("dialed", "number"))
}

/// Dials through the exchange and compares what arrived there.
fn dials_exactly(device: &str, waits: &[(&str, LineErr)]) {
    let _watch = Watchdog::new(device, LIMIT);
    let mut rig = Rig::start(&[device], 20.0).ready();
    are_refused(&mut rig, &refused_everywhere());
    for (text, error) in waits {
        assert_eq!(rig.call(0, HOST, text).unwrap_err(), *error, "{text}");
    }
    for (text, digits) in [
        ("5550122", "5550122"),
        (" (555) 01-22 ", "5550122"),
        ("5.5.5/0122", "5550122"),
        ("W5550122", "5550122"),
        ("5,5,50122", "5550122"),
        ("T5550122", "5550122"),
        ("P5550122", "5550122"),
        ("p555t0122", "5550122"),
        ("5550122|77^ATH0", "5550122"),
        ("5550122^\rATZ\r", "5550122"),
        ("5550122\r\nATZ\r\n", "5550122"),
    ] {
        dialed(&rig);
        let (request, call) = rig.call(0, HOST, text).unwrap_or_else(|e| panic!("{text:?}: {e:?}"));
        assert_eq!(rig.completed(request), Ok(()), "{text:?}");
        rig.state(HOST, "RINGBACK", |s| s == CallState::Ringback);
        assert_eq!(dialed(&rig), (digits.to_owned(), vec![digits.to_owned()]), "{text:?}");
        end(&mut rig, call);
    }
    // Nothing to dial: off hook, and dial tone.
    for text in ["", "\rATZ\r", "^X", "T ( )"] {
        dialed(&rig);
        let (request, call) = rig.call(0, HOST, text).unwrap_or_else(|e| panic!("{text:?}: {e:?}"));
        assert_eq!(rig.completed(request), Ok(()), "{text:?}");
        rig.state(HOST, "DIALTONE", |s| matches!(s, CallState::DialTone(_)));
        assert_eq!(dialed(&rig).0, "", "{text:?}");
        // More of it, in pieces: bad ones change nothing.
        for (bad, error) in refused_everywhere() {
            let address = Address(bad.clone());
            let refused = rig.request(|request| Command::Dial { request, call, address, country: 0 });
            assert_eq!(refused.unwrap_err(), error, "{bad:?}");
        }
        let address = Address("5550122".into());
        let (request, _) = rig.request(|request| Command::Dial { request, call, address, country: 0 }).expect("dial");
        assert_eq!(rig.completed(request), Ok(()), "{text:?}");
        rig.state(HOST, "RINGBACK", |s| s == CallState::Ringback);
        assert_eq!(dialed(&rig).1, ["5550122"], "{text:?}");
        end(&mut rig, call);
    }
    rig.finish();
}

#[test]
fn the_modem_dials_what_it_says() {
    dials_exactly("emulated:0", &[("W@$?", LineErr::DIALPROMPT), ("@$W:", LineErr::DIALVOICEDETECT)]);
}

#[test]
fn the_card_dials_what_it_says() {
    // It cannot hear a billing tone.
    dials_exactly(
        "emulated:1",
        &[("W@$?", LineErr::DIALBILLING), ("$5", LineErr::DIALBILLING), ("5550120$?", LineErr::DIALBILLING)],
    );
}

/// Splits what a modem was sent into command lines; fails on a byte that no dial command has.
fn command_lines(written: &[u8]) -> Vec<String> {
    let text = String::from_utf8(written.to_vec()).unwrap_or_else(|e| panic!("{e}"));
    assert!(text.bytes().all(|b| b == b'\r' || (0x20..0x7f).contains(&b)), "{text:?}");
    text.split('\r').filter(|l| !l.is_empty()).map(str::to_owned).collect()
}

/// Whether a command is a dial command, or one that goes with it, and no more than that.
fn is_harmless(command: &str) -> bool {
    let dial = command.strip_prefix("ATX4D").or(command.strip_prefix("ATX3D"));
    let register = command.strip_prefix("ATS8=").or(command.strip_prefix("ATS11="));
    let numbers = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    match (dial, register) {
        (Some(string), _) => {
            let string = string.strip_suffix(';').unwrap_or(string);
            string.bytes().all(|b| b"0123456789*#ABCDTP,W@$!".contains(&b))
        }
        (_, Some(value)) => numbers(value) || value.split_once("S11=").is_some_and(|(a, b)| numbers(a) && numbers(b)),
        _ => {
            let fixed = ["AT+FCLASS=8", "AT+FCLASS=0", "ATH", "AT+VCID=1", "AT+VLS=1"];
            fixed.contains(&command) || command.strip_prefix("AT+VTS=").is_some_and(is_tones)
        }
    }
}

/// Digits with lengths, and pauses: `{1,9},[,,7],{2,9}`.
fn is_tones(text: &str) -> bool {
    text.bytes().all(|b| b"0123456789*#ABCD{}[],".contains(&b))
}

#[test]
fn nothing_but_dial_commands_reaches_the_modem() {
    let _watch = Watchdog::new("a recording modem", LIMIT);
    let modem = FakeModem::new(obedient);
    let mut rig = Rig::start(&[&modem.selector()], 1.0).ready();
    modem.take_written();
    are_refused(&mut rig, &refused_everywhere());
    assert_eq!(modem.take_written(), b"", "what is refused does not reach the modem");

    for (text, sent) in [
        ("5550120", "ATX4DT5550120;"),
        ("5550120|;ATH0", "ATX4DT5550120;"),
        ("5550120^\rATH0", "ATX4DT5550120;"),
        ("5550120\r\nATZ", "ATX4DT5550120;"),
        ("5550120\rATZ\r", "ATX4DT5550120;"),
        ("P12T3a", "ATX4DP12T3A;"),
        ("W9@5$5!5*#abcd", "ATX4DTW9@5$5!5*#ABCD;"),
        (" 5-5(5)/0.1 ", "ATX4DT55501;"),
        ("12;", "ATX4DT12;"),
    ] {
        let (request, call) = rig.call(0, HOST, text).unwrap_or_else(|e| panic!("{text:?}: {e:?}"));
        assert_eq!(rig.completed(request), Ok(()), "{text:?}");
        rig.state(HOST, "DIALING", |s| matches!(s, CallState::Dialing | CallState::Proceeding));
        end(&mut rig, call);
        let lines = command_lines(&modem.take_written());
        let dials: Vec<_> = lines.iter().filter(|l| l.starts_with("ATX")).collect();
        assert_eq!(dials, [sent], "{text:?}: {lines:?}");
        assert!(lines.iter().all(|l| is_harmless(l)), "{text:?}: {lines:?}");
    }

    // The longest address: in several commands, the whole of it once.
    let long = "0123456789*#".repeat(10);
    let (request, call) = rig.call(0, HOST, &long).expect("a long address");
    assert_eq!(rig.completed(request), Ok(()));
    rig.state(HOST, "PROCEEDING", |s| s == CallState::Proceeding);
    end(&mut rig, call);
    let lines = command_lines(&modem.take_written());
    assert!(lines.iter().all(|l| is_harmless(l) && l.len() <= 42), "{lines:?}");
    let dials = lines.iter().filter_map(|l| l.strip_prefix("ATX4DT").or(l.strip_prefix("ATX3DT")));
    assert_eq!(dials.map(|l| l.trim_end_matches(';')).collect::<String>(), long);
    rig.finish();
}

/// Sends digits on a connected call and waits for the end of it.
fn generate(rig: &mut Rig, call: CallHandle, id: u32, text: &str) -> Result<GenerateEnd, LineErr> {
    let digits = Some(Address(text.into()));
    let (mode, duration) = (DigitMode::Dtmf, Duration::ZERO);
    rig.runtime.command(Command::GenerateDigits { call, end_to_end: id, mode, digits, duration })?;
    Ok(rig.wait("LINE_GENERATE", |t| match t {
        Told::Other(Notification::Generated { end_to_end, why, .. }) if *end_to_end == id => Some(*why),
        _ => None,
    }))
}

#[test]
fn digits_to_send_never_become_a_command() {
    let _watch = Watchdog::new("a recording modem", LIMIT);
    let modem = FakeModem::new(obedient);
    let mut rig = Rig::start(&[&modem.selector()], 1.0).ready();
    let (request, call) = rig.call(0, HOST, "5550120").expect("a call");
    assert_eq!(rig.completed(request), Ok(()));
    rig.state(HOST, "PROCEEDING", |s| s == CallState::Proceeding);
    modem.take_written();
    // What is no digit is skipped.
    for (id, (text, digits)) in (1..).zip([
        ("12", "12"),
        ("1\r\nATH0\r2", "1A02"),
        ("+++ATH0", "A0"),
        ("{1,2}", "12"),
        ("1;ATZ", "1A"),
        ("\0\x10\x03\x1b", ""),
        ("\u{665}☎", ""),
        ("", ""),
        ("xyz", ""),
        ("*#d", "*#D"),
        (&"5x".repeat(100), &"5".repeat(100)),
    ]) {
        assert_eq!(generate(&mut rig, call, id, text), Ok(GenerateEnd::Done), "{text:?}");
        let lines = command_lines(&modem.take_written());
        assert!(lines.iter().all(|l| l.len() <= 42 && l.strip_prefix("AT+VTS=").is_some_and(is_tones)), "{lines:?}");
        // A digit is the first thing in its braces.
        let sent: String = lines.iter().flat_map(|l| l.split('{').skip(1)).filter_map(|d| d.chars().next()).collect();
        assert_eq!(sent, digits, "{text:?}: {lines:?}");
    }
    for text in ["5".repeat(10_000), ",".repeat(10_000)] {
        assert_eq!(generate(&mut rig, call, 99, &text), Err(LineErr::RESOURCEUNAVAIL));
    }
    assert_eq!(modem.take_written(), b"");
    assert_eq!(generate(&mut rig, call, 100, "7"), Ok(GenerateEnd::Done), "usable afterwards");
    end(&mut rig, call);
    rig.finish();
}

#[test]
fn a_number_from_the_line_is_no_command_either() {
    let _watch = Watchdog::new("a caller that is an attacker", LIMIT);
    let modem = FakeModem::new(obedient);
    let mut rig = Rig::start(&[&modem.selector()], 1.0).ready();
    modem.take_written();
    modem.say(b"\r\nRING\r\n\r\nNMBR = 555;ATH0\r\nNAME = \x1b[2J\x07+++ATZ\r\n\r\nRING\r\n");
    let (host, call) = rig.offered();
    rig.state(host, "OFFERING", |s| matches!(s, CallState::Offering(_)));
    let (request, _) = rig.request(|request| Command::Answer { request, call }).expect("answer");
    assert_eq!(rig.completed(request), Ok(()));
    end(&mut rig, call);
    let lines = command_lines(&modem.take_written());
    assert!(lines.iter().all(|l| is_harmless(l)), "{lines:?}");
    rig.finish();
}
