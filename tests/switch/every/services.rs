//! Services of the exchange: forwarding, park, pickup, completion, secure calls, redirection.

use super::*;
use loopstart::provider::{CallInfoChange, CallOrigin, CallParamFlags, CallReason, DisconnectMode};
use loopstart::signal::plan::Waits;

/// `LINEFORWARDMODE_` bits.
const UNCONDITIONAL: u32 = 0x1;
const BUSY: u32 = 0x10;
const NO_ANSWER: u32 = 0x100;
const BUSY_NO_ANSWER: u32 = 0x1000;
/// `LINEPARKMODE_` bits.
const DIRECTED: u32 = 1;
const NONDIRECTED: u32 = 2;
/// `LINECALLCOMPLCOND_` bits.
const WHEN_BUSY: u32 = 1;
const WHEN_NO_ANSWER: u32 = 2;

/// A number that nobody has.
const VACANT: &str = "5559999";

pub(super) const ROWS: &[Row] = &[
    Row::new("lineForward", "UNCOND", |p| forward(p, UNCONDITIONAL))
        .needs(&[Service::ForwardAll], |can, _| forwards(can, UNCONDITIONAL), |p| no_forward(p, UNCONDITIONAL))
        .but(unheard)
        .lines(3),
    Row::new("lineForward", "BUSY", |p| forward(p, BUSY))
        .needs(&[Service::ForwardBusy], |can, _| forwards(can, BUSY), |p| no_forward(p, BUSY))
        .but(unheard)
        .lines(3),
    Row::new("lineForward", "NOANSW", |p| forward(p, NO_ANSWER))
        .needs(&[Service::ForwardNoAnswer], |can, _| forwards(can, NO_ANSWER), |p| no_forward(p, NO_ANSWER))
        .but(unheard)
        .lines(3),
    Row::new("lineForward", "BUSYNA", |p| forward(p, BUSY_NO_ANSWER))
        .needs(&[], |can, _| forwards(can, BUSY_NO_ANSWER), |p| no_forward(p, BUSY_NO_ANSWER))
        .but(|_| Some("not both of `forward.busy.set` and `forward.noanswer.set`"))
        .lines(3),
    Row::new("lineForward", "UNCOND to nowhere", do_not_disturb)
        .needs(
            &[Service::DoNotDisturb],
            |can, _| can.device.features.contains(LineFeatures::FORWARD_DO_NOT_DISTURB),
            no_do_not_disturb,
        )
        .but(unheard)
        .lines(2),
    Row::new("lineForward", "to a number that nobody has", forward_refused)
        .needs(&[Service::ForwardAll], |can, _| forwards(can, UNCONDITIONAL), |p| no_forward(p, UNCONDITIONAL))
        .but(unheard)
        .lines(2),
    Row::new("linePark", "NONDIRECTED", park)
        .needs(&[Service::Park], |can, _| can.address.park_modes & NONDIRECTED != 0, |p| no_park(p, None))
        .lines(3),
    Row::new("linePark", "DIRECTED", park_directed)
        .needs(&[Service::ParkDirected], |can, _| can.address.park_modes & DIRECTED != 0, |p| no_park(p, Some("42")))
        .lines(3),
    Row::new("lineUnpark", "", unpark)
        .needs(&[Service::Unpark], |can, _| can.address.features.contains(AddressFeatures::UNPARK), no_unpark)
        .lines(2),
    Row::new("linePickup", "in a group", |p| pick_up(p, None, Some("")))
        .needs(
            &[Service::PickupGroup],
            |can, _| can.address.features.contains(AddressFeatures::PICKUP_GROUP),
            |p| {
                no_pickup(p, None, Some(""));
            },
        )
        .lines(3),
    Row::new("linePickup", "at an address", |p| {
        let at = if p.s.prefix.is_empty() { number_of(2) } else { "102".to_owned() };
        pick_up(p, Some(&at), None);
    })
    .needs(
        &[Service::PickupDirected],
        |can, _| can.address.features.contains(AddressFeatures::PICKUP_DIRECT),
        |p| no_pickup(p, Some("5550102"), None),
    )
    .lines(3),
    Row::new("linePickup", "a call that waits", pick_up_waiting)
        .needs(
            &[Service::WaitingAnswer],
            |can, _| can.address.features.contains(AddressFeatures::PICKUP_WAITING),
            |p| no_pickup(p, None, None),
        )
        .lines(3),
    Row::new("lineCompleteCall", "CALLBACK, busy", complete_busy)
        .needs(
            &[Service::CompleteBusy],
            |can, _| can.address.completion_conditions & WHEN_BUSY != 0,
            |p| not_completed(p, "5550121", |state| matches!(state, CallState::Busy(_))),
        )
        .lines(2),
    Row::new("lineCompleteCall", "CALLBACK, no answer", complete_no_answer)
        .needs(
            &[Service::CompleteNoAnswer],
            |can, _| can.address.completion_conditions & WHEN_NO_ANSWER != 0,
            |p| not_completed(p, "5550122", |state| state == CallState::Ringback),
        )
        .lines(2),
    Row::new("lineCompleteCall", "CAMPON, INTRUDE, MESSAGE", other_modes).lines(1),
    Row::new("lineUncompleteCall", "", uncomplete)
        .needs(
            &[Service::CompleteBusy, Service::CompleteBusyOff],
            |can, _| can.address.features.contains(AddressFeatures::UNCOMPLETE_CALL),
            no_uncomplete,
        )
        .lines(2),
    Row::new("lineSecureCall", "", secure)
        .needs(
            &[Service::SecureDuring],
            |can, _| can.address.call_features.contains(CallFeatures::SECURE_CALL),
            no_secure,
        )
        .lines(3),
    Row::new("lineRedirect", "", redirect)
        .needs(&[Service::Redirect], |can, _| can.address.call_features.contains(CallFeatures::REDIRECT), no_redirect)
        .lines(3),
];

// ---- forwarding ----

fn forwards(can: &Announced, mode: u32) -> bool {
    can.device.features.contains(LineFeatures::FORWARD_FORWARD) && can.address.forward_modes & mode != 0
}

fn unheard(_: &Plan) -> Option<&'static str> {
    Some("its confirmation cannot be heard")
}

/// The services by which a mode is set, and by which it is taken back.
fn codes(p: &Play, mode: u32) -> (Vec<Service>, Vec<Service>) {
    let no_answer =
        if p.has(Service::ForwardNoAnswer) { Service::ForwardNoAnswer } else { Service::ForwardNoAnswerAfter };
    match mode {
        UNCONDITIONAL => (vec![Service::ForwardAll], vec![Service::ForwardAllOff]),
        BUSY => (vec![Service::ForwardBusy], vec![Service::ForwardBusyOff]),
        NO_ANSWER => (vec![no_answer], vec![Service::ForwardNoAnswerOff]),
        _ if p.has(Service::ForwardBusyNoAnswer) => {
            (vec![Service::ForwardBusyNoAnswer], vec![Service::ForwardBusyNoAnswerOff])
        }
        _ => {
            let off = [Service::ForwardBusyOff, Service::ForwardNoAnswerOff];
            let same = p.plan.service(off[0]) == p.plan.service(off[1]);
            (vec![Service::ForwardBusy, no_answer], off[..if same { 1 } else { 2 }].to_vec())
        }
    }
}

/// Procedures of the idle line, which is on hook after each.
#[track_caller]
fn wants_idle(p: &mut Play, services: &[Service], number: &str) {
    let seconds = u32::try_from(p.plan.no_answer.as_secs()).ok();
    for service in services {
        p.wants_service(*service, &Fill { number: Some(number), extension: Some(number), seconds, slot: Some(number) });
        if p.wanted.last().is_none_or(|last| last != "on") {
            p.wants(&["on"]);
        }
    }
}

/// What a host asks for: a mode and where to.
#[track_caller]
fn set(p: &mut Play, mode: u32, to: Option<&str>) {
    let line = p.s.rig.lines[0];
    let destination = to.map(|to| Address(p.s.digits_of(to)));
    let entry = loopstart::provider::ForwardEntry { mode, caller: None, destination, country: 0 };
    let list = vec![entry];
    let command = |request| Command::Forward { request, line, address_id: None, list, rings: 0 };
    let (request, _) = p.s.rig.request(command).expect("it is offered");
    // Where a call to the other place confirms it, that is answered there.
    let service = if to.is_none() { Service::DoNotDisturb } else { codes(p, mode).0[0] };
    let waits = |step: &Step| matches!(step, Step::Wait(waits) if waits.contains(Waits::ANSWER));
    let courtesy = p.plan.service(service).is_some_and(|procedure| procedure.steps().iter().any(waits));
    if courtesy {
        let call = p.offered(2);
        p.s.answer(call).expect("the courtesy call rings");
    }
    assert_eq!(p.s.rig.completed(request), Ok(()));
    assert_eq!(p.s.forwards(0), [(mode, to.map(|to| p.s.digits_of(to)))]);
    p.s.expect_hook(0, "on");
    p.s.until_free(0);
    p.check_wire();
    for call in p.up() {
        p.s.ends(call);
    }
    p.s.until_free(2.min(p.s.rig.lines.len() - 1));
    p.s.forget_offers();
}

/// Nothing is forwarded any more.
#[track_caller]
fn cancel(p: &mut Play, services: &[Service]) {
    wants_idle(p, services, "");
    assert_eq!(p.s.forward(0, &[]), Ok(Reply::Ok));
    assert!(p.s.forwards(0).is_empty());
    p.s.expect_hook(0, "on");
    p.s.until_free(0);
    p.check_wire();
    p.s.forget_offers();
    let caller = p.rings(1, &number_of(0));
    let a = p.offered(0);
    p.wants(&["off"]);
    p.s.answer(a).expect("it rings here again");
    p.talking(0, 1);
    p.hang_up(a);
    p.s.ends(caller);
}

fn forward(p: &mut Play, mode: u32) {
    let (on, off) = codes(p, mode);
    let number = p.s.digits_of(&number_of(2));
    // Wrong mode, wrong number.
    assert_eq!(p.s.forward(0, &[(0x2, Some("5550102"))]), Err(LineErr::INVALPARAM));
    assert_eq!(p.s.forward(0, &[(mode, Some("5x"))]), Err(LineErr::INVALADDRESS));
    wants_idle(p, &on, &number);
    set(p, mode, Some(&number_of(2)));
    // A call to the line goes there at once; when it is busy; after a while.
    let busy = (mode & (BUSY | BUSY_NO_ANSWER) != 0).then(|| p.calls("5550122", |state| state == CallState::Ringback));
    let caller = p.rings(1, &number_of(0));
    let there = p.offered(2);
    p.s.answer(there).expect("it rings");
    p.s.becomes(caller, ACTIVE);
    p.talking(1, 2);
    if let Some(busy) = busy {
        // In use is a wrong state.
        assert_eq!(p.s.forward(0, &[]), Err(LineErr::RESOURCEUNAVAIL));
        p.hang_up(busy);
    }
    p.s.drop_one(caller).expect("it talks");
    p.s.ends(there);
    for line in [0, 1] {
        p.s.until_free(line);
    }
    if mode == BUSY_NO_ANSWER {
        let caller = p.rings(1, &number_of(0));
        let there = p.offered(2);
        p.s.answer(there).expect("it rings");
        p.talking(1, 2);
        p.s.drop_one(caller).expect("it talks");
        p.s.ends(there);
    }
    // What rang here before it went there has stopped.
    p.s.forget_offers();
    for call in p.up() {
        p.s.ends(call);
    }
    for line in [0, 1] {
        p.s.until_free(line);
    }
    cancel(p, &off);
    p.s.until_free(0);
    p.s.until_free(1);
    let (a, _) = p.talk();
    assert_eq!(p.s.forward(0, &[(mode, Some("5550102"))]), Err(LineErr::RESOURCEUNAVAIL), "during a call");
    p.hang_up(a);
}

fn no_forward(p: &mut Play, mode: u32) {
    assert_eq!(p.s.forward(0, &[(mode, Some("5550102"))]), Err(LineErr::OPERATIONUNAVAIL));
    assert!(p.s.forwards(0).is_empty());
}

fn do_not_disturb(p: &mut Play) {
    wants_idle(p, &[Service::DoNotDisturb], "");
    set(p, UNCONDITIONAL, None);
    let caller = p.s.call(1, &number_of(0), |state| {
        matches!(state, CallState::Busy(_) | CallState::SpecialInfo(_) | CallState::Disconnected(_))
    });
    p.keep(caller);
    p.with(0, &[], &[]);
    p.s.drop_one(caller).expect("it was refused");
    p.s.until_free(1);
    assert_eq!(p.s.forward(0, &[(BUSY, None)]), Err(LineErr::INVALPARAM), "wrong mode");
    cancel(p, &[Service::DoNotDisturbOff]);
}

fn no_do_not_disturb(p: &mut Play) {
    assert_eq!(p.s.forward(0, &[(UNCONDITIONAL, None)]), Err(LineErr::OPERATIONUNAVAIL));
}

fn forward_refused(p: &mut Play) {
    assert_eq!(p.s.forward(0, &[(UNCONDITIONAL, Some(VACANT))]), Err(LineErr::OPERATIONFAILED));
    assert!(p.s.forwards(0).is_empty());
    p.s.until_free(0);
    p.s.expect_hook(0, "on");
    p.forgets_wire();
    // And nothing is forwarded.
    let caller = p.rings(1, &number_of(0));
    let a = p.offered(0);
    p.wants(&["off"]);
    p.s.answer(a).expect("it rings");
    p.talking(0, 1);
    p.hang_up(a);
    p.s.ends(caller);
}

// ---- park and pickup ----

#[track_caller]
fn wants_park(p: &mut Play, service: Service, slot: &str) {
    p.wants_service(service, &Fill { number: Some(slot), extension: Some(slot), slot: Some(slot), ..Fill::default() });
    if p.wanted.last().is_none_or(|last| last != "on") {
        p.wants(&["on"]);
    }
}

/// Line 0 parks line 1; where.
#[track_caller]
fn parked(p: &mut Play, at: Option<&str>) -> String {
    let (a, _) = p.talk();
    let service = if at.is_some() { Service::ParkDirected } else { Service::Park };
    wants_park(p, service, at.unwrap_or_default());
    let from = p.mark();
    let reply = p.s.park(a, at).expect("it talks");
    p.story(from, &[("A", a)], &["ok", "A Idle"]);
    let slot = match (reply, at) {
        (Reply::Parked(slot), None) => slot.as_str().to_owned(),
        (Reply::Ok, Some(at)) => at.to_owned(),
        other => panic!("{other:?}"),
    };
    p.with(0, &[], &[]);
    assert!(p.s.control("state 1").contains(&format!("\"parked\":[\"{slot}\"]")), "{slot}");
    assert_eq!(p.s.look(1)["hears"].as_array(), None, "nobody talks to who is parked");
    p.s.expect_hook(0, "on");
    p.s.until_free(0);
    p.check_wire();
    assert_eq!(p.s.park(a, at).unwrap_err(), LineErr::INVALCALLSTATE, "it is over");
    slot
}

/// Line 2 takes who is parked.
#[track_caller]
fn taken(p: &mut Play, slot: &str) {
    if p.has(Service::Unpark) {
        let taken = p.s.unpark(2, slot).expect("it is parked there");
        p.keep(taken);
        p.s.becomes(taken, ACTIVE);
        p.talking(1, 2);
    }
}

fn park(p: &mut Play) {
    let slot = parked(p, None);
    taken(p, &slot);
}

fn park_directed(p: &mut Play) {
    let slot = parked(p, Some("42"));
    let (other, _) = (p.s.call(2, "5550120", |state| state == ACTIVE), ());
    p.keep(other);
    assert_eq!(p.s.park(other, Some("4x")), Err(LineErr::INVALADDRESS));
    assert_eq!(p.s.park(other, Some("42")), Err(LineErr::OPERATIONFAILED), "the place is taken");
    assert_eq!(p.s.state(other), ACTIVE);
    p.with(2, &["5550120 active"], &["5550120"]);
    p.s.drop_one(other).expect("it talks");
    p.s.until_free(2);
    taken(p, &slot);
}

fn no_park(p: &mut Play, at: Option<&str>) {
    let (a, _) = p.talk();
    let error = if p.can(a, CallFeatures::PARK) { LineErr::INVALPARKMODE } else { LineErr::OPERATIONUNAVAIL };
    assert_eq!(p.s.park(a, at).unwrap_err(), error);
    p.talking(0, 1);
    p.hang_up(a);
}

fn unpark(p: &mut Play) {
    let (at, own) = (p.has(Service::ParkDirected).then_some("42"), p.has(Service::Park));
    assert!(at.is_some() || own, "nothing can be parked");
    let slot = parked(p, at);
    assert_eq!(p.s.unpark(0, "4x").unwrap_err(), LineErr::INVALADDRESS);
    let fill = Fill { number: Some(&slot), extension: Some(&slot), slot: Some(&slot), ..Fill::default() };
    p.wants_service(Service::Unpark, &fill);
    let from = p.mark();
    let taken = p.s.unpark(0, &slot).expect("it is parked there");
    p.keep(taken);
    p.story(from, &[("U", taken)], &["ok", "U Connected(Active)"]);
    p.talking(0, 1);
    p.check_wire();
    let info = p.info(taken);
    assert_eq!((info.reason, info.origin), (CallReason::Unpark, CallOrigin::Inbound));
    assert_eq!(p.s.unpark(0, &slot).unwrap_err(), LineErr::RESOURCEUNAVAIL, "during a call");
    p.hang_up(taken);
}

fn no_unpark(p: &mut Play) {
    assert_eq!(p.s.unpark(0, "42").unwrap_err(), LineErr::OPERATIONUNAVAIL);
}

fn pick_up(p: &mut Play, at: Option<&str>, group: Option<&str>) {
    let service = if at.is_some() { Service::PickupDirected } else { Service::PickupGroup };
    let fill = Fill { number: at, extension: at, slot: at, ..Fill::default() };
    let caller = p.rings(1, &number_of(2));
    let there = p.offered(2);
    p.wants_service(service, &fill);
    let from = p.mark();
    let taken = p.s.pick_up(0, at, group).expect("it rings there");
    p.keep(taken);
    p.s.becomes(taken, ACTIVE);
    assert_eq!(p.s.story(from, &[("U", taken)]), ["ok", "U Connected(Active)"]);
    p.s.becomes(caller, ACTIVE);
    p.talking(0, 1);
    p.with(2, &[], &[]);
    assert_eq!(p.info(taken).reason, CallReason::Pickup);
    assert_eq!(p.s.pick_up(0, at, group).unwrap_err(), LineErr::RESOURCEUNAVAIL, "during a call");
    p.hang_up(taken);
    p.s.ends(there);
    p.s.ends(caller);
    p.s.until_free(0);
    // Nothing rings there any more.
    p.wants_service(service, &fill);
    p.wants(&["on"]);
    assert_eq!(p.s.pick_up(0, at, group).unwrap_err(), LineErr::OPERATIONFAILED);
}

fn no_pickup(p: &mut Play, at: Option<&str>, group: Option<&str>) {
    assert_eq!(p.s.pick_up(0, at, group).unwrap_err(), LineErr::OPERATIONUNAVAIL);
}

fn pick_up_waiting(p: &mut Play) {
    assert_eq!(p.s.pick_up(0, None, None).unwrap_err(), LineErr::RESOURCEUNAVAIL, "no call to wait behind");
    let (a, _) = p.talk();
    let (caller, w) = p.waits();
    p.wants_service(Service::WaitingAnswer, &Fill::default());
    let from = p.mark();
    let taken = p.s.pick_up(0, None, None).expect("one waits");
    p.keep(taken);
    p.s.becomes(taken, ACTIVE);
    let names = [("A", a), ("W", w), ("U", taken)];
    let gone = format!("W {:?}", CallState::Disconnected(DisconnectMode::Pickup));
    p.story(from, &names, &["ok", &gone, "W Idle", "A OnHold", "U Connected(Active)"]);
    p.holding(Some(2), 1);
    p.check_wire();
    assert_eq!(p.info(taken).reason, CallReason::Pickup);
    assert_eq!(p.s.pick_up(0, None, None).unwrap_err(), LineErr::RESOURCEUNAVAIL, "one is held already");
    p.leave_waited(a, taken, caller);
}

// ---- completion ----

/// Line 1 is busy; line 0 calls it, and has it watched. The completion, and line 1's call.
#[track_caller]
fn completed(p: &mut Play) -> (u32, Call) {
    let other = p.rings(1, "5550122");
    let a = p.calls(&number_of(1), |state| matches!(state, CallState::Busy(_)));
    p.check_wire();
    if p.plan.service(Service::CompleteBusy).is_some_and(Procedure::starts_idle) {
        p.wants(&["on"]);
    }
    p.wants_service(Service::CompleteBusy, &Fill::default());
    let id = p.s.complete(a).expect("it is busy");
    assert_ne!(id, 0);
    if p.wanted.last().is_none_or(|last| last != "on") {
        p.wants(&["on"]);
        p.s.ends(a);
    }
    p.s.becomes(a, CallState::Idle);
    p.s.until_free(0);
    p.check_wire();
    assert_eq!(p.s.complete(a).unwrap_err(), LineErr::INVALCALLSTATE, "it is over");
    assert_eq!(completions(p), 1);
    (id, other)
}

fn completions(p: &Play) -> u32 {
    p.s.rig.runtime.query(|q| q.line_status(p.s.rig.lines[0])).expect("a line").completions
}

/// The exchange rings line 0, which answers, and then line 1, which answers.
#[track_caller]
fn called_back(p: &mut Play, id: u32) {
    let back = p.offered(0);
    if p.plan.callback_ring.is_some() {
        // It rings otherwise than other calls, which is known after the first cycle.
        p.s.told("the reason", |told| {
            matches!(told, Told::Info(h, what) if *h == back.host && what.contains(CallInfoChange::REASON))
                .then_some(())
        });
        let info = p.info(back);
        assert_eq!((info.reason, info.completion_id), (CallReason::CallCompletion, id));
    }
    p.wants(&["off"]);
    p.s.answer(back).expect("it rings");
    let there = p.offered(1);
    p.s.answer(there).expect("it rings");
    p.s.becomes(back, ACTIVE);
    p.talking(0, 1);
    p.hang_up(back);
    if p.plan.callback_ring.is_some() {
        assert_eq!(completions(p), 0, "it is used up");
    }
}

fn complete_busy(p: &mut Play) {
    let (id, other) = completed(p);
    p.s.drop_one(other).expect("it calls");
    called_back(p, id);
}

fn complete_no_answer(p: &mut Play) {
    let a = p.calls(&number_of(1), |state| state == CallState::Ringback);
    let b = p.offered(1);
    if p.plan.service(Service::CompleteNoAnswer).is_some_and(Procedure::starts_idle) {
        p.wants(&["on"]);
    }
    p.wants_service(Service::CompleteNoAnswer, &Fill::default());
    let id = p.s.complete(a).expect("nobody answers");
    if p.wanted.last().is_none_or(|last| last != "on") {
        p.wants(&["on"]);
        p.s.ends(a);
    }
    p.s.becomes(a, CallState::Idle);
    p.s.ends(b);
    p.s.until_free(0);
    p.check_wire();
    assert_eq!(completions(p), 1);
    // Who was not there has come back, and uses his line.
    p.s.until_free(1);
    let other = p.rings(1, "5550122");
    p.s.drop_one(other).expect("it calls");
    called_back(p, id);
}

fn not_completed(p: &mut Play, number: &str, is: impl Fn(CallState) -> bool) {
    let a = p.calls(number, is);
    let some = p.announced().address.completion_modes != 0;
    let error = if some { LineErr::INVALCALLSTATE } else { LineErr::OPERATIONUNAVAIL };
    assert_eq!(p.s.complete(a).unwrap_err(), error);
    p.hang_up(a);
}

fn other_modes(p: &mut Play) {
    let a = p.calls("5550121", |state| matches!(state, CallState::Busy(_)));
    for mode in [0, 0x1, 0x4, 0x8, 0x3, 0x10] {
        let complete = |request| Command::CompleteCall { request, call: a.call, mode, message: 0 };
        let some = p.announced().address.completion_conditions & WHEN_BUSY != 0;
        let error = p.s.does(complete).map(drop).unwrap_err();
        let known = matches!(mode, 0x1 | 0x4 | 0x8);
        match (some, known) {
            (false, true) => assert!(matches!(error, LineErr::OPERATIONUNAVAIL | LineErr::INVALCALLSTATE), "{error}"),
            _ => assert_eq!(error, LineErr::INVALCALLCOMPLMODE, "{mode:#x}"),
        }
    }
    p.hang_up(a);
}

fn uncomplete(p: &mut Play) {
    let (id, other) = completed(p);
    assert_eq!(p.s.uncomplete(0, id + 1), Err(LineErr::INVALCOMPLETIONID));
    wants_idle(p, &[Service::CompleteBusyOff], "");
    p.s.uncomplete(0, id).expect("it is outstanding");
    assert_eq!(p.s.uncomplete(0, id), Err(LineErr::INVALCOMPLETIONID));
    assert_eq!(completions(p), 0);
    p.s.until_free(0);
    p.check_wire();
    p.s.drop_one(other).expect("it calls");
    p.s.until_free(1);
    // Nobody calls back: the next call is an ordinary one.
    let from = p.mark();
    let caller = p.rings(1, &number_of(0));
    let a = p.offered(0);
    let offers = p.s.rig.seen[from..].iter().filter(|told| matches!(told, Told::Offered(..))).count();
    assert_eq!(offers, 1);
    p.wants(&["off"]);
    p.s.answer(a).expect("it rings");
    p.s.becomes(caller, ACTIVE);
    p.talking(0, 1);
    p.hang_up(a);
}

fn no_uncomplete(p: &mut Play) {
    let error = if p.announced().address.completion_modes != 0 && p.has(Service::CompleteBusyOff) {
        LineErr::INVALCOMPLETIONID
    } else {
        LineErr::OPERATIONUNAVAIL
    };
    assert_eq!(p.s.uncomplete(0, 1), Err(error));
}

// ---- during a call ----

fn secure(p: &mut Play) {
    let (a, _) = p.talk();
    p.wants_service(Service::SecureDuring, &Fill::default());
    p.s.secure(a).expect("it talks");
    assert!(p.info(a).flags.contains(CallParamFlags::SECURE));
    p.s.until_call_can(a, CallFeatures::SECURE_CALL);
    p.check_wire();
    p.talking(0, 1);
    // Again there is nothing to be done.
    p.s.secure(a).expect("it is");
    p.check_wire();
    let from = p.mark();
    let caller = p.s.call(2, &number_of(0), |state| matches!(state, CallState::Busy(_)));
    p.keep(caller);
    assert!(!p.s.rig.seen[from..].iter().any(|told| matches!(told, Told::Offered(line, ..) if line.0 == 1)));
    p.talking(0, 1);
    p.hang_up(a);
    assert_eq!(p.s.secure(a), Err(LineErr::INVALCALLSTATE));
}

fn no_secure(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.secure(a), Err(LineErr::OPERATIONUNAVAIL));
    p.talking(0, 1);
    p.hang_up(a);
}

fn send_elsewhere(p: &mut Play, call: Call) -> Result<(), LineErr> {
    let address = Address(p.s.digits_of(&number_of(2)));
    p.s.does(|request| Command::Redirect { request, call: call.call, address, country: 0 }).map(drop)
}

fn redirect(p: &mut Play) {
    let caller = p.rings(1, &number_of(0));
    let a = p.offered(0);
    send_elsewhere(p, a).expect("it rings");
    p.s.becomes(a, CallState::Idle);
    let there = p.offered(2);
    p.s.answer(there).expect("it rings");
    p.s.becomes(caller, ACTIVE);
    p.talking(1, 2);
}

fn no_redirect(p: &mut Play) {
    p.rings(1, &number_of(0));
    let a = p.offered(0);
    assert_eq!(send_elsewhere(p, a), Err(LineErr::OPERATIONUNAVAIL));
    p.s.drop_one(a).expect("it rings");
}
