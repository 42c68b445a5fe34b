//! Information about calls: LINECALLINFO and LINECALLSTATUS.

use super::consts::*;
use super::line::dword_bytes;
use super::params::dial_bytes;
use super::raw::Pointer;
use super::session::{call_handle, session};
use super::types::{DWORD, HDRVCALL, LINECALLINFO, LINECALLSTATUS};
use super::varbuf::VarBuf;
use loopstart_provider::{LineErr, PartyFlags};
use std::mem::offset_of;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn call_info(call: HDRVCALL, mut answer: Pointer<LINECALLINFO>) -> Result<(), LineErr> {
    macro_rules! at {
        ($field:ident) => {
            offset_of!(LINECALLINFO, $field)
        };
    }
    let session = session()?;
    let call = call_handle(call)?;
    let info = session.query(|p| p.call_info(call))?;
    let keep = [
        at!(hLine)..at!(hLine) + 4,
        at!(dwMonitorDigitModes)..at!(dwMonitorDigitModes) + 8,
        at!(dwNumOwners)..at!(dwNumOwners) + 8,
        // The program's name, the displayable address, the called party and the comment.
        at!(dwAppNameSize)..at!(dwDisplaySize),
    ];
    // Versions 2.0 to 2.2 have the same fixed part.
    let mut buf = VarBuf::new(answer.block()?, &LINECALLINFO::LAYOUT, VERSION_MAX, &keep)?;
    buf.dword(at!(dwLineDeviceID), info.device.0);
    buf.dword(at!(dwAddressID), info.address_id);
    buf.dword(at!(dwBearerMode), info.bearer_mode);
    buf.dword(at!(dwRate), info.rate);
    buf.dword(at!(dwMediaMode), info.media.bits());
    buf.dword(at!(dwAppSpecific), info.app_specific);
    buf.dword(at!(dwCallID), info.call_id);
    buf.dword(at!(dwRelatedCallID), info.related_call_id);
    buf.dword(at!(dwCallParamFlags), info.flags.bits());
    buf.dword(at!(dwCallStates), info.call_states);
    buf.bytes(at!(DialParams), &dial_bytes(&info.dial));
    buf.dword(at!(dwOrigin), info.origin as DWORD);
    buf.dword(at!(dwReason), info.reason as DWORD);
    buf.dword(at!(dwCompletionID), info.completion_id);
    buf.dword(at!(dwCountryCode), info.country);
    // Which trunk carries the call an analog line does not learn.
    buf.dword(at!(dwTrunk), DWORD::MAX);
    buf.dword(at!(dwCallerIDFlags), info.caller_id_flags.bits());
    buf.text(at!(dwCallerIDSize), &info.caller_id);
    buf.text(at!(dwCallerIDNameSize), &info.caller_name);
    buf.dword(at!(dwCalledIDFlags), info.called_id_flags.bits());
    buf.text(at!(dwCalledIDSize), &info.called_id);
    buf.dword(at!(dwConnectedIDFlags), info.connected_id_flags.bits());
    buf.text(at!(dwConnectedIDSize), &info.connected_id);
    buf.text(at!(dwConnectedIDNameSize), &info.connected_name);
    // Where a call of ours was sent on to no analog line tells.
    buf.dword(at!(dwRedirectionIDFlags), PartyFlags::UNAVAIL.bits());
    buf.dword(at!(dwRedirectingIDFlags), info.redirecting_id_flags.bits());
    buf.text(at!(dwRedirectingIDSize), &info.redirecting_id);
    buf.part(at!(dwTerminalModesSize), &dword_bytes(&info.terminals));
    buf.dword(at!(dwCallTreatment), info.treatment);
    buf.part(at!(dwCallDataSize), &info.call_data);
    buf.finish();
    Ok(())
}

pub(crate) fn call_status(call: HDRVCALL, mut answer: Pointer<LINECALLSTATUS>) -> Result<(), LineErr> {
    macro_rules! at {
        ($field:ident) => {
            offset_of!(LINECALLSTATUS, $field)
        };
    }
    let session = session()?;
    let call = call_handle(call)?;
    let (status, device) = session.query(|p| Ok((p.call_status(call)?, p.device_of_call(call)?)))?;
    let entered = session.runtime.wall_time(device, status.entered);
    let keep = at!(dwCallPrivilege)..at!(dwCallPrivilege) + 4;
    let keep = std::slice::from_ref(&keep);
    let mut buf = VarBuf::new(answer.block()?, &LINECALLSTATUS::LAYOUT, VERSION_MAX, keep)?;
    buf.dword(at!(dwCallState), status.state.bit());
    buf.dword(at!(dwCallStateMode), DWORD::try_from(status.state.mode()).unwrap_or(0));
    buf.dword(at!(dwCallFeatures), status.features.bits());
    buf.dword(at!(dwCallFeatures2), status.features2.bits());
    buf.bytes(at!(tStateEntryTime), &system_time(entered));
    buf.finish();
    Ok(())
}

pub(crate) fn call_address_id(call: HDRVCALL, answer: Pointer<DWORD>) -> Result<(), LineErr> {
    let session = session()?;
    let call = call_handle(call)?;
    let info = session.query(|p| p.call_info(call))?;
    answer.required()?.put(info.address_id);
    Ok(())
}

/// A moment as bytes of a SYSTEMTIME, in UTC: year, month, day of the week, day, hour, minute, second, millisecond.
fn system_time(at: SystemTime) -> [u8; 16] {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, days) = (since.as_secs() % 86_400, since.as_secs() / 86_400);
    let (year, month, day) = date(days);
    let weekday = (days + 4) % 7; // 1 January 1970 was a Thursday.
    let fields =
        [year, month, weekday, day, seconds / 3_600, seconds / 60 % 60, seconds % 60, u64::from(since.subsec_millis())];
    let mut bytes = [0; 16];
    for (to, from) in bytes.chunks_exact_mut(2).zip(fields) {
        to.copy_from_slice(&u16::try_from(from).unwrap_or(u16::MAX).to_ne_bytes());
    }
    bytes
}

/// Year, month and day of the Gregorian calendar, from days since 1 January 1970.
fn date(days: u64) -> (u64, u64, u64) {
    /// Days of 400 years, 100 years (without a leap day at their end), 4 years, and a year.
    const SPANS: [(u64, u64, u64); 4] = [(146_097, 400, u64::MAX), (36_524, 100, 3), (1_461, 4, 24), (365, 1, 3)];
    // Counted from 1 March of the year 0, leap days come last in every span.
    let mut rest = days.saturating_add(719_468);
    let mut year = 0;
    for (length, years, most) in SPANS {
        let count = (rest / length).min(most);
        rest -= count * length;
        year += count * years;
    }
    let mut month = 3;
    for length in [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31] {
        if rest < length {
            break;
        }
        rest -= length;
        month += 1;
    }
    if month > 12 { (year + 1, month - 12, rest + 1) } else { (year, month, rest + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates() {
        for (days, wanted) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (789, (1972, 2, 29)),
            (10_956, (1999, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_778, (2026, 11, 21)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(days), wanted, "{days}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = date(0);
        for day in 1..200_000 {
            let (y, m, d) = date(day);
            let follows = (y, m, d) == (last.0, last.1, last.2 + 1)
                || (y, m, d) == (last.0, last.1 + 1, 1)
                || (y, m, d) == (last.0 + 1, 1, 1);
            assert!(follows, "{last:?} {:?}", (y, m, d));
            last = (y, m, d);
        }
    }

    #[test]
    fn a_moment() {
        let at = UNIX_EPOCH + Duration::from_millis(1_795_263_296_789);
        let fields: Vec<u16> = system_time(at).chunks(2).map(|b| u16::from_ne_bytes([b[0], b[1]])).collect();
        assert_eq!(fields, [2026, 11, 6, 21, 12, 14, 56, 789]);
        assert_eq!(system_time(UNIX_EPOCH - Duration::from_secs(1)), system_time(UNIX_EPOCH), "never before its zero");
    }
}
