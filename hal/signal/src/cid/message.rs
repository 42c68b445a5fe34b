//! Messages that were received.

use super::{Absence, CallType, CallerKind, Forwarding, FrameError, MAX_FRAME, Parameter, Redirection};
use super::{checksum, message_type, parameter};
use crate::{CallerId, DateTime, Name, Number, PartyId, Text};
use arrayvec::ArrayVec;

/// A message that was believed. Its `Debug` form tells only type and length.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    raw: ArrayVec<u8, MAX_FRAME>,
    /// In the Japanese form, without checksum.
    japanese: bool,
}

impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "<message {:#04x} of {} bytes>", self.message_type(), self.raw.len())
    }
}

impl Message {
    /// A message in the Japanese form, from service type to last parameter, that was checked.
    pub(super) fn japanese(bytes: &[u8]) -> Self {
        Self { raw: bytes.iter().copied().take(MAX_FRAME).collect(), japanese: true }
    }

    /// Message type: see [`message_type`]; in the Japanese form the service type, [`NUMBER_DISPLAY`](super::ntt::NUMBER_DISPLAY).
    pub fn message_type(&self) -> u8 {
        self.raw.first().copied().unwrap_or(0)
    }

    /// Whether it is in the Japanese form, whose parameter types differ (see [`super::ntt::parameter`]).
    pub fn is_japanese(&self) -> bool {
        self.japanese
    }

    /// All bytes, from message type to checksum; in the Japanese form from service type to last parameter.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The data between length and checksum.
    pub fn data(&self) -> &[u8] {
        let end = self.raw.len().saturating_sub(usize::from(!self.japanese));
        self.raw.get(2..end).unwrap_or(&[])
    }

    /// The parameters (type, bytes) of a message in the multiple format, in order; none otherwise.
    pub fn parameters(&self) -> Parameters<'_> {
        let has = self.japanese || is_mdmf(self.message_type());
        Parameters { rest: if has { self.data() } else { &[] } }
    }

    /// What the parameters say, in order; of a call in the single format its time and number too.
    pub fn said(&self) -> impl Iterator<Item = Parameter<'_>> {
        let (time, number) = match self.message_type() {
            message_type::SDMF_CALL if !self.japanese => self.data().split_at(self.data().len().min(8)),
            _ => Default::default(),
        };
        let number = match number.trim_ascii() {
            [] => None,
            [b'P' | b'O'] => Some((parameter::NO_NUMBER, number.trim_ascii())),
            _ => Some((parameter::NUMBER, number)),
        };
        let single = (!time.is_empty()).then_some((parameter::TIME, time)).into_iter().chain(number);
        single.chain(self.parameters()).map(|(kind, data)| {
            if self.japanese { Parameter::read_japanese(kind, data) } else { Parameter::read(kind, data) }
        })
    }

    /// The first parameter of which `wanted` makes something.
    fn find<T>(&self, wanted: impl FnMut(Parameter<'_>) -> Option<T>) -> Option<T> {
        self.said().find_map(wanted)
    }

    /// Number, name and time. Of repeated parameters the first one counts; control characters are dropped.
    pub fn caller_id(&self) -> CallerId {
        let mut id = CallerId::default();
        for said in self.said() {
            match said {
                Parameter::Time(time) if id.time.is_none() => id.time = Some(time),
                Parameter::Number(number) if id.number == PartyId::Absent => id.number = PartyId::Known(number),
                Parameter::NoNumber(why) if id.number == PartyId::Absent => id.number = why.party(),
                Parameter::Name(name) if id.name == PartyId::Absent => id.name = PartyId::Known(name),
                Parameter::NoName(why) if id.name == PartyId::Absent => id.name = why.party(),
                _ => {}
            }
        }
        id
    }

    /// Whether the message switches a message-waiting lamp, and to what.
    pub fn message_waiting(&self) -> Option<bool> {
        if self.message_type() == message_type::SDMF_MESSAGE_WAITING && !self.japanese {
            return match self.data() {
                [0x42, 0x42, 0x42] => Some(true),
                [0x6F, 0x6F, 0x6F] => Some(false),
                _ => None,
            };
        }
        self.find(|p| if let Parameter::MessageWaiting(on) = p { Some(on) } else { None })
    }

    /// How many messages wait.
    pub fn messages(&self) -> Option<u8> {
        self.find(|p| if let Parameter::Messages(n) = p { Some(n) } else { None })
    }

    /// Why there is no number.
    pub fn no_number(&self) -> Option<Absence> {
        self.find(|p| if let Parameter::NoNumber(why) = p { Some(why) } else { None })
    }

    /// Why there is no name.
    pub fn no_name(&self) -> Option<Absence> {
        self.find(|p| if let Parameter::NoName(why) = p { Some(why) } else { None })
    }

    /// The number called; in North America one to dial back; in the Japanese form the one that was dialled.
    pub fn called_number(&self) -> Option<Number> {
        self.find(|p| if let Parameter::CalledNumber(n) = p { Some(n) } else { None })
    }

    /// The first number called, before the call was redirected.
    pub fn first_called(&self) -> Option<Number> {
        self.find(|p| if let Parameter::FirstCalled(n) = p { Some(n) } else { None })
    }

    /// A second calling number.
    pub fn other_number(&self) -> Option<Number> {
        self.find(|p| if let Parameter::OtherNumber(n) = p { Some(n) } else { None })
    }

    /// The number that redirected the call.
    pub fn redirecting(&self) -> Option<Number> {
        self.find(|p| if let Parameter::Redirecting(n) = p { Some(n) } else { None })
    }

    /// Why the call was redirected (North America).
    pub fn redirection(&self) -> Option<Redirection> {
        self.find(|p| if let Parameter::Redirection(why) = p { Some(why) } else { None })
    }

    /// How the call was forwarded.
    pub fn forwarding(&self) -> Option<Forwarding> {
        self.find(|p| if let Parameter::Forwarded(how) = p { Some(how) } else { None })
    }

    /// The type of the call.
    pub fn call_type(&self) -> Option<CallType> {
        self.find(|p| if let Parameter::CallType(t) = p { Some(t) } else { None })
    }

    /// What the calling user is.
    pub fn caller_kind(&self) -> Option<CallerKind> {
        self.find(|p| if let Parameter::CallerType(kind) = p { Some(kind) } else { None })
    }

    /// Whether it is a long-distance call (North America).
    pub fn is_long_distance(&self) -> bool {
        self.find(|p| (p == Parameter::Qualifier(b'L')).then_some(())).is_some()
    }

    /// A text to display.
    pub fn display(&self) -> Option<Text<255>> {
        self.find(|p| if let Parameter::Display(text) = p { Some(text) } else { None })
    }

    /// The charge, as the network writes it.
    pub fn charge(&self) -> Option<Text<255>> {
        self.find(|p| if let Parameter::Charge(text) = p { Some(text) } else { None })
    }
}

/// The parameters of a message: type and bytes.
#[derive(Clone, Debug)]
pub struct Parameters<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Parameters<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&kind, rest) = self.rest.split_first()?;
        let (&length, rest) = rest.split_first()?;
        let (data, rest) = rest.split_at_checked(usize::from(length))?;
        self.rest = rest;
        Some((kind, data))
    }
}

fn is_mdmf(kind: u8) -> bool {
    // 0x81, 0x83: test variants; 0x84 to 0x86: EN 300 659-3; 0xF1 up: network operators.
    matches!(kind, 0x80..=0x86 | 0xF1..=0xFF)
}

/// Whether the first byte of a frame is a type of message that this module reads.
pub(super) fn is_known(kind: u8) -> bool {
    is_mdmf(kind)
        || matches!(kind, message_type::SDMF_CALL | message_type::SDMF_MESSAGE_WAITING | message_type::SHORT_MESSAGE)
}

pub(super) fn date(text: &[u8]) -> Option<DateTime> {
    let digits: &[u8; 8] = text.try_into().ok()?;
    let pair = |i: usize| {
        let (a, b) = (digits.get(i)?, digits.get(i + 1)?);
        (a.is_ascii_digit() && b.is_ascii_digit()).then(|| (a - b'0') * 10 + (b - b'0'))
    };
    let t = DateTime { month: pair(0)?, day: pair(2)?, hour: pair(4)?, minute: pair(6)? };
    let valid = (1..=12).contains(&t.month) && (1..=31).contains(&t.day) && t.hour <= 24 && t.minute <= 59;
    valid.then_some(t)
}

/// The visible characters, without blanks at the ends; `None` when nothing is left.
fn printable(data: &[u8]) -> Option<ArrayVec<u8, 255>> {
    let visible = |b: &u8| !matches!(b, 0..=0x1F | 0x7F..=0x9F);
    let text: ArrayVec<u8, 255> = data.iter().copied().filter(visible).take(255).collect();
    let text: ArrayVec<u8, 255> = text.trim_ascii().iter().copied().collect();
    (!text.is_empty()).then_some(text)
}

pub(super) fn number(data: &[u8]) -> Option<Number> {
    printable(data).map(|text| Number::from_latin1(&text))
}

pub(super) fn name(data: &[u8]) -> Option<Name> {
    printable(data).map(|text| Name::from_latin1(&text))
}

pub(super) fn text(data: &[u8]) -> Option<Text<255>> {
    printable(data).map(|text| Text::from_latin1(&text))
}

/// Reads a frame, from message type to checksum; bytes after the checksum are ignored.
///
/// # Errors
/// [`FrameError::UnknownType`] before all, then `Truncated`, `Checksum` and `Malformed`.
pub fn parse(bytes: &[u8]) -> Result<Message, FrameError> {
    let (&kind, rest) = bytes.split_first().ok_or(FrameError::Truncated)?;
    if !is_known(kind) {
        return Err(FrameError::UnknownType);
    }
    let length = usize::from(*rest.first().ok_or(FrameError::Truncated)?);
    let raw = bytes.get(..length + 3).ok_or(FrameError::Truncated)?;
    if checksum(raw) != 0 {
        return Err(FrameError::Checksum);
    }
    let message = Message { raw: raw.iter().copied().collect(), japanese: false };
    let fits = match kind {
        message_type::SDMF_CALL => message.data().len() > 8 && message.data().iter().take(8).all(u8::is_ascii_digit),
        message_type::SDMF_MESSAGE_WAITING | message_type::SHORT_MESSAGE => !message.data().is_empty(),
        _ => message.parameters().map(|(_, data)| data.len() + 2).sum::<usize>() == length,
    };
    if fits { Ok(message) } else { Err(FrameError::Malformed) }
}
