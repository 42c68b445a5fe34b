//! Lines that come and go while the provider runs.
//!
//! A line that is added gets its number from the host, where the host gives numbers (`LINE_CREATE`): until then its device
//! is open and waits here, for a line without a number can be neither opened nor called. Without such a host it is
//! numbered at once.
//!
//! A device that is pulled out while somebody watches for its return ([`hotplug`]) takes its line out of service, and no
//! more; if it is back in time, the host's line is open as before.
//!
//! A line that is removed ends its calls, its device leaves the event thread and is closed, and its number is never used
//! again. A device that was lost and is back keeps its number. Was it gone, then the host was asked to close the line
//! (`LINE_CLOSE`), and nothing may come on that line any more: the device waits until the host has closed it.
//!
//! Locks are taken in this order: `changing`, the provider, the table. The exchange's is taken under `changing` alone.

use super::hotplug::{self, Bell, Identity};
use super::open;
use super::reactor::{Down, EVENTS_PER_LINE, Left, PLACES, Up};
use super::streams::{Audio, Terminals};
use super::{Shared, now_of, patience};
use crate::config::{Config, Recovery};
use crossbeam_channel::Receiver;
use loopstart_hal::drivers::audio::AudioGate;
use loopstart_hal::exchange::EmulatedExchange;
use loopstart_hal::hotplug::SeenState;
use loopstart_hal::registry::{Found, Selector};
use loopstart_hal::{EventQueue, LineDevice, OpenError};
use loopstart_provider::{DeviceId, Input, LineErr, Notification, Provider};
use loopstart_signal::plan::Plan;
use loopstart_signal::{Clock, LineEvent, Loss, Time};
use std::io;
use std::ops::Deref;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// Tells the host of a new line under a temporary number, on the notify thread; the host answers with
/// [`Runtime::assign`](super::Runtime::assign), at once or later.
pub type Announce = Box<dyn Fn(u32) + Send + Sync>;

/// What became of a device that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is a line with this number: a new one, or the one that it was before.
    Line(DeviceId),
    /// The host is being told of it under this temporary number.
    Announced(u32),
}

/// So many lines may wait for a host's number.
const MOST_ANNOUNCED: usize = 64;
/// How long the event thread may take to hand a device back. It takes a moment; a host's thread must not hang if it died.
const HAND_BACK: Duration = Duration::from_secs(5);

/// What is known of a line's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It could not be opened when the provider was started.
    Absent,
    /// With the event thread.
    Working,
    /// With the event thread, out of service for now.
    Lost,
    /// Pulled out at this moment; the line is out of service and waits for it. Its device is open no longer.
    Pulled(Time),
    /// Gone: the host was asked to close the line.
    Gone,
}

struct Entry {
    id: DeviceId,
    selector: Selector,
    state: State,
    /// What the device is known as, wherever it is plugged in, and its node and place: of the last device it had.
    identity: Identity,
    /// It was found, not configured.
    found: bool,
    /// Back again, until the host has closed the line as it was.
    back: Option<Box<dyn LineDevice>>,
    /// The provider said that the line is removed, and that was kept from the host.
    withheld: bool,
    terminal: Terminals,
}

impl Entry {
    fn is_emulated_and_gone(&self) -> bool {
        self.state == State::Gone && matches!(self.selector, Selector::Emulated { .. })
    }
}

/// A device that waits for its number.
struct Announced {
    temporary: u32,
    told: bool,
    selector: Selector,
    identity: Identity,
    found: bool,
    device: Box<dyn LineDevice>,
}

#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    announced: Vec<Announced>,
    next_id: u32,
    last_temporary: u32,
    stopped: bool,
}

impl Table {
    fn entry(&mut self, id: DeviceId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }

    /// Whether this was given out as a temporary number: they are counted down from the end of the numbers.
    const fn is_temporary(&self, number: u32) -> bool {
        self.last_temporary != 0 && number >= self.last_temporary
    }

    /// Whether there is room for one more line and its number.
    fn is_full(&self) -> bool {
        let numbers = self.last_temporary.wrapping_sub(1).saturating_sub(self.next_id);
        self.entries.len() + self.announced.len() >= PLACES || self.announced.len() >= MOST_ANNOUNCED || numbers == 0
    }
}

/// The lines, and what is needed to open more.
pub(super) struct Lines {
    pub(super) config: Config,
    /// Wakes the thread that looks for devices, where there is one.
    pub(super) bell: Option<Bell>,
    announce: Option<Announce>,
    /// One line comes or goes at a time.
    changing: Mutex<()>,
    table: Mutex<Table>,
    exchange: Mutex<Option<EmulatedExchange>>,
    left: Receiver<Left>,
    /// An emulated line's device is gone: look whether it is back.
    watching: AtomicBool,
    /// A device is back whose line the host has not closed yet.
    returning: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Lines {
    pub(super) fn new(
        config: Config,
        announce: Option<Announce>,
        exchange: Option<EmulatedExchange>,
        left: Receiver<Left>,
        bell: Option<Bell>,
    ) -> Self {
        let count = u32::try_from(config.devices.len()).unwrap_or(u32::MAX);
        let next_id = config.device_id_base.saturating_add(count);
        let table = Table { next_id, ..Table::default() };
        Self {
            config,
            bell,
            announce,
            changing: Mutex::default(),
            table: Mutex::new(table),
            exchange: Mutex::new(exchange),
            left,
            watching: AtomicBool::new(false),
            returning: AtomicBool::new(false),
        }
    }

    /// Notes a line and its device, if that could be opened.
    pub(super) fn note(
        &self,
        id: DeviceId,
        selector: Selector,
        identity: Identity,
        found: bool,
        device: Option<&dyn LineDevice>,
    ) {
        let mut terminal = Terminals::default();
        if let Some(device) = device {
            terminal.add(id, device);
        }
        let state = if device.is_some() { State::Working } else { State::Absent };
        let entry = Entry { id, selector, state, identity, found, back: None, withheld: false, terminal };
        lock(&self.table).entries.push(entry);
    }

    /// The numbers of the lines that are there.
    pub(super) fn ids(&self) -> Vec<DeviceId> {
        lock(&self.table).entries.iter().map(|entry| entry.id).collect()
    }

    /// The switch plan of a line.
    pub(super) fn plan(&self, id: DeviceId) -> Option<Arc<Plan>> {
        let selector = lock(&self.table).entry(id)?.selector.clone();
        Some(self.config.plan_of(&selector))
    }

    /// A duplicate of a device's terminal, and its path.
    pub(super) fn terminal(&self, id: DeviceId) -> Option<(OwnedFd, String)> {
        lock(&self.table).entry(id)?.terminal.duplicate(id)
    }

    pub(super) fn with_exchange<R>(&self, use_it: impl FnOnce(&EmulatedExchange) -> R) -> Option<R> {
        lock(&self.exchange).as_ref().map(use_it)
    }

    /// Nothing comes or goes any more, and every device that waits here is closed.
    pub(super) fn stop(&self) {
        let mut table = lock(&self.table);
        table.stopped = true;
        let mut waiting: Vec<_> = table.announced.drain(..).map(|a| Some(a.device)).collect();
        for entry in &mut table.entries {
            waiting.push(entry.back.take());
            entry.terminal = Terminals::default();
        }
        drop(table);
        patience::close(waiting);
    }

    pub(super) fn take_exchange(&self) -> Option<EmulatedExchange> {
        lock(&self.exchange).take()
    }

    /// Notes what a device said of its being in service. Answers what the provider is to be told: that a device was pulled
    /// which may be back in a moment is no reason yet to close the line.
    pub(super) fn follow(&self, id: DeviceId, event: LineEvent) -> LineEvent {
        let state = match event {
            LineEvent::Ready(_) => State::Working,
            LineEvent::Lost(Loss::Gone) => State::Gone,
            LineEvent::Lost(_) => State::Lost,
            _ => return event,
        };
        let mut told = event;
        if let Some(entry) = lock(&self.table).entry(id) {
            if let (Some(bell), LineEvent::Lost(loss)) = (&self.bell, event)
                && hotplug::is_pulled(&entry.selector, loss)
            {
                entry.state = State::Pulled(super::reactor::monotonic());
                bell.ring();
                // Out of service, and no more.
                told = LineEvent::Lost(Loss::Os(nix::errno::Errno::ENODEV as i32));
                return told;
            }
            entry.state = state;
            if state == State::Gone && matches!(entry.selector, Selector::Emulated { .. }) {
                self.watching.store(true, Ordering::Release);
            }
        }
        told
    }

    /// What is tried with this line's device when that is out of service; `None`: nothing.
    pub(super) fn recovery(&self, id: DeviceId) -> Option<Recovery> {
        let is_modem = |selector: &Selector| matches!(selector, Selector::Serial { .. } | Selector::Usb { .. });
        let modem = lock(&self.table).entry(id).is_some_and(|entry| is_modem(&entry.selector));
        modem.then_some(self.config.modem.recovery)
    }

    /// Whether the host is not to hear that this line is removed, because it comes back.
    pub(super) fn withholds(&self, id: DeviceId) -> bool {
        let mut table = lock(&self.table);
        let Some(entry) = table.entry(id).filter(|entry| entry.back.is_some()) else { return false };
        entry.withheld = true;
        true
    }

    /// Opens a line's device, where it is `at` present.
    fn open(&self, selector: &Selector, at: &Identity) -> Result<Box<dyn LineDevice>, OpenError> {
        if matches!(selector, Selector::Emulated { .. }) {
            return self.open_on(selector, lock(&self.exchange).as_ref());
        }
        open::open_at(selector, at, None, &self.config)
    }

    fn open_on(
        &self,
        selector: &Selector,
        exchange: Option<&EmulatedExchange>,
    ) -> Result<Box<dyn LineDevice>, OpenError> {
        open::open_at(selector, &Identity::default(), exchange, &self.config)
    }

    /// Tells of a new line, if it still waits. Called on the notify thread.
    pub(super) fn tell(&self, temporary: u32) {
        let Some(announce) = &self.announce else { return };
        {
            let mut table = lock(&self.table);
            let waiting = table.announced.iter_mut().find(|a| a.temporary == temporary && !a.told);
            let Some(waiting) = waiting else { return };
            waiting.told = true;
        }
        announce(temporary);
    }
}

/// The ways to the audio of the lines, those that came later included. Which calls have streams is kept in [`Audio`].
#[derive(Default)]
pub(super) struct Gates {
    audio: Audio,
    gates: Mutex<Vec<(DeviceId, Arc<AudioGate>)>>,
}

impl Deref for Gates {
    type Target = Audio;

    fn deref(&self) -> &Audio {
        &self.audio
    }
}

impl Gates {
    /// Notes a configured device that is about to go to the event thread.
    pub(super) fn add(&mut self, id: DeviceId, device: &mut dyn LineDevice) {
        self.audio.add(id, device);
        self.replace(id, device);
    }

    /// Notes a device that is about to go to the event thread, in place of the one that this line had.
    fn replace(&self, id: DeviceId, device: &mut dyn LineDevice) {
        self.forget(id);
        if let Some(streams) = device.audio() {
            lock(&self.gates).push((id, streams.gate()));
        }
    }

    fn forget(&self, id: DeviceId) {
        lock(&self.gates).retain(|(other, _)| *other != id);
    }

    pub(super) fn gate(&self, id: DeviceId) -> Option<Arc<AudioGate>> {
        lock(&self.gates).iter().find(|(other, _)| *other == id).map(|(_, gate)| Arc::clone(gate))
    }

    /// Samples of a line that slow readers lost.
    pub(super) fn lost(&self, id: DeviceId) -> u64 {
        self.gate(id).map_or_else(|| self.audio.lost(id), |gate| gate.lost())
    }
}

fn refused(selector: &Selector, kind: io::ErrorKind, why: &'static str) -> OpenError {
    OpenError::Os { device: selector.to_string(), action: "adding the line", source: io::Error::new(kind, why) }
}

fn missing(id: DeviceId) -> OpenError {
    OpenError::Missing { device: format!("line {}", id.0) }
}

/// A line or an announced one, as it bears on what is attached.
pub(super) struct Sight {
    /// None: it waits for its number.
    pub(super) id: Option<DeviceId>,
    pub(super) selector: Selector,
    pub(super) identity: Identity,
    pub(super) state: SeenState,
    pub(super) found: bool,
}

impl Lines {
    /// All lines of real devices.
    pub(super) fn sights(&self) -> Vec<Sight> {
        let table = lock(&self.table);
        let lines = table.entries.iter().filter(|e| !matches!(e.selector, Selector::Emulated { .. })).map(|e| Sight {
            id: Some(e.id),
            selector: e.selector.clone(),
            identity: e.identity.clone(),
            state: match e.state {
                _ if e.back.is_some() => SeenState::Settled,
                State::Working | State::Lost => SeenState::Settled,
                State::Pulled(since) => SeenState::Pulled(since),
                State::Absent | State::Gone => SeenState::Without,
            },
            found: e.found,
        });
        let announced = table.announced.iter().map(|a| Sight {
            id: None,
            selector: a.selector.clone(),
            identity: a.identity.clone(),
            state: SeenState::Settled,
            found: a.found,
        });
        lines.chain(announced).collect()
    }

    /// Whether a line waits for a device that is named by its path: nobody may tell of that.
    pub(super) fn waits_for_path(&self) -> bool {
        let waits = |e: &Entry| !matches!(e.state, State::Working | State::Lost) && e.back.is_none();
        lock(&self.table).entries.iter().any(|e| waits(e) && matches!(e.selector, Selector::Serial { .. }))
    }

    /// The line with this number, if it waits for its device: nobody waits any longer.
    pub(super) fn give_up(&self, id: DeviceId) -> bool {
        let mut table = lock(&self.table);
        let Some(entry) = table.entry(id).filter(|e| matches!(e.state, State::Pulled(_))) else { return false };
        entry.state = State::Gone;
        true
    }

    /// Forgets devices that were pulled before the host gave them a number.
    pub(super) fn forget_announced(&self, is_there: impl Fn(&Identity) -> bool) {
        let mut table = lock(&self.table);
        let (stay, go): (Vec<_>, Vec<_>) =
            std::mem::take(&mut table.announced).into_iter().partition(|a| !a.found || is_there(&a.identity));
        table.announced = stay;
        // Closing may take its time.
        drop(table);
        drop(go);
    }
}

impl Shared {
    /// Closes what is left of a device that was pulled.
    pub(super) fn let_go_of(&self, id: DeviceId) {
        let _one_at_a_time = lock(&self.lines.changing);
        let pulled = lock(&self.lines.table).entry(id).is_some_and(|e| matches!(e.state, State::Pulled(_)));
        if pulled {
            self.let_go(id);
        }
    }

    /// See [`Runtime::add`](super::Runtime::add).
    pub(super) fn add_line(&self, selector: &Selector) -> Result<Added, OpenError> {
        self.add_line_at(selector, None)
    }

    /// Adds a line; `at`: the device, where it was found.
    pub(super) fn add_line_at(&self, selector: &Selector, at: Option<&Found>) -> Result<Added, OpenError> {
        let lines = &self.lines;
        let _one_at_a_time = lock(&lines.changing);
        let known = {
            let mut table = lock(&lines.table);
            // A device that is plugged in again before the host gave it a number is told of anew.
            table.announced.retain(|a| a.selector != *selector);
            if table.stopped {
                return Err(refused(selector, io::ErrorKind::BrokenPipe, "the provider was shut down"));
            }
            let known = table.entries.iter().find(|e| e.selector == *selector).map(|e| (e.id, e.state));
            if known.is_none() && table.is_full() {
                return Err(refused(selector, io::ErrorKind::StorageFull, "there are too many lines"));
            }
            known
        };
        match known {
            Some((_, State::Working)) => {
                let holder = "this program, as a line".to_owned();
                return Err(OpenError::Busy { device: selector.to_string(), holder });
            }
            Some((id, _)) => return self.bring_back(id, at).map(|()| Added::Line(id)),
            None => {}
        }
        let found = at.is_some();
        let identity = at.map_or_else(|| Identity::look(&lines.config, selector), Identity::of);
        let device = lines.open(selector, &identity)?;
        if lines.announce.is_some() {
            let temporary = {
                let mut table = lock(&lines.table);
                table.last_temporary = table.last_temporary.wrapping_sub(1);
                let temporary = table.last_temporary;
                let selector = selector.clone();
                let announced = Announced { temporary, told: false, selector, identity, found, device };
                table.announced.push(announced);
                temporary
            };
            self.news(temporary);
            return Ok(Added::Announced(temporary));
        }
        let id = DeviceId(lock(&lines.table).next_id);
        self.admit(&mut self.lock(), id, (selector, identity, found), device);
        Ok(Added::Line(id))
    }

    /// Puts the news of a line into the queue to the host, in order with everything else.
    fn news(&self, temporary: u32) {
        self.notify.push(super::notify::Delivery::Created { temporary });
    }

    /// See [`Runtime::assign`](super::Runtime::assign).
    pub(super) fn assign_line(&self, temporary: u32, id: DeviceId) -> Result<(), LineErr> {
        let lines = &self.lines;
        let _one_at_a_time = lock(&lines.changing);
        let announced = {
            let mut table = lock(&lines.table);
            let at = table.announced.iter().position(|a| a.temporary == temporary && a.told);
            let announced = at.map(|at| table.announced.swap_remove(at)).ok_or(LineErr::BADDEVICEID)?;
            // The numbers of lines and those of lines without one must not meet.
            if table.entry(id).is_some() || table.is_temporary(id.0) {
                return Err(LineErr::BADDEVICEID);
            }
            announced
        };
        let mut provider = self.lock();
        if provider.clock_of(id).is_some() {
            return Err(LineErr::BADDEVICEID);
        }
        let Announced { selector, identity, found, device, .. } = announced;
        self.admit(&mut provider, id, (&selector, identity, found), device);
        Ok(())
    }

    /// Makes a device a line. The caller holds the provider's lock.
    fn admit(
        &self,
        provider: &mut Provider,
        id: DeviceId,
        (selector, identity, found): (&Selector, Identity, bool),
        device: Box<dyn LineDevice>,
    ) {
        {
            let mut table = lock(&self.lines.table);
            table.next_id = table.next_id.max(id.0.saturating_add(1));
        }
        self.lines.note(id, selector.clone(), identity.clone(), found, Some(&*device));
        self.introduce(provider, id, selector, &identity);
        self.hand_over(id, device);
    }

    /// Tells the provider of a line. The caller holds its lock.
    fn introduce(&self, provider: &mut Provider, id: DeviceId, selector: &Selector, identity: &Identity) {
        let description = open::describe(&self.lines.config, selector, id, identity);
        let now = now_of(description.clock, self.line_clock.as_deref());
        if let Err(error) = provider.handle(Input::DeviceAdded(description), now) {
            log::error!("{selector} is no line: {error:?}");
        }
        self.drain(provider);
    }

    /// Gives a device to the event thread. What that needs is made here. The caller holds the provider's lock, so that every
    /// action for the line comes behind.
    fn hand_over(&self, id: DeviceId, mut device: Box<dyn LineDevice>) {
        self.audio.replace(id, &mut *device);
        self.gauges.replace(id, &*device);
        let events = EventQueue::with_capacity(EVENTS_PER_LINE);
        let _ = self.down.send(Down::Add(id, device, events));
        self.doorbell.ring();
    }

    /// Takes a device out of the event thread, if it is there.
    fn take_back(&self, id: DeviceId) -> Option<Box<dyn LineDevice>> {
        let left = &self.lines.left;
        while left.try_recv().is_ok() {}
        self.down.send(Down::Remove(id)).ok()?;
        self.doorbell.ring();
        loop {
            match left.recv_timeout(HAND_BACK).ok()? {
                Left::Device(device, gone) if device == id => return gone,
                Left::Device(..) | Left::Queue(_) => {}
            }
        }
    }

    /// See [`Runtime::remove`](super::Runtime::remove).
    pub(super) fn remove_line(&self, id: DeviceId) -> Result<(), LineErr> {
        let lines = &self.lines;
        let _one_at_a_time = lock(&lines.changing);
        let entry = {
            let mut table = lock(&lines.table);
            let at = table.entries.iter().position(|entry| entry.id == id).ok_or(LineErr::BADDEVICEID)?;
            table.entries.remove(at)
        };
        let _ = self.handle(Input::DeviceRemoved(id), None);
        if entry.withheld {
            self.notify.push(super::notify::Delivery::Notify(Notification::Remove { device: id }));
        }
        self.audio.forget(id);
        // Closing a terminal may take its time: no lock but `changing` is held.
        // The duplicate first: the last close is the one that may block.
        drop(entry.terminal);
        patience::close([entry.back, self.take_back(id)]);
        self.recoverer.forget(id);
        Ok(())
    }

    /// See [`Runtime::reopen`](super::Runtime::reopen).
    pub(super) fn reopen_line(&self, id: DeviceId) -> Result<(), OpenError> {
        let _one_at_a_time = lock(&self.lines.changing);
        self.bring_back(id, None)
    }

    /// Gives a line the device that was found for it.
    pub(super) fn reopen_line_at(&self, id: DeviceId, at: &Found) -> Result<(), OpenError> {
        let _one_at_a_time = lock(&self.lines.changing);
        self.bring_back(id, Some(at))
    }

    /// Closes the device of a line that is out of service, and answers what it is called and where its terminal is. `None`: the
    /// line is in service, or gone.
    pub(super) fn close_lost(&self, id: DeviceId) -> Option<(Selector, Option<String>)> {
        let _one_at_a_time = lock(&self.lines.changing);
        let (selector, terminal) = {
            let mut table = lock(&self.lines.table);
            let stopped = table.stopped;
            let entry = table.entry(id).filter(|entry| !stopped && entry.state == State::Lost)?;
            (entry.selector.clone(), std::mem::take(&mut entry.terminal))
        };
        let node = terminal.duplicate(id).map(|(_, path)| path);
        drop(terminal);
        patience::close([self.take_back(id)]);
        Some((selector, node))
    }

    /// Opens the device of a line again. The caller holds `changing`.
    fn bring_back(&self, id: DeviceId, at: Option<&Found>) -> Result<(), OpenError> {
        let selector = {
            let mut table = lock(&self.lines.table);
            let stopped = table.stopped;
            let entry = table.entry(id).filter(|_| !stopped).ok_or_else(|| missing(id))?;
            if entry.state == State::Working || entry.back.is_some() {
                return Ok(());
            }
            entry.selector.clone()
        };
        let device = if matches!(selector, Selector::Emulated { .. }) {
            // It has a new terminal; while there is none, nothing changes.
            let device = self.lines.open(&selector, &Identity::default())?;
            patience::close([self.take_back(id)]);
            device
        } else {
            self.let_go(id);
            let identity = at.map_or_else(|| Identity::look(&self.lines.config, &selector), Identity::of);
            let device = self.lines.open(&selector, &identity)?;
            if let Some(entry) = lock(&self.lines.table).entry(id) {
                entry.identity = identity;
            }
            device
        };
        self.restore(id, device)
    }

    /// Closes what a line has open: a terminal that is open here can be opened by nobody, and keeps its number from the
    /// device that comes back. The caller holds `changing`.
    fn let_go(&self, id: DeviceId) {
        drop(lock(&self.lines.table).entry(id).map(|entry| std::mem::take(&mut entry.terminal)));
        patience::close([self.take_back(id)]);
    }

    /// Puts a line's device in the place of the one that left the event thread. The caller holds `changing`.
    fn restore(&self, id: DeviceId, device: Box<dyn LineDevice>) -> Result<(), OpenError> {
        let mut provider = self.lock();
        let was = {
            let mut table = lock(&self.lines.table);
            let Some(entry) = table.entry(id) else { return Err(missing(id)) };
            entry.terminal = Terminals::default();
            entry.terminal.add(id, &*device);
            std::mem::replace(&mut entry.state, State::Working)
        };
        if matches!(was, State::Lost | State::Pulled(_)) {
            // The line is as it was, and calls may be made on it as soon as the device is ready.
            self.hand_over(id, device);
            return Ok(());
        }
        if let Some(entry) = lock(&self.lines.table).entry(id) {
            entry.back = Some(device);
            self.lines.returning.store(true, Ordering::Release);
        }
        let clock = provider.clock_of(id).unwrap_or(Clock::Monotonic);
        let _ = provider.handle(Input::DeviceRemoved(id), now_of(clock, self.line_clock.as_deref()));
        self.drain(&mut provider);
        self.readmit(&mut provider);
        // The pump sleeps until the deadline it knows of.
        let _ = self.up.try_send(Up::Poke);
        Ok(())
    }

    /// Gives lines whose device is back to the provider as soon as the host has closed them. The caller holds the provider's
    /// lock.
    pub(super) fn readmit(&self, provider: &mut Provider) {
        while self.lines.returning.load(Ordering::Acquire) {
            let returned = {
                let mut table = lock(&self.lines.table);
                let closed = |e: &&mut Entry| e.back.is_some() && provider.clock_of(e.id).is_none();
                let Some(entry) = table.entries.iter_mut().find(closed) else {
                    let any = table.entries.iter().any(|e| e.back.is_some());
                    self.lines.returning.store(any, Ordering::Release);
                    return;
                };
                entry.withheld = false;
                let (selector, identity) = (entry.selector.clone(), entry.identity.clone());
                entry.back.take().map(|device| (entry.id, selector, identity, device))
            };
            let Some((id, selector, identity, device)) = returned else { return };
            self.introduce(provider, id, &selector, &identity);
            self.hand_over(id, device);
        }
    }

    /// Looks whether the devices of emulated lines are back. For the pump: waits for nobody who may wait for it.
    pub(super) fn look_for_returned(&self) {
        let lines = &self.lines;
        if !lines.watching.load(Ordering::Acquire) {
            return;
        }
        let Some(_one_at_a_time) = try_lock(&lines.changing) else { return };
        let gone: Vec<(DeviceId, Selector)> = {
            let table = lock(&lines.table);
            table.entries.iter().filter(|e| e.is_emulated_and_gone()).map(|e| (e.id, e.selector.clone())).collect()
        };
        if gone.is_empty() {
            lines.watching.store(false, Ordering::Release);
            // One may have gone just now.
            if lock(&lines.table).entries.iter().any(Entry::is_emulated_and_gone) {
                lines.watching.store(true, Ordering::Release);
            }
            return;
        }
        for (id, selector) in gone {
            // Whoever uses the exchange just now may wait for a tick: later, then.
            let Some(exchange) = try_lock(&lines.exchange) else { return };
            let opened = lines.open_on(&selector, exchange.as_ref());
            drop(exchange);
            let restored = match opened {
                Ok(device) => {
                    patience::close([self.take_back(id)]);
                    self.restore(id, device)
                }
                Err(OpenError::Missing { .. }) => continue,
                Err(error) => Err(error),
            };
            if let Err(error) = restored {
                log::warn!("{error}");
                // Not at every tick again.
                if let Some(entry) = lock(&lines.table).entry(id) {
                    entry.state = State::Absent;
                }
            }
        }
    }
}
