//! Counters that two ends of a descriptor share, so that each knows whether the other has read everything.
//!
//! A pseudo-terminal passes bytes on in a kernel thread: that the other end has nothing to read *now* does not say that
//! nothing is on its way. The line clock must not advance over bytes on their way, so both ends count.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what passed between the exchange ("line") and a driver, in bytes on a pseudo-terminal, in datagrams on
/// an emulated FXO port. The sender counts *after* it wrote, the reader after it read.
#[derive(Debug, Default)]
pub struct Meter {
    /// Written by the exchange.
    pub to_driver_sent: AtomicU64,
    /// Read by the driver.
    pub to_driver_read: AtomicU64,
    /// Written by the driver.
    pub to_line_sent: AtomicU64,
    /// Read by the exchange.
    pub to_line_read: AtomicU64,
}

impl Meter {
    /// Counters at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the driver has read everything that the exchange wrote.
    pub fn driver_is_drained(&self) -> bool {
        let read = self.to_driver_read.load(Ordering::Acquire);
        read >= self.to_driver_sent.load(Ordering::Acquire)
    }

    /// Whether the exchange has read everything that the driver wrote.
    pub fn line_is_drained(&self) -> bool {
        let read = self.to_line_read.load(Ordering::Acquire);
        read >= self.to_line_sent.load(Ordering::Acquire)
    }

    /// The exchange wrote `n`.
    pub fn sent_to_driver(&self, n: usize) {
        self.to_driver_sent.fetch_add(n as u64, Ordering::AcqRel);
    }

    /// The driver read `n`.
    pub fn read_by_driver(&self, n: usize) {
        self.to_driver_read.fetch_add(n as u64, Ordering::AcqRel);
    }

    /// The driver wrote `n`.
    pub fn sent_to_line(&self, n: usize) {
        self.to_line_sent.fetch_add(n as u64, Ordering::AcqRel);
    }

    /// The exchange read `n`.
    pub fn read_by_line(&self, n: usize) {
        self.to_line_read.fetch_add(n as u64, Ordering::AcqRel);
    }
}
