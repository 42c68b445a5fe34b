//! What is wanted of the modem: seize, dial, answer, send digits, flash, release. One job at a time.

use super::chat::{Kind, Reply};
use super::dial;
use super::start::Step;
use super::tone::Score;
use super::{EventQueue, Port, Service, VoiceModem, stream};
use crate::drivers::fxo::ear::Findings;
use loopstart_signal::at::ResultCode;
use loopstart_signal::{
    ActionId, ActionKind, AnswerWitness, Caps, DialStep, DialSteps, DigitMode, Failure, LineAction, LineEvent, Outcome,
    ReleaseWitness, Time,
};
use std::time::Duration;

/// A dial command that was not refused by now was taken: the modem is off hook.
pub(super) const TAKEN: Duration = Duration::from_millis(500);
/// A dial command may wait for a carrier or an answer as long as S7 says (50 to 60 s), and a little more.
pub(super) const DIAL_LIMIT: Duration = Duration::from_secs(70);
/// Going off hook in the voice class.
pub(super) const HOOK_LIMIT: Duration = Duration::from_secs(3);

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Nothing.
    None,
    /// Starting or recovering.
    Start(Step),
    /// Asking whether the modem is there.
    Health,
    /// Going off hook to originate: entering the voice class first.
    Seize { entered: bool },
    /// Answering: entering the voice class; the usual way; the other way.
    Answer(Answer),
    /// Dialling.
    Dial(Dial),
    /// Sending digits; the next step after this piece.
    Send { next: usize },
    /// A hook flash, as a tone command or as a dial command.
    Flash { by_dial: bool },
    /// Sending a tone.
    Tone,
    /// Switching the loudspeaker.
    Speaker,
    /// A stream of audio, or its beginning or end.
    Stream(stream::Step),
    /// Hanging up, for a `Release` or to tidy up.
    HangUp(HangUp),
    /// Waiting until what a `Release` cut short has ended.
    Cut,
    /// Waiting until the digits that `CancelDigits` cut short have ended.
    CutDigits,
}

/// Steps of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Enter,
    OffHook,
    OffHookOther,
    Carrier,
}

/// Steps of dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dial {
    Enter,
    Settings,
    /// A dial command runs; the next step after it, and whether it is the last.
    Piece {
        next: usize,
        last: bool,
    },
    /// The digits are out and the action is over; the command still waits for a carrier.
    Waiting,
}

/// Steps of hanging up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HangUp {
    DtrLow,
    Guard,
    Escaped,
    OnHook,
    OnHookOther,
    LeaveVoice,
    CallerId,
}

/// What is known of the call and of the modem's settings for it.
#[derive(Debug)]
pub(super) struct State {
    pub(super) steps: DialSteps,
    pub(super) at: usize,
    pub(super) mode: DigitMode,
    pub(super) digit: Duration,
    pub(super) gap: Duration,
    pub(super) pause: Duration,
    pub(super) partial: bool,
    /// The first dial command since the line was taken.
    pub(super) fresh: bool,
    pub(super) announced: bool,
    pub(super) announce_at: Option<Time>,
    pub(super) dialed_at: Option<Time>,
    pub(super) glare: bool,
    /// Registers as they were set last.
    pub(super) s8: Option<u32>,
    pub(super) s11: Option<u32>,
    /// The simplest form of `+VTS` that had to be used: 0 grouped, 1 one digit with its length, 2 one digit.
    pub(super) tone_form: u8,
    pub(super) flash_by_dial: bool,
    /// The tone that is being sent.
    pub(super) score: Option<Score>,
    /// A number was dialled in this call.
    pub(super) dialled: bool,
    /// The far end of a dialled call answered, as told.
    pub(super) answered: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            steps: DialSteps::new(),
            at: 0,
            mode: DigitMode::Dtmf,
            digit: Duration::ZERO,
            gap: Duration::ZERO,
            pause: Duration::ZERO,
            partial: false,
            fresh: true,
            announced: false,
            announce_at: None,
            dialed_at: None,
            glare: false,
            s8: None,
            s11: None,
            tone_form: 0,
            flash_by_dial: false,
            score: None,
            dialled: false,
            answered: false,
        }
    }
}

impl State {
    /// The job is over, the call goes on.
    pub(super) fn forget_job(&mut self) {
        self.announced = false;
        self.announce_at = None;
        self.dialed_at = None;
        self.glare = false;
        self.score = None;
    }

    pub(super) fn end_call(&mut self) {
        self.forget_job();
        self.fresh = true;
        self.dialled = false;
        self.answered = false;
    }
}

pub(super) fn milliseconds(d: Duration) -> u32 {
    u32::try_from(d.as_millis()).unwrap_or(u32::MAX)
}

impl<P: Port> VoiceModem<P> {
    pub(super) fn accept(&mut self, action: &LineAction, now: Time, events: &mut EventQueue) {
        let id = action.id;
        if self.service != Service::Ready {
            return Self::done(id, Outcome::Failed(Failure::Lost), events);
        }
        match action.kind {
            _ if self.passed => self.take_back(action, now, events),
            ActionKind::Release => self.release(id, now, events),
            ActionKind::CancelDigits => self.cancel_digits(id, now, events),
            ActionKind::Listen(heed) if self.caps.contains(Caps::HEARS_DTMF) => {
                self.ear.listen(heed, &mut Findings::new());
                self.hear.heed(heed, events);
                Self::done(id, Outcome::Ok, events);
            }
            ActionKind::Media(order) if self.caps.contains(Caps::AUDIO) => {
                self.streams.order(order);
                Self::done(id, Outcome::Ok, events);
            }
            ActionKind::Listen(_)
            | ActionKind::WatchTones(_)
            | ActionKind::Media(_)
            | ActionKind::PassThrough(false) => Self::done(id, Outcome::Failed(Failure::Refused), events),
            _ if self.job == Job::Dial(Dial::Waiting) => {
                Self::done(id, Outcome::Failed(Failure::WrongState), events);
            }
            _ => match self.queue.try_push(*action) {
                Ok(()) => {
                    self.end_stream(now, events);
                    self.pump(now, events);
                }
                Err(_) => Self::done(id, Outcome::Failed(Failure::Refused), events),
            },
        }
    }

    /// An action while the host speaks to the modem itself.
    fn take_back(&mut self, action: &LineAction, now: Time, events: &mut EventQueue) {
        let id = action.id;
        match action.kind {
            ActionKind::Release => {
                self.discard_input();
                self.passed = false;
                self.recover_for(Some(id), now, events);
            }
            ActionKind::PassThrough(on) => {
                self.passed = on;
                Self::done(id, Outcome::Ok, events);
                if !on {
                    self.discard_input();
                    self.recover(now, events);
                }
            }
            _ => Self::done(id, Outcome::Failed(Failure::WrongState), events),
        }
    }

    /// Starts what waits, while nothing runs.
    pub(super) fn pump(&mut self, now: Time, events: &mut EventQueue) {
        while self.job == Job::None && self.service == Service::Ready && !self.passed {
            let Some(action) = self.queue.pop_at(0) else { return };
            self.action = Some(action.id);
            if let Err(failure) = self.begin(&action.kind, now, events) {
                self.end_action(Outcome::Failed(failure), events);
            }
        }
    }

    /// Begins an action. A job runs afterwards, or the action is over.
    fn begin(&mut self, kind: &ActionKind, now: Time, events: &mut EventQueue) -> Result<(), Failure> {
        let voice = self.caps.contains(Caps::VOICE);
        let ringing = self.ringing.is_ringing();
        match *kind {
            ActionKind::Release => {
                if self.off_hook || self.online || self.voice_class {
                    let action = self.action.take();
                    self.hang_up(action, now, events);
                } else {
                    self.end_action(Outcome::Ok, events);
                }
            }
            ActionKind::PassThrough(true) => {
                (self.passed, self.was_passed) = (true, true);
                self.end_action(Outcome::Ok, events);
            }
            _ if self.online => return Err(Failure::WrongState),
            ActionKind::Seize => {
                if !self.caps.contains(Caps::SEIZE) {
                    return Err(Failure::Refused);
                }
                if self.off_hook {
                    return Err(Failure::WrongState);
                }
                if ringing {
                    return Err(Failure::Glare);
                }
                self.call.fresh = true;
                self.enter_voice(Job::Seize { entered: false }, now, events);
            }
            ActionKind::Answer => {
                if self.off_hook || !ringing {
                    return Err(Failure::WrongState);
                }
                if voice {
                    self.enter_voice(Job::Answer(Answer::Enter), now, events);
                } else {
                    self.job = Job::Answer(Answer::Carrier);
                    self.send(b"ATA", Kind::Go, DIAL_LIMIT, now, events);
                    self.call.announce_at = Some(now + TAKEN);
                }
            }
            ActionKind::Dial { steps, digit, gap, pause, wait_dial_tone: _, partial } => {
                if !dial::is_dialable(&steps) {
                    return Err(Failure::Refused);
                }
                if ringing && !self.off_hook {
                    return Err(Failure::Glare);
                }
                let call = &mut self.call;
                (call.steps, call.digit, call.gap, call.pause, call.partial) = (steps, digit, gap, pause, partial);
                call.at = 0;
                call.mode = DigitMode::Dtmf;
                call.fresh |= !self.off_hook;
                self.hear.forget_tone();
                self.call.answered = false;
                if voice && !self.voice_class {
                    self.enter_voice(Job::Dial(Dial::Enter), now, events);
                } else {
                    self.dial_settings(now, events);
                }
            }
            ActionKind::SendDigits { steps, mode, digit, gap, pause } => {
                if !self.off_hook {
                    return Err(Failure::WrongState);
                }
                let sendable = |s: &DialStep| *s == DialStep::Pause || dial::digit(*s).is_some();
                let able = mode == DigitMode::Pulse || self.caps.contains(Caps::SENDS_DTMF);
                if !able || !steps.as_slice().iter().all(sendable) {
                    return Err(Failure::Refused);
                }
                let call = &mut self.call;
                (call.steps, call.mode, call.digit, call.gap, call.pause) = (steps, mode, digit, gap, pause);
                call.at = 0;
                self.send_digits(now, events);
            }
            ActionKind::Flash(_) => {
                if !self.off_hook {
                    return Err(Failure::WrongState);
                }
                self.flash(now, events);
            }
            ActionKind::SendTone(tone) => {
                if !self.off_hook {
                    return Err(Failure::WrongState);
                }
                if !self.caps.contains(Caps::SENDS_TONES) {
                    return Err(Failure::Refused);
                }
                self.call.score = Some(Score::new(&tone, self.country).ok_or(Failure::Refused)?);
                self.send_tone(now, events);
            }
            ActionKind::Speaker(on) => {
                if !self.caps.contains(Caps::SPEAKER) {
                    return Err(Failure::Refused);
                }
                self.job = Job::Speaker;
                self.ask(if on { b"ATM1" } else { b"ATM0" }, now, events);
            }
            ActionKind::CancelDigits
            | ActionKind::Listen(_)
            | ActionKind::WatchTones(_)
            | ActionKind::Media(_)
            | ActionKind::PassThrough(false) => return Err(Failure::Refused),
        }
        Ok(())
    }

    pub(super) fn enter_voice(&mut self, job: Job, now: Time, events: &mut EventQueue) {
        self.job = job;
        let command = self.profile.enter_voice;
        self.ask(command.as_bytes(), now, events);
    }

    pub(super) fn end_action(&mut self, outcome: Outcome, events: &mut EventQueue) {
        if let Some(id) = self.action.take() {
            Self::done(id, outcome, events);
        }
    }

    /// The job is over; tidies up or starts what waits.
    pub(super) fn end_job(&mut self, now: Time, events: &mut EventQueue) {
        self.job = Job::None;
        self.call.forget_job();
        // A modem that has just been thrown into numeric answers is put right at once.
        let astray = self.chat.numeric && !self.start.numeric;
        self.health = Some(if astray { now } else { now + self.guards.health });
        if std::mem::take(&mut self.untidy) {
            self.hang_up(None, now, events);
        } else {
            self.pump(now, events);
        }
    }

    pub(super) fn finish(&mut self, outcome: Outcome, now: Time, events: &mut EventQueue) {
        self.end_action(outcome, events);
        self.end_job(now, events);
    }

    /// The action failed and the line is left.
    pub(super) fn abandon(&mut self, failure: Failure, now: Time, events: &mut EventQueue) {
        self.end_action(Outcome::Failed(failure), events);
        self.hang_up(None, now, events);
    }

    /// The modem did not answer in time.
    pub(super) fn unanswered(&mut self, now: Time, events: &mut EventQueue) {
        self.end_action(Outcome::Failed(Failure::Timeout), events);
        self.recover(now, events);
    }

    pub(super) fn now_off_hook(&mut self, events: &mut EventQueue) {
        self.ringing.answered();
        if !self.off_hook {
            self.off_hook = true;
            events.push(LineEvent::OffHook);
        }
    }

    /// The modem hung up by itself, or lost the call.
    pub(super) fn call_lost(&mut self, witness: ReleaseWitness, now: Time, events: &mut EventQueue) {
        events.push(LineEvent::Released(witness));
        if self.job == Job::None {
            self.hang_up(None, now, events);
        } else {
            self.untidy = true;
        }
    }

    fn release(&mut self, id: ActionId, now: Time, events: &mut EventQueue) {
        for waiting in self.queue.drain(..) {
            Self::done(waiting.id, Outcome::Failed(Failure::Cancelled), events);
        }
        match self.job {
            Job::Seize { .. }
            | Job::Answer(_)
            | Job::Dial(_)
            | Job::Send { .. }
            | Job::Flash { .. }
            | Job::Tone
            | Job::Speaker
            | Job::CutDigits => {
                self.end_action(Outcome::Failed(Failure::Cancelled), events);
                self.call.forget_job();
                self.action = Some(id);
                self.job = Job::Cut;
                if !self.abort(now) {
                    let action = self.action.take();
                    self.hang_up(action, now, events);
                }
            }
            Job::Cut => {
                self.end_action(Outcome::Failed(Failure::Cancelled), events);
                self.action = Some(id);
            }
            Job::None | Job::Start(_) | Job::Health | Job::HangUp(_) | Job::Stream(_) => {
                // The queue was emptied.
                let _ = self.queue.try_push(LineAction { id, kind: ActionKind::Release });
                self.end_stream(now, events);
                self.pump(now, events);
            }
        }
    }

    fn cancel_digits(&mut self, id: ActionId, now: Time, events: &mut EventQueue) {
        let is_digits = |a: &LineAction| matches!(a.kind, ActionKind::SendDigits { .. } | ActionKind::SendTone(_));
        for action in self.queue.iter().filter(|a| is_digits(a)) {
            Self::done(action.id, Outcome::Failed(Failure::Cancelled), events);
        }
        self.queue.retain(|a| !is_digits(a));
        if !matches!(self.job, Job::Send { .. } | Job::Tone) {
            return Self::done(id, Outcome::Ok, events);
        }
        self.end_action(Outcome::Failed(Failure::Cancelled), events);
        self.action = Some(id);
        self.job = Job::CutDigits;
        self.call.score = None;
        // The digits that the modem has already taken are a few at most: they end by themselves.
        if self.chat.flight.is_none_or(|f| !f.sent) {
            self.drop_flight();
            self.finish(Outcome::Ok, now, events);
        }
    }

    /// A command ended or a wait is over.
    pub(super) fn advance(&mut self, reply: Reply, now: Time, events: &mut EventQueue) {
        match self.job {
            Job::None => {}
            Job::Start(step) => self.start_step(step, reply, now, events),
            Job::Health => self.health_reply(reply, now, events),
            Job::Seize { entered } => self.seize_step(entered, reply, now, events),
            Job::Answer(step) => self.answer_step(step, reply, now, events),
            Job::Dial(step) => self.dial_step(step, reply, now, events),
            Job::Send { next } => self.send_step(next, reply, now, events),
            Job::Flash { by_dial } => self.flash_step(by_dial, reply, now, events),
            Job::Tone => self.tone_step(reply, now, events),
            Job::Speaker => match reply {
                Reply::Timeout => self.unanswered(now, events),
                _ if reply.is_ok() => self.finish(Outcome::Ok, now, events),
                _ => self.finish(Outcome::Failed(Failure::Refused), now, events),
            },
            Job::Stream(step) => self.stream_step(step, reply, now, events),
            Job::HangUp(step) => self.hang_up_step(step, reply, now, events),
            Job::Cut => {
                if let Reply::Code(ResultCode::Connect(_)) = reply {
                    self.online = true;
                }
                // Whether it was entered or not: leaving it does no harm.
                self.voice_class |= self.caps.contains(Caps::VOICE);
                // Some say nothing when they are aborted. The command to hang up shows whether the modem is there.
                let action = self.action.take();
                self.hang_up(action, now, events);
            }
            Job::CutDigits => match reply {
                Reply::Timeout => self.unanswered(now, events),
                _ => self.finish(Outcome::Ok, now, events),
            },
        }
    }

    /// Recovers the modem and releases the line afterwards: recovery hangs up.
    pub(super) fn recover_for(&mut self, release: Option<ActionId>, now: Time, events: &mut EventQueue) {
        if let Some(id) = release
            && self.queue.try_insert(0, LineAction { id, kind: ActionKind::Release }).is_err()
        {
            Self::done(id, Outcome::Failed(Failure::Timeout), events);
        }
        self.recover(now, events);
    }

    fn seize_step(&mut self, entered: bool, reply: Reply, now: Time, events: &mut EventQueue) {
        let (glare, ok) = (self.call.glare, reply.is_ok());
        self.voice_class |= ok;
        match reply {
            Reply::Timeout => self.unanswered(now, events),
            _ if glare => self.abandon(Failure::Glare, now, events),
            _ if ok && !entered => {
                self.job = Job::Seize { entered: true };
                let command = self.profile.seize;
                self.send(command.as_bytes(), Kind::Plain, HOOK_LIMIT, now, events);
            }
            _ if ok => {
                self.now_off_hook(events);
                self.finish(Outcome::Ok, now, events);
            }
            _ => self.abandon(Failure::Refused, now, events),
        }
    }

    fn answer_step(&mut self, step: Answer, reply: Reply, now: Time, events: &mut EventQueue) {
        let ok = reply.is_ok();
        let (off_hook, other) = (self.profile.off_hook, self.profile.off_hook_other);
        match (step, reply) {
            (_, Reply::Timeout) => self.unanswered(now, events),
            (Answer::Carrier, Reply::Code(ResultCode::Connect(rate))) => {
                self.now_off_hook(events);
                self.online = true;
                events.push(LineEvent::Answered(AnswerWitness::Carrier(rate.unwrap_or(0))));
                self.finish(Outcome::Ok, now, events);
            }
            (Answer::Carrier, Reply::Code(ResultCode::Error)) => self.abandon(Failure::Refused, now, events),
            (Answer::Carrier, _) => {
                if self.off_hook {
                    events.push(LineEvent::Released(ReleaseWitness::ResultCode));
                }
                self.abandon(Failure::Released, now, events);
            }
            (Answer::Enter, _) if ok => {
                self.voice_class = true;
                self.job = Job::Answer(Answer::OffHook);
                self.send(off_hook.as_bytes(), Kind::Plain, HOOK_LIMIT, now, events);
            }
            (Answer::OffHook, _) if !ok => {
                self.job = Job::Answer(Answer::OffHookOther);
                self.send(other.as_bytes(), Kind::Plain, HOOK_LIMIT, now, events);
            }
            (Answer::OffHook | Answer::OffHookOther, _) if ok => {
                self.now_off_hook(events);
                self.finish(Outcome::Ok, now, events);
            }
            _ => self.abandon(Failure::Refused, now, events),
        }
    }

    pub(super) fn call_deadline(&self) -> Option<Time> {
        [self.call.announce_at, self.call.dialed_at].into_iter().flatten().min()
    }

    pub(super) fn call_expire(&mut self, now: Time, events: &mut EventQueue) {
        if self.call.announce_at.is_some_and(|at| at <= now) {
            self.call.announce_at = None;
            match self.job {
                _ if self.call.glare => {}
                Job::Dial(Dial::Piece { .. }) => self.announce(events),
                Job::Answer(Answer::Carrier) => self.now_off_hook(events),
                _ => {}
            }
        }
        if self.call.dialed_at.is_some_and(|at| at <= now) {
            self.call.dialed_at = None;
            if matches!(self.job, Job::Dial(Dial::Piece { last: true, .. })) && !self.call.glare {
                self.dialed(events);
                self.job = Job::Dial(Dial::Waiting);
            }
        }
    }
}
