//! The event thread: one epoll over all lines, decoding in the devices, exact timing.
//!
//! Once running it allocates nothing, takes no lock and writes no log (waking a sleeping receiver takes
//! crossbeam's own short lock, the one exception). Events go up through a bounded queue; when that is full a line's
//! descriptor is not read until there is room: edges and results are never dropped.
//!
//! Lines of an emulated exchange live on its line clock. A published tick counts as pending until all of those lines
//! have consumed what the exchange sent; then their deadlines run, and a marker goes up behind their events. The pump
//! sends it back down behind the actions it decided on, and if those caused no further event the tick is acknowledged.

use super::deadlines::Deadlines;
use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError};
use loopstart_hal::drivers::audio::{AudioStream, CallAudio, Streams};
use loopstart_hal::drivers::watch::ToneWatcher;
use loopstart_hal::{EventQueue, Interest, LineClock, LineDevice, Readiness, Ticket};
use loopstart_provider::DeviceId;
use loopstart_signal::{Clock, LineAction, LineEvent, Time};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Into the event thread.
#[expect(clippy::large_enum_variant, reason = "the digits of an action travel inline: the event thread frees nothing")]
pub(crate) enum Down {
    /// Take over a device, with a queue for its events, and begin its dialog.
    Add(DeviceId, Box<dyn LineDevice>, EventQueue),
    /// Hand a device back; what it said and was not sent yet is forgotten.
    Remove(DeviceId),
    /// Have a device do something.
    Act(DeviceId, LineAction),
    /// Give a device one end of a stream of its audio.
    Stream(DeviceId, AudioStream),
    /// Give a device what watches for tones; the action follows.
    Equip(DeviceId, Box<ToneWatcher>),
    /// Something has become of a call whose audio is streamed: its number, and what.
    CallAudio(DeviceId, u32, CallAudio),
    /// The marker of a tick comes back.
    Tick(Ticket),
    /// End, and hand the devices back.
    Stop,
}

/// What leaves the event thread, to be closed and freed elsewhere.
pub(crate) enum Left {
    /// The answer to [`Down::Remove`]; none when there is no such device.
    Device(DeviceId, Option<Box<dyn LineDevice>>),
    /// A queue that is used no longer.
    Queue(#[expect(dead_code, reason = "whoever receives it frees it")] EventQueue),
}

/// Out of the event thread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Up {
    /// A line said something at this moment of its clock.
    Event(DeviceId, LineEvent, Time),
    /// Everything of this tick has been sent.
    Tick(Ticket),
    /// Nothing happened, but the next deadline may have changed.
    Poke,
    /// The event thread has ended.
    Stopped,
}

/// What the event thread shares with the threads that send to it.
#[derive(Debug)]
pub(crate) struct Doorbell {
    wake: EventFd,
    /// The event thread could not send everything: ring the doorbell after receiving.
    stuck: AtomicBool,
}

impl Doorbell {
    pub(crate) fn new() -> std::io::Result<Self> {
        use nix::sys::eventfd::EfdFlags;
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Self { wake, stuck: AtomicBool::new(false) })
    }

    /// Wakes the event thread: a command was sent.
    pub(crate) fn ring(&self) {
        // Only a full counter makes this fail, and then the thread is awake.
        let _ = self.wake.write(1);
    }

    /// Wakes the event thread if it waits for room.
    pub(crate) fn room(&self) {
        if self.stuck.swap(false, Ordering::AcqRel) {
            self.ring();
        }
    }
}

/// The present moment of the monotonic clock.
pub(crate) fn monotonic() -> Time {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).unwrap_or_else(|_| TimeSpec::zero());
    Time::from_micros(u64::try_from(now.num_microseconds()).unwrap_or(0))
}

/// What is in the place of a device that left. Takes no memory.
struct Vacant;

impl LineDevice for Vacant {
    fn clock(&self) -> Clock {
        Clock::Monotonic
    }
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
    fn interest(&self) -> Interest {
        Interest::default()
    }
    fn start(&mut self, _: Time, _: &mut EventQueue) {}
    fn act(&mut self, _: &LineAction, _: Time, _: &mut EventQueue) {}
    fn ready(&mut self, _: Readiness, _: Time, _: &mut EventQueue) {}
    fn deadline(&self) -> Option<Time> {
        None
    }
    fn expire(&mut self, _: Time, _: &mut EventQueue) {}
}

struct Slot {
    id: DeviceId,
    device: Box<dyn LineDevice>,
    clock: Clock,
    events: EventQueue,
    /// Descriptor and interest as the poller knows them.
    polled: Option<(RawFd, Interest)>,
}

const WAKE: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;
const TICK: u64 = u64::MAX - 2;

/// Room for the events of one device: more than one step of any device makes.
pub(crate) const EVENTS_PER_LINE: usize = 256;
/// So many devices the event thread takes over without making room first. More are possible where they are configured.
pub(crate) const PLACES: usize = 1024;

pub(crate) struct Reactor {
    epoll: Epoll,
    timer: TimerFd,
    timer_at: Option<Time>,
    doorbell: Arc<Doorbell>,
    down: Receiver<Down>,
    up: Sender<Up>,
    /// What is to be freed elsewhere.
    scrap: Sender<Box<ToneWatcher>>,
    left: Sender<Left>,
    line_clock: Option<Arc<LineClock>>,
    slots: Vec<Slot>,
    /// Slots whose device left.
    vacant: Vec<usize>,
    /// Slot of each device, in the order of their ids.
    by_device: Vec<(DeviceId, usize)>,
    /// Deadlines of the lines on the monotonic clock, and of those on the line clock.
    monotonic: Deadlines,
    line: Deadlines,
    /// Lines whose events could not all be sent.
    backlog: bool,
    tick: TickState,
}

/// Where the present tick of the line clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TickState {
    /// Acknowledged; the next one is awaited.
    Idle,
    /// Published; lines may still have something to consume.
    Consuming(Ticket),
    /// The marker is on its way through the pump. True: events were sent behind it.
    Marked(Ticket, bool),
}

impl Reactor {
    pub(crate) fn new(
        doorbell: Arc<Doorbell>,
        down: Receiver<Down>,
        up: Sender<Up>,
        scrap: Sender<Box<ToneWatcher>>,
        left: Sender<Left>,
        line_clock: Option<Arc<LineClock>>,
    ) -> std::io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        epoll.add(doorbell.wake.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, WAKE))?;
        epoll.add(timer.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, TIMER))?;
        if let Some(clock) = &line_clock {
            epoll.add(clock.fd(), EpollEvent::new(EpollFlags::EPOLLIN, TICK))?;
        }
        let (mut monotonic, mut line) = (Deadlines::default(), Deadlines::default());
        monotonic.grow(PLACES);
        line.grow(PLACES);
        Ok(Self {
            epoll,
            timer,
            timer_at: None,
            doorbell,
            down,
            up,
            scrap,
            left,
            line_clock,
            slots: Vec::with_capacity(PLACES),
            vacant: Vec::with_capacity(PLACES),
            by_device: Vec::with_capacity(PLACES),
            monotonic,
            line,
            backlog: false,
            tick: TickState::Idle,
        })
    }

    /// Runs until told to stop, and hands the devices back so that they are closed elsewhere.
    pub(crate) fn run(mut self) -> Vec<Box<dyn LineDevice>> {
        let mut polled = [EpollEvent::empty(); 64];
        loop {
            self.arm_timer();
            let count = match self.epoll.wait(&mut polled, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(nix::errno::Errno::EINTR) => 0,
                // The descriptors are ours and stay valid; there is nothing to wait for if they are not.
                Err(_) => break,
            };
            for event in polled.iter().take(count) {
                match event.data() {
                    WAKE => {
                        let _ = self.doorbell.wake.read();
                    }
                    TIMER => {
                        let _ = self.timer.wait();
                        // It does not run any more, whatever deadline comes next.
                        self.timer_at = None;
                    }
                    TICK => {
                        if let Some(clock) = &self.line_clock {
                            clock.quiet();
                            self.tick = TickState::Consuming(clock.ticket());
                        }
                    }
                    slot => self.ready(slot as usize, event.events()),
                }
            }
            if self.backlog {
                self.backlog = false;
                for slot in 0..self.slots.len() {
                    self.after(slot);
                }
            }
            if !self.commands() {
                break;
            }
            self.expire_monotonic();
            self.advance_tick();
        }
        let _ = self.up.send(Up::Stopped);
        self.slots.into_iter().map(|s| s.device).collect()
    }

    fn now(&self, clock: Clock) -> Time {
        match (clock, &self.line_clock) {
            (Clock::Line, Some(line)) => line.now(),
            _ => monotonic(),
        }
    }

    /// Sets the timer to the earliest deadline on the monotonic clock, when that changed.
    fn arm_timer(&mut self) {
        let next = self.monotonic.next().map(|n| n.0);
        if next == self.timer_at {
            return;
        }
        self.timer_at = next;
        let _ = match next {
            // A zero time would disarm the timer.
            Some(at) => self.timer.set(
                Expiration::OneShot(TimeSpec::from_duration(Duration::from_micros(at.micros().max(1)))),
                TimerSetTimeFlags::TFD_TIMER_ABSTIME,
            ),
            None => self.timer.unset(),
        };
    }

    fn ready(&mut self, slot: usize, flags: EpollFlags) {
        let Some(clock) = self.slots.get(slot).map(|s| s.clock) else { return };
        let now = self.now(clock);
        let readiness = Readiness {
            read: flags.contains(EpollFlags::EPOLLIN),
            write: flags.contains(EpollFlags::EPOLLOUT),
            priority: flags.contains(EpollFlags::EPOLLPRI),
            hangup: flags.intersects(EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR | EpollFlags::EPOLLRDHUP),
        };
        let s = &mut self.slots[slot];
        s.device.ready(readiness, now, &mut s.events);
        self.after(slot);
    }

    /// Takes commands until there are none. False: stop.
    fn commands(&mut self) -> bool {
        loop {
            match self.down.try_recv() {
                Ok(Down::Act(id, action)) => {
                    // The provider sends no action to a device that was never ready.
                    let Some(slot) = self.slot_of(id) else { continue };
                    let now = self.now(self.slots[slot].clock);
                    // An action may end others: make room for its events first.
                    self.flush(slot);
                    let s = &mut self.slots[slot];
                    s.device.act(&action, now, &mut s.events);
                    self.after(slot);
                }
                Ok(Down::Stream(id, stream)) => self.with_audio(id, |streams| streams.attach(stream)),
                Ok(Down::Equip(id, watcher)) => {
                    let slot = self.slot_of(id).and_then(|slot| self.slots.get_mut(slot));
                    let old = match slot {
                        Some(s) => s.device.equip(watcher),
                        None => Some(watcher),
                    };
                    if let Some(old) = old {
                        // There is room for as many as can be on their way.
                        let _ = self.scrap.try_send(old);
                    }
                }
                Ok(Down::CallAudio(id, call, audio)) => self.with_audio(id, |streams| streams.call(call, audio)),
                Ok(Down::Add(id, device, events)) => self.add(id, device, events),
                Ok(Down::Remove(id)) => self.remove(id),
                Ok(Down::Tick(ticket)) => self.marker_is_back(ticket),
                Ok(Down::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    /// Changes the streams of a device, if it has any.
    fn with_audio(&mut self, id: DeviceId, change: impl FnOnce(&mut Streams)) {
        let Some(slot) = self.slot_of(id) else { return };
        let Some(streams) = self.slots.get_mut(slot).and_then(|s| s.device.audio()) else { return };
        change(streams);
        self.after(slot);
    }

    fn slot_of(&self, id: DeviceId) -> Option<usize> {
        let at = self.by_device.binary_search_by_key(&id, |entry| entry.0).ok()?;
        self.by_device.get(at).map(|entry| entry.1)
    }

    fn add(&mut self, id: DeviceId, device: Box<dyn LineDevice>, events: EventQueue) {
        // One device at a time has an id: the one before left.
        let Err(at) = self.by_device.binary_search_by_key(&id, |entry| entry.0) else {
            let _ = self.left.try_send(Left::Device(id, Some(device)));
            return;
        };
        let clock = device.clock();
        let new = Slot { id, device, clock, events, polled: None };
        let slot = if let Some(slot) = self.vacant.pop() {
            let old = std::mem::replace(&mut self.slots[slot], new);
            let _ = self.left.try_send(Left::Queue(old.events));
            slot
        } else {
            self.slots.push(new);
            self.slots.len() - 1
        };
        self.by_device.insert(at, (id, slot));
        self.monotonic.grow(slot + 1);
        self.line.grow(slot + 1);
        let now = self.now(clock);
        let s = &mut self.slots[slot];
        s.device.start(now, &mut s.events);
        self.after(slot);
    }

    fn remove(&mut self, id: DeviceId) {
        let Ok(at) = self.by_device.binary_search_by_key(&id, |entry| entry.0) else {
            let _ = self.left.try_send(Left::Device(id, None));
            return;
        };
        let (_, slot) = self.by_device.remove(at);
        let s = &mut self.slots[slot];
        if s.polled.take().is_some()
            && let Some(fd) = s.device.fd()
        {
            let _ = self.epoll.delete(fd);
        }
        while s.events.pop().is_some() {}
        s.clock = Clock::Monotonic;
        // A box of nothing: no memory is asked for.
        let device = std::mem::replace(&mut s.device, Box::new(Vacant));
        self.monotonic.set(slot, None);
        self.line.set(slot, None);
        self.vacant.push(slot);
        let _ = self.left.try_send(Left::Device(id, Some(device)));
    }

    /// What follows every call of a device: its events go up, its deadline and its interest are noted.
    fn after(&mut self, slot: usize) {
        self.flush(slot);
        let s = &mut self.slots[slot];
        let due = s.device.deadline();
        match s.clock {
            // One that wants to go on at once comes behind those that are due already.
            Clock::Monotonic => self.monotonic.set(slot, due.map(|due| due.max(monotonic()))),
            Clock::Line => self.line.set(slot, due),
        }
        self.poll(slot);
    }

    /// Sends a line's events up, as many as there is room for.
    fn flush(&mut self, slot: usize) {
        let now = self.now(self.slots[slot].clock);
        let s = &mut self.slots[slot];
        while let Some(event) = s.events.front() {
            match self.up.try_send(Up::Event(s.id, *event, now)) {
                Ok(()) => {
                    s.events.pop();
                    if let (Clock::Line, TickState::Marked(ticket, _)) = (s.clock, self.tick) {
                        self.tick = TickState::Marked(ticket, true);
                    }
                }
                Err(TrySendError::Full(_)) => {
                    // Whoever receives from now on rings; if that was just before, there is room already.
                    self.doorbell.stuck.store(true, Ordering::Release);
                    if self.up.is_full() {
                        self.backlog = true;
                        return;
                    }
                }
                Err(TrySendError::Disconnected(_)) => {
                    s.events.pop();
                }
            }
        }
    }

    /// Tells the poller what the device wants; a line whose events are stuck is not read. One that wants nothing is taken
    /// out: the poller reports a hang-up whether it is wanted or not, and would never sleep again.
    fn poll(&mut self, slot: usize) {
        let s = &mut self.slots[slot];
        let mut interest = s.device.interest();
        if !s.events.is_empty() {
            interest.read = false;
            interest.priority = false;
        }
        let fd = s.device.fd();
        let wanted = fd.as_ref().filter(|_| interest != Interest::default()).map(|fd| (fd.as_raw_fd(), interest));
        if wanted == s.polled {
            return;
        }
        let mut flags = EpollFlags::empty();
        flags.set(EpollFlags::EPOLLIN, interest.read);
        flags.set(EpollFlags::EPOLLOUT, interest.write);
        flags.set(EpollFlags::EPOLLPRI, interest.priority);
        if let (Some(fd), None) = (&fd, &wanted) {
            let _ = self.epoll.delete(fd);
        } else if let Some(fd) = fd {
            let same = s.polled.is_some_and(|(old, _)| old == fd.as_raw_fd());
            let mut event = EpollEvent::new(flags, slot as u64);
            // A descriptor that was closed and made again under the same number is unknown to the poller.
            if !same || self.epoll.modify(fd, &mut event).is_err() {
                let _ = self.epoll.add(fd, EpollEvent::new(flags, slot as u64));
            }
        }
        s.polled = wanted;
    }

    fn expire_monotonic(&mut self) {
        // A line that always has more to do (a modem that never stops talking) must not keep the descriptors and the
        // commands waiting: what is left is handled in the next round, at once.
        for _ in 0..self.slots.len() {
            let Some((due, slot)) = self.monotonic.next() else { return };
            let now = monotonic();
            if due > now || !self.expire(slot, now) {
                return;
            }
        }
    }

    /// Lets a line handle its deadline. False when its events are stuck: it must wait.
    fn expire(&mut self, slot: usize, now: Time) -> bool {
        self.flush(slot);
        let s = &mut self.slots[slot];
        if !s.events.is_empty() {
            match s.clock {
                Clock::Monotonic => self.monotonic.set(slot, None),
                Clock::Line => self.line.set(slot, None),
            }
            return false;
        }
        s.device.expire(now, &mut s.events);
        self.after(slot);
        true
    }

    fn advance_tick(&mut self) {
        let TickState::Consuming(ticket) = self.tick else { return };
        let on_line = |s: &Slot| s.clock == Clock::Line;
        if self.slots.iter().filter(|s| on_line(s)).any(|s| !s.device.drained()) {
            return;
        }
        let now = self.now(Clock::Line);
        while let Some((due, slot)) = self.line.next() {
            if due > now {
                break;
            }
            if !self.expire(slot, now) {
                return;
            }
        }
        if self.slots.iter().any(|s| on_line(s) && !s.events.is_empty()) {
            return;
        }
        self.send_marker(ticket);
    }

    fn send_marker(&mut self, ticket: Ticket) {
        match self.up.try_send(Up::Tick(ticket)) {
            Ok(()) => self.tick = TickState::Marked(ticket, false),
            Err(_) => {
                self.tick = TickState::Consuming(ticket);
                self.backlog = true;
                self.doorbell.stuck.store(true, Ordering::Release);
                if !self.up.is_full() {
                    self.doorbell.ring();
                }
            }
        }
    }

    fn marker_is_back(&mut self, ticket: Ticket) {
        match self.tick {
            TickState::Marked(at, true) if at == ticket => self.send_marker(ticket),
            TickState::Marked(at, false) if at == ticket => {
                self.tick = TickState::Idle;
                if let Some(clock) = &self.line_clock {
                    clock.acknowledge(ticket);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_signal::{ActionKind, Digit, DigitEdge, DigitMode, Outcome};
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    /// Tells one digit for each byte it reads, and a beat of its clock every 5 ms.
    struct Chatter {
        stream: UnixStream,
        beat: Option<Time>,
    }

    impl LineDevice for Chatter {
        fn clock(&self) -> Clock {
            Clock::Monotonic
        }
        fn fd(&self) -> Option<BorrowedFd<'_>> {
            Some(self.stream.as_fd())
        }
        fn interest(&self) -> Interest {
            Interest { read: true, ..Interest::default() }
        }
        fn start(&mut self, _: Time, events: &mut EventQueue) {
            events.push(LineEvent::OnHook);
        }
        fn act(&mut self, action: &LineAction, now: Time, events: &mut EventQueue) {
            self.beat = Some(now + Duration::from_millis(5));
            events.push(LineEvent::Done { action: action.id, outcome: Outcome::Ok });
        }
        fn ready(&mut self, _: Readiness, _: Time, events: &mut EventQueue) {
            let mut buffer = [0; 64];
            while events.room() >= buffer.len() {
                let Ok(n) = self.stream.read(&mut buffer) else { return };
                for symbol in buffer.iter().take(n) {
                    let digit = Digit { symbol: *symbol, mode: DigitMode::Dtmf, edge: DigitEdge::Begin };
                    events.push(LineEvent::Digit(digit));
                }
                if n == 0 {
                    return;
                }
            }
        }
        fn deadline(&self) -> Option<Time> {
            self.beat
        }
        fn expire(&mut self, _: Time, events: &mut EventQueue) {
            self.beat = None;
            events.push(LineEvent::RingStopped);
        }
    }

    #[test]
    fn a_full_queue_holds_back_the_descriptor_and_loses_nothing() {
        const BYTES: usize = 50_000;
        let doorbell = Arc::new(Doorbell::new().unwrap());
        let (down, down_rx) = crossbeam_channel::bounded(8);
        let (up, up_rx) = crossbeam_channel::bounded(4);
        let (scrap, _) = crossbeam_channel::bounded(1);
        let (left, left_rx) = crossbeam_channel::bounded(2);
        let reactor = Reactor::new(Arc::clone(&doorbell), down_rx, up, scrap, left, None).unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let queue = EventQueue::with_capacity(EVENTS_PER_LINE);
        down.send(Down::Add(DeviceId(5), Box::new(Chatter { stream: ours, beat: None }), queue)).unwrap();
        doorbell.ring();
        let thread = std::thread::spawn(move || reactor.run().len());
        let writer = std::thread::spawn(move || {
            let bytes: Vec<u8> = (0..BYTES).map(|n| n as u8).collect();
            theirs.write_all(&bytes).unwrap();
            theirs
        });
        // An action is taken although the line's events are stuck.
        let action =
            LineAction { id: loopstart_signal::ActionId(9), kind: ActionKind::Listen(loopstart_signal::Heed::DTMF) };
        down.send(Down::Act(DeviceId(5), action)).unwrap();
        doorbell.ring();

        let (mut digits, mut done, mut beats) = (0, 0, 0);
        while digits < BYTES || done == 0 || beats == 0 {
            let told = up_rx.recv_timeout(Duration::from_secs(20)).expect("an event");
            doorbell.room();
            match told {
                Up::Event(DeviceId(5), LineEvent::Digit(digit), _) => {
                    assert_eq!(digit.symbol, digits as u8, "digit {digits}");
                    digits += 1;
                }
                Up::Event(_, LineEvent::Done { .. }, _) => done += 1,
                Up::Event(_, LineEvent::RingStopped, _) => beats += 1,
                Up::Event(_, LineEvent::OnHook, _) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((digits, done, beats), (BYTES, 1, 1));
        for (id, is_there) in [(6, false), (5, true), (5, false)] {
            down.send(Down::Remove(DeviceId(id))).unwrap();
            doorbell.ring();
            let Ok(Left::Device(left, device)) = left_rx.recv_timeout(Duration::from_secs(20)) else { panic!("{id}") };
            assert_eq!((left, device.is_some()), (DeviceId(id), is_there));
        }
        // Its place is free again, for one with any number.
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let queue = EventQueue::with_capacity(EVENTS_PER_LINE);
        down.send(Down::Add(DeviceId(3), Box::new(Chatter { stream: ours, beat: None }), queue)).unwrap();
        doorbell.ring();
        theirs.write_all(b"7").unwrap();
        assert!(matches!(
            up_rx.recv_timeout(Duration::from_secs(20)),
            Ok(Up::Event(DeviceId(3), LineEvent::OnHook, _))
        ));
        assert!(matches!(
            up_rx.recv_timeout(Duration::from_secs(20)),
            Ok(Up::Event(DeviceId(3), LineEvent::Digit(Digit { symbol: b'7', .. }), _))
        ));
        down.send(Down::Stop).unwrap();
        doorbell.ring();
        assert!(matches!(up_rx.recv_timeout(Duration::from_secs(20)), Ok(Up::Stopped)));
        assert_eq!(thread.join().unwrap(), 1);
        drop(writer.join().unwrap());
    }
}
