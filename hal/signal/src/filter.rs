//! The few filters the receivers share: second-order sections and linear-phase band passes, designed when a
//! receiver is made.

use crate::SAMPLE_RATE;
use core::f64::consts::{PI, TAU};

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

    /// Removes `hz`; the 3 dB bandwidth is `hz / q`.
    pub(crate) fn notch(hz: f64, q: f64) -> Self {
        let w = TAU * hz / f64::from(SAMPLE_RATE);
        let (c, alpha) = (libm::cos(w), libm::sin(w) / (2.0 * q));
        Self::normalised([1.0, -2.0 * c, 1.0], [1.0 + alpha, -2.0 * c, 1.0 - alpha])
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

    /// Gain at `hz`, as a factor of power.
    pub(crate) fn power_gain(&self, hz: f64) -> f32 {
        let w = TAU * hz / f64::from(SAMPLE_RATE);
        let at = |k: [f64; 3]| {
            let re = k[0] + k[1] * libm::cos(w) + k[2] * libm::cos(2.0 * w);
            let im = k[1] * libm::sin(w) + k[2] * libm::sin(2.0 * w);
            re * re + im * im
        };
        let [b0, b1, b2] = self.b.map(f64::from);
        (at([b0, b1, b2]) / at([1.0, f64::from(self.a[0]), f64::from(self.a[1])])) as f32
    }

    pub(crate) fn reset(&mut self) {
        self.z = [0.0; 2];
    }
}

/// A linear-phase band pass of `N` taps (odd): a windowed sinc. Its delay is `(N - 1) / 2` samples.
#[derive(Clone, Debug)]
pub(crate) struct BandPass<const N: usize> {
    taps: [f32; N],
    /// The last `N` samples, in a ring that begins at `at`.
    past: [f32; N],
    at: usize,
}

impl<const N: usize> BandPass<N> {
    /// Passes `low` to `high` Hz (half amplitude at these). `beta` is the shape of the Kaiser window: 3 gives
    /// about 35 dB, 5 about 50 dB.
    pub(crate) fn new(low: f64, high: f64, beta: f64) -> Self {
        let rate = f64::from(SAMPLE_RATE);
        let middle = (N as f64 - 1.0) / 2.0;
        let mut taps = [0.0; N];
        for (i, tap) in taps.iter_mut().enumerate() {
            let x = i as f64 - middle;
            let sinc = |hz: f64| {
                let w = 2.0 * hz / rate;
                if x == 0.0 { w } else { libm::sin(PI * w * x) / (PI * x) }
            };
            let r = x / (middle + 1.0);
            *tap = ((sinc(high) - sinc(low)) * bessel_i0(beta * libm::sqrt(1.0 - r * r)) / bessel_i0(beta)) as f32;
        }
        Self { taps, past: [0.0; N], at: 0 }
    }

    pub(crate) fn step(&mut self, x: f32) -> f32 {
        if let Some(slot) = self.past.get_mut(self.at) {
            *slot = x;
        }
        self.at = if self.at + 1 >= N { 0 } else { self.at + 1 };
        // The taps are symmetric, so it does not matter from which end they are taken.
        let (newer, older) = self.past.split_at(self.at);
        let (first, rest) = self.taps.split_at(older.len());
        dot(first, older) + dot(rest, newer)
    }

    /// Gain at `hz`, as a factor of power.
    pub(crate) fn power_gain(&self, hz: f64) -> f32 {
        let w = TAU * hz / f64::from(SAMPLE_RATE);
        let middle = (N as f64 - 1.0) / 2.0;
        let sum: f64 =
            self.taps.iter().enumerate().map(|(i, t)| f64::from(*t) * libm::cos(w * (i as f64 - middle))).sum();
        (sum * sum) as f32
    }

    pub(crate) fn reset(&mut self) {
        self.past = [0.0; N];
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Four sums at a time, so that the compiler may use the vector unit.
    let mut sums = [0.0f32; 4];
    let (mut a4, mut b4) = (a.chunks_exact(4), b.chunks_exact(4));
    for (x, y) in (&mut a4).zip(&mut b4) {
        for (s, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *s += x * y;
        }
    }
    let rest: f32 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
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

    fn db(power: f32) -> f32 {
        10.0 * libm::log10f(power)
    }

    #[test]
    fn band_pass_passes_and_stops() {
        let f = BandPass::<65>::new(620.0, 1070.0, 3.0);
        for hz in [697.0, 800.0, 941.0] {
            assert!(
                measured(hz, {
                    let mut f = f.clone();
                    move |x| f.step(x)
                })
                .abs()
                    < 1.5
            );
        }
        for hz in [350.0f32, 440.0, 1209.0, 1633.0, 2500.0] {
            let gain = measured(hz, {
                let mut f = f.clone();
                move |x| f.step(x)
            });
            assert!(gain < -20.0, "{hz}: {gain}");
            assert!((gain - db(f.power_gain(f64::from(hz)))).abs() < 0.5 || gain < -60.0);
        }
    }

    #[test]
    fn sections_have_the_gain_they_say() {
        for f in [Biquad::notch(440.0, 3.0), Biquad::high_pass(200.0)] {
            for hz in [60.0f32, 350.0, 697.0, 1633.0] {
                let gain = measured(hz, {
                    let mut f = f;
                    move |x| f.step(x)
                });
                assert!((gain - db(f.power_gain(f64::from(hz)))).abs() < 0.1, "{hz} {gain}");
            }
        }
        let mut notch = Biquad::notch(440.0, 3.0);
        assert!(measured(440.0, move |x| notch.step(x)) < -60.0);
    }
}
