//! Calls that go out.

use super::*;
use LineEvent::{Dialed, Dialing, OffHook, OnHook, PolarityReversed};
use loopstart_signal::SitKind;

fn proceeding() -> Rig {
    let mut rig = Rig::new();
    rig.make("5551234");
    send!(rig, OffHook, Dialing, Dialed);
    rig.ok("Dial");
    expect!(rig, "Dial 5551234", "ok 1", "101 Dialing", "101 Proceeding");
    rig
}

#[test]
fn answered_then_the_far_end_hangs_up() {
    let mut rig = Rig::new();
    let call = rig.make("555-1234");
    assert_eq!(rig.state(), CallState::Unknown);
    expect!(rig, "Dial 5551234");
    send!(rig, OffHook);
    expect!(rig, "ok 1");
    send!(rig, tone(ProgressTone::Dial), Dialing, Dialed);
    expect!(rig, "101 DialTone(Normal)", "101 Dialing", "101 Proceeding");
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::RingbackStopped));
    expect!(rig, "101 Ringback", "101 Connected(Active)");
    assert_eq!(rig.provider.call_info(call).unwrap().called_id, "555-1234");
    send!(rig, released(ReleaseWitness::LoopCurrent));
    expect!(rig, "101 Disconnected(Normal)");
    rig.drop_call().unwrap();
    expect!(rig, "Release");
    send!(rig, OnHook);
    expect!(rig, "ok 2", "101 Idle");
    rig.ok("Release");
    rig.close_call().unwrap();
    expect!(rig);
    assert_eq!(rig.provider.call_status(call), Err(LineErr::INVALCALLHANDLE));
}

#[test]
fn no_dial_tone_is_no_failure_of_the_request() {
    let mut rig = Rig::new();
    rig.make("5551234");
    rig.fail("Dial", Failure::NoDialTone);
    expect!(rig, "Dial 5551234", "ok 1", "101 Disconnected(NoDialTone)");
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect!(rig, "Release", "ok 2", "101 Idle");
}

#[test]
fn a_quiet_modem_stays_in_proceeding() {
    let mut rig = Rig::with(Caps::VOICE | Caps::DIAL_DTMF);
    let call = rig.make("5551234");
    rig.ok("Dial");
    expect!(rig, "Dial 5551234", "ok 1", "101 Proceeding");
    rig.wait(Duration::from_secs(3600));
    expect!(rig);
    assert_eq!(rig.state(), CallState::Proceeding);
    let states = rig.provider.call_info(call).unwrap().call_states;
    assert_eq!(states, 0x1 | 0x10 | 0x200 | 0x4000);
}

#[test]
fn failures_before_off_hook_are_failures_of_the_request() {
    for (failure, error) in [
        (Failure::Glare, "CALLUNAVAIL 1"),
        (Failure::Refused, "OPERATIONFAILED 1"),
        (Failure::Lost, "RESOURCEUNAVAIL 1"),
    ] {
        let mut rig = Rig::new();
        let call = rig.make("5551234");
        rig.fail("Dial", failure);
        expect!(rig, "Dial 5551234", error);
        // The dead call can still be read and closed, and says nothing.
        assert_eq!(rig.state(), CallState::Idle);
        assert!(rig.provider.call_info(call).is_ok());
        assert_eq!(rig.drop_call(), Err(LineErr::INVALCALLSTATE));
        rig.close_call().unwrap();
        expect!(rig);
        rig.make("5");
        expect!(rig, "Dial 5");
    }
    // After a timeout the hook is not known: hang up to be sure.
    let mut rig = Rig::new();
    rig.make("5551234");
    rig.fail("Dial", Failure::Timeout);
    expect!(rig, "Dial 5551234", "OPERATIONFAILED 1", "Release");
}

#[test]
fn tones_give_busy_and_special_information() {
    for (event, state) in [
        (tone(ProgressTone::Busy), "101 Busy(Station)"),
        (tone(ProgressTone::Reorder), "101 Busy(Trunk)"),
        (tone(ProgressTone::Sit(SitKind::NoCircuit)), "101 SpecialInfo(NoCircuit)"),
        (tone(ProgressTone::Sit(SitKind::VacantCode)), "101 SpecialInfo(CustomerIrregular)"),
        (tone(ProgressTone::Sit(SitKind::Reorder)), "101 SpecialInfo(Reorder)"),
        (released(ReleaseWitness::Busy), "101 Disconnected(Busy)"),
        (released(ReleaseWitness::NoAnswer), "101 Disconnected(NoAnswer)"),
        (released(ReleaseWitness::Delayed), "101 Disconnected(TempFailure)"),
        (released(ReleaseWitness::Blacklisted), "101 Disconnected(Blocked)"),
        (released(ReleaseWitness::ResultCode), "101 Disconnected(Unavail)"),
        (tone(ProgressTone::Dial), "101 Disconnected(Normal)"),
    ] {
        let mut rig = proceeding();
        send!(rig, event);
        expect!(rig, state);
    }
}

#[test]
fn a_busy_tone_that_ends_disconnects() {
    let mut rig = proceeding();
    send!(rig, tone(ProgressTone::Reorder), LineEvent::ToneEnded);
    expect!(rig, "101 Busy(Trunk)", "101 Disconnected(Congestion)");
    let mut rig = proceeding();
    send!(rig, tone(ProgressTone::Busy), LineEvent::ToneEnded, released(ReleaseWitness::ResultCode));
    expect!(rig, "101 Busy(Station)", "101 Disconnected(Busy)");
}

#[test]
fn left_off_hook_too_long() {
    let mut rig = Rig::new();
    rig.try_make(None, CallParams::default()).unwrap();
    rig.ok("Seize");
    expect!(rig, "Seize", "ok 1");
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "101 DialTone(Special)");
    rig.wait(Duration::from_secs(60));
    send!(rig, tone(ProgressTone::Howler));
    expect!(rig, "101 SpecialInfo(Reorder)");
}

#[test]
fn a_seized_line_without_dial_tone_is_given_up() {
    let mut rig = Rig::new();
    rig.try_make(Some(""), CallParams::default()).unwrap();
    rig.ok("Seize");
    rig.wait_ms(4_999);
    expect!(rig, "Seize", "ok 1");
    rig.wait_ms(1);
    expect!(rig, "101 Disconnected(NoDialTone)", "Release");
    // The hook is being released already.
    rig.drop_call().unwrap();
    expect!(rig);
    rig.ok("Release");
    expect!(rig, "ok 2", "101 Idle");
}

#[test]
fn a_device_deaf_to_dial_tone_awaits_digits() {
    let mut rig = Rig::with(Caps::VOICE | Caps::DIAL_DTMF | Caps::SEIZE);
    rig.try_make(None, CallParams::default()).unwrap();
    rig.ok("Seize");
    expect!(rig, "Seize", "ok 1", "101 Dialing");
    rig.dial("55").unwrap();
    rig.ok("Dial");
    expect!(rig, "101 info CallInfoChange(CALLED_ID)", "Dial 55", "ok 2", "101 Proceeding");
}

#[test]
fn partial_dialling() {
    let mut rig = Rig::new();
    rig.make("9;");
    send!(rig, OffHook);
    // A Dial that comes too early waits for the one before.
    rig.dial("555;").unwrap();
    expect!(rig, "Dial 9;", "ok 1");
    send!(rig, Dialing, Dialed);
    expect!(rig, "101 Dialing");
    rig.ok("Dial 9");
    expect!(rig, "Dial 555;");
    send!(rig, Dialing);
    expect!(rig, "ok 2");
    rig.ok("Dial 555");
    // A second dial tone.
    send!(rig, tone(ProgressTone::Dial));
    expect!(rig, "101 DialTone(Normal)");
    rig.dial("1;").unwrap();
    send!(rig, Dialing, Dialed);
    rig.ok("Dial 1");
    expect!(rig, "101 info CallInfoChange(CALLED_ID)", "Dial 1;", "ok 3", "101 Dialing");
    assert_eq!(rig.provider.call_info(rig.call()).unwrap().called_id, "95551;");
    // An empty string completes the address.
    rig.dial("").unwrap();
    expect!(rig, "ok 4", "101 Proceeding");
    assert_eq!(rig.dial(""), Err(LineErr::INVALADDRESS));
}

#[test]
fn a_failed_dial_leaves_the_call_as_it_is() {
    let mut rig = Rig::new();
    rig.make("9;");
    send!(rig, OffHook, Dialing);
    rig.ok("Dial");
    rig.dial("1").unwrap();
    rig.dial("2").unwrap();
    rig.fail("Dial 1", Failure::Refused);
    let info = "101 info CallInfoChange(CALLED_ID)";
    expect!(rig, "Dial 9;", "ok 1", "101 Dialing", info, "Dial 1", info, "OPERATIONFAILED 2", "OPERATIONFAILED 3");
    assert_eq!(rig.state(), CallState::Dialing);
}

#[test]
fn the_address_is_checked_before_anything_is_dialled() {
    let mut rig = Rig::with(Caps::VOICE | Caps::DIAL_DTMF | Caps::SEIZE);
    for (address, error) in [
        ("9W5", LineErr::DIALDIALTONE),
        ("9@5", LineErr::DIALQUIET),
        ("9$5", LineErr::DIALBILLING),
        ("9?5", LineErr::DIALPROMPT),
        ("9:5", LineErr::DIALVOICEDETECT),
        ("+1555", LineErr::INVALADDRESS),
        ("9;", LineErr::INVALADDRESS),
    ] {
        assert_eq!(rig.try_make(Some(address), CallParams::default()), Err(error));
    }
    expect!(rig);
}

#[test]
fn polarity_supervision() {
    let mut rig = proceeding();
    send!(rig, PolarityReversed);
    expect!(rig, "101 Connected(Confirmed)");
    // Contacts bounce.
    rig.wait_ms(500);
    send!(rig, PolarityReversed);
    expect!(rig);
    rig.wait_ms(5_000);
    send!(rig, PolarityReversed);
    expect!(rig, "101 Disconnected(Normal)");
    // A reversal at seizure is no answer.
    let mut rig = Rig::new();
    rig.make("5");
    send!(rig, OffHook, PolarityReversed, Dialing);
    expect!(rig, "Dial 5", "ok 1", "101 Dialing");
}

#[test]
fn a_weak_answer_is_confirmed_by_polarity() {
    let mut rig = proceeding();
    send!(rig, LineEvent::Answered(AnswerWitness::Voice), LineEvent::Answered(AnswerWitness::Polarity));
    expect!(rig, "101 Connected(Active)", "101 Connected(Confirmed)");
    rig.wait_ms(700);
    send!(rig, PolarityReversed);
    expect!(rig, "101 Disconnected(Normal)");
}

#[test]
fn a_carrier_tells_medium_and_rate() {
    let mut rig = Rig::with(USUAL | Caps::DATA);
    let call = rig.make("5");
    rig.ok("Dial");
    send!(rig, LineEvent::Answered(AnswerWitness::Carrier(33_600)));
    expect!(
        rig,
        "Dial 5",
        "ok 1",
        "101 Proceeding",
        "101 Connected(Active)",
        "101 info CallInfoChange(RATE | MEDIA_MODE)"
    );
    let info = rig.provider.call_info(call).unwrap();
    assert_eq!((info.media, info.rate), (MediaModes::DATA_MODEM, 33_600));
}

#[test]
fn a_line_for_data_alone_announces_data_calls() {
    let rig = Rig::with((USUAL | Caps::DATA) - Caps::VOICE);
    let status = rig.provider.line_status(rig.line).unwrap();
    assert_eq!(status.available_media, MediaModes::DATA_MODEM | MediaModes::UNKNOWN);
    assert!(status.features.contains(LineFeatures::MAKE_CALL));
}

#[test]
fn the_tones_after_a_hang_up_disconnect() {
    for heard in [
        ProgressTone::Busy,
        ProgressTone::Reorder,
        ProgressTone::Dial,
        ProgressTone::Howler,
        ProgressTone::Unobtainable,
    ] {
        let mut rig = Rig::new().connected();
        send!(rig, tone(heard));
        expect!(rig, "101 Disconnected(Normal)");
    }
    let mut rig = Rig::new().connected();
    send!(rig, tone(ProgressTone::CallWaiting), tone(ProgressTone::Confirmation), tone(ProgressTone::Ringback));
    expect!(rig);
}

#[test]
fn nobody_answers_in_time() {
    let mut rig = Rig::new();
    let no_answer_timeout = Duration::from_secs(30);
    rig.try_make(Some("5"), CallParams { no_answer_timeout, ..Default::default() }).unwrap();
    rig.ok("Dial");
    rig.wait(Duration::from_secs(20));
    send!(rig, tone(ProgressTone::Ringback));
    rig.wait_ms(9_999);
    expect!(rig, "Dial 5", "ok 1", "101 Proceeding", "101 Ringback");
    rig.wait_ms(1);
    expect!(rig, "101 Disconnected(NoAnswer)", "Release");
    rig.ok("Release");
    rig.drop_call().unwrap();
    expect!(rig, "ok 2", "101 Idle");
}

#[test]
fn a_call_that_was_answered_in_time_stays() {
    let mut rig = Rig::new();
    rig.try_make(Some("5"), CallParams { no_answer_timeout: Duration::from_secs(9), ..Default::default() }).unwrap();
    rig.ok("Dial");
    send!(rig, LineEvent::Answered(AnswerWitness::Voice));
    rig.words();
    rig.wait(Duration::from_secs(90));
    expect!(rig);
}

#[test]
fn drop_ends_the_other_requests_first() {
    let mut rig = Rig::new();
    rig.make("9;");
    send!(rig, OffHook, Dialing);
    rig.ok("Dial");
    rig.dial("1").unwrap();
    rig.words();
    rig.drop_call().unwrap();
    expect!(rig, "OPERATIONFAILED 2", "Release");
    assert_eq!(rig.features(), CallFeatures::DROP);
    // Our own hang-up is no DISCONNECTED; a second drop ends with the first.
    send!(rig, released(ReleaseWitness::LoopCurrent), tone(ProgressTone::Dial));
    rig.drop_call().unwrap();
    rig.fail("Dial 1", Failure::Cancelled);
    expect!(rig);
    rig.ok("Release");
    expect!(rig, "ok 3", "ok 4", "101 Idle");
    assert_eq!(rig.drop_call(), Err(LineErr::INVALCALLSTATE));
}

#[test]
fn drop_of_a_call_that_is_still_being_made() {
    let mut rig = Rig::new();
    rig.make("5");
    rig.drop_call().unwrap();
    expect!(rig, "Dial 5", "OPERATIONFAILED 1", "Release");
    send!(rig, OffHook, OnHook);
    // The call never became valid: no message about it.
    expect!(rig, "ok 2");
    rig.ok("Release");
    expect!(rig);
}

#[test]
fn close_right_after_drop() {
    let mut rig = Rig::new().connected();
    rig.drop_call().unwrap();
    rig.close_call().unwrap();
    expect!(rig, "Release", "OPERATIONFAILED 2");
    // The next call waits until the line is on hook, and long enough so.
    rig.make("77");
    expect!(rig);
    rig.ok("Release");
    rig.wait_ms(1_499);
    expect!(rig);
    rig.wait_ms(1);
    expect!(rig, "Dial 77");
    send!(rig, OffHook);
    expect!(rig, "ok 3");
}

#[test]
fn the_idle_flag_does_not_wait() {
    let mut rig = Rig::new().connected();
    rig.close_call().unwrap();
    let params = CallParams { flags: CallParamFlags::IDLE, ..Default::default() };
    assert_eq!(rig.try_make(Some("5"), params), Err(LineErr::CALLUNAVAIL));
}

#[test]
fn late_events_of_a_closed_call_touch_nothing() {
    let mut rig = Rig::new().connected();
    rig.close_call().unwrap();
    rig.make("77");
    rig.words();
    send!(rig, tone(ProgressTone::Busy), released(ReleaseWitness::LoopCurrent), OffHook, Dialing, Dialed);
    expect!(rig);
    rig.ok("Release");
    send!(rig, tone(ProgressTone::Dial), OnHook);
    rig.wait_ms(1_500);
    expect!(rig, "Dial 77");
}

#[test]
fn one_call_at_a_time() {
    let mut rig = Rig::new().connected();
    let first = rig.call();
    assert_eq!(rig.try_make(Some("5"), CallParams::default()), Err(LineErr::INUSE));
    assert_eq!(rig.call(), first);
    let rig = Rig::new().offered();
    let mut rig = rig;
    assert_eq!(rig.try_make(Some("5"), CallParams::default()), Err(LineErr::CALLUNAVAIL));
}

#[test]
fn the_device_hangs_up_by_itself() {
    // The reason comes after the fact ...
    let mut rig = proceeding();
    send!(rig, OnHook);
    expect!(rig);
    send!(rig, released(ReleaseWitness::Busy));
    expect!(rig, "101 Disconnected(Busy)");
    // ... or never.
    let mut rig = proceeding();
    send!(rig, OnHook);
    rig.wait_ms(500);
    expect!(rig, "101 Disconnected(Unavail)");
    rig.drop_call().unwrap();
    expect!(rig, "ok 2", "101 Idle");
}

#[test]
fn the_reason_of_a_failed_dial_follows_it() {
    let mut rig = Rig::new();
    rig.make("5");
    rig.fail("Dial", Failure::Released);
    expect!(rig, "Dial 5");
    send!(rig, released(ReleaseWitness::Delayed));
    expect!(rig, "ok 1", "101 Disconnected(TempFailure)");
    let mut rig = Rig::new();
    rig.make("5");
    rig.fail("Dial", Failure::Released);
    rig.wait_ms(500);
    expect!(rig, "Dial 5", "OPERATIONFAILED 1", "Release");
}

#[test]
fn glare_lets_the_caller_through() {
    let mut rig = Rig::new();
    rig.make("5");
    send!(rig, RING);
    expect!(rig, "Dial 5");
    rig.fail("Dial", Failure::Glare);
    expect!(rig, "CALLUNAVAIL 1", "offer");
    rig.take(true);
    expect!(rig, "102 Offering(Active)");
}

#[test]
fn glare_before_the_line_was_seized() {
    let mut rig = Rig::new().connected();
    rig.close_call().unwrap();
    rig.ok("Release");
    rig.make("5");
    rig.words();
    // It rings while the new call waits.
    send!(rig, RING);
    expect!(rig, "CALLUNAVAIL 2", "offer");
}

#[test]
fn a_device_that_ends_nothing() {
    let mut rig = Rig::new();
    rig.make("5");
    rig.wait(Duration::from_secs(119));
    expect!(rig, "Dial 5");
    rig.wait(Duration::from_secs(10));
    expect!(rig, "OPERATIONFAILED 1", "Release");
    // Nobody waits for the hang-up: it is tried three times, then the line is taken as free.
    rig.wait(Duration::from_secs(60));
    expect!(rig, "Release", "Release");
    rig.make("6");
    rig.wait_ms(2_000);
    expect!(rig, "Dial 6");

    let mut rig = Rig::new().connected();
    rig.drop_call().unwrap();
    rig.wait(Duration::from_secs(15));
    expect!(rig, "Release", "OPERATIONFAILED 2");
    assert_eq!(rig.state(), CallState::Connected(ConnectedMode::Active));
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect!(rig, "Release", "ok 3", "101 Idle");
}

#[test]
fn double_and_unknown_ends_are_ignored() {
    let mut rig = Rig::new();
    rig.make("5");
    send!(rig, LineEvent::Done { action: ActionId(77), outcome: Outcome::Ok });
    expect!(rig, "Dial 5");
    rig.ok("Dial");
    send!(rig, LineEvent::Done { action: ActionId(1), outcome: Outcome::Failed(Failure::Lost) });
    expect!(rig, "ok 1", "101 Proceeding");
}

#[test]
fn features_follow_the_state() {
    use CallFeatures as F;
    let mut rig = Rig::new().connected();
    assert_eq!(rig.features(), ANY | F::DIAL | F::GATHER_DIGITS | F::GENERATE_DIGITS | F::GENERATE_TONE);
    send!(rig, released(ReleaseWitness::LoopCurrent));
    assert_eq!(rig.features(), F::DROP | F::SET_CALL_DATA);
    rig.drop_call().unwrap();
    rig.ok("Release");
    assert_eq!(rig.features(), F::empty());
}

#[test]
fn a_device_still_busy_with_the_call_is_stopped() {
    let mut rig = Rig::new();
    rig.make("5");
    send!(rig, OffHook, Dialing, OnHook, released(ReleaseWitness::Busy));
    expect!(rig, "Dial 5", "ok 1", "101 Dialing", "101 Disconnected(Busy)");
    // The Dial has not ended.
    rig.drop_call().unwrap();
    rig.fail("Dial", Failure::Cancelled);
    expect!(rig, "Release");
    rig.ok("Release");
    expect!(rig, "ok 2", "101 Idle");
}
