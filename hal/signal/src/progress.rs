//! Call-progress detector.

use crate::ProgressTone;
use crate::country::Country;

/// What the detector tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
}

/// What the detector tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A tone was recognised.
    Tone(ProgressTone),
    /// The tone recognised last has ended.
    Ended(ProgressTone),
    /// Somebody or something speaks.
    Voice,
    /// It has been silent for this many ms (whole seconds).
    Silence(u32),
}

/// Recognises a country's call-progress tones.
#[derive(Clone, Debug)]
pub struct Detector {}

impl Detector {
    /// For the tones of `country`.
    pub fn new(_country: &'static Country) -> Self {
        Self {}
    }
    /// Takes samples; any number at a time.
    pub fn process(&mut self, _samples: &[i16], _sink: &mut impl FnMut(Event)) {}
    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {}
}
