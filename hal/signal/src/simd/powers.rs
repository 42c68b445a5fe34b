//! Correlation in whole numbers of 16 bits.

/// The squares of eight correlations with whole numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Powers {
    /// Of each.
    pub(crate) each: [f32; 8],
    /// The largest of the first four and of the last four.
    pub(crate) most: [f32; 2],
    /// The sum of the first four and of the last four.
    pub(crate) sums: [f32; 2],
}

/// Correlates numbers of 16 bits with eight pairs of a cosine and a sine. A row of the table has two cosines and two
/// sines of each; a row of `parts` has the two numbers that belong to the cosines, and the two that belong to the
/// sines. The sums over all rows must fit into 32 bits.
///
/// This is what vector units multiply and add fastest, and what no compiler makes of loops.
#[inline(always)]
pub(crate) fn powers<const ROWS: usize>(table: &[[i16; 32]; ROWS], parts: &[[i16; 4]; ROWS]) -> Powers {
    #[cfg(target_arch = "x86_64")]
    return x86::powers(table, parts);
    #[cfg(not(target_arch = "x86_64"))]
    return portable_powers(table, parts);
}

fn portable_powers<const ROWS: usize>(table: &[[i16; 32]; ROWS], parts: &[[i16; 4]; ROWS]) -> Powers {
    let mut sums = [[0i32; 2]; 8];
    for (row, [v, w, x, y]) in table.iter().zip(parts) {
        let (row, _) = row.as_chunks::<4>();
        for ([re, im], [a, b, c, d]) in sums.iter_mut().zip(row) {
            let product = |a: &i16, b: &i16| i32::from(*a) * i32::from(*b);
            *re += product(a, v) + product(b, w);
            *im += product(c, x) + product(d, y);
        }
    }
    let each = sums.map(|sum| {
        let [re, im] = sum.map(|x| x as f32);
        re * re + im * im
    });
    let [a, b, c, d, e, f, g, h] = each;
    let max = |a: f32, b: f32| if a > b { a } else { b };
    Powers {
        each,
        most: [max(max(a, b), max(c, d)), max(max(e, f), max(g, h))],
        sums: [(a + b) + (c + d), (e + f) + (g + h)],
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Powers;
    use core::arch::x86_64::{
        __m256, __m256i, _mm_add_ps, _mm_cvtss_f32, _mm_max_ps, _mm_movehl_ps, _mm256_add_epi32, _mm256_add_ps,
        _mm256_castps256_ps128, _mm256_cvtepi32_ps, _mm256_extractf128_ps, _mm256_hadd_ps, _mm256_loadu_si256,
        _mm256_madd_epi16, _mm256_max_ps, _mm256_mul_ps, _mm256_permute_ps, _mm256_set1_epi64x, _mm256_setzero_si256,
    };

    cpufeatures::new!(has_avx2, "avx2");

    #[inline(always)]
    pub(super) fn powers<const ROWS: usize>(table: &[[i16; 32]; ROWS], parts: &[[i16; 4]; ROWS]) -> Powers {
        if has_avx2::get() {
            // SAFETY: the machine has just said that it has what the function is compiled for.
            unsafe { powers_avx2(table, parts) }
        } else {
            super::portable_powers(table, parts)
        }
    }

    /// To be inlined into what is compiled for AVX2: a function of its own would hand all through memory.
    ///
    /// # Safety
    ///
    /// The machine must have AVX2.
    #[inline(always)]
    unsafe fn powers_avx2<const ROWS: usize>(table: &[[i16; 32]; ROWS], parts: &[[i16; 4]; ROWS]) -> Powers {
        // SAFETY: all that is called needs AVX2 at most; what is read is as long as it has to be.
        unsafe {
            #[inline(always)]
            unsafe fn products(row: &[i16; 32], part: [i16; 4]) -> [__m256i; 2] {
                // SAFETY: four numbers of 16 bits are as good as one of 64; 64 bytes are there to be read, and need not be
                // aligned.
                unsafe {
                    let part = _mm256_set1_epi64x(core::mem::transmute::<[i16; 4], i64>(part));
                    let row = row.as_ptr().cast::<__m256i>();
                    [
                        _mm256_madd_epi16(_mm256_loadu_si256(row), part),
                        _mm256_madd_epi16(_mm256_loadu_si256(row.add(1)), part),
                    ]
                }
            }
            let mut sums = [_mm256_setzero_si256(); 2];
            let (rows, rest) = table.as_chunks::<4>();
            let (fours, last) = parts.as_chunks::<4>();
            // Four rows at a time, so that the additions need not wait for each other.
            for (row, part) in rows.iter().zip(fours) {
                let ([a, b, c, d], [v, w, x, y]) = (row, part);
                let (a, b, c, d) = (products(a, *v), products(b, *w), products(c, *x), products(d, *y));
                for ((((s, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                    *s = _mm256_add_epi32(*s, _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d)));
                }
            }
            for (row, part) in rest.iter().zip(last) {
                let product = products(row, *part);
                sums = [_mm256_add_epi32(sums[0], product[0]), _mm256_add_epi32(sums[1], product[1])];
            }
            let [x, y] = sums;
            let (x, y) = (_mm256_cvtepi32_ps(x), _mm256_cvtepi32_ps(y));
            // 0 1 4 5 2 3 6 7: two of each group in each half.
            let powers = _mm256_hadd_ps(_mm256_mul_ps(x, x), _mm256_mul_ps(y, y));
            let swapped = _mm256_permute_ps::<0b10_11_00_01>(powers);
            let most = _mm256_max_ps(powers, swapped);
            let most = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps::<1>(most));
            let sums = _mm256_add_ps(powers, swapped);
            let sums = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
            let [a, b, e, f, c, d, g, h] = core::mem::transmute::<__m256, [f32; 8]>(powers);
            Powers {
                each: [a, b, c, d, e, f, g, h],
                most: [_mm_cvtss_f32(most), _mm_cvtss_f32(_mm_movehl_ps(most, most))],
                sums: [_mm_cvtss_f32(sums), _mm_cvtss_f32(_mm_movehl_ps(sums, sums))],
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_gives_the_same_powers() {
        let number = |i: usize| (i * 40_503 % 65_536) as u16 as i16;
        let table: [[i16; 32]; 5] = core::array::from_fn(|r| core::array::from_fn(|i| number(r * 32 + i) / 8));
        let mut parts: [[i16; 4]; 5] = core::array::from_fn(|r| core::array::from_fn(|i| number(7 * r + i + 99)));
        parts[0] = [i16::MIN, i16::MAX, i16::MIN, i16::MIN];
        let powers = powers(&table, &parts);
        assert_eq!(powers, portable_powers(&table, &parts));
        let sum = |i: usize, of: usize| -> f64 {
            (0..5).map(|r| (0..2).map(|j| f64::from(table[r][i + j]) * f64::from(parts[r][of + j])).sum::<f64>()).sum()
        };
        for (k, p) in powers.each.into_iter().enumerate() {
            let (re, im) = (sum(4 * k, 0), sum(4 * k + 2, 2));
            assert!((f64::from(p) / (re * re + im * im) - 1.0).abs() < 1e-6);
        }
        assert_eq!(powers.most[1], powers.each[4..].iter().copied().fold(0.0, f32::max));
        assert!((powers.sums[0] / powers.each[..4].iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
