//! What modems, callers and noise have been seen to send, and worse.

use super::*;
use crate::drivers::guard::Guards;

#[test]
fn a_modem_that_echoes_twice() {
    // The echo comes a second time, whole, before the answer.
    let mut rig = Rig::new(|c| conexant(c).map(|answer| format!("{c}\r{c}\r{answer}")));
    rig.echo = true;
    let told = rig.start();
    assert!(matches!(told[..], [LineEvent::Ready(caps)] if caps.contains(Caps::VOICE | Caps::CALLER_ID)), "{told:?}");
    assert_eq!(rig.modem.profile().name, "conexant");
    rig.act(ActionKind::Seize);
    assert_eq!(rig.run(2_000), [LineEvent::OffHook, done(1)]);
}

#[test]
fn a_modem_that_answers_in_another_language() {
    // Texts that no standard has; asked for numbers it gives numbers.
    let mut rig = Rig::new(|c| match c {
        c if c.starts_with("AT") => Some("\r\nin Ordnung\r\n".into()),
        _ => None,
    });
    rig.modem.start(rig.now, &mut rig.events);
    assert_eq!(rig.run(40_000), [LineEvent::Lost(Loss::Garbled)], "it is said that it makes no sense");
    assert_eq!(rig.run(300_000), []);
}

#[test]
fn idle_nuls_and_noise_between_answers() {
    let mut rig = Rig::new(|c| conexant(c).map(|answer| format!("\0\0{answer}\0")));
    assert!(matches!(rig.start()[..], [LineEvent::Ready(caps)] if caps.contains(Caps::VOICE)));
    let mut rig = Rig::ready(conexant);
    rig.say(b"\xff\xfe\x80\x9b\x85\0\0\x7f\xc3\r\n");
    rig.say(b"\0\0\r\nRING\0\r\n");
    assert_eq!(rig.run(10), [RING]);
    rig.act(ActionKind::Answer);
    rig.say(b"\xe1\xbb\x00");
    assert_eq!(rig.run(1_000), [LineEvent::OffHook, done(1)]);
}

#[test]
fn a_result_in_two_halves() {
    // Two seconds apart is at the limit of a plain command; whatever comes of it, nothing hangs and the line works on.
    for apart in [50, 500, 1_500, 2_000, 2_500] {
        let mut rig = Rig::ready(conexant);
        rig.special("AT+FCLASS=8", Some("\r\nO"));
        let id = rig.act(ActionKind::Seize);
        rig.special.clear();
        let mut told = rig.run(apart);
        rig.say(b"K\r\n");
        told.extend(rig.run(40_000));
        let dones: Vec<_> = told.iter().filter(|e| matches!(e, LineEvent::Done { .. })).collect();
        assert_eq!(dones.len(), 1, "{apart}: {told:?}");
        if apart < 2_000 {
            assert_eq!(told, [LineEvent::OffHook, done(id.0)], "{apart}");
        } else {
            assert_eq!(told, [failed(id.0, Failure::Timeout)], "{apart}: recovered without a word");
            rig.act(ActionKind::Seize);
            assert_eq!(rig.run(2_000), [LineEvent::OffHook, done(2)], "{apart}");
        }
    }
    // An unasked one is not lost either.
    let mut rig = Rig::ready(conexant);
    rig.say(b"\r\nRI");
    assert_eq!(rig.run(2_000), []);
    rig.say(b"NG\r\n");
    assert_eq!(rig.run(10), [RING]);
}

#[test]
fn ringing_and_caller_identification_in_the_middle_of_an_answer() {
    let mut rig = Rig::ready(conexant);
    rig.say(b"\r\nRING\r\n");
    assert_eq!(rig.run(10), [RING]);
    rig.special(
        "AT+FCLASS=8",
        Some("\r\nDATE=1120\r\nTIME=2101\r\n\r\nRING\r\nNMBR=5551234\r\nNAME=A CALLER\r\n\r\nOK\r\n"),
    );
    rig.special("AT+VLS=1", Some("\r\nNMBR=5551234\r\n\r\nOK\r\n"));
    rig.act(ActionKind::Answer);
    let told = rig.run(3_000);
    assert!(told.contains(&LineEvent::OffHook) && told.contains(&done(1)), "{told:?}");
    // What had come by the ring in between is told with it, the whole when it is there.
    let id = told.iter().rev().find_map(|e| if let LineEvent::CallerId(id) = e { Some(id) } else { None });
    let id = id.expect("a caller");
    assert!(matches!(&id.number, PartyId::Known(n) if n.as_str() == "5551234"), "{id:?}");
    assert!(matches!(&id.name, PartyId::Known(n) if n.as_str() == "A CALLER"), "{id:?}");
}

#[test]
fn ten_thousand_rings() {
    let mut rig = Rig::ready(conexant);
    let mut told = Vec::new();
    for _ in 0..100 {
        rig.say(&b"\r\nRING\r\n".repeat(100));
        told.extend(rig.run(1));
    }
    // In a tenth of a second they are one ring.
    assert_eq!(told, [RING]);
    rig.act(ActionKind::Answer);
    let more = rig.run(2_000);
    assert_eq!(more, [LineEvent::OffHook, done(1)]);
    // Nobody takes the events: they wait in the modem, not in memory.
    let mut rig = Rig::ready(conexant);
    let mut rings = 0;
    for _ in 0..10_000 {
        rig.now = rig.now + ms(2_000);
        rig.say(b"\r\nRING\r\n");
        while let Some(event) = rig.events.pop() {
            assert!(matches!(event, LineEvent::Ring { .. }), "{event:?}");
            rings += 1;
        }
    }
    assert_eq!(rings, 10_000);
}

#[test]
fn a_callers_name_with_escape_sequences_is_no_terminal_control() {
    let mut rig = Rig::ready(conexant);
    rig.say(b"\r\nRING\r\n");
    rig.say(b"\r\nDATE=1120\r\nTIME=2101\r\nNMBR=555\x1b[2J1234\r\nNAME=\x1b]0;owned\x07 \x9b31mBOB\x08\x00\r\n");
    rig.say(b"\r\nRING\r\n");
    let told = rig.run(12_000);
    let id = told.iter().find_map(|e| if let LineEvent::CallerId(id) = e { Some(id) } else { None }).expect("a caller");
    if let PartyId::Known(name) = &id.name {
        assert!(!name.as_str().chars().any(char::is_control), "{name:?}");
    }
    if let PartyId::Known(number) = &id.number {
        assert!(number.as_str().bytes().all(|b| b.is_ascii_graphic()), "{number:?}");
    }
    assert!(rig.commands.is_empty(), "and none of it goes back to the modem: {:?}", rig.commands);
}

#[test]
fn a_command_in_a_callers_name_is_text() {
    let mut rig = Rig::ready(conexant);
    for name in ["NAME=OK", "NAME=NO CARRIER", "NAME=\x10\x03", "NMBR=ATH0", "NAME=RING"] {
        rig.say(b"\r\nRING\r\n");
        rig.say(format!("\r\n{name}\r\n").as_bytes());
    }
    let told = rig.run(30_000);
    assert!(!told.iter().any(|e| matches!(e, LineEvent::Released(_) | LineEvent::OnHook)), "{told:?}");
    assert!(rig.commands.is_empty(), "{:?}", rig.commands);
}

#[test]
fn a_ring_that_only_the_indicator_shows_is_told() {
    let mut rig = Rig::new(conexant);
    rig.far.as_mut().unwrap().set_carrier(Some(false));
    assert!(matches!(rig.start()[..], [LineEvent::Ready(_)]));
    let mut told = Vec::new();
    for _ in 0..3 {
        rig.far.as_mut().unwrap().pulse_ring();
        told.extend(rig.run(6_000));
    }
    assert_eq!(told, [RING; 3], "late the first time");
    rig.act(ActionKind::Answer);
    assert_eq!(rig.run(1_000), [LineEvent::OffHook, done(1)]);
    // Where the modem says it, the indicator adds nothing, whichever comes first.
    for said_first in [true, false] {
        let mut rig = Rig::new(conexant);
        rig.far.as_mut().unwrap().set_carrier(Some(false));
        rig.start();
        let mut told = Vec::new();
        for _ in 0..4 {
            if said_first {
                rig.say(b"\r\nRING\r\n");
            }
            told.extend(rig.run(1_900));
            rig.far.as_mut().unwrap().pulse_ring();
            told.extend(rig.run(400));
            if !said_first {
                rig.say(b"\r\nRING\r\n");
            }
            told.extend(rig.run(3_700));
        }
        assert_eq!(told, [RING; 4], "{said_first}");
    }
}

#[test]
fn a_data_call_whose_no_carrier_was_lost_ends_with_its_carrier() {
    let mut rig = Rig::new(data_only);
    rig.far.as_mut().unwrap().set_carrier(Some(false));
    rig.start();
    rig.act(dial("12"));
    rig.run(1_000);
    rig.far.as_mut().unwrap().set_carrier(Some(true));
    rig.say(b"\r\nCONNECT 9600\r\n");
    let told = rig.run(2_000);
    assert!(told.contains(&LineEvent::Answered(AnswerWitness::Carrier(9_600))), "{told:?}");
    rig.far.as_mut().unwrap().set_carrier(Some(false));
    assert_eq!(rig.run(3_000), [LineEvent::Released(ReleaseWitness::Carrier), LineEvent::OnHook]);
}

/// A modem that reports voices and silence.
fn reporting(command: &str) -> Option<String> {
    match command {
        "AT+VLS=?" => ok("1,\"T\",0BE43C7F,0FE43C7F,0BE43C7F"),
        other => conexant(other),
    }
}

#[test]
fn silence_without_end_is_the_end_of_a_call() {
    let guards = Guards { silence: Some(ms(30_000)), ..Guards::default() };
    let mut rig = Rig::new(reporting);
    rig.modem = rig.modem.with_guards(guards);
    rig.start();
    rig.act(ActionKind::Seize);
    rig.run(1_000);
    rig.say(b"\x10q");
    assert_eq!(rig.run(29_000), []);
    rig.say(b"\x10v");
    assert_eq!(rig.run(60_000), [], "somebody speaks");
    rig.say(b"\x10q");
    assert_eq!(rig.run(31_000), [LineEvent::Released(ReleaseWitness::Silence)]);
    assert_eq!(rig.run(90_000), [], "once");
    // A modem that would not say that somebody speaks again is not believed.
    let mut rig = Rig::new(conexant);
    rig.modem = rig.modem.with_guards(guards);
    rig.start();
    rig.act(ActionKind::Seize);
    rig.run(1_000);
    rig.say(b"\x10q");
    assert_eq!(rig.run(90_000), []);
}

#[test]
fn a_call_that_nobody_ends_is_ended() {
    let mut rig = Rig::new(conexant);
    rig.modem = rig.modem.with_guards(Guards { longest_call: Some(ms(20_000)), ..Guards::default() });
    rig.start();
    rig.act(ActionKind::Seize);
    rig.run(1_000);
    assert_eq!(rig.run(18_000), []);
    assert_eq!(rig.run(3_000), [LineEvent::Released(ReleaseWitness::TimeLimit), LineEvent::OnHook]);
    rig.act(ActionKind::Seize);
    assert_eq!(rig.run(2_000), [LineEvent::OffHook, done(2)], "and the next one is a new one");
}

#[test]
fn an_idle_modem_is_asked_as_often_as_it_is_set() {
    let mut rig = Rig::new(conexant);
    rig.modem = rig.modem.with_guards(Guards { health: ms(10_000), ..Guards::default() });
    rig.start();
    rig.commands.clear();
    rig.run(60_000);
    assert_eq!(rig.commands.iter().filter(|c| *c == "ATE0V1Q0").count(), 6, "{:?}", rig.commands);
}
