//! Handles. Ours are generational: a stale one is an error, never a pointer. The host's are opaque numbers.

use core::fmt;

/// The number by which the host knows a line device (`dwDeviceID`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

/// The number of an asynchronous request (`DRV_REQUESTID`), chosen by the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u32);

/// The host's own handle for a line (`HTAPILINE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostLine(pub usize);

/// The host's own handle for a call (`HTAPICALL`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostCall(pub usize);

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $tag:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// From slot number and generation (both cut to what fits: 12 and 16 bits).
            pub(crate) const fn new(slot: u16, generation: u16) -> Self {
                Self($tag << 28 | ((slot as u32) & 0xfff) << 16 | generation as u32)
            }

            pub(crate) const fn slot(self) -> usize {
                (self.0 >> 16 & 0xfff) as usize
            }

            pub(crate) const fn generation(self) -> u16 {
                self.0 as u16
            }

            /// The number a host holds. Never 0.
            pub const fn raw(self) -> usize {
                self.0 as usize
            }

            /// The handle with this number, if it has the form of one. Whether it is alive the provider tells.
            pub const fn from_raw(raw: usize) -> Option<Self> {
                if raw >> 28 == $tag { Some(Self(raw as u32)) } else { None }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}.{})"), self.slot(), self.generation())
            }
        }
    };
}

handle!(
    /// An open line (`HDRVLINE`).
    LineHandle,
    0x4
);
handle!(
    /// A call appearance (`HDRVCALL`).
    CallHandle,
    0x5
);
