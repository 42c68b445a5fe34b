//! The escape from data state: three characters S2 with a guard time of S12 before and after them.

use loopstart_signal::Time;
use std::time::Duration;

/// Looks for the escape in the host's data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Escape {
    last: Time,
    seen: u8,
}

impl Escape {
    /// Data state begins at `now`, which counts as a character.
    pub(super) const fn new(now: Time) -> Self {
        Self { last: now, seen: 0 }
    }

    /// A character of data.
    pub(super) fn push(&mut self, byte: u8, now: Time, character: u8, guard: Duration) {
        let quiet = now.since(self.last);
        self.seen = match self.seen {
            _ if byte != character || character > 127 => 0,
            // The first comes after the guard time, the next ones within it.
            0 if quiet >= guard => 1,
            n @ 1..=2 if quiet < guard || guard.is_zero() => n + 1,
            _ => 0,
        };
        self.last = now;
    }

    /// Whether the escape is complete at `now`.
    pub(super) fn is_complete(&self, now: Time, guard: Duration) -> bool {
        self.seen == 3 && now.since(self.last) >= guard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: Duration = Duration::from_secs(1);

    fn run(script: &[(u64, u8)], end: u64) -> bool {
        let mut escape = Escape::new(Time::ZERO);
        for &(ms, byte) in script {
            escape.push(byte, Time::from_millis(ms), b'+', GUARD);
        }
        escape.is_complete(Time::from_millis(end), GUARD)
    }

    #[test]
    fn three_characters_between_two_silences_escape() {
        assert!(run(&[(1000, b'+'), (1010, b'+'), (1900, b'+')], 2900));
        assert!(!run(&[(1000, b'+'), (1010, b'+'), (1900, b'+')], 2899), "guard time after it");
        assert!(!run(&[(900, b'+'), (1010, b'+'), (1020, b'+')], 4000), "guard time before it");
        assert!(!run(&[(1000, b'+'), (1010, b'+'), (1020, b'+'), (1030, b'+')], 4000), "four are data");
        assert!(!run(&[(1000, b'+'), (1010, b'+'), (1020, b'+'), (1030, b'x')], 4000), "data follow");
    }
}
