use super::*;
use crate::test_signal::{Noise, mix_at, silence, speech, tone};
use std::vec::Vec;

fn watch(hz: &[u32], duration_ms: u32) -> Tone {
    let mut tone = Tone { duration_ms, app: 7, ..Tone::default() };
    tone.hz.iter_mut().zip(hz).for_each(|(to, from)| *to = *from);
    tone
}

fn events(tones: &[Tone], x: &[i16]) -> Vec<Event> {
    let mut monitor = Monitor::new(tones).unwrap();
    let mut all = Vec::new();
    x.chunks(160).for_each(|part| monitor.process(part, &mut |e| all.push(e)));
    all
}

/// 200 ms of nothing, the tones, 200 ms of nothing.
fn burst(hz: &[f32], dbm0: f32, ms: usize) -> Vec<i16> {
    [silence(200), tone(hz, dbm0, ms), silence(200)].concat()
}

#[test]
fn a_list_that_makes_no_sense_is_refused() {
    let good = watch(&[350, 440], 100);
    assert_eq!(Monitor::new(&[good; 17]).err(), Some(Error::TooMany));
    assert!(Monitor::new(&[good; 16]).is_ok());
    assert!(Monitor::new(&[]).is_ok());
    assert_eq!(Monitor::new(&[good, watch(&[100], 0)]).err(), Some(Error::OutOfRange { index: 1, hz: 100 }));
    assert_eq!(Monitor::new(&[watch(&[4000], 0)]).err(), Some(Error::OutOfRange { index: 0, hz: 4000 }));
    assert_eq!(Monitor::new(&[watch(&[440, 1000, 440], 0)]).err(), Some(Error::TooClose { index: 0 }));
    assert_eq!(Monitor::new(&[watch(&[440], u32::MAX)]).err(), Some(Error::TooLong { index: 0 }));
    assert_eq!(
        std::format!("{}", Error::OutOfRange { index: 1, hz: 100 }),
        "tone 1: 100 Hz is not between 150 and 3800 Hz"
    );
}

#[test]
fn tones_are_told_at_every_level_and_frequency() {
    let mut noise = Noise::new(5);
    for hz in [150u32, 350, 440, 697, 1100, 1400, 2100, 2750, 3800] {
        for dbm0 in [0.0f32, -10.0, -25.0, -40.0] {
            for off in [-0.02, -0.015, 0.0, 0.015, 0.02] {
                for snr in [60.0, 10.0] {
                    let mut x = burst(&[hz as f32 * (1.0 + off)], dbm0, 300);
                    noise.add(&mut x, dbm0 - snr);
                    let all = events(&[watch(&[hz], 200)], &x);
                    assert_eq!(all.len(), 1, "{hz} Hz {off} {dbm0} dBm0 {snr} dB");
                    let after = (all[0].at as f32 - 1600.0) / 8.0;
                    assert!((195.0..265.0).contains(&after), "{after} ms");
                    assert!((all[0].level_dbm0 - dbm0).abs() < 1.5, "{all:?}");
                    assert_eq!((all[0].index, all[0].app), (0, 7));
                }
            }
        }
    }
}

#[test]
fn several_frequencies_are_one_tone() {
    for (tones, sounds) in [
        (watch(&[350, 440], 200), &[350.0f32, 440.0][..]),
        (watch(&[400, 450], 200), &[400.0, 450.0]),
        (watch(&[440, 480], 200), &[440.0, 480.0]),
        (watch(&[950, 1400, 1800], 200), &[950.0, 1400.0, 1800.0]),
        (watch(&[697, 0, 1209], 100), &[697.0, 1209.0]),
    ] {
        for dbm0 in [-5.0f32, -20.0, -40.0] {
            for off in [-0.015, 0.0, 0.015] {
                let hz: Vec<f32> = sounds.iter().map(|f| f * (1.0 + off)).collect();
                let mut x = burst(&hz, dbm0 - 4.0 * f32::from(dbm0 > -10.0), 400);
                Noise::new(3).add(&mut x, dbm0 - 10.0);
                assert_eq!(events(&[tones], &x).len(), 1, "{tones:?} {dbm0} {off}");
            }
            // Not all of them, or others.
            for k in 0..sounds.len() {
                let mut some = sounds.to_vec();
                some.remove(k);
                assert_eq!(events(&[tones], &burst(&some, dbm0 - 5.0, 400)), [], "{tones:?} without {k}");
            }
        }
    }
    // A tone with one more frequency is another tone.
    assert_eq!(events(&[watch(&[350], 100)], &burst(&[350.0, 440.0], -15.0, 400)), []);
}

#[test]
fn neighbours_are_refused() {
    for hz in [350u32, 440, 1000, 2100, 3000] {
        for off in [-0.08, -0.035, 0.035, 0.08f32] {
            let off = (hz as f32 * off).abs().max(10.0).copysign(off);
            assert_eq!(events(&[watch(&[hz], 100)], &burst(&[hz as f32 + off], -15.0, 500)), [], "{hz} {off}");
        }
    }
}

#[test]
fn it_must_last() {
    for asked in [100u32, 250, 1000] {
        let tones = [watch(&[1400], asked)];
        assert_eq!(events(&tones, &burst(&[1400.0], -15.0, asked as usize - 20)), [], "{asked}");
        assert_eq!(events(&tones, &burst(&[1400.0], -15.0, asked as usize + 30)).len(), 1, "{asked}");
    }
}

#[test]
fn it_is_told_once_for_each_appearance() {
    let tones = [watch(&[480, 620], 200), watch(&[480, 620], 400)];
    let mut x = silence(300);
    for _ in 0..5 {
        x.extend(tone(&[480.0, 620.0], -15.0, 500));
        x.extend(silence(500));
    }
    // A gap of 15 ms is none.
    let mut cut = tone(&[480.0, 620.0], -15.0, 3000);
    cut[8000..8120].fill(0);
    x.extend(&cut);
    let all = events(&tones, &x);
    for index in 0..2 {
        assert_eq!(all.iter().filter(|e| e.index == index).count(), 6, "{all:?}");
    }
}

#[test]
fn silence_is_a_tone_too() {
    let tones = [watch(&[], 500)];
    let mut x = tone(&[300.0], -10.0, 1000);
    x.extend(silence(1000));
    x.extend(tone(&[300.0], -10.0, 300));
    x.extend(silence(300));
    x.extend(tone(&[300.0], -10.0, 300));
    x.extend(silence(700));
    Noise::new(8).add(&mut x, -48.0);
    let all = events(&tones, &x);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!((1490..1530).contains(&(all[0].at / 8)), "{all:?}");
    assert!((all[0].level_dbm0 + 48.0).abs() < 2.0);
    // Noise near the limit does not make it flutter.
    let mut x = silence(20_000);
    Noise::new(4).add(&mut x, -45.5);
    assert_eq!(events(&tones, &x).len(), 1);
}

#[test]
fn never_in_speech() {
    let tones = [
        watch(&[350, 440], 100),
        watch(&[480, 620], 100),
        watch(&[425], 100),
        watch(&[440], 100),
        watch(&[1100], 100),
        watch(&[2100], 100),
        watch(&[500], 100),
        watch(&[950], 100),
        watch(&[200], 100),
    ];
    for seed in 1..6 {
        assert_eq!(events(&tones, &speech(seed, -15.0, 60_000)), [], "{seed}");
    }
}

#[test]
fn sixteen_of_them_at_once() {
    let tones: Vec<Tone> = (0..16).map(|i| Tone { app: 100 + i, ..watch(&[300 + 200 * i], 100) }).collect();
    let mut x = silence(100);
    for i in (0..16).rev() {
        x.extend(tone(&[300.0 + 200.0 * i as f32], -20.0, 200));
        x.extend(silence(100));
    }
    let order: Vec<u32> = events(&tones, &x).iter().map(|e| e.app).collect();
    assert_eq!(order, (100..116).rev().collect::<Vec<u32>>());
}

#[test]
fn blocks_do_not_matter_and_a_reset_tells_again() {
    let tones = [watch(&[1000], 100), watch(&[], 100)];
    let mut x = speech(3, -20.0, 2000);
    mix_at(&mut x, &tone(&[1000.0], 0.0, 400), 3000);
    x.extend(silence(500));
    let whole = events(&tones, &x);
    assert!(whole.len() >= 2);
    for size in [1, 7, 39, 41, 20_000] {
        let mut monitor = Monitor::new(&tones).unwrap();
        let mut all = Vec::new();
        x.chunks(size).for_each(|part| monitor.process(part, &mut |e| all.push(e)));
        assert_eq!(all, whole, "{size}");
    }
    let mut monitor = Monitor::new(&tones).unwrap();
    let x = tone(&[1000.0], -10.0, 300);
    let mut all = Vec::new();
    monitor.process(&x, &mut |e| all.push(e));
    monitor.reset();
    monitor.process(&x, &mut |e| all.push(e));
    assert_eq!(all.len(), 2);
    assert!(all[1].at > 2400);
}
