//! Conferences that begin on an idle line, with nobody in them.

use super::*;
use loopstart_signal::plan::{Plan, Subscribed};

const OFF_HOOK: LineEvent = LineEvent::OffHook;

fn idle(plan: &str) -> Rig {
    Rig::of_plan(Plan::subscribed(plan, Subscribed::all()).unwrap())
}

impl Rig {
    fn set_up(&mut self, params: CallParams) -> Result<(CallHandle, CallHandle), LineErr> {
        let (request, line) = (self.request(), self.line);
        self.next_host += 2;
        let (host_conference, host_consultation) = (HostCall(self.next_host - 1), HostCall(self.next_host));
        let command = Command::SetupConference {
            request,
            call: None,
            line: Some(line),
            host_conference,
            host_consultation,
            parties: 3,
            params,
        };
        match self.command(command)? {
            Reply::Conference { conference, consultation } => Ok((conference, consultation)),
            other => panic!("{other:?}"),
        }
    }

    /// An empty conference and its first call at dial tone.
    fn gathering(plan: &str) -> (Self, CallHandle, CallHandle) {
        let mut rig = idle(plan);
        let (conference, first) = rig.set_up(CallParams::default()).unwrap();
        send!(rig, OFF_HOOK);
        rig.ok("Seize");
        send!(rig, tone(ProgressTone::Dial));
        rig.words();
        rig.call = Some(first);
        (rig, conference, first)
    }

    /// The call at dial tone is dialled and answered.
    fn answered(&mut self, call: CallHandle) {
        self.call = Some(call);
        self.dial("5550101").unwrap();
        send!(self, LineEvent::Dialing, LineEvent::Dialed);
        self.ok("Dial");
        send!(self, tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::RingbackStopped));
        self.words();
    }

    fn add(&mut self, conference: CallHandle, call: CallHandle) -> Result<Reply, LineErr> {
        let request = self.request();
        self.command(Command::AddToConference { request, conference, call })
    }

    fn end(&mut self, call: CallHandle) -> Result<Reply, LineErr> {
        let request = self.request();
        self.command(Command::Drop { request, call })
    }

    fn may(&self, call: CallHandle) -> CallFeatures {
        self.provider.call_status(call).unwrap().features
    }

    fn address_may(&self) -> AddressFeatures {
        self.provider.address_status(self.line, 0).unwrap().features
    }
}

#[test]
fn an_empty_conference_gathers_two_parties() {
    let mut rig = idle("nanp");
    let caps = rig.provider.address_caps(DEVICE, 0).unwrap();
    // LINEADDRCAPFLAGS_SETUPCONFNULL.
    assert!(caps.features.contains(AddressFeatures::SETUP_CONFERENCE) && caps.flags & 0x200 != 0);
    assert!(rig.address_may().contains(AddressFeatures::SETUP_CONFERENCE));
    let (conference, first) = rig.set_up(CallParams::default()).unwrap();
    expect!(rig, "Seize");
    assert!(!rig.address_may().contains(AddressFeatures::SETUP_CONFERENCE));
    send!(rig, OFF_HOOK);
    expect!(rig, "ok 1", "101 OnHoldPendingConference");
    rig.ok("Seize");
    send!(rig, tone(ProgressTone::Dial));
    expect!(rig, "102 DialTone(Normal)");
    let number = |rig: &Rig, call| rig.provider.call_info(call).unwrap().call_id;
    assert_eq!(rig.provider.call_info(conference).unwrap().origin, CallOrigin::Conference);
    assert_eq!(rig.provider.call_info(first).unwrap().related_call_id, number(&rig, conference));
    assert_eq!(rig.add(conference, first), Err(LineErr::INVALCALLSTATE), "nobody is there");
    assert_eq!(rig.provider.line_status(rig.line).unwrap().held_pending_calls, 1);
    rig.answered(first);
    assert!(rig.may(first).contains(CallFeatures::ADD_TO_CONFERENCE));
    assert!(rig.may(conference).contains(CallFeatures::ADD_TO_CONFERENCE | CallFeatures::DROP));
    assert!(!rig.may(conference).contains(CallFeatures::UNHOLD), "nobody is held");
    rig.add(conference, first).unwrap();
    expect!(rig, "ok 4", "102 Conferenced(HostCall(101))", "101 Connected(Active)");
    // The second as in any conference.
    assert!(rig.may(conference).contains(CallFeatures::PREPARE_ADD_TO_CONFERENCE));
    let (request, host) = (rig.request(), HostCall(200));
    let params = CallParams::default();
    let made = rig.command(Command::PrepareAddToConference { request, conference, host, params }).unwrap();
    let Reply::Call(second) = made else { panic!("{made:?}") };
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "Flash(550ms)", "ok 5", "101 OnHoldPendingConference", "200 DialTone(Special)");
    rig.answered(second);
    rig.add(conference, second).unwrap();
    rig.ok("Flash");
    expect!(rig, "Flash(550ms)", "ok 7", "200 Conferenced(HostCall(101))", "101 Connected(Active)");
    // The conference ends with all.
    rig.end(conference).unwrap();
    rig.wait_ms(2_500);
    rig.ok("Release");
    expect!(rig, "Release", "ok 8", "101 Idle", "102 Idle", "200 Idle");
}

#[test]
fn without_its_first_call_an_empty_conference_ends() {
    let (mut rig, conference, first) = Rig::gathering("etsi");
    rig.answered(first);
    send!(rig, tone(ProgressTone::Busy));
    expect!(rig, "102 Disconnected(Normal)");
    rig.end(first).unwrap();
    rig.ok("Release");
    expect!(rig, "Release", "ok 3", "102 Idle", "101 Idle");
    assert_eq!(rig.may(conference), CallFeatures::empty());
    rig.wait_ms(1_600);
    assert!(rig.address_may().contains(AddressFeatures::SETUP_CONFERENCE));
    // Closed instead.
    let (mut rig, _, first) = Rig::gathering("etsi");
    rig.command(Command::CloseCall(first)).unwrap();
    expect!(rig, "Release", "101 Idle");
}

#[test]
fn without_its_conference_the_first_call_is_an_ordinary_one() {
    for close in [false, true] {
        let (mut rig, conference, first) = Rig::gathering("nanp");
        rig.answered(first);
        assert!(!rig.may(first).contains(CallFeatures::HOLD), "it is promised to the conference");
        if close {
            rig.command(Command::CloseCall(conference)).unwrap();
            expect!(rig);
        } else {
            rig.end(conference).unwrap();
            expect!(rig, "ok 3", "101 Idle");
        }
        assert_eq!(rig.state(), CallState::Connected(ConnectedMode::Active));
        assert!(rig.may(first).contains(CallFeatures::HOLD | CallFeatures::SETUP_CONFERENCE));
        assert!(rig.add(conference, first).is_err());
    }
}

#[test]
fn what_cannot_be_set_up_leaves_nothing() {
    // The line rings.
    let mut rig = idle("nanp");
    let (conference, first) = rig.set_up(CallParams::default()).unwrap();
    rig.fail("Seize", Failure::Glare);
    expect!(rig, "Seize", "CALLUNAVAIL 1");
    for call in [conference, first] {
        assert_eq!(rig.provider.call_status(call).unwrap().state, CallState::Idle);
    }
    assert!(rig.address_may().contains(AddressFeatures::SETUP_CONFERENCE));
    // The device goes.
    let (mut rig, ..) = Rig::gathering("nanp");
    send!(rig, lost(Loss::Silent));
    let words = rig.words();
    assert!(words.contains(&"101 Disconnected(Unknown)".into()) && words.contains(&"102 Disconnected(Unknown)".into()));
    // The line is in use, or has no such thing.
    let busy = |mut rig: Rig| rig.set_up(CallParams::default()).map(|_| ());
    assert_eq!(busy(idle("nanp").connected()), Err(LineErr::INUSE));
    assert_eq!(busy(idle("nanp").offered()), Err(LineErr::CALLUNAVAIL));
    assert_eq!(busy(idle("plain")), Err(LineErr::OPERATIONUNAVAIL));
    let no_hold = CallParams { flags: CallParamFlags::NO_HOLD_CONFERENCE, ..CallParams::default() };
    assert_eq!(idle("nanp").set_up(no_hold).map(|_| ()), Err(LineErr::OPERATIONUNAVAIL), "a flash holds");
}

#[test]
fn its_first_call_may_be_dialled_by_itself() {
    let mut rig = idle("nanp");
    let target = Some(Address("5550101".into()));
    let params = CallParams { flags: CallParamFlags::ONE_STEP_TRANSFER, target, ..CallParams::default() };
    let (conference, first) = rig.set_up(params).unwrap();
    expect!(rig, "Dial 5550101");
    send!(rig, OFF_HOOK, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    send!(rig, LineEvent::Answered(AnswerWitness::RingbackStopped));
    rig.words();
    rig.add(conference, first).unwrap();
    expect!(rig, "ok 2", "102 Conferenced(HostCall(101))", "101 Connected(Active)");
    // It is the only one: when it goes the conference is over.
    send!(rig, tone(ProgressTone::Reorder));
    expect!(rig, "101 Disconnected(Normal)", "102 Disconnected(Normal)");
}

#[test]
fn hanging_up_a_conference_of_one_brings_nobody_back() {
    let (mut rig, conference, first) = Rig::gathering("etsi");
    rig.answered(first);
    rig.add(conference, first).unwrap();
    rig.words();
    rig.end(conference).unwrap();
    rig.ok("Release");
    rig.words();
    // Somebody new.
    rig.wait_ms(1_600);
    send!(rig, RING);
    expect!(rig, "offer");
}

#[test]
fn a_call_that_waits_can_be_the_first() {
    let (mut rig, conference, first) = Rig::gathering("nanp");
    rig.answered(first);
    send!(rig, LineEvent::CallWaiting);
    rig.take(true);
    rig.words();
    rig.answer().unwrap();
    rig.ok("Flash");
    rig.words();
    let second = rig.call();
    assert!(!rig.may(conference).contains(CallFeatures::ADD_TO_CONFERENCE), "another is held");
    rig.end(first).unwrap_err();
    // The held one comes back when this one ends; then it is the first.
    rig.end(second).unwrap();
    rig.wait_ms(2_600);
    rig.ok("Release");
    send!(rig, RING);
    rig.ok("Answer");
    rig.words();
    rig.add(conference, first).unwrap();
    assert_eq!(rig.provider.call_status(conference).unwrap().state, CallState::Connected(ConnectedMode::Active));
}

/// A conference of three: its parent, the first member, the last.
fn three(plan: &str) -> (Rig, CallHandle, [CallHandle; 2]) {
    let mut rig = idle(plan).connected();
    let first = rig.call();
    let (request, host) = (rig.request(), HostCall(102));
    let params = CallParams::default();
    let made = rig.command(Command::SetupTransfer { request, call: first, host, params }).unwrap();
    let Reply::Call(last) = made else { panic!("{made:?}") };
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.answered(last);
    let request = rig.request();
    let mode = TransferMode::Conference { host: HostCall(103) };
    let command = Command::CompleteTransfer { request, call: first, consultation: last, mode };
    let Reply::Call(conference) = rig.command(command).unwrap() else { panic!() };
    rig.ordered();
    rig.words();
    (rig, conference, [first, last])
}

impl Rig {
    /// A flash, or a flash and an order, is carried out, and nobody speaks against it.
    fn ordered(&mut self) {
        self.ok("Flash");
        send!(self, tone(ProgressTone::StutterDial));
        if self.acts.iter().any(|(_, act)| act.starts_with("Dial"))
            || self.words().iter().any(|w| w.starts_with("Dial"))
        {
            self.ok("Dial");
        }
        self.wait_ms(2_500);
    }

    fn remove(&mut self, call: CallHandle) -> Result<Reply, LineErr> {
        let request = self.request();
        self.command(Command::RemoveFromConference { request, call })
    }
}

#[test]
fn either_member_is_removed_by_orders() {
    for (n, order, left) in [(1, "Dial 1;", "101 Connected(Active)"), (0, "Dial 0;", "102 Connected(Active)")] {
        let (mut rig, conference, members) = three("etsi");
        assert_eq!(rig.provider.address_caps(DEVICE, 0).unwrap().remove_from_conference, 3, "LINEREMOVEFROMCONF_ANY");
        for member in members {
            assert!(rig.may(member).contains(CallFeatures::REMOVE_FROM_CONFERENCE | CallFeatures::DROP));
        }
        rig.remove(members[n]).unwrap();
        // Split first: the last one is the one that one talks to.
        expect!(rig, "Flash(100ms)");
        rig.ok("Flash");
        send!(rig, tone(ProgressTone::StutterDial));
        expect!(rig, "Dial 2;");
        rig.ok("Dial");
        rig.wait_ms(2_500);
        expect!(rig);
        rig.wait_ms(700);
        expect!(rig, "Flash(100ms)");
        rig.ok("Flash");
        send!(rig, tone(ProgressTone::StutterDial));
        expect!(rig, order);
        rig.ok("Dial");
        rig.wait_ms(2_500);
        let gone = if n == 0 { "101 Idle" } else { "102 Idle" };
        expect!(rig, "ok 5", gone, "103 Idle", left);
        assert_eq!(rig.may(conference), CallFeatures::empty());
        assert!(rig.may(members[1 - n]).contains(CallFeatures::HOLD));
    }
}

#[test]
fn where_the_plan_has_an_order_for_it_that_is_used() {
    for (n, order) in [(0, "Dial 5;"), (1, "Dial 7;")] {
        let (mut rig, _, members) = three("gb");
        rig.end(members[n]).unwrap();
        rig.ok("Flash");
        send!(rig, tone(ProgressTone::StutterDial));
        expect!(rig, "Flash(100ms)", order);
    }
}

#[test]
fn a_split_conference_is_joined_again_when_nobody_can_be_removed() {
    let (mut rig, conference, members) = three("etsi");
    rig.remove(members[1]).unwrap();
    rig.ordered();
    rig.wait_ms(700);
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    rig.words();
    send!(rig, tone(ProgressTone::Reorder));
    expect!(rig, "OPERATIONFAILED 5", "Flash(100ms)");
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "Dial 3;");
    rig.ok("Dial");
    rig.wait_ms(2_500);
    expect!(rig);
    assert!(matches!(rig.provider.call_status(members[1]).unwrap().state, CallState::Conferenced(_)));
    assert!(rig.may(conference).contains(CallFeatures::DROP));
    // Refused at once: nothing was split.
    rig.remove(members[0]).unwrap();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::Reorder));
    expect!(rig, "Flash(100ms)", "OPERATIONFAILED 6");
}

#[test]
fn who_can_be_removed_follows_from_the_plan() {
    let caps = |plan: &str| idle(plan).provider.address_caps(DEVICE, 0).unwrap();
    for (plan, who) in [("plain", 1), ("nanp", 2), ("jp", 2), ("gb", 3), ("de", 3), ("in", 3)] {
        assert_eq!(caps(plan).remove_from_conference, who, "{plan}");
    }
    // Nobody knows who is active after a split.
    let mut builder = loopstart_signal::plan::Builder::named("etsi").unwrap().subscribed(Subscribed::all());
    builder.fact(&loopstart_signal::plan::FactText {
        key: "threeway.split_active",
        support: loopstart_signal::plan::Support::Yes,
        steps: "",
        value: "none",
        verified: false,
        source: "",
        note: "",
    });
    let rig = Rig::of_plan(Arc::new(builder.build().unwrap()));
    assert_eq!(rig.provider.address_caps(DEVICE, 0).unwrap().remove_from_conference, 1);
}

#[test]
fn who_is_released_after_a_split_depends_on_who_was_talked_to() {
    let mut rig = idle("etsi").connected();
    let first = rig.call();
    let (request, host) = (rig.request(), HostCall(102));
    let params = CallParams::default();
    let made = rig.command(Command::SetupTransfer { request, call: first, host, params }).unwrap();
    let Reply::Call(last) = made else { panic!("{made:?}") };
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    rig.answered(last);
    // Back to the first one: that is who is there after a split.
    let request = rig.request();
    rig.command(Command::SwapHold { request, active: last, held: first }).unwrap();
    rig.ordered();
    let (request, mode) = (rig.request(), TransferMode::Conference { host: HostCall(103) });
    let joined = rig.command(Command::CompleteTransfer { request, call: last, consultation: first, mode }).unwrap();
    assert!(matches!(joined, Reply::Call(_)));
    rig.ordered();
    rig.words();
    rig.remove(last).unwrap();
    rig.ordered();
    rig.wait_ms(700);
    rig.words();
    rig.ok("Flash");
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "Dial 0;");
}
