//! Rockwell ADPCM: 2, 3 or 4 bits per sample, the compression of voice modems with Rockwell data pumps (7200 samples per
//! second on most).
//!
//! The sound is emphasised first: of each sample four tenths of the one before are taken away. What remains is predicted from
//! the two values before it and the six quantised prediction errors before it. The weights of the prediction begin at 0
//! and follow the signs of the products of the error with what they weigh; each shrinks by 2 % a sample. The prediction
//! error is quantised with the best quantiser for a normal distribution (J. Max, 1960), whose step follows its codes (N. S.
//! Jayant, "Adaptive Quantization With a One-Word Memory", 1973). Codes count upwards from the most negative level.
//!
//! Nothing of this is a published standard. Streams of chosen codes were decoded by `rmdtopvf` of mgetty-pvftools 1.2.1, whose
//! coders real modems understand; a model was fitted to the sound that came out, down to the rounding. That matters: in
//! silence the prediction is not stable by itself, and only a decoder that rounds exactly as the encoder did follows it.

use super::{Order, Packer, Unpacker};

/// How many bits a sample has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bits {
    /// 14.4 kbit/s at 7200 Hz.
    Two,
    /// 21.6 kbit/s at 7200 Hz.
    Three,
    /// 28.8 kbit/s at 7200 Hz.
    Four,
}

/// A quantiser for a code of some bits.
#[derive(Debug)]
struct Quantiser {
    bits: u32,
    /// The level of each code, as a multiple of the step in units of 1/8192 (Max: optimum for a normal distribution).
    levels: &'static [i32],
    /// What a level does to the step, in units of 1/8192, from the innermost (Jayant, for prediction errors: 0.8 and
    /// 1.6; 0.9, 1.25 and 1.75; 0.9, 1.2, 1.6, 2 and 2.4).
    growth: &'static [i32],
    /// The largest step: there the outermost level is full scale.
    max_step: i32,
}

static TWO: Quantiser =
    Quantiser { bits: 2, levels: &[-12_370, -3_709, 3_709, 12_370], growth: &[6_554, 13_107], max_step: 21_700 };
static THREE: Quantiser = Quantiser {
    bits: 3,
    levels: &[-17_629, -11_010, -6_193, -2_008, 2_008, 6_193, 11_010, 17_629],
    growth: &[7_373, 7_373, 10_240, 14_336],
    max_step: 15_226,
};
static FOUR: Quantiser = Quantiser {
    bits: 4,
    // The third is not quite that of its positive counterpart. So it is in the field.
    levels: &[
        -22_389, -16_949, -13_271, -10_289, -7_720, -5_381, -3_179, -1_052, 1_052, 3_179, 5_381, 7_720, 10_289, 13_255,
        16_949, 22_389,
    ],
    growth: &[7_373, 7_373, 7_373, 7_373, 9_830, 13_107, 16_384, 19_661],
    max_step: 11_989,
};

/// The smallest step, and the first.
const MIN_STEP: i32 = 31;
/// Steps and levels are whole multiples of this: 14-bit arithmetic. Only the bounds of the step are not.
const GRAIN: i32 = 4;
/// Weights are fractions with 15 bits, and so are the constants below.
const UNIT_BITS: u32 = 15;
const HALF: i32 = 1 << (UNIT_BITS - 1);
/// Share of the sample before that is taken away, and put back: 0.4.
const EMPHASIS: i32 = 13_107;
/// What remains of a weight after a sample: 0.98.
const LEAK: i32 = 32_113;
/// What a sample adds to the weights of values and of errors: 0.012 and 0.006.
const VALUE_GAIN: i32 = 393;
const ERROR_GAIN: i32 = 197;
const VALUES: usize = 2;
const ERRORS: usize = 6;

impl Bits {
    const fn quantiser(self) -> &'static Quantiser {
        match self {
            Self::Two => &TWO,
            Self::Three => &THREE,
            Self::Four => &FOUR,
        }
    }
}

/// What encoder and decoder both know.
#[derive(Clone, Debug)]
struct State {
    quantiser: &'static Quantiser,
    step: i32,
    values: [i32; VALUES],
    errors: [i32; ERRORS],
    value_weights: [i32; VALUES],
    error_weights: [i32; ERRORS],
    /// The sample before.
    last: i32,
}

impl State {
    fn new(bits: Bits) -> Self {
        Self {
            quantiser: bits.quantiser(),
            step: MIN_STEP,
            values: [0; VALUES],
            errors: [0; ERRORS],
            value_weights: [0; VALUES],
            error_weights: [0; ERRORS],
            last: 0,
        }
    }

    /// The prediction, with its fraction.
    fn prediction(&self) -> i64 {
        let dot = |a: &[i32], b: &[i32]| a.iter().zip(b).map(|(x, y)| i64::from(*x) * i64::from(*y)).sum::<i64>();
        dot(&self.value_weights, &self.values) + dot(&self.error_weights, &self.errors)
    }

    /// The level of a code at the present step.
    fn level(&self, code: usize) -> i32 {
        let level = self.quantiser.levels.get(code).copied().unwrap_or_default();
        ((level * self.step + HALF) >> UNIT_BITS) * GRAIN
    }

    /// The code whose level is nearest to a prediction error.
    fn code(&self, error: i32) -> u8 {
        let codes = self.quantiser.levels.len();
        (1..codes).take_while(|c| 2 * error >= self.level(c - 1) + self.level(*c)).count() as u8
    }

    /// The sample that a code makes.
    fn apply(&mut self, code: u8) -> i16 {
        let code = usize::from(code);
        let error = self.level(code);
        let whole = (i64::from(error) << UNIT_BITS) + self.prediction();
        let value = saturated(whole >> UNIT_BITS);
        adapt(&mut self.value_weights, &self.values, error, VALUE_GAIN);
        adapt(&mut self.error_weights, &self.errors, error, ERROR_GAIN);
        shift(&mut self.values, i32::from(value));
        shift(&mut self.errors, error);
        let positive = self.quantiser.growth.len();
        let outwards = if code < positive { positive - 1 - code } else { code - positive };
        let growth = self.quantiser.growth.get(outwards).copied().unwrap_or(8_192);
        let step = ((growth * self.step + HALF) >> UNIT_BITS) * GRAIN;
        self.step = step.clamp(MIN_STEP, self.quantiser.max_step);
        let sample = saturated((whole + i64::from(EMPHASIS * self.last)) >> UNIT_BITS);
        self.last = i32::from(sample);
        sample
    }
}

fn saturated(x: i64) -> i16 {
    x.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}

fn adapt(weights: &mut [i32], history: &[i32], error: i32, gain: i32) {
    for (weight, past) in weights.iter_mut().zip(history) {
        // The rounded product decides: a small negative one counts as positive.
        let negative = i64::from(error) * i64::from(*past) + i64::from(HALF) < 0;
        *weight = ((LEAK * *weight + HALF) >> UNIT_BITS) + if negative { -gain } else { gain };
    }
}

fn shift(history: &mut [i32], newest: i32) {
    history.rotate_right(1);
    if let Some(first) = history.first_mut() {
        *first = newest;
    }
}

/// Samples to codes.
#[derive(Clone, Debug)]
pub struct Encoder {
    state: State,
    packer: Packer,
    /// The sample before, as it came.
    last: i32,
}

impl Encoder {
    /// At the beginning of a stream.
    pub fn new(bits: Bits) -> Self {
        Self { state: State::new(bits), packer: Packer::new(bits.quantiser().bits, Order::LowFirst), last: 0 }
    }

    /// Encodes samples. A byte is given when it is full: four samples of two bits, eight samples of three bits are
    /// three bytes, two samples of four bits.
    pub fn encode(&mut self, samples: &[i16], sink: &mut impl FnMut(u8)) {
        for &s in samples {
            let s = i32::from(s);
            let expected = (self.state.prediction() + i64::from(EMPHASIS * self.last)) >> UNIT_BITS;
            self.last = s;
            let code = self.state.code(s - i32::from(saturated(expected)));
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
    pub fn new(bits: Bits) -> Self {
        Self { state: State::new(bits), unpacker: Unpacker::new(bits.quantiser().bits, Order::LowFirst) }
    }

    /// Decodes bytes.
    pub fn decode(&mut self, bytes: &[u8], sink: &mut impl FnMut(i16)) {
        let state = &mut self.state;
        bytes.iter().for_each(|b| self.unpacker.push(*b, &mut |code| sink(state.apply(code))));
    }
}

#[cfg(test)]
mod tests;
