//! What our own receivers hear of a call whose samples come in, beside what the modem says of it.

use super::streams::{duplex, half_duplex};
use super::*;
use crate::drivers::audio::Direction;
use crate::drivers::guard::Guards;
use loopstart_signal::country::US;
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{Heed, dtmf, linear};
use std::os::fd::OwnedFd;

/// A line off hook, and a program that hears it.
struct Call {
    rig: Rig,
    /// Nobody reads it: what it holds is replaced by what comes.
    _program: OwnedFd,
}

impl Call {
    fn new(script: Script, guards: Guards) -> Self {
        let mut rig = Rig::new(script);
        rig.modem = rig.modem.with_guards(guards);
        rig.start();
        rig.act(ActionKind::Seize);
        rig.run(1_000);
        let streams = rig.modem.audio().expect("streams");
        let (theirs, ours) = streams.gate().open(1, Direction::FromLine, false).unwrap().expect("a place");
        streams.attach(ours);
        assert_eq!(rig.run(500), []);
        Self { rig, _program: theirs }
    }

    /// 20 ms of sound, with `event` of the modem's in the middle of it.
    fn block(&mut self, samples: &[i16; 160], event: &[u8]) -> Vec<LineEvent> {
        let mut bytes = Vec::new();
        for (n, sample) in samples.iter().enumerate() {
            if n == 80 {
                bytes.extend_from_slice(event);
            }
            let byte = linear::unsigned8_encode(*sample);
            bytes.push(byte);
            if byte == dle::DLE {
                bytes.push(byte);
            }
        }
        self.rig.say(&bytes);
        self.rig.run(20)
    }

    /// So many milliseconds of what `fill` makes.
    fn hear(&mut self, millis: u64, mut fill: impl FnMut(&mut [i16])) -> Vec<LineEvent> {
        let mut told = Vec::new();
        for _ in 0..millis / 20 {
            let mut samples = [0; 160];
            fill(&mut samples);
            told.extend(self.block(&samples, b""));
        }
        told
    }

    fn silence(&mut self, millis: u64) -> Vec<LineEvent> {
        self.hear(millis, |_| {})
    }
}

#[test]
fn the_tone_of_an_exchange_that_hung_up_is_heard_where_the_modem_says_nothing() {
    for (tone, expected) in
        [(US.busy, ProgressTone::Busy), (US.reorder, ProgressTone::Reorder), (US.dial, ProgressTone::Dial)]
    {
        let mut call = Call::new(half_duplex, Guards::default());
        call.silence(1_000);
        let mut player = TonePlayer::new(tone, -13.0);
        let told = call.hear(6_000, |samples| player.mix(samples));
        assert_eq!(told, [LineEvent::Tone(expected)], "once");
        assert_eq!(call.silence(3_000), [LineEvent::ToneEnded]);
    }
}

#[test]
fn a_tone_that_both_hear_is_told_once() {
    let mut call = Call::new(half_duplex, Guards::default());
    let mut player = TonePlayer::new(US.busy, -13.0);
    let mut told = Vec::new();
    for n in 0..300 {
        let mut samples = [0; 160];
        player.mix(&mut samples);
        told.extend(call.block(&samples, if n % 50 == 20 { b"\x10b" } else { b"" }));
    }
    assert_eq!(told, [LineEvent::Tone(ProgressTone::Busy)]);
}

fn digits(told: &[LineEvent]) -> String {
    let begun = |event: &LineEvent| match event {
        LineEvent::Digit(Digit { symbol, edge: DigitEdge::Begin, .. }) => Some(char::from(*symbol)),
        _ => None,
    };
    told.iter().filter_map(begun).collect()
}

#[test]
fn digits_come_from_whoever_hears_them_and_each_once() {
    // By nobody but us; by both, the modem at the beginning and the end of each or only at the end, some cut out of the samples.
    for modem in 0..4 {
        let mut call = Call::new(duplex, Guards::default());
        call.rig.act(ActionKind::Listen(Heed::DTMF));
        call.rig.run(10);
        let mut told = call.silence(500);
        // Of a key that is pressed again at once, one heard by the one and one by the other might be the same.
        let keys = if modem == 3 { b"159#7272D" } else { b"159#7772D" };
        for (n, digit) in keys.iter().enumerate() {
            let (begin, end) = match modem {
                1 => ([b'\x10', b'/', b'\x10', *digit].to_vec(), b"\x10~".to_vec()),
                2 => (Vec::new(), [b'\x10', *digit].to_vec()),
                3 if n % 2 == 0 => ([b'\x10', b'/', b'\x10', *digit].to_vec(), b"\x10~".to_vec()),
                _ => (Vec::new(), Vec::new()),
            };
            let mut sender = dtmf::Sender::new(-9.0);
            sender.push(*digit, ms(100), ms(0));
            for block in 0..15 {
                let mut samples = [0; 160];
                sender.mix(&mut samples);
                let event: &[u8] = match block {
                    2 => &begin,
                    5 => &end,
                    _ => b"",
                };
                // What the modem takes for a digit some do not pass on.
                let cut = modem == 3 && n % 2 == 0;
                told.extend(call.block(if cut { &[0; 160] } else { &samples }, event));
            }
        }
        told.extend(call.silence(500));
        assert_eq!(digits(&told).as_bytes(), keys, "modem {modem}");
        let ends = told.iter().filter(|e| matches!(e, LineEvent::Digit(d) if d.edge == DigitEdge::End)).count();
        assert_eq!(ends, 9, "modem {modem}: and each ends");
    }
}

#[test]
fn silence_in_the_samples_is_measured_and_sound_ends_it() {
    let guards = Guards { silence: Some(ms(20_000)), ..Guards::default() };
    let mut call = Call::new(half_duplex, guards);
    assert_eq!(call.silence(15_000), []);
    let mut player = TonePlayer::fixed(&[1_000.0], -15.0, None);
    call.hear(1_000, |samples| player.mix(samples));
    let released = |told: &[LineEvent]| told.contains(&LineEvent::Released(ReleaseWitness::Silence));
    assert!(!released(&call.silence(19_000)), "a sound in between");
    assert!(released(&call.silence(3_000)));
    // Where nobody hears the call and the modem says nothing there is no silence: nothing is known.
    let mut call = Call::new(half_duplex, guards);
    call.silence(5_000);
    assert_eq!(call.rig.run(120_000), []);
}
