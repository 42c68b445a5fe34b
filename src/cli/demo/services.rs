//! The services of the exchange, played act by act on four FXO lines.

use super::super::output::Out;
use super::super::session::{Happening, Record, What, seconds};
use super::super::signals::Interrupt;
use super::super::{Failure, words};
use super::Part;
use super::acts::{Act, Do, How, Line, Name, Pickup, To, lacks};
use super::board::{self, Board};
use super::checks::Wire;
use super::table::ACTS;
use crate::config::Config;
use crate::hal::exchange::{extension_of, number_of};
use crate::provider::{
    Address, CallHandle, CallParamFlags, CallParams, CallState, Command, ForwardEntry, HostCall, LineHandle, Reply,
    RequestId, Slot, TransferMode,
};
use crate::signal::Time;
use crate::signal::plan::Plan;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `LINEFORWARDMODE_UNCOND`.
const ALL_CALLS: u32 = 1;

/// `LINECALLCOMPLMODE_CALLBACK`.
const CALL_BACK: u32 = 2;

/// A number of the exchange that is busy.
pub(super) const BUSY: &str = "5550121";

/// Why an act did not go on.
pub(super) enum Stop {
    /// Something did not happen as it must.
    Failed(String),
    /// The demo itself ends.
    Ends(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Ends(failure)
    }
}

pub(super) struct Troupe<'a> {
    pub(super) board: Board,
    pub(super) out: &'a mut Out,
    pub(super) interrupt: &'a Interrupt,
    pub(super) plan: Arc<Plan>,
    /// The lines' clock goes on from where the part before left it.
    pub(super) before: Time,
    pub(super) calls: BTreeMap<Name, HostCall>,
    pub(super) parked: Option<Slot>,
    /// What was done on each wire and is not told yet.
    pub(super) wires: [Wire; Line::ALL.len()],
    pub(super) part: Part,
}

/// Plays every act that the plan offers.
pub(super) fn play(config: &Config, out: &mut Out, interrupt: &Interrupt, before: Time) -> Result<Part, Failure> {
    let mut config = config.clone();
    config.set_devices(Line::ALL.map(Line::selector))?;
    let plan = config.emulated_plan();
    out.say(format_args!(
        "\nServices of the plan {}, {}: four FXO lines A to D ({}).",
        plan.name,
        plan.title,
        Line::ALL.map(Line::selector).join(", ")
    ))?;
    let board = Board::open(config, interrupt)?;
    let mut troupe = Troupe {
        board,
        out,
        interrupt,
        plan,
        before,
        calls: BTreeMap::new(),
        parked: None,
        wires: Default::default(),
        part: Part::default(),
    };
    for act in ACTS {
        troupe.act(act)?;
    }
    let Troupe { board, mut part, .. } = troupe;
    part.line_time = board.now();
    part.late = board.lateness();
    Ok(part)
}

impl Troupe<'_> {
    fn act(&mut self, act: &Act) -> Result<(), Failure> {
        if let Some(why) = self.why_not(act) {
            let (title, _) = act.title.split_once(':').unwrap_or((act.title, ""));
            self.out.say(format_args!("\n{title}: not offered: {why}."))?;
            self.part.skipped += 1;
            return self
                .out
                .object(&self.record("skipped", |r| (r.text, r.reason) = (Some(act.title), Some(why.as_str()))));
        }
        self.out.say(format_args!("\n{}", act.title))?;
        self.out.object(&self.record("act", |r| r.text = Some(act.title)))?;
        let played = match self.steps(act.steps) {
            Ok(()) => self.clear(),
            Err(Stop::Failed(why)) => {
                self.fail(act, why)?;
                self.clear()
            }
            ends => ends,
        };
        match played {
            Ok(()) => self.part.played += 1,
            Err(Stop::Failed(why)) => self.fail(act, why)?,
            Err(Stop::Ends(failure)) => return Err(failure),
        }
        Ok(())
    }

    /// Why an act is not played, if it is not.
    fn why_not(&self, act: &Act) -> Option<String> {
        if let Some(lack) = act.services.iter().find_map(|service| self.plan.lacks(*service)) {
            return Some(lacks(&lack));
        }
        let line = Line::A.place();
        match (self.board.caps(line), self.board.line_features(line)) {
            (Ok(address), Ok(features)) if act.needs.met(&address, features) => None,
            (Ok(_), Ok(_)) => Some("the plan has it, but the line's capabilities do not".into()),
            (Err(error), _) | (_, Err(error)) => Some(error.to_string()),
        }
    }

    fn steps(&mut self, steps: &[Do]) -> Result<(), Stop> {
        for step in steps {
            let done = self.step(step);
            self.wires(done.is_err())?;
            done?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Do) -> Result<(), Stop> {
        match *step {
            Do::Call(line, to, how, name) => self.make_call(line, to, how, name),
            Do::Offered(line, name) => self.offered(line, name),
            Do::Caller(name, who) => self.caller(name, who),
            Do::Answer(name) => self.on(name, "answer", |request, call| Command::Answer { request, call }),
            // What has just been asked may have ended it.
            Do::Drop(name) if self.is_over(name) => Ok(()),
            Do::Drop(name) => self.on(name, "hang up", |request, call| Command::Drop { request, call }),
            Do::Hold(name) => self.on(name, "hold", |request, call| Command::Hold { request, call }),
            Do::Unhold(name) => self.on(name, "unhold", |request, call| Command::Unhold { request, call }),
            Do::Swap(one, two) => {
                let held = self.handle(two)?;
                self.on(one, "swap", |request, active| Command::SwapHold { request, active, held })
            }
            Do::Consult(held, name) => {
                let host = self.board.new_call();
                let params = CallParams::default();
                let reply = self.on_with(held, "consult", |request, call| Command::SetupTransfer {
                    request,
                    call,
                    host,
                    params,
                })?;
                self.keep(name, host, reply, self.call(held)?.1)
            }
            Do::Dial(name, to) => {
                let number = self.number(to);
                let address = Address(number.clone());
                self.on(name, &format!("dial {number}"), |request, call| Command::Dial {
                    request,
                    call,
                    address,
                    country: 0,
                })
            }
            Do::Transfer(held, name) => {
                let (consultation, mode) = (self.handle(name)?, TransferMode::Transfer);
                self.on(held, "transfer", |request, call| Command::CompleteTransfer {
                    request,
                    call,
                    consultation,
                    mode,
                })
            }
            Do::Join(held, name, all) => {
                let host = self.board.new_call();
                let (consultation, mode) = (self.handle(name)?, TransferMode::Conference { host });
                let reply = self.on_with(held, "conference", |request, call| Command::CompleteTransfer {
                    request,
                    call,
                    consultation,
                    mode,
                })?;
                self.keep(all, host, reply, self.call(held)?.1)
            }
            Do::Remove(name) => {
                self.on(name, "remove", |request, call| Command::RemoveFromConference { request, call })
            }
            Do::BlindTransfer(name, to) => {
                let number = self.number(to);
                let address = Address(number.clone());
                self.on(name, &format!("transfer to {number}"), |request, call| Command::BlindTransfer {
                    request,
                    call,
                    address,
                    country: 0,
                })
            }
            Do::Park(name, at) => {
                let address = at.map(|at| Address(at.into()));
                let reply = self.on_with(name, "park", |request, call| Command::Park { request, call, at: address })?;
                self.parked = match (at, reply) {
                    (Some(at), _) => Some(Slot::new(at)),
                    (None, Reply::Parked(slot)) => Some(slot),
                    (None, _) => return Err(Stop::Failed("nobody says where the call is parked".into())),
                };
                Ok(())
            }
            Do::Unpark(line, name) => {
                let Some(slot) = self.parked.take() else { return Err(Stop::Failed("no call is parked".into())) };
                let at = Address(slot.as_str().to_owned());
                self.new_call(line, name, &format!("unpark {}", slot.as_str()), |request, line, host| Command::Unpark {
                    request,
                    line,
                    address_id: 0,
                    host,
                    at,
                })
            }
            Do::Pickup(line, which, name) => {
                let (address, group, text) = match which {
                    Pickup::Group => (None, Some(Address(String::new())), "pick up in the group".to_owned()),
                    Pickup::At(at) => {
                        let number = self.number(To::Line(at));
                        (Some(Address(number.clone())), None, format!("pick up at {number}"))
                    }
                };
                self.new_call(line, name, &text, |request, line, host| Command::Pickup {
                    request,
                    line,
                    address_id: 0,
                    host,
                    address,
                    group,
                })
            }
            Do::Forward(line, to) => self.forward(line, Some(to)),
            Do::ForwardOff(line) => self.forward(line, None),
            Do::Complete(name) => self.on(name, "call back when free", |request, call| Command::CompleteCall {
                request,
                call,
                mode: CALL_BACK,
                message: 0,
            }),
            Do::Secure(name) => self.on(name, "secure", |request, call| Command::SecureCall { request, call }),
            Do::Is(name, state) => self.is(name, state),
            Do::With(line, parties) => self.with(line, parties),
            Do::If(name, features, then, otherwise) => {
                let can = self.board.features(self.handle(name)?).contains(features);
                self.steps(if can { then } else { otherwise })
            }
        }
    }

    /// A number as a line of the plan dials it: within a private exchange an extension, outside behind the way out.
    fn number(&self, to: To) -> String {
        let access = self.plan.access.as_ref();
        match (to, access) {
            (To::Line(line), None) => number_of(line.port()),
            (To::Line(line), Some(_)) => extension_of(line.port()),
            (To::Busy, None) => BUSY.into(),
            (To::Busy, Some(access)) => format!("{}W{BUSY}", access.prefix),
        }
    }

    fn call(&self, name: Name) -> Result<(CallHandle, usize), Stop> {
        let call = self.calls.get(name).and_then(|host| self.board.call(*host));
        call.map(|call| (call.handle, call.line)).ok_or_else(|| Stop::Failed(format!("there is no call {name}")))
    }

    /// Whether a call is over, although we may not have been told yet.
    fn is_over(&self, name: Name) -> bool {
        self.handle(name).is_ok_and(|call| self.board.state(call).is_none_or(|state| state == CallState::Idle))
    }

    fn handle(&self, name: Name) -> Result<CallHandle, Stop> {
        self.call(name).map(|(handle, _)| handle)
    }

    fn keep(&mut self, name: Name, host: HostCall, reply: Reply, line: usize) -> Result<(), Stop> {
        let Reply::Call(handle) = reply else { return Err(Stop::Failed(format!("no call {name} came of it"))) };
        self.board.keep(host, handle, line);
        self.calls.insert(name, host);
        Ok(())
    }

    fn on(&mut self, name: Name, text: &str, make: impl FnOnce(RequestId, CallHandle) -> Command) -> Result<(), Stop> {
        self.on_with(name, text, make).map(drop)
    }

    fn on_with(
        &mut self,
        name: Name,
        text: &str,
        make: impl FnOnce(RequestId, CallHandle) -> Command,
    ) -> Result<Reply, Stop> {
        let (call, line) = self.call(name)?;
        self.does(line, &format!("{text} ({name})"), |request| make(request, call))
    }

    fn new_call(
        &mut self,
        line: Line,
        name: Name,
        text: &str,
        make: impl FnOnce(RequestId, LineHandle, HostCall) -> Command,
    ) -> Result<(), Stop> {
        self.free(line)?;
        let handle = self.board.line(line.place()).map_err(|error| Stop::Failed(error.to_string()))?;
        let host = self.board.new_call();
        let reply = self.does(line.place(), &format!("{text} ({name})"), |request| make(request, handle, host))?;
        self.keep(name, host, reply, line.place())
    }

    fn make_call(&mut self, line: Line, to: To, how: How, name: Name) -> Result<(), Stop> {
        let number = self.number(to);
        let (flags, how) = match how {
            How::Plainly => (CallParamFlags::empty(), ""),
            How::Secure => (CallParamFlags::SECURE, ", secure"),
            How::Withheld => (CallParamFlags::BLOCK_ID, ", number withheld"),
        };
        let params = CallParams { flags, ..CallParams::default() };
        let address = Some(Address(number.clone()));
        self.part.calls += 1;
        self.new_call(line, name, &format!("call {number}{how}"), |request, line, host| Command::MakeCall {
            request,
            line,
            host,
            address,
            country: 0,
            params,
        })
    }

    /// Sets or cancels forwarding of all calls. Where the exchange wants it confirmed by a call to the new place, that is
    /// answered there.
    fn forward(&mut self, line: Line, to: Option<Option<Line>>) -> Result<(), Stop> {
        self.free(line)?;
        let handle = self.board.line(line.place()).map_err(|error| Stop::Failed(error.to_string()))?;
        let place = to.flatten();
        let number = place.map(|to| self.number(To::Line(to)));
        let text = match (to, &number) {
            (None, _) => "forward no more".to_owned(),
            (Some(_), None) => "do not disturb".to_owned(),
            (Some(_), Some(number)) => format!("forward all calls to {number}"),
        };
        let entry = ForwardEntry { mode: ALL_CALLS, caller: None, destination: number.map(Address), country: 0 };
        let list = if to.is_some() { vec![entry] } else { Vec::new() };
        let (request, _) = self.ask(line.place(), &text, |request| Command::Forward {
            request,
            line: handle,
            address_id: None,
            list,
            rings: 0,
        })?;
        let mut courtesy = None;
        let ended = self.wait(&format!("{text} does not end"), |troupe| {
            if let Some(host) = place.and_then(|place| troupe.board.take_new(place.place())) {
                courtesy = Some(host);
                troupe.courtesy(host, "answer", |request, call| Command::Answer { request, call })?;
            }
            Ok(troupe.board.end_of(request))
        })?;
        ended.map_err(|error| Stop::Failed(format!("{text}: {error}")))?;
        let Some(host) = courtesy else { return Ok(()) };
        self.wait("the call that confirms forwarding does not end", |troupe| {
            let state = troupe.board.call(host).and_then(|call| call.state);
            Ok(matches!(state, Some(CallState::Disconnected(_) | CallState::Idle)).then_some(()))
        })?;
        self.courtesy(host, "hang up", |request, call| Command::Drop { request, call })?;
        self.wait("the call that confirms forwarding does not end", |troupe| {
            Ok(troupe.board.call(host).is_none_or(board::Call::is_over).then_some(()))
        })
    }

    /// Does something with the call that confirms forwarding, without waiting for its end.
    fn courtesy(
        &mut self,
        host: HostCall,
        text: &str,
        make: impl FnOnce(RequestId, CallHandle) -> Command,
    ) -> Result<(), Stop> {
        let Some((call, line)) = self.board.call(host).map(|call| (call.handle, call.line)) else { return Ok(()) };
        self.ask(line, &format!("{text} (confirms forwarding)"), |request| make(request, call)).map(drop)
    }

    /// Asks the provider for something.
    fn ask(
        &mut self,
        line: usize,
        text: &str,
        make: impl FnOnce(RequestId) -> Command,
    ) -> Result<(RequestId, Reply), Stop> {
        let at = self.at(self.board.now());
        self.say(line, at, &format!("> {text}"))?;
        self.out.object(&Record {
            t: seconds(at),
            line: selector(line),
            ev: "does",
            text: Some(text),
            ..Record::default()
        })?;
        self.board.request(make).map_err(|error| Stop::Failed(format!("{text}: {error}")))
    }

    /// Asks the provider for something, and waits for its end.
    fn does(&mut self, line: usize, text: &str, make: impl FnOnce(RequestId) -> Command) -> Result<Reply, Stop> {
        let (request, reply) = self.ask(line, text, make)?;
        let ended = self.wait(&format!("{text} does not end"), |troupe| Ok(troupe.board.end_of(request)))?;
        ended.map_err(|error| Stop::Failed(format!("{text}: {error}")))?;
        Ok(reply)
    }

    /// Waits until there is what `look` looks for.
    pub(super) fn wait<T>(
        &mut self,
        missing: &str,
        mut look: impl FnMut(&mut Self) -> Result<Option<T>, Stop>,
    ) -> Result<T, Stop> {
        let patience = self.board.patience();
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if let Some(happening) = self.board.next(self.interrupt)? {
                self.happened(&happening)?;
            } else if let Some(why) = self.board.too_long(patience) {
                return Err(Stop::Failed(format!("{missing} ({why})")));
            }
        }
    }

    pub(super) fn happened(&mut self, happening: &Happening) -> Result<(), Stop> {
        self.wires(false)?;
        if let What::State(state) = happening.what {
            self.part.states.insert(words::state(state).0);
        }
        let at = self.at(happening.at);
        let name = self.calls.iter().find(|(_, host)| Some(**host) == happening.call).map(|(name, _)| *name);
        let text = match name {
            Some(name) => format!("{} ({name})", happening.text()),
            None => happening.text(),
        };
        self.say(happening.line, at, &text)?;
        let mut record = happening.record();
        (record.t, record.line, record.text) = (seconds(at), selector(happening.line), name);
        Ok(self.out.object(&record)?)
    }

    fn fail(&mut self, act: &Act, why: String) -> Result<(), Failure> {
        let title = act.title.split_once(':').map_or(act.title, |(title, _)| title);
        self.out.say(format_args!("            FAILED: {why}"))?;
        self.out.object(&self.record("failed", |r| (r.text, r.reason) = (Some(act.title), Some(why.as_str()))))?;
        self.part.failures.push(format!("{title}: {why}"));
        Ok(())
    }

    pub(super) fn say(&mut self, line: usize, at: Time, text: &str) -> Result<(), Failure> {
        let name = Line::ALL.get(line).map_or("", |line| line.name());
        self.out.say(format_args!("{:8.3} s  {name:<5}  {text}", seconds(at)))
    }

    fn record<'a>(&self, ev: &'static str, fill: impl FnOnce(&mut Record<'a>)) -> Record<'a> {
        let mut record = Record { t: seconds(self.at(self.board.now())), ev, ..Record::default() };
        fill(&mut record);
        record
    }

    /// A moment, counted from the beginning of the demo.
    pub(super) fn at(&self, moment: Time) -> Time {
        Time::from_micros(self.before.micros().saturating_add(moment.micros()))
    }
}

fn selector(line: usize) -> Option<&'static str> {
    Line::ALL.get(line).map(|line| line.selector())
}
