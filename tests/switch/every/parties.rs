//! Hold, swap, transfer and conference.

use super::*;
use loopstart::provider::{CallFeatures2, CallReason};

/// `LINEREMOVEFROMCONF_ANY`.
const REMOVE_ANY: u32 = 3;
const HELD: &[Service] = &[Service::Hold, Service::Retrieve];
const CONSULT: &[Service] = &[Service::Consult];
const TRANSFER: &[Service] = &[Service::Consult, Service::Transfer];
const JOIN: &[Service] = &[Service::Consult, Service::Join];

pub(super) const ROWS: &[Row] = &[
    Row::new("lineHold", "", hold)
        .needs(&[Service::Hold], |can, _| can_call(can, CallFeatures::HOLD), no_hold)
        .but(on_hook),
    Row::new("lineUnhold", "on hold", unhold)
        .needs(HELD, |can, _| can_call(can, CallFeatures::HOLD | CallFeatures::UNHOLD), no_hold)
        .but(on_hook),
    Row::new("lineUnhold", "with a consultation call", unhold_consulting)
        .needs(CONSULT, |can, _| can_call(can, CallFeatures::SETUP_TRANSFER | CallFeatures::UNHOLD), no_consultation)
        .lines(3),
    Row::new("lineSwapHold", "with a consultation call", swap)
        .needs(
            &[Service::Consult, Service::Swap],
            |can, plan| {
                can_call(can, CallFeatures::SWAP_HOLD | CallFeatures::SETUP_TRANSFER)
                    && !plan.swap_only_with_call_waiting
            },
            no_swap,
        )
        .but(|plan| plan.swap_only_with_call_waiting.then_some("only between two calls of which one waited"))
        .lines(3),
    Row::new("lineSwapHold", "with a call that waited", swap_waited)
        .needs(
            &[Service::WaitingAnswer, Service::Swap],
            |can, _| {
                can_call(can, CallFeatures::SWAP_HOLD) && can.address.features.contains(AddressFeatures::PICKUP_WAITING)
            },
            no_swap_waited,
        )
        .lines(3),
    Row::new("lineSetupTransfer", "", setup_transfer)
        .needs(CONSULT, |can, _| can_call(can, CallFeatures::SETUP_TRANSFER), no_consultation)
        .lines(3),
    Row::new("lineSetupTransfer", "ONESTEPTRANSFER", one_step)
        .needs(CONSULT, |can, _| can.address.call_features2.contains(CallFeatures2::ONE_STEP_TRANSFER), no_one_step)
        .lines(3),
    Row::new("lineCompleteTransfer", "TRANSFER to one who talks", transfer)
        .needs(TRANSFER, |can, _| can.address.call_features2.contains(CallFeatures2::TRANSFER_NORMAL), no_transfer)
        .lines(3),
    Row::new("lineCompleteTransfer", "TRANSFER to one who rings", transfer_ringing)
        .needs(TRANSFER, |can, plan| transfers_at(can, plan, Moment::ConsultRinging), no_transfer_ringing)
        .but(|plan| not_at(plan, Moment::ConsultRinging))
        .lines(3),
    Row::new("lineCompleteTransfer", "TRANSFER to one who is busy", transfer_busy)
        .needs(TRANSFER, |can, plan| transfers_at(can, plan, Moment::ConsultBusy), no_transfer_busy)
        .but(|plan| not_at(plan, Moment::ConsultBusy))
        .lines(2),
    Row::new("lineCompleteTransfer", "CONFERENCE", transfer_conference)
        .needs(JOIN, |can, _| can.address.call_features2.contains(CallFeatures2::TRANSFER_CONFERENCE), no_join)
        .lines(3),
    Row::new("lineBlindTransfer", "", blind)
        .needs(&[Service::BlindTransfer], |can, _| can_call(can, CallFeatures::BLIND_TRANSFER), no_blind)
        .lines(3),
    Row::new("lineSetupConference", "with a call", setup_conference).needs(
        JOIN,
        |can, _| can_call(can, CallFeatures::SETUP_CONFERENCE),
        no_conference,
    ),
    Row::new("lineSetupConference", "on an idle line", gather)
        .needs(JOIN, |can, _| can.address.features.contains(AddressFeatures::SETUP_CONFERENCE), no_gathering)
        .lines(3),
    Row::new("linePrepareAddToConference", "", prepare)
        .needs(JOIN, |can, _| can_call(can, CallFeatures::PREPARE_ADD_TO_CONFERENCE), no_prepare)
        .lines(3),
    Row::new("lineAddToConference", "", add)
        .needs(JOIN, |can, _| can_call(can, CallFeatures::ADD_TO_CONFERENCE), no_add)
        .lines(3),
    Row::new("lineRemoveFromConference", "the last member", |p| remove(p, true))
        .needs(JOIN, |can, _| can_call(can, CallFeatures::REMOVE_FROM_CONFERENCE), no_remove)
        .but(|_| Some("no order for a party of the conference"))
        .lines(3),
    Row::new("lineRemoveFromConference", "the first member", |p| remove(p, false))
        .needs(
            JOIN,
            |can, _| {
                can_call(can, CallFeatures::REMOVE_FROM_CONFERENCE) && can.address.remove_from_conference == REMOVE_ANY
            },
            no_remove_first,
        )
        .but(|_| Some("no order for the party that was there first"))
        .lines(3),
];

fn can_call(can: &Announced, features: CallFeatures) -> bool {
    can.address.call_features.contains(features)
}

fn on_hook(plan: &Plan) -> Option<&'static str> {
    plan.service(Service::Hold)
        .is_some_and(|procedure| procedure.steps().contains(&Step::OnHook))
        .then_some("holding ends on hook, and the way back from there is not stated")
}

/// Whether a transfer is completed by hanging up alone.
fn by_hook(plan: &Plan) -> bool {
    plan.service(Service::Transfer)
        .is_some_and(|p| p.steps().iter().all(|step| matches!(step, Step::OnHook | Step::Pause(_) | Step::Wait(_))))
}

fn transfers_at(can: &Announced, plan: &Plan, moment: Moment) -> bool {
    can.address.call_features2.contains(CallFeatures2::TRANSFER_NORMAL)
        && by_hook(plan)
        && plan.on_hook(moment) == OnHook::Joins
}

fn not_at(plan: &Plan, moment: Moment) -> Option<&'static str> {
    Some(match plan.on_hook(moment) {
        OnHook::Joins => "completed by an order, which needs an answer",
        OnHook::RingsBack => "hanging up then, the held party rings back",
        OnHook::Releases => "hanging up then ends all calls",
    })
}

// ---- hold ----

fn hold(p: &mut Play) {
    let (a, _) = p.talk();
    p.wants_service(Service::Hold, &Fill::default());
    let from = p.mark();
    p.s.hold(a).expect("it talks");
    p.story(from, &[("A", a)], &["ok", "A OnHold"]);
    p.holding(None, 1);
    p.check_wire();
    // One is enough.
    assert_eq!(p.s.hold(a), Err(LineErr::INVALCALLSTATE));
    assert_eq!(p.s.consult(a).unwrap_err(), p.error(CallFeatures::SETUP_TRANSFER, LineErr::INVALCALLSTATE));
    assert_eq!(p.s.swap(a, a).unwrap_err(), p.error(CallFeatures::SWAP_HOLD, LineErr::INVALCALLSTATE));
    p.holding(None, 1);
    p.wants_way_back(Second::None);
    p.s.unhold(a).expect("it is held");
    p.talking(0, 1);
    p.check_wire();
    p.hang_up(a);
    assert_eq!(p.s.hold(a), Err(LineErr::INVALCALLSTATE));
}

fn no_hold(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.hold(a), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(p.s.unhold(a).unwrap_err(), p.error(CallFeatures::UNHOLD, LineErr::INVALCALLSTATE));
    p.talking(0, 1);
    p.hang_up(a);
}

fn unhold(p: &mut Play) {
    let (a, b) = p.talk();
    assert_eq!(p.s.unhold(a), Err(LineErr::INVALCALLSTATE), "it is not held");
    p.wants_service(Service::Hold, &Fill::default());
    p.s.hold(a).expect("it talks");
    p.holding(None, 1);
    p.wants_way_back(Second::None);
    let from = p.mark();
    p.s.unhold(a).expect("it is held");
    p.story(from, &[("A", a)], &["ok", "A Connected(Active)"]);
    p.talking(0, 1);
    p.check_wire();
    assert_eq!(p.s.unhold(a), Err(LineErr::INVALCALLSTATE));
    assert_eq!(p.s.unhold(b), Err(LineErr::INVALCALLSTATE), "the other end holds nobody");
    p.hang_up(a);
}

fn unhold_consulting(p: &mut Play) {
    let (a, _) = p.talk();
    let c = p.consult(a);
    p.holding(None, 1);
    p.wants_way_back(Second::Dials);
    let from = p.mark();
    p.s.unhold(a).expect("it is held");
    p.story(from, &[("A", a), ("C", c)], &["ok", "A Connected(Active)", "C Idle"]);
    p.talking(0, 1);
    p.check_wire();
    assert_eq!(p.s.unhold(a), Err(LineErr::INVALCALLSTATE));
    assert_eq!(p.s.unhold(c), Err(LineErr::INVALCALLSTATE));
    p.hang_up(a);
}

// ---- swap ----

fn swap(p: &mut Play) {
    let (a, c, b, d) = p.pair();
    for (active, held) in [(a, c), (c, c), (a, a)] {
        assert_eq!(p.s.swap(active, held), Err(LineErr::INVALCALLSTATE), "wrong partners");
    }
    assert!(p.s.swap(c, b).is_err() && p.s.swap(d, a).is_err(), "calls of other lines");
    p.wants_service(Service::Swap, &Fill::default());
    let from = p.mark();
    p.s.swap(c, a).expect("one is held");
    p.story(from, &[("A", a), ("C", c)], &["ok", "C OnHoldPendingTransfer", "A Connected(Active)"]);
    p.holding(Some(1), 2);
    p.check_wire();
    assert_eq!(p.s.swap(c, a), Err(LineErr::INVALCALLSTATE), "they have changed places");
    p.wants_service(Service::Swap, &Fill::default());
    p.s.swap(a, c).expect("one is held");
    p.holding(Some(2), 1);
    p.check_wire();
    p.leave_pair(a, c, d);
}

fn no_swap(p: &mut Play) {
    let (a, _) = p.talk();
    let none = p.error(CallFeatures::SWAP_HOLD, LineErr::INVALCALLSTATE);
    assert_eq!(p.s.swap(a, a).unwrap_err(), none);
    if !p.can(a, CallFeatures::SETUP_TRANSFER) {
        return p.hang_up(a);
    }
    let c = p.consult(a);
    let d = p.reach(c);
    assert!(!p.can(c, CallFeatures::SWAP_HOLD));
    assert_eq!(p.s.swap(c, a).unwrap_err(), none);
    p.holding(Some(2), 1);
    p.leave_pair(a, c, d);
}

fn swap_waited(p: &mut Play) {
    let (a, _) = p.talk();
    let (caller, w) = p.waits();
    assert_eq!(p.s.swap(a, w), Err(LineErr::INVALCALLSTATE), "it only waits");
    p.wants_service(Service::WaitingAnswer, &Fill::default());
    p.s.answer(w).expect("it waits");
    p.holding(Some(2), 1);
    p.wants_service(Service::Swap, &Fill::default());
    let from = p.mark();
    p.s.swap(w, a).expect("one is held");
    p.story(from, &[("A", a), ("W", w)], &["ok", "W OnHold", "A Connected(Active)"]);
    p.holding(Some(1), 2);
    p.check_wire();
    assert_eq!(p.s.swap(w, a), Err(LineErr::INVALCALLSTATE), "they have changed places");
    p.wants_service(Service::Swap, &Fill::default());
    p.s.swap(a, w).expect("one is held");
    p.holding(Some(2), 1);
    p.check_wire();
    p.leave_waited(a, w, caller);
}

fn no_swap_waited(p: &mut Play) {
    let (a, _) = p.talk();
    let none = p.error(CallFeatures::SWAP_HOLD, LineErr::INVALCALLSTATE);
    if !p.has(Service::WaitingAnswer) {
        assert_eq!(p.s.swap(a, a).unwrap_err(), none);
        return p.hang_up(a);
    }
    let (caller, w) = p.waits();
    p.wants_service(Service::WaitingAnswer, &Fill::default());
    p.s.answer(w).expect("it waits");
    p.holding(Some(2), 1);
    assert_eq!(p.s.swap(w, a).unwrap_err(), none);
    p.leave_waited(a, w, caller);
}

// ---- transfer ----

fn setup_transfer(p: &mut Play) {
    let (a, b) = p.talk();
    p.wants_consult();
    let from = p.mark();
    let c = p.s.consult(a).expect("it talks");
    p.keep(c);
    let tone = if p.plan.recall.dial_tone { "C DialTone(Special)" } else { "C Dialing" };
    p.story(from, &[("A", a), ("C", c)], &["ok", "A OnHoldPendingTransfer", tone]);
    p.holding(None, 1);
    p.check_wire();
    let (held, info) = (p.info(a), p.info(c));
    assert_eq!((info.related_call_id, info.reason), (held.call_id, CallReason::Transfer));
    // Neither of the two, and no consultation of a consultation; to hold the other end is that line's affair.
    for call in [a, c] {
        assert_eq!(p.s.consult(call).unwrap_err(), LineErr::INVALCALLSTATE);
        assert_eq!(p.s.hold(call).unwrap_err(), p.error(CallFeatures::HOLD, LineErr::INVALCALLSTATE));
    }
    assert!(p.s.transfer(a, b).is_err() && p.s.transfer(a, c).is_err(), "nobody is called yet");
    p.holding(None, 1);
    p.wants_way_back(Second::Dials);
    let from = p.mark();
    p.s.drop_one(c).expect("it can be dropped");
    p.story(from, &[("A", a), ("C", c)], &["ok", "C Idle", "A Connected(Active)"]);
    p.talking(0, 1);
    p.check_wire();
    p.hang_up(a);
}

fn no_consultation(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.consult(a).unwrap_err(), LineErr::OPERATIONUNAVAIL);
    p.talking(0, 1);
    p.hang_up(a);
}

fn one_step(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.one_step(a, None).unwrap_err(), LineErr::INVALCALLPARAMS, "to where");
    assert_eq!(p.s.one_step(a, Some("55x")).unwrap_err(), LineErr::INVALADDRESS);
    p.wants_consult();
    p.wants_number(&number_of(2));
    let from = p.mark();
    let c = p.s.one_step(a, Some(&number_of(2))).expect("it talks");
    p.keep(c);
    p.s.becomes(c, CallState::Ringback);
    let story = p.s.story(from, &[("A", a), ("C", c)]);
    assert_eq!(story[..2], ["ok", "A OnHoldPendingTransfer"]);
    assert!(story[2..].iter().all(|told| told.starts_with("C ")), "{story:?}");
    let d = p.offered(2);
    p.s.answer(d).expect("it rings");
    p.s.becomes(c, ACTIVE);
    p.holding(Some(2), 1);
    p.check_wire();
    p.leave_pair(a, c, d);
}

fn no_one_step(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.one_step(a, Some(&number_of(2))).unwrap_err(), LineErr::OPERATIONUNAVAIL);
    p.talking(0, 1);
    p.hang_up(a);
}

/// A transfer as the plan completes it; whatever that is, line 0 is on hook in the end.
#[track_caller]
fn wants_transfer(p: &mut Play) {
    p.wants_service(Service::Transfer, &Fill::default());
    if p.wanted.last().is_none_or(|last| last != "on") {
        p.wants(&["on"]);
    }
}

fn transfer(p: &mut Play) {
    let (a, c, _, _) = p.pair();
    for (held, consultation) in [(c, a), (a, a), (c, c)] {
        assert_eq!(p.s.transfer(held, consultation), Err(LineErr::INVALCALLSTATE), "wrong partners");
    }
    p.holding(Some(2), 1);
    wants_transfer(p);
    let from = p.mark();
    p.s.transfer(a, c).expect("both talk");
    p.story(from, &[("A", a), ("C", c)], &["ok", "A Idle", "C Idle"]);
    p.talking(1, 2);
    p.with(0, &[], &[]);
    p.check_wire();
    assert_eq!(p.s.transfer(a, c), Err(LineErr::INVALCALLSTATE), "they are over");
}

fn no_transfer(p: &mut Play) {
    let (a, _) = p.talk();
    let none = p.error(CallFeatures::COMPLETE_TRANSFER, LineErr::INVALCALLSTATE);
    assert_eq!(p.s.transfer(a, a).unwrap_err(), none);
    if !p.can(a, CallFeatures::SETUP_TRANSFER) {
        return p.hang_up(a);
    }
    let c = p.consult(a);
    let d = p.reach(c);
    assert_eq!(p.s.transfer(a, c), Err(LineErr::OPERATIONUNAVAIL), "this mode is not there");
    p.holding(Some(2), 1);
    p.leave_pair(a, c, d);
}

fn transfer_ringing(p: &mut Play) {
    let (a, _) = p.talk();
    let c = p.consult(a);
    p.dials(c, &number_of(2), |state| state == CallState::Ringback);
    let d = p.offered(2);
    assert_eq!(p.s.transfer(c, a), Err(LineErr::INVALCALLSTATE), "the other way round");
    wants_transfer(p);
    let from = p.mark();
    p.s.transfer(a, c).expect("one rings");
    p.story(from, &[("A", a), ("C", c)], &["ok", "A Idle", "C Idle"]);
    p.with(0, &[], &[]);
    p.with(1, &["5550102 calling"], &[]);
    p.s.answer(d).expect("it rings");
    p.talking(1, 2);
}

/// Until somebody answered a transfer cannot be completed.
fn no_transfer_ringing(p: &mut Play) {
    not_transferred_to(p, &number_of(2), |state| state == CallState::Ringback);
}

fn no_transfer_busy(p: &mut Play) {
    not_transferred_to(p, "5550121", |state| matches!(state, CallState::Busy(_)));
}

fn not_transferred_to(p: &mut Play, number: &str, is: impl Fn(CallState) -> bool) {
    let (a, _) = p.talk();
    if !p.can(a, CallFeatures::SETUP_TRANSFER) {
        assert_eq!(p.s.transfer(a, a), Err(LineErr::OPERATIONUNAVAIL));
        return p.hang_up(a);
    }
    let c = p.consult(a);
    p.dials(c, number, is);
    let there = p.announced().address.call_features2.contains(CallFeatures2::TRANSFER_NORMAL);
    let error = if there { LineErr::INVALCALLSTATE } else { LineErr::OPERATIONUNAVAIL };
    assert_eq!(p.s.transfer(a, c), Err(error));
    p.with(1, &["5550100 active"], &[]);
    p.wants_way_back(Second::Alerts);
    p.s.drop_one(c).expect("a way back");
    p.s.becomes(a, ACTIVE);
    p.talking(0, 1);
    p.check_wire();
    p.hang_up(a);
}

fn transfer_busy(p: &mut Play) {
    let (a, b) = p.talk();
    let c = p.consult(a);
    p.dials(c, "5550121", |state| matches!(state, CallState::Busy(_)));
    wants_transfer(p);
    p.s.transfer(a, c).expect("one is busy");
    p.s.becomes(c, CallState::Idle);
    p.with(0, &[], &[]);
    p.s.ends(b);
}

fn transfer_conference(p: &mut Play) {
    let (a, c, _, _) = p.pair();
    for (held, consultation) in [(c, a), (a, a)] {
        assert_eq!(p.s.conference(held, consultation).unwrap_err(), LineErr::INVALCALLSTATE, "wrong partners");
    }
    p.wants_service(Service::Join, &Fill::default());
    let from = p.mark();
    let all = p.s.conference(a, c).expect("both talk");
    p.keep(all);
    let names = [("A", a), ("C", c), ("P", all)];
    p.story(from, &names, &["ok", "P Connected(Active)", "A Conferenced(P)", "C Conferenced(P)"]);
    p.in_conference();
    assert_eq!(p.s.conference(a, c).unwrap_err(), LineErr::INVALCALLSTATE, "they are in one");
    let from = p.mark();
    p.hang_up(all);
    p.story(from, &names, &["ok", "P Idle", "A Idle", "C Idle"]);
}

fn no_join(p: &mut Play) {
    let (a, _) = p.talk();
    let none = p.error(CallFeatures::COMPLETE_TRANSFER, LineErr::INVALCALLSTATE);
    assert_eq!(p.s.conference(a, a).unwrap_err(), none);
    if !p.can(a, CallFeatures::SETUP_TRANSFER) {
        return p.hang_up(a);
    }
    let c = p.consult(a);
    let d = p.reach(c);
    assert_eq!(p.s.conference(a, c).unwrap_err(), LineErr::OPERATIONUNAVAIL, "this mode is not there");
    p.holding(Some(2), 1);
    p.leave_pair(a, c, d);
}

fn blind(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.blind_transfer(a, "55x"), Err(LineErr::INVALADDRESS));
    let number = p.s.digits_of(&number_of(2));
    p.wants_service(Service::BlindTransfer, &Fill { number: Some(&number), ..Fill::default() });
    if p.wanted.last().is_none_or(|last| last != "on") {
        p.wants(&["on"]);
    }
    let from = p.mark();
    p.s.blind_transfer(a, &number_of(2)).expect("it talks");
    p.story(from, &[("A", a)], &["ok", "A Idle"]);
    let d = p.offered(2);
    p.s.answer(d).expect("it rings");
    p.talking(1, 2);
    p.with(0, &[], &[]);
    p.check_wire();
    assert_eq!(p.s.blind_transfer(a, &number_of(2)), Err(LineErr::INVALCALLSTATE));
}

fn no_blind(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.blind_transfer(a, &number_of(2)), Err(LineErr::OPERATIONUNAVAIL));
    p.talking(0, 1);
    p.hang_up(a);
}

// ---- conference ----

/// SetupConference with a call: the conference and its consultation call.
#[track_caller]
fn set_up(p: &mut Play, a: Call) -> (Call, Call) {
    p.wants_consult();
    let from = p.mark();
    let (all, c) = p.s.set_up_conference(a).expect("it talks");
    p.calls.extend([all, c]);
    let tone = if p.plan.recall.dial_tone { "C DialTone(Special)" } else { "C Dialing" };
    let names = [("A", a), ("P", all), ("C", c)];
    p.story(from, &names, &["ok", "P OnHoldPendingConference", "A Conferenced(P)", tone]);
    p.holding(None, 1);
    p.check_wire();
    (all, c)
}

fn setup_conference(p: &mut Play) {
    let (a, _) = p.talk();
    let (all, c) = set_up(p, a);
    for call in [a, all, c] {
        assert_eq!(p.s.set_up_conference(call).unwrap_err(), LineErr::INVALCALLSTATE);
    }
    assert_eq!(p.s.add(all, c), Err(LineErr::INVALCALLSTATE), "nobody is there yet");
    p.wants_way_back(Second::Dials);
    let from = p.mark();
    p.s.drop_one(c).expect("it can be dropped");
    p.story(from, &[("A", a), ("P", all), ("C", c)], &["ok", "C Idle", "P Connected(Active)"]);
    p.talking(0, 1);
    p.check_wire();
    p.hang_up(all);
    p.s.becomes(a, CallState::Idle);
}

fn no_conference(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.set_up_conference(a).unwrap_err(), LineErr::OPERATIONUNAVAIL);
    p.talking(0, 1);
    p.hang_up(a);
}

fn gather(p: &mut Play) {
    p.wants(&["off"]);
    let from = p.mark();
    let (all, a) = p.s.gathering(None).expect("the line is idle");
    p.calls.extend([all, a]);
    let names = [("P", all), ("A", a)];
    p.story(from, &names, &["ok", "P OnHoldPendingConference", "A DialTone(Normal)"]);
    p.check_wire();
    assert_eq!(p.s.gathering(None).unwrap_err(), LineErr::INUSE, "the line is in use");
    assert_eq!(p.s.add(all, a), Err(LineErr::INVALCALLSTATE), "nobody is there");
    p.dials(a, &number_of(1), |state| state == CallState::Ringback);
    let b = p.offered(1);
    p.s.answer(b).expect("it rings");
    p.s.becomes(a, ACTIVE);
    p.talking(0, 1);
    // Its only member: the exchange has nothing to do.
    let from = p.mark();
    p.s.add(all, a).expect("it talks");
    p.story(from, &names, &["ok", "A Conferenced(P)", "P Connected(Active)"]);
    p.talking(0, 1);
    p.check_wire();
    p.wants_consult();
    let c = p.s.prepare_add(all).expect("it talks, and has room");
    p.keep(c);
    p.reach(c);
    p.holding(Some(2), 1);
    p.wants_service(Service::Join, &Fill::default());
    let from = p.mark();
    p.s.add(all, c).expect("it talks");
    p.story(from, &[("P", all), ("C", c)], &["ok", "C Conferenced(P)", "P Connected(Active)"]);
    p.in_conference();
    let from = p.mark();
    p.hang_up(all);
    p.story(from, &[("P", all), ("A", a), ("C", c)], &["ok", "P Idle", "A Idle", "C Idle"]);
}

fn no_gathering(p: &mut Play) {
    assert_eq!(p.s.gathering(None).unwrap_err(), LineErr::OPERATIONUNAVAIL);
}

fn prepare(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.prepare_add(a).unwrap_err(), LineErr::INVALCALLSTATE, "no conference");
    let (all, c) = set_up(p, a);
    assert_eq!(p.s.prepare_add(all).unwrap_err(), LineErr::INVALCALLSTATE, "there is one already");
    p.dials(c, "5550121", |state| matches!(state, CallState::Busy(_)));
    p.wants_way_back(Second::Alerts);
    p.s.drop_one(c).expect("a way back");
    p.s.becomes(all, ACTIVE);
    p.talking(0, 1);
    p.wants_consult();
    let from = p.mark();
    let c = p.s.prepare_add(all).expect("it talks, and has room");
    p.keep(c);
    let tone = if p.plan.recall.dial_tone { "C DialTone(Special)" } else { "C Dialing" };
    p.story(from, &[("A", a), ("P", all), ("C", c)], &["ok", "P OnHoldPendingConference", tone]);
    p.holding(None, 1);
    p.reach(c);
    p.holding(Some(2), 1);
    p.wants_service(Service::Join, &Fill::default());
    p.s.add(all, c).expect("it talks");
    p.in_conference();
    assert_eq!(p.s.prepare_add(all).unwrap_err(), LineErr::CONFERENCEFULL);
    p.hang_up(all);
}

fn no_prepare(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.prepare_add(a).unwrap_err(), LineErr::OPERATIONUNAVAIL);
    p.hang_up(a);
}

fn add(p: &mut Play) {
    let (a, b) = p.talk();
    let (all, c) = set_up(p, a);
    p.reach(c);
    p.holding(Some(2), 1);
    let wrong = LineErr::INVALCALLHANDLE;
    for (conference, call, error) in
        [(c, all, LineErr::INVALCALLSTATE), (a, c, LineErr::INVALCALLSTATE), (all, a, wrong), (all, all, wrong)]
    {
        assert_eq!(p.s.add(conference, call), Err(error), "wrong partners");
    }
    assert!(p.s.add(all, b).is_err(), "a call of another line");
    p.holding(Some(2), 1);
    p.wants_service(Service::Join, &Fill::default());
    let from = p.mark();
    p.s.add(all, c).expect("it talks");
    p.story(from, &[("A", a), ("P", all), ("C", c)], &["ok", "C Conferenced(P)", "P Connected(Active)"]);
    p.in_conference();
    assert_eq!(p.s.add(all, c), Err(LineErr::INVALCALLHANDLE), "it is in");
    for member in [a, c] {
        assert_eq!(p.s.hold(member).unwrap_err(), p.error(CallFeatures::HOLD, LineErr::INVALCALLSTATE));
        assert_eq!(p.s.consult(member).unwrap_err(), LineErr::INVALCALLSTATE);
    }
    p.hang_up(all);
    for call in [a, c] {
        p.s.becomes(call, CallState::Idle);
    }
}

fn no_add(p: &mut Play) {
    let (a, _) = p.talk();
    assert_eq!(p.s.add(a, a), Err(LineErr::INVALCALLHANDLE), "one call is no two");
    p.hang_up(a);
}

fn remove(p: &mut Play, last: bool) {
    let (all, a, c) = p.three();
    assert_eq!(p.s.remove(all), Err(LineErr::INVALCALLSTATE), "no member");
    if p.announced().address.remove_from_conference != REMOVE_ANY {
        assert_eq!(p.s.remove(a), Err(LineErr::INVALCALLSTATE), "only the last one can be dropped");
    }
    p.in_conference();
    let (out, left, line, gone) = if last { (c, a, 1, 2) } else { (a, c, 2, 1) };
    let way = p.way_out(last).expect("it is offered");
    p.wants(&way.iter().map(String::as_str).collect::<Vec<_>>());
    let from = p.mark();
    p.s.remove(out).expect("it is in");
    let names = [("OUT", out), ("P", all), ("LEFT", left)];
    p.story(from, &names, &["ok", "OUT Idle", "P Idle", "LEFT Connected(Active)"]);
    p.talking(0, line);
    p.with(gone, &[], &[]);
    p.check_wire();
    assert_eq!(p.s.remove(out), Err(LineErr::INVALCALLSTATE), "it is out");
    p.hang_up(left);
}

fn no_remove_first(p: &mut Play) {
    if !p.announced().address.call_features.contains(CallFeatures::REMOVE_FROM_CONFERENCE) {
        return no_remove(p);
    }
    let (all, a, _) = p.three();
    assert_eq!(p.s.remove(a), Err(LineErr::INVALCALLSTATE));
    p.in_conference();
    p.hang_up(all);
}

fn no_remove(p: &mut Play) {
    let (a, _) = p.talk();
    if !p.can(a, CallFeatures::SETUP_CONFERENCE) {
        assert_eq!(p.s.remove(a), Err(LineErr::OPERATIONUNAVAIL));
        return p.hang_up(a);
    }
    let (all, c) = set_up(p, a);
    p.reach(c);
    p.wants_service(Service::Join, &Fill::default());
    p.s.add(all, c).expect("it talks");
    p.in_conference();
    for member in [a, c] {
        assert_eq!(p.s.remove(member), Err(LineErr::OPERATIONUNAVAIL));
    }
    p.in_conference();
    p.hang_up(all);
}
