//! Names of states, modes and capabilities. Those that are published (`LINECALLSTATE_...`) appear without their prefix.

use crate::provider::{
    BusyMode, CallState, ConnectedMode, DialToneMode, DisconnectMode, GenerateEnd, LineState, OfferingMode, SpecialInfo,
};
use crate::signal::Caps;

/// The state of a call, and its mode where it has one.
pub(super) fn state(state: CallState) -> (&'static str, Option<&'static str>) {
    match state {
        CallState::Idle => ("IDLE", None),
        CallState::Offering(mode) => (
            "OFFERING",
            Some(match mode {
                OfferingMode::Active => "ACTIVE",
                OfferingMode::Inactive => "INACTIVE",
            }),
        ),
        CallState::Accepted => ("ACCEPTED", None),
        CallState::DialTone(mode) => (
            "DIALTONE",
            Some(match mode {
                DialToneMode::Normal => "NORMAL",
                DialToneMode::Special => "SPECIAL",
                DialToneMode::Internal => "INTERNAL",
                DialToneMode::External => "EXTERNAL",
                DialToneMode::Unknown => "UNKNOWN",
            }),
        ),
        CallState::Dialing => ("DIALING", None),
        CallState::Proceeding => ("PROCEEDING", None),
        CallState::Ringback => ("RINGBACK", None),
        CallState::Busy(mode) => (
            "BUSY",
            Some(match mode {
                BusyMode::Station => "STATION",
                BusyMode::Trunk => "TRUNK",
                BusyMode::Unknown => "UNKNOWN",
            }),
        ),
        CallState::SpecialInfo(mode) => (
            "SPECIALINFO",
            Some(match mode {
                SpecialInfo::NoCircuit => "NOCIRCUIT",
                SpecialInfo::CustomerIrregular => "CUSTIRREG",
                SpecialInfo::Reorder => "REORDER",
                SpecialInfo::Unknown => "UNKNOWN",
            }),
        ),
        CallState::Connected(mode) => (
            "CONNECTED",
            Some(match mode {
                ConnectedMode::Active => "ACTIVE",
                ConnectedMode::Inactive => "INACTIVE",
                ConnectedMode::ActiveHeld => "ACTIVEHELD",
                ConnectedMode::Confirmed => "CONFIRMED",
            }),
        ),
        CallState::OnHold => ("ONHOLD", None),
        CallState::OnHoldPendingTransfer => ("ONHOLDPENDTRANSFER", None),
        CallState::OnHoldPendingConference => ("ONHOLDPENDCONF", None),
        CallState::Conferenced(_) => ("CONFERENCED", None),
        CallState::Disconnected(mode) => (
            "DISCONNECTED",
            Some(match mode {
                DisconnectMode::Normal => "NORMAL",
                DisconnectMode::Unknown => "UNKNOWN",
                DisconnectMode::Reject => "REJECT",
                DisconnectMode::Pickup => "PICKUP",
                DisconnectMode::Forwarded => "FORWARDED",
                DisconnectMode::Busy => "BUSY",
                DisconnectMode::NoAnswer => "NOANSWER",
                DisconnectMode::BadAddress => "BADADDRESS",
                DisconnectMode::Congestion => "CONGESTION",
                DisconnectMode::Unavail => "UNAVAIL",
                DisconnectMode::NoDialTone => "NODIALTONE",
                DisconnectMode::TempFailure => "TEMPFAILURE",
                DisconnectMode::Blocked => "BLOCKED",
            }),
        ),
        CallState::Unknown => ("UNKNOWN", None),
    }
}

/// Why a call that was made is not connected and will not be, and what to try.
pub(super) fn why_not(state: CallState) -> Option<&'static str> {
    Some(match state {
        CallState::Busy(BusyMode::Trunk) => "the network is congested; try again later",
        CallState::Busy(_) => "busy; try again later",
        CallState::SpecialInfo(SpecialInfo::CustomerIrregular) => "the number is not in service; check the number",
        CallState::SpecialInfo(SpecialInfo::NoCircuit) => "no circuit is free; try again later",
        CallState::SpecialInfo(SpecialInfo::Reorder) => "the exchange cannot place the call; check the number",
        CallState::SpecialInfo(SpecialInfo::Unknown) => {
            "a special information tone: the exchange cannot place the call; check the number"
        }
        CallState::Disconnected(mode) => match mode {
            DisconnectMode::Busy => "busy; try again later",
            DisconnectMode::NoAnswer => "no answer; try again later or with a longer --timeout",
            DisconnectMode::BadAddress => "the number is wrong; check it",
            DisconnectMode::Congestion => "the network is congested; try again later",
            DisconnectMode::NoDialTone => {
                "no dial tone; is the telephone line plugged in, and nobody on another telephone?"
            }
            DisconnectMode::TempFailure => "the modem refuses to redial this number for now; wait a minute",
            DisconnectMode::Blocked => "the modem refuses this number for good; switch the modem off and on",
            DisconnectMode::Reject => "the other side refuses the call",
            DisconnectMode::Forwarded => "the exchange forwarded the call",
            DisconnectMode::Pickup => "another telephone on the line took the call",
            DisconnectMode::Normal | DisconnectMode::Unknown | DisconnectMode::Unavail => {
                "the call ended before anybody answered; try again"
            }
        },
        CallState::Idle => "the call ended before anybody answered; LOOPSTART_LOG=debug tells more",
        _ => return None,
    })
}

/// What changed on a line: word for JSON, text for people.
pub(super) fn line_state(state: LineState) -> (&'static str, &'static str) {
    match state {
        LineState::Ringing { .. } => ("ring", "ring"),
        LineState::NumCalls => ("numcalls", "number of calls changed"),
        LineState::Connected => ("connected", "the telephone line is plugged in again"),
        LineState::Disconnected => ("disconnected", "no battery: is the telephone line unplugged?"),
        LineState::InService => ("inservice", "in service"),
        LineState::OutOfService => ("outofservice", "out of service: the device is gone or does not answer"),
        LineState::CapsChange => ("capschange", "capabilities changed"),
        LineState::ConfigChange => ("configchange", "settings changed"),
        LineState::Terminals => ("terminals", "terminals changed"),
        LineState::MessageWaiting(true) => ("msgwaiton", "a message waits"),
        LineState::MessageWaiting(false) => ("msgwaitoff", "no message waits"),
        LineState::NumCompletions => ("numcompletions", "number of completions changed"),
        LineState::CompletionCancelled(_) => ("complcancel", "the exchange gave a completion up"),
    }
}

/// How a generation of digits ended.
pub(super) fn generate_end(end: GenerateEnd) -> &'static str {
    match end {
        GenerateEnd::Done => "DONE",
        GenerateEnd::Cancel => "CANCEL",
    }
}

const CAPS: &[(Caps, &str)] = &[
    (Caps::VOICE, "voice calls"),
    (Caps::DATA, "data calls"),
    (Caps::DIAL_DTMF, "tone dialling"),
    (Caps::DIAL_PULSE, "pulse dialling"),
    (Caps::SEIZE, "going off hook without dialling"),
    (Caps::FLASH, "hook flash"),
    (Caps::CALLER_ID, "caller identification"),
    (Caps::SEES_DIAL_TONE, "dial tone"),
    (Caps::SEES_RINGBACK, "ringback"),
    (Caps::SEES_BUSY, "busy"),
    (Caps::SEES_REORDER, "reorder"),
    (Caps::SEES_SIT, "special information tones"),
    (Caps::SEES_ANSWER, "answer"),
    (Caps::SEES_RELEASE, "hang-up of the far end"),
    (Caps::HEARS_DTMF, "receiving digits"),
    (Caps::SENDS_DTMF, "sending digits"),
    (Caps::SEES_BATTERY, "missing battery"),
];

/// Capabilities in words.
pub(super) fn caps(caps: Caps) -> Vec<&'static str> {
    CAPS.iter().filter(|(cap, _)| caps.contains(*cap)).map(|(_, word)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_capability_has_one_word() {
        for (i, (cap, word)) in CAPS.iter().enumerate() {
            assert_eq!(caps(*cap), [*word]);
            assert!(!CAPS[..i].iter().any(|(_, other)| other == word), "{word}");
        }
    }

    #[test]
    fn a_call_that_goes_on_has_no_reason_to_end() {
        for on in [CallState::Dialing, CallState::Proceeding, CallState::Ringback] {
            assert_eq!(why_not(on), None);
        }
        assert!(why_not(CallState::Busy(BusyMode::Station)).is_some_and(|why| why.starts_with("busy")));
    }
}
