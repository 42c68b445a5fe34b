//! Two ends of a byte stream in memory, for tests under virtual time.

use crate::{LineChanges, Port, PortError};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct Wire {
    to: [VecDeque<u8>; 2],
    gone: bool,
    dtr: bool,
    carrier: Option<bool>,
    changes: LineChanges,
}

/// One end of a stream in memory. What one end writes, the other reads. Dropping an end unplugs the other.
#[derive(Debug)]
pub struct MemoryPort {
    wire: Arc<Mutex<Wire>>,
    side: usize,
    capacity: usize,
}

impl MemoryPort {
    /// Two ends of a stream that holds `capacity` bytes (at least 1) in each direction.
    pub fn pair(capacity: usize) -> (Self, Self) {
        let wire = Arc::new(Mutex::new(Wire { dtr: true, ..Wire::default() }));
        let end = |side| Self { wire: Arc::clone(&wire), side, capacity: capacity.max(1) };
        (end(0), end(1))
    }

    /// Unplugs: the other end reads what is left, then finds this end gone.
    pub fn unplug(&mut self) {
        self.wire().gone = true;
    }

    /// Sets the carrier line that both ends see; `None` is a port without modem lines.
    pub fn set_carrier(&mut self, carrier: Option<bool>) {
        let mut wire = self.wire();
        if wire.carrier.is_some() && carrier.is_some() && wire.carrier != carrier {
            wire.changes.carrier = wire.changes.carrier.wrapping_add(1);
        }
        wire.carrier = carrier;
    }

    /// The ring indicator goes on and off once, for both ends; a port without modem lines has none.
    pub fn pulse_ring(&mut self) {
        let mut wire = self.wire();
        wire.changes.ring = wire.changes.ring.wrapping_add(1);
    }

    /// The DTR line as it was last set, by either end.
    pub fn dtr(&self) -> bool {
        self.wire().dtr
    }

    /// How many bytes wait for this end.
    pub fn waiting(&self) -> usize {
        self.wire().to.get(self.side).map_or(0, VecDeque::len)
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        // Whoever panicked with the lock held left bytes in a queue, nothing half done.
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MemoryPort {
    fn drop(&mut self) {
        self.unplug();
    }
}

impl Port for MemoryPort {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        let side = self.side;
        let mut wire = self.wire();
        let gone = wire.gone;
        let Some(queue) = wire.to.get_mut(side) else { return Err(PortError::Gone) };
        let n = queue.len().min(buffer.len());
        for (slot, byte) in buffer.iter_mut().zip(queue.drain(..n)) {
            *slot = byte;
        }
        match n {
            0 if gone => Err(PortError::Gone),
            0 => Err(PortError::WouldBlock),
            n => Ok(n),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let (side, capacity) = (1 - self.side, self.capacity);
        let mut wire = self.wire();
        if wire.gone {
            return Err(PortError::Gone);
        }
        let Some(queue) = wire.to.get_mut(side) else { return Err(PortError::Gone) };
        let n = bytes.len().min(capacity.saturating_sub(queue.len()));
        queue.extend(bytes.iter().take(n));
        if n == 0 { Err(PortError::WouldBlock) } else { Ok(n) }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn set_dtr(&mut self, on: bool) {
        self.wire().dtr = on;
    }

    fn carrier(&self) -> Option<bool> {
        self.wire().carrier
    }

    fn line_changes(&self) -> Option<LineChanges> {
        let wire = self.wire();
        wire.carrier.map(|_| wire.changes)
    }

    fn drained(&self) -> bool {
        self.waiting() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_before_the_end_is_believed() {
        let (mut here, mut there) = MemoryPort::pair(4);
        assert_eq!(there.write(b"RING\r"), Ok(4), "bounded");
        assert_eq!(there.write(b"\r"), Err(PortError::WouldBlock));
        assert!(!here.drained());
        drop(there);
        let mut buffer = [0; 3];
        assert_eq!(here.read(&mut buffer), Ok(3));
        assert_eq!(here.read(&mut buffer), Ok(1));
        assert_eq!(here.read(&mut buffer), Err(PortError::Gone));
        assert_eq!(here.write(b"x"), Err(PortError::Gone));
    }
}
