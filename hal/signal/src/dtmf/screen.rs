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

/// Samples of a hop: 12 ms. A digit of 40 ms fills at least two whole hops.
pub(super) const HOP: usize = 96;
const HALF: usize = HOP / 2;

/// What goes through memory, in whole lines of the cache: read back in other parts than it was written in, it comes
/// much later when it lies across two lines.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Aligned<T>(pub(super) T);

/// A folded hop, from the middle outwards: the sum of the two samples that lie alike, and their difference.
type FoldedHop = Aligned<[[f32; 2]; HALF]>;

/// Correlators of eight frequencies over a folded hop: cosine and sine of each.
#[repr(align(64))]
struct Folded([[[f32; 2]; 8]; HALF]);

impl Folded {
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
    const fn new(hz: &[f32; 8], notched: bool) -> Self {
        let mut table = [[[0.0; 2]; 8]; HALF];
        let mut n = 0;
        while n < HALF {
            let mut k = 0;
            while k < 8 {
                // Scaled so that the square of a correlation is the mean square of the tone.
                let gain = if notched { notch_gain(hz[k]) } else { 1.0 };
                let scale = core::f64::consts::SQRT_2 / HOP as f64 / gain;
                let turns = hz[k] as f64 * (n as f64 + 0.5) / crate::SAMPLE_RATE as f64;
                table[n][k][0] = (scale * cosine(turns)) as f32;
                table[n][k][1] = (scale * cosine(turns - 0.25)) as f32;
                k += 1;
            }
            n += 1;
        }
        Self(table)
    }

    /// Mean squares of the eight tones.
    #[inline(always)]
    fn powers(&self, hop: &FoldedHop) -> [f32; 8] {
        let mut sums = [[0.0f32; 2]; 8];
        let (rows, _) = self.0.as_chunks::<4>();
        let (hop, _) = hop.0.as_chunks::<4>();
        for ([a, b, c, d], [v, w, x, y]) in rows.iter().zip(hop) {
            for ((((s, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                s[0] += (a[0] * v[0] + b[0] * w[0]) + (c[0] * x[0] + d[0] * y[0]);
                s[1] += (a[1] * v[1] + b[1] * w[1]) + (c[1] * x[1] + d[1] * y[1]);
            }
        }
        // Keeps the compiler from another order of the lanes than that of the table.
        let Aligned(sums) = core::hint::black_box(Aligned(sums));
        core::hint::black_box(Aligned(sums.map(|[re, im]| re * re + im * im))).0
    }
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

static DIGITS: Folded = Folded::new(&TONES, false);
static BETWEEN: Folded = Folded::new(&GAPS, false);
/// For a hop behind the notch.
static ABOVE: Folded = Folded::new(&HIGH_GAPS, true);

/// Twice the cosine of the frequency that the notch takes away: 430 Hz, amid the dial tones.
const NOTCH: f64 = 2.0 * cosine(430.0 / crate::SAMPLE_RATE as f64);

/// Gain of the notch, as a factor of amplitude.
const fn notch_gain(hz: f32) -> f64 {
    NOTCH - 2.0 * cosine(hz as f64 / crate::SAMPLE_RATE as f64)
}

#[inline(always)]
fn fold(hop: &[f32; HOP]) -> FoldedHop {
    let mut out = [[0.0f32; 2]; HALF];
    let (older, newer) = hop.split_at(HALF);
    for (o, (a, b)) in out.iter_mut().zip(older.iter().rev().zip(newer)) {
        *o = [b + a, b - a];
    }
    // In memory, from where a pair is spread over all lanes at no cost.
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
    let peak = samples.iter().fold(0, |peak, x| if x.unsigned_abs() > peak { x.unsigned_abs() } else { peak });
    if peak < floor.peak {
        return None;
    }
    let hop = &samples.map(f32::from);
    let folded = fold(hop);
    let look = Look::new(&folded);
    if look.passes(floor) { look.again(hop, &folded) } else { None }
}

/// What a hop holds of the eight tones. Mean squares.
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
        let powers = DIGITS.powers(hop);
        let [a, b, c, d, e, f, g, h] = powers;
        let (low, high) = (max4(a, b, c, d), max4(e, f, g, h));
        Self { powers, low, high, lows: (a + b) + (c + d), highs: (e + f) + (g + h) }
    }

    #[inline(always)]
    fn passes(&self, floor: Floor) -> bool {
        let Self { low, high, lows, highs, .. } = *self;
        // One number and one branch: seven branches would be guessed wrongly on speech more often than one.
        let strong = min(min(low, high) - floor.power, min(low - SHARE * lows, high - SHARE * highs));
        let level = min(TWIST * high - low, TWIST * low - high);
        // The gaps, which are yet to be looked at, only make it worse.
        let pure = (low + high) - PURITY * LENIENT * (lows + highs);
        min(min(strong, level), pure) >= 0.0
    }

    /// The dearer tests, of those few hops that the first ones pass.
    #[inline(always)]
    fn again(&self, hop: &[f32; HOP], folded: &FoldedHop) -> Option<(usize, usize)> {
        let Self { powers, low, high, lows, highs } = *self;
        let others = |tone: f32, all: f32| if tone >= CLEAR_SHARE * all { 0.0 } else { all - tone };
        let hiss = hiss(hop);
        if hiss < LOUD * others(low, lows).max(others(high, highs)) {
            return None;
        }
        let between = BETWEEN.powers(folded);
        let all = lows + highs + sum8(between);
        if low + high < PURITY * all {
            return None;
        }
        let row = powers.iter().position(|p| *p == low).filter(|r| *r < 4)?;
        let column = powers.iter().skip(4).position(|p| *p == high)?;
        // What else there is above the low group: nothing, or a noise that goes on above the digits' band.
        let above = ABOVE.powers(&fold(&notch(hop)));
        // Without the neighbours, which hear the tones themselves.
        let rest: f32 = above
            .iter()
            .enumerate()
            .map(|(i, p)| if i == column + 1 || i == column + 2 || (i == 0 && row == 3) { 0.0 } else { *p })
            .sum();
        (rest <= REST * (low + high) || hiss >= HISS * rest).then_some((row, column))
    }
}

#[inline(always)]
fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// In pairs: nothing waits for seven others.
#[inline(always)]
fn sum8([a, b, c, d, e, f, g, h]: [f32; 8]) -> f32 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[inline(always)]
fn max4(a: f32, b: f32, c: f32, d: f32) -> f32 {
    let (x, y) = (if a > b { a } else { b }, if c > d { c } else { d });
    if x > y { x } else { y }
}

/// Mean square of the second difference.
#[inline(always)]
fn hiss(hop: &[f32; HOP]) -> f32 {
    let mut sums = [0.0f32; 16];
    // The last two samples have none.
    for from in [0, 16, 32, 48, 64, 78] {
        let part = |offset: usize| hop.get(from + offset..).and_then(<[f32]>::first_chunk::<16>);
        if let (Some(a), Some(b), Some(c)) = (part(0), part(1), part(2)) {
            for (((s, a), b), c) in sums.iter_mut().zip(a).zip(b).zip(c) {
                let d = (a - b) + (c - b);
                *s += d * d;
            }
        }
    }
    let Aligned(s) = core::hint::black_box(Aligned(sums));
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = s;
    (sum8([a, b, c, d, e, f, g, h]) + sum8([i, j, k, l, m, n, o, p])) / HOP as f32
}

/// The hop without dial tone.
#[inline(always)]
fn notch(hop: &[f32; HOP]) -> [f32; HOP] {
    let mut out = [0.0f32; HOP];
    let (a, b, c) = (hop.iter(), hop.iter().skip(1), hop.iter().skip(2));
    for (o, ((a, b), c)) in out.iter_mut().skip(1).zip(a.zip(b).zip(c)) {
        *o = NOTCH as f32 * b - (a + c);
    }
    core::hint::black_box(Aligned(out)).0
}
