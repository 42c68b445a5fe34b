//! What a device and its address can do, for the host. What the device cannot witness is left out.

use crate::{
    AddressCaps, AddressFeatures, BusyMode, CallFeatures, CallFeatures2, CallInfoChange, CallParamFlags, CallState,
    ConnectedMode, DeviceCaps, DeviceDescription, DialToneMode, DigitModes, DisconnectMode, HostCall, LineFeatures,
    OfferingMode, PartyFlags, SpecialInfo, call, media, media_control, messages, params, services, terminal, tones,
};
use loopstart_signal::Caps;
use loopstart_signal::plan::{Joined, Plan, Service, Step};

/// Distinguishable ring modes: the ordinary ring and three distinctive ones.
pub(crate) const RING_MODES: u32 = 4;

/// The `LINEDEVSTATE_` bits used here.
pub(crate) mod line_state {
    pub(crate) const RINGING: u32 = 0x2;
    pub(crate) const CONNECTED: u32 = 0x4;
    pub(crate) const DISCONNECTED: u32 = 0x8;
    pub(crate) const MESSAGE_ON: u32 = 0x10;
    pub(crate) const MESSAGE_OFF: u32 = 0x20;
    pub(crate) const IN_SERVICE: u32 = 0x40;
    pub(crate) const OUT_OF_SERVICE: u32 = 0x80;
    pub(crate) const NUM_CALLS: u32 = 0x800;
    pub(crate) const NUM_COMPLETIONS: u32 = 0x1000;
    pub(crate) const TERMINALS: u32 = 0x2000;
    pub(crate) const CAPS_CHANGE: u32 = 0x10_0000;
    pub(crate) const COMPLETION_CANCEL: u32 = 0x80_0000;
    pub(crate) const COMPLETIONS: u32 = NUM_COMPLETIONS | COMPLETION_CANCEL;
    /// All published bits.
    pub(crate) const KNOWN: u32 = 0x1ff_ffff;
}

/// The `LINEADDRESSSTATE_` bits used here.
pub(crate) mod address_state {
    pub(crate) const IN_USE_ZERO: u32 = 0x4;
    pub(crate) const IN_USE_ONE: u32 = 0x8;
    pub(crate) const NUM_CALLS: u32 = 0x20;
    pub(crate) const FORWARD: u32 = 0x40;
    pub(crate) const TERMINALS: u32 = 0x80;
    /// All published bits.
    pub(crate) const KNOWN: u32 = 0x1ff;
}

/// `LINEDEVCAPFLAGS_CLOSEDROP`: closing a call or the line ends what is up.
const CLOSE_DROP: u32 = 0x20;
/// `LINEDEVCAPFLAGS_MEDIACONTROL`.
const MEDIA_CONTROL: u32 = 0x8;
const DIAL_BILLING: u32 = 0x40;
const DIAL_QUIET: u32 = 0x80;
const DIAL_DIAL_TONE: u32 = 0x100;
/// `LINEADDRCAPFLAGS_DIALED`.
const DIALED: u32 = 0x20;
const PARTIAL_DIAL: u32 = 0x1_0000;
/// `LINEADDRCAPFLAGS_FWDNUMRINGS`.
const FORWARD_RINGS: u32 = 0x1;
const PICKUP_GROUP_ID: u32 = 0x2;
const SECURE: u32 = 0x4;
const BLOCK_ID_OVERRIDE: u32 = 0x10;
/// `LINEADDRCAPFLAGS_SETUPCONFNULL`.
const EMPTY_CONFERENCE: u32 = 0x200;
const AUTO_RECONNECT: u32 = 0x400;
const COMPLETION_ID: u32 = 0x800;
const CONFERENCE_DROP: u32 = 0x20_0000;
const PICKUP_CALL_WAITING: u32 = 0x40_0000;
/// `LINETRANSFERMODE_CONFERENCE`; `_TRANSFER` is 1.
const TRANSFER_CONFERENCE: u32 = 2;
/// `LINEREMOVEFROMCONF_NONE`.
const REMOVE_NONE: u32 = 1;
/// `LINEREMOVEFROMCONF_LAST`.
const REMOVE_LAST: u32 = 2;
/// `LINEREMOVEFROMCONF_ANY`.
const REMOVE_ANY: u32 = 3;
/// Parties of a three-way call, this one included.
const PARTIES: u32 = 3;
/// `LINEANSWERMODE_NONE`.
const ANSWER_NONE: u32 = 1;

fn when(caps: Caps, any_of: Caps, bits: u32) -> u32 {
    if caps.intersects(any_of) { bits } else { 0 }
}

/// Digits that can be heard.
pub(crate) fn monitor_modes(caps: Caps) -> DigitModes {
    let mut modes = DigitModes::empty();
    modes.set(DigitModes::PULSE, caps.contains(Caps::HEARS_PULSE));
    modes.set(DigitModes::DTMF, caps.contains(Caps::HEARS_DTMF));
    modes.set(DigitModes::DTMF_END, caps.contains(Caps::HEARS_DTMF_END));
    modes
}

/// Digits that can be sent.
pub(crate) fn generate_modes(caps: Caps) -> DigitModes {
    if caps.contains(Caps::SENDS_DTMF) { DigitModes::DTMF } else { DigitModes::empty() }
}

/// What a line and its address can do about media, whatever their calls do.
pub(crate) fn media_features(caps: Caps) -> (LineFeatures, AddressFeatures) {
    let (mut line, mut address) = (LineFeatures::empty(), AddressFeatures::empty());
    line.set(LineFeatures::SET_MEDIA_CONTROL, caps.contains(Caps::AUDIO));
    line.set(LineFeatures::SET_TERMINAL, caps.contains(Caps::SPEAKER));
    address.set(AddressFeatures::SET_MEDIA_CONTROL, caps.contains(Caps::AUDIO));
    address.set(AddressFeatures::SET_TERMINAL, caps.contains(Caps::SPEAKER));
    (line, address)
}

/// What calls can ever do.
pub(crate) fn call_features(caps: Caps, plan: &Plan) -> CallFeatures {
    use CallFeatures as F;
    let mut features = F::ACCEPT | F::ANSWER | F::DROP | F::SET_CALL_PARAMS | F::SET_CALL_DATA;
    features.set(F::GENERATE_TONE, caps.contains(Caps::SENDS_TONES));
    features.set(F::MONITOR_TONES, caps.contains(Caps::HEARS_TONES));
    features.set(F::MONITOR_MEDIA, caps.contains(Caps::HEARS_MEDIA));
    features.set(F::SET_MEDIA_CONTROL, caps.contains(Caps::AUDIO));
    features.set(F::SET_TERMINAL, caps.contains(Caps::SPEAKER));
    features.set(F::DIAL, caps.intersects(Caps::DIAL_DTMF | Caps::DIAL_PULSE));
    features.set(F::GENERATE_DIGITS, !generate_modes(caps).is_empty());
    features.set(F::MONITOR_DIGITS | F::GATHER_DIGITS, !monitor_modes(caps).is_empty());
    features | switch_features(caps, plan).0 | services::call_features(caps, plan).0
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
    let on_hook = plan.service(Service::Hold).is_some_and(|procedure| procedure.steps().contains(&Step::OnHook));
    f.set(F::HOLD, can(Service::Hold) && !on_hook);
    if can(Service::Consult) || can(Service::Hold) {
        f.set(F::UNHOLD, can(Service::Retrieve));
        let (transfer, join) = (can(Service::Transfer), can(Service::Join));
        f.set(F::SETUP_TRANSFER | F::COMPLETE_TRANSFER, transfer || join);
        f2.set(F2::TRANSFER_NORMAL, transfer);
        f2.set(F2::TRANSFER_CONFERENCE, join);
        f2.set(F2::ONE_STEP_TRANSFER, dials && (transfer || join));
        f.set(F::SETUP_CONFERENCE | F::ADD_TO_CONFERENCE | F::PREPARE_ADD_TO_CONFERENCE, join);
        f.set(F::REMOVE_FROM_CONFERENCE, join && removals(caps, plan).1);
        f.set(F::BLIND_TRANSFER, dials && can(Service::BlindTransfer));
    }
    f.set(F::SWAP_HOLD, can(Service::Swap) && (can(Service::Hold) || can(Service::WaitingAnswer)));
    f.set(F::UNHOLD, f.contains(F::UNHOLD) || can(Service::WaitingAnswer));
    (f, f2)
}

/// Which members of a conference of three can be taken out: the first, the last.
fn removals(caps: Caps, plan: &Plan) -> (bool, bool) {
    let can = |service| can(caps, plan, service);
    let order = |service| {
        let by_order = plan.service(service).is_some_and(|procedure| !procedure.steps().contains(&Step::OnHook));
        can(service) && by_order
    };
    let split = |who| {
        can(Service::Split)
            && match plan.split_active {
                // Either may be the active one.
                Some(Joined::Active) => order(Service::ReleaseAndTake) && order(Service::ReleaseHeld),
                Some(active) if active == who => order(Service::ReleaseAndTake),
                Some(_) => order(Service::ReleaseHeld),
                None => false,
            }
    };
    let last = can(Service::DropLast) || split(Joined::Last);
    (last && (can(Service::DropFirst) || split(Joined::First)), last)
}

/// Whether a conference can be begun on an idle line, with nobody in it.
pub(crate) fn empty_conference(caps: Caps, plan: &Plan) -> bool {
    caps.intersects(Caps::SEIZE | Caps::DIAL_PARTIAL)
        && switch_features(caps, plan).0.contains(CallFeatures::SETUP_CONFERENCE)
}

/// Whether a waiting call can be taken.
fn has_waiting(caps: Caps, plan: &Plan) -> bool {
    can(caps, plan, Service::WaitingAnswer)
}

/// The states that calls can enter, as `LINECALLSTATE_` bits: what the device witnesses, and what a flash leads to.
pub(crate) fn call_states(caps: Caps, plan: &Plan, incoming: bool, outgoing: bool) -> u32 {
    let (f, _) = switch_features(caps, plan);
    let mut bits = call::states(caps, incoming, outgoing);
    for (able, state) in [
        (f.contains(CallFeatures::HOLD) || has_waiting(caps, plan), CallState::OnHold),
        (f.contains(CallFeatures::SETUP_TRANSFER), CallState::OnHoldPendingTransfer),
        (f.contains(CallFeatures::SETUP_CONFERENCE), CallState::OnHoldPendingConference),
        (f.contains(CallFeatures::ADD_TO_CONFERENCE), CallState::Conferenced(HostCall(0))),
    ] {
        if able {
            bits |= state.bit();
        }
    }
    bits
}

/// `LINEADDRCAPFLAGS_` bits of what the exchange does.
fn address_flags(caps: Caps, plan: &Plan) -> u32 {
    let (f, f2) = switch_features(caps, plan);
    let (_, address) = services::line_features(caps, plan);
    [
        (services::ring_range(caps, plan) != (0, 0), FORWARD_RINGS),
        (address.contains(AddressFeatures::PICKUP_GROUP), PICKUP_GROUP_ID),
        (address.contains(AddressFeatures::PICKUP_WAITING), PICKUP_CALL_WAITING),
        (empty_conference(caps, plan), EMPTY_CONFERENCE),
        (services::can_prefix(caps, plan, CallParamFlags::SECURE), SECURE),
        (services::can_prefix(caps, plan, CallParamFlags::BLOCK_ID), BLOCK_ID_OVERRIDE),
        (services::completion_modes(caps, plan) != 0, COMPLETION_ID),
        // Who was held for a consultation call comes back when it ends.
        (f.contains(CallFeatures::SETUP_TRANSFER), AUTO_RECONNECT),
        (f2.contains(CallFeatures2::TRANSFER_CONFERENCE), CONFERENCE_DROP),
    ]
    .iter()
    .fold(0, |flags, (able, bit)| if *able { flags | bit } else { flags })
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
        bearer_modes: params::BEARER_VOICE | when(caps, Caps::DATA, params::BEARER_PASS_THROUGH),
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
            | when(caps, Caps::AUDIO, MEDIA_CONTROL)
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
            | messages::line_states(caps, &description.plan)
            | if services::completion_modes(caps, &description.plan) == 0 { 0 } else { line_state::COMPLETIONS }
            | when(caps, Caps::SPEAKER, line_state::TERMINALS)
            | when(caps, Caps::SEES_BATTERY, line_state::CONNECTED | line_state::DISCONNECTED),
        min_dial: params::MIN_DIAL,
        max_dial: params::MAX_DIAL,
        default_dial: params::DEFAULT_DIAL,
        features: LineFeatures::MAKE_CALL | media_features(caps).0 | services::line_features(caps, &description.plan).0,
        terminals: terminal::terminals(caps).len() as u32,
        monitor_tones: tones::monitor(caps),
        generate_tones: tones::generate(caps),
        media_control: media_control::entries(caps),
    }
}

/// For `LINEADDRESSCAPS`.
pub(crate) fn address(description: &DeviceDescription, caps: Caps) -> AddressCaps {
    use DisconnectMode as D;
    let plan = &*description.plan;
    let possible = call_features(caps, plan);
    let (_, switch2) = switch_features(caps, plan);
    let (_, services2) = services::call_features(caps, plan);
    let joins = possible.intersects(CallFeatures::SETUP_CONFERENCE);
    let waits = has_waiting(caps, plan);
    let seen = waits && caps.contains(Caps::SEES_CALL_WAITING);
    let forwards = services::forward_modes(caps, plan);
    let rings = services::ring_range(caps, plan);
    let completes = services::completion_modes(caps, plan);
    let info = CallInfoChange::RATE
        | CallInfoChange::BEARER_MODE
        | CallInfoChange::MEDIA_MODE
        | CallInfoChange::APP_SPECIFIC
        | CallInfoChange::CALLER_ID
        | CallInfoChange::CALLED_ID
        | CallInfoChange::CALL_DATA
        | if possible.contains(CallFeatures::SECURE_CALL) { CallInfoChange::OTHER } else { CallInfoChange::empty() }
        | if caps.contains(Caps::SPEAKER) { CallInfoChange::TERMINAL } else { CallInfoChange::empty() }
        | CallInfoChange::DIAL_PARAMS;
    let unknown = PartyFlags::UNKNOWN | PartyFlags::UNAVAIL;
    let known = PartyFlags::ADDRESS | PartyFlags::NAME | PartyFlags::BLOCKED | PartyFlags::OUT_OF_AREA;
    AddressCaps {
        device: description.id,
        address: description.number.clone(),
        address_states: address_state::IN_USE_ZERO
            | address_state::IN_USE_ONE
            | address_state::NUM_CALLS
            | if forwards == 0 { 0 } else { address_state::FORWARD }
            | when(caps, Caps::SPEAKER, address_state::TERMINALS),
        call_info_states: info.bits(),
        caller_id: if caps.contains(Caps::CALLER_ID) { unknown | known } else { PartyFlags::UNAVAIL },
        call_states: call_states(caps, plan, true, true),
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
            | if seen { D::Pickup.bit() } else { 0 }
            | when(caps, Caps::SEES_BUSY, D::Busy.bit())
            | when(caps, Caps::SEES_REORDER | Caps::SEES_SIT, D::Congestion.bit())
            | when(caps, Caps::SEES_SIT, D::BadAddress.bit())
            | when(caps, Caps::SEES_DIAL_TONE | Caps::SEES_NO_DIAL_TONE, D::NoDialTone.bit()),
        flags: DIALED | when(caps, Caps::DIAL_PARTIAL, PARTIAL_DIAL) | address_flags(caps, plan),
        call_features: possible,
        features: AddressFeatures::MAKE_CALL
            | if empty_conference(caps, plan) { AddressFeatures::SETUP_CONFERENCE } else { AddressFeatures::empty() }
            | media_features(caps).1
            | services::line_features(caps, plan).1,
        max_no_answer_timeout: u32::MAX,
        connected_modes: ConnectedMode::Active.bit() | when(caps, Caps::SEES_ANSWER, ConnectedMode::Confirmed.bit()),
        offering_modes: OfferingMode::Active.bit() | if seen { OfferingMode::Inactive.bit() } else { 0 },
        max_active_calls: 1,
        max_held_calls: u32::from(possible.contains(CallFeatures::HOLD) || waits),
        max_held_pending_calls: u32::from(
            possible.intersects(CallFeatures::SETUP_TRANSFER | CallFeatures::SETUP_CONFERENCE),
        ),
        max_conference: if joins { PARTIES } else { 0 },
        max_transfer_conference: if switch2.contains(CallFeatures2::TRANSFER_CONFERENCE) { PARTIES } else { 0 },
        call_features2: switch2 | services2,
        transfer_modes: u32::from(switch2.contains(CallFeatures2::TRANSFER_NORMAL))
            | if switch2.contains(CallFeatures2::TRANSFER_CONFERENCE) { TRANSFER_CONFERENCE } else { 0 },
        remove_from_conference: match removals(caps, plan) {
            _ if !possible.contains(CallFeatures::REMOVE_FROM_CONFERENCE) => REMOVE_NONE,
            (true, _) => REMOVE_ANY,
            (false, _) => REMOVE_LAST,
        },
        removed_state: if possible.contains(CallFeatures::REMOVE_FROM_CONFERENCE) { CallState::Idle.bit() } else { 0 },
        forward_modes: forwards,
        max_forward_entries: if forwards == 0 { 0 } else { services::MAX_FORWARD_ENTRIES as u32 },
        forward_rings: rings,
        park_modes: services::park_modes(caps, plan),
        completion_modes: completes,
        completion_conditions: services::completion_conditions(caps, plan),
        max_completions: if completes == 0 { 0 } else { services::MAX_COMPLETIONS as u32 },
        max_call_data: media::MAX_CALL_DATA as u32,
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
