//! A speech-like signal: the pulse train of a voice through three resonances that move from vowel to vowel, in
//! syllables and short pauses. Nobody could understand it; level, spectrum and rhythm are those of speech.

use loopstart_signal::level;
use std::f32::consts::TAU;

/// First three formants of five vowels, Hz (averages for men's voices).
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1090.0, 2440.0],
    [270.0, 2290.0, 3010.0],
    [300.0, 870.0, 2240.0],
    [530.0, 1840.0, 2480.0],
    [570.0, 840.0, 2410.0],
];

const RATE: f32 = loopstart_signal::SAMPLE_RATE as f32;

#[derive(Clone, Copy, Debug, Default)]
struct Resonator {
    a: f32,
    b: f32,
    c: f32,
    y1: f32,
    y2: f32,
}

impl Resonator {
    fn tune(&mut self, hz: f32, bandwidth: f32) {
        let r = (-std::f32::consts::PI * bandwidth / RATE).exp();
        self.b = 2.0 * r * (TAU * hz / RATE).cos();
        self.c = -r * r;
        self.a = 1.0 - self.b - self.c;
    }

    fn next(&mut self, x: f32) -> f32 {
        let y = self.a * x + self.b * self.y1 + self.c * self.y2;
        self.y2 = self.y1;
        self.y1 = y;
        y
    }
}

/// Generates the signal. The same seed gives the same signal.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    random: u32,
    phase: f32,
    pitch: f32,
    formants: [Resonator; 3],
    /// Samples of this syllable (or pause) gone, and its length.
    at: u32,
    length: u32,
    voiced: bool,
    syllables: u32,
    amplitude: f32,
}

impl Voice {
    /// A voice with about this level while it speaks.
    pub(crate) fn new(seed: u32, level_dbm0: f32) -> Self {
        let mut voice = Self {
            random: seed | 1,
            phase: 0.0,
            pitch: 115.0,
            formants: [Resonator::default(); 3],
            at: 0,
            length: 0,
            voiced: false,
            syllables: 0,
            amplitude: level::peak(level_dbm0),
        };
        voice.next_syllable();
        voice
    }

    /// 0 to 1 (xorshift).
    fn random(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        (self.random >> 8) as f32 / (1u32 << 24) as f32
    }

    fn next_syllable(&mut self) {
        self.at = 0;
        self.syllables += 1;
        // After some syllables a short pause between words.
        self.voiced = !self.voiced || !self.syllables.is_multiple_of(4);
        let seconds = if self.voiced { 0.12 + 0.16 * self.random() } else { 0.08 + 0.1 * self.random() };
        self.length = (seconds * RATE) as u32;
        self.pitch = 95.0 + 45.0 * self.random();
        let vowel = VOWELS[(self.random() * VOWELS.len() as f32) as usize % VOWELS.len()];
        for ((formant, hz), bandwidth) in self.formants.iter_mut().zip(vowel).zip([70.0, 100.0, 140.0]) {
            formant.tune(hz, bandwidth);
        }
    }

    /// Adds the next samples to `out`.
    pub(crate) fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            if self.at >= self.length {
                self.next_syllable();
            }
            let place = self.at as f32 / self.length.max(1) as f32;
            self.at += 1;
            // Pitch falls through the syllable, so that no component stays long enough to be a tone.
            self.phase += self.pitch * (1.1 - 0.25 * place) / RATE;
            let pulse = if self.phase >= 1.0 {
                self.phase -= 1.0;
                4.5
            } else {
                0.0
            };
            let breath = (self.random() - 0.5) * 0.1;
            let drive = if self.voiced { (pulse + breath) * (std::f32::consts::PI * place).sin() } else { 0.0 };
            let y: f32 = self.formants.iter_mut().zip([1.0, 0.6, 0.3]).map(|(f, gain)| f.next(drive) * gain).sum();
            *s = s.saturating_add((y * self.amplitude).clamp(-16_000.0, 16_000.0) as i16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::dtmf;

    #[test]
    fn it_has_its_level_and_holds_no_digit() {
        let mut out = vec![0i16; 8000 * 30];
        Voice::new(7, -16.0).mix(&mut out);
        let mean = out.iter().map(|&s| f32::from(s).powi(2)).sum::<f32>() / out.len() as f32;
        let level = level::dbm0(mean);
        assert!((-20.0..-12.0).contains(&level), "{level} dBm0");
        let mut digits = 0;
        dtmf::Receiver::new().process(&out, &mut |_| digits += 1);
        assert_eq!(digits, 0);
    }
}
