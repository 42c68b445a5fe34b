//! The shell around the provider: threads and channels, no decisions.
//!
//! ```text
//! event thread (reactor) --events--> pump --+                +--> notify thread --> host
//!        ^                                  |                |
//!        +---------actions------------- provider (one short lock) <--commands-- host's threads
//! ```
//!
//! Whoever changes the provider drains it under the same lock, so that the order of decisions is the order of effects.
//! The event thread never takes that lock, and no callback runs with it held.

mod at_once;
mod deadlines;
mod hotplug;
mod lines;
mod notify;
mod open;
mod patience;
mod pump;
mod reactor;
mod recovery;
mod streams;

pub use lines::{Added, Announce};
pub use loopstart_hal::drivers::audio::Direction;
pub use loopstart_hal::drivers::gauge::Gauge;
pub use notify::Host;
pub use open::StartError;

use crate::config::Config;
use crossbeam_channel::{Receiver, Sender};
use loopstart_hal::drivers::watch::ToneWatcher;
use loopstart_hal::exchange::EmulatedExchange;
use loopstart_hal::registry::Selector;
use loopstart_hal::{EventQueue, LineClock, LineDevice, OpenError};
use loopstart_provider::{
    CallHandle, Command, DeviceId, HostCall, Input, LineErr, LineHandle, Notification, Output, Provider, Reply, Target,
};
use loopstart_signal::plan::Plan;
use loopstart_signal::{ActionKind, Clock, LineAction, Time};
use notify::{Closing, Delivery, Queue};
use reactor::{Doorbell, Down, Up};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// Actions on their way to the event thread; each carries its digits inline.
const DOWN_CAPACITY: usize = 1024;
/// Events on their way to the provider.
const UP_CAPACITY: usize = 1024;
/// Devices and their queues on their way out of the event thread: one line leaves at a time.
const LEFT_CAPACITY: usize = 64;

/// A running provider with its threads. Clones share it; the last one to go ends it.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Running>,
}

struct Running {
    shared: Arc<Shared>,
    threads: Mutex<Option<Threads>>,
}

struct Shared {
    provider: Mutex<Provider>,
    notify: Queue,
    down: Sender<Down>,
    up: Sender<Up>,
    doorbell: Arc<Doorbell>,
    line_clock: Option<Arc<LineClock>>,
    devices: Vec<DeviceId>,
    failures: Vec<(DeviceId, OpenError)>,
    event_thread: std::sync::atomic::AtomicI32,
    audio: lines::Gates,
    lines: lines::Lines,
    gauges: streams::Gauges,
    recoverer: Arc<recovery::Recoverer>,
    scrap: Receiver<Box<ToneWatcher>>,
}

struct Threads {
    reactor: JoinHandle<Vec<Box<dyn LineDevice>>>,
    pump: JoinHandle<()>,
    notify: JoinHandle<()>,
    hotplug: Option<hotplug::Watcher>,
    recovery: Option<recovery::Thread>,
}

impl Runtime {
    /// Opens the configured devices and starts the threads. A device that cannot be opened is there all the same, out of
    /// service; [`failures`](Self::failures) tells why.
    ///
    /// # Errors
    /// When the threads or the emulated exchange cannot be started.
    pub fn start(config: Config, host: Arc<dyn Host>) -> Result<Self, StartError> {
        Self::start_announcing(config, host, None)
    }

    /// Starts with a host that numbers lines that are added later: `announce` tells it of each, on the notify thread.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_announcing(
        config: Config,
        host: Arc<dyn Host>,
        announce: Option<Announce>,
    ) -> Result<Self, StartError> {
        let doorbell = Arc::new(Doorbell::new().map_err(StartError::Os)?);
        let (down, down_rx) = crossbeam_channel::bounded(DOWN_CAPACITY);
        let (up, up_rx) = crossbeam_channel::bounded(UP_CAPACITY);
        let (scrap, scrap_rx) = crossbeam_channel::bounded(DOWN_CAPACITY);
        let (left, left_rx) = crossbeam_channel::bounded(LEFT_CAPACITY);
        let opened = open::open(&config)?;
        let line_clock = opened.exchange.as_ref().map(EmulatedExchange::clock);

        let mut provider = Provider::new();
        let mut failures = Vec::new();
        let mut devices = Vec::new();
        let mut ready = Vec::new();
        let mut audio = lines::Gates::default();
        let gauges = streams::Gauges::default();
        let priority = config.realtime_priority;
        let recovers = config.modem.recovery.reopen.is_some();
        let selectors = config.devices.clone();
        let bell = config.watches().then(hotplug::Bell::new).transpose().map_err(StartError::Os)?;
        let watches = bell.is_some();
        let lines = lines::Lines::new(config, announce, opened.exchange, left_rx, bell);
        for (line, selector) in opened.lines.into_iter().zip(selectors) {
            let id = line.description.id;
            devices.push(id);
            let clock = line.description.clock;
            let now = now_of(clock, line_clock.as_deref());
            // Adding a device and losing it are never refused.
            let _ = provider.handle(Input::DeviceAdded(line.description), now);
            let (identity, found) = (line.identity, line.found);
            match line.device {
                Ok(mut device) => {
                    audio.add(id, &mut *device);
                    gauges.replace(id, &*device);
                    lines.note(id, selector, identity, found, Some(&*device));
                    ready.push((id, device));
                }
                Err(error) => {
                    lines.note(id, selector, identity, found, None);
                    log::warn!("{error}");
                    let gone = loopstart_signal::LineEvent::Lost(loopstart_signal::Loss::Gone);
                    let _ = provider.handle(Input::Event(id, gone), now);
                    failures.push((id, error));
                }
            }
        }
        let shared = Arc::new(Shared {
            provider: Mutex::new(provider),
            notify: Queue::default(),
            down,
            up: up.clone(),
            doorbell: Arc::clone(&doorbell),
            line_clock: line_clock.clone(),
            devices,
            failures,
            event_thread: 0.into(),
            audio,
            gauges,
            lines,
            recoverer: Arc::default(),
            scrap: scrap_rx,
        });
        let reactor = reactor::Reactor::new(doorbell, down_rx, up, scrap, left, line_clock).map_err(StartError::Os)?;
        for (id, device) in ready {
            // The receiver lives in the reactor above.
            let events = EventQueue::with_capacity(reactor::EVENTS_PER_LINE);
            let _ = shared.down.send(Down::Add(id, device, events));
        }
        shared.doorbell.ring();
        if let Some(clock) = &shared.line_clock {
            clock.attach(true);
        }
        let spawn = |name: &str| std::thread::Builder::new().name(name.into());
        let s = Arc::clone(&shared);
        let reactor = spawn("loopstart-event")
            .spawn(move || {
                s.event_thread.store(nix::unistd::gettid().as_raw(), std::sync::atomic::Ordering::Release);
                if let Some(Err(refused)) = priority.map(loopstart_hal::rt::set_realtime) {
                    log::warn!("{refused}");
                }
                reactor.run()
            })
            .map_err(StartError::Os)?;
        let s = Arc::clone(&shared);
        let pump = spawn("loopstart-pump").spawn(move || pump::run(&s, &up_rx)).map_err(StartError::Os)?;
        let s = Arc::clone(&shared);
        let notify = spawn("loopstart-notify")
            .spawn(move || {
                let offered = |call, answer| s.offered(call, answer);
                s.notify.run(&*host, offered, |temporary| s.lines.tell(temporary));
            })
            .map_err(StartError::Os)?;
        let hotplug = watches.then(|| hotplug::Watcher::start(&shared)).transpose().map_err(StartError::Os)?;
        let recovery = recovers.then(|| recovery::start(&shared)).transpose().map_err(StartError::Os)?;
        let threads = Threads { reactor, pump, notify, hotplug, recovery };
        Ok(Self { inner: Arc::new(Running { shared, threads: Mutex::new(Some(threads)) }) })
    }

    /// The configured devices, in the order of the configuration, also those that were removed. What is there at present,
    /// [`lines`](Self::lines) tells.
    pub fn devices(&self) -> &[DeviceId] {
        &self.inner.shared.devices
    }

    /// The lines that are there at present: the configured ones, then those that were added; without those that were
    /// removed.
    pub fn lines(&self) -> Vec<DeviceId> {
        self.inner.shared.lines.ids()
    }

    /// The switch plan of a line that is there.
    pub fn plan_of(&self, device: DeviceId) -> Option<Arc<Plan>> {
        self.inner.shared.lines.plan(device)
    }

    /// Opens a device and makes it a line while the provider runs. With a host that numbers lines it is being told of the
    /// line, and the line is there when it has [answered](Self::assign). A device that a line had and lost is given back
    /// to that line, as [`reopen`](Self::reopen) does.
    ///
    /// # Errors
    /// Why the device cannot be opened; [`OpenError::Busy`] when it is a line already, [`OpenError::Os`] when there are too
    /// many lines or the provider was shut down.
    pub fn add(&self, selector: &Selector) -> Result<Added, OpenError> {
        self.inner.shared.add_line(selector)
    }

    /// The host's answer to the announcement of a line: its number. When it is refused the device is closed and forgotten;
    /// it can be added again.
    ///
    /// # Errors
    /// `BADDEVICEID`: nothing was announced under this temporary number, or a line has that number.
    pub fn assign(&self, temporary: u32, device: DeviceId) -> Result<(), LineErr> {
        self.inner.shared.assign_line(temporary, device)
    }

    /// Removes a line for good: its calls end, the host is asked to close it, and is told that it is removed when it did (or
    /// after a while). The device is closed when this returns. The number is not used again.
    ///
    /// # Errors
    /// `BADDEVICEID`.
    pub fn remove(&self, device: DeviceId) -> Result<(), LineErr> {
        self.inner.shared.remove_line(device)
    }

    /// Opens the device of a line that lost it; one that works stays as it is. The line is in service again when the device
    /// has become ready. Where the device was gone the host was asked to close the line: then the line is back when the host
    /// has closed it, and can be opened again. An emulated line whose terminal is plugged in again is reopened without
    /// this.
    ///
    /// # Errors
    /// Why the device cannot be opened; [`OpenError::Missing`] too when there is no such line.
    pub fn reopen(&self, device: DeviceId) -> Result<(), OpenError> {
        self.inner.shared.reopen_line(device)
    }

    /// Looks for devices now, where the provider watches for them, as if one had come.
    pub fn look_for_devices(&self) {
        if let Some(bell) = &self.inner.shared.lines.bell {
            bell.ring();
        }
    }

    /// Devices that could not be opened when the provider was started, and why.
    pub fn failures(&self) -> &[(DeviceId, OpenError)] {
        &self.inner.shared.failures
    }

    /// Carries out a command of the host. For the two closes use [`close_call`](Self::close_call) and
    /// [`close_line`](Self::close_line).
    ///
    /// # Errors
    /// Why the command is refused; nothing was changed then.
    pub fn command(&self, command: Command) -> Result<Reply, LineErr> {
        // A host that blocks in a callback and goes on asking would make the queue grow without bound.
        if self.inner.shared.notify.is_full() && !self.inner.shared.notify.is_notify_thread() {
            return Err(LineErr::RESOURCEUNAVAIL);
        }
        self.inner.shared.handle(Input::Command(command), None)
    }

    /// Reads from the provider. The lock is held meanwhile: no callback and no command in `read`.
    pub fn query<R>(&self, read: impl FnOnce(&Provider) -> R) -> R {
        read(&self.inner.shared.lock())
    }

    /// The host's last use of a call: its requests complete before this returns (or, from inside a callback, right
    /// after that callback), and nothing is told about it afterwards.
    ///
    /// # Errors
    /// `INVALCALLHANDLE`.
    pub fn close_call(&self, call: CallHandle) -> Result<(), LineErr> {
        self.close(Command::CloseCall(call), Closing::Call(call))
    }

    /// Closes a line, as [`close_call`](Self::close_call) does a call.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`.
    pub fn close_line(&self, line: LineHandle) -> Result<(), LineErr> {
        self.close(Command::CloseLine(line), Closing::Line(line))
    }

    fn close(&self, command: Command, closing: Closing) -> Result<(), LineErr> {
        self.inner.shared.handle(Input::Command(command), Some(closing))?;
        self.inner.shared.notify.wait_closed(closing);
        Ok(())
    }

    /// A stream of a call's audio: a socket that carries 16-bit samples of the native byte order, one channel, 8 kHz, in
    /// any number of bytes at a time. The caller owns it and closes it.
    ///
    /// [`Direction::FromLine`]: what the line says; several readers get copies, a slow one loses the oldest
    /// ([`audio_lost`](Self::audio_lost)). [`Direction::ToLine`]: what to say; several writers are mixed. While the call is
    /// held readers get nothing and writers wait. When it ends, so does the stream: readers come to the end of the file,
    /// and a write fails with `EPIPE` (and raises `SIGPIPE`, unless it is sent with `MSG_NOSIGNAL` or the signal is
    /// ignored).
    ///
    /// # Errors
    /// `INVALCALLHANDLE`; `INVALCALLSTATE` for a call that is over; `OPERATIONUNAVAIL` on a line without audio;
    /// `RESOURCEUNAVAIL` when all places are taken (four in each direction) or no socket can be made.
    pub fn audio(&self, call: CallHandle, direction: Direction) -> Result<OwnedFd, LineErr> {
        self.inner.shared.open_audio(call, direction)
    }

    /// Samples of a line that slow readers lost, since its device was opened.
    pub fn audio_lost(&self, device: DeviceId) -> u64 {
        self.inner.shared.audio.lost(device)
    }

    /// What can be read of a device's line at any time: the state of its loop, levels, and the last caller identification as
    /// it came. `None` for a device that could not be opened.
    ///
    /// It is that of the device the line has now: one that was taken before the device was replaced tells no more of it.
    pub fn gauge(&self, device: DeviceId) -> Option<Arc<Gauge>> {
        self.inner.shared.gauges.of(device)
    }

    /// A duplicate of a device's open terminal and its path; `None` for a device that is none (an FXO port), and after
    /// [`shutdown`](Self::shutdown). The dialog with the modem goes on on it: to read or to write there disturbs that,
    /// unless a data call is up.
    pub fn tty(&self, device: DeviceId) -> Option<(OwnedFd, String)> {
        self.inner.shared.lines.terminal(device)
    }

    /// The present moment on a device's clock.
    pub fn now(&self, device: DeviceId) -> Time {
        let clock = self.inner.shared.lock().clock_of(device).unwrap_or(Clock::Monotonic);
        now_of(clock, self.inner.shared.line_clock.as_deref())
    }

    /// The wall-clock time at which a device's clock showed `entered`.
    pub fn wall_time(&self, device: DeviceId, entered: Time) -> SystemTime {
        let ago = self.now(device).since(entered);
        SystemTime::now().checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// The emulated exchange, where one runs in this process. No emulated line can be added or reopened meanwhile: not by
    /// `use_it`, and by nobody else.
    pub fn with_exchange<R>(&self, use_it: impl FnOnce(&EmulatedExchange) -> R) -> Option<R> {
        self.inner.shared.lines.with_exchange(use_it)
    }

    /// How much later than due the machine ran the emulated lines, in all; zero without them.
    pub fn lateness(&self) -> Duration {
        self.inner.shared.line_clock.as_ref().map_or(Duration::ZERO, |c| c.lateness())
    }

    /// Thread id of the event thread, for tests and tracing tools.
    pub fn event_thread(&self) -> i32 {
        self.inner.shared.event_thread.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Ends all threads and closes all devices. Nothing is called back once this has returned, unless it is called from
    /// inside a callback: then that one is the last. A second call does nothing.
    pub fn shutdown(&self) {
        self.inner.shutdown();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Running {
    fn shutdown(&self) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(threads) = threads else { return };
        let on_notify_thread = self.shared.notify.is_notify_thread();
        self.shared.notify.stop();
        self.shared.lines.stop();
        if let Some(watcher) = threads.hotplug {
            watcher.stop(&self.shared);
        }
        if let Some(thread) = threads.recovery {
            thread.stop(&self.shared.recoverer);
        }
        if let Some(clock) = &self.shared.line_clock {
            clock.attach(false);
        }
        let _ = self.shared.down.send(Down::Stop);
        self.shared.doorbell.ring();
        // A thread that panicked has told so on standard error already.
        let devices = threads.reactor.join();
        let _ = threads.pump.join();
        if !on_notify_thread {
            let _ = threads.notify.join();
        }
        patience::close(devices.into_iter().flatten().map(Some));
        if let Some(exchange) = self.shared.lines.take_exchange() {
            exchange.stop();
        }
    }
}

/// The present moment of a clock.
fn now_of(clock: Clock, line_clock: Option<&LineClock>) -> Time {
    match (clock, line_clock) {
        (Clock::Line, Some(line)) => line.now(),
        _ => reactor::monotonic(),
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Provider> {
        self.provider.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an input of the host into the provider, at the present moment of the line concerned.
    fn handle(&self, input: Input, closing: Option<Closing>) -> Result<Reply, LineErr> {
        let mut provider = self.lock();
        let before = provider.deadline(Clock::Monotonic);
        let clock = device_of(&provider, &input).and_then(|d| provider.clock_of(d)).unwrap_or(Clock::Monotonic);
        let now = now_of(clock, self.line_clock.as_deref());
        let reply = provider.handle(input, now);
        self.drain(&mut provider);
        self.readmit(&mut provider);
        if let Some(closing) = closing.filter(|_| reply.is_ok()) {
            self.notify.close(closing);
        }
        // The pump sleeps until the deadline it knows of.
        if provider.deadline(Clock::Monotonic) != before {
            let _ = self.up.try_send(Up::Poke);
        }
        reply
    }

    /// Carries out the provider's outputs. The caller holds the lock.
    fn drain(&self, provider: &mut Provider) {
        let mut acted = false;
        while let Some(output) = provider.poll() {
            self.carry_out(output, &mut acted);
        }
        acted |= self.audio.follow(provider, &self.down);
        if acted {
            self.doorbell.ring();
        }
    }

    fn carry_out(&self, output: Output, acted: &mut bool) {
        match output {
            Output::Act(device, action) => {
                if self.down.is_full() {
                    self.doorbell.ring();
                }
                self.equip(device, &action);
                // The event thread never waits for this thread, so there will be room.
                let _ = self.down.send(Down::Act(device, action));
                *acted = true;
            }
            Output::Offer { host, line, call } => self.notify.push(Delivery::Offer { host, line, call }),
            Output::Notify(Notification::Remove { device }) if self.lines.withholds(device) => {}
            Output::Notify(notification) => self.notify.push(Delivery::Notify(notification)),
            Output::Complete { request, result, line, call } => {
                self.notify.push(Delivery::Complete { request, result, line, call });
            }
        }
    }

    /// Makes what an action needs and the event thread must not make, and frees what that needs no longer.
    fn equip(&self, device: DeviceId, action: &LineAction) {
        let ActionKind::WatchTones(list) = &action.kind else { return };
        while self.scrap.try_recv().is_ok() {}
        // A list that cannot be watched for is refused by the device, which has nothing for it.
        if let Ok(watcher) = ToneWatcher::new(list) {
            let _ = self.down.send(Down::Equip(device, Box::new(watcher)));
        }
    }

    fn offered(&self, call: CallHandle, host: Option<HostCall>) {
        // An answer that comes after the call is gone changes nothing.
        let _ = self.handle(Input::Offered { call, host }, None);
    }
}

/// The device an input is about.
fn device_of(provider: &Provider, input: &Input) -> Option<DeviceId> {
    let line = |line: &LineHandle| provider.device_of_line(*line).ok();
    let call = |call: &CallHandle| provider.device_of_call(*call).ok();
    match input {
        Input::DeviceAdded(description) => Some(description.id),
        Input::DeviceRemoved(device) | Input::Event(device, _) => Some(*device),
        Input::Deadline(_) => None,
        Input::Offered { call: c, .. } => call(c),
        Input::Command(command) => match command.target() {
            Target::Device(device) => Some(device),
            Target::Line(l) => line(&l),
            Target::Call(c) => call(&c),
        },
    }
}
