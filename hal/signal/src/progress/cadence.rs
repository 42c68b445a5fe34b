//! Which tone a cadence is.
//!
//! The line's state over time is a list of runs: so long of this signature, so long of none. Each tone of the country
//! is a pattern of runs. A pattern is recognised when enough runs agree with it and no other tone's pattern
//! agrees with the same runs. So a tone whose first runs two patterns share (British reorder begins like busy)
//! is told later, and one that nothing resembles is told at once.

use super::burst::{Bursts, Quality, Turn};
use super::spectrum::SignatureId;
use crate::ProgressTone;
use arrayvec::ArrayVec;

/// Most steps of a pattern; the longest plan has eight.
pub(super) const MAX_STEPS: usize = 12;
/// Most patterns of a country.
pub(super) const MAX_PATTERNS: usize = 12;
/// Completed runs that are remembered.
const MEMORY: usize = 20;

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// `None` is anything but a tone of the country.
    pub(super) signature: Option<SignatureId>,
    pub(super) ms: u32,
}

/// One run of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    signature: Option<SignatureId>,
    ms: u32,
    /// It was on when the line was first heard: it may have been longer.
    cut: bool,
    quality: Quality,
    /// Of a pause: nothing but noise was heard in it.
    quiet: bool,
}

impl Run {
    const fn new(signature: Option<SignatureId>, cut: bool) -> Self {
        let quality = Quality { clean: false, fine: false, pure: false, alone: false };
        Self { signature, ms: 0, cut, quality, quiet: true }
    }

    /// Whether it passes for a step of which it may have only `least` ms.
    fn fits(&self, step: &Step, least: u32) -> bool {
        let (low, high) = limits(step.ms);
        let least = if self.cut { (step.ms * 2 / 5).max(PART_OF_CUT) } else { least };
        self.signature == step.signature && self.ms >= low.min(least) && self.ms <= high
    }
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
    /// As `Pause`, after so many complete steps, of bursts so short that only clean ones count that stand alone.
    Alone(usize, u32),
    /// The steps come first, and `end` stays: after at least three steps (or all) and so many ms of `end`.
    Introduced(u32),
}

impl Rule {
    /// Whether the steps repeat.
    const fn repeats(self) -> bool {
        matches!(self, Self::Repeated(_) | Self::Pause(_) | Self::Alone(..))
    }
}

/// A tone of the country.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) tone: ProgressTone,
    pub(super) steps: ArrayVec<Step, MAX_STEPS>,
    /// What stays, of a pattern that does not repeat.
    pub(super) end: Option<SignatureId>,
    pub(super) rule: Rule,
    /// No other tone has this pattern's signatures: a first burst that was joined in the middle will do.
    pub(super) unique: bool,
    /// Its first burst is of frequencies that nothing but a tone has together: a pair that is not too close.
    pub(super) distinct: bool,
}

impl Pattern {
    /// Steps of an introduction that must be seen.
    fn least_introduction(&self) -> usize {
        self.steps.len().min(3)
    }

    /// The step before.
    fn before(&self, step: usize) -> Option<&Step> {
        self.steps.get(step.checked_sub(1).unwrap_or(self.steps.len().saturating_sub(1)))
    }
}

/// Shortest and longest run that passes for a step of `ms`: 16 %, at least 24 ms, or 36 ms of those above 150 ms: the edges of
/// tones that beat slowly are not seen better.
fn limits(ms: u32) -> (u32, u32) {
    let tolerance = (ms * 16 / 100).max(if ms < 150 { 24 } else { 36 });
    (ms.saturating_sub(tolerance), ms + tolerance)
}

/// When a step of `ms` is overdue: 12 % and 60 ms.
fn overdue(ms: u32) -> u32 {
    limits(ms).1.min(ms + ms * 12 / 100 + 60)
}

/// Whether a run of so many ms is close to a step of `ms`: 9 % and 12 ms.
const fn is_close(run: u32, ms: u32) -> bool {
    run.abs_diff(ms) <= ms * 9 / 100 + 12
}

/// Bursts that are not clean must agree for so many runs more.
const UNCLEAN_RUNS: usize = 4;
/// And a steady tone that is not pure for so long more, in ms, or if it is not fine either.
const FINE_MS: u32 = 400;
const UNCLEAN_MS: u32 = 1500;
/// Shortest part of a burst of a unique tone that will do.
const PART_OF_BURST: u32 = 300;
/// A burst of a unique ringback is told after so many ms: whoever answers during the first one cuts it short.
const UNIQUE_BURST: u32 = 150;
/// The same, of one that is not as pure.
const IMPURE_BURST: u32 = 600;
/// The line's state must be known for so long before it ends a tone, in ms: a pause, and a tone, whose name may change.
const SETTLE: u32 = 20;
const SETTLE_TONE: u32 = 120;
/// A pause shorter than this between two bursts of a tone is a dropout, in ms.
const DROPOUT: u32 = 15;
/// A pause shorter than this between two different tones is none, in ms.
const BLUR: u32 = 50;
/// So long a beginning tone may go unnoticed: a pause is known to have lasted only until then, in ms.
const LAG: u32 = 50;
/// Shortest part of a burst that was on when the line was first heard, in ms; two fifths of longer ones.
const PART_OF_CUT: u32 = 60;
/// A first burst that was on when the line was first heard needs a pause of so many ms after it.
const PAUSE_AFTER_CUT: u32 = 800;

/// How well runs agree with a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Match {
    /// Completed runs that agree, from the newest back.
    runs: usize,
    /// Sum of their relative deviations.
    deviation: f32,
    /// The run that is on is the last step.
    at_last: bool,
    /// The oldest of the runs was cut.
    cut: bool,
    /// All bursts were clean; fine; pure.
    clean: bool,
    fine: bool,
    pure: bool,
    /// They stood alone and are close to their length, and the pauses were quiet.
    alone: bool,
}

/// The runs of a line, and the tone recognised.
#[derive(Clone, Debug)]
pub(super) struct Cadence {
    past: ArrayVec<Run, MEMORY>,
    open: Run,
    /// When the open run began, in ms.
    since: u64,
    /// The pattern recognised last, and how many runs were completed since.
    current: Option<(usize, usize)>,
    /// It was recognised within its first burst, which may have been joined in the middle: its length says nothing.
    early: bool,
    /// Some pattern may be recognised before the next turn.
    hopeful: bool,
}

/// What changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Change {
    pub(super) ended: Option<ProgressTone>,
    pub(super) began: Option<ProgressTone>,
}

impl Cadence {
    pub(super) fn new() -> Self {
        Self {
            past: ArrayVec::new(),
            open: Run::new(None, true),
            since: 0,
            current: None,
            early: false,
            hopeful: false,
        }
    }

    /// The line's state changes.
    pub(super) fn turn(&mut self, turn: Turn, patterns: &[Pattern]) {
        if turn.renamed {
            self.open.signature = turn.to;
        } else {
            self.open.ms = u32::try_from(turn.at.saturating_sub(self.since)).unwrap_or(u32::MAX);
            self.open.quality = turn.quality;
            let cut = self.past.is_empty() && self.open.cut && self.open.ms <= LAG;
            self.complete(Run::new(turn.to, cut), turn.at);
        }
        self.hopeful = self.open.signature.is_some()
            || patterns.iter().any(|p| match p.rule {
                Rule::Repeated(need) | Rule::Alone(need, _) => self.fit(p).runs >= need,
                Rule::Pause(_) => self.fit(p).runs + 1 >= p.steps.len(),
                Rule::Introduced(_) => p.end.is_none() && self.introduction(p) >= p.least_introduction(),
                Rule::Steady(_) => false,
            });
    }

    /// The open run is complete and `next` begins.
    fn complete(&mut self, next: Run, at: u64) {
        if self.open.signature.is_none()
            && let Some(last) = self.past.last_mut()
            && last.signature.is_some()
        {
            let gap = self.open.ms;
            if last.signature == next.signature && gap < DROPOUT {
                // The burst before goes on after all.
                self.since = at.saturating_sub(u64::from(last.ms + gap));
                self.open = *last;
                self.past.pop();
                if let Some((_, completed)) = &mut self.current {
                    *completed = completed.saturating_sub(1);
                }
                return;
            }
            if next.signature.is_some() && last.signature != next.signature && gap <= BLUR {
                last.ms += gap / 2;
                self.since = at.saturating_sub(u64::from(gap - gap / 2));
                self.open = next;
                return;
            }
        }
        // The silence before the first tone says nothing.
        let first = self.past.is_empty() && self.open.signature.is_none() && self.current.is_none();
        if self.open.ms > 0 && !first {
            if self.past.is_full() {
                self.past.remove(0);
            }
            let _ = self.past.try_push(self.open);
            if let Some((_, completed)) = &mut self.current {
                *completed += 1;
            }
        }
        self.open = next;
        self.since = at;
    }

    /// It is `now` ms: what has changed?
    pub(super) fn step(&mut self, now: u64, bursts: &Bursts, patterns: &[Pattern]) -> Change {
        if !self.hopeful && self.current.is_none() {
            return Change::default();
        }
        let since = u32::try_from(now.saturating_sub(self.since)).unwrap_or(u32::MAX);
        if self.open.signature.is_some() {
            self.open.ms = since;
            self.open.quality = bursts.quality();
        } else {
            self.open.ms = since.saturating_sub(LAG);
            self.open.quiet = bursts.is_quiet();
        }
        let ended = self.end(patterns);
        let began = if self.hopeful { self.recognise(patterns) } else { None };
        match began {
            Some((began, was)) => Change { ended: ended.or(was), began: Some(began) },
            None => Change { ended, began: None },
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
            let mut fit =
                Match { at_last: r + 1 == count, clean: true, fine: true, pure: true, alone: true, ..Match::default() };
            for (back, run) in self.past.iter().rev().enumerate() {
                let at = (r + count - 1 + (count - back % count)) % count;
                let Some(step) = p.steps.get(at) else { break };
                let part = p.unique && matches!(p.rule, Rule::Pause(_)) && step.signature.is_some();
                if !run.fits(step, if part { PART_OF_BURST } else { u32::MAX }) {
                    break;
                }
                fit.runs += 1;
                fit.cut |= run.cut;
                if run.signature.is_some() {
                    fit.clean &= run.quality.clean;
                    fit.fine &= run.quality.fine;
                    fit.pure &= run.quality.pure;
                    fit.alone &= run.cut || (run.quality.alone && is_close(run.ms, step.ms));
                } else {
                    fit.alone &= run.quiet;
                }
                if !run.cut {
                    fit.deviation += run.ms.abs_diff(step.ms) as f32 / step.ms.max(1) as f32;
                }
            }
            if fit.runs > best.runs || (fit.runs == best.runs && fit.deviation < best.deviation) {
                best = fit;
            }
        }
        best
    }

    /// How many completed runs agree with the steps that introduce a steady end.
    fn introduction(&self, p: &Pattern) -> usize {
        self.past.iter().rev().zip(p.steps.iter().rev()).take_while(|(run, step)| run.fits(step, u32::MAX)).count()
    }

    /// The number of runs that support a pattern, if it is recognised on its own.
    fn supported(&self, p: &Pattern) -> Option<Match> {
        let steady = |ms: u32| self.open.signature == p.end && self.open.ms >= ms;
        match p.rule {
            Rule::Steady(ms) => {
                let longer = match self.open.quality {
                    Quality { pure: true, .. } => 0,
                    Quality { fine: true, .. } => FINE_MS,
                    _ => UNCLEAN_MS,
                };
                steady(ms + longer).then(Match::default)
            }
            Rule::Introduced(ms) => {
                let runs = if steady(ms) { self.introduction(p) } else { 0 };
                (runs >= p.least_introduction()).then(|| Match { runs, ..Match::default() })
            }
            Rule::Repeated(need) => Some(self.fit(p)).filter(|m| {
                let need = need + usize::from(need < 4 && m.cut);
                m.runs >= if m.clean { need } else { need + UNCLEAN_RUNS }
            }),
            Rule::Pause(ms) => Some(self.fit(p)).filter(|m| {
                let cycle = p.steps.len();
                let ms = if m.cut && m.runs < cycle { ms.max(PAUSE_AFTER_CUT) } else { ms };
                let soon = m.fine && m.at_last && m.runs + 1 >= cycle && self.open.ms >= ms && self.open.quiet;
                soon || (m.clean && m.runs >= cycle) || m.runs > cycle
            }),
            Rule::Alone(need, ms) => Some(self.fit(p)).filter(|m| {
                let need = if m.pure { need } else { need.max(p.steps.len() + 1) };
                let alone = m.alone && m.at_last && self.open.quiet && m.runs >= need && self.open.ms >= ms;
                m.clean && (alone || m.runs > need.max(2 * p.steps.len()))
            }),
        }
    }

    /// Whether the burst that is on can be of this pattern only: ringback whose tone no other has.
    fn is_unique_burst(&self, p: &Pattern) -> bool {
        let quality = self.open.quality;
        p.unique
            && p.tone == ProgressTone::Ringback
            && matches!(p.rule, Rule::Pause(_))
            && p.distinct
            && self.open.ms >= if quality.pure { UNIQUE_BURST } else { IMPURE_BURST }
            && quality.clean
            && (quality.alone || self.open.cut)
            && p.steps.iter().any(|s| s.signature.is_some() && s.signature == self.open.signature)
    }

    /// Whether another tone's pattern explains as many runs.
    fn rivalled(&self, index: usize, p: &Pattern, m: Match, patterns: &[Pattern]) -> bool {
        if !p.rule.repeats() {
            return false;
        }
        patterns.iter().enumerate().any(|(i, q)| {
            if i == index || q.tone == p.tone || !q.rule.repeats() {
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
        let was = self.current.and_then(|(c, _)| patterns.get(c)).map(|c| c.tone);
        for (i, p) in patterns.iter().enumerate() {
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
        if self.open.ms < if self.open.signature.is_some() { SETTLE_TONE } else { SETTLE } {
            return None;
        }
        let p = patterns.get(index)?;
        let goes_on = if p.rule.repeats() {
            let last = self.past.last().filter(|_| completed > usize::from(self.early));
            p.steps.iter().enumerate().any(|(r, step)| {
                let (low, high) = p.before(r).map_or((0, u32::MAX), |b| limits(b.ms));
                step.signature == self.open.signature
                    && self.open.ms <= overdue(step.ms)
                    && last.is_none_or(|l| (low..=high).contains(&l.ms))
            })
        } else {
            self.open.signature == p.end
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
