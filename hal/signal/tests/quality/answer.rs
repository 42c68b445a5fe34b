//! What answers: a table of what was told for each kind of answer.

use crate::fsk::Modem;
use crate::music::Music;
use crate::source::{Random, Sine, add_sine, ms, peak, samples};
use crate::speech::Speech;
use crate::table::{Cell, Goal, Rows};
use loopstart_signal::line_model::{LineModel, Settings, g726};
use loopstart_signal::{answer, country, progress};
use std::collections::BTreeMap;

/// What was told, by name, in order of time.
fn tell(samples: &[i16]) -> Vec<String> {
    let mut told = Vec::new();
    let mut answers = answer::Detector::new();
    let mut tones = progress::Detector::new(country::US);
    // The names alone: `Machine { .. }` is "Machine".
    let name = |text: String| text.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
    for block in samples.chunks(80) {
        tones.process(block, &mut |e| {
            answers.hint(e.kind);
            if let progress::Kind::Tone(t) = e.kind {
                told.push(format!("tone {}", name(format!("{t:?}"))));
            } else if e.kind == progress::Kind::Voice {
                told.push("Voice".into());
            }
        });
        answers.process(block, &mut |e| told.push(name(format!("{:?}", e.kind))));
    }
    told
}

fn silence(seconds: f64) -> Vec<f64> {
    vec![0.0; ms(seconds * 1000.0)]
}

/// Speech without a pause longer than a breath, of this length.
fn talk(r: &mut Random, seconds: f64, dbm0: f64) -> Vec<f64> {
    let mut speech = Speech::new(r.bits(), dbm0);
    let mut out = Vec::new();
    let mut quiet = 0;
    let mut block = [0; 80];
    while out.len() < ms(seconds * 1000.0) {
        speech.fill(&mut block);
        let loud = block.iter().any(|s| s.unsigned_abs() > 300);
        quiet = if loud { 0 } else { quiet + 10 };
        if quiet < 250 && (loud || !out.is_empty()) {
            out.extend(block.iter().map(|s| f64::from(*s)));
        }
    }
    out
}

fn tone(r: &mut Random, hz: f64, dbm0: f64, seconds: f64) -> Vec<f64> {
    let mut out = silence(seconds);
    let length = out.len();
    add_sine(&mut out, 0, length, hz, dbm0, r.uniform());
    out
}

/// An answer tone of 2100 Hz: with reversals of phase every 450 ms, with 15 Hz on its amplitude.
fn answer_tone(r: &mut Random, dbm0: f64, seconds: f64, reversals: bool, am: bool) -> Vec<f64> {
    let off = r.range(-12.0, 12.0);
    let mut carrier = Sine::new(2100.0 + off, r.uniform());
    let mut wave = Sine::new(15.0 + r.range(-0.1, 0.1), r.uniform());
    let every = ms(450.0 + r.range(-20.0, 20.0));
    (0..ms(seconds * 1000.0))
        .map(|i| {
            let sign = if reversals && (i / every) % 2 == 1 { -1.0 } else { 1.0 };
            let swing = wave.step();
            peak(dbm0) * sign * carrier.step() * if am { 1.0 + 0.2 * swing } else { 1.0 }
        })
        .collect()
}

/// Baudot code at 45.45 bit/s.
fn tty(r: &mut Random, dbm0: f64, characters: usize) -> Vec<f64> {
    let modem = Modem { mark_hz: 1400.0, space_hz: 1800.0, baud: 1000.0 / 22.0, mark_dbm0: dbm0, space_dbm0: dbm0 };
    // In half bits, for the stop of one and a half.
    let mut bits = vec![true; 14];
    let mut codes = vec![31];
    codes.extend((0..characters).map(|_| 1 + r.below(30)));
    for code in codes {
        bits.extend([false; 2]);
        for k in 0..5 {
            bits.extend([code >> k & 1 == 1; 2]);
        }
        bits.extend([true; 3]);
    }
    bits.extend([true; 12]);
    let mut out = Vec::new();
    Modem { baud: modem.baud * 2.0, ..modem }.send(&bits, &mut out, 0, r.uniform());
    out
}

type Make = fn(&mut Random, f64) -> Vec<f64>;

pub(crate) fn rows(rows: &mut Rows) {
    let section = "Who answers: what was told";
    /// Name, what must be told (at least), what else may be, the recording.
    type Class = (&'static str, &'static [&'static str], &'static [&'static str], Make);
    const CLASSES: [Class; 15] = [
        ("a person says hello and waits", &["Voice"], &["GreetingEnd"], |r, l| {
            let length = r.range(0.4, 1.4);
            let mut s = talk(r, length, l);
            s.extend(silence(2.5));
            s
        }),
        ("a person says hello, waits and goes on", &["Voice"], &["GreetingEnd"], |r, l| {
            let mut speech = Speech::new(r.bits(), l);
            let length = r.range(0.5, 1.4);
            let mut s = talk(r, length, l);
            s.extend(silence(1.6));
            let mut more = vec![0; ms(6000.0)];
            speech.fill(&mut more);
            s.extend(more.iter().map(|x| f64::from(*x)));
            s
        }),
        ("a machine: 4 to 9 s of greeting, then a beep", &["Machine", "Beep"], &["Voice", "GreetingEnd"], |r, l| {
            let length = r.range(4.0, 9.0);
            let mut s = talk(r, length, l);
            s.extend(silence(r.range(0.2, 1.2)));
            let (hz, seconds) = (r.range(420.0, 1900.0), r.range(0.15, 1.2));
            s.extend(tone(r, hz, l + 2.0, seconds));
            s.extend(silence(2.5));
            s
        }),
        ("a machine: 3 s of greeting, then a beep", &["Machine", "Beep"], &["Voice", "GreetingEnd"], |r, l| {
            let mut s = talk(r, 3.2, l);
            s.extend(silence(0.4));
            s.extend(tone(r, 1000.0, l, 0.4));
            s.extend(silence(2.5));
            s
        }),
        ("a beep after a short word", &["Beep"], &["Voice", "GreetingEnd", "Machine"], |r, l| {
            let mut s = talk(r, 0.9, l);
            s.extend(silence(0.5));
            let hz = r.range(440.0, 1800.0);
            s.extend(tone(r, hz, l + 3.0, 0.5));
            s.extend(silence(2.0));
            s
        }),
        ("fax calls (CNG)", &["Cng"], &[], |r, l| {
            let mut s = Vec::new();
            let hz = 1100.0 + r.range(-35.0, 35.0);
            for _ in 0..3 {
                s.extend(tone(r, hz, l, 0.5));
                s.extend(silence(3.0));
            }
            s
        }),
        ("fax answers (CED)", &["Ced"], &[], |r, l| {
            let length = r.range(2.6, 4.0);
            let mut s = answer_tone(r, l, length, false, false);
            s.extend(silence(1.0));
            s
        }),
        ("modem answers with reversals (ANS)", &["Ans"], &[], |r, l| {
            let mut s = answer_tone(r, l, 3.3, true, false);
            s.extend(silence(1.0));
            s
        }),
        ("modem answers (V.8 ANSam)", &["AnsAm"], &[], |r, l| {
            let mut s = answer_tone(r, l, 3.3, false, true);
            s.extend(silence(1.0));
            s
        }),
        ("modem answers (V.8 ANSam with reversals)", &["AnsAm"], &[], |r, l| {
            let mut s = answer_tone(r, l, 3.3, true, true);
            s.extend(silence(1.0));
            s
        }),
        ("modem answers (Bell, 2225 Hz)", &["Ans"], &[], |r, l| {
            let hz = 2225.0 + r.range(-8.0, 8.0);
            let mut s = tone(r, hz, l, 2.5);
            s.extend(silence(1.0));
            s
        }),
        ("text telephone", &["Tty"], &[], |r, l| {
            let count = 10 + r.below(20);
            tty(r, l, count)
        }),
        ("silence", &[], &[], |_, _| silence(8.0)),
        ("ringback, then a person", &["tone Ringback", "Voice"], &["GreetingEnd"], |r, l| {
            let mut s = Vec::new();
            for _ in 0..2 {
                let mut burst = silence(2.0);
                let length = burst.len();
                add_sine(&mut burst, 0, length, 440.0, l, 0.0);
                add_sine(&mut burst, 0, length, 480.0, l, 0.3);
                s.extend(burst);
                s.extend(silence(4.0));
            }
            s.truncate(s.len() - ms(2500.0));
            s.extend(talk(r, 1.0, l));
            s.extend(silence(2.5));
            s
        }),
        ("music on hold", &[], &["Voice", "Machine", "GreetingEnd"], |r, l| {
            let mut music = Music::new(r.bits(), l);
            let mut out = vec![0; ms(10_000.0)];
            music.fill(&mut out);
            out.iter().map(|x| f64::from(*x)).collect()
        }),
    ];
    for (name, must, may, make) in CLASSES {
        for (line_name, noise) in [("25 dB SNR", Some(25.0)), ("G.726 at 24 kbit/s", None)] {
            // The codec matters to the tones only where all else is quiet; greetings are slow.
            rows.add(section, format!("{name}, {line_name}"), Goal::Rate(950, 0), move |s| {
                // Greetings differ from each other; tones are tones.
                let n = s.pick(if must.contains(&"Voice") || must.contains(&"Beep") { 40 } else { 12 }, 200);
                let mut counts: BTreeMap<String, u64> = BTreeMap::new();
                let mut got = 0;
                for i in 0..n {
                    let mut r = Random::new(500 + i);
                    let level = r.range(-28.0, -10.0);
                    let mut signal = silence(r.range(0.3, 1.0));
                    signal.extend(make(&mut r, level));
                    let mut out = samples(&signal);
                    let line = match noise {
                        Some(snr) => {
                            Settings { seed: i, noise_dbm0: Some((level - snr) as f32), ..Settings::default() }
                        }
                        None => Settings { adpcm: Some(g726::Rate::Kbit24), ..Settings::default() },
                    };
                    LineModel::new(&line).process(&mut out);
                    let told = tell(&out);
                    let complete = must.iter().all(|m| told.iter().any(|t| t == m));
                    let nothing_else = told.iter().all(|t| must.contains(&t.as_str()) || may.contains(&t.as_str()));
                    got += u64::from(complete && nothing_else);
                    let mut names = told;
                    names.sort();
                    names.dedup();
                    for t in names {
                        *counts.entry(t).or_default() += 1;
                    }
                }
                let told = counts.iter().map(|(t, n)| format!("{t} {n}")).collect::<Vec<_>>().join(", ");
                Cell::Told { got, of: n, told: if told.is_empty() { "nothing".into() } else { told } }
            });
        }
    }
    rows.add(section, "speech for minutes: tones and machines of its own", Goal::Any, |s| {
        let seconds = s.pick(120, 7200);
        let mut speech = Speech::new(550, -15.0);
        let mut detector = answer::Detector::new();
        let mut count = 0;
        let mut block = [0; 800];
        for _ in 0..seconds * 10 {
            speech.fill(&mut block);
            detector.process(&block, &mut |e| {
                let hint = matches!(e.kind, answer::Kind::Machine { .. });
                count += u64::from(!hint && !format!("{:?}", e.kind).starts_with("Greeting"));
            });
        }
        Cell::False { count, of: seconds, unit: "s" }
    });
}
