//! What lines and addresses can do: LINEDEVCAPS and LINEADDRESSCAPS, by the version asked for.
//!
//! These two are asked with a version of their own, which may be older than any that a line is opened with: from 1.3
//! on. Bits that such a version does not know are hidden.

use super::consts::*;
use super::params::dial_bytes;
use super::raw::Pointer;
use super::session::session;
use super::types::{DWORD, LINEADDRESSCAPS, LINEDEVCAPS};
use super::varbuf::VarBuf;
use super::wide;
use loopstart_provider::{LineErr, PartyFlags};
use std::mem::offset_of;

const V1_3: DWORD = 0x0001_0003;
const V1_4: DWORD = 0x0001_0004;
const V2_0: DWORD = 0x0002_0000;

/// The device classes that TSPI_lineGetID answers.
pub(super) const CLASSES: [&str; 1] = ["tapi/line"];

fn check_versions(version: DWORD, extension: DWORD) -> Result<(), LineErr> {
    if !(V1_3..=VERSION_MAX).contains(&version) {
        return Err(LineErr::INCOMPATIBLEAPIVERSION);
    }
    // 0 stands for no extension, and there are none.
    if extension != 0 { Err(LineErr::INCOMPATIBLEEXTVERSION) } else { Ok(()) }
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
    let mut buf = VarBuf::new(answer.block()?, &LINEDEVCAPS::LAYOUT, version, &[])?;
    buf.dword(at!(dwPermanentLineID), permanent_id(&caps.stable_id));
    buf.dword(at!(dwStringFormat), STRINGFORMAT_UNICODE);
    buf.dword(at!(dwAddressModes), LINEADDRESSMODE_ADDRESSID | LINEADDRESSMODE_DIALABLEADDR);
    buf.dword(at!(dwNumAddresses), 1);
    buf.dword(at!(dwBearerModes), known(version, caps.bearer_modes, LINEBEARERMODE_PASSTHROUGH, 0));
    buf.dword(at!(dwMaxRate), caps.max_rate);
    buf.dword(at!(dwMediaModes), caps.media.bits());
    buf.dword(at!(dwGenerateDigitModes), caps.generate_digit_modes.bits());
    buf.dword(at!(dwMonitorDigitModes), caps.monitor_digit_modes.bits());
    buf.dword(at!(dwGatherDigitsMinTimeout), caps.gather_timeout.0);
    buf.dword(at!(dwGatherDigitsMaxTimeout), caps.gather_timeout.1);
    buf.dword(at!(dwDevCapFlags), caps.flags);
    buf.dword(at!(dwMaxNumActiveCalls), address.max_active_calls);
    buf.dword(at!(dwAnswerMode), caps.answer_mode);
    buf.dword(at!(dwRingModes), caps.ring_modes);
    buf.dword(at!(dwLineStates), line_states(version, caps.line_states));
    buf.bytes(at!(MinDialParams), &dial_bytes(&caps.min_dial));
    buf.bytes(at!(MaxDialParams), &dial_bytes(&caps.max_dial));
    buf.bytes(at!(DefaultDialParams), &dial_bytes(&caps.default_dial));
    buf.dword(at!(dwLineFeatures), line_features(version, caps.features.bits()));
    buf.bytes(at!(PermanentLineGuid), &permanent_guid(&caps.stable_id));
    buf.text(at!(dwLineNameSize), &caps.name);
    buf.text(at!(dwProviderInfoSize), &caps.provider_info);
    buf.part(at!(dwDeviceClassesSize), &wide::multi_bytes(CLASSES));
    buf.finish();
    Ok(())
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
    let (caps, media) = session.query(|p| Ok((p.address_caps(device, address)?, p.device_caps(device)?.media)))?;
    check_versions(version, extension)?;
    let unavail = PartyFlags::UNAVAIL.bits();
    let mut buf = VarBuf::new(answer.block()?, &LINEADDRESSCAPS::LAYOUT, version, &[])?;
    buf.dword(at!(dwLineDeviceID), id);
    buf.dword(at!(dwAddressSharing), LINEADDRESSSHARING_PRIVATE);
    buf.dword(at!(dwAddressStates), known(version, caps.address_states, LINEADDRESSSTATE_CAPSCHANGE, 0));
    buf.dword(at!(dwCallInfoStates), caps.call_info_states);
    buf.dword(at!(dwCallerIDFlags), caps.caller_id.bits());
    // The number that was dialled is known; of incoming calls an analog line tells no called number.
    buf.dword(at!(dwCalledIDFlags), (PartyFlags::ADDRESS | PartyFlags::UNAVAIL).bits());
    buf.dword(at!(dwConnectedIDFlags), unavail);
    buf.dword(at!(dwRedirectionIDFlags), unavail);
    buf.dword(at!(dwRedirectingIDFlags), unavail);
    buf.dword(at!(dwCallStates), caps.call_states);
    buf.dword(at!(dwDialToneModes), caps.dial_tone_modes);
    buf.dword(at!(dwBusyModes), caps.busy_modes);
    buf.dword(at!(dwSpecialInfo), caps.special_info);
    buf.dword(at!(dwDisconnectModes), disconnect_modes(version, caps.disconnect_modes));
    buf.dword(at!(dwMaxNumActiveCalls), caps.max_active_calls);
    buf.dword(at!(dwAddrCapFlags), address_flags(version, caps.flags));
    buf.dword(at!(dwCallFeatures), call_features(version, caps.call_features.bits()));
    buf.dword(at!(dwRemoveFromConfCaps), LINEREMOVEFROMCONF_NONE);
    buf.dword(at!(dwAddressFeatures), address_features(version, caps.features.bits()));
    buf.dword(at!(dwMaxNoAnswerTimeout), caps.max_no_answer_timeout);
    buf.dword(at!(dwConnectedModes), caps.connected_modes);
    buf.dword(at!(dwOfferingModes), caps.offering_modes);
    buf.dword(at!(dwAvailableMediaModes), media.bits());
    buf.text(at!(dwAddressSize), caps.address.as_deref().unwrap_or(""));
    buf.part(at!(dwDeviceClassesSize), &wide::multi_bytes(CLASSES));
    buf.finish();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (V1_3 - 1, 0, Err(LineErr::INCOMPATIBLEAPIVERSION)),
            (0x0003_0000, 0, Err(LineErr::INCOMPATIBLEAPIVERSION)),
        ] {
            assert_eq!(check_versions(version, extension), wanted, "{version:#x}");
        }
    }
}
