use super::*;
use crate::country::{US, all, by_code};
use std::format;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

fn play(text: &str, ms: usize) -> Vec<i16> {
    let mut out = vec![0; ms * 8];
    parse(text, US, None).unwrap_or_else(|e| panic!("{text}: {e}")).fill(&mut out);
    out
}

fn level_of(x: &[i16]) -> f32 {
    level::dbm0(x.iter().map(|&s| f32::from(s).powi(2)).sum::<f32>() / x.len() as f32)
}

/// Level in dBm0 of the sine at `hz`.
fn level_at(x: &[i16], hz: f32) -> f32 {
    let mut osc = Osc::new(hz);
    let (re, im) = x.iter().fold((0.0, 0.0), |(re, im), &s| {
        let (c, q) = osc.cos_sin();
        (re + f32::from(s) * c, im + f32::from(s) * q)
    });
    let n = x.len() as f32;
    level::dbm0(2.0 * (re * re + im * im) / (n * n))
}

#[test]
fn every_signal_has_a_name_and_sounds() {
    for signal in Signal::all() {
        assert_eq!(Signal::by_name(&signal.name().to_ascii_uppercase()), Some(signal));
        assert!(!signal.description().is_empty());
        for country in all() {
            match signal.generator(country, None) {
                Ok(mut generator) => {
                    let mut out = vec![0; 8000];
                    generator.fill(&mut out);
                    assert!(level_of(&out) > -45.0, "{} {}", signal.name(), country.code);
                }
                Err(e) => {
                    assert!(signal.segments(country).is_some_and(<[Segment]>::is_empty));
                    assert!(e.to_string().contains(country.code));
                }
            }
        }
    }
}

#[test]
fn names_and_tones_and_neither() {
    assert_eq!(play("440+480:2000,0:4000", 100).len(), 800);
    assert_eq!(parse("nothing", US, None).map(|_| ()), Err(Error::Name));
    let listed = format!("{}", Error::Name);
    assert!(Signal::all().all(|s| listed.contains(s.name())));
    assert!(matches!(parse("440:x", US, None), Err(Error::Tone(_))));
    let silent = by_code("vn").expect("Vietnam");
    assert!(matches!(parse("callwaiting", silent, None), Err(Error::Unknown(_))) || !silent.call_waiting.is_empty());
}

#[test]
fn frequencies_and_cadences_are_those_of_the_standards() {
    let cng = play("cng", 7000);
    for cycle in cng.chunks_exact(28_000) {
        assert!((level_at(&cycle[..4000], 1100.0) + 12.0).abs() < 0.05);
        assert!(cycle[4000..].iter().all(|s| *s == 0));
    }
    for (name, hz) in [("ced", 2100.0), ("bell", 2225.0), ("beep", 1000.0)] {
        assert!((level_at(&play(name, 1000), hz) + 12.0).abs() < 0.05, "{name}");
    }
    assert!(level_at(&play("milliwatt", 1000), 1004.0).abs() < 0.05);
    for (name, ms) in [("cas", 80), ("dtas", 100)] {
        let alert = play(name, 500);
        assert!(alert[ms * 8..].iter().all(|s| *s == 0) && alert[ms * 8 - 9..ms * 8].iter().any(|s| *s != 0));
        for hz in [2130.0, 2750.0] {
            assert!((level_at(&alert[..ms * 8], hz) + 18.0).abs() < 0.6, "{name}");
        }
    }
    let howler = play("howler", 100);
    assert!([1400.0, 2060.0, 2450.0, 2600.0].iter().all(|hz| (level_at(&howler, *hz) + 9.0).abs() < 0.3));
    let calling = play("calling", 2350);
    assert!((level_at(&calling[..4800], 1300.0) + 12.0).abs() < 0.05 && calling[4800..].iter().all(|s| *s == 0));
}

#[test]
fn special_information_tones_by_kind() {
    for (name, first, short, second) in [
        ("vacant", 985.2, false, 1370.6),
        ("intercept", 913.8, true, 1370.6),
        ("nocircuit", 985.2, false, 1428.5),
        ("sitreorder", 913.8, true, 1428.5),
        ("ineffective", 913.8, false, 1428.5),
    ] {
        let out = play(name, 1500);
        let length = if short { 276 } else { 380 } * 8;
        assert!((level_at(&out[..length], first) + 24.0).abs() < 0.2, "{name}");
        assert!((level_at(&out[length..length + 2000], second) + 24.0).abs() < 0.2, "{name}");
        // Without a gap.
        assert!(out[length - 8..length + 8].windows(5).all(|w| w.iter().any(|s| *s != 0)));
    }
}

#[test]
fn an_answer_tone_reverses_its_phase_every_450_ms() {
    for name in ["ans", "ansam"] {
        let out = play(name, 5000);
        // 80 samples are 21 periods: neighbours agree, except across a reversal.
        let product = |at: usize| (0..80).map(|k| f64::from(out[at + k]) * f64::from(out[at + k + 80])).sum::<f64>();
        for reversal in (3600..36_000).step_by(3600) {
            assert!(product(reversal - 80) < 0.0 && product(reversal - 160) > 0.0 && product(reversal) > 0.0);
        }
        assert!((level_of(&out) + 12.0).abs() < 0.05, "{name}: {}", level_of(&out));
    }
    // The envelope of ANSam: 20 log(1.2 / 0.8) from crest to trough.
    let out = play("ansam", 1000);
    let swing = level_of(&out[133 - 20..133 + 20]) - level_of(&out[400 - 20..400 + 20]);
    assert!((swing - 3.52).abs() < 0.15, "{swing}");
    let plain = play("ans", 1000);
    assert!((level_of(&plain[100..180]) - level_of(&plain[400..480])).abs() < 0.05);
}

#[test]
fn block_size_does_not_matter() {
    for signal in Signal::all() {
        let Ok(generator) = signal.generator(US, Some(-20.0)) else { continue };
        let mut whole = vec![0; 24_000];
        generator.clone().fill(&mut whole);
        for size in [1, 7, 160] {
            let (mut parts, mut generator) = (vec![0; 24_000], generator.clone());
            parts.chunks_mut(size).for_each(|c| generator.mix(c));
            assert_eq!(whole, parts, "{}", signal.name());
        }
    }
}

#[test]
fn nothing_clicks() {
    // No step is larger than the steepest slope of the highest frequencies together.
    for signal in Signal::all().filter(|s| !matches!(s, Signal::Ans | Signal::AnsAm)) {
        let Ok(mut generator) = signal.generator(US, Some(-20.0)) else { continue };
        let mut out = vec![0; 40_000];
        generator.fill(&mut out);
        let tones = signal.segments(US).map_or(1, |s| s.iter().map(|s| s.freqs.len()).max().unwrap_or(1)) as f32;
        let limit = tones * level::peak(-20.0) * 2.0 * (core::f32::consts::PI * 2750.0 / 8000.0).sin() + 2.0;
        let worst = out.windows(2).map(|w| (f32::from(w[1]) - f32::from(w[0])).abs()).fold(0.0, f32::max);
        assert!(worst <= limit, "{}: {worst} {limit}", signal.name());
    }
}

#[test]
fn a_text_telephone_ends() {
    let mut generator = Signal::Tty.generator(US, None).expect("a generator");
    let mut out = vec![0; 8000 * 5];
    generator.fill(&mut out);
    assert!(generator.is_over());
}
