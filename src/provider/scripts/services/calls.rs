//! Services of a call: park, pickup, completion, protection, the bare flash.

use super::*;
use loopstart_signal::MediaSign;

// ---- park and pickup ----

#[test]
fn a_call_is_parked_at_the_own_extension() {
    let mut rig = idle("centrex").connected();
    let call = rig.call();
    let can = rig.provider.call_status(call).unwrap();
    assert!(can.features.contains(CallFeatures::PARK));
    assert!(can.features2.contains(CallFeatures2::PARK_DIRECTED | CallFeatures2::PARK_NONDIRECTED));
    assert_eq!(rig.park(None), Ok(Reply::Parked(Slot::new("5550100"))));
    expect!(rig, "Flash(800ms)");
    rig.recalled();
    expect!(rig, "Dial *68#;");
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Confirmation));
    // Not so soon after the flash that it would be taken for part of it.
    rig.wait_ms(2_800);
    expect!(rig, "Release");
    rig.ok("Release");
    expect!(rig, "ok 2", "101 Idle");
}

#[test]
fn a_call_is_parked_at_a_place() {
    let mut rig = idle("centrex").connected();
    assert_eq!(rig.park(Some("x")), Err(LineErr::INVALADDRESS));
    assert_eq!(rig.park(Some("4711")), Ok(Reply::Ok));
    rig.recalled();
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Confirmation));
    // Not so soon after the flash that it would be taken for part of it.
    rig.wait_ms(2_800);
    rig.ok("Release");
    expect!(rig, "Flash(800ms)", "Dial *684711;", "Release", "ok 3", "101 Idle");
}

#[test]
fn a_refused_park_leaves_the_call() {
    let mut rig = idle("centrex").connected();
    rig.park(Some("4711")).unwrap();
    rig.recalled();
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Reorder));
    expect!(rig, "Flash(800ms)", "Dial *684711;", "OPERATIONFAILED 2", "Flash(800ms)");
    rig.ok("Flash");
    // The first flash brings the party to the tone of refusal, the second ends that.
    rig.wait_ms(700);
    expect!(rig, "Flash(800ms)");
    rig.ok("Flash");
    rig.wait_ms(2_000);
    expect!(rig);
    assert_eq!(rig.state(), CallState::Connected(ConnectedMode::Active));
    assert!(rig.features().contains(CallFeatures::PARK));
}

#[test]
fn park_where_there_is_none() {
    assert_eq!(idle("nanp").connected().park(None), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(idle("nortel").connected().park(Some("850")), Ok(Reply::Ok));
    let none = Plan::named("nortel").unwrap();
    if !none.has(loopstart_signal::plan::Service::Park) {
        assert_eq!(idle("nortel").connected().park(None), Err(LineErr::INVALPARKMODE));
    }
    let mut rig = idle("centrex").busy();
    assert_eq!(rig.park(None), Err(LineErr::INVALCALLSTATE));
    assert!(!rig.features().contains(CallFeatures::PARK));
}

#[test]
fn a_parked_call_is_taken_back() {
    let mut rig = idle("centrex");
    assert!(rig.line_features().1.contains(AddressFeatures::UNPARK | AddressFeatures::PICKUP_GROUP));
    let call = rig.unpark("4711").unwrap();
    expect!(rig, "Dial *884711;");
    rig.sent();
    expect!(rig);
    rig.wait_ms(2_500);
    expect!(rig, "ok 1", "101 Connected(Active)");
    let info = rig.provider.call_info(call).unwrap();
    assert_eq!((info.reason, info.origin), (CallReason::Unpark, CallOrigin::Inbound));
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect!(rig, "Release", "ok 2", "101 Idle");
}

#[test]
fn nothing_is_parked_there() {
    let mut rig = idle("centrex");
    rig.unpark("4711").unwrap();
    rig.sent();
    send!(rig, tone(ProgressTone::Reorder));
    expect!(rig, "Dial *884711;", "OPERATIONFAILED 1", "Release");
    rig.ok("Release");
    assert_eq!(rig.state(), CallState::Idle);
    rig.close_call().unwrap();
    assert_eq!(rig.unpark("x"), Err(LineErr::INVALADDRESS));
    assert_eq!(idle("nanp").unpark("1"), Err(LineErr::OPERATIONUNAVAIL));
}

#[test]
fn calls_that_ring_elsewhere_are_picked_up() {
    let mut rig = idle("centrex");
    let call = rig.pickup(None, Some("")).unwrap();
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "Dial *1;", "ok 1", "101 Connected(Active)");
    assert_eq!(rig.provider.call_info(call).unwrap().reason, CallReason::Pickup);
    assert_eq!(rig.pickup(None, Some("")), Err(LineErr::RESOURCEUNAVAIL), "the line is in use");
    let mut rig = idle("centrex");
    rig.pickup(Some("4712"), None).unwrap();
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "Dial *974712;", "ok 1", "101 Connected(Active)");
    let mut rig = idle("centrex");
    assert_eq!(rig.pickup(None, Some("sales")), Err(LineErr::INVALGROUPID));
    rig.pickup(None, Some("1")).unwrap();
    rig.sent();
    send!(rig, tone(ProgressTone::Busy));
    expect!(rig, "Dial *1;", "OPERATIONFAILED 2", "Release");
    assert_eq!(idle("nanp").pickup(Some("4712"), None), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(idle("centrex").pickup(None, None), Err(LineErr::RESOURCEUNAVAIL), "no call to wait behind");
}

#[test]
fn a_pickup_is_given_up() {
    let mut rig = idle("centrex");
    rig.pickup(None, Some("")).unwrap();
    rig.words();
    rig.close_call().unwrap();
    expect!(rig, "OPERATIONFAILED 1");
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "Release");
    rig.ok("Release");
    // Dropped instead: the answer is carried out first.
    rig.wait_ms(1_500);
    rig.pickup(None, Some("")).unwrap();
    rig.drop_call().unwrap();
    rig.sent();
    rig.wait_ms(2_500);
    let words = rig.words();
    assert_eq!(words.last().map(String::as_str), Some("Release"), "{words:?}");
    rig.ok("Release");
    assert_eq!(rig.state(), CallState::Idle);
}

#[test]
fn the_waiting_call_is_taken_as_a_new_one() {
    let mut rig = idle("nanp").connected();
    let active = rig.call();
    assert!(rig.line_features().1.contains(AddressFeatures::PICKUP | AddressFeatures::PICKUP_WAITING));
    send!(rig, LineEvent::CallWaiting);
    rig.take(true);
    send!(rig, from_number("5550103"));
    rig.words();
    let call = rig.pickup(None, None).unwrap();
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    expect!(rig, "ok 2", "102 Disconnected(Pickup)", "102 Idle", "101 OnHold", "103 Connected(Active)");
    assert_eq!(rig.provider.call_info(call).unwrap().caller_id, "5550103");
    let request = rig.request();
    rig.command(Command::SwapHold { request, active: call, held: active }).unwrap();
    rig.ok("Flash");
    expect!(rig, "Flash(550ms)", "ok 3", "103 OnHold", "101 Connected(Active)");
}

#[test]
fn an_unseen_waiting_call_is_taken_by_the_flash_all_the_same() {
    let caps = USUAL - Caps::SEES_CALL_WAITING;
    let mut rig = Rig::of_plan_and_caps(Plan::named("nanp").unwrap(), caps).connected();
    rig.pickup(None, None).unwrap();
    rig.ok("Flash");
    expect!(rig, "Flash(550ms)", "ok 2", "101 OnHold", "102 Connected(Active)");
    let mut rig = idle("plain").connected();
    assert_eq!(rig.pickup(None, None), Err(LineErr::OPERATIONUNAVAIL));
}

// ---- completion ----

/// A line of which the exchange has taken a completion.
fn completing() -> Rig {
    let mut rig = idle("nanp").curious().busy();
    assert!(rig.features().contains(CallFeatures::COMPLETE_CALL));
    assert_eq!(rig.complete(), Ok(Reply::Completion(1)));
    expect!(rig, "Release");
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Seize");
    send!(rig, LineEvent::OffHook);
    rig.ok("Seize");
    send!(rig, tone(ProgressTone::Dial));
    expect!(rig, "Dial *66;");
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Confirmation));
    rig.wait_ms(500);
    expect!(rig, "Release");
    rig.ok("Release");
    let words = rig.words();
    assert_eq!(words[..3], ["ok 2", "line NumCompletions", "101 Idle"]);
    assert_eq!(rig.provider.line_status(rig.line).unwrap().completions, 1);
    rig.close_call().unwrap();
    rig.wait_ms(1_500);
    rig
}

#[test]
fn the_exchange_calls_back_when_the_party_is_free() {
    let mut rig = completing();
    send!(rig, LineEvent::Ring { pattern: 3 });
    rig.take(true);
    let info = rig.provider.call_info(rig.call()).unwrap();
    assert_eq!((info.reason, info.completion_id), (CallReason::CallCompletion, 1));
    rig.answer().unwrap();
    rig.words();
    rig.ok("Answer");
    let words = rig.words();
    assert!(words.contains(&"line NumCompletions".to_string()), "{words:?}");
    assert_eq!(rig.provider.line_status(rig.line).unwrap().completions, 0);
}

#[test]
fn an_ordinary_ring_is_an_ordinary_call() {
    let mut rig = completing();
    send!(rig, RING);
    rig.take(true);
    let info = rig.provider.call_info(rig.call()).unwrap();
    assert_eq!((info.reason, info.completion_id), (CallReason::Unknown, 0));
    let mut rig = idle("nanp");
    send!(rig, LineEvent::Ring { pattern: 3 });
    rig.take(true);
    assert_eq!(rig.provider.call_info(rig.call()).unwrap().reason, CallReason::Unknown, "nothing was asked for");
}

#[test]
fn the_exchange_forgets_a_completion() {
    let mut rig = completing();
    rig.words();
    rig.wait(Duration::from_secs(1_790));
    expect!(rig);
    rig.wait(Duration::from_secs(20));
    expect!(rig, "line CompletionCancelled(1)", "line NumCompletions");
    assert_eq!(rig.uncomplete(1), Err(LineErr::INVALCOMPLETIONID));
}

#[test]
fn a_completion_is_given_up() {
    let mut rig = completing();
    rig.words();
    assert!(rig.line_features().1.contains(AddressFeatures::UNCOMPLETE_CALL));
    assert_eq!(rig.uncomplete(2), Err(LineErr::INVALCOMPLETIONID));
    rig.uncomplete(1).unwrap();
    expect!(rig, "Dial *86;");
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "ok 4", "line NumCompletions", "Release");
    assert_eq!(rig.provider.line_status(rig.line).unwrap().completions, 0);
    assert!(!rig.line_features().1.contains(AddressFeatures::UNCOMPLETE_CALL));
}

#[test]
fn busy_tone_before_the_offer_is_no_refusal() {
    // An announcement offers to call back, and takes turns with busy tone.
    let mut rig = idle("broadworks").busy();
    assert_eq!(rig.complete(), Ok(Reply::Completion(1)));
    send!(rig, tone(ProgressTone::Busy), LineEvent::ToneEnded);
    expect!(rig);
    send!(rig, LineEvent::Media(MediaSign::Voice), tone(ProgressTone::Busy));
    rig.wait_ms(2_500);
    expect!(rig, "Dial 1;");
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Confirmation));
    rig.wait_ms(2_500);
    assert_eq!(rig.words()[0], "ok 2");
    // After the digit it is one.
    let mut rig = idle("broadworks").busy();
    rig.complete().unwrap();
    send!(rig, LineEvent::Media(MediaSign::Voice));
    rig.wait_ms(2_500);
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Busy));
    expect!(rig, "Dial 1;", "OPERATIONFAILED 2");
}

#[test]
fn a_completion_that_is_refused() {
    let mut rig = idle("nanp").busy();
    rig.complete().unwrap();
    rig.ok("Release");
    rig.wait_ms(1_500);
    rig.ok("Seize");
    send!(rig, tone(ProgressTone::Dial));
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Reorder));
    rig.ok("Release");
    let words = rig.words();
    let expected = ["Release", "Seize", "Dial *66;", "OPERATIONFAILED 2", "101 Disconnected(Busy)", "Release"];
    assert_eq!(words, expected);
    assert_eq!(rig.provider.line_status(rig.line).unwrap().completions, 0);
}

#[test]
fn an_order_during_busy_tone_leaves_the_call() {
    let mut rig = idle("etsi").busy();
    assert_eq!(rig.complete(), Ok(Reply::Completion(1)));
    expect!(rig, "Dial 5;");
    rig.ok("Dial");
    rig.wait_ms(2_500);
    expect!(rig, "ok 2");
    assert_eq!(rig.state(), CallState::Busy(BusyMode::Station));
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect!(rig, "Release", "ok 3", "101 Idle");
}

#[test]
fn completions_have_their_limits() {
    let mut rig = idle("nanp").connected();
    assert_eq!(rig.complete(), Err(LineErr::INVALCALLSTATE));
    assert_eq!(idle("plain").busy().complete(), Err(LineErr::OPERATIONUNAVAIL));
    let mut rig = idle("etsi").busy();
    let (request, call) = (rig.request(), rig.call());
    let camp_on = Command::CompleteCall { request, call, mode: 1, message: 0 };
    assert_eq!(rig.command(camp_on), Err(LineErr::INVALCALLCOMPLMODE));
    for id in 1..=5 {
        assert_eq!(rig.complete(), Ok(Reply::Completion(id)));
        rig.ok("Dial");
        rig.wait_ms(2_500);
    }
    assert_eq!(rig.complete(), Err(LineErr::COMPLETIONOVERRUN));
}

// ---- secure calls, flash ----

#[test]
fn a_call_is_secured_while_it_is_up() {
    let mut rig = idle("nanp").connected();
    assert!(rig.features().contains(CallFeatures::SECURE_CALL));
    rig.secure().unwrap();
    rig.recalled();
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Confirmation));
    rig.wait_ms(1_500);
    expect!(rig, "Flash(550ms)", "Dial *70;", "Flash(550ms)");
    rig.ok("Flash");
    // This exchange had gone back by itself: the flash held the party once more.
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    expect!(rig);
    // Done when the party is there again.
    rig.wait_ms(2_000);
    expect!(rig, "ok 2", "101 info CallInfoChange(OTHER)");
    assert_eq!(rig.state(), CallState::Connected(ConnectedMode::Active));
    assert!(rig.provider.call_info(rig.call()).unwrap().flags.contains(CallParamFlags::SECURE));
    rig.secure().unwrap();
    expect!(rig, "ok 3");
}

#[test]
fn a_call_that_cannot_be_secured() {
    let mut rig = idle("nanp").connected();
    rig.secure().unwrap();
    rig.recalled();
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Reorder));
    expect!(rig, "Flash(550ms)", "Dial *70;", "OPERATIONFAILED 2", "Flash(550ms)");
    assert!(!rig.provider.call_info(rig.call()).unwrap().flags.contains(CallParamFlags::SECURE));
    assert_eq!(idle("etsi").connected().secure(), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(idle("nanp").busy().secure(), Err(LineErr::INVALCALLSTATE));
}

#[test]
fn calls_are_made_with_codes_before_the_number() {
    let make = |plan: &str, flags| {
        let mut rig = idle(plan);
        let params = CallParams { flags, ..CallParams::default() };
        rig.try_make(Some("5551234"), params).map(|_| rig.words())
    };
    let (secure, block) = (CallParamFlags::SECURE, CallParamFlags::BLOCK_ID);
    assert_eq!(make("nanp", secure).unwrap(), ["Dial *70W5551234"]);
    assert_eq!(make("nanp", secure | block).unwrap(), ["Dial *67W*70W5551234"]);
    assert_eq!(make("plain", secure), Err(LineErr::OPERATIONUNAVAIL));
    let mut rig = idle("plain");
    let params = CallParams { flags: block, ..CallParams::default() };
    let test = Command::ConditionalMediaDetection { line: rig.line, modes: MediaModes::INTERACTIVE_VOICE, params };
    assert_eq!(rig.command(test), Err(LineErr::OPERATIONUNAVAIL), "a test says the same");
}

#[test]
fn a_bare_flash() {
    let mut rig = idle("plain").connected();
    let flash = |rig: &mut Rig| {
        let (request, line) = (rig.request(), rig.line);
        rig.command(Command::FlashHook { request, line })
    };
    flash(&mut rig).unwrap();
    rig.ok("Flash");
    expect!(rig, "Flash(500ms)", "ok 2");
    assert_eq!(rig.state(), CallState::Connected(ConnectedMode::Active));
    flash(&mut rig).unwrap();
    rig.fail("Flash", Failure::Refused);
    expect!(rig, "Flash(500ms)", "OPERATIONFAILED 3");
    assert_eq!(flash(&mut idle("plain")), Err(LineErr::INVALCALLSTATE));
    let mut rig = Rig::with(USUAL - Caps::FLASH).connected();
    assert_eq!(flash(&mut rig), Err(LineErr::OPERATIONUNAVAIL));
}

#[test]
fn no_analog_line_redirects() {
    let mut rig = idle("nanp").offered();
    let (request, call) = (rig.request(), rig.call());
    let redirect = Command::Redirect { request, call, address: address("5550199"), country: 0 };
    assert_eq!(rig.command(redirect), Err(LineErr::OPERATIONUNAVAIL));
    assert!(!rig.features().contains(CallFeatures::REDIRECT));
}

/// A line of this plan that has parked its call at 701.
fn parked(plan: &str) -> Rig {
    let mut rig = idle(plan).connected();
    rig.park(None).unwrap();
    rig.recalled();
    rig.ok("Dial");
    send!(rig, LineEvent::Media(loopstart_signal::MediaSign::Voice));
    rig.wait_ms(10_000);
    rig.ok("Release");
    rig.close_call().unwrap();
    rig.wait_ms(1_500);
    rig.words();
    rig
}

/// It rings: why?
fn reason(rig: &mut Rig) -> CallReason {
    send!(rig, RING);
    rig.take(true);
    let call = rig.call();
    rig.provider.call_info(call).unwrap().reason
}

#[test]
fn a_parked_call_that_nobody_takes_comes_back() {
    assert_eq!(reason(&mut parked("asterisk")), CallReason::Unknown, "too early");
    let mut rig = parked("asterisk");
    rig.wait(Duration::from_secs(40));
    assert_eq!(reason(&mut rig), CallReason::Reminder);
    // Once.
    send!(rig, LineEvent::RingStopped);
    rig.close_call().unwrap();
    assert_eq!(reason(&mut rig), CallReason::Unknown);
    let mut rig = parked("asterisk");
    rig.wait(Duration::from_secs(70));
    assert_eq!(reason(&mut rig), CallReason::Unknown, "too late");
    // Taken back by ourselves.
    let mut rig = parked("asterisk");
    rig.unpark("701").unwrap();
    rig.sent();
    rig.wait_ms(2_500);
    rig.drop_call().unwrap();
    rig.ok("Release");
    rig.close_call().unwrap();
    rig.wait(Duration::from_secs(38));
    assert_eq!(reason(&mut rig), CallReason::Unknown);
}
