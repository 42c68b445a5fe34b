//! Services of the exchange: forwarding, parking, picking up, completion, protection from call waiting.

use super::call::{ODD_REPLY, alive, command, new_call};
use super::consts::*;
use super::hold::destination;
use super::line::all_bits;
use super::params::call_params;
use super::raw::Pointer;
use super::session::session;
use super::types::{
    DWORD, HDRVCALL, HDRVLINE, HTAPICALL, LINECALLPARAMS, LINEFORWARD, LINEFORWARDLIST, VARSTRING, WCHAR,
};
use super::varbuf::VarBuf;
use super::wide;
use loopstart_provider::{Address, Command, ForwardEntry, HostCall, LineErr, LineHandle, Reply, RequestId, Slot};
use std::mem::offset_of;

pub(crate) fn secure_call(request: RequestId, call: HDRVCALL) -> Result<(), LineErr> {
    let call = alive(call)?;
    command(Command::SecureCall { request, call })
}

pub(crate) fn redirect(
    request: RequestId,
    call: HDRVCALL,
    address: Pointer<WCHAR>,
    country: DWORD,
) -> Result<(), LineErr> {
    let call = alive(call)?;
    let address = destination(address)?;
    command(Command::Redirect { request, call, address, country })
}

#[expect(clippy::too_many_arguments, reason = "the published parameters")]
pub(crate) fn forward(
    request: RequestId,
    line: HDRVLINE,
    all_addresses: DWORD,
    address: DWORD,
    list: Pointer<LINEFORWARDLIST>,
    rings: DWORD,
    _host: HTAPICALL,
    answer: Pointer<HDRVCALL>,
    params: Pointer<LINECALLPARAMS>,
) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    let address_id = if all_addresses == 0 { Some(has_address(line, address)?) } else { None };
    let list = forward_list(list)?;
    // There is no consultation call that they could be for; a structure that is none is told all the same.
    call_params(params)?;
    let command = Command::Forward { request, line, address_id, list, rings };
    session.host.accept(request, || session.runtime.command(command), |_| answer.put(0))
}

/// An address of a line.
///
/// # Errors
/// `INVALADDRESSID`.
pub(super) fn has_address(line: LineHandle, address: DWORD) -> Result<DWORD, LineErr> {
    session()?.query(|p| p.address_status(line, address)).map(|_| address)
}

fn forward_list(list: Pointer<LINEFORWARDLIST>) -> Result<Vec<ForwardEntry>, LineErr> {
    // Without a list nothing is to be forwarded any more.
    if list.is_null() {
        return Ok(Vec::new());
    }
    // A list of no entries may be as short as the two members before them.
    let block = list.input(offset_of!(LINEFORWARDLIST, ForwardList), LineErr::STRUCTURETOOSMALL);
    parse_forward(&block?)
}

/// The modes that are for one caller.
pub(super) const SPECIFIC: DWORD = LINEFORWARDMODE_UNCONDSPECIFIC
    | LINEFORWARDMODE_BUSYSPECIFIC
    | LINEFORWARDMODE_NOANSWSPECIFIC
    | LINEFORWARDMODE_BUSYNASPECIFIC;

fn parse_forward(block: &[u8]) -> Result<Vec<ForwardEntry>, LineErr> {
    const WRONG: LineErr = LineErr::INVALPARAM;
    const HEAD: usize = offset_of!(LINEFORWARDLIST, ForwardList);
    // The elements of versions up to 2.2.
    let stride = LINEFORWARD::LAYOUT.fixed_size(VERSION_MAX);
    let dword = |at: usize| -> Result<DWORD, LineErr> {
        let bytes = block.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or(WRONG)?;
        Ok(DWORD::from_ne_bytes(bytes))
    };
    let count = dword(offset_of!(LINEFORWARDLIST, dwNumEntries))? as usize;
    let fixed = count.checked_mul(stride).and_then(|array| array.checked_add(HEAD)).ok_or(WRONG)?;
    if fixed > block.len() {
        return Err(LineErr::STRUCTURETOOSMALL);
    }
    let text = |at: usize| -> Result<Option<Address>, LineErr> {
        let (size, offset) = (dword(at)? as usize, dword(at + 4)? as usize);
        if size == 0 {
            return Ok(None);
        }
        let end = offset.checked_add(size).filter(|_| offset >= fixed).ok_or(WRONG)?;
        let text = wide::decode_bytes(block.get(offset..end).ok_or(WRONG)?, LineErr::INVALADDRESS)?;
        Ok(Some(text).filter(|t| !t.is_empty()).map(Address))
    };
    let known = all_bits("LINEFORWARDMODE") & !(LINEFORWARDMODE_UNKNOWN | LINEFORWARDMODE_UNAVAIL);
    (0..count)
        .map(|n| HEAD + n * stride)
        .map(|at| {
            let mode = dword(at + offset_of!(LINEFORWARD, dwForwardMode))?;
            let caller = text(at + offset_of!(LINEFORWARD, dwCallerAddressSize))?;
            if mode.count_ones() != 1 || mode & !known != 0 || mode & SPECIFIC != 0 && caller.is_none() {
                return Err(WRONG);
            }
            Ok(ForwardEntry {
                mode,
                // Only the modes for one caller have one.
                caller: caller.filter(|_| mode & SPECIFIC != 0),
                destination: text(at + offset_of!(LINEFORWARD, dwDestAddressSize))?,
                country: dword(at + offset_of!(LINEFORWARD, dwDestCountryCode))?,
            })
        })
        .collect()
}

pub(crate) fn park(
    request: RequestId,
    call: HDRVCALL,
    mode: DWORD,
    at: Pointer<WCHAR>,
    mut answer: Pointer<VARSTRING>,
) -> Result<(), LineErr> {
    let session = session()?;
    let call = alive(call)?;
    match mode {
        LINEPARKMODE_DIRECTED => {
            let at = Some(destination(at)?);
            command(Command::Park { request, call, at })
        }
        LINEPARKMODE_NONDIRECTED => {
            if answer.block()?.len() < VARSTRING::LAYOUT.fixed_size(VERSION_MAX) {
                return Err(LineErr::STRUCTURETOOSMALL);
            }
            let park = Command::Park { request, call, at: None };
            session.host.accept(
                request,
                || match session.runtime.command(park)? {
                    Reply::Parked(slot) => Ok(slot),
                    // The exchange does not tell where.
                    Reply::Ok => Ok(Slot::default()),
                    _ => Err(ODD_REPLY),
                },
                |slot| put_slot(answer, slot.as_str()),
            )
        }
        _ => Err(LineErr::INVALPARKMODE),
    }
}

/// The park slot as text of 7-bit characters with a NUL, which the interface has here although its other texts are wide.
fn put_slot(mut answer: Pointer<VARSTRING>, slot: &str) {
    // Its size was looked at before the call was parked.
    let Ok(block) = answer.block() else { return };
    let Ok(mut buf) = VarBuf::new(block, &VARSTRING::LAYOUT, VERSION_MAX, &[]) else { return };
    buf.dword(offset_of!(VARSTRING, dwStringFormat), STRINGFORMAT_ASCII);
    if !slot.is_empty() {
        let text: Vec<u8> = slot.bytes().filter(u8::is_ascii).chain([0]).collect();
        buf.part(offset_of!(VARSTRING, dwStringSize), &text);
    }
    buf.finish();
}

pub(crate) fn unpark(
    request: RequestId,
    line: HDRVLINE,
    address_id: DWORD,
    host: HTAPICALL,
    answer: Pointer<HDRVCALL>,
    at: Pointer<WCHAR>,
) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    let address_id = has_address(line, address_id)?;
    let answer = answer.required()?;
    let at = destination(at)?;
    new_call(&session, answer, Command::Unpark { request, line, address_id, host: HostCall(host), at }, request)
}

pub(crate) fn pickup(
    request: RequestId,
    line: HDRVLINE,
    address_id: DWORD,
    host: HTAPICALL,
    answer: Pointer<HDRVCALL>,
    address: Pointer<WCHAR>,
    group: Pointer<WCHAR>,
) -> Result<(), LineErr> {
    let session = session()?;
    let line = session.line(line)?;
    let address_id = has_address(line, address_id)?;
    let answer = answer.required()?;
    // An empty text is none: without both it is the waiting call.
    let given = |text: Option<String>| text.filter(|t| !t.is_empty()).map(Address);
    let address = given(address.text(LineErr::INVALADDRESS)?);
    let group = given(group.text(LineErr::INVALGROUPID)?);
    let host = HostCall(host);
    new_call(&session, answer, Command::Pickup { request, line, address_id, host, address, group }, request)
}

pub(crate) fn complete_call(
    request: RequestId,
    call: HDRVCALL,
    answer: Pointer<DWORD>,
    mode: DWORD,
    message: DWORD,
) -> Result<(), LineErr> {
    let session = session()?;
    let call = alive(call)?;
    let answer = answer.required()?;
    if mode.count_ones() != 1 || mode & !all_bits("LINECALLCOMPLMODE") != 0 {
        return Err(LineErr::INVALCALLCOMPLMODE);
    }
    let command = Command::CompleteCall { request, call, mode, message };
    session.host.accept(
        request,
        || match session.runtime.command(command)? {
            Reply::Completion(id) => Ok(id),
            _ => Err(ODD_REPLY),
        },
        |id| answer.put(id),
    )
}

pub(crate) fn uncomplete_call(request: RequestId, line: HDRVLINE, completion: DWORD) -> Result<(), LineErr> {
    let line = session()?.line(line)?;
    command(Command::UncompleteCall { request, line, completion })
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;
    use crate::tspi::raw::Argument;
    use proptest::prelude::*;

    /// A list of entries (mode, caller pair, country, destination pair), with texts behind them.
    fn block(entries: &[[u32; 6]], texts: &[u8]) -> Vec<u8> {
        let words = [0, entries.len() as u32].into_iter().chain(entries.iter().flatten().copied());
        let mut block: Vec<u8> = words.flat_map(u32::to_ne_bytes).chain(texts.iter().copied()).collect();
        let total = block.len() as u32;
        block[..4].copy_from_slice(&total.to_ne_bytes());
        block
    }

    fn address(text: &str) -> Option<Address> {
        Some(Address(text.into()))
    }

    #[test]
    fn a_list_says_what_goes_where() {
        let texts: Vec<u8> = ["5550100", "5550101"].into_iter().flat_map(wide::bytes_with_nul).collect();
        let block = block(
            &[[LINEFORWARDMODE_BUSY, 0, 0, 44, 16, 56], [LINEFORWARDMODE_NOANSWSPECIFIC, 16, 72, 0, 0, 0]],
            &texts,
        );
        let busy = ForwardEntry { mode: 0x10, caller: None, destination: address("5550100"), country: 44 };
        let refused = ForwardEntry { mode: 0x800, caller: address("5550101"), destination: None, country: 0 };
        assert_eq!(parse_forward(&block), Ok(vec![busy, refused]));
    }

    #[test]
    fn an_empty_list_is_a_list() {
        assert_eq!(parse_forward(&block(&[], &[])), Ok(vec![]));
        // SAFETY: null.
        assert_eq!(forward_list(unsafe { std::ptr::null_mut::<LINEFORWARDLIST>().receive() }), Ok(vec![]));
        let mut words = [7_u32, 0];
        // SAFETY: the words live until the end of this function.
        let pointer = unsafe { words.as_mut_ptr().cast::<LINEFORWARDLIST>().receive() };
        assert_eq!(forward_list(pointer), Err(LineErr::STRUCTURETOOSMALL));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let one = |entry: [u32; 6]| parse_forward(&block(&[entry], &[b'1', 0, 0, 0])).map(|list| list.len());
        assert_eq!(one([1, 0, 0, 0, 4, 32]), Ok(1));
        // Modes: none, two, one that is not there, one that only tells.
        for mode in [0, 3, 0x4_0000, 0x8000_0000, LINEFORWARDMODE_UNKNOWN, LINEFORWARDMODE_UNAVAIL] {
            assert_eq!(one([mode, 0, 0, 0, 4, 32]), Err(LineErr::INVALPARAM), "{mode:#x}");
        }
        assert_eq!(one([LINEFORWARDMODE_BUSYSPECIFIC, 0, 0, 0, 4, 32]), Err(LineErr::INVALPARAM), "whose calls?");
        assert_eq!(one([LINEFORWARDMODE_BUSYSPECIFIC, 4, 32, 0, 4, 32]), Ok(1));
        // Texts that are outside, within the array, or none.
        for (size, offset, wanted) in [
            (4, 33, Err(LineErr::INVALPARAM)),
            (5, 32, Err(LineErr::INVALPARAM)),
            (4, 28, Err(LineErr::INVALPARAM)),
            (4, 0, Err(LineErr::INVALPARAM)),
            (u32::MAX, 32, Err(LineErr::INVALPARAM)),
            (4, u32::MAX, Err(LineErr::INVALPARAM)),
            (3, 32, Err(LineErr::INVALADDRESS)),
            (0, u32::MAX, Ok(1)),
        ] {
            assert_eq!(one([1, 0, 0, 0, size, offset]), wanted, "{size} {offset}");
            assert_eq!(one([LINEFORWARDMODE_BUSY, size, offset, 0, 4, 32]), wanted, "{size} {offset}");
        }
        // More entries than there are.
        for count in [2, 3, 0x0aaa_aaab, u32::MAX] {
            let mut list = block(&[[1, 0, 0, 0, 0, 0]], &[]);
            list[4..8].copy_from_slice(&count.to_ne_bytes());
            assert_eq!(parse_forward(&list), Err(LineErr::STRUCTURETOOSMALL), "{count}");
        }
    }

    #[test]
    fn a_slot_is_there_whole_or_told_by_its_size() {
        for (total, slot, wanted) in [
            (28_u32, "701", [28, 28, 1, 4, 24]),
            (27, "701", [28, 24, 1, 0, 0]),
            (24, "701", [28, 24, 1, 0, 0]),
            (24, "", [24, 24, 1, 0, 0]),
        ] {
            let mut words = [total, 9, 9, 9, 9, 9, 0xffff_ffff, 0xffff_ffff];
            // SAFETY: the words live until the end of this turn, and there are at least as many as said.
            put_slot(unsafe { words.as_mut_ptr().cast::<VARSTRING>().receive() }, slot);
            assert_eq!(words[..6], [&[total][..], &wanted].concat()[..], "{slot} in {total}");
            let text = if wanted[3] == 0 { 0xffff_ffff } else { u32::from_ne_bytes(*b"701\0") };
            assert_eq!(words[6..], [text, 0xffff_ffff]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_forward(&bytes);
        }
    }
}
