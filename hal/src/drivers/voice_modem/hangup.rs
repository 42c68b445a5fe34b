//! Hanging up, and making the modem ready for the next call.

use super::call::{HOOK_LIMIT, HangUp, Job};
use super::chat::{Kind, Reply};
use super::ladder::{DTR_LOW, GUARD};
use super::{EventQueue, Port, VoiceModem};
use loopstart_signal::at::ResultCode;
use loopstart_signal::{ActionId, LineEvent, MediaOrder, Outcome, Time};

impl<P: Port> VoiceModem<P> {
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
        if self.port.has_lines() {
            self.port.set_dtr(false);
            self.job = Job::HangUp(HangUp::DtrLow);
            self.wait_until(now + DTR_LOW);
        } else {
            self.job = Job::HangUp(HangUp::Guard);
            self.wait_until(now + GUARD);
        }
    }

    pub(super) fn hang_up_step(&mut self, step: HangUp, reply: Reply, now: Time, events: &mut EventQueue) {
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

    pub(super) fn now_on_hook(&mut self, events: &mut EventQueue) {
        self.hear.close_digit(events);
        self.end_hearing();
        self.stream.end_call();
        self.streams.order(MediaOrder::Run);
        self.call.end_call();
        if self.off_hook {
            self.off_hook = false;
            // Ringing that we answered is over; a ring now is another call.
            self.ringing.reset();
            events.push(LineEvent::OnHook);
        }
    }

    /// Hanging up and changing the class make some modems forget it.
    pub(super) fn renew_caller_id(&mut self, now: Time, events: &mut EventQueue) {
        let way = self.start.caller_id.and_then(|n| self.profile.caller_id.get(usize::from(n)));
        match way {
            Some((set, _)) => {
                self.job = Job::HangUp(HangUp::CallerId);
                self.ask(set.as_bytes(), now, events);
            }
            None => self.end_job(now, events),
        }
    }
}
