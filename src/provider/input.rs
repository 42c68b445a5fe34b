//! What goes into the provider.

use crate::{CallHandle, DeviceId, HostCall, HostLine, LineHandle, RequestId};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use loopstart_signal::plan::Plan;
use loopstart_signal::{Clock, DigitMode, LineEvent, OutTone, WatchedTone};

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

    /// Holds a call (asynchronous).
    Hold {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
    },
    /// Takes a held call back (asynchronous); a consultation call that is there ends.
    Unhold {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
    },
    /// Exchanges the active call and a held one (asynchronous).
    SwapHold {
        /// The request.
        request: RequestId,
        /// The active call.
        active: CallHandle,
        /// The held call.
        held: CallHandle,
    },
    /// Holds a call and opens a consultation call (asynchronous); answers [`Reply::Call`], the consultation call.
    SetupTransfer {
        /// The request.
        request: RequestId,
        /// The call to be transferred.
        call: CallHandle,
        /// The host's handle for the consultation call.
        host: HostCall,
        /// How to make it.
        params: CallParams,
    },
    /// Ends a transfer (asynchronous); answers [`Reply::Call`], the conference, in mode `Conference`.
    CompleteTransfer {
        /// The request.
        request: RequestId,
        /// The call that waits.
        call: CallHandle,
        /// The consultation call.
        consultation: CallHandle,
        /// What becomes of them.
        mode: TransferMode,
    },
    /// Transfers a call without talking to the other side first (asynchronous).
    BlindTransfer {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// Where to.
        address: Address,
        /// Country code of the destination, 0 = default.
        country: u32,
    },
    /// Makes a conference and opens a consultation call (asynchronous); answers [`Reply::Conference`].
    SetupConference {
        /// The request.
        request: RequestId,
        /// The call that becomes its first member; none: a conference without members on `line`.
        call: Option<CallHandle>,
        /// The line, when there is no call.
        line: Option<LineHandle>,
        /// The host's handle for the conference.
        host_conference: HostCall,
        /// The host's handle for the consultation call.
        host_consultation: HostCall,
        /// How many parties are expected; a hint.
        parties: u32,
        /// How to make the consultation call.
        params: CallParams,
    },
    /// Opens a consultation call for one more party (asynchronous); answers [`Reply::Call`].
    PrepareAddToConference {
        /// The request.
        request: RequestId,
        /// The conference.
        conference: CallHandle,
        /// The host's handle for the consultation call.
        host: HostCall,
        /// How to make it.
        params: CallParams,
    },
    /// Adds a call to a conference (asynchronous).
    AddToConference {
        /// The request.
        request: RequestId,
        /// The conference.
        conference: CallHandle,
        /// The call to be added.
        call: CallHandle,
    },
    /// Takes a member out of a conference (asynchronous).
    RemoveFromConference {
        /// The request.
        request: RequestId,
        /// The member.
        call: CallHandle,
    },
    /// Has calls forwarded, or no more (asynchronous).
    Forward {
        /// The request.
        request: RequestId,
        /// The line.
        line: LineHandle,
        /// Which address; none: all.
        address_id: Option<u32>,
        /// What is to be forwarded where, instead of all that was before; empty: nothing.
        list: Vec<ForwardEntry>,
        /// Rings without an answer before a call is forwarded; 0 = default.
        rings: u32,
    },
    /// Parks a call (asynchronous); answers [`Reply::Parked`] when the exchange chooses the place.
    Park {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// Where; none: where the exchange chooses.
        at: Option<Address>,
    },
    /// Takes a parked call (asynchronous); answers [`Reply::Call`].
    Unpark {
        /// The request.
        request: RequestId,
        /// The line.
        line: LineHandle,
        /// Which address.
        address_id: u32,
        /// The host's handle for the call.
        host: HostCall,
        /// Where it is parked.
        at: Address,
    },
    /// Takes a call that rings elsewhere, or with neither address nor group the waiting call (asynchronous); answers
    /// [`Reply::Call`].
    Pickup {
        /// The request.
        request: RequestId,
        /// The line.
        line: LineHandle,
        /// Which address.
        address_id: u32,
        /// The host's handle for the call.
        host: HostCall,
        /// Where it rings.
        address: Option<Address>,
        /// In which group it rings.
        group: Option<Address>,
    },
    /// Sends an offered call elsewhere (asynchronous).
    Redirect {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// Where to.
        address: Address,
        /// Country code of the destination, 0 = default.
        country: u32,
    },
    /// Has a call completed that found nobody (asynchronous); answers [`Reply::Completion`].
    CompleteCall {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// `LINECALLCOMPLMODE_` bit.
        mode: u32,
        /// Which message to leave, with mode MESSAGE.
        message: u32,
    },
    /// Gives a completion up (asynchronous).
    UncompleteCall {
        /// The request.
        request: RequestId,
        /// The line.
        line: LineHandle,
        /// Its number.
        completion: u32,
    },
    /// Protects a call from call waiting (asynchronous).
    SecureCall {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
    },
    /// Sends a tone; ends with one `Generated` notification. `tone: None` cancels.
    GenerateTone {
        /// The call.
        call: CallHandle,
        /// Returned in the notification (`dwEndToEndID`).
        end_to_end: u32,
        /// What.
        tone: Option<OutTone>,
    },
    /// Reports tones of this list; none removes the list.
    MonitorTones {
        /// The call.
        call: CallHandle,
        /// The list's number (`dwToneListID`).
        list: u32,
        /// The tones, with the number that each is told by.
        tones: Option<Vec<(WatchedTone, u32)>>,
    },
    /// Reports media of these kinds; none stops.
    MonitorMedia {
        /// The call.
        call: CallHandle,
        /// The media.
        modes: MediaModes,
    },
    /// What is to happen to the media stream by itself.
    SetMediaControl {
        /// For what.
        scope: Scope,
        /// On what, instead of all that was before.
        control: MediaControl,
    },
    /// Routes parts of a line to a terminal, or away from it (asynchronous).
    SetTerminal {
        /// The request.
        request: RequestId,
        /// For what.
        scope: Scope,
        /// `LINETERMMODE_` bits.
        modes: u32,
        /// Which terminal.
        terminal: u32,
        /// To it; else away from it.
        enable: bool,
    },
    /// Stores bytes for the host (asynchronous).
    SetCallData {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// The bytes.
        data: Vec<u8>,
    },
    /// Sets what a caller hears while nobody talks to him (asynchronous).
    SetCallTreatment {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// `LINECALLTREATMENT_` number.
        treatment: u32,
    },
    /// Flashes the hook, as a key of a telephone does (asynchronous).
    FlashHook {
        /// The request.
        request: RequestId,
        /// The line.
        line: LineHandle,
    },
}

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A device.
    Device(DeviceId),
    /// An open line.
    Line(LineHandle),
    /// A call.
    Call(CallHandle),
}

impl Command {
    /// What it is about: the device it ends at is found by this.
    pub fn target(&self) -> Target {
        match self {
            Self::OpenLine { device, .. } => Target::Device(*device),
            Self::CloseLine(line)
            | Self::SetStatusMessages { line, .. }
            | Self::SetMediaDetection { line, .. }
            | Self::ConditionalMediaDetection { line, .. }
            | Self::MakeCall { line, .. }
            | Self::Forward { line, .. }
            | Self::Unpark { line, .. }
            | Self::Pickup { line, .. }
            | Self::UncompleteCall { line, .. }
            | Self::FlashHook { line, .. } => Target::Line(*line),
            Self::CloseCall(call)
            | Self::Dial { call, .. }
            | Self::Accept { call, .. }
            | Self::Answer { call, .. }
            | Self::Drop { call, .. }
            | Self::SetCallParams { call, .. }
            | Self::GenerateDigits { call, .. }
            | Self::MonitorDigits { call, .. }
            | Self::GatherDigits { call, .. }
            | Self::SetAppSpecific { call, .. }
            | Self::SetMediaMode { call, .. }
            | Self::Hold { call, .. }
            | Self::Unhold { call, .. }
            | Self::SwapHold { active: call, .. }
            | Self::SetupTransfer { call, .. }
            | Self::CompleteTransfer { call, .. }
            | Self::BlindTransfer { call, .. }
            | Self::PrepareAddToConference { conference: call, .. }
            | Self::AddToConference { conference: call, .. }
            | Self::RemoveFromConference { call, .. }
            | Self::Park { call, .. }
            | Self::Redirect { call, .. }
            | Self::CompleteCall { call, .. }
            | Self::SecureCall { call, .. }
            | Self::GenerateTone { call, .. }
            | Self::MonitorTones { call, .. }
            | Self::MonitorMedia { call, .. }
            | Self::SetCallData { call, .. }
            | Self::SetCallTreatment { call, .. } => Target::Call(*call),
            Self::SetupConference { call, line, .. } => match (call, line) {
                (Some(call), _) => Target::Call(*call),
                (None, Some(line)) => Target::Line(*line),
                // Names nothing: no handle is that.
                (None, None) => Target::Device(DeviceId(u32::MAX)),
            },
            Self::SetMediaControl { scope, .. } | Self::SetTerminal { scope, .. } => match scope {
                Scope::Line(line) | Scope::Address(line, _) => Target::Line(*line),
                Scope::Call(call) => Target::Call(*call),
            },
        }
    }
}

/// What becomes of the calls when a transfer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferMode {
    /// The two others talk; both calls end here.
    Transfer,
    /// All three talk.
    Conference {
        /// The host's handle for the conference.
        host: HostCall,
    },
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
