//! Exchange and provider agree on who talks to whom, whatever is done in whatever order, on every plan.
//!
//! A million random steps: operations, what far ends do, time, unplugged devices. After each step in which nothing is
//! under way the calls of the provider are compared with the parties of the exchange.

use super::switchboard::{BUSY_TONE, Look, Switchboard};
use super::*;
use crate::scripts::property::may_follow;
use loopstart_signal::plan::Subscribed;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::eprintln;
use std::vec;

/// Steps of one plan at least; with the built-in plans a million in all.
const STEPS: u32 = 36_000;
/// Steps of one plan at most.
const MOST: u32 = 108_000;
/// How often each operation is entered in each state in which it is announced, all plans together. On each plan it is
/// tried for until this, or until the steps are over.
const ENTERED: u64 = 100;
/// Where calls are parked.
pub(super) const PLACE: &str = "71";
/// Steps of one life of an exchange.
const LIFE: u32 = 600;

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.next(of.len())).copied()
    }
}

/// What the host knows of a call.
#[derive(Clone, Debug)]
struct Known {
    host: HostCall,
    /// The other side's number, as dialled or identified.
    number: String,
    state: Option<CallState>,
    valid: bool,
}

struct World {
    provider: Provider,
    board: Switchboard,
    plan: String,
    now: Time,
    line: LineHandle,
    random: Random,
    calls: BTreeMap<CallHandle, Known>,
    requests: HashMap<RequestId, CallHandle>,
    finished: HashSet<RequestId>,
    offers: Vec<CallHandle>,
    next: u32,
    parties: u32,
    present: bool,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    tried: u64,
    accepted: u64,
    /// By state, operation: how often accepted.
    cells: BTreeMap<(u32, &'static str), u64>,
    /// The same: how often announced when an operation was looked for.
    announced: BTreeMap<(u32, &'static str), u64>,
    compared: u64,
    log: Vec<String>,
}

impl Tally {
    /// What was announced and not entered often enough; how often it was entered, and announced.
    fn missing(&self) -> impl Iterator<Item = ((u32, &'static str), u64, u64)> {
        let entered = |cell| self.cells.get(cell).copied().unwrap_or(0);
        self.announced.iter().map(move |(cell, times)| (*cell, entered(cell), *times)).filter(|(_, n, _)| *n < ENTERED)
    }
}

impl World {
    fn new(plan: &str, seed: u64, tally: Tally) -> Self {
        let plan_of = Plan::subscribed(plan, Subscribed::all()).unwrap();
        let mut provider = Provider::new();
        let now = Time::from_millis(1_000);
        let description = DeviceDescription { plan: Arc::clone(&plan_of), ..description(DEVICE) };
        provider.handle(Input::DeviceAdded(description), now).unwrap();
        let open = Command::OpenLine { device: DEVICE, host: HostLine(11) };
        let Ok(Reply::Line(line)) = provider.handle(Input::Command(open), now) else { panic!("not opened") };
        let modes = MediaModes::INTERACTIVE_VOICE;
        provider.handle(Input::Command(Command::SetMediaDetection { line, modes }), now).unwrap();
        let mut world = Self {
            provider,
            board: Switchboard::new(plan_of),
            plan: plan.to_string(),
            now,
            line,
            random: Random(seed | 1),
            calls: BTreeMap::new(),
            requests: HashMap::new(),
            finished: HashSet::new(),
            offers: vec![],
            next: 100,
            parties: 0,
            present: true,
            tally,
        };
        world.event(LineEvent::Ready(Caps::all() - Caps::DATA));
        world
    }

    fn note(&mut self, what: String) {
        if self.tally.log.len() > 160 {
            self.tally.log.remove(0);
        }
        self.tally.log.push(format!("{:?} {what}", self.now));
    }

    fn event(&mut self, event: LineEvent) {
        self.note(format!("  event {event:?}"));
        self.provider.handle(Input::Event(DEVICE, event), self.now).unwrap();
        self.drain();
    }

    fn fail(&self, why: &str) -> ! {
        eprintln!("{}", self.tally.log.join("\n"));
        panic!("{}: {why}", self.plan);
    }

    fn drain(&mut self) {
        while let Some(output) = self.provider.poll() {
            self.note(format!("  out {}", word(&output)));
            match output {
                Output::Act(_, action) => {
                    assert!(self.present, "an action for a lost device");
                    self.board.act(action);
                }
                Output::Offer { call, .. } => {
                    self.calls
                        .insert(call, Known { host: HostCall(0), number: String::new(), state: None, valid: false });
                    self.offers.push(call);
                }
                Output::Complete { request, result, call, .. } => {
                    let Some(owner) = self.requests.remove(&request) else {
                        self.fail("a completion nobody waits for")
                    };
                    assert!(self.finished.insert(request), "completed twice");
                    let made: Vec<_> = self.calls.iter().filter(|(_, k)| !k.valid).map(|(h, _)| *h).collect();
                    let _ = (owner, made, call, result);
                }
                Output::Notify(Notification::CallState { host, call, state, .. }) => {
                    let Some(known) = self.calls.get_mut(&call) else { self.fail("a message about a closed call") };
                    assert_eq!(known.host, host);
                    known.valid = true;
                    let before = known.state.replace(state);
                    if let Some(before) = before
                        && !may_follow(before.bit(), state.bit())
                    {
                        self.fail(&format!("{before:?} -> {state:?}"));
                    }
                    if state == CallState::Idle && self.requests.values().any(|owner| *owner == call) {
                        self.fail("IDLE before the completions");
                    }
                }
                Output::Notify(Notification::CallInfo { call, .. }) => {
                    let info = self.provider.call_info(call).unwrap();
                    if let Some(known) = self.calls.get_mut(&call)
                        && known.number.is_empty()
                    {
                        known.number = info.caller_id;
                    }
                }
                _ => {}
            }
        }
        for call in core::mem::take(&mut self.offers) {
            self.next += 1;
            let host = HostCall(self.next as usize);
            // Now and then the host has no room.
            let takes = self.random.next(12) != 0;
            match self.calls.get_mut(&call) {
                Some(known) if takes => known.host = host,
                _ => {
                    self.calls.remove(&call);
                }
            }
            self.note(format!("  host {}", if takes { "takes" } else { "declines" }));
            let host = takes.then_some(host);
            let _ = self.provider.handle(Input::Offered { call, host }, self.now);
            self.drain();
        }
    }

    fn state_of(&self, call: CallHandle) -> u32 {
        self.calls.get(&call).and_then(|k| k.state).map_or(0, CallState::bit)
    }

    /// Sends a command; counts it by the states of the calls that it names, the first of which owns it.
    fn ask(
        &mut self,
        name: &'static str,
        of: &[CallHandle],
        command: impl FnOnce(RequestId) -> Command,
    ) -> Option<Reply> {
        self.next += 1;
        let request = RequestId(self.next);
        let mut states: Vec<_> = of.iter().map(|call| self.state_of(*call)).collect();
        if of.is_empty() {
            states.push(0);
        }
        states.dedup();
        let command = command(request);
        self.note(format!("{name} {of:?} in {states:x?}"));
        self.tally.tried += 1;
        let status = of.first().and_then(|call| self.provider.call_status(*call).ok());
        let announced = match status {
            Some(status) => Some(operations(&status).any(|operation| operation == name)),
            None if of.is_empty() => Some(self.line_operations().contains(&name)),
            None => None,
        };
        match self.provider.handle(Input::Command(command), self.now) {
            Ok(reply) => {
                self.tally.accepted += 1;
                for state in states {
                    *self.tally.cells.entry((state, name)).or_default() += 1;
                }
                if announced == Some(false) {
                    self.fail(&format!("{name} was accepted without its feature bit: {status:?}"));
                }
                let owner = match reply {
                    Reply::Call(call) => call,
                    Reply::Conference { consultation, .. } => consultation,
                    _ => of[0],
                };
                self.requests.insert(request, owner);
                Some(reply)
            }
            Err(error) => {
                // With the right partner it would have been accepted.
                let alone = !matches!(name, "swap" | "complete" | "complete conf" | "add");
                if announced == Some(true) && alone && error != LineErr::RESOURCEUNAVAIL {
                    self.fail(&format!("{name} was announced and refused: {error:?}"));
                }
                None
            }
        }
    }

    fn know(&mut self, call: CallHandle, host: HostCall, number: &str) {
        self.calls.insert(call, Known { host, number: number.to_string(), state: None, valid: false });
    }

    fn host(&mut self) -> HostCall {
        self.next += 1;
        HostCall(self.next as usize)
    }

    /// A number of somebody new: the last digit decides what becomes of the call.
    fn number(&mut self) -> String {
        self.parties += 1;
        let kind = ["3", "4", "5", "6", "1", "2"][self.random.next(6)];
        format!("5{:05}{kind}", self.parties % 100_000)
    }

    /// An operation that a call or the line announces at present: of a few, the one that was entered least.
    fn announced(&mut self) -> Option<(&'static str, Option<CallHandle>)> {
        let mut possible = vec![];
        possible.extend(self.line_operations().into_iter().map(|operation| (0, operation, None)));
        for (call, known) in self.calls.iter().filter(|(_, k)| k.valid) {
            let status = self.provider.call_status(*call).unwrap();
            let state = known.state.map_or(0, CallState::bit);
            possible.extend(operations(&status).map(|operation| (state, operation, Some(*call))));
        }
        for (state, operation, _) in &possible {
            *self.tally.announced.entry((*state, operation)).or_default() += 1;
        }
        // Whoever has a dial tone mostly dials: nothing else leads to a second party.
        let dials = |&&(_, operation, call): &&(u32, &str, Option<CallHandle>)| {
            operation == "dial" && call.is_some_and(|call| self.is_blank(call))
        };
        if let Some(&(_, operation, call)) = possible.iter().find(dials)
            && self.random.next(4) != 0
        {
            return Some((operation, call));
        }
        let entered = |tally: &Tally, (state, operation): (u32, &'static str)| {
            tally.cells.get(&(state, operation)).copied().unwrap_or(0)
        };
        // What was done often enough is done now and then, but for what brings somebody in.
        let often = self.random.next(10) == 0;
        let tally = &self.tally;
        possible.retain(|&(state, operation, _)| {
            let more = matches!(operation, "make" | "gather" | "answer" | "consult" | "setup conf" | "prepare");
            often || more || entered(tally, (state, operation)) < ENTERED + ENTERED / 4
        });
        let drawn: Vec<_> = (0..3).filter_map(|_| self.random.one(&possible)).collect();
        let rarest = drawn.into_iter().min_by_key(|&(state, operation, _)| entered(&self.tally, (state, operation)));
        rarest.map(|(_, operation, call)| (operation, call))
    }

    /// The operations that the line announces, which its address announces too.
    fn line_operations(&self) -> Vec<&'static str> {
        let line = self.provider.line_status(self.line).unwrap().features;
        let address = self.provider.address_status(self.line, 0).unwrap().features;
        let makes = address.contains(AddressFeatures::MAKE_CALL);
        assert_eq!(line.contains(LineFeatures::MAKE_CALL), makes);
        let gathers = address.contains(AddressFeatures::SETUP_CONFERENCE);
        [("make", makes), ("gather", gathers)].iter().filter(|(_, able)| *able).map(|(name, _)| *name).collect()
    }

    /// Whether a number is awaited for this call.
    fn is_blank(&self, call: CallHandle) -> bool {
        self.calls.get(&call).is_some_and(|known| {
            known.number.is_empty() && matches!(known.state, Some(CallState::DialTone(_) | CallState::Dialing))
        })
    }

    fn in_state(&self, is: fn(CallState) -> bool) -> Vec<CallHandle> {
        self.calls.iter().filter(|(_, k)| k.valid && k.state.is_some_and(is)).map(|(h, _)| *h).collect()
    }

    /// Who could be the other call of an operation on this one, when it is held, or when it is not.
    fn partner(&mut self, call: CallHandle) -> Option<CallHandle> {
        let is_held = self.calls.get(&call).and_then(|k| k.state).is_some_and(CallState::is_held);
        let others = if is_held {
            self.in_state(|s| {
                use CallState as S;
                matches!(s, S::Connected(_) | S::Proceeding | S::Ringback | S::Busy(_) | S::SpecialInfo(_))
            })
        } else {
            self.in_state(CallState::is_held)
        };
        self.random.one(&others)
    }

    fn operate(&mut self) {
        // Before it is told of a call the host has no business with it.
        let calls = self.in_state(|_| true);
        let any = self.random.one(&calls);
        // Mostly what is announced, sometimes what might make sense, sometimes anything.
        let mode = self.random.next(10);
        if mode > 1
            && let Some((operation, call)) = self.announced()
        {
            self.perform(operation, call);
            return self.drain();
        }
        let wild = mode == 0;
        let fit = |world: &mut Self, is: fn(CallState) -> bool| {
            let of = if wild { vec![] } else { world.in_state(is) };
            world.random.one(&of).or(any)
        };
        let connected = |s| matches!(s, CallState::Connected(_));
        let (operation, call) = match self.random.next(30) {
            0..=2 => ("make", None),
            3 => ("gather", None),
            4 | 5 => ("answer", fit(self, |s| matches!(s, CallState::Offering(_) | CallState::Accepted))),
            6 => ("accept", fit(self, |s| matches!(s, CallState::Offering(_)))),
            7..=9 => ("drop", fit(self, |s| s != CallState::Idle)),
            10..=13 => {
                let over = self.in_state(|s| s == CallState::Idle);
                let open = if self.random.next(10) == 0 { any } else { None };
                ("close", self.random.one(&over).or(open))
            }
            14 => ("hold", fit(self, connected)),
            15 | 16 => ("unhold", fit(self, CallState::is_held)),
            17 | 18 => ("swap", fit(self, connected)),
            19 => ("consult", fit(self, connected)),
            20 => ("blind", fit(self, connected)),
            21 => ("park", fit(self, connected)),
            22 | 23 => ("dial", fit(self, |s| matches!(s, CallState::DialTone(_) | CallState::Dialing))),
            24 => ("complete", fit(self, CallState::is_held)),
            25 => ("complete conf", fit(self, CallState::is_held)),
            26 => ("setup conf", fit(self, connected)),
            27 => ("add", fit(self, CallState::is_held)),
            28 => ("prepare", fit(self, connected)),
            _ => ("remove", fit(self, |s| matches!(s, CallState::Conferenced(_)))),
        };
        if call.is_some() || matches!(operation, "make" | "gather") {
            self.perform(operation, call);
            self.drain();
        }
    }

    /// Two calls of which one is to be held, whichever of them was chosen.
    fn pair(&mut self, call: CallHandle) -> Option<(CallHandle, CallHandle)> {
        let other = self.partner(call)?;
        let is_held = self.calls.get(&call).and_then(|k| k.state).is_some_and(CallState::is_held);
        Some(if is_held { (call, other) } else { (other, call) })
    }

    fn perform(&mut self, operation: &'static str, call: Option<CallHandle>) {
        let Some(call) = call else { return if operation == "gather" { self.gather() } else { self.make() } };
        let of = [call];
        let params = CallParams::default();
        match operation {
            "accept" => drop(self.ask(operation, &of, |request| Command::Accept { request, call })),
            "answer" => drop(self.ask(operation, &of, |request| Command::Answer { request, call })),
            "drop" => drop(self.ask(operation, &of, |request| Command::Drop { request, call })),
            "hold" => drop(self.ask(operation, &of, |request| Command::Hold { request, call })),
            "unhold" => drop(self.ask(operation, &of, |request| Command::Unhold { request, call })),
            "remove" => drop(self.ask(operation, &of, |request| Command::RemoveFromConference { request, call })),
            "close" => self.close(call),
            "dial" => self.dial(call),
            "blind" => {
                // To somebody who is free.
                self.parties += 1;
                let address = Address(format!("5{:05}3", self.parties % 100_000));
                self.ask(operation, &of, |request| Command::BlindTransfer { request, call, address, country: 0 });
            }
            "park" => drop(self.ask(operation, &of, |request| Command::Park { request, call, at: None })),
            "park at" => {
                let at = Some(Address(PLACE.to_string()));
                self.ask(operation, &of, |request| Command::Park { request, call, at });
            }
            "swap" => {
                let Some((held, active)) = self.pair(call) else { return };
                self.ask(operation, &[active, held], |request| Command::SwapHold { request, active, held });
            }
            "add" => {
                let Some((conference, call)) = self.pair(call) else { return };
                let of = [call, conference];
                self.ask(operation, &of, |request| Command::AddToConference { request, conference, call });
            }
            "complete" => {
                let Some((call, consultation)) = self.pair(call) else { return };
                let mode = TransferMode::Transfer;
                let of = [call, consultation];
                self.ask(operation, &of, |request| Command::CompleteTransfer { request, call, consultation, mode });
            }
            "complete conf" => {
                let Some((call, consultation)) = self.pair(call) else { return };
                let host = self.host();
                let mode = TransferMode::Conference { host };
                let of = [call, consultation];
                let made =
                    self.ask(operation, &of, |request| Command::CompleteTransfer { request, call, consultation, mode });
                if let Some(Reply::Call(parent)) = made {
                    self.know(parent, host, "");
                }
            }
            "consult" => {
                let host = self.host();
                let made = self.ask(operation, &of, |request| Command::SetupTransfer { request, call, host, params });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, "");
                }
            }
            "prepare" => {
                let host = self.host();
                let conference = call;
                let made = self.ask(operation, &of, |request| Command::PrepareAddToConference {
                    request,
                    conference,
                    host,
                    params,
                });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, "");
                }
            }
            "setup conf" => {
                let (host_conference, host_consultation) = (self.host(), self.host());
                let made = self.ask(operation, &of, |request| Command::SetupConference {
                    request,
                    call: Some(call),
                    line: None,
                    host_conference,
                    host_consultation,
                    parties: 3,
                    params,
                });
                if let Some(Reply::Conference { conference, consultation }) = made {
                    self.know(conference, host_conference, "");
                    self.know(consultation, host_consultation, "");
                }
            }
            other => unreachable!("{other}"),
        }
    }

    fn make(&mut self) {
        let (host, number) = (self.host(), self.number());
        let line = self.line;
        // Without a number the call ends at the dial tone.
        let address = (self.random.next(4) != 0).then(|| Address(number.clone()));
        let number = if address.is_some() { number } else { String::new() };
        let params = CallParams::default();
        let made =
            self.ask("make", &[], |request| Command::MakeCall { request, line, host, address, country: 0, params });
        if let Some(Reply::Call(call)) = made {
            self.know(call, host, &number);
        }
    }

    /// A conference that begins with nobody.
    fn gather(&mut self) {
        let (host_conference, host_consultation, line) = (self.host(), self.host(), self.line);
        let made = self.ask("gather", &[], |request| Command::SetupConference {
            request,
            call: None,
            line: Some(line),
            host_conference,
            host_consultation,
            parties: 3,
            params: CallParams::default(),
        });
        if let Some(Reply::Conference { conference, consultation }) = made {
            self.know(conference, host_conference, "");
            self.know(consultation, host_consultation, "");
        }
    }

    /// Whoever has no number yet is given one; to others a digit more says nothing.
    fn dial(&mut self, call: CallHandle) {
        let blank = self.is_blank(call);
        let number = if blank { self.number() } else { "7".to_string() };
        let address = Address(number.clone());
        let said = self.ask("dial", &[call], |request| Command::Dial { request, call, address, country: 0 });
        if said.is_some()
            && blank
            && let Some(known) = self.calls.get_mut(&call)
        {
            known.number = number;
        }
    }

    fn close(&mut self, call: CallHandle) {
        self.note(format!("close {call:?}"));
        self.provider.handle(Input::Command(Command::CloseCall(call)), self.now).unwrap();
        self.drain();
        if self.requests.values().any(|owner| *owner == call) {
            self.fail("a request outlived its call");
        }
        self.calls.remove(&call);
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.provider.deadline(Clock::Line).filter(|&at| at <= end) {
            self.now = at;
            self.provider.handle(Input::Deadline(Clock::Line), at).unwrap();
            self.drain();
        }
        self.now = end;
    }

    /// Everything that the board has to tell is told.
    fn hear(&mut self) {
        while let Some(event) = self.board.events.pop_front() {
            self.event(event);
        }
    }

    fn step(&mut self) {
        match self.random.next(100) {
            0..=29 => self.operate(),
            // Device and exchange do what is due.
            30..=79 => {
                for _ in 0..=self.random.next(4) {
                    if let Some(event) = self.board.events.pop_front() {
                        self.event(event);
                    } else if !self.board.work() {
                        break;
                    }
                }
            }
            // An answer in the very moment of a flash makes it another flash.
            80..=84 if self.provider.is_at_rest(DEVICE) => {
                self.board.answers();
                self.hear();
            }
            // A hang-up in the seconds in which the exchange may refuse an order sounds like its refusal: nobody could tell.
            85..=86 if self.provider.is_at_rest(DEVICE) => {
                self.board.far_end_goes();
                self.hear();
            }
            // Nor a call that comes to wait in the very moment of a flash: that flash takes it.
            87..=89 if self.provider.is_at_rest(DEVICE) => {
                let number = self.number();
                self.board.calls(&number);
                self.hear();
            }
            90 => self.board.repeats(),
            91 => self.board.gives_up(),
            92..=98 => {
                let ms = [20, 200, 700, 1_500, 2_600, 7_000][self.random.next(6)];
                // Devices and exchanges are slow, but not as slow as that.
                while ms > 1_500 && (!self.board.events.is_empty() || self.board.work()) {
                    self.hear();
                }
                self.board.pass(ms);
                self.pass(Duration::from_millis(ms));
            }
            _ if self.random.next(20) == 0 => {
                self.board.reset();
                self.event(LineEvent::Lost(Loss::Silent));
                self.board.reset();
                self.event(LineEvent::Ready(Caps::all() - Caps::DATA));
            }
            _ => {}
        }
        self.compare();
    }

    /// Where nothing is under way both sides must have the same picture.
    fn compare(&mut self) {
        let look = self.board.look();
        if !look.settled || !self.provider.is_at_rest(DEVICE) {
            return;
        }
        self.tally.compared += 1;
        let Look { active, held, waiting, .. } = look;
        // A caller who rings on after his call was dropped here is offered anew.
        let state_of = |number: &str| {
            let of = self.calls.values().filter(|k| k.number == number).filter_map(|k| k.state);
            of.rev().find(|state| *state != CallState::Idle)
        };
        for number in &active {
            // A call that the host has closed stands for nobody any more; what is open must be right.
            let Some(state) = state_of(number) else { continue };
            let fits = match active.len() {
                1 => matches!(state, CallState::Connected(_)) || matches!(state, CallState::Conferenced(_)),
                _ => matches!(state, CallState::Conferenced(_)),
            };
            // A far end that was joined unanswered, or one that is over here and still hangs on the line.
            let open = matches!(state, CallState::Proceeding | CallState::Ringback);
            // The tone of one that was joined busy is the tone of a far end that went: nobody could tell.
            let busy = active.iter().any(|party| party == BUSY_TONE) && matches!(state, CallState::Disconnected(_));
            if !fits && !open && !busy {
                self.fail(&format!("the exchange connects {number}, its call is {state:?}"));
            }
        }
        for number in &held {
            if let Some(state) = state_of(number)
                && !state.is_held()
                && !matches!(state, CallState::Conferenced(_))
            {
                self.fail(&format!("the exchange holds {number}, its call is {state:?}"));
            }
        }
        for known in self.calls.values() {
            let Some(state) = known.state else { continue };
            let number = &known.number;
            if number.is_empty() {
                continue;
            }
            let ok = match state {
                CallState::Connected(_) => active.len() == 1 && active.contains(number),
                CallState::OnHold | CallState::OnHoldPendingTransfer => held.contains(number),
                CallState::Conferenced(_) => active.contains(number) || held.contains(number),
                // That a waiting caller gave up nobody can hear.
                _ => true,
            };
            if !ok {
                self.fail(&format!(
                    "{number} is {state:?}; the exchange: active {active:?} held {held:?} waiting {waiting:?}"
                ));
            }
        }
    }
}

/// Operations with the bits that announce them.
const OPERATIONS: &[(CallFeatures, CallFeatures2, &str)] = {
    use {CallFeatures as F, CallFeatures2 as F2};
    let none = F2::empty();
    &[
        (F::ACCEPT, none, "accept"),
        (F::ANSWER, none, "answer"),
        (F::DROP, none, "drop"),
        (F::DIAL, none, "dial"),
        (F::HOLD, none, "hold"),
        (F::UNHOLD, none, "unhold"),
        (F::SWAP_HOLD, none, "swap"),
        (F::SETUP_TRANSFER, none, "consult"),
        (F::COMPLETE_TRANSFER, F2::TRANSFER_NORMAL, "complete"),
        (F::COMPLETE_TRANSFER, F2::TRANSFER_CONFERENCE, "complete conf"),
        (F::BLIND_TRANSFER, none, "blind"),
        (F::SETUP_CONFERENCE, none, "setup conf"),
        (F::PREPARE_ADD_TO_CONFERENCE, none, "prepare"),
        (F::ADD_TO_CONFERENCE, none, "add"),
        (F::REMOVE_FROM_CONFERENCE, none, "remove"),
        (F::PARK, F2::PARK_NONDIRECTED, "park"),
        (F::PARK, F2::PARK_DIRECTED, "park at"),
    ]
};

/// The operations that a call announces.
fn operations(status: &CallStatus) -> impl Iterator<Item = &'static str> {
    let (features, features2) = (status.features, status.features2);
    let there = move |(bit, bit2, _): &&(CallFeatures, CallFeatures2, &'static str)| {
        features.contains(*bit) && features2.contains(*bit2)
    };
    OPERATIONS.iter().filter(there).map(|(_, _, name)| *name)
}

/// Plays one plan until all that it announces was entered often enough.
fn play(n: u64, plan: &str) -> (Tally, u32) {
    let (mut tally, mut steps) = (Tally::default(), 0);
    for life in 0..MOST / LIFE {
        let seed = 0x5eed_0000 + n * 1_000 + u64::from(life);
        let mut world = World::new(plan, seed, core::mem::take(&mut tally));
        for _ in 0..LIFE {
            world.step();
        }
        // The host closes the line: everything completes.
        let line = world.line;
        world.provider.handle(Input::Command(Command::CloseLine(line)), world.now).unwrap();
        world.drain();
        assert!(world.requests.is_empty(), "{plan}: requests outlived the line: {:?}", world.requests);
        tally = world.tally;
        steps += LIFE;
        if steps >= STEPS && tally.missing().next().is_none() {
            break;
        }
    }
    (tally, steps)
}

#[test]
fn a_million_steps_on_every_plan() {
    let mut steps = 0;
    let (mut tried, mut accepted) = (0, 0);
    let mut missing = vec![];
    let mut cells = BTreeMap::new();
    let print = std::env::var_os("LOOPSTART_PRINT_TABLE").is_some();
    for (n, plan) in Plan::names().enumerate() {
        let (tally, taken) = play(n as u64, plan);
        steps += taken;
        assert!(tally.compared > 1_000, "{plan}: {} comparisons", tally.compared);
        tried += tally.tried;
        accepted += tally.accepted;
        for (cell, times) in &tally.announced {
            let entered = tally.cells.get(cell).copied().unwrap_or(0);
            let sums: &mut (u64, u64) = cells.entry(*cell).or_default();
            *sums = (sums.0 + entered, sums.1 + times);
            // What is there for a moment only may be missed, but not again and again.
            if entered == 0 && *times >= 40 {
                missing.push(format!("{plan}: {} in {:#x} announced {times} times, never entered", cell.1, cell.0));
            }
        }
        if print {
            let share = tally.accepted as f64 * 100.0 / tally.tried as f64;
            eprintln!(
                "{plan:14} {taken:6} steps {:6} tried, {share:5.1} % accepted, {:6} compared",
                tally.tried, tally.compared
            );
            for ((state, name), count) in &tally.cells {
                eprintln!("    {state:#06x} {name:14} {count}");
            }
        }
    }
    if print {
        eprintln!("{steps} steps, {:.1} % accepted", accepted as f64 * 100.0 / tried as f64);
    }
    assert!(steps >= 1_000_000);
    assert!(accepted * 10 >= tried * 3, "{accepted} of {tried}");
    // Fewer only where hardly ever announced.
    let rare = cells.iter().filter(|(_, (entered, announced))| *entered < ENTERED.min(announced / 10));
    missing.extend(rare.map(|((state, name), (entered, _))| format!("{name} in {state:#x} entered {entered} times")));
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
