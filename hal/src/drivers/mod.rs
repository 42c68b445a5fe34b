//! The drivers: dialogs with a line through a port.

pub mod audio;
pub mod fxo;
pub mod gauge;
pub mod guard;
pub mod voice_modem;
pub mod watch;
