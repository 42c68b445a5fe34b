//! Tones above the low band: the special information tone, a few countries' call waiting, the howler.
//!
//! A sine alone gives the correlations of the second difference (see [`super::front`]) a shape that hardly anything else
//! has: `cos w` and `cos 2w` times its power, and of white noise 0 and -4/6. From the two follow the share of a sine and
//! its frequency, roughly. Only where two hops in a row agree are they measured: demodulated with the middle of their
//! band in blocks of 2.5 ms, whose phases give the frequency, and whose sum along that frequency the share of the power.

use super::HOP;
use crate::SAMPLE_RATE;
use crate::bank::{Bank, cosine};
use crate::filter::{Complex, wrap};
use crate::level;
use crate::simd::{self, Kernel};

/// Middle and half width of the bands, in Hz. E.180 has 950, 1400 and 1800 Hz +-50; North America 914 to 1777.
const BANDS: [(f32, f32); 3] = [(950.0, 90.0), (1400.0, 100.0), (1790.0, 120.0)];
/// Samples of a block.
const BLOCK: usize = 20;
/// Blocks of a hop. Two hops are measured together.
const PER_HOP: usize = HOP / BLOCK;
/// Weakest tone, in dBm0.
const MIN_DBM0: f32 = -45.0;
/// The least power, compared to that of the low band.
const MIN_PART: f32 = 0.5;
/// Least share of a sine by the correlations, and as measured.
const MIN_ROUGH: f32 = 0.45;
const MIN_SHARE: f32 = 0.55;
/// Share of the power that the howler's four tones must have.
const MIN_HOWLER: f32 = 0.6;
/// The least that one of them must have of all.
const MIN_HOWLER_PART: f32 = 0.03;
/// Where the correlations of the howler lie, and how near they must be.
const HOWLER_PLACE: [f32; 2] = [-0.104, -0.766];
const HOWLER_REACH: f32 = 0.2;
/// Ratio of the howler's power to that of the hop before.
const HOWLER_STEADY: core::ops::Range<f32> = 0.6..1.7;

/// The howler of North America (receiver off hook), which many other networks use too, and 1.2 % to either side.
static HOWLER: Bank<HOP, 24> =
    Bank::new(&[1400.0, 2060.0, 2450.0, 2600.0, 1383.2, 2035.3, 2420.6, 2568.8, 1416.8, 2084.7, 2479.4, 2631.2]);

/// Cosine and negated sine over a block.
type Waves = [[f32; BLOCK]; 2];

/// The waves of the bands' middles.
static WAVES: [Waves; 3] = waves();

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn waves() -> [Waves; 3] {
    let mut waves = [[[0.0; BLOCK]; 2]; 3];
    let mut band = 0;
    while band < BANDS.len() {
        let mut n = 0;
        while n < BLOCK {
            let turns = BANDS[band].0 as f64 * n as f64 / SAMPLE_RATE as f64;
            waves[band][0][n] = cosine(turns) as f32;
            waves[band][1][n] = -cosine(turns - 0.25) as f32;
            n += 1;
        }
        band += 1;
    }
    waves
}

/// What sounds above the low band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum HighTone {
    /// A sine of this frequency, in Hz.
    Single(f32),
    /// The four tones of the howler.
    Howler,
}

/// Looks for tones above the low band.
#[derive(Clone, Debug)]
pub(super) struct High {
    /// If there may have been a sine in the hop before: its band, the energy of the hop, and its blocks.
    before: Option<(usize, f32, [Complex; PER_HOP])>,
    /// Energy of the hop before, if it may have been the howler.
    howl: f32,
    silence: f32,
}

impl High {
    pub(super) fn new() -> Self {
        Self { before: None, howl: 0.0, silence: level::mean_square(MIN_DBM0) }
    }

    /// Takes the correlations of a hop's second difference, the power of the low band, and who knows that difference
    /// itself, which is seldom asked for. Answers with the tone of the last 20 ms.
    pub(super) fn step(&mut self, r: &[f32; 3], low: f32, difference: impl Fn() -> [f32; HOP]) -> Option<HighTone> {
        let [r0, r1, r2] = *r;
        let before = self.before.take();
        let howl = core::mem::take(&mut self.howl);
        // As if it were white noise; a sine of 950 Hz counts for 2 dB less.
        let power = r0 / (6 * HOP) as f32;
        if power < self.silence || power < MIN_PART * low {
            return None;
        }
        let (rho1, rho2) = (r1 / r0, r2 / r0);
        let Some(now) = rough(rho1, rho2) else {
            // Noise may be much like it here, so it must be steady for two hops.
            if (rho1 - HOWLER_PLACE[0]).abs().max((rho2 - HOWLER_PLACE[1]).abs()) >= HOWLER_REACH {
                return None;
            }
            self.howl = r0;
            let steady = HOWLER_STEADY.contains(&(r0 / howl.max(1.0)));
            return (steady && howls(&difference(), r0)).then_some(HighTone::Howler);
        };
        let second = simd::run(Demodulate(WAVES.get(now)?, &difference()));
        self.before = Some((now, r0, second));
        let (_, energy, first) = before.filter(|(band, ..)| *band == now)?;
        measure(now, [first, second], energy + r0)
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}

/// Correlates the blocks of a hop with the middle of a band.
struct Demodulate<'a>(&'a Waves, &'a [f32; HOP]);

impl Kernel for Demodulate<'_> {
    type Output = [Complex; PER_HOP];

    #[inline(always)]
    fn run(self) -> [Complex; PER_HOP] {
        let Self([cosines, sines], y) = self;
        let mut sums = [Complex::default(); PER_HOP];
        for (sum, block) in sums.iter_mut().zip(y.as_chunks::<BLOCK>().0) {
            let (mut re, mut im) = ([0.0f32; 4], [0.0f32; 4]);
            let waves = cosines.as_chunks::<4>().0.iter().zip(sines.as_chunks::<4>().0);
            for (y, (cosine, sine)) in block.as_chunks::<4>().0.iter().zip(waves) {
                for i in 0..4 {
                    re[i] += y[i] * cosine[i];
                    im[i] += y[i] * sine[i];
                }
            }
            *sum = Complex::new((re[0] + re[2]) + (re[1] + re[3]), (im[0] + im[2]) + (im[1] + im[3]));
        }
        sums
    }
}

/// The sine in the blocks of two hops with this energy.
fn measure(band: usize, sums: [[Complex; PER_HOP]; 2], energy: f32) -> Option<HighTone> {
    let (middle, half) = BANDS.get(band).copied()?;
    let sums = sums.as_flattened();
    let n = (BLOCK * sums.len()) as f32;
    let per_hz = core::f32::consts::TAU * BLOCK as f32 / SAMPLE_RATE as f32;
    // A block begins at phase 0 of its wave: the middle itself turns from block to block.
    let turn = sums.windows(2).fold(Complex::default(), |sum, w| match w {
        [a, b] => sum.plus(b.times(a.conj())),
        _ => sum,
    });
    let advance = turn.angle();
    let hz = middle + wrap(advance - wrap(per_hz * middle)) / per_hz;
    let step = Complex::unit(-advance);
    let sum = sums.iter().rev().fold(Complex::default(), |sum, c| sum.times(step).plus(*c));
    // A tone away from the middle turns within a block and correlates less there.
    let x = core::f32::consts::PI * (hz - middle) * BLOCK as f32 / SAMPLE_RATE as f32;
    let loss = if x.abs() < 1e-3 { 1.0 } else { libm::sinf(x) / x };
    let share = 2.0 * sum.power() / (n * energy * (loss * loss).max(0.1));
    (share >= MIN_SHARE && (hz - middle).abs() <= half).then_some(HighTone::Single(hz))
}

/// The band of the sine that the correlations speak of, if they do.
fn rough(rho1: f32, rho2: f32) -> Option<usize> {
    // With a share p of a sine, c its cosine: rho1 = p c, rho2 = p (2 c c - 1) - (1 - p) 4/6.
    let b = rho2 + 2.0 / 3.0;
    let p = 1.5 * (libm::sqrtf(b * b + 8.0 / 3.0 * rho1 * rho1) - b);
    if p < MIN_ROUGH {
        return None;
    }
    // The cosines of 830 and 1070, 1250 and 1540, 1620 and 1960 Hz.
    match rho1 / p {
        0.667..0.795 => Some(0),
        0.353..0.556 => Some(1),
        0.031..0.294 => Some(2),
        _ => None,
    }
}

struct Howls<'a>(&'a [f32; HOP]);

impl Kernel for Howls<'_> {
    type Output = [f32; 24];

    #[inline(always)]
    fn run(self) -> [f32; 24] {
        HOWLER.correlate(self.0)
    }
}

/// Whether these 10 ms are of the howler. `energy` is the sum of their squares.
fn howls(y: &[f32; HOP], energy: f32) -> bool {
    let lanes = simd::run(Howls(y));
    let (re, im) = lanes.split_at(12);
    let (re, _) = re.as_chunks::<4>();
    let (im, _) = im.as_chunks::<4>();
    re.iter().zip(im).any(|(re, im)| {
        let mut powers = [0.0f32; 4];
        for ((p, re), im) in powers.iter_mut().zip(re).zip(im) {
            *p = re * re + im * im;
        }
        let sum: f32 = powers.iter().sum();
        2.0 * sum >= MIN_HOWLER * HOP as f32 * energy && powers.iter().all(|p| *p >= MIN_HOWLER_PART * sum)
    })
}
