//! Real-time priority for the event thread.

use std::io;

/// The system refused real-time scheduling.
#[derive(Debug, thiserror::Error)]
#[error(
    "real-time priority {priority} refused: {source}; allow it with 'ulimit -r {priority}' or LimitRTPRIO={priority}"
)]
pub struct RtError {
    /// The priority that was asked for.
    pub priority: u8,
    /// What the system said.
    pub source: io::Error,
}

/// Puts the calling thread under `SCHED_FIFO` with `priority` (1 to 99, cut to that range). Its children start with
/// ordinary scheduling (`SCHED_RESET_ON_FORK`).
///
/// # Errors
/// When the system refuses: without `CAP_SYS_NICE` or a sufficient `RLIMIT_RTPRIO`. Nothing is changed then; a program
/// goes on without it.
pub fn set_realtime(priority: u8) -> Result<(), RtError> {
    let priority = priority.clamp(1, 99);
    schedule(libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, i32::from(priority))
        .map_err(|source| RtError { priority, source })
}

#[allow(unsafe_code)]
fn schedule(policy: i32, priority: i32) -> io::Result<()> {
    // SAFETY: `sched_param` is a plain C structure of integers, for which all zeroes is a valid value.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    parameters.sched_priority = priority;
    // SAFETY: pid 0 names the calling thread, and the pointer is to a live structure that the call only reads.
    let answer = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_granted_or_refused_with_a_hint() {
        // In a thread of its own: where it is granted, the test runner keeps its ordinary scheduling.
        let answer = std::thread::spawn(|| {
            let answer = set_realtime(5);
            let _ = schedule(libc::SCHED_OTHER, 0);
            answer
        });
        if let Err(refused) = answer.join().unwrap() {
            assert_eq!(refused.priority, 5);
            assert!(refused.to_string().contains("ulimit -r 5"), "{refused}");
        }
    }
}
