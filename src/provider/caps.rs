//! What a device and its address can do, for the host. What the device cannot witness is left out.

use crate::{
    AddressCaps, AddressFeatures, BusyMode, CallFeatures, CallFeatures2, CallInfoChange, ConnectedMode, DeviceCaps,
    DeviceDescription, DialToneMode, DigitModes, DisconnectMode, LineFeatures, OfferingMode, PartyFlags, SpecialInfo,
    call, params,
};
use loopstart_signal::Caps;
use loopstart_signal::plan::{Plan, Service};

/// Distinguishable ring modes: the ordinary ring and three distinctive ones.
pub(crate) const RING_MODES: u32 = 4;

/// The `LINEDEVSTATE_` bits used here.
pub(crate) mod line_state {
    pub(crate) const RINGING: u32 = 0x2;
    pub(crate) const CONNECTED: u32 = 0x4;
    pub(crate) const DISCONNECTED: u32 = 0x8;
    pub(crate) const IN_SERVICE: u32 = 0x40;
    pub(crate) const OUT_OF_SERVICE: u32 = 0x80;
    pub(crate) const NUM_CALLS: u32 = 0x800;
    pub(crate) const CAPS_CHANGE: u32 = 0x10_0000;
    /// All published bits.
    pub(crate) const KNOWN: u32 = 0x1ff_ffff;
}

/// The `LINEADDRESSSTATE_` bits used here.
pub(crate) mod address_state {
    pub(crate) const IN_USE_ZERO: u32 = 0x4;
    pub(crate) const IN_USE_ONE: u32 = 0x8;
    pub(crate) const NUM_CALLS: u32 = 0x20;
    /// All published bits.
    pub(crate) const KNOWN: u32 = 0x1ff;
}

/// `LINEDEVCAPFLAGS_CLOSEDROP`: closing a call or the line ends what is up.
const CLOSE_DROP: u32 = 0x20;
const DIAL_BILLING: u32 = 0x40;
const DIAL_QUIET: u32 = 0x80;
const DIAL_DIAL_TONE: u32 = 0x100;
/// `LINEADDRCAPFLAGS_DIALED`.
const DIALED: u32 = 0x20;
const PARTIAL_DIAL: u32 = 0x1_0000;
/// `LINEANSWERMODE_NONE`.
const ANSWER_NONE: u32 = 1;

fn when(caps: Caps, any_of: Caps, bits: u32) -> u32 {
    if caps.intersects(any_of) { bits } else { 0 }
}

/// Digits that can be heard.
pub(crate) fn monitor_modes(caps: Caps) -> DigitModes {
    let mut modes = DigitModes::empty();
    modes.set(DigitModes::DTMF, caps.contains(Caps::HEARS_DTMF));
    modes.set(DigitModes::DTMF_END, caps.contains(Caps::HEARS_DTMF_END));
    modes
}

/// Digits that can be sent.
pub(crate) fn generate_modes(caps: Caps) -> DigitModes {
    if caps.contains(Caps::SENDS_DTMF) { DigitModes::DTMF } else { DigitModes::empty() }
}

/// What calls can ever do.
pub(crate) fn call_features(caps: Caps, plan: &Plan) -> CallFeatures {
    use CallFeatures as F;
    let mut features = F::ACCEPT | F::ANSWER | F::DROP | F::SET_CALL_PARAMS;
    features.set(F::DIAL, caps.intersects(Caps::DIAL_DTMF | Caps::DIAL_PULSE));
    features.set(F::GENERATE_DIGITS, !generate_modes(caps).is_empty());
    features.set(F::MONITOR_DIGITS | F::GATHER_DIGITS, !monitor_modes(caps).is_empty());
    features | switch_features(caps, plan).0
}

/// Whether a device can carry out this service of a plan.
pub(crate) fn can(caps: Caps, plan: &Plan, service: Service) -> bool {
    plan.service(service).is_some_and(|procedure| caps.contains(Caps::FLASH) || !procedure.flashes())
}

/// What calls can ever do with the exchange's help.
pub(crate) fn switch_features(caps: Caps, plan: &Plan) -> (CallFeatures, CallFeatures2) {
    use CallFeatures as F;
    use CallFeatures2 as F2;
    let can = |service| can(caps, plan, service);
    let (mut f, mut f2) = (F::empty(), F2::empty());
    let dials = caps.intersects(Caps::DIAL_DTMF | Caps::DIAL_PULSE);
    if can(Service::Hold) {
        f |= F::HOLD;
        f.set(F::UNHOLD, can(Service::Retrieve));
        let (transfer, join) = (can(Service::Transfer), can(Service::Join));
        f.set(F::SETUP_TRANSFER | F::COMPLETE_TRANSFER, transfer || join);
        f2.set(F2::TRANSFER_NORMAL, transfer);
        f2.set(F2::TRANSFER_CONFERENCE, join);
        f2.set(F2::ONE_STEP_TRANSFER, dials && (transfer || join));
        f.set(F::SETUP_CONFERENCE | F::ADD_TO_CONFERENCE | F::PREPARE_ADD_TO_CONFERENCE, join);
        let splits = plan.service(Service::DropLast) == plan.service(Service::Swap);
        f.set(F::REMOVE_FROM_CONFERENCE, join && can(Service::DropLast) && !splits);
        f.set(F::BLIND_TRANSFER, dials && can(Service::BlindTransfer));
    }
    f.set(F::SWAP_HOLD, can(Service::Swap) && (can(Service::Hold) || can(Service::WaitingAnswer)));
    f.set(F::UNHOLD, f.contains(F::UNHOLD) || can(Service::WaitingAnswer));
    (f, f2)
}

/// For `LINEDEVCAPS`.
pub(crate) fn device(description: &DeviceDescription, caps: Caps) -> DeviceCaps {
    let monitor = monitor_modes(caps);
    let (least, greatest) = params::GATHER_TIMEOUT;
    DeviceCaps {
        device: description.id,
        name: description.name.clone(),
        provider_info: description.provider_info.clone(),
        stable_id: description.stable_id.clone(),
        caps,
        bearer_modes: params::BEARER_VOICE,
        max_rate: params::max_rate(caps),
        media: params::media(caps),
        generate_digit_modes: generate_modes(caps),
        monitor_digit_modes: monitor,
        gather_timeout: if monitor.is_empty() {
            (0, 0)
        } else {
            (least.as_millis() as u32, greatest.as_millis() as u32)
        },
        flags: CLOSE_DROP
            | when(caps, Caps::WAIT_BILLING, DIAL_BILLING)
            | when(caps, Caps::WAIT_QUIET, DIAL_QUIET)
            | when(caps, Caps::WAIT_DIAL_TONE, DIAL_DIAL_TONE),
        answer_mode: ANSWER_NONE,
        ring_modes: RING_MODES,
        line_states: line_state::RINGING
            | line_state::IN_SERVICE
            | line_state::OUT_OF_SERVICE
            | line_state::NUM_CALLS
            | line_state::CAPS_CHANGE
            | when(caps, Caps::SEES_BATTERY, line_state::CONNECTED | line_state::DISCONNECTED),
        min_dial: params::MIN_DIAL,
        max_dial: params::MAX_DIAL,
        default_dial: params::DEFAULT_DIAL,
        features: LineFeatures::MAKE_CALL,
        terminals: 0,
        monitor_tones: (0, 0),
        generate_tones: (0, 0),
        media_control: 0,
    }
}

/// For `LINEADDRESSCAPS`.
pub(crate) fn address(description: &DeviceDescription, caps: Caps) -> AddressCaps {
    use DisconnectMode as D;
    let info = CallInfoChange::RATE
        | CallInfoChange::BEARER_MODE
        | CallInfoChange::MEDIA_MODE
        | CallInfoChange::APP_SPECIFIC
        | CallInfoChange::CALLER_ID
        | CallInfoChange::DIAL_PARAMS;
    let unknown = PartyFlags::UNKNOWN | PartyFlags::UNAVAIL;
    let known = PartyFlags::ADDRESS | PartyFlags::NAME | PartyFlags::BLOCKED | PartyFlags::OUT_OF_AREA;
    AddressCaps {
        device: description.id,
        address: description.number.clone(),
        address_states: address_state::IN_USE_ZERO | address_state::IN_USE_ONE | address_state::NUM_CALLS,
        call_info_states: info.bits(),
        caller_id: if caps.contains(Caps::CALLER_ID) { unknown | known } else { PartyFlags::UNAVAIL },
        call_states: call::states(caps, true, true),
        dial_tone_modes: when(caps, Caps::SEES_DIAL_TONE, DialToneMode::Normal.bit() | DialToneMode::Special.bit()),
        busy_modes: when(caps, Caps::SEES_BUSY, BusyMode::Station.bit())
            | when(caps, Caps::SEES_REORDER, BusyMode::Trunk.bit()),
        special_info: when(
            caps,
            Caps::SEES_SIT,
            SpecialInfo::NoCircuit.bit() | SpecialInfo::CustomerIrregular.bit() | SpecialInfo::Unknown.bit(),
        ) | when(caps, Caps::SEES_SIT | Caps::SEES_REORDER, SpecialInfo::Reorder.bit()),
        disconnect_modes: D::Normal.bit()
            | D::Unknown.bit()
            | D::Unavail.bit()
            | D::NoAnswer.bit()
            | D::TempFailure.bit()
            | D::Blocked.bit()
            | when(caps, Caps::SEES_BUSY, D::Busy.bit())
            | when(caps, Caps::SEES_REORDER | Caps::SEES_SIT, D::Congestion.bit())
            | when(caps, Caps::SEES_SIT, D::BadAddress.bit())
            | when(caps, Caps::SEES_DIAL_TONE | Caps::SEES_NO_DIAL_TONE, D::NoDialTone.bit()),
        flags: DIALED | when(caps, Caps::DIAL_PARTIAL, PARTIAL_DIAL),
        call_features: call_features(caps, &description.plan),
        features: AddressFeatures::MAKE_CALL,
        max_no_answer_timeout: u32::MAX,
        connected_modes: ConnectedMode::Active.bit() | when(caps, Caps::SEES_ANSWER, ConnectedMode::Confirmed.bit()),
        offering_modes: OfferingMode::Active.bit(),
        max_active_calls: 1,
        max_held_calls: 0,
        max_held_pending_calls: 0,
        max_conference: 0,
        max_transfer_conference: 0,
        call_features2: CallFeatures2::empty(),
        transfer_modes: 0,
        remove_from_conference: 1,
        removed_state: 0,
        forward_modes: 0,
        max_forward_entries: 0,
        forward_rings: (0, 0),
        park_modes: 0,
        completion_modes: 0,
        completion_conditions: 0,
        max_completions: 0,
        max_call_data: 0,
        treatments: &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_cannot_witness_is_left_out() {
        // A modem that says OK and no more.
        let bare = call::states(Caps::VOICE | Caps::DIAL_DTMF, true, true);
        assert_eq!(bare, 0x1 | 0x2 | 0x4 | 0x10 | 0x100 | 0x200 | 0x4000);
        // Its outgoing calls never get past PROCEEDING.
        assert_eq!(call::states(Caps::VOICE, false, true), 0x1 | 0x10 | 0x200 | 0x4000);
        assert_eq!(
            call::states(Caps::all(), true, true),
            0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200 | 0x4000
        );
    }

    #[test]
    fn features_follow_the_abilities() {
        let some = call_features(Caps::DIAL_PULSE | Caps::SENDS_DTMF, &Plan::plain());
        assert!(some.contains(CallFeatures::DIAL | CallFeatures::GENERATE_DIGITS));
        assert!(!some.intersects(CallFeatures::MONITOR_DIGITS | CallFeatures::GATHER_DIGITS));
        assert!(call_features(Caps::HEARS_DTMF, &Plan::plain()).contains(CallFeatures::GATHER_DIGITS));
    }
}
