//! The ladder, rung by rung: a modem that stops answering until exactly that rung is reached.

use super::*;
use crate::ports::Cure;

/// A modem in service that is wedged from now on, on a port with or without modem lines.
fn wedged(cure: Cure, lines: bool) -> Rig {
    let mut rig = Rig::ready(conexant);
    if lines {
        rig.far.as_mut().unwrap().set_carrier(Some(false));
    }
    rig.modem.port_mut().faults.wedged = Some(cure);
    rig
}

#[test]
fn each_rung_brings_back_what_needs_it_and_no_harder_one_is_tried() {
    let order = [Cure::StreamEnd, Cure::Escape, Cure::Dtr, Cure::Reset];
    for (n, cure) in order.into_iter().enumerate() {
        for later in &order[n + 1..] {
            assert_ne!(cure, *later);
        }
        let mut rig = wedged(cure, true);
        // The health check finds it, within a minute.
        let told = rig.run(90_000);
        assert_eq!(told, [], "{cure:?}: it was away for seconds");
        assert_eq!(rig.modem.port().faults.wedged, None, "{cure:?}");
        let reset = rig.commands.iter().any(|c| c == "ATZ");
        let hung_up = rig.commands.iter().any(|c| c.contains("ATH"));
        assert_eq!((reset, hung_up), (cure == Cure::Reset, true), "{cure:?}: {:?}", rig.commands);
        assert!(rig.modem.port().inner().dtr(), "{cure:?}");
        rig.act(ActionKind::Seize);
        assert_eq!(rig.run(1_000), [LineEvent::OffHook, done(1)], "{cure:?}: and works");
    }
}

#[test]
fn without_modem_lines_there_is_no_rung_for_them() {
    let mut rig = wedged(Cure::Dtr, false);
    assert_eq!(rig.run(90_000), [LineEvent::Lost(Loss::Silent)]);
    assert!(rig.modem.port().inner().dtr());
}

#[test]
fn what_no_rung_brings_back_is_out_of_service_and_tried_again() {
    let mut rig = wedged(Cure::Reopen, true);
    rig.act(ActionKind::Seize);
    let told = rig.run(30_000);
    assert_eq!(told, [failed(1, Failure::Timeout), LineEvent::Lost(Loss::Silent)]);
    assert_eq!(rig.run(120_000), [], "told once");
    rig.modem.port_mut().faults.wedged = None;
    assert!(matches!(rig.run(60_000)[..], [LineEvent::Ready(_)]));
}

#[test]
fn a_call_on_a_wedged_modem_is_hung_up_when_it_is_back() {
    for cure in [Cure::StreamEnd, Cure::Escape, Cure::Dtr, Cure::Reset] {
        let mut rig = Rig::off_hook(conexant);
        rig.far.as_mut().unwrap().set_carrier(Some(false));
        rig.modem.port_mut().faults.wedged = Some(cure);
        rig.act(ActionKind::Release);
        assert_eq!(rig.run(40_000), [LineEvent::OnHook, done(2)], "{cure:?}");
    }
}

#[test]
fn the_guard_time_of_the_escape_is_kept() {
    let mut rig = wedged(Cure::Reset, false);
    // In steps, to see when what is written: half a second is less than every wait on the ladder.
    let (mut quiet_since, mut escaped) = (rig.now, None);
    let mut at = rig.modem.deadline().unwrap();
    rig.modem.port_mut().faults.wedged = None;
    rig.script = |_| None;
    for _ in 0..100_000 {
        rig.now = at;
        let before = rig.wire.len();
        rig.modem.expire(rig.now, &mut rig.events);
        rig.listen();
        if rig.wire.len() > before {
            if rig.wire[before..] == *b"+++" {
                assert!(rig.now.since(quiet_since) >= ms(1_000), "{:?}", rig.now.since(quiet_since));
                escaped = Some(rig.now);
            } else if let Some(escaped) = escaped {
                assert!(rig.now.since(escaped) >= ms(1_000));
                return;
            }
            quiet_since = rig.now;
        }
        at = rig.modem.deadline().unwrap();
    }
    panic!("no escape: {:?}", rig.commands);
}

#[test]
fn a_port_that_takes_nothing_is_found_and_no_action_hangs() {
    let mut rig = Rig::ready(conexant);
    rig.modem.port_mut().faults.write_at_most = Some(0);
    rig.act(ActionKind::Seize);
    let told = rig.run(60_000);
    assert_eq!(told, [failed(1, Failure::Timeout), LineEvent::Lost(Loss::Silent)]);
    rig.modem.port_mut().faults.write_at_most = None;
    rig.modem.ready(Readiness { write: true, ..Readiness::default() }, rig.now, &mut rig.events);
    assert!(matches!(rig.run(60_000)[..], [LineEvent::Ready(_)]), "stale bytes do no harm");
}

#[test]
fn one_byte_at_a_time_both_ways_changes_nothing() {
    let mut rig = Rig::new(conexant);
    rig.modem.port_mut().faults.read_at_most = Some(1);
    rig.modem.port_mut().faults.write_at_most = Some(1);
    assert!(matches!(rig.start()[..], [LineEvent::Ready(caps)] if caps.contains(Caps::VOICE | Caps::CALLER_ID)));
}

#[test]
fn a_modem_that_sends_parity_is_understood() {
    let mut rig = Rig::new(conexant);
    rig.modem.port_mut().faults.parity = true;
    let told = rig.start();
    assert!(matches!(told[..], [LineEvent::Ready(caps)] if caps.contains(Caps::VOICE)), "{told:?}");
    rig.say(b"\r\nRING\r\n");
    assert_eq!(rig.run(10), [RING]);
}

#[test]
fn an_error_of_the_system_is_told_with_its_number() {
    let mut rig = Rig::ready(conexant);
    rig.modem.port_mut().faults.read_error = Some(71);
    rig.say(b"x");
    assert_eq!(rig.run(100), [LineEvent::Lost(Loss::Os(71))]);
    rig.act(ActionKind::Seize);
    assert_eq!(rig.run(100), [failed(1, Failure::Lost)]);
}
