//! National limits of receivers, as data.
//!
//! The columns of ITU-T Q.24 Annex A, and ETSI ES 201 235-3. Each has limits within which a receiver must operate, and
//! for most of them others beyond which it must not. The receiver decides between the two.

/// Limits of a receiver. Levels are those of each tone; twist is the level of the high tone less that of the low one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// Whose limits these are.
    pub name: &'static str,
    /// Frequencies that must be taken: deviation up to this share of the nominal frequency, plus
    /// [`Profile::frequency_hz`].
    pub frequency: f32,
    /// See [`Profile::frequency`], in Hz.
    pub frequency_hz: f32,
    /// Deviation, as a share of the nominal frequency, that must be refused.
    pub frequency_refused: f32,
    /// Weakest tone that must be taken, in dBm0.
    pub level: f32,
    /// Level that must be refused, in dBm0.
    pub level_refused: f32,
    /// Largest twist that must be taken, in dB.
    pub twist: f32,
    /// Largest reverse twist that must be taken (by how much the low tone may be the stronger one), in dB.
    pub reverse_twist: f32,
    /// Shortest digit that must be taken, in ms.
    pub tone_ms: u32,
    /// Longest digit that must be refused, in ms.
    pub tone_refused_ms: u32,
    /// Shortest pause that must part two digits, in ms.
    pub pause_ms: u32,
    /// Longest interruption that must not part a digit, in ms.
    pub interruption_ms: u32,
}

/// The widest that is safe: every limit of the other profiles that does not cost false digits.
pub const DEFAULT: Profile = Profile {
    name: "default",
    frequency: 0.018,
    frequency_hz: 0.0,
    frequency_refused: 0.030,
    level: -40.0,
    level_refused: -45.0,
    twist: 9.0,
    reverse_twist: 10.0,
    tone_ms: 40,
    tone_refused_ms: 23,
    pause_ms: 30,
    interruption_ms: 10,
};

/// AT&T (Q.24 Annex A).
pub const ATT: Profile = Profile {
    name: "AT&T",
    frequency: 0.015,
    frequency_refused: 0.035,
    level: -25.0,
    level_refused: -55.0,
    twist: 4.0,
    reverse_twist: 8.0,
    pause_ms: 40,
    ..DEFAULT
};

/// NTT (Q.24 Annex A).
pub const NTT: Profile = Profile {
    name: "NTT",
    level: -24.0,
    level_refused: -29.0,
    twist: 5.0,
    reverse_twist: 5.0,
    tone_refused_ms: 24,
    ..DEFAULT
};

/// Denmark (Q.24 Annex A), for a nominal level A of -27 dBm0.
pub const DENMARK: Profile = Profile {
    name: "Denmark",
    frequency: 0.015,
    frequency_hz: 2.0,
    level: -27.0,
    level_refused: -36.0,
    twist: 6.0,
    reverse_twist: 6.0,
    tone_refused_ms: 20,
    pause_ms: 40,
    interruption_ms: 20,
    ..DEFAULT
};

/// Australia (Q.24 Annex A).
pub const AUSTRALIA: Profile = Profile {
    name: "Australia",
    frequency: 0.015,
    frequency_hz: 4.0,
    frequency_refused: 0.070,
    level: -27.0,
    level_refused: -40.0,
    twist: 10.0,
    reverse_twist: 10.0,
    tone_refused_ms: 25,
    pause_ms: 70,
    interruption_ms: 12,
    ..DEFAULT
};

/// Brazil (Q.24 Annex A).
pub const BRAZIL: Profile = Profile {
    name: "Brazil",
    level: -25.0,
    level_refused: -50.0,
    twist: 9.0,
    reverse_twist: 9.0,
    tone_refused_ms: 20,
    ..DEFAULT
};

/// ETSI ES 201 235-3, receivers of a local exchange.
pub const ETSI: Profile = Profile {
    name: "ETSI",
    frequency: 0.015,
    frequency_hz: 2.0,
    level: -28.0,
    level_refused: -36.0,
    twist: 6.0,
    reverse_twist: 6.0,
    tone_refused_ms: 20,
    pause_ms: 40,
    interruption_ms: 20,
    ..DEFAULT
};

/// All of them, the default first.
pub const ALL: [Profile; 7] = [DEFAULT, ATT, NTT, DENMARK, AUSTRALIA, BRAZIL, ETSI];

impl Profile {
    /// The profile of this name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|p| p.name.eq_ignore_ascii_case(name))
    }

    /// Deviation in Hz from `hz` that must be taken.
    pub(super) fn taken(&self, hz: f32) -> f32 {
        self.frequency * hz + self.frequency_hz
    }

    /// Deviation in Hz from `hz` beyond which a tone is refused: between the limits, 0.7 % beyond the lower one at
    /// most.
    pub(super) fn deviation(&self, hz: f32) -> f32 {
        let taken = self.taken(hz);
        let between = (taken + self.frequency_refused * hz) / 2.0;
        between.min(taken + 0.007 * hz)
    }

    /// Level in dBm0 below which a tone is refused: between the limits, 3 dB below the upper one at most.
    pub(super) fn least_level(&self) -> f32 {
        ((self.level + self.level_refused) / 2.0).max(self.level - 3.0)
    }

    /// Length in ms at which a digit is taken: soon above what must be refused, so that it is told early.
    pub(super) fn least_ms(&self) -> usize {
        self.tone_refused_ms.saturating_add(3).min(self.tone_ms) as usize
    }

    /// Length in ms of the silence that ends a digit: between the limits, 30 at most.
    pub(super) fn least_pause_ms(&self) -> u32 {
        self.interruption_ms.midpoint(self.pause_ms.max(self.interruption_ms)).min(30)
    }
}

impl Default for Profile {
    fn default() -> Self {
        DEFAULT
    }
}
