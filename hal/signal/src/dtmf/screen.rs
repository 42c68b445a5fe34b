//! The screen: looks at every hop of the line and passes on the few that may hold a digit.
//!
//! A hop passes when in each group of tones one stands out, when both are most of what the hop holds in the band of
//! the digits, and when the rest of it could be a noise. Dial tone and hum do not count: they are outside the band, or
//! taken away by a notch.
//!
//! Both halves of a hop are folded onto each other about its middle. The sums correlate with cosines only, the
//! differences with sines only, which halves the work.

use super::TONES;
use crate::bank::cosine;
use crate::simd::{self, Powers};

/// Samples of a hop: 12 ms. A digit of 40 ms fills at least two whole hops.
pub(super) const HOP: usize = 96;
const HALF: usize = HOP / 2;

/// What goes through memory, in whole lines of the cache: read back in other parts than it was written in, it comes
/// much later when it lies across two lines.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Aligned<T>(pub(super) T);

/// A folded hop, from the middle outwards, by twos: half the sums of the samples that lie alike, and half their
/// differences.
type FoldedHop = Aligned<[[i16; 4]; ROWS]>;
const ROWS: usize = HALF / 2;

/// What a cosine of 1 is in the tables: as much as the sums of a hop have room for.
const ONE: f64 = 2000.0;

/// Correlators of eight frequencies over a folded hop: of each, two cosines and two sines in a row.
///
/// In whole numbers of 16 bits, of which a vector unit multiplies and adds twice as many at once as of 32.
#[repr(align(64))]
struct Folded([[i16; 32]; ROWS]);

/// What makes the square of a correlation the mean square of a tone: of a sum of products with halves.
const SCALE: f32 = {
    let to_rms = 2.0 * core::f64::consts::SQRT_2 / (HOP as f64 * ONE);
    (to_rms * to_rms) as f32
};

impl Folded {
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
    const fn new(hz: &[f32; 8]) -> Self {
        let mut table = [[0; 32]; ROWS];
        let mut k = 0;
        while k < 8 {
            let (mut cosines, mut sines) = (0, 0);
            let mut n = 0;
            while n < HALF {
                let turns = hz[k] as f64 * (n as f64 + 0.5) / crate::SAMPLE_RATE as f64;
                let (cos, sin) = (nearest(ONE * cosine(turns)), nearest(ONE * cosine(turns - 0.25)));
                table[n / 2][4 * k + n % 2] = cos;
                table[n / 2][4 * k + 2 + n % 2] = sin;
                cosines += cos.unsigned_abs() as u32;
                sines += sin.unsigned_abs() as u32;
                n += 1;
            }
            // The sums of the loudest hop fit.
            assert!(cosines <= 0xffff && sines <= 0xffff);
            k += 1;
        }
        Self(table)
    }

    /// Mean squares of the eight tones, as multiples of [`SCALE`].
    #[inline(always)]
    fn powers(&self, hop: &FoldedHop) -> Powers {
        simd::powers(&self.0, &hop.0)
    }
}

/// The nearest whole number.
const fn nearest(x: f64) -> i16 {
    (x + if x < 0.0 { -0.5 } else { 0.5 }) as i16
}

/// Frequencies of the band between and beside the tones.
const GAPS: [f32; 8] = [610.0, 1030.0, 1115.0, 1272.0, 1406.0, 1555.0, 1720.0, 1810.0];
/// Those above the low group.
const HIGH_GAPS: [f32; 8] = [1030.0, 1115.0, 1272.0, 1406.0, 1555.0, 1720.0, 1810.0, 1900.0];
/// The strongest tone of each group must have this share of its group at least.
const SHARE: f32 = 0.50;
/// Below this share a noise must explain the others of the group,
const CLEAR_SHARE: f32 = 0.62;
/// with a second difference of so many times their mean square: about 96 of a white noise.
const LOUD: f32 = 24.0;
/// Most that one group may be above the other (14 dB): a hop may hold a part of a digit, and noise.
const TWIST: f32 = 25.0;
/// Least share that both tones must have of what the hop holds at all tones and gaps.
const PURITY: f32 = 0.55;
/// For rounding, where the same is tested before all is summed up.
const LENIENT: f32 = 0.999;
/// What the gaps above the low group may hold, as a share of both tones, without a noise that would explain it.
const REST: f32 = 0.08;
/// Least mean square of the second difference of such a noise, as a multiple of what the gaps hold: about 45 of a
/// white noise.
const HISS: f32 = 16.0;

static DIGITS: Folded = Folded::new(&TONES);
static BETWEEN: Folded = Folded::new(&GAPS);
/// For a hop behind the notch.
static ABOVE: Folded = Folded::new(&HIGH_GAPS);

/// Twice the cosine of the frequency that the notch takes away: 430 Hz, amid the dial tones.
pub(super) const NOTCH: f64 = 2.0 * cosine(430.0 / crate::SAMPLE_RATE as f64);

/// What makes up for the gain of the notch at [`HIGH_GAPS`], as a factor of power.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
static UNNOTCHED: [f32; 8] = {
    let mut out = [0.0; 8];
    let mut k = 0;
    while k < 8 {
        let gain = notch_gain(HIGH_GAPS[k]);
        out[k] = (1.0 / (gain * gain)) as f32;
        k += 1;
    }
    out
};

/// Gain of the notch, as a factor of amplitude.
const fn notch_gain(hz: f32) -> f64 {
    (NOTCH - 2.0 * cosine(hz as f64 / crate::SAMPLE_RATE as f64)) / 4.0
}

#[inline(always)]
fn fold(hop: &[i16; HOP]) -> FoldedHop {
    let mut sums = [0i16; HALF];
    let mut differences = [0i16; HALF];
    // In registers, or the compiler takes what is read and what is written for the same.
    let hop = *hop;
    let (older, newer) = hop.split_at(HALF);
    for (((s, d), a), b) in sums.iter_mut().zip(&mut differences).zip(older.iter().rev()).zip(newer) {
        // One less than the negative fits too, and is as good.
        let mean = |a: i16, b: i16| ((i32::from(a) + i32::from(b)) >> 1) as i16;
        (*s, *d) = (mean(*b, *a), mean(*b, !*a));
    }
    let mut out = [[0i16; 4]; ROWS];
    let (sums, _) = sums.as_chunks::<2>();
    let (differences, _) = differences.as_chunks::<2>();
    for ((o, [a, b]), [c, d]) in out.iter_mut().zip(sums).zip(differences) {
        *o = [*a, *b, *c, *d];
    }
    // In memory, from where four are spread over all lanes at no cost.
    core::hint::black_box(Aligned(out))
}

/// What a hop must have to be passed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floor {
    /// Least mean square of a tone.
    pub(super) power: f32,
    /// Least peak, of one such tone.
    pub(super) peak: u16,
}

/// Row and column of the digit that a hop may hold. To be called from inside a kernel.
///
/// The tests come in the order of what they cost: of speech, one hop in six comes past the first look.
#[inline(always)]
pub(super) fn screen(samples: &[i16; HOP], floor: Floor) -> Option<(usize, usize)> {
    // Silence costs next to nothing.
    if !samples.iter().fold(false, |loud, x| loud | (x.unsigned_abs() >= floor.peak)) {
        return None;
    }
    let folded = fold(samples);
    let look = Look::new(&folded);
    if look.passes(floor) { look.again(samples, &folded) } else { None }
}

/// What a hop holds of the eight tones. Mean squares, as multiples of [`SCALE`].
struct Look {
    powers: [f32; 8],
    /// The strongest of each group, and the sum of each group.
    low: f32,
    high: f32,
    lows: f32,
    highs: f32,
}

impl Look {
    #[inline(always)]
    fn new(hop: &FoldedHop) -> Self {
        let Powers { each: powers, most: [low, high], sums: [lows, highs] } = DIGITS.powers(hop);
        Self { powers, low, high, lows, highs }
    }

    #[inline(always)]
    fn passes(&self, floor: Floor) -> bool {
        let Self { low, high, lows, highs, .. } = *self;
        // One number and one branch: seven branches would be guessed wrongly on speech more often than one.
        let strong = min(min(low, high) - floor.power * (1.0 / SCALE), min(low - SHARE * lows, high - SHARE * highs));
        let level = min(TWIST * high - low, TWIST * low - high);
        // The gaps, which are yet to be looked at, only make it worse.
        let pure = (low + high) - PURITY * LENIENT * (lows + highs);
        min(min(strong, level), pure) >= 0.0
    }

    /// The dearer tests, of those few hops that the first ones pass.
    #[inline(always)]
    fn again(&self, hop: &[i16; HOP], folded: &FoldedHop) -> Option<(usize, usize)> {
        let Self { powers, low, high, lows, highs } = *self;
        let others = |tone: f32, all: f32| if tone >= CLEAR_SHARE * all { 0.0 } else { all - tone };
        let hiss = hiss(hop) * (1.0 / SCALE);
        let between = BETWEEN.powers(folded);
        let all = (lows + highs) + (between.sums[0] + between.sums[1]);
        // One branch again.
        let noisy = hiss - LOUD * max(others(low, lows), others(high, highs));
        if min(noisy, (low + high) - PURITY * all) < 0.0 {
            return None;
        }
        let row = powers.iter().position(|p| *p == low).filter(|r| *r < 4)?;
        let column = powers.iter().skip(4).position(|p| *p == high)?;
        // What else there is above the low group: nothing, or a noise that goes on above the digits' band.
        let above = ABOVE.powers(&fold(&notch(hop)));
        // Without the neighbours, which hear the tones themselves.
        let rest: f32 = above
            .each
            .iter()
            .zip(&UNNOTCHED)
            .enumerate()
            .map(
                |(i, (p, gain))| {
                    if i == column + 1 || i == column + 2 || (i == 0 && row == 3) { 0.0 } else { p * gain }
                },
            )
            .sum();
        (rest <= REST * (low + high) || hiss >= HISS * rest).then_some((row, column))
    }
}

#[inline(always)]
fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[inline(always)]
fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// In pairs: nothing waits for seven others.
#[inline(always)]
fn sum8([a, b, c, d, e, f, g, h]: [f32; 8]) -> f32 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// Mean square of the second difference.
#[inline(always)]
fn hiss(hop: &[i16; HOP]) -> f32 {
    let mut sums = [0.0f32; 16];
    // The last two samples have none.
    for from in [0, 16, 32, 48, 64, 78] {
        let part = |offset: usize| hop.get(from + offset..).and_then(<[i16]>::first_chunk::<16>);
        if let (Some(a), Some(b), Some(c)) = (part(0), part(1), part(2)) {
            for (((s, a), b), c) in sums.iter_mut().zip(a).zip(b).zip(c) {
                let d = (i32::from(*a) + i32::from(*c) - 2 * i32::from(*b)) as f32;
                *s += d * d;
            }
        }
    }
    let Aligned(s) = core::hint::black_box(Aligned(sums));
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = s;
    (sum8([a, b, c, d, e, f, g, h]) + sum8([i, j, k, l, m, n, o, p])) * (1.0 / HOP as f32)
}

/// The hop without dial tone, a quarter as strong, so that it fits whatever comes.
#[inline(always)]
fn notch(hop: &[i16; HOP]) -> [i16; HOP] {
    let mut out = [0i16; HOP];
    let (a, b, c) = (hop.iter(), hop.iter().skip(1), hop.iter().skip(2));
    for (o, ((a, b), c)) in out.iter_mut().skip(1).zip(a.zip(b).zip(c)) {
        *o = (0.25 * (NOTCH as f32 * f32::from(*b) - (f32::from(*a) + f32::from(*c)))) as i16;
    }
    core::hint::black_box(Aligned(out)).0
}
