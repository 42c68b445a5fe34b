//! Calls: making, answering and ending them, and what is kept with them.

use super::params::{call_params, dial_params};
use super::raw::Pointer;
use super::session::{Session, call_handle, line_handle, session};
use super::types::{DWORD, HDRVCALL, HDRVLINE, HTAPICALL, LINECALLPARAMS, LINEDIALPARAMS, WCHAR};
use core::ffi::{c_char, c_void};
use loopstart_provider::{Address, CallHandle, Command, HostCall, LineErr, MediaModes, Reply, RequestId};

/// A reply that does not belong to its command: a mistake of ours, told as a failure.
pub(super) const ODD_REPLY: LineErr = LineErr::OPERATIONFAILED;

pub(super) fn command(command: Command) -> Result<(), LineErr> {
    session()?.runtime.command(command).map(|_| ())
}

/// A call's handle, checked alive, so that a stale handle is told before any other fault.
pub(super) fn alive(raw: HDRVCALL) -> Result<CallHandle, LineErr> {
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
    let params = session.with_settings(session.query(|p| p.device_of_line(line))?, call_params(params)?);
    let command = Command::MakeCall { request, line, host: HostCall(host), address, country, params };
    new_call(&session, answer, command, request)
}

/// Carries out a command that makes a call. The host has its handle before the request can complete.
pub(super) fn new_call(
    session: &Session,
    answer: Pointer<HDRVCALL>,
    command: Command,
    request: RequestId,
) -> Result<(), LineErr> {
    session.host.accept(
        request,
        || match session.runtime.command(command)? {
            Reply::Call(call) => Ok(call),
            _ => Err(ODD_REPLY),
        },
        |call| answer.put(call.raw()),
    )
}

/// Calls that one operation is about are on one line.
pub(super) fn same_line(first: CallHandle, second: CallHandle) -> Result<(), LineErr> {
    let line = |call| session()?.query(|p| p.call_info(call)).map(|info| info.line);
    if line(first)? == line(second)? { Ok(()) } else { Err(LineErr::INVALCALLHANDLE) }
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
    let session = session()?;
    let call = alive(call)?;
    let device = session.query(|p| p.device_of_call(call))?;
    let dial = dial.read().map(|dial| session.settings(device).fill(dial_params(dial)));
    command(Command::SetCallParams { request, call, bearer_mode, min_rate, max_rate, dial })
}

/// There is never a block of user-user information to be released, which is a success.
pub(crate) fn release_user_user_info(request: RequestId, call: HDRVCALL) -> Result<(), LineErr> {
    let session = session()?;
    let call = alive(call)?;
    let line = session.query(|p| p.call_info(call))?.line;
    session.runtime.complete_at_once(request, line, Some(call))
}

pub(crate) fn set_app_specific(call: HDRVCALL, value: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::SetAppSpecific { call, value })
}

pub(crate) fn set_call_data(
    request: RequestId,
    call: HDRVCALL,
    data: Pointer<c_void>,
    size: DWORD,
) -> Result<(), LineErr> {
    let call = alive(call)?;
    let data = data.bytes(size as usize, LineErr::INVALPARAM)?;
    command(Command::SetCallData { request, call, data })
}

pub(crate) fn set_call_treatment(request: RequestId, call: HDRVCALL, treatment: DWORD) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::SetCallTreatment { request, call, treatment })
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
