//! Caller-identification frames (GR-30-CORE, EN 300 659-3), and their receiver.
//!
//! # What does it do?
//!
//! A frame is a message type, a length, data and a checksum. In the single data message format (SDMF) the data are
//! date, time and number as text; in the multiple format (MDMF) they are a list of parameters. [`Frame`] builds
//! both, [`parse`] reads both, and [`Receiver`] finds frames in a line's samples, in Bell 202 or V.23.
//!
//! # How does the receiver work?
//!
//! Bytes come from an [`fsk::Receiver`] tuned between the two modems. A frame begins with a byte that follows at
//! least [`MIN_MARK_BITS`] of mark and is a known message type; the checksum has only eight bits, so that
//! noise would pass it once in 256 times if nothing else were asked. The frame ends where its length says. More mark
//! between two bytes than the standards allow, a framing error, or the end of the carrier truncates it. A frame that
//! turns out bad is told only after a channel seizure: without one it was as likely speech.

pub mod ntt;

use crate::fsk;
use crate::{CallerId, DateTime, Name, Number, PartyId};
use arrayvec::ArrayVec;

/// Bits of channel seizure before an on-hook message.
pub const ON_HOOK_SEIZURE_BITS: u16 = 300;
/// Bits of mark between seizure and message, on hook.
pub const ON_HOOK_MARK_BITS: u16 = 180;
/// Bits of mark before an off-hook (call-waiting) message, which has no seizure.
pub const OFF_HOOK_MARK_BITS: u16 = 80;
/// Longest frame: type, length, 255 bytes, checksum.
pub const MAX_FRAME: usize = 258;
/// Least mark before a message that a receiver asks for. British lines send as few as 45 ms (54 bits).
pub const MIN_MARK_BITS: u16 = 30;
/// Least bytes of seizure after which a bad frame is told: British lines send as few as 80 ms (9 bytes).
const MIN_SEIZURE_BYTES: u32 = 5;
/// Most mark between two bytes of a frame: GR-30 allows 20 bits.
const MAX_INNER_MARKS: u16 = 25;

/// Message types.
pub mod message_type {
    /// Call set-up, single data message format.
    pub const SDMF_CALL: u8 = 0x04;
    /// Message waiting, single data message format.
    pub const SDMF_MESSAGE_WAITING: u8 = 0x06;
    /// Call set-up, multiple data message format.
    pub const MDMF_CALL: u8 = 0x80;
    /// Message waiting, multiple data message format.
    pub const MDMF_MESSAGE_WAITING: u8 = 0x82;
    /// Advice of charge (EN 300 659-3).
    pub const ADVICE_OF_CHARGE: u8 = 0x86;
}

/// Parameter types of the multiple data message format.
pub mod parameter {
    /// Date and time, MMDDHHMM.
    pub const TIME: u8 = 0x01;
    /// Calling number.
    pub const NUMBER: u8 = 0x02;
    /// Number called.
    pub const CALLED_NUMBER: u8 = 0x03;
    /// Why there is no number: `P` withheld, `O` unavailable.
    pub const NO_NUMBER: u8 = 0x04;
    /// Calling name.
    pub const NAME: u8 = 0x07;
    /// Why there is no name.
    pub const NO_NAME: u8 = 0x08;
    /// Visual message-waiting indicator: 0xFF on, 0 off.
    pub const MESSAGE_WAITING: u8 = 0x0B;
}

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
        let mut frame = Self::open(message_type::MDMF_CALL);
        if let Some(time) = id.time {
            frame.parameter(parameter::TIME, date_digits(time).into_iter());
        }
        match &id.number {
            PartyId::Known(n) => frame.parameter(parameter::NUMBER, ascii(n.as_str())),
            PartyId::Withheld => frame.parameter(parameter::NO_NUMBER, [b'P'].into_iter()),
            PartyId::Unavailable => frame.parameter(parameter::NO_NUMBER, [b'O'].into_iter()),
            PartyId::Absent => {}
        }
        match &id.name {
            PartyId::Known(n) => frame.parameter(parameter::NAME, ascii(n.as_str())),
            PartyId::Withheld => frame.parameter(parameter::NO_NAME, [b'P'].into_iter()),
            PartyId::Unavailable => frame.parameter(parameter::NO_NAME, [b'O'].into_iter()),
            PartyId::Absent => {}
        }
        frame.close()
    }

    /// Call set-up, single data message format (0x04): time (1 January 00:00 when there is none) and number or
    /// `P` or `O`. This format has no name.
    pub fn sdmf(id: &CallerId) -> Self {
        let mut frame = Self::open(message_type::SDMF_CALL);
        let time = id.time.unwrap_or(DateTime { month: 1, day: 1, hour: 0, minute: 0 });
        frame.0.extend(date_digits(time));
        match &id.number {
            PartyId::Known(n) => frame.0.extend(ascii(n.as_str())),
            PartyId::Withheld => frame.0.push(b'P'),
            PartyId::Unavailable | PartyId::Absent => frame.0.push(b'O'),
        }
        frame.close()
    }

    /// Message waiting, multiple data message format (0x82): lamp on or off.
    pub fn message_waiting(on: bool) -> Self {
        let mut frame = Self::open(message_type::MDMF_MESSAGE_WAITING);
        frame.parameter(parameter::MESSAGE_WAITING, [if on { 0xFF } else { 0 }].into_iter());
        frame.close()
    }

    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn open(kind: u8) -> Self {
        let mut bytes = ArrayVec::new();
        bytes.push(kind);
        bytes.push(0);
        Self(bytes)
    }

    /// The texts of a [`CallerId`] are bounded, so that all of them fit into one frame.
    fn parameter(&mut self, kind: u8, data: impl Iterator<Item = u8> + Clone) {
        let length = data.clone().count();
        self.0.push(kind);
        self.0.push(u8::try_from(length).unwrap_or(u8::MAX));
        self.0.extend(data);
    }

    fn close(mut self) -> Self {
        let length = self.0.len() - 2;
        if let Some(slot) = self.0.get_mut(1) {
            *slot = u8::try_from(length).unwrap_or(u8::MAX);
        }
        self.0.push(checksum(&self.0));
        self
    }
}

/// Seven-bit characters only: others become `?`.
fn ascii(text: &str) -> impl Iterator<Item = u8> + Clone + '_ {
    text.chars().map(|c| if matches!(c, ' '..='~') { c as u8 } else { b'?' })
}

fn date_digits(t: DateTime) -> [u8; 8] {
    let tens = |n: u8| b'0' + n / 10 % 10;
    let ones = |n: u8| b'0' + n % 10;
    [tens(t.month), ones(t.month), tens(t.day), ones(t.day), tens(t.hour), ones(t.hour), tens(t.minute), ones(t.minute)]
}

/// What makes the sum of all bytes zero modulo 256.
pub fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |sum, b| sum.wrapping_add(*b)).wrapping_neg()
}

/// Why a frame is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The bytes do not sum to zero modulo 256.
    Checksum,
    /// A character has the wrong parity (Japanese form).
    Parity,
    /// It ends before its length says so.
    Truncated,
    /// The first byte is no message type of a caller-identification service.
    UnknownType,
    /// The checksum is right, but the parameters do not end where the message does.
    Malformed,
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Checksum => "the checksum is wrong",
            Self::Parity => "a character has the wrong parity",
            Self::Truncated => "the frame is cut short",
            Self::UnknownType => "the message type is unknown",
            Self::Malformed => "the parameters do not fit the message",
        })
    }
}

impl core::error::Error for FrameError {}

/// A message that was believed. Its `Debug` form tells only type and length.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    raw: ArrayVec<u8, MAX_FRAME>,
}

impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "<message {:#04x} of {} bytes>", self.message_type(), self.raw.len())
    }
}

impl Message {
    /// Message type: see [`message_type`].
    pub fn message_type(&self) -> u8 {
        self.raw.first().copied().unwrap_or(0)
    }

    /// All bytes, from message type to checksum.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The data between length and checksum.
    pub fn data(&self) -> &[u8] {
        self.raw.get(2..self.raw.len().saturating_sub(1)).unwrap_or(&[])
    }

    /// The parameters (type, bytes) of a message in the multiple format, in order; none otherwise.
    pub fn parameters(&self) -> Parameters<'_> {
        Parameters { rest: if is_mdmf(self.message_type()) { self.data() } else { &[] } }
    }

    /// Number, name and time. Of repeated parameters the first one counts; control characters are dropped.
    pub fn caller_id(&self) -> CallerId {
        let mut id = CallerId::default();
        if self.message_type() == message_type::SDMF_CALL {
            let (time, number) = self.data().split_at(self.data().len().min(8));
            id.time = parse_date(time);
            id.number = number_or_reason(number);
            return id;
        }
        for (kind, data) in self.parameters() {
            match kind {
                parameter::TIME if id.time.is_none() => id.time = parse_date(data),
                parameter::NUMBER if id.number == PartyId::Absent => id.number = number_or_reason(data),
                parameter::NO_NUMBER if id.number == PartyId::Absent => id.number = reason(data),
                parameter::NAME if id.name == PartyId::Absent => {
                    if let Some(name) = printable(data) {
                        id.name = PartyId::Known(Name::from_latin1(&name));
                    }
                }
                parameter::NO_NAME if id.name == PartyId::Absent => id.name = reason(data),
                _ => {}
            }
        }
        id
    }

    /// Whether the message switches a message-waiting lamp, and to what.
    pub fn message_waiting(&self) -> Option<bool> {
        if self.message_type() == message_type::SDMF_MESSAGE_WAITING {
            // GR-1401: three times 0x42 switches on, three times 0x6F off.
            return match self.data() {
                [0x42, 0x42, 0x42] => Some(true),
                [0x6F, 0x6F, 0x6F] => Some(false),
                _ => None,
            };
        }
        self.parameters().find(|(kind, _)| *kind == parameter::MESSAGE_WAITING).and_then(|(_, data)| match data {
            [0xFF] => Some(true),
            [0] => Some(false),
            _ => None,
        })
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

fn is_known(kind: u8) -> bool {
    is_mdmf(kind) || matches!(kind, message_type::SDMF_CALL | message_type::SDMF_MESSAGE_WAITING)
}

fn parse_date(text: &[u8]) -> Option<DateTime> {
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
    let text: ArrayVec<u8, 255> =
        data.trim_ascii().iter().copied().filter(|b| !matches!(b, 0..=0x1F | 0x7F..=0x9F)).take(255).collect();
    (!text.is_empty()).then_some(text)
}

fn reason<T>(data: &[u8]) -> PartyId<T> {
    match data {
        [b'P' | b'p', ..] => PartyId::Withheld,
        // O: out of area; C: payphone; S: service conflict. None has a number to show.
        [_, ..] => PartyId::Unavailable,
        [] => PartyId::Absent,
    }
}

fn number_or_reason(data: &[u8]) -> PartyId<Number> {
    match data.trim_ascii() {
        [b'P' | b'O'] => reason(data.trim_ascii()),
        text => printable(text).map_or(PartyId::Absent, |text| PartyId::Known(Number::from_latin1(&text))),
    }
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
    let message = Message { raw: raw.iter().copied().collect() };
    let fits = match kind {
        message_type::SDMF_CALL => message.data().len() > 8 && message.data().iter().take(8).all(u8::is_ascii_digit),
        message_type::SDMF_MESSAGE_WAITING => !message.data().is_empty(),
        _ => message.parameters().map(|(_, data)| data.len() + 2).sum::<usize>() == length,
    };
    if fits { Ok(message) } else { Err(FrameError::Malformed) }
}

/// The modem that a frame was sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Bell 202 (mark at 1200 Hz).
    Bell202,
    /// ITU-T V.23 (mark at 1300 Hz).
    V23,
    /// ITU-T V.23 in the Japanese form: seven bits with parity, DLE framing, CRC-16.
    Ntt,
}

/// What a receiver tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A frame was seen.
    Frame {
        /// Whether it is believed.
        ok: bool,
        /// Its bytes as far as they came, from message type to checksum.
        raw: &'a [u8],
        /// The message, if believed.
        message: Option<&'a Message>,
        /// Why it is not.
        error: Option<FrameError>,
        /// The modem.
        carrier: Carrier,
        /// Index of the sample at which it was decided.
        at: u64,
    },
}

/// Receives frames, in Bell 202 and V.23, on hook (with seizure) and off hook (without).
#[derive(Clone, Debug)]
pub struct Receiver {
    fsk: fsk::Receiver,
    walk: Walk,
}

/// The frame so far.
#[derive(Clone, Debug, Default)]
struct Walk {
    raw: ArrayVec<u8, MAX_FRAME>,
    /// Bytes of seizure since the carrier came: 0 1 0 1 ... reads as 0x55 with start and stop bits.
    seizure: u32,
}

impl Receiver {
    /// A receiver at rest.
    pub fn new() -> Self {
        Self { fsk: fsk::Receiver::new(fsk::EITHER), walk: Walk::default() }
    }

    /// Takes samples; any number at a time. Frames follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event<'_>)) {
        // One sample at a time, so that the mark frequency is that of the mark before this frame.
        for sample in samples {
            let mut event = None;
            self.fsk.process(core::slice::from_ref(sample), &mut |e| event = Some(e));
            if let Some(event) = event {
                let mark = self.fsk.mark_hz();
                let carrier =
                    if mark.is_some_and(|hz| hz > fsk::EITHER.mark) { Carrier::V23 } else { Carrier::Bell202 };
                self.walk.take(event, carrier, sink);
            }
        }
    }

    /// Whether there is a carrier.
    pub fn carrier(&self) -> bool {
        self.fsk.carrier()
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        self.fsk.reset();
        self.walk = Walk::default();
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Walk {
    fn take(&mut self, event: fsk::Event, carrier: Carrier, sink: &mut impl FnMut(Event<'_>)) {
        match event.kind {
            fsk::Kind::Carrier(true) => *self = Self::default(),
            fsk::Kind::Carrier(false) | fsk::Kind::FramingError => self.end(event.at, carrier, sink),
            fsk::Kind::Byte { value, marks } => {
                if !self.raw.is_empty() && marks > MAX_INNER_MARKS {
                    self.end(event.at, carrier, sink);
                }
                let begins = self.raw.is_empty();
                if begins && !(marks >= MIN_MARK_BITS && is_known(value)) {
                    self.seizure += u32::from(value == 0x55);
                    return;
                }
                // Never full: a frame ends by its length.
                let _ = self.raw.try_push(value);
                if self.raw.get(1).is_some_and(|length| self.raw.len() >= usize::from(*length) + 3) {
                    self.end(event.at, carrier, sink);
                }
            }
        }
    }

    /// The frame is over: tells it if it got as far as its length.
    fn end(&mut self, at: u64, carrier: Carrier, sink: &mut impl FnMut(Event<'_>)) {
        let parsed = parse(&self.raw);
        let seized = self.seizure >= MIN_SEIZURE_BYTES;
        if self.raw.len() >= 3 && (parsed.is_ok() || seized) {
            sink(Event::Frame {
                ok: parsed.is_ok(),
                raw: &self.raw,
                message: parsed.as_ref().ok(),
                error: parsed.as_ref().err().copied(),
                carrier,
                at,
            });
        }
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests;
