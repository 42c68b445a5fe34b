//! Hold, transfer, conference and call waiting, by the procedures of real plans.

use super::*;
use loopstart_signal::plan::{Plan, Subscribed};
use std::string::String;

/// A connected call on a line of this plan, with every service.
fn talking(plan: &str) -> Rig {
    Rig::of_plan(Plan::subscribed(plan, Subscribed::all()).unwrap()).connected()
}

impl Rig {
    fn host(&mut self) -> HostCall {
        self.next_host += 1;
        HostCall(self.next_host)
    }

    fn hold(&mut self, call: CallHandle) -> Result<Reply, LineErr> {
        let request = self.request();
        self.command(Command::Hold { request, call })
    }

    fn unhold(&mut self, call: CallHandle) -> Result<Reply, LineErr> {
        let request = self.request();
        self.command(Command::Unhold { request, call })
    }

    fn swap(&mut self, active: CallHandle, held: CallHandle) -> Result<Reply, LineErr> {
        let request = self.request();
        self.command(Command::SwapHold { request, active, held })
    }

    /// SetupTransfer; the consultation call.
    fn consult(&mut self, call: CallHandle) -> Result<CallHandle, LineErr> {
        let (request, host) = (self.request(), self.host());
        match self.command(Command::SetupTransfer { request, call, host, params: CallParams::default() })? {
            Reply::Call(call) => Ok(call),
            other => panic!("{other:?}"),
        }
    }

    fn complete_transfer(&mut self, call: CallHandle, consultation: CallHandle) -> Result<Reply, LineErr> {
        let request = self.request();
        self.command(Command::CompleteTransfer { request, call, consultation, mode: TransferMode::Transfer })
    }

    fn complete_conference(&mut self, call: CallHandle, consultation: CallHandle) -> Result<CallHandle, LineErr> {
        let (request, host) = (self.request(), self.host());
        let mode = TransferMode::Conference { host };
        match self.command(Command::CompleteTransfer { request, call, consultation, mode })? {
            Reply::Call(call) => Ok(call),
            other => panic!("{other:?}"),
        }
    }

    fn drop_one(&mut self, call: CallHandle) -> Result<Reply, LineErr> {
        let request = self.request();
        self.command(Command::Drop { request, call })
    }

    fn can(&self, call: CallHandle) -> CallFeatures {
        self.provider.call_status(call).unwrap().features
    }

    fn state_of(&self, call: CallHandle) -> CallState {
        self.provider.call_status(call).unwrap().state
    }

    /// The flash goes out and recall dial tone comes.
    fn recall(&mut self) {
        self.ok("Flash");
        self.event(tone(ProgressTone::StutterDial));
    }

    /// The consultation call is dialled and answered.
    fn reach(&mut self, call: CallHandle) {
        let request = self.request();
        self.command(Command::Dial { request, call, address: Address("5550101".into()), country: 0 }).unwrap();
        send!(self, LineEvent::Dialing, LineEvent::Dialed);
        self.ok("Dial");
        send!(self, tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::RingbackStopped));
        self.words();
    }
}

#[test]
fn hold_and_back_by_flash() {
    let mut rig = talking("nanp");
    let a = rig.call();
    assert!(rig.can(a).contains(CallFeatures::HOLD) && !rig.can(a).contains(CallFeatures::UNHOLD));
    rig.hold(a).unwrap();
    expect!(rig, "Flash(550ms)");
    assert!(!rig.can(a).contains(CallFeatures::HOLD), "it is under way");
    rig.ok("Flash");
    expect!(rig);
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "ok 2", "101 OnHold");
    assert!(rig.can(a).contains(CallFeatures::UNHOLD) && !rig.can(a).contains(CallFeatures::HOLD));
    assert_eq!(rig.provider.line_status(rig.line).unwrap().held_calls, 1);
    rig.unhold(a).unwrap();
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    expect!(rig, "ok 3", "101 Connected(Active)");
}

#[test]
fn a_hold_without_recall_dial_tone_fails_and_goes_back() {
    let mut rig = talking("nanp");
    let a = rig.call();
    rig.hold(a).unwrap();
    rig.ok("Flash");
    rig.words();
    rig.wait_ms(6_100);
    expect!(rig, "OPERATIONFAILED 2", "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    expect!(rig);
    assert_eq!(rig.state_of(a), CallState::Connected(ConnectedMode::Active));
    assert!(rig.can(a).contains(CallFeatures::HOLD), "it can be tried again");
}

#[test]
fn a_device_that_hears_no_tone_waits_instead() {
    let caps = Caps::VOICE | Caps::DIAL_DTMF | Caps::FLASH | Caps::DIAL_PARTIAL | Caps::SEES_ANSWER;
    let mut rig = Rig::of_plan_and_caps(Plan::named("nanp").unwrap(), caps);
    rig.make("5551234");
    send!(rig, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed, LineEvent::Answered(AnswerWitness::Voice));
    rig.ok("Dial");
    rig.words();
    let a = rig.call();
    rig.hold(a).unwrap();
    rig.ok("Flash");
    rig.words();
    rig.wait_ms(990);
    expect!(rig);
    rig.wait_ms(20);
    expect!(rig, "ok 2", "101 OnHold");
}

#[test]
fn without_a_plan_or_a_flash_there_is_no_hold() {
    let mut rig = talking("plain");
    let a = rig.call();
    assert_eq!(rig.hold(a), Err(LineErr::OPERATIONUNAVAIL));
    assert!(!rig.can(a).contains(CallFeatures::HOLD));
    let mut rig =
        Rig::of_plan_and_caps(Plan::named("nanp").unwrap(), Caps::all() - Caps::DATA - Caps::FLASH).connected();
    let a = rig.call();
    assert_eq!(rig.hold(a), Err(LineErr::OPERATIONUNAVAIL));
}

#[test]
fn a_consultation_transfer_by_hanging_up() {
    let mut rig = talking("centrex");
    let a = rig.call();
    let c = rig.consult(a).unwrap();
    expect!(rig, "Flash(800ms)");
    rig.recall();
    expect!(rig, "ok 2", "101 OnHoldPendingTransfer", "102 DialTone(Special)");
    assert_eq!(rig.provider.call_info(c).unwrap().related_call_id, rig.provider.call_info(a).unwrap().call_id);
    rig.reach(c);
    assert!(
        rig.can(c).contains(CallFeatures::COMPLETE_TRANSFER) && rig.can(a).contains(CallFeatures::COMPLETE_TRANSFER)
    );
    rig.complete_transfer(a, c).unwrap();
    rig.wait_ms(2_900);
    expect!(rig, "Release");
    rig.ok("Release");
    expect!(rig, "ok 4", "101 Idle", "102 Idle");
    rig.make("5550100");
    rig.wait_ms(2_000);
    expect!(rig, "Dial 5550100");
}

#[test]
fn a_busy_consultation_is_dropped_and_the_held_party_comes_back() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = rig.consult(a).unwrap();
    rig.recall();
    rig.words();
    let request = rig.request();
    rig.command(Command::Dial { request, call: c, address: Address("5550121".into()), country: 0 }).unwrap();
    send!(rig, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Busy));
    rig.words();
    rig.drop_one(c).unwrap();
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(700);
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    expect!(rig, "ok 4", "102 Idle", "101 Connected(Active)");
}

#[test]
fn an_exchange_that_does_something_else_is_corrected() {
    let mut rig = talking("nanp");
    let a = rig.call();
    rig.hold(a).unwrap();
    rig.recall();
    rig.words();
    rig.unhold(a).unwrap();
    rig.ok("Flash");
    rig.words();
    // The party was back before, and is held again.
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    expect!(rig, "ok 3", "101 Connected(Active)");
}

#[test]
fn a_tone_that_offers_an_order_is_waited_out() {
    // A consultation call is dropped by joining it and dropping the last: two flashes, each of which offers an order.
    let mut rig = talking("centrex");
    let a = rig.call();
    let c = rig.consult(a).unwrap();
    rig.recall();
    rig.reach(c);
    rig.drop_one(c).unwrap();
    rig.ok("Flash");
    rig.wait_ms(700);
    rig.ok("Flash");
    rig.words();
    send!(rig, tone(ProgressTone::StutterDial));
    rig.wait_ms(2_400);
    expect!(rig);
    send!(rig, LineEvent::ToneEnded);
    rig.wait_ms(1_500);
    expect!(rig, "ok 4", "102 Idle", "101 Connected(Active)");
    // A tone that stays is no offer: the party is held again.
    let c = rig.consult(a).unwrap();
    rig.recall();
    rig.reach(c);
    rig.drop_one(c).unwrap();
    rig.ok("Flash");
    rig.wait_ms(700);
    rig.ok("Flash");
    rig.words();
    send!(rig, tone(ProgressTone::StutterDial));
    rig.wait_ms(4_100);
    expect!(rig, "Flash(800ms)");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    expect!(rig, "ok 7", "103 Idle", "101 Connected(Active)");
}

#[test]
fn a_transfer_ends_in_a_conference() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = rig.consult(a).unwrap();
    rig.recall();
    rig.reach(c);
    let p = rig.complete_conference(a, c).unwrap();
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    expect!(rig, "ok 4", "103 Connected(Active)", "101 Conferenced(HostCall(103))", "102 Conferenced(HostCall(103))");
    // The last one can be dropped; the other is an ordinary call then.
    assert!(rig.can(c).contains(CallFeatures::REMOVE_FROM_CONFERENCE));
    assert!(!rig.can(a).contains(CallFeatures::REMOVE_FROM_CONFERENCE) && !rig.can(a).contains(CallFeatures::DROP));
    let request = rig.request();
    rig.command(Command::RemoveFromConference { request, call: c }).unwrap();
    rig.words();
    rig.ok("Flash");
    expect!(rig, "ok 5", "102 Idle", "103 Idle", "101 Connected(Active)");
    assert_eq!(rig.state_of(p), CallState::Idle);
}

#[test]
fn a_conference_is_dropped_with_its_members() {
    let mut rig = talking("etsi");
    let a = rig.call();
    let (request, host_conference, host_consultation) = (rig.request(), rig.host(), rig.host());
    let reply = rig
        .command(Command::SetupConference {
            request,
            call: Some(a),
            line: None,
            host_conference,
            host_consultation,
            parties: 3,
            params: CallParams::default(),
        })
        .unwrap();
    let Reply::Conference { conference: p, consultation: c } = reply else { panic!("{reply:?}") };
    expect!(rig, "Flash(100ms)");
    rig.recall();
    expect!(rig, "ok 2", "102 OnHoldPendingConference", "101 Conferenced(HostCall(102))", "103 DialTone(Special)");
    rig.reach(c);
    let request = rig.request();
    rig.command(Command::AddToConference { request, conference: p, call: c }).unwrap();
    rig.words();
    rig.recall();
    expect!(rig, "Dial 3;");
    rig.ok("Dial");
    rig.wait_ms(2_500);
    expect!(rig, "ok 4", "103 Conferenced(HostCall(102))", "102 Connected(Active)");
    rig.drop_one(p).unwrap();
    expect!(rig, "Release");
    rig.ok("Release");
    expect!(rig, "ok 5", "102 Idle", "101 Idle", "103 Idle");
}

#[test]
fn a_waiting_call_is_offered_taken_swapped_and_ended() {
    let mut rig = talking("nanp");
    let a = rig.call();
    send!(rig, LineEvent::CallWaiting);
    expect!(rig, "offer");
    rig.take(true);
    expect!(rig, "102 Offering(Inactive)");
    let w = rig.call();
    send!(rig, from_number("5550103"), LineEvent::CallWaiting);
    expect!(rig, "102 info CallInfoChange(CALLER_ID)");
    assert_eq!(rig.provider.call_info(w).unwrap().caller_id, "5550103");
    assert_eq!(rig.hold(a), Err(LineErr::INVALCALLSTATE), "a flash would take the waiting call");
    rig.answer().unwrap();
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    expect!(rig, "ok 3", "101 OnHold", "102 Connected(Active)");
    assert!(rig.can(w).contains(CallFeatures::SWAP_HOLD));
    rig.swap(w, a).unwrap();
    rig.words();
    rig.ok("Flash");
    expect!(rig, "ok 4", "102 OnHold", "101 Connected(Active)");
    // Ended by hanging up: the exchange rings with the other.
    rig.drop_one(a).unwrap();
    rig.wait_ms(2_600);
    expect!(rig, "Release");
    rig.ok("Release");
    send!(rig, RING);
    expect!(rig, "Answer");
    rig.ok("Answer");
    expect!(rig, "ok 5", "101 Idle", "102 Connected(Active)");
}

#[test]
fn a_waiting_call_rings_when_the_line_is_hung_up() {
    let mut rig = talking("nanp");
    let a = rig.call();
    send!(rig, LineEvent::CallWaiting);
    rig.words();
    rig.take(true);
    rig.words();
    rig.drop_one(a).unwrap();
    rig.ok("Release");
    rig.words();
    send!(rig, RING);
    expect!(rig, "102 Offering(Active)");
    rig.answer().unwrap();
    rig.ok("Answer");
    expect!(rig, "Answer", "ok 3", "102 Connected(Active)", "102 info CallInfoChange(CALLER_ID)");
}

#[test]
fn a_waiting_call_goes_away() {
    let mut rig = talking("nanp");
    send!(rig, LineEvent::CallWaiting);
    rig.words();
    rig.take(true);
    rig.words();
    rig.wait_ms(36_000);
    expect!(rig, "102 Disconnected(Unavail)", "102 Idle");
}

#[test]
fn orders_of_the_etsi_kind() {
    let mut rig = talking("etsi");
    let a = rig.call();
    send!(rig, LineEvent::CallWaiting);
    rig.take(true);
    let w = rig.call();
    rig.words();
    rig.drop_one(w).unwrap();
    rig.recall();
    expect!(rig, "Flash(100ms)", "Dial 0;");
    rig.ok("Dial");
    rig.wait_ms(2_500);
    expect!(rig, "ok 2", "102 Idle");
    assert_eq!(rig.state_of(a), CallState::Connected(ConnectedMode::Active));
}

#[test]
fn what_goes_wrong_half_way_completes_once() {
    for (event, error) in
        [(lost(Loss::Silent), "RESOURCEUNAVAIL 2"), (released(ReleaseWitness::LoopCurrent), "OPERATIONFAILED 2")]
    {
        let mut rig = talking("nanp");
        let a = rig.call();
        let c = rig.consult(a).unwrap();
        rig.words();
        send!(rig, event);
        let words = rig.words();
        assert_eq!(words.iter().filter(|w| w.ends_with(" 2")).collect::<Vec<_>>(), [error], "{words:?}");
        assert_eq!(rig.state_of(c), CallState::Idle);
    }
}

#[test]
fn closing_a_consultation_call_brings_the_held_one_back() {
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = rig.consult(a).unwrap();
    rig.recall();
    rig.words();
    rig.command(Command::CloseCall(c)).unwrap();
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    expect!(rig, "101 Connected(Active)");
}

#[test]
fn closing_a_consultation_call_that_talks_does_not_transfer_it() {
    // A line that subscribes to transfer by hanging up: both must not be left to each other.
    let mut rig = talking("nanp");
    let a = rig.call();
    let c = rig.consult(a).unwrap();
    rig.recall();
    rig.reach(c);
    rig.command(Command::CloseCall(c)).unwrap();
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(700);
    expect!(rig, "Flash(550ms)");
    rig.ok("Flash");
    rig.wait_ms(1_500);
    expect!(rig, "101 Connected(Active)");
}

#[test]
fn a_held_call_that_is_closed_does_not_ring_back() {
    for closed_while_held in [false, true] {
        let mut rig = talking("nanp");
        let a = rig.call();
        rig.hold(a).unwrap();
        if closed_while_held {
            rig.recall();
        }
        rig.command(Command::CloseCall(a)).unwrap();
        if !closed_while_held {
            rig.recall();
        }
        let words = rig.words();
        assert_eq!(words.iter().filter(|w| *w == "Flash(550ms)").count(), 2, "held, and back: {words:?}");
        assert!(words.iter().all(|w| w != "Release"), "{words:?}");
        assert!(rig.try_make(Some("5551234"), CallParams::default()).is_err());
        rig.ok("Flash");
        rig.wait_ms(2_500);
        expect!(rig, "Release");
        rig.ok("Release");
        // Who rings now is somebody else.
        send!(rig, RING);
        expect!(rig, "offer");
    }
    // Not back: it may ring, and nobody wants it.
    let mut rig = talking("nanp");
    let a = rig.call();
    rig.hold(a).unwrap();
    rig.recall();
    rig.command(Command::CloseCall(a)).unwrap();
    rig.fail("Flash", Failure::Timeout);
    rig.words();
    rig.ok("Release");
    send!(rig, RING);
    expect!(rig);
}

#[test]
fn wrong_partners_are_refused() {
    let mut rig = talking("nanp");
    let a = rig.call();
    assert_eq!(rig.unhold(a), Err(LineErr::INVALCALLSTATE));
    assert_eq!(rig.swap(a, a), Err(LineErr::INVALCALLSTATE));
    assert_eq!(rig.complete_transfer(a, a), Err(LineErr::INVALCALLSTATE));
    let c = rig.consult(a).unwrap();
    assert_eq!(rig.hold(a), Err(LineErr::INVALCALLSTATE), "a procedure runs");
    rig.recall();
    rig.words();
    assert_eq!(rig.swap(c, a), Err(LineErr::INVALCALLSTATE), "a flash would not swap here");
    assert_eq!(rig.consult(c), Err(LineErr::INVALCALLSTATE), "not answered");
    let stale = String::from("gone");
    rig.command(Command::CloseCall(c)).unwrap();
    assert_eq!(rig.complete_transfer(a, c), Err(LineErr::INVALCALLHANDLE), "{stale}");
}
