//! What ends a call that nothing else ends: silence for too long, or a call that is longer than it may be.

use loopstart_signal::{ReleaseWitness, Time};
use std::time::Duration;

/// Limits and intervals of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guards {
    /// An idle modem is asked this often whether it is there: some wander off after weeks. Between 1 s and a day.
    pub health: Duration,
    /// A call in which nothing is heard for so long is over: on many lines nothing else tells it. It takes a device that hears.
    pub silence: Option<Duration>,
    /// No call lasts longer than this.
    pub longest_call: Option<Duration>,
}

impl Default for Guards {
    /// A minute, ten minutes, no limit.
    fn default() -> Self {
        Self { health: Duration::from_secs(60), silence: Some(Duration::from_secs(600)), longest_call: None }
    }
}

/// Watches one call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CallWatch {
    /// Off hook since then.
    since: Option<Time>,
    /// Nothing was heard since then.
    quiet: Option<Time>,
    told: bool,
}

impl CallWatch {
    /// The line was taken, or is on hook.
    pub(super) fn hook(&mut self, off_hook: bool, now: Time) {
        if off_hook != self.since.is_some() {
            *self = Self { since: off_hook.then_some(now), ..Self::default() };
        }
    }

    /// Nothing was heard for `how_long` up to now, as was measured: before that something was.
    pub(super) fn silent_for(&mut self, how_long: Duration, now: Time) {
        let since = now - how_long;
        self.quiet = Some(self.since.map_or(since, |taken| taken.max(since)));
    }

    /// Nothing is heard, whoever says so, and perhaps says so again and again.
    pub(super) fn silent(&mut self, now: Time) {
        self.quiet.get_or_insert(now);
    }

    /// Something was heard, or cannot be heard at the moment.
    pub(super) fn sound(&mut self) {
        self.quiet = None;
    }

    /// When [`expired`](Self::expired) wants to be asked.
    pub(super) fn deadline(&self, guards: &Guards) -> Option<Time> {
        self.limits(guards).into_iter().flatten().map(|(at, _)| at).min()
    }

    fn limits(&self, guards: &Guards) -> [Option<(Time, ReleaseWitness)>; 2] {
        if self.told {
            return [None; 2];
        }
        let after = |from: Option<Time>, limit: Option<Duration>, why| Some((from? + limit?, why));
        [
            after(self.since, guards.longest_call, ReleaseWitness::TimeLimit),
            after(self.since.and(self.quiet), guards.silence, ReleaseWitness::Silence),
        ]
    }

    /// What ends the call now; once for each call.
    pub(super) fn expired(&mut self, guards: &Guards, now: Time) -> Option<ReleaseWitness> {
        let due = self.limits(guards).into_iter().flatten().find(|(at, _)| *at <= now);
        self.told |= due.is_some();
        due.map(|(_, why)| why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARDS: Guards = Guards {
        health: Duration::from_secs(60),
        silence: Some(Duration::from_secs(30)),
        longest_call: Some(Duration::from_secs(100)),
    };

    fn at(s: u64) -> Time {
        Time::from_millis(s * 1_000)
    }

    #[test]
    fn silence_counts_from_when_it_began_and_sound_ends_it() {
        let mut watch = CallWatch::default();
        watch.silent_for(Duration::from_secs(50), at(50));
        assert_eq!(watch.deadline(&GUARDS), None, "on hook");
        watch.hook(true, at(50));
        watch.silent_for(Duration::from_secs(3), at(60));
        watch.silent_for(Duration::from_secs(4), at(61));
        assert_eq!(watch.deadline(&GUARDS), Some(at(87)));
        // A sound that had no name, after which it is silent again.
        watch.silent_for(Duration::from_secs(3), at(65));
        assert_eq!(watch.deadline(&GUARDS), Some(at(92)));
        watch.sound();
        watch.silent(at(69));
        watch.silent(at(70));
        assert_eq!(watch.expired(&GUARDS, at(98)), None);
        assert_eq!(watch.expired(&GUARDS, at(99)), Some(ReleaseWitness::Silence));
        assert_eq!((watch.expired(&GUARDS, at(300)), watch.deadline(&GUARDS)), (None, None), "once");
    }

    #[test]
    fn no_call_is_longer_than_it_may_be() {
        let mut watch = CallWatch::default();
        watch.hook(true, at(10));
        watch.hook(true, at(20));
        assert_eq!(watch.deadline(&GUARDS), Some(at(110)));
        assert_eq!(watch.deadline(&Guards::default()), None, "off by default");
        assert_eq!(watch.expired(&GUARDS, at(110)), Some(ReleaseWitness::TimeLimit));
        watch.hook(false, at(120));
        watch.hook(true, at(130));
        assert_eq!(watch.deadline(&GUARDS), Some(at(230)), "the next call has its own time");
    }
}
