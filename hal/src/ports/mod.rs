//! Ports: the byte streams and line-card channels that drivers run on, and what counts their traffic.

mod faulty;
pub(crate) mod fxo_emulated;
mod lock;
mod memory;
mod meter;
mod metered;
mod pty;
mod serial;
mod tty;

pub use faulty::{Cure, Faults, Faulty};
pub use fxo_emulated::EmulatedFxoPort;
pub use memory::MemoryPort;
pub use meter::Meter;
pub use metered::Metered;
pub use pty::PtyPort;
pub use serial::SerialPort;
