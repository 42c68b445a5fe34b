//! Ring tracker: bursts of ringing, or a modem's `RING` results, to cycles, ring patterns and the end of ringing.
//!
//! A cycle is one turn of the ringing cadence: one burst (2000/4000 ms) or several (400/200/400/2000 ms).
//! Bursts with a short pause between them belong to the same cycle; how short depends on the [`Patterns`] of the line, and is
//! [`MAX_INNER_GAP`] for most. A burst must last [`MIN_BURST`] to count, so the ring is told that
//! long after it began. Ringing has stopped when nothing came for one and a half times the longest pause seen,
//! at least [`STOP_FLOOR`], and half a second more than that for the longest pause of the country.
//!
//! A complete cycle is compared with the line's patterns, to within 15 % or 100 ms; of several that fit, the nearest is
//! taken. The pattern is known at the end of the cycle ([`Tracker::pattern`]). So the first ring of a call is told
//! as pattern 1 and the later ones as what the cycle before them was.
//!
//! Short rings that announce something else (a forwarded call, caller identification, NTT's request for a primary
//! answer) are no call. A tracker that knows such an *alert* tells a ring only when what it heard can no longer be
//! one: when a burst goes on for too long, or a second one follows. An alert that stays alone is never told as a ring; see
//! [`Tracker::alert`].

mod pattern;

use crate::country::Country;
use crate::{LineEvent, Time};
use arrayvec::ArrayVec;
use core::time::Duration;

pub use pattern::{ALERT, MAX_BURSTS, MAX_PATTERNS, Pattern, PatternError, Patterns};

/// Bursts shorter than this are spikes.
pub const MIN_BURST: Duration = Duration::from_millis(120);
/// Bursts with less than this between them belong to one cycle, unless the patterns of the line ask for another limit.
pub const MAX_INNER_GAP: Duration = Duration::from_millis(1050);
/// Ringing has stopped no earlier than this after the last of it.
pub const STOP_FLOOR: Duration = Duration::from_millis(6500);

/// Most bursts and inner gaps of a cycle that are remembered: one more than any pattern has.
const MAX_STEPS: usize = 2 * MAX_BURSTS;

/// Follows the ringing of one line.
#[derive(Clone, Debug)]
pub struct Tracker {
    patterns: Patterns,
    /// Silence that ends a cycle.
    inner_gap: Duration,
    /// Silence that ends ringing, at least.
    floor: Duration,
    now: State,
}

/// What a tracker knows of the line now.
#[derive(Clone, Debug, Default)]
struct State {
    ringing: bool,
    rings: u32,
    /// A burst is on since then.
    burst: Option<Time>,
    /// The burst that is on has been long enough and counts.
    counted: bool,
    /// The cycle that is on was told.
    told: bool,
    /// The last ringing seen: the end of a burst, or a modem's `RING`.
    last: Option<Time>,
    longest_gap: Duration,
    /// Bursts and gaps of the cycle so far, in ms.
    cycle: ArrayVec<u32, MAX_STEPS>,
    pattern: u8,
    alert: Option<Time>,
}

impl Default for Tracker {
    fn default() -> Self {
        Self::new()
    }
}

impl Tracker {
    /// A line that does not ring, with the patterns of North America (GR-506), and without alerts: a ring is told as
    /// soon as its first burst has lasted [`MIN_BURST`].
    pub fn new() -> Self {
        let mut patterns = Patterns::north_america();
        patterns.forget_alerts();
        Self::with(patterns)
    }

    /// A line in `country`: its patterns and alerts.
    pub fn for_country(country: &Country) -> Self {
        Self::with(Patterns::of(country))
    }

    /// A line with these patterns.
    pub fn with(patterns: Patterns) -> Self {
        let (inner_gap, longest) = (patterns.inner_gap(), patterns.longest_pause());
        let floor = STOP_FLOOR.max(longest * 3 / 2 + Duration::from_millis(500));
        Self { patterns, inner_gap, floor, now: State::default() }
    }

    /// Ringing voltage appeared. The ring is told by [`Tracker::burst_end`] or [`Tracker::expire`], once the
    /// burst is long enough.
    pub fn burst_begin(&mut self, at: Time) {
        if self.now.burst.is_none() {
            self.now.burst = Some(at);
            self.now.counted = false;
        }
    }

    /// Ringing voltage went. The answer is the `Ring` of a burst that was long enough and is not yet told.
    pub fn burst_end(&mut self, at: Time) -> Option<LineEvent> {
        let begin = self.now.burst?;
        let length = at.since(begin);
        if !self.now.counted && length >= MIN_BURST {
            self.count(begin);
        }
        let told = if self.now.counted { self.tell(length) } else { None };
        self.now.burst = None;
        if core::mem::take(&mut self.now.counted) {
            push(&mut self.now.cycle, length);
            self.now.last = Some(at);
        }
        told
    }

    /// A modem said `RING`: once per cycle, though some modems say it for each burst.
    pub fn cadence(&mut self, at: Time) -> Option<LineEvent> {
        let gap = self.now.last.map(|last| at.since(last));
        self.now.last = Some(at);
        match gap {
            Some(gap) if self.now.ringing && gap < self.inner_gap => None,
            _ => {
                self.note_gap(gap);
                self.now.ringing = true;
                self.now.rings = self.now.rings.saturating_add(1);
                Some(LineEvent::Ring { pattern: 1 })
            }
        }
    }

    /// The burst that began at `begin` is a real one: it goes on with the cycle, or begins one.
    fn count(&mut self, begin: Time) {
        self.now.counted = true;
        let gap = self.now.last.map(|last| begin.since(last));
        if let Some(gap) = gap.filter(|gap| !self.now.cycle.is_empty() && *gap < self.inner_gap) {
            push(&mut self.now.cycle, gap);
            return;
        }
        self.note_gap(gap);
        self.close();
        // A modem's `RING` may have told this cycle.
        self.now.told = self.now.ringing && gap.is_some_and(|gap| gap < self.inner_gap);
    }

    /// Tells the ring of the cycle whose present burst has lasted for `length`, unless it is told, or may be an alert.
    fn tell(&mut self, length: Duration) -> Option<LineEvent> {
        let alert = !self.now.ringing && self.patterns.alert_limit(&self.now.cycle).is_some_and(|limit| length < limit);
        if self.now.told || alert {
            return None;
        }
        self.now.told = true;
        if !self.now.ringing {
            self.now.pattern = 1;
        }
        self.now.ringing = true;
        self.now.rings = self.now.rings.saturating_add(1);
        Some(LineEvent::Ring { pattern: self.now.pattern.max(1) })
    }

    /// The cycle is complete.
    fn close(&mut self) {
        if self.now.cycle.is_empty() {
            return;
        }
        if self.now.told {
            self.now.pattern = self.patterns.classify(&self.now.cycle);
        } else {
            self.now.alert = self.now.last;
        }
        self.now.cycle.clear();
        self.now.told = false;
    }

    fn note_gap(&mut self, gap: Option<Duration>) {
        if let Some(gap) = gap.filter(|_| self.now.ringing) {
            self.now.longest_gap = self.now.longest_gap.max(gap);
        }
    }

    /// When [`Tracker::expire`] must be called next.
    pub fn deadline(&self) -> Option<Time> {
        match self.now.burst {
            Some(begin) if !self.now.counted => Some(begin + MIN_BURST),
            Some(begin) if !self.now.told => self.patterns.alert_limit(&self.now.cycle).map(|limit| begin + limit),
            Some(_) => None,
            None if self.now.cycle.is_empty() => self.stop(),
            None => self.now.last.map(|last| last + self.inner_gap),
        }
    }

    /// When ringing is over if nothing comes.
    fn stop(&self) -> Option<Time> {
        self.now.last.filter(|_| self.now.ringing).map(|last| last + self.patience())
    }

    /// How long a silence must be to be the end of ringing.
    fn patience(&self) -> Duration {
        self.floor.max(self.now.longest_gap * 3 / 2)
    }

    /// Time passed: `Ring` when a burst has become long enough, `RingStopped` when ringing is over.
    pub fn expire(&mut self, now: Time) -> Option<LineEvent> {
        if self.deadline()? > now {
            return None;
        }
        if let Some(begin) = self.now.burst {
            if !self.now.counted {
                self.count(begin);
            }
            return self.tell(now.since(begin));
        }
        self.close();
        if self.stop()? > now {
            return None;
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
        self.now = State::default();
    }

    /// Whether the line is ringing: from the first `Ring` to `RingStopped`.
    pub fn is_ringing(&self) -> bool {
        self.now.ringing
    }

    /// How many rings were told since the line began to ring.
    pub fn rings(&self) -> u32 {
        self.now.rings
    }

    /// The ring pattern: 1 from the first ring on, what the last complete cycle was from its end on; 0 when the line
    /// does not ring.
    pub fn pattern(&self) -> u8 {
        self.now.pattern
    }

    /// When the last alert ended that was no ring, until the line rings and stops or is answered.
    pub fn alert(&self) -> Option<Time> {
        self.now.alert
    }
}

fn push(cycle: &mut ArrayVec<u32, MAX_STEPS>, step: Duration) {
    // A cycle with more steps matches no pattern; that it is full says so.
    let _ = cycle.try_push(u32::try_from(step.as_millis()).unwrap_or(u32::MAX));
}

#[cfg(test)]
mod tests;
