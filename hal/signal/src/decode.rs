//! One decoder for a line: whatever an analog line may say, by the receivers that its state needs.
//!
//! # What does it do?
//!
//! A [`LineDecoder`] holds one receiver of each kind and lets samples go to those that [`Listen`] names: caller
//! identification while the line is idle, call progress while it is dialled, digits and alerting tones while it is in use.
//! Samples come as 16-bit linear or as G.711, in blocks of any size, and the size changes nothing.
//! [`Lines`] holds many and decodes them side by side.
//!
//! # How does it work?
//!
//! Time is cut into slices of 20 ms, counted from the first sample, and each receiver takes a slice in turn: events follow each
//! other in time to within a slice. Each receiver begins with a bank of correlators over short hops and goes on only
//! where that shows something; the tables of the banks are shared by all lines. A line that listens only to what comes on hook
//! and has been quiet for a second costs no more than the look that finds it quiet.

use crate::country::Country;
use crate::pulse::clicks;
use crate::{SAMPLE_RATE, answer, cas, cid, clip, dtmf, g711, progress, simd};
use bitflags::bitflags;

mod lines;
#[cfg(test)]
mod tests;

pub use lines::Lines;

bitflags! {
    /// What a decoder listens for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Listen: u8 {
        /// DTMF digits.
        const DTMF = 1;
        /// Caller-identification frames, in Bell 202 and V.23.
        const CALLER_ID = 2;
        /// Caller identification by DTMF digits.
        const CLIP = 4;
        /// Alerting tone of call waiting.
        const CAS = 8;
        /// Call-progress tones, voice and silence.
        const PROGRESS = 16;
        /// What answers: fax machine, modem, text telephone, answering machine. With it, call progress is heard too.
        const ANSWER = 32;
        /// Pulse digits, by the clicks of a far dial.
        const PULSE = 64;
        /// An idle line: caller identification in all its forms.
        const ON_HOOK = 2 | 4;
        /// A line that dials and waits for an answer.
        const DIALING = 16 | 32;
        /// A line in use.
        const TALKING = 1 | 8 | 16 | 32;
        /// What needs the digits' receiver.
        const DIGITS = 1 | 4;
        /// What needs the call-progress detector.
        const SOUNDS = 16 | 32;
    }
}

/// What was heard. The sample index `at` inside tells when it was decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A DTMF digit.
    Dtmf(dtmf::Event),
    /// A caller-identification frame.
    Cid(cid::Event<'a>),
    /// Caller identification by DTMF digits.
    Clip(clip::Event),
    /// A pulse digit.
    Pulse(clicks::Event),
    /// Alerting tone of call waiting.
    Cas(cas::Event),
    /// What answers: fax machine, modem, text telephone, answering machine.
    Answer(answer::Event),
    /// A call-progress tone, or a hint.
    Progress(progress::Event),
}

impl Event<'_> {
    /// Index of the sample at which it was decided.
    pub fn at(&self) -> u64 {
        match self {
            Self::Dtmf(e) => e.at,
            Self::Cid(cid::Event::Frame { at, .. }) => *at,
            Self::Clip(e) => e.at,
            Self::Pulse(e) => e.at,
            Self::Cas(e) => e.at,
            Self::Answer(e) => e.at,
            Self::Progress(e) => e.at,
        }
    }
}

/// Samples that the receivers take in turn (20 ms).
const SLICE: usize = 160;
/// A sample beyond this is not quiet: -51 dBm0 for the peak of a sine. GR-30 forbids to take data below -48 dBm.
const LOUD: u16 = 64;
/// Samples of quiet after which an idle line's receivers sleep (1 s): whatever they were in the middle of is over by then.
const REST: u64 = SAMPLE_RATE as u64;

/// A receiver, and how many of the line's samples it has heard: it misses those for which nobody listened.
#[derive(Clone, Debug)]
struct Ear<R> {
    receiver: R,
    heard: u64,
}

impl<R> Ear<R> {
    fn new(receiver: R) -> Self {
        Self { receiver, heard: 0 }
    }

    /// Hears samples that begin at `at`; answers the receiver and what to add to its sample indices.
    fn hear(&mut self, at: u64, samples: &[i16]) -> (&mut R, u64) {
        let missed = at - self.heard;
        self.heard += samples.len() as u64;
        (&mut self.receiver, missed)
    }
}

/// Decodes one line.
#[derive(Clone, Debug)]
pub struct LineDecoder {
    listen: Listen,
    dtmf: Ear<dtmf::Receiver>,
    cid: Ear<cid::Receiver>,
    clip: clip::Receiver,
    pulse: Ear<clicks::Receiver>,
    cas: Ear<cas::Detector>,
    progress: Ear<progress::Detector>,
    answer: Ear<answer::Detector>,
    /// Samples taken.
    at: u64,
    /// Samples since the last one that was not quiet.
    quiet: u64,
}

impl LineDecoder {
    /// For a line in `country`, listening to everything but pulse digits.
    pub fn new(country: &'static Country) -> Self {
        Self {
            listen: Listen::all() - Listen::PULSE,
            dtmf: Ear::new(dtmf::Receiver::new()),
            cid: Ear::new(cid::Receiver::new()),
            clip: clip::Receiver::new(country),
            pulse: Ear::new(clicks::Receiver::new(country.pulse.code)),
            cas: Ear::new(cas::Detector::new()),
            progress: Ear::new(progress::Detector::new(country)),
            answer: Ear::new(answer::Detector::new()),
            at: 0,
            quiet: 0,
        }
    }

    /// What it listens for.
    pub fn listening(&self) -> Listen {
        self.listen
    }

    /// Listens for this from now on. What was not listened for before begins afresh; the sample index goes on.
    pub fn listen(&mut self, listen: Listen) {
        let fresh = listen - self.listen;
        if (fresh & Listen::DIGITS) == (listen & Listen::DIGITS) {
            self.dtmf.receiver.reset();
        }
        if fresh.contains(Listen::CALLER_ID) {
            self.cid.receiver.reset();
        }
        if fresh.contains(Listen::CLIP) {
            self.clip.reset();
        }
        if fresh.contains(Listen::PULSE) {
            self.pulse.receiver.reset();
        }
        if fresh.contains(Listen::CAS) {
            self.cas.receiver.reset();
        }
        if fresh.intersects(Listen::SOUNDS) && !self.listen.intersects(Listen::SOUNDS) {
            self.progress.receiver.reset();
        }
        if fresh.contains(Listen::ANSWER) {
            self.answer.receiver.reset();
        }
        self.listen = listen;
        self.quiet = 0;
    }

    /// The line rang or its polarity was reversed, now: digits that follow may be a number without its start mark.
    pub fn alerted(&mut self) {
        self.clip.arm(self.at);
    }

    /// Samples taken so far.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Takes 16-bit linear samples; any number at a time. Events follow each other in time, to within 20 ms.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event<'_>)) {
        let mut rest = samples;
        while !rest.is_empty() {
            let room = SLICE - (self.at % SLICE as u64) as usize;
            let (part, after) = rest.split_at(room.min(rest.len()));
            self.slice(part, sink);
            rest = after;
        }
    }

    /// Takes mu-law samples (ITU-T G.711).
    pub fn process_ulaw(&mut self, samples: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        self.expand(samples, g711::ulaw_decode, sink);
    }

    /// Takes A-law samples (ITU-T G.711).
    pub fn process_alaw(&mut self, samples: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        self.expand(samples, g711::alaw_decode, sink);
    }

    fn expand(&mut self, samples: &[u8], decode: impl Fn(u8) -> i16, sink: &mut impl FnMut(Event<'_>)) {
        for part in samples.chunks(SLICE) {
            let mut linear = [0; SLICE];
            linear.iter_mut().zip(part).for_each(|(to, from)| *to = decode(*from));
            self.process(linear.get(..part.len()).unwrap_or_default(), sink);
        }
    }

    /// Samples of one slice, or of a part of it.
    fn slice(&mut self, mut samples: &[i16], sink: &mut impl FnMut(Event<'_>)) {
        while !samples.is_empty() {
            let (asleep, count) = self.awake(samples);
            let (part, after) = samples.split_at(count);
            if !asleep {
                Stage::ALL.into_iter().for_each(|stage| self.fetch(stage));
                for stage in Stage::ALL {
                    self.stage(stage, part, sink);
                }
            }
            self.advance(part.len());
            samples = after;
        }
    }

    /// Whether the receivers may take these samples one after the other as they are: one slice, and nothing to sleep through.
    fn takes_whole(&self, samples: &[i16]) -> bool {
        let room = SLICE - (self.at % SLICE as u64) as usize;
        !Listen::ON_HOOK.contains(self.listen) && samples.len() <= room
    }

    /// The receivers have taken so many samples.
    fn advance(&mut self, samples: usize) {
        self.at += samples as u64;
    }

    /// How many of the samples come before the receivers fall asleep or wake, and whether they sleep until then. Exact to
    /// the sample, so that the size of blocks changes nothing.
    fn awake(&mut self, samples: &[i16]) -> (bool, usize) {
        if !Listen::ON_HOOK.contains(self.listen) {
            return (false, samples.len());
        }
        let asleep = self.quiet >= REST;
        if asleep {
            let Some(first) = samples.iter().position(|s| s.unsigned_abs() > LOUD) else {
                return (true, samples.len());
            };
            if first > 0 {
                return (true, first);
            }
            self.quiet = 0;
            return (false, 1);
        }
        let left = usize::try_from(REST - self.quiet).unwrap_or(usize::MAX).min(samples.len());
        let part = samples.get(..left).unwrap_or(samples);
        match part.iter().rposition(|s| s.unsigned_abs() > LOUD) {
            Some(last) => self.quiet = (left - 1 - last) as u64,
            None => self.quiet += left as u64,
        }
        (false, left)
    }

    /// One receiver's turn comes soon: other lines have been heard since the last one, and what it remembers may be far from
    /// the processor. Not of those whose memory is mostly left alone.
    #[inline]
    fn fetch(&self, stage: Stage) {
        match stage {
            Stage::Digits if self.listen.intersects(Listen::DIGITS) => simd::fetch(&self.dtmf),
            Stage::Alerting if self.listen.contains(Listen::CAS) => self.cas.receiver.fetch(),
            Stage::Sounds if self.listen.intersects(Listen::SOUNDS) => simd::fetch(&self.progress),
            Stage::Answers if self.listen.contains(Listen::ANSWER) => simd::fetch(&self.answer),
            _ => {}
        }
    }

    /// One receiver's turn.
    fn stage(&mut self, stage: Stage, samples: &[i16], sink: &mut impl FnMut(Event<'_>)) {
        let (at, listen) = (self.at, self.listen);
        match stage {
            Stage::Digits if listen.intersects(Listen::DIGITS) => {
                let clip = &mut self.clip;
                let (receiver, missed) = self.dtmf.hear(at, samples);
                receiver.process(samples, &mut |mut e| {
                    e.at += missed;
                    e.onset += missed;
                    if listen.contains(Listen::CLIP)
                        && let Some(message) = clip.digit(&e)
                    {
                        sink(Event::Clip(message));
                    }
                    if listen.contains(Listen::DTMF) {
                        sink(Event::Dtmf(e));
                    }
                });
                if let Some(message) = clip.expire(at + samples.len() as u64) {
                    sink(Event::Clip(message));
                }
            }
            Stage::CallerId if listen.contains(Listen::CALLER_ID) => {
                let (receiver, missed) = self.cid.hear(at, samples);
                receiver.process(samples, &mut |e| {
                    let cid::Event::Frame { ok, raw, message, error, carrier, at } = e;
                    sink(Event::Cid(cid::Event::Frame { ok, raw, message, error, carrier, at: at + missed }));
                });
            }
            Stage::Pulses if listen.contains(Listen::PULSE) => {
                let (receiver, missed) = self.pulse.hear(at, samples);
                receiver.process(samples, &mut |e| sink(Event::Pulse(clicks::Event { at: e.at + missed, ..e })));
            }
            Stage::Alerting if listen.contains(Listen::CAS) => {
                let (detector, missed) = self.cas.hear(at, samples);
                detector.process(samples, &mut |e| sink(Event::Cas(cas::Event { at: e.at + missed, ..e })));
            }
            Stage::Sounds if listen.intersects(Listen::SOUNDS) => {
                // What others hear counts from slice to slice, so that the size of blocks changes nothing.
                if at.is_multiple_of(SLICE as u64) {
                    let digit = listen.intersects(Listen::DIGITS) && self.dtmf.receiver.is_on();
                    let tone = listen.contains(Listen::ANSWER) && self.answer.receiver.hears_tone();
                    self.progress.receiver.engage(digit || tone);
                }
                let (detector, missed) = self.progress.hear(at, samples);
                let answer = &mut self.answer;
                detector.process(samples, &mut |e| {
                    if listen.contains(Listen::ANSWER) {
                        answer.receiver.hint(e.kind);
                    }
                    if listen.contains(Listen::PROGRESS) {
                        sink(Event::Progress(progress::Event { at: e.at + missed, ..e }));
                    }
                });
            }
            Stage::Answers if listen.contains(Listen::ANSWER) => {
                let (detector, missed) = self.answer.hear(at, samples);
                detector.process(samples, &mut |e| sink(Event::Answer(answer::Event { at: e.at + missed, ..e })));
            }
            _ => {}
        }
    }

    /// Forgets everything heard; the sample index and what it listens for stay.
    pub fn reset(&mut self) {
        self.dtmf.receiver.reset();
        self.cid.receiver.reset();
        self.clip.reset();
        self.pulse.receiver.reset();
        self.cas.receiver.reset();
        self.progress.receiver.reset();
        self.answer.receiver.reset();
        self.quiet = 0;
    }
}

/// The receivers' turns within a slice.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Digits,
    Pulses,
    CallerId,
    Alerting,
    Sounds,
    Answers,
}

impl Stage {
    const ALL: [Self; 6] = [Self::Digits, Self::Pulses, Self::CallerId, Self::Alerting, Self::Sounds, Self::Answers];
}
