use super::*;
use crate::test_signal::{Noise, mix_at};
use core::f32::consts::TAU;
use std::vec::Vec;

fn read(name: &str) -> Vec<i16> {
    std::fs::read(std::format!("/tmp/corpus/{name}.raw"))
        .unwrap()
        .chunks_exact(2)
        .map(|b| i16::from_le_bytes([b[0], b[1]]))
        .collect()
}

fn alert(dbm0: [f32; 2], hz: [f32; 2], phase: [f32; 2], samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| {
            let s = (0..2)
                .map(|k| level::peak(dbm0[k]) * libm::sinf(TAU * (hz[k] * n as f32 / 8000.0 + phase[k])))
                .sum::<f32>();
            level::sample(s)
        })
        .collect()
}

#[test]
#[ignore]
fn scratch_hits() {
    let seed: u64 = std::env::var("SEED").map_or(7, |s| s.parse().unwrap());
    let off: f32 = std::env::var("OFF").map_or(0.005, |s| s.parse().unwrap());
    let twist: f32 = std::env::var("TWIST").map_or(0.0, |s| s.parse().unwrap());
    let files = std::env::var("SPEECH").unwrap_or("human_en,human_fr,human_ru".into());
    let human: Vec<i16> = files.split(',').flat_map(read).collect();
    let ms = |x: &[i16]| x.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>() / x.len() as f64;
    let all = level::dbm0(ms(&human) as f32);
    std::eprintln!("human {all}");
    let mut noise = Noise::new(seed);
    let (mut total, mut runs, mut late) = (0, 0, Vec::new());
    for speech in [-15.0f32, -20.0, -25.0, -30.0] {
        for cas in [-14.0f32, -20.0, -26.0, -32.0] {
            let (mut trig, mut n) = (0, 0);
            for _ in 0..1000 {
                // Speech, not a pause.
                let part = loop {
                    let at = (noise.uniform() * (human.len() - 9000) as f32) as usize;
                    let part = &human[at..at + 8000];
                    if level::dbm0(ms(part) as f32) > all - 6.0 {
                        break part;
                    }
                };
                let gain = level::mean_square(speech) / ms(part) as f32;
                let mut x: Vec<i16> = part.iter().map(|s| level::sample(f32::from(*s) * gain.sqrt())).collect();
                let len = 600 + (noise.uniform() * 80.0) as usize;
                let tw = (noise.uniform() - 0.5) * 2.0 * twist;
                let tone = alert(
                    [cas, cas + tw],
                    [
                        2130.0 * (1.0 + 2.0 * off * (noise.uniform() - 0.5)),
                        2750.0 * (1.0 + 2.0 * off * (noise.uniform() - 0.5)),
                    ],
                    [noise.uniform(), noise.uniform()],
                    len,
                );
                let at = 4000 + (noise.uniform() * 400.0) as usize;
                mix_at(&mut x, &tone, at);
                n += 1;
                let mut hits = 0;
                Detector::new().process(&x, &mut |e| {
                    hits += 1;
                    late.push((e.at as i64 - (at + len) as i64) / 8);
                });
                assert!(hits < 2);
                if hits == 0 {
                    let mut d = Detector::new();
                    let mut rest = &x[..];
                    let mut why = std::string::String::new();
                    while !rest.is_empty() {
                        let (taken, age) = simd::run(Listen { detector: &mut d, samples: rest });
                        rest = &rest[taken..];
                        if let Some(age) = age {
                            let off = d.at as i64 - (at + len) as i64;
                            if (-200..400).contains(&off) { why += &std::format!("[{off} len {len} {:?}]", d.measure(age)); }
                        }
                    }
                    std::println!("MISS {speech} {cas} {why}");
                }
                trig += hits;
            }
            total += trig;
            runs += n;
            std::eprintln!("speech {speech} cas {cas}: hit {trig}/{n}");
        }
    }
    late.sort();
    std::eprintln!(
        "all {total}/{runs} = {:.3} %; late {} {} {} ms",
        total as f32 * 100.0 / runs as f32,
        late[0],
        late[late.len() / 2],
        late[late.len() * 995 / 1000]
    );
}

#[test]
#[ignore]
fn scratch_false() {
    let (mut hours, mut all_n) = (0.0, 0);
    for name in std::env::var("FILES").unwrap().split(',') {
        let x = read(name);
        let ms = |x: &[i16]| x.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>() / x.len() as f64;
        let all = level::dbm0(ms(&x) as f32);
        for gain_to in [-10.0f32, -15.0, -20.0, -25.0] {
            let g = (level::mean_square(gain_to) / level::mean_square(all)).sqrt();
            let x: Vec<i16> = x.iter().map(|s| level::sample(f32::from(*s) * g)).collect();
            let mut d = Detector::new();
            let mut rest = &x[..];
            let mut n = 0;
            let mut best: Vec<f32> = Vec::new();
            while !rest.is_empty() {
                let (taken, age) = simd::run(Listen { detector: &mut d, samples: rest });
                rest = &rest[taken..];
                if let Some(age) = age {
                    n += 1;
                    if let Some(m) = d.measure(age) {
                        best.push(m.points);
                        if m.is_alert(d.min, d.max) {
                            std::eprintln!("FALSE {name} {} {m:?}", d.at);
                            all_n += 1;
                        }
                    }
                }
            }
            best.sort_by(|a, b| b.total_cmp(a));
            best.truncate(4);
            hours += x.len() as f32 / 8000.0 / 3600.0;
            std::eprintln!(
                "{name} at {gain_to}: {all:.1} dBm0, {:.2} h, {n} candidates, one in {} s; {best:.1?}",
                x.len() as f32 / 8000.0 / 3600.0,
                x.len() / 8000 / n.max(1)
            );
        }
    }
    std::eprintln!("{all_n} in {hours} h");
}

#[test]
#[ignore]
fn scratch_speed() {
    let x = read(&std::env::var("FILES").unwrap_or("human_en".into()));
    let mut total = 0.0;
    let parts: Vec<&[i16]> = x.chunks_exact(16_000 * 3).take(30).collect();
    for part in &parts {
        let mut best = f64::MAX;
        for _ in 0..60 {
            let mut d = Detector::new();
            let t = std::time::Instant::now();
            let mut n = 0;
            for b in part.chunks(160) {
                d.process(b, &mut |_| n += 1);
            }
            best = best.min(t.elapsed().as_secs_f64());
        }
        total += best;
    }
    let n = parts.len() * 48_000;
    std::eprintln!(
        "{:.3} ns a sample = {:.2} cycles at 2.6 GHz; {:.0} lines",
        total * 1e9 / n as f64,
        total * 2.6e9 / n as f64,
        n as f64 / 8000.0 / total
    );
}

#[test]
#[ignore]
fn scratch_synth() {
    let (mut total, mut runs) = (0, 0);
    for sp in [-15.0f32, -20.0, -25.0, -30.0] {
        for cas in [-14.0f32, -20.0, -26.0, -32.0] {
            let mut noise = Noise::new(99);
            let mut trig = 0;
            let tries = 200;
            let mut s = crate::test_signal::speech((sp * 7.0 - cas) as i32 as u64 & 0xffff, sp, 600 * tries);
            for i in 0..tries {
                let len = 600 + (noise.uniform() * 80.0) as usize;
                let tone = alert([cas, cas], [2130.0 * (1.0 + 0.01 * (noise.uniform() - 0.5)), 2750.0 * (1.0 + 0.01 * (noise.uniform() - 0.5))], [noise.uniform(), noise.uniform()], len);
                let at = 2000 + (noise.uniform() * 400.0) as usize;
                let x = &mut s[i * 4800..][..4800];
                mix_at(x, &tone, at);
                let mut hits = 0;
                Detector::new().process(x, &mut |_| hits += 1);
                if hits == 0 {
                    let mut d = Detector::new();
                    let mut rest = &x[..];
                    let mut why = std::string::String::new();
                    while !rest.is_empty() {
                        let (taken, age) = simd::run(Listen { detector: &mut d, samples: rest });
                        rest = &rest[taken..];
                        if let Some(age) = age {
                            let off = d.at as i64 - (at + len) as i64;
                            if (-200..400).contains(&off) { why += &std::format!("[{off} len {len} {:?}]", d.measure(age)); }
                        }
                    }
                    std::println!("MISS {sp} {cas} {why}");
                }
                trig += hits.min(1);
            }
            std::eprintln!("synth {sp} cas {cas}: {trig}/{tries}");
            total += trig; runs += tries;
        }
    }
    std::eprintln!("all {total}/{runs} = {:.3} %", total as f32 * 100.0 / runs as f32);
}
#[test]
#[ignore]
fn scratch_file() {
    for name in std::env::var("MON").unwrap_or_default().split(',').filter(|n| !n.is_empty()) {
        let x: std::vec::Vec<i16> = std::fs::read(name).unwrap().chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        use crate::monitor::*;
        let t = |hz: [u32; 3], ms| Tone { hz, duration_ms: ms, app: 0 };
        for ms in [100, 150, 250] {
        let mut m = Monitor::new(&[t([350,440,0],ms), t([480,620,0],ms), t([440,480,0],ms), t([425,0,0],ms), t([440,0,0],ms), t([1100,0,0],ms), t([2100,0,0],ms), t([950,0,0],ms), t([1400,0,0],ms), t([500,0,0],ms), t([697,1209,0],ms), t([1000,0,0],ms)]).unwrap();
        let mut n = [0; 12];
        let at = std::time::Instant::now();
        m.process(&x, &mut |e| { n[e.index] += 1; if ms == 100 { std::eprintln!("EV {e:?}"); } });
        std::eprintln!("{name} {ms}: {n:?} in {:.2} h, {:.2} ns a sample", x.len() as f32 / 8000.0 / 3600.0, at.elapsed().as_secs_f64() * 1e9 / x.len() as f64);
        }
    }
}
