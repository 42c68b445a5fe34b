//! Playing and recording: the voice streams of +VTX, +VRX and +VTR.

use super::format::{Coder, Encoding};
use super::output::{SHIELDED_XOFF, SHIELDED_XON, XOFF, XON};
use crate::exchange::subscriber::STEP;
use loopstart_signal::{SAMPLE_RATE, dle};
use std::collections::VecDeque;

/// Bytes of audio that wait to be played at most: a quarter of a second of 8-bit samples, as real modems have it.
pub(super) const PLAY_MAX: usize = 2_048;
/// Bytes that stop and restart the host with XON/XOFF.
const HIGH_WATER: usize = PLAY_MAX * 3 / 4;
const LOW_WATER: usize = PLAY_MAX / 4;

/// Buffers and plays what the host sends.
#[derive(Debug)]
pub(super) struct Player {
    queue: VecDeque<u8>,
    coder: Coder,
    /// Decoded, and not played yet.
    samples: VecDeque<i16>,
    /// The coder gave its rest.
    drained: bool,
    ended: bool,
    paused: bool,
    /// Something was played since the queue was empty last.
    flowing: bool,
    stopped: bool,
}

impl Default for Player {
    fn default() -> Self {
        Self::new(Encoding::Unsigned8, SAMPLE_RATE)
    }
}

impl Player {
    /// At the beginning of a stream.
    pub(super) fn new(encoding: Encoding, rate: u32) -> Self {
        Self {
            queue: VecDeque::new(),
            coder: Coder::new(encoding, rate),
            samples: VecDeque::new(),
            drained: false,
            ended: false,
            paused: false,
            flowing: false,
            stopped: false,
        }
    }

    /// Bytes it can take.
    pub(super) fn room(&self) -> usize {
        PLAY_MAX.saturating_sub(self.queue.len())
    }

    /// Takes an item of the host's stream; answers the code of a command that is not the player's.
    pub(super) fn push(&mut self, item: dle::Item) -> Option<u8> {
        match item {
            dle::Item::Data(b) => self.data(b),
            dle::Item::TwoDle => {
                self.data(dle::DLE);
                self.data(dle::DLE);
            }
            dle::Item::End => self.ended = true,
            dle::Item::Event(SHIELDED_XON) => self.data(XON),
            dle::Item::Event(SHIELDED_XOFF) => self.data(XOFF),
            dle::Item::Event(dle::CAN) => {
                self.queue.clear();
                self.samples.clear();
                self.flowing = false;
            }
            dle::Item::Event(b'p') => self.paused = true,
            dle::Item::Event(b'r') => self.paused = false,
            dle::Item::Event(code) => return Some(code),
        }
        None
    }

    fn data(&mut self, byte: u8) {
        // Two bytes over the bound can come of one pair; no more than the reader's own bound lets in.
        if !self.ended && self.queue.len() < PLAY_MAX + 2 {
            self.queue.push_back(byte);
            self.drained = false;
        }
    }

    /// Plays one step; true when the host did not send in time.
    pub(super) fn play(&mut self, gain: u8, audio: &mut [i16; STEP]) -> bool {
        if self.paused {
            return false;
        }
        while self.samples.len() < STEP {
            let samples = &mut self.samples;
            match self.queue.pop_front() {
                Some(byte) => self.coder.take(byte, &mut |some| samples.extend(some)),
                // The last of it is heard when the host is late, too, and not when it goes on.
                None if (self.ended || self.flowing) && !self.drained => {
                    self.drained = true;
                    self.coder.finish(&mut |some| samples.extend(some));
                }
                None => break,
            }
        }
        for slot in audio.iter_mut() {
            let Some(sample) = self.samples.pop_front() else {
                return std::mem::take(&mut self.flowing) && !self.ended;
            };
            *slot = slot.saturating_add(amplify(sample, gain));
            self.flowing = true;
        }
        false
    }

    /// Whether the stream was ended and everything is played.
    pub(super) fn is_done(&self) -> bool {
        self.ended && self.queue.is_empty() && self.samples.is_empty() && (self.drained || self.paused)
    }

    /// XOFF or XON, when one is due.
    pub(super) fn flow(&mut self) -> Option<u8> {
        if !self.stopped && self.queue.len() > HIGH_WATER {
            self.stopped = true;
            Some(XOFF)
        } else if self.stopped && self.queue.len() < LOW_WATER {
            self.stopped = false;
            Some(XON)
        } else {
            None
        }
    }
}

/// Applies a gain of +VGR or +VGT: 128 is unity, the scale is linear. 0 asks for automatic gain, which a line of
/// constant levels does not need.
pub(super) fn amplify(sample: i16, gain: u8) -> i16 {
    if matches!(gain, 0 | 128) {
        return sample;
    }
    let loud = i32::from(sample) * i32::from(gain) / 128;
    loud.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// Tells silence from quiet while recording (+VSD).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SilenceWatch {
    heard: bool,
    steps: u32,
    told: bool,
}

/// Level of sound at nominal sensitivity, in dBm0, and what one step of sensitivity changes, in dB.
const SOUND_DBM0: f32 = -43.0;
const PER_SENSITIVITY: f32 = 0.125;

impl SilenceWatch {
    /// Listens to a step of this level; answers the event once it has been still for the time of +VSD.
    pub(super) fn step(&mut self, level: f32, [sensitivity, tenths]: [u8; 2]) -> Option<u8> {
        if sensitivity == 0 || tenths == 0 {
            return None;
        }
        if level >= SOUND_DBM0 + (f32::from(sensitivity) - 128.0) * PER_SENSITIVITY {
            *self = Self { heard: true, ..Self::default() };
            return None;
        }
        self.steps = self.steps.saturating_add(1);
        // A tenth of a second has 20 steps.
        if self.told || self.steps < u32::from(tenths) * 20 {
            return None;
        }
        self.told = true;
        Some(if self.heard { dle::event::QUIET } else { dle::event::SILENCE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_underrun_is_told_once_and_not_after_the_end() {
        let mut player = Player::default();
        let mut audio = [0; STEP];
        assert!(!player.play(128, &mut audio), "nothing was sent yet");
        (0..STEP + 1).for_each(|_| assert_eq!(player.push(dle::Item::Data(0xff)), None));
        assert!(!player.play(128, &mut audio));
        assert_eq!(audio, [0x7f00; STEP]);
        assert!(player.play(128, &mut audio));
        assert!(!player.play(128, &mut audio));
        player.push(dle::Item::Data(0));
        player.push(dle::Item::End);
        assert!(!player.is_done());
        assert!(!player.play(128, &mut audio));
        assert!(player.is_done());
    }

    #[test]
    fn half_a_sample_at_the_end_is_dropped() {
        let mut player = Player::new(Encoding::Signed16, SAMPLE_RATE);
        for b in [1, 2, 3] {
            player.push(dle::Item::Data(b));
        }
        player.push(dle::Item::End);
        let mut audio = [0; STEP];
        player.play(128, &mut audio);
        assert_eq!(audio[..2], [0x0201, 0]);
        assert!(player.is_done());
    }

    #[test]
    fn the_host_is_stopped_and_restarted() {
        let mut player = Player::default();
        (0..PLAY_MAX).for_each(|_| assert_eq!(player.push(dle::Item::Data(0)), None));
        assert_eq!((player.room(), player.flow(), player.flow()), (0, Some(XOFF), None));
        for _ in 0..PLAY_MAX / STEP {
            player.play(128, &mut [0; STEP]);
        }
        assert_eq!((player.flow(), player.flow()), (Some(XON), None));
    }

    #[test]
    fn silence_is_from_the_start_and_quiet_after_sound() {
        let mut watch = SilenceWatch::default();
        let told: Vec<_> = (0..30).filter_map(|_| watch.step(-60.0, [128, 1])).collect();
        assert_eq!(told, [dle::event::SILENCE]);
        assert_eq!(watch.step(-20.0, [128, 1]), None);
        let told: Vec<_> = (0..30).filter_map(|_| watch.step(-60.0, [128, 1])).collect();
        assert_eq!(told, [dle::event::QUIET]);
        assert!((0..999).all(|_| SilenceWatch::default().step(-60.0, [0, 1]).is_none()), "0 is off");
    }
}
