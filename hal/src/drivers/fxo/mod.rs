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
pub(super) mod ear;
mod hook;
mod mouth;
mod run;
mod seen;
mod sound;
#[cfg(test)]
mod tests;
mod waiting;
mod work;

use crate::drivers::audio::Streams;
use crate::drivers::gauge::{Gauge, LevelMeter, LoopBits, LoopState};
use crate::drivers::watch::ToneWatcher;
use crate::{BLOCK, EventQueue, FxoEvent, FxoPort, HookCommand, Interest, LineDevice, PortError, Readiness};
use answer::AnswerWatch;
use arrayvec::ArrayVec;
use ear::{Ear, Findings};
use loopstart_signal::country::{Country, Segment};
use loopstart_signal::{
    ActionId, Caps, Clock, Failure, LineAction, LineEvent, Loss, Outcome, SAMPLE_RATE, Time, level, ring,
};
use mouth::{Mouth, Spoken};
use run::{Phase, Run};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;
use waiting::Waiting;

/// Events for which the queue must have room before a block is read. A block yields fewer.
pub const ROOM: usize = 32;

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

/// What an FXO port can do and see at an exchange of `country`.
fn caps(country: &Country) -> Caps {
    let mut caps = Caps::VOICE
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
        | Caps::SENDS_TONES
        | Caps::HEARS_TONES
        | Caps::HEARS_MEDIA
        | Caps::SEES_CALL_WAITING
        | Caps::HEARS_PULSE
        | Caps::AUDIO;
    caps.set(Caps::SEES_CONFIRMATION, !country.confirmation.is_empty());
    caps
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
    /// The polarity was reversed an odd number of times since the device came into service.
    reversed: bool,
    gauge: Arc<Gauge>,
    meter: LevelMeter,
    ear: Ear,
    mouth: Mouth,
    streams: Streams,
    waiting: Waiting,
    /// Samples for which what is heard may be the echo of what programs say.
    said: usize,
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
        let gauge = Arc::<Gauge>::default();
        Self {
            port,
            country,
            clock,
            service: Service::Closed,
            hook: Hook::On(Time::ZERO),
            battery: Battery::Present,
            reversed: false,
            ear: Ear::new(country, Arc::clone(&gauge)),
            gauge,
            meter: LevelMeter::new(),
            mouth: Mouth::new(),
            streams: Streams::new(),
            waiting: Waiting::new(),
            said: 0,
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
            PortError::Gone => self.lose(Service::Gone, Loss::Gone, now, events),
            PortError::Os(errno) => self.lose(Service::Faulty(now + RETRY), Loss::Os(errno), now, events),
        }
    }

    /// Takes the device out of service: ends what runs, tells it once.
    fn lose(&mut self, service: Service, loss: Loss, now: Time, events: &mut EventQueue) {
        if self.service == Service::Gone {
            return;
        }
        let told = matches!(self.service, Service::Faulty(_)) && loss != Loss::Gone;
        self.service = service;
        self.streams.set_able(false);
        self.meter.restart(&self.gauge);
        self.end_waiting(now, events);
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
        self.forget_call();
        self.ring.reset();
        self.burst = None;
        self.hook = Hook::On(now);
        self.reversed = false;
        self.meter.restart(&self.gauge);
        self.last_block = now;
        self.settle_at = None;
        self.battery_at = Some(now + BATTERY_SETTLES);
        Ok(())
    }

    fn bring_up(&mut self, now: Time, events: &mut EventQueue) {
        match self.initialise(now) {
            Ok(()) => {
                self.service = Service::Up;
                self.streams.set_able(true);
                events.push(LineEvent::Ready(caps(self.country)));
            }
            Err(PortError::Gone) => self.fail(PortError::Gone, now, events),
            Err(PortError::Os(errno)) => self.lose(Service::Faulty(now + RETRY), Loss::Os(errno), now, events),
            Err(PortError::WouldBlock | PortError::EventPending) => {
                self.lose(Service::Faulty(now + RETRY), Loss::Silent, now, events);
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
        self.meter.hear(block, &self.gauge);
        let mut findings = Findings::new();
        match self.hook {
            Hook::On(_) => self.ear.on_hook(block, &mut findings),
            Hook::Off(_) => {
                self.count_quiet(block);
                let muted = [0; BLOCK];
                let shown = if self.waiting.is_muted() { muted.get(..block.len()).unwrap_or(&muted) } else { block };
                self.streams.hear(shown);
                if self.waiting.is_listening() {
                    self.hear_waiting(block, now, events);
                } else {
                    let expectant = matches!(&self.hook, Hook::Off(Call { released: false, watch: Some(w), .. }) if !w.is_answered());
                    self.ear.off_hook(block, expectant, self.is_talking(), &mut findings);
                }
            }
        }
        self.deliver(findings, events, now);
        self.said = self.said.saturating_sub(block.len());
        self.proceed_waiting(now, events);
        self.proceed(now, events);
        if self.run.is_none()
            && !self.waiting.is_busy()
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
        let muted = self.waiting.is_muted() || matches!(phase, Some(Phase::Flashing { .. }));
        let programs = matches!(self.hook, Hook::Off(_)).then_some((&mut self.streams, muted));
        match self.mouth.speak(block.len(), programs, &mut self.port) {
            Ok(Spoken::Ours) => self.cover(COVER + BLOCK, now, events),
            Ok(Spoken::Programs) => self.said = COVER + BLOCK,
            Ok(Spoken::Nothing) => {}
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

    /// Tells other threads how the loop is.
    fn show(&self) {
        let mut state = LoopState::default();
        if self.service == Service::Up {
            state.known = LoopBits::all();
            state.set.set(LoopBits::BATTERY, self.battery == Battery::Present);
            state.set.set(LoopBits::REVERSED, self.reversed);
            state.set.set(LoopBits::OFF_HOOK, matches!(self.hook, Hook::Off(_)));
        }
        self.gauge.set_loop(state);
    }

    fn cover(&mut self, samples: usize, now: Time, events: &mut EventQueue) {
        let mut findings = Findings::new();
        self.ear.cover(samples, &mut findings);
        self.deliver(findings, events, now);
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
            self.show();
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
        self.show();
    }

    fn ready(&mut self, readiness: Readiness, now: Time, events: &mut EventQueue) {
        self.serve(ROOM, now, events);
        // What is left is read first, then the hang-up is believed.
        if readiness.hangup && (self.exhausted || self.service != Service::Up) && events.room() > 1 {
            self.lose(Service::Gone, Loss::Gone, now, events);
        }
        self.show();
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
        self.expired(now, events);
        self.show();
    }

    fn audio(&mut self) -> Option<&mut Streams> {
        Some(&mut self.streams)
    }

    fn gauge(&self) -> Option<Arc<Gauge>> {
        Some(Arc::clone(&self.gauge))
    }

    fn equip(&mut self, watcher: Box<ToneWatcher>) -> Option<Box<ToneWatcher>> {
        self.ear.equip(watcher)
    }

    fn drained(&self) -> bool {
        // What is not in service reads nothing and holds nobody up.
        self.service != Service::Up || self.port.drained()
    }
}

impl<P: FxoPort> Fxo<P> {
    /// A deadline has passed.
    fn expired(&mut self, now: Time, events: &mut EventQueue) {
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
            self.lose(Service::Faulty(now + RETRY), Loss::Silent, now, events);
        }
    }
}
