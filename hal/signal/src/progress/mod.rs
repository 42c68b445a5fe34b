//! Call-progress detector: which tone of the network is heard, whether somebody speaks, how long it is silent.
//!
//! # What does it do?
//!
//! A [`Detector`] knows the tones of one [`Country`] by frequency and cadence. It tells a tone once, when it is recognised:
//!
//! * steady dial tone when it lasts longer than any burst of the same frequencies could (400 ms in North America,
//!   up to 2.4 s where ringback has the same frequency), a cadenced dial tone after a cycle;
//! * stutter dial tone when the bursts give way to the steady tone, or after two cycles;
//! * ringback after the first complete burst and 300 ms of pause;
//! * busy and reorder after two cycles, or one of four steps and more; later if two tones begin alike;
//! * special information tone in its third tone, in North America with its kind.
//!
//! It tells the end of a tone as soon as the tone departs from its cadence: a burst cut short at once, a burst that does
//! not come when it is overdue. The end of ringback without another tone after it hints at an answer, and so
//! does `Voice`.
//!
//! Frequencies may be 1.5 % off, times 16 % (at least 40 ms), levels down to -43 dBm0, and noise 6 dB below the tone.
//!
//! # How does it work?
//!
//! Every 10 ms `spectrum` says which of the country's sets of frequencies is heard, if any; `cadence` compares the
//! runs of these with the country's patterns; `sit` follows the three rising tones; `voice` looks at what is no
//! tone.

mod cadence;
mod sit;
mod spectrum;
mod voice;

use crate::ProgressTone;
use crate::country::{Country, Segment};
use crate::level;
use arrayvec::ArrayVec;
use cadence::{Cadence, MAX_STEPS, Pattern, Rule, Run};
use sit::Sit;
use spectrum::{HOP_MS, Heard, Spectrum};
use voice::Voice;

/// What the detector tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
}

/// What the detector tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tone was recognised.
    Tone(ProgressTone),
    /// The tone recognised last has ended, or departs from its cadence. Of ringback: the next burst is overdue, or
    /// one was cut short.
    Ended(ProgressTone),
    /// A voice, or something like it, has been heard for about 250 ms. Told again after a second without.
    Voice,
    /// It has been silent for this many ms: told every second.
    Silence(u32),
}

/// Most patterns of a country.
const MAX_PATTERNS: usize = 12;
/// The window makes a burst seem this much shorter, and a pause longer, in ms.
const BLUR_MS: u32 = 10;
/// A pause this short between two different tones is not seen.
const INVISIBLE_MS: u32 = 40;
/// Shortest steady dial tone.
const DIAL_MS: u32 = 400;
/// Shortest steady number-unobtainable tone.
const UNOBTAINABLE_MS: u32 = 3000;
/// Pause after a burst that makes it ringback.
const RINGBACK_PAUSE_MS: u32 = 300;
/// Pause after the bursts that makes them a call-waiting tone.
const CALL_WAITING_PAUSE_MS: u32 = 500;
/// A call-waiting tone with bursts of so many ms in all is told at its first appearance.
const CALL_WAITING_MS: u32 = 250;
/// The steady part of a stutter dial tone.
const INTRODUCED_MS: u32 = 250;
/// Below this it is silent, in dBm0.
const SILENCE_DBM0: f32 = -45.0;
/// So many hops above that end a silence; fewer are clicks.
const NOISY_HOPS: u32 = 3;

/// The howler of North America (receiver off hook), which many other networks use too.
static HOWLER: [Segment; 2] =
    [Segment { freqs: &[1400.0, 2060.0, 2450.0, 2600.0], am: 0.0, ms: 100 }, Segment { freqs: &[], am: 0.0, ms: 100 }];

/// Recognises a country's call-progress tones.
#[derive(Clone, Debug)]
pub struct Detector {
    spectrum: Spectrum,
    cadence: Cadence,
    sit: Option<Sit>,
    voice: Voice,
    patterns: ArrayVec<Pattern, MAX_PATTERNS>,
    /// A state that was heard once; it counts from the second hop on.
    pending: Option<Heard>,
    heard: Heard,
    /// The special information tone told, and for how many ms more it may go without the next.
    in_sit: Option<(ProgressTone, u32)>,
    sit_cycle_ms: u32,
    at: u64,
    silent_ms: u32,
    noisy_hops: u32,
    silence: f32,
}

impl Detector {
    /// For the tones of `country`.
    pub fn new(country: &'static Country) -> Self {
        let mut spectrum = Spectrum::new();
        let rising = rises(country.sit);
        let mut patterns = ArrayVec::new();
        let tones: [(ProgressTone, &'static [Segment]); 9] = [
            (ProgressTone::StutterDial, country.stutter),
            (ProgressTone::Dial, country.dial),
            (ProgressTone::Ringback, country.ringback),
            (ProgressTone::Busy, country.busy),
            (ProgressTone::Reorder, country.reorder),
            (ProgressTone::Sit(crate::SitKind::Unknown), if rising { &[] } else { country.sit }),
            (ProgressTone::Confirmation, country.confirmation),
            (ProgressTone::Unobtainable, country.unobtainable),
            (ProgressTone::CallWaiting, country.call_waiting),
        ];
        for (tone, segments) in tones.into_iter().chain([(ProgressTone::Howler, &HOWLER[..])]) {
            let Some(pattern) = compile(tone, segments, &mut spectrum) else { continue };
            // Where two tones are the same, the first name stands (busy for reorder in a dozen countries).
            if !patterns.iter().any(|p: &Pattern| p.steps == pattern.steps && p.end == pattern.end) {
                let _ = patterns.try_push(pattern);
            }
        }
        finish(&mut patterns);
        Self {
            spectrum,
            cadence: Cadence::new(),
            sit: rising.then(|| Sit::new(is_precise(country.sit))),
            voice: Voice::new(),
            patterns,
            pending: None,
            heard: Heard::Silence,
            in_sit: None,
            sit_cycle_ms: country.sit.iter().map(|s| s.ms).sum(),
            at: 0,
            silent_ms: 0,
            noisy_hops: 0,
            silence: level::mean_square(SILENCE_DBM0),
        }
    }

    /// Takes samples; any number at a time. Events follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        for &s in samples {
            self.at += 1;
            let at = self.at;
            if let Some(kind) = self.sit.as_mut().and_then(|sit| sit.step(s)) {
                self.sit_heard(ProgressTone::Sit(kind), sink);
            }
            let Some(heard) = self.spectrum.step(s) else { continue };
            let mut tell = |kind| sink(Event { at, kind });
            self.hop(heard, &mut tell);
        }
    }

    fn sit_heard(&mut self, tone: ProgressTone, sink: &mut impl FnMut(Event)) {
        let at = self.at;
        if let Some(ended) = self.cadence.interrupt(&self.patterns) {
            sink(Event { at, kind: Kind::Ended(ended) });
        }
        let patience = self.sit_cycle_ms + self.sit_cycle_ms / 5;
        match self.in_sit.replace((tone, patience)) {
            Some((was, _)) if was == tone => return,
            Some((was, _)) => sink(Event { at, kind: Kind::Ended(was) }),
            None => {}
        }
        sink(Event { at, kind: Kind::Tone(tone) });
    }

    /// Ten milliseconds have passed.
    fn hop(&mut self, heard: Heard, tell: &mut impl FnMut(Kind)) {
        // A change counts when it lasts two hops.
        if heard == self.heard {
            self.pending = None;
        } else if self.pending == Some(heard) || (self.pending.is_some() && !is_tone(heard) && !is_tone(self.heard)) {
            self.heard = heard;
            self.pending = None;
        } else {
            self.pending = Some(heard);
        }
        let signature = if let Heard::Tone(id) = self.heard { Some(id) } else { None };
        let change = self.cadence.push(signature, HOP_MS, &self.patterns);
        if let Some(tone) = change.ended {
            tell(Kind::Ended(tone));
        }
        let sit_over = match &mut self.in_sit {
            Some((_, left)) => {
                *left = left.saturating_sub(HOP_MS);
                *left == 0 || change.began.is_some()
            }
            None => false,
        };
        if sit_over && let Some((tone, _)) = self.in_sit.take() {
            tell(Kind::Ended(tone));
        }
        if let Some(tone) = change.began {
            tell(Kind::Tone(tone));
        }
        let power = self.spectrum.power();
        if self.voice.push(self.spectrum.hop(), power, is_tone(self.heard) || is_tone(heard)) {
            tell(Kind::Voice);
        }
        self.count_silence(power, tell);
    }

    fn count_silence(&mut self, power: f32, tell: &mut impl FnMut(Kind)) {
        self.noisy_hops = if power < self.silence { 0 } else { self.noisy_hops.saturating_add(1) };
        if self.noisy_hops >= NOISY_HOPS {
            self.silent_ms = 0;
            return;
        }
        self.silent_ms = self.silent_ms.saturating_add(HOP_MS);
        if self.silent_ms.is_multiple_of(1000) {
            tell(Kind::Silence(self.silent_ms));
        }
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        self.spectrum.reset();
        self.cadence.reset();
        self.voice.reset();
        if let Some(sit) = &mut self.sit {
            sit.reset();
        }
        self.pending = None;
        self.heard = Heard::Silence;
        self.in_sit = None;
        self.silent_ms = 0;
        self.noisy_hops = 0;
    }
}

fn is_tone(heard: Heard) -> bool {
    matches!(heard, Heard::Tone(_))
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
fn compile(tone: ProgressTone, segments: &'static [Segment], spectrum: &mut Spectrum) -> Option<Pattern> {
    let mut steps: ArrayVec<Run, MAX_STEPS> = ArrayVec::new();
    let mut end = None;
    let mut stays = false;
    for (i, s) in segments.iter().enumerate() {
        let signature = if s.freqs.is_empty() { None } else { Some(spectrum.signature(s)?) };
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
            _ => {
                let ms = if signature.is_some() { s.ms.saturating_sub(BLUR_MS) } else { s.ms + BLUR_MS };
                steps.try_push(Run { signature, ms }).ok()?;
            }
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
    let rule = if stays {
        if steps.is_empty() { Rule::Steady(DIAL_MS) } else { Rule::Introduced(INTRODUCED_MS) }
    } else {
        match tone {
            ProgressTone::Ringback => Rule::Pause(RINGBACK_PAUSE_MS),
            ProgressTone::CallWaiting if sounding(&steps) >= CALL_WAITING_MS => Rule::Pause(CALL_WAITING_PAUSE_MS),
            // So short a burst of one frequency happens in speech too: it must come three times.
            ProgressTone::CallWaiting => Rule::Repeated(2 * steps.len() + 1),
            _ => Rule::Repeated(steps.len().max(4)),
        }
    };
    Some(Pattern { tone, steps, end, rule, unique: false })
}

/// How long the bursts of a cycle are together, in ms.
fn sounding(steps: &[Run]) -> u32 {
    steps.iter().filter(|s| s.signature.is_some()).map(|s| s.ms).sum()
}

/// Settles what depends on all patterns: how long a steady tone must last, and which tones stand alone.
fn finish(patterns: &mut ArrayVec<Pattern, MAX_PATTERNS>) {
    let steps: ArrayVec<(usize, Run), { MAX_PATTERNS * MAX_STEPS }> = patterns
        .iter()
        .enumerate()
        .flat_map(|(i, p)| {
            let end = p.end.map(|end| Run { signature: Some(end), ms: 0 });
            p.steps.iter().copied().chain(end).map(move |s| (i, s))
        })
        .filter(|(_, s)| s.signature.is_some())
        .take(MAX_PATTERNS * MAX_STEPS)
        .collect();
    for (i, p) in patterns.iter_mut().enumerate() {
        if let Rule::Steady(ms) = &mut p.rule {
            let least = if p.tone == ProgressTone::Unobtainable { UNOBTAINABLE_MS } else { DIAL_MS };
            let longest = steps.iter().filter(|(_, s)| s.signature == p.end).map(|(_, s)| s.ms).max().unwrap_or(0);
            *ms = least.max(longest + longest * 16 / 100 + 60);
        }
        p.unique = p
            .steps
            .iter()
            .all(|own| own.signature.is_none() || steps.iter().all(|(k, s)| *k == i || s.signature != own.signature));
    }
}

#[cfg(test)]
mod tests;
