//! Devices that come and go.
//!
//! # What does it do?
//!
//! It tells that something about the machine's devices changed ([`Monitor`], [`Message`]) and what is attached
//! ([`registry::coldplug`](crate::registry::coldplug)), and decides what is to become of the lines ([`Watch`]).
//!
//! # How does it work?
//!
//! An event is only a reason to look: what is there is always read anew from sysfs, so that an event that was lost, came twice
//! or came late changes nothing. When the kernel's queue ran over, looking anew is all there is to do.
//!
//! The kernel tells of a device before its node belongs to anyone but root. With udev running, a device counts as ready
//! once udev has written down that its rules are through; a port that cannot be opened all the same is tried again, for a
//! while.

mod coldplug;
mod message;
mod monitor;
mod watch;

#[cfg(test)]
pub(crate) use coldplug::tests;
pub(crate) use coldplug::usb_ports;
pub use coldplug::{Roots, UsbPort};
#[doc(hidden)]
pub use message::write_udev;
pub use message::{Action, Malformed, Message, Source};
pub use monitor::{Monitor, Received};
pub use watch::{Attempt, Seen, SeenState, Step, Watch};
