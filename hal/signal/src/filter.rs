//! The little that the receivers share: a second-order section, a window's function, complex numbers.

use crate::SAMPLE_RATE;
use core::f64::consts::TAU;

/// A second-order section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    z: [f32; 2],
}

impl Biquad {
    fn normalised(b: [f64; 3], a: [f64; 3]) -> Self {
        Self { b: b.map(|x| (x / a[0]) as f32), a: [(a[1] / a[0]) as f32, (a[2] / a[0]) as f32], z: [0.0; 2] }
    }

    /// Second-order Butterworth high pass.
    pub(crate) fn high_pass(hz: f64) -> Self {
        let w = TAU * hz / f64::from(SAMPLE_RATE);
        let (c, alpha) = (libm::cos(w), libm::sin(w) * core::f64::consts::FRAC_1_SQRT_2);
        let edge = (1.0 + c) / 2.0;
        Self::normalised([edge, -(1.0 + c), edge], [1.0 + alpha, -2.0 * c, 1.0 - alpha])
    }

    pub(crate) fn step(&mut self, x: f32) -> f32 {
        let y = self.b[0] * x + self.z[0];
        // The tiny offset keeps the state out of the denormal numbers, which are slow.
        self.z[0] = self.b[1] * x - self.a[0] * y + self.z[1] + 1e-20;
        self.z[1] = self.b[2] * x - self.a[1] * y;
        y
    }

    pub(crate) fn reset(&mut self) {
        self.z = [0.0; 2];
    }
}

/// The modified Bessel function of order 0, by its series; exact enough for Kaiser windows up to a `beta` of 15.
pub(crate) fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        let half = x / (2.0 * f64::from(k));
        term *= half * half;
        sum += term;
    }
    sum
}

/// A complex number: no more than the receivers need.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Complex {
    pub(crate) re: f32,
    pub(crate) im: f32,
}

impl Complex {
    pub(crate) const fn new(re: f32, im: f32) -> Self {
        Self { re, im }
    }

    /// The number of length 1 with this angle (radians).
    pub(crate) fn unit(angle: f32) -> Self {
        Self::new(libm::cosf(angle), libm::sinf(angle))
    }

    pub(crate) fn conj(self) -> Self {
        Self::new(self.re, -self.im)
    }

    pub(crate) fn times(self, o: Self) -> Self {
        Self::new(self.re * o.re - self.im * o.im, self.re * o.im + self.im * o.re)
    }

    pub(crate) fn plus(self, o: Self) -> Self {
        Self::new(self.re + o.re, self.im + o.im)
    }

    pub(crate) fn scale(self, k: f32) -> Self {
        Self::new(self.re * k, self.im * k)
    }

    /// The square of the length.
    pub(crate) fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    /// The angle, -pi to pi.
    pub(crate) fn angle(self) -> f32 {
        libm::atan2f(self.im, self.re)
    }
}

/// `angle` brought to -pi to pi.
pub(crate) fn wrap(angle: f32) -> f32 {
    let turn = core::f32::consts::TAU;
    angle - turn * libm::roundf(angle / turn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osc::Osc;

    /// The gain that a filter really has, in dB.
    fn measured(hz: f32, mut step: impl FnMut(f32) -> f32) -> f32 {
        let mut osc = Osc::new(hz);
        let mut sum = 0.0;
        for i in 0..4000 {
            let y = step(osc.sine());
            if i >= 2000 {
                sum += y * y;
            }
        }
        10.0 * libm::log10f(sum / 1000.0)
    }

    #[test]
    fn the_high_pass_passes_what_is_high() {
        let gain = |hz: f32| {
            let mut f = Biquad::high_pass(200.0);
            measured(hz, move |x| f.step(x))
        };
        assert!((gain(200.0) + 3.0).abs() < 0.1 && gain(50.0) < -23.0 && gain(1000.0).abs() < 0.1);
    }
}
