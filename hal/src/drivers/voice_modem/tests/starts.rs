//! Waking, identifying, initialising; silence, garbage, unplugging.

use super::*;

fn caps(told: &[LineEvent]) -> Caps {
    match told {
        [LineEvent::Ready(caps)] => *caps,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_voice_modem_is_identified_and_initialised() {
    let mut rig = Rig::new(conexant);
    let caps = caps(&rig.start());
    assert_eq!(rig.modem.profile().name, "conexant");
    assert!(caps.contains(Caps::VOICE | Caps::CALLER_ID | Caps::SENDS_DTMF | Caps::SEES_REORDER | Caps::SEES_RELEASE));
    assert!(!caps.intersects(Caps::DATA | Caps::SEES_SIT | Caps::SEES_BATTERY));
    assert_eq!(rig.commands[..2], ["AT", "ATE0V1Q0"]);
    assert_eq!(rig.commands.last().unwrap(), "AT+VCID?", "caller identification comes last: class changes forget it");
}

#[test]
fn a_modem_with_echo_and_odd_framing_is_understood() {
    let mut rig = Rig::new(|c| match c {
        "AT" => Some("OK\r".into()),
        "ATI3" => Some("CX93001\nOK\n".into()),
        "AT+FCLASS=?" => Some("(0,1,2,8)\r\nOK".into()),
        c => conexant(c),
    });
    rig.echo = true;
    assert!(caps(&rig.start()).contains(Caps::VOICE));
}

#[test]
fn a_modem_without_voice_is_for_data() {
    let mut rig = Rig::new(data_only);
    let caps = caps(&rig.start());
    assert!(caps.contains(Caps::DATA | Caps::SEES_NO_ANSWER));
    assert!(!caps.intersects(Caps::VOICE | Caps::CALLER_ID | Caps::SEIZE | Caps::SENDS_DTMF | Caps::HEARS_DTMF));
}

#[test]
fn firmware_that_lists_the_voice_class_and_refuses_it_has_none() {
    let mut rig = Rig::new(conexant);
    rig.special("AT+FCLASS=8", Some("\r\nERROR\r\n"));
    assert!(!caps(&rig.start()).contains(Caps::VOICE));
}

#[test]
fn caller_id_falls_back_and_is_left_out_only_when_refused() {
    let mut rig = Rig::new(conexant);
    rig.special("AT+VCID=1", Some("\r\nERROR\r\n"));
    assert!(caps(&rig.start()).contains(Caps::CALLER_ID));
    assert!(rig.commands.contains(&"AT#CID=1".into()));

    let mut rig = Rig::new(conexant);
    rig.special("AT+VCID?", Some("\r\n+VCID: 0\r\n\r\nOK\r\n"));
    rig.special("AT#CID=1", Some("\r\nERROR\r\n"));
    assert!(!caps(&rig.start()).contains(Caps::CALLER_ID), "it reads back as off");

    let mut rig = Rig::new(conexant);
    rig.special("AT+VCID?", Some("\r\nERROR\r\n"));
    assert!(caps(&rig.start()).contains(Caps::CALLER_ID), "it cannot be asked");
}

#[test]
fn numbers_framed_as_texts_are_understood_and_turned_off() {
    // A modem that takes the V of +VCID for a command of its own, frames numbers as texts, and loses the next line.
    let mut rig = Rig::new(data_only);
    rig.special("AT+VCID=1", Some("\r\n4\r\n"));
    rig.special("AT#CID=1", Some("\r\n4\r\n"));
    rig.modem.start(rig.now, &mut rig.events);
    let mut told = Vec::new();
    let mut until = |rig: &mut Rig, command: &str| {
        rig.commands.clear();
        (0..1_000).find(|_| {
            told.extend(rig.run(5));
            rig.commands.iter().any(|c| c == command)
        });
        assert_eq!(rig.commands.last().map(|c| &**c), Some(command));
    };
    until(&mut rig, "AT#CID=1");
    rig.special("ATE0V1Q0", Some("\r\n0\r\n"));
    until(&mut rig, "ATE0V1Q0");
    rig.special("ATE0V1Q0", Some("\r\nOK\r\n"));
    until(&mut rig, "ATE0V1Q0");
    assert!(!caps(&told).contains(Caps::CALLER_ID));
    rig.say(b"\r\nRING\r\n");
    assert_eq!(rig.run(10), [RING]);
}

#[test]
fn numeric_results_are_understood_and_turned_off() {
    // Numeric until the second E0V1Q0.
    let mut rig = Rig::new(conexant);
    rig.special("AT", Some("0\r"));
    rig.special("ATE0V1Q0", Some("0\r"));
    let caps = caps(&rig.start());
    assert!(caps.contains(Caps::VOICE));
    assert_eq!(rig.commands.iter().filter(|c| *c == "ATE0V1Q0").count(), 3);
}

#[test]
fn a_modem_that_knows_only_numbers_works() {
    let mut rig = Rig::new(|c| {
        let verbose = conexant(c)?;
        let info = verbose.trim().strip_suffix("OK").unwrap_or_default().trim();
        Some(if info.is_empty() { "0\r".into() } else { format!("{info}\r\n0\r") })
    });
    assert!(caps(&rig.start()).contains(Caps::VOICE | Caps::CALLER_ID));
    rig.say(b"2\r");
    assert_eq!(rig.run(10), [RING]);
    rig.act(ActionKind::Answer);
    assert_eq!(rig.run(1_000), [LineEvent::OffHook, done(1)]);
}

#[test]
fn a_parser_that_takes_vcid_for_v_is_put_right() {
    let mut rig = Rig::new(conexant);
    rig.special("AT+VCID=1", Some("0\r"));
    rig.special("AT+VCID?", Some("0\r"));
    caps(&rig.start());
    rig.run(1_000);
    assert_eq!(rig.commands.last().unwrap(), "ATE0V1Q0", "{:?}", rig.commands);
    rig.say(b"\r\nRING\r\n");
    assert_eq!(rig.run(10), [RING]);
}

#[test]
fn a_silent_modem_is_lost_and_comes_back() {
    let mut rig = Rig::new(|_| None);
    assert_eq!(rig.start(), [LineEvent::Lost(Loss::Silent)]);
    assert!(rig.commands.contains(&"ATZ".into()));
    assert_eq!(rig.act(ActionKind::Answer), ActionId(1));
    assert_eq!(rig.run(100), [failed(1, Failure::Lost)]);
    assert_eq!(rig.run(300_000), [], "told once");
    rig.script = conexant;
    assert!(matches!(rig.run(60_000)[..], [LineEvent::Ready(_)]));
}

#[test]
fn endless_garbage_is_lost_as_garbled() {
    let mut rig = Rig::new(|_| None);
    rig.modem.start(rig.now, &mut rig.events);
    let mut told = Vec::new();
    let mut noise = 7u32;
    for _ in 0..400 {
        let bytes: Vec<u8> = (0..600)
            .map(|_| {
                noise = noise.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                (noise >> 16) as u8
            })
            .collect();
        rig.say(&bytes);
        told.extend(rig.run(50));
    }
    assert_eq!(told, [LineEvent::Lost(Loss::Garbled)]);
}

#[test]
fn a_ready_modem_that_begins_to_babble_is_lost_as_garbled() {
    let mut rig = Rig::ready(conexant);
    rig.script = |_| None;
    let mut told = Vec::new();
    for _ in 0..400 {
        rig.say(&b"xyzzy plugh ".repeat(40));
        told.extend(rig.run(50));
    }
    assert_eq!(told, [LineEvent::Lost(Loss::Garbled)]);
}

#[test]
fn a_modem_that_wandered_off_is_found_by_the_health_check() {
    let mut rig = Rig::ready(conexant);
    assert_eq!(rig.run(130_000), []);
    assert_eq!(rig.commands, ["ATE0V1Q0", "AT+VCID?", "ATE0V1Q0", "AT+VCID?"]);
    rig.script = |_| None;
    assert_eq!(rig.run(120_000), [LineEvent::Lost(Loss::Silent)]);
    rig.script = conexant;
    assert!(matches!(rig.run(60_000)[..], [LineEvent::Ready(_)]));
}

#[test]
fn what_refuses_every_command_is_no_modem() {
    let mut rig = Rig::new(|_| Some("\r\nERROR\r\n".into()));
    rig.modem.start(rig.now, &mut rig.events);
    assert_eq!(rig.run(20_000), [LineEvent::Lost(Loss::Garbled)]);
    // Refused once, because of noise on its way: that is none of it.
    let mut rig = Rig::new(conexant);
    rig.special("ATE0V1Q0", Some("\r\nERROR\r\n"));
    rig.modem.start(rig.now, &mut rig.events);
    rig.run(25);
    rig.special.clear();
    assert!(matches!(rig.run(20_000)[..], [LineEvent::Ready(_)]), "{:?}", rig.commands);
}

#[test]
fn answers_of_a_slow_modem_are_not_taken_for_later_ones() {
    // Everything is answered 1.5 s late, which is later than waking waits.
    let mut rig = Rig::new(|_| None);
    rig.modem.start(rig.now, &mut rig.events);
    let mut answered = 0;
    let mut told = Vec::new();
    for _ in 0..8_000 {
        told.extend(rig.run(10));
        while let Some(command) = rig.commands.get(answered) {
            if let Some(answer) = conexant(command) {
                rig.later.push((rig.now + ms(1_500), answer.into_bytes()));
            }
            answered += 1;
        }
    }
    match told[..] {
        [LineEvent::Ready(caps)] => assert!(caps.contains(Caps::VOICE | Caps::CALLER_ID), "{caps:?}"),
        _ => panic!("{told:?} {:?}", rig.commands),
    }
    assert_eq!(rig.modem.profile().name, "conexant");
}

#[test]
fn unplugged_at_any_moment() {
    // Idle.
    let mut rig = Rig::ready(conexant);
    rig.unplug();
    assert_eq!(rig.run(0), [LineEvent::Lost(Loss::Gone)]);
    assert!(rig.modem.interest() == Interest::default() && rig.modem.deadline().is_none());
    rig.act(ActionKind::Seize);
    assert_eq!(rig.run(60_000), [failed(1, Failure::Lost)]);
    // While starting, at each moment of it.
    for at in (0..800).step_by(7) {
        let mut rig = Rig::new(conexant);
        rig.modem.start(rig.now, &mut rig.events);
        let told = rig.run(at);
        rig.unplug();
        let after = rig.run(60_000);
        assert_eq!(after, [LineEvent::Lost(Loss::Gone)], "at {at} ms, after {told:?}");
    }
    // In the middle of each kind of action.
    for (kind, off_hook) in [
        (ActionKind::Seize, false),
        (dial("5551234"), false),
        (dial("5551234"), true),
        (ActionKind::Release, true),
        (ActionKind::Flash(ms(500)), true),
        (send("12345"), true),
    ] {
        for at in (0..400).step_by(9) {
            let mut rig = if off_hook { Rig::off_hook(conexant) } else { Rig::ready(conexant) };
            let id = rig.act(kind);
            let mut told = rig.run(at);
            rig.unplug();
            told.extend(rig.run(60_000));
            let dones = told.iter().filter(|e| matches!(e, LineEvent::Done { action, .. } if *action == id)).count();
            assert_eq!(dones, 1, "{kind:?} at {at} ms: {told:?}");
            assert_eq!(told.iter().filter(|e| **e == LineEvent::Lost(Loss::Gone)).count(), 1);
        }
    }
}

#[test]
fn what_was_said_before_the_end_is_heard() {
    let mut rig = Rig::ready(conexant);
    rig.far.as_mut().unwrap().write(b"\r\nRING\r\n").unwrap();
    rig.unplug();
    assert_eq!(rig.run(0), [RING, LineEvent::Lost(Loss::Gone)]);
}

#[test]
fn a_chosen_profile_stays() {
    let mut rig = Rig::new(conexant);
    rig.modem = rig.modem.with_profile(profile::by_name("data").unwrap());
    assert!(caps(&rig.start()).contains(Caps::DATA));
    assert_eq!(rig.modem.profile().name, "data");
}
