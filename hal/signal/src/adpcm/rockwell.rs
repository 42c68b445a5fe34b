//! Rockwell ADPCM: 2, 3 or 4 bits per sample, the compression of voice modems with Rockwell data pumps (7200 samples per
//! second on most).
//!
//! The sound is emphasised first: of each sample four tenths of the one before are taken away. What remains is predicted from
//! the two values before it and the six quantised prediction errors before it. The weights of the prediction begin at 0
//! and follow the signs of the products of the error with what they weigh; each shrinks by 2 % a sample. The prediction
//! error is quantised with the best quantiser for a normal distribution (J. Max, 1960), whose step follows its codes (N. S.
//! Jayant, "Adaptive Quantization With a One-Word Memory", 1973). Codes count upwards from the most negative level.
//!
//! Nothing of this is a published standard. The constants were measured: streams of chosen codes were decoded by `rmdtopvf`
//! of mgetty-pvftools 1.2.1, whose coders real modems understand, and the model was fitted to the sound that came out.
//! Decoders agree to within rounding, some 50 dB below the signal.

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
    /// Levels of positive codes, in ten thousandths of the step (Max: optimum for a normal distribution).
    levels: &'static [i32],
    /// What each does to the step, in hundredths (Jayant, for prediction errors).
    growth: &'static [i32],
    /// The largest step: there the outermost level is full scale.
    max_step: i32,
}

static TWO: Quantiser = Quantiser { bits: 2, levels: &[4_528, 15_100], growth: &[80, 160], max_step: 4 * 5_424 };
static THREE: Quantiser =
    Quantiser { bits: 3, levels: &[2_451, 7_560, 13_440, 21_520], growth: &[90, 90, 125, 175], max_step: 4 * 3_806 };
static FOUR: Quantiser = Quantiser {
    bits: 4,
    levels: &[1_284, 3_881, 6_568, 9_424, 12_560, 16_180, 20_690, 27_330],
    growth: &[90, 90, 90, 90, 120, 160, 200, 240],
    max_step: 4 * 2_997,
};

/// The smallest step, and the first.
const MIN_STEP: i32 = 31;
/// Steps and levels are whole multiples of this (14-bit arithmetic).
const GRAIN: i32 = 4;
/// Share of the sample before that is taken away, and put back.
const EMPHASIS: f32 = 0.4;
/// What remains of a weight after a sample.
const LEAK: f32 = 0.98;
/// What a sample adds to the weights of values and of errors.
const VALUE_GAIN: f32 = 0.012;
const ERROR_GAIN: f32 = 0.006;
/// A product counts as negative from here on; smaller ones are lost in the rounding of 16-bit arithmetic.
const NEGATIVE: f32 = -16_384.0;
const VALUES: usize = 2;
const ERRORS: usize = 6;
/// Full scale.
const LIMIT: f32 = 32_767.0;

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
    values: [f32; VALUES],
    errors: [f32; ERRORS],
    value_weights: [f32; VALUES],
    error_weights: [f32; ERRORS],
    /// The sample before.
    last: f32,
}

impl State {
    fn new(bits: Bits) -> Self {
        Self {
            quantiser: bits.quantiser(),
            step: MIN_STEP,
            values: [0.0; VALUES],
            errors: [0.0; ERRORS],
            value_weights: [0.0; VALUES],
            error_weights: [0.0; ERRORS],
            last: 0.0,
        }
    }

    fn prediction(&self) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        dot(&self.value_weights, &self.values) + dot(&self.error_weights, &self.errors)
    }

    /// Level `m` at the present step.
    fn level(&self, m: usize) -> f32 {
        let level = self.quantiser.levels.get(m).copied().unwrap_or_default();
        (GRAIN * ((level * self.step + 5_000 * GRAIN) / (10_000 * GRAIN))) as f32
    }

    /// The code whose level is nearest to a prediction error.
    fn code(&self, error: f32) -> u8 {
        let positive = self.quantiser.levels.len();
        let magnitude = error.abs();
        let m = (1..positive).take_while(|m| magnitude >= (self.level(m - 1) + self.level(*m)) / 2.0).count();
        (if error < 0.0 { positive - 1 - m } else { positive + m }) as u8
    }

    /// The sample that a code makes.
    fn apply(&mut self, code: u8) -> i16 {
        let positive = self.quantiser.levels.len();
        let code = usize::from(code);
        let (m, sign) =
            if code >= positive { (code - positive, 1.0) } else { ((positive - 1).saturating_sub(code), -1.0) };
        let error = sign * self.level(m);
        let value = (self.prediction() + error).clamp(-LIMIT, LIMIT);
        adapt(&mut self.value_weights, &self.values, error, VALUE_GAIN);
        adapt(&mut self.error_weights, &self.errors, error, ERROR_GAIN);
        shift(&mut self.values, value);
        shift(&mut self.errors, error);
        let growth = self.quantiser.growth.get(m).copied().unwrap_or(100);
        self.step =
            (GRAIN * ((growth * self.step + 50 * GRAIN) / (100 * GRAIN))).clamp(MIN_STEP, self.quantiser.max_step);
        self.last = (value + EMPHASIS * self.last).clamp(-LIMIT, LIMIT);
        libm::roundf(self.last) as i16
    }
}

fn adapt(weights: &mut [f32], history: &[f32], error: f32, gain: f32) {
    for (weight, past) in weights.iter_mut().zip(history) {
        *weight = LEAK * *weight + if error * past < NEGATIVE { -gain } else { gain };
    }
}

fn shift(history: &mut [f32], newest: f32) {
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
    last: f32,
}

impl Encoder {
    /// At the beginning of a stream.
    pub fn new(bits: Bits) -> Self {
        Self { state: State::new(bits), packer: Packer::new(bits.quantiser().bits, Order::LowFirst), last: 0.0 }
    }

    /// Encodes samples. A byte is given when it is full: four samples of two bits, eight samples of three bits are
    /// three bytes, two samples of four bits.
    pub fn encode(&mut self, samples: &[i16], sink: &mut impl FnMut(u8)) {
        for &s in samples {
            let value = f32::from(s) - EMPHASIS * self.last;
            self.last = f32::from(s);
            let code = self.state.code(value - self.state.prediction());
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
