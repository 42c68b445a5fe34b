//! What the driver says: one block for each block it hears, silence when there is nothing to say.
//!
//! A block that the port does not take at once is kept and offered again, and nothing new is made meanwhile: a digit
//! may come late but it comes whole.

use super::sound::Sound;
use crate::drivers::audio::Streams;
use crate::{BLOCK, FxoPort, PortError};
use core::time::Duration;
use loopstart_signal::dtmf;

/// Level of each DTMF component at the line card, in dBm0: within the sender limits of ETSI ES 201 235-2
/// (-9 and -11 dBV are -6.8 and -8.8 dBm).
pub(super) const DIGIT_LEVEL: f32 = -8.0;

/// Who is heard in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    /// Nobody.
    Nothing,
    /// Our digits and tones.
    Ours,
    /// Programs that take part in the call.
    Programs,
}

/// The sending side of one line.
pub(super) struct Mouth {
    digits: dtmf::Sender,
    sound: Option<Sound>,
    block: [i16; BLOCK],
    /// What of `block` the port has not taken.
    from: usize,
    to: usize,
    /// Blocks that were not made because the port was full.
    slipped: u64,
}

impl Mouth {
    pub(super) fn new() -> Self {
        Self { digits: dtmf::Sender::new(DIGIT_LEVEL), sound: None, block: [0; BLOCK], from: 0, to: 0, slipped: 0 }
    }

    /// Appends a DTMF digit; false when there is no room at the moment.
    pub(super) fn push(&mut self, symbol: u8, on: Duration, off: Duration) -> bool {
        self.digits.push(symbol, on, off)
    }

    /// Sends a tone from now on.
    pub(super) fn play(&mut self, sound: Sound) {
        self.sound = Some(sound);
    }

    /// Whether all digits, and the gap after the last, and the tone are out.
    pub(super) fn is_idle(&self) -> bool {
        self.digits.is_idle() && self.sound.is_none()
    }

    /// Stops now.
    pub(super) fn clear(&mut self) {
        self.digits.clear();
        self.sound = None;
    }

    /// Forgets what the port has not taken: nothing of it may follow once the line does something else.
    pub(super) fn drop_pending(&mut self) {
        (self.from, self.to) = (0, 0);
    }

    /// Whether the port owes us room.
    pub(super) fn is_pending(&self) -> bool {
        self.from < self.to
    }

    /// Blocks that could not be made in time.
    pub(super) fn slipped(&self) -> u64 {
        self.slipped
    }

    /// Makes the next `samples` samples and offers them. While nothing else is sent they are what programs say, or silence
    /// when those are `muted`; `None`: there is no call in which they could say something.
    pub(super) fn speak<P: FxoPort>(
        &mut self,
        samples: usize,
        programs: Option<(&mut Streams, bool)>,
        port: &mut P,
    ) -> Result<Spoken, PortError> {
        self.flush(port)?;
        if self.is_pending() {
            self.slipped += 1;
            return Ok(if self.is_idle() { Spoken::Nothing } else { Spoken::Ours });
        }
        self.block = [0; BLOCK];
        self.from = 0;
        self.to = samples.min(BLOCK);
        let idle = self.is_idle();
        let Some(out) = self.block.get_mut(..self.to) else { return Ok(Spoken::Nothing) };
        match programs {
            // As a telephone does: what is said meanwhile is not heard.
            Some((streams, muted)) if muted || !idle => streams.discard(out.len()),
            Some((streams, _)) => {
                streams.say(out);
            }
            None => {}
        }
        if !self.digits.is_idle() {
            self.digits.mix(out);
        }
        if let Some(sound) = &mut self.sound {
            sound.mix(out);
        }
        self.sound.take_if(|sound| sound.is_over());
        let spoken = match self.block.iter().any(|sample| *sample != 0) {
            true if idle => Spoken::Programs,
            true => Spoken::Ours,
            false => Spoken::Nothing,
        };
        self.flush(port)?;
        Ok(spoken)
    }

    /// Offers what is left of the block.
    pub(super) fn flush<P: FxoPort>(&mut self, port: &mut P) -> Result<(), PortError> {
        while let Some(rest) = self.block.get(self.from..self.to).filter(|rest| !rest.is_empty()) {
            match port.write(rest) {
                Ok(0) | Err(PortError::WouldBlock | PortError::EventPending) => break,
                Ok(taken) => self.from += taken.min(rest.len()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
