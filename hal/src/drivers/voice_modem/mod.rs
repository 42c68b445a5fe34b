//! Voice modems: the dialog in AT commands (ITU-T V.250) and the voice class (V.253, IS-101) with one modem.
//!
//! Layers, from the wire up: the shielding of the voice stream ([`loopstart_signal::dle`]), lines
//! ([`loopstart_signal::at`]), one command at a time with a deadline (`chat`), the start and the recovery of a
//! modem (`start`), what it says unasked (`hear`), what is wanted of it (`call`, `send`, `tone`), and the audio of a call
//! (`stream`). Chips differ by [`profile`]; what can
//! be asked of a modem is asked, and what it cannot witness is not among its capabilities.
//!
//! Between calls the modem is in class 0, where it says `RING` and prints caller identification as text. For a call it
//! enters class 8, where it tells of tones and digits by shielded events. A modem without a voice class is used for data
//! calls.
//!
//! Nothing here allocates after construction, blocks or trusts a modem: every wait has a deadline, every buffer a bound, and a
//! modem that stops making sense is brought back by a ladder of resets, or reported as lost and tried again later.

mod call;
mod callerid;
mod chat;
pub mod codec;
mod dial;
mod dialing;
mod digits;
mod hangup;
mod hear;
pub mod known;
mod ladder;
pub mod profile;
mod send;
mod start;
mod stream;
#[cfg(test)]
mod tests;
mod tone;
mod watch;

use crate::drivers::audio::Streams;
use crate::drivers::fxo::ear::{Ear, Findings};
use crate::drivers::gauge::{Gauge, LoopBits, LoopState};
use crate::drivers::guard::{CallWatch, Guards};
use crate::{EventQueue, Interest, LineDevice, Port, PortError, Readiness};
use arrayvec::ArrayVec;
use call::Job;
use chat::Chat;
use loopstart_signal::at::Splitter;
use loopstart_signal::country::{Country, US};
use loopstart_signal::{ActionId, Caps, Clock, Failure, Heed, LineAction, LineEvent, Loss, Outcome, Time, dle, ring};
use profile::Profile;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// Longest line that is kept: a caller-identification message in hexadecimal has at most 516 characters.
const LINE: usize = 544;
/// Bytes read at once. Each can bring two events at most, and only a few do.
const CHUNK: usize = 64;
/// Room for events before a chunk is read or a deadline handled.
const ROOM: usize = 176;
/// Chunks read in one go, so that a modem that talks without end does not keep the thread.
const CHUNKS: usize = 64;
/// Actions that wait for their turn.
const QUEUE: usize = 8;
/// Bytes without a line that means something, before the modem is taken for confused.
const NOISE: usize = 4096;

/// Where the device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// Not started, or starting for the first time.
    Starting,
    /// In service.
    Ready,
    /// Out of service; tried again at this moment.
    Lost(Time),
    /// The port is gone for good.
    Dead,
}

/// A voice modem behind a byte stream.
///
/// How long a modem waits for dial tone and how long its hook flash is are settings of its firmware and country (on many the
/// flash is in S29): the times in `Dial` and `Flash` have no effect here. `Listen` lasts until the call ends.
///
/// While the host speaks to the modem itself (`PassThrough`) it is left alone altogether. Taken back, it is started anew: nobody
/// knows how it was left.
///
/// Programs get the call's audio where the modem has a format that [`codec`] knows. `Speaker` sets `M0` or `M1` between other
/// commands; a stream of audio is interrupted for it.
///
/// While a program hears the call our own receivers do too, beside the modem's events.
///
/// Give it a queue with room for at least 256 events: it reads only while there is room for what a chunk can bring.
pub struct VoiceModem<P: Port> {
    port: P,
    clock: Clock,
    profile: &'static Profile,
    chosen: bool,
    service: Service,
    out: ArrayVec<u8, 1024>,
    shield: dle::Decoder,
    lines: Splitter<LINE>,
    chat: Chat,
    job: Job,
    /// The action that the job is for.
    action: Option<ActionId>,
    queue: ArrayVec<LineAction, QUEUE>,
    start: start::State,
    call: call::State,
    hear: hear::State,
    stream: stream::State,
    streams: Streams,
    codec: codec::Codec,
    country: &'static Country,
    caller: callerid::Gatherer,
    gauge: Arc<Gauge>,
    ringing: ring::Tracker,
    guards: Guards,
    call_watch: CallWatch,
    watch: watch::State,
    /// Hears what programs hear.
    ear: Box<Ear>,
    caps: Caps,
    /// Off hook, as told.
    off_hook: bool,
    /// A data carrier runs: bytes are the caller's.
    online: bool,
    /// In the voice class.
    voice_class: bool,
    /// The host speaks to the modem itself.
    passed: bool,
    /// It did so once: what the port counts of what was read is wrong from then on.
    was_passed: bool,
    /// The modem hung up by itself: tidy up once the running job is over.
    untidy: bool,
    health: Option<Time>,
    noise: usize,
    /// The end of the port was seen while there was no room to tell.
    hangup: bool,
    /// Work was put off for want of room.
    stalled: bool,
}

impl<P: Port> VoiceModem<P> {
    /// A modem on `port` that lives on `clock`.
    pub fn new(port: P, clock: Clock) -> Self {
        let gauge = Arc::<Gauge>::default();
        Self {
            port,
            clock,
            profile: profile::all().first().copied().unwrap_or(profile::DEFAULT),
            chosen: false,
            service: Service::Starting,
            out: ArrayVec::new(),
            shield: dle::Decoder::new(),
            lines: Splitter::new(),
            chat: Chat::default(),
            job: Job::None,
            action: None,
            queue: ArrayVec::new(),
            start: start::State::default(),
            call: call::State::default(),
            hear: hear::State::default(),
            stream: stream::State::default(),
            streams: Streams::new(),
            codec: codec::Codec::new(),
            country: US,
            caller: callerid::Gatherer::default(),
            ear: Box::new(Ear::new(US, Arc::clone(&gauge))),
            gauge,
            ringing: ring::Tracker::new(),
            guards: Guards::default(),
            call_watch: CallWatch::default(),
            watch: watch::State::default(),
            caps: Caps::empty(),
            off_hook: false,
            online: false,
            voice_class: false,
            passed: false,
            was_passed: false,
            untidy: false,
            health: None,
            noise: 0,
            hangup: false,
            stalled: false,
        }
    }

    /// Uses this profile, whatever the modem says it is.
    #[must_use]
    pub fn with_profile(mut self, profile: &'static Profile) -> Self {
        self.profile = profile;
        self.chosen = true;
        self
    }

    /// Tries this profile first: what the modem says of itself may lead to another one.
    #[must_use]
    pub fn with_hint(mut self, profile: &'static Profile) -> Self {
        if !self.chosen {
            self.profile = profile;
        }
        self
    }

    /// Tells the modem, where that is possible, that it is in `country`, if that is not the United States, and sends
    /// and hears tones as they sound there.
    #[must_use]
    pub fn with_country(mut self, country: &'static Country) -> Self {
        self.country = country;
        self.ear = Box::new(Ear::new(country, Arc::clone(&self.gauge)));
        self
    }

    /// Uses these limits and intervals.
    #[must_use]
    pub const fn with_guards(mut self, guards: Guards) -> Self {
        self.guards = guards;
        self
    }

    /// The profile in use: as chosen, or as the modem's answers suggest.
    pub const fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// The format of the call's audio, once the modem is in service.
    pub fn format(&self) -> Option<codec::Format> {
        self.codec.format()
    }

    /// What is known of the modem's firmware, or why it is not used; `None`: nothing.
    pub const fn advice(&self) -> Option<&'static str> {
        self.start.advice
    }

    /// The port, to reach what the trait does not have.
    pub const fn port(&self) -> &P {
        &self.port
    }

    /// The port, mutably. Writing to it disturbs the dialog.
    pub const fn port_mut(&mut self) -> &mut P {
        &mut self.port
    }

    /// Tells other threads how the loop is: a modem knows its own hook, and nothing while the host speaks to it.
    fn show(&mut self, now: Time) {
        self.call_watch.hook(self.off_hook && self.service == Service::Ready, now);
        let mut state = LoopState::default();
        state.known.set(LoopBits::OFF_HOOK, self.service == Service::Ready && !self.passed);
        state.set.set(LoopBits::OFF_HOOK, self.off_hook);
        self.gauge.set_loop(state);
    }

    fn put_bytes(&mut self, bytes: &[u8]) {
        for &b in bytes {
            // A modem that takes nothing will not answer either, and that is what the deadlines see.
            if self.out.try_push(b).is_err() {
                break;
            }
        }
    }

    fn flush(&mut self, now: Time, events: &mut EventQueue) {
        while !self.out.is_empty() {
            match self.port.write(&self.out) {
                Ok(n) => {
                    let n = n.min(self.out.len());
                    self.out.drain(..n);
                    if n == 0 {
                        return;
                    }
                }
                Err(PortError::WouldBlock | PortError::EventPending) => return,
                // What the modem said before it went is still to be read; the read sees the end too.
                Err(PortError::Gone) => {
                    self.out.clear();
                    self.hangup = true;
                    return;
                }
                Err(PortError::Os(errno)) => return self.die(Loss::Os(errno), now, events),
            }
        }
    }

    /// The port is gone: everything ends.
    fn die(&mut self, loss: Loss, _now: Time, events: &mut EventQueue) {
        if self.service == Service::Dead {
            return;
        }
        self.service = Service::Dead;
        self.streams.set_able(false);
        self.hangup = false;
        self.stalled = false;
        self.out.clear();
        self.quiesce();
        events.push(LineEvent::Lost(loss));
        self.fail_all(Failure::Lost, events);
    }

    /// Forgets all that was going on, without a word.
    fn quiesce(&mut self) {
        self.drop_flight();
        self.job = Job::None;
        self.health = None;
        self.untidy = false;
        self.ringing.reset();
        self.call = call::State::default();
        self.end_hearing();
        self.hear = hear::State::default();
        self.stream = stream::State::default();
        self.watch = watch::State::default();
        self.streams.set_able(false);
        self.caller = callerid::Gatherer::default();
        self.off_hook = false;
        self.online = false;
        self.voice_class = false;
        self.passed = false;
    }

    /// The call is over: what was heard in it is forgotten.
    fn end_hearing(&mut self) {
        self.hear.end_call();
        let mut findings = Findings::new();
        self.ear.listen(Heed::empty(), &mut findings);
        self.ear.forget(&mut findings);
    }

    fn done(id: ActionId, outcome: Outcome, events: &mut EventQueue) {
        events.push(LineEvent::Done { action: id, outcome });
    }

    /// Ends the running action and those that wait.
    fn fail_all(&mut self, failure: Failure, events: &mut EventQueue) {
        if let Some(id) = self.action.take() {
            Self::done(id, Outcome::Failed(failure), events);
        }
        for action in self.queue.drain(..) {
            Self::done(action.id, Outcome::Failed(failure), events);
        }
    }

    /// Throws away what there is to read: it was said to somebody else. An end of the port is seen by the next read.
    fn discard_input(&mut self) {
        let mut chunk = [0; CHUNK];
        for _ in 0..CHUNKS {
            if self.port.read(&mut chunk).is_err() {
                return;
            }
        }
    }

    /// Reads what there is, as long as there is room for the events it may bring.
    fn read_all(&mut self, now: Time, events: &mut EventQueue) {
        let mut chunk = [0; CHUNK];
        for _ in 0..CHUNKS {
            if self.service == Service::Dead {
                return;
            }
            if events.room() < ROOM {
                self.stalled = true;
                return;
            }
            match self.port.read(&mut chunk) {
                Ok(n) => {
                    for &byte in chunk.iter().take(n) {
                        self.byte(byte, now, events);
                        if self.service == Service::Dead {
                            return;
                        }
                    }
                    self.tell_found(now, events);
                }
                Err(PortError::WouldBlock | PortError::EventPending) => {
                    if self.hangup {
                        self.die(Loss::Gone, now, events);
                    }
                    return;
                }
                Err(PortError::Gone) => return self.die(Loss::Gone, now, events),
                Err(PortError::Os(errno)) => return self.die(Loss::Os(errno), now, events),
            }
        }
        // There may be more; a poller tells, memory does not.
        self.stalled = true;
    }
}

impl<P: Port> LineDevice for VoiceModem<P> {
    fn clock(&self) -> Clock {
        self.clock
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.port.fd()
    }

    fn interest(&self) -> Interest {
        let alive = self.service != Service::Dead && !self.passed;
        Interest { read: alive, write: alive && !self.out.is_empty(), priority: false }
    }

    fn start(&mut self, now: Time, events: &mut EventQueue) {
        if self.service != Service::Dead {
            self.begin_start(false, now, events);
        }
        self.show(now);
    }

    fn act(&mut self, action: &LineAction, now: Time, events: &mut EventQueue) {
        self.accept(action, now, events);
        if self.hangup && events.room() >= ROOM {
            self.read_all(now, events);
        }
        self.show(now);
    }

    fn ready(&mut self, readiness: Readiness, now: Time, events: &mut EventQueue) {
        if self.service == Service::Dead || self.passed {
            return;
        }
        if readiness.write {
            self.flush(now, events);
        }
        self.hangup |= readiness.hangup;
        if readiness.read || self.hangup {
            self.stalled = false;
            self.read_all(now, events);
        }
        self.show(now);
    }

    fn deadline(&self) -> Option<Time> {
        if self.service == Service::Dead || self.passed {
            return None;
        }
        if self.stalled || self.hangup {
            return Some(Time::ZERO);
        }
        let retry = match self.service {
            Service::Lost(at) if self.job == Job::None => Some(at),
            _ => None,
        };
        [
            retry,
            self.health,
            self.chat_deadline(),
            self.call_deadline(),
            self.hear_deadline(),
            self.stream_deadline(),
            self.watch_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn expire(&mut self, now: Time, events: &mut EventQueue) {
        if self.service == Service::Dead || self.passed || events.room() < ROOM {
            return;
        }
        if self.stalled || self.hangup {
            self.stalled = false;
            self.read_all(now, events);
            if self.service == Service::Dead || self.stalled {
                return self.show(now);
            }
        }
        if let Service::Lost(at) = self.service
            && self.job == Job::None
            && at <= now
        {
            self.begin_start(false, now, events);
        }
        self.chat_expire(now, events);
        self.call_expire(now, events);
        self.hear_expire(now, events);
        self.stream_expire(now, events);
        self.tell_found(now, events);
        self.watch_expire(now, events);
        if self.health.is_some_and(|at| at <= now) {
            self.check_health(now, events);
        }
        self.show(now);
    }

    fn audio(&mut self) -> Option<&mut Streams> {
        Some(&mut self.streams)
    }

    fn gauge(&self) -> Option<Arc<Gauge>> {
        Some(Arc::clone(&self.gauge))
    }

    fn drained(&self) -> bool {
        self.was_passed || self.port.drained()
    }
}
