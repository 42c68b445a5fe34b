//! Reading WAV files: linear samples of 8 to 32 bits, floating point, G.711 and IMA ADPCM, any rate, any number of
//! channels, either byte order.
//!
//! Files are read as a stream, piece by piece, so that their length does not matter. Nothing is allocated by what a
//! header says: a piece is at most [`PIECE`] bytes, or one sample of every channel. A header that promises more than
//! there is, as a recorder leaves it that was killed, is no error.

mod ima;
pub(super) mod write;

use crate::signal::g711;
use std::fmt;
use std::io::{self, Read};

/// Lowest rate that is taken for sound, Hz.
const LEAST_RATE: u32 = 1_000;
/// Highest rate, Hz.
const GREATEST_RATE: u32 = 1_000_000;
/// Bytes that are read at a time.
const PIECE: usize = 1 << 16;
/// What a file of another kind is told.
const NO_WAV: &str = "not a WAV file; sox or ffmpeg convert other kinds";
/// A data chunk of at least this size is one whose writer did not know its length: programs that write to a pipe put
/// the greatest length there, or nearly.
const UNKNOWN_LENGTH: u32 = 0x7FFF_F000;

/// How a sample is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// Unsigned, 8 bits.
    U8,
    /// Signed, this many bytes: 2, 3 or 4.
    Linear(usize),
    F32,
    F64,
    Alaw,
    Ulaw,
    /// IMA ADPCM: blocks of this many bytes for all channels, and at most so many samples.
    Ima {
        block: usize,
        samples: usize,
    },
}

impl Coding {
    /// Bytes of one sample of one channel; of blocks nothing.
    fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::Alaw | Self::Ulaw => 1,
            Self::Linear(bytes) => bytes,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Ima { .. } => 0,
        }
    }

    /// One sample, full scale 1.0. `bytes` are as many as [`bytes`](Self::bytes) says.
    fn sample(self, bytes: &[u8], order: Order) -> f32 {
        let linear = |s: i16| f32::from(s) / 32_768.0;
        let big = order == Order::Big;
        match (self, bytes) {
            (Self::U8, &[b]) => linear(g711::pcm8_decode(b)),
            (Self::Alaw, &[b]) => linear(g711::alaw_decode(b)),
            (Self::Ulaw, &[b]) => linear(g711::ulaw_decode(b)),
            (Self::Linear(_), &[a, b]) => linear(i16::from_le_bytes(if big { [b, a] } else { [a, b] })),
            (Self::Linear(_), &[a, b, c]) => {
                i32::from_le_bytes(if big { [0, c, b, a] } else { [0, a, b, c] }) as f32 / 2_147_483_648.0
            }
            (Self::Linear(_), &[a, b, c, d]) => {
                i32::from_le_bytes(if big { [d, c, b, a] } else { [a, b, c, d] }) as f32 / 2_147_483_648.0
            }
            (Self::F32, &[a, b, c, d]) => {
                bounded(f32::from_le_bytes(if big { [d, c, b, a] } else { [a, b, c, d] }).into())
            }
            (Self::F64, &[a, b, c, d, e, f, g, h]) => {
                bounded(f64::from_le_bytes(if big { [h, g, f, e, d, c, b, a] } else { [a, b, c, d, e, f, g, h] }))
            }
            _ => 0.0,
        }
    }
}

/// A floating-point sample as sound: what is no number is silence, and what is out of all bounds is cut far above full
/// scale.
fn bounded(sample: f64) -> f32 {
    if sample.is_finite() { sample.clamp(-16.0, 16.0) as f32 } else { 0.0 }
}

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// `RIFF`.
    Little,
    /// `RIFX`.
    Big,
}

impl Order {
    fn word(self, bytes: [u8; 2]) -> u16 {
        if self == Self::Big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn long(self, bytes: [u8; 4]) -> u32 {
        if self == Self::Big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
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
    /// A rate that is none of sound.
    Rate(u32),
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
            Self::Rate(rate) => {
                write!(f, "{rate} Hz is no sampling rate of sound; {LEAST_RATE} to {GREATEST_RATE} Hz are read")
            }
            Self::Channel { wanted, there: 1 } => write!(f, "there is no channel {wanted}: the file is mono"),
            Self::Channel { wanted, there } => write!(f, "there is no channel {wanted}: the file has {there}"),
        }
    }
}

impl From<io::Error> for WavError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Broken("not a WAV file, or one that ends before its sound"),
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
    format: Format,
    /// From 0.
    channel: usize,
    /// What was read and is less than a frame.
    bytes: Vec<u8>,
    /// Samples of the channel left, where the file says how many there are (ADPCM: the last block is filled up).
    samples_left: u64,
}

impl<R: Read> Wav<R> {
    /// Reads the header. `channel` counts from 1.
    pub(super) fn new(source: R, channel: u16) -> Result<Self, WavError> {
        let mut chunks = Chunks { source, order: Order::Little, pending: None };
        let mut head = [0; 12];
        chunks.source.read_exact(&mut head)?;
        chunks.order = match &head[..4] {
            // RF64 and BW64 are WAV files whose lengths did not fit.
            b"RIFF" | b"RF64" | b"BW64" => Order::Little,
            b"RIFX" => Order::Big,
            _ => return Err(WavError::Broken(NO_WAV)),
        };
        if &head[8..] != b"WAVE" {
            return Err(WavError::Broken(NO_WAV));
        }
        let (mut format, mut long, mut samples): (Option<Format>, Option<u64>, Option<u32>) = (None, None, None);
        loop {
            let (name, size) = chunks.next()?;
            match &name {
                b"fmt " => {
                    let mut bytes = [0; 40];
                    let there = chunks.body(size, &mut bytes)?;
                    format = Some(Format::parse(&bytes, there, chunks.order)?);
                }
                b"ds64" => {
                    let mut bytes = [0; 16];
                    if chunks.body(size, &mut bytes)? == 16 {
                        let [.., a, b, c, d, e, f, g, h] = bytes;
                        long = Some(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
                    }
                }
                b"fact" => {
                    let mut bytes = [0; 4];
                    if chunks.body(size, &mut bytes)? == 4 {
                        samples = Some(chunks.order.long(bytes)).filter(|n| !matches!(n, 0 | UNKNOWN_LENGTH..));
                    }
                }
                b"data" => {
                    let Some(format) = format else { return Err(WavError::Broken("a WAV file without format")) };
                    if channel == 0 || channel > format.channels {
                        return Err(WavError::Channel { wanted: channel, there: format.channels });
                    }
                    let left = match (size, long) {
                        (u32::MAX, Some(long)) if long > 0 => long,
                        (0 | UNKNOWN_LENGTH.., _) => u64::MAX,
                        _ => size.into(),
                    };
                    let samples_left = match (format.coding, samples) {
                        (Coding::Ima { .. }, Some(samples)) => samples.into(),
                        _ => u64::MAX,
                    };
                    let source = chunks.source;
                    let channel = usize::from(channel - 1);
                    return Ok(Self { source, left, format, channel, bytes: Vec::new(), samples_left });
                }
                _ => {
                    chunks.body(size, &mut [])?;
                }
            }
        }
    }

    /// Samples per second.
    pub(super) fn rate(&self) -> u32 {
        self.format.rate
    }

    /// How many channels there are.
    pub(super) fn channels(&self) -> u16 {
        self.format.channels
    }

    /// How the sound is coded, for people.
    pub(super) fn coding(&self) -> &'static str {
        match self.format.coding {
            Coding::U8 => "8-bit PCM",
            Coding::Linear(2) => "16-bit PCM",
            Coding::Linear(3) => "24-bit PCM",
            Coding::Linear(_) => "32-bit PCM",
            Coding::F32 | Coding::F64 => "floating point",
            Coding::Alaw => "G.711 A-law",
            Coding::Ulaw => "G.711 mu-law",
            Coding::Ima { .. } => "IMA ADPCM",
        }
    }

    /// Appends the samples of the next piece, as soon as there are some; false: that was all.
    pub(super) fn read(&mut self, samples: &mut Vec<f32>) -> Result<bool, WavError> {
        if self.samples_left == 0 {
            return Ok(false);
        }
        let frame = self.format.frame();
        let before = samples.len();
        while samples.len() == before {
            let old = self.bytes.len();
            let room = PIECE.max(frame) - old;
            let wanted = room.min(usize::try_from(self.left).unwrap_or(room));
            self.bytes.resize(old + wanted, 0);
            let count = read_some(&mut self.source, self.bytes.get_mut(old..).unwrap_or_default());
            self.bytes.truncate(old + count.as_ref().map_or(0, |n| *n));
            let count = count?;
            self.left -= count as u64;
            if count == 0 {
                // What is left of a frame cannot be used; of a block it can.
                if let Coding::Ima { samples: most, .. } = self.format.coding {
                    ima::decode(&self.bytes, self.channel, self.format.channels.into(), most, samples);
                }
                self.bytes.clear();
                self.left = 0;
                break;
            }
            self.take(frame, samples);
        }
        let new = samples.len() - before;
        if new as u64 > self.samples_left {
            samples.truncate(before + usize::try_from(self.samples_left).unwrap_or(new));
        }
        self.samples_left -= (new as u64).min(self.samples_left);
        Ok(samples.len() > before)
    }

    /// Decodes whole frames of what was read.
    fn take(&mut self, frame: usize, samples: &mut Vec<f32>) {
        let whole = self.bytes.len() / frame * frame;
        let frames = self.bytes.get(..whole).unwrap_or_default().chunks_exact(frame);
        if let Coding::Ima { samples: most, .. } = self.format.coding {
            frames.for_each(|block| ima::decode(block, self.channel, self.format.channels.into(), most, samples));
        } else {
            let (coding, order) = (self.format.coding, self.format.order);
            let from = self.channel * self.format.width;
            // Unused bytes of a container that is wider than its samples are the low ones.
            let from = from + if order == Order::Little { self.format.width - coding.bytes() } else { 0 };
            let range = from..from + coding.bytes();
            samples.extend(frames.filter_map(|f| f.get(range.clone())).map(|s| coding.sample(s, order)));
        }
        self.bytes.drain(..whole);
    }
}

/// Reads what there is, also when a signal comes between.
fn read_some(source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// The chunks of a file before its sound.
struct Chunks<R> {
    source: R,
    order: Order,
    /// The first letter of the next chunk, where the one before it lacked its padding.
    pending: Option<u8>,
}

impl<R: Read> Chunks<R> {
    /// Name and size of the next chunk.
    fn next(&mut self) -> Result<([u8; 4], u32), WavError> {
        let mut head = [0; 8];
        let from = self.pending.take().map_or(0, |first| {
            head[0] = first;
            1
        });
        self.source.read_exact(head.get_mut(from..).unwrap_or_default())?;
        let [a, b, c, d, size @ ..] = head;
        Ok(([a, b, c, d], self.order.long(size)))
    }

    /// The beginning of a chunk's body; answers how much there is. The rest is skipped.
    fn body(&mut self, size: u32, into: &mut [u8]) -> Result<usize, WavError> {
        let there = (size as usize).min(into.len());
        self.source.read_exact(into.get_mut(..there).unwrap_or_default())?;
        self.skip(u64::from(size) - there as u64)?;
        if size % 2 == 1 {
            // Chunks are padded to an even size; some writers forget it.
            let mut pad = [0];
            self.source.read_exact(&mut pad)?;
            self.pending = pad.first().copied().filter(|b| b"dfl".contains(&b.to_ascii_lowercase()));
        }
        Ok(there)
    }

    fn skip(&mut self, count: u64) -> Result<(), WavError> {
        let skipped = io::copy(&mut self.source.by_ref().take(count), &mut io::sink())?;
        if skipped < count { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { Ok(()) }
    }
}

/// The format chunk.
#[derive(Clone, Copy, Debug)]
struct Format {
    coding: Coding,
    order: Order,
    channels: u16,
    rate: u32,
    /// Bytes that one sample of one channel takes.
    width: usize,
}

impl Format {
    /// `there` bytes of the chunk were read.
    fn parse(bytes: &[u8; 40], there: usize, order: Order) -> Result<Self, WavError> {
        if there < 16 {
            return Err(WavError::Broken("a WAV file with a broken format"));
        }
        let word = |at: usize| order.word([bytes[at], bytes[at + 1]]);
        let rate = order.long([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let (mut tag, channels, align, bits) = (word(0), word(2), usize::from(word(12)), word(14));
        // The extensible form keeps the coding in the first word of its sub-format.
        if tag == 0xFFFE && there >= 26 {
            tag = word(24);
        }
        if channels == 0 {
            return Err(WavError::Broken("a WAV file without channels"));
        }
        if !(LEAST_RATE..=GREATEST_RATE).contains(&rate) {
            return Err(WavError::Rate(rate));
        }
        // Samples lie in whole bytes, the unused bits at the low end.
        let coding = match (tag, bits.div_ceil(8)) {
            (1, 1) => Coding::U8,
            (1, bytes @ 2..=4) => Coding::Linear(bytes.into()),
            (3, 4) => Coding::F32,
            (3, 8) => Coding::F64,
            (6, 1) => Coding::Alaw,
            (7, 1) => Coding::Ulaw,
            (0x11, 1) if bits == 4 => {
                let samples = if there >= 20 { word(18) } else { 0 };
                Coding::Ima { block: align, samples: if samples == 0 { usize::MAX } else { samples.into() } }
            }
            _ => return Err(WavError::Coding { tag, bits }),
        };
        let count = usize::from(channels);
        let (least, width) = match coding {
            // A header for each channel and one step of samples.
            Coding::Ima { .. } => (8 * count, 0),
            _ if align % count == 0 => (coding.bytes() * count, align / count),
            _ => (usize::MAX, 0),
        };
        // 24 bits may lie in four bytes.
        let fits = align >= least && (width <= coding.bytes() || matches!(coding, Coding::Linear(_)) && width <= 4);
        if !fits {
            return Err(WavError::Broken("a WAV file whose samples do not fit its format"));
        }
        Ok(Self { coding, order, channels, rate, width })
    }

    /// Bytes of one sample of every channel, or of a block.
    fn frame(&self) -> usize {
        match self.coding {
            Coding::Ima { block, .. } => block.max(1),
            _ => (self.width * usize::from(self.channels)).max(1),
        }
    }
}

#[cfg(test)]
mod tests;
