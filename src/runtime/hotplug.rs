//! The thread that looks for devices: which come, which are back, which will not come back.
//!
//! It opens and closes devices, which may block for as long as the system's driver takes, and so it is a thread of its own.
//! What is to be done, [`Watch`] decides; when to look, the kernel and udev tell.

use super::Shared;
use super::lines::Sight;
use super::reactor::{Up, monotonic};
use crate::config::Config;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use loopstart_hal::OpenError;
use loopstart_hal::hotplug::{Action, Monitor, Received, Seen, SeenState, Source, Step, Watch};
use loopstart_hal::registry::{self, Found, Selector};
use loopstart_provider::{DeviceId, Input};
use loopstart_signal::{LineEvent, Loss};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often devices are looked for where nobody tells of them.
const BLIND: Duration = Duration::from_secs(3);
/// How often where somebody does: a container may hear nothing.
const SELDOM: Duration = Duration::from_secs(30);
/// Messages read in one go.
const MESSAGES: usize = 4096;
/// How long an end of the provider waits for a device that is just being opened.
const LEAVE: Duration = Duration::from_secs(3);

/// Wakes the thread.
pub(super) struct Bell {
    wake: EventFd,
    stopped: AtomicBool,
}

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Self { wake, stopped: AtomicBool::new(false) })
    }

    pub(super) fn ring(&self) {
        // Only a full counter makes this fail, and then the thread is awake.
        let _ = self.wake.write(1);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

/// Which device a line has or had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    /// What it is known as wherever it is plugged in.
    pub(super) stable: Option<Selector>,
    pub(super) node: Option<PathBuf>,
    pub(super) place: Option<String>,
}

impl Identity {
    pub(super) fn of(found: &Found) -> Self {
        Self { stable: Some(found.stable.clone()), node: Some(found.node.clone()), place: found.place.clone() }
    }

    /// Looks which device a selector means at present.
    pub(super) fn look(config: &Config, selector: &Selector) -> Self {
        if matches!(selector, Selector::Emulated { .. }) {
            return Self::default();
        }
        let attached = registry::coldplug_in(&config.roots);
        let device = match selector {
            Selector::Serial { path, .. } => registry::found_at(&attached, path),
            other => {
                let mut fits = attached.iter().filter(|f| other.names(f));
                // Of several it is none: opening it says so.
                fits.next().filter(|_| fits.next().is_none())
            }
        };
        device.map(Self::of).unwrap_or_default()
    }
}

/// Whether a loss means that the device has to be opened again.
pub(super) fn is_pulled(selector: &Selector, loss: Loss) -> bool {
    match selector {
        Selector::Emulated { .. } => false,
        // A modem's port that failed is not tried again by its driver, a channel of a card is.
        Selector::Serial { .. } | Selector::Usb { .. } => matches!(loss, Loss::Gone | Loss::Os(_)),
        Selector::Dahdi(_) => loss == Loss::Gone,
    }
}

/// The running thread.
pub(super) struct Watcher {
    ended: Receiver<()>,
}

impl Watcher {
    pub(super) fn start(shared: &Arc<Shared>) -> io::Result<Self> {
        // Listening begins before the first look, so that nothing is missed between the two.
        let monitor = Monitor::open()
            .inspect_err(|error| log::info!("no device events ({error}); devices are looked for every {BLIND:?}"))
            .ok();
        let (end, ended) = crossbeam_channel::bounded(0);
        let shared = Arc::clone(shared);
        std::thread::Builder::new().name("loopstart-plug".into()).spawn(move || run(&shared, monitor, end))?;
        Ok(Self { ended })
    }

    /// Ends it. A device whose driver is stuck in the kernel is not waited for: the thread ends when that lets go of it.
    pub(super) fn stop(self, shared: &Shared) {
        let Some(bell) = &shared.lines.bell else { return };
        bell.stopped.store(true, Ordering::Release);
        bell.ring();
        if self.ended.recv_timeout(LEAVE) == Err(RecvTimeoutError::Timeout) {
            log::warn!("a device is being opened and does not come to an end");
        }
    }
}

fn run(shared: &Shared, mut monitor: Option<Monitor>, _ended: Sender<()>) {
    let Some(bell) = &shared.lines.bell else { return };
    let config = &shared.lines.config;
    let mut watch = Watch::new(config.auto, config.unplugged);
    while !bell.is_stopped() {
        while shared.look(&mut watch) && !bell.is_stopped() {}
        let most = if monitor.is_none() || shared.lines.waits_for_path() { BLIND } else { SELDOM };
        // Until there is a reason to look.
        while !wait(bell, &mut monitor, &mut watch, most) {}
    }
}

/// Sleeps until something happens. False: it was nothing of interest.
fn wait(bell: &Bell, monitor: &mut Option<Monitor>, watch: &mut Watch, most: Duration) -> bool {
    let sleep = watch.deadline().map_or(most, |due| due.since(monotonic()).min(most));
    // Rounded up: a little too late is late enough.
    let timeout = PollTimeout::try_from(sleep + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
    let mut fds = vec![PollFd::new(bell.wake.as_fd(), PollFlags::POLLIN)];
    fds.extend(monitor.as_ref().map(|monitor| PollFd::new(monitor.fd(), PollFlags::POLLIN)));
    let ready = poll(&mut fds, timeout);
    let ready_at = |n: usize| fds.get(n).is_some_and(|fd| fd.any().unwrap_or(false));
    let (rung, told) = (ready_at(0), ready_at(1));
    if rung {
        let _ = bell.wake.read();
    }
    let news = told && read(monitor, watch);
    rung || news || ready == Ok(0)
}

/// Reads what the kernel and udev told. True: look for devices.
fn read(monitor: &mut Option<Monitor>, watch: &mut Watch) -> bool {
    let mut news = false;
    let mut broken = false;
    for _ in 0..MESSAGES {
        let Some(open) = monitor.as_mut() else { break };
        match open.receive() {
            Ok(Received::Event(event)) => {
                if !matches!(event.subsystem(), "tty" | "dahdi" | "dahdi_channels") {
                    continue;
                }
                news = true;
                // udev has seen to the node: whatever failed before may work now.
                if let (Source::Udev, Some(name)) = (event.source, event.devname())
                    && event.action != Action::Remove
                {
                    watch.stir(&Path::new("/dev").join(name));
                }
            }
            Ok(Received::Overrun) => news = true,
            Ok(Received::Ignored) => {}
            Ok(Received::Nothing) => break,
            Err(error) => {
                log::warn!("no device events any more ({error}); devices are looked for every {BLIND:?}");
                broken = true;
                break;
            }
        }
    }
    if broken {
        *monitor = None;
    }
    news || broken
}

impl Shared {
    /// Looks once what is attached and does what is to be done. True: look again.
    fn look(&self, watch: &mut Watch) -> bool {
        let lines = &self.lines;
        let mut attached = registry::coldplug_in(&lines.config.roots);
        let is_there = |identity: &Identity| {
            let same = |f: &Found| identity.node.as_ref() == Some(&f.node) && identity.place == f.place;
            attached.iter().any(same)
        };
        lines.forget_announced(is_there);
        let sights = lines.sights();
        // At once, so that the device can have its number again.
        for sight in &sights {
            if let (Some(id), SeenState::Pulled(_)) = (sight.id, sight.state) {
                self.let_go_of(id);
            }
        }
        let targets: Vec<Option<PathBuf>> = sights.iter().map(target).collect();
        for (sight, target) in sights.iter().zip(&targets) {
            if let Some(target) = target
                && registry::found_at(&attached, target).is_none()
            {
                attached.extend(off_the_bus(sight, target));
            }
        }
        let seen: Vec<Seen<'_, Option<DeviceId>>> = sights
            .iter()
            .zip(&targets)
            .map(|(sight, target)| Seen {
                id: sight.id,
                selector: &sight.selector,
                target: target.as_deref(),
                node: sight.identity.node.as_deref(),
                place: sight.identity.place.as_deref(),
                state: sight.state,
                found: sight.found,
            })
            .collect();
        let steps = watch.look(&attached, &seen, monotonic());
        let mut again = false;
        for step in steps {
            again |= self.take(step, watch);
        }
        again
    }

    /// Takes one step. True: it changed something.
    fn take(&self, step: Step<Option<DeviceId>>, watch: &mut Watch) -> bool {
        let lines = &self.lines;
        let (device, done) = match step {
            Step::Add(found) => {
                let name = lines.config.name_of(&found);
                // A name that a line has which works means another device.
                let taken = lines.sights().iter().any(|s| s.selector == name && s.state == SeenState::Settled);
                let name = if taken { found.stable.clone() } else { name };
                let done = self.add_line_at(&name, Some(&found)).map(|_| log::info!("{name} is a line now"));
                (found, done)
            }
            Step::Reopen(Some(id), found) => {
                let done = self.reopen_line_at(id, &found).map(|()| log::info!("line {} has its device again", id.0));
                (found, done)
            }
            Step::Close(Some(id)) => {
                self.close_pulled(id);
                return true;
            }
            // Only lines with a number wait for a device.
            Step::Remove(Some(id)) => return self.remove_line(id).is_ok(),
            Step::Reopen(None, _) | Step::Close(None) | Step::Remove(None) => return false,
        };
        match done {
            Ok(()) => {
                watch.opened(&device.node, monotonic());
                true
            }
            Err(error) => {
                self.not_opened(&device, &error, watch);
                false
            }
        }
    }

    fn not_opened(&self, device: &Found, error: &OpenError, watch: &mut Watch) {
        if watch.failed(&device.node, error.into(), monotonic()) {
            log::warn!("{error}");
        } else {
            log::debug!("{error}");
        }
    }

    /// The device of a configured line did not come back: the host is to close the line.
    fn close_pulled(&self, id: DeviceId) {
        if self.lines.give_up(id) {
            let mut provider = self.lock();
            let _ = provider.handle(Input::Event(id, LineEvent::Lost(Loss::Gone)), monotonic());
            self.drain(&mut provider);
            let _ = self.up.try_send(Up::Poke);
        }
    }
}

/// A port that is on no bus which tells of it and that a line without a device names: a built-in one, or a pseudo-terminal.
fn off_the_bus(sight: &Sight, target: &Path) -> Option<Found> {
    (sight.state != SeenState::Settled).then(|| Found {
        selector: sight.selector.clone(),
        stable: sight.selector.clone(),
        node: target.to_owned(),
        description: String::new(),
        place: None,
        known: false,
        ready: true,
        usb: None,
    })
}

/// What a path in a selector leads to.
fn target(sight: &Sight) -> Option<PathBuf> {
    match &sight.selector {
        Selector::Serial { path, .. } => path.canonicalize().ok(),
        _ => None,
    }
}
