//! What a line says: the events that go up from a line device to the provider.

use crate::{ActionId, Caps, Name, Number, Outcome};

/// One event of a line. Small and `Copy`: the event thread passes it on without allocating.
///
/// Events are *witnesses*: each one stands for something that was seen, heard or answered by the device.
/// The provider reports no call state that no event vouches for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LineEvent {
    /// The device is in service and can do and see what `Caps` says. May come again when that changes.
    Ready(Caps),
    /// The device is out of service. `Ready` may follow, unless the device is [`Loss::Gone`].
    Lost(Loss),
    /// A ring cadence began: once per cycle, never per burst of a double ring. `pattern` is the ring mode
    /// (1 = the ordinary one).
    Ring {
        /// Ring mode, from 1.
        pattern: u8,
    },
    /// Ringing ended and nobody here answered.
    RingStopped,
    /// Caller identification, before, between or after rings.
    CallerId(CallerId),
    /// We are off hook: loop current flows, or the modem said so.
    OffHook,
    /// We are on hook.
    OnHook,
    /// Digits of a `Dial` action are going out now.
    Dialing,
    /// The last digit of a `Dial` action is out.
    Dialed,
    /// A call-progress tone was recognised. Sent once when recognised and again after a change.
    Tone(ProgressTone),
    /// The tone recognised last has ended.
    ToneEnded,
    /// The far end answered.
    Answered(AnswerWitness),
    /// The far end, or the network, ended the call.
    Released(ReleaseWitness),
    /// A digit was received.
    Digit(Digit),
    /// Messages wait for the subscriber (true), or none do any more: the exchange sent it as data (GR-1401-CORE,
    /// EN 300 659-1).
    MessageWaiting(bool),
    /// During a call: a second call waits (its tone was heard; again with each repetition). A `CallerId` that follows is
    /// the second caller's.
    CallWaiting,
    /// What the far end is was heard, when asked for.
    Media(MediaSign),
    /// A tone of the list to watch for was heard: its index.
    CustomTone(u8),
    /// Battery appeared on the line (true) or is missing (false): a cable pulled or put back.
    Battery(bool),
    /// The line's polarity was reversed, in either direction.
    PolarityReversed,
    /// An action ended: exactly once for each accepted action.
    Done {
        /// Which action.
        action: ActionId,
        /// How it ended.
        outcome: Outcome,
    },
}

/// Why a device is out of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Unplugged, or its pseudo-terminal was closed. Final.
    Gone,
    /// It answers nothing.
    Silent,
    /// It answers what makes no sense.
    Garbled,
    /// It is of a kind that cannot be used, such as a modem whose signal processing is a program of the host.
    Unsupported,
    /// The driver of the operating system reported an error (errno).
    Os(i32),
}

/// Call-progress tones (ITU-T E.180 and national plans).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgressTone {
    /// Steady dial tone.
    Dial,
    /// Stutter (special, recall) dial tone.
    StutterDial,
    /// The far end alerts.
    Ringback,
    /// The far end is busy.
    Busy,
    /// Reorder, congestion, fast busy.
    Reorder,
    /// Special information tone.
    Sit(SitKind),
    /// A second call waits.
    CallWaiting,
    /// Confirmation tone.
    Confirmation,
    /// Number unobtainable.
    Unobtainable,
    /// Receiver off hook (howler).
    Howler,
}

/// Kinds of special information tone (North American precise tone plan); elsewhere `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SitKind {
    /// Not classified.
    Unknown,
    /// Vacant code: the number does not exist.
    VacantCode,
    /// Intercept: the number was changed or is out of service.
    Intercept,
    /// No circuit.
    NoCircuit,
    /// Reorder.
    Reorder,
    /// Ineffective: other.
    Ineffective,
}

/// What the far end sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaSign {
    /// A voice.
    Voice,
    /// A voice that talks as answering machines do: long, without waiting.
    Machine,
    /// The beep of an answering machine.
    Beep,
    /// Nothing for some seconds.
    Silence,
    /// A calling fax machine (CNG).
    FaxCalling,
    /// An answering fax machine (CED).
    FaxAnswer,
    /// An answering data modem (ANS, ANSam).
    Modem,
    /// A text telephone.
    Tty,
}

/// What vouches for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerWitness {
    /// The exchange reversed the polarity: certain.
    Polarity,
    /// A result code of the modem (`CONNECT`, `VCON`) on a call it dialled.
    ResultCode,
    /// Ringback was heard and has stopped.
    RingbackStopped,
    /// A voice was heard.
    Voice,
    /// A data carrier runs at this many bit/s (0: not told).
    Carrier(u32),
}

/// What vouches for the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseWitness {
    /// Loop current was interrupted (calling party control).
    LoopCurrent,
    /// The exchange reversed the polarity.
    Polarity,
    /// Busy, reorder or dial tone after the call was up.
    Tone(ProgressTone),
    /// A result code of the modem (`NO CARRIER`).
    ResultCode,
    /// A modem gave up waiting for an answer (`NO ANSWER`).
    NoAnswer,
    /// A modem found the line busy (`BUSY`) and hung up by itself.
    Busy,
    /// A modem's result code for a refused redial (`DELAYED`).
    Delayed,
    /// A modem's result code for a number it refuses for good (`BLACKLISTED`).
    Blacklisted,
    /// The data carrier went away (circuit 109).
    Carrier,
    /// Nothing was heard for longer than the line's limit.
    Silence,
    /// The call was longer than the line's limit.
    TimeLimit,
}

/// One received digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// `0`-`9`, `*`, `#`, `A`-`D`.
    pub symbol: u8,
    /// How it came.
    pub mode: DigitMode,
    /// Its beginning or its end.
    pub edge: DigitEdge,
}

/// How a digit is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigitMode {
    /// Dual tone (ITU-T Q.23).
    Dtmf,
    /// Loop interruptions.
    Pulse,
}

/// Beginning or end of a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DigitEdge {
    /// It began.
    Begin,
    /// It ended.
    End,
}

/// Caller identification as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CallerId {
    /// The calling number, or why there is none.
    pub number: PartyId<Number>,
    /// The calling name, or why there is none.
    pub name: PartyId<Name>,
    /// The date and time the exchange sent.
    pub time: Option<DateTime>,
}

/// A party's number or name, or the reason for its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PartyId<T> {
    /// Not sent.
    #[default]
    Absent,
    /// Sent.
    Known(T),
    /// Withheld by the caller (`P`).
    Withheld,
    /// Not available to the exchange, out of area (`O`).
    Unavailable,
}

/// Date and time of a caller-identification message. The exchange sends no year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 24 (some exchanges send 24).
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}
