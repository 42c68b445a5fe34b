//! What can be read from the provider: snapshots for the synchronous getters.

use crate::{
    CallHandle, CallParamFlags, CallState, DeviceId, DialParams, DigitModes, HostCall, HostLine, LineHandle, MediaModes,
};
use alloc::string::String;
use alloc::vec::Vec;
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
    /// Terminals that parts of the line can be routed to.
    pub terminals: u32,
    /// Lists that tones can be watched for with: entries, and frequencies of each.
    pub monitor_tones: (u32, u32),
    /// `LINETONEMODE_` bits that can be sent, and frequencies of a custom one.
    pub generate_tones: (u32, u32),
    /// Entries of each list that media can be controlled by; 0 = not at all.
    pub media_control: u32,
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
    /// Calls that can be on hold at once.
    pub max_held_calls: u32,
    /// Calls that can wait for a transfer or conference at once.
    pub max_held_pending_calls: u32,
    /// Parties of a conference, this one included; 0 = no conferences.
    pub max_conference: u32,
    /// Parties of a conference that a transfer can end in.
    pub max_transfer_conference: u32,
    /// `LINECALLFEATURE2_` bits.
    pub call_features2: CallFeatures2,
    /// `LINETRANSFERMODE_` bits.
    pub transfer_modes: u32,
    /// `LINEREMOVEFROMCONF_` value.
    pub remove_from_conference: u32,
    /// `LINECALLSTATE_` bit that a member is in when it was removed.
    pub removed_state: u32,
    /// `LINEFORWARDMODE_` bits.
    pub forward_modes: u32,
    /// Entries of a forwarding list.
    pub max_forward_entries: u32,
    /// Rings before a call is forwarded: least, greatest; 0 = not settable.
    pub forward_rings: (u32, u32),
    /// `LINEPARKMODE_` bits.
    pub park_modes: u32,
    /// `LINECALLCOMPLMODE_` bits.
    pub completion_modes: u32,
    /// `LINECALLCOMPLCOND_` bits.
    pub completion_conditions: u32,
    /// Completions that can be outstanding.
    pub max_completions: u32,
    /// Most bytes of the host's call data.
    pub max_call_data: u32,
    /// `LINECALLTREATMENT_` numbers that can be set.
    pub treatments: &'static [u32],
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
    /// Completions that are outstanding.
    pub completions: u32,
    /// Messages wait.
    pub message_waiting: bool,
    /// Polarity is not the one with which the device came into service, as far as reversals were told.
    pub reversed: bool,
    /// `LINETERMMODE_` bits routed to each terminal ([`TERMINALS`](crate::TERMINALS)); empty without terminals.
    pub terminals: Vec<u32>,
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
    /// What is forwarded where, as far as known.
    pub forwards: Vec<crate::ForwardEntry>,
    /// Rings before a call is forwarded, 0 = not known.
    pub forward_rings: u32,
}

/// State of a call, for `LINECALLSTATUS`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallStatus {
    /// The state, as last reported.
    pub state: CallState,
    /// What can be done now.
    pub features: CallFeatures,
    /// How it can be done.
    pub features2: CallFeatures2,
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
    /// The number of the call that belongs to it, 0 = none.
    pub related_call_id: u32,
    /// The number of the completion it comes from, 0 = none.
    pub completion_id: u32,
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
    /// What is known of who is connected.
    pub connected_id_flags: PartyFlags,
    /// Who is connected: the number.
    pub connected_id: String,
    /// Who is connected: the name.
    pub connected_name: String,
    /// What is known of who redirected it.
    pub redirecting_id_flags: PartyFlags,
    /// Who redirected it.
    pub redirecting_id: String,
    /// Digits that are monitored.
    pub monitor_digits: DigitModes,
    /// Media that are monitored.
    pub monitor_media: MediaModes,
    /// `LINECALLTREATMENT_` number, 0 = the exchange's.
    pub treatment: u32,
    /// The host's bytes.
    pub call_data: Vec<u8>,
    /// `LINETERMMODE_` bits routed to each terminal ([`TERMINALS`](crate::TERMINALS)); empty without terminals.
    pub terminals: Vec<u32>,
    /// Give up when nobody answers in this time; zero = never.
    pub no_answer_timeout: Duration,
}

/// `LINECALLORIGIN_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CallOrigin {
    /// Made here.
    Outbound = 0x1,
    /// Came in from inside the PBX.
    Internal = 0x2,
    /// Came in from outside the PBX.
    External = 0x4,
    /// A conference.
    Conference = 0x40,
    /// Came in; inside or outside is not known.
    Inbound = 0x80,
}

/// `LINECALLREASON_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CallReason {
    /// An ordinary call.
    Direct = 0x1,
    /// Picked up.
    Pickup = 0x10,
    /// Taken from where it was parked.
    Unpark = 0x20,
    /// A completion.
    CallCompletion = 0x80,
    /// To be transferred, or transferred.
    Transfer = 0x100,
    /// A held or parked call comes back.
    Reminder = 0x200,
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
        /// Add it to a conference.
        const ADD_TO_CONFERENCE = 0x2;
        /// Answer it.
        const ANSWER = 0x4;
        /// Transfer it without asking.
        const BLIND_TRANSFER = 0x8;
        /// Have it completed.
        const COMPLETE_CALL = 0x10;
        /// Complete its transfer.
        const COMPLETE_TRANSFER = 0x20;
        /// Dial more.
        const DIAL = 0x40;
        /// End it.
        const DROP = 0x80;
        /// Collect digits.
        const GATHER_DIGITS = 0x100;
        /// Send digits.
        const GENERATE_DIGITS = 0x200;
        /// Send a tone.
        const GENERATE_TONE = 0x400;
        /// Hold it.
        const HOLD = 0x800;
        /// Report digits.
        const MONITOR_DIGITS = 0x1000;
        /// Report media.
        const MONITOR_MEDIA = 0x2000;
        /// Report tones.
        const MONITOR_TONES = 0x4000;
        /// Park it.
        const PARK = 0x8000;
        /// Prepare to add a call to it.
        const PREPARE_ADD_TO_CONFERENCE = 0x1_0000;
        /// Send it elsewhere.
        const REDIRECT = 0x2_0000;
        /// Take it out of its conference.
        const REMOVE_FROM_CONFERENCE = 0x4_0000;
        /// Protect it.
        const SECURE_CALL = 0x8_0000;
        /// Change parameters.
        const SET_CALL_PARAMS = 0x20_0000;
        /// Control its media.
        const SET_MEDIA_CONTROL = 0x40_0000;
        /// Route it.
        const SET_TERMINAL = 0x80_0000;
        /// Make a conference of it.
        const SETUP_CONFERENCE = 0x100_0000;
        /// Prepare to transfer it.
        const SETUP_TRANSFER = 0x200_0000;
        /// Exchange it with another.
        const SWAP_HOLD = 0x400_0000;
        /// Take it back.
        const UNHOLD = 0x800_0000;
        /// Set what the caller hears.
        const SET_TREATMENT = 0x2000_0000;
        /// Store bytes with it.
        const SET_CALL_DATA = 0x8000_0000;
    }
}

bitflags::bitflags! {
    /// How it can be done. The bits are those of `LINECALLFEATURE2_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct CallFeatures2: u32 {
        /// A conference without holding the first call.
        const NO_HOLD_CONFERENCE = 0x1;
        /// A transfer whose consultation call is dialled by itself.
        const ONE_STEP_TRANSFER = 0x2;
        /// Completion by camping on.
        const COMPLETION_CAMP_ON = 0x4;
        /// Completion by a call back.
        const COMPLETION_CALL_BACK = 0x8;
        /// Transfer.
        const TRANSFER_NORMAL = 0x40;
        /// Transfer as a conference.
        const TRANSFER_CONFERENCE = 0x80;
        /// Park at a chosen place.
        const PARK_DIRECTED = 0x100;
        /// Park where the exchange chooses.
        const PARK_NONDIRECTED = 0x200;
    }
}

bitflags::bitflags! {
    /// What can be done with a line. The bits are those of `LINEFEATURE_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct LineFeatures: u32 {
        /// The device's own.
        const DEV_SPECIFIC = 0x1;
        /// The device's own keys.
        const DEV_SPECIFIC_FEATURE = 0x2;
        /// Forward calls.
        const FORWARD = 0x4;
        /// Make a call.
        const MAKE_CALL = 0x8;
        /// Control media.
        const SET_MEDIA_CONTROL = 0x10;
        /// Route it.
        const SET_TERMINAL = 0x20;
        /// Forward to a number.
        const FORWARD_FORWARD = 0x80;
        /// Forward to nowhere.
        const FORWARD_DO_NOT_DISTURB = 0x100;
    }
}

bitflags::bitflags! {
    /// What can be done with an address. The bits are those of `LINEADDRFEATURE_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct AddressFeatures: u32 {
        /// Forward calls.
        const FORWARD = 0x1;
        /// Make a call.
        const MAKE_CALL = 0x2;
        /// Take a call that rings elsewhere.
        const PICKUP = 0x4;
        /// Control media.
        const SET_MEDIA_CONTROL = 0x8;
        /// Route it.
        const SET_TERMINAL = 0x10;
        /// Make a conference.
        const SETUP_CONFERENCE = 0x20;
        /// Give a completion up.
        const UNCOMPLETE_CALL = 0x40;
        /// Take a parked call.
        const UNPARK = 0x80;
        /// Pick up in a group.
        const PICKUP_GROUP = 0x200;
        /// Pick up at an address.
        const PICKUP_DIRECT = 0x400;
        /// Take the waiting call.
        const PICKUP_WAITING = 0x800;
        /// Forward to a number.
        const FORWARD_FORWARD = 0x1000;
        /// Forward to nowhere.
        const FORWARD_DO_NOT_DISTURB = 0x2000;
    }
}
