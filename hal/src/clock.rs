//! The line clock that emulated lines share with the driver.
//!
//! What does it do? The exchange, its firmware and the driver of emulated lines must see one time that may run
//! faster than the wall clock without changing any result. So the clock advances in ticks, and a tick is over
//! only when everyone has consumed what was sent in it.
//!
//! How does it work? The exchange thread is the only one that advances. For each tick it waits for wall time (the tick
//! divided by the speed) and until the tick before is acknowledged, lets the exchange run one tick, publishes the new
//! time, writes what came of the tick to the descriptors, and then wakes the event thread through an event descriptor.
//! (Time first, so that whatever the event thread reads belongs to the new time.) The event thread handles descriptors and deadlines up to that time and passes a marker through its queue to the pump;
//! the pump sends the marker back behind the actions it decided on; and when no new event came of those, the event
//! thread acknowledges the tick. A machine that is late makes the tick late; that lateness is counted here and changes
//! nothing else.
//!
//! Acknowledging takes no lock: an atomic store and an unpark.

use loopstart_signal::Time;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Names one tick, to acknowledge it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// The shared line clock. See the module's text.
#[derive(Debug)]
pub struct LineClock {
    tick: Duration,
    published: AtomicU64,
    acknowledged: AtomicU64,
    attached: AtomicBool,
    late_micros: AtomicU64,
    exchange: OnceLock<Thread>,
    wake: EventFd,
}

impl LineClock {
    /// A clock at zero that advances by `tick` of line time.
    ///
    /// # Errors
    /// When the event descriptor cannot be made (too many open files).
    pub fn new(tick: Duration) -> std::io::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Self {
            tick,
            published: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            attached: AtomicBool::new(false),
            late_micros: AtomicU64::new(0),
            exchange: OnceLock::new(),
            wake,
        })
    }

    /// Line time per tick.
    pub fn tick(&self) -> Duration {
        self.tick
    }

    /// The present line time.
    pub fn now(&self) -> Time {
        let tick = u64::try_from(self.tick.as_micros()).unwrap_or(u64::MAX);
        Time::from_micros(self.published.load(Ordering::Acquire).saturating_mul(tick))
    }

    /// The newest published tick.
    pub fn ticket(&self) -> Ticket {
        Ticket(self.published.load(Ordering::Acquire))
    }

    /// The descriptor that becomes readable at each tick.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Makes the descriptor quiet again. Event thread only.
    pub fn quiet(&self) {
        let _ = self.wake.read();
    }

    /// A consumer (the runtime) is there (or leaves): ticks wait for its acknowledgement from now on (or no more).
    pub fn attach(&self, attached: bool) {
        self.acknowledged.store(self.published.load(Ordering::Acquire), Ordering::Release);
        self.attached.store(attached, Ordering::Release);
        self.unpark();
    }

    /// Everything up to `ticket` was handled. Event thread only; takes no lock.
    pub fn acknowledge(&self, ticket: Ticket) {
        self.acknowledged.fetch_max(ticket.0, Ordering::AcqRel);
        self.unpark();
    }

    fn unpark(&self) {
        if let Some(thread) = self.exchange.get() {
            thread.unpark();
        }
    }

    /// Waits until the newest tick is acknowledged, at most `limit` of wall time (so that the caller can look whether
    /// to stop). True when it was, or when nobody is attached. Exchange thread only.
    pub fn settled(&self, limit: Duration) -> bool {
        self.exchange.get_or_init(std::thread::current);
        let until = Instant::now() + limit;
        loop {
            if !self.attached.load(Ordering::Acquire)
                || self.acknowledged.load(Ordering::Acquire) >= self.published.load(Ordering::Acquire)
            {
                return true;
            }
            let now = Instant::now();
            if now >= until {
                return false;
            }
            std::thread::park_timeout(until - now);
        }
    }

    /// Publishes the next tick, before what came of it is written to the descriptors. Exchange thread only.
    pub fn publish(&self) -> Ticket {
        Ticket(self.published.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// Wakes the event thread: everything of the published tick has been written. Exchange thread only.
    pub fn wake(&self) {
        let _ = self.wake.write(1);
    }

    /// Counts wall time that the machine was late.
    pub fn add_lateness(&self, late: Duration) {
        self.late_micros.fetch_add(u64::try_from(late.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Wall time that the machine was late, in all.
    pub fn lateness(&self) -> Duration {
        Duration::from_micros(self.late_micros.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_tick_is_settled_only_when_it_is_acknowledged() {
        let clock = Arc::new(LineClock::new(Duration::from_millis(20)).unwrap());
        assert!(clock.settled(Duration::ZERO), "nobody is attached");
        clock.attach(true);
        let ticket = clock.publish();
        clock.wake();
        assert_eq!(clock.now(), Time::from_millis(20));
        assert!(!clock.settled(Duration::ZERO));
        let other = Arc::clone(&clock);
        let acknowledge = std::thread::spawn(move || other.acknowledge(ticket));
        assert!(clock.settled(Duration::from_secs(10)));
        acknowledge.join().unwrap();
    }
}
