//! A modem that stops answering is out of service; its port is opened again, and the same line is back.

mod common;
#[path = "common/pty.rs"]
mod pty;

use common::{Rig, Told, Watchdog};
use loopstart::config::{Config, Recovery};
use loopstart::provider::{CallState, HostCall, HostLine, LineErr, LineState};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use pty::{Answer, FakeModem, obedient};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The driver's own ladder takes 13 s of wall time, twice here.
const LIMIT: Duration = Duration::from_secs(180);

/// Marks the open terminal of a line: the mark is one of the opened file, and gone when the port is opened again.
fn mark(rig: &Rig) {
    let (terminal, _) = rig.runtime.tty(rig.runtime.devices()[0]).expect("a terminal");
    let flags = OFlag::from_bits_retain(fcntl(&terminal, FcntlArg::F_GETFL).expect("flags"));
    fcntl(&terminal, FcntlArg::F_SETFL(flags | OFlag::O_APPEND)).expect("flags");
}

fn is_marked(rig: &Rig) -> Option<bool> {
    let (terminal, _) = rig.runtime.tty(rig.runtime.devices()[0])?;
    let flags = OFlag::from_bits_retain(fcntl(&terminal, FcntlArg::F_GETFL).expect("flags"));
    Some(flags.contains(OFlag::O_APPEND))
}

#[test]
fn a_modem_that_is_wedged_has_its_port_opened_again_and_keeps_its_line() {
    let _watch = Watchdog::new("a modem that is wedged", LIMIT);
    let wedged = Arc::new(AtomicBool::new(false));
    let modem = FakeModem::new({
        let wedged = Arc::clone(&wedged);
        move |command| if wedged.load(Ordering::Acquire) { Answer::Say(Vec::new()) } else { obedient(command) }
    });
    let mut config = Config::default();
    config.set_devices([modem.selector().as_str()]).expect("a selector");
    config.modem.guards.health = Duration::from_secs(1);
    config.modem.recovery = Recovery { reopen: Some(Duration::from_secs(1)), reset_usb: true };
    let mut rig = Rig::configured(config).ready();
    let line = |state| move |told: &Told| (*told == Told::Line(HostLine(1), state)).then_some(());
    mark(&rig);
    assert_eq!(is_marked(&rig), Some(true));

    wedged.store(true, Ordering::Release);
    rig.wait("OUTOFSERVICE", line(LineState::OutOfService));
    assert_eq!(rig.call(0, HostCall(1), "5550120").unwrap_err(), LineErr::RESOURCEUNAVAIL);
    let deadline = Instant::now() + LIMIT;
    while is_marked(&rig) != Some(false) {
        assert!(Instant::now() < deadline, "the port was not opened again");
        std::thread::sleep(Duration::from_millis(5));
    }
    wedged.store(false, Ordering::Release);
    rig.wait("INSERVICE", line(LineState::InService));
    assert!(!rig.seen.iter().any(|told| matches!(told, Told::Close(_))), "the host's line stays open");
    let (_, call) = rig.call(0, HostCall(2), "5550120").expect("the same line works");
    rig.state(HostCall(2), "PROCEEDING", |s| s == CallState::Proceeding);
    assert_eq!(rig.drop_call(call), Ok(()));
    let told = rig.finish();
    let out = told.iter().filter(|told| line(LineState::OutOfService)(told).is_some()).count();
    assert_eq!(out, 1, "told once");
}
