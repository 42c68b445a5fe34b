//! Sample formats of the voice stream.

use loopstart_signal::g711;

/// How a sample is coded in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One byte, 0x80 is silence.
    Unsigned8,
    /// One byte in two's complement.
    Signed8,
    /// Two bytes in two's complement, the low one first.
    Signed16,
    /// ITU-T G.711 mu-law.
    MuLaw,
    /// ITU-T G.711 A-law.
    ALaw,
}

impl Encoding {
    /// Bits of a sample.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Signed16 => 16,
            _ => 8,
        }
    }

    /// Bytes of a sample.
    pub const fn width(self) -> usize {
        (self.bits() / 8) as usize
    }

    /// Codes a sample; of the two bytes the first [`width`](Self::width) count.
    pub fn encode(self, sample: i16) -> [u8; 2] {
        match self {
            Self::Unsigned8 => [round8(sample) ^ 0x80, 0],
            Self::Signed8 => [round8(sample), 0],
            Self::Signed16 => sample.to_le_bytes(),
            Self::MuLaw => [g711::ulaw_encode(sample), 0],
            Self::ALaw => [g711::alaw_encode(sample), 0],
        }
    }

    /// The sample that these bytes stand for; of one-byte formats the second is not looked at.
    pub fn decode(self, bytes: [u8; 2]) -> i16 {
        let [low, _] = bytes;
        match self {
            Self::Unsigned8 => i16::from_le_bytes([0, low ^ 0x80]),
            Self::Signed8 => i16::from_le_bytes([0, low]),
            Self::Signed16 => i16::from_le_bytes(bytes),
            Self::MuLaw => g711::ulaw_decode(low),
            Self::ALaw => g711::alaw_decode(low),
        }
    }
}

/// The upper byte, rounded.
fn round8(sample: i16) -> u8 {
    let [_, high] = sample.saturating_add(0x80).to_le_bytes();
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_the_code_each_format_has_for_it() {
        assert_eq!(Encoding::Unsigned8.encode(0)[0], 0x80);
        assert_eq!(Encoding::Signed8.encode(0)[0], 0);
        assert_eq!(Encoding::Signed16.encode(0), [0, 0]);
        assert_eq!(Encoding::MuLaw.encode(0)[0], 0xff);
        assert_eq!(Encoding::ALaw.encode(0)[0], 0xd5);
    }

    #[test]
    fn a_sample_survives_within_the_step_of_its_format() {
        use Encoding::*;
        for sample in [-32768i16, -12345, -129, -1, 0, 1, 128, 1000, 32767] {
            for (encoding, step) in [(Unsigned8, 256), (Signed8, 256), (Signed16, 0), (MuLaw, 1100), (ALaw, 1100)] {
                let back = encoding.decode(encoding.encode(sample));
                assert!((i32::from(back) - i32::from(sample)).abs() <= step, "{encoding:?} {sample} {back}");
            }
        }
    }
}
