//! Exchange and provider agree on who talks to whom, whatever is done in whatever order, on every plan.
//!
//! A million random steps: operations, what far ends do, time, unplugged devices. After each step in which nothing is
//! under way the calls of the provider are compared with the parties of the exchange.

use super::switchboard::{Look, Switchboard};
use super::*;
use crate::scripts::property::may_follow;
use loopstart_signal::plan::Subscribed;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::eprintln;
use std::vec;

/// Steps of one plan; with the built-in plans a million in all.
const STEPS: u32 = 36_000;
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
    compared: u64,
    log: Vec<String>,
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
                    self.calls.insert(
                        call,
                        Known { host: HostCall(0), number: String::new(), state: None, valid: false },
                    );
                    self.offers.push(call);
                }
                Output::Complete { request, result, call, .. } => {
                    let Some(owner) = self.requests.remove(&request) else { self.fail("a completion nobody waits for") };
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
                    if state == CallState::Idle
                        && self.requests.values().any(|owner| *owner == call)
                    {
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

    /// Sends a command; counts it by the state of its call.
    fn ask(&mut self, name: &'static str, of: Option<CallHandle>, command: impl FnOnce(RequestId) -> Command) -> Option<Reply> {
        self.next += 1;
        let request = RequestId(self.next);
        let state = of.and_then(|h| self.calls.get(&h)).and_then(|k| k.state).map_or(0, CallState::bit);
        let command = command(request);
        self.note(format!("{name} {of:?} in {state:#x}"));
        self.tally.tried += 1;
        let announced = of.map(|h| self.provider.call_status(h).map(|s| s.features));
        match self.provider.handle(Input::Command(command), self.now) {
            Ok(reply) => {
                self.tally.accepted += 1;
                *self.tally.cells.entry((state, name)).or_default() += 1;
                if let (Some(bit), Some(Ok(features))) = (bit_of(name), announced)
                    && !features.contains(bit)
                {
                    self.fail(&format!("{name} was accepted without its feature bit; {features:?}"));
                }
                let owner = match reply {
                    Reply::Call(call) => call,
                    Reply::Conference { consultation, .. } => consultation,
                    _ => of.unwrap(),
                };
                self.requests.insert(request, owner);
                Some(reply)
            }
            Err(error) => {
                if let (Some(bit), Some(Ok(features))) = (bit_of(name), announced)
                    && features.contains(bit)
                    && error != LineErr::RESOURCEUNAVAIL
                    && !matches!(name, "swap" | "complete" | "complete conf" | "add")
                {
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

    /// An operation that a call or the line announces at present.
    fn announced(&mut self) -> Option<usize> {
        use CallFeatures as F;
        const OPERATIONS: &[(F, usize)] = &[
            (F::ANSWER, 4),
            (F::HOLD, 13),
            (F::UNHOLD, 15),
            (F::SWAP_HOLD, 17),
            (F::SETUP_TRANSFER, 19),
            (F::COMPLETE_TRANSFER, 24),
            (F::COMPLETE_TRANSFER, 25),
            (F::SETUP_CONFERENCE, 26),
            (F::ADD_TO_CONFERENCE, 27),
            (F::PREPARE_ADD_TO_CONFERENCE, 28),
            (F::REMOVE_FROM_CONFERENCE, 29),
            (F::DROP, 7),
            (F::DIAL, 21),
        ];
        let free = self.provider.line_status(self.line).unwrap().features.contains(LineFeatures::MAKE_CALL);
        if free {
            return Some(0);
        }
        let mut possible = vec![];
        for (call, _) in self.calls.iter().filter(|(_, k)| k.valid) {
            let features = self.provider.call_status(*call).unwrap().features;
            possible.extend(OPERATIONS.iter().filter(|(bit, _)| features.contains(*bit)).map(|(_, op)| *op));
        }
        // Dropping ends everything: less often.
        if self.random.next(4) != 0 {
            possible.retain(|op| *op != 7);
        }
        self.random.one(&possible)
    }

    fn operate(&mut self) {
        // Before it is told of a call the host has no business with it.
        let calls: Vec<_> = self.calls.iter().filter(|(_, k)| k.valid).map(|(h, _)| *h).collect();
        let any = self.random.one(&calls);
        let other = self.random.one(&calls);
        let in_state = |world: &Self, is: fn(CallState) -> bool| -> Vec<CallHandle> {
            world.calls.iter().filter(|(_, k)| k.state.is_some_and(is)).map(|(h, _)| *h).collect()
        };
        let connected = in_state(self, |s| matches!(s, CallState::Connected(_)));
        let held = in_state(self, CallState::is_held);
        let offering = in_state(self, |s| matches!(s, CallState::Offering(_) | CallState::Accepted));
        let over = in_state(self, |s| s == CallState::Idle);
        // Mostly what is announced, sometimes what might make sense, sometimes anything.
        let mode = self.random.next(10);
        let wild = mode == 0;
        let announced = if mode > 3 { self.announced() } else { None };
        let pick = |random: &mut Random, of: &[CallHandle]| if wild { any } else { random.one(of).or(any) };
        let op = announced.unwrap_or_else(|| self.random.next(30));
        match op {
            0..=3 => {
                let (host, number) = (self.host(), self.number());
                let line = self.line;
                let address = Some(Address(number.clone()));
                let params = CallParams::default();
                let made = self.ask("make", None, |request| Command::MakeCall {
                    request,
                    line,
                    host,
                    address,
                    country: 0,
                    params,
                });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, &number);
                }
            }
            4..=6 => {
                let Some(call) = pick(&mut self.random, &offering) else { return };
                self.ask("answer", Some(call), |request| Command::Answer { request, call });
            }
            7..=9 => {
                let alive = in_state(self, |s| s != CallState::Idle);
                let Some(call) = pick(&mut self.random, &alive) else { return };
                self.ask("drop", Some(call), |request| Command::Drop { request, call });
            }
            10..=12 => {
                let Some(call) = self.random.one(&over).or(if self.random.next(10) == 0 { any } else { None }) else {
                    return;
                };
                self.note(format!("close {call:?}"));
                self.provider.handle(Input::Command(Command::CloseCall(call)), self.now).unwrap();
                self.drain();
                if self.requests.values().any(|owner| *owner == call) {
                    self.fail("a request outlived its call");
                }
                self.calls.remove(&call);
            }
            13 | 14 => {
                let Some(call) = pick(&mut self.random, &connected) else { return };
                self.ask("hold", Some(call), |request| Command::Hold { request, call });
            }
            15 | 16 => {
                let Some(call) = pick(&mut self.random, &held) else { return };
                self.ask("unhold", Some(call), |request| Command::Unhold { request, call });
            }
            17 | 18 => {
                let Some(active) = pick(&mut self.random, &connected) else { return };
                let Some(held) = self.random.one(&held).or(other) else { return };
                self.ask("swap", Some(active), |request| Command::SwapHold { request, active, held });
            }
            19 | 20 => {
                let Some(call) = pick(&mut self.random, &connected) else { return };
                let host = self.host();
                let params = CallParams::default();
                let made =
                    self.ask("consult", Some(call), |request| Command::SetupTransfer { request, call, host, params });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, "");
                }
            }
            21..=23 => {
                // Whoever has a dial tone dials.
                let dialable = in_state(self, |s| matches!(s, CallState::DialTone(_) | CallState::Dialing));
                let Some(call) = self.random.one(&dialable) else { return };
                let number = self.number();
                let address = Address(number.clone());
                let blank = self.calls[&call].number.is_empty();
                if !blank {
                    return;
                }
                let said = self.ask("dial", Some(call), |request| Command::Dial { request, call, address, country: 0 });
                if said.is_some()
                    && let Some(known) = self.calls.get_mut(&call)
                {
                    known.number = number;
                }
            }
            24 => {
                let (Some(call), Some(consultation)) = (self.random.one(&held).or(any), self.random.one(&connected).or(other)) else {
                    return;
                };
                let mode = TransferMode::Transfer;
                self.ask("complete", Some(call), |request| Command::CompleteTransfer {
                    request,
                    call,
                    consultation,
                    mode,
                });
            }
            25 => {
                let (Some(call), Some(consultation)) = (self.random.one(&held).or(any), self.random.one(&connected).or(other)) else {
                    return;
                };
                let host = self.host();
                let mode = TransferMode::Conference { host };
                let made = self.ask("complete conf", Some(call), |request| Command::CompleteTransfer {
                    request,
                    call,
                    consultation,
                    mode,
                });
                if let Some(Reply::Call(parent)) = made {
                    self.know(parent, host, "");
                }
            }
            26 => {
                let Some(call) = pick(&mut self.random, &connected) else { return };
                let (host_conference, host_consultation) = (self.host(), self.host());
                let made = self.ask("setup conf", Some(call), |request| Command::SetupConference {
                    request,
                    call: Some(call),
                    line: None,
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
            27 => {
                let (Some(conference), Some(call)) = (self.random.one(&held).or(any), self.random.one(&connected).or(other)) else {
                    return;
                };
                self.ask("add", Some(conference), |request| Command::AddToConference { request, conference, call });
            }
            28 => {
                let Some(conference) = pick(&mut self.random, &connected) else { return };
                let host = self.host();
                let params = CallParams::default();
                let made = self.ask("prepare", Some(conference), |request| Command::PrepareAddToConference {
                    request,
                    conference,
                    host,
                    params,
                });
                if let Some(Reply::Call(call)) = made {
                    self.know(call, host, "");
                }
            }
            _ => {
                let members = in_state(self, |s| matches!(s, CallState::Conferenced(_)));
                let Some(call) = pick(&mut self.random, &members) else { return };
                self.ask("remove", Some(call), |request| Command::RemoveFromConference { request, call });
            }
        }
        self.drain();
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
            80..=84 => self.board.answers(),
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
            of.filter(|state| *state != CallState::Idle).last()
        };
        for number in &active {
            // A call that the host has closed stands for nobody any more; what is open must be right.
            let Some(state) = state_of(number) else { continue };
            let fits = match active.len() {
                1 => matches!(state, CallState::Connected(_)) || matches!(state, CallState::Conferenced(_)),
                _ => matches!(state, CallState::Conferenced(_)),
            };
            // A far end that was joined unanswered, or one that is over here and still hangs on the line.
            if !fits && !matches!(state, CallState::Proceeding | CallState::Ringback) {
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
                self.fail(&format!("{number} is {state:?}; the exchange: active {active:?} held {held:?} waiting {waiting:?}"));
            }
        }
    }
}

/// The feature bit of an operation that has one.
fn bit_of(name: &str) -> Option<CallFeatures> {
    use CallFeatures as F;
    Some(match name {
        "hold" => F::HOLD,
        "unhold" => F::UNHOLD,
        "swap" => F::SWAP_HOLD,
        "consult" => F::SETUP_TRANSFER,
        "complete" | "complete conf" => F::COMPLETE_TRANSFER,
        "setup conf" => F::SETUP_CONFERENCE,
        "prepare" => F::PREPARE_ADD_TO_CONFERENCE,
        "add" => F::ADD_TO_CONFERENCE,
        "remove" => F::REMOVE_FROM_CONFERENCE,
        "answer" => F::ANSWER,
        "drop" => F::DROP,
        _ => return None,
    })
}

#[test]
fn a_million_steps_on_every_plan() {
    let mut steps = 0;
    let (mut tried, mut accepted) = (0, 0);
    for (n, plan) in Plan::names().enumerate() {
        let mut tally = Tally::default();
        for life in 0..STEPS / LIFE {
            let seed = 0x5eed_0000 + n as u64 * 1_000 + u64::from(life);
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
        }
        assert!(tally.compared > 1_000, "{plan}: {} comparisons", tally.compared);
        tried += tally.tried;
        accepted += tally.accepted;
        eprintln!("{plan:14} {:6} tried, {:5.1} % accepted, {:6} compared", tally.tried, tally.accepted as f64 * 100.0 / tally.tried as f64, tally.compared);
        for ((state, name), count) in &tally.cells {
            eprintln!("    {state:#06x} {name:14} {count}");
        }
    }
    eprintln!("{steps} steps, {:.1} % accepted", accepted as f64 * 100.0 / tried as f64);
    assert!(steps >= 1_000_000);
    assert!(accepted * 10 >= tried * 3, "{accepted} of {tried}");
}
