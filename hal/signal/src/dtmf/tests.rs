use super::*;
use crate::filter::Complex;
use crate::level;
use crate::osc::Osc;
use crate::test_signal::{Noise, mix_at, silence, speech, tone};
use core::time::Duration;
use std::string::String;
use std::vec::Vec;

mod clamp;
mod limits;

const ALL: &[u8; 16] = b"1234567890*#ABCD";

/// A digit with everything adjustable, in silence of 60 ms before and 100 ms after.
fn digit(symbol: u8, low_db: f32, high_db: f32, deviation: f32, ms: f32) -> Vec<i16> {
    let (low, high) = frequencies(symbol).expect("a digit");
    let mut out = silence(160 + ms as usize);
    let (mut l, mut h) = (Osc::new(low * (1.0 + deviation)), Osc::new(high * (1.0 + deviation)));
    let (a, b) = (level::peak(low_db), level::peak(high_db));
    for s in out[480..].iter_mut().take((ms * 8.0) as usize) {
        *s = level::sample(a * l.sine() + b * h.sine());
    }
    out
}

fn events(samples: &[i16]) -> Vec<Event> {
    let mut seen = Vec::new();
    Receiver::new().process(samples, &mut |e| seen.push(e));
    seen
}

fn digits(samples: &[i16]) -> String {
    events(samples).iter().filter(|e| e.edge == DigitEdge::Begin).map(|e| char::from(e.symbol)).collect()
}

fn hears(samples: &[i16], symbol: u8) -> bool {
    digits(samples).as_bytes() == [symbol]
}

fn dial(text: &[u8], level: f32, on: u64, off: u64) -> Vec<i16> {
    let mut sender = Sender::new(level);
    for &s in text {
        assert!(sender.push(s, Duration::from_millis(on), Duration::from_millis(off)));
    }
    let mut out = silence((text.len() as u64 * (on + off)) as usize + 200);
    sender.mix(&mut out[400..]);
    assert!(sender.is_idle());
    out
}

#[test]
fn all_digits_loop_back_at_all_levels() {
    for level in [-1.0, -3.0, -10.0, -20.0, -36.0] {
        for (on, off) in [(40, 40), (50, 45), (65, 65), (100, 100)] {
            assert_eq!(digits(&dial(ALL, level, on, off)).as_bytes(), ALL, "{level} dBm0, {on}/{off} ms");
        }
    }
}

#[test]
fn weak_signals_are_refused() {
    for s in *ALL {
        assert_eq!(events(&digit(s, -45.0, -45.0, 0.0, 100.0)), []);
    }
}

#[test]
fn full_scale_and_clipping_do_no_harm() {
    assert_eq!(digits(&dial(ALL, 0.0, 50, 50)).as_bytes(), ALL);
    assert_eq!(digits(&dial(ALL, 3.0, 50, 50)).as_bytes(), ALL);
    // Far beyond what the samples hold: the products of clipping are no third tone.
    let mut loud = dial(ALL, 0.0, 50, 50);
    loud.iter_mut().for_each(|s| *s = s.saturating_mul(2));
    assert_eq!(digits(&loud).as_bytes(), ALL);
}

#[test]
fn frequency_limits_of_q24() {
    for s in *ALL {
        for d in [-0.018, -0.015, -0.01, 0.01, 0.015, 0.018] {
            assert!(hears(&digit(s, -10.0, -10.0, d, 50.0), s), "{} {d}", char::from(s));
        }
        for d in [-0.05, -0.035, -0.03, 0.03, 0.035, 0.05] {
            assert_eq!(events(&digit(s, -10.0, -10.0, d, 200.0)), [], "{} {d}", char::from(s));
        }
    }
}

#[test]
fn one_frequency_off_is_enough_to_refuse() {
    for s in *ALL {
        let (low, high) = frequencies(s).expect("a digit");
        assert_eq!(events(&tone(&[low * 1.035, high], -10.0, 200)), []);
        assert_eq!(events(&tone(&[low, high * 0.965], -10.0, 200)), []);
    }
}

#[test]
fn twist_limits() {
    for s in *ALL {
        for (low, high) in [(-10.0, -6.0), (-10.0, -1.5), (-10.0, -18.0), (-8.0, -17.5)] {
            assert!(hears(&digit(s, low, high, 0.015, 45.0), s), "{} {low} {high}", char::from(s));
        }
        for (low, high) in [(-18.0, -6.0), (-6.0, -18.5)] {
            assert_eq!(events(&digit(s, low, high, 0.0, 100.0)), [], "{} {low} {high}", char::from(s));
        }
    }
}

#[test]
fn duration_limits_at_every_phase_of_the_blocks() {
    for (i, s) in ALL.iter().enumerate() {
        for shift in 0..32 {
            let mut long = silence(0);
            long.resize(shift, 0);
            long.extend(digit(*s, -10.0, -8.0, if i % 2 == 0 { 0.015 } else { -0.015 }, 40.0));
            assert!(hears(&long, *s), "{} {shift}", char::from(*s));
            let mut short = silence(0);
            short.resize(shift, 0);
            short.extend(digit(*s, -10.0, -8.0, 0.0, 23.0));
            assert_eq!(events(&short), [], "{} {shift}", char::from(*s));
        }
    }
}

#[test]
fn gaps() {
    for shift in 0..32 {
        for (gap, count) in [(5, 1), (10, 1), (30, 2), (40, 2)] {
            let mut signal = silence(30);
            signal.resize(240 + shift, 0);
            signal.extend(tone(&[770.0, 1336.0], -12.0, 60));
            signal.extend(silence(gap));
            signal.extend(tone(&[770.0, 1336.0], -12.0, 60));
            signal.extend(silence(100));
            assert_eq!(digits(&signal).len(), count, "{gap} {shift}");
        }
    }
}

#[test]
fn a_digit_follows_another_without_a_gap() {
    let mut signal = tone(&[770.0, 1336.0], -12.0, 80);
    signal.extend(tone(&[852.0, 1477.0], -12.0, 80));
    signal.extend(silence(100));
    assert_eq!(digits(&signal), "59");
}

#[test]
fn begin_and_end_alternate_and_tell_length_and_level() {
    for ms in [45.0, 60.0, 83.0, 100.0, 500.0] {
        let seen = events(&digit(b'7', -12.0, -12.0, 0.0, ms));
        assert_eq!(seen.len(), 2, "{ms}");
        assert_eq!((seen[0].edge, seen[1].edge), (DigitEdge::Begin, DigitEdge::End));
        assert!((seen[1].duration_ms as f32 - ms).abs() <= 2.0, "{ms}: {}", seen[1].duration_ms);
        assert!(seen.iter().all(|e| (e.level_dbm0 + 12.0).abs() < 0.3 && e.twist_db.abs() < 0.3), "{seen:?}");
        assert!(seen.iter().all(|e| e.onset.abs_diff(480) <= 12), "{seen:?}");
        // Decided within 30 ms of the edges.
        assert!(seen[0].at >= 480 + 200 && seen[0].at <= 480 + 240, "{}", seen[0].at);
        assert!(seen[1].at <= 480 + (ms as u64 + 30) * 8);
    }
}

#[test]
fn dial_tone_is_tolerated() {
    for freqs in [&[350.0, 440.0][..], &[425.0], &[400.0], &[440.0], &[450.0], &[413.0, 438.0]] {
        for level in [-10.0, -25.0] {
            let mut signal = dial(ALL, level, 50, 50);
            // Dial tone before the digit and through it, each component 5 dB above each digit tone.
            let long = tone(freqs, level + 5.0, signal.len() / 8);
            mix_at(&mut signal, &long, 0);
            assert_eq!(digits(&signal).as_bytes(), ALL, "{freqs:?} {level}");
        }
    }
}

#[test]
fn hum_is_tolerated() {
    let mut signal = dial(ALL, -20.0, 50, 50);
    let hum = tone(&[50.0, 60.0], -15.0, signal.len() / 8);
    mix_at(&mut signal, &hum, 0);
    assert_eq!(digits(&signal).as_bytes(), ALL);
}

#[test]
fn noise_at_15_db_is_tolerated() {
    let mut noise = Noise::new(3);
    for _ in 0..20 {
        let mut signal = dial(ALL, -20.0, 50, 50);
        // The digit's two tones together have -17 dBm0.
        noise.add(&mut signal, -32.0);
        assert_eq!(digits(&signal).as_bytes(), ALL);
    }
}

#[test]
fn echo_is_tolerated() {
    let mut signal = dial(ALL, -12.0, 50, 50);
    let echo: Vec<i16> = signal.iter().map(|s| s / 4).collect();
    mix_at(&mut signal, &echo, 160);
    assert_eq!(digits(&signal).as_bytes(), ALL);
}

#[test]
fn block_size_does_not_matter() {
    let mut signal = dial(b"159D*", -15.0, 45, 40);
    Noise::new(9).add(&mut signal, -40.0);
    let whole = events(&signal);
    assert_eq!(whole.len(), 10);
    for size in [1, 7, 160, 8000] {
        let mut receiver = Receiver::new();
        let mut seen = Vec::new();
        signal.chunks(size).for_each(|c| receiver.process(c, &mut |e| seen.push(e)));
        assert_eq!(seen, whole, "{size}");
    }
}

#[test]
fn speech_talks_next_to_nothing_off() {
    // Twenty minutes of sound that is harsher than speech: almost no pauses, steady formants.
    let mut hits = String::new();
    for seed in 0..40 {
        hits.push_str(&digits(&speech(seed, -15.0, 30_000)));
    }
    let (letters, dialable): (String, String) = hits.chars().partition(|c| c.is_ascii_alphabetic());
    assert_eq!(dialable, "");
    assert!(letters.len() <= 2, "{letters}");
}

#[test]
fn noise_and_tones_talk_nothing_off() {
    let mut signal = silence(20_000);
    Noise::new(5).add(&mut signal, -10.0);
    assert_eq!(events(&signal), []);
    for freqs in [
        &[350.0, 440.0][..],
        &[440.0, 480.0],
        &[480.0, 620.0],
        &[1100.0],
        &[2100.0],
        &[697.0],
        &[1477.0],
        &[697.0, 770.0],
        &[1209.0, 1477.0],
        &[1400.0, 2060.0, 2450.0, 2600.0],
        &[2130.0, 2750.0],
        &[770.0, 1336.0, 2000.0],
    ] {
        assert_eq!(events(&tone(freqs, -10.0, 500)), [], "{freqs:?}");
    }
}

#[test]
fn reset_forgets_a_digit_that_is_on() {
    let mut receiver = Receiver::new();
    let signal = digit(b'3', -10.0, -10.0, 0.0, 200.0);
    let mut seen = Vec::new();
    receiver.process(&signal[..1200], &mut |e| seen.push(e));
    assert_eq!(seen.len(), 1);
    receiver.reset();
    receiver.process(&silence(200), &mut |e| seen.push(e));
    assert_eq!(seen.len(), 1);
}

#[test]
fn the_queue_is_bounded_and_refuses_nonsense() {
    let mut sender = Sender::new(-10.0);
    let ms = Duration::from_millis;
    assert!(!sender.push(b'x', ms(50), ms(50)));
    for _ in 0..QUEUE {
        assert!(sender.push(b'1', ms(50), ms(50)));
    }
    assert!(!sender.push(b'1', ms(50), ms(50)));
    assert!(!sender.push_pause(ms(1)));
    sender.clear();
    assert!(sender.is_idle());
    let mut out = [0; 8];
    sender.mix(&mut out);
    assert_eq!(out, [0; 8]);
}

#[test]
fn pauses_take_their_time() {
    let mut sender = Sender::new(-10.0);
    sender.push_pause(Duration::from_millis(100));
    sender.push(b'1', Duration::from_millis(50), Duration::ZERO);
    let mut out = silence(200);
    sender.mix(&mut out);
    assert!(out[..800].iter().all(|s| *s == 0) && out[801] != 0);
    assert!(out[1200..].iter().all(|s| *s == 0) && out[1199] != 0);
}

#[test]
fn the_sender_keeps_level_and_twist() {
    let out = dial(b"5", -10.0, 100, 0);
    let block = &out[400..1200];
    let part = |hz: f32| {
        let mut osc = Osc::new(hz);
        let sum = block.iter().fold(Complex::default(), |sum, s| {
            let (c, n) = osc.cos_sin();
            sum.plus(Complex::new(c, n).scale(f32::from(*s)))
        });
        level::dbm0(2.0 * sum.power() / (800.0 * 800.0))
    };
    assert!((part(770.0) + 11.0).abs() < 0.2 && (part(1336.0) + 9.0).abs() < 0.2);
}
