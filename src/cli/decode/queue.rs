//! Puts what was decided in order of time.
//!
//! The receivers run beside each other, and what one decides late may be older than what another has told. And how long
//! a digit lasted is known only at its end, while its time is that of its beginning. So what is found waits a
//! moment, and as long as a digit before it goes on.

use super::found::Found;
use crate::signal::{DigitEdge, SAMPLE_RATE, dtmf};

/// How long everything waits for what is older, in samples: half a second.
const WAIT: u64 = SAMPLE_RATE as u64 / 2;
/// A digit that goes on for so many samples is told unfinished: ten seconds.
const LONGEST_DIGIT: u64 = 10 * SAMPLE_RATE as u64;

#[derive(Debug)]
struct Waiting {
    at: u64,
    /// Whether it is a digit that goes on.
    open: Option<u8>,
    found: Found,
}

/// What waits to be told.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    /// The digit that was told unfinished, and whose end is still to come.
    told_open: Option<u8>,
}

impl Queue {
    /// Takes what was decided at sample `at`.
    pub(super) fn put(&mut self, at: u64, found: Found) {
        self.waiting.push(Waiting { at, open: None, found });
    }

    /// Takes an edge of a digit.
    pub(super) fn digit(&mut self, event: &dtmf::Event) {
        let open = self.waiting.iter_mut().find(|w| w.open.is_some());
        match (event.edge, open) {
            (DigitEdge::Begin, open) => {
                if let Some(before) = open {
                    before.close(event.at);
                }
                self.told_open = None;
                self.waiting.push(Waiting { at: event.at, open: Some(event.symbol), found: Found::digit(event) });
            }
            (DigitEdge::End, Some(open)) if open.open == Some(event.symbol) => {
                open.open = None;
                open.found.finish_digit(event);
            }
            (DigitEdge::End, _) => {
                if self.told_open.take() != Some(event.symbol) {
                    let mut found = Found::digit(event);
                    found.finish_digit(event);
                    self.waiting.push(Waiting { at: event.at, open: None, found });
                }
            }
        }
    }

    /// Tells what has waited long enough, with its time; `now` is the number of samples heard.
    pub(super) fn tell(&mut self, now: u64, tell: &mut impl FnMut(u64, Found)) {
        for waiting in &mut self.waiting {
            if waiting.open.is_some() && now - waiting.at.min(now) >= LONGEST_DIGIT {
                self.told_open = waiting.open;
                waiting.close(now);
            }
        }
        self.tell_until(now.saturating_sub(WAIT), tell);
    }

    /// Tells the rest; `end` is the number of samples that there were.
    pub(super) fn finish(&mut self, end: u64, tell: &mut impl FnMut(u64, Found)) {
        self.waiting.iter_mut().filter(|w| w.open.is_some()).for_each(|w| w.close(end));
        self.tell_until(u64::MAX, tell);
    }

    fn tell_until(&mut self, limit: u64, tell: &mut impl FnMut(u64, Found)) {
        // A stable sort: what was decided at the same time stays in the order of the receivers.
        self.waiting.sort_by_key(|w| w.at);
        let ready = self.waiting.iter().position(|w| w.at > limit || w.open.is_some()).unwrap_or(self.waiting.len());
        self.waiting.drain(..ready).for_each(|w| tell(w.at, w.found));
    }
}

impl Waiting {
    /// Ends a digit whose end did not come before `now`.
    fn close(&mut self, now: u64) {
        self.open = None;
        let start = self.found.start.unwrap_or(self.found.t);
        let ms = (now as f64 / f64::from(SAMPLE_RATE) - start).max(0.0) * 1_000.0;
        self.found.duration_ms = Some(ms.round() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(symbol: u8, edge: DigitEdge, at: u64, duration_ms: u32) -> dtmf::Event {
        dtmf::Event { symbol, edge, at, onset: at.saturating_sub(240), duration_ms, level_dbm0: -10.0, twist_db: 2.0 }
    }

    fn other(at: u64, queue: &mut Queue) {
        queue.put(at, Found { ev: "cas", ..Found::default() });
    }

    fn told(queue: &mut Queue, now: u64) -> Vec<(u64, &'static str, Option<u32>)> {
        let mut told = Vec::new();
        queue.tell(now, &mut |at, found| told.push((at, found.ev, found.duration_ms)));
        told
    }

    #[test]
    fn a_digit_waits_for_its_end_and_holds_the_rest_back() {
        let mut queue = Queue::default();
        queue.digit(&edge(b'5', DigitEdge::Begin, 1_000, 0));
        other(9_000, &mut queue);
        assert_eq!(told(&mut queue, 30_000), []);
        queue.digit(&edge(b'5', DigitEdge::End, 30_000, 3_600));
        assert_eq!(told(&mut queue, 30_000), [(1_000, "dtmf", Some(3_600)), (9_000, "cas", None)]);
    }

    #[test]
    fn what_comes_late_is_put_in_its_place() {
        let mut queue = Queue::default();
        other(5_000, &mut queue);
        other(3_000, &mut queue);
        assert_eq!(told(&mut queue, 5_100), []);
        other(4_000, &mut queue);
        let times: Vec<u64> = told(&mut queue, 9_000).into_iter().map(|t| t.0).collect();
        assert_eq!(times, [3_000, 4_000, 5_000]);
    }

    #[test]
    fn an_endless_digit_is_told_after_ten_seconds_once() {
        let mut queue = Queue::default();
        queue.digit(&edge(b'1', DigitEdge::Begin, 0, 0));
        assert_eq!(told(&mut queue, 79_999), []);
        assert_eq!(told(&mut queue, 80_000), [(0, "dtmf", Some(10_000))]);
        queue.digit(&edge(b'1', DigitEdge::End, 160_000, 20_000));
        assert_eq!(told(&mut queue, 200_000), []);
        queue.digit(&edge(b'1', DigitEdge::Begin, 200_000, 0));
        queue.digit(&edge(b'1', DigitEdge::End, 200_800, 70));
        assert_eq!(told(&mut queue, 210_000), [(200_000, "dtmf", Some(70))]);
    }

    #[test]
    fn the_end_of_the_file_ends_a_digit() {
        let mut queue = Queue::default();
        queue.digit(&edge(b'7', DigitEdge::Begin, 8_000, 0));
        let mut told = Vec::new();
        queue.finish(16_000, &mut |at, found| told.push((at, found.duration_ms)));
        assert_eq!(told, [(8_000, Some(1_030))]);
    }
}
