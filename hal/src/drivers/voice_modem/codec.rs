//! How samples are coded in a voice stream, and the way to the 16 bits and 8 kHz of the house and back.

use super::profile::Profile;
use loopstart_signal::SAMPLE_RATE;
use loopstart_signal::adpcm::rockwell::Bits;
use loopstart_signal::adpcm::{ima, rockwell};
use loopstart_signal::at::{integers, ranges_contain, value};
use loopstart_signal::linear::{ByteOrder, Words};
use loopstart_signal::resample::Resampler;
use loopstart_signal::{g711, linear};

/// Sampling rates that are used, best first.
pub const RATES: [u16; 3] = [8_000, 7_200, 9_600];

/// How samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// 8 bits, 0x80 is silence.
    Unsigned8,
    /// 8 bits in two's complement.
    Signed8,
    /// 16 bits in two's complement, the low byte first.
    Linear16,
    /// ITU-T G.711, mu-law.
    MuLaw,
    /// ITU-T G.711, A-law.
    ALaw,
    /// ADPCM of the Interactive Multimedia Association, 4 bits.
    Ima,
    /// Rockwell's ADPCM, 2 bits.
    Rockwell2,
    /// Rockwell's ADPCM, 3 bits.
    Rockwell3,
    /// Rockwell's ADPCM, 4 bits.
    Rockwell4,
}

impl Coding {
    /// The codings by their names in profiles.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("unsigned-8", Self::Unsigned8),
        ("signed-8", Self::Signed8),
        ("linear-16", Self::Linear16),
        ("mu-law", Self::MuLaw),
        ("a-law", Self::ALaw),
        ("ima", Self::Ima),
        ("rockwell-2", Self::Rockwell2),
        ("rockwell-3", Self::Rockwell3),
        ("rockwell-4", Self::Rockwell4),
    ];

    /// The coding of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, coding)| *coding)
    }

    /// Its name in profiles.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, coding)| *coding == self).map_or("", |(name, _)| name)
    }

    /// Samples that fill whole bytes together.
    const fn group(self) -> usize {
        match self {
            Self::Rockwell2 => 4,
            Self::Rockwell3 => 8,
            Self::Ima | Self::Rockwell4 => 2,
            _ => 1,
        }
    }

    /// What `name` and the text behind it in an answer to `+VSM=?` mean; `None` where they leave it open.
    fn of_name(name: &[u8], rest: &[u8]) -> Option<Self> {
        let has = |word: &[u8]| name.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word));
        // What is called PCM without the number of bits has 8 or 16 only if it says so behind the name.
        let bits = integers(rest.split(|b| *b == b'(').next().unwrap_or_default()).next();
        let eight = has(b"8-BIT") || has(b"8 BIT") || bits == Some(8);
        let sixteen = has(b"16-BIT") || has(b"16 BIT") || bits == Some(16);
        if has(b"ADPCM") || has(b"IMA") || has(b"G.72") || has(b"G72") {
            // Others go by these names too; this one only by its own.
            return (has(b"IMA") && !matches!(bits, Some(2 | 3 | 5))).then_some(Self::Ima);
        }
        if has(b"ULAW") || has(b"U-LAW") || has(b"MU") || has(b"711U") {
            return Some(Self::MuLaw);
        }
        if has(b"ALAW") || has(b"A-LAW") || has(b"711A") {
            return Some(Self::ALaw);
        }
        if !(has(b"PCM") || has(b"LINEAR") || has(b"SIGNED")) {
            return None;
        }
        match (sixteen, eight) {
            (true, _) if !has(b"UNSIGNED") => Some(Self::Linear16),
            (false, true) if has(b"UNSIGNED") || has(b"LINEAR") => Some(Self::Unsigned8),
            (false, true) if has(b"SIGNED") => Some(Self::Signed8),
            _ => None,
        }
    }
}

/// A format that the modem has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Its number.
    pub id: u32,
    /// How samples are coded.
    pub coding: Coding,
    /// Samples per second.
    pub rate: u16,
}

/// Finds the best format among the answers to `+VSM=?`: `128,"8-BIT LINEAR",(7200,8000)` or `1,"UNSIGNED PCM",8,0,8000,0,0`.
/// Numbers differ between chips, names hardly. A modem that cannot be asked has those of its profile.
pub(super) fn choose(profile: &Profile, info: &[u8]) -> Option<Format> {
    let stream = &profile.stream;
    let rank = |format: &Format| {
        let coding = stream.prefer.iter().position(|c| *c == format.coding)?;
        let rate = RATES.iter().position(|r| *r == format.rate)?;
        Some((rate.min(1), coding, rate))
    };
    let fixed = stream.fixed.iter().map(|f| Format { id: f.id.into(), coding: f.coding, rate: f.rate });
    let listed = info.split(|b| *b == b'\n').filter_map(|line| {
        let line = value(line, b"+VSM");
        let mut parts = line.strip_prefix(b"(").unwrap_or(line).splitn(3, |b| *b == b'"');
        let (number, name, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let id = integers(number).next().filter(|id| *id <= 9_999)?;
        let given = stream.names.iter().find(|(own, _)| name.eq_ignore_ascii_case(own.as_bytes()));
        let coding = given.map(|(_, coding)| *coding).or_else(|| Coding::of_name(name, rest))?;
        let rate = RATES.into_iter().find(|rate| ranges_contain(rest, u32::from(*rate)))?;
        Some(Format { id, coding, rate })
    });
    let best = |a: Option<Format>, b: Format| match (a.and_then(|a| rank(&a)), rank(&b)) {
        (_, None) => a,
        (Some(old), Some(new)) if old <= new => a,
        _ => Some(b),
    };
    if stream.list.is_empty() { fixed.fold(None, best) } else { listed.fold(None, best) }
}

/// Samples to bytes.
#[derive(Clone, Debug)]
enum Encoder {
    Bytes(fn(i16) -> u8),
    Words,
    Ima(ima::Encoder),
    Rockwell(rockwell::Encoder),
}

/// Bytes to samples.
#[derive(Clone, Debug)]
enum Decoder {
    Bytes(fn(u8) -> i16),
    Words(Words),
    Ima(ima::Decoder),
    Rockwell(rockwell::Decoder),
}

const fn bits(coding: Coding) -> Bits {
    match coding {
        Coding::Rockwell2 => Bits::Two,
        Coding::Rockwell3 => Bits::Three,
        _ => Bits::Four,
    }
}

impl Encoder {
    fn new(coding: Coding) -> Self {
        match coding {
            Coding::Unsigned8 => Self::Bytes(linear::unsigned8_encode),
            Coding::Signed8 => Self::Bytes(linear::signed8_encode),
            Coding::MuLaw => Self::Bytes(g711::ulaw_encode),
            Coding::ALaw => Self::Bytes(g711::alaw_encode),
            Coding::Linear16 => Self::Words,
            Coding::Ima => Self::Ima(ima::Encoder::modem()),
            Coding::Rockwell2 | Coding::Rockwell3 | Coding::Rockwell4 => {
                Self::Rockwell(rockwell::Encoder::new(bits(coding)))
            }
        }
    }

    fn encode(&mut self, samples: &[i16], sink: &mut impl FnMut(u8)) {
        match self {
            Self::Bytes(code) => samples.iter().for_each(|s| sink(code(*s))),
            Self::Words => samples.iter().flat_map(|s| s.to_le_bytes()).for_each(sink),
            Self::Ima(coder) => coder.encode(samples, sink),
            Self::Rockwell(coder) => coder.encode(samples, sink),
        }
    }
}

impl Decoder {
    fn new(coding: Coding) -> Self {
        match coding {
            Coding::Unsigned8 => Self::Bytes(linear::unsigned8_decode),
            Coding::Signed8 => Self::Bytes(linear::signed8_decode),
            Coding::MuLaw => Self::Bytes(g711::ulaw_decode),
            Coding::ALaw => Self::Bytes(g711::alaw_decode),
            Coding::Linear16 => Self::Words(Words::new(ByteOrder::Little)),
            Coding::Ima => Self::Ima(ima::Decoder::modem()),
            Coding::Rockwell2 | Coding::Rockwell3 | Coding::Rockwell4 => {
                Self::Rockwell(rockwell::Decoder::new(bits(coding)))
            }
        }
    }

    fn decode(&mut self, byte: u8, sink: &mut impl FnMut(i16)) {
        match self {
            Self::Bytes(code) => sink(code(byte)),
            Self::Words(words) => words.decode(&[byte], sink),
            Self::Ima(coder) => coder.decode(&[byte], sink),
            Self::Rockwell(coder) => coder.decode(&[byte], sink),
        }
    }
}

/// Resamplers for the rates that are not the house's, made beforehand: nothing is allocated while a line runs.
#[derive(Debug)]
struct Bridge {
    rate: u16,
    /// From the house to the modem, and back.
    out: Resampler,
    back: Resampler,
}

/// The codecs of a modem's streams.
#[derive(Debug)]
pub(super) struct Codec {
    format: Option<Format>,
    encoder: Encoder,
    decoder: Decoder,
    bridges: Vec<Bridge>,
    /// Samples that were encoded since the stream began, as far as whole bytes are concerned.
    odd: usize,
}

impl Codec {
    /// Without a format.
    pub(super) fn new() -> Self {
        let bridge = |rate: u16| {
            let (modem, house) = (u32::from(rate), SAMPLE_RATE);
            Some(Bridge { rate, out: Resampler::new(house, modem)?, back: Resampler::new(modem, house)? })
        };
        let others = RATES.into_iter().filter(|rate| u32::from(*rate) != SAMPLE_RATE);
        Self {
            format: None,
            encoder: Encoder::new(Coding::Unsigned8),
            decoder: Decoder::new(Coding::Unsigned8),
            bridges: others.filter_map(bridge).collect(),
            odd: 0,
        }
    }

    /// Uses this format from now on.
    pub(super) fn set(&mut self, format: Option<Format>) {
        self.format = format;
        self.begin();
    }

    pub(super) fn format(&self) -> Option<Format> {
        self.format
    }

    /// A stream begins.
    pub(super) fn begin(&mut self) {
        let Some(format) = self.format else { return };
        (self.encoder, self.decoder, self.odd) = (Encoder::new(format.coding), Decoder::new(format.coding), 0);
        if let Some(bridge) = self.bridge() {
            bridge.out.reset();
            bridge.back.reset();
        }
    }

    fn bridge(&mut self) -> Option<&mut Bridge> {
        let rate = self.format?.rate;
        self.bridges.iter_mut().find(|b| b.rate == rate)
    }

    /// Most bytes, shielded, that a sample of the house makes.
    pub(super) fn widest(&self) -> usize {
        match self.format.map(|f| (f.coding, f.rate)) {
            Some((Coding::Linear16, 8_000)) => 4,
            Some((_, 8_000)) | None => 2,
            Some(_) => 6,
        }
    }

    /// Samples of the house to bytes of the modem.
    pub(super) fn encode(&mut self, samples: &[i16], sink: &mut impl FnMut(u8)) {
        let Self { format, encoder, bridges, odd, .. } = self;
        let Some(format) = format else { return };
        match bridges.iter_mut().find(|b| b.rate == format.rate) {
            Some(bridge) => bridge.out.process_pcm(samples, &mut |part| {
                *odd += part.len();
                encoder.encode(part, sink);
            }),
            None => {
                *odd += samples.len();
                encoder.encode(samples, sink);
            }
        }
        *odd %= format.coding.group();
    }

    /// The stream is at its end: what is still inside comes out, and silence fills the last byte.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(u8)) {
        let Self { format, encoder, bridges, odd, .. } = self;
        let Some(format) = format else { return };
        if let Some(bridge) = bridges.iter_mut().find(|b| b.rate == format.rate) {
            bridge.out.finish_pcm(&mut |part| {
                *odd += part.len();
                encoder.encode(part, sink);
            });
        }
        let group = format.coding.group();
        let missing = (group - *odd % group) % group;
        encoder.encode([0; 8].get(..missing).unwrap_or_default(), sink);
        *odd = 0;
    }

    /// A byte of the modem to samples at the modem's rate.
    pub(super) fn decode(&mut self, byte: u8, sink: &mut impl FnMut(i16)) {
        self.decoder.decode(byte, sink);
    }

    /// Samples at the modem's rate to those of the house.
    pub(super) fn hear(&mut self, samples: &[i16], sink: &mut impl FnMut(&[i16])) {
        match self.bridge() {
            Some(bridge) => bridge.back.process_pcm(samples, sink),
            None => sink(samples),
        }
    }

    /// The received stream is at its end: what is still inside comes out.
    pub(super) fn hear_rest(&mut self, sink: &mut impl FnMut(&[i16])) {
        if let Some(bridge) = self.bridge() {
            bridge.back.finish_pcm(sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::{self, V253};
    use super::*;

    fn chosen(info: &[u8]) -> Option<(u32, Coding, u16)> {
        choose(&V253, info).map(|f| (f.id, f.coding, f.rate))
    }

    #[test]
    fn formats_are_known_by_their_names() {
        let cx = b"0,\"SIGNED PCM\",8,0,8000,0,0\n1,\"UNSIGNED PCM\",8,0,8000,0,0\n129,\"IMA ADPCM\",4,0,8000,0,0\n131,\"Mu-Law\",8,0,8000,0,0\n133,\"14 bit PCM\",14,0,8000,0,0\n";
        assert_eq!(chosen(cx), Some((1, Coding::Unsigned8, 8_000)));
        let agere = b"+VSM: 128,\"8-BIT LINEAR\",(7200,8000,11025)\n+VSM: 129,\"16-BIT LINEAR\",(7200,8000,11025)\n";
        assert_eq!(chosen(agere), Some((128, Coding::Unsigned8, 8_000)));
        let usr = profile::by_name("usr5637").unwrap();
        assert_eq!(choose(usr, agere).map(|f| (f.id, f.coding)), Some((129, Coding::Linear16)));
        assert_eq!(chosen(b"5,\"G.711A\",8,0,8000\n4,\"G.711U\",8,0,8000\n"), Some((4, Coding::MuLaw, 8_000)));
        assert_eq!(chosen(b"0,\"SIGNED PCM\",8,0,8000,0,0\n"), Some((0, Coding::Signed8, 8_000)));
        assert_eq!(chosen(b"1,\"UNSIGNED PCM\",16,0,8000\n"), None);
        assert_eq!(chosen(b"128,\"8-BIT LINEAR\",(7200)\n"), Some((128, Coding::Unsigned8, 7_200)));
        assert_eq!(chosen(b"0,\"UNSIGNED PCM\",8,0,(4800-11025)\n"), Some((0, Coding::Unsigned8, 8_000)));
        assert_eq!(chosen(b"132,\"IMA ADPCM\",(7200,8000,11025)\n"), Some((132, Coding::Ima, 8_000)));
        for other in [
            &b"2,\"ADPCM\",4,0,8000\n"[..],
            b"129,\"G.726\",4,0,8000\n",
            b"128,\"8-BIT LINEAR\",(11025)\n",
            b"",
            b"\"\"\n",
        ] {
            assert_eq!(chosen(other), None, "{}", String::from_utf8_lossy(other));
        }
        let rockwell = profile::by_name("rockwell").unwrap();
        assert_eq!(choose(rockwell, b"").map(|f| (f.id, f.coding, f.rate)), Some((4, Coding::Rockwell4, 7_200)));
    }

    /// A prompt there and back again, in pieces of odd sizes.
    fn through(coding: Coding, rate: u16, samples: &[i16]) -> Vec<i16> {
        let mut codec = Codec::new();
        codec.set(Some(Format { id: 0, coding, rate }));
        let mut bytes = Vec::new();
        for (i, part) in samples.chunks(37).enumerate() {
            let (a, b) = part.split_at(part.len() * (i % 5) / 5);
            codec.encode(a, &mut |byte| bytes.push(byte));
            codec.encode(b, &mut |byte| bytes.push(byte));
        }
        codec.finish(&mut |byte| bytes.push(byte));
        let (mut raw, mut out) = (Vec::new(), Vec::new());
        bytes.iter().for_each(|b| codec.decode(*b, &mut |s| raw.push(s)));
        raw.chunks(53).for_each(|part| codec.hear(part, &mut |s| out.extend_from_slice(s)));
        codec.hear_rest(&mut |s| out.extend_from_slice(s));
        out
    }

    #[test]
    fn every_coding_keeps_the_first_and_the_last_millisecond() {
        // A burst that begins and ends at full swing: what is lost at an edge is seen.
        let tone = |i: usize| (12_000.0 * (i as f32 * 0.55).sin()) as i16;
        let samples: Vec<i16> = (0..4_003).map(tone).collect();
        for (_, coding) in Coding::NAMES {
            for rate in RATES {
                let back = through(*coding, rate, &samples);
                assert!(
                    back.len() >= samples.len() && back.len() <= samples.len() + 12,
                    "{coding:?} {rate} {}",
                    back.len()
                );
                let error = |range: std::ops::Range<usize>| {
                    let power = |x: f32| x * x;
                    let (mut noise, mut signal) = (0.0, 0.0);
                    for i in range {
                        noise += power(f32::from(back[i]) - f32::from(samples[i]));
                        signal += power(f32::from(samples[i]));
                    }
                    10.0 * (signal / noise.max(1.0)).log10()
                };
                let (middle, last) = (error(400..3_600), error(3_995..4_003));
                let floor = match coding {
                    Coding::Linear16 if rate == 8_000 => 90.0,
                    Coding::Rockwell2 => 5.0,
                    Coding::Rockwell3 => 10.0,
                    Coding::Ima | Coding::Rockwell4 => 15.0,
                    _ => 30.0,
                };
                assert!(middle >= floor, "{coding:?} at {rate}: {middle} dB");
                assert!(last >= 3.0, "{coding:?} at {rate}: {last} dB in the last millisecond");
            }
        }
    }
}
