//! What a detector looks for: a country's tones, made ready. All lines of a country share it.

use super::cadence::{MAX_PATTERNS, MAX_STEPS, Pattern, Rule, Step};
use super::spectrum::Signatures;
use crate::country::{self, Country, Segment};
use crate::{ProgressTone, SitKind};
use alloc::boxed::Box;
use alloc::sync::Arc;
use arrayvec::ArrayVec;
use once_cell::race::OnceBox;

/// A pause this short between two different tones is not seen.
const INVISIBLE_MS: u32 = 40;
/// Shortest steady dial tone, and of one frequency, which somebody may sing.
const DIAL_MS: u32 = 400;
const SINGLE_DIAL_MS: u32 = 1000;
/// Shortest steady number-unobtainable tone.
const UNOBTAINABLE_MS: u32 = 2500;
/// A steady tone lasts longer than any burst of its frequencies by so much: 16 % and so many ms.
const STEADY_PERCENT: u32 = 16;
const STEADY_MS: u32 = 60;
/// Pause after a burst that makes it ringback.
const RINGBACK_PAUSE_MS: u32 = 300;
/// Pause after the bursts that makes them a call-waiting tone.
const CALL_WAITING_PAUSE_MS: u32 = 500;
/// Another tone that was joined within a burst may begin like call waiting: its pause is waited for if it is no longer than
/// this.
const WAITED_FOR_MS: u32 = 2100;
/// A call-waiting tone with bursts of so many ms in all is told at its first appearance.
const CALL_WAITING_MS: u32 = 150;
/// A call-waiting tone with no longer pause than this is as any other cadence.
const QUICK_MS: u32 = 800;
/// After a burst so long a pause is enough to know a cadence of one burst, in ms.
const LONG_BURST_MS: u32 = 1000;
/// After a burst so long even the beginning of the pause is.
const LONGEST_BURST_MS: u32 = 2400;
/// Cadences of shorter bursts than this must go on for twice as many steps, in ms.
const SHORT_BURST_MS: u32 = 90;
/// Two frequencies so far apart do not often sound together.
const DISTINCT_HZ: f32 = 30.0;
/// The steady part of a stutter dial tone.
const INTRODUCED_MS: u32 = 250;

/// The howler of North America (receiver off hook), which many other networks use too.
static HOWLER: [Segment; 2] =
    [Segment { freqs: &[1400.0, 2060.0, 2450.0, 2600.0], am: 0.0, ms: 100 }, Segment { freqs: &[], am: 0.0, ms: 100 }];

/// The tones of one country.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) signatures: Signatures,
    pub(super) patterns: ArrayVec<Pattern, MAX_PATTERNS>,
    /// Whether there are the three rising tones, and whether they are of the North American precise plan.
    pub(super) sit: Option<bool>,
    pub(super) sit_cycle_ms: u32,
}

/// As many plans are shared; there are fewer countries.
const SHARED: usize = 80;

/// The plans made so far, by the country's place in the table.
static PLANS: [OnceBox<Arc<Plan>>; SHARED] = [const { OnceBox::new() }; SHARED];

impl Plan {
    /// The plan of a country, made at first use.
    pub(super) fn of(country: &'static Country) -> Arc<Self> {
        let place = country::all().iter().position(|c| core::ptr::eq(c, country));
        match place.and_then(|i| PLANS.get(i)) {
            Some(shared) => Arc::clone(shared.get_or_init(|| Box::new(Arc::new(Self::new(country))))),
            None => Arc::new(Self::new(country)),
        }
    }

    fn new(country: &Country) -> Self {
        let mut signatures = Signatures::new();
        let rising = rises(country.sit);
        let mut patterns = ArrayVec::new();
        let tones: [(ProgressTone, &'static [Segment]); 10] = [
            (ProgressTone::StutterDial, country.stutter),
            (ProgressTone::Dial, country.dial),
            (ProgressTone::Ringback, country.ringback),
            (ProgressTone::Busy, country.busy),
            (ProgressTone::Reorder, country.reorder),
            (ProgressTone::Sit(SitKind::Unknown), if rising { &[] } else { country.sit }),
            (ProgressTone::Confirmation, country.confirmation),
            (ProgressTone::Unobtainable, country.unobtainable),
            (ProgressTone::CallWaiting, country.call_waiting),
            (ProgressTone::Howler, &HOWLER),
        ];
        for (tone, segments) in tones {
            let Some(pattern) = compile(tone, segments, &mut signatures) else { continue };
            // Where two tones are the same, the first name stands (busy for reorder in a dozen countries).
            if !patterns.iter().any(|p: &Pattern| p.steps == pattern.steps && p.end == pattern.end) {
                let _ = patterns.try_push(pattern);
            }
        }
        finish(&mut patterns);
        signatures.finish();
        Self {
            signatures,
            patterns,
            sit: rising.then(|| is_precise(country.sit)),
            sit_cycle_ms: country.sit.iter().map(|s| s.ms).sum(),
        }
    }
}

/// Whether a special information tone is the one of three rising tones.
fn rises(sit: &[Segment]) -> bool {
    let mut tones = sit.iter().filter(|s| !s.freqs.is_empty());
    let firsts: ArrayVec<f32, 3> = tones.by_ref().take(3).filter_map(|s| s.freqs.first().copied()).collect();
    tones.next().is_none()
        && matches!(firsts.as_slice(), [a, b, c] if *a > 800.0 && a < b && b < c)
        && sit.iter().all(|s| s.ms < 450 || s.freqs.is_empty())
}

/// Whether a special information tone is of the North American precise tone plan.
fn is_precise(sit: &[Segment]) -> bool {
    sit.first().is_some_and(|s| s.freqs == [913.8])
}

/// Makes a pattern of a tone. `None` for an empty tone.
fn compile(tone: ProgressTone, segments: &'static [Segment], signatures: &mut Signatures) -> Option<Pattern> {
    let mut steps: ArrayVec<Step, MAX_STEPS> = ArrayVec::new();
    let mut end = None;
    let mut stays = false;
    for (i, s) in segments.iter().enumerate() {
        let signature = if s.freqs.is_empty() { None } else { Some(signatures.add(s)?) };
        if s.ms == 0 {
            end = signature;
            stays = true;
            break;
        }
        let neighbour = |k: Option<&Segment>| k.map(|k| k.freqs);
        let (before, after) =
            (neighbour(i.checked_sub(1).and_then(|k| segments.get(k))), neighbour(segments.get(i + 1)));
        if signature.is_none() && s.ms <= INVISIBLE_MS && before.is_some() && after.is_some() && before != after {
            continue;
        }
        match steps.last_mut() {
            // Two pauses, or two bursts of the same tone, in a row are one.
            Some(last) if last.signature == signature => last.ms += s.ms,
            _ => steps.try_push(Step { signature, ms: s.ms }).ok()?,
        }
    }
    if steps.is_empty() && !stays {
        return None;
    }
    // A cycle that is the same cycle twice is that cycle.
    let half = steps.len() / 2;
    if !stays && half % 2 == 0 && half > 0 && steps.iter().take(half).eq(steps.iter().skip(half)) {
        steps.truncate(half);
    }
    let rule = match (stays, tone) {
        (true, ProgressTone::Unobtainable) if steps.is_empty() => Rule::Steady(UNOBTAINABLE_MS),
        (true, _) if steps.is_empty() => {
            let single = segments.iter().any(|s| s.freqs.len() == 1);
            Rule::Steady(if single { SINGLE_DIAL_MS } else { DIAL_MS })
        }
        (true, _) => Rule::Introduced(INTRODUCED_MS),
        (false, ProgressTone::Ringback) => Rule::Pause(RINGBACK_PAUSE_MS),
        (false, ProgressTone::CallWaiting) => call_waiting_rule(&steps),
        (false, _) => match steps.as_slice() {
            [burst, _] if burst.ms >= LONGEST_BURST_MS => Rule::Pause(0),
            [burst, pause] if burst.ms >= LONG_BURST_MS && pause.signature.is_none() => Rule::Repeated(2),
            [burst, ..] if burst.ms < SHORT_BURST_MS => Rule::Repeated(2 * steps.len().max(4)),
            _ => Rule::Repeated(steps.len().max(4)),
        },
    };
    let distinct = segments.iter().all(|s| match s.freqs {
        [a, b] => (a - b).abs() >= DISTINCT_HZ,
        freqs => freqs.is_empty(),
    });
    Some(Pattern { tone, steps, end, rule, unique: false, distinct })
}

fn call_waiting_rule(steps: &[Step]) -> Rule {
    let sounding: u32 = steps.iter().filter(|s| s.signature.is_some()).map(|s| s.ms).sum();
    if steps.last().is_none_or(|s| s.ms <= QUICK_MS) {
        Rule::Repeated(steps.len().max(4))
    } else if sounding >= CALL_WAITING_MS {
        Rule::Alone(steps.len() - 1, CALL_WAITING_PAUSE_MS)
    } else {
        // So short a burst of one frequency happens in speech too: it must come again.
        let cycles = if sounding < SHORT_BURST_MS { 2 } else { 1 };
        Rule::Alone(cycles * steps.len() + 1, CALL_WAITING_PAUSE_MS)
    }
}

/// Settles what depends on all patterns: how long a steady tone must last, and which tones stand alone.
fn finish(patterns: &mut ArrayVec<Pattern, MAX_PATTERNS>) {
    let steps: ArrayVec<(usize, Step), { MAX_PATTERNS * MAX_STEPS }> = patterns
        .iter()
        .enumerate()
        .flat_map(|(i, p)| {
            let end = p.end.map(|end| Step { signature: Some(end), ms: 0 });
            p.steps.iter().copied().chain(end).map(move |s| (i, s))
        })
        .filter(|(_, s)| s.signature.is_some())
        .take(MAX_PATTERNS * MAX_STEPS)
        .collect();
    let pauses: ArrayVec<(usize, u32), MAX_PATTERNS> = patterns
        .iter()
        .enumerate()
        .filter_map(|(i, p)| p.steps.iter().filter(|s| s.signature.is_none()).map(|s| (i, s.ms)).max())
        .collect();
    for (i, p) in patterns.iter_mut().enumerate() {
        if let Rule::Steady(ms) = &mut p.rule {
            let longest = steps.iter().filter(|(_, s)| s.signature == p.end).map(|(_, s)| s.ms).max().unwrap_or(0);
            *ms = (*ms).max(longest + longest * STEADY_PERCENT / 100 + STEADY_MS);
        }
        if let Rule::Alone(_, pause) = &mut p.rule {
            let alike =
                |k: usize| steps.iter().any(|(j, s)| *j == k && p.steps.iter().any(|o| o.signature == s.signature));
            let rivals = pauses.iter().filter(|(k, ms)| *k != i && *ms <= WAITED_FOR_MS && alike(*k));
            let longest = rivals.map(|(_, ms)| *ms).max();
            *pause = (*pause).max(longest.map_or(0, |ms| ms + ms * STEADY_PERCENT / 100 + STEADY_MS));
        }
        p.unique = p
            .steps
            .iter()
            .all(|own| own.signature.is_none() || steps.iter().all(|(k, s)| *k == i || s.signature != own.signature));
    }
}
