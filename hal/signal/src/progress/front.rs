//! The arithmetic on all samples: 80 of them become five of the band where the tones are, and three numbers for what
//! lies above it.
//!
//! * **Low band.** Nearly all call-progress tones lie between 340 and 620 Hz. A low pass brings the line to 2 kHz, a complex
//!   band pass of 340 to 660 Hz to 500 complex samples a second. It turns mains hum (to 150 Hz) down
//!   by 45 dB and all above 860 Hz by as much, so that what follows need not care for either. A sine of frequency
//!   `f` turns by `f / 500` of a circle from one of these samples to the next, which is unique in the band.
//! * **High band.** A second difference (no hum, and all frequencies around 2 kHz raised) and its correlation with
//!   itself one and two samples later: enough to see that the line carries nothing but a sine, and roughly which.
//!
//! All of it is the same for all lines and countries, so the tables are static.

use super::HOP;
use crate::bank::cosine;
use crate::filter::Complex;
use crate::simd::{self, FOLDED, Kernel};

/// Samples of the low band in a hop.
pub(super) const LOW: usize = 5;
/// Time between two samples of the low band, in ms.
pub(super) const LOW_MS: u32 = 2;
/// Most hops that are taken at once.
pub(super) const MOST: usize = 2;
/// Samples at 2 kHz in a hop.
const M: usize = HOP / 4;
/// Taps of both filters: the low pass at 8 kHz, the band pass at 2 kHz.
const TAPS: usize = 32;
/// The low pass lets through half of the amplitude here. Its Kaiser window of 4.5 puts all above 1.37 kHz 50 dB down.
const LOW_PASS_HZ: f64 = 1000.0;
const LOW_PASS_KAISER: f64 = 4.5;
/// The band pass lets through this, plus and minus [`HALF_WIDTH_HZ`] (half of the amplitude); its window gives 45 dB.
///
/// The middle is a quarter of the sampling rate, so that every other tap is real and the others are imaginary.
const MIDDLE_HZ: f64 = 500.0;
const HALF_WIDTH_HZ: f64 = 230.0;
const BAND_PASS_KAISER: f64 = 3.6;

/// Both filters take four samples to one. What they look at is cut into groups of four, and so are their taps: each output
/// is the sum of eight groups times eight groups of taps. Neighbouring outputs do the same one group further on, so that a
/// vector holds several of them, each with a sum for every place in its group, and nothing needs to be sorted before the end.
const GROUP: usize = 4;
const GROUPS: usize = TAPS / GROUP;
/// Samples that the filters look back on, of the line and at 2 kHz.
const PAST: usize = TAPS - GROUP;
/// Groups of the low pass's taps in a row, and of the band pass's.
const WIDE: usize = 8;
const NARROW: usize = 4;
/// Vectors of outputs of the low band, for [`MOST`] hops.
const LOW_VECTORS: usize = (MOST * LOW).div_ceil(NARROW);
const _: () = assert!(FOLDED == MOST * M);

/// A low pass of [`TAPS`] taps, a Kaiser-windowed sinc that is 1 at 0 Hz. `cut` is a share of the sampling rate.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn low_pass(cut: f64, kaiser: f64) -> [f64; TAPS] {
    let middle = (TAPS as f64 - 1.0) / 2.0;
    let mut taps = [0.0f64; TAPS];
    let mut sum = 0.0;
    let mut n = 0;
    while n < TAPS {
        let x = n as f64 - middle;
        // sin(w x) / (pi x); the middle lies between two taps.
        let sinc = cosine(cut * x - 0.25) / (core::f64::consts::PI * x);
        let r = x / middle;
        taps[n] = sinc * bessel(kaiser * kaiser * (1.0 - r * r) / 4.0);
        sum += taps[n];
        n += 1;
    }
    n = 0;
    while n < TAPS {
        taps[n] /= sum;
        n += 1;
    }
    taps
}

/// The low pass in units of 2^-15: sums of its products with samples fit 32 bits, and rounding leaves 80 dB. A row has one
/// group of taps, repeated.
static LOW_PASS: [[i16; WIDE * GROUP]; GROUPS] = {
    let taps = low_pass(LOW_PASS_HZ / 8000.0, LOW_PASS_KAISER);
    let mut rows = [[0; WIDE * GROUP]; GROUPS];
    let mut n = 0;
    while n < TAPS {
        let x = taps[n] * 32768.0;
        let mut i = n % GROUP;
        while i < WIDE * GROUP {
            rows[n / GROUP][i] = (if x < 0.0 { x - 0.5 } else { x + 0.5 }) as i16;
            i += GROUP;
        }
        n += 1;
    }
    rows
};

/// The band pass, likewise: imaginary, real, imaginary, real. From units of 2^-15 a sine of mean square 1 comes out with a
/// power of 1.
static BAND_PASS: [[f32; NARROW * GROUP]; GROUPS] = {
    let taps = low_pass(HALF_WIDTH_HZ / 2000.0, BAND_PASS_KAISER);
    let mut rows = [[0.0; NARROW * GROUP]; GROUPS];
    let mut n = 0;
    while n < TAPS {
        let gain = taps[n] * core::f64::consts::SQRT_2 / 32768.0;
        let turns = MIDDLE_HZ * n as f64 / 2000.0;
        // The newest sample comes last.
        let place = TAPS - 1 - n;
        let mut i = place % GROUP;
        while i < NARROW * GROUP {
            rows[place / GROUP][i] = (gain * if n % 2 == 0 { cosine(turns) } else { cosine(turns - 0.25) }) as f32;
            i += GROUP;
        }
        n += 1;
    }
    rows
};

/// The modified Bessel function of order 0, of twice the root of `q`.
const fn bessel(q: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    let mut k = 1;
    while k < 30 {
        term *= q / (k * k) as f64;
        sum += term;
        k += 1;
    }
    sum
}

/// What a hop gives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    /// The low band.
    pub(super) low: [Complex; LOW],
    /// Power of the second difference, and its correlation with itself one and two samples later, as sums over the hop.
    pub(super) high: [f32; 3],
}

/// Samples of the second difference before a hop: two that are used, and what makes a vector's width of them.
const AHEAD: usize = 16;

/// The filters' memory.
#[derive(Clone, Debug)]
pub(super) struct Front {
    line: [i16; PAST],
    /// The same at 2 kHz.
    slow: [f32; PAST],
}

impl Front {
    pub(super) const fn new() -> Self {
        Self { line: [0; PAST], slow: [0.0; PAST] }
    }

    /// Takes the next hops, [`MOST`] of them at most.
    pub(super) fn step(&mut self, hops: &[[i16; HOP]]) -> [Measured; MOST] {
        let mut measured = [Measured::default(); MOST];
        match hops {
            [a, b] => simd::run(Step { front: self, hops: [a, b], measured: &mut measured }),
            _ => hops.iter().for_each(|hop| simd::run(Step { front: self, hops: [hop], measured: &mut measured })),
        }
        measured
    }

    /// The newest samples.
    pub(super) const fn newest(&self) -> [i16; BEFORE] {
        let [.., a, b, c, d] = self.line;
        [a, b, c, d]
    }
}

/// Samples before a hop that its second difference needs.
pub(super) const BEFORE: usize = 4;

/// The second difference of a hop.
pub(super) fn difference(before: [i16; BEFORE], hop: &[i16; HOP]) -> [f32; HOP] {
    let mut x = [0; BEFORE + HOP];
    let (first, rest) = x.split_at_mut(BEFORE);
    first.copy_from_slice(&before);
    rest.copy_from_slice(hop);
    let mut y = [0.0; HOP];
    for (((y, last), middle), now) in y.iter_mut().zip(&x).zip(x.iter().skip(2)).zip(x.iter().skip(4)) {
        *y = (i32::from(*now) + i32::from(*last) - 2 * i32::from(*middle)) as f32;
    }
    y
}

struct Step<'a, const N: usize> {
    front: &'a mut Front,
    hops: [&'a [i16; HOP]; N],
    measured: &'a mut [Measured; MOST],
}

/// The products of two hops, summed in lanes.
#[inline(always)]
fn products(x: &[f32; HOP], y: &[f32; HOP]) -> [f32; 16] {
    let mut sums = [0.0f32; 16];
    for (x, y) in x.as_chunks::<16>().0.iter().zip(y.as_chunks::<16>().0) {
        for ((s, x), y) in sums.iter_mut().zip(x).zip(y) {
            *s += x * y;
        }
    }
    sums
}

impl<const N: usize> Kernel for Step<'_, N> {
    type Output = ();

    // Plain loops over contiguous arrays of fixed length, which the compiler turns into vectors.
    #[inline(always)]
    #[allow(clippy::indexing_slicing, clippy::needless_range_loop, reason = "all bounds are constants")]
    fn run(self) {
        let Self { front, hops, measured } = self;
        // What is beyond the newest sample is of no account.
        let mut line = [0; PAST + MOST * HOP];
        line[..PAST].copy_from_slice(&front.line);
        for (to, hop) in line[PAST..].as_chunks_mut::<HOP>().0.iter_mut().zip(&hops) {
            *to = **hop;
        }
        front.line.copy_from_slice(&hops[N - 1][HOP - PAST..]);

        // The second difference.
        let mut difference = [0.0; AHEAD + MOST * HOP];
        let x = |ago: usize| &line[PAST - AHEAD - ago..][..AHEAD + N * HOP];
        for (((d, now), middle), last) in difference.iter_mut().zip(x(0)).zip(x(2)).zip(x(4)) {
            *d = (i32::from(*now) + i32::from(*last) - 2 * i32::from(*middle)) as f32;
        }

        // To 2 kHz.
        let mut slow = [0.0f32; GROUP * (NARROW * LOW_VECTORS + GROUPS - 1)];
        slow[..PAST].copy_from_slice(&front.slow);
        if let Some(to) = slow[PAST..].first_chunk_mut() {
            simd::fold_by_four(&line, &LOW_PASS, to);
        }

        // The correlations of the second difference with itself now, one and two samples ago. Not knowing what becomes of
        // the lanes, the compiler leaves them in order.
        let mut high = [[[0.0f32; 16]; 3]; N];
        for (h, sums) in high.iter_mut().enumerate() {
            let ago = |k: usize| difference[AHEAD + HOP * h - k..].first_chunk::<HOP>().unwrap_or(&[0.0; HOP]);
            *sums = [products(ago(0), ago(0)), products(ago(0), ago(1)), products(ago(0), ago(2))];
        }
        let high = core::hint::black_box(high);

        // The band pass. The compiler need not know what is in the table: it would leave out what is zero and share what is
        // equal, which costs more than it saves.
        let band_pass = core::hint::black_box(&BAND_PASS);
        let mut low = [[0.0f32; NARROW * GROUP]; LOW_VECTORS];
        for v in 0..(N * LOW).div_ceil(NARROW) {
            let mut sums = [0.0f32; NARROW * GROUP];
            for q in 0..GROUPS {
                let (y, taps) = (&slow[GROUP * (NARROW * v + q)..][..NARROW * GROUP], &band_pass[q]);
                for i in 0..NARROW * GROUP {
                    sums[i] += y[i] * taps[i];
                }
            }
            low[v] = core::hint::black_box(sums);
        }
        front.slow.copy_from_slice(&slow[N * M..N * M + PAST]);
        for (h, (measured, high)) in measured.iter_mut().zip(&high).enumerate() {
            measured.high = [simd::sum(&high[0]), simd::sum(&high[1]), simd::sum(&high[2])];
            for k in 0..LOW {
                let at = LOW * h + k;
                let [a, b, c, d] = low[at / NARROW].as_chunks::<GROUP>().0[at % NARROW];
                measured.low[k] = Complex::new(b + d, a + c);
            }
        }
    }
}
