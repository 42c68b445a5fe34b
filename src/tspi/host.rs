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
use super::types::{ASYNC_COMPLETION, DWORD, DWORD_PTR, HPROVIDER, HTAPICALL, HTAPILINE, LINEEVENT, LONG, WCHAR};
use crate::runtime::Host;
use loopstart_provider::{
    CallHandle, DeviceId, HostCall, HostLine, LineErr, LineHandle, LineState, Notification, RequestId,
};
use loopstart_signal::DigitMode;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A line as the host opened it.
#[derive(Clone, Copy, Debug)]
struct OpenLine {
    handle: HTAPILINE,
    event: LINEEVENT,
    device: DeviceId,
    line: Option<LineHandle>,
    /// `LINEDEVSTATE_` bits that the host wants to hear of.
    line_states: DWORD,
    /// The extension version that the host selected; 0 = none.
    extension: DWORD,
}

/// A line as the host knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostSide {
    pub(crate) host: HostLine,
    pub(crate) line: LineHandle,
    /// `LINEDEVSTATE_` bits that the host wants to hear of.
    pub(crate) line_states: DWORD,
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
    /// Lines whose handle the host is about to get, and requests whose answer it is.
    opening: Gate<usize>,
    answering: Gate<u32>,
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
            answering: Gate::default(),
        }
    }

    /// Opens a line: `open` asks the runtime, `tell` gives the host its handle. No message of the line comes before that.
    pub(crate) fn open_line(
        &self,
        device: DeviceId,
        handle: HTAPILINE,
        event: LINEEVENT,
        open: impl FnOnce(HostLine) -> Result<LineHandle, LineErr>,
        tell: impl FnOnce(LineHandle),
    ) -> Result<(), LineErr> {
        let token = {
            let mut lines = lock(&self.lines);
            lines.0 += 1;
            let token = lines.0;
            lines.1.insert(token, OpenLine { handle, event, device, line: None, line_states: 0, extension: 0 });
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

    /// Accepts a request that answers something at once: `ask` asks the runtime, `tell` gives the host its answer (handles
    /// of new calls, numbers, texts). The request does not complete before that.
    pub(crate) fn accept<T>(
        &self,
        request: RequestId,
        ask: impl FnOnce() -> Result<T, LineErr>,
        tell: impl FnOnce(T),
    ) -> Result<(), LineErr> {
        let _closed = self.answering.close(request.0);
        tell(ask()?);
        Ok(())
    }

    /// Notes which changes of a line's state the host wants to hear of (`LINEDEVSTATE_` bits).
    pub(crate) fn want_states(&self, line: LineHandle, states: DWORD) {
        self.change(line, |open| open.line_states = states);
    }

    /// Notes which extension version the host selected; 0 = none.
    pub(crate) fn select_extension(&self, line: LineHandle, version: DWORD) {
        self.change(line, |open| open.extension = version);
    }

    /// The extension version that the host selected; 0 = none.
    pub(crate) fn extension(&self, line: LineHandle) -> DWORD {
        lock(&self.lines).1.values().find(|open| open.line == Some(line)).map_or(0, |open| open.extension)
    }

    /// The line that is open on a device.
    pub(crate) fn open_on(&self, device: DeviceId) -> Option<HostSide> {
        let lines = lock(&self.lines);
        let (token, open) = lines.1.iter().find(|(_, open)| open.device == device && open.line.is_some())?;
        Some(HostSide { host: HostLine(*token), line: open.line?, line_states: open.line_states })
    }

    fn change(&self, line: LineHandle, change: impl FnOnce(&mut OpenLine)) {
        if let Some(open) = lock(&self.lines).1.values_mut().find(|open| open.line == Some(line)) {
            change(open);
        }
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

/// Announces a new line through the callback for what belongs to no line. Called on the notify thread.
pub(crate) fn announce(create: LINEEVENT, provider: HPROVIDER, temporary: DWORD) {
    call_event(create, 0, 0, Message(LINE_CREATE, provider, temporary as usize, 0));
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
        self.answering.wait(&request.0);
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
mod tests;
