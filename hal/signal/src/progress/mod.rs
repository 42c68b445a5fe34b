//! Call-progress detector: which tone of the network is heard, whether somebody speaks, how long it is silent.
//!
//! # What does it do?
//!
//! A [`Detector`] knows the tones of one [`Country`] by frequency and cadence. It tells a tone once, when it is recognised:
//!
//! * steady dial tone when it lasts longer than any burst of the same frequencies could (400 ms in North America,
//!   up to 2.4 s where ringback has the same frequency), a cadenced dial tone after a cycle;
//! * stutter dial tone when the bursts give way to the steady tone, or after two cycles;
//! * ringback within its first burst where no other tone has its frequencies, otherwise after it and 300 ms of pause;
//! * busy and reorder after two cycles, or one of four steps and more; later if two tones begin alike;
//! * special information tone in its third tone, in North America with its kind;
//! * call waiting half a second after its bursts if they are clean and stand alone, otherwise after two cycles.
//!
//! It tells the end of a tone as soon as the tone departs from its cadence: a burst cut short at once, a burst that does
//! not come when it is overdue. The end of ringback without another tone after it hints at an answer, and so
//! does `Voice`.
//!
//! Frequencies may be 1.9 % off, times 16 % (at least 24 to 36 ms), levels down to -43 dBm0, and noise 6 dB below the tone.
//! Mains hum may be louder than the tone.
//!
//! # How does it work?
//!
//! Every 10 ms `front` brings the line to five samples of the band where nearly all tones are. `spectrum` says which of
//! the country's sets of frequencies these hold, if any, `burst` when it began and ended, and `cadence` compares that
//! with the country's patterns. `high` hears what sounds above that band, `sit` follows the three rising tones there;
//! `voice` looks at what is no tone. What depends on the country alone is in `plan`, which all its lines share.

mod burst;
mod cadence;
mod front;
mod high;
mod past;
mod plan;
mod sit;
mod spectrum;
mod voice;

use crate::ProgressTone;
use crate::country::Country;
use crate::level;
use alloc::sync::Arc;
use burst::{Bursts, Turns};
use cadence::Cadence;
use front::{BEFORE, Front, MOST, Measured};
use high::High;
use past::Past;
use plan::Plan;
use sit::Sit;
use voice::Voice;

/// Samples of a hop: 10 ms.
const HOP: usize = 80;
/// Milliseconds of a hop.
const HOP_MS: u32 = 10;

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
    /// A voice, or something like it, has been heard for about 200 ms. Told again after a second without.
    Voice,
    /// It has been silent for this many ms: told every second.
    Silence(u32),
}

/// Below this it is silent, in dBm0.
const SILENCE_DBM0: f32 = -45.0;
/// So many hops above that end a silence; fewer are clicks.
const NOISY_HOPS: u32 = 3;
/// Hops after a tone that are no voice.
const AFTER_TONE: u32 = 4;

/// Recognises a country's call-progress tones.
#[derive(Clone, Debug)]
pub struct Detector {
    plan: Arc<Plan>,
    /// Samples of a hop that is not complete.
    hop: [i16; HOP],
    fill: usize,
    front: Front,
    past: Past,
    high: High,
    bursts: Bursts,
    cadence: Cadence,
    sit: Option<Sit>,
    voice: Voice,
    /// The special information tone told, and for how many ms more it may go without the next.
    in_sit: Option<(ProgressTone, u32)>,
    since_tone: u32,
    /// Another receiver hears what is no voice.
    engaged: bool,
    at: u64,
    silent_ms: u32,
    noisy_hops: u32,
    silence: f32,
}

impl Detector {
    /// For the tones of `country`.
    pub fn new(country: &'static Country) -> Self {
        let plan = Plan::of(country);
        let sit = plan.sit.map(Sit::new);
        Self {
            plan,
            hop: [0; HOP],
            fill: 0,
            front: Front::new(),
            past: Past::new(),
            high: High::new(),
            bursts: Bursts::new(),
            cadence: Cadence::new(),
            sit,
            voice: Voice::new(),
            in_sit: None,
            since_tone: u32::MAX,
            engaged: false,
            at: 0,
            silent_ms: 0,
            noisy_hops: 0,
            silence: level::mean_square(SILENCE_DBM0),
        }
    }

    /// Takes samples; any number at a time. Events follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        let mut samples = samples;
        if self.fill > 0 {
            let room = self.hop.get_mut(self.fill..).unwrap_or_default();
            let (now, later) = samples.split_at(room.len().min(samples.len()));
            room.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            self.fill += now.len();
            self.at += now.len() as u64;
            samples = later;
            if self.fill < HOP {
                return;
            }
            self.fill = 0;
            let at = self.at;
            self.take(&[self.hop], at, sink);
        }
        let (hops, rest) = samples.as_chunks::<HOP>();
        for hops in hops.chunks(MOST) {
            let at = self.at;
            self.at += (hops.len() * HOP) as u64;
            self.take(hops, at + HOP as u64, sink);
        }
        self.hop.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.fill = rest.len();
        self.at += rest.len() as u64;
    }

    /// Takes some hops, [`MOST`] at most; the first one ends at `at`.
    fn take(&mut self, hops: &[[i16; HOP]], at: u64, sink: &mut impl FnMut(Event)) {
        let mut before = self.front.newest();
        let measured = self.front.step(hops);
        for ((hop, measured), at) in hops.iter().zip(&measured).zip((at..).step_by(HOP)) {
            self.hop(hop, before, measured, &mut |kind| sink(Event { at, kind }));
            let [.., a, b, c, d] = *hop;
            before = [a, b, c, d];
        }
    }

    /// Ten milliseconds have passed. Takes the samples, those before, and what the front end made of them.
    fn hop(&mut self, hop: &[i16; HOP], before: [i16; BEFORE], measured: &Measured, tell: &mut impl FnMut(Kind)) {
        self.past.push(&measured.low, measured.high[0] / (6 * HOP) as f32);
        let (low, power) = (self.past.low(), self.past.all());
        let high = self.high.step(&measured.high, low, || front::difference(before, hop));
        let plan = &*self.plan;
        let found = plan.signatures.find(&self.past);

        let mut turns = Turns::new();
        self.bursts.step_high(&self.past, high.and_then(|tone| plan.signatures.high(tone)), &mut turns);
        self.bursts.step(&self.past, found, &plan.signatures, &mut turns);
        for turn in &turns {
            self.cadence.turn(*turn, &plan.patterns);
        }
        let change = self.cadence.step(self.past.now(), &self.bursts, &plan.patterns);
        if let Some(tone) = change.ended {
            tell(Kind::Ended(tone));
        }
        if let Some(kind) = self.sit.as_mut().and_then(|sit| sit.step(high)) {
            if let Some(ended) = self.cadence.interrupt(&plan.patterns) {
                tell(Kind::Ended(ended));
            }
            let tone = ProgressTone::Sit(kind);
            let patience = plan.sit_cycle_ms + plan.sit_cycle_ms / 5;
            let was = self.in_sit.replace((tone, patience)).map(|(was, _)| was);
            if was != Some(tone) {
                was.into_iter().for_each(|was| tell(Kind::Ended(was)));
                tell(Kind::Tone(tone));
            }
        } else if let Some((tone, left)) = &mut self.in_sit {
            *left = left.saturating_sub(HOP_MS);
            if *left == 0 || change.began.is_some() {
                tell(Kind::Ended(*tone));
                self.in_sit = None;
            }
        }
        if let Some(tone) = change.began {
            tell(Kind::Tone(tone));
        }

        let tone = found.is_some() || high.is_some() || self.bursts.is_on() || self.engaged;
        self.since_tone = if tone { 0 } else { self.since_tone.saturating_add(1) };
        if self.voice.step(power, low, self.past.turn(), &measured.high, self.since_tone <= AFTER_TONE) {
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

    /// Another receiver hears a digit, an answer tone or the like (true), or not any more: that is no voice.
    pub fn engage(&mut self, on: bool) {
        self.engaged = on;
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        self.fill = 0;
        self.front = Front::new();
        self.past = Past::new();
        self.high.reset();
        self.bursts.reset();
        self.cadence.reset();
        self.voice.reset();
        if let Some(sit) = &mut self.sit {
            sit.reset();
        }
        self.in_sit = None;
        self.since_tone = u32::MAX;
        self.engaged = false;
        self.silent_ms = 0;
        self.noisy_hops = 0;
    }
}

#[cfg(test)]
mod tests;
