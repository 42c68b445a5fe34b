//! A port whose traffic is counted, so that the line clock knows whether everything was consumed.

use super::Meter;
use crate::{LineChanges, Port, PortError};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// Counts the driver's side of a [`Meter`]: what it read, before anything else is done with it, and what it wrote.
#[derive(Debug)]
pub struct Metered<P> {
    port: P,
    meter: Arc<Meter>,
}

impl<P: Port> Metered<P> {
    /// Counts what passes through `port`.
    pub const fn new(port: P, meter: Arc<Meter>) -> Self {
        Self { port, meter }
    }
}

impl<P: Port> Port for Metered<P> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        let n = self.port.read(buffer)?;
        self.meter.read_by_driver(n);
        Ok(n)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        let n = self.port.write(bytes)?;
        self.meter.sent_to_line(n);
        Ok(n)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.port.fd()
    }

    fn set_dtr(&mut self, on: bool) {
        self.port.set_dtr(on);
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
        self.meter.driver_is_drained() && self.port.drained()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MemoryPort;

    #[test]
    fn bytes_that_the_driver_has_not_read_are_not_drained() {
        let meter = Arc::new(Meter::new());
        let (port, mut exchange) = MemoryPort::pair(64);
        let mut port = Metered::new(port, Arc::clone(&meter));
        assert!(port.drained());
        exchange.write(b"RING").unwrap();
        meter.sent_to_driver(4);
        assert!(!port.drained());
        let mut buffer = [0; 8];
        assert_eq!(port.read(&mut buffer), Ok(4));
        assert!(port.drained());
        port.write(b"AT\r").unwrap();
        assert!(!meter.line_is_drained());
        meter.read_by_line(3);
        assert!(meter.line_is_drained());
    }
}
