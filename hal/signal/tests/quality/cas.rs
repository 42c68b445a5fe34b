//! The alerting tone of call waiting.

use crate::music::Music;
use crate::source::{Random, add_sine, ms, samples};
use crate::speech::Speech;
use crate::table::{Cell, Goal, Rows};
use loopstart_signal::cas::Detector;
use loopstart_signal::line_model::{Hum, LineModel, Settings, g726};

#[derive(Clone, Copy)]
struct Tone {
    dbm0: f64,
    /// The upper tone stronger by so many dB.
    twist: f64,
    ms: f64,
    /// Deviation of both frequencies in percent.
    off: f64,
    lower_only: bool,
}

const PLAIN: Tone = Tone { dbm0: -20.0, twist: 0.0, ms: 80.0, off: 0.0, lower_only: false };

/// Alerting tones, one every second or two, over speech of this level (while it speaks) and through a line.
fn run(seed: u64, count: usize, tone: Tone, speech_dbm0: Option<f64>, line: &Settings) -> (usize, usize) {
    let mut r = Random::new(seed);
    let (mut heard, mut extra) = (0, 0);
    let mut line = LineModel::new(&Settings { seed, ..*line });
    let mut detector = Detector::new();
    let mut speech = speech_dbm0.map(|l| Speech::new(seed, l));
    let mut before = 0u64;
    for _ in 0..count {
        let at = ms(r.range(400.0, 1200.0));
        let mut signal = vec![0.0; at + ms(tone.ms + 400.0)];
        for (hz, dbm0) in [(2130.0, tone.dbm0 - tone.twist / 2.0), (2750.0, tone.dbm0 + tone.twist / 2.0)] {
            if !tone.lower_only || hz < 2500.0 {
                let phase = r.uniform();
                add_sine(&mut signal, at, ms(tone.ms), hz * (1.0 + tone.off / 100.0), dbm0, phase);
            }
        }
        if let Some(speech) = &mut speech {
            let mut voice = vec![0; signal.len()];
            speech.fill(&mut voice);
            for (x, v) in signal.iter_mut().zip(voice) {
                *x += f64::from(v);
            }
        }
        let mut out = samples(&signal);
        line.process(&mut out);
        let window = before + at as u64..before + signal.len() as u64;
        let mut here = 0;
        for block in out.chunks(160) {
            detector.process(block, &mut |e| {
                if window.contains(&e.at) {
                    here += 1;
                } else {
                    extra += 1;
                }
            });
        }
        heard += here.min(1);
        extra += here.max(1) - 1;
        before += signal.len() as u64;
    }
    (heard, extra)
}

pub(crate) fn rows(rows: &mut Rows) {
    let hit = "Alerting tone (CAS): to be heard";
    let mut add = |what: String, tone: Tone, speech: Option<f64>, line: Settings| {
        rows.add(hit, what, Goal::Rate(995, 1), move |s| {
            let n = s.pick(100, 2000);
            let (heard, extra) = run(1, n, tone, speech, &line);
            Cell::rate(heard, n, extra)
        });
    };
    let quiet = Settings { noise_dbm0: Some(-55.0), ..Settings::default() };
    for dbm0 in [-14.0, -20.0, -26.0, -32.0] {
        add(format!("{dbm0} dBm0"), Tone { dbm0, ..PLAIN }, None, quiet);
    }
    for length in [75.0, 85.0, 100.0] {
        add(format!("{length} ms"), Tone { ms: length, ..PLAIN }, None, quiet);
    }
    for off in [-0.5, 0.5, 1.1] {
        add(format!("{off:+} %"), Tone { off, ..PLAIN }, None, quiet);
    }
    for twist in [-6.0, 6.0] {
        add(format!("twist {twist:+} dB"), Tone { twist, ..PLAIN }, None, quiet);
    }
    add("15 dB SNR".into(), PLAIN, None, Settings { noise_dbm0: Some(-32.0), ..quiet });
    add("G.726 at 32 kbit/s".into(), PLAIN, None, Settings { adpcm: Some(g726::Rate::Kbit32), ..quiet });
    add(
        "hum of 50 Hz at -20 dBm0".into(),
        PLAIN,
        None,
        Settings { hum: Some(Hum { hz: 50.0, dbm0: -20.0, partials: 7 }), ..quiet },
    );
    for dbm0 in [-14.0, -20.0, -26.0, -32.0] {
        for over in [-12.0, -6.0, 0.0] {
            add(format!("{dbm0} dBm0, speech {over:+} dB from it"), Tone { dbm0, ..PLAIN }, Some(dbm0 + over), quiet);
        }
    }
    let not = "Alerting tone (CAS): to be ignored";
    for (what, tone) in [
        ("50 ms", Tone { ms: 50.0, ..PLAIN }),
        ("200 ms", Tone { ms: 200.0, ..PLAIN }),
        ("+3 %", Tone { off: 3.0, ..PLAIN }),
        ("-3 %", Tone { off: -3.0, ..PLAIN }),
        ("the lower tone alone", Tone { lower_only: true, ..PLAIN }),
        ("-50 dBm0", Tone { dbm0: -50.0, ..PLAIN }),
    ] {
        rows.add(not, what, Goal::False(0), move |s| {
            let n = s.pick(50, 1000);
            let line = Settings { noise_dbm0: Some(-65.0), ..Settings::default() };
            let (heard, extra) = run(2, n, tone, None, &line);
            Cell::False { count: (heard + extra) as u64, of: n as u64, unit: "sent" }
        });
    }
    let told_in = |seconds: u64, fill: &mut dyn FnMut(&mut [i16])| {
        let mut detector = Detector::new();
        let mut count = 0;
        let mut block = [0; 800];
        for _ in 0..seconds * 10 {
            fill(&mut block);
            detector.process(&block, &mut |_| count += 1);
        }
        Cell::False { count, of: seconds, unit: "s" }
    };
    for part in 0..4u64 {
        rows.add(not, format!("speech at -15 dBm0, part {}", part + 1), Goal::False(0), move |s| {
            let mut speech = Speech::new(300 + part, -15.0);
            told_in(s.pick(300, 40_500), &mut |b| speech.fill(b))
        });
    }
    rows.add(not, "music at -15 dBm0", Goal::False(0), move |s| {
        let mut music = Music::new(310, -15.0);
        told_in(s.pick(200, 3600), &mut |b| music.fill(b))
    });
}
