//! What can be read from the provider: snapshots for the synchronous getters.

use crate::{
    CallHandle, CallParamFlags, CallState, DeviceId, DialParams, DigitModes, HostCall, HostLine, LineHandle, MediaModes,
};
use alloc::string::String;
use core::time::Duration;
use loopstart_signal::{Caps, Time};

/// What a device can do, for `LINEDEVCAPS`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceCaps {
    /// The device.
    pub device: DeviceId,
    /// Name for people.
    pub name: String,
    /// Driver, chip, selector.
    pub provider_info: String,
    /// Stable id; permanent line id and GUID are derived from it.
    pub stable_id: String,
    /// What the device reported. Empty before it is ready.
    pub caps: Caps,
    /// `LINEBEARERMODE_` bits.
    pub bearer_modes: u32,
    /// bit/s.
    pub max_rate: u32,
    /// Media.
    pub media: MediaModes,
    /// Modes in which digits can be sent.
    pub generate_digit_modes: DigitModes,
    /// Modes in which digits can be monitored.
    pub monitor_digit_modes: DigitModes,
    /// Limits of the gather timeouts, ms; both 0 when unsupported.
    pub gather_timeout: (u32, u32),
    /// `LINEDEVCAPFLAGS_` bits.
    pub flags: u32,
    /// `LINEANSWERMODE_` bits.
    pub answer_mode: u32,
    /// Distinguishable ring modes.
    pub ring_modes: u32,
    /// `LINEDEVSTATE_` bits that can come.
    pub line_states: u32,
    /// Least dial parameters.
    pub min_dial: DialParams,
    /// Greatest dial parameters.
    pub max_dial: DialParams,
    /// Default dial parameters.
    pub default_dial: DialParams,
    /// What the line can ever do.
    pub features: LineFeatures,
}

/// What an address can do, for `LINEADDRESSCAPS`.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressCaps {
    /// The device.
    pub device: DeviceId,
    /// Own number.
    pub address: Option<String>,
    /// `LINEADDRESSSTATE_` bits that can come.
    pub address_states: u32,
    /// `LINECALLINFOSTATE_` bits that can come.
    pub call_info_states: u32,
    /// Kinds of caller identification that can come.
    pub caller_id: PartyFlags,
    /// `LINECALLSTATE_` bits that can come: nothing the device cannot witness.
    pub call_states: u32,
    /// `LINEDIALTONEMODE_` bits.
    pub dial_tone_modes: u32,
    /// `LINEBUSYMODE_` bits.
    pub busy_modes: u32,
    /// `LINESPECIALINFO_` bits.
    pub special_info: u32,
    /// `LINEDISCONNECTMODE_` bits.
    pub disconnect_modes: u32,
    /// `LINEADDRCAPFLAGS_` bits.
    pub flags: u32,
    /// What calls can ever do.
    pub call_features: CallFeatures,
    /// What the address can ever do.
    pub features: AddressFeatures,
    /// Seconds, 0 = no such timeout.
    pub max_no_answer_timeout: u32,
    /// `LINECONNECTEDMODE_` bits.
    pub connected_modes: u32,
    /// `LINEOFFERINGMODE_` bits.
    pub offering_modes: u32,
    /// Calls that can be active at once.
    pub max_active_calls: u32,
}

/// State of an open line, for `LINEDEVSTATUS`.
#[derive(Clone, Debug, PartialEq)]
pub struct LineStatus {
    /// The device.
    pub device: DeviceId,
    /// The host's handle.
    pub host: HostLine,
    /// Calls that are neither idle nor held.
    pub active_calls: u32,
    /// Held calls.
    pub held_calls: u32,
    /// Held calls with a pending transfer or conference.
    pub held_pending_calls: u32,
    /// What the line can do now.
    pub features: LineFeatures,
    /// Present ring mode, 0 = silent.
    pub ring_mode: u32,
    /// The cable is in, as far as can be told.
    pub connected: bool,
    /// The device works.
    pub in_service: bool,
    /// Media a new call could use.
    pub available_media: MediaModes,
}

/// State of an address, for `LINEADDRESSSTATUS`.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressStatus {
    /// Stations that use it.
    pub in_use: u32,
    /// Calls that are neither idle nor held.
    pub active_calls: u32,
    /// Held calls.
    pub held_calls: u32,
    /// Held calls with a pending transfer or conference.
    pub held_pending_calls: u32,
    /// What the address can do now.
    pub features: AddressFeatures,
}

/// State of a call, for `LINECALLSTATUS`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallStatus {
    /// The state, as last reported.
    pub state: CallState,
    /// What can be done now.
    pub features: CallFeatures,
    /// When the state was entered, on the line's clock.
    pub entered: Time,
}

/// Information about a call, for `LINECALLINFO`.
#[derive(Clone, Debug, PartialEq)]
pub struct CallInfo {
    /// The call.
    pub call: CallHandle,
    /// The host's handle, once known.
    pub host: Option<HostCall>,
    /// Its line.
    pub line: LineHandle,
    /// Its device.
    pub device: DeviceId,
    /// Its address on the line.
    pub address_id: u32,
    /// `LINEBEARERMODE_` bit.
    pub bearer_mode: u32,
    /// bit/s of the present connection, 0 for voice.
    pub rate: u32,
    /// Media.
    pub media: MediaModes,
    /// The host's number.
    pub app_specific: u32,
    /// Unique number of the call within the session.
    pub call_id: u32,
    /// Wishes of the host.
    pub flags: CallParamFlags,
    /// `LINECALLSTATE_` bits it can enter.
    pub call_states: u32,
    /// Dial parameters in force.
    pub dial: DialParams,
    /// Where it comes from.
    pub origin: CallOrigin,
    /// Why it is there.
    pub reason: CallReason,
    /// Country code of the destination, 0 unknown.
    pub country: u32,
    /// What is known of the caller.
    pub caller_id_flags: PartyFlags,
    /// The caller's number.
    pub caller_id: String,
    /// The caller's name.
    pub caller_name: String,
    /// What is known of the called party.
    pub called_id_flags: PartyFlags,
    /// The called number.
    pub called_id: String,
    /// Give up when nobody answers in this time; zero = never.
    pub no_answer_timeout: Duration,
}

/// `LINECALLORIGIN_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CallOrigin {
    /// Made here.
    Outbound = 0x1,
    /// Came in; inside or outside is not known.
    Inbound = 0x80,
}

/// `LINECALLREASON_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CallReason {
    /// An ordinary call.
    Direct = 0x1,
    /// Not known.
    Unknown = 0x400,
}

bitflags::bitflags! {
    /// What is known of a party. The bits are those of `LINECALLPARTYID_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct PartyFlags: u32 {
        /// Withheld.
        const BLOCKED = 1;
        /// Not available to the exchange.
        const OUT_OF_AREA = 2;
        /// The name is there.
        const NAME = 4;
        /// The number is there.
        const ADDRESS = 8;
        /// Only part of the number is there.
        const PARTIAL = 0x10;
        /// May still come.
        const UNKNOWN = 0x20;
        /// Will not come.
        const UNAVAIL = 0x40;
    }
}

bitflags::bitflags! {
    /// What can be done with a call. The bits are those of `LINECALLFEATURE_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct CallFeatures: u32 {
        /// Claim it.
        const ACCEPT = 0x1;
        /// Answer it.
        const ANSWER = 0x4;
        /// Dial more.
        const DIAL = 0x40;
        /// End it.
        const DROP = 0x80;
        /// Collect digits.
        const GATHER_DIGITS = 0x100;
        /// Send digits.
        const GENERATE_DIGITS = 0x200;
        /// Report digits.
        const MONITOR_DIGITS = 0x1000;
        /// Change parameters.
        const SET_CALL_PARAMS = 0x20_0000;
    }
}

bitflags::bitflags! {
    /// What can be done with a line. The bits are those of `LINEFEATURE_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct LineFeatures: u32 {
        /// Make a call.
        const MAKE_CALL = 0x8;
    }
}

bitflags::bitflags! {
    /// What can be done with an address. The bits are those of `LINEADDRFEATURE_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct AddressFeatures: u32 {
        /// Make a call.
        const MAKE_CALL = 0x2;
    }
}
