//! Calls of the system that may block for ever, with a limit to the wait.

use loopstart_hal::LineDevice;
use std::time::Duration;

/// Closing a terminal takes a moment, unless its driver waits for a device that takes nothing more: some give up after 30 s.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);

/// Runs `job` in a thread of its own and waits for it no longer than `limit`. None: it goes on, and what it answers is dropped
/// where it ends; or the system has no thread left.
pub(super) fn within<T: Send + 'static>(
    name: &str,
    limit: Duration,
    job: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, answer) = crossbeam_channel::bounded(1);
    let work = move || {
        // Nobody waits any more where this fails.
        let _ = done.send(job());
    };
    std::thread::Builder::new().name(name.into()).spawn(work).ok()?;
    answer.recv_timeout(limit).ok()
}

/// Closes devices. What blocks is left to a thread that waits for it.
pub(super) fn close(devices: impl IntoIterator<Item = Option<Box<dyn LineDevice>>>) {
    let devices: Vec<_> = devices.into_iter().flatten().collect();
    if devices.is_empty() {
        return;
    }
    if within("loopstart-close", CLOSE_LIMIT, move || drop(devices)).is_none() {
        log::warn!("a device is slow to close; until it is closed, its port is in use by this program");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loopstart_hal::{EventQueue, Interest, Readiness};
    use loopstart_signal::{Clock, LineAction, Time};
    use std::os::fd::BorrowedFd;
    use std::time::Instant;

    /// Blocks when it is closed, until the other end of the channel is dropped.
    struct Stuck(crossbeam_channel::Receiver<()>);

    impl Drop for Stuck {
        fn drop(&mut self) {
            let _ = self.0.recv();
        }
    }

    impl LineDevice for Stuck {
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

    #[test]
    fn a_terminal_that_blocks_on_close_holds_nobody() {
        let (release, stuck) = crossbeam_channel::bounded(0);
        let start = Instant::now();
        close([None, Some(Box::new(Stuck(stuck)) as Box<dyn LineDevice>)]);
        let took = start.elapsed();
        assert!(took >= CLOSE_LIMIT && took < CLOSE_LIMIT * 4, "{took:?}");
        drop(release);
        assert_eq!(within("test", Duration::from_secs(60), || 7), Some(7));
    }
}
