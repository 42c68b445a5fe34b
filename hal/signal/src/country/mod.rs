//! National tone plans and line figures, as data.
//!
//! A [`Country`] holds what differs from one telephone network to the next: the call-progress tones with
//! their cadences, the ringing cadence, hook flash, pulse dialling and the form of caller identification.
//! Generators play a tone's [`Segment`]s; detectors look for the same segments.

mod table;

use core::time::Duration;

/// One step of a tone's cadence.
///
/// A tone is a list of segments that repeats for ever, except that a last segment of 0 ms stays. So the
/// bursts of a stutter dial tone before its steady part are played once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Frequencies in Hz that sound together at equal level; none is silence.
    pub freqs: &'static [f32],
    /// Frequency of a near 100 % amplitude modulation in Hz; 0 for none.
    pub am: f32,
    /// How long it lasts in ms; 0 means that it stays.
    pub ms: u32,
}

const fn on(freqs: &'static [f32], ms: u32) -> Segment {
    Segment { freqs, am: 0.0, ms }
}

const fn am(freqs: &'static [f32], am: f32, ms: u32) -> Segment {
    Segment { freqs, am, ms }
}

const fn silence(ms: u32) -> Segment {
    Segment { freqs: &[], am: 0.0, ms }
}

/// Levels of an exchange's tones, in dBm0 for each frequency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Dial tone and stutter dial tone.
    pub dial: f32,
    /// Ringback.
    pub ringback: f32,
    /// Busy.
    pub busy: f32,
    /// Reorder and special information tone.
    pub reorder: f32,
    /// Call waiting.
    pub call_waiting: f32,
}

/// How pulses code a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PulseCode {
    /// n pulses, 0 is 10.
    Plain,
    /// n + 1 pulses: 0 is 1 pulse, 9 is 10 (Sweden).
    PlusOne,
    /// 10 - n pulses: 0 is 10, 9 is 1 (New Zealand, Oslo).
    TenMinus,
}

/// Pulse dialling in a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PulsePlan {
    /// Pulses per second.
    pub pps: u8,
    /// Share of each pulse during which the loop is open, in percent.
    pub break_percent: u8,
    /// How many pulses a digit takes.
    pub code: PulseCode,
}

/// How caller identification is sent to an idle line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CidForm {
    /// Bell 202 between the first and the second ring (GR-30).
    Bell202AfterRing,
    /// V.23 between the first and the second ring (EN 300 659-1).
    V23AfterRing,
    /// V.23 before the first ring, after a line reversal and an alerting tone (EN 300 659-1).
    V23BeforeRing,
    /// DTMF before the first ring (EN 300 659-1 annex B).
    Dtmf {
        /// The digit that opens the number.
        start: u8,
        /// The digit that closes it.
        end: u8,
    },
    /// V.23 with DLE framing after a short ring and a primary answer (NTT).
    Ntt,
    /// Multi-frequency digits after answer, on request (`AON`).
    Aon,
}

/// What is particular to a country's telephone network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Country {
    /// ISO 3166 code, two lower-case letters.
    pub code: &'static str,
    /// English name.
    pub name: &'static str,
    /// Dial tone.
    pub dial: &'static [Segment],
    /// Stutter (recall, message-waiting) dial tone; empty where none is known.
    pub stutter: &'static [Segment],
    /// Ringback.
    pub ringback: &'static [Segment],
    /// Busy.
    pub busy: &'static [Segment],
    /// Reorder, congestion.
    pub reorder: &'static [Segment],
    /// Special information tone, or what the network plays instead.
    pub sit: &'static [Segment],
    /// Call waiting; empty where none is known.
    pub call_waiting: &'static [Segment],
    /// Confirmation tone; empty where none is known.
    pub confirmation: &'static [Segment],
    /// Number unobtainable, where it is not the special information tone.
    pub unobtainable: &'static [Segment],
    /// Levels of the tones.
    pub levels: Levels,
    /// Ringing frequency in Hz.
    pub ring_hz: f32,
    /// Ringing cadence in ms: on, off, on, off ...
    pub ring_cadence_ms: &'static [u32],
    /// Length of a hook flash to send.
    pub flash: Duration,
    /// Shortest and longest loop interruption that the exchange takes for a hook flash.
    pub flash_accepted: (Duration, Duration),
    /// Pulse dialling.
    pub pulse: PulsePlan,
    /// The usual form of caller identification.
    pub cid: CidForm,
    /// Other forms in use.
    pub cid_also: &'static [CidForm],
}

/// The United States: the default everywhere.
pub const US: &Country = &table::COUNTRIES[table::US];

/// The country with this ISO 3166 code, in either case.
pub fn by_code(code: &str) -> Option<&'static Country> {
    table::COUNTRIES.iter().find(|c| c.code.eq_ignore_ascii_case(code))
}

/// All countries, by code.
pub fn all() -> &'static [Country] {
    &table::COUNTRIES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_found_by_code() {
        assert_eq!(all().len(), 60);
        assert_eq!(US.name, "United States");
        assert_eq!(by_code("GB").map(|c| c.name), Some("United Kingdom"));
        assert_eq!(by_code("zz"), None);
        assert!(all().windows(2).all(|w| w[0].code < w[1].code));
    }

    #[test]
    fn every_plan_is_complete_and_plausible() {
        for c in all() {
            for tone in [c.dial, c.ringback, c.busy, c.reorder, c.sit] {
                assert!(!tone.is_empty(), "{}", c.code);
            }
            for tone in [
                c.dial,
                c.stutter,
                c.ringback,
                c.busy,
                c.reorder,
                c.sit,
                c.call_waiting,
                c.confirmation,
                c.unobtainable,
            ] {
                for (i, s) in tone.iter().enumerate() {
                    assert!(s.freqs.len() <= 4 && s.freqs.iter().all(|f| (300.0..2000.0).contains(f)), "{}", c.code);
                    assert!(s.ms > 0 || i + 1 == tone.len(), "{}: only the last segment may stay", c.code);
                }
            }
            assert!(c.ring_cadence_ms.len() % 2 == 0 && !c.ring_cadence_ms.is_empty());
            assert!(c.flash_accepted.0 <= c.flash && c.flash <= c.flash_accepted.1, "{}", c.code);
            assert!((10..=20).contains(&c.pulse.pps) && (50..=75).contains(&c.pulse.break_percent));
        }
    }
}
