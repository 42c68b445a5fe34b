//! The provider-side state machine: pure, inputs and time in, outputs out.
//!
//! The rule of use: after every [`Provider::handle`], call [`Provider::poll`] until it answers `None`, under the
//! same lock, and carry out the outputs in that order. The order of decisions is the order of effects.
//!
//! Names: a *device* is a telephone line known to the provider ([`DeviceId`]); a *line* is a device opened by the
//! host ([`LineHandle`]); a *call* is a call appearance on a line ([`CallHandle`]).
//!
//! Inside: `machine` finds the line concerned and keeps the deadlines; `line` is a line device with its hook, its
//! outstanding actions and its timers; `incoming`, `outgoing` and `digits` are what it does, `media`, `tones`,
//! `media_control`, `terminal` and `pass_through` what it does about media; `call` is a call with the
//! one function that moves its state; `request` sees to it that each accepted request completes exactly once.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod call;
mod caps;
mod command;
mod dial;
mod digits;
mod errand;
mod error;
mod handle;
mod incoming;
mod input;
mod line;
mod machine;
mod media;
mod media_control;
mod messages;
mod outgoing;
mod output;
mod params;
mod parties;
mod pass_through;
mod procedure;
mod request;
#[cfg(test)]
mod scripts;
mod services;
mod slots;
mod switching;
mod terminal;
mod timers;
mod tones;
mod view;
mod waiting;

pub use command::{Command, Target, TransferMode};
pub use error::LineErr;
pub use handle::{CallHandle, DeviceId, HostCall, HostLine, LineHandle, RequestId};
pub use input::{
    Address, CallParamFlags, CallParams, DeviceDescription, DialParams, DigitModes, ForwardEntry, GatherRequest, Input,
    MediaControl, MediaModes, Reply, Scope, Slot,
};
pub use machine::Provider;
pub use output::{
    BusyMode, CallInfoChange, CallState, ConnectedMode, DialToneMode, DisconnectMode, GatherEnd, GenerateEnd,
    LineState, Notification, OfferingMode, Output, SpecialInfo,
};
pub use terminal::{TERMINALS, Terminal};
pub use view::{
    AddressCaps, AddressFeatures, AddressStatus, CallFeatures, CallFeatures2, CallInfo, CallOrigin, CallReason,
    CallStatus, DeviceCaps, LineFeatures, LineStatus, PartyFlags,
};
