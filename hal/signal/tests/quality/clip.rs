//! Caller identification by DTMF digits.

use crate::dtmf::{Manner, Script, level};
use crate::source::Random;
use crate::table::{Cell, Goal, Rows};
use loopstart_signal::country::by_code;
use loopstart_signal::line_model::{Settings, noise_at_snr};
use loopstart_signal::{PartyId, clip, dtmf};

/// Messages heard: the digits, and the number if one is known.
fn hear(country: &str, samples: &[i16], armed: bool) -> Vec<(String, Option<String>)> {
    let mut told: Vec<(String, Option<String>)> = Vec::new();
    let mut take = |e: clip::Event| {
        let number = match e.number {
            PartyId::Known(n) => Some(n.as_str().to_owned()),
            _ => None,
        };
        told.push((e.digits.as_str().to_owned(), number));
    };
    let mut digits = dtmf::Receiver::new();
    let mut messages = clip::Receiver::new(by_code(country).expect("a country of the table"));
    if armed {
        messages.arm(0);
    }
    let mut at = 0;
    for block in samples.chunks(160) {
        digits.process(block, &mut |e| {
            if let Some(e) = messages.digit(&e) {
                take(e);
            }
        });
        at += block.len() as u64;
        if let Some(e) = messages.expire(at) {
            take(e);
        }
    }
    told
}

fn number(r: &mut Random) -> String {
    (0..6 + r.below(9)).map(|_| char::from(b'0' + r.below(10) as u8)).collect()
}

fn dial(seed: u64, digits: &str, m: Manner, snr: f64) -> Vec<i16> {
    let mut script = Script::new(seed);
    for d in digits.bytes() {
        script.press(d, m);
    }
    // Time enough to be sure that nothing follows.
    script.signal.resize(script.signal.len() + 12_000, 0.0);
    let noise_dbm0 = Some(noise_at_snr(m.dbm0() as f32, snr as f32));
    script.render(&Settings { seed, noise_dbm0, ..Settings::default() }).0
}

/// Which country, and what is put round a number.
const FORMS: [(&str, &str, &str); 6] =
    [("se", "A", "C"), ("dk", "A", "#"), ("nl", "D", "C"), ("br", "A", "C"), ("in", "D", "C"), ("tw", "D", "#")];

pub(crate) fn rows(rows: &mut Rows) {
    let hear_them = "Caller ID by DTMF: messages to be heard";
    for (country, start, end) in FORMS {
        for (what, m, snr) in [
            ("70/70 ms, 20 dB SNR", level(-12.0, 2.0).times(70.0, 70.0), 20.0),
            ("50/50 ms, 15 dB SNR", level(-12.0, 0.0).times(50.0, 50.0), 15.0),
            ("-36 dBm0, 20 dB SNR", level(-36.0, 0.0).times(70.0, 70.0), 20.0),
        ] {
            rows.add(hear_them, format!("{country}: {start}number{end}, {what}"), Goal::ALL, move |s| {
                let (mut got, mut extra) = (0, 0);
                let n = s.pick(20, 300);
                for i in 0..n {
                    let mut r = Random::new(600 + i as u64);
                    let number = number(&mut r);
                    let sent = format!("{start}{number}{end}");
                    let told = hear(country, &dial(600 + i as u64, &sent, m, snr), true);
                    let right = told.iter().filter(|t| **t == (sent.clone(), Some(number.clone()))).count();
                    got += right.min(1);
                    extra += told.len() - right.min(1);
                }
                Cell::rate(got, n, extra)
            });
        }
    }
    for (country, sent) in [("se", "B10C"), ("se", "B00C"), ("dk", "D1#"), ("dk", "D2#"), ("nl", "D0000000000C")] {
        rows.add(hear_them, format!("{country}: {sent}: no number"), Goal::ALL, move |s| {
            let n = s.pick(5, 100);
            let m = level(-12.0, 2.0).times(70.0, 70.0);
            let got = (0..n)
                .filter(|i| hear(country, &dial(650 + *i as u64, sent, m, 20.0), true) == [(sent.to_owned(), None)])
                .count();
            Cell::rate(got, n, 0)
        });
    }
    rows.add(hear_them, "se: AnumberDnumberC: forwarded", Goal::ALL, |s| {
        let n = s.pick(10, 200);
        let m = level(-12.0, 2.0).times(70.0, 70.0);
        let got = (0..n)
            .filter(|i| {
                let mut r = Random::new(680 + *i as u64);
                let (a, b) = (number(&mut r), number(&mut r));
                let sent = format!("A{a}D{b}C");
                hear("se", &dial(680 + *i as u64, &sent, m, 20.0), true) == [(sent, Some(a))]
            })
            .count();
        Cell::rate(got, n, 0)
    });
    let not = "Caller ID by DTMF: told where there is none";
    for country in ["us", "se", "nl", "in"] {
        rows.add(not, format!("{country}: dialled numbers"), Goal::False(0), move |s| {
            let n = s.pick(20, 300);
            let m = level(-10.0, 1.0);
            let count = (0..n)
                .map(|i| {
                    let mut r = Random::new(700 + i);
                    let sent = format!("{}{}", r.pick(&["", "*21*", "9"]), number(&mut r));
                    let m = m.times(r.range(50.0, 250.0), r.range(60.0, 350.0));
                    hear(country, &dial(700 + i, &sent, m, 25.0), false).len() as u64
                })
                .sum();
            Cell::False { count, of: n, unit: "numbers" }
        });
    }
    rows.add(not, "us: all sixteen keys in an order of chance", Goal::False(0), |s| {
        let n = s.pick(20, 300);
        let count = (0..n)
            .map(|i| {
                let mut r = Random::new(750 + i);
                let mut keys: Vec<char> = "123A456B789C*0#D".chars().collect();
                for k in (1..16).rev() {
                    keys.swap(k, r.below(k + 1));
                }
                let sent: String = keys.into_iter().collect();
                hear("us", &dial(750 + i, &sent, level(-10.0, 0.0).times(60.0, 60.0), 25.0), false).len() as u64
            })
            .sum();
        Cell::False { count, of: n, unit: "sequences" }
    });
}
