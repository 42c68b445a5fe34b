//! The device of a line comes, goes, and comes back.

use crate::call::Witness;
use crate::caps::line_state;
use crate::incoming::Ringing;
use crate::line::{Hook, Line, Service, Shared};
use crate::timers::{REMOVE_PATIENCE, Timer};
use crate::{DisconnectMode, LineErr, LineState, Notification};
use loopstart_signal::{Caps, Loss, Time};

impl Line {
    pub(super) fn back(&mut self, sh: &mut Shared, caps: Caps, now: Time) {
        if self.service == Service::Gone {
            return;
        }
        let was = core::mem::replace(&mut self.service, Service::Ready);
        let old = core::mem::replace(&mut self.caps, caps);
        if was != Service::Ready {
            self.reversed = false;
            self.tell_line(sh, line_state::IN_SERVICE, LineState::InService);
        }
        if old != caps {
            self.tell_line(sh, line_state::CAPS_CHANGE, LineState::CapsChange);
        }
        if core::mem::take(&mut self.hook_unsure) {
            self.hook = Hook::Off;
            self.release(sh, now);
        }
    }

    pub(super) fn lost(&mut self, sh: &mut Shared, loss: Loss, now: Time) {
        if self.service == Service::Gone {
            return;
        }
        let was = self.service;
        self.service = if loss == Loss::Gone { Service::Gone } else { Service::Lost };
        if was != Service::Lost {
            self.tell_line(sh, line_state::OUT_OF_SERVICE, LineState::OutOfService);
        }
        self.hook_unsure |= self.hook == Hook::Off;
        self.hook = Hook::On;
        self.end_line_requests(sh, LineErr::RESOURCEUNAVAIL);
        self.lose_parties(sh, now);
        self.action = None;
        self.release = None;
        self.ringing = Ringing::default();
        self.caller = None;
        if let Some(h) = self.current {
            let unborn = sh.call(h).is_none_or(|c| !c.announced && !c.is_incoming());
            sh.complete_all(h, |_| true, Err(LineErr::RESOURCEUNAVAIL));
            if unborn {
                self.fail_unborn(sh, h, LineErr::RESOURCEUNAVAIL, now);
            } else if self.offer == Some(h) {
                self.abandon(sh, h, DisconnectMode::Unknown);
            } else {
                self.witness(sh, h, Witness::Broken, now);
            }
        }
        self.digits.reset();
        self.lose_media(sh);
        self.timers.stop_all();
        self.lose_services();
        if self.service == Service::Gone {
            self.tell_close(sh);
        }
    }

    /// The device was removed for good.
    pub(crate) fn remove(&mut self, sh: &mut Shared, now: Time) {
        self.lost(sh, Loss::Gone, now);
        self.removed = true;
        if self.open.is_some() {
            self.timers.start(Timer::Remove, now + REMOVE_PATIENCE);
        } else {
            self.tell_removed(sh);
        }
        self.settle(sh, now);
    }

    pub(super) fn tell_close(&mut self, sh: &mut Shared) {
        // What changed before must be told before.
        if self.counted != self.counted_told {
            self.tell_counts(sh);
        }
        if let Some(open) = &self.open
            && !self.close_told
        {
            sh.notify(Notification::Close { host_line: open.host, line: open.handle });
            self.close_told = true;
        }
    }

    pub(super) fn tell_removed(&mut self, sh: &mut Shared) {
        if !self.remove_told {
            self.remove_told = true;
            sh.notify(Notification::Remove { device: self.id() });
        }
    }

    pub(super) fn cable(&mut self, sh: &mut Shared, present: bool) {
        if self.battery == present {
            return;
        }
        self.battery = present;
        if present {
            self.tell_line(sh, line_state::CONNECTED, LineState::Connected);
        } else {
            self.tell_line(sh, line_state::DISCONNECTED, LineState::Disconnected);
        }
    }
}
