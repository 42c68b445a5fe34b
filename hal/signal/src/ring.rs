//! Ring tracker: bursts of ringing, or a modem's `RING` results, to cycles and the end of ringing.
//!
//! A cycle is one turn of the ringing cadence: one burst (2000/4000 ms) or several (400/200/400/2000 ms).
//! Bursts with less than [`MAX_INNER_GAP`] between them belong to the same cycle; every national cadence and
//! the distinctive patterns of GR-506 keep to that. A burst must last [`MIN_BURST`] to count, so the ring is told that
//! long after it began. Ringing has stopped when nothing came for one and a half times the longest pause seen,
//! at least [`STOP_FLOOR`].
//!
//! Complete cycles are compared with the distinctive patterns of North America (GR-506), to within 15 % or
//! 100 ms. A cycle's pattern is known only at its end, so the first ring of a call is told as pattern 1 and the
//! later ones as what the cycle before them was.

use crate::{LineEvent, Time};
use arrayvec::ArrayVec;
use core::time::Duration;

/// Bursts shorter than this are spikes.
pub const MIN_BURST: Duration = Duration::from_millis(120);
/// Bursts with less than this between them belong to one cycle.
pub const MAX_INNER_GAP: Duration = Duration::from_millis(1050);
/// Ringing has stopped no earlier than this after the last of it.
pub const STOP_FLOOR: Duration = Duration::from_millis(6500);

/// Most bursts and inner gaps of a cycle that are remembered.
const MAX_STEPS: usize = 8;

/// Ring patterns 2 to 4 of GR-506: bursts and gaps inside the cycle, in ms. Pattern 1 is one burst; pattern 5
/// (a single 500 ms reminder ring) is not a cycle.
const PATTERNS: [(u8, &[u64]); 3] =
    [(2, &[800, 400, 800]), (3, &[400, 200, 400, 200, 800]), (4, &[300, 200, 1000, 200, 300])];

/// Follows the ringing of one line.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    ringing: bool,
    /// A burst is on since then.
    burst: Option<Time>,
    /// The burst that is on has been long enough and counts.
    counted: bool,
    /// The last ringing seen: the end of a burst, or a modem's `RING`.
    last: Option<Time>,
    longest_gap: Duration,
    /// Bursts and gaps of the cycle so far, in ms.
    cycle: ArrayVec<u64, MAX_STEPS>,
    pattern: u8,
}

impl Tracker {
    /// A line that does not ring.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ringing voltage appeared. The ring is told by [`Tracker::burst_end`] or [`Tracker::expire`], once the
    /// burst is long enough.
    pub fn burst_begin(&mut self, at: Time) {
        if self.burst.is_none() {
            self.burst = Some(at);
            self.counted = false;
        }
    }

    /// Ringing voltage went. The answer is the `Ring` of a burst that was long enough and is not yet told.
    pub fn burst_end(&mut self, at: Time) -> Option<LineEvent> {
        let begin = self.burst?;
        let told = if self.counted || at.since(begin) < MIN_BURST { None } else { self.count(begin) };
        let counted = self.counted;
        self.burst = None;
        self.counted = false;
        if counted {
            push(&mut self.cycle, at.since(begin));
            self.last = Some(at);
        }
        told
    }

    /// A modem said `RING`: once per cycle, though some modems say it for each burst.
    pub fn cadence(&mut self, at: Time) -> Option<LineEvent> {
        let gap = self.last.map(|last| at.since(last));
        self.last = Some(at);
        match gap {
            Some(gap) if self.ringing && gap < MAX_INNER_GAP => None,
            _ => {
                self.note_gap(gap);
                self.ringing = true;
                Some(LineEvent::Ring { pattern: 1 })
            }
        }
    }

    /// The burst that began at `begin` is a real one: the first of a cycle is a `Ring`.
    fn count(&mut self, begin: Time) -> Option<LineEvent> {
        self.counted = true;
        let gap = self.last.map(|last| begin.since(last));
        if let Some(gap) = gap.filter(|gap| self.ringing && *gap < MAX_INNER_GAP) {
            push(&mut self.cycle, gap);
            return None;
        }
        self.note_gap(gap);
        self.pattern = if self.ringing { classify(&self.cycle) } else { 1 };
        self.cycle.clear();
        self.ringing = true;
        Some(LineEvent::Ring { pattern: self.pattern })
    }

    fn note_gap(&mut self, gap: Option<Duration>) {
        if let Some(gap) = gap.filter(|_| self.ringing) {
            self.longest_gap = self.longest_gap.max(gap);
        }
    }

    /// When [`Tracker::expire`] must be called next.
    pub fn deadline(&self) -> Option<Time> {
        match self.burst {
            Some(begin) if !self.counted => Some(begin + MIN_BURST),
            Some(_) => None,
            None => self.last.filter(|_| self.ringing).map(|last| last + self.patience()),
        }
    }

    /// How long a silence must be to be the end of ringing.
    fn patience(&self) -> Duration {
        STOP_FLOOR.max(self.longest_gap * 3 / 2)
    }

    /// Time passed: `Ring` when a burst has become long enough, `RingStopped` when ringing is over.
    pub fn expire(&mut self, now: Time) -> Option<LineEvent> {
        if self.deadline()? > now {
            return None;
        }
        if let Some(begin) = self.burst {
            return self.count(begin);
        }
        self.reset();
        Some(LineEvent::RingStopped)
    }

    /// The call was answered here: no `RingStopped` will come.
    pub fn answered(&mut self) {
        self.reset();
    }

    /// Forgets the ringing.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether the line is ringing: from the first `Ring` to `RingStopped`.
    pub fn is_ringing(&self) -> bool {
        self.ringing
    }

    /// The ring pattern told last; 0 when the line does not ring.
    pub fn pattern(&self) -> u8 {
        self.pattern
    }
}

fn push(cycle: &mut ArrayVec<u64, MAX_STEPS>, step: Duration) {
    // A cycle with more steps matches no pattern; that it is full says so.
    let _ = cycle.try_push(u64::try_from(step.as_millis()).unwrap_or(u64::MAX));
}

/// The distinctive pattern of a complete cycle; 1 when it is none.
fn classify(cycle: &[u64]) -> u8 {
    let near = |seen: u64, nominal: u64| seen.abs_diff(nominal) <= (nominal * 15 / 100).max(100);
    PATTERNS
        .iter()
        .find(|(_, steps)| steps.len() == cycle.len() && steps.iter().zip(cycle).all(|(n, s)| near(*s, *n)))
        .map_or(1, |(pattern, _)| *pattern)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Plays bursts (on, off ms, repeated `cycles` times) and answers the events with their times in ms.
    fn play(cadence: &[u64], cycles: usize) -> Vec<(u64, LineEvent)> {
        let mut tracker = Tracker::new();
        let mut seen = Vec::new();
        let mut now = 10_000;
        let mut edges = Vec::new();
        for _ in 0..cycles {
            for (i, ms) in cadence.iter().enumerate() {
                edges.push((now, i % 2 == 0));
                now += ms;
            }
        }
        let mut edges = edges.into_iter().peekable();
        for ms in 10_000..now + 20_000 {
            let at = Time::from_millis(ms);
            while edges.next_if(|e| e.0 == ms).is_some_and(|(_, on)| {
                if on {
                    tracker.burst_begin(at);
                } else if let Some(e) = tracker.burst_end(at) {
                    seen.push((ms - 10_000, e));
                }
                true
            }) {}
            if tracker.deadline().is_some_and(|d| d <= at)
                && let Some(e) = tracker.expire(at)
            {
                seen.push((ms - 10_000, e));
            }
        }
        seen
    }

    const RING: LineEvent = LineEvent::Ring { pattern: 1 };

    #[test]
    fn one_ring_per_cycle_and_an_end() {
        let seen = play(&[2000, 4000], 3);
        assert_eq!(seen, [(120, RING), (6120, RING), (12_120, RING), (20_500, LineEvent::RingStopped)]);
    }

    #[test]
    fn double_bursts_are_one_cycle() {
        let seen = play(&[400, 200, 400, 2000], 3);
        assert_eq!(seen, [(120, RING), (3120, RING), (6120, RING), (13_500, LineEvent::RingStopped)]);
    }

    #[test]
    fn long_pauses_prolong_the_wait() {
        let seen = play(&[750, 7500], 1);
        assert_eq!(seen.len(), 2);
        let seen = play(&[1000, 6000], 3);
        // 1.5 times 6 s after the end of the last burst.
        assert_eq!(seen.last(), Some(&(15_000 + 9_000, LineEvent::RingStopped)));
    }

    #[test]
    fn spikes_are_ignored() {
        assert_eq!(play(&[110, 4000], 3), []);
    }

    #[test]
    fn distinctive_patterns_are_told_from_the_second_cycle() {
        for (pattern, cadence) in [
            (2, &[800, 400, 800, 4000][..]),
            (3, &[400, 200, 400, 200, 800, 4000]),
            (4, &[300, 200, 1000, 200, 300, 4000]),
        ] {
            let rings: Vec<_> = play(cadence, 3)
                .into_iter()
                .filter_map(|(_, e)| if let LineEvent::Ring { pattern } = e { Some(pattern) } else { None })
                .collect();
            assert_eq!(rings, [1, pattern, pattern]);
        }
    }

    #[test]
    fn results_of_a_modem() {
        let mut t = Tracker::new();
        let at = Time::from_millis;
        assert_eq!(t.cadence(at(1000)), Some(RING));
        assert_eq!(t.cadence(at(1500)), None);
        assert_eq!(t.cadence(at(7000)), Some(RING));
        assert!(t.is_ringing());
        let end = t.deadline().map(Time::millis);
        assert_eq!(end, Some(7000 + 8250));
        assert_eq!(t.expire(at(15_249)), None);
        assert_eq!(t.expire(at(15_250)), Some(LineEvent::RingStopped));
        assert!(!t.is_ringing());
        assert_eq!(t.deadline(), None);
    }

    #[test]
    fn an_answered_call_does_not_stop_ringing() {
        let mut t = Tracker::new();
        t.cadence(Time::from_millis(5));
        t.answered();
        assert_eq!((t.deadline(), t.is_ringing()), (None, false));
    }
}
