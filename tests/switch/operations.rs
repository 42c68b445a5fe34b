//! What a host can do on an exchange besides hold, swap and consultation: one function for each operation.

use super::*;
use loopstart::provider::{
    CallFeatures, CallInfo, CallParamFlags, DigitModes, ForwardEntry, HostLine, LineFeatures, Notification,
};
use loopstart::signal::DigitMode;
use std::time::Instant;

/// `LINECALLCOMPLMODE_CALLBACK`.
const CALLBACK: u32 = 2;

impl Scene {
    /// Calls from a line with wishes, and waits until the call is in a state.
    pub(crate) fn call_with(
        &mut self,
        at: usize,
        number: &str,
        flags: CallParamFlags,
        is: impl Fn(CallState) -> bool,
    ) -> Result<Call, LineErr> {
        let (host, line, address) = (self.host(), self.rig.lines[at], Some(Address(self.digits_of(number))));
        let params = CallParams { flags, ..CallParams::default() };
        let command = |request| Command::MakeCall { request, line, host, address, country: 0, params };
        let Reply::Call(call) = self.does(command)? else { panic!("no call") };
        self.rig.state(host, "the state of a new call", is);
        Ok(Call { host, call })
    }

    /// SetupConference: the conference and its consultation call.
    pub(crate) fn set_up_conference(&mut self, call: Call) -> Result<(Call, Call), LineErr> {
        self.gathering(Some(call))
    }

    /// SetupConference with a call, or on the idle line 0.
    pub(crate) fn gathering(&mut self, call: Option<Call>) -> Result<(Call, Call), LineErr> {
        let line = call.is_none().then_some(self.rig.lines[0]);
        let (host_conference, host_consultation) = (self.host(), self.host());
        let command = |request| Command::SetupConference {
            request,
            call: call.map(|call| call.call),
            line,
            host_conference,
            host_consultation,
            parties: 3,
            params: CallParams::default(),
        };
        match self.does(command)? {
            Reply::Conference { conference, consultation } => Ok((
                Call { host: host_conference, call: conference },
                Call { host: host_consultation, call: consultation },
            )),
            other => panic!("{other:?}"),
        }
    }

    /// PrepareAddToConference.
    pub(crate) fn prepare_add(&mut self, conference: Call) -> Result<Call, LineErr> {
        let (host, params) = (self.host(), CallParams::default());
        let conference = conference.call;
        match self.does(|request| Command::PrepareAddToConference { request, conference, host, params })? {
            Reply::Call(call) => Ok(Call { host, call }),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn add(&mut self, conference: Call, call: Call) -> Result<Reply, LineErr> {
        let (conference, call) = (conference.call, call.call);
        self.does(|request| Command::AddToConference { request, conference, call })
    }

    pub(crate) fn remove(&mut self, call: Call) -> Result<Reply, LineErr> {
        self.does(|request| Command::RemoveFromConference { request, call: call.call })
    }

    /// The digits of a number, for what takes no wait.
    pub(crate) fn digits_of(&self, number: &str) -> String {
        format!("{}{number}", self.prefix)
    }

    pub(crate) fn blind_transfer(&mut self, call: Call, number: &str) -> Result<Reply, LineErr> {
        let address = Address(self.digits_of(number));
        self.does(|request| Command::BlindTransfer { request, call: call.call, address, country: 0 })
    }

    /// SetupTransfer that dials by itself.
    pub(crate) fn one_step(&mut self, call: Call, number: Option<&str>) -> Result<Call, LineErr> {
        let host = self.host();
        let target = number.map(|number| Address(self.number(number)));
        let params = CallParams { flags: CallParamFlags::ONE_STEP_TRANSFER, target, ..CallParams::default() };
        match self.does(|request| Command::SetupTransfer { request, call: call.call, host, params })? {
            Reply::Call(call) => Ok(Call { host, call }),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn park(&mut self, call: Call, at: Option<&str>) -> Result<Reply, LineErr> {
        let at = at.map(|at| Address(at.into()));
        self.does(|request| Command::Park { request, call: call.call, at })
    }

    pub(crate) fn unpark(&mut self, at: usize, slot: &str) -> Result<Call, LineErr> {
        let (host, line) = (self.host(), self.rig.lines[at]);
        let slot = Address(slot.into());
        match self.does(|request| Command::Unpark { request, line, address_id: 0, host, at: slot })? {
            Reply::Call(call) => Ok(Call { host, call }),
            other => panic!("{other:?}"),
        }
    }

    /// Pickup: at an address, in a group, or with neither the waiting call.
    pub(crate) fn pick_up(&mut self, at: usize, address: Option<&str>, group: Option<&str>) -> Result<Call, LineErr> {
        let (host, line) = (self.host(), self.rig.lines[at]);
        let (address, group) = (address.map(|a| Address(a.into())), group.map(|g| Address(g.into())));
        match self.does(|request| Command::Pickup { request, line, address_id: 0, host, address, group })? {
            Reply::Call(call) => Ok(Call { host, call }),
            other => panic!("{other:?}"),
        }
    }

    /// Has calls forwarded: each entry a mode and where to.
    pub(crate) fn forward(&mut self, at: usize, list: &[(u32, Option<&str>)]) -> Result<Reply, LineErr> {
        let line = self.rig.lines[at];
        let entry = |(mode, to): &(u32, Option<&str>)| ForwardEntry {
            mode: *mode,
            caller: None,
            destination: to.map(|to| Address(self.digits_of(to))),
            country: 0,
        };
        let list = list.iter().map(entry).collect();
        self.does(|request| Command::Forward { request, line, address_id: None, list, rings: 0 })
    }

    /// What a line knows to be forwarded: modes and where to.
    pub(crate) fn forwards(&self, at: usize) -> Vec<(u32, Option<String>)> {
        let status = self.rig.runtime.query(|p| p.address_status(self.rig.lines[at], 0)).expect("an address");
        status.forwards.into_iter().map(|entry| (entry.mode, entry.destination.map(|to| to.0))).collect()
    }

    /// CompleteCall: the number of the completion.
    pub(crate) fn complete(&mut self, call: Call) -> Result<u32, LineErr> {
        let command = |request| Command::CompleteCall { request, call: call.call, mode: CALLBACK, message: 0 };
        match self.does(command)? {
            Reply::Completion(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn uncomplete(&mut self, at: usize, completion: u32) -> Result<Reply, LineErr> {
        let line = self.rig.lines[at];
        self.does(|request| Command::UncompleteCall { request, line, completion })
    }

    pub(crate) fn secure(&mut self, call: Call) -> Result<Reply, LineErr> {
        self.does(|request| Command::SecureCall { request, call: call.call })
    }

    pub(crate) fn info(&self, call: Call) -> CallInfo {
        self.rig.runtime.query(|p| p.call_info(call.call)).expect("a call")
    }

    /// A command of the exchange's control language.
    pub(crate) fn control(&self, text: &str) -> String {
        let reply = self.rig.runtime.with_exchange(|e| e.command(text)).expect("an exchange");
        assert!(reply.lines().last().is_some_and(|l| l.starts_with("ok")), "{text}: {reply}");
        reply
    }

    /// A call that is or was offered to this line, of those that no test has taken yet.
    pub(crate) fn offered_at(&mut self, at: usize) -> Call {
        self.offer("an incoming call", |line| line.0 == at + 1)
    }

    pub(crate) fn offer(&mut self, what: &str, to: impl Fn(HostLine) -> bool) -> Call {
        let taken = self.taken.clone();
        let new = |told: &Told| match told {
            Told::Offered(line, host, call) if to(*line) && !taken.contains(host) => Some((*host, *call)),
            _ => None,
        };
        let (host, call) = self.told(what, new);
        self.taken.push(host);
        self.told("the offer", |told| {
            matches!(told, Told::State(h, CallState::Offering(_)) if *h == host).then_some(())
        });
        Call { host, call }
    }

    /// Takes no call that was offered so far.
    pub(crate) fn forget_offers(&mut self) {
        self.rig.catch_up();
        let host = |told: &Told| if let Told::Offered(_, host, _) = told { Some(*host) } else { None };
        self.taken.extend(self.rig.seen.iter().filter_map(host));
    }

    /// Waits for something that may have been told already.
    pub(crate) fn told<T>(&mut self, what: &str, pick: impl Fn(&Told) -> Option<T>) -> T {
        self.rig.catch_up();
        match self.rig.seen.iter().find_map(&pick) {
            Some(found) => found,
            None => self.rig.wait(what, pick),
        }
    }

    /// Calls from one line to another that answers.
    pub(crate) fn talk_to_line(&mut self, from: usize, to: usize) -> (Call, Call) {
        let call = self.call(from, &number_of(to), |state| state == CallState::Ringback);
        let answered = self.offered_at(to);
        self.answer(answered).expect("an answer");
        self.becomes(answered, ACTIVE);
        self.becomes(call, ACTIVE);
        (call, answered)
    }

    /// The consultation call goes to another line that answers.
    pub(crate) fn consult_line(&mut self, consultation: Call, to: usize) -> Call {
        self.dial(consultation, &number_of(to), |state| state == CallState::Ringback);
        let answered = self.offered_at(to);
        self.answer(answered).expect("an answer");
        self.becomes(answered, ACTIVE);
        self.becomes(consultation, ACTIVE);
        answered
    }

    /// Listens for digits on a call.
    pub(crate) fn listen(&mut self, call: Call) {
        let command = Command::MonitorDigits { call: call.call, modes: DigitModes::DTMF };
        self.rig.runtime.command(command).expect("digits can be monitored");
    }

    /// Listens no more.
    pub(crate) fn ignore(&mut self, call: Call) {
        let command = Command::MonitorDigits { call: call.call, modes: DigitModes::empty() };
        self.rig.runtime.command(command).expect("listening can be ended");
    }

    /// Sends digits on a call, and waits until they are out.
    pub(crate) fn send(&mut self, call: Call, digits: &str) {
        let command = Command::GenerateDigits {
            call: call.call,
            end_to_end: 0,
            mode: DigitMode::Dtmf,
            digits: Some(Address(digits.into())),
            duration: Duration::ZERO,
        };
        self.rig.runtime.command(command).expect("digits can be sent");
        self.rig.wait("the end of the digits", |told| {
            matches!(told, Told::Other(Notification::Generated { host, .. }) if *host == call.host).then_some(())
        });
    }

    /// The digits that were heard on a call so far.
    pub(crate) fn heard(&self, call: Call) -> String {
        let digit =
            |told: &Told| if let Told::Digit(host, c) = told { (*host == call.host).then_some(*c) } else { None };
        self.rig.seen.iter().filter_map(digit).collect()
    }

    /// Waits until exactly these digits were heard on a call.
    pub(crate) fn hears(&mut self, call: Call, digits: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.heard(call).len() < digits.len() {
            assert!(Instant::now() < deadline, "{:?} instead of {digits:?}; {:#?}", self.heard(call), self.rig.seen);
            std::thread::sleep(Duration::from_millis(2));
            self.rig.catch_up();
        }
        assert_eq!(self.heard(call), digits);
    }

    /// Waits until this, and nothing else, was told of these calls from message `from` on: states and ends of requests
    /// in their order, each call by its name.
    pub(crate) fn expect_story(&mut self, from: usize, names: &[(&str, Call)], wanted: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut story = self.story(from, names);
        while story.len() < wanted.len() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
            story = self.story(from, names);
        }
        assert_eq!(story, wanted);
    }

    pub(crate) fn story(&mut self, from: usize, names: &[(&str, Call)]) -> Vec<String> {
        self.rig.catch_up();
        let name = |host: HostCall| names.iter().find(|(_, call)| call.host == host).map(|(name, _)| *name);
        self.rig.seen[from..]
            .iter()
            .filter_map(|told| match told {
                Told::State(host, CallState::Conferenced(of)) => {
                    Some(format!("{} Conferenced({})", name(*host)?, name(*of).unwrap_or("?")))
                }
                Told::State(host, state) => Some(format!("{} {state:?}", name(*host)?)),
                Told::Completed(_, Ok(())) => Some("ok".to_owned()),
                Told::Completed(_, Err(error)) => Some(format!("{error:?}")),
                _ => None,
            })
            .collect()
    }

    /// How much was told so far.
    pub(crate) fn mark(&mut self) -> usize {
        self.rig.settle();
        self.rig.seen.len()
    }

    /// Waits until a call has ended, and drops what is left of it.
    pub(crate) fn ends(&mut self, call: Call) {
        let over = |state| matches!(state, CallState::Disconnected(_) | CallState::Idle);
        self.rig.catch_up();
        if !over(self.state(call)) {
            self.rig.state(call.host, "the end of a call", over);
        }
        if self.state(call) != CallState::Idle {
            self.drop_one(call).expect("what is over can be dropped");
            self.becomes(call, CallState::Idle);
        }
    }

    /// Waits until the exchange sees a line on or off hook.
    pub(crate) fn expect_hook(&self, line: usize, hook: &str) {
        self.expect_state(line, "hook", hook);
    }

    /// Waits until a word of a line's state at the exchange is this.
    fn expect_state(&self, line: usize, key: &str, value: &str) {
        let wanted = format!("\"{key}\":\"{value}\"");
        for _ in 0..4_000 {
            if self.control(&format!("state {line}")).contains(&wanted) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("line {line}: no {wanted}; {:#?}", self.rig.seen);
    }

    /// Waits until a call can be made.
    pub(crate) fn until_free(&mut self, line: usize) {
        let deadline = Instant::now() + Duration::from_secs(40);
        let can = |s: &Self| {
            let status = s.rig.runtime.query(|p| p.line_status(s.rig.lines[line])).expect("a line");
            status.features.contains(LineFeatures::MAKE_CALL)
        };
        while !can(self) {
            assert!(Instant::now() < deadline, "line {line} is not free; {:#?}", self.rig.seen);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until something can be done with a call.
    pub(crate) fn until_call_can(&mut self, call: Call, feature: CallFeatures) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let can =
            |s: &Self| s.rig.runtime.query(|p| p.call_status(call.call)).expect("a call").features.contains(feature);
        while !can(self) {
            assert!(Instant::now() < deadline, "no {feature:?}; {:#?}", self.rig.seen);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// A line that is out of all its calls makes and takes others.
    pub(crate) fn free_again(&mut self, line: usize) {
        self.expect_parties(line, &[]);
        self.expect_hook(line, "on");
        // It may ring for a while with a party that nobody wants any more.
        self.expect_state(line, "phase", "idle");
        self.until_free(line);
        let call = self.call(line, "5550121", |state| matches!(state, CallState::Busy(_)));
        self.drop_one(call).expect("a busy call can be dropped");
        self.becomes(call, CallState::Idle);
    }

    /// Waits until this has happened on the wire of a line since last asked, and nothing else of these kinds. The exchange
    /// takes a while to tell a hang-up from a flash.
    pub(crate) fn expect_wire(&self, line: usize, kinds: &[&str], wanted: &[&str]) {
        let mut wire = self.wire(line, kinds);
        for _ in 0..2_000 {
            if wire.len() >= wanted.len() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
            wire.extend(self.wire(line, kinds));
        }
        assert_eq!(wire, wanted, "line {line}");
    }

    /// Forgets what happened on the wires so far.
    pub(crate) fn forget_wire(&self) {
        self.control("events");
    }
}

/// The number of a line.
pub(crate) fn number_of(line: usize) -> String {
    format!("{}", 5_550_100 + line)
}
