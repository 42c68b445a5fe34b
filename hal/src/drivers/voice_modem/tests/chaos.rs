//! Properties under random bytes, actions and times.

use super::*;
use crate::drivers::audio::Direction;
use loopstart_signal::{MediaOrder, OutTone, ToneKind, ToneWatch};
use proptest::prelude::*;
use std::io::Write;
use std::os::unix::net::UnixStream;

#[derive(Clone, Debug)]
enum Move {
    Say(Vec<u8>),
    Act(u8),
    Wait(u16),
    Answering(bool),
    Unplug,
    /// A program says something, where one takes part.
    Speak(Vec<u8>),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let words = prop::sample::select(vec![
        &b"\r\nOK\r\n"[..],
        b"\r\nERROR\r\n",
        b"\r\nRING\r\n",
        b"\r\nNO CARRIER\r\n",
        b"\r\nBUSY\r\n",
        b"\r\nVCON\r\n",
        b"\r\nCONNECT 9600\r\n",
        b"\x10R",
        b"\x10r",
        b"\x10b",
        b"\x10/\x105\x10~",
        b"\x107",
        b"\x10l",
        b"\x10V",
        b"0\r",
        b"4\r",
        b"\r\nNMBR=5551234\r\n",
        b"\r\nNAME=X\r\n",
        b"\x10X",
        b"\x10.",
        b"\x10\x03",
        b"NO DIALTONE\r",
    ]);
    let step = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 1..200).prop_map(Move::Say),
        6 => words.prop_map(|w| Move::Say(w.to_vec())),
        6 => (0u8..17).prop_map(Move::Act),
        2 => prop::collection::vec(any::<u8>(), 0..2_000).prop_map(Move::Speak),
        6 => (0u16..9_000).prop_map(Move::Wait),
        2 => any::<bool>().prop_map(Move::Answering),
        1 => Just(Move::Unplug),
    ];
    prop::collection::vec(step, 1..60)
}

fn kind(n: u8) -> ActionKind {
    match n {
        0 => ActionKind::Seize,
        1 => dial("5551234"),
        2 => dial(&"P9,W1234567890*#".repeat(4)),
        3 | 4 => ActionKind::Answer,
        5 | 6 => ActionKind::Release,
        7 => ActionKind::Flash(ms(500)),
        8 => send("12,34#"),
        9 => ActionKind::CancelDigits,
        10 => ActionKind::Listen(loopstart_signal::Heed::all()),
        11 => ActionKind::SendTone(OutTone { tone: ToneKind::Busy, duration: Some(ms(2_500)) }),
        12 => ActionKind::Speaker(true),
        13 => ActionKind::Media(MediaOrder::Pause),
        14 => ActionKind::Media(MediaOrder::Reset),
        15 => ActionKind::WatchTones(ToneWatch::default()),
        _ => ActionKind::Dial {
            steps: [DialStep::Digit(b'\r'), DialStep::Digit(b';')].into_iter().collect(),
            digit: ms(1),
            gap: ms(0),
            pause: ms(100_000),
            wait_dial_tone: ms(0),
            partial: true,
        },
    }
}

/// Checks what the driver may write: known commands and dial strings in lines that every modem takes, stream ends, escapes.
fn check_wire(wire: &[u8]) {
    for line in wire.split(|b| *b == b'\r') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_start_matches("+++");
        assert!(line.len() <= 42, "{line:?}");
        let ends = ["\x10!\x10\x1b\x10\x03", "\x10\x18\x10\x03\x10^\x10!\x10\x1b"];
        if line.is_empty() || ends.contains(&line) {
            continue;
        }
        let body = line.strip_prefix("AT").unwrap_or_else(|| panic!("{line:?}"));
        if let Some(dial) = body.strip_prefix("X4D").or(body.strip_prefix("X3D")) {
            let (last, head) = dial.as_bytes().split_last().unwrap();
            let allowed = |b: &u8| b"0123456789*#ABCDTP,W@$!".contains(b);
            assert!(head.iter().all(allowed) && (allowed(last) || *last == b';'), "{line:?}");
        } else {
            assert!(body.bytes().all(|b| b.is_ascii_graphic()), "{line:?}");
            assert!(!body.contains(';'), "{line:?}");
        }
    }
}

fn play(moves: Vec<Move>, script: Script, audio: bool) {
    let mut rig = Rig::ready(script);
    let mut programs = audio.then(|| attach(&mut rig));
    let mut told = Vec::new();
    let mut plugged = true;
    for (turn, step) in moves.into_iter().enumerate() {
        match step {
            Move::Say(bytes) if plugged => rig.say(&bytes),
            Move::Say(_) => {}
            Move::Speak(bytes) => {
                if let Some([_, writer]) = &mut programs {
                    // What does not fit is not said.
                    let _ = writer.write(&bytes);
                }
            }
            Move::Act(n) => {
                rig.act(kind(n));
            }
            Move::Wait(n) => told.extend(rig.run(u64::from(n))),
            Move::Answering(yes) => rig.script = if yes { script } else { |_| None },
            Move::Unplug => {
                plugged = false;
                rig.unplug();
            }
        }
        told.extend(rig.run(turn as u64 % 3));
    }
    // Everything ends within the longest chain of deadlines.
    told.extend(rig.run(600_000));
    for id in 1..=rig.ids {
        let n = told.iter().filter(|e| matches!(e, LineEvent::Done { action, .. } if *action == ActionId(id))).count();
        assert_eq!(n, 1, "action {id} of {}: {told:?}", rig.ids);
    }
    let gone = told.iter().filter(|e| **e == LineEvent::Lost(Loss::Gone)).count();
    assert_eq!(gone, usize::from(!plugged));
    let mut off_hook = false;
    for event in &told {
        match event {
            LineEvent::OffHook => {
                assert!(!off_hook, "off hook twice: {told:?}");
                off_hook = true;
            }
            LineEvent::OnHook | LineEvent::Lost(_) => off_hook = false,
            _ => {}
        }
    }
    // Samples look like anything.
    if !audio {
        check_wire(&rig.wire);
    }
}

/// A program that hears and one that speaks.
fn attach(rig: &mut Rig) -> [UnixStream; 2] {
    [Direction::FromLine, Direction::ToLine].map(|direction| {
        let streams = rig.modem.audio().expect("streams");
        let (theirs, ours) = streams.gate().open(1, direction, false).unwrap().expect("a place");
        streams.attach(ours);
        let end = UnixStream::from(theirs);
        end.set_nonblocking(true).unwrap();
        end
    })
}

/// Cases of each property.
const CASES: u32 = 200;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    #[test]
    fn every_action_ends_once_and_nothing_breaks(moves in moves()) {
        play(moves, conexant, false);
    }

    #[test]
    fn and_with_a_data_modem(moves in moves()) {
        play(moves, data_only, false);
    }

    #[test]
    fn and_with_streams(moves in moves(), both in any::<bool>()) {
        play(moves, if both { super::streams::duplex } else { super::streams::half_duplex }, true);
    }

    #[test]
    fn a_full_queue_holds_the_modem_back(bytes in prop::collection::vec(any::<u8>(), 0..1_000)) {
        let mut rig = Rig::off_hook(conexant);
        rig.act(ActionKind::Listen(loopstart_signal::Heed::DTMF));
        rig.run(1);
        // Nobody takes the events: the queue's own assertion fails if the driver overfills it.
        if let Some(far) = &mut rig.far {
            let text = [&bytes[..], b"\r\x10~\x10~", &b"\x107".repeat(2_000)].concat();
            assert_eq!(far.write(&text), Ok(text.len()));
        }
        for _ in 0..50 {
            rig.modem.ready(Readiness { read: true, ..Readiness::default() }, rig.now, &mut rig.events);
            rig.now = rig.now + ms(10);
            rig.modem.expire(rig.now, &mut rig.events);
        }
        prop_assert!(!rig.modem.drained());
        rig.run(1_000);
        prop_assert!(rig.modem.drained(), "and goes on once there is room");
    }
}
