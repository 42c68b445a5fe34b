//! Calls that call waiting does not disturb, where the exchange switches it for the whole line.

use super::*;

fn secure() -> CallParams {
    CallParams { flags: CallParamFlags::SECURE, ..CallParams::default() }
}

impl Rig {
    /// A protected call, up to the code that comes before it.
    fn protected(plan: &str) -> (Self, CallHandle) {
        let mut rig = idle(plan);
        let call = rig.try_make(Some("5551234"), secure()).unwrap();
        (rig, call)
    }

    /// The code was taken, the line is on hook, the number goes out and is answered.
    fn reach_protected(&mut self) {
        self.sent();
        send!(self, tone(ProgressTone::Confirmation));
        self.ok("Release");
        self.wait_ms(1_500);
        send!(self, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed);
        self.ok("Dial");
        send!(self, LineEvent::Answered(AnswerWitness::RingbackStopped));
        self.words();
    }
}

#[test]
fn waiting_is_off_during_the_call_and_on_again_after_it() {
    let (mut rig, call) = Rig::protected("etsi");
    expect!(rig, "Dial #43#;");
    rig.sent();
    expect!(rig);
    send!(rig, tone(ProgressTone::Confirmation));
    expect!(rig, "Release");
    rig.ok("Release");
    expect!(rig);
    // Longer on hook than any flash.
    rig.wait_ms(1_500);
    expect!(rig, "Dial 5551234");
    send!(rig, LineEvent::OffHook);
    expect!(rig, "ok 1");
    send!(rig, LineEvent::Dialing, LineEvent::Dialed, LineEvent::Answered(AnswerWitness::RingbackStopped));
    rig.ok("Dial");
    rig.words();
    assert!(rig.provider.call_info(call).unwrap().flags.contains(CallParamFlags::SECURE));
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect!(rig, "Release", "ok 2", "101 Idle");
    rig.wait_ms(1_500);
    expect!(rig, "Dial *43#;");
    assert!(!rig.line_features().0.contains(LineFeatures::MAKE_CALL), "the line is in use");
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "Release");
    rig.ok("Release");
    rig.wait(Duration::from_secs(60));
    expect!(rig);
    // The next one begins anew.
    rig.try_make(Some("5551234"), secure()).unwrap();
    expect!(rig, "Dial #43#;");
}

#[test]
fn a_code_that_is_refused_is_no_call() {
    let (mut rig, call) = Rig::protected("etsi");
    rig.sent();
    send!(rig, tone(ProgressTone::Reorder));
    expect!(rig, "Dial #43#;", "OPERATIONFAILED 1", "Release");
    rig.ok("Release");
    assert_eq!(rig.provider.call_status(call).unwrap().state, CallState::Idle);
    rig.wait(Duration::from_secs(60));
    expect!(rig);
}

#[test]
fn a_ring_comes_first() {
    let mut rig = idle("etsi");
    rig.try_make(Some("5551234"), secure()).unwrap();
    rig.fail("Dial", Failure::Glare);
    send!(rig, RING);
    expect!(rig, "Dial #43#;", "CALLUNAVAIL 1", "offer");
}

#[test]
fn what_was_switched_off_is_switched_on_whatever_becomes_of_the_call() {
    // Dropped before there was a call.
    let (mut rig, _) = Rig::protected("etsi");
    rig.drop_call().unwrap();
    rig.sent();
    send!(rig, tone(ProgressTone::Confirmation));
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Dial #43#;", "Release", "OPERATIONFAILED 1", "ok 2", "Dial *43#;");
    // Closed instead.
    let (mut rig, _) = Rig::protected("freepbx");
    rig.close_call().unwrap();
    rig.sent();
    rig.wait_ms(2_500);
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Dial *71;", "OPERATIONFAILED 1", "Release", "Dial *70;");
    // The line closed, the device lost and back.
    let (mut rig, _) = Rig::protected("etsi");
    rig.reach_protected();
    rig.command(Command::CloseLine(rig.line)).unwrap();
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Release", "Dial *43#;");
    send!(rig, lost(Loss::Silent), LineEvent::Ready(USUAL));
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Release", "Dial *43#;");
}

#[test]
fn switching_on_is_tried_again_but_not_for_ever() {
    let (mut rig, _) = Rig::protected("etsi");
    rig.reach_protected();
    rig.drop_call().unwrap();
    rig.ok("Release");
    rig.words();
    for _ in 0..3 {
        rig.wait_ms(1_500);
        expect!(rig, "Dial *43#;");
        rig.sent();
        send!(rig, tone(ProgressTone::Reorder));
        expect!(rig, "Release");
        rig.ok("Release");
    }
    rig.wait(Duration::from_secs(60));
    expect!(rig);
    // It is off still: a protected call needs no code, and after it all is tried again.
    rig.try_make(Some("5551234"), secure()).unwrap();
    expect!(rig, "Dial 5551234");
    send!(rig, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    rig.drop_call().unwrap();
    rig.ok("Release");
    rig.words();
    rig.wait_ms(1_500);
    expect!(rig, "Dial *43#;");
}

#[test]
fn only_an_idle_line_can_be_switched() {
    let flags = |plan: &str| idle(plan).provider.address_caps(DEVICE, 0).unwrap().flags;
    // LINEADDRCAPFLAGS_SECURE.
    for (plan, there) in
        [("etsi", true), ("freepbx", true), ("in", true), ("nanp", true), ("plain", false), ("jp", false)]
    {
        assert_eq!(flags(plan) & 0x4 != 0, there, "{plan}");
    }
    let mut rig = idle("etsi").connected();
    let (request, call, host) = (rig.request(), rig.call(), rig.new_host());
    let consult = Command::SetupTransfer { request, call, host, params: secure() };
    assert_eq!(rig.command(consult), Err(LineErr::OPERATIONUNAVAIL), "a flash leads to no such code");
    let (request, call) = (rig.request(), rig.call());
    rig.command(Command::Hold { request, call }).unwrap();
    rig.recalled();
    rig.words();
    assert_eq!(rig.try_make(Some("5551234"), secure()), Err(LineErr::CALLUNAVAIL));
    assert_eq!(rig.try_make(Some("5551234"), CallParams::default()).map(|_| ()), Ok(()));
}

#[test]
fn the_way_back_fails() {
    let mut rig = idle("nanp").connected();
    rig.secure().unwrap();
    rig.recalled();
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Confirmation));
    rig.wait_ms(1_500);
    rig.fail("Flash", Failure::Refused);
    // The exchange protects it all the same.
    let expected = ["Flash(550ms)", "Dial *70;", "Flash(550ms)", "OPERATIONFAILED 2", "101 info CallInfoChange(OTHER)"];
    assert_eq!(rig.words(), expected);
    assert!(rig.provider.call_info(rig.call()).unwrap().flags.contains(CallParamFlags::SECURE));
}
