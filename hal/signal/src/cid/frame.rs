//! Frames to send.

use super::{MAX_FRAME, checksum, message_type, parameter};
use crate::{CallerId, DateTime, PartyId};
use arrayvec::ArrayVec;

/// A frame to send, from the message type to the checksum. Its `Debug` form tells only the length.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(ArrayVec<u8, MAX_FRAME>);

impl core::fmt::Debug for Frame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "<frame of {} bytes>", self.0.len())
    }
}

impl Frame {
    /// Call set-up, multiple data message format (0x80). What is absent is left out.
    pub fn from_caller_id(id: &CallerId) -> Self {
        let mut frame = Builder::new(message_type::MDMF_CALL);
        // The texts are bounded, so that all of them fit.
        if let Some(time) = id.time {
            frame.parameter(parameter::TIME, date_digits(time));
        }
        match &id.number {
            PartyId::Known(n) => frame.parameter(parameter::NUMBER, ascii(n.as_str())),
            PartyId::Withheld => frame.parameter(parameter::NO_NUMBER, *b"P"),
            PartyId::Unavailable => frame.parameter(parameter::NO_NUMBER, *b"O"),
            PartyId::Absent => true,
        };
        match &id.name {
            PartyId::Known(n) => frame.parameter(parameter::NAME, latin1(n.as_str())),
            PartyId::Withheld => frame.parameter(parameter::NO_NAME, *b"P"),
            PartyId::Unavailable => frame.parameter(parameter::NO_NAME, *b"O"),
            PartyId::Absent => true,
        };
        frame.finish()
    }

    /// Call set-up, single data message format (0x04): time (1 January 00:00 when there is none) and number or
    /// `P` or `O`. This format has no name.
    pub fn sdmf(id: &CallerId) -> Self {
        let mut frame = Builder::new(message_type::SDMF_CALL);
        frame.data(date_digits(id.time.unwrap_or(DateTime { month: 1, day: 1, hour: 0, minute: 0 })));
        match &id.number {
            PartyId::Known(n) => frame.data(ascii(n.as_str())),
            PartyId::Withheld => frame.data(*b"P"),
            PartyId::Unavailable | PartyId::Absent => frame.data(*b"O"),
        };
        frame.finish()
    }

    /// Message waiting, multiple data message format (0x82): lamp on or off.
    pub fn message_waiting(on: bool) -> Self {
        let mut frame = Builder::new(message_type::MDMF_MESSAGE_WAITING);
        frame.parameter(parameter::MESSAGE_WAITING, [if on { 0xFF } else { 0 }]);
        frame.finish()
    }

    /// Message waiting, single data message format (0x06): three times 0x42 for on, 0x6F for off (GR-1401-CORE).
    pub fn sdmf_message_waiting(on: bool) -> Self {
        let mut frame = Builder::new(message_type::SDMF_MESSAGE_WAITING);
        frame.data([if on { 0x42 } else { 0x6F }; 3]);
        frame.finish()
    }

    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Builds any frame.
#[derive(Clone)]
pub struct Builder(ArrayVec<u8, MAX_FRAME>);

impl core::fmt::Debug for Builder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "<frame of {} bytes so far>", self.0.len())
    }
}

impl Builder {
    /// A frame of this type (see [`message_type`]) without data.
    pub fn new(message_type: u8) -> Self {
        let mut bytes = ArrayVec::new();
        bytes.extend([message_type, 0]);
        Self(bytes)
    }

    /// Adds a parameter (see [`parameter`]). False when it does not fit; then nothing is added.
    pub fn parameter(&mut self, kind: u8, data: impl IntoIterator<Item = u8>) -> bool {
        let before = self.0.len();
        let mut fits = self.data([kind, 0]);
        let begin = self.0.len();
        fits &= self.data(data);
        match (u8::try_from(self.0.len() - begin), self.0.get_mut(before + 1)) {
            (Ok(length), Some(slot)) if fits => *slot = length,
            _ => {
                fits = false;
                self.0.truncate(before);
            }
        }
        fits
    }

    /// Adds data as they are, as the single format has them. False when they do not fit; then nothing is added.
    pub fn data(&mut self, data: impl IntoIterator<Item = u8>) -> bool {
        let before = self.0.len();
        for byte in data {
            // The checksum needs a place too.
            if self.0.len() + 1 >= MAX_FRAME {
                self.0.truncate(before);
                return false;
            }
            self.0.push(byte);
        }
        true
    }

    /// Adds length and checksum.
    pub fn finish(mut self) -> Frame {
        let length = self.0.len().saturating_sub(2);
        if let Some(slot) = self.0.get_mut(1) {
            *slot = u8::try_from(length).unwrap_or(u8::MAX);
        }
        // There is always a place left.
        let _ = self.0.try_push(checksum(&self.0));
        Frame(self.0)
    }
}

/// Seven-bit characters only: others become `?`.
fn ascii(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.chars().map(|c| if matches!(c, ' '..='~') { c as u8 } else { b'?' })
}

/// The characters of ISO 8859-1: others become `?`.
fn latin1(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.chars().map(|c| if matches!(c, ' '..='~' | '\u{A0}'..='\u{FF}') { c as u8 } else { b'?' })
}

fn date_digits(t: DateTime) -> [u8; 8] {
    let tens = |n: u8| b'0' + n / 10 % 10;
    let ones = |n: u8| b'0' + n % 10;
    [tens(t.month), ones(t.month), tens(t.day), ones(t.day), tens(t.hour), ones(t.hour), tens(t.minute), ones(t.minute)]
}
