//! Calls that come in.

use super::*;
use LineEvent::{OffHook, RingStopped};
use loopstart_signal::Name;

#[test]
fn with_caller_identification_and_answer() {
    let mut rig = Rig::new().curious();
    send!(rig, RING);
    expect!(rig, "offer");
    rig.take(true);
    expect!(rig, "101 Offering(Active)", "address 0x28", "line NumCalls", "line Ringing { mode: 1, count: 0 }");
    let call = rig.call();
    let info = rig.provider.call_info(call).unwrap();
    assert_eq!((info.caller_id_flags, info.origin), (PartyFlags::UNKNOWN, CallOrigin::Inbound));
    send!(rig, from_number("5550199"));
    expect!(rig, "101 info CallInfoChange(CALLER_ID)");
    let info = rig.provider.call_info(call).unwrap();
    assert_eq!((info.caller_id_flags, info.caller_id.as_str()), (PartyFlags::ADDRESS, "5550199"));
    send!(rig, RING);
    expect!(rig, "line Ringing { mode: 1, count: 1 }");
    assert_eq!(rig.provider.line_status(rig.line).unwrap().ring_mode, 1);
    rig.answer().unwrap();
    expect!(rig, "Answer");
    send!(rig, OffHook);
    rig.ok("Answer");
    expect!(rig, "ok 1", "101 Connected(Active)");
    assert_eq!(rig.provider.line_status(rig.line).unwrap().ring_mode, 0);
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect!(rig, "Release", "ok 2", "101 Idle", "address 0x24", "line NumCalls");
}

#[test]
fn caller_identification_before_the_ring() {
    let mut rig = Rig::new();
    send!(rig, from_number("123"));
    rig.wait_ms(9_999);
    send!(rig, RING);
    rig.take(true);
    expect!(rig, "offer", "101 Offering(Active)", "101 info CallInfoChange(CALLER_ID)");
    // Too old for the next call.
    let mut rig = Rig::new();
    send!(rig, from_number("123"));
    rig.wait_ms(10_000);
    send!(rig, RING);
    rig.take(true);
    expect!(rig, "offer", "101 Offering(Active)");
}

#[test]
fn caller_identification_that_does_not_come_or_comes_late() {
    let mut rig = Rig::new().offered();
    let call = rig.call();
    send!(rig, RING);
    expect!(rig, "101 info CallInfoChange(CALLER_ID)");
    assert_eq!(rig.provider.call_info(call).unwrap().caller_id_flags, PartyFlags::UNAVAIL);
    let withheld = CallerId { number: PartyId::Withheld, ..Default::default() };
    send!(rig, LineEvent::CallerId(withheld), LineEvent::CallerId(withheld));
    expect!(rig, "101 info CallInfoChange(CALLER_ID)");
    assert_eq!(rig.provider.call_info(call).unwrap().caller_id_flags, PartyFlags::BLOCKED);
    let named = CallerId { name: PartyId::Known(Name::new("JANE")), ..Default::default() };
    send!(rig, from_number("7"), LineEvent::CallerId(named));
    let info = rig.provider.call_info(call).unwrap();
    assert_eq!(info.caller_id_flags, PartyFlags::ADDRESS | PartyFlags::NAME);
    assert_eq!((info.caller_id.as_str(), info.caller_name.as_str()), ("7", "JANE"));
    // A device without it says so from the start.
    let rig = Rig::with(Caps::VOICE).offered();
    assert_eq!(rig.provider.call_info(rig.call()).unwrap().caller_id_flags, PartyFlags::UNAVAIL);
}

#[test]
fn abandoned() {
    let mut rig = Rig::new().offered();
    send!(rig, RING, RingStopped);
    expect!(rig, "101 info CallInfoChange(CALLER_ID)", "101 Disconnected(Unavail)", "101 Idle");
    assert_eq!(rig.answer(), Err(LineErr::INVALCALLSTATE));
    rig.close_call().unwrap();
    send!(rig, RING);
    expect!(rig, "offer");
}

#[test]
fn a_device_that_does_not_tell_the_end_of_ringing() {
    let mut rig = Rig::new().offered();
    rig.wait(Duration::from_secs(14));
    expect!(rig);
    rig.wait(Duration::from_secs(1));
    expect!(rig, "101 Disconnected(Unavail)", "101 Idle");
}

#[test]
fn abandoned_before_the_host_took_it() {
    let mut rig = Rig::new();
    send!(rig, RING, RingStopped, RING);
    // One question at a time.
    expect!(rig, "offer");
    rig.take(true);
    expect!(rig, "101 Offering(Active)", "101 Disconnected(Unavail)", "101 Idle", "offer");
    rig.take(true);
    expect!(rig, "102 Offering(Active)");
}

#[test]
fn the_host_has_no_room() {
    let mut rig = Rig::new().curious();
    send!(rig, RING);
    rig.take(false);
    let call = rig.call();
    assert_eq!(rig.provider.call_status(call), Err(LineErr::INVALCALLHANDLE));
    send!(rig, RING, RingStopped);
    expect!(rig, "offer", "line Ringing { mode: 1, count: 0 }", "line Ringing { mode: 1, count: 1 }");
    send!(rig, RING);
    expect!(rig, "offer");
}

#[test]
fn nobody_wants_calls() {
    let mut rig = Rig::new().curious();
    let line = rig.line;
    rig.command(Command::SetMediaDetection { line, modes: MediaModes::empty() }).unwrap();
    send!(rig, RING);
    expect!(rig, "line Ringing { mode: 1, count: 0 }");
    // Somebody does now.
    rig.command(Command::SetMediaDetection { line, modes: MediaModes::INTERACTIVE_VOICE }).unwrap();
    expect!(rig, "offer");
}

#[test]
fn drop_of_an_offered_call_lets_it_ring_out() {
    for accepted in [false, true] {
        let mut rig = Rig::new().offered();
        if accepted {
            rig.accept().unwrap();
            expect!(rig, "ok 1", "101 Accepted");
            assert_eq!(rig.accept(), Err(LineErr::INVALCALLSTATE));
        } else {
            rig.request();
        }
        rig.next_request = 8;
        rig.drop_call().unwrap();
        expect!(rig, "ok 9", "101 Idle");
        // It still rings: no second call, and no call out either.
        send!(rig, RING, RING);
        assert_eq!(rig.try_make(Some("5"), CallParams::default()), Err(LineErr::CALLUNAVAIL));
        send!(rig, RingStopped);
        expect!(rig);
        send!(rig, RING);
        expect!(rig, "offer");
    }
    // The same for a call that is closed.
    let mut rig = Rig::new().offered();
    rig.close_call().unwrap();
    send!(rig, RING);
    expect!(rig);
    rig.wait(Duration::from_secs(15));
    send!(rig, RING);
    expect!(rig, "offer");
}

#[test]
fn the_caller_is_gone_as_we_answer() {
    let mut rig = Rig::new().offered();
    rig.answer().unwrap();
    rig.ok("Answer");
    send!(rig, tone(ProgressTone::Dial));
    let unavail = "101 info CallInfoChange(CALLER_ID)";
    expect!(rig, "Answer", "ok 1", "101 Connected(Active)", unavail, "101 Disconnected(Normal)");
    // Ringing ends because we answer, not because the caller gave up.
    let mut rig = Rig::new().offered();
    rig.answer().unwrap();
    send!(rig, RingStopped);
    rig.ok("Answer");
    expect!(rig, "Answer", "ok 1", "101 Connected(Active)", unavail);
}

#[test]
fn an_answer_that_fails() {
    let mut rig = Rig::new().offered();
    rig.answer().unwrap();
    assert_eq!(rig.answer(), Err(LineErr::INVALCALLSTATE));
    assert!(!rig.features().contains(CallFeatures::ANSWER));
    rig.fail("Answer", Failure::Refused);
    expect!(rig, "Answer", "OPERATIONFAILED 1");
    assert_eq!(rig.state(), CallState::Offering(OfferingMode::Active));
    assert!(rig.features().contains(CallFeatures::ANSWER));
    rig.answer().unwrap();
    send!(rig, RingStopped);
    rig.fail("Answer", Failure::WrongState);
    expect!(rig, "Answer", "OPERATIONFAILED 3", "101 Disconnected(Unavail)", "101 Idle");
}

#[test]
fn drop_while_answering() {
    let mut rig = Rig::new().offered();
    rig.answer().unwrap();
    rig.drop_call().unwrap();
    expect!(rig, "Answer", "OPERATIONFAILED 1", "Release");
    rig.fail("Answer", Failure::Cancelled);
    send!(rig, RingStopped);
    expect!(rig);
    rig.ok("Release");
    expect!(rig, "ok 2", "101 Idle");
}

#[test]
fn closed_from_within_the_question() {
    let mut rig = Rig::new();
    send!(rig, RING);
    expect!(rig, "offer");
    let call = rig.offers.remove(0);
    assert_eq!(rig.provider.call_status(call).unwrap().state, CallState::Offering(OfferingMode::Active));
    rig.command(Command::CloseCall(call)).unwrap();
    let late = rig.provider.handle(Input::Offered { call, host: Some(HostCall(9)) }, rig.now);
    assert_eq!(late, Err(LineErr::INVALCALLHANDLE));
    expect!(rig);
}

#[test]
fn a_ring_ends_a_call_that_is_over() {
    let mut rig = Rig::new().connected();
    send!(rig, released(ReleaseWitness::ResultCode), LineEvent::OnHook, RING);
    expect!(rig, "101 Disconnected(Normal)", "101 Idle", "offer");
}

#[test]
fn a_line_off_hook_does_not_ring() {
    let mut rig = Rig::new().connected();
    send!(rig, RING, RingStopped);
    expect!(rig);
    assert_eq!(rig.state(), CallState::Connected(ConnectedMode::Active));
}

#[test]
fn no_dialling_on_a_ringing_call() {
    let mut rig = Rig::new().offered();
    assert_eq!(rig.dial("5"), Err(LineErr::INVALCALLSTATE));
    use CallFeatures as F;
    assert_eq!(rig.features(), ANY | F::ACCEPT | F::ANSWER);
}

#[test]
fn close_while_answering() {
    // Not off hook yet: the ringing that may go on is not a new call.
    let mut rig = Rig::new().offered();
    rig.answer().unwrap();
    rig.close_call().unwrap();
    expect!(rig, "Answer", "OPERATIONFAILED 1", "Release");
    rig.ok("Release");
    send!(rig, RING, RingStopped);
    expect!(rig);
    send!(rig, RING);
    expect!(rig, "offer");
    // Off hook already: the next ring is.
    let mut rig = Rig::new().offered();
    rig.answer().unwrap();
    send!(rig, OffHook);
    rig.close_call().unwrap();
    rig.ok("Release");
    send!(rig, RING);
    expect!(rig, "Answer", "OPERATIONFAILED 1", "Release", "offer");
}
