use super::*;
use crate::SitKind;
use crate::country::{Segment, US, all, by_code};
use crate::test_signal::{Noise, mix_at, silence, speech, tone};
use crate::tone::TonePlayer;
use std::vec::Vec;

fn play(segments: &'static [Segment], level: f32, ms: usize) -> Vec<i16> {
    let mut out = silence(ms);
    TonePlayer::new(segments, level).fill(&mut out);
    out
}

fn events(country: &'static Country, samples: &[i16]) -> Vec<(u64, Kind)> {
    let mut seen = Vec::new();
    Detector::new(country).process(samples, &mut |e| seen.push((e.at / 8, e.kind)));
    seen
}

/// The tones told and ended, without hints.
fn tones(country: &'static Country, samples: &[i16]) -> Vec<Kind> {
    events(country, samples)
        .into_iter()
        .map(|(_, k)| k)
        .filter(|k| matches!(k, Kind::Tone(_) | Kind::Ended(_)))
        .collect()
}

fn is_tone_kind(k: &Kind) -> bool {
    matches!(k, Kind::Tone(_) | Kind::Ended(_))
}

#[test]
fn north_american_tones_and_their_times() {
    use ProgressTone::*;
    for (segments, tone, by) in [
        (US.dial, Dial, 500),
        (US.stutter, StutterDial, 1000),
        (US.ringback, Ringback, 2450),
        (US.busy, Busy, 2100),
        (US.reorder, Reorder, 1100),
        (US.sit, Sit(SitKind::Intercept), 850),
        (US.call_waiting, CallWaiting, 950),
        (US.confirmation, Confirmation, 1000),
    ] {
        let mut signal = silence(200);
        signal.extend(play(segments, -20.0, 8000));
        let seen: Vec<_> = events(US, &signal).into_iter().filter(|(_, k)| is_tone_kind(k)).collect();
        assert_eq!(seen.first().map(|s| s.1), Some(Kind::Tone(tone)), "{seen:?}");
        assert!(seen[0].0 <= 200 + by, "{tone:?} at {}", seen[0].0);
        let again = seen.iter().filter(|(_, k)| matches!(k, Kind::Tone(_))).count();
        assert_eq!(again, 1, "{seen:?}");
    }
}

#[test]
fn levels() {
    for level in [-5.0, -20.0, -36.0] {
        for (segments, tone) in [
            (US.dial, ProgressTone::Dial),
            (US.ringback, ProgressTone::Ringback),
            (US.busy, ProgressTone::Busy),
            (US.reorder, ProgressTone::Reorder),
            (US.sit, ProgressTone::Sit(SitKind::Intercept)),
        ] {
            assert_eq!(tones(US, &play(segments, level, 4500)).first(), Some(&Kind::Tone(tone)), "{tone:?} {level}");
        }
    }
    assert_eq!(tones(US, &play(US.dial, -52.0, 3000)), []);
}

#[test]
fn every_tone_of_every_country() {
    for c in all() {
        for (what, segments) in [
            (ProgressTone::Dial, c.dial),
            (ProgressTone::Ringback, c.ringback),
            (ProgressTone::Busy, c.busy),
            (ProgressTone::Reorder, c.reorder),
            (ProgressTone::StutterDial, c.stutter),
        ] {
            // Two tones 25 Hz apart cannot be followed through pauses of 40 ms: there the stutter is told as dial tone.
            if segments.is_empty() || (c.code == "au" && what == ProgressTone::StutterDial) {
                continue;
            }
            let seen = tones(c, &play(segments, -15.0, 9000));
            let first = seen.first().copied();
            // Where one cadence serves two tones, the first name stands.
            let same =
                |a: &[Segment], b: &[Segment]| a.iter().cycle().zip(b.iter().cycle()).take(8).all(|(x, y)| x == y);
            let expected =
                if what == ProgressTone::Reorder && same(c.reorder, c.busy) { ProgressTone::Busy } else { what };
            assert_eq!(first, Some(Kind::Tone(expected)), "{} {what:?}: {seen:?}", c.code);
            let others = seen.iter().filter(|k| matches!(k, Kind::Tone(_))).count();
            assert_eq!(others, 1, "{} {what:?}: {seen:?}", c.code);
        }
    }
}

#[test]
fn special_information_tones_of_every_country() {
    for c in all() {
        let seen = tones(c, &play(c.sit, -15.0, 12_000));
        let sits = seen.iter().filter(|k| matches!(k, Kind::Tone(ProgressTone::Sit(_)))).count();
        assert_eq!((sits, seen.len()), (1, 1), "{}: {seen:?}", c.code);
    }
}

#[test]
fn kinds_of_special_information_tone() {
    let (low1, high1, low2, high2, third) = (913.8, 985.2, 1370.6, 1428.5, 1776.7);
    let (short, long) = (276, 380);
    for (kind, first, second) in [
        (SitKind::Intercept, (low1, short), (low2, short)),
        (SitKind::VacantCode, (high1, long), (low2, short)),
        (SitKind::Reorder, (low1, short), (high2, long)),
        (SitKind::Reorder, (high1, short), (low2, long)),
        (SitKind::NoCircuit, (high1, long), (high2, long)),
        (SitKind::NoCircuit, (low1, long), (low2, long)),
        (SitKind::Ineffective, (low1, long), (high2, short)),
    ] {
        for k in [0.99f32, 1.0, 1.01] {
            let mut signal = silence(100);
            signal.extend(tone(&[first.0 * k], -20.0, first.1));
            signal.extend(silence(4));
            signal.extend(tone(&[second.0 * k], -20.0, second.1));
            signal.extend(tone(&[third * k], -20.0, 380));
            signal.extend(silence(300));
            Noise::new(3).add(&mut signal, -45.0);
            assert_eq!(tones(US, &signal), [Kind::Tone(ProgressTone::Sit(kind))], "{kind:?} {k}");
        }
    }
}

#[test]
fn the_announcement_after_a_special_information_tone_is_a_voice() {
    let mut signal = play(US.sit, -20.0, 1000);
    signal.extend(speech(3, -18.0, 6000));
    let seen = events(US, &signal);
    assert_eq!(seen[0].1, Kind::Tone(ProgressTone::Sit(SitKind::Intercept)));
    assert!(seen.iter().any(|(_, k)| *k == Kind::Voice), "{seen:?}");
    assert_eq!(tones(US, &signal), [seen[0].1, Kind::Ended(ProgressTone::Sit(SitKind::Intercept))]);
}

#[test]
fn cadence_tolerance() {
    static SLOW: [Segment; 2] =
        [Segment { freqs: &[480.0, 620.0], am: 0.0, ms: 560 }, Segment { freqs: &[], am: 0.0, ms: 560 }];
    static FAST: [Segment; 2] =
        [Segment { freqs: &[480.0, 620.0], am: 0.0, ms: 450 }, Segment { freqs: &[], am: 0.0, ms: 450 }];
    static NEITHER: [Segment; 2] =
        [Segment { freqs: &[480.0, 620.0], am: 0.0, ms: 800 }, Segment { freqs: &[], am: 0.0, ms: 800 }];
    assert_eq!(tones(US, &play(&SLOW, -20.0, 6000)), [Kind::Tone(ProgressTone::Busy)]);
    assert_eq!(tones(US, &play(&FAST, -20.0, 6000)), [Kind::Tone(ProgressTone::Busy)]);
    assert_eq!(tones(US, &play(&NEITHER, -20.0, 9000)), []);
}

#[test]
fn noise_between_bursts_is_tolerated() {
    for (segments, tone) in [
        (US.dial, ProgressTone::Dial),
        (US.ringback, ProgressTone::Ringback),
        (US.busy, ProgressTone::Busy),
        (US.reorder, ProgressTone::Reorder),
    ] {
        for seed in 0..5 {
            let mut signal = play(segments, -20.0, 6500);
            Noise::new(seed).add(&mut signal, -27.0);
            assert_eq!(tones(US, &signal), [Kind::Tone(tone)], "{seed}");
        }
    }
}

#[test]
fn ringback_ends_when_the_next_burst_is_overdue() {
    let mut signal = play(US.ringback, -20.0, 8000);
    signal.extend(silence(4000));
    let seen = events(US, &signal);
    let ended = seen.iter().find(|(_, k)| *k == Kind::Ended(ProgressTone::Ringback)).map(|e| e.0);
    // The second burst ends at 8 s, the third is due at 12 s... of which the line played only 8.
    assert!(ended.is_none());
    signal.extend(silence(3000));
    let ended = events(US, &signal).iter().find(|(_, k)| *k == Kind::Ended(ProgressTone::Ringback)).map(|e| e.0);
    assert!(ended.is_some_and(|at| (12_400..12_800).contains(&at)), "{ended:?}");
}

#[test]
fn ringback_cut_short_ends_at_once() {
    let mut signal = play(US.ringback, -20.0, 6800);
    signal.extend(silence(2000));
    let seen = events(US, &signal);
    let ended = seen.iter().find(|(_, k)| *k == Kind::Ended(ProgressTone::Ringback)).map(|e| e.0);
    assert!(ended.is_some_and(|at| at < 7000), "{seen:?}");
}

#[test]
fn a_burst_joined_in_the_middle_will_do() {
    let whole = play(US.ringback, -20.0, 8000);
    let seen = events(US, &whole[8 * 1200..]);
    assert_eq!(seen.first().map(|e| e.1), Some(Kind::Tone(ProgressTone::Ringback)));
    assert!(!seen.iter().any(|e| matches!(e.1, Kind::Ended(_))), "{seen:?}");
}

#[test]
fn an_answer_within_the_first_burst_is_witnessed() {
    // Ringback of 180 ms, then a called party that says nothing. It cannot be told from a burst joined at its end until
    // the next one is overdue.
    let mut signal = play(US.ringback, -20.0, 180);
    signal.extend(silence(6_000));
    let told: Vec<_> = events(US, &signal).into_iter().filter(|e| !matches!(e.1, Kind::Silence(_))).collect();
    let [(began, Kind::Tone(ProgressTone::Ringback)), (ended, Kind::Ended(ProgressTone::Ringback))] = told[..] else {
        panic!("{told:?}")
    };
    assert!(began < 300 && (4_200..5_200).contains(&ended), "{told:?}");
    // Told within its first burst too, and its end only after the last one.
    let mut signal = play(US.ringback, -20.0, 8_000)[8 * 1_700..].to_vec();
    signal.extend(silence(6_000));
    let ended = events(US, &signal).iter().find(|e| matches!(e.1, Kind::Ended(_))).map(|e| e.0);
    assert!(ended.is_some_and(|at| at > 8_000 - 1_700 + 2_000), "{ended:?}");
}

#[test]
fn a_voice_answers_after_ringback() {
    for seed in 0..8 {
        for country in ["us", "gb", "de", "fr", "au", "jp", "in"] {
            let c = by_code(country).expect("a country");
            let cycle: u32 = c.ringback.iter().map(|s| s.ms).sum();
            let mut signal = play(c.ringback, -20.0, cycle as usize + 1500);
            let from = signal.len() as u64 / 8;
            signal.extend(speech(seed, -18.0, 2000));
            Noise::new(seed).add(&mut signal, -60.0);
            let seen = events(c, &signal);
            let voice = seen.iter().find(|(_, k)| *k == Kind::Voice).map(|e| e.0);
            assert!(voice.is_some_and(|at| at > from + 170 && at < from + 1500), "{country} {seed} {from} {seen:?}");
        }
    }
}

#[test]
fn only_voices_are_voices() {
    let mut noise = silence(4000);
    Noise::new(1).add(&mut noise, -25.0);
    let mut digits = silence(200);
    let mut sender = crate::dtmf::Sender::new(-10.0);
    for d in b"5551234567890#" {
        sender.push(*d, core::time::Duration::from_millis(100), core::time::Duration::from_millis(100));
    }
    digits.resize(8 * 3200, 0);
    sender.mix(&mut digits[1600..]);
    let mut fsk = crate::fsk::Sender::new(crate::fsk::BELL202, -15.0);
    fsk.load(&[0x80; 100], 300, 180);
    let mut data = silence(2000);
    fsk.mix(&mut data);
    for (what, signal) in [
        ("noise", noise),
        ("digits", digits),
        ("data", data),
        ("fax", tone(&[2100.0], -12.0, 3000)),
        ("silence", silence(3000)),
        ("dial", play(US.dial, -15.0, 3000)),
        ("ringback", play(US.ringback, -15.0, 9000)),
        ("busy", play(US.busy, -15.0, 5000)),
        ("sit", play(US.sit, -15.0, 3000)),
    ] {
        assert!(!events(US, &signal).iter().any(|(_, k)| *k == Kind::Voice), "{what}");
    }
}

#[test]
fn speech_is_no_tone() {
    for country in ["us", "gb", "de", "br", "it", "za"] {
        let c = by_code(country).expect("a country");
        for seed in 0..4 {
            assert_eq!(tones(c, &speech(seed, -15.0, 30_000)), [], "{country} {seed}");
        }
    }
}

#[test]
fn silence_is_told_every_second() {
    let mut signal = silence(2500);
    // A click of 10 ms does not end it.
    mix_at(&mut signal, &tone(&[1000.0], -20.0, 10), 12_000);
    signal.extend(tone(&[1000.0], -20.0, 500));
    signal.extend(silence(1500));
    let seen: Vec<_> = events(US, &signal).into_iter().filter(|(_, k)| matches!(k, Kind::Silence(_))).collect();
    assert_eq!(
        seen.iter().map(|e| e.1).collect::<Vec<_>>(),
        [Kind::Silence(1000), Kind::Silence(2000), Kind::Silence(1000)]
    );
    assert!(seen[2].0.abs_diff(4000) < 30);
}

#[test]
fn one_tone_after_another() {
    let mut signal = play(US.dial, -15.0, 2000);
    signal.extend(silence(1500));
    signal.extend(play(US.ringback, -20.0, 6300));
    signal.extend(play(US.busy, -20.0, 4000));
    signal.extend(silence(1500));
    use ProgressTone::*;
    assert_eq!(
        tones(US, &signal),
        [
            Kind::Tone(Dial),
            Kind::Ended(Dial),
            Kind::Tone(Ringback),
            Kind::Ended(Ringback),
            Kind::Tone(Busy),
            Kind::Ended(Busy)
        ]
    );
}

#[test]
fn block_size_does_not_matter() {
    let mut signal = play(US.stutter, -15.0, 1500);
    signal.extend(play(US.sit, -20.0, 1200));
    signal.extend(speech(1, -20.0, 1500));
    signal.extend(play(US.reorder, -20.0, 2000));
    Noise::new(6).add(&mut signal, -45.0);
    let whole = events(US, &signal);
    assert!(whole.len() >= 5, "{whole:?}");
    for size in [1, 7, 160, 8000] {
        let mut detector = Detector::new(US);
        let mut seen = Vec::new();
        signal.chunks(size).for_each(|c| detector.process(c, &mut |e| seen.push((e.at / 8, e.kind))));
        assert_eq!(seen, whole, "{size}");
    }
}

#[test]
fn reset_forgets() {
    let mut detector = Detector::new(US);
    let mut seen = Vec::new();
    detector.process(&play(US.busy, -20.0, 1900), &mut |e| seen.push(e.kind));
    detector.reset();
    detector.process(&play(US.busy, -20.0, 1900), &mut |e| seen.push(e.kind));
    assert_eq!(seen, []);
}
