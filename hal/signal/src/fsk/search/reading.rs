//! One reading of the signal.

use super::super::track::Track;
use super::{AMPLITUDE_BITS, LEAST_SPACE, LOST, QUALITY_BITS};

/// Bytes that a reading may be ahead of what is decided.
pub(super) const PENDING: usize = 4;
/// These, and the one being read.
const OPEN: usize = PENDING + 1;
/// Position of a reading between two characters.
pub(super) const IDLE: u8 = 0;
/// Position of a reading whose next bit is the stop bit; after the start bit it is at 1.
pub(super) const STOP: u8 = 9;

/// The last bits that readings must have alike to be one, for senders of the one and of the other kind: a bit more or less
/// of mark turns the phase by little less than whole turns, and that shows only in time.
const LAST: [u8; 2] = [0b1111, 0b1_1111];

/// What the bits may have been up to now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Log likelihood, less what the right reading gets on average.
    pub(super) metric: f32,
    /// End of the last bit, in samples.
    pub(super) at: f64,
    /// Length of a bit, in samples.
    pub(super) period: f32,
    /// Phase of the present tone against its reference, in turns of 2^32.
    pub(super) phase: u32,
    /// Frequency of space and of mark over their references, in radians per bit.
    pub(super) offset: [f32; 2],
    /// How well all this is known.
    pub(super) track: Track,
    /// Amplitude of space and mark, and in how many bits it was heard.
    pub(super) amplitude: [f32; 2],
    pub(super) seen: [f32; 2],
    /// Whether the sender's bits are taken to begin on samples.
    pub(super) grid: bool,
    /// Bits of the present byte so far, the newest at the top.
    pub(super) bits: u8,
    /// [`IDLE`] to [`STOP`].
    pub(super) position: u8,
    /// The last bits, the newest lowest.
    pub(super) last: u8,
    /// Bit `n % 8`: byte `n` has a broken stop bit.
    pub(super) broken: u8,
    /// Parts of a bit since the last stop bit.
    pub(super) idle: u16,
    /// Whole bytes so far.
    pub(super) count: u32,
    /// The last four bytes, the newest lowest.
    pub(super) bytes: u32,
    /// For each byte that is not decided, the oldest first: the chance that it is wrong.
    pub(super) doubt: [f32; OPEN],
    /// Marks before each of them.
    pub(super) marks: [u16; OPEN],
    /// Share of the expected signal that was heard in the last bits; 1 is perfect.
    pub(super) quality: f32,
    /// The same at the end of the last byte.
    pub(super) byte_quality: f32,
}

impl Reading {
    /// On an idle line.
    pub(super) fn idle(at: f64, period: f32, phase: u32, amplitude: f32) -> Self {
        Self {
            metric: 0.0,
            at,
            period,
            phase,
            offset: [0.0; 2],
            track: Track::new(),
            amplitude: [amplitude; 2],
            seen: [0.0, AMPLITUDE_BITS],
            grid: false,
            bits: 0,
            position: IDLE,
            last: u8::MAX,
            broken: 0,
            // The search begins some 10 ms into the mark.
            idle: 13 * super::PARTS,
            count: 0,
            bytes: 0,
            doubt: [0.0; OPEN],
            marks: [0; OPEN],
            quality: 1.0,
            byte_quality: 1.0,
        }
    }

    /// The tone that sounds: mark is true.
    pub(super) fn tone(&self) -> bool {
        self.last & 1 == 1
    }

    /// Whether no byte was read yet.
    pub(super) fn is_first(&self) -> bool {
        self.count == 0
    }

    /// Bytes that are not decided yet.
    pub(super) fn open(&self, decided: u32) -> usize {
        self.count.saturating_sub(decided) as usize
    }

    /// Byte `index`, one of the last four.
    pub(super) fn byte(&self, index: u32) -> u8 {
        (self.bytes >> (8 * self.count.saturating_sub(index + 1).min(3))) as u8
    }

    /// Whether byte `index`, one of the last eight, has a broken stop bit.
    pub(super) fn is_broken(&self, index: u32) -> bool {
        self.broken >> (index % 8) & 1 == 1
    }

    /// Whether the line still sounds as the reading says, with both tones there.
    pub(super) fn is_sound(&self) -> bool {
        let [space, mark] = self.amplitude;
        self.quality > LOST && (self.count < 2 || space > LEAST_SPACE * mark)
    }

    /// With a start bit to come, after so many marks.
    pub(super) fn started(&self, marks: u16, decided: u32, cost: f32) -> Self {
        let mut next = Self { metric: self.metric - cost, position: 1, bits: 0, idle: 0, ..*self };
        if let Some(slot) = next.marks.get_mut(self.open(decided)) {
            *slot = marks;
        }
        next
    }

    /// With a data bit to come.
    pub(super) fn longer(&self, bit: bool) -> Self {
        Self { bits: self.bits >> 1 | if bit { 0x80 } else { 0 }, position: self.position + 1, ..*self }
    }

    /// With a stop bit to come.
    pub(super) fn stopped(&self, bit: bool, cost: f32) -> Self {
        let place = 1 << (self.count % 8);
        Self {
            metric: self.metric - cost,
            position: IDLE,
            bytes: self.bytes << 8 | u32::from(self.bits),
            broken: if bit { self.broken & !place } else { self.broken | place },
            count: self.count.saturating_add(1),
            // Set when the bit was heard.
            byte_quality: f32::NAN,
            ..*self
        }
    }

    /// `amplitude` was heard where `expected` was.
    pub(super) fn hear(&mut self, tone: usize, heard: f32, expected: f32, share: f32) {
        let [_, mark] = self.amplitude;
        self.quality += (heard / expected - self.quality) * share / QUALITY_BITS;
        if self.byte_quality.is_nan() {
            self.byte_quality = self.quality;
        }
        if let (Some(n), Some(a)) = (self.seen.get_mut(tone), self.amplitude.get_mut(tone)) {
            *n = (*n + share).min(AMPLITUDE_BITS);
            *a = (expected + (heard - expected) * share / n.max(2.0)).max(mark * 0.2).max(1e-3);
        }
    }

    /// Whether the two have the same future, so that only the likelier one need live.
    pub(super) fn is_like(&self, other: &Self, near: f32) -> bool {
        self.position == other.position
            && self.grid == other.grid
            && (self.last ^ other.last) & if self.grid { LAST[1] } else { LAST[0] } == 0
            && ((self.at - other.at) as f32).abs() < near
    }

    /// The first byte from `from` on in which the two differ.
    pub(super) fn difference(&self, other: &Self, from: u32) -> Option<u32> {
        let both = self.count.min(other.count);
        (from..both).find(|i| self.byte(*i) != other.byte(*i)).or_else(|| {
            let open = self.position == other.position && self.position != IDLE && self.bits != other.bits;
            (self.count != other.count || open).then_some(both)
        })
    }

    /// Adds to the doubt about a byte.
    pub(super) fn doubts(&mut self, index: u32, decided: u32, chance: f32) {
        if let Some(doubt) = self.doubt.get_mut(index.saturating_sub(decided) as usize) {
            *doubt = (*doubt + chance).min(0.9);
        }
    }

    /// The oldest byte is decided.
    pub(super) fn forget(&mut self) {
        self.doubt.rotate_left(1);
        self.marks.rotate_left(1);
        if let (Some(doubt), Some(marks)) = (self.doubt.last_mut(), self.marks.last_mut()) {
            (*doubt, *marks) = (0.0, 0);
        }
    }
}
