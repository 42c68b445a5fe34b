//! What lines and addresses can do: LINEDEVCAPS and LINEADDRESSCAPS, by the version asked for.
//!
//! These two are asked with a version of their own, which may be older than any that a line is opened with: from 1.3
//! on. Bits that such a version does not know are hidden.

use super::consts::*;
use super::ids::classes;
use super::params::dial_bytes;
use super::raw::Pointer;
use super::services::SPECIFIC as SPECIFIC_FORWARDS;
use super::session::session;
use super::settings::DeviceConfig;
use super::specific::{self, check_extension};
use super::types::{DWORD, LINEADDRESSCAPS, LINECALLTREATMENTENTRY, LINEDEVCAPS};
use super::varbuf::VarBuf;
use super::wide;
use loopstart_provider::{LineErr, PartyFlags, TERMINALS, Terminal};
use std::mem::offset_of;

const V1_3: DWORD = 0x0001_0003;
const V1_4: DWORD = 0x0001_0004;
const V2_0: DWORD = 0x0002_0000;

fn check_versions(version: DWORD, extension: DWORD) -> Result<(), LineErr> {
    if !(V1_3..=VERSION_MAX).contains(&version) {
        return Err(LineErr::INCOMPATIBLEAPIVERSION);
    }
    check_extension(extension)
}

/// Those of `bits` that a version knows, where `by_1_4` and `by_2_0` came with these versions.
fn known(version: DWORD, bits: DWORD, by_1_4: DWORD, by_2_0: DWORD) -> DWORD {
    let newer = if version < V1_4 {
        by_1_4 | by_2_0
    } else if version < V2_0 {
        by_2_0
    } else {
        0
    };
    bits & !newer
}

fn line_states(version: DWORD, bits: DWORD) -> DWORD {
    let by_1_4 = LINEDEVSTATE_CAPSCHANGE
        | LINEDEVSTATE_CONFIGCHANGE
        | LINEDEVSTATE_TRANSLATECHANGE
        | LINEDEVSTATE_COMPLCANCEL
        | LINEDEVSTATE_REMOVED;
    known(version, bits, by_1_4, 0)
}

fn disconnect_modes(version: DWORD, bits: DWORD) -> DWORD {
    let by_2_0 = LINEDISCONNECTMODE_NUMBERCHANGED
        | LINEDISCONNECTMODE_OUTOFORDER
        | LINEDISCONNECTMODE_TEMPFAILURE
        | LINEDISCONNECTMODE_QOSUNAVAIL
        | LINEDISCONNECTMODE_BLOCKED
        | LINEDISCONNECTMODE_DONOTDISTURB
        | LINEDISCONNECTMODE_CANCELLED;
    let kept = known(version, bits, LINEDISCONNECTMODE_NODIALTONE, by_2_0);
    // What is hidden would be told as not known.
    if kept == bits { bits } else { kept | LINEDISCONNECTMODE_UNKNOWN }
}

fn call_features(version: DWORD, bits: DWORD) -> DWORD {
    let by_2_0 = LINECALLFEATURE_SETTREATMENT | LINECALLFEATURE_SETQOS | LINECALLFEATURE_SETCALLDATA;
    known(version, bits, LINECALLFEATURE_RELEASEUSERUSERINFO, by_2_0)
}

fn address_flags(version: DWORD, bits: DWORD) -> DWORD {
    known(version, bits, 0, !(LINEADDRCAPFLAGS_PREDICTIVEDIALER - 1))
}

fn address_features(version: DWORD, bits: DWORD) -> DWORD {
    known(version, bits, 0, !(LINEADDRFEATURE_PICKUPHELD - 1))
}

fn line_features(version: DWORD, bits: DWORD) -> DWORD {
    known(version, bits, 0, LINEFEATURE_FORWARDFWD | LINEFEATURE_FORWARDDND)
}

/// FNV-1a, 32 bits: a number that depends on the stable id alone. Never 0.
fn permanent_id(stable_id: &str) -> DWORD {
    let hash = stable_id.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    hash.max(1)
}

/// A GUID that depends on the stable id alone: FNV-1a, 128 bits, as a UUID of version 8 (RFC 9562).
fn permanent_guid(stable_id: &str) -> [u8; 16] {
    let seed = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    let prime = 0x0000_0000_0100_0000_0000_0000_0000_013b_u128;
    let hash = b"loopstart line ".iter().chain(stable_id.as_bytes());
    let hash = hash.fold(seed, |h, b| (h ^ u128::from(*b)).wrapping_mul(prime));
    let mut uuid = hash.to_be_bytes();
    uuid[6] = uuid[6] & 0x0f | 0x80;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    // The first three members of a GUID are numbers in the machine's order.
    let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = uuid;
    let mut guid = [0; 16];
    guid[..4].copy_from_slice(&u32::from_be_bytes([a0, a1, a2, a3]).to_ne_bytes());
    guid[4..6].copy_from_slice(&u16::from_be_bytes([b0, b1]).to_ne_bytes());
    guid[6..8].copy_from_slice(&u16::from_be_bytes([c0, c1]).to_ne_bytes());
    guid[8..].copy_from_slice(&rest);
    guid
}

pub(crate) fn dev_caps(
    device: DWORD,
    version: DWORD,
    extension: DWORD,
    mut answer: Pointer<LINEDEVCAPS>,
) -> Result<(), LineErr> {
    macro_rules! at {
        ($field:ident) => {
            offset_of!(LINEDEVCAPS, $field)
        };
    }
    let session = session()?;
    let device = session.device(device)?;
    let (caps, address) = session.query(|p| Ok((p.device_caps(device)?, p.address_caps(device, 0)?)))?;
    check_versions(version, extension)?;
    let terminal = session.runtime.tty(device).is_some();
    let mut buf = VarBuf::new(answer.block()?, &LINEDEVCAPS::LAYOUT, version, &[])?;
    buf.dword(at!(dwPermanentLineID), permanent_id(&caps.stable_id));
    buf.dword(at!(dwStringFormat), STRINGFORMAT_UNICODE);
    buf.dword(at!(dwAddressModes), LINEADDRESSMODE_ADDRESSID | LINEADDRESSMODE_DIALABLEADDR);
    buf.dword(at!(dwNumAddresses), 1);
    buf.dword(at!(dwBearerModes), known(version, caps.bearer_modes, LINEBEARERMODE_PASSTHROUGH, 0));
    buf.dword(at!(dwMaxRate), caps.max_rate);
    buf.dword(at!(dwMediaModes), caps.media.bits());
    buf.dword(at!(dwGenerateToneModes), caps.generate_tones.0);
    buf.dword(at!(dwGenerateToneMaxNumFreq), caps.generate_tones.1);
    buf.dword(at!(dwGenerateDigitModes), caps.generate_digit_modes.bits());
    buf.dword(at!(dwMonitorToneMaxNumFreq), caps.monitor_tones.1);
    buf.dword(at!(dwMonitorToneMaxNumEntries), caps.monitor_tones.0);
    buf.dword(at!(dwMonitorDigitModes), caps.monitor_digit_modes.bits());
    buf.dword(at!(dwGatherDigitsMinTimeout), caps.gather_timeout.0);
    buf.dword(at!(dwGatherDigitsMaxTimeout), caps.gather_timeout.1);
    buf.dword(at!(dwMedCtlDigitMaxListSize), caps.media_control);
    buf.dword(at!(dwMedCtlMediaMaxListSize), caps.media_control);
    buf.dword(at!(dwMedCtlToneMaxListSize), caps.media_control);
    buf.dword(at!(dwMedCtlCallStateMaxListSize), caps.media_control);
    buf.dword(at!(dwDevCapFlags), caps.flags);
    buf.dword(at!(dwMaxNumActiveCalls), address.max_active_calls);
    buf.dword(at!(dwAnswerMode), caps.answer_mode);
    buf.dword(at!(dwRingModes), caps.ring_modes);
    // That its settings changed is told here, not by the provider.
    buf.dword(at!(dwLineStates), line_states(version, caps.line_states | LINEDEVSTATE_CONFIGCHANGE));
    buf.bytes(at!(MinDialParams), &dial_bytes(&caps.min_dial));
    buf.bytes(at!(MaxDialParams), &dial_bytes(&caps.max_dial));
    let line = DeviceConfig { dial: caps.default_dial };
    buf.bytes(at!(DefaultDialParams), &dial_bytes(&line.fill(session.settings(device).dial)));
    let features = caps.features | specific::features(caps.caps);
    buf.dword(at!(dwLineFeatures), line_features(version, features.bits()));
    buf.bytes(at!(PermanentLineGuid), &permanent_guid(&caps.stable_id));
    buf.text(at!(dwLineNameSize), &caps.name);
    buf.text(at!(dwProviderInfoSize), &caps.provider_info);
    buf.text(at!(dwSwitchInfoSize), session.switch(device));
    buf.part(at!(dwDeviceClassesSize), &wide::multi_bytes(classes(caps.caps, terminal)));
    let (terminals, entry, texts) = terminal_parts(TERMINALS.get(..caps.terminals as usize).unwrap_or_default());
    buf.dword(at!(dwNumTerminals), caps.terminals);
    buf.part(at!(dwTerminalCapsSize), &terminals);
    buf.dword(at!(dwTerminalTextEntrySize), entry);
    buf.part(at!(dwTerminalTextSize), &texts);
    buf.finish();
    Ok(())
}

/// The array of LINETERMCAPS of the terminals of a line, and their names in entries of one size.
fn terminal_parts(terminals: &[Terminal]) -> (Vec<u8>, DWORD, Vec<u8>) {
    let name = |device| match device {
        LINETERMDEV_PHONE => "Line",
        LINETERMDEV_SPEAKER => "Loudspeaker",
        _ => "Headset",
    };
    let rows = terminals.iter().flat_map(|t| [t.device, t.modes, t.sharing]);
    let names: Vec<Vec<u8>> = terminals.iter().map(|t| wide::bytes_with_nul(name(t.device))).collect();
    let entry = names.iter().map(Vec::len).max().unwrap_or(0);
    let texts = names.into_iter().flat_map(|mut name| {
        name.resize(entry, 0);
        name
    });
    (rows.flat_map(DWORD::to_ne_bytes).collect(), entry as DWORD, texts.collect())
}

/// The array of LINECALLTREATMENTENTRY of these treatments, and their names, each with the place of its pair.
fn treatment_rows(treatments: &[DWORD]) -> (Vec<u8>, Vec<(usize, Vec<u8>)>) {
    let stride = LINECALLTREATMENTENTRY::LAYOUT.size;
    let name = |treatment| match treatment {
        LINECALLTREATMENT_SILENCE => "Silence",
        LINECALLTREATMENT_RINGBACK => "Ringback",
        LINECALLTREATMENT_BUSY => "Busy",
        LINECALLTREATMENT_MUSIC => "Music",
        _ => "Of the exchange",
    };
    let rows = treatments.iter().flat_map(|id| [*id, 0, 0]).flat_map(DWORD::to_ne_bytes).collect();
    let pair = offset_of!(LINECALLTREATMENTENTRY, dwCallTreatmentNameSize);
    let texts = treatments.iter().enumerate().map(|(n, id)| (n * stride + pair, wide::bytes_with_nul(name(*id))));
    (rows, texts.collect())
}

pub(crate) fn address_caps(
    device: DWORD,
    address: DWORD,
    version: DWORD,
    extension: DWORD,
    mut answer: Pointer<LINEADDRESSCAPS>,
) -> Result<(), LineErr> {
    macro_rules! at {
        ($field:ident) => {
            offset_of!(LINEADDRESSCAPS, $field)
        };
    }
    let session = session()?;
    let id = device;
    let device = session.device(device)?;
    let (caps, device_caps) = session.query(|p| Ok((p.address_caps(device, address)?, p.device_caps(device)?)))?;
    check_versions(version, extension)?;
    let terminal = session.runtime.tty(device).is_some();
    let unavail = PartyFlags::UNAVAIL.bits();
    let mut buf = VarBuf::new(answer.block()?, &LINEADDRESSCAPS::LAYOUT, version, &[])?;
    buf.dword(at!(dwLineDeviceID), id);
    buf.dword(at!(dwAddressSharing), LINEADDRESSSHARING_PRIVATE);
    buf.dword(at!(dwAddressStates), known(version, caps.address_states, LINEADDRESSSTATE_CAPSCHANGE, 0));
    buf.dword(at!(dwCallInfoStates), caps.call_info_states);
    buf.dword(at!(dwCallerIDFlags), caps.caller_id.bits());
    // The number that was dialled is known; of incoming calls an analog line tells no called number.
    buf.dword(at!(dwCalledIDFlags), (PartyFlags::ADDRESS | PartyFlags::UNAVAIL).bits());
    // Who is connected is learned where a waiting call is taken; who redirected it, where the exchange sends that along.
    buf.dword(at!(dwConnectedIDFlags), (caps.caller_id | PartyFlags::UNAVAIL).bits());
    buf.dword(at!(dwRedirectionIDFlags), unavail);
    buf.dword(at!(dwRedirectingIDFlags), redirecting(caps.caller_id).bits());
    buf.dword(at!(dwCallStates), caps.call_states);
    buf.dword(at!(dwDialToneModes), caps.dial_tone_modes);
    buf.dword(at!(dwBusyModes), caps.busy_modes);
    buf.dword(at!(dwSpecialInfo), caps.special_info);
    buf.dword(at!(dwDisconnectModes), disconnect_modes(version, caps.disconnect_modes));
    buf.dword(at!(dwMaxNumActiveCalls), caps.max_active_calls);
    buf.dword(at!(dwMaxNumOnHoldCalls), caps.max_held_calls);
    buf.dword(at!(dwMaxNumOnHoldPendingCalls), caps.max_held_pending_calls);
    buf.dword(at!(dwMaxNumConference), caps.max_conference);
    buf.dword(at!(dwMaxNumTransConf), caps.max_transfer_conference);
    buf.dword(at!(dwAddrCapFlags), address_flags(version, caps.flags));
    buf.dword(at!(dwCallFeatures), call_features(version, caps.call_features.bits()));
    buf.dword(at!(dwRemoveFromConfCaps), caps.remove_from_conference);
    buf.dword(at!(dwRemoveFromConfState), caps.removed_state);
    buf.dword(at!(dwTransferModes), caps.transfer_modes);
    buf.dword(at!(dwParkModes), caps.park_modes);
    buf.dword(at!(dwForwardModes), caps.forward_modes);
    buf.dword(at!(dwMaxForwardEntries), caps.max_forward_entries);
    buf.dword(at!(dwMaxSpecificEntries), specific_entries(caps.forward_modes, caps.max_forward_entries));
    buf.dword(at!(dwMinFwdNumRings), caps.forward_rings.0);
    buf.dword(at!(dwMaxFwdNumRings), caps.forward_rings.1);
    buf.dword(at!(dwMaxCallCompletions), caps.max_completions);
    buf.dword(at!(dwCallCompletionConds), caps.completion_conditions);
    buf.dword(at!(dwCallCompletionModes), caps.completion_modes);
    buf.dword(at!(dwAddressFeatures), address_features(version, caps.features.bits()));
    buf.dword(at!(dwMaxCallDataSize), caps.max_call_data);
    buf.dword(at!(dwCallFeatures2), caps.call_features2.bits());
    buf.dword(at!(dwMaxNoAnswerTimeout), caps.max_no_answer_timeout);
    buf.dword(at!(dwConnectedModes), caps.connected_modes);
    buf.dword(at!(dwOfferingModes), caps.offering_modes);
    buf.dword(at!(dwAvailableMediaModes), device_caps.media.bits());
    buf.text(at!(dwAddressSize), caps.address.as_deref().unwrap_or(""));
    buf.part(at!(dwDeviceClassesSize), &wide::multi_bytes(classes(device_caps.caps, terminal)));
    let (rows, texts) = treatment_rows(caps.treatments);
    buf.dword(at!(dwNumCallTreatments), DWORD::try_from(caps.treatments.len()).unwrap_or(0));
    buf.table(at!(dwCallTreatmentListSize), &rows, &texts);
    buf.finish();
    Ok(())
}

/// What can be known of who redirected a call: the number, on lines with caller identification.
fn redirecting(caller: PartyFlags) -> PartyFlags {
    PartyFlags::UNAVAIL | caller & (PartyFlags::ADDRESS | PartyFlags::UNKNOWN)
}

/// Entries for one caller that a forwarding list can have: all or none.
fn specific_entries(modes: DWORD, entries: DWORD) -> DWORD {
    if modes & SPECIFIC_FORWARDS != 0 { entries } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tspi::types::LINETERMCAPS;

    #[test]
    fn older_versions_do_not_hear_of_newer_bits() {
        let all = u32::MAX;
        assert_eq!(line_states(V1_3, all) & LINEDEVSTATE_CAPSCHANGE, 0);
        assert_eq!(line_states(V1_4, all), all);
        assert_eq!(disconnect_modes(V1_3, LINEDISCONNECTMODE_NODIALTONE), LINEDISCONNECTMODE_UNKNOWN);
        assert_eq!(disconnect_modes(V1_4, LINEDISCONNECTMODE_NODIALTONE), LINEDISCONNECTMODE_NODIALTONE);
        assert_eq!(disconnect_modes(V1_4, LINEDISCONNECTMODE_BLOCKED), LINEDISCONNECTMODE_UNKNOWN);
        assert_eq!(disconnect_modes(V2_0, LINEDISCONNECTMODE_BLOCKED), LINEDISCONNECTMODE_BLOCKED);
        assert_eq!(address_flags(V1_4, all), 0x007f_ffff);
        assert_eq!(address_features(V1_4, all), 0xff);
        assert_eq!(address_features(V2_0, all), all);
        assert_eq!(call_features(V1_4, LINECALLFEATURE_SETCALLDATA), 0);
        assert_eq!(line_features(V1_4, LINEFEATURE_FORWARDDND | LINEFEATURE_MAKECALL), LINEFEATURE_MAKECALL);
    }

    #[test]
    fn permanent_ids() {
        assert_eq!(permanent_id("usb-1234"), permanent_id("usb-1234"));
        assert_ne!(permanent_id("usb-1234"), permanent_id("usb-1235"));
        assert_ne!(permanent_guid("a"), permanent_guid("b"));
        // FNV-1a of nothing is its offset basis.
        assert_eq!(permanent_id(""), 0x811c_9dc5);
        let guid = permanent_guid("usb-1234");
        assert_eq!(u16::from_ne_bytes([guid[6], guid[7]]) >> 12, 8, "version");
        assert_eq!(guid[8] >> 6, 2, "variant");
    }

    #[test]
    fn versions() {
        for (version, extension, wanted) in [
            (V1_3, 0, Ok(())),
            (VERSION_MAX, 0, Ok(())),
            (VERSION_MAX, 1, Err(LineErr::INCOMPATIBLEEXTVERSION)),
            (VERSION_MAX, 0x0001_0000, Ok(())),
            (V1_3 - 1, 0, Err(LineErr::INCOMPATIBLEAPIVERSION)),
            (0x0003_0000, 0, Err(LineErr::INCOMPATIBLEAPIVERSION)),
        ] {
            assert_eq!(check_versions(version, extension), wanted, "{version:#x}");
        }
    }

    fn words(bytes: &[u8]) -> Vec<DWORD> {
        bytes.as_chunks::<4>().0.iter().map(|b| DWORD::from_ne_bytes(*b)).collect()
    }

    #[test]
    fn terminals_have_a_name_each() {
        assert_eq!(terminal_parts(&[]), (vec![], 0, vec![]));
        let (rows, entry, texts) = terminal_parts(TERMINALS);
        assert_eq!(rows.len(), TERMINALS.len() * LINETERMCAPS::LAYOUT.size);
        assert_eq!(words(&rows)[..3], [LINETERMDEV_PHONE, 0xe0, LINETERMSHARING_PRIVATE]);
        assert_eq!(words(&rows)[3..], [LINETERMDEV_SPEAKER, LINETERMMODE_MEDIAFROMLINE, LINETERMSHARING_PRIVATE]);
        assert_eq!((entry as usize, &texts[24..]), (24, &wide::bytes_with_nul("Loudspeaker")[..]));
        assert_eq!(texts[..24], [&wide::bytes_with_nul("Line")[..], &[0; 14]].concat());
    }

    #[test]
    fn treatments_have_a_name_each() {
        let (rows, texts) = treatment_rows(&[LINECALLTREATMENT_MUSIC, 0x100]);
        assert_eq!(words(&rows), [4, 0, 0, 0x100, 0, 0]);
        assert_eq!(texts[0], (4, wide::bytes_with_nul("Music")));
        assert_eq!(texts[1].0, 16);
    }

    #[test]
    fn specific_forwarding() {
        assert_eq!(specific_entries(LINEFORWARDMODE_UNCOND, 4), 0);
        assert_eq!(specific_entries(LINEFORWARDMODE_BUSYSPECIFIC, 4), 4);
    }
}
