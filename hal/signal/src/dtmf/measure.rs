//! The close look at a candidate: a stretch of the line behind a band pass, in blocks of 1 ms.
//!
//! The band pass has a linear phase and passes 600 to 1900 Hz: it takes away dial tone, hum, and two thirds of a white
//! noise. Of each block are kept the energy, the energy of the second difference of the line (which tells what lies
//! above the digits' band), and the correlations with both tones. Sums of these, turned by the exact frequencies, are
//! all that the judgement needs.

use super::TONES;
use super::screen::{Aligned, NOTCH};
use crate::SAMPLE_RATE;
use crate::bank::{Bank, cosine};
use crate::filter::Complex;
use crate::simd::{self, Kernel};
use core::f32::consts::TAU;

/// Samples of a block: 1 ms.
pub(super) const BLOCK: usize = 8;
/// Blocks that are measured at a time.
const GROUP: usize = 8;
/// Samples of a group.
const GROUP_SAMPLES: usize = GROUP * BLOCK;
/// Most blocks of a stretch.
pub(super) const MAX_BLOCKS: usize = 88;
/// Samples that the band pass needs on either side.
pub(super) const MARGIN: usize = 16;
const TAPS: usize = 2 * MARGIN + 1;
/// Samples of the line that a stretch of [`MAX_BLOCKS`] is made from.
pub(super) const MAX_SAMPLES: usize = MAX_BLOCKS * BLOCK + 2 * MARGIN;

/// Half of the band pass, from the middle outwards: least squares, with most weight on dial tone (340 to 460 Hz, at
/// least 26 dB down, at 440 Hz 34 dB) and on hum (below 130 Hz, 38 dB).
const HALF: [f64; MARGIN + 1] = [
    0.334_546_359,
    0.172_595_877,
    -0.113_019_037,
    -0.205_579_945,
    -0.087_133_786,
    0.016_591_410,
    0.000_301_911,
    -0.029_385_574,
    0.010_049_795,
    0.054_761_343,
    0.038_728_447,
    0.002_032_140,
    -0.000_135_735,
    0.011_824_289,
    -0.000_363_432,
    -0.022_038_940,
    -0.022_121_546,
];

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
static FILTER: [f32; TAPS] = {
    let mut taps = [0.0; TAPS];
    let mut i = 0;
    while i <= MARGIN {
        taps[MARGIN + i] = HALF[i] as f32;
        taps[MARGIN - i] = HALF[i] as f32;
        i += 1;
    }
    taps
};

/// Share of the power of a white noise that passes.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
pub(super) const NOISE_GAIN: f32 = {
    let mut sum = HALF[0] * HALF[0];
    let mut i = 1;
    while i <= MARGIN {
        sum += 2.0 * HALF[i] * HALF[i];
        i += 1;
    }
    sum as f32
};

/// Power of the second difference of a white noise of power 1.
pub(super) const NOISE_HISS: f32 = 6.0;

/// Gain of the band pass at `hz`, as a factor of amplitude.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn gain(hz: f64) -> f64 {
    let mut sum = HALF[0];
    let mut i = 1;
    while i <= MARGIN {
        sum += 2.0 * HALF[i] * cosine(hz * i as f64 / SAMPLE_RATE as f64);
        i += 1;
    }
    sum
}

/// What is known of a tone beforehand.
#[derive(Clone, Copy, Debug)]
struct Nominal {
    /// Frequency in Hz.
    hz: f32,
    /// Gain of the band pass, and its change per Hz.
    gain: f32,
    slope: f32,
    /// Power of the second difference of the tone, of power 1.
    hiss: f32,
}

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
static NOMINAL: [Nominal; 8] = {
    let mut out = [Nominal { hz: 0.0, gain: 1.0, slope: 0.0, hiss: 0.0 }; 8];
    let mut i = 0;
    while i < 8 {
        let hz = TONES[i] as f64;
        let g = 2.0 - 2.0 * cosine(hz / SAMPLE_RATE as f64);
        out[i] = Nominal {
            hz: TONES[i],
            gain: gain(hz) as f32,
            slope: ((gain(hz + 10.0) - gain(hz - 10.0)) / 20.0) as f32,
            hiss: (g * g) as f32,
        };
        i += 1;
    }
    out
};

/// 1 over the number of blocks.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
static INVERSE: [f32; MAX_BLOCKS + 1] = {
    let mut out = [1.0; MAX_BLOCKS + 1];
    let mut i = 1;
    while i <= MAX_BLOCKS {
        out[i] = 1.0 / i as f32;
        i += 1;
    }
    out
};

static TONE_BANK: Bank<BLOCK, 16> = Bank::new(&TONES);

/// Two values, of the low and of the high tone.
pub(super) type Pair<T> = [T; 2];

/// `f` of both.
#[inline(always)]
pub(super) fn both<T: Copy, U: Copy, R>(a: Pair<T>, b: Pair<U>, f: impl Fn(T, U) -> R) -> Pair<R> {
    let ([a0, a1], [b0, b1]) = (a, b);
    [f(a0, b0), f(a1, b1)]
}

/// A stretch of the line.
pub(super) struct Stretch {
    samples: [f32; MAX_SAMPLES],
    blocks: usize,
    /// Indices of both tones in [`TONES`].
    index: Pair<usize>,
    /// Correlations of every block with both tones, the phase counted from the beginning of the block.
    raw: [Pair<Complex>; MAX_BLOCKS],
    /// Energy of every block, behind the band pass and of the second difference.
    energy: [Pair<f32>; MAX_BLOCKS],
    /// Sums of the turned correlations of all blocks before.
    sums: [Pair<Complex>; MAX_BLOCKS + 1],
    /// Deviation of both tones from their nominal frequencies, in Hz.
    deviation: Pair<f32>,
    /// Difference of both frequencies, in turns by sample, and 1 over the sine of half of it.
    apart: f32,
    spread: f32,
    /// Block at which the phases begin.
    origin: usize,
    /// Whether the line was louder than what its samples can hold.
    clipped: bool,
}

/// Measures groups of blocks.
struct Front<'a> {
    stretch: &'a mut Stretch,
    from: usize,
    to: usize,
}

impl Kernel for Front<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Stretch { samples, index: [low, high], raw, energy, .. } = self.stretch;
        let (low, high) = (*low, *high);
        let (groups, _) = raw.as_chunks_mut::<GROUP>();
        let (energies, _) = energy.as_chunks_mut::<GROUP>();
        let parts = groups.iter_mut().zip(energies).enumerate().take(self.to).skip(self.from);
        for (i, (group, energies)) in parts {
            let x = samples.get(i * GROUP_SAMPLES..).unwrap_or_default();
            let (y, hiss) = (band_pass(x), second_difference(x));
            let (y, _) = y.as_chunks::<BLOCK>();
            let (hiss, _) = hiss.as_chunks::<BLOCK>();
            for (((y, hiss), raw), energy) in y.iter().zip(hiss).zip(group).zip(energies) {
                *energy = [power(y), power(hiss)];
                let c = TONE_BANK.correlate(y);
                let tone = |i: usize| match (c.get(i), c.get(i + 8)) {
                    (Some(re), Some(im)) => Complex::new(*re, *im),
                    _ => Complex::default(),
                };
                *raw = [tone(low), tone(high)];
            }
        }
    }
}

/// Sums turned correlations up.
struct Turn<'a> {
    raw: &'a [Pair<Complex>],
    /// One more than there are correlations.
    sums: &'a mut [Pair<Complex>],
    /// By how much every block is turned further than the one before.
    step: Pair<Complex>,
}

/// Blocks that are turned at a time.
const TURNED: usize = 4;

impl Kernel for Turn<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { raw, sums, step } = self;
        let Some((first, sums)) = sums.split_first_mut() else { return };
        let mut total = [Complex::default(); 2];
        *first = total;
        // The turns of the first blocks, and what brings them to the next ones.
        let two = both(step, step, Complex::times);
        let three = both(two, step, Complex::times);
        let four = both(two, two, Complex::times);
        let mut turns = [[Complex::new(1.0, 0.0); 2], step, two, three];
        let (groups, rest) = raw.as_chunks::<TURNED>();
        let (sums, last) = sums.as_chunks_mut::<TURNED>();
        for (raw, sums) in groups.iter().zip(sums) {
            let mut turned = [[Complex::default(); 2]; TURNED];
            for ((t, raw), turn) in turned.iter_mut().zip(raw).zip(&turns) {
                *t = both(*raw, *turn, Complex::times);
            }
            for turn in &mut turns {
                *turn = both(*turn, four, Complex::times);
            }
            for (sum, t) in sums.iter_mut().zip(turned) {
                total = both(total, t, Complex::plus);
                *sum = total;
            }
        }
        for ((raw, sum), turn) in rest.iter().zip(last).zip(turns) {
            total = both(total, both(*raw, turn, Complex::times), Complex::plus);
            *sum = total;
        }
    }
}

#[inline(always)]
fn power(x: &[f32; BLOCK]) -> f32 {
    let [a, b, c, d, e, f, g, h] = x.map(|x| x * x);
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// The second differences at the next group of samples.
#[inline(always)]
fn second_difference(x: &[f32]) -> [f32; GROUP_SAMPLES] {
    let mut d = [0.0f32; GROUP_SAMPLES];
    let Some(x) = x.get(MARGIN - 1..).and_then(<[f32]>::first_chunk::<{ GROUP_SAMPLES + 2 }>) else { return d };
    let (a, b, c) = (x.iter(), x.iter().skip(1), x.iter().skip(2));
    for (d, ((a, b), c)) in d.iter_mut().zip(a.zip(b).zip(c)) {
        *d = (a - b) + (c - b);
    }
    core::hint::black_box(Aligned(d)).0
}

/// The next group of samples behind the band pass.
#[inline(always)]
fn band_pass(x: &[f32]) -> [f32; GROUP_SAMPLES] {
    let mut y = [0.0f32; GROUP_SAMPLES];
    let Some(x) = x.first_chunk::<{ GROUP_SAMPLES + 2 * MARGIN }>() else { return y };
    for (t, tap) in FILTER.iter().enumerate() {
        if let Some(x) = x.get(t..).and_then(<[f32]>::first_chunk::<GROUP_SAMPLES>) {
            for (y, x) in y.iter_mut().zip(x) {
                *y += tap * x;
            }
        }
    }
    // Keeps the compiler from another order of the lanes than that of the samples.
    core::hint::black_box(Aligned(y)).0
}

/// The number of length 1 with this angle, in turns: to 1e-5, which the measurement does not notice.
fn unit(turns: f32) -> Complex {
    // The nearest whole number, and the nearest quarter of what is left.
    let t = turns - nearest(turns);
    let quarter = nearest(t * 4.0);
    let x = (t - quarter * 0.25) * TAU;
    let x2 = x * x;
    let sin = x * (1.0 - x2 * (1.0 / 6.0 - x2 * (1.0 / 120.0 - x2 * (1.0 / 5040.0))));
    let cos = 1.0 - x2 * (0.5 - x2 * (1.0 / 24.0 - x2 * (1.0 / 720.0 - x2 * (1.0 / 40_320.0))));
    // Without branches, which would be guessed wrongly. An odd quarter swaps both, the signs follow the quarter.
    let quarter = quarter as i32;
    let swap = 0u32.wrapping_sub(quarter as u32 & 1);
    let (sin, cos) = (sin.to_bits(), cos.to_bits());
    let other = (sin ^ cos) & swap;
    let sign = |quarter: i32| (quarter as u32 & 2) << 30;
    Complex::new(f32::from_bits(cos ^ other ^ sign(quarter + 1)), f32::from_bits(sin ^ other ^ sign(quarter)))
}

/// The angle of a number, in turns, -0.5 to 0.5: to 1e-7. Any of 0.
fn turns(z: Complex) -> f32 {
    let (x, y) = (z.re.abs(), z.im.abs());
    let (small, large) = if x < y { (x, y) } else { (y, x) };
    let a = small / if large > 1e-30 { large } else { 1e-30 };
    let s = a * a;
    // The arc tangent, least squares for 0 to 1.
    let low = 0.159_154_25 - s * (0.053_024_064 - s * (0.031_507_73 - s * 0.021_001_93));
    let high = 0.012_573_212 - s * (0.005_268_863 - s * 0.001_059_699_3);
    let eighth = a * (low + s * s * (s * s) * high);
    let quarter = if x < y { 0.25 - eighth } else { eighth };
    let half = if z.re < 0.0 { 0.5 - quarter } else { quarter };
    half.copysign(z.im)
}

/// Rounds numbers below a million.
fn nearest(x: f32) -> f32 {
    const BIG: f32 = 12_582_912.0;
    (x + BIG) - BIG
}

/// The tones that a part of a stretch holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tones {
    /// Complex amplitudes, behind the band pass: a tone has twice the square of its amplitude as mean square.
    pub(super) amplitude: Pair<Complex>,
    /// Share of the energy behind the band pass that both tones explain. Above 1 by 1 % at most.
    pub(super) purity: f32,
}

impl Stretch {
    /// A stretch of `blocks` blocks, of which none is measured yet.
    pub(super) fn new(blocks: usize, row: usize, column: usize) -> Self {
        Self {
            samples: [0.0; MAX_SAMPLES],
            blocks: blocks.min(MAX_BLOCKS),
            index: [row.min(3), 4 + column.min(3)],
            raw: [[Complex::default(); 2]; MAX_BLOCKS],
            energy: [[0.0; 2]; MAX_BLOCKS],
            sums: [[Complex::default(); 2]; MAX_BLOCKS + 1],
            deviation: [0.0; 2],
            apart: 0.0,
            spread: 0.0,
            origin: 0,
            clipped: false,
        }
    }

    /// Where the samples go. They begin and end [`MARGIN`] samples outside the stretch.
    pub(super) fn samples_mut(&mut self) -> &mut [f32] {
        self.samples.get_mut(..self.blocks * BLOCK + 2 * MARGIN).unwrap_or_default()
    }

    /// Measures the groups that hold blocks `from` to `to`, and tells which blocks that are. To be followed by
    /// [`Stretch::turn`].
    pub(super) fn measure(&mut self, from: usize, to: usize) -> (usize, usize) {
        let (from, to) = (from / GROUP, to.div_ceil(GROUP));
        if from < to {
            simd::run(Front { stretch: self, from, to });
        }
        (from * GROUP, to * GROUP)
    }

    /// Limits clicks to what the blocks from `from` on mostly reach; in the blocks before as well.
    pub(super) fn limit(&mut self, from: usize) {
        let inner = self.samples.get(MARGIN..MARGIN + self.blocks * BLOCK).unwrap_or_default();
        let (blocks, _) = inner.as_chunks::<BLOCK>();
        let mut line = Peaks::new(blocks.iter().skip(from).map(peak));
        self.clipped = line.top >= RAIL;
        if line.even() {
            return;
        }
        let (most, _) = line.limit();
        // The beat of a modulated dial tone is no click: without it the line is even. Neither is what lasts.
        let around =
            |i: usize| self.samples.get(MARGIN + i * BLOCK - 1..).and_then(<[f32]>::first_chunk::<{ BLOCK + 2 }>);
        let mut without = Peaks::new((from..self.blocks).map(|i| around(i).map_or(0.0, |x| peak(&notched(x)))));
        if without.even() {
            return;
        }
        let (_, clicks) = without.limit();
        if clicks > 0 && clicks <= 4 + without.count / 10 {
            self.samples.iter_mut().for_each(|x| *x = x.clamp(-most, most));
        }
    }

    /// Whether the line was louder than what its samples can hold: what is left of it may be what clipping makes.
    pub(super) fn clipped(&self) -> bool {
        self.clipped
    }

    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// The samples of blocks `from` to `to`, before the band pass.
    pub(super) fn line(&self, from: usize, to: usize) -> &[f32] {
        self.samples.get(MARGIN + from * BLOCK..MARGIN + to * BLOCK).unwrap_or_default()
    }

    fn nominal(&self) -> Pair<Nominal> {
        let [low, high] = self.index;
        [NOMINAL.get(low).copied().unwrap_or(NOMINAL[0]), NOMINAL.get(high).copied().unwrap_or(NOMINAL[4])]
    }

    /// Nominal frequencies in Hz.
    pub(super) fn hz(&self) -> Pair<f32> {
        self.nominal().map(|n| n.hz)
    }

    /// Deviation of both tones from their nominal frequencies, in Hz, as last set.
    pub(super) fn deviation(&self) -> Pair<f32> {
        self.deviation
    }

    /// Sums blocks `from` to `to` up anew, with both tones at these deviations from their nominal frequencies (Hz).
    pub(super) fn turn(&mut self, deviation: Pair<f32>, from: usize, to: usize) {
        self.deviation = deviation;
        self.origin = from;
        let [low, high] = both(self.hz(), deviation, |hz, d| hz + d);
        self.apart = (high - low) / SAMPLE_RATE as f32;
        self.spread = 1.0 / unit(self.apart / 2.0).im;
        let per_block = BLOCK as f32 / SAMPLE_RATE as f32;
        let step = both(self.hz(), deviation, |hz, d| unit(-(hz + d) * per_block));
        let raw = self.raw.get(from..to).unwrap_or_default();
        let sums = self.sums.get_mut(from..=from + raw.len()).unwrap_or_default();
        simd::run(Turn { raw, sums, step });
    }

    /// Correlations of both tones with blocks `from` to `to`.
    pub(super) fn sum(&self, from: usize, to: usize) -> Pair<Complex> {
        let at = |i: usize| self.sums.get(i).copied().unwrap_or_default();
        both(at(to), at(from), |b, a| b.plus(a.scale(-1.0)))
    }

    /// Mean energy of a block of `from` to `to`: behind the band pass, and of the second difference of the line.
    pub(super) fn energy(&self, from: usize, to: usize) -> Pair<f32> {
        let blocks = self.energy.get(from..to).unwrap_or_default();
        // Four at a time, so that the additions need not wait for each other.
        let (fours, rest) = blocks.as_chunks::<4>();
        let mut sums = [[0.0f32; 2]; 4];
        for four in fours {
            for (sum, e) in sums.iter_mut().zip(four) {
                *sum = both(*sum, *e, |a, b| a + b);
            }
        }
        for (sum, e) in sums.iter_mut().zip(rest) {
            *sum = both(*sum, *e, |a, b| a + b);
        }
        let [a, b, c, d] = sums;
        let share = INVERSE.get(blocks.len()).copied().unwrap_or(1.0);
        core::array::from_fn(|i| ((a[i] + b[i]) + (c[i] + d[i])) * share)
    }

    /// Where the burst around blocks `from` to `to` begins and ends: where both tones together explain most.
    pub(super) fn edges(&self, from: usize, to: usize) -> (usize, usize) {
        let middle = from.midpoint(to);
        let explained = |a: usize, b: usize| {
            let [low, high] = self.sum(a, b);
            (low.power() + high.power()) * INVERSE.get(b.saturating_sub(a)).copied().unwrap_or(0.0)
        };
        let (mut end, mut most) = (to, explained(from, to));
        for b in middle + 2..=self.blocks {
            let e = explained(from, b);
            if e > most {
                (end, most) = (b, e);
            }
        }
        let (mut begin, mut most) = (from, explained(from, end));
        for a in 0..=middle.saturating_sub(2) {
            let e = explained(a, end);
            if e > most {
                (begin, most) = (a, e);
            }
        }
        (begin, end)
    }

    /// The edges more exactly: the search above takes the tones for independent, which those of `*` are not within
    /// some milliseconds.
    pub(super) fn refine(&self, begin: usize, end: usize) -> (usize, usize) {
        let explained = |a: usize, b: usize| {
            let [low, high] = both(self.amplitudes(a, b), self.sum(a, b), |a, s| a.conj().times(s).re);
            low + high
        };
        let (mut best, mut most) = ((begin, end), explained(begin, end));
        for a in begin.saturating_sub(4)..=begin + 3 {
            let e = explained(a, end);
            if e > most {
                (best.0, most) = (a, e);
            }
        }
        for b in end - 3..=(end + 4).min(self.blocks) {
            let e = explained(best.0, b);
            if e > most {
                (best.1, most) = (b, e);
            }
        }
        best
    }

    /// By how much both tones deviate further (Hz), from the phases in the first and the last `blocks` of blocks
    /// `from` to `to`.
    pub(super) fn drift(&self, from: usize, to: usize, blocks: usize) -> Pair<f32> {
        let first = self.amplitudes(from, from + blocks);
        let last = self.amplitudes(to.saturating_sub(blocks), to);
        let apart = to.saturating_sub(from + blocks).max(1);
        let per_turn = SAMPLE_RATE as f32 / (BLOCK * apart) as f32;
        both(first, last, |a, b| turns(b.times(a.conj())) * per_turn)
    }

    /// The amplitudes of both tones in blocks `from` to `to`, by least squares: neither leaks into the other.
    pub(super) fn amplitudes(&self, from: usize, to: usize) -> Pair<Complex> {
        let [low, high] = self.sum(from, to);
        let n = (to.saturating_sub(from).max(1) * BLOCK) as f32;
        // What a tone of amplitude 1 at the one frequency adds to the correlation at the other.
        let size = unit(self.apart * n / 2.0).im * self.spread;
        let middle = (from.saturating_sub(self.origin) * BLOCK) as f32 + (n - 1.0) / 2.0;
        let cross = unit(self.apart * middle).scale(size);
        let scale = 1.0 / (n * n - size * size);
        let a = low.scale(n).plus(cross.times(high).scale(-1.0)).scale(scale);
        let b = high.scale(n).plus(cross.conj().times(low).scale(-1.0)).scale(scale);
        [a, b]
    }

    /// The tones in blocks `from` to `to`.
    pub(super) fn tones(&self, from: usize, to: usize) -> Tones {
        let amplitude = self.amplitudes(from, to);
        let [a, b] = both(amplitude, self.sum(from, to), |a, s| a.conj().times(s).re);
        let [energy, _] = self.energy(from, to);
        let blocks = to.saturating_sub(from).max(1) as f32;
        Tones { amplitude, purity: 2.0 * (a + b) / (energy * blocks).max(1e-9) }
    }

    /// Mean squares of both tones on the line, before the band pass.
    pub(super) fn powers(&self, tones: &Tones) -> Pair<f32> {
        let gain = both(self.nominal(), self.deviation, |n, d| n.gain + n.slope * d);
        both(tones.amplitude, gain, |a, g| 2.0 * a.power() / (g * g))
    }

    /// Mean energy of the second difference in a block of tones with these mean squares.
    pub(super) fn hiss(&self, powers: Pair<f32>) -> f32 {
        let [low, high] = both(self.nominal(), powers, |n, p| n.hiss * p);
        (low + high) * BLOCK as f32
    }
}

/// The largest of a block, without sign.
fn peak(block: &[f32; BLOCK]) -> f32 {
    block.iter().fold(0.0, |m, x| if x.abs() > m { x.abs() } else { m })
}

/// A block without dial tone.
fn notched(x: &[f32; BLOCK + 2]) -> [f32; BLOCK] {
    let mut out = [0.0; BLOCK];
    for (o, ((a, b), c)) in out.iter_mut().zip(x.iter().zip(x.iter().skip(1)).zip(x.iter().skip(2))) {
        *o = NOTCH as f32 * b - (a + c);
    }
    out
}

/// What the samples of a clipped line reach: also those of G.711.
const RAIL: f32 = 32_000.0;

/// The peaks of some blocks.
struct Peaks {
    all: [f32; MAX_BLOCKS],
    count: usize,
    sum: f32,
    top: f32,
}

impl Peaks {
    fn new(peaks: impl Iterator<Item = f32>) -> Self {
        let mut out = Self { all: [0.0; MAX_BLOCKS], count: 0, sum: 0.0, top: 0.0 };
        for (to, peak) in out.all.iter_mut().zip(peaks) {
            *to = peak;
            out.sum += peak;
            out.top = if peak > out.top { peak } else { out.top };
            out.count += 1;
        }
        out
    }

    /// Whether there is surely no click.
    fn even(&self) -> bool {
        self.top * self.count as f32 <= self.sum * CLICK * 0.9
    }

    /// What clicks are to be limited to, and how many blocks are above it.
    fn limit(&mut self) -> (f32, usize) {
        let Some(peaks) = self.all.get_mut(..self.count).filter(|p| !p.is_empty()) else { return (f32::MAX, 0) };
        let (_, typical, above) = peaks.select_nth_unstable_by(self.count * 6 / 10, f32::total_cmp);
        let most = *typical * CLICK;
        (most, above.iter().filter(|peak| **peak > most).count())
    }
}

/// Clicks are limited to so many times the peak that three fifths of all milliseconds stay below. The beat of two
/// tones and a noise as strong as they are stay below it.
const CLICK: f32 = 1.6;
