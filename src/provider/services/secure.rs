//! Calls that are not to be disturbed, calls without the caller's number, and the bare flash.

use super::ServiceErrand;
use crate::dial::Dialable;
use crate::errand::{Asked, Errand};
use crate::line::{Hook, Line, Shared};
use crate::request::Purpose;
use crate::{CallFeatures, CallHandle, CallInfoChange, CallParamFlags, LineErr, RequestId, dial};
use alloc::vec;
use alloc::vec::Vec;
use loopstart_signal::plan::{Blank, Piece, Plan, Service, Step, Waits};
use loopstart_signal::{Caps, DialStep, DialSteps, Time};

/// What is dialled before and after a number.
type Around = (Vec<DialStep>, Vec<DialStep>);

/// The flags of a call that become codes before its number, in the order in which they are dialled.
const CODES: [(CallParamFlags, Service); 2] =
    [(CallParamFlags::BLOCK_ID, Service::WithholdNumber), (CallParamFlags::SECURE, Service::SecureBefore)];

/// The procedure as codes around a number: when it is nothing but digits and waits for dial tone.
fn around(caps: Caps, plan: &Plan, service: Service) -> Option<Around> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut number = false;
    for step in super::procedure(caps, plan, service)?.steps() {
        match step {
            Step::Dial(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Digits(digits) => {
                            let side = if number { &mut after } else { &mut before };
                            for c in digits.chars() {
                                side.push(DialStep::Digit(dial::digit(c)?));
                            }
                        }
                        Piece::Blank(Blank::Number) if !number => number = true,
                        Piece::Blank(_) => return None,
                    }
                }
            }
            Step::Wait(waits) if !number && Waits::DIAL.union(Waits::RECALL_DIAL).contains(*waits) => {
                before.push(if caps.contains(Caps::WAIT_DIAL_TONE) { DialStep::WaitDialTone } else { DialStep::Pause });
            }
            Step::Pause(_) if !number => before.push(DialStep::Pause),
            _ => return None,
        }
    }
    number.then_some((before, after))
}

/// Whether calls can be made with this flag.
pub(crate) fn can_prefix(caps: Caps, plan: &Plan, flag: CallParamFlags) -> bool {
    CODES.iter().any(|(known, service)| *known == flag && around(caps, plan, *service).is_some())
        || super::needs_switch(flag, caps, plan)
}

/// Refuses flags for which the plan has no code that the device can dial.
///
/// # Errors
/// `OPERATIONUNAVAIL`.
pub(crate) fn check_codes(flags: CallParamFlags, caps: Caps, plan: &Plan) -> Result<(), LineErr> {
    let missing = |(flag, _): &(CallParamFlags, Service)| flags.contains(*flag) && !can_prefix(caps, plan, *flag);
    if CODES.iter().any(missing) { Err(LineErr::OPERATIONUNAVAIL) } else { Ok(()) }
}

/// An address with the codes of these flags around it: first the one that withholds the number, then the one against
/// call waiting. Without an address the codes are dialled, and the number is awaited.
///
/// # Errors
/// `OPERATIONUNAVAIL` when the plan or the device has no such codes, or when they do not fit around a partial address;
/// `INVALADDRESS` when all together is too long.
pub(crate) fn prefixed(
    dialable: Option<Dialable>,
    flags: CallParamFlags,
    caps: Caps,
    plan: &Plan,
) -> Result<Option<Dialable>, LineErr> {
    let wanted = CODES.iter().filter(|(flag, _)| flags.contains(*flag));
    let codes = wanted.map(|(_, service)| around(caps, plan, *service)).collect::<Option<Vec<_>>>();
    let codes = codes.ok_or(LineErr::OPERATIONUNAVAIL)?;
    if codes.is_empty() {
        return Ok(dialable);
    }
    let given = dialable.filter(|d| !d.is_blank() || d.partial);
    let number = given.map_or(DialSteps::new(), |d| d.steps);
    let partial = given.is_none_or(|d| d.partial);
    if partial && (!caps.contains(Caps::DIAL_PARTIAL) || codes.iter().any(|(_, after)| !after.is_empty())) {
        return Err(LineErr::OPERATIONUNAVAIL);
    }
    let before = codes.iter().flat_map(|(before, _)| before);
    let after = codes.iter().rev().flat_map(|(_, after)| after);
    let mut steps = DialSteps::new();
    for step in before.chain(number.as_slice()).chain(after) {
        if !steps.push(*step) {
            return Err(LineErr::INVALADDRESS);
        }
    }
    Ok(Some(Dialable { steps, partial }))
}

impl Line {
    /// Protects a call from call waiting to its end.
    pub(super) fn secure_call(
        &mut self,
        sh: &mut Shared,
        request: RequestId,
        h: CallHandle,
        now: Time,
    ) -> Result<(), LineErr> {
        self.demand_service(sh, h, CallFeatures::SECURE_CALL)?;
        if sh.call(h).is_some_and(|c| c.flags.contains(CallParamFlags::SECURE)) {
            sh.complete(h, request, Ok(()));
            return Ok(());
        }
        let procedure = self.service_procedure(Service::SecureDuring).ok_or(LineErr::OPERATIONUNAVAIL)?;
        let mut steps = procedure.fill(&Default::default()).map_err(|_| LineErr::OPERATIONUNAVAIL)?;
        // Some exchanges return to the call by themselves, others by the last flash: that is a step of its own, after
        // which it is heard whether the party is there.
        let back = steps.len() > 1 && steps.last() == Some(&Step::Flash);
        if back {
            steps.pop();
        }
        let asked = Self::ask_of_call(sh, h, request)?;
        self.begin_procedure(sh, Errand::Service(ServiceErrand::Secure { asked, call: h, back }), steps, now);
        Ok(())
    }

    pub(super) fn secured(
        &mut self,
        sh: &mut Shared,
        (asked, told): (Asked, Result<(), LineErr>),
        h: CallHandle,
        back: bool,
        flashed: bool,
        now: Time,
    ) {
        if told.is_ok() && back && self.current == Some(h) && self.hook == Hook::Off {
            // Done when the party is there again.
            return self.begin_procedure(sh, Errand::Secured { asked, call: h }, vec![Step::Flash], now);
        }
        self.completed(sh, asked, told);
        if told.is_ok() {
            self.mark_secure(sh, h);
        } else if flashed {
            self.restore_after(sh, h, now);
        }
    }

    /// The exchange protects this call.
    pub(crate) fn mark_secure(&mut self, sh: &mut Shared, h: CallHandle) {
        if let Some(call) = sh.call_mut(h) {
            call.flags |= CallParamFlags::SECURE;
            let message = call.info_message(h, CallInfoChange::OTHER);
            sh.notify(message);
        }
    }

    /// One flash during a call; what the exchange makes of it is the host's business.
    pub(super) fn flash_hook(&mut self, sh: &mut Shared, request: RequestId, now: Time) -> Result<(), LineErr> {
        self.ready()?;
        if !self.caps.contains(Caps::FLASH) {
            return Err(LineErr::OPERATIONUNAVAIL);
        }
        let talks = |h: &CallHandle| {
            self.talks(sh, *h) && sh.call(*h).is_some_and(|c| !c.requests.has(Purpose::Drop) && !c.is_passed_through())
        };
        let h = self.current.filter(talks).filter(|_| self.is_quiet()).ok_or(LineErr::INVALCALLSTATE)?;
        let asked = Self::ask_of_call(sh, h, request)?;
        let errand = Errand::Service(ServiceErrand::Plain { asked });
        self.begin_procedure(sh, errand, vec![Step::Flash], now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::sync::Arc;
    use loopstart_signal::plan::Subscribed;

    fn dialled(plan: &str, flags: CallParamFlags, number: &str, caps: Caps) -> Result<String, LineErr> {
        let plan: Arc<Plan> = Plan::subscribed(plan, Subscribed::all()).unwrap();
        let given = dial::parse(number, caps)?;
        let got = prefixed(Some(given), flags, caps, &plan)?.unwrap();
        let word = |step: &DialStep| match step {
            DialStep::Digit(b) => char::from(*b),
            DialStep::WaitDialTone => 'W',
            DialStep::Pause => ',',
            _ => '?',
        };
        let mut text: String = got.steps.as_slice().iter().map(word).collect();
        if got.partial {
            text.push(';');
        }
        Ok(text)
    }

    #[test]
    fn codes_go_before_the_number() {
        let (secure, block) = (CallParamFlags::SECURE, CallParamFlags::BLOCK_ID);
        let all = Caps::all();
        assert_eq!(dialled("nanp", secure, "5551234", all).as_deref(), Ok("*70W5551234"));
        assert_eq!(dialled("nanp", block, "5551234", all).as_deref(), Ok("*67W5551234"));
        assert_eq!(dialled("nanp", secure | block, "5551234", all).as_deref(), Ok("*67W*70W5551234"));
        assert_eq!(dialled("nanp", secure, "5551234", all - Caps::WAIT_DIAL_TONE).as_deref(), Ok("*70,5551234"));
        assert_eq!(dialled("nanp", secure, "555;", all).as_deref(), Ok("*70W555;"));
        assert_eq!(dialled("nanp", secure, "", all).as_deref(), Ok("*70W;"));
        assert_eq!(dialled("gb", block, "5551234", all).as_deref(), Ok("1415551234"));
        assert_eq!(dialled("nanp", CallParamFlags::IDLE, "5551234", all).as_deref(), Ok("5551234"));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let all = Caps::all();
        let unavailable = Err(LineErr::OPERATIONUNAVAIL);
        assert_eq!(dialled("plain", CallParamFlags::SECURE, "5551234", all), unavailable);
        // A switch of the whole line, on hook in between.
        assert_eq!(dialled("etsi", CallParamFlags::SECURE, "5551234", all), unavailable);
        // Pulses have no star.
        assert_eq!(dialled("nanp", CallParamFlags::SECURE, "5551234", all - Caps::DIAL_DTMF), unavailable);
        assert_eq!(dialled("nanp", CallParamFlags::SECURE, "", all - Caps::DIAL_PARTIAL), unavailable);
    }
}
