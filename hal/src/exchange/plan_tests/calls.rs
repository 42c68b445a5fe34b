//! Hold, retrieve, swap, conference, transfer, and hanging up in the middle.

use super::*;
use Role::{Active, Calling, Held, Member};

#[test]
fn a_flash_holds_and_another_comes_back() {
    for plan in ["nanp", "asterisk", "pbx", "centrex"] {
        let mut office = Office::new(plan, 3);
        office.connect(0, 1);
        assert_eq!(office.hears(0), [1]);
        assert_eq!(office.hears(1), [0]);
        office.happened(0);
        office.flash(0);
        assert_eq!(office.parties(0), [(1, Held)], "{plan}");
        assert_eq!(office.hears(1), [], "{plan}: a held party hears nobody");
        assert!(office.happened(0).contains(&EventKind::Held));
        office.flash(0);
        assert_eq!((office.parties(0), office.tone(0)), (vec![(1, Active)], None), "{plan}");
        assert_eq!(office.hears(0), [1]);
        assert!(office.happened(0).contains(&EventKind::Retrieved));
    }
    let mut office = Office::new("etsi", 3);
    office.connect(0, 1);
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Held)]);
    office.order(0, "1");
    assert_eq!(office.parties(0), [(1, Active)]);
    let mut office = Office::new("panasonic", 3);
    office.connect(0, 1);
    office.flash(0);
    office.run(600);
    office.digits(0, "*50");
    assert_eq!(office.parties(0), [(1, Held)], "its code holds");
    office.run(3_000);
    office.digits(0, "*50");
    assert_eq!(office.parties(0), [(1, Active)], "and the same code takes it back");
}

#[test]
fn a_plain_line_and_one_without_the_service_ignore_a_flash() {
    let without = Subscribed::default() - Subscribed::THREE_WAY;
    let settings = || Settings::new(US, 2);
    for mut office in [Office::with(settings(), "plain", Subscribed::all()), Office::with(settings(), "nanp", without)]
    {
        office.connect(0, 1);
        office.flash(0);
        assert_eq!((office.parties(0), office.tone(0)), (vec![(1, Active)], None));
        assert_eq!(office.hears(0), [1]);
    }
}

#[test]
fn music_where_there_is_a_private_exchange_and_silence_elsewhere() {
    for (plan, music) in [("nanp", false), ("etsi", false), ("asterisk", true), ("panasonic", true)] {
        let mut office = Office::new(plan, 2);
        office.connect(0, 1);
        office.flash(0);
        office.run(2_000);
        let heard = &office.bench.phones[1].heard;
        let loudest = heard.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert_eq!(loudest > 200, music, "{plan}: {loudest}");
    }
}

#[test]
fn flashes_of_the_wrong_length_do_nothing_or_hang_up() {
    let mut office = Office::new("nanp", 2);
    office.connect(0, 1);
    for ms in [100, 270] {
        office.bench.phones[0].flash(ms);
        office.run(ms + 200);
        assert_eq!(office.parties(0), [(1, Active)], "{ms} ms");
    }
    office.bench.phones[0].flash(1_050);
    office.run(1_030);
    assert_eq!(office.phase(0), "idle");
    let mut office = Office::new("etsi", 2);
    office.connect(0, 1);
    office.bench.phones[0].flash(300);
    office.run(250);
    assert_eq!(office.phase(0), "idle", "long for Europe");
}

#[test]
fn three_way_in_north_america() {
    let mut office = Office::new("nanp", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    assert_eq!(office.parties(0), [(1, Held), (2, Calling)]);
    office.lift(2);
    assert_eq!(office.parties(0), [(1, Held), (2, Active)]);
    assert_eq!((office.hears(0), office.hears(1), office.hears(2)), (vec![2], vec![], vec![0]), "private talk");
    office.happened(0);
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Member), (2, Member)]);
    assert!(office.happened(0).contains(&EventKind::Joined));
    assert_eq!(office.hears(0), [1, 2]);
    assert_eq!(office.hears(1), [0, 2]);
    assert_eq!(office.hears(2), [0, 1]);
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Active)], "the third flash drops who came last");
    assert_eq!(office.phase(2), "clearing");
    assert_eq!(office.hears(0), [1]);
}

#[test]
fn a_member_that_hangs_up_leaves_a_call_of_two() {
    for gone in [1, 2] {
        let mut office = Office::new("nanp", 3);
        office.connect(0, 1);
        office.consult(0, 2);
        office.lift(2);
        office.flash(0);
        office.hang_up(gone);
        assert_eq!(office.parties(0), [(3 - gone, Active)]);
        assert_eq!(office.hears(0), [3 - gone]);
    }
}

#[test]
fn an_unanswered_second_leg_is_joined_then_dropped_in_north_america() {
    for plan in ["nanp", "asterisk"] {
        let mut office = Office::new(plan, 3);
        office.connect(0, 1);
        office.consult(0, 2);
        office.flash(0);
        assert_eq!(office.parties(0), [(1, Member), (2, Calling)], "{plan}");
        office.run(6_000);
        assert!(office.bench.level(1, 440.0) > -35.0, "the other hears it ring");
        office.run(500);
        office.flash(0);
        assert_eq!((office.parties(0), office.tone(0)), (vec![(1, Active)], None), "{plan}");
        assert_eq!(office.phase(2), "idle");
    }
    // Busy: the same.
    let mut office = Office::new("nanp", 3);
    office.lift(2);
    office.connect(0, 1);
    office.consult(0, 2);
    assert_eq!(office.tone(0), Some("busy"));
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Member)]);
    office.flash(0);
    assert_eq!((office.parties(0), office.tone(0)), (vec![(1, Active)], None));
}

#[test]
fn one_flash_or_an_order_leaves_an_unanswered_second_leg_elsewhere() {
    for (plan, busy) in [("pbx", false), ("panasonic", false), ("pbx", true), ("etsi", false), ("gb", true)] {
        let mut office = Office::new(plan, 3);
        if busy {
            office.lift(2);
        }
        office.connect(0, 1);
        office.consult(0, 2);
        assert_eq!(office.tone(0), Some(if busy { "busy" } else { "ringback" }), "{plan}");
        if matches!(plan, "etsi" | "gb") {
            office.order(0, "1");
        } else {
            office.flash(0);
        }
        assert_eq!((office.parties(0), office.tone(0)), (vec![(1, Active)], None), "{plan}");
        assert_eq!(office.hears(1), [0]);
    }
}

#[test]
fn orders_of_the_european_recall() {
    let mut office = Office::new("etsi", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    office.order(0, "2");
    assert_eq!(office.parties(0), [(1, Active), (2, Held)]);
    assert_eq!((office.hears(0), office.hears(2)), (vec![1], vec![]));
    office.order(0, "3");
    assert_eq!(office.parties(0), [(1, Member), (2, Member)]);
    assert_eq!(office.hears(1), [0, 2]);
    // Two again: one active, one held.
    office.order(0, "2");
    assert_eq!(office.parties(0), [(1, Active), (2, Held)]);
    assert_eq!((office.hears(0), office.hears(2)), (vec![1], vec![]));
    // In Britain the one that was added last can go.
    let mut office = Office::new("gb", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    office.order(0, "3");
    office.order(0, "7");
    assert_eq!(office.parties(0), [(1, Active)]);
    // Whoever was held when they were joined; and so can the one that was there first.
    for (order, left) in [("7", 1), ("5", 2)] {
        let mut office = Office::new("gb", 3);
        office.connect(0, 1);
        office.consult(0, 2);
        office.lift(2);
        office.order(0, "2");
        office.order(0, "3");
        office.order(0, order);
        assert_eq!((office.parties(0), office.phase(3 - left)), (vec![(left, Active)], "clearing"));
        assert_eq!(office.hears(left), [0]);
    }
    let mut office = Office::new("etsi", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    office.order(0, "0");
    assert_eq!(office.parties(0), [(2, Active)], "the held call was released");
    assert_eq!(office.phase(1), "clearing");
    let mut office = Office::new("etsi", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    office.order(0, "1");
    assert_eq!((office.parties(0), office.phase(2)), (vec![(1, Active)], "clearing"));
}

#[test]
fn an_unknown_order_or_none_changes_nothing() {
    let mut office = Office::new("etsi", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    let before = office.parties(0);
    office.flash(0);
    assert_eq!((office.hears(1), office.hears(2)), (vec![], vec![]), "everyone waits");
    office.digits(0, "9");
    assert_eq!((office.parties(0), office.tone(0)), (before.clone(), None));
    assert_eq!(office.hears(2), [0]);
    office.flash(0);
    office.run(15_000);
    assert_eq!((office.parties(0), office.tone(0)), (before, None));
    assert_eq!(office.hears(2), [0]);
}

#[test]
fn a_panasonic_swaps_by_flash_and_joins_by_3() {
    let mut office = Office::new("panasonic", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    // The tone and a moment for the order; without one it was the swap.
    office.flash(0);
    office.run(3_000);
    assert_eq!(office.parties(0), [(1, Active), (2, Held)]);
    office.order(0, "3");
    assert_eq!(office.parties(0), [(1, Member), (2, Member)]);
    assert_eq!(office.hears(2), [0, 1]);
}

#[test]
fn hold_with_a_code_alternates_and_does_not_join() {
    let mut office = Office::new("centrex", 3);
    office.connect(0, 1);
    office.order(0, "*2");
    assert_eq!((office.parties(0), office.tone(0)), (vec![(1, Held)], Some("dial")));
    office.number(0, "5550102");
    office.lift(2);
    office.order(0, "*2");
    assert_eq!(office.parties(0), [(1, Active), (2, Held)]);
    // Hanging up rings back: it was no consultation.
    office.hang_up(0);
    assert!(office.rings(0, 1_500));
    office.lift(0);
    assert_eq!(office.parties(0), [(2, Active)]);
}

#[test]
fn hanging_up_between_two_rings_back_on_public_lines() {
    for plan in ["nanp", "etsi"] {
        for stage in ["dialling", "ringing", "busy", "talking"] {
            let mut office = Office::new(plan, 3);
            if stage == "busy" {
                office.lift(2);
            }
            office.connect(0, 1);
            if stage == "dialling" {
                office.flash(0);
            } else {
                office.consult(0, 2);
            }
            if stage == "talking" {
                office.lift(2);
            }
            office.happened(0);
            office.hang_up(0);
            assert!(office.rings(0, 1_500), "{plan} {stage}");
            assert!(office.happened(0).contains(&EventKind::Recall));
            assert!(office.bench.phones[0].callers.is_empty(), "no caller identification");
            office.lift(0);
            assert_eq!(office.parties(0), [(1, Active)], "{plan} {stage}");
            assert_eq!(office.hears(1), [0]);
            assert!(!matches!(office.phase(2), "talking" | "ringing"), "the other one was released");
        }
    }
}

#[test]
fn nobody_lifts_and_the_held_party_is_released() {
    let mut office = Office::new("nanp", 2);
    office.connect(0, 1);
    office.flash(0);
    office.hang_up(0);
    office.run(62_000);
    assert_eq!((office.phase(0), office.phase(1)), ("idle", "clearing"));
}

#[test]
fn hanging_up_transfers_on_private_exchanges() {
    for plan in ["pbx", "panasonic", "asterisk", "centrex"] {
        for ringing in [false, true] {
            let mut office = Office::new(plan, 3);
            office.connect(0, 1);
            office.consult(0, 2);
            if !ringing {
                office.lift(2);
            }
            // Longer than a bounced flash would be.
            office.run(2_500);
            office.happened(0);
            office.hang_up(0);
            assert_eq!(office.phase(0), "idle");
            assert!(office.happened(0).contains(&EventKind::Transferred), "{plan}");
            if ringing {
                assert_eq!((office.phase(1), office.tone(1)), ("calling", Some("ringback")));
                office.lift(2);
            }
            assert_eq!((office.parties(1), office.parties(2)), (vec![(2, Active)], vec![(1, Active)]), "{plan}");
            assert_eq!((office.hears(1), office.hears(2)), (vec![2], vec![1]));
        }
    }
    // The same in North America for who subscribes to it.
    let mut office = Office::with(Settings::new(US, 3), "nanp", Subscribed::all());
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    office.hang_up(0);
    assert_eq!(office.hears(1), [2]);
}

#[test]
fn asterisk_takes_a_quick_hang_up_after_a_flash_for_a_bounce() {
    let mut office = Office::new("asterisk", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    office.run(3_000);
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Member), (2, Member)]);
    office.hang_up(0);
    assert_eq!((office.phase(1), office.phase(2)), ("clearing", "clearing"));
}

#[test]
fn a_conference_goes_on_without_the_one_who_made_it_where_the_plan_says_so() {
    for (plan, stays) in [("asterisk", true), ("pbx", true), ("nanp", false), ("etsi", false)] {
        let mut office = Office::new(plan, 3);
        office.connect(0, 1);
        office.consult(0, 2);
        office.lift(2);
        if plan == "etsi" {
            office.order(0, "3");
        } else {
            office.flash(0);
        }
        assert_eq!(office.parties(0).len(), 2, "{plan}");
        office.run(2_500);
        office.hang_up(0);
        let expected: &[usize] = if stays { &[2] } else { &[] };
        assert_eq!(office.hears(1), expected, "{plan}");
    }
}

#[test]
fn a_transfer_that_nobody_answers_comes_back() {
    let mut office = Office::new("panasonic", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.hang_up(0);
    assert_eq!(office.phase(2), "ringing");
    assert!(office.rings(0, 31_000));
    assert_eq!((office.phase(2), office.tone(1)), ("idle", Some("ringback")));
    office.lift(0);
    assert_eq!(office.parties(0), [(1, Active)]);
}

#[test]
fn the_second_party_hangs_up_and_the_held_one_is_there_still() {
    let mut office = Office::new("nanp", 3);
    office.connect(0, 1);
    office.consult(0, 2);
    office.lift(2);
    office.hang_up(2);
    assert_eq!(office.parties(0), [(1, Held)]);
    office.run(3_000);
    assert_eq!(office.tone(0), Some("stutter"), "recall dial tone");
    assert!(office.bench.phones[0].battery.is_empty(), "no interruption: the line has a call");
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Active)]);
    // And the held one may go first.
    office.consult(0, 2);
    office.lift(2);
    office.hang_up(1);
    assert_eq!(office.parties(0), [(2, Active)]);
}

#[test]
fn outside_parties_can_be_held_and_joined() {
    let mut office = Office::new("nanp", 2);
    office.lift(0);
    office.run(300);
    office.number(0, "5550120");
    office.run(10_000);
    office.consult(0, 1);
    office.lift(1);
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Member), (20, Member)]);
    office.bench.phones[1].say = (0..1_600).map(|n| if n % 8 < 4 { 4_000 } else { -4_000 }).collect();
    office.run(400);
    let late: Vec<i16> = office.bench.phones[0].heard[1_280..].to_vec();
    assert!(super::super::telephone::level_of(&late, 1_000.0) > -30.0, "the echo of another");
}

#[test]
fn a_six_way_conference_of_a_centrex() {
    let mut office = Office::new("centrex", 4);
    office.connect(0, 1);
    office.flash(0);
    office.run(600);
    office.digits(0, "*4");
    assert_eq!(office.tone(0), Some("dial"));
    office.number(0, "5550102");
    office.lift(2);
    office.order(0, "*4");
    assert_eq!(office.parties(0), [(1, Member), (2, Member)]);
    office.order(0, "*4");
    assert_eq!((office.parties(0), office.tone(0)), (vec![(1, Held), (2, Held)], Some("dial")));
    assert_eq!(office.hears(1), [2], "those who wait hear each other");
    office.number(0, "5550103");
    office.lift(3);
    office.order(0, "*4");
    assert_eq!(office.hears(3), [0, 1, 2]);
    assert_eq!(office.hears(1), [0, 2, 3]);
    office.order(0, "*5");
    assert_eq!(office.parties(0), [(1, Member), (2, Member)]);
    // Without the one who made it.
    office.consult_none();
    office.hang_up(0);
    assert_eq!((office.hears(1), office.hears(2)), (vec![2], vec![1]));
}

impl Office {
    /// Lets the time for an order go by.
    fn consult_none(&mut self) {
        self.run(3_000);
    }
}
