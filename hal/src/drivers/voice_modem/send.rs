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
            let tones = &self.profile.tones;
            put(&mut command, tones.command.as_bytes());
            let unit = u32::from(tones.unit_ms.max(1));
            let length = (milliseconds(call.digit) / unit).clamp(1, 255);
            let gap = (milliseconds(call.gap) / unit).clamp(1, 255);
            for d in run {
                let mut item = Command::new();
                if taken > 0 {
                    put(&mut item, b",[,,");
                    put_number(&mut item, gap);
                    put(&mut item, b"],");
                }
                if let (true, Some((low, high))) = (tones.pairs, frequencies(d)) {
                    put(&mut item, b"[");
                    put_number(&mut item, low);
                    put(&mut item, b",");
                    put_number(&mut item, high);
                    put(&mut item, b",");
                    put_number(&mut item, length);
                    put(&mut item, b"]");
                } else if call.tone_form < 2 {
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
            Reply::Code(ResultCode::Error) if self.can_be_simpler() => {
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

    /// Whether digits were refused that can be asked for in a simpler form.
    fn can_be_simpler(&self) -> bool {
        self.call.mode == DigitMode::Dtmf && self.call.tone_form < if self.profile.tones.pairs { 1 } else { 2 }
    }

    pub(super) fn flash(&mut self, now: Time, events: &mut EventQueue) {
        let tones = &self.profile.tones;
        let by_dial = self.call.flash_by_dial || !tones.flash || !self.caps.contains(Caps::SENDS_DTMF);
        self.job = Job::Flash { by_dial };
        self.hear.own_loop_break(now);
        self.hear.forget_tone();
        if by_dial {
            self.send(b"ATX3D!;", Kind::Go, HOOK_LIMIT * 2, now, events);
        } else {
            let mut command = Command::new();
            put(&mut command, tones.command.as_bytes());
            put(&mut command, b"!");
            self.send(&command, Kind::Plain, HOOK_LIMIT, now, events);
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

/// The two frequencies of a digit, in Hz (ITU-T Q.23).
fn frequencies(digit: u8) -> Option<(u32, u32)> {
    let at = b"123A456B789C*0#D".iter().position(|d| *d == digit)?;
    Some((*[697, 770, 852, 941].get(at / 4)?, *[1_209, 1_336, 1_477, 1_633].get(at % 4)?))
}
