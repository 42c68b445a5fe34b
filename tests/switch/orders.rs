//! The European kind: a timed break, special dial tone, and a digit that says what is wanted.

use super::*;

#[test]
fn hold_swap_and_three_parties() {
    for plan in ["etsi", "gb", "de", "fr", "br"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        s.hold(a).unwrap();
        s.expect_parties(0, &["5550120 held"]);
        s.unhold(a).unwrap();
        s.expect_parties(0, &["5550120 active"]);
        let c = s.consult(a).unwrap();
        s.dial(c, "5550126", |state| state == ACTIVE);
        s.swap(c, a).unwrap();
        s.becomes(c, CallState::OnHoldPendingTransfer);
        s.expect_parties(0, &["5550120 active", "5550126 held"]);
        s.swap(a, c).unwrap();
        s.expect_parties(0, &["5550120 held", "5550126 active"]);
        let p = s.conference(a, c).unwrap();
        s.becomes(p, ACTIVE);
        s.expect_parties(0, &["5550120 member", "5550126 member"]);
        s.drop_one(p).unwrap();
        s.becomes(a, CallState::Idle);
        s.expect_parties(0, &[]);
        s.finish();
    }
}

#[test]
fn a_waiting_call_is_refused_taken_and_released() {
    let mut s = Scene::new("etsi", 2);
    let a = s.talk(0);
    let first = s.call(1, "5550100", |state| state == CallState::Ringback);
    let w = s.offered();
    s.drop_one(w).unwrap();
    s.expect_parties(0, &["5550120 active"]);
    s.drop_one(first).unwrap();
    let _second = s.call(1, "5550100", |state| state == CallState::Ringback);
    let w = s.offered();
    s.answer(w).unwrap();
    s.expect_parties(0, &["5550101 active", "5550120 held"]);
    s.drop_one(w).unwrap();
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    s.finish();
}
