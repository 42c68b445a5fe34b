//! What happened on the exchange: a bounded record that several readers follow at their own pace.

use super::numbers::DialString;
use loopstart_signal::{DigitMode, Name, Number, PartyId, Time};
use std::collections::VecDeque;

/// How many events are kept.
pub const KEPT_EVENTS: usize = 4096;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, on the line clock.
    pub at: Time,
    /// On which line.
    pub line: usize,
    /// What.
    pub kind: EventKind,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// The line is being rung.
    Ringing,
    /// Ringing ended without an answer.
    RingingStopped,
    /// The terminal closed the loop.
    OffHook,
    /// The terminal opened the loop for good.
    OnHook,
    /// The terminal flashed its hook.
    Flash,
    /// The party that the line talked with is held.
    Held,
    /// The line is back with the party that it held.
    Retrieved,
    /// Active and held party have changed places.
    Swapped,
    /// Everyone on the line is in one conference.
    Joined,
    /// The other parties were connected, and the line is out of the call.
    Transferred,
    /// A call waits for the line, which is in another.
    Waiting,
    /// The line parked its call at this slot.
    Parked(DialString),
    /// The line took a parked call.
    Unparked,
    /// The line took a call that rang elsewhere.
    PickedUp,
    /// A call for the line went elsewhere, to this number.
    Forwarded(DialString),
    /// The line used a service: its key in switch plans.
    Feature(&'static str),
    /// The line rings because the exchange has something for it: a held, parked or transferred call, a party that is free.
    Recall,
    /// The exchange received a digit.
    Digit(u8, DigitMode),
    /// The number is complete.
    Dialed(DialString),
    /// The line hears a tone of the exchange now.
    Tone(&'static str),
    /// The call of this line was answered (by the line or by its far end).
    Answered,
    /// The far end of this line's call released.
    Released,
    /// Caller identification was sent to the line.
    CallerId(PartyId<Number>, PartyId<Name>),
    /// An audio file was played to its end.
    PlayDone,
    /// A recording ended, after this many samples.
    RecordDone(u64),
    /// Polarity is reversed (true) or normal.
    Polarity(bool),
    /// Battery is on (true) or off.
    Battery(bool),
    /// The terminal was unplugged.
    Unplugged,
    /// The terminal was plugged in.
    Plugged,
}

/// The record of events. Readers keep the sequence number of the next event that they want.
#[derive(Debug)]
pub struct EventLog {
    events: VecDeque<Event>,
    /// Sequence number of the event after the newest.
    next: u64,
}

impl EventLog {
    pub(crate) fn new() -> Self {
        Self { events: VecDeque::with_capacity(KEPT_EVENTS), next: 0 }
    }

    pub(crate) fn push(&mut self, event: Event) {
        if self.events.len() == KEPT_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
        self.next += 1;
    }

    /// The sequence number of the next event to happen.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The events from sequence number `from` on, and how many of those are no longer kept.
    pub fn since(&self, from: u64) -> (u64, impl Iterator<Item = &Event>) {
        let first = self.next - self.events.len() as u64;
        let lost = first.saturating_sub(from);
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        (lost, self.events.iter().skip(skip))
    }

    /// Every event that is kept.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_reader_learns_how_much_it_lost() {
        let mut log = EventLog::new();
        for n in 0..KEPT_EVENTS + 10 {
            log.push(Event { at: Time::from_millis(n as u64), line: 0, kind: EventKind::OffHook });
        }
        let (lost, events) = log.since(4);
        assert_eq!(lost, 6);
        assert_eq!(events.count(), KEPT_EVENTS);
        let (lost, mut events) = log.since(log.next() - 1);
        assert_eq!((lost, events.next().map(|e| e.at)), (0, Some(Time::from_millis(KEPT_EVENTS as u64 + 9))));
    }
}
