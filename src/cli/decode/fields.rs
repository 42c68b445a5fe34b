//! What a caller-identification message says, by the names that programs look for, and every parameter as it came.

use super::super::output::Printable;
use super::found::{hex, party, party_words};
use crate::signal::cid::Message;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a message says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(in super::super) struct Fields {
    /// MMDDHHMM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<String>,
    /// Why there is no number: `P` withheld, `O` not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Why there is no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name_reason: Option<&'static str>,
    /// A message-waiting lamp is switched on or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_waiting: Option<bool>,
    /// The rest of what is known, see [`MORE`].
    #[serde(flatten)]
    pub(super) more: BTreeMap<&'static str, Value>,
}

/// One parameter of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in super::super) struct Parameter {
    /// Its type, two hexadecimal digits.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) hex: String,
    /// Its bytes as text, if all of them are letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

/// How a parameter is read.
#[derive(Clone, Copy, Debug)]
enum Form {
    Text,
    /// One byte that stands for a word, or a number.
    Code(&'static [(u8, &'static str)]),
    Number,
}

/// Parameters beyond number, name and time (GR-30-CORE, EN 300 659-3): type, key, form.
const MORE: [(u8, &str, Form); 22] = [
    (0x03, "called", Form::Text),
    (
        0x05,
        "redirect_reason",
        Form::Code(&[(1, "busy"), (2, "no-answer"), (3, "unconditional"), (4, "call-transfer"), (5, "out-of-service")]),
    ),
    (0x06, "qualifier", Form::Text),
    (0x09, "route", Form::Text),
    (0x0D, "message_id", Form::Text),
    (0x0E, "last_message_number", Form::Text),
    (0x0F, "other_time", Form::Text),
    (0x10, "other_number", Form::Text),
    (
        0x11,
        "call_type",
        Form::Code(&[(1, "voice"), (2, "ring-back-when-free"), (3, "calling-name"), (0x81, "message-waiting")]),
    ),
    (0x12, "first_called", Form::Text),
    (0x13, "messages", Form::Number),
    (
        0x15,
        "forwarded",
        Form::Code(&[(0, "unknown"), (1, "busy"), (2, "no-reply"), (3, "unconditional"), (4, "deflected")]),
    ),
    (
        0x16,
        "caller_type",
        Form::Code(&[
            (0x00, "unknown"),
            (0x01, "voice"),
            (0x02, "text"),
            (0x03, "private-network"),
            (0x04, "mobile"),
            (0x05, "mobile-private-network"),
            (0x06, "fax"),
            (0x07, "video"),
            (0x08, "e-mail"),
            (0x09, "operator"),
            (0x0A, "subscriber"),
            (0x0B, "data"),
            (0x0C, "test"),
            (0x0D, "telemetry"),
            (0x0E, "payphone"),
        ]),
    ),
    (0x1A, "redirecting", Form::Text),
    (0x20, "charge", Form::Text),
    (0x21, "additional_charge", Form::Text),
    (0x23, "call_duration", Form::Text),
    (0x30, "network", Form::Text),
    (0x31, "carrier", Form::Text),
    (0x50, "display", Form::Text),
    (0x55, "service", Form::Text),
    (0xE0, "operator_extension", Form::Text),
];

/// All of a message's parameters, in order.
pub(super) fn parameters(message: &Message) -> Vec<Parameter> {
    message
        .parameters()
        .map(|(kind, data)| Parameter { kind: format!("{kind:02x}"), hex: hex(data), text: text(data) })
        .collect()
}

/// Seven-bit and ISO 8859-1 text; `None` if there is anything else in it.
fn text(data: &[u8]) -> Option<String> {
    let is_text = !data.is_empty() && data.iter().all(|b| matches!(b, 0x20..=0x7E | 0xA0..));
    is_text.then(|| data.iter().map(|b| char::from(*b)).collect())
}

impl Form {
    fn read(self, data: &[u8]) -> Option<Value> {
        match (self, data) {
            (Self::Text, data) => text(data).map(|t| t.trim().into()),
            (Self::Code(words), &[code]) => {
                let word = words.iter().find(|(c, _)| *c == code);
                Some(word.map_or_else(|| code.into(), |(_, word)| (*word).into()))
            }
            (Self::Number, &[count]) => Some(count.into()),
            _ => None,
        }
    }
}

impl Fields {
    /// What a message says.
    pub(super) fn of(message: &Message) -> Self {
        let id = message.caller_id();
        let (number, reason) = party(&id.number);
        let (name, name_reason) = party(&id.name);
        let time = id.time.map(|t| format!("{:02}{:02}{:02}{:02}", t.month, t.day, t.hour, t.minute));
        let mut more = BTreeMap::new();
        for (kind, data) in message.parameters() {
            let known = MORE.iter().find(|(k, ..)| *k == kind);
            if let Some((key, value)) = known.and_then(|(_, key, form)| Some((*key, form.read(data)?))) {
                // Of repeated parameters the first one counts.
                more.entry(key).or_insert(value);
            }
        }
        Self { time, number, reason, name, name_reason, message_waiting: message.message_waiting(), more }
    }

    /// The few words that stand for a message in a picture, as the caller wrote them.
    pub(in super::super) fn label(&self) -> String {
        let who = match (self.message_waiting, &self.number, self.reason) {
            (Some(true), ..) => "message waiting".to_owned(),
            (Some(false), ..) => "no message waiting".to_owned(),
            (None, Some(number), _) => number.clone(),
            (None, None, Some("P")) => "withheld".to_owned(),
            (None, None, _) => "not available".to_owned(),
        };
        self.name.as_ref().map_or(who.clone(), |name| format!("{who} {name}"))
    }

    /// For people. Nothing in it disturbs a terminal.
    pub(super) fn words(&self) -> String {
        let mut words = match self.message_waiting {
            Some(true) => "message waiting".to_owned(),
            Some(false) => "no message waiting".to_owned(),
            None => party_words(self.number.as_deref(), self.reason),
        };
        if let Some(name) = &self.name {
            let _ = write!(words, "  \"{}\"", Printable(name));
        } else if self.name_reason == Some("P") {
            words.push_str("  name withheld");
        }
        if let Some(time) = self.time.as_deref().and_then(clock) {
            let _ = write!(words, "  {time}");
        }
        for (key, value) in &self.more {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = write!(words, "  {}: {}", key.replace('_', " "), Printable(&value));
        }
        words
    }
}

/// MMDDHHMM as people write it.
fn clock(time: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let pair = |at: usize| time.get(at..at + 2)?.parse::<usize>().ok();
    let month = MONTHS.get(pair(0)?.checked_sub(1)?)?;
    Some(format!("{} {month} {:02}:{:02}", pair(2)?, pair(4)?, pair(6)?))
}

#[cfg(test)]
mod tests {
    use super::super::super::output::json_line;
    use super::*;
    use crate::signal::cid;

    fn message(kind: u8, parameters: &[(u8, &[u8])]) -> Message {
        let data: Vec<u8> = parameters
            .iter()
            .flat_map(|(k, d)| [*k, u8::try_from(d.len()).unwrap()].into_iter().chain(d.iter().copied()))
            .collect();
        let mut bytes = vec![kind, u8::try_from(data.len()).unwrap()];
        bytes.extend(data);
        bytes.push(cid::checksum(&bytes));
        cid::parse(&bytes).expect("a good message")
    }

    #[test]
    fn fields_of_a_message() {
        let fields = Fields::of(&message(0x80, &[(0x01, b"11211345"), (0x02, b"5551234"), (0x08, b"P")]));
        assert_eq!(json_line(&fields), r#"{"time":"11211345","number":"5551234","name_reason":"P"}"#);
        assert_eq!(fields.words(), "5551234  name withheld  21 Nov 13:45");
        let fields = Fields::of(&message(0x80, &[(0x04, b"O"), (0x07, b"A\\ \xE9\x9Bx")]));
        assert_eq!(fields.words(), "number not available  \"A\\\\ \u{e9}x\"");
    }

    #[test]
    fn parameters_beyond_number_and_name() {
        let message = message(
            0x80,
            &[
                (0x11, &[1]),
                (0x15, &[9]),
                (0x13, &[3]),
                (0x1A, b"5550000"),
                (0x1A, b"1"),
                (0x99, &[0, 1]),
                (0x03, &[7]),
            ],
        );
        let fields = Fields::of(&message);
        assert_eq!(json_line(&fields), r#"{"call_type":"voice","forwarded":9,"messages":3,"redirecting":"5550000"}"#);
        let parameters = parameters(&message);
        assert_eq!(parameters.len(), 7);
        assert_eq!(json_line(&parameters[5]), r#"{"type":"99","hex":"0001"}"#);
        assert_eq!(json_line(&parameters[3]), r#"{"type":"1a","hex":"35353530303030","text":"5550000"}"#);
        assert_eq!(fields.words(), "no number  call type: voice  forwarded: 9  messages: 3  redirecting: 5550000");
    }

    #[test]
    fn a_lamp() {
        let fields = Fields::of(&message(0x82, &[(0x0B, &[0xFF])]));
        assert_eq!(json_line(&fields), r#"{"message_waiting":true}"#);
        assert_eq!(fields.words(), "message waiting");
    }

    #[test]
    fn times() {
        assert_eq!(clock("11211345").as_deref(), Some("21 Nov 13:45"));
        assert_eq!(clock("00211345"), None);
        assert_eq!(clock("13211345"), None);
    }
}
