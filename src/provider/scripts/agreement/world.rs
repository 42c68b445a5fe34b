//! A provider, the exchange its line hangs on, and what the host knows.

use super::*;
use crate::scripts::property::may_follow;
use std::boxed::Box;
use std::collections::{HashMap, HashSet, VecDeque};

/// Most notes that are kept of what happened.
const NOTES: usize = 200;

/// What the host knows of a call.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) host: HostCall,
    /// The other side's number, as dialled or identified.
    pub(super) number: String,
    pub(super) state: Option<CallState>,
    pub(super) valid: bool,
}

/// What happened, for when something is wrong.
#[derive(Debug)]
enum Note {
    Event(LineEvent),
    Output(Box<Output>),
    Asked(&'static str, Vec<(CallHandle, u32)>),
    Host(&'static str),
}

pub(super) struct World {
    pub(super) provider: Provider,
    pub(super) board: Switchboard,
    plan: String,
    pub(super) now: Time,
    pub(super) line: LineHandle,
    pub(super) random: Random,
    pub(super) calls: BTreeMap<CallHandle, Known>,
    /// Open requests, and the call that each belongs to, if any.
    requests: HashMap<RequestId, Option<CallHandle>>,
    finished: HashSet<RequestId>,
    offers: Vec<CallHandle>,
    pub(super) next: u32,
    pub(super) parties: u32,
    /// Completions that were asked for, by request; and those that the exchange took.
    pub(super) completing: HashMap<RequestId, u32>,
    pub(super) completions: Vec<u32>,
    pub(super) tally: Tally,
    notes: VecDeque<(Time, Note)>,
}

impl World {
    pub(super) fn new(plan: &Arc<Plan>, seed: u64, tally: Tally) -> Self {
        let mut provider = Provider::new();
        let now = Time::from_millis(1_000);
        let description = DeviceDescription { plan: Arc::clone(plan), ..description(DEVICE) };
        provider.handle(Input::DeviceAdded(description), now).unwrap();
        let open = Command::OpenLine { device: DEVICE, host: HostLine(11) };
        let Ok(Reply::Line(line)) = provider.handle(Input::Command(open), now) else { panic!("not opened") };
        let modes = MediaModes::INTERACTIVE_VOICE;
        provider.handle(Input::Command(Command::SetMediaDetection { line, modes }), now).unwrap();
        let mut world = Self {
            provider,
            board: Switchboard::new(Arc::clone(plan)),
            plan: plan.name.clone(),
            now,
            line,
            random: Random(seed | 1),
            calls: BTreeMap::new(),
            requests: HashMap::new(),
            finished: HashSet::new(),
            offers: vec![],
            next: 100,
            parties: 0,
            completing: HashMap::new(),
            completions: vec![],
            tally,
            notes: VecDeque::new(),
        };
        world.event(LineEvent::Ready(Caps::all() - Caps::DATA));
        world
    }

    fn note(&mut self, what: Note) {
        if self.notes.len() >= NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back((self.now, what));
    }

    pub(super) fn note_asked(&mut self, name: &'static str, of: &[CallHandle]) {
        let of = of.iter().map(|call| (*call, self.state_of(*call))).collect();
        self.note(Note::Asked(name, of));
    }

    pub(super) fn fail(&self, why: &str) -> ! {
        FAILED.store(true, Ordering::Relaxed);
        for (at, note) in &self.notes {
            match note {
                Note::Event(event) => eprintln!("{at:?}   event {event:?}"),
                Note::Output(output) => eprintln!("{at:?}   out {}", word(output)),
                Note::Asked(name, of) => eprintln!("{at:?} {name} {of:x?}"),
                Note::Host(what) => eprintln!("{at:?}   host {what}"),
            }
        }
        panic!("{}: {why}", self.plan);
    }

    pub(super) fn event(&mut self, event: LineEvent) {
        self.note(Note::Event(event));
        self.provider.handle(Input::Event(DEVICE, event), self.now).unwrap();
        self.drain();
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.provider.poll() {
            match &output {
                Output::Act(_, action) => self.board.act(*action),
                Output::Offer { call, .. } => {
                    let known = Known { host: HostCall(0), number: String::new(), state: None, valid: false };
                    self.calls.insert(*call, known);
                    self.offers.push(*call);
                }
                Output::Complete { request, result, .. } => {
                    if self.requests.remove(request).is_none() {
                        self.fail("a completion nobody waits for");
                    }
                    assert!(self.finished.insert(*request), "completed twice");
                    if let Some(id) = self.completing.remove(request).filter(|_| result.is_ok()) {
                        self.completions.push(id);
                    }
                }
                Output::Notify(Notification::CallState { host, call, state, .. }) => {
                    let Some(known) = self.calls.get_mut(call) else { self.fail("a message about a closed call") };
                    assert_eq!(known.host, *host);
                    known.valid = true;
                    let before = known.state.replace(*state);
                    if let Some(before) = before
                        && !may_follow(before.bit(), state.bit())
                    {
                        self.fail(&format!("{before:?} -> {state:?}"));
                    }
                    if *state == CallState::Idle && self.requests.values().any(|owner| *owner == Some(*call)) {
                        self.fail("IDLE before the completions");
                    }
                }
                Output::Notify(Notification::CallInfo { call, what, .. })
                    if what.contains(CallInfoChange::CALLER_ID) =>
                {
                    let info = self.provider.call_info(*call).unwrap();
                    if let Some(known) = self.calls.get_mut(call)
                        && known.number.is_empty()
                    {
                        known.number = info.caller_id;
                    }
                }
                _ => {}
            }
            self.note(Note::Output(Box::new(output)));
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
            self.note(Note::Host(if takes { "takes" } else { "declines" }));
            let host = takes.then_some(host);
            let _ = self.provider.handle(Input::Offered { call, host }, self.now);
            self.drain();
        }
    }

    pub(super) fn state_of(&self, call: CallHandle) -> u32 {
        self.calls.get(&call).and_then(|k| k.state).map_or(0, CallState::bit)
    }

    /// A request was accepted.
    pub(super) fn await_completion(&mut self, request: RequestId, owner: Option<CallHandle>) {
        self.requests.insert(request, owner);
    }

    /// Whether the host waits for a completion.
    pub(super) fn is_asked(&self) -> bool {
        !self.requests.is_empty()
    }

    /// The host is given a call.
    pub(super) fn know(&mut self, call: CallHandle, host: HostCall, number: &str) {
        self.calls.insert(call, Known { host, number: number.to_string(), state: None, valid: false });
    }

    pub(super) fn in_state(&self, is: fn(CallState) -> bool) -> Vec<CallHandle> {
        self.calls.iter().filter(|(_, k)| k.valid && k.state.is_some_and(is)).map(|(h, _)| *h).collect()
    }

    pub(super) fn close(&mut self, call: CallHandle) {
        self.note_asked("close", &[call]);
        self.provider.handle(Input::Command(Command::CloseCall(call)), self.now).unwrap();
        self.drain();
        if self.requests.values().any(|owner| *owner == Some(call)) {
            self.fail("a request outlived its call");
        }
        self.calls.remove(&call);
    }

    /// The host closes the line.
    pub(super) fn close_line(&mut self) {
        self.provider.handle(Input::Command(Command::CloseLine(self.line)), self.now).unwrap();
        self.drain();
        if !self.requests.is_empty() {
            self.fail("requests outlived the line");
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.provider.deadline(Clock::Line).filter(|&at| at <= end) {
            self.now = at;
            self.provider.handle(Input::Deadline(Clock::Line), at).unwrap();
            self.drain();
        }
        self.now = end;
    }

    /// Everything that the board has to tell is told.
    pub(super) fn hear(&mut self) {
        while let Some(event) = self.board.events.pop_front() {
            self.event(event);
        }
    }

    /// The device is unplugged, and comes back.
    pub(super) fn unplug(&mut self) {
        self.board.reset();
        self.event(LineEvent::Lost(Loss::Silent));
        self.board.reset();
        self.event(LineEvent::Ready(Caps::all() - Caps::DATA));
    }

    /// Where nothing is under way both sides must have the same picture.
    pub(super) fn compare(&mut self) {
        let look = self.board.look();
        if !look.settled || !self.provider.is_at_rest(DEVICE) {
            return;
        }
        self.tally.compared += 1;
        let Look { active, held, waiting, joined_busy, .. } = look;
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
            let busy = joined_busy && matches!(state, CallState::Disconnected(_));
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
