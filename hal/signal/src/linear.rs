//! Linear samples as bytes: 8 bits signed or unsigned, 16 bits in either byte order.
//!
//! An 8-bit sample is the upper half of a 16-bit one, rounded. Words may be cut anywhere: a [`Words`] keeps the half that came.

pub use crate::g711::{pcm8_decode as unsigned8_decode, pcm8_encode as unsigned8_encode};

/// An 8-bit signed sample to a 16-bit one.
pub const fn signed8_decode(byte: u8) -> i16 {
    unsigned8_decode(byte ^ 0x80)
}

/// A sample to the nearest 8-bit signed one.
pub const fn signed8_encode(sample: i16) -> u8 {
    unsigned8_encode(sample) ^ 0x80
}

/// Which byte of a word comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The lower one: modems, WAV files.
    Little,
    /// The upper one.
    Big,
}

impl ByteOrder {
    /// The bytes of a signed 16-bit sample.
    pub const fn encode(self, sample: i16) -> [u8; 2] {
        match self {
            Self::Little => sample.to_le_bytes(),
            Self::Big => sample.to_be_bytes(),
        }
    }

    /// The bytes of an unsigned 16-bit sample (32768 is zero).
    pub const fn encode_unsigned(self, sample: i16) -> [u8; 2] {
        self.encode(sample ^ i16::MIN)
    }

    const fn decode(self, bytes: [u8; 2]) -> i16 {
        match self {
            Self::Little => i16::from_le_bytes(bytes),
            Self::Big => i16::from_be_bytes(bytes),
        }
    }
}

/// Bytes to 16-bit samples.
#[derive(Clone, Debug)]
pub struct Words {
    order: ByteOrder,
    unsigned: bool,
    first: Option<u8>,
}

impl Words {
    /// For signed words in this order.
    pub const fn new(order: ByteOrder) -> Self {
        Self { order, unsigned: false, first: None }
    }

    /// For unsigned words in this order (32768 is zero).
    pub const fn unsigned(order: ByteOrder) -> Self {
        Self { order, unsigned: true, first: None }
    }

    /// Takes bytes; any number at a time.
    pub fn decode(&mut self, bytes: &[u8], sink: &mut impl FnMut(i16)) {
        for &byte in bytes {
            match self.first.take() {
                None => self.first = Some(byte),
                Some(first) => {
                    let sample = self.order.decode([first, byte]);
                    sink(if self.unsigned { sample ^ i16::MIN } else { sample });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn bytes_come_back() {
        for b in 0..=255u8 {
            assert_eq!(signed8_encode(signed8_decode(b)), b);
            assert_eq!(unsigned8_encode(unsigned8_decode(b)), b);
        }
        assert_eq!((signed8_decode(0), signed8_decode(0x7f), signed8_decode(0x80)), (0, 127 << 8, -32768));
        assert_eq!((signed8_encode(i16::MAX), signed8_encode(-129), signed8_encode(-128)), (0x7f, 0xff, 0));
    }

    #[test]
    fn words_come_back_however_they_are_cut() {
        let samples = [0, 1, -1, 256, i16::MIN, i16::MAX, 0x1234];
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let signed: Vec<u8> = samples.iter().flat_map(|s| order.encode(*s)).collect();
            let unsigned: Vec<u8> = samples.iter().flat_map(|s| order.encode_unsigned(*s)).collect();
            for size in [1, 3, 14] {
                for (mut words, bytes) in [(Words::new(order), &signed), (Words::unsigned(order), &unsigned)] {
                    let mut out = Vec::new();
                    bytes.chunks(size).for_each(|c| words.decode(c, &mut |s| out.push(s)));
                    assert_eq!(out, samples);
                }
            }
        }
        assert_eq!(ByteOrder::Little.encode(0x1234), [0x34, 0x12]);
        assert_eq!(ByteOrder::Big.encode_unsigned(0), [0x80, 0x00]);
    }
}
