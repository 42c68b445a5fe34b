//! What the host is told, and how, and when its memory is touched.

use super::*;
use crate::tspi::raw::Argument;
use loopstart_provider::{
    CallInfoChange, CallState, ConnectedMode, DeviceId, DisconnectMode, GatherEnd, GenerateEnd, MediaModes,
    OfferingMode,
};
use std::cell::RefCell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Event(HTAPILINE, HTAPICALL, Message),
    Completed(u32, LONG),
}

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

fn seen() -> Vec<Seen> {
    SEEN.take()
}

unsafe extern "C" fn event(line: HTAPILINE, call: HTAPICALL, msg: DWORD, p1: usize, p2: usize, p3: usize) {
    let mut message = Message(msg, p1, p2, p3);
    if msg == LINE_NEWCALL {
        // SAFETY: the second parameter of LINE_NEWCALL is the place for the host's handle. Line 13 takes no calls.
        unsafe { std::ptr::with_exposed_provenance_mut::<usize>(p2).write(if line == 13 { 0 } else { 0x777 }) }
        message.2 = 0;
    }
    SEEN.with_borrow_mut(|s| s.push(Seen::Event(line, call, message)));
}

unsafe extern "C" fn completion(request: u32, result: LONG) {
    SEEN.with_borrow_mut(|s| s.push(Seen::Completed(request, result)));
}

fn line() -> LineHandle {
    LineHandle::from_raw(0x4001_0001).unwrap()
}

fn call() -> CallHandle {
    CallHandle::from_raw(0x5002_0003).unwrap()
}

/// A host with one open line of this handle, and the runtime's name for it.
fn opened(handle: HTAPILINE) -> (CHost, HostLine) {
    let host = CHost::new(Some(completion), Some(event));
    let mut token = None;
    let told = std::cell::Cell::new(false);
    host.open_line(
        DeviceId(2),
        handle,
        Some(event),
        |host_line| {
            token = Some(host_line);
            Ok(line())
        },
        |_| told.set(true),
    )
    .unwrap();
    assert!(told.get());
    (host, token.unwrap())
}

#[test]
fn a_new_call_is_a_question() {
    let (host, name) = opened(12);
    assert_eq!(host.offer(name, line(), call()), Some(HostCall(0x777)));
    assert_eq!(seen(), [Seen::Event(12, 0, Message(LINE_NEWCALL, call().raw(), 0, 0))]);
    let (host, name) = opened(13);
    assert_eq!(host.offer(name, line(), call()), None);
}

#[test]
fn messages_carry_what_is_published() {
    let (h, host_line) = opened(9);
    let (line, call, host) = (line(), call(), HostCall(0x88));
    let media = MediaModes::INTERACTIVE_VOICE;
    let state = |state| Notification::CallState { host_line, line, host, call, state, media };
    let digit = |mode, end| Notification::Digit { host_line, line, host, call, symbol: b'5', mode, end, tick: 99 };
    let line_state = |state| Notification::LineState { host_line, line, state };
    for (notification, on_call, message) in [
        (state(CallState::Offering(OfferingMode::Active)), true, Message(2, 2, 1, 4)),
        (state(CallState::Connected(ConnectedMode::Confirmed)), true, Message(2, 0x100, 0x10, 4)),
        (state(CallState::Disconnected(DisconnectMode::NoDialTone)), true, Message(2, 0x4000, 0x1000, 4)),
        (state(CallState::Idle), true, Message(2, 1, 0, 4)),
        (
            Notification::CallInfo { host_line, line, host, call, what: CallInfoChange::CALLER_ID },
            true,
            Message(1, 0x8000, 0, 0),
        ),
        (line_state(LineState::Ringing { mode: 1, count: 3 }), false, Message(8, 2, 1, 3)),
        (line_state(LineState::CapsChange), false, Message(8, 0x10_0000, 0, 0)),
        (Notification::AddressState { host_line, line, address: 0, what: 0x28 }, false, Message(0, 0, 0x28, 0)),
        (digit(DigitMode::Dtmf, false), true, Message(9, 0x35, 2, 99)),
        (digit(DigitMode::Dtmf, true), true, Message(9, 0x35, 4, 99)),
        (digit(DigitMode::Pulse, false), true, Message(9, 0x35, 1, 99)),
        (
            Notification::Generated { host_line, line, host, call, end_to_end: 5, why: GenerateEnd::Cancel, tick: 7 },
            true,
            Message(7, 2, 5, 7),
        ),
        (Notification::Close { host_line, line }, false, Message(3, 0, 0, 0)),
    ] {
        h.notify(&notification);
        assert_eq!(seen(), [Seen::Event(9, if on_call { 0x88 } else { 0 }, message)], "{notification:?}");
    }
    h.notify(&Notification::Remove { device: DeviceId(4) });
    assert_eq!(seen(), [Seen::Event(0, 0, Message(LINE_REMOVE, 4, 0, 0))]);
    h.complete(RequestId(6), Err(LineErr::CALLUNAVAIL));
    h.complete(RequestId(7), Ok(()));
    assert_eq!(seen(), [Seen::Completed(6, LineErr::CALLUNAVAIL.code()), Seen::Completed(7, 0)]);
}

#[test]
fn nothing_comes_for_a_closed_line() {
    let (host, host_line) = opened(9);
    host.line_closed(line());
    host.notify(&Notification::Close { host_line, line: line() });
    assert_eq!(host.offer(host_line, line(), call()), None);
    assert_eq!(seen(), []);
}

#[test]
fn a_line_that_is_refused_leaves_nothing() {
    let host = CHost::new(Some(completion), None);
    let refused =
        host.open_line(DeviceId(2), 1, Some(event), |_| Err(LineErr::ALLOCATED), |_| panic!("no handle to tell"));
    assert_eq!(refused, Err(LineErr::ALLOCATED));
    assert!(lock(&host.lines).1.is_empty());
}

/// Collects into `buffer`, and the runtime's number for it.
fn gather(host: &CHost, buffer: &mut [u16], room: usize) -> u32 {
    let mut token = 0;
    // SAFETY: the buffers of these tests live until their messages.
    let pointer = unsafe { buffer.as_mut_ptr().receive() };
    let begun = host.gather(line(), call(), 0xe2e, pointer, room, |t| {
        token = t;
        Ok(())
    });
    assert_eq!(begun, Ok(()));
    token
}

fn gathered(host_line: HostLine, token: u32, digits: &str) -> Notification {
    Notification::Gathered {
        host_line,
        line: line(),
        host: HostCall(0x88),
        call: call(),
        end_to_end: token,
        why: GatherEnd::BufferFull,
        digits: digits.into(),
        tick: 1,
    }
}

#[test]
fn collected_digits_are_in_the_buffer_before_their_message() {
    let (host, name) = opened(9);
    for (room, digits, wanted) in [
        (4, "12", [0x31, 0x32, 0, 0xffff, 0xffff, 0xffff]),
        (4, "1234", [0x31, 0x32, 0x33, 0x34, 0xffff, 0xffff]),
        (4, "123456", [0x31, 0x32, 0x33, 0x34, 0xffff, 0xffff]),
        (1, "", [0, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff]),
    ] {
        let mut buffer = [0xffff_u16; 6];
        let token = gather(&host, &mut buffer, room);
        host.notify(&gathered(name, token, digits));
        assert_eq!(buffer, wanted);
        assert_eq!(seen(), [Seen::Event(9, 0x88, Message(LINE_GATHERDIGITS, 1, 0xe2e, 1))]);
        host.notify(&gathered(name, token, digits));
        assert_eq!(seen(), [], "once per collection");
    }
}

#[test]
fn a_buffer_is_not_touched_after_close() {
    for close in [|h: &CHost| h.call_closed(call()), |h: &CHost| h.line_closed(line()), CHost::end] {
        let (host, name) = opened(9);
        let mut buffer = [0xffff_u16; 2];
        let token = gather(&host, &mut buffer, 2);
        close(&host);
        host.notify(&gathered(name, token, "12"));
        assert_eq!(buffer, [0xffff; 2]);
        assert_eq!(seen(), []);
    }
}

#[test]
fn the_host_has_the_call_before_its_request_completes() {
    static ORDER: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    unsafe extern "C" fn completed(_: u32, _: LONG) {
        lock(&ORDER).push("completed");
    }
    let host = CHost::new(Some(completed), None);
    let begun = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        let made = host.accept(
            RequestId(3),
            || {
                scope.spawn(|| {
                    begun.wait();
                    host.complete(RequestId(3), Ok(()));
                });
                begun.wait();
                std::thread::yield_now();
                Ok(call())
            },
            |_| lock(&ORDER).push("told"),
        );
        assert_eq!(made, Ok(()));
    });
    assert_eq!(*lock(&ORDER), ["told", "completed"]);
}
