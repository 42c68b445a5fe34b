//! The cut-off.

use super::*;
use crate::dtmf::clamp::{Clamp, DELAY};

fn clamped(samples: &[i16], size: usize) -> Vec<i16> {
    let mut out = samples.to_vec();
    let mut clamp = Clamp::new();
    out.chunks_mut(size).for_each(|c| clamp.process(c));
    out
}

#[test]
fn digits_are_gone_from_their_onset_to_their_end() {
    for (snr, on, off) in [(None, 40, 40), (Some(15.0), 50, 50), (Some(0.0), 60, 60), (None, 100, 25)] {
        let mut signal = dial(ALL, -10.0, on, off);
        let digits = signal.clone();
        if let Some(snr) = snr {
            Noise::new(4).add(&mut signal, -7.0 - snr);
        }
        let out = clamped(&signal, 160);
        // Where a digit was there is nothing, or at the very edges next to nothing.
        let left = digits.iter().zip(&out[DELAY..]).filter(|(d, o)| d.unsigned_abs() > 500 && **o != 0).count();
        assert!(left < 16 * 4, "{snr:?}: {left} samples left");
    }
}

#[test]
fn speech_passes_unharmed() {
    for seed in 0..6 {
        let signal = speech(seed, -15.0, 20_000);
        let out = clamped(&signal, 160);
        assert!(out[..DELAY].iter().all(|s| *s == 0));
        assert!(out[DELAY..] == signal[..signal.len() - DELAY], "{seed}");
    }
}

#[test]
fn speech_passes_again_behind_a_digit() {
    let mut signal = dial(b"5", -10.0, 80, 60);
    let from = signal.len();
    signal.extend(speech(3, -15.0, 2000));
    let out = clamped(&signal, 80);
    assert!(out[from + DELAY..] == signal[from..signal.len() - DELAY]);
}

#[test]
fn the_size_of_blocks_changes_nothing() {
    let mut signal = dial(b"12345", -10.0, 50, 40);
    mix_at(&mut signal, &speech(1, -20.0, 600), 0);
    let whole = clamped(&signal, signal.len());
    for size in [1, 7, 33, 160] {
        assert!(clamped(&signal, size) == whole, "{size}");
    }
}
