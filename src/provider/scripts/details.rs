//! Small things that are easily got wrong: which partner, which moment, who is told what.

use super::*;
use crate::call::{Address as Digits, Witness, legal, next};
use CallState as S;
use loopstart_signal::plan::{Plan, Subscribed};

const ACTIVE: CallState = S::Connected(ConnectedMode::Active);

pub(super) fn talking(plan: &str) -> Rig {
    Rig::of_plan(Plan::subscribed(plan, Subscribed::all()).unwrap()).connected()
}

pub(super) fn host(rig: &mut Rig) -> HostCall {
    rig.next_host += 1;
    HostCall(rig.next_host)
}

pub(super) fn can(rig: &Rig, call: CallHandle) -> CallFeatures {
    rig.provider.call_status(call).unwrap().features
}

pub(super) fn drop_one(rig: &mut Rig, call: CallHandle) {
    let request = rig.request();
    rig.command(Command::Drop { request, call }).unwrap();
}

pub(super) fn ask_for_consultation(rig: &mut Rig, call: CallHandle) -> CallHandle {
    let (request, host) = (rig.request(), host(rig));
    let made = rig.command(Command::SetupTransfer { request, call, host, params: CallParams::default() });
    let Ok(Reply::Call(consultation)) = made else { panic!("{made:?}") };
    consultation
}

/// A consultation call that was answered.
pub(super) fn consult(rig: &mut Rig, call: CallHandle) -> CallHandle {
    let call = ask_for_consultation(rig, call);
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    let request = rig.request();
    rig.command(Command::Dial { request, call, address: Address("5550101".into()), country: 0 }).unwrap();
    send!(rig, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::RingbackStopped));
    rig.words();
    call
}

/// The call that waits, taken.
pub(super) fn take_waiting(rig: &mut Rig) -> CallHandle {
    send!(rig, LineEvent::CallWaiting);
    rig.take(true);
    rig.answer().unwrap();
    rig.ok("Flash");
    rig.wait_ms(4_000);
    rig.words();
    rig.call()
}

#[test]
fn what_a_witness_leads_to() {
    let after = |state, address, witness| next(state, address, witness);
    let gone = |mode| Some(S::Disconnected(mode));
    let reorder = Some(S::SpecialInfo(SpecialInfo::Reorder));
    let (open, awaited, complete) = (Digits::Open, Digits::Awaited, Digits::Complete);
    // A part of the number is out although nothing told that it went out.
    assert_eq!(after(None, open, Witness::Dialed { partial: true }), Some(S::Dialing));
    assert_eq!(after(Some(ACTIVE), complete, Witness::NoAnswer), None);
    assert_eq!(after(Some(S::Ringback), complete, Witness::NoAnswer), gone(DisconnectMode::NoAnswer));
    let busy = Witness::Released(ReleaseWitness::Tone(ProgressTone::Busy));
    assert_eq!(after(Some(S::Proceeding), complete, busy), gone(DisconnectMode::Busy));
    assert_eq!(after(Some(ACTIVE), complete, busy), gone(DisconnectMode::Normal));
    // An announcement that turns out to be somebody.
    let answered = Witness::Answered(AnswerWitness::Voice);
    assert_eq!(after(reorder, complete, answered), Some(ACTIVE));
    let howler = Witness::Tone(ProgressTone::Howler);
    assert_eq!(after(Some(S::Dialing), awaited, howler), reorder);
    // A second dial tone is one that comes after digits, not among them.
    let dial = Witness::Tone(ProgressTone::Dial);
    assert_eq!(after(Some(S::Dialing), open, dial), None);
    assert_eq!(after(Some(S::Dialing), awaited, dial), Some(S::DialTone(DialToneMode::Normal)));
    // A reversal while digits still go out is not the far end's.
    let reversed = Witness::Reversed { first: true };
    assert_eq!(after(Some(S::Dialing), open, reversed), None);
    assert_eq!(after(Some(S::Dialing), awaited, reversed), Some(S::Connected(ConnectedMode::Confirmed)));
}

#[test]
fn a_call_is_joined_while_it_proceeds() {
    let member = S::Conferenced(HostCall(7));
    assert!(legal(Some(S::Proceeding), member) && legal(Some(S::Ringback), member) && legal(Some(ACTIVE), member));
    assert!(!legal(Some(S::Dialing), member));
}

#[test]
fn one_is_no_partner_of_oneself() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = consult(&mut rig, a);
    let request = rig.request();
    let mode = TransferMode::Conference { host: host(&mut rig) };
    let itself = Command::CompleteTransfer { request, call: a, consultation: a, mode };
    assert_eq!(rig.command(itself), Err(LineErr::INVALCALLSTATE));
    rig.command(Command::CloseCall(c)).unwrap();

    let mut rig = talking("nanp");
    let a = rig.call();
    let b = take_waiting(&mut rig);
    assert!(can(&rig, b).contains(CallFeatures::SWAP_HOLD));
    let request = rig.request();
    assert_eq!(rig.command(Command::SwapHold { request, active: b, held: b }), Err(LineErr::INVALCALLSTATE));
    rig.command(Command::SwapHold { request, active: b, held: a }).unwrap();
}

#[test]
fn who_is_held_for_a_call_that_is_gone_is_fetched_back() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = consult(&mut rig, a);
    let request = rig.request();
    let mode = TransferMode::Conference { host: host(&mut rig) };
    rig.command(Command::CompleteTransfer { request, call: a, consultation: c, mode }).unwrap();
    expect!(rig, "Flash(550ms)");
    rig.command(Command::CloseCall(c)).unwrap();
    rig.fail("Flash", Failure::Refused);
    let words = rig.words();
    assert_eq!(words.last().map(String::as_str), Some("Flash(550ms)"), "{words:?}");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    assert_eq!(rig.provider.call_status(a).unwrap().state, ACTIVE);
}

#[test]
fn a_drop_that_cannot_be_after_all_is_refused_late() {
    let mut rig = talking("nanp");
    let a = rig.call();
    ask_for_consultation(&mut rig, a);
    rig.words();
    drop_one(&mut rig, a);
    expect!(rig);
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    // No order ends a held call while the other one is being dialled.
    expect!(rig, "ok 2", "101 OnHoldPendingTransfer", "102 DialTone(Special)", "OPERATIONUNAVAIL 3");
}

#[test]
fn a_hold_into_which_a_caller_comes_is_none() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let request = rig.request();
    rig.command(Command::Hold { request, call: a }).unwrap();
    send!(rig, LineEvent::CallWaiting);
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    let words = rig.words();
    assert!(words.contains(&"CALLUNAVAIL 2".to_string()), "{words:?}");
    assert_eq!(rig.provider.call_status(a).unwrap().state, ACTIVE);
}

#[test]
fn a_call_that_is_being_dropped_is_not_claimed() {
    let mut rig = talking("nanp");
    let a = rig.call();
    drop_one(&mut rig, a);
    rig.ok("Release");
    rig.wait_ms(5_000);
    rig.close_call().unwrap();
    let mut rig = rig.offered();
    rig.answer().unwrap();
    rig.drop_call().unwrap();
    assert_eq!(rig.accept(), Err(LineErr::INVALCALLSTATE));
}

#[test]
fn digits_that_wait_do_not_mix_with_a_flash() {
    let mut rig = talking("nanp");
    let a = rig.call();
    rig.dial("7").unwrap();
    rig.dial("8").unwrap();
    expect!(rig, "Dial 7");
    let request = rig.request();
    rig.command(Command::Hold { request, call: a }).unwrap();
    expect!(rig, "Flash(550ms)");
    send!(rig, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial 7");
    let words = rig.words();
    assert!(!words.iter().any(|word| word.starts_with("Dial")), "{words:?}");
}

#[test]
fn beside_a_held_call_there_is_nothing_to_seize() {
    let mut rig = talking("freepbx");
    let a = rig.call();
    let request = rig.request();
    rig.command(Command::Hold { request, call: a }).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    send!(rig, tone(ProgressTone::StutterDial));
    rig.words();
    rig.try_make(None, CallParams::default()).unwrap();
    expect!(rig, "Dial ;");
}

#[test]
fn a_flash_would_take_the_caller_whom_nobody_wants_and_not_park() {
    let mut rig = talking("broadworks");
    let a = rig.call();
    assert!(can(&rig, a).contains(CallFeatures::PARK));
    send!(rig, LineEvent::CallWaiting);
    rig.take(false);
    rig.call = Some(a);
    assert!(!can(&rig, a).intersects(CallFeatures::PARK | CallFeatures::HOLD));
}
