//! Modems that do not behave, on real pseudo-terminals, beside lines that do: nothing hangs, the host is told, and
//! the other lines go on working.

mod common;
#[path = "common/pty.rs"]
mod pty;

use common::{Rig, Told, Watchdog};
use loopstart::hal::exchange::modem::{Modem, Profile};
use loopstart::hal::exchange::{EmulatedExchange, LineKind, ServeSettings};
use loopstart::provider::{CallState, DisconnectMode, HostCall, HostLine, LineErr, LineState};
use loopstart::signal::country;
use nix::sys::stat::Mode;
use pty::{Answer, FakeModem, obedient, says};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// An emulated line beside the bad modem.
const NEIGHBOUR: &str = "emulated:1";
/// Waking a modem that says nothing takes 12 s in all.
const GIVES_UP: Duration = Duration::from_secs(90);

/// A bad modem as line 0, a good line as line 1.
fn beside(modem: &FakeModem) -> Rig {
    Rig::start(&[&modem.selector(), NEIGHBOUR], 20.0)
}

/// Waits until the host was told that a line is out of service.
fn out_of_service(rig: &mut Rig, at: usize) {
    let told = Told::Line(HostLine(at + 1), LineState::OutOfService);
    if !rig.seen.contains(&told) {
        rig.wait("OUTOFSERVICE", |t| (*t == told).then_some(()));
    }
    assert!(!rig.in_service(at));
}

/// The line beside makes a call, whatever the bad modem does meanwhile.
fn the_neighbour_works(rig: &mut Rig, at: usize) {
    let deadline = Instant::now() + GIVES_UP;
    while !rig.in_service(at) {
        assert!(Instant::now() < deadline, "the emulated line does not start");
        std::thread::yield_now();
    }
    let host = HostCall(50);
    let (_, call) = rig.call(at, host, "5550120").expect("a call");
    rig.state(host, "CONNECTED", |s| matches!(s, CallState::Connected(_)));
    assert_eq!(rig.drop_call(call), Ok(()));
    rig.runtime.close_call(call).expect("a call");
}

/// Gone for good.
fn is_gone(rig: &mut Rig) {
    out_of_service(rig, 0);
    rig.wait("LINE_CLOSE", |t| (*t == Told::Close(HostLine(1))).then_some(()));
    assert_eq!(rig.call(0, HostCall(1), "5550120").unwrap_err(), LineErr::NODRIVER);
}

#[test]
fn what_cannot_be_talked_to_is_out_of_service() {
    let _watch = Watchdog::new("modems that answer nothing, garbage, everything, ERROR", GIVES_UP);
    let silent = FakeModem::new(|_| Answer::Say(Vec::new()));
    let mut noise = 1u32;
    let garbled = FakeModem::new(move |_| {
        let bytes = (0..300).map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8 | 0x80
        });
        Answer::Say(bytes.collect())
    });
    let talker = FakeModem::talker();
    let refuser = FakeModem::new(|_| says("ERROR"));
    let bad = [silent, garbled, talker, refuser];
    let selectors: Vec<_> = bad.iter().map(FakeModem::selector).collect();
    let mut devices: Vec<_> = selectors.iter().map(String::as_str).collect();
    devices.push(NEIGHBOUR);
    let mut rig = Rig::start(&devices, 20.0);
    the_neighbour_works(&mut rig, 4);
    for (at, modem) in bad.iter().enumerate() {
        out_of_service(&mut rig, at);
        assert_eq!(rig.call(at, HostCall(1), "5550120").unwrap_err(), LineErr::RESOURCEUNAVAIL);
        assert!(!modem.take_written().is_empty(), "{at} was tried");
    }
    the_neighbour_works(&mut rig, 4);
    assert!(!rig.seen.iter().any(|t| matches!(t, Told::Close(_))), "they may come back");
    rig.finish();
}

#[test]
fn starts_talking_without_end_when_in_service() {
    let _watch = Watchdog::new("a modem that becomes a talker", GIVES_UP);
    let modem = FakeModem::new(obedient);
    let mut rig = beside(&modem).ready();
    // Well over what is taken for a slip; what it answers afterwards makes sense again.
    for _ in 0..60 {
        modem.say(&[b'x'; 200]);
    }
    let deadline = Instant::now() + GIVES_UP;
    // It is woken again: an abort of any voice stream, and the initialisation from the start.
    let mut written = Vec::new();
    while !written.windows(4).any(|w| w == b"ATI3") {
        assert!(Instant::now() < deadline, "it was not started anew");
        written.extend(modem.take_written());
        std::thread::yield_now();
    }
    the_neighbour_works(&mut rig, 1);
    let (_, call) = rig.call(0, HostCall(3), "5550120").expect("it is in service");
    rig.state(HostCall(3), "PROCEEDING", |s| s == CallState::Proceeding);
    assert_eq!(rig.drop_call(call), Ok(()));
    rig.finish();
}

#[test]
fn is_pulled_out_in_each_step_of_the_start() {
    let _watch = Watchdog::new("a modem that leaves while it is started", GIVES_UP * 2);
    // How many commands the start has.
    let commands = Arc::new(AtomicUsize::new(0));
    let counted = FakeModem::new({
        let commands = Arc::clone(&commands);
        move |c| {
            commands.fetch_add(1, Ordering::Relaxed);
            obedient(c)
        }
    });
    Rig::start(&[&counted.selector()], 1.0).ready().finish();
    let commands = commands.load(Ordering::Relaxed);
    assert!(commands > 10, "{commands}");
    for survived in 0..commands {
        let mut answered = 0;
        let modem = FakeModem::new(move |c| {
            if answered == survived {
                return Answer::Leave;
            }
            answered += 1;
            obedient(c)
        });
        let mut rig = Rig::start(&[&modem.selector()], 1.0);
        is_gone(&mut rig);
        rig.runtime.close_line(rig.lines[0]).expect("open");
        rig.finish();
    }
}

#[test]
fn is_pulled_out_in_a_call() {
    let _watch = Watchdog::new("a modem that leaves in a call", GIVES_UP);
    let mut modem = FakeModem::new(obedient);
    let mut rig = beside(&modem).ready();
    let host = HostCall(3);
    let (_, call) = rig.call(0, host, "5550120").expect("a call");
    rig.state(host, "PROCEEDING", |s| s == CallState::Proceeding);
    modem.leave();
    rig.state(host, "DISCONNECTED(UNKNOWN)", |s| s == CallState::Disconnected(DisconnectMode::Unknown));
    is_gone(&mut rig);
    let load = rig.event_thread_load();
    assert!(load < 0.5, "the event thread uses {load:.2} of a processor");
    assert_eq!(rig.drop_call(call), Ok(()));
    rig.state(host, "IDLE", |s| s == CallState::Idle);
    rig.runtime.close_call(call).expect("a call");
    the_neighbour_works(&mut rig, 1);
    rig.finish();
}

#[test]
fn is_pulled_out_while_a_command_has_no_answer() {
    let _watch = Watchdog::new("a modem that leaves while it dials", GIVES_UP);
    let mut modem = FakeModem::new(|c| if c.starts_with("ATX") { Answer::Say(Vec::new()) } else { obedient(c) });
    let mut rig = beside(&modem).ready();
    let host = HostCall(3);
    let (request, call) = rig.call(0, host, "5550120").expect("a call");
    assert_eq!(rig.completed(request), Ok(()), "a dial command that is not refused was taken");
    let (drop, _) = rig.request(|request| loopstart::provider::Command::Drop { request, call }).expect("a drop");
    modem.leave();
    let _ = rig.completed(drop);
    is_gone(&mut rig);
    rig.finish();
}

#[test]
fn says_ok_late() {
    let _watch = Watchdog::new("a slow modem", GIVES_UP * 2);
    let late = |ms| {
        FakeModem::new(move |c| match obedient(c) {
            Answer::Say(bytes) => Answer::Late(Duration::from_millis(ms), bytes),
            other => other,
        })
    };
    // Slow, but within every limit.
    let slow = late(300);
    // Answers come after the command was given up: each looks like the answer to the next one.
    let behind = late(1_500);
    let hopeless = late(6_000);
    let devices = [slow.selector(), behind.selector(), hopeless.selector(), NEIGHBOUR.into()];
    let mut rig = Rig::start(&[&devices[0], &devices[1], &devices[2], &devices[3]], 20.0);
    let mut states = [None; 3];
    while states.contains(&None) {
        let (line, state) = rig.wait("a state of each line", |t| match t {
            Told::Line(HostLine(at @ 1..=3), s @ (LineState::InService | LineState::OutOfService)) => Some((*at, *s)),
            _ => None,
        });
        states[line - 1] = Some(state);
    }
    // How the third one ends depends on which answer meets which question.
    assert_eq!(states[..2], [Some(LineState::InService); 2]);
    // A call on each that says it works: it gets on, or fails; it does not hang.
    for (at, state) in states.iter().enumerate() {
        let host = HostCall(at + 1);
        match rig.call(at, host, "5550120") {
            Ok((request, call)) => {
                let done = rig.completed(request);
                assert!(at != 0 || done == Ok(()));
                if done.is_ok() {
                    let _ = rig.drop_call(call);
                }
            }
            Err(LineErr::RESOURCEUNAVAIL) => assert_eq!(*state, Some(LineState::OutOfService)),
            // Its answers made it look like a modem for data only.
            Err(e) => assert!(at == 2 && e == LineErr::INVALMEDIAMODE, "{at} {e:?}"),
        }
    }
    the_neighbour_works(&mut rig, 3);
    rig.finish();
}

/// The event thread is woken when its first devices arrive: nothing else happens in this process that would do it.
#[test]
fn a_serial_line_starts_when_nothing_else_happens() {
    let _watch = Watchdog::new("a lone serial line", GIVES_UP);
    let modem = FakeModem::new(obedient);
    let start = Instant::now();
    let mut rig = Rig::start(&[&modem.selector()], 1.0);
    rig.wait("INSERVICE", |t| (*t == Told::Line(HostLine(1), LineState::InService)).then_some(()));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let load = rig.event_thread_load();
    assert!(load < 0.2, "an idle line uses {load:.2} of a processor");
    rig.finish();
}

/// A modem that tells nothing of the call it dials: its calls are in PROCEEDING until they are dropped.
#[test]
fn a_quiet_modem_promises_nothing_it_cannot_see() {
    let _watch = Watchdog::new("a quiet modem", GIVES_UP);
    let profile = Profile::by_name("silent").expect("a built-in profile");
    let us = country::by_code("us").expect("a country");
    let settings =
        ServeSettings { country: us, speed: 5.0, control: None, lines: vec![LineKind::Modem { symlink: None }] };
    let exchange = EmulatedExchange::start_with(settings, Box::new(move |_| Box::new(Modem::new(profile, us))), |_| {})
        .expect("an exchange");
    let path = exchange.pty_path(0).expect("a modem");
    let mut rig = Rig::start(&[&format!("serial:{}", path.display())], 1.0).ready();

    // LINECALLSTATE_: IDLE, OFFERING, ACCEPTED, DIALING, CONNECTED (of calls that come in), PROCEEDING, DISCONNECTED, and
    // BUSY, which is a result code that any modem may give.
    let device = rig.runtime.devices()[0];
    let caps = rig.runtime.query(|p| p.address_caps(device, 0)).expect("address 0");
    assert_eq!(caps.call_states & !0x40, 0x1 | 0x2 | 0x4 | 0x10 | 0x100 | 0x200 | 0x4000, "{:#x}", caps.call_states);

    let host = HostCall(3);
    let (request, call) = rig.call(0, host, "5550120").expect("a call");
    assert_eq!(rig.completed(request), Ok(()));
    rig.state(host, "PROCEEDING", |s| s == CallState::Proceeding);
    // RINGBACK, DIALTONE, SPECIALINFO and CONNECTED are not among what this call can enter.
    let info = rig.runtime.query(|p| p.call_info(call)).expect("a call");
    assert_eq!(info.call_states & (0x8 | 0x20 | 0x80 | 0x100), 0, "{:#x}", info.call_states);
    // The far end rings and answers meanwhile.
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut happened = String::new();
    while !happened.contains("\"answered\"") {
        assert!(Instant::now() < deadline, "the far end did not answer: {happened}");
        happened.push_str(&exchange.command("events"));
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(600));
    rig.catch_up();
    let states: Vec<_> =
        rig.seen.iter().filter_map(|t| if let Told::State(_, s) = t { Some(*s) } else { None }).collect();
    assert_eq!(states, [CallState::Dialing, CallState::Proceeding]);
    assert_eq!(rig.drop_call(call), Ok(()));
    rig.state(host, "IDLE", |s| s == CallState::Idle);
    // And it can be used again.
    let (request, call) = rig.call(0, host, "5550122").expect("another call");
    assert_eq!(rig.completed(request), Ok(()));
    assert_eq!(rig.drop_call(call), Ok(()));
    rig.finish();
}

// ---- devices that cannot be opened ----

fn loopstart(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopstart"));
    for name in ["LOOPSTART_DEVICES", "LOOPSTART_EMULATED", "LOOPSTART_LOG"] {
        command.env_remove(name);
    }
    command.env("LOOPSTART_CONFIG", "/dev/null").stdin(Stdio::null()).args(arguments);
    command
}

/// One line on standard error, and this status.
fn refused(output: &Output, status: i32) -> String {
    let error = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(status), "{error}");
    assert_eq!(error.lines().count(), 1, "one line: {error}");
    error
}

fn call(selector: &str, status: i32) -> String {
    let output = loopstart(&["call", "5550120", "--device", selector]).output().expect("the command starts");
    refused(&output, status)
}

/// Opens devices next to a line that works; the texts of their failures.
fn failures(selectors: &[&str]) -> Vec<String> {
    let devices: Vec<_> = selectors.iter().copied().chain([NEIGHBOUR]).collect();
    let mut rig = Rig::start(&devices, 20.0);
    let texts: Vec<_> = rig.runtime.failures().iter().map(|(_, error)| error.to_string()).collect();
    assert_eq!(texts.len(), selectors.len(), "{texts:?}");
    for &device in rig.runtime.devices().iter().take(selectors.len()) {
        let open = loopstart::provider::Command::OpenLine { device, host: HostLine(77) };
        assert_eq!(rig.runtime.command(open), Err(LineErr::NODRIVER));
    }
    the_neighbour_works(&mut rig, 0);
    rig.finish();
    texts
}

fn failure(selector: &str) -> String {
    failures(&[selector]).remove(0)
}

#[test]
fn a_port_in_use_names_its_holder() {
    let _watch = Watchdog::new("a port in use", GIVES_UP);
    let modem = FakeModem::new(obedient);
    let selector = modem.selector();
    // Another process has it.
    let mut watch = loopstart(&["watch", "--json", "--device", &selector])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let deadline = Instant::now() + GIVES_UP;
    while modem.take_written().is_empty() {
        assert!(Instant::now() < deadline, "the other process does not use it");
        std::thread::sleep(Duration::from_millis(10));
    }
    let holder = format!("loopstart (pid {})", watch.id());
    let text = failure(&selector);
    assert!(text.contains(&holder) && text.contains(&selector), "{text}");
    let text = call(&selector, 1);
    assert!(text.contains(&holder), "{text}");
    watch.kill().expect("it runs");
    watch.wait().expect("it ends");
    // This process has it, twice named.
    let mut rig = Rig::start(&[&selector], 1.0).ready();
    let text = failure(&selector);
    assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
    let (request, _) = rig.call(0, HostCall(1), "5550120").expect("the first is not disturbed");
    assert_eq!(rig.completed(request), Ok(()));
    rig.finish();
    // And free again.
    Rig::start(&[&selector], 1.0).ready().finish();
}

#[test]
fn what_is_no_serial_port_is_said_to_be_none() {
    let _watch = Watchdog::new("no serial ports", GIVES_UP);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("modem");
    std::fs::write(&file, "OK\r\n").expect("a file");
    let missing = directory.path().join("missing");
    let dangling = directory.path().join("dangling");
    std::os::unix::fs::symlink(&missing, &dangling).expect("a link");
    let fifo = directory.path().join("fifo");
    nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).expect("a pipe");
    let selector = |path: &std::path::Path| format!("serial:{}", path.display());
    let wrong = [
        (selector(&missing), "no such device"),
        (selector(&dangling), "no such device"),
        (selector(&file), "not a device node"),
        (selector(&fifo), "not a device node"),
        (selector(directory.path()), "a directory"),
        ("serial:/dev/null".into(), "not a serial port"),
        ("serial:/dev/ptmx".into(), "not a serial port"),
        ("emulated:9000".into(), "no such device"),
        ("dahdi:1".into(), "DAHDI"),
    ];
    let selectors: Vec<_> = wrong.iter().map(|(selector, _)| selector.as_str()).collect();
    for (text, (selector, says)) in failures(&selectors).iter().zip(&wrong) {
        assert!(text.contains(says) && text.contains(selector), "{text}");
        let text = call(selector, 1);
        assert!(text.contains(says), "{text}");
    }
    for selector in ["serial:", "modem:0", "serial:/dev/ttyS0?profile=none", "emulated:x", "usb:1"] {
        let text = call(selector, 2);
        assert!(text.contains("serial:/dev/ttyACM0"), "{selector}: {text}");
    }
    assert!(std::fs::read(&file).expect("a file") == b"OK\r\n", "it was left alone");
}

#[test]
fn without_permission_the_group_is_named() {
    if nix::unistd::geteuid().is_root() {
        aloud("SKIPPED: root may open every port");
        return;
    }
    let modem = FakeModem::new(obedient);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    std::fs::set_permissions(&modem.path, mode).expect("our own terminal");
    let text = failure(&modem.selector());
    assert!(text.contains("no permission"), "{text}");
    assert!(call(&modem.selector(), 1).contains("no permission"));
}

#[test]
fn the_command_says_that_a_modem_does_not_answer() {
    let _watch = Watchdog::new("the command with a silent modem", GIVES_UP);
    let modem = FakeModem::new(|_| Answer::Say(Vec::new()));
    let text = call(&modem.selector(), 1);
    assert!(text.contains(&modem.selector()), "{text}");
    // One that goes away in the middle of the call.
    let gone = FakeModem::new(|c| if c.starts_with("ATX4D") { Answer::Leave } else { obedient(c) });
    call(&gone.selector(), 1);
}

#[test]
fn the_command_ends_when_its_modem_is_pulled_out() {
    let _watch = Watchdog::new("watch without its modem", GIVES_UP);
    let mut modem = FakeModem::new(obedient);
    let mut watch = loopstart(&["watch", "--json", "--device", &modem.selector()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut out = BufReader::new(watch.stdout.take().expect("a pipe"));
    let mut seen = String::new();
    while !seen.contains("InService") && !seen.to_lowercase().contains("service") {
        assert!(out.read_line(&mut seen).expect("UTF-8") > 0, "{seen}");
    }
    modem.leave();
    out.read_to_string(&mut seen).expect("UTF-8");
    let output = watch.wait_with_output().expect("it ends by itself");
    let error = refused(&output, 1);
    assert!(error.contains("gone"), "{error}");
    assert!(seen.contains("Gone") || seen.contains("gone"), "{seen}");
}

/// Says it past the test runner, which hides what passing tests print.
fn aloud(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
