//! North American custom calling: everything by flash.

use super::*;

#[test]
fn hold_and_back() {
    let mut s = Scene::new("nanp", 1);
    let a = s.talk(0);
    s.expect_parties(0, &["5550120 active"]);
    s.hold(a).unwrap();
    s.becomes(a, CallState::OnHold);
    s.expect_parties(0, &["5550120 held"]);
    s.unhold(a).unwrap();
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    s.drop_one(a).unwrap();
    s.expect_parties(0, &[]);
    s.finish();
}

#[test]
fn three_parties() {
    let mut s = Scene::new("nanp", 1);
    let a = s.talk(0);
    let c = s.consult(a).unwrap();
    s.becomes(a, CallState::OnHoldPendingTransfer);
    s.dial(c, "5550126", |state| state == ACTIVE);
    s.expect_parties(0, &["5550120 held", "5550126 active"]);
    assert_eq!(s.transfer(a, c), Err(LineErr::OPERATIONUNAVAIL), "not subscribed");
    let p = s.conference(a, c).unwrap();
    s.becomes(p, ACTIVE);
    s.becomes(a, CallState::Conferenced(p.host));
    s.expect_parties(0, &["5550120 member", "5550126 member"]);
    s.does(|request| Command::RemoveFromConference { request, call: c.call }).unwrap();
    s.becomes(c, CallState::Idle);
    s.becomes(p, CallState::Idle);
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    s.drop_one(a).unwrap();
    s.expect_parties(0, &[]);
    s.finish();
}

#[test]
fn a_busy_consultation_goes_back() {
    let mut s = Scene::new("nanp", 1);
    let a = s.talk(0);
    let c = s.consult(a).unwrap();
    s.dial(c, "5550121", |state| matches!(state, CallState::Busy(_)));
    s.drop_one(c).unwrap();
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    // The same with one that rings.
    let c = s.consult(a).unwrap();
    s.dial(c, "5550122", |state| state == CallState::Ringback);
    s.drop_one(c).unwrap();
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    // And with one that was answered.
    let c = s.consult(a).unwrap();
    s.dial(c, "5550126", |state| state == ACTIVE);
    s.drop_one(c).unwrap();
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    s.finish();
}

#[test]
fn call_waiting() {
    let mut s = Scene::new("nanp", 2);
    let a = s.talk(0);
    let other = s.call(1, "5550100", |state| state == CallState::Ringback);
    let w = s.offered();
    s.rig.wait("caller identification", |told| {
        matches!(told, Told::Info(h, what) if *h == w.host && what.contains(loopstart::provider::CallInfoChange::CALLER_ID))
            .then_some(())
    });
    let info = s.rig.runtime.query(|p| p.call_info(w.call)).unwrap();
    assert_eq!((info.caller_id.as_str(), info.caller_name.as_str()), ("5550101", "EMULATED 1"));
    s.answer(w).unwrap();
    s.becomes(a, CallState::OnHold);
    s.becomes(w, ACTIVE);
    s.expect_parties(0, &["5550101 active", "5550120 held"]);
    s.swap(w, a).unwrap();
    s.expect_parties(0, &["5550101 held", "5550120 active"]);
    s.swap(a, w).unwrap();
    s.expect_parties(0, &["5550101 active", "5550120 held"]);
    // The active one ends; the exchange gives the other back by ringing.
    s.drop_one(w).unwrap();
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    s.drop_one(other).unwrap();
    s.finish();
}

#[test]
fn a_waiting_call_rings_after_the_other_ended() {
    let mut s = Scene::new("nanp", 2);
    let a = s.talk(0);
    let _other = s.call(1, "5550100", |state| state == CallState::Ringback);
    let w = s.offered();
    s.drop_one(a).unwrap();
    s.rig.state(w.host, "ringing", |state| state == CallState::Offering(loopstart::provider::OfferingMode::Active));
    s.answer(w).unwrap();
    s.becomes(w, ACTIVE);
    s.expect_parties(0, &["5550101 active"]);
    s.finish();
}
