//! A call appearance: its facts, and the one function that moves its state.
//!
//! [`next`] says which state a witness leads to; [`legal`] says which steps the call model allows at all. A state is
//! entered only when both agree, so that a device that misbehaves can at worst be ignored.

use crate::digits::Gather;
use crate::line::{Line, Open};
use crate::media::MediaWishes;
use crate::params::{BEARER_VOICE, DEFAULT_DIAL};
use crate::request::{Ledger, Purpose};
use crate::{
    BusyMode, CallFeatures, CallFeatures2, CallHandle, CallInfoChange, CallOrigin, CallParamFlags, CallReason,
    CallState, CallStatus, ConnectedMode, DeviceId, DialParams, DialToneMode, DigitModes, DisconnectMode, HostCall,
    HostLine, LineHandle, MediaModes, Notification, OfferingMode, PartyFlags, RequestId, SpecialInfo,
};
use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;
use loopstart_signal::{
    ActionKind, AnswerWitness, CallerId, Caps, Name, Number, PartyId, ProgressTone, ReleaseWitness, SitKind, Time,
};

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Witness {
    /// The call was announced to the host.
    Offered,
    /// The same, of a call that waits.
    Waits,
    /// A program claimed it.
    Accepted,
    /// We went off hook and took it.
    Taken,
    /// We are off hook on a device that does not report dial tone.
    SeizedBlind,
    /// The host speaks to the modem itself.
    PassedThrough,
    /// Digits go out.
    Dialing,
    /// The last digit is out; more will follow when `partial`.
    Dialed {
        /// More will follow.
        partial: bool,
    },
    /// A tone was heard.
    Tone(ProgressTone),
    /// It ended.
    ToneEnded,
    /// The far end answered.
    Answered(AnswerWitness),
    /// The polarity was reversed, and this is the call's first reversal (`true`) or a later one.
    Reversed {
        /// The first one.
        first: bool,
    },
    /// The far end or the network ended the call.
    Released(ReleaseWitness),
    /// No dial tone came.
    NoDialTone,
    /// Nobody answered in the time the host set.
    NoAnswer,
    /// The caller gave up.
    RingStopped,
    /// The device ended the call and does not tell why.
    Ended,
    /// The device was lost, or failed half-way.
    Broken,
    /// The host ended it.
    Dropped,
}

/// How far dialling is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Nothing is dialled yet, or digits are going out.
    Open,
    /// A partial address is out; more digits are awaited.
    Awaited,
    /// The whole address is out.
    Complete,
}

/// The state a witness leads to, if it leads anywhere.
pub(crate) fn next(state: Option<CallState>, address: Address, witness: Witness) -> Option<CallState> {
    use CallState as S;
    use Witness as W;
    // Still before the network's answer to the digits: nothing yet, dial tone, or digits going out.
    let fresh = matches!(state, None | Some(S::DialTone(_)));
    let dialing = matches!(state, Some(S::Dialing));
    let waiting = matches!(state, Some(S::Proceeding | S::Ringback));
    let connected = matches!(state, Some(S::Connected(_)));
    let ringing = matches!(state, Some(S::Offering(_) | S::Accepted));
    match witness {
        W::Offered => state.is_none().then_some(S::Offering(OfferingMode::Active)),
        W::Waits => state.is_none().then_some(S::Offering(OfferingMode::Inactive)),
        W::Accepted => matches!(state, Some(S::Offering(_))).then_some(S::Accepted),
        W::Taken => ringing.then_some(S::Connected(ConnectedMode::Active)),
        W::SeizedBlind => state.is_none().then_some(S::Dialing),
        W::PassedThrough => (fresh || ringing).then_some(S::Connected(ConnectedMode::Active)),
        W::Dialing => fresh.then_some(S::Dialing),
        W::Dialed { partial: true } => fresh.then_some(S::Dialing),
        W::Dialed { partial: false } => (fresh || dialing).then_some(S::Proceeding),
        W::Tone(tone) => after_tone(state, address, tone),
        W::ToneEnded => match state {
            Some(S::Busy(BusyMode::Trunk)) => Some(S::Disconnected(DisconnectMode::Congestion)),
            Some(S::Busy(_)) => Some(S::Disconnected(DisconnectMode::Busy)),
            _ => None,
        },
        W::Answered(AnswerWitness::Polarity) if connected => Some(S::Connected(ConnectedMode::Confirmed)),
        W::Answered(how) => {
            let mode = if how == AnswerWitness::Polarity { ConnectedMode::Confirmed } else { ConnectedMode::Active };
            let special = matches!(state, Some(S::SpecialInfo(_)));
            (fresh || dialing || waiting || special).then_some(S::Connected(mode))
        }
        W::Reversed { first: true } => (waiting || (dialing && address != Address::Open) || connected)
            .then_some(S::Connected(ConnectedMode::Confirmed)),
        W::Reversed { first: false } => connected.then_some(S::Disconnected(DisconnectMode::Normal)),
        W::Released(how) => Some(S::Disconnected(released(state, how))),
        W::NoDialTone => Some(S::Disconnected(DisconnectMode::NoDialTone)),
        W::NoAnswer => waiting.then_some(S::Disconnected(DisconnectMode::NoAnswer)),
        W::RingStopped => ringing.then_some(S::Disconnected(DisconnectMode::Unavail)),
        W::Ended => Some(S::Disconnected(ended(state))),
        W::Broken => Some(S::Disconnected(DisconnectMode::Unknown)),
        W::Dropped => Some(S::Idle),
    }
}

/// What a call-progress tone means depends on the moment: the same reorder tone is congestion after dialling, a
/// receiver left off hook after dial tone, and the far end's hang-up during a conversation.
fn after_tone(state: Option<CallState>, address: Address, tone: ProgressTone) -> Option<CallState> {
    use CallState as S;
    use ProgressTone as T;
    if matches!(tone, T::CallWaiting | T::Confirmation) {
        return None;
    }
    let out_of_time = Some(S::SpecialInfo(SpecialInfo::Reorder));
    match (state, tone) {
        (None | Some(S::DialTone(_)), T::Dial) => Some(S::DialTone(DialToneMode::Normal)),
        (None | Some(S::DialTone(_)), T::StutterDial) => Some(S::DialTone(DialToneMode::Special)),
        // A second dial tone after an access code, with more digits to come.
        (Some(S::Dialing), T::Dial) if address == Address::Awaited => Some(S::DialTone(DialToneMode::Normal)),
        (Some(S::Dialing), T::StutterDial) if address == Address::Awaited => Some(S::DialTone(DialToneMode::Special)),

        (None | Some(S::DialTone(_)), T::Busy | T::Reorder | T::Howler | T::Unobtainable) => out_of_time,
        (Some(S::Dialing), T::Howler) => out_of_time,

        (None | Some(S::DialTone(_) | S::Dialing | S::Proceeding), T::Ringback) => Some(S::Ringback),
        (Some(S::Dialing | S::Proceeding | S::Ringback), T::Busy) => Some(S::Busy(BusyMode::Station)),
        (Some(S::Dialing | S::Proceeding | S::Ringback), T::Reorder) => Some(S::Busy(BusyMode::Trunk)),
        (Some(S::Dialing | S::Proceeding | S::Ringback), T::Unobtainable) => {
            Some(S::SpecialInfo(SpecialInfo::CustomerIrregular))
        }
        (None | Some(S::DialTone(_) | S::Dialing | S::Proceeding | S::Ringback), T::Sit(kind)) => {
            Some(S::SpecialInfo(special_information(kind)))
        }

        // The exchange has given the line back to us: whoever was there is gone.
        (Some(S::Proceeding | S::Ringback), T::Dial | T::StutterDial | T::Howler) => {
            Some(S::Disconnected(DisconnectMode::Normal))
        }
        (Some(S::Busy(_) | S::SpecialInfo(_)), T::Dial | T::StutterDial | T::Howler) => {
            Some(S::Disconnected(ended(state)))
        }
        (Some(S::Connected(_)), T::Busy | T::Reorder | T::Dial | T::StutterDial | T::Howler | T::Unobtainable) => {
            Some(S::Disconnected(DisconnectMode::Normal))
        }
        _ => None,
    }
}

fn special_information(kind: SitKind) -> SpecialInfo {
    match kind {
        SitKind::VacantCode | SitKind::Intercept => SpecialInfo::CustomerIrregular,
        SitKind::NoCircuit => SpecialInfo::NoCircuit,
        SitKind::Reorder => SpecialInfo::Reorder,
        SitKind::Unknown | SitKind::Ineffective => SpecialInfo::Unknown,
    }
}

/// Why a call ended, judged by the witness and by the state it ended in.
fn released(state: Option<CallState>, how: ReleaseWitness) -> DisconnectMode {
    let connected = matches!(state, Some(CallState::Connected(_)));
    match how {
        ReleaseWitness::Delayed => DisconnectMode::TempFailure,
        ReleaseWitness::Blacklisted => DisconnectMode::Blocked,
        _ if connected => DisconnectMode::Normal,
        ReleaseWitness::Busy => DisconnectMode::Busy,
        ReleaseWitness::NoAnswer => DisconnectMode::NoAnswer,
        ReleaseWitness::Tone(ProgressTone::Busy) => DisconnectMode::Busy,
        ReleaseWitness::Tone(ProgressTone::Reorder) => DisconnectMode::Congestion,
        ReleaseWitness::Tone(ProgressTone::Sit(SitKind::NoCircuit | SitKind::Reorder)) => DisconnectMode::Congestion,
        ReleaseWitness::Tone(ProgressTone::Sit(_) | ProgressTone::Unobtainable) => DisconnectMode::BadAddress,
        ReleaseWitness::LoopCurrent | ReleaseWitness::Polarity | ReleaseWitness::Tone(_)
            if matches!(state, Some(CallState::Proceeding | CallState::Ringback)) =>
        {
            DisconnectMode::Normal
        }
        ReleaseWitness::LoopCurrent
        | ReleaseWitness::Polarity
        | ReleaseWitness::Tone(_)
        | ReleaseWitness::ResultCode
        | ReleaseWitness::Carrier
        | ReleaseWitness::Silence
        | ReleaseWitness::TimeLimit => ended(state),
    }
}

/// Why a call ended, judged by its state alone.
fn ended(state: Option<CallState>) -> DisconnectMode {
    match state {
        Some(CallState::Connected(_)) => DisconnectMode::Normal,
        Some(CallState::Busy(BusyMode::Trunk)) => DisconnectMode::Congestion,
        Some(CallState::Busy(_)) => DisconnectMode::Busy,
        Some(CallState::SpecialInfo(SpecialInfo::NoCircuit | SpecialInfo::Reorder)) => DisconnectMode::Congestion,
        Some(CallState::SpecialInfo(SpecialInfo::CustomerIrregular)) => DisconnectMode::BadAddress,
        _ => DisconnectMode::Unavail,
    }
}

/// Whether the call model allows this step. `None` is a call without a state yet.
pub(crate) fn legal(from: Option<CallState>, to: CallState) -> bool {
    use CallState as S;
    let Some(from) = from else { return true };
    if from == to {
        return false;
    }
    match (from, to) {
        (S::Idle, _) => false,
        (_, S::Idle) => true,
        (S::Disconnected(_), _) => false,
        (_, S::Disconnected(_) | S::Unknown) | (S::Unknown, _) => true,
        (S::Offering(_), S::Accepted) => true,
        (S::Offering(_) | S::Accepted, S::Connected(_)) => true,
        (S::DialTone(_), S::DialTone(_) | S::Dialing | S::Proceeding | S::Ringback | S::Connected(_)) => true,
        (S::DialTone(_), S::SpecialInfo(_)) => true,
        (S::Dialing, S::DialTone(_) | S::Proceeding) => true,
        (S::Dialing | S::Proceeding, S::Ringback) => true,
        (S::Dialing | S::Proceeding | S::Ringback, S::Busy(_) | S::SpecialInfo(_) | S::Connected(_)) => true,
        (S::Busy(_), S::Busy(_) | S::Connected(_)) => true,
        (S::SpecialInfo(_), S::Connected(_)) => true,
        (S::Connected(_), S::Connected(_)) => true,
        (S::Offering(OfferingMode::Inactive), S::Offering(OfferingMode::Active)) => true,
        // What a flash does.
        (S::Connected(_), S::OnHold | S::OnHoldPendingTransfer | S::OnHoldPendingConference) => true,
        (S::Connected(_) | S::Proceeding | S::Ringback, S::Conferenced(_)) => true,
        (S::OnHold | S::OnHoldPendingTransfer, S::Connected(_) | S::Conferenced(_)) => true,
        (S::OnHoldPendingConference | S::Conferenced(_), S::Connected(_)) => true,
        _ => false,
    }
}

/// An action that waits until the line is free for it.
#[derive(Debug)]
pub(crate) struct Queued {
    /// What to do.
    pub(crate) kind: ActionKind,
    /// The request it belongs to.
    pub(crate) request: RequestId,
}

/// A call appearance.
#[derive(Debug)]
pub(crate) struct Call {
    /// Its line.
    pub(crate) line: LineHandle,
    /// Its line, as the host knows it.
    pub(crate) host_line: HostLine,
    /// The call, as the host knows it.
    pub(crate) host: Option<HostCall>,
    /// Index of its device.
    pub(crate) index: u16,
    /// Its device.
    pub(crate) device: DeviceId,
    /// The host may be told of it.
    pub(crate) announced: bool,
    /// The state last entered.
    pub(crate) state: Option<CallState>,
    /// When.
    pub(crate) entered: Time,
    /// Its direction.
    pub(crate) origin: CallOrigin,
    /// An action for it went to the device.
    pub(crate) started: bool,
    /// How far dialling is.
    pub(crate) address: Address,
    /// When the polarity was reversed for the first time.
    pub(crate) reversed: Option<Time>,
    /// It waits while another call is up; it does not ring.
    pub(crate) waits: bool,
    /// The host dropped it while a procedure runs that must end first.
    pub(crate) drop_awaits: bool,
    /// Why it is there.
    pub(crate) reason: CallReason,
    /// The number of the call that belongs to it.
    pub(crate) related: u32,
    /// The number of the completion it comes from.
    pub(crate) completion: u32,
    /// It ended before the host had taken it; why.
    pub(crate) abandoned: Option<DisconnectMode>,
    /// Open requests.
    pub(crate) requests: Ledger,
    /// Actions to come.
    pub(crate) queue: VecDeque<Queued>,
    /// Digits to report.
    pub(crate) monitor: DigitModes,
    /// Digits to collect.
    pub(crate) gather: Option<Gather>,
    /// What the host wants of its media.
    pub(crate) wishes: MediaWishes,

    /// What the host can read of it.
    pub(crate) bearer_mode: u32,
    pub(crate) rate: u32,
    pub(crate) media: MediaModes,
    pub(crate) app_specific: u32,
    pub(crate) call_id: u32,
    pub(crate) flags: CallParamFlags,
    pub(crate) dial: DialParams,
    pub(crate) country: u32,
    pub(crate) caller_id_flags: PartyFlags,
    pub(crate) caller_id: Number,
    pub(crate) caller_name: Name,
    pub(crate) called_id: String,
    pub(crate) no_answer_timeout: Duration,
}

impl Call {
    /// Whether it came in.
    pub(crate) fn is_incoming(&self) -> bool {
        matches!(self.origin, CallOrigin::Inbound | CallOrigin::Internal | CallOrigin::External)
    }

    /// Whether it is offered and nobody has answered it.
    pub(crate) fn is_ringing(&self) -> bool {
        matches!(self.state, Some(CallState::Offering(_) | CallState::Accepted))
    }

    /// Whether the line is off hook for it, as far as its state tells.
    pub(crate) fn is_up(&self) -> bool {
        use CallState as S;
        matches!(
            self.state,
            Some(
                S::DialTone(_)
                    | S::Dialing
                    | S::Proceeding
                    | S::Ringback
                    | S::Busy(_)
                    | S::SpecialInfo(_)
                    | S::Connected(_)
            )
        )
    }

    /// Whether it counts as a call of the line.
    pub(crate) fn counts(&self) -> bool {
        self.announced && self.state != Some(CallState::Idle)
    }

    /// A call as it is made, with nothing known of it but where it comes from.
    pub(crate) fn new(line: &Line, open: &Open, origin: CallOrigin, number: u32, now: Time) -> Self {
        Self {
            line: open.handle,
            host_line: open.host,
            host: None,
            index: line.index,
            device: line.id(),
            announced: false,
            state: None,
            entered: now,
            origin,
            started: false,
            address: Address::Open,
            reversed: None,
            waits: false,
            drop_awaits: false,
            reason: if origin == CallOrigin::Outbound { CallReason::Direct } else { CallReason::Unknown },
            related: 0,
            completion: 0,
            abandoned: None,
            requests: Ledger::default(),
            queue: VecDeque::new(),
            monitor: DigitModes::empty(),
            gather: None,
            wishes: MediaWishes::new(line.default_monitor()),
            bearer_mode: BEARER_VOICE,
            rate: 0,
            media: MediaModes::INTERACTIVE_VOICE,
            app_specific: 0,
            call_id: number,
            flags: CallParamFlags::empty(),
            dial: DEFAULT_DIAL,
            country: 0,
            caller_id_flags: PartyFlags::UNAVAIL,
            caller_id: Number::default(),
            caller_name: Name::default(),
            called_id: String::new(),
            no_answer_timeout: Duration::ZERO,
        }
    }

    /// Takes in a caller identification; true when that changed anything.
    pub(crate) fn identify(&mut self, id: &CallerId) -> bool {
        let before = (self.caller_id_flags, self.caller_id, self.caller_name);
        if let PartyId::Known(number) = id.number {
            self.caller_id = number;
        }
        if let PartyId::Known(name) = id.name {
            self.caller_name = name;
        }
        let mut flags = PartyFlags::empty();
        flags.set(PartyFlags::ADDRESS, !self.caller_id.is_empty());
        flags.set(PartyFlags::NAME, !self.caller_name.is_empty());
        if !flags.contains(PartyFlags::ADDRESS) {
            let withheld = matches!(id.number, PartyId::Withheld) || matches!(id.name, PartyId::Withheld);
            let far = matches!(id.number, PartyId::Unavailable) || matches!(id.name, PartyId::Unavailable);
            let known = self.caller_id_flags & (PartyFlags::BLOCKED | PartyFlags::OUT_OF_AREA);
            if withheld || known.contains(PartyFlags::BLOCKED) {
                // Who withholds the number withholds the name too.
                flags = PartyFlags::BLOCKED;
                self.caller_name = Name::default();
            } else if flags.is_empty() {
                flags = if far || !known.is_empty() { PartyFlags::OUT_OF_AREA } else { PartyFlags::UNAVAIL };
            }
        }
        self.caller_id_flags = flags;
        before != (self.caller_id_flags, self.caller_id, self.caller_name)
    }

    /// The message that tells this call's state.
    pub(crate) fn state_message(&self, call: CallHandle) -> Option<Notification> {
        let host = self.host.filter(|_| self.announced)?;
        Some(Notification::CallState {
            host_line: self.host_line,
            line: self.line,
            host,
            call,
            state: self.state?,
            media: self.media,
        })
    }

    /// The message that tells a change of what can be read; none after the end of the call.
    pub(crate) fn info_message(&self, call: CallHandle, what: CallInfoChange) -> Option<Notification> {
        let host = self.host.filter(|_| self.counts())?;
        Some(Notification::CallInfo { host_line: self.host_line, line: self.line, host, call, what })
    }

    /// State and features. `answering` tells that an answer is on its way.
    pub(crate) fn status(&self, possible: CallFeatures, answering: bool) -> CallStatus {
        let state = match self.state {
            Some(CallState::Idle) => CallState::Idle,
            Some(state) if self.announced => state,
            // While the host is being asked it may already look.
            None if self.is_incoming() => CallState::Offering(OfferingMode::Active),
            _ => CallState::Unknown,
        };
        let mut features = features(state) & possible;
        if !self.announced {
            features = CallFeatures::empty();
        } else if self.requests.has(Purpose::Drop) {
            // Who drops again waits for the same end.
            features &= CallFeatures::DROP;
        }
        if answering {
            features -= CallFeatures::ACCEPT | CallFeatures::ANSWER;
        }
        CallStatus { state, features, features2: CallFeatures2::empty(), entered: self.entered }
    }
}

/// What the call model lets a call do in a state.
pub(crate) fn features(state: CallState) -> CallFeatures {
    use CallFeatures as F;
    use CallState as S;
    let monitors = F::MONITOR_DIGITS | F::MONITOR_MEDIA | F::MONITOR_TONES;
    let any = monitors | F::DROP | F::SET_CALL_PARAMS | F::SET_MEDIA_CONTROL | F::SET_TERMINAL | F::SET_CALL_DATA;
    let digits = F::DIAL | F::GATHER_DIGITS | F::GENERATE_DIGITS | F::GENERATE_TONE;
    match state {
        S::Idle => F::empty(),
        S::Offering(_) => any | F::ACCEPT | F::ANSWER,
        S::Accepted => any | F::ANSWER,
        S::DialTone(_) | S::Dialing | S::Proceeding | S::Ringback | S::Connected(_) => any | digits,
        S::Busy(_) | S::SpecialInfo(_) => any,
        S::OnHold | S::OnHoldPendingTransfer | S::OnHoldPendingConference => any,
        // What is heard is heard on the conference.
        S::Conferenced(_) => any - monitors,
        S::Disconnected(_) => F::DROP | F::SET_CALL_DATA,
        S::Unknown => F::DROP,
    }
}

/// The states a call can enter on a device with these abilities, as `LINECALLSTATE_` bits.
pub(crate) fn states(caps: Caps, incoming: bool, outgoing: bool) -> u32 {
    use CallState as S;
    let mut bits = S::Idle.bit() | S::Disconnected(DisconnectMode::Normal).bit();
    if incoming {
        bits |= S::Offering(OfferingMode::Active).bit() | S::Accepted.bit();
        bits |= S::Connected(ConnectedMode::Active).bit();
    }
    if outgoing {
        bits |= S::Dialing.bit() | S::Proceeding.bit();
        for (cap, state) in [
            (Caps::SEES_DIAL_TONE, S::DialTone(DialToneMode::Normal)),
            (Caps::SEES_RINGBACK, S::Ringback),
            (Caps::SEES_BUSY | Caps::SEES_REORDER, S::Busy(BusyMode::Station)),
            (Caps::SEES_SIT | Caps::SEES_REORDER, S::SpecialInfo(SpecialInfo::Reorder)),
            (Caps::SEES_ANSWER | Caps::DATA, S::Connected(ConnectedMode::Active)),
        ] {
            if caps.intersects(cap) {
                bits |= state.bit();
            }
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use CallState as S;

    #[test]
    fn reorder_means_what_the_moment_says() {
        let reorder = Witness::Tone(ProgressTone::Reorder);
        let after = |state| next(Some(state), Address::Complete, reorder);
        assert_eq!(after(S::DialTone(DialToneMode::Normal)), Some(S::SpecialInfo(SpecialInfo::Reorder)));
        assert_eq!(after(S::Dialing), Some(S::Busy(BusyMode::Trunk)));
        assert_eq!(after(S::Proceeding), Some(S::Busy(BusyMode::Trunk)));
        let connected = S::Connected(ConnectedMode::Active);
        assert_eq!(after(connected), Some(S::Disconnected(DisconnectMode::Normal)));
        assert_eq!(after(S::Offering(OfferingMode::Active)), None);
    }

    #[test]
    fn a_release_is_judged_by_witness_and_state() {
        let up = Some(S::Connected(ConnectedMode::Confirmed));
        for (state, how, mode) in [
            (up, ReleaseWitness::LoopCurrent, DisconnectMode::Normal),
            (up, ReleaseWitness::Busy, DisconnectMode::Normal),
            (Some(S::Proceeding), ReleaseWitness::Busy, DisconnectMode::Busy),
            (Some(S::Ringback), ReleaseWitness::NoAnswer, DisconnectMode::NoAnswer),
            (Some(S::Dialing), ReleaseWitness::Delayed, DisconnectMode::TempFailure),
            (None, ReleaseWitness::Blacklisted, DisconnectMode::Blocked),
            (Some(S::Proceeding), ReleaseWitness::ResultCode, DisconnectMode::Unavail),
            (Some(S::Busy(BusyMode::Trunk)), ReleaseWitness::ResultCode, DisconnectMode::Congestion),
        ] {
            assert_eq!(released(state, how), mode, "{state:?} {how:?}");
        }
    }

    #[test]
    fn nothing_leaves_idle_and_only_idle_follows_disconnected() {
        let gone = Some(S::Disconnected(DisconnectMode::Normal));
        for to in [S::Dialing, S::Unknown, S::Disconnected(DisconnectMode::Busy), S::Connected(ConnectedMode::Active)] {
            assert!(!legal(Some(S::Idle), to));
            assert!(!legal(gone, to));
        }
        assert!(legal(gone, S::Idle));
        assert!(!legal(Some(S::Idle), S::Idle));
    }
}
