//! Devices that come, fail and go; lines that open and close; handles.

use super::*;

#[test]
fn lost_and_back() {
    let mut rig = Rig::new().curious().connected();
    send!(rig, lost(Loss::Silent), lost(Loss::Silent));
    expect!(rig, "line OutOfService", "101 Disconnected(Unknown)");
    assert_eq!(rig.try_make(Some("5"), CallParams::default()), Err(LineErr::RESOURCEUNAVAIL));
    assert!(!rig.provider.line_status(rig.line).unwrap().in_service);
    rig.drop_call().unwrap();
    expect!(rig, "ok 3", "101 Idle", "address 0x24", "line NumCalls");
    // The line was up when the device was lost: hang up to be sure.
    send!(rig, LineEvent::Ready(Caps::all()));
    expect!(rig, "line InService", "line CapsChange", "Release");
    rig.ok("Release");
    rig.wait_ms(2_000);
    rig.make("5");
    expect!(rig, "Dial 5");
}

#[test]
fn lost_with_requests_open() {
    let mut rig = Rig::new();
    rig.make("5");
    send!(rig, lost(Loss::Garbled));
    expect!(rig, "Dial 5", "RESOURCEUNAVAIL 1");
    assert_eq!(rig.state(), CallState::Idle);

    let mut rig = Rig::new().offered();
    rig.answer().unwrap();
    send!(rig, lost(Loss::Os(5)));
    expect!(rig, "Answer", "RESOURCEUNAVAIL 1", "101 Disconnected(Unknown)");

    let mut rig = Rig::new().connected();
    rig.drop_call().unwrap();
    send!(rig, lost(Loss::Silent));
    expect!(rig, "Release", "RESOURCEUNAVAIL 2", "101 Disconnected(Unknown)");
}

#[test]
fn lost_while_the_host_is_asked() {
    let mut rig = Rig::new();
    send!(rig, RING, lost(Loss::Silent));
    rig.take(true);
    expect!(rig, "offer", "101 Offering(Active)", "101 Disconnected(Unknown)");
    rig.drop_call().unwrap();
    expect!(rig, "ok 1", "101 Idle");
}

#[test]
fn unplugged() {
    let mut rig = Rig::new().curious().connected();
    send!(rig, lost(Loss::Gone));
    expect!(rig, "line OutOfService", "101 Disconnected(Unknown)", "close");
    assert_eq!(rig.try_make(Some("5"), CallParams::default()), Err(LineErr::NODRIVER));
    send!(rig, LineEvent::Ready(Caps::all()));
    rig.drop_call().unwrap();
    expect!(rig, "ok 3", "101 Idle");
    let now = rig.now;
    rig.provider.handle(Input::DeviceRemoved(DEVICE), now).unwrap();
    expect!(rig);
    let line = rig.line;
    rig.command(Command::CloseLine(line)).unwrap();
    expect!(rig, "remove 3");
    assert_eq!(rig.provider.device_caps(DEVICE), Err(LineErr::BADDEVICEID));
    assert_eq!(rig.close_call(), Err(LineErr::INVALCALLHANDLE));
    // The number may be used again.
    rig.provider.handle(Input::DeviceAdded(description(DEVICE)), now).unwrap();
}

#[test]
fn removed_and_the_host_does_not_close() {
    let mut rig = Rig::new();
    let now = rig.now;
    rig.provider.handle(Input::DeviceRemoved(DEVICE), now).unwrap();
    expect!(rig, "close");
    rig.wait(Duration::from_secs(10));
    expect!(rig, "remove 3");
    let line = rig.line;
    rig.command(Command::CloseLine(line)).unwrap();
    expect!(rig);
}

#[test]
fn removed_while_closed() {
    let mut provider = Provider::new();
    provider.handle(Input::DeviceAdded(description(DEVICE)), Time::ZERO).unwrap();
    assert_eq!(provider.handle(Input::DeviceAdded(description(DEVICE)), Time::ZERO), Err(LineErr::ALLOCATED));
    provider.handle(Input::DeviceRemoved(DEVICE), Time::ZERO).unwrap();
    assert_eq!(provider.poll(), Some(Output::Notify(Notification::Remove { device: DEVICE })));
    assert_eq!(provider.handle(Input::DeviceRemoved(DEVICE), Time::ZERO), Err(LineErr::BADDEVICEID));
}

#[test]
fn not_ready_yet() {
    let mut rig = Rig::bare().curious();
    assert_eq!(rig.try_make(Some("5"), CallParams::default()), Err(LineErr::RESOURCEUNAVAIL));
    send!(rig, RING);
    expect!(rig);
    send!(rig, LineEvent::Ready(Caps::VOICE));
    expect!(rig, "line InService", "line CapsChange");
    send!(rig, LineEvent::Ready(Caps::VOICE));
    expect!(rig);
}

#[test]
fn the_cable_is_pulled() {
    let mut rig = Rig::new().curious();
    send!(rig, LineEvent::Battery(true), LineEvent::Battery(false), LineEvent::Battery(false));
    expect!(rig, "line Disconnected");
    assert!(!rig.provider.line_status(rig.line).unwrap().connected);
    send!(rig, LineEvent::Battery(true));
    expect!(rig, "line Connected");
}

#[test]
fn close_ends_everything() {
    let mut rig = Rig::new().curious();
    rig.make("9;");
    send!(rig, LineEvent::OffHook);
    rig.dial("1").unwrap();
    rig.words();
    let line = rig.line;
    rig.command(Command::CloseLine(line)).unwrap();
    expect!(rig, "OPERATIONFAILED 2", "Release");
    for gone in [rig.command(Command::CloseLine(line)), rig.close_call(), rig.drop_call()] {
        assert!(matches!(gone, Err(LineErr::INVALLINEHANDLE | LineErr::INVALCALLHANDLE)));
    }
    send!(rig, LineEvent::OnHook, RING);
    expect!(rig);
    let Ok(Reply::Line(again)) = rig.command(Command::OpenLine { device: DEVICE, host: HostLine(12) }) else {
        panic!("not opened")
    };
    assert_ne!(again, line);
}

#[test]
fn one_open_at_a_time() {
    let mut rig = Rig::new();
    let open = Command::OpenLine { device: DEVICE, host: HostLine(12) };
    assert_eq!(rig.command(open), Err(LineErr::ALLOCATED));
    let unknown = Command::OpenLine { device: DeviceId(99), host: HostLine(12) };
    assert_eq!(rig.command(unknown), Err(LineErr::BADDEVICEID));
    let gone = Input::Event(DeviceId(99), RING);
    assert_eq!(rig.provider.handle(gone, rig.now), Err(LineErr::BADDEVICEID));
}

#[test]
fn only_wanted_messages_are_sent() {
    let mut rig = Rig::new();
    let line = rig.line;
    rig.command(Command::SetStatusMessages { line, line_states: 0x2, address_states: 0x8 }).unwrap();
    send!(rig, RING);
    rig.take(true);
    expect!(rig, "offer", "101 Offering(Active)", "address 0x8", "line Ringing { mode: 1, count: 0 }");
    let bad_line = Command::SetStatusMessages { line, line_states: 0x0200_0000, address_states: 0 };
    assert_eq!(rig.command(bad_line), Err(LineErr::INVALLINESTATE));
    let bad_address = Command::SetStatusMessages { line, line_states: 0, address_states: 0x200 };
    assert_eq!(rig.command(bad_address), Err(LineErr::INVALADDRESSSTATE));
}

#[test]
fn counts_are_right() {
    let mut rig = Rig::new();
    let count = |rig: &Rig| {
        let status = rig.provider.address_status(rig.line, 0).unwrap();
        assert_eq!(status.active_calls, rig.provider.line_status(rig.line).unwrap().active_calls);
        (status.in_use, status.active_calls)
    };
    rig.make("5");
    // Not valid yet: does not count.
    assert_eq!(count(&rig), (0, 0));
    rig.ok("Dial");
    assert_eq!(count(&rig), (1, 1));
    rig.drop_call().unwrap();
    assert_eq!(count(&rig), (1, 1));
    rig.ok("Release");
    assert_eq!(count(&rig), (0, 0));
    assert_eq!(rig.provider.address_status(rig.line, 1), Err(LineErr::INVALADDRESSID));
}
