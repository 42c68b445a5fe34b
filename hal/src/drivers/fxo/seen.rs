//! What was heard and seen on the line, and what follows from it.

use super::answer::Reversal;
use super::ear::{Findings, Heard};
use super::run::Phase;
use super::{Battery, COVER, Call, DEBOUNCE, Fxo, Hook, RING_BURST, RING_DEAF, Service, ringback_gap};
use crate::{EventQueue, FxoEvent, FxoPort};
use loopstart_signal::{
    ActionKind, Digit, DigitEdge, DigitMode, Failure, Heed, LineEvent, Loss, MediaSign, Outcome, ProgressTone,
    ReleaseWitness, Time,
};
use std::time::Duration;

impl<P: FxoPort> Fxo<P> {
    pub(super) fn deliver(&mut self, findings: Findings, events: &mut EventQueue, now: Time) {
        for heard in findings {
            if self.said > 0 && matches!(heard, Heard::Voice | Heard::Media(MediaSign::Machine)) {
                // It may be what our own programs say, come back.
                continue;
            }
            match heard {
                Heard::Tone(tone) => {
                    events.push(LineEvent::Tone(tone));
                    self.tone(tone, now, events);
                }
                Heard::ToneEnded(_) | Heard::ToneForgotten => events.push(LineEvent::ToneEnded),
                Heard::Digit(symbol, edge) => {
                    events.push(LineEvent::Digit(Digit { symbol, mode: DigitMode::Dtmf, edge }));
                }
                Heard::Caller(caller) => events.push(LineEvent::CallerId(caller)),
                Heard::Messages(on) => events.push(LineEvent::MessageWaiting(on)),
                Heard::Pulse(symbol) => {
                    for edge in [DigitEdge::Begin, DigitEdge::End] {
                        events.push(LineEvent::Digit(Digit { symbol, mode: DigitMode::Pulse, edge }));
                    }
                }
                Heard::Media(sign) => events.push(LineEvent::Media(sign)),
                Heard::Voice if self.ear.heed().contains(Heed::MEDIA) => {
                    events.push(LineEvent::Media(MediaSign::Voice))
                }
                Heard::Custom(index) => events.push(LineEvent::CustomTone(index)),
                Heard::Beep => self.announced(events),
                Heard::Alert(ago) => self.alerted(ago, now, events),
                Heard::Unasked | Heard::Voice | Heard::Silence(_) => {}
            }
            if let Hook::Off(Call { released: false, watch: Some(watch), .. }) = &mut self.hook
                && let Some(witness) = watch.hear(heard, ringback_gap(self.country.ringback))
            {
                events.push(LineEvent::Answered(witness));
            }
        }
    }

    /// A tone that ends what is being waited for.
    pub(super) fn tone(&mut self, tone: ProgressTone, now: Time, events: &mut EventQueue) {
        let Some(run) = &mut self.run else { return };
        match (&mut run.phase, tone) {
            (Phase::Quiet { ringback, .. }, ProgressTone::Ringback) => *ringback = true,
            (
                Phase::DialTone { .. } | Phase::Quiet { .. },
                ProgressTone::Busy
                | ProgressTone::Reorder
                | ProgressTone::Sit(_)
                | ProgressTone::Unobtainable
                | ProgressTone::Howler,
            ) => {
                let run = *run;
                self.run = None;
                self.finish(run, Outcome::Failed(Failure::Tone(tone)), now, events);
            }
            _ => {}
        }
    }

    pub(super) fn line_event(&mut self, event: FxoEvent, now: Time, events: &mut EventQueue) {
        match event {
            FxoEvent::RingBegin | FxoEvent::RingOffHook => match self.hook {
                Hook::On(since) => self.ring_edge(event, since, now, events),
                Hook::Off(call) => {
                    // Cut by our answer, it says nothing. While we seize the line somebody else was there first.
                    let settling = now.since(call.since) <= DEBOUNCE;
                    if settling && self.run.is_some_and(|run| run.awaits_line()) {
                        self.glare(now, events);
                    }
                }
            },
            FxoEvent::OnHook => {
                let flashing = self.run.is_some_and(|run| matches!(run.phase, Phase::Flashing { .. }));
                if !flashing {
                    self.released(ReleaseWitness::LoopCurrent, now, events);
                }
            }
            FxoEvent::Alarm => {
                self.released(ReleaseWitness::LoopCurrent, now, events);
                self.set_battery(Battery::Alarm, events);
                self.battery_at = None;
            }
            FxoEvent::NoAlarm => self.set_battery(Battery::Present, events),
            FxoEvent::DialComplete => {
                if let Some(run) = &mut self.run
                    && matches!(run.phase, Phase::Pulses { .. })
                {
                    run.phase = Phase::Next;
                    self.cover(COVER, now, events);
                    self.proceed(now, events);
                }
            }
            FxoEvent::HookComplete => {
                if let Some(run) = &mut self.run
                    && matches!(run.phase, Phase::Flashing { .. })
                {
                    run.phase = Phase::Next;
                    // The channel debounces again, blind to battery.
                    self.settle_at = Some(now + DEBOUNCE);
                    self.proceed(now, events);
                }
            }
            FxoEvent::Polarity => {
                self.reversed = !self.reversed;
                events.push(LineEvent::PolarityReversed);
                match &mut self.hook {
                    // Caller identification may follow.
                    Hook::On(_) => self.ear.alerted(),
                    Hook::Off(Call { released: false, watch: Some(watch), .. }) => match watch.reverse(now) {
                        Reversal::Answered(witness) => events.push(LineEvent::Answered(witness)),
                        Reversal::Released => self.released(ReleaseWitness::Polarity, now, events),
                        Reversal::Nothing => {}
                    },
                    Hook::Off(_) => {}
                }
            }
            FxoEvent::Removed => self.lose(Service::Gone, Loss::Gone, now, events),
        }
    }

    /// The beginning or the end of a ring burst, on hook.
    pub(super) fn ring_edge(&mut self, event: FxoEvent, since: Time, now: Time, events: &mut EventQueue) {
        let told = if event == FxoEvent::RingBegin {
            self.burst = Some(now);
            // Told once it has lasted long enough, by the tracker's deadline.
            self.ring.burst_begin(now);
            None
        } else if self.burst.take().is_some() {
            self.ring.burst_end(now)
        } else if now.since(since) >= RING_DEAF {
            // The beginning fell into the time in which the channel does not tell it.
            let on = self.country.ring_cadence_ms.first().copied().unwrap_or(2_000);
            let begin = (now - Duration::from_millis(u64::from(on))).max(since);
            self.ring.burst_begin(begin);
            self.ring.burst_end(now)
        } else {
            None
        };
        // What comes in mid-burst is too late, and a new identification can begin after it.
        self.ear.alerted();
        if let Some(event) = told {
            events.push(event);
        }
    }

    /// Whether somebody calls.
    pub(super) fn rings(&self, now: Time) -> bool {
        self.ring.is_ringing() || self.burst.is_some_and(|begin| now.since(begin) < RING_BURST)
    }

    pub(super) fn set_battery(&mut self, battery: Battery, events: &mut EventQueue) {
        let before = self.battery == Battery::Present;
        let after = battery == Battery::Present;
        self.battery = battery;
        if before != after {
            events.push(LineEvent::Battery(after));
        }
    }

    /// The far end is gone.
    pub(super) fn released(&mut self, witness: ReleaseWitness, now: Time, events: &mut EventQueue) {
        let Hook::Off(call) = &mut self.hook else { return };
        if call.released {
            return;
        }
        call.released = true;
        call.watch = None;
        self.end_waiting(now, events);
        self.settle_at = None;
        events.push(LineEvent::Released(witness));
        self.cut(Failure::Released, events);
    }

    /// Ends what runs before its time.
    pub(super) fn cut(&mut self, failure: Failure, events: &mut EventQueue) {
        if let Some(run) = self.run.take() {
            self.mouth.clear();
            Self::done(events, run.id, Outcome::Failed(failure));
        }
    }

    /// Ends waiting actions before they began.
    pub(super) fn cut_waiting(
        &mut self,
        failure: Failure,
        which: impl Fn(&ActionKind) -> bool,
        events: &mut EventQueue,
    ) {
        self.queue.retain(|action| {
            let cut = which(&action.kind);
            if cut {
                Self::done(events, action.id, Outcome::Failed(failure));
            }
            !cut
        });
    }
}
