use super::*;
use crate::test_signal::{silence, tone};
use std::vec::Vec;

fn told(line: &[i16]) -> Vec<Event> {
    let mut out = Vec::new();
    Detector::new().process(line, &mut |e| out.push(e));
    out
}

#[test]
fn plain() {
    let mut line = silence(1000);
    line.extend(tone(&[2100.0], -12.0, 3000));
    line.extend(silence(300));
    std::println!("{:?} {}", told(&line), size_of::<Detector>());
}

#[test]
#[ignore]
#[allow(clippy::disallowed_methods)]
fn scratch() {
    let b = std::fs::read(std::env::var("ANS_FILE").unwrap()).unwrap();
    let x: Vec<i16> = b.chunks_exact(2).map(|c| i16::from_le_bytes([c[0], c[1]])).collect();
    Detector::new().process(&x, &mut |e| std::eprintln!("EVT {:.3} {:?}", e.at as f64 / 8000.0, e.kind));
}
