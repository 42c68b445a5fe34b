//! A host of the provider, as a command needs one: opens lines, makes calls, and turns callbacks into one stream of
//! happenings. Calls are dropped before it ends.

use super::signals::Interrupt;
use super::{Failure, words};
use crate::config::Config;
use crate::hal::OpenError;
use crate::provider::{
    Address, CallHandle, CallInfoChange, CallParams, CallState, Command, DeviceId, DigitModes, GenerateEnd, HostCall,
    HostLine, LineErr, LineHandle, LineState, MediaModes, Notification, PartyFlags, Reply, RequestId,
};
use crate::runtime::{Host, Runtime};
use crate::signal::{DigitMode, Time};
use crossbeam_channel::{Receiver, Sender};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Callbacks that may wait for us; then the provider waits.
const WAITING: usize = 1024;

/// How long a line may take to hang up, in wall time, before we leave all the same.
const HANG_UP: Duration = Duration::from_secs(10);

/// A callback of the provider.
enum Callback {
    Offer { line: HostLine, handle: CallHandle, call: HostCall },
    Notify(Notification),
    Complete(RequestId, Result<(), LineErr>),
}

/// Sends every callback into a channel.
struct ChannelHost {
    callbacks: Sender<Callback>,
    next_call: AtomicUsize,
}

impl ChannelHost {
    fn new_call(&self) -> HostCall {
        HostCall(self.next_call.fetch_add(1, Ordering::Relaxed))
    }
}

impl Host for ChannelHost {
    fn offer(&self, host_line: HostLine, _: LineHandle, handle: CallHandle) -> Option<HostCall> {
        let call = self.new_call();
        self.callbacks.send(Callback::Offer { line: host_line, handle, call }).ok().map(|()| call)
    }

    // Sending fails when we have left; then nobody wants to know.
    fn notify(&self, notification: &Notification) {
        let _ = self.callbacks.send(Callback::Notify(notification.clone()));
    }

    fn complete(&self, request: RequestId, result: Result<(), LineErr>) {
        let _ = self.callbacks.send(Callback::Complete(request, result));
    }
}

/// A party that calls, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The number, or why there is none.
    pub(super) number: Result<String, Unknown>,
    /// The name, where there is one.
    pub(super) name: Option<String>,
}

/// Why a number is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Withheld by the caller.
    Withheld,
    /// Not available to the exchange.
    Unavailable,
    /// Not sent.
    Absent,
}

impl Unknown {
    /// As people and programs read it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Unavailable => "unavailable",
            Self::Absent => "absent",
        }
    }
}

/// Something that happened on a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Happening {
    /// When, on the line's clock.
    pub(super) at: Time,
    /// Which line, by its place in [`Session::lines`].
    pub(super) line: usize,
    /// Which call, if it belongs to one.
    pub(super) call: Option<HostCall>,
    /// What.
    pub(super) what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// A ring cadence began: mode, and count from 1.
    Ring { mode: u32, count: u32 },
    /// A call's state.
    State(CallState),
    /// Caller identification came.
    Caller(Caller),
    /// A digit came.
    Digit { symbol: char, mode: DigitMode, end: bool },
    /// Digits were sent.
    Generated(GenerateEnd),
    /// The line's state.
    Line(LineState),
    /// A request failed.
    Failed(LineErr),
    /// The device is gone for good.
    Gone,
}

/// One object of JSON output.
#[derive(Debug, Default, Serialize)]
pub(super) struct Record<'a> {
    /// Seconds on the line's clock.
    pub(super) t: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<&'a str>,
    pub(super) ev: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) call: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digits: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pattern: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<&'a str>,
}

/// Seconds of a moment, to the millisecond.
pub(super) fn seconds(at: Time) -> f64 {
    at.millis() as f64 / 1000.0
}

impl Happening {
    /// As an object. `t` and `line` are the caller's to say.
    pub(super) fn record(&self) -> Record<'_> {
        let mut record = Record { t: seconds(self.at), call: self.call.map(|c| c.0), ..Record::default() };
        match &self.what {
            What::Ring { mode, count } => {
                record.ev = "ring";
                record.pattern = Some(*mode);
                record.count = Some(*count);
            }
            What::State(state) => {
                record.ev = "state";
                let (state, mode) = words::state(*state);
                record.state = Some(state);
                record.mode = mode;
            }
            What::Caller(caller) => {
                record.ev = "callerid";
                match &caller.number {
                    Ok(number) => record.number = Some(number),
                    Err(why) => record.reason = Some(why.word()),
                }
                record.name = caller.name.as_deref();
            }
            What::Digit { symbol, mode, end } => {
                record.ev = if *end { "digitend" } else { "digit" };
                record.digit = Some(symbol.to_string());
                record.mode = Some(if *mode == DigitMode::Pulse { "PULSE" } else { "DTMF" });
            }
            What::Generated(end) => {
                record.ev = "generated";
                record.mode = Some(words::generate_end(*end));
            }
            What::Line(state) => {
                record.ev = "line";
                record.state = Some(words::line_state(*state).0);
            }
            What::Failed(error) => {
                record.ev = "failed";
                record.reason = Some(error.name());
            }
            What::Gone => record.ev = "gone",
        }
        record
    }

    /// For people, on one line, safe for a terminal.
    pub(super) fn text(&self) -> String {
        use super::output::Printable;
        match &self.what {
            What::Ring { mode: 1, count } => format!("ring {count}"),
            What::Ring { mode, count } => format!("ring {count}, pattern {mode}"),
            What::State(state) => match words::state(*state) {
                (state, Some(mode)) if !matches!(mode, "NORMAL" | "ACTIVE") => format!("{state} ({mode})"),
                (state, _) => state.to_owned(),
            },
            What::Caller(caller) => {
                let mut text = match &caller.number {
                    Ok(number) => format!("caller {}", Printable(number)),
                    Err(why) => format!("caller {}", why.word()),
                };
                if let Some(name) = &caller.name {
                    text.push_str(&format!(" \"{}\"", Printable(name)));
                }
                text
            }
            What::Digit { symbol, mode, end } => {
                let what = if *end { "end of digit" } else { "digit" };
                let how = if *mode == DigitMode::Pulse { " (pulse)" } else { "" };
                format!("{what} {}{how}", Printable(&symbol.to_string()))
            }
            What::Generated(GenerateEnd::Done) => "digits sent".into(),
            What::Generated(GenerateEnd::Cancel) => "sending digits was cancelled".into(),
            What::Line(state) => words::line_state(*state).1.into(),
            What::Failed(error) => format!("refused: {error}"),
            What::Gone => "the device is gone".into(),
        }
    }
}

/// An open line.
#[derive(Debug)]
pub(super) struct Line {
    /// The device.
    pub(super) device: DeviceId,
    /// How people name it: its selector.
    pub(super) label: String,
    handle: LineHandle,
    media: MediaModes,
}

#[derive(Debug)]
struct Call {
    host: HostCall,
    handle: CallHandle,
    line: usize,
    /// Idle, or never offered further.
    over: bool,
}

/// What [`Session::next`] comes back with.
#[derive(Debug)]
pub(super) enum Next {
    /// Something happened.
    Happened(Happening),
    /// Nothing happened in the time given.
    Timeout,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

/// See the module's text.
pub(super) struct Session {
    runtime: Runtime,
    host: Arc<ChannelHost>,
    callbacks: Option<Receiver<Callback>>,
    waiting: VecDeque<Callback>,
    lines: Vec<Line>,
    calls: Vec<Call>,
    requests: Vec<(RequestId, usize, Option<HostCall>)>,
    last_request: u32,
    selectors: Vec<String>,
}

impl Session {
    /// Starts the provider. Signals must have been taken over before: it starts threads.
    pub(super) fn start(config: Config, _signals_first: &Interrupt) -> Result<Self, Failure> {
        let selectors = config.devices.iter().map(ToString::to_string).collect();
        let (callbacks, receiver) = crossbeam_channel::bounded(WAITING);
        let host = Arc::new(ChannelHost { callbacks, next_call: AtomicUsize::new(1) });
        let runtime = Runtime::start(config, Arc::clone(&host) as Arc<dyn Host>).map_err(Failure::refused)?;
        Ok(Self {
            runtime,
            host,
            callbacks: Some(receiver),
            waiting: VecDeque::new(),
            lines: Vec::new(),
            calls: Vec::new(),
            requests: Vec::new(),
            last_request: 0,
            selectors,
        })
    }

    /// The runtime, to read from.
    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Devices in the order of the configuration, with their selectors.
    pub(super) fn devices(&self) -> Vec<(DeviceId, String)> {
        let ids = self.runtime.devices().iter().copied();
        ids.zip(self.selectors.iter().cloned().chain(std::iter::repeat("?".into()))).collect()
    }

    /// Why a device could not be opened.
    pub(super) fn failure(&self, device: DeviceId) -> Option<&OpenError> {
        self.runtime.failures().iter().find(|(id, _)| *id == device).map(|(_, error)| error)
    }

    /// The open lines.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Opens the line of a device and asks to hear everything of it; answers its place in [`lines`](Self::lines).
    pub(super) fn open(&mut self, device: DeviceId, label: &str) -> Result<usize, Failure> {
        let place = self.lines.len();
        let refused = |error: LineErr| Failure::refused(format!("{label}: {error}"));
        let open = Command::OpenLine { device, host: HostLine(place + 1) };
        let Reply::Line(handle) = self.runtime.command(open).map_err(refused)? else {
            return Err(Failure::refused(format!("{label}: no line was opened")));
        };
        self.lines.push(Line { device, label: label.to_owned(), handle, media: MediaModes::empty() });
        self.attend(place).map_err(refused)?;
        Ok(place)
    }

    /// Closes a line. Its place remains.
    pub(super) fn close(&self, line: usize) {
        if let Some(line) = self.lines.get(line) {
            // One that is closed already is as it should be.
            let _ = self.runtime.close_line(line.handle);
        }
    }

    /// Asks for all messages and all calls that the device, as it is now, can have.
    fn attend(&mut self, line: usize) -> Result<(), LineErr> {
        let Some(line) = self.lines.get_mut(line) else { return Ok(()) };
        loop {
            let (caps, address) = self.runtime.query(|p| (p.device_caps(line.device), p.address_caps(line.device, 0)));
            let (caps, address) = (caps?, address?);
            line.media = caps.media;
            self.runtime.command(Command::SetStatusMessages {
                line: line.handle,
                line_states: caps.line_states,
                address_states: address.address_states,
            })?;
            let voice = MediaModes::INTERACTIVE_VOICE | MediaModes::AUTOMATED_VOICE | MediaModes::UNKNOWN;
            let modes = caps.media & voice;
            if !modes.is_empty() {
                self.runtime.command(Command::SetMediaDetection { line: line.handle, modes })?;
            }
            // A device that came into service before its messages were asked for told nobody.
            if self.runtime.query(|p| p.device_caps(line.device))?.media == caps.media {
                break;
            }
        }
        Ok(())
    }

    /// Whether the device of a line works at present.
    pub(super) fn in_service(&self, line: usize) -> bool {
        let Some(line) = self.lines.get(line) else { return false };
        self.runtime.query(|p| p.line_status(line.handle)).is_ok_and(|status| status.in_service)
    }

    /// The present moment on a line's clock.
    pub(super) fn now(&self, line: usize) -> Time {
        self.lines.get(line).map_or(Time::ZERO, |l| self.runtime.now(l.device))
    }

    fn request(&mut self, line: usize, call: Option<HostCall>) -> RequestId {
        self.last_request = self.last_request.wrapping_add(1).max(1);
        let request = RequestId(self.last_request);
        self.requests.push((request, line, call));
        request
    }

    fn asynchronous(
        &mut self,
        line: usize,
        call: HostCall,
        make: impl FnOnce(RequestId) -> Command,
    ) -> Result<Reply, LineErr> {
        let request = self.request(line, Some(call));
        let reply = self.runtime.command(make(request));
        if reply.is_err() {
            self.requests.retain(|r| r.0 != request);
        }
        reply
    }

    /// Makes a call.
    pub(super) fn make_call(&mut self, line: usize, number: &str, no_answer: Duration) -> Result<HostCall, LineErr> {
        let (handle, media) = match self.lines.get(line) {
            Some(l) => (l.handle, l.media),
            None => return Err(LineErr::INVALLINEHANDLE),
        };
        let host = self.host.new_call();
        let media = [MediaModes::INTERACTIVE_VOICE, MediaModes::AUTOMATED_VOICE, MediaModes::DATA_MODEM]
            .into_iter()
            .find(|mode| media.contains(*mode))
            .unwrap_or(MediaModes::INTERACTIVE_VOICE);
        let params = CallParams { media, no_answer_timeout: no_answer, ..CallParams::default() };
        let address = Some(Address(number.to_owned()));
        let reply = self.asynchronous(line, host, |request| Command::MakeCall {
            request,
            line: handle,
            host,
            address,
            country: 0,
            params,
        })?;
        if let Reply::Call(handle) = reply {
            self.calls.push(Call { host, handle, line, over: false });
        }
        Ok(host)
    }

    fn call(&self, call: HostCall) -> Result<(usize, CallHandle), LineErr> {
        self.calls.iter().find(|c| c.host == call).map(|c| (c.line, c.handle)).ok_or(LineErr::INVALCALLHANDLE)
    }

    /// Answers a call.
    pub(super) fn answer(&mut self, call: HostCall) -> Result<(), LineErr> {
        let (line, handle) = self.call(call)?;
        self.asynchronous(line, call, |request| Command::Answer { request, call: handle }).map(drop)
    }

    /// Ends a call.
    pub(super) fn drop_call(&mut self, call: HostCall) -> Result<(), LineErr> {
        let (line, handle) = self.call(call)?;
        self.asynchronous(line, call, |request| Command::Drop { request, call: handle }).map(drop)
    }

    /// Sends digits; a `Generated` follows.
    pub(super) fn send_digits(&mut self, call: HostCall, digits: &str) -> Result<(), LineErr> {
        let (_, handle) = self.call(call)?;
        let digits = Some(Address(digits.to_owned()));
        let generate = Command::GenerateDigits {
            call: handle,
            end_to_end: 1,
            mode: DigitMode::Dtmf,
            digits,
            duration: Duration::ZERO,
        };
        self.runtime.command(generate).map(drop)
    }

    /// Reports digits from now on.
    pub(super) fn monitor_digits(&mut self, call: HostCall) -> Result<(), LineErr> {
        let (_, handle) = self.call(call)?;
        self.runtime.command(Command::MonitorDigits { call: handle, modes: DigitModes::DTMF }).map(drop)
    }

    /// The next happening; waits for it at most this long, in wall time.
    pub(super) fn next(&mut self, interrupt: &Interrupt, wait: Duration) -> Next {
        let until = Instant::now() + wait;
        loop {
            if interrupt.came() {
                return Next::Interrupted;
            }
            let Some(callback) = self.callback(interrupt, until) else {
                return if interrupt.came() { Next::Interrupted } else { Next::Timeout };
            };
            if let Some(happening) = self.understand(callback) {
                return Next::Happened(happening);
            }
        }
    }

    fn callback(&mut self, interrupt: &Interrupt, until: Instant) -> Option<Callback> {
        if let Some(callback) = self.waiting.pop_front() {
            return Some(callback);
        }
        let callbacks = self.callbacks.as_ref()?;
        crossbeam_channel::select! {
            recv(callbacks) -> callback => callback.ok(),
            recv(interrupt.receiver()) -> _ => None,
            default(until.saturating_duration_since(Instant::now())) => None,
        }
    }

    /// The happening that a callback stands for. Keeps the books on the way.
    fn understand(&mut self, callback: Callback) -> Option<Happening> {
        let place = |line: HostLine| line.0.wrapping_sub(1);
        match callback {
            Callback::Offer { line, handle, call } => {
                self.calls.push(Call { host: call, handle, line: place(line), over: false });
                None
            }
            Callback::Complete(request, result) => {
                let at = self.requests.iter().position(|r| r.0 == request)?;
                let (_, line, call) = self.requests.swap_remove(at);
                let error = result.err()?;
                Some(Happening { at: self.now(line), line, call, what: What::Failed(error) })
            }
            Callback::Notify(notification) => self.told(notification),
        }
    }

    fn told(&mut self, notification: Notification) -> Option<Happening> {
        let place = |line: HostLine| line.0.wrapping_sub(1);
        let (line, call, at, what) = match notification {
            Notification::CallState { host_line, host, call, state, .. } => {
                let line = place(host_line);
                // The state may have changed since; then the present moment is the best we know.
                let status = self.runtime.query(|p| p.call_status(call)).ok().filter(|s| s.state == state);
                let at = status.map_or_else(|| self.now(line), |s| s.entered);
                if state == CallState::Idle {
                    self.close_call(host);
                }
                (line, Some(host), at, What::State(state))
            }
            Notification::CallInfo { host_line, host, call, what, .. } => {
                if !what.contains(CallInfoChange::CALLER_ID) {
                    return None;
                }
                let line = place(host_line);
                let info = self.runtime.query(|p| p.call_info(call)).ok()?;
                let number = if info.caller_id_flags.contains(PartyFlags::ADDRESS) {
                    Ok(info.caller_id)
                } else if info.caller_id_flags.contains(PartyFlags::BLOCKED) {
                    Err(Unknown::Withheld)
                } else if info.caller_id_flags.intersects(PartyFlags::OUT_OF_AREA | PartyFlags::UNAVAIL) {
                    Err(Unknown::Unavailable)
                } else {
                    Err(Unknown::Absent)
                };
                let name = info.caller_id_flags.contains(PartyFlags::NAME).then_some(info.caller_name);
                (line, Some(host), self.now(line), What::Caller(Caller { number, name }))
            }
            Notification::LineState { host_line, state, .. } => {
                let line = place(host_line);
                let what = match state {
                    LineState::Ringing { mode, count } => What::Ring { mode, count: count.saturating_add(1) },
                    LineState::NumCalls | LineState::NumCompletions => return None,
                    LineState::CapsChange => {
                        // It comes with, or soon after, being in service: nothing to tell.
                        let _ = self.attend(line);
                        return None;
                    }
                    LineState::InService => {
                        // The device is there only now.
                        let _ = self.attend(line);
                        What::Line(state)
                    }
                    state => What::Line(state),
                };
                (line, None, self.now(line), what)
            }
            Notification::Digit { host_line, host, symbol, mode, end, tick, .. } => {
                let line = place(host_line);
                let at = at_tick(self.now(line), tick);
                (line, Some(host), at, What::Digit { symbol: char::from(symbol), mode, end })
            }
            Notification::Generated { host_line, host, why, tick, .. } => {
                let line = place(host_line);
                (line, Some(host), at_tick(self.now(line), tick), What::Generated(why))
            }
            // The device of a line that must be closed is gone.
            Notification::Close { host_line, .. } => {
                let line = place(host_line);
                (line, None, self.now(line), What::Gone)
            }
            Notification::Gathered { .. }
            | Notification::Media { .. }
            | Notification::Tone { .. }
            | Notification::AddressState { .. }
            | Notification::Remove { .. } => return None,
        };
        Some(Happening { at, line, call, what })
    }

    /// Gives a call that is over back to the provider.
    fn close_call(&mut self, host: HostCall) {
        let Some(at) = self.calls.iter().position(|c| c.host == host) else { return };
        let call = self.calls.swap_remove(at);
        self.make_room();
        // It may be gone already, with its device.
        let _ = self.runtime.close_call(call.handle);
    }

    /// A close waits for the callback that runs, which may wait for room in the channel.
    fn make_room(&mut self) {
        if let Some(callbacks) = &self.callbacks {
            self.waiting.extend(callbacks.try_iter().take(WAITING));
        }
    }

    /// Drops every call and waits until the lines are on hook.
    fn hang_up(&mut self) {
        let calls: Vec<HostCall> = self.calls.iter().map(|c| c.host).collect();
        for call in calls {
            // Refused when it is on its way down already, or never was offered.
            if self.drop_call(call).is_err()
                && let Some(c) = self.calls.iter_mut().find(|c| c.host == call)
            {
                c.over = true;
            }
        }
        let until = Instant::now() + HANG_UP;
        while self.calls.iter().any(|c| !c.over) {
            let Some(callbacks) = &self.callbacks else { return };
            let callback = match self.waiting.pop_front() {
                Some(callback) => callback,
                None => match callbacks.recv_deadline(until) {
                    Ok(callback) => callback,
                    Err(_) => return,
                },
            };
            self.understand(callback);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.hang_up();
        for line in &self.lines {
            if let Some(callbacks) = &self.callbacks {
                callbacks.try_iter().take(WAITING).for_each(drop);
            }
            // It may be closed already, with its device.
            let _ = self.runtime.close_line(line.handle);
        }
        // From here on a callback finds nobody, and does not wait.
        self.callbacks = None;
        self.runtime.shutdown();
    }
}

/// The moment near `now` whose milliseconds, cut to 32 bits, are `tick`.
fn at_tick(now: Time, tick: u32) -> Time {
    let ago = (now.millis() as u32).wrapping_sub(tick);
    // A tick just ahead of us is the present moment.
    let ago = if ago > u32::MAX / 2 { 0 } else { ago };
    Time::from_millis(now.millis().saturating_sub(u64::from(ago)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_finds_its_moment() {
        let now = Time::from_millis((1 << 32) + 5);
        assert_eq!(at_tick(now, 3), Time::from_millis((1 << 32) + 3));
        assert_eq!(at_tick(now, u32::MAX), Time::from_millis((1 << 32) - 1));
        assert_eq!(at_tick(now, 6), now);
    }

    #[test]
    fn a_hostile_name_is_shown_harmless() {
        let caller = Caller { number: Err(Unknown::Withheld), name: Some("\u{1b}]0;x\u{7}".into()) };
        let happening = Happening { at: Time::ZERO, line: 0, call: None, what: What::Caller(caller) };
        assert_eq!(happening.text(), "caller withheld \"\\x1b]0;x\\x07\"");
        let line = super::super::output::json_line(&happening.record());
        assert!(line.contains(r#""ev":"callerid","name":"\u001b]0;x\u0007","reason":"withheld""#), "{line}");
    }
}
