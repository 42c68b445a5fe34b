//! The sender: queues digits and pauses and mixes them into the line.

use super::frequencies;
use crate::osc::Osc;
use crate::{SAMPLE_RATE, level};
use alloc::collections::VecDeque;
use core::time::Duration;

/// Most digits and pauses that wait in a [`Sender`].
pub const QUEUE: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Item {
    /// Low and high frequency; `None` for a pause.
    tones: Option<(f32, f32)>,
    on: u64,
    off: u64,
}

/// Sends digits. Allocates only when it is made.
#[derive(Debug)]
pub struct Sender {
    low_amplitude: f32,
    high_amplitude: f32,
    queue: VecDeque<Item>,
    low: Osc,
    high: Osc,
    now: Item,
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        // With room for a full queue, so that the copy does not allocate later either.
        let mut queue = VecDeque::with_capacity(QUEUE);
        queue.extend(self.queue.iter().copied());
        Self { queue, ..*self }
    }
}

const IDLE: Item = Item { tones: None, on: 0, off: 0 };

/// Samples in a duration.
fn samples(d: Duration) -> u64 {
    u64::try_from(d.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000).unwrap_or(u64::MAX)
}

impl Sender {
    /// `level_dbm0` is the mean level of the two tones: the low one is 1 dB below it, the high one 1 dB above.
    pub fn new(level_dbm0: f32) -> Self {
        Self {
            low_amplitude: level::peak(level_dbm0 - 1.0),
            high_amplitude: level::peak(level_dbm0 + 1.0),
            queue: VecDeque::with_capacity(QUEUE),
            low: Osc::default(),
            high: Osc::default(),
            now: IDLE,
        }
    }

    /// Queues a digit that sounds for `on` and is followed by silence for `off`; false when it is no digit, or the
    /// queue is full.
    pub fn push(&mut self, symbol: u8, on: Duration, off: Duration) -> bool {
        let Some(tones) = frequencies(symbol) else { return false };
        self.queue_item(Item { tones: Some(tones), on: samples(on), off: samples(off) })
    }

    /// Queues a pause; false when the queue is full.
    pub fn push_pause(&mut self, pause: Duration) -> bool {
        self.queue_item(Item { tones: None, on: 0, off: samples(pause) })
    }

    fn queue_item(&mut self, item: Item) -> bool {
        let room = self.queue.len() < QUEUE;
        if room {
            self.queue.push_back(item);
        }
        room
    }

    /// Adds the next samples to `out`, saturating.
    pub fn mix(&mut self, out: &mut [i16]) {
        for s in out {
            while self.now.on == 0 && self.now.off == 0 {
                let Some(item) = self.queue.pop_front() else { return };
                self.now = item;
                if let Some((low, high)) = item.tones {
                    self.low = Osc::new(low);
                    self.high = Osc::new(high);
                }
            }
            if self.now.on > 0 {
                self.now.on -= 1;
                level::add(s, self.low_amplitude * self.low.sine() + self.high_amplitude * self.high.sine());
            } else {
                self.now.off -= 1;
            }
        }
    }

    /// Whether nothing is left to send, the silence after the last digit included.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.now.on == 0 && self.now.off == 0
    }

    /// Drops what waits and stops at once.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.now = IDLE;
    }
}
