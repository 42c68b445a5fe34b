//! Named timers: one table for each line, and the next deadline of each clock over all lines.

use alloc::collections::BTreeSet;
use core::time::Duration;
use loopstart_signal::{Clock, Time};

macro_rules! timers {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The timers of a line.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Timer { $($(#[$doc])* $name),* }

        impl Timer {
            const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

timers! {
    /// Ends the step of a switch procedure.
    Procedure,
    /// Ends the time in which dial tone is the echo of a flash and not the end of a call.
    Recall,
    /// Ends a waiting call whose tone came no more.
    Waiting,
    /// Ends the time in which a ring is a party that the exchange gives back.
    RingBack,
    /// Watches the running Seize, Dial or Answer: the device must end it.
    CallAction,
    /// Watches the running Release.
    Release,
    /// Watches the running SendDigits.
    Send,
    /// Watches the running CancelDigits.
    CancelSend,
    /// Watches the running Listen.
    Listen,
    /// Watches the running WatchTones.
    WatchTones,
    /// Watches the running Speaker.
    Speaker,
    /// A medium has lasted as long as one that controls the media stream must.
    Medium,
    /// Ends a ringing whose end the device did not tell.
    Ringing,
    /// Forgets a caller identification to which no ring came.
    CallerId,
    /// Gives up a call that nobody answers (`dwNoAnswerTimeout`).
    NoAnswer,
    /// Gives up waiting for dial tone on a seized line.
    DialTone,
    /// Waits for the event that tells why a call ended.
    Settle,
    /// Keeps the line on hook long enough for the exchange to see a hang-up, not a flash.
    HookGuard,
    /// First-digit or inter-digit timeout of the digit collection.
    Gather,
    /// Ends the completion that the exchange forgets next.
    Completion,
    /// Sends `Remove` even when the host does not close the line of a removed device.
    Remove,
}

const COUNT: usize = Timer::ALL.len();

/// Longest time a device may take to end a Dial, beside the time its steps take.
pub(crate) const DIAL_WATCH: Duration = Duration::from_secs(120);
/// Longest time a device may take to end any other action.
pub(crate) const ACTION_WATCH: Duration = Duration::from_secs(15);
/// No ring for this long is the end of ringing; the longest national cadence repeats after about 6 s.
pub(crate) const RING_SILENCE: Duration = Duration::from_secs(15);
/// How long a caller identification waits for its ring.
pub(crate) const CALLER_ID_KEPT: Duration = Duration::from_secs(10);
/// How long the event that tells why a call ended may lag behind.
pub(crate) const SETTLE: Duration = Duration::from_millis(500);
/// Shortest on-hook time between two calls: longer than any hook flash (at most 1.1 s in North America).
pub(crate) const HOOK_GUARD: Duration = Duration::from_millis(1500);
/// How long after a flash dial tone during a call may be the exchange's offer to take an order.
pub(crate) const RECALL_GRACE: Duration = Duration::from_millis(3_500);
/// A waiting call of which no tone came for this long is gone: exchanges repeat it every 10 s at most, and some do so
/// only once; the caller has given up after a minute.
pub(crate) const WAITING_SILENCE: Duration = Duration::from_secs(35);
/// How long after a hang-up a ring is a party that the exchange gives back, and no new call.
pub(crate) const RING_BACK: Duration = Duration::from_secs(6);
/// How long the host may take to close the line of a removed device.
pub(crate) const REMOVE_PATIENCE: Duration = Duration::from_secs(10);

/// The timers of one line.
#[derive(Debug)]
pub(crate) struct Timers {
    due: [Option<Time>; COUNT],
    next: Option<Time>,
}

impl Default for Timers {
    fn default() -> Self {
        Self { due: [None; COUNT], next: None }
    }
}

impl Timers {
    /// Starts a timer, or starts it anew.
    pub(crate) fn start(&mut self, timer: Timer, at: Time) {
        self.put(timer, Some(at));
    }

    /// Stops a timer, if it runs.
    pub(crate) fn stop(&mut self, timer: Timer) {
        self.put(timer, None);
    }

    /// Whether a timer runs.
    pub(crate) fn runs(&self, timer: Timer) -> bool {
        self.due.get(timer as usize).is_some_and(Option::is_some)
    }

    /// Stops all timers.
    pub(crate) fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// When the next one is due.
    pub(crate) const fn next(&self) -> Option<Time> {
        self.next
    }

    /// The one that has been due longest, if any; it is stopped.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Timer> {
        let next = self.next.filter(|&at| at <= now)?;
        let timer = *Timer::ALL.iter().find(|&&t| self.due.get(t as usize) == Some(&Some(next)))?;
        self.stop(timer);
        Some(timer)
    }

    fn put(&mut self, timer: Timer, at: Option<Time>) {
        let Some(slot) = self.due.get_mut(timer as usize) else { return };
        if *slot == at {
            return;
        }
        let old = core::mem::replace(slot, at);
        if old.is_some() && old == self.next {
            self.next = self.due.iter().flatten().min().copied();
        } else if let Some(at) = at {
            self.next = Some(self.next.map_or(at, |next| next.min(at)));
        }
    }
}

/// The deadlines of all lines, by clock.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    monotonic: BTreeSet<(Time, u16)>,
    line: BTreeSet<(Time, u16)>,
}

impl Deadlines {
    fn of(&mut self, clock: Clock) -> &mut BTreeSet<(Time, u16)> {
        match clock {
            Clock::Monotonic => &mut self.monotonic,
            Clock::Line => &mut self.line,
        }
    }

    /// The first deadline of a clock.
    pub(crate) fn first(&self, clock: Clock) -> Option<Time> {
        match clock {
            Clock::Monotonic => self.monotonic.first(),
            Clock::Line => self.line.first(),
        }
        .map(|entry| entry.0)
    }

    /// A line whose deadline has passed, if any.
    pub(crate) fn due(&self, clock: Clock, now: Time) -> Option<u16> {
        match clock {
            Clock::Monotonic => self.monotonic.first(),
            Clock::Line => self.line.first(),
        }
        .filter(|entry| entry.0 <= now)
        .map(|entry| entry.1)
    }

    /// Moves the deadline of a line.
    pub(crate) fn moved(&mut self, clock: Clock, index: u16, from: Option<Time>, to: Option<Time>) {
        if from == to {
            return;
        }
        let set = self.of(clock);
        if let Some(at) = from {
            set.remove(&(at, index));
        }
        if let Some(at) = to {
            set.insert((at, index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Time {
        Time::from_millis(n)
    }

    #[test]
    fn the_next_deadline_is_the_minimum() {
        let mut timers = Timers::default();
        timers.start(Timer::NoAnswer, ms(30));
        timers.start(Timer::Gather, ms(20));
        assert_eq!(timers.next(), Some(ms(20)));
        timers.start(Timer::Gather, ms(40));
        assert_eq!(timers.next(), Some(ms(30)));
        assert_eq!(timers.pop_due(ms(29)), None);
        assert_eq!(timers.pop_due(ms(50)), Some(Timer::NoAnswer));
        assert_eq!(timers.pop_due(ms(50)), Some(Timer::Gather));
        assert_eq!((timers.pop_due(ms(50)), timers.next()), (None, None));
    }

    #[test]
    fn clocks_are_apart() {
        let mut all = Deadlines::default();
        all.moved(Clock::Line, 7, None, Some(ms(5)));
        all.moved(Clock::Monotonic, 8, None, Some(ms(9)));
        assert_eq!(all.first(Clock::Line), Some(ms(5)));
        assert_eq!(all.due(Clock::Monotonic, ms(8)), None);
        assert_eq!(all.due(Clock::Monotonic, ms(9)), Some(8));
        all.moved(Clock::Line, 7, Some(ms(5)), None);
        assert_eq!(all.first(Clock::Line), None);
    }
}
