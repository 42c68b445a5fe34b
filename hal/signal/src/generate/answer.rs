//! Answer tones of modems (ITU-T V.25, V.8).

use crate::SAMPLE_RATE;
use crate::level;
use crate::osc::Osc;

/// Frequency of the answer tone, in Hz.
const ANSWER_HZ: f32 = 2100.0;
/// Frequency of the modulation of ANSam, in Hz, and its depth (V.8: 0.8 to 1.2 of the mean amplitude).
const MODULATION_HZ: f32 = 15.0;
const MODULATION_DEPTH: f32 = 0.2;

/// How often an answer tone reverses its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reversals {
    /// Samples between two reversals; 0 for none.
    pub samples: u32,
}

impl Reversals {
    /// Every 450 ms (V.25: 450 +-25 ms).
    pub const V25: Self = Self { samples: SAMPLE_RATE * 450 / 1000 };
}

/// 2100 Hz, with phase reversals and 15 Hz amplitude modulation or without.
#[derive(Clone, Debug)]
pub struct AnswerTone {
    carrier: Osc,
    envelope: Option<Osc>,
    reversals: u32,
    left: u32,
    /// Negative after an odd number of reversals.
    amplitude: f32,
}

impl AnswerTone {
    /// At `level_dbm0` dBm0 on average. The modulated tone is ANSam.
    pub fn new(level_dbm0: f32, reversals: Option<Reversals>, modulated: bool) -> Self {
        let reversals = reversals.map_or(0, |r| r.samples);
        // Modulation adds its sidebands; the level told is that of the whole.
        let excess = if modulated { 1.0 + MODULATION_DEPTH * MODULATION_DEPTH / 2.0 } else { 1.0 };
        Self {
            carrier: Osc::new(ANSWER_HZ),
            envelope: modulated.then(|| Osc::new(MODULATION_HZ)),
            reversals,
            left: reversals,
            amplitude: level::peak(level_dbm0) / libm::sqrtf(excess),
        }
    }

    pub(crate) fn next(&mut self) -> f32 {
        if self.reversals > 0 {
            if self.left == 0 {
                self.left = self.reversals;
                self.amplitude = -self.amplitude;
            }
            self.left -= 1;
        }
        let envelope = self.envelope.as_mut().map_or(1.0, |e| 1.0 + MODULATION_DEPTH * e.sine());
        self.amplitude * envelope * self.carrier.sine()
    }

    /// Overwrites `out` with the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        out.iter_mut().for_each(|s| *s = level::sample(self.next()));
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            let x = self.next();
            level::add(s, x);
        }
    }
}
