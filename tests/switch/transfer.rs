//! Transfers: to somebody who rings, who answered, who is busy; by hanging up and by an order; dialled by themselves.

use super::*;

const RINGING: CallState = CallState::Ringback;

/// Two parties are left to each other: line `to` is with the echo, line 0 is out.
fn is_transferred(s: &mut Scene, to: usize, calls: &[Call]) {
    for call in calls {
        s.becomes(*call, CallState::Idle);
    }
    s.expect_parties(0, &[]);
    s.expect_parties(to, &["5550120 active"]);
    s.expect_hook(0, "on");
}

#[test]
fn a_transfer_is_told_in_order() {
    let mut s = Scene::subscribed("asterisk", 2, Subscribed::all());
    let a = s.talk(0);
    s.forget_wire();
    let from = s.mark();
    let c = s.consult(a).unwrap();
    s.becomes(c, CallState::DialTone(loopstart::provider::DialToneMode::Special));
    let names = [("A", a), ("C", c)];
    s.expect_story(from, &names, &["ok", "A OnHoldPendingTransfer", "C DialTone(Special)"]);
    let answered = s.consult_line(c, 1);
    let from = s.mark();
    s.transfer(a, c).unwrap();
    s.becomes(c, CallState::Idle);
    s.expect_story(from, &names, &["ok", "A Idle", "C Idle"]);
    assert_eq!(s.state(answered), ACTIVE);
    s.expect_parties(1, &["5550120 active"]);
    let kinds = ["flash", "onhook", "offhook", "dialed", "transferred"];
    s.expect_wire(0, &kinds, &["flash", "dialed", "onhook", "transferred"]);
    s.finish();
}

#[test]
fn to_one_who_rings() {
    for plan in ["centrex", "asterisk", "panasonic", "pbx"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        let a = s.talk(0);
        let c = s.consult(a).unwrap();
        s.dial(c, "5550101", |state| state == RINGING);
        let w = s.offered_at(1);
        assert_eq!(s.transfer(c, a), Err(LineErr::INVALCALLSTATE), "{plan}: the other way round");
        assert_eq!(s.transfer(a, a), Err(LineErr::INVALCALLSTATE), "{plan}: with itself");
        s.transfer(a, c).unwrap();
        s.answer(w).unwrap();
        s.becomes(w, ACTIVE);
        is_transferred(&mut s, 1, &[a, c]);
        s.finish();
    }
}

#[test]
fn by_an_order_only_to_one_who_answered() {
    let mut s = Scene::subscribed("etsi", 2, Subscribed::all());
    let a = s.talk(0);
    let c = s.consult(a).unwrap();
    s.dial(c, "5550101", |state| state == RINGING);
    let w = s.offered_at(1);
    assert_eq!(s.transfer(a, c), Err(LineErr::INVALCALLSTATE));
    s.answer(w).unwrap();
    s.becomes(c, ACTIVE);
    s.transfer(a, c).unwrap();
    is_transferred(&mut s, 1, &[a, c]);
    s.finish();
}

#[test]
fn not_without_the_subscription_and_not_before_anybody_is_called() {
    for plan in ["nanp", "gb", "br"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        let c = s.consult(a).unwrap();
        s.dial(c, "5550126", |state| state == ACTIVE);
        assert!(s.transfer(a, c).is_err(), "{plan}");
        s.expect_parties(0, &["5550120 held", "5550126 active"]);
        s.drop_one(c).unwrap();
        s.becomes(a, ACTIVE);
        s.finish();
    }
    let mut s = Scene::subscribed("asterisk", 1, Subscribed::all());
    let a = s.talk(0);
    let c = s.consult(a).unwrap();
    assert_eq!(s.transfer(a, c), Err(LineErr::INVALCALLSTATE));
    assert_eq!(s.conference(a, c), Err(LineErr::INVALCALLSTATE));
    s.drop_one(c).unwrap();
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    s.finish();
}

#[test]
fn a_consultation_that_dials_by_itself() {
    for plan in ["centrex", "asterisk", "panasonic"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        let a = s.talk(0);
        assert_eq!(s.one_step(a, None), Err(LineErr::INVALCALLPARAMS), "{plan}: to where");
        let c = s.one_step(a, Some("5550101")).unwrap();
        s.becomes(a, CallState::OnHoldPendingTransfer);
        s.becomes(c, RINGING);
        let w = s.offered_at(1);
        s.transfer(a, c).unwrap();
        s.answer(w).unwrap();
        s.becomes(w, ACTIVE);
        is_transferred(&mut s, 1, &[a, c]);
        s.finish();
    }
}

#[test]
fn a_consultation_that_dials_by_itself_and_finds_nobody() {
    for plan in ["nanp", "etsi"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        let c = s.one_step(a, Some("5550121")).unwrap();
        s.rig.state(c.host, "busy", |state| matches!(state, CallState::Busy(_)));
        s.drop_one(c).unwrap();
        s.becomes(a, ACTIVE);
        s.expect_parties(0, &["5550120 active"]);
        s.finish();
    }
}

#[test]
fn blind() {
    for plan in ["centrex", "asterisk", "panasonic", "nanp"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        let a = s.talk(0);
        s.forget_wire();
        let from = s.mark();
        s.blind_transfer(a, "5550101").unwrap();
        s.becomes(a, CallState::Idle);
        s.expect_story(from, &[("A", a)], &["ok", "A Idle"]);
        s.expect_wire(0, &["flash", "onhook", "offhook"], &["flash", "onhook"]);
        let w = s.offered_at(1);
        s.answer(w).unwrap();
        s.becomes(w, ACTIVE);
        is_transferred(&mut s, 1, &[]);
        assert_eq!(s.blind_transfer(a, "5550101"), Err(LineErr::INVALCALLSTATE), "{plan}");
        s.finish();
    }
}

#[test]
fn blind_to_one_who_is_busy() {
    // Here ringing tone is awaited: the transfer fails, and the party is back.
    let mut s = Scene::subscribed("nanp", 1, Subscribed::all());
    let a = s.talk(0);
    assert_eq!(s.blind_transfer(a, "5550121"), Err(LineErr::OPERATIONFAILED));
    assert_eq!(s.state(a), ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    s.drop_one(a).unwrap();
    s.free_again(0);
    s.finish();
    // Here nobody listens, and the exchange rings with the party again.
    for plan in ["centrex", "panasonic"] {
        let mut s = Scene::subscribed(plan, 1, Subscribed::all());
        let a = s.talk(0);
        let done = s.blind_transfer(a, "5550121");
        assert_eq!(done, Ok(Reply::Ok), "{plan}");
        s.becomes(a, CallState::Idle);
        let back = s.offered_at(0);
        s.answer(back).unwrap();
        s.becomes(back, ACTIVE);
        s.expect_parties(0, &["5550120 active"]);
        s.finish();
    }
    // And here the party is left to hear busy.
    let mut s = Scene::subscribed("asterisk", 1, Subscribed::all());
    let a = s.talk(0);
    s.blind_transfer(a, "5550121").unwrap();
    s.becomes(a, CallState::Idle);
    s.free_again(0);
    s.finish();
}

#[test]
fn blind_is_not_offered_everywhere() {
    for plan in ["etsi", "gb", "nanp"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        assert_eq!(s.blind_transfer(a, "5550121"), Err(LineErr::OPERATIONUNAVAIL), "{plan}");
        assert_eq!(s.state(a), ACTIVE);
        s.finish();
    }
    let mut s = Scene::subscribed("asterisk", 1, Subscribed::all());
    let a = s.talk(0);
    assert_eq!(s.blind_transfer(a, "55x"), Err(LineErr::INVALADDRESS));
    s.hold(a).unwrap();
    assert_eq!(s.blind_transfer(a, "5550121"), Err(LineErr::INVALCALLSTATE));
    s.finish();
}

#[test]
fn a_held_call_and_one_that_was_made_meanwhile() {
    for plan in ["nanp", "etsi", "asterisk", "pbx"] {
        let mut s = Scene::subscribed(plan, 1, Subscribed::all());
        let a = s.talk(0);
        s.hold(a).unwrap();
        let b = s.call(0, "5550126", |state| state == ACTIVE);
        assert_eq!(s.state(a), CallState::OnHold, "{plan}");
        s.expect_parties(0, &["5550120 held", "5550126 active"]);
        let p = s.conference(a, b).unwrap();
        s.becomes(p, ACTIVE);
        s.expect_parties(0, &["5550120 member", "5550126 member"]);
        s.drop_one(p).unwrap();
        s.becomes(b, CallState::Idle);
        s.finish();
    }
}
