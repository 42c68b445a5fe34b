//! The screen: looks at every hop of the line and passes on the few that may hold a digit.
//!
//! A hop passes when in each group of tones one stands out, when both are most of what the hop holds in the band of the digits, and
//! when the rest of it could be a noise. Dial tone and hum do not count: they are outside the band, or taken away by a notch.
//!
//! Both halves of a hop are folded onto each other about its middle. The sums correlate with cosines only, the
//! differences with sines only, which halves the work.

use super::TONES;
use crate::bank::cosine;

/// Samples of a hop: 12 ms. A digit of 40 ms fills at least two whole hops.
pub(super) const HOP: usize = 96;
const HALF: usize = HOP / 2;

/// Correlators of eight frequencies over a folded hop: cosines, then sines.
#[repr(align(64))]
struct Folded([[[f32; 8]; 2]; HALF]);

impl Folded {
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
    const fn new(hz: &[f32; 8], notched: bool) -> Self {
        let mut table = [[[0.0; 8]; 2]; HALF];
        let mut n = 0;
        while n < HALF {
            let mut k = 0;
            while k < 8 {
                // Scaled so that the square of a correlation is the mean square of the tone.
                let gain = if notched { notch_gain(hz[k]) } else { 1.0 };
                let scale = core::f64::consts::SQRT_2 / HOP as f64 / gain;
                let turns = hz[k] as f64 * (n as f64 + 0.5) / crate::SAMPLE_RATE as f64;
                table[n][0][k] = (scale * cosine(turns)) as f32;
                table[n][1][k] = (scale * cosine(turns - 0.25)) as f32;
                k += 1;
            }
            n += 1;
        }
        Self(table)
    }

    /// Mean squares of the eight tones.
    #[inline(always)]
    fn powers(&self, (sums, differences): &([f32; HALF], [f32; HALF])) -> [f32; 8] {
        let (mut re, mut im) = ([0.0f32; 8], [0.0f32; 8]);
        let (rows, _) = self.0.as_chunks::<4>();
        let (sums, _) = sums.as_chunks::<4>();
        let (differences, _) = differences.as_chunks::<4>();
        for ((rows, even), odd) in rows.iter().zip(sums).zip(differences) {
            let [[c0, s0], [c1, s1], [c2, s2], [c3, s3]] = rows;
            accumulate(&mut re, [c0, c1, c2, c3], even);
            accumulate(&mut im, [s0, s1, s2, s3], odd);
        }
        let mut out = [0.0; 8];
        for ((o, re), im) in out.iter_mut().zip(&re).zip(&im) {
            *o = re * re + im * im;
        }
        // Keeps the compiler from spreading the eight over the lanes in another way than the table has them.
        core::hint::black_box(out)
    }
}

/// Adds the products of four rows.
#[inline(always)]
fn accumulate(sums: &mut [f32; 8], [a, b, c, d]: [&[f32; 8]; 4], [v, w, x, y]: &[f32; 4]) {
    for ((((s, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *s += (a * v + b * w) + (c * x + d * y);
    }
}

/// Frequencies of the band between and beside the tones.
const GAPS: [f32; 8] = [610.0, 1030.0, 1115.0, 1272.0, 1406.0, 1555.0, 1720.0, 1810.0];
/// Those above the low group.
const HIGH_GAPS: [f32; 8] = [1030.0, 1115.0, 1272.0, 1406.0, 1555.0, 1720.0, 1810.0, 1900.0];
/// The strongest tone of each group must have this share of its group.
const SHARE: f32 = 0.6;
/// Most that one group may be above the other (14 dB): a hop may hold a part of a digit, and noise.
const TWIST: f32 = 25.0;
/// Least share that both tones must have of what the hop holds at all tones and gaps.
const PURITY: f32 = 0.55;
/// What the gaps above the low group may hold, as a share of both tones, without a noise that would explain it.
const REST: f32 = 0.08;
/// Least mean square of the second difference of such a noise, as a multiple of what the gaps hold: about 45 of a white noise.
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
fn fold(hop: &[f32; HOP]) -> ([f32; HALF], [f32; HALF]) {
    let (mut sums, mut differences) = ([0.0f32; HALF], [0.0f32; HALF]);
    let (older, newer) = hop.split_at(HALF);
    for ((s, d), (a, b)) in sums.iter_mut().zip(&mut differences).zip(older.iter().rev().zip(newer)) {
        *s = b + a;
        *d = b - a;
    }
    (sums, differences)
}

/// What a hop must have to be passed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floor {
    /// Least mean square of a tone.
    pub(super) power: f32,
}

/// Row and column of the digit that the hop may hold a part of. To be called from inside a kernel.
#[inline(always)]
pub(super) fn screen(hop: &[i16; HOP], floor: Floor) -> Option<(usize, usize)> {
    let hop = &hop.map(f32::from);
    let folded = fold(hop);
    let powers = DIGITS.powers(&folded);
    let [a, b, c, d, e, f, g, h] = powers;
    let (low, high) = (max4(a, b, c, d), max4(e, f, g, h));
    let (lows, highs) = ((a + b) + (c + d), (e + f) + (g + h));
    let pass = (low >= floor.power)
        & (high >= floor.power)
        & (low >= SHARE * lows)
        & (high >= SHARE * highs)
        & (low <= TWIST * high)
        & (high <= TWIST * low);
    if !pass {
        return None;
    }
    passed(hop, &folded, &powers, low, high)
}

#[inline(always)]
fn max4(a: f32, b: f32, c: f32, d: f32) -> f32 {
    let (x, y) = (if a > b { a } else { b }, if c > d { c } else { d });
    if x > y { x } else { y }
}

/// The second look, at few hops only.
#[inline(always)]
fn passed(
    hop: &[f32; HOP],
    folded: &([f32; HALF], [f32; HALF]),
    powers: &[f32; 8],
    low: f32,
    high: f32,
) -> Option<(usize, usize)> {
    let between = BETWEEN.powers(folded);
    let all: f32 = powers.iter().sum::<f32>() + between.iter().sum::<f32>();
    if low + high < PURITY * all {
        return None;
    }
    let row = powers.iter().position(|p| *p == low).filter(|r| *r < 4)?;
    let column = powers.iter().skip(4).position(|p| *p == high)?;
    // What else there is above the low group: nothing, or a noise that goes on above the digits' band.
    let (notched, hiss) = notch(hop);
    let above = ABOVE.powers(&fold(&notched));
    // Without the neighbours, which hear the tones themselves.
    let rest: f32 = above
        .iter()
        .enumerate()
        .map(|(i, p)| if i == column + 1 || i == column + 2 || (i == 0 && row == 3) { 0.0 } else { *p })
        .sum();
    if rest > REST * (low + high) && hiss < HISS * rest {
        return None;
    }
    Some((row, column))
}

/// The hop without dial tone, and the mean square of its second difference.
#[inline(always)]
fn notch(hop: &[f32; HOP]) -> ([f32; HOP], f32) {
    let (mut out, mut squares) = ([0.0f32; HOP], [0.0f32; HOP]);
    let (a, b, c) = (hop.iter(), hop.iter().skip(1), hop.iter().skip(2));
    let inner = out.iter_mut().skip(1).zip(squares.iter_mut().skip(1));
    for ((o, s), ((a, b), c)) in inner.zip(a.zip(b).zip(c)) {
        let sum = a + c;
        *o = NOTCH as f32 * b - sum;
        *s = (sum - 2.0 * b) * (sum - 2.0 * b);
    }
    let (out, squares) = core::hint::black_box((out, squares));
    (out, squares.iter().sum::<f32>() / HOP as f32)
}
