//! SetupConference, AddToConference, PrepareAddToConference, RemoveFromConference.

use super::*;

/// Plans with three-way calling: by a second flash, and by an order.
const THREE_WAY: [&str; 5] = ["nanp", "asterisk", "centrex", "etsi", "gb"];

#[test]
fn a_conference_is_set_up_and_a_call_added() {
    for plan in THREE_WAY {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        s.forget_wire();
        let from = s.mark();
        let (p, c) = s.set_up_conference(a).unwrap();
        s.becomes(c, CallState::DialTone(loopstart::provider::DialToneMode::Special));
        let names = [("A", a), ("P", p), ("C", c)];
        s.expect_story(from, &names, &["ok", "P OnHoldPendingConference", "A Conferenced(P)", "C DialTone(Special)"]);
        s.expect_parties(0, &["5550120 held"]);
        assert_eq!(s.add(p, c), Err(LineErr::INVALCALLSTATE), "{plan}: nobody there yet");
        s.dial(c, "5550126", |state| state == ACTIVE);
        s.expect_parties(0, &["5550120 held", "5550126 active"]);
        assert_eq!(s.add(c, p), Err(LineErr::INVALCALLSTATE), "{plan}: the other way round");
        let from = s.mark();
        s.add(p, c).unwrap();
        s.becomes(p, ACTIVE);
        s.expect_story(from, &names, &["ok", "C Conferenced(P)", "P Connected(Active)"]);
        s.expect_parties(0, &["5550120 member", "5550126 member"]);
        assert_eq!(s.wire(0, &["flash", "onhook", "offhook"])[0], "flash");
        assert_eq!(s.prepare_add(p), Err(LineErr::CONFERENCEFULL), "{plan}");
        for member in [a, c] {
            assert_eq!(s.hold(member), Err(LineErr::INVALCALLSTATE), "{plan}");
            assert_eq!(s.consult(member), Err(LineErr::INVALCALLSTATE), "{plan}");
        }
        assert_eq!(s.set_up_conference(p), Err(LineErr::INVALCALLSTATE), "{plan}: it is one");
        s.drop_one(p).unwrap();
        for call in [p, a, c] {
            s.becomes(call, CallState::Idle);
        }
        s.expect_parties(0, &[]);
        s.finish();
    }
}

#[test]
fn the_last_member_leaves_where_the_exchange_offers_no_more() {
    for plan in ["nanp", "asterisk", "jp"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        let (p, c) = s.set_up_conference(a).unwrap();
        s.dial(c, "5550126", |state| state == ACTIVE);
        s.add(p, c).unwrap();
        assert_eq!(s.remove(a), Err(LineErr::INVALCALLSTATE), "{plan}: only the last one can be dropped");
        assert_eq!(s.remove(p), Err(LineErr::INVALCALLSTATE), "{plan}: no member");
        let from = s.mark();
        s.remove(c).unwrap();
        s.becomes(a, ACTIVE);
        s.expect_story(from, &[("A", a), ("P", p), ("C", c)], &["ok", "C Idle", "P Idle", "A Connected(Active)"]);
        s.expect_parties(0, &["5550120 active"]);
        s.drop_one(a).unwrap();
        s.expect_parties(0, &[]);
        s.finish();
    }
}

#[test]
fn either_member_leaves_where_the_exchange_offers_it() {
    for plan in ["gb", "etsi"] {
        for first in [true, false] {
            let mut s = Scene::new(plan, 1);
            let a = s.talk(0);
            let (p, c) = s.set_up_conference(a).unwrap();
            s.dial(c, "5550126", |state| state == ACTIVE);
            s.add(p, c).unwrap();
            let (goes, stays, party) = if first { (a, c, "5550126 active") } else { (c, a, "5550120 active") };
            let from = s.mark();
            s.remove(goes).unwrap();
            s.becomes(stays, ACTIVE);
            let names = [("P", p), ("goes", goes), ("stays", stays)];
            s.expect_story(from, &names, &["ok", "goes Idle", "P Idle", "stays Connected(Active)"]);
            s.expect_parties(0, &[party]);
            s.drop_one(stays).unwrap();
            s.expect_parties(0, &[]);
            s.finish();
        }
    }
}

#[test]
fn a_conference_that_nobody_joined_is_given_up_and_prepared_again() {
    for plan in ["nanp", "etsi"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        let (p, c) = s.set_up_conference(a).unwrap();
        s.dial(c, "5550121", |state| matches!(state, CallState::Busy(_)));
        assert_eq!(s.remove(a), Err(LineErr::INVALCALLSTATE), "{plan}: nobody joined it");
        s.drop_one(c).unwrap();
        s.becomes(c, CallState::Idle);
        s.becomes(p, ACTIVE);
        s.expect_parties(0, &["5550120 active"]);
        // One member more.
        let from = s.mark();
        let c = s.prepare_add(p).unwrap();
        s.becomes(c, CallState::DialTone(loopstart::provider::DialToneMode::Special));
        s.expect_story(from, &[("P", p), ("C", c)], &["ok", "P OnHoldPendingConference", "C DialTone(Special)"]);
        s.dial(c, "5550126", |state| state == ACTIVE);
        s.add(p, c).unwrap();
        s.expect_parties(0, &["5550120 member", "5550126 member"]);
        s.drop_one(p).unwrap();
        s.becomes(a, CallState::Idle);
        s.expect_parties(0, &[]);
        s.finish();
    }
}

#[test]
fn no_conference_where_the_plan_has_none() {
    let mut s = Scene::new("plain", 1);
    let a = s.talk(0);
    assert_eq!(s.set_up_conference(a), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.consult(a), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.hold(a), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.unhold(a), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.blind_transfer(a, "5550121"), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.park(a, None), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.secure(a), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.forward(0, &[(1, Some("5550121"))]), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.unpark(0, "701"), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.pick_up(0, None, Some("")), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.complete(a), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.uncomplete(0, 1), Err(LineErr::OPERATIONUNAVAIL));
    s.expect_parties(0, &["5550120 active"]);
    s.drop_one(a).unwrap();
    s.finish();
}

#[test]
fn who_hears_whom() {
    let mut s = Scene::new("nanp", 3);
    let (a, first) = s.talk_to_line(0, 1);
    for call in [a, first] {
        s.listen(call);
    }
    s.send(a, "1");
    s.hears(first, "1");
    s.send(first, "2");
    s.hears(a, "2");
    let c = s.consult(a).unwrap();
    let second = s.consult_line(c, 2);
    for call in [c, second] {
        s.listen(call);
    }
    // The held party hears nothing of this, and is not heard.
    s.send(c, "3");
    s.hears(second, "3");
    s.send(first, "4");
    s.send(second, "5");
    s.hears(c, "5");
    let p = s.conference(a, c).unwrap();
    s.becomes(p, ACTIVE);
    s.expect_parties(0, &["5550101 member", "5550102 member"]);
    s.listen(p);
    s.send(p, "6");
    s.hears(first, "16");
    s.hears(second, "36");
    s.send(first, "7");
    s.hears(p, "7");
    s.hears(second, "367");
    s.send(second, "8");
    s.hears(p, "78");
    s.hears(first, "168");
    s.remove(c).unwrap();
    s.becomes(a, ACTIVE);
    s.listen(a);
    s.send(first, "9");
    s.hears(a, "29");
    s.send(a, "0");
    s.hears(first, "1680");
    assert_eq!(s.heard(second), "367");
    assert_eq!(s.heard(c), "5");
    s.finish();
}

#[test]
fn after_a_swap_the_other_one_hears() {
    let mut s = Scene::new("etsi", 3);
    let (a, first) = s.talk_to_line(0, 1);
    let c = s.consult(a).unwrap();
    let second = s.consult_line(c, 2);
    for call in [first, second] {
        s.listen(call);
    }
    s.send(c, "1");
    s.hears(second, "1");
    // The order's own digit may be heard as the parties change.
    s.ignore(first);
    s.swap(c, a).unwrap();
    s.listen(first);
    s.expect_parties(0, &["5550101 active", "5550102 held"]);
    s.send(a, "2");
    s.hears(first, "2");
    s.ignore(second);
    s.swap(a, c).unwrap();
    s.listen(second);
    s.expect_parties(0, &["5550101 held", "5550102 active"]);
    s.send(c, "3");
    s.hears(second, "13");
    assert_eq!(s.heard(first), "2");
    s.finish();
}
