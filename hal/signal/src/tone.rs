//! Tone generator: plays a cadence of [`Segment`]s, a tone written as text, or a steady tone.
//!
//! Cadences are exact to the sample (1 ms is 8 samples). An oscillator keeps its phase when one frequency
//! follows another without a pause (special information tone) and starts at a zero crossing after a pause,
//! so that nothing clicks. No allocation after construction.

mod custom;

use crate::country::Segment;
use crate::level;
use crate::osc::Osc;
use alloc::boxed::Box;
use core::time::Duration;

pub use custom::{Fault, MAX_STEPS, ParseError, Step, Tone};

/// Most frequencies that sound at once (the North American howler has four).
pub const MAX_FREQS: usize = 4;

/// Depth of the amplitude modulation of a segment that has one ("near 100 %").
const AM_DEPTH: f32 = 0.9;

/// Samples in a millisecond.
const PER_MS: u64 = 8;

#[derive(Clone, Debug)]
enum Score {
    /// A cadence, and the segment it is in.
    Cadence(&'static [Segment], usize),
    /// A cadence of its own, and the step it is in. Boxed: it is large, and most players have none.
    Own(Box<Tone>, usize),
    /// The same frequencies until the end.
    Fixed,
}

/// Plays one tone.
#[derive(Clone, Debug)]
pub struct TonePlayer {
    score: Score,
    oscs: [Osc; MAX_FREQS],
    /// Amplitude of each frequency, as a factor of `amplitude`.
    gains: [f32; MAX_FREQS],
    sounding: usize,
    am: Option<Osc>,
    amplitude: f32,
    /// Samples left of this segment; `None` when it stays.
    left: Option<u64>,
}

impl TonePlayer {
    /// Plays `segments`, each frequency at `level_dbm0` dBm0 (of an amplitude-modulated one: its carrier).
    /// No segments are silence; of a segment the first [`MAX_FREQS`] frequencies sound.
    pub fn new(segments: &'static [Segment], level_dbm0: f32) -> Self {
        Self::with_score(Score::Cadence(segments, 0), level_dbm0)
    }

    /// Plays a tone of its own: a frequency without a level of its own sounds at `level_dbm0` dBm0, the others as far
    /// above or below it as they say.
    pub fn own(tone: Tone, level_dbm0: f32) -> Self {
        Self::with_score(Score::Own(Box::new(tone), 0), level_dbm0)
    }

    fn with_score(score: Score, level_dbm0: f32) -> Self {
        let mut player = Self {
            score,
            oscs: [Osc::default(); MAX_FREQS],
            gains: [1.0; MAX_FREQS],
            sounding: 0,
            am: None,
            amplitude: level::peak(level_dbm0),
            left: None,
        };
        player.enter(0);
        player
    }

    /// Plays the first [`MAX_FREQS`] of `freqs` (Hz), each at `level_dbm0` dBm0, for `duration` or for ever.
    pub fn fixed(freqs: &[f32], level_dbm0: f32, duration: Option<Duration>) -> Self {
        let mut oscs = [Osc::default(); MAX_FREQS];
        let mut sounding = 0;
        for (osc, &f) in oscs.iter_mut().zip(freqs) {
            *osc = Osc::new(f);
            sounding += 1;
        }
        let left = duration.map(|d| u64::try_from(d.as_micros() * u128::from(PER_MS) / 1000).unwrap_or(u64::MAX));
        let gains = [1.0; MAX_FREQS];
        Self { score: Score::Fixed, oscs, gains, sounding, am: None, amplitude: level::peak(level_dbm0), left }
    }

    /// Whether nothing will sound any more: a fixed tone is over, or a cadence stays silent.
    pub fn is_over(&self) -> bool {
        match self.score {
            Score::Cadence(..) | Score::Own(..) => self.sounding == 0 && self.left.is_none(),
            Score::Fixed => self.left == Some(0),
        }
    }

    /// Begins segment `i`.
    fn enter(&mut self, i: usize) {
        let was = self.sounding;
        let (am, ms) = match &mut self.score {
            Score::Fixed => return,
            Score::Cadence(segments, at) => {
                *at = i;
                let Some(segment) = segments.get(i) else { return self.fall_silent() };
                self.sounding = segment.freqs.len().min(MAX_FREQS);
                for (osc, &f) in self.oscs.iter_mut().zip(segment.freqs) {
                    osc.set(f);
                }
                (segment.am, segment.ms)
            }
            Score::Own(tone, at) => {
                *at = i;
                let Some(step) = tone.steps().get(i) else { return self.fall_silent() };
                self.sounding = step.freqs.len();
                for ((osc, gain), &(f, above)) in self.oscs.iter_mut().zip(&mut self.gains).zip(&step.freqs) {
                    osc.set(f);
                    *gain = libm::powf(10.0, above / 20.0);
                }
                (step.am, step.ms)
            }
        };
        self.oscs.iter_mut().skip(was).for_each(Osc::restart);
        self.am = (am > 0.0).then(|| Osc::new(am));
        self.left = (ms > 0).then(|| u64::from(ms) * PER_MS);
    }

    fn fall_silent(&mut self) {
        self.sounding = 0;
        self.left = None;
    }

    /// The segment after this one.
    fn advance(&mut self) -> bool {
        let (at, count) = match &self.score {
            Score::Fixed => return false,
            Score::Cadence(segments, at) => (*at, segments.len()),
            Score::Own(tone, at) => (*at, tone.steps().len()),
        };
        // A list whose last segment does not stay repeats.
        self.enter(if at + 1 < count { at + 1 } else { 0 });
        true
    }

    /// The next sample, before rounding.
    pub(crate) fn next(&mut self) -> f32 {
        if self.left == Some(0) && !self.advance() {
            return 0.0;
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
        }
        let mut sum = 0.0;
        for (osc, gain) in self.oscs.iter_mut().zip(&self.gains).take(self.sounding) {
            sum += gain * osc.sine();
        }
        if let Some(am) = &mut self.am {
            sum *= 1.0 + AM_DEPTH * am.sine();
        }
        sum * self.amplitude
    }

    /// Overwrites `out` with the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        for s in out {
            *s = level::sample(self.next());
        }
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            let x = self.next();
            level::add(s, x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::US;
    use std::vec;
    use std::vec::Vec;

    fn mean_square(x: &[i16]) -> f32 {
        x.iter().map(|&s| f32::from(s) * f32::from(s)).sum::<f32>() / x.len() as f32
    }

    #[test]
    fn a_steady_tone_has_its_level() {
        let mut out = vec![0; 8000];
        TonePlayer::fixed(&[1000.0], -10.0, None).fill(&mut out);
        assert!((level::dbm0(mean_square(&out)) + 10.0).abs() < 0.05);
        TonePlayer::new(US.dial, -13.0).fill(&mut out);
        // Two tones at -13 each are -10 together.
        assert!((level::dbm0(mean_square(&out)) + 10.0).abs() < 0.1);
    }

    #[test]
    fn a_cadence_is_exact_to_the_sample() {
        let mut out = vec![0; 8 * 2100];
        TonePlayer::new(US.busy, -10.0).fill(&mut out);
        for cycle in 0..2 {
            let start = cycle * 8000;
            assert!(out[start..start + 4000].windows(40).all(|w| w.iter().any(|&s| s != 0)));
            assert!(out[start + 4000..start + 8000].iter().all(|&s| s == 0));
            assert_eq!(out[start], 0);
            assert_ne!(out[start + 3999], 0);
        }
    }

    #[test]
    fn a_stutter_plays_once_and_then_stays() {
        let mut out = vec![0; 8 * 3000];
        TonePlayer::new(US.stutter, -13.0).fill(&mut out);
        assert!(out[800..1600].iter().all(|&s| s == 0));
        assert!(out[4800..].windows(100).all(|w| w.iter().any(|&s| s != 0)));
    }

    #[test]
    fn the_confirmation_tone_ends() {
        let mut p = TonePlayer::new(US.confirmation, -13.0);
        let mut out = vec![0; 8 * 600];
        p.fill(&mut out);
        assert!(p.is_over());
        assert!(mean_square(&out[3200..4000]) > 0.0);
    }

    #[test]
    fn frequencies_follow_each_other_without_a_jump() {
        let mut out = vec![0; 8 * 932];
        TonePlayer::new(US.sit, -10.0).fill(&mut out);
        let peak = level::peak(-10.0);
        // No step is larger than the steepest slope of the highest frequency.
        let limit = peak * 2.0 * (core::f32::consts::PI * 1776.7 / 8000.0).sin() + 2.0;
        assert!(out.windows(2).all(|w| (f32::from(w[1]) - f32::from(w[0])).abs() <= limit));
    }

    #[test]
    fn block_size_does_not_matter() {
        let mut whole = vec![0; 24_000];
        TonePlayer::new(US.stutter, -10.0).fill(&mut whole);
        for size in [1, 7, 160] {
            let mut player = TonePlayer::new(US.stutter, -10.0);
            let mut parts: Vec<i16> = vec![0; 24_000];
            parts.chunks_mut(size).for_each(|c| player.fill(c));
            assert_eq!(whole, parts);
        }
    }

    #[test]
    fn a_fixed_tone_ends_and_mixes() {
        let mut p = TonePlayer::fixed(&[2100.0], -10.0, Some(Duration::from_millis(10)));
        let mut out = vec![32000i16; 100];
        p.mix(&mut out);
        assert!(p.is_over());
        assert!(out[80..].iter().all(|&s| s == 32000));
        assert!(out[..80].contains(&i16::MAX));
    }

    #[test]
    fn an_empty_tone_is_silence() {
        let mut out = vec![1; 10];
        TonePlayer::new(&[], 0.0).fill(&mut out);
        assert_eq!(out, vec![0; 10]);
    }
}
