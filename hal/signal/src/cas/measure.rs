//! The second stage: measures two tones in the last 150 ms of the line, and judges them.

use super::{KEPT, TONES};
use crate::bank::cosine;
use crate::filter::Complex;
use crate::level;
use crate::simd::{self, Kernel};
use core::f32::consts::TAU;

/// Samples between two points of a tone's course: 2 ms.
const STEP: usize = 16;
/// Samples of a window: 8 ms.
const WINDOW: usize = 64;
/// Points of a course.
const POINTS: usize = (KEPT - WINDOW) / STEP + 1;
/// Points of a core.
const CORE_POINTS: usize = (CORE - WINDOW) / STEP + 1;
/// How many points the tone may begin after the core, or end before it.
const SLACK: usize = 8;
/// Points at either end of a burst whose windows reach beyond it, with one to spare.
const RIM: usize = 2;
/// Least length of a burst in points.
const MIN_POINTS: usize = 16;
/// Samples of a core: the turns that the first stage sums, and the windows they are between.
const CORE: usize = (super::CORE + 2) * super::HOP;
/// Floats side by side in a vector.
const LANES: usize = 16;

/// Furthest that a frequency may be off, as a fraction: BT's on-hook tolerance is 1.1 %.
const MAX_OFF: f32 = 0.0145;
/// The tolerance that networks keep to during a call, as a fraction: what is further off needs better evidence.
const USUAL_OFF: f32 = 0.005;
/// What no network allows, as a fraction, with a little for the measurement.
const STRANGE_OFF: f32 = 0.0112;
/// Greatest twist, in dB: BT's 7 dB and what speech may add.
const MAX_TWIST: f32 = 9.5;
/// Weakest tone, in dBm0.
const MIN_LEVEL: f32 = -40.0;
/// Least product of both purities over the core.
const MIN_PURITY: f32 = 0.17;
/// Points that an alerting tone must reach.
const PASS: f32 = 0.0;
/// Evidence that an alerting tone must have at least.
const MIN_EVIDENCE: f32 = 4.0;
/// Evidence from which the line counts as clean, so that the length is sure to a millisecond.
const CLEAN: f32 = 30.0;
/// How much shorter or longer a tone may seem when the line is not clean, in samples: most, and for each point less.
const UNSURE: f32 = 20.0;
const UNSURE_PER_POINT: f32 = 1.3;
/// Evidence from which an unusual tone counts against it less and less, and not at all: on hook, with nobody speaking,
/// the tolerances are wide.
const LENIENT: [f32; 2] = [30.0, 45.0];
/// Points to begin with, and for each point of evidence of the burst, the steadiness, the neighbours, the silence before.
const BASE: f32 = 2.1;
const BURST: f32 = 0.06;
const STEADY: f32 = 0.2;
const ALONE: f32 = 0.11;
const BEFORE: f32 = 0.43;
/// Points lost for each half percent that a tone is further off than usual, and beyond all tolerances.
const UNUSUAL: f32 = 5.0;
const STRANGE: f32 = 5.0;
/// Twist that says nothing, in dB, and points lost for each dB more.
const TWIST: f32 = 1.0;
const TWISTED: f32 = 0.76;
/// Points lost for each radian that the phase drifts from the first third to the last, and for each that it bends.
const DRIFT: f32 = 1.4;
const BEND: f32 = 0.57;
/// Points lost for each ms less than 2.5 ms above the least length, or 6 ms below the greatest.
const ODD_LENGTH: f32 = 0.5;
/// Points lost for each factor of e by which the neighbouring harmonics are stronger than [`FAINT`].
const VOICE: f32 = 1.64;
/// Most that a quarter of the tone may differ from the whole where all else is silent, squared.
const MAX_UNEVEN: f32 = 0.25;
/// Neighbouring harmonics weaker than this are no evidence: natural logarithm of the power relative to the tones.
const FAINT: f32 = -4.5;
/// Fundamentals that both tones could be harmonics of are the difference divided by 2 to 8: 310 to 77 Hz.
const FUNDAMENTALS: usize = 7;
/// How far a tone may be off the harmonic, in Hz.
const MAX_INHARMONIC: f32 = 15.0;

/// A band under a raised-cosine window: cosine and negated sine.
type Band = [[f32; WINDOW]; 2];

static TONE_BANDS: [Band; 2] = [band(TONES[0]), band(TONES[1])];
/// The neighbours: below and above each tone, beyond the reach of a window on the tone.
static NEIGHBOURS: [[Band; 2]; 2] = [[band(1890.0), band(2370.0)], [band(2510.0), band(2990.0)]];

const fn band(hz: f32) -> Band {
    let mut table = [[0.0; WINDOW]; 2];
    let mut n = 0;
    while n < WINDOW {
        let window = (0.5 - 0.5 * cosine((n as f64 + 0.5) / WINDOW as f64)) * 4.0 / WINDOW as f64;
        let turns = hz as f64 * n as f64 / crate::SAMPLE_RATE as f64;
        table[0][n] = (cosine(turns) * window) as f32;
        table[1][n] = (-cosine(turns - 0.25) * window) as f32;
        n += 1;
    }
    table
}

/// Correlates the first [`WINDOW`] samples.
#[inline(always)]
fn correlate(x: &[f32], band: &Band) -> Complex {
    Complex::new(dot(x, &band[0]), dot(x, &band[1]))
}

#[inline(always)]
fn dot(x: &[f32], wave: &[f32; WINDOW]) -> f32 {
    let mut sum = [0.0f32; LANES];
    for (x, w) in x.as_chunks::<LANES>().0.iter().zip(wave.as_chunks::<LANES>().0) {
        for ((s, x), w) in sum.iter_mut().zip(x).zip(w) {
            *s += x * w;
        }
    }
    simd::sum_of_quarters(&sum)
}

/// A turn back by `hz` over `samples`.
#[inline(always)]
fn back(hz: f32, samples: usize) -> Complex {
    let turns = hz * samples as f32 / crate::SAMPLE_RATE as f32;
    Complex::unit(-TAU * (turns - libm::floorf(turns)))
}

/// A tone's course: its phasor at each point, turned back by its frequency.
struct Course {
    /// Sums of the phasors and of their powers up to each point.
    sums: [Complex; POINTS + 1],
    energy: [f32; POINTS + 1],
}

impl Course {
    /// Follows the tone of `pitch` through the whole stretch.
    #[inline(always)]
    fn new(x: &[f32; KEPT], hz: f32, band: &Band, pitch: Pitch) -> Self {
        let step = back(hz + pitch.deviation, STEP);
        let mut turn = Complex::new(1.0, 0.0);
        let mut course = Self { sums: [Complex::default(); POINTS + 1], energy: [0.0; POINTS + 1] };
        let (mut sum, mut energy) = (Complex::default(), 0.0);
        let points = course.sums.iter_mut().zip(&mut course.energy).skip(1);
        for ((s, e), x) in points.zip(x.windows(WINDOW).step_by(STEP)) {
            let point = correlate(x, band);
            sum = sum.plus(point.times(turn));
            energy += point.power();
            (*s, *e) = (sum, energy);
            turn = turn.times(step);
        }
        course
    }

    /// The sum of the phasors of some points.
    #[inline(always)]
    fn sum(&self, from: usize, to: usize) -> Complex {
        match (self.sums.get(from), self.sums.get(to)) {
            (Some(a), Some(b)) => b.plus(a.scale(-1.0)),
            _ => Complex::default(),
        }
    }

    #[inline(always)]
    fn mean(&self, from: usize, to: usize) -> Complex {
        self.sum(from, to).scale(1.0 / to.saturating_sub(from).max(1) as f32)
    }

    /// Share of the power of some points that is the tone's.
    #[inline(always)]
    fn purity(&self, from: usize, to: usize) -> f32 {
        let all = match (self.energy.get(from), self.energy.get(to)) {
            (Some(a), Some(b)) => b - a,
            _ => 0.0,
        };
        if all > 0.0 { self.mean(from, to).power() * to.saturating_sub(from) as f32 / all } else { 0.0 }
    }

    /// Mean power of the points before `from`.
    #[inline(always)]
    fn before(&self, from: usize) -> f32 {
        self.energy.get(from).copied().unwrap_or_default() / from.max(1) as f32
    }

    fn whole(&self) -> f32 {
        self.energy.last().copied().unwrap_or_default()
    }

    /// The power that is left when a burst from point to point is taken away.
    #[inline(always)]
    fn left(&self, from: usize, to: usize) -> f32 {
        self.whole() - self.sum(from, to).power() / to.saturating_sub(from).max(1) as f32
    }
}

/// A tone in the core of a candidate.
#[derive(Clone, Copy, Debug)]
struct Pitch {
    /// Deviation from the nominal frequency, in Hz: to about 1 Hz, within 40 Hz.
    deviation: f32,
    /// Share of the core's power that is the tone's.
    purity: f32,
}

impl Pitch {
    /// The pitch that explains most of `core`.
    #[inline(always)]
    fn new(core: &[f32], hz: f32, band: &Band) -> Self {
        let mut points = [Complex::default(); CORE_POINTS];
        let (step, mut turn) = (back(hz, STEP), Complex::new(1.0, 0.0));
        let mut energy = 0.0;
        for (p, x) in points.iter_mut().zip(core.windows(WINDOW).step_by(STEP)) {
            *p = correlate(x, band).times(turn);
            energy += p.power();
            turn = turn.times(step);
        }
        // First in steps of 4 Hz, over groups of 8 ms.
        let groups: [Complex; CORE_POINTS / 4] =
            core::array::from_fn(|i| points.iter().skip(4 * i).take(4).fold(Complex::default(), |s, p| s.plus(*p)));
        let (mut step, next) = (back(-40.0, 4 * STEP), back(4.0, 4 * STEP));
        let mut best = (-1.0, 0.0);
        for i in -10i8..=10 {
            let mut turn = Complex::new(1.0, 0.0);
            let mut sum = Complex::default();
            for g in groups {
                sum = sum.plus(g.times(turn));
                turn = turn.times(step);
            }
            if sum.power() > best.0 {
                best = (sum.power(), f32::from(i) * 4.0);
            }
            step = step.times(next);
        }
        let purity = if energy > 0.0 { best.0 / (CORE_POINTS as f32 * energy) } else { 0.0 };
        // Then by the phase from the first half to the second, twice.
        let (first, second) = points.split_at(CORE_POINTS / 2);
        let mut deviation = best.1;
        for _ in 0..2 {
            let step = back(deviation, STEP);
            let mut turn = Complex::new(1.0, 0.0);
            let mut sum = |part: &[Complex]| {
                part.iter().fold(Complex::default(), |s, p| {
                    let next = s.plus(p.times(turn));
                    turn = turn.times(step);
                    next
                })
            };
            let (a, b) = (sum(first), sum(second));
            let seconds = (CORE_POINTS / 2 * STEP) as f32 / crate::SAMPLE_RATE as f32;
            deviation += b.times(a.conj()).angle() / (TAU * seconds);
        }
        Self { deviation, purity }
    }
}

/// An alerting tone, or what resembles one, measured. Arrays: of the lower and the upper tone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    /// Length in samples.
    pub(super) samples: f32,
    /// Deviation from the nominal frequency, in Hz.
    pub(super) deviation: [f32; 2],
    /// Mean square of each tone.
    pub(super) power: [f32; 2],
    /// How well two such tones explain what was heard: points of a logarithm.
    pub(super) evidence: f32,
    /// Points for and against it: above zero it is likelier an alerting tone than a voice.
    pub(super) points: f32,
}

impl Measured {
    /// Whether it is an alerting tone of `min` to `max` samples.
    pub(super) fn is_alert(&self, min: f32, max: f32) -> bool {
        let unsure = ((CLEAN - self.evidence) * UNSURE_PER_POINT).clamp(0.0, UNSURE);
        self.points >= PASS
            && self.evidence >= MIN_EVIDENCE
            && self.samples >= min - unsure
            && self.samples <= max + unsure
    }
}

/// The measurement. `end`: where the core ends, [`CORE`] samples that should be inside the tone. Limits: lengths, in
/// samples.
pub(super) struct Measure<'a> {
    pub(super) x: &'a [f32; KEPT],
    pub(super) end: usize,
    pub(super) min: f32,
    pub(super) max: f32,
}

impl Kernel for Measure<'_> {
    type Output = Option<Measured>;

    #[inline(always)]
    fn run(self) -> Option<Measured> {
        let start = self.end.checked_sub(CORE)? / STEP;
        let core = self.x.get(start * STEP..self.end)?;
        let low = Pitch::new(core, TONES[0], &TONE_BANDS[0]);
        if low.purity < MIN_PURITY {
            return None;
        }
        let high = Pitch::new(core, TONES[1], &TONE_BANDS[1]);
        let deviation = [low.deviation, high.deviation];
        let off = [low.deviation.abs() / TONES[0], high.deviation.abs() / TONES[1]];
        if low.purity * high.purity < MIN_PURITY || off.iter().any(|off| *off > MAX_OFF) {
            return None;
        }
        let low = Course::new(self.x, TONES[0], &TONE_BANDS[0], low);
        let high = Course::new(self.x, TONES[1], &TONE_BANDS[1], high);
        // The burst, the same for both tones, that explains most of both courses.
        let mut best = (f32::MAX, 0, 0);
        for from in 0..(start + SLACK).min(POINTS) {
            for to in (start + CORE_POINTS).saturating_sub(SLACK).max(from + MIN_POINTS)..=POINTS {
                let left = low.left(from, to) * high.left(from, to);
                if left < best.0 {
                    best = (left, from, to);
                }
            }
        }
        let (left, from, to) = best;
        let inner = (from + RIM, to.checked_sub(RIM)?);
        let mut m = Measured::default();
        let mut length = 0.0;
        for (k, course) in [&low, &high].into_iter().enumerate() {
            let mean = course.mean(inner.0, inner.1);
            // Where the tone begins or ends inside a window it is weaker: the area is the length.
            let all = course.sum(from.saturating_sub(RIM + 1), (to + RIM + 1).min(POINTS));
            length += all.re * mean.re + all.im * mean.im;
            m.power[k] = mean.power() / 2.0;
            m.deviation[k] = deviation[k];
        }
        m.samples = length / (2.0 * (m.power[0] + m.power[1])) * STEP as f32;
        let levels = m.power.map(level::dbm0);
        if !(m.samples >= self.min - UNSURE && m.samples <= self.max + UNSURE)
            || (levels[0] - levels[1]).abs() > MAX_TWIST
            || levels.iter().any(|l| *l < MIN_LEVEL)
        {
            return None;
        }
        // For it: how much of the courses the burst explains.
        let burst = -2.0 * ln(left / (low.whole() * high.whole()));
        m.evidence = burst;
        m.points = BASE + BURST * burst;
        let mut unusual = 0.0;
        for (k, course) in [&low, &high].into_iter().enumerate() {
            let power = 2.0 * m.power[k];
            // How pure each tone is in its own band, how steady, and how it stands out from the bands beside.
            let uneven = unevenness(course, inner) / power;
            let beside = NEIGHBOURS[k].iter().map(|band| self.energy(band, from, to)).fold(0.0, f32::max) / power;
            m.evidence -= ln(1.0 - course.purity(inner.0, inner.1)) + 0.5 * ln(uneven) + ln(beside);
            m.points -= 0.5 * STEADY * ln(uneven) + ALONE * ln(beside);
            // Speech and noise make a tone uneven, but not without being heard beside it.
            if uneven > MAX_UNEVEN + 3.0 * beside {
                return None;
            }
            // A voice was there before, and its pitch moves.
            let before = course.before(from.saturating_sub(RIM)) / power;
            m.points -= BEFORE * libm::logf(before.clamp(0.05, 7.4));
            let (drift, bend) = phase(course, inner);
            m.points -= DRIFT * drift + BEND * bend;
            // Against it: further off than networks are.
            unusual += UNUSUAL * (off[k].min(STRANGE_OFF) / USUAL_OFF - 1.0).max(0.0);
            m.points -= STRANGE * ((off[k] - STRANGE_OFF) / USUAL_OFF).max(0.0);
        }
        unusual += TWISTED * ((levels[0] - levels[1]).abs() - TWIST).max(0.0);
        let [from_here, to_here] = LENIENT;
        m.points -= unusual * ((to_here - m.evidence) / (to_here - from_here)).clamp(0.0, 1.0);
        let odd = (self.min + 20.0 - m.samples).max(m.samples - (self.max - 48.0)).max(0.0);
        m.points -= ODD_LENGTH / 8.0 * odd;
        if m.points >= PASS {
            let centre = (WINDOW - STEP) / 2;
            let x = self.x.get(from * STEP + centre..(to * STEP + centre).min(KEPT))?;
            m.points -= VOICE * (harmonics(x, &m) - FAINT).max(0.0);
        }
        Some(m)
    }
}

impl Measure<'_> {
    /// Mean power of a band, from point to point.
    #[inline(always)]
    fn energy(&self, band: &Band, from: usize, to: usize) -> f32 {
        let (mut sum, mut count) = (0.0, 0.0);
        for x in self.x.windows(WINDOW).step_by(STEP).take(to).skip(from).step_by(2) {
            sum += correlate(x, band).power();
            count += 1.0;
        }
        sum / f32::max(count, 1.0)
    }
}

/// The natural logarithm of a ratio, not below that of 1/1000: nothing on a line is cleaner.
fn ln(ratio: f32) -> f32 {
    libm::logf(ratio.max(1e-3))
}

/// The largest deviation of a quarter from the whole, squared.
#[inline(always)]
fn unevenness(course: &Course, inner: (usize, usize)) -> f32 {
    let mean = course.mean(inner.0, inner.1);
    let quarter = inner.1.saturating_sub(inner.0) / 4;
    (0..4)
        .map(|q| {
            let from = inner.0 + q * quarter;
            course.mean(from, from + quarter).plus(mean.scale(-1.0)).power()
        })
        .fold(0.0, f32::max)
}

/// How far the phase moves from the first third to the last, and how much more in the second half than in the first,
/// in radians.
#[inline(always)]
fn phase(course: &Course, inner: (usize, usize)) -> (f32, f32) {
    let third = inner.1.saturating_sub(inner.0) / 3;
    let part = |i: usize| course.mean(inner.0 + i * third, inner.0 + (i + 1) * third);
    let (a, b, c) = (part(0), part(1), part(2));
    let (first, second) = (b.times(a.conj()), c.times(b.conj()));
    (c.times(a.conj()).angle().abs(), second.times(first.conj()).angle().abs())
}

/// How strong the neighbours are that both tones have if they are harmonics of a voice: the mean natural logarithm of
/// their power relative to the tones, for the fundamental for which it is largest.
#[inline(always)]
fn harmonics(x: &[f32], m: &Measured) -> f32 {
    let hz = [TONES[0] + m.deviation[0], TONES[1] + m.deviation[1]];
    let fundamental: [f32; FUNDAMENTALS] = core::array::from_fn(|k| (hz[1] - hz[0]) / (k + 2) as f32);
    let mut at = [0.0f32; 32];
    for (at, f) in at.as_chunks_mut::<4>().0.iter_mut().zip(fundamental) {
        *at = [hz[0] - f, hz[0] + f, hz[1] - f, hz[1] + f];
    }
    let power = lines(x, &at);
    let mut most = f32::MIN;
    for (power, f) in power.as_chunks::<4>().0.iter().zip(fundamental) {
        let order = hz[0] / f;
        if ((order - libm::roundf(order)) * f).abs() < MAX_INHARMONIC {
            let [a, b, c, d] = power.map(|p| libm::logf(p.max(1e-3)));
            let tones = libm::logf(2.0 * m.power[0]) + libm::logf(2.0 * m.power[1]);
            most = most.max((a + b + c + d) / 4.0 - tones / 2.0);
        }
    }
    most
}

/// Squared peaks of the lines at `hz` in `x`, under a raised-cosine window.
#[inline(always)]
fn lines(x: &[f32], hz: &[f32; 32]) -> [f32; 32] {
    let step = hz.map(|f| back(f, 1));
    let (c, d) = (step.map(|s| s.re), step.map(|s| s.im));
    let (mut re, mut im) = ([1.0f32; 32], [0.0f32; 32]);
    let (mut a, mut b) = ([0.0f32; 32], [0.0f32; 32]);
    let n = x.len().max(1) as f32;
    let turn = Complex::unit(TAU / n);
    let mut window = Complex::unit(TAU * 0.5 / n);
    for x in x {
        let v = x * (0.5 - 0.5 * window.re);
        window = window.times(turn);
        for i in 0..32 {
            a[i] += v * re[i];
            b[i] += v * im[i];
            let r = re[i] * c[i] - im[i] * d[i];
            im[i] = re[i] * d[i] + im[i] * c[i];
            re[i] = r;
        }
    }
    core::array::from_fn(|i| (a[i] * a[i] + b[i] * b[i]) * 16.0 / (n * n))
}
