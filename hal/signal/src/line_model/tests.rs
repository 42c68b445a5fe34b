use super::*;
use crate::test_signal::{Noise, silence, speech, tone};
use std::vec::Vec;

fn run(settings: &Settings, mut samples: Vec<i16>) -> Vec<i16> {
    LineModel::new(settings).process(&mut samples);
    samples
}

fn power_dbm0(samples: &[i16]) -> f32 {
    level::dbm0(samples.iter().map(|s| f32::from(*s) * f32::from(*s)).sum::<f32>() / samples.len() as f32)
}

/// Level of the part at `hz`, in dBm0.
fn level_at(samples: &[i16], hz: f64) -> f32 {
    let (mut re, mut im) = (0.0, 0.0);
    for (i, s) in samples.iter().enumerate() {
        let w = TAU * hz * i as f64 / 8000.0;
        // A Hann window, so that neighbours stay out.
        let hann = 1.0 - libm::cos(TAU * (i as f64 + 0.5) / samples.len() as f64);
        re += f64::from(*s) * libm::cos(w) * hann;
        im += f64::from(*s) * libm::sin(w) * hann;
    }
    let n = samples.len() as f64;
    level::dbm0(((re * re + im * im) * 2.0 / (n * n)) as f32)
}

/// Everything at once.
fn all_on() -> Settings {
    Settings {
        seed: 7,
        loss_db: 6.0,
        tilt_db: -6.0,
        twist_db: 3.0,
        channel_bank: true,
        frequency_offset_hz: 5.0,
        clock: Some(Clock { ppm: 20_000.0, store_ms: 100 }),
        slips: Some(Slips { per_second: 10.0, samples: 80 }),
        interruptions: Some(Interruptions { per_second: 5.0, ms: 4.0 }),
        echo: Some(Echo { delay_ms: 10.0, loss_db: 12.0 }),
        talker_echo: Some(Echo { delay_ms: 25.0, loss_db: 15.0 }),
        noise_dbm0: Some(-40.0),
        hum: Some(Hum { hz: 50.0, dbm0: -30.0, partials: 9 }),
        impulses: Some(Impulses { per_second: 20.0, dbm0: -10.0 }),
        dc: 200.0,
        clip_dbm0: Some(-3.0),
        law: Some(Law::Mu),
        adpcm: Some(g726::Rate::Kbit24),
    }
}

#[test]
fn nothing_on_changes_nothing() {
    let voice = speech(1, -12.0, 500);
    assert_eq!(run(&Settings::default(), voice.clone()), voice);
    let ends = Vec::from([i16::MIN, -1, 0, 1, i16::MAX]);
    assert_eq!(run(&Settings::default(), ends.clone()), ends);
}

#[test]
fn block_size_and_clone_change_nothing() {
    let voice = speech(2, -12.0, 3000);
    let sent = speech(3, -15.0, 3000);
    let settings = all_on();
    let mut whole = voice.clone();
    LineModel::new(&settings).process_duplex(&mut whole, &sent);
    let mut parts = voice;
    let mut line = LineModel::new(&settings);
    let mut at = 0;
    let mut noise = Noise::new(5);
    while at < parts.len() {
        let n = (1 + (noise.uniform() * 300.0) as usize).min(parts.len() - at);
        line = line.clone();
        line.process_duplex(&mut parts[at..at + n], &sent[at..at + n]);
        at += n;
    }
    assert_eq!(parts, whole);
}

#[test]
fn seeds_differ() {
    let settings = Settings { noise_dbm0: Some(-30.0), ..Settings::default() };
    let a = run(&settings, silence(100));
    assert_eq!(a, run(&settings, silence(100)));
    assert_ne!(a, run(&Settings { seed: 1, ..settings }, silence(100)));
}

#[test]
fn loss_tilt_and_twist_are_as_asked() {
    let gain = |settings: &Settings, hz: f32| {
        let out = run(settings, tone(&[hz], -10.0, 1000));
        level_at(&out[1600..], f64::from(hz)) + 10.0
    };
    let loss = Settings { loss_db: 7.5, ..Settings::default() };
    assert!((gain(&loss, 1500.0) + 7.5).abs() < 0.1);
    let tilt = Settings { tilt_db: -8.0, ..Settings::default() };
    for (hz, wanted) in [(250.0, 9.06), (500.0, 4.53), (1000.0, 0.0), (2000.0, -4.53), (3400.0, -8.0)] {
        let g = gain(&tilt, hz);
        assert!((g - wanted).abs() < 0.3, "{hz} {g}");
    }
    for twist_db in [8.0f32, -10.0] {
        let twist = Settings { twist_db, ..Settings::default() };
        for low in [697.0, 941.0] {
            for high in [1209.0, 1633.0] {
                let t = gain(&twist, high) - gain(&twist, low);
                assert!((t - twist_db).abs() < 0.5, "{low} {high} {t}");
            }
        }
    }
    let bank = Settings { channel_bank: true, ..Settings::default() };
    assert!(gain(&bank, 100.0) < -25.0 && gain(&bank, 3900.0) < -20.0);
    assert!((gain(&bank, 300.0) + 3.0).abs() < 0.7 && (gain(&bank, 3400.0) + 3.0).abs() < 0.7);
    assert!((gain(&bank, 1000.0)).abs() < 0.1 && gain(&bank, 3200.0).abs() < 0.4);
}

#[test]
fn noise_has_its_level_and_is_white() {
    let settings = Settings { noise_dbm0: Some(noise_at_snr(-10.0, 15.0)), ..Settings::default() };
    let out = run(&settings, silence(20_000));
    assert!((power_dbm0(&out) + 25.0).abs() < 0.1, "{}", power_dbm0(&out));
    // Eighths of the band by a plain power spectrum of 64 points.
    let mut bands = [0.0f64; 8];
    for chunk in out.chunks_exact(64) {
        for k in 0..32 {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, s) in chunk.iter().enumerate() {
                let w = TAU * (k as f64 + 0.5) * i as f64 / 64.0;
                re += f64::from(*s) * libm::cos(w);
                im += f64::from(*s) * libm::sin(w);
            }
            bands[k / 4] += re * re + im * im;
        }
    }
    let mean = bands.iter().sum::<f64>() / 8.0;
    assert!(bands.iter().all(|b| (b / mean - 1.0).abs() < 0.1), "{bands:?}");
    // Gaussian: kurtosis 3, and what lies beyond three deviations.
    let sigma = libm::sqrtf(level::mean_square(-25.0));
    let beyond = out.iter().filter(|s| f32::from(**s).abs() > 3.0 * sigma).count() as f32 / out.len() as f32;
    assert!((0.002..0.0035).contains(&beyond), "{beyond}");
}

#[test]
fn hum_has_its_level_and_partials() {
    let out =
        run(&Settings { hum: Some(Hum { hz: 60.0, dbm0: -14.0, partials: 5 }), ..Settings::default() }, silence(2000));
    assert!((power_dbm0(&out) + 14.0).abs() < 0.05);
    let first = level_at(&out, 60.0);
    assert!((level_at(&out, 180.0) - first + 9.54).abs() < 0.2);
    assert!(level_at(&out, 360.0) < first - 40.0);
}

#[test]
fn frequencies_move_by_the_offset() {
    let out = run(&Settings { frequency_offset_hz: 7.0, ..Settings::default() }, tone(&[1000.0], -10.0, 2000));
    let steady = &out[800..];
    assert!((level_at(steady, 1007.0) + 10.0).abs() < 0.1);
    assert!(level_at(steady, 993.0) < -55.0, "the other sideband");
}

#[test]
fn a_faster_sender_raises_all_frequencies() {
    for ppm in [15_000.0f32, -15_000.0, 100.0] {
        let settings = Settings { clock: Some(Clock { ppm, store_ms: 200 }), ..Settings::default() };
        let out = run(&settings, tone(&[2000.0], -10.0, 4000));
        let hz = 2000.0 * (1.0 + f64::from(ppm) * 1e-6);
        assert!((level_at(&out[2400..12_000], hz) + 10.0).abs() < 0.1, "{ppm}");
        // What the interpolator adds lies 60 dB down.
        let rest: f32 = power_dbm0(&out[2400..12_000]);
        assert!((rest + 10.0).abs() < 0.05);
    }
}

#[test]
fn slips_repeat_and_drop() {
    let ramp: Vec<i16> = (0..16_000).map(|i| (i % 16_000) as i16).collect();
    let out = run(&Settings { slips: Some(Slips { per_second: 4.0, samples: 80 }), ..Settings::default() }, ramp);
    let jumps: Vec<i32> =
        out[100..].windows(64).map(|w| i32::from(w[63]) - i32::from(w[0]) - 63).filter(|d| d.abs() == 80).collect();
    assert!(jumps.contains(&80) && jumps.contains(&-80));
    assert!((power_dbm0(&out) - power_dbm0(&out)).abs() < 0.1);
}

#[test]
fn interruptions_are_silent_and_as_long_as_asked() {
    let settings = Settings { interruptions: Some(Interruptions { per_second: 3.0, ms: 5.0 }), ..Settings::default() };
    let out = run(&settings, Vec::from([1000i16; 80_000]));
    let zeros = out.iter().filter(|s| **s == 0).count();
    // About 30 of 40 samples.
    assert!((600..2000).contains(&zeros) && out.iter().all(|s| *s == 0 || *s == 1000), "{zeros}");
}

#[test]
fn echoes_come_after_their_delay() {
    let mut click = silence(100);
    click[10] = 10_000;
    let out =
        run(&Settings { echo: Some(Echo { delay_ms: 20.0, loss_db: 20.0 }), ..Settings::default() }, click.clone());
    assert_eq!((out[10], out[170]), (10_000, 1000));
    assert_eq!(out.iter().filter(|s| **s != 0).count(), 2);

    let mut line =
        LineModel::new(&Settings { talker_echo: Some(Echo { delay_ms: 5.0, loss_db: 6.0206 }), ..Settings::default() });
    let mut received = silence(100);
    line.process_duplex(&mut received, &click);
    assert_eq!(received[50], 5000);
    assert_eq!(received.iter().filter(|s| **s != 0).count(), 1);
}

#[test]
fn impulses_come_at_their_rate_and_die_away() {
    let settings = Settings { impulses: Some(Impulses { per_second: 5.0, dbm0: -6.0 }), ..Settings::default() };
    let out = run(&settings, silence(60_000));
    let peak = level::peak(-6.0);
    let starts = out.windows(9).filter(|w| w[..8].iter().all(|s| *s == 0) && w[8] != 0).count();
    assert!((200..400).contains(&starts), "{starts}");
    assert!(out.iter().all(|s| f32::from(*s).abs() <= peak * 2.0));
    assert!(out.iter().filter(|s| **s == 0).count() > out.len() / 2);
}

#[test]
fn clipping_and_direct_current() {
    let out = run(&Settings { clip_dbm0: Some(-10.0), dc: 300.0, ..Settings::default() }, tone(&[500.0], -6.0, 200));
    let limit = level::peak(-10.0).round() as i16;
    assert_eq!(out.iter().max(), Some(&limit));
    assert_eq!(out.iter().min(), Some(&-limit));
    let mean = run(&Settings { dc: 300.0, ..Settings::default() }, silence(10));
    assert!(mean.iter().all(|s| *s == 300));
}

#[test]
fn codecs_leave_their_own_codes_alone() {
    for law in [Law::Mu, Law::A] {
        let settings = Settings { law: Some(law), ..Settings::default() };
        let once = run(&settings, speech(4, -12.0, 300));
        assert_eq!(run(&settings, once.clone()), once);
    }
    let adpcm = Settings { adpcm: Some(g726::Rate::Kbit32), ..Settings::default() };
    let voice = speech(4, -12.0, 300);
    let out = run(&adpcm, voice.clone());
    assert_ne!(out, voice);
    assert!((power_dbm0(&out) - power_dbm0(&voice)).abs() < 0.5);
}

#[test]
fn wild_settings_do_not_panic() {
    let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30];
    for x in wild {
        let settings = Settings {
            loss_db: x,
            tilt_db: x,
            twist_db: x,
            frequency_offset_hz: x,
            clock: Some(Clock { ppm: x, store_ms: u16::MAX }),
            slips: Some(Slips { per_second: x, samples: u16::MAX }),
            interruptions: Some(Interruptions { per_second: x, ms: x }),
            echo: Some(Echo { delay_ms: x, loss_db: x }),
            talker_echo: Some(Echo { delay_ms: x, loss_db: x }),
            noise_dbm0: Some(x),
            hum: Some(Hum { hz: x, dbm0: x, partials: 255 }),
            impulses: Some(Impulses { per_second: x, dbm0: x }),
            dc: x,
            clip_dbm0: Some(x),
            ..all_on()
        };
        run(&settings, speech(5, -10.0, 100));
    }
}
