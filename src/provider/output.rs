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
            Self::Disconnected(_) => 0x4000,
            Self::Unknown => 0x8000,
        }
    }

    /// The published bit of the mode that goes with the state; 0 for a state without modes.
    pub const fn mode(self) -> u32 {
        match self {
            Self::Offering(mode) => mode.bit(),
            Self::DialTone(mode) => mode.bit(),
            Self::Busy(mode) => mode.bit(),
            Self::SpecialInfo(mode) => mode.bit(),
            Self::Connected(mode) => mode.bit(),
            Self::Disconnected(mode) => mode.bit(),
            _ => 0,
        }
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
        /// Answered by someone else.
        Pickup = 0x8,
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
        /// Rate.
        const RATE = 0x8;
        /// Media mode.
        const MEDIA_MODE = 0x10;
        /// The host's number.
        const APP_SPECIFIC = 0x20;
        /// Caller identification.
        const CALLER_ID = 0x8000;
        /// Called identification.
        const CALLED_ID = 0x10000;
        /// Dial parameters.
        const DIAL_PARAMS = 0x400_0000;
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
}
