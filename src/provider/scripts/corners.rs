//! Who can be reached how from rare moments: pairs that one of two callers made by waiting, second calls that ring or are
//! busy, parties whose calls are closed, devices that fail half-way.

use super::details::{ask_for_consultation, can, consult, drop_one, host, take_waiting, talking};
use super::*;
use CallState as S;
use loopstart_signal::SitKind;
use loopstart_signal::plan::{Builder, FactText, Subscribed, Support};
use std::vec;

const ACTIVE: CallState = S::Connected(ConnectedMode::Active);

fn state(rig: &Rig, call: CallHandle) -> CallState {
    rig.provider.call_status(call).unwrap().state
}

fn ways(rig: &Rig, call: CallHandle) -> CallFeatures2 {
    rig.provider.call_status(call).unwrap().features2
}

fn features_of_address(rig: &Rig) -> AddressFeatures {
    rig.provider.address_status(rig.line, 0).unwrap().features
}

fn complete(rig: &mut Rig, call: CallHandle, consultation: CallHandle) -> Result<Reply, LineErr> {
    let request = rig.request();
    rig.command(Command::CompleteTransfer { request, call, consultation, mode: TransferMode::Transfer })
}

fn join(rig: &mut Rig, call: CallHandle, consultation: CallHandle) -> Result<Reply, LineErr> {
    let (request, host) = (rig.request(), host(rig));
    rig.command(Command::CompleteTransfer { request, call, consultation, mode: TransferMode::Conference { host } })
}

fn swap(rig: &mut Rig, active: CallHandle, held: CallHandle) -> Result<Reply, LineErr> {
    let request = rig.request();
    rig.command(Command::SwapHold { request, active, held })
}

fn unhold(rig: &mut Rig, call: CallHandle) -> Result<Reply, LineErr> {
    let request = rig.request();
    rig.command(Command::Unhold { request, call })
}

fn forward(rig: &mut Rig, list: &[(u32, &str)]) -> Result<Reply, LineErr> {
    let (request, line) = (rig.request(), rig.line);
    let entry = |(mode, to): &(u32, &str)| ForwardEntry {
        mode: *mode,
        caller: None,
        destination: Some(Address(to.to_string())),
        country: 0,
    };
    let list = list.iter().map(entry).collect();
    rig.command(Command::Forward { request, line, address_id: None, list, rings: 0 })
}

fn forwards(rig: &Rig) -> Vec<u32> {
    rig.provider.address_status(rig.line, 0).unwrap().forwards.into_iter().map(|entry| entry.mode).collect()
}

/// A consultation call that was dialled, and this tone is heard.
fn consult_to(rig: &mut Rig, call: CallHandle, heard: ProgressTone) -> CallHandle {
    let call = ask_for_consultation(rig, call);
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    let request = rig.request();
    rig.command(Command::Dial { request, call, address: Address("5550101".into()), country: 0 }).unwrap();
    send!(rig, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    send!(rig, tone(heard));
    rig.words();
    call
}

/// The line subscribes to everything of this plan, and is idle.
fn idle(plan: &str) -> Rig {
    Rig::of_plan(Plan::subscribed(plan, Subscribed::all()).unwrap())
}

/// A conference of which the second party was given up before it came in: it stands for one party.
fn conference_of_one(plan: &str) -> (Rig, CallHandle) {
    let mut rig = talking(plan);
    let (request, call) = (rig.request(), Some(rig.call()));
    let (host_conference, host_consultation) = (host(&mut rig), host(&mut rig));
    let setup = Command::SetupConference {
        request,
        call,
        line: None,
        host_conference,
        host_consultation,
        parties: 3,
        params: CallParams::default(),
    };
    let Ok(Reply::Conference { conference, consultation }) = rig.command(setup) else { panic!("no conference") };
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    drop_one(&mut rig, consultation);
    rig.ok("Flash");
    rig.wait_ms(5_000);
    rig.words();
    assert_eq!(state(&rig, conference), ACTIVE);
    (rig, conference)
}

// ---- transfer and conference ----

#[test]
fn a_transfer_by_order_needs_somebody_who_answered() {
    let mut rig = talking("etsi");
    let a = rig.call();
    let c = consult_to(&mut rig, a, ProgressTone::Ringback);
    assert_eq!(state(&rig, c), S::Ringback);
    assert!(!ways(&rig, c).contains(CallFeatures2::TRANSFER_NORMAL));
    assert!(complete(&mut rig, a, c).is_err());
    send!(rig, LineEvent::Answered(AnswerWitness::RingbackStopped));
    assert!(ways(&rig, c).contains(CallFeatures2::TRANSFER_NORMAL));
    complete(&mut rig, a, c).unwrap();
}

#[test]
fn a_transfer_by_hanging_up_is_one_only_where_that_joins() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = consult_to(&mut rig, a, ProgressTone::Busy);
    assert!(!can(&rig, c).contains(CallFeatures::COMPLETE_TRANSFER), "hung up at busy tone it rings back");
    assert!(complete(&mut rig, a, c).is_err());
    let mut rig = talking("asterisk");
    let a = rig.call();
    let c = consult_to(&mut rig, a, ProgressTone::Busy);
    assert!(ways(&rig, c).contains(CallFeatures2::TRANSFER_NORMAL));
    complete(&mut rig, a, c).unwrap();
}

#[test]
fn a_ringing_party_is_joined_only_where_a_flash_does_not_go_back() {
    let mut rig = talking("pbx");
    let a = rig.call();
    let c = consult_to(&mut rig, a, ProgressTone::Ringback);
    assert!(!ways(&rig, c).contains(CallFeatures2::TRANSFER_CONFERENCE), "one flash ends the ringing there");
    assert_eq!(join(&mut rig, a, c), Err(LineErr::INVALCALLSTATE));
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = consult_to(&mut rig, a, ProgressTone::Ringback);
    assert!(ways(&rig, c).contains(CallFeatures2::TRANSFER_CONFERENCE));
    join(&mut rig, a, c).unwrap();
    rig.ok("Flash");
    assert!(matches!(state(&rig, c), S::Conferenced(_)));
}

#[test]
fn who_is_held_for_a_consultation_stays_so_when_swapped() {
    let mut rig = talking("etsi");
    let a = rig.call();
    let c = consult(&mut rig, a);
    swap(&mut rig, c, a).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    rig.wait_ms(2_500);
    assert_eq!((state(&rig, a), state(&rig, c)), (ACTIVE, S::OnHoldPendingTransfer));
    assert_eq!(rig.provider.line_status(rig.line).unwrap().held_pending_calls, 1);
}

#[test]
fn a_flash_between_two_who_talk_swaps_only_where_the_plan_says_so() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = consult(&mut rig, a);
    assert!(!can(&rig, c).contains(CallFeatures::SWAP_HOLD), "it joins them");
    assert_eq!(swap(&mut rig, c, a), Err(LineErr::INVALCALLSTATE));
}

#[test]
fn only_who_came_last_is_dropped_by_joining_and_dropping() {
    let mut rig = talking("centrex");
    let a = rig.call();
    let c = consult(&mut rig, a);
    assert!(can(&rig, c).contains(CallFeatures::DROP));
    swap(&mut rig, c, a).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    rig.wait_ms(2_500);
    assert_eq!(state(&rig, a), ACTIVE);
    assert!(!can(&rig, a).contains(CallFeatures::DROP), "the exchange would drop the other");
    let request = rig.request();
    assert_eq!(rig.command(Command::Drop { request, call: a }), Err(LineErr::OPERATIONUNAVAIL));
    swap(&mut rig, a, c).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    rig.wait_ms(2_500);
    rig.words();
    drop_one(&mut rig, c);
    rig.ok("Flash");
    rig.wait_ms(700);
    expect!(rig, "Flash(800ms)", "Flash(800ms)");
    rig.ok("Flash");
    rig.wait_ms(2_000);
    assert_eq!((state(&rig, a), state(&rig, c)), (ACTIVE, S::Idle));
}

#[test]
fn who_came_last_leaves_first_whoever_was_held() {
    let mut rig = talking("gb");
    let a = rig.call();
    let c = consult(&mut rig, a);
    swap(&mut rig, c, a).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    rig.wait_ms(2_500);
    join(&mut rig, c, a).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    rig.wait_ms(2_500);
    assert!(matches!(state(&rig, a), S::Conferenced(_)) && matches!(state(&rig, c), S::Conferenced(_)));
    let (request, call) = (rig.request(), c);
    assert!(can(&rig, a).contains(CallFeatures::REMOVE_FROM_CONFERENCE));
    rig.command(Command::RemoveFromConference { request, call }).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    assert_eq!(rig.words().last().map(String::as_str), Some("Dial 7;"), "the second party");
}

#[test]
fn a_conference_of_three_takes_nobody_else() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = consult(&mut rig, a);
    let Ok(Reply::Call(conference)) = join(&mut rig, a, c) else { panic!("not joined") };
    rig.ok("Flash");
    assert_eq!(state(&rig, conference), ACTIVE);
    assert!(!can(&rig, conference).contains(CallFeatures::PREPARE_ADD_TO_CONFERENCE));
    let (request, host) = (rig.request(), host(&mut rig));
    let params = CallParams::default();
    let more = Command::PrepareAddToConference { request, conference, host, params };
    assert_eq!(rig.command(more), Err(LineErr::CONFERENCEFULL));
    // A flash would drop somebody, not take a caller.
    assert!(!features_of_address(&rig).contains(AddressFeatures::PICKUP_WAITING));
    let (request, line, host) = (rig.request(), rig.line, super::details::host(&mut rig));
    let pickup = Command::Pickup { request, line, address_id: 0, host, address: None, group: None };
    assert_eq!(rig.command(pickup), Err(LineErr::RESOURCEUNAVAIL));
}

#[test]
fn a_consultation_without_recall_dial_tone_goes_back() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = ask_for_consultation(&mut rig, a);
    rig.ok("Flash");
    rig.words();
    rig.wait_ms(6_100);
    expect!(rig, "OPERATIONFAILED 2", "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    assert_eq!((state(&rig, a), state(&rig, c)), (ACTIVE, S::Idle));
}

// ---- a call that waits ----

#[test]
fn a_pair_that_waiting_made_can_be_swapped_and_not_joined() {
    let (mut rig, conference) = conference_of_one("nanp");
    let w = take_waiting(&mut rig);
    assert_eq!((state(&rig, conference), state(&rig, w)), (S::OnHold, ACTIVE));
    assert!(can(&rig, w).contains(CallFeatures::SWAP_HOLD));
    // The flash that would join them is the one that swaps.
    assert!(!can(&rig, conference).contains(CallFeatures::ADD_TO_CONFERENCE));
    let request = rig.request();
    assert!(rig.command(Command::AddToConference { request, conference, call: w }).is_err());
    swap(&mut rig, w, conference).unwrap();
    rig.ok("Flash");
    rig.wait_ms(4_000);
    assert_eq!((state(&rig, conference), state(&rig, w)), (ACTIVE, S::OnHold));
}

#[test]
fn who_is_held_for_a_waiting_caller_comes_back_by_swap_alone() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let w = take_waiting(&mut rig);
    assert!(!can(&rig, a).contains(CallFeatures::UNHOLD), "it would end the other");
    assert_eq!(unhold(&mut rig, a), Err(LineErr::INVALCALLSTATE));
    swap(&mut rig, w, a).unwrap();
}

#[test]
fn a_flash_is_kept_apart_from_the_hook() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let w = take_waiting(&mut rig);
    swap(&mut rig, w, a).unwrap();
    rig.ok("Flash");
    rig.words();
    drop_one(&mut rig, a);
    rig.wait_ms(200);
    expect!(rig);
    rig.wait_ms(2_500);
    expect!(rig, "Release");
}

#[test]
fn nobody_is_left_when_the_other_does_not_ring_back() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let w = take_waiting(&mut rig);
    drop_one(&mut rig, w);
    rig.wait_ms(2_600);
    rig.ok("Release");
    rig.words();
    rig.wait_ms(8_000);
    expect!(rig, "ok 3", "102 Idle", "101 Disconnected(Unavail)");
    drop_one(&mut rig, a);
    expect!(rig, "ok 4", "101 Idle");
    assert!(rig.provider.line_status(rig.line).unwrap().features.contains(LineFeatures::MAKE_CALL));
}

#[test]
fn no_third_call_is_offered_beside_a_pair() {
    let mut rig = talking("nanp");
    let a = rig.call();
    consult(&mut rig, a);
    send!(rig, LineEvent::CallWaiting);
    expect!(rig);
}

#[test]
fn the_tone_of_a_refused_caller_is_not_another_caller() {
    let mut rig = talking("etsi");
    send!(rig, LineEvent::CallWaiting);
    rig.take(true);
    let w = rig.call();
    rig.words();
    drop_one(&mut rig, w);
    send!(rig, LineEvent::CallWaiting);
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    rig.wait_ms(2_500);
    expect!(rig, "Flash(100ms)", "Dial 0;", "ok 2", "102 Idle");
}

#[test]
fn a_waiting_call_is_not_answered_before_the_host_has_it() {
    let mut rig = talking("nanp");
    send!(rig, LineEvent::CallWaiting);
    expect!(rig, "offer");
    let (request, call) = (rig.request(), rig.offers[0]);
    assert_eq!(rig.command(Command::Answer { request, call }), Err(LineErr::INVALCALLSTATE));
    rig.take(true);
    rig.answer().unwrap();
    expect!(rig, "102 Offering(Inactive)", "Flash(550ms)");
}

// ---- who is given back by ringing ----

#[test]
fn a_party_that_nobody_wants_rings_back_unheard() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = ask_for_consultation(&mut rig, a);
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.command(Command::CloseCall(a)).unwrap();
    rig.words();
    drop_one(&mut rig, c);
    let words = rig.words();
    assert_eq!(words.first().map(String::as_str), Some("Release"), "{words:?}");
    rig.ok("Release");
    // It may ring any moment: no time for codes.
    assert_eq!(forward(&mut rig, &[(1, "5550199")]), Err(LineErr::RESOURCEUNAVAIL));
    rig.words();
    send!(rig, RING, RING);
    expect!(rig);
    send!(rig, LineEvent::RingStopped, RING);
    expect!(rig, "offer");
}

// ---- procedures ----

#[test]
fn one_signal_of_several_is_enough_to_listen_for() {
    // Confirmation tone or an announcement, and announcements are not heard.
    let mut rig = idle("gb");
    rig.make("5550121");
    send!(rig, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Busy));
    let (request, call) = (rig.request(), rig.call());
    rig.command(Command::CompleteCall { request, call, mode: 2, message: 0 }).unwrap();
    rig.ok("Dial 5");
    rig.words();
    rig.wait_ms(7_900);
    expect!(rig);
    rig.wait_ms(200);
    expect!(rig, "OPERATIONFAILED 2");
}

#[test]
fn an_announcement_tone_says_no() {
    let mut rig = idle("etsi");
    forward(&mut rig, &[(1, "5550199")]).unwrap();
    send!(rig, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Sit(SitKind::VacantCode)));
    expect!(rig, "Dial *21*5550199#;", "OPERATIONFAILED 1", "Release");
}

#[test]
fn the_way_back_is_not_corrected_for_ever() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let request = rig.request();
    rig.command(Command::Hold { request, call: a }).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.words();
    unhold(&mut rig, a).unwrap();
    for _ in 0..2 {
        rig.ok("Flash");
        rig.words();
        send!(rig, tone(ProgressTone::StutterDial));
        expect!(rig, "Flash(550ms)");
    }
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig);
}

#[test]
fn a_device_that_fails_off_hook_is_hung_up() {
    let mut rig = idle("etsi");
    forward(&mut rig, &[(0x10, "5550199")]).unwrap();
    send!(rig, LineEvent::OffHook);
    rig.fail("Dial", Failure::Refused);
    expect!(rig, "Dial *67*5550199#;", "OPERATIONFAILED 1", "Release");
    // One that says no before it was off hook is on hook.
    let mut rig = idle("etsi");
    forward(&mut rig, &[(0x10, "5550199")]).unwrap();
    rig.fail("Dial", Failure::Refused);
    expect!(rig, "Dial *67*5550199#;", "OPERATIONFAILED 1");
}

// ---- calls that go out and come in ----

#[test]
fn digits_after_which_the_far_end_goes_were_dialled() {
    let mut rig = Rig::new().connected();
    rig.dial("7").unwrap();
    expect!(rig, "Dial 7");
    rig.fail("Dial", Failure::Released);
    expect!(rig, "ok 2");
    rig.wait_ms(5_000);
    expect!(rig, "101 Disconnected(Normal)");
}

#[test]
fn a_call_that_fails_beside_a_held_one_leaves_nobody_off_hook() {
    // Held by a code, which ends at dial tone.
    let mut rig = talking("panasonic");
    let a = rig.call();
    let request = rig.request();
    rig.command(Command::Hold { request, call: a }).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    rig.wait_ms(2_500);
    send!(rig, tone(ProgressTone::Dial));
    assert_eq!(state(&rig, a), S::OnHold);
    rig.words();
    rig.make("5550101");
    rig.fail("Dial", Failure::Refused);
    expect!(rig, "Dial 5550101", "OPERATIONFAILED 3", "Release");
    rig.ok("Release");
    expect!(rig, "101 Idle");
}

#[test]
fn a_ringing_call_is_not_ended_by_what_ends_a_talk() {
    let mut rig = Rig::new().offered();
    rig.answer().unwrap();
    rig.fail("Answer", Failure::Refused);
    expect!(rig, "Answer", "OPERATIONFAILED 1");
    // The gap in the feeding between two rings.
    send!(rig, released(ReleaseWitness::LoopCurrent));
    expect!(rig);
    rig.answer().unwrap();
    rig.ok("Answer");
    assert_eq!(rig.state(), ACTIVE);
}

// ---- services ----

#[test]
fn a_call_that_is_taken_no_more_is_not_dialled_for() {
    let mut rig = talking("centrex");
    rig.close_call().unwrap();
    let (request, line, host) = (rig.request(), rig.line, host(&mut rig));
    let take = Command::Unpark { request, line, address_id: 0, host, at: Address("4711".into()) };
    let Ok(Reply::Call(taken)) = rig.command(take) else { panic!("not taken") };
    drop_one(&mut rig, taken);
    rig.ok("Release");
    rig.wait_ms(5_000);
    let words = rig.words();
    assert!(!words.iter().any(|word| word.starts_with("Dial") || word.starts_with("Seize")), "{words:?}");
}

#[test]
fn one_code_may_stop_several() {
    let mut rig = idle("panasonic");
    forward(&mut rig, &[(0x10, "5550198"), (0x100, "5550199")]).unwrap();
    for code in ["*71035550198#", "*71045550199#"] {
        assert_eq!(rig.words().last(), Some(&format!("Dial {code};")));
        send!(rig, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed);
        rig.ok("Dial");
        rig.wait_ms(2_500);
        rig.ok("Release");
        rig.wait_ms(1_500);
    }
    assert_eq!(forwards(&rig), [0x10, 0x100]);
    rig.words();
    forward(&mut rig, &[]).unwrap();
    expect!(rig, "Dial *7100;");
    send!(rig, LineEvent::OffHook);
    rig.ok("Dial");
    rig.wait_ms(2_500);
    expect!(rig, "ok 2", "Release");
    assert_eq!(forwards(&rig), []);
}

#[test]
fn a_list_has_three_entries_at_most() {
    let mut rig = idle("nanp");
    let list = [(0x1, "5550101"), (0x10, "5550102"), (0x100, "5550103"), (0x1000, "5550104")];
    assert_eq!(forward(&mut rig, &list), Err(LineErr::INVALPARAM));
    expect!(rig);
    forward(&mut rig, &list[..3]).unwrap();
}

#[test]
fn ringing_does_not_prove_a_forwarding() {
    let mut plan = Builder::named("nanp").unwrap().subscribed(Subscribed::all());
    plan.fact(&FactText {
        key: "forward.uncond.set",
        support: Support::Yes,
        steps: "dial:*72{n} wait:ringback|confirm onhook",
        value: "",
        verified: false,
        source: "the installer's sheet",
        note: "",
    });
    let plan = Arc::new(plan.build().unwrap());
    for (heard, end, on) in
        [(ProgressTone::Ringback, "OPERATIONFAILED 1", vec![]), (ProgressTone::Confirmation, "ok 1", vec![1])]
    {
        let mut rig = Rig::of_plan(Arc::clone(&plan));
        forward(&mut rig, &[(1, "5550199")]).unwrap();
        send!(rig, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed);
        rig.ok("Dial");
        send!(rig, tone(heard));
        rig.wait_ms(500);
        rig.ok("Release");
        assert_eq!(rig.words().last().map(String::as_str), Some(end));
        assert_eq!(forwards(&rig), on);
    }
}

#[test]
fn a_confirmation_before_the_end_of_the_digits_is_one() {
    let mut rig = idle("etsi");
    forward(&mut rig, &[(1, "5550199")]).unwrap();
    send!(rig, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed, tone(ProgressTone::Confirmation));
    rig.ok("Dial");
    rig.ok("Release");
    expect!(rig, "Dial *21*5550199#;", "Release", "ok 1");
    assert_eq!(forwards(&rig), [1]);
}

#[test]
fn a_conference_all_of_which_is_closed_as_the_flash_goes_out_leaves_nothing() {
    let plan = Plan::subscribed("nanp", Subscribed::all()).unwrap();
    let mut rig = Rig::of_plan(plan).connected();
    let (call, request) = (rig.call(), rig.request());
    let made = rig.command(Command::SetupConference {
        request,
        call: Some(call),
        line: None,
        host_conference: HostCall(901),
        host_consultation: HostCall(902),
        parties: 3,
        params: CallParams::default(),
    });
    let Ok(Reply::Conference { conference, consultation }) = made else { panic!("{made:?}") };
    rig.words();
    for closed in [call, conference, consultation] {
        rig.command(Command::CloseCall(closed)).unwrap();
    }
    rig.words();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "Release");
}

#[test]
fn a_call_that_rings_as_a_service_is_asked_for_is_answered_after_that() {
    let mut rig = Rig::of_plan(Plan::subscribed("nanp", Subscribed::all()).unwrap());
    forward(&mut rig, &[]).unwrap();
    send!(rig, RING);
    rig.take(true);
    // The device dials for the service.
    assert!(!rig.features().contains(CallFeatures::ANSWER));
    assert_eq!(rig.answer(), Err(LineErr::INVALCALLSTATE));
    rig.fail("Dial", Failure::Glare);
    assert!(rig.features().contains(CallFeatures::ANSWER));
    assert_eq!(rig.drop_call(), Ok(Reply::Ok));
    assert_eq!(rig.answer(), Err(LineErr::INVALCALLSTATE));
}

#[test]
fn a_transfer_by_hanging_up_whose_calls_are_closed_meanwhile_leaves_the_line_free() {
    let mut rig = Rig::of_plan(Plan::subscribed("nanp", Subscribed::all()).unwrap()).connected();
    let held = rig.call();
    let consultation = consult(&mut rig, held);
    complete(&mut rig, held, consultation).unwrap();
    for closed in [held, consultation] {
        rig.command(Command::CloseCall(closed)).unwrap();
    }
    rig.wait_ms(3_000);
    rig.ok("Release");
    rig.wait_ms(3_000);
    assert!(features_of_address(&rig).contains(AddressFeatures::MAKE_CALL));
}
