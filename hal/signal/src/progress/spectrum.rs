//! Which of the country's tones the low band holds.
//!
//! Each distinct set of frequencies in the country's plan is a *signature*. The last 40 ms of the low band, twenty complex
//! samples, are looked at in two steps:
//!
//! 1. A cheap one that most speech fails. A filter with zeros at a signature's frequencies would leave nothing of it
//!    behind, whatever its phases and levels. What it would leave follows from the power of the window and its
//!    correlations one and two samples (2 and 4 ms) later: five products for each signature.
//! 2. A fit of the signature's sinusoids by least squares, each at its own amplitude and phase. The share of the band's
//!    power that it explains decides, never the level. The fit keeps close tones apart (400 + 450 Hz beat with 20 ms,
//!    413 + 438 Hz with 40 ms). A modulated tone is fitted with its carrier and both side bands, which must agree in
//!    phase. A single tone is fitted at the frequency that it has; others at three, so that 2 % off is heard and 4 % is
//!    not.

use super::front::{LOW, LOW_MS};
use super::high::HighTone;
use super::past::{ALL, Past};
use crate::country::Segment;
use crate::filter::{Complex, wrap};
use crate::level;
use crate::simd::{self, Kernel};
use alloc::boxed::Box;
use arrayvec::ArrayVec;

/// Hops of a window: 40 ms.
const WINDOW: usize = 4;
/// Samples of a window.
pub(super) const FILL: usize = WINDOW * LOW;
/// Most signatures of a country; the richest plan has nine.
const MAX_SIGNATURES: usize = 12;
/// Most sinusoids of a signature.
const MAX_PARTS: usize = 3;
/// Longest window of a fit, in samples: 64 ms, a period of the slowest modulation.
const MAX_FIT: usize = 32;

/// Below this there is no tone, in dBm0.
const SILENCE_DBM0: f32 = -45.0;
/// Share of the whole band's power that the low band must have, above it as if it were white.
const MIN_PART_OF_ALL: f32 = 0.4;
/// Share of the power that may be left behind the filter that takes a signature away.
const MAX_LEFT: f32 = 0.4;
/// Share of the power that a signature must explain.
const MIN_SHARE: f32 = 0.8;
/// The same of a single tone where the country has a modulated tone, or a pair of close ones, about the same frequency:
/// over 40 ms these may look like a single tone.
const MIN_SHARE_RIVALLED: f32 = 0.84;
/// Frequencies this close rival, as a share.
const CLOSE: f32 = 0.03;
/// Single tones this close are taken for one, as a share.
const SAME: f32 = 0.015;
/// A simpler signature is preferred to one that explains no more than this above it, per sinusoid.
const COST: f32 = 0.02;
/// Weaker tone of a pair to the stronger, as a ratio of powers: 12 dB, and 5 dB of a close pair, which no line twists.
const MIN_BALANCE: f32 = 0.06;
const MIN_CLOSE_BALANCE: f32 = 0.3;
/// A pair is close when its beat is longer than this, in samples of the low band: 60 Hz.
const CLOSE_BEAT: f32 = 8.3;
/// Share of the carrier in a modulated tone: two thirds at 100 %. The edge of a burst looks more modulated than that.
const MIN_CARRIER: f32 = 0.55;
/// And what the side bands must have at least: a modulation of 40 %.
const MIN_SIDE_BANDS: f32 = 0.07;
/// The side bands differ by no more than this ratio of powers: 9 dB.
const MIN_SIDE_BALANCE: f32 = 0.12;
/// And agree in phase with their carrier: at least so much of their product does.
const MIN_AGREEMENT: f32 = 0.6;
/// Greatest deviation of a single tone from its frequency: networks keep 1.5 %, and few notes of equal temperament are
/// as near.
const MAX_DEVIATION: f32 = 0.0195;
/// Deviations at which other signatures are fitted.
const DEVIATIONS: [f32; 3] = [1.0, 0.9875, 1.0125];
/// Least time over which the power of a tone is averaged, in samples: 11 ms.
const MIN_STEADY: f32 = 5.5;

/// Index of a signature; from [`HIGH`] on of one above the low band.
pub(super) type SignatureId = u8;
/// The first signature above the low band.
const HIGH: SignatureId = 32;
/// The howler.
const HOWLER: SignatureId = 63;
/// Most signatures above the low band, besides the howler; Finland has two.
const MAX_HIGH: usize = 4;
/// Frequencies from here on are above the low band, in Hz.
const HIGH_HZ: f32 = 800.0;

/// Turn of a sine from one sample of the low band to the next, in radians, between -pi and pi.
fn turn(hz: f32) -> f32 {
    wrap(core::f32::consts::TAU * hz * LOW_MS as f32 / 1000.0)
}

/// Waves of sinusoids, each sample a row: a lane for each sinusoid at each deviation. The first half of the lanes gives real
/// parts, the second imaginary ones: what the sample's real part counts for in each, and what its imaginary part does.
type Waves<const LANES: usize> = [[[f32; LANES]; 2]; MAX_FIT];

/// The inverse of the Gram matrix of some sinusoids over the window, and a bound of its largest eigenvalue.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gram {
    inverse: [[Complex; MAX_PARTS]; MAX_PARTS],
    most: f32,
}

/// How a signature is fitted.
#[derive(Clone, Debug)]
enum Fit {
    /// A single tone: its wave over the window, oldest sample first.
    Single(Box<[Complex; FILL]>),
    /// Two sinusoids at three deviations.
    Pair(Box<Waves<16>>, Box<[Gram; 3]>),
    /// A carrier and two side bands, or three sinusoids, at three deviations.
    Triple(Box<Waves<32>>, Box<[Gram; 3]>),
}

/// A set of frequencies that sound together, in the low band.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    freqs: &'static [f32],
    am: f32,
    /// The lowest and the highest of the single tones that this one stands for, in Hz.
    range: (f32, f32),
    /// Between which tangents the phase of a single tone may advance from hop to hop, beyond that of its wave.
    drifts: (f32, f32),
    fit: Fit,
    span: usize,
    steady: usize,
    min_balance: f32,
    min_share: f32,
}

/// The signatures of a country.
#[derive(Clone, Debug)]
pub(super) struct Signatures {
    list: ArrayVec<Signature, MAX_SIGNATURES>,
    /// What a filter that takes each away leaves behind, less what may be left: the weight of each of a window's sums,
    /// in a lane for each signature. A lane of no signature leaves all.
    filters: [[f32; MAX_SIGNATURES]; 5],
    /// Frequencies above the low band.
    high: ArrayVec<f32, MAX_HIGH>,
    silence: f32,
}

/// A signature that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) id: SignatureId,
    /// Share of the power that it explains.
    pub(super) share: f32,
}

impl Signatures {
    pub(super) fn new() -> Self {
        let silence = level::mean_square(SILENCE_DBM0) * FILL as f32;
        let mut filters = [[0.0; MAX_SIGNATURES]; 5];
        filters[0] = [1.0; MAX_SIGNATURES];
        Self { list: ArrayVec::new(), filters, high: ArrayVec::new(), silence }
    }

    /// The signature of a segment that sounds, added if it is new. `None` when there is no room.
    pub(super) fn add(&mut self, segment: &Segment) -> Option<SignatureId> {
        match segment.freqs {
            [a, b, ..] if a.min(*b) >= HIGH_HZ => return Some(HOWLER),
            [hz] if *hz >= HIGH_HZ => {
                let i = match self.high.iter().position(|f| f == hz) {
                    Some(i) => i,
                    None => self.high.try_push(*hz).map(|()| self.high.len() - 1).ok()?,
                };
                return u8::try_from(i).ok().map(|i| HIGH + i);
            }
            _ => {}
        }
        let known = self.list.iter().position(|s| s.freqs == segment.freqs && s.am == segment.am);
        if let Some(i) = known {
            return u8::try_from(i).ok();
        }
        if let ([hz], 0.0) = (segment.freqs, segment.am) {
            // Two single tones that cannot be told apart are one; their cadences must do.
            let same = |s: &Signature| s.middle().1 && s.freqs.iter().all(|f| (f - hz).abs() <= SAME * hz);
            if let Some((i, s)) = self.list.iter_mut().enumerate().find(|(_, s)| same(s)) {
                s.range = (s.range.0.min(*hz), s.range.1.max(*hz));
                return u8::try_from(i).ok();
            }
        }
        let signature = Signature::new(segment)?;
        let weights = annihilator(&signature.parts_hz()?, segment.am > 0.0);
        for (lanes, weight) in self.filters.iter_mut().zip(weights) {
            *lanes.get_mut(self.list.len())? = weight;
        }
        self.list.try_push(signature).ok()?;
        u8::try_from(self.list.len() - 1).ok()
    }

    /// Settles what depends on all signatures.
    pub(super) fn finish(&mut self) {
        let middles: ArrayVec<(f32, bool), MAX_SIGNATURES> = self.list.iter().map(Signature::middle).collect();
        for s in &mut self.list {
            let (own, single) = s.middle();
            let per_hz = core::f32::consts::TAU * (LOW as u32 * LOW_MS) as f32 / 1000.0;
            let drift = |hz: f32| libm::tanf((hz - own) * per_hz);
            s.drifts = (drift(s.range.0 * (1.0 - MAX_DEVIATION)), drift(s.range.1 * (1.0 + MAX_DEVIATION)));
            if single && middles.iter().any(|(hz, single)| !single && (hz - own).abs() < CLOSE * own) {
                s.min_share = MIN_SHARE_RIVALLED;
            }
        }
    }

    /// The signature of a tone above the low band.
    pub(super) fn high(&self, tone: HighTone) -> Option<SignatureId> {
        match tone {
            HighTone::Howler => Some(HOWLER),
            HighTone::Single(hz) => {
                let i = self.high.iter().position(|f| (hz - f).abs() <= MAX_DEVIATION * f)?;
                u8::try_from(i).ok().map(|i| HIGH + i)
            }
        }
    }

    pub(super) fn of(&self, id: SignatureId) -> Option<&Signature> {
        self.list.get(usize::from(id))
    }

    /// What the newest window holds.
    pub(super) fn find(&self, past: &Past) -> Option<Found> {
        let sums = past.window(WINDOW);
        let power = sums[0];
        if power < self.silence || power < MIN_PART_OF_ALL * LOW as f32 * sums[ALL] {
            return None;
        }
        let mut left = [0.0f32; MAX_SIGNATURES];
        for (weights, sum) in self.filters.iter().zip(sums) {
            left.iter_mut().zip(weights).for_each(|(left, w)| *left += w * sum);
        }
        let mut best: Option<(f32, Found)> = None;
        let mut newest: Option<[Complex; MAX_FIT]> = None;
        for ((id, left), signature) in (0..).zip(left).zip(&self.list) {
            if left > 0.0 {
                continue;
            }
            let z = newest.get_or_insert_with(|| past.newest());
            let Some(share) = signature.share(z, power) else { continue };
            let score = share - COST * signature.parts() as f32;
            if best.is_none_or(|(b, _)| score > b) {
                best = Some((score, Found { id, share }));
            }
        }
        best.map(|(_, found)| found)
    }
}

impl Signature {
    fn new(segment: &Segment) -> Option<Self> {
        let hz = parts(segment.freqs, segment.am)?;
        // The slowest beat: of neighbouring frequencies.
        let beat = match hz.as_slice() {
            [_] => 0.0,
            [_, low, high] if segment.am > 0.0 => 2000.0 / (high - low),
            [a, b, ..] => 1000.0 / (a - b).abs(),
            [] => return None,
        } / LOW_MS as f32;
        let steady = if beat > 0.0 { libm::roundf(beat * libm::ceilf(MIN_STEADY / beat)) as usize } else { 6 };
        let span = FILL.max(libm::roundf(beat) as usize).min(MAX_FIT);
        let turns = |k: f32| hz.iter().map(|f| turn(f * k)).collect::<ArrayVec<f32, MAX_PARTS>>();
        let grams = || Box::new(DEVIATIONS.map(|k| invert(&turns(k), span)));
        let fit = match hz.as_slice() {
            [f] => Fit::Single(Box::new(core::array::from_fn(|i| Complex::unit(-turn(*f) * i as f32)))),
            [_, _] => Fit::Pair(waves(&hz, span), grams()),
            _ => Fit::Triple(waves(&hz, span), grams()),
        };
        Some(Self {
            freqs: segment.freqs,
            am: segment.am,
            range: hz.iter().fold((f32::INFINITY, 0.0), |(a, b), f| (f.min(a), f.max(b))),
            drifts: (0.0, 0.0),
            fit,
            span,
            steady: steady.min(MAX_FIT),
            min_balance: if beat > CLOSE_BEAT { MIN_CLOSE_BALANCE } else { MIN_BALANCE },
            min_share: MIN_SHARE,
        })
    }

    /// Samples over which its power is steady: whole periods of its beat, of about 12 ms at least.
    pub(super) const fn steady(&self) -> usize {
        self.steady
    }

    /// Samples of the fit.
    pub(super) const fn span(&self) -> usize {
        self.span
    }

    fn parts_hz(&self) -> Option<ArrayVec<f32, MAX_PARTS>> {
        parts(self.freqs, self.am)
    }

    /// The middle of its frequencies, and whether it is a single one.
    fn middle(&self) -> (f32, bool) {
        let sum: f32 = self.freqs.iter().sum();
        (sum / self.freqs.len().max(1) as f32, matches!(self.fit, Fit::Single(_)))
    }

    const fn parts(&self) -> usize {
        match self.fit {
            Fit::Single(_) => 1,
            Fit::Pair(..) => 2,
            Fit::Triple(..) => 3,
        }
    }

    /// The share of the window's power that it explains, if it is present. `z` ends with the window.
    // Seldom called: what it needs shall not weigh upon who calls it.
    #[inline(never)]
    fn share(&self, z: &[Complex; MAX_FIT], power: f32) -> Option<f32> {
        let share = match &self.fit {
            Fit::Single(wave) => self.share_of_single(wave, z, power)?,
            Fit::Pair(waves, grams) => {
                let sums = simd::run(Correlate { waves, z, span: self.span });
                self.share_of_many(&sums, grams, z, power)
            }
            Fit::Triple(waves, grams) => {
                let sums = simd::run(Correlate { waves, z, span: self.span });
                self.share_of_many(&sums, grams, z, power)
            }
        };
        (share >= self.min_share).then_some(share.min(1.0))
    }

    /// Fitted at the frequency that it has: the phases of the hops tell it.
    fn share_of_single(&self, wave: &[Complex; FILL], z: &[Complex; MAX_FIT], power: f32) -> Option<f32> {
        let mut hops = [Complex::default(); WINDOW];
        let z = z.last_chunk::<FILL>()?;
        for (sum, (z, wave)) in hops.iter_mut().zip(z.chunks_exact(LOW).zip(wave.chunks_exact(LOW))) {
            for (z, w) in z.iter().zip(wave) {
                *sum = sum.plus(z.times(*w));
            }
        }
        let advance = hops.windows(2).fold(Complex::default(), |sum, w| match w {
            [a, b] => sum.plus(b.times(a.conj())),
            _ => sum,
        });
        // The angle of the advance, as its tangent: it is small, or it is not this tone.
        let drift = advance.im / advance.re.max(1e-9);
        if !(self.drifts.0..=self.drifts.1).contains(&drift) {
            return None;
        }
        let back = advance.conj().scale(1.0 / libm::sqrtf(advance.power()).max(1e-9));
        let sum = hops.iter().rev().fold(Complex::default(), |sum, c| sum.times(back).plus(*c));
        // What the drift within a hop takes away.
        let loss = 1.0 - (drift * drift).min(0.5) / 12.0;
        Some(sum.power() / (FILL as f32 * power * loss))
    }

    /// Fitted at three deviations: the best.
    fn share_of_many(&self, sums: &[f32], grams: &[Gram; 3], z: &[Complex; MAX_FIT], power: f32) -> f32 {
        let n = self.span as f32;
        let total = if self.span == FILL { power } else { z.iter().rev().take(self.span).map(|z| z.power()).sum() };
        let (re, im) = sums.split_at(sums.len() / 2);
        let parts = self.parts();
        let mut best = 0.0f32;
        // What is explained is at most so much of the correlations' power.
        let least = self.min_share * total * n * (1.0 - 1e-4);
        for ((gram, re), im) in grams.iter().zip(re.chunks_exact(parts)).zip(im.chunks_exact(parts)) {
            let correlated: f32 = re.iter().zip(im).map(|(re, im)| re * re + im * im).sum();
            if correlated * gram.most < least {
                continue;
            }
            let mut c = [Complex::default(); MAX_PARTS];
            for ((c, re), im) in c.iter_mut().zip(re).zip(im) {
                *c = Complex::new(re / n, im / n);
            }
            let mut explained = 0.0;
            let mut own = [Complex::default(); MAX_PARTS];
            for ((row, c_i), own) in gram.inverse.iter().zip(c).zip(&mut own).take(parts) {
                *own = row.iter().zip(c).fold(Complex::default(), |sum, (h, c_j)| sum.plus(h.times(c_j)));
                explained += c_i.conj().times(*own).re;
            }
            let share = n * explained / total.max(1e-9);
            if share > best && self.balanced(own) {
                best = share;
            }
        }
        best
    }

    /// Whether the amplitudes are those of such a tone.
    fn balanced(&self, own: [Complex; MAX_PARTS]) -> bool {
        let [a, b, c] = own.map(Complex::power);
        if self.am > 0.0 {
            let sum = a + b + c;
            let [carrier, low, high] = own;
            let agreement = low.times(high).times(carrier.times(carrier).conj()).re;
            return a >= MIN_CARRIER * sum
                && b + c >= MIN_SIDE_BANDS * sum
                && b.min(c) >= MIN_SIDE_BALANCE * b.max(c)
                && agreement >= MIN_AGREEMENT * libm::sqrtf(b * c) * a;
        }
        let c = if self.parts() == 2 { a } else { c };
        a.min(b).min(c) >= self.min_balance * a.max(b).max(c)
    }
}

/// The sinusoids of a segment: its frequencies, or of a modulated one the carrier and its side bands. `None` if there
/// are too many.
fn parts(freqs: &[f32], am: f32) -> Option<ArrayVec<f32, MAX_PARTS>> {
    let mut hz = ArrayVec::new();
    for &f in freqs {
        hz.try_push(f).ok()?;
        if am > 0.0 {
            hz.try_push(f - am).ok()?;
            hz.try_push(f + am).ok()?;
        }
    }
    Some(hz)
}

/// Correlates the newest `span` samples with waves.
struct Correlate<'a, const LANES: usize> {
    waves: &'a Waves<LANES>,
    z: &'a [Complex; MAX_FIT],
    span: usize,
}

impl<const LANES: usize> Kernel for Correlate<'_, LANES> {
    type Output = [f32; LANES];

    #[inline(always)]
    #[allow(clippy::indexing_slicing, clippy::needless_range_loop, reason = "all bounds are constants")]
    fn run(self) -> [f32; LANES] {
        // The waves end at phase 0 with the newest sample, in the last row.
        let mut sums = [0.0f32; LANES];
        for n in MAX_FIT - self.span.min(MAX_FIT)..MAX_FIT {
            let ([of_re, of_im], z) = (&self.waves[n], self.z[n]);
            for i in 0..LANES {
                sums[i] += z.re * of_re[i] + z.im * of_im[i];
            }
        }
        sums
    }
}

/// The waves of some frequencies at all deviations.
fn waves<const LANES: usize>(hz: &[f32], span: usize) -> Box<Waves<LANES>> {
    let mut rows = Box::new([[[0.0; LANES]; 2]; MAX_FIT]);
    for (n, [of_re, of_im]) in rows.iter_mut().enumerate().skip(MAX_FIT.saturating_sub(span)) {
        let (re_of_re, im_of_re) = of_re.split_at_mut(LANES / 2);
        let (re_of_im, im_of_im) = of_im.split_at_mut(LANES / 2);
        let turns = DEVIATIONS.iter().flat_map(|k| hz.iter().map(move |f| turn(f * k)));
        let of_re = re_of_re.iter_mut().zip(im_of_re);
        let of_im = re_of_im.iter_mut().zip(im_of_im);
        for ((of_re, of_im), turn) in of_re.zip(of_im).zip(turns) {
            let wave = Complex::unit(turn * (n as f32 - (MAX_FIT - 1) as f32));
            (*of_re.0, *of_re.1) = (wave.re, -wave.im);
            (*of_im.0, *of_im.1) = (wave.im, wave.re);
        }
    }
    rows
}

/// The weights with which the power of a window and its correlations at lags 1 and 2 give the power that is left behind a
/// filter whose zeros are at a signature's frequencies: one, or two, or of three twice at their middle. Less what may be
/// left.
fn annihilator(hz: &[f32], modulated: bool) -> [f32; 5] {
    let (a, b) = match hz {
        [carrier, ..] if modulated => (*carrier, Some(*carrier)),
        [_, middle, _] => (*middle, Some(*middle)),
        [a, b, ..] => (*a, Some(*b)),
        [a] => (*a, None),
        [] => (0.0, None),
    };
    let a = Complex::unit(turn(a));
    // |z0 - sum z1 + product z2|^2, with mean products of samples for those of the window.
    let (sum, product) = b.map_or((a, Complex::default()), |b| {
        let b = Complex::unit(turn(b));
        (a.plus(b), a.times(b))
    });
    let cross = sum.plus(sum.conj().times(product));
    let power = 1.0 + sum.power() + product.power() - MAX_LEFT;
    [power, -2.0 * cross.re, -2.0 * cross.im, 2.0 * product.re, 2.0 * product.im]
}

/// Inverts the Gram matrix of some sinusoids over so many samples, by elimination.
fn invert(turns: &[f32], span: usize) -> Gram {
    let n = span as f32;
    let count = turns.len().min(MAX_PARTS);
    let of = |i: usize| turns.get(i).copied().unwrap_or(0.0);
    // Rows of (Gram | identity).
    let mut rows = [[Complex::default(); 2 * MAX_PARTS]; MAX_PARTS];
    for (i, row) in rows.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell = if j == i + MAX_PARTS || (i == j && i >= count) {
                Complex::new(1.0, 0.0)
            } else if i < count && j < count {
                // Mean of exp(j (w_j - w_i) t) over the window, which ends at t = 0.
                let step = of(i) - of(j);
                (0..span).fold(Complex::default(), |sum, k| sum.plus(Complex::unit(step * k as f32))).scale(1.0 / n)
            } else {
                Complex::default()
            };
        }
    }
    for i in 0..MAX_PARTS {
        let Some(mut pivot) = rows.get(i).copied() else { continue };
        let p = pivot.get(i).copied().unwrap_or_default();
        // The matrix is positive definite; the bound only keeps equal frequencies from dividing by zero.
        let k = p.conj().scale(1.0 / p.power().max(1e-6));
        pivot = pivot.map(|c| c.times(k));
        for (j, row) in rows.iter_mut().enumerate() {
            if j == i {
                *row = pivot;
            } else {
                let f = row.get(i).copied().unwrap_or_default().scale(-1.0);
                for (c, p) in row.iter_mut().zip(pivot) {
                    *c = c.plus(f.times(p));
                }
            }
        }
    }
    let mut inverse = [[Complex::default(); MAX_PARTS]; MAX_PARTS];
    for (to, from) in inverse.iter_mut().zip(rows) {
        for (t, f) in to.iter_mut().zip(from.into_iter().skip(MAX_PARTS)) {
            *t = f;
        }
    }
    // The largest sum of a row.
    let row = |row: &[Complex; MAX_PARTS]| row.iter().take(count).map(|c| libm::sqrtf(c.power())).sum::<f32>();
    let most = inverse.iter().take(count).map(row).fold(0.0, f32::max);
    Gram { inverse, most }
}
