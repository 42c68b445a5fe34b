//! Switch procedures on their way: hook, flash, digits and waits, one step after the other.
//!
//! A procedure of the switch plan, filled in, is run for an [`Errand`]: what it is for decides what its end does to the
//! calls. While it runs the line's tones are its own: they say how far the exchange is, not what the far end of a call
//! does. Where the device cannot hear what a step waits for, the step waits for a fixed time instead. A tone of refusal
//! (reorder, busy where none is awaited, special information), or silence where a tone must come, ends it as a failure.

use crate::call::Witness;
use crate::dial;
use crate::errand::Errand;
use crate::line::{Hook, Line, Shared};
use crate::params::DEFAULT_DIAL;
use crate::timers::{ACTION_WATCH, DIAL_WATCH, Timer};
use crate::{CallState, DisconnectMode};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use loopstart_signal::plan::{Service, Step, Steps, Waits};
use loopstart_signal::{
    ActionId, ActionKind, AnswerWitness, Caps, DialStep, DialSteps, Failure, LineEvent, MediaSign, Outcome,
    ProgressTone, ReleaseWitness, Time,
};

/// How long a tone of the exchange may take: dial tone comes within 3 s under load (ITU-T Q.543), and must be recognised.
const TONE_WITHIN: Duration = Duration::from_secs(6);
/// How long the exchange may take to ring back after the line went on hook.
const RING_WITHIN: Duration = Duration::from_secs(8);
/// How long a far end may take to answer a call that a procedure makes.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long an announcement may take to begin, or go on.
const ANNOUNCEMENT_WITHIN: Duration = Duration::from_secs(8);
/// How long an announcement that began, or cannot be heard, is listened to.
const ANNOUNCEMENT_LASTS: Duration = Duration::from_millis(2_500);
/// How long to listen for a refusal after the last digits of a procedure.
const REFUSAL_WITHIN: Duration = Duration::from_millis(2_500);
/// How long to listen whether a held party is really back: dial, busy or ringing tone says that it is not.
const BACK_WITHIN: Duration = Duration::from_millis(1_500);
/// How soon after a flash the dial tone comes by which an exchange offers to take an order, and how long it offers that.
const ORDER_TONE_WITHIN: Duration = Duration::from_millis(900);
const ORDER_TONE_LASTS: Duration = Duration::from_secs(4);
/// How often the way back is taken again.
const MAX_CORRECTIONS: u8 = 2;
/// Between the last digit and going on hook.
const BEFORE_ON_HOOK: Duration = Duration::from_millis(300);

/// Why a procedure failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The exchange refused.
    Refused,
    /// What was awaited did not come.
    NoTone,
    /// The device failed, or was lost.
    Device(Failure),
    /// The far end, or the exchange, ended the call.
    Released,
}

/// How sure the end of a procedure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The exchange confirmed it by a tone, an announcement or an answered call.
    Heard,
    /// Nothing spoke against it.
    Assumed,
}

/// A procedure on its way.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) errand: Errand,
    steps: Vec<Step<String>>,
    next: usize,
    phase: Phase,
    /// The exchange was asked for something: hook, flash or digits.
    acted: bool,
    /// A flash went out: whoever was there is held now.
    pub(crate) flashed: bool,
    proof: Proof,
    /// How often the way back was taken again.
    corrections: u8,
    /// The far end went as the flash went out: what told so.
    went: Option<ProgressTone>,
    /// The tone on the line since the last action began, as far as heard: it may be told before the action's end.
    tone: Option<ProgressTone>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A device action is under way.
    Acting(ActionId),
    /// Waits for any of these; `blind`: the end of the time is as good.
    Waiting { waits: Waits, blind: bool },
    /// Waits for time to pass.
    Pausing,
    /// Listens whether the exchange refuses.
    Listening,
    /// Listens whether the held party is really back.
    Checking,
    /// The same, and a dial tone is heard: the exchange may only offer to take an order.
    Offered,
    /// The exchange may wait for an order; without one the flash was all of it.
    Settling,
}

/// Whether a tone says no.
pub(crate) fn refuses(tone: ProgressTone) -> bool {
    use ProgressTone as T;
    matches!(tone, T::Reorder | T::Busy | T::Sit(_) | T::Unobtainable | T::Howler)
}

/// The signals that an event stands for.
fn signals(event: &LineEvent) -> Waits {
    match event {
        // Dial tone after a code says that the code was taken.
        LineEvent::Tone(ProgressTone::Dial | ProgressTone::StutterDial) => {
            Waits::DIAL | Waits::RECALL_DIAL | Waits::PROMPT | Waits::CONFIRM
        }
        LineEvent::Tone(ProgressTone::Busy) => Waits::BUSY,
        LineEvent::Tone(ProgressTone::Ringback) => Waits::RINGBACK,
        LineEvent::Tone(ProgressTone::Confirmation) => Waits::CONFIRM | Waits::PROMPT,
        LineEvent::Ring { .. } => Waits::RING,
        LineEvent::Answered(AnswerWitness::Voice) => Waits::ANSWER | Waits::ANNOUNCEMENT | Waits::PROMPT,
        LineEvent::Answered(_) => Waits::ANSWER,
        LineEvent::Media(MediaSign::Voice | MediaSign::Machine) => Waits::ANNOUNCEMENT | Waits::PROMPT,
        _ => Waits::empty(),
    }
}

/// The signals that a device can tell.
fn heard_by(caps: Caps) -> Waits {
    let mut waits = Waits::RING;
    for (cap, wait) in [
        (Caps::SEES_DIAL_TONE, Waits::DIAL | Waits::RECALL_DIAL),
        (Caps::SEES_BUSY, Waits::BUSY),
        (Caps::SEES_RINGBACK, Waits::RINGBACK),
        (Caps::SEES_ANSWER, Waits::ANSWER),
        (Caps::SEES_CONFIRMATION, Waits::CONFIRM),
        (Caps::HEARS_MEDIA, Waits::ANNOUNCEMENT | Waits::PROMPT),
    ] {
        waits.set(wait, caps.contains(cap));
    }
    waits
}

impl Line {
    /// Whether a procedure is under way.
    pub(crate) const fn has_procedure(&self) -> bool {
        self.procedure.is_some()
    }

    /// Starts a procedure. On an idle line its first digits wait for dial tone.
    pub(crate) fn begin_procedure(&mut self, sh: &mut Shared, errand: Errand, steps: Steps, now: Time) {
        if let Some(h) = self.current {
            self.cancel_sending(sh, h, now);
        }
        let (phase, proof) = (Phase::Pausing, Proof::Assumed);
        self.procedure = Some(Box::new(Running {
            errand,
            steps,
            next: 0,
            phase,
            acted: false,
            flashed: false,
            proof,
            corrections: 0,
            went: None,
            tone: None,
        }));
        self.step(sh, now);
    }

    /// Whether the exchange takes orders: digits after a flash between two parties.
    fn takes_orders(&self) -> bool {
        use Service as S;
        let orders = [
            S::Swap,
            S::Join,
            S::DropLast,
            S::DropFirst,
            S::Split,
            S::WaitingAnswer,
            S::ReleaseAndTake,
            S::ReleaseHeld,
        ];
        orders
            .into_iter()
            .filter_map(|service| self.description.plan.service(service))
            .any(|procedure| procedure.flashes() && procedure.steps().iter().any(|step| matches!(step, Step::Dial(_))))
    }

    /// Whether the running procedure wants to be told of voices.
    pub(crate) fn procedure_heeds_media(&self) -> bool {
        self.procedure.as_deref().is_some_and(|running| {
            running
                .steps
                .iter()
                .any(|step| matches!(step, Step::Wait(waits) if waits.intersects(Waits::ANNOUNCEMENT | Waits::PROMPT)))
        })
    }

    /// The procedure goes on with its next step.
    fn step(&mut self, sh: &mut Shared, now: Time) {
        self.timers.stop(Timer::Procedure);
        let guard = self.guarded(now).map(|until| until.since(now));
        let Some(running) = self.procedure.as_deref_mut() else { return };
        let at = running.next;
        running.next += 1;
        let dialled = at > 0 && matches!(running.steps.get(at - 1), Some(Step::Dial(_)));
        let Some(step) = running.steps.get(at).cloned() else {
            if dialled && self.hook == Hook::Off && self.caps.contains(Caps::SEES_REORDER) {
                return self.phase(Phase::Listening, REFUSAL_WITHIN, now);
            }
            let back = matches!(
                running.errand,
                Errand::Retrieve { .. } | Errand::Restore | Errand::Leave | Errand::Secured { .. }
            ) && running.flashed;
            if back && self.hook == Hook::Off && self.caps.contains(Caps::SEES_DIAL_TONE) {
                return self.phase(Phase::Checking, BACK_WITHIN, now);
            }
            let bare = running.flashed && running.steps.iter().all(|step| matches!(step, Step::Flash | Step::Pause(_)));
            if bare
                && !back
                && self.hook == Hook::Off
                && self.takes_orders()
                && self.caps.contains(Caps::SEES_DIAL_TONE)
            {
                return self.phase(Phase::Settling, ORDER_TONE_WITHIN, now);
            }
            return self.procedure_ended(sh, Ok(()), now);
        };
        match step {
            Step::Flash => {
                running.flashed = true;
                let time = self.description.plan.recall.send;
                self.flash_over = Some(now + time);
                let id = sh.act(self.id(), ActionKind::Flash(time));
                self.phase(Phase::Acting(id), ACTION_WATCH, now);
            }
            Step::Pause(time) => self.phase(Phase::Pausing, time, now),
            Step::OnHook => {
                // Too soon after a flash it would count as a bounce of it.
                let on_hook_guard = self.description.plan.on_hook_guard;
                let after_flash = self.flash_over.map_or(Duration::ZERO, |at| (at + on_hook_guard).since(now));
                // Who hangs up at once does not hear that a code is refused.
                let listens = matches!(running.errand, Errand::Service(_)) && self.caps.contains(Caps::SEES_REORDER);
                let after_digits = match dialled {
                    true if listens => REFUSAL_WITHIN,
                    true => BEFORE_ON_HOOK,
                    false => Duration::ZERO,
                };
                let quiet = after_flash.max(after_digits);
                if !quiet.is_zero() {
                    // The pause takes the place of the step before, so that the step comes again.
                    running.next = at;
                    if let Some(before) = at.checked_sub(1).and_then(|before| running.steps.get_mut(before)) {
                        *before = Step::Pause(quiet);
                    }
                    self.flash_over = None;
                    return self.phase(Phase::Pausing, quiet, now);
                }
                let id = sh.act(self.id(), ActionKind::Release);
                self.phase(Phase::Acting(id), ACTION_WATCH, now);
            }
            Step::OffHook => {
                let kind = if self.ringing.active { ActionKind::Answer } else { ActionKind::Seize };
                if kind == ActionKind::Seize
                    && let Some(guard) = guard
                {
                    running.next = at;
                    return self.phase(Phase::Pausing, guard, now);
                }
                self.hook = Hook::Off;
                let id = sh.act(self.id(), kind);
                self.phase(Phase::Acting(id), ACTION_WATCH + DEFAULT_DIAL.wait_for_dialtone, now);
            }
            Step::Dial(digits) => {
                let Some(steps) = dial_steps(&digits) else {
                    return self.procedure_ended(sh, Err(Trouble::Refused), now);
                };
                if self.hook == Hook::On
                    && let Some(guard) = guard
                {
                    running.next = at;
                    return self.phase(Phase::Pausing, guard, now);
                }
                // Only a call that is to be answered or to ring has its answer watched for.
                let partial = !matches!(running.steps.get(at + 1),
                    Some(Step::Wait(waits)) if waits.intersects(Waits::ANSWER | Waits::RINGBACK));
                self.hook = Hook::Off;
                let kind = ActionKind::Dial {
                    steps,
                    digit: DEFAULT_DIAL.digit,
                    gap: DEFAULT_DIAL.speed,
                    pause: DEFAULT_DIAL.pause,
                    wait_dial_tone: DEFAULT_DIAL.wait_for_dialtone,
                    partial,
                };
                let id = sh.act(self.id(), kind);
                self.phase(Phase::Acting(id), DIAL_WATCH + dial::duration(&steps, &DEFAULT_DIAL), now);
            }
            Step::Wait(waits) => {
                let heard = heard_by(self.caps);
                let early = running.tone.map_or(Waits::empty(), |tone| signals(&LineEvent::Tone(tone)));
                if waits.intersects(early) {
                    if early.contains(Waits::CONFIRM) {
                        running.proof = Proof::Heard;
                    }
                    return self.step(sh, now);
                }
                // One of several that can be heard is enough to know.
                let blind = !waits.intersects(heard);
                let within = if blind { self.blind_wait(waits) } else { limit(waits) };
                self.phase(Phase::Waiting { waits, blind }, within, now);
            }
        }
    }

    fn blind_wait(&self, waits: Waits) -> Duration {
        if waits.intersects(Waits::ANNOUNCEMENT | Waits::PROMPT | Waits::CONFIRM) {
            ANNOUNCEMENT_LASTS
        } else {
            self.description.plan.recall.blind_wait()
        }
    }

    fn phase(&mut self, phase: Phase, within: Duration, now: Time) {
        if let Some(running) = self.procedure.as_deref_mut() {
            if matches!(phase, Phase::Acting(_)) {
                running.tone = None;
                running.acted = true;
            }
            running.phase = phase;
            self.timers.start(Timer::Procedure, now + within);
        }
    }

    /// Time is up.
    pub(crate) fn procedure_timer(&mut self, sh: &mut Shared, now: Time) {
        let Some(running) = self.procedure.as_deref() else { return };
        match running.phase {
            Phase::Pausing | Phase::Waiting { blind: true, .. } => self.step(sh, now),
            Phase::Listening | Phase::Checking | Phase::Settling => self.procedure_ended(sh, Ok(()), now),
            // It lasts longer than an offer does.
            Phase::Offered if running.corrections < MAX_CORRECTIONS => self.correct(sh, now),
            Phase::Offered => self.procedure_ended(sh, Ok(()), now),
            Phase::Waiting { .. } => self.procedure_ended(sh, Err(Trouble::NoTone), now),
            Phase::Acting(_) => self.procedure_ended(sh, Err(Trouble::Device(Failure::Timeout)), now),
        }
    }

    /// Whether this action is the procedure's; if so, it goes on.
    pub(crate) fn procedure_done(&mut self, sh: &mut Shared, id: ActionId, outcome: Outcome, now: Time) -> bool {
        let Some(running) = self.procedure.as_deref() else { return false };
        if running.phase != Phase::Acting(id) {
            return false;
        }
        let step = running.next.checked_sub(1).and_then(|at| running.steps.get(at)).cloned();
        match (outcome, &step) {
            (Outcome::Ok, Some(Step::OnHook)) => {
                self.on_hook(now);
                self.step(sh, now);
            }
            (Outcome::Ok, _) => {
                if matches!(step, Some(Step::OffHook)) {
                    self.ringing = Default::default();
                    self.timers.stop(Timer::Ringing);
                }
                self.step(sh, now);
            }
            (Outcome::Failed(Failure::NoDialTone), _) => self.procedure_ended(sh, Err(Trouble::NoTone), now),
            (Outcome::Failed(Failure::Tone(_)), _) => self.procedure_ended(sh, Err(Trouble::Refused), now),
            (Outcome::Failed(failure), step) => {
                if matches!(step, Some(Step::OffHook | Step::Dial(_))) && !self.off_seen && failure != Failure::Timeout
                {
                    self.hook = Hook::On;
                }
                self.procedure_ended(sh, Err(Trouble::Device(failure)), now);
            }
        }
        true
    }

    /// The way back did something else than it should have: it is taken again.
    fn correct(&mut self, sh: &mut Shared, now: Time) {
        let again = self.plain_steps(Service::Retrieve);
        if let Some(running) = self.procedure.as_deref_mut() {
            running.corrections += 1;
            if let Some(again) = again {
                running.steps.truncate(running.next.saturating_sub(1));
                running.steps.extend(again);
                running.next = running.next.saturating_sub(1);
            }
        }
        self.step(sh, now);
    }

    /// An event of the line while a procedure runs; true when it was for the procedure alone.
    pub(crate) fn procedure_event(&mut self, sh: &mut Shared, event: &LineEvent, now: Time) -> bool {
        use ProgressTone::{Dial, StutterDial};
        let offers = matches!(event, LineEvent::Tone(Dial | StutterDial)) && self.takes_orders();
        let Some(running) = self.procedure.as_deref_mut() else { return false };
        match event {
            LineEvent::Tone(tone) => running.tone = Some(*tone),
            LineEvent::ToneEnded => running.tone = None,
            _ => {}
        }
        // The transfer is done when the exchange has let go of us.
        let over = running.next > running.steps.len();
        if over && matches!(running.errand, Errand::Transfer { .. } | Errand::BlindTransfer { .. }) {
            let left = match event {
                LineEvent::Released(_) => true,
                LineEvent::Tone(tone) => refuses(*tone) || matches!(tone, ProgressTone::Dial),
                _ => false,
            };
            if left {
                self.procedure_ended(sh, Ok(()), now);
                return true;
            }
        }
        let signals = signals(event);
        // The exchange was asked for nothing yet: busy tone is that of the call.
        let asked = running.acted;
        let refuses = |tone| refuses(tone) && (asked || tone != ProgressTone::Busy);
        match (running.phase, event) {
            (Phase::Waiting { waits, .. }, _) if waits.intersects(signals) => {
                if let LineEvent::Ring { pattern } = event {
                    // It is answered, or is a call of its own: the ring counts either way.
                    self.note_ring(*pattern, now);
                }
                let Some(running) = self.procedure.as_deref_mut() else { return true };
                if signals.intersects(Waits::CONFIRM | Waits::ANNOUNCEMENT | Waits::ANSWER) {
                    running.proof = Proof::Heard;
                }
                if waits.contains(Waits::ANNOUNCEMENT) && signals.contains(Waits::ANNOUNCEMENT) {
                    self.phase(Phase::Pausing, ANNOUNCEMENT_LASTS, now);
                } else {
                    self.step(sh, now);
                }
                true
            }
            (Phase::Checking, _) if offers && running.steps.last() == Some(&Step::Flash) => {
                self.phase(Phase::Offered, ORDER_TONE_LASTS, now);
                true
            }
            (Phase::Offered, LineEvent::ToneEnded) => {
                self.phase(Phase::Checking, BACK_WITHIN, now);
                true
            }
            // The flash did something else than it should have: exchanges differ, and the call may have moved on.
            (Phase::Checking | Phase::Listening, LineEvent::Tone(tone))
                if running.corrections < MAX_CORRECTIONS && running.errand.missed(*tone) =>
            {
                self.correct(sh, now);
                true
            }
            // Back, and the far end has gone meanwhile: that is the call's business.
            (Phase::Checking | Phase::Offered, LineEvent::Tone(tone)) if refuses(*tone) => {
                self.procedure_ended(sh, Ok(()), now);
                false
            }
            // On the way back the tone of the call that is left is no answer.
            (Phase::Pausing, LineEvent::Tone(_)) if matches!(running.errand, Errand::Retrieve { .. }) => true,
            (Phase::Waiting { .. } | Phase::Listening | Phase::Pausing, LineEvent::Tone(tone)) if refuses(*tone) => {
                self.procedure_ended(sh, Err(Trouble::Refused), now);
                true
            }
            (_, LineEvent::Released(ReleaseWitness::LoopCurrent | ReleaseWitness::ResultCode)) => {
                self.procedure_ended(sh, Err(Trouble::Released), now);
                false
            }
            (Phase::Settling, LineEvent::Tone(ProgressTone::Dial | ProgressTone::StutterDial)) => {
                self.phase(Phase::Settling, ORDER_TONE_LASTS, now);
                true
            }
            (Phase::Settling, LineEvent::ToneEnded) => {
                self.procedure_ended(sh, Ok(()), now);
                true
            }
            (Phase::Settling, LineEvent::Tone(_)) => {
                self.procedure_ended(sh, Ok(()), now);
                false
            }
            (Phase::Acting(_), LineEvent::Tone(tone)) if refuses(*tone) && running.next == 1 => {
                running.went = Some(*tone);
                true
            }
            (_, LineEvent::OffHook) => {
                self.off_seen = true;
                self.hook = Hook::Off;
                true
            }
            (
                _,
                LineEvent::Tone(_)
                | LineEvent::ToneEnded
                | LineEvent::Dialing
                | LineEvent::Dialed
                | LineEvent::Answered(_)
                | LineEvent::Released(_)
                | LineEvent::OnHook,
            ) => true,
            _ => false,
        }
    }

    /// The procedure is over: what it was for goes on.
    fn procedure_ended(&mut self, sh: &mut Shared, result: Result<(), Trouble>, now: Time) {
        self.timers.stop(Timer::Procedure);
        let Some(running) = self.procedure.take() else { return };
        let Running { errand, flashed, proof, went, .. } = *running;
        let gone = match errand {
            Errand::TakeWaiting { active, .. } | Errand::Swap { active, .. } => Some(active),
            _ => None,
        };
        self.errand_ended(sh, errand, result.map(|()| proof), flashed, now);
        match (went, result, gone) {
            (Some(tone), Err(_), _) => self.progress(sh, Witness::Tone(tone), now),
            // It was put on hold when nobody was there any more.
            (Some(_), Ok(()), Some(gone)) if self.parties.held == Some(gone) => {
                self.parties.held = None;
                self.parties.by_waiting = false;
                self.enter(sh, gone, CallState::Disconnected(DisconnectMode::Normal), now);
            }
            _ => {}
        }
        self.tidy(sh, now);
    }

    /// The device is lost, or the line is taken on hook by force: the procedure ends without a further step. What its
    /// request ends with is the caller's business.
    pub(crate) fn forget_procedure(&mut self) -> Option<Errand> {
        self.timers.stop(Timer::Procedure);
        self.procedure.take().map(|running| running.errand)
    }
}

fn limit(waits: Waits) -> Duration {
    if waits.contains(Waits::ANSWER) {
        ANSWER_WITHIN
    } else if waits.intersects(Waits::ANNOUNCEMENT | Waits::PROMPT) {
        ANNOUNCEMENT_WITHIN
    } else if waits.contains(Waits::RING) {
        RING_WITHIN
    } else {
        TONE_WITHIN
    }
}

/// The digits of a step as a device dials them.
pub(crate) fn dial_steps(digits: &str) -> Option<DialSteps> {
    let mut steps = DialSteps::new();
    for c in digits.chars() {
        if !steps.push(DialStep::Digit(dial::digit(c)?)) {
            return None;
        }
    }
    Some(steps)
}
