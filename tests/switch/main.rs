//! Calls of several parties, on the emulated exchange of each family of switch plan: the same path as with a real card,
//! provider, threads, driver, socket. What the exchange sees on the wire is its own affair; who talks to whom in the end is
//! compared on both sides.

#[path = "../common/mod.rs"]
mod common;

mod conference;
mod every;
mod leaving;
mod nanp;
mod operations;
mod orders;
mod park;
mod pbx;
mod services;
mod transfer;

use common::{Rig, Told, Watchdog};
use loopstart::provider::{
    Address, CallHandle, CallParams, CallState, Command, ConnectedMode, HostCall, LineErr, Reply, TransferMode,
};
use loopstart::signal::plan::{Plan, Subscribed};
use std::sync::Arc;
use std::time::Duration;

const ACTIVE: CallState = CallState::Connected(ConnectedMode::Active);

/// A call of ours, as both sides know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Call {
    host: HostCall,
    call: CallHandle,
}

/// A host on an exchange of one plan.
struct Scene {
    rig: Rig,
    next: usize,
    /// Offered calls that a test has taken.
    taken: Vec<HostCall>,
    prefix: String,
    _watchdog: Watchdog,
}

impl Scene {
    fn new(plan: &str, lines: usize) -> Self {
        Self::subscribed(plan, lines, Subscribed::default())
    }

    fn subscribed(name: &str, lines: usize, to: Subscribed) -> Self {
        Self::on(Plan::subscribed(name, to).expect("a plan"), lines)
    }

    fn on(plan: Arc<Plan>, lines: usize) -> Self {
        let prefix = plan.access.as_ref().map_or_else(String::new, |access| access.prefix.clone());
        let watchdog = Watchdog::new(&plan.name, Duration::from_secs(300));
        Self { rig: Rig::of_plan(plan, lines), next: 1, taken: Vec::new(), prefix, _watchdog: watchdog }
    }

    fn host(&mut self) -> HostCall {
        self.next += 1;
        HostCall(self.next)
    }

    /// The number of a scripted party or line, as it is dialled here.
    fn number(&self, number: &str) -> String {
        if self.prefix.is_empty() { number.into() } else { format!("{}W{number}", self.prefix) }
    }

    /// Calls from a line and waits until the call is in a state.
    fn call(&mut self, at: usize, number: &str, is: impl Fn(CallState) -> bool) -> Call {
        let host = self.host();
        let number = self.number(number);
        let (request, call) = self.rig.call(at, host, &number).expect("a call");
        assert_eq!(self.rig.completed(request), Ok(()));
        self.rig.state(host, "the state of a new call", is);
        Call { host, call }
    }

    /// Calls an echo that answers.
    fn talk(&mut self, at: usize) -> Call {
        self.call(at, "5550120", |state| state == ACTIVE)
    }

    /// Dials on a consultation call, and waits until it is in a state.
    fn dial(&mut self, call: Call, number: &str, is: impl Fn(CallState) -> bool) {
        let address = Address(self.number(number));
        let (request, _) = self
            .rig
            .request(|request| Command::Dial { request, call: call.call, address, country: 0 })
            .expect("accepted");
        assert_eq!(self.rig.completed(request), Ok(()));
        self.rig.state(call.host, "the state after dialling", is);
    }

    /// Carries out a command and waits for its end.
    fn does(&mut self, command: impl FnOnce(loopstart::provider::RequestId) -> Command) -> Result<Reply, LineErr> {
        let (request, reply) = self.rig.request(command)?;
        self.rig.completed(request).map(|()| reply)
    }

    fn hold(&mut self, call: Call) -> Result<Reply, LineErr> {
        self.does(|request| Command::Hold { request, call: call.call })
    }

    fn unhold(&mut self, call: Call) -> Result<Reply, LineErr> {
        self.does(|request| Command::Unhold { request, call: call.call })
    }

    fn swap(&mut self, active: Call, held: Call) -> Result<Reply, LineErr> {
        self.does(|request| Command::SwapHold { request, active: active.call, held: held.call })
    }

    fn drop_one(&mut self, call: Call) -> Result<Reply, LineErr> {
        self.does(|request| Command::Drop { request, call: call.call })
    }

    fn answer(&mut self, call: Call) -> Result<Reply, LineErr> {
        self.does(|request| Command::Answer { request, call: call.call })
    }

    /// SetupTransfer.
    fn consult(&mut self, call: Call) -> Result<Call, LineErr> {
        let host = self.host();
        let params = CallParams::default();
        match self.does(|request| Command::SetupTransfer { request, call: call.call, host, params })? {
            Reply::Call(call) => Ok(Call { host, call }),
            other => panic!("{other:?}"),
        }
    }

    fn transfer(&mut self, call: Call, consultation: Call) -> Result<Reply, LineErr> {
        let (call, consultation, mode) = (call.call, consultation.call, TransferMode::Transfer);
        self.does(|request| Command::CompleteTransfer { request, call, consultation, mode })
    }

    fn conference(&mut self, call: Call, consultation: Call) -> Result<Call, LineErr> {
        let host = self.host();
        let mode = TransferMode::Conference { host };
        let (call, consultation) = (call.call, consultation.call);
        match self.does(|request| Command::CompleteTransfer { request, call, consultation, mode })? {
            Reply::Call(call) => Ok(Call { host, call }),
            other => panic!("{other:?}"),
        }
    }

    /// An incoming call.
    fn offered(&mut self) -> Call {
        self.offer("an incoming call", |_| true)
    }

    fn state(&self, call: Call) -> CallState {
        self.rig.runtime.query(|p| p.call_status(call.call)).expect("a call").state
    }

    /// Waits until a call is in this state, which it may be already.
    fn becomes(&mut self, call: Call, state: CallState) {
        self.rig.catch_up();
        if self.rig.last_told(call.host) != Some(state) {
            self.rig.state(call.host, "a state", |s| s == state);
        }
    }

    /// What the exchange knows of a line.
    fn look(&self, line: usize) -> serde_json::Value {
        let reply = self.rig.runtime.with_exchange(|e| e.command(&format!("state {line}"))).expect("an exchange");
        serde_json::from_str(reply.lines().next().expect("a line of JSON")).expect("JSON")
    }

    /// Who is what to a line, as the exchange knows it.
    fn parties(&self, line: usize) -> Vec<String> {
        let state = self.look(line);
        let mut parties: Vec<String> = state["parties"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|p| format!("{} {}", p["number"].as_str().unwrap_or("?"), p["role"].as_str().unwrap_or("?")))
            .collect();
        parties.sort();
        parties
    }

    /// Waits until the parties of a line are these.
    fn expect_parties(&mut self, line: usize, parties: &[&str]) {
        for _ in 0..2_000 {
            if self.parties(line) == parties {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("line {line}: {:?} instead of {parties:?}; {:#?}", self.parties(line), self.rig.seen);
    }

    /// What happened on the wires since last asked, of these kinds.
    fn wire(&self, line: usize, kinds: &[&str]) -> Vec<String> {
        let reply = self.rig.runtime.with_exchange(|e| e.command("events")).expect("an exchange");
        reply
            .lines()
            .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok())
            .filter(|e| e["line"].as_u64() == Some(line as u64))
            .filter_map(|e| {
                let kind = e["ev"].as_str()?;
                let digit = e["digit"].as_str().unwrap_or("");
                kinds.contains(&kind).then(|| format!("{kind}{digit}"))
            })
            .collect()
    }

    fn finish(self) -> Vec<Told> {
        self.rig.finish()
    }
}
