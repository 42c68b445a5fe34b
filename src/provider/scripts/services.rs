//! Forwarding, park, pickup, completion, secure calls, by the procedures of real plans, refusals included.

use super::*;
use loopstart_signal::plan::{Plan, Subscribed};

mod calls;
mod random;
mod secure;

const UNCONDITIONAL: u32 = 0x1;
const BUSY: u32 = 0x10;
const NO_ANSWER: u32 = 0x100;
const BUSY_NO_ANSWER: u32 = 0x1000;
const CALLBACK: u32 = 2;

/// An idle line of this plan, with every service.
fn idle(plan: &str) -> Rig {
    Rig::of_plan(Plan::subscribed(plan, Subscribed::all()).unwrap())
}

fn entry(mode: u32, to: Option<&str>) -> ForwardEntry {
    ForwardEntry { mode, caller: None, destination: to.map(|n| Address(n.into())), country: 0 }
}

fn address(text: &str) -> Address {
    Address(text.into())
}

impl Rig {
    fn new_host(&mut self) -> HostCall {
        self.next_host += 1;
        HostCall(self.next_host)
    }

    fn forward(&mut self, list: &[ForwardEntry], rings: u32) -> Result<Reply, LineErr> {
        let (request, line) = (self.request(), self.line);
        self.command(Command::Forward { request, line, address_id: None, list: list.to_vec(), rings })
    }

    fn park(&mut self, at: Option<&str>) -> Result<Reply, LineErr> {
        let (request, call) = (self.request(), self.call());
        self.command(Command::Park { request, call, at: at.map(address) })
    }

    fn unpark(&mut self, at: &str) -> Result<CallHandle, LineErr> {
        let (request, line, host) = (self.request(), self.line, self.new_host());
        let reply = self.command(Command::Unpark { request, line, address_id: 0, host, at: address(at) })?;
        self.new_call(reply)
    }

    fn pickup(&mut self, at: Option<&str>, group: Option<&str>) -> Result<CallHandle, LineErr> {
        let (request, line, host) = (self.request(), self.line, self.new_host());
        let (address, group) = (at.map(address), group.map(address));
        let reply = self.command(Command::Pickup { request, line, address_id: 0, host, address, group })?;
        self.new_call(reply)
    }

    fn new_call(&mut self, reply: Reply) -> Result<CallHandle, LineErr> {
        let Reply::Call(call) = reply else { panic!("{reply:?}") };
        self.call = Some(call);
        Ok(call)
    }

    fn complete(&mut self) -> Result<Reply, LineErr> {
        let (request, call) = (self.request(), self.call());
        self.command(Command::CompleteCall { request, call, mode: CALLBACK, message: 0 })
    }

    fn uncomplete(&mut self, completion: u32) -> Result<Reply, LineErr> {
        let (request, line) = (self.request(), self.line);
        self.command(Command::UncompleteCall { request, line, completion })
    }

    fn secure(&mut self) -> Result<Reply, LineErr> {
        let (request, call) = (self.request(), self.call());
        self.command(Command::SecureCall { request, call })
    }

    fn forwarded(&self) -> Vec<(u32, Option<String>)> {
        let status = self.provider.address_status(self.line, 0).unwrap();
        status.forwards.into_iter().map(|e| (e.mode, e.destination.map(|a| a.0))).collect()
    }

    /// The code went out on the line that was idle.
    fn sent(&mut self) {
        send!(self, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed);
        self.ok("Dial");
    }

    fn line_features(&self) -> (LineFeatures, AddressFeatures) {
        let line = self.provider.line_status(self.line).unwrap().features;
        (line, self.provider.address_status(self.line, 0).unwrap().features)
    }

    /// An outgoing call that found the party busy.
    fn busy(mut self) -> Self {
        self.make("5550121");
        send!(self, LineEvent::OffHook, LineEvent::Dialing, LineEvent::Dialed);
        self.ok("Dial");
        send!(self, tone(ProgressTone::Busy));
        self.words();
        self
    }

    /// The recall dial tone after a flash.
    fn recalled(&mut self) {
        self.ok("Flash");
        self.event(tone(ProgressTone::StutterDial));
    }
}

// ---- forwarding ----

#[test]
fn the_courtesy_call_is_answered() {
    let mut rig = idle("nanp").curious();
    rig.words();
    assert_eq!(rig.forward(&[entry(UNCONDITIONAL, Some("555-0199"))], 0), Ok(Reply::Ok));
    expect!(rig, "Dial *72;");
    assert!(!rig.line_features().0.contains(LineFeatures::MAKE_CALL), "the line is in use");
    assert_eq!(rig.try_make(Some("5551234"), CallParams::default()), Err(LineErr::INUSE));
    assert_eq!(rig.forward(&[], 0), Err(LineErr::RESOURCEUNAVAIL));
    rig.sent();
    expect!(rig);
    send!(rig, tone(ProgressTone::StutterDial));
    expect!(rig, "Dial 5550199");
    send!(rig, LineEvent::Dialing, LineEvent::Dialed);
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::RingbackStopped));
    expect!(rig);
    rig.wait_ms(3_000);
    expect!(rig, "Release");
    assert!(rig.forwarded().is_empty());
    rig.ok("Release");
    expect!(rig, "address 0x40", "ok 1");
    assert_eq!(rig.forwarded(), [(UNCONDITIONAL, Some("555-0199".into()))]);
    assert!(rig.line_features().0.contains(LineFeatures::MAKE_CALL | LineFeatures::FORWARD));
}

#[test]
fn a_courtesy_call_in_vain_is_made_up_for_by_a_second_time() {
    let mut rig = idle("nanp");
    rig.forward(&[entry(UNCONDITIONAL, Some("5550199"))], 0).unwrap();
    rig.sent();
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Busy));
    expect!(rig, "Dial *72;", "Dial 5550199", "Release");
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Dial *72;");
    rig.sent();
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    send!(rig, tone(ProgressTone::Confirmation));
    rig.wait_ms(3_000);
    rig.ok("Release");
    expect!(rig, "Dial 5550199", "Release", "ok 1");
    assert_eq!(rig.forwarded().len(), 1);
}

#[test]
fn a_second_courtesy_call_in_vain_is_a_failure() {
    let mut rig = idle("nanp");
    rig.forward(&[entry(UNCONDITIONAL, Some("5550199"))], 0).unwrap();
    for _ in 0..2 {
        rig.wait_ms(1_500);
        rig.sent();
        send!(rig, tone(ProgressTone::StutterDial));
        rig.ok("Dial");
        rig.wait_ms(60_000);
        rig.ok("Release");
    }
    expect!(rig, "Dial *72;", "Dial 5550199", "Release", "Dial *72;", "Dial 5550199", "OPERATIONFAILED 1", "Release");
    assert!(rig.forwarded().is_empty());
}

#[test]
fn a_refused_code_fails_and_the_line_is_on_hook() {
    let mut rig = idle("nanp");
    rig.forward(&[entry(UNCONDITIONAL, Some("5550199"))], 0).unwrap();
    rig.sent();
    send!(rig, tone(ProgressTone::Reorder));
    expect!(rig, "Dial *72;", "OPERATIONFAILED 1", "Release");
    rig.ok("Release");
    assert!(rig.forwarded().is_empty());
    rig.wait_ms(1_500);
    rig.make("5551234");
    expect!(rig, "Dial 5551234");
}

#[test]
fn an_empty_list_stops_what_was_set_here() {
    let mut rig = idle("gb");
    rig.forward(&[entry(BUSY, Some("5550198")), entry(NO_ANSWER, Some("5550199"))], 3).unwrap();
    expect!(rig, "Dial *67*5550198#;");
    rig.sent();
    // Nothing confirms; nothing refuses either.
    rig.wait_ms(2_500);
    expect!(rig, "Release");
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Dial *61*5550199*18#;");
    rig.sent();
    rig.wait_ms(2_500);
    rig.ok("Release");
    expect!(rig, "ok 1", "Release");
    assert_eq!(rig.forwarded(), [(BUSY, Some("5550198".into())), (NO_ANSWER, Some("5550199".into()))]);
    assert_eq!(rig.provider.address_status(rig.line, 0).unwrap().forward_rings, 3);
    rig.wait_ms(1_500);
    rig.forward(&[], 0).unwrap();
    expect!(rig, "Dial #67#;");
    rig.sent();
    rig.wait_ms(2_500);
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Release", "Dial #61#;");
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "ok 2", "Release");
    assert!(rig.forwarded().is_empty());
    assert_eq!(rig.provider.address_status(rig.line, 0).unwrap().forward_rings, 0);
}

#[test]
fn a_new_list_replaces_the_old_one() {
    let mut rig = idle("panasonic");
    rig.forward(&[entry(UNCONDITIONAL, Some("5550199"))], 0).unwrap();
    rig.sent();
    send!(rig, tone(ProgressTone::Confirmation));
    expect!(rig, "Dial *71025550199#;", "ok 1", "Release");
    let mut rig = idle("etsi");
    rig.forward(&[entry(BUSY, Some("5550199"))], 0).unwrap();
    rig.sent();
    rig.wait_ms(2_500);
    rig.ok("Release");
    rig.wait_ms(1_500);
    rig.words();
    rig.forward(&[entry(UNCONDITIONAL, Some("5550199"))], 0).unwrap();
    expect!(rig, "Dial #67#;");
    rig.sent();
    rig.wait_ms(2_500);
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Release", "Dial *21*5550199#;");
    rig.sent();
    send!(rig, tone(ProgressTone::Confirmation));
    rig.ok("Release");
    expect!(rig, "Release", "ok 2");
    assert_eq!(rig.forwarded(), [(UNCONDITIONAL, Some("5550199".into()))]);
}

#[test]
fn stopping_when_nothing_is_known_stops_all_there_is() {
    let mut rig = idle("nanp");
    rig.forward(&[], 0).unwrap();
    for (code, answer) in [
        ("*73", ProgressTone::Confirmation),
        // It was not set.
        ("*91", ProgressTone::Reorder),
        ("*93", ProgressTone::Confirmation),
        ("*88", ProgressTone::Confirmation),
    ] {
        assert_eq!(rig.words(), [format!("Dial {code};")]);
        rig.sent();
        send!(rig, tone(answer));
        expect!(rig, "Release");
        rig.ok("Release");
        rig.wait_ms(1_500);
    }
    expect!(rig, "Dial *79;");
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "ok 1", "Release");
}

#[test]
fn stopping_is_a_failure_when_every_code_is_refused() {
    let mut rig = idle("etsi");
    rig.forward(&[], 0).unwrap();
    for _ in 0..4 {
        rig.sent();
        send!(rig, tone(ProgressTone::Reorder));
        rig.ok("Release");
        rig.wait_ms(1_500);
    }
    expect!(
        rig,
        "Dial #21#;",
        "Release",
        "Dial #67#;",
        "Release",
        "Dial #61#;",
        "Release",
        "Dial #26#;",
        "OPERATIONFAILED 1",
        "Release"
    );
}

#[test]
fn a_device_that_hears_no_confirmation() {
    let caps = USUAL - Caps::SEES_CONFIRMATION;
    let of = |plan: &str| Rig::of_plan_and_caps(Plan::subscribed(plan, Subscribed::all()).unwrap(), caps);
    // That it is forwarded could not be known.
    let mut rig = of("etsi");
    assert_eq!(
        rig.provider.address_caps(DEVICE, 0).unwrap().forward_modes & UNCONDITIONAL,
        UNCONDITIONAL,
        "by its *26#"
    );
    assert_eq!(rig.forward(&vec_of(UNCONDITIONAL, "5550199"), 0), Err(LineErr::OPERATIONUNAVAIL));
    // The courtesy call's answer is seen, and a stop that is refused would be heard.
    let mut rig = of("nanp");
    rig.forward(&vec_of(UNCONDITIONAL, "5550199"), 0).unwrap();
    rig.sent();
    send!(rig, tone(ProgressTone::StutterDial));
    rig.ok("Dial");
    send!(rig, LineEvent::Answered(AnswerWitness::Voice));
    rig.wait_ms(3_000);
    rig.ok("Release");
    expect!(rig, "Dial *72;", "Dial 5550199", "Release", "ok 1");
    rig.wait_ms(1_500);
    rig.forward(&[], 0).unwrap();
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "Dial *73;", "ok 2", "Release");
    assert!(rig.forwarded().is_empty());
}

#[test]
fn do_not_disturb_is_an_entry_without_destination() {
    let mut rig = idle("nanp");
    rig.forward(&[entry(UNCONDITIONAL, None)], 0).unwrap();
    expect!(rig, "Dial *78;");
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "ok 1", "Release");
    assert_eq!(rig.forwarded(), [(UNCONDITIONAL, None)]);
    assert_eq!(idle("gb").forward(&[entry(UNCONDITIONAL, None)], 0), Err(LineErr::OPERATIONUNAVAIL));
}

#[test]
fn wrong_lists_are_refused() {
    let mut rig = idle("nanp");
    for (list, error) in [
        (vec_of(0x2, "5550199"), LineErr::INVALPARAM),
        (vec_of(0x8, "5550199"), LineErr::INVALPARAM),
        (vec_of(0x11, "5550199"), LineErr::INVALPARAM),
        (vec_of(UNCONDITIONAL, ""), LineErr::INVALADDRESS),
        (vec_of(UNCONDITIONAL, "12x"), LineErr::INVALADDRESS),
        ([vec_of(BUSY, "1"), vec_of(BUSY, "2")].concat(), LineErr::INVALPARAM),
        (std::vec![entry(BUSY, None)], LineErr::INVALPARAM),
    ] {
        assert_eq!(rig.forward(&list, 0), Err(error), "{list:?}");
    }
    let (request, line) = (rig.request(), rig.line);
    let list = vec_of(UNCONDITIONAL, "5550199");
    let other = Command::Forward { request, line, address_id: Some(1), list: list.clone(), rings: 0 };
    assert_eq!(rig.command(other), Err(LineErr::INVALADDRESSID));
    assert_eq!(idle("plain").forward(&list, 0), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(idle("plain").forward(&[], 0), Err(LineErr::OPERATIONUNAVAIL));
    assert_eq!(idle("nanp").connected().forward(&list, 0), Err(LineErr::RESOURCEUNAVAIL));
    expect!(rig);
}

fn vec_of(mode: u32, to: &str) -> Vec<ForwardEntry> {
    std::vec![entry(mode, Some(to))]
}

#[test]
fn busy_and_no_answer_is_one_code_or_two() {
    let mut rig = idle("nanp");
    rig.forward(&vec_of(BUSY_NO_ANSWER, "5550199"), 0).unwrap();
    expect!(rig, "Dial *68;");
    let mut rig = idle("etsi");
    rig.forward(&vec_of(BUSY_NO_ANSWER, "5550199"), 0).unwrap();
    expect!(rig, "Dial *67*5550199#;");
    rig.sent();
    rig.wait_ms(2_500);
    rig.ok("Release");
    rig.wait_ms(1_500);
    expect!(rig, "Release", "Dial *61*5550199#;");
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "ok 1", "Release");
    assert_eq!(rig.forwarded(), [(BUSY_NO_ANSWER, Some("5550199".into()))]);
}

#[test]
fn a_forwarding_ends_once_whatever_happens() {
    for (event, error) in
        [(lost(Loss::Silent), "RESOURCEUNAVAIL 1"), (released(ReleaseWitness::LoopCurrent), "OPERATIONFAILED 1")]
    {
        let mut rig = idle("nanp");
        rig.forward(&vec_of(UNCONDITIONAL, "5550199"), 0).unwrap();
        send!(rig, LineEvent::OffHook, event);
        rig.wait(Duration::from_secs(200));
        let words = rig.words();
        assert_eq!(words.iter().filter(|w| w.ends_with(" 1")).collect::<Vec<_>>(), [error], "{words:?}");
    }
    let mut rig = idle("nanp");
    rig.forward(&vec_of(UNCONDITIONAL, "5550199"), 0).unwrap();
    rig.words();
    rig.command(Command::CloseLine(rig.line)).unwrap();
    expect!(rig, "OPERATIONFAILED 1", "Release");
}

#[test]
fn a_code_waits_for_the_line_to_be_on_hook() {
    let mut rig = idle("etsi").connected();
    rig.close_call().unwrap();
    expect!(rig, "Release");
    rig.forward(&vec_of(BUSY, "5550199"), 0).unwrap();
    expect!(rig);
    assert_eq!(rig.try_make(Some("5551234"), CallParams::default()), Err(LineErr::INUSE));
    rig.ok("Release");
    expect!(rig);
    // Longer than any flash.
    rig.wait_ms(1_500);
    expect!(rig, "Dial *67*5550199#;");
    rig.sent();
    rig.wait_ms(2_500);
    expect!(rig, "ok 2", "Release");
    // The same, and the line is closed before anything is done.
    let mut rig = idle("etsi").connected();
    rig.close_call().unwrap();
    rig.forward(&vec_of(BUSY, "5550199"), 0).unwrap();
    rig.words();
    rig.command(Command::CloseLine(rig.line)).unwrap();
    rig.ok("Release");
    rig.wait_ms(10_000);
    expect!(rig, "OPERATIONFAILED 2");
}

#[test]
fn a_call_that_comes_between_two_codes_ends_the_request() {
    let mut rig = idle("etsi");
    rig.forward(&vec_of(BUSY_NO_ANSWER, "5550199"), 0).unwrap();
    rig.sent();
    rig.wait_ms(2_500);
    rig.words();
    send!(rig, RING);
    rig.ok("Release");
    expect!(rig, "RESOURCEUNAVAIL 1", "offer");
    assert_eq!(rig.forwarded(), [(BUSY_NO_ANSWER, Some("5550199".into()))], "one half of it was taken");
}

// ---- capabilities ----

#[test]
fn what_is_announced_follows_plan_and_device() {
    let caps = |plan: &str| idle(plan).provider.address_caps(DEVICE, 0).unwrap();
    let plain = caps("plain");
    assert_eq!((plain.forward_modes, plain.park_modes, plain.completion_modes, plain.max_conference), (0, 0, 0, 0));
    assert_eq!((plain.max_held_calls, plain.remove_from_conference, plain.removed_state), (0, 1, 0));
    assert_eq!(plain.features, AddressFeatures::MAKE_CALL | plain.features & OTHER);
    let nanp = caps("nanp");
    assert_eq!(nanp.forward_modes, UNCONDITIONAL | BUSY | NO_ANSWER | BUSY_NO_ANSWER);
    assert_eq!((nanp.completion_modes, nanp.completion_conditions, nanp.max_completions), (CALLBACK, 1, 5));
    assert_eq!((nanp.park_modes, nanp.max_conference, nanp.max_held_calls), (0, 3, 1));
    assert_eq!(nanp.flags & 0x40_0814, 0x40_0814, "secure, caller id, completion id, pickup of waiting calls");
    assert_eq!(nanp.call_states & 0x3c00, 0x3c00, "held, and in conference");
    assert_eq!(nanp.offering_modes, 3);
    let centrex = caps("centrex");
    assert_eq!(centrex.park_modes, 3);
    assert!(centrex.features.contains(AddressFeatures::UNPARK | AddressFeatures::PICKUP_DIRECT));
    assert_eq!(caps("gb").forward_rings, (1, 5));
}

/// Features of an address that are no services.
const OTHER: AddressFeatures = AddressFeatures::SET_MEDIA_CONTROL.union(AddressFeatures::SET_TERMINAL);

/// A line whose calls all go elsewhere.
fn gone_elsewhere(plan: &str) -> Rig {
    let mut rig = idle(plan);
    rig.forward(&vec_of(UNCONDITIONAL, "5550199"), 0).unwrap();
    rig.sent();
    if plan == "nanp" {
        send!(rig, tone(ProgressTone::StutterDial));
        rig.ok("Dial");
        send!(rig, tone(ProgressTone::Ringback), LineEvent::Answered(AnswerWitness::RingbackStopped));
    } else {
        send!(rig, tone(ProgressTone::Confirmation));
    }
    rig.wait_ms(3_000);
    rig.ok("Release");
    rig.wait_ms(3_000);
    assert_eq!(rig.forwarded().len(), 1);
    rig.words();
    rig
}

#[test]
fn one_ring_of_a_forwarded_line_is_no_call() {
    let mut rig = gone_elsewhere("nanp");
    send!(rig, RING);
    rig.wait_ms(6_500);
    send!(rig, LineEvent::RingStopped);
    expect!(rig);
    // A second ring, a pattern of its own or a caller: somebody calls after all.
    send!(rig, RING);
    rig.wait_ms(6_000);
    expect!(rig);
    send!(rig, RING);
    expect!(rig, "offer");
    let mut rig = gone_elsewhere("nanp");
    send!(rig, RING);
    send!(rig, from_number("5550123"));
    expect!(rig, "offer");
    let mut rig = gone_elsewhere("nanp");
    send!(rig, LineEvent::Ring { pattern: 3 });
    expect!(rig, "offer");
    // Exchanges that send no such reminder, and lines that are not forwarded.
    let mut rig = gone_elsewhere("etsi");
    send!(rig, RING);
    expect!(rig, "offer");
    let mut rig = idle("nanp");
    send!(rig, RING);
    expect!(rig, "offer");
}

#[test]
fn rings_are_told_after_the_call_they_are_of() {
    let mut rig = gone_elsewhere("nanp").curious();
    rig.words();
    send!(rig, RING);
    rig.wait_ms(6_000);
    expect!(rig);
    send!(rig, RING);
    rig.take(true);
    let words = rig.words();
    let at = |word: &str| words.iter().position(|w| w.contains(word)).unwrap_or_else(|| panic!("{word}: {words:?}"));
    assert!(at("Offering") < at("count: 0") && at("count: 0") < at("count: 1"), "{words:?}");
}
