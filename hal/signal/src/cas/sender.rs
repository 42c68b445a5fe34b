//! Sends alerting tones.

use super::TONES;
use crate::osc::Osc;
use crate::{SAMPLE_RATE, level};
use core::time::Duration;

/// Sends alerting tones. No allocation.
#[derive(Clone, Debug)]
pub struct Sender {
    tones: [Osc; 2],
    amplitude: f32,
    left: u64,
}

impl Sender {
    /// Length of the tone during a call (75 to 85 ms).
    pub const OFF_HOOK: Duration = Duration::from_millis(80);
    /// Length of the tone on hook (EN 300 659-1: 100 ms; BT: 88 to 110 ms).
    pub const ON_HOOK: Duration = Duration::from_millis(100);

    /// A sender at rest. `level_dbm0` is the level of each tone, in dBm0.
    pub fn new(level_dbm0: f32) -> Self {
        Self { tones: TONES.map(Osc::new), amplitude: level::peak(level_dbm0), left: 0 }
    }

    /// Begins a tone of this length, from the next sample on; one that still sounds is cut off.
    pub fn start(&mut self, duration: Duration) {
        self.tones = TONES.map(Osc::new);
        self.left = u64::try_from(duration.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000).unwrap_or(u64::MAX);
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix(&mut self, out: &mut [i16]) {
        let n = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        for s in out.iter_mut().take(n) {
            let [low, high] = &mut self.tones;
            level::add(s, self.amplitude * (low.sine() + high.sine()));
        }
        self.left -= n as u64;
    }

    /// Whether nothing is left to send.
    pub fn is_idle(&self) -> bool {
        self.left == 0
    }
}
