//! Writing WAV and headerless files of one channel.

use crate::signal::g711;
use std::io::{self, Write};

/// How samples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in super::super) enum Encoding {
    /// 16-bit linear, little-endian.
    Pcm16,
    /// G.711 mu-law.
    Mulaw,
    /// G.711 A-law.
    Alaw,
}

impl Encoding {
    /// For people.
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Pcm16 => "16-bit PCM",
            Self::Mulaw => "G.711 mu-law",
            Self::Alaw => "G.711 A-law",
        }
    }

    fn bytes(self) -> u16 {
        if self == Self::Pcm16 { 2 } else { 1 }
    }
}

/// Writes the header of a WAV file with so many samples. A number that its 32 bits do not hold is told as unknown.
pub(in super::super) fn header(out: &mut impl Write, encoding: Encoding, rate: u32, samples: u64) -> io::Result<()> {
    let bytes = encoding.bytes();
    let (tag, extra): (u16, &[u8]) = match encoding {
        Encoding::Pcm16 => (1, &[]),
        Encoding::Alaw => (6, &[0, 0]),
        Encoding::Mulaw => (7, &[0, 0]),
    };
    let long = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let size = samples * u64::from(bytes);
    // Codings other than linear must tell the number of samples once more.
    let fact = if extra.is_empty() { 0 } else { 12 };
    let mut head = b"RIFF".to_vec();
    head.extend(long(20 + 16 + extra.len() as u64 + fact + size + size % 2).to_le_bytes());
    head.extend(b"WAVEfmt ");
    head.extend((16 + extra.len() as u32).to_le_bytes());
    for word in [tag, 1] {
        head.extend(word.to_le_bytes());
    }
    head.extend(rate.to_le_bytes());
    head.extend((rate * u32::from(bytes)).to_le_bytes());
    for word in [bytes, bytes * 8] {
        head.extend(word.to_le_bytes());
    }
    head.extend(extra);
    if !extra.is_empty() {
        head.extend(b"fact\x04\0\0\0");
        head.extend(long(samples).to_le_bytes());
    }
    head.extend(b"data");
    head.extend(long(size).to_le_bytes());
    out.write_all(&head)
}

/// What follows the samples: the padding of an odd number of bytes.
pub(in super::super) fn trailer(out: &mut impl Write, encoding: Encoding, samples: u64) -> io::Result<()> {
    if samples * u64::from(encoding.bytes()) % 2 == 1 { out.write_all(&[0]) } else { Ok(()) }
}

/// Writes samples.
pub(in super::super) fn samples(out: &mut impl Write, encoding: Encoding, samples: &[i16]) -> io::Result<()> {
    let bytes: Vec<u8> = match encoding {
        Encoding::Pcm16 => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
        Encoding::Mulaw => samples.iter().map(|s| g711::ulaw_encode(*s)).collect(),
        Encoding::Alaw => samples.iter().map(|s| g711::alaw_encode(*s)).collect(),
    };
    out.write_all(&bytes)
}

#[cfg(test)]
mod tests {
    use super::super::Wav;
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for (encoding, step) in [(Encoding::Pcm16, 0.0), (Encoding::Mulaw, 0.02), (Encoding::Alaw, 0.02)] {
            let sound = [0i16, 1_000, -1_000, 20_000, -20_000];
            let mut file = Vec::new();
            header(&mut file, encoding, 11_025, 5).unwrap();
            samples(&mut file, encoding, &sound).unwrap();
            trailer(&mut file, encoding, 5).unwrap();
            // The length that the file tells is its own.
            let told = u32::from_le_bytes([file[4], file[5], file[6], file[7]]);
            assert_eq!(told as usize + 8, file.len(), "{encoding:?}");
            let mut wav = Wav::new(&file[..], 1).unwrap();
            assert_eq!((wav.rate(), wav.coding()), (11_025, encoding.name()));
            let mut back = Vec::new();
            while wav.read(&mut back).unwrap() {}
            assert_eq!(back.len(), 5);
            for (b, s) in back.iter().zip(sound) {
                assert!(
                    (b * 32_768.0 - f32::from(s)).abs() <= step * f32::from(s).abs() + 8.0 * step.ceil(),
                    "{b} {s}"
                );
            }
        }
    }

    #[test]
    fn a_length_that_does_not_fit_is_unknown() {
        let mut file = Vec::new();
        header(&mut file, Encoding::Pcm16, 8_000, 1 << 40).unwrap();
        assert_eq!(file[40..44], [0xFF; 4]);
    }
}
