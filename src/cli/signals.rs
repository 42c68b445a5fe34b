//! Ctrl-C and SIGTERM, so that no call is left half done.
//!
//! The signals are blocked in every thread, and one thread waits for them: no code runs inside a signal handler.

use super::Failure;
use crossbeam_channel::{Receiver, TryRecvError};
use nix::sys::signal::{SigSet, Signal};
use std::time::{Duration, Instant};

/// Signals this soon after the first one mean the same: timeout(1) and service managers send to the process and to its
/// group.
const SAME: Duration = Duration::from_secs(1);

/// Tells whether the command is to end. The first signal asks politely; a later one ends the process at once.
#[derive(Debug)]
pub(super) struct Interrupt {
    /// Nothing is ever sent: it is disconnected once a signal came, and stays so.
    came: Receiver<()>,
}

impl Interrupt {
    /// Takes SIGINT, SIGTERM and SIGHUP over. To be called before any other thread is started: threads inherit what
    /// is blocked.
    pub(super) fn install() -> Result<Self, Failure> {
        let mut signals = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            signals.add(signal);
        }
        signals.thread_block().map_err(|e| Failure::refused(format!("cannot take over Ctrl-C: {e}")))?;
        let (polite, came) = crossbeam_channel::bounded(0);
        let wait = move || {
            let _ = signals.wait();
            drop(polite);
            let first = Instant::now();
            loop {
                let signal = signals.wait();
                if first.elapsed() > SAME {
                    std::process::exit(signal.map_or(1, |s| 128 + s as i32));
                }
            }
        };
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(wait)
            .map_err(|e| Failure::refused(format!("cannot start a thread: {e}")))?;
        Ok(Self { came })
    }

    /// Whether a signal came.
    pub(super) fn came(&self) -> bool {
        matches!(self.came.try_recv(), Err(TryRecvError::Disconnected))
    }

    /// Becomes ready (disconnected) when a signal came.
    pub(super) fn receiver(&self) -> &Receiver<()> {
        &self.came
    }

    /// Waits this long, or until a signal came. True: one came.
    pub(super) fn wait(&self, time: Duration) -> bool {
        matches!(self.came.recv_timeout(time), Err(crossbeam_channel::RecvTimeoutError::Disconnected))
    }
}
