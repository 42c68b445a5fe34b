//! Generators by name: every signal that a line or what hangs on it can send.
//!
//! A [`Signal`] is a name. What it sounds like depends on the country for call-progress tones, and on a standard for
//! the tones of modems, fax machines and text telephones. [`parse`] takes a name or a tone written as text
//! (`440+480:2000,0:4000`, see [`Tone`]) and makes a [`Generator`], which plays it for ever or until it
//! [is over](Generator::is_over).
//!
//! Everything is exact to the sample and continuous in phase, but for the reversals of an answer tone, and allocates
//! nothing while it plays. Levels are those of each frequency, in dBm0.

mod answer;
mod aon;
pub mod tty;

pub use answer::{AnswerTone, Reversals};
pub use aon::{Aon, AonError};

use crate::country::{Country, Segment};
use crate::osc::Osc;
use crate::tone::{ParseError, Tone, TonePlayer};
use crate::{SitKind, level};
use core::fmt;
use core::time::Duration;

const fn on(freqs: &'static [f32], ms: u32) -> Segment {
    Segment { freqs, am: 0.0, ms }
}

const fn pause(ms: u32) -> Segment {
    Segment { freqs: &[], am: 0.0, ms }
}

/// Short and long segments of the North American special information tones, in ms (ITU-T E.180 Supplement 2).
const SIT_SHORT: u32 = 276;
const SIT_LONG: u32 = 380;
/// Silence after a special information tone, where an exchange has its announcement.
const ANNOUNCEMENT: Segment = pause(4_000);
const SIT_THIRD: Segment = on(&[1776.7], SIT_LONG);

static VACANT_CODE: [Segment; 4] = [on(&[985.2], SIT_LONG), on(&[1370.6], SIT_SHORT), SIT_THIRD, ANNOUNCEMENT];
static INTERCEPT: [Segment; 4] = [on(&[913.8], SIT_SHORT), on(&[1370.6], SIT_SHORT), SIT_THIRD, ANNOUNCEMENT];
static NO_CIRCUIT: [Segment; 4] = [on(&[985.2], SIT_LONG), on(&[1428.5], SIT_LONG), SIT_THIRD, ANNOUNCEMENT];
static SIT_REORDER: [Segment; 4] = [on(&[913.8], SIT_SHORT), on(&[1428.5], SIT_LONG), SIT_THIRD, ANNOUNCEMENT];
static INEFFECTIVE: [Segment; 4] = [on(&[913.8], SIT_LONG), on(&[1428.5], SIT_SHORT), SIT_THIRD, ANNOUNCEMENT];
static SIT_INTERNATIONAL: [Segment; 4] = [on(&[950.0], 330), on(&[1400.0], 330), on(&[1800.0], 330), pause(1_000)];

static HOWLER: [Segment; 2] = [on(&[1400.0, 2060.0, 2450.0, 2600.0], 100), pause(100)];
static SAS: [Segment; 2] = [on(&[440.0], 300), pause(10_000)];
static CAS: [Segment; 2] = [on(&[2130.0, 2750.0], 80), pause(0)];
static DT_AS: [Segment; 2] = [on(&[2130.0, 2750.0], 100), pause(0)];
static CNG: [Segment; 2] = [on(&[1100.0], 500), pause(3_000)];
static CED: [Segment; 1] = [on(&[2100.0], 0)];
static CALLING: [Segment; 2] = [on(&[1300.0], 600), pause(1_750)];
static BELL: [Segment; 1] = [on(&[2225.0], 0)];
static BEEP: [Segment; 1] = [on(&[1000.0], 0)];
static RECORDING: [Segment; 2] = [on(&[1400.0], 500), pause(14_500)];
static MILLIWATT: [Segment; 1] = [on(&[1004.0], 0)];

/// Level of the tones of terminal equipment, dBm0.
const EQUIPMENT: f32 = -12.0;
/// Level of each frequency of the howler, dBm0: together about -3 dBm0, loud and far from clipping.
const HOWLER_LEVEL: f32 = -9.0;
/// Level of each frequency of an alerting tone, dBm0: terminals accept -14 to -32 dBm.
const ALERT_LEVEL: f32 = -18.0;
/// Level of ringback-like tones of an exchange where the country tells none, and of the recording warning.
const EXCHANGE_LEVEL: f32 = -15.0;

/// A signal that a line can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Dial tone.
    Dial,
    /// Stutter (recall, message-waiting) dial tone.
    Stutter,
    /// Ringback.
    Ringback,
    /// Busy.
    Busy,
    /// Reorder, congestion.
    Reorder,
    /// Special information tone of the country.
    Sit,
    /// A special information tone of a kind: of the North American plan, which is the only one that has kinds; of
    /// the kind [`SitKind::Unknown`] 950, 1400, 1800 Hz (ITU-T E.180).
    SitOf(SitKind),
    /// Call waiting.
    CallWaiting,
    /// Confirmation.
    Confirmation,
    /// Number unobtainable.
    Unobtainable,
    /// Receiver off hook.
    Howler,
    /// Subscriber alerting signal: what a talker hears of a waiting call (GR-30).
    Sas,
    /// Alerting signal of the terminal off hook: 2130 + 2750 Hz for 80 ms (SR-TSV-002476).
    Cas,
    /// Alerting signal of the terminal on hook: 2130 + 2750 Hz for 100 ms (EN 300 659-1).
    DtAs,
    /// Calling fax machine: 1100 Hz, 0.5 s every 3.5 s (ITU-T T.30).
    Cng,
    /// Answering fax machine: 2100 Hz (ITU-T T.30).
    Ced,
    /// Answering modem: 2100 Hz, its phase reversed every 450 ms (ITU-T V.25).
    Ans,
    /// Answering V.8 modem: as [`Signal::Ans`], modulated by 15 Hz.
    AnsAm,
    /// Calling modem: 1300 Hz (ITU-T V.25).
    Calling,
    /// Answering Bell 103 or 212 modem: 2225 Hz.
    Bell,
    /// Text telephone, as heard before anyone types: a greeting in Baudot code (TIA-825).
    Tty,
    /// The beep of an answering machine: 1000 Hz.
    Beep,
    /// Warning that a call is recorded: 1400 Hz, 0.5 s every 15 s.
    Recording,
    /// Test tone: 1004 Hz at 0 dBm0.
    Milliwatt,
}

/// Name, signal, and what it is in a few words.
static NAMES: &[(&str, Signal, &str)] = &[
    ("dial", Signal::Dial, "dial tone"),
    ("stutter", Signal::Stutter, "stutter (recall, message-waiting) dial tone"),
    ("ringback", Signal::Ringback, "the far end alerts"),
    ("busy", Signal::Busy, "the far end is busy"),
    ("reorder", Signal::Reorder, "reorder, congestion"),
    ("sit", Signal::Sit, "special information tone of the country"),
    ("vacant", Signal::SitOf(SitKind::VacantCode), "special information tone, vacant code (North America)"),
    ("intercept", Signal::SitOf(SitKind::Intercept), "special information tone, intercept (North America)"),
    ("nocircuit", Signal::SitOf(SitKind::NoCircuit), "special information tone, no circuit (North America)"),
    ("sitreorder", Signal::SitOf(SitKind::Reorder), "special information tone, reorder (North America)"),
    ("ineffective", Signal::SitOf(SitKind::Ineffective), "special information tone, ineffective (North America)"),
    ("sit950", Signal::SitOf(SitKind::Unknown), "special information tone, 950, 1400, 1800 Hz"),
    ("callwaiting", Signal::CallWaiting, "a second call waits"),
    ("confirmation", Signal::Confirmation, "confirmation"),
    ("unobtainable", Signal::Unobtainable, "number unobtainable"),
    ("howler", Signal::Howler, "receiver off hook"),
    ("sas", Signal::Sas, "call-waiting beep before a CAS, 440 Hz"),
    ("cas", Signal::Cas, "alerting tone off hook, 2130 + 2750 Hz, 80 ms"),
    ("dtas", Signal::DtAs, "alerting tone on hook, 2130 + 2750 Hz, 100 ms"),
    ("cng", Signal::Cng, "calling fax machine, 1100 Hz"),
    ("ced", Signal::Ced, "answering fax machine, 2100 Hz"),
    ("ans", Signal::Ans, "answering modem, 2100 Hz with phase reversals"),
    ("ansam", Signal::AnsAm, "answering V.8 modem, 2100 Hz with reversals and 15 Hz modulation"),
    ("calling", Signal::Calling, "calling modem, 1300 Hz"),
    ("bell", Signal::Bell, "answering Bell modem, 2225 Hz"),
    ("tty", Signal::Tty, "text telephone, Baudot"),
    ("beep", Signal::Beep, "beep of an answering machine, 1000 Hz"),
    ("recording", Signal::Recording, "warning of a recorded call, 1400 Hz"),
    ("milliwatt", Signal::Milliwatt, "test tone, 1004 Hz at 0 dBm0"),
];

/// What a text telephone says in [`Signal::Tty`].
const TTY_GREETING: &str = "HELLO GA";

impl Signal {
    /// All signals.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(_, signal, _)| *signal)
    }

    /// The signal of this name, in either case.
    pub fn by_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(n, ..)| n.eq_ignore_ascii_case(name)).map(|(_, signal, _)| *signal)
    }

    fn entry(self) -> Option<&'static (&'static str, Self, &'static str)> {
        NAMES.iter().find(|(_, signal, _)| *signal == self)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.entry().map_or("", |(name, ..)| name)
    }

    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        self.entry().map_or("", |(.., what)| what)
    }

    /// Its segments in `country`; `None` for signals that are no cadence. Empty where the country has no such tone
    /// that is known.
    pub fn segments(self, country: &Country) -> Option<&'static [Segment]> {
        Some(match self {
            Self::Dial => country.dial,
            Self::Stutter => country.stutter,
            Self::Ringback => country.ringback,
            Self::Busy => country.busy,
            Self::Reorder => country.reorder,
            Self::Sit => country.sit,
            Self::SitOf(SitKind::VacantCode) => &VACANT_CODE,
            Self::SitOf(SitKind::Intercept) => &INTERCEPT,
            Self::SitOf(SitKind::NoCircuit) => &NO_CIRCUIT,
            Self::SitOf(SitKind::Reorder) => &SIT_REORDER,
            Self::SitOf(SitKind::Ineffective) => &INEFFECTIVE,
            Self::SitOf(SitKind::Unknown) => &SIT_INTERNATIONAL,
            Self::CallWaiting => country.call_waiting,
            Self::Confirmation => country.confirmation,
            // Where there is no tone for it, the special information tone says it.
            Self::Unobtainable if country.unobtainable.is_empty() => country.sit,
            Self::Unobtainable => country.unobtainable,
            Self::Howler => &HOWLER,
            Self::Sas if matches!(country.code, "us" | "ca") || country.call_waiting.is_empty() => &SAS,
            Self::Sas => country.call_waiting,
            Self::Cas => &CAS,
            Self::DtAs => &DT_AS,
            Self::Cng => &CNG,
            Self::Ced => &CED,
            Self::Calling => &CALLING,
            Self::Bell => &BELL,
            Self::Beep => &BEEP,
            Self::Recording => &RECORDING,
            Self::Milliwatt => &MILLIWATT,
            Self::Ans | Self::AnsAm | Self::Tty => return None,
        })
    }

    /// Its usual level in `country`, in dBm0 for each frequency.
    pub fn level(self, country: &Country) -> f32 {
        match self {
            Self::Dial | Self::Stutter | Self::Confirmation => country.levels.dial,
            Self::Ringback => country.levels.ringback,
            Self::Busy => country.levels.busy,
            Self::Reorder | Self::Sit | Self::SitOf(_) | Self::Unobtainable => country.levels.reorder,
            Self::CallWaiting | Self::Sas => country.levels.call_waiting,
            Self::Howler => HOWLER_LEVEL,
            Self::Cas | Self::DtAs => ALERT_LEVEL,
            Self::Recording => EXCHANGE_LEVEL,
            Self::Milliwatt => 0.0,
            Self::Cng | Self::Ced | Self::Ans | Self::AnsAm | Self::Calling | Self::Bell | Self::Tty | Self::Beep => {
                EQUIPMENT
            }
        }
    }

    /// How long it usually lasts; `None` where it goes on until something happens.
    ///
    /// ITU-T T.30 has 2.6 to 4 s of CED, V.25 3.3 s of ANS, V.8 5 s of ANSam.
    pub fn usual_length(self) -> Option<Duration> {
        Some(Duration::from_millis(match self {
            Self::Ced => 3_000,
            Self::Ans | Self::Bell => 3_300,
            Self::AnsAm => 5_000,
            Self::Beep | Self::Sas => 300,
            Self::Cas => 80,
            Self::DtAs => 100,
            _ => return None,
        }))
    }

    /// A generator for it in `country`, each frequency at `level_dbm0` dBm0 (`None`: at the usual level).
    ///
    /// # Errors
    /// The country has no such tone that is known.
    pub fn generator(self, country: &Country, level_dbm0: Option<f32>) -> Result<Generator, Unknown> {
        let level = level_dbm0.unwrap_or_else(|| self.level(country));
        let kind = match self.segments(country) {
            Some([]) => return Err(Unknown { signal: self, country: country.code }),
            // British Telecom's howler is swept.
            Some(_) if self == Self::Howler && country.code == "gb" => Kind::Sweep(Sweep::new(level + 6.0)),
            Some(segments) => Kind::Tone(TonePlayer::new(segments, level)),
            None if self == Self::Tty => {
                let mut sender = tty::Sender::new(tty::Rate::B45, level);
                sender.type_text(TTY_GREETING);
                Kind::Tty(alloc::boxed::Box::new(sender))
            }
            None => Kind::Answer(AnswerTone::new(level, Some(Reversals::V25), self == Self::AnsAm)),
        };
        Ok(Generator { kind })
    }
}

/// A country has no such tone that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The tone.
    pub signal: Signal,
    /// ISO 3166 code of the country.
    pub country: &'static str,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no tone '{}' is known for the country '{}'", self.signal.name(), self.country)
    }
}

impl core::error::Error for Unknown {}

/// Why a text is neither a signal nor a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// No signal has this name. The text of the error lists the names.
    Name,
    /// The country has no such tone.
    Unknown(Unknown),
    /// It is written like a tone, but is none.
    Tone(ParseError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => {
                f.write_str("no such tone; there are")?;
                NAMES.iter().try_for_each(|(name, ..)| write!(f, " {name}"))?;
                f.write_str(", and tones like 440+480:2000,0:4000")
            }
            Self::Unknown(e) => e.fmt(f),
            Self::Tone(e) => e.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

/// A generator from the name of a signal, or from a tone written as text; each frequency at `level_dbm0` dBm0 (`None`:
/// at its usual level).
///
/// # Errors
/// The text is neither, or the country has no such tone that is known.
pub fn parse(text: &str, country: &Country, level_dbm0: Option<f32>) -> Result<Generator, Error> {
    if let Some(signal) = Signal::by_name(text.trim()) {
        return signal.generator(country, level_dbm0).map_err(Error::Unknown);
    }
    if !text.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Error::Name);
    }
    let tone: Tone = text.parse().map_err(Error::Tone)?;
    Ok(Generator::from(TonePlayer::own(tone, level_dbm0.unwrap_or(EXCHANGE_LEVEL))))
}

/// A tone that glides from 800 to 3200 Hz once a second: the British howler.
#[derive(Clone, Debug)]
struct Sweep {
    osc: Osc,
    at: u32,
    amplitude: f32,
}

impl Sweep {
    const LOW: f32 = 800.0;
    const HIGH: f32 = 3_200.0;
    /// Samples from the one to the other.
    const LENGTH: u32 = crate::SAMPLE_RATE;

    fn new(level_dbm0: f32) -> Self {
        Self { osc: Osc::new(Self::LOW), at: 0, amplitude: level::peak(level_dbm0) }
    }

    fn next(&mut self) -> f32 {
        self.osc.set(Self::LOW + (Self::HIGH - Self::LOW) * self.at as f32 / Self::LENGTH as f32);
        self.at = if self.at + 1 < Self::LENGTH { self.at + 1 } else { 0 };
        self.amplitude * self.osc.sine()
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Tone(TonePlayer),
    Answer(AnswerTone),
    Sweep(Sweep),
    // Boxed: it holds its text.
    Tty(alloc::boxed::Box<tty::Sender>),
}

/// Plays a signal.
#[derive(Clone, Debug)]
pub struct Generator {
    kind: Kind,
}

impl From<TonePlayer> for Generator {
    fn from(player: TonePlayer) -> Self {
        Self { kind: Kind::Tone(player) }
    }
}

impl Generator {
    /// Whether nothing will sound any more. Most signals go on for ever.
    pub fn is_over(&self) -> bool {
        match &self.kind {
            Kind::Tone(player) => player.is_over(),
            Kind::Answer(_) | Kind::Sweep(_) => false,
            Kind::Tty(sender) => sender.is_idle(),
        }
    }

    fn next(&mut self) -> f32 {
        match &mut self.kind {
            Kind::Tone(player) => player.next(),
            Kind::Answer(tone) => tone.next(),
            Kind::Sweep(sweep) => sweep.next(),
            Kind::Tty(sender) => sender.next(),
        }
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

#[cfg(test)]
mod tests;
