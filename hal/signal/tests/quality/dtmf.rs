//! DTMF digits.

use crate::music::Music;
use crate::orchestra::Orchestra;
use crate::source::{Random, add_sine, ms, samples};
use crate::speech::{Speech, Vowels};
use crate::table::{Cell, Goal, Rows, Scale};
use loopstart_signal::DigitEdge;
use loopstart_signal::dtmf::Receiver;
use loopstart_signal::line_model::{Echo, Hum, Impulses, LineModel, Settings, g726, noise_at_snr};

const KEYS: &[u8; 16] = b"123A456B789C*0#D";
const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// How digits are sent.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) on_ms: f64,
    pub(crate) off_ms: f64,
    low_dbm0: f64,
    high_dbm0: f64,
    /// Deviations of the frequencies, in percent.
    low_off: f64,
    high_off: f64,
    /// An interruption in the middle, in ms.
    gap_ms: f64,
}

/// The stronger tone at `dbm0`, the high one stronger by `twist` dB.
pub(crate) fn level(dbm0: f64, twist: f64) -> Manner {
    Manner {
        on_ms: 40.0,
        off_ms: 40.0,
        low_dbm0: dbm0 - twist.max(0.0),
        high_dbm0: dbm0 + twist.min(0.0),
        low_off: 0.0,
        high_off: 0.0,
        gap_ms: 0.0,
    }
}

impl Manner {
    pub(crate) fn times(self, on_ms: f64, off_ms: f64) -> Self {
        Self { on_ms, off_ms, ..self }
    }

    pub(crate) fn off(self, low_off: f64, high_off: f64) -> Self {
        Self { low_off, high_off, ..self }
    }

    /// Level of both tones together.
    pub(crate) fn dbm0(self) -> f64 {
        10.0 * libm::log10(libm::pow(10.0, self.low_dbm0 / 10.0) + libm::pow(10.0, self.high_dbm0 / 10.0))
    }
}

/// A digit that was sent.
pub(crate) struct Press {
    pub(crate) symbol: u8,
    pub(crate) at: usize,
}

/// A recording in the making.
pub(crate) struct Script {
    pub(crate) r: Random,
    pub(crate) signal: Vec<f64>,
    presses: Vec<Press>,
}

impl Script {
    pub(crate) fn new(seed: u64) -> Self {
        Self { r: Random::new(seed), signal: vec![0.0; ms(150.0)], presses: Vec::new() }
    }

    pub(crate) fn press(&mut self, symbol: u8, m: Manner) {
        let k = KEYS.iter().position(|s| *s == symbol).expect("a key");
        let at = self.signal.len();
        let (on, off) = (ms(m.on_ms), ms(m.off_ms));
        // The pause is never quite the same multiple of a block.
        let off = off + self.r.below(23);
        self.signal.resize(at + on + off, 0.0);
        for (hz, off, dbm0) in [(LOW[k / 4], m.low_off, m.low_dbm0), (HIGH[k % 4], m.high_off, m.high_dbm0)] {
            let phase = self.r.uniform();
            add_sine(&mut self.signal, at, on, hz * (1.0 + off / 100.0), dbm0, phase);
        }
        let gap = ms(m.gap_ms);
        let middle = at + on / 2;
        self.signal[middle..middle + gap].fill(0.0);
        self.presses.push(Press { symbol, at });
    }

    /// All keys, `rounds` times, in an order of chance.
    fn all(&mut self, rounds: usize, m: Manner) {
        for _ in 0..rounds {
            let mut keys = *KEYS;
            for i in (1..16).rev() {
                keys.swap(i, self.r.below(i + 1));
            }
            for k in keys {
                self.press(k, m);
            }
        }
    }

    pub(crate) fn render(mut self, line: &Settings) -> (Vec<i16>, Vec<Press>) {
        self.signal.resize(self.signal.len() + ms(200.0), 0.0);
        let mut out = samples(&self.signal);
        LineModel::new(line).process(&mut out);
        (out, self.presses)
    }
}

/// Beginnings that the receiver tells: sample and digit.
fn hear(samples: &[i16]) -> Vec<(u64, u8)> {
    let mut told = Vec::new();
    let mut receiver = Receiver::new();
    for block in samples.chunks(160) {
        receiver.process(block, &mut |e| {
            if e.edge == DigitEdge::Begin {
                told.push((e.at, e.symbol));
            }
        });
    }
    told
}

#[derive(Default)]
struct Score {
    got: usize,
    of: usize,
    extra: usize,
    /// In samples.
    delays: Vec<u64>,
}

impl Score {
    fn add(&mut self, (samples, presses): (Vec<i16>, Vec<Press>)) {
        let told = hear(&samples);
        self.of += presses.len();
        let mut right = 0;
        for (i, press) in presses.iter().enumerate() {
            // What is told until the next digit begins belongs to this one.
            let until = presses.get(i + 1).map_or(samples.len(), |p| p.at) as u64;
            if let Some((at, _)) =
                told.iter().find(|(at, s)| *s == press.symbol && *at >= press.at as u64 && *at < until)
            {
                right += 1;
                self.delays.push(at - press.at as u64);
            }
        }
        self.got += right;
        self.extra += told.len() - right;
    }

    fn cell(&self) -> Cell {
        Cell::rate(self.got, self.of, self.extra)
    }

    /// For signals that are no digits: everything told is wrong.
    fn all_wrong(&self) -> Cell {
        Cell::False { count: (self.got + self.extra) as u64, of: self.of as u64, unit: "sent" }
    }
}

fn noisy(seed: u64, m: Manner, snr: f64) -> Settings {
    Settings { seed, noise_dbm0: Some(noise_at_snr(m.dbm0() as f32, snr as f32)), ..Settings::default() }
}

/// Digits in one manner through one line.
fn run(seed: u64, rounds: usize, m: Manner, line: &Settings) -> Score {
    let mut score = Score::default();
    // In parts, so that a recording stays short.
    for part in 0..rounds.div_ceil(10) {
        let mut script = Script::new(seed * 1000 + part as u64);
        script.all((rounds - part * 10).min(10), m);
        score.add(script.render(&Settings { seed: line.seed + part as u64, ..*line }));
    }
    score
}

const LEVELS: [f64; 7] = [0.0, -3.0, -6.0, -10.0, -15.0, -20.0, -25.0];
const TWISTS: [f64; 5] = [-8.0, -4.0, 0.0, 2.0, 4.0];
const OFFS: [(f64, f64); 5] = [(0.0, 0.0), (1.5, 1.5), (-1.5, -1.5), (1.5, -1.5), (-1.5, 1.5)];

/// All combinations of these, 40 ms on and off, at 15 dB signal to noise.
fn matrix(scale: Scale, seed: u64, levels: &[f64], twists: &[f64], offs: &[(f64, f64)]) -> Cell {
    let mut score = Score::default();
    let mut part = seed * 10_000;
    for l in levels {
        for t in twists {
            for (a, b) in offs {
                part += 1;
                let m = level(*l, *t).off(*a, *b);
                let mut script = Script::new(part);
                script.all(scale.pick(1, 10), m);
                score.add(script.render(&noisy(part, m, 15.0)));
            }
        }
    }
    score.cell()
}

pub(crate) fn rows(rows: &mut Rows) {
    let on = "DTMF: digits to be heard";
    for l in LEVELS {
        rows.add(on, format!("15 dB SNR, {l:+} dBm0, all twists and deviations"), Goal::ALL, move |s| {
            matrix(s, 1, &[l], &TWISTS, &OFFS)
        });
    }
    for t in TWISTS {
        rows.add(on, format!("15 dB SNR, twist {t:+} dB, all levels"), Goal::ALL, move |s| {
            matrix(s, 2, &LEVELS, &[t], &OFFS)
        });
    }
    for o in OFFS {
        rows.add(on, format!("15 dB SNR, {:+} % and {:+} %, all levels", o.0, o.1), Goal::ALL, move |s| {
            matrix(s, 3, &LEVELS, &TWISTS, &[o])
        });
    }
    // What ITU-T Q.23 lets a sender have, and NTT and Brazil want taken.
    let widest = [(1.8, 1.8), (-1.8, -1.8), (1.8, -1.8), (-1.8, 1.8)];
    for snr in [15.0, 10.0] {
        rows.add(on, format!("{snr} dB SNR, 1.8 % off, -10 dBm0"), Goal::ALL, move |s| {
            let mut score = Score::default();
            for (i, (a, b)) in widest.into_iter().enumerate() {
                let m = level(-10.0, 0.0).off(a, b);
                let part = run(17 + i as u64, s.pick(4, 40), m, &noisy(17, m, snr));
                score.got += part.got;
                score.of += part.of;
                score.extra += part.extra;
            }
            score.cell()
        });
    }
    for (snr, on_ms, share) in
        [(10.0, 40.0, 1000), (6.0, 40.0, 1000), (6.0, 70.0, 1000), (3.0, 40.0, 990), (0.0, 40.0, 990), (0.0, 70.0, 990)]
    {
        rows.add(on, format!("{snr} dB SNR, {on_ms}/{on_ms} ms, -10 dBm0"), Goal::Rate(share, 0), move |s| {
            let m = level(-10.0, 0.0).times(on_ms, on_ms);
            run(4, s.pick(20, 200), m, &noisy(4, m, snr)).cell()
        });
    }
    rows.add(on, "-40 dBm0 in silence", Goal::ALL, |s| {
        run(5, s.pick(10, 100), level(-40.0, 0.0), &Settings::default()).cell()
    });
    rows.add(on, "-40 dBm0, 15 dB SNR", Goal::ALL, |s| {
        let m = level(-40.0, 0.0);
        run(5, s.pick(10, 100), m, &noisy(5, m, 15.0)).cell()
    });
    rows.add(on, "clean, 40/40 ms, -10 dBm0", Goal::ALL, |s| {
        run(6, s.pick(10, 100), level(-10.0, 0.0), &Settings::default()).cell()
    });
    rows.add(on, "clean, 50/45 ms, -10 dBm0, high tone 2 dB up", Goal::ALL, |s| {
        run(6, s.pick(10, 100), level(-10.0, 2.0).times(50.0, 45.0), &Settings::default()).cell()
    });
    rows.add(on, "30 ms pauses, 15 dB SNR", Goal::Any, |s| {
        let m = level(-10.0, 0.0).times(40.0, 30.0);
        run(6, s.pick(10, 100), m, &noisy(6, m, 15.0)).cell()
    });
    rows.add(on, "long digits: 400 ms", Goal::ALL, |s| {
        let m = level(-12.0, 1.0).times(400.0, 60.0);
        run(7, s.pick(2, 20), m, &noisy(7, m, 20.0)).cell()
    });
    for (name, tones) in
        [("350+440", &[350.0, 440.0][..]), ("425", &[425.0]), ("400", &[400.0]), ("400x25", &[375.0, 400.0, 425.0])]
    {
        for above in [0.0, 6.0, 10.0] {
            rows.add(on, format!("over dial tone {name} Hz, {above:+} dB"), Goal::ALL, move |s| {
                let mut score = Score::default();
                for part in 0..s.pick(6, 60) {
                    let m = level([-15.0, -20.0, -25.0][part % 3], [0.0, -4.0, 3.0][part / 3 % 3]);
                    let mut script = Script::new(800 + part as u64);
                    script.all(2, m);
                    script.signal.resize(script.signal.len() + ms(200.0), 0.0);
                    let length = script.signal.len();
                    for hz in tones {
                        let phase = script.r.uniform();
                        add_sine(&mut script.signal, 0, length, *hz, m.low_dbm0.max(m.high_dbm0) + above, phase);
                    }
                    score.add(script.render(&noisy(part as u64, m, 25.0)));
                }
                score.cell()
            });
        }
    }
    for hz in [50.0, 60.0] {
        for partials in [1, 7] {
            rows.add(on, format!("hum of {hz} Hz at -14 dBm0, {partials} partials"), Goal::ALL, move |s| {
                let mut score = Score::default();
                for (i, l) in [-10.0, -18.0, -25.0].into_iter().enumerate() {
                    let hum = Some(Hum { hz, dbm0: -14.0, partials });
                    let line = Settings { hum, ..noisy(9, level(l, 0.0), 25.0) };
                    let part = run(90 + i as u64, s.pick(4, 40), level(l, 0.0), &line);
                    score.got += part.got;
                    score.of += part.of;
                    score.extra += part.extra;
                }
                score.cell()
            });
        }
    }
    for (name, rate) in
        [("16", g726::Rate::Kbit16), ("24", g726::Rate::Kbit24), ("32", g726::Rate::Kbit32), ("40", g726::Rate::Kbit40)]
    {
        rows.add(on, format!("G.726 at {name} kbit/s, 40/40 ms"), Goal::ALL, move |s| {
            let mut score = Score::default();
            for part in 0..s.pick(12, 60) {
                let m = level([-5.0, -10.0, -20.0][part % 3], [-3.0, 0.0, 2.0, 4.0][part / 3 % 4]);
                let mut script = Script::new(1000 + part as u64);
                script.all(2, m);
                score.add(script.render(&Settings { adpcm: Some(rate), ..Settings::default() }));
            }
            score.cell()
        });
    }
    rows.add(on, "G.726 at 16 kbit/s, 40/40 ms, over mu-law, 20 dB SNR", Goal::ALL, |s| {
        let m = level(-10.0, 0.0);
        let law = Some(loopstart_signal::line_model::Law::Mu);
        run(11, s.pick(20, 100), m, &Settings { law, adpcm: Some(g726::Rate::Kbit16), ..noisy(11, m, 20.0) }).cell()
    });
    for delay_ms in [5.0, 12.0, 20.0] {
        rows.add(on, format!("echo of {delay_ms} ms, 10 dB down, 15 dB SNR"), Goal::ALL, move |s| {
            let m = level(-10.0, 0.0);
            let echo = Some(Echo { delay_ms, loss_db: 10.0 });
            run(12, s.pick(10, 100), m, &Settings { echo, ..noisy(12, m, 15.0) }).cell()
        });
    }
    rows.add(on, "impulses: 10 a second, 3 dB above the digits", Goal::Rate(999, 0), |s| {
        let m = level(-10.0, 0.0).times(50.0, 50.0);
        let impulses = Some(Impulses { per_second: 10.0, dbm0: -4.0 });
        run(13, s.pick(20, 200), m, &Settings { impulses, ..noisy(13, m, 25.0) }).cell()
    });
    rows.add(on, "cable: tilt -8 dB, twist -4 dB, 15 dB SNR", Goal::ALL, |s| {
        let m = level(-10.0, -2.0);
        run(14, s.pick(10, 100), m, &Settings { tilt_db: -8.0, channel_bank: true, ..noisy(14, m, 20.0) }).cell()
    });
    rows.add(on, "frequency offset of 7 Hz, 15 dB SNR", Goal::ALL, |s| {
        let m = level(-10.0, 0.0);
        run(15, s.pick(10, 100), m, &Settings { frequency_offset_hz: 7.0, ..noisy(15, m, 15.0) }).cell()
    });
    for over in [-25.0, -20.0, -15.0] {
        rows.add(on, format!("over speech at {over} dBm0, 80/80 ms, -10 dBm0"), Goal::Any, move |s| {
            let mut score = Score::default();
            for part in 0..s.pick(8, 60) {
                let mut script = Script::new(1600 + part);
                script.all(2, level(-10.0, 0.0).times(80.0, 80.0));
                let mut voice = vec![0; script.signal.len()];
                Speech::new(1600 + part, over).fill(&mut voice);
                for (a, b) in script.signal.iter_mut().zip(&voice) {
                    *a += f64::from(*b);
                }
                score.add(script.render(&Settings::default()));
            }
            score.cell()
        });
    }

    let once = "DTMF: one digit told once";
    for gap_ms in [1.0, 3.0, 5.0, 8.0, 10.0] {
        rows.add(once, format!("interrupted for {gap_ms} ms, 90 ms"), Goal::ALL, move |s| {
            let m = Manner { gap_ms, ..level(-10.0, 0.0).times(90.0, 60.0) };
            run(20, s.pick(10, 100), m, &noisy(20, m, 25.0)).cell()
        });
    }
    rows.add(once, "impulses: 20 a second, as strong as the digits, 100 ms", Goal::Rate(999, 0), |s| {
        let m = level(-10.0, 0.0).times(100.0, 60.0);
        let impulses = Some(Impulses { per_second: 20.0, dbm0: -7.0 });
        run(21, s.pick(10, 100), m, &Settings { impulses, ..noisy(21, m, 25.0) }).cell()
    });
    rows.add(once, "0 dB SNR, 100 ms", Goal::Rate(999, 0), |s| {
        let m = level(-10.0, 0.0).times(100.0, 60.0);
        run(22, s.pick(20, 100), m, &noisy(22, m, 0.0)).cell()
    });

    let not = "DTMF: to be ignored";
    for (name, a, b) in [
        ("both tones +3.5 %", 3.5, 3.5),
        ("both tones -3.5 %", -3.5, -3.5),
        ("low tone +3.5 %", 3.5, 0.0),
        ("low tone -3.5 %", -3.5, 0.0),
        ("high tone +3.5 %", 0.0, 3.5),
        ("high tone -3.5 %", 0.0, -3.5),
        ("low tone +4.5 %", 4.5, 0.0),
        ("high tone -4.5 %", 0.0, -4.5),
    ] {
        rows.add(not, format!("{name}, 60 ms, clean"), Goal::False(0), move |s| {
            run(30, s.pick(10, 100), level(-10.0, 0.0).off(a, b).times(60.0, 60.0), &Settings::default()).all_wrong()
        });
        rows.add(not, format!("{name}, 60 ms, 20 dB SNR"), Goal::False(0), move |s| {
            let m = level(-10.0, 0.0).off(a, b).times(60.0, 60.0);
            run(31, s.pick(10, 100), m, &noisy(31, m, 20.0)).all_wrong()
        });
    }
    for on_ms in [10.0, 15.0, 20.0, 23.0] {
        rows.add(not, format!("bursts of {on_ms} ms, clean"), Goal::False(0), move |s| {
            run(32, s.pick(20, 200), level(-10.0, 0.0).times(on_ms, 60.0), &Settings::default()).all_wrong()
        });
        rows.add(not, format!("bursts of {on_ms} ms, 15 dB SNR"), Goal::False(0), move |s| {
            let m = level(-10.0, 0.0).times(on_ms, 60.0);
            run(33, s.pick(20, 200), m, &noisy(33, m, 15.0)).all_wrong()
        });
    }
    rows.add(not, "one tone alone, 25 dB SNR", Goal::False(0), |s| {
        let mut m = level(-10.0, 0.0).times(80.0, 60.0);
        m.low_dbm0 = -90.0;
        let mut a = run(34, s.pick(5, 50), m, &noisy(34, m, 25.0));
        (m.low_dbm0, m.high_dbm0) = (m.high_dbm0, m.low_dbm0);
        let b = run(35, s.pick(5, 50), m, &noisy(35, m, 25.0));
        a.of += b.of;
        a.extra += b.extra + b.got;
        a.all_wrong()
    });
    rows.add(not, "-55 dBm0", Goal::False(0), |s| {
        run(36, s.pick(5, 50), level(-55.0, 0.0).times(80.0, 60.0), &Settings::default()).all_wrong()
    });

    let when = "DTMF: from the beginning of a digit to the decision";
    for (name, snr, on_ms) in [("clean", 90.0, 60.0), ("15 dB SNR", 15.0, 60.0), ("15 dB SNR, 40/40 ms", 15.0, 40.0)] {
        rows.add(when, name, Goal::Delay(300), move |s| {
            let m = level(-10.0, 0.0).times(on_ms, on_ms);
            let mut score = run(40, s.pick(10, 100), m, &noisy(40, m, snr));
            score.delays.sort_unstable();
            let at = |share: usize| score.delays.get(score.delays.len() * share / 100).map_or(9999, |d| d * 10 / 8);
            Cell::Delay { median: at(50), late: at(95) }
        });
    }

    let talk = "DTMF: digits told where there are none";
    /// Digits told in so many seconds of a signal.
    fn told_in(seconds: u64, mut fill: impl FnMut(&mut [i16])) -> Cell {
        let mut receiver = Receiver::new();
        let mut count = 0;
        let mut block = [0; 800];
        for _ in 0..seconds * 10 {
            fill(&mut block);
            receiver.process(&block, &mut |e| count += u64::from(e.edge == DigitEdge::Begin));
        }
        Cell::False { count, of: seconds, unit: "s" }
    }
    // Several rows, so that the threads can share them.
    for part in 0..4u64 {
        rows.add(talk, format!("speech at -15 dBm0, part {}", part + 1), Goal::False(0), move |s| {
            let mut speech = Speech::new(50 + part, -15.0);
            told_in(s.pick(300, 9000), |b| speech.fill(b))
        });
    }
    rows.add(talk, "speech at -6 dBm0, clipped", Goal::False(0), |s| {
        let mut speech = Speech::new(60, -6.0);
        told_in(s.pick(150, 3600), |b| speech.fill(b))
    });
    rows.add(talk, "speech at -20 dBm0, G.726 at 16 kbit/s", Goal::False(0), |s| {
        let mut speech = Speech::new(61, -20.0);
        let mut line = LineModel::new(&Settings { adpcm: Some(g726::Rate::Kbit16), ..Settings::default() });
        told_in(s.pick(150, 3600), |b| {
            speech.fill(b);
            line.process(b);
        })
    });
    for part in 0..2u64 {
        rows.add(talk, format!("vowel-like formants at -15 dBm0, part {}", part + 1), Goal::PerHour(30), move |s| {
            let mut vowels = Vowels::new(70 + part, -15.0);
            told_in(s.pick(300, 3600), |b| vowels.fill(b))
        });
    }
    for part in 0..2u64 {
        rows.add(talk, format!("music at -15 dBm0, part {}", part + 1), Goal::PerHour(15), move |s| {
            let mut music = Music::new(80 + part, -15.0);
            told_in(s.pick(300, 3600), |b| music.fill(b))
        });
    }
    for part in 0..2u64 {
        rows.add(talk, format!("other instruments at -15 dBm0, part {}", part + 1), Goal::PerHour(15), move |s| {
            let mut music = Orchestra::new(88 + part, -15.0);
            told_in(s.pick(300, 3600), |b| music.fill(b))
        });
    }
    rows.add(talk, "two sharp formants among the tones", Goal::PerHour(30), |s| {
        let mut vowels = Vowels::sharp(75, -15.0);
        told_in(s.pick(300, 3600), |b| vowels.fill(b))
    });
    rows.add(talk, "two high voices", Goal::PerHour(15), |s| {
        let mut music = Music::duet(85, -15.0);
        told_in(s.pick(300, 3600), |b| music.fill(b))
    });
    rows.add(talk, "white noise at -20 dBm0", Goal::False(0), |s| {
        let mut line = LineModel::new(&Settings { seed: 90, noise_dbm0: Some(-20.0), ..Settings::default() });
        told_in(s.pick(150, 3600), |b| {
            b.fill(0);
            line.process(b);
        })
    });
}
