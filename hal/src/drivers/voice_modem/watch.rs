//! Witnesses beside what the modem says: its control lines, the sound of the call where samples come in, and time.
//!
//! * *Ring indicator.* A line that rings although the modem says nothing of it (its results are off, or lost) is told all the
//!   same. Where the modem does say `RING` that counts, and the indicator of the same burst is not told again.
//! * *Carrier.* The end of a data call whose `NO CARRIER` was lost.
//! * *Sound.* While a program hears the call, so do our receivers: tones of an exchange that hangs up, digits, voices, a second
//!   call. They judge the same as on an FXO port.
//! * *Silence and time*, as [`Guards`](crate::drivers::guard::Guards) have it.

use super::call::Job;
use super::digits::Source;
use super::{EventQueue, Port, Service, VoiceModem};
use crate::LineChanges;
use crate::drivers::fxo::ear::{Ear, Findings, Heard};
use arrayvec::ArrayVec;
use loopstart_signal::{AnswerWitness, DigitEdge, LineEvent, MediaSign, ReleaseWitness, Time};
use std::time::Duration;

/// How often the counts of the control lines are looked at.
const POLL: Duration = Duration::from_millis(250);
/// A modem says `RING` within this of a burst on its indicator, before or after.
const SAYS_RING: Duration = Duration::from_secs(4);
/// Silence is told again and again while it is heard; without a word of it for so long, nothing is known.
const SILENCE_TOLD: Duration = Duration::from_secs(3);
/// Findings between two looks at them: more than a chunk of samples can bring.
const FOUND: usize = 32;

/// What has been seen.
#[derive(Debug, Default)]
pub(super) struct State {
    changes: Option<LineChanges>,
    poll: Option<Time>,
    /// When the modem said last that it rings.
    said: Option<Time>,
    /// The indicator was seen then, and the modem has not said so yet.
    unsaid: Option<Time>,
    /// This modem does not say it.
    mute: bool,
    /// When silence was heard last.
    silence: Option<Time>,
    found: ArrayVec<Heard, FOUND>,
}

impl State {
    /// Samples of the call came in. Digits are `evidence` of an answer while it is awaited.
    pub(super) fn overhear(&mut self, ear: &mut Ear, samples: &[i16], evidence: bool, talking: bool) {
        let mut findings = Findings::new();
        ear.off_hook(samples, evidence, talking, &mut findings);
        for heard in findings {
            // There is room for what a chunk of samples brings.
            let _ = self.found.try_push(heard);
        }
    }
}

impl<P: Port> VoiceModem<P> {
    /// The modem is in service: its control lines are watched, where it has some.
    pub(super) fn watch_lines(&mut self, now: Time) {
        self.watch.changes = self.port.line_changes();
        self.watch.poll = self.watch.changes.map(|_| now + POLL);
        self.watch.unsaid = None;
    }

    /// The modem said that it rings.
    pub(super) fn said_ring(&mut self, now: Time) {
        self.watch.said = Some(now);
        self.watch.unsaid = None;
        self.watch.mute = false;
    }

    pub(super) fn watch_deadline(&self) -> Option<Time> {
        let in_service = self.service == Service::Ready;
        let limit = self.call_watch.deadline(&self.guards);
        [self.watch.poll.filter(|_| in_service), limit.filter(|_| in_service)].into_iter().flatten().min()
    }

    pub(super) fn watch_expire(&mut self, now: Time, events: &mut EventQueue) {
        if self.service != Service::Ready {
            return;
        }
        if self.watch.poll.is_some_and(|at| at <= now) {
            self.watch.poll = Some(now + POLL);
            self.look_at_lines(now, events);
        }
        if self.watch.silence.is_some_and(|told| now.since(told) > SILENCE_TOLD || !self.is_receiving()) {
            self.watch.silence = None;
            self.call_watch.sound();
        }
        match self.call_watch.expired(&self.guards, now) {
            // A host that forgot its call must not hold the line for ever.
            Some(ReleaseWitness::TimeLimit) => self.call_lost(ReleaseWitness::TimeLimit, now, events),
            Some(witness) => events.push(LineEvent::Released(witness)),
            None => {}
        }
    }

    fn look_at_lines(&mut self, now: Time, events: &mut EventQueue) {
        let Some(changes) = self.port.line_changes() else { return };
        let Some(before) = self.watch.changes.replace(changes) else { return };
        if changes.carrier != before.carrier && self.online && self.job == Job::None {
            // Asked for only now: with some adapters it takes a transfer over the bus.
            if self.port.carrier() == Some(false) {
                self.online = false;
                self.call_lost(ReleaseWitness::Carrier, now, events);
            }
        }
        if self.online || self.off_hook || matches!(self.job, Job::Start(_)) {
            self.watch.unsaid = None;
            return;
        }
        if changes.ring != before.ring {
            if self.watch.mute {
                self.rung(None, now, events);
            } else if self.watch.said.is_none_or(|at| now.since(at) > SAYS_RING) {
                self.watch.unsaid.get_or_insert(now);
            }
        }
        if self.watch.unsaid.is_some_and(|at| now.since(at) >= SAYS_RING) {
            self.watch.unsaid = None;
            self.watch.mute = true;
            self.rung(None, now, events);
        }
    }

    /// Tells what our receivers found.
    pub(super) fn tell_found(&mut self, now: Time, events: &mut EventQueue) {
        for heard in std::mem::take(&mut self.watch.found) {
            if self.off_hook {
                self.tell_heard(heard, now, events);
            }
        }
    }

    fn tell_heard(&mut self, heard: Heard, now: Time, events: &mut EventQueue) {
        if let Heard::Silence(ms) = heard {
            self.watch.silence = Some(now);
            return self.call_watch.silent_for(Duration::from_millis(ms.into()), now);
        }
        if !matches!(heard, Heard::ToneEnded(_) | Heard::ToneForgotten | Heard::Media(MediaSign::Silence)) {
            self.watch.silence = None;
            self.call_watch.sound();
        }
        let calling = self.call.dialled && !self.call.answered;
        // What our programs say comes back from the line.
        let own = self.is_speaking(now);
        match heard {
            Heard::Tone(loopstart_signal::ProgressTone::Ringback) => self.ringback(now, events),
            Heard::Tone(tone) => self.tone(tone, events),
            Heard::ToneEnded(tone) => self.tone_ended(tone, events),
            Heard::ToneForgotten => {}
            Heard::Voice if own => {}
            Heard::Voice => {
                if calling {
                    self.answered(AnswerWitness::Voice, events);
                }
                self.media(MediaSign::Voice, events);
            }
            Heard::Media(MediaSign::Voice | MediaSign::Machine) if own => {}
            Heard::Media(sign) => self.media(sign, events),
            Heard::Digit(symbol, edge) => {
                if calling {
                    self.answered(AnswerWitness::Voice, events);
                }
                match edge {
                    DigitEdge::Begin => self.hear.digits.begin(symbol, Source::Ear, now, events),
                    DigitEdge::End => self.hear.digits.end(Source::Ear, now, events),
                }
            }
            Heard::Unasked if calling => self.answered(AnswerWitness::Voice, events),
            Heard::Beep | Heard::Alert(_) => self.second_call(now, events),
            Heard::Messages(on) => events.push(LineEvent::MessageWaiting(on)),
            Heard::Unasked | Heard::Caller(_) | Heard::Pulse(_) | Heard::Custom(_) | Heard::Silence(_) => {}
        }
    }
}
