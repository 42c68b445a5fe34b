//! What held parties of a private exchange hear: a quiet melody, the same for all of them.

use super::subscriber::STEP;
use loopstart_signal::level;
use std::f32::consts::TAU;

/// Level at the beginning of a note, dBm0. Quiet enough that nobody takes it for a tone of the exchange.
const LEVEL: f32 = -24.0;
/// The notes, Hz: a pentatonic tune, which holds no pair of frequencies of a signal.
const NOTES: [f32; 12] = [523.3, 587.3, 659.3, 784.0, 659.3, 587.3, 523.3, 784.0, 880.0, 784.0, 659.3, 587.3];
/// Samples of a note.
const NOTE: usize = 2_800;

/// Plays the melody.
#[derive(Debug)]
pub(crate) struct Music {
    phase: f32,
    at: usize,
    amplitude: f32,
}

impl Music {
    pub(crate) fn new() -> Self {
        Self { phase: 0.0, at: 0, amplitude: level::peak(LEVEL) }
    }

    /// The next step.
    pub(crate) fn step(&mut self) -> [i16; STEP] {
        let mut out = [0; STEP];
        for s in &mut out {
            let hz = NOTES[self.at / NOTE % NOTES.len()];
            // A plucked note: loud at its beginning, gone at its end.
            let fade = 1.0 - (self.at % NOTE) as f32 / NOTE as f32;
            self.phase = (self.phase + hz / loopstart_signal::SAMPLE_RATE as f32).fract();
            *s = (self.amplitude * fade * fade * (TAU * self.phase).sin()) as i16;
            self.at = (self.at + 1) % (NOTE * NOTES.len());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::dtmf;

    #[test]
    fn it_is_heard_and_is_no_signal() {
        let mut music = Music::new();
        let audio: Vec<i16> = (0..2_000).flat_map(|_| music.step()).collect();
        let mean = audio.iter().map(|&s| f32::from(s).powi(2)).sum::<f32>() / audio.len() as f32;
        assert!((-36.0..-26.0).contains(&level::dbm0(mean)), "{}", level::dbm0(mean));
        let mut digits = 0;
        dtmf::Receiver::new().process(&audio, &mut |_| digits += 1);
        assert_eq!(digits, 0);
    }
}
