//! Calls of each kind, on lines of each kind, and what is told of them: a table.

use super::tests::{events, name, typed};
use crate::country;
use crate::fsk;
use crate::generate::Signal;
use crate::generate::tty::Rate;
use crate::level;
use crate::line_model::{Hum, Law, LineModel, Settings as Line, g726};
use crate::test_signal::{Noise, silence, speech, tone};
use crate::tone::TonePlayer;
use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

/// Random choices of one call.
struct Draw(Noise);

impl Draw {
    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.uniform()
    }

    fn ms(&mut self, low: usize, high: usize) -> usize {
        self.between(low as f32, high as f32) as usize
    }

    fn seed(&mut self) -> u64 {
        self.ms(1, 1_000_000) as u64
    }
}

/// Speech that pauses for no more than 350 ms, and does not begin with a pause.
fn talk(draw: &mut Draw, ms: usize, dbm0: f32) -> Vec<i16> {
    speech(draw.seed(), dbm0, ms)
}

fn signal(s: Signal, dbm0: f32, ms: usize) -> Vec<i16> {
    let mut out = silence(ms);
    s.generator(country::US, Some(dbm0)).unwrap().fill(&mut out);
    out
}

/// A V.21 carrier with flags of HDLC, as fax machines begin with: 1650 Hz (1) and 1850 Hz (0) at 300 bit/s.
fn flags(dbm0: f32, ms: usize) -> Vec<i16> {
    let mut out = Vec::new();
    let mut osc = crate::osc::Osc::new(1650.0);
    for i in 0..ms * 8 {
        // 01111110 again and again; 26.67 samples a bit.
        let bit = i * 3 / 80 % 8;
        osc.set(if (1..7).contains(&bit) { 1650.0 } else { 1850.0 });
        out.push(level::sample(level::peak(dbm0) * osc.sine()));
    }
    out
}

type Make = fn(&mut Draw, f32) -> Vec<i16>;

/// Kind of call, what must be told of it, and the call.
const CALLS: [(&str, &[&str], Make); 16] = [
    ("a person", &["greeting end"], |d, l| {
        let ms = d.ms(450, 1600);
        let mut s = talk(d, ms, l);
        s.extend(silence(2500));
        s
    }),
    ("a person who goes on after a pause", &["greeting end"], |d, l| {
        let ms = d.ms(450, 1600);
        let mut s = talk(d, ms, l);
        s.extend(silence(d.ms(1300, 2000)));
        s.extend(talk(d, 5000, l));
        s.extend(silence(1000));
        s
    }),
    ("a machine with a beep", &["beep", "greeting end", "machine"], |d, l| {
        let ms = d.ms(4000, 15_000);
        let mut s = talk(d, ms, l);
        s.extend(silence(d.ms(100, 600)));
        let (hz, ms) = (d.between(550.0, 1950.0), d.ms(150, 1200));
        // Of 1100 Hz there is a test of its own.
        s.extend(tone(&[if (hz - 1100.0).abs() < 50.0 { hz + 110.0 } else { hz }], l, ms));
        s.extend(silence(2500));
        s
    }),
    ("a machine without a beep", &["greeting end", "machine"], |d, l| {
        let ms = d.ms(4000, 15_000);
        let mut s = talk(d, ms, l);
        s.extend(silence(2500));
        s
    }),
    ("a machine with a short greeting and a beep", &["beep", "greeting end", "machine"], |d, l| {
        let ms = d.ms(900, 2000);
        let mut s = talk(d, ms, l);
        s.extend(silence(d.ms(750, 1500)));
        s.extend(tone(&[d.between(550.0, 1040.0)], l, 400));
        s.extend(silence(2500));
        s
    }),
    ("fax answers", &["ced"], |d, l| {
        let mut s = silence(d.ms(200, 2500));
        s.extend(signal(Signal::Ced, l, 3000));
        s.extend(silence(75));
        s.extend(flags(l, 1000));
        s.extend(silence(1000));
        s
    }),
    ("fax calls", &["cng"], |d, l| {
        let mut s = silence(d.ms(100, 1500));
        for _ in 0..3 {
            s.extend(tone(&[d.between(1090.0, 1110.0)], l, 500));
            s.extend(silence(3000));
        }
        s
    }),
    ("modem, V.25", &["ans"], |_, l| signal(Signal::Ans, l, 3300)),
    ("modem, V.8", &["ansam"], |_, l| signal(Signal::AnsAm, l, 4000)),
    ("modem, Bell", &["ans"], |_, l| signal(Signal::Bell, l, 2500)),
    ("text telephone", &["tty"], |d, l| {
        let rate = if d.0.uniform() < 0.5 { Rate::B45 } else { Rate::B50 };
        let mut s = silence(500);
        s.extend(typed(rate, l, "HELLO GA"));
        s.extend(silence(1500));
        s
    }),
    ("caller identification", &[], |_, l| {
        let mut modem = fsk::Sender::new(fsk::BELL202, l);
        modem.load(b"\x80\x0c\x02\x0a5555550123\x38", 300, 180);
        let mut s = silence(2500);
        modem.mix(&mut s[4000..]);
        s
    }),
    ("digits", &[], |_, l| {
        let mut s = silence(300);
        for (low, high) in [(697.0, 1209.0), (770.0, 1336.0), (852.0, 1477.0), (941.0, 1336.0), (941.0, 1209.0)] {
            s.extend(tone(&[low, high], l, 100));
            s.extend(silence(80));
        }
        s.extend(silence(1500));
        s
    }),
    ("busy, then howler", &[], |_, l| {
        let mut s = signal(Signal::Busy, l, 5000);
        s.extend(signal(Signal::Howler, l - 6.0, 3000));
        s
    }),
    ("special information tone", &[], |_, l| signal(Signal::Sit, l, 6000)),
    ("nobody", &[], |_, _| silence(6000)),
];

fn line(which: usize, seed: u64, dbm0: f32) -> (&'static str, Line) {
    let plain = Line { seed, ..Line::default() };
    match which {
        0 => ("clean", plain),
        1 => ("20 dB SNR", Line { noise_dbm0: Some(dbm0 - 20.0), ..plain }),
        2 => (
            "hum, mu-law",
            Line { hum: Some(Hum { hz: 60.0, dbm0: dbm0 - 3.0, partials: 4 }), law: Some(Law::Mu), ..plain },
        ),
        _ => {
            ("G.726-32", Line { noise_dbm0: Some(-60.0), law: Some(Law::A), adpcm: Some(g726::Rate::Kbit32), ..plain })
        }
    }
}

/// Runs the table: `calls` of each kind on each line. Each row: the kind, calls, right ones, and what was told how often.
fn table(calls: u64, first_seed: u64) -> (String, Vec<(&'static str, u64, u64)>) {
    let mut text = String::from("| call | right | told |\n|---|---|---|\n");
    let mut rows = Vec::new();
    for (kind, expected, make) in CALLS {
        let (mut right, mut all) = (0, 0);
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for i in 0..calls {
            for which in 0..4 {
                let seed = first_seed + i * 4 + which as u64;
                let mut draw = Draw(Noise::new(seed));
                let level = draw.between(-32.0, -8.0);
                // Half of the calls are answered after ringback.
                let mut call = silence(300);
                if i % 2 == 1 {
                    let mut ring = silence(2500);
                    TonePlayer::new(country::US.ringback, -19.0).fill(&mut ring[..16_000]);
                    call.extend(ring);
                    call.extend(silence(draw.ms(300, 2000)));
                }
                call.extend(make(&mut draw, level));
                LineModel::new(&line(which, seed, level).1).process(&mut call);
                let mut told: Vec<_> = events(&call).iter().map(|e| name(&e.kind)).collect();
                told.sort_unstable();
                right += u64::from(told == expected);
                all += 1;
                for t in told {
                    *counts.entry(t).or_default() += 1;
                }
            }
        }
        let told: Vec<_> = counts.iter().map(|(t, n)| format!("{t} {n}")).collect();
        let told = if told.is_empty() { "nothing".into() } else { told.join(", ") };
        text += &format!("| {kind} | {right} of {all} | {told} |\n");
        rows.push((kind, right, all));
    }
    (text, rows)
}

#[test]
fn every_kind_of_call_is_told_for_what_it_is() {
    let (text, rows) = table(6, 1);
    std::println!("{text}");
    for (kind, right, all) in rows {
        // The synthetic voice ends some words like a tone, and pauses where no person would.
        let voice = kind.contains("machine") || kind.contains("person");
        let least = if voice { all * 9 / 10 } else { all };
        assert!(right >= least, "{kind}: {right} of {all}\n{text}");
    }
}

/// The large table, for the documentation: `cargo test --release -- --ignored --nocapture the_large_table`.
#[test]
#[ignore = "minutes of calls"]
fn the_large_table() {
    std::println!("{}", table(50, 10_000).0);
}
