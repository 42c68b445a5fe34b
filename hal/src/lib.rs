//! Everything of loopstart that touches a file descriptor: ports, drivers, the emulated exchange.
//!
//! Two kinds of device exist, a voice modem behind a byte stream and an FXO port with audio; both speak the one
//! event model of [`loopstart_signal`]. A [`LineDevice`] is a dialog with one line: it is told when its descriptor
//! is ready and what time it is, and never blocks.
#![deny(unsafe_code)]

mod clock;
mod device;
pub mod drivers;
mod error;
pub mod exchange;
pub mod hotplug;
mod port;
pub mod ports;
pub mod registry;
pub mod rt;
mod t35;
pub mod transcript;
pub mod usb;

pub use clock::{LineClock, Ticket};
pub use device::{EventQueue, Interest, LineDevice, Readiness};
pub use error::{OpenError, PortError};
pub use port::{BLOCK, FxoEvent, FxoPort, HookCommand, LineChanges, Port};
