//! Tones for the far end of a call.

use super::samples;
use arrayvec::ArrayVec;
use core::time::Duration;
use loopstart_signal::country::Country;
use loopstart_signal::generate::Signal;
use loopstart_signal::tone::TonePlayer;
use loopstart_signal::{MAX_TONE_PARTS, OutTone, SAMPLE_RATE, ToneKind, TonePart};

/// The calling-card prompt of the Bell System: 60 ms of the digit `#`, then dial tone that dies away for 940 ms with a time
/// constant of 200 ms.
const PROMPT_DIGIT: (Duration, [f32; 2]) = (Duration::from_millis(60), [941.0, 1477.0]);
const PROMPT_TONE: (Duration, [f32; 2]) = (Duration::from_millis(940), [350.0, 440.0]);
const PROMPT_DECAY_MS: f32 = 200.0;
/// Level of each of its frequencies where it begins, in dBm0.
const PROMPT_LEVEL: f32 = -10.0;
/// Highest level of a component, in dBm0: that of a full-scale sine, less a little.
const LOUDEST: f32 = 3.0;
/// Weakest level of a component that is sent.
const WEAKEST: f32 = -60.0;

/// A tone that is being sent. Makes its samples without taking memory.
pub(super) struct Sound {
    kind: Kind,
    /// Samples left; none: it goes on.
    left: Option<u64>,
}

#[expect(clippy::large_enum_variant, reason = "there is one for each line, and nothing is allocated for it")]
enum Kind {
    Player(TonePlayer),
    Prompt(Prompt),
    Parts(ArrayVec<Part, MAX_TONE_PARTS>),
}

impl Sound {
    /// The tone as it sounds in `country`; none where that has no such tone, or a component is no tone: not below half the sample
    /// rate, or louder than a line can carry.
    pub(super) fn new(tone: &OutTone, country: &Country) -> Option<Self> {
        let cadence = |signal: Signal| {
            let segments = signal.segments(country).filter(|segments| !segments.is_empty())?;
            Some(Kind::Player(TonePlayer::new(segments, signal.level(country))))
        };
        let mut duration = tone.duration;
        let kind = match &tone.tone {
            ToneKind::Ringback => cadence(Signal::Ringback)?,
            ToneKind::Busy => cadence(Signal::Busy)?,
            ToneKind::Beep => cadence(Signal::Beep)?,
            ToneKind::Billing => {
                duration = Some(duration.unwrap_or(PROMPT_DIGIT.0 + PROMPT_TONE.0));
                Kind::Prompt(Prompt::new())
            }
            ToneKind::Custom(parts) => {
                let mut all = ArrayVec::new();
                for part in parts.iter().filter(|part| part.hz > 0) {
                    all.push(Part::new(part)?);
                }
                if all.is_empty() {
                    return None;
                }
                Kind::Parts(all)
            }
        };
        Some(Self { kind, left: duration.map(samples) })
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.left == Some(0)
    }

    /// Adds its next samples to `out`, saturating.
    pub(super) fn mix(&mut self, out: &mut [i16]) {
        let length = self.left.map_or(out.len(), |left| out.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        let Some(out) = out.get_mut(..length) else { return };
        match &mut self.kind {
            Kind::Player(player) => player.mix(out),
            Kind::Prompt(prompt) => prompt.mix(out),
            Kind::Parts(parts) => parts.iter_mut().for_each(|part| part.mix(out)),
        }
        if let Some(left) = &mut self.left {
            *left -= length as u64;
        }
    }
}

/// One component with its own cadence.
struct Part {
    hz: f32,
    level: f32,
    /// Samples on and off; nothing off: steady.
    on: u64,
    off: u64,
    /// Where in the cadence it is.
    at: u64,
    player: TonePlayer,
}

impl Part {
    fn new(part: &TonePart) -> Option<Self> {
        let hz = f32::from(part.hz);
        if hz >= SAMPLE_RATE as f32 / 2.0 || part.level_dbm0.is_nan() || part.level_dbm0 > LOUDEST {
            return None;
        }
        let level = part.level_dbm0.max(WEAKEST);
        let length = |ms: u16| samples(Duration::from_millis(ms.into()));
        let player = TonePlayer::fixed(&[hz], level, None);
        Some(Self { hz, level, on: length(part.on_ms), off: length(part.off_ms), at: 0, player })
    }

    fn mix(&mut self, mut out: &mut [i16]) {
        if self.off == 0 {
            return self.player.mix(out);
        }
        let cycle = self.on + self.off;
        while !out.is_empty() {
            if self.at == 0 {
                // Each time from where a sine begins, so that it does not click.
                self.player = TonePlayer::fixed(&[self.hz], self.level, None);
            }
            let sounds = self.at < self.on;
            let until = if sounds { self.on } else { cycle };
            let piece = out.len().min(usize::try_from(until - self.at).unwrap_or(usize::MAX));
            let (now, later) = out.split_at_mut(piece);
            if sounds {
                self.player.mix(now);
            }
            self.at = (self.at + piece as u64) % cycle;
            out = later;
        }
    }
}

/// The calling-card prompt, again and again.
struct Prompt {
    at: u64,
    digit: TonePlayer,
    tone: TonePlayer,
}

impl Prompt {
    fn new() -> Self {
        Self {
            at: 0,
            digit: TonePlayer::fixed(&PROMPT_DIGIT.1, PROMPT_LEVEL, None),
            tone: TonePlayer::fixed(&PROMPT_TONE.1, PROMPT_LEVEL, None),
        }
    }

    fn mix(&mut self, out: &mut [i16]) {
        let begin = samples(PROMPT_DIGIT.0);
        let end = begin + samples(PROMPT_TONE.0);
        for sample in out {
            if self.at == end {
                *self = Self::new();
            }
            let mut next = [0];
            if self.at < begin {
                self.digit.fill(&mut next);
            } else {
                self.tone.fill(&mut next);
                let ms = (self.at - begin) as f32 * 1_000.0 / SAMPLE_RATE as f32;
                let faded = f32::from(next[0]) * (-ms / PROMPT_DECAY_MS).exp();
                next = [faded as i16];
            }
            *sample = sample.saturating_add(next[0]);
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::country::US;
    use loopstart_signal::level;

    fn sound(tone: ToneKind, ms: Option<u64>) -> Option<Sound> {
        Sound::new(&OutTone { tone, duration: ms.map(Duration::from_millis) }, US)
    }

    fn play(mut sound: Sound, ms: usize) -> Vec<i16> {
        let mut out = vec![0; 8 * ms];
        out.chunks_mut(160).for_each(|block| sound.mix(block));
        out
    }

    fn level(out: &[i16]) -> f32 {
        level::dbm0(out.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / out.len() as f32)
    }

    fn part(hz: u16, on_ms: u16, off_ms: u16, level_dbm0: f32) -> TonePart {
        TonePart { hz, on_ms, off_ms, level_dbm0 }
    }

    #[test]
    fn a_tone_lasts_as_long_as_it_is_asked_to() {
        let out = play(sound(ToneKind::Beep, Some(250)).unwrap(), 500);
        assert!(level(&out[..2_000]) > -20.0);
        assert!(out[2_000..].iter().all(|s| *s == 0));
        let mut none = sound(ToneKind::Beep, Some(0)).unwrap();
        assert!(none.is_over());
        none.mix(&mut [0; 8]);
        let ringback = play(sound(ToneKind::Ringback, None).unwrap(), 9_000);
        assert!(level(&ringback[..16_000]) > -25.0 && ringback[16_000..48_000].iter().all(|s| *s == 0));
        assert!(level(&ringback[48_000..64_000]) > -25.0, "the second burst");
    }

    #[test]
    fn each_component_has_its_own_cadence_and_level() {
        let parts = [part(1_000, 100, 100, -10.0), part(400, 0, 0, -20.0), TonePart::default(), TonePart::default()];
        let out = play(sound(ToneKind::Custom(parts), Some(1_000)).unwrap(), 1_000);
        for (i, piece) in out.chunks(800).enumerate() {
            let both = i % 2 == 0;
            let expected = if both { -9.586 } else { -20.0 };
            assert!((level(piece) - expected).abs() < 0.3, "{i}: {}", level(piece));
        }
    }

    #[test]
    fn what_is_no_tone_is_refused() {
        let one = |p| ToneKind::Custom([p, TonePart::default(), TonePart::default(), TonePart::default()]);
        assert!(sound(one(TonePart::default()), Some(1)).is_none(), "no component");
        assert!(sound(one(part(4_000, 0, 0, -10.0)), Some(1)).is_none(), "half the sample rate");
        assert!(sound(one(part(440, 0, 0, 10.0)), Some(1)).is_none(), "too loud");
        assert!(sound(one(part(440, 0, 0, f32::NAN)), Some(1)).is_none());
        assert!(sound(one(part(440, 0, 0, f32::NEG_INFINITY)), Some(1)).is_some());
        assert!(play(sound(one(part(440, 0, 100, -10.0)), None).unwrap(), 300).iter().all(|s| *s == 0), "never on");
    }

    #[test]
    fn the_card_prompt_is_a_digit_and_a_fading_tone_once() {
        let prompt = sound(ToneKind::Billing, None).unwrap();
        let out = play(prompt, 1_500);
        assert!((level(&out[..480]) + 7.0).abs() < 0.3, "{}", level(&out[..480]));
        let (early, late) = (level(&out[500..1_300]), level(&out[4_500..5_300]));
        // 0.5 s later: 2.5 time constants of 8.7 dB.
        assert!((early - late - 21.7).abs() < 1.0, "{early} {late}");
        assert!(out[8_000..].iter().all(|s| *s == 0));
    }
}
