//! Reading WAV files: linear samples of 8 to 32 bits, floating point, and G.711, any rate, any number of channels.
//!
//! Files are read as a stream, so that their length does not matter. A header that promises more than there is, as a
//! recorder leaves it that was killed, is no error.

use crate::signal::g711;
use std::fmt;
use std::io::{self, Read};

/// Lowest rate that is taken for sound, Hz.
const LEAST_RATE: u32 = 1_000;
/// Highest rate, Hz.
const GREATEST_RATE: u32 = 1_000_000;

/// How a sample is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// Unsigned, 8 bits.
    U8,
    /// Signed little-endian, this many bytes: 2, 3 or 4.
    Linear(usize),
    F32,
    F64,
    Alaw,
    Ulaw,
}

impl Coding {
    fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::Alaw | Self::Ulaw => 1,
            Self::Linear(bytes) => bytes,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// One sample, full scale 1.0. `bytes` are as many as [`bytes`](Self::bytes) says.
    fn sample(self, bytes: &[u8]) -> f32 {
        let linear = |s: i16| f32::from(s) / 32_768.0;
        match (self, bytes) {
            (Self::U8, &[b]) => linear(g711::pcm8_decode(b)),
            (Self::Alaw, &[b]) => linear(g711::alaw_decode(b)),
            (Self::Ulaw, &[b]) => linear(g711::ulaw_decode(b)),
            (Self::Linear(_), &[a, b]) => linear(i16::from_le_bytes([a, b])),
            (Self::Linear(_), &[a, b, c]) => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
            (Self::Linear(_), &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
            _ => 0.0,
        }
    }
}

/// Why a file is not usable.
#[derive(Debug)]
pub(super) enum WavError {
    Io(io::Error),
    /// It is no WAV file, or a broken one.
    Broken(&'static str),
    /// A coding that is not read here.
    Coding {
        tag: u16,
        bits: u16,
    },
    /// There is no such channel.
    Channel {
        wanted: u16,
        there: u16,
    },
}

impl fmt::Display for WavError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Broken(why) => f.write_str(why),
            Self::Coding { tag, bits } => {
                write!(f, "WAV coding {tag:#06x} with {bits} bits is not supported; convert the file to 16-bit PCM")
            }
            Self::Channel { wanted, there: 1 } => write!(f, "there is no channel {wanted}: the file is mono"),
            Self::Channel { wanted, there } => write!(f, "there is no channel {wanted}: the file has {there}"),
        }
    }
}

impl From<io::Error> for WavError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Broken("not a WAV file, or one that ends in its header"),
            _ => Self::Io(error),
        }
    }
}

/// One channel of a WAV file.
#[derive(Debug)]
pub(super) struct Wav<R> {
    source: R,
    /// Bytes of sound left.
    left: u64,
    rate: u32,
    coding: Coding,
    /// Bytes of one sample of every channel.
    frame: usize,
    /// Where the channel is in a frame.
    offset: usize,
}

impl<R: Read> Wav<R> {
    /// Reads the header. `channel` counts from 1.
    pub(super) fn new(mut source: R, channel: u16) -> Result<Self, WavError> {
        let mut head = [0; 12];
        source.read_exact(&mut head)?;
        // RF64 is a WAV file whose lengths did not fit.
        if !(matches!(&head[..4], b"RIFF" | b"RF64") && &head[8..] == b"WAVE") {
            return Err(WavError::Broken("not a WAV file"));
        }
        let mut format = None;
        loop {
            let mut chunk = [0; 8];
            source.read_exact(&mut chunk)?;
            let [a, b, c, d, size @ ..] = chunk;
            let size = u32::from_le_bytes(size);
            match &[a, b, c, d] {
                b"fmt " => {
                    let mut bytes = [0; 40];
                    let there = (size as usize).min(bytes.len());
                    source.read_exact(&mut bytes[..there])?;
                    skip(&mut source, u64::from(size) - there as u64 + u64::from(size % 2))?;
                    format = Some(Format::parse(&bytes, there)?);
                }
                b"data" => {
                    let Some(format) = format else { return Err(WavError::Broken("a WAV file without format")) };
                    // Programs that write to a pipe do not know the length.
                    let left = if matches!(size, 0 | u32::MAX) { u64::MAX } else { size.into() };
                    return format.open(source, left, channel);
                }
                _ => skip(&mut source, u64::from(size) + u64::from(size % 2))?,
            }
        }
    }

    /// Samples per second.
    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// Appends at most `count` samples; answers how many there were. 0: that was all.
    pub(super) fn read(&mut self, count: usize, samples: &mut Vec<f32>) -> Result<usize, WavError> {
        let wanted = (count as u64).saturating_mul(self.frame as u64).min(self.left);
        let mut bytes = Vec::new();
        self.source.by_ref().take(wanted).read_to_end(&mut bytes)?;
        self.left -= (bytes.len() as u64).min(self.left);
        let (offset, end) = (self.offset, self.offset + self.coding.bytes());
        let before = samples.len();
        samples.extend(
            bytes.chunks_exact(self.frame).filter_map(|frame| frame.get(offset..end)).map(|s| self.coding.sample(s)),
        );
        Ok(samples.len() - before)
    }
}

fn skip(source: &mut impl Read, count: u64) -> io::Result<()> {
    let skipped = io::copy(&mut source.take(count), &mut io::sink())?;
    if skipped < count { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// The format chunk.
#[derive(Clone, Copy, Debug)]
struct Format {
    coding: Coding,
    channels: u16,
    rate: u32,
}

impl Format {
    /// `there` bytes of the chunk were read.
    fn parse(bytes: &[u8; 40], there: usize) -> Result<Self, WavError> {
        if there < 16 {
            return Err(WavError::Broken("a WAV file with a broken format"));
        }
        let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let rate = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let (mut tag, channels, align, bits) = (word(0), word(2), word(12), word(14));
        // The extensible form keeps the coding in the first word of its sub-format.
        if tag == 0xFFFE && there == 40 {
            tag = word(24);
        }
        if channels == 0 {
            return Err(WavError::Broken("a WAV file without channels"));
        }
        if !(LEAST_RATE..=GREATEST_RATE).contains(&rate) {
            return Err(WavError::Broken("a WAV file with a sampling rate that is none of sound"));
        }
        // Samples lie in whole bytes, the unused bits at the low end.
        let coding = match (tag, bits.div_ceil(8)) {
            (1, 1) => Coding::U8,
            (1, bytes @ 2..=4) => Coding::Linear(bytes.into()),
            (3, 4) => Coding::F32,
            (3, 8) => Coding::F64,
            (6, 1) => Coding::Alaw,
            (7, 1) => Coding::Ulaw,
            _ => return Err(WavError::Coding { tag, bits }),
        };
        if usize::from(align) != coding.bytes() * usize::from(channels) {
            return Err(WavError::Broken("a WAV file whose samples do not fit its format"));
        }
        Ok(Self { coding, channels, rate })
    }

    fn open<R>(self, source: R, left: u64, channel: u16) -> Result<Wav<R>, WavError> {
        if channel == 0 || channel > self.channels {
            return Err(WavError::Channel { wanted: channel, there: self.channels });
        }
        let bytes = self.coding.bytes();
        Ok(Wav {
            source,
            left,
            rate: self.rate,
            coding: self.coding,
            frame: bytes * usize::from(self.channels),
            offset: bytes * usize::from(channel - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn all<R: Read>(mut wav: Wav<R>) -> Vec<f32> {
        let mut samples = Vec::new();
        while wav.read(7, &mut samples).unwrap() > 0 {}
        samples
    }

    fn written(
        channels: u16,
        bits: u16,
        format: hound::SampleFormat,
        write: impl Fn(&mut hound::WavWriter<&mut Cursor<Vec<u8>>>),
    ) -> Vec<u8> {
        let spec = hound::WavSpec { channels, sample_rate: 11_025, bits_per_sample: bits, sample_format: format };
        let mut file = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        write(&mut writer);
        writer.finalize().unwrap();
        file.into_inner()
    }

    #[test]
    fn linear_samples_of_every_width() {
        for bits in [8u16, 16, 24, 32] {
            let full = 1i64 << (bits - 1);
            let values = [0, full / 2, -full / 2, full - 1, -full];
            let file = written(1, bits, hound::SampleFormat::Int, |w| {
                for v in values {
                    w.write_sample(v as i32).unwrap();
                }
            });
            let wav = Wav::new(Cursor::new(file), 1).unwrap();
            assert_eq!(wav.rate(), 11_025);
            let expected: Vec<f32> = values.iter().map(|v| *v as f32 / full as f32).collect();
            assert_eq!(all(wav), expected, "{bits} bits");
        }
    }

    #[test]
    fn floating_point_and_the_chosen_channel() {
        let file = written(2, 32, hound::SampleFormat::Float, |w| {
            for n in 0..10 {
                w.write_sample(n as f32 / 16.0).unwrap();
                w.write_sample(-(n as f32) / 16.0).unwrap();
            }
        });
        let right: Vec<f32> = (0..10).map(|n| -n as f32 / 16.0).collect();
        assert_eq!(all(Wav::new(Cursor::new(&file), 2).unwrap()), right);
        assert!(matches!(Wav::new(Cursor::new(&file), 3), Err(WavError::Channel { wanted: 3, there: 2 })));
        assert!(matches!(Wav::new(Cursor::new(&file), 0), Err(WavError::Channel { .. })));
    }

    /// A WAV file made by hand: format tag, bits, extra format bytes, chunks in between, declared length, sound.
    fn by_hand(tag: u16, bits: u16, extra: &[u8], length: u32, sound: &[u8]) -> Vec<u8> {
        let mut f = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
        f.extend(b"LIST\x03\0\0\0abc\0");
        f.extend(b"fmt ");
        f.extend((16 + extra.len() as u32).to_le_bytes());
        for word in [tag, 1] {
            f.extend(word.to_le_bytes());
        }
        f.extend(8000u32.to_le_bytes());
        f.extend(8000u32.to_le_bytes());
        for word in [bits / 8, bits] {
            f.extend(word.to_le_bytes());
        }
        f.extend(extra);
        f.extend(b"data");
        f.extend(length.to_le_bytes());
        f.extend(sound);
        f
    }

    #[test]
    fn g711() {
        let ulaw = all(Wav::new(Cursor::new(by_hand(7, 8, &[0, 0], 3, &[0xFF, 0x80, 0x00])), 1).unwrap());
        assert_eq!(ulaw, [0.0, 32_124.0 / 32_768.0, -32_124.0 / 32_768.0]);
        let alaw = all(Wav::new(Cursor::new(by_hand(6, 8, &[0, 0], 2, &[0xAA, 0x2A])), 1).unwrap());
        assert_eq!(alaw, [32_256.0 / 32_768.0, -32_256.0 / 32_768.0]);
        // The extensible form.
        let mut extra = vec![22, 0, 8, 0, 4, 0, 0, 0, 7, 0];
        extra.extend([0; 14]);
        let ulaw = all(Wav::new(Cursor::new(by_hand(0xFFFE, 8, &extra, 1, &[0xFF])), 1).unwrap());
        assert_eq!(ulaw, [0.0]);
    }

    #[test]
    fn the_length_in_the_header_need_not_be_true() {
        for length in [0, u32::MAX, 400] {
            assert_eq!(
                all(Wav::new(Cursor::new(by_hand(1, 16, &[], length, &[0, 64, 0, 192])), 1).unwrap()),
                [0.5, -0.5]
            );
        }
        // What follows the sound is not sound.
        assert_eq!(all(Wav::new(Cursor::new(by_hand(1, 16, &[], 2, &[0, 64, b'L', b'I'])), 1).unwrap()), [0.5]);
    }

    #[test]
    fn what_is_no_wav_file() {
        let cut = by_hand(1, 16, &[], 2, &[0, 64]);
        for bad in [&b""[..], b"RIFF", b"RIFFxxxxAVI LIST", b"fLaC123456789abc", &cut[..30]] {
            assert!(matches!(Wav::new(Cursor::new(bad), 1), Err(WavError::Broken(_))), "{bad:?}");
        }
        assert!(matches!(
            Wav::new(Cursor::new(by_hand(0x11, 4, &[], 2, &[0])), 1),
            Err(WavError::Coding { tag: 0x11, .. })
        ));
    }

    proptest! {
        #[test]
        fn no_file_is_too_broken(mut file in Just(by_hand(1, 16, &[], 8, &[1; 8])), changes in proptest::collection::vec((12usize..64, any::<u8>()), 0..6), cut in 0usize..80) {
            for (at, byte) in changes {
                if let Some(b) = file.get_mut(at) {
                    *b = byte;
                }
            }
            file.truncate(cut);
            if let Ok(mut wav) = Wav::new(Cursor::new(file), 1) {
                let mut samples = Vec::new();
                while wav.read(3, &mut samples).unwrap() > 0 {}
                prop_assert!(samples.len() <= 64);
            }
        }
    }
}
