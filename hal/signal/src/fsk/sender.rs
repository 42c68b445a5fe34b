//! The sending half.

use super::Spec;
use crate::osc::Osc;
use crate::{SAMPLE_RATE, level};
use arrayvec::ArrayVec;

/// Most bytes that a [`Sender`] takes at once.
pub const MAX_BYTES: usize = 560;
/// Marks after the last byte (EN 300 659-1 asks for 1 to 10).
const TRAILING_MARKS: u16 = 5;

/// What stands around the bytes of a message, in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Channel seizure: 0 1 0 1 ... A message on an idle line begins with 300, one during a call with none.
    pub seizure: u16,
    /// Mark after the seizure: 180 on an idle line, 80 during a call (GR-30-CORE, EN 300 659).
    pub mark: u16,
    /// Stop bits of each byte, at least 1; EN 300 659 allows 10, and GR-30-CORE 20 more marks.
    pub stop_bits: u8,
    /// Marks after the last byte: 1 to 10 (EN 300 659).
    pub trailing: u16,
}

impl Default for Format {
    /// A message on an idle line.
    fn default() -> Self {
        Self { seizure: 300, mark: 180, stop_bits: 1, trailing: TRAILING_MARKS }
    }
}

/// Sends bytes.
#[derive(Clone, Debug)]
pub struct Sender {
    spec: Spec,
    osc: Osc,
    amplitude: f32,
    bytes: ArrayVec<u8, MAX_BYTES>,
    seizure: u32,
    mark: u32,
    /// Bits of a character.
    character: u32,
    /// The bit that goes out now, and how many there are.
    bit: u32,
    bits: u32,
    /// Part of the present bit that is out, 0 to 1.
    part: f32,
}

impl Sender {
    /// A sender at rest. `level_dbm0` is the level of the signal.
    pub fn new(spec: Spec, level_dbm0: f32) -> Self {
        Self {
            spec,
            osc: Osc::new(spec.mark),
            amplitude: level::peak(level_dbm0),
            bytes: ArrayVec::new(),
            seizure: 0,
            mark: 0,
            character: 10,
            bit: 0,
            bits: 0,
            part: 0.0,
        }
    }

    /// Loads a message: `seizure_bits` of 0 1 0 1 ..., `mark_bits` of 1, then `bytes` and a few marks. False when there
    /// are more than [`MAX_BYTES`], or the last message is still going out.
    pub fn load(&mut self, bytes: &[u8], seizure_bits: u16, mark_bits: u16) -> bool {
        self.load_with(bytes, Format { seizure: seizure_bits, mark: mark_bits, ..Format::default() })
    }

    /// Loads a message in any format. False as for [`Self::load`].
    pub fn load_with(&mut self, bytes: &[u8], format: Format) -> bool {
        if !self.is_idle() || bytes.len() > MAX_BYTES {
            return false;
        }
        self.bytes.clear();
        self.bytes.extend(bytes.iter().copied());
        self.seizure = u32::from(format.seizure);
        self.mark = self.seizure + u32::from(format.mark);
        self.character = 9 + u32::from(format.stop_bits.max(1));
        self.bit = 0;
        self.bits = self.mark + bytes.len() as u32 * self.character + u32::from(format.trailing);
        self.part = 0.0;
        self.osc.restart();
        true
    }

    /// How long a message takes, in samples.
    pub fn duration(&self) -> u64 {
        (f64::from(self.bits) * f64::from(SAMPLE_RATE) / f64::from(self.spec.baud.max(1.0))) as u64 + 1
    }

    fn value(&self, bit: u32) -> bool {
        if bit < self.seizure {
            return bit % 2 == 1;
        }
        let Some(at) = bit.checked_sub(self.mark) else { return true };
        match (self.bytes.get((at / self.character) as usize), at % self.character) {
            (None, _) | (_, 9..) => true,
            (_, 0) => false,
            (Some(byte), n) => byte >> (n - 1) & 1 == 1,
        }
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            if self.bit >= self.bits {
                return;
            }
            self.osc.set(if self.value(self.bit) { self.spec.mark } else { self.spec.space });
            level::add(s, self.amplitude * self.osc.sine());
            self.part += self.spec.baud / SAMPLE_RATE as f32;
            if self.part >= 1.0 {
                self.part -= 1.0;
                self.bit += 1;
            }
        }
    }

    /// Whether nothing is left to send.
    pub fn is_idle(&self) -> bool {
        self.bit >= self.bits
    }

    /// Stops at once.
    pub fn clear(&mut self) {
        self.bits = 0;
    }
}
