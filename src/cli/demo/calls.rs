//! Ordinary calls: two emulated lines, a voice modem and an FXO port, call each other and other numbers.
//!
//! Each line follows a script (see [`super::script`]). A step that waits for something has a deadline in line time, and a
//! longer one in wall time in case line time stands still. What happened is printed as it happens, with the time since
//! its cause.

use super::super::output::Out;
use super::super::session::{Happening, Next, Record, Session, What, seconds};
use super::super::signals::Interrupt;
use super::super::{Failure, call, words};
use super::cause::{self, Moments};
use super::script::{self, Expected, KINDS, LINES, SCRIPTS, Step};
use super::{Part, WALL_EXTRA, WALL_FACTOR, interrupted};
use crate::config::Config;
use crate::provider::{CallState, HostCall};
use crate::signal::Time;
use crate::signal::plan::Access;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a step may take, in line time. The longest is an answer: dialling, a ring, and ringback that stops.
const STEP_LIMIT: Duration = Duration::from_secs(25);

/// Where a line is in its script.
struct Actor {
    steps: &'static [Step],
    at: usize,
    /// When the present step began, in line time and in wall time.
    since: (Time, Instant),
    call: Option<HostCall>,
    inbox: VecDeque<Happening>,
    digits: String,
    failed: bool,
}

impl Actor {
    fn new(steps: &'static [Step]) -> Self {
        Self {
            steps,
            at: 0,
            since: (Time::ZERO, Instant::now()),
            call: None,
            inbox: VecDeque::new(),
            digits: String::new(),
            failed: false,
        }
    }

    fn step(&self) -> Option<Step> {
        if self.failed { None } else { self.steps.get(self.at).copied() }
    }

    /// Meeting points passed so far.
    fn meetings(&self) -> usize {
        self.steps.iter().take(self.at).filter(|s| **s == Step::Meet).count()
    }
}

struct Stage<'a> {
    session: Session,
    out: &'a mut Out,
    speed: f64,
    /// The way out of a private exchange: the numbers lie behind it.
    access: Option<Access>,
    actors: [Actor; 2],
    moments: [Moments; 2],
    part: Part,
}

/// Plays the scripts of the two lines.
pub(super) fn play(config: &Config, out: &mut Out, interrupt: &Interrupt) -> Result<Part, Failure> {
    let mut config = config.clone();
    config.set_devices(LINES)?;
    let (speed, access) = (config.emulated.speed, config.emulated_plan().access.clone());
    let session = Session::start(config, interrupt)?;
    let mut stage = Stage {
        session,
        out,
        speed,
        access,
        actors: SCRIPTS.map(Actor::new),
        moments: Default::default(),
        part: Part::default(),
    };
    stage.open(interrupt)?;
    stage.play(interrupt)?;
    let Stage { session, mut part, .. } = stage;
    part.line_time = session.now(0);
    part.late = session.runtime().lateness();
    Ok(part)
}

impl Stage<'_> {
    /// Opens the two lines and waits until they are in service.
    fn open(&mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        for (device, label) in self.session.devices() {
            if let Some(error) = self.session.failure(device) {
                return Err(Failure::refused(error));
            }
            self.session.open(device, &label)?;
        }
        let until = Instant::now() + call::IN_SERVICE;
        while let Some(line) = (0..LINES.len()).find(|l| !self.session.in_service(*l)) {
            match self.session.next(interrupt, until.saturating_duration_since(Instant::now())) {
                Next::Happened(happening) => self.happened(happening)?,
                Next::Interrupted => return Err(interrupted()),
                Next::Timeout => {
                    let line = LINES.get(line).copied().unwrap_or_default();
                    return Err(Failure::Refused(format!(
                        "{line} did not come into service; is the machine very busy?"
                    )));
                }
            }
        }
        for line in 0..LINES.len() {
            self.begin_step(line);
        }
        Ok(())
    }

    fn play(&mut self, interrupt: &Interrupt) -> Result<(), Failure> {
        loop {
            while self.advance(0)? | self.advance(1)? {}
            if self.actors.iter().all(|a| a.step().is_none()) {
                return Ok(());
            }
            match self.session.next(interrupt, Duration::from_millis(20)) {
                Next::Happened(happening) => self.happened(happening)?,
                // Only once nothing waits to be seen any more.
                Next::Timeout => self.look_at_deadlines()?,
                Next::Interrupted => return Err(interrupted()),
            }
        }
    }

    /// Prints a happening and lays it before its line.
    fn happened(&mut self, happening: Happening) -> Result<(), Failure> {
        let line = happening.line;
        if line >= LINES.len() {
            return Ok(());
        }
        let [modem, fxo] = &mut self.moments;
        let (own, peer) = if line == 0 { (modem, fxo) } else { (fxo, modem) };
        let cause = cause::of(&happening, own, peer);
        own.note(&happening);
        match &happening.what {
            What::State(state) => {
                self.part.states.insert(words::state(*state).0);
            }
            What::Digit { end: false, .. } => self.part.digits += 1,
            _ => {}
        }
        let after = cause.map(|(at, why)| (happening.at.since(at).as_millis(), why));
        self.say(line, happening.at, &happening.text(), after)?;
        let mut record = happening.record();
        record.line = Some(LINES[line]);
        if let Some((ms, why)) = after {
            record.after_ms = u64::try_from(ms).ok();
            record.cause = Some(why);
        }
        self.out.object(&record)?;
        self.actors[line].inbox.push_back(happening);
        Ok(())
    }

    /// One line of the timeline for people.
    fn say(&mut self, line: usize, at: Time, text: &str, after: Option<(u128, &str)>) -> Result<(), Failure> {
        let after = after.map_or_else(String::new, |(ms, why)| format!("{ms:>6} ms after {why}"));
        let row = format!("{:8.3} s  {:<5}  {text:<30} {after}", seconds(at), KINDS[line]);
        self.out.say(row.trim_end())
    }

    /// What a line does by itself.
    fn did(&mut self, line: usize, text: &str, ev: &'static str, digits: Option<&str>) -> Result<(), Failure> {
        let at = self.session.now(line);
        self.say(line, at, &format!("> {text}"), None)?;
        let record = Record { t: seconds(at), line: Some(LINES[line]), ev, digits, ..Record::default() };
        self.out.object(&record)
    }

    /// Carries out a line's present step, if it can be. True: something moved.
    fn advance(&mut self, line: usize) -> Result<bool, Failure> {
        let Some(step) = self.actors[line].step() else { return Ok(false) };
        let now = self.session.now(line);
        let done = match step {
            Step::Scene(text) => {
                self.out.say(format_args!("\n{text}"))?;
                self.out.object(&Record { t: seconds(now), ev: "scene", text: Some(text), ..Record::default() })?;
                Ok(())
            }
            Step::Meet => {
                let other = &self.actors[1 - line];
                if other.failed {
                    self.fail(line, "the other line did not get this far".into())?;
                    return Ok(true);
                }
                let met = other.meetings() > self.actors[line].meetings()
                    || (other.meetings() == self.actors[line].meetings() && other.step() == Some(Step::Meet));
                if !met {
                    return Ok(false);
                }
                Ok(())
            }
            Step::Call(number) => {
                self.moments[line] = Moments::of_call(now, script::is_peer(number));
                self.did(line, &format!("call {number}"), "makecall", Some(number))?;
                self.part.calls += 1;
                let dialled =
                    self.access.as_ref().map_or_else(|| number.into(), |out| format!("{}W{number}", out.prefix));
                self.session.make_call(line, &dialled, Duration::ZERO).map(|call| self.actors[line].call = Some(call))
            }
            Step::Answer => {
                self.moments[line].answered = Some(now);
                self.did(line, "answer", "answer", None)?;
                self.on_call(line, Session::answer)
            }
            Step::Drop => {
                self.moments[line].dropped = Some(now);
                self.did(line, "hang up", "drop", None)?;
                self.on_call(line, Session::drop_call)
            }
            Step::Monitor => self.on_call(line, Session::monitor_digits),
            Step::Send(digits) => {
                self.moments[line].sent = Some(now);
                self.did(line, &format!("send digits {digits}"), "senddigits", Some(digits))?;
                self.on_call(line, |session, call| session.send_digits(call, digits))
            }
            Step::Expect(expected) => return self.look(line, expected),
        };
        match done {
            Ok(()) => self.next_step(line),
            Err(error) => self.fail(line, format!("{step:?} was refused: {error}"))?,
        }
        Ok(true)
    }

    fn on_call(
        &mut self,
        line: usize,
        act: impl FnOnce(&mut Session, HostCall) -> Result<(), crate::provider::LineErr>,
    ) -> Result<(), crate::provider::LineErr> {
        let call = self.actors[line].call.ok_or(crate::provider::LineErr::INVALCALLHANDLE)?;
        act(&mut self.session, call)
    }

    fn begin_step(&mut self, line: usize) {
        self.actors[line].since = (self.session.now(line), Instant::now());
    }

    fn next_step(&mut self, line: usize) {
        let actor = &mut self.actors[line];
        actor.at += 1;
        actor.digits.clear();
        self.begin_step(line);
    }

    /// Looks through what happened for what is expected.
    fn look(&mut self, line: usize, expected: Expected) -> Result<bool, Failure> {
        while let Some(happening) = self.actors[line].inbox.pop_front() {
            match self.actors[line].judge(&happening, expected) {
                Verdict::Beside => {}
                Verdict::Met => {
                    self.part.checks += 1;
                    self.next_step(line);
                    return Ok(true);
                }
                Verdict::Wrong => {
                    let why = format!("expected {}, but: {}", expected.text(), happening.text());
                    self.fail(line, why)?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn look_at_deadlines(&mut self) -> Result<(), Failure> {
        for line in 0..LINES.len() {
            let Some(Step::Expect(expected)) = self.actors[line].step() else { continue };
            let (began, wall) = self.actors[line].since;
            let wall_limit = STEP_LIMIT.mul_f64(WALL_FACTOR / self.speed) + WALL_EXTRA;
            if self.session.now(line).since(began) > STEP_LIMIT {
                let text = format!("expected {} within {} s", expected.text(), STEP_LIMIT.as_secs());
                self.fail(line, text)?;
            } else if wall.elapsed() > wall_limit {
                let text = format!(
                    "expected {}, but line time hardly moves on this machine; try a lower --speed",
                    expected.text()
                );
                self.fail(line, text)?;
            }
        }
        Ok(())
    }

    /// A line's script ends here.
    fn fail(&mut self, line: usize, why: String) -> Result<(), Failure> {
        let at = self.session.now(line);
        self.say(line, at, &format!("FAILED: {why}"), None)?;
        let record =
            Record { t: seconds(at), line: Some(LINES[line]), ev: "failed", reason: Some(&why), ..Record::default() };
        self.out.object(&record)?;
        self.part.failures.push(format!("{} ({}): {why}", LINES[line], KINDS[line]));
        self.actors[line].failed = true;
        // It may be over already.
        let _ = self.on_call(line, Session::drop_call);
        Ok(())
    }
}

/// How a happening relates to what is expected.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// That was it.
    Met,
    /// Neither it nor against it.
    Beside,
    /// After this it cannot happen any more.
    Wrong,
}

impl Actor {
    fn judge(&mut self, happening: &Happening, expected: Expected) -> Verdict {
        let to_end = expected == Expected::State("IDLE");
        match (&happening.what, expected) {
            (What::State(state), Expected::State(name)) if words::state(*state).0 == name => {
                if matches!(state, CallState::Offering(_)) {
                    self.call = happening.call;
                }
                Verdict::Met
            }
            (
                What::State(
                    CallState::Idle | CallState::Disconnected(_) | CallState::Busy(_) | CallState::SpecialInfo(_),
                )
                | What::Failed(_)
                | What::Gone,
                _,
            ) if !to_end => Verdict::Wrong,
            (What::Caller(caller), Expected::Caller(number, name)) => {
                let as_expected = caller.number.as_deref() == Ok(number) && caller.name.as_deref() == Some(name);
                if as_expected { Verdict::Met } else { Verdict::Wrong }
            }
            (What::Digit { symbol, end: false, .. }, Expected::Digits(digits)) => {
                self.digits.push(*symbol);
                if self.digits == digits {
                    Verdict::Met
                } else if digits.starts_with(&self.digits) {
                    Verdict::Beside
                } else {
                    Verdict::Wrong
                }
            }
            (What::Generated(_), Expected::Sent) => Verdict::Met,
            _ => Verdict::Beside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::{Caller, Unknown};
    use crate::provider::{BusyMode, DisconnectMode};
    use crate::signal::DigitMode;

    fn judge(actor: &mut Actor, what: What, expected: Expected) -> Verdict {
        actor.judge(&Happening { at: Time::ZERO, line: 0, call: Some(HostCall(7)), what }, expected)
    }

    #[test]
    fn what_is_met_beside_and_wrong() {
        let mut actor = Actor::new(&[]);
        let busy = What::State(CallState::Busy(BusyMode::Station));
        assert_eq!(judge(&mut actor, busy.clone(), Expected::State("BUSY")), Verdict::Met);
        assert_eq!(judge(&mut actor, busy.clone(), Expected::State("CONNECTED")), Verdict::Wrong);
        assert_eq!(judge(&mut actor, busy, Expected::State("IDLE")), Verdict::Beside);
        let gone = What::State(CallState::Disconnected(DisconnectMode::Normal));
        assert_eq!(judge(&mut actor, gone, Expected::Digits("12")), Verdict::Wrong);
        let ring = What::Ring { mode: 1, count: 1 };
        assert_eq!(judge(&mut actor, ring, Expected::State("OFFERING")), Verdict::Beside);
        let nobody = What::Caller(Caller { number: Err(Unknown::Withheld), name: None });
        assert_eq!(judge(&mut actor, nobody, Expected::Caller("1", "A")), Verdict::Wrong);
    }

    #[test]
    fn digits_must_come_in_order() {
        let mut actor = Actor::new(&[]);
        let digit = |symbol, end| What::Digit { symbol, mode: DigitMode::Dtmf, end };
        assert_eq!(judge(&mut actor, digit('1', false), Expected::Digits("12")), Verdict::Beside);
        assert_eq!(judge(&mut actor, digit('1', true), Expected::Digits("12")), Verdict::Beside);
        assert_eq!(judge(&mut actor, digit('2', false), Expected::Digits("12")), Verdict::Met);
        let mut actor = Actor::new(&[]);
        assert_eq!(judge(&mut actor, digit('2', false), Expected::Digits("12")), Verdict::Wrong);
    }
}
