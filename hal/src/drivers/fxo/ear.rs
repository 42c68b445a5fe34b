//! What the driver listens for: call-progress tones, voices and digits off hook, caller identification on hook.
//!
//! The hybrid of a line interface returns our own signal some 10 to 20 dB down, so the ear is covered while we send
//! and a little longer. A detector that missed a stretch of the line starts afresh: cadences with holes in them are
//! worse than none.

use arrayvec::ArrayVec;
use loopstart_signal::country::Country;
use loopstart_signal::{CallerId, DigitEdge, ProgressTone, cid, dtmf, progress};

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
    progress: progress::Detector,
    dtmf: dtmf::Receiver,
    cid: cid::Receiver,
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
        Self {
            progress: progress::Detector::new(country),
            dtmf: dtmf::Receiver::new(),
            cid: cid::Receiver::new(),
            listening: false,
            digit: None,
            tone: None,
            covered: 0,
        }
    }

    /// The tone that is on.
    pub(super) fn tone(&self) -> Option<ProgressTone> {
        self.tone
    }

    /// Reports digits from now on, or stops. A digit that is on when it stops is ended.
    pub(super) fn listen(&mut self, on: bool, findings: &mut Findings) {
        if on != self.listening {
            self.dtmf.reset();
            self.end_digit(findings);
            self.listening = on;
        }
    }

    /// Forgets everything: the hook moved, another line is heard now. What was on is told to have ended.
    pub(super) fn forget(&mut self, findings: &mut Findings) {
        self.start_afresh(findings);
        self.covered = 0;
    }

    /// Forgets a caller identification that was being received: a ring burst cut it, or a new one may begin.
    pub(super) fn forget_caller(&mut self) {
        self.cid.reset();
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
        self.progress.reset();
        self.dtmf.reset();
        self.cid.reset();
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

    /// Listens on hook: to caller identification.
    pub(super) fn on_hook(&mut self, samples: &[i16], findings: &mut Findings) {
        self.cid.process(samples, &mut |event| {
            if let cid::Event::Frame { ok: true, message: Some(message), .. } = event {
                let caller = message.caller_id();
                if caller != CallerId::default() {
                    let _ = findings.try_push(Heard::Caller(caller));
                }
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
        let Self { progress, dtmf, digit, tone, .. } = self;
        let mut answered = false;
        progress.process(samples, &mut |event| {
            let heard = match event.kind {
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
            };
            let _ = findings.try_push(heard);
        });
        if answered {
            // Whatever comes now is something new: the burst that an answer cut short must not count as a first one.
            progress.reset();
        }
        let wanted = self.listening;
        if wanted || digits {
            dtmf.process(samples, &mut |event| {
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
                let _ = findings.try_push(Heard::Digit(event.symbol, event.edge));
            });
        }
    }
}
