//! A small Kalman filter: how well a reading knows its sender.
//!
//! The estimates themselves stay with the reading; here is their covariance. All quantities are in radians of phase: what
//! concerns time is turned into the phase that the shift between the tones makes of it.

/// How many quantities there are.
const STATES: usize = 5;
/// Phase of the present tone.
pub(super) const PHASE: usize = 0;
/// End of the last bit.
pub(super) const TIMING: usize = 1;
/// Length of a bit.
pub(super) const LENGTH: usize = 2;
/// Frequency of space, per bit.
pub(super) const SPACE: usize = 3;
/// Frequency of mark, per bit.
pub(super) const MARK: usize = 4;

/// Variances at first: the mark was looked at for 30 ms; rate and space are nominal to about 1 %.
const FIRST: [f32; STATES] = [0.05, 0.06, 0.0008, 0.003, 0.0003];

/// What share of the surprise of a measurement each quantity gets.
pub(super) type Gains = [f32; STATES];

/// The covariance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track([[f32; STATES]; STATES]);

impl Track {
    pub(super) fn new() -> Self {
        Self(core::array::from_fn(|i| core::array::from_fn(|j| if i == j { FIRST[i] } else { 0.0 })))
    }

    pub(super) fn variance(&self, of: usize) -> f32 {
        self.0[of][of]
    }

    /// The quantity is known to this variance, and by nothing else that is known.
    pub(super) fn restart(&mut self, of: usize, variance: f32) {
        for i in 0..STATES {
            (self.0[of][i], self.0[i][of]) = (0.0, 0.0);
        }
        self.0[of][of] = variance;
    }

    /// Quantity `to` has changed by `k` times quantity `from`.
    pub(super) fn mix(&mut self, to: usize, from: usize, k: f32) {
        for i in 0..STATES {
            self.0[to][i] += k * self.0[from][i];
        }
        for i in 0..STATES {
            self.0[i][to] += k * self.0[i][from];
        }
    }

    /// One quantity was measured, with this variance.
    pub(super) fn measure(&mut self, what: usize, variance: f32) -> Gains {
        let row = self.0[what];
        let gains = row.map(|x| x / (row[what] + variance));
        for (line, gain) in self.0.iter_mut().zip(gains) {
            for (x, r) in line.iter_mut().zip(row) {
                *x -= gain * r;
            }
        }
        gains
    }

    /// The quantity may have changed by this variance.
    pub(super) fn wander(&mut self, of: usize, variance: f32) {
        self.0[of][of] += variance;
    }
}
