//! Digits and flashes during a call: tone commands of the voice class, or dial commands.

use super::call::{HOOK_LIMIT, Job, milliseconds};
use super::chat::{Kind, Reply};
use super::dial::{self, Command, put, put_number};
use super::{EventQueue, Port, VoiceModem};
use loopstart_signal::at::ResultCode;
use loopstart_signal::{Caps, DialStep, DigitMode, Failure, LineEvent, Outcome, ReleaseWitness, Time};
use std::time::Duration;

/// Longest line, with its `AT`.
const LINE: usize = 42;

impl<P: Port> VoiceModem<P> {
    pub(super) fn send_digits(&mut self, now: Time, events: &mut EventQueue) {
        let mut command = Command::new();
        let call = &mut self.call;
        let steps = call.steps.as_slice();
        let mut pauses = 0;
        while steps.get(call.at) == Some(&DialStep::Pause) {
            call.at += 1;
            pauses += 1;
        }
        let hold = call.pause * pauses;
        if call.at >= steps.len() {
            self.job = Job::None;
            return self.finish(Outcome::Ok, now, events);
        }
        let run = steps.iter().skip(call.at).map_while(|s| dial::digit(*s));
        let mut taken = 0;
        if call.mode == DigitMode::Pulse {
            put(&mut command, b"ATX3DP");
            for d in run.take(30) {
                put(&mut command, &[d]);
                taken += 1;
            }
            put(&mut command, b";");
        } else {
            put(&mut command, b"AT+VTS=");
            let length = (milliseconds(call.digit) / 10).clamp(1, 255);
            let gap = (milliseconds(call.gap) / 10).clamp(1, 255);
            for d in run {
                let mut item = Command::new();
                if taken > 0 {
                    put(&mut item, b",[,,");
                    put_number(&mut item, gap);
                    put(&mut item, b"],");
                }
                if call.tone_form < 2 {
                    put(&mut item, &[b'{', d, b',']);
                    put_number(&mut item, length);
                    put(&mut item, b"}");
                } else {
                    put(&mut item, &[d]);
                }
                if taken > 0 && (call.tone_form > 0 || command.len() + item.len() > LINE) {
                    break;
                }
                put(&mut command, &item);
                taken += 1;
            }
        }
        let next = call.at + taken;
        let kind = if call.mode == DigitMode::Pulse { Kind::Go } else { Kind::Plain };
        let each = if call.mode == DigitMode::Pulse { Duration::from_secs(2) } else { call.digit + call.gap };
        let limit = HOOK_LIMIT + each * u32::try_from(taken).unwrap_or(u32::MAX);
        if pauses > 0 {
            self.hold_until(now + hold);
        }
        self.job = Job::Send { next };
        self.send(&command, kind, limit, now, events);
    }

    pub(super) fn send_step(&mut self, next: usize, reply: Reply, now: Time, events: &mut EventQueue) {
        match reply {
            Reply::Timeout => self.unanswered(now, events),
            Reply::Code(ResultCode::Ok | ResultCode::VoiceConnect) => {
                self.call.at = next;
                self.hear.forget_tone();
                self.hold_until(now + self.call.gap);
                self.send_digits(now, events);
            }
            Reply::Code(ResultCode::Error) if self.call.mode == DigitMode::Dtmf && self.call.tone_form < 2 => {
                self.call.tone_form += 1;
                self.send_digits(now, events);
            }
            Reply::Code(ResultCode::Error) | Reply::Waited => {
                self.finish(Outcome::Failed(Failure::Refused), now, events);
            }
            Reply::Code(_) => {
                events.push(LineEvent::Released(ReleaseWitness::ResultCode));
                self.abandon(Failure::Released, now, events);
            }
        }
    }

    pub(super) fn flash(&mut self, now: Time, events: &mut EventQueue) {
        let by_dial = self.call.flash_by_dial || !self.caps.contains(Caps::SENDS_DTMF);
        self.job = Job::Flash { by_dial };
        self.hear.own_loop_break(now);
        self.hear.forget_tone();
        if by_dial {
            self.send(b"ATX3D!;", Kind::Go, HOOK_LIMIT * 2, now, events);
        } else {
            self.send(b"AT+VTS=!", Kind::Plain, HOOK_LIMIT, now, events);
        }
    }

    pub(super) fn flash_step(&mut self, by_dial: bool, reply: Reply, now: Time, events: &mut EventQueue) {
        self.hear.own_loop_break(now);
        match reply {
            Reply::Timeout => self.unanswered(now, events),
            Reply::Code(ResultCode::Ok | ResultCode::VoiceConnect) => {
                // The exchange gives dial tone again, and what is heard says nothing of the call before.
                self.call.fresh = true;
                (self.call.dialled, self.call.answered) = (false, false);
                self.finish(Outcome::Ok, now, events);
            }
            Reply::Code(ResultCode::Error) if !by_dial => {
                self.call.flash_by_dial = true;
                self.flash(now, events);
            }
            Reply::Code(ResultCode::Error) | Reply::Waited => {
                self.finish(Outcome::Failed(Failure::Refused), now, events);
            }
            Reply::Code(_) => {
                events.push(LineEvent::Released(ReleaseWitness::ResultCode));
                self.abandon(Failure::Released, now, events);
            }
        }
    }
}
