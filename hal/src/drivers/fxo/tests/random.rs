//! Whatever happens in whatever order: each action ends once, the queue never overflows, nothing panics.

use super::*;
use crate::drivers::audio::{CallAudio, Direction};
use loopstart_signal::{Heed, MediaOrder, OutTone, ToneKind, TonePart};
use proptest::prelude::*;
use std::collections::HashMap;
use std::io::Write;
use std::os::unix::net::UnixStream;

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a few dozen of them")]
enum Happening {
    Act(ActionKind),
    Event(FxoEvent),
    Tone(u8),
    Run(u64),
    Battery(bool),
    Full(bool),
    /// A program says something.
    Speak(Vec<u8>),
    Held(bool),
    Error(Option<i32>),
    Gone,
}

fn text(alphabet: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(alphabet.chars().collect::<Vec<_>>()), 0..6)
        .prop_map(|chars| chars.into_iter().collect())
}

fn out_tone(kind: u8, ms: u64) -> ActionKind {
    let part = TonePart { hz: 440 * u16::from(kind), on_ms: 100, off_ms: u16::from(kind) * 7, level_dbm0: -10.0 };
    let tone = match kind {
        0 => ToneKind::Ringback,
        1 => ToneKind::Busy,
        2 => ToneKind::Beep,
        3 => ToneKind::Billing,
        _ => ToneKind::Custom([part; 4]),
    };
    ActionKind::SendTone(OutTone { tone, duration: Some(Duration::from_millis(ms)) })
}

/// A program that hears and one that speaks.
fn attach(bench: &mut Bench) -> [UnixStream; 2] {
    [Direction::FromLine, Direction::ToLine].map(|direction| {
        let streams = bench.fxo.audio().expect("streams");
        let (theirs, ours) = streams.gate().open(1, direction, false).unwrap().expect("a place");
        streams.attach(ours);
        let end = UnixStream::from(theirs);
        end.set_nonblocking(true).unwrap();
        end
    })
}

fn happening() -> impl Strategy<Value = Happening> {
    let action = prop_oneof![
        Just(ActionKind::Seize),
        Just(ActionKind::Answer),
        Just(ActionKind::Release),
        Just(ActionKind::CancelDigits),
        (0..8u8).prop_map(|bits| ActionKind::Listen(Heed::from_bits_truncate(bits))),
        (0..8u8, 0u64..3_000).prop_map(|(kind, ms)| out_tone(kind, ms)),
        Just(ActionKind::WatchTones(ToneWatch::default())),
        any::<bool>().prop_map(ActionKind::Speaker),
        prop::sample::select(vec![MediaOrder::Run, MediaOrder::Pause, MediaOrder::Reset]).prop_map(ActionKind::Media),
        (0u64..2_000).prop_map(|ms| ActionKind::Flash(Duration::from_millis(ms))),
        text("0123456789*#ABCDTP,W@$!x").prop_map(|digits| dial(&digits)),
        (text("0123456789*#,W"), any::<bool>())
            .prop_map(|(digits, pulse)| send(&digits, if pulse { DigitMode::Pulse } else { DigitMode::Dtmf })),
    ];
    let event = prop::sample::select(vec![
        FxoEvent::OnHook,
        FxoEvent::RingOffHook,
        FxoEvent::Alarm,
        FxoEvent::NoAlarm,
        FxoEvent::DialComplete,
        FxoEvent::HookComplete,
        FxoEvent::Polarity,
        FxoEvent::RingBegin,
        FxoEvent::Removed,
    ]);
    prop_oneof![
        8 => action.prop_map(Happening::Act),
        8 => event.prop_map(Happening::Event),
        4 => (0u8..9).prop_map(Happening::Tone),
        12 => (0u64..4_000).prop_map(Happening::Run),
        2 => any::<bool>().prop_map(Happening::Battery),
        2 => any::<bool>().prop_map(Happening::Full),
        4 => prop::collection::vec(any::<u8>(), 0..4_000).prop_map(Happening::Speak),
        1 => any::<bool>().prop_map(Happening::Held),
        1 => prop::option::of(Just(libc::EIO)).prop_map(Happening::Error),
        1 => Just(Happening::Gone),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn each_action_ends_exactly_once(happenings in prop::collection::vec(happening(), 1..40)) {
        let mut bench = Bench::new();
        bench.queue = EventQueue::with_capacity(2 * ROOM);
        let mut programs = attach(&mut bench);
        for happening in happenings {
            match happening {
                Happening::Act(kind) => {
                    bench.act(kind);
                }
                Happening::Event(event) => bench.channel.get().waiting.push_back(Waiting::Event(event)),
                Happening::Tone(which) => {
                    let tones = [US.dial, US.stutter, US.ringback, US.busy, US.reorder, US.sit, US.confirmation];
                    bench.source = match tones.get(usize::from(which)) {
                        None if which == 7 => super::services::announcement(true),
                        Some(segments) => Source::Tone(TonePlayer::new(segments, -13.0)),
                        None => Source::Voice(0),
                    };
                }
                Happening::Run(ms) => bench.run(ms),
                Happening::Battery(on) => bench.channel.get().battery = on,
                Happening::Full(full) => bench.channel.get().full = full,
                Happening::Speak(bytes) => {
                    // What does not fit is not said.
                    let _ = programs[1].write(&bytes);
                }
                Happening::Held(held) => {
                    let state = if held { CallAudio::Held } else { CallAudio::Live };
                    bench.fxo.audio().expect("streams").call(1, state);
                }
                Happening::Error(error) => bench.channel.get().error = error,
                Happening::Gone => bench.channel.get().gone = true,
            }
        }
        // Everything that waits gives up in time.
        bench.channel.get().full = false;
        bench.source = Source::Silence;
        for _ in 0..200 {
            bench.run(10_000);
            if bench.fxo.run.is_none() && bench.fxo.queue.is_empty() {
                break;
            }
        }
        let mut done: HashMap<u32, usize> = HashMap::new();
        for event in bench.take() {
            if let LineEvent::Done { action, .. } = event {
                *done.entry(action.0).or_default() += 1;
            }
        }
        for id in 1..=bench.actions {
            prop_assert_eq!(done.get(&id), Some(&1), "action {}", id);
        }
    }

    #[test]
    fn hook_events_alternate(happenings in prop::collection::vec(happening(), 1..40)) {
        let mut bench = Bench::new();
        let mut off_hook = false;
        for happening in happenings {
            match happening {
                Happening::Act(kind) => {
                    bench.act(kind);
                }
                Happening::Event(event) if event != FxoEvent::Removed => {
                    bench.channel.get().waiting.push_back(Waiting::Event(event));
                }
                Happening::Run(ms) => bench.run(ms),
                Happening::Battery(on) => bench.channel.get().battery = on,
                _ => {}
            }
            for event in bench.take() {
                match event {
                    LineEvent::OffHook => prop_assert!(!std::mem::replace(&mut off_hook, true)),
                    LineEvent::OnHook => prop_assert!(std::mem::replace(&mut off_hook, false)),
                    LineEvent::Ring { .. } => prop_assert!(!off_hook, "a ring off hook"),
                    LineEvent::Answered(_) | LineEvent::Released(_) | LineEvent::Tone(_) | LineEvent::Digit(_) =>
                        prop_assert!(off_hook, "{event:?} on hook"),
                    _ => {}
                }
            }
            prop_assert_eq!(off_hook, bench.channel.get().off_hook.is_some());
        }
    }
}
