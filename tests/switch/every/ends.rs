//! Calls dropped and closed, in each state that they can be in.

use super::*;
use loopstart::provider::{BusyMode, DisconnectMode};

const CONSULT: &[Service] = &[Service::Consult];
const HOLD: &[Service] = &[Service::Hold, Service::Retrieve];
const CONFERENCE: &[Service] = &[Service::Consult, Service::Join];
const WAITING: &[Service] = &[Service::WaitingAnswer];

macro_rules! both {
    ($($state:literal = $script:ident $(.$method:ident($($argument:expr),*))*),* $(,)?) => {
        pub(super) const ROWS: &[Row] = &[
            $(Row::new("lineDrop", $state, |p| $script(p, How::Drop)) $(.$method($($argument),*))*,)*
            $(Row::new("lineCloseCall", $state, |p| $script(p, How::Close)) $(.$method($($argument),*))*,)*
        ];
    };
}

both! {
    "rings" = rings,
    "dial tone" = dial_tone,
    "being dialled" = being_dialled,
    "ringback" = ringback,
    "busy" = busy,
    "connected" = connected,
    "disconnected" = disconnected,
    "on hold" = on_hold.needs(HOLD, can_hold, nothing).but(|_| Some("holding ends on hook")),
    "consultation at dial tone" = at_dial_tone.needs(CONSULT, consults, nothing),
    "consultation that rings" = consultation_rings.needs(CONSULT, consults, nothing).lines(3),
    "consultation that is busy" = consultation_busy.needs(CONSULT, consults, nothing),
    "consultation that talks" = consultation_talks.needs(CONSULT, consults, nothing).lines(3),
    "held while the other talks" = held_of_two.needs(CONSULT, consults, nothing).lines(3),
    "conference" = conference.needs(CONFERENCE, conferences, nothing).lines(3),
    "member that came last" = last_member.needs(CONFERENCE, conferences, nothing).lines(3),
    "member that came first" = first_member.needs(CONFERENCE, conferences, nothing).lines(3),
    "waiting" = waiting.needs(WAITING, waits, nothing).lines(3),
    "waited, and taken" = waited.needs(WAITING, waits, nothing).lines(3),
}

fn can_hold(can: &Announced, _: &Plan) -> bool {
    can.address.call_features.contains(CallFeatures::HOLD)
}

fn consults(can: &Announced, _: &Plan) -> bool {
    can.address.call_features.contains(CallFeatures::SETUP_TRANSFER)
}

fn conferences(can: &Announced, _: &Plan) -> bool {
    can.address.call_features.contains(CallFeatures::SETUP_CONFERENCE)
}

fn waits(can: &Announced, _: &Plan) -> bool {
    can.address.features.contains(AddressFeatures::PICKUP_WAITING)
}

/// A call cannot get there: what would lead there is refused, as its own row shows.
fn nothing(p: &mut Play) {
    let (a, _) = p.talk();
    p.hang_up(a);
}

/// How a call is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Drop,
    /// Closed: no message, and what is up on it ends behind the host's back.
    Close,
}

impl Play {
    /// Ends a call; these words follow on the wire, and these messages about it and others are told: about the call itself
    /// only when it is not closed.
    #[track_caller]
    fn ends(&mut self, how: How, call: Call, wire: &[&str], names: &[(&str, Call)], told: &[&str]) {
        self.wants(wire);
        let from = self.mark();
        match how {
            How::Drop => {
                self.s.drop_one(call).expect("it can be dropped");
                self.story(from, names, told);
                assert_eq!(self.s.state(call), CallState::Idle);
                let late = self.error(CallFeatures::HOLD, LineErr::INVALCALLSTATE);
                self.refuses(late, |request| Command::Hold { request, call: call.call });
            }
            How::Close => {
                self.s.rig.runtime.command(Command::CloseCall(call.call)).expect("it can be closed");
                let own = names.iter().find(|(_, named)| *named == call).map_or("?", |(name, _)| name);
                let others: Vec<&str> = told
                    .iter()
                    .copied()
                    .filter(|line| *line != "ok" && !line.starts_with(&format!("{own} ")))
                    .collect();
                self.story(from, names, &others);
                self.refuses(LineErr::INVALCALLHANDLE, |request| Command::Drop { request, call: call.call });
            }
        }
    }
}

fn rings(p: &mut Play, how: How) {
    let _caller = p.rings(1, &number_of(0));
    let a = p.offered(0);
    p.ends(how, a, &[], &[("A", a)], &["ok", "A Idle"]);
    p.with(0, &[], &[]);
}

fn dial_tone(p: &mut Play, how: How) {
    p.wants(&["off"]);
    let (line, host, params) = (p.s.rig.lines[0], HostCall(900), CallParams::default());
    let seize = |request| Command::MakeCall { request, line, host, address: None, country: 0, params };
    let Ok(Reply::Call(call)) = p.s.does(seize) else { panic!("no call") };
    let a = p.keep(Call { host, call });
    p.s.becomes(a, CallState::DialTone(loopstart::provider::DialToneMode::Normal));
    p.ends(how, a, &["on"], &[("A", a)], &["ok", "A Idle"]);
}

fn being_dialled(p: &mut Play, how: How) {
    p.wants(&["off"]);
    p.wants_number("555");
    let a = p.s.call(0, "555;", |state| state == CallState::Dialing);
    p.keep(a);
    p.check_wire();
    p.ends(how, a, &["on"], &[("A", a)], &["ok", "A Idle"]);
}

fn ringback(p: &mut Play, how: How) {
    let a = p.calls(&number_of(1), |state| state == CallState::Ringback);
    let b = p.offered(1);
    p.with(0, &["5550101 calling"], &[]);
    p.ends(how, a, &["on"], &[("A", a)], &["ok", "A Idle"]);
    p.s.ends(b);
}

fn busy(p: &mut Play, how: How) {
    let a = p.calls("5550121", |state| state == CallState::Busy(BusyMode::Station));
    p.ends(how, a, &["on"], &[("A", a)], &["ok", "A Idle"]);
}

fn connected(p: &mut Play, how: How) {
    let (a, b) = p.talk();
    p.ends(how, a, &["on"], &[("A", a)], &["ok", "A Idle"]);
    p.s.becomes(b, CallState::Disconnected(DisconnectMode::Normal));
    p.with(1, &[], &[]);
}

fn disconnected(p: &mut Play, how: How) {
    let (a, b) = p.talk();
    p.s.drop_one(b).expect("it talks");
    p.s.becomes(a, CallState::Disconnected(DisconnectMode::Normal));
    p.check_wire();
    p.ends(how, a, &["on"], &[("A", a)], &["ok", "A Idle"]);
}

fn on_hold(p: &mut Play, how: How) {
    let (a, b) = p.talk();
    p.wants_service(Service::Hold, &Fill::default());
    p.s.hold(a).expect("it talks");
    p.s.becomes(a, CallState::OnHold);
    p.holding(None, 1);
    // Back to it first: hung up while held it would be given back by ringing.
    let back = p.plan.service(Service::Retrieve).is_some_and(|way| !way.steps().contains(&Step::OnHook));
    if how == How::Drop || back && p.plan.on_hook(Moment::ConsultDialing) == OnHook::RingsBack {
        p.wants_way_back(Second::None);
    }
    p.ends(how, a, &["on"], &[("A", a)], &["A Connected(Active)", "ok", "A Idle"]);
    p.with(0, &[], &[]);
    p.s.ends(b);
}

/// What is left is the first call, and line 0 hangs up.
#[track_caller]
fn first_is_left(p: &mut Play, a: Call) {
    p.s.becomes(a, ACTIVE);
    p.talking(0, 1);
    p.check_wire();
    p.hang_up(a);
}

fn way(p: &Play, from: Second) -> Vec<String> {
    p.way_back(from).expect("a way back")
}

fn refs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

const BACK: [&str; 3] = ["ok", "C Idle", "A Connected(Active)"];

fn at_dial_tone(p: &mut Play, how: How) {
    let (a, _) = p.talk();
    let c = p.consult(a);
    p.holding(None, 1);
    let way = way(p, Second::Dials);
    p.ends(how, c, &refs(&way), &[("A", a), ("C", c)], &BACK);
    first_is_left(p, a);
}

fn consultation_rings(p: &mut Play, how: How) {
    let (a, _) = p.talk();
    let c = p.consult(a);
    p.dials(c, &number_of(2), |state| state == CallState::Ringback);
    let d = p.offered(2);
    let way = way(p, Second::Alerts);
    p.ends(how, c, &refs(&way), &[("A", a), ("C", c)], &BACK);
    p.s.ends(d);
    first_is_left(p, a);
}

fn consultation_busy(p: &mut Play, how: How) {
    let (a, _) = p.talk();
    let c = p.consult(a);
    p.dials(c, "5550121", |state| matches!(state, CallState::Busy(_)));
    p.holding(None, 1);
    let way = way(p, Second::Alerts);
    p.ends(how, c, &refs(&way), &[("A", a), ("C", c)], &BACK);
    first_is_left(p, a);
}

fn consultation_talks(p: &mut Play, how: How) {
    let (a, c, _, d) = p.pair();
    match p.way_back(Second::Talks) {
        Some(way) => {
            p.ends(how, c, &refs(&way), &[("A", a), ("C", c)], &BACK);
            p.s.ends(d);
            first_is_left(p, a);
        }
        None if how == How::Drop => {
            assert!(!p.can(c, CallFeatures::DROP));
            assert_eq!(p.s.drop_one(c), Err(LineErr::OPERATIONUNAVAIL));
            p.leave_pair(a, c, d);
        }
        // Nobody wants it any more, and there is no way to leave it alone: the line is hung up.
        None => {
            p.ends(how, c, &["on"], &[("C", c)], &[]);
            p.s.ends(a);
        }
    }
}

fn held_of_two(p: &mut Play, how: How) {
    let (a, c, b, d) = p.pair();
    let way = p.plan.service(Service::ReleaseHeld).map(|procedure| wire::of(procedure, &Fill::default()));
    match (way, how) {
        (Some(way), _) => {
            p.ends(how, a, &refs(&way), &[("A", a), ("C", c)], &["ok", "A Idle"]);
            p.s.ends(b);
            p.talking(0, 2);
            p.hang_up(c);
        }
        (None, How::Drop) => {
            assert_eq!(p.s.drop_one(a), Err(LineErr::OPERATIONUNAVAIL));
            p.holding(Some(2), 1);
            p.leave_pair(a, c, d);
        }
        // The exchange goes on holding it.
        (None, How::Close) => {
            p.ends(how, a, &[], &[("A", a), ("C", c)], &[]);
            p.holding(Some(2), 1);
            p.wants(&["on"]);
            p.s.drop_one(c).expect("nobody is held for the host");
            p.s.becomes(c, CallState::Idle);
        }
    }
}

/// Line 0 is out of a conference: what the plan says of the others.
#[track_caller]
fn others(p: &mut Play) {
    match p.plan.on_hook(Moment::Conference) {
        OnHook::Joins => p.talking(1, 2),
        OnHook::Releases => {
            p.with(1, &[], &[]);
            p.with(2, &[], &[]);
        }
        OnHook::RingsBack => {}
    }
}

fn conference(p: &mut Play, how: How) {
    let (c, a, b) = p.three();
    // Some exchanges take a hook that goes on soon after a flash for another wish.
    p.rests(p.plan.on_hook_guard);
    p.ends(how, c, &["on"], &[("P", c), ("A", a), ("C", b)], &["ok", "P Idle", "A Idle", "C Idle"]);
    p.with(0, &[], &[]);
    p.check_wire();
    others(p);
}

fn last_member(p: &mut Play, how: How) {
    member(p, how, true);
}

fn first_member(p: &mut Play, how: How) {
    member(p, how, false);
}

fn member(p: &mut Play, how: How, last: bool) {
    let (c, a, b) = p.three();
    let (out, left, line) = if last { (b, a, 1) } else { (a, b, 2) };
    match (how, p.way_out(last)) {
        (How::Drop, Some(way)) => {
            let told = ["ok", "OUT Idle", "P Idle", "LEFT Connected(Active)"];
            p.ends(how, out, &refs(&way), &[("P", c), ("OUT", out), ("LEFT", left)], &told);
            p.talking(0, line);
            p.check_wire();
            p.hang_up(left);
        }
        (How::Drop, None) => {
            assert_eq!(p.s.drop_one(out), Err(LineErr::OPERATIONUNAVAIL));
            p.in_conference();
            p.hang_up(c);
        }
        // The bridge is as before: the host has given up his handle of one who is in it.
        (How::Close, _) => {
            p.ends(how, out, &[], &[("P", c), ("OUT", out), ("LEFT", left)], &[]);
            p.in_conference();
            p.hang_up(c);
        }
    }
}

fn waiting(p: &mut Play, how: How) {
    let (a, _) = p.talk();
    let (caller, w) = p.waits();
    let way = p.plan.service(Service::WaitingReject).map(|procedure| wire::of(procedure, &Fill::default()));
    match way.filter(|_| how == How::Drop) {
        Some(way) => {
            p.ends(how, w, &refs(&way), &[("A", a), ("W", w)], &["ok", "W Idle"]);
            // Its ringing tone has ended and busy tone begun: either is heard as what it is.
            p.s.ends(caller);
            p.with(2, &[], &[]);
        }
        // Nobody is told: the caller hears on, and gives up.
        None => {
            p.ends(how, w, &[], &[("A", a), ("W", w)], &["ok", "W Idle"]);
            p.with(0, &["5550101 active", "5550102 waiting"], &["5550101"]);
            assert_eq!(p.s.state(caller), CallState::Ringback);
            p.s.drop_one(caller).expect("it rings");
        }
    }
    p.talking(0, 1);
    p.hang_up(a);
}

fn waited(p: &mut Play, how: How) {
    let (a, _) = p.talk();
    let (caller, w) = p.waits();
    p.wants_service(Service::WaitingAnswer, &Fill::default());
    p.s.answer(w).expect("it waits");
    p.s.becomes(w, ACTIVE);
    p.holding(Some(2), 1);
    p.check_wire();
    match p.way_back(Second::Waited) {
        Some(way) => {
            p.ends(how, w, &refs(&way), &[("A", a), ("W", w)], &["ok", "W Idle", "A Connected(Active)"]);
            p.s.ends(caller);
            first_is_left(p, a);
        }
        None => panic!("no plan is without a way back from a call that waited"),
    }
}
