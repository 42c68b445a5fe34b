//! What sounds beside the two tones of a burst that would be a digit.
//!
//! A line adds hum, dial tone, noise and coding noise to a digit. Of these, none has a tone above the band of the digits
//! that begins with the digit. A note has: its other partials. The tones of a digit come without harmonics that matter
//! (ITU-T Q.23 wants all distortion 20 dB below them). So the spectrum above the band is searched for a tone that comes
//! with the burst, and for a noise that is none: what stands far above the median of a spectrum is no noise.
//!
//! This is done only when all else speaks for a digit, which is why it may cost as much as a measurement.

use super::measure::{BLOCK, Pair, Stretch, both};
use crate::bank::cosine;

/// Most blocks that are looked at, the last ones of the burst: enough to tell 60 Hz apart.
const BLOCKS: usize = 32;
const SAMPLES: usize = BLOCKS * BLOCK;
/// Frequencies that are looked at: from the lower edge of the band pass to that of the telephone channel.
const LOWEST: f32 = 600.0;
const STEP: f32 = 40.0;
const COUNT: usize = 76;
/// Frequencies this close to a tone (Hz) hear it too.
const NEAR: f32 = 100.0;
/// A tone that was there before is not one that came with the burst, unless it is so many times stronger now.
const GROWN: f32 = 2.0;

/// Twice the cosines of the frequencies.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
static COSINES: [f32; COUNT] = {
    let mut out = [0.0; COUNT];
    let mut k = 0;
    while k < COUNT {
        out[k] = 2.0 * cosine((LOWEST + STEP * k as f32) as f64 / crate::SAMPLE_RATE as f64) as f32;
        k += 1;
    }
    out
};

/// What is taken for a third tone.
pub(super) struct Third {
    /// Lowest frequency, in Hz.
    from: f32,
    /// Least mean square, as a share of that of both tones.
    share: f32,
    /// Least mean square as a multiple of the median of all frequencies.
    prominence: f32,
    /// Whether it counts when it was there before, too.
    old: bool,
}

/// Above the band: a partial of a note. 14.6 dB below both tones: what may distort them is 20 dB below, and the largest of
/// a noise as strong as both tones comes to 9 dB below, but not so far above its median.
pub(super) const PARTIAL: Third = Third { from: 1900.0, share: 0.035, prominence: 30.0, old: false };
/// A fainter one, where there is hardly any noise: only digits over speech have it, one in seven hundred.
pub(super) const FAINT_PARTIAL: Third = Third { share: 0.018, prominence: 60.0, ..PARTIAL };
/// In what is taken for a noise: of a white one, the strongest of the frequencies is 15 times the median at most.
pub(super) const IN_NOISE: Third = Third { from: LOWEST, share: 0.02, prominence: 60.0, old: false };
/// In what is taken for a strong noise, one that was there before counts as well: a note that lasts.
pub(super) const INSTEAD_OF_NOISE: Third = Third { old: true, ..IN_NOISE };

/// The spectrum of a burst.
pub(super) struct Company<'a> {
    stretch: &'a Stretch,
    /// First block of the burst, and how many were looked at.
    begin: usize,
    blocks: usize,
    /// Mean square of both tones.
    power: f32,
    /// Mean squares around the frequencies.
    powers: [f32; COUNT],
    median: f32,
    /// Frequencies of both tones.
    tones: Pair<f32>,
}

impl<'a> Company<'a> {
    /// The company of two tones with these mean squares in blocks `begin` to `end`.
    pub(super) fn new(stretch: &'a Stretch, begin: usize, end: usize, powers: Pair<f32>) -> Self {
        let to = end.saturating_sub(1);
        let from = (begin + 1).max(to.saturating_sub(BLOCKS)).min(to);
        let tones = both(stretch.hz(), stretch.deviation(), |hz, d| hz + d);
        let [low, high] = powers;
        let powers = spectrum(stretch.line(from, to), &COSINES);
        let mut company = Self { stretch, begin, blocks: to - from, power: low + high, powers, median: 0.0, tones };
        company.median = company.middle();
        company
    }

    /// Whether a frequency is away from both tones.
    fn is_beside(&self, k: usize) -> bool {
        self.tones.iter().all(|tone| (hz(k) - tone).abs() > NEAR)
    }

    /// The median of what is beside both tones.
    fn middle(&self) -> f32 {
        let mut beside = [0.0f32; COUNT];
        let mut count = 0;
        let powers = self.powers.iter().enumerate().filter(|(k, _)| self.is_beside(*k));
        for (to, (_, power)) in beside.iter_mut().zip(powers) {
            *to = *power;
            count += 1;
        }
        let Some(beside) = beside.get_mut(..count).filter(|b| !b.is_empty()) else { return 0.0 };
        *beside.select_nth_unstable_by(count / 2, f32::total_cmp).1
    }

    /// Whether a third tone came with the two.
    pub(super) fn has(&self, third: &Third) -> bool {
        let least = (third.share * self.power).max(third.prominence * self.median);
        let mut strong = self
            .powers
            .iter()
            .enumerate()
            .filter(|(k, power)| **power > least && hz(*k) >= third.from && self.is_beside(*k));
        strong.any(|(k, power)| third.old || *power > GROWN * self.before(k))
    }

    /// What there was around a frequency as long before the burst.
    fn before(&self, k: usize) -> f32 {
        let until = self.begin.saturating_sub(1);
        let line = self.stretch.line(until.saturating_sub(self.blocks), until);
        let cosines = [k.saturating_sub(1), k, k + 1].map(|k| COSINES.get(k).copied().unwrap_or(0.0));
        spectrum(line, &cosines).into_iter().fold(0.0, f32::max)
    }
}

fn hz(k: usize) -> f32 {
    LOWEST + STEP * k as f32
}

/// Mean squares around frequencies with these cosines (Goertzel's recursion), behind a Hann window.
fn spectrum<const N: usize>(line: &[f32], cosines: &[f32; N]) -> [f32; N] {
    let line = line.get(..line.len().min(SAMPLES)).unwrap_or_default();
    let n = line.len().max(1) as f32;
    // The window's own wave, by the same recursion.
    let angle = core::f32::consts::TAU / n;
    let turn = 2.0 * libm::cosf(angle);
    let (mut wave, mut last) = (libm::cosf(angle / 2.0), libm::cosf(angle / 2.0));
    let mut state = [[0.0f32; 2]; N];
    for x in line {
        let x = x * (1.0 - wave);
        (wave, last) = (turn * wave - last, wave);
        for ([a, b], c) in state.iter_mut().zip(cosines) {
            (*a, *b) = (x + (c * *a - *b), *a);
        }
    }
    let mut out = [0.0; N];
    for ((out, [a, b]), c) in out.iter_mut().zip(state).zip(cosines) {
        *out = 2.0 * (a * a + b * b - c * a * b) / (n * n);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtmf::measure::MARGIN;
    use crate::test_signal::{Noise, mix_at, tone};
    use std::vec::Vec;

    const ROW: usize = 1;
    const COLUMN: usize = 1;
    const BLOCKS_BEFORE: usize = 40;

    /// A 5 that begins at block 40 and lasts, with these tones of their own beginnings (blocks), and noise.
    fn has(third: &Third, tones: &[(f32, f32, usize)], noise_db: Option<f32>) -> bool {
        let mut s = Stretch::new(80, ROW, COLUMN);
        let mut line: Vec<i16> = std::vec![0; 80 * BLOCK + 2 * MARGIN];
        for (hz, db, from) in [(770.0, -10.0, BLOCKS_BEFORE), (1336.0, -10.0, BLOCKS_BEFORE)].iter().chain(tones) {
            let at = MARGIN + from * BLOCK;
            mix_at(&mut line, &tone(&[*hz], *db, 100), at);
        }
        if let Some(db) = noise_db {
            Noise::new(7).add(&mut line, db);
        }
        s.samples_mut().iter_mut().zip(&line).for_each(|(x, l)| *x = f32::from(*l));
        let blocks = s.blocks();
        s.measure(0, blocks);
        s.turn([0.0; 2], 0, blocks);
        let tones = s.tones(BLOCKS_BEFORE + 1, 70);
        let powers = s.powers(&tones);
        Company::new(&s, BLOCKS_BEFORE, 70, powers).has(third)
    }

    #[test]
    fn two_tones_are_alone() {
        assert!(!has(&PARTIAL, &[], None));
        assert!(!has(&IN_NOISE, &[], None));
        // Noise as strong as both.
        assert!(!has(&PARTIAL, &[], Some(-7.0)));
        assert!(!has(&IN_NOISE, &[], Some(-7.0)));
        // What Q.23 allows.
        assert!(!has(&PARTIAL, &[(2672.0, -27.0, 40)], None));
        assert!(!has(&FAINT_PARTIAL, &[(2672.0, -27.0, 40)], None));
        assert!(!has(&FAINT_PARTIAL, &[], Some(-7.0)));
    }

    #[test]
    fn a_third_that_comes_with_them_is_heard() {
        assert!(has(&PARTIAL, &[(2590.0, -17.0, 40)], None));
        assert!(has(&PARTIAL, &[(3310.0, -19.0, 40)], Some(-27.0)));
        assert!(has(&FAINT_PARTIAL, &[(3310.0, -23.0, 40)], None));
        assert!(!has(&PARTIAL, &[(3310.0, -23.0, 40)], None));
        assert!(has(&IN_NOISE, &[(1010.0, -20.0, 40)], None));
        assert!(!has(&PARTIAL, &[(1010.0, -10.0, 40)], None));
    }

    #[test]
    fn one_that_was_there_before_does_not_count() {
        assert!(!has(&PARTIAL, &[(2590.0, -14.0, 5)], None));
        assert!(!has(&IN_NOISE, &[(1010.0, -14.0, 5)], None));
        // Where a strong noise is to be believed, it does.
        assert!(has(&INSTEAD_OF_NOISE, &[(1010.0, -14.0, 5)], None));
        assert!(!has(&INSTEAD_OF_NOISE, &[], Some(-7.0)));
    }

    #[test]
    fn a_weaker_one_that_is_new_is_found_beside_a_stronger_old_one() {
        assert!(has(&PARTIAL, &[(2240.0, -12.0, 5), (2800.0, -19.0, 40)], None));
    }
}
