//! The sine oscillator that all generators and correlators share.
//!
//! The phase is a 32-bit fraction of a turn, so that it wraps exactly and never drifts.

use crate::SAMPLE_RATE;

/// An oscillator of fixed frequency that keeps its phase when the frequency changes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Osc {
    phase: u32,
    step: u32,
}

impl Osc {
    pub(crate) fn new(hz: f32) -> Self {
        Self { phase: 0, step: step(hz) }
    }

    /// Changes the frequency; the phase goes on.
    pub(crate) fn set(&mut self, hz: f32) {
        self.step = step(hz);
    }

    /// Back to a rising zero crossing.
    pub(crate) fn restart(&mut self) {
        self.phase = 0;
    }

    /// The next value of the sine.
    pub(crate) fn sine(&mut self) -> f32 {
        let s = sine(self.phase);
        self.phase = self.phase.wrapping_add(self.step);
        s
    }

    /// The next value of the cosine and the sine.
    pub(crate) fn cos_sin(&mut self) -> (f32, f32) {
        let p = self.phase;
        self.phase = p.wrapping_add(self.step);
        (sine(p.wrapping_add(1 << 30)), sine(p))
    }
}

/// Phase advance per sample of `hz`.
fn step(hz: f32) -> u32 {
    (f64::from(hz) / f64::from(SAMPLE_RATE) * 4_294_967_296.0) as i64 as u32
}

/// The sine of a 32-bit fraction of a turn, to about 2e-6.
#[inline(always)]
pub(crate) fn sine(phase: u32) -> f32 {
    // Fold to a quarter turn either side of zero, where a Taylor series of order 9 suffices.
    let p = phase as i32;
    let folded = if p.wrapping_add(1 << 30) < 0 { i32::MIN.wrapping_sub(p) } else { p };
    let x = folded as f32 * (core::f32::consts::PI / 2_147_483_648.0);
    let x2 = x * x;
    x * (1.0 + x2 * (-1.0 / 6.0 + x2 * (1.0 / 120.0 + x2 * (-1.0 / 5040.0 + x2 * (1.0 / 362_880.0)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_sine() {
        let mut worst = 0.0f64;
        for i in 0..4096u32 {
            let p = i.wrapping_mul(1_048_583);
            let exact = libm::sin(f64::from(p) / 4_294_967_296.0 * core::f64::consts::TAU);
            worst = worst.max((f64::from(sine(p)) - exact).abs());
        }
        assert!(worst < 5e-6, "{worst}");
    }

    #[test]
    fn keeps_its_frequency_for_a_minute() {
        let mut o = Osc::new(1000.0);
        for _ in 0..480_000 {
            o.sine();
        }
        // A whole number of turns of 8 samples: back at zero.
        assert!(o.sine().abs() < 1e-4);
    }
}
