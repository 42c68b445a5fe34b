//! What goes into the provider.

use crate::{CallHandle, DeviceId, HostCall, HostLine, LineHandle, RequestId};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use loopstart_signal::{Clock, DigitMode, LineEvent};

/// One input of the provider. `Clone` and `Debug`, so that a flight recorder can keep and replay it.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A device appeared.
    DeviceAdded(DeviceDescription),
    /// A device is gone for good; its line, if open, gets `Close` and then `Remove`.
    DeviceRemoved(DeviceId),
    /// A line said something.
    Event(DeviceId, LineEvent),
    /// A deadline of this clock passed.
    Deadline(Clock),
    /// The host wants something.
    Command(Command),
    /// The answer to [`Output::Offer`](crate::Output::Offer): the host's handle, or none when it cannot take the call.
    Offered {
        /// The call that was offered.
        call: CallHandle,
        /// The host's handle for it.
        host: Option<HostCall>,
    },
}

/// What a line device is, apart from what it can do (that comes with `Ready`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceDescription {
    /// The number the host knows it by.
    pub id: DeviceId,
    /// Name for people.
    pub name: String,
    /// Stable id, as `loopstart list` prints it; the permanent line id and GUID are derived from it.
    pub stable_id: String,
    /// What it is: driver, chip, selector. For people.
    pub provider_info: String,
    /// The line's own number, when known.
    pub number: Option<String>,
    /// The clock it lives on.
    pub clock: Clock,
}

/// What the host wants. Synchronous commands are done when `handle` returns; asynchronous ones carry a
/// [`RequestId`] and complete exactly once through [`Output::Complete`](crate::Output::Complete), unless `handle`
/// answered an error.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Opens a line (`lineOpen`); answers [`Reply::Line`].
    OpenLine {
        /// Which device.
        device: DeviceId,
        /// The host's handle.
        host: HostLine,
    },
    /// Closes a line (`lineClose`): completes everything, drops what is up, nothing afterwards.
    CloseLine(LineHandle),
    /// Which line and address state changes the host wants to hear of.
    SetStatusMessages {
        /// The line.
        line: LineHandle,
        /// `LINEDEVSTATE_` bits.
        line_states: u32,
        /// `LINEADDRESSSTATE_` bits.
        address_states: u32,
    },
    /// Which media the host wants to be offered; none means no incoming calls.
    SetMediaDetection {
        /// The line.
        line: LineHandle,
        /// The media.
        modes: MediaModes,
    },
    /// Tests whether a call with these parameters could be made now; changes nothing.
    ConditionalMediaDetection {
        /// The line.
        line: LineHandle,
        /// The media to detect.
        modes: MediaModes,
        /// The parameters.
        params: CallParams,
    },
    /// Makes a call (asynchronous); answers [`Reply::Call`].
    MakeCall {
        /// The request.
        request: RequestId,
        /// The line.
        line: LineHandle,
        /// The host's handle for the call.
        host: HostCall,
        /// Where to; none: only go off hook.
        address: Option<Address>,
        /// Country code of the destination, 0 = default.
        country: u32,
        /// How.
        params: CallParams,
    },
    /// Dials on an existing call (asynchronous).
    Dial {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// What to dial.
        address: Address,
        /// Country code of the destination, 0 = default.
        country: u32,
    },
    /// Claims an offered call (asynchronous).
    Accept {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
    },
    /// Answers an offered call (asynchronous).
    Answer {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
    },
    /// Ends a call (asynchronous).
    Drop {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
    },
    /// The host's last use of a call: completes its requests, ends it, nothing afterwards.
    CloseCall(CallHandle),
    /// Changes bearer mode, rates and dial parameters (asynchronous).
    SetCallParams {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// `LINEBEARERMODE_` bit.
        bearer_mode: u32,
        /// bit/s.
        min_rate: u32,
        /// bit/s.
        max_rate: u32,
        /// New dial parameters, or keep.
        dial: Option<DialParams>,
    },
    /// Sends digits; ends with one `Generate` notification. `digits: None` cancels.
    GenerateDigits {
        /// The call.
        call: CallHandle,
        /// Returned in the notification (`dwEndToEndID`).
        end_to_end: u32,
        /// How.
        mode: DigitMode,
        /// What; a comma pauses, characters that are no digits are skipped.
        digits: Option<Address>,
        /// Length of a digit; zero = default.
        duration: Duration,
    },
    /// Reports digits singly.
    MonitorDigits {
        /// The call.
        call: CallHandle,
        /// Which kinds; none stops.
        modes: DigitModes,
    },
    /// Collects digits; ends with one `Gathered` notification. `None` cancels.
    GatherDigits {
        /// The call.
        call: CallHandle,
        /// Returned in the notification (`dwEndToEndID`).
        end_to_end: u32,
        /// What to collect.
        gather: Option<GatherRequest>,
    },
    /// Stores a number for the host.
    SetAppSpecific {
        /// The call.
        call: CallHandle,
        /// The number.
        value: u32,
    },
    /// Stores the media mode of a call.
    SetMediaMode {
        /// The call.
        call: CallHandle,
        /// The media.
        modes: MediaModes,
    },
}

/// What `handle` answers when it does not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done (synchronous), or accepted (asynchronous): the completion follows.
    Ok,
    /// The line that was opened.
    Line(LineHandle),
    /// The call that is being made; valid for the host once the request completed with success.
    Call(CallHandle),
}

/// A dialable address as the host gave it. Its `Debug` form tells only the length, so that no log carries it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} characters>", self.0.chars().count())
    }
}

bitflags::bitflags! {
    /// Media of a call. The bits are those of `LINEMEDIAMODE_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct MediaModes: u32 {
        /// Not known yet.
        const UNKNOWN = 0x2;
        /// A person talks.
        const INTERACTIVE_VOICE = 0x4;
        /// A program talks.
        const AUTOMATED_VOICE = 0x8;
        /// Data modem.
        const DATA_MODEM = 0x10;
        /// Group 3 fax.
        const G3_FAX = 0x20;
        const _ = !0;
    }
}

bitflags::bitflags! {
    /// Kinds of digit to report or collect. The bits are those of `LINEDIGITMODE_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct DigitModes: u32 {
        /// Pulses.
        const PULSE = 1;
        /// DTMF, at its beginning.
        const DTMF = 2;
        /// The end of a DTMF digit.
        const DTMF_END = 4;
        const _ = !0;
    }
}

bitflags::bitflags! {
    /// Wishes for a call. The bits are those of `LINECALLPARAMFLAGS_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct CallParamFlags: u32 {
        /// Protect it from call waiting.
        const SECURE = 1;
        /// Only when the line is idle.
        const IDLE = 2;
        /// Withhold the caller's number.
        const BLOCK_ID = 4;
        const _ = !0;
    }
}

/// Dial parameters. Zero means the default; a value out of range becomes the nearest limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DialParams {
    /// Length of a pause (comma).
    pub pause: Duration,
    /// Silence between digits.
    pub speed: Duration,
    /// Length of a DTMF digit.
    pub digit: Duration,
    /// How long to wait for dial tone.
    pub wait_for_dialtone: Duration,
}

/// Parameters of a call to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallParams {
    /// `LINEBEARERMODE_` bit.
    pub bearer_mode: u32,
    /// bit/s, 0 = no lower bound.
    pub min_rate: u32,
    /// bit/s, 0 = the device's maximum.
    pub max_rate: u32,
    /// The media.
    pub media: MediaModes,
    /// Wishes.
    pub flags: CallParamFlags,
    /// `LINEADDRESSMODE_` bit.
    pub address_mode: u32,
    /// Which address of the line, with mode ADDRESSID.
    pub address_id: u32,
    /// Dial parameters.
    pub dial: DialParams,
    /// Own address, with mode DIALABLEADDR.
    pub orig_address: Option<Address>,
    /// Give up when nobody answers in this time; zero = never.
    pub no_answer_timeout: Duration,
}

impl Default for CallParams {
    /// A voice call on address 0 with default dial parameters.
    fn default() -> Self {
        Self {
            bearer_mode: 1,
            min_rate: 0,
            max_rate: 0,
            media: MediaModes::INTERACTIVE_VOICE,
            flags: CallParamFlags::empty(),
            address_mode: 1,
            address_id: 0,
            dial: DialParams::default(),
            orig_address: None,
            no_answer_timeout: Duration::ZERO,
        }
    }
}

/// What to collect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatherRequest {
    /// Which kinds of digit.
    pub modes: DigitModes,
    /// How many at most; at least 1.
    pub count: u32,
    /// Digits that end the collection (they are collected too).
    pub termination: Vec<u8>,
    /// How long to wait for the first digit; zero = for ever.
    pub first_timeout: Duration,
    /// How long to wait between digits; zero = for ever.
    pub inter_timeout: Duration,
}
