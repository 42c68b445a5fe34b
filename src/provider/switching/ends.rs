//! What the end of a switch procedure does to the calls.

use crate::call::Witness;
use crate::errand::{Asked, Consultation, Errand, error_of};
use crate::line::{Hook, Line, Service as Works, Shared};
use crate::procedure::Trouble;
use crate::timers::Timer;
use crate::{CallHandle, CallState, ConnectedMode, DialToneMode, LineErr};
use alloc::vec;
use loopstart_signal::plan::{Service, Step, Steps, Waits};
use loopstart_signal::{Caps, Time};

const ACTIVE: CallState = CallState::Connected(ConnectedMode::Active);

impl Line {
    /// A procedure of these ended.
    pub(crate) fn switched(
        &mut self,
        sh: &mut Shared,
        errand: Errand,
        result: Result<(), Trouble>,
        flashed: bool,
        now: Time,
    ) {
        let mut told = result.map_err(error_of);
        // A call came to wait as we flashed: the recall dial tone is for what becomes of that one.
        if self.parties.heard && matches!(errand, Errand::Hold { .. } | Errand::Consult { .. }) {
            told = told.and(Err(LineErr::CALLUNAVAIL));
        }
        match errand {
            Errand::Hold { asked, call } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.put_aside(sh, call, CallState::OnHold, now);
                    self.parties.by_waiting = false;
                    // The tone that holding ended at was the procedure's; the next call is made on it.
                    self.dial_tone = self.hook == Hook::Off
                        && self.hold_steps().is_some_and(|steps| {
                            let tones = Waits::DIAL | Waits::RECALL_DIAL;
                            matches!(steps.last(), Some(Step::Wait(waits)) if waits.intersects(tones))
                        });
                } else if flashed {
                    self.restore(sh, call, now);
                }
            }
            Errand::Retrieve { asked, held, ended, .. } if told.is_err() && self.hook == Hook::On => {
                // It was hung up for the other, and the other did not come back: nobody is there any more.
                let own = asked.is_some_and(|a| a.owner == ended);
                self.completed_if(sh, asked, if own { Ok(()) } else { told });
                self.parties.by_waiting = false;
                self.parties.held = None;
                for h in ended.into_iter().chain(self.current) {
                    self.enter(sh, h, CallState::Idle, now);
                }
                self.witness(sh, held, Witness::Ended, now);
            }
            Errand::Retrieve { asked, held, ended, .. } => {
                let own = asked.is_some_and(|a| a.owner == ended);
                self.completed_if(sh, asked, told);
                if told.is_err() {
                    return self.not_back(sh, asked.is_none(), now);
                }
                let gone = ended.filter(|h| sh.call(*h).is_some());
                if own && let Some(h) = gone {
                    self.enter(sh, h, CallState::Idle, now);
                }
                self.take_back(sh, held, now);
                if !own && let Some(h) = gone {
                    self.enter(sh, h, CallState::Idle, now);
                }
            }
            Errand::Swap { asked, active, held } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    let kind = sh.call(held).and_then(|c| c.state).filter(|s| s.is_held());
                    let there = sh.call(held).is_some();
                    self.put_aside(sh, active, kind.unwrap_or(CallState::OnHold), now);
                    if there {
                        self.take_party(sh, held, now);
                    } else if let Some(back) = self.plain_steps(Service::Swap) {
                        // Closed meanwhile: held again, and nobody's.
                        self.parties.orphan = true;
                        let errand = Errand::Retrieve { asked: None, held: active, ended: None, alerts: false };
                        self.begin_procedure(sh, errand, back, now);
                    }
                }
            }
            Errand::Consult { asked, held, consultation, why } => {
                self.consulted(sh, (asked, told), held, consultation, why, flashed, now);
            }
            // Whether it helped nobody knows; the call is as connected as before.
            Errand::Restore => {}
            Errand::Leave => self.left(sh, told.is_ok(), now),
            Errand::Secured { asked, call } => {
                self.completed(sh, asked, told);
                self.mark_secure(sh, call);
            }
            Errand::Join { asked, conference, joined } => self.joined(sh, (asked, told), conference, joined, now),
            Errand::Transfer { asked, held, consultation } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.parties.held = None;
                    for h in [held, consultation] {
                        self.enter(sh, h, CallState::Idle, now);
                    }
                    self.current = None;
                }
            }
            Errand::BlindTransfer { asked, call } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.enter(sh, call, CallState::Idle, now);
                } else if flashed && result == Err(Trouble::Refused) {
                    self.leave_refused(sh, call, now);
                } else if flashed {
                    self.restore(sh, call, now);
                }
            }
            Errand::Remove { asked, member, rest, .. } if told.is_ok() && !rest.is_empty() => {
                let errand = Errand::Remove { asked, member, split: true, rest: Steps::new() };
                self.begin_procedure(sh, errand, rest, now);
            }
            Errand::Remove { asked, member, split, .. } => {
                self.completed_if(sh, asked, told);
                if told.is_ok() {
                    self.removed(sh, member, now);
                } else if let Some(join) = self.plain_steps(Service::Join).filter(|_| split && self.hook == Hook::Off) {
                    // Nobody was removed: all three again.
                    self.begin_procedure(sh, Errand::Restore, join, now);
                }
            }
            Errand::TakeWaiting { asked, waiting, active } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.waiting_taken(sh, waiting, active, now);
                } else if flashed {
                    self.restore(sh, active, now);
                }
            }
            Errand::RejectWaiting { asked, waiting } => {
                self.completed(sh, asked, told);
                if told.is_ok() {
                    self.enter(sh, waiting, CallState::Idle, now);
                }
            }
            Errand::ReleaseHeld { asked, call } => {
                self.completed_if(sh, asked, told);
                if told.is_ok() {
                    self.enter(sh, call, CallState::Idle, now);
                }
            }
            Errand::Service(_) => {}
        }
    }

    /// The current call becomes the held one.
    pub(crate) fn put_aside(&mut self, sh: &mut Shared, h: CallHandle, state: CallState, now: Time) {
        self.end_digits(sh, h, now);
        if self.current == Some(h) {
            self.current = None;
            self.stop_call_timers();
        }
        if sh.call(h).is_none() {
            self.parties.orphan = true;
            return;
        }
        self.parties.held = Some(h);
        self.enter(sh, h, state, now);
    }

    /// A held or waiting call becomes the current one.
    pub(crate) fn take_party(&mut self, sh: &mut Shared, h: CallHandle, now: Time) {
        if self.parties.held == Some(h) {
            self.parties.held = None;
        }
        if self.parties.waiting == Some(h) {
            self.parties.waiting = None;
            self.timers.stop(Timer::Waiting);
        }
        self.current = Some(h);
        self.off_seen = true;
        self.hook = Hook::Off;
        if let Some(call) = sh.call_mut(h) {
            call.started = true;
        }
        self.enter(sh, h, ACTIVE, now);
    }

    /// Back to the held party.
    pub(super) fn take_back(&mut self, sh: &mut Shared, held: CallHandle, now: Time) {
        self.parties.by_waiting = false;
        if sh.call(held).is_none() {
            // Its call was closed meanwhile: the line is tidied up.
            self.parties.held = None;
            self.current = None;
            self.parties.orphan = false;
            return;
        }
        // The parking of one call for another is over for both.
        if let Some(current) = self.current.take_if(|h| *h != held) {
            self.stop_call_timers();
            let over = matches!(sh.call(current).and_then(|c| c.state), Some(CallState::Idle));
            self.take_party(sh, held, now);
            if !over {
                self.enter(sh, current, CallState::Idle, now);
            }
            return;
        }
        self.take_party(sh, held, now);
    }

    /// The way back failed. Nobody knows who is on the line: for a call that nobody wants any more it is hung up.
    pub(super) fn not_back(&mut self, sh: &mut Shared, background: bool, now: Time) {
        if background {
            self.release(sh, now);
        }
    }

    /// A flash holds the party although the rest of the procedure failed: back to it.
    pub(crate) fn restore(&mut self, sh: &mut Shared, call: CallHandle, now: Time) {
        if self.hook == Hook::On || self.service != Works::Ready {
            // The line is down: the far end is gone.
            self.witness(sh, call, Witness::Ended, now);
            return;
        }
        let steps = self.plain_steps(Service::Retrieve).unwrap_or_else(|| vec![Step::Flash]);
        self.begin_procedure(sh, Errand::Restore, steps, now);
    }

    /// The same where busy tone or reorder is heard: the exchange leaves that as it leaves a second call that is busy.
    pub(crate) fn leave_refused(&mut self, sh: &mut Shared, call: CallHandle, now: Time) {
        match self.plain_steps(Service::RetrieveRinging) {
            Some(steps) if self.hook == Hook::Off && self.service == Works::Ready => {
                self.begin_procedure(sh, Errand::Restore, steps, now);
            }
            _ => self.restore(sh, call, now),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what an errand knows")]
    pub(super) fn consulted(
        &mut self,
        sh: &mut Shared,
        (asked, told): (Asked, Result<(), LineErr>),
        held: CallHandle,
        consultation: CallHandle,
        why: Consultation,
        flashed: bool,
        now: Time,
    ) {
        self.completed(sh, asked, told);
        let talking = self.current;
        if told.is_err() || sh.call(consultation).is_none() {
            if let Some(call) = sh.call_mut(consultation) {
                call.state = Some(CallState::Idle);
                call.queue.clear();
            }
            // A conference that was being made is none.
            if why == Consultation::Conference && sh.call(held).is_none_or(|c| !c.announced) {
                self.parties.conference = None;
                if let Some(call) = sh.call_mut(held) {
                    call.state = Some(CallState::Idle);
                }
            }
            if flashed && let Some(call) = talking {
                self.restore(sh, call, now);
            }
            return;
        }
        match why {
            Consultation::Transfer => self.put_aside(sh, held, CallState::OnHoldPendingTransfer, now),
            Consultation::Conference => {
                let new = sh.call(held).is_some_and(|c| !c.announced);
                if new {
                    self.announce(sh, held);
                }
                let first = talking.filter(|h| *h != held);
                if let Some(first) = first {
                    self.end_digits(sh, first, now);
                    self.current = None;
                    self.stop_call_timers();
                }
                self.put_aside(sh, held, CallState::OnHoldPendingConference, now);
                let host = sh.call(held).and_then(|c| c.host);
                if let (Some(first), Some(host)) = (first, host) {
                    self.enter(sh, first, CallState::Conferenced(host), now);
                }
            }
        }
        self.parties.by_waiting = false;
        self.announce(sh, consultation);
        self.current = Some(consultation);
        self.off_seen = true;
        if let Some(call) = sh.call_mut(consultation) {
            call.started = true;
        }
        let tone = if self.caps.contains(Caps::SEES_DIAL_TONE) && self.description.plan.recall.dial_tone {
            CallState::DialTone(DialToneMode::Special)
        } else {
            CallState::Dialing
        };
        self.dial_tone = true;
        self.enter(sh, consultation, tone, now);
    }

    pub(super) fn joined(
        &mut self,
        sh: &mut Shared,
        (asked, told): (Asked, Result<(), LineErr>),
        conference: CallHandle,
        joined: CallHandle,
        now: Time,
    ) {
        let new = sh.call(conference).is_some_and(|c| !c.announced);
        self.completed(sh, asked, told);
        if told.is_err() {
            if new {
                self.parties.conference = None;
                if let Some(call) = sh.call_mut(conference) {
                    call.state = Some(CallState::Idle);
                }
            }
            return;
        }
        let Some(host) = sh.call(conference).and_then(|c| c.host) else {
            // Closed meanwhile: nobody wants the conference, and who was to come into it goes with it.
            self.witness(sh, joined, Witness::Ended, now);
            return self.release(sh, now);
        };
        let first = self.parties.held.filter(|h| *h != conference);
        self.parties.held = None;
        self.end_digits(sh, joined, now);
        self.current = None;
        self.stop_call_timers();
        let member = CallState::Conferenced(host);
        if new {
            self.announce(sh, conference);
            self.take_party(sh, conference, now);
        }
        for h in first.into_iter().chain([joined]) {
            if h == joined
                && let Some(c) = &mut self.parties.conference
            {
                c.talked = Some(h);
            }
            // Closed meanwhile: still in the exchange's bridge, but no member of ours.
            if sh.call(h).is_some() {
                self.enter(sh, h, member, now);
                if let Some(c) = &mut self.parties.conference {
                    c.members.push(h);
                    // Who came last goes first, whoever was held when they were joined.
                    c.members.sort_by_key(|member| sh.call(*member).map_or(0, |call| call.call_id));
                }
            } else if let Some(c) = &mut self.parties.conference {
                c.strangers += 1;
            }
        }
        if !new {
            self.take_party(sh, conference, now);
        }
    }

    /// A member is out: the other one is an ordinary call again.
    pub(super) fn removed(&mut self, sh: &mut Shared, member: CallHandle, now: Time) {
        self.enter(sh, member, CallState::Idle, now);
        let Some(mut conference) = self.parties.conference.take() else { return };
        conference.members.retain(|h| *h != member && sh.call(*h).is_some());
        match conference.members.as_slice() {
            [one] => {
                self.end_digits(sh, conference.parent, now);
                self.enter(sh, conference.parent, CallState::Idle, now);
                self.take_party(sh, *one, now);
            }
            _ => self.parties.conference = Some(conference),
        }
    }
}
