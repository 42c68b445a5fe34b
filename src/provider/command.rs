//! What the host asks for.

use crate::{
    Address, CallHandle, CallParams, DeviceId, DialParams, DigitModes, ForwardEntry, GatherRequest, HostCall, HostLine,
    LineHandle, MediaControl, MediaModes, RequestId, Scope,
};
use alloc::vec::Vec;
use core::time::Duration;
use loopstart_signal::{DigitMode, OutTone, WatchedTone};

/// What the host wants. Synchronous commands are done when `handle` returns; asynchronous ones carry a
/// [`RequestId`] and complete exactly once through [`Output::Complete`](crate::Output::Complete), unless `handle`
/// answered an error.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Opens a line (`lineOpen`); answers [`Reply::Line`](crate::Reply::Line).
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
    /// Makes a call (asynchronous); answers [`Reply::Call`](crate::Reply::Call).
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
    /// Holds a call and opens a consultation call (asynchronous); answers [`Reply::Call`](crate::Reply::Call), the consultation call.
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
    /// Ends a transfer (asynchronous); answers [`Reply::Call`](crate::Reply::Call), the conference, in mode `Conference`.
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
    /// Makes a conference and opens a consultation call (asynchronous); answers [`Reply::Conference`](crate::Reply::Conference).
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
    /// Opens a consultation call for one more party (asynchronous); answers [`Reply::Call`](crate::Reply::Call).
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
    /// Parks a call (asynchronous); answers [`Reply::Parked`](crate::Reply::Parked) when the exchange chooses the place.
    Park {
        /// The request.
        request: RequestId,
        /// The call.
        call: CallHandle,
        /// Where; none: where the exchange chooses.
        at: Option<Address>,
    },
    /// Takes a parked call (asynchronous); answers [`Reply::Call`](crate::Reply::Call).
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
    /// [`Reply::Call`](crate::Reply::Call).
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
    /// Has a call completed that found nobody (asynchronous); answers [`Reply::Completion`](crate::Reply::Completion).
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
