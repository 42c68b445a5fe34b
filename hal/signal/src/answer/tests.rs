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
