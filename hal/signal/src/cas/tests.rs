#[test]
#[ignore]
fn scratch_file() {
    for name in std::env::var("FILES").unwrap().split(',') {
        let x: std::vec::Vec<i16> = std::fs::read(name).unwrap().chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        let mut n = 0;
        super::Detector::new().process(&x, &mut |e| { n += 1; if n < 24 { std::eprintln!("{e:?}") } });
        std::eprintln!("{name}: {:.1} s, {n} events", x.len() as f32 / 8000.0);
    }
    for name in std::env::var("MON").unwrap_or_default().split(',').filter(|n| !n.is_empty()) {
        let x: std::vec::Vec<i16> = std::fs::read(name).unwrap().chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        use crate::monitor::*;
        let t = |hz: [u32; 3], ms| Tone { hz, duration_ms: ms, app: 0 };
        for ms in [100, 150, 250] {
        let mut m = Monitor::new(&[t([350,440,0],ms), t([480,620,0],ms), t([440,480,0],ms), t([425,0,0],ms), t([440,0,0],ms), t([1100,0,0],ms), t([2100,0,0],ms), t([950,0,0],ms), t([1400,0,0],ms), t([500,0,0],ms), t([697,1209,0],ms), t([1000,0,0],ms)]).unwrap();
        let mut n = [0; 12];
        let at = std::time::Instant::now();
        m.process(&x, &mut |e| n[e.index] += 1);
        std::eprintln!("{name} {ms}: {n:?} in {:.2} h, {:.2} ns a sample", x.len() as f32 / 8000.0 / 3600.0, at.elapsed().as_secs_f64() * 1e9 / x.len() as f64);
        }
    }
}
