//! Whatever subscribers do, the exchange stays whole.

use super::*;
use proptest::prelude::*;

/// What can be done at a telephone, or to a line.
#[derive(Clone, Debug)]
enum Deed {
    Lift,
    /// Dials a line's number, after lifting if need be.
    Call(usize),
    /// Whoever is rung lifts.
    Answer,
    /// A flash as the plan wants it, and time to hear recall dial tone.
    Recall,
    /// The same, and an order or a code after it.
    Order(&'static str),
    /// The same, and a number; and whoever is called answers.
    Consult(usize),
    HangUp,
    Flash(u64),
    Digits(&'static str),
    Wait(u64),
    OutsideCall,
    FarEndGone,
}

const DIGITS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "4",
    "9",
    "#",
    "*2",
    "*4",
    "*5",
    "*50",
    "*66",
    "*69",
    "*70",
    "*72",
    "*73",
    "*8",
    "**101",
    "700",
    "701",
    "*52*",
    "*5207",
    "*40",
    "*21*5550101#",
    "#21#",
    "*43#",
    "*61*5550102*5#",
    "5550100",
    "5550101",
    "5550102",
    "5550120",
    "5550121",
    "5550130",
    "101",
    "102",
    "95550101",
    "95550120",
    "*7102101#",
    "*7100",
    "1471",
    "*1",
];

const ORDERS: &[&str] = &["0", "1", "2", "3", "7", "*2", "*4", "*5", "*50", "700", "70", "*52*", "*68#", "*70"];

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        1 => Just(Deed::Lift),
        5 => (0usize..4).prop_map(Deed::Call),
        5 => Just(Deed::Answer),
        7 => Just(Deed::Recall),
        5 => proptest::sample::select(ORDERS).prop_map(Deed::Order),
        4 => (0usize..4).prop_map(Deed::Consult),
        2 => Just(Deed::HangUp),
        1 => prop_oneof![Just(100u64), Just(550), Just(300)].prop_map(Deed::Flash),
        4 => proptest::sample::select(DIGITS).prop_map(Deed::Digits),
        2 => (100u64..9_000).prop_map(Deed::Wait),
        1 => Just(Deed::OutsideCall),
        1 => Just(Deed::FarEndGone),
    ]
}

/// Every call is known to the lines at its ends, once, and lines know no call that is not there.
fn whole(office: &Office) -> Result<(), TestCaseError> {
    let exchange = &office.bench.exchange;
    let known = |line: usize| {
        let circuit = &exchange.lines[line];
        let station = &circuit.station;
        let own = circuit.phase.call().into_iter();
        let waiting = station.waiting.iter().map(|waiting| waiting.call);
        let others = station.members.iter().chain(&station.held).copied();
        own.chain(others).chain(waiting).collect::<Vec<_>>()
    };
    for line in 0..exchange.lines.len() {
        for id in known(line) {
            let call = exchange.calls.iter().find(|call| call.id == id);
            prop_assert!(
                call.is_some_and(|call| call.end_of(line).is_some()),
                "line {line} knows {id:?}, which is not its"
            );
        }
    }
    for call in &exchange.calls {
        for line in [&call.caller, &call.called].into_iter().filter_map(super::super::call::Leg::line) {
            let times = known(line).iter().filter(|id| **id == call.id).count();
            prop_assert_eq!(times, 1, "{:?} at line {}", call, line);
        }
    }
    Ok(())
}

/// What must hold at any moment.
fn check(office: &Office, lines: usize) -> Result<(), TestCaseError> {
    whole(office)?;
    for line in 0..lines {
        let parties = office.parties(line);
        let count = |role: Role| parties.iter().filter(|(_, r)| *r == role).count();
        prop_assert!(count(Role::Active) + count(Role::Calling) <= 1);
        prop_assert!(count(Role::Active) == 0 || count(Role::Member) == 0, "one talks, or confers");
        prop_assert!(count(Role::Waiting) <= 1);
        prop_assert!(parties.len() <= 8);
        // Whom one talks with talks with him, or holds him.
        for &(other, role) in &parties {
            if matches!(role, Role::Active | Role::Member) && other < lines {
                prop_assert!(
                    office.parties(other).iter().any(|(back, _)| *back == line) || office.phase(other) == "ringing",
                    "{line} talks to {other}, who knows nothing of it: {parties:?} {:?}",
                    office.parties(other)
                );
            }
        }
        let heard = office.bench.exchange.hears(line).unwrap();
        let mut once = heard.clone();
        once.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        once.dedup();
        let own = loopstart_signal::Number::new(&format!("555010{line}"));
        prop_assert!(!heard.contains(&own), "nobody hears himself");
        let outside = heard.iter().filter(|number| number.as_str().len() != 7).count();
        prop_assert!(once.len() + outside >= heard.len(), "nobody is heard twice: {heard:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn anything_may_be_dialled_and_flashed(
        plan in proptest::sample::select(&["nanp", "centrex", "etsi", "asterisk", "panasonic", "nz", "freepbx"][..]),
        talks: bool,
        deeds in proptest::collection::vec((prop_oneof![3 => Just(0usize), 1 => Just(1), 1 => Just(2), 1 => Just(3)], deed()), 1..60),
    ) {
        let mut office = Office::with(Settings::new(US, 4), plan, Subscribed::all());
        if talks {
            office.connect(0, 1);
        }
        for (line, deed) in deeds {
            match deed {
                Deed::Lift => office.lift(line),
                Deed::Call(to) => {
                    if office.phase(line) != "ringing" {
                        office.lift(line);
                        office.number(line, &format!("555010{to}"));
                    }
                }
                Deed::Answer => {
                    for line in (0..4).filter(|&line| office.phase(line) == "ringing").collect::<Vec<_>>() {
                        office.lift(line);
                    }
                }
                Deed::Recall => {
                    office.flash(line);
                    office.run(400);
                }
                Deed::Order(digits) => {
                    office.flash(line);
                    office.run(400);
                    office.digits(line, digits);
                }
                Deed::Consult(to) => {
                    office.flash(line);
                    office.run(400);
                    office.number(line, &format!("555010{to}"));
                    if office.phase(to) == "ringing" {
                        office.lift(to);
                    }
                }
                Deed::HangUp => office.hang_up(line),
                Deed::Flash(ms) => {
                    office.bench.phones[line].flash(ms);
                    office.run(ms + 100);
                }
                Deed::Digits(digits) => office.digits(line, digits),
                Deed::Wait(ms) => office.run(ms),
                Deed::OutsideCall => {
                    let number = loopstart_signal::PartyId::Known(loopstart_signal::Number::new("5551234567"));
                    let _ = office.bench.exchange.call(line, number, loopstart_signal::PartyId::Absent);
                }
                Deed::FarEndGone => {
                    let _ = office.bench.exchange.hang_up(line);
                }
            }
            check(&office, 4)?;
        }
        // Everybody hangs up; after a while nothing is left but what is parked.
        for line in 0..4 {
            office.bench.phones[line].off_hook = false;
        }
        office.run(100_000);
        for line in 0..4 {
            prop_assert!(matches!(office.phase(line), "idle" | "ringing"), "{line} {}", office.phase(line));
            prop_assert!(office.parties(line).iter().all(|(_, role)| *role == Role::Held), "{:?}", office.parties(line));
        }
    }
}
