//! Feature codes.

use super::*;
use Role::{Active, Held};
use loopstart_signal::PartyId;

impl Office {
    /// Lifts, dials a code, and answers the tone that comes.
    fn code(&mut self, line: usize, digits: &str) -> Option<&'static str> {
        self.lift(line);
        self.run(300);
        self.digits(line, digits);
        self.tone(line)
    }

    /// The same, and hangs up.
    fn set(&mut self, line: usize, digits: &str) -> Option<&'static str> {
        let tone = self.code(line, digits);
        self.hang_up(line);
        tone
    }

    /// Calls `to`, tells which line rings, and gives up.
    fn rung(&mut self, from: usize, to: usize) -> Option<usize> {
        self.call(from, to);
        let rung = (0..self.bench.phones.len()).find(|&n| self.phase(n) == "ringing");
        self.hang_up(from);
        self.run(500);
        rung
    }
}

#[test]
fn forwarding_by_a_courtesy_call() {
    let mut office = Office::new("nanp", 4);
    assert_eq!(office.code(1, "*72"), Some("stutter"));
    office.number(1, "5550102");
    assert_eq!(office.phase(2), "ringing", "the call is really placed");
    office.hang_up(1);
    assert_eq!(office.rung(0, 1), Some(1), "not answered: not on");
    // Again within two minutes: confirmed at once.
    office.code(1, "*72");
    office.digits(1, "5550102");
    assert_eq!(office.tone(1), Some("confirmation"));
    office.run(2_000);
    assert_eq!(office.tone(1), Some("dial"), "dial tone comes again");
    office.hang_up(1);
    office.bench.phones[1].rings.clear();
    assert_eq!(office.rung(0, 1), Some(2));
    let ring: Vec<_> = office.bench.phones[1].rings.clone();
    assert_eq!(ring.len(), 2, "the reminder, once");
    assert_eq!(ring[1].0.since(ring[0].0).as_millis(), 500);
    assert!(office.happened(1).iter().any(|kind| matches!(kind, EventKind::Forwarded(n) if n.as_str() == "5550102")));
    assert_eq!(office.set(1, "*73"), Some("confirmation"));
    assert_eq!(office.rung(0, 1), Some(1));
    // And with an answer.
    office.code(1, "*72");
    office.number(1, "5550102");
    office.lift(2);
    office.run(2_000);
    office.hang_up(1);
    office.hang_up(2);
    office.run(4_000);
    assert_eq!(office.rung(0, 1), Some(2));
}

#[test]
fn dials_have_no_star() {
    let mut office = Office::new("nanp", 3);
    office.lift(0);
    office.run(300);
    office.digits(0, "1167");
    assert_eq!(office.tone(0), Some("stutter"), "as *67");
    office.number(0, "5550101");
    assert_eq!(office.phase(1), "ringing");
    // Elsewhere these are digits of a number.
    let mut office = Office::new("etsi", 3);
    office.lift(0);
    office.run(300);
    office.digits(0, "1167");
    assert_eq!((office.tone(0), office.phase(0)), (None, "dialing"));
}

#[test]
fn the_way_out_has_its_dial_tone_in_a_code_too() {
    let mut office = Office::with(Settings::new(US, 3), "centrex", Subscribed::all());
    assert!(office.bench.exchange.settings.plan.access.as_ref().is_some_and(|a| a.second_dial_tone));
    assert_eq!(office.code(0, "#2"), Some("stutter"));
    office.digits(0, "9");
    assert_eq!(office.tone(0), Some("dial"));
    office.digits(0, "5550101");
    assert_eq!(office.tone(0), Some("confirmation"));
}

#[test]
fn the_forwarded_to_party_sees_who_called() {
    let mut office = Office::new("etsi", 4);
    assert_eq!(office.set(1, "*21*5550102#"), Some("confirmation"));
    office.call(0, 1);
    office.run(5_000);
    let id = office.bench.phones[2].callers[0].caller_id();
    assert_eq!(id.number, PartyId::Known(loopstart_signal::Number::new("5550100")));
    office.lift(2);
    assert_eq!(office.hears(2), [0]);
}

#[test]
fn european_forwarding_of_each_kind_with_its_check() {
    let mut office = Office::new("etsi", 4);
    assert_eq!(office.set(1, "*#21#"), Some("reorder"), "it is off");
    office.set(1, "*21*5550102#");
    assert_eq!(office.set(1, "*#21#"), Some("confirmation"));
    assert_eq!(office.rung(0, 1), Some(2));
    office.set(1, "#21#");
    assert_eq!(office.rung(0, 1), Some(1));
    // Busy.
    office.set(1, "*67*5550102#");
    assert_eq!(office.rung(0, 1), Some(1));
    office.lift(1);
    assert_eq!(office.rung(0, 1), Some(2));
    office.hang_up(1);
    office.set(1, "#67#");
    // No answer, with a time.
    assert_eq!(office.set(1, "*61*5550102*10#"), Some("confirmation"));
    office.call(0, 1);
    office.run(8_000);
    assert_eq!((office.phase(1), office.phase(2)), ("ringing", "idle"));
    office.run(2_500);
    assert_eq!((office.phase(1), office.phase(2)), ("idle", "ringing"));
    office.lift(2);
    assert_eq!(office.parties(0), [(2, Active)]);
}

#[test]
fn nothing_is_forwarded_to_nowhere_to_oneself_or_in_a_circle() {
    let mut office = Office::new("etsi", 3);
    for digits in ["*21*5559999#", "*21*5550100#", "*21*12#", "*99*1#"] {
        assert_eq!(office.set(0, digits), Some("reorder"), "{digits}");
    }
    office.set(0, "*21*5550101#");
    office.set(1, "*21*5550102#");
    office.set(2, "*21*5550101#");
    office.lift(2);
    office.run(300);
    office.number(2, "5550100");
    assert_eq!(office.phase(2), "treatment", "round and round, then a tone");
}

#[test]
fn a_special_dial_tone_tells_of_forwarding_where_the_plan_says_so() {
    for (plan, tone) in [("gb", "stutter"), ("etsi", "dial")] {
        let mut office = Office::new(plan, 2);
        office.set(0, "*21*5550101#");
        office.lift(0);
        assert_eq!(office.tone(0), Some(tone), "{plan}");
    }
}

#[test]
fn codes_of_private_exchanges() {
    let mut office = Office::new("panasonic", 4);
    assert_eq!(office.set(1, "*7102102#"), Some("confirmation"), "to an extension");
    assert_eq!(office.rung(0, 1), Some(2));
    office.set(1, "*7100");
    assert_eq!(office.rung(0, 1), Some(1));
    let mut office = Office::new("asterisk", 4);
    assert_eq!(office.code(1, "*72"), Some("stutter"));
    office.digits(1, "102");
    assert_eq!(office.tone(1), Some("stutter"), "no courtesy call");
    office.hang_up(1);
    assert_eq!(office.rung(0, 1), Some(2));
    let mut office = Office::new("centrex", 4);
    office.code(1, "#2");
    office.digits(1, "95550102");
    assert_eq!(office.tone(1), Some("confirmation"));
    office.hang_up(1);
    assert_eq!(office.rung(0, 1), Some(2));
}

#[test]
fn behind_the_access_digit_are_the_same_numbers() {
    let mut office = Office::new("pbx", 3);
    office.lift(0);
    office.digits(0, "9");
    assert_eq!(office.tone(0), Some("dial"), "the second dial tone");
    office.digits(0, "5550121");
    office.run(700);
    assert_eq!(office.tone(0), Some("busy"));
    office.hang_up(0);
    office.lift(0);
    office.digits(0, "101");
    office.run(700);
    assert_eq!(office.phase(1), "ringing", "an extension");
    office.hang_up(0);
    office.lift(0);
    office.digits(0, "5");
    office.run(700);
    assert_eq!(office.tone(0), Some("reorder"));
}

#[test]
fn do_not_disturb() {
    for (plan, on, off) in [("nanp", "*78", "*79"), ("etsi", "*26#", "#26#"), ("panasonic", "*7101", "*7100")] {
        let mut office = Office::new(plan, 2);
        office.set(1, on);
        office.call(0, 1);
        assert_eq!(office.tone(0), Some("busy"), "{plan}");
        office.hang_up(0);
        office.set(1, off);
        assert_eq!(office.rung(0, 1), Some(1), "{plan}");
    }
}

#[test]
fn a_busy_party_calls_back() {
    for (plan, at_tone) in [("nanp", None), ("etsi", Some("5")), ("panasonic", Some("6"))] {
        let mut office = Office::new(plan, 3);
        office.lift(1);
        office.call(0, 1);
        assert_eq!(office.tone(0), Some("busy"), "{plan}");
        match at_tone {
            Some(digits) => office.digits(0, digits),
            None => {
                office.hang_up(0);
                office.lift(0);
                office.run(300);
                office.digits(0, "*66");
            }
        }
        assert_eq!(office.tone(0), Some("confirmation"), "{plan}");
        office.hang_up(0);
        assert!(!office.rings(0, 10_000), "still busy");
        office.hang_up(1);
        assert!(office.rings(0, 3_000), "{plan}");
        office.lift(0);
        office.run(1_000);
        assert_eq!(office.phase(1), "ringing", "{plan}");
        office.lift(1);
        assert_eq!(office.hears(0), [1]);
    }
}

#[test]
fn a_consultation_is_given_up_by_a_flash_where_a_code_takes_back() {
    let mut office = Office::new("panasonic", 2);
    office.connect(0, 1);
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Role::Held)]);
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Role::Active)]);
    // Who was put on hold with the code is not taken back by it.
    office.order(0, "*50");
    office.run(3_000);
    office.flash(0);
    office.run(1_000);
    assert_eq!(office.parties(0), [(1, Role::Held)]);
}

#[test]
fn a_party_that_did_not_answer_calls_back() {
    let mut builder = Builder::named("pbx").unwrap();
    builder.site("cb", "*511");
    let mut office = Office::planned(Settings::new(US, 2), Arc::new(builder.build().unwrap()));
    office.call(0, 1);
    assert_eq!(office.tone(0), Some("ringback"));
    office.order(0, "*511");
    assert_eq!(office.tone(0), Some("confirmation"));
    assert_eq!(office.phase(1), "idle", "nobody calls any more");
    office.hang_up(0);
    assert!(!office.rings(0, 10_000), "nobody is there yet");
    office.lift(1);
    assert!(!office.rings(0, 5_000), "the party uses the line");
    office.hang_up(1);
    assert!(office.rings(0, 5_000));
    office.lift(0);
    assert!(office.rings(1, 5_000));
    office.lift(1);
    assert_eq!(office.hears(0), [1]);
}

#[test]
fn an_announcement_offers_to_call_back() {
    let mut office = Office::new("broadworks", 2);
    office.lift(1);
    office.call(0, 1);
    assert_eq!(office.tone(0), Some("busy"));
    // Busy tone and announcement take turns.
    for _ in 0..2 {
        office.run(4_000);
        assert_eq!(office.tone(0), None);
        office.run(1_000);
        assert!(office.bench.phones[0].heard.iter().any(|s| s.unsigned_abs() > 500), "it speaks");
        office.run(1_000);
        assert_eq!(office.tone(0), Some("busy"));
    }
    office.digits(0, "1");
    assert_eq!(office.tone(0), Some("confirmation"));
    office.run(3_000);
    assert_eq!(office.tone(0), Some("dial"), "no announcement comes any more");
    office.hang_up(0);
    office.hang_up(1);
    assert!(office.rings(0, 4_000));
    // Where the plan has none there is only busy tone.
    let mut office = Office::new("nanp", 2);
    office.lift(1);
    office.call(0, 1);
    office.run(5_000);
    assert_eq!(office.tone(0), Some("busy"));
}

#[test]
fn a_callback_rings_as_the_plan_says_and_is_cancelled_or_forgotten() {
    let mut office = Office::new("nanp", 2);
    office.lift(1);
    office.call(0, 1);
    office.hang_up(0);
    office.set(0, "*66");
    office.bench.phones[0].rings.clear();
    office.hang_up(1);
    office.run(8_000);
    let rings = &office.bench.phones[0].rings;
    let times: Vec<u128> = rings.windows(2).take(5).map(|w| w[1].0.since(w[0].0).as_millis()).collect();
    assert_eq!(times, [400, 200, 400, 200, 800], "two short, one long");
    let mut office = Office::new("nanp", 2);
    office.lift(1);
    office.call(0, 1);
    office.hang_up(0);
    office.set(0, "*66");
    assert_eq!(office.set(0, "*86"), Some("confirmation"));
    office.hang_up(1);
    assert!(!office.rings(0, 10_000));
    let mut office = Office::new("nanp", 2);
    office.lift(1);
    office.call(0, 1);
    office.hang_up(0);
    office.set(0, "*66");
    office.run(1_800_000);
    office.hang_up(1);
    assert!(!office.rings(0, 10_000), "after half an hour");
}

#[test]
fn the_last_caller_is_called() {
    let mut office = Office::new("nanp", 2);
    assert_eq!(office.set(1, "*69"), Some("reorder"), "nobody has called");
    assert_eq!(office.rung(0, 1), Some(1));
    office.code(1, "*69");
    office.run(2_500);
    assert_eq!(office.phase(0), "ringing");
    let mut office = Office::new("gb", 2);
    office.rung(0, 1);
    office.code(1, "1471");
    office.run(2_000);
    assert_eq!(office.phase(0), "idle", "it only says who");
    office.digits(1, "3");
    office.run(700);
    assert_eq!(office.phase(0), "ringing");
}

#[test]
fn the_number_is_withheld_for_one_call() {
    for (plan, code) in [("nanp", "*67"), ("etsi", "*31#"), ("gb", "141")] {
        let mut office = Office::new(plan, 2);
        office.lift(0);
        office.run(300);
        office.digits(0, code);
        office.number(0, "5550101");
        office.run(5_000);
        let id = office.bench.phones[1].callers[0].caller_id();
        assert_eq!((id.number, id.name), (PartyId::Withheld, PartyId::Withheld), "{plan}");
        office.hang_up(0);
        office.call(0, 1);
        office.run(5_000);
        assert!(matches!(office.bench.phones[1].callers[1].caller_id().number, PartyId::Known(_)), "{plan}");
    }
}

#[test]
fn a_call_is_parked_and_taken() {
    for (plan, park, unpark) in [
        ("asterisk", "700", "701"),
        ("panasonic", "*5207", "*5207"),
        ("panasonic", "*52*", "*52100"),
        ("centrex", "*68#", "*88100"),
    ] {
        let mut office = Office::new(plan, 3);
        office.connect(0, 1);
        office.happened(0);
        office.order(0, park);
        office.run(1_600);
        let slot = office.happened(0).into_iter().find_map(|kind| match kind {
            EventKind::Parked(slot) => Some(slot),
            _ => None,
        });
        assert!(slot.is_some_and(|slot| unpark.ends_with(slot.as_str())), "{plan} {park} {slot:?}");
        assert_eq!(office.parties(0), []);
        office.hang_up(0);
        assert_eq!(office.phase(1), "talking");
        office.lift(2);
        office.run(300);
        office.digits(2, unpark);
        assert_eq!(office.parties(2), [(1, Active)], "{plan} {unpark}");
        assert_eq!((office.hears(1), office.hears(2)), (vec![2], vec![1]));
        assert!(office.happened(2).contains(&EventKind::Unparked));
    }
}

#[test]
fn slots_fill_and_an_empty_one_gives_nothing() {
    let mut office = Office::new("asterisk", 5);
    for (from, to) in [(0, 1), (2, 3)] {
        office.connect(from, to);
        office.order(from, "700");
        office.hang_up(from);
    }
    let parked: Vec<&str> = office.bench.exchange.parked().collect();
    assert_eq!(parked, ["701", "702"]);
    office.lift(4);
    office.digits(4, "703");
    office.run(700);
    assert_eq!(office.tone(4), Some("reorder"));
}

#[test]
fn a_parked_call_comes_back() {
    let mut office = Office::new("asterisk", 2);
    office.connect(0, 1);
    office.order(0, "700");
    office.hang_up(0);
    assert!(office.rings(0, 45_000));
    // Not taken: it goes on being parked, and comes back again.
    office.run(31_000);
    assert_eq!((office.phase(0), office.phase(1)), ("idle", "talking"));
    assert!(office.rings(0, 46_000));
    office.lift(0);
    assert_eq!(office.parties(0), [(1, Active)]);
    office.hang_up(0);
    assert_eq!(office.bench.exchange.parked().count(), 0);
}

#[test]
fn who_is_parked_may_hang_up() {
    let mut office = Office::new("asterisk", 2);
    office.connect(0, 1);
    office.order(0, "700");
    office.hang_up(0);
    office.hang_up(1);
    assert_eq!(office.bench.exchange.parked().count(), 0);
    assert!(!office.rings(0, 50_000));
}

#[test]
fn calls_are_picked_up() {
    for (plan, code) in
        [("asterisk", "*8"), ("asterisk", "**101"), ("panasonic", "*40"), ("panasonic", "*41101"), ("centrex", "*1")]
    {
        let mut office = Office::new(plan, 3);
        office.call(0, 1);
        office.lift(2);
        office.run(300);
        office.digits(2, code);
        assert_eq!(office.phase(1), "idle", "{plan} {code}");
        assert_eq!((office.parties(2), office.parties(0)), (vec![(0, Active)], vec![(2, Active)]), "{plan}");
        assert!(office.happened(2).contains(&EventKind::PickedUp));
        let mut office = Office::new(plan, 3);
        assert_eq!(office.set(2, code), Some("reorder"), "nothing rings");
    }
}

#[test]
fn a_consultation_may_begin_with_a_code_and_the_held_party_stays() {
    let mut office = Office::new("nanp", 2);
    office.connect(0, 1);
    office.flash(0);
    office.run(600);
    // No such code: reorder, and the party is held still.
    office.digits(0, "*99");
    office.run(600);
    assert_eq!((office.tone(0), office.parties(0)), (Some("reorder"), vec![(1, Held)]));
}

#[test]
fn what_a_line_does_not_subscribe_to_is_refused() {
    let mut office = Office::with(Settings::new(US, 2), "nanp", Subscribed::empty());
    for code in ["*72", "*66", "*70", "*69"] {
        office.code(0, code);
        office.run(700);
        assert_eq!(office.tone(0), Some("reorder"), "{code}");
        office.hang_up(0);
    }
}

#[test]
fn rings_of_a_private_exchange_tell_where_a_call_is_from() {
    let ring = |office: &Office, line: usize| {
        let rings = &office.bench.phones[line].rings;
        rings[1].0.since(rings[0].0).as_millis()
    };
    let mut office = Office::new("pbx", 2);
    office.call(0, 1);
    office.run(2_000);
    assert_eq!(ring(&office, 1), 1_000, "internal");
    let mut office = Office::new("pbx", 2);
    office.bench.exchange.call(1, PartyId::Withheld, PartyId::Withheld).unwrap();
    office.run(2_000);
    assert_eq!(ring(&office, 1), 400, "external");
}

#[test]
fn an_operator_forwards_and_switches_waiting_off() {
    let mut office = Office::new("nanp", 4);
    office.bench.exchange.set_forward(1, Some("5550102")).unwrap();
    assert!(office.bench.exchange.set_forward(1, Some("77")).is_err());
    assert_eq!(office.rung(0, 1), Some(2));
    office.bench.exchange.set_forward(1, None).unwrap();
    office.bench.exchange.set_call_waiting(1, false).unwrap();
    office.connect(0, 1);
    office.call(3, 1);
    assert_eq!(office.tone(3), Some("busy"));
}
