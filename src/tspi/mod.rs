//! The C surface: the published provider interface (TSPI 2.0 to 2.2), exported by the library for hosts written in C.
//!
//! This is the only module of the package with `unsafe` code, and in it only `raw` (what the host passes in),
//! `host` (its callbacks and buffers) and `ops` (the exported functions themselves). Everything between is safe:
//! it turns arguments into commands of the provider and snapshots of the provider into published structures.
//!
//! The rules that every function keeps: nothing unwinds into the host; a handle is a checked number and never a pointer;
//! no lock is held while the host is called back; a failed function has written nothing.

pub mod consts;
pub mod types;

mod call;
mod caps;
#[cfg(test)]
mod coverage;
mod guard;
#[cfg(test)]
mod header;
mod hold;
mod host;
mod ids;
mod info;
mod line;
mod media;
mod ops;
mod params;
mod raw;
mod services;
mod session;
mod settings;
mod specific;
mod varbuf;
mod wide;

pub use ops::{OPERATIONS, Operation, Parameter};
