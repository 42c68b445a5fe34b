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
use crate::simd::{self, Kernel};

/// Samples of the low band in a hop.
pub(super) const LOW: usize = 5;
/// Time between two samples of the low band, in ms.
pub(super) const LOW_MS: u32 = 2;
/// Samples at 2 kHz in a hop.
const M: usize = HOP / 4;
/// Taps of both filters: the low pass at 8 kHz, the band pass at 2 kHz.
const TAPS: usize = 32;
/// Samples at 2 kHz that five outputs need.
const SPAN: usize = TAPS + 4 * (LOW - 1);
/// The low pass lets through half of the amplitude here. Its Kaiser window of 4.5 puts all above 1.37 kHz 50 dB down.
const LOW_PASS_HZ: f64 = 1000.0;
const LOW_PASS_KAISER: f64 = 4.5;
/// The band pass lets through this, plus and minus [`HALF_WIDTH_HZ`] (half of the amplitude); its window gives 45 dB.
///
/// The middle is a quarter of the sampling rate, so that every other tap is real and the others are imaginary.
const MIDDLE_HZ: f64 = 500.0;
const HALF_WIDTH_HZ: f64 = 230.0;
const BAND_PASS_KAISER: f64 = 3.6;

/// Lanes of the band pass: five outputs, and three of nothing.
const LANES: usize = 8;
/// Samples of the line that the filters look back on.
const PAST: usize = TAPS - 4;

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

/// The low pass in units of 2^-15: sums of its products with samples fit 32 bits, and rounding leaves 80 dB.
static LOW_PASS: [i16; TAPS] = {
    let taps = low_pass(LOW_PASS_HZ / 8000.0, LOW_PASS_KAISER);
    let mut rounded = [0; TAPS];
    let mut n = 0;
    while n < TAPS {
        let x = taps[n] * 32768.0;
        rounded[n] = (if x < 0.0 { x - 0.5 } else { x + 0.5 }) as i16;
        n += 1;
    }
    rounded
};

/// The band pass for five outputs at once: row by row the weights of one input, real in odd rows and imaginary in even
/// ones. From units of 2^-15 a sine of mean square 1 comes out with a power of 1.
#[repr(align(64))]
struct BandPass([[f32; LANES]; SPAN]);

static BAND_PASS: BandPass = band_pass();

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn band_pass() -> BandPass {
    let taps = low_pass(HALF_WIDTH_HZ / 2000.0, BAND_PASS_KAISER);
    let mut rows = [[0.0f32; LANES]; SPAN];
    let mut out = 0;
    while out < LOW {
        let mut n = 0;
        while n < TAPS {
            let gain = taps[n] * core::f64::consts::SQRT_2 / 32768.0;
            let turns = MIDDLE_HZ * n as f64 / 2000.0;
            let row = SPAN - 1 - 4 * (LOW - 1 - out) - n;
            rows[row][out] = (gain * if row % 2 == 1 { cosine(turns) } else { cosine(turns - 0.25) }) as f32;
            n += 1;
        }
        out += 1;
    }
    BandPass(rows)
}

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

/// The filters' memory: what was taken, ahead of where the next hop goes.
#[derive(Clone, Debug)]
pub(super) struct Front {
    line: [i16; PAST + HOP],
    /// The same at 2 kHz.
    slow: [f32; SPAN],
}

impl Front {
    pub(super) const fn new() -> Self {
        Self { line: [0; PAST + HOP], slow: [0.0; SPAN] }
    }

    /// Takes the next hop.
    pub(super) fn step(&mut self, hop: &[i16; HOP]) -> Measured {
        simd::run(Step(self, hop))
    }

    /// The samples of the newest hop, and four before it.
    pub(super) fn newest(&self) -> &[i16; HOP + 4] {
        self.line.last_chunk().unwrap_or(&[0; HOP + 4])
    }
}

struct Step<'a>(&'a mut Front, &'a [i16; HOP]);

/// The sum of eight values, in a fixed order.
#[inline(always)]
fn sum(x: [f32; 8]) -> f32 {
    let [a, b, c, d, e, f, g, h] = x;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

impl Kernel for Step<'_> {
    type Output = Measured;

    // Plain loops over contiguous arrays of fixed length, which the compiler turns into vectors.
    #[inline(always)]
    #[allow(clippy::indexing_slicing, clippy::needless_range_loop, reason = "all bounds are constants")]
    fn run(self) -> Measured {
        let Self(Front { line, slow }, hop) = self;
        line.copy_within(HOP.., 0);
        line[PAST..].copy_from_slice(hop);
        slow.copy_within(M.., 0);

        // The compiler need not know what is in the tables: it would leave out what is zero and share what is equal,
        // which costs more than it saves.
        let (taps, band_pass) = core::hint::black_box((&LOW_PASS, &BAND_PASS.0));

        // To 2 kHz.
        for (m, y) in slow[SPAN - M..].iter_mut().enumerate() {
            // Not knowing the place, the compiler multiplies neighbours at once, as it should, and does not gather the
            // samples of one tap for many outputs.
            let from = core::hint::black_box(4 * m);
            let Some(part) = line.get(from..).and_then(|x| x.first_chunk::<TAPS>()) else { break };
            let mut sum = 0i32;
            for i in 0..TAPS {
                sum += i32::from(part[i]) * i32::from(taps[i]);
            }
            *y = sum as f32;
        }

        // The band pass: two sums for each lane, so that the additions need not wait for each other.
        let mut sums = [[0.0f32; LANES]; 4];
        for n in 0..SPAN / 4 {
            for k in 0..4 {
                let (row, y) = (&band_pass[4 * n + k], slow[4 * n + k]);
                for i in 0..LANES {
                    sums[k][i] += row[i] * y;
                }
            }
        }
        let (mut re, mut im) = ([0.0f32; LANES], [0.0f32; LANES]);
        for i in 0..LANES {
            im[i] = sums[0][i] + sums[2][i];
            re[i] = sums[1][i] + sums[3][i];
        }
        // Not knowing what becomes of the lanes, the compiler leaves them in order.
        let (re, im) = core::hint::black_box((re, im));
        let mut low = [Complex::default(); LOW];
        for k in 0..LOW {
            low[k] = Complex::new(re[k], im[k]);
        }

        // The second difference now, one and two samples ago, and its correlations.
        let mut sums = [[0.0f32; 16]; 3];
        for n in 0..HOP / 16 {
            for i in 0..16 {
                let x = |ago: usize| i32::from(line[PAST + 16 * n + i - ago]);
                let difference = |ago: usize| (x(ago) + x(ago + 4) - 2 * x(ago + 2)) as f32;
                let now = difference(0);
                sums[0][i] += now * now;
                sums[1][i] += now * difference(1);
                sums[2][i] += now * difference(2);
            }
        }
        let mut high = [0.0f32; 3];
        for k in 0..3 {
            let mut halves = [0.0f32; 8];
            for i in 0..8 {
                halves[i] = sums[k][i] + sums[k][i + 8];
            }
            high[k] = sum(halves);
        }
        Measured { low, high }
    }
}
