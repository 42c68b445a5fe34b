//! loopstart: the telephony service provider (TSPI 2.2) for analog lines on Linux.
//!
//! Voice modems and FXO cards below; above them a provider-side state machine, and a C library with the published
//! TSPI names and structures. An emulated telephone exchange takes the place of hardware for trying and testing.
#![deny(unsafe_code)]

#[doc(hidden)]
pub mod cli;
pub mod config;
pub mod plan_file;
pub mod runtime;
pub mod tspi;

pub use loopstart_hal as hal;
pub use loopstart_provider as provider;
pub use loopstart_signal as signal;
