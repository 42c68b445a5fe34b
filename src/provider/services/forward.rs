//! Forwarding: a list of the host becomes codes of the exchange, one procedure after the other.

use super::{ServiceErrand, is_heard, procedure, proves};
use crate::caps::address_state;
use crate::errand::{Asked, Errand};
use crate::line::{Line, Shared};
use crate::procedure::{Proof, Trouble};
use crate::{ForwardEntry, LineErr, RequestId, dial, params};
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use loopstart_signal::plan::{Fill, Plan, Service, Step, Steps, Waits};
use loopstart_signal::{Caps, Time};

/// Most entries of a list: always, when busy, when nobody answers.
pub(crate) const MAX_ENTRIES: usize = 3;
/// Rings that can be set, least and greatest: 6 s to 30 s, as exchanges that take a time take it.
const RINGS: (u32, u32) = (1, 5);
/// A ring and its pause, in seconds.
const RING_SECONDS: u32 = 6;

/// `LINEFORWARDMODE_UNCOND`.
const UNCONDITIONAL: u32 = 0x1;
/// `LINEFORWARDMODE_BUSY`.
const BUSY: u32 = 0x10;
/// `LINEFORWARDMODE_NOANSW`.
const NO_ANSWER: u32 = 0x100;
/// `LINEFORWARDMODE_BUSYNA`.
const BUSY_NO_ANSWER: u32 = 0x1000;

/// What an exchange forwards by a code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    All,
    Busy,
    NoAnswer,
    BusyNoAnswer,
    DoNotDisturb,
}

impl Kind {
    const ALL: [Self; 5] = [Self::All, Self::Busy, Self::NoAnswer, Self::BusyNoAnswer, Self::DoNotDisturb];

    const fn set(self) -> Service {
        match self {
            Self::All => Service::ForwardAll,
            Self::Busy => Service::ForwardBusy,
            Self::NoAnswer => Service::ForwardNoAnswer,
            Self::BusyNoAnswer => Service::ForwardBusyNoAnswer,
            Self::DoNotDisturb => Service::DoNotDisturb,
        }
    }

    const fn off(self) -> Service {
        match self {
            Self::All => Service::ForwardAllOff,
            Self::Busy => Service::ForwardBusyOff,
            Self::NoAnswer => Service::ForwardNoAnswerOff,
            Self::BusyNoAnswer => Service::ForwardBusyNoAnswerOff,
            Self::DoNotDisturb => Service::DoNotDisturbOff,
        }
    }
}

/// Whether a service can be carried out, and its confirmation be heard where the plan has one.
fn sure(caps: Caps, plan: &Plan, service: Service) -> bool {
    procedure(caps, plan, service).is_some_and(|procedure| is_heard(caps, procedure))
}

fn has_no_answer(caps: Caps, plan: &Plan) -> bool {
    sure(caps, plan, Service::ForwardNoAnswer) || sure(caps, plan, Service::ForwardNoAnswerAfter)
}

/// Whether calls can be forwarded to a number, and to nowhere.
pub(super) fn can(caps: Caps, plan: &Plan) -> (bool, bool) {
    let nowhere = sure(caps, plan, Service::DoNotDisturb);
    (numbered_modes(caps, plan) != 0, nowhere)
}

fn numbered_modes(caps: Caps, plan: &Plan) -> u32 {
    let sure = |service| sure(caps, plan, service);
    let mut modes = 0;
    let mut set = |bit: u32, can: bool| modes |= if can { bit } else { 0 };
    set(UNCONDITIONAL, sure(Service::ForwardAll));
    set(BUSY, sure(Service::ForwardBusy));
    set(NO_ANSWER, has_no_answer(caps, plan));
    let both = sure(Service::ForwardBusy) && has_no_answer(caps, plan);
    set(BUSY_NO_ANSWER, both || sure(Service::ForwardBusyNoAnswer));
    modes
}

/// `LINEFORWARDMODE_` bits.
pub(crate) fn forward_modes(caps: Caps, plan: &Plan) -> u32 {
    let (_, nowhere) = can(caps, plan);
    numbered_modes(caps, plan) | if nowhere { UNCONDITIONAL } else { 0 }
}

/// Rings before a call is forwarded that can be set: least, greatest; both 0 when the exchange does not take a time.
pub(crate) fn ring_range(caps: Caps, plan: &Plan) -> (u32, u32) {
    if sure(caps, plan, Service::ForwardNoAnswerAfter) { RINGS } else { (0, 0) }
}

/// What is forwarded, as far as known: what was set here and confirmed.
#[derive(Debug, Default)]
pub(super) struct Forwards {
    on: Vec<(Kind, ForwardEntry)>,
    rings: u32,
}

impl Forwards {
    /// The entries, each once.
    pub(super) fn entries(&self) -> Vec<ForwardEntry> {
        let mut entries: Vec<ForwardEntry> = Vec::new();
        for (_, entry) in &self.on {
            if !entries.contains(entry) {
                entries.push(entry.clone());
            }
        }
        entries
    }

    /// Rings before a call is forwarded, 0 = not known.
    pub(super) const fn rings(&self) -> u32 {
        self.rings
    }

    /// Whether all calls go elsewhere.
    pub(super) fn all(&self) -> bool {
        self.has(Kind::All)
    }

    fn has(&self, kind: Kind) -> bool {
        self.on.iter().any(|(on, _)| *on == kind)
    }

    fn clear(&mut self, kind: Kind) {
        self.on.retain(|(on, _)| *on != kind);
    }
}

/// One procedure of a forwarding.
#[derive(Clone, Debug)]
enum Job {
    /// Stop it. `known`: it is on; else nobody knows, and a refusal tells that it was not.
    Off { kind: Kind, known: bool },
    /// Set it to this number, after so many seconds where that is part of it.
    Set { kind: Kind, entry: ForwardEntry, number: Option<String>, seconds: Option<u32> },
}

/// How far a forwarding is that the exchange confirms by a call to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Courtesy {
    /// There is no such call.
    None,
    /// The code goes out.
    Code,
    /// The call to the target.
    Call,
    /// It was busy or not answered: everything is done again, and the exchange confirms by a tone.
    Again,
}

/// A forwarding under way.
#[derive(Debug)]
pub(super) struct Forwarding {
    asked: Asked,
    jobs: VecDeque<Job>,
    courtesy: Courtesy,
    /// What follows the code, where the target is called.
    rest: Steps,
    /// The exchange has taken something.
    done: bool,
    rings: u32,
}

impl Line {
    /// Whether the exchange sends all calls elsewhere, as far as known.
    pub(crate) fn forwards_all(&self) -> bool {
        self.services.forwards.all()
    }

    /// Replaces what is forwarded by this list.
    pub(super) fn forward(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        address_id: Option<u32>,
        list: &[ForwardEntry],
        rings: u32,
        now: Time,
    ) -> Result<(), LineErr> {
        self.ready()?;
        let plan = &self.description.plan;
        if can(self.caps, plan) == (false, false) {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        if address_id.is_some_and(|id| id != 0) {
            return Err(LineErr::INVALADDRESSID);
        }
        let (least, greatest) = ring_range(self.caps, plan);
        let rings = if rings == 0 { 0 } else { rings.clamp(least, greatest) };
        let jobs = self.forward_jobs(list, rings)?;
        self.demand_idle()?;
        if self.services.forwarding.is_some() {
            return Err(LineErr::RESOURCEUNAVAIL);
        }
        let asked = self.ask_of_line(request)?;
        self.services.forwarding =
            Some(Forwarding { asked, jobs, courtesy: Courtesy::None, rest: Steps::new(), done: false, rings });
        self.next_forward(sh, now);
        Ok(())
    }

    /// What is to be done for a list.
    fn forward_jobs(&self, list: &[ForwardEntry], rings: u32) -> Result<VecDeque<Job>, LineErr> {
        if list.len() > MAX_ENTRIES {
            return Err(LineErr::INVALPARAM);
        }
        let mut sets: Vec<Job> = Vec::new();
        let mut kinds: Vec<Kind> = Vec::new();
        for entry in list {
            for job in self.entry_jobs(entry, rings)? {
                if let Job::Set { kind, .. } = job {
                    // Two entries for the same: which of them is meant nobody knows.
                    if kinds.contains(&kind) {
                        return Err(LineErr::INVALPARAM);
                    }
                    kinds.push(kind);
                    sets.push(job);
                }
            }
        }
        let known = &self.services.forwards;
        let mut jobs = VecDeque::new();
        let mut codes = Vec::new();
        for kind in Kind::ALL {
            let on = known.has(kind);
            // An empty list when nothing is known to be on: what was set at a telephone is to go as well.
            let wanted = if list.is_empty() && known.on.is_empty() { true } else { on && !kinds.contains(&kind) };
            let off = procedure(self.caps, &self.description.plan, kind.off());
            let Some(off) = off.filter(|_| wanted) else { continue };
            // One code may stop several.
            if !codes.contains(&off) {
                codes.push(off);
                jobs.push_back(Job::Off { kind, known: on });
            }
        }
        if list.is_empty() && jobs.is_empty() {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        jobs.extend(sets);
        Ok(jobs)
    }

    fn entry_jobs(&self, entry: &ForwardEntry, rings: u32) -> Result<Vec<Job>, LineErr> {
        let (caps, plan) = (self.caps, &*self.description.plan);
        params::check_country(entry.country)?;
        if !matches!(entry.mode, UNCONDITIONAL | BUSY | NO_ANSWER | BUSY_NO_ANSWER) {
            return Err(LineErr::INVALPARAM);
        }
        let set = |kind, number: Option<&String>, seconds| Job::Set {
            kind,
            entry: entry.clone(),
            number: number.cloned(),
            seconds,
        };
        let Some(destination) = &entry.destination else {
            return match entry.mode {
                UNCONDITIONAL if can(caps, plan).1 => Ok(alloc::vec![set(Kind::DoNotDisturb, None, None)]),
                UNCONDITIONAL => Err(LineErr::OPERATIONUNAVAIL),
                _ => Err(LineErr::INVALPARAM),
            };
        };
        let number = dial::plain(&destination.0)?;
        let number = Some(&number);
        if numbered_modes(caps, plan) & entry.mode == 0 {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        let after = sure(caps, plan, Service::ForwardNoAnswerAfter);
        let plain = sure(caps, plan, Service::ForwardNoAnswer);
        let usual = u32::try_from(plan.no_answer.as_secs()).unwrap_or(u32::MAX);
        let seconds = match (after, plain) {
            (true, _) if rings > 0 => Some(rings * RING_SECONDS),
            (true, false) => Some(usual),
            _ => None,
        };
        Ok(match entry.mode {
            UNCONDITIONAL => alloc::vec![set(Kind::All, number, None)],
            BUSY => alloc::vec![set(Kind::Busy, number, None)],
            NO_ANSWER => alloc::vec![set(Kind::NoAnswer, number, seconds)],
            // One code, unless only two of them take the rings.
            _ if sure(caps, plan, Service::ForwardBusyNoAnswer)
                && (seconds.is_none() || !sure(caps, plan, Service::ForwardBusy)) =>
            {
                alloc::vec![set(Kind::BusyNoAnswer, number, None)]
            }
            _ => alloc::vec![set(Kind::Busy, number, None), set(Kind::NoAnswer, number, seconds)],
        })
    }

    /// The service of a job.
    const fn job_service(job: &Job) -> Service {
        match job {
            Job::Off { kind, .. } => kind.off(),
            Job::Set { kind: Kind::NoAnswer, seconds: Some(_), .. } => Service::ForwardNoAnswerAfter,
            Job::Set { kind, .. } => kind.set(),
        }
    }

    /// Begins the next procedure, or ends the request.
    fn next_forward(&mut self, sh: &mut Shared, now: Time) {
        let Some(forwarding) = &self.services.forwarding else { return };
        let Some(job) = forwarding.jobs.front() else {
            let result = if forwarding.done { Ok(()) } else { Err(LineErr::OPERATIONFAILED) };
            return self.end_forward(sh, result);
        };
        let Some(mut steps) = self.job_steps(job) else {
            return self.end_forward(sh, Err(LineErr::OPERATIONUNAVAIL));
        };
        let set = matches!(job, Job::Set { .. });
        let again = forwarding.courtesy == Courtesy::Again;
        let answer = steps.iter().position(|step| matches!(step, Step::Wait(w) if w.contains(Waits::ANSWER)));
        let mut courtesy = Courtesy::None;
        let mut rest = Steps::new();
        if let Some(answer) = answer.filter(|_| set) {
            if again {
                courtesy = Courtesy::Again;
                if let Some(step) = steps.get_mut(answer) {
                    *step = Step::Wait(Waits::ANSWER | Waits::CONFIRM);
                }
            } else if let Some(call) = steps.iter().take(answer).rposition(|step| matches!(step, Step::Dial(_)))
                && call > 0
            {
                courtesy = Courtesy::Code;
                rest = steps.split_off(call);
            }
        }
        if let Some(forwarding) = &mut self.services.forwarding {
            forwarding.courtesy = courtesy;
            forwarding.rest = rest;
        }
        self.when_idle(sh, ServiceErrand::Forward, steps, now);
    }

    fn job_steps(&self, job: &Job) -> Option<Steps> {
        let (number, seconds) = match job {
            Job::Off { .. } => (None, None),
            Job::Set { number, seconds, .. } => (number.as_deref(), *seconds),
        };
        let fill = Fill { number, extension: number, seconds, ..Fill::default() };
        self.service_procedure(Self::job_service(job))?.fill(&fill).ok()
    }

    /// A procedure of the forwarding ended.
    pub(super) fn forward_step_ended(&mut self, sh: &mut Shared, result: Result<Proof, Trouble>, now: Time) {
        let Some(forwarding) = &mut self.services.forwarding else { return };
        let Some(job) = forwarding.jobs.front().cloned() else { return };
        match (result, forwarding.courtesy) {
            (Ok(_), Courtesy::Code) => {
                // Still off hook, at the tone that asks for the number.
                forwarding.courtesy = Courtesy::Call;
                let rest = core::mem::take(&mut forwarding.rest);
                return self.begin_procedure(sh, Errand::Service(ServiceErrand::Forward), rest, now);
            }
            (Err(Trouble::Refused | Trouble::NoTone), Courtesy::Call) => {
                forwarding.courtesy = Courtesy::Again;
                return self.next_forward(sh, now);
            }
            _ => {}
        }
        forwarding.jobs.pop_front();
        forwarding.courtesy = Courtesy::None;
        let rings = forwarding.rings;
        // That calls go elsewhere is told on evidence only. Of a stop it is enough that nothing speaks against it.
        let set = matches!(job, Job::Set { .. });
        let needs_proof = set && self.service_procedure(Self::job_service(&job)).is_some_and(proves);
        let failed = match (&job, result) {
            (_, Ok(Proof::Assumed)) if needs_proof => Some(LineErr::OPERATIONFAILED),
            (_, Ok(_)) => None,
            (Job::Off { known: false, .. }, Err(Trouble::Refused | Trouble::NoTone)) => {
                return self.next_forward(sh, now);
            }
            (_, Err(_)) => super::told(result).err(),
        };
        if let Some(error) = failed {
            return self.end_forward(sh, Err(error));
        }
        if let Some(forwarding) = &mut self.services.forwarding {
            forwarding.done = true;
        }
        let plan = self.description.plan.clone();
        let forwards = &mut self.services.forwards;
        let before = forwards.on.clone();
        match job {
            Job::Off { kind, .. } => {
                let code = plan.service(kind.off());
                for same in Kind::ALL {
                    if plan.service(same.off()) == code {
                        forwards.clear(same);
                    }
                }
            }
            Job::Set { kind, entry, .. } => {
                forwards.clear(kind);
                forwards.on.push((kind, entry));
                if matches!(kind, Kind::NoAnswer | Kind::BusyNoAnswer) {
                    forwards.rings = rings;
                }
            }
        }
        if !forwards.has(Kind::NoAnswer) && !forwards.has(Kind::BusyNoAnswer) {
            forwards.rings = 0;
        }
        if before != forwards.on {
            self.tell_address(sh, address_state::FORWARD);
        }
        self.next_forward(sh, now);
    }

    fn end_forward(&mut self, sh: &mut Shared, result: Result<(), LineErr>) {
        if let Some(forwarding) = self.services.forwarding.take() {
            self.completed(sh, forwarding.asked, result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::plan::Subscribed;

    #[test]
    fn what_cannot_be_confirmed_is_not_announced() {
        let nanp = Plan::subscribed("nanp", Subscribed::all()).unwrap();
        let all = Caps::all();
        assert_eq!(forward_modes(all, &nanp), UNCONDITIONAL | BUSY | NO_ANSWER | BUSY_NO_ANSWER);
        // Whether the courtesy call is answered is not seen.
        assert_eq!(numbered_modes(all - Caps::SEES_ANSWER, &nanp) & UNCONDITIONAL, 0);
        assert_eq!(forward_modes(Caps::VOICE | Caps::DIAL_PULSE, &nanp), 0, "pulses have no star");
        assert_eq!(forward_modes(all, &Plan::plain()), 0);
        assert_eq!(ring_range(all, &nanp), (0, 0));
        let gb = Plan::subscribed("gb", Subscribed::all()).unwrap();
        assert_eq!(ring_range(all, &gb), RINGS);
    }
}
