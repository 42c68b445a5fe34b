//! Taking actions: what can be done at once is, the rest begins or waits for its turn.

use super::ear::Findings;
use super::run::{Phase, Purpose, Run};
use super::sound::Sound;
use super::{COVER, Call, Fxo, Hook};
use crate::{BLOCK, EventQueue, FxoPort, PortError};
use loopstart_signal::{ActionId, ActionKind, DialStep, DialSteps, DigitMode, Failure, LineAction, Outcome, Time};
use std::time::Duration;

/// Pause before dialling where no dial tone is awaited (the default of S6 in ITU-T V.250).
const BLIND_DIAL: Duration = Duration::from_secs(2);

impl<P: FxoPort> Fxo<P> {
    /// Begins what takes time. The answer is its end when it cannot begin or is over at once.
    fn begin(&mut self, run: Run, now: Time, events: &mut EventQueue) {
        self.run = Some(run);
        self.proceed(now, events);
    }

    /// Takes the line off hook to originate; false when it is refused, and that was told.
    fn seize(&mut self, id: ActionId, now: Time, events: &mut EventQueue) -> bool {
        if self.rings(now) {
            Self::done(events, id, Outcome::Failed(Failure::Glare));
            return false;
        }
        match self.go_off_hook(true, now, events) {
            Ok(()) => true,
            Err(error) => {
                self.refuse(id, error, now, events);
                false
            }
        }
    }

    /// The port did not do what an action needs.
    fn refuse(&mut self, id: ActionId, error: PortError, now: Time, events: &mut EventQueue) {
        let failure = if error == PortError::Gone { Failure::Lost } else { Failure::Refused };
        Self::done(events, id, Outcome::Failed(failure));
        if error == PortError::Gone {
            self.fail(error, now, events);
        }
    }

    /// Takes an action; `fresh`: it has not waited yet.
    pub(super) fn take(&mut self, action: &LineAction, fresh: bool, now: Time, events: &mut EventQueue) {
        let id = action.id;
        let off_hook = matches!(self.hook, Hook::Off(_));
        let wrong_state = Outcome::Failed(Failure::WrongState);
        match action.kind {
            ActionKind::Release => {
                self.end_waiting(now, events);
                self.cut(Failure::Cancelled, events);
                self.cut_waiting(Failure::Cancelled, |_| true, events);
                match if off_hook { self.go_on_hook(now, events) } else { Ok(()) } {
                    Ok(()) => Self::done(events, id, Outcome::Ok),
                    Err(error) => self.refuse(id, error, now, events),
                }
            }
            ActionKind::CancelDigits => {
                if self.run.is_some_and(|run| matches!(run.purpose, Purpose::Send | Purpose::Tone)) {
                    // Pulses stop with the next block that is written.
                    self.cut(Failure::Cancelled, events);
                }
                let sends = |kind: &ActionKind| matches!(kind, ActionKind::SendDigits { .. } | ActionKind::SendTone(_));
                self.cut_waiting(Failure::Cancelled, sends, events);
                Self::done(events, id, Outcome::Ok);
            }
            // A line card has none.
            ActionKind::Speaker(_) | ActionKind::PassThrough(_) => {
                Self::done(events, id, Outcome::Failed(Failure::Refused));
            }
            ActionKind::Media(order) => {
                self.streams.order(order);
                Self::done(events, id, Outcome::Ok);
            }
            ActionKind::WatchTones(list) => {
                let outcome = if self.ear.watch(&list) { Outcome::Ok } else { Outcome::Failed(Failure::Refused) };
                Self::done(events, id, outcome);
            }
            ActionKind::Listen(heed) => {
                let mut findings = Findings::new();
                self.ear.listen(heed, &mut findings);
                self.deliver(findings, events, now);
                Self::done(events, id, Outcome::Ok);
            }
            _ if self.run.is_some() || self.waiting.is_busy() || (fresh && !self.queue.is_empty()) => {
                // Its turn comes in the order of actions.
                if self.queue.try_push(*action).is_err() {
                    Self::done(events, id, Outcome::Failed(Failure::Refused));
                }
            }
            ActionKind::Seize => {
                if off_hook {
                    Self::done(events, id, wrong_state);
                } else if self.seize(id, now, events) {
                    let mut run = Run::new(id, Purpose::Seize, DialSteps::new(), DigitMode::Dtmf);
                    run.phase = Phase::Seizing;
                    self.begin(run, now, events);
                }
            }
            ActionKind::Answer => {
                if off_hook || !self.rings(now) {
                    return Self::done(events, id, wrong_state);
                }
                match self.go_off_hook(false, now, events) {
                    Ok(()) => Self::done(events, id, Outcome::Ok),
                    Err(error) => self.refuse(id, error, now, events),
                }
            }
            ActionKind::Dial { steps, digit, gap, pause, wait_dial_tone, partial } => {
                let purpose = Purpose::Dial { partial, seized: !off_hook };
                let mut run = Run::new(id, purpose, steps, DigitMode::Dtmf);
                (run.digit, run.gap, run.pause, run.wait_dial_tone) = (digit, gap, pause, wait_dial_tone);
                run.flash = self.country.flash;
                if !run.is_possible() {
                    return Self::done(events, id, Outcome::Failed(Failure::Refused));
                }
                if !off_hook && !self.seize(id, now, events) {
                    return;
                }
                if let Hook::Off(call) = &mut self.hook {
                    call.watch = None;
                    call.released = false;
                    if call.fresh {
                        run.phase = if wait_dial_tone.is_zero() {
                            Phase::Pause { until: self.after(BLIND_DIAL) }
                        } else {
                            Phase::DialTone { until: self.after(wait_dial_tone) }
                        };
                    }
                }
                self.begin(run, now, events);
            }
            ActionKind::Flash(time) => {
                if !off_hook {
                    return Self::done(events, id, wrong_state);
                }
                self.end_waiting(now, events);
                if let Hook::Off(Call { watch: Some(watch), .. }) = &mut self.hook {
                    watch.turn_away();
                }
                let steps = DialSteps::from_iter([DialStep::Flash]);
                let mut run = Run::new(id, Purpose::Flash, steps, DigitMode::Dtmf);
                run.flash = time;
                self.begin(run, now, events);
            }
            ActionKind::SendTone(tone) => {
                let Hook::Off(call) = self.hook else { return Self::done(events, id, wrong_state) };
                if call.released {
                    return Self::done(events, id, Outcome::Failed(Failure::Released));
                }
                let Some(sound) = Sound::new(&tone, self.country) else {
                    return Self::done(events, id, Outcome::Failed(Failure::Refused));
                };
                self.mouth.play(sound);
                // Covered before the first of it comes back.
                self.cover(COVER + BLOCK, now, events);
                let mut run = Run::new(id, Purpose::Tone, DialSteps::new(), DigitMode::Dtmf);
                run.phase = Phase::Sound;
                self.begin(run, now, events);
            }
            ActionKind::SendDigits { steps, mode, digit, gap, pause } => {
                let Hook::Off(call) = self.hook else { return Self::done(events, id, wrong_state) };
                if call.released {
                    return Self::done(events, id, Outcome::Failed(Failure::Released));
                }
                let mut run = Run::new(id, Purpose::Send, steps, mode);
                (run.digit, run.gap, run.pause) = (digit, gap, pause);
                if !run.is_possible() {
                    return Self::done(events, id, Outcome::Failed(Failure::Refused));
                }
                self.begin(run, now, events);
            }
        }
    }
}
