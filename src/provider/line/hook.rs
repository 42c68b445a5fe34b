//! The hook of a line: going on hook, and what the device says about it.

use crate::line::{Hook, Line, Release, Service, Shared};
use crate::request::Purpose;
use crate::timers::{ACTION_WATCH, HOOK_GUARD, SETTLE, Timer};
use crate::{CallHandle, CallState, LineErr};
use loopstart_signal::{ActionKind, Failure, Time};

/// How often a Release that nobody waits for is tried.
const RELEASE_ATTEMPTS: u32 = 3;

impl Line {
    /// Goes on hook. Nothing else is done with the device until it is.
    pub(crate) fn release(&mut self, sh: &mut Shared, now: Time) {
        if self.release.is_some() || self.service != Service::Ready {
            return;
        }
        self.action = None;
        self.timers.stop(Timer::CallAction);
        self.forget_digits(sh, now);
        self.expect_ring_back(sh);
        self.send_release(sh, 1, now);
    }

    pub(super) fn send_release(&mut self, sh: &mut Shared, attempt: u32, now: Time) {
        let id = sh.act(self.id(), ActionKind::Release);
        self.release = Some(Release { id, attempt, down: false });
        self.timers.start(Timer::Release, now + ACTION_WATCH);
    }

    /// The line is on hook.
    pub(super) fn line_down(&mut self, sh: &mut Shared, now: Time) {
        self.on_hook(now);
        self.parties_down(sh, now);
        if let Some(release) = &mut self.release {
            release.down = true;
        }
        if let Some(h) = self.current
            && sh.call(h).is_some_and(|c| c.requests.has(Purpose::Drop))
        {
            self.finish_drop(sh, h, now);
        }
    }

    pub(crate) fn on_hook(&mut self, now: Time) {
        if self.hook == Hook::Off {
            self.guard_until = now + HOOK_GUARD;
        }
        self.hook = Hook::On;
        self.off_seen = false;
    }

    pub(super) fn release_failed(&mut self, sh: &mut Shared, failure: Failure, now: Time) {
        let Some(release) = self.release.take() else { return };
        self.timers.stop(Timer::Release);
        if release.down {
            return;
        }
        if let Some(h) = self.current
            && sh.call(h).is_some_and(|c| c.requests.has(Purpose::Drop))
        {
            let error = if failure == Failure::Lost { LineErr::RESOURCEUNAVAIL } else { LineErr::OPERATIONFAILED };
            sh.complete_all(h, |_| true, Err(error));
        } else if release.attempt < RELEASE_ATTEMPTS {
            self.send_release(sh, release.attempt + 1, now);
        } else {
            self.line_down(sh, now);
        }
    }

    pub(super) fn went_on_hook(&mut self, sh: &mut Shared, now: Time) {
        if let Some(release) = self.release {
            if !release.down {
                self.line_down(sh, now);
            }
            return;
        }
        let Some(h) = self.current else {
            self.on_hook(now);
            return;
        };
        let Some(call) = sh.call(h) else { return };
        // Before the line was seen off hook this tells nothing new.
        if call.is_up() || matches!(call.state, Some(CallState::Disconnected(_))) {
            let up = call.is_up();
            self.on_hook(now);
            if up && !self.timers.runs(Timer::Settle) {
                // The device hung up by itself; the event that tells why may be on its way.
                self.timers.start(Timer::Settle, now + SETTLE);
            }
        }
    }

    /// Whether the line is off hook, or the device still busy with this call: a Release is needed to end it.
    pub(crate) fn is_engaged(&self, h: CallHandle) -> bool {
        self.hook == Hook::Off || self.action.is_some_and(|a| a.call == h)
    }

    /// When a new call may seize the line, if not now.
    pub(crate) fn guarded(&self, now: Time) -> Option<Time> {
        (self.guard_until > now).then_some(self.guard_until)
    }
}
