//! Ring patterns: the distinctive ones of each country, and the user's.

use crate::country::Country;
use arrayvec::ArrayVec;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// Most patterns of a line, alerts included.
pub const MAX_PATTERNS: usize = 12;
/// Most bursts of a pattern.
pub const MAX_BURSTS: usize = 6;
/// The mode of a pattern that is no ring: an alert.
pub const ALERT: u8 = 0;

/// Bursts that are a cycle, shorter ones are spikes, and longer ones no ringing, in ms.
const BURST_MS: core::ops::RangeInclusive<u32> = 150..=10_000;
/// Pauses, in ms.
const GAP_MS: core::ops::RangeInclusive<u32> = 50..=20_000;
/// A burst or gap fits when it is off by no more than this, in ms, or by 15 %.
const TOLERANCE_MS: u32 = 100;

/// One pattern: the bursts and gaps of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    mode: u8,
    /// On, off, on .. without the pause between cycles.
    steps: ArrayVec<u32, { 2 * MAX_BURSTS - 1 }>,
    /// Pause between cycles; 0 when not told.
    pause: u32,
    /// An alert that may go on for any number of turns.
    repeats: bool,
}

impl Pattern {
    /// The ring mode it stands for, or [`ALERT`].
    pub fn mode(&self) -> u8 {
        self.mode
    }

    /// Its bursts and gaps in ms, without the pause between cycles.
    pub fn steps(&self) -> &[u32] {
        &self.steps
    }
}

/// The patterns of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patterns {
    list: ArrayVec<Pattern, MAX_PATTERNS>,
}

/// Why a pattern is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It has no bursts, or more than [`MAX_BURSTS`].
    Length,
    /// A burst is not between 150 ms and 10 s, or a pause not between 50 ms and 20 s.
    Duration,
    /// The line has this pattern already.
    Same,
    /// The line has [`MAX_PATTERNS`].
    Full,
    /// The text is not `mode:on/off/on/off`.
    Text,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a ring pattern has one to six bursts",
            Self::Duration => "a burst of a ring pattern lasts 150 ms to 10 s, a pause 50 ms to 20 s",
            Self::Same => "two ring patterns are the same",
            Self::Full => "a line has at most twelve ring patterns",
            Self::Text => "a ring pattern is written mode:on/off/on/off in milliseconds, as in 2:800/400/800/4000",
        })
    }
}

impl core::error::Error for PatternError {}

/// GR-506 (LSSGR, ringing patterns 1 to 4).
const GR_506: [(u8, &[u32]); 4] = [
    (1, &[2000, 4000]),
    (2, &[800, 400, 800, 4000]),
    (3, &[400, 200, 400, 200, 800, 4000]),
    (4, &[300, 200, 1000, 200, 300, 4000]),
];
/// The reminder of a forwarded call (GR-506, ringing pattern 5; "ring splash").
const REMINDER: u32 = 500;
/// A ring pulse before caller identification (RP-AS, EN 300 659-1: 200 to 300 ms). An alert may be shorter.
const RP_AS: u32 = 250;
/// British Telecom: the normal ring, Call Sign, ring back when free.
const GB: [(u8, &[u32]); 2] = [(2, &[1000, 2000]), (3, &[250, 250, 250, 250, 250, 1750])];
/// British cable operators' ring burst before caller identification: up to 450 ms.
const GB_CABLE: u32 = 375;
/// Telstra: one of the distinctive rings of AS/CA S002, all of which take 3 s in steps of 200 ms.
const AU: [(u8, &[u32]); 1] = [(2, &[400, 400, 200, 200, 400, 1400])];
/// Telecom New Zealand: the distinctive alerts DA2 to DA4, all of which take 3 s (PTC 200).
const NZ: [(u8, &[u32]); 3] = [(2, &[400, 2600]), (3, &[400, 200, 400, 200, 400, 1400]), (4, &[400, 800, 400, 1400])];
/// NTT's request for a primary answer: 500 ms on, 500 ms off, repeated.
const CAR: [u32; 2] = [500, 500];

impl Patterns {
    /// No patterns: each ring is pattern 1.
    pub fn none() -> Self {
        Self { list: ArrayVec::new() }
    }

    /// North America: patterns 1 to 4 of GR-506, and its reminder ring as an alert.
    pub fn north_america() -> Self {
        let mut patterns = Self::none();
        GR_506.iter().for_each(|(mode, cadence)| patterns.known(*mode, cadence));
        patterns.known(ALERT, &[REMINDER]);
        patterns
    }

    /// Those of `country`: its normal ring as pattern 1 and what distinctive ones are known; where none are, patterns 2
    /// to 4 of GR-506, which many exchanges outside North America can send too.
    pub fn of(country: &Country) -> Self {
        if matches!(country.code, "us" | "ca") {
            return Self::north_america();
        }
        let mut patterns = Self::none();
        patterns.known(1, country.ring_cadence_ms);
        let (others, alert): (&[(u8, &[u32])], Option<u32>) = match country.code {
            "gb" => (&GB, Some(GB_CABLE)),
            "au" => (&AU, None),
            "nz" => (&NZ, None),
            _ => (GR_506.get(1..).unwrap_or_default(), Some(RP_AS)),
        };
        others.iter().for_each(|(mode, cadence)| patterns.known(*mode, cadence));
        if country.code == "jp" {
            patterns.known(ALERT, &CAR);
            patterns.list.iter_mut().filter(|p| p.mode == ALERT).for_each(|p| p.repeats = true);
        } else if let Some(ms) = alert {
            patterns.known(ALERT, &[ms]);
        }
        patterns
    }

    fn known(&mut self, mode: u8, cadence: &[u32]) {
        // What the tables hold fits; a test sees to it.
        let _ = self.push(mode, cadence);
    }

    /// Adds a pattern: `mode` from 1, or [`ALERT`]; `cadence_ms` on, off, on, off .., in ms. The last off is the pause
    /// between cycles; it may be left out.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn push(&mut self, mode: u8, cadence_ms: &[u32]) -> Result<(), PatternError> {
        let (steps, pause) = match cadence_ms {
            [steps @ .., pause] if cadence_ms.len().is_multiple_of(2) => (steps, *pause),
            steps => (steps, 0),
        };
        let steps = steps.iter().copied().collect_array().filter(|s| !s.is_empty()).ok_or(PatternError::Length)?;
        let fits = |(i, ms): (usize, &u32)| if i % 2 == 0 { BURST_MS.contains(ms) } else { GAP_MS.contains(ms) };
        if !cadence_ms.iter().enumerate().all(fits) {
            return Err(PatternError::Duration);
        }
        if self.list.iter().any(|p| p.steps == steps) {
            return Err(PatternError::Same);
        }
        self.list.try_push(Pattern { mode, steps, pause, repeats: false }).map_err(|_| PatternError::Full)
    }

    /// All patterns.
    pub fn list(&self) -> &[Pattern] {
        &self.list
    }

    /// Takes the alerts out: each ring is told as soon as it is heard.
    pub fn forget_alerts(&mut self) {
        self.list.retain(|p| p.mode != ALERT);
    }

    /// The mode of a complete cycle (bursts and gaps in ms); 1 when it is none of the patterns.
    pub(super) fn classify(&self, cycle: &[u32]) -> u8 {
        let off = |p: &Pattern| -> Option<u32> {
            let near = p.steps.len() == cycle.len() && p.steps.iter().zip(cycle).all(|(n, s)| near(*s, *n));
            near.then(|| p.steps.iter().zip(cycle).map(|(n, s)| s.abs_diff(*n)).sum())
        };
        let rings = self.list.iter().filter(|p| p.mode != ALERT);
        rings.filter_map(|p| Some((off(p)?, p.mode))).min().map_or(1, |(_, mode)| mode)
    }

    /// How long the burst after these steps of a cycle may be for the whole to be an alert; `None` when it is none.
    pub(super) fn alert_limit(&self, cycle: &[u32]) -> Option<Duration> {
        self.list.iter().filter_map(|p| p.alert_limit(cycle)).max()
    }

    /// Pauses shorter than this are inside a cycle.
    pub(super) fn inner_gap(&self) -> Duration {
        let rings = || self.list.iter().filter(|p| p.mode != ALERT);
        let inner = rings().flat_map(|p| p.steps.iter().skip(1).step_by(2)).max().map_or(0, |ms| slack(*ms));
        let outer = rings().map(|p| p.pause).filter(|ms| *ms > 0).min();
        let outer = outer.map_or(u32::MAX, |ms| ms.saturating_sub(slack(ms) - ms));
        // The usual limit where it fits, else the nearest that does; inside wins.
        let usual = u32::try_from(super::MAX_INNER_GAP.as_millis()).unwrap_or(u32::MAX);
        Duration::from_millis(u64::from(usual.min(outer).max(inner)))
    }

    /// The longest pause between the cycles of a ring.
    pub(super) fn longest_pause(&self) -> Duration {
        let rings = self.list.iter().filter(|p| p.mode != ALERT);
        Duration::from_millis(u64::from(rings.map(|p| p.pause).max().unwrap_or(0)))
    }
}

impl Pattern {
    fn alert_limit(&self, cycle: &[u32]) -> Option<Duration> {
        if self.mode != ALERT {
            return None;
        }
        // The last pause of a pattern that repeats is a step of it.
        let gap = self.repeats.then_some(self.pause);
        let mut steps = self.steps.iter().copied().chain(gap).cycle().take(if self.repeats {
            usize::MAX
        } else {
            self.steps.len()
        });
        let heard = cycle.iter().all(|seen| steps.next().is_some_and(|nominal| near(*seen, nominal)));
        let limit = slack(steps.next().filter(|_| heard && cycle.len().is_multiple_of(2))?);
        Some(Duration::from_millis(u64::from(limit)))
    }
}

/// The most that a step of this length may last.
fn slack(nominal: u32) -> u32 {
    nominal.saturating_add((nominal / 100 * 15).max(TOLERANCE_MS))
}

fn near(seen: u32, nominal: u32) -> bool {
    seen.abs_diff(nominal) <= slack(nominal) - nominal
}

/// Collects into an array that is long enough, or not at all.
trait CollectArray: Iterator<Item = u32> + Sized {
    fn collect_array<const N: usize>(self) -> Option<ArrayVec<u32, N>> {
        let mut out = ArrayVec::new();
        for ms in self {
            out.try_push(ms).ok()?;
        }
        Some(out)
    }
}

impl<I: Iterator<Item = u32>> CollectArray for I {}

impl FromStr for Patterns {
    type Err = PatternError;

    /// Patterns separated by blanks or commas, each `mode:on/off/on/off` in ms; mode 0 is an alert.
    fn from_str(text: &str) -> Result<Self, PatternError> {
        let mut patterns = Self::none();
        for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
            let (mode, cadence) = part.split_once(':').ok_or(PatternError::Text)?;
            let mode = mode.parse().map_err(|_| PatternError::Text)?;
            let mut steps = ArrayVec::<u32, { 2 * MAX_BURSTS }>::new();
            for ms in cadence.split('/') {
                let ms = ms.parse().map_err(|_| PatternError::Text)?;
                steps.try_push(ms).map_err(|_| PatternError::Length)?;
            }
            patterns.push(mode, &steps)?;
        }
        Ok(patterns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::all;

    #[test]
    fn the_tables_fit() {
        for country in all() {
            let patterns = Patterns::of(country);
            assert!(patterns.list().iter().any(|p| p.mode() == 1), "{}", country.code);
            let normal: usize = country.ring_cadence_ms.len() - 1;
            assert_eq!(patterns.list().iter().find(|p| p.mode() == 1).map(|p| p.steps().len()), Some(normal));
            for p in patterns.list() {
                let inner = patterns.inner_gap();
                assert!(p.steps.iter().skip(1).step_by(2).all(|ms| Duration::from_millis(u64::from(*ms)) < inner));
                assert!(p.mode == ALERT || Duration::from_millis(u64::from(p.pause)) > inner, "{}", country.code);
            }
        }
    }
}
