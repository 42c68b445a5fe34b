//! IMA ADPCM: 4 bits per sample (Interactive Multimedia Association, recommended practices, 1992).
//!
//! Each code is a sign and three bits of the difference to the sample before, as a multiple of a step. The step is one
//! of a table of 89; large codes move up in it, small ones down. Modems send a stream without headers that begins
//! at sample 0 and the smallest step.

use super::{Order, Packer, Unpacker};

/// Steps, each about 10 % larger than the one before.
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107,
    118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963,
    1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894,
    6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794,
    32767,
];
/// How far a code moves in the table.
const MOVES: [i8; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];

/// How a difference is computed from a code. The two differ in rounding by a few units, which add up over a stream, so
/// both ends should do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// Each bit adds its share of the step, rounded down: the reference algorithm of IMA, and WAV files.
    Shifts,
    /// The product (2 code + 1) step / 8, rounded down once: several modems' hosts, and `sox`.
    Product,
}

#[derive(Clone, Debug)]
struct State {
    arithmetic: Arithmetic,
    sample: i32,
    index: u8,
}

impl State {
    fn new(arithmetic: Arithmetic) -> Self {
        Self { arithmetic, sample: 0, index: 0 }
    }

    fn step(&self) -> i32 {
        STEPS.get(usize::from(self.index)).copied().unwrap_or(i32::from(i16::MAX))
    }

    /// The sample that a code makes.
    fn apply(&mut self, code: u8) -> i16 {
        let (step, magnitude) = (self.step(), code & 7);
        let difference = match self.arithmetic {
            Arithmetic::Product => ((2 * i32::from(magnitude) + 1) * step) >> 3,
            Arithmetic::Shifts => {
                let share = |bit: u8, shift: u8| if magnitude & bit != 0 { step >> shift } else { 0 };
                (step >> 3) + share(4, 0) + share(2, 1) + share(1, 2)
            }
        };
        let sum = if code & 8 != 0 { self.sample - difference } else { self.sample + difference };
        let sample = sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        self.sample = i32::from(sample);
        let moved = MOVES.get(usize::from(magnitude)).copied().unwrap_or_default();
        self.index = self.index.saturating_add_signed(moved).min(STEPS.len() as u8 - 1);
        sample
    }
}

/// Samples to codes.
#[derive(Clone, Debug)]
pub struct Encoder {
    state: State,
    packer: Packer,
}

impl Encoder {
    /// At the beginning of a stream.
    pub fn new(arithmetic: Arithmetic, order: Order) -> Self {
        Self { state: State::new(arithmetic), packer: Packer::new(4, order) }
    }

    /// As modems do it: [`Arithmetic::Product`], the first sample in the low half of a byte.
    pub fn modem() -> Self {
        Self::new(Arithmetic::Product, Order::LowFirst)
    }

    /// Encodes samples; each two make a byte.
    pub fn encode(&mut self, samples: &[i16], sink: &mut impl FnMut(u8)) {
        for &s in samples {
            let difference = i32::from(s) - self.state.sample;
            let magnitude = (difference.abs() * 4 / self.state.step()).min(7) as u8;
            let code = if difference < 0 { magnitude | 8 } else { magnitude };
            self.state.apply(code);
            if let Some(byte) = self.packer.push(code) {
                sink(byte);
            }
        }
    }
}

/// Codes to samples.
#[derive(Clone, Debug)]
pub struct Decoder {
    state: State,
    unpacker: Unpacker,
}

impl Decoder {
    /// At the beginning of a stream.
    pub fn new(arithmetic: Arithmetic, order: Order) -> Self {
        Self { state: State::new(arithmetic), unpacker: Unpacker::new(4, order) }
    }

    /// As modems do it: [`Arithmetic::Product`], the first sample in the low half of a byte.
    pub fn modem() -> Self {
        Self::new(Arithmetic::Product, Order::LowFirst)
    }

    /// Within a stream, as at the head of a WAV file's block: after this sample, at this place in the table of steps
    /// (0 to 88; what is more counts as 88).
    pub fn at(mut self, sample: i16, place: u8) -> Self {
        self.state.sample = i32::from(sample);
        self.state.index = place.min(STEPS.len() as u8 - 1);
        self
    }

    /// Decodes bytes; each makes two samples.
    pub fn decode(&mut self, bytes: &[u8], sink: &mut impl FnMut(i16)) {
        let state = &mut self.state;
        bytes.iter().for_each(|b| self.unpacker.push(*b, &mut |code| sink(state.apply(code))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adpcm::snr;
    use crate::test_signal::{speech, tone};
    use std::vec::Vec;

    fn decode(mut decoder: Decoder, bytes: &[u8]) -> Vec<i16> {
        let mut out = Vec::new();
        decoder.decode(bytes, &mut |s| out.push(s));
        out
    }

    fn encode(mut encoder: Encoder, samples: &[i16]) -> Vec<u8> {
        let mut out = Vec::new();
        encoder.encode(samples, &mut |b| out.push(b));
        out
    }

    #[test]
    fn the_reference_algorithm_by_hand() {
        let bytes = [0x07, 0x00, 0x9c];
        // Step 7: 0 + 7 + 3 + 1, up to step 16: 2, then 14 and 13: 1 each; 12: -(1 + 12), up to 14: -(1 + 3).
        let out = decode(Decoder::new(Arithmetic::Shifts, Order::LowFirst), &bytes);
        assert_eq!(out, [11, 13, 14, 15, 2, -2]);
    }

    /// `printf '\x07\x00\x00\x00\x70\x00\x00\x00' | sox -t ima -r 8000 -c 1 - -t s16 -` (SoX 14.4.2).
    #[test]
    fn sox_decodes_alike() {
        let out = decode(Decoder::new(Arithmetic::Product, Order::HighFirst), &[7, 0, 0, 0, 0x70, 0, 0, 0]);
        assert_eq!(out, [0, 13, 15, 16, 17, 18, 19, 20, 36, 38, 40, 42, 43, 44, 45, 46]);
    }

    /// The same bytes, read as the IMA format of Lucent, MultiTech and V.253 modems by `rmdtopvf` (mgetty-pvftools 1.2.1).
    #[test]
    fn modem_streams_decode_alike() {
        let out = decode(Decoder::modem(), &[7, 0, 0, 0, 0x70, 0, 0, 0]);
        assert_eq!(out, [13, 15, 16, 17, 18, 19, 20, 21, 22, 35, 37, 38, 39, 40, 41, 42]);
    }

    #[test]
    fn a_stream_goes_on() {
        let decoder = || Decoder::new(Arithmetic::Shifts, Order::LowFirst);
        // Step 16 at place 8: 1000 + 2 + 4, then -(1 + 7) with step 14.
        assert_eq!(decode(decoder().at(1000, 8), &[0xa1]), [1006, 998]);
        assert_eq!(decode(decoder().at(0, 255), &[0x07]), decode(decoder().at(0, 88), &[0x07]));
        assert_eq!(decode(decoder().at(0, 0), &[0x9c]), decode(decoder(), &[0x9c]));
    }

    #[test]
    fn speech_and_tones_survive() {
        for arithmetic in [Arithmetic::Shifts, Arithmetic::Product] {
            for order in [Order::LowFirst, Order::HighFirst] {
                for (what, least) in [(tone(&[1004.0], -10.0, 1000), 20.0), (speech(3, -15.0, 4000), 8.0)] {
                    let bytes = encode(Encoder::new(arithmetic, order), &what);
                    assert_eq!(bytes.len(), what.len() / 2);
                    let back = decode(Decoder::new(arithmetic, order), &bytes);
                    assert!(snr(&what, &back) > least, "{arithmetic:?} {}", snr(&what, &back));
                }
            }
        }
    }

    #[test]
    fn block_size_does_not_matter() {
        let samples = speech(5, -15.0, 500);
        let whole = encode(Encoder::modem(), &samples);
        let mut encoder = Encoder::modem();
        let mut parts = Vec::new();
        samples.chunks(7).for_each(|c| encoder.encode(c, &mut |b| parts.push(b)));
        assert_eq!(parts, whole);
        let mut decoder = Decoder::modem();
        let mut back = Vec::new();
        whole.chunks(3).for_each(|c| decoder.decode(c, &mut |s| back.push(s)));
        assert_eq!(back, decode(Decoder::modem(), &whole));
    }

    #[test]
    fn any_bytes_are_sound() {
        for byte in [0x77, 0xff, 0x00, 0x8f] {
            let out = decode(Decoder::new(Arithmetic::Product, Order::LowFirst), &[byte; 2000]);
            assert_eq!(out.len(), 4000);
        }
        let full = encode(Encoder::modem(), &[i16::MIN, i16::MAX, i16::MIN, i16::MAX]);
        assert_eq!(full.len(), 2);
    }
}
