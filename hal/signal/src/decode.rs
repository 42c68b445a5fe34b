//! Everything a recording of a line may hold, decoded in one pass: DTMF digits, caller-identification frames and
//! call progress.

use crate::country::Country;
use crate::{answer, cas, cid, clip, dtmf, progress};
use alloc::boxed::Box;

/// What was heard. The sample index `at` inside tells when it was decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A DTMF digit.
    Dtmf(dtmf::Event),
    /// A caller-identification frame.
    Cid(cid::Event<'a>),
    /// Caller identification by DTMF digits.
    Clip(clip::Event),
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
            Self::Cas(e) => e.at,
            Self::Answer(e) => e.at,
            Self::Progress(e) => e.at,
        }
    }
}

/// Decodes DTMF, caller identification and call progress together.
#[derive(Clone, Debug)]
pub struct Decoder {
    // Boxed: the three hold tables of some ten kilobytes.
    digits: Box<dtmf::Receiver>,
    cid: Box<cid::Receiver>,
    progress: Box<progress::Detector>,
}

/// Samples that the receivers take in turn, so that their events come in order of time (10 ms).
const SLICE: usize = 80;

impl Decoder {
    /// For a recording of a line in `country`.
    pub fn new(country: &'static Country) -> Self {
        Self {
            digits: Box::new(dtmf::Receiver::new()),
            cid: Box::new(cid::Receiver::new()),
            progress: Box::new(progress::Detector::new(country)),
        }
    }

    /// Takes samples; any number at a time. Events follow each other in time, to 10 ms.
    pub fn process(&mut self, samples: &[i16], sink: &mut impl FnMut(Event<'_>)) {
        for part in samples.chunks(SLICE) {
            self.digits.process(part, &mut |e| sink(Event::Dtmf(e)));
            self.cid.process(part, &mut |e| sink(Event::Cid(e)));
            self.progress.process(part, &mut |e| sink(Event::Progress(e)));
        }
    }

    /// Forgets everything heard; the sample index goes on.
    pub fn reset(&mut self) {
        self.digits.reset();
        self.cid.reset();
        self.progress.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::US;
    use crate::progress::Kind;
    use crate::test_signal::silence;
    use crate::tone::TonePlayer;
    use crate::{CallerId, DigitEdge, Number, PartyId, ProgressTone, fsk};
    use core::time::Duration;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn a_whole_call() {
        let mut call = silence(500);
        let mut part = silence(1000);
        TonePlayer::new(US.dial, -15.0).fill(&mut part);
        call.extend(&part);
        let mut sender = dtmf::Sender::new(-10.0);
        for d in b"5550122" {
            sender.push(*d, Duration::from_millis(80), Duration::from_millis(80));
        }
        let mut part = silence(1500);
        sender.mix(&mut part);
        call.extend(&part);
        let mut part = silence(7000);
        TonePlayer::new(US.ringback, -20.0).fill(&mut part);
        call.extend(&part);
        call.extend(silence(500));
        let id = CallerId { number: PartyId::Known(Number::new("5550101")), ..CallerId::default() };
        let mut modem = fsk::Sender::new(fsk::BELL202, -15.0);
        modem.load(cid::Frame::from_caller_id(&id).bytes(), cid::ON_HOOK_SEIZURE_BITS, cid::ON_HOOK_MARK_BITS);
        let mut part = silence(1000);
        modem.mix(&mut part);
        call.extend(&part);

        let (mut digits, mut tones, mut ids, mut times) = (String::new(), Vec::new(), Vec::new(), Vec::new());
        Decoder::new(US).process(&call, &mut |e| {
            times.push(e.at());
            match e {
                Event::Dtmf(d) if d.edge == DigitEdge::Begin => digits.push(char::from(d.symbol)),
                Event::Dtmf(_) => {}
                Event::Cid(cid::Event::Frame { message, .. }) => ids.extend(message.map(cid::Message::caller_id)),
                Event::Progress(progress::Event { kind: Kind::Tone(t), .. }) => tones.push(t),
                Event::Clip(_) | Event::Cas(_) | Event::Answer(_) | Event::Progress(_) => {}
            }
        });
        assert_eq!(digits, "5550122");
        assert_eq!(tones, [ProgressTone::Dial, ProgressTone::Ringback]);
        assert_eq!(ids, [id]);
        assert!(times.windows(2).all(|w| w[0] <= w[1] + SLICE as u64));
    }
}
