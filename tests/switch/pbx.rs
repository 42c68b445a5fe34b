//! Private exchanges and Centrex: transfer by hanging up, park, pickup.

use super::*;

#[test]
fn transfer_after_talking() {
    for plan in ["centrex", "asterisk", "panasonic"] {
        let mut s = Scene::subscribed(plan, 2, Subscribed::all());
        let a = s.talk(0);
        let c = s.consult(a).unwrap();
        s.dial(c, "5550101", |state| state == CallState::Ringback);
        let w = s.offered();
        s.answer(w).unwrap();
        s.becomes(c, ACTIVE);
        s.transfer(a, c).unwrap();
        s.becomes(a, CallState::Idle);
        s.becomes(c, CallState::Idle);
        s.expect_parties(0, &[]);
        s.expect_parties(1, &["5550120 active"]);
        s.finish();
    }
}
