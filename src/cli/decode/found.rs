//! One thing that a recording holds, as an object of output and as a line for people.

use super::super::output::Printable;
use super::fields::{Fields, Parameter, parameters};
use crate::signal::decode::Event;
use crate::signal::progress::Kind as Progress;
use crate::signal::{PartyId, ProgressTone, SAMPLE_RATE, SitKind, answer, cas, cid, clip, dtmf};
use serde::Serialize;
use std::fmt::Write as _;

/// One object of output. `ev` says which of the rest is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(in super::super) struct Found {
    /// When it was decided, in seconds from the beginning of the recording.
    pub(in super::super) t: f64,
    /// `dtmf`, `cid`, `dtmfclip`, `cas`, `tone` or `hint`.
    pub(in super::super) ev: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) digit: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) duration_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) level_dbm0: Option<f64>,
    /// When it began, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) start: Option<f64>,
    /// How much stronger the high tone is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) twist_db: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) proto: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) ok: Option<bool>,
    /// Why a frame is not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) raw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) fields: Option<Fields>,
    /// Every parameter of a message, known or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) params: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) digits: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) redirecting: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) tone: Option<&'static str>,
    /// Which special information tone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) sit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) hint: Option<&'static str>,
    /// Length of a greeting so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) greeting_ms: Option<u32>,
    /// Frequency of a beep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in super::super) hz: Option<f64>,
}

/// The end of a tone: for pictures only.
pub(in super::super) const TONE_END: &str = "tone end";
/// The end of the first voice: for pictures only.
pub(in super::super) const GREETING_END: &str = "greeting end";

/// A number of samples in seconds.
fn seconds(samples: u64) -> f64 {
    samples as f64 / f64::from(SAMPLE_RATE)
}

/// To a tenth: what a level or a frequency is known to.
fn tenths(x: f32) -> f64 {
    if x.is_finite() { (f64::from(x) * 10.0).round() / 10.0 } else { 0.0 }
}

/// What is known of a party: the text, or the letter of the reason for its absence.
pub(super) fn party<T: AsStr>(party: &PartyId<T>) -> (Option<String>, Option<&'static str>) {
    match party {
        PartyId::Absent => (None, None),
        PartyId::Known(known) => (Some(known.text().to_owned()), None),
        PartyId::Withheld => (None, Some("P")),
        PartyId::Unavailable => (None, Some("O")),
    }
}

/// Numbers and names.
pub(super) trait AsStr {
    fn text(&self) -> &str;
}

impl AsStr for crate::signal::Number {
    fn text(&self) -> &str {
        self.as_str()
    }
}

impl AsStr for crate::signal::Name {
    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Found {
    /// A digit whose end has not come yet.
    pub(super) fn digit(event: &dtmf::Event) -> Self {
        Self {
            ev: "dtmf",
            digit: Some(char::from(event.symbol)),
            duration_ms: Some(event.duration_ms),
            level_dbm0: Some(tenths(event.level_dbm0)),
            start: Some(seconds(event.onset)),
            twist_db: Some(tenths(event.twist_db)),
            ..Self::default()
        }
    }

    /// What is known at the end of a digit.
    pub(super) fn finish_digit(&mut self, event: &dtmf::Event) {
        self.duration_ms = Some(event.duration_ms);
        self.level_dbm0 = Some(tenths(event.level_dbm0));
        self.twist_db = Some(tenths(event.twist_db));
    }

    /// A tone by its word.
    pub(super) fn tone(word: &'static str) -> Self {
        Self { ev: "tone", tone: Some(word), ..Self::default() }
    }

    /// A hint by its word.
    pub(super) fn hint(word: &'static str) -> Self {
        Self { ev: "hint", hint: Some(word), ..Self::default() }
    }

    /// What an event tells of itself alone; `None` when it tells nothing, or is a digit's edge.
    pub(super) fn of(event: &Event<'_>) -> Option<Self> {
        Some(match event {
            // Not listened for.
            Event::Dtmf(_) | Event::Pulse(_) => return None,
            Event::Cid(event) => Self::cid(event),
            Event::Clip(event) => Self::clip(event),
            Event::Cas(cas::Event { duration_ms, level_dbm0, .. }) => Self {
                ev: "cas",
                duration_ms: Some(*duration_ms),
                level_dbm0: Some(tenths(*level_dbm0)),
                ..Self::default()
            },
            Event::Answer(event) => match event.kind {
                answer::Kind::Cng => Self::tone("cng"),
                answer::Kind::Ced => Self::tone("ced"),
                answer::Kind::Ans => Self::tone("ans"),
                answer::Kind::AnsAm => Self::tone("ansam"),
                answer::Kind::Tty => Self::hint("tty"),
                answer::Kind::Machine { greeting_ms } => {
                    Self { greeting_ms: Some(greeting_ms), ..Self::hint("machine") }
                }
                answer::Kind::GreetingEnd { greeting_ms, .. } => {
                    Self { ev: GREETING_END, greeting_ms: Some(greeting_ms), ..Self::default() }
                }
                answer::Kind::Beep { hz, ms } => {
                    Self { hz: Some(tenths(hz)), duration_ms: Some(ms), ..Self::hint("beep") }
                }
            },
            Event::Progress(event) => match event.kind {
                Progress::Tone(tone) => Self { sit: sit_word(tone), ..Self::tone(tone_word(tone)) },
                Progress::Voice => Self::hint("voice"),
                Progress::Silence(_) => Self::hint("silence"),
                Progress::Ended(tone) => Self { ev: TONE_END, tone: Some(tone_word(tone)), ..Self::default() },
            },
        })
    }

    /// Whether it is told; ends only show in a picture.
    pub(super) fn is_told(&self) -> bool {
        ![TONE_END, GREETING_END].contains(&self.ev)
    }

    fn cid(event: &cid::Event<'_>) -> Self {
        let cid::Event::Frame { ok, raw, message, error, carrier, .. } = event;
        Self {
            ev: "cid",
            proto: Some(match carrier {
                cid::Carrier::Bell202 => "bell202",
                cid::Carrier::V23 => "v23",
                cid::Carrier::Ntt => "ntt",
            }),
            ok: Some(*ok),
            error: error.map(|e| e.to_string()),
            raw: Some(hex(raw)),
            fields: message.map(Fields::of),
            params: message.map(parameters).unwrap_or_default(),
            ..Self::default()
        }
    }

    fn clip(event: &clip::Event) -> Self {
        let (number, reason) = party(&event.number);
        let (redirecting, _) = party(&event.redirecting);
        Self {
            ev: "dtmfclip",
            digits: Some(event.digits.as_str().to_owned()),
            number,
            reason,
            redirecting,
            ..Self::default()
        }
    }

    /// With its time, from a number of samples.
    pub(super) fn at(mut self, samples: u64) -> Self {
        self.t = seconds(samples);
        self
    }

    /// A line for people: time, kind, what.
    pub(super) fn text(&self) -> String {
        let (kind, what) = self.words();
        format!("{:>9.3} s  {kind:<10}  {what}", self.t)
    }

    /// Kind and content, for people. Nothing in it disturbs a terminal.
    pub(in super::super) fn words(&self) -> (&'static str, String) {
        let ms = self.duration_ms.unwrap_or(0);
        let level = self.level_dbm0.unwrap_or(0.0);
        match self.ev {
            "dtmf" => {
                let (digit, twist) = (self.digit.unwrap_or(' '), self.twist_db.unwrap_or(0.0));
                ("digit", format!("{digit}  {ms:>5} ms  {level:>6.1} dBm0  twist {twist:>+5.1} dB"))
            }
            "cid" => ("caller ID", self.cid_words()),
            "dtmfclip" => {
                let mut words = party_words(self.number.as_deref(), self.reason);
                if let Some(redirecting) = &self.redirecting {
                    let _ = write!(words, "  redirected by {}", Printable(redirecting));
                }
                let _ = write!(words, "  (DTMF {})", Printable(self.digits.as_deref().unwrap_or("")));
                ("caller ID", words)
            }
            "cas" => ("alerting", format!("call-waiting alerting tone, {ms} ms, {level:.1} dBm0")),
            "tone" => {
                let mut words = tone_name(self.tone.unwrap_or("")).to_owned();
                if let Some(sit) = self.sit {
                    let _ = write!(words, ": {}", sit.replace('-', " "));
                }
                ("tone", words)
            }
            GREETING_END => ("hint", format!("greeting of {} ms", self.greeting_ms.unwrap_or(0))),
            _ => {
                let words = match self.hint {
                    Some("machine") => format!("answering machine: {} ms of greeting", self.greeting_ms.unwrap_or(0)),
                    Some("beep") => format!("beep, {:.0} Hz, {ms} ms", self.hz.unwrap_or(0.0)),
                    Some("tty") => "text telephone".to_owned(),
                    other => other.unwrap_or("").to_owned(),
                };
                ("hint", words)
            }
        }
    }

    fn cid_words(&self) -> String {
        let modem = match self.proto {
            Some("v23") => "V.23",
            Some("ntt") => "NTT",
            _ => "Bell 202",
        };
        match &self.fields {
            Some(fields) => format!("{}  ({modem})", fields.words()),
            None => format!(
                "not believed: {}  ({modem}, {} bytes)",
                self.error.as_deref().unwrap_or("damaged"),
                self.raw.as_ref().map_or(0, |raw| raw.len() / 2)
            ),
        }
    }
}

/// A number, or why there is none.
pub(super) fn party_words(number: Option<&str>, reason: Option<&str>) -> String {
    match (number, reason) {
        (Some(number), _) => Printable(number).to_string(),
        (None, Some("P")) => "number withheld".into(),
        (None, Some(_)) => "number not available".into(),
        (None, None) => "no number".into(),
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The word for a tone in JSON.
pub(super) fn tone_word(tone: ProgressTone) -> &'static str {
    match tone {
        ProgressTone::Dial => "dial",
        ProgressTone::StutterDial => "stutter",
        ProgressTone::Ringback => "ringback",
        ProgressTone::Busy => "busy",
        ProgressTone::Reorder => "reorder",
        ProgressTone::Sit(_) => "sit",
        ProgressTone::CallWaiting => "callwaiting",
        ProgressTone::Confirmation => "confirmation",
        ProgressTone::Unobtainable => "unobtainable",
        ProgressTone::Howler => "howler",
    }
}

fn sit_word(tone: ProgressTone) -> Option<&'static str> {
    match tone {
        ProgressTone::Sit(SitKind::VacantCode) => Some("vacant-code"),
        ProgressTone::Sit(SitKind::Intercept) => Some("intercept"),
        ProgressTone::Sit(SitKind::NoCircuit) => Some("no-circuit"),
        ProgressTone::Sit(SitKind::Reorder) => Some("reorder"),
        ProgressTone::Sit(SitKind::Ineffective) => Some("ineffective-other"),
        _ => None,
    }
}

/// A tone's name for people, by its word.
pub(in super::super) fn tone_name(word: &str) -> &str {
    match word {
        "dial" => "dial tone",
        "stutter" => "stutter dial tone",
        "reorder" => "reorder (congestion)",
        "sit" => "special information tone",
        "callwaiting" => "call waiting",
        "unobtainable" => "number unobtainable",
        "howler" => "howler (receiver off hook)",
        "cng" => "fax calling (CNG)",
        "ced" => "fax or modem answering (CED)",
        "ans" => "modem answering (ANS)",
        "ansam" => "modem answering (ANSam)",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::output::json_line;
    use super::*;
    use crate::signal::{Number, Text, progress};

    fn json(event: &Event<'_>) -> String {
        json_line(&Found::of(event).expect("it is told").at(event.at()))
    }

    #[test]
    fn every_kind_of_event() {
        let tone = |kind| Event::Progress(progress::Event { at: 40_000, kind });
        let answer = |kind| Event::Answer(answer::Event { at: 40_000, kind });
        let told = |event, text: &str| assert_eq!(json(&event), text);
        told(
            Event::Cas(cas::Event { at: 32_000, duration_ms: 80, level_dbm0: -20.04 }),
            r#"{"t":4.0,"ev":"cas","duration_ms":80,"level_dbm0":-20.0}"#,
        );
        for (tone_, word) in [
            (ProgressTone::Dial, "dial"),
            (ProgressTone::StutterDial, "stutter"),
            (ProgressTone::Ringback, "ringback"),
            (ProgressTone::Busy, "busy"),
            (ProgressTone::Reorder, "reorder"),
            (ProgressTone::Sit(SitKind::Unknown), "sit"),
            (ProgressTone::CallWaiting, "callwaiting"),
            (ProgressTone::Confirmation, "confirmation"),
            (ProgressTone::Unobtainable, "unobtainable"),
            (ProgressTone::Howler, "howler"),
        ] {
            told(tone(Progress::Tone(tone_)), &format!(r#"{{"t":5.0,"ev":"tone","tone":"{word}"}}"#));
        }
        for (kind, word) in [
            (answer::Kind::Cng, "cng"),
            (answer::Kind::Ced, "ced"),
            (answer::Kind::Ans, "ans"),
            (answer::Kind::AnsAm, "ansam"),
        ] {
            told(answer(kind), &format!(r#"{{"t":5.0,"ev":"tone","tone":"{word}"}}"#));
        }
        told(
            tone(Progress::Tone(ProgressTone::Sit(SitKind::VacantCode))),
            r#"{"t":5.0,"ev":"tone","tone":"sit","sit":"vacant-code"}"#,
        );
        told(tone(Progress::Voice), r#"{"t":5.0,"ev":"hint","hint":"voice"}"#);
        told(tone(Progress::Silence(1_000)), r#"{"t":5.0,"ev":"hint","hint":"silence"}"#);
        told(answer(answer::Kind::Tty), r#"{"t":5.0,"ev":"hint","hint":"tty"}"#);
        told(
            answer(answer::Kind::Machine { greeting_ms: 3_000 }),
            r#"{"t":5.0,"ev":"hint","hint":"machine","greeting_ms":3000}"#,
        );
        told(
            answer(answer::Kind::Beep { hz: 1_000.04, ms: 250 }),
            r#"{"t":5.0,"ev":"hint","duration_ms":250,"hint":"beep","hz":1000.0}"#,
        );
        let end = Found::of(&tone(Progress::Ended(ProgressTone::Dial))).expect("for a picture");
        assert!(!end.is_told());
    }

    #[test]
    fn caller_identification_by_digits() {
        let clip = |digits, number, redirecting| {
            Event::Clip(clip::Event { at: 24_000, digits: Text::new(digits), number, redirecting })
        };
        let known = |n| PartyId::Known(Number::new(n));
        assert_eq!(
            json(&clip("A5551234C", known("5551234"), PartyId::Absent)),
            r#"{"t":3.0,"ev":"dtmfclip","digits":"A5551234C","number":"5551234"}"#
        );
        assert_eq!(
            json(&clip("B2#", PartyId::Withheld, PartyId::Absent)),
            r#"{"t":3.0,"ev":"dtmfclip","digits":"B2#","reason":"P"}"#
        );
        assert_eq!(
            json(&clip("A1D2C", known("1"), known("2"))),
            r#"{"t":3.0,"ev":"dtmfclip","digits":"A1D2C","number":"1","redirecting":"2"}"#
        );
        let found = Found::of(&clip("A1D2C", known("1"), known("2"))).expect("told").at(24_000);
        assert_eq!(found.text(), "    3.000 s  caller ID   1  redirected by 2  (DTMF A1D2C)");
    }

    #[test]
    fn a_frame_that_is_not_believed() {
        let event = Event::Cid(cid::Event::Frame {
            ok: false,
            raw: &[0x80, 0x01, 0x02],
            message: None,
            error: Some(cid::FrameError::Checksum),
            carrier: cid::Carrier::V23,
            at: 8_000,
        });
        assert_eq!(
            json(&event),
            r#"{"t":1.0,"ev":"cid","proto":"v23","ok":false,"error":"the checksum is wrong","raw":"800102"}"#
        );
        let text = Found::of(&event).expect("told").at(8_000).text();
        assert_eq!(text, "    1.000 s  caller ID   not believed: the checksum is wrong  (V.23, 3 bytes)");
    }
}
