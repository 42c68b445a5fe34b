//! Sample formats of the voice stream.

use loopstart_signal::adpcm::ima;
use loopstart_signal::adpcm::rockwell::{self, Bits};
use loopstart_signal::resample::Resampler;
use loopstart_signal::{SAMPLE_RATE, g711};

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
    /// ADPCM of the Interactive Multimedia Association, 4 bits, the first sample in the low half of a byte.
    Ima,
    /// Rockwell's ADPCM of 2, 3 or 4 bits.
    Rockwell(Bits),
}

impl Encoding {
    /// Bits of a sample.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Signed16 => 16,
            Self::Ima | Self::Rockwell(Bits::Four) => 4,
            Self::Rockwell(Bits::Three) => 3,
            Self::Rockwell(Bits::Two) => 2,
            _ => 8,
        }
    }

    /// Bytes of a sample; 1 where several share one.
    pub const fn width(self) -> usize {
        if matches!(self, Self::Signed16) { 2 } else { 1 }
    }

    /// Codes a sample by itself; of the two bytes the first [`width`](Self::width) count.
    pub fn encode(self, sample: i16) -> [u8; 2] {
        match self {
            Self::Unsigned8 => [round8(sample) ^ 0x80, 0],
            Self::Signed8 => [round8(sample), 0],
            Self::Signed16 => sample.to_le_bytes(),
            Self::MuLaw => [g711::ulaw_encode(sample), 0],
            Self::ALaw => [g711::alaw_encode(sample), 0],
            Self::Ima | Self::Rockwell(_) => [0, 0],
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
            Self::Ima | Self::Rockwell(_) => 0,
        }
    }
}

/// What turns the host's bytes into samples of the line, or the line's samples into bytes for the host, with its state.
#[derive(Debug)]
pub(super) struct Coder {
    encoding: Encoding,
    adaptive: Adaptive,
    /// Between the line's rate and the stream's, where they differ.
    to_line: Option<Resampler>,
    from_line: Option<Resampler>,
    /// The first byte of a sample of two.
    half: Option<u8>,
}

#[derive(Debug)]
enum Adaptive {
    None,
    Ima(ima::Encoder, ima::Decoder),
    Rockwell(rockwell::Encoder, rockwell::Decoder),
}

impl Coder {
    /// At the beginning of a stream of `rate` samples a second.
    pub(super) fn new(encoding: Encoding, rate: u32) -> Self {
        let adaptive = match encoding {
            Encoding::Ima => Adaptive::Ima(ima::Encoder::modem(), ima::Decoder::modem()),
            Encoding::Rockwell(bits) => Adaptive::Rockwell(rockwell::Encoder::new(bits), rockwell::Decoder::new(bits)),
            _ => Adaptive::None,
        };
        let other = |from, to| if rate == SAMPLE_RATE { None } else { Resampler::new(from, to) };
        let (to_line, from_line) = (other(rate, SAMPLE_RATE), other(SAMPLE_RATE, rate));
        Self { encoding, adaptive, to_line, from_line, half: None }
    }

    /// A byte of the host; its samples go to `sink`.
    pub(super) fn take(&mut self, byte: u8, sink: &mut impl FnMut(&[i16])) {
        let mut samples = arrayvec::ArrayVec::<i16, 4>::new();
        let push = &mut |sample| {
            let _ = samples.try_push(sample);
        };
        match &mut self.adaptive {
            Adaptive::Ima(_, decoder) => decoder.decode(&[byte], push),
            Adaptive::Rockwell(_, decoder) => decoder.decode(&[byte], push),
            Adaptive::None => match (self.encoding.width(), self.half.take()) {
                (2, None) => self.half = Some(byte),
                (2, Some(low)) => push(self.encoding.decode([low, byte])),
                _ => push(self.encoding.decode([byte, 0])),
            },
        }
        match &mut self.to_line {
            Some(resampler) => resampler.process_pcm(&samples, sink),
            None => sink(&samples),
        }
    }

    /// The host's stream is over: what is still inside comes out.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(&[i16])) {
        if let Some(resampler) = &mut self.to_line {
            resampler.finish_pcm(sink);
        }
    }

    /// Samples of the line; their bytes go to `sink`, those of a sample together.
    pub(super) fn give(&mut self, samples: &[i16], sink: &mut impl FnMut(&[u8])) {
        let Self { encoding, adaptive, from_line, .. } = self;
        let mut encode = |samples: &[i16]| match adaptive {
            Adaptive::Ima(encoder, _) => encoder.encode(samples, &mut |b| sink(&[b])),
            Adaptive::Rockwell(encoder, _) => encoder.encode(samples, &mut |b| sink(&[b])),
            Adaptive::None => {
                for &sample in samples {
                    let bytes = encoding.encode(sample);
                    sink(bytes.get(..encoding.width()).unwrap_or(&bytes));
                }
            }
        };
        match from_line {
            Some(resampler) => resampler.process_pcm(samples, &mut encode),
            None => encode(samples),
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
