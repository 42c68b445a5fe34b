//! What can go wrong with a device, as a person should read it.

use std::path::PathBuf;

/// A device could not be opened. The text says what failed, on which device, and what to try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The selector is not one of the known forms.
    #[error("'{selector}' is not a device selector; use emulated:N, serial:/dev/ttyACM0 or dahdi:N")]
    UnknownSelector {
        /// As given.
        selector: String,
    },
    /// There is no such device.
    #[error("{device}: no such device; is the modem plugged in? 'loopstart list' shows what is there")]
    Missing {
        /// The selector.
        device: String,
    },
    /// Another program has it.
    #[error("{device}: in use by {holder}; end that program, or tell it to leave the port alone")]
    Busy {
        /// The selector.
        device: String,
        /// `name (pid N)`, or "another program" when it cannot be told.
        holder: String,
    },
    /// No permission.
    #[error("{device}: no permission for {}; {hint}", path.display())]
    Permission {
        /// The selector.
        device: String,
        /// The device node.
        path: PathBuf,
        /// Which group or rule helps.
        hint: String,
    },
    /// It is there but is not a terminal (or not an FXO channel).
    #[error("{device}: {reason}")]
    WrongKind {
        /// The selector.
        device: String,
        /// What it is instead and what to try.
        reason: String,
    },
    /// The operating system reported something else.
    #[error("{device}: {action} failed: {source}")]
    Os {
        /// The selector.
        device: String,
        /// What was being done.
        action: &'static str,
        /// The error.
        source: std::io::Error,
    },
}

/// Reading or writing a port failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Nothing to read, or no room to write, at the moment.
    #[error("not ready")]
    WouldBlock,
    /// The other side is gone: unplugged, or the pseudo-terminal closed.
    #[error("the device is gone")]
    Gone,
    /// Line-card events wait and must be fetched first (DAHDI's errno 500).
    #[error("events wait")]
    EventPending,
    /// Another error of the operating system (errno).
    #[error("errno {0}")]
    Os(i32),
}
