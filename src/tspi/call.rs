//! Calls: making, answering, ending them, and their digits.

use super::params::{call_params, dial_params};
use super::raw::Pointer;
use super::session::{call_handle, line_handle, session};
use super::types::{DWORD, HDRVCALL, HDRVLINE, HTAPICALL, LINECALLPARAMS, LINEDIALPARAMS, WCHAR};
use core::ffi::c_char;
use loopstart_provider::{
    Address, CallHandle, Command, DigitModes, GatherRequest, HostCall, LineErr, MediaModes, Reply, RequestId,
};
use loopstart_signal::DigitMode;
use std::time::Duration;

/// A reply that does not belong to its command: a mistake of ours, told as a failure.
const ODD_REPLY: LineErr = LineErr::OPERATIONFAILED;

fn command(command: Command) -> Result<(), LineErr> {
    session()?.runtime.command(command).map(|_| ())
}

/// A call's handle, checked alive, so that a stale handle is told before any other fault.
fn alive(raw: HDRVCALL) -> Result<CallHandle, LineErr> {
    let session = session()?;
    let call = call_handle(raw)?;
    session.query(|p| p.device_of_call(call)).map(|_| call)
}

/// Analog lines carry no user-user information.
fn no_user_user(info: Pointer<c_char>, size: DWORD) -> Result<(), LineErr> {
    match (info.is_null(), size) {
        (_, 0) => Ok(()),
        (true, _) => Err(LineErr::INVALPOINTER),
        (false, _) => Err(LineErr::USERUSERINFOTOOBIG),
    }
}

pub(crate) fn make_call(
    request: RequestId,
    line: HDRVLINE,
    host: HTAPICALL,
    answer: Pointer<HDRVCALL>,
    address: Pointer<WCHAR>,
    country: DWORD,
    params: Pointer<LINECALLPARAMS>,
) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    let answer = answer.required()?;
    // Without an address the line is only taken off hook; so is with an empty one.
    let address = address.text(LineErr::INVALADDRESS)?.filter(|a| !a.is_empty()).map(Address);
    let params = call_params(params)?;
    let command = Command::MakeCall { request, line, host: HostCall(host), address, country, params };
    session.host.make_call(
        request,
        || match session.runtime.command(command)? {
            Reply::Call(call) => Ok(call),
            _ => Err(ODD_REPLY),
        },
        |call| answer.put(call.raw()),
    )
}

pub(crate) fn dial(request: RequestId, call: HDRVCALL, address: Pointer<WCHAR>, country: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    let address = address.required()?.text(LineErr::INVALADDRESS)?.unwrap_or_default();
    command(Command::Dial { request, call, address: Address(address), country })
}

pub(crate) fn accept(request: RequestId, call: HDRVCALL, info: Pointer<c_char>, size: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    no_user_user(info, size)?;
    command(Command::Accept { request, call })
}

pub(crate) fn answer(request: RequestId, call: HDRVCALL, info: Pointer<c_char>, size: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    no_user_user(info, size)?;
    command(Command::Answer { request, call })
}

pub(crate) fn drop(request: RequestId, call: HDRVCALL, info: Pointer<c_char>, size: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    no_user_user(info, size)?;
    command(Command::Drop { request, call })
}

pub(crate) fn close_call(call: HDRVCALL) -> Result<(), LineErr> {
    let session = session()?;
    let call = call_handle(call)?;
    session.runtime.close_call(call)?;
    session.host.call_closed(call);
    Ok(())
}

pub(crate) fn set_call_params(
    request: RequestId,
    call: HDRVCALL,
    bearer_mode: DWORD,
    min_rate: DWORD,
    max_rate: DWORD,
    dial: Pointer<LINEDIALPARAMS>,
) -> Result<(), LineErr> {
    let call = alive(call)?;
    let dial = dial.read().map(dial_params);
    command(Command::SetCallParams { request, call, bearer_mode, min_rate, max_rate, dial })
}

pub(crate) fn monitor_digits(call: HDRVCALL, modes: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::MonitorDigits { call, modes: DigitModes::from_bits_retain(modes) })
}

#[expect(clippy::too_many_arguments, reason = "the published parameters")]
pub(crate) fn gather_digits(
    call: HDRVCALL,
    end_to_end: DWORD,
    modes: DWORD,
    buffer: Pointer<WCHAR>,
    count: DWORD,
    termination: Pointer<WCHAR>,
    first_timeout: DWORD,
    inter_timeout: DWORD,
) -> Result<(), LineErr> {
    let session = session()?;
    let call = call_handle(call)?;
    let line = session.query(|p| p.call_info(call))?.line;
    if buffer.is_null() {
        // Cancels; the message carries the number of the collection that ends.
        return command(Command::GatherDigits { call, end_to_end, gather: None });
    }
    if count == 0 {
        return Err(LineErr::INVALPARAM);
    }
    let termination = termination.text(LineErr::INVALDIGITS)?.unwrap_or_default().to_ascii_uppercase();
    if !termination.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'D' | b'*' | b'#')) {
        return Err(LineErr::INVALDIGITS);
    }
    let gather = GatherRequest {
        modes: DigitModes::from_bits_retain(modes),
        count,
        termination: termination.into_bytes(),
        first_timeout: Duration::from_millis(first_timeout.into()),
        inter_timeout: Duration::from_millis(inter_timeout.into()),
    };
    let room = usize::try_from(count).map_err(|_| LineErr::INVALPARAM)?;
    session.host.gather(line, call, end_to_end, buffer, room, |token| {
        let command = Command::GatherDigits { call, end_to_end: token, gather: Some(gather) };
        session.runtime.command(command).map(|_| ())
    })
}

pub(crate) fn generate_digits(
    call: HDRVCALL,
    end_to_end: DWORD,
    mode: DWORD,
    digits: Pointer<WCHAR>,
    duration: DWORD,
) -> Result<(), LineErr> {
    use super::consts::{LINEDIGITMODE_DTMF, LINEDIGITMODE_PULSE};
    let call = alive(call)?;
    let digits = digits.text(LineErr::INVALDIGITS)?.map(Address);
    let mode = match mode {
        LINEDIGITMODE_DTMF => DigitMode::Dtmf,
        LINEDIGITMODE_PULSE => DigitMode::Pulse,
        // Cancelling needs no mode.
        _ if digits.is_none() => DigitMode::Dtmf,
        _ => return Err(LineErr::INVALDIGITMODE),
    };
    let duration = Duration::from_millis(duration.into());
    command(Command::GenerateDigits { call, end_to_end, mode, digits, duration })
}

pub(crate) fn set_app_specific(call: HDRVCALL, value: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::SetAppSpecific { call, value })
}

pub(crate) fn set_media_mode(call: HDRVCALL, modes: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::SetMediaMode { call, modes: MediaModes::from_bits_retain(modes) })
}

/// Lines: the test whether a call could be made.
pub(crate) fn conditional_media_detection(
    line: HDRVLINE,
    modes: DWORD,
    params: Pointer<LINECALLPARAMS>,
) -> Result<(), LineErr> {
    let session = session()?;
    let line = line_handle(line)?;
    session.query(|p| p.device_of_line(line))?;
    let params = call_params(params)?;
    let modes = MediaModes::from_bits_retain(modes);
    session.runtime.command(Command::ConditionalMediaDetection { line, modes, params }).map(|_| ())
}
