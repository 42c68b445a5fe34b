//! Which tone a cadence is.
//!
//! The line's state over time is a list of runs: so long of this signature, so long of none. Each tone of the country
//! is a pattern of runs. A pattern is recognised when enough runs agree with it and no other tone's pattern
//! agrees with the same runs. So a tone whose first runs two patterns share (British reorder begins like busy)
//! is told later, and one that nothing resembles is told at once.

use super::spectrum::SignatureId;
use crate::ProgressTone;
use arrayvec::ArrayVec;

/// Most steps of a pattern; the longest plan has eight.
pub(super) const MAX_STEPS: usize = 12;
/// Completed runs that are remembered.
const MEMORY: usize = 24;

/// One step of a pattern, or one run of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// `None` is anything but a tone of the country.
    pub(super) signature: Option<SignatureId>,
    pub(super) ms: u32,
}

/// How a pattern is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A tone that stays: after so many ms. The signature is that of `end`.
    Steady(u32),
    /// The steps repeat: after so many complete ones.
    Repeated(usize),
    /// The steps repeat, and the last one is a long pause: after all others and so many ms of the pause.
    Pause(u32),
    /// The steps come first, and `end` stays: after at least three steps (or all) and so many ms of `end`.
    Introduced(u32),
}

/// A tone of the country.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) tone: ProgressTone,
    pub(super) steps: ArrayVec<Run, MAX_STEPS>,
    /// What stays, of a pattern that does not repeat.
    pub(super) end: Option<SignatureId>,
    pub(super) rule: Rule,
    /// No other tone has this pattern's signatures: a first burst that was joined in the middle will do.
    pub(super) unique: bool,
}

/// Shortest and longest run that passes for a step of `ms`: 16 %, at least 40 ms.
fn limits(ms: u32) -> (u32, u32) {
    let tolerance = (ms * 16 / 100).max(40);
    (ms.saturating_sub(tolerance), ms + tolerance)
}

/// When a step of `ms` is overdue: 12 % and 60 ms.
fn overdue(ms: u32) -> u32 {
    limits(ms).1.min(ms + ms * 12 / 100 + 60)
}

/// Shortest part of a burst of a unique tone that will do.
const PART_OF_BURST: u32 = 300;
/// A burst of a unique ringback is told after so many ms: whoever answers during the first one cuts it short.
const UNIQUE_BURST: u32 = 120;
/// A change of the line's state must last this long before it ends a tone, in ms.
const SETTLE: u32 = 60;
/// Longest edge of a burst that may pass for another tone, in ms.
const EDGE: u32 = 60;

/// How well runs agree with a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Match {
    /// Completed runs that agree, from the newest back.
    runs: usize,
    /// Sum of their relative deviations.
    deviation: f32,
    /// The run that is on is the last step.
    at_last: bool,
}

/// The runs of a line, and the tone recognised.
#[derive(Clone, Debug)]
pub(super) struct Cadence {
    past: ArrayVec<Run, MEMORY>,
    open: Run,
    /// The pattern recognised last, and how many runs were completed since.
    current: Option<(usize, usize)>,
    /// It was recognised within its first burst, which may have been joined in the middle: its length says nothing.
    early: bool,
}

/// What changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Change {
    pub(super) ended: Option<ProgressTone>,
    pub(super) began: Option<ProgressTone>,
}

impl Cadence {
    pub(super) fn new() -> Self {
        Self { past: ArrayVec::new(), open: Run { signature: None, ms: 0 }, current: None, early: false }
    }

    /// The line has been in this state for `ms` more.
    pub(super) fn push(&mut self, signature: Option<SignatureId>, ms: u32, patterns: &[Pattern]) -> Change {
        if signature == self.open.signature {
            self.open.ms = self.open.ms.saturating_add(ms);
        } else {
            self.turn(Run { signature, ms });
        }
        let ended = self.end(patterns);
        let began = self.recognise(patterns);
        match began {
            Some(began) => Change { ended: ended.or(began.1), began: Some(began.0) },
            None => Change { ended, began: None },
        }
    }

    /// The line's state changes to `next`.
    fn turn(&mut self, next: Run) {
        let before = self.past.last().and_then(|last| last.signature);
        let edge = match self.open.signature {
            // The window blurs the step from one tone to another; so short a gap between two of them is no pause.
            None => self.open.ms <= SETTLE && before.is_some() && before != next.signature,
            // The edges of a burst may resemble another tone of neighbouring frequency.
            Some(_) => self.open.ms <= EDGE && (next.signature.is_some() || before.is_some()),
        };
        if edge {
            self.absorb(next);
            return;
        }
        if self.open.ms > 0 {
            if self.past.is_full() {
                self.past.remove(0);
            }
            let _ = self.past.try_push(self.open);
            if let Some((_, completed)) = &mut self.current {
                *completed += 1;
            }
        }
        self.open = next;
    }

    /// What is on was the edge of the run before it, or of `next`: half a gap goes to either, an edge to the tone.
    fn absorb(&mut self, next: Run) {
        let part = self.open.ms;
        let before = self.past.last().copied().filter(|last| last.signature.is_some());
        self.open = next;
        match (before, next.signature) {
            (Some(last), signature) if last.signature == signature => {
                // The run before goes on after all.
                self.past.pop();
                self.open.ms += last.ms + part;
                if let Some((_, completed)) = &mut self.current {
                    *completed = completed.saturating_sub(1);
                }
            }
            (Some(_), signature) => {
                let share = if signature.is_some() { part / 2 } else { part };
                if let Some(last) = self.past.last_mut() {
                    last.ms += share;
                }
                self.open.ms += part - share;
            }
            (None, _) => self.open.ms += part,
        }
    }

    /// How the runs agree with a repeating pattern.
    fn fit(&self, p: &Pattern) -> Match {
        let mut best = Match::default();
        let count = p.steps.len();
        for (r, step) in p.steps.iter().enumerate() {
            if step.signature != self.open.signature || self.open.ms > overdue(step.ms) {
                continue;
            }
            let mut fit = Match { at_last: r + 1 == count, ..Match::default() };
            for (back, run) in self.past.iter().rev().enumerate() {
                let at = (r + count - 1 + (count - back % count)) % count;
                let Some(step) = p.steps.get(at) else { break };
                let (mut low, high) = limits(step.ms);
                if p.unique && matches!(p.rule, Rule::Pause(_)) && step.signature.is_some() {
                    low = low.min(PART_OF_BURST);
                }
                if run.signature != step.signature || run.ms < low || run.ms > high {
                    break;
                }
                fit.runs += 1;
                fit.deviation += run.ms.abs_diff(step.ms) as f32 / step.ms.max(1) as f32;
            }
            if fit.runs > best.runs || (fit.runs == best.runs && fit.deviation < best.deviation) {
                best = fit;
            }
        }
        best
    }

    /// How many completed runs agree with the steps that introduce a steady end.
    fn introduction(&self, p: &Pattern) -> usize {
        let mut runs = 0;
        for (run, step) in self.past.iter().rev().zip(p.steps.iter().rev()) {
            let (low, high) = limits(step.ms);
            if run.signature != step.signature || run.ms < low || run.ms > high {
                break;
            }
            runs += 1;
        }
        runs
    }

    /// The number of runs that support a pattern, if it is recognised on its own.
    fn supported(&self, p: &Pattern) -> Option<Match> {
        let steady = |ms: u32| self.open.signature == p.end && self.open.ms >= ms;
        match p.rule {
            Rule::Steady(ms) => steady(ms).then(Match::default),
            Rule::Introduced(ms) => {
                let runs = self.introduction(p);
                (steady(ms) && runs >= p.steps.len().min(3)).then(|| Match { runs, ..Match::default() })
            }
            Rule::Repeated(need) => Some(self.fit(p)).filter(|m| m.runs >= need),
            Rule::Pause(ms) => Some(self.fit(p)).filter(|m| {
                let cycle = p.steps.len();
                m.runs >= cycle || (m.at_last && m.runs + 1 >= cycle && self.open.ms >= ms)
            }),
        }
    }

    /// Whether the burst that is on can be of this pattern only: ringback whose tone no other has.
    fn is_unique_burst(&self, p: &Pattern) -> bool {
        p.unique
            && p.tone == ProgressTone::Ringback
            && matches!(p.rule, Rule::Pause(_))
            && self.open.ms >= UNIQUE_BURST
            && p.steps.iter().any(|s| s.signature.is_some() && s.signature == self.open.signature)
    }

    /// Whether another tone's pattern explains as many runs.
    fn rivalled(&self, index: usize, p: &Pattern, m: Match, patterns: &[Pattern]) -> bool {
        let repeats = |r: Rule| matches!(r, Rule::Repeated(_) | Rule::Pause(_));
        if !repeats(p.rule) {
            return false;
        }
        patterns.iter().enumerate().any(|(i, q)| {
            if i == index || q.tone == p.tone || !repeats(q.rule) {
                return false;
            }
            let other = self.fit(q);
            if other.runs < m.runs {
                return false;
            }
            // Two whole cycles of both: nothing new will come, so the nearer one it is.
            let settled = m.runs >= 2 * p.steps.len().max(q.steps.len());
            !(settled && (m.deviation, index) < (other.deviation, i))
        })
    }

    fn recognise(&mut self, patterns: &[Pattern]) -> Option<(ProgressTone, Option<ProgressTone>)> {
        for (i, p) in patterns.iter().enumerate() {
            let was = self.current.and_then(|(c, _)| patterns.get(c)).map(|c| c.tone);
            // A stutter dial tone goes on as a steady one.
            if was == Some(p.tone) || (was == Some(ProgressTone::StutterDial) && p.tone == ProgressTone::Dial) {
                continue;
            }
            let early = self.is_unique_burst(p);
            if !early && self.supported(p).is_none_or(|m| self.rivalled(i, p, m, patterns)) {
                continue;
            }
            self.current = Some((i, 0));
            self.early = early;
            return Some((p.tone, was));
        }
        None
    }

    /// Whether the tone recognised last has ended.
    fn end(&mut self, patterns: &[Pattern]) -> Option<ProgressTone> {
        let (index, completed) = self.current?;
        if self.open.ms < SETTLE {
            return None;
        }
        let p = patterns.get(index)?;
        let goes_on = match p.rule {
            Rule::Steady(_) | Rule::Introduced(_) => self.open.signature == p.end,
            Rule::Repeated(_) | Rule::Pause(_) => {
                let last = self.past.last().filter(|_| completed > usize::from(self.early));
                p.steps.iter().enumerate().any(|(r, step)| {
                    let before = p.steps.get((r + p.steps.len() - 1) % p.steps.len());
                    let (low, high) = before.map_or((0, u32::MAX), |b| limits(b.ms));
                    step.signature == self.open.signature
                        && self.open.ms <= overdue(step.ms)
                        && last.is_none_or(|l| (low..=high).contains(&l.ms))
                })
            }
        };
        if goes_on {
            return None;
        }
        let tone = p.tone;
        // What came before is used up: the burst that was cut short must not pass for one that was joined in the middle.
        self.current = None;
        self.past.clear();
        Some(tone)
    }

    /// Another detector took over: the tone recognised last, if any, has ended.
    pub(super) fn interrupt(&mut self, patterns: &[Pattern]) -> Option<ProgressTone> {
        let (index, _) = self.current.take()?;
        patterns.get(index).map(|p| p.tone)
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}
