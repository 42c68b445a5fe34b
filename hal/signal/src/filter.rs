//! The little that the receivers share: a window's function, complex numbers.

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
