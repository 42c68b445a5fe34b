//! A host of several lines that asks for one thing at a time and waits for its end: what the services need, where one
//! act of a subscriber follows another.

use super::super::session::{Caller, Happening, Unknown, What};
use super::super::signals::Interrupt;
use super::super::{Failure, call};
use super::{WALL_EXTRA, WALL_FACTOR, interrupted};
use crate::config::Config;
use crate::provider::{
    AddressCaps, CallFeatures, CallHandle, CallInfoChange, CallState, Command, DeviceId, HostCall, HostLine, LineErr,
    LineFeatures, LineHandle, LineState, MediaModes, Notification, PartyFlags, Reply, RequestId,
};
use crate::runtime::{Host, Runtime};
use crate::signal::Time;
use crossbeam_channel::{Receiver, Sender};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Callbacks that may wait for us; then the provider waits.
const WAITING: usize = 1024;

/// How often we look again at what nobody tells of, in wall time.
const LOOK: Duration = Duration::from_millis(5);

/// How long anything may take, in line time. The longest is forwarding: a courtesy call that is answered and released.
const LIMIT: Duration = Duration::from_secs(40);

/// A callback of the provider.
enum Callback {
    Offer(HostLine, CallHandle, HostCall),
    Notify(Notification),
    Complete(RequestId, Result<(), LineErr>),
}

struct Calls {
    callbacks: Sender<Callback>,
    next: AtomicUsize,
}

impl Calls {
    fn next(&self) -> HostCall {
        HostCall(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

// Sending fails when we have left; then nobody wants to know.
impl Host for Calls {
    fn offer(&self, line: HostLine, _: LineHandle, call: CallHandle) -> Option<HostCall> {
        let host = self.next();
        self.callbacks.send(Callback::Offer(line, call, host)).ok().map(|()| host)
    }

    fn notify(&self, notification: &Notification) {
        let _ = self.callbacks.send(Callback::Notify(notification.clone()));
    }

    fn complete(&self, request: RequestId, result: Result<(), LineErr>) {
        let _ = self.callbacks.send(Callback::Complete(request, result));
    }
}

/// A call, as this host knows it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) host: HostCall,
    pub(super) handle: CallHandle,
    /// The place of its line.
    pub(super) line: usize,
    pub(super) state: Option<CallState>,
    pub(super) caller: Option<Caller>,
    /// It came in, and nobody took notice of it yet.
    pub(super) new: bool,
    /// It is to end.
    dropping: bool,
}

impl Call {
    /// Whether it is there no more.
    pub(super) fn is_over(&self) -> bool {
        self.state == Some(CallState::Idle)
    }
}

struct Line {
    device: DeviceId,
    handle: LineHandle,
}

/// See the module's text.
pub(super) struct Board {
    runtime: Runtime,
    host: Arc<Calls>,
    callbacks: Option<Receiver<Callback>>,
    waiting: VecDeque<Callback>,
    lines: Vec<Line>,
    calls: Vec<Call>,
    ended: Vec<(RequestId, Result<(), LineErr>)>,
    last_request: u32,
    speed: f64,
}

/// How long something may take: line time, and wall time in case that stands still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    line: Time,
    wall: Instant,
}

impl Board {
    /// Opens every device of `config`, and waits until all are in service.
    pub(super) fn open(config: Config, interrupt: &Interrupt) -> Result<Self, Failure> {
        let speed = config.emulated.speed;
        let (callbacks, receiver) = crossbeam_channel::bounded(WAITING);
        let host = Arc::new(Calls { callbacks, next: AtomicUsize::new(1) });
        let runtime = Runtime::start(config, Arc::clone(&host) as Arc<dyn Host>).map_err(Failure::refused)?;
        if let Some((_, error)) = runtime.failures().first() {
            return Err(Failure::refused(error));
        }
        let mut board = Self {
            runtime,
            host,
            callbacks: Some(receiver),
            waiting: VecDeque::new(),
            lines: Vec::new(),
            calls: Vec::new(),
            ended: Vec::new(),
            last_request: 0,
            speed,
        };
        for (n, device) in board.runtime.devices().to_vec().into_iter().enumerate() {
            let open = Command::OpenLine { device, host: HostLine(n) };
            let Reply::Line(handle) = board.runtime.command(open).map_err(Failure::refused)? else {
                return Err(Failure::refused("no line was opened"));
            };
            board.lines.push(Line { device, handle });
        }
        let until = Instant::now() + call::IN_SERVICE;
        while !board.in_service() {
            board.next(interrupt)?;
            if Instant::now() > until {
                return Err(Failure::refused("the lines did not come into service; is the machine very busy?"));
            }
        }
        for at in 0..board.lines.len() {
            let line = board.line(at).map_err(Failure::refused)?;
            let caps = board.runtime.query(|p| p.device_caps(board.device(at))).map_err(Failure::refused)?;
            let voice = MediaModes::INTERACTIVE_VOICE;
            let states = Command::SetStatusMessages { line, line_states: caps.line_states, address_states: 0 };
            board.runtime.command(states).map_err(Failure::refused)?;
            board.runtime.command(Command::SetMediaDetection { line, modes: voice }).map_err(Failure::refused)?;
        }
        Ok(board)
    }

    fn in_service(&self) -> bool {
        self.lines.iter().all(|l| self.runtime.query(|p| p.line_status(l.handle)).is_ok_and(|s| s.in_service))
    }

    fn device(&self, at: usize) -> DeviceId {
        self.lines.get(at).map_or(DeviceId(u32::MAX), |line| line.device)
    }

    /// A line's handle.
    pub(super) fn line(&self, at: usize) -> Result<LineHandle, LineErr> {
        self.lines.get(at).map(|line| line.handle).ok_or(LineErr::INVALLINEHANDLE)
    }

    /// The present moment on the lines' clock.
    pub(super) fn now(&self) -> Time {
        self.runtime.now(self.device(0))
    }

    /// How much later than due the machine ran the lines.
    pub(super) fn lateness(&self) -> Duration {
        self.runtime.lateness()
    }

    /// What a line's address can do.
    pub(super) fn caps(&self, at: usize) -> Result<AddressCaps, LineErr> {
        self.runtime.query(|p| p.address_caps(self.device(at), 0))
    }

    /// What a line can do.
    pub(super) fn line_features(&self, at: usize) -> Result<LineFeatures, LineErr> {
        self.runtime.query(|p| p.device_caps(self.device(at))).map(|caps| caps.features)
    }

    /// Whether a line can make a call now: nothing is up on it, and it does not ring.
    pub(super) fn is_free(&self, at: usize) -> bool {
        let status = self.line(at).and_then(|line| self.runtime.query(|p| p.line_status(line)));
        status.is_ok_and(|status| status.features.contains(LineFeatures::MAKE_CALL))
    }

    /// What can be done with a call now.
    pub(super) fn features(&self, call: CallHandle) -> CallFeatures {
        self.runtime.query(|p| p.call_status(call)).map_or(CallFeatures::empty(), |status| status.features)
    }

    /// The present state of a call, which we may not have been told yet; none for one that is gone.
    pub(super) fn state(&self, call: CallHandle) -> Option<CallState> {
        self.runtime.query(|p| p.call_status(call)).ok().map(|status| status.state)
    }

    /// A new handle for a call.
    pub(super) fn new_call(&self) -> HostCall {
        self.host.next()
    }

    /// Keeps a call that a command answered.
    pub(super) fn keep(&mut self, host: HostCall, handle: CallHandle, line: usize) {
        self.calls.push(Call { host, handle, line, state: None, caller: None, new: false, dropping: false });
    }

    /// A call.
    pub(super) fn call(&self, host: HostCall) -> Option<&Call> {
        self.calls.iter().find(|call| call.host == host)
    }

    /// The call that came in at a line and that nobody took notice of yet; from now on it is known.
    pub(super) fn take_new(&mut self, line: usize) -> Option<HostCall> {
        let call = self.calls.iter_mut().find(|call| call.line == line && call.new && !call.is_over())?;
        call.new = false;
        Some(call.host)
    }

    /// Asks the exchange, in its control language; the reply, or why it refuses.
    pub(super) fn ask_exchange(&self, command: &str) -> Result<String, String> {
        let reply = self.runtime.with_exchange(|e| e.command(command)).unwrap_or_else(|| "err no exchange".into());
        match reply.lines().last() {
            Some(last) if last.starts_with("ok") => Ok(reply),
            last => Err(last.unwrap_or("no reply").to_owned()),
        }
    }

    /// Asks the provider for something that takes time; the request, whose end comes later.
    pub(super) fn request(&mut self, make: impl FnOnce(RequestId) -> Command) -> Result<(RequestId, Reply), LineErr> {
        self.last_request = self.last_request.wrapping_add(1).max(1);
        let request = RequestId(self.last_request);
        Ok((request, self.runtime.command(make(request))?))
    }

    /// Whether a request has ended, and how. It is told once.
    pub(super) fn end_of(&mut self, request: RequestId) -> Option<Result<(), LineErr>> {
        let at = self.ended.iter().position(|(ended, _)| *ended == request)?;
        Some(self.ended.swap_remove(at).1)
    }

    /// How long something may take that begins now.
    pub(super) fn patience(&self) -> Patience {
        let wall = LIMIT.mul_f64(WALL_FACTOR / self.speed) + WALL_EXTRA;
        Patience { line: self.now() + LIMIT, wall: Instant::now() + wall }
    }

    /// Whether it takes too long, and how that is said.
    pub(super) fn too_long(&self, patience: Patience) -> Option<String> {
        if self.now() > patience.line {
            Some(format!("not within {} s", LIMIT.as_secs()))
        } else if Instant::now() > patience.wall {
            Some("line time hardly moves on this machine; try a lower --speed".into())
        } else {
            None
        }
    }

    /// The next thing that happens; none when nothing happened for a moment.
    pub(super) fn next(&mut self, interrupt: &Interrupt) -> Result<Option<Happening>, Failure> {
        let Some(callbacks) = &self.callbacks else { return Ok(None) };
        if interrupt.came() {
            return Err(interrupted());
        }
        let callback = match self.waiting.pop_front() {
            Some(callback) => Some(callback),
            None => crossbeam_channel::select! {
                recv(callbacks) -> callback => callback.ok(),
                recv(interrupt.receiver()) -> _ => return Err(interrupted()),
                default(LOOK) => None,
            },
        };
        Ok(callback.and_then(|callback| self.understand(callback)))
    }

    /// The happening that a callback stands for. Keeps the books on the way.
    fn understand(&mut self, callback: Callback) -> Option<Happening> {
        match callback {
            Callback::Offer(line, handle, host) => {
                self.keep(host, handle, line.0);
                self.calls.last_mut()?.new = true;
                None
            }
            Callback::Complete(request, result) => {
                self.ended.push((request, result));
                None
            }
            Callback::Notify(notification) => self.told(notification),
        }
    }

    fn told(&mut self, notification: Notification) -> Option<Happening> {
        let now = self.now();
        let (line, call, at, what) = match notification {
            Notification::CallState { host_line, host, call, state, .. } => {
                let status = self.runtime.query(|p| p.call_status(call)).ok().filter(|s| s.state == state);
                if let Some(known) = self.calls.iter_mut().find(|c| c.host == host) {
                    known.state = Some(state);
                }
                if state == CallState::Idle {
                    // A close waits for the callback that runs, which may wait for room in the channel.
                    if let Some(callbacks) = &self.callbacks {
                        self.waiting.extend(callbacks.try_iter().take(WAITING));
                    }
                    // It may be gone already.
                    let _ = self.runtime.close_call(call);
                }
                (host_line.0, Some(host), status.map_or(now, |s| s.entered), What::State(state))
            }
            Notification::CallInfo { host_line, host, call, what, .. } => {
                if !what.contains(CallInfoChange::CALLER_ID) {
                    return None;
                }
                let info = self.runtime.query(|p| p.call_info(call)).ok()?;
                let number = if info.caller_id_flags.contains(PartyFlags::ADDRESS) {
                    Ok(info.caller_id)
                } else if info.caller_id_flags.contains(PartyFlags::BLOCKED) {
                    Err(Unknown::Withheld)
                } else {
                    Err(Unknown::Unavailable)
                };
                let name = info.caller_id_flags.contains(PartyFlags::NAME).then_some(info.caller_name);
                let caller = Caller { number, name };
                if let Some(known) = self.calls.iter_mut().find(|c| c.host == host) {
                    known.caller = Some(caller.clone());
                }
                (host_line.0, Some(host), now, What::Caller(caller))
            }
            Notification::LineState { host_line, state: LineState::Ringing { mode, count: 0 }, .. } => {
                (host_line.0, None, now, What::Ring { mode, count: 1 })
            }
            Notification::Close { host_line, .. } => (host_line.0, None, now, What::Gone),
            _ => return None,
        };
        Some(Happening { at, line, call, what })
    }

    /// Asks once for the end of every call that is up. True: none is there any more, and every line is on hook.
    pub(super) fn quiet(&mut self) -> bool {
        let up: Vec<(HostCall, CallHandle)> =
            self.calls.iter().filter(|c| !c.is_over() && !c.dropping).map(|c| (c.host, c.handle)).collect();
        for (host, call) in up {
            // Refused while something else is under way with it; then it is tried again.
            let asked = self.request(|request| Command::Drop { request, call }).is_ok();
            if let Some(call) = self.calls.iter_mut().find(|c| c.host == host) {
                call.dropping = asked;
            }
        }
        if self.calls.iter().any(|call| !call.is_over()) {
            return false;
        }
        self.calls.clear();
        self.ended.clear();
        true
    }

    /// Lets calls be asked again to end: of two calls that leave one another, one may stay.
    pub(super) fn ask_again(&mut self) {
        for call in &mut self.calls {
            call.dropping = false;
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        for line in &self.lines {
            // A close waits for the callback that runs, which may wait for room in the channel.
            if let Some(callbacks) = &self.callbacks {
                callbacks.try_iter().take(WAITING).for_each(drop);
            }
            // Whatever is up on it ends.
            let _ = self.runtime.close_line(line.handle);
        }
        self.callbacks = None;
        self.runtime.shutdown();
    }
}
