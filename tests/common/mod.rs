//! A host for tests: writes down what it is told, in order.
#![allow(dead_code, reason = "each test uses what it needs")]

use crossbeam_channel::{Receiver, Sender, unbounded};
use loopstart::config::Config;
use loopstart::provider::{
    Address, CallHandle, CallInfoChange, CallParams, CallState, Command, HostCall, HostLine, LineErr, LineHandle,
    LineState, MediaModes, Notification, Reply, RequestId,
};
use loopstart::runtime::{Host, Runtime};
use loopstart::signal::plan::Plan;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One thing the host was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// A call came in on this line; the host's handle for it.
    Offered(HostLine, HostCall, CallHandle),
    State(HostCall, CallState),
    Info(HostCall, CallInfoChange),
    /// The beginning of a digit.
    Digit(HostCall, char),
    Line(HostLine, LineState),
    Completed(RequestId, Result<(), LineErr>),
    Close(HostLine),
    Other(Notification),
}

struct Listener {
    tell: Sender<Told>,
    next_call: AtomicUsize,
    calls: Arc<Mutex<HashMap<HostCall, CallHandle>>>,
}

impl Host for Listener {
    fn offer(&self, line: HostLine, _: LineHandle, call: CallHandle) -> Option<HostCall> {
        let host = HostCall(self.next_call.fetch_add(1, Ordering::Relaxed));
        let _ = self.tell.send(Told::Offered(line, host, call));
        Some(host)
    }
    fn notify(&self, notification: &Notification) {
        if let Notification::CallState { host, call, .. } = notification {
            self.calls.lock().expect("no panic while it is held").insert(*host, *call);
        }
        let _ = self.tell.send(match notification {
            Notification::CallState { host, state, .. } => Told::State(*host, *state),
            Notification::CallInfo { host, what, .. } => Told::Info(*host, *what),
            Notification::Digit { host, symbol, end: false, .. } => Told::Digit(*host, char::from(*symbol)),
            Notification::LineState { host_line, state, .. } => Told::Line(*host_line, *state),
            Notification::Close { host_line, .. } => Told::Close(*host_line),
            other => Told::Other(other.clone()),
        });
    }
    fn complete(&self, request: RequestId, result: Result<(), LineErr>) {
        let _ = self.tell.send(Told::Completed(request, result));
    }
}

/// A provider with open lines. Host handles of lines are 1, 2, ...; those of offered calls 1000, 1001, ...
pub(crate) struct Rig {
    pub(crate) runtime: Runtime,
    pub(crate) lines: Vec<LineHandle>,
    pub(crate) told: Receiver<Told>,
    /// What was told while something else was awaited.
    pub(crate) seen: Vec<Told>,
    /// Requests that were accepted: each completes once.
    pub(crate) accepted: Vec<RequestId>,
    last_request: u32,
    /// Calls whose state was told.
    calls: Arc<Mutex<HashMap<HostCall, CallHandle>>>,
}

/// Longest wait of wall time for anything.
const PATIENCE: Duration = Duration::from_secs(60);

impl Rig {
    /// Opens the lines of `devices`, with line time `speed` times as fast for emulated ones. A device that cannot be
    /// opened has no place among `lines`.
    pub(crate) fn start(devices: &[&str], speed: f64) -> Self {
        let mut config = Config::default();
        config.set_devices(devices.iter().copied()).expect("selectors");
        config.emulated.speed = speed;
        Self::configured(config)
    }

    /// FXO lines 0 to `lines` of an exchange of this plan, in service; line time goes as fast as the machine can.
    pub(crate) fn of_plan(plan: Arc<Plan>, lines: usize) -> Self {
        let devices: Vec<String> = (0..lines).map(|line| format!("emulated:{line}?port=fxo")).collect();
        let mut config = Config::default();
        config.set_devices(devices.iter().map(String::as_str)).expect("selectors");
        config.emulated.speed = 100.0;
        config.emulated.plan = plan;
        Self::configured(config).ready()
    }

    /// With settings of its own.
    pub(crate) fn configured(config: Config) -> Self {
        let (tell, told) = unbounded();
        let calls = Arc::new(Mutex::new(HashMap::new()));
        let host = Listener { tell, next_call: AtomicUsize::new(1000), calls: calls.clone() };
        let runtime = Runtime::start(config, Arc::new(host)).expect("a runtime");
        let mut lines = Vec::new();
        for (i, device) in runtime.devices().to_vec().into_iter().enumerate() {
            if runtime.failures().iter().any(|(failed, _)| *failed == device) {
                continue;
            }
            let open = Command::OpenLine { device, host: HostLine(i + 1) };
            let Ok(Reply::Line(line)) = runtime.command(open) else { panic!("line {i} does not open") };
            // LINEDEVSTATE_: RINGING, CONNECTED, DISCONNECTED, INSERVICE, OUTOFSERVICE
            runtime.command(Command::SetStatusMessages { line, line_states: 0xce, address_states: 0 }).expect("status");
            lines.push(line);
        }
        Self { runtime, lines, told, seen: Vec::new(), accepted: Vec::new(), last_request: 0x1000, calls }
    }

    /// Waits until every line is in service, and takes calls from then on.
    pub(crate) fn ready(mut self) -> Self {
        let deadline = Instant::now() + PATIENCE;
        for at in 0..self.lines.len() {
            while !self.in_service(at) {
                assert!(Instant::now() < deadline, "line {at} is not in service; {:?}", self.runtime.failures());
                std::thread::yield_now();
            }
            self.take_calls(at);
        }
        self
    }

    /// Takes voice calls on a voice line, data calls on a data line.
    pub(crate) fn take_calls(&mut self, at: usize) {
        let line = self.lines[at];
        let media = self.runtime.query(|p| p.line_status(line)).expect("a line").available_media;
        let wanted = if media.contains(MediaModes::INTERACTIVE_VOICE) {
            MediaModes::INTERACTIVE_VOICE
        } else {
            MediaModes::DATA_MODEM
        };
        self.runtime.command(Command::SetMediaDetection { line, modes: wanted }).expect("media");
    }

    pub(crate) fn in_service(&self, at: usize) -> bool {
        self.runtime.query(|p| p.line_status(self.lines[at])).is_ok_and(|s| s.in_service)
    }

    /// Waits for something; what else is told meanwhile goes to `seen`.
    pub(crate) fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(&Told) -> Option<T>) -> T {
        // What goes on for ever, as ringing, does not prolong it.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Ok(told) = self.told.recv_deadline(deadline) else { panic!("no {what}; seen {:#?}", self.seen) };
            let found = pick(&told);
            self.seen.push(told);
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Waits until a call is in a state.
    pub(crate) fn state(&mut self, host: HostCall, what: &str, is: impl Fn(CallState) -> bool) {
        self.wait(what, |told| matches!(told, Told::State(h, s) if *h == host && is(*s)).then_some(()));
    }

    /// Waits for the end of a request.
    pub(crate) fn completed(&mut self, request: RequestId) -> Result<(), LineErr> {
        self.wait(&format!("completion of {request:?}"), |told| match told {
            Told::Completed(r, result) if *r == request => Some(*result),
            _ => None,
        })
    }

    /// Waits for an incoming call.
    pub(crate) fn offered(&mut self) -> (HostCall, CallHandle) {
        self.wait("an incoming call", |told| match told {
            Told::Offered(_, host, call) => Some((*host, *call)),
            _ => None,
        })
    }
}

impl Rig {
    /// Sends a command under a request id of its own, and keeps that id when it was accepted.
    pub(crate) fn request(
        &mut self,
        command: impl FnOnce(RequestId) -> Command,
    ) -> Result<(RequestId, Reply), LineErr> {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        let reply = self.runtime.command(command(id))?;
        self.accepted.push(id);
        Ok((id, reply))
    }

    /// Makes a voice call.
    pub(crate) fn call(
        &mut self,
        at: usize,
        host: HostCall,
        address: &str,
    ) -> Result<(RequestId, CallHandle), LineErr> {
        let line = self.lines[at];
        let (request, reply) = self.request(|request| Command::MakeCall {
            request,
            line,
            host,
            address: Some(Address(address.into())),
            country: 0,
            params: CallParams::default(),
        })?;
        let Reply::Call(call) = reply else { panic!("no call: {reply:?}") };
        Ok((request, call))
    }

    /// Ends a call and waits until it has ended.
    pub(crate) fn drop_call(&mut self, call: CallHandle) -> Result<(), LineErr> {
        let (request, _) = self.request(|request| Command::Drop { request, call })?;
        self.completed(request)
    }

    /// Has somebody ring a line of the emulated exchange.
    pub(crate) fn ring(&self, line: usize) {
        let reply =
            self.runtime.with_exchange(|e| e.command(&format!("call {line} 5551234 CALLER"))).expect("exchange");
        assert!(reply.starts_with("ok"), "{reply}");
    }

    /// Takes in what was told so far.
    pub(crate) fn catch_up(&mut self) {
        self.seen.extend(self.told.try_iter());
    }

    /// The last state of a call that was told.
    pub(crate) fn last_told(&self, host: HostCall) -> Option<CallState> {
        self.seen.iter().rev().find_map(|told| match told {
            Told::State(h, state) if *h == host => Some(*state),
            _ => None,
        })
    }

    /// Waits until each call's state was told: the provider is ahead of its messages by what is still under way.
    pub(crate) fn settle(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.catch_up();
            let calls = self.calls.lock().expect("no panic while it is held").clone();
            let told = calls.iter().all(|(host, call)| {
                let state = self.runtime.query(|p| p.call_status(*call)).map(|status| status.state);
                state.is_err() || state.ok() == self.last_told(*host)
            });
            if told {
                return;
            }
            assert!(Instant::now() < deadline, "a state is not told; {:#?}", self.seen);
            std::thread::yield_now();
        }
    }

    /// Ends the runtime and fails unless each accepted request completed once, and nothing else did.
    pub(crate) fn finish(mut self) -> Vec<Told> {
        self.runtime.shutdown();
        self.catch_up();
        let mut completed: Vec<_> = self.seen.iter().filter_map(completed_request).collect();
        completed.sort_unstable_by_key(|r| r.0);
        self.accepted.sort_unstable_by_key(|r| r.0);
        assert_eq!(completed, self.accepted, "{:#?}", self.seen);
        std::mem::take(&mut self.seen)
    }

    /// Part of one processor that the event thread uses, measured over a short while.
    pub(crate) fn event_thread_load(&self) -> f64 {
        let used = || {
            let path = format!("/proc/self/task/{}/stat", self.runtime.event_thread());
            let text = std::fs::read_to_string(path).expect("the event thread lives");
            // After the name in parentheses: state is field 3, user and system time are fields 14 and 15, in 10 ms.
            let rest = text.rsplit_once(')').expect("a name").1.to_owned();
            let fields: Vec<_> = rest.split_whitespace().collect();
            let ticks = |at: usize| fields[at].parse::<u64>().expect("a number");
            (ticks(11) + ticks(12)) * 10
        };
        let (before, start) = (used(), Instant::now());
        std::thread::sleep(Duration::from_millis(300));
        (used() - before) as f64 / start.elapsed().as_millis() as f64
    }
}

fn completed_request(told: &Told) -> Option<RequestId> {
    if let Told::Completed(request, _) = told { Some(*request) } else { None }
}

/// Ends the test program when something hangs, and says what.
pub(crate) struct Watchdog(Sender<()>);

impl Watchdog {
    pub(crate) fn new(what: &str, limit: Duration) -> Self {
        let (alive, heard) = unbounded();
        let what = what.to_owned();
        std::thread::spawn(move || {
            if heard.recv_timeout(limit) == Err(crossbeam_channel::RecvTimeoutError::Timeout) {
                eprintln!("{what}: hangs for more than {limit:?}");
                std::process::abort();
            }
        });
        Self(alive)
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.runtime.shutdown();
    }
}
