//! What is wanted of the modem: seize, dial, answer, send digits, flash, release. One job at a time.

use super::chat::{Kind, Reply};
use super::dial::{self, Command, put, put_number};
use super::start::{GUARD, Step};
use super::{EventQueue, HEALTH, Port, Service, VoiceModem};
use loopstart_signal::at::ResultCode;
use loopstart_signal::{
    ActionId, ActionKind, AnswerWitness, Caps, DialStep, DialSteps, DigitMode, Failure, Heed, LineAction, LineEvent,
    Outcome, ReleaseWitness, Time,
};
use std::time::Duration;

/// A dial command that was not refused by now was taken: the modem is off hook.
const TAKEN: Duration = Duration::from_millis(500);
/// A modem waits this long for dial tone, or before it dials blindly (S6).
const DIAL_TONE: Duration = Duration::from_millis(1_500);
/// A dial command may wait for a carrier or an answer as long as S7 says (50 to 60 s), and a little more.
const DIAL_LIMIT: Duration = Duration::from_secs(70);
/// Going off hook in the voice class.
pub(super) const HOOK_LIMIT: Duration = Duration::from_secs(3);
/// DTR low for a modem that hangs up by it.
const DTR_LOW: Duration = Duration::from_millis(600);
/// The range of S11, ms, and the length of a digit where it was not set.
const S11: (u32, u32) = (50, 255);
const S11_DEFAULT: u32 = 95;

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
    partial: bool,
    /// The first dial command since the line was taken.
    pub(super) fresh: bool,
    announced: bool,
    announce_at: Option<Time>,
    dialed_at: Option<Time>,
    glare: bool,
    /// Registers as they were set last.
    s8: Option<u32>,
    s11: Option<u32>,
    /// The simplest form of `+VTS` that had to be used: 0 grouped, 1 one digit with its length, 2 one digit.
    pub(super) tone_form: u8,
    pub(super) flash_by_dial: bool,
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
    }

    fn end_call(&mut self) {
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
            ActionKind::Release => self.release(id, now, events),
            ActionKind::CancelDigits => self.cancel_digits(id, now, events),
            ActionKind::Listen(heed) if self.caps.contains(Caps::HEARS_DTMF) => {
                let on = heed.contains(Heed::DTMF);
                self.hear.listening = on;
                Self::done(id, Outcome::Ok, events);
            }
            ActionKind::Listen(_) | ActionKind::SendTone(_) | ActionKind::WatchTones(_) | ActionKind::Speaker(_) => {
                Self::done(id, Outcome::Failed(Failure::Refused), events)
            }
            _ if self.job == Job::Dial(Dial::Waiting) => {
                Self::done(id, Outcome::Failed(Failure::WrongState), events);
            }
            _ => match self.queue.try_push(*action) {
                Ok(()) => self.pump(now, events),
                Err(_) => Self::done(id, Outcome::Failed(Failure::Refused), events),
            },
        }
    }

    /// Starts what waits, while nothing runs.
    fn pump(&mut self, now: Time, events: &mut EventQueue) {
        while self.job == Job::None && self.service == Service::Ready {
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
            ActionKind::CancelDigits
            | ActionKind::Listen(_)
            | ActionKind::SendTone(_)
            | ActionKind::WatchTones(_)
            | ActionKind::Speaker(_) => return Err(Failure::Refused),
        }
        Ok(())
    }

    fn enter_voice(&mut self, job: Job, now: Time, events: &mut EventQueue) {
        self.job = job;
        let command = self.profile.enter_voice;
        self.ask(command.as_bytes(), now, events);
    }

    fn end_action(&mut self, outcome: Outcome, events: &mut EventQueue) {
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
        self.health = Some(if astray { now } else { now + HEALTH });
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

    fn now_off_hook(&mut self, events: &mut EventQueue) {
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
            Job::None | Job::Start(_) | Job::Health | Job::HangUp(_) => {
                // The queue was emptied.
                let _ = self.queue.try_push(LineAction { id, kind: ActionKind::Release });
                self.pump(now, events);
            }
        }
    }

    fn cancel_digits(&mut self, id: ActionId, now: Time, events: &mut EventQueue) {
        let is_digits = |a: &LineAction| matches!(a.kind, ActionKind::SendDigits { .. });
        for action in self.queue.iter().filter(|a| is_digits(a)) {
            Self::done(action.id, Outcome::Failed(Failure::Cancelled), events);
        }
        self.queue.retain(|a| !is_digits(a));
        if !matches!(self.job, Job::Send { .. }) {
            return Self::done(id, Outcome::Ok, events);
        }
        self.end_action(Outcome::Failed(Failure::Cancelled), events);
        self.action = Some(id);
        self.job = Job::CutDigits;
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
    fn recover_for(&mut self, release: Option<ActionId>, now: Time, events: &mut EventQueue) {
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
                let command = if self.profile.tones { self.profile.off_hook } else { self.profile.off_hook_other };
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

    /// Sets the registers that dialling goes by, where they differ from what they are.
    fn dial_settings(&mut self, now: Time, events: &mut EventQueue) {
        let call = &mut self.call;
        let pause = milliseconds(call.pause).div_ceil(1000).clamp(1, 255);
        let digit = milliseconds(call.digit).clamp(S11.0, S11.1);
        let mut command = Command::new();
        put(&mut command, b"AT");
        if call.steps.as_slice().contains(&DialStep::Pause) && call.s8 != Some(pause) {
            put(&mut command, b"S8=");
            put_number(&mut command, pause);
            call.s8 = Some(pause);
        }
        if call.s11.unwrap_or(S11_DEFAULT).abs_diff(digit) > 10 {
            put(&mut command, b"S11=");
            put_number(&mut command, digit);
            call.s11 = Some(digit);
        }
        if command.len() > 2 {
            self.job = Job::Dial(Dial::Settings);
            self.ask(&command, now, events);
        } else {
            self.dial_piece(now, events);
        }
    }

    fn dial_piece(&mut self, now: Time, events: &mut EventQueue) {
        let voice = self.caps.contains(Caps::VOICE);
        let mut command = Command::new();
        let call = &mut self.call;
        let first = call.at == 0;
        let stay = voice || call.partial;
        let next = dial::command(&call.steps, call.at, call.fresh, &mut call.mode, stay, &mut command);
        call.fresh = false;
        let last = next >= call.steps.as_slice().len();
        let length = dial::duration(&call.steps, DigitMode::Dtmf, call.digit, call.gap, call.pause);
        let limit = DIAL_LIMIT + length;
        self.job = Job::Dial(Dial::Piece { next, last });
        self.send(&command, Kind::Go, limit, now, events);
        let at = self.chat.flight.map_or(now, |f| f.at);
        if first {
            self.call.announce_at = Some(at + TAKEN);
        }
        if last && !stay {
            self.call.dialed_at = Some(at + TAKEN + DIAL_TONE + length);
        }
    }

    /// The modem has taken the dial command.
    fn announce(&mut self, events: &mut EventQueue) {
        self.call.announce_at = None;
        if !self.call.announced {
            self.call.announced = true;
            self.now_off_hook(events);
            events.push(LineEvent::Dialing);
        }
    }

    /// The digits are out.
    fn dialed(&mut self, events: &mut EventQueue) {
        self.announce(events);
        self.call.dialed_at = None;
        self.call.dialled |= !self.call.partial;
        if self.action.is_some() {
            events.push(LineEvent::Dialed);
            self.end_action(Outcome::Ok, events);
        }
    }

    fn dial_step(&mut self, step: Dial, reply: Reply, now: Time, events: &mut EventQueue) {
        if self.call.glare {
            return self.abandon(Failure::Glare, now, events);
        }
        if reply == Reply::Timeout {
            return self.unanswered(now, events);
        }
        match step {
            Dial::Enter if reply.is_ok() => {
                self.voice_class = true;
                self.dial_settings(now, events);
            }
            Dial::Enter => self.abandon(Failure::Refused, now, events),
            // Registers are a wish: a modem without them dials as it can.
            Dial::Settings => self.dial_piece(now, events),
            Dial::Piece { .. } | Dial::Waiting => {
                let Reply::Code(code) = reply else { return };
                self.dial_result(step, code, now, events);
            }
        }
    }

    fn dial_result(&mut self, step: Dial, code: ResultCode, now: Time, events: &mut EventQueue) {
        let stays = self.caps.contains(Caps::VOICE) || self.call.partial;
        match (step, code) {
            (Dial::Piece { next, last: false }, ResultCode::Ok | ResultCode::VoiceConnect) => {
                self.announce(events);
                self.call.at = next;
                self.dial_piece(now, events);
            }
            (Dial::Piece { .. }, ResultCode::Ok | ResultCode::VoiceConnect) if stays => {
                self.dialed(events);
                if code == ResultCode::VoiceConnect && self.profile.vcon_is_answer {
                    self.answered(AnswerWitness::ResultCode, events);
                }
                self.end_job(now, events);
            }
            (_, ResultCode::Connect(rate)) => {
                self.dialed(events);
                self.online = true;
                self.answered(AnswerWitness::Carrier(rate.unwrap_or(0)), events);
                self.end_job(now, events);
            }
            (_, ResultCode::Busy) => self.dial_failed(Some(ReleaseWitness::Busy), Failure::Released, now, events),
            (_, ResultCode::NoAnswer) => {
                self.dial_failed(Some(ReleaseWitness::NoAnswer), Failure::Released, now, events)
            }
            (_, ResultCode::Delayed) => self.dial_failed(Some(ReleaseWitness::Delayed), Failure::Released, now, events),
            (_, ResultCode::Blacklisted) => {
                self.dial_failed(Some(ReleaseWitness::Blacklisted), Failure::Released, now, events);
            }
            (_, ResultCode::NoDialTone) => self.dial_failed(None, Failure::NoDialTone, now, events),
            (_, ResultCode::Error | ResultCode::LineInUse | ResultCode::DigitalLine) => {
                self.dial_failed(None, Failure::Refused, now, events);
            }
            _ => self.dial_failed(Some(ReleaseWitness::ResultCode), Failure::Released, now, events),
        }
    }

    fn dial_failed(&mut self, witness: Option<ReleaseWitness>, failure: Failure, now: Time, events: &mut EventQueue) {
        // After the action is over only an event can tell.
        let witness = witness.or(self.action.is_none().then_some(ReleaseWitness::ResultCode));
        if let Some(witness) = witness {
            events.push(LineEvent::Released(witness));
        }
        self.abandon(failure, now, events);
    }

    /// The far end of a dialled call answered: told once.
    pub(super) fn answered(&mut self, witness: AnswerWitness, events: &mut EventQueue) {
        if self.off_hook && !self.call.answered {
            self.call.answered = true;
            self.hear.forget_ringback();
            events.push(LineEvent::Answered(witness));
        }
    }

    /// A ring while the line is being taken: the exchange was first.
    pub(super) fn glare(&mut self, now: Time, events: &mut EventQueue) {
        if self.call.glare {
            return;
        }
        self.call.glare = true;
        if !self.abort(now) {
            self.abandon(Failure::Glare, now, events);
        }
    }

    /// Whether a ring now would be a collision: the line is being taken and nothing says yet that we have it.
    pub(super) fn is_taking_line(&self) -> bool {
        match self.job {
            Job::Seize { .. } | Job::Dial(Dial::Enter | Dial::Settings) => !self.off_hook,
            // Off hook and not announced: off hook since before the dial command.
            Job::Dial(Dial::Piece { .. }) => {
                self.call.at == 0 && self.action.is_some() && self.off_hook == self.call.announced
            }
            _ => false,
        }
    }

    /// Whether a call of ours is being made or was made.
    pub(super) fn is_calling(&self) -> bool {
        self.call.dialled || matches!(self.job, Job::Dial(Dial::Piece { .. } | Dial::Waiting))
    }

    /// Hangs up and makes the modem ready for the next call; for a `Release`, or to tidy up.
    pub(super) fn hang_up(&mut self, action: Option<ActionId>, now: Time, events: &mut EventQueue) {
        self.drop_flight();
        self.action = action;
        self.untidy = false;
        self.call.forget_job();
        if !self.online {
            self.job = Job::HangUp(HangUp::OnHook);
            return self.send(b"ATH", Kind::HangUp, HOOK_LIMIT, now, events);
        }
        if self.port.carrier().is_some() {
            self.port.set_dtr(false);
            self.job = Job::HangUp(HangUp::DtrLow);
            self.wait_until(now + DTR_LOW);
        } else {
            self.job = Job::HangUp(HangUp::Guard);
            self.wait_until(now + GUARD);
        }
    }

    fn hang_up_step(&mut self, step: HangUp, reply: Reply, now: Time, events: &mut EventQueue) {
        if reply == Reply::Timeout {
            let action = self.action.take();
            return self.recover_for(action, now, events);
        }
        match step {
            HangUp::Guard => {
                self.put_bytes(b"+++");
                self.flush(now, events);
                self.job = Job::HangUp(HangUp::Escaped);
                self.wait_until(now + GUARD);
            }
            HangUp::DtrLow | HangUp::Escaped => {
                self.port.set_dtr(true);
                self.online = false;
                self.job = Job::HangUp(HangUp::OnHook);
                self.send(b"ATH", Kind::HangUp, HOOK_LIMIT, now, events);
            }
            HangUp::OnHook if reply == Reply::Code(ResultCode::Error) && self.voice_class => {
                self.job = Job::HangUp(HangUp::OnHookOther);
                self.send(b"AT+VLS=0", Kind::HangUp, HOOK_LIMIT, now, events);
            }
            HangUp::OnHook | HangUp::OnHookOther => {
                self.now_on_hook(events);
                self.end_action(Outcome::Ok, events);
                if self.voice_class {
                    self.job = Job::HangUp(HangUp::LeaveVoice);
                    let command = self.profile.leave_voice;
                    self.ask(command.as_bytes(), now, events);
                } else {
                    self.renew_caller_id(now, events);
                }
            }
            HangUp::LeaveVoice => {
                self.voice_class = false;
                self.renew_caller_id(now, events);
            }
            HangUp::CallerId => self.end_job(now, events),
        }
    }

    fn now_on_hook(&mut self, events: &mut EventQueue) {
        self.hear.close_digit(events);
        self.hear.end_call();
        self.call.end_call();
        if self.off_hook {
            self.off_hook = false;
            // Ringing that we answered is over; a ring now is another call.
            self.ringing.reset();
            events.push(LineEvent::OnHook);
        }
    }

    /// Hanging up and changing the class make some modems forget it.
    fn renew_caller_id(&mut self, now: Time, events: &mut EventQueue) {
        let way = self.start.caller_id.and_then(|n| self.profile.caller_id.get(usize::from(n)));
        match way {
            Some((set, _)) => {
                self.job = Job::HangUp(HangUp::CallerId);
                self.ask(set.as_bytes(), now, events);
            }
            None => self.end_job(now, events),
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
