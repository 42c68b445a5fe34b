//! What goes into the provider.

use crate::{CallHandle, Command, DeviceId, HostCall, LineHandle};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use loopstart_signal::plan::Plan;
use loopstart_signal::{Clock, LineEvent, WatchedTone};

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
#[derive(Clone, Debug, PartialEq)]
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
    /// Its extension within a PBX, when it has one; parked calls lie there where the plan says so.
    pub extension: Option<String>,
    /// The clock it lives on.
    pub clock: Clock,
    /// How its exchange does things.
    pub plan: Arc<Plan>,
}

/// What a setting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All calls of a line.
    Line(LineHandle),
    /// All calls of an address of a line.
    Address(LineHandle, u32),
    /// One call.
    Call(CallHandle),
}

/// Calls to be forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardEntry {
    /// `LINEFORWARDMODE_` bit.
    pub mode: u32,
    /// Only calls from here.
    pub caller: Option<Address>,
    /// Where to; none: nowhere (do not disturb).
    pub destination: Option<Address>,
    /// Country code of the destination, 0 = default.
    pub country: u32,
}

/// What happens to the media stream by itself, and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaControl {
    /// On digits: which, how they come, and what happens (`LINEMEDIACONTROL_` bit).
    pub digits: Vec<(u8, DigitModes, u32)>,
    /// On media: which, how long one must last before it counts (zero: at once), and what happens. A medium lasts until
    /// another is heard, or nothing for some seconds; a voice that begins again after a pause begins anew.
    pub media: Vec<(MediaModes, Duration, u32)>,
    /// On tones.
    pub tones: Vec<(WatchedTone, u32)>,
    /// On call states (`LINECALLSTATE_` bits).
    pub states: Vec<(u32, u32)>,
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
    /// A conference and its consultation call; valid as above.
    Conference {
        /// The conference.
        conference: CallHandle,
        /// The consultation call.
        consultation: CallHandle,
    },
    /// The number of a completion; it counts once the request completed with success.
    Completion(u32),
    /// Where the call will be parked; it counts once the request completed with success.
    Parked(Slot),
}

/// A park slot: what to dial to take the call back. `Copy`, bounded, and its `Debug` form tells only the length.
pub type Slot = loopstart_signal::Number;

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
        /// Text telephone.
        const TDD = 0x40;
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
        /// Off hook at the destination too.
        const DESTINATION_OFF_HOOK = 0x10;
        /// A conference without holding the first call.
        const NO_HOLD_CONFERENCE = 0x20;
        /// A predictive dialler's call.
        const PREDICTIVE_DIAL = 0x40;
        /// The consultation call is dialled by itself.
        const ONE_STEP_TRANSFER = 0x80;
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
    /// Where a consultation call goes that is dialled by itself.
    pub target: Option<Address>,
    /// Bytes of the host that go with the call, at most 4096.
    pub data: Vec<u8>,
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
            target: None,
            data: Vec::new(),
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
