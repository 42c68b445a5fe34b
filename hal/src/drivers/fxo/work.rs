//! Actions that take time, step by step: dial strings, digits in a call, flashes.

use super::answer::AnswerWatch;
use super::run::{Phase, Purpose, Run};
use super::{COVER, Fxo, Hook, ringback_gap, samples};
use crate::{BLOCK, EventQueue, FxoPort, HookCommand, PortError};
use arrayvec::ArrayVec;
use loopstart_signal::{DialStep, DigitMode, Failure, LineEvent, Outcome, ProgressTone, Time, pulse};
use std::time::Duration;

/// From recognised dial tone to the first digit.
const AFTER_DIAL_TONE: Duration = Duration::from_millis(100);

/// How long a flash may be refused.
const FLASH_REFUSED: Duration = Duration::from_secs(2);

/// How much longer than the flash itself its completion may take.
const FLASH_OVERDUE: Duration = Duration::from_secs(2);

/// One pulse digit with its pause, at most: 10 pulses of 100 ms and 900 ms, with a margin.
const PULSE_DIGIT: Duration = Duration::from_millis(2_500);

/// Most pulse digits handed to the channel at once.
const PULSE_RUN: usize = 64;

/// Quiet that `@` waits for.
const QUIET: Duration = Duration::from_secs(5);

/// How long `@` waits for it (the default of S7 in ITU-T V.250 is 50 to 60 s).
const QUIET_OVERDUE: Duration = Duration::from_secs(60);

/// How a step of a run went.
enum Progress {
    /// Look again.
    Moved,
    /// Nothing to do at present.
    Waits,
    /// The run is over.
    Ended(Outcome),
    /// The port is gone.
    Failed(PortError),
}

impl<P: FxoPort> Fxo<P> {
    /// Goes on with what runs.
    pub(super) fn proceed(&mut self, now: Time, events: &mut EventQueue) {
        let Some(mut run) = self.run.take() else { return };
        loop {
            match self.step(&mut run, now, events) {
                Progress::Moved => {}
                Progress::Waits => {
                    self.run = Some(run);
                    return;
                }
                Progress::Ended(outcome) => return self.finish(run, outcome, now, events),
                Progress::Failed(error) => {
                    self.run = Some(run);
                    return self.fail(error, now, events);
                }
            }
        }
    }

    fn step(&mut self, run: &mut Run, now: Time, events: &mut EventQueue) -> Progress {
        let over = |until: u64, failure| {
            if self.heard >= until { Progress::Ended(Outcome::Failed(failure)) } else { Progress::Waits }
        };
        let dial_tone = matches!(self.ear.tone(), Some(ProgressTone::Dial | ProgressTone::StutterDial));
        match run.phase {
            Phase::Seizing if dial_tone => Progress::Ended(Outcome::Ok),
            Phase::Seizing => Progress::Waits,
            Phase::DialTone { .. } if dial_tone => {
                run.phase = Phase::Pause { until: self.after(AFTER_DIAL_TONE) };
                Progress::Moved
            }
            Phase::DialTone { until } => over(until, Failure::NoDialTone),
            Phase::Pause { until } if self.heard >= until => {
                run.phase = Phase::Next;
                Progress::Moved
            }
            Phase::Pause { .. } => Progress::Waits,
            Phase::Tones => {
                self.push_digits(run);
                // Whoever is told that the digits are out may have the far end answer in digits at once.
                let deaf = matches!(run.purpose, Purpose::Send) && self.ear.is_covered();
                if !self.mouth.is_idle() || deaf {
                    return Progress::Waits;
                }
                run.phase = Phase::Next;
                Progress::Moved
            }
            Phase::Sound if self.mouth.is_idle() && !self.ear.is_covered() => Progress::Ended(Outcome::Ok),
            Phase::Sound => Progress::Waits,
            Phase::Pulses { until } => over(until, Failure::Timeout),
            Phase::FlashDue { until } => self.flash(run, until, now, events),
            Phase::Flashing { until } => over(until, Failure::Timeout),
            Phase::Quiet { ringback, quiet, until } => {
                let gap = Duration::from_millis(u64::from(ringback_gap(self.country.ringback)) + 500);
                if ringback && quiet >= samples(QUIET.max(gap)) {
                    run.rang = true;
                    run.phase = Phase::Next;
                    return Progress::Moved;
                }
                over(until, Failure::Timeout)
            }
            Phase::Next => self.next_step(run, now, events),
        }
    }

    fn next_step(&mut self, run: &mut Run, now: Time, events: &mut EventQueue) -> Progress {
        let Some(step) = run.step() else { return Progress::Ended(Outcome::Ok) };
        match step {
            DialStep::Digit(_) => {
                if !run.begun {
                    run.begun = true;
                    if let Hook::Off(call) = &mut self.hook {
                        call.fresh = false;
                    }
                    if matches!(run.purpose, Purpose::Dial { .. }) {
                        events.push(LineEvent::Dialing);
                    }
                }
                if run.mode == DigitMode::Pulse {
                    return self.pulse(run, now, events);
                }
                run.phase = Phase::Tones;
                if !self.push_digits(run) {
                    // Nobody else uses the sender: an empty one that takes nothing takes this digit never.
                    return Progress::Ended(Outcome::Failed(Failure::Refused));
                }
                // Covered before the first of it comes back.
                self.cover(COVER + BLOCK, now, events);
                Progress::Waits
            }
            DialStep::Tone => {
                run.mode = DigitMode::Dtmf;
                run.advance();
                Progress::Moved
            }
            DialStep::Pulse => {
                run.mode = DigitMode::Pulse;
                run.advance();
                Progress::Moved
            }
            DialStep::Pause => {
                run.advance();
                run.phase = Phase::Pause { until: self.after(run.pause) };
                Progress::Moved
            }
            DialStep::WaitDialTone => {
                run.advance();
                run.phase = Phase::DialTone { until: self.after(run.wait_dial_tone) };
                Progress::Moved
            }
            DialStep::WaitQuiet => {
                run.advance();
                let ringback = self.ear.tone() == Some(ProgressTone::Ringback);
                run.phase = Phase::Quiet { ringback, quiet: 0, until: self.after(QUIET_OVERDUE) };
                Progress::Moved
            }
            DialStep::Flash => {
                run.advance();
                if let Err(error @ PortError::Gone) = self.port.set_flash(run.flash) {
                    return Progress::Failed(error);
                }
                run.phase = Phase::FlashDue { until: self.after(FLASH_REFUSED) };
                Progress::Moved
            }
            DialStep::WaitBilling => Progress::Ended(Outcome::Failed(Failure::Refused)),
        }
    }

    /// Hands the digits that are due to the sender; false when it takes none.
    fn push_digits(&mut self, run: &mut Run) -> bool {
        let mut pushed = false;
        while let Some(DialStep::Digit(symbol)) = run.step() {
            if !self.mouth.push(symbol, run.digit, run.gap) {
                break;
            }
            pushed = true;
            run.advance();
        }
        pushed
    }

    /// Hands the digits that are due to the channel's pulse dialling.
    fn pulse(&mut self, run: &mut Run, now: Time, events: &mut EventQueue) -> Progress {
        let mut digits = ArrayVec::<u8, PULSE_RUN>::new();
        while let Some(DialStep::Digit(symbol)) = run.step() {
            // The channel sends as many pulses as its digit says; which digit that is depends on the country.
            let Some(pulses) = pulse::pulses(symbol, self.country.pulse.code) else {
                return Progress::Ended(Outcome::Failed(Failure::Refused));
            };
            if digits.try_push(b'0' + pulses % 10).is_err() {
                break;
            }
            run.advance();
        }
        // What is written stops the channel's dialling.
        self.mouth.drop_pending();
        match self.port.dial_pulse(&digits) {
            Ok(()) => {}
            Err(PortError::Gone) => return Progress::Failed(PortError::Gone),
            Err(_) => return Progress::Ended(Outcome::Failed(Failure::Refused)),
        }
        let longest = PULSE_DIGIT * (digits.len() as u32 + 1);
        run.phase = Phase::Pulses { until: self.after(longest) };
        // The clicks are ours.
        self.cover(COVER, now, events);
        Progress::Waits
    }

    /// Flashes, once the channel takes it.
    fn flash(&mut self, run: &mut Run, until: u64, now: Time, events: &mut EventQueue) -> Progress {
        match self.port.hook(HookCommand::Flash) {
            Ok(()) | Err(PortError::Os(libc::EINPROGRESS)) => {
                run.phase = Phase::Flashing { until: self.after(run.flash + FLASH_OVERDUE) };
                self.settle_at = None;
                self.cover(COVER, now, events);
                Progress::Waits
            }
            // Debouncing: it will take it in a moment.
            Err(PortError::Os(libc::EBUSY) | PortError::WouldBlock | PortError::EventPending) if self.heard < until => {
                Progress::Waits
            }
            Err(PortError::Gone) => Progress::Failed(PortError::Gone),
            Err(_) => Progress::Ended(Outcome::Failed(Failure::Refused)),
        }
    }

    /// Ends a run, which is no longer in its place.
    pub(super) fn finish(&mut self, run: Run, outcome: Outcome, now: Time, events: &mut EventQueue) {
        if outcome == Outcome::Ok {
            if let (Purpose::Dial { partial, .. }, Hook::Off(call)) = (run.purpose, &mut self.hook) {
                if !partial {
                    call.watch = Some(AnswerWatch::new(run.rang));
                }
                if run.begun {
                    events.push(LineEvent::Dialed);
                }
            }
        } else {
            self.mouth.clear();
            if run.seized()
                && let Err(error) = self.go_on_hook(now, events)
            {
                self.run = Some(run);
                return self.fail(error, now, events);
            }
        }
        Self::done(events, run.id, outcome);
    }
}
