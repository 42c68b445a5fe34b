//! Finds frames in the samples of a line.

use super::message::{Message, is_known, parse};
use super::{FrameError, MAX_FRAME, checksum, ntt};
use crate::fsk;
use arrayvec::ArrayVec;

/// Most mark between two bytes of a frame, in bits: GR-30-CORE allows 20.
const MAX_INNER_MARKS: u16 = 25;
/// Chance of two wrong bytes above which a right checksum proves nothing: it lets one in sixteen of these pass.
const MAX_DOUBT: f32 = 0.03;
/// Doubt in a byte, on average, up to which a frame is told though not believed: after a seizure, and without one.
const CLEAR: (f32, f32) = (0.3, 0.05);
/// Least bytes of such a frame.
const CLEAR_BYTES: (usize, usize) = (3, 6);
/// A click in the mark reads as this.
const CLICK: u8 = 0xFF;

/// The modem that a frame was sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Bell 202 (mark at 1200 Hz).
    Bell202,
    /// ITU-T V.23 (mark at 1300 Hz).
    V23,
    /// ITU-T V.23 in the Japanese form: seven bits with parity, DLE framing, CRC-16.
    Ntt,
}

/// What a receiver tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A frame was seen.
    Frame {
        /// Whether it is believed.
        ok: bool,
        /// Its bytes as far as they came, from message type to checksum; in the Japanese form from service type to last
        /// parameter, without parity.
        raw: &'a [u8],
        /// The message, if believed.
        message: Option<&'a Message>,
        /// Why it is not.
        error: Option<FrameError>,
        /// The modem.
        carrier: Carrier,
        /// Index of the sample at which it was decided.
        at: u64,
    },
}

/// Receives frames, in Bell 202 and V.23, on hook (with seizure) and off hook (without), and in the Japanese form.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    fsk: fsk::Receiver,
    walk: Walk,
}

/// The frame so far.
#[derive(Clone, Debug, Default)]
struct Walk {
    raw: ArrayVec<u8, MAX_FRAME>,
    japanese: ntt::Walk,
    /// A channel seizure came before.
    seized: bool,
    v23: bool,
    /// Sum of the doubts, and of their squares.
    doubt: f32,
    squares: f32,
    /// A stop bit was broken.
    broken: bool,
}

impl Receiver {
    /// A receiver at rest.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes samples; any number at a time. Frames follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event<'_>)) {
        let walk = &mut self.walk;
        self.fsk.run(samples, &mut |event| walk.take(event, sink));
    }

    /// Whether there is a carrier.
    pub fn carrier(&self) -> bool {
        self.fsk.carrier()
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        self.fsk.reset();
        self.walk = Walk::default();
    }
}

impl Walk {
    /// Takes what the modem tells; true when the frame is over.
    fn take(&mut self, event: fsk::Event, sink: &mut impl FnMut(Event<'_>)) -> bool {
        match event.kind {
            fsk::Kind::Carrier(Some(carrier)) => {
                *self = Self { seized: carrier.seized, v23: carrier.spec == fsk::V23, ..Self::default() };
                false
            }
            fsk::Kind::Carrier(None) => {
                self.cut(event.at, sink);
                true
            }
            fsk::Kind::Byte { value, marks, doubt, broken } => {
                if marks > MAX_INNER_MARKS && !(self.raw.is_empty() && self.japanese.is_at_rest()) {
                    self.cut(event.at, sink);
                }
                if self.raw.is_empty() && self.japanese.is_at_rest() && value == CLICK {
                    return false;
                }
                self.doubt += doubt;
                self.squares += doubt * doubt;
                self.broken |= broken;
                self.byte(value, event.at, sink)
            }
        }
    }

    fn byte(&mut self, value: u8, at: u64, sink: &mut impl FnMut(Event<'_>)) -> bool {
        if self.raw.is_empty() {
            if let Some(received) = self.japanese.take(value) {
                let error = received.error.or_else(|| self.flaw());
                self.tell_japanese(&received.message, error, at, sink);
                return true;
            }
            if !self.japanese.is_at_rest() {
                return false;
            }
        }
        // Never full: a frame ends by its length.
        let _ = self.raw.try_push(value);
        let over = self.raw.get(1).is_some_and(|length| self.raw.len() >= usize::from(*length) + 3);
        if over {
            self.end(at, sink);
        }
        over
    }

    /// What makes a frame with a right checksum doubtful.
    fn flaw(&self) -> Option<FrameError> {
        if self.broken {
            return Some(FrameError::Framing);
        }
        // The chance of two errors, or more.
        let twice = (self.doubt * self.doubt - self.squares) * 0.5;
        (twice > MAX_DOUBT).then_some(FrameError::Unreliable)
    }

    /// Whether it begins as frames do that every network sends.
    fn is_ordinary(&self) -> bool {
        self.raw.first().is_some_and(|kind| *kind < 0xF0 && is_known(*kind))
    }

    /// Whether the bytes were so clear that they were sent.
    fn is_clear(&self) -> bool {
        let clear = |bytes: usize, doubt: f32| self.raw.len() >= bytes && self.doubt < doubt * self.raw.len() as f32;
        clear(CLEAR_BYTES.1, CLEAR.1) || self.seized && clear(CLEAR_BYTES.0, CLEAR.0)
    }

    /// The frame has all its bytes.
    fn end(&mut self, at: u64, sink: &mut impl FnMut(Event<'_>)) {
        let parsed = match (parse(&self.raw), self.flaw()) {
            (Ok(_), Some(flaw)) => Err(flaw),
            (Err(FrameError::Checksum), _) if self.broken => Err(FrameError::Framing),
            (Err(FrameError::UnknownType), _) if checksum(&self.raw) != 0 => Err(FrameError::Checksum),
            (parsed, _) => parsed,
        };
        if parsed.is_ok() || self.is_clear() {
            self.tell(&self.raw, parsed, at, sink);
        }
        self.clear();
    }

    /// The frame is cut short.
    fn cut(&mut self, at: u64, sink: &mut impl FnMut(Event<'_>)) {
        if let Some(received) = self.japanese.cut() {
            self.tell_japanese(&received.message, received.error, at, sink);
        }
        if self.is_ordinary() && self.is_clear() {
            self.tell(&self.raw, Err(FrameError::Truncated), at, sink);
        }
        self.clear();
    }

    fn tell(&self, raw: &[u8], parsed: Result<Message, FrameError>, at: u64, sink: &mut impl FnMut(Event<'_>)) {
        sink(Event::Frame {
            ok: parsed.is_ok(),
            raw,
            message: parsed.as_ref().ok(),
            error: parsed.as_ref().err().copied(),
            carrier: if self.v23 { Carrier::V23 } else { Carrier::Bell202 },
            at,
        });
    }

    fn tell_japanese(&self, raw: &[u8], error: Option<FrameError>, at: u64, sink: &mut impl FnMut(Event<'_>)) {
        let message = error.is_none().then(|| Message::japanese(raw));
        sink(Event::Frame { ok: error.is_none(), raw, message: message.as_ref(), error, carrier: Carrier::Ntt, at });
    }

    /// Ready for the next frame of this carrier.
    fn clear(&mut self) {
        *self = Self { seized: self.seized, v23: self.v23, ..Self::default() };
    }
}
