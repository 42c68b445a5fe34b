//! Parameters of lines and calls, and what can be read.

use super::*;

#[test]
fn call_parameters() {
    let mut rig = Rig::new().connected();
    let call = rig.call();
    let set = |rig: &mut Rig, bearer_mode, dial| {
        let request = rig.request();
        rig.command(Command::SetCallParams { request, call, bearer_mode, min_rate: 0, max_rate: 0, dial })
    };
    let dial = DialParams { pause: Duration::from_secs(3), ..Default::default() };
    set(&mut rig, 1, Some(dial)).unwrap();
    expect!(rig, "ok 2", "101 info CallInfoChange(BEARER_MODE | RATE | DIAL_PARAMS)");
    assert_eq!(rig.provider.call_info(call).unwrap().dial.pause, Duration::from_secs(3));
    assert_eq!(set(&mut rig, 64, None), Err(LineErr::BEARERMODEUNAVAIL));
    assert_eq!(set(&mut rig, 0, None), Err(LineErr::INVALBEARERMODE));
    send!(rig, released(ReleaseWitness::LoopCurrent));
    assert_eq!(set(&mut rig, 1, None), Err(LineErr::INVALCALLSTATE));
}

#[test]
fn what_the_host_stores() {
    let mut rig = Rig::new().connected();
    let call = rig.call();
    rig.command(Command::SetAppSpecific { call, value: 77 }).unwrap();
    rig.command(Command::SetMediaMode { call, modes: MediaModes::AUTOMATED_VOICE }).unwrap();
    expect!(rig, "101 info CallInfoChange(APP_SPECIFIC)", "101 info CallInfoChange(MEDIA_MODE)");
    let info = rig.provider.call_info(call).unwrap();
    assert_eq!((info.app_specific, info.media), (77, MediaModes::AUTOMATED_VOICE));
    let none = Command::SetMediaMode { call, modes: MediaModes::empty() };
    assert_eq!(rig.command(none), Err(LineErr::INVALMEDIAMODE));
    rig.drop_call().unwrap();
    rig.ok("Release");
    rig.words();
    // Nothing is said after the end, but it is still stored.
    rig.command(Command::SetAppSpecific { call, value: 78 }).unwrap();
    expect!(rig);
    assert_eq!(rig.provider.call_info(call).unwrap().app_specific, 78);
}

#[test]
fn conditional_media_detection_changes_nothing() {
    let mut rig = Rig::new();
    let line = rig.line;
    let test = |rig: &mut Rig, modes, params| rig.command(Command::ConditionalMediaDetection { line, modes, params });
    let voice = MediaModes::INTERACTIVE_VOICE;
    assert_eq!(test(&mut rig, voice, CallParams::default()), Ok(Reply::Ok));
    assert_eq!(test(&mut rig, MediaModes::DATA_MODEM, CallParams::default()), Err(LineErr::INVALMEDIAMODE));
    let bearer = CallParams { bearer_mode: 0, ..Default::default() };
    assert_eq!(test(&mut rig, voice, bearer), Err(LineErr::INVALBEARERMODE));
    let mut rig = rig.connected();
    assert_eq!(test(&mut rig, voice, CallParams::default()), Err(LineErr::RESOURCEUNAVAIL));
    expect!(rig);
}

#[test]
fn media_detection_is_checked() {
    let mut rig = Rig::new();
    let line = rig.line;
    let set = |rig: &mut Rig, bits| {
        rig.command(Command::SetMediaDetection { line, modes: MediaModes::from_bits_retain(bits) })
    };
    assert_eq!(set(&mut rig, 1), Err(LineErr::INVALMEDIAMODE));
    assert_eq!(set(&mut rig, MediaModes::DATA_MODEM.bits()), Err(LineErr::INVALMEDIAMODE));
    assert_eq!(set(&mut rig, 0), Ok(Reply::Ok));
    // A device that is not ready may turn out to do it.
    let mut rig = Rig::bare();
    assert_eq!(set(&mut rig, MediaModes::DATA_MODEM.bits()), Ok(Reply::Ok));
}

#[test]
fn several_media_make_an_unknown_one() {
    let mut rig = Rig::new();
    let line = rig.line;
    let modes = MediaModes::INTERACTIVE_VOICE | MediaModes::AUTOMATED_VOICE;
    rig.command(Command::SetMediaDetection { line, modes }).unwrap();
    let rig = rig.offered();
    assert_eq!(rig.provider.call_info(rig.call()).unwrap().media, modes | MediaModes::UNKNOWN);
}

#[test]
fn random_handles_are_errors() {
    let mut rig = Rig::new().connected();
    for raw in [0x4fff_0001_usize, 0x5fff_0001, 0x5000_0000, 0x5000_0007] {
        if let Some(call) = CallHandle::from_raw(raw) {
            assert_eq!(rig.command(Command::CloseCall(call)), Err(LineErr::INVALCALLHANDLE));
            assert_eq!(rig.provider.call_info(call).err(), Some(LineErr::INVALCALLHANDLE));
            assert_eq!(rig.provider.device_of_call(call), Err(LineErr::INVALCALLHANDLE));
            let offered = Input::Offered { call, host: None };
            assert_eq!(rig.provider.handle(offered, rig.now), Err(LineErr::INVALCALLHANDLE));
        }
        if let Some(line) = LineHandle::from_raw(raw) {
            assert_eq!(rig.command(Command::CloseLine(line)), Err(LineErr::INVALLINEHANDLE));
            assert_eq!(rig.provider.line_status(line).err(), Some(LineErr::INVALLINEHANDLE));
        }
    }
}

#[test]
fn what_can_be_read() {
    let rig = Rig::new();
    assert_eq!(rig.provider.clock_of(DEVICE), Some(Clock::Line));
    assert_eq!(rig.provider.device_of_line(rig.line), Ok(DEVICE));
    assert_eq!(rig.provider.address_id(rig.line, "555-0100"), Ok(0));
    assert_eq!(rig.provider.address_id(rig.line, "5550101"), Err(LineErr::INVALADDRESS));
    assert_eq!(rig.provider.address_caps(DEVICE, 1).err(), Some(LineErr::INVALADDRESSID));
    let caps = rig.provider.device_caps(DEVICE).unwrap();
    let media = LineFeatures::SET_MEDIA_CONTROL | LineFeatures::SET_TERMINAL;
    assert_eq!(caps.features, LineFeatures::MAKE_CALL | media);
    assert_eq!(rig.provider.line_status(rig.line).unwrap().features, LineFeatures::MAKE_CALL | media);
    let rig = rig.connected();
    assert_eq!(rig.provider.line_status(rig.line).unwrap().features, media);
}

#[test]
fn a_line_has_room_for_so_many_ended_calls() {
    let mut rig = Rig::new();
    let mut made = 0;
    let full = loop {
        match rig.try_make(Some("5"), CallParams::default()) {
            Ok(_) => made += 1,
            Err(e) => break e,
        }
        rig.fail("Dial", Failure::Refused);
        rig.words();
    };
    assert_eq!((made, full), (256, LineErr::NOMEM));
}
