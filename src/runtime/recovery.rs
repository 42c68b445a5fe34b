//! What is tried with a modem that its driver cannot wake: the port is opened again, then its USB device reset.
//!
//! The driver's own ladder ends with the line out of service; it goes on trying, as long as it has the port. What is left takes
//! calls of the system that may block for seconds (closing and opening a terminal, resetting a device), so a thread of its
//! own does it, with a limit for each. [`Ladder`] decides, and knows nothing but time.

use super::reactor::monotonic;
use super::{Shared, patience};
use crate::config::Recovery;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use loopstart_hal::{OpenError, usb};
use loopstart_provider::DeviceId;
use loopstart_signal::{LineEvent, Loss, Time};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait between two tries: it doubles until then.
const LONGEST: Duration = Duration::from_secs(600);
/// A line that is lost again so soon after it came back did not come back.
const RELAPSE: Duration = Duration::from_secs(120);
/// Resetting a USB device takes a second or two.
const RESET_LIMIT: Duration = Duration::from_secs(15);
/// After a reset the device is there again within this.
const ENUMERATED: Duration = Duration::from_secs(5);

/// How long the thread sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);
/// How long an end of the provider waits for the thread.
const LEAVE: Duration = Duration::from_secs(3);

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Close the port and open it.
    Reopen,
    /// Close the port, reset the device, open the port.
    ResetUsb,
}

/// The upper rungs for one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ladder {
    recovery: Recovery,
    /// What was tried since the line was lost.
    tried: u32,
    /// When the next is due; none while the line is in service.
    due: Option<Time>,
    back: Option<Time>,
}

impl Ladder {
    pub(super) const fn new(recovery: Recovery) -> Self {
        Self { recovery, tried: 0, due: None, back: None }
    }

    /// The line is out of service.
    pub(super) fn lost(&mut self, now: Time) {
        if self.due.is_some() {
            return;
        }
        if self.back.is_none_or(|at| now.since(at) > RELAPSE) {
            self.tried = 0;
        }
        self.due = self.wait().map(|wait| now + wait);
    }

    /// The line is in service.
    pub(super) fn back(&mut self, now: Time) {
        self.due = None;
        self.back = Some(now);
    }

    /// The device is gone: there is nothing to be tried.
    pub(super) fn gone(&mut self) {
        (self.due, self.back, self.tried) = (None, None, 0);
    }

    pub(super) const fn due(&self) -> Option<Time> {
        self.due
    }

    /// What is due, once.
    pub(super) fn step(&mut self, now: Time) -> Option<Step> {
        self.due.filter(|at| *at <= now)?;
        // Every other time, for a reset disturbs whatever else is in the device.
        let step = if self.recovery.reset_usb && self.tried % 2 == 1 { Step::ResetUsb } else { Step::Reopen };
        self.tried = self.tried.saturating_add(1);
        self.due = self.wait().map(|wait| now + wait);
        Some(step)
    }

    fn wait(&self) -> Option<Duration> {
        let first = self.recovery.reopen?;
        // The first two come soon, and then ever more seldom.
        let doublings = self.tried.saturating_sub(1).min(16);
        Some(first.saturating_mul(1 << doublings).min(LONGEST.max(first)))
    }
}

#[derive(Default)]
struct State {
    ladders: Vec<(DeviceId, Ladder)>,
    stopped: bool,
}

/// The lines that are out of service, and the thread that tries to bring them back.
#[derive(Default)]
pub(super) struct Recoverer {
    state: Mutex<State>,
    changed: Condvar,
}

impl Recoverer {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a modem said of its being in service.
    fn follow(&self, id: DeviceId, event: &LineEvent, recovery: Recovery, now: Time) {
        let mut state = self.lock();
        let known = state.ladders.iter_mut().find(|(other, _)| *other == id).map(|(_, ladder)| ladder);
        match (event, known) {
            (LineEvent::Lost(Loss::Gone), Some(ladder)) => ladder.gone(),
            (LineEvent::Lost(Loss::Gone), None) => return,
            (LineEvent::Lost(_), Some(ladder)) => ladder.lost(now),
            (LineEvent::Lost(_), None) => {
                let mut ladder = Ladder::new(recovery);
                ladder.lost(now);
                state.ladders.push((id, ladder));
            }
            (LineEvent::Ready(_), Some(ladder)) => ladder.back(now),
            _ => return,
        }
        drop(state);
        self.changed.notify_all();
    }

    /// The line is there no more.
    pub(super) fn forget(&self, id: DeviceId) {
        self.lock().ladders.retain(|(other, _)| *other != id);
    }

    /// Waits until something is due. `None`: the end.
    fn next(&self) -> Option<(DeviceId, Step)> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            let now = monotonic();
            for (id, ladder) in &mut state.ladders {
                if let Some(step) = ladder.step(now) {
                    return Some((*id, step));
                }
            }
            let due = state.ladders.iter().filter_map(|(_, ladder)| ladder.due()).min();
            let wait = due.map_or(IDLE, |due| due.since(now));
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets some time pass. False: the end.
    fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !state.stopped {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

/// The running thread.
pub(super) struct Thread {
    ended: Receiver<()>,
}

impl Thread {
    /// Ends it. A device that is stuck in the kernel is not waited for: the thread ends when that lets go of it.
    pub(super) fn stop(self, recoverer: &Recoverer) {
        recoverer.lock().stopped = true;
        recoverer.changed.notify_all();
        if self.ended.recv_timeout(LEAVE) == Err(RecvTimeoutError::Timeout) {
            log::warn!("a modem is just being brought back, and that does not come to an end");
        }
    }
}

/// Starts the thread.
pub(super) fn start(shared: &Arc<Shared>) -> std::io::Result<Thread> {
    let (end, ended) = crossbeam_channel::bounded(0);
    let shared = Arc::clone(shared);
    std::thread::Builder::new().name("loopstart-recover".into()).spawn(move || run(&shared, end))?;
    Ok(Thread { ended })
}

fn run(shared: &Shared, _end: Sender<()>) {
    while let Some((id, step)) = shared.recoverer.next() {
        let done = match step {
            Step::Reopen => shared.reopen_lost(id),
            Step::ResetUsb => shared.reset_lost(id),
        };
        if let Err(error) = done {
            log::warn!("{error}");
        }
    }
}

impl Shared {
    /// Notes what a device said of its being in service.
    pub(super) fn watch_over(&self, id: DeviceId, event: &LineEvent) {
        if matches!(event, LineEvent::Lost(_) | LineEvent::Ready(_))
            && let Some(recovery) = self.lines.recovery(id)
        {
            self.recoverer.follow(id, event, recovery, monotonic());
        }
    }

    /// Opens the port of a line that is out of service again.
    fn reopen_lost(&self, id: DeviceId) -> Result<(), OpenError> {
        log::info!("line {} is out of service: its port is opened again", id.0);
        self.reopen_line(id)
    }

    /// Resets the USB device of a line that is out of service, and opens the line's port again. A port of another kind is
    /// opened again only.
    fn reset_lost(&self, id: DeviceId) -> Result<(), OpenError> {
        let Some((selector, node)) = self.close_lost(id) else { return Ok(()) };
        if let Some(node) = node {
            match patience::within("loopstart-reset", RESET_LIMIT, move || usb::reset(Path::new(&node))) {
                Some(Ok(())) => {
                    log::info!("{selector}: its USB device was reset");
                    if !self.recoverer.pause(ENUMERATED) {
                        return Ok(());
                    }
                }
                Some(Err(usb::ResetError::NotUsb { .. })) => {}
                Some(Err(error)) => log::warn!("{error}"),
                None => log::warn!("{selector}: the reset of its USB device does not end; pull it out and put it back"),
            }
        }
        self.reopen_line(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// Steps of a line that stays lost, with when they come, in seconds.
    fn steps(ladder: &mut Ladder, most: usize) -> Vec<(u64, Step)> {
        let mut all = Vec::new();
        while all.len() < most {
            let Some(due) = ladder.due() else { break };
            assert_eq!(ladder.step(due - Duration::from_micros(1)), None, "not before its time");
            all.push((due.millis() / 1_000, ladder.step(due).unwrap()));
        }
        all
    }

    #[test]
    fn the_port_is_opened_again_then_the_device_reset_and_then_ever_more_seldom() {
        let mut ladder = Ladder::new(Recovery::default());
        assert_eq!(ladder.due(), None);
        ladder.lost(Time::ZERO);
        ladder.lost(Time::ZERO + s(10));
        use Step::{Reopen, ResetUsb};
        let expected = [(45, Reopen), (90, ResetUsb), (180, Reopen), (360, ResetUsb), (720, Reopen), (1320, ResetUsb)];
        assert_eq!(steps(&mut ladder, 6), expected);
        ladder.back(Time::ZERO + s(1_400));
        assert_eq!(ladder.due(), None);
        // A relapse goes on where it was, a later loss begins anew.
        ladder.lost(Time::ZERO + s(1_450));
        assert_eq!(steps(&mut ladder, 1), [(2_050, Reopen)]);
        ladder.back(Time::ZERO + s(2_100));
        ladder.lost(Time::ZERO + s(9_000));
        assert_eq!(steps(&mut ladder, 2), [(9_045, Reopen), (9_090, ResetUsb)]);
        ladder.gone();
        assert_eq!(ladder.due(), None);
    }

    #[test]
    fn what_is_not_wanted_is_not_done() {
        let mut ladder = Ladder::new(Recovery { reset_usb: false, ..Recovery::default() });
        ladder.lost(Time::ZERO);
        assert!(steps(&mut ladder, 5).iter().all(|(_, step)| *step == Step::Reopen));
        let mut ladder = Ladder::new(Recovery { reopen: None, reset_usb: true });
        ladder.lost(Time::ZERO);
        assert_eq!(steps(&mut ladder, 5), []);
    }
}
