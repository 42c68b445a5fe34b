//! Lines: versions, opening and closing, what the host wants to hear of, status.

use super::consts::*;
use super::raw::Pointer;
use super::session::{check_version, line_handle, session};
use super::types::{DWORD, HDRVLINE, HTAPILINE, LINEADDRESSSTATUS, LINEDEVSTATUS, LINEEVENT, LINEEXTENSIONID, WCHAR};
use super::varbuf::VarBuf;
use super::wide;
use loopstart_provider::{Command, LineErr, MediaModes, Reply};
use std::mem::offset_of;

/// All bits of a group of flags.
pub(super) const fn all_bits(group: &str) -> DWORD {
    let mut bits = 0;
    let mut at = 0;
    while at < GROUPS.len() {
        if same(GROUPS[at].name, group) {
            let mut c = 0;
            while c < GROUPS[at].constants.len() {
                bits |= GROUPS[at].constants[c].1;
                c += 1;
            }
        }
        at += 1;
    }
    bits
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

pub(crate) fn negotiate_version(device: DWORD, low: DWORD, high: DWORD, answer: Pointer<DWORD>) -> Result<(), LineErr> {
    let answer = answer.required()?;
    if device != INITIALIZE_NEGOTIATION {
        // Before TSPI_providerInit devices have no numbers yet, and all have the same versions.
        if let Ok(session) = session() {
            session.device(device)?;
        }
    }
    let version = high.min(VERSION_MAX);
    if low > high || version < low.max(VERSION_MIN) {
        return Err(LineErr::INCOMPATIBLEAPIVERSION);
    }
    answer.put(version);
    Ok(())
}

/// There are no extensions, so no version of them fits.
pub(crate) fn negotiate_ext_version(
    device: DWORD,
    version: DWORD,
    _low: DWORD,
    _high: DWORD,
    answer: Pointer<DWORD>,
) -> Result<(), LineErr> {
    session()?.device(device)?;
    answer.required()?;
    check_version(version)?;
    Err(LineErr::INCOMPATIBLEEXTVERSION)
}

/// An id of zeros: no extensions.
pub(crate) fn extension_id(device: DWORD, version: DWORD, answer: Pointer<LINEEXTENSIONID>) -> Result<(), LineErr> {
    session()?.device(device)?;
    let answer = answer.required()?;
    check_version(version)?;
    answer.put(LINEEXTENSIONID { dwExtensionID0: 0, dwExtensionID1: 0, dwExtensionID2: 0, dwExtensionID3: 0 });
    Ok(())
}

pub(crate) fn select_ext_version(line: HDRVLINE, version: DWORD) -> Result<(), LineErr> {
    session()?.line(line)?;
    if version == 0 { Ok(()) } else { Err(LineErr::INCOMPATIBLEEXTVERSION) }
}

pub(crate) fn open(
    device: DWORD,
    host: HTAPILINE,
    answer: Pointer<HDRVLINE>,
    version: DWORD,
    event: LINEEVENT,
) -> Result<(), LineErr> {
    let session = session()?;
    let device = session.device(device)?;
    let answer = answer.required()?;
    if event.is_none() {
        return Err(LineErr::INVALPOINTER);
    }
    check_version(version)?;
    session.host.open_line(
        host,
        event,
        |host| match session.runtime.command(Command::OpenLine { device, host })? {
            Reply::Line(line) => Ok(line),
            // A reply that does not belong to its command: a mistake of ours, told as a failure.
            _ => Err(LineErr::OPERATIONFAILED),
        },
        |line| answer.put(line.raw()),
    )
}

pub(crate) fn close(line: HDRVLINE) -> Result<(), LineErr> {
    let session = session()?;
    let line = line_handle(line)?;
    session.runtime.close_line(line)?;
    session.host.line_closed(line);
    Ok(())
}

pub(crate) fn set_status_messages(line: HDRVLINE, line_states: DWORD, address_states: DWORD) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    if line_states & !all_bits("LINEDEVSTATE") != 0 {
        return Err(LineErr::INVALLINESTATE);
    }
    if address_states & !all_bits("LINEADDRESSSTATE") != 0 {
        return Err(LineErr::INVALADDRESSSTATE);
    }
    session.runtime.command(Command::SetStatusMessages { line, line_states, address_states }).map(|_| ())
}

pub(crate) fn set_default_media_detection(line: HDRVLINE, modes: DWORD) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    let modes = MediaModes::from_bits_retain(modes);
    session.runtime.command(Command::SetMediaDetection { line, modes }).map(|_| ())
}

pub(crate) fn dev_status(line: HDRVLINE, mut answer: Pointer<LINEDEVSTATUS>) -> Result<(), LineErr> {
    macro_rules! at {
        ($field:ident) => {
            offset_of!(LINEDEVSTATUS, $field)
        };
    }
    let session = session()?;
    let line = line_handle(line)?;
    let status = session.query(|p| p.line_status(line))?;
    let keep = [at!(dwNumOpens)..at!(dwNumOpens) + 8, at!(dwAppInfoSize)..at!(dwAppInfoSize) + 8];
    // Versions 2.0 to 2.2 have the same fixed part.
    let mut buf = VarBuf::new(answer.block()?, &LINEDEVSTATUS::LAYOUT, VERSION_MAX, &keep)?;
    buf.dword(at!(dwNumActiveCalls), status.active_calls);
    buf.dword(at!(dwNumOnHoldCalls), status.held_calls);
    buf.dword(at!(dwNumOnHoldPendCalls), status.held_pending_calls);
    buf.dword(at!(dwLineFeatures), status.features.bits());
    buf.dword(at!(dwRingMode), status.ring_mode);
    // A wire has neither a signal strength nor a battery of its own: full, and no roaming.
    buf.dword(at!(dwSignalLevel), 0xffff);
    buf.dword(at!(dwBatteryLevel), 0xffff);
    buf.dword(at!(dwRoamMode), LINEROAMMODE_UNAVAIL);
    let connected = if status.connected { LINEDEVSTATUSFLAGS_CONNECTED } else { 0 };
    let in_service = if status.in_service { LINEDEVSTATUSFLAGS_INSERVICE } else { 0 };
    buf.dword(at!(dwDevStatusFlags), connected | in_service);
    buf.dword(at!(dwAvailableMediaModes), status.available_media.bits());
    buf.finish();
    Ok(())
}

pub(crate) fn num_address_ids(line: HDRVLINE, answer: Pointer<DWORD>) -> Result<(), LineErr> {
    session()?.line(line)?;
    answer.required()?.put(1);
    Ok(())
}

pub(crate) fn address_id(
    line: HDRVLINE,
    answer: Pointer<DWORD>,
    mode: DWORD,
    address: Pointer<WCHAR>,
    size: DWORD,
) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    let (answer, address) = (answer.required()?, address.required()?);
    if mode != LINEADDRESSMODE_DIALABLEADDR {
        return Err(LineErr::INVALADDRESSMODE);
    }
    // The size counts bytes, the NUL included.
    let bytes = address.bytes(size as usize, LineErr::INVALADDRESS)?;
    let address = wide::decode_bytes(&bytes, LineErr::INVALADDRESS)?;
    answer.put(session.query(|p| p.address_id(line, &address))?);
    Ok(())
}

pub(crate) fn address_status(
    line: HDRVLINE,
    address: DWORD,
    mut answer: Pointer<LINEADDRESSSTATUS>,
) -> Result<(), LineErr> {
    macro_rules! at {
        ($field:ident) => {
            offset_of!(LINEADDRESSSTATUS, $field)
        };
    }
    let session = session()?;
    let line = line_handle(line)?;
    let status = session.query(|p| p.address_status(line, address))?;
    let mut buf = VarBuf::new(answer.block()?, &LINEADDRESSSTATUS::LAYOUT, VERSION_MAX, &[])?;
    buf.dword(at!(dwNumInUse), status.in_use);
    buf.dword(at!(dwNumActiveCalls), status.active_calls);
    buf.dword(at!(dwNumOnHoldCalls), status.held_calls);
    buf.dword(at!(dwNumOnHoldPendCalls), status.held_pending_calls);
    buf.dword(at!(dwAddressFeatures), status.features.bits());
    buf.finish();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bits_of_a_group() {
        assert_eq!(all_bits("LINEADDRESSSTATE"), 0x1ff);
        assert_eq!(all_bits("LINEDEVSTATE"), 0x1ff_ffff);
        assert_eq!(all_bits("no such group"), 0);
    }
}
