//! What answers: fax machine, modem, text telephone, answering machine; and what calls: fax machine.
//!
//! # What does it do?
//!
//! A [`Detector`] tells, once for each appearance:
//!
//! * [`Kind::Cng`] when the first complete burst of a fax machine's calling tone has ended;
//! * [`Kind::AnsAm`] when an answer tone has been modulated for 0.4 s, [`Kind::Ans`] at its first reversal (0.45 s) and
//!   [`Kind::Ced`] when neither came for 0.54 s. A tone of 2225 Hz is `Ans` after 0.8 s;
//! * [`Kind::Tty`] after three characters of a text telephone ([`tty`] reads them);
//! * [`Kind::GreetingEnd`] when the first voice is followed by a pause, [`Kind::Machine`] when it goes on for longer than a
//!   person's greeting, and at the latest with the beep;
//! * [`Kind::Beep`] for the single tone after a voice, when a pause has followed it.
//!
//! The first voice is the first since the detector was made or reset, since the network's tones before an answer, or
//! since [`Detector::answered`].
//!
//! Tones are told from 0 to -43 dBm0, with noise 10 dB below them, hum, and interruptions up to 60 ms.
//!
//! # How does it work?
//!
//! Every 10 ms `front` makes three sums of the line. They tell cheaply whether one tone may be there, and where; after three
//! such hops `follow` measures it exactly. `greeting` finds bursts of voice in the same sums. The text telephone's
//! receiver runs only while the line is mostly tones between 1300 and 1900 Hz.

mod follow;
mod front;
mod greeting;
pub mod tty;

use crate::progress;
use crate::{ProgressTone, SAMPLE_RATE};
use follow::{Answer, Follower, Step, Summary};
use front::{Front, HOP, HOP_MS, Hop, Moments};
use greeting::{Activity, Voice};

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
}

/// What a [`Detector`] tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Calling tone of a fax machine: 1100 Hz, 0.5 s every 3 s (ITU-T T.30).
    Cng,
    /// Answer tone without reversals: 2100 Hz (ITU-T T.30 CED).
    Ced,
    /// Answer tone of a modem: 2100 Hz with phase reversals every 450 ms (ITU-T V.25), or Bell 2225 Hz.
    Ans,
    /// Answer tone of a modem: 2100 Hz, amplitude modulated with 15 Hz (ITU-T V.8 ANSam).
    AnsAm,
    /// A text telephone (V.18 Baudot, 45.45 or 50 bit/s, 1400 and 1800 Hz).
    Tty,
    /// The called party speaks as no person does: a greeting of this many ms without a pause.
    Machine {
        /// Length of the greeting so far, in ms.
        greeting_ms: u32,
    },
    /// The first voice has ended, with a pause.
    GreetingEnd {
        /// Length of the greeting, in ms.
        greeting_ms: u32,
        /// The pause so far, in ms. It began this long before the event.
        pause_ms: u32,
    },
    /// The single tone that ends a greeting.
    Beep {
        /// Its frequency in Hz.
        hz: f32,
        /// Its length in ms.
        ms: u32,
    },
}

/// What distinguishes a machine from a person, for want of a standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A greeting longer than this is a machine's, in ms. People say 300 to 1500 ms.
    pub greeting_ms: u32,
    /// A pause longer than this ends the greeting, in ms; 10 and more.
    pub pause_ms: u32,
    /// A beep comes so soon after a voice, in ms.
    pub beep_within_ms: u32,
}

impl Default for Settings {
    /// 2700 ms of greeting, 700 ms of pause, 5000 ms to the beep.
    fn default() -> Self {
        Self { greeting_ms: 2700, pause_ms: 700, beep_within_ms: 5000 }
    }
}

/// Samples in a millisecond.
const PER_MS: u64 = SAMPLE_RATE as u64 / 1000;
/// Tones that are looked for, in Hz.
const TONES_HZ: core::ops::RangeInclusive<f32> = 370.0..=2320.0;
/// Hops may belong to a tone from this share on.
const MIN_SHARE: f32 = 0.8;
/// So many hops in a row start a measurement.
const RUN: u32 = 3;
/// Age from which a tone is no voice, in ms.
const TONE_MS: u32 = 60;
/// T.30 CNG: 1100 Hz +- 38, and what a line adds.
const CNG_HZ: (f32, f32) = (1100.0, 48.0);
/// T.30 CNG: 0.5 s +- 15 %, and what the measurement may err.
const CNG_MS: core::ops::RangeInclusive<u32> = 412..=588;
/// A tone of that frequency and length is no calling tone so soon after a machine's voice; nor after a person's, unless
/// it is as exact as fax machines are.
const AFTER_VOICE_MS: u32 = 2500;
const CNG_EXACT_HZ: f32 = 16.0;
/// A calling tone after so long is a new one, in ms; bursts follow each other with 3.5 s +- 15 %.
const CNG_AGAIN_MS: u32 = 12_000;
/// An answer tone after so long is a new one, in ms.
const ANSWER_AGAIN_MS: u32 = 1000;
/// After an answer tone there is no greeting for so long, in ms.
const DATA_MS: u32 = 20_000;
/// Frequencies and lengths of beeps. Where the network has its tones, a long one is ringback.
const BEEP_HZ: core::ops::RangeInclusive<f32> = 395.0..=2030.0;
const SHORT_BEEP_MS: u32 = 92;
const BEEP_MS: u32 = 1560;
const LOW_BEEP_MS: u32 = 900;
/// Least share of a beep in the line's power, and most that its amplitude deviates from its mean: of one that is
/// shorter than [`LONG_BEEP_MS`], of a longer one. Vowels come near these.
const BEEP_SHARE: (f32, f32) = (0.95, 0.88);
const BEEP_UNEVEN: (f32, f32) = (0.05, 0.07);
const LONG_BEEP_MS: u32 = 200;
/// Most that its frequency changes: a part of it, or in Hz, whichever is more.
const BEEP_WANDER: f32 = 0.01;
const BEEP_WANDER_HZ: f32 = 5.0;
/// The pause after a beep, in ms: longer than those of the network's cadences in its upper band, and where most of the
/// network's tones are.
const BEEP_PAUSE_MS: u32 = 450;
const LOW_BEEP_PAUSE_MS: u32 = 1200;
const LOW_BEEP_HZ: f32 = 500.0;
/// A tone this soon after another is part of a signal of several, in ms.
const NEIGHBOUR_MS: u32 = 700;
/// Hops that may be louder than a pause.
const PAUSE_LOUD_HOPS: u32 = 3;
/// Text telephone: twice the cosines of 1400 and 1800 Hz are 0.91 and 0.31. Hops that hold an edge are between them.
const TTY_COSINE2: core::ops::RangeInclusive<f32> = 0.2..=1.0;
/// So many of the last eight hops start its receiver, so many of sixteen keep it.
const TTY_BEGINS: u32 = 5;
const TTY_GOES: u32 = 3;
/// Text after so long is a new text telephone, in ms.
const TTY_AGAIN_MS: u32 = 10_000;

/// Samples in so many ms.
const fn samples(ms: u32) -> u64 {
    ms as u64 * PER_MS
}

/// Something that is told once for each appearance.
#[derive(Clone, Copy, Debug, Default)]
struct Once {
    /// When it was last there.
    last: Option<u64>,
}

impl Once {
    /// It is there. True when it had not been for `again_ms`.
    fn seen(&mut self, at: u64, again_ms: u32) -> bool {
        self.last.replace(at).is_none_or(|last| at.saturating_sub(last) > samples(again_ms))
    }

    fn within(&self, at: u64, ms: u32) -> bool {
        self.last.is_some_and(|last| at.saturating_sub(last) <= samples(ms))
    }
}

/// Hops in a row that seem to be one tone.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    hops: u32,
    last: Moments,
    sum: Moments,
    /// Energies of the first and the second hop: how much of the first the tone fills.
    first: f32,
    second: f32,
}

impl Run {
    /// Takes the next hop. The answer is how many there are now.
    fn take(&mut self, m: &Moments) -> u32 {
        if self.hops > 0 && self.last.goes_on_in(m) {
            self.hops += 1;
            self.sum = self.sum.plus(*m);
        } else if self.hops == 1 && self.first < m.energy {
            // The first hop was filled in part.
            self.hops = 2;
            self.sum = *m;
        } else {
            self.hops = 1;
            self.sum = *m;
            self.first = m.energy;
        }
        if self.hops == 2 {
            self.second = m.energy;
        }
        self.last = *m;
        self.hops
    }

    /// For how many samples the tone has been there.
    fn samples(&self) -> u64 {
        let filled = (self.first / self.second.max(1e-9)).min(1.0);
        u64::from(self.hops - 1) * HOP as u64 + (filled * HOP as f32) as u64
    }
}

/// What is known of the greeting.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Greeting {
    /// Nobody has spoken yet.
    Awaited,
    /// The machine was told; the greeting may go on.
    Machine,
    /// It is over, and the machine was told.
    MachineOver,
    /// It is over; its length in ms.
    Over(u32),
    /// The beep was told, or something else than a voice has answered.
    Closed,
}

/// A tone that is a beep if a pause follows it.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    tone: Summary,
    pause_ms: u32,
    loud: u32,
}

/// Recognises what answers, and fax machines that call. About 2 KiB; allocates nothing.
#[derive(Clone, Debug)]
pub struct Detector {
    front: Front,
    ear: Ear,
}

/// All but the front end.
#[derive(Clone, Debug)]
struct Ear {
    settings: Settings,
    at: u64,
    run: Run,
    tone: Option<Follower>,
    cng: Once,
    answer: Once,
    /// Any answer tone, calling tone or text telephone.
    data: Once,
    tty: Once,
    /// When the last tone ended that was none of these.
    other: Option<u64>,
    candidate: Option<Candidate>,
    voice: Voice,
    /// When speech was last heard.
    speech: Once,
    greeting: Greeting,
    /// Which of the last hops were within the text telephone's band.
    tty_like: u16,
    reading: bool,
    text: tty::Receiver,
}

impl Detector {
    /// A detector with the usual limits.
    pub fn new() -> Self {
        Self::with_settings(Settings::default())
    }

    /// A detector with limits of one's own.
    pub fn with_settings(settings: Settings) -> Self {
        Self {
            front: Front::new(),
            ear: Ear {
                settings,
                at: 0,
                run: Run::default(),
                tone: None,
                cng: Once::default(),
                answer: Once::default(),
                data: Once::default(),
                tty: Once::default(),
                other: None,
                candidate: None,
                voice: Voice::new(settings.pause_ms),
                speech: Once::default(),
                greeting: Greeting::Awaited,
                tty_like: 0,
                reading: false,
                text: tty::Receiver::new(),
            },
        }
    }

    /// Takes samples; any number at a time. Events follow each other in time.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event)) {
        let ear = &mut self.ear;
        self.front.process(samples, |hop, moments| ear.hop(&moments, hop, sink));
    }

    /// Takes what a [`progress::Detector`] on the same line has just told: after a tone that comes before an answer the
    /// next voice is a greeting, and a voice that it has heard is one. A detector without these hints works too, for one call.
    pub fn hint(&mut self, kind: progress::Kind) {
        let ear = &mut self.ear;
        match kind {
            progress::Kind::Tone(ProgressTone::Dial | ProgressTone::StutterDial | ProgressTone::Ringback) => {
                ear.await_greeting();
            }
            // What seemed a beep was its first burst.
            progress::Kind::Tone(_) => ear.candidate = None,
            progress::Kind::Voice => ear.voice.vouch(),
            _ => {}
        }
    }

    /// The call was answered now: the next voice is the greeting.
    pub fn answered(&mut self) {
        self.ear.await_greeting();
    }

    /// Whether the line carries a single tone at the moment, or the characters of a text telephone: no voice.
    pub fn hears_tone(&self) -> bool {
        self.ear.reading || self.ear.tone.as_ref().is_some_and(|t| t.age_ms() >= TONE_MS)
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        let fresh = Self::with_settings(self.ear.settings);
        let at = self.ear.at;
        *self = fresh;
        self.ear.at = at;
    }
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Ear {
    fn await_greeting(&mut self) {
        self.greeting = Greeting::Awaited;
        self.voice.reset();
        self.speech = Once::default();
        self.candidate = None;
    }

    /// Ten milliseconds have passed.
    fn hop(&mut self, m: &Moments, hop: Hop<'_>, sink: &mut impl FnMut(Event)) {
        self.at += HOP as u64;
        let at = self.at;
        let mut tell = |kind| sink(Event { at, kind });
        self.tty_like <<= 1;
        if self.tone.is_some() || self.reading || m.may_be_tone() {
            self.look_for_tones(m, hop, &mut tell);
        } else {
            self.run.hops = 0;
        }
        let age = self.tone.as_ref().map_or(0, |t| t.age_ms());
        let tone_hops = if age >= TONE_MS { age.div_ceil(HOP_MS) } else { 0 };
        let activity = self.voice.push(m, tone_hops);
        self.listen(activity, &mut tell);
        self.wait_for_pause(m, &mut tell);
    }

    fn look_for_tones(&mut self, m: &Moments, hop: Hop<'_>, tell: &mut impl FnMut(Kind)) {
        let tonal = m.may_be_tone();
        self.tty_like |= u16::from(tonal && m.is_high_tone() && TTY_COSINE2.contains(&m.cosine2()));
        self.read(hop, tell);
        if let Some(tone) = &mut self.tone {
            let step = tone.push(hop);
            let answer = tone.answer();
            let told = tone.is_told();
            match step {
                Step::Goes => {}
                Step::Lost => self.tone = None,
                Step::Ended(tone) => {
                    self.tone = None;
                    self.ended(tone, tell);
                }
            }
            if let Some(answer) = answer {
                self.answers(answer, tell);
            }
            if told {
                self.answer.seen(self.at, 0);
            }
            return;
        }
        if !tonal {
            self.run.hops = 0;
            return;
        }
        if self.run.take(m) < RUN {
            return;
        }
        let (sum, before) = (self.run.sum, self.run.samples());
        self.run.hops = 0;
        let rough = sum.rough();
        if rough.share >= MIN_SHARE && TONES_HZ.contains(&rough.hz) {
            self.tone = Some(Follower::new(rough, self.at.saturating_sub(before), self.at));
        }
    }

    /// Runs the text telephone's receiver where there may be one.
    fn read(&mut self, hop: Hop<'_>, tell: &mut impl FnMut(Kind)) {
        if !self.reading {
            if (self.tty_like & 0xff).count_ones() < TTY_BEGINS {
                return;
            }
            self.text.reset();
            self.reading = true;
        } else if self.tty_like.count_ones() < TTY_GOES {
            self.reading = false;
            return;
        }
        self.text.process(hop.samples, &mut |_| {});
        if self.text.is_tty() {
            self.data.seen(self.at, 0);
            self.greeting = Greeting::Closed;
            self.candidate = None;
            if self.tty.seen(self.at, TTY_AGAIN_MS) {
                tell(Kind::Tty);
            }
        }
    }

    fn answers(&mut self, answer: Answer, tell: &mut impl FnMut(Kind)) {
        self.data.seen(self.at, 0);
        self.greeting = Greeting::Closed;
        self.candidate = None;
        if self.answer.seen(self.at, ANSWER_AGAIN_MS) {
            tell(match answer {
                Answer::Plain => Kind::Ced,
                Answer::Reversed | Answer::Bell => Kind::Ans,
                Answer::Modulated => Kind::AnsAm,
            });
        }
    }

    /// A steady tone has ended.
    fn ended(&mut self, tone: Summary, tell: &mut impl FnMut(Kind)) {
        let ms = tone.ms();
        let near = |(nominal, most): (f32, f32)| (tone.hz - nominal).abs() <= most;
        if near(CNG_HZ) && CNG_MS.contains(&ms) && tone.second_hz == 0.0 && !self.may_be_a_beep_of_1100_hz(&tone) {
            self.data.seen(self.at, 0);
            if self.cng.seen(self.at, CNG_AGAIN_MS) {
                tell(Kind::Cng);
            }
            return;
        }
        let alone = self.other.is_none_or(|end| tone.onset.saturating_sub(end) > samples(NEIGHBOUR_MS));
        let by_length = |(short, long): (f32, f32)| if ms < LONG_BEEP_MS { short } else { long };
        let harmonic = |k: f32| (tone.second_hz - k * tone.hz).abs() < 0.03 * k * tone.hz;
        let clean = tone.share >= by_length(BEEP_SHARE) && tone.uneven <= by_length(BEEP_UNEVEN);
        if clean {
            self.other = Some(tone.end);
        }
        let longest = if tone.hz < LOW_BEEP_HZ { LOW_BEEP_MS } else { BEEP_MS };
        let is_beep = clean
            && BEEP_HZ.contains(&tone.hz)
            && (SHORT_BEEP_MS..=longest).contains(&ms)
            && tone.wander <= (BEEP_WANDER * tone.hz).max(BEEP_WANDER_HZ)
            && (tone.second_hz == 0.0 || harmonic(2.0) || harmonic(3.0))
            && alone
            && self.speech.within(tone.onset, self.settings.beep_within_ms)
            && !self.data.within(self.at, DATA_MS);
        self.candidate = is_beep.then_some(Candidate { tone, pause_ms: millis(self.at - tone.end), loud: 0 });
    }

    /// After a voice a tone of 1100 Hz may be either: the beep of a machine, or a fax machine's calling tone that a
    /// person has answered. Fax machines hold their frequency well, and go on calling.
    fn may_be_a_beep_of_1100_hz(&self, tone: &Summary) -> bool {
        self.speech.within(tone.onset, AFTER_VOICE_MS)
            && (matches!(self.greeting, Greeting::Machine | Greeting::MachineOver)
                || (tone.hz - CNG_HZ.0).abs() > CNG_EXACT_HZ)
    }

    fn listen(&mut self, activity: Activity, tell: &mut impl FnMut(Kind)) {
        let burst = self.voice.burst();
        let over = activity == Activity::Ended;
        if activity == Activity::Quiet || !burst.is_speech() || self.data.within(self.at, DATA_MS) {
            return;
        }
        if burst.pause_ms() == 0 {
            self.speech.seen(self.at, 0);
        }
        let greeting_ms = burst.ms();
        if over && matches!(self.greeting, Greeting::Awaited | Greeting::Machine) {
            tell(Kind::GreetingEnd { greeting_ms, pause_ms: burst.pause_ms() });
            let told = self.greeting == Greeting::Machine;
            self.greeting = if told { Greeting::MachineOver } else { Greeting::Over(greeting_ms) };
        } else if self.greeting == Greeting::Awaited && greeting_ms > self.settings.greeting_ms {
            tell(Kind::Machine { greeting_ms });
            self.greeting = Greeting::Machine;
        }
    }

    /// A beep is one when a pause follows.
    fn wait_for_pause(&mut self, m: &Moments, tell: &mut impl FnMut(Kind)) {
        let Some(candidate) = &mut self.candidate else { return };
        candidate.pause_ms += HOP_MS;
        candidate.loud += u32::from(m.power() > 0.25 * candidate.tone.power);
        let tone = candidate.tone;
        let again = self.tone.as_ref().is_some_and(|t| t.age_ms() >= TONE_MS);
        if candidate.loud > PAUSE_LOUD_HOPS || again {
            self.candidate = None;
            return;
        }
        let enough = if tone.hz < LOW_BEEP_HZ { LOW_BEEP_PAUSE_MS } else { BEEP_PAUSE_MS };
        if candidate.pause_ms < enough {
            return;
        }
        self.candidate = None;
        let greeting_ms = match self.greeting {
            Greeting::Awaited => Some(self.voice.burst().ms()),
            Greeting::Over(ms) => Some(ms),
            Greeting::Machine | Greeting::MachineOver | Greeting::Closed => None,
        };
        if let Some(greeting_ms) = greeting_ms {
            tell(Kind::Machine { greeting_ms });
        }
        // What else is said is no greeting, and the next beep needs a voice of its own.
        self.speech = Once::default();
        self.greeting = Greeting::Closed;
        tell(Kind::Beep { hz: tone.hz, ms: tone.ms() });
    }
}

fn millis(samples: u64) -> u32 {
    u32::try_from(samples / PER_MS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
