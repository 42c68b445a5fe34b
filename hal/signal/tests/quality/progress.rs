//! Call-progress tones. The national plans are the crate's; the sender is not.

use crate::music::Music;
use crate::source::{Random, Sine, add_sine, ms, peak, samples};
use crate::speech::{Speech, Vowels};
use crate::table::{Cell, Goal, Rows};
use loopstart_signal::ProgressTone;
use loopstart_signal::country::{Country, Segment, by_code};
use loopstart_signal::line_model::{Hum, LineModel, Settings, g726, noise_at_snr};
use loopstart_signal::progress::{Detector, Kind};

const COUNTRIES: [&str; 10] = ["us", "gb", "de", "fr", "it", "jp", "se", "in", "au", "br"];

/// A tone of this plan for so many ms; frequencies and cadence off by percent. `dbm0` is each frequency's level.
fn play(r: &mut Random, tone: &[Segment], total_ms: f64, dbm0: f64, off: f64, pace: f64) -> Vec<f64> {
    let lead = ms(r.range(200.0, 900.0));
    let mut out = vec![0.0; lead];
    let end = lead + ms(total_ms);
    let mut i = 0;
    while out.len() < end {
        let s = &tone[i % tone.len()];
        let at = out.len();
        let length = if s.ms == 0 { end - at } else { ms(f64::from(s.ms) * (1.0 + pace / 100.0)) };
        out.resize(at + length, 0.0);
        for hz in s.freqs {
            let hz = f64::from(*hz) * (1.0 + off / 100.0);
            if s.am > 0.0 {
                // Full modulation: carrier and two side tones of half its amplitude.
                let mut carrier = Sine::new(hz, r.uniform());
                let mut wave = Sine::new(f64::from(s.am), 0.75);
                let p = peak(dbm0) * 0.8;
                for x in &mut out[at..] {
                    *x += p * carrier.step() * (1.0 + wave.step());
                }
            } else {
                let phase = r.uniform();
                add_sine(&mut out, at, length, hz, dbm0, phase);
            }
        }
        i += 1;
    }
    out.truncate(end);
    // The tone breaks off, and nothing follows it.
    out.resize(end + ms(100.0), 0.0);
    out
}

/// The tones of a country, and what each may be called.
fn tones(c: &'static Country) -> Vec<(&'static [Segment], Vec<ProgressTone>)> {
    use ProgressTone::{Busy, Dial, Reorder, Ringback, Sit, StutterDial};
    use loopstart_signal::SitKind;
    let mut all =
        vec![(c.dial, vec![Dial]), (c.ringback, vec![Ringback]), (c.busy, vec![Busy]), (c.reorder, vec![Reorder])];
    // In some networks both are the same, though perhaps written otherwise.
    let repeats = |long: &[Segment], short: &[Segment]| long.chunks(short.len()).all(|part| part == short);
    if repeats(c.busy, c.reorder) || repeats(c.reorder, c.busy) {
        all[2].1.push(Reorder);
        all[3].1.push(Busy);
    }
    // Three rising tones; the kind is not looked at here.
    if c.sit.iter().filter(|s| !s.freqs.is_empty()).count() == 3 {
        let kinds = [
            SitKind::Unknown,
            SitKind::VacantCode,
            SitKind::Intercept,
            SitKind::NoCircuit,
            SitKind::Reorder,
            SitKind::Ineffective,
        ];
        all.push((c.sit, kinds.map(Sit).to_vec()));
    }
    if c.stutter.len() > 2 && c.stutter.last().is_some_and(|s| s.ms == 0) {
        all.push((c.stutter, vec![StutterDial]));
    }
    all
}

#[derive(Clone, Copy)]
struct Condition {
    name: &'static str,
    dbm0: f64,
    off: f64,
    pace: f64,
    snr: f64,
    line: Settings,
}

fn conditions() -> Vec<Condition> {
    let clean = Condition { name: "clean", dbm0: -15.0, off: 0.0, pace: 0.0, snr: 60.0, line: Settings::default() };
    let line = Settings::default();
    vec![
        clean,
        Condition { name: "20 dB SNR", snr: 20.0, ..clean },
        Condition { name: "10 dB SNR", snr: 10.0, ..clean },
        Condition { name: "+1.5 %", off: 1.5, snr: 30.0, ..clean },
        Condition { name: "-1.5 %", off: -1.5, snr: 30.0, ..clean },
        Condition { name: "cadence +8 %", pace: 8.0, snr: 30.0, ..clean },
        Condition { name: "cadence -8 %", pace: -8.0, snr: 30.0, ..clean },
        Condition { name: "-38 dBm0", dbm0: -38.0, snr: 60.0, ..clean },
        Condition {
            name: "hum of 50 Hz at -20 dBm0",
            line: Settings { hum: Some(Hum { hz: 50.0, dbm0: -20.0, partials: 5 }), ..line },
            ..clean
        },
        Condition {
            name: "hum of 60 Hz at -14 dBm0",
            line: Settings { hum: Some(Hum { hz: 60.0, dbm0: -14.0, partials: 1 }), ..line },
            ..clean
        },
        Condition { name: "G.726 at 16 kbit/s", line: Settings { adpcm: Some(g726::Rate::Kbit16), ..line }, ..clean },
    ]
}

fn tell(c: &'static Country, samples: &[i16]) -> Vec<ProgressTone> {
    let mut told = Vec::new();
    let mut detector = Detector::new(c);
    for block in samples.chunks(160) {
        detector.process(block, &mut |e| {
            if let Kind::Tone(t) = e.kind {
                told.push(t);
            }
        });
    }
    told
}

fn run(c: &'static Country, condition: Condition, rounds: usize) -> Cell {
    let (mut got, mut of, mut extra) = (0, 0, 0);
    for round in 0..rounds {
        for (i, (tone, names)) in tones(c).into_iter().enumerate() {
            let seed = (round * 100 + i) as u64;
            let mut r = Random::new(seed);
            // Long enough for three cycles, and for the burst and pause of ringback.
            let cycle: u32 = tone.iter().map(|s| s.ms).sum();
            let total = (f64::from(cycle) * 3.2).clamp(4000.0, 13_000.0);
            let signal = play(&mut r, tone, total, condition.dbm0, condition.off, condition.pace);
            let count = tone.iter().map(|s| s.freqs.len()).max().unwrap_or(1).max(1);
            let level = condition.dbm0 + 10.0 * libm::log10(count as f64);
            let noise_dbm0 = Some(noise_at_snr(level as f32, condition.snr as f32));
            let mut out = samples(&signal);
            LineModel::new(&Settings { seed, noise_dbm0, ..condition.line }).process(&mut out);
            let told = tell(c, &out);
            of += 1;
            let right = told.first().is_some_and(|t| names.contains(t));
            got += usize::from(right);
            // The same tone may be told again; another never.
            extra += told.iter().filter(|t| !names.contains(t)).count();
        }
    }
    Cell::rate(got, of, extra)
}

pub(crate) fn rows(rows: &mut Rows) {
    let hear = "Call progress: tones to be recognised";
    for code in COUNTRIES {
        let c = by_code(code).expect("a country of the table");
        for condition in conditions() {
            rows.add(hear, format!("{code}, {}", condition.name), Goal::ALL, move |s| run(c, condition, s.pick(2, 20)));
        }
    }
    rows.add(hear, "all 60 countries, 20 dB SNR", Goal::ALL, |s| {
        let condition = conditions()[1];
        let (mut got, mut of, mut extra) = (0, 0, 0);
        for c in loopstart_signal::country::all() {
            if let Cell::Rate { got: g, of: o, extra: e } = run(c, condition, s.pick(1, 10)) {
                (got, of, extra) = (got + g, of + o, extra + e);
            }
        }
        Cell::Rate { got, of, extra }
    });
    let not = "Call progress: tones told where there are none";
    for code in ["us", "gb", "de", "jp"] {
        let c = by_code(code).expect("a country of the table");
        let told_in = move |seconds: u64, fill: &mut dyn FnMut(&mut [i16])| {
            let mut detector = Detector::new(c);
            let mut count = 0;
            let mut block = [0; 800];
            for _ in 0..seconds * 10 {
                fill(&mut block);
                detector.process(&block, &mut |e| count += u64::from(matches!(e.kind, Kind::Tone(_))));
            }
            Cell::False { count, of: seconds, unit: "s" }
        };
        rows.add(not, format!("{code}, speech at -15 dBm0"), Goal::False(0), move |s| {
            let mut speech = Speech::new(400, -15.0);
            told_in(s.pick(200, 9000), &mut |b| speech.fill(b))
        });
        rows.add(not, format!("{code}, vowel-like formants"), Goal::False(0), move |s| {
            let mut vowels = Vowels::new(401, -15.0);
            told_in(s.pick(100, 1800), &mut |b| vowels.fill(b))
        });
        rows.add(not, format!("{code}, music at -15 dBm0"), Goal::False(0), move |s| {
            let mut music = Music::new(402, -15.0);
            told_in(s.pick(100, 3600), &mut |b| music.fill(b))
        });
        // Digits of a caller who dials on: no tones of the network.
        rows.add(not, format!("{code}, dialled digits"), Goal::False(0), move |s| {
            let mut count = 0;
            let rounds = s.pick(5, 50);
            for i in 0..rounds {
                let mut script = crate::dtmf::Script::new(410 + i);
                for _ in 0..20 {
                    let digit = script.r.pick(b"0123456789");
                    let (on, off) = (script.r.range(50.0, 300.0), script.r.range(50.0, 400.0));
                    script.press(digit, crate::dtmf::level(-8.0, 1.0).times(on, off));
                }
                let (out, _) = script.render(&Settings::default());
                count += tell(c, &out).len() as u64;
            }
            Cell::False { count, of: rounds * 20, unit: "digits" }
        });
    }
}
