//! The driver of an FXO port: a line card's channel, with hook, events and audio.
//!
//! What does it do? It turns what a channel reports (ring bursts, battery, polarity) and what is heard on it (tones,
//! digits, caller identification, voices) into line events, and works hook, digits and pulses for line actions.
//!
//! How does it work? The channel gives a block of 20 ms at a time, on hook and off. For each block that is read one is
//! written, so the port's own sample clock paces everything: waits and pauses are counted in samples heard. What has
//! nothing to do with audio (the end of ringing, the debounce of the hook) is timed by the `now` that is passed in.
//!
//! A channel has habits that the driver has to know:
//!
//! * While an event waits no audio can be read: events first.
//! * The beginning of ringing is not told in the 2 s after going on hook (or opening); the end of a burst may come
//!   without its beginning. Nothing tells that a caller gave up: the ring tracker times that out.
//! * A ring burst that is cut by going off hook ends like any other. After an answer that says nothing; after seizing
//!   the line to dial it says that a caller was there first.
//! * For 600 ms after going off hook a loss of battery is not reported, and a flash is refused. The driver looks
//!   for battery itself when that time is over, and flashes then.
//! * Audio that is written stops the channel's pulse dialling, so nothing is written until the pulses are out.

mod act;
mod answer;
mod ear;
mod mouth;
mod run;
#[cfg(test)]
mod tests;
mod work;

use crate::{BLOCK, EventQueue, FxoEvent, FxoPort, HookCommand, Interest, LineDevice, PortError, Readiness};
use answer::{AnswerWatch, Reversal};
use arrayvec::ArrayVec;
use ear::{Ear, Findings, Heard};
use loopstart_signal::country::{Country, Segment};
use loopstart_signal::{
    ActionId, ActionKind, Caps, Clock, Digit, DigitMode, Failure, LineAction, LineEvent, Loss, Outcome, ProgressTone,
    ReleaseWitness, SAMPLE_RATE, Time, level, ring,
};
use mouth::Mouth;
use run::{Phase, Run};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Events for which the queue must have room before a block is read. A block yields fewer.
pub const ROOM: usize = 16;

/// Blocks handled in one call, so that one line does not keep the others waiting.
const BLOCKS_AT_ONCE: usize = 16;

/// Events fetched in one go: the channel's queue holds 64.
const EVENTS_AT_ONCE: usize = 64;

/// Reads that gave neither audio nor an event, after which the port is left alone until it is ready again.
const FUTILE: u32 = 4;

/// Default debounce time of a channel's hook: a loss of battery is not reported meanwhile, a flash is refused.
const DEBOUNCE: Duration = Duration::from_millis(600);

/// After going on hook a channel does not tell the beginning of ringing for 2 s; an end of a burst that comes later
/// than this belongs to a real one.
const RING_DEAF: Duration = Duration::from_millis(1_900);

/// Longest ring burst of any cadence, with a margin.
const RING_BURST: Duration = Duration::from_secs(6);

/// After this time without audio the channel counts as silent.
const AUDIO_OVERDUE: Duration = Duration::from_secs(5);

/// How often a port that reported an error is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A port says within this time after opening whether there is battery (1 s without it raises the alarm).
const BATTERY_SETTLES: Duration = Duration::from_millis(1_200);

/// How often a line without battery is looked at.
const BATTERY_POLL: Duration = Duration::from_secs(2);

/// The ear stays covered this long after the last sample we sent: the hybrid's echo (40 ms) and two blocks on
/// their way.
const COVER: usize = samples(Duration::from_millis(80)) as usize;

/// Most actions that wait while another takes its time.
const WAITING: usize = 4;

/// Below this level, in dBm0, a block is quiet.
const QUIET_LEVEL: f32 = -40.0;

/// Samples in a time.
const fn samples(time: Duration) -> u64 {
    (time.as_micros() as u64).saturating_mul(SAMPLE_RATE as u64) / 1_000_000
}

/// What an FXO port can do and see.
fn caps() -> Caps {
    Caps::VOICE
        | Caps::DIAL_DTMF
        | Caps::DIAL_PULSE
        | Caps::DIAL_PARTIAL
        | Caps::WAIT_DIAL_TONE
        | Caps::WAIT_QUIET
        | Caps::FLASH
        | Caps::SEES_DIAL_TONE
        | Caps::SEES_RINGBACK
        | Caps::SEES_BUSY
        | Caps::SEES_REORDER
        | Caps::SEES_SIT
        | Caps::SEES_ANSWER
        | Caps::SEES_RELEASE
        | Caps::HEARS_DTMF
        | Caps::HEARS_DTMF_END
        | Caps::SENDS_DTMF
        | Caps::CALLER_ID
        | Caps::SEES_BATTERY
        | Caps::SEES_NO_DIAL_TONE
        | Caps::SEIZE
}

/// The longest silence within ringback, in ms.
fn ringback_gap(ringback: &[Segment]) -> u32 {
    ringback.iter().filter(|segment| segment.freqs.is_empty()).map(|segment| segment.ms).max().unwrap_or(4_000)
}

/// Whether the device works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// Not started.
    Closed,
    /// In service.
    Up,
    /// Reported an error, or gives no audio; tried again at this time.
    Faulty(Time),
    /// Gone for good.
    Gone,
}

/// What is known of the battery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Battery {
    /// It is there, as far as known.
    Present,
    /// There was none when we looked. Looked at again.
    Missing,
    /// The channel raised its alarm and will end it.
    Alarm,
}

/// The hook, and what goes with it.
#[derive(Clone, Copy, Debug)]
enum Hook {
    /// On hook since then.
    On(Time),
    /// Off hook.
    Off(Call),
}

/// What is known of a call while off hook.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// Off hook since.
    since: Time,
    /// Taken off hook to originate, and nothing was dialled yet: dial tone comes first.
    fresh: bool,
    /// The far end is gone.
    released: bool,
    /// The answer that is awaited after the last digit.
    watch: Option<AnswerWatch>,
}

/// An FXO port as a line device. See the module's text.
pub struct Fxo<P: FxoPort> {
    port: P,
    country: &'static Country,
    clock: Clock,
    service: Service,
    hook: Hook,
    battery: Battery,
    ear: Ear,
    mouth: Mouth,
    ring: ring::Tracker,
    /// A ring burst began and has not ended.
    burst: Option<Time>,
    /// The action that takes time.
    run: Option<Run>,
    /// Actions that wait for its end.
    queue: ArrayVec<LineAction, WAITING>,
    /// Samples heard since the start: the clock of waits and pauses.
    heard: u64,
    /// When the last block came.
    last_block: Time,
    /// When to look for battery after the hook moved.
    settle_at: Option<Time>,
    /// When to look for battery on an idle line.
    battery_at: Option<Time>,
    /// The port had nothing left to read when it was last asked.
    exhausted: bool,
}

impl<P: FxoPort> Fxo<P> {
    /// A driver for `port`, which lives on `clock`, at an exchange of `country`. Nothing is done before
    /// [`start`](LineDevice::start).
    pub fn new(port: P, country: &'static Country, clock: Clock) -> Self {
        Self {
            port,
            country,
            clock,
            service: Service::Closed,
            hook: Hook::On(Time::ZERO),
            battery: Battery::Present,
            ear: Ear::new(country),
            mouth: Mouth::new(),
            ring: ring::Tracker::new(),
            burst: None,
            run: None,
            queue: ArrayVec::new(),
            heard: 0,
            last_block: Time::ZERO,
            settle_at: None,
            battery_at: None,
            exhausted: false,
        }
    }

    /// Blocks of our audio that were not made because the port had no room. Digits come late then, but whole.
    pub fn slipped_blocks(&self) -> u64 {
        self.mouth.slipped()
    }

    /// The moment on the sample clock that is `time` from now.
    fn after(&self, time: Duration) -> u64 {
        self.heard.saturating_add(samples(time))
    }

    fn done(events: &mut EventQueue, action: ActionId, outcome: Outcome) {
        events.push(LineEvent::Done { action, outcome });
    }

    // Failure of the port.

    /// Handles an error of the port that is none of the harmless ones.
    fn fail(&mut self, error: PortError, now: Time, events: &mut EventQueue) {
        match error {
            PortError::WouldBlock | PortError::EventPending => {}
            PortError::Gone => self.lose(Service::Gone, Loss::Gone, events),
            PortError::Os(errno) => self.lose(Service::Faulty(now + RETRY), Loss::Os(errno), events),
        }
    }

    /// Takes the device out of service: ends what runs, tells it once.
    fn lose(&mut self, service: Service, loss: Loss, events: &mut EventQueue) {
        if self.service == Service::Gone {
            return;
        }
        let told = matches!(self.service, Service::Faulty(_)) && loss != Loss::Gone;
        self.service = service;
        if service != Service::Gone {
            // Whatever it can still do, it shall not hold the line.
            let _ = self.port.hook(HookCommand::OnHook);
        }
        self.mouth.drop_pending();
        self.cut(Failure::Lost, events);
        self.cut_waiting(Failure::Lost, |_| true, events);
        if !told {
            events.push(LineEvent::Lost(loss));
        }
    }

    /// Puts the channel into its idle state: at the start, and when a faulty one works again.
    fn initialise(&mut self, now: Time) -> Result<(), PortError> {
        self.port.hook(HookCommand::OnHook)?;
        self.port.set_flash(self.country.flash)?;
        self.port.flush_audio()?;
        self.mouth.clear();
        self.mouth.drop_pending();
        self.ear.forget(&mut Findings::new());
        self.ear.listen(false, &mut Findings::new());
        self.ring.reset();
        self.burst = None;
        self.hook = Hook::On(now);
        self.last_block = now;
        self.settle_at = None;
        self.battery_at = Some(now + BATTERY_SETTLES);
        Ok(())
    }

    fn bring_up(&mut self, now: Time, events: &mut EventQueue) {
        match self.initialise(now) {
            Ok(()) => {
                self.service = Service::Up;
                events.push(LineEvent::Ready(caps()));
            }
            Err(PortError::Gone) => self.fail(PortError::Gone, now, events),
            Err(PortError::Os(errno)) => self.lose(Service::Faulty(now + RETRY), Loss::Os(errno), events),
            Err(PortError::WouldBlock | PortError::EventPending) => {
                self.lose(Service::Faulty(now + RETRY), Loss::Silent, events);
            }
        }
    }

    /// Tries a faulty channel again: it works when it gives audio.
    fn retry(&mut self, now: Time, events: &mut EventQueue) {
        let mut block = [0; BLOCK];
        for _ in 0..EVENTS_AT_ONCE {
            let error = match self.port.read(&mut block) {
                Ok(read) if read > 0 => return self.bring_up(now, events),
                Ok(_) => break,
                Err(PortError::EventPending) => match self.port.event() {
                    Ok(Some(FxoEvent::Removed)) => PortError::Gone,
                    Ok(_) => continue,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if error == PortError::Gone {
                return self.fail(error, now, events);
            }
            break;
        }
        self.service = Service::Faulty(now + RETRY);
    }

    // Reading and writing.

    /// Handles what waits at the port, as far as there is room for `room` events before each piece.
    fn serve(&mut self, room: usize, now: Time, events: &mut EventQueue) {
        self.exhausted = false;
        let mut futile = 0;
        let mut blocks = 0;
        while self.service == Service::Up && blocks < BLOCKS_AT_ONCE && futile < FUTILE {
            if !self.fetch_events(room, now, events) {
                return;
            }
            if events.room() < room {
                return;
            }
            if let Err(error) = self.mouth.flush(&mut self.port) {
                return self.fail(error, now, events);
            }
            let mut block = [0; BLOCK];
            match self.port.read(&mut block) {
                Ok(0) => futile += 1,
                Ok(read) => {
                    blocks += 1;
                    self.block(block.get(..read).unwrap_or(&block), now, events);
                }
                Err(PortError::EventPending) => futile += 1,
                Err(PortError::WouldBlock) => {
                    self.exhausted = true;
                    return;
                }
                Err(error) => return self.fail(error, now, events),
            }
        }
        self.exhausted = futile >= FUTILE;
    }

    /// Fetches the channel's events. False when it had to stop.
    fn fetch_events(&mut self, room: usize, now: Time, events: &mut EventQueue) -> bool {
        for _ in 0..EVENTS_AT_ONCE {
            if events.room() < room {
                // The port is not silent, we are not listening.
                self.last_block = now;
                return false;
            }
            match self.port.event() {
                Ok(Some(event)) => self.line_event(event, now, events),
                Ok(None) | Err(PortError::WouldBlock | PortError::EventPending) => return true,
                Err(error) => {
                    self.fail(error, now, events);
                    return false;
                }
            }
            if self.service != Service::Up {
                return false;
            }
        }
        true
    }

    /// Handles one block: hears it, goes on with what runs, answers it.
    fn block(&mut self, block: &[i16], now: Time, events: &mut EventQueue) {
        self.last_block = now;
        self.heard = self.heard.saturating_add(block.len() as u64);
        let mut findings = Findings::new();
        match self.hook {
            Hook::On(_) => self.ear.on_hook(block, &mut findings),
            Hook::Off(_) => {
                self.count_quiet(block);
                let expectant =
                    matches!(&self.hook, Hook::Off(Call { released: false, watch: Some(w), .. }) if !w.is_answered());
                self.ear.off_hook(block, expectant, &mut findings);
            }
        }
        self.deliver(findings, events, now);
        self.proceed(now, events);
        if self.run.is_none()
            && let Some(action) = self.queue.pop_at(0)
        {
            self.take(&action, false, now, events);
        }
        let phase = self.run.as_ref().map(|run| run.phase);
        if matches!(phase, Some(Phase::Pulses { .. } | Phase::Flashing { .. })) {
            self.cover(COVER, now, events);
        }
        if self.service != Service::Up || matches!(phase, Some(Phase::Pulses { .. })) {
            // A write would stop the channel's dialling.
            return;
        }
        match self.mouth.speak(block.len(), &mut self.port) {
            Ok(true) => self.cover(COVER + BLOCK, now, events),
            Ok(false) => {}
            Err(error) => self.fail(error, now, events),
        }
    }

    /// Counts the silence that `@` waits for.
    fn count_quiet(&mut self, block: &[i16]) {
        if let Some(Run { phase: Phase::Quiet { quiet, .. }, .. }) = &mut self.run {
            let square: f32 = block.iter().map(|&s| f32::from(s) * f32::from(s)).sum();
            let length = block.len().max(1) as f32;
            // The level of digital silence is minus infinity.
            let is_quiet = square < length || level::dbm0(square / length) < QUIET_LEVEL;
            *quiet = if is_quiet { quiet.saturating_add(block.len() as u64) } else { 0 };
        }
    }

    fn cover(&mut self, samples: usize, now: Time, events: &mut EventQueue) {
        let mut findings = Findings::new();
        self.ear.cover(samples, &mut findings);
        self.deliver(findings, events, now);
    }

    // What was heard and seen.

    fn deliver(&mut self, findings: Findings, events: &mut EventQueue, now: Time) {
        for heard in findings {
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
    fn tone(&mut self, tone: ProgressTone, now: Time, events: &mut EventQueue) {
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

    fn line_event(&mut self, event: FxoEvent, now: Time, events: &mut EventQueue) {
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
                    self.released(ReleaseWitness::LoopCurrent, events);
                }
            }
            FxoEvent::Alarm => {
                self.released(ReleaseWitness::LoopCurrent, events);
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
                events.push(LineEvent::PolarityReversed);
                match &mut self.hook {
                    // Caller identification may follow.
                    Hook::On(_) => self.ear.alerted(),
                    Hook::Off(Call { released: false, watch: Some(watch), .. }) => match watch.reverse(now) {
                        Reversal::Answered(witness) => events.push(LineEvent::Answered(witness)),
                        Reversal::Released => self.released(ReleaseWitness::Polarity, events),
                        Reversal::Nothing => {}
                    },
                    Hook::Off(_) => {}
                }
            }
            FxoEvent::Removed => self.lose(Service::Gone, Loss::Gone, events),
        }
    }

    /// The beginning or the end of a ring burst, on hook.
    fn ring_edge(&mut self, event: FxoEvent, since: Time, now: Time, events: &mut EventQueue) {
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
    fn rings(&self, now: Time) -> bool {
        self.ring.is_ringing() || self.burst.is_some_and(|begin| now.since(begin) < RING_BURST)
    }

    fn set_battery(&mut self, battery: Battery, events: &mut EventQueue) {
        let before = self.battery == Battery::Present;
        let after = battery == Battery::Present;
        self.battery = battery;
        if before != after {
            events.push(LineEvent::Battery(after));
        }
    }

    /// The far end is gone.
    fn released(&mut self, witness: ReleaseWitness, events: &mut EventQueue) {
        let Hook::Off(call) = &mut self.hook else { return };
        if call.released {
            return;
        }
        call.released = true;
        call.watch = None;
        self.settle_at = None;
        events.push(LineEvent::Released(witness));
        self.cut(Failure::Released, events);
    }

    /// Ends what runs before its time.
    fn cut(&mut self, failure: Failure, events: &mut EventQueue) {
        if let Some(run) = self.run.take() {
            self.mouth.clear();
            Self::done(events, run.id, Outcome::Failed(failure));
        }
    }

    /// Ends waiting actions before they began.
    fn cut_waiting(&mut self, failure: Failure, which: impl Fn(&ActionKind) -> bool, events: &mut EventQueue) {
        self.queue.retain(|action| {
            let cut = which(&action.kind);
            if cut {
                Self::done(events, action.id, Outcome::Failed(failure));
            }
            !cut
        });
    }

    // The hook.

    fn go_off_hook(&mut self, originate: bool, now: Time, events: &mut EventQueue) -> Result<(), PortError> {
        self.port.hook(HookCommand::OffHook)?;
        // The past is not to be heard, and what was to be said on hook is not to be said now. Another error than this
        // one changes nothing: the hook has moved.
        if self.port.flush_audio() == Err(PortError::Gone) {
            return Err(PortError::Gone);
        }
        self.mouth.clear();
        self.mouth.drop_pending();
        self.ear.forget(&mut Findings::new());
        self.ring.answered();
        self.burst = None;
        self.hook = Hook::Off(Call { since: now, fresh: originate, released: false, watch: None });
        self.settle_at = Some(now + DEBOUNCE);
        events.push(LineEvent::OffHook);
        Ok(())
    }

    fn go_on_hook(&mut self, now: Time, events: &mut EventQueue) -> Result<(), PortError> {
        self.port.hook(HookCommand::OnHook)?;
        self.mouth.clear();
        self.mouth.drop_pending();
        let mut findings = Findings::new();
        self.ear.listen(false, &mut findings);
        self.ear.forget(&mut findings);
        self.deliver(findings, events, now);
        self.ring.reset();
        self.burst = None;
        self.hook = Hook::On(now);
        self.settle_at = None;
        events.push(LineEvent::OnHook);
        Ok(())
    }

    /// A caller was on the line when we took it.
    fn glare(&mut self, now: Time, events: &mut EventQueue) {
        if let Some(run) = self.run.take() {
            self.finish(run, Outcome::Failed(Failure::Glare), now, events);
        }
    }

    /// The hook has settled: the channel does not tell whether battery was lost meanwhile, so look.
    fn settle(&mut self, now: Time, events: &mut EventQueue) {
        match self.port.battery() {
            Ok(true) => {
                if let Some(run) = self.run.take_if(|run| run.phase == Phase::Seizing) {
                    self.finish(run, Outcome::Ok, now, events);
                }
            }
            Ok(false) => match self.run.take_if(|run| run.awaits_line()) {
                // A dead line, seized in vain.
                Some(run) => self.finish(run, Outcome::Failed(Failure::NoDialTone), now, events),
                None => self.released(ReleaseWitness::LoopCurrent, events),
            },
            Err(error) => self.fail(error, now, events),
        }
    }

    /// Looks for battery on a line that may have none.
    fn look_for_battery(&mut self, now: Time, events: &mut EventQueue) {
        if self.battery == Battery::Alarm {
            return;
        }
        match self.port.battery() {
            Ok(true) => self.set_battery(Battery::Present, events),
            Ok(false) => {
                self.set_battery(Battery::Missing, events);
                self.battery_at = Some(now + BATTERY_POLL);
            }
            Err(error) => self.fail(error, now, events),
        }
    }
}

impl<P: FxoPort> LineDevice for Fxo<P> {
    fn clock(&self) -> Clock {
        self.clock
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.port.fd()
    }

    fn interest(&self) -> Interest {
        match self.service {
            Service::Up => Interest { read: true, write: self.mouth.is_pending(), priority: true },
            Service::Closed | Service::Faulty(_) | Service::Gone => Interest::default(),
        }
    }

    fn start(&mut self, now: Time, events: &mut EventQueue) {
        if self.service == Service::Closed {
            self.bring_up(now, events);
        }
    }

    fn act(&mut self, action: &LineAction, now: Time, events: &mut EventQueue) {
        // What happened on the line before must be known: it may have begun to ring. Twice the room, because the
        // action has something to say as well.
        self.serve(2 * ROOM, now, events);
        if self.service == Service::Up {
            self.take(action, true, now, events);
        } else {
            Self::done(events, action.id, Outcome::Failed(Failure::Lost));
        }
    }

    fn ready(&mut self, readiness: Readiness, now: Time, events: &mut EventQueue) {
        self.serve(ROOM, now, events);
        // What is left is read first, then the hang-up is believed.
        if readiness.hangup && (self.exhausted || self.service != Service::Up) && events.room() > 1 {
            self.lose(Service::Gone, Loss::Gone, events);
        }
    }

    fn deadline(&self) -> Option<Time> {
        match self.service {
            Service::Up => [
                self.ring.deadline(),
                self.burst.map(|begin| begin + RING_BURST),
                self.settle_at,
                self.battery_at,
                Some(self.last_block + AUDIO_OVERDUE),
            ]
            .into_iter()
            .flatten()
            .min(),
            Service::Faulty(at) => Some(at),
            Service::Closed | Service::Gone => None,
        }
    }

    fn expire(&mut self, now: Time, events: &mut EventQueue) {
        if let Service::Faulty(at) = self.service
            && now >= at
            && events.room() >= ROOM
        {
            self.retry(now, events);
        }
        // What came before the deadline counts before it.
        self.serve(ROOM, now, events);
        if self.service != Service::Up || events.room() < ROOM {
            return;
        }
        if self.ring.deadline().is_some_and(|at| now >= at)
            && let Some(event) = self.ring.expire(now)
        {
            events.push(event);
        }
        // The channel's queue was full and lost the end of the burst.
        if self.burst.take_if(|begin| now >= *begin + RING_BURST).is_some()
            && let Some(event) = self.ring.burst_end(now)
        {
            events.push(event);
        }
        if self.settle_at.take_if(|at| now >= *at).is_some() {
            self.settle(now, events);
        }
        if self.battery_at.take_if(|at| now >= *at).is_some() {
            self.look_for_battery(now, events);
        }
        if self.service == Service::Up && now >= self.last_block + AUDIO_OVERDUE {
            self.lose(Service::Faulty(now + RETRY), Loss::Silent, events);
        }
    }

    fn drained(&self) -> bool {
        // What is not in service reads nothing and holds nobody up.
        self.service != Service::Up || self.port.drained()
    }
}
