//! Lines: versions, opening and closing, what the host wants to hear of, status.

use super::consts::*;
use super::raw::Pointer;
use super::session::{check_version, line_handle, session};
use super::specific;
use super::types::{DWORD, HDRVLINE, HTAPILINE, LINEADDRESSSTATUS, LINEDEVSTATUS, LINEEVENT, LINEFORWARD, WCHAR};
use super::varbuf::VarBuf;
use super::wide;
use loopstart_provider::{Command, ForwardEntry, LineErr, MediaModes, Reply, RequestId};
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

/// Whether a number is one of a group.
pub(super) fn is_one_of(group: &str, number: DWORD) -> bool {
    let group = GROUPS.iter().find(|g| g.name == group);
    group.is_some_and(|g| g.constants.iter().any(|(_, value)| *value == number))
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
        device,
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
    session.runtime.command(Command::SetStatusMessages { line, line_states, address_states })?;
    session.host.want_states(line, line_states);
    Ok(())
}

pub(crate) fn set_default_media_detection(line: HDRVLINE, modes: DWORD) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    let modes = MediaModes::from_bits_retain(modes);
    session.runtime.command(Command::SetMediaDetection { line, modes }).map(|_| ())
}

/// A line's status follows from the wire and from the exchange: nothing of it can be set from here.
pub(crate) fn set_dev_status(_request: RequestId, line: HDRVLINE, status: DWORD, _on: DWORD) -> Result<(), LineErr> {
    session()?.line(line)?;
    if status == 0 || status & !all_bits("LINEDEVSTATUSFLAGS") != 0 {
        return Err(LineErr::INVALPARAM);
    }
    Err(LineErr::OPERATIONUNAVAIL)
}

pub(crate) fn dev_status(line: HDRVLINE, mut answer: Pointer<LINEDEVSTATUS>) -> Result<(), LineErr> {
    macro_rules! at {
        ($field:ident) => {
            offset_of!(LINEDEVSTATUS, $field)
        };
    }
    let session = session()?;
    let line = line_handle(line)?;
    let (status, caps) = session.query(|p| {
        let status = p.line_status(line)?;
        let caps = p.device_caps(status.device)?.caps;
        Ok((status, caps))
    })?;
    let keep = [at!(dwNumOpens)..at!(dwNumOpens) + 8, at!(dwAppInfoSize)..at!(dwAppInfoSize) + 8];
    // Versions 2.0 to 2.2 have the same fixed part.
    let mut buf = VarBuf::new(answer.block()?, &LINEDEVSTATUS::LAYOUT, VERSION_MAX, &keep)?;
    buf.dword(at!(dwNumActiveCalls), status.active_calls);
    buf.dword(at!(dwNumOnHoldCalls), status.held_calls);
    buf.dword(at!(dwNumOnHoldPendCalls), status.held_pending_calls);
    let features = status.features | specific::features_now(caps, status.active_calls);
    buf.dword(at!(dwLineFeatures), features.bits());
    buf.dword(at!(dwNumCallCompletions), status.completions);
    buf.dword(at!(dwRingMode), status.ring_mode);
    // A wire has neither a signal strength nor a battery of its own: full, and no roaming.
    buf.dword(at!(dwSignalLevel), 0xffff);
    buf.dword(at!(dwBatteryLevel), 0xffff);
    buf.dword(at!(dwRoamMode), LINEROAMMODE_UNAVAIL);
    let connected = if status.connected { LINEDEVSTATUSFLAGS_CONNECTED } else { 0 };
    let in_service = if status.in_service { LINEDEVSTATUSFLAGS_INSERVICE } else { 0 };
    let waiting = if status.message_waiting { LINEDEVSTATUSFLAGS_MSGWAIT } else { 0 };
    buf.dword(at!(dwDevStatusFlags), connected | in_service | waiting);
    buf.dword(at!(dwAvailableMediaModes), status.available_media.bits());
    buf.part(at!(dwTerminalModesSize), &dword_bytes(&status.terminals));
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
    let (status, line) = session.query(|p| Ok((p.address_status(line, address)?, p.line_status(line)?)))?;
    let mut buf = VarBuf::new(answer.block()?, &LINEADDRESSSTATUS::LAYOUT, VERSION_MAX, &[])?;
    buf.dword(at!(dwNumInUse), status.in_use);
    buf.dword(at!(dwNumActiveCalls), status.active_calls);
    buf.dword(at!(dwNumOnHoldCalls), status.held_calls);
    buf.dword(at!(dwNumOnHoldPendCalls), status.held_pending_calls);
    buf.dword(at!(dwAddressFeatures), status.features.bits());
    buf.dword(at!(dwNumRingsNoAnswer), status.forward_rings);
    buf.dword(at!(dwForwardNumEntries), DWORD::try_from(status.forwards.len()).unwrap_or(DWORD::MAX));
    let (rows, texts) = forward_rows(&status.forwards);
    buf.table(at!(dwForwardSize), &rows, &texts);
    buf.part(at!(dwTerminalModesSize), &dword_bytes(&line.terminals));
    buf.finish();
    Ok(())
}

/// Numbers as the bytes of an array.
pub(super) fn dword_bytes(numbers: &[DWORD]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_ne_bytes()).collect()
}

/// Forwarding entries as an array of LINEFORWARD, and the texts that belong to it, each with the place of its pair.
fn forward_rows(entries: &[ForwardEntry]) -> (Vec<u8>, Vec<(usize, Vec<u8>)>) {
    let stride = LINEFORWARD::LAYOUT.fixed_size(VERSION_MAX);
    let mut rows = vec![0; entries.len() * stride];
    let mut texts = Vec::new();
    for ((at, row), entry) in (0..).step_by(stride).zip(rows.chunks_exact_mut(stride)).zip(entries) {
        let mut put = |offset: usize, value: DWORD| {
            if let Some(place) = row.get_mut(offset..offset + 4) {
                place.copy_from_slice(&value.to_ne_bytes());
            }
        };
        put(offset_of!(LINEFORWARD, dwForwardMode), entry.mode);
        put(offset_of!(LINEFORWARD, dwDestCountryCode), entry.country);
        let pairs = [
            (offset_of!(LINEFORWARD, dwCallerAddressSize), &entry.caller),
            (offset_of!(LINEFORWARD, dwDestAddressSize), &entry.destination),
        ];
        for (pair, address) in pairs {
            if let Some(address) = address.as_ref().filter(|a| !a.0.is_empty()) {
                texts.push((at + pair, wide::bytes_with_nul(&address.0)));
            }
        }
    }
    (rows, texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_provider::Address;

    #[test]
    fn all_bits_of_a_group() {
        assert_eq!(all_bits("LINEADDRESSSTATE"), 0x1ff);
        assert_eq!(all_bits("LINEDEVSTATE"), 0x1ff_ffff);
        assert_eq!(all_bits("no such group"), 0);
    }

    #[test]
    fn numbers_of_a_group() {
        assert!(is_one_of("PHONEBUTTONFUNCTION", 0x17) && is_one_of("PHONEBUTTONFUNCTION", 0));
        assert!(!is_one_of("PHONEBUTTONFUNCTION", 0x30) && !is_one_of("no such group", 0));
    }

    #[test]
    fn forwarding_entries_come_out_as_they_went_in() {
        let address = |text: &str| Some(Address(text.into()));
        let entries = [
            ForwardEntry { mode: LINEFORWARDMODE_UNCOND, caller: None, destination: address("5550101"), country: 1 },
            ForwardEntry { mode: LINEFORWARDMODE_BUSYSPECIFIC, caller: address("7"), destination: None, country: 0 },
        ];
        let (rows, texts) = forward_rows(&entries);
        let words: Vec<DWORD> = rows.as_chunks::<4>().0.iter().map(|b| DWORD::from_ne_bytes(*b)).collect();
        assert_eq!(words, [1, 0, 0, 1, 0, 0, 0x80, 0, 0, 0, 0, 0]);
        assert_eq!(texts, [(16, wide::bytes_with_nul("5550101")), (28, wide::bytes_with_nul("7"))]);
    }
}
