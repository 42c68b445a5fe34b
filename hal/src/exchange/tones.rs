//! The exchange's tones: which there are, what they sound like in a country, and the generators that the signal
//! package's tone player does not cover.

use loopstart_signal::SAMPLE_RATE;
use loopstart_signal::country::{Country, Segment};
use loopstart_signal::level;
use loopstart_signal::tone::TonePlayer;
use std::f32::consts::TAU;

/// Tones that the exchange or a far end can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Dial tone.
    Dial,
    /// Stutter (recall) dial tone.
    Stutter,
    /// Ringback.
    Ringback,
    /// Busy.
    Busy,
    /// Reorder, congestion.
    Reorder,
    /// Special information tone of the country.
    Sit,
    /// Special information tone that says "vacant code" where the country's plan tells them apart.
    VacantCode,
    /// Call waiting.
    CallWaiting,
    /// Confirmation.
    Confirmation,
    /// Receiver off hook.
    Howler,
    /// Calling fax machine: 1100 Hz (T.30).
    Cng,
    /// Answering fax machine or modem: 2100 Hz (T.30, V.25).
    Ced,
    /// Answering V.8 modem: 2100 Hz with phase reversals and 15 Hz amplitude modulation.
    AnsAm,
    /// The beep of an answering machine.
    Beep,
}

/// Names of the tones, as the control socket takes them and events tell them.
const NAMES: &[(&str, Signal)] = &[
    ("dial", Signal::Dial),
    ("stutter", Signal::Stutter),
    ("ringback", Signal::Ringback),
    ("busy", Signal::Busy),
    ("reorder", Signal::Reorder),
    ("sit", Signal::Sit),
    ("vacant", Signal::VacantCode),
    ("callwaiting", Signal::CallWaiting),
    ("confirmation", Signal::Confirmation),
    ("howler", Signal::Howler),
    ("cng", Signal::Cng),
    ("ced", Signal::Ced),
    ("ansam", Signal::AnsAm),
    ("beep", Signal::Beep),
];

/// Silence between two special information tones, where a real exchange has its announcement.
const ANNOUNCEMENT: Segment = Segment { freqs: &[], am: 0.0, ms: 4_000 };

/// Vacant code of the North American precise tone plan: low tone high and long, the others low.
static VACANT_CODE: &[Segment] = &[
    Segment { freqs: &[985.2], am: 0.0, ms: 380 },
    Segment { freqs: &[1370.6], am: 0.0, ms: 276 },
    Segment { freqs: &[1776.7], am: 0.0, ms: 380 },
    ANNOUNCEMENT,
];

/// North American receiver-off-hook tone.
static HOWLER: &[Segment] =
    &[Segment { freqs: &[1400.0, 2060.0, 2450.0, 2600.0], am: 0.0, ms: 100 }, Segment { freqs: &[], am: 0.0, ms: 100 }];

/// T.30: 0.5 s every 3 s.
static CNG: &[Segment] = &[Segment { freqs: &[1100.0], am: 0.0, ms: 500 }, Segment { freqs: &[], am: 0.0, ms: 3_000 }];
static CED: &[Segment] = &[Segment { freqs: &[2100.0], am: 0.0, ms: 0 }];
static BEEP: &[Segment] = &[Segment { freqs: &[1000.0], am: 0.0, ms: 0 }];

/// Level of terminal equipment's tones (CNG, CED, ANSam, beep), dBm0.
const EQUIPMENT_LEVEL: f32 = -12.0;
/// Level of each frequency of the howler, dBm0: together about -3 dBm0 (loud, and far from clipping).
const HOWLER_LEVEL: f32 = -9.0;

impl Signal {
    /// The tone of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(n, _)| *n == name).map(|&(_, signal)| signal)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|&&(_, signal)| signal == self).map_or("", |&(name, _)| name)
    }

    /// A generator for it.
    pub(crate) fn player(self, country: &Country) -> Player {
        let levels = &country.levels;
        let north_america = matches!(country.code, "us" | "ca");
        let or_dial = |tone: &'static [Segment]| if tone.is_empty() { country.dial } else { tone };
        let (segments, level) = match self {
            Self::Dial => (country.dial, levels.dial),
            Self::Stutter => (or_dial(country.stutter), levels.dial),
            Self::Ringback => (country.ringback, levels.ringback),
            Self::Busy => (country.busy, levels.busy),
            Self::Reorder => (country.reorder, levels.reorder),
            Self::VacantCode if north_america => (VACANT_CODE, levels.reorder),
            Self::Sit | Self::VacantCode => (country.sit, levels.reorder),
            Self::CallWaiting => (country.call_waiting, levels.call_waiting),
            Self::Confirmation => (or_dial(country.confirmation), levels.dial),
            Self::Howler => (HOWLER, HOWLER_LEVEL),
            Self::Cng => (CNG, EQUIPMENT_LEVEL),
            Self::Ced => (CED, EQUIPMENT_LEVEL),
            Self::Beep => (BEEP, EQUIPMENT_LEVEL),
            Self::AnsAm => return Player::AnsAm(AnsAm::new(EQUIPMENT_LEVEL)),
        };
        Player::Plan(TonePlayer::new(segments, level))
    }
}

/// A generator of one [`Signal`].
#[derive(Clone, Debug)]
pub(crate) enum Player {
    Plan(TonePlayer),
    AnsAm(AnsAm),
}

impl Player {
    /// Adds the next samples to `out`.
    pub(crate) fn mix(&mut self, out: &mut [i16]) {
        match self {
            Self::Plan(player) => player.mix(out),
            Self::AnsAm(player) => player.mix(out),
        }
    }
}

/// ANSam of V.8: 2100 Hz, phase reversed every 450 ms, amplitude between 0.8 and 1.2 of the mean at 15 Hz.
#[derive(Clone, Debug)]
pub(crate) struct AnsAm {
    carrier: f32,
    envelope: f32,
    sample: u32,
    peak: f32,
}

impl AnsAm {
    const REVERSAL: u32 = SAMPLE_RATE * 450 / 1000;

    pub(crate) fn new(level_dbm0: f32) -> Self {
        Self { carrier: 0.0, envelope: 0.0, sample: 0, peak: level::peak(level_dbm0) }
    }

    pub(crate) fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            let x = self.peak * (1.0 + 0.2 * (TAU * self.envelope).sin()) * (TAU * self.carrier).sin();
            *s = s.saturating_add(x.round() as i16);
            self.carrier = (self.carrier + 2100.0 / SAMPLE_RATE as f32).fract();
            self.envelope = (self.envelope + 15.0 / SAMPLE_RATE as f32).fract();
            self.sample += 1;
            if self.sample == Self::REVERSAL {
                self.sample = 0;
                self.carrier = (self.carrier + 0.5).fract();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::country;

    #[test]
    fn every_tone_has_a_name_and_sounds_in_every_country() {
        for &(name, signal) in NAMES {
            assert_eq!((Signal::by_name(name), signal.name()), (Some(signal), name));
            for country in country::all() {
                let mut out = [0; 8000];
                signal.player(country).mix(&mut out);
                assert!(out.iter().any(|&s| s != 0) || country.call_waiting.is_empty(), "{name} in {}", country.code);
            }
        }
    }

    #[test]
    fn ansam_reverses_its_phase_and_carries_15_hz() {
        let mut out = vec![0; 8000];
        AnsAm::new(-12.0).mix(&mut out);
        // One sample is 94.5 degrees of the carrier: 80 samples are 21 periods.
        let product = |at: usize| (0..80).map(|k| f64::from(out[at + k]) * f64::from(out[at + k + 80])).sum::<f64>();
        assert!(product(1000) > 0.0 && product(3600 - 80) < 0.0 && product(7200 - 80) < 0.0);
        let level = |at: usize| level::dbm0(out[at..at + 80].iter().map(|&s| f32::from(s).powi(2)).sum::<f32>() / 80.0);
        // The envelope's crest is a quarter of 533 samples after the start, its trough three quarters.
        let swing = level(133 - 40) - level(400 - 40);
        assert!((3.0..4.0).contains(&swing), "{swing} dB; 20 log(1.2/0.8) is 3.5");
    }
}
