//! How calls end while others are on the line: dropped, hung up at the far end, closed, unplugged.

use super::*;
use loopstart::provider::DisconnectMode;

/// A first call held for a consultation call that talks.
fn consulting(plan: &str) -> (Scene, Call, Call) {
    let mut s = Scene::new(plan, 1);
    let a = s.talk(0);
    let c = s.consult(a).unwrap();
    s.dial(c, "5550126", |state| state == ACTIVE);
    s.expect_parties(0, &["5550120 held", "5550126 active"]);
    (s, a, c)
}

/// A conference of three.
fn conferring(plan: &str) -> (Scene, Call, Call, Call) {
    let (mut s, a, c) = consulting(plan);
    let p = s.conference(a, c).unwrap();
    s.becomes(p, ACTIVE);
    s.expect_parties(0, &["5550120 member", "5550126 member"]);
    (s, p, a, c)
}

#[test]
fn a_held_call_is_dropped() {
    for plan in ["nanp", "etsi", "pbx", "centrex", "asterisk"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        s.hold(a).unwrap();
        s.becomes(a, CallState::OnHold);
        assert_eq!(s.hold(a), Err(LineErr::INVALCALLSTATE), "{plan}");
        assert_eq!(s.consult(a), Err(LineErr::INVALCALLSTATE), "{plan}");
        s.drop_one(a).unwrap();
        s.becomes(a, CallState::Idle);
        s.free_again(0);
        s.finish();
    }
}

#[test]
fn the_held_one_of_two_is_dropped_where_there_is_an_order() {
    let (mut s, a, c) = consulting("etsi");
    s.drop_one(a).unwrap();
    s.becomes(a, CallState::Idle);
    s.expect_parties(0, &["5550126 active"]);
    assert_eq!(s.state(c), ACTIVE);
    s.drop_one(c).unwrap();
    s.free_again(0);
    s.finish();
    let (mut s, a, c) = consulting("nanp");
    assert_eq!(s.drop_one(a), Err(LineErr::OPERATIONUNAVAIL));
    s.expect_parties(0, &["5550120 held", "5550126 active"]);
    s.drop_one(c).unwrap();
    s.becomes(a, ACTIVE);
    s.finish();
}

#[test]
fn the_active_one_of_two_is_dropped() {
    for plan in ["nanp", "etsi", "gb", "pbx", "centrex", "asterisk", "panasonic"] {
        let (mut s, a, c) = consulting(plan);
        let from = s.mark();
        s.drop_one(c).unwrap();
        s.becomes(a, ACTIVE);
        s.expect_story(from, &[("A", a), ("C", c)], &["ok", "C Idle", "A Connected(Active)"]);
        s.expect_parties(0, &["5550120 active"]);
        s.drop_one(a).unwrap();
        s.free_again(0);
        s.finish();
    }
}

#[test]
fn a_consultation_that_was_not_dialled_is_dropped_and_unhold_ends_one() {
    for plan in ["nanp", "etsi", "pbx", "asterisk"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        let c = s.consult(a).unwrap();
        s.drop_one(c).unwrap();
        s.becomes(a, ACTIVE);
        s.expect_parties(0, &["5550120 active"]);
        let c = s.consult(a).unwrap();
        s.unhold(a).unwrap();
        s.becomes(a, ACTIVE);
        s.becomes(c, CallState::Idle);
        s.expect_parties(0, &["5550120 active"]);
        assert_eq!(s.unhold(a), Err(LineErr::INVALCALLSTATE), "{plan}");
        s.drop_one(a).unwrap();
        s.free_again(0);
        s.finish();
    }
}

#[test]
fn the_far_end_hangs_up_on_a_consultation() {
    for plan in ["nanp", "etsi", "asterisk"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        let c = s.consult(a).unwrap();
        // Hangs up by itself.
        s.dial(c, "5550125", |state| matches!(state, CallState::Disconnected(DisconnectMode::Normal)));
        s.drop_one(c).unwrap();
        s.becomes(c, CallState::Idle);
        s.becomes(a, ACTIVE);
        s.expect_parties(0, &["5550120 active"]);
        s.drop_one(a).unwrap();
        s.free_again(0);
        s.finish();
    }
}

#[test]
fn the_far_end_hangs_up_while_it_is_held() {
    for plan in ["nanp", "etsi"] {
        let mut s = Scene::new(plan, 2);
        let (a, other) = s.talk_to_line(0, 1);
        let c = s.consult(a).unwrap();
        s.dial(c, "5550120", |state| state == ACTIVE);
        s.drop_one(other).unwrap();
        s.expect_parties(0, &["5550120 active"]);
        // The consultation call does not notice.
        assert_eq!(s.state(c), ACTIVE);
        s.drop_one(c).unwrap();
        s.becomes(c, CallState::Idle);
        // Nobody is there to go back to, which the line tells late or not at all: it ends all the same.
        if s.state(a) != CallState::Idle {
            s.drop_one(a).unwrap();
        }
        s.becomes(a, CallState::Idle);
        s.finish();
    }
}

#[test]
fn a_member_hangs_up() {
    let mut s = Scene::new("nanp", 2);
    let (a, other) = s.talk_to_line(0, 1);
    let c = s.consult(a).unwrap();
    s.dial(c, "5550120", |state| state == ACTIVE);
    let p = s.conference(a, c).unwrap();
    s.becomes(p, ACTIVE);
    s.drop_one(other).unwrap();
    s.expect_parties(0, &["5550120 active"]);
    // That cannot be seen on the line; dropping the conference ends all.
    s.drop_one(p).unwrap();
    for call in [p, a, c] {
        s.becomes(call, CallState::Idle);
    }
    s.free_again(0);
    s.finish();
}

#[test]
fn a_conference_is_dropped() {
    for plan in ["nanp", "etsi", "gb", "pbx", "asterisk", "centrex"] {
        let (mut s, p, a, c) = conferring(plan);
        s.drop_one(p).unwrap();
        for call in [p, a, c] {
            s.becomes(call, CallState::Idle);
        }
        s.free_again(0);
        s.finish();
    }
}

#[test]
fn the_last_member_is_dropped_and_the_first_is_not() {
    let (mut s, p, a, c) = conferring("nanp");
    assert_eq!(s.drop_one(a), Err(LineErr::OPERATIONUNAVAIL));
    s.drop_one(c).unwrap();
    s.becomes(p, CallState::Idle);
    s.becomes(a, ACTIVE);
    s.expect_parties(0, &["5550120 active"]);
    s.drop_one(a).unwrap();
    s.free_again(0);
    s.finish();
}

#[test]
fn closing_the_line_ends_everything() {
    for plan in ["nanp", "etsi", "asterisk", "centrex"] {
        // Holding, consulting, in conference, with a call that waits.
        for what in 0..4 {
            let mut s = Scene::new(plan, 2);
            let a = s.talk(0);
            match what {
                0 => {
                    s.hold(a).unwrap();
                }
                1 => {
                    s.consult(a).unwrap();
                }
                2 => {
                    let c = s.consult(a).unwrap();
                    s.dial(c, "5550126", |state| state == ACTIVE);
                    s.conference(a, c).unwrap();
                }
                _ => {
                    s.call(1, "5550100", |state| state == CallState::Ringback);
                    s.offered_at(0);
                }
            }
            s.rig.runtime.command(Command::CloseLine(s.rig.lines[0])).unwrap();
            s.expect_hook(0, "on");
            if what < 3 {
                s.expect_parties(0, &[]);
            }
            s.finish();
        }
    }
}

#[test]
fn closing_a_call_in_the_middle_ends_its_request() {
    for plan in ["nanp", "etsi"] {
        let mut s = Scene::new(plan, 1);
        let a = s.talk(0);
        let (request, _) = s.rig.request(|request| Command::Hold { request, call: a.call }).unwrap();
        s.rig.runtime.command(Command::CloseCall(a.call)).unwrap();
        assert!(s.rig.completed(request).is_err());
        s.free_again(0);
        let a = s.talk(0);
        let c = s.consult(a).unwrap();
        s.dial(c, "5550126", |state| state == ACTIVE);
        // The consultation call is closed: back to the first.
        s.rig.runtime.command(Command::CloseCall(c.call)).unwrap();
        s.becomes(a, ACTIVE);
        s.expect_parties(0, &["5550120 active"]);
        // And the held one, so that the other goes on.
        let c = s.consult(a).unwrap();
        s.dial(c, "5550126", |state| state == ACTIVE);
        s.rig.runtime.command(Command::CloseCall(a.call)).unwrap();
        assert_eq!(s.state(c), ACTIVE);
        s.drop_one(c).unwrap();
        s.free_again(0);
        s.finish();
    }
}

#[test]
fn the_plug_is_pulled_in_the_middle() {
    for what in 0..4 {
        let mut s = Scene::new("nanp", 2);
        let a = s.talk(0);
        let mut calls = vec![a];
        let mut open = None;
        match what {
            0 => open = Some(s.rig.request(|request| Command::Hold { request, call: a.call }).unwrap().0),
            1 => calls.push(s.consult(a).unwrap()),
            2 => {
                let c = s.consult(a).unwrap();
                s.dial(c, "5550126", |state| state == ACTIVE);
                calls.extend([c, s.conference(a, c).unwrap()]);
            }
            _ => {
                s.call(1, "5550100", |state| state == CallState::Ringback);
                calls.push(s.offered_at(0));
            }
        }
        s.control("unplug 0");
        if let Some(request) = open {
            assert_eq!(s.rig.completed(request), Err(LineErr::RESOURCEUNAVAIL));
        }
        for call in calls {
            s.ends(call);
        }
        assert!(s.hold(a).is_err() && s.unhold(a).is_err() && s.consult(a).is_err());
        s.finish();
    }
}
