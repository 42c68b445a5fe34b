//! The built-in plans as wholes, and what the builder makes of facts.

use super::*;
use alloc::format;
use alloc::string::ToString;
use std::collections::BTreeSet;

const SUPPLEMENTARY: [Service; 11] = [
    Service::Consult,
    Service::Hold,
    Service::Retrieve,
    Service::Swap,
    Service::Join,
    Service::CompleteBusy,
    Service::CompleteBusyOff,
    Service::WaitingAnswer,
    Service::WaitingReject,
    Service::ReleaseAndTake,
    Service::ReleaseHeld,
];

const FORWARDING: [Service; 6] = [
    Service::ForwardAll,
    Service::ForwardAllOff,
    Service::ForwardBusy,
    Service::ForwardBusyOff,
    Service::ForwardNoAnswer,
    Service::ForwardNoAnswerOff,
];

fn every_plan() -> impl Iterator<Item = Plan> {
    Plan::names().flat_map(|name| {
        [Subscribed::default(), Subscribed::all(), Subscribed::empty()].into_iter().map(|subscribed| {
            let built = Builder::named(name).unwrap().subscribed(subscribed).build();
            built.unwrap_or_else(|error| panic!("{error}"))
        })
    })
}

fn assert_has(plan: &Plan, services: &[Service]) {
    for &service in services {
        assert_eq!(plan.lacks(service), None, "{}: {service:?}", plan.name);
        assert!(plan.service(service).is_some_and(|procedure| !procedure.steps().is_empty()));
    }
}

#[test]
fn every_plan_builds_and_what_it_lacks_has_a_reason() {
    assert_eq!(every_plan().count(), 3 * 29);
    for plan in every_plan() {
        for &service in Service::ALL {
            assert_eq!(plan.has(service), plan.lacks(service).is_none(), "{}: {service:?}", plan.name);
        }
    }
}

#[test]
fn tables_state_each_fact_once_and_name_known_parents_and_documents() {
    let mut seen = BTreeSet::new();
    for table in data::PLANS {
        assert!(table.inherits.is_none_or(|parent| seen.contains(parent)), "{}: parent before child", table.name);
        assert!(seen.insert(table.name), "{} is there twice", table.name);
        let mut keys = BTreeSet::new();
        for fact in table.facts {
            assert!(keys.insert(fact.key), "{}: {} is stated twice", table.name, fact.key);
            let taken_away = fact.value == "none" && fact.source.is_empty();
            assert!(taken_away || Source::named(fact.source).is_some(), "{}: {}", table.name, fact.key);
            let says_something = !fact.steps.is_empty() || !fact.value.is_empty() || !fact.note.is_empty();
            assert!(says_something || fact.support == Support::No, "{}: {} is empty", table.name, fact.key);
            assert!(fact.steps.is_empty() || fact.value.is_empty(), "{}: {}", table.name, fact.key);
        }
    }
    let mut ids = BTreeSet::new();
    assert!(Source::all().iter().all(|source| ids.insert(source.id) && !source.document.is_empty()));
}

#[test]
fn what_is_taken_away_was_there() {
    for table in data::PLANS {
        let Some(parent) = table.inherits else { continue };
        let parent = Builder::named(parent).unwrap().build().unwrap();
        for fact in table.facts.iter().filter(|fact| fact.value == "none") {
            assert!(parent.facts.contains_key(fact.key), "{}: {}", table.name, fact.key);
        }
    }
}

/// Of those too that only people use.
#[test]
fn every_procedure_can_be_read() {
    for table in data::PLANS {
        for fact in table.facts {
            // Whatever a site may set.
            if let Err(error) = Procedure::parse(fact.steps, |_| Some("5".into())) {
                panic!("{}: {}: {error}", table.name, fact.key);
            }
        }
    }
}

#[test]
fn north_america() {
    use Service::*;
    let nanp = Plan::named("nanp").unwrap();
    assert_has(&nanp, &[Consult, Hold, Retrieve, RetrieveRinging, Join, DropLast, Swap, WaitingAnswer, ReleaseAndTake]);
    assert_has(&nanp, &FORWARDING);
    assert_has(&nanp, &[CompleteBusy, CompleteBusyOff, SecureBefore, SecureDuring, WithholdNumber]);
    assert_eq!(nanp.lacks(Transfer), Some(Lack::Subscription(Subscribed::TRANSFER)));
    assert!(nanp.swap_only_with_call_waiting && nanp.courtesy_call);
    assert_eq!(
        nanp.service(ForwardAll).unwrap().steps().first(),
        Some(&Step::Dial(alloc::vec![Piece::Digits("*72".into())]))
    );
    assert!(nanp.service(ForwardAll).unwrap().starts_idle() && !nanp.service(Hold).unwrap().starts_idle());
    assert_eq!(nanp.recall.send, Duration::from_millis(550));
    assert_eq!(nanp.reminder_ring, Some(Duration::from_millis(500)));
    assert_eq!(nanp.callback_ring.as_deref(), Some(&[400, 200, 400, 200, 800, 4_000][..]));
    assert_eq!((nanp.rings.len(), nanp.waiting_tones.len()), (4, 4));
    assert_eq!(nanp.on_hook(Moment::Conference), OnHook::Releases);
    for moment in [Moment::ActiveAndHeld, Moment::ConsultDialing, Moment::ConsultRinging, Moment::CallWaiting] {
        assert_eq!(nanp.on_hook(moment), OnHook::RingsBack, "{moment:?}");
    }
}

#[test]
fn a_line_that_subscribes_to_transfer_joins_by_hanging_up() {
    let nanp = Plan::subscribed("nanp", Subscribed::all()).unwrap();
    assert!(nanp.has(Service::Transfer) && nanp.has(Service::BlindTransfer));
    for moment in [Moment::ActiveAndHeld, Moment::ConsultRinging, Moment::Conference] {
        assert_eq!(nanp.on_hook(moment), OnHook::Joins, "{moment:?}");
    }
    assert_eq!(nanp.on_hook(Moment::ConsultDialing), OnHook::RingsBack);
    // With an order of its own, hanging up stays what it is.
    let etsi = Plan::subscribed("etsi", Subscribed::all()).unwrap();
    assert!(etsi.has(Service::Transfer));
    assert_eq!(etsi.on_hook(Moment::ActiveAndHeld), OnHook::RingsBack);
}

#[test]
fn switchboards_transfer_park_and_pick_up() {
    use Service::*;
    for name in ["centrex", "asterisk", "panasonic"] {
        let plan = Plan::named(name).unwrap();
        assert_has(
            &plan,
            &[Consult, Hold, Retrieve, Transfer, BlindTransfer, Park, Unpark, PickupGroup, PickupDirected],
        );
        assert_eq!(plan.on_hook(Moment::ActiveAndHeld), OnHook::Joins, "{name}");
        assert_eq!(plan.access, Some(Access { prefix: "9".into(), second_dial_tone: true }), "{name}");
        assert!(!plan.courtesy_call, "{name}");
    }
    assert_has(&Plan::named("centrex").unwrap(), &[ParkDirected]);
    assert_has(&Plan::named("panasonic").unwrap(), &[ParkDirected]);
    let asterisk = Plan::named("asterisk").unwrap();
    assert_eq!(asterisk.lacks(ParkDirected), Some(Lack::Code("slotcode".into())));
    assert_eq!((asterisk.park_slot("21"), asterisk.park_timeout), ("701", Duration::from_secs(45)));
    assert_eq!(Plan::named("centrex").unwrap().park_slot("21"), "21");
    let pbx = Plan::named("pbx").unwrap();
    assert_has(&pbx, &[Consult, Hold, Retrieve, RetrieveRinging, Join, DropLast, Transfer, BlindTransfer]);
    assert_eq!(pbx.lacks(Park), Some(Lack::Code("park".into())));
}

#[test]
fn the_european_family() {
    for name in ["etsi", "gb", "de", "fr", "br"] {
        let plan = Plan::named(name).unwrap();
        assert_has(&plan, &SUPPLEMENTARY);
        assert_has(&plan, &FORWARDING);
        assert_has(&plan, &[Service::ForwardAllCheck, Service::ForwardBusyCheck, Service::ForwardNoAnswerCheck]);
        assert_has(&plan, &[Service::ForwardNoAnswerAfter, Service::WaitingOn, Service::WaitingOff]);
        assert_eq!(plan.on_hook(Moment::ActiveAndHeld), OnHook::RingsBack, "{name}");
        assert!(!plan.courtesy_call && plan.access.is_none(), "{name}");
    }
    let fr = Plan::named("fr").unwrap();
    assert_eq!(fr.service(Service::ForwardBusy).unwrap().to_string(), "dial:*69*{n}#");
    assert!(
        matches!(Plan::named("gb").unwrap().lacks(Service::DoNotDisturb), Some(Lack::No(why)) if why.contains("*261#"))
    );
    assert!(
        matches!(Plan::named("jp").unwrap().lacks(Service::ForwardAll), Some(Lack::No(why)) if why.contains("menu"))
    );
    assert!(Plan::named("in").unwrap().lacks(Service::ForwardNoAnswerAfter).is_some());
}

#[test]
fn plain_has_nothing() {
    for plan in [Plan::plain(), Plan::subscribed("plain", Subscribed::all()).unwrap()] {
        assert_eq!((plan.services().count(), plan.facts.len()), (0, 0));
        assert_eq!(plan.lacks(Service::Hold), Some(Lack::NotInPlan));
    }
    let gr303 = Plan::subscribed("gr303", Subscribed::all()).unwrap();
    let has: Vec<Service> = gr303.services().map(|(service, _)| service).collect();
    assert_eq!(has, []);
}

#[test]
fn no_code_is_the_beginning_of_another() {
    for plan in every_plan() {
        assert_eq!(plan.clashes(), [], "{}", plan.name);
    }
}

#[test]
fn codes_that_clash_are_found() {
    let clashes = |facts: &[(&str, &str)]| {
        let mut builder = Builder::new("mine", "");
        for (key, steps) in facts {
            builder.fact(&fact(key, steps, ""));
        }
        let plan = builder.build().unwrap();
        plan.clashes().into_iter().map(|c| format!("{} {}", c.code, c.longer)).collect::<Vec<_>>()
    };
    assert_eq!(clashes(&[("pickup.group", "dial:*8"), ("unpark", "dial:*85{s}")]), ["*8 *85"]);
    assert_eq!(clashes(&[("pickup.group", "dial:*8"), ("unpark", "dial:*8{s}")]), ["*8 *8"]);
    assert_eq!(clashes(&[("pickup.directed", "dial:*4{ext}"), ("unpark", "dial:*45{s}")]), ["*4 *45"]);
    assert_eq!(clashes(&[("dnd.set", "dial:*4 wait:announcement dial:1"), ("dnd.cancel", "dial:*4")]), ["*4 *4,1"]);
    for apart in [
        // What is filled in are digits.
        &[("pickup.directed", "dial:*4{ext}"), ("unpark", "dial:*4*{s}")][..],
        // Different places.
        &[("pickup.group", "dial:*8"), ("transfer.blind", "flash wait:recall-dial dial:*82{n} onhook")],
        &[("complete.busy.set", "wait:busy dial:5"), ("complete.noreply.set", "wait:ringback dial:5")],
        // The same act, or told apart by what follows.
        &[("forward.uncond.cancel", "dial:#1"), ("forward.busy.cancel", "dial:#1")],
        &[("forward.noanswer.set", "dial:*61*{n}#"), ("forward.noanswer.set_with_time", "dial:*61*{n}*{t}#")],
        &[("swap", "flash wait:recall-dial dial:2"), ("callwaiting.answer", "flash wait:recall-dial dial:2")],
    ] {
        assert_eq!(clashes(apart), Vec::<&str>::new(), "{apart:?}");
    }
}

#[test]
fn joining_and_swapping_are_different_acts() {
    for plan in every_plan().filter(|plan| !plan.swap_only_with_call_waiting) {
        let (join, swap) = (plan.service(Service::Join), plan.service(Service::Swap));
        assert!(join.is_none() || join != swap, "{}", plan.name);
    }
}

#[test]
fn digits_after_a_recall_wait_for_its_tone() {
    for plan in every_plan() {
        for (service, procedure) in plan.services() {
            let flash_then_dial = |pair: &[Step]| matches!(pair, [Step::Flash, Step::Dial(_)]);
            assert!(!procedure.steps().windows(2).any(flash_then_dial), "{}: {service:?}", plan.name);
            assert_ne!(
                procedure.steps().last(),
                Some(&Step::OffHook).filter(|_| service == Service::Hold),
                "{}",
                plan.name
            );
        }
    }
}

fn fact<'a>(key: &'a str, steps: &'a str, value: &'a str) -> FactText<'a> {
    FactText { key, support: Support::Yes, steps, value, verified: false, source: "", note: "" }
}

fn error_of(key: &str, steps: &str, value: &str) -> String {
    let mut builder = Builder::named("nanp").unwrap().child("mine", "Mine");
    builder.fact(&fact(key, steps, value));
    let error = builder.build().unwrap_err();
    assert_eq!((error.plan.as_str(), error.key.as_str()), ("mine", key));
    error.to_string()
}

#[test]
fn facts_that_are_wrong_say_what_to_write() {
    for (key, steps, value, says) in [
        ("hold", "flsh", "", "flash, onhook"),
        ("hold", "", "", "no steps"),
        ("hold", "flash wait:dail", "", "recall-dial"),
        ("hold", "dial:{hodl}", "", "{hodl}"),
        ("onhook.conference", "", "explodes", "rings-back"),
        ("recall.send_ms", "", "long", "whole number"),
        ("recall.send_ms", "", "2000", "recall.accept_ms"),
        ("recall.accept_ms", "", "1000-200", "rise"),
        ("recall.accept_ms", "", "1000", "200-1000"),
        ("recall.dial_tone", "", "maybe", "yes or no"),
        ("trunk.prefix", "", "nine", "digits"),
        ("park.timeout_s", "", "0", "between 1 and 86400"),
        ("ring.distinctive.1", "", "400 200 400", "pause"),
        ("callwaiting.distinctive.1", "", "5", "10 to 10000"),
    ] {
        let text = error_of(key, steps, value);
        assert!(text.contains(says), "{text}");
    }
    assert!(error_of("hold", &"flash ".repeat(MAX_STEPS + 1), "").contains("steps"));
    assert!(error_of("codes.other", "", &"x".repeat(2_000)).contains("longer"));
}

#[test]
fn a_childs_facts_go_over_its_parents() {
    let mut builder = Builder::named("centrex").unwrap().child("mine", "Mine");
    builder.fact(&fact("hold", "", "none"));
    builder.fact(&fact("trunk.prefix", "", "none"));
    builder.fact(&fact("swap", "flash wait:recall-dial dial:*9", ""));
    builder.site("park", "*55");
    let plan = builder.build().unwrap();
    assert_eq!(plan.parents, ["centrex", "nanp"]);
    assert_eq!(plan.lacks(Service::Hold), Some(Lack::NotInPlan));
    assert_eq!(plan.access, None);
    assert_eq!(plan.facts["swap"].plan, "mine");
    assert_eq!(plan.facts["retrieve"].plan, "centrex");
    assert!(plan.service(Service::ParkDirected).unwrap().to_string().contains("*55{s}"));
}

#[test]
fn codes_of_a_site_are_checked() {
    for (code, digits) in
        [("park", "6 8"), ("park", "*68*68*68*68*68*68"), ("n", "5"), ("zone", "1"), ("Park", "5"), ("", "5")]
    {
        let mut builder = Builder::named("centrex").unwrap();
        builder.site(code, digits);
        let error = builder.build().unwrap_err();
        assert_eq!(error.key, format!("site.{code}"));
    }
}

#[test]
fn known_keys_are_known() {
    for key in ["hold", "onhook.conference", "recall.send_ms", "codes.other", "park.timeout_s", "release.held"] {
        assert!(Plan::is_known_key(key), "{key}");
    }
    assert!(!Plan::is_known_key("hodl"));
}

#[test]
fn a_plan_is_built_anew_for_another_line() {
    let once = Plan::named("nanp").unwrap();
    let mut other = Builder::of(&once);
    other.site("park", "*55");
    let other = other.subscribed(Subscribed::all()).build().unwrap();
    assert_eq!(other.facts, once.facts);
    assert!(other.has(Service::Transfer) && other.site["park"] == "*55");
    assert_eq!(Builder::of(&once).build().unwrap(), *once);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_procedure_is_written_as_it_is_read(
        words in proptest::collection::vec("flash|onhook|offhook|(dial|wait|pause):[0-9A-E*#{}nstz|a-z-]{0,12}|dial:\\*[0-9]{2}\\{n\\}#?|wait:busy\\|dial|.{0,6}", 0..30),
    ) {
        if let Ok(procedure) = Procedure::parse(&words.join(" "), |code| (code == "tt").then(|| "*5".into())) {
            proptest::prop_assert!(procedure.steps().len() <= MAX_STEPS);
            proptest::prop_assert_eq!(Procedure::parse(&procedure.to_string(), |_| None), Ok(procedure));
        }
    }

    #[test]
    fn any_fact_is_refused_or_built(key in 0..Plan::known_keys().count(), steps in ".{0,20}", value in "[0-9 -]{0,12}|none|yes|.{0,9}") {
        let key = Plan::known_keys().nth(key).unwrap();
        let mut builder = Builder::named("etsi").unwrap();
        builder.fact(&fact(key, &steps, &value));
        if let Ok(plan) = builder.build() {
            let (from, to) = plan.recall.accept;
            proptest::prop_assert!(from < to && (from..=to).contains(&plan.recall.send));
            proptest::prop_assert!(plan.rings.values().all(|ring| ring.len() % 2 == 0 && !ring.is_empty()));
        }
    }
}
