//! What comes out of the provider.

use crate::{CallHandle, DeviceId, HostCall, HostLine, LineErr, LineHandle, MediaModes, RequestId};
use alloc::string::String;
use loopstart_signal::{DigitMode, LineAction};

/// One output of the provider, to be carried out in order.
// Dial steps travel inline, so that an action needs no allocation; the queue is drained after each input.
#[expect(clippy::large_enum_variant, reason = "outputs are few and short-lived")]
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Have the event thread do this on the device.
    Act(DeviceId, LineAction),
    /// Ask the host for its handle for a new incoming call (`LINE_NEWCALL`); the answer goes back in as
    /// [`Input::Offered`](crate::Input::Offered). No notification of the call comes before that.
    Offer {
        /// The line, as the host knows it.
        host: HostLine,
        /// Ours.
        line: LineHandle,
        /// The new call.
        call: CallHandle,
    },
    /// Tell the host.
    Notify(Notification),
    /// Complete an asynchronous request.
    Complete {
        /// The request.
        request: RequestId,
        /// How it ended.
        result: Result<(), LineErr>,
        /// The line it belonged to.
        line: LineHandle,
        /// The call it belonged to, if any.
        call: Option<CallHandle>,
    },
}

/// A message for the host. `host` handles are those the host gave; ours are there so that the notify thread can
/// discard what a close overtook.
#[derive(Clone, Debug, PartialEq)]
pub enum Notification {
    /// The state of a call changed (`LINE_CALLSTATE`).
    CallState {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// The call, as the host knows it.
        host: HostCall,
        /// Ours.
        call: CallHandle,
        /// The new state.
        state: CallState,
        /// The call's media.
        media: MediaModes,
    },
    /// Information about a call changed (`LINE_CALLINFO`) and can be read.
    CallInfo {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// The call, as the host knows it.
        host: HostCall,
        /// Ours.
        call: CallHandle,
        /// What changed.
        what: CallInfoChange,
    },
    /// The state of a line changed (`LINE_LINEDEVSTATE`).
    LineState {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// What changed.
        state: LineState,
    },
    /// The state of an address changed (`LINE_ADDRESSSTATE`).
    AddressState {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// Which address.
        address: u32,
        /// `LINEADDRESSSTATE_` bits.
        what: u32,
    },
    /// A digit came (`LINE_MONITORDIGITS`).
    Digit {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// The call, as the host knows it.
        host: HostCall,
        /// Ours.
        call: CallHandle,
        /// The digit.
        symbol: u8,
        /// How it came.
        mode: DigitMode,
        /// This is its end.
        end: bool,
        /// Line time in ms, cut to 32 bits.
        tick: u32,
    },
    /// A collection of digits ended (`LINE_GATHERDIGITS`).
    Gathered {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// The call, as the host knows it.
        host: HostCall,
        /// Ours.
        call: CallHandle,
        /// The host's number for it.
        end_to_end: u32,
        /// Why it ended.
        why: GatherEnd,
        /// What was collected.
        digits: String,
        /// Line time in ms, cut to 32 bits.
        tick: u32,
    },
    /// A generation of digits ended (`LINE_GENERATE`).
    Generated {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// The call, as the host knows it.
        host: HostCall,
        /// Ours.
        call: CallHandle,
        /// The host's number for it.
        end_to_end: u32,
        /// Why it ended.
        why: GenerateEnd,
        /// Line time in ms, cut to 32 bits.
        tick: u32,
    },
    /// The far end's media was heard (`LINE_MONITORMEDIA`).
    Media {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// The call, as the host knows it.
        host: HostCall,
        /// Ours.
        call: CallHandle,
        /// One `LINEMEDIAMODE_` bit.
        mode: MediaModes,
        /// Line time in ms, cut to 32 bits.
        tick: u32,
    },
    /// A tone was heard (`LINE_MONITORTONE`).
    Tone {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
        /// The call, as the host knows it.
        host: HostCall,
        /// Ours.
        call: CallHandle,
        /// The tone's number (`dwAppSpecific`).
        app_specific: u32,
        /// Its list's number.
        list: u32,
        /// Line time in ms, cut to 32 bits.
        tick: u32,
    },
    /// The line wants to be closed (`LINE_CLOSE`).
    Close {
        /// The line, as the host knows it.
        host_line: HostLine,
        /// Ours.
        line: LineHandle,
    },
    /// A device is gone for good (`LINE_REMOVE`).
    Remove {
        /// Which.
        device: DeviceId,
    },
}

/// The states of a call, with the mode that goes with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallState {
    /// No call any more. Final.
    Idle,
    /// An incoming call is announced.
    Offering(OfferingMode),
    /// Claimed by a program.
    Accepted,
    /// Off hook, the exchange is ready for digits.
    DialTone(DialToneMode),
    /// Digits go out, or more are awaited.
    Dialing,
    /// Dialling is complete.
    Proceeding,
    /// The far end alerts.
    Ringback,
    /// Busy.
    Busy(BusyMode),
    /// Special information tone.
    SpecialInfo(SpecialInfo),
    /// The speech path is through.
    Connected(ConnectedMode),
    /// On hold.
    OnHold,
    /// Held until a transfer is completed.
    OnHoldPendingTransfer,
    /// A conference, held until a member is added.
    OnHoldPendingConference,
    /// Member of this conference.
    Conferenced(HostCall),
    /// The far end is gone.
    Disconnected(DisconnectMode),
    /// Not known.
    Unknown,
}

impl CallState {
    /// The published `LINECALLSTATE_` bit.
    pub const fn bit(self) -> u32 {
        match self {
            Self::Idle => 0x1,
            Self::Offering(_) => 0x2,
            Self::Accepted => 0x4,
            Self::DialTone(_) => 0x8,
            Self::Dialing => 0x10,
            Self::Ringback => 0x20,
            Self::Busy(_) => 0x40,
            Self::SpecialInfo(_) => 0x80,
            Self::Connected(_) => 0x100,
            Self::Proceeding => 0x200,
            Self::OnHold => 0x400,
            Self::Conferenced(_) => 0x800,
            Self::OnHoldPendingConference => 0x1000,
            Self::OnHoldPendingTransfer => 0x2000,
            Self::Disconnected(_) => 0x4000,
            Self::Unknown => 0x8000,
        }
    }

    /// The published bit of the mode that goes with the state, for a member the conference's handle; 0 for a state
    /// without modes.
    pub const fn mode(self) -> usize {
        match self {
            Self::Offering(mode) => mode.bit() as usize,
            Self::DialTone(mode) => mode.bit() as usize,
            Self::Busy(mode) => mode.bit() as usize,
            Self::SpecialInfo(mode) => mode.bit() as usize,
            Self::Connected(mode) => mode.bit() as usize,
            Self::Disconnected(mode) => mode.bit() as usize,
            Self::Conferenced(conference) => conference.0,
            _ => 0,
        }
    }

    /// Whether it is held, in any way.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::OnHold | Self::OnHoldPendingTransfer | Self::OnHoldPendingConference)
    }
}

macro_rules! modes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $bit:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $name { $($(#[$vdoc])* $variant = $bit),* }

        impl $name {
            /// The published bit.
            pub const fn bit(self) -> u32 {
                self as u32
            }
        }
    };
}

modes!(
    /// `LINEOFFERINGMODE_`.
    OfferingMode {
        /// It alerts here.
        Active = 1,
        /// It does not (call waiting).
        Inactive = 2,
    }
);
modes!(
    /// `LINEDIALTONEMODE_`.
    DialToneMode {
        /// Ordinary.
        Normal = 1,
        /// Stutter.
        Special = 2,
        /// Inside a PBX.
        Internal = 4,
        /// The public exchange's, behind a PBX.
        External = 8,
        /// Not known.
        Unknown = 0x10,
    }
);
modes!(
    /// `LINEBUSYMODE_`.
    BusyMode {
        /// The far end is busy.
        Station = 1,
        /// The network is.
        Trunk = 2,
        /// Not known.
        Unknown = 4,
    }
);
modes!(
    /// `LINESPECIALINFO_`.
    SpecialInfo {
        /// No circuit.
        NoCircuit = 1,
        /// The number is not in service or changed.
        CustomerIrregular = 2,
        /// Reorder.
        Reorder = 4,
        /// Not known.
        Unknown = 8,
    }
);
modes!(
    /// `LINECONNECTEDMODE_`.
    ConnectedMode {
        /// We are in the call.
        Active = 1,
        /// Another set on the line is.
        Inactive = 2,
        /// In the call, and the far end holds it.
        ActiveHeld = 4,
        /// In the call, and the answer is certain.
        Confirmed = 0x10,
    }
);
modes!(
    /// `LINEDISCONNECTMODE_`.
    DisconnectMode {
        /// The far end hung up.
        Normal = 0x1,
        /// Not known yet.
        Unknown = 0x2,
        /// The far end refused.
        Reject = 0x4,
        /// Answered by someone else.
        Pickup = 0x8,
        /// Forwarded by the exchange.
        Forwarded = 0x10,
        /// Busy.
        Busy = 0x20,
        /// Nobody answered.
        NoAnswer = 0x40,
        /// The number is wrong.
        BadAddress = 0x80,
        /// Congestion.
        Congestion = 0x200,
        /// The reason will never be known.
        Unavail = 0x800,
        /// No dial tone.
        NoDialTone = 0x1000,
        /// The modem refuses a redial for now.
        TempFailure = 0x8000,
        /// The modem refuses the number.
        Blocked = 0x20000,
    }
);
modes!(
    /// `LINEGATHERTERM_`.
    GatherEnd {
        /// As many as wanted.
        BufferFull = 1,
        /// A termination digit.
        TerminationDigit = 2,
        /// No first digit in time.
        FirstTimeout = 4,
        /// No further digit in time.
        InterTimeout = 8,
        /// Cancelled.
        Cancel = 0x10,
    }
);
modes!(
    /// `LINEGENERATETERM_`.
    GenerateEnd {
        /// All out.
        Done = 1,
        /// Cancelled.
        Cancel = 2,
    }
);

bitflags::bitflags! {
    /// What changed in the information about a call. The bits are those of `LINECALLINFOSTATE_`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct CallInfoChange: u32 {
        /// Something else.
        const OTHER = 0x1;
        /// Bearer mode.
        const BEARER_MODE = 0x4;
        /// The device's own.
        const DEV_SPECIFIC = 0x2;
        /// Rate.
        const RATE = 0x8;
        /// Media mode.
        const MEDIA_MODE = 0x10;
        /// The host's number.
        const APP_SPECIFIC = 0x20;
        /// The number of the call.
        const CALL_ID = 0x40;
        /// The number of the call that belongs to it.
        const RELATED_CALL_ID = 0x80;
        /// Where it comes from.
        const ORIGIN = 0x100;
        /// Why it is there.
        const REASON = 0x200;
        /// The number of its completion.
        const COMPLETION_ID = 0x400;
        /// Caller identification.
        const CALLER_ID = 0x8000;
        /// Called identification.
        const CALLED_ID = 0x10000;
        /// Who is connected.
        const CONNECTED_ID = 0x20000;
        /// Who it was redirected to.
        const REDIRECTION_ID = 0x40000;
        /// Who redirected it.
        const REDIRECTING_ID = 0x80000;
        /// Terminals.
        const TERMINAL = 0x200_0000;
        /// Dial parameters.
        const DIAL_PARAMS = 0x400_0000;
        /// Tones and digits that are monitored.
        const MONITOR_MODES = 0x800_0000;
        /// What the caller hears.
        const TREATMENT = 0x1000_0000;
        /// The host's bytes.
        const CALL_DATA = 0x4000_0000;
    }
}

/// Changes of a line's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineState {
    /// A ring cadence began.
    Ringing {
        /// Ring mode, from 1.
        mode: u32,
        /// Counted from 0.
        count: u32,
    },
    /// The number of calls changed.
    NumCalls,
    /// The cable is back.
    Connected,
    /// The cable is pulled.
    Disconnected,
    /// The device works again.
    InService,
    /// The device does not work.
    OutOfService,
    /// Capabilities changed; read them again.
    CapsChange,
    /// The device's settings changed.
    ConfigChange,
    /// Terminals changed.
    Terminals,
    /// Messages wait, or none do any more.
    MessageWaiting(bool),
    /// The number of completions changed.
    NumCompletions,
    /// The exchange gave this completion up.
    CompletionCancelled(u32),
}
