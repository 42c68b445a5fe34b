//! What can be read of a line at any time, from any thread: the state of its loop, levels, and the last caller identification
//! as it came.
//!
//! # What does it do?
//!
//! Events tell what changed. A [`Gauge`] tells how it is: a device keeps it up to date, and whoever holds it reads it without
//! asking the device.
//!
//! # How does it work?
//!
//! All of it is atomic numbers. One thread writes (the event thread, in which the device lives) and never waits. The bytes of a
//! caller identification are more than one number: a counter beside them is odd while they are written, and a reader that saw
//! it odd or changed reads again.

use arrayvec::ArrayVec;
use loopstart_signal::cid;
use loopstart_signal::level;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// Longest caller identification that is kept: a whole frame.
pub const MAX_RAW: usize = cid::MAX_FRAME;

/// Blocks of 20 ms in a second.
const SECOND: usize = 50;

/// Numbers that hold [`MAX_RAW`] bytes.
const WORDS: usize = MAX_RAW.div_ceil(4);

/// No level: no mean square is this.
const NO_LEVEL: u64 = u64::MAX;

/// How often a reader that is disturbed reads again. A frame takes a microsecond to write and a second to come.
const TRIES: u32 = 100_000;

bitflags::bitflags! {
    /// The state of a loop.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct LoopBits: u16 {
        /// There is battery.
        const BATTERY = 1;
        /// The polarity is not the one with which the device came into service.
        const REVERSED = 2;
        /// We are off hook.
        const OFF_HOOK = 8;
    }
}

/// The state of a loop, as far as a device can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LoopState {
    /// Which bits are known.
    pub known: LoopBits,
    /// Those of them that are set.
    pub set: LoopBits,
}

/// How loud it is on the line, in dBm0; digital silence is -120.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// In the last block: 20 ms.
    pub block: f32,
    /// In the last second, or since the hook moved where that is less.
    pub second: f32,
}

/// In which form a caller identification came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RawForm {
    /// A frame in Bell 202 or V.23, from message type to checksum.
    Frame = 1,
    /// The Japanese form, from service type to last parameter.
    Ntt = 2,
    /// DTMF digits, as characters.
    Digits = 3,
    /// What a modem made of it: its lines, each with a line feed.
    Text = 4,
}

impl RawForm {
    const ALL: [Self; 4] = [Self::Frame, Self::Ntt, Self::Digits, Self::Text];
}

/// A caller identification as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawCallerId {
    /// Its form.
    pub form: RawForm,
    /// Whether it is believed: its checks were right.
    pub believed: bool,
    /// The how manyth it is since the device was made, from 1.
    pub number: u32,
    /// The bytes.
    pub bytes: ArrayVec<u8, MAX_RAW>,
}

/// What can be read of a line at any time. See the module's text.
#[derive(Debug)]
pub struct Gauge {
    /// Known bits in the upper half, set ones in the lower.
    state: AtomicU32,
    /// Mean squares of the last block and the last second, as the bits of two floats.
    squares: AtomicU64,
    /// Odd while a caller identification is being written.
    turn: AtomicU32,
    /// Number, length, form, believed.
    head: [AtomicU32; 4],
    raw: [AtomicU32; WORDS],
}

impl Default for Gauge {
    fn default() -> Self {
        Self {
            state: AtomicU32::new(0),
            squares: AtomicU64::new(NO_LEVEL),
            turn: AtomicU32::new(0),
            head: [const { AtomicU32::new(0) }; 4],
            raw: [const { AtomicU32::new(0) }; WORDS],
        }
    }
}

impl Gauge {
    /// The state of the loop. Nothing is known while the device is out of service.
    pub fn loop_state(&self) -> LoopState {
        let both = self.state.load(Ordering::Relaxed);
        let bits = |half: u32| LoopBits::from_bits_truncate(half as u16);
        LoopState { known: bits(both >> 16), set: bits(both) }
    }

    /// Levels; none from a device that does not hear the line, or not at present.
    pub fn levels(&self) -> Option<Levels> {
        let squares = self.squares.load(Ordering::Relaxed);
        let dbm0 = |bits: u64| level::dbm0(f32::from_bits(bits as u32));
        (squares != NO_LEVEL).then(|| Levels { block: dbm0(squares >> 32), second: dbm0(squares) })
    }

    /// The last caller identification, of whatever call; none before the first.
    pub fn caller_id(&self) -> Option<RawCallerId> {
        for _ in 0..TRIES {
            let before = self.turn.load(Ordering::Acquire);
            let head = self.head.each_ref().map(|word| word.load(Ordering::Relaxed));
            let raw = self.raw.each_ref().map(|word| word.load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.turn.load(Ordering::Relaxed) == before {
                let [number, length, form, believed] = head;
                let form = RawForm::ALL.into_iter().find(|f| *f as u32 == form)?;
                let bytes = raw.into_iter().flat_map(u32::to_le_bytes).take((length as usize).min(MAX_RAW)).collect();
                return Some(RawCallerId { form, believed: believed != 0, number, bytes });
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Says how the loop is. For the one thread that writes.
    pub(crate) fn set_loop(&self, state: LoopState) {
        let LoopState { known, set } = state;
        self.state.store(u32::from(known.bits()) << 16 | u32::from((set & known).bits()), Ordering::Relaxed);
    }

    /// Says what the levels are: mean squares of a block and of a second. For the one thread that writes.
    fn set_squares(&self, squares: Option<(f32, f32)>) {
        let bits = squares.map(|(block, second)| u64::from(block.to_bits()) << 32 | u64::from(second.to_bits()));
        self.squares.store(bits.unwrap_or(NO_LEVEL), Ordering::Relaxed);
    }

    /// Keeps a caller identification, cut to what fits. For the one thread that writes.
    pub(crate) fn set_caller_id(&self, form: RawForm, believed: bool, bytes: &[u8]) {
        let bytes = bytes.get(..MAX_RAW).unwrap_or(bytes);
        let turn = self.turn.load(Ordering::Relaxed);
        self.turn.store(turn.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let [number, length, kind, trust] = &self.head;
        number.store(number.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        length.store(bytes.len() as u32, Ordering::Relaxed);
        kind.store(form as u32, Ordering::Relaxed);
        trust.store(believed.into(), Ordering::Relaxed);
        for (word, four) in self.raw.iter().zip(bytes.chunks(4)) {
            let value = four.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            word.store(value, Ordering::Relaxed);
        }
        self.turn.store(turn.wrapping_add(2), Ordering::Release);
    }
}

/// Measures levels for a [`Gauge`], block by block.
#[derive(Clone, Debug)]
pub(crate) struct LevelMeter {
    /// Mean squares of the last blocks; as many as `count`.
    past: [f32; SECOND],
    at: usize,
    count: usize,
}

impl LevelMeter {
    pub(crate) const fn new() -> Self {
        Self { past: [0.0; SECOND], at: 0, count: 0 }
    }

    /// Takes a block of 20 ms.
    pub(crate) fn hear(&mut self, block: &[i16], gauge: &Gauge) {
        if block.is_empty() {
            return;
        }
        let square: f32 = block.iter().map(|&s| f32::from(s) * f32::from(s)).sum::<f32>() / block.len() as f32;
        if let Some(place) = self.past.get_mut(self.at) {
            *place = square;
        }
        self.at = (self.at + 1) % SECOND;
        self.count = (self.count + 1).min(SECOND);
        let sum: f32 = self.past.iter().take(self.count).sum();
        gauge.set_squares(Some((square, sum / self.count as f32)));
    }

    /// What was heard is past: the hook moved, or nothing is heard any more.
    pub(crate) fn restart(&mut self, gauge: &Gauge) {
        *self = Self::new();
        gauge.set_squares(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::tone::TonePlayer;
    use std::sync::Arc;

    #[test]
    fn nothing_is_known_at_first() {
        let gauge = Gauge::default();
        assert_eq!(gauge.loop_state(), LoopState::default());
        assert_eq!((gauge.levels(), gauge.caller_id()), (None, None));
    }

    #[test]
    fn a_bit_that_is_not_known_is_not_set() {
        let gauge = Gauge::default();
        let known = LoopBits::BATTERY | LoopBits::REVERSED;
        gauge.set_loop(LoopState { known, set: LoopBits::all() });
        assert_eq!(gauge.loop_state(), LoopState { known, set: known });
        gauge.set_loop(LoopState { known, set: LoopBits::REVERSED });
        assert_eq!(gauge.loop_state(), LoopState { known, set: LoopBits::REVERSED });
    }

    #[test]
    fn levels_of_a_block_and_of_a_second() {
        let (gauge, mut meter) = (Gauge::default(), LevelMeter::new());
        let mut tone = TonePlayer::fixed(&[1_000.0], -13.0, None);
        let mut block = [0; 160];
        for _ in 0..25 {
            tone.fill(&mut block);
            meter.hear(&block, &gauge);
        }
        let levels = gauge.levels().unwrap();
        assert!((levels.block + 13.0).abs() < 0.1 && (levels.second + 13.0).abs() < 0.2, "{levels:?}");
        for _ in 0..25 {
            meter.hear(&[0; 160], &gauge);
        }
        let levels = gauge.levels().unwrap();
        // Half a second of tone in the second: 3 dB less.
        assert!(levels.block == -120.0 && (levels.second + 16.0).abs() < 0.2, "{levels:?}");
        for _ in 0..25 {
            meter.hear(&[0; 160], &gauge);
        }
        assert_eq!(gauge.levels(), Some(Levels { block: -120.0, second: -120.0 }));
        meter.hear(&[], &gauge);
        assert!(gauge.levels().is_some());
        meter.restart(&gauge);
        assert_eq!(gauge.levels(), None);
        meter.hear(&[i16::MIN; 160], &gauge);
        let levels = gauge.levels().unwrap();
        assert!(
            (levels.second - 6.15).abs() < 0.01 && levels.block == levels.second,
            "the loudest there is: {levels:?}"
        );
    }

    #[test]
    fn a_caller_identification_comes_back_whole() {
        let gauge = Gauge::default();
        for (n, length) in [0, 1, 3, 4, 5, 257, 258, 300].into_iter().enumerate() {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + n) as u8).collect();
            gauge.set_caller_id(RawForm::ALL[n % 4], n % 3 == 0, &bytes);
            let read = gauge.caller_id().unwrap();
            assert_eq!((read.form, read.believed, read.number), (RawForm::ALL[n % 4], n % 3 == 0, n as u32 + 1));
            assert_eq!(read.bytes[..], bytes[..length.min(MAX_RAW)]);
        }
    }

    #[test]
    fn a_reader_never_sees_halves_of_two() {
        let gauge = Arc::new(Gauge::default());
        let writer = {
            let gauge = Arc::clone(&gauge);
            std::thread::spawn(move || {
                for n in 0..20_000_u32 {
                    gauge.set_caller_id(RawForm::Frame, true, &[n as u8; MAX_RAW][..1 + n as usize % MAX_RAW]);
                }
            })
        };
        let mut last = 0;
        while last < 20_000 {
            let Some(read) = gauge.caller_id() else { continue };
            let n = read.number - 1;
            assert!(read.number >= last && read.bytes.len() == 1 + n as usize % MAX_RAW, "{read:?}");
            assert!(read.bytes.iter().all(|b| *b == n as u8), "{read:?}");
            last = read.number;
        }
        writer.join().unwrap();
    }
}
