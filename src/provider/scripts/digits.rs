//! Digits: monitored, gathered, generated.

use super::*;
use loopstart_signal::{Digit, DigitEdge, DigitMode};

fn digit(symbol: u8, edge: DigitEdge) -> LineEvent {
    LineEvent::Digit(Digit { symbol, mode: DigitMode::Dtmf, edge })
}

fn press(rig: &mut Rig, digits: &str) {
    for &symbol in digits.as_bytes() {
        send!(rig, digit(symbol, DigitEdge::Begin), digit(symbol, DigitEdge::End));
    }
}

fn monitor(rig: &mut Rig, modes: DigitModes) -> Result<Reply, LineErr> {
    let call = rig.call();
    rig.command(Command::MonitorDigits { call, modes })
}

fn gather(rig: &mut Rig, end_to_end: u32, gather: Option<GatherRequest>) -> Result<Reply, LineErr> {
    let call = rig.call();
    rig.command(Command::GatherDigits { call, end_to_end, gather })
}

fn generate(rig: &mut Rig, end_to_end: u32, digits: Option<&str>) -> Result<Reply, LineErr> {
    let call = rig.call();
    let digits = digits.map(|d| Address(d.to_string()));
    rig.command(Command::GenerateDigits { call, end_to_end, mode: DigitMode::Dtmf, digits, duration: Duration::ZERO })
}

fn want(count: u32) -> GatherRequest {
    GatherRequest {
        modes: DigitModes::DTMF,
        count,
        termination: Vec::new(),
        first_timeout: Duration::ZERO,
        inter_timeout: Duration::ZERO,
    }
}

#[test]
fn monitor_reports_what_is_wanted() {
    let mut rig = Rig::new().connected();
    press(&mut rig, "1");
    expect!(rig);
    monitor(&mut rig, DigitModes::DTMF).unwrap();
    rig.ok("Listen");
    press(&mut rig, "2");
    monitor(&mut rig, DigitModes::DTMF | DigitModes::DTMF_END).unwrap();
    press(&mut rig, "#");
    expect!(rig, "Listen(true)", "101 digit 2", "101 digit #", "101 digit # end");
    monitor(&mut rig, DigitModes::empty()).unwrap();
    press(&mut rig, "3");
    expect!(rig, "Listen(false)");
    let mut rig = Rig::with(USUAL - Caps::HEARS_PULSE).connected();
    assert_eq!(monitor(&mut rig, DigitModes::PULSE), Err(LineErr::INVALDIGITMODE));
}

#[test]
fn listening_starts_when_the_call_is_up_and_ends_with_it() {
    let mut rig = Rig::new().offered();
    monitor(&mut rig, DigitModes::DTMF).unwrap();
    expect!(rig);
    rig.answer().unwrap();
    rig.ok("Answer");
    let unavail = "101 info CallInfoChange(CALLER_ID)";
    expect!(rig, "Answer", "ok 1", "101 Connected(Active)", unavail, "Listen(true)");
    rig.ok("Listen");
    rig.drop_call().unwrap();
    expect!(rig, "Listen(false)", "Release");
}

#[test]
fn a_refused_listen_is_not_repeated() {
    let mut rig = Rig::new().connected();
    monitor(&mut rig, DigitModes::DTMF).unwrap();
    rig.fail("Listen", Failure::Refused);
    send!(rig, tone(ProgressTone::CallWaiting));
    expect!(rig, "Listen(true)");
    monitor(&mut rig, DigitModes::DTMF).unwrap();
    expect!(rig, "Listen(true)");
}

#[test]
fn gather_ends_by_count_and_termination() {
    let mut rig = Rig::new().connected();
    gather(&mut rig, 7, Some(want(3))).unwrap();
    rig.ok("Listen");
    press(&mut rig, "12");
    expect!(rig, "Listen(true)");
    press(&mut rig, "34");
    expect!(rig, "101 gathered 7 BufferFull 123", "Listen(false)");
    rig.ok("Listen");
    gather(&mut rig, 8, Some(GatherRequest { termination: b"#d".to_vec(), ..want(9) })).unwrap();
    press(&mut rig, "12D9");
    expect!(rig, "Listen(true)", "101 gathered 8 TerminationDigit 12D");
}

#[test]
fn both_edges_count_once() {
    let mut rig = Rig::new().connected();
    let modes = DigitModes::DTMF | DigitModes::DTMF_END;
    gather(&mut rig, 7, Some(GatherRequest { modes, ..want(2) })).unwrap();
    press(&mut rig, "12");
    expect!(rig, "Listen(true)", "101 gathered 7 BufferFull 12");
    rig.ok("Listen");
    rig.words();
    gather(&mut rig, 8, Some(GatherRequest { modes: DigitModes::DTMF_END, ..want(1) })).unwrap();
    send!(rig, digit(b'5', DigitEdge::Begin));
    expect!(rig);
    send!(rig, digit(b'5', DigitEdge::End));
    assert!(rig.words().contains(&"101 gathered 8 BufferFull 5".to_string()));
}

#[test]
fn gather_timeouts() {
    let timed =
        GatherRequest { first_timeout: Duration::from_secs(5), inter_timeout: Duration::from_secs(2), ..want(9) };
    let mut rig = Rig::new().connected();
    gather(&mut rig, 1, Some(timed.clone())).unwrap();
    rig.wait_ms(5_000);
    expect!(rig, "Listen(true)", "101 gathered 1 FirstTimeout ");
    gather(&mut rig, 2, Some(timed)).unwrap();
    rig.wait_ms(4_999);
    press(&mut rig, "1");
    rig.wait_ms(1_999);
    press(&mut rig, "2");
    rig.wait_ms(1_999);
    expect!(rig);
    rig.wait_ms(1);
    expect!(rig, "101 gathered 2 InterTimeout 12");
}

#[test]
fn gather_is_cancelled_by_the_host_a_new_one_or_the_end() {
    let mut rig = Rig::new().connected();
    gather(&mut rig, 1, Some(want(9))).unwrap();
    press(&mut rig, "4");
    gather(&mut rig, 2, Some(want(9))).unwrap();
    gather(&mut rig, 9, None).unwrap();
    gather(&mut rig, 9, None).unwrap();
    gather(&mut rig, 3, Some(want(9))).unwrap();
    send!(rig, released(ReleaseWitness::LoopCurrent));
    expect!(
        rig,
        "Listen(true)",
        "101 gathered 1 Cancel 4",
        "101 gathered 2 Cancel ",
        "101 gathered 3 Cancel ",
        "101 Disconnected(Normal)"
    );
    assert_eq!(gather(&mut rig, 4, Some(want(1))), Err(LineErr::INVALCALLSTATE));
}

#[test]
fn gather_parameters_are_checked() {
    let mut rig = Rig::with(USUAL - Caps::HEARS_PULSE).connected();
    assert_eq!(gather(&mut rig, 1, Some(want(0))), Err(LineErr::INVALPARAM));
    let odd = GatherRequest { termination: b"x".to_vec(), ..want(1) };
    assert_eq!(gather(&mut rig, 1, Some(odd)), Err(LineErr::INVALDIGITS));
    let short = GatherRequest { first_timeout: Duration::from_millis(1), ..want(1) };
    assert_eq!(gather(&mut rig, 1, Some(short)), Err(LineErr::INVALTIMEOUT));
    let pulse = GatherRequest { modes: DigitModes::PULSE, ..want(1) };
    assert_eq!(gather(&mut rig, 1, Some(pulse)), Err(LineErr::INVALDIGITMODE));
    let mut deaf = Rig::with(Caps::VOICE).offered();
    assert_eq!(gather(&mut deaf, 1, Some(want(1))), Err(LineErr::OPERATIONUNAVAIL));
}

#[test]
fn generate_reports_its_end() {
    let mut rig = Rig::new().connected();
    generate(&mut rig, 1, Some("12,x#")).unwrap();
    expect!(rig, "SendDigits 12,#");
    rig.ok("SendDigits");
    generate(&mut rig, 2, Some("xyz")).unwrap();
    expect!(rig, "101 generated 1 Done", "101 generated 2 Done");
    generate(&mut rig, 3, Some("5")).unwrap();
    rig.fail("SendDigits", Failure::Refused);
    expect!(rig, "SendDigits 5", "101 generated 3 Cancel");
}

#[test]
fn a_new_generation_cancels_the_old_one() {
    let mut rig = Rig::new().connected();
    generate(&mut rig, 1, Some("111")).unwrap();
    generate(&mut rig, 2, Some("222")).unwrap();
    generate(&mut rig, 3, Some("333")).unwrap();
    expect!(rig, "SendDigits 111", "101 generated 1 Cancel", "CancelDigits", "101 generated 2 Cancel");
    rig.fail("SendDigits", Failure::Cancelled);
    rig.ok("CancelDigits");
    expect!(rig, "SendDigits 333");
    generate(&mut rig, 0, None).unwrap();
    expect!(rig, "101 generated 3 Cancel", "CancelDigits");
    generate(&mut rig, 0, None).unwrap();
    expect!(rig);
}

#[test]
fn generate_needs_a_call_that_is_up() {
    let mut rig = Rig::new().offered();
    assert_eq!(generate(&mut rig, 1, Some("1")), Err(LineErr::INVALCALLSTATE));
    let mut rig = Rig::new().connected();
    let call = rig.call();
    let pulses = Command::GenerateDigits {
        call,
        end_to_end: 1,
        mode: DigitMode::Pulse,
        digits: Some(Address("1".to_string())),
        duration: Duration::ZERO,
    };
    assert_eq!(rig.command(pulses), Err(LineErr::INVALDIGITMODE));
    generate(&mut rig, 1, Some("1")).unwrap();
    rig.drop_call().unwrap();
    rig.ok("Release");
    expect!(rig, "SendDigits 1", "101 generated 1 Cancel", "CancelDigits", "Release", "ok 2", "101 Idle");
}
