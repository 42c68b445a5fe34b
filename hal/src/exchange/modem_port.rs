//! The seam between the exchange's thread and the firmware of an emulated voice modem.
//!
//! A modem has two sides: its subscriber line, on which it is a [`Terminal`], and its host, with which it exchanges
//! bytes. The thread that serves the exchange carries the bytes between the firmware and a pseudo-terminal. Both
//! directions are bounded: the host's bytes stay in the kernel while [`room`](ModemFirmware::room) is 0, and the
//! firmware keeps what it has for the host while the host does not read.

use super::subscriber::Terminal;

/// The firmware of an emulated modem.
///
/// Within one step of the exchange the thread calls [`receive`](Self::receive) with what the host wrote, then
/// [`step`](Terminal::step) (once per 5 ms of line time), then [`transmit`](Self::transmit) until it yields nothing
/// or the host's buffer is full.
pub trait ModemFirmware: Terminal {
    /// Takes bytes from the host, at most [`room`](Self::room) of them.
    fn receive(&mut self, bytes: &[u8]);

    /// How many bytes [`receive`](Self::receive) can take now. Bytes beyond stay with the host: flow control.
    fn room(&self) -> usize;

    /// Moves bytes for the host to `out`, oldest first; answers how many, at most `out.len()`. 0: nothing waits.
    ///
    /// `out.len()` is what the host's buffer takes now. The firmware's own queue is bounded: when the host does
    /// not read, received audio is dropped (and counted, as the overrun event of V.253 tells it), results are not.
    fn transmit(&mut self, out: &mut [u8]) -> usize;

    /// Data-carrier-detect towards the host: a data or fax carrier is there.
    fn carrier(&self) -> bool;

    /// The host's data-terminal-ready changed; off means hang up (as `&D2` says). A pseudo-terminal has no such
    /// line: the thread calls it with false when the line is unplugged and with true when it is plugged.
    fn set_dtr(&mut self, _on: bool) {}

    /// Audio samples that were lost because the host did not read in time, since power-up.
    fn lost(&self) -> u64 {
        0
    }
}

impl<M: ModemFirmware + ?Sized> ModemFirmware for Box<M> {
    fn receive(&mut self, bytes: &[u8]) {
        (**self).receive(bytes);
    }
    fn room(&self) -> usize {
        (**self).room()
    }
    fn transmit(&mut self, out: &mut [u8]) -> usize {
        (**self).transmit(out)
    }
    fn carrier(&self) -> bool {
        (**self).carrier()
    }
    fn set_dtr(&mut self, on: bool) {
        (**self).set_dtr(on);
    }
    fn lost(&self) -> u64 {
        (**self).lost()
    }
}

impl<T: Terminal + ?Sized> Terminal for Box<T> {
    fn step(
        &mut self,
        now: loopstart_signal::Time,
        line: &super::subscriber::FromExchange,
    ) -> super::subscriber::FromTerminal {
        (**self).step(now, line)
    }
}
