use super::*;
use crate::country::{US, all, by_code};
use crate::pulse::Train;
use crate::test_signal::{Noise, mix_at, silence, speech, tone};
use core::time::Duration;
use std::string::String;
use std::vec::Vec;

/// What a line between two exchanges makes of an edge of the loop.
fn click(noise: &mut Noise, dbm0: f32) -> Vec<i16> {
    let (hz, peak) = (600.0 + 900.0 * noise.uniform(), level::peak(dbm0));
    (0..64)
        .map(|i| {
            let t = i as f32 / 8000.0;
            level::sample(peak * (-t / 0.0012).exp() * (core::f32::consts::TAU * hz * t).cos())
        })
        .collect()
}

struct Dial {
    pps: u8,
    break_percent: u8,
    /// Level of the clicks of breaks and of makes, dBm0; silent below -90.
    breaks: f32,
    makes: f32,
    noise: f32,
    /// Largest error of an edge, ms.
    jitter: f32,
}

const USUAL: Dial = Dial { pps: 10, break_percent: 61, breaks: -12.0, makes: -18.0, noise: -55.0, jitter: 0.7 };

impl Dial {
    fn play(&self, digits: &[u8], code: PulseCode, seed: u64) -> Vec<i16> {
        let mut noise = Noise::new(seed);
        let plan = crate::country::PulsePlan { pps: self.pps, break_percent: self.break_percent, code };
        let mut out = silence(1000);
        for &d in digits {
            for step in Train::new(d, plan).expect("a digit") {
                let dbm0 = if step.closed { self.makes } else { self.breaks };
                let shift = self.jitter * (noise.uniform() * 2.0 - 1.0);
                let at = (out.len() as f32 + shift * 8.0) as usize;
                out.extend(silence(step.duration.as_millis() as usize));
                if dbm0 > -90.0 {
                    mix_at(&mut out, &click(&mut noise, dbm0), at);
                }
            }
        }
        out.extend(silence(500));
        noise.add(&mut out, self.noise);
        out
    }
}

fn heard(code: PulseCode, line: &[i16]) -> String {
    let mut digits = String::new();
    Receiver::new(code).process(line, &mut |e| digits.push(char::from(e.digit)));
    digits
}

#[test]
fn all_digits_of_all_dials() {
    for c in all() {
        let line = USUAL.play(b"3141592608", c.pulse.code, 1);
        assert_eq!(heard(c.pulse.code, &line), "3141592608", "{}", c.code);
    }
    let se = by_code("se").expect("Sweden").pulse.code;
    assert_eq!(heard(se, &USUAL.play(b"0812345", se, 2)), "0812345");
}

#[test]
fn slow_fast_loud_faint_and_one_click_a_pulse() {
    for dial in [
        Dial { pps: 8, ..USUAL },
        Dial { pps: 12, ..USUAL },
        Dial { pps: 20, jitter: 0.3, ..USUAL },
        Dial { break_percent: 67, ..USUAL },
        Dial { breaks: -3.0, makes: -6.0, ..USUAL },
        Dial { breaks: -26.0, makes: -30.0, noise: -60.0, ..USUAL },
        Dial { breaks: -15.0, makes: -14.0, noise: -45.0, ..USUAL },
        Dial { breaks: -99.0, ..USUAL },
        Dial { makes: -99.0, ..USUAL },
    ] {
        for seed in 1..6 {
            let line = dial.play(b"5550179", PulseCode::Plain, seed);
            assert_eq!(heard(PulseCode::Plain, &line), "5550179", "{} {} {seed}", dial.pps, dial.breaks);
        }
    }
}

#[test]
fn short_digits_wait_for_a_long_one() {
    let mut events = Vec::new();
    let line = USUAL.play(b"1128", PulseCode::Plain, 3);
    Receiver::new(PulseCode::Plain).process(&line, &mut |e| events.push(e));
    assert_eq!(events.iter().map(|e| e.digit).collect::<Vec<_>>(), b"1128");
    // All when the 8 was heard.
    assert!(events.windows(2).all(|w| w[0].at == w[1].at));
    assert_eq!(heard(PulseCode::Plain, &USUAL.play(b"11", PulseCode::Plain, 4)), "", "clicks happen on any line");
}

#[test]
fn what_is_irregular_is_no_digit() {
    let mut noise = Noise::new(9);
    let mut line = silence(1000);
    for _ in 0..400 {
        let gap = 30.0 + 300.0 * noise.uniform();
        let at = line.len();
        line.extend(silence(gap as usize));
        mix_at(&mut line, &click(&mut noise, -12.0), at);
    }
    assert_eq!(heard(PulseCode::Plain, &line), "");
    assert_eq!(heard(PulseCode::Plain, &Dial { jitter: 9.0, ..USUAL }.play(b"7777", PulseCode::Plain, 5)), "");
    // More pulses than any digit has.
    let mut line = silence(1000);
    for i in 0..14 {
        mix_at(&mut line, &click(&mut noise, -12.0), 4000 + i * 200);
    }
    line.extend(silence(500));
    assert_eq!(heard(PulseCode::Plain, &line), "");
}

#[test]
fn speech_and_tones_are_no_digits() {
    for seed in 1..30 {
        assert_eq!(heard(PulseCode::Plain, &speech(seed, -15.0, 20_000)), "", "{seed}");
    }
    let mut busy = Vec::new();
    for _ in 0..20 {
        busy.extend(tone(&[480.0, 620.0], -24.0, 50));
        busy.extend(silence(50));
    }
    assert_eq!(heard(PulseCode::Plain, &busy), "");
    let mut sender = crate::dtmf::Sender::new(-10.0);
    for d in b"1234567890" {
        sender.push(*d, Duration::from_millis(50), Duration::from_millis(50));
    }
    let mut line = silence(2000);
    sender.mix(&mut line);
    assert_eq!(heard(PulseCode::Plain, &line), "");
}

#[test]
fn block_size_does_not_matter() {
    let line = USUAL.play(b"5012", US.pulse.code, 6);
    let once = heard(US.pulse.code, &line);
    for size in [1, 7, 160] {
        let mut digits = String::new();
        let mut receiver = Receiver::new(US.pulse.code);
        line.chunks(size).for_each(|c| receiver.process(c, &mut |e| digits.push(char::from(e.digit))));
        assert_eq!(digits, once);
    }
}
