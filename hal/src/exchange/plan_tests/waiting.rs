//! Call waiting.

use super::*;
use Role::{Active, Calling, Held, Waiting};
use loopstart_signal::call_waiting::ACKNOWLEDGE_FOR;
use loopstart_signal::country::by_code;
use loopstart_signal::{Name, Number, PartyId, cas};

impl Office {
    /// Lines 0 and 1 talk, 2 calls 0.
    fn waits(plan: &str) -> Self {
        let mut office = Self::new(plan, 4);
        office.connect(0, 1);
        office.call(2, 0);
        assert_eq!(office.parties(0), [(1, Active), (2, Waiting)], "{plan}");
        assert_eq!(office.tone(2), Some("ringback"));
        office.run(2_000);
        office
    }
}

#[test]
fn the_tone_sounds_and_the_far_end_does_not_hear_it() {
    let mut office = Office::new("nanp", 3);
    office.connect(0, 1);
    office.lift(2);
    office.run(300);
    office.digits(2, "5550100");
    office.run(350);
    let (mut tones, mut both) = (Vec::new(), Vec::new());
    for at in 0..120 {
        office.bench.phones[1].say = (0..800).map(|n| if n % 16 < 8 { 4_000 } else { -4_000 }).collect();
        office.run(100);
        let voice = office.bench.level(0, 500.0) > -25.0;
        if office.bench.level(0, 440.0) > -25.0 {
            tones.push(at);
            both.extend(voice.then_some(at));
        }
        assert!(office.bench.level(1, 440.0) < -40.0);
    }
    let first = tones[0];
    // Only where a tone begins or ends can a tenth of a second hold some of either.
    let inside = |at: &usize| tones.contains(&(at + 1)) && *at > 0 && tones.contains(&(at - 1));
    assert!(!both.iter().any(inside), "the other party is cut off: {tones:?} {both:?}");
    assert!(tones.iter().filter(|&&at| at < first + 10).count() <= 5, "300 ms: {tones:?}");
    assert!(tones.iter().any(|&at| (95..110).contains(&(at - first))), "again after 10 s: {tones:?}");
    assert!(office.happened(0).contains(&EventKind::Waiting));
}

#[test]
fn the_terminal_acknowledges_and_is_told_who_calls() {
    for (code, answers) in [("us", true), ("us", false), ("gb", true)] {
        let plan = if code == "us" { "nanp" } else { "gb" };
        let mut office = Office::of(by_code(code).unwrap(), plan, 3);
        office.connect(0, 1);
        office
            .bench
            .exchange
            .call(0, PartyId::Known(Number::new("5551234")), PartyId::Known(Name::new("JANE")))
            .unwrap();
        let mut detector = cas::Detector::with_limits(cas::Limits::OffHook);
        let mut heard = false;
        office.bench.phones[1].digits.clear();
        for _ in 0..600 {
            office.run(5);
            let audio = std::mem::take(&mut office.bench.phones[0].heard);
            detector.process(&audio, &mut |_| heard = true);
            if std::mem::take(&mut heard) && answers {
                office.bench.phones[0].dial_for("D", ACKNOWLEDGE_FOR);
            }
        }
        let told: Vec<_> = office.bench.phones[0].callers.iter().map(|message| message.caller_id()).collect();
        assert_eq!(told.len(), usize::from(answers), "{code}");
        if let Some(id) = told.first() {
            assert_eq!(id.number, PartyId::Known(Number::new("5551234")));
            assert_eq!(id.name, PartyId::Known(Name::new("JANE")));
        }
        assert_eq!(office.bench.phones[1].digits, "", "the far end hears no D");
        // Until the tone comes again, which in Britain is soon.
        if code == "us" {
            assert_eq!(office.hears(0), [1], "and both talk on");
            assert_eq!(office.hears(1), [0]);
        }
    }
}

#[test]
fn a_flash_takes_the_waiting_call_and_changes_over() {
    for plan in ["nanp", "asterisk", "pbx"] {
        let mut office = Office::waits(plan);
        office.flash(0);
        assert_eq!(office.parties(0), [(1, Held), (2, Active)], "{plan}");
        assert_eq!((office.hears(0), office.hears(1)), (vec![2], vec![]));
        if plan == "pbx" {
            continue;
        }
        office.flash(0);
        assert_eq!(office.parties(0), [(1, Active), (2, Held)], "{plan}: with a call that waited a flash swaps");
        // A third caller hears busy.
        office.call(3, 0);
        assert_eq!(office.tone(3), Some("busy"), "{plan} {}", office.phase(3));
    }
    let mut office = Office::waits("centrex");
    office.order(0, "*2");
    assert_eq!(office.parties(0), [(1, Held), (2, Active)]);
}

#[test]
fn orders_take_refuse_and_release() {
    let mut office = Office::waits("etsi");
    office.order(0, "2");
    assert_eq!(office.parties(0), [(1, Held), (2, Active)]);
    office.order(0, "2");
    assert_eq!(office.parties(0), [(1, Active), (2, Held)]);
    let mut office = Office::waits("etsi");
    office.order(0, "0");
    assert_eq!((office.parties(0), office.tone(2)), (vec![(1, Active)], Some("busy")));
    let mut office = Office::waits("gb");
    office.order(0, "1");
    assert_eq!((office.parties(0), office.phase(1)), (vec![(2, Active)], "clearing"));
}

#[test]
fn hanging_up_rings_with_the_waiting_call() {
    for plan in ["nanp", "etsi", "asterisk", "panasonic"] {
        let mut office = Office::waits(plan);
        office.hang_up(0);
        assert_eq!(office.phase(1), "clearing");
        assert!(office.rings(0, 1_500), "{plan}");
        office.lift(0);
        assert_eq!(office.parties(0), [(2, Active)], "{plan}");
        assert_eq!(office.hears(2), [0]);
    }
}

#[test]
fn the_caller_gives_up_or_the_other_goes() {
    let mut office = Office::waits("nanp");
    office.hang_up(2);
    assert_eq!((office.parties(0), office.hears(0)), (vec![(1, Active)], vec![1]));
    let mut office = Office::waits("nanp");
    office.hang_up(1);
    assert_eq!(office.parties(0), [(2, Waiting)]);
    // After the interruption of the loop current that tells him.
    office.run(1_000);
    office.flash(0);
    assert_eq!(office.parties(0), [(2, Active)]);
}

#[test]
fn who_has_it_not_or_has_switched_it_off_is_busy() {
    let without = Subscribed::default() - Subscribed::CALL_WAITING;
    let mut office = Office::with(Settings::new(US, 3), "nanp", without);
    office.connect(0, 1);
    office.call(2, 0);
    assert_eq!(office.tone(2), Some("busy"));
    // For one call.
    let mut office = Office::new("nanp", 4);
    office.lift(0);
    office.run(300);
    office.digits(0, "*70");
    assert_eq!(office.tone(0), Some("stutter"));
    office.number(0, "5550101");
    office.lift(1);
    office.call(2, 0);
    assert_eq!(office.tone(2), Some("busy"));
    office.hang_up(2);
    office.hang_up(0);
    office.hang_up(1);
    office.connect(0, 1);
    office.call(2, 0);
    assert_eq!(office.tone(2), Some("ringback"), "only for that call");
    // During a call.
    let mut office = Office::new("nanp", 4);
    office.connect(0, 1);
    office.flash(0);
    office.run(600);
    office.digits(0, "*70");
    assert_eq!(office.tone(0), Some("confirmation"));
    office.run(1_500);
    office.flash(0);
    assert_eq!(office.parties(0), [(1, Active)]);
    office.call(2, 0);
    assert_eq!(office.tone(2), Some("busy"));
    // For the line.
    let mut office = Office::new("etsi", 4);
    office.lift(0);
    office.digits(0, "#43#");
    office.hang_up(0);
    office.connect(0, 1);
    office.call(2, 0);
    assert_eq!(office.tone(2), Some("busy"));
    for n in 0..3 {
        office.hang_up(n);
    }
    office.lift(0);
    office.digits(0, "*43#");
    office.hang_up(0);
    office.connect(0, 1);
    office.call(2, 0);
    assert_eq!(office.parties(2), [(0, Calling)]);
}

#[test]
fn an_outside_call_waits_too() {
    let mut office = Office::new("nanp", 2);
    office.connect(0, 1);
    let jane = PartyId::Known(Number::new("5551234"));
    office.bench.exchange.call(0, jane, PartyId::Absent).unwrap();
    assert!(office.bench.exchange.call(0, jane, PartyId::Absent).is_err(), "one may wait");
    office.run(1_000);
    office.bench.exchange.hang_up(0).unwrap();
    assert_eq!(office.parties(0), [(34, Waiting)], "the active one hung up");
    office.run(200);
    office.flash(0);
    assert_eq!(office.parties(0), [(34, Active)]);
}

#[test]
fn the_control_language_tells_the_parties() {
    use super::super::control::{NoPlugs, Session};
    let mut office = Office::waits("asterisk");
    office.flash(0);
    let mut session = Session::new(&office.bench.exchange);
    let mut state = |office: &mut Office| session.reply("state 0", &mut office.bench.exchange, &mut NoPlugs);
    let parties =
        "\"parties\":[{\"role\":\"active\",\"number\":\"5550102\"},{\"role\":\"held\",\"number\":\"5550101\"}]";
    let told = state(&mut office);
    assert!(told.contains(parties), "{told}");
    let mut office = Office::new("asterisk", 2);
    office.connect(0, 1);
    office.flash(0);
    office.run(600);
    office.digits(0, "700");
    assert!(state(&mut office).contains(",\"parked\":[\"701\"]}"), "{}", state(&mut office));
}
