//! Runs a piece of arithmetic on the widest vector unit of the machine it runs on.
//!
//! The build is for any x86-64; what the machine has beyond that is asked once, when the program runs. A
//! [`Kernel`] is compiled once for each vector unit: its `run`, and everything it calls, must be
//! `#[inline(always)]`, or it stays what the generic build makes of it. All versions do the same operations in the
//! same order (products and sums are never fused), so that a line is decoded alike on every machine.
#![allow(unsafe_code)]

mod powers;

pub(crate) use powers::{Powers, powers};

/// Arithmetic to run. `run` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    /// What it answers.
    type Output;
    /// The arithmetic.
    fn run(self) -> Self::Output;
}

/// Outputs of [`fold_by_four`].
pub(crate) const FOLDED: usize = 40;

/// A filter of 32 taps that takes four samples to one: `to[m]` is the sum of `x[4 m + k]` times tap `k`. Of the taps, a row has
/// four, repeated. The sums must fit 32 bits.
///
/// Neighbouring outputs do the same, four samples further on: a vector of pairs of products holds several of them, and nothing
/// needs to be sorted before the end. Compilers do not find that.
#[inline]
pub(crate) fn fold_by_four(x: &[i16; 4 * (FOLDED + 7)], taps: &[[i16; 32]; 8], to: &mut [f32; FOLDED]) {
    #[cfg(target_arch = "x86_64")]
    x86::fold_by_four(x, taps, to);
    #[cfg(not(target_arch = "x86_64"))]
    fold_by_four_anywhere(x, taps, to);
}

/// Asks for `value` to be brought close to the processor: it is needed soon. Worth it for the state of a line, which other lines
/// have displaced since it was last needed; costs an instruction for 64 bytes.
#[inline(always)]
pub(crate) fn fetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    x86::fetch(value);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// The sum of sixteen lanes: halves to halves, quarters to quarters. Compilers take the lanes one by one.
#[inline(always)]
pub(crate) fn sum(x: &[f32; 16]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    return x86::sum(x);
    #[cfg(not(target_arch = "x86_64"))]
    sum_anywhere(x)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn sum_anywhere(x: &[f32; 16]) -> f32 {
    let mut x = *x;
    for width in [8, 4, 2, 1] {
        let (low, high) = x.split_at_mut(width);
        low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
    }
    x[0]
}

/// The sum of eight lanes: halves to halves, quarters to quarters.
#[inline(always)]
pub(crate) fn sum_of_eight(x: &[f32; 8]) -> f32 {
    let [a, b, c, d, e, f, g, h] = *x;
    sum(&[a, b, c, d, e, f, g, h, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
}

/// The sum of sixteen lanes: quarter after quarter, and then halves to halves.
#[inline(always)]
pub(crate) fn sum_of_quarters(x: &[f32; 16]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    return x86::sum_of_quarters(x);
    #[cfg(not(target_arch = "x86_64"))]
    sums_anywhere(&[*x; 4])[0]
}

/// The sums of four times sixteen lanes: quarter after quarter, and then halves to halves.
#[inline(always)]
pub(crate) fn sums(x: &[[f32; 16]; 4]) -> [f32; 4] {
    #[cfg(target_arch = "x86_64")]
    return x86::sums(x);
    #[cfg(not(target_arch = "x86_64"))]
    sums_anywhere(x)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn sums_anywhere(x: &[[f32; 16]; 4]) -> [f32; 4] {
    x.map(|x| {
        let mut four = [0.0f32; 4];
        for quarter in x.as_chunks::<4>().0 {
            four.iter_mut().zip(quarter).for_each(|(s, x)| *s += x);
        }
        let [a, b, c, d] = four;
        (a + c) + (b + d)
    })
}

fn fold_by_four_anywhere(x: &[i16; 4 * (FOLDED + 7)], taps: &[[i16; 32]; 8], to: &mut [f32; FOLDED]) {
    let taps: [i16; 32] = core::array::from_fn(|k| taps.get(k / 4).map_or(0, |row| row[k % 4]));
    for (to, x) in to.iter_mut().zip(x.windows(32).step_by(4)) {
        *to = x.iter().zip(taps).map(|(x, tap)| i32::from(*x) * i32::from(tap)).sum::<i32>() as f32;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{FOLDED, Kernel};
    use core::arch::x86_64::*;

    cpufeatures::new!(has_avx512, "avx512f", "avx512bw", "avx512dq", "avx512vl");
    cpufeatures::new!(has_avx2, "avx2");

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn with_avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }

    #[target_feature(enable = "avx2")]
    fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }

    #[inline(always)]
    pub(super) fn fetch<T>(value: &T) {
        let from = core::ptr::from_ref(value).cast::<i8>();
        for offset in (0..size_of::<T>()).step_by(64) {
            // SAFETY: it reads nothing, the address is within `value`, and the instruction is of the baseline.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(from.add(offset)) };
        }
    }

    // What every x86-64 has.
    #[inline(always)]
    pub(super) fn sum(x: &[f32; 16]) -> f32 {
        // SAFETY: loads of four floats from each quarter of sixteen; the instructions are of the baseline.
        unsafe {
            let quarter = |i: usize| _mm_loadu_ps(x.as_ptr().add(4 * i));
            let four = _mm_add_ps(_mm_add_ps(quarter(0), quarter(2)), _mm_add_ps(quarter(1), quarter(3)));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }

    #[inline(always)]
    pub(super) fn sum_of_quarters(x: &[f32; 16]) -> f32 {
        // SAFETY: loads of four floats from each quarter of sixteen; the instructions are of the baseline.
        unsafe {
            let quarter = |i: usize| _mm_loadu_ps(x.as_ptr().add(4 * i));
            let four = _mm_add_ps(_mm_add_ps(_mm_add_ps(quarter(0), quarter(1)), quarter(2)), quarter(3));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }

    #[inline(always)]
    pub(super) fn sums(x: &[[f32; 16]; 4]) -> [f32; 4] {
        // SAFETY: loads of four floats from each quarter of sixteen, a store of four; the instructions are of the baseline.
        unsafe {
            let four = |x: &[f32; 16]| {
                let quarter = |i: usize| _mm_loadu_ps(x.as_ptr().add(4 * i));
                _mm_add_ps(_mm_add_ps(_mm_add_ps(quarter(0), quarter(1)), quarter(2)), quarter(3))
            };
            let [a, b, c, d] = x;
            let (mut a, mut b, mut c, mut d) = (four(a), four(b), four(c), four(d));
            _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
            let mut to = [0.0; 4];
            _mm_storeu_ps(to.as_mut_ptr(), _mm_add_ps(_mm_add_ps(a, c), _mm_add_ps(b, d)));
            to
        }
    }

    #[inline]
    pub(super) fn fold_by_four(x: &[i16; 4 * (FOLDED + 7)], taps: &[[i16; 32]; 8], to: &mut [f32; FOLDED]) {
        if has_avx2::get() {
            // SAFETY: the machine has just said that it has what the function is compiled for.
            unsafe { fold_with_avx2(x, taps, to) }
        } else {
            super::fold_by_four_anywhere(x, taps, to);
        }
    }

    #[target_feature(enable = "avx2")]
    fn fold_with_avx2(x: &[i16; 4 * (FOLDED + 7)], taps: &[[i16; 32]; 8], to: &mut [f32; FOLDED]) {
        // SAFETY: loads of 32 bytes, each from one row of 64.
        let taps = taps.each_ref().map(|row| unsafe { _mm256_loadu_si256(row.as_ptr().cast()) });
        let first = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
        for v in 0..FOLDED / 4 {
            let mut sums = _mm256_setzero_si256();
            for (q, taps) in taps.iter().enumerate() {
                // SAFETY: the last one begins at 4 * (36 + 7) and has 16 samples of the 4 * 47.
                let x = unsafe { _mm256_loadu_si256(x.as_ptr().add(4 * (4 * v + q)).cast()) };
                sums = _mm256_add_epi32(sums, _mm256_madd_epi16(x, *taps));
            }
            let both = _mm256_add_epi32(sums, _mm256_srli_epi64::<32>(sums));
            let both = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(both, first));
            // SAFETY: four of the forty, from a multiple of four on.
            unsafe { _mm_storeu_ps(to.as_mut_ptr().add(4 * v), _mm_cvtepi32_ps(both)) };
        }
    }

    #[inline]
    pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
        if has_avx512::get() {
            // SAFETY: the machine has just said that it has what the function is compiled for.
            unsafe { with_avx512(kernel) }
        } else if has_avx2::get() {
            // SAFETY: as above.
            unsafe { with_avx2(kernel) }
        } else {
            kernel.run()
        }
    }
}

/// Runs `kernel` on the widest vector unit there is. Costs a few nanoseconds: call it for a block, not for a sample.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    return x86::run(kernel);
    #[cfg(not(target_arch = "x86_64"))]
    return kernel.run();
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [f32; 64]);

    impl Kernel for Sum<'_> {
        type Output = f32;
        #[inline(always)]
        fn run(self) -> f32 {
            let mut sums = [0.0f32; 16];
            for part in self.0.chunks_exact(16) {
                sums.iter_mut().zip(part).for_each(|(s, x)| *s += x * x);
            }
            sums.iter().sum()
        }
    }

    #[test]
    fn every_unit_gives_the_same_bits() {
        let x: [f32; 64] = core::array::from_fn(|i| libm::sinf(i as f32 * 1.7) * 1234.5);
        assert_eq!(run(Sum(&x)).to_bits(), Sum(&x).run().to_bits());
    }

    #[test]
    fn sums_are_alike() {
        for k in 0..100 {
            let x: [f32; 16] = core::array::from_fn(|i| libm::sinf((i + 16 * k) as f32 * 1.7) * 1234.5);
            assert_eq!(sum(&x).to_bits(), sum_anywhere(&x).to_bits());
            assert_eq!(sum_of_quarters(&x).to_bits(), sums_anywhere(&[x; 4])[0].to_bits());
            let y = core::array::from_fn(|j| x.map(|x| x * (j as f32 - 1.3)));
            assert_eq!(sums(&y).map(f32::to_bits), sums_anywhere(&y).map(f32::to_bits));
        }
    }

    #[test]
    fn every_unit_folds_alike() {
        let mut seed = 1u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as i16
        };
        let x = core::array::from_fn(|_| next());
        // What keeps the sums within 32 bits.
        let taps: [[i16; 4]; 8] = core::array::from_fn(|_| core::array::from_fn(|_| next() / 32));
        let rows = taps.map(|row| core::array::from_fn(|i| row[i % 4]));
        let (mut a, mut b) = ([0.0; FOLDED], [0.0; FOLDED]);
        fold_by_four(&x, &rows, &mut a);
        fold_by_four_anywhere(&x, &rows, &mut b);
        assert_eq!(a, b);
        assert!(b.iter().all(|y| y.abs() > 0.0));
    }
}
