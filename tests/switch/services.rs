//! Services of the exchange: forwarding, completion, calls without call waiting and without the caller's number.

use super::operations::number_of;
use super::*;
use loopstart::provider::{
    CallFeatures, CallInfoChange, CallParamFlags, CallReason, LineState, OfferingMode, PartyFlags,
};

/// `LINEFORWARDMODE_UNCOND`.
const UNCONDITIONAL: u32 = 0x1;
/// `LINEFORWARDMODE_BUSY`.
const BUSY: u32 = 0x10;
/// `LINEFORWARDMODE_NOANSW`.
const NO_ANSWER: u32 = 0x100;

fn is_busy(state: CallState) -> bool {
    matches!(state, CallState::Busy(_))
}

#[test]
fn all_calls_are_forwarded() {
    for plan in ["nanp", "etsi", "asterisk", "gb", "centrex", "panasonic"] {
        let mut s = Scene::subscribed(plan, 3, Subscribed::all());
        // The target answers the call by which some exchanges confirm.
        let list = [(UNCONDITIONAL, Some("5550120"))];
        assert_eq!(s.forward(0, &list), Ok(Reply::Ok), "{plan}");
        assert_eq!(s.forwards(0), [(UNCONDITIONAL, Some(s.digits_of("5550120")))], "{plan}");
        s.expect_hook(0, "on");
        s.until_free(0);
        // A call to the line is answered by the target.
        let call = s.call(1, &number_of(0), |state| state == ACTIVE);
        s.drop_one(call).unwrap();
        s.becomes(call, CallState::Idle);
        s.forward(0, &[]).unwrap();
        assert!(s.forwards(0).is_empty(), "{plan}");
        // A reminder ring is a ring all the same.
        s.forget_offers();
        let call = s.call(1, &number_of(0), |state| state == CallState::Ringback);
        let offered = s.offered_at(0);
        s.answer(offered).unwrap();
        s.becomes(call, ACTIVE);
        assert_eq!(s.forward(0, &list), Err(LineErr::RESOURCEUNAVAIL), "{plan}: during a call");
        s.finish();
    }
}

#[test]
fn a_courtesy_call_that_finds_nobody_is_repeated() {
    let mut s = Scene::subscribed("nanp", 2, Subscribed::all());
    s.forget_wire();
    s.forward(0, &[(UNCONDITIONAL, Some("5550121"))]).unwrap();
    let digits: String = s.wire(0, &["digit"]).iter().map(|d| d.trim_start_matches("digit")).collect();
    assert_eq!(digits, "*725550121*725550121");
    let call = s.call(1, "5550100", is_busy);
    s.drop_one(call).unwrap();
    s.finish();
}

#[test]
fn busy_and_unanswered_calls_are_forwarded() {
    let mut s = Scene::subscribed("gb", 3, Subscribed::all());
    s.forward(0, &[(BUSY, Some("5550102")), (NO_ANSWER, Some("5550102"))]).unwrap();
    assert_eq!(s.forwards(0).len(), 2);
    let call = s.call(1, "5550100", |state| state == CallState::Ringback);
    let first = s.offered_at(0);
    // It is not answered.
    let second = s.offered_at(2);
    s.ends(first);
    s.answer(second).unwrap();
    s.becomes(call, ACTIVE);
    s.drop_one(call).unwrap();
    s.forward(0, &[]).unwrap();
    assert!(s.forwards(0).is_empty());
    s.finish();
}

#[test]
fn forwarding_to_nowhere_and_wrong_lists() {
    let mut s = Scene::subscribed("etsi", 2, Subscribed::all());
    s.forward(0, &[(UNCONDITIONAL, None)]).unwrap();
    assert_eq!(s.forwards(0), [(UNCONDITIONAL, None)]);
    let call = s.call(1, "5550100", |state| {
        !matches!(state, CallState::DialTone(_) | CallState::Dialing | CallState::Proceeding)
    });
    assert_ne!(s.state(call), CallState::Ringback);
    s.drop_one(call).unwrap();
    s.forward(0, &[]).unwrap();
    s.until_free(0);
    let _call = s.call(1, "5550100", |state| state == CallState::Ringback);
    let offered = s.offered_at(0);
    s.answer(offered).unwrap();
    s.becomes(offered, ACTIVE);
    s.drop_one(offered).unwrap();
    s.until_free(0);
    assert_eq!(s.forward(0, &[(0x2, Some("5550121"))]), Err(LineErr::INVALPARAM));
    assert_eq!(s.forward(0, &[(BUSY, None)]), Err(LineErr::INVALPARAM));
    assert_eq!(s.forward(0, &[(UNCONDITIONAL, Some("x"))]), Err(LineErr::INVALADDRESS));
    // A number that nobody has: the exchange refuses.
    assert_eq!(s.forward(0, &[(UNCONDITIONAL, Some("5559999"))]), Err(LineErr::OPERATIONFAILED));
    assert!(s.forwards(0).is_empty());
    s.finish();
}

#[test]
fn the_exchange_calls_back_when_the_party_is_free() {
    for plan in ["nanp", "gb"] {
        let mut s = Scene::subscribed(plan, 3, Subscribed::all());
        // Line 1 talks, and has no call waiting.
        s.control("waiting 1 off");
        let other = s.talk(1);
        let call = s.call(0, "5550101", is_busy);
        let id = s.complete(call).unwrap();
        s.becomes(call, CallState::Idle);
        assert_ne!(id, 0, "{plan}");
        assert_eq!(s.complete(call), Err(LineErr::INVALCALLSTATE), "{plan}");
        s.drop_one(other).unwrap();
        let back = s.offered_at(0);
        if plan == "nanp" {
            // It rings otherwise than other calls, which is known after the first cycle.
            s.rig.wait("the reason", |told| {
                matches!(told, Told::Info(h, what) if *h == back.host && what.contains(CallInfoChange::REASON))
                    .then_some(())
            });
            let info = s.info(back);
            assert_eq!((info.reason, info.completion_id), (CallReason::CallCompletion, id), "{plan}");
        }
        s.answer(back).unwrap();
        let rings = s.offered_at(1);
        s.answer(rings).unwrap();
        s.becomes(rings, ACTIVE);
        s.becomes(back, ACTIVE);
        s.expect_parties(0, &["5550101 active"]);
        if plan == "nanp" {
            assert_eq!(s.uncomplete(0, id), Err(LineErr::INVALCOMPLETIONID), "it is used up");
        }
        s.finish();
    }
}

#[test]
fn a_completion_is_given_up() {
    for plan in ["nanp", "gb"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        s.control("waiting 1 off");
        let other = s.talk(1);
        let call = s.call(0, "5550101", is_busy);
        let id = s.complete(call).unwrap();
        s.becomes(call, CallState::Idle);
        s.until_free(0);
        assert_eq!(s.uncomplete(0, id + 1), Err(LineErr::INVALCOMPLETIONID), "{plan}");
        s.uncomplete(0, id).unwrap();
        assert_eq!(s.uncomplete(0, id), Err(LineErr::INVALCOMPLETIONID), "{plan}");
        s.drop_one(other).unwrap();
        s.until_free(0);
        // Nobody calls back: an ordinary call is the next.
        let from = s.mark();
        s.talk_to_line(1, 0);
        let offers = s.rig.seen[from..].iter().filter(|told| matches!(told, Told::Offered(..))).count();
        assert_eq!(offers, 1, "{plan}");
        s.finish();
    }
}

#[test]
fn what_cannot_be_completed() {
    let mut s = Scene::subscribed("nanp", 1, Subscribed::all());
    let call = s.talk(0);
    assert_eq!(s.complete(call), Err(LineErr::INVALCALLSTATE));
    s.drop_one(call).unwrap();
    s.becomes(call, CallState::Idle);
    s.until_free(0);
    let call = s.call(0, "5550122", |state| state == CallState::Ringback);
    assert_eq!(s.complete(call), Err(LineErr::INVALCALLSTATE), "no service for that");
    let modes = [0u32, 1, 3, 0x10].map(|mode| {
        s.does(|request| Command::CompleteCall { request, call: call.call, mode, message: 0 }).unwrap_err()
    });
    assert_eq!(modes[0], LineErr::INVALCALLCOMPLMODE);
    assert_eq!(modes[2..], [LineErr::INVALCALLCOMPLMODE; 2]);
    s.finish();
}

/// Who calls line 0 while it talks finds it busy.
fn is_undisturbed(s: &mut Scene) {
    let from = s.mark();
    let other = s.call(1, "5550100", is_busy);
    s.drop_one(other).unwrap();
    s.becomes(other, CallState::Idle);
    let offers = s.rig.seen[from..].iter().filter(|told| matches!(told, Told::Offered(..))).count();
    assert_eq!(offers, 0);
}

#[test]
fn a_secure_call_is_not_disturbed() {
    let mut s = Scene::subscribed("nanp", 2, Subscribed::all());
    let a = s.talk(0);
    s.secure(a).unwrap();
    assert!(s.info(a).flags.contains(CallParamFlags::SECURE));
    s.expect_parties(0, &["5550120 active"]);
    // The flash that leads back comes after the end of the request.
    s.until_call_can(a, CallFeatures::SECURE_CALL);
    s.forget_wire();
    s.secure(a).unwrap();
    s.expect_wire(0, &["flash", "digit"], &[]);
    assert_eq!(s.state(a), ACTIVE);
    is_undisturbed(&mut s);
    s.drop_one(a).unwrap();
    s.becomes(a, CallState::Idle);
    s.until_free(0);
    // The next call is an ordinary one.
    let a = s.talk(0);
    let _other = s.call(1, "5550100", |state| state == CallState::Ringback);
    s.offered_at(0);
    assert_eq!(s.state(a), ACTIVE);
    s.finish();
}

#[test]
fn a_call_is_secure_from_the_beginning() {
    for plan in ["nanp", "asterisk"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        s.forget_wire();
        let a = s.call_with(0, "5550120", CallParamFlags::SECURE, |state| state == ACTIVE).unwrap();
        assert!(s.info(a).flags.contains(CallParamFlags::SECURE));
        let digits: String = s.wire(0, &["digit"]).iter().map(|d| d.trim_start_matches("digit")).collect();
        assert!(digits.starts_with("*70"), "{plan}: {digits}");
        is_undisturbed(&mut s);
        s.finish();
    }
    let mut s = Scene::new("plain", 1);
    let refused = s.call_with(0, "5550120", CallParamFlags::SECURE, |state| state == ACTIVE);
    assert_eq!(refused, Err(LineErr::OPERATIONUNAVAIL));
    s.finish();
}

#[test]
fn the_number_is_withheld() {
    for plan in ["nanp", "asterisk", "gb", "etsi"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        let call = s.call_with(0, "5550101", CallParamFlags::BLOCK_ID, |state| state == CallState::Ringback).unwrap();
        let offered = s.offered_at(1);
        s.rig.wait("caller identification", |told| {
            matches!(told, Told::Info(h, what) if *h == offered.host && what.contains(CallInfoChange::CALLER_ID))
                .then_some(())
        });
        let info = s.info(offered);
        assert!(info.caller_id_flags.contains(PartyFlags::BLOCKED), "{plan}: {:?}", info.caller_id_flags);
        assert_eq!(info.caller_id.as_str(), "", "{plan}");
        s.drop_one(call).unwrap();
        s.finish();
    }
}

#[test]
fn a_waiting_call_is_picked_up() {
    for plan in ["nanp", "etsi"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        let a = s.talk(0);
        let _other = s.call(1, "5550100", |state| state == CallState::Ringback);
        let waiting = s.offered_at(0);
        s.becomes(waiting, CallState::Offering(OfferingMode::Inactive));
        let call = s.pick_up(0, None, None).unwrap();
        s.becomes(call, ACTIVE);
        s.becomes(a, CallState::OnHold);
        s.becomes(waiting, CallState::Idle);
        assert_eq!(s.info(call).reason, CallReason::Pickup, "{plan}");
        s.expect_parties(0, &["5550101 active", "5550120 held"]);
        s.finish();
    }
}

#[test]
fn completions_are_counted() {
    let mut s = Scene::subscribed("nanp", 2, Subscribed::all());
    // LINEDEVSTATE_NUMCOMPLETIONS
    let line = s.rig.lines[0];
    let want = Command::SetStatusMessages { line, line_states: 0x1000, address_states: 0 };
    s.rig.runtime.command(want).unwrap();
    s.control("waiting 1 off");
    s.talk(1);
    let call = s.call(0, "5550101", is_busy);
    s.complete(call).unwrap();
    s.rig.wait("a message", |told| matches!(told, Told::Line(_, LineState::NumCompletions)).then_some(()));
    let status = s.rig.runtime.query(|p| p.line_status(line)).unwrap();
    assert_eq!(status.completions, 1);
    s.finish();
}
