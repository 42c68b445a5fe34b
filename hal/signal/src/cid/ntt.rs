//! Caller identification in the Japanese form (NTT number display).
//!
//! Seven-bit characters with even parity in an ISO 1745 frame: DLE SOH, a header, DLE STX, the message, DLE ETX and a block check
//! of two bytes. The message is a service type, a length and parameters; a DLE within it is sent twice. The block check is the
//! CRC of HDLC's polynomial (ITU-T V.41: x^16 + x^12 + x^5 + 1) with the lowest bit first and zero at the start, over everything
//! as sent from the header to ETX; its low byte comes first.

use super::FrameError;
use arrayvec::ArrayVec;

/// Service type of a number display message.
pub const NUMBER_DISPLAY: u8 = 0x40;
/// The header that announces a message to a terminal.
pub const HEADER: u8 = 0x07;
/// Most bytes of a message: service type, length, parameters.
pub const MAX_MESSAGE: usize = 2 + 127;
/// Most bytes of a frame as sent: every byte of the message may be a DLE.
pub const MAX_SENT: usize = 5 + 2 * MAX_MESSAGE + 4;

/// Parameter types that differ from those of the other forms.
pub mod parameter {
    /// The number that was dialled.
    pub const DIALLED_NUMBER: u8 = 0x09;
    /// Type and plan of the calling number.
    pub const NUMBER_ATTRIBUTES: u8 = 0x21;
    /// Type and plan of the dialled number.
    pub const DIALLED_ATTRIBUTES: u8 = 0x22;
    /// Text.
    pub const TEXT: u8 = 0x24;
}

const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const DLE: u8 = 0x10;

/// The character with even parity in its eighth bit.
const fn with_parity(character: u8) -> u8 {
    let seven = character & 0x7F;
    seven | ((seven.count_ones() as u8 & 1) << 7)
}

/// The block check so far, with one byte more.
const fn check(crc: u16, byte: u8) -> u16 {
    let mut crc = crc ^ byte as u16;
    let mut bit = 0;
    while bit < 8 {
        crc = if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 };
        bit += 1;
    }
    crc
}

/// A frame as it is sent, byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent(ArrayVec<u8, MAX_SENT>);

impl Sent {
    /// A message with these parameters (type and data). `None` when they are longer than 127 bytes in all, or a byte has more than
    /// seven bits.
    pub fn new(parameters: &[(u8, &[u8])]) -> Option<Self> {
        let mut message = ArrayVec::<u8, MAX_MESSAGE>::new();
        let length: usize = parameters.iter().map(|(_, data)| data.len() + 2).sum();
        message.push(NUMBER_DISPLAY);
        message.push(u8::try_from(length).ok().filter(|l| *l <= 127)?);
        for (kind, data) in parameters {
            message.push(*kind);
            message.push(u8::try_from(data.len()).ok()?);
            message.extend(data.iter().copied());
        }
        if message.iter().any(|b| *b > 127) {
            return None;
        }
        let mut sent = ArrayVec::new();
        sent.extend([DLE, SOH, HEADER, DLE, STX].map(with_parity));
        for byte in message {
            sent.push(with_parity(byte));
            if byte == DLE {
                sent.push(with_parity(byte));
            }
        }
        sent.extend([DLE, ETX].map(with_parity));
        let crc = sent.iter().skip(2).fold(0, |crc, b| check(crc, *b));
        sent.extend(crc.to_le_bytes());
        Some(Self(sent))
    }

    /// The bytes to send, each with a start bit, eight bits from the lowest and a stop bit.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Where a [`Walk`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the frame; so many of its first five characters were right.
    #[default]
    Before,
    Opening(u8),
    Message,
    /// After a DLE within the message.
    Escaped,
    /// After DLE ETX: the low byte of the block check, then the high one.
    Check,
    CheckHigh(u8),
}

/// A frame that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Service type, length and parameters, without parity.
    pub message: ArrayVec<u8, MAX_MESSAGE>,
    /// Why it is not believed.
    pub error: Option<FrameError>,
}

/// Finds a frame in received bytes.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    place: Place,
    message: ArrayVec<u8, MAX_MESSAGE>,
    crc: u16,
    /// A character had odd parity.
    odd: bool,
    /// The message is longer than one may be.
    over: bool,
}

impl Walk {
    /// Whether a frame has begun.
    pub fn is_inside(&self) -> bool {
        !matches!(self.place, Place::Before | Place::Opening(_))
    }

    /// Whether nothing has come of a frame, nor of what begins one.
    pub fn is_at_rest(&self) -> bool {
        self.place == Place::Before
    }

    /// Takes a byte. Answers the frame that ends with it.
    pub fn take(&mut self, byte: u8) -> Option<Received> {
        let odd = byte.count_ones() & 1 == 1;
        let character = byte & 0x7F;
        match self.place {
            Place::Before | Place::Opening(_) => self.open(byte),
            Place::Message | Place::Escaped => {
                self.odd |= odd;
                self.crc = check(self.crc, byte);
                match (self.place, character) {
                    (Place::Message, DLE) => self.place = Place::Escaped,
                    (Place::Escaped, ETX) => self.place = Place::Check,
                    (_, c) => {
                        self.over |= self.message.try_push(c).is_err();
                        self.place = Place::Message;
                    }
                }
                if self.over {
                    return self.end(Some(FrameError::Malformed));
                }
            }
            Place::Check => self.place = Place::CheckHigh(byte),
            Place::CheckHigh(low) => {
                let right = u16::from_le_bytes([low, byte]) == self.crc;
                return self.end(if self.odd {
                    Some(FrameError::Parity)
                } else if !right {
                    Some(FrameError::Checksum)
                } else if fits(&self.message) {
                    None
                } else {
                    Some(FrameError::Malformed)
                });
            }
        }
        None
    }

    /// The carrier or the framing was lost. Answers what came of the frame, if it got as far as its service type.
    pub fn cut(&mut self) -> Option<Received> {
        let begun = self.is_inside() && !self.message.is_empty();
        let cut = self.end(Some(FrameError::Truncated));
        cut.filter(|_| begun)
    }

    fn open(&mut self, byte: u8) {
        const OPENING: [u8; 5] =
            [with_parity(DLE), with_parity(SOH), with_parity(HEADER), with_parity(DLE), with_parity(STX)];
        let at = if let Place::Opening(at) = self.place { at } else { 0 };
        self.place = if OPENING.get(usize::from(at)) == Some(&byte) {
            if at >= 2 {
                self.crc = check(self.crc, byte);
            }
            if at == 4 { Place::Message } else { Place::Opening(at + 1) }
        } else {
            *self = Self::default();
            if byte == OPENING[0] { Place::Opening(1) } else { Place::Before }
        };
    }

    fn end(&mut self, error: Option<FrameError>) -> Option<Received> {
        let was = core::mem::take(self);
        Some(Received { message: was.message, error })
    }
}

/// Whether the parameters end where the length says.
fn fits(message: &[u8]) -> bool {
    let [NUMBER_DISPLAY, length, rest @ ..] = message else { return false };
    let mut rest = rest;
    if rest.len() != usize::from(*length) {
        return false;
    }
    while let [_, length, after @ ..] = rest {
        let Some(after) = after.get(usize::from(*length)..) else { return false };
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn received(bytes: &[u8]) -> Vec<Received> {
        let mut walk = Walk::default();
        let mut seen: Vec<Received> = bytes.iter().filter_map(|b| walk.take(*b)).collect();
        seen.extend(walk.cut());
        seen
    }

    #[test]
    fn the_block_check_is_that_of_v41() {
        // "123456789" with this polynomial, reflected, from zero: CRC-16/KERMIT.
        assert_eq!(b"123456789".iter().fold(0, |crc, b| check(crc, *b)), 0x2189);
    }

    #[test]
    fn what_is_sent_is_received() {
        let parameters: [(u8, &[u8]); 3] = [(0x02, b"0312345678"), (0x21, &[0x20, 0x10]), (0x04, b"P")];
        let sent = Sent::new(&parameters).expect("short");
        assert_eq!(sent.bytes()[..6], [0x90, 0x81, 0x87, 0x90, 0x82, 0xC0]);
        let seen = received(sent.bytes());
        let [Received { message, error: None }] = &seen[..] else { panic!("{seen:?}") };
        // The DLE among the data was sent twice and is there once.
        assert_eq!(message[..2], [NUMBER_DISPLAY, 12 + 4 + 3]);
        assert_eq!(message.len(), 2 + 12 + 4 + 3);
        assert!(Sent::new(&[(2, &[b'1'; 126])]).is_none() && Sent::new(&[(2, &[0x80])]).is_none());
    }

    #[test]
    fn faults_are_told_apart() {
        let sent = Sent::new(&[(0x02, b"0312345678")]).expect("short");
        let good = sent.bytes();
        for at in 5..good.len() - 4 {
            for bit in 0..8 {
                let mut bad = good.to_vec();
                bad[at] ^= 1 << bit;
                let seen = received(&bad);
                // One bit makes the parity odd; what it makes of DLE or ETX is another matter, but it is never believed.
                assert!(seen.iter().all(|r| r.error.is_some()), "{at} {bit}: {seen:?}");
            }
            let mut bad = good.to_vec();
            bad[at] ^= 0b11;
            assert!(received(&bad).iter().all(|r| r.error.is_some()), "{at}");
        }
        let mut bad = good.to_vec();
        bad[10] ^= 0b101;
        assert_eq!(received(&bad)[0].error, Some(FrameError::Checksum));
        bad[10] = good[10] ^ 4;
        assert_eq!(received(&bad)[0].error, Some(FrameError::Parity));
        assert_eq!(received(&good[..good.len() - 5])[0].error, Some(FrameError::Truncated));
        assert!(received(b"no frame at all, only some text").is_empty());
    }

    #[test]
    fn what_does_not_end_is_bounded() {
        let mut bytes = Sent::new(&[]).expect("short").bytes()[..5].to_vec();
        bytes.extend([0x41; 1000]);
        let seen = received(&bytes);
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].error, Some(FrameError::Malformed));
    }
}
