//! Received digits, from the modem's events and from our own receiver of the same sound: each digit is told once.
//!
//! Neither is the better one always. A modem may cut digits out of its samples before they are heard here, and one that is
//! old takes speech for digits or repeats them; our receiver hears nothing while no samples come. So whoever tells a
//! digit first is believed, and the other's report of the same digit is looked for among those that follow: both hear the digits
//! in the same order, some later than the other. A digit that one of them missed is skipped in that comparison.

use super::EventQueue;
use arrayvec::ArrayVec;
use loopstart_signal::{Digit, DigitEdge, DigitMode, LineEvent, Time};
use std::time::Duration;

/// Who heard a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The modem said so.
    Modem,
    /// Our own receiver.
    Ear,
}

/// The other's report comes within this after the end of a digit: the modem's buffers, and the time that a receiver takes.
const WINDOW: Duration = Duration::from_millis(300);
/// Digits told and not yet confirmed. More do not fit into the window.
const KEPT: usize = 8;

#[derive(Clone, Copy, Debug)]
struct Told {
    symbol: u8,
    by: Source,
    /// Since when it is over.
    ended: Option<Time>,
}

/// What is on, and what was told of late.
#[derive(Clone, Debug, Default)]
pub(super) struct Digits {
    told: ArrayVec<Told, KEPT>,
    /// The digit that each source has on, and whether it was told.
    on: [Option<(u8, bool)>; 2],
}

fn push(symbol: u8, edge: DigitEdge, events: &mut EventQueue) {
    events.push(LineEvent::Digit(Digit { symbol, mode: DigitMode::Dtmf, edge }));
}

impl Digits {
    /// The digit that this source has on.
    pub(super) fn on(&self, by: Source) -> Option<u8> {
        self.on.get(by as usize).copied().flatten().map(|(symbol, _)| symbol)
    }

    /// A digit begins. One that the same source has on ends first.
    pub(super) fn begin(&mut self, symbol: u8, by: Source, now: Time, events: &mut EventQueue) {
        self.end(by, now, events);
        self.told.retain(|t| t.ended.is_none_or(|at| now.since(at) < WINDOW));
        let same = self.told.iter().position(|t| t.by != by && t.symbol == symbol);
        if let Some(at) = same {
            // Those before it this source has missed.
            let mut n = 0;
            self.told.retain(|t| {
                n += 1;
                t.by == by || n > at + 1
            });
            self.set(by, Some((symbol, false)));
            return;
        }
        // Two digits at once there are not.
        for other in [Source::Modem, Source::Ear] {
            if let Some((symbol, true)) = self.get(other) {
                push(symbol, DigitEdge::End, events);
                self.set(other, Some((symbol, false)));
            }
        }
        push(symbol, DigitEdge::Begin, events);
        if self.told.is_full() {
            self.told.remove(0);
        }
        self.told.push(Told { symbol, by, ended: None });
        self.set(by, Some((symbol, true)));
    }

    /// The digit that the source has on ends.
    pub(super) fn end(&mut self, by: Source, now: Time, events: &mut EventQueue) {
        let Some((symbol, told)) = self.get(by) else { return };
        self.set(by, None);
        if let Some(t) = self.told.iter_mut().rev().find(|t| t.by == by && t.symbol == symbol && t.ended.is_none()) {
            t.ended = Some(now);
        }
        if told {
            push(symbol, DigitEdge::End, events);
        }
    }

    /// Ends what is on and forgets the rest.
    pub(super) fn stop(&mut self, events: &mut EventQueue) {
        for (symbol, told) in self.on.into_iter().flatten() {
            if told {
                push(symbol, DigitEdge::End, events);
            }
        }
        *self = Self::default();
    }

    fn get(&self, by: Source) -> Option<(u8, bool)> {
        self.on.get(by as usize).copied().flatten()
    }

    fn set(&mut self, by: Source, to: Option<(u8, bool)>) {
        if let Some(on) = self.on.get_mut(by as usize) {
            *on = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Plays begins and ends, in ms; answers the digits told.
    fn play(steps: &[(u64, Source, Option<u8>)]) -> String {
        let mut steps = steps.to_vec();
        steps.sort_by_key(|s| s.0);
        let (mut digits, mut events) = (Digits::default(), EventQueue::with_capacity(4_096));
        for (ms, by, digit) in steps {
            match digit {
                Some(d) => digits.begin(d, by, Time::from_millis(ms), &mut events),
                None => digits.end(by, Time::from_millis(ms), &mut events),
            }
        }
        digits.stop(&mut events);
        let (mut told, mut on) = (String::new(), None);
        while let Some(event) = events.pop() {
            let LineEvent::Digit(digit) = event else { panic!("{event:?}") };
            match digit.edge {
                DigitEdge::Begin => {
                    assert_eq!(on.replace(digit.symbol), None, "one at a time");
                    told.push(char::from(digit.symbol));
                }
                DigitEdge::End => assert_eq!(on.take(), Some(digit.symbol)),
            }
        }
        assert_eq!(on, None);
        told
    }

    fn keys(text: &str, by: Source, lag: u64, cycle: u64) -> Vec<(u64, Source, Option<u8>)> {
        let at = |n: usize| lag + n as u64 * cycle;
        text.bytes()
            .enumerate()
            .filter(|(_, d)| *d != b'.')
            .flat_map(|(n, d)| [(at(n), by, Some(d)), (at(n) + cycle / 2, by, None)])
            .collect()
    }

    fn both(modem: &str, ear: &str, lag: u64, cycle: u64) -> String {
        play(&[keys(modem, Source::Modem, 0, cycle), keys(ear, Source::Ear, lag, cycle)].concat())
    }

    #[test]
    fn each_digit_is_told_once_whoever_hears_it() {
        for lag in [0, 20, 70, 130, 240] {
            assert_eq!(both("1234567890*#ABCD", "1234567890*#ABCD", lag, 100), "1234567890*#ABCD", "{lag}");
            assert_eq!(both("1111", "1111", lag, 100), "1111", "{lag}");
            assert_eq!(both("", "55", lag, 100), "55");
            assert_eq!(both("55", "", lag, 100), "55");
        }
        // One or the other misses some.
        assert_eq!(both("12.4", "1234", 30, 200), "1234");
        assert_eq!(both("1234", ".2.4", 30, 200), "1234");
        assert_eq!(both("1.34", "12.4", 30, 200), "1234");
    }

    #[test]
    fn a_modem_that_tells_a_long_digit_at_its_end() {
        let ear = [(0, Source::Ear, Some(b'7')), (900, Source::Ear, None)];
        let modem = [(1_000, Source::Modem, Some(b'7')), (1_000, Source::Modem, None)];
        assert_eq!(play(&[ear, modem].concat()), "7");
        let again = [(1_600, Source::Ear, Some(b'7')), (1_700, Source::Ear, None)];
        assert_eq!(play(&[&ear[..], &modem, &again].concat()), "77", "pressed again");
    }

    proptest! {
        #[test]
        fn nothing_is_told_twice_and_nothing_lost(
            text in "[0-9*#A-D]{0,20}", lag in 0u64..250, cycle in 80u64..400, missed in any::<u32>(),
        ) {
            // Each digit is heard by one of them at least; where one misses some, digits differ from their neighbours.
            let different = text.as_bytes().windows(2).all(|w| w[0] != w[1]);
            let cycle = cycle.max(if missed == 0 { 80 } else { lag + 60 });
            let ear: String = text
                .chars()
                .enumerate()
                .map(|(n, c)| if different && missed & (1 << n) != 0 { '.' } else { c })
                .collect();
            prop_assert_eq!(both(&text, &ear, lag, cycle), text);
        }
    }
}
