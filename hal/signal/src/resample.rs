//! Resampling of whole recordings to the line's rate.
//!
//! Each output sample is a weighted sum of the input samples around it. The weights are a sinc low pass with
//! a Kaiser window, 16 zero crossings to each side, cut off below half of the lower rate. They are read from one
//! finely sampled table, so that any ratio of rates costs the same. Pass band flat to 3.4 kHz, images and aliases
//! about 70 dB down.

use crate::filter::bessel_i0;
use crate::{SAMPLE_RATE, level};
use alloc::vec::Vec;

/// Zero crossings of the sinc to each side.
const CROSSINGS: usize = 16;
/// Table entries per zero crossing.
const FINENESS: usize = 256;
/// Shape of the Kaiser window: about 70 dB.
const BETA: f64 = 7.0;
/// Cut-off as a share of half of the lower rate.
const CUTOFF: f64 = 0.93;

/// Samples of any rate (mono, full scale 1.0) to 16-bit samples at 8 kHz. Empty for a rate below 1 Hz.
pub fn to_8k(samples: &[f32], rate: u32) -> Vec<i16> {
    if rate == SAMPLE_RATE {
        return samples.iter().map(|x| level::sample(x * 32768.0)).collect();
    }
    if rate == 0 || samples.is_empty() {
        return Vec::new();
    }
    let table = kernel();
    let to = u64::from(SAMPLE_RATE);
    let from = u64::from(rate);
    // The sinc's zero crossings lie this many input samples apart.
    let spread = (from as f64 / to as f64).max(1.0) / CUTOFF;
    let reach = spread * CROSSINGS as f64;
    let count = (samples.len() as u64 * to).div_ceil(from);
    (0..count)
        .map(|n| {
            // Whole and fractional position among the input samples, without rounding drift.
            let whole = n * from / to;
            let fraction = (n * from % to) as f64 / to as f64;
            let first = libm::ceil(fraction - reach) as i64;
            let last = libm::floor(fraction + reach) as i64;
            let (mut sum, mut weights) = (0.0, 0.0);
            for k in first..=last {
                let w = weight(&table, libm::fabs(k as f64 - fraction) / spread);
                weights += w;
                let at = whole as i64 + k;
                if let Some(x) = usize::try_from(at).ok().and_then(|i| samples.get(i)) {
                    sum += w * f64::from(*x);
                }
            }
            level::sample((sum / weights * 32768.0) as f32)
        })
        .collect()
}

/// The kernel at a distance of `x` zero crossings.
fn weight(table: &[f64], x: f64) -> f64 {
    let position = x * FINENESS as f64;
    let i = position as usize;
    match (table.get(i), table.get(i + 1)) {
        (Some(a), Some(b)) => a + (b - a) * (position - i as f64),
        _ => 0.0,
    }
}

/// One half of the windowed sinc.
fn kernel() -> Vec<f64> {
    (0..=CROSSINGS * FINENESS)
        .map(|i| {
            let x = i as f64 / FINENESS as f64;
            let sinc = if i == 0 { 1.0 } else { libm::sin(core::f64::consts::PI * x) / (core::f64::consts::PI * x) };
            let r = x / CROSSINGS as f64;
            sinc * bessel_i0(BETA * libm::sqrt(1.0 - r * r)) / bessel_i0(BETA)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, rate: u32, seconds: f64) -> Vec<f32> {
        (0..(f64::from(rate) * seconds) as usize)
            .map(|i| (0.5 * libm::sin(core::f64::consts::TAU * hz * i as f64 / f64::from(rate))) as f32)
            .collect()
    }

    #[test]
    fn tones_keep_their_shape_at_every_rate() {
        for rate in [6000, 8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000] {
            for hz in [300.0, 1000.0, 2300.0] {
                let out = to_8k(&sine(hz, rate, 0.25), rate);
                assert!(out.len().abs_diff(2000) <= 2, "{rate}: {}", out.len());
                for (n, &s) in out.iter().enumerate().take(1800).skip(200) {
                    let exact = 16384.0 * libm::sin(core::f64::consts::TAU * hz * n as f64 / 8000.0);
                    assert!((f64::from(s) - exact).abs() < 60.0, "{rate} {hz} {n}: {s} {exact}");
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_filtered_out() {
        let out = to_8k(&sine(5200.0, 48_000, 0.25), 48_000);
        assert!(out[200..1800].iter().all(|s| s.abs() < 30));
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(to_8k(&[], 44_100).is_empty());
        assert!(to_8k(&[0.1], 0).is_empty());
        assert_eq!(to_8k(&[2.0, -2.0, f32::NAN], 8000), [i16::MAX, i16::MIN, 0]);
    }
}
