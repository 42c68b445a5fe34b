//! Hook supervision: the opening and closing of the loop read as seizure, pulse, flash and release.

use super::settings::HookTiming;
use super::subscriber::STEP_TIME;
use loopstart_signal::Time;
use std::time::Duration;

/// What a change of the loop means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookSignal {
    /// The loop was closed: seizure, or answer.
    Seized,
    /// The loop has just opened; what it will be is not known yet.
    Opened,
    /// It opened for as long as a flash.
    Flash,
    /// It opened for good.
    Released,
}

/// Shorter openings are bounces of a contact.
const BOUNCE: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    OnHook,
    Closing(Time),
    OffHook,
    /// Open since; whether that was told.
    Opening(Time, bool),
}

/// Supervises one loop.
#[derive(Debug)]
pub(crate) struct Supervisor {
    timing: HookTiming,
    state: State,
}

impl Supervisor {
    pub(crate) fn new(timing: HookTiming) -> Self {
        Self { timing, state: State::OnHook }
    }

    /// Whether the terminal counts as off hook. A short opening does not change that.
    pub(crate) fn is_off_hook(&self) -> bool {
        matches!(self.state, State::OffHook | State::Opening(..))
    }

    /// Lives through the step at `now`. `flash` says whether a flash means anything at present; where it does not, an
    /// opening longer than a pulse is a release.
    pub(crate) fn step(&mut self, now: Time, closed: bool, flash: bool) -> Option<HookSignal> {
        let limit = if flash { self.timing.flash_max } else { self.timing.pulse_max };
        match (self.state, closed) {
            (State::OnHook, true) => {
                self.state = State::Closing(now);
                None
            }
            (State::Closing(_), false) => {
                self.state = State::OnHook;
                None
            }
            (State::Closing(since), true) if now.since(since) >= self.timing.seize => {
                self.state = State::OffHook;
                Some(HookSignal::Seized)
            }
            (State::OffHook, false) => {
                self.state = State::Opening(now, false);
                None
            }
            (State::Opening(since, false), false) if now.since(since) >= BOUNCE => {
                self.state = State::Opening(since, true);
                Some(HookSignal::Opened)
            }
            (State::Opening(since, _), true) => {
                self.state = State::OffHook;
                // The loop is looked at once a step: a length may be a step short.
                let open = now.since(since);
                let long_enough = open > self.timing.pulse_max && open + STEP_TIME >= self.timing.flash_min;
                (flash && long_enough).then_some(HookSignal::Flash)
            }
            (State::Opening(since, _), false) if now.since(since) > limit => {
                self.state = State::OnHook;
                Some(HookSignal::Released)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::country;

    fn signals(flash: bool, loops: &[(bool, u64)]) -> Vec<HookSignal> {
        let mut supervisor = Supervisor::new(HookTiming::of(country::US));
        let (mut now, mut out) = (0, Vec::new());
        for &(closed, ms) in loops {
            for _ in 0..ms / 5 {
                out.extend(supervisor.step(Time::from_millis(now), closed, flash));
                now += 5;
            }
        }
        out
    }

    #[test]
    fn openings_are_read_by_their_length() {
        use HookSignal::{Flash, Opened, Released, Seized};
        assert_eq!(signals(true, &[(true, 15), (false, 50)]), [], "a hit is no seizure");
        assert_eq!(signals(true, &[(true, 100), (false, 5), (true, 40)]), [Seized], "a bounce");
        assert_eq!(signals(true, &[(true, 100), (false, 60), (true, 40)]), [Seized, Opened], "a pulse");
        assert_eq!(signals(true, &[(true, 100), (false, 600), (true, 40)]), [Seized, Opened, Flash]);
        assert_eq!(signals(true, &[(true, 100), (false, 1200)]), [Seized, Opened, Released]);
        assert_eq!(signals(false, &[(true, 100), (false, 300)]), [Seized, Opened, Released], "no flash expected");
    }
}
