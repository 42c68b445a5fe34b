//! The two seams under the drivers: a byte stream with modem lines, and a line-card channel.

use crate::PortError;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Changes of modem lines (ITU-T V.24), counted since the port was made; the counts wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LineChanges {
    /// Of circuit 125, the ring indicator. Most systems count only its falling edges.
    pub ring: u32,
    /// Of circuit 109, data carrier detect, in both directions.
    pub carrier: u32,
}

/// A non-blocking byte stream to a modem: a serial port, a pseudo-terminal, memory in tests.
///
/// Decorators implement it again: a tracer, a capture, faults.
pub trait Port: Send {
    /// Reads what is there, at most `buffer.len()` bytes, at least 1.
    ///
    /// # Errors
    /// [`PortError::WouldBlock`] when nothing is there; [`PortError::Gone`] when the other side is gone *and*
    /// everything it sent was read.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError>;

    /// Writes what fits; answers how many bytes, at least 1.
    ///
    /// # Errors
    /// [`PortError::WouldBlock`] when there is no room; [`PortError::Gone`].
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError>;

    /// The descriptor to poll. Memory ports have none.
    fn fd(&self) -> Option<BorrowedFd<'_>>;

    /// Sets DTR. Ports without modem lines (pseudo-terminals) do nothing.
    fn set_dtr(&mut self, _on: bool) {}

    /// The data-carrier-detect line, where there is one.
    fn carrier(&self) -> Option<bool> {
        None
    }

    /// Whether there are modem lines (DTR, DCD, RI) at all.
    fn has_lines(&self) -> bool {
        self.carrier().is_some()
    }

    /// How often the ring indicator and the carrier have changed, where the port counts it. Costs no traffic with the device.
    fn line_changes(&self) -> Option<LineChanges> {
        None
    }

    /// See [`LineDevice::drained`](crate::LineDevice::drained).
    fn drained(&self) -> bool {
        true
    }
}

/// Hook commands of a line-card channel (`DAHDI_HOOK`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookCommand {
    /// On hook, at once.
    OnHook,
    /// Off hook, at once.
    OffHook,
    /// A hook flash of the time set with [`FxoPort::set_flash`]; `HookComplete` follows.
    Flash,
}

/// Events of a line-card channel (`DAHDI_GETEVENT`), as an FXO port reports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum FxoEvent {
    /// Battery went away while off hook: the far end hung up, or the cable was pulled.
    OnHook = 1,
    /// A ring burst ended (or, off hook, a ring that was being answered was cut).
    RingOffHook = 2,
    /// No battery for a second.
    Alarm = 4,
    /// Battery is back.
    NoAlarm = 5,
    /// Pulse digits or kernel dialling is complete.
    DialComplete = 9,
    /// A flash is over.
    HookComplete = 12,
    /// Polarity was reversed.
    Polarity = 17,
    /// A ring burst began.
    RingBegin = 18,
    /// The card was removed.
    Removed = 20,
}

/// Samples in one block of a line-card channel: 20 ms.
pub const BLOCK: usize = 160;

/// A channel of a line card with the call set of DAHDI: audio in blocks, hook, events. 16-bit linear samples.
pub trait FxoPort: Send {
    /// Reads one block of audio; answers the number of samples.
    ///
    /// # Errors
    /// [`PortError::EventPending`] while an event waits (fetch it with [`event`](Self::event));
    /// [`PortError::WouldBlock`]; [`PortError::Gone`].
    fn read(&mut self, block: &mut [i16; BLOCK]) -> Result<usize, PortError>;

    /// Writes at most one block; answers how many samples were taken. An underrun sends silence.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn write(&mut self, samples: &[i16]) -> Result<usize, PortError>;

    /// Works the hook.
    ///
    /// # Errors
    /// [`PortError::Gone`], [`PortError::Os`] (EBUSY for a flash while debouncing).
    fn hook(&mut self, command: HookCommand) -> Result<(), PortError>;

    /// Dials a pulse digit string with the channel's own pulse timing; `DialComplete` follows.
    ///
    /// # Errors
    /// [`PortError::Gone`], [`PortError::Os`].
    fn dial_pulse(&mut self, digits: &[u8]) -> Result<(), PortError>;

    /// The oldest waiting event.
    ///
    /// # Errors
    /// [`PortError::Gone`].
    fn event(&mut self) -> Result<Option<FxoEvent>, PortError>;

    /// Sets how long a flash is.
    ///
    /// # Errors
    /// [`PortError::Gone`], [`PortError::Os`].
    fn set_flash(&mut self, time: Duration) -> Result<(), PortError>;

    /// Whether there is battery on the line (`rxhooksig`).
    ///
    /// # Errors
    /// [`PortError::Gone`].
    fn battery(&mut self) -> Result<bool, PortError>;

    /// Forgets audio that was received and not read.
    ///
    /// # Errors
    /// [`PortError::Gone`].
    fn flush_audio(&mut self) -> Result<(), PortError>;

    /// The descriptor to poll.
    fn fd(&self) -> Option<BorrowedFd<'_>>;

    /// See [`LineDevice::drained`](crate::LineDevice::drained).
    fn drained(&self) -> bool {
        true
    }
}
