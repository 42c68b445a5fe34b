//! A bank of correlators: one short stretch of the line against many sinusoids at once.
//!
//! The table holds, sample by sample, the cosines of all frequencies and then their negated sines, side by side, so
//! that a vector unit multiplies one sample with a whole row. Tables are the same for all lines and belong in a
//! `static` (they can be made at compile time) or in something shared.
//!
//! The wave of each frequency starts at phase 0 with the first sample of the stretch. Who adds the correlations of
//! stretches that follow each other turns them by the frequency's advance over one stretch.

use crate::SAMPLE_RATE;

/// Correlates `HOP` samples with `LANES / 2` frequencies. `LANES` should be a multiple of 8, better of 16.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Bank<const HOP: usize, const LANES: usize>([[f32; LANES]; HOP]);

impl<const HOP: usize, const LANES: usize> Bank<HOP, LANES> {
    /// A bank for `hz`; lanes without a frequency stay 0, frequencies without a lane are left out. Works at compile time.
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time, or with bounds that the loops keep")]
    pub(crate) const fn new(hz: &[f32]) -> Self {
        let mut table = [[0.0; LANES]; HOP];
        let mut n = 0;
        while n < HOP {
            let mut k = 0;
            while k < hz.len() && k < LANES / 2 {
                let turns = hz[k] as f64 * n as f64 / SAMPLE_RATE as f64;
                table[n][k] = cosine(turns) as f32;
                table[n][LANES / 2 + k] = -cosine(turns - 0.25) as f32;
                k += 1;
            }
            n += 1;
        }
        Self(table)
    }

    /// The correlations: real parts in the first half of the lanes, imaginary parts in the second.
    ///
    /// To be called from inside a [`crate::simd::Kernel`].
    #[inline(always)]
    pub(crate) fn correlate(&self, x: &[f32; HOP]) -> [f32; LANES] {
        let mut sums = [0.0f32; LANES];
        let (rows, rest) = self.0.as_chunks::<4>();
        let (samples, last) = x.as_chunks::<4>();
        // Four samples at a time, so that the additions need not wait for each other.
        for ([a, b, c, d], [v, w, x, y]) in rows.iter().zip(samples) {
            for ((((s, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *s += (a * v + b * w) + (c * x + d * y);
            }
        }
        for (row, x) in rest.iter().zip(last) {
            for (s, w) in sums.iter_mut().zip(row) {
                *s += w * x;
            }
        }
        // Or the compiler takes the lanes apart for what comes after, and is many times slower.
        core::hint::black_box(sums)
    }
}

/// The cosine of so many turns, to 1e-9, at compile time too.
pub(crate) const fn cosine(turns: f64) -> f64 {
    // Fold to a quarter turn around zero.
    let mut t = turns - (turns as i64) as f64;
    if t < 0.0 {
        t = -t;
    }
    if t > 0.5 {
        t = 1.0 - t;
    }
    let (t, sign) = if t > 0.25 { (0.5 - t, -1.0) } else { (t, 1.0) };
    let x = t * core::f64::consts::TAU;
    let x2 = x * x;
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = 1;
    while k <= 8 {
        term *= -x2 / ((2 * k - 1) * (2 * k)) as f64;
        sum += term;
        k += 1;
    }
    sign * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines() {
        for i in -2000..2000 {
            let t = f64::from(i) * 0.00731;
            assert!((cosine(t) - libm::cos(t * core::f64::consts::TAU)).abs() < 1e-9, "{t}");
        }
    }

    #[test]
    fn finds_its_frequencies() {
        static BANK: Bank<80, 16> = Bank::new(&[500.0, 1000.0, 1500.0]);
        let x: [f32; 80] = core::array::from_fn(|n| libm::sinf(core::f32::consts::TAU * n as f32 / 8.0));
        let c = BANK.correlate(&x);
        let power = |k: usize| c[k] * c[k] + c[k + 8] * c[k + 8];
        assert!((power(1) - 1600.0).abs() < 1.0);
        assert!(power(0) < 1.0 && power(2) < 1.0 && power(3) == 0.0);
        // A sine lags its cosine by a quarter turn.
        assert!(c[1].abs() < 0.1 && (c[9] + 40.0).abs() < 0.1);
    }
}
