//! Calls made and taken.

use super::*;
use loopstart::provider::{CallInfoChange, CallParamFlags, DialToneMode, OfferingMode, PartyFlags};

/// `LINEADDRCAPFLAGS_SECURE`.
const SECURE: u32 = 0x4;
/// `LINEADDRCAPFLAGS_BLOCKIDOVERRIDE`.
const BLOCK_ID: u32 = 0x10;

pub(super) const ROWS: &[Row] = &[
    Row::new("lineMakeCall", "number", number).lines(1),
    Row::new("lineMakeCall", "part of a number, then lineDial", part_of_a_number).lines(1),
    Row::new("lineMakeCall", "no number, then lineDial", no_number).lines(1),
    Row::new("lineMakeCall", "SECURE", secure)
        .needs(
            &[Service::SecureBefore],
            |can, _| can.address.flags & SECURE != 0,
            |p| {
                refused_with(p, CallParamFlags::SECURE);
            },
        )
        .but(|_| Some("no way back to the state before"))
        .lines(3),
    Row::new("lineMakeCall", "BLOCKID", withheld)
        .needs(
            &[Service::WithholdNumber],
            |can, _| can.address.flags & BLOCK_ID != 0,
            |p| {
                refused_with(p, CallParamFlags::BLOCK_ID);
            },
        )
        .but(|_| Some("no code before the number"))
        .lines(2),
    Row::new("lineAccept", "", accept),
    Row::new("lineAnswer", "a call that rings", answer),
    Row::new("lineAnswer", "a call that waits", answer_waiting)
        .needs(
            &[Service::WaitingAnswer],
            |can, _| can.address.features.contains(AddressFeatures::PICKUP_WAITING),
            nobody_waits,
        )
        .lines(3),
];

fn command(
    p: &Play,
    number: Option<String>,
    flags: CallParamFlags,
) -> impl FnOnce(loopstart::provider::RequestId) -> Command + use<> {
    let (line, host) = (p.s.rig.lines[0], HostCall(900));
    let params = CallParams { flags, ..CallParams::default() };
    move |request| Command::MakeCall { request, line, host, address: number.map(Address), country: 0, params }
}

fn number(p: &mut Play) {
    let from = p.mark();
    let a = p.calls("5550120", |state| state == ACTIVE);
    let story = ["ok", "A DialTone(Normal)", "A Dialing", "A Proceeding", "A Ringback", "A Connected(Active)"];
    p.story(from, &[("A", a)], &story);
    p.with(0, &["5550120 active"], &["5550120"]);
    // The line is in use, and a number that is none is no number anywhere.
    let again = command(p, Some("5550120".into()), CallParamFlags::empty());
    p.refuses(LineErr::INUSE, again);
    p.check_wire();
    let from = p.mark();
    p.hang_up(a);
    p.story(from, &[("A", a)], &["ok", "A Idle"]);
    p.s.until_free(0);
    for (wrong, error) in [("55x", LineErr::INVALADDRESS), ("555=1", LineErr::INVALADDRESS)] {
        let wrong = command(p, Some(wrong.into()), CallParamFlags::empty());
        p.refuses(error, wrong);
    }
}

fn part_of_a_number(p: &mut Play) {
    p.wants(&["off"]);
    let digits = p.s.digits_of("555");
    p.wants(&[&digits]);
    let from = p.mark();
    let a = p.s.call(0, "555;", |state| state == CallState::Dialing);
    p.keep(a);
    p.check_wire();
    assert_eq!(p.s.state(a), CallState::Dialing);
    p.with(0, &[], &[]);
    p.wants(&["0120"]);
    let dial = |request| Command::Dial { request, call: a.call, address: Address("0120".into()), country: 0 };
    p.s.does(dial).expect("the rest of the number");
    p.s.becomes(a, ACTIVE);
    p.with(0, &["5550120 active"], &["5550120"]);
    let dialtone = |line: &String| line.contains("DialTone");
    let story: Vec<String> = p.s.story(from, &[("A", a)]).into_iter().filter(|line| !dialtone(line)).collect();
    let wanted = ["ok", "A Dialing", "ok", "A Proceeding", "A Ringback", "A Connected(Active)"];
    assert_eq!(story, wanted);
    p.hang_up(a);
    let late = |request| Command::Dial { request, call: a.call, address: Address("0".into()), country: 0 };
    p.refuses(LineErr::INVALCALLSTATE, late);
}

fn no_number(p: &mut Play) {
    p.wants(&["off"]);
    let from = p.mark();
    let seize = command(p, None, CallParamFlags::empty());
    let Ok(Reply::Call(call)) = p.s.does(seize) else { panic!("no call") };
    let a = p.keep(Call { host: HostCall(900), call });
    p.s.becomes(a, CallState::DialTone(DialToneMode::Normal));
    p.story(from, &[("A", a)], &["ok", "A DialTone(Normal)"]);
    p.check_wire();
    p.dials(a, "5550120", |state| state == ACTIVE);
    p.with(0, &["5550120 active"], &["5550120"]);
    p.hang_up(a);
}

/// Line 0 calls line 1 with a wish, by the plan's procedure for that, and line 1 is offered the call.
fn call_with(p: &mut Play, flags: CallParamFlags, service: Service) -> (Call, Call) {
    let number = p.s.digits_of(&number_of(1));
    p.wants_service(service, &Fill { number: Some(&number), ..Fill::default() });
    let a = p.s.call_with(0, &number_of(1), flags, |state| state == CallState::Ringback).expect("a call");
    p.keep(a);
    p.check_wire();
    let b = p.offered(1);
    (a, b)
}

fn secure(p: &mut Play) {
    let (a, b) = call_with(p, CallParamFlags::SECURE, Service::SecureBefore);
    assert!(p.info(a).flags.contains(CallParamFlags::SECURE));
    p.s.answer(b).expect("an answer");
    p.s.becomes(a, ACTIVE);
    p.talking(0, 1);
    // Nobody waits: who calls finds the line busy.
    let from = p.mark();
    let caller = p.s.call(2, &number_of(0), |state| matches!(state, CallState::Busy(_)));
    p.keep(caller);
    assert!(!p.s.rig.seen[from..].iter().any(|told| matches!(told, Told::Offered(line, ..) if line.0 == 1)));
    p.talking(0, 1);
    p.hang_up(a);
    // Where it was switched off for the line it is switched on again.
    if p.plan.service(Service::SecureBefore).is_some_and(|procedure| procedure.steps().contains(&Step::OnHook)) {
        p.wants_service(Service::WaitingOn, &Fill::default());
        p.wants(&["on"]);
        p.check_wire();
    }
    p.s.ends(b);
    p.s.ends(caller);
    if p.has(Service::WaitingAnswer) {
        // The next call is not protected.
        for line in 0..3 {
            p.s.until_free(line);
        }
        let (a, _) = p.talk();
        let (caller, w) = p.waits();
        p.with(0, &["5550101 active", "5550102 waiting"], &["5550101"]);
        p.s.drop_one(caller).expect("it rings");
        p.s.ends(w);
        p.hang_up(a);
    }
}

fn withheld(p: &mut Play) {
    let (a, b) = call_with(p, CallParamFlags::BLOCK_ID, Service::WithholdNumber);
    p.s.told("caller identification", |told| {
        matches!(told, Told::Info(h, what) if *h == b.host && what.contains(CallInfoChange::CALLER_ID)).then_some(())
    });
    let info = p.info(b);
    assert!(info.caller_id_flags.contains(PartyFlags::BLOCKED), "{:?}", info.caller_id_flags);
    assert_eq!(info.caller_id, "");
    p.s.answer(b).expect("an answer");
    p.s.becomes(a, ACTIVE);
    p.talking(0, 1);
    p.hang_up(a);
}

fn refused_with(p: &mut Play, flags: CallParamFlags) {
    let wish = command(p, Some("5550101".into()), flags);
    p.refuses(LineErr::OPERATIONUNAVAIL, wish);
}

fn accept(p: &mut Play) {
    let caller = p.rings(1, &number_of(0));
    let a = p.offered(0);
    let from = p.mark();
    p.s.does(|request| Command::Accept { request, call: a.call }).expect("it rings");
    p.s.becomes(a, CallState::Accepted);
    p.story(from, &[("A", a)], &["ok", "A Accepted"]);
    p.refuses(LineErr::INVALCALLSTATE, |request| Command::Accept { request, call: a.call });
    p.check_wire();
    p.wants(&["off"]);
    p.s.answer(a).expect("it rings");
    p.s.becomes(a, ACTIVE);
    p.talking(0, 1);
    assert_eq!(p.s.answer(caller), Err(LineErr::INVALCALLSTATE), "its own call");
    p.hang_up(a);
}

fn answer(p: &mut Play) {
    let caller = p.rings(1, &number_of(0));
    let a = p.offered(0);
    assert_eq!(p.s.state(a), CallState::Offering(OfferingMode::Active));
    p.with(0, &[], &[]);
    p.wants(&["off"]);
    let from = p.mark();
    p.s.answer(a).expect("it rings");
    p.s.becomes(a, ACTIVE);
    p.story(from, &[("A", a)], &["ok", "A Connected(Active)"]);
    p.s.becomes(caller, ACTIVE);
    p.talking(0, 1);
    assert_eq!(p.s.answer(a), Err(LineErr::INVALCALLSTATE), "it is answered");
    p.hang_up(a);
}

fn answer_waiting(p: &mut Play) {
    let (a, _) = p.talk();
    let (caller, w) = p.waits();
    p.with(0, &["5550101 active", "5550102 waiting"], &["5550101"]);
    // A flash would take the call that waits.
    assert_eq!(p.s.hold(a).unwrap_err(), p.error(CallFeatures::HOLD, LineErr::INVALCALLSTATE));
    p.wants_service(Service::WaitingAnswer, &Fill::default());
    let from = p.mark();
    p.s.answer(w).expect("it waits");
    p.s.becomes(w, ACTIVE);
    p.story(from, &[("A", a), ("W", w)], &["ok", "A OnHold", "W Connected(Active)"]);
    p.s.becomes(caller, ACTIVE);
    p.holding(Some(2), 1);
    p.check_wire();
    let none = p.error(CallFeatures::COMPLETE_TRANSFER, LineErr::INVALCALLSTATE);
    assert_eq!(p.s.transfer(a, w).unwrap_err(), none, "no consultation");
    p.leave_waited(a, w, caller);
}

/// Nobody waits where the plan has no call waiting: who calls finds the line busy.
fn nobody_waits(p: &mut Play) {
    let (a, _) = p.talk();
    let caller = p.s.call(2, &number_of(0), |state| matches!(state, CallState::Busy(_)));
    p.keep(caller);
    p.talking(0, 1);
    p.hang_up(a);
}
