//! The host on the other side: its callbacks, its handles, its buffers.
//!
//! The runtime calls in here on its notify thread, one delivery at a time. No lock is held while the host runs, because
//! it may call any operation from inside.
//!
//! The runtime's `HostLine` is a number of ours that stands for the host's `HTAPILINE` and callback: a message for
//! a line that was closed meanwhile finds nothing and is dropped. The `end_to_end` of a digit collection is a number of
//! ours too, so that two collections never share a buffer, whatever the host's numbers are.
#![allow(unsafe_code)] // The wall is here; see each block.

use super::consts::*;
use super::raw::{self, Pointer};
use super::types::{ASYNC_COMPLETION, DWORD, DWORD_PTR, HTAPICALL, HTAPILINE, LINEEVENT, LONG, WCHAR};
use crate::runtime::Host;
use loopstart_provider::{CallHandle, HostCall, HostLine, LineErr, LineHandle, LineState, Notification, RequestId};
use loopstart_signal::DigitMode;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A line as the host opened it.
#[derive(Clone, Copy, Debug)]
struct OpenLine {
    handle: HTAPILINE,
    event: LINEEVENT,
    line: Option<LineHandle>,
}

/// Where the digits of a collection go.
#[derive(Debug)]
struct GatherBuffer {
    line: LineHandle,
    call: CallHandle,
    /// The host's number.
    end_to_end: DWORD,
    at: *mut WCHAR,
    /// Room, in characters.
    room: usize,
}

// SAFETY: the buffer is the host's memory, not bound to a thread: the interface lends it to the provider from
// TSPI_lineGatherDigits until the LINE_GATHERDIGITS message (or the end of the call or line), to be written by any thread.
unsafe impl Send for GatherBuffer {}

/// How the provider reaches its host. See the module's text.
#[derive(Debug)]
pub(crate) struct CHost {
    completion: ASYNC_COMPLETION,
    /// The callback for what belongs to no line.
    create: LINEEVENT,
    lines: Mutex<(usize, HashMap<usize, OpenLine>)>,
    gathers: Mutex<(u32, HashMap<u32, GatherBuffer>)>,
    /// Lines and requests whose handle the host is about to get.
    opening: Gate<usize>,
    making: Gate<u32>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CHost {
    pub(crate) fn new(completion: ASYNC_COMPLETION, create: LINEEVENT) -> Self {
        Self {
            completion,
            create,
            lines: Mutex::default(),
            gathers: Mutex::default(),
            opening: Gate::default(),
            making: Gate::default(),
        }
    }

    /// Opens a line: `open` asks the runtime, `tell` gives the host its handle. No message of the line comes before that.
    pub(crate) fn open_line(
        &self,
        handle: HTAPILINE,
        event: LINEEVENT,
        open: impl FnOnce(HostLine) -> Result<LineHandle, LineErr>,
        tell: impl FnOnce(LineHandle),
    ) -> Result<(), LineErr> {
        let token = {
            let mut lines = lock(&self.lines);
            lines.0 += 1;
            let token = lines.0;
            lines.1.insert(token, OpenLine { handle, event, line: None });
            token
        };
        let _closed = self.opening.close(token);
        let entry = Forget { lines: &self.lines, token: Some(token) };
        let line = open(HostLine(token))?;
        if let Some(open) = lock(&self.lines).1.get_mut(&token) {
            open.line = Some(line);
        }
        entry.keep();
        tell(line);
        Ok(())
    }

    /// Makes a call: `make` asks the runtime, `tell` gives the host its handle. The request does not complete before that.
    pub(crate) fn make_call(
        &self,
        request: RequestId,
        make: impl FnOnce() -> Result<CallHandle, LineErr>,
        tell: impl FnOnce(CallHandle),
    ) -> Result<(), LineErr> {
        let _closed = self.making.close(request.0);
        tell(make()?);
        Ok(())
    }

    /// Begins a collection of digits into the host's buffer. `begin` asks the runtime, with our number for it.
    pub(crate) fn gather(
        &self,
        line: LineHandle,
        call: CallHandle,
        end_to_end: DWORD,
        buffer: Pointer<WCHAR>,
        room: usize,
        begin: impl FnOnce(u32) -> Result<(), LineErr>,
    ) -> Result<(), LineErr> {
        let token = {
            let mut gathers = lock(&self.gathers);
            gathers.0 = gathers.0.wrapping_add(1);
            let token = gathers.0;
            gathers.1.insert(token, GatherBuffer { line, call, end_to_end, at: buffer.address(), room });
            token
        };
        let begun = begin(token);
        if begun.is_err() {
            lock(&self.gathers).1.remove(&token);
        }
        begun
    }

    /// A call was closed: its buffers are the host's again.
    pub(crate) fn call_closed(&self, call: CallHandle) {
        lock(&self.gathers).1.retain(|_, g| g.call != call);
    }

    /// A line was closed: its callback and its buffers are the host's again.
    pub(crate) fn line_closed(&self, line: LineHandle) {
        lock(&self.gathers).1.retain(|_, g| g.line != line);
        lock(&self.lines).1.retain(|_, open| open.line != Some(line));
    }

    /// Everything is the host's again.
    pub(crate) fn end(&self) {
        lock(&self.gathers).1.clear();
        lock(&self.lines).1.clear();
    }

    fn open(&self, host_line: HostLine) -> Option<OpenLine> {
        self.opening.wait(&host_line.0);
        lock(&self.lines).1.get(&host_line.0).copied()
    }

    fn send(&self, host_line: HostLine, call: HTAPICALL, message: Message) {
        if let Some(open) = self.open(host_line) {
            call_event(open.event, open.handle, call, message);
        }
    }

    /// Puts collected digits into the host's buffer, with a NUL when they are fewer than it has room for. The host's number
    /// of the collection; none when its buffer was taken back.
    fn deliver(&self, token: u32, digits: &str) -> Option<DWORD> {
        let mut gathers = lock(&self.gathers);
        let gather = gathers.1.remove(&token)?;
        let units = digits.encode_utf16().take(gather.room);
        let count = units.clone().count();
        for (at, unit) in units.chain((count < gather.room).then_some(0)).enumerate() {
            // SAFETY: the host lent room for `room` characters until the message, which is not out yet, or until it
            // closes call or line, which removes the buffer from this table under the lock that is held here. `at` is
            // below `room`. The buffer may be unaligned.
            unsafe { gather.at.add(at).write_unaligned(unit) }
        }
        Some(gather.end_to_end)
    }
}

/// Takes a line that could not be opened out of the table again, also when unwinding.
struct Forget<'a> {
    lines: &'a Mutex<(usize, HashMap<usize, OpenLine>)>,
    token: Option<usize>,
}

impl Forget<'_> {
    fn keep(mut self) {
        self.token = None;
    }
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            lock(self.lines).1.remove(&token);
        }
    }
}

/// A message and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message(DWORD, DWORD_PTR, DWORD_PTR, DWORD_PTR);

fn call_event(event: LINEEVENT, line: HTAPILINE, call: HTAPICALL, Message(message, p1, p2, p3): Message) {
    if let Some(event) = event {
        // SAFETY: the host gave this function as the callback of the line (or of the provider), to be called from any
        // thread until the line is closed (or the provider shut down); the runtime calls it on one thread only.
        unsafe { event(line, call, message, p1, p2, p3) }
    }
}

impl Host for CHost {
    fn offer(&self, host_line: HostLine, _line: LineHandle, call: CallHandle) -> Option<HostCall> {
        let open = self.open(host_line)?;
        let mut answer: HTAPICALL = 0;
        let place = raw::address_of(&mut answer);
        call_event(open.event, open.handle, 0, Message(LINE_NEWCALL, call.raw(), place, 0));
        (answer != 0).then_some(HostCall(answer))
    }

    fn notify(&self, notification: &Notification) {
        match notification {
            Notification::CallState { host_line, host, state, media, .. } => {
                let (state, mode) = (state.bit() as usize, state.mode());
                let message = Message(LINE_CALLSTATE, state, mode, media.bits() as usize);
                self.send(*host_line, host.0, message);
            }
            Notification::CallInfo { host_line, host, what, .. } => {
                self.send(*host_line, host.0, Message(LINE_CALLINFO, what.bits() as usize, 0, 0));
            }
            Notification::LineState { host_line, state, .. } => self.send(*host_line, 0, line_state(*state)),
            Notification::AddressState { host_line, address, what, .. } => {
                self.send(*host_line, 0, Message(LINE_ADDRESSSTATE, *address as usize, *what as usize, 0));
            }
            Notification::Digit { host_line, host, symbol, mode, end, tick, .. } => {
                let mode = match (mode, end) {
                    (DigitMode::Dtmf, false) => LINEDIGITMODE_DTMF,
                    (DigitMode::Dtmf, true) => LINEDIGITMODE_DTMFEND,
                    (DigitMode::Pulse, _) => LINEDIGITMODE_PULSE,
                };
                let message = Message(LINE_MONITORDIGITS, usize::from(*symbol), mode as usize, *tick as usize);
                self.send(*host_line, host.0, message);
            }
            Notification::Gathered { host_line, host, end_to_end, why, digits, tick, .. } => {
                if let Some(end_to_end) = self.deliver(*end_to_end, digits) {
                    let message = Message(LINE_GATHERDIGITS, why.bit() as usize, end_to_end as usize, *tick as usize);
                    self.send(*host_line, host.0, message);
                }
            }
            Notification::Generated { host_line, host, end_to_end, why, tick, .. } => {
                let message = Message(LINE_GENERATE, why.bit() as usize, *end_to_end as usize, *tick as usize);
                self.send(*host_line, host.0, message);
            }
            Notification::Media { host_line, host, mode, tick, .. } => {
                self.send(*host_line, host.0, Message(LINE_MONITORMEDIA, mode.bits() as usize, 0, *tick as usize));
            }
            Notification::Tone { host_line, host, app_specific, list, tick, .. } => {
                let message = Message(LINE_MONITORTONE, *app_specific as usize, *list as usize, *tick as usize);
                self.send(*host_line, host.0, message);
            }
            Notification::Close { host_line, .. } => self.send(*host_line, 0, Message(LINE_CLOSE, 0, 0, 0)),
            Notification::Remove { device } => {
                call_event(self.create, 0, 0, Message(LINE_REMOVE, device.0 as usize, 0, 0));
            }
        }
    }

    fn complete(&self, request: RequestId, result: Result<(), LineErr>) {
        self.making.wait(&request.0);
        if let Some(completion) = self.completion {
            let result: LONG = result.map_or_else(LineErr::code, |()| 0);
            // SAFETY: the host gave this function at TSPI_providerInit, to be called from any thread until
            // TSPI_providerShutdown returns; the runtime calls it on one thread only.
            unsafe { completion(request.0, result) }
        }
    }
}

fn line_state(state: LineState) -> Message {
    let (bit, p2, p3) = match state {
        LineState::Ringing { mode, count } => (LINEDEVSTATE_RINGING, mode, count),
        LineState::NumCalls => (LINEDEVSTATE_NUMCALLS, 0, 0),
        LineState::Connected => (LINEDEVSTATE_CONNECTED, 0, 0),
        LineState::Disconnected => (LINEDEVSTATE_DISCONNECTED, 0, 0),
        LineState::InService => (LINEDEVSTATE_INSERVICE, 0, 0),
        LineState::OutOfService => (LINEDEVSTATE_OUTOFSERVICE, 0, 0),
        LineState::CapsChange => (LINEDEVSTATE_CAPSCHANGE, 0, 0),
        LineState::ConfigChange => (LINEDEVSTATE_CONFIGCHANGE, 0, 0),
        LineState::Terminals => (LINEDEVSTATE_TERMINALS, 0, 0),
        LineState::MessageWaiting(true) => (LINEDEVSTATE_MSGWAITON, 0, 0),
        LineState::MessageWaiting(false) => (LINEDEVSTATE_MSGWAITOFF, 0, 0),
        LineState::NumCompletions => (LINEDEVSTATE_NUMCOMPLETIONS, 0, 0),
        LineState::CompletionCancelled(id) => (LINEDEVSTATE_COMPLCANCEL, id, 0),
    };
    Message(LINE_LINEDEVSTATE, bit as usize, p2 as usize, p3 as usize)
}

/// Holds the notify thread back while a host's thread is about to hand out a handle. The host's thread waits for nothing
/// meanwhile, so this is short.
#[derive(Debug)]
struct Gate<K> {
    closed: Mutex<HashSet<K>>,
    opened: Condvar,
}

impl<K> Default for Gate<K> {
    fn default() -> Self {
        Self { closed: Mutex::default(), opened: Condvar::new() }
    }
}

impl<K: Eq + Hash + Copy> Gate<K> {
    fn close(&self, key: K) -> Closed<'_, K> {
        lock(&self.closed).insert(key);
        Closed { gate: self, key }
    }

    fn wait(&self, key: &K) {
        let _open = self.opened.wait_while(lock(&self.closed), |closed| closed.contains(key));
    }
}

/// A closed gate; opens when dropped.
struct Closed<'a, K: Eq + Hash + Copy> {
    gate: &'a Gate<K>,
    key: K,
}

impl<K: Eq + Hash + Copy> Drop for Closed<'_, K> {
    fn drop(&mut self) {
        lock(&self.gate.closed).remove(&self.key);
        self.gate.opened.notify_all();
    }
}

#[cfg(test)]
mod tests {
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
                Notification::Generated {
                    host_line,
                    line,
                    host,
                    call,
                    end_to_end: 5,
                    why: GenerateEnd::Cancel,
                    tick: 7,
                },
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
        let refused = host.open_line(1, Some(event), |_| Err(LineErr::ALLOCATED), |_| panic!("no handle to tell"));
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
            let made = host.make_call(
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
}
