//! What the driver listens for: call-progress tones, voices, digits and what the host asks for off hook, caller
//! identification on hook.
//!
//! The hybrid of a line interface returns our own signal some 10 to 20 dB down, so the ear is covered while we send
//! and a little longer. A detector that missed a stretch of the line starts afresh: cadences with holes in them are
//! worse than none.

use crate::drivers::gauge::{Gauge, RawForm};
use crate::drivers::watch::ToneWatcher;
use arrayvec::ArrayVec;
use loopstart_signal::country::Country;
use loopstart_signal::decode::{Event, LineDecoder, Listen};
use loopstart_signal::{CallerId, DigitEdge, Heed, MediaSign, PartyId, ProgressTone, ToneWatch, answer, cid, progress};
use std::sync::Arc;

/// What was heard in one block. A block of 20 ms holds far fewer things than there is room for here.
pub(in crate::drivers) type Findings = ArrayVec<Heard, 16>;

/// One thing that was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::drivers) enum Heard {
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
    /// Data that says whether messages wait.
    Messages(bool),
    /// A digit began that the host did not ask for.
    Unasked,
    /// A pulse digit.
    Pulse(u8),
    /// What the far end is.
    Media(MediaSign),
    /// A tone of the host's list: its place there.
    Custom(u8),
    /// The beep that announces a second call.
    Beep,
    /// The alerting tone of a second call, recognised this many samples ago.
    Alert(u64),
}

/// Silence is told as a sign of what the far end is after so long, in ms: longer than anybody pauses.
const SILENCE_MS: u32 = 3_000;

/// How long silence lasts until it is told again, in ms.
const SILENCE_STEP_MS: u32 = 1_000;

/// The receivers of one line.
pub(in crate::drivers) struct Ear {
    decoder: LineDecoder,
    /// Where caller identifications are kept as they came.
    gauge: Arc<Gauge>,
    /// What the host wants to be told of.
    heed: Heed,
    /// Watches for the host's tones, while `watching`.
    watch: Option<Box<ToneWatcher>>,
    watching: bool,
    /// The next one to watch, or the one that did so last.
    spare: Option<Box<ToneWatcher>>,
    /// A digit that began and has not ended.
    digit: Option<u8>,
    /// The tone that was told and has not ended.
    tone: Option<ProgressTone>,
    /// Samples for which the ear stays covered.
    covered: usize,
}

impl Ear {
    pub(in crate::drivers) fn new(country: &'static Country, gauge: Arc<Gauge>) -> Self {
        Self {
            decoder: LineDecoder::new(country),
            gauge,
            heed: Heed::empty(),
            watch: None,
            watching: false,
            spare: None,
            digit: None,
            tone: None,
            covered: 0,
        }
    }

    /// The tone that is on.
    pub(in crate::drivers) fn tone(&self) -> Option<ProgressTone> {
        self.tone
    }

    /// Reports this from now on, and nothing else of its kind. A digit that is on when it stops is ended.
    pub(in crate::drivers) fn listen(&mut self, heed: Heed, findings: &mut Findings) {
        if (heed ^ self.heed).contains(Heed::DTMF) {
            self.listen_to(self.decoder.listening() - Listen::DTMF);
            self.end_digit(findings);
        }
        self.heed = heed;
    }

    /// What the host wants to be told of.
    pub(in crate::drivers) fn heed(&self) -> Heed {
        self.heed
    }

    /// Takes what watches for tones; answers what is needed no longer.
    pub(in crate::drivers) fn equip(&mut self, watcher: Box<ToneWatcher>) -> Option<Box<ToneWatcher>> {
        self.spare.replace(watcher)
    }

    /// Watches for the tones of this list from now on; none: for none. False when there is nothing that could.
    pub(in crate::drivers) fn watch(&mut self, list: &ToneWatch) -> bool {
        self.watching = false;
        if list.as_slice().is_empty() {
            return true;
        }
        if self.spare.as_ref().is_some_and(|watcher| watcher.is_for(list)) {
            std::mem::swap(&mut self.watch, &mut self.spare);
        }
        let Some(watch) = self.watch.as_mut().filter(|watcher| watcher.is_for(list)) else { return false };
        watch.forget();
        self.watching = true;
        true
    }

    /// Forgets everything: the hook moved, another line is heard now. What was on is told to have ended.
    pub(in crate::drivers) fn forget(&mut self, findings: &mut Findings) {
        self.start_afresh(findings);
        self.covered = 0;
    }

    /// The line rang or its polarity was reversed: that cut a caller identification that was being received, and a new one may
    /// begin.
    pub(in crate::drivers) fn alerted(&mut self) {
        self.decoder.listen(Listen::empty());
        self.decoder.listen(Listen::ON_HOOK);
        self.decoder.alerted();
    }

    /// Whether it hears nothing at the moment.
    pub(in crate::drivers) fn is_covered(&self) -> bool {
        self.covered > 0
    }

    /// Hears nothing for `samples` from now on.
    pub(in crate::drivers) fn cover(&mut self, samples: usize, findings: &mut Findings) {
        if self.covered == 0 {
            self.start_afresh(findings);
        }
        self.covered = self.covered.max(samples);
    }

    fn start_afresh(&mut self, findings: &mut Findings) {
        self.decoder.reset();
        if let Some(watch) = &mut self.watch {
            watch.forget();
        }
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
    pub(in crate::drivers) fn on_hook(&mut self, samples: &[i16], findings: &mut Findings) {
        self.listen_to(Listen::ON_HOOK);
        let Self { decoder, gauge, .. } = self;
        decoder.process(samples, &mut |event| {
            keep(gauge, &event);
            let caller = match event {
                Event::Cid(cid::Event::Frame { ok: true, message: Some(message), .. }) => {
                    if let Some(on) = message.message_waiting() {
                        let _ = findings.try_push(Heard::Messages(on));
                    }
                    message.caller_id()
                }
                Event::Clip(message) => CallerId { number: message.number, name: PartyId::Absent, time: None },
                _ => return,
            };
            if caller != CallerId::default() {
                let _ = findings.try_push(Heard::Caller(caller));
            }
        });
    }

    /// Uncovers the ear, which shall now hear the identification of a second caller.
    pub(in crate::drivers) fn await_caller(&mut self) {
        self.decoder.reset();
        self.decoder.listen(Listen::empty());
        self.covered = 0;
    }

    /// Listens to the identification of a second caller and nothing else; tells each frame, none for one that is damaged.
    pub(in crate::drivers) fn hear_caller(&mut self, samples: &[i16], sink: &mut impl FnMut(Option<&cid::Message>)) {
        self.listen_to(Listen::CALLER_ID);
        let Self { decoder, gauge, .. } = self;
        decoder.process(samples, &mut |event| {
            keep(gauge, &event);
            if let Event::Cid(cid::Event::Frame { ok, message, .. }) = event {
                sink(message.filter(|_| ok));
            }
        });
    }

    /// Listens off hook: to tones, voices, what the host wants, to digits also when `digits` are evidence, and to the
    /// alerting tone of a second call when there may be one (`talking`).
    pub(in crate::drivers) fn off_hook(
        &mut self,
        samples: &[i16],
        digits: bool,
        talking: bool,
        findings: &mut Findings,
    ) {
        let samples = match self.covered.checked_sub(samples.len()) {
            Some(left) => {
                self.covered = left;
                return;
            }
            None => samples.get(self.covered..).unwrap_or(samples),
        };
        self.covered = 0;
        if self.watching
            && let Some(watch) = &mut self.watch
        {
            watch.hear(samples, &mut |index| {
                let _ = findings.try_push(Heard::Custom(index));
            });
        }
        let wanted = self.heed.contains(Heed::DTMF);
        let media = self.heed.contains(Heed::MEDIA);
        let mut listen = Listen::PROGRESS;
        listen.set(Listen::DTMF, wanted || digits);
        listen.set(Listen::PULSE, self.heed.contains(Heed::PULSES));
        listen.set(Listen::ANSWER, media);
        listen.set(Listen::CAS, talking);
        self.listen_to(listen);
        let end = self.decoder.at() + samples.len() as u64;
        let Self { decoder, digit, tone, .. } = self;
        let mut answered = false;
        decoder.process(samples, &mut |event| {
            let heard = match event {
                Event::Progress(progress::Event { kind, .. }) => match kind {
                    // Nothing of it concerns the call that is up.
                    progress::Kind::Tone(ProgressTone::CallWaiting) => Heard::Beep,
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
                    progress::Kind::Silence(ms) => {
                        if media && (SILENCE_MS..SILENCE_MS + SILENCE_STEP_MS).contains(&ms) {
                            let _ = findings.try_push(Heard::Media(MediaSign::Silence));
                        }
                        Heard::Silence(ms)
                    }
                },
                Event::Answer(answer::Event { kind, .. }) => match kind {
                    answer::Kind::Cng => Heard::Media(MediaSign::FaxCalling),
                    answer::Kind::Ced => Heard::Media(MediaSign::FaxAnswer),
                    answer::Kind::Ans | answer::Kind::AnsAm => Heard::Media(MediaSign::Modem),
                    answer::Kind::Tty => Heard::Media(MediaSign::Tty),
                    answer::Kind::Machine { .. } => Heard::Media(MediaSign::Machine),
                    answer::Kind::Beep { .. } => Heard::Media(MediaSign::Beep),
                    answer::Kind::GreetingEnd { .. } => return,
                },
                Event::Pulse(event) => Heard::Pulse(event.digit),
                Event::Cas(event) => Heard::Alert(end.saturating_sub(event.at)),
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

/// Keeps a caller identification as it came, also one that is not believed.
fn keep(gauge: &Gauge, event: &Event<'_>) {
    match event {
        Event::Cid(cid::Event::Frame { ok, raw, carrier, .. }) => {
            let form = if *carrier == cid::Carrier::Ntt { RawForm::Ntt } else { RawForm::Frame };
            gauge.set_caller_id(form, *ok, raw);
        }
        Event::Clip(message) => gauge.set_caller_id(RawForm::Digits, true, message.digits.as_str().as_bytes()),
        _ => {}
    }
}
