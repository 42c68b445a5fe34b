//! Runs a piece of arithmetic on the widest vector unit of the machine it runs on.
//!
//! The build is for any x86-64; what the machine has beyond that is asked once, when the program runs. A
//! [`Kernel`] is compiled once for each vector unit: its `run`, and everything it calls, must be
//! `#[inline(always)]`, or it stays what the generic build makes of it. All versions do the same operations in the
//! same order (products and sums are never fused), so that a line is decoded alike on every machine.
#![allow(unsafe_code)]

/// Arithmetic to run. `run` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    /// What it answers.
    type Output;
    /// The arithmetic.
    fn run(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Kernel;

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
}
