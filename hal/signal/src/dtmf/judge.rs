//! The judgement: is the burst that a stretch holds a digit?
//!
//! A digit adds two tones to the line and nothing else. So it is judged by what is left of the line without them:
//!
//! * it is next to nothing (a clean line): the digit is believed as soon as it is longer than what must be refused;
//! * it is a noise, and this noise was there before the digit began, as strong as it is now, and as strong above the
//!   band of the digits as in it: believed when the digit has lasted longer.
//!
//! What is left of speech is its other harmonics. They lie in the band of the digits rather than above it, they were
//! not there before a syllable began, and they change.

use super::company::{Company, FAINT_PARTIAL, IN_NOISE, INSTEAD_OF_NOISE, PARTIAL};
use super::measure::{BLOCK, NOISE_GAIN, NOISE_HISS, Pair, Stretch, Tones, both};
use super::profile::Profile;
use super::screen::{Floor, HOP};
use crate::filter::Complex;
use crate::level;

/// What a receiver goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Least mean square of a tone.
    pub(super) power: f32,
    /// Least mean square where the noise is heard.
    pub(super) noisy_power: f32,
    /// Most that the power of the high tone may be above and below that of the low one, as factors.
    pub(super) twist: f32,
    pub(super) reverse_twist: f32,
    /// Least length, in blocks.
    pub(super) blocks: usize,
    /// Profile that it came from.
    pub(super) profile: Profile,
}

impl Limits {
    pub(super) fn new(profile: Profile) -> Self {
        let factor = |db: f32| libm::powf(10.0, db / 10.0);
        let least = profile.least_level();
        Self {
            power: level::mean_square(least),
            noisy_power: level::mean_square(least.max(NOISY_LEVEL)),
            twist: factor(profile.twist + TWIST_SLACK),
            reverse_twist: factor(profile.reverse_twist + TWIST_SLACK),
            blocks: profile.least_ms(),
            profile,
        }
    }
}

impl Limits {
    /// What a hop must have: of a digit it may hold a part, and the noise may weaken it.
    pub(super) fn floor(&self) -> Floor {
        let power = self.power * 0.3;
        Floor { power, peak: libm::sqrtf(2.0 * power) as u16 }
    }

    /// How long after the onset a digit may first be believed, in ms: when it is longer than what must be refused; the
    /// band pass takes two milliseconds.
    pub(super) fn earliest_ms(&self) -> i64 {
        self.blocks as i64 + 2
    }
}

/// Levels below this are taken on a clean line only, in dBm0: they are those of distant voices and of noises.
const NOISY_LEVEL: f32 = -31.0;
/// What noise and band pass may add to the twist, in dB.
const TWIST_SLACK: f32 = 0.7;
/// Least purity of a digit on a clean line, whatever else is left.
const PURE: f32 = 0.96;
/// The same before [`LONGER`] blocks, when the frequencies are further from the nominal ones than [`EXACT`].
const EARLY_PURE: f32 = 0.975;
/// As a share of the deviation that is taken.
const EXACT: f32 = 0.4;
/// What the measurement of a frequency may be wrong by, in Hz: on a clean line, and for each unit of relative amplitude
/// that the noise has above [`LINE_NOISE`].
const ERROR: f32 = 1.0;
const NOISE_ERROR: f32 = 40.0;
const LINE_NOISE: f32 = 0.05;
/// Least purity of a digit that follows another at once, whose tones are heard in its own before it begins.
const SPOTLESS: f32 = 0.985;
/// What comes above the band with a digit that begins behind a click, as a share of what the click had there at most.
const AFTER_CLICK: f32 = 0.05;
/// Most that may come above the band with a digit on a clean line. Coding noise and clipping reach 1, a third tone as
/// strong as each of the two is 2.
const BRIGHT: f32 = 1.3;
/// Least purity when what is left lies above the band of the digits as well, as coding noise does.
const NEARLY_PURE: f32 = 0.945;
/// The same from [`LONGER`] blocks on.
const CODED: f32 = 0.92;
/// Least amplitude in the first third of a digit, as a share of that in the last one. An echo 10 dB below a digit leaves
/// 0.76; a note that swells over 40 ms has 0.3 to 0.6.
const SWELLING: f32 = 0.65;
/// Most energy before a digit whose purity is below [`CLEAR`], as a multiple of what both tones leave of the line: where
/// loud sound ended when they began, what is left of it is taken for a noise only.
const SILENCED: f32 = 11.0;
const CLEAR: f32 = 0.98;
/// The same where a line that is too loud for its samples has all kinds of harmonics: dial tone does that.
const CLIPPED: f32 = 0.88;
/// By what both tones count for more there when a third one is searched for.
const CLIPPED_SHARE: f32 = 3.5;
/// Least purity from [`LONGER`] blocks on, in a noise that was there before.
const NOISY: f32 = 0.85;
const LONGER: usize = 31;
/// The same at the end of a digit of 40 ms.
const LATE: f32 = 0.61;
/// Most strangeness of a noise. A white one has 9 on average and reaches this three times in a thousand; what speech
/// leaves mostly has 100 and more.
const STRANGE: f32 = 26.0;
/// Below this purity all else must be the better.
const FAINT: f32 = 0.7;
/// Blocks before the burst that tell of the noise, and those that must be without the tones.
const BEFORE: usize = 16;
const QUIET: usize = 8;

/// A burst of both tones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Burst {
    /// First block, and the first behind it.
    pub(super) begin: usize,
    pub(super) end: usize,
    pub(super) tones: Tones,
    /// Mean squares on the line.
    pub(super) powers: Pair<f32>,
    /// Amplitudes before the burst, as a share of those in it, and what they would be from noise alone.
    before: Pair<f32>,
    noise: Pair<f32>,
    /// Energy before the burst, as a share of what the tones leave of it.
    steadiness: f32,
    /// The same above the band.
    hiss_steadiness: f32,
    /// What came with the burst above the band (of the second difference), as a share of the power of both tones.
    brightness: f32,
    /// Noise above the band, as a share of what it would be if what the tones leave were a white noise.
    whiteness: f32,
}

/// What is to be done with a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Digit,
    /// It may become one.
    Wait,
    /// It is none, or another hop will tell more of it.
    No,
    /// It is none, whatever comes of it.
    Never,
}

impl Burst {
    /// Measures the burst around the hop that begins with block `from`; `None` when there cannot be one.
    pub(super) fn measure(s: &mut Stretch, from: usize, limits: &Limits) -> Option<Self> {
        let most = s.hz().map(|hz| limits.profile.deviation(hz));
        let near = |d: Pair<f32>, slack: f32| both(d, most, |d, most| d.abs() <= most + slack) == [true; 2];
        let twisted = |[low, high]: Pair<f32>, slack: f32| {
            high > low * limits.twist * slack || low > high * limits.reverse_twist * slack
        };
        s.limit(from);
        // The hop and what follows first: they tell the frequencies to 5 Hz when the noise is as strong as the digit.
        let to = s.blocks().min(from + 16);
        let (first, last) = s.measure(from, to);
        s.turn([0.0; 2], from, to);
        let coarse = s.drift(from, from + HOP / BLOCK, HOP / BLOCK / 2);
        if !near(coarse, 25.0) {
            return None;
        }
        s.turn(coarse, from, to);
        let coarse = both(coarse, s.drift(from, to, (to - from) / 3), |a, b| a + b);
        if !near(coarse, 16.0) {
            return None;
        }
        s.turn(coarse, from, to);
        let hop = s.tones(from, to);
        if hop.purity < 0.52 || twisted(s.powers(&hop), 1.7) {
            return None;
        }
        // Then what was before and after it.
        let blocks = s.blocks();
        s.measure(0, first);
        s.measure(last, blocks);
        s.turn(coarse, 0, blocks);
        let (begin, end) = s.edges(from, from + HOP / BLOCK);
        if end < begin + 9 || s.tones(begin, end).purity < 0.45 {
            return None;
        }
        let better = both(coarse, s.drift(begin, end, (end - begin) / 3), |a, b| a + b);
        if !near(better, 8.0) {
            return None;
        }
        s.turn(better, 0, blocks);
        let (begin, end) = s.edges(begin, end);
        if end < begin + 9 {
            return None;
        }
        let burst = Self::new(s, begin, end);
        // More exactly, when it is worth it.
        if !near(better, 4.0) || burst.tones.purity < 0.5 || twisted(burst.powers, 1.2) {
            return Some(burst);
        }
        let drift = s.drift(begin + 1, end - 1, (end - begin) / 3);
        s.turn(both(better, drift, |a, b| a + b), 0, blocks);
        let (begin, end) = s.refine(begin, end);
        Some(Self::new(s, begin, end))
    }

    fn new(s: &Stretch, begin: usize, end: usize) -> Self {
        let tones = s.tones(begin + 1, end - 1);
        let powers = s.powers(&tones);
        let [energy, hiss] = s.energy(begin + 1, end - 1);
        let until = begin.saturating_sub(1);
        let [energy_before, hiss_before] = s.energy(until.saturating_sub(BEFORE), until);
        let quiet = until.saturating_sub(QUIET);
        let n = ((until - quiet).max(1) * BLOCK) as f32;
        let amplitude = tones.amplitude.map(|a| libm::sqrtf(a.power()).max(1e-9));
        let before = both(s.sum(quiet, until), amplitude, |s, a| libm::sqrtf(s.power()) / (n * a));
        // What the tones leave: at least what the measurement itself leaves of clean ones.
        let left = energy * (1.0 - tones.purity).max(0.01);
        let white = left / (BLOCK as f32 * NOISE_GAIN);
        let noise = amplitude.map(|a| libm::sqrtf(white / n) / a);
        let hiss = (hiss - s.hiss(powers)).max(1e-3);
        Self {
            begin,
            end,
            tones,
            powers,
            before,
            noise,
            steadiness: energy_before / left,
            hiss_steadiness: hiss / hiss_before.max(1e-3),
            brightness: (hiss - 1.3 * hiss_before) / (BLOCK as f32 * (powers[0] + powers[1])).max(1e-3),
            whiteness: hiss / (white * BLOCK as f32 * NOISE_HISS),
        }
    }

    /// Length in blocks (ms).
    pub(super) fn length(&self) -> usize {
        self.end - self.begin
    }

    /// Whether this is a digit. `s` is the stretch that it was measured in; `late` when it is not to be waited for
    /// much longer; `refused` when what began here was told from a digit before.
    pub(super) fn judge(&self, s: &Stretch, limits: &Limits, late: bool, refused: bool) -> Verdict {
        let [low, high] = self.powers;
        let purity = self.tones.purity;
        let open = self.end + 2 >= s.blocks();
        let off = both(s.deviation(), s.hz(), |d, hz| d.abs() / limits.profile.deviation(hz));
        let off = if off[0] > off[1] { off[0] } else { off[1] };
        let fits = off <= 1.0
            && low.min(high) >= limits.power
            && high <= low * limits.twist
            && low <= high * limits.reverse_twist;
        let long = self.length() >= limits.blocks;
        // The tones themselves were not there before.
        let quiet = |most: f32| both(self.before, self.noise, |b, n| b < most + 2.8 * n) == [true; 2];
        // A click just before holds all frequencies.
        let clicked = self.hiss_steadiness <= AFTER_CLICK && self.steadiness >= 1.0;
        let sudden = self.begin > QUIET
            && (quiet(0.1) || (late && purity >= SPOTLESS && (quiet(0.5) || (clicked && self.length() >= LONGER))));
        let clipped = s.clipped() && low.min(high) >= limits.noisy_power;
        let pure = open
            && self.brightness <= BRIGHT
            && (self.steadiness <= SILENCED || purity >= CLEAR)
            && ((purity >= if self.length() >= LONGER || off <= EXACT { PURE } else { EARLY_PURE } && off <= 0.95)
                || (purity >= if self.length() >= LONGER { CODED } else { NEARLY_PURE }
                    && off <= 0.9
                    && self.whiteness >= 0.4
                    && !self.swells(s))
                || (clipped && self.length() >= LONGER && purity >= CLIPPED && off <= 0.7));
        // Costs some arithmetic, so it is done at need.
        let strangeness = if fits && !pure { self.strangeness(s) } else { 0.0 };
        let in_noise = low.min(high) >= limits.noisy_power
            && (self.length() >= LONGER && (purity >= NOISY || (late && purity >= LATE)))
            && self.begin > BEFORE
            && if purity < FAINT { strangeness < 0.6 * STRANGE && off <= 0.85 } else { strangeness < STRANGE };
        let believed = fits && long && sudden && (pure || (in_noise && !refused)) && self.is_exact(s, limits);
        if believed && self.is_alone(s, pure) {
            Verdict::Digit
        } else if purity < 0.5 || !(open || long) || !(fits || self.length() < 20) {
            Verdict::No
        } else if purity < CODED
            && !(clipped && purity >= CLIPPED)
            && (refused || (strangeness >= 1.4 * STRANGE && self.length() >= 20))
        {
            Verdict::Never
        } else {
            Verdict::Wait
        }
    }

    /// Whether both frequencies are within what must be taken, as far as the noise lets it be told.
    fn is_exact(&self, s: &Stretch, limits: &Limits) -> bool {
        let slack = self.noise.map(|n| ERROR + NOISE_ERROR * if n > LINE_NOISE { n - LINE_NOISE } else { 0.0 });
        let most = both(s.hz(), slack, |hz, slack| limits.profile.taken(hz) + slack);
        both(s.deviation(), most, |d, most| d.abs() <= most) == [true; 2]
    }

    /// Whether both tones are all that began here; `pure` when it is not for a noise that they were believed.
    fn is_alone(&self, s: &Stretch, pure: bool) -> bool {
        // Clipping by 9 dB makes products up to 12.5 dB below both tones.
        let share = if s.clipped() { CLIPPED_SHARE } else { 1.0 };
        let company = Company::new(s, self.begin, self.end, self.powers.map(|p| p * share));
        let other = if self.tones.purity < NOISY { &INSTEAD_OF_NOISE } else { &IN_NOISE };
        !company.has(&PARTIAL) && !company.has(&FAINT_PARTIAL) && (pure || !company.has(other))
    }

    /// Whether both tones come slowly, as those of a bowed or blown note do.
    fn swells(&self, s: &Stretch) -> bool {
        let third = (self.length() - 2) / 3;
        let first = s.amplitudes(self.begin + 1, self.begin + 1 + third);
        let last = s.amplitudes(self.begin + 1 + 2 * third, self.begin + 1 + 3 * third);
        both(first, last, |a, b| a.power() < SWELLING * SWELLING * b.power()) == [true; 2]
    }

    /// How much both tones change their amplitudes and frequencies, against what the noise would make of steady ones.
    fn unsteadiness(&self, s: &Stretch) -> f32 {
        let third = (self.length() - 2) / 3;
        let part = |i: usize| s.amplitudes(self.begin + 1 + i * third, self.begin + 1 + (i + 1) * third);
        let (first, middle, last) = (part(0), part(1), part(2));
        // Variance of the amplitude in a third, of its real part or of its imaginary one.
        let variance = self.noise.map(|n| n * n * QUIET as f32 / third as f32 / 2.0);
        let swing = both(
            both(first, last, |a, b| libm::sqrtf(a.power()) - libm::sqrtf(b.power())),
            self.tones.amplitude,
            |d, a| d * d / a.power(),
        );
        let bend = both(both(first, last, Complex::times), middle, |ends, m| {
            let x = ends.times(m.times(m).conj()).angle();
            x * x
        });
        let both_of = both(both(swing, bend, |s, b| s / 2.0 + b / 6.0), variance, |x, v| x / v);
        both_of[0] + both_of[1]
    }

    /// How little what the tones leave is like a white noise that was there before: squares of standard deviations.
    pub(super) fn strangeness(&self, s: &Stretch) -> f32 {
        let term = |ratio: f32, sigma: f32| {
            let x = libm::logf(ratio.max(1e-6)) / sigma;
            x * x
        };
        let [low, high] = both(self.before, self.noise, |b, n| b * b / (n * n));
        let noise =
            term(self.steadiness, 0.27) + term(self.hiss_steadiness, 0.2) + term(self.whiteness, 0.25) + low + high;
        noise + self.unsteadiness(s)
    }
}
