//! Park, Unpark, and Pickup of calls that ring elsewhere.

use super::operations::number_of;
use super::*;
use loopstart::provider::{CallOrigin, CallReason};

fn slot_of(reply: Result<Reply, LineErr>) -> String {
    match reply {
        Ok(Reply::Parked(slot)) => slot.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn parked_where_the_exchange_chooses_and_taken_from_another_line() {
    for plan in ["centrex", "asterisk"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        let a = s.talk(0);
        let from = s.mark();
        let reply = s.park(a, None);
        let slot = slot_of(reply);
        s.becomes(a, CallState::Idle);
        s.expect_story(from, &[("A", a)], &["ok", "A Idle"]);
        s.expect_parties(0, &[]);
        assert!(s.control("state 0").contains(&format!("\"parked\":[\"{slot}\"]")), "{plan}: {slot}");
        let taken = s.unpark(1, &slot).unwrap();
        s.becomes(taken, ACTIVE);
        s.expect_parties(1, &["5550120 active"]);
        let info = s.info(taken);
        assert_eq!((info.reason, info.origin), (CallReason::Unpark, CallOrigin::Inbound), "{plan}");
        s.drop_one(taken).unwrap();
        s.free_again(1);
        s.finish();
    }
}

#[test]
fn parked_at_a_place() {
    for (plan, slot) in [("centrex", "101"), ("panasonic", "07")] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        let a = s.talk(0);
        assert_eq!(s.park(a, Some("x")), Err(LineErr::INVALADDRESS), "{plan}");
        assert_eq!(s.park(a, Some(slot)), Ok(Reply::Ok), "{plan}");
        s.becomes(a, CallState::Idle);
        assert!(s.control("state 0").contains(&format!("\"parked\":[\"{slot}\"]")), "{plan}");
        s.expect_hook(0, "on");
        s.until_free(0);
        let taken = s.unpark(0, slot).unwrap();
        s.becomes(taken, ACTIVE);
        s.expect_parties(0, &["5550120 active"]);
        assert_eq!(s.unpark(0, slot), Err(LineErr::RESOURCEUNAVAIL), "{plan}: in use");
        s.finish();
    }
}

#[test]
fn a_place_that_is_taken_and_one_that_is_empty() {
    let mut s = Scene::subscribed("centrex", 2, Subscribed::all());
    let a = s.talk(0);
    s.park(a, Some("101")).unwrap();
    let b = s.talk(1);
    assert_eq!(s.park(b, Some("101")), Err(LineErr::OPERATIONFAILED));
    assert_eq!(s.state(b), ACTIVE);
    s.expect_parties(1, &["5550120 active"]);
    s.until_free(0);
    assert_eq!(s.unpark(0, "100"), Err(LineErr::OPERATIONFAILED));
    s.expect_hook(0, "on");
    s.until_free(0);
    let taken = s.unpark(0, "101").unwrap();
    s.becomes(taken, ACTIVE);
    s.finish();
}

#[test]
fn a_forgotten_call_rings_again() {
    for plan in ["asterisk", "centrex"] {
        let mut s = Scene::subscribed(plan, 1, Subscribed::all());
        let a = s.talk(0);
        s.park(a, None).unwrap();
        s.becomes(a, CallState::Idle);
        let back = s.offered_at(0);
        s.answer(back).unwrap();
        s.becomes(back, ACTIVE);
        s.expect_parties(0, &["5550120 active"]);
        assert!(!s.control("state 0").contains("parked"), "{plan}");
        s.finish();
    }
}

#[test]
fn park_is_not_offered_everywhere_nor_always() {
    for plan in ["nanp", "etsi", "gb"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        assert_eq!(s.park(a, None), Err(LineErr::OPERATIONUNAVAIL), "{plan}");
        assert_eq!(s.park(a, Some("1")), Err(LineErr::OPERATIONUNAVAIL), "{plan}");
        assert_eq!(s.unpark(0, "1"), Err(LineErr::OPERATIONUNAVAIL), "{plan}");
        s.finish();
    }
    let mut s = Scene::subscribed("centrex", 1, Subscribed::all());
    let a = s.talk(0);
    let c = s.consult(a).unwrap();
    assert_eq!(s.park(a, None), Err(LineErr::INVALCALLSTATE));
    assert_eq!(s.park(c, None), Err(LineErr::INVALCALLSTATE));
    s.finish();
}

#[test]
fn a_call_that_rings_elsewhere_is_picked_up() {
    for plan in ["centrex", "asterisk", "panasonic"] {
        for directed in [false, true] {
            let mut s = Scene::subscribed(plan, 3, Subscribed::all());
            let caller = s.call(1, &number_of(0), |state| state == CallState::Ringback);
            let rings = s.offered_at(0);
            let at = if s.prefix.is_empty() { number_of(0) } else { "100".to_owned() };
            let taken = if directed { s.pick_up(2, Some(&at), None) } else { s.pick_up(2, None, Some("")) };
            let taken = taken.unwrap_or_else(|error| panic!("{plan}, directed {directed}: {error}"));
            s.becomes(taken, ACTIVE);
            s.becomes(caller, ACTIVE);
            s.expect_parties(2, &["5550101 active"]);
            assert_eq!(s.info(taken).reason, CallReason::Pickup);
            s.ends(rings);
            s.finish();
        }
    }
}

#[test]
fn nothing_rings() {
    for plan in ["centrex", "asterisk"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        assert_eq!(s.pick_up(0, None, Some("")), Err(LineErr::OPERATIONFAILED), "{plan}");
        s.free_again(0);
        assert_eq!(s.pick_up(0, None, None), Err(LineErr::RESOURCEUNAVAIL), "{plan}: no call to wait behind");
        s.finish();
    }
    let mut s = Scene::new("nanp", 1);
    assert_eq!(s.pick_up(0, Some("5550101"), None), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(s.pick_up(0, None, Some("")), Err(LineErr::OPERATIONUNAVAIL));
    s.finish();
}
