//! Everything at once: a decoder that listens to all hears each of the line's signals, and takes none for another.

use crate::cid::mixed_frame;
use crate::dtmf::{Script, level};
use crate::fsk::{BELL202, ON_HOOK, V23, ordinary};
use crate::music::Music;
use crate::source::{Random, add_sine, ms, samples};
use crate::speech::{Speech, Vowels};
use crate::table::{Cell, Goal, Rows};
use loopstart_signal::country::by_code;
use loopstart_signal::decode::{Event, LineDecoder};
use loopstart_signal::line_model::{LineModel, Settings, noise_at_snr};
use loopstart_signal::{DigitEdge, cid, progress};
use std::collections::BTreeMap;

/// Short names of what a decoder tells.
fn names(country: &str, samples: &[i16]) -> Vec<String> {
    let mut told = Vec::new();
    let mut decoder = LineDecoder::new(by_code(country).expect("a country of the table"));
    let word = |text: String| text.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
    for block in samples.chunks(160) {
        decoder.process(block, &mut |e| match e {
            Event::Dtmf(d) if d.edge == DigitEdge::Begin => told.push("digit".into()),
            Event::Dtmf(_) => {}
            Event::Cid(cid::Event::Frame { ok, .. }) => told.push(if ok { "frame" } else { "bad frame" }.into()),
            Event::Pulse(_) => told.push("pulse digit".into()),
            Event::Clip(_) => told.push("number by digits".into()),
            Event::Cas(_) => told.push("CAS".into()),
            Event::Answer(a) => told.push(word(format!("{:?}", a.kind))),
            Event::Progress(progress::Event { kind: progress::Kind::Tone(t), .. }) => told.push(word(format!("{t:?}"))),
            Event::Progress(progress::Event { kind: progress::Kind::Voice, .. }) => told.push("Voice".into()),
            Event::Progress(_) => {}
        });
    }
    told
}

/// A cadence of tones: frequencies, ms on, ms off, times.
fn cadence(r: &mut Random, hz: &[f64], dbm0: f64, on: f64, off: f64, times: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for _ in 0..times {
        let at = out.len();
        out.resize(at + ms(on + off), 0.0);
        for hz in hz {
            let phase = r.uniform();
            add_sine(&mut out, at, ms(on), *hz, dbm0, phase);
        }
    }
    out
}

fn fill(length_ms: f64, mut source: impl FnMut(&mut [i16])) -> Vec<f64> {
    let mut out = vec![0; ms(length_ms)];
    source(&mut out);
    out.iter().map(|s| f64::from(*s)).collect()
}

type Make = fn(&mut Random, f64) -> Vec<f64>;
/// Name, country, what must be told, what else may be, the signal.
type Class = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], Make);

const CLASSES: [Class; 19] = [
    ("ten digits", "us", &["digit"], &[], |r, l| {
        let mut script = Script::new(r.bits());
        for _ in 0..10 {
            let digit = r.pick(b"0123456789*#");
            let (on, off) = (r.range(50.0, 150.0), r.range(50.0, 150.0));
            script.press(digit, level(l, 1.0).times(on, off));
        }
        script.signal
    }),
    ("a long digit", "gb", &["digit"], &[], |r, l| {
        let mut script = Script::new(r.bits());
        let digit = r.pick(b"0123456789*#");
        script.press(digit, level(l, 1.0).times(3000.0, 300.0));
        script.signal
    }),
    ("frame, Bell 202", "us", &["frame"], &[], |r, l| {
        let bytes = ordinary(r);
        let bits = ON_HOOK.bits(&bytes, r);
        let mut out = Vec::new();
        BELL202.at(l).send(&bits, &mut out, 0, r.uniform());
        out
    }),
    ("frame, V.23", "gb", &["frame"], &[], |r, l| {
        let bytes = ordinary(r);
        let bits = ON_HOOK.bits(&bytes, r);
        let mut out = Vec::new();
        V23.at(l).send(&bits, &mut out, 0, r.uniform());
        out
    }),
    ("frames of all forms", "us", &["frame"], &[], mixed_frame),
    ("alerting tone", "us", &["CAS"], &[], |r, l| cadence(r, &[2130.0, 2750.0], l, 80.0, 500.0, 1)),
    ("dial tone", "us", &["Dial"], &[], |r, l| cadence(r, &[350.0, 440.0], l, 4000.0, 200.0, 1)),
    ("dial tone", "de", &["Dial"], &[], |r, l| cadence(r, &[425.0], l, 4000.0, 200.0, 1)),
    ("ringback", "us", &["Ringback"], &[], |r, l| cadence(r, &[440.0, 480.0], l, 2000.0, 4000.0, 2)),
    ("busy", "us", &["Busy"], &[], |r, l| cadence(r, &[480.0, 620.0], l, 500.0, 500.0, 6)),
    ("reorder", "us", &["Reorder"], &[], |r, l| cadence(r, &[480.0, 620.0], l, 250.0, 250.0, 8)),
    ("special information tone", "de", &["Sit"], &[], |r, l| {
        let mut out = Vec::new();
        for hz in [950.0, 1400.0, 1800.0] {
            out.extend(cadence(r, &[hz], l, 330.0, 0.0, 1));
        }
        out.resize(out.len() + ms(1000.0), 0.0);
        out
    }),
    ("howler", "us", &["Howler"], &[], |r, l| cadence(r, &[1400.0, 2060.0, 2450.0, 2600.0], l, 100.0, 100.0, 20)),
    ("calling modem (V.25, 1300 Hz)", "us", &[], &[], |r, l| cadence(r, &[1300.0], l, 600.0, 1750.0, 3)),
    ("test tone, 1004 Hz", "us", &[], &[], |r, l| cadence(r, &[1004.0], l, 5000.0, 500.0, 1)),
    ("metering, 50 Hz loud", "de", &[], &[], |r, _| cadence(r, &[50.0], 0.0, 200.0, 800.0, 6)),
    ("speech", "us", &["Voice"], &["GreetingEnd", "Machine"], |r, l| {
        let mut speech = Speech::new(r.bits(), l);
        fill(15_000.0, |b| speech.fill(b))
    }),
    ("vowel-like formants", "us", &["Voice"], &["GreetingEnd", "Machine"], |r, l| {
        let mut vowels = Vowels::new(r.bits(), l);
        fill(10_000.0, |b| vowels.fill(b))
    }),
    ("music", "us", &[], &["Voice", "GreetingEnd", "Machine"], |r, l| {
        let mut music = Music::new(r.bits(), l);
        fill(10_000.0, |b| music.fill(b))
    }),
];

pub(crate) fn rows(rows: &mut Rows) {
    let section = "All receivers at once: what was told";
    for (name, country, must, may, make) in CLASSES {
        rows.add(section, format!("{name}, {country}, 25 dB SNR"), Goal::Rate(1000, 0), move |s| {
            let n = s.pick(10, 200);
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            let mut got = 0;
            for i in 0..n {
                let mut r = Random::new(900 + i);
                let level = r.range(-28.0, -10.0);
                let mut signal = vec![0.0; ms(r.range(300.0, 900.0))];
                signal.extend(make(&mut r, level));
                signal.resize(signal.len() + ms(400.0), 0.0);
                let mut out = samples(&signal);
                let noise_dbm0 = Some(noise_at_snr(level as f32, 25.0));
                LineModel::new(&Settings { seed: i, noise_dbm0, ..Settings::default() }).process(&mut out);
                let mut told = names(country, &out);
                told.sort();
                told.dedup();
                let right = must.iter().all(|m| told.iter().any(|t| t == m))
                    && told.iter().all(|t| must.contains(&t.as_str()) || may.contains(&t.as_str()));
                got += u64::from(right);
                for t in told {
                    *counts.entry(t).or_default() += 1;
                }
            }
            let told = counts.iter().map(|(t, n)| format!("{t} {n}")).collect::<Vec<_>>().join(", ");
            Cell::Told { got, of: n, told: if told.is_empty() { "nothing".into() } else { told } }
        });
    }
}
