//! Tones that are no country's: written as text, kept by their player.

use super::MAX_FREQS;
use crate::SAMPLE_RATE;
use arrayvec::ArrayVec;
use core::fmt;
use core::str::FromStr;

/// Most steps of a [`Tone`].
pub const MAX_STEPS: usize = 32;
/// Longest step in ms: one day.
const MAX_MS: u32 = 86_400_000;
/// Highest modulation in Hz.
const MAX_AM: f32 = 500.0;
/// Most that a frequency may be above or below the level of the tone, in dB.
const MAX_ABOVE: f32 = 40.0;

/// One step of a [`Tone`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Frequencies in Hz, each with its level above that of the tone in dB; none is silence.
    pub freqs: ArrayVec<(f32, f32), MAX_FREQS>,
    /// Frequency of a near 100 % amplitude modulation in Hz; 0 for none.
    pub am: f32,
    /// How long it lasts in ms; 0 means that it stays.
    pub ms: u32,
}

/// A tone as steps that repeat for ever, except that a last step of 0 ms stays.
///
/// As text, steps are separated by commas. A step is `frequencies:milliseconds`; frequencies in Hz are joined by `+`, `0`
/// is silence, `400*25` is 400 Hz modulated by 25 Hz, `350@-4` is 350 Hz 4 dB below the others. A last step without a
/// duration (or of 0 ms) stays.
///
/// ```
/// use loopstart_signal::tone::Tone;
/// let ringback: Tone = "440+480:2000,0:4000".parse()?;
/// assert_eq!((ringback.steps().len(), ringback.steps()[1].ms), (2, 4000));
/// let beep_once: Tone = "1000:300,0".parse()?;
/// assert!("440:abc".parse::<Tone>().is_err());
/// # Ok::<(), loopstart_signal::tone::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tone {
    steps: ArrayVec<Step, MAX_STEPS>,
}

impl Tone {
    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How long one turn lasts in ms; `None` when its last step stays.
    pub fn cycle_ms(&self) -> Option<u64> {
        self.steps.iter().try_fold(0, |sum, s| (s.ms > 0).then(|| sum + u64::from(s.ms)))
    }
}

/// Why a text is no tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Which step, from 1.
    pub step: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing.
    Empty,
    /// The tone has more than [`MAX_STEPS`] steps.
    TooManySteps,
    /// More than [`MAX_FREQS`] frequencies at once.
    TooManyFrequencies,
    /// A frequency is no number, or not between 0 and 4000 Hz.
    Frequency,
    /// Silence cannot sound together with something, nor be modulated.
    Silence,
    /// A modulation is no number, not between 0 and 500 Hz, or there are two.
    Modulation,
    /// A level is no number, or more than 40 dB above or below the tone's.
    Level,
    /// A duration is no whole number of milliseconds, or longer than a day.
    Duration,
    /// A step that is not the last has no duration.
    StaysTooEarly,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of the tone: ", self.step)?;
        f.write_str(match self.fault {
            Fault::Empty => "it is empty; write frequencies:milliseconds, as in 440+480:2000,0:4000",
            Fault::TooManySteps => "a tone has at most 32 steps",
            Fault::TooManyFrequencies => "at most four frequencies sound at once",
            Fault::Frequency => "a frequency is a number above 0 and below 4000 Hz",
            Fault::Silence => "silence is a 0 alone",
            Fault::Modulation => "a modulation is one number above 0, up to 500 Hz, as in 400*25:1000",
            Fault::Level => "a level is a number of dB from -40 to 40, as in 350@-4+440:1000",
            Fault::Duration => "a duration is a whole number of milliseconds, at most a day",
            Fault::StaysTooEarly => "only the last step may go without a duration",
        })
    }
}

impl core::error::Error for ParseError {}

impl FromStr for Tone {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut steps = ArrayVec::new();
        let mut stays = false;
        for (i, part) in text.split(',').enumerate() {
            let failed = |fault| ParseError { step: i + 1, fault };
            if stays {
                return Err(ParseError { step: i, fault: Fault::StaysTooEarly });
            }
            let step = step(part).map_err(failed)?;
            stays = step.ms == 0;
            steps.try_push(step).map_err(|_| failed(Fault::TooManySteps))?;
        }
        Ok(Self { steps })
    }
}

fn step(text: &str) -> Result<Step, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    let (tones, ms) = text.split_once(':').unwrap_or((text, "0"));
    let ms = ms.trim().parse().ok().filter(|ms| *ms <= MAX_MS).ok_or(Fault::Duration)?;
    let mut step = Step { ms, ..Step::default() };
    if tones.trim() == "0" {
        return Ok(step);
    }
    for tone in tones.split('+') {
        let (tone, above) = match tone.split_once('@') {
            Some((tone, above)) => (tone, number(above).filter(|a| a.abs() <= MAX_ABOVE).ok_or(Fault::Level)?),
            None => (tone, 0.0),
        };
        let (hz, am) = match tone.split_once('*') {
            Some((hz, am)) => (hz, Some(number(am).filter(|m| *m > 0.0 && *m <= MAX_AM).ok_or(Fault::Modulation)?)),
            None => (tone, None),
        };
        if let Some(am) = am {
            if step.am > 0.0 {
                return Err(Fault::Modulation);
            }
            step.am = am;
        }
        let hz = number(hz).ok_or(Fault::Frequency)?;
        if hz == 0.0 {
            return Err(Fault::Silence);
        }
        if !(hz > 0.0 && hz < SAMPLE_RATE as f32 / 2.0) {
            return Err(Fault::Frequency);
        }
        step.freqs.try_push((hz, above)).map_err(|_| Fault::TooManyFrequencies)?;
    }
    Ok(step)
}

fn number(text: &str) -> Option<f32> {
    text.trim().parse().ok().filter(|x: &f32| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::US;
    use crate::level;
    use crate::tone::TonePlayer;
    use std::string::ToString;
    use std::vec;

    #[test]
    fn text_plays_as_the_table_does() {
        let tone: Tone = " 440 + 480 : 2000 , 0:4000".parse().expect("a tone");
        let (mut a, mut b) = (vec![0; 80_000], vec![0; 80_000]);
        TonePlayer::own(tone.clone(), -19.0).fill(&mut a);
        TonePlayer::new(US.ringback, -19.0).fill(&mut b);
        assert_eq!(a, b);
        assert_eq!(tone.cycle_ms(), Some(6000));
    }

    #[test]
    fn modulation_and_levels() {
        let tone: Tone = "400*25:1000,350@-20+440:1000,0".parse().expect("a tone");
        assert_eq!(tone.steps()[0].am, 25.0);
        assert_eq!(tone.cycle_ms(), None);
        let mut player = TonePlayer::own(tone, -10.0);
        let mut out = vec![0; 24_000];
        player.fill(&mut out);
        let level = |x: &[i16]| level::dbm0(x.iter().map(|&s| f32::from(s).powi(2)).sum::<f32>() / x.len() as f32);
        // 0.9 of modulation adds 10 log(1 + 0.81 / 2) dB.
        assert!((level(&out[..8000]) + 10.0 - 1.48).abs() < 0.05, "{}", level(&out[..8000]));
        // -10 and -30 together.
        assert!((level(&out[8000..16_000]) + 9.957).abs() < 0.05);
        assert!(out[16_000..].iter().all(|s| *s == 0) && player.is_over());
    }

    #[test]
    fn faults_are_told_with_their_place() {
        for (text, step, fault) in [
            ("", 1, Fault::Empty),
            ("440:100,,0:100", 2, Fault::Empty),
            ("440:abc", 1, Fault::Duration),
            ("440:-5", 1, Fault::Duration),
            ("440:86400001", 1, Fault::Duration),
            ("440:99999999999", 1, Fault::Duration),
            ("440:1,x:2", 2, Fault::Frequency),
            ("4000:10", 1, Fault::Frequency),
            ("-3:10", 1, Fault::Frequency),
            ("inf:10", 1, Fault::Frequency),
            ("440+0:10", 1, Fault::Silence),
            ("0*5:10", 1, Fault::Silence),
            ("440*0:10", 1, Fault::Modulation),
            ("440*5+480*6:10", 1, Fault::Modulation),
            ("440@50:10", 1, Fault::Level),
            ("1+2+3+4+5:10", 1, Fault::TooManyFrequencies),
            ("440,0:100", 1, Fault::StaysTooEarly),
        ] {
            assert_eq!(text.parse::<Tone>(), Err(ParseError { step, fault }), "{text}");
        }
        let many = "1:1,".repeat(32) + "1:1";
        let e = many.parse::<Tone>().expect_err("too long");
        assert_eq!(e.fault, Fault::TooManySteps);
        assert_eq!(e.to_string(), "step 33 of the tone: a tone has at most 32 steps");
    }
}
