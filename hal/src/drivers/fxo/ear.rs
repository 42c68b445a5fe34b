//! What the driver listens for: call-progress tones, voices and digits off hook, caller identification on hook.
//!
//! The hybrid of a line interface returns our own signal some 10 to 20 dB down, so the ear is covered while we send
//! and a little longer. A detector that missed a stretch of the line starts afresh: cadences with holes in them are
//! worse than none.

use arrayvec::ArrayVec;
use loopstart_signal::country::Country;
use loopstart_signal::decode::{Event, LineDecoder, Listen};
use loopstart_signal::{CallerId, DigitEdge, PartyId, ProgressTone, cid, progress};

/// What was heard in one block. A block of 20 ms holds far fewer things than there is room for here.
pub(super) type Findings = ArrayVec<Heard, 8>;

/// One thing that was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Heard {
    /// A tone was recognised.
    Tone(ProgressTone),
    /// The tone recognised last has ended.
    ToneEnded(ProgressTone),
    /// A tone was on when the ear was covered: it counts as ended, but that witnesses nothing.
    ToneForgotten,
    /// Somebody speaks.
    Voice,
    /// Nothing was heard for this many milliseconds.
    Silence(u32),
    /// A DTMF digit.
    Digit(u8, DigitEdge),
    /// Caller identification whose checksum is right.
    Caller(CallerId),
    /// A digit began that the host did not ask for.
    Unasked,
}

/// The receivers of one line.
pub(super) struct Ear {
    decoder: LineDecoder,
    /// The host wants digits.
    listening: bool,
    /// A digit that began and has not ended.
    digit: Option<u8>,
    /// The tone that was told and has not ended.
    tone: Option<ProgressTone>,
    /// Samples for which the ear stays covered.
    covered: usize,
}

impl Ear {
    pub(super) fn new(country: &'static Country) -> Self {
        Self { decoder: LineDecoder::new(country), listening: false, digit: None, tone: None, covered: 0 }
    }

    /// The tone that is on.
    pub(super) fn tone(&self) -> Option<ProgressTone> {
        self.tone
    }

    /// Reports digits from now on, or stops. A digit that is on when it stops is ended.
    pub(super) fn listen(&mut self, on: bool, findings: &mut Findings) {
        if on != self.listening {
            self.listen_to(self.decoder.listening() - Listen::DTMF);
            self.end_digit(findings);
            self.listening = on;
        }
    }

    /// Forgets everything: the hook moved, another line is heard now. What was on is told to have ended.
    pub(super) fn forget(&mut self, findings: &mut Findings) {
        self.start_afresh(findings);
        self.covered = 0;
    }

    /// The line rang or its polarity was reversed: that cut a caller identification that was being received, and a new one may
    /// begin.
    pub(super) fn alerted(&mut self) {
        self.decoder.listen(Listen::empty());
        self.decoder.listen(Listen::ON_HOOK);
        self.decoder.alerted();
    }

    /// Whether it hears nothing at the moment.
    pub(super) fn is_covered(&self) -> bool {
        self.covered > 0
    }

    /// Hears nothing for `samples` from now on.
    pub(super) fn cover(&mut self, samples: usize, findings: &mut Findings) {
        if self.covered == 0 {
            self.start_afresh(findings);
        }
        self.covered = self.covered.max(samples);
    }

    fn start_afresh(&mut self, findings: &mut Findings) {
        self.decoder.reset();
        self.end_digit(findings);
        if self.tone.take().is_some() {
            let _ = findings.try_push(Heard::ToneForgotten);
        }
    }

    fn end_digit(&mut self, findings: &mut Findings) {
        if let Some(symbol) = self.digit.take() {
            let _ = findings.try_push(Heard::Digit(symbol, DigitEdge::End));
        }
    }

    /// What is listened for afresh begins anew.
    fn listen_to(&mut self, listen: Listen) {
        if listen != self.decoder.listening() {
            self.decoder.listen(listen);
        }
    }

    /// Listens on hook: to caller identification.
    pub(super) fn on_hook(&mut self, samples: &[i16], findings: &mut Findings) {
        self.listen_to(Listen::ON_HOOK);
        self.decoder.process(samples, &mut |event| {
            let caller = match event {
                Event::Cid(cid::Event::Frame { ok: true, message: Some(message), .. }) => message.caller_id(),
                Event::Clip(message) => CallerId { number: message.number, name: PartyId::Absent, time: None },
                _ => return,
            };
            if caller != CallerId::default() {
                let _ = findings.try_push(Heard::Caller(caller));
            }
        });
    }

    /// Listens off hook: to tones, voices, and to digits when the host wants them or `digits` are evidence.
    pub(super) fn off_hook(&mut self, samples: &[i16], digits: bool, findings: &mut Findings) {
        let samples = match self.covered.checked_sub(samples.len()) {
            Some(left) => {
                self.covered = left;
                return;
            }
            None => samples.get(self.covered..).unwrap_or(samples),
        };
        self.covered = 0;
        let wanted = self.listening;
        self.listen_to(if wanted || digits { Listen::PROGRESS | Listen::DTMF } else { Listen::PROGRESS });
        let Self { decoder, digit, tone, .. } = self;
        let mut answered = false;
        decoder.process(samples, &mut |event| {
            let heard = match event {
                Event::Progress(progress::Event { kind, .. }) => match kind {
                    progress::Kind::Tone(kind) if *tone == Some(kind) => return,
                    progress::Kind::Tone(kind) => {
                        *tone = Some(kind);
                        Heard::Tone(kind)
                    }
                    progress::Kind::Ended(kind) => {
                        if *tone != Some(kind) {
                            return;
                        }
                        *tone = None;
                        answered |= kind == ProgressTone::Ringback;
                        Heard::ToneEnded(kind)
                    }
                    progress::Kind::Voice => Heard::Voice,
                    progress::Kind::Silence(ms) => Heard::Silence(ms),
                },
                Event::Dtmf(event) => {
                    match event.edge {
                        DigitEdge::Begin if !wanted => {
                            let _ = findings.try_push(Heard::Unasked);
                            return;
                        }
                        DigitEdge::Begin => *digit = Some(event.symbol),
                        DigitEdge::End => {
                            if digit.take().is_none() {
                                return;
                            }
                        }
                    }
                    Heard::Digit(event.symbol, event.edge)
                }
                _ => return,
            };
            let _ = findings.try_push(heard);
        });
        if answered {
            // Whatever comes now is something new: the burst that an answer cut short must not count as a first one.
            let listening = self.decoder.listening();
            self.decoder.listen(listening - Listen::SOUNDS);
            self.decoder.listen(listening);
        }
    }
}
