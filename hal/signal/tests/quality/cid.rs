//! Caller identification by FSK.

use crate::fsk::{BELL202, Framing, Modem, OFF_HOOK, ON_HOOK, V23, corrupted, long, ntt, odd, ordinary};
use crate::music::Music;
use crate::source::{Random, add_sine, ms, samples};
use crate::speech::Speech;
use crate::table::{Cell, Goal, Rows};
use loopstart_signal::cid::{Event, Receiver};
use loopstart_signal::line_model::{Echo, Hum, Impulses, Interruptions, Law, LineModel, Settings, g726, noise_at_snr};

/// What the receiver tells: sample, whether it is believed, bytes.
fn hear(samples: &[i16]) -> Vec<(u64, bool, Vec<u8>)> {
    let mut told = Vec::new();
    let mut receiver = Receiver::new();
    for block in samples.chunks(160) {
        receiver.process(block, &mut |e| {
            let Event::Frame { ok, raw, at, .. } = e;
            told.push((at, ok, raw.to_vec()));
        });
    }
    told
}

#[derive(Default)]
struct Score {
    got: usize,
    of: usize,
    /// Believed, but never sent.
    wrong: usize,
}

impl Score {
    fn cell(&self) -> Cell {
        Cell::rate(self.got, self.of, self.wrong)
    }
}

type Compose = fn(&mut Random) -> Vec<u8>;
/// Adds what disturbs the frame that lies at these samples.
type Disturb = fn(&mut Random, &mut Vec<f64>, usize, usize);

fn undisturbed(_: &mut Random, _: &mut Vec<f64>, _: usize, _: usize) {}

#[derive(Clone, Copy)]
struct Case {
    modem: Modem,
    framing: Framing,
    compose: Compose,
    line: Settings,
    disturb: Disturb,
}

impl Case {
    fn new(modem: Modem) -> Self {
        Self { modem, framing: ON_HOOK, compose: ordinary, line: Settings::default(), disturb: undisturbed }
    }

    fn snr(self, db: f64) -> Self {
        // The power of the signal is the mean of its two tones'.
        let power = |dbm0: f64| libm::pow(10.0, dbm0 / 10.0);
        let level = 10.0 * libm::log10((power(self.modem.mark_dbm0) + power(self.modem.space_dbm0)) / 2.0);
        let noise_dbm0 = Some(noise_at_snr(level as f32, db as f32));
        Self { line: Settings { noise_dbm0, ..self.line }, ..self }
    }

    fn run(self, seed: u64, frames: usize) -> Score {
        let mut score = Score::default();
        // Recordings of ten frames.
        for part in 0..frames.div_ceil(10) {
            let mut r = Random::new(seed * 1000 + part as u64);
            let mut signal = vec![0.0; ms(r.range(150.0, 250.0))];
            let mut sent = Vec::new();
            for _ in 0..(frames - part * 10).min(10) {
                let bytes = (self.compose)(&mut r);
                let bits = self.framing.bits(&bytes, &mut r);
                let at = signal.len();
                let phase = r.uniform();
                let end = self.modem.send(&bits, &mut signal, at, phase);
                let gap = ms(r.range(250.0, 500.0));
                signal.resize(end + gap, 0.0);
                (self.disturb)(&mut r, &mut signal, at, end);
                sent.push((at, bytes));
            }
            let mut out = samples(&signal);
            LineModel::new(&Settings { seed: seed + part as u64, ..self.line }).process(&mut out);
            let told = hear(&out);
            score.of += sent.len();
            let mut right = 0;
            for (i, (at, bytes)) in sent.iter().enumerate() {
                let until = sent.get(i + 1).map_or(out.len(), |s| s.0) as u64;
                right +=
                    usize::from(told.iter().any(|(t, ok, raw)| *ok && (*at as u64..until).contains(t) && raw == bytes));
            }
            score.got += right;
            score.wrong += told.iter().filter(|t| t.1).count() - right;
        }
        score
    }
}

pub(crate) fn rows(rows: &mut Rows) {
    let modems = [("Bell 202", BELL202), ("V.23", V23)];
    let noise = "Caller ID: frames of 40 bytes in white noise";
    for (name, modem) in modems {
        for (snr, share) in [(15.0, 1000), (9.0, 1000), (7.0, 990), (5.0, 980), (4.0, 900), (3.0, 750), (0.0, 0)] {
            rows.add(noise, format!("{name}, {snr} dB SNR"), Goal::Rate(share, 1), move |s| {
                Case::new(modem).snr(snr).run(1, s.pick(200, 5000)).cell()
            });
        }
        rows.add(noise, format!("{name}, off hook (no seizure), 5 dB SNR"), Goal::Rate(980, 1), move |s| {
            Case { framing: OFF_HOOK, ..Case::new(modem).snr(5.0) }.run(2, s.pick(100, 3000)).cell()
        });
    }
    let must = "Caller ID: frames to be heard";
    for (name, modem) in modems {
        let mut add = |what: String, case: Case| {
            rows.add(must, format!("{name}, {what}"), Goal::ALL, move |s| case.run(3, s.pick(40, 1000)).cell());
        };
        let quiet = Case::new(modem).snr(25.0);
        for dbm0 in [-4.0, -13.5, -25.0, -32.0, -36.0, -40.0] {
            add(format!("{dbm0} dBm0, 25 dB SNR"), Case::new(modem.at(dbm0)).snr(25.0));
        }
        add("-40 dBm0 in silence".into(), Case::new(modem.at(-40.0)));
        for twist in [-10.0, -6.0, 6.0, 10.0] {
            add(format!("twist {twist:+} dB, 20 dB SNR"), Case::new(modem.twisted(twist)).snr(20.0));
        }
        for baud in [-2.0, -1.0, 1.0, 2.0] {
            add(format!("{baud:+} % baud, 20 dB SNR"), Case::new(modem.off(baud, 0.0)).snr(20.0));
        }
        for tones in [-1.5, 1.5] {
            add(format!("{tones:+} % tones and baud"), Case::new(modem.off(tones, tones)).snr(20.0));
        }
        add("off hook: no seizure, 80 marks".into(), Case { framing: OFF_HOOK, ..quiet });
        add("no seizure, 55 marks".into(), Case { framing: Framing { mark: 55, ..OFF_HOOK }, ..quiet });
        add(
            "96 bits of seizure, 55 marks".into(),
            Case { framing: Framing { seizure: 96, mark: 55, ..ON_HOOK }, ..quiet },
        );
        add("up to 20 marks between bytes".into(), Case { framing: Framing { stuffing: 20, ..ON_HOOK }, ..quiet });
        add("2 stop bits".into(), Case { framing: Framing { stop_bits: 2, ..ON_HOOK }, ..quiet });
        add("10 stop bits".into(), Case { framing: Framing { stop_bits: 10, ..ON_HOOK }, ..quiet });
        add("1 mark after the checksum".into(), Case { framing: Framing { after: 1, ..ON_HOOK }, ..quiet });
        add("other formats".into(), Case { compose: odd, ..quiet });
        add("258 bytes".into(), Case { compose: long, ..quiet });
        add("258 bytes, +2 % baud".into(), Case { compose: long, ..Case::new(modem.off(2.0, 0.0)).snr(20.0) });
        let hum = |hz, dbm0, partials| Settings { hum: Some(Hum { hz, dbm0, partials }), ..quiet.line };
        add("hum of 50 Hz at -14 dBm0, 7 partials".into(), Case { line: hum(50.0, -14.0, 7), ..quiet });
        add("hum of 60 Hz, 18 dB above".into(), Case { line: hum(60.0, -13.5 + 16.0, 1), ..quiet });
        add("tone of 120 Hz, 12 dB above".into(), Case { line: hum(120.0, -13.5 + 12.0, 1), ..quiet });
        add("tone of 200 Hz, 6 dB above".into(), Case { line: hum(200.0, -13.5 + 6.0, 1), ..quiet });
        add("tone of 3600 Hz, 6 dB above".into(), Case { line: hum(3600.0, -13.5 + 6.0, 1), ..quiet });
        for (kbit, rate) in [("40", g726::Rate::Kbit40), ("32", g726::Rate::Kbit32)] {
            add(
                format!("G.726 at {kbit} kbit/s"),
                Case { line: Settings { adpcm: Some(rate), ..quiet.line }, ..quiet },
            );
        }
        add(
            "A-law, -30 dBm0".into(),
            Case { line: Settings { law: Some(Law::A), ..Settings::default() }, ..Case::new(modem.at(-30.0)) },
        );
        let cable = Settings { tilt_db: -8.0, channel_bank: true, ..quiet.line };
        add("cable: tilt -8 dB, 300 to 3400 Hz".into(), Case { line: cable, ..quiet });
        let echo = Some(Echo { delay_ms: 3.0, loss_db: 10.0 });
        add("echo of 3 ms, 10 dB down".into(), Case { line: Settings { echo, ..quiet.line }, ..quiet });
        add(
            "frequency offset of 10 Hz".into(),
            Case { line: Settings { frequency_offset_hz: 10.0, ..quiet.line }, ..quiet },
        );
        // A burst of ringing before, whose end rings on, and another after.
        add(
            "ringing before and after".into(),
            Case {
                disturb: |r, signal, at, end| {
                    let phase = r.uniform();
                    add_sine(signal, at - ms(150.0), ms(100.0), 25.0, 0.0, phase);
                    add_sine(signal, end + ms(210.0), ms(100.0), 20.0, 0.0, phase);
                },
                ..quiet
            },
        );
        // The tone alert of EN 300 659-1 annex A (DT-AS) 50 ms before the frame.
        add(
            "alerting tone 50 ms before".into(),
            Case {
                disturb: |r, signal, at, _| {
                    for hz in [2130.0, 2750.0] {
                        let phase = r.uniform();
                        add_sine(signal, at - ms(150.0), ms(100.0), hz, -16.0, phase);
                    }
                },
                ..quiet
            },
        );
        add(
            "speech until 30 ms before".into(),
            Case {
                disturb: |r, signal, at, _| {
                    let mut voice = vec![0; ms(120.0)];
                    Speech::new(r.bits(), -15.0).fill(&mut voice);
                    for (x, v) in signal[at - ms(150.0)..at - ms(30.0)].iter_mut().zip(&voice) {
                        *x += f64::from(*v);
                    }
                },
                ..quiet
            },
        );
    }
    rows.add(must, "NTT, 20 dB SNR", Goal::ALL, |s| ntt_frames(s.pick(40, 1000), 20.0, false));
    rows.add(must, "NTT, 9 dB SNR", Goal::ALL, |s| ntt_frames(s.pick(40, 1000), 9.0, false));
    let marred = "Caller ID: frames that a line has hurt";
    for (name, modem) in modems {
        let mut add = |what: &str, line: Settings| {
            rows.add(marred, format!("{name}, {what}"), Goal::Any, move |s| {
                Case { line, ..Case::new(modem) }.run(4, s.pick(40, 1000)).cell()
            });
        };
        let line = Settings { noise_dbm0: Some(-40.0), ..Settings::default() };
        let impulses = Some(Impulses { per_second: 2.0, dbm0: -7.0 });
        add("2 impulses a second, 6 dB above", Settings { impulses, ..line });
        add(
            "1 interruption a second, 1 ms",
            Settings { interruptions: Some(Interruptions { per_second: 1.0, ms: 1.0 }), ..line },
        );
        add("G.726 at 24 kbit/s", Settings { adpcm: Some(g726::Rate::Kbit24), ..line });
    }
    let never = "Caller ID: frames that must not be believed";
    for (name, modem) in modems {
        for snr in [40.0, 15.0] {
            rows.add(never, format!("{name}, corrupted, {snr} dB SNR"), Goal::False(0), move |s| {
                let score = Case { compose: corrupted, ..Case::new(modem).snr(snr) }.run(5, s.pick(200, 10_000));
                Cell::False { count: (score.got + score.wrong) as u64, of: score.of as u64, unit: "frames" }
            });
        }
        for (snr, small, full) in [(5.0, 100, 5000), (3.0, 200, 10_000), (0.0, 200, 10_000), (-3.0, 200, 5000)] {
            rows.add(never, format!("{name}, wrong but believed, {snr} dB SNR"), Goal::FalseShare(1), move |s| {
                let score = Case::new(modem).snr(snr).run(6, s.pick(small, full));
                Cell::False { count: score.wrong as u64, of: score.of as u64, unit: "frames" }
            });
        }
    }
    rows.add(never, "NTT, corrupted, 30 dB SNR", Goal::False(0), |s| ntt_frames(s.pick(100, 3000), 30.0, true));
    fn believed(seconds: u64, mut fill: impl FnMut(&mut [i16])) -> Cell {
        let mut receiver = Receiver::new();
        let mut count = 0;
        let mut block = [0; 800];
        for _ in 0..seconds * 10 {
            fill(&mut block);
            receiver.process(&block, &mut |e| {
                let Event::Frame { ok, .. } = e;
                count += u64::from(ok);
            });
        }
        Cell::False { count, of: seconds, unit: "s" }
    }
    rows.add(never, "speech at -15 dBm0", Goal::False(0), |s| {
        let mut speech = Speech::new(7, -15.0);
        believed(s.pick(200, 18_000), |b| speech.fill(b))
    });
    rows.add(never, "music at -15 dBm0", Goal::False(0), |s| {
        let mut music = Music::new(7, -15.0);
        believed(s.pick(200, 3600), |b| music.fill(b))
    });
    rows.add(never, "white noise at -20 dBm0", Goal::False(0), |s| {
        let mut line = LineModel::new(&Settings { seed: 8, noise_dbm0: Some(-20.0), ..Settings::default() });
        believed(s.pick(200, 18_000), |b| {
            b.fill(0);
            line.process(b);
        })
    });
    // A modem that sends random bits, as a data call does.
    rows.add(never, "random bits, 20 dB SNR", Goal::False(0), |s| {
        let mut r = Random::new(9);
        let mut count = 0;
        let seconds = s.pick(60, 3600);
        for part in 0..seconds / 10 {
            let bits: Vec<bool> = (0..12_000).map(|_| r.chance(0.5)).collect();
            let mut signal = Vec::new();
            BELL202.send(&bits, &mut signal, 0, 0.0);
            let mut out = samples(&signal);
            LineModel::new(&Settings { seed: part, noise_dbm0: Some(-33.0), ..Settings::default() }).process(&mut out);
            count += hear(&out).iter().filter(|t| t.1).count() as u64;
        }
        Cell::False { count, of: seconds, unit: "s" }
    });
}

/// One frame of any form, on hook or off, by either modem.
pub(crate) fn mixed_frame(r: &mut Random, dbm0: f64) -> Vec<f64> {
    let bytes = match r.below(4) {
        0 => ordinary(r),
        1 => long(r),
        _ => odd(r),
    };
    let framing = if r.chance(0.5) { ON_HOOK } else { OFF_HOOK };
    let bits = framing.bits(&bytes, r);
    let mut out = Vec::new();
    let modem = if r.chance(0.5) { BELL202 } else { V23 };
    modem.at(dbm0).send(&bits, &mut out, 0, r.uniform());
    out
}

/// Frames in the Japanese form; `hurt` changes a bit of each.
fn ntt_frames(frames: usize, snr: f32, hurt: bool) -> Cell {
    let (mut got, mut believed) = (0, 0);
    for i in 0..frames {
        let mut r = Random::new(7000 + i as u64);
        let (mut bytes, said) = ntt(&mut r);
        if hurt {
            let k = 5 + r.below(bytes.len() - 5);
            bytes[k] ^= 1 << r.below(8);
        }
        let bits = Framing { seizure: 0, mark: 72 + r.below(100), ..ON_HOOK }.bits(&bytes, &mut r);
        let mut signal = vec![0.0; ms(200.0)];
        let end = V23.send(&bits, &mut signal, ms(200.0), 0.0);
        signal.resize(end + ms(300.0), 0.0);
        let mut out = samples(&signal);
        let noise_dbm0 = Some(noise_at_snr(-13.5, snr));
        LineModel::new(&Settings { seed: i as u64, noise_dbm0, ..Settings::default() }).process(&mut out);
        let told = hear(&out);
        believed += told.iter().filter(|t| t.1).count();
        got += usize::from(told.iter().any(|t| t.1 && t.2 == said));
    }
    if hurt {
        Cell::False { count: believed as u64, of: frames as u64, unit: "frames" }
    } else {
        Cell::rate(got, frames, believed - got)
    }
}
