//! Follows one steady tone: its exact frequency, level, purity and length, its modulation and the reversals of its
//! phase.
//!
//! The differences of the line are multiplied with a wave of about the tone's frequency and summed over 5 ms. What
//! comes out is a slow vector: its turning is the frequency, its length the level, a half turn a reversal.

use super::front::{HOP, Hop, Moments, Rough};
use crate::SAMPLE_RATE;
use crate::bank::cosine;
use crate::filter::Complex;
use crate::osc::Osc;
use crate::simd::{self, Kernel};
use core::f32::consts::TAU;

/// Samples of a step: 5 ms.
const STEP: usize = HOP / 2;
const STEP_MS: u32 = 5;
/// Least share of the tone in a hop that holds it, and while it is young.
const MIN_SHARE: f32 = 0.6;
const YOUNG_SHARE: f32 = 0.75;
/// A step holds the tone from this part of its mean power on: 6 dB.
const MIN_POWER: f32 = 0.25;
/// Steps whose mean power is the measure.
const MEAN_STEPS: u32 = 16;
/// Until it is this old, a tone may have no gap, in ms.
const YOUNG_MS: u32 = 80;
/// Gaps up to this are interruptions, in ms.
const MAX_GAP_MS: u32 = 60;
/// Steps of which a frequency is taken: 15 ms.
const BLOCK: u32 = 3;
/// The wave is tuned anew when the tone is this far from it, in Hz.
const RETUNE_HZ: f32 = 12.0;
/// Change of frequency from block to block that ends a tone, in Hz.
const MAX_GLIDE_HZ: f32 = 15.0;
/// A second tone is sought after so many steps.
const SETTLED: u32 = 6;
/// A second tone has at least this part of the power, and this part of what the first leaves.
const MIN_SECOND: f32 = 0.02;
const MIN_SECOND_SHARE: f32 = 0.5;
/// Nearer to the tone there is only what its edges leave, in Hz.
const APART_HZ: f32 = 60.0;
/// Modulation of V.8 ANSam, Hz.
const AM_HZ: f64 = 15.0;
/// Its phase after one step.
const AM_STEP: Complex = {
    let turns = AM_HZ * STEP_MS as f64 / 1000.0;
    Complex::new(cosine(turns) as f32, cosine(turns - 0.25) as f32)
};
/// Depth of modulation from which it is one. V.8 has 0.2.
const MIN_DEPTH: f32 = 0.1;
/// Steps that the depth is taken of: five periods and more.
const MIN_DEPTH_STEPS: u32 = 70;
/// Answer tone: nominal frequency and its largest deviation, the line's own included, in Hz.
const ANSWER_HZ: (f32, f32) = (2100.0, 40.0);
/// Answer tone of Bell 103, 212A and others.
const BELL_HZ: (f32, f32) = (2225.0, 30.0);
/// Least share of an answer tone in the line's power.
const ANSWER_SHARE: f32 = 0.75;
/// Steps without the tone over which the phase is still compared: a reversal spoils up to three.
const MAX_JUMP_STEPS: u32 = 4;
/// A phase that turns by more than this (130 degrees) is reversed: its cosine.
const REVERSED: f32 = -0.64;
/// From one reversal to the next, in ms: V.25 says 450 +- 25.
const REVERSAL_MS: core::ops::RangeInclusive<u32> = 405..=495;
/// The modulation is judged at this age, in ms.
const AM_MS: u32 = 400;
/// Without a reversal for so long, there will be none, in ms.
const PLAIN_MS: u32 = 540;
/// The Bell tone is told at this age, in ms: longer than most notes of music.
const BELL_MS: u32 = 800;

/// The kind of an answer tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// 2100 Hz, and nothing else.
    Plain,
    /// 2100 Hz with phase reversals.
    Reversed,
    /// 2100 Hz, modulated.
    Modulated,
    /// 2225 Hz.
    Bell,
}

/// A tone that has ended, or goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Summary {
    /// Sample at which it began.
    pub(super) onset: u64,
    /// Sample at which it ended, or was last heard.
    pub(super) end: u64,
    /// Mean frequency in Hz.
    pub(super) hz: f32,
    /// From the least to the greatest frequency of 15 ms, in Hz.
    pub(super) wander: f32,
    /// Mean share of the line's power; 0 to 1.
    pub(super) share: f32,
    /// Standard deviation of its amplitude over its mean.
    pub(super) uneven: f32,
    /// Mean square of the tone on the line.
    pub(super) power: f32,
    /// A second tone in what the first leaves: its frequency in Hz, or 0.
    pub(super) second_hz: f32,
}

impl Summary {
    /// Its length in ms.
    pub(super) fn ms(&self) -> u32 {
        millis(self.end.saturating_sub(self.onset))
    }
}

fn millis(samples: u64) -> u32 {
    u32::try_from(samples / u64::from(SAMPLE_RATE / 1000)).unwrap_or(u32::MAX)
}

/// What a hop did to the tone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// It goes on (or is interrupted).
    Goes,
    /// It was none.
    Lost,
    /// It has ended.
    Ended(Summary),
}

/// Follows a tone.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    /// Cosine and negated sine of the frequency `tuned`, over one step.
    wave: [[f32; STEP]; 2],
    tuned: f32,
    /// Inverse of the products of the wave's two parts with each other: a step is no whole number of periods.
    inverse: [f32; 3],
    /// Gain of the differences at this frequency, as a factor of power.
    gain: f32,
    /// The wave's advance over one step, and its phase (negated).
    turn: Complex,
    phase: Complex,
    /// The last step.
    last: Complex,
    /// The last step that held the tone, the one before it, and their numbers.
    heard: [(Complex, u32); 2],
    onset: u64,
    end: u64,
    steps: u32,
    absent: u32,
    present: u32,
    /// Mean square length of the steps' vectors.
    power: f32,
    /// Sum of the turnings from step to step.
    advance: Complex,
    block: Complex,
    block_steps: u32,
    least_hz: f32,
    greatest_hz: f32,
    share: f32,
    shares: u32,
    /// Energy of the hops that held the tone, and sums over what it left of them.
    energy: f32,
    rest: Moments,
    retuned: bool,
    /// Modulation: the phase of 15 Hz, and the sums of lengths, their squares, phases and products.
    am: Complex,
    lengths: f32,
    squares: f32,
    phases: Complex,
    products: Complex,
    counted: u32,
    /// Square of the length of the last step, which is not counted yet.
    uncounted: f32,
    /// When the phase last jumped, or the tone came back, and whether the last jump was a reversal that is in time.
    jump: u64,
    last_reversal: u64,
    reversed: bool,
    told: bool,
}

impl Follower {
    /// A tone that began at sample `onset` and is at `rough` now; the next hop begins at sample `now`.
    pub(super) fn new(rough: Rough, onset: u64, now: u64) -> Self {
        let mut it = Self {
            wave: [[0.0; STEP]; 2],
            tuned: 0.0,
            inverse: [0.0; 3],
            gain: 1.0,
            turn: Complex::default(),
            phase: Complex::default(),
            last: Complex::default(),
            heard: [(Complex::default(), 0); 2],
            onset,
            end: now,
            steps: 0,
            absent: 0,
            present: 0,
            power: 0.0,
            advance: Complex::default(),
            block: Complex::default(),
            block_steps: 0,
            least_hz: f32::MAX,
            greatest_hz: 0.0,
            share: 0.0,
            shares: 0,
            energy: 0.0,
            rest: Moments::default(),
            retuned: false,
            am: Complex::new(1.0, 0.0),
            lengths: 0.0,
            squares: 0.0,
            phases: Complex::default(),
            products: Complex::default(),
            counted: 0,
            uncounted: 0.0,
            jump: onset,
            last_reversal: 0,
            reversed: false,
            told: false,
        };
        it.tune(rough.hz);
        it
    }

    fn tune(&mut self, hz: f32) {
        // Four values, and from then on each from the one four before it.
        let mut osc = Osc::new(hz);
        let mut four = [(); 4].map(|()| osc.cos_sin());
        let (c, s) = osc.cos_sin();
        let [cos, sin] = &mut self.wave;
        for (cos, sin) in cos.as_chunks_mut::<4>().0.iter_mut().zip(sin.as_chunks_mut::<4>().0) {
            for ((to_cos, to_sin), (x, y)) in cos.iter_mut().zip(sin).zip(&mut four) {
                (*to_cos, *to_sin) = (*x, -*y);
                (*x, *y) = (*x * c - *y * s, *x * s + *y * c);
            }
        }
        let (mut cc, mut cs, mut ss) = (0.0, 0.0, 0.0);
        for (c, s) in cos.iter().zip(sin.iter()) {
            cc += c * c;
            cs += c * s;
            ss += s * s;
        }
        let scale = STEP as f32 / 2.0 / (cc * ss - cs * cs).max(1e-3);
        self.inverse = [ss * scale, -cs * scale, cc * scale];
        let [(c, s), ..] = four;
        self.turn = Complex::new(c, -s);
        self.phase = Complex::new(1.0, 0.0);
        self.tuned = hz;
        let sine = libm::sinf(hz * (TAU / SAMPLE_RATE as f32));
        self.gain = (4.0 * sine * sine).max(1e-3);
        self.last = Complex::default();
        self.heard = [(Complex::default(), 0); 2];
        self.advance = Complex::default();
        self.block = Complex::default();
        self.block_steps = 0;
        self.least_hz = f32::MAX;
        self.greatest_hz = 0.0;
    }

    /// The sinusoid that fits a step best, from its correlations with the wave: half its amplitude for each sample.
    fn fit(&self, c: Complex) -> Complex {
        let [cc, cs, ss] = self.inverse;
        Complex::new(cc * c.re + cs * c.im, cs * c.re + ss * c.im)
    }

    /// Hz of a turning from one step to the next.
    fn hz_of(&self, advance: Complex) -> f32 {
        self.tuned + advance.angle() * (SAMPLE_RATE as f32 / STEP as f32 / TAU)
    }

    /// Takes the next hop.
    pub(super) fn push(&mut self, hop: Hop<'_>) -> Step {
        let (correlations, energy) = simd::run(Correlate { hop, wave: &self.wave });
        let [a, b] = correlations.map(|c| self.fit(c));
        // What the fit explains of the energy.
        let explained = |x: Complex, c: Complex| x.re * c.re + x.im * c.im;
        let [ca, cb] = correlations;
        let tone = (explained(a, ca) + explained(b, cb)) * (2.0 / STEP as f32);
        let inside = tone / self.gain;
        let share = inside / (inside + (energy - tone).max(0.0) / 2.0 + 1e-6);
        let pure = share >= if self.age_ms() < YOUNG_MS { YOUNG_SHARE } else { MIN_SHARE };
        if pure {
            self.share += share;
            self.shares += 1;
            if self.steps >= SETTLED {
                self.energy += energy;
                self.rest = self.rest.plus(rest(hop, &self.wave, &[a, b]));
            }
        }
        for x in [a, b] {
            if let Some(over) = self.step(x, pure) {
                return over;
            }
        }
        // Keeps the phase on the unit circle.
        self.phase = self.phase.scale(1.5 - 0.5 * self.phase.power());
        Step::Goes
    }

    fn step(&mut self, x: Complex, pure: bool) -> Option<Step> {
        let x = x.times(self.phase);
        self.phase = self.phase.times(self.turn);
        self.steps += 1;
        let now = self.end + u64::from(self.absent + 1) * STEP as u64;
        let power = x.power();
        if !pure || power < MIN_POWER * self.power || power == 0.0 {
            return self.miss(x);
        }
        if self.absent > MAX_JUMP_STEPS {
            // Back from an interruption: how far the phase went on is not known well enough.
            self.jump = now;
            self.last = Complex::default();
            self.heard = [(Complex::default(), 0); 2];
        }
        self.absent = 0;
        self.end = now;
        let weight = 1.0 / (self.present.min(MEAN_STEPS - 1) + 1) as f32;
        self.power += (power - self.power) * weight;
        self.present += 1;
        if (self.tuned - ANSWER_HZ.0).abs() < 2.0 * ANSWER_HZ.1 {
            self.look_for_reversal(x, power);
        }
        self.count_modulation(power);
        let turning = x.times(core::mem::replace(&mut self.last, x).conj());
        self.advance = self.advance.plus(turning);
        self.block = self.block.plus(turning);
        self.block_steps += 1;
        if self.block_steps >= BLOCK { self.end_block() } else { None }
    }

    fn miss(&mut self, x: Complex) -> Option<Step> {
        self.absent += 1;
        self.last = x;
        self.uncounted = 0.0;
        self.am = self.am.times(AM_STEP);
        let young = self.age_ms() < YOUNG_MS;
        if young && self.absent > 1 {
            Some(Step::Lost)
        } else if self.absent * STEP_MS > MAX_GAP_MS {
            Some(Step::Ended(self.summary()))
        } else {
            None
        }
    }

    /// Fifteen milliseconds have been heard.
    fn end_block(&mut self) -> Option<Step> {
        let block = core::mem::take(&mut self.block);
        let steps = core::mem::take(&mut self.block_steps);
        // A reversal, or an edge, within it.
        if block.power() < 0.5 * (steps as f32 * self.power) * (steps as f32 * self.power) {
            return None;
        }
        let hz = self.hz_of(block);
        if !self.retuned {
            self.retuned = true;
            if (hz - self.tuned).abs() > RETUNE_HZ {
                self.tune(hz);
            }
            return None;
        }
        self.least_hz = self.least_hz.min(hz);
        self.greatest_hz = self.greatest_hz.max(hz);
        if self.greatest_hz - self.least_hz > MAX_GLIDE_HZ || (hz - self.tuned).abs() > 2.0 * MAX_GLIDE_HZ {
            return Some(if self.age_ms() < YOUNG_MS { Step::Lost } else { Step::Ended(self.summary()) });
        }
        None
    }

    /// Compares the phase with what it was before the last step: a step that holds the reversal itself has none.
    fn look_for_reversal(&mut self, x: Complex, power: f32) {
        if power < 0.36 * self.power {
            return;
        }
        let [last, (before, step)] = self.heard;
        self.heard = [(x, self.steps), last];
        if self.present < 12 || before.power() == 0.0 {
            return;
        }
        let turned = x.times(before.conj());
        let back = Complex::unit(-self.advance.angle() * (self.steps - step) as f32);
        if turned.times(back).re > REVERSED * libm::sqrtf(turned.power()) {
            return;
        }
        let at = self.end.saturating_sub(STEP as u64 * 3 / 2);
        // The steps after see the same reversal.
        if self.last_reversal > 0 && millis(at.saturating_sub(self.last_reversal)) < 40 {
            return;
        }
        let in_time = |from: u64| from > 0 && REVERSAL_MS.contains(&millis(at.saturating_sub(from)));
        self.reversed |= in_time(self.onset.max(1)) || in_time(self.last_reversal);
        self.last_reversal = at;
        self.jump = at;
    }

    /// Counts the step before this one, which so is known not to hold the tone's end.
    fn count_modulation(&mut self, power: f32) {
        self.am = self.am.times(AM_STEP);
        let before = core::mem::replace(&mut self.uncounted, power);
        if self.present < 5 || before < 0.36 * self.power {
            return;
        }
        let length = libm::sqrtf(before);
        self.lengths += length;
        self.squares += before;
        self.phases = self.phases.plus(self.am);
        self.products = self.products.plus(self.am.scale(length));
        self.counted += 1;
    }

    /// Depth of the modulation with 15 Hz; 0 to 1.
    fn depth(&self) -> f32 {
        let n = self.counted.max(1) as f32;
        let mean = self.lengths / n;
        let at_15_hz = self.products.plus(self.phases.scale(-mean));
        if mean > 0.0 { 2.0 * libm::sqrtf(at_15_hz.power()) / (n * mean) } else { 0.0 }
    }

    /// The answer tone that it is, once.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        if self.told || self.absent > 0 {
            return None;
        }
        let age = millis(self.end.saturating_sub(self.onset));
        if age < AM_MS || self.mean_share() < ANSWER_SHARE {
            return None;
        }
        let hz = self.hz_of(self.advance);
        let near = |(nominal, most): (f32, f32)| (hz - nominal).abs() <= most;
        let answer = if near(ANSWER_HZ) {
            if self.counted >= MIN_DEPTH_STEPS && self.depth() >= MIN_DEPTH {
                Some(Answer::Modulated)
            } else if self.reversed {
                Some(Answer::Reversed)
            } else if millis(self.end.saturating_sub(self.jump)) >= PLAIN_MS {
                Some(Answer::Plain)
            } else {
                None
            }
        } else if near(BELL_HZ) && age >= BELL_MS {
            Some(Answer::Bell)
        } else {
            None
        };
        self.told = answer.is_some();
        answer
    }

    /// Whether [`Self::answer`] has said what it is.
    pub(super) fn is_told(&self) -> bool {
        self.told
    }

    /// Its length so far, in ms.
    pub(super) fn age_ms(&self) -> u32 {
        millis(self.end.saturating_sub(self.onset))
    }

    fn mean_share(&self) -> f32 {
        self.share / self.shares.max(1) as f32
    }

    /// The frequency of a second tone, or 0.
    fn second(&self) -> f32 {
        let rest = self.rest.rough();
        // Its share behind the differences, which white noise passes with twice its power.
        let sine = libm::sinf(rest.hz * (TAU / SAMPLE_RATE as f32));
        let tone = 4.0 * sine * sine * rest.share;
        let share = tone / (tone + 2.0 * (1.0 - rest.share)).max(1e-6);
        let heard = self.rest.energy >= MIN_SECOND * self.energy && share >= MIN_SECOND_SHARE;
        let apart = (rest.hz - self.tuned).abs() > APART_HZ;
        if heard && apart && rest.hz > 300.0 { rest.hz } else { 0.0 }
    }

    /// The tone so far.
    pub(super) fn summary(&self) -> Summary {
        let n = self.counted.max(1) as f32;
        let mean = self.lengths / n;
        let variance = (self.squares / n - mean * mean).max(0.0);
        Summary {
            onset: self.onset,
            end: self.end,
            hz: self.hz_of(self.advance),
            wander: (self.greatest_hz - self.least_hz).max(0.0),
            share: self.mean_share(),
            uneven: if mean > 0.0 { libm::sqrtf(variance) / mean } else { 0.0 },
            power: self.power * 2.0 / (STEP * STEP) as f32 / self.gain,
            second_hz: self.second(),
        }
    }
}

/// The differences of a hop.
#[inline(always)]
fn differences(hop: Hop<'_>) -> [f32; HOP] {
    let mut d = [0.0f32; HOP];
    for ((d, a), b) in d.iter_mut().skip(2).zip(hop.samples.iter().skip(2)).zip(hop.samples) {
        *d = f32::from(*a) - f32::from(*b);
    }
    let ([d0, d1, ..], [x0, x1, ..], [a, b]) = (&mut d, hop.samples, hop.before);
    *d0 = f32::from(*x0) - f32::from(a);
    *d1 = f32::from(*x1) - f32::from(b);
    d
}

/// The sums over what a tone leaves of a hop.
fn rest(hop: Hop<'_>, wave: &[[f32; STEP]; 2], halves: &[Complex; 2]) -> Moments {
    let [cos, sin] = wave;
    let mut sums = Moments::default();
    for (half, d) in halves.iter().zip(differences(hop).as_chunks::<STEP>().0) {
        // The wave is the conjugate of what is taken away.
        let x = half.scale(2.0 / STEP as f32);
        let mut left = [0.0f32; STEP];
        for (left, ((d, c), s)) in left.iter_mut().zip(d.iter().zip(cos).zip(sin)) {
            *left = d - (x.re * c + x.im * s);
        }
        for ((a, b), c) in left.iter().zip(left.iter().skip(1)).zip(left.iter().skip(2)) {
            let p = a + c;
            sums.energy += b * b;
            sums.cross += p * b;
            sums.pair += p * p;
        }
    }
    sums
}

/// Correlates both halves of a hop with the wave, and sums its energy.
struct Correlate<'a> {
    hop: Hop<'a>,
    wave: &'a [[f32; STEP]; 2],
}

impl Kernel for Correlate<'_> {
    type Output = ([Complex; 2], f32);

    #[inline(always)]
    fn run(self) -> Self::Output {
        const LANES: usize = 8;
        let [cos, sin] = self.wave;
        let d = differences(self.hop);
        let mut halves = [Complex::default(); 2];
        let mut energies = [0.0f32; LANES];
        for (half, d) in halves.iter_mut().zip(d.as_chunks::<STEP>().0) {
            let mut re = [0.0f32; LANES];
            let mut im = [0.0f32; LANES];
            let parts = d.as_chunks::<LANES>().0.iter().zip(cos.as_chunks::<LANES>().0).zip(sin.as_chunks::<LANES>().0);
            for ((d, c), s) in parts {
                for i in 0..LANES {
                    re[i] += d[i] * c[i];
                    im[i] += d[i] * s[i];
                    energies[i] += d[i] * d[i];
                }
            }
            *half = Complex::new(sum(&re), sum(&im));
        }
        (halves, sum(&energies))
    }
}

#[inline(always)]
fn sum([a, b, c, d, e, f, g, h]: &[f32; 8]) -> f32 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}
