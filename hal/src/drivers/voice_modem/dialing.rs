//! Dialling: registers, dial commands piece by piece, and their results.

use super::call::{DIAL_LIMIT, Dial, Job, TAKEN, milliseconds};
use super::chat::{Kind, Reply};
use super::dial::{self, Command, put, put_number};
use super::{EventQueue, Port, VoiceModem};
use loopstart_signal::at::ResultCode;
use loopstart_signal::{AnswerWitness, Caps, DialStep, DigitMode, Failure, LineEvent, Outcome, ReleaseWitness, Time};
use std::time::Duration;

/// A modem waits this long for dial tone, or before it dials blindly (S6).
const DIAL_TONE: Duration = Duration::from_millis(1_500);
/// The range of S11, ms, and the length of a digit where it was not set.
const S11: (u32, u32) = (50, 255);
const S11_DEFAULT: u32 = 95;

impl<P: Port> VoiceModem<P> {
    /// Sets the registers that dialling goes by, where they differ from what they are.
    pub(super) fn dial_settings(&mut self, now: Time, events: &mut EventQueue) {
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

    pub(super) fn dial_piece(&mut self, now: Time, events: &mut EventQueue) {
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
    pub(super) fn announce(&mut self, events: &mut EventQueue) {
        self.call.announce_at = None;
        if !self.call.announced {
            self.call.announced = true;
            self.now_off_hook(events);
            events.push(LineEvent::Dialing);
        }
    }

    /// The digits are out.
    pub(super) fn dialed(&mut self, events: &mut EventQueue) {
        self.announce(events);
        self.call.dialed_at = None;
        self.call.dialled |= !self.call.partial;
        if self.action.is_some() {
            events.push(LineEvent::Dialed);
            self.end_action(Outcome::Ok, events);
        }
    }

    pub(super) fn dial_step(&mut self, step: Dial, reply: Reply, now: Time, events: &mut EventQueue) {
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

    pub(super) fn dial_result(&mut self, step: Dial, code: ResultCode, now: Time, events: &mut EventQueue) {
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

    pub(super) fn dial_failed(
        &mut self,
        witness: Option<ReleaseWitness>,
        failure: Failure,
        now: Time,
        events: &mut EventQueue,
    ) {
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
}
