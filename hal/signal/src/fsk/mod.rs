//! Frequency-shift keying with start and stop bits: Bell 202 and ITU-T V.23.
//!
//! # What does it do?
//!
//! The [`Sender`] makes a phase-continuous signal from bytes: seizure (0 1 0 1 ...), mark, then each byte with a start bit
//! (0), eight bits from the lowest, a stop bit (1) or more, and a few marks at the end.
//!
//! The [`Receiver`] tells the carrier and the bytes of either modem, with the chance that each is wrong. It works from 0
//! down to -47 dBm0, with noise 3 dB below the signal (0 to 4 kHz) in most cases and 5 dB below in nearly all, with
//! 10 dB of twist either way, hum far above the signal, 2 % of rate error and 1.5 % of frequency error.
//!
//! # How does the receiver work?
//!
//! Most of the time it only watches (`screen`): every 10 ms it asks, cheaply, whether there may be mark. After three
//! such hops it looks closer at the samples it has kept, measures frequency, phase and strength of the mark, and with
//! them chooses the modem.
//!
//! Then the signal is filtered, turned down by each of the two tones and summed up (`front`), so that the correlation with
//! mark or space between any two moments is a difference of two sums.
//!
//! The bits are found by a search (`search`): many readings of the signal live side by side. Each one holds a position in
//! the character, the bits so far, and its own estimates of phase, timing, length of a bit and frequencies, with a small
//! Kalman filter (`track`). Because the phase is continuous through the changes of tone, all earlier bits help to judge the
//! next one; this is worth some 4 dB against a correlator that judges each bit alone. Start and stop bits are part
//! of the search: only readings that are characters live. Of readings that have come to look alike the likelier one
//! survives, and by how much it won is how sure its bits are.
//!
//! Many senders switch tones only at their own samples, and on a digital line these are ours too. Such edges lie up to
//! half a sample off, which is a seventh of a turn of phase. The search keeps readings of both kinds and soon knows which
//! sender it has.

mod front;
mod receiver;
mod screen;
mod search;
mod sender;
#[cfg(test)]
mod tests;
mod track;

pub use receiver::{Carrier, Event, Kind, Receiver};
pub use sender::{Format, MAX_BYTES, Sender};

/// The two frequencies and the rate of a modem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Frequency of mark (1), in Hz.
    pub mark: f32,
    /// Frequency of space (0), in Hz.
    pub space: f32,
    /// Bits per second.
    pub baud: f32,
}

/// Bell 202.
pub const BELL202: Spec = Spec { mark: 1200.0, space: 2200.0, baud: 1200.0 };
/// ITU-T V.23, forward channel.
pub const V23: Spec = Spec { mark: 1300.0, space: 2100.0, baud: 1200.0 };
