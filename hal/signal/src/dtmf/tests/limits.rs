//! The limits of Q.24 and what else a line does to digits: each as a few hundred digits with random symbols, phases
//! and times. Noise is white and measured over 0 to 4 kHz against the power of both tones.

use super::*;
use crate::dtmf::profile;
use crate::line_model::{Echo, Hum, Impulses, Law, LineModel, Settings, g726, noise_at_snr};

/// Digits to be sent. Ranges are even.
#[derive(Clone)]
struct Case {
    /// Mean level of the two tones, in dBm0.
    level: (f32, f32),
    twist: (f32, f32),
    /// Deviation of both frequencies, either way, in per cent.
    deviation: (f32, f32),
    on_ms: (f32, f32),
    off_ms: (f32, f32),
    /// Signal to noise, in dB.
    snr: Option<f32>,
    /// Tones that sound all the time, and by how much each is above the level of the digits, in dB.
    tones: &'static [(f32, f32)],
    line: Settings,
    profile: Profile,
    digits: usize,
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            level: (-10.0, -10.0),
            twist: (0.0, 0.0),
            deviation: (0.0, 0.0),
            on_ms: (40.0, 40.0),
            off_ms: (40.0, 40.0),
            snr: None,
            tones: &[],
            line: Settings::default(),
            profile: profile::DEFAULT,
            digits: 200,
            seed: 1,
        }
    }
}

/// What became of the digits.
#[derive(Debug, Default)]
struct Score {
    sent: usize,
    heard: usize,
    /// Heard more than once, or where there was none.
    false_ones: usize,
    /// From onset to decision, in samples, of each that was heard.
    delays: Vec<u64>,
}

impl Score {
    fn median_ms(&self) -> f32 {
        let mut d = self.delays.clone();
        d.sort_unstable();
        d[d.len() / 2] as f32 / 8.0
    }
}

impl Case {
    fn run(&self) -> Score {
        let mut random = Noise::new(self.seed);
        let mut score = Score::default();
        while score.sent < self.digits {
            self.batch(&mut random, &mut score);
        }
        score
    }

    /// Forty digits at one level.
    fn batch(&self, random: &mut Noise, score: &mut Score) {
        let range = |random: &mut Noise, (a, b): (f32, f32)| a + (b - a) * random.uniform();
        let level_dbm0 = range(random, self.level);
        let lead = 1600 + (random.uniform() * 96.0) as usize;
        let mut line = std::vec![0i16; lead];
        let mut sent: Vec<(u64, u8)> = Vec::new();
        for _ in 0..40 {
            let symbol = ALL[(random.uniform() * 15.99) as usize];
            let twist = range(random, self.twist);
            let (low, high) = frequencies(symbol).expect("a digit");
            let mut tone = |hz: f32, db: f32| {
                let d = range(random, self.deviation) / 100.0;
                let d = if random.uniform() < 0.5 { d } else { -d };
                let mut osc = Osc::new(hz * (1.0 + d));
                for _ in 0..(random.uniform() * 50.0) as usize {
                    osc.sine();
                }
                (osc, level::peak(db))
            };
            let (mut l, a) = tone(low, level_dbm0 - twist / 2.0);
            let (mut h, b) = tone(high, level_dbm0 + twist / 2.0);
            sent.push((line.len() as u64, symbol));
            let (on, off) = (range(random, self.on_ms), range(random, self.off_ms));
            line.extend((0..(on * 8.0) as usize).map(|_| level::sample(a * l.sine() + b * h.sine())));
            line.resize(line.len() + (off * 8.0) as usize, 0);
        }
        line.resize(line.len() + 1600, 0);
        for (hz, above) in self.tones {
            let long = tone(&[*hz], level_dbm0 + above, line.len() / 8);
            mix_at(&mut line, &long, 0);
        }
        let seed = (random.uniform() * 1e6) as u64;
        let mut settings = Settings { seed, ..self.line };
        if let Some(snr) = self.snr {
            settings.noise_dbm0 = Some(noise_at_snr(level_dbm0 + 3.01, snr));
        }
        LineModel::new(&settings).process(&mut line);

        let mut heard: Vec<Event> = Vec::new();
        let mut receiver = Receiver::with(self.profile);
        line.chunks(160).for_each(|c| receiver.process(c, &mut |e| heard.push(e)));
        heard.retain(|e| e.edge == DigitEdge::Begin);
        for (i, (onset, symbol)) in sent.iter().enumerate() {
            let until = sent.get(i + 1).map_or(u64::MAX, |next| next.0 + 160);
            let hit = heard.iter().position(|e| e.symbol == *symbol && e.at >= onset + 80 && e.at < until);
            if let Some(hit) = hit {
                score.heard += 1;
                score.delays.push(heard[hit].at - onset);
                heard.remove(hit);
            }
        }
        score.sent += sent.len();
        score.false_ones += heard.len();
    }

    /// All are heard, and nothing else.
    #[track_caller]
    fn taken(&self) -> Score {
        let score = self.run();
        assert!(
            score.heard == score.sent && score.false_ones == 0,
            "{} of {}, {} false",
            score.heard,
            score.sent,
            score.false_ones
        );
        score
    }

    /// None is heard.
    #[track_caller]
    fn refused(&self) {
        let score = self.run();
        assert!(score.heard + score.false_ones == 0, "{} of {}, {} false", score.heard, score.sent, score.false_ones);
    }
}

#[test]
fn must_accept() {
    // Q.24, column AT&T: all limits at once, and the corners.
    let all = Case {
        level: (-23.0, -4.0),
        twist: (-8.0, 4.0),
        deviation: (0.0, 1.5),
        snr: Some(15.0),
        digits: 600,
        ..Case::default()
    };
    all.taken();
    for twist in [-8.0, 4.0] {
        for level in [-21.0, -4.0] {
            Case { twist: (twist, twist), level: (level, level), deviation: (1.5, 1.5), ..all.clone() }.taken();
        }
    }
    Case { level: (0.0, 0.0), ..Case::default() }.taken();
    Case { deviation: (1.8, 1.8), digits: 400, ..Case::default() }.taken();
    Case { twist: (-9.5, -9.5), ..Case::default() }.taken();
    Case { twist: (8.5, 8.5), ..Case::default() }.taken();
}

#[test]
fn weak_digits_on_a_quiet_line() {
    for level in [-30.0, -36.0, -40.0] {
        Case { level: (level, level), deviation: (0.0, 1.5), ..Case::default() }.taken();
    }
    Case { level: (-33.0, -25.0), line: Settings { law: Some(Law::A), ..Settings::default() }, ..Case::default() }
        .taken();
}

#[test]
fn it_is_told_early() {
    let score = Case { snr: Some(20.0), deviation: (0.0, 1.5), digits: 400, ..Case::default() }.taken();
    assert!(score.median_ms() <= 29.0, "{}", score.median_ms());
    assert!(score.delays.iter().all(|d| *d <= 33 * 8));
}

#[test]
fn strong_noise() {
    let noisy = Case { deviation: (0.0, 1.5), digits: 800, ..Case::default() };
    Case { snr: Some(10.0), ..noisy.clone() }.taken();
    Case { snr: Some(6.0), ..noisy.clone() }.taken();
    for (ms, seed) in [(40.0, 2), (50.0, 3), (100.0, 4)] {
        let score = Case { snr: Some(0.0), on_ms: (ms, ms), off_ms: (ms, ms), seed, ..noisy.clone() }.run();
        assert!(
            score.heard * 100 >= score.sent * 99 && score.false_ones == 0,
            "{ms}: {} of {}, {}",
            score.heard,
            score.sent,
            score.false_ones
        );
    }
}

#[test]
fn long_digits_are_not_doubled() {
    for (snr, seed) in [(0.0, 5), (6.0, 6), (15.0, 7)] {
        let score = Case { snr: Some(snr), on_ms: (300.0, 500.0), digits: 120, seed, ..Case::default() }.run();
        assert!(score.heard * 100 >= score.sent * 97 && score.false_ones == 0, "{snr}: {score:?}");
    }
}

#[test]
fn dial_tone_and_hum() {
    let loud = Case { level: (-20.0, -20.0), twist: (-4.0, 4.0), deviation: (0.0, 1.5), ..Case::default() };
    for tones in [&[(350.0, 10.0), (440.0, 10.0)][..], &[(425.0, 10.0)], &[(400.0, 10.0)]] {
        Case { tones, ..loud.clone() }.taken();
    }
    for (hz, partials) in [(50.0, 1), (60.0, 1), (50.0, 8)] {
        let line = Settings { hum: Some(Hum { hz, dbm0: -14.0, partials }), ..Settings::default() };
        Case { level: (-25.0, -25.0), line, ..loud.clone() }.taken();
    }
}

#[test]
fn coded_lines() {
    for rate in [g726::Rate::Kbit16, g726::Rate::Kbit24, g726::Rate::Kbit32] {
        let line = Settings { law: Some(Law::Mu), adpcm: Some(rate), ..Settings::default() };
        Case { level: (-20.0, -5.0), deviation: (0.0, 1.5), twist: (-6.0, 3.0), line, ..Case::default() }.taken();
    }
    let line = Settings { channel_bank: true, tilt_db: -8.0, law: Some(Law::A), ..Settings::default() };
    Case { snr: Some(20.0), line, ..Case::default() }.taken();
}

#[test]
fn echoes() {
    for delay_ms in [2.0, 5.0, 12.0, 20.0] {
        let line = Settings { echo: Some(Echo { delay_ms, loss_db: 10.0 }), ..Settings::default() };
        let score = Case { deviation: (0.0, 1.5), line, digits: 400, ..Case::default() }.run();
        assert!(
            score.heard * 1000 >= score.sent * 995 && score.false_ones == 0,
            "{delay_ms}: {} of {}",
            score.heard,
            score.sent
        );
    }
}

#[test]
fn impulses_double_nothing() {
    let line = Settings { impulses: Some(Impulses { per_second: 3.0, dbm0: -5.0 }), ..Settings::default() };
    let score = Case { level: (-15.0, -15.0), on_ms: (50.0, 200.0), line, digits: 400, ..Case::default() }.run();
    assert!(
        score.heard * 100 >= score.sent * 98 && score.false_ones == 0,
        "{} of {}, {}",
        score.heard,
        score.sent,
        score.false_ones
    );
}

#[test]
fn wrong_frequencies() {
    let off =
        Case { deviation: (3.5, 3.5), on_ms: (40.0, 150.0), off_ms: (60.0, 60.0), digits: 400, ..Case::default() };
    off.refused();
    Case { deviation: (3.0, 3.0), ..off.clone() }.refused();
    Case { snr: Some(15.0), ..off.clone() }.refused();
    Case { snr: Some(0.0), ..off.clone() }.refused();
    Case { level: (-20.0, -20.0), tones: &[(350.0, 10.0), (440.0, 10.0)], ..off }.refused();
}

#[test]
fn short_bursts() {
    let short = Case { on_ms: (8.0, 23.0), off_ms: (60.0, 60.0), digits: 400, ..Case::default() };
    short.refused();
    Case { on_ms: (23.0, 23.0), ..short.clone() }.refused();
    Case { snr: Some(15.0), ..short.clone() }.refused();
    Case { snr: Some(0.0), ..short.clone() }.refused();
    let line = Settings { echo: Some(Echo { delay_ms: 20.0, loss_db: 10.0 }), ..Settings::default() };
    Case { line, ..short }.refused();
}

#[test]
fn levels_and_twists_beyond_the_limits() {
    let long = Case { on_ms: (100.0, 100.0), off_ms: (60.0, 60.0), ..Case::default() };
    Case { level: (-46.0, -46.0), ..long.clone() }.refused();
    Case { twist: (-12.5, -12.5), ..long.clone() }.refused();
    Case { twist: (12.0, 12.0), ..long }.refused();
}

#[test]
fn every_profile_keeps_its_own_limits() {
    for profile in profile::ALL {
        let at = |level: f32, twist: f32| (level + twist.abs() / 2.0, level + twist.abs() / 2.0);
        let case = Case {
            profile,
            on_ms: (profile.tone_ms as f32, profile.tone_ms as f32),
            off_ms: (profile.pause_ms as f32, profile.pause_ms as f32),
            ..Case::default()
        };
        let deviation = profile.frequency * 100.0;
        for twist in [profile.twist, -profile.reverse_twist] {
            let level = at(profile.level + 0.5, twist);
            Case { level, twist: (twist, twist), deviation: (deviation, deviation), ..case.clone() }.taken();
        }
        let long = Case { on_ms: (80.0, 80.0), off_ms: (80.0, 80.0), ..case };
        let level = profile.level_refused - 0.5;
        Case { level: (level, level), ..long.clone() }.refused();
        let refused = profile.frequency_refused * 100.0;
        Case { deviation: (refused, refused), ..long.clone() }.refused();
        let short = profile.tone_refused_ms as f32;
        Case { on_ms: (short, short), ..long }.refused();
    }
}

#[test]
fn interruptions_and_pauses_of_every_profile() {
    for profile in profile::ALL {
        for (gap, count) in [(profile.interruption_ms, 1), (profile.pause_ms, 2)] {
            for shift in (0..96).step_by(11) {
                let mut signal = silence(60);
                signal.resize(480 + shift, 0);
                signal.extend(tone(&[852.0, 1209.0], -12.0, 60));
                signal.extend(silence(gap as usize));
                signal.extend(tone(&[852.0, 1209.0], -12.0, 60));
                signal.extend(silence(100));
                let mut begun = 0;
                Receiver::with(profile).process(&signal, &mut |e| begun += usize::from(e.edge == DigitEdge::Begin));
                assert_eq!(begun, count, "{}: {gap} ms", profile.name);
            }
        }
    }
}

#[test]
fn profiles_have_names() {
    for p in profile::ALL {
        assert_eq!(Profile::named(&p.name.to_ascii_lowercase()), Some(p));
    }
    assert_eq!(Profile::named("Atlantis"), None);
}

/// Vowels with a steady pitch and steady formants, one after the other: harder than speech.
fn vowels(seed: u64, ms: usize) -> Vec<i16> {
    let mut random = Noise::new(seed);
    let mut out: Vec<i16> = Vec::new();
    while out.len() < ms * 8 {
        let n = (480.0 + 2700.0 * random.uniform()) as usize;
        let pitch = 80.0 + 220.0 * random.uniform();
        let formants =
            [250.0 + 650.0 * random.uniform(), 800.0 + 1500.0 * random.uniform(), 2200.0 + 800.0 * random.uniform()];
        let width = [40.0 + 50.0 * random.uniform(), 50.0 + 70.0 * random.uniform(), 90.0 + 90.0 * random.uniform()];
        let gain = [1.0, 0.5, 0.25];
        // Harmonics of the pitch, each as strong as the formants let it be.
        let mut parts: Vec<(Osc, f32)> = (1..(3800.0 / pitch) as usize)
            .map(|k| {
                let hz = pitch * k as f32;
                let a: f32 =
                    (0..3).map(|i| gain[i] / (1.0 + ((hz - formants[i]) / width[i] * 2.0).powi(2)).sqrt()).sum();
                (Osc::new(hz), a)
            })
            .collect();
        let power: f32 = parts.iter().map(|(_, a)| a * a / 2.0).sum();
        let scale = (level::mean_square(-25.0 + 15.0 * random.uniform()) / power).sqrt();
        out.extend((0..n).map(|i| {
            let x: f32 = parts.iter_mut().map(|(osc, a)| *a * osc.sine()).sum();
            let envelope = (i.min(n - i) as f32 / 160.0).min(1.0);
            level::sample(x * scale * envelope)
        }));
    }
    out
}

#[test]
fn vowels_talk_next_to_nothing_off() {
    let mut hits = String::new();
    for seed in 0..10 {
        hits.push_str(&digits(&vowels(seed, 60_000)));
    }
    assert!(hits.len() <= 5, "{hits}");
}

#[test]
fn nothing_is_heard_in_coloured_noise() {
    for seed in 0..4 {
        let mut random = Noise::new(seed);
        let mut low = 0.0;
        let signal: Vec<i16> = (0..8000 * 60)
            .map(|_| {
                low = 0.9 * low + random.gauss();
                level::sample(700.0 * low)
            })
            .collect();
        assert_eq!(events(&signal), []);
    }
}

#[test]
fn extreme_samples_do_no_harm() {
    let mut random = Noise::new(8);
    let square: Vec<i16> = (0..16_000).map(|i| if i / 5 % 2 == 0 { i16::MIN } else { i16::MAX }).collect();
    let coarse: Vec<i16> = (0..16_000).map(|_| if random.uniform() < 0.5 { i16::MIN } else { i16::MAX }).collect();
    for signal in [&square[..], &coarse[..], &[i16::MIN; 16_000]] {
        assert_eq!(events(signal), []);
    }
}
