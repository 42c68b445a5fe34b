//! Protected calls where the exchange knows call waiting on and call waiting off for the whole line and nothing for one call.
//!
//! It is switched off by a code of its own before the call, on hook in between, and on again when the line is idle after
//! the call. Until the exchange has taken that it is owed, whatever becomes of the calls, the device and the host.

use super::{ServiceErrand, procedure};
use crate::errand::{Errand, error_of};
use crate::line::{Hook, Line, Shared};
use crate::procedure::Trouble;
use crate::request::Purpose;
use crate::{CallHandle, CallParamFlags, CallState};
use loopstart_signal::plan::{Fill, Plan, Service, Step, Steps, Waits};
use loopstart_signal::{Caps, Time};

/// How often switching it on again is tried in a row. A further call begins a new row.
const ATTEMPTS: u8 = 3;

/// What is known of call waiting on a line that was switched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LineSwitch {
    /// As the subscriber has it.
    #[default]
    Untouched,
    /// Switched off here; to be switched on again, so many times tried in vain.
    Off { tried: u8 },
}

/// The steps that switch call waiting off and on for the line, when a call can be protected by that and only by that.
fn steps(caps: Caps, plan: &Plan) -> Option<(Steps, Steps)> {
    let before = procedure(caps, plan, Service::SecureBefore).filter(|before| before.starts_idle())?;
    // The number is dialled as any call's is.
    let mut off = before.fill(&Fill { number: Some(""), ..Fill::default() }).ok()?;
    let at = off.iter().position(|step| *step == Step::OnHook)?;
    let call = off.split_off(at + 1);
    let waits = Waits::DIAL.union(Waits::RECALL_DIAL);
    let plain = match call.as_slice() {
        [Step::OffHook, rest @ .., Step::Dial(digits)] => {
            digits.is_empty() && rest.iter().all(|step| matches!(step, Step::Wait(w) if waits.contains(*w)))
        }
        _ => false,
    };
    let on = procedure(caps, plan, Service::WaitingOn).filter(|on| on.starts_idle())?.fill(&Fill::default()).ok()?;
    plain.then_some((off, on))
}

/// Whether calls with these flags need the line switched before.
pub(crate) fn needs_switch(flags: CallParamFlags, caps: Caps, plan: &Plan) -> bool {
    flags.contains(CallParamFlags::SECURE) && steps(caps, plan).is_some()
}

impl Line {
    /// Has a call that is being made wait until the exchange has switched call waiting off. False: there is nothing to
    /// wait for.
    pub(crate) fn protect_before(&mut self, sh: &mut Shared, h: CallHandle, now: Time) -> bool {
        if self.services.line_switch != LineSwitch::Untouched {
            return false;
        }
        let Some((off, _)) = steps(self.caps, &self.description.plan) else { return false };
        self.when_idle(sh, ServiceErrand::SwitchOff { call: h }, off, now);
        true
    }

    /// The code that switches it off is out, and the line on hook again.
    pub(super) fn switched_off(&mut self, sh: &mut Shared, h: CallHandle, result: Result<(), Trouble>) {
        if result.is_ok() {
            self.services.line_switch = LineSwitch::Off { tried: 0 };
        }
        // Closed or dropped meanwhile: it is on hook, or is hung up.
        let Some(call) = sh.call(h).filter(|call| call.state.is_none()) else { return };
        if call.drop_awaits {
            return;
        }
        match result {
            Ok(()) => {
                self.current = Some(h);
                self.off_seen = false;
            }
            Err(trouble) => {
                sh.complete_all(h, |purpose| purpose != Purpose::Drop, Err(error_of(trouble)));
                if let Some(call) = sh.call_mut(h) {
                    call.state = Some(CallState::Idle);
                    call.queue.clear();
                }
            }
        }
    }

    /// Switches call waiting on again, if that is owed and the line is idle.
    pub(super) fn switch_on_again(&mut self, sh: &mut Shared, now: Time) {
        let LineSwitch::Off { tried } = self.services.line_switch else { return };
        if tried >= ATTEMPTS
            || !self.is_free()
            || self.is_releasing()
            || self.parties.ring_back.is_some()
            || self.hook == Hook::Off
        {
            return;
        }
        // Where the device that is there now cannot, another may.
        if let Some((_, on)) = steps(self.caps, &self.description.plan) {
            self.begin_procedure(sh, Errand::Service(ServiceErrand::SwitchOn), on, now);
        }
    }

    pub(super) fn switched_on(&mut self, result: Result<(), Trouble>) {
        let LineSwitch::Off { tried } = self.services.line_switch else { return };
        self.services.line_switch =
            if result.is_ok() { LineSwitch::Untouched } else { LineSwitch::Off { tried: tried.saturating_add(1) } };
    }

    /// A call is over: what is owed is tried anew.
    pub(crate) fn owe_again(&mut self) {
        if let LineSwitch::Off { tried } = &mut self.services.line_switch {
            *tried = 0;
        }
    }
}
