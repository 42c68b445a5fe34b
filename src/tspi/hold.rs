//! Several calls on one line: hold, transfer, conference.

use super::call::{ODD_REPLY, alive, command, new_call, same_line};
use super::consts::{LINETRANSFERMODE_CONFERENCE, LINETRANSFERMODE_TRANSFER};
use super::params::call_params;
use super::raw::Pointer;
use super::session::{call_handle, session};
use super::types::{DWORD, HDRVCALL, HDRVLINE, HTAPICALL, LINECALLPARAMS, WCHAR};
use loopstart_provider::{Address, CallHandle, Command, HostCall, LineErr, Reply, RequestId, TransferMode};

pub(crate) fn hold(request: RequestId, call: HDRVCALL) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::Hold { request, call })
}

pub(crate) fn unhold(request: RequestId, call: HDRVCALL) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::Unhold { request, call })
}

pub(crate) fn swap_hold(request: RequestId, active: HDRVCALL, held: HDRVCALL) -> Result<(), LineErr> {
    let (active, held) = two_calls(active, held)?;
    command(Command::SwapHold { request, active, held })
}

/// Two different calls of one line.
fn two_calls(first: HDRVCALL, second: HDRVCALL) -> Result<(CallHandle, CallHandle), LineErr> {
    let (first, second) = (alive(first)?, alive(second)?);
    same_line(first, second)?;
    if first == second { Err(LineErr::INVALCALLHANDLE) } else { Ok((first, second)) }
}

pub(crate) fn setup_transfer(
    request: RequestId,
    call: HDRVCALL,
    host: HTAPICALL,
    answer: Pointer<HDRVCALL>,
    params: Pointer<LINECALLPARAMS>,
) -> Result<(), LineErr> {
    let session = session()?;
    let call = alive(call)?;
    let answer = answer.required()?;
    let params = session.with_settings(session.query(|p| p.device_of_call(call))?, call_params(params)?);
    new_call(&session, answer, Command::SetupTransfer { request, call, host: HostCall(host), params }, request)
}

pub(crate) fn complete_transfer(
    request: RequestId,
    call: HDRVCALL,
    consultation: HDRVCALL,
    host: HTAPICALL,
    answer: Pointer<HDRVCALL>,
    mode: DWORD,
) -> Result<(), LineErr> {
    let session = session()?;
    let (call, consultation) = two_calls(call, consultation)?;
    let complete = |mode| Command::CompleteTransfer { request, call, consultation, mode };
    match mode {
        // Neither the host's handle nor the place for ours is valid then.
        LINETRANSFERMODE_TRANSFER => command(complete(TransferMode::Transfer)),
        LINETRANSFERMODE_CONFERENCE => {
            let answer = answer.required()?;
            new_call(&session, answer, complete(TransferMode::Conference { host: HostCall(host) }), request)
        }
        _ => Err(LineErr::INVALTRANSFERMODE),
    }
}

pub(crate) fn blind_transfer(
    request: RequestId,
    call: HDRVCALL,
    address: Pointer<WCHAR>,
    country: DWORD,
) -> Result<(), LineErr> {
    let call = alive(call)?;
    let address = destination(address)?;
    command(Command::BlindTransfer { request, call, address, country })
}

/// An address that must be there.
pub(super) fn destination(address: Pointer<WCHAR>) -> Result<Address, LineErr> {
    let text = address.required()?.text(LineErr::INVALADDRESS)?.unwrap_or_default();
    if text.is_empty() { Err(LineErr::INVALADDRESS) } else { Ok(Address(text)) }
}

#[expect(clippy::too_many_arguments, reason = "the published parameters")]
pub(crate) fn setup_conference(
    request: RequestId,
    call: HDRVCALL,
    line: HDRVLINE,
    host_conference: HTAPICALL,
    conference: Pointer<HDRVCALL>,
    host_consultation: HTAPICALL,
    consultation: Pointer<HDRVCALL>,
    parties: DWORD,
    params: Pointer<LINECALLPARAMS>,
) -> Result<(), LineErr> {
    let session = session()?;
    // The line counts only when there is no call.
    let (call, line) =
        if call == 0 && line != 0 { (None, Some(session.line(line)?)) } else { (Some(alive(call)?), None) };
    let device = session.query(|p| match (call, line) {
        (Some(call), _) => p.device_of_call(call),
        (None, Some(line)) => p.device_of_line(line),
        (None, None) => Err(LineErr::INVALCALLHANDLE),
    })?;
    let (conference, consultation) = (conference.required()?, consultation.required()?);
    let params = session.with_settings(device, call_params(params)?);
    let command = Command::SetupConference {
        request,
        call,
        line,
        host_conference: HostCall(host_conference),
        host_consultation: HostCall(host_consultation),
        parties,
        params,
    };
    session.host.accept(
        request,
        || match session.runtime.command(command)? {
            Reply::Conference { conference, consultation } => Ok((conference, consultation)),
            _ => Err(ODD_REPLY),
        },
        |(parent, second)| {
            conference.put(parent.raw());
            consultation.put(second.raw());
        },
    )
}

pub(crate) fn prepare_add_to_conference(
    request: RequestId,
    conference: HDRVCALL,
    host: HTAPICALL,
    answer: Pointer<HDRVCALL>,
    params: Pointer<LINECALLPARAMS>,
) -> Result<(), LineErr> {
    let session = session()?;
    // This function has an error of its own for this handle.
    let conference = call_handle(conference).map_err(|_| LineErr::INVALCONFCALLHANDLE)?;
    let device = session.query(|p| p.device_of_call(conference)).map_err(|_| LineErr::INVALCONFCALLHANDLE)?;
    let answer = answer.required()?;
    let params = session.with_settings(device, call_params(params)?);
    let command = Command::PrepareAddToConference { request, conference, host: HostCall(host), params };
    new_call(&session, answer, command, request)
}

pub(crate) fn add_to_conference(request: RequestId, conference: HDRVCALL, call: HDRVCALL) -> Result<(), LineErr> {
    let (conference, call) = two_calls(conference, call)?;
    command(Command::AddToConference { request, conference, call })
}

pub(crate) fn remove_from_conference(request: RequestId, call: HDRVCALL) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::RemoveFromConference { request, call })
}
