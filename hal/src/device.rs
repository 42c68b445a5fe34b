//! The seam between the event thread and a line.

use crate::drivers::audio::Streams;
use crate::drivers::gauge::Gauge;
use crate::drivers::watch::ToneWatcher;
use loopstart_signal::{Clock, LineAction, LineEvent, Time};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// What a device wants to be told about its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Interest {
    /// Tell when it can be read.
    pub read: bool,
    /// Tell when it can be written.
    pub write: bool,
    /// Tell of priority data (`POLLPRI`): line-card events.
    pub priority: bool,
}

/// What the poller saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Readiness {
    /// There is something to read.
    pub read: bool,
    /// There is room to write.
    pub write: bool,
    /// Priority data waits.
    pub priority: bool,
    /// The other side hung up or the device failed. Read what is left first, then believe it.
    pub hangup: bool,
}

/// One line's dialog with its device. Lives in the event thread: no call may block, allocate, log or lock.
///
/// After any call the events that came of it are in the [`EventQueue`]. Deadlines are on the device's own
/// [`clock`](Self::clock).
pub trait LineDevice: Send {
    /// The clock this device lives on.
    fn clock(&self) -> Clock;

    /// The descriptor to poll, as long as it is open.
    fn fd(&self) -> Option<BorrowedFd<'_>>;

    /// What to poll for at present. A device without any interest (one that is gone) is not polled at all: a poller
    /// would report its hang-up again and again.
    fn interest(&self) -> Interest;

    /// Begins the dialog: identify, initialise, arm. `Ready` or `Lost` follows.
    fn start(&mut self, now: Time, events: &mut EventQueue);

    /// Takes an action. `Done` follows, at once or later, exactly once.
    fn act(&mut self, action: &LineAction, now: Time, events: &mut EventQueue);

    /// Handles readiness of the descriptor. Stops reading when [`EventQueue::room`] runs short; the caller calls
    /// again once there is room.
    fn ready(&mut self, readiness: Readiness, now: Time, events: &mut EventQueue);

    /// The next moment at which [`expire`](Self::expire) wants to be called.
    fn deadline(&self) -> Option<Time>;

    /// Handles a passed deadline.
    fn expire(&mut self, now: Time, events: &mut EventQueue);

    /// The streams of the line's audio, of a device that has them. After a change its deadline may be another one.
    fn audio(&mut self) -> Option<&mut Streams> {
        None
    }

    /// What can be read of the line from other threads, of a device that keeps it.
    fn gauge(&self) -> Option<Arc<Gauge>> {
        None
    }

    /// Gives the device what an action [`WatchTones`](loopstart_signal::ActionKind::WatchTones) that follows needs, for a
    /// device makes nothing. Answers what it needs no longer, for the caller to drop where that may take its time.
    fn equip(&mut self, watcher: Box<ToneWatcher>) -> Option<Box<ToneWatcher>> {
        Some(watcher)
    }

    /// Whether everything that an emulated line sent up to the published tick has been consumed. Real devices have
    /// no such notion and answer true. The line clock does not advance before this is true.
    fn drained(&self) -> bool {
        true
    }
}

/// Events on their way up from one device, bounded. Allocated once, when the device is opened.
#[derive(Debug)]
pub struct EventQueue {
    events: VecDeque<LineEvent>,
    capacity: usize,
}

/// Places beyond the capacity that only [`LineDevice::act`] uses: an action cannot be put off as reading can.
const RESERVE: usize = 64;

impl EventQueue {
    /// A queue for `capacity` events, and a reserve for those of actions.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { events: VecDeque::with_capacity(capacity + RESERVE), capacity }
    }

    /// How many more events fit. A device stops reading before this runs out: edges and results are never dropped.
    pub fn room(&self) -> usize {
        self.capacity.saturating_sub(self.events.len())
    }

    /// Adds an event.
    ///
    /// A device that looks at [`room`](Self::room) first never finds the queue full; the debug assertion says so.
    pub fn push(&mut self, event: LineEvent) {
        let full = self.events.len() >= self.capacity + RESERVE;
        debug_assert!(!full, "device produced more events than it made room for");
        if !full {
            self.events.push_back(event);
        }
    }

    /// The oldest event.
    pub fn pop(&mut self) -> Option<LineEvent> {
        self.events.pop_front()
    }

    /// The oldest event, left in the queue.
    pub fn front(&self) -> Option<&LineEvent> {
        self.events.front()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}
