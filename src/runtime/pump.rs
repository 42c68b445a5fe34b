//! The pump: what the event thread saw, and deadlines, into the provider.

use super::Shared;
use super::reactor::{Down, Up, monotonic};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use loopstart_provider::{Input, Provider};
use loopstart_signal::{Clock, Time};
use std::time::Duration;

/// How long the pump sleeps when there is no deadline.
const IDLE: Duration = Duration::from_secs(3600);

/// Runs until the event thread has ended.
pub(super) fn run(shared: &Shared, up: &Receiver<Up>) {
    loop {
        let due = shared.lock().deadline(Clock::Monotonic);
        let wait = due.map_or(IDLE, |due| due.since(monotonic()));
        match up.recv_timeout(wait) {
            Ok(Up::Stopped) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(up) => {
                // A host that blocks in a callback holds events back here, and in the end the lines' descriptors.
                shared.notify.wait_for_room();
                take(shared, up);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        shared.doorbell.room();
        let mut provider = shared.lock();
        expire(shared, &mut provider, Clock::Monotonic, monotonic());
    }
}

fn take(shared: &Shared, up: Up) {
    match up {
        Up::Event(device, event, at) => {
            let mut provider = shared.lock();
            let told = shared.lines.follow(device, event);
            // Events are never refused.
            let _ = provider.handle(Input::Event(device, told), at);
            shared.drain(&mut provider);
            shared.watch_over(device, &event);
        }
        Up::Tick(ticket) => {
            // Before the marker goes back, so that a line is back at a definite time of the line clock.
            shared.look_for_returned();
            {
                let mut provider = shared.lock();
                let now = super::now_of(Clock::Line, shared.line_clock.as_deref());
                expire(shared, &mut provider, Clock::Line, now);
                // Under the lock, so that the marker is behind every action decided on so far.
                let _ = shared.down.send(Down::Tick(ticket));
            }
            shared.doorbell.ring();
        }
        Up::Poke | Up::Stopped => {}
    }
}

fn expire(shared: &Shared, provider: &mut Provider, clock: Clock, now: Time) {
    while provider.deadline(clock).is_some_and(|due| due <= now) {
        let due = provider.deadline(clock);
        let _ = provider.handle(Input::Deadline(clock), now);
        shared.drain(provider);
        // A deadline that was handled is gone; anything else would never end.
        if provider.deadline(clock) == due {
            return;
        }
    }
}
