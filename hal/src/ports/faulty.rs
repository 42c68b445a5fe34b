//! A port that misbehaves as a test wants it: the faults that real modems, cables and drivers have shown.

use crate::{LineChanges, Port, PortError};
use std::os::fd::BorrowedFd;

/// What brings a wedged modem back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cure {
    /// The end of a voice stream (`<DLE><ETX>`, `<DLE>!`, `<DLE>^`).
    StreamEnd,
    /// The escape sequence `+++`.
    Escape,
    /// DTR goes low and high again.
    Dtr,
    /// `ATZ`.
    Reset,
    /// Nothing that can be done on this port.
    Reopen,
}

/// The faults of a port; none by default. They may be changed at any time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// What is written is lost, and nothing is read, until this was seen.
    pub wedged: Option<Cure>,
    /// The port is gone once so many bytes have passed, in both directions together, counted from now.
    pub gone_after: Option<u64>,
    /// No read gives more bytes than this.
    pub read_at_most: Option<usize>,
    /// No write takes more bytes than this; 0: there is never room.
    pub write_at_most: Option<usize>,
    /// Reading fails with this errno.
    pub read_error: Option<i32>,
    /// Every byte read has its eighth bit set (a modem that sends parity).
    pub parity: bool,
}

/// A port with [`Faults`].
#[derive(Debug)]
pub struct Faulty<P> {
    port: P,
    /// What is wrong with it at present.
    pub faults: Faults,
    /// The end of what was written while wedged.
    seen: [u8; 4],
    dtr_low: bool,
}

impl<P: Port> Faulty<P> {
    /// A port in order.
    pub const fn new(port: P) -> Self {
        let faults = Faults {
            wedged: None,
            gone_after: None,
            read_at_most: None,
            write_at_most: None,
            read_error: None,
            parity: false,
        };
        Self { port, faults, seen: [0; 4], dtr_low: false }
    }

    /// The port behind the faults.
    pub const fn inner(&self) -> &P {
        &self.port
    }

    /// The port behind the faults, mutably.
    pub const fn inner_mut(&mut self) -> &mut P {
        &mut self.port
    }

    fn is_gone(&self) -> bool {
        self.faults.gone_after == Some(0)
    }

    fn count(&mut self, bytes: usize) {
        if let Some(left) = &mut self.faults.gone_after {
            *left = left.saturating_sub(bytes as u64);
        }
    }

    /// At most so many bytes pass now.
    fn allowed(&self, wanted: usize, most: Option<usize>) -> usize {
        let left = self.faults.gone_after.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        wanted.min(most.unwrap_or(usize::MAX)).min(left)
    }

    /// Looks for the cure in what is written to a wedged modem; answers how many bytes were lost on it.
    fn lose(&mut self, bytes: &[u8], cure: Cure) -> usize {
        for (n, &byte) in bytes.iter().enumerate() {
            self.seen.rotate_left(1);
            self.seen[3] = byte;
            let cured = match cure {
                Cure::StreamEnd => matches!(self.seen[2..], [0x10, 0x03 | b'!' | b'^']),
                Cure::Escape => self.seen[1..] == *b"+++",
                Cure::Reset => self.seen == *b"ATZ\r",
                Cure::Dtr | Cure::Reopen => false,
            };
            if cured {
                self.faults.wedged = None;
                self.seen = [0; 4];
                // The reset itself is answered.
                return if cure == Cure::Reset { 0 } else { n + 1 };
            }
        }
        bytes.len()
    }
}

impl<P: Port> Port for Faulty<P> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        if let Some(errno) = self.faults.read_error {
            return Err(PortError::Os(errno));
        }
        if self.is_gone() {
            return Err(PortError::Gone);
        }
        if self.faults.wedged.is_some() {
            let mut lost = [0; 64];
            while self.port.read(&mut lost)? > 0 {}
            return Err(PortError::WouldBlock);
        }
        let most = self.allowed(buffer.len(), self.faults.read_at_most);
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let n = self.port.read(buffer)?;
        if self.faults.parity {
            buffer.iter_mut().take(n).for_each(|b| *b |= 0x80);
        }
        self.count(n);
        Ok(n)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        if self.is_gone() {
            return Err(PortError::Gone);
        }
        let most = self.allowed(bytes.len(), self.faults.write_at_most);
        let bytes = bytes.get(..most).unwrap_or_default();
        if bytes.is_empty() {
            return Err(PortError::WouldBlock);
        }
        let lost = self.faults.wedged.map_or(0, |cure| self.lose(bytes, cure));
        if lost > 0 {
            self.count(lost);
            return Ok(lost);
        }
        let n = self.port.write(bytes)?;
        self.count(n);
        Ok(n)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.port.fd()
    }

    fn set_dtr(&mut self, on: bool) {
        self.port.set_dtr(on);
        if on && self.dtr_low && self.faults.wedged == Some(Cure::Dtr) {
            self.faults.wedged = None;
        }
        self.dtr_low = !on;
    }

    fn carrier(&self) -> Option<bool> {
        self.port.carrier()
    }

    fn has_lines(&self) -> bool {
        self.port.has_lines()
    }

    fn line_changes(&self) -> Option<LineChanges> {
        self.port.line_changes()
    }

    fn drained(&self) -> bool {
        self.port.drained()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MemoryPort;

    #[test]
    fn a_wedged_port_passes_nothing_until_cured() {
        let (near, mut far) = MemoryPort::pair(64);
        let mut port = Faulty::new(near);
        let mut buffer = [0; 16];
        for (cure, sequence) in
            [(Cure::StreamEnd, &b"\x10\x18\x10\x03"[..]), (Cure::Escape, b"+++"), (Cure::Reset, b"ATZ\r")]
        {
            port.faults.wedged = Some(cure);
            far.write(b"RING").unwrap();
            assert_eq!(port.write(b"AT\r"), Ok(3));
            assert_eq!(port.read(&mut buffer), Err(PortError::WouldBlock));
            let mut rest = sequence;
            while !rest.is_empty() {
                rest = &rest[port.write(rest).unwrap()..];
            }
            assert_eq!(port.faults.wedged, None, "{cure:?}");
            port.write(b"AT\r").unwrap();
            let n = far.read(&mut buffer).unwrap();
            assert_eq!(&buffer[..n], if cure == Cure::Reset { &b"ATZ\rAT\r"[..] } else { b"AT\r" });
        }
        port.faults.wedged = Some(Cure::Dtr);
        port.set_dtr(true);
        assert!(port.faults.wedged.is_some());
        port.set_dtr(false);
        port.set_dtr(true);
        assert!(port.faults.wedged.is_none());
    }

    #[test]
    fn it_goes_after_so_many_bytes_whichever_way_they_went() {
        let (near, mut far) = MemoryPort::pair(64);
        let mut port = Faulty::new(near);
        port.faults.gone_after = Some(5);
        assert_eq!(port.write(b"AT\r"), Ok(3));
        far.write(b"OK\r").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(port.read(&mut buffer), Ok(2));
        assert_eq!(port.read(&mut buffer), Err(PortError::Gone));
        assert_eq!(port.write(b"x"), Err(PortError::Gone));
    }
}
