//! ITU-T G.726: adaptive differential PCM at 40, 32, 24 and 16 kbit/s.
//!
//! Written as the Recommendation's section 4 is laid out: integer arithmetic of the stated widths, so that coder and
//! decoder follow each other bit by bit. The samples are 16-bit linear ones, of which the coder keeps the upper
//! 14 bits (the uniform PCM of the Recommendation's section 2.1); the synchronous coding adjustment, which serves
//! tandems of coders only, is left out.
//!
//! [`Coder`] and [`Decoder`] are each half of a link; [`Codec`] is the whole link, as a telephone line passes it.

/// Bits a second, and with them bits a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rate {
    /// 40 kbit/s, five bits a sample.
    Kbit40,
    /// 32 kbit/s, four bits a sample (the former G.721).
    Kbit32,
    /// 24 kbit/s, three bits a sample.
    Kbit24,
    /// 16 kbit/s, two bits a sample.
    Kbit16,
}

impl Rate {
    /// Bits of a code word.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Kbit40 => 5,
            Self::Kbit32 => 4,
            Self::Kbit24 => 3,
            Self::Kbit16 => 2,
        }
    }

    const fn tables(self) -> &'static Tables {
        match self {
            Self::Kbit40 => &KBIT40,
            Self::Kbit32 => &KBIT32,
            Self::Kbit24 => &KBIT24,
            Self::Kbit16 => &KBIT16,
        }
    }
}

/// What differs between the rates. All tables are by magnitude of the code word, from the smallest.
#[derive(Debug)]
struct Tables {
    /// Decision levels of the quantizer: base-2 logarithms of the normalised difference, times 128.
    decisions: &'static [i32],
    /// Output levels of the inverse quantizer, likewise.
    levels: &'static [i32],
    /// Multipliers W of the scale factor, times 16.
    scale: &'static [i32],
    /// The function F of the speed control.
    speed: &'static [i32],
    /// Whether the smallest magnitude has no sign, so that all zeros are never sent.
    midtread: bool,
    /// Leakage of the zeros' coefficients, as a shift.
    leak: u32,
}

/// Output level "zero".
const NONE: i32 = -2048;

static KBIT40: Tables = Tables {
    decisions: &[-122, -16, 68, 139, 198, 250, 298, 339, 378, 413, 445, 475, 502, 528, 553],
    levels: &[NONE, -66, 28, 104, 169, 224, 274, 318, 358, 395, 429, 459, 488, 514, 539, 566],
    scale: &[14, 14, 24, 39, 40, 41, 58, 100, 141, 179, 219, 280, 358, 440, 529, 696],
    speed: &[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6],
    midtread: true,
    leak: 9,
};

static KBIT32: Tables = Tables {
    decisions: &[-124, 80, 178, 246, 300, 349, 400],
    levels: &[NONE, 4, 135, 213, 273, 323, 373, 425],
    scale: &[-12, 18, 41, 64, 112, 198, 355, 1122],
    speed: &[0, 0, 0, 1, 1, 1, 3, 7],
    midtread: true,
    leak: 8,
};

static KBIT24: Tables = Tables {
    decisions: &[8, 218, 331],
    levels: &[NONE, 135, 273, 373],
    scale: &[-4, 30, 137, 582],
    speed: &[0, 1, 2, 7],
    midtread: true,
    leak: 8,
};

static KBIT16: Tables =
    Tables { decisions: &[261], levels: &[116, 365], scale: &[-22, 439], speed: &[0, 7], midtread: false, leak: 8 };

/// The 11-bit floating-point numbers of the Recommendation: sign, 4 bits of exponent, 6 bits of mantissa.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Float {
    negative: bool,
    exponent: i32,
    mantissa: i32,
}

impl Float {
    /// Zero is the mantissa 32 with exponent 0.
    const ZERO: Self = Self { negative: false, exponent: 0, mantissa: 32 };

    /// FLOATA and FLOATB.
    fn new(negative: bool, magnitude: i32) -> Self {
        let exponent = width(magnitude);
        Self { negative, exponent, mantissa: if magnitude == 0 { 32 } else { (magnitude << 6) >> exponent } }
    }

    /// FMULT: the product with a coefficient of 14 fractional bits.
    fn times(self, coefficient: i32) -> i32 {
        let negative = coefficient < 0;
        let c = coefficient >> 2;
        let magnitude = if negative { -c & 0x1FFF } else { c };
        let exponent = width(magnitude);
        let mantissa = if magnitude == 0 { 32 } else { (magnitude << 6) >> exponent };
        let product = (self.mantissa * mantissa + 48) >> 4;
        let shift = self.exponent + exponent - 19;
        let product = if shift >= 0 { (product << shift) & 0x7FFF } else { product >> (-shift).min(31) };
        if self.negative != negative { -product } else { product }
    }
}

/// Bits that a magnitude takes.
fn width(magnitude: i32) -> i32 {
    32 - magnitude.leading_zeros() as i32
}

/// What coder and decoder share: the predictor and the scale factor.
#[derive(Clone, Debug)]
struct State {
    tables: &'static Tables,
    /// Fast and slow scale factor.
    yu: i32,
    yl: i32,
    /// Short and long average of F.
    dms: i32,
    dml: i32,
    /// Speed control.
    ap: i32,
    /// Coefficients of the poles and of the zeros.
    a: [i32; 2],
    b: [i32; 6],
    /// Past differences and reconstructed samples, newest first.
    dq: [Float; 6],
    sr: [Float; 2],
    /// Signs of the past partial reconstructions (true: negative).
    pk: [bool; 2],
    /// A narrow-band signal such as a tone is there.
    tone: bool,
}

/// One step's prediction.
struct Prediction {
    /// Estimate by the zeros alone, and by all.
    sez: i32,
    se: i32,
    /// Scale factor.
    y: i32,
}

impl State {
    fn new(rate: Rate) -> Self {
        Self {
            tables: rate.tables(),
            yu: 544,
            yl: 34816,
            dms: 0,
            dml: 0,
            ap: 0,
            a: [0; 2],
            b: [0; 6],
            dq: [Float::ZERO; 6],
            sr: [Float::ZERO; 2],
            pk: [false; 2],
            tone: false,
        }
    }

    /// FMULT, ACCUM, LIMA, MIX.
    fn predict(&self) -> Prediction {
        let zeros: i32 = self.b.iter().zip(&self.dq).map(|(b, d)| d.times(*b)).sum();
        let poles: i32 = self.a.iter().zip(&self.sr).map(|(a, s)| s.times(*a)).sum();
        // Sums of the Recommendation's 16 bits.
        let sezi = i32::from(zeros as i16);
        let sei = i32::from((zeros + poles) as i16);
        let al = if self.ap >= 256 { 64 } else { self.ap >> 2 };
        let slow = self.yl >> 6;
        let product = (self.yu - slow) * al;
        let y = slow + if product < 0 { -(-product >> 6) } else { product >> 6 };
        Prediction { sez: sezi >> 1, se: sei >> 1, y }
    }

    /// LOG, SUBTB, QUAN: the magnitude and sign of the code word for a difference.
    fn quantize(&self, d: i32, y: i32) -> (usize, bool) {
        let magnitude = d.abs() & 0x7FFF;
        let exponent = (width(magnitude) - 1).max(0);
        let log = (exponent << 7) + (((magnitude << 7) >> exponent) & 127) - (y >> 2);
        (self.tables.decisions.iter().take_while(|t| log >= **t).count(), d < 0)
    }

    /// RECONST, ADDA, ANTILOG: the magnitude of the difference that a code word stands for.
    fn reconstruct(&self, index: usize, y: i32) -> i32 {
        let log = self.tables.levels.get(index).copied().unwrap_or(NONE) + (y >> 2);
        if log < 0 {
            return 0;
        }
        let exponent = (log >> 7) & 15;
        (((log & 127) + 128) << 7) >> (14 - exponent).max(0)
    }

    /// Everything after the reconstruction; returns the reconstructed signal.
    fn update(&mut self, index: usize, negative: bool, p: &Prediction) -> i32 {
        let magnitude = self.reconstruct(index, p.y);
        let dq = if negative { -magnitude } else { magnitude };
        let sr = i32::from((p.se + dq) as i16);
        let partial = p.sez + dq;

        // TRANS: a jump while a tone is there.
        let (whole, fraction) = (self.yl >> 15, (self.yl >> 10) & 31);
        let threshold = if whole > 9 { 31 << 10 } else { (32 + fraction) << whole };
        let transition = self.tone && magnitude > (threshold + (threshold >> 1)) >> 1;

        // FUNCTW, FILTD, LIMB, FILTE.
        let w = self.tables.scale.get(index).copied().unwrap_or(0) << 5;
        self.yu = (p.y + ((w - p.y) >> 5)).clamp(544, 5120);
        self.yl += self.yu + ((-self.yl) >> 6);

        let pk0 = partial < 0;
        if transition {
            self.a = [0; 2];
            self.b = [0; 6];
        } else {
            self.adapt_poles(pk0, partial == 0);
            self.adapt_zeros(negative, magnitude);
        }
        // TONE, TRIGB.
        self.tone = !transition && self.a[1] < -11776;

        self.dq.rotate_right(1);
        self.dq[0] = Float::new(negative, magnitude);
        self.sr.rotate_right(1);
        self.sr[0] = Float::new(sr < 0, sr.abs() & 0x7FFF);
        self.pk = [pk0, self.pk[0]];

        // FUNCTF, FILTA, FILTB, SUBTC, FILTC, TRIGA.
        let f = self.tables.speed.get(index).copied().unwrap_or(0) << 9;
        self.dms += (f - self.dms) >> 5;
        self.dml += ((f << 2) - self.dml) >> 7;
        let fast = p.y < 1536 || self.tone || ((self.dms << 2) - self.dml).abs() >= self.dml >> 3;
        self.ap = if transition {
            256
        } else if fast {
            self.ap + ((512 - self.ap) >> 4)
        } else {
            self.ap + (-self.ap >> 4)
        };
        sr
    }

    /// UPA1, UPA2, LIMC, LIMD. `still`: the partial reconstruction is zero and has no sign.
    fn adapt_poles(&mut self, pk0: bool, still: bool) {
        let [a1, a2] = self.a;
        let differs = |past: bool| pk0 != past;
        let mut next2 = a2 - (a2 >> 7);
        let mut next1 = a1 - (a1 >> 8);
        if !still {
            // f(a1) is limited to 2 in magnitude; the limits are those of two's complement.
            let f = if differs(self.pk[0]) { a1 } else { -a1 };
            next2 += match f {
                ..-8191 => -256,
                8192.. => 255,
                _ => f >> 5,
            };
            next2 += if differs(self.pk[1]) { -128 } else { 128 };
            next1 += if differs(self.pk[0]) { -192 } else { 192 };
        }
        let next2 = next2.clamp(-12288, 12288);
        let limit = 15360 - next2;
        self.a = [next1.clamp(-limit, limit), next2];
    }

    /// UPB.
    fn adapt_zeros(&mut self, negative: bool, magnitude: i32) {
        for (b, past) in self.b.iter_mut().zip(&self.dq) {
            *b -= *b >> self.tables.leak;
            if magnitude != 0 {
                *b += if past.negative == negative { 128 } else { -128 };
            }
        }
    }
}

/// The sending half.
#[derive(Clone, Debug)]
pub struct Coder(State);

impl Coder {
    /// A coder at rest.
    pub fn new(rate: Rate) -> Self {
        Self(State::new(rate))
    }

    /// The code word of a 16-bit sample, in the low [`Rate::bits`] bits.
    pub fn encode(&mut self, sample: i16) -> u8 {
        let p = self.0.predict();
        let (index, negative) = self.quantize(sample, &p);
        self.0.update(index, negative, &p);
        let tables = self.0.tables;
        let top = tables.levels.len() * 2 - 1;
        (if negative { top - index } else { index }) as u8
    }

    fn quantize(&self, sample: i16, p: &Prediction) -> (usize, bool) {
        let (index, negative) = self.0.quantize((i32::from(sample) >> 2) - p.se, p.y);
        // The word "all zeros" is not sent: the smallest magnitude goes out as all ones.
        (index, negative || (index == 0 && self.0.tables.midtread))
    }
}

/// The receiving half.
#[derive(Clone, Debug)]
pub struct Decoder(State);

impl Decoder {
    /// A decoder at rest.
    pub fn new(rate: Rate) -> Self {
        Self(State::new(rate))
    }

    /// The 16-bit sample of a code word; bits above the rate's are ignored.
    pub fn decode(&mut self, code: u8) -> i16 {
        let p = self.0.predict();
        let half = self.0.tables.levels.len();
        let code = usize::from(code) & (half * 2 - 1);
        let (index, negative) = if code >= half { (half * 2 - 1 - code, true) } else { (code, false) };
        to_sample(self.0.update(index, negative, &p))
    }
}

/// A link: coder and decoder in one. Without bit errors both have the same state, so that one is enough.
#[derive(Clone, Debug)]
pub struct Codec(Coder);

impl Codec {
    /// A link at rest.
    pub fn new(rate: Rate) -> Self {
        Self(Coder::new(rate))
    }

    /// The sample that comes out where `sample` went in.
    pub fn pass(&mut self, sample: i16) -> i16 {
        let p = self.0.0.predict();
        let (index, negative) = self.0.quantize(sample, &p);
        to_sample(self.0.0.update(index, negative, &p))
    }
}

/// 14 bits to 16.
fn to_sample(sr: i32) -> i16 {
    (sr << 2).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_signal::{Noise, speech, tone};
    use std::vec::Vec;

    const ALL: [Rate; 4] = [Rate::Kbit40, Rate::Kbit32, Rate::Kbit24, Rate::Kbit16];

    fn snr(signal: &[i16], rate: Rate) -> f32 {
        let mut codec = Codec::new(rate);
        let (mut power, mut error) = (0.0, 0.0);
        for (i, s) in signal.iter().enumerate() {
            let e = f32::from(codec.pass(*s)) - f32::from(*s);
            if i >= 800 {
                power += f32::from(*s) * f32::from(*s);
                error += e * e;
            }
        }
        10.0 * libm::log10f(power / error)
    }

    #[test]
    fn link_equals_coder_and_decoder() {
        let mut noise = Noise::new(3);
        let mut signal = speech(5, -15.0, 3000);
        signal.extend(tone(&[697.0, 1209.0], -6.0, 500));
        signal.extend((0..8000).map(|_| (noise.uniform() * 65535.0 - 32768.0) as i16));
        for rate in ALL {
            let (mut coder, mut decoder, mut codec) = (Coder::new(rate), Decoder::new(rate), Codec::new(rate));
            for s in &signal {
                let code = coder.encode(*s);
                assert!(u32::from(code) < 1 << rate.bits());
                assert!(rate == Rate::Kbit16 || code != 0, "the word of all zeros is not sent");
                assert_eq!(decoder.decode(code), codec.pass(*s));
            }
        }
    }

    #[test]
    fn more_bits_give_less_distortion() {
        for signal in [speech(4, -15.0, 4000), tone(&[1020.0], -10.0, 2000)] {
            let quality: Vec<f32> = ALL.iter().map(|r| snr(&signal, *r)).collect();
            assert!(quality.windows(2).all(|w| w[0] > w[1] + 1.0), "{quality:?}");
        }
        // A sine at -10 dBm0 keeps 30 dB and more at 32 kbit/s.
        assert!(snr(&tone(&[1020.0], -10.0, 2000), Rate::Kbit32) > 30.0);
    }

    /// Integers alone: coloured noise that gets weaker, a square wave and full-scale noise.
    fn test_sequence() -> Vec<i16> {
        let (mut x, mut y1, mut y2) = (0x1234_5678u32, 0i32, 0i32);
        (0..16_000)
            .map(|i| {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                let e = (x >> 16) as i32 - 32768;
                let y = ((e >> 4) + ((y1 * 49) >> 5) - ((y2 * 29) >> 5)).clamp(-32768, 32767);
                (y2, y1) = (y1, y);
                (match i / 2000 {
                    k @ 0..6 => y >> k,
                    6 if (i / 10) % 2 == 1 => 12_000,
                    6 => -12_000,
                    _ => e,
                }) as i16
            })
            .collect()
    }

    /// The code words of the sequence, as another implementation (the g726 coder of libspandsp 0.0.6, with linear
    /// input) makes them, by their FNV-1a hash.
    #[test]
    fn code_words_are_those_of_another_implementation() {
        let expected = [0x003E_CDCD_CFCB_404B, 0x191F_F385_127D_E344, 0x1D58_1B56_BF7B_9927, 0x455B_4B83_2AD6_E738];
        for (rate, hash) in ALL.into_iter().zip(expected) {
            let mut coder = Coder::new(rate);
            let found = test_sequence().into_iter().fold(0xCBF2_9CE4_8422_2325u64, |h, s| {
                (h ^ u64::from(coder.encode(s))).wrapping_mul(0x0000_0100_0000_01B3)
            });
            assert_eq!(found, hash, "{rate:?}");
        }
    }

    #[test]
    fn full_scale_does_not_overflow() {
        for rate in ALL {
            let (mut codec, mut decoder) = (Codec::new(rate), Decoder::new(rate));
            for i in 0..20_000u32 {
                codec.pass(if (i / 7).is_multiple_of(2) { i16::MAX } else { i16::MIN });
                // Any bits at all.
                decoder.decode((i.wrapping_mul(2_654_435_761) >> 24) as u8);
            }
        }
    }
}
