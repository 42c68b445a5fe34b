//! Caller-identification frames (GR-30-CORE, EN 300 659-3, and the Japanese form), and their receiver.
//!
//! # What does it do?
//!
//! A frame is a message type, a length, data and a checksum. In the single data message format (SDMF) the data are
//! date, time and number as text; in the multiple format (MDMF) they are a list of parameters. [`Frame`] builds
//! both, parameter by parameter if need be, [`parse`] reads both, and [`ntt`] has the Japanese form. [`Receiver`] finds frames of
//! all forms in a line's samples, in Bell 202 or V.23.
//!
//! # How does the receiver work?
//!
//! Bytes come from an [`fsk::Receiver`](crate::fsk::Receiver), which asks for 30 ms of steady mark before them and tells how
//! sure it is of each. The frame ends where its length says, or when the carrier is lost, or when there is more mark between
//! two bytes than the standards allow.
//!
//! The checksum has only eight bits, and two errors pass it once in sixteen times. So a frame is believed only if its bytes
//! are sure enough that two errors are unlikely, all stop bits are right, its type is known and its parameters end where it
//! does. Nothing is ever mended by the checksum.
//!
//! A frame that is not believed is told with the reason if it surely was one: after a channel seizure, or when it began as
//! frames do and its bytes were clear.

mod frame;
mod message;
pub mod ntt;
mod receiver;
mod said;
#[cfg(test)]
mod tests;

pub use frame::{Builder, Frame};
pub use message::{Message, Parameters, parse};
pub use receiver::{Carrier, Event, Receiver};
pub use said::{Absence, CallType, CallerKind, Forwarding, Parameter, Redirection};

/// Bits of channel seizure before an on-hook message.
pub const ON_HOOK_SEIZURE_BITS: u16 = 300;
/// Bits of mark between seizure and message, on hook.
pub const ON_HOOK_MARK_BITS: u16 = 180;
/// Bits of mark before an off-hook (call-waiting) message, which has no seizure.
pub const OFF_HOOK_MARK_BITS: u16 = 80;
/// Longest frame: type, length, 255 bytes, checksum.
pub const MAX_FRAME: usize = 258;
/// Least mark before a message that the receiver asks for, in bits. British lines send as few as 45 ms (54 bits).
pub const MIN_MARK_BITS: u16 = 48;

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
    /// Short message (ES 201 912).
    pub const SHORT_MESSAGE: u8 = 0x89;
}

/// Parameter types of the multiple data message format (GR-30-CORE and GR-1188-CORE; EN 300 659-3).
pub mod parameter {
    /// Date and time, MMDDHHMM.
    pub const TIME: u8 = 0x01;
    /// Calling number.
    pub const NUMBER: u8 = 0x02;
    /// Number called; in North America a number to dial back.
    pub const CALLED_NUMBER: u8 = 0x03;
    /// Why there is no number: `P` withheld, `O` unavailable.
    pub const NO_NUMBER: u8 = 0x04;
    /// Why the call was redirected (North America).
    pub const REDIRECTION: u8 = 0x05;
    /// Call qualifier: `L` long distance (North America).
    pub const QUALIFIER: u8 = 0x06;
    /// Calling name.
    pub const NAME: u8 = 0x07;
    /// Why there is no name.
    pub const NO_NAME: u8 = 0x08;
    /// Alternate route (North America).
    pub const ROUTE: u8 = 0x09;
    /// Visual message-waiting indicator: 0xFF on, 0 off.
    pub const MESSAGE_WAITING: u8 = 0x0B;
    /// Identification of a waiting message.
    pub const MESSAGE_ID: u8 = 0x0D;
    /// Who left the last message.
    pub const LAST_MESSAGE_NUMBER: u8 = 0x0E;
    /// Complementary date and time, MMDDHHMM.
    pub const OTHER_TIME: u8 = 0x0F;
    /// Complementary calling number.
    pub const OTHER_NUMBER: u8 = 0x10;
    /// Call type.
    pub const CALL_TYPE: u8 = 0x11;
    /// First number called.
    pub const FIRST_CALLED: u8 = 0x12;
    /// Number of messages waiting.
    pub const MESSAGES: u8 = 0x13;
    /// Type of a forwarded call.
    pub const FORWARDED: u8 = 0x15;
    /// Type of the calling user.
    pub const CALLER_TYPE: u8 = 0x16;
    /// Redirecting number.
    pub const REDIRECTING: u8 = 0x1A;
    /// Charge.
    pub const CHARGE: u8 = 0x20;
    /// Additional charge.
    pub const ADDITIONAL_CHARGE: u8 = 0x21;
    /// Duration of the call.
    pub const CALL_DURATION: u8 = 0x23;
    /// Network provider identity.
    pub const NETWORK: u8 = 0x30;
    /// Carrier identity.
    pub const CARRIER: u8 = 0x31;
    /// Selection of a terminal's function.
    pub const TERMINAL: u8 = 0x40;
    /// Text to display.
    pub const DISPLAY: u8 = 0x50;
    /// Service information.
    pub const SERVICE: u8 = 0x55;
    /// Extension for network operators.
    pub const OPERATOR: u8 = 0xE0;
}

/// What makes the sum of all bytes zero modulo 256.
pub fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |sum, b| sum.wrapping_add(*b)).wrapping_neg()
}

/// Why a frame is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The bytes do not sum to zero modulo 256; in the Japanese form, the block check is wrong.
    Checksum,
    /// A character has the wrong parity (Japanese form).
    Parity,
    /// A stop bit was a space.
    Framing,
    /// It ends before its length says so.
    Truncated,
    /// The first byte is no message type of a caller-identification service.
    UnknownType,
    /// The checksum is right, but the parameters do not end where the message does.
    Malformed,
    /// The checksum is right, but the line was so bad that this may be chance.
    Unreliable,
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Checksum => "the checksum is wrong",
            Self::Parity => "a character has the wrong parity",
            Self::Framing => "a character has no stop bit",
            Self::Truncated => "the frame is cut short",
            Self::UnknownType => "the message type is unknown",
            Self::Malformed => "the parameters do not fit the message",
            Self::Unreliable => "too many bits are doubtful",
        })
    }
}

impl core::error::Error for FrameError {}
